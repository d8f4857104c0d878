//! What callers see of sources and of how reports and cases are tied.

use super::{CaseStateView, Named, ReportStateView};
use crate::clocks::Clock;
use crate::model::{ChannelKind, Satisfaction, TaskState};
use base::{Id, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A source of reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SourceView {
    /// What reports name it by.
    pub code: String,
    /// For `If-Match`.
    pub version: i64,
    /// What users read.
    pub name_zh: String,
    /// The same in English.
    pub name_en: String,
    /// What kind of channel it is.
    pub channel: ChannelKind,
    /// Whether new reports may name it.
    pub is_active: bool,
    /// The process its reports are handled by; none when no process serves it yet.
    pub process: Option<String>,
}

/// The answer to `report_accept`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportAcceptedView {
    /// The report.
    pub report: ReportStateView,
    /// The cases opened, in the order asked for.
    pub opened: Vec<CaseStateView>,
    /// The cases joined, by id.
    pub joined: Vec<CaseStateView>,
}

/// The answer to `case_split`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CasesSplitView {
    /// The new cases, in the order asked for.
    pub opened: Vec<CaseStateView>,
}

/// A task to call a reporter back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CallbackView {
    /// The task.
    #[schema(value_type = String)]
    pub task_id: Id,
    /// Who must call.
    pub organisation: Named,
    /// Assigned, accepted, finished, or revoked because a case is open again; by whom, says the report's `claimed_by`.
    pub state: TaskState,
    /// Until when.
    pub clock: Clock,
    /// Whether that passed before it ended.
    pub is_overdue: bool,
    /// How often somebody called.
    pub attempts: u32,
    /// Who called last.
    #[schema(value_type = Option<String>)]
    pub called_by: Option<Id>,
}

/// What a reporter who was reached said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CalledBackView {
    /// Whether it is solved.
    pub solved: bool,
    /// How satisfied.
    pub satisfaction: Satisfaction,
    /// In whose words, masked.
    pub words: Option<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub called_at: Timestamp,
}

/// How a reporter rates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RatingView {
    /// How satisfied.
    pub satisfaction: Satisfaction,
    /// In whose words, masked.
    pub words: Option<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub rated_at: Timestamp,
}
