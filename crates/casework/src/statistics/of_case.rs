//! The obligations of a case, from its timeline.

use super::{Marks, Obligation, ObligationKind, Person, acts, done};
use crate::lifecycle::Event;
use crate::lifecycle::case::{self, CaseFact};
use crate::lifecycle::handling::HandlingFact;
use crate::lifecycle::links::LinkFact;
use crate::lifecycle::overlays::OverlayFact;
use crate::model::{Case, CaseStage, Level, OrganisationRef, Task, TaskKind, TaskRole, TaskState};
use crate::process::Process;
use base::{Id, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The obligations of the case that these events tell of, in a fixed order; none when they do not begin a case. `process` is the one
/// the case pinned: what it allows for inspection and closing is added to the handling deadline to say when the case was to be
/// closed.
pub fn of_case(events: &[Event<CaseFact>], process: &Process) -> Vec<Obligation> {
    let Some((first, rest)) = events.split_first() else {
        return Vec::new();
    };
    let Some(mut case) = case::begin(first) else {
        return Vec::new();
    };
    let mut history = History {
        begun_by: first.by.as_ref().map(Person::from),
        ..History::default()
    };
    history.enter(&case, first.occurred_at);
    for event in rest {
        let before = case.clone();
        case = case::evolve(case, event);
        history.follow(&before, &case, event);
    }
    history.obligations(&case, process)
}

/// A desk's step: to file, to dispatch, to close.
struct Desk {
    kind: ObligationKind,
    organisation: OrganisationRef,
    opened_at: Timestamp,
    due_at: Option<Timestamp>,
    done: Option<(Timestamp, Option<Person>)>,
    /// Done and not taken back since.
    is_accurate: bool,
    /// The lead's task that a dispatch gave.
    lead_id: Option<Id>,
    /// Taken away before it was done.
    is_void: bool,
}

/// A supervision.
struct Supervised {
    organisation: OrganisationRef,
    due_at: Timestamp,
    done: Option<(Timestamp, Option<Person>)>,
    is_void: bool,
}

#[derive(Default)]
struct History {
    begun_by: Option<Person>,
    desks: Vec<Desk>,
    supervised: Vec<Supervised>,
    /// Who accepted and who finished each task last.
    accepted_by: BTreeMap<Id, Person>,
    finished_by: BTreeMap<Id, Person>,
    /// Inspections that failed, and that passed what was not solved.
    failed: Vec<Id>,
    overturned: Vec<Id>,
    /// The inspection that passed last, unless it is overturned.
    passed: Option<Id>,
    /// What persons did, in order.
    acts: Vec<Obligation>,
    /// Tasks that stood still, or do.
    suspended: BTreeSet<Id>,
    closed_by: Option<Person>,
    was_filed: bool,
    /// When tasks that stood still were due before, as moved since by anything else.
    due_before: BTreeMap<Id, Timestamp>,
    /// When it was brought in from another system, and whether nobody there said until when.
    brought_in: Option<(Timestamp, bool)>,
}

/// The step a desk has to take now.
fn awaited(case: &Case) -> Option<ObligationKind> {
    match case.stage {
        CaseStage::Accepted => Some(ObligationKind::File),
        CaseStage::Filed => Some(ObligationKind::Dispatch),
        CaseStage::Handling if case.awaits_dispatch() => Some(ObligationKind::Dispatch),
        CaseStage::Closing => Some(ObligationKind::Archive),
        _ => None,
    }
}

impl History {
    /// A desk's step begins.
    fn enter(&mut self, case: &Case, at: Timestamp) {
        let Some(kind) = awaited(case) else { return };
        let organisation = match kind {
            ObligationKind::Dispatch => case.dispatcher(),
            _ => case.filed_by.as_ref().unwrap_or(&case.accepted_by),
        };
        self.desks.push(Desk {
            kind,
            organisation: organisation.clone(),
            opened_at: at,
            due_at: case.clock.map(|clock| clock.due_at),
            done: None,
            is_accurate: true,
            lead_id: None,
            is_void: false,
        });
    }

    fn follow(&mut self, before: &Case, after: &Case, event: &Event<CaseFact>) {
        self.was_filed |= after.filed_at.is_some() && after.stage != CaseStage::Accepted;
        self.note_people(before, after, event);
        let stands_still = after.tasks.iter().filter(|task| task.is_suspended());
        self.suspended.extend(stands_still.map(|task| task.id));
        self.follow_suspension(before, after, event);
        self.follow_desk(before, after, event);
        self.follow_supervision(event);
        self.follow_inspection(&event.fact);
        self.acts.extend(acts::of_event(before, event));
        if let CaseFact::Link(LinkFact::CaseBroughtIn {
            without_deadline, ..
        }) = event.fact
        {
            self.bring_in(event.occurred_at, without_deadline);
        }
    }

    /// What desks of another system did is no desk's obligation here; what a desk has to do here it has to do from when it first came in.
    fn bring_in(&mut self, at: Timestamp, without_deadline: bool) {
        let is_first = self.brought_in.is_none();
        self.brought_in = Some((at, without_deadline));
        self.desks
            .retain(|desk| desk.done.is_none() && !desk.is_void);
        for desk in self.desks.iter_mut().filter(|_| is_first) {
            desk.opened_at = at;
        }
    }

    /// Whether something that was done at `at` was done in another system where nobody had said until when.
    fn was_unasked(&self, at: Option<Timestamp>) -> bool {
        let brought_in = self.brought_in.zip(at);
        brought_in.is_some_and(|((until, without_deadline), at)| without_deadline && at <= until)
    }

    fn follow_desk(&mut self, before: &Case, after: &Case, event: &Event<CaseFact>) {
        match &event.fact {
            // An undo: the step is to be taken once more, as if it had not been.
            CaseFact::Overlay(OverlayFact::CaseRecalled { .. }) => {
                // Where nothing is filed, the step that gives it out is the first one.
                if let Some(last) = self.desks.last_mut() {
                    last.done = None;
                    last.lead_id = None;
                    last.due_at = after.clock.map(|clock| clock.due_at);
                }
                return;
            }
            CaseFact::Handling(HandlingFact::CaseSentBack { .. })
            | CaseFact::Overlay(OverlayFact::CaseCancelled { .. }) => {
                if let Some(last) = self.last_of(ObligationKind::File) {
                    last.is_accurate = false;
                }
            }
            _ => {}
        }
        let (then, now) = (awaited(before), awaited(after));
        if then.is_some() && then == now {
            if let Some(last) = self.desks.last_mut() {
                last.due_at = after.clock.map(|clock| clock.due_at);
            }
            return;
        }
        if then.is_some()
            && let Some(last) = self.desks.last_mut()
        {
            if went_on(last.kind, before, after) {
                last.done = Some((event.occurred_at, event.by.as_ref().map(Person::from)));
                if let Some(by) = &event.by {
                    last.organisation = by.organisation();
                }
                last.lead_id = after.lead().map(|lead| lead.id);
            } else {
                last.is_void = true;
            }
        }
        if now.is_some() {
            self.enter(after, event.occurred_at);
        }
    }

    fn last_of(&mut self, kind: ObligationKind) -> Option<&mut Desk> {
        self.desks.iter_mut().rev().find(|desk| desk.kind == kind)
    }

    fn note_people(&mut self, before: &Case, after: &Case, event: &Event<CaseFact>) {
        let Some(by) = event.by.as_ref().map(Person::from) else {
            return;
        };
        if before.closed_at != after.closed_at && after.stage == CaseStage::Closed {
            self.closed_by = Some(by.clone());
        }
        for task in &after.tasks {
            let then = before.task(task.id);
            if task.accepted_at.is_some() && then.and_then(|then| then.accepted_at).is_none() {
                self.accepted_by.insert(task.id, by.clone());
            }
            if task.finished_at.is_some() && then.and_then(|then| then.finished_at).is_none() {
                self.finished_by.insert(task.id, by.clone());
            }
        }
    }

    fn follow_suspension(&mut self, before: &Case, after: &Case, event: &Event<CaseFact>) {
        let moved = after.tasks.iter().filter_map(|task| {
            let then = before.task(task.id)?.handling;
            (then != task.handling).then_some((task, then))
        });
        for (task, then) in moved {
            match &event.fact {
                CaseFact::Overlay(
                    OverlayFact::SuspensionDecided { task_id, .. }
                    | OverlayFact::SuspensionEnded { task_id, .. },
                ) if *task_id == task.id => {
                    self.due_before.entry(task.id).or_insert(then.due_at);
                }
                // Another round begins anew.
                _ if then.started_at != task.handling.started_at => {
                    self.due_before.remove(&task.id);
                }
                _ => {
                    if let Some(due_at) = self.due_before.get_mut(&task.id) {
                        due_at.0 += task.handling.due_at.0 - then.due_at.0;
                    }
                }
            }
        }
    }

    /// When a task counts as due: where the process lets none leave 应处置 by standing still, as if it had not.
    fn counts_at(&self, task: &Task, process: &Process) -> Timestamp {
        let due_at = task.handling.due_at;
        match self.due_before.get(&task.id) {
            Some(before) if !process.overlays.suspension.leaves_due => due_at.min(*before),
            _ => due_at,
        }
    }

    fn follow_inspection(&mut self, fact: &CaseFact) {
        match fact {
            CaseFact::CaseInspected {
                task_id, passed, ..
            } => {
                self.passed = passed.then_some(*task_id);
                self.failed.extend((!passed).then_some(*task_id));
            }
            CaseFact::Overlay(OverlayFact::CaseReopened { .. })
            | CaseFact::Link(LinkFact::CaseRedone { .. }) => {
                self.overturned.extend(self.passed.take());
            }
            _ => {}
        }
    }

    fn follow_supervision(&mut self, event: &Event<CaseFact>) {
        let CaseFact::Overlay(fact) = &event.fact else {
            return;
        };
        match fact {
            OverlayFact::CaseSupervised {
                organisation,
                clock,
                ..
            } => self.supervised.push(Supervised {
                organisation: organisation.clone(),
                due_at: clock.due_at,
                done: None,
                is_void: false,
            }),
            OverlayFact::SupervisionReplied { .. } => {
                if let Some(last) = self.supervised.last_mut()
                    && last.done.is_none()
                {
                    last.done = Some((event.occurred_at, event.by.as_ref().map(Person::from)));
                }
            }
            OverlayFact::SupervisionEnded { .. } => {
                if let Some(last) = self.supervised.last_mut() {
                    last.is_void = last.done.is_none();
                }
            }
            _ => {}
        }
    }

    fn obligations(&self, case: &Case, process: &Process) -> Vec<Obligation> {
        if case.extra.overlays.is_excluded() {
            return Vec::new();
        }
        let is_cancelled = case.stage == CaseStage::Cancelled;
        let mut obligations = vec![self.of_whole(case)];
        obligations.extend(self.desks.iter().filter_map(|desk| {
            let counts = !is_cancelled || desk.kind == ObligationKind::File;
            counts.then(|| desk_obligation(desk, case)).flatten()
        }));
        for task in &case.tasks {
            let counts = !is_cancelled || task.kind == TaskKind::Verify;
            if counts {
                self.of_task(case, task, process, &mut obligations);
            }
        }
        if !is_cancelled && case.stage != CaseStage::Merged {
            obligations.extend(self.of_closing(case, process));
            let supervised = self.supervised.iter().filter(|each| !each.is_void);
            obligations.extend(supervised.map(|each| Obligation {
                kind: ObligationKind::Supervise,
                at: each.due_at,
                organisation: each.organisation.clone(),
                person: each.done.as_ref().and_then(|(_, person)| person.clone()),
                marks: marks_of(each.done.as_ref().map(|(at, _)| *at), Some(each.due_at)),
            }));
        }
        obligations.extend(self.acts.iter().cloned());
        obligations
    }

    fn of_whole(&self, case: &Case) -> Obligation {
        let marks = Marks::default()
            .with(Marks::FILED, self.was_filed)
            .with(Marks::OPEN, case.stage.is_open())
            .with(Marks::REJECTED, case.stage == CaseStage::Cancelled)
            .with(Marks::SELF_HANDLED, case.extra.handling.self_handled)
            .with(Marks::REDONE, case.extra.links.redo_count > 0);
        Obligation {
            kind: ObligationKind::Case,
            at: case.accepted_at,
            organisation: case.accepted_by.clone(),
            person: self.begun_by.clone(),
            marks,
        }
    }

    fn of_task(
        &self,
        case: &Case,
        task: &Task,
        process: &Process,
        obligations: &mut Vec<Obligation>,
    ) {
        let is_over = case.stage == CaseStage::Merged;
        let kind = match task.kind {
            TaskKind::Handle => ObligationKind::Handle,
            TaskKind::Verify => ObligationKind::Verify,
            TaskKind::Inspect => ObligationKind::Inspect,
            TaskKind::Callback => return,
        };
        let overlays = &task.extra.overlays;
        if let (ObligationKind::Handle, Some(response)) = (kind, task.response)
            && (task.accepted_at.is_some()
                || task.response_overdue
                || !(task.is_withdrawn() || is_over))
        {
            let contacted = task.extra.handling.contacted_at;
            let answered = [task.accepted_at, contacted].into_iter().flatten().min();
            obligations.push(Obligation {
                kind: ObligationKind::Respond,
                at: response.due_at,
                organisation: task.organisation.clone(),
                person: self.accepted_by.get(&task.id).cloned(),
                marks: marks_of(answered, Some(response.due_at))
                    .with(Marks::ON_TIME, answered.is_some() && overlays.exempt),
            });
        }
        let is_done = task.state == TaskState::Finished;
        if task.is_withdrawn() || (is_over && !is_done) {
            return;
        }
        let finished_at = task.finished_at.filter(|_| is_done);
        if self.was_unasked(finished_at) {
            return;
        }
        let marks = marks_of(finished_at, Some(task.handling.due_at))
            .with(Marks::ON_TIME, is_done && overlays.exempt)
            .with(Marks::EXEMPT, overlays.exempt)
            .with(Marks::EXTENDED, overlays.extended_count > 0)
            .with(Marks::SUSPENDED, self.suspended.contains(&task.id))
            .with(Marks::REWORKED, task.rework_count > 0)
            .with(Marks::FAILED, self.failed.contains(&task.id))
            .with(Marks::OVERTURNED, self.overturned.contains(&task.id));
        let done_by = self.finished_by.get(&task.id).filter(|_| is_done);
        obligations.push(Obligation {
            kind,
            at: self.counts_at(task, process),
            organisation: task.organisation.clone(),
            person: done_by.or_else(|| self.accepted_by.get(&task.id)).cloned(),
            marks,
        });
    }

    /// When the case was to be closed: what the process allows for inspection and closing after the lead's deadline.
    fn of_closing(&self, case: &Case, process: &Process) -> Option<Obligation> {
        let closed_at = case.closed_at.filter(|_| case.stage == CaseStage::Closed);
        if self.was_unasked(closed_at) {
            return None;
        }
        let lead = case.lead();
        let closed_elsewhere =
            closed_at.is_some_and(|at| self.brought_in.is_some_and(|(until, _)| at <= until));
        let due_at = lead.map(|lead| {
            let minutes = if closed_elsewhere {
                0
            } else {
                minutes_after_handling(process, case.level)
            };
            lead.handling.due_at.plus_seconds(minutes * 60)
        });
        // An appeal against a late response excuses no late end.
        let is_exempt =
            lead.is_some_and(|lead| lead.extra.overlays.exempt && lead.handling_overdue);
        let counts_at = lead.zip(due_at).map(|(lead, due_at)| {
            let sooner = lead.handling.due_at.0 - self.counts_at(lead, process).0;
            Timestamp(due_at.0 - sooner)
        });
        Some(Obligation {
            kind: ObligationKind::Close,
            at: counts_at.or(closed_at)?,
            organisation: case.accountable().clone(),
            person: closed_at.and_then(|_| self.closed_by.clone()),
            marks: marks_of(closed_at, due_at)
                .with(Marks::ON_TIME, closed_at.is_some() && is_exempt)
                .with(Marks::REWORKED, case.rework_count > 0),
        })
    }
}

/// Whether the step was taken, and not taken away: the case stands further on its way.
fn went_on(kind: ObligationKind, before: &Case, after: &Case) -> bool {
    if !after.stage.is_on_the_way() {
        return false;
    }
    match kind {
        ObligationKind::Dispatch => after.lead().is_some() || after.stage > CaseStage::Handling,
        _ => after.stage > before.stage,
    }
}

/// What a process allows from the end of handling to closing.
fn minutes_after_handling(process: &Process, level: Level) -> i64 {
    [CaseStage::Inspecting, CaseStage::Closing]
        .into_iter()
        .filter_map(|stage| process.stage_minutes(stage, level))
        .map(i64::from)
        .sum()
}

fn marks_of(at: Option<Timestamp>, due_at: Option<Timestamp>) -> Marks {
    at.map_or_else(Marks::default, |at| done(due_at, at))
}

fn desk_obligation(desk: &Desk, case: &Case) -> Option<Obligation> {
    let is_open = awaited(case) == Some(desk.kind);
    if desk.done.is_none() && (desk.is_void || !is_open) {
        return None;
    }
    let stood = match desk.lead_id {
        // An order stands while it is neither returned nor replaced by another.
        Some(id) => {
            case.task(id).is_some_and(|task| !task.is_withdrawn()) && is_last_lead(case, id)
        }
        None => desk.is_accurate,
    };
    let done_at = desk.done.as_ref().map(|(at, _)| *at);
    let nominal = done_at.unwrap_or(desk.opened_at);
    Some(Obligation {
        kind: desk.kind,
        at: desk.due_at.unwrap_or(nominal),
        organisation: desk.organisation.clone(),
        person: desk.done.as_ref().and_then(|(_, person)| person.clone()),
        marks: marks_of(done_at, desk.due_at).with(
            Marks::ACCURATE,
            done_at.is_some() && stood && desk.is_accurate,
        ),
    })
}

/// Whether no later order made another organisation lead.
fn is_last_lead(case: &Case, id: Id) -> bool {
    case.handle_tasks()
        .filter(|task| task.role == TaskRole::Lead)
        .all(|task| task.id <= id)
}
