//! The complete tables of the law: stage × command, and single rules with their refusal codes.

use crate::world::*;
use base::Id;
use casework::lifecycle::case::CaseFact;
use casework::lifecycle::decide::{CaseCommand, TaskNew};
use casework::lifecycle::{Circumstances, Refusal};
use casework::model::{CaseStage, ClockKind, TaskState};

/// The columns of the table.
pub const COLUMNS: [&str; 6] = [
    "case_file",
    "case_dispatch",
    "task_accept",
    "task_finish",
    "case_inspect_result",
    "case_close",
];

/// The commands people can give, in the columns' order.
pub fn command(world: &mut World, operation: &str) -> (casework::model::Actor, CaseCommand) {
    let task = |world: &World| world.case.lead().map_or(Id(9), |lead| lead.id);
    match operation {
        "case_file" => (
            actor(0, "shift_leader"),
            CaseCommand::File {
                rule_row_id: Some(RULE),
            },
        ),
        "case_dispatch" => (actor(0, "dispatcher"), world.dispatch_command()),
        "task_accept" => (
            actor(1, "handler"),
            CaseCommand::TaskAccept {
                task_id: task(world),
            },
        ),
        "task_finish" => (
            actor(1, "handler"),
            CaseCommand::TaskFinish {
                task_id: task(world),
                result: Some(note(1)),
                inspection_id: world.id(),
            },
        ),
        "case_inspect_result" => (
            actor(0, "inspector"),
            CaseCommand::InspectResult {
                passed: true,
                failed_task_ids: vec![],
                opinion: None,
            },
        ),
        "case_close" => (
            actor(0, "shift_leader"),
            CaseCommand::Close {
                rule_row_id: Some(RULE),
                opinion: None,
            },
        ),
        other => panic!("no column {other}"),
    }
}

#[test]
fn every_cell_of_stage_by_command_is_allowed_or_refused_with_its_code() {
    const WRONG: &str = "case_wrong_stage";
    #[rustfmt::skip]
    let table = [
        (CaseStage::Accepted,   ["ok",  WRONG, "task_unknown", WRONG, WRONG, WRONG]),
        (CaseStage::Filed,      [WRONG, "ok",  WRONG, WRONG, WRONG, WRONG]),
        (CaseStage::Handling,   [WRONG, WRONG, "ok",  "task_wrong_state", WRONG, WRONG]),
        (CaseStage::Inspecting, [WRONG, WRONG, "task_wrong_state", WRONG, "ok", WRONG]),
        (CaseStage::Closing,    [WRONG, WRONG, WRONG, WRONG, WRONG, "ok"]),
        (CaseStage::Closed,     [WRONG, WRONG, WRONG, WRONG, WRONG, WRONG]),
    ];
    let stages = table.map(|(stage, _)| stage);
    assert!(
        stages
            .iter()
            .eq(CaseStage::ALL.iter().filter(|stage| stage.is_on_the_way()))
    );
    for (stage, row) in table {
        for (operation, expected) in COLUMNS.into_iter().zip(row) {
            let mut world = World::until(stage);
            let before = world.case.clone();
            let (by, command) = command(&mut world, operation);
            assert_eq!(command.operation(), operation);
            let outcome = match world.act(&by, &command) {
                Ok(_) => "ok",
                Err(refusal) => {
                    assert_eq!(world.case, before, "a refusal changes nothing");
                    refusal.code()
                }
            };
            assert_eq!(outcome, expected, "{operation} while {stage}");
        }
    }
}

#[test]
fn every_command_is_refused_to_roles_the_process_does_not_name() {
    let cells = [
        (CaseStage::Accepted, "case_file"),
        (CaseStage::Filed, "case_dispatch"),
        (CaseStage::Handling, "task_accept"),
        (CaseStage::Handling, "task_finish"),
        (CaseStage::Inspecting, "case_inspect_result"),
        (CaseStage::Closing, "case_close"),
    ];
    for (stage, operation) in cells {
        let mut world = World::until(stage);
        let (mut by, command) = command(&mut world, operation);
        by.role = "leader".to_owned();
        assert_eq!(
            world.act(&by, &command).unwrap_err().code(),
            "role_may_not",
            "{operation}"
        );
    }
}

