//! Reporters are called back, rate, and have it done again.

use crate::town::*;
use access::Principal;
use base::{FailureKind, Id, Problem};
use casework::Call;
use casework::input::*;
use casework::model::{CaseStage, ReportStage, Satisfaction, TaskKind, TaskState};
use casework::service::TaskQuery;
use casework::view::{ReportCreatedView, ReportStateView, ReportView};
use std::sync::Arc;

fn each_calling_town(test: impl Fn(&Town)) {
    let built_in = include_str!("../../processes/city-management.toml");
    let document = format!("{built_in}{CALLBACK}");
    each_town_with(&[&document], |town, _| test(town));
}

/// Until its reporter is to be called.
fn completed(town: &Town) -> ReportCreatedView {
    let created = town.create();
    town.complete(created.case.as_ref().unwrap().id);
    created
}

fn view(town: &Town, report: Id) -> ReportView {
    wait(town.casework.report_view(&centre("leader"), report)).unwrap()
}

fn said(solved: bool, satisfaction: Satisfaction) -> ReportCallbackRequest {
    ReportCallbackRequest {
        reached: true,
        solved: Some(solved),
        satisfaction: Some(satisfaction),
        words: Some("还漏水，请打 13812341234".to_owned()),
        redo: None,
        occurred_at: None,
    }
}

fn unreached() -> ReportCallbackRequest {
    ReportCallbackRequest {
        reached: false,
        solved: None,
        satisfaction: None,
        words: None,
        redo: None,
        occurred_at: None,
    }
}

fn called(
    town: &Town,
    report: Id,
    request: ReportCallbackRequest,
) -> Result<ReportStateView, casework::CaseworkError> {
    let by = call(&centre("intake_clerk"));
    wait(town.casework.report_callback(&by, report, request))
}

