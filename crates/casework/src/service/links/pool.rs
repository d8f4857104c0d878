//! The pool of reports that wait: taken, put back, answered at once, rejected, withdrawn.

use super::ReportOrder;
use crate::failure::CaseworkError;
use crate::input::{
    ReportAnswerRequest, ReportAssignRequest, ReportRejectRequest, ReportWithdrawRequest,
    check_words,
};
use crate::lifecycle::report::ReportCommand;
use crate::model::NoteRef;
use crate::service::{Call, Casework};
use crate::store::read;
use crate::view::ReportStateView;
use base::Id;

/// A sealed note with its id, to be stored.
type SealedNote = (Id, Vec<u8>);

impl Casework {
    /// 认领: takes a report from the pool, or takes on to call its reporter back. Others see whose it is, and do neither.
    pub async fn report_claim(
        &self,
        call: &Call,
        report_id: Id,
    ) -> Result<ReportStateView, CaseworkError> {
        let once = self.once(call, "report_claim", Some(report_id), &())?;
        let order = ReportOrder::new(call, report_id, ReportCommand::Claim, once);
        self.run_report(order).await
    }

    /// 指派: gives a report in the pool, or its callback, to a person of the organisation that received it.
    pub async fn report_assign(
        &self,
        call: &Call,
        report_id: Id,
        input: ReportAssignRequest,
    ) -> Result<ReportStateView, CaseworkError> {
        let works_for = self.works_for(input.staff_id).await?;
        let received_by = self
            .store()
            .read(move |tx| read::report_with_cases(tx, report_id))
            .await?
            .ok_or(CaseworkError::NotFound("report"))?
            .organisation
            .path;
        let once = self.once(call, "report_assign", Some(report_id), &input)?;
        let command = ReportCommand::Assign {
            staff_id: input.staff_id,
            works_for,
            received_by,
        };
        let order = ReportOrder::new(call, report_id, command, once);
        self.run_report(order).await
    }

    /// Puts a report back into the pool, or its callback among those that anybody makes.
    pub async fn report_release(
        &self,
        call: &Call,
        report_id: Id,
    ) -> Result<ReportStateView, CaseworkError> {
        let once = self.once(call, "report_release", Some(report_id), &())?;
        let order = ReportOrder::new(call, report_id, ReportCommand::Release, once);
        self.run_report(order).await
    }

    /// 即接即办: answered at once, without a case.
    pub async fn report_answer(
        &self,
        call: &Call,
        report_id: Id,
        input: ReportAnswerRequest,
    ) -> Result<ReportStateView, CaseworkError> {
        let (answer, note) = self.seal_words("answer", &input.answer)?;
        let once = self.once(call, "report_answer", Some(report_id), &input)?;
        let command = ReportCommand::Answer { answer };
        let mut order = ReportOrder::new(call, report_id, command, once);
        order.note = note;
        self.run_report(order).await
    }

    /// 不予受理: with an answer to the reporter.
    pub async fn report_reject(
        &self,
        call: &Call,
        report_id: Id,
        input: ReportRejectRequest,
    ) -> Result<ReportStateView, CaseworkError> {
        let (answer, note) = self.seal_words("answer", &input.answer)?;
        let once = self.once(call, "report_reject", Some(report_id), &input)?;
        let command = ReportCommand::Reject {
            reason: input.reason,
            answer,
        };
        let mut order = ReportOrder::new(call, report_id, command, once);
        order.note = note;
        self.run_report(order).await
    }

    /// 撤回: by the reporter or on the reporter's behalf, while nobody handles a case of it. The cases stay: whether what was
    /// told is true is another question, and whoever files them decides it.
    pub async fn report_withdraw(
        &self,
        call: &Call,
        report_id: Id,
        input: ReportWithdrawRequest,
    ) -> Result<ReportStateView, CaseworkError> {
        let (reason, note) = self.seal_words("reason", &input.reason)?;
        let once = self.once(call, "report_withdraw", Some(report_id), &input)?;
        let command = ReportCommand::Withdraw {
            by_reporter: input.by_reporter,
            reason,
        };
        let mut order = ReportOrder::new(call, report_id, command, once);
        order.note = note;
        self.run_report(order).await
    }

    /// Checks and seals words that must be there.
    pub(super) fn seal_words(
        &self,
        field: &str,
        text: &str,
    ) -> Result<(NoteRef, Option<SealedNote>), CaseworkError> {
        let wrong = check_words(field, text);
        match self.seal_note(Some(text)) {
            (Some(reference), note) if wrong.is_empty() => Ok((reference, note)),
            _ => Err(CaseworkError::Invalid(wrong)),
        }
    }
}
