//! Clocks of stages that run out, the ladder of escalation on every clock, deadlines given from above, modes.

use super::{OverlayFact, TaskClock, desk, set_clocks, task_mut};
use crate::clocks::Clock;
use crate::lifecycle::case::{self, CaseFact};
use crate::lifecycle::{Circumstances, Event, Refusal};
use crate::model::{
    AppliedMode, Case, ClockKind, Escalated, LadderClock, NoteRef, StageRunOut, Task, TaskKind,
    TaskState,
};
use base::{Id, Timestamp};

/// The overdue fact of the present stage, when its clock has run out by `at` and that is not on record yet.
pub(in crate::lifecycle) fn stage_overdue_unrecorded(
    case: &Case,
    at: Timestamp,
    circumstances: &Circumstances<'_>,
) -> Option<Event<CaseFact>> {
    let clock = case.desk_clock().filter(|clock| clock.is_overdue(at))?;
    let run_out = StageRunOut {
        stage: case.stage,
        due_at: clock.due_at,
    };
    if case.extra.overlays.stage_overdue == Some(run_out) {
        return None;
    }
    Some(circumstances.run_out(clock.due_at, |late| {
        CaseFact::Overlay(OverlayFact::StageOverdue {
            stage: case.stage,
            due_at: clock.due_at,
            late,
        })
    }))
}

/// Events that leave a stage too late say so first.
pub(in crate::lifecycle) fn with_stage_overdue(
    case: &Case,
    mut events: Vec<Event<CaseFact>>,
    circumstances: &Circumstances<'_>,
) -> Vec<Event<CaseFact>> {
    if let Some(overdue) = stage_overdue_unrecorded(case, circumstances.occurred_at, circumstances)
    {
        let after = events.iter().fold(case.clone(), case::evolve);
        if (after.stage, after.awaits_dispatch()) != (case.stage, case.awaits_dispatch()) {
            events.insert(0, overdue);
        }
    }
    events
}

/// What a timer finds: the stage's clock ran out, and nobody has recorded it.
pub(super) fn stage_due(
    case: &Case,
    due_at: Timestamp,
    circumstances: &Circumstances<'_>,
) -> Vec<Event<CaseFact>> {
    if case.desk_clock().is_none_or(|clock| clock.due_at != due_at) {
        return Vec::new();
    }
    stage_overdue_unrecorded(case, circumstances.recorded_at, circumstances)
        .into_iter()
        .collect()
}

/// The clock that `task_id` and `kind` speak of, while it runs.
fn running(case: &Case, task_id: Option<Id>, kind: ClockKind) -> Option<(LadderClock, Clock)> {
    let Some(task_id) = task_id else {
        return case.desk_clock().map(|clock| (LadderClock::Stage, clock));
    };
    let task = case.task(task_id).filter(|task| task.is_open())?;
    match (kind, task.kind) {
        (ClockKind::Response, _) if task.state == TaskState::Assigned => {
            task.response.map(|clock| (LadderClock::Response, clock))
        }
        (ClockKind::Response, _) => None,
        (ClockKind::Handling, TaskKind::Inspect) => Some((LadderClock::Inspecting, task.handling)),
        (ClockKind::Handling, _) => Some((LadderClock::Handling, task.handling)),
    }
}

fn escalated(case: &Case, task_id: Option<Id>) -> Option<Escalated> {
    match task_id {
        Some(id) => case.task(id)?.extra.overlays.escalated,
        None => case.extra.overlays.escalated,
    }
}

/// What a timer finds: the rungs that were reached and not climbed yet, in order. A clock that was set anew does not climb
/// again what lies behind it.
pub(super) fn escalate(
    case: &Case,
    task_id: Option<Id>,
    kind: ClockKind,
    due_at: Timestamp,
    circumstances: &Circumstances<'_>,
) -> Vec<Event<CaseFact>> {
    let Some((on, clock)) = running(case, task_id, kind) else {
        return Vec::new();
    };
    if clock.due_at != due_at {
        return Vec::new();
    }
    let climbed = escalated(case, task_id).filter(|each| each.clock == on);
    let task = task_id.and_then(|id| case.task(id));
    let organisation = task.map_or_else(|| case.keeper(), |task| &task.organisation);
    let ladder = circumstances.process.overlays.ladder(on, &clock);
    (1_u32..)
        .zip(ladder)
        .filter(|(_, (at, _))| {
            *at <= circumstances.recorded_at && climbed.is_none_or(|each| *at > each.up_to)
        })
        .map(|(rung, (at, rule))| {
            circumstances.run_out(at, |late| {
                CaseFact::Overlay(OverlayFact::ClockEscalated {
                    task_id,
                    clock: on,
                    due_at,
                    rung,
                    notify: rule.notify,
                    organisation: organisation.clone(),
                    staff_id: task.and_then(|task| task.assignee),
                    proposes_supervision: rule.proposes_supervision,
                    late,
                })
            })
        })
        .collect()
}

