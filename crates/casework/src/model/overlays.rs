//! What lies over the stages: urging, supervision, extension, suspension, exclusion, appeals, the escalation of clocks.

use super::{CaseStage, Level, OrganisationRef};
use crate::clocks::Clock;
use base::{Id, Timestamp};
use calendar::Limit;
use serde::{Deserialize, Serialize};

/// Of a case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CaseOverlays {
    /// How often it was urged.
    #[serde(skip_serializing_if = "super::is_default")]
    pub urged_count: i64,
    /// 关注: somebody keeps an eye on it.
    #[serde(skip_serializing_if = "super::is_default")]
    pub important: bool,
    /// Who reported is hidden from those who handle, whatever the report itself says.
    #[serde(skip_serializing_if = "super::is_default")]
    pub reporter_hidden: bool,
    /// 督办: the present supervision, or the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supervision: Option<Supervision>,
    /// How often it was supervised.
    #[serde(skip_serializing_if = "super::is_default")]
    pub supervised_count: i64,
    /// Who ever supervised it: they may see it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub supervisors: Vec<OrganisationRef>,
    /// 剔除: left out of the numbers, or asked to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclusion: Option<Exclusion>,
    /// 超时申诉: the one appeal a case allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appeal: Option<Appeal>,
    /// How often it was opened again after closing.
    #[serde(skip_serializing_if = "super::is_default")]
    pub reopened_count: i64,
    /// The stage whose clock is on record as run out last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage_overdue: Option<StageRunOut>,
    /// How far up the ladder the clock of the present stage has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalated: Option<Escalated>,
    /// 平急: the mode that was applied to it, and what it asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<AppliedMode>,
}

/// Of a task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskOverlays {
    /// How many extensions were granted.
    #[serde(skip_serializing_if = "super::is_default")]
    pub extended_count: i64,
    /// The extension that is applied for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<ExtensionAsked>,
    /// How often its clock was suspended.
    #[serde(skip_serializing_if = "super::is_default")]
    pub suspended_count: i64,
    /// The suspension that is applied for. It stops nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspension_asked: Option<SuspensionAsked>,
    /// 挂账: the suspension in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspension: Option<TaskSuspension>,
    /// An approved appeal keeps it out of the overdue numbers. The overdue facts stay.
    #[serde(skip_serializing_if = "super::is_default")]
    pub exempt: bool,
    /// How far up the ladder its running clock has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalated: Option<Escalated>,
}

/// An application for an extension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExtensionAsked {
    /// How much is asked for.
    pub limit: Limit,
    /// When.
    pub asked_at: Timestamp,
    /// By whom; none for the platform itself.
    pub staff_id: Option<Id>,
}

/// An application for a suspension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SuspensionAsked {
    /// Until when.
    pub until: Timestamp,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// By whom; none for the platform itself.
    pub staff_id: Option<Id>,
}

/// A suspension in force. The task's handling clock already counts it to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskSuspension {
    /// From when the clock stands still.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// The clock as it was before.
    pub before: Clock,
}

/// A formal demand from above with its own deadline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Supervision {
    /// Who must answer.
    pub organisation: OrganisationRef,
    /// Who demands; none for the platform itself. It may see the case.
    pub by: Option<OrganisationRef>,
    /// Until when.
    pub clock: Clock,
    /// When it was answered.
    pub replied_at: Option<Timestamp>,
    /// When it was lifted.
    pub ended_at: Option<Timestamp>,
    /// Whether the answer was or is too late.
    pub overdue: bool,
}

/// An exclusion from the numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exclusion {
    /// Where it stands.
    pub state: ApplicationState,
    /// Who asked; none for the platform itself.
    pub staff_id: Option<Id>,
    /// When.
    pub asked_at: Timestamp,
}

/// An appeal against an overdue fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Appeal {
    /// The task that was late.
    pub task_id: Id,
    /// Where it stands.
    pub state: ApplicationState,
    /// Who appealed; none for the platform itself.
    pub staff_id: Option<Id>,
    /// When.
    pub filed_at: Timestamp,
    /// The persons who have approved it so far, in order.
    pub approved_by: Vec<Id>,
}

words! {
    /// Where an application stands.
    ApplicationState {
        /// 待审.
        Pending = "pending",
        /// 通过.
        Approved = "approved",
        /// 不予通过.
        Rejected = "rejected",
    }
}

/// A stage whose clock ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageRunOut {
    /// The stage.
    pub stage: CaseStage,
    /// When its clock ran out.
    pub due_at: Timestamp,
}

/// How far up its ladder a clock has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalated {
    /// Which ladder.
    pub clock: LadderClock,
    /// The instant of the last rung that was climbed.
    pub up_to: Timestamp,
}

words! {
    /// The clocks that ladders of escalation hang on.
    LadderClock {
        /// A task is to be accepted.
        Response = "response",
        /// A task is to be handled.
        Handling = "handling",
        /// A case is to be inspected.
        Inspecting = "inspecting",
        /// A desk has to file, dispatch or close.
        Stage = "stage",
        /// Somebody has to decide on a report.
        Acceptance = "acceptance",
        /// A reporter is to be called back.
        Callback = "callback",
    }
}

words! {
    /// Whom a rung of the ladder tells.
    LadderTarget {
        /// The organisation that holds the task, or the person who works on it.
        Handler = "handler",
        /// A leader.
        Leader = "leader",
        /// The dispatcher.
        Dispatcher = "dispatcher",
        /// The shift leader.
        ShiftLeader = "shift_leader",
    }
}

/// A mode as it was applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AppliedMode {
    /// Its word in the process.
    pub mode: String,
    /// The level the case has again when the mode is lifted: the one before it, or the one set since.
    pub level_before: Level,
}

