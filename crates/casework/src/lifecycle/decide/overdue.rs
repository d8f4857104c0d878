//! Clocks that ran out: recorded once, by a timer or by the step that comes too late.

use crate::clocks::Clock;
use crate::lifecycle::case::CaseFact;
use crate::lifecycle::{Circumstances, Event};
use crate::model::{Case, ClockKind, Task, TaskState};
use base::{Id, Timestamp};

/// What a timer finds: the clock ran out with the task open, and nobody has recorded it.
pub(super) fn deadline(
    case: &Case,
    task_id: Id,
    kind: ClockKind,
    due_at: Timestamp,
    circumstances: &Circumstances<'_>,
) -> Vec<Event<CaseFact>> {
    let Some(task) = case.task(task_id) else {
        return Vec::new();
    };
    let Some((running, clock)) = task.present_clock() else {
        return Vec::new();
    };
    // A task that nobody accepts runs past both of its clocks.
    let clock = match kind {
        ClockKind::Handling => task.handling,
        ClockKind::Response if running == ClockKind::Response => clock,
        ClockKind::Response => return Vec::new(),
    };
    if clock.due_at != due_at || !clock.is_overdue(circumstances.recorded_at) {
        return Vec::new();
    }
    overdue(task, kind, clock, circumstances)
        .into_iter()
        .collect()
}

/// The overdue facts of a task that is about to be accepted or finished and that no timer has recorded yet.
pub(in crate::lifecycle) fn overdue_unrecorded(
    task: &Task,
    circumstances: &Circumstances<'_>,
) -> Vec<Event<CaseFact>> {
    let at = circumstances.occurred_at;
    let response = (task.state == TaskState::Assigned)
        .then_some(task.response)
        .flatten()
        .map(|clock| (ClockKind::Response, clock));
    let clocks = response
        .into_iter()
        .chain(std::iter::once((ClockKind::Handling, task.handling)));
    clocks
        .filter(|(_, clock)| clock.is_overdue(at))
        .filter_map(|(kind, clock)| overdue(task, kind, clock, circumstances))
        .collect()
}

fn overdue(
    task: &Task,
    kind: ClockKind,
    clock: Clock,
    circumstances: &Circumstances<'_>,
) -> Option<Event<CaseFact>> {
    let recorded = match kind {
        ClockKind::Response => task.response_overdue,
        ClockKind::Handling => task.handling_overdue,
    };
    if recorded {
        return None;
    }
    Some(
        circumstances.run_out(clock.due_at, |late| CaseFact::TaskOverdue {
            task_id: task.id,
            clock: kind,
            due_at: clock.due_at,
            late,
        }),
    )
}
