//! The boxes of every role hold what they say, counted slowly: of cases, and of tasks.

use crate::town::*;
use access::Principal;
use axum::http::StatusCode;
use base::{Id, PageRequest};
use casework::clocks::Light;
use casework::model::{CaseStage, TaskState};
use casework::service::{CaseBox, CaseMark, CaseQuery, TaskBox, TaskQuery};
use casework::view::{CaseView, TaskListView, TimelineView};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

pub fn clerk(organisation_id: Id) -> Arc<Principal> {
    person(organisation_id, "department_clerk", None)
}

fn everybody() -> Vec<Arc<Principal>> {
    let mut all: Vec<_> = [
        "intake_clerk",
        "shift_leader",
        "inspector",
        "dispatcher",
        "leader",
    ]
    .map(centre)
    .into();
    all.extend([ROADS, WATER, STATION].map(clerk));
    all.push(person(ROADS, "handler", None));
    all.push(person(WATER, "shift_leader", Some(street(2))));
    all
}

impl Town {
    #[track_caller]
    fn did(&self, who: &Arc<Principal>, path: &str, body: &Value) -> Value {
        let answer = self.post(who, path, body);
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        answer.body
    }
}

/// Cases at every stage, in both streets, one marked, one supervised, one whose lead stands still, some late; two of the hotline's
/// own process, one of which came back.
pub fn busy(town: &Town) {
    let leader = centre("shift_leader");
    for n in 0..14 {
        let mut request = report_request();
        request.place.lon = Some(if n % 3 == 0 { 121.3 } else { 121.1 });
        let by = call(&centre("intake_clerk"));
        let created = wait(town.casework.report_create(&by, request)).unwrap();
        let id = created.case.unwrap().id;
        if n > 1 {
            town.file(id);
        }
        if n > 3 {
            let state = town.dispatch(id);
            let lead = state.tasks[0].id;
            if n == 5 {
                let reason = json!({"reason": "不归我们管"});
                town.did(
                    &clerk(ROADS),
                    &format!("/api/v1/tasks/{lead}/return"),
                    &reason,
                );
            }
            if n > 5 {
                town.accept(ROADS, lead);
            }
            if n == 6 {
                let to = json!({"organisation_id": STATION});
                town.did(
                    &clerk(ROADS),
                    &format!("/api/v1/tasks/{lead}/delegate"),
                    &to,
                );
            }
            if n == 7 {
                let until = town.casework.store().clock().now().plus_seconds(86_400);
                let ask = json!({"until": until, "reason": "等材料"});
                town.did(
                    &clerk(ROADS),
                    &format!("/api/v1/tasks/{lead}/suspension"),
                    &ask,
                );
                let grant = json!({"approved": true});
                town.did(
                    &leader,
                    &format!("/api/v1/tasks/{lead}/suspension/decide"),
                    &grant,
                );
            }
            if n > 8 {
                let co = state.tasks[1].id;
                town.accept(WATER, co);
                town.finish(WATER, co);
                town.finish(ROADS, lead);
            }
            if n > 10 {
                town.inspect(id, vec![]);
            }
            if n > 11 {
                town.close(id);
            }
        }
        if n == 8 {
            let lead = wait(town.casework.case_view(&leader, id)).unwrap().tasks[0].id;
            let why = json!({"reason": "等候配件"});
            let path = format!("/api/v1/tasks/{lead}/extension");
            town.did(&clerk(ROADS), &path, &why);
            let demand = json!({"demand": "今天办结"});
            town.did(&leader, &format!("/api/v1/cases/{id}/supervise"), &demand);
        }
        if n == 2 {
            let mark = json!({"important": true});
            town.did(&leader, &format!("/api/v1/cases/{id}/mark"), &mark);
        }
        if n == 3 {
            let why = json!({"reason": "重复"});
            town.did(&leader, &format!("/api/v1/cases/{id}/cancel"), &why);
        }
        town.clock.advance_seconds(600);
    }
    for n in 0..2 {
        let mut request = report_request();
        request.open_case.as_mut().unwrap().process = Some("hotline".to_owned());
        let by = call(&centre("intake_clerk"));
        let id = wait(town.casework.report_create(&by, request))
            .unwrap()
            .case
            .unwrap()
            .id;
        if n == 1 {
            let to = json!({"lead_organisation_id": ROADS, "co_organisation_ids": []});
            let path = format!("/api/v1/cases/{id}/dispatch");
            let state = town.did(&centre("intake_clerk"), &path, &to);
            let task = state["tasks"][0]["id"].as_str().unwrap().to_owned();
            let reason = json!({"reason": "不归我们管"});
            town.did(
                &clerk(ROADS),
                &format!("/api/v1/tasks/{task}/return"),
                &reason,
            );
        }
    }
    while town.fire() > 0 {}
}

