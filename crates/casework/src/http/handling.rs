//! Handling together, over HTTP. `If-Match` and `ETag` are the case's, also where a task is named.

use super::call;
use super::cases::versioned;
use super::reports::PageParams;
use crate::input::{
    CaseRuleRequest, CaseSelfHandleRequest, CaseVerifyRequest, CaseVerifyResultRequest,
    FallbackSetRequest, ReasonRequest, TaskAssignRequest, TaskCoRateRequest, TaskContactRequest,
    TaskDelegateRequest, TaskToRequest,
};
use crate::service::Casework;
use crate::view::{CaseStateView, FallbackView, UncoveredAreaView};
use access::http::Caller;
use axum::extract::State;
use base::{Id, PageRequest};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{Answer, Formed, IdempotencyKey, IfMatch, Json, Path, ProblemView, Query, Versioned};

/// 指派: to a person of the holder or of an organisation below it.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/assign", operation_id = "task_assign", tag = "tasks",
    params(("id" = String, Path)), request_body = TaskAssignRequest,
    responses((status = 200, body = CaseStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn task_assign(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<TaskAssignRequest>,
) -> Answer<Versioned<CaseStateView>> {
    let call = call(caller, key, version).beside(beside);
    Ok(versioned(casework.task_assign(&call, id, request).await?))
}

/// 联系群众: the people concerned were contacted; counts for 响应率.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/contact", operation_id = "task_contact", tag = "tasks",
    params(("id" = String, Path)), request_body = TaskContactRequest,
    responses((status = 200, body = CaseStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn task_contact(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<TaskContactRequest>,
) -> Answer<Versioned<CaseStateView>> {
    let call = call(caller, key, version).beside(beside);
    Ok(versioned(casework.task_contact(&call, id, request).await?))
}

/// 退单: with a reason and within the limit of the process; to dispatch, or to whoever gave the task on.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/return", operation_id = "task_return", tag = "tasks",
    params(("id" = String, Path)), request_body = ReasonRequest,
    responses((status = 200, body = CaseStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn task_return(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<ReasonRequest>,
) -> Answer<Versioned<CaseStateView>> {
    let call = call(caller, key, version).beside(beside);
    Ok(versioned(casework.task_return(&call, id, request).await?))
}

/// 撤回: by whoever gave the task; what was given on from it ends with it.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/revoke", operation_id = "task_revoke", tag = "tasks",
    params(("id" = String, Path)), request_body = ReasonRequest,
    responses((status = 200, body = CaseStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn task_revoke(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<ReasonRequest>,
) -> Answer<Versioned<CaseStateView>> {
    let call = call(caller, key, version).beside(beside);
    Ok(versioned(casework.task_revoke(&call, id, request).await?))
}

/// 改派: the work of a returned task goes to another organisation.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/reroute", operation_id = "task_reroute", tag = "tasks",
    params(("id" = String, Path)), request_body = TaskToRequest,
    responses((status = 200, body = CaseStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn task_reroute(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<TaskToRequest>,
) -> Answer<Versioned<CaseStateView>> {
    let call = call(caller, key, version).beside(beside);
    Ok(versioned(casework.task_reroute(&call, id, request).await?))
}

/// 转派: to an organisation below the holder, which answers for it; never later than its own deadline.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/delegate", operation_id = "task_delegate", tag = "tasks",
    params(("id" = String, Path)), request_body = TaskDelegateRequest,
    responses((status = 200, body = CaseStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn task_delegate(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<TaskDelegateRequest>,
) -> Answer<Versioned<CaseStateView>> {
    let call = call(caller, key, version).beside(beside);
    Ok(versioned(casework.task_delegate(&call, id, request).await?))
}

/// 吹哨: calls in a co-handler, which checks in (报到) by accepting its task.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/add-co", operation_id = "task_add_co", tag = "tasks",
    params(("id" = String, Path)), request_body = TaskToRequest,
    responses((status = 200, body = CaseStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn task_add_co(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<TaskToRequest>,
) -> Answer<Versioned<CaseStateView>> {
    let call = call(caller, key, version).beside(beside);
    Ok(versioned(casework.task_add_co(&call, id, request).await?))
}

/// The caller rates a called-in co-handler, 1 to 5, once it has finished.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/co-rate", operation_id = "task_co_rate", tag = "tasks",
    params(("id" = String, Path)), request_body = TaskCoRateRequest,
    responses((status = 200, body = CaseStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn task_co_rate(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<TaskCoRateRequest>,
) -> Answer<Versioned<CaseStateView>> {
    let call = call(caller, key, version).beside(beside);
    Ok(versioned(casework.task_co_rate(&call, id, request).await?))
}

/// 申请裁定: by a holder that may not return any more.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/demand-ruling", operation_id = "ruling_demand", tag = "tasks",
    params(("id" = String, Path)), request_body = ReasonRequest,
    responses((status = 200, body = CaseStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn ruling_demand(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<ReasonRequest>,
) -> Answer<Versioned<CaseStateView>> {
    let call = call(caller, key, version).beside(beside);
    Ok(versioned(casework.ruling_demand(&call, id, request).await?))
}

/// 裁定: after as many returns as the process allows, names who leads and cannot return it.
#[utoipa::path(post, path = "/api/v1/cases/{id}/rule", operation_id = "case_rule", tag = "cases",
    params(("id" = String, Path)), request_body = CaseRuleRequest,
    responses((status = 200, body = CaseStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn case_rule(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<CaseRuleRequest>,
) -> Answer<Versioned<CaseStateView>> {
    let call = call(caller, key, version).beside(beside);
    Ok(versioned(casework.case_rule(&call, id, request).await?))
}

/// 送核实: before filing, a verification task for the inspectors of an organisation.
#[utoipa::path(post, path = "/api/v1/cases/{id}/verify", operation_id = "case_verify", tag = "cases",
    params(("id" = String, Path)), request_body = CaseVerifyRequest,
    responses((status = 200, body = CaseStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn case_verify(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<CaseVerifyRequest>,
) -> Answer<Versioned<CaseStateView>> {
    let call = call(caller, key, version).beside(beside);
    Ok(versioned(casework.case_verify(&call, id, request).await?))
}

/// 核实结果: whether what was told is so.
#[utoipa::path(post, path = "/api/v1/cases/{id}/verify-result", operation_id = "case_verify_result", tag = "cases",
    params(("id" = String, Path)), request_body = CaseVerifyResultRequest,
    responses((status = 200, body = CaseStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn case_verify_result(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<CaseVerifyResultRequest>,
) -> Answer<Versioned<CaseStateView>> {
    let call = call(caller, key, version).beside(beside);
    Ok(versioned(
        casework.case_verify_result(&call, id, request).await?,
    ))
}

/// 退回受理: before anybody handles it, or when nobody leads.
#[utoipa::path(post, path = "/api/v1/cases/{id}/send-back", operation_id = "case_send_back", tag = "cases",
    params(("id" = String, Path)), request_body = ReasonRequest,
    responses((status = 200, body = CaseStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
pub(super) async fn case_send_back(
    State(casework): State<Casework>,
    caller: Caller,
    Path(id): Path<Id>,
    key: IdempotencyKey,
    version: IfMatch,
    Formed(request, beside): Formed<ReasonRequest>,
) -> Answer<Versioned<CaseStateView>> {
    let call = call(caller, key, version).beside(beside);
    Ok(versioned(
        casework.case_send_back(&call, id, request).await?,
    ))
}

/// 即采即办: an inspector tells what was found and that it was put right; the case is inspected or closed, as its process says.
#[utoipa::path(post, path = "/api/v1/cases/self-handle", operation_id = "case_self_handle", tag = "cases",
    request_body = CaseSelfHandleRequest,
    responses((status = 200, body = CaseStateView), (status = 409, body = ProblemView)))]
pub(super) async fn case_self_handle(
    State(casework): State<Casework>,
    caller: Caller,
    key: IdempotencyKey,
    Formed(request, beside): Formed<CaseSelfHandleRequest>,
) -> Answer<Versioned<CaseStateView>> {
    let call = call(caller, key, IfMatch(None)).beside(beside);
    Ok(versioned(casework.case_self_handle(&call, request).await?))
}

/// A page of fallback organisations.
#[derive(Serialize, ToSchema)]
pub(super) struct FallbackPage {
    /// By area.
    pub items: Vec<FallbackView>,
    /// Pass as `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The areas in force, down to streets, that have none, neither their own nor one above: on the first page only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<UncoveredAreaView>,
}

/// 兜底机构: who takes what nobody else is suggested for, by area; the nearest area above a place holds. Every area needs one: the first
/// page names those without.
#[utoipa::path(get, path = "/api/v1/fallback-organisations", operation_id = "fallback_list", tag = "cases",
    params(PageParams), responses((status = 200, body = FallbackPage)))]
pub(super) async fn fallback_list(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Query(page): Query<PageRequest>,
) -> Answer<Json<FallbackPage>> {
    let missing = if page.after.is_none() {
        casework.fallback_missing(&principal).await?
    } else {
        Vec::new()
    };
    let page = casework.fallback_list(&principal, page).await?;
    Ok(Json(FallbackPage {
        missing,
        items: page.items,
        next: page.next,
    }))
}

/// Sets the fallback organisation of an area; a second time replaces the first.
#[utoipa::path(post, path = "/api/v1/fallback-organisations", operation_id = "fallback_set", tag = "cases",
    request_body = FallbackSetRequest,
    responses((status = 200, body = FallbackView), (status = 422, body = ProblemView)))]
pub(super) async fn fallback_set(
    State(casework): State<Casework>,
    caller: Caller,
    key: IdempotencyKey,
    Json(request): Json<FallbackSetRequest>,
) -> Answer<Json<FallbackView>> {
    let call = call(caller, key, IfMatch(None));
    Ok(Json(casework.fallback_set(&call, request).await?))
}
