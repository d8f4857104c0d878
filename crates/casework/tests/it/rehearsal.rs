//! Rehearsals of the routing table over orders that were given, counted by hand.

use crate::town::*;
use access::Principal;
use base::{Id, PageRequest};
use casework::input::routing::*;
use casework::input::*;
use casework::model::Basis;
use casework::routing::RouteKind;
use casework::routing::rehearsal::Outlook;
use casework::view::routing::{RehearsalSumsView, RehearsalView};
use casework::{Call, CaseworkError};
use std::sync::Arc;
use store::testing::TestStore;

fn admin() -> Call {
    call(&person(CENTRE, "system_admin", None))
}

fn row(area_code: Option<&str>, organisation_id: Id) -> RouteRequest {
    RouteRequest {
        kind: RouteKind::Route,
        category_id: Some(CATEGORY),
        area_code: area_code.map(str::to_owned),
        hours: None,
        unit_name: None,
        organisation_id,
    }
}

/// A filed case west (121.1) or east (121.3) of the border of the streets.
fn filed(town: &Town, lon: f64, component_id: Option<Id>) -> Id {
    let mut request = report_request();
    request.place.lon = Some(lon);
    request.open_case = Some(CaseOpenRequest {
        category_id: Some(CATEGORY),
        component_id,
        ..CaseOpenRequest::default()
    });
    let by = call(&centre("intake_clerk"));
    let made = wait(town.casework.report_create(&by, request)).unwrap();
    let id = made.case.unwrap().id;
    town.file(id);
    town.clock
        .set(town.casework.store().clock().now().plus_seconds(60));
    id
}

fn give(town: &Town, case_id: Id, lead_organisation_id: Id) -> Id {
    let request = CaseDispatchRequest {
        lead_organisation_id,
        co_organisation_ids: Vec::new(),
    };
    let by = call(&centre("dispatcher"));
    let state = wait(town.casework.case_dispatch(&by, case_id, request)).unwrap();
    town.clock
        .set(town.casework.store().clock().now().plus_seconds(60));
    state.tasks.last().unwrap().id
}

/// Five orders of four cases, and a table that gives everything to the roads.
///
/// | case | street | order to | fared |
/// |---|---|---|---|
/// | A | 1 | roads | stood |
/// | B | 1 | roads | came back, and was replaced by the next |
/// | B | 1 | water | stood |
/// | C | 2 | roads | stood |
/// | D | 1, at a component that the roads maintain | roads | stood |
fn each_past(test: impl Fn(&Town, &TestStore, [Id; 4], Id)) {
    each_town(|town, store| {
        let made = wait(town.casework.route_create(&admin(), row(None, ROADS))).unwrap();
        let [a, b] = [(); 2].map(|()| filed(town, 121.1, None));
        let c = filed(town, 121.3, None);
        let d = filed(town, 121.1, Some(COMPONENT));
        give(town, a, ROADS);
        let returned = give(town, b, ROADS);
        let reason = ReasonRequest {
            reason: "不属于本单位职责".to_owned(),
            occurred_at: None,
        };
        let roads = call(&person(ROADS, "department_clerk", None));
        wait(town.casework.task_return(&roads, returned, reason)).unwrap();
        give(town, b, WATER);
        give(town, c, ROADS);
        give(town, d, ROADS);
        test(town, store, [a, b, c, d], made.id);
    });
}

fn rehearsed(
    town: &Town,
    who: &Arc<Principal>,
    changes: RouteChangesRequest,
    page: &PageRequest,
) -> Result<RehearsalView, CaseworkError> {
    let request = RouteRehearseRequest { days: 1, changes };
    wait(town.casework.route_rehearse(who, request, page))
}

fn whole(town: &Town, changes: RouteChangesRequest) -> RehearsalView {
    rehearsed(
        town,
        &centre("dispatcher"),
        changes,
        &PageRequest::default(),
    )
    .unwrap()
}

fn water_in_the_first_street() -> RouteChangesRequest {
    RouteChangesRequest {
        add: vec![row(Some("310118001"), WATER)],
        ..RouteChangesRequest::default()
    }
}

