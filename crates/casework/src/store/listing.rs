//! What the lists in memory are made of, and the rows of a page whose ids they found.

use super::list::{Bound, Composed, SealedTitle, sealed_title, title_joins};
use super::read::{self, ReportRow};
use super::{
    CASES_NUMBERED, CASES_OF_TIED, CASES_OF_ZONE, CASES_WATCHED, REPORTS_CLAIMED, REPORTS_NUMBERED,
    case_columns, report_columns,
};
use crate::listing::{CLAIMED, CaseMark, Entry, Running, Tied, mark_bits};
use crate::model::{Case, CaseStage, Level, ReportStage, TaskState};
use ::store::{AsParam, Row, Statement, StoreError, Tx, params};
use base::path::TreePath;
use base::{Id, Point, Timestamp};
use std::collections::HashMap;

/// So many are read at once, one by one id: statements with the same number of places are prepared once.
const AT_ONCE: usize = 64;

/// A case as listed: without its tasks.
#[derive(Clone, Debug)]
pub struct CaseRow {
    /// Its state without tasks.
    pub case: Case,
    /// Its sealed title.
    pub title: Option<SealedTitle>,
    /// The lead's organisation.
    pub lead_organisation_id: Option<Id>,
    /// When it changed last.
    pub updated_at: Timestamp,
}

/// A report as listed: without its cases.
#[derive(Clone, Debug)]
pub struct ReportListed {
    /// The row.
    pub row: ReportRow,
    /// Its sealed title.
    pub title: Option<Vec<u8>>,
}

/// Asks for some by their ids, [`AT_ONCE`] in one statement.
fn by_ids<T>(
    tx: &mut Tx<'_>,
    (select, key): (&str, &str),
    ids: &[Id],
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for part in ids.chunks(AT_ONCE) {
        // Few are often asked for; repeated places find nothing twice.
        let places = if part.len() <= 4 { 4 } else { AT_ONCE };
        let last = part.last().copied().unwrap_or(Id(-1));
        let values: Vec<Bound> = (0..places)
            .map(|n| Bound::Int(part.get(n).copied().unwrap_or(last).0))
            .collect();
        let names: Vec<String> = (1..=places).map(|n| format!("?{n}")).collect();
        let composed = Composed {
            statement: Statement::composed(format!(
                "{select} WHERE {key} IN ({})",
                names.join(", ")
            )),
            values,
        };
        found.extend(tx.query(&composed.statement, &composed.params(), &read)?);
    }
    Ok(found)
}

/// In the order of their ids as given; those that are not there are left out.
fn in_order<T>(found: Vec<T>, ids: &[Id], id_of: impl Fn(&T) -> Id) -> Vec<T> {
    let mut found: HashMap<Id, T> = found.into_iter().map(|one| (id_of(&one), one)).collect();
    ids.iter().filter_map(|id| found.remove(id)).collect()
}

