//! Each rule holds of a lawful tale and is broken by one made wrong in just that way.

use super::reports::Told;
use super::*;
use base::path::TreePath;
use casework::clocks::Clock;
use casework::lifecycle::report::{Answered, ReportFact};
use casework::model::{
    ClockKind, Digest, NoteRef, OrganisationRef, ProcessRef, RejectReason, ReportStage,
    Satisfaction, TaskKind, TaskOpened, TaskRole,
};

const MET: &str = "an organisation that the case has met answers for it while it is open";

/// Makes a tale wrong in one way.
type Wrong = Box<dyn Fn(&mut Tale)>;

const LEAD: Id = Id(10);
const CHILD: Id = Id(11);
const INSPECTION: Id = Id(12);
/// When tales are looked at: more than a minute after every clock.
const LONG_AFTER: i64 = 100_000_000;

fn organisation() -> OrganisationRef {
    OrganisationRef {
        id: Id(1),
        path: TreePath::root(1).unwrap(),
    }
}

fn opened(id: Id, role: TaskRole, due: i64) -> TaskOpened {
    TaskOpened {
        id,
        kind: TaskKind::Handle,
        role,
        organisation: organisation(),
        response: None,
        handling: Clock::between(Timestamp(0), Timestamp(due)),
    }
}

fn note() -> NoteRef {
    NoteRef {
        id: Id(99),
        digest: Digest(String::new()),
    }
}

fn entry(seq: i64, by: i64, fact: CaseFact) -> Entry {
    Entry {
        seq,
        occurred_at: Timestamp(seq),
        recorded_at: Timestamp(seq),
        by: Some(Id(by)),
        fact,
        has_note: true,
    }
}

/// Filed by 1, led and given on, returned for rework never, inspected by 3, closed.
fn lawful() -> Tale {
    let facts = vec![
        (
            1,
            CaseFact::CaseFiled {
                rule: None,
                organisation: organisation(),
                clock: None,
            },
        ),
        (
            1,
            CaseFact::CaseDispatched {
                tasks: vec![opened(LEAD, TaskRole::Lead, 100)],
                suggested: None,
            },
        ),
        (
            2,
            CaseFact::Handling(HandlingFact::TaskDelegated {
                parent_id: LEAD,
                task: opened(CHILD, TaskRole::Delegated, 90),
            }),
        ),
        (
            2,
            CaseFact::Overlay(OverlayFact::CaseExcluded {
                pending: true,
                reason: note(),
            }),
        ),
        (
            2,
            CaseFact::TaskFinished {
                task_id: LEAD,
                result: None,
            },
        ),
        (
            2,
            CaseFact::CaseHandled {
                inspection: opened(INSPECTION, TaskRole::Lead, 200),
            },
        ),
        (
            3,
            CaseFact::CaseInspected {
                task_id: INSPECTION,
                passed: true,
                opinion: None,
                reopened: Vec::new(),
                clock: None,
            },
        ),
        (
            1,
            CaseFact::CaseClosed {
                rule_row_id: None,
                rule_row_version: None,
                opinion: None,
            },
        ),
    ];
    let held = |id, parent_id, due| Held {
        id,
        parent_id,
        state: TaskState::Finished,
        response_due_at: None,
        due_at: Timestamp(due),
    };
    Tale {
        stage: CaseStage::Closed,
        process: "city-management".to_owned(),
        accountable: Some(organisation().id),
        split_from: Some(Id(50)),
        stage_due_at: None,
        now: Timestamp(LONG_AFTER),
        tasks: vec![
            held(LEAD, None, 100),
            held(CHILD, Some(LEAD), 90),
            held(INSPECTION, None, 200),
        ],
        entries: (1..)
            .zip(facts)
            .map(|(seq, (by, fact))| entry(seq, by, fact))
            .collect(),
    }
}

