//! What lies over the stages of a case: urging, marks, level, recall, cancellation; extension and suspension; supervision;
//! reopening, exclusion, appeals; the ladder of escalation, given deadlines and modes.
//!
//! None of these is a stage. Whoever acts does so now: nothing here may be dated back before what the case has been through.

mod afterwards;
mod desk;
mod fact;
pub(in crate::lifecycle) mod given_on;
mod ladder;
mod supervision;
mod waiting;

pub use fact::{OverlayFact, SuspensionGranted, TaskClock};
pub(super) use ladder::{limited_by_mode, with_stage_overdue};
pub(super) use waiting::suspension_ended_by_finish;

use super::case::CaseFact;
use super::{Circumstances, Event, Refusal};
use crate::clocks::Clock;
use crate::model::{Case, CaseStage, ClockKind, Level, NoteRef, OrganisationRef, Task};
use base::{Id, Timestamp};
use calendar::Limit;

/// What can be asked of a case.
#[derive(Clone, Debug, PartialEq)]
pub enum OverlayCommand {
    /// 催办.
    Urge {
        /// What the holders are told.
        note: Option<NoteRef>,
    },
    /// 关注.
    Mark {
        /// On or off.
        important: bool,
    },
    /// Hide who reported from those who handle, or show it again.
    HideReporter {
        /// On or off.
        hidden: bool,
    },
    /// 一般 紧急 特急.
    Level {
        /// The level from now on.
        level: Level,
        /// Why.
        reason: Option<NoteRef>,
    },
    /// Take a dispatch back.
    Recall {
        /// Why.
        reason: Option<NoteRef>,
    },
    /// 作废.
    Cancel {
        /// Why.
        reason: NoteRef,
    },
    /// 延期申请.
    ExtensionRequest {
        /// The task.
        task_id: Id,
        /// How much more; as much as the process grants when left out.
        limit: Option<Limit>,
        /// Why.
        reason: NoteRef,
    },
    /// 延期审批.
    ExtensionDecide {
        /// The task.
        task_id: Id,
        /// Granted or not.
        approved: bool,
        /// What is said; the reason when it is not.
        opinion: Option<NoteRef>,
    },
    /// 挂账申请.
    SuspensionRequest {
        /// The task.
        task_id: Id,
        /// Until when.
        until: Timestamp,
        /// Why.
        reason: NoteRef,
    },
    /// 挂账审批.
    SuspensionDecide {
        /// The task.
        task_id: Id,
        /// Granted or not.
        approved: bool,
        /// From when; from now when left out.
        from: Option<Timestamp>,
        /// Until when; as applied for when left out.
        until: Option<Timestamp>,
        /// What is said; the reason when it is not granted.
        opinion: Option<NoteRef>,
    },
    /// The clock runs on.
    SuspensionEnd {
        /// The task.
        task_id: Id,
        /// What is said.
        reason: Option<NoteRef>,
    },
    /// A suspension may have reached its date. Follows from a timer; nobody can ask for it.
    SuspensionDue {
        /// The task.
        task_id: Id,
    },
    /// 督办.
    Supervise {
        /// Until when; by the process when left out.
        due_at: Option<Timestamp>,
        /// What is demanded.
        demand: NoteRef,
    },
    /// 督办反馈.
    SupervisionReply {
        /// The answer.
        reply: NoteRef,
    },
    /// Lift it.
    SupervisionEnd {
        /// What is said.
        opinion: Option<NoteRef>,
    },
    /// A supervision may have run out. Follows from a timer.
    SupervisionDue {},
    /// Open it again after closing.
    Reopen {
        /// Why.
        reason: NoteRef,
    },
    /// 剔除.
    Exclude {
        /// Why.
        reason: NoteRef,
    },
    /// 剔除审批.
    ExclusionDecide {
        /// Granted or not.
        approved: bool,
        /// What is said; the reason when it is not.
        opinion: Option<NoteRef>,
    },
    /// 超时申诉.
    AppealFile {
        /// The task that was late.
        task_id: Id,
        /// Why it should not count.
        reason: NoteRef,
    },
    /// 申诉审核.
    AppealReview {
        /// Granted or not.
        approved: bool,
        /// What is said; the reason when it is not.
        opinion: Option<NoteRef>,
    },
    /// A deadline from above.
    DeadlineGive {
        /// Of this task; of the present stage when left out.
        task_id: Option<Id>,
        /// Until when.
        due_at: Timestamp,
        /// What is said.
        reason: Option<NoteRef>,
    },
    /// 平急转换.
    ModeApply {
        /// The mode's word in the process; none for the ordinary one.
        mode: Option<String>,
    },
    /// The clock of a stage may have run out. Follows from a timer.
    StageDue {
        /// When that clock runs out. One that was replaced since is no more.
        due_at: Timestamp,
    },
    /// A rung of the ladder may have been reached. Follows from a timer.
    Escalate {
        /// The task whose clock it is; none for the clock of the stage.
        task_id: Option<Id>,
        /// Which clock of the task.
        clock: ClockKind,
        /// When that clock runs out. One that was replaced since is no more.
        due_at: Timestamp,
    },
}

