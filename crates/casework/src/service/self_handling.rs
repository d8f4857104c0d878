//! 即采即办 / 自行处置: an inspector tells what was found and that it was put right, in one transaction.

use super::case::Order;
use super::{Call, Casework, answer_text, answered};
use crate::failure::CaseworkError;
use crate::input::{CaseSelfHandleRequest, check_words};
use crate::lifecycle::decide::CaseCommand;
use crate::lifecycle::handling::HandlingCommand;
use crate::model::Actor;
use crate::store::read::CaseKey;
use crate::view::CaseStateView;
use ::store::{StoreError, idempotency};
use std::sync::Arc;

impl Casework {
    /// Receives the report, opens its case, files and handles it; then it is inspected or closed, as its process says.
    pub async fn case_self_handle(
        &self,
        call: &Call,
        input: CaseSelfHandleRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        let wrong = check_words("result", &input.result);
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let by: Actor = call.principal.acting_anywhere("case_self_handle")?.into();
        let now = self.now();
        let once = self.once(call, "case_self_handle", None, &input)?;
        let opener = Some((call, "case_self_handle"));
        let mut new = self
            .report_prepare(opener, by, &input.report(), now)
            .await?;
        let found = input.found_attachment_ids.clone();
        let account = call.principal.account_id;
        self.report_attach(&mut new, "found_attachment_ids", found, account, now)
            .await?;
        let case_id = new
            .case_id()
            .ok_or_else(|| StoreError::Statement("no case was opened".to_owned()))?;
        let (result, note) = self.seal_note(Some(&input.result));
        let command = CaseCommand::Handling(HandlingCommand::SelfHandle {
            rule_row_id: input.rule_row_id,
            result,
            task_id: self.next_id(),
            inspection_id: self.next_id(),
        });
        let plain = Call::of(call.principal.clone());
        let mut order = Order::new(&plain, CaseKey::Case(case_id), command, None);
        order.note = note;
        order.occurred_at = input.occurred_at;
        order.attachment_ids.clone_from(&call.attachment_ids);
        order.form.clone_from(&call.form);
        order.rule = input
            .rule_row_id
            .and_then(|id| self.parts().city.rule_row(id));
        let (this, new) = (self.clone(), Arc::new(new));
        self.store()
            .write(move |tx| {
                if let Some(once) = &once
                    && let Some(answer) = idempotency::lookup(tx, once)?
                {
                    return answered(&answer);
                }
                Self::report_files_write(tx, &new, now)?;
                this.report_write(tx, &new, now)?;
                let answer = this.run_in(tx, &order, now)?;
                if let Some(once) = &once {
                    idempotency::remember(tx, once, &answer_text(&answer))?;
                }
                Ok(answer)
            })
            .await
    }
}
