//! The law of casework over random command sequences.

use crate::world::*;
use base::{Id, Timestamp};
use casework::lifecycle::case::{self, CaseFact};
use casework::lifecycle::decide::{CaseCommand, TaskNew};
use casework::lifecycle::{EVENT_SCHEMA, Event, Fact, read_fact};
use casework::model::{Actor, Case, CaseStage, ClockKind, Task, TaskKind, TaskRole, TaskState};
use casework::process::{Process, built_in};
use proptest::prelude::*;

/// One random move. Numbers are folded onto whatever tasks, people and rows exist.
#[derive(Clone, Debug)]
struct Move {
    wait_minutes: i64,
    /// How far back the act is dated.
    back_minutes: i64,
    organisation: u32,
    role: usize,
    kind: MoveKind,
}

#[derive(Clone, Debug)]
enum MoveKind {
    File(u8),
    Dispatch(u32, Vec<u32>),
    Accept(u8),
    Finish(u8),
    Inspect(bool, Vec<u8>, bool),
    Close(u8),
    Timer(u8, bool),
    /// What lies over the stages: which command, and a number to vary it.
    Overlay(u8, u8),
    /// What the present stage waits for, so that sequences get far.
    Onward(u8),
}

const ROLES: [&str; 6] = [
    "shift_leader",
    "dispatcher",
    "handler",
    "inspector",
    "department_clerk",
    "leader",
];

fn any_move() -> impl Strategy<Value = Move> {
    let kind = prop_oneof![
        2 => (0_u8..4).prop_map(MoveKind::File),
        2 => (1_u32..4, prop::collection::vec(1_u32..4, 0..3)).prop_map(|(lead, co)| MoveKind::Dispatch(lead, co)),
        5 => (0_u8..6).prop_map(MoveKind::Accept),
        5 => (0_u8..6).prop_map(MoveKind::Finish),
        4 => (any::<bool>(), prop::collection::vec(0_u8..6, 0..3), any::<bool>())
            .prop_map(|(passed, failed, opinion)| MoveKind::Inspect(passed, failed, opinion)),
        2 => (0_u8..4).prop_map(MoveKind::Close),
        2 => (0_u8..6, any::<bool>()).prop_map(|(task, response)| MoveKind::Timer(task, response)),
        8 => (0..crate::overlay_moves::COUNT, any::<u8>()).prop_map(|(n, m)| MoveKind::Overlay(n, m)),
        12 => any::<u8>().prop_map(MoveKind::Onward),
    ];
    let wait = prop_oneof![4 => 0_i64..20, 1 => 20_i64..900];
    let back = prop_oneof![6 => Just(0_i64), 1 => -3_i64..2_000];
    (wait, back, 0_u32..4, 0_usize..ROLES.len(), kind).prop_map(
        |(wait_minutes, back_minutes, organisation, role, kind)| Move {
            wait_minutes,
            back_minutes,
            organisation,
            role,
            kind,
        },
    )
}

/// The move that the present stage waits for.
fn onward(case: &Case, chance: u8) -> MoveKind {
    let place = |wanted: &dyn Fn(&Task) -> bool| {
        let found = case.tasks.iter().position(wanted);
        found.map(|n| u8::try_from(n).unwrap())
    };
    match case.stage {
        CaseStage::Accepted => MoveKind::File(1),
        CaseStage::Filed => MoveKind::Dispatch(1, vec![2, 3]),
        CaseStage::Handling => {
            let assigned = place(&|task| task.state == TaskState::Assigned);
            let working =
                |role| place(&|task| task.state == TaskState::Accepted && task.role == role);
            let finish = working(TaskRole::Co).or(working(TaskRole::Lead));
            assigned.map_or_else(|| MoveKind::Finish(finish.unwrap()), MoveKind::Accept)
        }
        CaseStage::Inspecting if place(&is_to_be_accepted).is_some() => {
            MoveKind::Accept(place(&is_to_be_accepted).unwrap())
        }
        CaseStage::Inspecting if chance.is_multiple_of(3) => {
            MoveKind::Inspect(false, vec![chance % 2], true)
        }
        CaseStage::Inspecting => MoveKind::Inspect(true, vec![], false),
        CaseStage::Closing | CaseStage::Closed | CaseStage::Cancelled | CaseStage::Merged => {
            MoveKind::Close(1)
        }
    }
}