impl OverlayCommand {
    /// The task it is about, when it is for the task's holder to give it.
    pub const fn task_id(&self) -> Option<Id> {
        match self {
            Self::ExtensionRequest { task_id, .. }
            | Self::SuspensionRequest { task_id, .. }
            | Self::AppealFile { task_id, .. } => Some(*task_id),
            _ => None,
        }
    }

    /// The organisation for which it must be given, when that is neither the holder of a task nor who keeps the case.
    pub fn answers_for<'a>(&self, case: &'a Case) -> Option<&'a OrganisationRef> {
        match self {
            Self::SupervisionReply { .. } => {
                let supervision = case.extra.overlays.supervision.as_ref()?;
                Some(&supervision.organisation)
            }
            _ => None,
        }
    }

    /// Whether only the platform gives it, when a timer is due.
    pub const fn is_of_timer(&self) -> bool {
        matches!(
            self,
            Self::SuspensionDue { .. }
                | Self::SupervisionDue {}
                | Self::StageDue { .. }
                | Self::Escalate { .. }
        )
    }

    /// The operation this is, as in the API, the permissions and the audit.
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::Urge { .. } => "case_urge",
            Self::Mark { .. } => "case_mark",
            Self::HideReporter { .. } => "case_hide_reporter",
            Self::Level { .. } => "case_level",
            Self::Recall { .. } => "case_recall",
            Self::Cancel { .. } => "case_cancel",
            Self::ExtensionRequest { .. } => "extension_request",
            Self::ExtensionDecide { .. } => "extension_decide",
            Self::SuspensionRequest { .. } => "suspension_request",
            Self::SuspensionDecide { .. } => "suspension_decide",
            Self::SuspensionEnd { .. } => "suspension_end",
            Self::SuspensionDue { .. } => "suspension_due",
            Self::Supervise { .. } => "case_supervise",
            Self::SupervisionReply { .. } => "supervision_reply",
            Self::SupervisionEnd { .. } => "supervision_end",
            Self::SupervisionDue {} => "supervision_due",
            Self::Reopen { .. } => "case_reopen",
            Self::Exclude { .. } => "case_exclude",
            Self::ExclusionDecide { .. } => "exclusion_decide",
            Self::AppealFile { .. } => "appeal_file",
            Self::AppealReview { .. } => "appeal_review",
            Self::DeadlineGive { .. } => "case_deadline_give",
            Self::ModeApply { .. } => "case_mode_apply",
            Self::StageDue { .. } => "stage_due",
            Self::Escalate { .. } => "clock_escalate",
        }
    }
}

