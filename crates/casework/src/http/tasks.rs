//! Tasks over HTTP.

use super::call;
use super::cases::versioned;
use super::reports::PageParams;
use crate::input::{TaskAcceptRequest, TaskFinishRequest};
use crate::model::{TaskKind, TaskState};
use crate::service::{Casework, TaskBox, TaskQuery, TaskSort};
use crate::view::{CaseStateView, TaskCountsView, TaskListView};
use access::http::Caller;
use axum::extract::State;
use base::{Id, PageRequest};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::{Answer, Formed, IdempotencyKey, IfMatch, Json, Path, ProblemView, Query, Versioned};

/// A page of tasks.
#[derive(Serialize, ToSchema)]
pub(super) struct TaskPage {
    /// In the order asked for, the newest first else.
    pub items: Vec<TaskListView>,
    /// Pass as `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Filters of the list of tasks.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct TaskListParams {
    /// In this state.
    state: Option<TaskState>,
    /// Asking for this.
    kind: Option<TaskKind>,
    /// Held by this organisation or one below it.
    #[param(value_type = Option<String>)]
    organisation_id: Option<Id>,
    /// In this box.
    #[param(inline)]
    r#box: Option<TaskBox>,
    /// Only those you work on.
    mine: bool,
    /// In which order.
    #[param(inline)]
    sort: TaskSort,
}

/// Tasks held by your organisations and those below them.
#[utoipa::path(get, path = "/api/v1/tasks", operation_id = "task_list", tag = "tasks",
    params(TaskListParams, PageParams), responses((status = 200, body = TaskPage)))]
pub(super) async fn task_list(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Query(params): Query<TaskListParams>,
    Query(page): Query<PageRequest>,
) -> Answer<Json<TaskPage>> {
    let page = casework.task_list(&principal, params.query(page)).await?;
    Ok(Json(TaskPage {
        items: page.items,
        next: page.next,
    }))
}

impl TaskListParams {
    pub(super) fn query(self, page: PageRequest) -> TaskQuery {
        TaskQuery {
            state: self.state,
            kind: self.kind,
            organisation_id: self.organisation_id,
            of_box: self.r#box,
            mine: self.mine,
            sort: self.sort,
            page,
        }
    }
}

/// How many tasks each box holds, of your organisations and of you alone; 1000 stands for 999 and more.
#[utoipa::path(get, path = "/api/v1/tasks/counts", operation_id = "task_counts", tag = "tasks",
    responses((status = 200, body = TaskCountsView)))]
pub(super) async fn task_counts(
    State(casework): State<Casework>,
    Caller(principal): Caller,
) -> Answer<Json<TaskCountsView>> {
    Ok(Json(casework.task_counts(&principal).await?))
}

/// 签收: stops the response clock. `If-Match` and `ETag` are the case's.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/accept", operation_id = "task_accept", tag = "tasks",
    params(("id" = String, Path)), request_body = TaskAcceptRequest,
    responses((status = 200, body = CaseStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn task_accept(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<TaskAcceptRequest>,
) -> Answer<Versioned<CaseStateView>> {
    let call = call(caller, key, version).beside(beside);
    Ok(versioned(casework.task_accept(&call, id, request).await?))
}

/// 处置反馈: the lead's, after every co-handler finished, brings the case to inspection.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/finish", operation_id = "task_finish", tag = "tasks",
    params(("id" = String, Path)), request_body = TaskFinishRequest,
    responses((status = 200, body = CaseStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn task_finish(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<TaskFinishRequest>,
) -> Answer<Versioned<CaseStateView>> {
    let call = call(caller, key, version).beside(beside);
    Ok(versioned(casework.task_finish(&call, id, request).await?))
}
