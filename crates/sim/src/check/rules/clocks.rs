//! When things are due: what a timeline says of its clocks, entry by entry, and what is told when one runs out.

use super::{Entry, Held, Tale};
use base::{Id, Timestamp};
use casework::clocks::Clock;
use casework::lifecycle::case::CaseFact;
use casework::lifecycle::course::CourseFact;
use casework::lifecycle::handling::HandlingFact;
use casework::lifecycle::links::LinkFact;
use casework::lifecycle::overlays::OverlayFact;
use casework::model::{ClockKind, TaskState};
use std::collections::{BTreeMap, BTreeSet};

/// How long a timer may take to fire.
const TIMER_SECONDS: i64 = 60;

impl Held {
    /// Its clocks that run.
    fn running(&self) -> impl Iterator<Item = (Id, ClockKind, Timestamp)> {
        let response = self
            .response_due_at
            .filter(|_| self.state == TaskState::Assigned);
        let response = response.map(|due_at| (self.id, ClockKind::Response, due_at));
        let is_open = self.state.is_open();
        let handling = is_open.then_some((self.id, ClockKind::Handling, self.due_at));
        response.into_iter().chain(handling)
    }
}

impl Tale {
    /// When each task is due after each entry: what its timeline says, entry by entry.
    fn dues(&self) -> impl Iterator<Item = (&Entry, Dues)> {
        self.entries.iter().scan(Dues::default(), |dues, entry| {
            let before = dues.clone();
            dues.learn(&entry.fact);
            Some((entry, before))
        })
    }

    pub(super) fn overdue_by_a_clock(&self) -> bool {
        self.dues().all(|(entry, dues)| match &entry.fact {
            CaseFact::TaskOverdue {
                task_id, due_at, ..
            } => dues.given.contains(&(*task_id, *due_at)) && entry.recorded_at > *due_at,
            CaseFact::Overlay(OverlayFact::StageOverdue { due_at, .. }) => {
                dues.stages.contains(due_at) && entry.recorded_at > *due_at
            }
            _ => true,
        })
    }

    pub(super) fn due_as_told(&self) -> bool {
        let mut dues = Dues::default();
        self.facts().for_each(|fact| dues.learn(fact));
        self.tasks
            .iter()
            .all(|task| dues.handling.get(&task.id) == Some(&task.due_at))
    }

    /// Timers fire within a minute.
    pub(super) fn tells_what_ran_out(&self) -> bool {
        let ran_out = |due_at: &Timestamp| due_at.plus_seconds(TIMER_SECONDS) < self.now;
        let of_tasks = self
            .tasks
            .iter()
            .filter(|_| self.stage.is_open())
            .flat_map(Held::running)
            .filter(|(.., due_at)| ran_out(due_at));
        let of_stage = self.stage_due_at.filter(ran_out);
        let tells = |told: &dyn Fn(&CaseFact) -> bool| self.facts().any(told);
        of_stage.is_none_or(|due| {
            tells(&|fact| {
                matches!(fact, CaseFact::Overlay(OverlayFact::StageOverdue { stage, due_at, .. })
                    if *stage == self.stage && *due_at == due)
            })
        }) && of_tasks.into_iter().all(|(id, kind, due)| {
            tells(&|fact| {
                matches!(fact, CaseFact::TaskOverdue { task_id, clock, due_at, .. }
                    if *task_id == id && *clock == kind && *due_at == due)
            })
        })
    }
}

/// When tasks are due.
#[derive(Debug, Clone, Default)]
struct Dues {
    /// The end of handling of each task, as it is now.
    handling: BTreeMap<Id, Timestamp>,
    /// Every end that any clock of a task ever had.
    given: BTreeSet<(Id, Timestamp)>,
    /// Every end that the clock of a stage ever had.
    stages: BTreeSet<Timestamp>,
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
        self.stages
            .extend(stage_clock(fact).map(|clock| clock.due_at));
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

/// The clock of a stage that a fact sets.
fn stage_clock(fact: &CaseFact) -> Option<&Clock> {
    match fact {
        CaseFact::CaseAccepted { clock, .. }
        | CaseFact::CaseFiled { clock, .. }
        | CaseFact::CaseInspected { clock, .. }
        | CaseFact::Course(CourseFact::InspectionLeftOut { clock, .. })
        | CaseFact::Handling(
            HandlingFact::CaseSentBack { clock, .. }
            | HandlingFact::TaskReturned { clock, .. }
            | HandlingFact::TaskRevoked { clock, .. },
        )
        | CaseFact::Link(LinkFact::CaseRedone { clock, .. })
        | CaseFact::Overlay(
            OverlayFact::CaseLevelled { clock, .. }
            | OverlayFact::CaseRecalled { clock, .. }
            | OverlayFact::CaseReopened { clock, .. }
            | OverlayFact::DeadlineGiven { clock, .. }
            | OverlayFact::ModeApplied { clock, .. },
        ) => clock.as_ref(),
        _ => None,
    }
}