/// A deadline from above: of one task, or of whatever the case waits for now. In handling no open task may end later.
pub(super) fn deadline_give(
    case: &Case,
    task_id: Option<Id>,
    due_at: Timestamp,
    reason: Option<&NoteRef>,
    circumstances: &Circumstances<'_>,
) -> Result<OverlayFact, Refusal> {
    let at = circumstances.occurred_at;
    if due_at <= at {
        return Err(Refusal::DatePassed);
    }
    let clock = Clock::between(at, due_at);
    let lead = case.lead().filter(|task| task.is_open());
    let is_meant = |task: &Task| match task_id {
        Some(id) => task.id == id,
        None => match lead {
            Some(lead) => task.id == lead.id || task.handling.due_at > due_at,
            None => task.kind == TaskKind::Inspect,
        },
    };
    let meant: Vec<&Task> = case
        .tasks
        .iter()
        .filter(|task| task.is_open() && is_meant(task))
        .collect();
    if let Some(id) = task_id
        && meant.is_empty()
    {
        let task = case.task(id).ok_or(Refusal::TaskUnknown)?;
        return Err(Refusal::TaskWrongState { state: task.state });
    }
    if meant.iter().any(|task| task.is_suspended()) {
        return Err(Refusal::TaskSuspended);
    }
    let is_of_stage = task_id.is_none() && meant.is_empty();
    Ok(OverlayFact::DeadlineGiven {
        clock: if is_of_stage { Some(clock) } else { case.clock },
        tasks: meant
            .into_iter()
            .map(|task| TaskClock {
                task_id: task.id,
                kind: ClockKind::Handling,
                clock,
            })
            .collect(),
        reason: reason.cloned(),
    })
}

/// What the mode asks of a handling clock: never later than the mode's own limit.
pub(in crate::lifecycle) fn limited_by_mode(
    case: &Case,
    clock: Clock,
    circumstances: &Circumstances<'_>,
) -> Clock {
    let applied = case.extra.overlays.mode.as_ref();
    let modes = &circumstances.process.overlays.modes;
    let limit = applied
        .and_then(|applied| modes.get(&applied.mode))
        .and_then(|rule| rule.handling_limit.as_ref());
    let Some(limit) = limit else { return clock };
    let shorter = circumstances.reckoner.clock(clock.started_at, limit);
    if shorter.due_at < clock.due_at {
        shorter
    } else {
        clock
    }
}

/// 平急转换: at least the mode's level, and handling no longer than its limit from now. Leaving a mode gives the level back;
/// clocks that run keep their end.
pub(super) fn mode_apply(
    case: &Case,
    mode: Option<&str>,
    circumstances: &Circumstances<'_>,
) -> Result<OverlayFact, Refusal> {
    let applied = case.extra.overlays.mode.as_ref();
    if applied.map(|applied| applied.mode.as_str()) == mode {
        return Err(Refusal::OverlayUnchanged);
    }
    let before = applied.map_or(case.level, |applied| applied.level_before);
    let Some(mode) = mode else {
        return Ok(OverlayFact::ModeApplied {
            mode: None,
            level: before,
            clock: case.clock,
            tasks: Vec::new(),
        });
    };
    let rule = circumstances.process.overlays.modes.get(mode);
    let rule = rule.ok_or(Refusal::ModeUnknown)?;
    let level = before.max(rule.level);
    let (clock, mut tasks) = desk::relevelled(case, level, circumstances);
    if let Some(limit) = &rule.handling_limit {
        let clock = circumstances
            .reckoner
            .clock(circumstances.occurred_at, limit);
        let shortened = case.handle_tasks().filter(|task| {
            task.is_open() && !task.is_suspended() && clock.due_at < task.handling.due_at
        });
        tasks.extend(shortened.map(|task| TaskClock {
            task_id: task.id,
            kind: ClockKind::Handling,
            clock,
        }));
    }
    Ok(OverlayFact::ModeApplied {
        mode: Some(mode.to_owned()),
        level,
        clock,
        tasks,
    })
}

pub(super) fn evolve(case: &mut Case, fact: &OverlayFact, event: &Event<CaseFact>) {
    match fact {
        OverlayFact::StageOverdue { stage, due_at, .. } => {
            case.extra.overlays.stage_overdue = Some(StageRunOut {
                stage: *stage,
                due_at: *due_at,
            });
        }
        OverlayFact::ClockEscalated { task_id, clock, .. } => {
            let climbed = Some(Escalated {
                clock: *clock,
                up_to: event.occurred_at,
            });
            match task_id {
                Some(id) => {
                    if let Some(task) = task_mut(case, *id) {
                        task.extra.overlays.escalated = climbed;
                    }
                }
                None => case.extra.overlays.escalated = climbed,
            }
        }
        OverlayFact::DeadlineGiven { clock, tasks, .. } => set_clocks(case, *clock, tasks),
        OverlayFact::ModeApplied {
            mode,
            level,
            clock,
            tasks,
        } => {
            let before = case
                .extra
                .overlays
                .mode
                .take()
                .map_or(case.level, |applied| applied.level_before);
            case.extra.overlays.mode = mode.as_ref().map(|mode| AppliedMode {
                mode: mode.clone(),
                level_before: before,
            });
            case.level = *level;
            set_clocks(case, *clock, tasks);
        }
        _ => {}
    }
}
