//! The law of reports: the complete table stage × command, and who may decide on what.

use crate::world::*;
use base::Id;
use casework::clocks::Clock;
use casework::lifecycle::report::{self, CallbackNew, ReportCommand, ReportFact, ReportReceived};
use casework::lifecycle::{Circumstances, Event, Fact, Refusal};
use casework::model::{
    Actor, CaseStage, Digest, ForgetReason, Level, RejectReason, Report, ReportStage, Satisfaction,
};
use casework::process::Process;

fn circumstances<'a>(process: &'a Process, by: &'a Actor) -> Circumstances<'a> {
    Circumstances {
        recorded_at: START,
        occurred_at: START,
        actor: Some(by),
        process,
        reckoner: &TenHours,
        rule: None,
        category_has_rules: true,
        suggested: None,
    }
}

fn received(by: &Actor) -> Event<ReportFact> {
    Event {
        occurred_at: START,
        recorded_at: START,
        by: Some(by.clone()),
        fact: ReportFact::ReportReceived(ReportReceived {
            report_id: REPORT,
            report_no: "SQ310118-20261121-00001".to_owned(),
            source: "hotline".to_owned(),
            level: Level::Urgent,
            words: Digest("ef".repeat(32)),
            area_path: None,
            point: None,
            external: None,
            clock: None,
        }),
    }
}

fn step(
    report: &Report,
    command: &ReportCommand,
    by: &Actor,
) -> Result<(Report, Vec<&'static str>), Refusal> {
    let process = process();
    report::decide(report, command, &circumstances(&process, by)).map(|events| {
        let kinds = events.iter().map(|event| event.fact.kind()).collect();
        (events.iter().fold(report.clone(), report::evolve), kinds)
    })
}

fn accept() -> ReportCommand {
    ReportCommand::Accept {
        case_ids: vec![Id(1)],
        joined_case_ids: vec![Id(2)],
    }
}

fn ended(id: i64) -> ReportCommand {
    ended_as(id, CaseStage::Closed)
}

fn ended_as(id: i64, outcome: CaseStage) -> ReportCommand {
    ReportCommand::CaseEnded {
        case_id: Id(id),
        outcome,
        callback: CallbackNew {
            task_id: Id(90),
            organisation: organisation(0),
        },
    }
}

fn answer() -> ReportCommand {
    ReportCommand::Answer { answer: note(5) }
}

fn reject() -> ReportCommand {
    ReportCommand::Reject {
        reason: RejectReason::OutOfScope,
        answer: note(6),
    }
}

fn withdraw() -> ReportCommand {
    ReportCommand::Withdraw {
        by_reporter: true,
        reason: note(7),
    }
}

/// A report in each stage that the law knows a way to.
fn in_stage(stage: ReportStage) -> Report {
    let clerk = actor(0, "intake_clerk");
    let first = report::begin(&received(&clerk)).unwrap();
    let after = |commands: &[ReportCommand]| {
        commands.iter().fold(first.clone(), |report, command| {
            step(&report, command, &clerk).unwrap().0
        })
    };
    let report = match stage {
        ReportStage::Received => first.clone(),
        ReportStage::Accepted => after(&[accept()]),
        ReportStage::Settled => after(&[accept(), ended(1), ended(2)]),
        ReportStage::Answered => after(&[answer()]),
        ReportStage::Rejected => after(&[reject()]),
        ReportStage::Withdrawn => after(&[withdraw()]),
        ReportStage::CallingBack => unreachable!("the classic process calls nobody back"),
    };
    assert_eq!(report.stage, stage);
    report
}

