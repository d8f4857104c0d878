//! What was done without network and comes in later keeps the time at which it was done.

use crate::handling::{clerk, dispatched, problem, reason};
use crate::town::*;
use casework::input::*;

#[test]
fn what_was_done_without_network_keeps_its_time_and_no_other() {
    each_town(|town, _| {
        let work = &town.casework;
        let state = dispatched(town);
        let (lead, co) = (state.tasks[0].id, state.tasks[1].id);
        town.accept(ROADS, lead);
        town.clock.advance_seconds(3 * 3_600);
        let at = |minutes: i64| Some(morning().plus_seconds(minutes * 60));
        let more = |occurred_at| overlays::ExtensionRequest {
            limit: None,
            reason: "等配件".to_owned(),
            occurred_at,
        };
        let why = |occurred_at| ReasonRequest {
            occurred_at,
            ..reason()
        };
        let below = |occurred_at| TaskDelegateRequest {
            organisation_id: STATION,
            due_at: None,
            occurred_at,
        };
        for (when, code) in [
            (at(181), "occurred_in_future"),
            (at(-1), "occurred_too_early"),
        ] {
            let asked = wait(work.extension_request(&clerk(ROADS), lead, more(when)));
            assert_eq!(problem(asked).code, code);
            let given = wait(work.task_delegate(&clerk(ROADS), lead, below(when)));
            assert_eq!(problem(given).code, code);
            let back = wait(work.task_return(&clerk(WATER), co, why(when)));
            assert_eq!(problem(back).code, code);
        }
        wait(work.task_return(&clerk(WATER), co, why(at(5)))).unwrap();
        wait(work.extension_request(&clerk(ROADS), lead, more(at(10)))).unwrap();
        wait(work.task_delegate(&clerk(ROADS), lead, below(at(15)))).unwrap();
        let view = wait(work.case_view(&centre("leader"), state.id)).unwrap();
        for (kind, when) in [
            ("task_returned", at(5)),
            ("extension_requested", at(10)),
            ("task_delegated", at(15)),
        ] {
            let entry = view
                .timeline
                .iter()
                .find(|entry| entry.kind == kind)
                .unwrap();
            assert_eq!(Some(entry.occurred_at), when, "{kind}");
            assert_eq!(Some(entry.recorded_at), at(180), "{kind}");
        }
        town.verify();
    });
}

#[test]
fn what_was_put_right_without_network_is_filed_and_handled_at_its_time() {
    each_town(|town, _| {
        let work = &town.casework;
        let told_at = morning().plus_seconds(1_800);
        let request = |occurred_at| CaseSelfHandleRequest {
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
            occurred_at: Some(occurred_at),
        };
        let inspector = call(&centre("inspector"));
        let ahead = problem(wait(work.case_self_handle(&inspector, request(told_at))));
        assert_eq!(
            (&*ahead.fields[0].field, ahead.fields[0].code),
            ("occurred_at", "in_future")
        );
        town.clock.advance_seconds(8 * 86_400);
        let late = problem(wait(work.case_self_handle(&inspector, request(told_at))));
        assert_eq!(late.code, "recorded_too_late");
        let told_at = morning().plus_seconds(2 * 86_400);
        let state = wait(work.case_self_handle(&inspector, request(told_at))).unwrap();
        let view = wait(work.case_view(&centre("leader"), state.id)).unwrap();
        assert_eq!(view.timeline.len(), 5);
        for entry in &view.timeline {
            let recorded_at = morning().plus_seconds(8 * 86_400);
            assert_eq!(
                (entry.occurred_at, entry.recorded_at),
                (told_at, recorded_at),
                "{}",
                entry.kind
            );
        }
        assert_eq!(work.verify().unwrap().cases, 1);
        town.verify();
    });
}
