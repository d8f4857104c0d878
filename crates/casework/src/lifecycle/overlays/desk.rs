//! What a desk does to a case besides moving it on: urge, mark, hide, change the level, take back, cancel.

use super::{OverlayFact, TaskClock};
use crate::clocks::Clock;
use crate::lifecycle::{Circumstances, Refusal};
use crate::model::{
    Case, CaseStage, ClockKind, Level, NoteRef, OrganisationRef, Task, TaskKind, TaskState,
};
use base::{Id, Timestamp};

/// Whoever has something to do now is told: the holders of open tasks, or else who keeps the case.
pub(super) fn urge(case: &Case, note: Option<&NoteRef>) -> OverlayFact {
    let mut organisations: Vec<OrganisationRef> = Vec::new();
    for task in case.tasks.iter().filter(|task| task.is_open()) {
        if !organisations.contains(&task.organisation) {
            organisations.push(task.organisation.clone());
        }
    }
    if organisations.is_empty() {
        organisations.push(case.keeper().clone());
    }
    OverlayFact::CaseUrged {
        organisations,
        note: note.cloned(),
    }
}

fn changed<T: PartialEq>(present: &T, wanted: &T) -> Result<(), Refusal> {
    if present == wanted {
        Err(Refusal::OverlayUnchanged)
    } else {
        Ok(())
    }
}

pub(super) fn mark(case: &Case, important: bool) -> Result<OverlayFact, Refusal> {
    changed(&case.extra.overlays.important, &important)?;
    Ok(OverlayFact::CaseMarked { important })
}

pub(super) fn hide_reporter(case: &Case, hidden: bool) -> Result<OverlayFact, Refusal> {
    changed(&case.extra.overlays.reporter_hidden, &hidden)?;
    Ok(OverlayFact::CaseReporterHidden { hidden })
}

pub(super) fn level(
    case: &Case,
    level: Level,
    reason: Option<&NoteRef>,
    circumstances: &Circumstances<'_>,
) -> Result<OverlayFact, Refusal> {
    changed(&case.level, &level)?;
    let (clock, tasks) = relevelled(case, level, circumstances);
    Ok(OverlayFact::CaseLevelled {
        level,
        clock,
        tasks,
        reason: reason.cloned(),
    })
}

/// The clocks that hang on the level, at another level: that of the desk, of the inspection, of tasks not yet accepted.
/// Handling goes by the rule row, not by the level.
pub(super) fn relevelled(
    case: &Case,
    level: Level,
    circumstances: &Circumstances<'_>,
) -> (Option<Clock>, Vec<TaskClock>) {
    let process = circumstances.process;
    let at = circumstances.occurred_at;
    let anew = |clock: Clock, minutes: u32| {
        if level > case.level {
            sooner(clock, at, minutes)
        } else {
            later(clock, minutes)
        }
    };
    // Whoever is at work meanwhile, a case without a lead waits for its dispatch.
    let stage = if case.awaits_dispatch() {
        process.dispatch_stage()
    } else {
        case.stage
    };
    let clock = case.clock.map(|clock| {
        process
            .stage_minutes(stage, level)
            .map_or(clock, |minutes| anew(clock, minutes))
    });
    let mut tasks = Vec::new();
    let mut push = |task: &Task, kind: ClockKind, clock: Clock, minutes: u32| {
        let then = anew(clock, minutes);
        if then != clock {
            tasks.push(TaskClock {
                task_id: task.id,
                kind,
                clock: then,
            });
        }
    };
    for task in case.tasks.iter().filter(|task| task.is_open()) {
        match (task.kind, task.state, task.response) {
            (TaskKind::Inspect, ..) => {
                if let Some(minutes) = process.stage_minutes(CaseStage::Inspecting, level) {
                    push(task, ClockKind::Handling, task.handling, minutes);
                }
            }
            (_, TaskState::Assigned, Some(response)) => {
                let minutes = process.handling.response_minutes.of(level);
                push(task, ClockKind::Response, response, minutes);
            }
            _ => {}
        }
    }
    (clock, tasks)
}

/// More urgent: the shorter limit counts from now, and never ends later than the one that ran.
fn sooner(clock: Clock, at: Timestamp, minutes: u32) -> Clock {
    let fresh = Clock::over_minutes(at, minutes);
    if fresh.due_at < clock.due_at {
        fresh
    } else {
        clock
    }
}

/// Less urgent: the longer limit counts from when the clock began, and never ends sooner than the one that ran.
fn later(clock: Clock, minutes: u32) -> Clock {
    let fresh = Clock::over_minutes(clock.started_at, minutes);
    if fresh.due_at > clock.due_at {
        fresh
    } else {
        clock
    }
}

/// The undo of a dispatch, while nobody has acted on it.
pub(super) fn recall(
    case: &Case,
    reason: Option<&NoteRef>,
    circumstances: &Circumstances<'_>,
) -> Result<OverlayFact, Refusal> {
    let live = || case.handle_tasks().filter(|task| task.is_open());
    let untouched = |task: &Task| task.state == TaskState::Assigned && task.accepted_at.is_none();
    let ended = |task: &Task| matches!(task.state, TaskState::Finished);
    if live().next().is_none()
        || !live().all(untouched)
        || case.handle_tasks().any(ended)
        || case.rework_count > 0
    {
        return Err(Refusal::DispatchActedOn);
    }
    // What was ruled is no dispatch to undo: a new one would lead past the ruling.
    let ruled = case.extra.handling.ruled.as_ref();
    if case
        .lead()
        .is_some_and(|lead| ruled == Some(&lead.organisation))
    {
        return Err(Refusal::RulingBinds);
    }
    let process = circumstances.process;
    let stage = process.dispatch_stage();
    let accepted = process.stage_clock(CaseStage::Accepted, case.level, case.accepted_at, None);
    let begun = case.filed_at.unwrap_or(case.accepted_at);
    Ok(OverlayFact::CaseRecalled {
        revoked: open_tasks(case),
        stage,
        // As if it had not been dispatched: the time the dispatch took runs on.
        clock: process.stage_clock(stage, case.level, begun, accepted),
        reason: reason.cloned(),
    })
}

/// The tasks that somebody still has to do.
pub(super) fn open_tasks(case: &Case) -> Vec<Id> {
    let open = case.tasks.iter().filter(|task| task.is_open());
    open.map(|task| task.id).collect()
}

pub(super) fn revoke(case: &mut Case, revoked: &[Id]) {
    for task in &mut case.tasks {
        if revoked.contains(&task.id) {
            task.state = TaskState::Revoked;
            task.extra.overlays.end();
        }
    }
}
