//! Commands on reports, and what they mean for the cases the reports are tied to.

mod beginning;
mod callback;
mod forget;
mod pool;
mod sources;
mod ties;

pub(super) use beginning::Origin;
pub use sources::Sources;

use super::case::concern_of_report;
use super::{Call, Casework, Filled, answer_text, answered, process_missing};
use crate::failure::CaseworkError;
use crate::input::CaseOpenRequest;
use crate::lifecycle::case;
use crate::lifecycle::decide::{self, CaseCommand};
use crate::lifecycle::links::LinkCommand;
use crate::lifecycle::report::{self, ReportCommand, ReportFact};
use crate::lifecycle::{Circumstances, Event};
use crate::model::{Actor, Case, NoteRef, Report, ReportCase};
use crate::process::Process;
use crate::store::read::{self, CaseKey, ReportRow};
use crate::store::write;
use crate::view::ReportStateView;
use ::store::idempotency::{self, Once};
use ::store::{AuditEntry, StoreError, Tx};
use access::Principal;
use base::{Id, Timestamp};
use std::sync::Arc;

/// A command on a report with all it needs, ready to be run as often as the store likes.
pub(super) struct ReportOrder {
    report_id: Id,
    command: ReportCommand,
    /// A sealed note to store with it.
    note: Option<(Id, Vec<u8>)>,
    expected_version: Option<i64>,
    /// When it happened; now when nothing was said.
    occurred_at: Option<Timestamp>,
    once: Option<Once>,
    principal: Arc<Principal>,
    form: Option<Filled>,
}

/// Puts on record that a form was filled in before what was decided; the sealed note to store, where something was.
pub(super) fn with_form(
    events: &mut Vec<Event<ReportFact>>,
    operation: &str,
    form: Option<(NoteRef, Vec<u8>)>,
) -> Option<(Id, Vec<u8>)> {
    let (filled, sealed) = form?;
    let Event {
        occurred_at,
        recorded_at,
        by,
        ..
    } = events.first()?.clone();
    let id = filled.id;
    let operation = operation.to_owned();
    events.insert(
        0,
        Event {
            occurred_at,
            recorded_at,
            by,
            fact: ReportFact::ReportFormFilled { operation, filled },
        },
    );
    Some((id, sealed))
}

/// When something happened, and when we learnt of it.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) occurred_at: Timestamp,
    pub(super) recorded_at: Timestamp,
}

impl Moment {
    /// Learnt of now, when it happened may be said.
    pub(super) fn of(occurred_at: Option<Timestamp>, now: Timestamp) -> Self {
        Self {
            occurred_at: occurred_at.unwrap_or(now),
            recorded_at: now,
        }
    }

    /// Learnt of as it happened.
    pub(super) const fn at(now: Timestamp) -> Self {
        Self {
            occurred_at: now,
            recorded_at: now,
        }
    }
}

impl ReportOrder {
    fn new(call: &Call, report_id: Id, command: ReportCommand, once: Option<Once>) -> Self {
        Self {
            report_id,
            command,
            note: None,
            occurred_at: None,
            expected_version: call.expected_version,
            once,
            principal: call.principal.clone(),
            form: call.form.clone(),
        }
    }
}

impl Casework {
    async fn run_report(&self, order: ReportOrder) -> Result<ReportStateView, CaseworkError> {
        let now = self.now();
        let (this, report_id) = (self.clone(), order.report_id);
        let principal = order.principal.clone();
        let operation = order.command.operation();
        let outcome = self
            .store()
            .write(move |tx| this.run_report_in(tx, &order, now))
            .await;
        match outcome {
            // Others kept winning: say what they made of it. Whoever got as far as a conflict may act on the report.
            Err(CaseworkError::Store(StoreError::Conflict)) => {
                let this = self.clone();
                let found = self.store().read(move |tx| {
                    let row = read::report_with_cases(tx, report_id)?;
                    let may = |row: &ReportRow| this.acting_on_report(&principal, operation, row);
                    Ok::<_, StoreError>(row.filter(|row| may(row).is_ok()))
                });
                Err(match found.await {
                    Ok(Some(row)) => CaseworkError::ReportVersion(Box::new((&row.report).into())),
                    _ => CaseworkError::Store(StoreError::Conflict),
                })
            }
            outcome => outcome,
        }
    }

    fn run_report_in(
        &self,
        tx: &mut Tx<'_>,
        order: &ReportOrder,
        now: Timestamp,
    ) -> Result<ReportStateView, CaseworkError> {
        if let Some(once) = &order.once
            && let Some(answer) = idempotency::lookup(tx, once)?
        {
            return answered(&answer);
        }
        let row = read::report_with_cases(tx, order.report_id)?
            .ok_or(CaseworkError::NotFound("report"))?;
        let operation = order.command.operation();
        let by = self.acting_on_report(&order.principal, operation, &row)?;
        check_version(order.expected_version, &row.report)?;
        let process = self.process_of_report(&row.report)?;
        let moment = Moment::of(order.occurred_at, now);
        let mut events =
            self.report_decide_by(&process, &row.report, &order.command, Some(&by), moment)?;
        let form = self.form_checked(&process, operation, order.form.as_ref())?;
        let filled = with_form(&mut events, operation, form);
        if let ReportCommand::Withdraw { .. } = order.command {
            self.leave_cases(tx, &row.report, &by, now)?;
        }
        if let (ReportCommand::Forget { .. }, false) = (&order.command, events.is_empty()) {
            Self::forget(tx, &row.report)?;
        }
        let after = Self::report_save(tx, &row, &events)?;
        if after.version != row.report.version {
            for (id, sealed) in order.note.iter().chain(&filled) {
                write::note_add(tx, *id, after.id, sealed)?;
            }
            tx.audit(&AuditEntry {
                at: now,
                actor: by.account_id,
                action: operation,
                object: after.id,
                detail: &format!("{{\"version\":{}}}", after.version),
            })?;
        }
        let answer = ReportStateView::from(&after);
        if let Some(once) = &order.once {
            idempotency::remember(tx, once, &answer_text(&answer))?;
        }
        Ok(answer)
    }

