//! The audit trail on the wire.

use super::{Caller, PageView};
use crate::service::{Access, AuditLine};
use axum::extract::State;
use base::{Id, PageRequest, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::audit::AuditFilter;
use utoipa::ToSchema;
use wire::{Answer, Json, Query};

/// Which entries.
#[derive(Debug, Deserialize)]
pub(super) struct AuditQuery {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    actor_id: Option<Id>,
    action: Option<String>,
    object_id: Option<Id>,
}

impl From<AuditQuery> for AuditFilter {
    fn from(query: AuditQuery) -> Self {
        Self {
            from: query.from,
            to: query.to,
            actor: query.actor_id,
            action: query.action,
            object: query.object_id,
        }
    }
}

/// One thing that somebody did.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditEntryView {
    /// Which chain of entries it is in.
    lane: i64,
    /// Which entry of that chain it is, from 1; `chengyun verify` names entries so.
    seq: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The account; `0` for the platform itself and for the console.
    #[schema(value_type = String)]
    actor_id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_login_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_staff_name: Option<String>,
    /// The operation, e.g. `case_dispatch`.
    #[schema(example = "case_dispatch")]
    action: String,
    /// What it was done to.
    #[schema(value_type = String)]
    object_id: Id,
    /// In which capacity and by what means, and what else belongs to the operation. Never personal data.
    #[schema(value_type = Object)]
    detail: Value,
}

impl From<AuditLine> for AuditEntryView {
    fn from(line: AuditLine) -> Self {
        let record = line.record;
        let (login_name, staff_name) = line.actor_names.unzip();
        Self {
            lane: record.place.lane,
            seq: record.place.seq,
            at: record.place.at,
            actor_id: record.actor,
            actor_login_name: login_name,
            actor_staff_name: staff_name,
            action: record.action,
            object_id: record.object,
            // What is no JSON was not written by us; it is shown as it stands.
            detail: serde_json::from_str(&record.detail).unwrap_or(Value::String(record.detail)),
        }
    }
}

/// The audit trail, newest first.
///
/// A page looks through 20,000 entries and may hold fewer than `limit`, even none: as long as there is a `next` there may be more.
#[utoipa::path(get, path = "/api/v1/audit-entries", tag = "access",
    params(("from" = Option<String>, Query, description = "not before this time (RFC 3339)"),
        ("to" = Option<String>, Query, description = "before this time"),
        ("actor_id" = Option<String>, Query, description = "what this account did; `0` is the platform itself and the console"),
        ("action" = Option<String>, Query, description = "this operation, e.g. `case_dispatch`"),
        ("object_id" = Option<String>, Query, description = "what was done to this"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("after" = Option<String>, Query)),
    responses((status = 200, body = PageView<AuditEntryView>)))]
pub(super) async fn audit_list(
    State(access): State<Access>,
    Caller(caller): Caller,
    Query(query): Query<AuditQuery>,
    Query(page): Query<PageRequest>,
) -> Answer<Json<PageView<AuditEntryView>>> {
    let found = access.audit_list(&caller, query.into(), &page).await?;
    Ok(Json(PageView::new(found, AuditEntryView::from)))
}
