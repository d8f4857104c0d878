//! Handling together: stage × command, and single rules with their refusal codes.

use crate::world::*;
use base::Id;
use casework::lifecycle::Refusal;
use casework::lifecycle::case::CaseFact;
use casework::lifecycle::decide::{CaseCommand, TaskNew};
use casework::lifecycle::handling::HandlingCommand as H;
use casework::model::{Actor, Case, CaseStage, Task, TaskKind, TaskRole, TaskState};
use casework::process::Process;

const COLUMNS: [&str; 14] = [
    "task_assign",
    "task_contact",
    "task_return",
    "task_revoke",
    "task_reroute",
    "task_delegate",
    "task_add_co",
    "task_co_rate",
    "ruling_demand",
    "case_rule",
    "case_verify",
    "case_verify_result",
    "case_send_back",
    "case_self_handle",
];

fn new(world: &mut World, n: u32) -> TaskNew {
    TaskNew {
        id: world.id(),
        organisation: organisation(n),
    }
}

/// The command of a column on `task_id`, by somebody of organisation `n` who may give it.
fn command(world: &mut World, operation: &str, task_id: Id, n: u32) -> (Actor, CaseCommand) {
    let clerk = actor(n, "department_clerk");
    let reason = Some(note(1));
    let (by, command) = match operation {
        "task_assign" => (
            clerk,
            H::TaskAssign {
                task_id,
                staff_id: actor(n, "handler").staff_id,
                works_for: vec![organisation(n).path],
            },
        ),
        "task_contact" => (
            actor(n, "handler"),
            H::TaskContact {
                task_id,
                reached: true,
                note: None,
            },
        ),
        "task_return" => (clerk, H::TaskReturn { task_id, reason }),
        "task_revoke" => (actor(0, "dispatcher"), H::TaskRevoke { task_id, reason }),
        "task_reroute" => {
            let to = new(world, 3);
            (actor(0, "dispatcher"), H::TaskReroute { task_id, to })
        }
        "task_delegate" => {
            let to = new(world, n * 10 + 1);
            let due_at = None;
            (
                clerk,
                H::TaskDelegate {
                    task_id,
                    to,
                    due_at,
                },
            )
        }
        "task_add_co" => {
            let to = new(world, 3);
            (clerk, H::TaskAddCo { task_id, to })
        }
        "task_co_rate" => (
            clerk,
            H::TaskCoRate {
                task_id,
                score: 5,
                remark: None,
            },
        ),
        "ruling_demand" => (clerk, H::RulingDemand { task_id, reason }),
        "case_rule" => {
            let to = new(world, 3);
            (actor(0, "shift_leader"), H::Rule { to, reason })
        }
        "case_verify" => {
            let by = new(world, 3);
            (actor(0, "intake_clerk"), H::Verify { by, remark: None })
        }
        "case_verify_result" => (
            actor(3, "inspector"),
            H::VerifyResult {
                is_true: true,
                opinion: None,
            },
        ),
        "case_send_back" => (actor(0, "dispatcher"), H::SendBack { reason }),
        "case_self_handle" => (
            actor(0, "inspector"),
            H::SelfHandle {
                rule_row_id: Some(RULE),
                result: Some(note(2)),
                task_id: world.id(),
                inspection_id: world.id(),
            },
        ),
        other => panic!("no column {other}"),
    };
    (by, CaseCommand::Handling(command))
}

fn act(world: &mut World, operation: &str, task_id: Id, n: u32) -> Result<usize, Refusal> {
    let (by, command) = command(world, operation, task_id, n);
    assert_eq!(command.operation(), operation);
    world.act(&by, &command)
}

#[track_caller]
fn refused(world: &mut World, by: &Actor, command: H, code: &str) {
    let before = world.case.clone();
    let refusal = world.act(by, &CaseCommand::Handling(command)).unwrap_err();
    assert_eq!(refusal.code(), code, "{refusal}");
    assert_eq!(world.case, before);
}

fn lead_id(world: &World) -> Id {
    world.case.lead().map_or(Id(9), |lead| lead.id)
}

