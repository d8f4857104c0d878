//! One task: assigned to a person, the people concerned contacted, returned, revoked, re-routed.

use super::{HandlingFact, begun, check_new, dispatch_clock, fact, needed};
use crate::lifecycle::case::CaseFact;
use crate::lifecycle::decide::{
    TaskNew, check_holder, handling_clock, overdue_unrecorded, task_of,
};
use crate::lifecycle::{Circumstances, Event, Refusal};
use crate::model::{Case, NoteRef, Task, TaskKind, TaskOpened, TaskRole, TaskState};
use base::Id;
use base::path::TreePath;

type Outcome = Result<Vec<Event<CaseFact>>, Refusal>;

/// To a person of the holder; to an organisation below it is delegated. Handling is assigned once accepted; who looks (核实 核查) may be named before.
pub(super) fn assign(
    case: &Case,
    task_id: Id,
    staff_id: Id,
    works_for: &[TreePath],
    circumstances: &Circumstances<'_>,
) -> Outcome {
    let task = task_of(case, task_id, circumstances)?;
    let is_ready = match task.kind {
        TaskKind::Verify | TaskKind::Inspect => task.is_open(),
        TaskKind::Handle | TaskKind::Callback => task.state == TaskState::Accepted,
    };
    if !is_ready {
        return Err(Refusal::TaskWrongState { state: task.state });
    }
    // Who works below it would neither see the task nor finish it.
    if !works_for.contains(&task.organisation.path) {
        return Err(Refusal::PersonOfOtherOrganisation);
    }
    check_impartial(case, task, staff_id, circumstances)?;
    circumstances.check_time(begun(task))?;
    let assigned = HandlingFact::TaskAssigned { task_id, staff_id };
    Ok(vec![fact(circumstances, assigned)])
}

/// Who handled does not inspect; self-handling is excepted where the process says so.
pub(in crate::lifecycle) fn check_impartial(
    case: &Case,
    task: &Task,
    staff_id: Id,
    circumstances: &Circumstances<'_>,
) -> Result<(), Refusal> {
    let is_excepted =
        case.extra.handling.self_handled && circumstances.process.self_handling.handler_may_inspect;
    if task.kind != TaskKind::Inspect || is_excepted {
        return Ok(());
    }
    if case
        .handle_tasks()
        .any(|each| each.handled_by.contains(&staff_id))
    {
        return Err(Refusal::HandlerMayNotInspect);
    }
    Ok(())
}

pub(super) fn contact(
    case: &Case,
    task_id: Id,
    reached: bool,
    note: Option<&NoteRef>,
    circumstances: &Circumstances<'_>,
) -> Outcome {
    let task = task_of(case, task_id, circumstances)?;
    if !task.is_open() {
        return Err(Refusal::TaskWrongState { state: task.state });
    }
    circumstances.check_time(task.opened_at)?;
    let contacted = HandlingFact::TaskContacted {
        task_id,
        reached,
        note: note.cloned(),
    };
    Ok(vec![fact(circumstances, contacted)])
}

/// 退单: with a reason, within the limit, not more often than the process allows, and not by whom a ruling binds.
pub(super) fn give_back(
    case: &Case,
    task_id: Id,
    reason: Option<&NoteRef>,
    circumstances: &Circumstances<'_>,
) -> Outcome {
    let task = task_of(case, task_id, circumstances)?;
    if !matches!(task.kind, TaskKind::Handle | TaskKind::Verify) {
        return Err(Refusal::TaskNotReturnable);
    }
    if !task.is_open() {
        return Err(Refusal::TaskWrongState { state: task.state });
    }
    let reason = needed(reason)?;
    let is_dispatched = task.kind == TaskKind::Handle && task.giver_id().is_none();
    let known = &case.extra.handling;
    let is_bound = known
        .ruled
        .as_ref()
        .is_some_and(|bound| bound.id == task.organisation.id);
    if is_dispatched && is_bound {
        return Err(Refusal::RulingBinds);
    }
    if is_dispatched && known.return_count >= circumstances.process.returns.max {
        return Err(Refusal::ReturnsExhausted {
            max: circumstances.process.returns.max,
        });
    }
    if case
        .given_on(task.id)
        .any(|each| each.is_open() && each.kind == TaskKind::Handle)
    {
        return Err(Refusal::TasksGivenOnOpen);
    }
    circumstances.check_time(task.opened_at)?;
    let at = circumstances.occurred_at;
    let limit = circumstances
        .process
        .return_clock(case.level, task.opened_at, task.response);
    if was_handled(task) || limit.is_some_and(|clock| clock.is_overdue(at)) {
        return Err(Refusal::ReturnTooLate);
    }
    let to = match task.giver_id().and_then(|id| case.task(id)) {
        Some(giver) => giver.organisation.clone(),
        None if task.kind == TaskKind::Verify => case.accepted_by.clone(),
        None => case.dispatcher().clone(),
    };
    let mut events = overdue_unrecorded(task, circumstances);
    events.push(fact(
        circumstances,
        HandlingFact::TaskReturned {
            task_id,
            reason,
            to,
            clock: clock_without(case, task, circumstances),
        },
    ));
    Ok(events)
}

