//! What a caller is offered to do next is what the law would take from them.

use crate::town::*;
use access::Principal;
use base::Id;
use std::sync::Arc;

/// The steps offered to somebody, those that wait for others with what they wait for.
fn offered(town: &Town, principal: &Arc<Principal>, case_id: Id) -> Vec<String> {
    const STEPS: &[&str] = &[
        "case_file",
        "case_dispatch",
        "task_accept",
        "task_finish",
        "case_inspect_result",
        "case_close",
        "case_reopen",
    ];
    let view = wait(town.casework.case_view(principal, case_id)).unwrap();
    let actions = view.actions.iter();
    let steps = actions.filter(|each| STEPS.contains(&each.operation));
    steps
        .map(|each| match each.blocked_by {
            Some(code) => format!("{} after {code}", each.operation),
            None => each.operation.to_owned(),
        })
        .collect()
}

fn clerk(organisation_id: Id) -> Arc<Principal> {
    person(organisation_id, "department_clerk", None)
}

#[test]
fn each_desk_is_offered_its_own_next_step_and_nobody_elses() {
    each_town(|town, _| {
        let case_id = town.create().case.unwrap().id;
        let at = |principal: &Arc<Principal>| offered(town, principal, case_id);
        let (leader, dispatcher) = (centre("shift_leader"), centre("dispatcher"));
        assert_eq!(at(&leader), ["case_file"]);
        assert!(at(&dispatcher).is_empty());

        town.file(case_id);
        assert!(at(&leader).is_empty());
        assert_eq!(at(&dispatcher), ["case_dispatch"]);

        let state = town.dispatch(case_id);
        let (lead, co) = (state.tasks[0].id, state.tasks[1].id);
        assert!(at(&dispatcher).is_empty());
        assert_eq!(at(&clerk(ROADS)), ["task_accept"]);
        assert_eq!(at(&clerk(WATER)), ["task_accept"]);

        town.accept(ROADS, lead);
        assert_eq!(at(&clerk(ROADS)), ["task_finish after co_tasks_open"]);
        town.accept(WATER, co);
        town.finish(WATER, co);
        assert_eq!(at(&clerk(ROADS)), ["task_finish"]);
        assert!(at(&clerk(WATER)).is_empty());

        town.finish(ROADS, lead);
        // An inspection may be accepted first; on a desk it need not.
        let inspector = centre("inspector");
        assert_eq!(at(&inspector), ["case_inspect_result", "task_accept"]);
        town.inspect(case_id, vec![]);
        assert_eq!(at(&leader), ["case_close"]);
        town.close(case_id);
        assert_eq!(at(&leader), ["case_reopen"]);
    });
}

#[test]
fn a_view_says_whether_the_caller_watches_the_case() {
    each_town(|town, _| {
        let case_id = town.create().case.unwrap().id;
        let (leader, other) = (centre("leader"), centre("dispatcher"));
        wait(town.casework.case_watch(&leader, case_id, true)).unwrap();
        let watches = |principal| {
            let view = wait(town.casework.case_view(principal, case_id));
            view.unwrap().is_watched
        };
        assert!(watches(&leader));
        assert!(!watches(&other));
    });
}

#[test]
fn what_is_seldom_needed_is_offered_to_who_may_and_while_it_makes_sense() {
    each_town(|town, _| {
        let case_id = town.create().case.unwrap().id;
        let all = |principal: &Arc<Principal>| -> Vec<&'static str> {
            let view = wait(town.casework.case_view(principal, case_id)).unwrap();
            view.actions.iter().map(|each| each.operation).collect()
        };
        let leader = centre("shift_leader");
        for operation in [
            "case_level",
            "case_merge",
            "case_split",
            "case_hide_reporter",
            "case_exclude",
        ] {
            assert!(all(&leader).contains(&operation), "{operation}");
        }
        for operation in [
            "exclusion_decide",
            "appeal_review",
            "case_rule",
            "case_mode_apply",
        ] {
            assert!(!all(&leader).contains(&operation), "{operation}");
        }
        town.file(case_id);
        let state = town.dispatch(case_id);
        let (lead, co) = (state.tasks[0].id, state.tasks[1].id);
        town.accept(ROADS, lead);
        town.accept(WATER, co);
        assert!(all(&clerk(ROADS)).contains(&"task_assign"));
        town.finish(WATER, co);
        town.finish(ROADS, lead);
        // In time: there is nothing to appeal against.
        assert!(!all(&clerk(ROADS)).contains(&"appeal_file"));
    });
}