#[test]
fn a_row_added_helps_the_order_that_had_come_back() {
    each_past(|town, _, [a, b, _, _], _| {
        let before = town.casework.route_book().rows().len();
        let view = whole(town, water_in_the_first_street());
        assert_eq!(
            view.sums,
            Some(RehearsalSumsView {
                orders: 5,
                accurate: 4,
                // A, and both orders of B; D goes by its component, C lies elsewhere.
                differing: 3,
                differing_failed: 1,
                // The first of B came back, and the water kept the second.
                helped: 1,
                hurt: 0,
                unknown_failed: 0,
                // A: the water never had it.
                unknown_stood: 1,
                known: 4,
                known_accurate: 3,
                rehearsed_accurate: 4,
            })
        );
        let told: Vec<_> = view
            .items
            .iter()
            .map(|item| (item.case_id, item.given_to.id.clone(), item.outlook))
            .collect();
        assert_eq!(
            told,
            [
                (a, ROADS.to_string(), Outlook::Unknown),
                (b, ROADS.to_string(), Outlook::Right),
                (b, WATER.to_string(), Outlook::Right),
            ]
        );
        let first = &view.items[1];
        assert!(first.returned_at.is_some() && first.replaced_at.is_some());
        assert!(
            first.case_no.starts_with("310118-20261120-"),
            "{}",
            first.case_no
        );
        let named = |view: &casework::view::routing::SuggestionView| {
            (view.organisation.as_ref().unwrap().id.clone(), view.basis)
        };
        assert_eq!(
            named(&first.present),
            (ROADS.to_string(), Some(Basis::Route))
        );
        assert_eq!(
            named(&first.rehearsed),
            (WATER.to_string(), Some(Basis::Route))
        );
        assert_eq!(
            (first.added_row, first.rehearsed.why.last().unwrap().row_id),
            (Some(0), None)
        );
        assert_eq!(first.suggested.as_ref().unwrap().id, ROADS.to_string());
        assert_eq!(
            town.casework.route_book().rows().len(),
            before,
            "nothing is changed"
        );
        town.verify();
    });
}

#[test]
fn a_row_taken_away_hurts_the_order_that_stood() {
    each_past(|town, _, _, everywhere| {
        let made = wait(
            town.casework
                .route_create(&admin(), row(Some("310118001"), WATER)),
        );
        let remove = |ids: &[Id]| RouteChangesRequest {
            remove: ids.to_vec(),
            ..RouteChangesRequest::default()
        };
        let made = made.unwrap().id;
        let sums = whole(town, remove(&[made])).sums.unwrap();
        assert_eq!(
            sums,
            RehearsalSumsView {
                orders: 5,
                accurate: 4,
                differing: 3,
                differing_failed: 1,
                helped: 0,
                // The second of B stood with the water; the roads had given B back.
                hurt: 1,
                unknown_failed: 0,
                unknown_stood: 0,
                known: 5,
                known_accurate: 4,
                rehearsed_accurate: 3,
            }
        );
        // Without any row nobody is named: all but D differ, and nothing is known of them.
        let none = whole(town, remove(&[made, everywhere]));
        let sums = none.sums.unwrap();
        assert_eq!(
            (sums.differing, sums.unknown_failed, sums.unknown_stood),
            (4, 1, 3)
        );
        assert_eq!(
            (sums.known, sums.known_accurate, sums.rehearsed_accurate),
            (1, 1, 1)
        );
        assert!(
            none.items
                .iter()
                .all(|item| item.rehearsed.organisation.is_none())
        );
        let fallback = RouteChangesRequest {
            fallbacks: vec![FallbackChangeRequest {
                area_code: "310118002".to_owned(),
                organisation_id: Some(WATER),
            }],
            ..remove(&[made, everywhere])
        };
        let named = whole(town, fallback);
        let bases: Vec<_> = named
            .items
            .iter()
            .map(|item| item.rehearsed.basis)
            .collect();
        assert_eq!(bases, [None, None, None, Some(Basis::Fallback)]);
    });
}

#[test]
fn a_replaced_row_answers_otherwise_and_no_change_differs_in_nothing() {
    each_past(|town, _, [_, _, c, _], everywhere| {
        let none = whole(town, RouteChangesRequest::default());
        let sums = none.sums.unwrap();
        assert_eq!(
            (sums.orders, sums.accurate, sums.differing, sums.known),
            (5, 4, 0, 5)
        );
        assert_eq!((none.items.len(), none.next), (0, None));
        let replace = RouteChangesRequest {
            replace: vec![RouteReplaceRequest {
                id: everywhere,
                row: row(Some("310118001"), ROADS),
            }],
            ..RouteChangesRequest::default()
        };
        let view = whole(town, replace);
        let cases: Vec<_> = view.items.iter().map(|item| item.case_id).collect();
        assert_eq!(cases, [c]);
        assert_eq!(view.items[0].rehearsed.organisation, None);
    });
}