#[test]
fn every_cell_of_report_stage_by_command_is_as_the_law_says() {
    const WRONG: &str = "report_wrong_stage";
    const FREE: &str = "report_not_claimed";
    let columns = [
        ReportCommand::Claim,
        ReportCommand::Release,
        accept(),
        answer(),
        reject(),
        withdraw(),
        ReportCommand::Join { case_id: Id(9) },
        ReportCommand::Callback {
            answered: None,
            redo: None,
        },
        ReportCommand::Rate {
            satisfaction: Satisfaction::Satisfied,
            words: None,
        },
        ReportCommand::Assign {
            staff_id: Id(7),
            works_for: vec![organisation(0).path],
            received_by: organisation(0).path,
        },
        ReportCommand::Forget {
            reason: ForgetReason::Asked,
        },
    ];
    #[rustfmt::skip]
    let table = [
        (ReportStage::Received,  ["ok",  FREE,  "ok",  "ok",  "ok",  "ok",  WRONG, WRONG, WRONG, "role_may_not", WRONG]),
        (ReportStage::Accepted,  [WRONG, WRONG, WRONG, WRONG, WRONG, "ok",  "ok",  WRONG, WRONG, WRONG, WRONG]),
        (ReportStage::Settled,   [WRONG, WRONG, WRONG, WRONG, WRONG, WRONG, WRONG, WRONG, "ok", WRONG, "role_may_not"]),
        (ReportStage::Answered,  [WRONG, WRONG, WRONG, WRONG, WRONG, WRONG, WRONG, WRONG, "ok", WRONG, "role_may_not"]),
        (ReportStage::Rejected,  [WRONG, WRONG, WRONG, WRONG, WRONG, WRONG, WRONG, WRONG, "ok", WRONG, "role_may_not"]),
        (ReportStage::Withdrawn, [WRONG, WRONG, WRONG, WRONG, WRONG, WRONG, WRONG, WRONG, WRONG, WRONG, "role_may_not"]),
    ];
    let clerk = actor(0, "intake_clerk");
    for (stage, row) in table {
        let report = in_stage(stage);
        for (command, expected) in columns.iter().zip(row) {
            let outcome = step(&report, command, &clerk);
            let code = outcome.as_ref().map_or_else(Refusal::code, |_| "ok");
            assert_eq!(code, expected, "{} while {stage}", command.operation());
            if code == "ok" {
                let stranger = actor(0, "leader");
                let refusal = step(&report, command, &stranger).unwrap_err();
                assert_eq!(refusal.code(), "role_may_not", "{}", command.operation());
            }
        }
    }
}

#[test]
fn a_report_is_settled_when_its_last_case_ends_and_not_before() {
    let clerk = actor(0, "intake_clerk");
    let first = in_stage(ReportStage::Received);
    assert_eq!(step(&first, &ended(1), &clerk).unwrap().1, [""; 0]);
    let (accepted, kinds) = step(&first, &accept(), &clerk).unwrap();
    assert_eq!(kinds, ["report_accepted"]);
    assert_eq!(accepted.cases.len(), 2, "opened and joined");
    assert_eq!(accepted.extra.process, Some(process().reference));
    let (half, kinds) = step(&accepted, &ended(1), &clerk).unwrap();
    assert_eq!(kinds, ["report_case_closed"]);
    assert_eq!(half.stage, ReportStage::Accepted);
    assert_eq!(step(&half, &ended(1), &clerk).unwrap().1, [""; 0], "once");
    let (settled, kinds) = step(&half, &ended(2), &clerk).unwrap();
    assert_eq!(kinds, ["report_case_closed", "report_settled"]);
    assert!(settled.settled_at.is_some());
    // A cancelled case has ended as well.
    let cancelled = ended_as(2, CaseStage::Cancelled);
    let (settled_too, kinds) = step(&half, &cancelled, &clerk).unwrap();
    assert_eq!(kinds, ["report_case_closed", "report_settled"]);
    assert_eq!(settled_too.stage, ReportStage::Settled);

    let reopened = ReportCommand::CaseReopened { case_id: Id(2) };
    let (again, kinds) = step(&settled, &reopened, &clerk).unwrap();
    assert_eq!(kinds, ["report_case_reopened"]);
    assert_eq!(
        (again.stage, again.settled_at),
        (ReportStage::Accepted, None)
    );
    assert_eq!(step(&again, &reopened, &clerk).unwrap().1, [""; 0], "once");
    assert_eq!(
        step(&again, &ended(2), &clerk).unwrap().0.stage,
        ReportStage::Settled
    );
}

#[test]
fn a_merged_case_settles_nobody_and_leaves_the_report_with_the_other() {
    let clerk = actor(0, "intake_clerk");
    let accepted = in_stage(ReportStage::Accepted);
    let moved = |into: i64| ReportCommand::CaseMoved {
        case_id: Id(1),
        into_case_id: Id(into),
    };
    for into in [2, 8] {
        let (report, kinds) = step(&accepted, &moved(into), &clerk).unwrap();
        assert_eq!(kinds, ["report_case_moved"]);
        let open: Vec<_> = report.cases.iter().filter(|each| !each.closed).collect();
        assert!(open.iter().any(|each| each.case_id == Id(into)));
        assert!(open.iter().all(|each| each.case_id != Id(1)));
        assert_eq!(report.stage, ReportStage::Accepted);
        let (_, kinds) = step(&report, &ended(1), &clerk).unwrap();
        assert_eq!(kinds, [""; 0], "the merged case ends for nobody");
    }
}

