//! The report: what can happen to it, and what it is after that.

use super::case::ReplayError;
use super::{Circumstances, Event, Fact, Refusal};
use crate::model::{Digest, ExternalKey, Report, ReportCase, ReportLinks, ReportStage};
use base::path::TreePath;
use base::{Id, Point};
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
}

/// A thing that happened to a report. No personal text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReportFact {
    /// Someone told us.
    ReportReceived(ReportReceived),
    /// 受理: it opened cases.
    ReportAccepted {
        /// The cases it opened or joined.
        case_ids: Vec<Id>,
    },
    /// One of its cases was closed.
    ReportCaseClosed {
        /// The case.
        case_id: Id,
    },
    /// 办结: all its cases are closed.
    ReportSettled {},
}

impl Fact for ReportFact {
    const CHANGED: &'static str = "report_changed";

    fn kind(&self) -> &'static str {
        match self {
            Self::ReportReceived(_) => "report_received",
            Self::ReportAccepted { .. } => "report_accepted",
            Self::ReportCaseClosed { .. } => "report_case_closed",
            Self::ReportSettled {} => "report_settled",
        }
    }
}

/// What can be asked of a report.
#[derive(Clone, Debug, PartialEq)]
pub enum ReportCommand {
    /// `report_accept`: open these cases for it.
    Accept {
        /// The new cases.
        case_ids: Vec<Id>,
    },
    /// One of its cases was closed; follows from `case_close`.
    CaseClosed {
        /// The case.
        case_id: Id,
    },
}

/// What happens when `command` is given; a refusal changes nothing.
pub fn decide(
    report: &Report,
    command: &ReportCommand,
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Event<ReportFact>>, Refusal> {
    match command {
        ReportCommand::Accept { case_ids } => {
            if report.stage != ReportStage::Received {
                return Err(Refusal::ReportWrongStage {
                    stage: report.stage,
                });
            }
            circumstances.check_role("report_accept")?;
            Ok(vec![circumstances.event(ReportFact::ReportAccepted {
                case_ids: case_ids.clone(),
            })])
        }
        ReportCommand::CaseClosed { case_id } => {
            let is_open = |each: &&ReportCase| !each.closed;
            if !report
                .cases
                .iter()
                .filter(is_open)
                .any(|each| each.case_id == *case_id)
            {
                return Ok(Vec::new());
            }
            let mut events =
                vec![circumstances.event(ReportFact::ReportCaseClosed { case_id: *case_id })];
            if report.cases.iter().filter(is_open).count() == 1 {
                events.push(circumstances.event(ReportFact::ReportSettled {}));
            }
            Ok(events)
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
        words: received.words.clone(),
        area_path: received.area_path.clone(),
        point: received.point,
        external: received.external.clone(),
        received_at: event.occurred_at,
        accepted_at: None,
        settled_at: None,
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
        ReportFact::ReportReceived(_) => {}
        ReportFact::ReportAccepted { case_ids } => {
            report.stage = ReportStage::Accepted;
            report.accepted_at = Some(event.occurred_at);
            report
                .cases
                .extend(case_ids.iter().map(|case_id| ReportCase {
                    case_id: *case_id,
                    closed: false,
                }));
        }
        ReportFact::ReportCaseClosed { case_id } => {
            for each in &mut report.cases {
                each.closed |= each.case_id == *case_id;
            }
        }
        ReportFact::ReportSettled {} => {
            report.stage = ReportStage::Settled;
            report.settled_at = Some(event.occurred_at);
        }
    }
    report
}

/// Folds a whole timeline.
pub fn replay(events: &[Event<ReportFact>]) -> Result<Report, ReplayError> {
    let (first, rest) = events.split_first().ok_or(ReplayError::Empty)?;
    let report = begin(first).ok_or(ReplayError::NoBeginning)?;
    Ok(rest.iter().fold(report, evolve))
}
