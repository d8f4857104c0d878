//! Before filing: 核实 (is it true?), and the way back to acceptance.

use super::{HandlingFact, begun, fact, needed};
use crate::clocks::Clock;
use crate::lifecycle::case::CaseFact;
use crate::lifecycle::decide::{TaskNew, check_holder, overdue_unrecorded};
use crate::lifecycle::{Circumstances, Event, Refusal};
use crate::model::{Case, CaseStage, NoteRef, TaskKind, TaskOpened, TaskRole, TaskState};
use base::Id;

type Outcome = Result<Vec<Event<CaseFact>>, Refusal>;

pub(super) fn ask(
    case: &Case,
    by: &TaskNew,
    remark: Option<&NoteRef>,
    circumstances: &Circumstances<'_>,
) -> Outcome {
    if case.open_verification().is_some() {
        return Err(Refusal::VerificationOpen);
    }
    if case.tasks.len() >= base::limits::TASKS_PER_CASE_MAX {
        return Err(Refusal::TasksTooMany);
    }
    circumstances.check_time(case.accepted_at)?;
    let at = circumstances.occurred_at;
    let process = circumstances.process;
    let minutes = process.verification.limit_minutes.of(case.level);
    let handling = Clock::over_minutes(at, minutes);
    let response = process.response_clock(case.level, at);
    let task = TaskOpened {
        id: by.id,
        kind: TaskKind::Verify,
        role: TaskRole::Lead,
        organisation: by.organisation.clone(),
        response: Some(if response.due_at > handling.due_at {
            handling
        } else {
            response
        }),
        handling,
    };
    let asked = HandlingFact::VerificationAsked {
        task,
        remark: remark.cloned(),
    };
    Ok(vec![fact(circumstances, asked)])
}

/// By the holder, once accepted. What is not so carries a reason.
pub(super) fn result(
    case: &Case,
    is_true: bool,
    opinion: Option<&NoteRef>,
    circumstances: &Circumstances<'_>,
) -> Outcome {
    let task = case.open_verification().ok_or(Refusal::NoVerification)?;
    check_holder(task, circumstances)?;
    if task.state != TaskState::Accepted {
        return Err(Refusal::TaskWrongState { state: task.state });
    }
    if !is_true {
        needed(opinion)?;
    }
    circumstances.check_time(begun(task))?;
    let mut events = overdue_unrecorded(task, circumstances);
    events.push(fact(
        circumstances,
        HandlingFact::CaseVerified {
            task_id: task.id,
            is_true,
            opinion: opinion.cloned(),
        },
    ));
    Ok(events)
}

/// A case is filed only when no verification is under way and the last one found it so.
pub(in crate::lifecycle) fn check_verified(case: &Case) -> Result<(), Refusal> {
    if case.open_verification().is_some() {
        return Err(Refusal::VerificationOpen);
    }
    if case.extra.handling.verified == Some(false) {
        return Err(Refusal::VerifiedUntrue);
    }
    Ok(())
}

/// To acceptance: by dispatch, before anybody handles it or when nobody leads. Co-handlers still at work are revoked.
pub(super) fn send_back(
    case: &Case,
    reason: Option<&NoteRef>,
    circumstances: &Circumstances<'_>,
) -> Outcome {
    if case.stage == CaseStage::Handling && case.lead().is_some() {
        return Err(Refusal::LeadAtWork);
    }
    let reason = needed(reason)?;
    let begun = match case.stage {
        CaseStage::Handling => case.clock.map(|clock| clock.started_at),
        _ => case.filed_at,
    };
    circumstances.check_time(begun.unwrap_or(case.accepted_at))?;
    let open: Vec<Id> = case
        .handle_tasks()
        .filter(|task| task.is_open())
        .map(|task| task.id)
        .collect();
    let mut events: Vec<_> = case
        .handle_tasks()
        .filter(|task| task.is_open())
        .flat_map(|task| overdue_unrecorded(task, circumstances))
        .collect();
    events.push(fact(
        circumstances,
        HandlingFact::CaseSentBack {
            reason,
            revoked: open,
            clock: circumstances.process.fresh_clock(
                CaseStage::Accepted,
                case.level,
                circumstances.occurred_at,
            ),
        },
    ));
    Ok(events)
}
