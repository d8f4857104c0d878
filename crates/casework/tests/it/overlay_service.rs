//! What lies over the stages through the service and over HTTP, on both engines.

use crate::town::*;
use crate::wire_contract::Answer;
use access::Principal;
use axum::http::StatusCode;
use base::{Id, Problem};
use casework::input::*;
use casework::model::{CaseStage, Level, TaskState};
use casework::view::CaseStateView;
use serde_json::{Value, json};
use std::sync::Arc;

fn clerk(organisation_id: Id) -> Arc<Principal> {
    person(organisation_id, "department_clerk", None)
}

impl Town {
    /// A case in handling whose two tasks are accepted.
    pub fn working(&self) -> CaseStateView {
        let id = self.create().case.unwrap().id;
        self.file(id);
        let state = self.dispatch(id);
        self.accept(ROADS, state.tasks[0].id);
        self.accept(WATER, state.tasks[1].id)
    }

    /// Fires until nothing is due any more.
    pub fn fire_all(&self) {
        while self.fire() > 0 {}
    }

    pub fn kinds(&self, case_id: Id) -> Vec<String> {
        let view = wait(self.casework.case_view(&centre("leader"), case_id)).unwrap();
        view.timeline.into_iter().map(|entry| entry.kind).collect()
    }
}

#[track_caller]
fn answered(answer: &Answer) -> &Value {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    &answer.body
}

#[test]
fn a_case_is_urged_marked_raised_taken_back_and_cancelled() {
    each_town(|town, _| {
        let case = town.create().case.unwrap();
        town.file(case.id);
        let state = town.dispatch(case.id);
        let dispatcher = centre("dispatcher");
        let path = |step: &str| format!("/api/v1/cases/{}/{step}", case.id);
        answered(&town.post(
            &dispatcher,
            &path("urge"),
            &json!({"note": "请尽快，13812341234"}),
        ));
        answered(&town.post(&dispatcher, &path("mark"), &json!({"important": true})));
        answered(&town.post(&dispatcher, &path("level"), &json!({"level": "urgent"})));
        let back = town.post(&dispatcher, &path("recall"), &json!({}));
        assert_eq!(answered(&back)["stage"], "filed");
        let handler = person(ROADS, "handler", None);
        let gone = town.post(
            &handler,
            &format!("/api/v1/tasks/{}/accept", state.tasks[0].id),
            &json!({}),
        );
        assert_eq!(gone.body["code"], "case_wrong_stage");
        let again = town.dispatch(case.id);
        assert_eq!(again.tasks[0].state, TaskState::Revoked);
        let view = wait(town.casework.case_view(&centre("leader"), case.id)).unwrap();
        assert_eq!(
            (view.head.level, view.overlays.important),
            (Level::Urgent, true)
        );
        let urged = view
            .timeline
            .iter()
            .find(|entry| entry.kind == "case_urged");
        let note = urged.and_then(|entry| entry.note.as_deref());
        assert_eq!(note, Some("请尽快，138****1234"));
        town.verify();

        let leader = centre("shift_leader");
        let done = town.post(&leader, &path("cancel"), &json!({"reason": "重复"}));
        assert_eq!(answered(&done)["stage"], "cancelled");
        let refused = town.post(&leader, &path("urge"), &json!({}));
        assert_eq!(refused.body["code"], "case_wrong_stage");
        town.clock.advance_seconds(30 * 86_400);
        town.fire_all();
        assert!(!town.kinds(case.id).contains(&"task_overdue".to_owned()));
        town.verify();
    });
}

