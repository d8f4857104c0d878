//! Commands on what lies over the stages. All alike: check the words, seal them, give the command.

use super::case::Order;
use super::{Call, Casework};
use crate::failure::CaseworkError;
use crate::input::overlays::{
    AppealFileRequest, AppealReviewRequest, CaseCancelRequest, CaseDeadlineGiveRequest,
    CaseExcludeRequest, CaseHideReporterRequest, CaseLevelRequest, CaseMarkRequest,
    CaseModeApplyRequest, CaseRecallRequest, CaseReopenRequest, CaseSuperviseRequest,
    CaseUrgeRequest, ExclusionDecideRequest, ExtensionDecideRequest, ExtensionRequest,
    OverlayRequest, SupervisionEndRequest, SupervisionReplyRequest, SuspensionDecideRequest,
    SuspensionEndRequest, SuspensionRequest,
};
use crate::lifecycle::decide::CaseCommand;
use crate::store::read::CaseKey;
use crate::view::CaseStateView;
use base::Id;

/// One use case a line: its name, its request, what its id names.
macro_rules! use_cases {
    ($($(#[$doc:meta])* $name:ident($request:ident, $key:ident);)+) => {
        impl Casework {
            $(
                $(#[$doc])*
                pub async fn $name(
                    &self,
                    call: &Call,
                    id: Id,
                    input: $request,
                ) -> Result<CaseStateView, CaseworkError> {
                    self.overlay(call, CaseKey::$key(id), id, input).await
                }
            )+
        }
    };
}

use_cases! {
    /// 催办: whoever has something to do now is reminded.
    case_urge(CaseUrgeRequest, Case);
    /// 标记重要: on or off.
    case_mark(CaseMarkRequest, Case);
    /// Who reported is hidden from those who handle, or shown again as the report itself allows.
    case_hide_reporter(CaseHideReporterRequest, Case);
    /// 一般 紧急 特急: changes the level, and with it the clocks that hang on it.
    case_level(CaseLevelRequest, Case);
    /// Takes a dispatch back while nobody has acted on it.
    case_recall(CaseRecallRequest, Case);
    /// 作废: ends the case, with a reason. Its open tasks are taken back.
    case_cancel(CaseCancelRequest, Case);
    /// 督办: a formal demand to whoever holds the case, with a deadline of its own.
    case_supervise(CaseSuperviseRequest, Case);
    /// 督办反馈: the answer of the organisation that is supervised.
    supervision_reply(SupervisionReplyRequest, Case);
    /// Lifts the supervision.
    supervision_end(SupervisionEndRequest, Case);
    /// Opens a closed case again within the window of its process, with a reason.
    case_reopen(CaseReopenRequest, Case);
    /// 剔除: leaves the case out of the numbers, at once or once approved, as its process says.
    case_exclude(CaseExcludeRequest, Case);
    /// 剔除审批.
    exclusion_decide(ExclusionDecideRequest, Case);
    /// 申诉审核: one review after the other, each in the role whose turn it is. Approved by all, the task no longer counts as overdue; the overdue fact stays.
    appeal_review(AppealReviewRequest, Case);
    /// A deadline from above (an upper platform, a leader), which is obeyed.
    case_deadline_give(CaseDeadlineGiveRequest, Case);
    /// 平急转换: applies a mode of the process to the case, or the ordinary one.
    case_mode_apply(CaseModeApplyRequest, Case);
    /// 延期申请: by the holder of the task, before its clock runs out.
    extension_request(ExtensionRequest, Task);
    /// 延期审批: granted, the limit is added.
    extension_decide(ExtensionDecideRequest, Task);
    /// 挂账申请: by the holder of the task. It stops nothing.
    suspension_request(SuspensionRequest, Task);
    /// 挂账审批: granted, the task's clock stands still from when it says until when it says.
    suspension_decide(SuspensionDecideRequest, Task);
    /// Ends a suspension before its date: the remaining time runs on.
    suspension_end(SuspensionEndRequest, Task);
    /// 超时申诉: by the department, after closing, once per case.
    appeal_file(AppealFileRequest, Task);
}

impl Casework {
    async fn overlay<R: OverlayRequest>(
        &self,
        call: &Call,
        key: CaseKey,
        id: Id,
        input: R,
    ) -> Result<CaseStateView, CaseworkError> {
        let wrong = input
            .words()
            .map_or_else(Vec::new, |(field, words)| words.check(field));
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let once = self.once(call, R::OPERATION, Some(id), &input)?;
        let text = input.words().and_then(|(_, words)| words.text());
        let (reference, note) = self.seal_note(text);
        let occurred_at = input.occurred_at();
        let command = input
            .command(id, reference)
            .map_err(CaseworkError::Invalid)?;
        let mut order = Order::new(call, key, CaseCommand::Overlay(command), once);
        order.note = note;
        order.occurred_at = occurred_at;
        self.run(order).await
    }
}
