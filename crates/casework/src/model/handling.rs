//! What is known of cases and tasks that are verified, delegated, handled jointly, returned.

use super::{Case, CaseStage, OrganisationRef, Task, TaskKind, TaskRole, TaskState};
use crate::clocks::Clock;
use base::{Id, Timestamp};
use serde::{Deserialize, Serialize};

/// Of a case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CaseHandling {
    /// Who dispatched it, when that is another organisation than the one that filed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispatched_by: Option<OrganisationRef>,
    /// How many returns (退单) came back to dispatch.
    #[serde(skip_serializing_if = "is_zero")]
    pub return_count: i64,
    /// Whether a holder demands a ruling (裁定).
    #[serde(skip_serializing_if = "is_false")]
    pub ruling_demanded: bool,
    /// The organisation that a ruling has bound: it returns the case no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ruled: Option<OrganisationRef>,
    /// How many verification tasks it was given.
    #[serde(skip_serializing_if = "is_zero")]
    pub verification_count: i64,
    /// What the last verification found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
    /// How often it was sent back to acceptance.
    #[serde(skip_serializing_if = "is_zero")]
    pub sent_back_count: i64,
    /// Handled by the inspector who reported it (即采即办).
    #[serde(skip_serializing_if = "is_false")]
    pub self_handled: bool,
    /// Why it is closed without an inspection: the reason its process states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uninspected_because: Option<String>,
}

/// Of a task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskHandling {
    /// The task it was delegated from: that one's holder answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<Id>,
    /// The task whose holder called it in (吹哨报到).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub called_by_id: Option<Id>,
    /// When the people concerned were first contacted (联系群众).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contacted_at: Option<Timestamp>,
    /// How often they were.
    #[serde(skip_serializing_if = "is_zero")]
    pub contact_count: i64,
    /// What the caller thinks of a called-in co-handler, 1 to 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<i64>,
    /// When that was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scored_at: Option<Timestamp>,
    /// It was returned and its work has been given to another since.
    #[serde(skip_serializing_if = "is_false")]
    pub is_rerouted: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Task {
    /// The task whose holder gave this one on; none when dispatch or the supervisors did.
    pub fn giver_id(&self) -> Option<Id> {
        let handling = &self.extra.handling;
        handling.parent_id.or(handling.called_by_id)
    }

    /// Whether it was taken out of the joint effort.
    pub const fn is_withdrawn(&self) -> bool {
        matches!(self.state, TaskState::Returned | TaskState::Revoked)
    }
}

impl Case {
    /// 首接负责: who answers for the case now. The first organisation that receives stays accountable until another has
    /// accepted the lead; before any dispatch it is the one that accepted the case.
    pub fn accountable(&self) -> &OrganisationRef {
        let leads = || {
            self.handle_tasks()
                .filter(|task| task.role == TaskRole::Lead)
                .filter(|task| task.state != TaskState::Revoked || task.accepted_at.is_some())
        };
        let accepted = leads()
            .filter(|task| task.accepted_at.is_some())
            .max_by_key(|task| (task.accepted_at, task.id));
        accepted
            .or_else(|| leads().next())
            .map_or(&self.accepted_by, |task| &task.organisation)
    }

    /// Whether it is being handled and nobody leads: shown as 待派遣 again.
    pub fn awaits_dispatch(&self) -> bool {
        self.stage == CaseStage::Handling && self.lead().is_none()
    }

    /// The clock of a stage in which a desk has to act. Where tasks are worked on, theirs are the clocks.
    pub fn desk_clock(&self) -> Option<Clock> {
        match self.stage {
            CaseStage::Accepted | CaseStage::Filed | CaseStage::Closing => self.clock,
            CaseStage::Handling if self.awaits_dispatch() => self.clock,
            _ => None,
        }
    }

    /// The organisation that dispatched it; to this one its tasks are returned.
    pub fn dispatcher(&self) -> &OrganisationRef {
        self.extra
            .handling
            .dispatched_by
            .as_ref()
            .or(self.filed_by.as_ref())
            .unwrap_or(&self.accepted_by)
    }

    /// The tasks that were given on from this one: delegated or called in.
    pub fn given_on(&self, id: Id) -> impl Iterator<Item = &Task> {
        self.tasks
            .iter()
            .filter(move |task| task.giver_id() == Some(id))
    }

    /// The open tasks that must end before this one can: what it gave on, and for the lead every co-handler.
    pub fn waits_for<'a>(&'a self, task: &'a Task) -> impl Iterator<Item = &'a Task> {
        self.handle_tasks()
            .filter(|each| each.id != task.id && each.is_open())
            .filter(|each| {
                each.giver_id() == Some(task.id)
                    || (task.role == TaskRole::Lead && each.role == TaskRole::Co)
            })
    }

    /// The open tasks that end with this one when it is revoked: itself and all that was given on from it, at any depth.
    pub fn open_line(&self, id: Id) -> Vec<Id> {
        let mut line = vec![id];
        let mut next = 0;
        while let Some(giver) = line.get(next).copied() {
            line.extend(self.given_on(giver).map(|task| task.id));
            next += 1;
        }
        line.retain(|id| self.task(*id).is_some_and(Task::is_open));
        line
    }

    /// Whether an inspection may name it as failed: it was finished, and neither it nor whoever gave it on was taken out.
    pub fn may_fail(&self, id: Id) -> bool {
        let mut next = self
            .task(id)
            .filter(|task| task.kind == TaskKind::Handle && task.state == TaskState::Finished);
        if next.is_none() {
            return false;
        }
        while let Some(task) = next {
            if task.is_withdrawn() {
                return false;
            }
            next = task.giver_id().and_then(|giver| self.task(giver));
        }
        true
    }

    /// Whether a return came back to dispatch that was neither re-routed nor sent back yet.
    pub fn has_open_return(&self) -> bool {
        self.stage == CaseStage::Handling
            && self.handle_tasks().any(|task| {
                task.state == TaskState::Returned
                    && task.giver_id().is_none()
                    && !task.extra.handling.is_rerouted
            })
    }

    /// The verification that is under way.
    pub fn open_verification(&self) -> Option<&Task> {
        self.tasks
            .iter()
            .find(|task| task.kind == TaskKind::Verify && task.is_open())
    }

    /// Whether an organisation holds an open handling task of it.
    pub fn is_handled_by(&self, organisation_id: Id) -> bool {
        self.handle_tasks()
            .any(|task| task.is_open() && task.organisation.id == organisation_id)
    }
}
