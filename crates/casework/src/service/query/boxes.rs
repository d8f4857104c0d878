//! The boxes of a workbench: 待办 在办 已办 超期 督办 挂账 待审批 逐级提醒 关注, for whatever roles the caller has. They follow from the roles that
//! each process gives its steps to, so a city that gives a step to another role gets the right boxes without more ado.
//!
//! | box | who takes steps of cases (files, dispatches, inspects, closes) | who works on tasks | others |
//! |---|---|---|---|
//! | `todo` 待办 | open cases that await such a step of theirs; being handled and without a lead, they await dispatch | open cases with a task of theirs to accept | none |
//! | `doing` 在办 | the other open cases | open cases with a task of theirs being handled | all open cases |
//! | `done` 已办 | ended cases | cases on which no task of theirs is open | ended cases |
//! | `overdue` 超期 | open cases whose stage's clock has run out | the same | the same |
//! | `supervised` 督办 | cases under supervision that they see | the same | the same |
//! | `suspended` 挂账 | cases with a task that stands still | the same | the same |
//! | `to_decide` 待审批 | cases with an extension, suspension, exclusion, ruling or appeal that their role decides | the same | the same |
//! | `escalated` 逐级提醒 | cases with a clock that has climbed a rung of its ladder and still runs | the same | the same |
//! | `watched` 关注 | whatever they watch and still may see | the same | the same |
//!
//! Reports have boxes of their own ([`ReportBox`]), the same for everybody who may list them.

use crate::clocks::Light;
use crate::listing::{Awaited, CaseFilter, CaseMark, Claimed, ReportFilter, ToDecide};
use crate::model::{CaseStage, Decision, ReportStage, TaskState};
use crate::process::Process;

use access::Principal;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A box of cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaseBox {
    /// 待办: the caller's step is next.
    Todo,
    /// 在办: open, and somebody else's step is next, or the caller's has begun.
    Doing,
    /// 已办: ended; for who works on tasks, those on which none of theirs is open.
    Done,
    /// 超期: open, and the clock has run out.
    Overdue,
    /// 督办: a supervision is in force.
    Supervised,
    /// 挂账: a task of it stands still.
    Suspended,
    /// 待审批: something applied for waits for a decision that the caller's role takes.
    ToDecide,
    /// 逐级提醒: a rung of the ladder was climbed on a clock that still runs.
    Escalated,
    /// 关注: watched by the caller.
    Watched,
}

/// The steps by which desks take a case on.
const STEPS: &[&str] = &[
    "case_file",
    "case_dispatch",
    "case_inspect_result",
    "case_close",
];

/// Where cases stand that the caller has to take on: by the roles that each process gives the step to.
pub(super) fn awaited(principal: &Principal, processes: &[Arc<Process>]) -> Vec<Awaited> {
    let mut found: BTreeMap<(CaseStage, bool), BTreeSet<String>> = BTreeMap::new();
    for process in processes {
        let mine = |operation: &str| {
            let mut memberships = principal.memberships.iter();
            principal.allows(operation)
                && memberships.any(|each| process.allows(operation, &each.role))
        };
        for operation in STEPS.iter().filter(|operation| mine(operation)) {
            let in_stage = |stage: &CaseStage| stage.is_open() && process.may_in(operation, *stage);
            // Who handles a case is awaited by its tasks; by a desk only when nobody leads.
            let stages = CaseStage::ALL.iter().copied().filter(in_stage);
            for stage in stages.filter(|stage| process.uses(*stage)) {
                let without_lead = stage == CaseStage::Handling;
                let codes = found.entry((stage, without_lead)).or_default();
                codes.insert(process.reference.code.clone());
            }
        }
    }
    found
        .into_iter()
        .map(|((stage, without_lead), processes)| Awaited {
            stage,
            without_lead,
            processes: processes.into_iter().collect(),
        })
        .collect()
}

/// The decisions that the caller takes: by the roles that each process gives them to, an appeal in its reviewers' turn.
fn to_decide(principal: &Principal, processes: &[Arc<Process>]) -> Vec<ToDecide> {
    let mine = |decision: Decision, process: &Process| {
        let operation = decision.operation();
        let fits = |role: &str| match decision {
            Decision::Appeal { turn } => {
                let reviewers = &process.overlays.appeal.reviewers;
                reviewers.get(turn).is_some_and(|reviewer| reviewer == role)
            }
            _ => true,
        };
        let mut memberships = principal.memberships.iter();
        principal.allows(operation)
            && memberships.any(|each| process.allows(operation, &each.role) && fits(&each.role))
    };
    let places = Decision::all().map(|decision| {
        let processes = processes.iter().filter(|process| mine(decision, process));
        let codes: BTreeSet<String> = processes
            .map(|process| process.reference.code.clone())
            .collect();
        ToDecide {
            decision,
            processes: codes.into_iter().collect(),
        }
    });
    places.filter(|place| !place.processes.is_empty()).collect()
}

