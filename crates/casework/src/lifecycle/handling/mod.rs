//! Tasks beyond one organisation doing what it was given: assigned to a person, delegated, called in, returned, verified.
//!
//! [`tasks`] has what happens to one task, [`joint`] what is given on to others, [`ruling`] what binds after returns,
//! [`verification`] what comes before filing, [`self_handling`] the case that its reporter handles at once.

mod evolve;
mod joint;
mod ruling;
mod self_handling;
mod tasks;
mod verification;

pub use evolve::evolve;
pub(in crate::lifecycle) use evolve::rerouted;
pub(in crate::lifecycle) use tasks::check_impartial;
pub(in crate::lifecycle) use verification::check_verified;

use super::case::CaseFact;
use super::decide::{CaseCommand, TaskNew};
use super::links::LinkCommand;
use super::{Circumstances, Event, Refusal};
use crate::clocks::Clock;
use crate::model::{Case, NoteRef, OrganisationRef, Task, TaskOpened};
use base::path::TreePath;
use base::{Id, Timestamp};
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
    /// 联系群众: the people concerned were contacted.
    TaskContacted {
        /// The task.
        task_id: Id,
        /// Whether they answered.
        reached: bool,
        /// What was said.
        note: Option<NoteRef>,
    },
    /// 退单.
    TaskReturned {
        /// The task.
        task_id: Id,
        /// Why.
        reason: NoteRef,
        /// Who has to deal with it: dispatch, or whoever gave the task on.
        to: OrganisationRef,
        /// When nobody leads now: until when it must be dispatched again.
        clock: Option<Clock>,
    },
    /// 撤回: a task, and what was given on from it.
    TaskRevoked {
        /// The task.
        task_id: Id,
        /// What was given on from it and ends with it.
        with: Vec<Id>,
        /// Why.
        reason: NoteRef,
        /// When nobody leads now: until when it must be dispatched again.
        clock: Option<Clock>,
    },
    /// 改派: a returned task's work goes to another organisation.
    TaskRerouted {
        /// The returned task.
        task_id: Id,
        /// The new one.
        task: TaskOpened,
    },
    /// 转派: to an organisation below.
    TaskDelegated {
        /// Whose holder answers for it.
        parent_id: Id,
        /// The new task.
        task: TaskOpened,
    },
    /// 吹哨: a co-handler is called in; it checks in (报到) by accepting.
    TaskCalled {
        /// Whose holder calls.
        caller_id: Id,
        /// The new task.
        task: TaskOpened,
    },
    /// The caller rates a called-in co-handler.
    TaskCoRated {
        /// The called-in task.
        task_id: Id,
        /// 1 to 5.
        score: i64,
        /// What the caller wrote.
        remark: Option<NoteRef>,
    },
    /// 裁定 is demanded.
    RulingDemanded {
        /// Whose holder demands it.
        task_id: Id,
        /// Why.
        reason: NoteRef,
    },
    /// 裁定: this organisation leads and cannot return it.
    CaseRuled {
        /// The organisation bound.
        organisation: OrganisationRef,
        /// Its new lead task; none when it leads already.
        task: Option<TaskOpened>,
        /// The tasks that end by it.
        revoked: Vec<Id>,
        /// Why.
        reason: NoteRef,
    },
    /// 核实 is asked for.
    VerificationAsked {
        /// The new task.
        task: TaskOpened,
        /// What to look at.
        remark: Option<NoteRef>,
    },
    /// 核实.
    CaseVerified {
        /// The verification that ended.
        task_id: Id,
        /// Whether what was told is so.
        is_true: bool,
        /// What the inspector saw.
        opinion: Option<NoteRef>,
    },
    /// 退回: back to acceptance.
    CaseSentBack {
        /// Why.
        reason: NoteRef,
        /// Tasks that were still open.
        revoked: Vec<Id>,
        /// Until when it must be filed again.
        clock: Option<Clock>,
    },
    /// 即采即办: who reported it handles it at once.
    CaseSelfHandled {
        /// The handling task, already accepted by the one who handles.
        task: TaskOpened,
        /// When it is closed without an inspection: the reason the process states.
        uninspected_because: Option<String>,
    },
}

