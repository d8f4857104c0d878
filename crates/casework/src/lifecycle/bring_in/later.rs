//! A later file tells more of a history that was brought in before: what is new in it becomes facts of their own time, followed by one
//! more mark. What it takes back or tells otherwise of what had happened is a contradiction, and changes nothing. What it leaves empty it
//! says nothing about.

use super::{CaseHistory, End, Given, Making, ReportHistory, Source, elsewhere, mark_of};
use crate::clocks::Clock;
use crate::lifecycle::case::CaseFact;
use crate::lifecycle::handling::HandlingFact;
use crate::lifecycle::overlays::{OverlayFact, TaskClock};
use crate::lifecycle::report::ReportFact;
use crate::lifecycle::{Circumstances, Event};
use crate::model::{Case, CaseStage, ClockKind, Corrected, NoteRef, Report, ReportStage, Task};
use base::{Id, Timestamp};
use std::fmt;

/// How what was replied or done stands to what was brought in before. The law sees no words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Words {
    /// The file has the same, or none.
    #[default]
    Same,
    /// There was none before.
    New,
    /// There were others before.
    Other,
}

/// How a case ended.
pub type Ended = (Timestamp, CaseStage);

/// What a later file tells of a case.
#[derive(Clone, Debug)]
pub struct CaseTold<'a> {
    /// When it was reported.
    pub opened_at: Timestamp,
    /// How it had ended in the file before.
    pub ended: Option<Ended>,
    /// What was done with it, as if it came in now.
    pub history: &'a CaseHistory,
    /// When it was given to somebody, where the file says so.
    pub assigned_at: Option<Timestamp>,
    /// What was done, or why it was dropped.
    pub reply: Words,
    /// What is told otherwise than before.
    pub corrected: Corrected,
    /// Why whoever had it has it no more: sealed, for a case that was given to another.
    pub moved: Option<NoteRef>,
    /// Whether the file's own words are others than before.
    pub is_told_anew: bool,
}

/// What a later file tells of a report.
#[derive(Clone, Debug)]
pub struct ReportTold<'a> {
    /// When it was told.
    pub received_at: Timestamp,
    /// What became of it, as if it came in now; of one with a case what became of that is in `ended`.
    pub history: &'a ReportHistory,
    /// What the reporter was told.
    pub reply: Words,
    /// Its case has ended with this file.
    pub ended: Option<(Id, Ended)>,
    /// What is told otherwise than before.
    pub corrected: Corrected,
    /// Whether the file's own words are others than before.
    pub is_told_anew: bool,
}

/// What a later file changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// 立案.
    Filed(Timestamp),
    /// Given to somebody.
    Given(Timestamp),
    /// Taken from one and given to another.
    Moved(Timestamp),
    /// Another deadline.
    Due(Timestamp, Timestamp),
    /// What was done is told.
    Replied,
    /// Answered without a case.
    Answered(Timestamp),
    /// 结案.
    Closed(Timestamp),
    /// 作废.
    Cancelled(Timestamp),
    /// Another category.
    Category,
    /// Another title, text or address.
    Words,
    /// Another place.
    Place,
    /// What the file calls things.
    Told,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Filed(at) => write!(f, "filed at {at}"),
            Self::Given(at) => write!(f, "given to an organisation at {at}"),
            Self::Moved(at) => write!(f, "given to another organisation at {at}"),
            Self::Due(from, to) => write!(f, "deadline {from}, now {to}"),
            Self::Replied => f.write_str("what was done is added"),
            Self::Answered(at) => write!(f, "answered at {at}"),
            Self::Closed(at) => write!(f, "closed at {at}"),
            Self::Cancelled(at) => write!(f, "cancelled at {at}"),
            Self::Category => f.write_str("another category"),
            Self::Words => f.write_str("other words or another address"),
            Self::Place => f.write_str("another place"),
            Self::Told => f.write_str("the file's own words"),
        }
    }
}

