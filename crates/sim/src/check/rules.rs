//! What must hold of one case, and of one report: each rule a function of the typed facts of its timeline.

mod clocks;
mod reports;

pub(super) use reports::Account;

use base::{Id, Timestamp};
use casework::lifecycle::case::CaseFact;
use casework::lifecycle::course::CourseFact;
use casework::lifecycle::handling::HandlingFact;
use casework::lifecycle::links::LinkFact;
use casework::lifecycle::overlays::OverlayFact;
use casework::model::{CaseStage, OrganisationRef, TaskState};
use casework::view::CaseView;
use std::collections::BTreeSet;

/// One entry of a timeline.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    seq: i64,
    occurred_at: Timestamp,
    recorded_at: Timestamp,
    /// Who did it.
    by: Option<Id>,
    fact: CaseFact,
    /// Whether words stand with it.
    has_note: bool,
}

/// A task as users see it.
#[derive(Debug, Clone)]
struct Held {
    id: Id,
    parent_id: Option<Id>,
    state: TaskState,
    response_due_at: Option<Timestamp>,
    due_at: Timestamp,
}

/// A case as users see it, in types.
#[derive(Debug, Clone)]
pub(super) struct Tale {
    stage: CaseStage,
    process: String,
    /// The organisation that answers for it, when that is a known one.
    accountable: Option<Id>,
    split_from: Option<Id>,
    /// When the present stage's desk must have acted.
    stage_due_at: Option<Timestamp>,
    /// When it was looked at.
    now: Timestamp,
    tasks: Vec<Held>,
    entries: Vec<Entry>,
}

