//! Random moves of what lies over the stages, for the properties of the law.

use crate::world::*;
use base::Id;
use calendar::Limit;
use casework::lifecycle::case::CaseFact;
use casework::lifecycle::decide::CaseCommand;
use casework::lifecycle::overlays::{OverlayCommand, OverlayFact};
use casework::model::{Actor, Case, CaseStage, ClockKind, Level, TaskKind, TaskState};

/// How many kinds of moves there are.
pub const COUNT: u8 = 27;

/// The kinds of events that random play must reach.
pub const KINDS: [&str; 24] = [
    "case_urged",
    "case_marked",
    "case_reporter_hidden",
    "case_levelled",
    "case_recalled",
    "case_cancelled",
    "extension_requested",
    "extension_decided",
    "suspension_requested",
    "suspension_decided",
    "suspension_ended",
    "case_supervised",
    "supervision_replied",
    "supervision_ended",
    "supervision_overdue",
    "case_reopened",
    "case_excluded",
    "exclusion_decided",
    "appeal_filed",
    "appeal_reviewed",
    "stage_overdue",
    "clock_escalated",
    "deadline_given",
    "mode_applied",
];

/// The task that a move of kind `n` is most likely about; every fourth time any.
fn task_id(case: &Case, n: u8, m: u8) -> Id {
    let wanted = |task: &&casework::model::Task| {
        let extra = &task.extra.overlays;
        match n {
            6 | 8 | 21 | 23 => task.state == TaskState::Accepted && task.kind == TaskKind::Handle,
            7 | 22 => extra.extension.is_some(),
            9 | 24 => extra.suspension_asked.is_some(),
            10 | 11 => extra.suspension.is_some(),
            18 => task.handling_overdue || task.response_overdue,
            _ => false,
        }
    };
    if !m.is_multiple_of(4)
        && let Some(task) = case.tasks.iter().find(wanted)
    {
        return task.id;
    }
    let count = case.tasks.len().max(1);
    case.tasks
        .get(usize::from(m) % count)
        .map_or(Id(9), |task| task.id)
}

/// The command of kind `n`, varied by `m`.
pub fn command(world: &World, n: u8, m: u8) -> CaseCommand {
    let case = &world.case;
    let even = m.is_multiple_of(2);
    let ahead = world.now.plus_seconds(60 * (i64::from(m) * 30 - 200));
    let note_if = |yes: bool| yes.then(|| note(600));
    let task_id = task_id(case, n, m);
    CaseCommand::Overlay(match n {
        0 => OverlayCommand::Urge {
            note: note_if(even),
        },
        1 => OverlayCommand::Mark { important: even },
        2 => OverlayCommand::HideReporter { hidden: even },
        3 => OverlayCommand::Level {
            level: Level::ALL[usize::from(m) % 3],
            reason: None,
        },
        4 => OverlayCommand::Recall { reason: None },
        // Rarely, or little else would be played.
        5 if m < 200 => OverlayCommand::Urge { note: None },
        5 => OverlayCommand::Cancel { reason: note(601) },
        6 | 21 => OverlayCommand::ExtensionRequest {
            task_id,
            limit: even.then(|| Limit::working_hours(u32::from(m) / 8)),
            reason: note(602),
        },
        7 | 22 => OverlayCommand::ExtensionDecide {
            task_id,
            approved: even,
            opinion: note_if(!m.is_multiple_of(5)),
        },
        8 | 23 => OverlayCommand::SuspensionRequest {
            task_id,
            until: ahead,
            reason: note(603),
        },
        9 | 24 => OverlayCommand::SuspensionDecide {
            task_id,
            approved: !m.is_multiple_of(4),
            from: m
                .is_multiple_of(3)
                .then(|| world.now.plus_seconds(i64::from(m) * 20 - 1_000)),
            until: even.then_some(ahead),
            opinion: note_if(!m.is_multiple_of(5)),
        },
        10 => OverlayCommand::SuspensionEnd {
            task_id,
            reason: None,
        },
        11 => OverlayCommand::SuspensionDue { task_id },
        12 => OverlayCommand::Supervise {
            due_at: even.then_some(ahead),
            demand: note(604),
        },
        13 => OverlayCommand::SupervisionReply { reply: note(605) },
        14 => OverlayCommand::SupervisionEnd { opinion: None },
        15 => OverlayCommand::SupervisionDue {},
        16 => OverlayCommand::Reopen { reason: note(606) },
        17 if even => OverlayCommand::Exclude { reason: note(607) },
        17 => OverlayCommand::ExclusionDecide {
            approved: m.is_multiple_of(3),
            opinion: note_if(!m.is_multiple_of(5)),
        },
        18 if even => OverlayCommand::AppealFile {
            task_id,
            reason: note(608),
        },
        18 | 25 => OverlayCommand::AppealReview {
            approved: !m.is_multiple_of(4),
            opinion: note_if(!m.is_multiple_of(5)),
        },
        19 if even => OverlayCommand::DeadlineGive {
            task_id: m.is_multiple_of(4).then_some(task_id),
            due_at: ahead,
            reason: None,
        },
        19 => OverlayCommand::ModeApply {
            mode: (m % 4 == 1).then(|| "emergency".to_owned()),
        },
        20 => OverlayCommand::StageDue {
            due_at: case.clock.map_or(START, |clock| clock.due_at),
        },
        _ => {
            let task = case.task(task_id).filter(|_| even);
            OverlayCommand::Escalate {
                task_id: task.map(|task| task.id),
                clock: if m.is_multiple_of(4) {
                    ClockKind::Response
                } else {
                    ClockKind::Handling
                },
                due_at: match task {
                    Some(task) if m.is_multiple_of(4) => {
                        task.response.map_or(START, |clock| clock.due_at)
                    }
                    Some(task) => task.handling.due_at,
                    None => case.clock.map_or(START, |clock| clock.due_at),
                },
            }
        }
    })
}