fn last(case: &Case) -> &Task {
    case.tasks.last().unwrap()
}

#[test]
fn every_cell_of_stage_by_command_is_allowed_or_refused_with_its_code() {
    const WRONG: &str = "case_wrong_stage";
    const STATE: &str = "task_wrong_state";
    const UNKNOWN: &str = "task_unknown";
    const CALLED: &str = "task_not_called_in";
    const DUE: &str = "ruling_not_due";
    #[rustfmt::skip]
    let table = [
        (CaseStage::Accepted,   [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, WRONG, WRONG, WRONG, WRONG,  WRONG, WRONG, "ok",  "no_verification", WRONG, "ok"]),
        (CaseStage::Filed,      [WRONG,   WRONG,   WRONG,   WRONG,   WRONG, WRONG, WRONG, WRONG,  WRONG, WRONG, WRONG, WRONG, "ok",  WRONG]),
        (CaseStage::Handling,   [STATE,   "ok",    "ok",    "ok",    STATE, STATE, STATE, CALLED, DUE,   DUE,   WRONG, WRONG, "lead_at_work", WRONG]),
        (CaseStage::Inspecting, [STATE,   STATE,   WRONG,   WRONG,   WRONG, WRONG, WRONG, CALLED, WRONG, WRONG, WRONG, WRONG, WRONG, WRONG]),
        (CaseStage::Closing,    [WRONG,   WRONG,   WRONG,   WRONG,   WRONG, WRONG, WRONG, CALLED, WRONG, WRONG, WRONG, WRONG, WRONG, WRONG]),
        (CaseStage::Closed,     [WRONG,   WRONG,   WRONG,   WRONG,   WRONG, WRONG, WRONG, CALLED, WRONG, WRONG, WRONG, WRONG, WRONG, WRONG]),
    ];
    for (stage, row) in table {
        for (operation, expected) in COLUMNS.into_iter().zip(row) {
            let mut world = World::until(stage);
            let before = world.case.clone();
            let task_id = lead_id(&world);
            let outcome = match act(&mut world, operation, task_id, 1) {
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
    for operation in COLUMNS {
        let stage = match operation {
            "case_verify" | "case_verify_result" | "case_self_handle" => CaseStage::Accepted,
            _ => CaseStage::Handling,
        };
        let mut world = World::until(stage);
        let task_id = lead_id(&world);
        let (mut by, command) = command(&mut world, operation, task_id, 1);
        by.role = "stranger".to_owned();
        let refusal = world.act(&by, &command).unwrap_err();
        assert_eq!(refusal.code(), "role_may_not", "{operation}");
    }
}

#[test]
fn the_holder_gives_commands_on_its_task_and_no_other_organisation_does() {
    for operation in [
        "task_assign",
        "task_contact",
        "task_return",
        "task_delegate",
        "task_add_co",
        "ruling_demand",
    ] {
        let mut world = World::until(CaseStage::Handling);
        world.accept(1).unwrap();
        let task_id = lead_id(&world);
        let (_, command) = command(&mut world, operation, task_id, 1);
        let role = if operation == "task_contact" {
            "handler"
        } else {
            "department_clerk"
        };
        let refusal = world.act(&actor(2, role), &command).unwrap_err();
        assert_eq!(refusal.code(), "task_of_other_organisation", "{operation}");
    }
}

#[test]
fn a_returned_lead_awaits_dispatch_and_stays_accountable_until_another_accepts() {
    let mut world = World::until(CaseStage::Handling);
    assert_eq!(
        *world.case.accountable(),
        organisation(1),
        "it received first"
    );
    world.wait(20);
    let first = lead_id(&world);
    act(&mut world, "task_return", first, 1).unwrap();
    assert!(world.case.awaits_dispatch() && world.case.has_open_return());
    assert_eq!(world.case.stage, CaseStage::Handling);
    let clock = world.case.clock.unwrap();
    assert_eq!(
        clock.started_at, world.now,
        "the limit of dispatch runs anew"
    );
    assert_eq!(clock.due_at, world.now.plus_seconds(30 * 60));
    assert_eq!(*world.case.accountable(), organisation(1));

    let dispatch = CaseCommand::Dispatch {
        lead: new(&mut world, 3),
        co: vec![],
    };
    world.act(&actor(0, "dispatcher"), &dispatch).unwrap();
    assert!(!world.case.awaits_dispatch() && !world.case.has_open_return());
    assert_eq!(
        *world.case.accountable(),
        organisation(1),
        "nobody accepted yet"
    );
    world.accept(3).unwrap();
    assert_eq!(*world.case.accountable(), organisation(3));
    let refusal = world.act(&actor(0, "dispatcher"), &dispatch).unwrap_err();
    assert_eq!(refusal.code(), "case_wrong_stage", "somebody leads");
}

#[test]
fn an_organisation_at_work_on_a_case_gets_no_second_task_of_it() {
    let mut world = World::until(CaseStage::Handling);
    let first = lead_id(&world);
    act(&mut world, "task_return", first, 1).unwrap();
    let dispatch = CaseCommand::Dispatch {
        lead: new(&mut world, 2),
        co: vec![],
    };
    let refusal = world.act(&actor(0, "dispatcher"), &dispatch).unwrap_err();
    assert_eq!(refusal.code(), "organisation_twice");
    let to = new(&mut world, 2);
    let reroute = H::TaskReroute { task_id: first, to };
    refused(
        &mut world,
        &actor(0, "dispatcher"),
        reroute,
        "organisation_twice",
    );
}

#[test]
fn a_return_carries_a_reason_within_the_limit_and_not_after_work_was_handed_in() {
    let mut world = World::until(CaseStage::Handling);
    let by = actor(1, "department_clerk");
    let task_id = lead_id(&world);
    let reason = None;
    refused(
        &mut world,
        &by,
        H::TaskReturn { task_id, reason },
        "reason_needed",
    );
    world.wait(61);
    let reason = Some(note(1));
    let give_back = H::TaskReturn { task_id, reason };
    refused(&mut world, &by, give_back, "return_too_late");

    let mut world = World::until(CaseStage::Inspecting);
    let lead = world.task_id(1);
    world.inspect(&[lead]).unwrap();
    let refusal = act(&mut world, "task_return", lead, 1).unwrap_err();
    assert_eq!(
        refusal.code(),
        "return_too_late",
        "rework stays where it was"
    );
}

#[test]
fn the_limit_of_returns_is_the_process_s_own_when_it_states_one() {
    let mut world = World::until(CaseStage::Handling);
    world.process = changed(
        "max = 2",
        "max = 2\nwithin_minutes = { normal = 90, urgent = 5, critical = 5 }",
    );
    world.wait(61);
    let task_id = lead_id(&world);
    assert_eq!(
        act(&mut world, "task_return", task_id, 1).unwrap(),
        2,
        "late in accepting, then returned"
    );
    assert!(world.case.task(task_id).unwrap().response_overdue);
}

fn changed(from: &str, to: &str) -> Process {
    let text = include_str!("../../processes/city-management.toml");
    assert!(text.contains(from));
    Process::load(&text.replacen(from, to, 1), |_| true).unwrap()
}

/// A case that was returned twice and is with organisation 3 now.
fn twice_returned() -> World {
    let mut world = World::until(CaseStage::Handling);
    for (from, to) in [(1, 21), (21, 3)] {
        let task_id = lead_id(&world);
        act(&mut world, "task_return", task_id, from).unwrap();
        let to = new(&mut world, to);
        let reroute = H::TaskReroute { task_id, to };
        world
            .act(&actor(0, "dispatcher"), &CaseCommand::Handling(reroute))
            .unwrap();
    }
    world
}

#[test]
fn after_the_second_return_a_ruling_may_be_demanded_and_binds() {
    let mut world = twice_returned();
    let third = lead_id(&world);
    let refusal = act(&mut world, "task_return", third, 3).unwrap_err();
    assert_eq!(refusal.code(), "returns_exhausted");
    act(&mut world, "ruling_demand", third, 3).unwrap();
    assert!(world.case.extra.handling.ruling_demanded);
    let refusal = act(&mut world, "ruling_demand", third, 3).unwrap_err();
    assert_eq!(refusal.code(), "ruling_demanded_already");

    let to = new(&mut world, 1);
    let reason = None;
    refused(
        &mut world,
        &actor(0, "shift_leader"),
        H::Rule {
            to: to.clone(),
            reason,
        },
        "reason_needed",
    );
    let rule = H::Rule {
        to,
        reason: Some(note(1)),
    };
    world
        .act(&actor(0, "leader"), &CaseCommand::Handling(rule))
        .unwrap();
    assert_eq!(world.case.task(third).unwrap().state, TaskState::Revoked);
    let bound = world.case.lead().unwrap();
    assert_eq!(bound.organisation, organisation(1));
    assert_eq!(world.case.clock, Some(bound.handling));
    let bound = bound.id;
    for operation in ["task_return", "ruling_demand", "task_revoke"] {
        let refusal = act(&mut world, operation, bound, 1).unwrap_err();
        assert_eq!(refusal.code(), "ruling_binds", "{operation}");
    }
    world.accept(2).unwrap();
    world.finish(2).unwrap();
    world
        .act(
            &actor(1, "handler"),
            &CaseCommand::TaskAccept { task_id: bound },
        )
        .unwrap();
    let finish = CaseCommand::TaskFinish {
        task_id: bound,
        result: None,
        inspection_id: world.id(),
    };
    world.act(&actor(1, "handler"), &finish).unwrap();
    assert_eq!(world.case.stage, CaseStage::Inspecting);
}

#[test]
fn a_ruling_for_the_present_lead_binds_it_without_a_new_task() {
    let mut world = twice_returned();
    let count = world.case.tasks.len();
    let lead = lead_id(&world);
    act(&mut world, "case_rule", lead, 3).unwrap();
    assert_eq!((world.case.tasks.len(), lead_id(&world)), (count, lead));
    assert_eq!(world.case.extra.handling.ruled, Some(organisation(3)));
}

#[test]
fn delegation_goes_down_with_a_deadline_that_fits_and_the_parent_answers() {
    let mut world = World::until(CaseStage::Handling);
    world.accept(1).unwrap();
    world.wait(30);
    let parent = world.case.lead().unwrap().clone();
    let clerk = actor(1, "department_clerk");
    let delegate = |world: &mut World, n: u32, due_at| H::TaskDelegate {
        task_id: parent.id,
        to: new(world, n),
        due_at,
    };
    for n in [1, 3, 0, 21] {
        let up = delegate(&mut world, n, None);
        refused(&mut world, &clerk, up, "organisation_not_below");
    }
    let later = parent.handling.due_at.plus_seconds(1);
    let late = delegate(&mut world, 12, Some(later));
    refused(&mut world, &clerk, late, "deadline_after_parent");
    let now = world.now;
    let past = delegate(&mut world, 12, Some(now));
    refused(&mut world, &clerk, past, "deadline_passed");

    let lawful = delegate(&mut world, 12, None);
    world.act(&clerk, &CaseCommand::Handling(lawful)).unwrap();
    let child = last(&world.case).clone();
    assert_eq!(
        (child.role, child.giver_id()),
        (TaskRole::Delegated, Some(parent.id))
    );
    assert_eq!(child.handling.due_at, parent.handling.due_at);
    world.accept(2).unwrap();
    world.finish(2).unwrap();
    assert_eq!(world.finish(1).unwrap_err().code(), "tasks_given_on_open");

    // What the child gives back comes to its parent, and does not count as a return of the case.
    act(&mut world, "task_return", child.id, 12).unwrap();
    let CaseFact::Handling(fact) = &world.timeline.last().unwrap().fact else {
        panic!("a return");
    };
    assert!(
        matches!(fact, casework::lifecycle::handling::HandlingFact::TaskReturned { to, .. } if *to == organisation(1))
    );
    assert_eq!(world.case.extra.handling.return_count, 0);
    assert!(!world.case.has_open_return());
    world.finish(1).unwrap();
    assert_eq!(world.case.stage, CaseStage::Inspecting);
}

#[test]
fn a_failed_child_opens_those_who_answer_for_it_again() {
    let mut world = World::until(CaseStage::Handling);
    for n in [1, 2] {
        world.accept(n).unwrap();
    }
    let co = world.task_id(2);
    act(&mut world, "task_delegate", co, 2).unwrap();
    let child = last(&world.case).id;
    world.accept(21).unwrap();
    for n in [21, 2, 1] {
        world.finish(n).unwrap();
    }
    world.inspect(&[child]).unwrap();
    for id in [child, co, lead_id(&world)] {
        assert_eq!(world.case.task(id).unwrap().state, TaskState::Accepted);
    }
    assert_eq!(
        world.case.task(co).unwrap().rework_count,
        0,
        "it did not fail itself"
    );
    for n in [21, 2, 1] {
        world.finish(n).unwrap();
    }
    world.inspect(&[]).unwrap();
}

#[test]
fn revoking_ends_what_was_given_on_and_is_for_whoever_gave_it() {
    let mut world = World::until(CaseStage::Handling);
    world.accept(1).unwrap();
    let lead = lead_id(&world);
    act(&mut world, "task_delegate", lead, 1).unwrap();
    let child = last(&world.case).id;
    world.accept(11).unwrap();
    act(&mut world, "task_add_co", child, 11).unwrap();
    let called = last(&world.case).id;
    let reason = Some(note(1));
    let revoke = H::TaskRevoke {
        task_id: called,
        reason,
    };
    refused(
        &mut world,
        &actor(2, "department_clerk"),
        revoke,
        "task_of_other_organisation",
    );
    let reason = None;
    let without = H::TaskRevoke {
        task_id: lead,
        reason,
    };
    refused(
        &mut world,
        &actor(0, "dispatcher"),
        without,
        "reason_needed",
    );
    act(&mut world, "task_revoke", lead, 1).unwrap();
    for id in [lead, child, called] {
        assert_eq!(world.case.task(id).unwrap().state, TaskState::Revoked);
    }
    let co = world.task_id(2);
    assert!(world.case.task(co).unwrap().is_open(), "co-handlers go on");
    assert!(world.case.awaits_dispatch() && !world.case.has_open_return());
    let refusal = act(&mut world, "task_revoke", lead, 1).unwrap_err();
    assert_eq!(refusal.code(), "task_wrong_state", "once");
}

#[test]
fn a_called_in_co_handler_is_rated_once_by_its_caller_after_it_ended() {
    let mut world = World::until(CaseStage::Handling);
    for n in [1, 2] {
        world.accept(n).unwrap();
    }
    let co = world.task_id(2);
    let refusal = act(&mut world, "task_add_co", co, 2).unwrap_err();
    assert_eq!(refusal.code(), "co_may_not_call");
    let lead = lead_id(&world);
    act(&mut world, "task_add_co", lead, 1).unwrap();
    let called = last(&world.case).clone();
    assert_eq!((called.role, called.giver_id()), (TaskRole::Co, Some(lead)));
    assert!(called.handling.due_at <= world.case.lead().unwrap().handling.due_at);
    let refusal = act(&mut world, "task_co_rate", called.id, 1).unwrap_err();
    assert_eq!(refusal.code(), "task_wrong_state", "it has not ended");
    world.accept(3).unwrap();
    assert_eq!(world.finish(1).unwrap_err().code(), "co_tasks_open");
    world.finish(3).unwrap();
    let rate = |score| H::TaskCoRate {
        task_id: called.id,
        score,
        remark: None,
    };
    for score in [0, 6] {
        refused(
            &mut world,
            &actor(1, "department_clerk"),
            rate(score),
            "score_out_of_range",
        );
    }
    refused(
        &mut world,
        &actor(3, "department_clerk"),
        rate(5),
        "task_of_other_organisation",
    );
    act(&mut world, "task_co_rate", called.id, 1).unwrap();
    assert_eq!(
        world.case.task(called.id).unwrap().extra.handling.score,
        Some(5)
    );
    let refusal = act(&mut world, "task_co_rate", called.id, 1).unwrap_err();
    assert_eq!(refusal.code(), "already_rated");
}

#[test]
fn a_task_is_assigned_to_a_person_of_the_holder_or_below() {
    let mut world = World::until(CaseStage::Handling);
    world.accept(1).unwrap();
    let task_id = lead_id(&world);
    let to = |n: u32| H::TaskAssign {
        task_id,
        staff_id: Id(77),
        works_for: vec![organisation(n).path],
    };
    let clerk = actor(1, "department_clerk");
    for n in [0, 2, 21] {
        refused(&mut world, &clerk, to(n), "person_of_other_organisation");
    }
    for n in [1, 11] {
        world.act(&clerk, &CaseCommand::Handling(to(n))).unwrap();
        assert_eq!(world.case.lead().unwrap().assignee, Some(Id(77)));
    }
}

#[test]
fn filing_waits_for_a_verification_and_is_refused_when_it_was_untrue() {
    let file = CaseCommand::File {
        rule_row_id: Some(RULE),
    };
    let leader = actor(0, "shift_leader");
    let inspector = actor(3, "inspector");
    let mut world = World::new();
    act(&mut world, "case_verify", Id(9), 0).unwrap();
    let task = last(&world.case).clone();
    assert_eq!(
        (task.kind, &task.organisation),
        (TaskKind::Verify, &organisation(3))
    );
    assert_eq!(
        world.act(&leader, &file).unwrap_err().code(),
        "verification_open"
    );
    let refusal = act(&mut world, "case_verify", Id(9), 0).unwrap_err();
    assert_eq!(refusal.code(), "verification_open", "one at a time");
    let untrue = H::VerifyResult {
        is_true: false,
        opinion: Some(note(1)),
    };
    refused(&mut world, &inspector, untrue.clone(), "task_wrong_state");
    let accept = CaseCommand::TaskAccept { task_id: task.id };
    world.act(&inspector, &accept).unwrap();
    let finish = CaseCommand::TaskFinish {
        task_id: task.id,
        result: None,
        inspection_id: Id(1),
    };
    let refusal = world.act(&actor(3, "handler"), &finish).unwrap_err();
    assert_eq!(refusal.code(), "case_wrong_stage");
    refused(
        &mut world,
        &actor(2, "inspector"),
        untrue.clone(),
        "task_of_other_organisation",
    );
    let unsaid = H::VerifyResult {
        is_true: false,
        opinion: None,
    };
    refused(&mut world, &inspector, unsaid, "reason_needed");
    world
        .act(&inspector, &CaseCommand::Handling(untrue))
        .unwrap();
    assert_eq!(
        world.act(&leader, &file).unwrap_err().code(),
        "verified_untrue"
    );

    act(&mut world, "case_verify", Id(9), 0).unwrap();
    let task_id = last(&world.case).id;
    world
        .act(&inspector, &CaseCommand::TaskAccept { task_id })
        .unwrap();
    act(&mut world, "case_verify_result", Id(9), 3).unwrap();
    world.act(&leader, &file).unwrap();
}

#[test]
fn a_returned_verification_frees_the_case_for_another() {
    let mut world = World::new();
    act(&mut world, "case_verify", Id(9), 0).unwrap();
    let task_id = last(&world.case).id;
    act(&mut world, "task_return", task_id, 3).unwrap();
    assert_eq!(world.case.extra.handling.return_count, 0);
    act(&mut world, "case_verify", Id(9), 0).unwrap();
}

#[test]
fn a_case_sent_back_is_filed_anew() {
    let mut world = World::until(CaseStage::Filed);
    let without = H::SendBack { reason: None };
    refused(
        &mut world,
        &actor(0, "dispatcher"),
        without,
        "reason_needed",
    );
    world.wait(5);
    act(&mut world, "case_send_back", Id(9), 0).unwrap();
    assert_eq!(world.case.stage, CaseStage::Accepted);
    assert_eq!((&world.case.rule, &world.case.filed_by), (&None, &None));
    assert_eq!(world.case.clock.unwrap().started_at, world.now);
    world.file();
    world.dispatch();

    // From handling: once nobody leads; co-handlers still at work are revoked.
    let task_id = lead_id(&world);
    act(&mut world, "task_return", task_id, 1).unwrap();
    act(&mut world, "case_send_back", Id(9), 0).unwrap();
    assert!(world.case.tasks.iter().all(|task| !task.is_open()));
    assert!(!world.case.has_open_return());
}

#[test]
fn who_handled_what_he_found_does_not_inspect_it_unless_the_process_says_so() {
    for (may, code) in [("false", Some("handler_may_not_inspect")), ("true", None)] {
        let mut world = World::new();
        world.process = changed(
            "handler_may_inspect = false",
            &format!("handler_may_inspect = {may}"),
        );
        act(&mut world, "case_self_handle", Id(9), 0).unwrap();
        assert_eq!(world.case.stage, CaseStage::Inspecting);
        let handled = world.case.lead().unwrap();
        assert_eq!(
            (handled.state, &handled.organisation),
            (TaskState::Finished, &organisation(0))
        );
        let inspect = CaseCommand::InspectResult {
            passed: true,
            failed_task_ids: vec![],
            opinion: None,
        };
        let outcome = world.act(&actor(0, "inspector"), &inspect);
        assert_eq!(outcome.err().map(|refusal| refusal.code()), code);
    }
}

#[test]
fn self_handling_closes_with_the_reason_the_process_states() {
    let mut world = World::new();
    world.process = changed(
        "then = \"inspecting\"",
        "then = \"closed\"\nreason = \"即采即办\"",
    );
    act(&mut world, "case_self_handle", Id(9), 0).unwrap();
    assert_eq!(world.case.stage, CaseStage::Closed);
    let known = &world.case.extra.handling;
    assert_eq!(known.uninspected_because.as_deref(), Some("即采即办"));
    assert!(matches!(
        world.timeline.last().unwrap().fact,
        CaseFact::CaseClosed {
            rule_row_id: Some(RULE),
            ..
        }
    ));
    let mut world = World::new();
    let unsaid = H::SelfHandle {
        rule_row_id: Some(RULE),
        result: None,
        task_id: Id(1),
        inspection_id: Id(2),
    };
    refused(
        &mut world,
        &actor(0, "inspector"),
        unsaid,
        "result_required",
    );
    let uncited = H::SelfHandle {
        rule_row_id: None,
        result: Some(note(1)),
        task_id: Id(1),
        inspection_id: Id(2),
    };
    refused(
        &mut world,
        &actor(0, "inspector"),
        uncited,
        "rule_row_required",
    );
}

#[test]
fn an_inspection_in_the_field_is_assigned_and_accepted_first() {
    let mut world = World::until(CaseStage::Handling);
    world.process = changed("mode = \"desk\"", "mode = \"field\"");
    for n in [1, 2] {
        world.accept(n).unwrap();
    }
    for n in [2, 1] {
        world.finish(n).unwrap();
    }
    let task = world.case.open_inspection().unwrap().clone();
    assert!(task.response.is_some());
    assert_eq!(world.inspect(&[]).unwrap_err().code(), "task_wrong_state");
    let to = |staff_id| H::TaskAssign {
        task_id: task.id,
        staff_id,
        works_for: vec![organisation(0).path],
    };
    let leader = actor(0, "shift_leader");
    let handler = actor(1, "handler").staff_id;
    refused(&mut world, &leader, to(handler), "handler_may_not_inspect");
    let inspector = actor(0, "inspector");
    world
        .act(&leader, &CaseCommand::Handling(to(inspector.staff_id)))
        .unwrap();
    world
        .act(&inspector, &CaseCommand::TaskAccept { task_id: task.id })
        .unwrap();
    world.inspect(&[]).unwrap();
    assert_eq!(world.case.stage, CaseStage::Closing);
}
