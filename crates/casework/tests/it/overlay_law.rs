//! What lies over the stages, rule by rule: the table stage × command, and clocks worked out by hand on the real calendar.

use crate::world::*;
use base::Id;
use calendar::Limit;
use casework::clocks::Clock;
use casework::lifecycle::decide::CaseCommand;
use casework::lifecycle::overlays::OverlayCommand as C;
use casework::lifecycle::{Fact, Refusal};
use casework::model::{Actor, CaseStage, Level, TaskState};

pub fn give(world: &mut World, by: &Actor, command: C) -> Result<usize, Refusal> {
    world.act(by, &CaseCommand::Overlay(command))
}

#[track_caller]
pub fn refused(world: &mut World, by: &Actor, command: C, code: &str) {
    let before = world.case.clone();
    let refusal = give(world, by, command).unwrap_err();
    assert_eq!(refusal.code(), code, "{refusal}");
    assert_eq!(world.case, before);
}

pub fn timer(world: &mut World, command: C) -> Vec<&'static str> {
    let from = world.timeline.len();
    world
        .act_at(None, &CaseCommand::Overlay(command), world.now)
        .unwrap();
    world.timeline[from..]
        .iter()
        .map(|event| event.fact.kind())
        .collect()
}

pub fn leader() -> Actor {
    actor(0, "shift_leader")
}

/// A command of each kind as its ordinary giver gives it, on the lead's task.
pub fn command(world: &World, operation: &str) -> (Actor, C) {
    let task_id = world.case.lead().map_or(Id(9), |lead| lead.id);
    let ahead = world.now.plus_seconds(86_400);
    let clerk = actor(1, "department_clerk");
    match operation {
        "case_urge" => (
            leader(),
            C::Urge {
                note: Some(note(1)),
            },
        ),
        "case_mark" => (leader(), C::Mark { important: true }),
        "case_hide_reporter" => (leader(), C::HideReporter { hidden: true }),
        "case_level" => (
            leader(),
            C::Level {
                level: Level::Urgent,
                reason: None,
            },
        ),
        "case_recall" => (actor(0, "dispatcher"), C::Recall { reason: None }),
        "case_cancel" => (leader(), C::Cancel { reason: note(1) }),
        "extension_request" => (
            clerk,
            C::ExtensionRequest {
                task_id,
                limit: None,
                reason: note(1),
            },
        ),
        "extension_decide" => (
            actor(0, "dispatcher"),
            C::ExtensionDecide {
                task_id,
                approved: true,
                opinion: None,
            },
        ),
        "suspension_request" => (
            clerk,
            C::SuspensionRequest {
                task_id,
                until: ahead,
                reason: note(1),
            },
        ),
        "suspension_decide" => (
            leader(),
            C::SuspensionDecide {
                task_id,
                approved: true,
                from: None,
                until: None,
                opinion: None,
            },
        ),
        "suspension_end" => (
            leader(),
            C::SuspensionEnd {
                task_id,
                reason: None,
            },
        ),
        "case_supervise" => (
            actor(0, "leader"),
            C::Supervise {
                due_at: None,
                demand: note(1),
            },
        ),
        "supervision_reply" => (clerk, C::SupervisionReply { reply: note(1) }),
        "supervision_end" => (leader(), C::SupervisionEnd { opinion: None }),
        "case_reopen" => (leader(), C::Reopen { reason: note(1) }),
        "case_exclude" => (leader(), C::Exclude { reason: note(1) }),
        "exclusion_decide" => (
            leader(),
            C::ExclusionDecide {
                approved: true,
                opinion: None,
            },
        ),
        "appeal_file" => (
            clerk,
            C::AppealFile {
                task_id,
                reason: note(1),
            },
        ),
        "appeal_review" => (
            actor(0, "dispatcher"),
            C::AppealReview {
                approved: true,
                opinion: None,
            },
        ),
        "case_deadline_give" => (
            leader(),
            C::DeadlineGive {
                task_id: None,
                due_at: ahead,
                reason: None,
            },
        ),
        "case_mode_apply" => (
            leader(),
            C::ModeApply {
                mode: Some("emergency".to_owned()),
            },
        ),
        other => panic!("no row {other}"),
    }
}

/// The rows of the table.
pub const ROWS: [&str; 21] = [
    "case_urge",
    "case_mark",
    "case_hide_reporter",
    "case_level",
    "case_recall",
    "case_cancel",
    "extension_request",
    "extension_decide",
    "suspension_request",
    "suspension_decide",
    "suspension_end",
    "case_supervise",
    "supervision_reply",
    "supervision_end",
    "case_reopen",
    "case_exclude",
    "exclusion_decide",
    "appeal_file",
    "appeal_review",
    "case_deadline_give",
    "case_mode_apply",
];

