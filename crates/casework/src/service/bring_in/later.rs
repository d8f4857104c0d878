//! A row about a report that is here already: what the file tells besides what was brought in before.
//!
//! It is compared with the report and case as they were brought in last. Where nothing is new, nothing is done, whatever has become of
//! them here. Where something is, it is added by the law of [`bring_in::case_later`] and [`bring_in::report_later`], unless somebody here
//! has acted on them since: then they are ours, and the row is refused.

use super::maker::cancelled_for;
use super::{Casework, Ready, told_text};
use crate::lifecycle::bring_in::{
    self, CaseHistory, CaseTold, Change, Contradiction, End, Ended, ReportHistory, ReportTold,
    Source, Words as Reply,
};
use crate::lifecycle::case::{self, CaseFact};
use crate::lifecycle::links::LinkFact;
use crate::lifecycle::overlays::OverlayFact;
use crate::lifecycle::report::{self, ReportFact};
use crate::lifecycle::{Event, Fact};
use crate::model::{Actor, Case, CaseStage, Corrected, CorrectedPlace, Digest, NoteRef, Report};
use crate::records::{Record, Standing};
use crate::service::case::{concern_of_case, concern_of_report};
use crate::service::query::case_note;
use crate::service::sealed::{self, Words};
use crate::service::timer::as_store;
use crate::store::read::{self, CaseKey, ReportRow};
use crate::store::{NOTE_BY_ID, REPORT_SEALED, write};
use ::store::{StoreError, Tx, params};
use base::{Id, Timestamp};
use std::collections::BTreeSet;

/// {title, detail, address} and the title alone, sealed.
type SealedAnew = (Vec<u8>, Vec<u8>);

/// What a row tells, kept to be compared.
pub(super) struct Told {
    words: Words,
    text: String,
    /// What was replied or done, or why it was dropped.
    reply: Option<String>,
    reported_at: Timestamp,
    assigned_at: Option<Timestamp>,
    has_area: bool,
    pub(super) report: Option<(ReportHistory, Source)>,
    pub(super) case: Option<(CaseHistory, Source)>,
}

impl Told {
    pub(super) fn of(record: &Record, words: Words) -> Self {
        let reply = match record.standing {
            Standing::Cancelled(_) => Some(cancelled_for(record)),
            _ => record.reply.as_deref(),
        };
        Self {
            words,
            text: told_text(record),
            reply: reply.map(str::to_owned),
            reported_at: record.reported_at,
            assigned_at: record.assigned_at,
            has_area: record.area_code.is_some(),
            report: None,
            case: None,
        }
    }
}

/// What becomes of a row about what is here.
pub(super) enum Followed {
    /// It tells nothing new.
    Same,
    /// What it changed.
    Changed(String),
    /// It may not.
    Refused {
        /// The field of the mapping at fault.
        field: &'static str,
        reason: String,
    },
}

impl From<Contradiction> for Followed {
    fn from(contradiction: Contradiction) -> Self {
        let Contradiction { field, reason } = contradiction;
        Self::Refused { field, reason }
    }
}

fn refused(field: &'static str, reason: impl Into<String>) -> Followed {
    let reason = reason.into();
    Followed::Refused { field, reason }
}

/// A timeline, and its state as it was brought in last.
struct Known<F, S> {
    events: Vec<Event<F>>,
    /// The number of events up to the last mark.
    brought: usize,
    /// As it was then.
    then: S,
}

impl<F: Fact> Known<F, ()> {
    fn of(events: Vec<Event<F>>, is_mark: impl Fn(&F) -> bool) -> Option<Self> {
        let brought = events.iter().rposition(|event| is_mark(&event.fact))? + 1;
        Some(Self {
            events,
            brought,
            then: (),
        })
    }
}

impl<F: Fact, S> Known<F, S> {
    fn with<T>(self, then: T) -> Known<F, T> {
        let Self {
            events, brought, ..
        } = self;
        Known {
            events,
            brought,
            then,
        }
    }

