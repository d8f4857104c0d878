//! What happens to a report when a command is given, or why nothing does.

use super::ReportFact;
use super::callback::{self, Answered, CallbackNew, Redo};
use crate::clocks::Clock;
use crate::lifecycle::{Circumstances, Event, Refusal};
use crate::model::{
    CaseStage, ForgetReason, LadderClock, NoteRef, RejectReason, Report, ReportCase, ReportStage,
    Satisfaction, TaskState,
};
use base::path::TreePath;
use base::{Id, Timestamp};

/// What can be asked of a report.
#[derive(Clone, Debug, PartialEq)]
pub enum ReportCommand {
    /// `report_claim`: take it from the pool, or take on to call the reporter back.
    Claim,
    /// `report_assign`: give it to a person, who decides on it or calls the reporter back.
    Assign {
        /// The person.
        staff_id: Id,
        /// For which organisations the person works.
        works_for: Vec<TreePath>,
        /// The organisation that received the report.
        received_by: TreePath,
    },
    /// `report_release`: put it back.
    Release,
    /// `report_accept`: 拆单 and 并案 at once.
    Accept {
        /// The new cases.
        case_ids: Vec<Id>,
        /// The cases it joins.
        joined_case_ids: Vec<Id>,
    },
    /// `report_answer`: 即接即办.
    Answer {
        /// What the reporter was told.
        answer: NoteRef,
    },
    /// `report_reject`: 不予受理.
    Reject {
        /// Why.
        reason: RejectReason,
        /// What the reporter was told.
        answer: NoteRef,
    },
    /// `report_withdraw`: 撤回. Whether its cases still allow it, they say.
    Withdraw {
        /// Whether the reporter asked for it, rather than somebody on the reporter's behalf.
        by_reporter: bool,
        /// In whose words.
        reason: NoteRef,
    },
    /// `report_join`: 并案, later.
    Join {
        /// The case.
        case_id: Id,
    },
    /// A case of it was split; follows from `case_split`.
    CaseAdded {
        /// The new case.
        case_id: Id,
    },
    /// A case of it goes on as part of another; follows from `case_merge`.
    CaseMoved {
        /// The case that was merged.
        case_id: Id,
        /// Into which.
        into_case_id: Id,
    },
    /// One of its cases ended; follows from what ended the case.
    CaseEnded {
        /// The case.
        case_id: Id,
        /// Closed or cancelled.
        outcome: CaseStage,
        /// The task to call the reporter back, should it be the last case.
        callback: CallbackNew,
    },
    /// One of its cases is open again; follows from what opened the case.
    CaseReopened {
        /// The case.
        case_id: Id,
    },
    /// `report_callback`: 回访.
    Callback {
        /// What the reporter said; none when not reached.
        answered: Option<Answered>,
        /// 重办: how what is not solved is done again.
        redo: Option<Redo>,
    },
    /// `report_rate`: 评价.
    Rate {
        /// How satisfied the reporter is.
        satisfaction: Satisfaction,
        /// In whose words.
        words: Option<NoteRef>,
    },
    /// `report_forget`: 遗忘. Whether its cases have ended, they say.
    Forget {
        /// Why.
        reason: ForgetReason,
    },
    /// The clock of the pool may have run out. Follows from a timer; nobody can ask for it.
    PoolDeadline,
    /// The clock of a callback may have run out. Follows from a timer; nobody can ask for it.
    CallbackDeadline {
        /// The task to call.
        task_id: Id,
    },
}

impl ReportCommand {
    /// The operation this is, as in the API, the permissions and the audit. What follows from a command on a case bears that
    /// one's name.
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::Claim => "report_claim",
            Self::Assign { .. } => "report_assign",
            Self::Release => "report_release",
            Self::Accept { .. } => "report_accept",
            Self::Answer { .. } => "report_answer",
            Self::Reject { .. } => "report_reject",
            Self::Withdraw { .. } => "report_withdraw",
            Self::Join { .. } => "report_join",
            Self::CaseAdded { .. } => "case_split",
            Self::CaseMoved { .. } => "case_merge",
            Self::CaseEnded { .. } => "case_close",
            Self::CaseReopened { .. } => "case_reopen",
            Self::Callback { .. } => "report_callback",
            Self::Rate { .. } => "report_rate",
            Self::Forget { .. } => "report_forget",
            Self::PoolDeadline | Self::CallbackDeadline { .. } => "task_deadline",
        }
    }
}

type Outcome = Result<Vec<Event<ReportFact>>, Refusal>;

