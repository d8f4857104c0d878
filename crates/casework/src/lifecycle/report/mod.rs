//! The report: what can happen to it, and what it is after that.

mod callback;
mod decide;

pub use callback::{Answered, CallbackNew, Redo};
pub(crate) use decide::running;
pub use decide::{ReportCommand, decide};

use super::case::ReplayError;
use super::{Event, Fact};
use crate::clocks::Clock;
use crate::model::{
    BroughtIn, CaseStage, Claim, Corrected, Digest, Escalated, ExternalKey, FileRef, ForgetReason,
    LadderClock, LadderTarget, Level, NoteRef, OrganisationRef, ProcessRef, RejectReason, Report,
    ReportCase, ReportLinks, ReportStage, Satisfaction, TaskState,
};
use base::path::TreePath;
use base::{Id, Point, Timestamp};
use serde::{Deserialize, Serialize};

/// What is known of a report when it comes in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportReceived {
    /// The new report.
    pub report_id: Id,
    /// Its human number.
    pub report_no: String,
    /// Through which channel it came.
    pub source: String,
    /// How urgent it is.
    pub level: Level,
    /// Vouches for the sealed words.
    pub words: Digest,
    /// The smallest known area of the place told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area_path: Option<TreePath>,
    /// The place told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<Point>,
    /// Its key where it was taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalKey>,
    /// 受理时限: until when somebody must decide on it. Of the process that its source opens, as that was then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
}

/// A thing that happened to a report. No personal text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReportFact {
    /// Someone told us.
    ReportReceived(ReportReceived),
    /// 认领: somebody has taken it from the pool, or taken on to call the reporter back.
    ReportClaimed {},
    /// 指派: it was given to a person, to be decided on or called back.
    ReportAssigned {
        /// The person.
        staff_id: Id,
    },
    /// It is back in the pool, or anybody's to call back.
    ReportReleased {},
    /// A rung of the ladder on its clock was reached. Dated at that instant.
    ReportEscalated {
        /// The task to call; none while somebody has to decide.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task_id: Option<Id>,
        /// Which ladder.
        clock: LadderClock,
        /// When the clock runs out.
        due_at: Timestamp,
        /// From 1.
        rung: u32,
        /// Whom it tells.
        notify: LadderTarget,
        /// Who has it in hand.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        staff_id: Option<Id>,
        /// Recorded well after that, e.g. after an outage.
        late: bool,
    },
    /// 受理超时: nobody decided on it in time. Dated at the instant the clock ran out.
    ReportOverdue {
        /// When it ran out.
        due_at: Timestamp,
        /// Recorded well after that, e.g. after an outage.
        late: bool,
    },
    /// 受理: it opened or joined cases.
    ReportAccepted {
        /// The cases it opened.
        case_ids: Vec<Id>,
        /// The cases it joined.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        joined_case_ids: Vec<Id>,
        /// The process it was accepted under, which it keeps.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        process: Option<ProcessRef>,
    },
    /// 即接即办: answered at once.
    ReportAnswered {
        /// What the reporter was told.
        answer: NoteRef,
    },
    /// 不予受理.
    ReportRejected {
        /// Why.
        reason: RejectReason,
        /// What the reporter was told.
        answer: NoteRef,
    },
    /// 撤回.
    ReportWithdrawn {
        /// Whether the reporter asked for it.
        by_reporter: bool,
        /// In whose words.
        reason: NoteRef,
    },
    /// 并案 or 拆单: one more case is about it.
    ReportCaseJoined {
        /// The case.
        case_id: Id,
    },
    /// 并案 of two cases: the one goes on as part of the other.
    ReportCaseMoved {
        /// The case that was merged.
        case_id: Id,
        /// Into which.
        into_case_id: Id,
    },
    /// One of its cases ended.
    ReportCaseClosed {
        /// The case.
        case_id: Id,
        /// Closed or cancelled.
        outcome: CaseStage,
    },
    /// One of its cases is open again.
    ReportCaseReopened {
        /// The case.
        case_id: Id,
    },
    /// 回访: all its cases have ended, and the reporter is to be called.
    ReportCallingBack {
        /// The task to call.
        task_id: Id,
        /// Who must call.
        organisation: OrganisationRef,
        /// Until when.
        clock: Clock,
    },
    /// The reporter was called.
    ReportCalledBack {
        /// The task to call.
        task_id: Id,
        /// What the reporter said; none when not reached.
        answered: Option<Answered>,
    },
    /// Nobody called in time. Dated at the instant the clock ran out.
    ReportCallbackOverdue {
        /// The task to call.
        task_id: Id,
        /// When it ran out.
        due_at: Timestamp,
        /// Recorded well after that, e.g. after an outage.
        late: bool,
    },
    /// 重办: the reporter says that it is not solved.
    ReportRedone {
        /// The case that is done again, or the new one.
        case_id: Id,
        /// Whether it is a new one.
        is_new: bool,
    },
    /// 办结: all its cases have ended, and whoever was to be called was.
    ReportSettled {},
    /// 遗忘: what the reporter told, and who that was, is destroyed; what was done stays on record.
    ReportForgotten {
        /// Why.
        reason: ForgetReason,
    },
    /// 历史导入: all before this was done in another system. Once more for each later file that told more.
    ReportBroughtIn {
        /// Which one.
        system: String,
        /// The key it has there.
        id: String,
        /// What the system said in its own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        told: Option<NoteRef>,
        /// What a later file tells otherwise than the one before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        corrected: Option<Box<Corrected>>,
    },
    /// What the process asks for was filled in for the action that follows.
    ReportFormFilled {
        /// The action.
        operation: String,
        /// What was filled in, as JSON.
        filled: NoteRef,
    },
    /// Files that were sent with it.
    ReportFilesAttached {
        /// Each with what vouches for it.
        files: Vec<FileRef>,
    },
    /// 评价.
    ReportRated {
        /// How satisfied the reporter is.
        satisfaction: Satisfaction,
        /// In whose words.
        words: Option<NoteRef>,
    },
}

