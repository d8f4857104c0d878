//! The obligations of a report, from its timeline and what is known of its cases.

use super::{Marks, Obligation, ObligationKind, Person, done};
use crate::clocks::Clock;
use crate::lifecycle::Event;
use crate::lifecycle::report::{self, ReportFact};
use crate::model::{
    CallbackTask, CaseStage, OrganisationRef, ReportStage, Satisfaction, TaskState,
};
use base::Id;

/// What the numbers of a report need of one of its cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseOfReport {
    /// The case.
    pub case_id: Id,
    /// Whether it was filed and not cancelled.
    pub is_filed: bool,
    /// Where it stands.
    pub stage: CaseStage,
    /// Whether it ever came back to acceptance.
    pub is_sent_back: bool,
    /// Whether it is excluded from the numbers.
    pub is_excluded: bool,
    /// Who leads, or led last.
    pub lead: Option<OrganisationRef>,
    /// Its category.
    pub category_id: Option<Id>,
}

/// The clock it waited in the pool by.
fn pool_clock(events: &[Event<ReportFact>]) -> Option<Clock> {
    match &events.first()?.fact {
        ReportFact::ReportReceived(received) => received.clock,
        _ => None,
    }
}

/// The obligations of the report that these events tell of; `received_by` is the organisation that took it in. A report all of whose
/// cases are excluded leaves nothing.
pub fn of_report(
    events: &[Event<ReportFact>],
    received_by: &OrganisationRef,
    cases: &[CaseOfReport],
) -> Vec<Obligation> {
    let Ok(report) = report::replay(events) else {
        return Vec::new();
    };
    if !cases.is_empty() && cases.iter().all(|case| case.is_excluded) {
        return Vec::new();
    }
    let received = events.first().and_then(|event| event.by.as_ref());
    let is_open = matches!(report.stage, ReportStage::Received | ReportStage::Accepted);
    let marks = Marks::default()
        .with(Marks::FILED, cases.iter().any(|case| case.is_filed))
        .with(Marks::OPEN, is_open)
        .with(Marks::REDONE, report.extra.redo_count > 0);
    let mut obligations = vec![Obligation {
        kind: ObligationKind::Report,
        at: report.received_at,
        organisation: received_by.clone(),
        person: received.map(Person::from),
        marks,
    }];
    let decided = |fact: &ReportFact| {
        matches!(
            fact,
            ReportFact::ReportAccepted { .. }
                | ReportFact::ReportAnswered { .. }
                | ReportFact::ReportRejected { .. }
        )
    };
    let brought_in = events
        .iter()
        .position(|event| matches!(event.fact, ReportFact::ReportBroughtIn { .. }));
    let brought_in_at = brought_in
        .and_then(|place| events.get(place))
        .map(|event| event.occurred_at);
    // What another system decided nobody had to decide here, be it told by a later file.
    let told_until = events
        .iter()
        .rposition(|event| matches!(event.fact, ReportFact::ReportBroughtIn { .. }));
    let was_decided = events
        .iter()
        .take(told_until.unwrap_or(0))
        .any(|event| decided(&event.fact));
    let decided_at = events.iter().find(|event| decided(&event.fact));
    let is_withdrawn = report.stage == ReportStage::Withdrawn && decided_at.is_none();
    if !is_withdrawn && !was_decided {
        let due_at = pool_clock(events).map(|clock| clock.due_at);
        let decided_by = decided_at.and_then(|event| event.by.as_ref());
        obligations.push(Obligation {
            kind: ObligationKind::Accept,
            at: due_at.or(brought_in_at).unwrap_or(report.received_at),
            organisation: decided_by
                .map_or_else(|| received_by.clone(), crate::model::Actor::organisation),
            person: decided_by.map(Person::from),
            marks: decided_at.map_or_else(Marks::default, |event| {
                let is_withdrawn = report.stage == ReportStage::Withdrawn;
                done(due_at, event.occurred_at).and(became(&event.fact, is_withdrawn, cases))
            }),
        });
    }
    let callbacks = callbacks(events).into_iter();
    for (task, person) in callbacks.filter(|(task, _)| task.state != TaskState::Revoked) {
        let finished_at = task
            .finished_at
            .filter(|_| task.state == TaskState::Finished);
        obligations.push(Obligation {
            kind: ObligationKind::Callback,
            at: task.clock.due_at,
            organisation: task.organisation,
            person,
            marks: finished_at.map_or_else(Marks::default, |at| done(Some(task.clock.due_at), at)),
        });
    }
    if let Some(said) = &report.extra.called_back {
        let lead = cases.iter().find_map(|case| case.lead.clone());
        let is_satisfied = matches!(
            said.satisfaction,
            Satisfaction::VerySatisfied | Satisfaction::Satisfied | Satisfaction::FairlySatisfied
        );
        obligations.push(Obligation {
            kind: ObligationKind::Opinion,
            at: said.called_at,
            organisation: lead.unwrap_or_else(|| received_by.clone()),
            person: None,
            marks: Marks::default()
                .with(Marks::SOLVED, said.solved)
                .with(Marks::SATISFIED, is_satisfied),
        });
    }
    obligations
}

/// The callbacks there were, each as it stands, with who called last: what is done again is asked about again.
fn callbacks(events: &[Event<ReportFact>]) -> Vec<(CallbackTask, Option<Person>)> {
    let mut found: Vec<(CallbackTask, Option<Person>)> = Vec::new();
    let mut report = events.first().and_then(report::begin);
    for event in events.iter().skip(1) {
        report = report.map(|report| report::evolve(report, event));
        let Some(task) = report
            .as_ref()
            .and_then(|each| each.extra.callback.as_ref())
        else {
            continue;
        };
        let is_called = matches!(event.fact, ReportFact::ReportCalledBack { .. });
        let by = event.by.as_ref().filter(|_| is_called).map(Person::from);
        match found.last_mut() {
            Some((known, person)) if known.id == task.id => {
                known.clone_from(task);
                *person = by.or(person.take());
            }
            _ => found.push((task.clone(), by)),
        }
    }
    found
}

/// What became of a decision on a report. An answer and a rejection stand, for nothing takes them back; an acceptance stands while
/// none of the cases that it opened came back to it or was cancelled, unless the reporter took back what was told.
fn became(decision: &ReportFact, is_withdrawn: bool, cases: &[CaseOfReport]) -> Marks {
    let opened = |case: &&CaseOfReport| {
        !case.is_excluded
            && matches!(decision, ReportFact::ReportAccepted { case_ids, .. } if case_ids.contains(&case.case_id))
    };
    let opened = || cases.iter().filter(opened);
    let is_sent_back = opened().any(|case| case.is_sent_back);
    let is_cancelled = !is_withdrawn && opened().any(|case| case.stage == CaseStage::Cancelled);
    Marks::default()
        .with(
            Marks::ANSWERED,
            matches!(decision, ReportFact::ReportAnswered { .. }),
        )
        .with(
            Marks::REJECTED,
            matches!(decision, ReportFact::ReportRejected { .. }),
        )
        .with(Marks::SENT_BACK, is_sent_back)
        .with(Marks::ACCURATE, !is_sent_back && !is_cancelled)
}
