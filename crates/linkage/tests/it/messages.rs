//! Messages to whoever told something: each turn that matters, once.

use crate::notices::{Told, each_house, placed};
use crate::town::*;
use base::Id;
use casework::input::*;
use store::consumer::drain;
use store::{Statement, StoreError, params};

/// What reporters are to be told: report and kind of message, in the order in which it happened.
fn messages(told: &Told<'_>) -> Vec<(Id, String)> {
    placed(told.store);
    drain(&told.store.store, &told.consumer).unwrap();
    let list =
        Statement::composed("SELECT report_id, kind FROM portal_message ORDER BY id".to_owned());
    let read = told.store.store.read_blocking(move |tx| {
        tx.query(&list, params![], |row| {
            Ok::<_, StoreError>((row.get(0)?, row.get(1)?))
        })
    });
    read.unwrap()
}

#[test]
fn every_reporter_of_a_merged_case_is_told_each_turn_and_the_result() {
    each_house(|told| {
        let (town, work) = (told.town, &told.town.casework);
        let (first, second) = (town.create(), town.create());
        let (kept, merged) = (first.case.unwrap().id, second.case.unwrap().id);
        let reporters = [first.report.id, second.report.id];
        let into = CaseMergeRequest { into_case_id: kept };
        wait(work.case_merge(&call(&centre("shift_leader")), merged, into)).unwrap();
        town.complete(kept);
        for report in reporters {
            let solved = ReportCallbackRequest {
                reached: true,
                solved: Some(true),
                satisfaction: Some(casework::model::Satisfaction::Satisfied),
                words: None,
                redo: None,
                occurred_at: None,
            };
            wait(work.report_callback(&call(&centre("intake_clerk")), report, solved)).unwrap();
        }
        let all = messages(told);
        for report in reporters {
            let kinds: Vec<&str> = all
                .iter()
                .filter(|(of, _)| *of == report)
                .map(|(_, kind)| kind.as_str())
                .collect();
            assert_eq!(kinds, ["accepted", "asking", "settled"], "{all:?}");
        }
        assert_eq!(all.len(), 6);
    });
}

#[test]
fn whoever_told_something_is_told_of_an_answer_and_of_a_refusal() {
    each_house(|told| {
        let (town, work) = (told.town, &told.town.casework);
        let clerk = call(&centre("intake_clerk"));
        let (answered, rejected) = (town.receive().id, town.receive().id);
        let answer = ReportAnswerRequest {
            answer: "已于昨日修复".to_owned(),
        };
        wait(work.report_answer(&clerk, answered, answer)).unwrap();
        let no = ReportRejectRequest {
            reason: casework::model::RejectReason::OutOfScope,
            answer: "请向电力公司反映".to_owned(),
        };
        wait(work.report_reject(&clerk, rejected, no)).unwrap();
        let expected = [(answered, "answered"), (rejected, "rejected")];
        assert_eq!(
            messages(told),
            expected.map(|(report, kind)| (report, kind.to_owned()))
        );
    });
}
