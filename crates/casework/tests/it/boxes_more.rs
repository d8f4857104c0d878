//! Boxes of reports, boxes of what waits for a decision, and counts of more than can be shown.

use crate::bad_input::{each_full_town, row};
use crate::boxes::DECIDERS;
use crate::town::*;
use crate::visibility::everybody;
use access::Principal;
use base::Id;
use casework::input::*;
use casework::service::{CaseBox, CaseQuery, ReportBox, ReportClaim, ReportQuery, ReportSort};
use casework::view::{ReportCountsView, ReportListView};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::{Statement, StoreError, params};

fn list(town: &Town, who: &Arc<Principal>, query: ReportQuery) -> Vec<ReportListView> {
    wait(town.casework.report_list(who, query)).unwrap().items
}

fn boxed(town: &Town, who: &Arc<Principal>, of_box: ReportBox) -> Vec<Id> {
    let query = ReportQuery {
        of_box: Some(of_box),
        ..ReportQuery::default()
    };
    let items = list(town, who, query);
    items.into_iter().map(|item| item.id).collect()
}

fn counts(town: &Town, who: &Arc<Principal>) -> ReportCountsView {
    wait(town.casework.report_counts(who)).unwrap()
}

/// Three wait, of which one is taken by the clerk and one came much later; one is under way, one answered, one to be called back.
fn reported(town: &Town) -> [Id; 6] {
    let clerk = call(&centre("intake_clerk"));
    let called_back = town.create();
    town.complete(called_back.case.unwrap().id);
    let under_way = town.create().report.id;
    let [early, taken, answered] = [(); 3].map(|()| town.receive().id);
    wait(town.casework.report_claim(&clerk, taken)).unwrap();
    let answer = ReportAnswerRequest {
        answer: "已答复".to_owned(),
    };
    wait(town.casework.report_answer(&clerk, answered, answer)).unwrap();
    town.clock.advance_seconds(86_400);
    let late = town.receive().id;
    [
        called_back.report.id,
        under_way,
        early,
        taken,
        answered,
        late,
    ]
}

#[test]
fn every_box_of_reports_holds_what_it_says_and_is_counted() {
    each_full_town(|town| {
        let [called_back, under_way, early, taken, answered, late] = reported(town);
        let (clerk, leader) = (centre("intake_clerk"), centre("shift_leader"));
        let expected = |is_clerk: bool| {
            [
                (ReportBox::Pool, vec![late, early]),
                (ReportBox::Mine, if is_clerk { vec![taken] } else { vec![] }),
                (ReportBox::Overdue, vec![taken, early]),
                (ReportBox::Callback, vec![called_back]),
                (ReportBox::Doing, vec![under_way]),
                (ReportBox::Done, vec![answered]),
            ]
        };
        for (who, is_clerk) in [(&clerk, true), (&leader, false)] {
            for (of_box, expected) in expected(is_clerk) {
                assert_eq!(boxed(town, who, of_box), expected, "{of_box:?}");
            }
            let told = ReportCountsView {
                pool: 2,
                mine: i64::from(is_clerk),
                overdue: 2,
                callback: 1,
                doing: 1,
                done: 1,
            };
            assert_eq!(counts(town, who), told);
        }
        // Nobody of another organisation sees any of it.
        let stranger = person(ROADS, "shift_leader", None);
        assert_eq!(counts(town, &stranger), ReportCountsView::default());
        // A box and a filter hold together; where they contradict one another there is nothing.
        let mine_of_nobody = ReportQuery {
            of_box: Some(ReportBox::Mine),
            claimed: Some(ReportClaim::Nobody),
            ..ReportQuery::default()
        };
        assert_eq!(list(town, &clerk, mine_of_nobody), []);
        let pool_of_answered = ReportQuery {
            of_box: Some(ReportBox::Pool),
            stage: Some(casework::model::ReportStage::Answered),
            ..ReportQuery::default()
        };
        assert_eq!(list(town, &clerk, pool_of_answered), []);
        let answer = town.get(&clerk, "/api/v1/reports/counts");
        assert_eq!(answer.body["callback"], 1, "{}", answer.body);
        let answer = town.get(&clerk, "/api/v1/reports?box=pool&sort=due&limit=1");
        assert_eq!(answer.body["items"][0]["id"], early.to_string());
        let after = answer.body["next"].as_str().unwrap();
        let path = format!("/api/v1/reports?box=pool&sort=due&limit=1&after={after}");
        let next = town.get(&clerk, &path);
        assert_eq!(next.body["items"][0]["id"], late.to_string());
        let wrong = town.get(&clerk, "/api/v1/reports?sort=due&after=5");
        assert_eq!(wrong.body["fields"][0]["field"], "after");
    });
}

#[test]
fn reports_are_listed_by_when_they_were_received_and_by_what_must_be_decided_first() {
    each_full_town(|town| {
        let [.., early, taken, _, late] = reported(town);
        let clerk = centre("intake_clerk");
        let ids = |query| -> Vec<Id> {
            let items = list(town, &clerk, query);
            items.into_iter().map(|item| item.id).collect()
        };
        let due = ReportQuery {
            sort: ReportSort::Due,
            ..ReportQuery::default()
        };
        assert_eq!(ids(due), [early, taken, late]);
        let next_day = morning().plus_seconds(86_400);
        let since = ReportQuery {
            received_from: Some(next_day),
            ..ReportQuery::default()
        };
        assert_eq!(ids(since), [late]);
        let before = ReportQuery {
            received_from: Some(morning()),
            received_to: Some(next_day),
            sort: ReportSort::Due,
            ..ReportQuery::default()
        };
        assert_eq!(ids(before), [early, taken]);
    });
}

