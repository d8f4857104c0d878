//! Lists as files: what they show, to whom, and that it is on record.

use crate::boxes::{busy, clerk};
use crate::town::*;
use access::Principal;
use axum::http::StatusCode;
use base::PageRequest;
use casework::service::{
    CaseBox, CaseQuery, CaseSort, ReportBox, ReportQuery, Taking, TaskBox, TaskQuery, TaskSort,
};
use std::sync::Arc;
use table::SheetForm;

#[test]
fn a_sheet_holds_exactly_what_the_list_shows_for_who_may_take_it() {
    each_town(|town, _| {
        busy(town);
        let (leader, roads) = (centre("leader"), clerk(ROADS));
        for who in [&leader, &roads] {
            for of_box in [None, Some(CaseBox::Doing), Some(CaseBox::Overdue)] {
                for sort in [CaseSort::Newest, CaseSort::Due, CaseSort::Updated] {
                    let query = CaseQuery {
                        of_box,
                        sort,
                        page: PageRequest {
                            limit: Some(200),
                            after: None,
                        },
                        ..CaseQuery::default()
                    };
                    let listed = wait(town.casework.case_list(who, query.clone())).unwrap();
                    let listed: Vec<_> = listed.items.into_iter().map(|row| row.case_no).collect();
                    let sheet = town.casework.case_sheet(who, query, taking());
                    assert_eq!(numbers(wait(sheet).unwrap()), listed);
                }
            }
        }
        let may_not = |who: &Arc<Principal>, path: &str| {
            let answer = town.get(who, path);
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        };
        may_not(&centre("inspector"), "/api/v1/cases/export?format=csv");
        may_not(&centre("inspector"), "/api/v1/reports/export");
        may_not(&roads, "/api/v1/reports/export");
        may_not(&centre("intake_clerk"), "/api/v1/tasks/export");
    });
}

fn taking() -> Taking {
    Taking {
        form: SheetForm::Csv,
        told: String::from("box=doing"),
    }
}

/// The first cell of each line below the heads; as many lines as were told.
fn numbers((bytes, rows): (Vec<u8>, usize)) -> Vec<String> {
    let text = String::from_utf8(bytes).unwrap();
    let lines = text.lines().skip(1);
    let numbers: Vec<String> = lines
        .map(|line| line.split(',').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(rows, numbers.len());
    numbers
}

#[test]
fn sheets_of_reports_and_tasks_hold_what_their_lists_show_masked_and_who_took_them_is_on_record() {
    each_town(|town, _| {
        busy(town);
        let all = PageRequest {
            limit: Some(200),
            after: None,
        };
        let (leader, roads) = (centre("shift_leader"), clerk(ROADS));
        for of_box in [None, Some(ReportBox::Doing), Some(ReportBox::Done)] {
            let query = ReportQuery {
                of_box,
                page: all.clone(),
                ..ReportQuery::default()
            };
            let listed = wait(town.casework.report_list(&leader, query.clone())).unwrap();
            let listed: Vec<_> = listed.items.into_iter().map(|row| row.report_no).collect();
            let sheet = town.casework.report_sheet(&leader, query, taking());
            assert_eq!(numbers(wait(sheet).unwrap()), listed, "{of_box:?}");
        }
        let mut shown = 0;
        for who in [&leader, &roads] {
            for of_box in [None, Some(TaskBox::Doing), Some(TaskBox::Done)] {
                for sort in [TaskSort::Newest, TaskSort::Due] {
                    let query = TaskQuery {
                        of_box,
                        sort,
                        page: all.clone(),
                        ..TaskQuery::default()
                    };
                    let listed = wait(town.casework.task_list(who, query.clone())).unwrap();
                    let listed: Vec<_> = listed
                        .items
                        .into_iter()
                        .map(|row| row.case_no.or(row.report_no).unwrap())
                        .collect();
                    let sheet = town.casework.task_sheet(who, query, taking());
                    assert_eq!(numbers(wait(sheet).unwrap()), listed, "{of_box:?} {sort:?}");
                    shown += listed.len();
                }
            }
        }
        assert!(shown > 20, "{shown}");
        for path in ["reports", "tasks"] {
            let path = format!("/api/v1/{path}/export?format=csv&box=nothing");
            let wrong = town.get(&leader, &path);
            assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert_eq!(wrong.body["fields"][0]["field"], "box");
        }
    });
}