/// What a file tells otherwise than the one before, and may not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Contradiction {
    /// The field of the mapping.
    pub field: &'static str,
    /// What was before, and what the file has.
    pub reason: String,
}

fn contradiction<T>(field: &'static str, reason: String) -> Result<T, Contradiction> {
    Err(Contradiction { field, reason })
}

/// A time that was told before stands.
fn same_time(field: &'static str, before: Timestamp, told: Timestamp) -> Result<(), Contradiction> {
    if before == told {
        return Ok(());
    }
    contradiction(
        field,
        format!("it was brought in with {before}, and the file has {told}"),
    )
}

fn corrections(corrected: &Corrected) -> impl Iterator<Item = Change> {
    let category = corrected.category_id.map(|_| Change::Category);
    let words = corrected.words.as_ref().map(|_| Change::Words);
    let place = corrected.place.as_ref().map(|_| Change::Place);
    category.into_iter().chain(words).chain(place)
}

fn boxed(corrected: &Corrected) -> Option<Box<Corrected>> {
    (!corrected.is_empty()).then(|| Box::new(corrected.clone()))
}

/// What happened to a case besides what is known of it; nothing when the file tells the same. `case` is as it was brought in, and only
/// clocks have run out since.
pub fn case_later(
    case: &Case,
    told: &CaseTold<'_>,
    source: &Source,
    circumstances: &Circumstances<'_>,
) -> Result<(Vec<Event<CaseFact>>, Vec<Change>), Contradiction> {
    same_time("reported_at", case.accepted_at, told.opened_at)?;
    let ended = told.ended;
    check_end(ended, told.history.end.as_ref())?;
    if told.reply == Words::Other {
        return contradiction("reply", OTHER_REPLY.to_owned());
    }
    let mut making = Making {
        case: case.clone(),
        events: Vec::new(),
        circumstances,
    };
    let mut changes = Vec::new();
    follow_filing(&mut making, told, &mut changes)?;
    let given = follow_given(&mut making, told, ended.is_some(), &mut changes)?;
    match (&told.history.end, ended) {
        (Some(end), None) => {
            let begun = given
                .as_ref()
                .map(|given| given.at)
                .max(making.case.filed_at);
            check_after(begun, end)?;
            making.end(given.as_ref(), end);
            changes.push(match end {
                End::Closed { at, .. } => Change::Closed(*at),
                End::Cancelled { at, .. } => Change::Cancelled(*at),
            });
        }
        (Some(end), Some(_)) if told.reply == Words::New => {
            add_reply(&mut making, end)?;
            changes.push(Change::Replied);
        }
        _ => {}
    }
    changes.extend(corrections(&told.corrected));
    changes.extend(told.is_told_anew.then_some(Change::Told));
    if changes.is_empty() {
        return Ok((Vec::new(), changes));
    }
    if told.history.end.is_none() {
        making.overdue(circumstances.recorded_at);
    }
    let mark = mark_of(source, told.history, boxed(&told.corrected));
    making.events.push(circumstances.event(mark));
    Ok((making.events, changes))
}

const OTHER_REPLY: &str = "another reply was brought in before";

/// An end stands as it was told.
fn check_end(ended: Option<Ended>, told: Option<&End>) -> Result<(), Contradiction> {
    let Some((at, stage)) = ended else {
        return Ok(());
    };
    match told.map(End::stage) {
        None => contradiction(
            "closed_at",
            format!("it was brought in as {stage} at {at}, and the file has it open"),
        ),
        Some((_, told)) if told != stage => contradiction(
            "state",
            format!("it was brought in as {stage} at {at}, and the file has it {told}"),
        ),
        Some((told, _)) => same_time("closed_at", at, told),
    }
}

