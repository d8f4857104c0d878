//! The case after a fact of handling.

use super::HandlingFact;
use crate::lifecycle::Event;
use crate::lifecycle::case::CaseFact;
use crate::model::{Case, CaseStage, Task, TaskOpened, TaskState};
use base::{Id, Timestamp};

fn with_task(case: &mut Case, id: Id, change: impl FnOnce(&mut Task)) {
    if let Some(task) = case.tasks.iter_mut().find(|task| task.id == id) {
        change(task);
    }
}

fn end(case: &mut Case, ids: &[Id], state: TaskState, at: Timestamp) {
    for task in case.tasks.iter_mut().filter(|task| ids.contains(&task.id)) {
        if task.state == TaskState::Assigned {
            task.response_overdue = task.response.is_some_and(|clock| clock.is_overdue(at));
        }
        task.handling_overdue = task.handling.is_overdue(at);
        task.state = state;
        task.extra.overlays.end();
        task.finished_at = Some(at);
    }
}

fn open(case: &mut Case, opened: &TaskOpened, at: Timestamp, change: impl FnOnce(&mut Task)) {
    let mut task = Task::opened(opened, at);
    change(&mut task);
    case.tasks.push(task);
}

/// A new lead, or a new co-handler: the clock of the stage is the lead's.
fn lead_clock(case: &mut Case) {
    if let Some(lead) = case.lead() {
        case.clock = Some(lead.handling);
    }
}

/// The case after `fact`.
pub fn evolve(case: &mut Case, fact: &HandlingFact, event: &Event<CaseFact>) {
    let at = event.occurred_at;
    match fact {
        HandlingFact::TaskAssigned { task_id, staff_id } => {
            with_task(case, *task_id, |task| task.assignee = Some(*staff_id));
        }
        HandlingFact::TaskContacted { task_id, .. } => with_task(case, *task_id, |task| {
            let known = &mut task.extra.handling;
            known.contacted_at = Some(known.contacted_at.map_or(at, |first| first.min(at)));
            known.contact_count += 1;
        }),
        HandlingFact::TaskReturned { task_id, clock, .. } => returned(case, *task_id, *clock, at),
        HandlingFact::TaskRevoked {
            task_id,
            with,
            clock,
            ..
        } => {
            end(case, &[*task_id], TaskState::Revoked, at);
            end(case, with, TaskState::Revoked, at);
            if case.awaits_dispatch() {
                case.clock = clock.or(case.clock);
            }
        }
        HandlingFact::TaskRerouted { task_id, task } => {
            with_task(case, *task_id, |task| {
                task.extra.handling.is_rerouted = true
            });
            open(case, task, at, |_| {});
            lead_clock(case);
        }
        HandlingFact::TaskDelegated { parent_id, task } => open(case, task, at, |task| {
            task.extra.handling.parent_id = Some(*parent_id);
        }),
        HandlingFact::TaskCalled { caller_id, task } => open(case, task, at, |task| {
            task.extra.handling.called_by_id = Some(*caller_id);
        }),
        HandlingFact::TaskCoRated { task_id, score, .. } => with_task(case, *task_id, |task| {
            task.extra.handling.score = Some(*score);
            task.extra.handling.scored_at = Some(at);
        }),
        HandlingFact::RulingDemanded { .. } => case.extra.handling.ruling_demanded = true,
        HandlingFact::CaseRuled {
            organisation,
            task,
            revoked,
            ..
        } => {
            end(case, revoked, TaskState::Revoked, at);
            case.extra.handling.ruling_demanded = false;
            case.extra.handling.ruled = Some(organisation.clone());
            if let Some(task) = task {
                open(case, task, at, |_| {});
                rerouted(case);
                lead_clock(case);
            }
        }
        HandlingFact::VerificationAsked { task, .. } => {
            open(case, task, at, |_| {});
            case.extra.handling.verification_count += 1;
        }
        HandlingFact::CaseVerified {
            task_id,
            is_true,
            opinion,
        } => {
            case.extra.handling.verified = Some(*is_true);
            with_task(case, *task_id, |task| {
                task.result.clone_from(opinion);
                super::super::case::finish_task(task, event);
            });
        }
        HandlingFact::CaseSentBack { revoked, clock, .. } => {
            end(case, revoked, TaskState::Revoked, at);
            rerouted(case);
            case.stage = CaseStage::Accepted;
            case.rule = None;
            case.filed_by = None;
            case.filed_at = None;
            case.clock = *clock;
            case.extra.handling.sent_back_count += 1;
        }
        HandlingFact::CaseSelfHandled {
            task,
            uninspected_because,
        } => {
            case.stage = CaseStage::Handling;
            case.dispatched_at.get_or_insert(at);
            case.extra.handling.self_handled = true;
            case.extra
                .handling
                .uninspected_because
                .clone_from(uninspected_because);
            open(case, task, at, |task| {
                task.state = TaskState::Accepted;
                task.accepted_at = Some(at);
                if let Some(by) = &event.by {
                    task.assignee = Some(by.staff_id);
                    task.handled(by.staff_id);
                }
            });
        }
    }
}

fn returned(case: &mut Case, task_id: Id, clock: Option<crate::clocks::Clock>, at: Timestamp) {
    end(case, &[task_id], TaskState::Returned, at);
    let came_to_dispatch = case.task(task_id).is_some_and(|task| {
        task.giver_id().is_none() && task.kind == crate::model::TaskKind::Handle
    });
    if came_to_dispatch {
        case.extra.handling.return_count += 1;
    }
    if case.awaits_dispatch() {
        case.clock = clock.or(case.clock);
    }
}

/// A new dispatch or ruling, or the way back, deals with every return there was.
pub(in crate::lifecycle) fn rerouted(case: &mut Case) {
    for task in &mut case.tasks {
        if task.state == TaskState::Returned && task.giver_id().is_none() {
            task.extra.handling.is_rerouted = true;
        }
    }
}