type Rule = (&'static str, fn(&Tale) -> bool);

const RULES: &[Rule] = &[
    (
        "a closed case passed an inspection or says why none",
        Tale::closed_rightly,
    ),
    (
        "an organisation that the case has met answers for it while it is open",
        Tale::is_held,
    ),
    ("an overdue fact has its clock", Tale::overdue_by_a_clock),
    ("a clock that ran out is told of", Tale::tells_what_ran_out),
    (
        "what was split from a case is not merged into it",
        Tale::stays_split,
    ),
    (
        "who handled a case did not inspect it",
        Tale::inspected_by_others,
    ),
    ("a timeline runs forward", Tale::runs_forward),
    ("a reason stands where one is required", Tale::has_reasons),
    (
        "a task that was given on is due by the one it comes from",
        Tale::children_in_time,
    ),
    (
        "a case takes the stages of its process in order",
        Tale::stages_in_order,
    ),
    ("a task is due when its timeline says", Tale::due_as_told),
];

impl Tale {
    /// None when a fact cannot be read.
    pub(super) fn of(case: &CaseView, now: Timestamp) -> Option<Self> {
        // A reporter who was forgotten took the words along.
        let is_forgotten = case.head.title.is_none();
        let entries = case.timeline.iter().map(|entry| {
            let fact = serde_json::from_str(entry.fact.get()).ok()?;
            Some(Entry {
                seq: entry.seq,
                occurred_at: entry.occurred_at,
                recorded_at: entry.recorded_at,
                by: entry.by.as_ref().map(|by| by.staff_id),
                fact,
                has_note: is_forgotten || entry.note.as_ref().is_some_and(|note| !note.is_empty()),
            })
        });
        let tasks = case.tasks.iter().map(|task| Held {
            id: task.id,
            parent_id: task.parent_task_id,
            state: task.state,
            response_due_at: task.response.map(|clock| clock.due_at),
            due_at: task.handling.due_at,
        });
        let process = case.process.split_whitespace().next();
        let is_known = case.accountable.name.is_some();
        let at_desk = matches!(
            case.head.stage,
            CaseStage::Accepted | CaseStage::Filed | CaseStage::Closing
        ) || case.head.awaits_dispatch;
        let desk_clock = case.head.clock.filter(|_| at_desk);
        Some(Self {
            stage: case.head.stage,
            process: process.unwrap_or_default().to_owned(),
            accountable: is_known.then(|| case.accountable.id.parse().ok()).flatten(),
            split_from: case.split_from,
            stage_due_at: desk_clock.map(|clock| clock.due_at),
            now,
            tasks: tasks.collect(),
            entries: entries.collect::<Option<_>>()?,
        })
    }

    /// The rules that do not hold.
    pub(super) fn broken(&self) -> impl Iterator<Item = &'static str> {
        let broken = RULES.iter().filter(|(_, holds)| !holds(self));
        broken.map(|(rule, _)| *rule)
    }

    /// What came of it that rates are stated for.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = &'static str> {
        let is_dispatched = self
            .facts()
            .any(|fact| matches!(fact, CaseFact::CaseDispatched { .. }));
        let is_joint = self.facts().any(|fact| match fact {
            CaseFact::CaseDispatched { tasks, .. } => tasks.len() > 1,
            _ => false,
        });
        let is_returned = self
            .facts()
            .any(|fact| matches!(fact, CaseFact::Handling(HandlingFact::TaskReturned { .. })));
        let inspections = self.facts().filter_map(|fact| match fact {
            CaseFact::CaseInspected { passed, .. } if *passed => Some("inspection_passed"),
            CaseFact::CaseInspected { .. } => Some("inspection_failed"),
            CaseFact::Overlay(OverlayFact::ExtensionDecided { approved, .. }) => {
                Some(if *approved {
                    "extension_granted"
                } else {
                    "extension_refused"
                })
            }
            _ => None,
        });
        let of_case = [
            is_dispatched.then_some("case_dispatched"),
            is_joint.then_some("case_dispatched_jointly"),
            (is_dispatched && is_returned).then_some("case_returned"),
        ];
        of_case.into_iter().flatten().chain(inspections)
    }

    fn facts(&self) -> impl DoubleEndedIterator<Item = &CaseFact> {
        self.entries.iter().map(|entry| &entry.fact)
    }

    fn closed_rightly(&self) -> bool {
        if self.stage != CaseStage::Closed {
            return true;
        }
        // What was passed before it was opened again counts no more.
        let mut since = self.facts().rev().take_while(|fact| {
            !matches!(
                fact,
                CaseFact::Overlay(OverlayFact::CaseReopened { .. })
                    | CaseFact::Link(LinkFact::CaseRedone { .. })
            )
        });
        since.any(|fact| match fact {
            CaseFact::CaseInspected { passed, .. } => *passed,
            CaseFact::Course(CourseFact::InspectionLeftOut { reason, .. }) => !reason.is_empty(),
            CaseFact::Handling(HandlingFact::CaseSelfHandled {
                uninspected_because,
                ..
            }) => uninspected_because.is_some(),
            _ => false,
        })
    }

    fn is_held(&self) -> bool {
        let Some(accountable) = self.accountable else {
            return !self.stage.is_open();
        };
        let has_met = |fact| {
            organisations(fact)
                .iter()
                .any(|each| each.id == accountable)
        };
        !self.stage.is_open() || self.facts().any(has_met)
    }

    fn stays_split(&self) -> bool {
        self.facts().all(|fact| match fact {
            CaseFact::Link(LinkFact::CaseMerged { into_case_id, .. }) => {
                Some(*into_case_id) != self.split_from
            }
            _ => true,
        })
    }

    fn children_in_time(&self) -> bool {
        self.tasks.iter().all(|task| {
            let parent = self
                .tasks
                .iter()
                .find(|each| Some(each.id) == task.parent_id);
            parent.is_none_or(|parent| task.due_at <= parent.due_at)
        })
    }

    fn inspected_by_others(&self) -> bool {
        let mut handled = BTreeSet::new();
        self.entries.iter().all(|entry| match &entry.fact {
            CaseFact::TaskFinished { .. }
            | CaseFact::Handling(HandlingFact::CaseSelfHandled { .. }) => {
                handled.extend(entry.by);
                true
            }
            CaseFact::CaseInspected { .. } => entry.by.is_none_or(|by| !handled.contains(&by)),
            _ => true,
        })
    }

    fn runs_forward(&self) -> bool {
        let numbered = self.entries.iter().map(|entry| entry.seq);
        numbered.eq((1..).take(self.entries.len()))
            && self.entries.is_sorted_by_key(|entry| entry.recorded_at)
            && self
                .entries
                .iter()
                .all(|entry| entry.occurred_at <= entry.recorded_at)
    }

    fn has_reasons(&self) -> bool {
        self.entries
            .iter()
            .all(|entry| entry.has_note || !needs_reason(&entry.fact))
    }

    /// Each step only where the process uses it, and only after the one before it.
    fn stages_in_order(&self) -> bool {
        let files = !matches!(self.process.as_str(), "hotline" | "quick");
        let inspects = self.process != "quick";
        let mut stage = CaseStage::Accepted;
        self.facts().all(|fact| {
            let (from, to): (&[CaseStage], CaseStage) = match fact {
                CaseFact::CaseFiled { .. } if !files => return false,
                CaseFact::CaseFiled { .. } => (&[CaseStage::Accepted], CaseStage::Filed),
                CaseFact::CaseDispatched { .. } if files => (
                    &[CaseStage::Filed, CaseStage::Handling],
                    CaseStage::Handling,
                ),
                CaseFact::CaseDispatched { .. } => (
                    &[CaseStage::Accepted, CaseStage::Handling],
                    CaseStage::Handling,
                ),
                CaseFact::CaseHandled { .. } if !inspects => return false,
                CaseFact::CaseHandled { .. } => (&[CaseStage::Handling], CaseStage::Inspecting),
                CaseFact::CaseInspected { passed: true, .. } => {
                    (&[CaseStage::Inspecting], CaseStage::Closing)
                }
                CaseFact::CaseInspected { .. } => (&[CaseStage::Inspecting], CaseStage::Handling),
                CaseFact::Course(CourseFact::InspectionLeftOut { .. }) => {
                    (&[CaseStage::Handling], CaseStage::Closing)
                }
                CaseFact::CaseClosed { .. } => (&[CaseStage::Closing], CaseStage::Closed),
                // Back to an earlier stage, which the timeline names only in part.
                CaseFact::Handling(
                    HandlingFact::CaseSentBack { .. } | HandlingFact::CaseSelfHandled { .. },
                )
                | CaseFact::Overlay(
                    OverlayFact::CaseRecalled { .. } | OverlayFact::CaseReopened { .. },
                )
                | CaseFact::Link(LinkFact::CaseRedone { .. }) => {
                    stage = back_to(fact, stage, files);
                    return true;
                }
                _ => return true,
            };
            let is_lawful = from.contains(&stage);
            stage = to;
            is_lawful
        })
    }
}

