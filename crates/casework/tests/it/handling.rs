//! Handling together through the service and over HTTP's requests, on both engines; bad input of every command.

use crate::town::*;
use axum::http::StatusCode;
use base::{FailureKind, Id, Problem};
use casework::input::*;
use casework::model::{CaseStage, TaskKind, TaskRole, TaskState};
use casework::view::CaseStateView;
use casework::{Call, CaseworkError};
use serde_json::json;

pub fn problem(result: Result<impl Sized, CaseworkError>) -> Problem {
    match result {
        Ok(_) => panic!("it is refused"),
        Err(error) => error.into(),
    }
}

pub fn clerk(organisation_id: Id) -> Call {
    call(&person(organisation_id, "department_clerk", None))
}

pub fn reason() -> ReasonRequest {
    ReasonRequest {
        reason: "不属于我单位职责，请联系 13812341234".to_owned(),
        occurred_at: None,
    }
}

fn to(organisation_id: Id) -> TaskToRequest {
    TaskToRequest { organisation_id }
}

/// A dispatched case: lead ROADS, co WATER.
pub fn dispatched(town: &Town) -> CaseStateView {
    let case_id = town.create().case.unwrap().id;
    town.file(case_id);
    town.dispatch(case_id)
}

#[test]
fn a_returned_case_is_dispatched_again_and_says_who_is_accountable() {
    each_town(|town, _| {
        let work = &town.casework;
        let state = dispatched(town);
        let (lead, co) = (state.tasks[0].id, state.tasks[1].id);
        let state = wait(work.task_return(&clerk(ROADS), lead, reason())).unwrap();
        assert!(state.awaits_dispatch);
        assert_eq!(state.tasks[0].state, TaskState::Returned);
        let view = wait(work.case_view(&centre("leader"), state.id)).unwrap();
        assert_eq!(view.stage_name, "待派遣");
        assert!(view.head.awaits_dispatch && view.head.lead_organisation.is_none());
        assert_eq!(view.accountable.id, ROADS.to_string());
        assert_eq!(view.handling.return_count, 1);
        let entry = view.timeline.last().unwrap();
        assert_eq!(entry.kind, "task_returned");
        assert_eq!(
            entry.note.as_deref(),
            Some("不属于我单位职责，请联系 138****1234")
        );

        let rerouted =
            wait(work.task_reroute(&call(&centre("dispatcher")), lead, to(STATION))).unwrap();
        assert!(!rerouted.awaits_dispatch);
        let new = rerouted.tasks.last().unwrap();
        assert_eq!((new.role, new.organisation_id), (TaskRole::Lead, STATION));
        town.accept(WATER, co);
        town.finish(WATER, co);
        town.accept(STATION, new.id);
        let view = wait(work.case_view(&centre("leader"), state.id)).unwrap();
        assert_eq!(view.accountable.id, STATION.to_string());
        let finished = town.finish(STATION, new.id);
        assert_eq!(finished.stage, CaseStage::Inspecting);
        town.inspect(state.id, vec![]);
        assert_eq!(town.close(state.id).stage, CaseStage::Closed);
        town.verify();
    });
}

