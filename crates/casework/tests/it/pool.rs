//! Reports that wait: taken, put back, answered, rejected, withdrawn; and where reports come from.

use crate::town::*;
use base::{FailureKind, Problem};
use casework::Call;
use casework::clocks::Light;
use casework::input::*;
use casework::model::{ChannelKind, Level, RejectReason, ReportStage};
use casework::service::{ReportClaim, ReportQuery};
use casework::view::ReportStateView;

fn waiting(town: &Town) -> ReportStateView {
    let request = ReportCreateRequest {
        open_case: None,
        level: Some(Level::Urgent),
        ..report_request()
    };
    let by = call(&centre("intake_clerk"));
    wait(town.casework.report_create(&by, request))
        .unwrap()
        .report
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
fn others_see_whose_a_report_is_and_leave_it_alone() {
    each_town(|town, _| {
        let report = waiting(town);
        let (clerk, leader) = (centre("intake_clerk"), centre("shift_leader"));
        let claimed = wait(town.casework.report_claim(&call(&clerk), report.id)).unwrap();
        assert_eq!(claimed.claimed_by, Some(clerk.staff_id));
        let page = wait(town.casework.report_list(&leader, ReportQuery::default())).unwrap();
        assert_eq!(page.items[0].claimed_by, Some(clerk.staff_id));
        assert_eq!(page.items[0].level, Level::Urgent);
        let found = |who, level, claimed| {
            let query = ReportQuery {
                level,
                claimed,
                ..ReportQuery::default()
            };
            wait(town.casework.report_list(who, query))
                .unwrap()
                .items
                .len()
        };
        assert_eq!(found(&clerk, Some(Level::Urgent), Some(ReportClaim::Me)), 1);
        assert_eq!(found(&clerk, Some(Level::Normal), None), 0);
        assert_eq!(found(&leader, None, Some(ReportClaim::Me)), 0);
        assert_eq!(found(&leader, None, Some(ReportClaim::Nobody)), 0);
        let request = ReportAnswerRequest {
            answer: "已答复".to_owned(),
        };
        let problem = refused(
            wait(
                town.casework
                    .report_answer(&call(&leader), report.id, request.clone()),
            ),
            FailureKind::Refused,
            "report_claimed_by_other",
        );
        assert_eq!(
            problem.current.unwrap()["claimed_by"],
            clerk.staff_id.to_string()
        );
        let released = wait(town.casework.report_release(&call(&leader), report.id)).unwrap();
        assert_eq!(released.claimed_by, None);
        assert_eq!(found(&leader, None, Some(ReportClaim::Nobody)), 1);
        refused(
            wait(town.casework.report_release(&call(&leader), report.id)),
            FailureKind::Refused,
            "report_not_claimed",
        );
        let answered = wait(
            town.casework
                .report_answer(&call(&leader), report.id, request),
        )
        .unwrap();
        assert_eq!(answered.stage, ReportStage::Answered);
        town.verify();
    });
}

#[test]
fn of_eight_who_reach_for_a_report_one_gets_it() {
    each_town(|town, _| {
        let report = waiting(town);
        let outcomes = at_once(8, |n| {
            let mut somebody = (*centre("intake_clerk")).clone();
            somebody.staff_id = base::Id(9_000 + i64::try_from(n).unwrap());
            let somebody = std::sync::Arc::new(somebody);
            wait(town.casework.report_claim(&call(&somebody), report.id))
        });
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 7));
        let holder = won.into_iter().next().unwrap().unwrap().claimed_by;
        for loser in lost {
            let problem: Problem = loser.unwrap_err().into();
            let current = problem.current.unwrap();
            assert_eq!(current["claimed_by"], holder.unwrap().to_string());
        }
        town.verify();
    });
}

#[test]
fn an_answer_and_a_rejection_are_sealed_shown_masked_and_end_the_report() {
    each_town(|town, _| {
        let clerk = centre("intake_clerk");
        let answered = waiting(town).id;
        let request = ReportAnswerRequest {
            answer: "请致电 13800001111".to_owned(),
        };
        let keyed = Call {
            idempotency_key: Some("a".to_owned()),
            ..call(&clerk)
        };
        let first = wait(
            town.casework
                .report_answer(&keyed, answered, request.clone()),
        )
        .unwrap();
        let again = wait(town.casework.report_answer(&keyed, answered, request)).unwrap();
        assert_eq!(first, again);
        let view = wait(town.casework.report_view(&clerk, answered)).unwrap();
        assert_eq!(view.answer.as_deref(), Some("请致电 138****1111"));
        let rejected = waiting(town).id;
        let request = ReportRejectRequest {
            reason: RejectReason::InProceedings,
            answer: "已进入诉讼程序".to_owned(),
        };
        wait(
            town.casework
                .report_reject(&call(&clerk), rejected, request),
        )
        .unwrap();
        let view = wait(town.casework.report_view(&clerk, rejected)).unwrap();
        assert_eq!(view.head.stage, ReportStage::Rejected);
        assert_eq!(view.reject_reason, Some(RejectReason::InProceedings));
        assert_eq!(view.timeline[1].note.as_deref(), Some("已进入诉讼程序"));
        town.verify();
    });
}