impl HandlingFact {
    /// The word of its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::TaskAssigned { .. } => "task_assigned",
            Self::TaskContacted { .. } => "task_contacted",
            Self::TaskReturned { .. } => "task_returned",
            Self::TaskRevoked { .. } => "task_revoked",
            Self::TaskRerouted { .. } => "task_rerouted",
            Self::TaskDelegated { .. } => "task_delegated",
            Self::TaskCalled { .. } => "task_called",
            Self::TaskCoRated { .. } => "task_co_rated",
            Self::RulingDemanded { .. } => "ruling_demanded",
            Self::CaseRuled { .. } => "case_ruled",
            Self::VerificationAsked { .. } => "verification_asked",
            Self::CaseVerified { .. } => "case_verified",
            Self::CaseSentBack { .. } => "case_sent_back",
            Self::CaseSelfHandled { .. } => "case_self_handled",
        }
    }

    /// The task that it opened.
    pub const fn opened(&self) -> Option<&TaskOpened> {
        match self {
            Self::TaskRerouted { task, .. }
            | Self::TaskDelegated { task, .. }
            | Self::TaskCalled { task, .. }
            | Self::VerificationAsked { task, .. } => Some(task),
            Self::CaseRuled { task, .. } => task.as_ref(),
            _ => None,
        }
    }

    /// The words it refers to.
    pub const fn note(&self) -> Option<&NoteRef> {
        match self {
            Self::TaskContacted { note, .. }
            | Self::TaskCoRated { remark: note, .. }
            | Self::VerificationAsked { remark: note, .. }
            | Self::CaseVerified { opinion: note, .. } => note.as_ref(),
            Self::TaskReturned { reason, .. }
            | Self::TaskRevoked { reason, .. }
            | Self::RulingDemanded { reason, .. }
            | Self::CaseRuled { reason, .. }
            | Self::CaseSentBack { reason, .. } => Some(reason),
            _ => None,
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
        /// For which organisations the person works.
        works_for: Vec<TreePath>,
    },
    /// 联系群众.
    TaskContact {
        /// The task.
        task_id: Id,
        /// Whether they answered.
        reached: bool,
        /// What was said.
        note: Option<NoteRef>,
    },
    /// 退单.
    TaskReturn {
        /// The task.
        task_id: Id,
        /// Why; refused without.
        reason: Option<NoteRef>,
    },
    /// 撤回, by whoever gave it.
    TaskRevoke {
        /// The task.
        task_id: Id,
        /// Why; refused without.
        reason: Option<NoteRef>,
    },
    /// 改派.
    TaskReroute {
        /// The returned task.
        task_id: Id,
        /// Who takes its place.
        to: TaskNew,
    },
    /// 转派.
    TaskDelegate {
        /// Whose holder delegates.
        task_id: Id,
        /// The organisation below.
        to: TaskNew,
        /// Until when; the deadline of the parent when left out.
        due_at: Option<Timestamp>,
    },
    /// 吹哨.
    TaskAddCo {
        /// Whose holder calls.
        task_id: Id,
        /// Who is called.
        to: TaskNew,
    },
    /// The caller rates a called-in co-handler.
    TaskCoRate {
        /// The called-in task.
        task_id: Id,
        /// 1 to 5.
        score: i64,
        /// What the caller writes.
        remark: Option<NoteRef>,
    },
    /// 申请裁定.
    RulingDemand {
        /// Whose holder demands it.
        task_id: Id,
        /// Why; refused without.
        reason: Option<NoteRef>,
    },
    /// 裁定.
    Rule {
        /// Who is bound; the id is used when a new task is needed.
        to: TaskNew,
        /// Why; refused without.
        reason: Option<NoteRef>,
    },
    /// 送核实.
    Verify {
        /// Who looks.
        by: TaskNew,
        /// What to look at.
        remark: Option<NoteRef>,
    },
    /// 核实结果.
    VerifyResult {
        /// Whether what was told is so.
        is_true: bool,
        /// What was seen; the reason when it is not so.
        opinion: Option<NoteRef>,
    },
    /// 退回受理.
    SendBack {
        /// Why; refused without.
        reason: Option<NoteRef>,
    },
    /// 即采即办. The rule row cited, if any, is in the circumstances.
    SelfHandle {
        /// The rule row cited.
        rule_row_id: Option<Id>,
        /// What was done.
        result: Option<NoteRef>,
        /// The id of the handling task.
        task_id: Id,
        /// The id an inspection would bear.
        inspection_id: Id,
    },
}

impl HandlingCommand {
    /// The task whose holder must give the command; none when it is given for the case.
    pub fn holder_task_id(&self, case: &Case) -> Option<Id> {
        match self {
            Self::TaskAssign { task_id, .. }
            | Self::TaskContact { task_id, .. }
            | Self::TaskReturn { task_id, .. }
            | Self::TaskDelegate { task_id, .. }
            | Self::TaskAddCo { task_id, .. }
            | Self::RulingDemand { task_id, .. } => Some(*task_id),
            Self::TaskRevoke { task_id, .. } => case.task(*task_id).and_then(Task::giver_id),
            // A task that nobody called in is its holder's affair: refused by the law, not for want of reach.
            Self::TaskCoRate { task_id, .. } => {
                let caller = case.task(*task_id).and_then(Task::giver_id);
                Some(caller.unwrap_or(*task_id))
            }
            Self::VerifyResult { .. } => case.open_verification().map(|task| task.id),
            Self::TaskReroute { .. }
            | Self::Rule { .. }
            | Self::Verify { .. }
            | Self::SendBack { .. }
            | Self::SelfHandle { .. } => None,
        }
    }

