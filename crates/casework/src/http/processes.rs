//! Processes over HTTP.

use super::call;
use crate::input::processes::ProcessRequest;
use crate::service::Casework;
use crate::view::processes::{ProcessCheckView, ProcessListView, ProcessView};
use access::http::Caller;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::{Answer, Created, IdempotencyKey, IfMatch, Json, Path, ProblemView, Query};

/// All processes; a city has a handful.
#[derive(Serialize, ToSchema)]
pub(super) struct ProcessesView {
    /// In their newest version.
    items: Vec<ProcessListView>,
}

/// Which version.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct ProcessParams {
    /// The newest when left out.
    version: Option<i64>,
}

/// The processes in their newest version.
#[utoipa::path(get, path = "/api/v1/processes", operation_id = "process_list", tag = "processes",
    responses((status = 200, body = ProcessesView)))]
pub(super) async fn process_list(State(casework): State<Casework>) -> Answer<Json<ProcessesView>> {
    Ok(Json(ProcessesView {
        items: casework.process_list().await?,
    }))
}

/// One process with its document.
#[utoipa::path(get, path = "/api/v1/processes/{code}", operation_id = "process_view", tag = "processes",
    params(("code" = String, Path), ProcessParams),
    responses((status = 200, body = ProcessView), (status = 404, body = ProblemView)))]
pub(super) async fn process_view(
    State(casework): State<Casework>,
    Path(code): Path<String>,
    Query(params): Query<ProcessParams>,
) -> Answer<Json<ProcessView>> {
    Ok(Json(casework.process_view(code, params.version).await?))
}

/// Every fault of a document with its place; saves nothing.
#[utoipa::path(post, path = "/api/v1/processes/check", operation_id = "process_check", tag = "processes",
    request_body = ProcessRequest, responses((status = 200, body = ProcessCheckView)))]
pub(super) async fn process_check(
    State(casework): State<Casework>,
    Json(request): Json<ProcessRequest>,
) -> Answer<Json<ProcessCheckView>> {
    Ok(Json(casework.process_check(&request)?))
}

/// Saves the next version of a process; cases that have begun keep theirs.
#[utoipa::path(post, path = "/api/v1/processes", operation_id = "process_save", tag = "processes",
    request_body = ProcessRequest,
    responses((status = 201, body = ProcessView), (status = 409, body = ProblemView)))]
pub(super) async fn process_save(
    State(casework): State<Casework>,
    caller: Caller,
    key: IdempotencyKey,
    Json(request): Json<ProcessRequest>,
) -> Answer<Created<ProcessView>> {
    let call = call(caller, key, IfMatch(None));
    let view = casework.process_save(&call, request).await?;
    Ok(Created {
        location: format!(
            "/api/v1/processes/{}?version={}",
            view.head.code, view.head.version
        ),
        version: view.head.version,
        view,
    })
}
