//! The case with its tasks: what can happen to it, and what it is after that.

use super::course::{self, CourseFact};
use super::handling::{self, HandlingFact};
use super::links::{self, LinkFact};
use super::overlays::{self, OverlayFact};
use super::{Event, Fact};
use crate::clocks::Clock;
use crate::model::{
    Case, CaseExtra, CaseStage, ClockKind, ComponentPinned, Digest, Level, NoteRef,
    OrganisationRef, PinnedRule, ProcessRef, SuggestionNoted, Task, TaskKind, TaskOpened,
    TaskState,
};
use base::path::TreePath;
use base::{Id, Point, Timestamp};
use serde::{Deserialize, Serialize};

/// What is known of a case when it begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseOpened {
    /// The new case.
    pub case_id: Id,
    /// Its human number.
    pub case_no: String,
    /// The reports that open it; none of a case made without any.
    pub report_ids: Vec<Id>,
    /// The case it was split from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_from: Option<Id>,
    /// Where it came from.
    pub source: String,
    /// How urgent it is.
    pub level: Level,
    /// Its category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category_id: Option<Id>,
    /// The smallest known area.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area_path: Option<TreePath>,
    /// The place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<Point>,
    /// The component it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<ComponentPinned>,
    /// Vouches for the sealed words.
    pub words: Digest,
    /// The organisation that accepts it.
    pub organisation: OrganisationRef,
    /// The organisations that received its reports, where others accept it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reported_by: Vec<OrganisationRef>,
}

impl CaseOpened {
    /// The operation that begins it.
    pub fn operation(&self) -> &'static str {
        match self.split_from {
            Some(_) => "case_split",
            None if self.report_ids.is_empty() => "case_create",
            None => "report_accept",
        }
    }
}

/// A task that a failed inspection opened again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskReopened {
    /// The task.
    pub task_id: Id,
    /// Whether the inspection named it. The lead is opened again in any case: it submits the consolidated result.
    pub failed: bool,
    /// Its new handling clock.
    pub handling: Clock,
}

/// A thing that happened to a case. No personal text: see [`crate::model::NoteRef`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CaseFact {
    /// 受理: the case began.
    CaseAccepted {
        /// What is known of it.
        #[serde(flatten)]
        opened: CaseOpened,
        /// The process version it keeps.
        process: ProcessRef,
        /// The limit of filing and dispatch.
        clock: Option<Clock>,
    },
    /// 立案.
    CaseFiled {
        /// The rule row cited, pinned.
        rule: Option<PinnedRule>,
        /// The organisation that files: it inspects and closes.
        organisation: OrganisationRef,
        /// The limit of the stage.
        clock: Option<Clock>,
    },
    /// 派遣: one order to many organisations.
    CaseDispatched {
        /// The lead first, then the co-handlers.
        tasks: Vec<TaskOpened>,
        /// What routing had said; none when it knew nobody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        suggested: Option<SuggestionNoted>,
    },
    /// 签收.
    TaskAccepted {
        /// The task.
        task_id: Id,
    },
    /// 处置反馈.
    TaskFinished {
        /// The task.
        task_id: Id,
        /// The result handed in.
        result: Option<NoteRef>,
    },
    /// The consolidated result is in: the case awaits inspection.
    CaseHandled {
        /// The inspection, given to the organisation that filed.
        inspection: TaskOpened,
    },
    /// 核查.
    CaseInspected {
        /// The inspection that ended.
        task_id: Id,
        /// Whether it is done.
        passed: bool,
        /// What the inspector wrote.
        opinion: Option<NoteRef>,
        /// When it failed: the tasks opened again.
        reopened: Vec<TaskReopened>,
        /// When it passed: the limit of closing.
        clock: Option<Clock>,
    },
    /// 结案.
    CaseClosed {
        /// The rule row whose closing condition is met.
        rule_row_id: Option<Id>,
        /// Its version.
        rule_row_version: Option<i64>,
        /// What the closer wrote.
        opinion: Option<NoteRef>,
    },
    /// 超时: a clock ran out with the task open. Dated at the instant it ran out.
    TaskOverdue {
        /// The task.
        task_id: Id,
        /// Which of its clocks.
        clock: ClockKind,
        /// When it ran out.
        due_at: Timestamp,
        /// Recorded well after that, e.g. after an outage.
        late: bool,
    },
    /// Of verification, delegation, joint handling, returns.
    #[serde(untagged)]
    Handling(HandlingFact),
    /// Of urging, supervision, extension, suspension, exclusion, appeals.
    #[serde(untagged)]
    Overlay(OverlayFact),
    /// Of joining, splitting, merging.
    #[serde(untagged)]
    Link(LinkFact),
    /// Of what follows by itself in its process.
    #[serde(untagged)]
    Course(CourseFact),
}

