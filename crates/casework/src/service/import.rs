//! Import of citizens' messages as reports in `received`.
//!
//! Columns: `message_id` `user_id` `subject` `created_at` `detail`; others (`likes`, `reply`, `label`) are left alone. A row
//! whose (system, message_id) is in the database already, or came earlier in the file, changes nothing. A bad row is listed
//! with row, column and reason and does not keep the others out.

use super::Casework;
use super::report::{NewReport, external_twin};
use crate::failure::CaseworkError;
use crate::input::{ExternalRequest, PlaceRequest, ReportCreateRequest, ReporterRequest};
use crate::model::Actor;
use ::store::{AuditEntry, StoreError};
use access::Principal;
use base::clock::china;
use base::{Problem, Timestamp};
use std::collections::HashSet;
use std::sync::Arc;
use table::{Report as TableReport, Row, RowError, Table};

/// Rows written in one transaction.
pub(super) const BATCH: usize = 100;

const MESSAGE_ID: &[&str] = &["message_id", "留言编号"];
const SUBJECT: &[&str] = &["subject", "留言主题"];
const CREATED_AT: &[&str] = &["created_at", "留言时间"];
const DETAIL: &[&str] = &["detail", "留言详情"];
const USER: &[&str] = &["user_id", "留言用户"];

/// How to import.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The channel the messages came through, e.g. `citizen_app`.
    pub source: String,
    /// The system their ids belong to, e.g. `appeals`.
    pub system: String,
    /// Say what would happen and change nothing.
    pub dry_run: bool,
}

/// Rows dealt with so far, of how many.
pub type Progress<'a> = dyn Fn(u64, u64) + Send + Sync + 'a;

impl Casework {
    /// `report_import`: see the module. Whoever may create reports may import them.
    pub async fn import_appeals(
        &self,
        principal: &Principal,
        table: &Table,
        options: &ImportOptions,
        progress: &Progress<'_>,
    ) -> Result<TableReport, CaseworkError> {
        let by: Actor = principal.acting_anywhere("report_create")?.into();
        let mut report = TableReport::default();
        let total = table.len() as u64;
        let mut seen: HashSet<String> = HashSet::new();
        let mut batch: Vec<NewReport> = Vec::with_capacity(BATCH);
        for row in table.rows() {
            report.read += 1;
            match self.import_row(row, &by, options, &mut seen).await? {
                Outcome::New(new) => batch.push(*new),
                Outcome::Repeated => report.unchanged += 1,
                Outcome::Bad(error) => report.rejected.push(error),
            }
            if batch.len() >= BATCH {
                self.import_batch(std::mem::take(&mut batch), &by, options, &mut report)
                    .await?;
            }
            if report.read.is_multiple_of(BATCH as u64) {
                progress(report.read, total);
            }
        }
        self.import_batch(batch, &by, options, &mut report).await?;
        progress(report.read, total);
        Ok(report)
    }

    async fn import_row(
        &self,
        row: Result<Row<'_>, RowError>,
        by: &Actor,
        options: &ImportOptions,
        seen: &mut HashSet<String>,
    ) -> Result<Outcome, CaseworkError> {
        let row = match row {
            Ok(row) => row,
            Err(error) => return Ok(Outcome::Bad(error)),
        };
        let now = self.now();
        let input = match read_row(&row, options) {
            Ok(input) => input,
            Err(error) => return Ok(Outcome::Bad(error)),
        };
        let id = input.external.as_ref().map(|key| key.id.clone());
        if id.as_ref().is_some_and(|id| seen.contains(id)) {
            return Ok(Outcome::Repeated);
        }
        match self.report_prepare(None, by.clone(), &input, now).await {
            Ok(new) => {
                seen.extend(id);
                Ok(Outcome::New(Box::new(new)))
            }
            Err(CaseworkError::Invalid(fields)) => Ok(Outcome::Bad(bad_fields(&row, &fields))),
            Err(other) => Err(other),
        }
    }

    /// Writes a batch, leaving out what the database has already.
    async fn import_batch(
        &self,
        batch: Vec<NewReport>,
        by: &Actor,
        options: &ImportOptions,
        report: &mut TableReport,
    ) -> Result<(), CaseworkError> {
        if batch.is_empty() {
            return Ok(());
        }
        let count = batch.len() as u64;
        let (now, dry_run) = (self.now(), options.dry_run);
        let (batch, account_id) = (Arc::new(batch), by.account_id);
        let this = self.clone();
        let work = move |tx: &mut ::store::Tx<'_>| {
            let mut stored = 0_u64;
            for new in batch.iter() {
                if external_twin(tx, new.state())?.is_some() {
                    continue;
                }
                stored += 1;
                if dry_run {
                    continue;
                }
                this.report_write(tx, new, now)?;
                tx.audit(&AuditEntry {
                    at: now,
                    actor: account_id,
                    action: "report_import",
                    object: new.state().id,
                    detail: "{}",
                })?;
            }
            Ok::<_, StoreError>(stored)
        };
        let stored = if dry_run {
            self.store().read(work).await?
        } else {
            self.store().write(work).await?
        };
        report.stored += stored;
        report.unchanged += count - stored;
        Ok(())
    }
}

enum Outcome {
    New(Box<NewReport>),
    Repeated,
    Bad(RowError),
}

fn read_row(row: &Row<'_>, options: &ImportOptions) -> Result<ReportCreateRequest, RowError> {
    let message_id = row.required(MESSAGE_ID)?;
    let subject = row.required(SUBJECT)?;
    let detail = row.required(DETAIL)?;
    let told_at = row
        .date_time(CREATED_AT)?
        .ok_or_else(|| row.error_in(CREATED_AT, "a time is required"))?;
    let occurred_at = told_at
        .to_zoned(china())
        .map(|zoned| Timestamp::from_jiff(zoned.timestamp()))
        .map_err(|_| row.error_in(CREATED_AT, "the time is out of range"))?;
    Ok(ReportCreateRequest {
        source: options.source.clone(),
        level: None,
        title: subject.to_owned(),
        detail: detail.to_owned(),
        address: None,
        place: PlaceRequest::default(),
        reporter: row.any(USER).map(|user| ReporterRequest {
            name: Some(user.to_owned()),
            phone: None,
            hidden: false,
        }),
        external: Some(ExternalRequest {
            system: options.system.clone(),
            id: message_id.to_owned(),
        }),
        occurred_at: Some(occurred_at),
        open_case: None,
    })
}

/// The first wrong field as an error of its column.
fn bad_fields(row: &Row<'_>, fields: &[base::FieldError]) -> RowError {
    let Some(first) = fields.first() else {
        return row.error_overall(Problem::invalid(Vec::new()).detail);
    };
    let columns = match first.field.as_str() {
        "title" => SUBJECT,
        "detail" => DETAIL,
        "occurred_at" => CREATED_AT,
        "reporter.name" => USER,
        "external.id" => MESSAGE_ID,
        _ => return row.error_overall(format!("{}: {}", first.field, first.message)),
    };
    row.error_in(columns, &first.message)
}
