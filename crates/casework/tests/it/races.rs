//! Two and more at once, on both engines.

use crate::town::*;
use base::{FailureKind, Problem};
use casework::Call;
use casework::input::CaseDispatchRequest;

#[test]
fn of_eight_at_once_one_wins_and_the_others_learn_the_new_state() {
    each_town(|town, _| {
        for _ in 0..10 {
            let case_id = town.create().case.unwrap().id;
            town.file(case_id);
            let outcomes = at_once(8, |_| {
                let request = CaseDispatchRequest {
                    lead_organisation_id: ROADS,
                    co_organisation_ids: vec![WATER],
                };
                wait(
                    town.casework
                        .case_dispatch(&call(&centre("dispatcher")), case_id, request),
                )
            });
            let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
            assert_eq!((won.len(), lost.len()), (1, 7));
            for loser in lost {
                let problem: Problem = loser.unwrap_err().into();
                assert!(matches!(
                    problem.kind,
                    FailureKind::Refused | FailureKind::Conflict
                ));
                assert_eq!(problem.current.unwrap()["stage"], "handling");
            }
        }
        town.verify();
    });
}

#[test]
fn one_key_used_by_eight_at_once_makes_one_report() {
    each_town(|town, _| {
        let answers = at_once(8, |_| {
            let keyed = Call {
                idempotency_key: Some("once".to_owned()),
                ..call(&centre("intake_clerk"))
            };
            wait(town.casework.report_create(&keyed, report_request())).unwrap()
        });
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(town.casework.verify().unwrap().reports, 1);
    });
}

#[test]
fn numbers_are_unique_among_many_at_once_and_run_without_large_gaps() {
    each_town(|town, _| {
        let mut numbers = at_once(8, |_| {
            (0..20)
                .map(|_| town.create().case.unwrap().case_no)
                .collect::<Vec<_>>()
        })
        .concat();
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), 160);
        let last: i64 = numbers
            .last()
            .unwrap()
            .rsplit('-')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        assert!(last < 160 + 8 * 64, "{last}");
    });
}
