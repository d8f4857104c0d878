//! Bringing in what another system did: a report, or a report with its case, that were reported, given out, handled and ended there.
//!
//! The facts are those of any report or case, each dated when it happened there and recorded now, and done by nobody of ours. What was
//! left out there is left out here: nothing is filed, accepted or inspected that the other system does not tell of. The last event of
//! the history is [`ReportFact::ReportBroughtIn`] or [`LinkFact::CaseBroughtIn`]: it names the system and the key there, and who brought
//! it in when. What stands before it was done elsewhere, what stands after it is ours, under our law; numbers keep the two apart.
//!
//! Nothing here is decided by roles or by how long ago something may be recorded: nobody acts. What must hold is that the times follow
//! each other, and that a case which goes on here is what its process asks for.

mod later;

pub use later::{
    CaseTold, Change, Contradiction, Ended, ReportTold, Words, case_later, report_later,
};

use super::case::{self, CaseFact, CaseOpened};
use super::course::CourseFact;
use super::decide::{check_opening, handling_clock};
use super::links::LinkFact;
use super::overlays::OverlayFact;
use super::report::{ReportFact, ReportReceived};
use super::{Circumstances, Event, Refusal};
use crate::clocks::Clock;
use crate::model::{
    CaseStage, ClockKind, Corrected, NoteRef, OrganisationRef, ProcessRef, TaskKind, TaskOpened,
    TaskRole,
};
use base::{Id, Timestamp};

/// Where a history comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The system.
    pub system: String,
    /// The key it has there.
    pub id: String,
    /// What the system said in its own words: sealed.
    pub told: Option<NoteRef>,
}

/// What became of a report.
#[derive(Clone, Debug, PartialEq)]
pub enum ReportHistory {
    /// Nobody has decided on it: it is to be decided on here.
    Undecided,
    /// It was answered without a case.
    Answered {
        /// When.
        at: Timestamp,
        /// What the reporter was told.
        answer: NoteRef,
    },
    /// A case was opened for it.
    Accepted {
        /// The case.
        case_id: Id,
        /// The process that its case has here.
        process: ProcessRef,
        /// When its case ended, and how.
        ended: Option<(Timestamp, CaseStage)>,
    },
}

/// What was done with a case.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseHistory {
    /// 立案, where the system tells of it.
    pub filed_at: Option<Timestamp>,
    /// Who had to handle it.
    pub given: Option<Given>,
    /// How it ended; none while it has not.
    pub end: Option<End>,
}

/// A case was given to somebody.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The task.
    pub task_id: Id,
    /// To whom.
    pub organisation: OrganisationRef,
    /// When.
    pub at: Timestamp,
    /// Until when it was to be handled; none when nobody said so.
    pub due_at: Option<Timestamp>,
}

/// The end of a case.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// 结案.
    Closed {
        /// When it was handled.
        handled_at: Timestamp,
        /// When it was closed.
        at: Timestamp,
        /// What was done.
        result: Option<NoteRef>,
    },
    /// 作废.
    Cancelled {
        /// When.
        at: Timestamp,
        /// Why.
        reason: NoteRef,
    },
}

impl End {
    /// When, and in which stage the case is then.
    pub fn stage(&self) -> (Timestamp, CaseStage) {
        match self {
            Self::Closed { at, .. } => (*at, CaseStage::Closed),
            Self::Cancelled { at, .. } => (*at, CaseStage::Cancelled),
        }
    }
}

/// Why a case that was closed elsewhere was not inspected here.
const ENDED_ELSEWHERE: &str = "在原系统办结";

/// Something that happened elsewhere.
fn elsewhere<F>(at: Timestamp, circumstances: &Circumstances<'_>, fact: F) -> Event<F> {
    Event {
        occurred_at: at,
        recorded_at: circumstances.recorded_at,
        by: None,
        fact,
    }
}

/// Refuses times that do not follow each other, or lie ahead.
fn check_order(
    times: impl IntoIterator<Item = Timestamp>,
    circumstances: &Circumstances<'_>,
) -> Result<(), Refusal> {
    let mut begun: Option<Timestamp> = None;
    for at in times {
        if at > circumstances.recorded_at {
            return Err(Refusal::OccurredInFuture);
        }
        if let Some(begun) = begun.filter(|begun| at < *begun) {
            return Err(Refusal::OccurredTooEarly { begun });
        }
        begun = Some(at);
    }
    Ok(())
}