#[test]
fn differing_orders_are_listed_by_cursor_within_the_callers_reach_and_the_window() {
    each_past(|town, _, [a, b, _, _], _| {
        let dispatcher = centre("dispatcher");
        let (mut after, mut cases, mut sums) = (None, Vec::new(), Vec::new());
        for _ in 0..4 {
            let page = PageRequest {
                limit: Some(1),
                after,
            };
            let view = rehearsed(town, &dispatcher, water_in_the_first_street(), &page).unwrap();
            cases.extend(view.items.iter().map(|item| item.case_id));
            sums.push(view.sums.is_some());
            after = view.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!((cases, sums), (vec![a, b, b], vec![true, false, false]));
        let counted = |who: &Arc<Principal>| {
            let all = PageRequest::default();
            let view = rehearsed(town, who, water_in_the_first_street(), &all).unwrap();
            let sums = view.sums.unwrap();
            (sums.orders, sums.differing, view.items.len())
        };
        assert_eq!(counted(&dispatcher), (5, 3, 3));
        // Whoever stands outside of the organisations sees the area named, and no more.
        let outside = |area| person(Id(900), "dispatcher", area);
        assert_eq!(counted(&outside(Some(street(2)))), (1, 0, 0));
        assert_eq!(counted(&outside(None)), (0, 0, 0));
        town.clock.set(morning().plus_seconds(2 * 86_400));
        assert_eq!(counted(&dispatcher), (0, 0, 0), "the window has passed");
    });
}

#[test]
fn what_cannot_be_rehearsed_is_refused_with_every_wrong_field() {
    each_past(|town, _, _, everywhere| {
        let leader = centre("shift_leader");
        let refused = |days, changes, page: &PageRequest| {
            let request = RouteRehearseRequest { days, changes };
            match wait(town.casework.route_rehearse(&leader, request, page)) {
                Err(CaseworkError::Invalid(fields)) => {
                    let fields = fields.into_iter().map(|each| (each.field, each.code));
                    let mut fields: Vec<_> = fields.collect();
                    fields.sort();
                    fields
                }
                other => panic!("{other:?}"),
            }
        };
        let field = |name: &str, code: &'static str| (name.to_owned(), code);
        let all = PageRequest::default();
        for days in [0, 93] {
            assert_eq!(
                refused(days, RouteChangesRequest::default(), &all),
                [field("days", "out_of_range")]
            );
        }
        let fallback = |code: &str, id| FallbackChangeRequest {
            area_code: code.to_owned(),
            organisation_id: Some(id),
        };
        let wrong = RouteChangesRequest {
            add: vec![row(None, Id(5)), row(Some("999999"), ROADS)],
            replace: vec![RouteReplaceRequest {
                id: Id(7),
                row: row(None, WATER),
            }],
            remove: vec![everywhere, everywhere],
            fallbacks: vec![
                fallback("310118", Id(5)),
                fallback("310118", WATER),
                fallback("1", WATER),
            ],
        };
        let page = PageRequest {
            limit: Some(0),
            after: Some("x".to_owned()),
        };
        assert_eq!(
            refused(1, wrong, &page),
            [
                field("after", "malformed"),
                field("changes.add[0].organisation_id", "unknown_id"),
                field("changes.add[1].area_code", "unknown_code"),
                field("changes.fallbacks[0].organisation_id", "unknown_id"),
                field("changes.fallbacks[1].area_code", "duplicate"),
                field("changes.fallbacks[2].area_code", "unknown_code"),
                field("changes.remove[1]", "duplicate"),
                field("changes.replace[0].id", "unknown_id"),
                field("limit", "out_of_range"),
            ]
        );
        let twin = RouteChangesRequest {
            add: vec![row(Some("310118001"), ROADS), row(None, WATER)],
            ..RouteChangesRequest::default()
        };
        assert_eq!(
            refused(1, twin, &all),
            [field("changes.add[1]", "already_there")]
        );
        let many = RouteChangesRequest {
            remove: vec![everywhere; 501],
            ..RouteChangesRequest::default()
        };
        assert_eq!(refused(1, many, &all), [field("changes", "too_many")]);
        let clerk = person(ROADS, "department_clerk", None);
        let denied = rehearsed(town, &clerk, RouteChangesRequest::default(), &all);
        assert!(matches!(denied, Err(CaseworkError::Denied(_))));
    });
}