    fn told(&self) -> &[Event<F>] {
        self.events.get(..self.brought).unwrap_or_default()
    }

    /// What was done here since it was brought in. Clocks run out by themselves.
    fn acted(&self) -> Option<String> {
        let since = self.events.iter().skip(self.brought);
        let mut acts = since.filter(|event| !CLOCKS.contains(&event.fact.kind()));
        acts.next().map(|event| {
            let (kind, at) = (event.fact.kind(), event.occurred_at);
            format!("it is worked on here since it was brought in ({kind} at {at}) and is not changed by a file")
        })
    }
}

const CLOCKS: [&str; 5] = [
    "task_overdue",
    "stage_overdue",
    "clock_escalated",
    "report_overdue",
    "report_escalated",
];

impl Casework {
    /// Compares a row with the report that is here, and adds what is new.
    pub(super) fn follow_row(
        &self,
        tx: &mut Tx<'_>,
        ready: &Ready,
        twin: Id,
        (by, now): (&Actor, Timestamp),
        dry_run: bool,
    ) -> Result<Followed, StoreError> {
        let row = read::report_with_cases(tx, twin)?;
        let row = row.ok_or_else(|| StoreError::Corrupt(format!("report {twin} is missing")))?;
        let events = read::report_events(&read::timeline(tx, twin)?)?;
        let is_mark = |fact: &ReportFact| matches!(fact, ReportFact::ReportBroughtIn { .. });
        let Some(known) = Known::of(events, is_mark) else {
            return Ok(refused(
                "id",
                "it came here by another way than such a file",
            ));
        };
        let then = report::replay(known.told()).map_err(corrupt)?;
        let known = known.with(then);
        if known.then.source != ready.report.source || known.then.level != ready.report.level {
            let (source, level) = (&known.then.source, known.then.level);
            let reason =
                format!("it was brought in with source {source} and level {level}: they stay");
            return Ok(refused("source", reason));
        }
        match (&ready.told.case, known.then.cases.first()) {
            (None, None) => self.follow_message(tx, ready, (&row, &known), (by, now), dry_run),
            (Some(_), Some(tie)) => {
                let case_id = tie.case_id;
                self.follow_case(tx, ready, (&row, &known), case_id, (by, now), dry_run)
            }
            (None, Some(_)) => Ok(refused("id", "it was brought in with a case")),
            (Some(_), None) => Ok(refused("id", "it was brought in without a case")),
        }
    }

    fn follow_message(
        &self,
        tx: &mut Tx<'_>,
        ready: &Ready,
        (row, known): (&ReportRow, &Known<ReportFact, Report>),
        (by, now): (&Actor, Timestamp),
        dry_run: bool,
    ) -> Result<Followed, StoreError> {
        let answer = known.then.extra.answer.as_ref();
        let reply = self.reply_compared(tx, answer, ready.told.reply.as_deref())?;
        let corrected = self.report_corrected(tx, ready, &known.then)?;
        let is_told_anew = self.is_told_anew(tx, report_mark(known.told()), &ready.told)?;
        let Some((history, source)) = &ready.told.report else {
            return Ok(Followed::Same);
        };
        let process = self.process_for(&known.then.source).map_err(as_store)?;
        let circumstances = self.circumstances(&process, Some(by), now);
        let told = ReportTold {
            received_at: ready.told.reported_at,
            history,
            reply,
            ended: None,
            corrected: corrected.0.clone(),
            is_told_anew,
        };
        let decided = bring_in::report_later(&known.then, &told, source, &circumstances);
        let (events, changes) = match decided {
            Ok(decided) => decided,
            Err(contradiction) => return Ok(contradiction.into()),
        };
        if changes.is_empty() {
            return Ok(Followed::Same);
        }
        if let Some(acted) = known.acted() {
            return Ok(refused("id", acted));
        }
        if !dry_run {
            Self::report_follow(tx, row, &events, corrected.1.as_ref())?;
            Self::notes_follow(
                tx,
                ready,
                row.report.id,
                events.iter().filter_map(|e| e.fact.note()),
            )?;
        }
        Ok(changed(&changes))
    }