#[track_caller]
fn refused(world: &mut World, by: &casework::model::Actor, command: &CaseCommand, code: &str) {
    let before = world.case.clone();
    let refusal = world.act(by, command).unwrap_err();
    assert_eq!(refusal.code(), code, "{refusal}");
    assert!(Refusal::CODES.contains(&refusal.code()));
    assert_eq!(world.case, before);
}

#[test]
fn filing_cites_a_rule_row_of_the_cases_category() {
    let mut world = World::new();
    let by = actor(0, "shift_leader");
    for (rule_row_id, code) in [
        (None, "rule_row_required"),
        (Some(Id(99)), "rule_row_unknown"),
        (Some(OTHER_RULE), "rule_row_of_other_category"),
        (Some(OLD_RULE), "rule_row_superseded"),
    ] {
        refused(&mut world, &by, &CaseCommand::File { rule_row_id }, code);
    }
    world.file();
    let pinned = world.case.rule.as_ref().unwrap();
    assert_eq!((pinned.id, pinned.version), (RULE, 3));
}

#[test]
fn closing_cites_the_rule_row_pinned_at_filing_and_no_other() {
    let mut world = World::until(CaseStage::Closing);
    let by = actor(0, "shift_leader");
    for rule_row_id in [None, Some(OTHER_RULE)] {
        let command = CaseCommand::Close {
            rule_row_id,
            opinion: None,
        };
        refused(&mut world, &by, &command, "closing_condition_required");
    }
    // Pinned: it is cited with the version it had at filing.
    world.close().unwrap();
    let pinned = world.case.rule.as_ref().unwrap();
    let CaseFact::CaseClosed {
        rule_row_id,
        rule_row_version,
        ..
    } = &world.timeline.last().unwrap().fact
    else {
        panic!("not closed");
    };
    assert_eq!(
        (*rule_row_id, *rule_row_version),
        (Some(RULE), Some(pinned.version))
    );
}

#[test]
fn the_lead_finishes_after_every_co_handler() {
    let mut world = World::until(CaseStage::Handling);
    world.accept(1).unwrap();
    world.accept(2).unwrap();
    assert_eq!(world.finish(1).unwrap_err().code(), "co_tasks_open");
    world.finish(2).unwrap();
    assert_eq!(world.case.stage, CaseStage::Handling);
    world.finish(1).unwrap();
    assert_eq!(world.case.stage, CaseStage::Inspecting);
    let inspection = world.case.open_inspection().unwrap();
    assert_eq!(Some(&inspection.organisation), world.case.filed_by.as_ref());
}

#[test]
fn a_dispatch_names_an_organisation_once() {
    let mut world = World::until(CaseStage::Filed);
    let task = |world: &mut World| TaskNew {
        id: world.id(),
        organisation: organisation(3),
    };
    let command = CaseCommand::Dispatch {
        lead: task(&mut world),
        co: vec![task(&mut world)],
    };
    refused(
        &mut world,
        &actor(0, "dispatcher"),
        &command,
        "organisation_twice",
    );
}

#[test]
fn a_task_is_worked_on_by_its_organisation_and_those_around_it_only() {
    let mut world = World::until(CaseStage::Handling);
    let task_id = world.task_id(1);
    let command = CaseCommand::TaskAccept { task_id };
    refused(
        &mut world,
        &actor(2, "handler"),
        &command,
        "task_of_other_organisation",
    );
    refused(
        &mut world,
        &actor(1, "handler"),
        &CaseCommand::TaskAccept { task_id: Id(9) },
        "task_unknown",
    );
    world.act(&actor(0, "department_clerk"), &command).unwrap();
}