/// Every case the caller sees, whole.
fn seen(town: &Town, who: &Arc<Principal>) -> Vec<CaseView> {
    let query = CaseQuery {
        page: PageRequest {
            limit: Some(200),
            after: None,
        },
        ..CaseQuery::default()
    };
    let page = wait(town.casework.case_list(who, query)).unwrap();
    let view = |id| wait(town.casework.case_view(who, id)).unwrap();
    page.items.into_iter().map(|item| view(item.id)).collect()
}

/// The roles that the documents of the processes give a desk's step to.
fn roles(view: &CaseView) -> Vec<&'static str> {
    let is_hotline = view.process.starts_with("hotline");
    match view.head.stage {
        CaseStage::Accepted if is_hotline => vec!["intake_clerk", "dispatcher", "shift_leader"],
        CaseStage::Accepted | CaseStage::Closing => vec!["shift_leader"],
        CaseStage::Filed => vec!["dispatcher"],
        CaseStage::Handling if view.head.awaits_dispatch && is_hotline => {
            vec!["intake_clerk", "dispatcher", "shift_leader"]
        }
        CaseStage::Handling if view.head.awaits_dispatch => vec!["dispatcher"],
        CaseStage::Inspecting if is_hotline => vec!["shift_leader", "intake_clerk"],
        CaseStage::Inspecting => vec!["inspector", "shift_leader"],
        _ => Vec::new(),
    }
}

/// The commands that decide what was applied for, and the roles that the document of city management gives them to; an appeal in its
/// first turn.
pub const DECIDERS: [(&str, &[&str]); 5] = [
    ("extension_decide", &["dispatcher", "shift_leader"]),
    ("suspension_decide", &["shift_leader"]),
    ("exclusion_decide", &["shift_leader", "leader"]),
    ("case_rule", &["shift_leader", "leader"]),
    ("appeal_review", &["dispatcher"]),
];

