//! `case_import`: what another system did, from a table by a mapping, as reports and cases with their history.
//!
//! A row becomes a report, and a case where the mapping says so, by the law of [`crate::lifecycle::bring_in`]. A row whose (system, id) is
//! here already is followed ([`later`]): what the file tells besides what is known is added, and the same file twice changes nothing. What is wrong with the mapping, or between it and the file or the city, refuses the file before
//! anything is stored; a bad row is listed and does not keep the others out.

mod later;
mod maker;

use super::case::{concern_of_case, concern_of_report};
use super::import::Progress;
use super::report::{Located, NewCase};
use super::{Casework, import};
use crate::failure::CaseworkError;
use crate::input::{ExternalRequest, PlaceRequest, ReportCreateRequest, ReporterRequest};
use crate::lifecycle::report::{self, ReportFact};
use crate::lifecycle::{Event, Refusal};
use crate::model::{Actor, OrganisationRef, Report};
use crate::numbers::NumberKind;
use crate::process::Process;
use crate::records::{Kind, Mapping, MappingFault, Names, Reader, Record, Unread};
use crate::store::REPORT_BY_EXTERNAL;
use crate::store::write::{self, ReportSecrets};
use ::store::{AuditEntry, StoreError, Tx, params};
use access::Principal;
use base::limits::DESCRIPTION_CHARACTERS_MAX;
use base::{FieldError, Id, Timestamp};
use later::{Followed, Told};
use maker::Maker;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use table::{Outcome, Report as TableReport, Row, RowError, Table};

/// What is brought in, and how.
pub struct BringInOptions<'a> {
    /// What the columns mean.
    pub mapping: &'a Mapping,
    /// What the city's organisations and categories are called.
    pub names: &'a Names,
    /// Say what would happen and change nothing.
    pub dry_run: bool,
}

/// Of each field and each of the file's words for it that nothing knows: how many rows.
pub type UnknownWords = BTreeMap<(String, String), u64>;

/// What became of a file.
#[derive(Debug, Default)]
pub struct BroughtInReport {
    /// Of its rows.
    pub rows: TableReport,
    /// The words to add to the mapping.
    pub unknown: UnknownWords,
}

/// Why nothing of a file was brought in.
#[derive(Debug)]
pub enum BringInError {
    /// Places of the mapping that make no sense here.
    Mapping(Vec<MappingFault>),
    /// The room said no.
    Casework(CaseworkError),
}

impl<E: Into<CaseworkError>> From<E> for BringInError {
    fn from(error: E) -> Self {
        Self::Casework(error.into())
    }
}

/// A record, decided on and sealed: what is left is to write it.
struct Ready {
    report: Report,
    events: Vec<Event<ReportFact>>,
    secrets: ReportSecrets,
    organisation: OrganisationRef,
    notes: Vec<(Id, Id, Vec<u8>)>,
    case: Option<NewCase>,
    remarks: Vec<RowError>,
    /// What is compared with what is here already.
    told: Told,
}

/// What holds for all rows of a file.
struct File<'a> {
    mapping: &'a Mapping,
    by: Actor,
    received_by: OrganisationRef,
    process: Option<Arc<Process>>,
    sources: BTreeSet<String>,
    now: Timestamp,
}