#[test]
fn a_lawful_tale_breaks_no_rule_and_each_wrong_one_its_own() {
    assert_eq!(lawful().broken().count(), 0);
    let wrong: Vec<(&str, Wrong)> = vec![
        (
            "a closed case passed an inspection or says why none",
            Box::new(|tale| {
                tale.process = "quick".to_owned();
                tale.entries.truncate(5);
                tale.entries.remove(0);
                for (seq, entry) in (1..).zip(&mut tale.entries) {
                    entry.seq = seq;
                }
                tale.tasks.truncate(2);
            }),
        ),
        (
            MET,
            Box::new(|tale| {
                tale.stage = CaseStage::Closing;
                tale.accountable = Some(Id(77));
            }),
        ),
        (
            "an overdue fact has its clock",
            Box::new(|tale| {
                let overdue = CaseFact::TaskOverdue {
                    task_id: LEAD,
                    clock: ClockKind::Handling,
                    due_at: Timestamp(5),
                    late: false,
                };
                tale.entries.push(entry(9, 1, overdue));
            }),
        ),
        (
            "a clock that ran out is told of",
            Box::new(|tale| {
                tale.stage = CaseStage::Handling;
                tale.tasks[0].state = TaskState::Accepted;
            }),
        ),
        (
            "what was split from a case is not merged into it",
            Box::new(|tale| {
                let merged = LinkFact::CaseMerged {
                    into_case_id: Id(50),
                    revoked_task_ids: Vec::new(),
                };
                tale.entries.push(entry(9, 1, CaseFact::Link(merged)));
            }),
        ),
        (
            "who handled a case did not inspect it",
            Box::new(|tale| tale.entries[6].by = Some(Id(2))),
        ),
        (
            "a timeline runs forward",
            Box::new(|tale| tale.entries[3].occurred_at = Timestamp(500)),
        ),
        (
            "a reason stands where one is required",
            Box::new(|tale| tale.entries[3].has_note = false),
        ),
        (
            "a task that was given on is due by the one it comes from",
            Box::new(|tale| {
                let fact = HandlingFact::TaskDelegated {
                    parent_id: LEAD,
                    task: opened(CHILD, TaskRole::Delegated, 101),
                };
                tale.entries[2].fact = CaseFact::Handling(fact);
                tale.tasks[1].due_at = Timestamp(101);
            }),
        ),
        (
            "a case takes the stages of its process in order",
            Box::new(|tale| tale.process = "hotline".to_owned()),
        ),
        (
            "a task is due when its timeline says",
            Box::new(|tale| tale.tasks[0].due_at = Timestamp(101)),
        ),
    ];
    assert_eq!(wrong.len(), RULES.len());
    for (rule, make_wrong) in wrong {
        let mut tale = lawful();
        make_wrong(&mut tale);
        assert_eq!(tale.broken().collect::<Vec<_>>(), vec![rule]);
    }
}

#[test]
fn what_passed_before_a_case_was_opened_again_does_not_count() {
    let mut tale = lawful();
    let closed = tale.entries[7].clone();
    let reopened = CaseFact::Overlay(OverlayFact::CaseReopened {
        tasks: Vec::new(),
        clock: None,
        reason: note(),
    });
    tale.entries.push(entry(9, 1, reopened));
    tale.entries.push(Entry {
        seq: 10,
        recorded_at: Timestamp(10),
        ..closed
    });
    let rule = "a closed case passed an inspection or says why none";
    assert!(tale.broken().any(|broken| broken == rule));
}

#[test]
fn an_organisation_that_nobody_knows_cannot_answer_for_an_open_case() {
    let mut tale = lawful();
    tale.accountable = None;
    assert_eq!(tale.broken().count(), 0);
    tale.stage = CaseStage::Closing;
    assert_eq!(tale.broken().collect::<Vec<_>>(), vec![MET]);
}

#[test]
fn a_clock_of_a_desk_that_ran_out_is_told_of_and_only_such_a_one() {
    let overdue = |due| {
        CaseFact::Overlay(OverlayFact::StageOverdue {
            stage: CaseStage::Filed,
            due_at: Timestamp(due),
            late: false,
        })
    };
    let mut tale = lawful();
    tale.stage = CaseStage::Filed;
    tale.stage_due_at = Some(Timestamp(5));
    tale.entries[0].fact = CaseFact::CaseFiled {
        rule: None,
        organisation: organisation(),
        clock: Some(Clock::between(Timestamp(0), Timestamp(5))),
    };
    let broken = |tale: &Tale| tale.broken().collect::<Vec<_>>();
    assert_eq!(broken(&tale), vec!["a clock that ran out is told of"]);
    tale.entries.push(entry(9, 1, overdue(5)));
    assert_eq!(broken(&tale), Vec::<&str>::new());
    tale.entries.push(entry(10, 1, overdue(6)));
    assert_eq!(broken(&tale), vec!["an overdue fact has its clock"]);
}

