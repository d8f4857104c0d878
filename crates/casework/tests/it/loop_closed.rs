//! The closed loop through the service, on both engines.

use crate::town::*;
use base::{FailureKind, Id, Problem};
use casework::input::*;
use casework::model::{CaseStage, ReportStage, TaskKind, TaskState};
use casework::{Call, CaseworkError};
use std::sync::Arc;
use store::outbox;
use store::testing::assert_every_statement_prepares;

fn refusal(result: Result<impl Sized, CaseworkError>) -> Problem {
    match result {
        Ok(_) => panic!("it is refused"),
        Err(error) => error.into(),
    }
}

#[test]
fn every_statement_prepares_on_both_engines() {
    assert_every_statement_prepares(&[casework::ROOM]);
}

#[test]
fn a_report_goes_through_the_whole_loop_and_is_settled() {
    each_town(|town, _| {
        let created = town.create();
        assert_eq!(created.report.report_no, "SQ310118-20261120-00001");
        assert_eq!(created.report.stage, ReportStage::Accepted);
        let case = created.case.unwrap();
        assert_eq!(case.case_no, "310118-20261120-00001");
        assert_eq!(case.clock.unwrap().due_at, morning().plus_seconds(30 * 60));

        let state = town.handle(case.id);
        assert_eq!(state.stage, CaseStage::Inspecting);
        let inspection = state.tasks.last().unwrap();
        assert_eq!(
            (inspection.kind, inspection.organisation_id),
            (TaskKind::Inspect, CENTRE)
        );
        let co = state.tasks[1].id;
        let state = town.inspect(case.id, vec![co]);
        assert_eq!(state.stage, CaseStage::Handling);
        assert_eq!(state.tasks[0].state, TaskState::Accepted);
        town.finish(WATER, co);
        town.finish(ROADS, state.tasks[0].id);
        assert_eq!(town.inspect(case.id, vec![]).stage, CaseStage::Closing);
        let closed = town.close(case.id);
        assert_eq!((closed.stage, closed.clock), (CaseStage::Closed, None));

        let report = wait(
            town.casework
                .report_view(&centre("intake_clerk"), created.report.id),
        )
        .unwrap();
        assert_eq!(report.head.stage, ReportStage::Settled);
        let kinds: Vec<_> = report
            .timeline
            .iter()
            .map(|entry| entry.kind.as_str())
            .collect();
        assert_eq!(
            kinds,
            [
                "report_received",
                "report_accepted",
                "report_case_closed",
                "report_settled"
            ]
        );
        town.verify();
    });
}

#[test]
fn a_detail_shows_words_masked_tasks_milestones_and_the_timeline() {
    each_town(|town, _| {
        let case_id = town.create().case.unwrap().id;
        town.handle(case_id);
        let view = wait(town.casework.case_view(&centre("leader"), case_id)).unwrap();
        assert_eq!(view.head.title.as_deref(), Some("井盖缺失"));
        assert_eq!(
            view.detail.as_deref(),
            Some("路口井盖没了，请联系我 138****1234")
        );
        assert_eq!(
            view.tasks[0].result.as_deref(),
            Some("已更换井盖，电话 139****1111")
        );
        assert_eq!(view.rule.unwrap().limit, "2紧急工作时");
        assert_eq!(view.stage_name, "待核查");
        // Who, in which role, for whom.
        let by = |kind: &str| {
            let entry = view.timeline.iter().find(|entry| entry.kind == kind);
            let by = entry.unwrap().by.as_ref().unwrap();
            (by.staff_id, by.role.clone(), by.organisation.id.clone())
        };
        for (kind, who, role) in [
            ("case_accepted", centre("intake_clerk"), "intake_clerk"),
            ("case_filed", centre("shift_leader"), "shift_leader"),
            ("case_dispatched", centre("dispatcher"), "dispatcher"),
        ] {
            assert_eq!(
                by(kind),
                (who.staff_id, role.to_owned(), CENTRE.to_string())
            );
        }
        let seqs: Vec<i64> = view.timeline.iter().map(|entry| entry.seq).collect();
        assert_eq!(seqs, (1..=view.head.version).collect::<Vec<_>>());
        let steps: Vec<_> = view
            .milestones
            .iter()
            .map(|each| {
                (
                    each.step,
                    each.planned_at.is_some(),
                    each.actual_at.is_some(),
                )
            })
            .collect();
        assert_eq!(
            steps,
            [
                ("case_file", true, true),
                ("case_dispatch", true, true),
                ("task_accept", true, true),
                ("task_finish", true, true),
                ("task_accept", true, true),
                ("task_finish", true, true),
                ("case_inspect_result", true, false),
                ("case_close", false, false)
            ]
        );
    });
}