fn again(case_id: Id) -> ReportCallbackRequest {
    ReportCallbackRequest {
        redo: Some(RedoRequest {
            reopen_case_id: Some(case_id),
            open_case: None,
        }),
        ..said(false, Satisfaction::VeryDissatisfied)
    }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(
    outcome: Result<T, casework::CaseworkError>,
    kind: FailureKind,
    code: &str,
) -> Problem {
    let problem: Problem = outcome.unwrap_err().into();
    assert_eq!((problem.kind, problem.code), (kind, code));
    problem
}

#[test]
fn a_reporter_is_called_back_as_a_task_of_who_received_the_report() {
    each_calling_town(|town| {
        let created = completed(town);
        let report = created.report.id;
        let seen = view(town, report);
        assert_eq!(seen.head.stage, ReportStage::CallingBack);
        let query = TaskQuery {
            kind: Some(TaskKind::Callback),
            ..TaskQuery::default()
        };
        let tasks = wait(
            town.casework
                .task_list(&centre("intake_clerk"), query.clone()),
        )
        .unwrap();
        let task = &tasks.items[0];
        assert_eq!(tasks.items.len(), 1);
        assert_eq!((task.report_id, task.case_id), (Some(report), None));
        assert_eq!(task.report_no.as_ref(), Some(&created.report.report_no));
        assert_eq!(task.title.as_deref(), Some("井盖缺失"));
        assert_eq!(task.task.state, TaskState::Assigned);
        assert_eq!(
            Some(task.task.id),
            seen.callback.map(|callback| callback.task_id)
        );
        let elsewhere = person(ROADS, "handler", None);
        let none = wait(town.casework.task_list(&elsewhere, query)).unwrap();
        assert!(none.items.is_empty());

        let request = said(true, Satisfaction::FairlySatisfied);
        let keyed = Call {
            idempotency_key: Some("call".to_owned()),
            ..call(&centre("intake_clerk"))
        };
        let settled = wait(
            town.casework
                .report_callback(&keyed, report, request.clone()),
        )
        .unwrap();
        assert_eq!(settled.stage, ReportStage::Settled);
        assert_eq!(
            settled,
            wait(town.casework.report_callback(&keyed, report, request)).unwrap()
        );
        let seen = view(town, report);
        let said = seen.called_back.unwrap();
        assert!(said.solved);
        assert_eq!(said.words.as_deref(), Some("还漏水，请打 138****1234"));
        assert_eq!(seen.callback.unwrap().state, TaskState::Finished);
        town.verify();
    });
}

#[test]
fn whoever_is_not_reached_often_enough_is_settled() {
    each_calling_town(|town| {
        let report = completed(town).report.id;
        assert_eq!(
            called(town, report, unreached()).unwrap().stage,
            ReportStage::CallingBack
        );
        assert_eq!(
            called(town, report, unreached()).unwrap().stage,
            ReportStage::Settled
        );
        let seen = view(town, report);
        assert_eq!(
            (seen.callback.unwrap().attempts, seen.called_back),
            (2, None)
        );
        refused(
            called(town, report, unreached()),
            FailureKind::Refused,
            "report_wrong_stage",
        );
        town.verify();
    });
}

#[test]
fn what_is_not_solved_is_done_again_by_the_same_and_counted_apart_from_rework() {
    each_calling_town(|town| {
        let created = town.create();
        let (report, case_id) = (created.report.id, created.case.unwrap().id);
        // Another told of the same, and was content.
        let other = town.receive().id;
        let request = ReportAcceptRequest {
            open_cases: vec![],
            join_case_ids: vec![case_id],
        };
        let clerk = call(&centre("intake_clerk"));
        wait(town.casework.report_accept(&clerk, other, request)).unwrap();
        town.complete(case_id);
        called(town, other, said(true, Satisfaction::VerySatisfied)).unwrap();
        town.clock.advance_seconds(3_600);

        let state = called(town, report, again(case_id)).unwrap();
        assert_eq!(state.stage, ReportStage::Accepted);
        let case = wait(town.casework.case_view(&centre("leader"), case_id)).unwrap();
        assert_eq!(
            (case.head.stage, case.head.rework_count),
            (CaseStage::Handling, 0)
        );
        assert_eq!(case.timeline.last().unwrap().kind, "case_redone");
        assert_eq!(
            view(town, other).head.stage,
            ReportStage::Accepted,
            "it is told again"
        );
        town.verify();

        town.finish(ROADS, case.tasks[0].id);
        town.inspect(case_id, vec![]);
        town.close(case_id);
        assert_eq!(
            view(town, other).head.stage,
            ReportStage::Settled,
            "and not asked again"
        );
        let seen = view(town, report);
        assert_eq!(
            (seen.head.stage, seen.redo_count),
            (ReportStage::CallingBack, 1)
        );
        refused(
            called(town, report, again(case_id)),
            FailureKind::Refused,
            "redo_limit_reached",
        );
        let last = called(town, report, said(false, Satisfaction::Dissatisfied)).unwrap();
        assert_eq!(last.stage, ReportStage::Settled);
        // Planned and actual of every round.
        let seen = view(town, report);
        let steps: Vec<_> = (seen.milestones.iter())
            .map(|each| (each.step, each.actual_at.is_some(), each.overdue))
            .collect();
        let called = ("report_callback", true, false);
        assert_eq!(steps, [("report_accept", true, false), called, called]);
        let case = wait(town.casework.case_view(&centre("leader"), case_id)).unwrap();
        let lead = Some(case.tasks[0].id);
        let finishes: Vec<_> = (case.milestones.iter())
            .filter(|each| each.step == "task_finish" && each.task_id == lead)
            .map(|each| (each.planned_at.unwrap(), each.actual_at.unwrap()))
            .collect();
        let [first, second] = finishes[..] else {
            panic!("two rounds: {finishes:?}");
        };
        assert!(first.0 < second.0 && first.1 < second.1, "{finishes:?}");
        town.verify();
    });
}

#[test]
fn what_is_not_solved_may_open_a_new_case() {
    each_calling_town(|town| {
        let report = completed(town).report.id;
        let request = ReportCallbackRequest {
            redo: Some(RedoRequest {
                reopen_case_id: None,
                open_case: Some(CaseOpenRequest {
                    category_id: Some(CATEGORY),
                    title: Some("再次缺失".to_owned()),
                    ..CaseOpenRequest::default()
                }),
            }),
            ..said(false, Satisfaction::Dissatisfied)
        };
        let state = called(town, report, request).unwrap();
        assert_eq!(
            (state.stage, state.case_ids.len()),
            (ReportStage::Accepted, 2)
        );
        town.complete(state.case_ids[1]);
        assert_eq!(view(town, report).head.stage, ReportStage::CallingBack);
        town.verify();
    });
}

#[test]
fn nobody_calling_in_time_is_recorded_once() {
    each_calling_town(|town| {
        let report = completed(town).report.id;
        town.clock.advance_seconds(14 * 86_400);
        town.fire();
        town.fire();
        let seen = view(town, report);
        assert!(seen.callback.unwrap().is_overdue);
        called(town, report, said(true, Satisfaction::Satisfied)).unwrap();
        let kinds = view(town, report).timeline;
        let overdue = kinds
            .iter()
            .filter(|each| each.kind == "report_callback_overdue");
        assert_eq!(overdue.count(), 1);
        town.verify();
    });
}

#[test]
fn a_callback_that_makes_no_sense_is_refused_with_the_fields() {
    each_calling_town(|town| {
        let created = completed(town);
        let report = created.report.id;
        let stranger = town.create().case.unwrap().id;
        let wrong = |request: ReportCallbackRequest, expected: &[&str]| {
            let problem = refused(
                called(town, report, request),
                FailureKind::Invalid,
                "invalid_input",
            );
            let fields: Vec<_> = problem
                .fields
                .iter()
                .map(|each| format!("{} {}", each.field, each.code))
                .collect();
            assert_eq!(fields, expected);
        };
        wrong(
            ReportCallbackRequest {
                reached: true,
                ..unreached()
            },
            &["solved required", "satisfaction required"],
        );
        wrong(
            ReportCallbackRequest {
                reached: false,
                ..said(true, Satisfaction::Satisfied)
            },
            &[
                "solved unexpected",
                "satisfaction unexpected",
                "words unexpected",
            ],
        );
        wrong(
            ReportCallbackRequest {
                redo: Some(RedoRequest::default()),
                ..said(false, Satisfaction::Dissatisfied)
            },
            &["redo required"],
        );
        wrong(
            ReportCallbackRequest {
                words: Some("长".repeat(100_000)),
                ..said(true, Satisfaction::Satisfied)
            },
            &["words too_long"],
        );
        let case_id = created.case.unwrap().id;
        for (request, code) in [
            (again(stranger), "redo_case_unknown"),
            (
                ReportCallbackRequest {
                    solved: Some(true),
                    ..again(case_id)
                },
                "redo_of_solved",
            ),
        ] {
            refused(called(town, report, request), FailureKind::Refused, code);
        }
        let by = call(&centre("dispatcher"));
        refused(
            wait(town.casework.report_callback(&by, report, unreached())),
            FailureKind::Forbidden,
            "forbidden",
        );
        assert_eq!(view(town, report).head.stage, ReportStage::CallingBack);
        town.verify();
    });
}

#[test]
fn of_eight_who_call_at_once_one_settles() {
    each_calling_town(|town| {
        let report = completed(town).report.id;
        let outcomes = at_once(8, |_| {
            called(town, report, said(true, Satisfaction::Satisfied)).is_ok()
        });
        assert_eq!(outcomes.iter().filter(|won| **won).count(), 1);
        town.verify();
    });
}

#[test]
fn a_reporter_rates_once_within_the_days_of_the_process() {
    each_town(|town, _| {
        let rate = |report: Id| {
            let request = ReportRateRequest {
                satisfaction: Satisfaction::VerySatisfied,
                words: Some("很快".to_owned()),
                occurred_at: None,
            };
            let by = call(&centre("intake_clerk"));
            wait(town.casework.report_rate(&by, report, request))
        };
        let open = town.create().report.id;
        refused(rate(open), FailureKind::Refused, "report_wrong_stage");
        let report = completed(town).report.id;
        rate(report).unwrap();
        let seen = view(town, report);
        let rating = seen.rating.unwrap();
        assert_eq!(rating.satisfaction, Satisfaction::VerySatisfied);
        assert_eq!(rating.words.as_deref(), Some("很快"));
        assert_eq!(seen.head.stage, ReportStage::Settled);
        refused(rate(report), FailureKind::Refused, "rated_already");
        let late = completed(town).report.id;
        town.clock.advance_seconds(7 * 86_400);
        rate(late).unwrap();
        let later = completed(town).report.id;
        town.clock.advance_seconds(7 * 86_400 + 1);
        refused(rate(later), FailureKind::Refused, "rating_closed");
        town.verify();
    });
}

#[test]
fn whoever_opens_a_case_of_the_hotline_has_its_reporter_called_back() {
    each_town(|town, _| {
        let request = ReportCreateRequest {
            open_case: Some(CaseOpenRequest {
                category_id: Some(FREE_CATEGORY),
                process: Some("hotline".to_owned()),
                ..CaseOpenRequest::default()
            }),
            ..report_request()
        };
        let by = call(&centre("intake_clerk"));
        let created = wait(town.casework.report_create(&by, request)).unwrap();
        let case_id = created.case.unwrap().id;
        // Neither filed nor closed by a desk: given out, handled, reviewed.
        let state = town.dispatch(case_id);
        let (lead, co) = (state.tasks[0].id, state.tasks[1].id);
        town.accept(ROADS, lead);
        town.accept(WATER, co);
        town.finish(WATER, co);
        town.finish(ROADS, lead);
        let review = CaseInspectResultRequest {
            passed: true,
            failed_task_ids: vec![],
            opinion: None,
            occurred_at: None,
        };
        let desk = call(&centre("shift_leader"));
        let state = wait(town.casework.case_inspect_result(&desk, case_id, review)).unwrap();
        assert_eq!(state.stage, CaseStage::Closed);
        let waiting = view(town, created.report.id);
        assert_eq!(waiting.head.stage, ReportStage::CallingBack);
        let said = said(true, Satisfaction::VerySatisfied);
        let settled = called(town, created.report.id, said).unwrap();
        assert_eq!(settled.stage, ReportStage::Settled);
        town.verify();
    });
}

#[test]
fn a_callback_is_taken_on_given_to_a_person_and_put_back() {
    each_calling_town(|town| {
        let report = completed(town).report.id;
        let work = &town.casework;
        let (clerk, leader) = (centre("intake_clerk"), centre("shift_leader"));
        let state = || view(town, report).callback.unwrap().state;
        let with_another = |outcome: Result<ReportStateView, casework::CaseworkError>| {
            refused(outcome, FailureKind::Refused, "report_claimed_by_other")
        };
        let open = |held: TaskState, who: &Arc<Principal>| {
            let query = TaskQuery {
                kind: Some(TaskKind::Callback),
                state: Some(held),
                mine: true,
                ..TaskQuery::default()
            };
            wait(work.task_list(who, query)).unwrap().items.len()
        };
        // 签收: the others leave it to the clerk.
        let taken = wait(work.report_claim(&call(&clerk), report)).unwrap();
        assert_eq!(taken.claimed_by, Some(clerk.staff_id));
        assert_eq!(state(), TaskState::Accepted);
        assert_eq!(open(TaskState::Accepted, &clerk), 1);
        let said_so = said(true, Satisfaction::Satisfied);
        with_another(wait(work.report_callback(
            &call(&leader),
            report,
            said_so.clone(),
        )));
        with_another(wait(work.report_claim(&call(&leader), report)));
        // 指派: the shift leader gives it to another person of the centre.
        let give = |staff_id: Id| {
            let request = ReportAssignRequest { staff_id };
            wait(work.report_assign(&call(&leader), report, request))
        };
        let foreign = give(Id(1_555));
        let problem = refused(foreign, FailureKind::Invalid, "invalid_input");
        assert_eq!(problem.fields[0].code, "unknown_id");
        let below = give(person(STATION, "intake_clerk", None).staff_id);
        refused(below, FailureKind::Refused, "person_of_other_organisation");
        let other = centre("dispatcher");
        assert_eq!(
            give(other.staff_id).unwrap().claimed_by,
            Some(other.staff_id)
        );
        assert_eq!(state(), TaskState::Assigned);
        assert_eq!(open(TaskState::Assigned, &other), 1);
        assert_eq!(open(TaskState::Accepted, &clerk), 0);
        let version = view(town, report).head.version;
        assert_eq!(give(other.staff_id).unwrap().version, version, "once");
        with_another(called(town, report, unreached()));
        // Put back, anybody calls.
        let back = wait(work.report_release(&call(&leader), report)).unwrap();
        assert_eq!((back.claimed_by, state()), (None, TaskState::Assigned));
        let done = called(town, report, said_so).unwrap();
        assert_eq!(
            (done.stage, state()),
            (ReportStage::Settled, TaskState::Finished)
        );
        town.verify();
    });
}

#[test]
fn the_clocks_of_a_report_have_ladders() {
    let built_in = include_str!("../../processes/city-management.toml");
    let document = format!("{built_in}{CALLBACK}");
    each_town_with(&[&document], |town, test_store| {
        let rungs = |report: Id| -> Vec<_> {
            let timeline = view(town, report).timeline;
            let climbed = timeline
                .iter()
                .filter(|each| each.kind == "report_escalated");
            climbed
                .map(|each| {
                    let fact = fact(each);
                    let told =
                        ["clock", "notify"].map(|key| fact[key].as_str().unwrap().to_owned());
                    (told, fact["late"].as_bool().unwrap())
                })
                .collect()
        };
        let rung =
            |clock: &str, notify: &str, late: bool| ([clock.to_owned(), notify.to_owned()], late);
        let waiting = town.receive().id;
        let report = completed(town).report.id;
        let clerk = centre("intake_clerk");
        wait(town.casework.report_claim(&call(&clerk), report)).unwrap();
        let due_at = view(town, report).callback.unwrap().clock.due_at;
        // The clerk is reminded in the last quarter.
        town.clock.set(base::Timestamp(due_at.0 - 60_000_000));
        while town.fire() > 0 {}
        let reminded = &rungs(report)[..];
        assert_eq!(reminded.len(), 1, "{reminded:?}");
        assert_eq!(reminded[0].0, rung("callback", "handler", false).0);
        // After an outage: in order, once, marked late.
        town.clock.set(due_at.plus_seconds(86_400));
        while town.fire() > 0 {}
        assert_eq!(rungs(report)[1..], [rung("callback", "shift_leader", true)]);
        assert_eq!(rungs(waiting), [rung("acceptance", "shift_leader", true)]);
        called(town, report, said(true, Satisfaction::Satisfied)).unwrap();
        while town.fire() > 0 {}
        assert_eq!(rungs(report).len(), 2);
        assert_eq!(store::timer::next_at(&test_store.store).unwrap(), None);
        town.verify();
    });
}