#[test]
fn a_timer_has_a_minute_to_fire() {
    let mut tale = lawful();
    tale.stage = CaseStage::Handling;
    tale.tasks[0].state = TaskState::Assigned;
    tale.tasks[0].response_due_at = Some(Timestamp(50));
    tale.now = Timestamp(50).plus_seconds(60);
    assert_eq!(tale.broken().count(), 0);
    tale.now = Timestamp(51).plus_seconds(60);
    assert_eq!(tale.broken().count(), 1);
    // Once it is accepted, its response was in time or is on the timeline already.
    tale.tasks[0].state = TaskState::Accepted;
    assert_eq!(tale.broken().count(), 0);
}

/// What is broken of a report in that stage, with an open case or none, of a process that calls twice.
fn broken(stage: ReportStage, has_open: bool, facts: &[ReportFact]) -> usize {
    let told = |fact: &ReportFact| Told {
        fact: fact.clone(),
        has_note: true,
    };
    let account = Account {
        stage,
        has_open,
        entries: facts.iter().map(told).collect(),
    };
    account
        .broken(|code| if code == "hotline" { 2 } else { 1 })
        .count()
}

#[test]
fn a_report_is_settled_only_when_its_cases_ended_and_it_was_called_back() {
    let accepted = ReportFact::ReportAccepted {
        case_ids: Vec::new(),
        joined_case_ids: Vec::new(),
        process: Some(ProcessRef {
            code: "hotline".to_owned(),
            version: 1,
        }),
    };
    let asked = ReportFact::ReportCallingBack {
        task_id: Id(5),
        organisation: organisation(),
        clock: Clock::between(Timestamp(0), Timestamp(9)),
    };
    let unreached = ReportFact::ReportCalledBack {
        task_id: Id(5),
        answered: None,
    };
    let reached = ReportFact::ReportCalledBack {
        task_id: Id(5),
        answered: Some(Answered {
            solved: true,
            satisfaction: Satisfaction::Satisfied,
            words: None,
        }),
    };
    let (settled, fact) = (ReportStage::Settled, ReportFact::ReportSettled {});
    let told = |calls: &[&ReportFact]| {
        let facts = [&accepted, &asked].into_iter().chain(calls.iter().copied());
        facts.chain([&fact]).cloned().collect::<Vec<_>>()
    };
    assert_eq!(broken(settled, false, &[]), 0);
    assert_eq!(broken(settled, false, &told(&[])), 1);
    assert_eq!(broken(settled, false, &told(&[&unreached])), 1);
    assert_eq!(broken(settled, false, &told(&[&unreached, &unreached])), 0);
    assert_eq!(broken(settled, false, &told(&[&unreached, &reached])), 0);
    assert_eq!(broken(settled, true, &[]), 1);
    assert_eq!(broken(ReportStage::CallingBack, true, &[]), 1);
    assert_eq!(broken(ReportStage::Accepted, true, &[]), 0);
    assert_eq!(broken(ReportStage::Accepted, false, &[]), 1);
}

#[test]
fn a_report_that_came_to_nothing_says_why() {
    let told = |fact, has_note| Account {
        stage: ReportStage::Rejected,
        has_open: false,
        entries: vec![Told { fact, has_note }],
    };
    let rejected = ReportFact::ReportRejected {
        reason: RejectReason::OutOfScope,
        answer: note(),
    };
    let withdrawn = ReportFact::ReportWithdrawn {
        by_reporter: true,
        reason: note(),
    };
    for fact in [rejected, withdrawn] {
        assert_eq!(told(fact.clone(), true).broken(|_| 1).count(), 0);
        let broken = told(fact, false).broken(|_| 1).collect::<Vec<_>>();
        assert_eq!(broken, vec!["a rejection or withdrawal carries words"]);
    }
}
