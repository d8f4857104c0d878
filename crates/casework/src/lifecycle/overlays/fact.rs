//! What can happen to a case over its stages.

use crate::clocks::Clock;
use crate::lifecycle::case::TaskReopened;
use crate::model::{
    CaseStage, ClockKind, LadderClock, LadderTarget, Level, NoteRef, OrganisationRef,
};
use base::{Id, Timestamp};
use calendar::Limit;
use serde::{Deserialize, Serialize};

/// A clock of a task that was set anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskClock {
    /// The task.
    pub task_id: Id,
    /// Which of its clocks.
    pub kind: ClockKind,
    /// As it runs now.
    pub clock: Clock,
}

/// A thing that happened to a case. No personal text: reasons and opinions are sealed notes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OverlayFact {
    /// 催办: whoever holds it is reminded.
    CaseUrged {
        /// The organisations that have something to do now.
        organisations: Vec<OrganisationRef>,
        /// What they are told.
        note: Option<NoteRef>,
    },
    /// 关注: on or off.
    CaseMarked {
        /// Whether it is important from now on.
        important: bool,
    },
    /// Who reported is hidden from those who handle, or no longer.
    CaseReporterHidden {
        /// Whether it is hidden from now on.
        hidden: bool,
    },
    /// The level changed, and with it the clocks that hang on it.
    CaseLevelled {
        /// The level from now on.
        level: Level,
        /// The clock of the present stage from now on.
        clock: Option<Clock>,
        /// The clocks of tasks that changed.
        tasks: Vec<TaskClock>,
        /// Why.
        reason: Option<NoteRef>,
    },
    /// A dispatch was taken back before anybody acted on it.
    CaseRecalled {
        /// The tasks taken back.
        revoked: Vec<Id>,
        /// The stage it is in again. Left out where that is `filed`, the only one that earlier events knew.
        #[serde(default = "filed", skip_serializing_if = "is_filed")]
        stage: CaseStage,
        /// The clock of that stage.
        clock: Option<Clock>,
        /// Why.
        reason: Option<NoteRef>,
    },
    /// 作废.
    CaseCancelled {
        /// The tasks taken back.
        revoked: Vec<Id>,
        /// Why.
        reason: NoteRef,
    },
    /// 延期申请.
    ExtensionRequested {
        /// The task.
        task_id: Id,
        /// How much more is asked for.
        limit: Limit,
        /// Why.
        reason: NoteRef,
    },
    /// 延期审批.
    ExtensionDecided {
        /// The task.
        task_id: Id,
        /// Whether it is granted.
        approved: bool,
        /// The handling clock from now on, when it is.
        handling: Option<Clock>,
        /// What was said.
        opinion: Option<NoteRef>,
    },
    /// 挂账申请. It stops nothing.
    SuspensionRequested {
        /// The task.
        task_id: Id,
        /// Until when it should be suspended.
        until: Timestamp,
        /// Why.
        reason: NoteRef,
    },
    /// 挂账审批.
    SuspensionDecided {
        /// The task.
        task_id: Id,
        /// When it is granted: from when, until when, and the handling clock that follows.
        granted: Option<SuspensionGranted>,
        /// What was said.
        opinion: Option<NoteRef>,
    },
    /// The clock runs on: the suspension was ended, or reached its date.
    SuspensionEnded {
        /// The task.
        task_id: Id,
        /// The handling clock from now on.
        handling: Clock,
        /// Whether it reached its date.
        expired: bool,
        /// What was said.
        reason: Option<NoteRef>,
    },
    /// 督办.
    CaseSupervised {
        /// Who must answer.
        organisation: OrganisationRef,
        /// Who demands; none for the platform itself.
        by: Option<OrganisationRef>,
        /// Until when.
        clock: Clock,
        /// What is demanded.
        demand: NoteRef,
    },
    /// 督办反馈.
    SupervisionReplied {
        /// The answer.
        reply: NoteRef,
    },
    /// 督办 lifted.
    SupervisionEnded {
        /// What was said.
        opinion: Option<NoteRef>,
    },
    /// A supervision was not answered in time. Dated at the instant it ran out.
    SupervisionOverdue {
        /// When it ran out.
        due_at: Timestamp,
        /// Recorded well after that.
        late: bool,
    },
    /// Opened again after closing.
    CaseReopened {
        /// The tasks to be done again; without any the case is dispatched anew.
        tasks: Vec<TaskReopened>,
        /// The clock of the stage it is in again, when no task has one.
        clock: Option<Clock>,
        /// Why.
        reason: NoteRef,
    },
    /// 剔除申请; where the process asks for no approval, the exclusion itself.
    CaseExcluded {
        /// Whether it still has to be approved.
        pending: bool,
        /// Why.
        reason: NoteRef,
    },
    /// 剔除审批.
    ExclusionDecided {
        /// Whether it is granted.
        approved: bool,
        /// What was said.
        opinion: Option<NoteRef>,
    },
    /// 超时申诉.
    AppealFiled {
        /// The task that was late.
        task_id: Id,
        /// Why it should not count.
        reason: NoteRef,
    },
    /// 申诉审核: one of the reviews.
    AppealReviewed {
        /// The task that was late.
        task_id: Id,
        /// Whether this reviewer approves.
        approved: bool,
        /// Whether the appeal is decided by it.
        decided: bool,
        /// What was said.
        opinion: Option<NoteRef>,
    },
    /// 环节超时: a stage clock ran out. Dated at the instant it ran out.
    StageOverdue {
        /// The stage.
        stage: CaseStage,
        /// When it ran out.
        due_at: Timestamp,
        /// Recorded well after that.
        late: bool,
    },
    /// A rung of the ladder was reached. Dated at that instant.
    ClockEscalated {
        /// The task whose clock it is; none for the clock of a stage.
        task_id: Option<Id>,
        /// Which clock.
        clock: LadderClock,
        /// When that clock runs out.
        due_at: Timestamp,
        /// The rung, from 1.
        rung: u32,
        /// Whom it tells.
        notify: LadderTarget,
        /// Who holds it.
        organisation: OrganisationRef,
        /// Who works on it, when a person does.
        staff_id: Option<Id>,
        /// Whether it proposes a supervision.
        proposes_supervision: bool,
        /// Recorded well after that.
        late: bool,
    },
    /// 随上级调整: tasks that were given on follow the deadlines of those they come from.
    ClocksFollowed {
        /// The clocks that changed.
        tasks: Vec<TaskClock>,
    },
    /// A deadline came from above and is obeyed.
    DeadlineGiven {
        /// The clock of the present stage from now on.
        clock: Option<Clock>,
        /// The clocks of tasks that changed.
        tasks: Vec<TaskClock>,
        /// What was said.
        reason: Option<NoteRef>,
    },
    /// 平急转换: a mode was applied, or none any more.
    ModeApplied {
        /// The mode's word in the process; none for the ordinary one.
        mode: Option<String>,
        /// The level from now on.
        level: Level,
        /// The clock of the present stage from now on.
        clock: Option<Clock>,
        /// The clocks of tasks that changed.
        tasks: Vec<TaskClock>,
    },
}