fn withdrawal() -> ReportWithdrawRequest {
    ReportWithdrawRequest {
        by_reporter: true,
        reason: "已自行解决".to_owned(),
    }
}

#[test]
fn a_report_is_withdrawn_until_its_case_is_handled_and_the_case_stays() {
    each_town(|town, _| {
        let clerk = call(&centre("intake_clerk"));
        let waiting = waiting(town).id;
        let gone = wait(town.casework.report_withdraw(&clerk, waiting, withdrawal())).unwrap();
        assert_eq!(gone.stage, ReportStage::Withdrawn);

        let created = town.create();
        let case_id = created.case.unwrap().id;
        wait(
            town.casework
                .report_withdraw(&clerk, created.report.id, withdrawal()),
        )
        .unwrap();
        let case = wait(town.casework.case_view(&centre("leader"), case_id)).unwrap();
        assert_eq!(case.timeline.last().unwrap().kind, "report_left");
        assert_eq!(case.head.stage.as_str(), "accepted");
        town.handle(case_id);
        town.inspect(case_id, vec![]);
        town.close(case_id);
        let view = wait(
            town.casework
                .report_view(&centre("leader"), created.report.id),
        )
        .unwrap();
        assert_eq!(view.head.stage, ReportStage::Withdrawn, "it stays so");

        let created = town.create();
        let case_id = created.case.unwrap().id;
        town.file(case_id);
        town.dispatch(case_id);
        refused(
            wait(
                town.casework
                    .report_withdraw(&clerk, created.report.id, withdrawal()),
            ),
            FailureKind::Refused,
            "case_wrong_stage",
        );
        town.verify();
    });
}

#[test]
fn whoever_may_not_see_a_report_does_not_learn_that_it_is_there() {
    each_town(|town, _| {
        let report = waiting(town).id;
        let far = person(base::Id(999), "intake_clerk", None);
        refused(
            wait(town.casework.report_claim(&call(&far), report)),
            FailureKind::NotFound,
            "not_found",
        );
        refused(
            wait(
                town.casework
                    .report_claim(&call(&centre("dispatcher")), report),
            ),
            FailureKind::Forbidden,
            "forbidden",
        );
        refused(
            wait(
                town.casework
                    .report_claim(&call(&centre("intake_clerk")), base::Id(5)),
            ),
            FailureKind::NotFound,
            "not_found",
        );
    });
}

#[test]
fn wrong_words_about_a_report_are_named_and_change_nothing() {
    each_town(|town, _| {
        let clerk = call(&centre("intake_clerk"));
        let report = waiting(town);
        let fields = |problem: Problem| {
            let mut fields: Vec<_> = problem
                .fields
                .iter()
                .map(|each| format!("{} {}", each.field, each.code))
                .collect();
            fields.sort();
            fields
        };
        for (answer, expected) in [
            (String::new(), "answer required"),
            ("  \n".to_owned(), "answer required"),
            ("\0".to_owned(), "answer malformed"),
            ("长".repeat(100_000), "answer too_long"),
        ] {
            let request = ReportAnswerRequest {
                answer: answer.clone(),
            };
            let outcome = wait(town.casework.report_answer(&clerk, report.id, request));
            let problem = refused(outcome, FailureKind::Invalid, "invalid_input");
            assert_eq!(fields(problem), [expected]);
            let request = ReportRejectRequest {
                reason: RejectReason::Other,
                answer,
            };
            let outcome = wait(town.casework.report_reject(&clerk, report.id, request));
            refused(outcome, FailureKind::Invalid, "invalid_input");
        }
        let stale = Call {
            expected_version: Some(7),
            ..clerk.clone()
        };
        let outcome = wait(
            town.casework
                .report_withdraw(&stale, report.id, withdrawal()),
        );
        refused(outcome, FailureKind::Conflict, "version_mismatch");
        let view = wait(town.casework.report_view(&centre("leader"), report.id)).unwrap();
        assert_eq!(view.head.version, report.version);
    });
}

