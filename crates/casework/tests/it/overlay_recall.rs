//! Taking a dispatch back: what may not be undone, and where a case then waits to be given out again.

use crate::law_handling::stored;
use crate::law_handling_table::{act, lead_id, new, twice_returned};
use crate::overlay_law::{give, refused};
use crate::world::*;
use casework::clocks::Clock;
use casework::lifecycle::case::{self, CaseFact};
use casework::lifecycle::decide::CaseCommand;
use casework::lifecycle::handling::HandlingCommand as H;
use casework::lifecycle::overlays::OverlayCommand as C;
use casework::lifecycle::{EVENT_SCHEMA, Event, read_fact};
use casework::model::{CaseStage, Level};
use casework::process::{Process, Processes};
use casework::statistics::{Marks, ObligationKind, of_case};
use serde_json::json;

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

/// A case of a process that does not file, given to organisations 1 and 2.
fn given_out(code: &str) -> World {
    let mut world = World::new();
    let processes = Processes::load(Processes::BUILT_IN.iter().copied(), |_| true).unwrap();
    let process = processes
        .all()
        .iter()
        .find(|each| each.reference.code == code)
        .map(|each| Process::clone(each))
        .unwrap();
    world.case.process = process.reference.clone();
    world.case.clock = process.stage_clock(CaseStage::Accepted, Level::Normal, START, None);
    world.process = process;
    world.wait(5);
    world.dispatch();
    world
}

/// Whether the step that gives an accepted case out counts as done.
fn is_given_out(world: &World) -> Option<bool> {
    let obligations = of_case(&world.timeline, &world.process);
    let first = obligations
        .into_iter()
        .find(|each| each.kind == ObligationKind::File);
    first.map(|each| each.marks.has(Marks::DONE))
}

#[test]
fn a_recalled_case_is_accepted_again_where_nothing_is_filed() {
    for code in ["hotline", "quick"] {
        let mut world = given_out(code);
        let limit = world
            .process
            .stage_minutes(CaseStage::Accepted, Level::Normal);
        assert_eq!(limit, (code == "hotline").then_some(240), "{code}");
        let clock = limit.map(|minutes| Clock::over_minutes(START, minutes));
        assert_eq!(is_given_out(&world), Some(true), "{code}");
        give(&mut world, &actor(0, "dispatcher"), RECALL).unwrap();
        assert_eq!(world.case.stage, CaseStage::Accepted, "{code}");
        assert_eq!(world.case.clock, clock, "time runs on");
        assert_eq!(is_given_out(&world), Some(false), "{code}");
        let timeline: Vec<_> = world.timeline.iter().map(stored).collect();
        assert_eq!(timeline, world.timeline);
        world.dispatch();
        assert_eq!(world.case.stage, CaseStage::Handling);
    }
}

#[test]
fn without_a_lead_the_limit_of_acceptance_runs_anew_where_nothing_is_filed() {
    let mut world = given_out("hotline");
    world.wait(10);
    let lead = lead_id(&world);
    act(&mut world, "task_return", lead, 1).unwrap();
    let anew = Clock::over_minutes(world.now, 240);
    assert_eq!(world.case.clock, Some(anew));
}

#[test]
fn a_recall_that_does_not_say_where_it_leads_leads_to_filed() {
    // As it was written before processes that do not file were thought of.
    let body = json!({"kind": "case_recalled", "revoked": [], "clock": null, "reason": null});
    let fact: CaseFact = read_fact(EVENT_SCHEMA, &body.to_string()).unwrap();
    assert_eq!(serde_json::to_value(&fact).unwrap(), body);
    let world = given_out("hotline");
    let event = Event {
        fact,
        ..world.timeline[0].clone()
    };
    assert_eq!(case::evolve(world.case, &event).stage, CaseStage::Filed);
}
