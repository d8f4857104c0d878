//! What may still be done once a case is closed: reopening, exclusion, appeals.

use crate::overlay_law::*;
use crate::world::*;
use casework::lifecycle::overlays::OverlayCommand as C;
use casework::model::{ApplicationState, CaseStage, TaskState};

#[test]
fn a_closed_case_is_opened_again_within_the_window_only_and_its_lead_does_it_again() {
    let mut world = World::until(CaseStage::Closed);
    world.wait(30 * 24 * 60);
    let (by, reopen) = command(&world, "case_reopen");
    give(&mut world, &by, reopen.clone()).unwrap();
    assert_eq!(world.case.stage, CaseStage::Handling);
    assert!(world.case.closed_at.is_none());
    let lead = world.case.lead().unwrap();
    assert_eq!(
        (lead.state, lead.opened_at),
        (TaskState::Accepted, world.now)
    );
    assert_eq!(world.case.clock, Some(lead.handling));
    world.finish(1).unwrap();
    world.inspect(&[]).unwrap();
    world.close().unwrap();
    world.wait(30 * 24 * 60 + 1);
    refused(&mut world, &by, reopen, "reopening_window_passed");
}

#[test]
fn an_exclusion_is_decided_by_another_person_and_may_be_asked_again_after_a_no() {
    let mut world = World::until(CaseStage::Handling);
    let (asks, decides) = (actor(0, "dispatcher"), leader());
    let ask = C::Exclude { reason: note(1) };
    let decide = |approved, opinion| C::ExclusionDecide { approved, opinion };
    give(&mut world, &asks, ask.clone()).unwrap();
    refused(&mut world, &asks, ask.clone(), "exclusion_twice");
    let mut same_person = decides.clone();
    same_person.staff_id = asks.staff_id;
    refused(
        &mut world,
        &same_person,
        decide(true, None),
        "own_application",
    );
    refused(&mut world, &decides, decide(false, None), "reason_required");
    give(&mut world, &decides, decide(false, Some(note(2)))).unwrap();
    assert!(!world.case.extra.overlays.is_excluded());
    give(&mut world, &asks, ask).unwrap();
    give(&mut world, &decides, decide(true, None)).unwrap();
    assert!(world.case.extra.overlays.is_excluded());
}

/// A closed case whose lead was late.
fn late_case() -> World {
    let mut world = World::until(CaseStage::Handling);
    working(&mut world);
    world.finish(2).unwrap();
    world.wait(601);
    world.finish(1).unwrap();
    world.inspect(&[]).unwrap();
    world.close().unwrap();
    world
}

#[test]
fn an_appeal_is_reviewed_twice_by_two_persons_in_their_order_and_the_raw_fact_stays() {
    let mut world = late_case();
    let lead = world.task_id(1);
    let clerk = actor(1, "department_clerk");
    let file = |task_id| C::AppealFile {
        task_id,
        reason: note(1),
    };
    let review = |approved, opinion| C::AppealReview { approved, opinion };
    let (first, second) = (actor(0, "dispatcher"), actor(0, "intake_clerk"));
    let co = world.task_id(2);
    refused(&mut world, &clerk, file(co), "task_of_other_organisation");
    give(&mut world, &clerk, file(lead)).unwrap();
    refused(&mut world, &clerk, file(lead), "appeal_twice");
    refused(&mut world, &second, review(true, None), "review_turn");
    give(&mut world, &first, review(true, None)).unwrap();
    assert!(
        !world.case.task(lead).unwrap().extra.overlays.exempt,
        "half is nothing"
    );
    let mut same_person = second.clone();
    same_person.staff_id = first.staff_id;
    refused(
        &mut world,
        &same_person,
        review(true, None),
        "own_application",
    );
    give(&mut world, &second, review(true, None)).unwrap();
    let task = world.case.task(lead).unwrap();
    assert!(task.extra.overlays.exempt);
    assert!(task.handling_overdue, "the raw fact stays");
    refused(&mut world, &second, review(true, None), "appeal_none");

    let mut world = late_case();
    give(&mut world, &clerk, file(lead)).unwrap();
    refused(&mut world, &first, review(false, None), "reason_required");
    give(&mut world, &first, review(false, Some(note(2)))).unwrap();
    let appeal = world.case.extra.overlays.appeal.as_ref().unwrap();
    assert_eq!(appeal.state, ApplicationState::Rejected, "one no decides");
    refused(&mut world, &clerk, file(lead), "appeal_twice");

    let mut world = late_case();
    world.wait(30 * 24 * 60 + 1);
    refused(&mut world, &clerk, file(lead), "appeal_window_passed");
}
