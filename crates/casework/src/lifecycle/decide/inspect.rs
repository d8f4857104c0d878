//! The result of an inspection (核查): passed, or which tasks failed and are opened again.

use super::{check_holder, handling_clock, overdue_unrecorded};
use crate::clocks::Clock;
use crate::lifecycle::case::{CaseFact, TaskReopened};
use crate::lifecycle::{Circumstances, Event, Refusal, handling};
use crate::model::{Case, CaseStage, NoteRef, TaskState};
use base::Id;
use std::collections::BTreeSet;

pub(super) fn inspect(
    case: &Case,
    passed: bool,
    failed: &[Id],
    opinion: Option<&NoteRef>,
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Event<CaseFact>>, Refusal> {
    let task = case.open_inspection().ok_or(Refusal::TaskUnknown)?;
    check_holder(task, circumstances)?;
    if let Some(actor) = circumstances.actor {
        handling::check_impartial(case, task, actor.staff_id, circumstances)?;
    }
    if task.response.is_some() && task.state != TaskState::Accepted {
        // In the field: somebody goes there, and says so first.
        return Err(Refusal::TaskWrongState { state: task.state });
    }
    match (passed, failed.is_empty()) {
        (true, false) => return Err(Refusal::FailedTasksUnexpected),
        (false, true) => return Err(Refusal::FailedTasksRequired),
        _ => {}
    }
    if !passed && opinion.is_none() {
        return Err(Refusal::ReasonRequired);
    }
    if !failed.iter().all(|id| case.may_fail(*id)) {
        return Err(Refusal::FailedTaskUnknown);
    }
    circumstances.check_time(
        task.opened_at
            .max(task.accepted_at.unwrap_or(task.opened_at)),
    )?;
    let at = circumstances.occurred_at;
    let again = if passed {
        Vec::new()
    } else {
        reopened(case, failed, handling_clock(case, at, circumstances))
    };
    let mut events = Vec::with_capacity(1);
    events.extend(overdue_unrecorded(task, circumstances));
    events.push(
        circumstances.event(CaseFact::CaseInspected {
            task_id: task.id,
            passed,
            opinion: opinion.cloned(),
            reopened: again,
            clock: passed
                .then(|| {
                    circumstances
                        .process
                        .stage_clock(CaseStage::Closing, case.level, at, None)
                })
                .flatten(),
        }),
    );
    Ok(events)
}

/// The failed tasks, those who gave them on and answer for them, and the lead in any case: it must submit the consolidated
/// result again.
fn reopened(case: &Case, failed: &[Id], handling: Clock) -> Vec<TaskReopened> {
    let mut again: BTreeSet<Id> = case.lead().map(|lead| lead.id).into_iter().collect();
    for id in failed {
        let mut next = Some(*id);
        while let Some(task) = next.and_then(|id| case.task(id)) {
            again.insert(task.id);
            next = task.giver_id();
        }
    }
    case.handle_tasks()
        .filter(|task| again.contains(&task.id))
        .map(|task| TaskReopened {
            task_id: task.id,
            failed: failed.contains(&task.id),
            handling,
        })
        .collect()
}