#[test]
fn who_handled_does_not_inspect_even_in_another_role() {
    let mut world = World::until(CaseStage::Inspecting);
    let mut by = actor(0, "inspector");
    by.staff_id = actor(2, "handler").staff_id;
    let command = CaseCommand::InspectResult {
        passed: true,
        failed_task_ids: vec![],
        opinion: None,
    };
    refused(&mut world, &by, &command, "handler_may_not_inspect");
}

#[test]
fn an_inspection_says_what_failed_and_why() {
    let mut world = World::until(CaseStage::Inspecting);
    let by = actor(0, "inspector");
    let lead = world.task_id(1);
    let inspection = world.case.open_inspection().unwrap().id;
    for (passed, failed, opinion, code) in [
        (false, vec![], Some(note(1)), "failed_tasks_required"),
        (true, vec![lead], Some(note(1)), "failed_tasks_unexpected"),
        (false, vec![lead], None, "reason_required"),
        (false, vec![Id(9)], Some(note(1)), "failed_task_unknown"),
        (
            false,
            vec![inspection],
            Some(note(1)),
            "failed_task_unknown",
        ),
    ] {
        let command = CaseCommand::InspectResult {
            passed,
            failed_task_ids: failed,
            opinion,
        };
        refused(&mut world, &by, &command, code);
    }
    let command = CaseCommand::TaskFinish {
        task_id: inspection,
        result: None,
        inspection_id: Id(1),
    };
    // An inspection is open only while inspecting, where nothing can be finished; its code shows in handling.
    refused(
        &mut world,
        &actor(0, "handler"),
        &command,
        "case_wrong_stage",
    );
    world.inspect(&[lead]).unwrap();
    refused(
        &mut world,
        &actor(0, "handler"),
        &command,
        "task_is_inspection",
    );
}

#[test]
fn a_failed_inspection_opens_the_named_tasks_and_the_lead_again_and_keeps_everything() {
    let mut world = World::until(CaseStage::Inspecting);
    world.wait(30);
    let co = world.task_id(2);
    let before = world.case.clone();
    world.inspect(&[co]).unwrap();
    assert_eq!(world.case.stage, CaseStage::Handling);
    assert_eq!(world.case.rework_count, 1);
    for n in [1, 2] {
        let id = world.task_id(n);
        let (then, task) = (before.task(id).unwrap(), world.case.task(id).unwrap());
        assert_eq!(task.state, TaskState::Accepted);
        assert_eq!(
            task.organisation, then.organisation,
            "the same organisation"
        );
        assert_eq!(task.result, then.result, "the evidence is kept");
        assert_eq!(task.handled_by, then.handled_by);
        assert_eq!(task.handling.started_at, world.now, "a new clock");
        assert_eq!(
            task.rework_count,
            i64::from(n == 2),
            "only the named one failed"
        );
    }
    world.finish(2).unwrap();
    world.finish(1).unwrap();
    world.inspect(&[]).unwrap();
    world.close().unwrap();
    assert_eq!(world.case.rework_count, 1);
}

#[test]
fn acts_are_dated_between_what_they_answer_and_now_and_recorded_in_time() {
    let mut world = World::until(CaseStage::Handling);
    let dispatched = world.now;
    world.wait(100);
    let accept = CaseCommand::TaskAccept {
        task_id: world.task_id(1),
    };
    let by = actor(1, "handler");
    for (at, code) in [
        (world.now.plus_seconds(1), "occurred_in_future"),
        (dispatched.plus_seconds(-1), "occurred_too_early"),
    ] {
        let refusal = world.act_at(Some(&by), &accept, at).unwrap_err();
        assert_eq!(refusal.code(), code);
    }
    world.wait(7 * 24 * 60);
    let refusal = world.act_at(Some(&by), &accept, dispatched).unwrap_err();
    assert_eq!(refusal.code(), "recorded_too_late");
}

