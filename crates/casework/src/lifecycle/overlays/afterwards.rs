//! What is asked of a case for the record or after it was closed: reopening, exclusion from the numbers, the appeal against
//! an overdue fact.

use super::waiting::{check_decider, check_opinion};
use super::{OverlayCommand, OverlayFact, follow_clock, task_mut};
use crate::lifecycle::case::{CaseFact, TaskReopened};
use crate::lifecycle::decide::{handling_clock, task_of};
use crate::lifecycle::{Circumstances, Event, Refusal};
use crate::model::{
    Appeal, ApplicationState, Case, CaseStage, Exclusion, NoteRef, TaskKind, TaskState,
};
use base::Id;

const DAY_SECONDS: i64 = 86_400;

pub(super) fn decide(
    case: &Case,
    command: &OverlayCommand,
    circumstances: &Circumstances<'_>,
) -> Result<OverlayFact, Refusal> {
    match command {
        OverlayCommand::Reopen { reason } => reopen(case, reason, circumstances),
        OverlayCommand::Exclude { reason } => {
            let present = case.extra.overlays.exclusion.as_ref();
            if present.is_some_and(|each| each.state != ApplicationState::Rejected) {
                return Err(Refusal::ExclusionTwice);
            }
            Ok(OverlayFact::CaseExcluded {
                pending: circumstances.process.overlays.exclusion.approval,
                reason: reason.clone(),
            })
        }
        OverlayCommand::ExclusionDecide { approved, opinion } => {
            let present = case.extra.overlays.exclusion.as_ref();
            let pending = present
                .filter(|each| each.state == ApplicationState::Pending)
                .ok_or(Refusal::ExclusionNone)?;
            check_decider(pending.staff_id, circumstances)?;
            check_opinion(*approved, opinion.as_ref())?;
            Ok(OverlayFact::ExclusionDecided {
                approved: *approved,
                opinion: opinion.clone(),
            })
        }
        OverlayCommand::AppealFile { task_id, reason } => {
            appeal_file(case, *task_id, reason, circumstances)
        }
        OverlayCommand::AppealReview { approved, opinion } => {
            appeal_review(case, *approved, opinion.as_ref(), circumstances)
        }
        // The others are decided elsewhere.
        _ => Err(Refusal::TaskUnknown),
    }
}

fn is_within(case: &Case, days: u32, circumstances: &Circumstances<'_>) -> bool {
    case.closed_at.is_some_and(|closed_at| {
        circumstances.occurred_at <= closed_at.plus_seconds(i64::from(days) * DAY_SECONDS)
    })
}

/// The same lead does it again, by a new clock; a case that nobody led is dispatched anew.
fn reopen(
    case: &Case,
    reason: &NoteRef,
    circumstances: &Circumstances<'_>,
) -> Result<OverlayFact, Refusal> {
    let process = circumstances.process;
    let days = process.overlays.reopening.days;
    if !is_within(case, days, circumstances) {
        return Err(Refusal::ReopeningWindowPassed { days });
    }
    let at = circumstances.occurred_at;
    let lead = case
        .lead()
        .filter(|task| task.state == TaskState::Finished && process.uses(CaseStage::Handling));
    let tasks: Vec<TaskReopened> = lead
        .map(|lead| TaskReopened {
            task_id: lead.id,
            failed: false,
            handling: handling_clock(case, at, circumstances),
        })
        .into_iter()
        .collect();
    let clock = if tasks.is_empty() {
        let accepted = process.stage_clock(CaseStage::Accepted, case.level, at, None);
        process.stage_clock(CaseStage::Filed, case.level, at, accepted)
    } else {
        None
    };
    Ok(OverlayFact::CaseReopened {
        tasks,
        clock,
        reason: reason.clone(),
    })
}

