//! What follows by itself because a process leaves stages out: filing on acceptance, dispatch at once, no inspection, closing at once.
//!
//! All of it happens in the same `decide` as the command it follows from, so that no case rests in a stage its process does not use.
//! A step that has a condition is taken by itself only when it holds, and one whose form must be filled in never: both then wait
//! for somebody.

use super::case::{self, CaseFact};
use super::decide::{self, TaskNew};
use super::{Circumstances, Event, Refusal};
use crate::clocks::Clock;
use crate::model::{Case, CaseStage, FileRef, NoteRef};
use base::Id;
use serde::{Deserialize, Serialize};

/// A thing that happened to a case because its process is as it is. No personal text: the words are the process's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CourseFact {
    /// The consolidated result is in and is not inspected.
    InspectionLeftOut {
        /// The process's stated reason.
        reason: String,
        /// The limit of closing.
        clock: Option<Clock>,
    },
    /// What the process asks for was filled in for the action that follows.
    FormFilled {
        /// The action.
        operation: String,
        /// What was filled in, as JSON.
        filled: NoteRef,
    },
    /// Files that go with the action that follows.
    FilesAttached {
        /// The action.
        operation: String,
        /// The task it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task_id: Option<Id>,
        /// Each with what vouches for it.
        files: Vec<FileRef>,
    },
    /// The condition that the process sets for the action that follows held.
    ConditionMet {
        /// The action.
        operation: String,
        /// The condition, as the process has it.
        condition: String,
    },
}

impl CourseFact {
    /// The word of its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::InspectionLeftOut { .. } => "inspection_left_out",
            Self::ConditionMet { .. } => "condition_met",
            Self::FormFilled { .. } => "form_filled",
            Self::FilesAttached { .. } => "files_attached",
        }
    }
}

/// The case after `fact`.
pub fn evolve(case: &mut Case, fact: &CourseFact, event: &Event<CaseFact>) {
    match fact {
        CourseFact::InspectionLeftOut { reason, clock } => {
            case.stage = CaseStage::Closing;
            case.handled_at = Some(event.occurred_at);
            case.clock = *clock;
            case.extra.course.uninspected = Some(reason.clone());
        }
        CourseFact::ConditionMet { .. }
        | CourseFact::FormFilled { .. }
        | CourseFact::FilesAttached { .. } => {}
    }
}

/// Puts on record that the form of an action was filled in.
pub(crate) fn form_filled(
    operation: &str,
    filled: NoteRef,
    circumstances: &Circumstances<'_>,
) -> Event<CaseFact> {
    let operation = operation.to_owned();
    let fact = CourseFact::FormFilled { operation, filled };
    circumstances.event(CaseFact::Course(fact))
}

/// Puts on record which files go with an action.
pub(crate) fn files_attached(
    operation: &str,
    task_id: Option<Id>,
    files: Vec<FileRef>,
    circumstances: &Circumstances<'_>,
) -> Event<CaseFact> {
    let operation = operation.to_owned();
    circumstances.event(CaseFact::Course(CourseFact::FilesAttached {
        operation,
        task_id,
        files,
    }))
}

/// Whether the condition of an action holds: what is put on record when it does, a refusal when it does not. None is nothing.
pub(super) fn condition_met(
    case: &Case,
    operation: &'static str,
    circumstances: &Circumstances<'_>,
) -> Result<Option<Event<CaseFact>>, Refusal> {
    let Some(condition) = circumstances.process.condition(operation) else {
        return Ok(None);
    };
    if !condition.holds(case, circumstances) {
        return Err(Refusal::ConditionNotMet {
            operation,
            condition: condition.text().to_owned(),
        });
    }
    let fact = CourseFact::ConditionMet {
        operation: operation.to_owned(),
        condition: condition.text().to_owned(),
    };
    Ok(Some(circumstances.event(CaseFact::Course(fact))))
}

/// The result is in, and the process states why it is not inspected; none where it is.
pub(super) fn inspection_left_out(
    case: &Case,
    circumstances: &Circumstances<'_>,
) -> Option<Event<CaseFact>> {
    let process = circumstances.process;
    let reason = process.inspection_left_out()?;
    let fact = CourseFact::InspectionLeftOut {
        reason: reason.to_owned(),
        clock: process.stage_clock(
            CaseStage::Closing,
            case.level,
            circumstances.occurred_at,
            None,
        ),
    };
    Some(circumstances.event(CaseFact::Course(fact)))
}

/// What stands on record before a step that is taken by itself; none when somebody has to take it.
fn needs_nobody(
    case: &Case,
    operation: &'static str,
    circumstances: &Circumstances<'_>,
) -> Option<Vec<Event<CaseFact>>> {
    let form = circumstances.process.form(operation);
    if form.iter().any(|field| field.required) {
        return None;
    }
    let met = condition_met(case, operation, circumstances).ok()?;
    Some(met.into_iter().collect())
}

/// Adds what follows by itself after `events` happened to `before` (none: the first of them begins the case).
pub(super) fn follow(
    before: Option<&Case>,
    events: &mut Vec<Event<CaseFact>>,
    circumstances: &Circumstances<'_>,
) -> Result<(), Refusal> {
    let process = circumstances.process;
    if !process.goes_on_by_itself() {
        return Ok(());
    }
    let begun = match (before, events.split_first()) {
        (Some(case), _) => Some(events.iter().fold(case.clone(), case::evolve)),
        (None, Some((first, rest))) => {
            case::begin(first).map(|case| rest.iter().fold(case, case::evolve))
        }
        (None, None) => None,
    };
    let Some(mut case) = begun else { return Ok(()) };
    let mut add = |case: &mut Case, more: Vec<Event<CaseFact>>| {
        for event in more {
            *case = case::evolve(case.clone(), &event);
            events.push(event);
        }
    };
    let was = before.map(|case| case.stage);
    if was.is_none()
        && case.stage == CaseStage::Accepted
        && process.files_on_acceptance()
        && let Some(met) = needs_nobody(&case, "case_file", circumstances)
    {
        let rule_row_id = circumstances.rule.map(|rule| rule.id);
        let filed = decide::file(&case, rule_row_id, circumstances)?;
        add(&mut case, met);
        add(&mut case, filed);
    }
    let ready = if process.uses(CaseStage::Filed) {
        case.stage == CaseStage::Filed && was.is_none_or(|stage| stage == CaseStage::Accepted)
    } else {
        case.stage == CaseStage::Accepted && was.is_none()
    };
    if ready
        && process.dispatches_at_once()
        && let Some(suggested) = circumstances.suggested
        && let Some(met) = needs_nobody(&case, "case_dispatch", circumstances)
    {
        let lead = TaskNew {
            id: suggested.task_id,
            organisation: suggested.organisation.clone(),
        };
        let dispatched = decide::dispatch(&case, &lead, &[], circumstances)?;
        add(&mut case, met);
        add(&mut case, dispatched);
    }
    if case.stage == CaseStage::Closing && !process.uses(CaseStage::Closing) {
        let cited = case.rule.as_ref().map(|rule| rule.id);
        let closed = decide::close(&case, cited, None, circumstances)?;
        add(&mut case, closed);
    }
    Ok(())
}