fn check_after(begun: Option<Timestamp>, end: &End) -> Result<(), Contradiction> {
    let (field, at) = match end {
        End::Closed { handled_at, at, .. } if handled_at != at => ("replied_at", *handled_at),
        End::Closed { at, .. } | End::Cancelled { at, .. } => ("closed_at", *at),
    };
    match begun.filter(|begun| at < *begun) {
        None => Ok(()),
        Some(begun) => contradiction(
            field,
            format!("{at} lies before what was brought in of {begun}"),
        ),
    }
}

fn follow_filing(
    making: &mut Making<'_>,
    told: &CaseTold<'_>,
    changes: &mut Vec<Change>,
) -> Result<(), Contradiction> {
    let case = &making.case;
    let Some(at) = told.history.filed_at else {
        return Ok(());
    };
    if let Some(before) = case.filed_at {
        return same_time("filed_at", before, at);
    }
    // Where it waits for dispatch here, a process without filing has no stage for what is filed.
    let is_given = told.history.given.is_some() || told.history.end.is_some();
    if !is_given && !making.circumstances.process.uses(CaseStage::Filed) {
        return Ok(());
    }
    if case.stage != CaseStage::Accepted {
        return contradiction(
            "filed_at",
            format!(
                "it was brought in as {} without having been filed",
                case.stage
            ),
        );
    }
    let process = making.circumstances.process;
    let (organisation, level) = (case.accepted_by.clone(), case.level);
    let clock = if is_given {
        None
    } else {
        process.stage_clock(
            CaseStage::Filed,
            level,
            making.circumstances.recorded_at,
            None,
        )
    };
    let filed = CaseFact::CaseFiled {
        rule: None,
        organisation,
        clock,
    };
    making.add(at, filed);
    changes.push(Change::Filed(at));
    Ok(())
}

/// Who has it, with the file's deadline; what the file tells of that besides what is known.
fn follow_given(
    making: &mut Making<'_>,
    told: &CaseTold<'_>,
    has_ended: bool,
    changes: &mut Vec<Change>,
) -> Result<Option<Given>, Contradiction> {
    let lead = making.case.lead().cloned();
    let (lead, given) = match (lead, told.history.given.clone()) {
        (None, None) => return Ok(None),
        // What was dropped has no lead any more: nothing can be told of who had it.
        (None, Some(_)) if making.case.stage == CaseStage::Cancelled => return Ok(None),
        (None, Some(given)) => {
            if has_ended {
                let reason = "it was brought in as ended with nobody who had to handle it";
                return contradiction("organisation", reason.to_owned());
            }
            if let Some(filed_at) = making.case.filed_at.filter(|at| given.at < *at) {
                let reason = format!("{} lies before it was filed at {filed_at}", given.at);
                return contradiction("assigned_at", reason);
            }
            making.give(&given, told.history.end.as_ref());
            changes.push(Change::Given(given.at));
            return Ok(Some(given));
        }
        (Some(_), None) => {
            let reason = "it was brought in as given to an organisation, and the file names nobody";
            return contradiction("organisation", reason.to_owned());
        }
        (Some(lead), Some(given)) => (lead, given),
    };
    if lead.organisation.id != given.organisation.id {
        return follow_moved(making, told, &lead, given, has_ended, changes).map(Some);
    }
    if let Some(at) = told.assigned_at {
        same_time("assigned_at", lead.opened_at, at)?;
    }
    if let Some(due_at) = given.due_at.filter(|at| *at != lead.handling.due_at) {
        if has_ended {
            same_time("due_at", lead.handling.due_at, due_at)?;
        }
        let clock = Clock::between(lead.opened_at.min(due_at), due_at);
        let deadline = OverlayFact::DeadlineGiven {
            clock: Some(clock),
            tasks: vec![TaskClock {
                task_id: lead.id,
                kind: ClockKind::Handling,
                clock,
            }],
            reason: None,
        };
        // Nobody tells when it was set: known since now.
        making.add(
            making.circumstances.recorded_at,
            CaseFact::Overlay(deadline),
        );
        changes.push(Change::Due(lead.handling.due_at, due_at));
    }
    Ok(Some(Given {
        task_id: lead.id,
        at: lead.opened_at,
        ..given
    }))
}

