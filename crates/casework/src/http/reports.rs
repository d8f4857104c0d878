//! Reports over HTTP.

use super::call;
use crate::clocks::Light;
use crate::input::{ReportCreateRequest, ReportSearchRequest, ReportUnmaskRequest};
use crate::model::{Level, ReportStage};
use crate::service::{Casework, ReportBox, ReportClaim, ReportQuery, ReportSort};
use crate::view::{ReportCountsView, ReportCreatedView, ReportListView, ReportView};
use access::http::Caller;
use axum::extract::State;
use base::{Id, Page, PageRequest, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::{
    Answer, Created, Formed, IdempotencyKey, IfMatch, Json, Path, ProblemView, Query, Versioned,
};

/// A page of reports.
#[derive(Serialize, ToSchema)]
pub(super) struct ReportPage {
    /// In the order asked for, the newest first else.
    pub items: Vec<ReportListView>,
    /// Pass as `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl From<Page<ReportListView>> for ReportPage {
    fn from(page: Page<ReportListView>) -> Self {
        Self {
            items: page.items,
            next: page.next,
        }
    }
}

/// Filters of the list of reports.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct ReportListParams {
    /// In this box of yours.
    #[param(inline)]
    r#box: Option<ReportBox>,
    /// In this stage.
    stage: Option<ReportStage>,
    /// So urgent.
    level: Option<Level>,
    /// Taken by you, or by nobody.
    #[param(inline)]
    claimed: Option<ReportClaim>,
    /// Waiting in the pool and showing this light now; `red` is overdue.
    light: Option<Light>,
    /// About something in this area or below, by its division code.
    area_code: Option<String>,
    /// From this source, by its code.
    source: Option<String>,
    /// Received at this time or later; of what was brought in from elsewhere, when it was brought in.
    #[param(value_type = Option<String>, format = DateTime)]
    received_from: Option<Timestamp>,
    /// Received before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    received_to: Option<Timestamp>,
    /// Whose number begins so; at least to its day.
    q: Option<String>,
    /// In which order.
    #[param(inline)]
    sort: ReportSort,
}

/// Where a page begins and how long it is.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes `PageRequest` in the API")]
pub(super) struct PageParams {
    /// Rows wanted, 1 to 200; 50 when left out.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Reports that your organisations received or that lie in your area. Titles are masked.
#[utoipa::path(get, path = "/api/v1/reports", operation_id = "report_list", tag = "reports",
    params(ReportListParams, PageParams), responses((status = 200, body = ReportPage)))]
pub(super) async fn report_list(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Query(params): Query<ReportListParams>,
    Query(page): Query<PageRequest>,
) -> Answer<Json<ReportPage>> {
    let page = casework.report_list(&principal, params.query(page)).await?;
    Ok(Json(page.into()))
}

impl ReportListParams {
    pub(super) fn query(self, page: PageRequest) -> ReportQuery {
        ReportQuery {
            of_box: self.r#box,
            stage: self.stage,
            level: self.level,
            claimed: self.claimed,
            light: self.light,
            area_code: self.area_code,
            source: self.source,
            received_from: self.received_from,
            received_to: self.received_to,
            q: self.q,
            sort: self.sort,
            page,
        }
    }
}

/// How many reports each box of yours holds; 1000 stands for 999 and more.
#[utoipa::path(get, path = "/api/v1/reports/counts", operation_id = "report_counts", tag = "reports",
    responses((status = 200, body = ReportCountsView)))]
pub(super) async fn report_counts(
    State(casework): State<Casework>,
    Caller(principal): Caller,
) -> Answer<Json<ReportCountsView>> {
    Ok(Json(casework.report_counts(&principal).await?))
}

/// Receives a report. With `open_case` it is accepted and its case opened at once, all or nothing.
#[utoipa::path(post, path = "/api/v1/reports", operation_id = "report_create", tag = "reports",
    request_body = ReportCreateRequest,
    responses((status = 201, body = ReportCreatedView), (status = 409, body = ProblemView)))]
pub(super) async fn report_create(
    State(casework): State<Casework>,
    caller: Caller,
    key: IdempotencyKey,
    Formed(request, beside): Formed<ReportCreateRequest>,
) -> Answer<Created<ReportCreatedView>> {
    let call = call(caller, key, IfMatch(None)).beside(beside);
    let view = casework.report_create(&call, request).await?;
    Ok(Created {
        location: format!("/api/v1/reports/{}", view.report.id),
        version: view.report.version,
        view,
    })
}

/// The reports of one phone number, the newest first.
#[utoipa::path(post, path = "/api/v1/reports/search", operation_id = "report_search", tag = "reports",
    request_body = ReportSearchRequest, responses((status = 200, body = ReportPage)))]
pub(super) async fn report_search(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Json(request): Json<ReportSearchRequest>,
) -> Answer<Json<ReportPage>> {
    let page = casework.report_search(&principal, &request.phone).await?;
    Ok(Json(page.into()))
}

/// One report with its timeline; personal data are masked.
#[utoipa::path(get, path = "/api/v1/reports/{id}", operation_id = "report_view", tag = "reports",
    params(("id" = String, Path)),
    responses((status = 200, body = ReportView), (status = 404, body = ProblemView)))]
pub(super) async fn report_view(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Path(id): Path<Id>,
) -> Answer<Versioned<ReportView>> {
    let view = casework.report_view(&principal, id).await?;
    Ok(Versioned {
        version: view.head.version,
        view,
    })
}

/// One report with its personal data. Who asked and why is recorded.
#[utoipa::path(post, path = "/api/v1/reports/{id}/unmask", operation_id = "report_unmask", tag = "reports",
    params(("id" = String, Path)), request_body = ReportUnmaskRequest,
    responses((status = 200, body = ReportView), (status = 404, body = ProblemView)))]
pub(super) async fn report_unmask(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    Json(request): Json<ReportUnmaskRequest>,
) -> Answer<Json<ReportView>> {
    let call = call(caller, IdempotencyKey(None), IfMatch(None));
    Ok(Json(casework.report_unmask(&call, id, request).await?))
}
