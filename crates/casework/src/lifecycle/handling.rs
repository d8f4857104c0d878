//! Tasks beyond one organisation doing what it was given: assigned to a person, delegated, called in, returned, verified.

use super::case::CaseFact;
use super::decide::task_of;
use super::{Circumstances, Event, Refusal};
use crate::model::{Case, TaskState};
use base::Id;
use serde::{Deserialize, Serialize};

/// A thing that happened to a case. No personal text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HandlingFact {
    /// 指派: a person of the holder works on it.
    TaskAssigned {
        /// The task.
        task_id: Id,
        /// The person.
        staff_id: Id,
    },
}

impl HandlingFact {
    /// The word of its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::TaskAssigned { .. } => "task_assigned",
        }
    }
}

/// What can be asked of a case.
#[derive(Clone, Debug, PartialEq)]
pub enum HandlingCommand {
    /// 指派: to a person of the holder.
    TaskAssign {
        /// The task.
        task_id: Id,
        /// The person.
        staff_id: Id,
    },
}

impl HandlingCommand {
    /// The task it is about, when it is for the task's holder to give it.
    pub const fn task_id(&self) -> Option<Id> {
        match self {
            Self::TaskAssign { task_id, .. } => Some(*task_id),
        }
    }

    /// The operation this is, as in the API, the permissions and the audit.
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::TaskAssign { .. } => "task_assign",
        }
    }
}

/// What happens when `command` is given. Stage and role have been checked.
pub fn decide(
    case: &Case,
    command: &HandlingCommand,
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Event<CaseFact>>, Refusal> {
    match command {
        HandlingCommand::TaskAssign { task_id, staff_id } => {
            let task = task_of(case, *task_id, circumstances)?;
            if task.state != TaskState::Accepted {
                return Err(Refusal::TaskWrongState { state: task.state });
            }
            circumstances.check_time(task.opened_at)?;
            let fact = HandlingFact::TaskAssigned {
                task_id: *task_id,
                staff_id: *staff_id,
            };
            Ok(vec![circumstances.event(CaseFact::Handling(fact))])
        }
    }
}

/// The case after `fact`.
pub fn evolve(case: &mut Case, fact: &HandlingFact, _event: &Event<CaseFact>) {
    match fact {
        HandlingFact::TaskAssigned { task_id, staff_id } => {
            if let Some(task) = case.tasks.iter_mut().find(|task| task.id == *task_id) {
                task.assignee = Some(*staff_id);
            }
        }
    }
}
