//! Lists: every filter served by an index, cursors that neither skip nor repeat, scopes inside the query.

use crate::town::*;
use access::Principal;
use base::{Id, PageRequest};
use casework::clocks::Light;
use casework::input::*;
use casework::model::{CaseStage, Level, ReportStage, TaskKind, TaskState};
use casework::service::{CaseBox, CaseQuery, CaseSort, ReportQuery, TaskQuery};
use std::collections::BTreeSet;
use std::sync::Arc;

fn page(limit: u32, after: Option<String>) -> PageRequest {
    PageRequest {
        limit: Some(limit),
        after,
    }
}

fn ids(town: &Town, who: &Arc<Principal>, query: CaseQuery) -> Vec<Id> {
    let list = wait(town.casework.case_list(who, query)).unwrap();
    list.items.iter().map(|item| item.id).collect()
}

/// Twelve cases: alternating streets and sources, every third filed, every sixth dispatched; a minute apart.
fn twelve(town: &Town) -> Vec<Id> {
    (0..12)
        .map(|n| {
            town.clock.advance_seconds(60);
            let request = ReportCreateRequest {
                source: if n % 2 == 0 { "hotline" } else { "sensor" }.to_owned(),
                place: PlaceRequest {
                    area_code: Some(format!("31011800{}", 1 + n % 2)),
                    ..PlaceRequest::default()
                },
                ..report_request()
            };
            let by = call(&centre("intake_clerk"));
            let case_id = wait(town.casework.report_create(&by, request))
                .unwrap()
                .case
                .unwrap()
                .id;
            if n % 3 == 0 {
                town.file(case_id);
            }
            if n % 6 == 0 {
                town.dispatch(case_id);
            }
            case_id
        })
        .collect()
}

#[test]
fn each_filter_finds_what_it_says() {
    each_town(|town, _| {
        let all = twelve(town);
        let leader = centre("leader");
        let expect = |query: CaseQuery, keep: &dyn Fn(usize) -> bool| {
            let mut wanted: Vec<Id> = (0..12).filter(|n| keep(*n)).map(|n| all[n]).collect();
            wanted.reverse();
            assert_eq!(ids(town, &leader, query.clone()), wanted, "{query:?}");
        };
        expect(CaseQuery::default(), &|_| true);
        let stage = |stage| CaseQuery {
            stage: Some(stage),
            ..CaseQuery::default()
        };
        expect(stage(CaseStage::Filed), &|n| n % 6 == 3);
        expect(stage(CaseStage::Handling), &|n| n % 6 == 0);
        let area = |code: &str| CaseQuery {
            area_code: Some(code.to_owned()),
            ..CaseQuery::default()
        };
        expect(area("310118"), &|_| true);
        expect(area("310000"), &|_| true);
        expect(area("310118001"), &|n| n % 2 == 0);
        expect(area("310118001001"), &|_| false);
        let source = CaseQuery {
            source: Some("sensor".to_owned()),
            ..CaseQuery::default()
        };
        expect(source, &|n| n % 2 == 1);
        let category = |id| CaseQuery {
            category_id: Some(id),
            ..CaseQuery::default()
        };
        expect(category(CATEGORY), &|_| true);
        expect(category(FREE_CATEGORY), &|_| false);
        let held = CaseQuery {
            organisation_id: Some(WATER),
            ..CaseQuery::default()
        };
        expect(held, &|n| n % 6 == 0);
        let no = |q: &str| CaseQuery {
            q: Some(q.to_owned()),
            ..CaseQuery::default()
        };
        expect(no("310118-20261120"), &|_| true);
        expect(no("310118-20261121"), &|_| false);
        let zone = |id| CaseQuery {
            zone_id: Some(id),
            ..CaseQuery::default()
        };
        expect(zone(Id(900)), &|n| n % 2 == 0);
        expect(zone(Id(901)), &|_| false);
        let level = |level| CaseQuery {
            level: Some(level),
            ..CaseQuery::default()
        };
        expect(level(Level::Normal), &|_| true);
        expect(level(Level::Critical), &|_| false);
        // The n-th is accepted n + 1 minutes past nine.
        let between = CaseQuery {
            accepted_from: Some(morning().plus_seconds(3 * 60)),
            accepted_to: Some(morning().plus_seconds(6 * 60)),
            ..CaseQuery::default()
        };
        expect(between, &|n| (2..5).contains(&n));
        // 09:32: filing of the first undispatched one (09:02) is in its last quarter or past, handling of the others is not.
        town.clock.set(morning().plus_seconds(32 * 60 + 30));
        let light = |light| CaseQuery {
            light: Some(light),
            ..CaseQuery::default()
        };
        let filing_age = |n: usize| (!n.is_multiple_of(6)).then_some(32.5 - (n as f64 + 1.0));
        expect(light(Light::Red), &|n| {
            filing_age(n).is_some_and(|age| age > 30.0)
        });
        expect(light(Light::Yellow), &|n| {
            filing_age(n).is_some_and(|age| (22.5..=30.0).contains(&age))
        });
        expect(light(Light::Green), &|n| {
            filing_age(n).is_none_or(|age| age < 22.5)
        });
    });
}