/// The timeline of a report that another system received at `received_at`.
pub fn report(
    received: ReportReceived,
    received_at: Timestamp,
    history: &ReportHistory,
    source: &Source,
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Event<ReportFact>>, Refusal> {
    let ended_at = match history {
        ReportHistory::Undecided => None,
        ReportHistory::Answered { at, .. } => Some(*at),
        ReportHistory::Accepted { ended, .. } => ended.map(|(at, _)| at),
    };
    check_order([received_at].into_iter().chain(ended_at), circumstances)?;
    let then = |at, fact| elsewhere(at, circumstances, fact);
    let mut events = vec![then(received_at, ReportFact::ReportReceived(received))];
    match history {
        ReportHistory::Undecided => {}
        ReportHistory::Answered { at, answer } => {
            let answer = answer.clone();
            events.push(then(*at, ReportFact::ReportAnswered { answer }));
        }
        ReportHistory::Accepted {
            case_id,
            process,
            ended,
        } => {
            let case_id = *case_id;
            let accepted = ReportFact::ReportAccepted {
                case_ids: vec![case_id],
                joined_case_ids: Vec::new(),
                process: Some(process.clone()),
            };
            events.push(then(received_at, accepted));
            if let Some((at, outcome)) = *ended {
                let closed = ReportFact::ReportCaseClosed { case_id, outcome };
                events.push(then(at, closed));
                events.push(then(at, ReportFact::ReportSettled {}));
            }
        }
    }
    events.push(circumstances.event(ReportFact::ReportBroughtIn {
        system: source.system.clone(),
        id: source.id.clone(),
        told: source.told.clone(),
        corrected: None,
    }));
    Ok(events)
}

/// The timeline of a case that another system opened at `opened_at`. One that has not ended there goes on here: with the deadline it
/// had, else with what our process gives from now on.
pub fn case(
    opened: &CaseOpened,
    opened_at: Timestamp,
    history: &CaseHistory,
    source: &Source,
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Event<CaseFact>>, Refusal> {
    let given_at = history.given.as_ref().map(|given| given.at);
    let ends = match history.end {
        None => [None, None],
        Some(End::Closed { handled_at, at, .. }) => [Some(handled_at), Some(at)],
        Some(End::Cancelled { at, .. }) => [Some(at), None],
    };
    let times = [history.filed_at, given_at].into_iter().chain(ends);
    check_order(
        [opened_at].into_iter().chain(times.flatten()),
        circumstances,
    )?;
    if history.end.is_none() {
        check_opening(opened, circumstances)?;
    }
    let mut making = Making::begin(opened, opened_at, history, circumstances)?;
    if let Some(given) = &history.given {
        making.give(given, history.end.as_ref());
    }
    match &history.end {
        None => making.overdue(circumstances.recorded_at),
        Some(end) => making.end(history.given.as_ref(), end),
    }
    let mark = mark_of(source, history, None);
    making.events.push(circumstances.event(mark));
    Ok(making.events)
}

/// Who brought it in, from where.
fn mark_of(source: &Source, history: &CaseHistory, corrected: Option<Box<Corrected>>) -> CaseFact {
    let without_deadline = match &history.given {
        Some(given) => given.due_at.is_none() && history.end.is_some(),
        None => history.end.is_some(),
    };
    CaseFact::Link(LinkFact::CaseBroughtIn {
        system: source.system.clone(),
        id: source.id.clone(),
        told: source.told.clone(),
        without_deadline,
        corrected,
    })
}

/// A timeline in the making.
struct Making<'a> {
    case: crate::model::Case,
    events: Vec<Event<CaseFact>>,
    circumstances: &'a Circumstances<'a>,
}

impl<'a> Making<'a> {
    /// Accepted, and filed where the system tells of it.
    fn begin(
        opened: &CaseOpened,
        opened_at: Timestamp,
        history: &CaseHistory,
        circumstances: &'a Circumstances<'a>,
    ) -> Result<Self, Refusal> {
        let process = circumstances.process;
        // A desk that has to act here has the time it always has, from now on.
        let awaits_desk = history.given.is_none() && history.end.is_none();
        let desk_clock = |stage| {
            let now = circumstances.recorded_at;
            awaits_desk.then(|| process.stage_clock(stage, opened.level, now, None))?
        };
        // Where it waits for dispatch here, a process without filing has no stage for what is filed.
        let filed_at =
            (history.filed_at).filter(|_| !awaits_desk || process.uses(CaseStage::Filed));
        let accepted = CaseFact::CaseAccepted {
            opened: opened.clone(),
            process: process.reference.clone(),
            clock: desk_clock(CaseStage::Accepted).filter(|_| filed_at.is_none()),
        };
        let first = elsewhere(opened_at, circumstances, accepted);
        let case = case::begin(&first).ok_or(Refusal::OccurredTooEarly { begun: opened_at })?;
        let mut making = Self {
            case,
            events: vec![first],
            circumstances,
        };
        if let Some(at) = filed_at {
            let filed = CaseFact::CaseFiled {
                rule: None,
                organisation: opened.organisation.clone(),
                clock: desk_clock(CaseStage::Filed),
            };
            making.add(at, filed);
        }
        Ok(making)
    }

    fn add(&mut self, at: Timestamp, fact: CaseFact) {
        let event = elsewhere(at, self.circumstances, fact);
        self.case = case::evolve(self.case.clone(), &event);
        self.events.push(event);
    }

    fn give(&mut self, given: &Given, end: Option<&End>) {
        let handling = match (given.due_at, end) {
            (Some(due_at), _) => Clock::between(given.at.min(due_at), due_at),
            (None, Some(end)) => Clock::between(given.at, end.stage().0),
            (None, None) => handling_clock(
                &self.case,
                self.circumstances.recorded_at,
                self.circumstances,
            ),
        };
        let task = TaskOpened {
            id: given.task_id,
            kind: TaskKind::Handle,
            role: TaskRole::Lead,
            organisation: given.organisation.clone(),
            response: None,
            handling,
        };
        let dispatched = CaseFact::CaseDispatched {
            tasks: vec![task],
            suggested: None,
        };
        self.add(given.at, dispatched);
    }

    /// Its deadline had passed by `at`. Said here at once: no timer need wake for it.
    fn overdue(&mut self, at: Timestamp) {
        let lead = self.case.lead().map(|lead| (lead.id, lead.handling));
        let Some((task_id, clock)) = lead.filter(|(_, clock)| clock.is_overdue(at)) else {
            return;
        };
        if (self.case.task(task_id)).is_some_and(|task| task.handling_overdue) {
            return;
        }
        let due_at = clock.due_at;
        let overdue = self
            .circumstances
            .run_out(due_at, |late| CaseFact::TaskOverdue {
                task_id,
                clock: ClockKind::Handling,
                due_at,
                late,
            });
        self.case = case::evolve(self.case.clone(), &overdue);
        self.events.push(overdue);
    }

    fn end(&mut self, given: Option<&Given>, end: &End) {
        match (end, given) {
            (
                End::Closed {
                    handled_at,
                    at,
                    result,
                },
                Some(given),
            ) => {
                let task_id = given.task_id;
                let result = result.clone();
                self.overdue(*handled_at);
                self.add(*handled_at, CaseFact::TaskFinished { task_id, result });
                let left_out = CourseFact::InspectionLeftOut {
                    reason: ENDED_ELSEWHERE.to_owned(),
                    clock: None,
                };
                self.add(*handled_at, CaseFact::Course(left_out));
                self.close(*at, None);
            }
            (End::Closed { at, result, .. }, None) => self.close(*at, result.clone()),
            (End::Cancelled { at, reason }, given) => {
                let cancelled = OverlayFact::CaseCancelled {
                    revoked: given.map(|given| given.task_id).into_iter().collect(),
                    reason: reason.clone(),
                };
                self.add(*at, CaseFact::Overlay(cancelled));
            }
        }
    }

    fn close(&mut self, at: Timestamp, opinion: Option<NoteRef>) {
        let closed = CaseFact::CaseClosed {
            rule_row_id: None,
            rule_row_version: None,
            opinion,
        };
        self.add(at, closed);
    }
}