impl Fact for CaseFact {
    const CHANGED: &'static str = "case_changed";

    fn kind(&self) -> &'static str {
        match self {
            Self::CaseAccepted { .. } => "case_accepted",
            Self::CaseFiled { .. } => "case_filed",
            Self::CaseDispatched { .. } => "case_dispatched",
            Self::TaskAccepted { .. } => "task_accepted",
            Self::TaskFinished { .. } => "task_finished",
            Self::CaseHandled { .. } => "case_handled",
            Self::CaseInspected { .. } => "case_inspected",
            Self::CaseClosed { .. } => "case_closed",
            Self::TaskOverdue { .. } => "task_overdue",
            Self::Handling(fact) => fact.kind(),
            Self::Overlay(fact) => fact.kind(),
            Self::Link(fact) => fact.kind(),
            Self::Course(fact) => fact.kind(),
        }
    }
}

/// The case after its first event; none when that event does not begin a case.
pub fn begin(event: &Event<CaseFact>) -> Option<Case> {
    let CaseFact::CaseAccepted {
        opened,
        process,
        clock,
    } = &event.fact
    else {
        return None;
    };
    let mut extra = CaseExtra::default();
    extra.links.split_from = opened.split_from;
    for organisation in &opened.reported_by {
        extra.links.reported(organisation, &opened.organisation);
    }
    extra.course.component.clone_from(&opened.component);
    Some(Case {
        id: opened.case_id,
        version: 1,
        case_no: opened.case_no.clone(),
        stage: CaseStage::Accepted,
        level: opened.level,
        source: opened.source.clone(),
        category_id: opened.category_id,
        area_path: opened.area_path.clone(),
        point: opened.point,
        process: process.clone(),
        rule: None,
        words: opened.words.clone(),
        accepted_by: opened.organisation.clone(),
        filed_by: None,
        clock: *clock,
        rework_count: 0,
        tasks: Vec::new(),
        accepted_at: event.occurred_at,
        filed_at: None,
        dispatched_at: None,
        handled_at: None,
        inspected_at: None,
        closed_at: None,
        extra,
    })
}

/// The case after one more event.
#[must_use]
pub fn evolve(mut case: Case, event: &Event<CaseFact>) -> Case {
    case.version += 1;
    let at = event.occurred_at;
    match &event.fact {
        // A second beginning is no event of the law; counting it lets the replay show that the timeline is wrong.
        CaseFact::CaseAccepted { .. } => {}
        CaseFact::CaseFiled {
            rule,
            organisation,
            clock,
        } => {
            case.stage = CaseStage::Filed;
            case.rule.clone_from(rule);
            case.filed_by = Some(organisation.clone());
            case.filed_at = Some(at);
            case.clock = *clock;
        }
        CaseFact::CaseDispatched { tasks, .. } => {
            case.stage = CaseStage::Handling;
            case.dispatched_at.get_or_insert(at);
            dispatched_by(&mut case, event);
            handling::rerouted(&mut case);
            case.tasks
                .extend(tasks.iter().map(|opened| Task::opened(opened, at)));
            case.clock = case.lead().map(|lead| lead.handling);
        }
        CaseFact::CaseHandled { inspection } => {
            case.stage = CaseStage::Inspecting;
            case.handled_at = Some(at);
            case.extra.course.uninspected = None;
            case.clock = Some(inspection.handling);
            case.tasks.push(Task::opened(inspection, at));
        }
        CaseFact::CaseInspected { .. } => case = inspected(case, event),
        CaseFact::CaseClosed { .. } => {
            case.stage = CaseStage::Closed;
            case.closed_at = Some(at);
            case.clock = None;
        }
        CaseFact::TaskAccepted { task_id }
        | CaseFact::TaskFinished { task_id, .. }
        | CaseFact::TaskOverdue { task_id, .. } => {
            if let Some(task) = case.tasks.iter_mut().find(|task| task.id == *task_id) {
                evolve_task(task, event);
            }
        }
        CaseFact::Handling(fact) => handling::evolve(&mut case, fact, event),
        CaseFact::Overlay(fact) => overlays::evolve(&mut case, fact, event),
        CaseFact::Link(fact) => links::evolve(&mut case, fact, event),
        CaseFact::Course(fact) => course::evolve(&mut case, fact, event),
    }
    case
}