/// The cases with these ids, in their order.
pub fn cases(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Vec<CaseRow>, StoreError> {
    let select = concat!(
        "SELECT ",
        case_columns!(),
        ", c.lead_organisation_id, w.title_sealed, c.first_report_id, p.title_sealed, c.updated_at FROM case_file c",
        title_joins!()
    );
    let found = by_ids(tx, (select, "c.id"), ids, |row| {
        Ok(CaseRow {
            case: read::case(row)?,
            lead_organisation_id: row.get(31)?,
            title: sealed_title(row, 32)?,
            updated_at: row.get(35)?,
        })
    })?;
    Ok(in_order(found, ids, |row| row.case.id))
}

/// The reports with these ids, in their order.
pub fn reports(tx: &mut Tx<'_>, ids: &[Id]) -> Result<Vec<ReportListed>, StoreError> {
    let select = concat!(
        "SELECT ",
        report_columns!(),
        ", r.title_sealed FROM report r"
    );
    let found = by_ids(tx, (select, "r.id"), ids, report_listed)?;
    Ok(in_order(found, ids, |listed| listed.row.report.id))
}

/// The reports of one phone number, newest first.
pub fn reports_of_reporter(
    tx: &mut Tx<'_>,
    reporter_key: &[u8; 32],
) -> Result<Vec<ReportListed>, StoreError> {
    tx.query(
        &super::REPORTS_BY_REPORTER,
        &[reporter_key.as_param()],
        report_listed,
    )
}

fn report_listed(row: &Row<'_>) -> Result<ReportListed, StoreError> {
    Ok(ReportListed {
        row: read::report(row)?,
        title: row.get(22)?,
    })
}

/// What the index knows of a case.
macro_rules! case_entry_columns {
    () => {
        "SELECT c.id, c.stage, c.level, c.source, c.category_id, c.area_path, c.process_code, c.lead_organisation_id, c.yellow_at, c.due_at,
         c.updated_at, c.is_important, c.is_supervised, c.is_suspended, c.is_escalated, c.asked, c.lon, c.lat FROM case_file c"
    };
}
/// And of a report.
macro_rules! report_entry_columns {
    () => {
        "SELECT r.id, r.stage, r.level, r.source, r.area_path, r.organisation_path, r.claimed_by, r.pool_yellow_at, r.pool_due_at
         FROM report r"
    };
}
pub(super) use {case_entry_columns, report_entry_columns};

fn case_entry(row: &Row<'_>) -> Result<Entry, StoreError> {
    let (lon, lat): (Option<f64>, Option<f64>) = (row.get(16)?, row.get(17)?);
    let (stage, level): (CaseStage, Level) = (row.get(1)?, row.get(2)?);
    let (yellow_at, due_at): (Option<Timestamp>, Option<Timestamp>) = (row.get(8)?, row.get(9)?);
    let running = Running {
        clock: yellow_at.zip(due_at),
        updated_at: row.get(10)?,
    };
    let marks = [
        (CaseMark::Important, row.get(11)?),
        (CaseMark::Supervised, row.get(12)?),
        (CaseMark::Suspended, row.get(13)?),
        (CaseMark::Escalated, row.get(14)?),
    ];
    let asked: i64 = row.get(15)?;
    let asked = u8::try_from(asked)
        .map_err(|_| StoreError::Corrupt(format!("{asked} is not what a case may wait for")))?;
    Ok(Entry {
        id: row.get(0)?,
        stage: stage as u8,
        level: level as u8,
        marks: mark_bits(marks, row.get::<Option<Id>>(7)?.is_some(), asked),
        source: row.get(3)?,
        category_id: row.get(4)?,
        process: row.get(6)?,
        holder: None,
        area: row.get(5)?,
        point: lon.zip(lat).map(|(lon, lat)| Point { lon, lat }),
        running: stage.is_open().then_some(running),
    })
}

fn report_entry(row: &Row<'_>) -> Result<Entry, StoreError> {
    let (stage, level): (ReportStage, Level) = (row.get(1)?, row.get(2)?);
    let (yellow_at, due_at): (Option<Timestamp>, Option<Timestamp>) = (row.get(7)?, row.get(8)?);
    let clock = yellow_at.zip(due_at);
    let is_claimed = row.get::<Option<Id>>(6)?.is_some();
    Ok(Entry {
        id: row.get(0)?,
        stage: stage as u8,
        level: level as u8,
        marks: u16::from(is_claimed) << CLAIMED,
        source: row.get(3)?,
        category_id: None,
        process: None,
        holder: row.get(5)?,
        area: row.get(4)?,
        point: None,
        running: clock.map(|clock| Running {
            clock: Some(clock),
            // Reports are not listed by it.
            updated_at: Timestamp(0),
        }),
    })
}

/// Whether an index is of cases or of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Of cases.
    Cases,
    /// Of reports.
    Reports,
}