#[test]
fn a_task_is_contacted_assigned_delegated_and_answered_for() {
    each_town(|town, _| {
        let work = &town.casework;
        let state = dispatched(town);
        let (lead, co) = (state.tasks[0].id, state.tasks[1].id);
        town.accept(ROADS, lead);
        let contact = TaskContactRequest {
            reached: true,
            note: Some("已电话联系 13900001111".to_owned()),
            occurred_at: None,
        };
        wait(work.task_contact(&clerk(ROADS), lead, contact)).unwrap();
        let somebody = person(ROADS, "handler", None);
        let staff_id = somebody.staff_id;
        wait(work.task_assign(&clerk(ROADS), lead, TaskAssignRequest { staff_id })).unwrap();
        let request = TaskDelegateRequest {
            organisation_id: STATION,
            due_at: Some(morning().plus_seconds(600)),
            occurred_at: None,
        };
        let state = wait(work.task_delegate(&clerk(ROADS), lead, request)).unwrap();
        let child = state.tasks.last().unwrap().clone();
        assert_eq!(child.role, TaskRole::Delegated);
        town.accept(WATER, co);
        town.finish(WATER, co);
        let by = call(&person(ROADS, "handler", None));
        let early = problem(wait(work.task_finish(
            &by,
            lead,
            TaskFinishRequest::default(),
        )));
        assert_eq!(early.code, "tasks_given_on_open");

        // The child's clock runs out while nobody accepts it: two clocks, two facts.
        town.clock.advance_seconds(4_000);
        assert!(town.fire() > 0);
        town.clock.advance_seconds(1);
        town.fire();
        let view = wait(work.case_view(&centre("leader"), state.id)).unwrap();
        let shown = view.tasks.iter().find(|task| task.id == child.id).unwrap();
        assert!(shown.response_overdue && shown.handling_overdue);
        assert_eq!(shown.parent_task_id, Some(lead));
        let shown = view.tasks.iter().find(|task| task.id == lead).unwrap();
        assert_eq!(
            (shown.assignee, shown.contacted_at),
            (Some(staff_id), Some(morning()))
        );

        wait(work.task_revoke(&clerk(ROADS), child.id, reason())).unwrap();
        assert_eq!(town.finish(ROADS, lead).stage, CaseStage::Inspecting);
        town.verify();
    });
}

#[test]
fn a_co_handler_is_called_in_checks_in_and_is_rated() {
    each_town(|town, _| {
        let work = &town.casework;
        let case_id = town.create().case.unwrap().id;
        town.file(case_id);
        let request = CaseDispatchRequest {
            lead_organisation_id: ROADS,
            co_organisation_ids: vec![],
        };
        let state =
            wait(work.case_dispatch(&call(&centre("dispatcher")), case_id, request)).unwrap();
        let lead = state.tasks[0].id;
        town.accept(ROADS, lead);
        let state = wait(work.task_add_co(&clerk(ROADS), lead, to(WATER))).unwrap();
        let called = state.tasks[1].id;
        let twice = problem(wait(work.task_add_co(&clerk(ROADS), lead, to(WATER))));
        assert_eq!(twice.code, "organisation_twice");
        town.accept(WATER, called);
        town.finish(WATER, called);
        let rate = TaskCoRateRequest {
            score: 4,
            remark: Some("到场及时".to_owned()),
        };
        wait(work.task_co_rate(&clerk(ROADS), called, rate)).unwrap();
        let view = wait(work.case_view(&centre("leader"), case_id)).unwrap();
        assert_eq!(view.tasks[1].score, Some(4));
        assert_eq!(view.tasks[1].called_by_task_id, Some(lead));
        assert_eq!(
            view.timeline.last().unwrap().note.as_deref(),
            Some("到场及时")
        );
        town.verify();
    });
}