#[test]
fn what_somebody_has_taken_others_neither_decide_nor_take() {
    let clerk = actor(0, "intake_clerk");
    let mut colleague = actor(0, "intake_clerk");
    colleague.staff_id = Id(77);
    let (claimed, kinds) = step(
        &in_stage(ReportStage::Received),
        &ReportCommand::Claim,
        &clerk,
    )
    .unwrap();
    assert_eq!(kinds, ["report_claimed"]);
    assert_eq!(
        claimed.extra.claim.as_ref().unwrap().staff_id,
        clerk.staff_id
    );
    for command in [ReportCommand::Claim, accept(), answer(), reject()] {
        let refusal = step(&claimed, &command, &colleague).unwrap_err();
        assert_eq!(refusal.code(), "report_claimed_by_other");
    }
    let again = step(&claimed, &ReportCommand::Claim, &clerk).unwrap();
    assert_eq!((again.0, again.1.len()), (claimed.clone(), 0));
    let refusal = step(&claimed, &ReportCommand::Release, &colleague).unwrap_err();
    assert_eq!(refusal.code(), "role_may_not");
    for by in [&clerk, &actor(0, "shift_leader")] {
        let (released, _) = step(&claimed, &ReportCommand::Release, by).unwrap();
        assert_eq!(released.extra.claim, None);
    }
    let (accepted, _) = step(&claimed, &accept(), &clerk).unwrap();
    assert_eq!(accepted.extra.claim, None, "decided on, it is nobody's");
}

#[test]
fn a_report_joins_a_case_once() {
    let clerk = actor(0, "intake_clerk");
    let accepted = in_stage(ReportStage::Accepted);
    for (case_id, code) in [(1, Some("report_joined_already")), (3, None)] {
        let command = ReportCommand::Join {
            case_id: Id(case_id),
        };
        let outcome = step(&accepted, &command, &clerk);
        assert_eq!(outcome.err().map(|refusal| refusal.code()), code);
    }
}

#[test]
fn what_leaves_the_pool_too_late_says_so_first() {
    let process = process();
    let clerk = actor(0, "intake_clerk");
    let mut waiting = in_stage(ReportStage::Received);
    let clock = Clock::over_minutes(START, 10);
    waiting.clock = Some(clock);
    for command in [accept(), answer(), reject(), withdraw()] {
        // Judged by when it was done, not by when we learnt of it.
        for (minutes, is_late) in [(10, false), (11, true)] {
            let done = Circumstances {
                recorded_at: START.plus_seconds(60 * 60),
                occurred_at: START.plus_seconds(minutes * 60),
                ..circumstances(&process, &clerk)
            };
            let events = report::decide(&waiting, &command, &done).unwrap();
            let after = events.iter().fold(waiting.clone(), report::evolve);
            let operation = command.operation();
            assert_eq!(events.len(), 1 + usize::from(is_late), "{operation}");
            assert_eq!(after.extra.is_overdue, is_late, "{operation}");
            assert_ne!(after.stage, ReportStage::Received);
            if is_late {
                let overdue = &events[0];
                let due_at = clock.due_at;
                let fact = ReportFact::ReportOverdue { due_at, late: true };
                assert_eq!((&overdue.fact, overdue.occurred_at), (&fact, due_at));
                assert_eq!(overdue.by, None);
                // A timer that fires afterwards finds nothing to do.
                let timer = ReportCommand::PoolDeadline;
                assert_eq!(report::decide(&after, &timer, &done).unwrap(), []);
            }
        }
    }
    // On record already, it is not said again.
    waiting.extra.is_overdue = true;
    let late = Circumstances {
        recorded_at: START.plus_seconds(60 * 60),
        occurred_at: START.plus_seconds(60 * 60),
        ..circumstances(&process, &clerk)
    };
    let events = report::decide(&waiting, &answer(), &late).unwrap();
    assert_eq!(events.len(), 1);
}