/// What an index knows of those after an id, in order.
pub fn entries_after(
    tx: &mut Tx<'_>,
    kind: Kind,
    after: Id,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    match kind {
        Kind::Cases => tx.query(&super::CASE_ENTRIES, params![after, limit], case_entry),
        Kind::Reports => tx.query(&super::REPORT_ENTRIES, params![after, limit], report_entry),
    }
}

/// What an index knows of these.
pub fn entries(tx: &mut Tx<'_>, kind: Kind, ids: &[Id]) -> Result<Vec<Entry>, StoreError> {
    match kind {
        Kind::Cases => by_ids(tx, (case_entry_columns!(), "c.id"), ids, case_entry),
        Kind::Reports => by_ids(tx, (report_entry_columns!(), "r.id"), ids, report_entry),
    }
}

/// The cases tied to something.
pub fn cases_tied(tx: &mut Tx<'_>, tied: &Tied) -> Result<Vec<Id>, StoreError> {
    let id = |row: &Row<'_>| row.get(0);
    match tied {
        Tied::Organisation(path) => tx.query(&CASES_OF_TIED, params![path], id),
        Tied::Zone(zone_id) => tx.query(&CASES_OF_ZONE, params![zone_id], id),
    }
}

/// To what cases are tied.
#[derive(Debug, Default)]
pub struct TiesOf {
    /// The organisations that have to do with each, and those above them.
    pub organisations: HashMap<Id, Vec<TreePath>>,
    /// The zones each lies in.
    pub zones: HashMap<Id, Vec<Id>>,
}

/// To what these cases are tied.
pub fn ties_of(tx: &mut Tx<'_>, ids: &[Id]) -> Result<TiesOf, StoreError> {
    let mut ties = TiesOf::default();
    let select = "SELECT o.case_id, o.organisation_path FROM case_organisation o";
    let organisations: Vec<(Id, TreePath)> = by_ids(tx, (select, "o.case_id"), ids, |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    for (id, path) in organisations {
        ties.organisations.entry(id).or_default().push(path);
    }
    let select = "SELECT z.case_id, z.zone_id FROM case_zone z";
    let zones: Vec<(Id, Id)> = by_ids(tx, (select, "z.case_id"), ids, |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    for (id, zone_id) in zones {
        ties.zones.entry(id).or_default().push(zone_id);
    }
    Ok(ties)
}

/// Those whose number begins so.
pub fn numbered(tx: &mut Tx<'_>, kind: Kind, start: &str) -> Result<Vec<Id>, StoreError> {
    let statement = match kind {
        Kind::Cases => &CASES_NUMBERED,
        Kind::Reports => &REPORTS_NUMBERED,
    };
    let end = format!("{start}~");
    tx.query(statement, params![start, end], |row| row.get(0))
}

/// The cases that an account watches.
pub fn watched(tx: &mut Tx<'_>, account_id: Id) -> Result<Vec<Id>, StoreError> {
    tx.query(&CASES_WATCHED, params![account_id], |row| row.get(0))
}

/// The reports that a person has taken.
pub fn claimed(tx: &mut Tx<'_>, staff_id: Id) -> Result<Vec<Id>, StoreError> {
    tx.query(&REPORTS_CLAIMED, params![staff_id], |row| row.get(0))
}

/// The cases of which one of these organisations, or one below it, holds an open task; in this state, if one is given.
pub fn held(
    tx: &mut Tx<'_>,
    by: &[TreePath],
    state: Option<TaskState>,
) -> Result<Vec<Id>, StoreError> {
    let mut found = Vec::new();
    for path in by {
        let (from, end) = path.range();
        let held: Vec<(Option<Id>, TaskState)> =
            tx.query(&super::CASES_HELD, params![from, end], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let wanted = |is: &TaskState| state.is_none_or(|state| state == *is);
        found.extend(
            held.into_iter()
                .filter(|(_, is)| wanted(is))
                .filter_map(|(id, _)| id),
        );
    }
    Ok(found)
}