impl Casework {
    /// Brings a file in. Whoever may do all that the other system did may.
    pub async fn bring_in(
        &self,
        principal: &Principal,
        table: &Table,
        options: &BringInOptions<'_>,
        progress: &Progress<'_>,
    ) -> Result<BroughtInReport, BringInError> {
        let by: Actor = principal.acting_anywhere("report_create")?.into();
        if options.mapping.kind() == Kind::Cases {
            for permission in ["report_accept", "case_file", "case_dispatch", "case_close"] {
                principal.acting_anywhere(permission)?;
            }
        }
        let file = self.file(table, options, by).await?;
        let mut reader = Reader::new(options.mapping, options.names, file.now);
        let mut done = BroughtInReport::default();
        let total = table.len() as u64;
        let mut batch: Vec<(RowError, Ready)> = Vec::with_capacity(import::BATCH);
        for row in table.rows() {
            done.rows.read += 1;
            let read = match row {
                Ok(row) => {
                    let read = self.row(&row, &mut reader, &file).await?;
                    read.map(|ready| (row.error_overall(String::new()), ready))
                }
                Err(error) => Err(error.into()),
            };
            match read {
                Ok(ready) => batch.push(ready),
                Err(Unread { error, unknown }) => {
                    done.rows.reject(error);
                    if let Some(word) = unknown {
                        *done.unknown.entry(word).or_default() += 1;
                    }
                }
            }
            if batch.len() >= import::BATCH {
                let full = std::mem::take(&mut batch);
                self.write_all(full, &file, options.dry_run, &mut done.rows)
                    .await?;
            }
            if done.rows.read.is_multiple_of(import::BATCH as u64) {
                progress(done.rows.read, total);
            }
        }
        self.write_all(batch, &file, options.dry_run, &mut done.rows)
            .await?;
        progress(done.rows.read, total);
        Ok(done)
    }