    /// The operation this is, as in the API, the permissions and the audit.
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::TaskAssign { .. } => "task_assign",
            Self::TaskContact { .. } => "task_contact",
            Self::TaskReturn { .. } => "task_return",
            Self::TaskRevoke { .. } => "task_revoke",
            Self::TaskReroute { .. } => "task_reroute",
            Self::TaskDelegate { .. } => "task_delegate",
            Self::TaskAddCo { .. } => "task_add_co",
            Self::TaskCoRate { .. } => "task_co_rate",
            Self::RulingDemand { .. } => "ruling_demand",
            Self::Rule { .. } => "case_rule",
            Self::Verify { .. } => "case_verify",
            Self::VerifyResult { .. } => "case_verify_result",
            Self::SendBack { .. } => "case_send_back",
            Self::SelfHandle { .. } => "case_self_handle",
        }
    }
}

/// What happens when `command` is given. Stage and role have been checked.
pub fn decide(
    case: &Case,
    command: &HandlingCommand,
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Event<CaseFact>>, Refusal> {
    use HandlingCommand as C;
    match command {
        C::TaskAssign {
            task_id,
            staff_id,
            works_for,
        } => tasks::assign(case, *task_id, *staff_id, works_for, circumstances),
        C::TaskContact {
            task_id,
            reached,
            note,
        } => tasks::contact(case, *task_id, *reached, note.as_ref(), circumstances),
        C::TaskReturn { task_id, reason } => {
            tasks::give_back(case, *task_id, reason.as_ref(), circumstances)
        }
        C::TaskRevoke { task_id, reason } => {
            tasks::revoke(case, *task_id, reason.as_ref(), circumstances)
        }
        C::TaskReroute { task_id, to } => tasks::reroute(case, *task_id, to, circumstances),
        C::TaskDelegate {
            task_id,
            to,
            due_at,
        } => joint::delegate(case, *task_id, to, *due_at, circumstances),
        C::TaskAddCo { task_id, to } => joint::add_co(case, *task_id, to, circumstances),
        C::TaskCoRate {
            task_id,
            score,
            remark,
        } => joint::rate(case, *task_id, *score, remark.as_ref(), circumstances),
        C::RulingDemand { task_id, reason } => {
            ruling::demand(case, *task_id, reason.as_ref(), circumstances)
        }
        C::Rule { to, reason } => ruling::rule(case, to, reason.as_ref(), circumstances),
        C::Verify { by, remark } => verification::ask(case, by, remark.as_ref(), circumstances),
        C::VerifyResult { is_true, opinion } => {
            verification::result(case, *is_true, opinion.as_ref(), circumstances)
        }
        C::SendBack { reason } => verification::send_back(case, reason.as_ref(), circumstances),
        C::SelfHandle {
            rule_row_id,
            result,
            task_id,
            inspection_id,
        } => self_handling::self_handle(
            case,
            *rule_row_id,
            result.as_ref(),
            (*task_id, *inspection_id),
            circumstances,
        ),
    }
}

/// Whoever receives a return may only re-route it or send it back: the case is not cancelled, merged or taken back over it.
pub(super) fn check_return(case: &Case, command: &CaseCommand) -> Result<(), Refusal> {
    let leads_past = matches!(command, CaseCommand::Link(LinkCommand::Merge { .. }))
        || ["case_cancel", "case_recall"].contains(&command.operation());
    if leads_past && case.has_open_return() {
        return Err(Refusal::ReturnOpen);
    }
    Ok(())
}

fn fact(circumstances: &Circumstances<'_>, fact: HandlingFact) -> Event<CaseFact> {
    circumstances.event(CaseFact::Handling(fact))
}

/// A reason that must be there.
fn needed(reason: Option<&NoteRef>) -> Result<NoteRef, Refusal> {
    reason.cloned().ok_or(Refusal::ReasonNeeded)
}

/// Refuses one more task when there are too many, or when the organisation is at work on the case already.
fn check_new(case: &Case, to: &TaskNew) -> Result<(), Refusal> {
    if case.tasks.len() >= base::limits::TASKS_PER_CASE_MAX {
        return Err(Refusal::TasksTooMany);
    }
    if case.is_handled_by(to.organisation.id) {
        return Err(Refusal::OrganisationTwice);
    }
    Ok(())
}

/// The clock that runs until a case without a lead is dispatched again.
fn dispatch_clock(case: &Case, circumstances: &Circumstances<'_>) -> Option<Clock> {
    let process = circumstances.process;
    process.fresh_clock(
        process.dispatch_stage(),
        case.level,
        circumstances.occurred_at,
    )
}

/// When the task began as it stands.
fn begun(task: &Task) -> Timestamp {
    task.opened_at
        .max(task.accepted_at.unwrap_or(task.opened_at))
}