impl Fact for ReportFact {
    const CHANGED: &'static str = "report_changed";

    fn kind(&self) -> &'static str {
        match self {
            Self::ReportReceived(_) => "report_received",
            Self::ReportClaimed {} => "report_claimed",
            Self::ReportAssigned { .. } => "report_assigned",
            Self::ReportReleased {} => "report_released",
            Self::ReportEscalated { .. } => "report_escalated",
            Self::ReportOverdue { .. } => "report_overdue",
            Self::ReportAccepted { .. } => "report_accepted",
            Self::ReportAnswered { .. } => "report_answered",
            Self::ReportRejected { .. } => "report_rejected",
            Self::ReportWithdrawn { .. } => "report_withdrawn",
            Self::ReportCaseJoined { .. } => "report_case_joined",
            Self::ReportCaseMoved { .. } => "report_case_moved",
            Self::ReportCaseClosed { .. } => "report_case_closed",
            Self::ReportCaseReopened { .. } => "report_case_reopened",
            Self::ReportCallingBack { .. } => "report_calling_back",
            Self::ReportCalledBack { .. } => "report_called_back",
            Self::ReportCallbackOverdue { .. } => "report_callback_overdue",
            Self::ReportRedone { .. } => "report_redone",
            Self::ReportSettled {} => "report_settled",
            Self::ReportRated { .. } => "report_rated",
            Self::ReportForgotten { .. } => "report_forgotten",
            Self::ReportBroughtIn { .. } => "report_brought_in",
            Self::ReportFormFilled { .. } => "report_form_filled",
            Self::ReportFilesAttached { .. } => "report_files_attached",
        }
    }
}

impl ReportFact {
    /// The sealed note it refers to.
    pub fn note(&self) -> Option<&NoteRef> {
        match self {
            Self::ReportAnswered { answer: note }
            | Self::ReportRejected { answer: note, .. }
            | Self::ReportWithdrawn { reason: note, .. }
            | Self::ReportFormFilled { filled: note, .. } => Some(note),
            Self::ReportCalledBack {
                answered: Some(answered),
                ..
            } => answered.words.as_ref(),
            Self::ReportRated { words: note, .. } | Self::ReportBroughtIn { told: note, .. } => {
                note.as_ref()
            }
            _ => None,
        }
    }
}

/// The report after its first event; none when that event does not begin a report.
pub fn begin(event: &Event<ReportFact>) -> Option<Report> {
    let ReportFact::ReportReceived(received) = &event.fact else {
        return None;
    };
    Some(Report {
        id: received.report_id,
        version: 1,
        report_no: received.report_no.clone(),
        stage: ReportStage::Received,
        source: received.source.clone(),
        level: received.level,
        words: received.words.clone(),
        area_path: received.area_path.clone(),
        point: received.point,
        external: received.external.clone(),
        received_at: event.occurred_at,
        accepted_at: None,
        settled_at: None,
        clock: received.clock,
        cases: Vec::new(),
        extra: ReportLinks::default(),
    })
}

