//! Extension (延期) and suspension (挂账) of a task's handling clock, each applied for and decided.
//!
//! A suspension that is granted moves the clock's end at once by its whole length; one that is ended before its date gives
//! back what was left of it. So the end is known at every moment, and a light never has to be computed from two sources.

use super::OverlayCommand;
use super::{OverlayFact, SuspensionGranted, follow_clock, set_handling, task_mut};
use crate::clocks::Clock;
use crate::lifecycle::case::CaseFact;
use crate::lifecycle::decide::task_of;
use crate::lifecycle::{Circumstances, Event, Refusal};
use crate::model::{
    Case, ExtensionAsked, NoteRef, SuspensionAsked, Task, TaskKind, TaskState, TaskSuspension,
};
use base::{Id, Timestamp};
use calendar::Limit;

const DAY_SECONDS: i64 = 86_400;

pub(super) fn decide(
    case: &Case,
    command: &OverlayCommand,
    circumstances: &Circumstances<'_>,
) -> Result<OverlayFact, Refusal> {
    match command {
        OverlayCommand::ExtensionRequest {
            task_id,
            limit,
            reason,
        } => extension_request(case, *task_id, limit.as_ref(), reason, circumstances),
        OverlayCommand::ExtensionDecide {
            task_id,
            approved,
            opinion,
        } => extension_decide(case, *task_id, *approved, opinion.as_ref(), circumstances),
        OverlayCommand::SuspensionRequest {
            task_id,
            until,
            reason,
        } => suspension_request(case, *task_id, *until, reason, circumstances),
        OverlayCommand::SuspensionDecide {
            task_id,
            approved,
            from,
            until,
            opinion,
        } => {
            let task = worked_on(case, *task_id)?;
            let asked = task.extra.overlays.suspension_asked.as_ref();
            let asked = asked.ok_or(Refusal::SuspensionNone)?;
            check_decider(asked.staff_id, circumstances)?;
            check_opinion(*approved, opinion.as_ref())?;
            let granted = if *approved {
                let from = from.unwrap_or(circumstances.occurred_at);
                let until = until.unwrap_or(asked.until);
                Some(granted(case, task, asked, (from, until), circumstances)?)
            } else {
                None
            };
            Ok(OverlayFact::SuspensionDecided {
                task_id: *task_id,
                granted,
                opinion: opinion.clone(),
            })
        }
        OverlayCommand::SuspensionEnd { task_id, reason } => {
            let task = worked_on(case, *task_id)?;
            let suspension = task.extra.overlays.suspension.as_ref();
            let suspension = suspension.ok_or(Refusal::TaskNotSuspended)?;
            let at = circumstances.occurred_at;
            Ok(OverlayFact::SuspensionEnded {
                task_id: *task_id,
                handling: resumed(case, suspension, at, circumstances),
                expired: false,
                reason: reason.clone(),
            })
        }
        // The others are decided elsewhere.
        _ => Err(Refusal::TaskUnknown),
    }
}

/// A handling task that somebody works on.
fn worked_on(case: &Case, task_id: Id) -> Result<&Task, Refusal> {
    let task = case.task(task_id).ok_or(Refusal::TaskUnknown)?;
    if task.kind == TaskKind::Inspect {
        return Err(Refusal::TaskIsInspection);
    }
    if task.state != TaskState::Accepted {
        return Err(Refusal::TaskWrongState { state: task.state });
    }
    Ok(task)
}

/// Nobody decides what they applied for themselves.
pub(super) fn check_decider(
    asked_by: Option<Id>,
    circumstances: &Circumstances<'_>,
) -> Result<(), Refusal> {
    match circumstances.actor {
        Some(actor) if asked_by == Some(actor.staff_id) => Err(Refusal::OwnApplication),
        _ => Ok(()),
    }
}

/// A no says why.
pub(super) fn check_opinion(approved: bool, opinion: Option<&NoteRef>) -> Result<(), Refusal> {
    if approved || opinion.is_some() {
        Ok(())
    } else {
        Err(Refusal::ReasonRequired)
    }
}

/// The limit by which the task's handling is counted.
fn counted_by<'a>(case: &'a Case, circumstances: &Circumstances<'a>) -> &'a Limit {
    let by_process = &circumstances.process.handling.default_limit;
    case.rule.as_ref().map_or(by_process, |rule| &rule.limit)
}