#[test]
fn pages_neither_skip_nor_repeat_in_either_order() {
    each_town(|town, _| {
        let all = twelve(town);
        for sort in [CaseSort::Newest, CaseSort::Due, CaseSort::Updated] {
            let mut seen = Vec::new();
            let mut due = Vec::new();
            let mut updated = Vec::new();
            let mut after = None;
            loop {
                let query = CaseQuery {
                    sort,
                    page: page(5, after),
                    ..CaseQuery::default()
                };
                let list = wait(town.casework.case_list(&centre("leader"), query)).unwrap();
                seen.extend(list.items.iter().map(|item| item.id));
                updated.extend(list.items.iter().map(|item| item.updated_at));
                due.extend(list.items.iter().map(|item| item.clock.unwrap().due_at));
                after = list.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seen.len(), 12);
            assert_eq!(seen.iter().collect::<BTreeSet<_>>(), all.iter().collect());
            match sort {
                CaseSort::Newest => assert!(seen.is_sorted_by(|a, b| a > b)),
                CaseSort::Due => assert!(due.is_sorted()),
                CaseSort::Updated => assert!(updated.is_sorted_by(|a, b| a >= b)),
            }
        }
    });
}

#[test]
fn lists_show_only_what_the_caller_may_see() {
    each_town(|town, _| {
        let all = twelve(town);
        let of_street = person(Id(555), "leader", Some(street(2)));
        assert_eq!(ids(town, &of_street, CaseQuery::default()).len(), 6);
        let roads = person(ROADS, "department_clerk", None);
        let seen = ids(town, &roads, CaseQuery::default());
        assert_eq!(seen, [all[6], all[0]], "those it holds tasks of");
        let stranger = person(Id(555), "department_clerk", None);
        assert_eq!(ids(town, &stranger, CaseQuery::default()), []);
        let reports = |who: &Arc<Principal>| {
            let list = wait(town.casework.report_list(who, ReportQuery::default())).unwrap();
            list.items.len()
        };
        assert_eq!(
            (reports(&centre("intake_clerk")), reports(&of_street)),
            (12, 6)
        );
    });
}

#[test]
fn tasks_are_listed_by_who_holds_them_and_their_state() {
    each_town(|town, _| {
        let all = twelve(town);
        let roads = person(ROADS, "handler", None);
        let list = |who: &Arc<Principal>, query: TaskQuery| {
            wait(town.casework.task_list(who, query)).unwrap().items
        };
        let state = |state| TaskQuery {
            state: Some(state),
            kind: Some(TaskKind::Handle),
            organisation_id: Some(ROADS),
            ..TaskQuery::default()
        };
        let assigned = list(&roads, state(TaskState::Assigned));
        let cases: Vec<_> = assigned.iter().map(|task| task.case_id).collect();
        assert_eq!(cases, [Some(all[6]), Some(all[0])]);
        assert_eq!(assigned[0].title.as_deref(), Some("井盖缺失"));
        town.accept(ROADS, assigned[0].task.id);
        assert_eq!(list(&roads, state(TaskState::Assigned)).len(), 1);
        assert_eq!(list(&roads, state(TaskState::Accepted)).len(), 1);
        let of_water = TaskQuery {
            organisation_id: Some(WATER),
            ..TaskQuery::default()
        };
        assert_eq!(list(&roads, of_water.clone()).len(), 0, "not in scope");
        assert_eq!(
            list(&centre("leader"), of_water).len(),
            2,
            "the centre stands above"
        );
    });
}

