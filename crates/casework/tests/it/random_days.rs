//! Random days through the service, on both engines: whatever people try, what is stored replays to what is stored, and
//! nothing but lawful answers comes back.

use crate::town::*;
use base::chance::{SeededChance, bytes};
use base::{Clock, FailureKind, Id, Problem};
use casework::CaseworkError;
use casework::input::*;
use casework::model::{CaseStage, TaskKind};
use casework::view::CaseStateView;
use serde_json::json;
use store::Statement;

struct Dice(SeededChance);

impl Dice {
    fn below(&self, limit: usize) -> usize {
        let [low, high] = bytes::<2>(&self.0);
        usize::from(u16::from_le_bytes([low, high])) % limit
    }
}

/// One attempt on a case by somebody who may or may not fit.
fn attempt(
    town: &Town,
    dice: &Dice,
    state: &CaseStateView,
) -> Result<CaseStateView, CaseworkError> {
    let work = &town.casework;
    let task = state.tasks.get(dice.below(state.tasks.len().max(1)));
    let task_id = task.map_or(Id(5), |task| task.id);
    let holder = task.map_or(ROADS, |task| task.organisation_id);
    let handler = call(&person(
        [holder, ROADS, WATER][dice.below(3)],
        "handler",
        None,
    ));
    match dice.below(8) {
        0 => {
            let rule_row_id = [Some(RULE), None][dice.below(2)];
            wait(work.case_file(
                &call(&centre("shift_leader")),
                state.id,
                CaseFileRequest { rule_row_id },
            ))
        }
        1 => {
            let co = [vec![], vec![WATER], vec![ROADS]][dice.below(3)].clone();
            let request = CaseDispatchRequest {
                lead_organisation_id: ROADS,
                co_organisation_ids: co,
            };
            wait(work.case_dispatch(&call(&centre("dispatcher")), state.id, request))
        }
        2 | 3 => wait(work.task_accept(&handler, task_id, TaskAcceptRequest::default())),
        4 | 5 => {
            let request = TaskFinishRequest {
                result: (dice.below(2) == 0).then(|| "好了".to_owned()),
                occurred_at: None,
            };
            wait(work.task_finish(&handler, task_id, request))
        }
        6 => {
            let passed = dice.below(2) == 0;
            let tried = state
                .tasks
                .iter()
                .filter(|task| task.kind == TaskKind::Handle);
            let request = CaseInspectResultRequest {
                passed,
                failed_task_ids: tried
                    .map(|task| task.id)
                    .take(usize::from(!passed))
                    .collect(),
                opinion: Some("看过".to_owned()),
                occurred_at: None,
            };
            wait(work.case_inspect_result(&call(&centre("inspector")), state.id, request))
        }
        _ => {
            let request = CaseCloseRequest {
                rule_row_id: Some(RULE),
                opinion: None,
            };
            wait(work.case_close(&call(&centre("shift_leader")), state.id, request))
        }
    }
}

/// An attempt to do something else with a case than to move it forward.
fn aside(town: &Town, dice: &Dice, state: &CaseStateView) -> Result<CaseStateView, CaseworkError> {
    let work = &town.casework;
    let task = state.tasks.get(dice.below(state.tasks.len().max(1)));
    let task_id = task.map_or(Id(5), |task| task.id);
    let holder = task.map_or(ROADS, |task| task.organisation_id);
    let (leader, dispatcher) = (call(&centre("shift_leader")), call(&centre("dispatcher")));
    let reason = || "不清楚".to_owned();
    let why = ReasonRequest {
        reason: reason(),
        occurred_at: None,
    };
    match dice.below(12) {
        0 => {
            let by_roads = CaseVerifyRequest {
                organisation_id: ROADS,
                remark: None,
            };
            wait(work.case_verify(&leader, state.id, by_roads))
        }
        1 => {
            let found = CaseVerifyResultRequest {
                is_true: dice.below(8) > 0,
                opinion: Some(reason()),
                occurred_at: None,
            };
            let by = call(&person(ROADS, "inspector", Some(district())));
            wait(work.case_verify_result(&by, state.id, found))
        }
        2 => wait(work.case_send_back(&leader, state.id, why)),
        3..=5 => {
            let by = call(&person(holder, "department_clerk", None));
            wait(work.task_return(&by, task_id, why))
        }
        6 | 7 => {
            let to = TaskToRequest {
                organisation_id: [ROADS, WATER][dice.below(2)],
            };
            wait(work.task_reroute(&dispatcher, task_id, to))
        }
        8 => {
            let request = CaseUrgeRequest { note: None };
            wait(work.case_urge(&dispatcher, state.id, request))
        }
        9 | 10 => {
            let request = CaseReopenRequest { reason: reason() };
            wait(work.case_reopen(&leader, state.id, request))
        }
        _ => {
            if dice.below(4) > 0 {
                let request = CaseRecallRequest { reason: None };
                return wait(work.case_recall(&dispatcher, state.id, request));
            }
            let request = CaseCancelRequest { reason: reason() };
            wait(work.case_cancel(&leader, state.id, request))
        }
    }
}

