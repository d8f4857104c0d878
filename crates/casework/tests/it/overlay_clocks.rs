//! Clocks of stages, the ladder, given deadlines, modes; and clocks worked out by hand on the real calendar.

use crate::law_handling_table::{act, lead_id};
use crate::overlay_law::{give, leader, refused, timer, working};
use crate::world::*;
use base::{Id, Timestamp};
use calendar::{Limit, WorkCalendar};
use casework::clocks::{Clock, Reckoner};
use casework::lifecycle::case;
use casework::lifecycle::overlays::{OverlayCommand as C, OverlayFact};
use casework::model::{CaseStage, ClockKind, Level, Task};

#[test]
fn a_stage_left_late_is_on_record_whether_a_timer_or_the_next_step_finds_it() {
    let mut world = World::new();
    let due_at = world.case.clock.unwrap().due_at;
    world.now = due_at;
    assert_eq!(
        timer(&mut world, C::StageDue { due_at }),
        [""; 0],
        "in time until after it"
    );
    world.wait(1);
    assert_eq!(timer(&mut world, C::StageDue { due_at }), ["stage_overdue"]);
    assert_eq!(timer(&mut world, C::StageDue { due_at }), [""; 0], "once");
    world.file();
    // Filing and dispatch share the limit: the dispatch is late, too, and says so itself.
    let command = world.dispatch_command();
    let count = world.act(&actor(0, "dispatcher"), &command).unwrap();
    assert_eq!(count, 2);
    let stages: Vec<_> = world
        .timeline
        .iter()
        .filter_map(|event| match &event.fact {
            case::CaseFact::Overlay(OverlayFact::StageOverdue { stage, due_at, .. }) => {
                assert_eq!(event.occurred_at, *due_at);
                Some(*stage)
            }
            _ => None,
        })
        .collect();
    assert_eq!(stages, [CaseStage::Accepted, CaseStage::Filed]);
}

#[test]
fn the_ladder_is_climbed_in_order_once_and_late_after_an_outage() {
    let mut world = World::until(CaseStage::Handling);
    let task_id = working(&mut world);
    let due_at = world.case.task(task_id).unwrap().handling.due_at;
    let climb = C::Escalate {
        task_id: Some(task_id),
        clock: ClockKind::Handling,
        due_at,
    };
    world.wait(449);
    assert_eq!(timer(&mut world, climb.clone()), [""; 0]);
    world.wait(1);
    assert_eq!(
        timer(&mut world, climb.clone()),
        ["clock_escalated"],
        "at 75 per cent"
    );
    assert_eq!(timer(&mut world, climb.clone()), [""; 0], "once");
    // The house was dark until after the last rung.
    world.wait(600);
    assert_eq!(timer(&mut world, climb.clone()), ["clock_escalated"; 3]);
    let rungs: Vec<_> = world
        .timeline
        .iter()
        .filter_map(|event| match &event.fact {
            case::CaseFact::Overlay(OverlayFact::ClockEscalated {
                rung,
                notify,
                late,
                proposes_supervision,
                ..
            }) => Some((*rung, notify.as_str(), *late, *proposes_supervision)),
            _ => None,
        })
        .collect();
    assert_eq!(
        rungs,
        [
            (1, "handler", false, false),
            (2, "leader", true, false),
            (3, "dispatcher", true, false),
            (4, "shift_leader", true, true)
        ]
    );
    assert_eq!(timer(&mut world, climb), [""; 0]);
}

#[test]
fn a_given_deadline_is_obeyed_and_no_open_task_ends_later() {
    let mut world = World::until(CaseStage::Handling);
    let due_at = world.now.plus_seconds(3_600);
    let give_it = |due_at| C::DeadlineGive {
        task_id: None,
        due_at,
        reason: None,
    };
    let past = world.now;
    refused(&mut world, &leader(), give_it(past), "date_passed");
    give(&mut world, &leader(), give_it(due_at)).unwrap();
    assert!(
        world
            .case
            .tasks
            .iter()
            .all(|task| task.handling.due_at == due_at)
    );
    assert_eq!(world.case.clock.unwrap().due_at, due_at);
    // A later one: the lead may take longer, the others keep what they have.
    let later = due_at.plus_seconds(3_600);
    give(&mut world, &leader(), give_it(later)).unwrap();
    let due: Vec<_> = world
        .case
        .tasks
        .iter()
        .map(|task| task.handling.due_at)
        .collect();
    assert_eq!(due, [later, due_at]);
}

