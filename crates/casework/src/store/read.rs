//! Rows to states.

use super::write::Told;
use super::{
    CASE_BY_ID, CASE_BY_TASK, CASE_WORDS, CASES_OF_REPORT, EXTRAS_OF_REPORT, REPORT_BY_ID,
    REPORTS_OF_CASE, TASK_HOLDER, TASKS_OF_CASE, TIMELINE, TIMELINE_PART,
};
use crate::clocks::Clock;
use crate::lifecycle::case::CaseFact;
use crate::lifecycle::report::ReportFact;
use crate::lifecycle::{Event, Fact, read_fact};
use crate::model::{
    Actor, Case, CaseExtra, CaseStage, ChannelKind, ClockKind, Digest, ExternalKey, Level, NoteRef,
    OrganisationRef, PinnedRule, ProcessRef, Report, ReportCase, ReportStage, Task, TaskKind,
    TaskRole, TaskState,
};
use ::store::{Column, Row, StoreError, Tx, params};
use base::path::TreePath;
use base::{Id, Point, Timestamp};
use calendar::{BareUnits, Limit};

/// A row that says what no row of ours can say.
pub(crate) fn corrupt(what: &str, found: &str) -> StoreError {
    StoreError::Corrupt(format!("{what} is {found:?}"))
}

macro_rules! word_columns {
    ($($name:ident),+) => { $(
        impl Column for $name {
            fn read(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
                let word: String = row.get(index)?;
                Self::parse(&word).ok_or_else(|| corrupt(stringify!($name), &word))
            }
        }
    )+ };
}
word_columns!(
    CaseStage,
    ChannelKind,
    ReportStage,
    TaskState,
    TaskKind,
    TaskRole,
    Level,
    ClockKind
);

fn clock(row: &Row<'_>, first: usize) -> Result<Option<Clock>, StoreError> {
    let started_at: Option<Timestamp> = row.get(first)?;
    let yellow_at: Option<Timestamp> = row.get(first + 1)?;
    let due_at: Option<Timestamp> = row.get(first + 2)?;
    Ok(match (started_at, yellow_at, due_at) {
        (Some(started_at), Some(yellow_at), Some(due_at)) => Some(Clock {
            started_at,
            yellow_at,
            due_at,
        }),
        _ => None,
    })
}

fn point(row: &Row<'_>, first: usize) -> Result<Option<Point>, StoreError> {
    let (lon, lat): (Option<f64>, Option<f64>) = (row.get(first)?, row.get(first + 1)?);
    Ok(lon.zip(lat).map(|(lon, lat)| Point { lon, lat }))
}

fn organisation(row: &Row<'_>, first: usize) -> Result<Option<OrganisationRef>, StoreError> {
    let (id, path): (Option<Id>, Option<TreePath>) = (row.get(first)?, row.get(first + 1)?);
    Ok(id.zip(path).map(|(id, path)| OrganisationRef { id, path }))
}

/// What is known of some only. Most rows know nothing.
pub(super) fn extra<T: Default + serde::de::DeserializeOwned>(
    row: &Row<'_>,
    index: usize,
) -> Result<T, StoreError> {
    let text: String = row.get(index)?;
    if text == "{}" {
        return Ok(T::default());
    }
    serde_json::from_str(&text).map_err(|_| corrupt("extra", &text))
}

fn rule(row: &Row<'_>, first: usize) -> Result<Option<PinnedRule>, StoreError> {
    let (Some(id), Some(version), Some(text)) = (
        row.get::<Option<Id>>(first)?,
        row.get::<Option<i64>>(first + 1)?,
        row.get::<Option<String>>(first + 2)?,
    ) else {
        return Ok(None);
    };
    // Written without ambiguity, so what a bare unit means does not matter.
    let limit =
        Limit::parse(&text, &BareUnits::default()).map_err(|_| corrupt("rule_limit", &text))?;
    Ok(Some(PinnedRule { id, version, limit }))
}

