//! What the holder of a task gives on: to an organisation below (转派), to a co-handler called in (吹哨报到).

use super::{HandlingFact, begun, check_new, fact};
use crate::clocks::Clock;
use crate::lifecycle::case::CaseFact;
use crate::lifecycle::decide::{TaskNew, check_holder, handling_clock, task_of};
use crate::lifecycle::{Circumstances, Event, Refusal};
use crate::model::{Case, NoteRef, Task, TaskKind, TaskOpened, TaskRole, TaskState};
use base::{Id, Timestamp};

type Outcome = Result<Vec<Event<CaseFact>>, Refusal>;

/// A handling task that is being worked on by its holder.
fn working<'a>(
    case: &'a Case,
    task_id: Id,
    circumstances: &Circumstances<'_>,
) -> Result<&'a Task, Refusal> {
    let task = task_of(case, task_id, circumstances)?;
    if task.kind != TaskKind::Handle {
        return Err(Refusal::TaskNotGivenOn);
    }
    if task.state != TaskState::Accepted {
        return Err(Refusal::TaskWrongState { state: task.state });
    }
    Ok(task)
}

/// A child's deadline is never later than its parent's.
pub(super) fn delegate(
    case: &Case,
    task_id: Id,
    to: &TaskNew,
    due_at: Option<Timestamp>,
    circumstances: &Circumstances<'_>,
) -> Outcome {
    let parent = working(case, task_id, circumstances)?;
    let above = &parent.organisation.path;
    if !above.contains(&to.organisation.path) || *above == to.organisation.path {
        return Err(Refusal::OrganisationNotBelow);
    }
    check_new(case, to)?;
    circumstances.check_time(begun(parent))?;
    let at = circumstances.occurred_at;
    let latest = parent.handling.due_at;
    let handling = match due_at {
        Some(due_at) if due_at > latest => {
            return Err(Refusal::DeadlineAfterParent { due_at: latest });
        }
        Some(due_at) if due_at <= at => return Err(Refusal::DeadlinePassed),
        Some(due_at) => Clock::between(at, due_at),
        None => Clock::between(at.min(latest), latest),
    };
    let opened = TaskOpened {
        id: to.id,
        kind: TaskKind::Handle,
        role: TaskRole::Delegated,
        organisation: to.organisation.clone(),
        response: Some(response(case, handling, circumstances)),
        handling,
    };
    let delegated = HandlingFact::TaskDelegated {
        parent_id: task_id,
        task: opened,
    };
    Ok(vec![fact(circumstances, delegated)])
}

/// The response clock of a task that must end by `handling`: never later than that.
fn response(case: &Case, handling: Clock, circumstances: &Circumstances<'_>) -> Clock {
    let response = circumstances
        .process
        .response_clock(case.level, circumstances.occurred_at);
    if response.due_at > handling.due_at {
        handling
    } else {
        response
    }
}

/// The lead, or who was delegated to, calls in another organisation; its time ends with the caller's.
pub(super) fn add_co(
    case: &Case,
    task_id: Id,
    to: &TaskNew,
    circumstances: &Circumstances<'_>,
) -> Outcome {
    let caller = working(case, task_id, circumstances)?;
    if caller.role == TaskRole::Co {
        return Err(Refusal::CoMayNotCall);
    }
    check_new(case, to)?;
    circumstances.check_time(begun(caller))?;
    let at = circumstances.occurred_at;
    let own = handling_clock(case, at, circumstances);
    let handling = if own.due_at > caller.handling.due_at {
        Clock::between(at.min(caller.handling.due_at), caller.handling.due_at)
    } else {
        own
    };
    let called = HandlingFact::TaskCalled {
        caller_id: task_id,
        task: TaskOpened {
            id: to.id,
            kind: TaskKind::Handle,
            role: TaskRole::Co,
            organisation: to.organisation.clone(),
            response: Some(response(case, handling, circumstances)),
            handling,
        },
    };
    Ok(vec![fact(circumstances, called)])
}

/// Once a round, by the caller, after the called-in task was finished.
pub(super) fn rate(
    case: &Case,
    task_id: Id,
    score: i64,
    remark: Option<&NoteRef>,
    circumstances: &Circumstances<'_>,
) -> Outcome {
    let task = case.task(task_id).ok_or(Refusal::TaskUnknown)?;
    let known = &task.extra.handling;
    let caller = known
        .called_by_id
        .and_then(|id| case.task(id))
        .ok_or(Refusal::TaskNotCalledIn)?;
    check_holder(caller, circumstances)?;
    let (TaskState::Finished, Some(finished_at)) = (task.state, task.finished_at) else {
        return Err(Refusal::TaskWrongState { state: task.state });
    };
    if !(1..=5).contains(&score) {
        return Err(Refusal::ScoreOutOfRange);
    }
    if known.scored_at.is_some_and(|at| at >= finished_at) {
        return Err(Refusal::AlreadyRated);
    }
    circumstances.check_time(finished_at)?;
    let rated = HandlingFact::TaskCoRated {
        task_id,
        score,
        remark: remark.cloned(),
    };
    Ok(vec![fact(circumstances, rated)])
}