/// The box as it is called in counts.
fn word(of_box: CaseBox) -> String {
    match of_box {
        CaseBox::ToDecide => "to_decide".to_owned(),
        CaseBox::Escalated => "escalated".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// Whether a case belongs into a box of somebody's.
fn belongs(who: &Principal, of_box: CaseBox, view: &CaseView) -> bool {
    let stage = view.head.stage;
    let role = who.memberships[0].role.as_str();
    let is_mine = roles(view).contains(&role);
    let works = ["department_clerk", "handler"].contains(&role);
    let own = organisation_path(who.memberships[0].organisation_id);
    let holds = |state: TaskState| {
        view.tasks.iter().any(|task| {
            let holder = organisation_path(Id(task.organisation.id.parse().unwrap()));
            task.state == state && own.contains(&holder)
        })
    };
    match of_box {
        CaseBox::Todo if works => stage.is_open() && holds(TaskState::Assigned),
        CaseBox::Doing if works => stage.is_open() && holds(TaskState::Accepted),
        CaseBox::Done if works => !holds(TaskState::Assigned) && !holds(TaskState::Accepted),
        CaseBox::Todo => is_mine,
        CaseBox::Doing => stage.is_open() && !is_mine,
        CaseBox::Done => !stage.is_open(),
        CaseBox::Overdue => stage.is_open() && view.head.light == Some(Light::Red),
        CaseBox::Supervised => {
            let supervision = view.overlays.supervision.as_ref();
            supervision.is_some_and(|supervision| supervision.ended_at.is_none())
        }
        CaseBox::Suspended => view
            .tasks
            .iter()
            .any(|task| task.overlays.suspension.is_some()),
        CaseBox::ToDecide => {
            let mut tasks = view.tasks.iter();
            // Only extensions wait in this town.
            tasks.any(|task| task.overlays.extension_asked.is_some())
                && DECIDERS[0].1.contains(&role)
        }
        CaseBox::Escalated => {
            let mut climbed = view
                .timeline
                .iter()
                .filter(|entry| entry.kind == "clock_escalated");
            climbed.any(|entry| stage.is_open() && still_runs(view, entry))
        }
        CaseBox::Watched => false,
    }
}

/// Whether the clock that climbed a rung has not been stopped since.
fn still_runs(view: &CaseView, entry: &TimelineView) -> bool {
    let fact: serde_json::Value = serde_json::from_str(entry.fact.get()).unwrap();
    let Some(task_id) = fact["task_id"].as_str() else {
        // Of these stages the desk's clock runs; it is set anew with each.
        let is_desk = view.head.awaits_dispatch
            || matches!(
                view.head.stage,
                CaseStage::Accepted | CaseStage::Filed | CaseStage::Closing
            );
        return is_desk
            && view
                .head
                .clock
                .is_some_and(|clock| clock.started_at <= entry.occurred_at);
    };
    let task = view
        .tasks
        .iter()
        .find(|task| task.id.to_string() == task_id);
    let is_in = |states: &[TaskState]| task.is_some_and(|task| states.contains(&task.state));
    match fact["clock"].as_str() {
        Some("response") => is_in(&[TaskState::Assigned]),
        _ => is_in(&[TaskState::Assigned, TaskState::Accepted]),
    }
}

/// What a box holds, two at a time.
fn paged(town: &Town, who: &Arc<Principal>, of_box: CaseBox) -> Vec<Id> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let query = CaseQuery {
            of_box: Some(of_box),
            page: PageRequest {
                limit: Some(2),
                after,
            },
            ..CaseQuery::default()
        };
        let page = wait(town.casework.case_list(who, query)).unwrap();
        all.extend(page.items.iter().map(|item| item.id));
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

#[test]
fn every_box_of_cases_of_every_role_holds_what_a_slow_recount_finds() {
    each_town(|town, _| {
        busy(town);
        let mut filled = BTreeSet::new();
        for who in everybody() {
            let all = seen(town, &who);
            let counts = wait(town.casework.case_counts(&who)).unwrap();
            for of_box in CaseBox::ALL {
                let expected: BTreeSet<Id> = all
                    .iter()
                    .filter(|view| belongs(&who, *of_box, view))
                    .map(|view| view.head.id)
                    .collect();
                let query = CaseQuery {
                    of_box: Some(*of_box),
                    ..CaseQuery::default()
                };
                let found = wait(town.casework.case_list(&who, query)).unwrap();
                let found: BTreeSet<Id> = found.items.iter().map(|item| item.id).collect();
                let name = format!("{of_box:?} of {} {}", who.staff_name, who.staff_id);
                assert_eq!(found, expected, "{name}");
                let by_twos = paged(town, &who, *of_box);
                assert!(by_twos.is_sorted_by(|a, b| a > b), "{name}: {by_twos:?}");
                assert_eq!(BTreeSet::from_iter(by_twos), expected, "{name}");
                let counted = serde_json::to_value(counts).unwrap();
                let word = word(*of_box);
                assert_eq!(counted[&word], expected.len(), "{name}");
                if !expected.is_empty() {
                    filled.insert(word);
                }
            }
        }
        assert_eq!(
            filled.len(),
            CaseBox::ALL.len() - 1,
            "all but what is watched: {filled:?}"
        );
        town.verify();
    });
}

#[test]
fn cases_are_found_by_their_marks() {
    each_town(|town, _| {
        busy(town);
        let leader = centre("leader");
        let by = |mark| {
            let query = CaseQuery {
                mark: Some(mark),
                ..CaseQuery::default()
            };
            wait(town.casework.case_list(&leader, query))
                .unwrap()
                .items
                .len()
        };
        let marks = [
            CaseMark::Important,
            CaseMark::Supervised,
            CaseMark::Suspended,
        ];
        assert_eq!(marks.map(by), [1, 1, 1]);
        let answer = town.get(&leader, "/api/v1/cases?mark=suspended&box=doing");
        assert_eq!(answer.body["items"].as_array().unwrap().len(), 1);
        assert_eq!(answer.body["items"][0]["stage"], "handling");
        let wrong = town.get(&leader, "/api/v1/cases?mark=red");
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(wrong.body["fields"][0]["field"], "mark");
    });
}

#[test]
fn an_application_that_waits_is_a_mark_until_it_is_decided() {
    each_town(|town, _| {
        let case_id = town.create().case.unwrap().id;
        town.file(case_id);
        let lead = town.dispatch(case_id).tasks[0].id;
        let leader = centre("shift_leader");
        let found = || {
            let answer = town.get(&leader, "/api/v1/cases?mark=asked");
            answer.body["items"].as_array().unwrap().len()
        };
        town.accept(ROADS, lead);
        assert_eq!(found(), 0);
        let task = format!("/api/v1/tasks/{lead}");
        let why = json!({"reason": "等候配件"});
        town.did(&clerk(ROADS), &format!("{task}/extension"), &why);
        assert_eq!(found(), 1);
        town.verify();
        let granted = json!({"approved": true});
        town.did(&leader, &format!("{task}/extension/decide"), &granted);
        assert_eq!(found(), 0);
        let case = format!("/api/v1/cases/{case_id}");
        town.did(
            &centre("dispatcher"),
            &format!("{case}/exclude"),
            &json!({"reason": "不可抗力"}),
        );
        assert_eq!(found(), 1);
        town.did(&leader, &format!("{case}/exclusion/decide"), &granted);
        assert_eq!(found(), 0);
        town.verify();
    });
}

#[test]
fn a_case_is_raised_from_the_first_rung_until_its_clock_stops() {
    each_town(|town, _| {
        let case_id = town.create().case.unwrap().id;
        town.file(case_id);
        let tasks = town.dispatch(case_id).tasks;
        let (lead, co) = (tasks[0].id, tasks[1].id);
        let (leader, water) = (centre("shift_leader"), clerk(WATER));
        let found = |who: &Arc<Principal>| {
            let answer = town.get(who, "/api/v1/cases?mark=escalated");
            let counted = wait(town.casework.case_counts(who)).unwrap().escalated;
            let items = answer.body["items"].as_array().unwrap().len();
            assert_eq!(i64::try_from(items).unwrap(), counted);
            items
        };
        let fire = || while town.fire() > 0 {};
        fire();
        assert_eq!(found(&leader), 0);
        // Nobody has accepted it in time; whoever accepts it at last stops that clock.
        town.clock.advance_seconds(61 * 60);
        fire();
        assert_eq!((found(&leader), found(&water)), (1, 1));
        town.verify();
        town.accept(ROADS, lead);
        town.accept(WATER, co);
        assert_eq!(found(&leader), 0);
        town.verify();
        // And again while it is handled, until it is.
        town.clock.advance_seconds(30 * 86_400);
        fire();
        assert_eq!(found(&leader), 1);
        town.finish(WATER, co);
        assert_eq!(found(&leader), 1);
        town.finish(ROADS, lead);
        assert_eq!(found(&leader), 0);
        town.verify();
    });
}

fn tasks(
    town: &Town,
    who: &Arc<Principal>,
    of_box: Option<TaskBox>,
    mine: bool,
) -> Vec<TaskListView> {
    let query = TaskQuery {
        of_box,
        mine,
        page: PageRequest {
            limit: Some(200),
            after: None,
        },
        ..TaskQuery::default()
    };
    wait(town.casework.task_list(who, query)).unwrap().items
}

#[test]
fn every_box_of_tasks_holds_what_a_slow_recount_finds() {
    each_town(|town, _| {
        busy(town);
        let now = town.casework.store().clock().now();
        let mut filled = BTreeSet::new();
        for who in everybody() {
            let counts = wait(town.casework.task_counts(&who)).unwrap();
            let counts = serde_json::to_value(counts).unwrap();
            for (mine, name) in [(false, "ours"), (true, "mine")] {
                let all = tasks(town, &who, None, mine);
                if mine {
                    let worker = Some(who.staff_id);
                    assert!(all.iter().all(|listed| listed.task.assignee == worker));
                }
                for of_box in TaskBox::ALL {
                    let belongs = |listed: &&TaskListView| {
                        let task = &listed.task;
                        let is_open =
                            matches!(task.state, TaskState::Assigned | TaskState::Accepted);
                        match of_box {
                            TaskBox::Todo => task.state == TaskState::Assigned,
                            TaskBox::Doing => task.state == TaskState::Accepted,
                            TaskBox::Done => task.state == TaskState::Finished,
                            TaskBox::Returned => task.state == TaskState::Returned,
                            TaskBox::Overdue => {
                                let response =
                                    task.response.filter(|_| task.state == TaskState::Assigned);
                                is_open
                                    && (task.handling.is_overdue(now)
                                        || response.is_some_and(|clock| clock.is_overdue(now)))
                            }
                        }
                    };
                    let expected: Vec<Id> = all
                        .iter()
                        .filter(belongs)
                        .map(|each| each.task.id)
                        .collect();
                    let found: Vec<Id> = tasks(town, &who, Some(*of_box), mine)
                        .iter()
                        .map(|each| each.task.id)
                        .collect();
                    assert_eq!(found, expected, "{of_box:?} {name} of {}", who.staff_name);
                    let word = format!("{of_box:?}").to_lowercase();
                    assert_eq!(counts[name][&word], expected.len(), "{of_box:?} {name}");
                    if !expected.is_empty() {
                        filled.insert((name, word));
                    }
                }
            }
        }
        assert!(filled.len() >= 7, "{filled:?}");
        let answer = town.get(&clerk(ROADS), "/api/v1/tasks?box=returned&mine=false");
        assert_eq!(
            answer.body["items"].as_array().unwrap().len(),
            2,
            "{}",
            answer.body
        );
    });
}