impl CaseBox {
    /// All of them, in order.
    pub const ALL: &'static [Self] = &[
        Self::Todo,
        Self::Doing,
        Self::Done,
        Self::Overdue,
        Self::Supervised,
        Self::Suspended,
        Self::ToDecide,
        Self::Escalated,
        Self::Watched,
    ];

    /// Narrows a filter to this box of the caller's; false when nothing can be in it.
    pub(crate) fn narrow(
        self,
        principal: &Principal,
        processes: &[Arc<Process>],
        filter: &mut CaseFilter,
    ) -> bool {
        let open = || {
            let stages = CaseStage::ALL.iter().copied();
            stages.filter(|stage| stage.is_open()).collect::<Vec<_>>()
        };
        let awaited = awaited(principal, processes);
        let works_on_tasks = awaited.is_empty() && principal.allows("task_finish");
        match self {
            Self::Todo if works_on_tasks => held(principal, filter, TaskState::Assigned),
            Self::Doing if works_on_tasks => held(principal, filter, TaskState::Accepted),
            Self::Done if works_on_tasks => {
                filter.not_held_by = principal.scope("task_finish").organisations;
                true
            }
            Self::Todo => {
                filter.awaited = Some((true, awaited));
                only(filter, &open())
            }
            Self::Doing => {
                filter.awaited = Some((false, awaited));
                only(filter, &open())
            }
            Self::Done => {
                let stages = CaseStage::ALL.iter().copied();
                let ended: Vec<_> = stages.filter(|stage| !stage.is_open()).collect();
                only(filter, &ended)
            }
            Self::Overdue => {
                let other = filter.light.replace(Light::Red);
                other.is_none_or(|light| light == Light::Red)
            }
            Self::Supervised => {
                filter.marks.push(CaseMark::Supervised);
                true
            }
            Self::Suspended => {
                filter.marks.push(CaseMark::Suspended);
                true
            }
            Self::Escalated => {
                filter.marks.push(CaseMark::Escalated);
                true
            }
            Self::ToDecide => {
                let places = to_decide(principal, processes);
                let is_anything = !places.is_empty();
                filter.to_decide = Some(places);
                is_anything
            }
            Self::Watched => {
                filter.watched_by = Some(principal.account_id);
                true
            }
        }
    }
}

/// Leaves the stages that both ask for; false when there are none.
fn only(filter: &mut CaseFilter, stages: &[CaseStage]) -> bool {
    if filter.stages.is_empty() {
        filter.stages = stages.to_vec();
    } else {
        filter.stages.retain(|stage| stages.contains(stage));
    }
    !filter.stages.is_empty()
}

fn held(principal: &Principal, filter: &mut CaseFilter, state: TaskState) -> bool {
    filter.held_by = principal.scope("task_finish").organisations;
    filter.held_state = Some(state);
    !filter.held_by.is_empty()
}

/// A box of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportBox {
    /// 诉求池: nobody has decided what becomes of it, and nobody has taken it.
    Pool,
    /// 我认领的: the caller has taken it, to decide on it or to call its reporter back.
    Mine,
    /// 超期: nobody has decided on it, and the clock of the pool has run out.
    Overdue,
    /// 待回访: its cases are closed and its reporter is to be called back.
    Callback,
    /// 办理中: its cases are under way.
    Doing,
    /// 已办: settled, answered, rejected or withdrawn.
    Done,
}

impl ReportBox {
    /// All of them, in order.
    pub const ALL: &'static [Self] = &[
        Self::Pool,
        Self::Mine,
        Self::Overdue,
        Self::Callback,
        Self::Doing,
        Self::Done,
    ];

    /// A filter narrowed to this box of the caller's; none when nothing can be in both.
    pub(super) fn narrow(
        self,
        principal: &Principal,
        mut filter: ReportFilter,
    ) -> Option<ReportFilter> {
        let stages = match self {
            Self::Pool | Self::Overdue => &[ReportStage::Received][..],
            Self::Mine => ReportStage::ALL,
            Self::Callback => &[ReportStage::CallingBack],
            Self::Doing => &[ReportStage::Accepted],
            Self::Done => &[
                ReportStage::Settled,
                ReportStage::Answered,
                ReportStage::Rejected,
                ReportStage::Withdrawn,
            ],
        };
        if filter.stages.is_empty() {
            filter.stages = stages.to_vec();
        } else {
            filter.stages.retain(|stage| stages.contains(stage));
        }
        let claimed = match self {
            Self::Pool => Some(Claimed::Nobody),
            Self::Mine => Some(Claimed::By(principal.staff_id)),
            _ => None,
        };
        let other = claimed.and_then(|claimed| filter.claimed.replace(claimed));
        let light = (self == Self::Overdue).then_some(Light::Red);
        let other_light = light.and_then(|light| filter.light.replace(light));
        let may_fit = !filter.stages.is_empty()
            && other.is_none_or(|other| Some(other) == claimed)
            && other_light.is_none_or(|other| Some(other) == light);
        may_fit.then_some(filter)
    }
}