/// Of an inspection in the field, which somebody accepts first.
fn is_to_be_accepted(task: &Task) -> bool {
    task.kind == TaskKind::Inspect && task.state == TaskState::Assigned && task.response.is_some()
}

/// Two thirds of the moves are taken by somebody who fits.
fn fitting(world: &World, chosen: &Move) -> Actor {
    let of_task = |n: &u8| {
        let task = world.case.tasks.get(usize::from(*n));
        task.map_or(0, |task| {
            u32::try_from(task.organisation.id.0 - 100).unwrap()
        })
    };
    match &chosen.kind {
        MoveKind::File(_) | MoveKind::Close(_) => actor(0, "shift_leader"),
        MoveKind::Dispatch(..) => actor(0, "dispatcher"),
        MoveKind::Accept(n) | MoveKind::Finish(n) => {
            let task = world.case.tasks.get(usize::from(*n));
            let inspects = task.is_some_and(is_to_be_accepted);
            let role = if inspects { "inspector" } else { "handler" };
            actor(of_task(n), role)
        }
        MoveKind::Inspect(..) => actor(0, "inspector"),
        MoveKind::Overlay(n, m) => crate::overlay_moves::fitting(&world.case, *n, *m),
        MoveKind::Timer(..) | MoveKind::Onward(_) => actor(0, "leader"),
    }
}

fn command(world: &mut World, kind: &MoveKind) -> CaseCommand {
    let task_id = |world: &World, n: &u8| {
        world
            .case
            .tasks
            .get(usize::from(*n))
            .map_or(Id(9), |task| task.id)
    };
    let row = |n: &u8| [None, Some(RULE), Some(OTHER_RULE), Some(RULE)][usize::from(*n)];
    match kind {
        MoveKind::File(n) => CaseCommand::File {
            rule_row_id: row(n),
        },
        MoveKind::Dispatch(lead, co) => {
            let mut task = |n: &u32| TaskNew {
                id: world.id(),
                organisation: organisation(*n),
            };
            CaseCommand::Dispatch {
                lead: task(lead),
                co: co.iter().map(task).collect(),
            }
        }
        MoveKind::Accept(n) => CaseCommand::TaskAccept {
            task_id: task_id(world, n),
        },
        MoveKind::Finish(n) => CaseCommand::TaskFinish {
            task_id: task_id(world, n),
            result: Some(note(77)),
            inspection_id: world.id(),
        },
        MoveKind::Inspect(passed, failed, opinion) => CaseCommand::InspectResult {
            passed: *passed,
            failed_task_ids: failed.iter().map(|n| task_id(world, n)).collect(),
            opinion: opinion.then(|| note(78)),
        },
        MoveKind::Close(n) => CaseCommand::Close {
            rule_row_id: row(n),
            opinion: None,
        },
        MoveKind::Overlay(n, m) => crate::overlay_moves::command(world, *n, *m),
        MoveKind::Onward(_) => unreachable!("it was replaced"),
        MoveKind::Timer(n, response) => {
            let id = task_id(world, n);
            let kind = if *response {
                ClockKind::Response
            } else {
                ClockKind::Handling
            };
            let due_at = world
                .case
                .task(id)
                .map_or(START, |task| match (kind, task.response) {
                    (ClockKind::Response, Some(clock)) => clock.due_at,
                    _ => task.handling.due_at,
                });
            CaseCommand::TaskDeadline {
                task_id: id,
                clock: kind,
                due_at,
            }
        }
    }
}

