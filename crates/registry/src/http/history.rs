//! The lines of a history on the wire.

use crate::ChangeEvent;
use base::{Id, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What became of an area or a component in one version.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChangeEventView {
    version: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `area_import`, `grid_generate`, `area_update`; `component_create`, `component_update`, `component_import`.
    operation: String,
    #[schema(value_type = String)]
    staff_id: Id,
    #[schema(value_type = String)]
    organisation_id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// For each field that changed what it was and what it is; empty for the first version.
    #[schema(value_type = Object)]
    changes: Map<String, Value>,
}

impl From<ChangeEvent> for ChangeEventView {
    fn from(event: ChangeEvent) -> Self {
        Self {
            version: event.version,
            at: event.at,
            operation: event.operation,
            staff_id: event.staff_id,
            organisation_id: event.organisation_id,
            reason: event.reason,
            changes: event.changes,
        }
    }
}