/// A case without its tasks.
pub(crate) fn case(row: &Row<'_>) -> Result<Case, StoreError> {
    let missing = || corrupt("accepted_by", "null");
    Ok(Case {
        id: row.get(0)?,
        version: row.get(1)?,
        case_no: row.get(2)?,
        stage: row.get(3)?,
        level: row.get(4)?,
        source: row.get(5)?,
        category_id: row.get(6)?,
        area_path: row.get(7)?,
        point: point(row, 8)?,
        process: ProcessRef {
            code: row.get(10)?,
            version: row.get(11)?,
        },
        rule: rule(row, 12)?,
        words: Digest(row.get(15)?),
        accepted_by: organisation(row, 16)?.ok_or_else(missing)?,
        filed_by: organisation(row, 18)?,
        clock: clock(row, 20)?,
        rework_count: row.get(23)?,
        tasks: Vec::new(),
        accepted_at: row.get(24)?,
        filed_at: row.get(25)?,
        dispatched_at: row.get(26)?,
        handled_at: row.get(27)?,
        inspected_at: row.get(28)?,
        closed_at: row.get(29)?,
        extra: extra(row, 30)?,
    })
}

/// A task, and the case it is of; none when it is to call a reporter back.
pub(crate) fn task(row: &Row<'_>) -> Result<(Option<Id>, Task), StoreError> {
    let handled_by: String = row.get(18)?;
    let (note, digest): (Option<Id>, Option<String>) = (row.get(19)?, row.get(20)?);
    let task = Task {
        id: row.get(0)?,
        kind: row.get(1)?,
        role: row.get(2)?,
        organisation: organisation(row, 3)?.ok_or_else(|| corrupt("organisation", "null"))?,
        state: row.get(5)?,
        response: clock(row, 6)?,
        handling: clock(row, 9)?.ok_or_else(|| corrupt("handling clock", "null"))?,
        response_overdue: row.get(12)?,
        handling_overdue: row.get(13)?,
        opened_at: row.get(14)?,
        accepted_at: row.get(15)?,
        finished_at: row.get(16)?,
        assignee: row.get(17)?,
        handled_by: serde_json::from_str(&handled_by)
            .map_err(|_| corrupt("handled_by", &handled_by))?,
        result: note.zip(digest).map(|(id, digest)| NoteRef {
            id,
            digest: Digest(digest),
        }),
        rework_count: row.get(21)?,
        extra: extra(row, 23)?,
    };
    Ok((row.get(22)?, task))
}

/// A report's row: its state and what the state does not need.
#[derive(Clone, Debug)]
pub struct ReportRow {
    /// The state; its cases are read apart.
    pub report: Report,
    /// The organisation that received it.
    pub organisation: OrganisationRef,
    /// Whether handlers must not learn who reported.
    pub reporter_hidden: bool,
}

pub(crate) fn report(row: &Row<'_>) -> Result<ReportRow, StoreError> {
    let (system, id): (Option<String>, Option<String>) = (row.get(9)?, row.get(10)?);
    Ok(ReportRow {
        report: Report {
            id: row.get(0)?,
            version: row.get(1)?,
            report_no: row.get(2)?,
            stage: row.get(3)?,
            source: row.get(4)?,
            level: row.get(18)?,
            words: Digest(row.get(5)?),
            area_path: row.get(6)?,
            point: point(row, 7)?,
            external: system
                .zip(id)
                .map(|(system, id)| ExternalKey { system, id }),
            received_at: row.get(11)?,
            accepted_at: row.get(12)?,
            settled_at: row.get(13)?,
            clock: clock(row, 19)?,
            cases: Vec::new(),
            extra: extra(row, 17)?,
        },
        organisation: organisation(row, 14)?.ok_or_else(|| corrupt("organisation", "null"))?,
        reporter_hidden: row.get(16)?,
    })
}

/// Whether a desk hid the reporter from those who handle some case of this report.
pub fn reporter_hidden_by_case(tx: &mut Tx<'_>, report_id: Id) -> Result<bool, StoreError> {
    let extras: Vec<CaseExtra> =
        tx.query(&EXTRAS_OF_REPORT, params![report_id], |row| extra(row, 0))?;
    Ok(extras.iter().any(|extra| extra.overlays.reporter_hidden))
}