/// Plays the moves; checks after each that a refusal changed nothing.
fn play(moves: &[Move]) -> World {
    play_in(World::new(), moves)
}

fn play_in(mut world: World, moves: &[Move]) -> World {
    for (n, chosen) in moves.iter().enumerate() {
        world.wait(chosen.wait_minutes);
        let chosen = &match chosen.kind {
            MoveKind::Onward(chance) => Move {
                kind: onward(&world.case, chance),
                ..chosen.clone()
            },
            _ => chosen.clone(),
        };
        let by = if n % 3 == 0 {
            actor(chosen.organisation, ROLES[chosen.role])
        } else {
            fitting(&world, chosen)
        };
        let command = command(&mut world, &chosen.kind);
        let is_timer = match &command {
            CaseCommand::TaskDeadline { .. } => true,
            CaseCommand::Overlay(command) => command.is_of_timer(),
            _ => false,
        };
        let occurred_at = if is_timer {
            world.now
        } else {
            world.now.plus_seconds(-60 * chosen.back_minutes)
        };
        let before = (world.case.clone(), world.timeline.len());
        let by = (!is_timer).then_some(&by);
        if let Err(refusal) = world.act_at(by, &command, occurred_at) {
            assert_eq!((world.case.clone(), world.timeline.len()), before);
            assert!(!refusal.code().is_empty() && !refusal.to_string().is_empty());
        }
    }
    world
}

fn facts(world: &World) -> impl Iterator<Item = &CaseFact> {
    world.timeline.iter().map(|event| &event.fact)
}

/// Law 1: a stage changes only by the command that leads there.
fn stages_change_along_the_ways(world: &World) {
    let mut case = case::begin(&world.timeline[0]).unwrap();
    for event in &world.timeline[1..] {
        let from = case.stage;
        case = case::evolve(case, event);
        let lawful = match (&event.fact, from, case.stage) {
            (CaseFact::CaseFiled { .. }, CaseStage::Accepted, CaseStage::Filed)
            | (CaseFact::CaseDispatched { .. }, CaseStage::Filed, CaseStage::Handling)
            | (CaseFact::CaseHandled { .. }, CaseStage::Handling, CaseStage::Inspecting)
            | (
                CaseFact::CaseInspected { passed: true, .. },
                CaseStage::Inspecting,
                CaseStage::Closing,
            )
            | (
                CaseFact::CaseInspected { passed: false, .. },
                CaseStage::Inspecting,
                CaseStage::Handling,
            )
            | (CaseFact::CaseClosed { .. }, CaseStage::Closing, CaseStage::Closed) => true,
            (
                CaseFact::TaskAccepted { .. }
                | CaseFact::TaskFinished { .. }
                | CaseFact::TaskOverdue { .. },
                from,
                to,
            ) => from == to,
            (CaseFact::Overlay(fact), from, to) => crate::overlay_moves::is_lawful(fact, from, to),
            _ => false,
        };
        assert!(lawful, "{:?}: {from} to {}", event.fact.kind(), case.stage);
    }
}

/// The processes that come with the product, and that of a city that inspects in the field.
fn processes() -> Vec<Process> {
    let mut documents: Vec<_> = built_in()
        .unwrap()
        .into_iter()
        .map(|(_, each)| each)
        .collect();
    assert_eq!(documents.len(), 4);
    let mut in_the_field = documents[0].clone();
    assert_eq!(in_the_field["inspection"]["mode"], "desk");
    in_the_field["inspection"]["mode"] = "field".into();
    documents.push(in_the_field);
    let made = documents
        .iter()
        .map(|each| Process::of_json(each, |_| true));
    made.collect::<Result<_, _>>().unwrap()
}