/// What happens when `command` is given; a refusal changes nothing.
pub fn decide(
    report: &Report,
    command: &ReportCommand,
    circumstances: &Circumstances<'_>,
) -> Outcome {
    let one = |fact: ReportFact| Ok(vec![circumstances.event(fact)]);
    // Deciding ends the clock of the pool, so that it ran out is said first or never.
    let decided = |fact: ReportFact| {
        let late = pool_overdue(report, circumstances.occurred_at, circumstances);
        Ok(late
            .into_iter()
            .chain([circumstances.event(fact)])
            .collect())
    };
    match command {
        ReportCommand::Claim => claim(report, circumstances),
        ReportCommand::Assign {
            staff_id,
            works_for,
            received_by,
        } => assign(report, *staff_id, works_for, received_by, circumstances),
        ReportCommand::Release => release(report, circumstances),
        ReportCommand::Accept {
            case_ids,
            joined_case_ids,
        } => {
            check_undecided(report, "report_accept", circumstances)?;
            decided(ReportFact::ReportAccepted {
                case_ids: case_ids.clone(),
                joined_case_ids: joined_case_ids.clone(),
                process: Some(circumstances.process.reference.clone()),
            })
        }
        ReportCommand::Answer { answer } => {
            check_undecided(report, "report_answer", circumstances)?;
            decided(ReportFact::ReportAnswered {
                answer: answer.clone(),
            })
        }
        ReportCommand::Reject { reason, answer } => {
            check_undecided(report, "report_reject", circumstances)?;
            decided(ReportFact::ReportRejected {
                reason: *reason,
                answer: answer.clone(),
            })
        }
        ReportCommand::Withdraw {
            by_reporter,
            reason,
        } => {
            check_stage(report, &[ReportStage::Received, ReportStage::Accepted])?;
            circumstances.check_role("report_withdraw")?;
            decided(ReportFact::ReportWithdrawn {
                by_reporter: *by_reporter,
                reason: reason.clone(),
            })
        }
        ReportCommand::Join { case_id } => {
            check_stage(report, &[ReportStage::Accepted])?;
            circumstances.check_role("report_join")?;
            if report.cases.iter().any(|each| each.case_id == *case_id) {
                return Err(Refusal::ReportJoinedAlready);
            }
            one(ReportFact::ReportCaseJoined { case_id: *case_id })
        }
        ReportCommand::CaseAdded { case_id } => {
            if report.stage != ReportStage::Accepted {
                return Ok(Vec::new());
            }
            one(ReportFact::ReportCaseJoined { case_id: *case_id })
        }
        ReportCommand::CaseMoved {
            case_id,
            into_case_id,
        } => {
            if !has_open(report, *case_id) {
                return Ok(Vec::new());
            }
            one(ReportFact::ReportCaseMoved {
                case_id: *case_id,
                into_case_id: *into_case_id,
            })
        }
        ReportCommand::CaseEnded {
            case_id,
            outcome,
            callback,
        } => Ok(case_ended(
            report,
            *case_id,
            *outcome,
            callback,
            circumstances,
        )),
        ReportCommand::Callback { answered, redo } => {
            callback::call(report, answered.as_ref(), *redo, circumstances)
        }
        ReportCommand::Rate {
            satisfaction,
            words,
        } => callback::rate(report, *satisfaction, words.as_ref(), circumstances),
        ReportCommand::Forget { reason } => {
            check_stage(
                report,
                &[
                    ReportStage::Settled,
                    ReportStage::Answered,
                    ReportStage::Rejected,
                    ReportStage::Withdrawn,
                ],
            )?;
            circumstances.check_role("report_forget")?;
            if report.extra.forgotten_at.is_some() {
                return Ok(Vec::new());
            }
            one(ReportFact::ReportForgotten { reason: *reason })
        }
        ReportCommand::PoolDeadline => {
            let late = pool_overdue(report, circumstances.recorded_at, circumstances);
            Ok(late
                .into_iter()
                .chain(escalated(report, circumstances))
                .collect())
        }
        ReportCommand::CallbackDeadline { task_id } => {
            Ok(callback::deadline(report, *task_id, circumstances))
        }
        ReportCommand::CaseReopened { case_id } => {
            let follows = matches!(
                report.stage,
                ReportStage::Accepted | ReportStage::CallingBack | ReportStage::Settled
            );
            if !follows || !has_ended(report, *case_id) {
                return Ok(Vec::new());
            }
            one(ReportFact::ReportCaseReopened { case_id: *case_id })
        }
    }
}

/// The overdue fact of the pool. None when somebody has decided, it is on record, or it is not yet so late by `at`.
fn pool_overdue(
    report: &Report,
    at: Timestamp,
    circumstances: &Circumstances<'_>,
) -> Option<Event<ReportFact>> {
    let clock = report
        .clock
        .filter(|clock| !report.extra.is_overdue && clock.is_overdue(at))?;
    let due_at = clock.due_at;
    Some(circumstances.run_out(due_at, |late| ReportFact::ReportOverdue { due_at, late }))
}

fn check_stage(report: &Report, stages: &[ReportStage]) -> Result<(), Refusal> {
    if stages.contains(&report.stage) {
        Ok(())
    } else {
        Err(Refusal::ReportWrongStage {
            stage: report.stage,
        })
    }
}

