//! What became of areas and components: a line for each version, only ever added to.

use super::corrupt;
use base::{Id, Timestamp};
use serde_json::{Map, Value};
use store::{Statement, StoreError, Tx, params};

/// What became of something in one version.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeEvent {
    /// The version it made.
    pub version: i64,
    /// When.
    pub at: Timestamp,
    /// By which operation, e.g. `area_update` or `component_import`.
    pub operation: String,
    /// Who did it.
    pub staff_id: Id,
    /// For which organisation.
    pub organisation_id: Id,
    /// Why, where that was said.
    pub reason: Option<String>,
    /// For each field that changed what it was and what it is: `{"state": ["intact", "damaged"]}`. Empty for the first version.
    pub changes: Map<String, Value>,
}

/// Adds a line to the history of `id`; `statement` is that of its table.
pub(crate) fn event_add(
    tx: &mut Tx<'_>,
    statement: &'static Statement,
    id: Id,
    event: &ChangeEvent,
) -> Result<(), StoreError> {
    tx.post(
        statement,
        params![
            id,
            event.version,
            event.at,
            event.operation,
            event.staff_id,
            event.organisation_id,
            event.reason,
            Value::Object(event.changes.clone()).to_string()
        ],
    )
}

/// The history of `id` before a version, the newest first; `statement` is that of its table.
pub(crate) fn events(
    tx: &mut Tx<'_>,
    statement: &'static Statement,
    id: Id,
    before: i64,
    limit: i64,
) -> Result<Vec<ChangeEvent>, StoreError> {
    tx.query(statement, params![id, before, limit], |row| {
        Ok(ChangeEvent {
            version: row.get(0)?,
            at: row.get(1)?,
            operation: row.get(2)?,
            staff_id: row.get(3)?,
            organisation_id: row.get(4)?,
            reason: row.get(5)?,
            changes: serde_json::from_str(&row.get::<String>(6)?).map_err(corrupt)?,
        })
    })
}
