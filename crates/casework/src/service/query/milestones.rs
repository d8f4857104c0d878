//! Planned and actual: the steps of a case or a report, each with the time it was planned for and the time it took place.

use crate::lifecycle::Event;
use crate::lifecycle::case::{self, CaseFact};
use crate::lifecycle::report::{self, ReportFact};
use crate::model::{Case, CaseStage, Report, Task, TaskKind};
use crate::view::MilestoneView;
use base::{Id, Timestamp};

/// A step, of which task, until when, and when it took place.
type Step = (
    &'static str,
    Option<Id>,
    Option<Timestamp>,
    Option<Timestamp>,
);

/// The steps of a case with the times they were planned for and took place.
pub(super) fn of_case(
    case: &Case,
    events: &[Event<CaseFact>],
    now: Timestamp,
) -> Vec<MilestoneView> {
    let planned = desk_plans(events);
    // What was taken back or opened again is to be done once more.
    let dispatched_at = case
        .dispatched_at
        .filter(|_| !matches!(case.stage, CaseStage::Accepted | CaseStage::Filed));
    let mut steps: Vec<Step> = vec![
        ("case_file", None, planned.filing, case.filed_at),
        ("case_dispatch", None, planned.dispatch, dispatched_at),
    ];
    for task in &case.tasks {
        let handling = Some(task.handling.due_at);
        if task.kind == TaskKind::Inspect {
            steps.push((
                "case_inspect_result",
                Some(task.id),
                handling,
                task.finished_at,
            ));
            continue;
        }
        let response = task.response.map(|clock| clock.due_at);
        if task.kind == TaskKind::Verify && !task.is_withdrawn() {
            steps.push(("task_accept", Some(task.id), response, task.accepted_at));
            steps.push((
                "case_verify_result",
                Some(task.id),
                handling,
                task.finished_at,
            ));
            continue;
        }
        if task.is_withdrawn() {
            // Returned or revoked: the rest was never to be done by this one.
            if task.accepted_at.is_some() {
                steps.push(("task_accept", Some(task.id), response, task.accepted_at));
            }
            continue;
        }
        steps.push(("task_accept", Some(task.id), response, task.accepted_at));
        let of_task = planned.finishes.iter().filter(|done| done.0 == task.id);
        let earlier = of_task.filter(|done| Some(done.2) != task.finished_at);
        steps.extend(earlier.map(|(id, until, at)| ("task_finish", Some(*id), *until, Some(*at))));
        steps.push(("task_finish", Some(task.id), handling, task.finished_at));
    }
    if let Some(supervision) = &case.extra.overlays.supervision {
        let due_at = Some(supervision.clock.due_at);
        steps.push(("supervision_reply", None, due_at, supervision.replied_at));
    }
    steps.push(("case_close", None, planned.closing, case.closed_at));
    shown(steps, now, |task_id| {
        let is_live = task_id.is_none_or(|id| case.task(id).is_some_and(Task::is_open));
        is_live && case.stage.is_open()
    })
}

/// The steps of a report: that somebody decides, and every time its reporter was to be called back.
pub(super) fn of_report(
    report: &Report,
    events: &[Event<ReportFact>],
    now: Timestamp,
) -> Vec<MilestoneView> {
    let mut steps: Vec<Step> = Vec::new();
    for event in events {
        let at = Some(event.occurred_at);
        match &event.fact {
            ReportFact::ReportReceived(received) => {
                let due_at = received.clock.map(|clock| clock.due_at);
                steps.push(("report_accept", None, due_at, None));
            }
            ReportFact::ReportAccepted { .. }
            | ReportFact::ReportAnswered { .. }
            | ReportFact::ReportRejected { .. } => {
                if let Some(first) = steps.first_mut() {
                    first.3 = at;
                }
            }
            ReportFact::ReportCallingBack { task_id, clock, .. } => {
                steps.push(("report_callback", Some(*task_id), Some(clock.due_at), None));
            }
            // A callback ends by this, whatever the reporter said; one that a reopened case took away has not taken place.
            ReportFact::ReportSettled {} | ReportFact::ReportRedone { .. } => {
                if let Some(last) = steps.last_mut().filter(|step| step.0 == "report_callback") {
                    last.3 = at;
                }
            }
            _ => {}
        }
    }
    let running = report::running(report);
    shown(steps, now, |task_id| {
        running.is_some_and(|(_, _, of_task)| of_task == task_id)
    })
}

/// What has not taken place is late when its time has passed and it is still to be done.
fn shown(
    steps: Vec<Step>,
    now: Timestamp,
    is_live: impl Fn(Option<Id>) -> bool,
) -> Vec<MilestoneView> {
    let view = |(step, task_id, planned_at, actual_at): Step| {
        let until = actual_at.or_else(|| is_live(task_id).then_some(now));
        MilestoneView {
            step,
            task_id,
            planned_at,
            actual_at,
            overdue: planned_at
                .zip(until)
                .is_some_and(|(planned, until)| until > planned),
        }
    };
    steps.into_iter().map(view).collect()
}

/// Until when the desks had to act, and what was handed in.
#[derive(Default)]
struct DeskPlans {
    filing: Option<Timestamp>,
    dispatch: Option<Timestamp>,
    closing: Option<Timestamp>,
    /// Every time a task was finished: which, until when that was asked, and when.
    finishes: Vec<(Id, Option<Timestamp>, Timestamp)>,
}

/// Follows the clock of each desk's stage to the last one it had.
fn desk_plans(events: &[Event<CaseFact>]) -> DeskPlans {
    let mut plans = DeskPlans::default();
    let mut events = events.iter();
    let Some(mut case) = events.next().and_then(case::begin) else {
        return plans;
    };
    loop {
        let due_at = case.clock.map(|clock| clock.due_at);
        match case.stage {
            CaseStage::Accepted => plans.filing = due_at,
            CaseStage::Filed => plans.dispatch = due_at,
            CaseStage::Handling if case.awaits_dispatch() => plans.dispatch = due_at,
            CaseStage::Closing => plans.closing = due_at,
            _ => {}
        }
        let Some(event) = events.next() else {
            // Filing and dispatch may share one clock before either is done.
            plans.dispatch = plans.dispatch.or(plans.filing);
            return plans;
        };
        case = case::evolve(case, event);
        if let CaseFact::TaskFinished { task_id, .. } = &event.fact
            && let Some(task) = case.task(*task_id)
        {
            let done = (*task_id, Some(task.handling.due_at), event.occurred_at);
            plans.finishes.push(done);
        }
    }
}