/// How a case is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseKey {
    /// By its own id.
    Case(Id),
    /// By the id of one of its tasks.
    Task(Id),
}

/// A case with its tasks.
pub fn case_with_tasks(tx: &mut Tx<'_>, key: CaseKey) -> Result<Option<Case>, StoreError> {
    let found = match key {
        CaseKey::Case(id) => tx.query_opt(&CASE_BY_ID, params![id], case)?,
        CaseKey::Task(id) => tx.query_opt(&CASE_BY_TASK, params![id], case)?,
    };
    let Some(mut case) = found else {
        return Ok(None);
    };
    // Before dispatch there are none but verifications: a round trip less on the way there. The verifier looks without this
    // shortcut.
    if case.dispatched_at.is_some() || case.extra.handling.verification_count > 0 {
        case.tasks = tasks_of(tx, case.id)?;
    }
    Ok(Some(case))
}

/// The tasks of a case, oldest first.
pub fn tasks_of(tx: &mut Tx<'_>, case_id: Id) -> Result<Vec<Task>, StoreError> {
    tx.query(&TASKS_OF_CASE, params![case_id], |row| Ok(task(row)?.1))
}

/// Sealed words, and the report they are of; without that they are a case's own.
pub type SealedWords = (Option<Id>, Vec<u8>);

/// The sealed {title, detail, address} of a case and the report they are of, its first; without that they are the case's own. None of
/// what is forgotten.
pub fn case_words(tx: &mut Tx<'_>, case_id: Id) -> Result<Option<SealedWords>, StoreError> {
    let found = tx.query_opt(&CASE_WORDS, params![case_id], |row| {
        let has_own = row.get::<Option<Id>>(0)?.is_some();
        let (words, report_id) = if has_own {
            (row.get(1)?, None)
        } else {
            (row.get(3)?, row.get(2)?)
        };
        let words: Option<Vec<u8>> = words;
        Ok(words.map(|words| (report_id, words)))
    })?;
    Ok(found.flatten())
}

/// A report with its cases.
pub fn report_with_cases(tx: &mut Tx<'_>, id: Id) -> Result<Option<ReportRow>, StoreError> {
    let Some(mut found) = tx.query_opt(&REPORT_BY_ID, params![id], report)? else {
        return Ok(None);
    };
    found.report.cases = cases_of(tx, id)?;
    Ok(Some(found))
}

/// The cases of a report, by id.
pub fn cases_of(tx: &mut Tx<'_>, report_id: Id) -> Result<Vec<ReportCase>, StoreError> {
    tx.query(&CASES_OF_REPORT, params![report_id], |row| {
        Ok(ReportCase {
            case_id: row.get(0)?,
            closed: row.get(1)?,
        })
    })
}

/// The ids of the reports of a case.
pub fn reports_of(tx: &mut Tx<'_>, case_id: Id) -> Result<Vec<Id>, StoreError> {
    tx.query(&REPORTS_OF_CASE, params![case_id], |row| row.get(0))
}

/// One entry of a timeline as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct TimelineEntry {
    /// From 1, without gaps.
    pub seq: i64,
    /// The word of its kind.
    pub kind: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When we learnt of it.
    pub recorded_at: Timestamp,
    /// Who did it.
    pub by: Option<Actor>,
    /// The schema the body is written with.
    pub schema: i64,
    /// JSON.
    pub body: String,
}

impl TimelineEntry {
    /// The event that was stored.
    pub fn event<F: Fact>(&self) -> Result<Event<F>, StoreError> {
        let fact = read_fact(self.schema, &self.body).map_err(|error| {
            StoreError::Corrupt(format!("timeline entry {}: {error}", self.seq))
        })?;
        Ok(Event {
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            by: self.by.clone(),
            fact,
        })
    }
}

