//! The law over random commands that lengthen, cut and stop clocks while tasks are given on.

use crate::law_handling::{Move, always, any_move, command, stored};
use crate::overlay_moves;
use crate::world::*;
use casework::lifecycle::Fact;
use casework::lifecycle::case;
use casework::lifecycle::decide::CaseCommand;
use casework::model::Case;
use proptest::prelude::*;

/// Plays the moves; every fourth lengthens, cuts or stops a clock.
fn play_with_clocks(moves: &[Move]) -> World {
    // Level, extension, suspension, deadline given, mode.
    const CLOCKS: [u8; 13] = [3, 6, 7, 8, 9, 10, 11, 19, 20, 21, 22, 23, 24];
    let mut world = World::new();
    for (n, chosen) in moves.iter().enumerate() {
        world.wait(chosen.wait_minutes);
        let (by, command) = if n % 4 == 3 {
            let kind = CLOCKS[usize::from(chosen.task) % CLOCKS.len()];
            let by = overlay_moves::fitting(&world.case, kind, chosen.choice);
            let is_timer = matches!(kind, 11 | 20);
            let command = overlay_moves::command(&world, kind, chosen.choice);
            ((!is_timer).then_some(by), command)
        } else {
            let (by, command) = command(&mut world, chosen);
            let is_timer = matches!(command, CaseCommand::TaskDeadline { .. });
            ((!is_timer).then_some(by), command)
        };
        let at = world.now;
        // A refusal is as good as an act here: what must hold holds after both.
        let _ = world.act_at(by.as_ref(), &command, at);
        always(&world.case);
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_child_is_due_after_its_parent_whatever_happens_to_their_clocks(moves in prop::collection::vec(any_move(), 0..160)) {
        let world = play_with_clocks(&moves);
        let timeline: Vec<_> = world.timeline.iter().map(stored).collect();
        prop_assert_eq!(case::replay(&timeline).unwrap(), world.case);
    }
}

#[test]
fn random_clocks_move_and_children_follow_them() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = prop::collection::vec(any_move(), 160);
    let (mut followed, mut suspended) = (0, 0);
    for _ in 0..500 {
        let world = play_with_clocks(&strategy.new_tree(&mut runner).unwrap().current());
        let mut before: Option<Case> = None;
        for event in &world.timeline {
            let kind = event.fact.kind();
            followed += i32::from(kind == "clocks_followed");
            let now = match &before {
                None => case::begin(event).unwrap(),
                Some(case) => case::evolve(case.clone(), event),
            };
            let child = |case: &Case| {
                let children = case.tasks.iter().filter(|task| task.giver_id().is_some());
                children.filter(|task| task.is_suspended()).count()
            };
            let then = before.as_ref().map_or(0, child);
            suspended += i32::from(kind == "suspension_decided" && child(&now) > then);
            before = Some(now);
        }
    }
    assert!(followed > 20 && suspended > 4, "{followed} {suspended}");
}
