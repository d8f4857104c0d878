//! Cases over HTTP.

use super::call;
use super::reports::PageParams;
use crate::clocks::Light;
use crate::input::{
    CaseCloseRequest, CaseDispatchRequest, CaseFileRequest, CaseInspectResultRequest,
};
use crate::model::{CaseStage, Level};
use crate::service::{CaseBox, CaseMark, CaseQuery, CaseSort, Casework};
use crate::view::{CaseCountsView, CaseListView, CaseStateView, CaseView};
use access::http::Caller;
use axum::extract::State;
use axum::http::StatusCode;
use base::{Id, PageRequest, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::{Answer, Formed, IdempotencyKey, IfMatch, Json, Path, ProblemView, Query, Versioned};

/// A page of cases.
#[derive(Serialize, ToSchema)]
pub(super) struct CasePage {
    /// In the order asked for.
    pub items: Vec<CaseListView>,
    /// Pass as `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// In which order cases are listed.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CaseOrder {
    /// The newest first.
    #[default]
    Newest,
    /// What is due first, first; closed cases are left out.
    Due,
    /// What changed last, first; closed cases are left out.
    Updated,
}

/// Filters of the list of cases.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct CaseListParams {
    /// In this box of yours: what it holds follows from what you may do.
    #[param(inline)]
    r#box: Option<CaseBox>,
    /// In this stage.
    stage: Option<CaseStage>,
    /// Division code of the area it lies in.
    area_code: Option<String>,
    /// In this zone as it is drawn now.
    #[param(value_type = Option<String>)]
    zone_id: Option<Id>,
    /// Lying in this part of the map: `west,south,east,north` in degrees of CGCS2000.
    #[param(example = "121.10,31.12,121.16,31.17")]
    within: Option<String>,
    /// So urgent.
    level: Option<Level>,
    /// Accepted at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    accepted_from: Option<Timestamp>,
    /// Accepted before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    accepted_to: Option<Timestamp>,
    /// Of this category.
    #[param(value_type = Option<String>)]
    category_id: Option<Id>,
    /// That this organisation or one below it accepted, filed, holds or held.
    #[param(value_type = Option<String>)]
    organisation_id: Option<Id>,
    /// Showing this light now; `red` is overdue.
    light: Option<Light>,
    /// From this source.
    source: Option<String>,
    /// Marked in this way now: `important`, `supervised`, `suspended` (a task of it stands still), `asked` (an
    /// application of it waits for a decision) or `escalated` (a rung of the ladder was climbed on a clock that still runs).
    #[param(inline)]
    mark: Option<CaseMark>,
    /// Whose number begins so; at least to its day.
    q: Option<String>,
    /// In which order.
    #[param(inline)]
    sort: CaseOrder,
}

/// Cases you may see: an organisation of yours has to do with them, or they lie in your area.
#[utoipa::path(get, path = "/api/v1/cases", operation_id = "case_list", tag = "cases",
    params(CaseListParams, PageParams), responses((status = 200, body = CasePage)))]
pub(super) async fn case_list(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Query(params): Query<CaseListParams>,
    Query(page): Query<PageRequest>,
) -> Answer<Json<CasePage>> {
    let page = casework.case_list(&principal, params.query(page)).await?;
    Ok(Json(CasePage {
        items: page.items,
        next: page.next,
    }))
}

impl CaseListParams {
    pub(super) fn query(self, page: PageRequest) -> CaseQuery {
        CaseQuery {
            of_box: self.r#box,
            stage: self.stage,
            level: self.level,
            zone_id: self.zone_id,
            within: self.within,
            accepted_from: self.accepted_from,
            accepted_to: self.accepted_to,
            area_code: self.area_code,
            category_id: self.category_id,
            organisation_id: self.organisation_id,
            light: self.light,
            source: self.source,
            mark: self.mark,
            q: self.q,
            sort: match self.sort {
                CaseOrder::Newest => CaseSort::Newest,
                CaseOrder::Due => CaseSort::Due,
                CaseOrder::Updated => CaseSort::Updated,
            },
            page,
        }
    }
}

