//! Clocks that run while nobody does anything: only a timer finds that they ran out.

use crate::town::*;
use casework::input::ReasonRequest;
use casework::service::{CaseBox, CaseQuery};
use serde_json::json;

#[test]
fn a_case_nobody_leads_runs_out_at_the_dispatchers_desk() {
    each_town(|town, _| {
        let case_id = town.create().case.unwrap().id;
        town.file(case_id);
        let state = town.dispatch(case_id);
        let todo = || {
            let query = CaseQuery {
                of_box: Some(CaseBox::Todo),
                ..CaseQuery::default()
            };
            let found = wait(town.casework.case_list(&centre("dispatcher"), query)).unwrap();
            found.items.len()
        };
        assert_eq!(todo(), 0);
        let reason = ReasonRequest {
            reason: "不归我们管".to_owned(),
            occurred_at: None,
        };
        let roads = call(&person(ROADS, "department_clerk", None));
        wait(town.casework.task_return(&roads, state.tasks[0].id, reason)).unwrap();
        assert_eq!(todo(), 1, "it awaits dispatch again");
        let view = wait(town.casework.case_view(&centre("dispatcher"), case_id)).unwrap();
        let planned = view
            .milestones
            .iter()
            .find(|each| each.step == "case_dispatch");
        let due_at = view.head.clock.unwrap().due_at;
        assert_eq!(planned.unwrap().planned_at, Some(due_at));
        assert_eq!(due_at, morning().plus_seconds(30 * 60));
        town.clock.set(due_at.plus_seconds(1));
        town.fire_all();
        let kinds = town.kinds(case_id);
        let late = |kinds: &[String]| kinds.iter().filter(|kind| *kind == "stage_overdue").count();
        assert_eq!(late(&kinds), 1, "{kinds:?}");
        town.fire_all();
        let again = json!({"lead_organisation_id": ROADS, "co_organisation_ids": []});
        let path = format!("/api/v1/cases/{case_id}/dispatch");
        assert_eq!(town.post(&centre("dispatcher"), &path, &again).status, 200);
        assert_eq!((todo(), late(&town.kinds(case_id))), (0, 1));
        town.verify();
    });
}

#[test]
fn a_deadline_given_to_a_task_that_nobody_accepted_runs_out_by_itself() {
    each_town(|town, _| {
        let case_id = town.create().case.unwrap().id;
        town.file(case_id);
        let state = town.dispatch(case_id);
        // The response has an hour, handling two; now all of it has twenty minutes.
        let due_at = morning().plus_seconds(20 * 60);
        let path = format!("/api/v1/cases/{case_id}/deadline");
        let given = town.post(&centre("shift_leader"), &path, &json!({"due_at": due_at}));
        assert_eq!(given.status, 200, "{}", given.body);
        town.clock.set(due_at.plus_seconds(1));
        town.fire_all();
        let view = wait(town.casework.case_view(&centre("leader"), case_id)).unwrap();
        assert_eq!(view.tasks.len(), state.tasks.len());
        assert!(
            view.tasks
                .iter()
                .all(|task| task.handling_overdue && !task.response_overdue)
        );
        // Once for each task, though the response's timer leads to the same clock later.
        town.clock.set(morning().plus_seconds(3 * 3_600));
        town.fire_all();
        let handling = |entry: &&casework::view::TimelineView| {
            entry.kind == "task_overdue" && fact(entry)["clock"] == "handling"
        };
        let view = wait(town.casework.case_view(&centre("leader"), case_id)).unwrap();
        assert_eq!(
            view.timeline.iter().filter(handling).count(),
            state.tasks.len()
        );
        town.verify();
    });
}
