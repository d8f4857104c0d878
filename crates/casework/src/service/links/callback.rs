//! 回访 评价 重办: reporters are called back, rate, and have it done again.

use super::{Moment, Origin, ReportOrder, check_version, with_form};
use crate::failure::CaseworkError;
use crate::input::{RedoRequest, ReportCallbackRequest, ReportRateRequest};
use crate::lifecycle::links::LinkCommand;
use crate::lifecycle::report::{Answered, Redo, ReportCommand};
use crate::model::{Actor, Report, TaskState};
use crate::service::report::{Located, own_words};
use crate::service::{Call, Casework, Filled, answer_text, answered};
use crate::store::read::{self, CaseKey, ReportRow};
use crate::store::write;
use crate::view::ReportStateView;
use ::store::idempotency::{self, Once};
use ::store::{AuditEntry, StoreError, Tx};
use access::Principal;
use base::{Id, Timestamp};
use std::sync::Arc;

/// `report_callback` with all it needs.
struct Callback {
    report_id: Id,
    answered: Option<Answered>,
    redo: Option<RedoRequest>,
    /// Of a new case: its place, id and number.
    located: Option<Located>,
    ids: Option<(Id, String)>,
    note: Option<(Id, Vec<u8>)>,
    occurred_at: Option<Timestamp>,
    once: Option<Once>,
    expected_version: Option<i64>,
    principal: Arc<Principal>,
    form: Option<Filled>,
}

impl Callback {
    fn command(&self) -> ReportCommand {
        let case = match (&self.redo, &self.ids) {
            (
                Some(RedoRequest {
                    reopen_case_id: Some(id),
                    ..
                }),
                _,
            ) => Some((*id, false)),
            (Some(_), Some((id, _))) => Some((*id, true)),
            _ => None,
        };
        ReportCommand::Callback {
            answered: self.answered.clone(),
            redo: case.map(|(case_id, is_new)| Redo { case_id, is_new }),
        }
    }
}

impl Casework {
    /// 回访: one attempt to call a reporter. What is not solved may be done again: an ended case of the report, or a new one.
    pub async fn report_callback(
        &self,
        call: &Call,
        report_id: Id,
        input: ReportCallbackRequest,
    ) -> Result<ReportStateView, CaseworkError> {
        let mut wrong = input.check();
        let open = input.redo.as_ref().and_then(|redo| redo.open_case.as_ref());
        let located = open.and_then(|open| {
            self.check_category("redo.open_case.", open, &mut wrong);
            self.locate_own("redo.open_case.", open, &mut wrong)
        });
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let now = self.now();
        let once = self.once(call, "report_callback", Some(report_id), &input)?;
        let (words, note) = self.seal_note(input.words.as_deref());
        let ids = self.case_ids(usize::from(open.is_some()), now).await?.pop();
        let order = Callback {
            report_id,
            answered: input
                .solved
                .zip(input.satisfaction)
                .map(|(solved, satisfaction)| Answered {
                    solved,
                    satisfaction,
                    words,
                }),
            redo: input.redo,
            located,
            ids,
            note,
            occurred_at: input.occurred_at,
            once,
            expected_version: call.expected_version,
            principal: call.principal.clone(),
            form: call.form.clone(),
        };
        let this = self.clone();
        self.store()
            .write(move |tx| this.report_callback_in(tx, &order, now))
            .await
    }