/// How many cases each of your boxes holds; 1000 stands for 999 and more.
#[utoipa::path(get, path = "/api/v1/cases/counts", operation_id = "case_counts", tag = "cases",
    responses((status = 200, body = CaseCountsView)))]
pub(super) async fn case_counts(
    State(casework): State<Casework>,
    Caller(principal): Caller,
) -> Answer<Json<CaseCountsView>> {
    Ok(Json(casework.case_counts(&principal).await?))
}

/// 关注: puts a case into your box `watched`. Only you know.
#[utoipa::path(put, path = "/api/v1/cases/{id}/watch", operation_id = "case_watch", tag = "cases",
    params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemView)))]
pub(super) async fn case_watch(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Path(id): Path<Id>,
) -> Answer<StatusCode> {
    casework.case_watch(&principal, id, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a case out of your box `watched`.
#[utoipa::path(delete, path = "/api/v1/cases/{id}/watch", operation_id = "case_unwatch", tag = "cases",
    params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemView)))]
pub(super) async fn case_unwatch(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Path(id): Path<Id>,
) -> Answer<StatusCode> {
    casework.case_watch(&principal, id, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One case with its tasks, its planned and actual steps and its timeline; personal data are masked.
#[utoipa::path(get, path = "/api/v1/cases/{id}", operation_id = "case_view", tag = "cases",
    params(("id" = String, Path)),
    responses((status = 200, body = CaseView), (status = 404, body = ProblemView)))]
pub(super) async fn case_view(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Path(id): Path<Id>,
) -> Answer<Versioned<CaseView>> {
    let view = casework.case_view(&principal, id).await?;
    Ok(Versioned {
        version: view.head.version,
        view,
    })
}

/// A state with its version as `ETag`.
pub(super) fn versioned(view: CaseStateView) -> Versioned<CaseStateView> {
    Versioned {
        version: view.version,
        view,
    }
}

/// 立案: cites the rule row whose filing condition is met; its version and limit are pinned.
#[utoipa::path(post, path = "/api/v1/cases/{id}/file", operation_id = "case_file", tag = "cases",
    params(("id" = String, Path)), request_body = CaseFileRequest,
    responses((status = 200, body = CaseStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn case_file(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<CaseFileRequest>,
) -> Answer<Versioned<CaseStateView>> {
    let call = call(caller, key, version).beside(beside);
    Ok(versioned(casework.case_file(&call, id, request).await?))
}

/// 派遣: one order to one lead and any number of co-handlers.
#[utoipa::path(post, path = "/api/v1/cases/{id}/dispatch", operation_id = "case_dispatch", tag = "cases",
    params(("id" = String, Path)), request_body = CaseDispatchRequest,
    responses((status = 200, body = CaseStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn case_dispatch(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<CaseDispatchRequest>,
) -> Answer<Versioned<CaseStateView>> {
    let call = call(caller, key, version).beside(beside);
    Ok(versioned(casework.case_dispatch(&call, id, request).await?))
}

/// 核查: passed, or which tasks failed and why; these and the lead are then opened again.
#[utoipa::path(post, path = "/api/v1/cases/{id}/inspect-result", operation_id = "case_inspect_result", tag = "cases",
    params(("id" = String, Path)), request_body = CaseInspectResultRequest,
    responses((status = 200, body = CaseStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn case_inspect_result(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<CaseInspectResultRequest>,
) -> Answer<Versioned<CaseStateView>> {
    let call = call(caller, key, version).beside(beside);
    let view = casework.case_inspect_result(&call, id, request).await?;
    Ok(versioned(view))
}

/// 结案: cites the closing condition of the rule row the case was filed by. Settles reports whose last open case it was.
#[utoipa::path(post, path = "/api/v1/cases/{id}/close", operation_id = "case_close", tag = "cases",
    params(("id" = String, Path)), request_body = CaseCloseRequest,
    responses((status = 200, body = CaseStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn case_close(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<CaseCloseRequest>,
) -> Answer<Versioned<CaseStateView>> {
    let call = call(caller, key, version).beside(beside);
    Ok(versioned(casework.case_close(&call, id, request).await?))
}