#[test]
fn personal_data_are_masked_until_unmasked_and_never_stored_in_the_clear() {
    each_town(|town, _| {
        let id = town.create().report.id;
        let clerk = centre("intake_clerk");
        let masked = wait(town.casework.report_view(&clerk, id)).unwrap();
        let reporter = masked.reporter.unwrap();
        assert_eq!(reporter.name.as_deref(), Some("王*"));
        assert_eq!(reporter.phone.as_deref(), Some("138****1234"));
        let request = ReportUnmaskRequest {
            reason: UnmaskReason::Callback,
        };
        let plain = wait(
            town.casework
                .report_unmask(&call(&clerk), id, request.clone()),
        )
        .unwrap();
        assert_eq!(
            plain.reporter.unwrap().phone.as_deref(),
            Some("138-1234-1234")
        );
        assert_eq!(
            refusal(wait(town.casework.report_unmask(
                &call(&centre("leader")),
                id,
                request
            )))
            .kind,
            FailureKind::Forbidden
        );
        let found = wait(town.casework.report_search(&clerk, "+86 13812341234")).unwrap();
        assert_eq!(found.items[0].id, id);
        let told: Vec<String> = town
            .casework
            .store()
            .read_blocking(move |tx| {
                Ok::<_, store::StoreError>(
                    outbox::after(tx, 0, 100)?
                        .into_iter()
                        .map(|e| e.body)
                        .collect(),
                )
            })
            .unwrap();
        for text in told {
            assert!(
                !text.contains("王") && !text.contains("1381234") && !text.contains("井盖"),
                "{text}"
            );
        }
    });
}

#[test]
fn who_handles_does_not_learn_who_a_hidden_reporter_is() {
    each_town(|town, _| {
        for hidden in [false, true] {
            let mut request = report_request();
            request.reporter.as_mut().unwrap().hidden = hidden;
            let by = call(&centre("intake_clerk"));
            let created = wait(town.casework.report_create(&by, request)).unwrap();
            let case_id = created.case.unwrap().id;
            town.file(case_id);
            town.dispatch(case_id);
            let id = created.report.id;
            let handler = person(ROADS, "department_clerk", None);
            let view = wait(town.casework.report_view(&handler, id)).unwrap();
            assert_eq!(view.reporter.is_none(), hidden);
            let reason = ReportUnmaskRequest {
                reason: UnmaskReason::Contact,
            };
            let unmasked = wait(town.casework.report_unmask(&call(&handler), id, reason));
            if hidden {
                assert_eq!(refusal(unmasked).kind, FailureKind::Forbidden);
            } else {
                assert!(unmasked.unwrap().reporter.is_some());
            }
            let clerk = wait(town.casework.report_view(&centre("intake_clerk"), id)).unwrap();
            assert!(clerk.reporter.is_some(), "who received it may know");
        }
    });
}

#[test]
fn one_idempotency_key_has_one_effect_and_the_same_answer() {
    each_town(|town, _| {
        let keyed = |key: &str| Call {
            idempotency_key: Some(key.to_owned()),
            ..call(&centre("intake_clerk"))
        };
        let first = wait(town.casework.report_create(&keyed("k1"), report_request())).unwrap();
        let again = wait(town.casework.report_create(&keyed("k1"), report_request())).unwrap();
        assert_eq!(first, again);
        let other = wait(town.casework.report_create(&keyed("k2"), report_request())).unwrap();
        assert_ne!(first.report.id, other.report.id);
        let changed = ReportCreateRequest {
            title: "别的".to_owned(),
            ..report_request()
        };
        let problem = refusal(wait(town.casework.report_create(&keyed("k1"), changed)));
        assert_eq!(
            (problem.kind, problem.code),
            (FailureKind::Invalid, "idempotency_key_reused")
        );
        let verified = town.casework.verify().unwrap();
        assert_eq!((verified.reports, verified.cases), (2, 2));
    });
}

#[test]
fn an_external_key_is_taken_once() {
    each_town(|town, _| {
        let request = || ReportCreateRequest {
            external: Some(ExternalRequest {
                system: "12345".to_owned(),
                id: "A-1".to_owned(),
            }),
            ..report_request()
        };
        let by = call(&centre("intake_clerk"));
        let first = wait(town.casework.report_create(&by, request())).unwrap();
        let problem = refusal(wait(town.casework.report_create(&by, request())));
        assert_eq!(problem.code, "report_exists");
        assert_eq!(problem.current.unwrap()["id"], first.report.id.to_string());
    });
}

