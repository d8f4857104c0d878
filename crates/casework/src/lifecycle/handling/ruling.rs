//! 裁定: after as many returns as the process allows, who leads is ruled and the ruling binds.

use super::tasks::dispatched;
use super::{HandlingFact, fact, needed};
use crate::lifecycle::case::CaseFact;
use crate::lifecycle::decide::{TaskNew, overdue_unrecorded, task_of};
use crate::lifecycle::{Circumstances, Event, Refusal};
use crate::model::{Case, NoteRef, TaskKind, TaskRole};
use base::Id;
use std::collections::BTreeSet;

type Outcome = Result<Vec<Event<CaseFact>>, Refusal>;

fn check_due(case: &Case, circumstances: &Circumstances<'_>) -> Result<(), Refusal> {
    let needed = circumstances.process.returns.max;
    if case.extra.handling.return_count < needed {
        return Err(Refusal::RulingNotDue { needed });
    }
    Ok(())
}

/// A holder that may not return any more asks who is to lead.
pub(super) fn demand(
    case: &Case,
    task_id: Id,
    reason: Option<&NoteRef>,
    circumstances: &Circumstances<'_>,
) -> Outcome {
    let task = task_of(case, task_id, circumstances)?;
    if task.kind != TaskKind::Handle || !task.is_open() {
        return Err(Refusal::TaskWrongState { state: task.state });
    }
    check_due(case, circumstances)?;
    if case.extra.handling.ruled.is_some() {
        return Err(Refusal::RulingBinds);
    }
    if case.extra.handling.ruling_demanded {
        return Err(Refusal::RulingDemandedAlready);
    }
    let reason = needed(reason)?;
    circumstances.check_time(task.opened_at)?;
    let demanded = HandlingFact::RulingDemanded { task_id, reason };
    Ok(vec![fact(circumstances, demanded)])
}

/// Names who leads. The present lead, if another, is revoked with what it gave on.
pub(super) fn rule(
    case: &Case,
    to: &TaskNew,
    reason: Option<&NoteRef>,
    circumstances: &Circumstances<'_>,
) -> Outcome {
    check_due(case, circumstances)?;
    let reason = needed(reason)?;
    let begun = case
        .clock
        .map_or(case.accepted_at, |clock| clock.started_at);
    circumstances.check_time(begun)?;
    let lead = case.lead();
    let leads_already = lead.is_some_and(|lead| lead.organisation.id == to.organisation.id);
    let mut revoked = BTreeSet::new();
    let mut task = None;
    if !leads_already {
        if case.tasks.len() >= base::limits::TASKS_PER_CASE_MAX {
            return Err(Refusal::TasksTooMany);
        }
        let others = case
            .handle_tasks()
            .filter(|task| task.is_open() && task.organisation.id == to.organisation.id);
        for each in lead.into_iter().chain(others) {
            revoked.extend(case.open_line(each.id));
        }
        task = Some(dispatched(case, to, TaskRole::Lead, circumstances));
    }
    let mut events: Vec<_> = revoked
        .iter()
        .filter_map(|id: &Id| case.task(*id))
        .flat_map(|each| overdue_unrecorded(each, circumstances))
        .collect();
    events.push(fact(
        circumstances,
        HandlingFact::CaseRuled {
            organisation: to.organisation.clone(),
            task,
            revoked: revoked.into_iter().collect(),
            reason,
        },
    ));
    Ok(events)
}