/// What holds in every process: laws 3 to 6 and 9.
fn laws_of_any_process_hold(world: &World) {
    let case = &world.case;
    if case.stage == CaseStage::Closed {
        let passed = |fact: &CaseFact| matches!(fact, CaseFact::CaseInspected { passed: true, .. });
        assert!(facts(world).any(passed) || case.extra.course.uninspected.is_some());
    }
    if !case.stage.is_open() {
        assert!(case.tasks.iter().all(|task| !task.is_open()));
        assert!(case.clock.is_none());
    }
    if !world.process.self_handling.handler_may_inspect {
        who_handled_never_inspected(world);
    }
    overdue_follows_from_the_events(world);
    crate::overlay_moves::laws_hold(world);
    // A process without inspection has its own words for why on the timeline.
    if world.process.inspection_left_out().is_none() {
        holds_no_free_text(world);
    }
    let timeline: Vec<_> = world.timeline.iter().map(stored).collect();
    assert_eq!(case::replay(&timeline).unwrap(), world.case);
}

/// Laws 2 and 3.
fn filing_and_closing_cite_and_closed_means_inspected(world: &World) {
    for fact in facts(world) {
        match fact {
            CaseFact::CaseFiled { rule, .. } => assert_eq!(rule.as_ref().unwrap().id, RULE),
            CaseFact::CaseClosed { rule_row_id, .. } => assert_eq!(*rule_row_id, Some(RULE)),
            _ => {}
        }
    }
    if world.case.stage == CaseStage::Closed {
        let passed = |fact: &CaseFact| matches!(fact, CaseFact::CaseInspected { passed: true, .. });
        assert!(facts(world).any(passed));
        assert!(world.case.tasks.iter().all(|task| !task.is_open()));
        assert!(world.case.clock.is_none());
    }
}

/// Law 4.
fn who_handled_never_inspected(world: &World) {
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
}

/// Law 6: what stopped late is overdue, what stopped in time is not, and every late stop is on the record once a round.
fn overdue_follows_from_the_events(world: &World) {
    for task in &world.case.tasks {
        if let (Some(response), Some(accepted)) = (task.response, task.accepted_at) {
            assert_eq!(task.response_overdue, accepted > response.due_at);
        }
        if let Some(finished) = task.finished_at {
            assert_eq!(task.handling_overdue, finished > task.handling.due_at);
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
        if task.response_overdue {
            let due_at = task.response.unwrap().due_at;
            assert!(recorded.contains(&(ClockKind::Response, due_at)));
        }
    }
}

/// The lead answers for the whole: it never is finished while a co-handler works, and a case being handled has a live lead.
fn the_lead_answers_for_the_whole(case: &Case) {
    if case.stage == CaseStage::Handling {
        assert!(case.lead().unwrap().is_open());
        assert!(case.clock.is_some());
    }
    if case.stage == CaseStage::Filed || case.stage > CaseStage::Handling {
        assert!(case.handle_tasks().all(|task| !task.is_open()));
    }
    let leads = case
        .handle_tasks()
        .filter(|t| t.role == TaskRole::Lead && t.state != TaskState::Revoked)
        .count();
    assert!(leads <= 1);
    assert_eq!(
        case.open_inspection().is_some(),
        case.stage == CaseStage::Inspecting
    );
}

/// Through JSON and back, as the timeline is stored.
fn stored(event: &Event<CaseFact>) -> Event<CaseFact> {
    let body = serde_json::to_string(&event.fact).unwrap();
    Event {
        fact: read_fact(EVENT_SCHEMA, &body).unwrap(),
        ..event.clone()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_law_holds_over_random_commands(moves in prop::collection::vec(any_move(), 0..80)) {
        let world = play(&moves);
        stages_change_along_the_ways(&world);
        filing_and_closing_cite_and_closed_means_inspected(&world);
        who_handled_never_inspected(&world);
        overdue_follows_from_the_events(&world);
        crate::overlay_moves::laws_hold(&world);
        the_lead_answers_for_the_whole(&world.case);
        holds_no_free_text(&world);
        prop_assert_eq!(world.case.version, i64::try_from(world.timeline.len()).unwrap());
    }

    #[test]
    fn a_replay_of_the_stored_timeline_gives_the_very_state(moves in prop::collection::vec(any_move(), 0..80)) {
        let world = play(&moves);
        let timeline: Vec<_> = world.timeline.iter().map(stored).collect();
        prop_assert_eq!(&timeline, &world.timeline);
        prop_assert_eq!(case::replay(&timeline).unwrap(), world.case);
    }
}

#[test]
fn the_law_holds_in_every_process_and_each_is_lived_to_its_end() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    for process in processes() {
        let mut runner = TestRunner::deterministic();
        let strategy = prop::collection::vec(any_move(), 80);
        let mut closed = 0;
        for _ in 0..200 {
            let moves = strategy.new_tree(&mut runner).unwrap().current();
            let world = play_in(World::of(process.clone()), &moves);
            laws_of_any_process_hold(&world);
            closed += i32::from(world.case.stage == CaseStage::Closed);
        }
        assert!(closed > 10, "{:?}: {closed}", process.reference);
    }
}

#[test]
fn random_commands_reach_every_event_that_lies_over_the_stages() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = prop::collection::vec(any_move(), 120);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..600 {
        let world = play(&strategy.new_tree(&mut runner).unwrap().current());
        seen.extend(facts(&world).filter_map(|fact| match fact {
            CaseFact::Overlay(fact) => Some(fact.kind()),
            _ => None,
        }));
    }
    for kind in crate::overlay_moves::KINDS {
        assert!(seen.contains(kind), "{kind} never happened");
    }
}