#[test]
fn every_cell_of_overlay_by_stage_is_allowed_or_refused_with_its_code() {
    const WRONG: &str = "case_wrong_stage";
    const OK: &str = "ok";
    let stages = [
        CaseStage::Accepted,
        CaseStage::Filed,
        CaseStage::Handling,
        CaseStage::Inspecting,
        CaseStage::Closing,
        CaseStage::Closed,
    ];
    #[rustfmt::skip]
    let table = [
        ("case_urge",          [OK, OK, OK, OK, OK, WRONG]),
        ("case_mark",          [OK, OK, OK, OK, OK, OK]),
        ("case_hide_reporter", [OK, OK, OK, OK, OK, OK]),
        ("case_level",         [OK, OK, OK, OK, OK, WRONG]),
        ("case_recall",        [WRONG, WRONG, OK, WRONG, WRONG, WRONG]),
        ("case_cancel",        [OK, OK, OK, OK, OK, WRONG]),
        ("extension_request",  [WRONG, WRONG, "task_wrong_state", WRONG, WRONG, WRONG]),
        ("extension_decide",   [WRONG, WRONG, "task_wrong_state", WRONG, WRONG, WRONG]),
        ("suspension_request", [WRONG, WRONG, "task_wrong_state", WRONG, WRONG, WRONG]),
        ("suspension_decide",  [WRONG, WRONG, "task_wrong_state", WRONG, WRONG, WRONG]),
        ("suspension_end",     [WRONG, WRONG, "task_wrong_state", WRONG, WRONG, WRONG]),
        ("case_supervise",     [OK, OK, OK, OK, OK, WRONG]),
        ("supervision_reply",  ["not_supervised"; 6]),
        ("supervision_end",    ["not_supervised"; 6]),
        ("case_reopen",        [WRONG, WRONG, WRONG, WRONG, WRONG, OK]),
        ("case_exclude",       [OK, OK, OK, OK, OK, OK]),
        ("exclusion_decide",   ["exclusion_none"; 6]),
        ("appeal_file",        [WRONG, WRONG, WRONG, WRONG, WRONG, "appeal_not_overdue"]),
        ("appeal_review",      [WRONG, WRONG, WRONG, WRONG, WRONG, "appeal_none"]),
        ("case_deadline_give", [OK, OK, OK, OK, OK, WRONG]),
        ("case_mode_apply",    [OK, OK, OK, OK, OK, WRONG]),
    ];
    assert!(table.iter().map(|(operation, _)| *operation).eq(ROWS));
    for (operation, row) in table {
        for (stage, expected) in stages.into_iter().zip(row) {
            let mut world = World::until(stage);
            let (by, command) = command(&world, operation);
            assert_eq!(command.operation(), operation);
            let before = world.case.clone();
            let outcome = match give(&mut world, &by, command.clone()) {
                Ok(_) => OK,
                Err(refusal) => {
                    assert_eq!(world.case, before, "a refusal changes nothing");
                    refusal.code()
                }
            };
            assert_eq!(outcome, expected, "{operation} while {stage}");
            if outcome != WRONG {
                let mut stranger = by;
                stranger.role = "handler".to_owned();
                world = World::until(stage);
                refused(&mut world, &stranger, command, "role_may_not");
            }
        }
    }
}

#[test]
fn a_dispatch_is_taken_back_until_somebody_acts_on_it_and_may_be_given_again() {
    let mut world = World::until(CaseStage::Handling);
    let filing_due = world.timeline[0].occurred_at.plus_seconds(30 * 60);
    let dispatcher = actor(0, "dispatcher");
    give(&mut world, &dispatcher, C::Recall { reason: None }).unwrap();
    assert_eq!(world.case.stage, CaseStage::Filed);
    assert_eq!(world.case.clock.unwrap().due_at, filing_due, "time runs on");
    assert!(
        world
            .case
            .tasks
            .iter()
            .all(|task| task.state == TaskState::Revoked)
    );
    world.dispatch();
    assert_eq!(world.case.tasks.len(), 4);
    assert_eq!(world.case.lead().unwrap().id, world.case.tasks[2].id);
    let lead = world.case.lead().unwrap().id;
    world
        .act(
            &actor(1, "handler"),
            &CaseCommand::TaskAccept { task_id: lead },
        )
        .unwrap();
    refused(
        &mut world,
        &dispatcher,
        C::Recall { reason: None },
        "dispatch_acted_on",
    );
}