fn appeal_file(
    case: &Case,
    task_id: Id,
    reason: &NoteRef,
    circumstances: &Circumstances<'_>,
) -> Result<OverlayFact, Refusal> {
    let task = task_of(case, task_id, circumstances)?;
    if case.extra.overlays.appeal.is_some() {
        return Err(Refusal::AppealTwice);
    }
    if task.kind != TaskKind::Handle || !(task.handling_overdue || task.response_overdue) {
        return Err(Refusal::AppealNotOverdue);
    }
    let days = circumstances.process.overlays.appeal.days;
    if !is_within(case, days, circumstances) {
        return Err(Refusal::AppealWindowPassed { days });
    }
    Ok(OverlayFact::AppealFiled {
        task_id,
        reason: reason.clone(),
    })
}

/// One review after the other, each by another person in the role whose turn it is; the first no decides.
fn appeal_review(
    case: &Case,
    approved: bool,
    opinion: Option<&NoteRef>,
    circumstances: &Circumstances<'_>,
) -> Result<OverlayFact, Refusal> {
    let present = case.extra.overlays.appeal.as_ref();
    let appeal = present
        .filter(|each| each.state == ApplicationState::Pending)
        .ok_or(Refusal::AppealNone)?;
    check_decider(appeal.staff_id, circumstances)?;
    let reviewers = &circumstances.process.overlays.appeal.reviewers;
    let turn = appeal.approved_by.len();
    let role = reviewers.get(turn).ok_or(Refusal::AppealNone)?;
    if let Some(actor) = circumstances.actor {
        if actor.role != *role {
            return Err(Refusal::ReviewTurn { role: role.clone() });
        }
        if appeal.approved_by.contains(&actor.staff_id) {
            return Err(Refusal::OwnApplication);
        }
    }
    check_opinion(approved, opinion)?;
    Ok(OverlayFact::AppealReviewed {
        task_id: appeal.task_id,
        approved,
        decided: !approved || turn + 1 == reviewers.len(),
        opinion: opinion.cloned(),
    })
}

pub(super) fn evolve(case: &mut Case, fact: &OverlayFact, event: &Event<CaseFact>) {
    let staff_id = event.by.as_ref().map(|by| by.staff_id);
    let at = event.occurred_at;
    match fact {
        OverlayFact::CaseReopened { tasks, clock, .. } => {
            case.extra.overlays.reopened_count += 1;
            case.closed_at = None;
            case.clock = *clock;
            case.stage = if tasks.is_empty() {
                CaseStage::Filed
            } else {
                CaseStage::Handling
            };
            for again in tasks {
                if let Some(task) = task_mut(case, again.task_id) {
                    task.open_again(at, again.handling);
                }
            }
            follow_clock(case);
        }
        OverlayFact::CaseExcluded { pending, .. } => {
            case.extra.overlays.exclusion = Some(Exclusion {
                state: if *pending {
                    ApplicationState::Pending
                } else {
                    ApplicationState::Approved
                },
                staff_id,
                asked_at: at,
            });
        }
        OverlayFact::ExclusionDecided { approved, .. } => {
            if let Some(exclusion) = &mut case.extra.overlays.exclusion {
                exclusion.state = decided(*approved);
            }
        }
        OverlayFact::AppealFiled { task_id, .. } => {
            case.extra.overlays.appeal = Some(Appeal {
                task_id: *task_id,
                state: ApplicationState::Pending,
                staff_id,
                filed_at: at,
                approved_by: Vec::new(),
            });
        }
        OverlayFact::AppealReviewed {
            task_id,
            approved,
            decided: is_decided,
            ..
        } => {
            if let Some(appeal) = &mut case.extra.overlays.appeal {
                if *approved {
                    appeal.approved_by.extend(staff_id);
                }
                if *is_decided {
                    appeal.state = decided(*approved);
                }
            }
            if *approved
                && *is_decided
                && let Some(task) = task_mut(case, *task_id)
            {
                task.extra.overlays.exempt = true;
            }
        }
        _ => {}
    }
}

const fn decided(approved: bool) -> ApplicationState {
    if approved {
        ApplicationState::Approved
    } else {
        ApplicationState::Rejected
    }
}