fn extension_request(
    case: &Case,
    task_id: Id,
    limit: Option<&Limit>,
    reason: &NoteRef,
    circumstances: &Circumstances<'_>,
) -> Result<OverlayFact, Refusal> {
    task_of(case, task_id, circumstances)?;
    let task = worked_on(case, task_id)?;
    let extra = &task.extra.overlays;
    let rule = &circumstances.process.overlays.extension;
    if extra.suspension.is_some() {
        return Err(Refusal::TaskSuspended);
    }
    if extra.extension.is_some() {
        return Err(Refusal::ExtensionPending);
    }
    if extra.extended_count >= i64::from(rule.times_max) {
        return Err(Refusal::ExtensionTooOften {
            times_max: rule.times_max,
        });
    }
    if task.handling.is_overdue(circumstances.occurred_at) {
        return Err(Refusal::ClockRunOut);
    }
    let limit = limit.unwrap_or(&rule.limit_max);
    let reckoner = circumstances.reckoner;
    let asked = reckoner.extended(&task.handling, limit);
    let allowed = reckoner.extended(&task.handling, &rule.limit_max);
    if asked.due_at > allowed.due_at || asked.due_at <= task.handling.due_at {
        return Err(Refusal::ExtensionTooLong {
            limit_max: rule.limit_max.to_string(),
        });
    }
    check_parent(case, task, &asked)?;
    Ok(OverlayFact::ExtensionRequested {
        task_id,
        limit: limit.clone(),
        reason: reason.clone(),
    })
}

fn extension_decide(
    case: &Case,
    task_id: Id,
    approved: bool,
    opinion: Option<&NoteRef>,
    circumstances: &Circumstances<'_>,
) -> Result<OverlayFact, Refusal> {
    let task = worked_on(case, task_id)?;
    let extra = &task.extra.overlays;
    let asked = extra.extension.as_ref().ok_or(Refusal::ExtensionNone)?;
    if extra.suspension.is_some() {
        return Err(Refusal::TaskSuspended);
    }
    check_decider(asked.staff_id, circumstances)?;
    check_opinion(approved, opinion)?;
    let handling = approved.then(|| {
        circumstances
            .reckoner
            .extended(&task.handling, &asked.limit)
    });
    if let Some(handling) = &handling {
        check_parent(case, task, handling)?;
    }
    Ok(OverlayFact::ExtensionDecided {
        task_id,
        approved,
        handling,
        opinion: opinion.cloned(),
    })
}

fn suspension_request(
    case: &Case,
    task_id: Id,
    until: Timestamp,
    reason: &NoteRef,
    circumstances: &Circumstances<'_>,
) -> Result<OverlayFact, Refusal> {
    task_of(case, task_id, circumstances)?;
    let task = worked_on(case, task_id)?;
    let extra = &task.extra.overlays;
    if extra.suspension.is_some() {
        return Err(Refusal::TaskSuspended);
    }
    if extra.suspension_asked.is_some() {
        return Err(Refusal::SuspensionPending);
    }
    if task.handling.is_overdue(circumstances.occurred_at) {
        return Err(Refusal::ClockRunOut);
    }
    check_until(circumstances.occurred_at, until, circumstances)?;
    let span = (circumstances.occurred_at, until);
    check_parent(
        case,
        task,
        &stretched(case, &task.handling, span, circumstances),
    )?;
    Ok(OverlayFact::SuspensionRequested {
        task_id,
        until,
        reason: reason.clone(),
    })
}

fn check_until(
    from: Timestamp,
    until: Timestamp,
    circumstances: &Circumstances<'_>,
) -> Result<(), Refusal> {
    let days_max = circumstances.process.overlays.suspension.days_max;
    if until <= from || until <= circumstances.occurred_at {
        Err(Refusal::DatePassed)
    } else if until
        > circumstances
            .occurred_at
            .plus_seconds(i64::from(days_max) * DAY_SECONDS)
    {
        Err(Refusal::SuspensionTooLong { days_max })
    } else {
        Ok(())
    }
}

/// What is granted: from some time between the application and the end, while the clock still ran.
fn granted(
    case: &Case,
    task: &Task,
    asked: &SuspensionAsked,
    (from, until): (Timestamp, Timestamp),
    circumstances: &Circumstances<'_>,
) -> Result<SuspensionGranted, Refusal> {
    if from < asked.asked_at {
        return Err(Refusal::OccurredTooEarly {
            begun: asked.asked_at,
        });
    }
    check_until(from, until, circumstances)?;
    if from >= task.handling.due_at {
        return Err(Refusal::ClockRunOut);
    }
    let handling = stretched(case, &task.handling, (from, until), circumstances);
    check_parent(case, task, &handling)?;
    Ok(SuspensionGranted {
        from,
        until,
        handling,
    })
}

