//! The open records of Boston's 311: one row a case, with its deadline and whether the city says that it was met.

use super::Record;
use base::Timestamp;
use table::{Row, RowError, Table, TableError};

/// The file gives local times without a zone. They are read as this many hours from UTC, summer and winter: Boston's summer time. Only
/// times of one file are held against each other, so another choice would give the same verdicts.
pub const UTC_OFFSET_HOURS: i64 = -4;

/// Longest title taken, in characters: as of a report's.
const TITLE_MAX: usize = base::limits::TITLE_CHARACTERS_MAX;

/// The records of a file, good and broken rows.
pub fn boston311(table: &Table) -> Result<Vec<Result<Record, RowError>>, TableError> {
    table.require(&[
        &["case_enquiry_id"],
        &["open_dt"],
        &["target_dt"],
        &["closed_dt"],
        &["ontime"],
        &["case_title"],
        &["department"],
        &["source"],
    ])?;
    Ok(table
        .rows()
        .map(|row| row.and_then(|row| record(&row)))
        .collect())
}

fn record(row: &Row<'_>) -> Result<Record, RowError> {
    let at = |column: &str| -> Result<Option<Timestamp>, RowError> {
        let local = row.date_time(&[column])?;
        Ok(local.map(|local| {
            let seconds = local
                .to_zoned(jiff::tz::TimeZone::UTC)
                .map_or(0, |zoned| zoned.timestamp().as_second());
            Timestamp(0).plus_seconds(seconds - UTC_OFFSET_HOURS * 3_600)
        }))
    };
    let opened_at = at("open_dt")?.ok_or_else(|| row.error("open_dt", "it is empty"))?;
    let in_time = match row.get("ontime").map(str::trim) {
        None | Some("") => None,
        Some("ONTIME") => Some(true),
        Some("OVERDUE") => Some(false),
        Some(other) => {
            let reason = format!("{other:?} is neither ONTIME nor OVERDUE");
            return Err(row.error("ontime", reason));
        }
    };
    let point = row
        .decimal(&["longitude"])?
        .zip(row.decimal(&["latitude"])?);
    let title = row.required(&["case_title"])?;
    Ok(Record {
        key: row.required(&["case_enquiry_id"])?.to_owned(),
        title: title.chars().take(TITLE_MAX).collect(),
        address: row.get("location").map(str::to_owned),
        point,
        department: row.required(&["department"])?.to_owned(),
        source: row.required(&["source"])?.to_owned(),
        opened_at,
        due_at: at("target_dt")?,
        closed_at: at("closed_dt")?,
        in_time,
    })
}