#[test]
fn a_higher_level_shortens_the_clocks_that_hang_on_it_and_a_lower_one_lengthens_them() {
    let at = |level| C::Level {
        level,
        reason: None,
    };
    let mut world = World::new();
    world.wait(5);
    give(&mut world, &leader(), at(Level::Urgent)).unwrap();
    // 10 minutes from now, sooner than the 30 that ran.
    assert_eq!(world.case.clock, Some(Clock::over_minutes(world.now, 10)));
    refused(
        &mut world,
        &leader(),
        at(Level::Urgent),
        "overlay_unchanged",
    );
    let started = world.now;
    world.wait(2);
    give(&mut world, &leader(), at(Level::Normal)).unwrap();
    assert_eq!(world.case.clock, Some(Clock::over_minutes(started, 30)));

    let mut world = World::until(CaseStage::Handling);
    world.wait(50);
    let response = world.case.lead().unwrap().response.unwrap();
    let handling = world.case.lead().unwrap().handling;
    give(&mut world, &leader(), at(Level::Critical)).unwrap();
    let lead = world.case.lead().unwrap();
    // 15 minutes from now would end later than the 60 that run: the shorter one stays.
    assert_eq!((lead.response, lead.handling), (Some(response), handling));
}

pub fn working(world: &mut World) -> Id {
    world.accept(1).unwrap();
    world.accept(2).unwrap();
    world.task_id(1)
}

#[test]
fn an_extension_is_asked_in_time_granted_by_another_and_only_as_often_and_long_as_allowed() {
    let mut world = World::until(CaseStage::Handling);
    let task_id = working(&mut world);
    let due_at = world.case.task(task_id).unwrap().handling.due_at;
    let clerk = actor(1, "department_clerk");
    let ask = |limit: Option<Limit>| C::ExtensionRequest {
        task_id,
        limit,
        reason: note(1),
    };
    let decide = |approved, opinion| C::ExtensionDecide {
        task_id,
        approved,
        opinion,
    };
    let dispatcher = actor(0, "dispatcher");
    refused(
        &mut world,
        &dispatcher,
        decide(true, None),
        "extension_none",
    );
    let too_long = Some(Limit::working_hours(6));
    refused(&mut world, &clerk, ask(too_long), "extension_too_long");
    let nothing = Some(Limit::working_hours(0));
    refused(&mut world, &clerk, ask(nothing), "extension_too_long");
    refused(
        &mut world,
        &actor(2, "department_clerk"),
        ask(None),
        "task_of_other_organisation",
    );
    let two_hours = Some(Limit::working_hours(2));
    give(&mut world, &clerk, ask(two_hours.clone())).unwrap();
    assert_eq!(
        world.case.task(task_id).unwrap().handling.due_at,
        due_at,
        "asking adds nothing"
    );
    refused(&mut world, &clerk, ask(None), "extension_pending");
    let mut same_person = dispatcher.clone();
    same_person.staff_id = clerk.staff_id;
    refused(
        &mut world,
        &same_person,
        decide(true, None),
        "own_application",
    );
    refused(
        &mut world,
        &dispatcher,
        decide(false, None),
        "reason_required",
    );
    give(&mut world, &dispatcher, decide(false, Some(note(2)))).unwrap();
    give(&mut world, &clerk, ask(two_hours.clone())).unwrap();
    give(&mut world, &dispatcher, decide(true, None)).unwrap();
    let task = world.case.task(task_id).unwrap();
    assert_eq!(task.handling.due_at, due_at.plus_seconds(2 * 3_600));
    assert_eq!(
        world.case.clock,
        Some(task.handling),
        "the case's clock is its lead's"
    );
    refused(&mut world, &clerk, ask(two_hours), "extension_too_often");

    let mut world = World::until(CaseStage::Handling);
    let task_id = working(&mut world);
    world.wait(601);
    let late = C::ExtensionRequest {
        task_id,
        limit: None,
        reason: note(1),
    };
    refused(&mut world, &clerk, late, "clock_run_out");
}