/// Nobody has decided on it, and nobody else has taken it from the pool.
fn check_undecided(
    report: &Report,
    operation: &'static str,
    circumstances: &Circumstances<'_>,
) -> Result<(), Refusal> {
    check_stage(report, &[ReportStage::Received])?;
    circumstances.check_role(operation)?;
    check_claim(report, circumstances)
}

pub(super) fn check_claim(
    report: &Report,
    circumstances: &Circumstances<'_>,
) -> Result<(), Refusal> {
    match (&report.extra.claim, circumstances.actor) {
        (Some(claim), Some(actor)) if claim.staff_id != actor.staff_id => {
            Err(Refusal::ReportClaimedByOther)
        }
        _ => Ok(()),
    }
}

/// In the pool, or to be called back.
fn check_in_hand(report: &Report) -> Result<(), Refusal> {
    check_stage(report, &[ReportStage::Received, ReportStage::CallingBack])
}

fn claim(report: &Report, circumstances: &Circumstances<'_>) -> Outcome {
    check_in_hand(report)?;
    circumstances.check_role("report_claim")?;
    check_claim(report, circumstances)?;
    let task = callback::open_task(report);
    if report.extra.claim.is_some() && task.is_none_or(|task| task.state == TaskState::Accepted) {
        // Their own already.
        return Ok(Vec::new());
    }
    Ok(vec![circumstances.event(ReportFact::ReportClaimed {})])
}

/// 指派: whoever the process trusts with it gives it to somebody, and takes it from whoever had it.
fn assign(
    report: &Report,
    staff_id: Id,
    works_for: &[TreePath],
    received_by: &TreePath,
    circumstances: &Circumstances<'_>,
) -> Outcome {
    check_in_hand(report)?;
    circumstances.check_role("report_assign")?;
    if !works_for.contains(received_by) {
        return Err(Refusal::PersonOfOtherOrganisation);
    }
    if (report.extra.claim.as_ref()).is_some_and(|claim| claim.staff_id == staff_id) {
        return Ok(Vec::new());
    }
    Ok(vec![
        circumstances.event(ReportFact::ReportAssigned { staff_id }),
    ])
}

/// The clock that runs, with the ladder that hangs on it and the task it is of.
pub(crate) fn running(report: &Report) -> Option<(LadderClock, Clock, Option<Id>)> {
    match callback::open_task(report) {
        Some(task) => Some((LadderClock::Callback, task.clock, Some(task.id))),
        None => report
            .clock
            .map(|clock| (LadderClock::Acceptance, clock, None)),
    }
}

/// The rungs that were reached and not climbed yet, in order.
pub(super) fn escalated(
    report: &Report,
    circumstances: &Circumstances<'_>,
) -> Vec<Event<ReportFact>> {
    let Some((on, clock, task_id)) = running(report) else {
        return Vec::new();
    };
    let climbed = report.extra.escalated.filter(|each| each.clock == on);
    let staff_id = report.extra.claim.as_ref().map(|claim| claim.staff_id);
    let ladder = circumstances.process.overlays.ladder(on, &clock);
    (1_u32..)
        .zip(ladder)
        .filter(|(_, (at, _))| {
            *at <= circumstances.recorded_at && climbed.is_none_or(|each| *at > each.up_to)
        })
        .map(|(rung, (at, rule))| {
            circumstances.run_out(at, |late| ReportFact::ReportEscalated {
                task_id,
                clock: on,
                due_at: clock.due_at,
                rung,
                notify: rule.notify,
                staff_id,
                late,
            })
        })
        .collect()
}

/// Who holds it puts it back; so does whoever the process trusts to take it from them.
fn release(report: &Report, circumstances: &Circumstances<'_>) -> Outcome {
    check_in_hand(report)?;
    if report.extra.claim.is_none() {
        return Err(Refusal::ReportNotClaimed);
    }
    if check_claim(report, circumstances).is_err() {
        circumstances.check_role("report_release")?;
    }
    Ok(vec![circumstances.event(ReportFact::ReportReleased {})])
}

fn open_cases(report: &Report) -> impl Iterator<Item = &ReportCase> {
    report.cases.iter().filter(|each| !each.closed)
}

fn has_open(report: &Report, case_id: Id) -> bool {
    open_cases(report).any(|each| each.case_id == case_id)
}

fn has_ended(report: &Report, case_id: Id) -> bool {
    report
        .cases
        .iter()
        .any(|each| each.closed && each.case_id == case_id)
}

/// The last case that ends settles the report, or has the reporter called.
fn case_ended(
    report: &Report,
    case_id: Id,
    outcome: CaseStage,
    callback: &CallbackNew,
    circumstances: &Circumstances<'_>,
) -> Vec<Event<ReportFact>> {
    if report.stage != ReportStage::Accepted || !has_open(report, case_id) {
        return Vec::new();
    }
    let mut events = vec![circumstances.event(ReportFact::ReportCaseClosed { case_id, outcome })];
    if open_cases(report).count() == 1 {
        events.push(callback::after_last_case(report, callback, circumstances));
    }
    events
}