    /// What the mapping names is looked up; told is all that is not there.
    async fn file<'a>(
        &self,
        table: &Table,
        options: &BringInOptions<'a>,
        by: Actor,
    ) -> Result<File<'a>, BringInError> {
        let (mapping, names) = (options.mapping, options.names);
        let mut wrong = mapping.check(&table.header, names);
        let mut sources = BTreeSet::new();
        for source in mapping.sources() {
            if self.source_is_active(source).await? {
                sources.insert(source.to_owned());
            } else {
                wrong.push(MappingFault {
                    key: "source".to_owned(),
                    reason: format!("there is no source `{source}` in use"),
                });
            }
        }
        let process = mapping.process().map(|code| {
            let found = self.parts().processes.by_code(code);
            found.ok_or_else(|| MappingFault {
                key: "process".to_owned(),
                reason: format!("there is no process `{code}`"),
            })
        });
        let process = match process.transpose() {
            Ok(process) => process,
            Err(fault) => {
                wrong.push(fault);
                None
            }
        };
        let named = mapping
            .received_by()
            .and_then(|name| names.organisation(name).ok());
        if wrong.is_empty() {
            Ok(File {
                mapping,
                received_by: named.unwrap_or_else(|| by.organisation()),
                by,
                process,
                sources,
                now: self.now(),
            })
        } else {
            Err(BringInError::Mapping(wrong))
        }
    }

    /// Reads a row, decides and seals what it becomes.
    async fn row(
        &self,
        row: &Row<'_>,
        reader: &mut Reader<'_>,
        file: &File<'_>,
    ) -> Result<Result<Ready, Unread>, CaseworkError> {
        let mut record = match reader.read(row) {
            Ok(record) => record,
            Err(unread) => return Ok(Err(unread)),
        };
        if !file.sources.contains(&record.source) && !self.source_is_active(&record.source).await? {
            let reason = format!("there is no source `{}` in use", record.source);
            return Ok(Err(reader.unknown(row, "source", &reason)));
        }
        let located = match self.place_of(row, reader, &mut record) {
            Ok(located) => located,
            Err(unread) => return Ok(Err(unread)),
        };
        let input = request(&record, file);
        if let Some(wrong) = input.check(file.now).first() {
            return Ok(Err(bad_field(row, reader, wrong).into()));
        }
        if let Some(wrong) = too_long(row, reader, &record) {
            return Ok(Err(wrong.into()));
        }
        let numbers = (
            self.number(NumberKind::Report, file.now).await?,
            match file.mapping.kind() {
                Kind::Messages => String::new(),
                Kind::Cases => self.number(NumberKind::Case, file.now).await?,
            },
        );
        let maker = Maker {
            casework: self,
            file,
            record: &record,
            notes: Vec::new(),
        };
        let made = maker.make(&input, &located, numbers);
        Ok(made
            .map(|mut ready| {
                ready.remarks = std::mem::take(&mut record.remarks);
                ready
            })
            .map_err(|refusal| refused(row, reader, &refusal).into()))
    }

    /// Where a record lies. A point of no area is told or refused, as the mapping has it.
    fn place_of(
        &self,
        row: &Row<'_>,
        reader: &Reader<'_>,
        record: &mut Record,
    ) -> Result<Located, Unread> {
        let city = &self.parts().city;
        let (lon, lat) = record.point.map(|(lon, lat, _)| (lon, lat)).unzip();
        let place = PlaceRequest {
            lon,
            lat,
            coordinate_system: record.point.map(|(.., system)| system).unwrap_or_default(),
            area_code: None,
        };
        let mut wrong = Vec::new();
        let point = place.point(&mut wrong);
        if let Some(wrong) = wrong.first() {
            return Err(reader.error(row, "longitude", &wrong.message).into());
        }
        if let Some(code) = &record.area_code {
            let Some(place) = city.place_by_code_ever(code) else {
                let reason = format!("there is no area with the code `{code}`");
                return Err(reader.unknown(row, "area", &reason));
            };
            return Ok(self.located(Some(&place.area_path), point));
        }
        let found = point.and_then(|point| city.place_at(point));
        if point.is_none() || found.is_some() || !city.has_outlines() {
            return Ok(Located {
                point,
                place: found,
                component: None,
            });
        }
        if reader.refuses_outside() {
            let reason = "the point lies outside of the city";
            return Err(reader.error(row, "longitude", reason).into());
        }
        let (lon, lat) = (lon.unwrap_or_default(), lat.unwrap_or_default());
        record.told.push(format!("{lon} {lat}"));
        let remark = "the point lies outside of the city: brought in without a place";
        record.remarks.push(reader.error(row, "longitude", remark));
        Ok(Located::default())
    }

    /// Writes a batch: what is not here, and of what is what is new in the file.
    async fn write_all(
        &self,
        batch: Vec<(RowError, Ready)>,
        file: &File<'_>,
        dry_run: bool,
        rows: &mut TableReport,
    ) -> Result<(), CaseworkError> {
        if batch.is_empty() {
            return Ok(());
        }
        let (this, by, now) = (self.clone(), file.by.clone(), file.now);
        let work = move |tx: &mut Tx<'_>| {
            let mut followed = Vec::with_capacity(batch.len());
            for (row, ready) in &batch {
                let done = this.write_or_follow(tx, ready, &by, now, dry_run)?;
                followed.push((row.clone(), done, ready.remarks.clone()));
            }
            Ok::<_, StoreError>(followed)
        };
        let followed = if dry_run {
            self.store().read(work).await?
        } else {
            self.store().write(work).await?
        };
        for (mut row, done, remarks) in followed {
            let outcome = match done {
                None => Outcome::New,
                Some(Followed::Same) => Outcome::Unchanged,
                Some(Followed::Changed(changes)) => {
                    row.reason = changes;
                    Outcome::Changed
                }
                Some(Followed::Refused { field, reason }) => {
                    row.column = file.mapping.column(field).map(str::to_owned);
                    row.reason = reason;
                    rows.reject(row);
                    continue;
                }
            };
            if outcome != Outcome::Unchanged {
                for remark in remarks {
                    rows.remark(remark);
                }
            }
            rows.settle(outcome, row);
        }
        Ok(())
    }

    /// None for what was not here.
    fn write_or_follow(
        &self,
        tx: &mut Tx<'_>,
        ready: &Ready,
        by: &Actor,
        now: Timestamp,
        dry_run: bool,
    ) -> Result<Option<Followed>, StoreError> {
        let mut detail = serde_json::Map::new();
        let key = ready.report.external.as_ref();
        detail.insert("system".to_owned(), key.map(|key| &*key.system).into());
        let twin: Option<Id> = match key {
            None => None,
            Some(key) => tx.query_opt(&REPORT_BY_EXTERNAL, params![key.system, key.id], |row| {
                row.get(0)
            })?,
        };
        let (report_id, done) = match twin {
            None => {
                if let Some(case) = &ready.case {
                    detail.insert("case_id".to_owned(), case.case.id.to_string().into());
                }
                if !dry_run {
                    self.write_ready(tx, ready, now)?;
                }
                (ready.report.id, None)
            }
            Some(twin) => {
                let done = self.follow_row(tx, ready, twin, (by, now), dry_run)?;
                let Followed::Changed(changes) = &done else {
                    return Ok(Some(done));
                };
                detail.insert("changes".to_owned(), changes.as_str().into());
                (twin, Some(done))
            }
        };
        if !dry_run {
            tx.audit(&AuditEntry {
                at: now,
                actor: by.account_id,
                action: "case_import",
                object: report_id,
                detail: &serde_json::Value::from(detail).to_string(),
            })?;
        }
        Ok(done)
    }

    fn write_ready(
        &self,
        tx: &mut Tx<'_>,
        ready: &Ready,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (report, events) = (&ready.report, &ready.events);
        // Its row is added as it was once it had its cases, and moves on from there.
        let opens =
            |event: &Event<ReportFact>| matches!(event.fact, ReportFact::ReportAccepted { .. });
        let begun = events.iter().position(opens).unwrap_or(0) + 1;
        let added = report::replay(events.get(..begun).unwrap_or_default())
            .map_err(|error| StoreError::Statement(error.to_string()))?;
        write::report_add(tx, &added, &ready.organisation, now, &ready.secrets)?;
        write::report_cases_add(tx, &added)?;
        write::report_move(tx, &added, report)?;
        let concern = concern_of_report(report.area_path.as_ref(), &ready.organisation.path);
        write::timeline_add(tx, report.id, 0, events, &concern)?;
        if let Some(new) = &ready.case {
            write::case_add(tx, &new.begun, &new.secrets)?;
            write::case_move(tx, &new.begun, &new.case, now)?;
            let concern = concern_of_case(&new.case);
            write::timeline_add(tx, new.case.id, 0, &new.events, &concern)?;
            self.schedule(tx, None, &new.case)?;
        }
        for (id, subject_id, sealed) in &ready.notes {
            write::note_add(tx, *id, *subject_id, sealed)?;
        }
        Ok(())
    }
}