    fn follow_case(
        &self,
        tx: &mut Tx<'_>,
        ready: &Ready,
        (row, known): (&ReportRow, &Known<ReportFact, Report>),
        case_id: Id,
        (by, now): (&Actor, Timestamp),
        dry_run: bool,
    ) -> Result<Followed, StoreError> {
        let case = read::case_with_tasks(tx, CaseKey::Case(case_id))?;
        let case = case.ok_or_else(|| StoreError::Corrupt(format!("case {case_id} is missing")))?;
        let events = read::case_events(&read::timeline(tx, case_id)?)?;
        let is_mark =
            |fact: &CaseFact| matches!(fact, CaseFact::Link(LinkFact::CaseBroughtIn { .. }));
        let (Some(known_case), Some((history, source)), Some((of_report, report_source))) = (
            Known::of(events, is_mark),
            &ready.told.case,
            &ready.told.report,
        ) else {
            return Ok(refused(
                "id",
                "its case came here by another way than such a file",
            ));
        };
        let then = case::replay(known_case.told()).map_err(corrupt)?;
        let known_case = known_case.with(then);
        let process = self.process_of_case(&case).map_err(as_store)?;
        let circumstances = self.circumstances(&process, Some(by), now);
        let corrected = self.report_corrected(tx, ready, &known.then)?;
        let (ended, note) = ended_as(known_case.told());
        let reply = match (history.end.is_some(), ended) {
            (true, Some(_)) => self.reply_compared(tx, note, ready.told.reply.as_deref())?,
            _ => Reply::Same,
        };
        let of_case = case_corrected(ready, &known_case.then, &corrected.0);
        let (moved, moved_note) = self.moved(&known_case.then, history);
        let told = CaseTold {
            opened_at: ready.told.reported_at,
            ended,
            history,
            assigned_at: ready.told.assigned_at,
            reply,
            corrected: of_case,
            moved,
            is_told_anew: self.is_told_anew(tx, case_mark(known_case.told()), &ready.told)?,
        };
        let decide = |case: &Case| bring_in::case_later(case, &told, source, &circumstances);
        let changes = match decide(&known_case.then) {
            Ok((_, changes)) => changes,
            Err(contradiction) => return Ok(contradiction.into()),
        };
        if changes.is_empty() {
            return Ok(Followed::Same);
        }
        if let Some(acted) = known_case.acted().or_else(|| known.acted()) {
            return Ok(refused("id", acted));
        }
        // Its clocks may have run out since.
        let (events, _) = match decide(&case) {
            Ok(decided) => decided,
            Err(contradiction) => return Ok(contradiction.into()),
        };
        let ends = history.end.as_ref().filter(|_| ended.is_none());
        let of_report = ReportTold {
            received_at: ready.told.reported_at,
            history: of_report,
            reply: Reply::Same,
            ended: ends.map(End::stage).map(|ended| (case_id, ended)),
            corrected: corrected.0,
            is_told_anew: false,
        };
        let decided =
            bring_in::report_later(&row.report, &of_report, report_source, &circumstances);
        let report_events = match decided {
            Ok((events, _)) => events,
            Err(contradiction) => return Ok(contradiction.into()),
        };
        if !dry_run {
            self.case_follow(tx, &case, &events, now)?;
            let notes = events.iter().filter_map(|event| case_note(&event.fact));
            Self::notes_follow(tx, ready, case_id, notes)?;
            if let Some((id, sealed)) = moved_note
                && changes.iter().any(|each| matches!(each, Change::Moved(_)))
            {
                write::note_add(tx, id, case_id, &sealed)?;
            }
            Self::report_follow(tx, row, &report_events, corrected.1.as_ref())?;
            let notes = report_events.iter().filter_map(|event| event.fact.note());
            Self::notes_follow(tx, ready, row.report.id, notes)?;
        }
        Ok(changed(&changes))
    }