#[test]
fn a_case_is_verified_before_filing_and_may_be_sent_back() {
    each_town(|town, _| {
        let work = &town.casework;
        let case_id = town.create().case.unwrap().id;
        let request = CaseVerifyRequest {
            organisation_id: ROADS,
            remark: Some("看现场".to_owned()),
        };
        let state =
            wait(work.case_verify(&call(&centre("intake_clerk")), case_id, request)).unwrap();
        assert_eq!(state.stage, CaseStage::Accepted);
        let task = &state.tasks[0];
        assert_eq!(
            (task.kind, task.state),
            (TaskKind::Verify, TaskState::Assigned)
        );
        let inspector = call(&person(ROADS, "inspector", None));
        wait(work.task_accept(&inspector, task.id, TaskAcceptRequest::default())).unwrap();
        let result = CaseVerifyResultRequest {
            is_true: true,
            opinion: Some("属实".to_owned()),
            occurred_at: None,
        };
        let stranger = call(&person(WATER, "inspector", None));
        let denied = problem(wait(work.case_verify_result(
            &stranger,
            case_id,
            result.clone(),
        )));
        assert_eq!(
            denied.kind,
            FailureKind::NotFound,
            "its existence is secret"
        );
        wait(work.case_verify_result(&inspector, case_id, result)).unwrap();
        town.file(case_id);
        let dispatcher = call(&centre("dispatcher"));
        let state = wait(work.case_send_back(&dispatcher, case_id, reason())).unwrap();
        assert_eq!(state.stage, CaseStage::Accepted);
        town.file(case_id);
        let state = town.dispatch(case_id);
        let kinds: Vec<_> = state.tasks.iter().map(|task| task.kind).collect();
        assert_eq!(
            kinds,
            [TaskKind::Verify, TaskKind::Handle, TaskKind::Handle]
        );
        let view = wait(work.case_view(&centre("leader"), case_id)).unwrap();
        assert_eq!(
            (view.handling.verified, view.handling.sent_back_count),
            (Some(true), 1)
        );
        town.verify();
    });
}

#[test]
fn after_two_returns_a_ruling_names_who_leads() {
    each_town(|town, _| {
        let work = &town.casework;
        let state = dispatched(town);
        let dispatcher = call(&centre("dispatcher"));
        let first = state.tasks[0].id;
        wait(work.task_return(&clerk(ROADS), first, reason())).unwrap();
        let state = wait(work.task_reroute(&dispatcher, first, to(STATION))).unwrap();
        let second = state.tasks.last().unwrap().id;
        wait(work.task_return(&clerk(STATION), second, reason())).unwrap();
        let state = wait(work.task_reroute(&dispatcher, second, to(ROADS))).unwrap();
        let third = state.tasks.last().unwrap().id;
        let again = problem(wait(work.task_return(&clerk(ROADS), third, reason())));
        assert_eq!(again.code, "returns_exhausted");
        wait(work.ruling_demand(&clerk(ROADS), third, reason())).unwrap();
        let rule = CaseRuleRequest {
            organisation_id: WATER,
            reason: "由水务牵头".to_owned(),
        };
        let state = wait(work.case_rule(&call(&centre("leader")), state.id, rule)).unwrap();
        let bound = state.tasks.last().unwrap();
        assert_eq!((bound.organisation_id, bound.role), (WATER, TaskRole::Lead));
        let open = state
            .tasks
            .iter()
            .filter(|task| task.state == TaskState::Assigned);
        assert_eq!(
            open.count(),
            1,
            "the old lead and the co task of the bound one ended"
        );
        let bound = problem(wait(work.task_return(&clerk(WATER), bound.id, reason())));
        assert_eq!(bound.code, "ruling_binds");
        town.verify();
    });
}

