//! What callers see of sources and of how reports and cases are tied.

use super::{CaseStateView, ReportStateView};
use crate::model::ChannelKind;
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
