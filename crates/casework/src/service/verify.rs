//! Whether what is stored is what happened: every timeline replays to its state row, sealed words match their digests,
//! references exist, counts agree.

use super::{Casework, sealed};
use crate::lifecycle::case::CaseFact;
use crate::lifecycle::course::CourseFact;
use crate::lifecycle::links::LinkFact;
use crate::lifecycle::report::ReportFact;
use crate::lifecycle::{case, report};
use crate::model::{Case, CaseLinks, FileRef, Report};
use crate::store::attachments::{AttachmentRow, attachment};
use crate::store::read::{self, TimelineEntry};
use crate::store::{
    ATTACHMENTS_OF_SUBJECT, CALLBACKS_ASTRAY, CASE_BY_ID, CASES_AFTER, COUNTS, MARKS_OF_CASE,
    ORGANISATIONS_OF_CASE, REPORT_CASE_ASTRAY, REPORT_CASE_ORPHANS, REPORT_SEALED, REPORTS_AFTER,
    REPORTS_ASTRAY, TASK_ORPHANS, TIMELINE_ORPHANS, write,
};
use ::store::{StoreError, Tx, params};
use base::Id;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Debug;

/// Subjects looked at in one read transaction.
const BATCH: i64 = 200;
/// Findings kept; a database that is wrong all over needs no longer list.
const FINDINGS_MAX: usize = 1_000;

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The report, case or task.
    pub subject_id: Id,
    /// E.g. `replay_differs`, `timeline_gap`, `unread`, `digest_differs`, `orphan`, `holders_differ`,
    /// `marks_differ`, `counts_differ`, `tie_astray`, `stage_astray`, `ties_differ`, `files_differ`,
    /// `file_differs`, `file_missing`, `obligations_differ`, `sums_differ`.
    pub code: &'static str,
    /// What exactly; no personal text.
    pub detail: String,
}

/// What was looked at and found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Reports replayed.
    pub reports: u64,
    /// Cases replayed.
    pub cases: u64,
    /// Timeline entries read.
    pub entries: u64,
    /// Obligations compared with a recount; none when the numbers are behind what happened.
    pub obligations: Option<u64>,
    /// Areas down to streets that have no fallback organisation: nothing is wrong with what is stored, and somebody has to name one.
    pub without_fallback: Vec<String>,
    /// What is wrong; the first thousand.
    pub findings: Vec<Finding>,
}

impl Verified {
    pub(super) fn add(&mut self, subject_id: Id, code: &'static str, detail: impl Into<String>) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding {
                subject_id,
                code,
                detail: detail.into(),
            });
        }
    }
}

impl Casework {
    /// Looks at everything. Takes the time it takes; commands may go on meanwhile, each batch is one snapshot.
    pub fn verify(&self) -> Result<Verified, StoreError> {
        let mut verified = Verified::default();
        let mut after = Id(0);
        while let Some(last) = self.verify_cases(after, &mut verified)? {
            after = last;
        }
        after = Id(0);
        while let Some(last) = self.verify_reports(after, &mut verified)? {
            after = last;
        }
        self.verify_references(&mut verified)?;
        self.verify_statistics(&mut verified)?;
        let this = self.clone();
        let missing = self
            .store()
            .read_blocking(move |tx| this.areas_without_fallback(tx))?;
        verified.without_fallback = missing
            .into_iter()
            .map(|area| area.area_name.unwrap_or(area.area_path))
            .collect();
        Ok(verified)
    }

    fn verify_cases(&self, after: Id, verified: &mut Verified) -> Result<Option<Id>, StoreError> {
        let this = self.clone();
        let (last, found) = self.store().read_blocking(move |tx| {
            let mut found = Verified::default();
            let cases = tx.query(&CASES_AFTER, params![after, BATCH], read::case)?;
            let last = cases.last().map(|case| case.id);
            for mut case in cases {
                case.tasks = read::tasks_of(tx, case.id)?;
                this.verify_case(tx, &case, &mut found)?;
            }
            Ok::<_, StoreError>((last, found))
        })?;
        verified.cases += found.cases;
        verified.entries += found.entries;
        verified.findings.extend(found.findings);
        Ok(last)
    }

