//! What must hold of one case, and of one report: each rule a function of the typed facts of its timeline.

use base::{Id, Timestamp};
use casework::lifecycle::case::CaseFact;
use casework::lifecycle::course::CourseFact;
use casework::lifecycle::handling::HandlingFact;
use casework::lifecycle::links::LinkFact;
use casework::lifecycle::overlays::OverlayFact;
use casework::lifecycle::report::ReportFact;
use casework::model::{CaseStage, ReportStage};
use casework::view::{CaseView, ReportView};
use std::collections::{BTreeMap, BTreeSet};

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
    due_at: Timestamp,
}

/// A case as users see it, in types.
#[derive(Debug, Clone)]
pub(super) struct Tale {
    stage: CaseStage,
    process: String,
    is_accountable: bool,
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
        "an open case has an accountable organisation",
        Tale::is_held,
    ),
    ("an overdue fact has its clock", Tale::overdue_by_a_clock),
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
    pub(super) fn of(case: &CaseView) -> Option<Self> {
        let entries = case.timeline.iter().map(|entry| {
            let fact = serde_json::from_str(entry.fact.get()).ok()?;
            Some(Entry {
                seq: entry.seq,
                occurred_at: entry.occurred_at,
                recorded_at: entry.recorded_at,
                by: entry.by.as_ref().map(|by| by.staff_id),
                fact,
                has_note: entry.note.as_ref().is_some_and(|note| !note.is_empty()),
            })
        });
        let tasks = case.tasks.iter().map(|task| Held {
            id: task.id,
            parent_id: task.parent_task_id,
            due_at: task.handling.due_at,
        });
        let process = case.process.split_whitespace().next();
        Some(Self {
            stage: case.head.stage,
            process: process.unwrap_or_default().to_owned(),
            is_accountable: !case.accountable.id.is_empty(),
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
        !self.stage.is_open() || self.is_accountable
    }

    /// When each task is due after each entry: what its timeline says, entry by entry.
    fn dues(&self) -> impl Iterator<Item = (&Entry, Dues)> {
        self.entries.iter().scan(Dues::default(), |dues, entry| {
            let before = dues.clone();
            dues.learn(&entry.fact);
            Some((entry, before))
        })
    }

    fn overdue_by_a_clock(&self) -> bool {
        self.dues().all(|(entry, dues)| match &entry.fact {
            CaseFact::TaskOverdue {
                task_id, due_at, ..
            } => dues.given.contains(&(*task_id, *due_at)) && entry.recorded_at > *due_at,
            _ => true,
        })
    }

    fn due_as_told(&self) -> bool {
        let mut dues = Dues::default();
        self.facts().for_each(|fact| dues.learn(fact));
        self.tasks
            .iter()
            .all(|task| dues.handling.get(&task.id) == Some(&task.due_at))
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

/// When tasks are due.
#[derive(Debug, Clone, Default)]
struct Dues {
    /// The end of handling of each task, as it is now.
    handling: BTreeMap<Id, Timestamp>,
    /// Every end that any clock of a task ever had.
    given: BTreeSet<(Id, Timestamp)>,
}

impl Dues {
    fn set(&mut self, task_id: Id, due_at: Timestamp) {
        self.handling.insert(task_id, due_at);
        self.given.insert((task_id, due_at));
    }

    fn open(&mut self, task: &casework::model::TaskOpened) {
        self.set(task.id, task.handling.due_at);
        if let Some(response) = task.response {
            self.given.insert((task.id, response.due_at));
        }
    }

    fn learn(&mut self, fact: &CaseFact) {
        match fact {
            CaseFact::CaseDispatched { tasks, .. } => tasks.iter().for_each(|task| self.open(task)),
            CaseFact::CaseHandled { inspection } => self.open(inspection),
            CaseFact::CaseInspected { reopened, .. }
            | CaseFact::Overlay(OverlayFact::CaseReopened {
                tasks: reopened, ..
            })
            | CaseFact::Link(LinkFact::CaseRedone { reopened, .. }) => {
                for again in reopened {
                    self.set(again.task_id, again.handling.due_at);
                }
            }
            CaseFact::Handling(HandlingFact::CaseSelfHandled { task, .. }) => self.open(task),
            CaseFact::Handling(fact) => {
                if let Some(task) = fact.opened() {
                    self.open(task);
                }
            }
            CaseFact::Overlay(OverlayFact::SuspensionDecided {
                task_id,
                granted: Some(granted),
                ..
            }) => self.set(*task_id, granted.handling.due_at),
            CaseFact::Overlay(
                OverlayFact::ExtensionDecided {
                    task_id,
                    handling: Some(handling),
                    ..
                }
                | OverlayFact::SuspensionEnded {
                    task_id, handling, ..
                },
            ) => self.set(*task_id, handling.due_at),
            CaseFact::Overlay(
                OverlayFact::CaseLevelled { tasks, .. }
                | OverlayFact::ClocksFollowed { tasks }
                | OverlayFact::DeadlineGiven { tasks, .. }
                | OverlayFact::ModeApplied { tasks, .. },
            ) => {
                for each in tasks {
                    if each.kind == casework::model::ClockKind::Handling {
                        self.set(each.task_id, each.clock.due_at);
                    } else {
                        self.given.insert((each.task_id, each.clock.due_at));
                    }
                }
            }
            _ => {}
        }
    }
}

/// The facts of a report; none when one cannot be read.
pub(super) fn report_facts(report: &ReportView) -> Option<Vec<ReportFact>> {
    let facts = report.timeline.iter();
    facts
        .map(|entry| serde_json::from_str(entry.fact.get()).ok())
        .collect()
}

/// What came of a call back.
pub(super) fn call_outcome(fact: &ReportFact) -> Option<&'static str> {
    match fact {
        ReportFact::ReportCalledBack { answered: None, .. } => Some("call_unreached"),
        ReportFact::ReportCalledBack {
            answered: Some(answered),
            ..
        } if answered.solved => Some("call_solved"),
        ReportFact::ReportCalledBack { .. } => Some("call_unsolved"),
        _ => None,
    }
}

/// Whether a report of such cases may be in that stage.
pub(super) fn settled_rightly(stage: ReportStage, has_open: bool, facts: &[ReportFact]) -> bool {
    let mut awaits_call = false;
    for fact in facts {
        match fact {
            ReportFact::ReportCallingBack { .. } => awaits_call = true,
            ReportFact::ReportCalledBack { .. } => awaits_call = false,
            _ => {}
        }
    }
    match stage {
        ReportStage::Settled => !has_open && !awaits_call,
        // Called, and nobody was reached: it is called again.
        ReportStage::CallingBack => !has_open,
        ReportStage::Accepted => has_open,
        _ => true,
    }
}

#[cfg(test)]
mod tests;