#[test]
fn a_city_keeps_its_own_sources() {
    each_town(|town, _| {
        let admin = person(CENTRE, "system_admin", None);
        let sources = wait(town.casework.source_list(&centre("leader"))).unwrap();
        let hotline = sources.iter().find(|each| each.code == "hotline").unwrap();
        assert_eq!(
            (hotline.name_zh.as_str(), hotline.channel),
            ("12345热线", ChannelKind::Phone)
        );
        assert_eq!(hotline.process.as_deref(), Some("city-management"));
        for code in ["inspector", "sensor", "camera", "leader", "media", "import"] {
            assert!(
                sources
                    .iter()
                    .any(|each| each.code == code && each.is_active)
            );
        }

        let radio = SourceCreateRequest {
            code: "village_radio".to_owned(),
            name_zh: "村村响".to_owned(),
            name_en: "Village radio".to_owned(),
            channel: ChannelKind::Media,
        };
        let made = wait(town.casework.source_create(&call(&admin), radio.clone())).unwrap();
        assert_eq!((made.version, made.process), (1, None));
        refused(
            wait(town.casework.source_create(&call(&admin), radio.clone())),
            FailureKind::Invalid,
            "invalid_input",
        );
        for code in ["", "Village", "村", "a b"] {
            let wrong = SourceCreateRequest {
                code: code.to_owned(),
                ..radio.clone()
            };
            refused(
                wait(town.casework.source_create(&call(&admin), wrong)),
                FailureKind::Invalid,
                "invalid_input",
            );
        }
        refused(
            wait(
                town.casework
                    .source_create(&call(&centre("intake_clerk")), radio),
            ),
            FailureKind::Forbidden,
            "forbidden",
        );

        let create = |source: &str| {
            let request = ReportCreateRequest {
                source: source.to_owned(),
                open_case: None,
                ..report_request()
            };
            wait(
                town.casework
                    .report_create(&call(&centre("intake_clerk")), request),
            )
        };
        refused(create("rumour"), FailureKind::Invalid, "invalid_input");
        refused(
            create("village_radio"),
            FailureKind::Refused,
            "source_not_served",
        );
        create("hotline").unwrap();

        let off = SourceUpdateRequest {
            is_active: Some(false),
            ..SourceUpdateRequest::default()
        };
        let versioned = |version| Call {
            expected_version: Some(version),
            ..call(&admin)
        };
        let changed = wait(
            town.casework
                .source_update(&versioned(1), "hotline", off.clone()),
        )
        .unwrap();
        assert_eq!((changed.version, changed.is_active), (2, false));
        assert_eq!(changed.name_zh, "12345热线");
        refused(
            wait(
                town.casework
                    .source_update(&versioned(1), "hotline", off.clone()),
            ),
            FailureKind::Conflict,
            "version_mismatch",
        );
        refused(
            wait(town.casework.source_update(&call(&admin), "rumour", off)),
            FailureKind::NotFound,
            "not_found",
        );
        refused(create("hotline"), FailureKind::Invalid, "invalid_input");
    });
}

#[test]
fn a_report_waits_in_the_pool_by_a_clock_and_running_out_is_on_record_once() {
    each_town(|town, _| {
        let leader = centre("shift_leader");
        // Urgent: ten minutes. Normal: thirty.
        let (late, prompt) = (waiting(town), town.receive());
        let red = |light| {
            let query = ReportQuery {
                light: Some(light),
                ..ReportQuery::default()
            };
            let page = wait(town.casework.report_list(&leader, query)).unwrap();
            page.items.iter().map(|item| item.id).collect::<Vec<_>>()
        };
        assert_eq!(red(Light::Green), [prompt.id, late.id]);
        town.clock.advance_seconds(8 * 60);
        assert_eq!(red(Light::Yellow), [late.id]);
        // What happens at the very instant is in time; a minute later it is not. Nobody looked for twenty minutes.
        town.clock.advance_seconds(20 * 60);
        assert_eq!((town.fire(), town.fire()), (1, 0));
        assert_eq!(red(Light::Red), [late.id]);
        let view = wait(town.casework.report_view(&leader, late.id)).unwrap();
        let last = view.timeline.last().unwrap();
        assert_eq!(last.kind, "report_escalated");
        assert_eq!(fact(last)["notify"], "shift_leader");
        let last = &view.timeline[view.timeline.len() - 2];
        assert_eq!(last.kind, "report_overdue");
        assert_eq!(last.occurred_at, morning().plus_seconds(600));
        assert_eq!(fact(last)["late"], true);
        assert!(view.head.is_overdue);
        // Who decides stops the clock; the fact stays.
        let answer = ReportAnswerRequest {
            answer: "已答复".to_owned(),
        };
        for report in [&late, &prompt] {
            let by = call(&leader);
            wait(town.casework.report_answer(&by, report.id, answer.clone())).unwrap();
        }
        town.clock.advance_seconds(3_600);
        // The timer of what was decided in time finds nothing to do.
        town.fire();
        let views = [&late, &prompt].map(|report| {
            let view = wait(town.casework.report_view(&leader, report.id)).unwrap();
            (view.head.clock, view.head.is_overdue)
        });
        assert_eq!(views, [(None, true), (None, false)]);
        assert_eq!(red(Light::Red), []);
        town.verify();
    });
}
