//! Many reports, many cases: opened, joined, split, merged; nobody who told us is forgotten.

use crate::town::*;
use base::{FailureKind, Id, Problem};
use casework::Call;
use casework::input::*;
use casework::model::{CaseStage, Level, ReportStage, TaskState};
use casework::view::ReportAcceptedView;

fn open(title: &str) -> CaseOpenRequest {
    CaseOpenRequest {
        category_id: Some(CATEGORY),
        title: Some(title.to_owned()),
        ..CaseOpenRequest::default()
    }
}

fn accept(town: &Town, report: Id, titles: &[&str], join: &[Id]) -> ReportAcceptedView {
    let request = ReportAcceptRequest {
        open_cases: titles.iter().map(|title| open(title)).collect(),
        join_case_ids: join.to_vec(),
    };
    let by = call(&centre("intake_clerk"));
    wait(town.casework.report_accept(&by, report, request)).unwrap()
}

fn stage(town: &Town, report: Id) -> ReportStage {
    let view = wait(town.casework.report_view(&centre("leader"), report)).unwrap();
    view.head.stage
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

fn wrong_fields(problem: &Problem) -> Vec<String> {
    let fields = problem.fields.iter();
    fields
        .map(|each| format!("{} {}", each.field, each.code))
        .collect()
}

#[test]
fn one_report_opens_several_cases_and_joins_another_and_is_settled_by_the_last() {
    each_town(|town, _| {
        let other = town.create().case.unwrap().id;
        let report = town.receive().id;
        let accepted = accept(town, report, &["井盖", "路面"], &[other]);
        assert_eq!(accepted.opened.len(), 2);
        assert_eq!(accepted.joined[0].id, other);
        let cases: Vec<Id> = accepted
            .opened
            .iter()
            .map(|case| case.id)
            .chain([other])
            .collect();
        for case_id in &cases {
            assert_eq!(stage(town, report), ReportStage::Accepted);
            town.complete(*case_id);
        }
        assert_eq!(stage(town, report), ReportStage::Settled);
        let view = wait(town.casework.case_view(&centre("leader"), other)).unwrap();
        assert_eq!(view.report_ids.len(), 2);
        town.verify();
    });
}

#[test]
fn a_report_joins_a_case_under_way_and_learns_its_end() {
    each_town(|town, _| {
        let busy = town.create().case.unwrap().id;
        town.file(busy);
        town.dispatch(busy);
        let late = town.create();
        let (report, own) = (late.report.id, late.case.unwrap().id);
        let clerk = call(&centre("intake_clerk"));
        let join = |case_id| {
            let request = ReportJoinRequest { case_id };
            wait(town.casework.report_join(&clerk, report, request))
        };
        assert_eq!(join(busy).unwrap().case_ids.len(), 2);
        refused(join(busy), FailureKind::Refused, "report_joined_already");
        refused(join(Id(5)), FailureKind::NotFound, "not_found");
        town.complete(own);
        assert_eq!(stage(town, report), ReportStage::Accepted);
        let done = town.create().case.unwrap().id;
        town.complete(done);
        refused(join(done), FailureKind::Refused, "case_wrong_stage");
        let unaccepted = town.receive().id;
        let request = ReportJoinRequest { case_id: busy };
        refused(
            wait(town.casework.report_join(&clerk, unaccepted, request)),
            FailureKind::Refused,
            "report_wrong_stage",
        );
        town.verify();
    });
}

#[test]
fn of_joining_and_closing_at_once_nothing_is_lost() {
    each_town(|town, _| {
        for _ in 0..6 {
            let case_id = town.create().case.unwrap().id;
            town.handle(case_id);
            town.inspect(case_id, vec![]);
            let late: Vec<Id> = (0..3).map(|_| town.create().report.id).collect();
            let joined = at_once(4, |n| {
                if n == 3 {
                    town.close(case_id);
                    return true;
                }
                let request = ReportJoinRequest { case_id };
                let clerk = call(&centre("intake_clerk"));
                wait(town.casework.report_join(&clerk, late[n], request)).is_ok()
            });
            // Who joined in time is told; who came too late keeps only its own case.
            for (report, joined) in late.iter().zip(joined) {
                let view = wait(town.casework.report_view(&centre("leader"), *report)).unwrap();
                assert_eq!(view.case_ids.contains(&case_id), joined);
                let told = view
                    .timeline
                    .iter()
                    .any(|each| each.kind == "report_case_closed");
                assert_eq!(told, joined);
            }
        }
        town.verify();
    });
}

#[test]
fn a_split_case_goes_on_beside_its_parts_for_the_same_reports() {
    each_town(|town, _| {
        let created = town.create();
        let (report, case_id) = (created.report.id, created.case.unwrap().id);
        let clerk = call(&centre("intake_clerk"));
        let elsewhere = CaseOpenRequest {
            category_id: Some(FREE_CATEGORY),
            level: Some(Level::Critical),
            place: Some(PlaceRequest {
                area_code: Some("310118002".to_owned()),
                ..PlaceRequest::default()
            }),
            ..open("路灯不亮")
        };
        let request = CaseSplitRequest {
            cases: vec![open("井盖丢失"), elsewhere],
        };
        let keyed = Call {
            idempotency_key: Some("split".to_owned()),
            ..clerk.clone()
        };
        let parts = wait(town.casework.case_split(&keyed, case_id, request.clone())).unwrap();
        assert_eq!(
            parts,
            wait(town.casework.case_split(&keyed, case_id, request)).unwrap()
        );
        let view = wait(town.casework.case_view(&centre("leader"), parts[1].id)).unwrap();
        assert_eq!(view.head.title.as_deref(), Some("路灯不亮"));
        assert_eq!(view.head.level, Level::Critical);
        assert_eq!(view.head.area.unwrap().id, street(2).to_string());
        assert_eq!(
            view.detail.as_deref(),
            Some("路口井盖没了，请联系我 138****1234")
        );
        assert_eq!(
            (view.split_from, view.report_ids),
            (Some(case_id), vec![report])
        );
        let whole = wait(town.casework.case_view(&centre("leader"), case_id)).unwrap();
        assert_eq!(whole.split_case_ids, [parts[0].id, parts[1].id]);
        town.complete(case_id);
        town.complete(parts[0].id);
        assert_eq!(stage(town, report), ReportStage::Accepted);

        let problem = refused(
            wait(
                town.casework
                    .case_split(&clerk, parts[1].id, CaseSplitRequest { cases: vec![] }),
            ),
            FailureKind::Invalid,
            "invalid_input",
        );
        assert_eq!(wrong_fields(&problem), ["cases required"]);
        let wrong = CaseOpenRequest {
            category_id: Some(Id(3)),
            title: None,
            ..CaseOpenRequest::default()
        };
        let request = CaseSplitRequest { cases: vec![wrong] };
        let problem = refused(
            wait(town.casework.case_split(&clerk, parts[1].id, request)),
            FailureKind::Invalid,
            "invalid_input",
        );
        assert_eq!(
            wrong_fields(&problem),
            ["cases[0].title required", "cases[0].category_id unknown_id"]
        );
        let request = CaseSplitRequest {
            cases: vec![open("迟了")],
        };
        refused(
            wait(town.casework.case_split(&clerk, case_id, request)),
            FailureKind::Refused,
            "case_wrong_stage",
        );
        town.verify();
    });
}

#[test]
fn a_merged_case_keeps_its_timeline_and_its_reporters_are_told_by_the_other() {
    each_town(|town, _| {
        let (one, two) = (town.create(), town.create());
        let (from, into) = (one.case.unwrap().id, two.case.unwrap().id);
        town.file(from);
        let tasks = town.dispatch(from).tasks;
        town.accept(ROADS, tasks[0].id);
        let leader = call(&centre("shift_leader"));
        let merge = |from: Id, into: Id| {
            let request = CaseMergeRequest { into_case_id: into };
            wait(town.casework.case_merge(&leader, from, request))
        };
        let problem = refused(merge(from, from), FailureKind::Invalid, "invalid_input");
        assert_eq!(wrong_fields(&problem), ["into_case_id duplicate"]);
        refused(merge(from, Id(5)), FailureKind::NotFound, "not_found");
        let merged = merge(from, into).unwrap();
        assert_eq!((merged.stage, merged.clock), (CaseStage::Merged, None));
        assert!(
            merged
                .tasks
                .iter()
                .all(|task| task.state == TaskState::Revoked)
        );
        refused(merge(from, into), FailureKind::Refused, "case_wrong_stage");
        let view = wait(town.casework.case_view(&centre("leader"), from)).unwrap();
        assert_eq!(view.merged_into, Some(into));
        assert_eq!(
            view.timeline.len(),
            5,
            "accepted, filed, dispatched, accepted, merged"
        );
        let view = wait(town.casework.case_view(&centre("leader"), into)).unwrap();
        assert_eq!(
            (view.absorbed_case_ids, view.report_ids.len()),
            (vec![from], 2)
        );
        town.clock.advance_seconds(86_400);
        town.fire();
        assert_eq!(stage(town, one.report.id), ReportStage::Accepted);
        let done = town.create().case.unwrap().id;
        town.complete(done);
        refused(merge(into, done), FailureKind::Refused, "case_wrong_stage");
        town.complete(into);
        for report in [one.report.id, two.report.id] {
            assert_eq!(stage(town, report), ReportStage::Settled);
        }
        town.verify();
    });
}

#[test]
fn two_cases_merged_into_each_other_at_once_leave_one() {
    each_town(|town, _| {
        for _ in 0..5 {
            let (one, two) = (town.create(), town.create());
            let ids = [one.case.unwrap().id, two.case.unwrap().id];
            let outcomes = at_once(2, |n| {
                let request = CaseMergeRequest {
                    into_case_id: ids[1 - n],
                };
                let leader = call(&centre("shift_leader"));
                wait(town.casework.case_merge(&leader, ids[n], request)).is_ok()
            });
            assert_eq!(outcomes.iter().filter(|won| **won).count(), 1);
        }
        town.verify();
    });
}

#[test]
fn a_leaders_order_is_a_case_without_any_report() {
    each_town(|town, _| {
        let request = CaseCreateRequest {
            source: "leader".to_owned(),
            title: "巡查全镇井盖".to_owned(),
            detail: "三日内完成".to_owned(),
            address: None,
            category_id: Some(CATEGORY),
            level: Some(Level::Urgent),
            place: Some(PlaceRequest {
                area_code: Some("310118001".to_owned()),
                ..PlaceRequest::default()
            }),
            component_id: None,
            process: None,
            rule_row_id: None,
        };
        let leader = call(&centre("shift_leader"));
        let made = wait(town.casework.case_create(&leader, request.clone())).unwrap();
        let view = wait(town.casework.case_view(&centre("leader"), made.id)).unwrap();
        assert_eq!(view.head.title.as_deref(), Some("巡查全镇井盖"));
        assert_eq!((view.head.level, view.report_ids.len()), (Level::Urgent, 0));
        let parts = wait(town.casework.case_split(
            &leader,
            made.id,
            CaseSplitRequest {
                cases: vec![open("东片")],
            },
        ))
        .unwrap();
        for case_id in [made.id, parts[0].id] {
            town.complete(case_id);
        }
        let attempt = |change: fn(&mut CaseCreateRequest)| {
            let mut request = request.clone();
            change(&mut request);
            wait(town.casework.case_create(&leader, request))
        };
        let wrong = |change: fn(&mut CaseCreateRequest), expected: &str| {
            let problem = refused(attempt(change), FailureKind::Invalid, "invalid_input");
            assert_eq!(wrong_fields(&problem), [expected]);
        };
        wrong(|it| it.source = "rumour".to_owned(), "source unknown_code");
        wrong(|it| it.title = " ".to_owned(), "title required");
        wrong(|it| it.title = "长".repeat(1_000), "title too_long");
        wrong(|it| it.category_id = Some(Id(4)), "category_id unknown_id");
        wrong(
            |it| it.place.as_mut().unwrap().area_code = Some("9".to_owned()),
            "place.area_code unknown_code",
        );
        for (change, code) in [
            (
                (|it| it.category_id = None) as fn(&mut CaseCreateRequest),
                "category_required",
            ),
            (|it| it.place = None, "place_required"),
        ] {
            refused(attempt(change), FailureKind::Refused, code);
        }
        refused(
            wait(
                town.casework
                    .case_create(&call(&centre("handler")), request.clone()),
            ),
            FailureKind::Forbidden,
            "forbidden",
        );
        town.verify();
    });
}

#[test]
fn acceptance_names_every_wrong_field_and_changes_nothing() {
    each_town(|town, _| {
        let report = town.receive();
        let clerk = call(&centre("intake_clerk"));
        let try_it = |request: ReportAcceptRequest| {
            wait(town.casework.report_accept(&clerk, report.id, request))
        };
        let problem = refused(
            try_it(ReportAcceptRequest::default()),
            FailureKind::Invalid,
            "invalid_input",
        );
        assert_eq!(wrong_fields(&problem), ["open_cases required"]);
        let problem = refused(
            try_it(ReportAcceptRequest {
                open_cases: vec![
                    CaseOpenRequest {
                        category_id: Some(Id(4)),
                        ..open(" ")
                    },
                    open(&"长".repeat(1_000)),
                ],
                join_case_ids: vec![Id(1), Id(1)],
            }),
            FailureKind::Invalid,
            "invalid_input",
        );
        assert_eq!(
            wrong_fields(&problem),
            [
                "open_cases[0].title required",
                "open_cases[1].title too_long",
                "join_case_ids[1] duplicate",
                "open_cases[0].category_id unknown_id",
            ]
        );
        let problem = refused(
            try_it(ReportAcceptRequest {
                open_cases: vec![open("x"); 21],
                join_case_ids: vec![],
            }),
            FailureKind::Invalid,
            "invalid_input",
        );
        assert_eq!(wrong_fields(&problem), ["open_cases too_many"]);
        refused(
            try_it(ReportAcceptRequest {
                open_cases: vec![open("x")],
                join_case_ids: vec![Id(77)],
            }),
            FailureKind::NotFound,
            "not_found",
        );
        assert_eq!(stage(town, report.id), ReportStage::Received);
        town.verify();
    });
}

#[test]
fn every_reporter_of_a_merged_case_may_rate_once_the_other_is_closed() {
    each_town(|town, _| {
        let (one, other) = (town.create(), town.create());
        let (into, from) = (one.case.unwrap().id, other.case.unwrap().id);
        let leader = call(&centre("shift_leader"));
        let request = CaseMergeRequest { into_case_id: into };
        wait(town.casework.case_merge(&leader, from, request)).unwrap();
        let rate = |report: Id| {
            let request = ReportRateRequest {
                satisfaction: casework::model::Satisfaction::Satisfied,
                words: Some("修好了，谢谢，13812341234".to_owned()),
                occurred_at: None,
            };
            let by = call(&centre("intake_clerk"));
            wait(town.casework.report_rate(&by, report, request))
        };
        for report in [one.report.id, other.report.id] {
            refused(rate(report), FailureKind::Refused, "report_wrong_stage");
        }
        town.complete(into);
        for report in [one.report.id, other.report.id] {
            assert_eq!(rate(report).unwrap().stage, ReportStage::Settled);
        }
        town.verify();
    });
}
