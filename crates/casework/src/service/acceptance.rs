//! 受理: accepting a report that was received before. It opens cases, joins cases, or both.

use super::links::{Moment, Origin, check_version, with_form};
use super::report::{Located, NewCase, own_words};
use super::{Call, Casework, Filled, answer_text, answered};
use crate::failure::CaseworkError;
use crate::input::ReportAcceptRequest;
use crate::lifecycle::report::ReportCommand;
use crate::model::Actor;
use crate::numbers::NumberKind;
use crate::store::read::{self, ReportRow};
use crate::store::write;
use crate::view::ReportAcceptedView;
use ::store::idempotency::{self, Once};
use ::store::{AuditEntry, Tx};
use access::{Principal, Reach};
use base::path::TreePath;
use base::{Id, Point, Timestamp};
use std::sync::Arc;

/// `report_accept` with all it needs.
struct Acceptance {
    report_id: Id,
    input: ReportAcceptRequest,
    located: Vec<Option<Located>>,
    ids: Vec<(Id, String)>,
    once: Option<Once>,
    expected_version: Option<i64>,
    principal: Arc<Principal>,
    form: Option<Filled>,
}

impl Casework {
    /// 受理: accepts a received report, opens cases for it and joins it to others.
    pub async fn report_accept(
        &self,
        call: &Call,
        report_id: Id,
        input: ReportAcceptRequest,
    ) -> Result<ReportAcceptedView, CaseworkError> {
        let mut wrong = input.check();
        let mut located = Vec::with_capacity(input.open_cases.len());
        for (n, open) in input.open_cases.iter().enumerate() {
            let prefix = format!("open_cases[{n}].");
            self.check_category(&prefix, open, &mut wrong);
            located.push(self.locate_own(&prefix, open, &mut wrong));
        }
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let now = self.now();
        let once = self.once(call, "report_accept", Some(report_id), &input)?;
        let ids = self.case_ids(input.open_cases.len(), now).await?;
        let order = Acceptance {
            report_id,
            input,
            located,
            ids,
            once,
            expected_version: call.expected_version,
            principal: call.principal.clone(),
            form: call.form.clone(),
        };
        let this = self.clone();
        self.store()
            .write(move |tx| this.report_accept_in(tx, &order, now))
            .await
    }

    /// Ids and numbers of so many new cases.
    pub(super) async fn case_ids(
        &self,
        count: usize,
        now: Timestamp,
    ) -> Result<Vec<(Id, String)>, CaseworkError> {
        let mut ids = Vec::with_capacity(count);
        for _ in 0..count {
            ids.push((self.next_id(), self.number(NumberKind::Case, now).await?));
        }
        Ok(ids)
    }

    fn report_accept_in(
        &self,
        tx: &mut Tx<'_>,
        order: &Acceptance,
        now: Timestamp,
    ) -> Result<ReportAcceptedView, CaseworkError> {
        if let Some(once) = &order.once
            && let Some(answer) = idempotency::lookup(tx, once)?
        {
            return answered(&answer);
        }
        let row = read::report_with_cases(tx, order.report_id)?
            .ok_or(CaseworkError::NotFound("report"))?;
        let by = self.acting_on_report(&order.principal, "report_accept", &row)?;
        check_version(order.expected_version, &row.report)?;
        let command = ReportCommand::Accept {
            case_ids: order.ids.iter().map(|(id, _)| *id).collect(),
            joined_case_ids: order.input.join_case_ids.clone(),
        };
        let open_cases: Vec<_> = order.input.open_cases.iter().collect();
        let mut events =
            self.report_decide_opening(&row.report, &command, &open_cases, &by, Moment::at(now))?;
        let process = self.process_opening(&row.report, &open_cases)?;
        let form = self.form_checked(&process, "report_accept", order.form.as_ref())?;
        let note = with_form(&mut events, "report_accept", form);
        let new = self.cases_opened(tx, &row, order, &by, now)?;
        // Cases before reports, in order of id: as every command takes them.
        let mut joined = order.input.join_case_ids.clone();
        joined.sort_unstable();
        let mut states = Vec::with_capacity(joined.len());
        for case_id in joined {
            let case = self.join_case(tx, &order.principal, case_id, &row, now)?;
            states.push((&case).into());
        }
        for case in &new {
            self.case_write(tx, case)?;
        }
        let after = Self::report_save(tx, &row, &events)?;
        if let Some((id, sealed)) = &note {
            write::note_add(tx, *id, after.id, sealed)?;
        }
        let ids: Vec<String> = after
            .cases
            .iter()
            .map(|each| format!("\"{}\"", each.case_id))
            .collect();
        tx.audit(&AuditEntry {
            at: now,
            actor: by.account_id,
            action: "report_accept",
            object: after.id,
            detail: &format!("{{\"case_ids\":[{}]}}", ids.join(",")),
        })?;
        let answer = ReportAcceptedView {
            report: (&after).into(),
            opened: new.iter().map(|new| (&new.case).into()).collect(),
            joined: states,
        };
        if let Some(once) = &order.once {
            idempotency::remember(tx, once, &answer_text(&answer))?;
        }
        Ok(answer)
    }

    fn cases_opened(
        &self,
        tx: &mut Tx<'_>,
        row: &ReportRow,
        order: &Acceptance,
        by: &Actor,
        now: Timestamp,
    ) -> Result<Vec<NewCase>, CaseworkError> {
        let report = &row.report;
        let report_words = self.report_words(tx, report.id)?.unwrap_or_default();
        let process = self.process_for(&report.source)?;
        let origin = Origin::of_report(report, row.organisation.clone());
        let mut new = Vec::with_capacity(order.ids.len());
        for ((open, located), ids) in order
            .input
            .open_cases
            .iter()
            .zip(&order.located)
            .zip(&order.ids)
        {
            let mut located = located
                .clone()
                .unwrap_or_else(|| self.located(report.area_path.as_ref(), report.point));
            self.locate_component(tx, open, &mut located)?;
            let words = own_words(open, &report_words);
            let ids = ids.clone();
            let begun = self.case_begin(
                &origin,
                open,
                words.as_ref(),
                &located,
                ids,
                by,
                &process,
                Moment::at(now),
            );
            new.push(begun.map_err(|error| error.about(report))?);
        }
        Ok(new)
    }

    /// A place again, with its district and street as they are now. Of an area that ended meanwhile what took its place, where that can
    /// be told.
    pub(super) fn located(&self, area_path: Option<&TreePath>, point: Option<Point>) -> Located {
        let city = &self.parts().city;
        let place = |path| {
            let in_force = city.place_in_force(path, point);
            in_force.or_else(|| city.place_by_path(path))
        };
        Located {
            point,
            place: area_path.and_then(place),
            component: None,
        }
    }

    /// In which capacity somebody may act on a report: for the organisation that received it, or in its area or zone.
    pub(super) fn acting_on_report(
        &self,
        principal: &Principal,
        permission: &'static str,
        row: &ReportRow,
    ) -> Result<Actor, CaseworkError> {
        let paths = [row.organisation.path.clone()];
        let reach = Reach {
            area_path: row.report.area_path.as_ref(),
            organisation_paths: &paths,
        };
        let zones = self.report_zones_for(principal, &row.report);
        let acting = |permission| principal.acting_in_zones(permission, &reach, &zones);
        match acting(permission) {
            Ok(actor) => Ok(actor.into()),
            Err(denied) if denied.out_of_reach && acting("report_view").is_err() => {
                Err(CaseworkError::NotFound("report"))
            }
            Err(denied) => Err(denied.into()),
        }
    }
}
