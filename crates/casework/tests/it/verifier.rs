//! The verifier finds what was tampered with, and does not mind what was forgotten.

use crate::town::*;
use base::{Id, Problem};
use casework::input::*;
use casework::model::ForgetReason;
use casework::service::CaseQuery;
use casework::view::ReportStateView;
use store::params;

/// Law 9: what was said can be destroyed; what was done stays provable.
#[test]
fn a_reporter_can_be_forgotten_and_the_record_stays_whole() {
    each_town(|town, _| {
        let created = town.create();
        let (id, case_id) = (created.report.id, created.case.unwrap().id);
        town.handle(case_id);
        town.inspect(case_id, vec![]);
        town.close(case_id);
        let kinds = town.kinds(case_id);
        let leader = call(&centre("shift_leader"));
        let forget = || {
            let request = ReportForgetRequest {
                reason: ForgetReason::Asked,
            };
            wait(town.casework.report_forget(&leader, id, request))
        };
        let version = forget().unwrap().version;
        assert_eq!(forget().unwrap().version, version, "once");
        town.verify();
        assert_eq!(town.kinds(case_id), kinds);
        let view = wait(town.casework.case_view(&centre("leader"), case_id)).unwrap();
        assert_eq!((view.head.title, view.detail), (None, None));
        assert!(view.tasks.iter().all(|task| task.result.is_none()));
        let told = wait(town.casework.report_view(&centre("intake_clerk"), id)).unwrap();
        assert!(told.reporter.is_none() && told.head.title.is_none());
        let listed = wait(
            town.casework
                .case_list(&centre("leader"), CaseQuery::default()),
        )
        .unwrap();
        assert_eq!(listed.items[0].title, None);
        let found = wait(
            town.casework
                .report_search(&centre("intake_clerk"), "13812341234"),
        )
        .unwrap();
        assert!(found.items.is_empty());
    });
}

#[test]
fn what_others_told_and_what_is_still_needed_is_not_forgotten() {
    each_town(|town, _| {
        let work = &town.casework;
        let leader = call(&centre("shift_leader"));
        let forget = |id: Id| {
            let request = ReportForgetRequest {
                reason: ForgetReason::Expired,
            };
            wait(work.report_forget(&leader, id, request))
        };
        let code = |outcome: Result<_, casework::CaseworkError>| {
            let problem: Problem = outcome.map(|_: ReportStateView| ()).unwrap_err().into();
            problem.code
        };
        let created = town.create();
        let (first, case_id) = (created.report.id, created.case.unwrap().id);
        let other = town.receive().id;
        let join = ReportAcceptRequest {
            open_cases: vec![],
            join_case_ids: vec![case_id],
        };
        wait(work.report_accept(&call(&centre("intake_clerk")), other, join)).unwrap();
        assert_eq!(code(forget(other)), "report_wrong_stage");
        let withdraw = ReportWithdrawRequest {
            by_reporter: true,
            reason: "已解决".to_owned(),
        };
        wait(work.report_withdraw(&leader, other, withdraw)).unwrap();
        assert_eq!(code(forget(other)), "report_case_open");
        town.complete(case_id);
        let result = |town: &Town| {
            let view = wait(town.casework.case_view(&leader.principal, case_id)).unwrap();
            view.tasks[0].result.is_some()
        };
        forget(other).unwrap();
        assert!(result(town), "the first told of the case, too");
        let kept = wait(work.report_view(&leader.principal, first)).unwrap();
        assert!(kept.reporter.is_some() && kept.head.title.is_some());
        forget(first).unwrap();
        assert!(!result(town));
        town.verify();
    });
}

static BREAK_STAGE: store::Statement =
    store::Statement::fixed("UPDATE case_file SET stage = 'closed' WHERE id = ?1");
static BREAK_TIE: store::Statement =
    store::Statement::fixed("UPDATE report_case SET closed = TRUE WHERE report_id = ?1");
static BREAK_TIMELINE: store::Statement =
    store::Statement::fixed("DELETE FROM timeline WHERE subject_id = ?1 AND seq = 2");
static BREAK_WORDS: store::Statement =
    store::Statement::fixed("UPDATE report SET words_digest = 'x' WHERE id = ?1");
static BREAK_LINK: store::Statement =
    store::Statement::fixed("DELETE FROM case_organisation WHERE case_id = ?1");
static BREAK_TASK: store::Statement =
    store::Statement::fixed("UPDATE task SET case_id = 5 WHERE case_id = ?1");
static BREAK_CASE: store::Statement =
    store::Statement::fixed("DELETE FROM case_file WHERE id = ?1");

#[test]
fn the_verifier_finds_what_was_tampered_with() {
    each_town(|town, _| {
        let tamper = |statement: &'static store::Statement, codes: &[&str], of_report: bool| {
            let created = town.create();
            let case_id = created.case.unwrap().id;
            town.file(case_id);
            town.dispatch(case_id);
            let id = if of_report {
                created.report.id
            } else {
                case_id
            };
            let before = town.casework.verify().unwrap().findings;
            town.casework
                .store()
                .write_blocking(move |tx| tx.post(statement, params![id]))
                .unwrap();
            let mut found: Vec<_> = town
                .casework
                .verify()
                .unwrap()
                .findings
                .into_iter()
                .filter(|finding| !before.contains(finding))
                .map(|finding| finding.code)
                .collect();
            found.sort_unstable();
            found.dedup();
            assert_eq!(found, codes, "{}", statement.text());
        };
        tamper(&BREAK_STAGE, &["replay_differs", "tie_astray"], false);
        tamper(
            &BREAK_TIE,
            &["replay_differs", "stage_astray", "tie_astray"],
            true,
        );
        tamper(&BREAK_WORDS, &["digest_differs", "replay_differs"], true);
        tamper(&BREAK_LINK, &["holders_differ"], false);
        tamper(&BREAK_TIMELINE, &["replay_differs", "timeline_gap"], false);
        tamper(
            &BREAK_TASK,
            &["holders_differ", "orphan", "replay_differs"],
            false,
        );
        tamper(&BREAK_CASE, &["counts_differ", "orphan"], false);
    });
}
