//! What happens to a case when a command is given, or why nothing does.

mod inspect;
mod overdue;

use overdue::deadline;
pub(super) use overdue::overdue_unrecorded;

use super::case::{CaseFact, CaseOpened};
use super::course;
use super::handling::{self, HandlingCommand};
use super::links::{self, LinkCommand};
use super::overlays::{self, OverlayCommand};
use super::{Circumstances, Event, Refusal};
use crate::clocks::Clock;
use crate::model::{
    Case, CaseStage, ClockKind, NoteRef, OrganisationRef, PinnedRule, SuggestionNoted, Task,
    TaskKind, TaskOpened, TaskRole, TaskState,
};
use crate::process::InspectionMode;
use base::{Id, Timestamp};
use std::collections::BTreeSet;

/// A task to be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskNew {
    /// Its id, taken outside.
    pub id: Id,
    /// Who must do it.
    pub organisation: OrganisationRef,
}

/// What can be asked of a case.
#[derive(Clone, Debug, PartialEq)]
pub enum CaseCommand {
    /// 立案. The rule row cited, if any, is in the circumstances.
    File {
        /// The rule row cited.
        rule_row_id: Option<Id>,
    },
    /// 派遣: one lead and any number of co-handlers.
    Dispatch {
        /// 主办.
        lead: TaskNew,
        /// 协办.
        co: Vec<TaskNew>,
    },
    /// 签收.
    TaskAccept {
        /// The task.
        task_id: Id,
    },
    /// 处置反馈.
    TaskFinish {
        /// The task.
        task_id: Id,
        /// The result handed in.
        result: Option<NoteRef>,
        /// The id an inspection would bear, should this be the lead's consolidated result.
        inspection_id: Id,
    },
    /// 核查.
    InspectResult {
        /// Whether it is done.
        passed: bool,
        /// The tasks that failed.
        failed_task_ids: Vec<Id>,
        /// What the inspector wrote; the reason when it failed.
        opinion: Option<NoteRef>,
    },
    /// 结案.
    Close {
        /// The rule row whose closing condition is met.
        rule_row_id: Option<Id>,
        /// What the closer wrote.
        opinion: Option<NoteRef>,
    },
    /// A clock may have run out. Follows from a timer; nobody can ask for it.
    TaskDeadline {
        /// The task.
        task_id: Id,
        /// Which clock.
        clock: ClockKind,
        /// When that clock runs out. A clock that was replaced since is no more.
        due_at: Timestamp,
    },
    /// Verification, delegation, joint handling, returns.
    Handling(HandlingCommand),
    /// Urging, supervision, extension, suspension, exclusion, appeals.
    Overlay(OverlayCommand),
    /// Joining, splitting, merging.
    Link(LinkCommand),
}

impl CaseCommand {
    /// The task whose holder must give the command; none when it is given for the case.
    pub fn holder_task_id(&self, case: &Case) -> Option<Id> {
        match self {
            Self::TaskAccept { task_id } | Self::TaskFinish { task_id, .. } => Some(*task_id),
            Self::Handling(command) => command.holder_task_id(case),
            Self::Overlay(command) => command.task_id(),
            _ => None,
        }
    }

    /// The task that this is about: the one it is done to, or the open one that it ends.
    pub fn task_id(&self, case: &Case) -> Option<Id> {
        match self {
            Self::InspectResult { .. } => case.open_inspection().map(|task| task.id),
            Self::Handling(HandlingCommand::SelfHandle { task_id, .. }) => Some(*task_id),
            other => other.holder_task_id(case),
        }
    }

    /// The operation this is, as in the API, the permissions and the audit.
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::File { .. } => "case_file",
            Self::Dispatch { .. } => "case_dispatch",
            Self::TaskAccept { .. } => "task_accept",
            Self::TaskFinish { .. } => "task_finish",
            Self::InspectResult { .. } => "case_inspect_result",
            Self::Close { .. } => "case_close",
            Self::TaskDeadline { .. } => "task_deadline",
            Self::Handling(command) => command.operation(),
            Self::Overlay(command) => command.operation(),
            Self::Link(command) => command.operation(),
        }
    }
}

/// A case has what its process asks for from the beginning.
pub(super) fn check_opening(
    opened: &CaseOpened,
    circumstances: &Circumstances<'_>,
) -> Result<(), Refusal> {
    let process = circumstances.process;
    if !process.serves(&opened.source) {
        return Err(Refusal::SourceNotServed {
            source_code: opened.source.clone(),
        });
    }
    if process.category_required && opened.category_id.is_none() {
        return Err(Refusal::CategoryRequired);
    }
    if process.place_required && opened.area_path.is_none() {
        return Err(Refusal::PlaceRequired);
    }
    Ok(())
}