    fn verify_case(
        &self,
        tx: &mut Tx<'_>,
        case: &Case,
        found: &mut Verified,
    ) -> Result<(), StoreError> {
        found.cases += 1;
        let entries = read::timeline(tx, case.id)?;
        check_sequence(case.id, &entries, found);
        let replayed = read::case_events(&entries)
            .map_err(|error| error.to_string())
            .and_then(|events| case::replay(&events).map_err(|error| error.to_string()));
        compare(case.id, case, replayed, found);
        let stored: BTreeSet<String> = tx
            .query(&ORGANISATIONS_OF_CASE, params![case.id], |row| {
                row.get::<String>(0)
            })?
            .into_iter()
            .collect();
        let held: BTreeSet<String> = write::organisations_seeing(case)
            .iter()
            .map(ToString::to_string)
            .collect();
        if stored != held {
            found.add(
                case.id,
                "holders_differ",
                format!("{stored:?} stored, {held:?} held"),
            );
        }
        let marks = tx.query_opt(&MARKS_OF_CASE, params![case.id], |row| {
            let marks: [bool; 4] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?];
            Ok((marks, row.get::<i64>(4)?))
        })?;
        let overlays = &case.extra.overlays;
        let held = [
            overlays.important,
            case.is_supervised(),
            case.is_suspended(),
            case.is_escalated(),
        ];
        let held = (held, i64::from(case.asked_bits()));
        if marks != Some(held) {
            found.add(case.id, "marks_differ", format!("{marks:?}, {held:?} held"));
        }
        verify_ties(tx, case, &entries, found)?;
        verify_files(tx, case.id, &files_of_case(&entries), found)?;
        if let Some((report_id, words)) = read::case_words(tx, case.id)? {
            let context =
                report_id.map_or_else(|| sealed::case_words(case.id), sealed::report_words);
            self.verify_words(case.id, Some(words), &context, &case.words.0, found);
        }
        Ok(())
    }

    fn verify_reports(&self, after: Id, verified: &mut Verified) -> Result<Option<Id>, StoreError> {
        let this = self.clone();
        let (last, found) = self.store().read_blocking(move |tx| {
            let mut found = Verified::default();
            let rows = tx.query(&REPORTS_AFTER, params![after, BATCH], read::report)?;
            let last = rows.last().map(|row| row.report.id);
            for row in rows {
                let mut report = row.report;
                report.cases = read::cases_of(tx, report.id)?;
                this.verify_report(tx, &report, &mut found)?;
            }
            Ok::<_, StoreError>((last, found))
        })?;
        verified.reports += found.reports;
        verified.entries += found.entries;
        verified.findings.extend(found.findings);
        Ok(last)
    }

    fn verify_report(
        &self,
        tx: &mut Tx<'_>,
        report: &Report,
        found: &mut Verified,
    ) -> Result<(), StoreError> {
        found.reports += 1;
        let entries = read::timeline(tx, report.id)?;
        check_sequence(report.id, &entries, found);
        let replayed = read::report_events(&entries)
            .map_err(|error| error.to_string())
            .and_then(|events| report::replay(&events).map_err(|error| error.to_string()))
            .map(|mut replayed| {
                replayed.cases.sort_by_key(|each| each.case_id);
                replayed
            });
        compare(report.id, report, replayed, found);
        let files = read::report_events(&entries).unwrap_or_default();
        let files = files.into_iter().filter_map(|event| match event.fact {
            ReportFact::ReportFilesAttached { files } => Some(files),
            _ => None,
        });
        let files: Vec<FileRef> = files.flatten().collect();
        verify_files(tx, report.id, &files, found)?;
        let words = tx
            .query_opt(&REPORT_SEALED, params![report.id], |row| {
                row.get::<Option<Vec<u8>>>(0)
            })?
            .flatten();
        let context = sealed::report_words(report.id);
        self.verify_words(report.id, words, &context, &report.words.0, found);
        Ok(())
    }

    /// Words that are forgotten prove nothing and are no finding.
    fn verify_words(
        &self,
        id: Id,
        sealed: Option<Vec<u8>>,
        context: &str,
        digest: &str,
        found: &mut Verified,
    ) {
        let Some(sealed) = sealed else { return };
        match sealed::open_words(&self.parts().sealer, &sealed, context) {
            Ok((_, opened)) if hex::encode(opened) == digest => {}
            Ok(_) => found.add(
                id,
                "digest_differs",
                "the sealed words are not those of the event",
            ),
            Err(error) => found.add(id, "unread", error.to_string()),
        }
    }

    fn verify_references(&self, verified: &mut Verified) -> Result<(), StoreError> {
        let found = self.store().read_blocking(|tx| {
            let mut found = Verified::default();
            for id in tx.query(&TIMELINE_ORPHANS, &[], |row| row.get::<Id>(0))? {
                found.add(id, "orphan", "a timeline without a report or case");
            }
            for (report, case) in tx.query(&REPORT_CASE_ORPHANS, &[], |row| {
                Ok((row.get::<Id>(0)?, row.get::<Id>(1)?))
            })? {
                found.add(
                    report,
                    "orphan",
                    format!("it is joined to case {case}, and one of them is missing"),
                );
            }
            for (report, case) in tx.query(&REPORT_CASE_ASTRAY, &[], |row| {
                Ok((row.get::<Id>(0)?, row.get::<Id>(1)?))
            })? {
                found.add(
                    report,
                    "tie_astray",
                    format!(
                        "its tie to case {case} is open and the case is not, or the other way round"
                    ),
                );
            }
            for id in tx.query(&REPORTS_ASTRAY, &[], |row| row.get::<Id>(0))? {
                found.add(
                    id,
                    "stage_astray",
                    "it is under way without an open case, or at an end with one",
                );
            }
            for id in tx.query(&CALLBACKS_ASTRAY, &[], |row| row.get::<Id>(0))? {
                let detail =
                    "its stage and its task to call the reporter back contradict each other";
                found.add(id, "stage_astray", detail);
            }
            for id in tx.query(&TASK_ORPHANS, &[], |row| row.get::<Id>(0))? {
                found.add(id, "orphan", "a task without a case or report");
            }
            let counts = tx.query_opt(&COUNTS, &[], |row| {
                Ok((row.get::<i64>(0)?, row.get::<i64>(1)?, row.get::<i64>(2)?))
            })?;
            if let Some((timelines, cases, reports)) = counts
                && timelines != cases + reports
            {
                let detail = format!("{timelines} timelines, {cases} cases, {reports} reports");
                found.add(Id(0), "counts_differ", detail);
            }
            Ok::<_, StoreError>(found)
        })?;
        verified.findings.extend(found.findings);
        Ok(())
    }
}