#[test]
fn random_days_leave_everything_as_it_must_be() {
    each_town(|town, _| {
        let dice = Dice(SeededChance::new(20_261_121));
        let mut states: Vec<CaseStateView> = (0..12).map(|_| town.create().case.unwrap()).collect();
        let (mut lawful, mut refused) = (0, 0);
        for _ in 0..1_500 {
            town.clock
                .advance_seconds(i64::try_from(dice.below(300)).unwrap());
            town.fire();
            // Sometimes at once, sometimes many together.
            if dice.below(7) == 0 {
                town.count();
            }
            let n = dice.below(states.len());
            match attempt(town, &dice, &states[n]) {
                Ok(state) => {
                    states[n] = state;
                    lawful += 1;
                }
                Err(error) => {
                    let problem: Problem = error.into();
                    let lawful_no = [
                        FailureKind::Refused,
                        FailureKind::NotFound,
                        FailureKind::Forbidden,
                    ];
                    assert!(lawful_no.contains(&problem.kind), "{problem:?}");
                    refused += 1;
                }
            }
        }
        let closed = states
            .iter()
            .filter(|state| state.stage == CaseStage::Closed)
            .count();
        assert!(
            lawful > 80 && refused > 80 && closed > 3,
            "{lawful} {refused} {closed}"
        );
        town.verify();
    });
}

#[test]
fn random_days_of_passing_on_and_taking_back_are_counted_as_a_recount_finds() {
    each_town(|town, _| {
        let dice = Dice(SeededChance::new(20_261_128));
        let begun = |n: usize| {
            let case = town.create().case.unwrap();
            match n % 4 {
                0 => case,
                1 => town.file(case.id),
                2 => {
                    town.file(case.id);
                    town.dispatch(case.id)
                }
                _ => town.complete(case.id),
            }
        };
        let mut states: Vec<CaseStateView> = (0..24).map(begun).collect();
        for _ in 0..500 {
            town.clock.advance_seconds(30);
            if dice.below(7) == 0 {
                town.count();
            }
            let n = dice.below(states.len());
            let tried = match dice.below(2) {
                0 => aside(town, &dice, &states[n]),
                _ => attempt(town, &dice, &states[n]),
            };
            if let Ok(state) = tried {
                states[n] = state;
            }
        }
        town.clock.advance_seconds(3 * 3_600);
        town.fire();
        town.count();
        let numbers = town.get(&centre("leader"), "/api/v1/statistics").body;
        for code in [
            "accept_sent_back",
            "accept_wrong",
            "cancels",
            "dispatch_wrong",
            "inspect_overturned",
            "transfers",
            "urges",
            "verify_sent",
        ] {
            assert!(
                numbers["total"]["measures"][code].as_i64() > Some(0),
                "{code}: {}",
                numbers["total"]["measures"]
            );
        }
        town.verify();
    });
}

/// An attempt at what lies over the stages, between cases or after them: whose task, in which words, may or may not fit.
fn over(
    town: &Town,
    dice: &Dice,
    states: &[CaseStateView],
    n: usize,
    reports: &[Id],
) -> Option<CaseStateView> {
    let state = &states[n];
    let task = state.tasks.get(dice.below(state.tasks.len().max(1)));
    let (task_id, holder) = task.map_or((Id(5), ROADS), |task| (task.id, task.organisation_id));
    let clerk = person(holder, "department_clerk", None);
    let (leader, dispatcher) = (centre("shift_leader"), centre("dispatcher"));
    let (task, case) = (
        format!("/api/v1/tasks/{task_id}"),
        format!("/api/v1/cases/{}", state.id),
    );
    let report = format!("/api/v1/reports/{}", reports[n]);
    let why = || json!({"reason": "不清楚"});
    let yes = json!({"approved": dice.below(4) > 0, "opinion": "看过"});
    let (who, path, body) = match dice.below(18) {
        0 => (clerk, format!("{task}/extension"), why()),
        1 => (dispatcher, format!("{task}/extension/decide"), yes),
        2 => {
            let until = town.clock.now().plus_seconds(7_200);
            let ask = json!({"until": until.to_string(), "reason": "待产权单位"});
            (clerk, format!("{task}/suspension"), ask)
        }
        3 => (leader, format!("{task}/suspension/decide"), yes),
        4 => (leader, format!("{task}/suspension/end"), json!({})),
        5 => (
            leader,
            format!("{case}/supervise"),
            json!({"demand": "限时办结"}),
        ),
        6 => (
            clerk,
            format!("{case}/supervision/reply"),
            json!({"reply": "已办"}),
        ),
        7 => (leader, format!("{case}/supervision/end"), json!({})),
        8 | 9 => (clerk, format!("{task}/appeal"), why()),
        10 => (dispatcher, format!("{case}/appeal/review"), yes),
        11 => (centre("intake_clerk"), format!("{case}/appeal/review"), yes),
        12 if dice.below(3) > 0 => (dispatcher, format!("{case}/exclude"), why()),
        12 => (leader, format!("{case}/exclusion/decide"), yes),
        13 => (
            clerk,
            format!("{task}/delegate"),
            json!({"organisation_id": STATION}),
        ),
        14 if dice.below(6) == 0 => {
            let into = states[dice.below(states.len())].id;
            (
                leader,
                format!("{case}/merge"),
                json!({"into_case_id": into}),
            )
        }
        15 if dice.below(3) == 0 => {
            let split = json!({"cases": [{"title": "另一处", "category_id": CATEGORY}]});
            (leader, format!("{case}/split"), split)
        }
        _ => {
            let pleased = ["satisfied", "fairly_satisfied"][dice.below(2)];
            let said = match dice.below(4) {
                0 => json!({"reached": false}),
                1 => json!({"reached": true, "solved": false, "satisfaction": "dissatisfied",
                    "redo": {"reopen_case_id": state.id}}),
                _ => json!({"reached": true, "solved": true, "satisfaction": pleased}),
            };
            (centre("intake_clerk"), format!("{report}/callback"), said)
        }
    };
    let answer = town.post(&who, &path, &body);
    let status = answer.status.as_u16();
    assert!(status < 500, "{path}: {}", answer.body);
    if status >= 300 {
        return None;
    }
    // What is asked for is decided on at once, mostly: the clocks of an afternoon are short.
    if [format!("{task}/extension"), format!("{task}/suspension")].contains(&path)
        && dice.below(4) > 0
    {
        let yes = json!({"approved": dice.below(4) > 0, "opinion": "看过"});
        let decided = town.post(&centre("shift_leader"), &format!("{path}/decide"), &yes);
        return serde_json::from_value(decided.body).ok();
    }
    serde_json::from_value(answer.body).ok()
}

