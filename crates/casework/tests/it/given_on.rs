//! What was given on follows whoever gave it: deadlines that move, clocks that stand still. (That no child is ever due after its
//! parent is a property in `law_handling`.)

use crate::overlay_law::{give, leader, refused, working};
use crate::world::*;
use base::{Id, Timestamp};
use calendar::Limit;
use casework::lifecycle::Fact;
use casework::lifecycle::decide::{CaseCommand, TaskNew};
use casework::lifecycle::handling::HandlingCommand;
use casework::lifecycle::overlays::OverlayCommand as C;
use casework::model::{CaseStage, Task};

const HOUR: i64 = 3_600;

/// A lead that organisation 1 works on, given on to 11 for as long as it has itself and to 12 for two hours. All in minute 0 of
/// ten hours.
fn given_on() -> (World, Id, Id, Id) {
    let mut world = World::until(CaseStage::Handling);
    let parent = working(&mut world);
    let children = [(11, None), (12, Some(world.now.plus_seconds(2 * HOUR)))].map(|(n, due_at)| {
        let to = TaskNew {
            id: world.id(),
            organisation: organisation(n),
        };
        let id = to.id;
        let delegate = HandlingCommand::TaskDelegate {
            task_id: parent,
            to,
            due_at,
        };
        let clerk = actor(1, "department_clerk");
        world.act(&clerk, &CaseCommand::Handling(delegate)).unwrap();
        world.accept(n).unwrap();
        id
    });
    (world, parent, children[0], children[1])
}

fn task(world: &World, id: Id) -> &Task {
    world.case.task(id).unwrap()
}

fn due(world: &World, id: Id) -> Timestamp {
    task(world, id).handling.due_at
}

fn kinds(world: &World, count: usize) -> Vec<&'static str> {
    let last = world.timeline.len() - count;
    world.timeline[last..]
        .iter()
        .map(|event| event.fact.kind())
        .collect()
}

fn extend(
    world: &mut World,
    id: Id,
    holder: u32,
    hours: u32,
) -> Result<usize, casework::lifecycle::Refusal> {
    let ask = C::ExtensionRequest {
        task_id: id,
        limit: Some(Limit::working_hours(hours)),
        reason: note(1),
    };
    give(world, &actor(holder, "department_clerk"), ask)?;
    let grant = C::ExtensionDecide {
        task_id: id,
        approved: true,
        opinion: None,
    };
    give(world, &actor(0, "dispatcher"), grant)
}

#[test]
fn a_deadline_given_cuts_the_children_that_are_due_later_and_takes_along_those_due_with_it() {
    let (mut world, parent, with, before) = given_on();
    let own = due(&world, before);
    assert_eq!(due(&world, with), due(&world, parent));
    let give_deadline = |world: &mut World, due_at| {
        let deadline = C::DeadlineGive {
            task_id: Some(parent),
            due_at,
            reason: None,
        };
        give(world, &leader(), deadline).unwrap();
    };
    // Four hours: the child of two hours is not touched.
    let four = world.now.plus_seconds(4 * HOUR);
    give_deadline(&mut world, four);
    assert_eq!(kinds(&world, 2), ["deadline_given", "clocks_followed"]);
    assert_eq!([parent, with].map(|id| due(&world, id)), [four, four]);
    assert_eq!(due(&world, before), own);
    // One hour: both are cut.
    let one = world.now.plus_seconds(HOUR);
    give_deadline(&mut world, one);
    assert_eq!([parent, with, before].map(|id| due(&world, id)), [one; 3]);
    // Later again: whoever is due with it goes along.
    give_deadline(&mut world, four);
    assert_eq!([parent, with, before].map(|id| due(&world, id)), [four; 3]);
}

#[test]
fn an_extension_takes_along_who_is_due_with_it_and_lets_the_others_ask_up_to_it() {
    let (mut world, parent, with, before) = given_on();
    let (own, at_first) = (due(&world, before), due(&world, parent));
    refused(
        &mut world,
        &actor(11, "department_clerk"),
        C::ExtensionRequest {
            task_id: with,
            limit: Some(Limit::working_hours(1)),
            reason: note(1),
        },
        "deadline_after_parent",
    );
    extend(&mut world, before, 12, 3).unwrap();
    assert_eq!(due(&world, before), own.plus_seconds(3 * HOUR));
    extend(&mut world, parent, 1, 2).unwrap();
    let later = at_first.plus_seconds(2 * HOUR);
    assert_eq!([parent, with].map(|id| due(&world, id)), [later, later]);
    assert_eq!(due(&world, before), own.plus_seconds(3 * HOUR));
    assert_eq!(task(&world, with).extra.overlays.extended_count, 0);
}

#[test]
fn children_stand_still_while_their_parent_does_and_run_on_when_it_does() {
    let (mut world, parent, with, before) = given_on();
    let dues = [parent, with, before].map(|id| due(&world, id));
    world.wait(60);
    let until = world.now.plus_seconds(24 * HOUR);
    let alone = C::SuspensionRequest {
        task_id: with,
        until,
        reason: note(1),
    };
    // A child alone would come after its parent.
    let clerk = actor(11, "department_clerk");
    refused(&mut world, &clerk, alone, "deadline_after_parent");
    let ask = C::SuspensionRequest {
        task_id: parent,
        until,
        reason: note(1),
    };
    give(&mut world, &actor(1, "department_clerk"), ask).unwrap();
    let grant = C::SuspensionDecide {
        task_id: parent,
        approved: true,
        from: None,
        until: None,
        opinion: None,
    };
    give(&mut world, &leader(), grant).unwrap();
    assert_eq!(kinds(&world, 3), ["suspension_decided"; 3]);
    for (id, due_at) in [parent, with, before].into_iter().zip(dues) {
        assert!(task(&world, id).is_suspended());
        assert_eq!(due(&world, id), due_at.plus_seconds(24 * HOUR));
    }
    // Ended after six hours, so that is what they stood still.
    world.wait(6 * 60);
    let end = C::SuspensionEnd {
        task_id: parent,
        reason: None,
    };
    give(&mut world, &leader(), end).unwrap();
    assert_eq!(kinds(&world, 3), ["suspension_ended"; 3]);
    for (id, due_at) in [parent, with, before].into_iter().zip(dues) {
        assert!(!task(&world, id).is_suspended());
        assert_eq!(due(&world, id), due_at.plus_seconds(6 * HOUR));
    }
}