#[test]
fn a_task_is_extended_and_suspended_and_its_clock_runs_on_at_the_date() {
    each_town(|town, _| {
        let state = town.working();
        let lead = state.tasks[0].id;
        let path = |step: &str| format!("/api/v1/tasks/{lead}/{step}");
        let (dispatcher, leader) = (centre("dispatcher"), centre("shift_leader"));
        let due = |town: &Town| {
            let view = wait(town.casework.case_view(&leader, state.id)).unwrap();
            assert_eq!(view.head.clock, Some(view.tasks[0].handling));
            view.tasks[0].handling.due_at
        };
        // Filed by a row of two urgent hours, dispatched on Friday at nine.
        assert_eq!(due(town), morning().plus_seconds(2 * 3_600));
        answered(&town.post(
            &clerk(ROADS),
            &path("extension"),
            &json!({"limit": "1工作时", "reason": "等配件"}),
        ));
        answered(&town.post(
            &dispatcher,
            &path("extension/decide"),
            &json!({"approved": true}),
        ));
        assert_eq!(due(town), morning().plus_seconds(3 * 3_600));

        town.clock.advance_seconds(3_600);
        let until = "2026-11-23T10:00:00+08:00";
        answered(&town.post(
            &clerk(ROADS),
            &path("suspension"),
            &json!({"until": until, "reason": "待产权单位"}),
        ));
        assert_eq!(
            due(town),
            morning().plus_seconds(3 * 3_600),
            "an application stops nothing"
        );
        answered(&town.post(
            &leader,
            &path("suspension/decide"),
            &json!({"approved": true}),
        ));
        let until = until.parse::<base::Timestamp>().unwrap();
        assert_eq!(due(town), until.plus_seconds(2 * 3_600));
        // The whole weekend passes with nothing overdue; at the date the suspension is over by itself.
        town.clock.set(until);
        town.fire_all();
        let kinds = town.kinds(state.id);
        assert_eq!(kinds.last().map(String::as_str), Some("suspension_ended"));
        let overdue =
            |kinds: &[String]| kinds.iter().filter(|kind| *kind == "task_overdue").count();
        assert_eq!(overdue(&kinds), 1, "the co-handler's, whose clock ran");
        town.clock.set(until.plus_seconds(2 * 3_600 + 1));
        town.fire_all();
        town.fire_all();
        assert_eq!(overdue(&town.kinds(state.id)), 2, "each once");
        town.verify();
    });
}

#[test]
fn what_fell_due_in_an_outage_is_recorded_once_in_order_and_marked_late() {
    each_town(|town, _| {
        let case_id = town.create().case.unwrap().id;
        let state = town.working();
        town.clock.advance_seconds(10 * 86_400);
        town.fire_all();
        let view = wait(town.casework.case_view(&centre("leader"), case_id)).unwrap();
        let last: Vec<_> = view
            .timeline
            .iter()
            .map(|entry| entry.kind.as_str())
            .collect();
        assert_eq!(last, ["case_accepted", "stage_overdue", "clock_escalated"]);
        assert_eq!(fact(&view.timeline[1])["late"], true);
        assert_eq!(
            view.timeline[1].occurred_at,
            morning().plus_seconds(30 * 60)
        );
        assert!(view.milestones[0].overdue);
        let kinds = town.kinds(state.id);
        let count = |wanted: &str| kinds.iter().filter(|kind| *kind == wanted).count();
        assert_eq!((count("task_overdue"), count("clock_escalated")), (2, 8));
        assert_eq!(town.fire(), 0);
        town.verify();
    });
}

#[test]
fn a_supervised_case_is_answered_by_its_holder_and_shown_to_who_supervises() {
    each_town(|town, _| {
        let state = town.working();
        let path = |step: &str| format!("/api/v1/cases/{}/{step}", state.id);
        let leader = centre("leader");
        let body = json!({"demand": "今日办结", "due_at": "2026-11-20T18:00:00+08:00"});
        answered(&town.post(&leader, &path("supervise"), &body));
        let reply = json!({"reply": "正在抢修"});
        let other = town.post(&clerk(WATER), &path("supervision/reply"), &reply);
        assert_eq!(other.status, StatusCode::FORBIDDEN);
        answered(&town.post(&clerk(ROADS), &path("supervision/reply"), &reply));
        let view = wait(town.casework.case_view(&leader, state.id)).unwrap();
        let supervision = view.overlays.supervision.unwrap();
        assert!(view.overlays.supervised && supervision.replied_at.is_some());
        let step = view
            .milestones
            .iter()
            .find(|each| each.step == "supervision_reply");
        assert!(step.unwrap().actual_at.is_some());
        answered(&town.post(&leader, &path("supervision/end"), &json!({})));
        town.verify();
    });
}