#[test]
fn an_inspector_reports_and_handles_at_once() {
    each_town(|town, _| {
        let work = &town.casework;
        let mut inspector = call(&centre("inspector"));
        inspector.idempotency_key = Some("walk-7".to_owned());
        let request = CaseSelfHandleRequest {
            source: "inspector".to_owned(),
            title: "小广告".to_owned(),
            detail: String::new(),
            address: None,
            place: report_request().place,
            category_id: Some(CATEGORY),
            rule_row_id: Some(RULE),
            process: None,
            result: "已当场清除".to_owned(),
            found_attachment_ids: Vec::new(),
            occurred_at: None,
        };
        let state = wait(work.case_self_handle(&inspector, request.clone())).unwrap();
        assert_eq!(state.stage, CaseStage::Inspecting);
        let again = wait(work.case_self_handle(&inspector, request.clone())).unwrap();
        assert_eq!(again, state, "the same answer and no second case");
        let view = wait(work.case_view(&centre("leader"), state.id)).unwrap();
        let kinds: Vec<_> = view
            .timeline
            .iter()
            .map(|entry| entry.kind.as_str())
            .collect();
        assert_eq!(
            kinds,
            [
                "case_accepted",
                "case_filed",
                "case_self_handled",
                "task_finished",
                "case_handled"
            ]
        );
        assert_eq!(view.tasks[0].result.as_deref(), Some("已当场清除"));
        let own = CaseInspectResultRequest {
            passed: true,
            failed_task_ids: vec![],
            opinion: None,
            occurred_at: None,
        };
        let own = problem(wait(work.case_inspect_result(
            &call(&centre("inspector")),
            state.id,
            own.clone(),
        )));
        assert_eq!(own.code, "handler_may_not_inspect");
        inspector.idempotency_key = None;
        let mut empty = request.clone();
        empty.result = " ".to_owned();
        let wrong = problem(wait(work.case_self_handle(&inspector, empty)));
        assert_eq!(wrong.fields[0].field, "result");
        let mut uncited = request;
        uncited.rule_row_id = None;
        let uncited = problem(wait(work.case_self_handle(&inspector, uncited)));
        assert_eq!(uncited.code, "rule_row_required");
        assert_eq!(
            work.verify().unwrap().cases,
            1,
            "what is refused leaves nothing"
        );
        town.verify();
    });
}

#[test]
fn what_is_handled_at_once_is_closed_where_its_process_says_so() {
    let classic = include_str!("../../processes/city-management.toml");
    let (head, rest) = classic.split_once("# Of these, the sources").unwrap();
    let (_, rest) = rest.split_once("]\n").unwrap();
    let walk = format!("{head}{rest}")
        .replace("code = \"city-management\"", "code = \"walk\"")
        .replace(
            "then = \"inspecting\"",
            "then = \"closed\"\nreason = \"照片为证\"",
        );
    each_town_with(&[classic, &walk], |town, _| {
        let inspector = centre("inspector");
        let mut found = json!({"title": "小广告", "place": {"lon": 121.1, "lat": 31.1},
            "category_id": CATEGORY, "rule_row_id": RULE, "process": "walk", "result": "已清除"});
        let path = "/api/v1/cases/self-handle";
        let answer = town.post(&inspector, path, &found);
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.body["stage"], "closed");
        let id = answer.body["id"].as_str().unwrap().parse().unwrap();
        let view = wait(town.casework.case_view(&centre("leader"), id)).unwrap();
        assert_eq!(view.process, "walk 1");
        found["process"] = json!("stroll");
        let unknown = town.post(&inspector, path, &found);
        assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
        town.verify();
    });
}

#[test]
fn the_fallback_organisation_of_the_nearest_area_above_holds() {
    each_town(|town, test_store| {
        let work = &town.casework;
        let leader = call(&centre("shift_leader"));
        let set = |area_code: &str, organisation_id| FallbackSetRequest {
            area_code: area_code.to_owned(),
            organisation_id,
        };
        wait(work.fallback_set(&leader, set("310118", CENTRE))).unwrap();
        wait(work.fallback_set(&leader, set("310118001", WATER))).unwrap();
        wait(work.fallback_set(&leader, set("310118001", ROADS))).unwrap();
        let page =
            wait(work.fallback_list(&centre("dispatcher"), base::PageRequest::default())).unwrap();
        let lines: Vec<_> = page
            .items
            .iter()
            .map(|line| (line.area_path.clone(), line.organisation_id))
            .collect();
        assert_eq!(
            lines,
            [
                (district().to_string(), CENTRE),
                (street(1).to_string(), ROADS)
            ]
        );
        let found = |path: base::TreePath| {
            let work = work.clone();
            let read = move |tx: &mut store::Tx<'_>| work.fallback_of(tx, &path);
            let found = test_store.store.read_blocking(read).unwrap();
            found.map(|organisation| organisation.id)
        };
        assert_eq!(found(street(1).child(1).unwrap()), Some(ROADS));
        assert_eq!(found(street(2)), Some(CENTRE));
        assert_eq!(found(base::TreePath::root(5).unwrap()), None);

        let wrong = problem(wait(work.fallback_set(&leader, set("999", Id(5)))));
        let fields: Vec<_> = wrong
            .fields
            .iter()
            .map(|each| (each.field.as_str(), each.code))
            .collect();
        assert_eq!(
            fields,
            [
                ("area_code", "unknown_code"),
                ("organisation_id", "unknown_id")
            ]
        );
        let denied = problem(wait(
            work.fallback_set(&call(&centre("handler")), set("310118", CENTRE)),
        ));
        assert_eq!(denied.kind, FailureKind::Forbidden);
    });
}