#[test]
fn what_waits_for_a_decision_is_in_the_box_of_those_whose_role_takes_it() {
    each_full_town(|town| {
        let mut asked = Vec::new();
        for (operation, roles) in DECIDERS {
            town.clock.set(morning());
            asked.push(((row(operation).ready)(town).case, operation, roles));
        }
        let everybody = everybody();
        // A private PostgreSQL answers slowly.
        let step = if town.casework.store().is_postgres() {
            13
        } else {
            3
        };
        let mut found_at_all = BTreeSet::new();
        let roles = [
            "dispatcher",
            "shift_leader",
            "intake_clerk",
            "leader",
            "inspector",
        ];
        let centre = roles.map(centre);
        for who in everybody.iter().step_by(step).chain(&centre) {
            let role = who.memberships[0].role.as_str();
            let seen = |id: Id| wait(town.casework.case_view(who, id)).ok();
            let mut expected = BTreeSet::new();
            for (id, operation, roles) in &asked {
                let Some(view) = seen(*id) else { continue };
                if roles.contains(&role) {
                    expected.insert(*id);
                }
                // The law itself offers it to nobody else.
                let mut actions = view.actions.iter();
                let is_offered = actions.any(|action| action.operation == *operation);
                assert!(
                    !is_offered || expected.contains(id),
                    "{operation} to {role}"
                );
                // By now it is too late to grant the suspension.
                let is_granted = *operation != "suspension_decide";
                let in_person = centre.iter().any(|each| each.staff_id == who.staff_id);
                if in_person && is_granted && roles.contains(&role) {
                    assert!(is_offered, "{operation} to {role}");
                }
            }
            let query = CaseQuery {
                of_box: Some(CaseBox::ToDecide),
                ..CaseQuery::default()
            };
            let page = wait(town.casework.case_list(who, query)).unwrap();
            let found: BTreeSet<Id> = page.items.iter().map(|item| item.id).collect();
            let membership = &who.memberships[0];
            let name = format!("{} of {}", membership.role, membership.organisation_id);
            assert_eq!(found, expected, "{name}");
            let counted = wait(town.casework.case_counts(who)).unwrap().to_decide;
            assert_eq!(usize::try_from(counted).unwrap(), found.len(), "{name}");
            found_at_all.extend(found);
        }
        assert_eq!(found_at_all.len(), DECIDERS.len());
        // An appeal is the second reviewer's once the first has approved of it.
        let waiting = |role: &str| {
            let counted = wait(town.casework.case_counts(&self::centre(role)));
            counted.unwrap().to_decide
        };
        assert_eq!((waiting("dispatcher"), waiting("intake_clerk")), (2, 0));
        let path = format!("/api/v1/cases/{}/appeal/review", asked[4].0);
        let approved = serde_json::json!({"approved": true});
        let answer = town.post(&self::centre("dispatcher"), &path, &approved);
        assert!(answer.status.is_success(), "{}", answer.body);
        assert_eq!((waiting("dispatcher"), waiting("intake_clerk")), (1, 1));
    });
}

#[test]
fn counts_stop_at_one_thousand() {
    each_town(|town, test_store| {
        const MANY: i64 = 1_001;
        let write = |tx: &mut store::Tx<'_>| {
            let add = |text: &str| Statement::composed(text.to_owned());
            let case = add(
                "INSERT INTO case_file (id, version, case_no, stage, level, source, area_path, process_code, process_version,
                 words_digest, accepted_by_id, accepted_by_path, rework_count, accepted_at, updated_at, is_important, is_supervised,
                 is_suspended, is_escalated, asked, extra)
                 VALUES (?1, 1, ?2, 'closed', 'normal', 'hotline', '0001', 'hotline', 1, '', 100, '0001', 0, 1, 1, FALSE, TRUE,
                 FALSE, FALSE, 0, '{}')",
            );
            let report = add(
                "INSERT INTO report (id, version, report_no, stage, source, level, words_digest, reporter_hidden, area_path,
                 organisation_id, organisation_path, received_at, recorded_at, extra)
                 VALUES (?1, 1, ?2, 'settled', 'hotline', 'normal', '', FALSE, '0001', 100, '0001', 1, 1, '{}')",
            );
            let task = add(
                "INSERT INTO task (id, case_id, kind, role, organisation_id, organisation_path, state, handling_started_at,
                 handling_yellow_at, handling_due_at, response_overdue, handling_overdue, opened_at, handled_by, rework_count, extra)
                 VALUES (?1, ?1, 'handle', 'lead', 100, '0001', ?2, 1, 2, 3, FALSE, FALSE, 1, '[]', 0, '{}')",
            );
            for n in 1..=MANY {
                tx.post(&case, params![Id(n), format!("C{n}")])?;
                tx.post(&report, params![Id(n), format!("R{n}")])?;
                // One fewer of these than can be told apart from more.
                let state = if n < 1_000 { "finished" } else { "returned" };
                tx.post(&task, params![Id(n), state])?;
                tx.post(&task, params![Id(n + MANY), "accepted"])?;
            }
            Ok::<_, StoreError>(())
        };
        test_store.store.write_blocking(write).unwrap();
        let leader = centre("leader");
        let of_cases = wait(town.casework.case_counts(&leader)).unwrap();
        assert_eq!((of_cases.done, of_cases.supervised), (1_000, 1_000));
        assert_eq!(of_cases.todo, 0);
        let of_reports = counts(town, &leader);
        assert_eq!((of_reports.done, of_reports.pool), (1_000, 0));
        let of_tasks = wait(town.casework.task_counts(&leader)).unwrap().ours;
        assert_eq!((of_tasks.doing, of_tasks.overdue), (1_000, 1_000));
        assert_eq!((of_tasks.done, of_tasks.returned), (999, 2));
    });
}
