//! Commands on reports: receive, accept, unmask.

use super::case::{concern_of_case, concern_of_report};
use super::links::{Moment, Origin, with_form};
use super::sealed::{self, Reporter, Words};
use super::{Call, Casework, answer_text, answered};
use crate::city::Place;
use crate::clocks::Clock;
use crate::failure::CaseworkError;
use crate::input::{CaseOpenRequest, PlaceRequest, ReportCreateRequest, ReportUnmaskRequest};
use crate::lifecycle::case::CaseFact;
use crate::lifecycle::report::{self, ReportCommand, ReportFact, ReportReceived};
use crate::lifecycle::{Event, Refusal};
use crate::model::{Actor, Case, ComponentPinned, Digest, ExternalKey, Level, Report};
use crate::numbers::NumberKind;
use crate::process::Process;
use crate::store::attachments::{self, Owner};
use crate::store::read;
use crate::store::write::{self, CaseSecrets, ReportSecrets};
use crate::store::{REPORT_BY_EXTERNAL, REPORT_SEALED};
use crate::view::{ReportCreatedView, ReportStateView, ReportView};
use ::store::idempotency::{self, Once};
use ::store::{AuditEntry, StoreError, Tx, params};
use access::{Denied, Reach};
use base::{FieldError, Id, Point, Timestamp};
use std::sync::Arc;

/// A new case, decided on and sealed.
pub(super) struct NewCase {
    /// As it began.
    pub(super) begun: Case,
    /// As it is after all that followed in the same act.
    pub(super) case: Case,
    pub(super) events: Vec<Event<CaseFact>>,
    pub(super) secrets: CaseSecrets,
}

/// A new report, decided on and sealed: what is left is to write it.
pub(super) struct NewReport {
    report: Report,
    events: Vec<Event<ReportFact>>,
    secrets: ReportSecrets,
    by: Actor,
    case: Option<NewCase>,
    files: Option<NewFiles>,
    /// What was filled in to accept it, sealed.
    form: Option<(Id, Vec<u8>)>,
}

/// The files that are sent with a new report.
struct NewFiles {
    field: &'static str,
    ids: Vec<Id>,
    account: Id,
}

impl NewReport {
    pub(super) fn state(&self) -> &Report {
        &self.report
    }

    /// The case it opens at once.
    pub(super) fn case_id(&self) -> Option<Id> {
        self.case.as_ref().map(|new| new.case.id)
    }

    fn answer(&self) -> ReportCreatedView {
        ReportCreatedView {
            report: (&self.report).into(),
            case: self.case.as_ref().map(|new| (&new.case).into()),
        }
    }
}

/// Where something is, resolved.
#[derive(Clone, Default)]
pub(super) struct Located {
    pub(super) point: Option<Point>,
    pub(super) place: Option<Place>,
    /// Of a case: the component it is about.
    pub(super) component: Option<ComponentPinned>,
}

impl Casework {
    /// Receives a report; with `open_case` it is accepted and its case opened in the same transaction.
    pub async fn report_create(
        &self,
        call: &Call,
        input: ReportCreateRequest,
    ) -> Result<ReportCreatedView, CaseworkError> {
        let by: Actor = call.principal.acting_anywhere("report_create")?.into();
        let now = self.now();
        let once = self.once(call, "report_create", None, &input)?;
        let opener = Some((call, "report_accept"));
        if input.open_case.is_none() && call.form.is_some() {
            let told = "the form of `report_accept` goes with `open_case`";
            let wrong = FieldError::new("form", "unexpected", told);
            return Err(CaseworkError::Invalid(vec![wrong]));
        }
        let mut new = self.report_prepare(opener, by, &input, now).await?;
        let account = call.principal.account_id;
        let ids = call.attachment_ids.clone();
        self.report_attach(&mut new, "attachment_ids", ids, account, now)
            .await?;
        let new = Arc::new(new);
        let this = self.clone();
        self.store()
            .write(move |tx| this.report_create_in(tx, &new, once.as_ref(), now))
            .await
    }

    fn report_create_in(
        &self,
        tx: &mut Tx<'_>,
        new: &NewReport,
        once: Option<&Once>,
        now: Timestamp,
    ) -> Result<ReportCreatedView, CaseworkError> {
        if let Some(once) = once
            && let Some(answer) = idempotency::lookup(tx, once)?
        {
            return answered(&answer);
        }
        if let Some(existing) = external_twin(tx, &new.report)? {
            return Err(CaseworkError::ReportExists(Box::new(existing)));
        }
        Self::report_files_write(tx, new, now)?;
        self.report_write(tx, new, now)?;
        tx.audit(&AuditEntry {
            at: now,
            actor: new.by.account_id,
            action: "report_create",
            object: new.report.id,
            detail: &audit_detail(new),
        })?;
        let answer = new.answer();
        if let Some(once) = once {
            idempotency::remember(tx, once, &answer_text(&answer))?;
        }
        Ok(answer)
    }