/// The organisations that accept, file or get a task by a fact.
fn organisations(fact: &CaseFact) -> Vec<&OrganisationRef> {
    match fact {
        CaseFact::CaseAccepted { opened, .. } => vec![&opened.organisation],
        CaseFact::CaseFiled { organisation, .. } => vec![organisation],
        CaseFact::CaseDispatched { tasks, .. } => {
            tasks.iter().map(|task| &task.organisation).collect()
        }
        CaseFact::Handling(HandlingFact::CaseSelfHandled { task, .. }) => vec![&task.organisation],
        CaseFact::Handling(fact) => fact
            .opened()
            .map(|task| &task.organisation)
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}

/// The stage that a fact leads back to; `stage` when it leads nowhere.
fn back_to(fact: &CaseFact, stage: CaseStage, files: bool) -> CaseStage {
    let awaits_dispatch = if files {
        CaseStage::Filed
    } else {
        CaseStage::Accepted
    };
    match fact {
        CaseFact::Handling(HandlingFact::CaseSentBack { .. }) => CaseStage::Accepted,
        CaseFact::Overlay(OverlayFact::CaseRecalled { .. }) => awaits_dispatch,
        CaseFact::Overlay(OverlayFact::CaseReopened { tasks, .. }) if tasks.is_empty() => {
            awaits_dispatch
        }
        CaseFact::Link(LinkFact::CaseRedone { reopened, .. }) if reopened.is_empty() => {
            awaits_dispatch
        }
        CaseFact::Handling(HandlingFact::CaseSelfHandled { .. })
        | CaseFact::Overlay(OverlayFact::CaseReopened { .. })
        | CaseFact::Link(LinkFact::CaseRedone { .. }) => CaseStage::Handling,
        _ => stage,
    }
}

/// Facts that carry a reason (law 5).
fn needs_reason(fact: &CaseFact) -> bool {
    matches!(
        fact,
        CaseFact::CaseInspected { passed: false, .. }
            | CaseFact::Handling(
                HandlingFact::TaskReturned { .. }
                    | HandlingFact::TaskRevoked { .. }
                    | HandlingFact::RulingDemanded { .. }
                    | HandlingFact::CaseRuled { .. }
                    | HandlingFact::CaseSentBack { .. }
                    | HandlingFact::CaseVerified { is_true: false, .. }
            )
            | CaseFact::Overlay(
                OverlayFact::CaseCancelled { .. }
                    | OverlayFact::ExtensionRequested { .. }
                    | OverlayFact::ExtensionDecided {
                        approved: false,
                        ..
                    }
                    | OverlayFact::SuspensionRequested { .. }
                    | OverlayFact::SuspensionDecided { granted: None, .. }
                    | OverlayFact::CaseSupervised { .. }
                    | OverlayFact::SupervisionReplied { .. }
                    | OverlayFact::CaseReopened { .. }
                    | OverlayFact::CaseExcluded { .. }
                    | OverlayFact::ExclusionDecided {
                        approved: false,
                        ..
                    }
                    | OverlayFact::AppealFiled { .. }
                    | OverlayFact::AppealReviewed {
                        approved: false,
                        ..
                    }
            )
    )
}

#[cfg(test)]
mod tests;