/// Runs a command on an id by somebody; says the kind and code of the refusal.
type Attempt = fn(&Town, &Call, Id, Input) -> Result<CaseStateView, CaseworkError>;

/// What a bad call gets wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Input {
    Right,
    /// Words that must be there are blank, or a number lies outside.
    Missing,
    /// Words are too long.
    Long,
    /// An id names nothing.
    Unknown,
}

fn words(input: Input) -> String {
    match input {
        Input::Missing => " ".to_owned(),
        Input::Long => "长".repeat(base::limits::REMARK_CHARACTERS_MAX + 1),
        _ => "理由".to_owned(),
    }
}

fn whom(input: Input) -> Id {
    if input == Input::Unknown {
        Id(5)
    } else {
        WATER
    }
}

fn said(input: Input) -> ReasonRequest {
    ReasonRequest {
        reason: words(input),
        occurred_at: None,
    }
}

/// Every command: its name, whether it is on a task, by which role, how to give it, and which inputs are wrong for it.
#[rustfmt::skip]
const COMMANDS: &[(&str, bool, &str, Attempt, &[Input])] = &[
    ("task_assign", true, "department_clerk", |town, by, id, input| {
        let staff_id = if input == Input::Unknown { Id(999_999) } else { person(ROADS, "handler", None).staff_id };
        wait(town.casework.task_assign(by, id, TaskAssignRequest { staff_id }))
    }, &[Input::Unknown]),
    ("task_contact", true, "handler", |town, by, id, input| {
        let request = TaskContactRequest { reached: true, note: Some(words(input)), occurred_at: None };
        wait(town.casework.task_contact(by, id, request))
    }, &[Input::Long]),
    ("task_return", true, "department_clerk", |town, by, id, input| wait(town.casework.task_return(by, id, said(input))), &[Input::Missing, Input::Long]),
    ("task_revoke", true, "dispatcher", |town, by, id, input| wait(town.casework.task_revoke(by, id, said(input))), &[Input::Missing, Input::Long]),
    ("task_reroute", true, "dispatcher", |town, by, id, input| wait(town.casework.task_reroute(by, id, to(whom(input)))), &[Input::Unknown]),
    ("task_delegate", true, "department_clerk", |town, by, id, input| {
        let request = TaskDelegateRequest { organisation_id: whom(input), due_at: None, occurred_at: None };
        wait(town.casework.task_delegate(by, id, request))
    }, &[Input::Unknown]),
    ("task_add_co", true, "department_clerk", |town, by, id, input| wait(town.casework.task_add_co(by, id, to(whom(input)))), &[Input::Unknown]),
    ("task_co_rate", true, "department_clerk", |town, by, id, input| {
        let score = if input == Input::Missing { 0 } else { 5 };
        let request = TaskCoRateRequest { score, remark: Some(words(input)) };
        wait(town.casework.task_co_rate(by, id, request))
    }, &[Input::Missing, Input::Long]),
    ("ruling_demand", true, "department_clerk", |town, by, id, input| wait(town.casework.ruling_demand(by, id, said(input))), &[Input::Missing, Input::Long]),
    ("case_rule", false, "leader", |town, by, id, input| {
        let request = CaseRuleRequest { organisation_id: whom(input), reason: words(input) };
        wait(town.casework.case_rule(by, id, request))
    }, &[Input::Missing, Input::Long, Input::Unknown]),
    ("case_verify", false, "intake_clerk", |town, by, id, input| {
        let request = CaseVerifyRequest { organisation_id: whom(input), remark: Some(words(input)) };
        wait(town.casework.case_verify(by, id, request))
    }, &[Input::Long, Input::Unknown]),
    ("case_verify_result", false, "inspector", |town, by, id, input| {
        let request = CaseVerifyResultRequest { is_true: true, opinion: Some(words(input)), occurred_at: None };
        wait(town.casework.case_verify_result(by, id, request))
    }, &[Input::Long]),
    ("case_send_back", false, "dispatcher", |town, by, id, input| wait(town.casework.case_send_back(by, id, said(input))), &[Input::Missing, Input::Long]),
];

