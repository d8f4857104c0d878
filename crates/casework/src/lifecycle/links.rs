//! How a case is tied to reports and to other cases: joined, split, merged.

use super::case::CaseFact;
use super::{Circumstances, Event, Refusal};
use crate::model::Case;
use base::Id;
use serde::{Deserialize, Serialize};

/// A thing that happened to a case. No personal text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LinkFact {
    /// 并案: one more report is about this case.
    ReportJoined {
        /// The report.
        report_id: Id,
    },
    /// 撤回: a reporter takes a report back. The case stays: what was told may be true all the same.
    ReportLeft {
        /// The report.
        report_id: Id,
    },
}

impl LinkFact {
    /// The word of its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ReportJoined { .. } => "report_joined",
            Self::ReportLeft { .. } => "report_left",
        }
    }
}

/// What can be asked of a case.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkCommand {
    /// 并案: one more report is about this case.
    Join {
        /// The report.
        report_id: Id,
    },
    /// 撤回: a reporter takes a report back.
    Leave {
        /// The report.
        report_id: Id,
    },
}

impl LinkCommand {
    /// The operation this is, as in the API, the permissions and the audit.
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::Join { .. } => "report_join",
            Self::Leave { .. } => "report_withdraw",
        }
    }
}

/// What happens when `command` is given. Stage and role have been checked.
pub fn decide(
    case: &Case,
    command: &LinkCommand,
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Event<CaseFact>>, Refusal> {
    circumstances.check_time(case.accepted_at)?;
    let fact = match command {
        LinkCommand::Join { report_id } => LinkFact::ReportJoined {
            report_id: *report_id,
        },
        LinkCommand::Leave { report_id } => LinkFact::ReportLeft {
            report_id: *report_id,
        },
    };
    Ok(vec![circumstances.event(CaseFact::Link(fact))])
}

/// The case after `fact`.
pub fn evolve(case: &mut Case, fact: &LinkFact, _event: &Event<CaseFact>) {
    match fact {
        LinkFact::ReportJoined { .. } => case.extra.links.joined_count += 1,
        // The report's own timeline holds the tie.
        LinkFact::ReportLeft { .. } => {}
    }
}
