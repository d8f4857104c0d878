//! The law of handling together over random command sequences.

use crate::world::*;
use base::{Id, Timestamp};
use casework::lifecycle::case::{self, CaseFact};
use casework::lifecycle::decide::{CaseCommand, TaskNew};
use casework::lifecycle::handling::{HandlingCommand as H, HandlingFact};
use casework::lifecycle::{EVENT_SCHEMA, Event, Fact, read_fact};
use casework::model::{
    Actor, Case, CaseStage, ClockKind, OrganisationRef, Task, TaskKind, TaskRole, TaskState,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// One random move: what, on which task or organisation, with which choice, how long after the one before.
#[derive(Clone, Debug)]
pub struct Move {
    pub wait_minutes: i64,
    pub what: u8,
    pub task: u8,
    pub organisation: u8,
    pub choice: u8,
    /// Taken by somebody who fits, or by anybody.
    pub fits: bool,
}

const ORGANISATIONS: [u32; 7] = [1, 2, 3, 11, 12, 21, 0];
const ROLES: [&str; 7] = [
    "shift_leader",
    "dispatcher",
    "handler",
    "inspector",
    "department_clerk",
    "leader",
    "intake_clerk",
];

pub fn any_move() -> impl Strategy<Value = Move> {
    let wait = prop_oneof![6 => 0_i64..15, 1 => 15_i64..400];
    let fits = prop_oneof![5 => Just(true), 1 => Just(false)];
    (wait, 0_u8..40, any::<u8>(), any::<u8>(), any::<u8>(), fits).prop_map(
        |(wait_minutes, what, task, organisation, choice, fits)| Move {
            wait_minutes,
            what,
            task,
            organisation,
            choice,
            fits,
        },
    )
}

fn number_of(organisation: &OrganisationRef) -> u32 {
    u32::try_from(organisation.id.0 - 100).unwrap()
}

/// A task that a command of this kind could be for, else any.
fn pick(case: &Case, n: u8, wanted: impl Fn(&Task) -> bool) -> Id {
    let fitting: Vec<&Task> = case.tasks.iter().filter(|task| wanted(task)).collect();
    let among: Vec<&Task> = if fitting.is_empty() {
        case.tasks.iter().collect()
    } else {
        fitting
    };
    let place = usize::from(n) % among.len().max(1);
    among.get(place).map_or(Id(9), |task| task.id)
}

/// The move's command and who would fit to give it.
pub fn command(world: &mut World, chosen: &Move) -> (Actor, CaseCommand) {
    let chosen_organisation = ORGANISATIONS[usize::from(chosen.organisation) % ORGANISATIONS.len()];
    let mut new = |n: u32| TaskNew {
        id: world.id(),
        organisation: organisation(n),
    };
    let first = new(chosen_organisation);
    let second = new(ORGANISATIONS[usize::from(chosen.choice) % 3]);
    let spare = new(0).id;
    let case = &world.case;
    let holder = |id: Id| {
        case.task(id)
            .map_or(0, |task| number_of(&task.organisation))
    };
    let giver = |id: Id| {
        let giver = case.task(id).and_then(Task::giver_id);
        giver.map_or(0, holder)
    };
    let open = |task: &Task| task.is_open() && task.kind == TaskKind::Handle;
    let accepted = |task: &Task| task.state == TaskState::Accepted && task.kind == TaskKind::Handle;
    let reason = (!chosen.choice.is_multiple_of(9)).then(|| note(40));
    let wrap = CaseCommand::Handling;
    let n = chosen.task;
    match chosen.what {
        0..3 => (
            actor(0, "shift_leader"),
            CaseCommand::File {
                rule_row_id: Some(RULE),
            },
        ),
        3..7 => (
            actor(0, "dispatcher"),
            CaseCommand::Dispatch {
                lead: first,
                co: if chosen.choice.is_multiple_of(2) {
                    vec![second]
                } else {
                    vec![]
                },
            },
        ),
        7..12 => {
            let task_id = pick(case, n, |task| task.state == TaskState::Assigned);
            let role = match case.task(task_id).map(|task| task.kind) {
                Some(TaskKind::Handle) => "handler",
                _ => "inspector",
            };
            (
                actor(holder(task_id), role),
                CaseCommand::TaskAccept { task_id },
            )
        }
        12..18 => {
            // Those that were given on first, so that sequences get far.
            let ready = |task: &Task| accepted(task) && case.waits_for(task).next().is_none();
            let task_id = pick(case, n, ready);
            (
                actor(holder(task_id), "handler"),
                CaseCommand::TaskFinish {
                    task_id,
                    result: Some(note(41)),
                    inspection_id: spare,
                },
            )
        }
        18..21 => {
            let failed = pick(case, n, |task| {
                task.kind == TaskKind::Handle && task.state == TaskState::Finished
            });
            let passed = chosen.choice.is_multiple_of(2);
            (
                actor(0, "inspector"),
                CaseCommand::InspectResult {
                    passed,
                    failed_task_ids: if passed { vec![] } else { vec![failed] },
                    opinion: Some(note(42)),
                },
            )
        }
        21..23 => (
            actor(0, "shift_leader"),
            CaseCommand::Close {
                rule_row_id: Some(RULE),
                opinion: None,
            },
        ),
        23 => {
            let task_id = pick(case, n, open);
            let clock = [ClockKind::Response, ClockKind::Handling][usize::from(n % 2)];
            let due_at = case.task(task_id).map_or(START, |task| match clock {
                ClockKind::Response => task.response.unwrap_or(task.handling).due_at,
                ClockKind::Handling => task.handling.due_at,
            });
            (
                actor(0, "leader"),
                CaseCommand::TaskDeadline {
                    task_id,
                    clock,
                    due_at,
                },
            )
        }
        24 => {
            let task_id = pick(case, n, accepted);
            let staff_id = actor(chosen_organisation, "handler").staff_id;
            let works_for = vec![organisation(chosen_organisation).path];
            let assign = H::TaskAssign {
                task_id,
                staff_id,
                works_for,
            };
            (actor(holder(task_id), "department_clerk"), wrap(assign))
        }
        25 => {
            let task_id = pick(case, n, open);
            let contact = H::TaskContact {
                task_id,
                reached: true,
                note: None,
            };
            (actor(holder(task_id), "handler"), wrap(contact))
        }
        26..29 => {
            let task_id = pick(case, n, open);
            let by = actor(holder(task_id), "department_clerk");
            (by, wrap(H::TaskReturn { task_id, reason }))
        }
        29 => {
            let task_id = pick(case, n, Task::is_open);
            let by = match giver(task_id) {
                0 => actor(0, "dispatcher"),
                giver => actor(giver, "department_clerk"),
            };
            (by, wrap(H::TaskRevoke { task_id, reason }))
        }
        30 => {
            let task_id = pick(case, n, |task| task.state == TaskState::Returned);
            let reroute = H::TaskReroute { task_id, to: first };
            (actor(0, "dispatcher"), wrap(reroute))
        }
        31 | 32 => {
            let task_id = pick(case, n, accepted);
            let below = case.task(task_id).map_or(1, |task| {
                number_of(&task.organisation) * 10 + 1 + u32::from(chosen.choice % 2)
            });
            let to = if chosen.choice.is_multiple_of(5) {
                first
            } else {
                TaskNew {
                    id: first.id,
                    organisation: organisation(below.min(99)),
                }
            };
            let due_at = chosen
                .choice
                .is_multiple_of(3)
                .then(|| world.now.plus_seconds(i64::from(chosen.organisation) * 600));
            let delegate = H::TaskDelegate {
                task_id,
                to,
                due_at,
            };
            (actor(holder(task_id), "department_clerk"), wrap(delegate))
        }
        33 => {
            let task_id = pick(case, n, accepted);
            let add = H::TaskAddCo { task_id, to: first };
            (actor(holder(task_id), "department_clerk"), wrap(add))
        }
        34 => {
            let task_id = pick(case, n, |task| {
                task.extra.handling.called_by_id.is_some() && !task.is_open()
            });
            let rate = H::TaskCoRate {
                task_id,
                score: i64::from(chosen.choice % 7),
                remark: None,
            };
            (actor(giver(task_id), "department_clerk"), wrap(rate))
        }
        35 => {
            let task_id = pick(case, n, open);
            let by = actor(holder(task_id), "department_clerk");
            (by, wrap(H::RulingDemand { task_id, reason }))
        }
        36 => (
            actor(0, "shift_leader"),
            wrap(H::Rule { to: first, reason }),
        ),
        37 => (
            actor(0, "intake_clerk"),
            wrap(H::Verify {
                by: first,
                remark: None,
            }),
        ),
        38 => {
            let by = case
                .open_verification()
                .map_or(0, |task| number_of(&task.organisation));
            let result = H::VerifyResult {
                is_true: !chosen.choice.is_multiple_of(4),
                opinion: Some(note(43)),
            };
            (actor(by, "inspector"), wrap(result))
        }
        _ if chosen.choice.is_multiple_of(4) => {
            let handle = H::SelfHandle {
                rule_row_id: Some(RULE),
                result: Some(note(44)),
                task_id: first.id,
                inspection_id: spare,
            };
            (actor(0, "inspector"), wrap(handle))
        }
        _ => (actor(0, "dispatcher"), wrap(H::SendBack { reason })),
    }
}

/// Plays the moves; checks after each that a refusal changed nothing and that what must always be so is so.
fn play(moves: &[Move]) -> World {
    let mut world = World::new();
    for chosen in moves {
        world.wait(chosen.wait_minutes);
        let (mut by, command) = command(&mut world, chosen);
        if !chosen.fits {
            let role = ROLES[usize::from(chosen.choice) % ROLES.len()];
            by = actor(
                ORGANISATIONS[usize::from(chosen.task) % ORGANISATIONS.len()],
                role,
            );
        }
        let is_timer = matches!(command, CaseCommand::TaskDeadline { .. });
        let by = (!is_timer).then_some(&by);
        let before = (world.case.clone(), world.timeline.len());
        let at = world.now;
        if let Err(refusal) = world.act_at(by, &command, at) {
            assert_eq!((world.case.clone(), world.timeline.len()), before);
            assert!(!refusal.code().is_empty() && !refusal.to_string().is_empty());
        }
        always(&world.case);
    }
    world
}

/// What holds of every case at every time.
pub fn always(case: &Case) {
    let leads = case
        .handle_tasks()
        .filter(|task| task.role == TaskRole::Lead && !task.is_withdrawn());
    assert!(leads.count() <= 1, "one leads");
    if case.stage == CaseStage::Handling {
        assert!(case.clock.is_some(), "somebody is waited for");
        assert_eq!(case.awaits_dispatch(), case.lead().is_none());
        if let Some(lead) = case.lead() {
            assert!(lead.is_open());
            assert_eq!(case.clock, Some(lead.handling));
        }
    } else {
        assert!(case.handle_tasks().all(|task| !task.is_open()), "{case:?}");
    }
    if case.stage != CaseStage::Accepted {
        assert!(case.open_verification().is_none());
    }
    assert_eq!(
        case.open_inspection().is_some(),
        case.stage == CaseStage::Inspecting
    );
    let mut holders = BTreeSet::new();
    for task in case.handle_tasks().filter(|task| task.is_open()) {
        // Rework opens again whatever failed, also what an organisation did as co-handler before it led.
        assert!(
            holders.insert(task.organisation.id) || case.rework_count > 0,
            "an organisation has one open task of a case"
        );
    }
    for task in &case.tasks {
        check_given_on(case, task);
    }
    check_accountable(case);
}

fn check_given_on(case: &Case, task: &Task) {
    let known = &task.extra.handling;
    if let Some(parent) = known.parent_id.and_then(|id| case.task(id)) {
        assert!(parent.organisation.path.contains(&task.organisation.path));
        assert_ne!(parent.organisation, task.organisation);
    }
    let Some(giver) = task.giver_id().and_then(|id| case.task(id)) else {
        return;
    };
    if task.is_open() {
        assert!(giver.is_open(), "who gave work on answers for it");
        assert!(task.handling.due_at <= giver.handling.due_at);
        assert!(
            task.response
                .is_none_or(|response| response.due_at <= task.handling.due_at)
        );
    }
}

/// 首接负责: never nobody; the last that accepted the lead, else the first that received it, else who accepted the case.
fn check_accountable(case: &Case) {
    let accountable = case.accountable();
    let leads: Vec<&Task> = case
        .handle_tasks()
        .filter(|task| task.role == TaskRole::Lead)
        .collect();
    let accepted = leads.iter().filter(|task| task.accepted_at.is_some());
    if let Some(task) = accepted.max_by_key(|task| (task.accepted_at, task.id)) {
        assert_eq!(*accountable, task.organisation);
    } else {
        let received = leads
            .iter()
            .find(|task| task.state != TaskState::Revoked)
            .map_or(&case.accepted_by, |task| &task.organisation);
        assert_eq!(accountable, received);
    }
}

fn facts(world: &World) -> impl Iterator<Item = &CaseFact> {
    world.timeline.iter().map(|event| &event.fact)
}

/// Law 1: a stage changes only by the command that leads there.
fn stages_change_along_the_ways(world: &World) {
    use CaseStage as S;
    let mut case = case::begin(&world.timeline[0]).unwrap();
    for event in &world.timeline[1..] {
        let from = case.stage;
        case = case::evolve(case, event);
        let lawful = match &event.fact {
            CaseFact::CaseFiled { .. } => (from, case.stage) == (S::Accepted, S::Filed),
            CaseFact::CaseDispatched { .. } => {
                [S::Filed, S::Handling].contains(&from) && case.stage == S::Handling
            }
            CaseFact::CaseHandled { .. } => (from, case.stage) == (S::Handling, S::Inspecting),
            CaseFact::CaseInspected { passed, .. } => {
                let to = if *passed { S::Closing } else { S::Handling };
                (from, case.stage) == (S::Inspecting, to)
            }
            CaseFact::CaseClosed { .. } => (from, case.stage) == (S::Closing, S::Closed),
            CaseFact::Handling(HandlingFact::CaseSentBack { .. }) => {
                [S::Filed, S::Handling].contains(&from) && case.stage == S::Accepted
            }
            CaseFact::Handling(HandlingFact::CaseSelfHandled { .. }) => {
                (from, case.stage) == (S::Filed, S::Handling)
            }
            _ => from == case.stage,
        };
        assert!(lawful, "{:?}: {from} to {}", event.fact.kind(), case.stage);
    }
}

/// Laws 3 and 4.
fn closed_means_inspected_by_somebody_else(world: &World) {
    let mut handlers = Vec::new();
    for event in &world.timeline {
        let Some(by) = event.by.as_ref().map(|by| by.staff_id) else {
            continue;
        };
        match &event.fact {
            CaseFact::TaskAccepted { task_id } | CaseFact::TaskFinished { task_id, .. }
                if world.case.task(*task_id).unwrap().kind == TaskKind::Handle =>
            {
                handlers.push(by);
            }
            CaseFact::CaseInspected { .. } => assert!(!handlers.contains(&by)),
            _ => {}
        }
    }
    if world.case.stage == CaseStage::Closed {
        let passed = |fact: &CaseFact| matches!(fact, CaseFact::CaseInspected { passed: true, .. });
        assert!(facts(world).any(passed));
    }
}

/// No more returns than the process allows, and none by whom a ruling binds.
fn returns_end(world: &World) {
    let mut returned = 0_i64;
    let mut bound: Option<Id> = None;
    for fact in facts(world) {
        match fact {
            CaseFact::Handling(HandlingFact::TaskReturned { task_id, .. }) => {
                let task = world.case.task(*task_id).unwrap();
                if task.giver_id().is_none() && task.kind == TaskKind::Handle {
                    returned += 1;
                    assert_ne!(Some(task.organisation.id), bound);
                }
            }
            CaseFact::Handling(HandlingFact::CaseRuled { organisation, .. }) => {
                assert!(returned >= world.process.returns.max);
                bound = Some(organisation.id);
            }
            _ => {}
        }
    }
    assert_eq!(returned, world.case.extra.handling.return_count);
    assert!(returned <= world.process.returns.max);
}

/// Law 6: what ended late is overdue, and every late end is on the record once a clock.
fn overdue_follows_from_the_events(world: &World) {
    for task in &world.case.tasks {
        if let Some(ended) = task.finished_at {
            assert_eq!(task.handling_overdue, ended > task.handling.due_at);
        }
        let mut recorded: Vec<(ClockKind, Timestamp)> = facts(world)
            .filter_map(|fact| match fact {
                CaseFact::TaskOverdue {
                    task_id,
                    clock,
                    due_at,
                    ..
                } if *task_id == task.id => Some((*clock, *due_at)),
                _ => None,
            })
            .collect();
        let count = recorded.len();
        recorded.sort_unstable();
        recorded.dedup();
        assert_eq!(recorded.len(), count, "once per clock");
        if task.handling_overdue {
            assert!(recorded.contains(&(ClockKind::Handling, task.handling.due_at)));
        }
    }
}

pub fn stored(event: &Event<CaseFact>) -> Event<CaseFact> {
    let body = serde_json::to_string(&event.fact).unwrap();
    Event {
        fact: read_fact(EVENT_SCHEMA, &body).unwrap(),
        ..event.clone()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_law_of_handling_together_holds_over_random_commands(moves in prop::collection::vec(any_move(), 0..120)) {
        let world = play(&moves);
        stages_change_along_the_ways(&world);
        closed_means_inspected_by_somebody_else(&world);
        returns_end(&world);
        overdue_follows_from_the_events(&world);
        crate::law::holds_no_free_text(&world);
        let timeline: Vec<_> = world.timeline.iter().map(stored).collect();
        prop_assert_eq!(&timeline, &world.timeline);
        prop_assert_eq!(case::replay(&timeline).unwrap(), world.case);
    }
}

#[test]
fn random_commands_do_everything_of_handling_together() {
    // Guards the properties above against holding only because nothing ever happens.
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = prop::collection::vec(any_move(), 150);
    let mut seen = BTreeSet::new();
    let mut closed = 0;
    for _ in 0..500 {
        let world = play(&strategy.new_tree(&mut runner).unwrap().current());
        seen.extend(facts(&world).map(Fact::kind));
        closed += i32::from(world.case.stage == CaseStage::Closed);
    }
    for kind in [
        "task_assigned",
        "task_contacted",
        "task_returned",
        "task_revoked",
        "task_rerouted",
        "task_delegated",
        "task_called",
        "task_co_rated",
        "ruling_demanded",
        "case_ruled",
        "verification_asked",
        "case_verified",
        "case_sent_back",
        "case_self_handled",
        "task_overdue",
    ] {
        assert!(seen.contains(kind), "{kind} never happened");
    }
    assert!(closed > 20, "{closed}");
}