#[test]
fn a_received_report_is_accepted_with_words_and_place_of_its_own_case() {
    each_town(|town, _| {
        let request = ReportCreateRequest {
            open_case: None,
            ..report_request()
        };
        let by = call(&centre("intake_clerk"));
        let report = wait(town.casework.report_create(&by, request))
            .unwrap()
            .report;
        assert_eq!(report.stage, ReportStage::Received);
        let accept = ReportAcceptRequest {
            open_cases: vec![CaseOpenRequest {
                category_id: Some(FREE_CATEGORY),
                title: Some("更换井盖".to_owned()),
                place: Some(PlaceRequest {
                    area_code: Some("310118002".to_owned()),
                    ..PlaceRequest::default()
                }),
                ..CaseOpenRequest::default()
            }],
            join_case_ids: vec![],
        };
        let wrong_version = Call {
            expected_version: Some(9),
            ..by.clone()
        };
        let problem = refusal(wait(town.casework.report_accept(
            &wrong_version,
            report.id,
            accept.clone(),
        )));
        assert_eq!(
            (problem.kind, problem.code),
            (FailureKind::Conflict, "version_mismatch")
        );
        let case = wait(town.casework.report_accept(&by, report.id, accept.clone()))
            .unwrap()
            .opened
            .remove(0);
        let view = wait(town.casework.case_view(&centre("leader"), case.id)).unwrap();
        assert_eq!(view.head.title.as_deref(), Some("更换井盖"));
        assert_eq!(view.head.area.unwrap().id, street(2).to_string());
        assert_eq!(
            view.detail.as_deref(),
            Some("路口井盖没了，请联系我 138****1234")
        );
        // What was reported stays as it was told.
        let told = wait(
            town.casework
                .report_view(&centre("intake_clerk"), report.id),
        )
        .unwrap();
        assert_eq!(told.head.title.as_deref(), Some("井盖缺失"));
        assert_eq!(told.head.area.unwrap().id, street(1).to_string());
        let problem = refusal(wait(town.casework.report_accept(&by, report.id, accept)));
        assert_eq!(
            (problem.kind, problem.code),
            (FailureKind::Refused, "report_wrong_stage")
        );
        // No rule rows: filing and closing cite none.
        let file = wait(town.casework.case_file(
            &call(&centre("shift_leader")),
            case.id,
            CaseFileRequest::default(),
        ));
        assert_eq!(file.unwrap().stage, CaseStage::Filed);
        town.dispatch(case.id);
        for task in wait(town.casework.case_view(&centre("leader"), case.id))
            .unwrap()
            .tasks
            .iter()
            .rev()
        {
            let holder = task.organisation.id.parse().unwrap();
            town.accept(holder, task.id);
            town.finish(holder, task.id);
        }
        town.inspect(case.id, vec![]);
        let close = CaseCloseRequest::default();
        let closed = wait(
            town.casework
                .case_close(&call(&centre("shift_leader")), case.id, close),
        );
        assert_eq!(closed.unwrap().stage, CaseStage::Closed);
        town.verify();
    });
}

#[test]
fn a_refusal_names_the_rule_and_carries_the_present_state() {
    each_town(|town, _| {
        let case_id = town.create().case.unwrap().id;
        let leader = call(&centre("shift_leader"));
        let problem = refusal(wait(town.casework.case_file(
            &leader,
            case_id,
            CaseFileRequest::default(),
        )));
        assert_eq!(
            (problem.kind, problem.code),
            (FailureKind::Refused, "rule_row_required")
        );
        assert_eq!(problem.current.unwrap()["stage"], "accepted");
        town.file(case_id);
        let problem = refusal(wait(town.casework.case_close(
            &leader,
            case_id,
            CaseCloseRequest::default(),
        )));
        assert_eq!(problem.code, "case_wrong_stage");
        let request = CaseDispatchRequest {
            lead_organisation_id: Id(1),
            co_organisation_ids: vec![WATER, Id(2)],
        };
        let problem = refusal(wait(town.casework.case_dispatch(
            &call(&centre("dispatcher")),
            case_id,
            request,
        )));
        let fields: Vec<_> = problem
            .fields
            .iter()
            .map(|each| each.field.as_str())
            .collect();
        assert_eq!(fields, ["lead_organisation_id", "co_organisation_ids[1]"]);
        town.verify();
    });
}