#[test]
fn a_clock_that_runs_out_is_recorded_once_and_marked_late_after_an_outage() {
    let mut world = World::until(CaseStage::Handling);
    let task = world.case.lead().unwrap().clone();
    let due_at = task.response.unwrap().due_at;
    let timer = CaseCommand::TaskDeadline {
        task_id: task.id,
        clock: ClockKind::Response,
        due_at,
    };
    world.now = due_at;
    assert_eq!(
        world.act_at(None, &timer, world.now).unwrap(),
        0,
        "in time until after it"
    );
    world.wait(30);
    assert_eq!(world.act_at(None, &timer, world.now).unwrap(), 1);
    assert_eq!(world.act_at(None, &timer, world.now).unwrap(), 0, "once");
    let event = world.timeline.last().unwrap();
    assert_eq!(event.occurred_at, due_at);
    assert!(matches!(
        event.fact,
        casework::lifecycle::case::CaseFact::TaskOverdue { late: true, .. }
    ));
    assert!(world.case.lead().unwrap().response_overdue);
}

#[test]
fn a_task_finished_late_before_its_timer_fires_is_overdue_on_the_record() {
    let mut world = World::until(CaseStage::Handling);
    world.accept(2).unwrap();
    world.wait(601);
    assert_eq!(world.finish(2).unwrap(), 2, "overdue, then finished");
    let id = world.task_id(2);
    assert!(world.case.task(id).unwrap().handling_overdue);
}

#[test]
fn an_offline_finish_in_time_clears_the_judgement_but_not_the_record() {
    let mut world = World::until(CaseStage::Handling);
    world.accept(2).unwrap();
    let task = world.case.task(world.task_id(2)).unwrap().clone();
    world.wait(630);
    let timer = CaseCommand::TaskDeadline {
        task_id: task.id,
        clock: ClockKind::Handling,
        due_at: task.handling.due_at,
    };
    assert_eq!(world.act_at(None, &timer, world.now).unwrap(), 1);
    let command = CaseCommand::TaskFinish {
        task_id: task.id,
        result: None,
        inspection_id: Id(1),
    };
    let in_time = task.handling.due_at.plus_seconds(-60);
    world
        .act_at(Some(&actor(2, "handler")), &command, in_time)
        .unwrap();
    assert!(!world.case.task(task.id).unwrap().handling_overdue);
    // What was noted when nobody knew yet is still there.
    let noted = world.timeline.iter().filter(
        |event| matches!(event.fact, CaseFact::TaskOverdue { task_id, .. } if task_id == task.id),
    );
    assert_eq!(noted.count(), 1);
}

fn circumstances<'a>(
    process: &'a casework::process::Process,
    by: &'a casework::model::Actor,
) -> Circumstances<'a> {
    Circumstances {
        recorded_at: START,
        occurred_at: START,
        actor: Some(by),
        process,
        reckoner: &TenHours,
        rule: None,
        category_has_rules: true,
        suggested: None,
    }
}

#[test]
fn a_case_begins_with_what_its_process_asks_for() {
    let process = process();
    let by = actor(0, "intake_clerk");
    let wrong = |change: fn(&mut casework::lifecycle::case::CaseOpened), code: &str| {
        let mut case = opened();
        change(&mut case);
        let refusal =
            casework::lifecycle::decide::open(&case, &circumstances(&process, &by)).unwrap_err();
        assert_eq!(refusal.code(), code);
    };
    wrong(|case| case.category_id = None, "category_required");
    wrong(|case| case.area_path = None, "place_required");
    wrong(
        |case| case.source = "rumour".to_owned(),
        "source_not_served",
    );
    let by = actor(0, "handler");
    let refusal =
        casework::lifecycle::decide::open(&opened(), &circumstances(&process, &by)).unwrap_err();
    assert_eq!(refusal.code(), "role_may_not");
}