    fn case_follow(
        &self,
        tx: &mut Tx<'_>,
        before: &Case,
        events: &[Event<CaseFact>],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let after = events.iter().fold(before.clone(), case::evolve);
        write::case_move(tx, before, &after, now)?;
        let is_same = before.category_id == after.category_id
            && before.words == after.words
            && before.area_path == after.area_path
            && before.point == after.point;
        if !is_same {
            let zones = |case: &Case| self.zones_of(case).into_iter().collect::<BTreeSet<Id>>();
            write::case_correct(tx, &after, (&zones(before), &zones(&after)))?;
        }
        write::timeline_add(
            tx,
            after.id,
            before.version,
            events,
            &concern_of_case(&after),
        )?;
        self.schedule(tx, Some(before), &after)
    }

    fn report_follow(
        tx: &mut Tx<'_>,
        row: &ReportRow,
        events: &[Event<ReportFact>],
        words: Option<&SealedAnew>,
    ) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let before = &row.report;
        let after = events.iter().fold(before.clone(), report::evolve);
        write::report_move(tx, before, &after)?;
        write::report_correct(tx, before, &after, words)?;
        let concern = concern_of_report(after.area_path.as_ref(), &row.organisation.path);
        write::timeline_add(tx, after.id, before.version, events, &concern)
    }

    /// The notes of what was sealed with the row that its new events refer to.
    fn notes_follow<'n>(
        tx: &mut Tx<'_>,
        ready: &Ready,
        subject_id: Id,
        notes: impl Iterator<Item = &'n NoteRef>,
    ) -> Result<(), StoreError> {
        for note in notes {
            let sealed = ready.notes.iter().find(|(id, ..)| *id == note.id);
            if let Some((id, _, sealed)) = sealed {
                write::note_add(tx, *id, subject_id, sealed)?;
            }
        }
        Ok(())
    }

    /// What the file tells otherwise of the report, and its words sealed for it.
    fn report_corrected(
        &self,
        tx: &mut Tx<'_>,
        ready: &Ready,
        then: &Report,
    ) -> Result<(Corrected, Option<SealedAnew>), StoreError> {
        let told = &ready.report;
        let is_elsewhere = told.point.is_some() && told.point != then.point
            || (told.point.is_none() || ready.told.has_area)
                && told.area_path.is_some()
                && told.area_path != then.area_path;
        let mut corrected = Corrected {
            place: is_elsewhere.then(|| CorrectedPlace {
                area_path: told.area_path.clone(),
                point: told.point,
            }),
            ..Corrected::default()
        };
        let stored = tx.query_opt(&REPORT_SEALED, params![then.id], |row| {
            row.get::<Option<Vec<u8>>>(0)
        })?;
        // What is forgotten stays so.
        let Some(stored) = stored.flatten() else {
            return Ok((corrected, None));
        };
        let sealer = &self.parts().sealer;
        let context = sealed::report_words(then.id);
        let (stored, digest) = sealed::open_words(sealer, &stored, &context)?;
        // Whoever works here may not have changed them; what stands is what was brought in.
        if stored == ready.told.words || hex::encode(digest) != then.words.0 {
            return Ok((corrected, None));
        }
        let words = sealed::seal_words(sealer, &ready.told.words, &context);
        corrected.words = Some(Digest(hex::encode(words.digest)));
        let title = sealer.seal(
            ready.told.words.title.as_bytes(),
            &sealed::report_title(then.id),
        );
        Ok((corrected, Some((words.sealed, title))))
    }

    fn reply_compared(
        &self,
        tx: &mut Tx<'_>,
        before: Option<&NoteRef>,
        told: Option<&str>,
    ) -> Result<Reply, StoreError> {
        let told = told.map(str::trim).filter(|told| !told.is_empty());
        Ok(match (before, told) {
            (_, None) => Reply::Same,
            (None, Some(_)) => Reply::New,
            (Some(note), Some(told)) => match self.note_opened(tx, note)? {
                Some(before) if before != told => Reply::Other,
                _ => Reply::Same,
            },
        })
    }

    /// Whether the file calls things otherwise than the mark says. What is forgotten is not told anew.
    fn is_told_anew(
        &self,
        tx: &mut Tx<'_>,
        before: Option<&NoteRef>,
        told: &Told,
    ) -> Result<bool, StoreError> {
        let now = told.text.trim();
        match before {
            None => Ok(!now.is_empty()),
            Some(note) => {
                let before = self.note_opened(tx, note)?;
                Ok(before.is_some_and(|before| before != now))
            }
        }
    }

    fn note_opened(&self, tx: &mut Tx<'_>, note: &NoteRef) -> Result<Option<String>, StoreError> {
        let sealed = tx.query_opt(&NOTE_BY_ID, params![note.id], |row| {
            row.get::<Option<Vec<u8>>>(0)
        })?;
        let Some(sealed) = sealed.flatten() else {
            return Ok(None);
        };
        let context = sealed::note(note.id);
        let opened = self.parts().sealer.open_text(&sealed, &context);
        opened
            .map(|salted| Some(salted.text.clone()))
            .map_err(|error| StoreError::Corrupt(format!("{context} does not open: {error}")))
    }

    /// Why whoever had a case has it no more, where the file names another.
    fn moved(
        &self,
        then: &Case,
        history: &CaseHistory,
    ) -> (Option<NoteRef>, Option<(Id, Vec<u8>)>) {
        match (then.lead(), &history.given) {
            (Some(lead), Some(given)) if lead.organisation.id != given.organisation.id => {
                self.seal_note(Some(MOVED_ELSEWHERE))
            }
            _ => (None, None),
        }
    }
}

