//! Clocks that run out. Each open task has one live timer: for the response clock until that has passed, then for handling.

use super::{Casework, process_missing};
use crate::clocks::Clock;
use crate::failure::CaseworkError;
use crate::lifecycle::case::{self, CaseFact};
use crate::lifecycle::decide::{self, CaseCommand};
use crate::lifecycle::links::LinkFact;
use crate::lifecycle::{Circumstances, Event};
use crate::model::{Case, ClockKind, TaskOpened};
use crate::store::read::{self, CaseKey};
use ::store::timer::Timer;
use ::store::{StoreError, TimerEntry, Tx};
use base::{Id, Timestamp};
use serde::{Deserialize, Serialize};

/// The kind of casework's timers; their key is the case.
pub const TASK_DEADLINE: &str = "task_deadline";

#[derive(Serialize, Deserialize)]
struct Body {
    task_id: Id,
    clock: ClockKind,
    due_at: i64,
}

impl Casework {
    /// Handles a due timer of kind [`TASK_DEADLINE`]: records once that the clock ran out with the task open, and sets the
    /// timer for the task's next clock. A clock that was stopped or replaced since is passed over.
    pub fn timer_due(
        &self,
        tx: &mut Tx<'_>,
        timer: &Timer,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let body: Body = serde_json::from_str(&timer.body)
            .map_err(|error| StoreError::Corrupt(format!("timer {}: {error}", timer.id)))?;
        let Some(before) = read::case_with_tasks(tx, CaseKey::Case(timer.key))? else {
            if let Some(row) = read::report_with_cases(tx, timer.key)? {
                return self.callback_due(tx, &row, body.task_id, now);
            }
            return Err(StoreError::Corrupt(format!(
                "timer {} is of no case and no report",
                timer.id
            )));
        };
        let events = self
            .deadline_events(&before, &body, now)
            .map_err(as_store)?;
        if !events.is_empty() {
            let after = events.iter().fold(before.clone(), case::evolve);
            self.save(tx, &before, &after, &events)?;
        }
        let next = before
            .task(body.task_id)
            .filter(|task| task.is_open() && body.clock == ClockKind::Response);
        match next {
            Some(task) => {
                self.set_timer(tx, before.id, task.id, ClockKind::Handling, task.handling)
            }
            None => Ok(()),
        }
    }

    fn deadline_events(
        &self,
        case: &Case,
        body: &Body,
        now: Timestamp,
    ) -> Result<Vec<Event<CaseFact>>, CaseworkError> {
        let parts = self.parts();
        let process = parts
            .processes
            .get(&case.process)
            .ok_or_else(|| process_missing(case))?;
        let circumstances = Circumstances {
            recorded_at: now,
            occurred_at: now,
            actor: None,
            process: &process,
            reckoner: &*parts.reckoner,
            rule: None,
            category_has_rules: false,
            suggested: None,
        };
        let command = CaseCommand::TaskDeadline {
            task_id: body.task_id,
            clock: body.clock,
            due_at: Timestamp(body.due_at),
        };
        decide::decide(case, &command, &circumstances).map_err(|refusal| {
            CaseworkError::CaseRefused {
                refusal,
                current: None,
            }
        })
    }

    /// Sets timers for the tasks that the events opened or opened again.
    pub(super) fn schedule(
        &self,
        tx: &mut Tx<'_>,
        after: &Case,
        events: &[Event<CaseFact>],
    ) -> Result<(), StoreError> {
        for event in events {
            match &event.fact {
                CaseFact::CaseDispatched { tasks, .. } => {
                    for task in tasks {
                        self.set_first_timer(tx, after.id, task)?;
                    }
                }
                CaseFact::CaseHandled { inspection } => {
                    self.set_first_timer(tx, after.id, inspection)?;
                }
                CaseFact::Handling(fact) => {
                    if let Some(task) = fact.opened() {
                        self.set_first_timer(tx, after.id, task)?;
                    }
                }
                CaseFact::CaseInspected { reopened, .. } => {
                    for again in reopened {
                        self.set_timer(
                            tx,
                            after.id,
                            again.task_id,
                            ClockKind::Handling,
                            again.handling,
                        )?;
                    }
                }
                CaseFact::Link(LinkFact::CaseRedone { reopened, .. }) => {
                    for again in reopened {
                        let (id, until) = (again.task_id, again.handling);
                        self.set_timer(tx, after.id, id, ClockKind::Handling, until)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The timer of a task that was just opened.
    fn set_first_timer(
        &self,
        tx: &mut Tx<'_>,
        case_id: Id,
        task: &TaskOpened,
    ) -> Result<(), StoreError> {
        let handling = (ClockKind::Handling, task.handling);
        let (kind, clock) = task
            .response
            .map_or(handling, |clock| (ClockKind::Response, clock));
        self.set_timer(tx, case_id, task.id, kind, clock)
    }

    pub(super) fn set_timer(
        &self,
        tx: &mut Tx<'_>,
        case_id: Id,
        task_id: Id,
        clock: ClockKind,
        until: Clock,
    ) -> Result<(), StoreError> {
        let body = Body {
            task_id,
            clock,
            due_at: until.due_at.0,
        };
        tx.schedule(&TimerEntry {
            // Drawn here and not outside: how many are needed is known only now, and a run that is repeated may waste some.
            id: self.next_id(),
            kind: TASK_DEADLINE,
            key: case_id,
            // What happens at the very instant is in time.
            due_at: Timestamp(until.due_at.0 + 1),
            body: serde_json::to_string(&body)
                .map_err(|error| StoreError::Statement(error.to_string()))?,
        })
    }
}

pub(super) fn as_store(error: CaseworkError) -> StoreError {
    match error {
        CaseworkError::Store(error) => error,
        other => StoreError::Corrupt(other.to_string()),
    }
}