/// The beginning of a case: 受理. Takes the place of `decide` while there is no case yet.
pub fn open(
    opened: &CaseOpened,
    circumstances: &Circumstances<'_>,
) -> Result<Event<CaseFact>, Refusal> {
    let process = circumstances.process;
    circumstances.check_role(opened.operation())?;
    check_opening(opened, circumstances)?;
    let at = circumstances.occurred_at;
    Ok(circumstances.event(CaseFact::CaseAccepted {
        opened: opened.clone(),
        process: process.reference.clone(),
        clock: process.stage_clock(CaseStage::Accepted, opened.level, at, None),
    }))
}

/// [`open`], and what follows by itself in the process.
pub fn begin(
    opened: &CaseOpened,
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Event<CaseFact>>, Refusal> {
    let mut events = vec![open(opened, circumstances)?];
    course::follow(None, &mut events, circumstances)?;
    Ok(events)
}

/// What happens when `command` is given. A refusal changes nothing and names the rule.
pub fn decide(
    case: &Case,
    command: &CaseCommand,
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Event<CaseFact>>, Refusal> {
    if let CaseCommand::TaskDeadline {
        task_id,
        clock,
        due_at,
    } = command
    {
        return Ok(deadline(case, *task_id, *clock, *due_at, circumstances));
    }
    if let CaseCommand::Overlay(command) = command
        && command.is_of_timer()
    {
        return overlays::decide(case, command, circumstances);
    }
    check_stage(case, command.operation(), circumstances)?;
    circumstances.check_role(command.operation())?;
    handling::check_return(case, command)?;
    let condition_met = course::condition_met(case, command.operation(), circumstances)?;
    let mut events = of_command(case, command, circumstances)?;
    if !events.is_empty() {
        events.splice(0..0, condition_met);
    }
    course::follow(Some(case), &mut events, circumstances)?;
    overlays::given_on::follow(case, &mut events, circumstances);
    Ok(overlays::with_stage_overdue(case, events, circumstances))
}

fn of_command(
    case: &Case,
    command: &CaseCommand,
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Event<CaseFact>>, Refusal> {
    match command {
        CaseCommand::File { rule_row_id } => file(case, *rule_row_id, circumstances),
        CaseCommand::Dispatch { lead, co } => dispatch(case, lead, co, circumstances),
        CaseCommand::TaskAccept { task_id } => task_accept(case, *task_id, circumstances),
        CaseCommand::TaskFinish {
            task_id,
            result,
            inspection_id,
        } => task_finish(
            case,
            *task_id,
            result.as_ref(),
            *inspection_id,
            circumstances,
        ),
        CaseCommand::InspectResult {
            passed,
            failed_task_ids,
            opinion,
        } => inspect::inspect(
            case,
            *passed,
            failed_task_ids,
            opinion.as_ref(),
            circumstances,
        ),
        CaseCommand::Close {
            rule_row_id,
            opinion,
        } => close(case, *rule_row_id, opinion.as_ref(), circumstances),
        CaseCommand::TaskDeadline { .. } => Ok(Vec::new()),
        CaseCommand::Handling(command) => handling::decide(case, command, circumstances),
        CaseCommand::Overlay(command) => overlays::decide(case, command, circumstances),
        CaseCommand::Link(command) => links::decide(case, command, circumstances),
    }
}

fn check_stage(
    case: &Case,
    operation: &'static str,
    circumstances: &Circumstances<'_>,
) -> Result<(), Refusal> {
    if circumstances.process.may_in(operation, case.stage) {
        Ok(())
    } else {
        Err(Refusal::CaseWrongStage {
            operation,
            stage: case.stage,
        })
    }
}

pub(super) fn file(
    case: &Case,
    rule_row_id: Option<Id>,
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Event<CaseFact>>, Refusal> {
    handling::check_verified(case)?;
    circumstances.check_time(case.accepted_at)?;
    let rule = cited(case, rule_row_id, circumstances)?;
    let organisation = circumstances.actor.map_or_else(
        || case.accepted_by.clone(),
        crate::model::Actor::organisation,
    );
    Ok(vec![circumstances.event(CaseFact::CaseFiled {
        rule,
        organisation,
        clock: circumstances.process.stage_clock(
            CaseStage::Filed,
            case.level,
            circumstances.occurred_at,
            case.clock,
        ),
    })])
}

/// The rule row cited, pinned; one of the case's category, which must be cited when it has any.
fn cited(
    case: &Case,
    rule_row_id: Option<Id>,
    circumstances: &Circumstances<'_>,
) -> Result<Option<PinnedRule>, Refusal> {
    match (rule_row_id, circumstances.rule) {
        (None, _) if circumstances.category_has_rules => Err(Refusal::RuleRowRequired),
        (None, _) => Ok(None),
        (Some(id), Some(rule)) if rule.id == id => {
            if case.category_id != Some(rule.category_id) {
                return Err(Refusal::RuleRowOfOtherCategory);
            }
            if rule.is_superseded {
                return Err(Refusal::RuleRowSuperseded);
            }
            Ok(Some(PinnedRule {
                id,
                version: rule.version,
                limit: rule.limit.clone(),
            }))
        }
        (Some(_), _) => Err(Refusal::RuleRowUnknown),
    }
}

/// The clock for handling from `at`, by the pinned rule row or else the process.
pub(super) fn handling_clock(
    case: &Case,
    at: Timestamp,
    circumstances: &Circumstances<'_>,
) -> Clock {
    let limit = case
        .rule
        .as_ref()
        .map_or(&circumstances.process.handling.default_limit, |rule| {
            &rule.limit
        });
    let clock = circumstances.reckoner.clock(at, limit);
    overlays::limited_by_mode(case, clock, circumstances)
}

pub(super) fn dispatch(
    case: &Case,
    lead: &TaskNew,
    co: &[TaskNew],
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Event<CaseFact>>, Refusal> {
    let begun = if case.stage == CaseStage::Handling {
        // Again, after the lead was returned or revoked; co-handlers that are at work go on.
        if case.lead().is_some() {
            return Err(Refusal::CaseWrongStage {
                operation: "case_dispatch",
                stage: case.stage,
            });
        }
        case.clock.map(|clock| clock.started_at)
    } else {
        case.filed_at
    };
    if case.stage == CaseStage::Accepted {
        handling::check_verified(case)?;
    }
    circumstances.check_time(begun.unwrap_or(case.accepted_at))?;
    let mut seen = BTreeSet::new();
    let everyone = || std::iter::once(lead).chain(co);
    if !everyone()
        .all(|task| seen.insert(task.organisation.id) && !case.is_handled_by(task.organisation.id))
    {
        return Err(Refusal::OrganisationTwice);
    }
    if case.tasks.len() + seen.len() > base::limits::TASKS_PER_CASE_MAX {
        return Err(Refusal::TasksTooMany);
    }
    let at = circumstances.occurred_at;
    let response = circumstances.process.response_clock(case.level, at);
    let handling = handling_clock(case, at, circumstances);
    let roles = std::iter::once(TaskRole::Lead).chain(std::iter::repeat(TaskRole::Co));
    let tasks = everyone()
        .zip(roles)
        .map(|(task, role)| TaskOpened {
            id: task.id,
            kind: TaskKind::Handle,
            role,
            organisation: task.organisation.clone(),
            response: Some(response),
            handling,
        })
        .collect();
    let suggested = circumstances.suggested.map(|suggested| SuggestionNoted {
        organisation_id: suggested.organisation.id,
        basis: suggested.basis,
        followed: suggested.organisation.id == lead.organisation.id,
    });
    let fact = CaseFact::CaseDispatched { tasks, suggested };
    Ok(vec![circumstances.event(fact)])
}

/// The task a command speaks of, which the actor acts for. An organisation above the holder may act for it; whether this
/// person may, `access` has decided.
pub(super) fn task_of<'a>(
    case: &'a Case,
    task_id: Id,
    circumstances: &Circumstances<'_>,
) -> Result<&'a Task, Refusal> {
    let task = case.task(task_id).ok_or(Refusal::TaskUnknown)?;
    check_holder(task, circumstances)?;
    Ok(task)
}

pub(super) fn check_holder(task: &Task, circumstances: &Circumstances<'_>) -> Result<(), Refusal> {
    let holder = &task.organisation.path;
    match circumstances.actor {
        Some(actor)
            if !actor.organisation_path.contains(holder)
                && !holder.contains(&actor.organisation_path) =>
        {
            Err(Refusal::TaskOfOtherOrganisation)
        }
        _ => Ok(()),
    }
}

fn task_accept(
    case: &Case,
    task_id: Id,
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Event<CaseFact>>, Refusal> {
    let task = task_of(case, task_id, circumstances)?;
    if task.state != TaskState::Assigned {
        return Err(Refusal::TaskWrongState { state: task.state });
    }
    if let Some(actor) = circumstances.actor {
        handling::check_impartial(case, task, actor.staff_id, circumstances)?;
    }
    circumstances.check_time(task.opened_at)?;
    let mut events = Vec::with_capacity(1);
    events.extend(overdue_unrecorded(task, circumstances));
    events.push(circumstances.event(CaseFact::TaskAccepted { task_id }));
    Ok(events)
}

fn task_finish(
    case: &Case,
    task_id: Id,
    result: Option<&NoteRef>,
    inspection_id: Id,
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Event<CaseFact>>, Refusal> {
    let task = task_of(case, task_id, circumstances)?;
    match task.kind {
        TaskKind::Inspect => return Err(Refusal::TaskIsInspection),
        TaskKind::Verify => return Err(Refusal::TaskIsVerification),
        TaskKind::Handle | TaskKind::Callback => {}
    }
    if task.state != TaskState::Accepted {
        return Err(Refusal::TaskWrongState { state: task.state });
    }
    let mut begun = task
        .opened_at
        .max(task.accepted_at.unwrap_or(task.opened_at));
    begun = begun.max(waited_for(case, task)?.unwrap_or(begun));
    circumstances.check_time(begun)?;
    let mut events = Vec::with_capacity(2);
    events.extend(overlays::suspension_ended_by_finish(
        case,
        task,
        circumstances,
    ));
    events.extend(overdue_unrecorded(task, circumstances));
    events.push(circumstances.event(CaseFact::TaskFinished {
        task_id,
        result: result.cloned(),
    }));
    if task.kind == TaskKind::Handle && task.role == TaskRole::Lead {
        events.push(handled(case, inspection_id, circumstances)?);
    }
    Ok(events)
}

/// When the last of those that `task` waits for ended; refused while one has not: whoever gave work on answers for it, and
/// the lead hands in the consolidated result.
fn waited_for(case: &Case, task: &Task) -> Result<Option<Timestamp>, Refusal> {
    let mut given_on = 0_usize;
    let mut co = 0_usize;
    for each in case.waits_for(task) {
        if each.giver_id() == Some(task.id) && each.role == TaskRole::Delegated {
            given_on += 1;
        } else {
            co += 1;
        }
    }
    if given_on > 0 {
        return Err(Refusal::TasksGivenOnOpen);
    }
    if co > 0 {
        return Err(Refusal::CoTasksOpen {
            open: co.to_string().into(),
        });
    }
    Ok(case
        .handle_tasks()
        .filter(|each| {
            each.giver_id() == Some(task.id)
                || (task.role == TaskRole::Lead && each.role == TaskRole::Co)
        })
        .filter_map(|each| each.finished_at)
        .max())
}

/// The consolidated result is in: the case awaits inspection, or goes on without one where the process says why.
pub(super) fn handled(
    case: &Case,
    inspection_id: Id,
    circumstances: &Circumstances<'_>,
) -> Result<Event<CaseFact>, Refusal> {
    if let Some(left_out) = course::inspection_left_out(case, circumstances) {
        return Ok(left_out);
    }
    Ok(circumstances.event(CaseFact::CaseHandled {
        inspection: inspection(case, inspection_id, circumstances)?,
    }))
}

pub(super) fn inspection(
    case: &Case,
    id: Id,
    circumstances: &Circumstances<'_>,
) -> Result<TaskOpened, Refusal> {
    let handling = circumstances
        .process
        .stage_clock(
            CaseStage::Inspecting,
            case.level,
            circumstances.occurred_at,
            None,
        )
        .ok_or(Refusal::CaseWrongStage {
            operation: "task_finish",
            stage: case.stage,
        })?;
    Ok(TaskOpened {
        id,
        kind: TaskKind::Inspect,
        role: TaskRole::Lead,
        organisation: case
            .filed_by
            .clone()
            .unwrap_or_else(|| case.accepted_by.clone()),
        response: match circumstances.process.inspection.mode {
            InspectionMode::Desk => None,
            InspectionMode::Field => Some(
                circumstances
                    .process
                    .response_clock(case.level, circumstances.occurred_at),
            ),
        },
        handling,
    })
}

pub(super) fn close(
    case: &Case,
    rule_row_id: Option<Id>,
    opinion: Option<&NoteRef>,
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Event<CaseFact>>, Refusal> {
    circumstances.check_time(
        case.inspected_at
            .max(case.handled_at)
            .unwrap_or(case.accepted_at),
    )?;
    if case.filed_at.is_none() && circumstances.process.closing.cites_rule_row {
        let rule = cited(case, rule_row_id, circumstances)?;
        return Ok(vec![circumstances.event(CaseFact::CaseClosed {
            rule_row_id: rule.as_ref().map(|rule| rule.id),
            rule_row_version: rule.map(|rule| rule.version),
            opinion: opinion.cloned(),
        })]);
    }
    let pinned = case.rule.as_ref();
    let must_cite = pinned.is_some() && circumstances.process.closing.cites_rule_row;
    let cited = rule_row_id.map(|id| pinned.filter(|rule| rule.id == id));
    let rule = match cited {
        None if must_cite => return Err(Refusal::ClosingConditionRequired),
        None => None,
        Some(None) => return Err(Refusal::ClosingConditionRequired),
        Some(rule) => rule,
    };
    Ok(vec![circumstances.event(CaseFact::CaseClosed {
        rule_row_id: rule.map(|rule| rule.id),
        rule_row_version: rule.map(|rule| rule.version),
        opinion: opinion.cloned(),
    })])
}
