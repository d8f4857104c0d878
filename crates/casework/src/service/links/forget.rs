//! 遗忘: what a reporter told is destroyed, what was done stays.

use super::ReportOrder;
use crate::failure::CaseworkError;
use crate::input::ReportForgetRequest;
use crate::lifecycle::Refusal;
use crate::lifecycle::report::{ReportCommand, ReportFact};
use crate::model::Report;
use crate::service::query::case_note;
use crate::service::{Call, Casework};
use crate::store::attachments;
use crate::store::read::{self, CaseKey};
use crate::store::{CASE_FORGET, NOTE_FORGET, REPORT_FORGET};
use crate::view::ReportStateView;
use ::store::{Tx, params};
use base::Id;

impl Casework {
    /// Destroys what the reporter told and who that was, once the report and its cases have ended; and the words and notes of those of
    /// its cases that nobody else reported. Timelines stay: they hold digests only.
    pub async fn report_forget(
        &self,
        call: &Call,
        report_id: Id,
        input: ReportForgetRequest,
    ) -> Result<ReportStateView, CaseworkError> {
        let once = self.once(call, "report_forget", Some(report_id), &input)?;
        let command = ReportCommand::Forget {
            reason: input.reason,
        };
        let order = ReportOrder::new(call, report_id, command, once);
        self.run_report(order).await
    }

    pub(super) fn forget(tx: &mut Tx<'_>, report: &Report) -> Result<(), CaseworkError> {
        for each in &report.cases {
            let open = read::case_with_tasks(tx, CaseKey::Case(each.case_id))?
                .is_some_and(|case| case.stage.is_open());
            if open {
                return Err(CaseworkError::ReportRefused {
                    refusal: Refusal::ReportCaseOpen,
                    current: Some(Box::new(report.into())),
                });
            }
            if !Self::told_by_another(tx, each.case_id, report.id)? {
                tx.post(&CASE_FORGET, params![each.case_id])?;
                attachments::forget_of_case(tx, each.case_id)?;
                let entries = read::timeline(tx, each.case_id)?;
                for event in read::case_events(&entries)? {
                    forget_note(tx, case_note(&event.fact).map(|note| note.id))?;
                }
            }
        }
        tx.post(&REPORT_FORGET, params![report.id])?;
        attachments::forget_of_report(tx, report.id)?;
        let entries = read::timeline(tx, report.id)?;
        for event in read::report_events(&entries)? {
            forget_note(tx, ReportFact::note(&event.fact).map(|note| note.id))?;
        }
        Ok(())
    }

    /// Whether a report that is not forgotten is tied to a case, besides this one.
    fn told_by_another(tx: &mut Tx<'_>, case_id: Id, report_id: Id) -> Result<bool, CaseworkError> {
        for id in read::reports_of(tx, case_id)? {
            let other = (id != report_id).then(|| read::report_with_cases(tx, id));
            let row = other.transpose()?.flatten();
            if row.is_some_and(|row| row.report.extra.forgotten_at.is_none()) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn forget_note(tx: &mut Tx<'_>, id: Option<Id>) -> Result<(), CaseworkError> {
    match id {
        Some(id) => Ok(tx.post(&NOTE_FORGET, params![id])?),
        None => Ok(()),
    }
}