#[test]
fn an_application_for_a_suspension_stops_nothing_and_a_granted_one_leaves_what_was_left() {
    let mut world = World::until(CaseStage::Handling);
    let task_id = working(&mut world);
    let due_at = world.case.task(task_id).unwrap().handling.due_at;
    let clerk = actor(1, "department_clerk");
    let until = world.now.plus_seconds(10 * 86_400);
    let ask = |until| C::SuspensionRequest {
        task_id,
        until,
        reason: note(1),
    };
    let grant = |from| C::SuspensionDecide {
        task_id,
        approved: true,
        from,
        until: None,
        opinion: None,
    };
    refused(&mut world, &leader(), grant(None), "suspension_none");
    let (past, far) = (world.now, world.now.plus_seconds(91 * 86_400));
    refused(&mut world, &clerk, ask(past), "date_passed");
    refused(&mut world, &clerk, ask(far), "suspension_too_long");
    let asked_at = world.now;
    give(&mut world, &clerk, ask(until)).unwrap();
    assert_eq!(world.case.task(task_id).unwrap().handling.due_at, due_at);
    world.wait(60);
    let too_early = grant(Some(asked_at.plus_seconds(-1)));
    refused(&mut world, &leader(), too_early, "occurred_too_early");
    // Effective from when it was asked for.
    give(&mut world, &leader(), grant(Some(asked_at))).unwrap();
    let left = due_at.0 - asked_at.0;
    let task = world.case.task(task_id).unwrap();
    assert!(task.is_suspended() && world.case.is_suspended());
    assert_eq!(task.handling.due_at.0, until.0 + left);
    refused(&mut world, &clerk, ask(until), "task_suspended");

    // Ended after two days: what was left runs on from there.
    world.wait(2 * 24 * 60);
    let end = C::SuspensionEnd {
        task_id,
        reason: None,
    };
    give(&mut world, &leader(), end.clone()).unwrap();
    let task = world.case.task(task_id).unwrap();
    assert_eq!(task.handling.due_at.0, world.now.0 + left);
    refused(&mut world, &leader(), end, "task_not_suspended");
}

#[test]
fn a_suspension_that_reaches_its_date_ends_once_at_that_date() {
    let mut world = World::until(CaseStage::Handling);
    let task_id = working(&mut world);
    let until = world.now.plus_seconds(86_400);
    let (clerk, ask) = command(&world, "suspension_request");
    give(&mut world, &clerk, ask).unwrap();
    let (by, grant) = command(&world, "suspension_decide");
    give(&mut world, &by, grant).unwrap();
    let due_at = world.case.task(task_id).unwrap().handling.due_at;
    assert_eq!(
        timer(&mut world, C::SuspensionDue { task_id }),
        [""; 0],
        "not yet"
    );
    world.wait(3 * 24 * 60);
    assert_eq!(
        timer(&mut world, C::SuspensionDue { task_id }),
        ["suspension_ended"]
    );
    assert_eq!(world.timeline.last().unwrap().occurred_at, until);
    assert_eq!(world.case.task(task_id).unwrap().handling.due_at, due_at);
    assert_eq!(
        timer(&mut world, C::SuspensionDue { task_id }),
        [""; 0],
        "once"
    );
}

#[test]
fn who_finishes_a_suspended_task_ends_the_suspension_by_it() {
    let mut world = World::until(CaseStage::Handling);
    working(&mut world);
    for operation in ["suspension_request", "suspension_decide"] {
        let (by, command) = command(&world, operation);
        give(&mut world, &by, command).unwrap();
    }
    world.finish(2).unwrap();
    world.wait(120);
    assert_eq!(world.finish(1).unwrap(), 3, "ended, finished, handled");
    let lead = world.case.lead().unwrap();
    assert!(!lead.is_suspended() && !lead.handling_overdue);
    // 600 minutes were given, 120 of them stood still.
    assert_eq!(
        lead.handling.due_at,
        lead.handling.started_at.plus_seconds(720 * 60)
    );
}

#[test]
fn a_supervision_is_answered_by_whoever_held_the_case_then_and_its_lateness_stays() {
    let mut world = World::until(CaseStage::Handling);
    let due_at = world.now.plus_seconds(3_600);
    let demand = |due_at| C::Supervise {
        due_at,
        demand: note(1),
    };
    let chief = actor(0, "leader");
    let past = Some(world.now);
    refused(&mut world, &chief, demand(past), "date_passed");
    give(&mut world, &chief, demand(Some(due_at))).unwrap();
    assert!(world.case.is_supervised());
    refused(&mut world, &chief, demand(None), "supervised_already");
    let reply = C::SupervisionReply { reply: note(2) };
    refused(
        &mut world,
        &actor(2, "department_clerk"),
        reply.clone(),
        "supervision_of_other_organisation",
    );
    assert_eq!(timer(&mut world, C::SupervisionDue {}), [""; 0]);
    world.wait(61);
    assert_eq!(
        timer(&mut world, C::SupervisionDue {}),
        ["supervision_overdue"]
    );
    assert_eq!(timer(&mut world, C::SupervisionDue {}), [""; 0], "once");
    give(&mut world, &actor(1, "department_clerk"), reply).unwrap();
    give(&mut world, &chief, C::SupervisionEnd { opinion: None }).unwrap();
    let supervision = world.case.extra.overlays.supervision.clone().unwrap();
    assert!(supervision.overdue && supervision.replied_at.is_some());
    assert!(!world.case.is_supervised());
    give(&mut world, &chief, demand(None)).unwrap();
    assert_eq!(world.case.extra.overlays.supervised_count, 2);
}
