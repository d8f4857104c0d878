//! 回访 评价 重办: the reporter is called back, rates, and has it done again.

use super::ReportFact;
use crate::lifecycle::{Circumstances, Event, Refusal};
use crate::model::{
    CallbackTask, CalledBack, NoteRef, OrganisationRef, REPORTER, Rating, Report, ReportCase,
    ReportStage, Satisfaction, TaskState,
};
use base::{Id, Timestamp};
use serde::{Deserialize, Serialize};

/// What a task to call a reporter back would be, should one be needed.
#[derive(Clone, Debug, PartialEq)]
pub struct CallbackNew {
    /// Its id, taken outside.
    pub task_id: Id,
    /// Who must call: whoever received the report.
    pub organisation: OrganisationRef,
}

/// What a reporter who was reached says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// Whether it is solved.
    pub solved: bool,
    /// How satisfied the reporter is.
    pub satisfaction: Satisfaction,
    /// In whose words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<NoteRef>,
}

/// 重办: how what is not solved is done again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redo {
    /// The case that is done again, or the new one.
    pub case_id: Id,
    /// Whether it is a new one.
    pub is_new: bool,
}

type Outcome = Result<Vec<Event<ReportFact>>, Refusal>;

/// What follows when the last case of a report has ended: the reporter is called, unless the process does not ask for it or the
/// reporter has said already that it is solved.
pub(super) fn after_last_case(
    report: &Report,
    callback: &CallbackNew,
    circumstances: &Circumstances<'_>,
) -> Event<ReportFact> {
    let said_solved = report
        .extra
        .called_back
        .as_ref()
        .is_some_and(|said| said.solved);
    match &circumstances.process.callback {
        Some(rule) if !said_solved => circumstances.event(ReportFact::ReportCallingBack {
            task_id: callback.task_id,
            organisation: callback.organisation.clone(),
            clock: circumstances
                .reckoner
                .clock(circumstances.occurred_at, &rule.limit),
        }),
        _ => circumstances.event(ReportFact::ReportSettled {}),
    }
}

/// `report_callback`.
pub(super) fn call(
    report: &Report,
    answered: Option<&Answered>,
    redo: Option<Redo>,
    circumstances: &Circumstances<'_>,
) -> Outcome {
    let wrong_stage = Refusal::ReportWrongStage {
        stage: report.stage,
    };
    let (Some(task), Some(rule)) = (open_task(report), &circumstances.process.callback) else {
        return Err(wrong_stage);
    };
    circumstances.check_role("report_callback")?;
    circumstances.check_time(task.opened_at)?;
    // Whoever has it in hand calls; the reporter need not wait for that.
    if circumstances
        .actor
        .is_none_or(|actor| actor.role != REPORTER)
    {
        super::decide::check_claim(report, circumstances)?;
    }
    let mut events = Vec::with_capacity(3);
    events.extend(overdue(task, circumstances));
    events.push(circumstances.event(ReportFact::ReportCalledBack {
        task_id: task.id,
        answered: answered.cloned(),
    }));
    match (answered, redo) {
        (Some(answered), Some(redo)) if !answered.solved => {
            check_redo(report, redo, rule.redo_max)?;
            events.push(circumstances.event(ReportFact::ReportRedone {
                case_id: redo.case_id,
                is_new: redo.is_new,
            }));
        }
        (_, Some(_)) => return Err(Refusal::RedoOfSolved),
        // Tried so often that nobody will be reached.
        (None, None) if task.attempts + 1 < rule.attempts => {}
        (_, None) => events.push(circumstances.event(ReportFact::ReportSettled {})),
    }
    Ok(events)
}

fn check_redo(report: &Report, redo: Redo, redo_max: u32) -> Result<(), Refusal> {
    if report.extra.redo_count >= redo_max {
        return Err(Refusal::RedoLimitReached { redo_max });
    }
    let is_ended = |each: &ReportCase| each.closed && each.case_id == redo.case_id;
    if !redo.is_new && !report.cases.iter().any(is_ended) {
        return Err(Refusal::RedoCaseUnknown);
    }
    Ok(())
}

/// A timer finds that nobody has called in time, or that a rung of the ladder was reached.
pub(super) fn deadline(
    report: &Report,
    task_id: Id,
    circumstances: &Circumstances<'_>,
) -> Vec<Event<ReportFact>> {
    let Some(task) = open_task(report).filter(|task| task.id == task_id) else {
        return Vec::new();
    };
    overdue(task, circumstances)
        .into_iter()
        .chain(super::decide::escalated(report, circumstances))
        .collect()
}

