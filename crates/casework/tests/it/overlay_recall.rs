//! Taking a dispatch back: what may not be undone.

use crate::law_handling_table::{act, lead_id, new, twice_returned};
use crate::overlay_law::{give, refused};
use crate::world::*;
use casework::lifecycle::decide::CaseCommand;
use casework::lifecycle::handling::HandlingCommand as H;
use casework::lifecycle::overlays::OverlayCommand as C;
use casework::model::CaseStage;

const RECALL: C = C::Recall { reason: None };

#[test]
fn a_dispatch_is_not_taken_back_over_a_ruling() {
    // The ruling names another, or whoever leads already.
    for n in [1, 3] {
        let mut world = twice_returned();
        let rule = H::Rule {
            to: new(&mut world, n),
            reason: Some(note(1)),
        };
        world
            .act(&actor(0, "shift_leader"), &CaseCommand::Handling(rule))
            .unwrap();
        refused(&mut world, &actor(0, "dispatcher"), RECALL, "ruling_binds");
    }
    let mut world = twice_returned();
    give(&mut world, &actor(0, "dispatcher"), RECALL).unwrap();
    assert_eq!(world.case.stage, CaseStage::Filed, "nobody has ruled");
}

#[test]
fn a_dispatch_is_not_taken_back_over_a_return() {
    let dispatcher = actor(0, "dispatcher");
    for n in [1, 2] {
        let mut world = World::until(CaseStage::Handling);
        let returned = world.task_id(n);
        act(&mut world, "task_return", returned, n).unwrap();
        refused(&mut world, &dispatcher, RECALL, "return_open");
        act(&mut world, "task_reroute", returned, n).unwrap();
        assert_ne!(lead_id(&world), returned);
        give(&mut world, &dispatcher, RECALL).unwrap();
    }
}