#[test]
fn a_late_closed_case_is_appealed_excluded_and_opened_again() {
    each_town(|town, _| {
        let state = town.working();
        town.clock.advance_seconds(3 * 3_600);
        town.fire_all();
        town.finish(WATER, state.tasks[1].id);
        town.finish(ROADS, state.tasks[0].id);
        town.inspect(state.id, vec![]);
        town.close(state.id);
        let path = |step: &str| format!("/api/v1/cases/{}/{step}", state.id);
        let appeal = format!("/api/v1/tasks/{}/appeal", state.tasks[0].id);
        answered(&town.post(&clerk(ROADS), &appeal, &json!({"reason": "暴雨"})));
        for role in ["dispatcher", "intake_clerk"] {
            answered(&town.post(
                &centre(role),
                &path("appeal/review"),
                &json!({"approved": true}),
            ));
        }
        answered(&town.post(
            &centre("dispatcher"),
            &path("exclude"),
            &json!({"reason": "超出范围"}),
        ));
        answered(&town.post(
            &centre("shift_leader"),
            &path("exclusion/decide"),
            &json!({"approved": true}),
        ));
        let view = wait(town.casework.case_view(&centre("leader"), state.id)).unwrap();
        assert!(view.overlays.excluded && view.tasks[0].overlays.exempt);
        assert!(view.tasks[0].handling_overdue, "the raw fact stays");
        let again = town.post(
            &centre("shift_leader"),
            &path("reopen"),
            &json!({"reason": "又坏了"}),
        );
        assert_eq!(answered(&again)["stage"], "handling");
        town.finish(ROADS, state.tasks[0].id);
        town.inspect(state.id, vec![]);
        assert_eq!(town.close(state.id).stage, CaseStage::Closed);
        town.verify();
    });
}

#[test]
fn who_handles_does_not_learn_who_reported_once_a_desk_hid_it() {
    each_town(|town, _| {
        let created = town.create();
        let case_id = created.case.unwrap().id;
        town.file(case_id);
        town.dispatch(case_id);
        let shown = |town: &Town| {
            let view = wait(town.casework.report_view(&clerk(ROADS), created.report.id)).unwrap();
            view.reporter.is_some()
        };
        assert!(shown(town));
        let by = call(&centre("intake_clerk"));
        for hidden in [true, false] {
            let request = CaseHideReporterRequest { hidden };
            wait(town.casework.case_hide_reporter(&by, case_id, request)).unwrap();
            assert_eq!(shown(town), !hidden);
        }
    });
}

/// Every command with a body that is fit, its path, and who may give it.
fn commands() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    let ahead = "2026-11-25T10:00:00+08:00";
    vec![
        ("cases", "urge", "shift_leader", json!({"note": "快"})),
        ("cases", "mark", "shift_leader", json!({"important": true})),
        (
            "cases",
            "hide-reporter",
            "shift_leader",
            json!({"hidden": true}),
        ),
        (
            "cases",
            "level",
            "shift_leader",
            json!({"level": "critical"}),
        ),
        ("cases", "recall", "dispatcher", json!({})),
        ("cases", "cancel", "shift_leader", json!({"reason": "重复"})),
        ("cases", "supervise", "leader", json!({"demand": "办结"})),
        (
            "cases",
            "supervision/reply",
            "shift_leader",
            json!({"reply": "好"}),
        ),
        ("cases", "supervision/end", "shift_leader", json!({})),
        ("cases", "reopen", "shift_leader", json!({"reason": "又坏"})),
        (
            "cases",
            "exclude",
            "dispatcher",
            json!({"reason": "超范围"}),
        ),
        (
            "cases",
            "exclusion/decide",
            "shift_leader",
            json!({"approved": true}),
        ),
        (
            "cases",
            "appeal/review",
            "dispatcher",
            json!({"approved": true}),
        ),
        (
            "cases",
            "deadline",
            "shift_leader",
            json!({"due_at": ahead}),
        ),
        (
            "cases",
            "mode",
            "shift_leader",
            json!({"mode": "emergency"}),
        ),
        (
            "tasks",
            "extension",
            "department_clerk",
            json!({"reason": "等配件"}),
        ),
        (
            "tasks",
            "extension/decide",
            "dispatcher",
            json!({"approved": true}),
        ),
        (
            "tasks",
            "suspension",
            "department_clerk",
            json!({"until": ahead, "reason": "待产权"}),
        ),
        (
            "tasks",
            "suspension/decide",
            "shift_leader",
            json!({"approved": true}),
        ),
        ("tasks", "suspension/end", "shift_leader", json!({})),
        (
            "tasks",
            "appeal",
            "department_clerk",
            json!({"reason": "暴雨"}),
        ),
    ]
}