pub(crate) fn timeline_entry(row: &Row<'_>) -> Result<TimelineEntry, StoreError> {
    let account_id: Option<Id> = row.get(4)?;
    let by = match account_id {
        None => None,
        Some(account_id) => Some(Actor {
            account_id,
            staff_id: row.get(5)?,
            organisation_id: row.get(6)?,
            organisation_path: row.get(7)?,
            role: row.get(8)?,
        }),
    };
    Ok(TimelineEntry {
        seq: row.get(0)?,
        kind: row.get(1)?,
        occurred_at: row.get(2)?,
        recorded_at: row.get(3)?,
        by,
        schema: row.get(9)?,
        body: row.get(10)?,
    })
}

/// A timeline as stored.
pub fn timeline(tx: &mut Tx<'_>, subject_id: Id) -> Result<Vec<TimelineEntry>, StoreError> {
    tx.query(&TIMELINE, params![subject_id], timeline_entry)
}

/// What happened to a case, as an outbox entry of kind `case_changed` told: each event with its number on the timeline.
pub fn case_told(
    tx: &mut Tx<'_>,
    told: &Told<'_>,
) -> Result<Vec<(i64, Event<CaseFact>)>, StoreError> {
    told_of(tx, told)
}

/// What happened to a report, as an outbox entry of kind `report_changed` told.
pub fn report_told(
    tx: &mut Tx<'_>,
    told: &Told<'_>,
) -> Result<Vec<(i64, Event<ReportFact>)>, StoreError> {
    told_of(tx, told)
}

fn told_of<F: Fact>(tx: &mut Tx<'_>, told: &Told<'_>) -> Result<Vec<(i64, Event<F>)>, StoreError> {
    let last = told.after + i64::try_from(told.kinds.len()).unwrap_or(i64::MAX);
    let part = params![told.subject_id, told.after, last];
    let entries = tx.query(&TIMELINE_PART, part, timeline_entry)?;
    entries
        .iter()
        .map(|entry| Ok((entry.seq, entry.event()?)))
        .collect()
}

/// The events of a case.
pub fn case_events(entries: &[TimelineEntry]) -> Result<Vec<Event<CaseFact>>, StoreError> {
    entries.iter().map(TimelineEntry::event).collect()
}

/// The events of a report.
pub fn report_events(entries: &[TimelineEntry]) -> Result<Vec<Event<ReportFact>>, StoreError> {
    entries.iter().map(TimelineEntry::event).collect()
}

/// The organisation that accepted a case: for what follows from its events.
pub fn case_accepted_by(tx: &mut Tx<'_>, case_id: Id) -> Result<OrganisationRef, StoreError> {
    let found = tx.query_opt(&CASE_BY_ID, params![case_id], case)?;
    found
        .map(|case| case.accepted_by)
        .ok_or_else(|| StoreError::Corrupt(format!("there is no case {case_id}")))
}

/// The organisation that received a report: for what follows from its events.
pub fn report_received_by(tx: &mut Tx<'_>, report_id: Id) -> Result<OrganisationRef, StoreError> {
    let found = tx.query_opt(&REPORT_BY_ID, params![report_id], report)?;
    found
        .map(|row| row.organisation)
        .ok_or_else(|| StoreError::Corrupt(format!("there is no report {report_id}")))
}

/// A case as it stands now: for what follows from its events.
pub fn case_now(tx: &mut Tx<'_>, case_id: Id) -> Result<Case, StoreError> {
    case_with_tasks(tx, CaseKey::Case(case_id))?
        .ok_or_else(|| StoreError::Corrupt(format!("there is no case {case_id}")))
}

/// The organisation that holds a task: for what follows from its events.
pub fn task_holder(tx: &mut Tx<'_>, task_id: Id) -> Result<OrganisationRef, StoreError> {
    let holder = tx.query_opt(&TASK_HOLDER, params![task_id], |row| {
        Ok(OrganisationRef {
            id: row.get(0)?,
            path: row.get(1)?,
        })
    })?;
    holder.ok_or_else(|| StoreError::Corrupt(format!("there is no task {task_id}")))
}