/// The report after one more event.
#[must_use]
pub fn evolve(mut report: Report, event: &Event<ReportFact>) -> Report {
    report.version += 1;
    match &event.fact {
        // A second beginning is no event of the law; counting it lets the replay show that the timeline is wrong.
        // What it was told with, and what was filled in for an action, changes nothing.
        ReportFact::ReportReceived(_)
        | ReportFact::ReportFilesAttached { .. }
        | ReportFact::ReportFormFilled { .. } => {}
        ReportFact::ReportClaimed {} => {
            take(&mut report, event.by.as_ref().map(|by| by.staff_id), event);
            callback::put(&mut report, TaskState::Accepted);
        }
        ReportFact::ReportAssigned { staff_id } => {
            take(&mut report, Some(*staff_id), event);
            callback::put(&mut report, TaskState::Assigned);
        }
        ReportFact::ReportReleased {} => {
            report.extra.claim = None;
            callback::put(&mut report, TaskState::Assigned);
        }
        ReportFact::ReportEscalated { clock, .. } => {
            report.extra.escalated = Some(Escalated {
                clock: *clock,
                up_to: event.occurred_at,
            });
        }
        ReportFact::ReportOverdue { .. } => report.extra.is_overdue = true,
        ReportFact::ReportAccepted {
            case_ids,
            joined_case_ids,
            process,
        } => {
            leave_pool(&mut report, ReportStage::Accepted);
            report.accepted_at = Some(event.occurred_at);
            report.extra.process.clone_from(process);
            for case_id in case_ids.iter().chain(joined_case_ids) {
                link(&mut report, *case_id);
            }
        }
        ReportFact::ReportAnswered { answer } => {
            leave_pool(&mut report, ReportStage::Answered);
            report.settled_at = Some(event.occurred_at);
            report.extra.answer = Some(answer.clone());
        }
        ReportFact::ReportRejected { reason, answer } => {
            leave_pool(&mut report, ReportStage::Rejected);
            report.settled_at = Some(event.occurred_at);
            report.extra.answer = Some(answer.clone());
            report.extra.reject_reason = Some(*reason);
        }
        ReportFact::ReportWithdrawn { .. } => {
            leave_pool(&mut report, ReportStage::Withdrawn);
            report.settled_at = Some(event.occurred_at);
            for each in &mut report.cases {
                each.closed = true;
            }
        }
        ReportFact::ReportCaseJoined { case_id } => link(&mut report, *case_id),
        ReportFact::ReportCaseMoved {
            case_id,
            into_case_id,
        } => {
            mark(&mut report, *case_id, true);
            link(&mut report, *into_case_id);
        }
        ReportFact::ReportCaseClosed { case_id, .. } => mark(&mut report, *case_id, true),
        ReportFact::ReportCaseReopened { case_id } => {
            mark(&mut report, *case_id, false);
            report.stage = ReportStage::Accepted;
            report.settled_at = None;
            callback::end(&mut report, TaskState::Revoked, event);
        }
        ReportFact::ReportSettled {} => {
            report.stage = ReportStage::Settled;
            report.settled_at = Some(event.occurred_at);
            callback::end(&mut report, TaskState::Finished, event);
        }
        ReportFact::ReportForgotten { .. } => {
            report.extra.forgotten_at = Some(event.occurred_at);
        }
        ReportFact::ReportBroughtIn {
            system,
            id,
            corrected,
            ..
        } => {
            if let Some(words) = corrected.as_ref().and_then(|each| each.words.as_ref()) {
                report.words = words.clone();
            }
            if let Some(place) = corrected.as_ref().and_then(|each| each.place.as_ref()) {
                report.area_path.clone_from(&place.area_path);
                report.point = place.point;
            }
            report.extra.brought_in = Some(BroughtIn::of(system, id, event.occurred_at));
        }
        ReportFact::ReportCallingBack { .. }
        | ReportFact::ReportCalledBack { .. }
        | ReportFact::ReportCallbackOverdue { .. }
        | ReportFact::ReportRedone { .. }
        | ReportFact::ReportRated { .. } => callback::evolve(&mut report, event),
    }
    report
}

/// Somebody has it in hand from now on.
fn take(report: &mut Report, staff_id: Option<Id>, event: &Event<ReportFact>) {
    let by = event.by.as_ref();
    report.extra.claim = staff_id.zip(by).map(|(staff_id, by)| Claim {
        staff_id,
        organisation_id: by.organisation_id,
        claimed_at: event.occurred_at,
    });
}

fn leave_pool(report: &mut Report, stage: ReportStage) {
    report.stage = stage;
    report.extra.claim = None;
    report.clock = None;
}

/// One more case, open.
fn link(report: &mut Report, case_id: Id) {
    if report.cases.iter().any(|each| each.case_id == case_id) {
        mark(report, case_id, false);
    } else {
        report.cases.push(ReportCase {
            case_id,
            closed: false,
        });
    }
}

fn mark(report: &mut Report, case_id: Id, closed: bool) {
    for each in &mut report.cases {
        if each.case_id == case_id {
            each.closed = closed;
        }
    }
}

/// Folds a whole timeline.
pub fn replay(events: &[Event<ReportFact>]) -> Result<Report, ReplayError> {
    let (first, rest) = events.split_first().ok_or(ReplayError::Empty)?;
    let report = begin(first).ok_or(ReplayError::NoBeginning)?;
    Ok(rest.iter().fold(report, evolve))
}
