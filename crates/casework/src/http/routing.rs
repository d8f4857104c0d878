//! The routing table over HTTP.

use super::call;
use super::reports::PageParams;
use crate::input::routing::{RouteExplainRequest, RouteRehearseRequest, RouteRequest};
use crate::routing::RouteKind;
use crate::service::{AccuracyQuery, Casework, RouteQuery};
use crate::view::routing::{AccuracyView, RehearsalView, RouteView, SuggestionView};
use access::http::Caller;
use axum::extract::State;
use axum::http::StatusCode;
use base::{Id, PageRequest, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::{Answer, Created, IdempotencyKey, IfMatch, Json, Path, ProblemView, Query, Versioned};

/// A page of the routing table.
#[derive(Serialize, ToSchema)]
pub(super) struct RoutePage {
    /// By id.
    pub items: Vec<RouteView>,
    /// Pass as `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Filters of the routing table.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct RouteListParams {
    /// Rows of this kind.
    #[param(inline)]
    kind: Option<RouteKind>,
    /// Rows of exactly this category.
    #[param(value_type = Option<String>)]
    category_id: Option<Id>,
    /// Rows of exactly this area.
    area_code: Option<String>,
    /// Rows that name this organisation.
    #[param(value_type = Option<String>)]
    organisation_id: Option<Id>,
}

/// Rows of the routing table: who gets what, which unit of the rule rows is whom, and who answers where nobody else does.
#[utoipa::path(get, path = "/api/v1/routes", operation_id = "route_list", tag = "routing",
    params(RouteListParams, PageParams), responses((status = 200, body = RoutePage)))]
pub(super) async fn route_list(
    State(casework): State<Casework>,
    Query(params): Query<RouteListParams>,
    Query(page): Query<PageRequest>,
) -> Answer<Json<RoutePage>> {
    let page = casework.route_list(&RouteQuery {
        kind: params.kind,
        category_id: params.category_id,
        area_code: params.area_code,
        organisation_id: params.organisation_id,
        page,
    })?;
    Ok(Json(RoutePage {
        items: page.items,
        next: page.next,
    }))
}

/// Adds a row.
#[utoipa::path(post, path = "/api/v1/routes", operation_id = "route_create", tag = "routing",
    request_body = RouteRequest,
    responses((status = 201, body = RouteView), (status = 409, body = ProblemView)))]
pub(super) async fn route_create(
    State(casework): State<Casework>,
    caller: Caller,
    key: IdempotencyKey,
    Json(request): Json<RouteRequest>,
) -> Answer<Created<RouteView>> {
    let call = call(caller, key, IfMatch(None));
    let view = casework.route_create(&call, request).await?;
    Ok(Created {
        location: format!("/api/v1/routes?after={}&limit=1", view.id.0 - 1),
        version: view.version,
        view,
    })
}

/// Puts another row in the place of one. What it said before is in the audit.
#[utoipa::path(put, path = "/api/v1/routes/{id}", operation_id = "route_update", tag = "routing",
    params(("id" = String, Path)), request_body = RouteRequest,
    responses((status = 200, body = RouteView), (status = 404, body = ProblemView), (status = 409, body = ProblemView), (status = 412, body = ProblemView)))]
pub(super) async fn route_update(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    version: IfMatch,
    Json(request): Json<RouteRequest>,
) -> Answer<Versioned<RouteView>> {
    let call = call(caller, IdempotencyKey(None), version);
    let view = casework.route_update(&call, id, request).await?;
    Ok(Versioned {
        version: view.version,
        view,
    })
}

/// Takes a row away. What it said is in the audit.
#[utoipa::path(delete, path = "/api/v1/routes/{id}", operation_id = "route_delete", tag = "routing",
    params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemView), (status = 412, body = ProblemView)))]
pub(super) async fn route_delete(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    version: IfMatch,
) -> Answer<StatusCode> {
    let call = call(caller, IdempotencyKey(None), version);
    casework.route_delete(&call, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who should get a case, or what is described, and why: everything asked, in order, with what it said.
#[utoipa::path(post, path = "/api/v1/routes/explain", operation_id = "route_explain", tag = "routing",
    request_body = RouteExplainRequest,
    responses((status = 200, body = SuggestionView), (status = 404, body = ProblemView)))]
pub(super) async fn route_explain(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Json(request): Json<RouteExplainRequest>,
) -> Answer<Json<SuggestionView>> {
    Ok(Json(casework.route_explain(&principal, request).await?))
}

/// Which orders are counted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AccuracyParams {
    /// Given at this instant or later.
    #[param(value_type = String, format = DateTime)]
    from: Timestamp,
    /// Given before this instant; at most 366 days after `from`.
    #[param(value_type = String, format = DateTime)]
    until: Timestamp,
    /// To this organisation or one below it.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    organisation_id: Option<Id>,
    /// Of exactly this category.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    category_id: Option<Id>,
}

/// 准确派遣率: of the orders given in a window those that never came back and were not replaced, and how many followed what
/// routing said.
#[utoipa::path(get, path = "/api/v1/routes/accuracy", operation_id = "route_accuracy", tag = "routing",
    params(AccuracyParams), responses((status = 200, body = AccuracyView)))]
pub(super) async fn route_accuracy(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Query(params): Query<AccuracyParams>,
) -> Answer<Json<AccuracyView>> {
    let query = AccuracyQuery {
        from: params.from,
        until: params.until,
        organisation_id: params.organisation_id,
        category_id: params.category_id,
    };
    Ok(Json(casework.route_accuracy(&principal, query).await?))
}

/// 派遣规则预演: gives the orders of the last days again with a changed routing table, and changes nothing. Within the caller's
/// reach, by 200,000 orders at most. The sums come with the first page.
#[utoipa::path(post, path = "/api/v1/routes/rehearse", operation_id = "route_rehearse", tag = "routing",
    params(PageParams), request_body = RouteRehearseRequest, responses((status = 200, body = RehearsalView)))]
pub(super) async fn route_rehearse(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Query(page): Query<PageRequest>,
    Json(request): Json<RouteRehearseRequest>,
) -> Answer<Json<RehearsalView>> {
    let view = casework.route_rehearse(&principal, request, &page).await?;
    Ok(Json(view))
}
