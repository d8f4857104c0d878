//! Clocks that run out, ladders that are climbed, suspensions that reach their date.
//!
//! Each running clock has one live timer: for the next instant of interest, a rung of its ladder or its end. When it fires,
//! everything that was reached by then is recorded, in order, and the timer of the next instant is set. A timer whose clock
//! was stopped or replaced since does nothing: the command that did so has set another.

use super::{Casework, process_missing};
use crate::clocks::Clock;
use crate::failure::CaseworkError;
use crate::lifecycle::Circumstances;
use crate::lifecycle::case;
use crate::lifecycle::decide::{self, CaseCommand};
use crate::lifecycle::overlays::OverlayCommand;
use crate::lifecycle::report::{self, ReportCommand};
use crate::model::{Case, ClockKind, LadderClock, Report, Task, TaskKind, TaskState};
use crate::process::Process;
use crate::store::read::{self, CaseKey, ReportRow};
use ::store::timer::Timer;
use ::store::{StoreError, TimerEntry, Tx};
use base::{Id, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The kind of casework's timers; their key is the case, or the report whose reporter is to be called back.
pub const TASK_DEADLINE: &str = "task_deadline";

/// What a timer is about.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
enum Body {
    /// A clock of a task.
    Task {
        task_id: Id,
        clock: ClockKind,
        due_at: i64,
    },
    /// The clock of a stage in which a desk has to act.
    Stage { due_at: i64 },
    /// A suspension.
    Suspension { task_id: Id },
    /// A supervision.
    Supervision { due_at: i64 },
    /// A reporter is to be called back; the timer's key is the report.
    Callback { task_id: Id },
    /// A report in the pool is to be decided on; the timer's key is the report.
    Pool { due_at: i64 },
}

/// A timer to be set.
struct Wake {
    body: Body,
    at: Timestamp,
}

impl Casework {
    /// Handles a due timer of kind [`TASK_DEADLINE`]: records once what its clock has run into, and sets the timer of the
    /// clock's next instant. A clock that was stopped or replaced since is passed over.
    pub(super) fn deadline_due(
        &self,
        tx: &mut Tx<'_>,
        timer: &Timer,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let body: Body = serde_json::from_str(&timer.body)
            .map_err(|error| StoreError::Corrupt(format!("timer {}: {error}", timer.id)))?;
        if matches!(body, Body::Callback { .. } | Body::Pool { .. }) {
            let row = read::report_with_cases(tx, timer.key)?.ok_or_else(|| {
                StoreError::Corrupt(format!("timer {} is of no report", timer.id))
            })?;
            return self.report_due(tx, &row, body, now);
        }
        let Some(before) = read::case_with_tasks(tx, CaseKey::Case(timer.key))? else {
            return Err(StoreError::Corrupt(format!(
                "timer {} is of no case",
                timer.id
            )));
        };
        let process = self.process_of(&before).map_err(as_store)?;
        let mut after = before.clone();
        let mut events = Vec::new();
        for command in commands(body) {
            let found = self
                .timer_events(&after, &command, &process, now)
                .map_err(as_store)?;
            after = found.iter().fold(after, case::evolve);
            events.extend(found);
        }
        if !events.is_empty() {
            self.save(tx, &before, &after, &events)?;
        }
        match next_after(&after, body, &process, now) {
            Some(wake) => self.set_timer(tx, after.id, &wake),
            None => Ok(()),
        }
    }

    fn process_of(&self, case: &Case) -> Result<Arc<Process>, CaseworkError> {
        let process = self.parts().processes.get(&case.process);
        process.ok_or_else(|| process_missing(case))
    }

    fn timer_events(
        &self,
        case: &Case,
        command: &CaseCommand,
        process: &Process,
        now: Timestamp,
    ) -> Result<Vec<crate::lifecycle::Event<case::CaseFact>>, CaseworkError> {
        let circumstances = Circumstances {
            recorded_at: now,
            occurred_at: now,
            actor: None,
            process,
            reckoner: &*self.parts().reckoner,
            suggested: None,
            rule: None,
            category_has_rules: false,
        };
        decide::decide(case, command, &circumstances).map_err(|refusal| {
            CaseworkError::CaseRefused {
                refusal,
                current: None,
            }
        })
    }

    /// Sets timers for the clocks that run after a command and did not run before it.
    pub(super) fn schedule(
        &self,
        tx: &mut Tx<'_>,
        before: Option<&Case>,
        after: &Case,
    ) -> Result<(), StoreError> {
        let process = self.process_of(after).map_err(as_store)?;
        let now = self.now();
        let mut wakes = Vec::new();
        let stage = after.desk_clock();
        if stage.is_some_and(|clock| {
            let moved = before.is_none_or(|before| before.stage != after.stage);
            before.and_then(Case::desk_clock) != Some(clock) || moved && clock.is_overdue(now)
        }) {
            wakes.extend(first_of_stage(after, &process));
        }
        for task in &after.tasks {
            let then = before.and_then(|before| before.task(task.id));
            let clock = task.present_clock();
            if let Some((kind, clock)) = clock
                && then.and_then(Task::present_clock) != Some((kind, clock))
            {
                wakes.extend(first_of_task(task, kind, clock, &process));
            }
            if is_due_apart(task, then) {
                let handling = (ClockKind::Handling, task.handling);
                wakes.extend(first_of_task(task, handling.0, handling.1, &process));
            }
            let suspension = &task.extra.overlays.suspension;
            if let Some(suspension) = suspension
                && then
                    .is_none_or(|then| then.extra.overlays.suspension != Some(suspension.clone()))
            {
                wakes.push(Wake {
                    body: Body::Suspension { task_id: task.id },
                    at: suspension.until,
                });
            }
        }
        let supervised = |case: &Case| {
            let supervision = case.extra.overlays.supervision.as_ref()?;
            Some(supervision.clock)
        };
        if let Some(clock) = supervised(after)
            && before.and_then(supervised) != Some(clock)
        {
            wakes.push(Wake {
                body: Body::Supervision {
                    due_at: clock.due_at.0,
                },
                at: past(clock.due_at),
            });
        }
        for wake in wakes {
            self.set_timer(tx, after.id, &wake)?;
        }
        Ok(())
    }

    /// Sets the timer of the clock of a report that runs, for its first instant of interest after `after`.
    pub(super) fn set_report_timer(
        &self,
        tx: &mut Tx<'_>,
        report: &Report,
        after: Timestamp,
    ) -> Result<(), StoreError> {
        let Some((on, clock, task_id)) = report::running(report) else {
            return Ok(());
        };
        let process = self.process_of_report(report).map_err(as_store)?;
        let Some(at) = next_instant(on, &clock, &process, after) else {
            return Ok(());
        };
        let body = match task_id {
            Some(task_id) => Body::Callback { task_id },
            None => Body::Pool {
                due_at: clock.due_at.0,
            },
        };
        self.set_timer(tx, report.id, &Wake { body, at })
    }

    /// A clock of a report has reached an instant of interest: what there is to record is recorded, and the timer of its next one set.
    fn report_due(
        &self,
        tx: &mut Tx<'_>,
        row: &ReportRow,
        body: Body,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let is_meant = match (report::running(&row.report), body) {
            (Some((_, _, Some(running))), Body::Callback { task_id }) => running == task_id,
            (Some((_, clock, None)), Body::Pool { due_at }) => clock.due_at.0 == due_at,
            _ => false,
        };
        if !is_meant {
            return Ok(());
        }
        let command = match body {
            Body::Callback { task_id } => ReportCommand::CallbackDeadline { task_id },
            _ => ReportCommand::PoolDeadline,
        };
        let events = self
            .report_decide(&row.report, &command, None, now)
            .map_err(as_store)?;
        let after = Self::report_save(tx, row, &events).map_err(as_store)?;
        self.set_report_timer(tx, &after, now)
    }

    fn set_timer(&self, tx: &mut Tx<'_>, key: Id, wake: &Wake) -> Result<(), StoreError> {
        tx.schedule(&TimerEntry {
            // Drawn here and not outside: how many are needed is known only now, and a run that is repeated may waste some.
            id: self.next_id(),
            kind: TASK_DEADLINE,
            key,
            due_at: wake.at,
            body: serde_json::to_string(&wake.body)
                .map_err(|error| StoreError::Statement(error.to_string()))?,
        })
    }
}

/// Whether the handling clock of a task that nobody has accepted wants a timer of its own: it was moved, or ends before the response
/// clock does, whose timer is followed by it otherwise.
fn is_due_apart(task: &Task, then: Option<&Task>) -> bool {
    let response = task.response.filter(|_| task.state == TaskState::Assigned);
    response.is_some_and(|response| match then {
        None => task.handling.due_at <= response.due_at,
        Some(then) => then.handling != task.handling,
    })
}

/// What happens at the very instant a clock runs out is still in time.
fn past(due_at: Timestamp) -> Timestamp {
    Timestamp(due_at.0.saturating_add(1))
}

/// What is to be looked at when a timer fires.
fn commands(body: Body) -> Vec<CaseCommand> {
    let escalate = |task_id, clock, due_at| {
        CaseCommand::Overlay(OverlayCommand::Escalate {
            task_id,
            clock,
            due_at: Timestamp(due_at),
        })
    };
    match body {
        Body::Task {
            task_id,
            clock,
            due_at,
        } => vec![
            CaseCommand::TaskDeadline {
                task_id,
                clock,
                due_at: Timestamp(due_at),
            },
            escalate(Some(task_id), clock, due_at),
        ],
        Body::Stage { due_at } => vec![
            CaseCommand::Overlay(OverlayCommand::StageDue {
                due_at: Timestamp(due_at),
            }),
            escalate(None, ClockKind::Handling, due_at),
        ],
        Body::Suspension { task_id } => {
            vec![CaseCommand::Overlay(OverlayCommand::SuspensionDue {
                task_id,
            })]
        }
        Body::Supervision { .. } => vec![CaseCommand::Overlay(OverlayCommand::SupervisionDue {})],
        Body::Callback { .. } | Body::Pool { .. } => Vec::new(),
    }
}

/// The first instant of interest of a clock after `after`: a rung of its ladder, or its end.
fn next_instant(
    on: LadderClock,
    clock: &Clock,
    process: &Process,
    after: Timestamp,
) -> Option<Timestamp> {
    let rungs = process.overlays.ladder(on, clock);
    rungs
        .into_iter()
        .map(|(at, _)| at)
        .chain([past(clock.due_at)])
        .filter(|at| *at > after)
        .min()
}

const fn ladder_of(task: &Task, kind: ClockKind) -> LadderClock {
    match (kind, task.kind) {
        (ClockKind::Response, _) => LadderClock::Response,
        (ClockKind::Handling, TaskKind::Inspect) => LadderClock::Inspecting,
        (ClockKind::Handling, _) => LadderClock::Handling,
    }
}

fn first_of_task(task: &Task, kind: ClockKind, clock: Clock, process: &Process) -> Option<Wake> {
    let on = ladder_of(task, kind);
    // What was climbed already is not waited for again.
    let escalated = task.extra.overlays.escalated;
    let climbed = escalated.filter(|each| each.clock == on);
    let after = climbed.map_or(clock.started_at, |each| each.up_to);
    Some(Wake {
        body: Body::Task {
            task_id: task.id,
            clock: kind,
            due_at: clock.due_at.0,
        },
        at: next_instant(on, &clock, process, after)?,
    })
}

fn first_of_stage(case: &Case, process: &Process) -> Option<Wake> {
    let clock = case.desk_clock()?;
    let escalated = case.extra.overlays.escalated;
    let after = escalated.map_or(clock.started_at, |each| each.up_to.min(clock.due_at));
    Some(Wake {
        body: Body::Stage {
            due_at: clock.due_at.0,
        },
        at: next_instant(LadderClock::Stage, &clock, process, after)?,
    })
}

/// The timer that follows on one that has fired: the next instant of the same clock; after the last one of a response clock
/// that nobody stopped, the first of the handling clock.
fn next_after(case: &Case, body: Body, process: &Process, now: Timestamp) -> Option<Wake> {
    match body {
        Body::Task {
            task_id,
            clock,
            due_at,
        } => {
            let task = case.task(task_id).filter(|task| task.is_open())?;
            let response = task
                .response
                .filter(|_| task.state == TaskState::Assigned && clock == ClockKind::Response);
            let running = match clock {
                ClockKind::Response => response?,
                ClockKind::Handling => task.handling,
            };
            if running.due_at.0 != due_at {
                return None;
            }
            let at = next_instant(ladder_of(task, clock), &running, process, now);
            match (at, clock) {
                (Some(at), _) => Some(Wake { body, at }),
                (None, ClockKind::Response) => {
                    first_of_task(task, ClockKind::Handling, task.handling, process)
                }
                (None, ClockKind::Handling) => None,
            }
        }
        Body::Stage { due_at } => {
            let clock = case.desk_clock().filter(|clock| clock.due_at.0 == due_at)?;
            let at = next_instant(LadderClock::Stage, &clock, process, now)?;
            Some(Wake { body, at })
        }
        Body::Suspension { .. }
        | Body::Supervision { .. }
        | Body::Callback { .. }
        | Body::Pool { .. } => None,
    }
}

pub(super) fn as_store(error: CaseworkError) -> StoreError {
    match error {
        CaseworkError::Store(error) => error,
        other => StoreError::Corrupt(other.to_string()),
    }
}