/// The reports that a case says opened or joined it are tied to it, and the cases it was merged or split with know of it.
fn verify_ties(
    tx: &mut Tx<'_>,
    case: &Case,
    entries: &[TimelineEntry],
    found: &mut Verified,
) -> Result<(), StoreError> {
    let mut said: BTreeSet<Id> = BTreeSet::new();
    for event in read::case_events(entries).unwrap_or_default() {
        match event.fact {
            CaseFact::CaseAccepted { opened, .. } => said.extend(opened.report_ids),
            CaseFact::Link(LinkFact::ReportJoined { report_id, .. }) => {
                said.insert(report_id);
            }
            CaseFact::Link(LinkFact::CaseAbsorbed { report_ids, .. }) => said.extend(report_ids),
            _ => {}
        }
    }
    let tied: BTreeSet<Id> = read::reports_of(tx, case.id)?.into_iter().collect();
    if !said.is_subset(&tied) {
        let detail = format!("{said:?} on the timeline, {tied:?} tied");
        found.add(case.id, "ties_differ", detail);
    }
    let links = &case.extra.links;
    let knows = |tx: &mut Tx<'_>, other: Id, known: fn(&CaseLinks) -> Vec<Id>| {
        let other = tx.query_opt(&CASE_BY_ID, params![other], read::case)?;
        Ok::<_, StoreError>(other.is_some_and(|other| known(&other.extra.links).contains(&case.id)))
    };
    let into = |links: &CaseLinks| links.merged_into.into_iter().collect();
    let from = |links: &CaseLinks| links.split_from.into_iter().collect();
    let mut mutual = true;
    if let Some(other) = links.merged_into {
        mutual &= knows(tx, other, |links| links.absorbed.clone())?;
    }
    for other in &links.absorbed {
        mutual &= knows(tx, *other, into)?;
    }
    if let Some(other) = links.split_from {
        mutual &= knows(tx, other, |links| links.split_into.clone())?;
    }
    for other in &links.split_into {
        mutual &= knows(tx, *other, from)?;
    }
    if !mutual {
        let detail = "a case it was merged or split with is missing or does not know of it";
        found.add(case.id, "ties_differ", detail);
    }
    Ok(())
}