#[test]
fn random_days_of_what_lies_over_the_stages_are_counted_as_a_recount_finds() {
    let built_in = include_str!("../../processes/city-management.toml");
    for leaves_due in ["leaves_due = true", "leaves_due = false"] {
        let document = format!("{built_in}{CALLBACK}").replace("leaves_due = true", leaves_due);
        each_town_with(&[&document], |town, store| {
            let dice = Dice(SeededChance::new(20_261_129));
            let created: Vec<_> = (0..40).map(|_| town.create()).collect();
            let reports: Vec<Id> = created.iter().map(|each| each.report.id).collect();
            // A quarter is handled three hours late, a quarter in time, a quarter is worked on, a quarter has just begun.
            let ids: Vec<Id> = created
                .iter()
                .map(|each| each.case.as_ref().unwrap().id)
                .collect();
            let mut states: Vec<Option<CaseStateView>> = vec![None; ids.len()];
            let begun = |case_id| {
                town.file(case_id);
                town.dispatch(case_id)
            };
            let accepted = |state: &CaseStateView| {
                town.accept(ROADS, state.tasks[0].id);
                town.accept(WATER, state.tasks[1].id)
            };
            let (late, others): (Vec<_>, Vec<_>) = (0..ids.len()).partition(|n| n % 4 == 0);
            let given: Vec<_> = late.iter().map(|n| begun(ids[*n])).collect();
            town.clock.advance_seconds(3 * 3_600);
            town.fire();
            for (n, state) in late.into_iter().zip(&given) {
                accepted(state);
                town.finish(WATER, state.tasks[1].id);
                town.finish(ROADS, state.tasks[0].id);
                town.inspect(state.id, vec![]);
                states[n] = Some(town.close(state.id));
            }
            for n in others {
                states[n] = Some(match n % 4 {
                    1 => town.complete(ids[n]),
                    2 => accepted(&begun(ids[n])),
                    _ => created[n].case.clone().unwrap(),
                });
            }
            let mut states: Vec<CaseStateView> = states.into_iter().flatten().collect();
            for _ in 0..1_500 {
                town.clock
                    .advance_seconds(i64::try_from(dice.below(30)).unwrap());
                town.fire();
                if dice.below(9) == 0 {
                    town.count();
                }
                let n = dice.below(states.len());
                let tried = match dice.below(3) {
                    0 => attempt(town, &dice, &states[n]).ok(),
                    _ => over(town, &dice, &states, n, &reports),
                };
                if let Some(state) = tried {
                    states[n] = state;
                }
            }
            town.verify();
            // Guards against holding only because nothing ever happens.
            let told = store.store.read_blocking(|tx| {
                let kinds = Statement::composed("SELECT DISTINCT kind FROM timeline".to_owned());
                tx.query(&kinds, &[], |row| row.get::<String>(0))
            });
            let told = told.unwrap();
            for kind in [
                "extension_decided",
                "suspension_decided",
                "suspension_ended",
                "case_supervised",
                "supervision_replied",
                "supervision_ended",
                "appeal_filed",
                "appeal_reviewed",
                "exclusion_decided",
                "task_delegated",
                "case_merged",
                "report_called_back",
                "report_redone",
            ] {
                assert!(told.iter().any(|each| each == kind), "{kind}: {told:?}");
            }
            // Made anew they are what was kept.
            let numbers = || {
                town.get(&centre("leader"), "/api/v1/statistics?group=zone")
                    .body
            };
            let kept = numbers();
            town.casework.statistics_rebuild().unwrap();
            assert_eq!(numbers(), kept);
        });
    }
}
