//! Searching over HTTP.

use super::reports::PageParams;
use crate::input::CaseSimilarRequest;
use crate::service::{Casework, SearchQuery};
use crate::view::{AlikesView, HitKind, SearchView};
use access::http::Caller;
use axum::extract::State;
use base::PageRequest;
use serde::Deserialize;
use utoipa::IntoParams;
use wire::{Answer, Json, ProblemView, Query};

/// What is looked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchParams {
    /// Words, or a number or its last digits; all of them must be found. At most 100 characters.
    q: String,
    /// Only cases, or only reports.
    #[param(inline)]
    kind: Option<HitKind>,
}

/// Cases and reports you may see whose title, description, address, area or category has all that is asked for, or whose number ends
/// so; the newest first. Masked, and searched as masked: phone numbers are looked up by `report_search`. Any text is a question; one
/// without letters, digits and characters finds nothing.
#[utoipa::path(get, path = "/api/v1/search", operation_id = "search", tag = "cases",
    params(SearchParams, PageParams), responses((status = 200, body = SearchView), (status = 422, body = ProblemView)))]
pub(super) async fn search(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Query(params): Query<SearchParams>,
    Query(page): Query<PageRequest>,
) -> Answer<Json<SearchView>> {
    let query = SearchQuery {
        text: params.q,
        kind: params.kind,
        page,
    };
    Ok(Json(casework.search(&principal, query).await?))
}

/// Open cases you may see that may be about what is being typed: near, of the same kind, lately accepted, with words in common, and why.
#[utoipa::path(post, path = "/api/v1/cases/similar", operation_id = "case_similar", tag = "cases",
    request_body = CaseSimilarRequest, responses((status = 200, body = AlikesView), (status = 422, body = ProblemView)))]
pub(super) async fn case_similar(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Json(request): Json<CaseSimilarRequest>,
) -> Answer<Json<AlikesView>> {
    Ok(Json(casework.case_similar(&principal, request).await?))
}