/// Why a task was taken back that another system gave to another organisation.
const MOVED_ELSEWHERE: &str = "在原系统改派";

fn changed(changes: &[Change]) -> Followed {
    let told: Vec<String> = changes.iter().map(ToString::to_string).collect();
    Followed::Changed(told.join("; "))
}

fn corrupt(error: case::ReplayError) -> StoreError {
    StoreError::Corrupt(error.to_string())
}

fn case_corrected(ready: &Ready, then: &Case, of_report: &Corrected) -> Corrected {
    let told = ready.case.as_ref().and_then(|new| new.case.category_id);
    Corrected {
        category_id: told.filter(|told| then.category_id != Some(*told)),
        ..of_report.clone()
    }
}

/// The words of the last mark.
fn report_mark(events: &[Event<ReportFact>]) -> Option<&NoteRef> {
    events.last().and_then(|event| event.fact.note())
}

fn case_mark(events: &[Event<CaseFact>]) -> Option<&NoteRef> {
    events.last().and_then(|event| case_note(&event.fact))
}

/// How a case ended in the file before, and what was said of that.
fn ended_as(events: &[Event<CaseFact>]) -> (Option<Ended>, Option<&NoteRef>) {
    let mut ended = (None, None);
    for event in events {
        let at = event.occurred_at;
        match &event.fact {
            CaseFact::TaskFinished { result, .. } => ended.1 = result.as_ref().or(ended.1),
            CaseFact::CaseClosed { opinion, .. } => {
                ended = (Some((at, CaseStage::Closed)), opinion.as_ref().or(ended.1));
            }
            CaseFact::Overlay(OverlayFact::CaseCancelled { reason, .. }) => {
                ended = (Some((at, CaseStage::Cancelled)), Some(reason));
            }
            _ => {}
        }
    }
    ended
}