#[test]
fn random_commands_reach_the_end() {
    // Guards the properties above against holding only because nothing ever happens.
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = prop::collection::vec(any_move(), 80);
    let (mut closed, mut reworked, mut overdue) = (0, 0, 0);
    for _ in 0..400 {
        let world = play(&strategy.new_tree(&mut runner).unwrap().current());
        closed += i32::from(world.case.stage == CaseStage::Closed);
        reworked += i32::from(world.case.rework_count > 0);
        overdue += i32::from(facts(&world).any(|fact| fact.kind() == "task_overdue"));
    }
    assert!(
        closed > 20 && reworked > 20 && overdue > 20,
        "{closed} {reworked} {overdue}"
    );
}

#[test]
fn an_event_has_room_for_ids_paths_digests_and_times_only() {
    // Law 9: every text in a full life's events is one of these; a name, a phone or free words would be something else.
    let mut world = World::until(CaseStage::Inspecting);
    world.wait(700);
    let lead = world.task_id(1);
    world.inspect(&[lead]).unwrap();
    world.finish(1).unwrap();
    world.inspect(&[]).unwrap();
    world.close().unwrap();
    assert!(holds_no_free_text(&world) > 50);
}

/// Law 9 over a timeline; the number of texts looked at.
pub fn holds_no_free_text(world: &World) -> usize {
    let mut texts = Vec::new();
    for event in &world.timeline {
        collect(&serde_json::to_value(&event.fact).unwrap(), &mut texts);
    }
    for text in &texts {
        let is_code = text.len() <= 40
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_-:+.".contains(&b));
        let is_phone =
            text.len() == 11 && text.starts_with('1') && text.bytes().all(|b| b.is_ascii_digit());
        let is_code = is_code && !is_phone;
        let is_digest = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let is_limit = Limit::parse(text, &calendar::BareUnits::default()).is_ok();
        assert!(is_code || is_digest || is_limit, "{text:?} is free text");
    }
    texts.len()
}

use calendar::Limit;

fn collect(value: &serde_json::Value, texts: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => texts.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        serde_json::Value::Object(fields) => fields.values().for_each(|v| collect(v, texts)),
        _ => {}
    }
}