#[test]
fn a_mode_raises_the_level_and_shortens_handling_until_it_is_lifted() {
    let mut world = World::until(CaseStage::Handling);
    let apply = |mode: Option<&str>| C::ModeApply {
        mode: mode.map(str::to_owned),
    };
    refused(&mut world, &leader(), apply(None), "overlay_unchanged");
    refused(
        &mut world,
        &leader(),
        apply(Some("carnival")),
        "mode_unknown",
    );
    world.wait(1);
    give(&mut world, &leader(), apply(Some("emergency"))).unwrap();
    assert_eq!(world.case.level, Level::Urgent);
    let lead = world.case.lead().unwrap();
    assert_eq!(lead.response, Some(Clock::over_minutes(world.now, 15)));
    give(&mut world, &leader(), apply(None)).unwrap();
    assert_eq!(world.case.level, Level::Normal);
    assert!(world.case.extra.overlays.mode.is_none());
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn suspensions_and_extensions_on_the_real_calendar_worked_out_by_hand() {
    let calendar = WorkCalendar::china().unwrap();
    let hours = Limit::working_hours(4);
    // Working hours are 8:30 to 12:00 and 13:30 to 17:30. On the eve of National Day at 16:30 one hour is left, the other
    // three are those of the morning of 8 October.
    let clock = Reckoner::clock(&calendar, at("2026-09-30T16:30:00+08:00"), &hours);
    assert_eq!(clock.due_at, at("2026-10-08T11:30:00+08:00"));
    let suspended = |from: &str, to: &str| {
        let then = calendar.stretched(&clock, &hours, at(from), at(to));
        then.due_at.to_string()
    };
    // Over the holiday only: no working time passed, so nothing is won or lost but the wait until the 8th.
    assert_eq!(
        suspended("2026-10-01T00:00:00+08:00", "2026-10-07T23:59:00+08:00"),
        "2026-10-08T11:30:00+08:00"
    );
    // From the very start until the 8th at 8:30: all four hours are left, three and a half of them before noon.
    assert_eq!(
        suspended("2026-09-30T16:30:00+08:00", "2026-10-08T08:30:00+08:00"),
        "2026-10-08T14:00:00+08:00"
    );
    // After it had run out nothing changes.
    assert_eq!(
        suspended("2026-10-08T11:30:00+08:00", "2026-10-09T11:30:00+08:00"),
        "2026-10-08T11:30:00+08:00"
    );
    // Around the clock every hour counts.
    let urgent = Limit::urgent_hours(2);
    let clock = Reckoner::clock(&calendar, at("2026-09-30T23:00:00+08:00"), &urgent);
    let then = calendar.stretched(
        &clock,
        &urgent,
        at("2026-09-30T23:30:00+08:00"),
        at("2026-10-03T08:00:00+08:00"),
    );
    assert_eq!(then.due_at, at("2026-10-03T09:30:00+08:00"));
    // One working day from Tuesday at nine is due on the eve at nine; one more ends on the 8th at nine.
    let day = Limit::working_days(1);
    let clock = Reckoner::clock(&calendar, at("2026-09-29T09:00:00+08:00"), &day);
    assert_eq!(clock.due_at, at("2026-09-30T09:00:00+08:00"));
    let then = calendar.extended(&clock, &day);
    assert_eq!(then.due_at, at("2026-10-08T09:00:00+08:00"));
}

fn level(level: Level) -> C {
    let reason = Some(note(1));
    C::Level { level, reason }
}

#[test]
fn a_level_set_while_a_mode_holds_stays_when_the_mode_is_lifted() {
    let apply = |mode: Option<&str>| C::ModeApply {
        mode: mode.map(str::to_owned),
    };
    for meant in [Level::Critical, Level::Normal] {
        let mut world = World::until(CaseStage::Handling);
        give(&mut world, &leader(), apply(Some("emergency"))).unwrap();
        assert_eq!(world.case.level, Level::Urgent);
        give(&mut world, &leader(), level(meant)).unwrap();
        give(&mut world, &leader(), apply(None)).unwrap();
        assert_eq!(world.case.level, meant);
    }
}

#[test]
fn a_desk_s_clock_is_set_anew_whoever_else_is_at_work() {
    let deadline = |world: &World| C::DeadlineGive {
        task_id: None,
        due_at: world.now.plus_seconds(86_400),
        reason: None,
    };
    // A verification is under way, and the case still waits to be filed.
    let verified = || {
        let mut world = World::new();
        act(&mut world, "case_verify", Id(9), 0).unwrap();
        world
    };
    // The lead has returned it, a co-handler goes on, and the case waits to be dispatched.
    let returned = || {
        let mut world = World::until(CaseStage::Handling);
        let lead = lead_id(&world);
        act(&mut world, "task_return", lead, 1).unwrap();
        world
    };
    for begun in [verified, returned] {
        let mut world = begun();
        assert!(world.case.tasks.iter().any(Task::is_open));
        let tasks = world.case.tasks.clone();
        let wanted = deadline(&world);
        give(&mut world, &leader(), wanted).unwrap();
        let given = Clock::between(world.now, world.now.plus_seconds(86_400));
        assert_eq!(world.case.clock, Some(given));
        assert_eq!(world.case.tasks, tasks, "nobody else has less or more time");

        let mut world = begun();
        world.wait(1);
        give(&mut world, &leader(), level(Level::Urgent)).unwrap();
        let sooner = Clock::over_minutes(world.now, 10);
        assert_eq!(world.case.clock, Some(sooner), "ten minutes from now");
    }
}
