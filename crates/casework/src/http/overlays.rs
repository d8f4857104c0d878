//! What lies over the stages, over HTTP. All alike: the command goes to the service, the answer is the case's state with its
//! version as `ETag`; on a task, too, `If-Match` and `ETag` are the case's.

use super::call;
use super::cases::versioned;
use crate::input::overlays::{
    AppealFileRequest, AppealReviewRequest, CaseCancelRequest, CaseDeadlineGiveRequest,
    CaseExcludeRequest, CaseHideReporterRequest, CaseLevelRequest, CaseMarkRequest,
    CaseModeApplyRequest, CaseRecallRequest, CaseReopenRequest, CaseSuperviseRequest,
    CaseUrgeRequest, ExclusionDecideRequest, ExtensionDecideRequest, ExtensionRequest,
    SupervisionEndRequest, SupervisionReplyRequest, SuspensionDecideRequest, SuspensionEndRequest,
    SuspensionRequest,
};
use crate::service::Casework;
use crate::view::CaseStateView;
use access::http::Caller;
use axum::extract::State;
use base::Id;
use wire::{Answer, Formed, IdempotencyKey, IfMatch, Path, ProblemView, Versioned};

/// One handler a line: its name, its request, its path and its tag.
macro_rules! handlers {
    ($($(#[$doc:meta])* $name:ident($request:ident) at $path:literal of $tag:literal;)+) => { $(
        $(#[$doc])*
        #[utoipa::path(post, path = $path, operation_id = stringify!($name), tag = $tag,
            params(("id" = String, Path)), request_body = $request,
            responses((status = 200, body = CaseStateView), (status = 404, body = ProblemView), (status = 409, body = ProblemView)))]
        pub(super) async fn $name(
            State(casework): State<Casework>,
            caller: Caller,
            Path(id): Path<Id>,
            key: IdempotencyKey,
            version: IfMatch,
            Formed(request, beside): Formed<$request>,
        ) -> Answer<Versioned<CaseStateView>> {
            let call = call(caller, key, version).beside(beside);
            Ok(versioned(casework.$name(&call, id, request).await?))
        }
    )+ };
}

handlers! {
    /// 催办: whoever has something to do now is reminded.
    case_urge(CaseUrgeRequest) at "/api/v1/cases/{id}/urge" of "cases";
    /// 关注: on or off.
    case_mark(CaseMarkRequest) at "/api/v1/cases/{id}/mark" of "cases";
    /// Who reported is hidden from those who handle, or shown again as the report itself allows.
    case_hide_reporter(CaseHideReporterRequest) at "/api/v1/cases/{id}/hide-reporter" of "cases";
    /// 一般 紧急 特急: changes the level, and with it the clocks that hang on it.
    case_level(CaseLevelRequest) at "/api/v1/cases/{id}/level" of "cases";
    /// Takes a dispatch back while nobody has acted on it.
    case_recall(CaseRecallRequest) at "/api/v1/cases/{id}/recall" of "cases";
    /// 作废: ends the case, with a reason. Its open tasks are taken back.
    case_cancel(CaseCancelRequest) at "/api/v1/cases/{id}/cancel" of "cases";
    /// 督办: a formal demand to whoever holds the case, with a deadline of its own.
    case_supervise(CaseSuperviseRequest) at "/api/v1/cases/{id}/supervise" of "cases";
    /// 督办反馈: the answer of the organisation that is supervised.
    supervision_reply(SupervisionReplyRequest) at "/api/v1/cases/{id}/supervision/reply" of "cases";
    /// Lifts the supervision.
    supervision_end(SupervisionEndRequest) at "/api/v1/cases/{id}/supervision/end" of "cases";
    /// Opens a closed case again within the window of its process, with a reason.
    case_reopen(CaseReopenRequest) at "/api/v1/cases/{id}/reopen" of "cases";
    /// 剔除: leaves the case out of the numbers, at once or once approved, as its process says.
    case_exclude(CaseExcludeRequest) at "/api/v1/cases/{id}/exclude" of "cases";
    /// 剔除审批.
    exclusion_decide(ExclusionDecideRequest) at "/api/v1/cases/{id}/exclusion/decide" of "cases";
    /// 申诉审核: one review after the other, each in the role whose turn it is. Approved by all, the task no longer counts as overdue; the overdue fact stays.
    appeal_review(AppealReviewRequest) at "/api/v1/cases/{id}/appeal/review" of "cases";
    /// A deadline from above (an upper platform, a leader), which is obeyed.
    case_deadline_give(CaseDeadlineGiveRequest) at "/api/v1/cases/{id}/deadline" of "cases";
    /// 平急转换: applies a mode of the process to the case, or the ordinary one.
    case_mode_apply(CaseModeApplyRequest) at "/api/v1/cases/{id}/mode" of "cases";
    /// 延期申请: by the holder of the task, before its clock runs out.
    extension_request(ExtensionRequest) at "/api/v1/tasks/{id}/extension" of "tasks";
    /// 延期审批: granted, the limit is added.
    extension_decide(ExtensionDecideRequest) at "/api/v1/tasks/{id}/extension/decide" of "tasks";
    /// 挂账申请: by the holder of the task. It stops nothing.
    suspension_request(SuspensionRequest) at "/api/v1/tasks/{id}/suspension" of "tasks";
    /// 挂账审批: granted, the task's clock stands still from when it says until when it says.
    suspension_decide(SuspensionDecideRequest) at "/api/v1/tasks/{id}/suspension/decide" of "tasks";
    /// Ends a suspension before its date: the remaining time runs on.
    suspension_end(SuspensionEndRequest) at "/api/v1/tasks/{id}/suspension/end" of "tasks";
    /// 超时申诉: by the department, after closing, once per case.
    appeal_file(AppealFileRequest) at "/api/v1/tasks/{id}/appeal" of "tasks";
}
