//! Handling together: single rules of what is given on, verified, sent back, self-handled, inspected in the field.

use crate::law_handling_table::{act, changed, last, lead_id, new, refused};
use crate::world::*;
use base::Id;
use casework::lifecycle::case::CaseFact;
use casework::lifecycle::decide::CaseCommand;
use casework::lifecycle::handling::HandlingCommand as H;
use casework::lifecycle::overlays::OverlayCommand as O;
use casework::model::{CaseStage, TaskKind, TaskRole, TaskState};

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
fn a_task_is_assigned_to_a_person_of_the_holder() {
    let mut world = World::until(CaseStage::Handling);
    world.accept(1).unwrap();
    let task_id = lead_id(&world);
    let to = |n: u32| H::TaskAssign {
        task_id,
        staff_id: Id(77),
        works_for: vec![organisation(n).path],
    };
    let clerk = actor(1, "department_clerk");
    for n in [0, 2, 11, 21] {
        refused(&mut world, &clerk, to(n), "person_of_other_organisation");
    }
    world.act(&clerk, &CaseCommand::Handling(to(1))).unwrap();
    assert_eq!(world.case.lead().unwrap().assignee, Some(Id(77)));
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

#[test]
fn whoever_receives_a_return_may_only_re_route_it_or_send_it_back() {
    let mut world = World::until(CaseStage::Handling);
    let task_id = lead_id(&world);
    act(&mut world, "task_return", task_id, 1).unwrap();
    let merge = CaseCommand::Link(casework::lifecycle::links::LinkCommand::Merge {
        into_case_id: Id(5),
    });
    let leader = actor(0, "shift_leader");
    let before = world.case.clone();
    for (command, code) in [
        (merge, "return_open"),
        (
            CaseCommand::Overlay(O::Cancel { reason: note(1) }),
            "return_open",
        ),
        (
            CaseCommand::Overlay(O::Recall {
                reason: Some(note(1)),
            }),
            "return_open",
        ),
        (
            CaseCommand::Close {
                rule_row_id: Some(RULE),
                opinion: None,
            },
            "case_wrong_stage",
        ),
        (
            CaseCommand::InspectResult {
                passed: true,
                failed_task_ids: vec![],
                opinion: None,
            },
            "case_wrong_stage",
        ),
    ] {
        let refusal = world.act(&leader, &command).unwrap_err();
        assert_eq!(refusal.code(), code, "{command:?}");
        assert_eq!(world.case, before);
    }
}
