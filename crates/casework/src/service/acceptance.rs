//! 受理: accepting a report that was received before.

use super::case::concern_of_report;
use super::report::{Located, case_write, own_words};
use super::{Call, Casework, answer_text, answered};
use crate::failure::CaseworkError;
use crate::input::CaseOpenRequest;
use crate::lifecycle::report;
use crate::model::{Actor, Report};
use crate::numbers::NumberKind;
use crate::store::read::{self, ReportRow};
use crate::store::write;
use crate::view::ReportCreatedView;
use ::store::idempotency::{self, Once};
use ::store::{AuditEntry, Tx};
use access::{Principal, Reach};
use base::{Id, Timestamp};
use std::sync::Arc;

/// `report_accept` with all it needs.
struct Acceptance {
    report_id: Id,
    input: CaseOpenRequest,
    located: Option<Located>,
    ids: (Id, String),
    once: Option<Once>,
    expected_version: Option<i64>,
    principal: Arc<Principal>,
}

impl Casework {
    /// 受理: accepts a received report and opens a case for it.
    pub async fn report_accept(
        &self,
        call: &Call,
        report_id: Id,
        input: CaseOpenRequest,
    ) -> Result<ReportCreatedView, CaseworkError> {
        let mut wrong = Vec::new();
        input.check("", &mut wrong);
        let located = input
            .place
            .as_ref()
            .map(|place| self.locate(place, "place", &mut wrong));
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let now = self.now();
        let once = self.once(call, "report_accept", Some(report_id), &input)?;
        let ids = (self.next_id(), self.number(NumberKind::Case, now).await?);
        let order = Acceptance {
            report_id,
            input,
            located,
            ids,
            once,
            expected_version: call.expected_version,
            principal: call.principal.clone(),
        };
        let this = self.clone();
        self.store()
            .write(move |tx| this.report_accept_in(tx, &order, now))
            .await
    }

    fn report_accept_in(
        &self,
        tx: &mut Tx<'_>,
        order: &Acceptance,
        now: Timestamp,
    ) -> Result<ReportCreatedView, CaseworkError> {
        if let Some(once) = &order.once
            && let Some(answer) = idempotency::lookup(tx, once)?
        {
            return answered(&answer);
        }
        let row = read::report_with_cases(tx, order.report_id)?
            .ok_or(CaseworkError::NotFound("report"))?;
        let by = acting_on_report(&order.principal, "report_accept", &row)?;
        if order
            .expected_version
            .is_some_and(|version| version != row.report.version)
        {
            return Err(CaseworkError::ReportVersion(Box::new((&row.report).into())));
        }
        let report_words = self.report_words(tx, row.report.id)?.unwrap_or_default();
        let located = match &order.located {
            Some(located) => located.clone(),
            None => self.located_of(&row.report),
        };
        let words = own_words(&order.input, &report_words);
        let process = self.process_for(&row.report.source)?;
        let ids = order.ids.clone();
        let (case, events) = self.accept(
            &row.report,
            &order.input,
            words.as_ref(),
            located,
            ids,
            &by,
            &process,
            now,
        )?;
        let after = events.iter().fold(row.report.clone(), report::evolve);
        write::report_move(tx, &row.report, &after)?;
        let concern = concern_of_report(after.area_path.as_ref(), &row.organisation.path);
        write::timeline_add(tx, after.id, row.report.version, &events, &concern)?;
        case_write(tx, &case)?;
        tx.audit(&AuditEntry {
            at: now,
            actor: by.account_id,
            action: "report_accept",
            object: after.id,
            detail: &format!("{{\"case_id\":\"{}\"}}", case.case.id),
        })?;
        let answer = ReportCreatedView {
            report: (&after).into(),
            case: Some((&case.case).into()),
        };
        if let Some(once) = &order.once {
            idempotency::remember(tx, once, &answer_text(&answer))?;
        }
        Ok(answer)
    }

    /// The place of a report again, with its district and street as they are now.
    fn located_of(&self, report: &Report) -> Located {
        let place = report
            .area_path
            .as_ref()
            .and_then(|path| self.parts().city.place_by_path(path));
        Located {
            point: report.point,
            place,
        }
    }
}

/// In which capacity somebody may act on a report: for the organisation that received it, or in its area.
pub(super) fn acting_on_report(
    principal: &Principal,
    permission: &'static str,
    row: &ReportRow,
) -> Result<Actor, CaseworkError> {
    let paths = [row.organisation.path.clone()];
    let reach = Reach {
        area_path: row.report.area_path.as_ref(),
        organisation_paths: &paths,
    };
    match principal.acting(permission, &reach) {
        Ok(actor) => Ok(actor.into()),
        Err(denied) if denied.out_of_reach && principal.acting("report_view", &reach).is_err() => {
            Err(CaseworkError::NotFound("report"))
        }
        Err(denied) => Err(denied.into()),
    }
}