impl CaseOverlays {
    /// Whether a supervision is in force.
    pub fn is_supervised(&self) -> bool {
        self.supervision
            .as_ref()
            .is_some_and(|supervision| supervision.ended_at.is_none())
    }

    /// Whether it is left out of the numbers.
    pub fn is_excluded(&self) -> bool {
        self.exclusion
            .as_ref()
            .is_some_and(|exclusion| exclusion.state == ApplicationState::Approved)
    }
}

impl TaskOverlays {
    /// What was applied for or in force ends with the work.
    pub(crate) fn end(&mut self) {
        self.extension = None;
        self.suspension_asked = None;
        self.suspension = None;
    }
}

impl super::Task {
    /// Work on it begins again, by a new clock.
    pub(crate) fn open_again(&mut self, at: Timestamp, handling: Clock) {
        self.state = super::TaskState::Accepted;
        self.opened_at = at;
        self.finished_at = None;
        self.handling = handling;
        self.handling_overdue = false;
    }

    /// Whether a suspension is in force.
    pub fn is_suspended(&self) -> bool {
        self.is_open() && self.extra.overlays.suspension.is_some()
    }
}

/// So many persons review an appeal at most, one after the other.
pub const REVIEWERS_MAX: usize = 4;

/// What is applied for and must be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// 延期.
    Extension,
    /// 挂账.
    Suspension,
    /// 剔除.
    Exclusion,
    /// 裁定 of who handles it.
    Ruling,
    /// 超时申诉, when so many have approved of it.
    Appeal {
        /// Those who have.
        turn: usize,
    },
}

impl Decision {
    /// All there can be.
    pub fn all() -> impl Iterator<Item = Self> {
        [
            Self::Extension,
            Self::Suspension,
            Self::Exclusion,
            Self::Ruling,
        ]
        .into_iter()
        .chain((0..REVIEWERS_MAX).map(|turn| Self::Appeal { turn }))
    }

    /// Its bit where they are kept together.
    pub fn bit(self) -> u8 {
        match self {
            Self::Extension => 0,
            Self::Suspension => 1,
            Self::Exclusion => 2,
            Self::Ruling => 3,
            Self::Appeal { turn } => match turn {
                0 => 4,
                1 => 5,
                2 => 6,
                _ => 7,
            },
        }
    }

    /// The command that decides it.
    pub const fn operation(self) -> &'static str {
        match self {
            Self::Extension => "extension_decide",
            Self::Suspension => "suspension_decide",
            Self::Exclusion => "exclusion_decide",
            Self::Ruling => "case_rule",
            Self::Appeal { .. } => "appeal_review",
        }
    }
}

impl super::Case {
    /// Who keeps the case: who filed it, before that who accepted it.
    pub fn keeper(&self) -> &OrganisationRef {
        self.filed_by.as_ref().unwrap_or(&self.accepted_by)
    }

    /// Whether a supervision is in force and the case not at its end.
    pub fn is_supervised(&self) -> bool {
        self.stage.is_open() && self.extra.overlays.is_supervised()
    }

    /// What somebody applied for that waits for a decision.
    pub fn asked(&self) -> impl Iterator<Item = Decision> {
        let open = || self.tasks.iter().filter(|task| task.is_open());
        let is_extension = open().any(|task| task.extra.overlays.extension.is_some());
        let is_suspension = open().any(|task| task.extra.overlays.suspension_asked.is_some());
        let overlays = &self.extra.overlays;
        let pending = |state: ApplicationState| state == ApplicationState::Pending;
        let exclusion = overlays.exclusion.as_ref();
        let appeal = overlays.appeal.as_ref();
        let appeal = appeal.filter(|appeal| pending(appeal.state));
        let handling = &self.extra.handling;
        let is_ruling =
            self.stage.is_open() && handling.ruling_demanded && handling.ruled.is_none();
        [
            is_extension.then_some(Decision::Extension),
            is_suspension.then_some(Decision::Suspension),
            exclusion
                .is_some_and(|exclusion| pending(exclusion.state))
                .then_some(Decision::Exclusion),
            is_ruling.then_some(Decision::Ruling),
            appeal.map(|appeal| Decision::Appeal {
                turn: appeal.approved_by.len(),
            }),
        ]
        .into_iter()
        .flatten()
    }

    /// The same, one bit each.
    pub fn asked_bits(&self) -> u8 {
        self.asked().fold(0, |bits, each| bits | (1 << each.bit()))
    }

    /// 逐级提醒: whether a rung of the ladder was climbed on a clock that still runs.
    pub fn is_escalated(&self) -> bool {
        let has_climbed = |on, clock: Option<Clock>, climbed: Option<Escalated>| {
            clock.zip(climbed).is_some_and(|(clock, climbed)| {
                climbed.clock == on && climbed.up_to >= clock.started_at
            })
        };
        let of_stage = self.desk_clock();
        has_climbed(LadderClock::Stage, of_stage, self.extra.overlays.escalated)
            || self.tasks.iter().filter(|task| task.is_open()).any(|task| {
                let climbed = task.extra.overlays.escalated;
                let response = (task.state == super::TaskState::Assigned)
                    .then_some(task.response)
                    .flatten();
                let handling = match task.kind {
                    super::TaskKind::Inspect => LadderClock::Inspecting,
                    _ => LadderClock::Handling,
                };
                has_climbed(LadderClock::Response, response, climbed)
                    || has_climbed(handling, Some(task.handling), climbed)
            })
    }

    /// Whether a task of it is suspended.
    pub fn is_suspended(&self) -> bool {
        self.tasks.iter().any(super::Task::is_suspended)
    }
}