    /// Decides a command on a report.
    pub(super) fn report_decide(
        &self,
        report: &Report,
        command: &ReportCommand,
        by: Option<&Actor>,
        now: Timestamp,
    ) -> Result<Vec<Event<ReportFact>>, CaseworkError> {
        let process = self.process_of_report(report)?;
        self.report_decide_by(&process, report, command, by, Moment::at(now))
    }

    /// Decides that a report is accepted: under the process that the first of the cases it opens is run by, which then has the
    /// reporter called back or not.
    pub(super) fn report_decide_opening(
        &self,
        report: &Report,
        command: &ReportCommand,
        open_cases: &[&CaseOpenRequest],
        by: &Actor,
        moment: Moment,
    ) -> Result<Vec<Event<ReportFact>>, CaseworkError> {
        let process = self.process_opening(report, open_cases)?;
        self.report_decide_by(&process, report, command, Some(by), moment)
    }

    /// The process that the first of the cases a report opens is run by.
    pub(super) fn process_opening(
        &self,
        report: &Report,
        open_cases: &[&CaseOpenRequest],
    ) -> Result<Arc<Process>, CaseworkError> {
        let named = match open_cases.first() {
            Some(first) => self.process_named(first)?,
            None => None,
        };
        match named {
            Some(process) => Ok(process),
            None => self.process_of_report(report),
        }
    }

    fn report_decide_by(
        &self,
        process: &Process,
        report: &Report,
        command: &ReportCommand,
        by: Option<&Actor>,
        moment: Moment,
    ) -> Result<Vec<Event<ReportFact>>, CaseworkError> {
        let circumstances = Circumstances {
            occurred_at: moment.occurred_at,
            ..self.circumstances(process, by, moment.recorded_at)
        };
        report::decide(report, command, &circumstances).map_err(|refusal| {
            CaseworkError::ReportRefused {
                refusal,
                current: Some(Box::new(report.into())),
            }
        })
    }

    /// Writes what a command made of a report; the report afterwards.
    pub(super) fn report_save(
        tx: &mut Tx<'_>,
        row: &ReportRow,
        events: &[Event<ReportFact>],
    ) -> Result<Report, CaseworkError> {
        let before = &row.report;
        if events.is_empty() {
            return Ok(before.clone());
        }
        let after = events.iter().fold(before.clone(), report::evolve);
        write::report_move(tx, before, &after)?;
        let concern = concern_of_report(after.area_path.as_ref(), &row.organisation.path);
        write::timeline_add(tx, after.id, before.version, events, &concern)?;
        Ok(after)
    }

    /// Decides a command on the case side of a tie and writes what it made of it; the case afterwards.
    pub(super) fn link_step(
        &self,
        tx: &mut Tx<'_>,
        before: &Case,
        command: LinkCommand,
        by: &Actor,
        now: Timestamp,
    ) -> Result<Case, CaseworkError> {
        let process = self.process_of_case(before)?;
        let circumstances = self.circumstances(&process, Some(by), now);
        let command = CaseCommand::Link(command);
        let events = decide::decide(before, &command, &circumstances).map_err(|refusal| {
            CaseworkError::CaseRefused {
                refusal,
                current: Some(Box::new(before.into())),
            }
        })?;
        let after = events.iter().fold(before.clone(), case::evolve);
        self.save(tx, before, &after, &events)?;
        Ok(after)
    }

    fn leave_cases(
        &self,
        tx: &mut Tx<'_>,
        report: &Report,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), CaseworkError> {
        let open = |each: &&ReportCase| !each.closed;
        for tie in report.cases.iter().filter(open) {
            let case = read::case_with_tasks(tx, CaseKey::Case(tie.case_id))?
                .ok_or(CaseworkError::NotFound("case"))?;
            let command = LinkCommand::Leave {
                report_id: report.id,
            };
            self.link_step(tx, &case, command, by, now)?;
        }
        Ok(())
    }

    /// What the law looks at when nothing is cited and nothing was late.
    pub(super) fn circumstances<'a>(
        &'a self,
        process: &'a Process,
        actor: Option<&'a Actor>,
        now: Timestamp,
    ) -> Circumstances<'a> {
        Circumstances {
            recorded_at: now,
            occurred_at: now,
            actor,
            process,
            reckoner: &*self.parts().reckoner,
            rule: None,
            category_has_rules: false,
            suggested: None,
        }
    }

    /// The process a report was accepted under, or would be.
    pub(super) fn process_of_report(&self, report: &Report) -> Result<Arc<Process>, CaseworkError> {
        let Some(reference) = &report.extra.process else {
            return self.process_for(&report.source);
        };
        self.parts().processes.get(reference).ok_or_else(|| {
            CaseworkError::Store(StoreError::Corrupt(format!(
                "report {} pinned process {} version {}, which is not loaded",
                report.id, reference.code, reference.version
            )))
        })
    }

    pub(super) fn process_of_case(&self, case: &Case) -> Result<Arc<Process>, CaseworkError> {
        let process = self.parts().processes.get(&case.process);
        process.ok_or_else(|| process_missing(case))
    }
}

/// Refuses when the caller has seen another version.
pub(super) fn check_version(expected: Option<i64>, report: &Report) -> Result<(), CaseworkError> {
    if expected.is_some_and(|version| version != report.version) {
        return Err(CaseworkError::ReportVersion(Box::new(report.into())));
    }
    Ok(())
}