pub(super) fn open_task(report: &Report) -> Option<&CallbackTask> {
    let task = report.extra.callback.as_ref();
    task.filter(|task| report.stage == ReportStage::CallingBack && is_open(task))
}

fn overdue(task: &CallbackTask, circumstances: &Circumstances<'_>) -> Option<Event<ReportFact>> {
    if task.is_overdue || !task.clock.is_overdue(circumstances.recorded_at) {
        return None;
    }
    let late_after = i64::from(circumstances.process.late_mark_minutes) * 60;
    let due_at = task.clock.due_at;
    Some(Event {
        occurred_at: due_at,
        recorded_at: circumstances.recorded_at,
        by: None,
        fact: ReportFact::ReportCallbackOverdue {
            task_id: task.id,
            due_at,
            late: circumstances.recorded_at > due_at.plus_seconds(late_after),
        },
    })
}

/// `report_rate`: once after each time the report came to its end, within the window of the process.
pub(super) fn rate(
    report: &Report,
    satisfaction: Satisfaction,
    words: Option<&NoteRef>,
    circumstances: &Circumstances<'_>,
) -> Outcome {
    let (ReportStage::Settled | ReportStage::Answered | ReportStage::Rejected, Some(ended)) =
        (report.stage, report.settled_at)
    else {
        return Err(Refusal::ReportWrongStage {
            stage: report.stage,
        });
    };
    circumstances.check_role("report_rate")?;
    circumstances.check_time(ended)?;
    if report
        .extra
        .rating
        .as_ref()
        .is_some_and(|rating| rating.rated_at >= ended)
    {
        return Err(Refusal::RatedAlready);
    }
    let days = circumstances
        .process
        .rating
        .as_ref()
        .map_or(0, |rule| rule.days);
    if circumstances.occurred_at > window_end(ended, days) {
        return Err(Refusal::RatingClosed { days });
    }
    Ok(vec![circumstances.event(ReportFact::ReportRated {
        satisfaction,
        words: words.cloned(),
    })])
}

fn window_end(ended: Timestamp, days: u32) -> Timestamp {
    ended.plus_seconds(i64::from(days) * 86_400)
}

/// The report after one more event of this family.
pub(super) fn evolve(report: &mut Report, event: &Event<ReportFact>) {
    match &event.fact {
        ReportFact::ReportCallingBack {
            task_id,
            organisation,
            clock,
        } => {
            report.stage = ReportStage::CallingBack;
            report.extra.callback = Some(CallbackTask {
                id: *task_id,
                organisation: organisation.clone(),
                state: TaskState::Assigned,
                clock: *clock,
                is_overdue: false,
                opened_at: event.occurred_at,
                finished_at: None,
                called_by: None,
                attempts: 0,
            });
        }
        ReportFact::ReportCalledBack { answered, .. } => {
            if let Some(task) = &mut report.extra.callback {
                task.attempts += 1;
                task.called_by = event.by.as_ref().map(|by| by.staff_id);
            }
            if let Some(answered) = answered {
                report.extra.called_back = Some(CalledBack {
                    solved: answered.solved,
                    satisfaction: answered.satisfaction,
                    words: answered.words.clone(),
                    called_at: event.occurred_at,
                });
            }
        }
        ReportFact::ReportCallbackOverdue { .. } => {
            if let Some(task) = &mut report.extra.callback {
                task.is_overdue = true;
            }
        }
        ReportFact::ReportRedone { case_id, .. } => {
            super::link(report, *case_id);
            report.stage = ReportStage::Accepted;
            report.extra.redo_count += 1;
            end(report, TaskState::Finished, event);
        }
        ReportFact::ReportRated {
            satisfaction,
            words,
        } => {
            report.extra.rating = Some(Rating {
                satisfaction: *satisfaction,
                words: words.clone(),
                rated_at: event.occurred_at,
            });
        }
        _ => {}
    }
}

const fn is_open(task: &CallbackTask) -> bool {
    matches!(task.state, TaskState::Assigned | TaskState::Accepted)
}

/// The task to call is taken on, given to somebody or anybody's again, if there is one.
pub(super) fn put(report: &mut Report, state: TaskState) {
    let task = report.extra.callback.as_mut();
    if let Some(task) = task.filter(|task| is_open(task)) {
        task.state = state;
    }
}

/// The task to call ends, if there is one.
pub(super) fn end(report: &mut Report, state: TaskState, event: &Event<ReportFact>) {
    let task = report.extra.callback.as_mut();
    if let Some(task) = task.filter(|task| is_open(task)) {
        task.state = state;
        task.finished_at = Some(event.occurred_at);
        report.extra.claim = None;
    }
}