    fn report_callback_in(
        &self,
        tx: &mut Tx<'_>,
        order: &Callback,
        now: Timestamp,
    ) -> Result<ReportStateView, CaseworkError> {
        if let Some(once) = &order.once
            && let Some(answer) = idempotency::lookup(tx, once)?
        {
            return answered(&answer);
        }
        let row = read::report_with_cases(tx, order.report_id)?
            .ok_or(CaseworkError::NotFound("report"))?;
        let by = self.acting_on_report(&order.principal, "report_callback", &row)?;
        check_version(order.expected_version, &row.report)?;
        let process = self.process_of_report(&row.report)?;
        let moment = Moment::of(order.occurred_at, now);
        let mut events =
            self.report_decide_by(&process, &row.report, &order.command(), Some(&by), moment)?;
        let form = self.form_checked(&process, "report_callback", order.form.as_ref())?;
        let filled = with_form(&mut events, "report_callback", form);
        self.redo(tx, &row, order, &by, now)?;
        let after = Self::report_save(tx, &row, &events)?;
        for (id, sealed) in order.note.iter().chain(&filled) {
            write::note_add(tx, *id, after.id, sealed)?;
        }
        tx.audit(&AuditEntry {
            at: now,
            actor: by.account_id,
            action: "report_callback",
            object: after.id,
            detail: &format!("{{\"version\":{}}}", after.version),
        })?;
        let answer = ReportStateView::from(&after);
        if let Some(once) = &order.once {
            idempotency::remember(tx, once, &answer_text(&answer))?;
        }
        Ok(answer)
    }

    /// Does it again: the other reports of a case that is open again learn of it too.
    fn redo(
        &self,
        tx: &mut Tx<'_>,
        row: &ReportRow,
        order: &Callback,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), CaseworkError> {
        let Some(redo) = &order.redo else {
            return Ok(());
        };
        let report = &row.report;
        if let (Some(open), Some(ids)) = (&redo.open_case, &order.ids) {
            let words = self.report_words(tx, report.id)?.unwrap_or_default();
            let own = own_words(open, &words);
            let mut located = order
                .located
                .clone()
                .unwrap_or_else(|| self.located(report.area_path.as_ref(), report.point));
            self.locate_component(tx, open, &mut located)?;
            let process = self.process_for(&report.source)?;
            let (origin, ids) = (
                Origin::of_report(report, row.organisation.clone()),
                ids.clone(),
            );
            let new = self
                .case_begin(
                    &origin,
                    open,
                    own.as_ref(),
                    &located,
                    ids,
                    by,
                    &process,
                    Moment::at(now),
                )
                .map_err(|error| error.about(report))?;
            self.case_write(tx, &new)?;
        }
        if let Some(case_id) = redo.reopen_case_id {
            let case = read::case_with_tasks(tx, CaseKey::Case(case_id))?
                .ok_or(CaseworkError::NotFound("case"))?;
            let command = LinkCommand::Redo {
                report_id: report.id,
            };
            self.link_step(tx, &case, command, by, now)?;
            let reopened = ReportCommand::CaseReopened { case_id };
            for other in read::reports_of(tx, case_id)? {
                if other == report.id {
                    continue;
                }
                if let Some(row) = read::report_with_cases(tx, other)? {
                    let events = self.report_decide(&row.report, &reopened, Some(by), now)?;
                    Self::report_save(tx, &row, &events)?;
                }
            }
        }
        Ok(())
    }

    /// 评价: how the reporter rates, entered on the reporter's behalf.
    pub async fn report_rate(
        &self,
        call: &Call,
        report_id: Id,
        input: ReportRateRequest,
    ) -> Result<ReportStateView, CaseworkError> {
        let wrong = input.check();
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let once = self.once(call, "report_rate", Some(report_id), &input)?;
        let (words, note) = self.seal_note(input.words.as_deref());
        let command = ReportCommand::Rate {
            satisfaction: input.satisfaction,
            words,
        };
        let mut order = ReportOrder::new(call, report_id, command, once);
        order.note = note;
        order.occurred_at = input.occurred_at;
        self.run_report(order).await
    }

    /// Sets the timer of a task to call that has just been given.
    pub(in crate::service) fn callback_timer(
        &self,
        tx: &mut Tx<'_>,
        before: &Report,
        after: &Report,
    ) -> Result<(), StoreError> {
        let new = after.extra.callback.as_ref().filter(|task| {
            let then = before.extra.callback.as_ref();
            task.state == TaskState::Assigned && then.is_none_or(|then| then.id != task.id)
        });
        match new {
            Some(task) => self.set_report_timer(tx, after, task.clock.started_at),
            None => Ok(()),
        }
    }
}