#[test]
fn reports_are_listed_by_stage_and_number() {
    each_town(|town, _| {
        twelve(town);
        let count = |stage, q: Option<&str>| {
            let query = ReportQuery {
                stage,
                q: q.map(str::to_owned),
                page: page(200, None),
                ..ReportQuery::default()
            };
            wait(town.casework.report_list(&centre("intake_clerk"), query))
                .unwrap()
                .items
                .len()
        };
        assert_eq!(count(Some(ReportStage::Accepted), None), 12);
        assert_eq!(count(Some(ReportStage::Settled), None), 0);
        assert_eq!(count(None, Some("SQ310118-20261120")), 12);
        assert_eq!(count(None, Some("SQ310118-20261121")), 0);
    });
}

#[test]
fn reports_are_listed_by_area_and_source() {
    each_town(|town, _| {
        twelve(town);
        let found = |area: Option<&str>, source: Option<&str>| {
            let query = ReportQuery {
                area_code: area.map(str::to_owned),
                source: source.map(str::to_owned),
                page: page(200, None),
                ..ReportQuery::default()
            };
            wait(town.casework.report_list(&centre("intake_clerk"), query))
        };
        let count = |area, source| found(area, source).unwrap().items.len();
        assert_eq!(count(Some("310118001"), None), 6);
        assert_eq!(count(Some("310118001"), Some("hotline")), 6);
        assert_eq!(count(Some("310118002"), Some("hotline")), 0);
        assert_eq!(count(Some("310118"), Some("sensor")), 6);
        assert_eq!(count(Some("310118001001"), None), 0, "a village of it");
        assert_eq!(count(None, Some("nobody")), 0);
        let problem: base::Problem = found(Some("999999"), None).unwrap_err().into();
        assert_eq!(problem.fields[0].field, "area_code");
    });
}

#[test]
fn wrong_parameters_of_a_list_are_named_at_once() {
    each_town(|town, _| {
        let query = CaseQuery {
            area_code: Some("999999".to_owned()),
            organisation_id: Some(Id(1)),
            q: Some("%".to_owned()),
            page: page(0, Some("x".to_owned())),
            ..CaseQuery::default()
        };
        let error = wait(town.casework.case_list(&centre("leader"), query)).unwrap_err();
        let problem: base::Problem = error.into();
        let mut fields: Vec<_> = problem
            .fields
            .iter()
            .map(|each| each.field.as_str())
            .collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            ["after", "area_code", "limit", "organisation_id", "q"]
        );
    });
}

fn of_box(of_box: CaseBox) -> CaseQuery {
    CaseQuery {
        of_box: Some(of_box),
        ..CaseQuery::default()
    }
}