/// Somebody who may give it.
pub fn fitting(case: &Case, n: u8, m: u8) -> Actor {
    let holder = case.task(task_id(case, n, m)).map_or(0, |task| {
        u32::try_from(task.organisation.id.0 - 100).unwrap()
    });
    match n {
        4 | 7 | 10 | 22 => actor(0, "dispatcher"),
        6 | 8 | 21 | 23 => actor(holder, "department_clerk"),
        13 => {
            let supervision = case.extra.overlays.supervision.as_ref();
            let id = supervision.map_or(100, |each| each.organisation.id.0);
            let n = u32::try_from(id - 100).unwrap();
            actor(
                n,
                if n == 0 {
                    "shift_leader"
                } else {
                    "department_clerk"
                },
            )
        }
        17 if m.is_multiple_of(2) => actor(0, "dispatcher"),
        18 if m.is_multiple_of(2) => actor(holder, "department_clerk"),
        18 | 25 => {
            let appeal = case.extra.overlays.appeal.as_ref();
            let first = appeal.is_none_or(|appeal| appeal.approved_by.is_empty());
            actor(0, if first { "dispatcher" } else { "intake_clerk" })
        }
        _ => actor(0, "shift_leader"),
    }
}

/// Whether an event that lies over the stages may go with this change of stage.
pub fn is_lawful(fact: &OverlayFact, from: CaseStage, to: CaseStage) -> bool {
    match fact {
        OverlayFact::CaseRecalled { .. } => from == CaseStage::Handling && to == CaseStage::Filed,
        OverlayFact::CaseCancelled { .. } => from.is_open() && to == CaseStage::Cancelled,
        OverlayFact::CaseReopened { .. } => from == CaseStage::Closed && to == CaseStage::Handling,
        _ => from == to,
    }
}

fn overlays(world: &World) -> impl Iterator<Item = &OverlayFact> {
    world.timeline.iter().filter_map(|event| match &event.fact {
        CaseFact::Overlay(fact) => Some(fact),
        _ => None,
    })
}

/// What holds of every case, whatever was played.
pub fn laws_hold(world: &World) {
    let case = &world.case;
    for fact in overlays(world) {
        // Law 5: every rejection carries a reason; the others cannot be written without one.
        match fact {
            OverlayFact::ExtensionDecided {
                approved: false,
                opinion,
                ..
            }
            | OverlayFact::SuspensionDecided {
                granted: None,
                opinion,
                ..
            }
            | OverlayFact::ExclusionDecided {
                approved: false,
                opinion,
            }
            | OverlayFact::AppealReviewed {
                approved: false,
                opinion,
                ..
            } => assert!(opinion.is_some()),
            _ => {}
        }
    }
    let rule = &world.process.overlays;
    for task in &case.tasks {
        let extra = &task.extra.overlays;
        assert!(extra.extended_count <= i64::from(rule.extension.times_max));
        if task.state != TaskState::Accepted {
            assert!(extra.suspension.is_none() && extra.extension.is_none());
        }
        if let Some(suspension) = &extra.suspension {
            assert!(suspension.from < suspension.until);
            // What was left of the clock when it stopped is left when it runs on.
            let left = suspension.before.due_at.0 - suspension.from.0;
            assert_eq!(task.handling.due_at.0 - suspension.until.0, left);
        }
        if task.kind == TaskKind::Inspect {
            assert!(!extra.exempt && extra.extended_count == 0);
        }
    }
    let filed = |fact: &&OverlayFact| matches!(fact, OverlayFact::AppealFiled { .. });
    assert!(overlays(world).filter(filed).count() <= 1, "once per case");
    // A stage's clock is on record as run out once.
    let mut run_out: Vec<_> = overlays(world)
        .filter_map(|fact| match fact {
            OverlayFact::StageOverdue { stage, due_at, .. } => Some((*stage, *due_at)),
            _ => None,
        })
        .collect();
    let count = run_out.len();
    run_out.sort_unstable();
    run_out.dedup();
    assert_eq!(run_out.len(), count);
    // No rung of a clock is climbed twice.
    let mut rungs: Vec<_> = overlays(world)
        .filter_map(|fact| match fact {
            OverlayFact::ClockEscalated {
                task_id,
                clock,
                due_at,
                rung,
                ..
            } => Some((*task_id, *clock, *due_at, *rung)),
            _ => None,
        })
        .collect();
    let count = rungs.len();
    rungs.sort_unstable();
    rungs.dedup();
    assert_eq!(rungs.len(), count);
    if case.stage == CaseStage::Cancelled {
        assert!(case.tasks.iter().all(|task| !task.is_open()) && case.clock.is_none());
    }
}
