//! Handling together: stage × command, and single rules with their refusal codes.

use crate::world::*;
use base::Id;
use casework::lifecycle::Refusal;
use casework::lifecycle::decide::{CaseCommand, TaskNew};
use casework::lifecycle::handling::HandlingCommand as H;
use casework::model::{Actor, Case, CaseStage, Task, TaskState};
use casework::process::Process;

pub const COLUMNS: [&str; 14] = [
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

pub fn new(world: &mut World, n: u32) -> TaskNew {
    TaskNew {
        id: world.id(),
        organisation: organisation(n),
    }
}

/// The command of a column on `task_id`, by somebody of organisation `n` who may give it.
pub fn command(world: &mut World, operation: &str, task_id: Id, n: u32) -> (Actor, CaseCommand) {
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

pub fn act(world: &mut World, operation: &str, task_id: Id, n: u32) -> Result<usize, Refusal> {
    let (by, command) = command(world, operation, task_id, n);
    assert_eq!(command.operation(), operation);
    world.act(&by, &command)
}

#[track_caller]
pub fn refused(world: &mut World, by: &Actor, command: H, code: &str) {
    let before = world.case.clone();
    let refusal = world.act(by, &CaseCommand::Handling(command)).unwrap_err();
    assert_eq!(refusal.code(), code, "{refusal}");
    assert_eq!(world.case, before);
}

pub fn lead_id(world: &World) -> Id {
    world.case.lead().map_or(Id(9), |lead| lead.id)
}

pub fn last(case: &Case) -> &Task {
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

pub fn changed(from: &str, to: &str) -> Process {
    let text = include_str!("../../processes/city-management.toml");
    assert!(text.contains(from));
    Process::load(&text.replacen(from, to, 1), |_| true).unwrap()
}

/// A case that was returned twice and is with organisation 3 now.
pub fn twice_returned() -> World {
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
