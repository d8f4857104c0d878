//! Notices on the wire.

use super::{Caller, PageView};
use crate::service::Access;
use crate::store::Notice;
use axum::extract::State;
use axum::http::StatusCode;
use base::{Id, PageRequest, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Answer, Json, Path, Query};

/// Which notices.
#[derive(Debug, Deserialize)]
pub(super) struct NoticeFilter {
    #[serde(default)]
    unread: bool,
}

/// Something I should know.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NoticeView {
    #[schema(value_type = String)]
    id: Id,
    #[schema(value_type = String)]
    organisation_id: Id,
    /// Present when it is for me alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    staff_id: Option<Id>,
    /// E.g. `task_assigned`.
    kind: String,
    /// What it is about.
    #[schema(value_type = String)]
    subject_id: Id,
    /// Depends on the kind.
    #[schema(value_type = Object)]
    body: serde_json::Value,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    read_at: Option<Timestamp>,
}

impl From<Notice> for NoticeView {
    fn from(n: Notice) -> Self {
        Self {
            id: n.id,
            organisation_id: n.organisation_id,
            staff_id: n.staff_id,
            kind: n.kind,
            subject_id: n.subject_id,
            body: serde_json::from_str(&n.body).unwrap_or_default(),
            created_at: n.created_at,
            read_at: n.read_at,
        }
    }
}

/// Notices to me and to the organisations I work for, newest first.
#[utoipa::path(get, path = "/api/v1/notices", tag = "access",
    params(("unread" = Option<bool>, Query, description = "only what nobody has read"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("after" = Option<String>, Query)),
    responses((status = 200, body = PageView<NoticeView>)))]
pub(super) async fn notice_list(
    State(access): State<Access>,
    Caller(caller): Caller,
    Query(filter): Query<NoticeFilter>,
    Query(page): Query<PageRequest>,
) -> Answer<Json<PageView<NoticeView>>> {
    Ok(Json(PageView::new(
        access.notice_list(&caller, filter.unread, &page).await?,
        NoticeView::from,
    )))
}

/// Marks a notice as read. The first reader counts; again changes nothing.
#[utoipa::path(post, path = "/api/v1/notices/{id}/read", tag = "access", params(("id" = String, Path)),
    responses((status = 204, description = "read"), (status = 404, description = "no such notice")))]
pub(super) async fn notice_read(
    State(access): State<Access>,
    Caller(caller): Caller,
    Path(id): Path<Id>,
) -> Answer<StatusCode> {
    access.notice_read(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
