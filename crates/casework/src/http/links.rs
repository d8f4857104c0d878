//! Over HTTP: reports and their ties to cases, and the sources reports come from.

use super::call;
use crate::input::{
    CaseCreateRequest, CaseMergeRequest, CaseSplitRequest, ReportAcceptRequest,
    ReportAnswerRequest, ReportAssignRequest, ReportCallbackRequest, ReportForgetRequest,
    ReportJoinRequest, ReportRateRequest, ReportRejectRequest, ReportWithdrawRequest,
    SourceCreateRequest, SourceUpdateRequest,
};
use crate::service::Casework;
use crate::view::{CaseStateView, CasesSplitView, ReportAcceptedView, ReportStateView, SourceView};
use access::http::Caller;
use axum::extract::State;
use base::Id;
use serde::Serialize;
use utoipa::ToSchema;
use wire::{Answer, Created, Formed, IdempotencyKey, IfMatch, Json, Path, ProblemView, Versioned};

/// A report's state with its version as `ETag`.
fn versioned(view: ReportStateView) -> Versioned<ReportStateView> {
    Versioned {
        version: view.version,
        view,
    }
}

/// 认领: takes a report from the pool, or takes on to call its reporter back. Others see whose it is, and neither decide on it nor call.
#[utoipa::path(post, path = "/api/v1/reports/{id}/claim", operation_id = "report_claim", tag = "reports",
    params(("id" = String, Path)),
    responses((status = 200, body = ReportStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn report_claim(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
) -> Answer<Versioned<ReportStateView>> {
    let call = call(caller, key, version);
    Ok(versioned(casework.report_claim(&call, id).await?))
}

/// 指派: gives a report in the pool, or the callback of one, to a person of the organisation that received it; it is taken from whoever
/// had it.
#[utoipa::path(post, path = "/api/v1/reports/{id}/assign", operation_id = "report_assign", tag = "reports",
    params(("id" = String, Path)), request_body = ReportAssignRequest,
    responses((status = 200, body = ReportStateView), (status = 400, body = ProblemView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn report_assign(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Json(request): Json<ReportAssignRequest>,
) -> Answer<Versioned<ReportStateView>> {
    let call = call(caller, key, version);
    Ok(versioned(casework.report_assign(&call, id, request).await?))
}

/// Puts a report back into the pool, or its callback among those that anybody makes: your own, or another's when the process trusts you
/// with it.
#[utoipa::path(post, path = "/api/v1/reports/{id}/release", operation_id = "report_release", tag = "reports",
    params(("id" = String, Path)),
    responses((status = 200, body = ReportStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn report_release(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
) -> Answer<Versioned<ReportStateView>> {
    let call = call(caller, key, version);
    Ok(versioned(casework.report_release(&call, id).await?))
}

/// 即接即办: answered at once, without a case.
#[utoipa::path(post, path = "/api/v1/reports/{id}/answer", operation_id = "report_answer", tag = "reports",
    params(("id" = String, Path)), request_body = ReportAnswerRequest,
    responses((status = 200, body = ReportStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn report_answer(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<ReportAnswerRequest>,
) -> Answer<Versioned<ReportStateView>> {
    let call = call(caller, key, version).with_form(beside.form_only()?);
    Ok(versioned(casework.report_answer(&call, id, request).await?))
}

/// 不予受理: with a reason and an answer to the reporter.
#[utoipa::path(post, path = "/api/v1/reports/{id}/reject", operation_id = "report_reject", tag = "reports",
    params(("id" = String, Path)), request_body = ReportRejectRequest,
    responses((status = 200, body = ReportStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn report_reject(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<ReportRejectRequest>,
) -> Answer<Versioned<ReportStateView>> {
    let call = call(caller, key, version).with_form(beside.form_only()?);
    Ok(versioned(casework.report_reject(&call, id, request).await?))
}

/// 遗忘: destroys what the reporter told and who that was, once the report and its cases have ended. The same of the words and notes of
/// its cases that nobody else reported. What was done, by whom and when stays on record and can still be proved.
#[utoipa::path(post, path = "/api/v1/reports/{id}/forget", operation_id = "report_forget", tag = "reports",
    params(("id" = String, Path)), request_body = ReportForgetRequest,
    responses((status = 200, body = ReportStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn report_forget(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Json(request): Json<ReportForgetRequest>,
) -> Answer<Versioned<ReportStateView>> {
    let call = call(caller, key, version);
    Ok(versioned(casework.report_forget(&call, id, request).await?))
}

/// 撤回: by the reporter or on the reporter's behalf, while nobody handles a case of it. Its cases stay.
#[utoipa::path(post, path = "/api/v1/reports/{id}/withdraw", operation_id = "report_withdraw", tag = "reports",
    params(("id" = String, Path)), request_body = ReportWithdrawRequest,
    responses((status = 200, body = ReportStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn report_withdraw(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Json(request): Json<ReportWithdrawRequest>,
) -> Answer<Versioned<ReportStateView>> {
    let call = call(caller, key, version);
    Ok(versioned(
        casework.report_withdraw(&call, id, request).await?,
    ))
}

/// 受理: accepts a received report; opens cases for it (several: 拆单), joins it to others (并案), or both, all or nothing.
#[utoipa::path(post, path = "/api/v1/reports/{id}/accept", operation_id = "report_accept", tag = "reports",
    params(("id" = String, Path)), request_body = ReportAcceptRequest,
    responses((status = 200, body = ReportAcceptedView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn report_accept(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<ReportAcceptRequest>,
) -> Answer<Versioned<ReportAcceptedView>> {
    let call = call(caller, key, version).with_form(beside.form_only()?);
    let view = casework.report_accept(&call, id, request).await?;
    Ok(Versioned {
        version: view.report.version,
        view,
    })
}

/// 并案: joins an accepted report to one more case, also when that is under way.
#[utoipa::path(post, path = "/api/v1/reports/{id}/join", operation_id = "report_join", tag = "reports",
    params(("id" = String, Path)), request_body = ReportJoinRequest,
    responses((status = 200, body = ReportStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn report_join(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Json(request): Json<ReportJoinRequest>,
) -> Answer<Versioned<ReportStateView>> {
    let call = call(caller, key, version);
    Ok(versioned(casework.report_join(&call, id, request).await?))
}

/// A case without a report: a work task of the supervisors, a leader's order.
#[utoipa::path(post, path = "/api/v1/cases", operation_id = "case_create", tag = "cases",
    request_body = CaseCreateRequest,
    responses((status = 201, body = CaseStateView), (status = 409, body = ProblemView)))]
pub(super) async fn case_create(
    State(casework): State<Casework>,
    caller: Caller,
    key: IdempotencyKey,
    Json(request): Json<CaseCreateRequest>,
) -> Answer<Created<CaseStateView>> {
    let call = call(caller, key, IfMatch(None));
    let view = casework.case_create(&call, request).await?;
    Ok(Created {
        location: format!("/api/v1/cases/{}", view.id),
        version: view.version,
        view,
    })
}

/// 拆单: further cases for the reports of this one, each with words, category and place of its own. This one goes on.
#[utoipa::path(post, path = "/api/v1/cases/{id}/split", operation_id = "case_split", tag = "cases",
    params(("id" = String, Path)), request_body = CaseSplitRequest,
    responses((status = 200, body = CasesSplitView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn case_split(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Json(request): Json<CaseSplitRequest>,
) -> Answer<Json<CasesSplitView>> {
    let call = call(caller, key, version);
    let opened = casework.case_split(&call, id, request).await?;
    Ok(Json(CasesSplitView { opened }))
}

/// 并案 of two cases: this one ends as part of the other and keeps its timeline; its open tasks are revoked and its reports go
/// over, so that every reporter is told the result.
#[utoipa::path(post, path = "/api/v1/cases/{id}/merge", operation_id = "case_merge", tag = "cases",
    params(("id" = String, Path)), request_body = CaseMergeRequest,
    responses((status = 200, body = CaseStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn case_merge(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Json(request): Json<CaseMergeRequest>,
) -> Answer<Versioned<CaseStateView>> {
    let call = call(caller, key, version);
    let view = casework.case_merge(&call, id, request).await?;
    Ok(Versioned {
        version: view.version,
        view,
    })
}

/// 回访: one attempt to call the reporter of a report that awaits it. Not reached often enough, or reached, the report is
/// settled; what is not solved may be done again (重办).
#[utoipa::path(post, path = "/api/v1/reports/{id}/callback", operation_id = "report_callback", tag = "reports",
    params(("id" = String, Path)), request_body = ReportCallbackRequest,
    responses((status = 200, body = ReportStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn report_callback(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<ReportCallbackRequest>,
) -> Answer<Versioned<ReportStateView>> {
    let call = call(caller, key, version).with_form(beside.form_only()?);
    Ok(versioned(
        casework.report_callback(&call, id, request).await?,
    ))
}

/// 评价: how the reporter rates, entered on the reporter's behalf; once, within the days the process gives.
#[utoipa::path(post, path = "/api/v1/reports/{id}/rate", operation_id = "report_rate", tag = "reports",
    params(("id" = String, Path)), request_body = ReportRateRequest,
    responses((status = 200, body = ReportStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn report_rate(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Json(request): Json<ReportRateRequest>,
) -> Answer<Versioned<ReportStateView>> {
    let call = call(caller, key, version);
    Ok(versioned(casework.report_rate(&call, id, request).await?))
}

/// The sources of reports.
#[derive(Serialize, ToSchema)]
pub(super) struct SourceList {
    /// By code, those out of use too.
    pub items: Vec<SourceView>,
}

/// Where reports come from.
#[utoipa::path(get, path = "/api/v1/sources", operation_id = "source_list", tag = "sources",
    responses((status = 200, body = SourceList)))]
pub(super) async fn source_list(
    State(casework): State<Casework>,
    Caller(principal): Caller,
) -> Answer<Json<SourceList>> {
    let items = casework.source_list(&principal).await?;
    Ok(Json(SourceList { items }))
}

/// A new source, in use at once. Reports of it are taken as soon as a process serves it.
#[utoipa::path(post, path = "/api/v1/sources", operation_id = "source_create", tag = "sources",
    request_body = SourceCreateRequest, responses((status = 201, body = SourceView)))]
pub(super) async fn source_create(
    State(casework): State<Casework>,
    caller: Caller,
    key: IdempotencyKey,
    Json(request): Json<SourceCreateRequest>,
) -> Answer<Created<SourceView>> {
    let call = call(caller, key, IfMatch(None));
    let view = casework.source_create(&call, request).await?;
    Ok(Created {
        location: format!("/api/v1/sources/{}", view.code),
        version: view.version,
        view,
    })
}

/// Renames a source, or puts it in or out of use; what is left out stays. Reports that came through it stay as they are.
#[utoipa::path(patch, path = "/api/v1/sources/{code}", operation_id = "source_update", tag = "sources",
    params(("code" = String, Path)), request_body = SourceUpdateRequest,
    responses((status = 200, body = SourceView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn source_update(
    State(casework): State<Casework>,
    caller: Caller,
    Path(code): Path<String>,
    version: IfMatch,
    Json(request): Json<SourceUpdateRequest>,
) -> Answer<Versioned<SourceView>> {
    let call = call(caller, IdempotencyKey(None), version);
    let view = casework.source_update(&call, &code, request).await?;
    Ok(Versioned {
        version: view.version,
        view,
    })
}
