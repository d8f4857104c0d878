//! What callers see of processes.

use crate::process::{Process, ProcessFault};
use crate::store::routing::ProcessRow;
use base::{Id, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// A process in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProcessListView {
    /// E.g. `city-management`.
    pub code: String,
    /// Counted from 1.
    pub version: i64,
    /// What users read.
    pub name: String,
    /// The sources it serves.
    pub sources: Vec<String>,
    /// The stages it uses, in their order.
    pub stages: Vec<String>,
    /// Whether this version came with the product.
    pub is_built_in: bool,
    /// The account that saved it.
    #[schema(value_type = Option<String>)]
    pub saved_by: Option<Id>,
    /// When it was saved.
    #[schema(value_type = String, format = DateTime)]
    pub saved_at: Timestamp,
}

impl ProcessListView {
    pub(crate) fn new(process: &Process, row: &ProcessRow) -> Self {
        Self {
            code: process.reference.code.clone(),
            version: process.reference.version,
            name: process.name.clone(),
            sources: process.sources().map(str::to_owned).collect(),
            stages: process
                .stages()
                .map(|(stage, _)| stage.as_str().to_owned())
                .collect(),
            is_built_in: row.is_built_in,
            saved_by: row.saved_by,
            saved_at: row.saved_at,
        }
    }
}

/// One version of a process.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ProcessView {
    /// As in the list.
    #[serde(flatten)]
    pub head: ProcessListView,
    /// Every version there is.
    pub versions: Vec<i64>,
    /// The document.
    #[schema(value_type = Object)]
    pub document: serde_json::Value,
}

/// One place of a document that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProcessFaultView {
    /// E.g. `actions.case_file.roles`.
    pub place: String,
    /// What is wrong there.
    pub reason: String,
}

impl From<ProcessFault> for ProcessFaultView {
    fn from(fault: ProcessFault) -> Self {
        Self {
            place: fault.place,
            reason: fault.reason,
        }
    }
}

/// What is wrong with a document; nothing when it may be saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProcessCheckView {
    /// Every fault.
    pub faults: Vec<ProcessFaultView>,
}