/// A suspension as granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuspensionGranted {
    /// From when the clock stands still.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// The handling clock that follows, should it last until then.
    pub handling: Clock,
}

const fn filed() -> CaseStage {
    CaseStage::Filed
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_filed(stage: &CaseStage) -> bool {
    *stage == CaseStage::Filed
}

impl OverlayFact {
    /// The word of its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::CaseUrged { .. } => "case_urged",
            Self::CaseMarked { .. } => "case_marked",
            Self::CaseReporterHidden { .. } => "case_reporter_hidden",
            Self::CaseLevelled { .. } => "case_levelled",
            Self::CaseRecalled { .. } => "case_recalled",
            Self::CaseCancelled { .. } => "case_cancelled",
            Self::ExtensionRequested { .. } => "extension_requested",
            Self::ExtensionDecided { .. } => "extension_decided",
            Self::SuspensionRequested { .. } => "suspension_requested",
            Self::SuspensionDecided { .. } => "suspension_decided",
            Self::SuspensionEnded { .. } => "suspension_ended",
            Self::CaseSupervised { .. } => "case_supervised",
            Self::SupervisionReplied { .. } => "supervision_replied",
            Self::SupervisionEnded { .. } => "supervision_ended",
            Self::SupervisionOverdue { .. } => "supervision_overdue",
            Self::CaseReopened { .. } => "case_reopened",
            Self::CaseExcluded { .. } => "case_excluded",
            Self::ExclusionDecided { .. } => "exclusion_decided",
            Self::AppealFiled { .. } => "appeal_filed",
            Self::AppealReviewed { .. } => "appeal_reviewed",
            Self::StageOverdue { .. } => "stage_overdue",
            Self::ClockEscalated { .. } => "clock_escalated",
            Self::ClocksFollowed { .. } => "clocks_followed",
            Self::DeadlineGiven { .. } => "deadline_given",
            Self::ModeApplied { .. } => "mode_applied",
        }
    }

    /// The note it refers to.
    pub const fn note(&self) -> Option<&NoteRef> {
        match self {
            Self::CaseUrged { note, .. }
            | Self::CaseLevelled { reason: note, .. }
            | Self::CaseRecalled { reason: note, .. }
            | Self::ExtensionDecided { opinion: note, .. }
            | Self::SuspensionDecided { opinion: note, .. }
            | Self::SuspensionEnded { reason: note, .. }
            | Self::SupervisionEnded { opinion: note }
            | Self::ExclusionDecided { opinion: note, .. }
            | Self::AppealReviewed { opinion: note, .. }
            | Self::DeadlineGiven { reason: note, .. } => note.as_ref(),
            Self::CaseCancelled { reason: note, .. }
            | Self::ExtensionRequested { reason: note, .. }
            | Self::SuspensionRequested { reason: note, .. }
            | Self::CaseSupervised { demand: note, .. }
            | Self::SupervisionReplied { reply: note }
            | Self::CaseReopened { reason: note, .. }
            | Self::CaseExcluded { reason: note, .. }
            | Self::AppealFiled { reason: note, .. } => Some(note),
            _ => None,
        }
    }
}