/// What happens when `command` is given. Stage and role have been checked, but for what only timers give.
pub fn decide(
    case: &Case,
    command: &OverlayCommand,
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Event<CaseFact>>, Refusal> {
    if !command.is_of_timer() {
        circumstances.check_time(last_moved(case))?;
    }
    let fact = match command {
        OverlayCommand::Urge { note } => desk::urge(case, note.as_ref()),
        OverlayCommand::Mark { important } => desk::mark(case, *important)?,
        OverlayCommand::HideReporter { hidden } => desk::hide_reporter(case, *hidden)?,
        OverlayCommand::Level { level, reason } => {
            desk::level(case, *level, reason.as_ref(), circumstances)?
        }
        OverlayCommand::Recall { reason } => desk::recall(case, reason.as_ref(), circumstances)?,
        OverlayCommand::Cancel { reason } => OverlayFact::CaseCancelled {
            revoked: desk::open_tasks(case),
            reason: reason.clone(),
        },
        OverlayCommand::ExtensionRequest { .. }
        | OverlayCommand::ExtensionDecide { .. }
        | OverlayCommand::SuspensionRequest { .. }
        | OverlayCommand::SuspensionDecide { .. }
        | OverlayCommand::SuspensionEnd { .. } => waiting::decide(case, command, circumstances)?,
        OverlayCommand::SuspensionDue { task_id } => {
            return Ok(waiting::suspension_due(case, *task_id, circumstances));
        }
        OverlayCommand::Supervise { due_at, demand } => {
            supervision::supervise(case, *due_at, demand, circumstances)?
        }
        OverlayCommand::SupervisionReply { reply } => {
            return supervision::reply(case, reply, circumstances);
        }
        OverlayCommand::SupervisionEnd { opinion } => {
            return supervision::end(case, opinion.as_ref(), circumstances);
        }
        OverlayCommand::SupervisionDue {} => {
            return Ok(supervision::due(
                case,
                circumstances.recorded_at,
                circumstances,
            ));
        }
        OverlayCommand::Reopen { .. }
        | OverlayCommand::Exclude { .. }
        | OverlayCommand::ExclusionDecide { .. }
        | OverlayCommand::AppealFile { .. }
        | OverlayCommand::AppealReview { .. } => afterwards::decide(case, command, circumstances)?,
        OverlayCommand::DeadlineGive {
            task_id,
            due_at,
            reason,
        } => ladder::deadline_give(case, *task_id, *due_at, reason.as_ref(), circumstances)?,
        OverlayCommand::ModeApply { mode } => {
            ladder::mode_apply(case, mode.as_deref(), circumstances)?
        }
        OverlayCommand::StageDue { due_at } => {
            return Ok(ladder::stage_due(case, *due_at, circumstances));
        }
        OverlayCommand::Escalate {
            task_id,
            clock,
            due_at,
        } => {
            return Ok(ladder::escalate(
                case,
                *task_id,
                *clock,
                *due_at,
                circumstances,
            ));
        }
    };
    Ok(vec![circumstances.event(CaseFact::Overlay(fact))])
}

/// The case after `fact`.
pub fn evolve(case: &mut Case, fact: &OverlayFact, event: &Event<CaseFact>) {
    match fact {
        OverlayFact::CaseUrged { .. } => case.extra.overlays.urged_count += 1,
        OverlayFact::CaseMarked { important } => case.extra.overlays.important = *important,
        OverlayFact::CaseReporterHidden { hidden } => {
            case.extra.overlays.reporter_hidden = *hidden;
        }
        OverlayFact::CaseLevelled {
            level,
            clock,
            tasks,
            ..
        } => {
            case.level = *level;
            // Whoever sets the level while a mode holds means it for afterwards too.
            if let Some(mode) = &mut case.extra.overlays.mode {
                mode.level_before = *level;
            }
            set_clocks(case, *clock, tasks);
        }
        OverlayFact::ClocksFollowed { tasks } => set_clocks(case, case.clock, tasks),
        OverlayFact::CaseRecalled {
            revoked,
            stage,
            clock,
            ..
        } => {
            desk::revoke(case, revoked);
            case.stage = *stage;
            case.clock = *clock;
        }
        OverlayFact::CaseCancelled { revoked, .. } => {
            desk::revoke(case, revoked);
            case.stage = CaseStage::Cancelled;
            case.clock = None;
        }
        OverlayFact::ExtensionRequested { .. }
        | OverlayFact::ExtensionDecided { .. }
        | OverlayFact::SuspensionRequested { .. }
        | OverlayFact::SuspensionDecided { .. }
        | OverlayFact::SuspensionEnded { .. } => waiting::evolve(case, fact, event),
        OverlayFact::CaseSupervised { .. }
        | OverlayFact::SupervisionReplied { .. }
        | OverlayFact::SupervisionEnded { .. }
        | OverlayFact::SupervisionOverdue { .. } => supervision::evolve(case, fact, event),
        OverlayFact::CaseReopened { .. }
        | OverlayFact::CaseExcluded { .. }
        | OverlayFact::ExclusionDecided { .. }
        | OverlayFact::AppealFiled { .. }
        | OverlayFact::AppealReviewed { .. } => afterwards::evolve(case, fact, event),
        OverlayFact::StageOverdue { .. }
        | OverlayFact::ClockEscalated { .. }
        | OverlayFact::DeadlineGiven { .. }
        | OverlayFact::ModeApplied { .. } => ladder::evolve(case, fact, event),
    }
}

/// The latest instant the case is known to have been through.
fn last_moved(case: &Case) -> Timestamp {
    let overlays = &case.extra.overlays;
    let own = [
        Some(case.accepted_at),
        case.filed_at,
        case.dispatched_at,
        case.handled_at,
        case.inspected_at,
        case.closed_at,
        overlays
            .supervision
            .as_ref()
            .map(|each| each.clock.started_at),
        overlays
            .supervision
            .as_ref()
            .and_then(|each| each.replied_at),
        overlays.exclusion.as_ref().map(|each| each.asked_at),
        overlays.appeal.as_ref().map(|each| each.filed_at),
    ];
    let of_tasks = case.tasks.iter().flat_map(|task| {
        let extra = &task.extra.overlays;
        [
            Some(task.opened_at),
            task.accepted_at,
            task.finished_at,
            extra.extension.as_ref().map(|each| each.asked_at),
            extra.suspension_asked.as_ref().map(|each| each.asked_at),
        ]
    });
    own.into_iter()
        .chain(of_tasks)
        .flatten()
        .max()
        .unwrap_or(case.accepted_at)
}

fn task_mut(case: &mut Case, id: Id) -> Option<&mut Task> {
    case.tasks.iter_mut().find(|task| task.id == id)
}

/// Sets the clocks that an event carries. A clock that ends another time is not overdue until it runs out.
fn set_clocks(case: &mut Case, clock: Option<Clock>, tasks: &[TaskClock]) {
    case.clock = clock;
    for each in tasks {
        let Some(task) = task_mut(case, each.task_id) else {
            continue;
        };
        match each.kind {
            ClockKind::Response => {
                task.response = Some(each.clock);
                task.response_overdue = false;
            }
            ClockKind::Handling => set_handling(task, each.clock),
        }
    }
    follow_clock(case);
}

fn set_handling(task: &mut Task, clock: Clock) {
    if task.handling.due_at != clock.due_at {
        task.handling_overdue = false;
    }
    task.handling = clock;
}

/// The clock of a stage in which a task is worked on is that task's.
fn follow_clock(case: &mut Case) {
    let of_task = match case.stage {
        CaseStage::Handling => case.lead(),
        CaseStage::Inspecting => case.open_inspection(),
        _ => None,
    };
    if let Some(clock) = of_task.map(|task| task.handling) {
        case.clock = Some(clock);
    }
}