#[test]
fn bad_input_of_every_command_has_a_clear_answer() {
    each_town(|town, _| {
        let state = dispatched(town);
        let lead = state.tasks[0].id;
        for (operation, on_task, role, attempt, wrong) in COMMANDS {
            let id = if *on_task { lead } else { state.id };
            let by = match *role {
                "department_clerk" | "handler" => call(&person(ROADS, role, None)),
                _ => call(&centre(role)),
            };
            // Wrong: every one names its field.
            for input in *wrong {
                let told = problem(attempt(town, &by, id, *input));
                assert_eq!(told.kind, FailureKind::Invalid, "{operation} {input:?}");
                assert!(!told.fields.is_empty(), "{operation} {input:?}");
            }
            // Missing: no such case or task.
            let told = problem(attempt(town, &by, Id(7), Input::Right));
            assert_eq!(told.kind, FailureKind::NotFound, "{operation} on nothing");
            // Foreign: somebody of an organisation that has nothing to do with it, and somebody without the permission.
            let stranger = call(&person(Id(900), role, None));
            let told = problem(attempt(town, &stranger, id, Input::Right));
            assert_eq!(
                told.kind,
                FailureKind::NotFound,
                "{operation} by a stranger"
            );
            let told = problem(attempt(
                town,
                &call(&centre("audit_admin")),
                id,
                Input::Right,
            ));
            assert_eq!(
                told.kind,
                FailureKind::Forbidden,
                "{operation} by an auditor"
            );
            // Late: another was faster.
            let mut stale = by.clone();
            stale.expected_version = Some(1);
            let told = problem(attempt(town, &stale, id, Input::Right));
            assert_eq!(told.code, "version_mismatch", "{operation}");
            assert_eq!(told.current.unwrap()["version"], state.version);
        }
        assert_eq!(town.casework.verify().unwrap().findings, []);
        let view = wait(town.casework.case_view(&centre("leader"), state.id)).unwrap();
        assert_eq!(view.head.version, state.version, "nothing has changed");
    });
}

#[test]
fn a_repeated_command_under_one_key_is_done_once() {
    each_town(|town, _| {
        let state = dispatched(town);
        let mut by = clerk(ROADS);
        by.idempotency_key = Some("k1".to_owned());
        let lead = state.tasks[0].id;
        let first = wait(town.casework.task_return(&by, lead, reason())).unwrap();
        let second = wait(town.casework.task_return(&by, lead, reason())).unwrap();
        assert_eq!(first, second);
        let other = ReasonRequest {
            reason: "另一个理由".to_owned(),
            occurred_at: None,
        };
        let reused = problem(wait(town.casework.task_return(&by, lead, other)));
        assert_eq!(reused.kind, FailureKind::Invalid, "{reused:?}");
        by.idempotency_key = None;
        let twice = problem(wait(town.casework.task_return(&by, lead, reason())));
        assert_eq!(twice.code, "task_wrong_state");
    });
}