fn follow_moved(
    making: &mut Making<'_>,
    told: &CaseTold<'_>,
    lead: &Task,
    given: Given,
    has_ended: bool,
    changes: &mut Vec<Change>,
) -> Result<Given, Contradiction> {
    let reason = match (&told.moved, told.assigned_at) {
        _ if has_ended => "it was brought in as ended with another organisation",
        (Some(reason), Some(at)) if at >= lead.opened_at => {
            let revoked = HandlingFact::TaskRevoked {
                task_id: lead.id,
                with: Vec::new(),
                reason: reason.clone(),
                clock: None,
            };
            making.add(at, CaseFact::Handling(revoked));
            making.give(&given, told.history.end.as_ref());
            changes.push(Change::Moved(at));
            return Ok(given);
        }
        (_, Some(_)) => "another organisation has it, and was given it before the one that had it",
        (_, None) => "another organisation has it, and the file does not say since when",
    };
    contradiction("organisation", reason.to_owned())
}

/// What was done is told after the end: said once more, at the same time, with the words.
fn add_reply(making: &mut Making<'_>, end: &End) -> Result<(), Contradiction> {
    let End::Closed { result, .. } = end else {
        return contradiction("reply", OTHER_REPLY.to_owned());
    };
    let lead = making.case.lead();
    let finished = lead.and_then(|lead| Some((lead.id, lead.finished_at?)));
    if let Some((task_id, at)) = finished {
        let result = result.clone();
        making.add(at, CaseFact::TaskFinished { task_id, result });
    } else if let Some(at) = making.case.closed_at {
        making.close(at, result.clone());
    }
    Ok(())
}

/// What happened to a report besides what is known of it; nothing when the file tells the same.
pub fn report_later(
    report: &Report,
    told: &ReportTold<'_>,
    source: &Source,
    circumstances: &Circumstances<'_>,
) -> Result<(Vec<Event<ReportFact>>, Vec<Change>), Contradiction> {
    same_time("reported_at", report.received_at, told.received_at)?;
    let then = |at, fact| elsewhere(at, circumstances, fact);
    let (mut events, mut changes) = (Vec::new(), Vec::new());
    match (told.history, report.stage) {
        (ReportHistory::Answered { at, answer }, ReportStage::Received) => {
            let answer = answer.clone();
            events.push(then(*at, ReportFact::ReportAnswered { answer }));
            changes.push(Change::Answered(*at));
        }
        (ReportHistory::Answered { at, .. }, _) => {
            same_time("replied_at", report.settled_at.unwrap_or(*at), *at)?;
            if told.reply == Words::Other {
                return contradiction("reply", OTHER_REPLY.to_owned());
            }
        }
        (ReportHistory::Undecided, ReportStage::Answered) => {
            let reason = "it was brought in as answered, and the file has no reply";
            return contradiction("reply", reason.to_owned());
        }
        (ReportHistory::Undecided | ReportHistory::Accepted { .. }, _) => {}
    }
    if let Some((case_id, (at, outcome))) = told.ended {
        events.push(then(at, ReportFact::ReportCaseClosed { case_id, outcome }));
        events.push(then(at, ReportFact::ReportSettled {}));
    }
    changes.extend(corrections(&told.corrected));
    changes.extend(told.is_told_anew.then_some(Change::Told));
    if changes.is_empty() && events.is_empty() {
        return Ok((events, changes));
    }
    events.push(circumstances.event(ReportFact::ReportBroughtIn {
        system: source.system.clone(),
        id: source.id.clone(),
        told: source.told.clone(),
        corrected: boxed(&told.corrected),
    }));
    Ok((events, changes))
}
