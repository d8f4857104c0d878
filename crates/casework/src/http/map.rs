//! Cases on a map, over HTTP.

use super::cases::CaseListParams;
use crate::service::Casework;
use crate::view::{CaseMapView, CasesNearView};
use access::http::Caller;
use axum::extract::State;
use base::{Id, PageRequest};
use wire::{Answer, Json, Path, ProblemView, Query};

/// The list of cases with exactly these filters, on the part of the map that `within` names (which must be there): at most 5,000 as
/// dots, more as counts by cells. Cases that have an area and no coordinates are not on it.
#[utoipa::path(get, path = "/api/v1/cases/map", operation_id = "case_map", tag = "cases",
    params(CaseListParams), responses((status = 200, body = CaseMapView), (status = 422, body = ProblemView)))]
pub(super) async fn case_map(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Query(params): Query<CaseListParams>,
) -> Answer<Json<CaseMapView>> {
    let query = params.query(PageRequest::default());
    Ok(Json(casework.case_map(&principal, query).await?))
}

/// 周边案卷: cases you may see within 50 metres of one, accepted at most 30 days before or after it, open or not; of the same category
/// first.
#[utoipa::path(get, path = "/api/v1/cases/{id}/near", operation_id = "case_near", tag = "cases",
    params(("id" = String, Path)),
    responses((status = 200, body = CasesNearView), (status = 404, body = ProblemView)))]
pub(super) async fn case_near(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Path(id): Path<Id>,
) -> Answer<Json<CasesNearView>> {
    Ok(Json(casework.case_near(&principal, id).await?))
}