/// Whether an inspection opened it again: rework stays where it was.
fn was_handled(task: &Task) -> bool {
    task.rework_count > 0
        || task.result.is_some()
        || task.accepted_at.is_some_and(|at| at < task.opened_at)
}

/// The clock for a new dispatch, should the case be without a lead when `task` is gone.
fn clock_without(
    case: &Case,
    task: &Task,
    circumstances: &Circumstances<'_>,
) -> Option<crate::clocks::Clock> {
    case.lead()
        .filter(|lead| lead.id == task.id)
        .and_then(|_| dispatch_clock(case, circumstances))
}

/// 撤回, by whoever gave it: dispatch, the delegating holder, the caller. What was given on from it ends with it.
pub(super) fn revoke(
    case: &Case,
    task_id: Id,
    reason: Option<&NoteRef>,
    circumstances: &Circumstances<'_>,
) -> Outcome {
    let task = case.task(task_id).ok_or(Refusal::TaskUnknown)?;
    if let Some(giver) = task.giver_id().and_then(|id| case.task(id)) {
        check_holder(giver, circumstances)?;
    }
    if !matches!(task.kind, TaskKind::Handle | TaskKind::Verify) {
        return Err(Refusal::TaskNotReturnable);
    }
    if !task.is_open() {
        return Err(Refusal::TaskWrongState { state: task.state });
    }
    let reason = needed(reason)?;
    let is_bound = case.extra.handling.ruled.as_ref() == Some(&task.organisation);
    if is_bound && task.role == TaskRole::Lead {
        return Err(Refusal::RulingBinds);
    }
    circumstances.check_time(begun(task))?;
    let line = case.open_line(task_id);
    let mut events: Vec<_> = line
        .iter()
        .filter_map(|id| case.task(*id))
        .flat_map(|each| overdue_unrecorded(each, circumstances))
        .collect();
    events.push(fact(
        circumstances,
        HandlingFact::TaskRevoked {
            task_id,
            with: line.into_iter().filter(|id| *id != task_id).collect(),
            reason,
            clock: clock_without(case, task, circumstances),
        },
    ));
    Ok(events)
}

/// 改派: a return that came back to dispatch goes to another organisation, or to the same again.
pub(super) fn reroute(
    case: &Case,
    task_id: Id,
    to: &TaskNew,
    circumstances: &Circumstances<'_>,
) -> Outcome {
    let task = case.task(task_id).ok_or(Refusal::TaskUnknown)?;
    if task.kind != TaskKind::Handle
        || task.giver_id().is_some()
        || task.state != TaskState::Returned
        || task.extra.handling.is_rerouted
    {
        return Err(Refusal::TaskWrongState { state: task.state });
    }
    check_new(case, to)?;
    circumstances.check_time(task.finished_at.unwrap_or(task.opened_at))?;
    let opened = dispatched(case, to, task.role, circumstances);
    let rerouted = HandlingFact::TaskRerouted {
        task_id,
        task: opened,
    };
    Ok(vec![fact(circumstances, rerouted)])
}

/// A handling task as dispatch gives it, with both of its clocks.
pub(super) fn dispatched(
    case: &Case,
    to: &TaskNew,
    role: TaskRole,
    circumstances: &Circumstances<'_>,
) -> TaskOpened {
    let at = circumstances.occurred_at;
    TaskOpened {
        id: to.id,
        kind: TaskKind::Handle,
        role,
        organisation: to.organisation.clone(),
        response: Some(circumstances.process.response_clock(case.level, at)),
        handling: handling_clock(case, at, circumstances),
    }
}