#[test]
fn bad_input_of_every_command_has_a_clear_answer() {
    each_town(|town, _| {
        let state = town.working();
        let ids = [("cases", state.id), ("tasks", state.tasks[0].id)];
        for (kind, step, role, fit) in commands() {
            let who = |role: &str| match role {
                "department_clerk" => clerk(ROADS),
                role => centre(role),
            };
            let id = ids.iter().find(|(each, _)| *each == kind).unwrap().1;
            let path = format!("/api/v1/{kind}/{id}/{step}");
            let told = |answer: &Answer| {
                let code = answer.body["code"].as_str().map(str::to_owned);
                (answer.status.as_u16(), code.unwrap_or_default())
            };
            let invalid = (422, "invalid_input".to_owned());
            // Unknown fields.
            let mut odd = fit.clone();
            odd["colour"] = json!(1);
            assert_eq!(
                told(&town.post(&who(role), &path, &odd)),
                invalid,
                "{step}: unknown field"
            );
            for (field, value) in fit.as_object().unwrap() {
                // Wrong type.
                let mut odd = fit.clone();
                odd[field] = json!({"a": []});
                assert_eq!(
                    told(&town.post(&who(role), &path, &odd)),
                    invalid,
                    "{step}: {field}"
                );
                // Missing and blank, where something must be said.
                let required = !["note", "mode"].contains(&field.as_str());
                if required {
                    let mut odd = fit.clone();
                    odd.as_object_mut().unwrap().remove(field);
                    assert_eq!(
                        told(&town.post(&who(role), &path, &odd)),
                        invalid,
                        "{step}: no {field}"
                    );
                }
                if required && value.is_string() {
                    let mut odd = fit.clone();
                    odd[field] = json!("  ");
                    assert_eq!(
                        told(&town.post(&who(role), &path, &odd)),
                        invalid,
                        "{step}: blank {field}"
                    );
                }
                if value.is_string() {
                    let mut odd = fit.clone();
                    odd[field] = json!("长".repeat(100_000));
                    let (status, _) = told(&town.post(&who(role), &path, &odd));
                    assert!(
                        [409, 422].contains(&status),
                        "{step}: long {field}: {status}"
                    );
                }
            }
            // Foreign: no such thing, and somebody whose role may not.
            let nowhere = format!("/api/v1/{kind}/5/{step}");
            assert_eq!(
                told(&town.post(&who(role), &nowhere, &fit)).0,
                404,
                "{step}: unknown id"
            );
            let stranger = person(Id(900), "handler", None);
            let (status, _) = told(&town.post(&stranger, &path, &fit));
            assert!([403, 404].contains(&status), "{step}: stranger {status}");
            let auditor = town.post(&person(ROADS, "handler", None), &path, &fit);
            assert_eq!(told(&auditor).0, 403, "{step}: handler");
        }
        assert_eq!(
            town.kinds(state.id).len(),
            5,
            "nothing of it changed anything"
        );
        town.verify();
    });
}

#[test]
fn a_command_repeated_with_its_key_has_no_second_effect() {
    each_town(|town, _| {
        let state = town.working();
        let mut by = call(&centre("dispatcher"));
        by.idempotency_key = Some("urge-1".to_owned());
        let urge = || CaseUrgeRequest {
            note: Some("快".to_owned()),
        };
        let first = wait(town.casework.case_urge(&by, state.id, urge())).unwrap();
        let second = wait(town.casework.case_urge(&by, state.id, urge())).unwrap();
        assert_eq!(first, second);
        by.idempotency_key = None;
        by.expected_version = Some(1);
        let problem: Problem = wait(town.casework.case_urge(&by, state.id, urge()))
            .unwrap_err()
            .into();
        assert_eq!(problem.code, "version_mismatch");
    });
}