    /// Checks, resolves, decides and seals a new report; touches the database only for its human numbers. `opener` says who
    /// opens its case, if it has one, and by which operation.
    pub(super) async fn report_prepare(
        &self,
        opener: Option<(&Call, &'static str)>,
        by: Actor,
        input: &ReportCreateRequest,
        now: Timestamp,
    ) -> Result<NewReport, CaseworkError> {
        let mut wrong = input.check(now);
        if !self.source_is_active(&input.source).await? {
            wrong.push(FieldError::new(
                "source",
                "unknown_code",
                "there is no such source in use",
            ));
        }
        let located = self.locate(&input.place, "place", &mut wrong);
        let open = input.open_case.as_ref();
        if let Some(open) = open {
            self.check_category("open_case.", open, &mut wrong);
        }
        let mut case_located = self.locate_case(open, &located, &mut wrong);
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        case_located.component = self
            .component_pinned(
                open.and_then(|open| open.component_id),
                "open_case.component_id",
            )
            .await?;
        // Nobody could ever decide on it.
        let process = self.process_for(&input.source)?;
        let level = input.level.unwrap_or(Level::Normal);
        // What is brought in from files was told long ago: nobody waits for it at the desk.
        let clock = opener.and_then(|_| process.acceptance_clock(level, now));
        let mut new = self.report_seal(by, input, located, clock, now).await?;
        if let (Some(open), Some(opener)) = (open, opener) {
            let words = input_words(input);
            self.open_at_once(opener, &mut new, open, &words, case_located, now)
                .await?;
        }
        Ok(new)
    }

    /// Where the case is: its own place, or the report's.
    fn locate_case(
        &self,
        open: Option<&CaseOpenRequest>,
        report: &Located,
        wrong: &mut Vec<FieldError>,
    ) -> Located {
        match open.and_then(|open| open.place.as_ref()) {
            Some(place) => self.locate(place, "open_case.place", wrong),
            None => report.clone(),
        }
    }

    pub(super) fn locate(
        &self,
        place: &PlaceRequest,
        field: &str,
        wrong: &mut Vec<FieldError>,
    ) -> Located {
        let point = place.point(wrong);
        let city = &self.parts().city;
        let found = match &place.area_code {
            Some(code) => self.known_area(format!("{field}.area_code"), code, wrong),
            None => point.and_then(|point| city.place_at(point)),
        };
        Located {
            point,
            place: found,
            component: None,
        }
    }

    async fn report_seal(
        &self,
        by: Actor,
        input: &ReportCreateRequest,
        located: Located,
        clock: Option<Clock>,
        now: Timestamp,
    ) -> Result<NewReport, CaseworkError> {
        let sealer = &self.parts().sealer;
        let id = self.next_id();
        let words = sealed::seal_words(sealer, &input_words(input), &sealed::report_words(id));
        let received = ReportReceived {
            report_id: id,
            report_no: self.number(NumberKind::Report, now).await?,
            source: input.source.clone(),
            level: input.level.unwrap_or(Level::Normal),
            words: Digest(hex::encode(words.digest)),
            area_path: located.place.map(|place| place.area_path),
            point: located.point,
            external: input.external.as_ref().map(|external| ExternalKey {
                system: external.system.clone(),
                id: external.id.clone(),
            }),
            clock,
        };
        let event = Event {
            occurred_at: input.occurred_at.unwrap_or(now),
            recorded_at: now,
            by: Some(by.clone()),
            fact: ReportFact::ReportReceived(received),
        };
        let report = report::begin(&event)
            .ok_or_else(|| StoreError::Statement("a report did not begin".to_owned()))?;
        let mut secrets = ReportSecrets {
            words: words.sealed,
            title: sealer.seal(input.title.trim().as_bytes(), &sealed::report_title(id)),
            ..ReportSecrets::default()
        };
        self.seal_reporter(id, input, &mut secrets);
        Ok(NewReport {
            report,
            events: vec![event],
            secrets,
            by,
            case: None,
            files: None,
            form: None,
        })
    }

    pub(super) fn seal_reporter(
        &self,
        id: Id,
        input: &ReportCreateRequest,
        secrets: &mut ReportSecrets,
    ) {
        let Some(reporter) = &input.reporter else {
            return;
        };
        let sealer = &self.parts().sealer;
        secrets.reporter_hidden = reporter.hidden;
        secrets.reporter_key = reporter
            .phone
            .as_deref()
            .and_then(access::mask::normalised_phone)
            .map(|phone| sealer.keyed_hash(&phone));
        if reporter.name.is_some() || reporter.phone.is_some() {
            let plain = Reporter {
                name: reporter.name.clone(),
                phone: reporter.phone.clone(),
            };
            let plain = serde_json::to_vec(&plain).unwrap_or_default();
            secrets.reporter = Some(sealer.seal(&plain, &sealed::report_reporter(id)));
        }
    }

    pub(super) async fn number(
        &self,
        kind: NumberKind,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let prefix = &self.parts().number_prefix;
        self.numbers().next(self.store(), kind, prefix, now).await
    }

    /// Accepts a report that is just being received.
    async fn open_at_once(
        &self,
        (call, operation): (&Call, &'static str),
        new: &mut NewReport,
        open: &CaseOpenRequest,
        report_words: &Words,
        located: Located,
        now: Timestamp,
    ) -> Result<(), CaseworkError> {
        let paths = [new.by.organisation_path.clone()];
        let reach = Reach {
            area_path: located.place.as_ref().map(|place| &place.area_path),
            organisation_paths: &paths,
        };
        let by: Actor = call.principal.acting(operation, &reach)?.into();
        // Who handled it at once did so when it was found; what is told at the desk is opened now, whenever it was told.
        let handled = (operation == "case_self_handle").then_some(new.report.received_at);
        let moment = Moment::of(handled, now);
        let ids = (self.next_id(), self.number(NumberKind::Case, now).await?);
        let process = self.process_for(&new.report.source)?;
        let words = own_words(open, report_words);
        let command = ReportCommand::Accept {
            case_ids: vec![ids.0],
            joined_case_ids: Vec::new(),
        };
        let mut events = self.report_decide_opening(&new.report, &command, &[open], &by, moment)?;
        // Of what is handled at once the form is asked for with the case.
        if operation == "report_accept" {
            let process = self.process_opening(&new.report, &[open])?;
            let form = self.form_checked(&process, operation, call.form.as_ref())?;
            new.form = with_form(&mut events, operation, form);
        }
        let origin = Origin::of_report(&new.report, new.by.organisation());
        let case = self
            .case_begin(
                &origin,
                open,
                words.as_ref(),
                &located,
                ids,
                &by,
                &process,
                moment,
            )
            .map_err(|error| error.about(&new.report))?;
        new.report = events.iter().fold(new.report.clone(), report::evolve);
        new.events.extend(events);
        new.case = Some(case);
        Ok(())
    }

    pub(super) fn process_for(&self, source: &str) -> Result<Arc<Process>, CaseworkError> {
        self.parts()
            .processes
            .for_source(source)
            .ok_or_else(|| CaseworkError::ReportRefused {
                refusal: Refusal::SourceNotServed {
                    source_code: source.to_owned(),
                },
                current: None,
            })
    }

    /// Sends files along with a new report.
    pub(super) async fn report_attach(
        &self,
        new: &mut NewReport,
        field: &'static str,
        ids: Vec<Id>,
        account: Id,
        now: Timestamp,
    ) -> Result<(), CaseworkError> {
        if ids.is_empty() {
            return Ok(());
        }
        let asked = ids.clone();
        let files = self
            .store()
            // Whether they are still free is asked where the answer to an earlier call with the same key is looked for.
            .read(move |tx| Self::files_uploaded(tx, field, &asked, account, true))
            .await?;
        let event = Event {
            occurred_at: new.report.received_at,
            recorded_at: now,
            by: Some(new.by.clone()),
            fact: ReportFact::ReportFilesAttached { files },
        };
        new.report = report::evolve(new.report.clone(), &event);
        new.events.push(event);
        new.files = Some(NewFiles {
            field,
            ids,
            account,
        });
        Ok(())
    }

    /// The files that are sent with a new report belong to it from now on.
    pub(super) fn report_files_write(
        tx: &mut Tx<'_>,
        new: &NewReport,
        now: Timestamp,
    ) -> Result<(), CaseworkError> {
        let Some(files) = &new.files else {
            return Ok(());
        };
        Self::files_waiting(tx, files.field, &files.ids, files.account)?;
        for id in &files.ids {
            let owner = Owner::Report(new.report.id);
            attachments::attach(tx, *id, owner, "report_create", now)?;
        }
        Ok(())
    }

    /// Writes a new report and its case.
    pub(super) fn report_write(
        &self,
        tx: &mut Tx<'_>,
        new: &NewReport,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let organisation = new.by.organisation();
        write::report_add(tx, &new.report, &organisation, now, &new.secrets)?;
        let concern = concern_of_report(new.report.area_path.as_ref(), &organisation.path);
        write::timeline_add(tx, new.report.id, 0, &new.events, &concern)?;
        self.set_report_timer(tx, &new.report, now)?;
        if let Some((id, sealed)) = &new.form {
            write::note_add(tx, *id, new.report.id, sealed)?;
        }
        if let Some(case) = &new.case {
            write::report_cases_add(tx, &new.report)?;
            self.case_write(tx, case)?;
        }
        Ok(())
    }

    /// The words of a report, opened; none once forgotten.
    pub(super) fn report_words(
        &self,
        tx: &mut Tx<'_>,
        id: Id,
    ) -> Result<Option<Words>, StoreError> {
        let sealed: Option<Vec<u8>> = tx
            .query_opt(&REPORT_SEALED, params![id], |row| row.get(0))?
            .flatten();
        match sealed {
            None => Ok(None),
            Some(sealed) => {
                let context = sealed::report_words(id);
                Ok(Some(
                    sealed::open_words(&self.parts().sealer, &sealed, &context)?.0,
                ))
            }
        }
    }

    /// Shows a report with its personal data; the reason is recorded in the audit chain, together with who asked.
    pub async fn report_unmask(
        &self,
        call: &Call,
        report_id: Id,
        input: ReportUnmaskRequest,
    ) -> Result<ReportView, CaseworkError> {
        let now = self.now();
        let (this, principal) = (self.clone(), call.principal.clone());
        self.store()
            .write(move |tx| {
                let seen = this.report_seen(tx, &principal, "report_unmask", report_id)?;
                if !seen.shows_reporter {
                    return Err(Denied {
                        permission: "report_unmask".to_owned(),
                        out_of_reach: true,
                    }
                    .into());
                }
                tx.audit(&AuditEntry {
                    at: now,
                    actor: principal.account_id,
                    action: "report_unmask",
                    object: report_id,
                    detail: &format!("{{\"reason\":\"{}\"}}", input.reason.as_str()),
                })?;
                this.report_view_in(tx, &seen, false)
            })
            .await
    }
}

impl Casework {
    /// Writes a new case with all that followed in the same act.
    pub(super) fn case_write(&self, tx: &mut Tx<'_>, new: &NewCase) -> Result<(), StoreError> {
        write::case_add(tx, &new.begun, &new.secrets)?;
        if new.events.len() > 1 {
            write::case_move(tx, &new.begun, &new.case, new.secrets.recorded_at)?;
            crate::store::routing::dispatches_kept(tx, &new.begun, &new.case, &new.events)?;
        }
        let concern = concern_of_case(&new.case);
        write::timeline_add(tx, new.case.id, 0, &new.events, &concern)?;
        self.schedule(tx, None, &new.case)
    }
}

fn input_words(input: &ReportCreateRequest) -> Words {
    Words {
        title: input.title.trim().to_owned(),
        detail: input.detail.clone(),
        address: input.address.clone(),
    }
}

/// The case's own words, filled up from the report's; none when nothing was said.
pub(super) fn own_words(open: &CaseOpenRequest, report: &Words) -> Option<Words> {
    open.has_words().then(|| Words {
        title: open
            .title
            .as_deref()
            .map_or_else(|| report.title.clone(), |title| title.trim().to_owned()),
        detail: open.detail.clone().unwrap_or_else(|| report.detail.clone()),
        address: open.address.clone().or_else(|| report.address.clone()),
    })
}

fn audit_detail(new: &NewReport) -> String {
    new.case.as_ref().map_or_else(
        || "{}".to_owned(),
        |new| format!("{{\"case_id\":\"{}\"}}", new.case.id),
    )
}

/// A report that bears the same external key already.
pub(super) fn external_twin(
    tx: &mut Tx<'_>,
    report: &Report,
) -> Result<Option<ReportStateView>, StoreError> {
    let Some(key) = &report.external else {
        return Ok(None);
    };
    let twin: Option<Id> =
        tx.query_opt(&REPORT_BY_EXTERNAL, params![key.system, key.id], |row| {
            row.get(0)
        })?;
    match twin {
        None => Ok(None),
        Some(id) => Ok(read::report_with_cases(tx, id)?.map(|row| (&row.report).into())),
    }
}
