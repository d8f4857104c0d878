//! Each rule holds of a lawful tale and is broken by one made wrong in just that way.

use super::*;
use base::path::TreePath;
use casework::clocks::Clock;
use casework::model::{
    ClockKind, Digest, NoteRef, OrganisationRef, TaskKind, TaskOpened, TaskRole,
};

/// Makes a tale wrong in one way.
type Wrong = Box<dyn Fn(&mut Tale)>;

const LEAD: Id = Id(10);
const CHILD: Id = Id(11);
const INSPECTION: Id = Id(12);

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
        due_at: Timestamp(due),
    };
    Tale {
        stage: CaseStage::Closed,
        process: "city-management".to_owned(),
        is_accountable: true,
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
            "an open case has an accountable organisation",
            Box::new(|tale| {
                tale.stage = CaseStage::Closing;
                tale.is_accountable = false;
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
fn a_report_is_settled_only_when_its_cases_ended_and_it_was_called_back() {
    let asked = ReportFact::ReportCallingBack {
        task_id: Id(5),
        organisation: organisation(),
        clock: Clock::between(Timestamp(0), Timestamp(9)),
    };
    let called = ReportFact::ReportCalledBack {
        task_id: Id(5),
        answered: None,
    };
    let settled = ReportStage::Settled;
    assert!(settled_rightly(settled, false, &[]));
    assert!(settled_rightly(settled, false, &[asked.clone(), called]));
    assert!(!settled_rightly(settled, false, &[asked]));
    assert!(!settled_rightly(settled, true, &[]));
    assert!(!settled_rightly(ReportStage::CallingBack, true, &[]));
    assert!(settled_rightly(ReportStage::Accepted, true, &[]));
    assert!(!settled_rightly(ReportStage::Accepted, false, &[]));
}