/// A clock after it stood still for a while.
pub(super) fn stretched(
    case: &Case,
    clock: &Clock,
    (from, until): (Timestamp, Timestamp),
    circumstances: &Circumstances<'_>,
) -> Clock {
    let limit = counted_by(case, circumstances);
    circumstances.reckoner.stretched(clock, limit, from, until)
}

/// A child is never due after its parent: what is asked for it ends by then.
fn check_parent(case: &Case, task: &Task, clock: &Clock) -> Result<(), Refusal> {
    let parent = task.giver_id().and_then(|id| case.task(id));
    match parent.filter(|parent| parent.is_open()) {
        Some(parent) if clock.due_at > parent.handling.due_at => {
            Err(Refusal::DeadlineAfterParent {
                due_at: parent.handling.due_at,
            })
        }
        _ => Ok(()),
    }
}

/// The clock that runs on at `at`: stretched by what the suspension has really lasted.
pub(super) fn resumed(
    case: &Case,
    suspension: &TaskSuspension,
    at: Timestamp,
    circumstances: &Circumstances<'_>,
) -> Clock {
    let to = at.min(suspension.until);
    stretched(
        case,
        &suspension.before,
        (suspension.from, to),
        circumstances,
    )
}

/// What a timer finds: the suspension has reached its date.
pub(super) fn suspension_due(
    case: &Case,
    task_id: Id,
    circumstances: &Circumstances<'_>,
) -> Vec<Event<CaseFact>> {
    let Some(task) = case.task(task_id).filter(|task| task.is_suspended()) else {
        return Vec::new();
    };
    let Some(suspension) = &task.extra.overlays.suspension else {
        return Vec::new();
    };
    if suspension.until > circumstances.recorded_at {
        return Vec::new();
    }
    vec![Event {
        occurred_at: suspension.until,
        recorded_at: circumstances.recorded_at,
        by: None,
        fact: CaseFact::Overlay(OverlayFact::SuspensionEnded {
            task_id,
            handling: task.handling,
            expired: true,
            reason: None,
        }),
    }]
}

/// Who finishes a task while its clock stands still has ended the suspension by it.
pub(in crate::lifecycle) fn suspension_ended_by_finish(
    case: &Case,
    task: &Task,
    circumstances: &Circumstances<'_>,
) -> Option<Event<CaseFact>> {
    let suspension = task.extra.overlays.suspension.as_ref()?;
    let at = circumstances.occurred_at;
    Some(
        circumstances.event(CaseFact::Overlay(OverlayFact::SuspensionEnded {
            task_id: task.id,
            handling: resumed(case, suspension, at, circumstances),
            expired: false,
            reason: None,
        })),
    )
}

pub(super) fn evolve(case: &mut Case, fact: &OverlayFact, event: &Event<CaseFact>) {
    let staff_id = event.by.as_ref().map(|by| by.staff_id);
    let asked_at = event.occurred_at;
    match fact {
        OverlayFact::ExtensionRequested { task_id, limit, .. } => {
            if let Some(task) = task_mut(case, *task_id) {
                task.extra.overlays.extension = Some(ExtensionAsked {
                    limit: limit.clone(),
                    asked_at,
                    staff_id,
                });
            }
        }
        OverlayFact::ExtensionDecided {
            task_id, handling, ..
        } => {
            if let Some(task) = task_mut(case, *task_id) {
                task.extra.overlays.extension = None;
                if let Some(handling) = handling {
                    task.extra.overlays.extended_count += 1;
                    set_handling(task, *handling);
                }
            }
        }
        OverlayFact::SuspensionRequested { task_id, until, .. } => {
            if let Some(task) = task_mut(case, *task_id) {
                task.extra.overlays.suspension_asked = Some(SuspensionAsked {
                    until: *until,
                    asked_at,
                    staff_id,
                });
            }
        }
        OverlayFact::SuspensionDecided {
            task_id, granted, ..
        } => {
            if let Some(task) = task_mut(case, *task_id) {
                task.extra.overlays.suspension_asked = None;
                if let Some(granted) = granted {
                    task.extra.overlays.suspended_count += 1;
                    task.extra.overlays.suspension = Some(TaskSuspension {
                        from: granted.from,
                        until: granted.until,
                        before: task.handling,
                    });
                    set_handling(task, granted.handling);
                }
            }
        }
        OverlayFact::SuspensionEnded {
            task_id, handling, ..
        } => {
            if let Some(task) = task_mut(case, *task_id) {
                task.extra.overlays.suspension = None;
                set_handling(task, *handling);
            }
        }
        _ => {}
    }
    follow_clock(case);
}