/// What the file calls things, and what it says that has no place of its own.
fn told_text(record: &Record) -> String {
    record.told.join("\n")
}

/// The record as a request, for what is checked of every one.
fn request(record: &Record, file: &File<'_>) -> ReportCreateRequest {
    let (name, phone) = record.reporter.clone();
    ReportCreateRequest {
        source: record.source.clone(),
        level: Some(record.level),
        title: record.title.clone(),
        detail: record.text.clone(),
        address: record.address.clone(),
        place: PlaceRequest::default(),
        reporter: (name.is_some() || phone.is_some()).then_some(ReporterRequest {
            name,
            phone,
            hidden: false,
        }),
        external: Some(ExternalRequest {
            system: file.mapping.system().to_owned(),
            id: record.id.clone(),
        }),
        occurred_at: Some(record.reported_at),
        open_case: None,
    }
}

fn too_long(row: &Row<'_>, reader: &Reader<'_>, record: &Record) -> Option<RowError> {
    let max = DESCRIPTION_CHARACTERS_MAX;
    let reply = record.reply.as_deref().unwrap_or_default();
    if reply.chars().count() > max {
        return Some(reader.error(row, "reply", &format!("at most {max} characters")));
    }
    let told = told_text(record).chars().count();
    (told > max).then(|| {
        row.error_overall(format!(
            "what is kept in its own words has {told} characters, and {max} are taken"
        ))
    })
}

/// A wrong field as an error of its column.
fn bad_field(row: &Row<'_>, reader: &Reader<'_>, wrong: &FieldError) -> RowError {
    let field = match wrong.field.as_str() {
        "detail" => "text",
        "occurred_at" => "reported_at",
        "reporter.name" => "reporter_name",
        "reporter.phone" => "reporter_phone",
        "external.id" => "id",
        other => other,
    };
    reader.error(row, field, &wrong.message)
}

/// What the law says of a row.
fn refused(row: &Row<'_>, reader: &Reader<'_>, refusal: &Refusal) -> RowError {
    let field = match refusal {
        Refusal::CategoryRequired => "category",
        Refusal::PlaceRequired => "area",
        Refusal::SourceNotServed { .. } => "source",
        _ => return row.error_overall(refusal.to_string()),
    };
    let reason = format!("the record has not ended and goes on here: {refusal}");
    reader.error(row, field, &reason)
}