#[test]
fn the_boxes_follow_from_what_the_caller_may_do() {
    each_town(|town, _| {
        // Of twelve: 0 and 6 are being handled, 3 and 9 filed, the others accepted.
        let all = twelve(town);
        let boxed = |who: &Arc<Principal>, wanted: CaseBox| -> Vec<usize> {
            let found = ids(town, who, of_box(wanted));
            let counts = wait(town.casework.case_counts(who)).unwrap();
            let count = match wanted {
                CaseBox::Todo => counts.todo,
                CaseBox::Doing => counts.doing,
                CaseBox::Done => counts.done,
                CaseBox::Overdue => counts.overdue,
                CaseBox::Supervised => counts.supervised,
                CaseBox::Suspended => counts.suspended,
                CaseBox::ToDecide => counts.to_decide,
                CaseBox::Escalated => counts.escalated,
                CaseBox::Watched => counts.watched,
            };
            assert_eq!(usize::try_from(count), Ok(found.len()), "{wanted:?}");
            let place = |id: &Id| all.iter().position(|each| each == id).unwrap();
            found.iter().map(place).collect()
        };
        let leader = centre("shift_leader");
        let dispatcher = centre("dispatcher");
        let onlooker = centre("leader");
        let roads = person(ROADS, "department_clerk", None);
        assert_eq!(boxed(&leader, CaseBox::Todo), [11, 10, 8, 7, 5, 4, 2, 1]);
        assert_eq!(boxed(&leader, CaseBox::Doing), [9, 6, 3, 0]);
        assert_eq!(boxed(&dispatcher, CaseBox::Todo), [9, 3]);
        assert_eq!(
            boxed(&dispatcher, CaseBox::Doing),
            [11, 10, 8, 7, 6, 5, 4, 2, 1, 0]
        );
        assert_eq!(boxed(&onlooker, CaseBox::Todo), [0_usize; 0]);
        assert_eq!(boxed(&onlooker, CaseBox::Doing).len(), 12);
        assert_eq!(boxed(&roads, CaseBox::Todo), [6, 0]);
        assert_eq!(boxed(&roads, CaseBox::Doing), [0_usize; 0]);
        let task = wait(town.casework.case_view(&roads, all[6])).unwrap().tasks[0].id;
        town.accept(ROADS, task);
        assert_eq!(boxed(&roads, CaseBox::Todo), [0]);
        assert_eq!(boxed(&roads, CaseBox::Doing), [6]);
        let handled = town.create().case.unwrap().id;
        town.handle(handled);
        town.inspect(handled, Vec::new());
        town.close(handled);
        assert_eq!(ids(town, &onlooker, of_box(CaseBox::Done)), [handled]);
        assert_eq!(ids(town, &roads, of_box(CaseBox::Done)), [handled]);
        assert_eq!(boxed(&roads, CaseBox::Overdue), [0_usize; 0]);
        town.clock.advance_seconds(60 * 60 * 24);
        assert_eq!(boxed(&roads, CaseBox::Overdue).len(), 2);
        assert_eq!(boxed(&onlooker, CaseBox::Overdue).len(), 12);
    });
}

#[test]
fn only_the_watcher_finds_a_watched_case_and_only_while_they_may_see_it() {
    each_town(|town, _| {
        let all = twelve(town);
        let (one, other) = (centre("leader"), centre("dispatcher"));
        let watched = |who: &Arc<Principal>| ids(town, who, of_box(CaseBox::Watched));
        assert_eq!(watched(&one), []);
        for _ in 0..2 {
            wait(town.casework.case_watch(&one, all[3], true)).unwrap();
        }
        wait(town.casework.case_watch(&one, all[0], true)).unwrap();
        assert_eq!(watched(&one), [all[3], all[0]]);
        assert_eq!(watched(&other), []);
        wait(town.casework.case_watch(&one, all[3], false)).unwrap();
        assert_eq!(watched(&one), [all[0]]);
        let stranger = person(Id(555), "leader", Some(street(2)));
        let error = wait(town.casework.case_watch(&stranger, all[0], true)).unwrap_err();
        assert_eq!(base::Problem::from(error).code, "not_found");
        // Somebody moves to a street from where the case is not seen.
        let moved = Arc::new(Principal {
            account_id: one.account_id,
            ..(*stranger).clone()
        });
        assert_eq!(watched(&moved), []);
    });
}

#[test]
fn a_number_is_searched_at_least_to_its_day() {
    each_town(|town, _| {
        let query = CaseQuery {
            q: Some("310118-2026".to_owned()),
            ..CaseQuery::default()
        };
        let error = wait(town.casework.case_list(&centre("leader"), query)).unwrap_err();
        let problem: base::Problem = error.into();
        assert_eq!(problem.fields[0].code, "too_short");
    });
}