#[test]
fn every_wrong_field_of_a_report_is_named_at_once() {
    each_town(|town, _| {
        let request = ReportCreateRequest {
            source: "rumour".to_owned(),
            title: " ".to_owned(),
            detail: "字".repeat(10_001),
            place: PlaceRequest {
                lon: Some(31.0),
                lat: Some(121.0),
                area_code: Some("999999".to_owned()),
                ..PlaceRequest::default()
            },
            reporter: Some(ReporterRequest {
                name: None,
                phone: Some("12".to_owned()),
                hidden: false,
            }),
            occurred_at: Some(morning().plus_seconds(1)),
            ..report_request()
        };
        let problem = refusal(wait(
            town.casework
                .report_create(&call(&centre("intake_clerk")), request),
        ));
        let mut fields: Vec<_> = problem
            .fields
            .iter()
            .map(|each| each.field.as_str())
            .collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            [
                "detail",
                "occurred_at",
                "place.area_code",
                "place.lon",
                "reporter.phone",
                "source",
                "title"
            ]
        );
    });
}

#[test]
fn a_case_is_seen_by_who_has_to_do_with_it_and_secret_to_others() {
    each_town(|town, _| {
        let case_id = town.create().case.unwrap().id;
        let roads = person(ROADS, "department_clerk", None);
        let far = person(Id(555), "leader", Some(street(2)));
        let near = person(Id(555), "leader", Some(street(1)));
        let sees =
            |who: &Arc<access::Principal>| wait(town.casework.case_view(who, case_id)).is_ok();
        assert!(!sees(&roads) && !sees(&far) && sees(&near));
        assert_eq!(
            refusal(wait(town.casework.case_view(&roads, case_id))).kind,
            FailureKind::NotFound
        );
        town.file(case_id);
        let state = town.dispatch(case_id);
        assert!(sees(&roads) && !sees(&far));
        // Commands: secret where unseen, forbidden where seen.
        let task = state.tasks[1].id;
        let accept = |who: &Arc<access::Principal>| {
            refusal(wait(town.casework.task_accept(
                &call(who),
                task,
                TaskAcceptRequest::default(),
            )))
            .kind
        };
        let unseen = |task: Id| {
            let by = call(&person(Id(555), "handler", None));
            refusal(wait(town.casework.task_accept(
                &by,
                task,
                TaskAcceptRequest::default(),
            )))
        };
        assert_eq!(
            unseen(task),
            unseen(Id(5)),
            "what is secret looks like what is not there"
        );
        assert_eq!(unseen(task).kind, FailureKind::NotFound);
        assert_eq!(
            accept(&person(ROADS, "handler", None)),
            FailureKind::Forbidden
        );
        assert_eq!(accept(&near), FailureKind::Forbidden);
        let report_id = wait(town.casework.case_view(&near, case_id))
            .unwrap()
            .report_ids[0];
        assert!(
            wait(town.casework.report_view(&roads, report_id)).is_ok(),
            "who handles reads the report"
        );
        assert_eq!(
            refusal(wait(town.casework.report_view(&far, report_id))).kind,
            FailureKind::NotFound
        );
    });
}

#[test]
fn a_clock_that_runs_out_is_recorded_once_even_after_an_outage() {
    each_town(|town, _| {
        let case_id = town.create().case.unwrap().id;
        town.file(case_id);
        let state = town.dispatch(case_id);
        let (lead, co) = (state.tasks[0].id, state.tasks[1].id);
        town.accept(ROADS, lead);
        assert_eq!(town.fire(), 0, "nothing is due yet");
        town.clock.advance_seconds(3_600 + 1);
        assert_eq!(
            town.fire(),
            3,
            "the stage's clock and one of the two response clocks were stopped"
        );
        let overdue = |town: &Town| {
            let view = wait(town.casework.case_view(&centre("leader"), case_id)).unwrap();
            view.timeline
                .iter()
                .filter(|entry| entry.kind == "task_overdue")
                .map(|entry| {
                    let fact = fact(entry);
                    (
                        fact["task_id"].as_str().unwrap().to_owned(),
                        fact["clock"].as_str().unwrap().to_owned(),
                        fact["late"].as_bool().unwrap(),
                    )
                })
                .collect::<Vec<_>>()
        };
        let response = (co.to_string(), "response".to_owned(), false);
        assert_eq!(overdue(town), std::slice::from_ref(&response));
        // The platform is down over the handling limit of two hours.
        town.clock.advance_seconds(6 * 3_600);
        assert_eq!(town.fire(), 2);
        assert_eq!(town.fire(), 0, "once");
        let mut all = overdue(town);
        all.sort();
        let mut expected = vec![
            response,
            (lead.to_string(), "handling".to_owned(), true),
            (co.to_string(), "handling".to_owned(), true),
        ];
        expected.sort();
        assert_eq!(all, expected);
        town.verify();
    });
}