/// Remembers who dispatches, when that is another organisation than the one that filed.
fn dispatched_by(case: &mut Case, event: &Event<CaseFact>) {
    let by = event.by.as_ref().map(crate::model::Actor::organisation);
    let known = case.extra.handling.dispatched_by.take();
    case.extra.handling.dispatched_by =
        by.or(known).filter(|by| case.filed_by.as_ref() != Some(by));
}

fn inspected(mut case: Case, event: &Event<CaseFact>) -> Case {
    let CaseFact::CaseInspected {
        task_id,
        passed,
        opinion,
        reopened,
        clock,
    } = &event.fact
    else {
        return case;
    };
    for task in &mut case.tasks {
        if task.id == *task_id {
            task.result.clone_from(opinion);
            finish_task(task, event);
        }
    }
    reopen_tasks(&mut case, reopened, event.occurred_at);
    if *passed {
        case.stage = CaseStage::Closing;
        case.inspected_at = Some(event.occurred_at);
        case.clock = *clock;
    } else {
        case.stage = CaseStage::Handling;
        case.rework_count += 1;
        case.clock = case.lead().map(|lead| lead.handling);
    }
    case
}

/// Tasks are worked on again, with everything they had.
pub(super) fn reopen_tasks(case: &mut Case, reopened: &[TaskReopened], at: Timestamp) {
    for task in &mut case.tasks {
        if let Some(again) = reopened.iter().find(|each| each.task_id == task.id) {
            task.open_again(at, again.handling);
            task.rework_count += i64::from(again.failed);
        }
    }
}

fn evolve_task(task: &mut Task, event: &Event<CaseFact>) {
    match &event.fact {
        CaseFact::TaskAccepted { .. } => {
            task.state = TaskState::Accepted;
            task.accepted_at = Some(event.occurred_at);
            task.response_overdue = task
                .response
                .is_some_and(|clock| clock.is_overdue(event.occurred_at));
            if let Some(by) = &event.by {
                task.assignee = Some(by.staff_id);
                task.handled(by.staff_id);
            }
        }
        CaseFact::TaskFinished { result, .. } => {
            task.result.clone_from(result);
            finish_task(task, event);
        }
        CaseFact::TaskOverdue { clock, .. } => match clock {
            ClockKind::Response => task.response_overdue = true,
            ClockKind::Handling => task.handling_overdue = true,
        },
        _ => {}
    }
}

pub(super) fn finish_task(task: &mut Task, event: &Event<CaseFact>) {
    task.state = TaskState::Finished;
    task.finished_at = Some(event.occurred_at);
    task.handling_overdue = task.handling.is_overdue(event.occurred_at);
    task.extra.overlays.end();
    if let Some(by) = &event.by {
        task.handled(by.staff_id);
    }
}

/// A timeline that is no life of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// No events at all.
    #[error("the timeline is empty")]
    Empty,
    /// It does not begin with the beginning.
    #[error("the first event does not begin it")]
    NoBeginning,
}

/// Folds a whole timeline.
pub fn replay(events: &[Event<CaseFact>]) -> Result<Case, ReplayError> {
    let (first, rest) = events.split_first().ok_or(ReplayError::Empty)?;
    let case = begin(first).ok_or(ReplayError::NoBeginning)?;
    Ok(rest.iter().fold(case, evolve))
}

impl TaskOpened {
    /// Whether this opens a handling task.
    pub fn is_handling(&self) -> bool {
        self.kind == TaskKind::Handle
    }
}