fn files_of_case(entries: &[TimelineEntry]) -> Vec<FileRef> {
    let events = read::case_events(entries).unwrap_or_default();
    let files = events.into_iter().filter_map(|event| match event.fact {
        CaseFact::Course(CourseFact::FilesAttached { files, .. }) => Some(files),
        _ => None,
    });
    files.flatten().collect()
}

/// The rows of attachments are those that the timeline names, with the same digests. Whether their bytes are is another question.
fn verify_files(
    tx: &mut Tx<'_>,
    subject_id: Id,
    named: &[FileRef],
    found: &mut Verified,
) -> Result<(), StoreError> {
    let mut stored = tx.query(&ATTACHMENTS_OF_SUBJECT, params![subject_id], attachment)?;
    stored.sort_by_key(|row| row.id);
    let stored: Vec<FileRef> = stored.iter().map(AttachmentRow::file_ref).collect();
    let mut named = named.to_vec();
    named.sort_by_key(|file| file.id);
    if stored != named {
        let detail = format!("{} on the timeline, {} in rows", named.len(), stored.len());
        found.add(subject_id, "files_differ", detail);
    }
    Ok(())
}

fn check_sequence(id: Id, entries: &[TimelineEntry], found: &mut Verified) {
    found.entries += entries.len() as u64;
    let expected = 1_i64..;
    if !entries
        .iter()
        .map(|entry| entry.seq)
        .eq(expected.take(entries.len()))
    {
        found.add(
            id,
            "timeline_gap",
            "its entries are not numbered from 1 without gaps",
        );
    }
}

/// Says which fields differ, by name only: values may be long.
fn compare<T: PartialEq + Debug + Serialize>(
    id: Id,
    stored: &T,
    replayed: Result<T, String>,
    found: &mut Verified,
) {
    match replayed {
        Err(reason) => found.add(id, "unread", reason),
        Ok(replayed) if replayed == *stored => {}
        Ok(replayed) => {
            let fields = match (serde_json::to_value(stored), serde_json::to_value(replayed)) {
                (
                    Ok(serde_json::Value::Object(stored)),
                    Ok(serde_json::Value::Object(replayed)),
                ) => stored
                    .iter()
                    .filter(|(field, value)| replayed.get(*field) != Some(value))
                    .map(|(field, _)| field.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
                _ => String::new(),
            };
            found.add(id, "replay_differs", fields);
        }
    }
}
