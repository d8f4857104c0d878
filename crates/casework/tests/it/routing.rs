//! The routing table: its rows, what it suggests and why, and what dispatch records of it.

use crate::town::*;
use access::Principal;
use base::Id;
use casework::input::routing::*;
use casework::input::*;
use casework::lifecycle::case::CaseFact;
use casework::model::Basis;
use casework::routing::{Advice, Hours, Outcome, Question, RouteKind, Suggest};
use casework::service::{AccuracyQuery, RouteQuery};
use casework::view::routing::SuggestionView;
use casework::{Call, CaseworkError};
use std::sync::Arc;

fn admin() -> Call {
    call(&person(CENTRE, "system_admin", None))
}

fn row(kind: RouteKind, organisation_id: Id) -> RouteRequest {
    RouteRequest {
        kind,
        category_id: None,
        area_code: None,
        hours: None,
        unit_name: None,
        organisation_id,
    }
}

fn dispatcher() -> Arc<Principal> {
    centre("dispatcher")
}

fn explained(town: &Town, category_id: Id) -> SuggestionView {
    let request = RouteExplainRequest {
        category_id: Some(category_id),
        place: Some(PlaceRequest {
            area_code: Some("310118001".to_owned()),
            ..PlaceRequest::default()
        }),
        ..RouteExplainRequest::default()
    };
    wait(town.casework.route_explain(&dispatcher(), request)).unwrap()
}

fn told(view: &SuggestionView) -> (Option<String>, Option<Basis>, Vec<(Basis, Outcome)>) {
    let why = view
        .why
        .iter()
        .map(|why| (why.basis, why.outcome))
        .collect();
    let organisation = view.organisation.as_ref().map(|named| named.id.clone());
    (organisation, view.basis, why)
}

#[test]
fn routing_asks_component_rule_row_table_and_fallback_in_order_and_says_why() {
    each_town(|town, _| {
        let casework = &town.casework;
        let create = |request| wait(casework.route_create(&admin(), request)).unwrap();
        let silent = [
            Basis::Component,
            Basis::RuleRow,
            Basis::Route,
            Basis::Fallback,
        ]
        .map(|basis| (basis, Outcome::Silent));
        // The one rule row of the category names the unit 水务部门, which nobody has tied to an organisation yet.
        let (who, basis, why) = told(&explained(town, FREE_CATEGORY));
        assert_eq!((who, basis), (None, None));
        assert_eq!(why, silent);
        let fallback = FallbackSetRequest {
            area_code: "310118".to_owned(),
            organisation_id: CENTRE,
        };
        let leader = call(&centre("shift_leader"));
        wait(casework.fallback_set(&leader, fallback)).unwrap();
        let (who, basis, _) = told(&explained(town, CATEGORY));
        assert_eq!(
            (who, basis),
            (Some(CENTRE.to_string()), Some(Basis::Fallback))
        );
        create(RouteRequest {
            category_id: Some(CATEGORY),
            ..row(RouteKind::Route, ROADS)
        });
        let (who, basis, why) = told(&explained(town, CATEGORY));
        assert_eq!((who, basis), (Some(ROADS.to_string()), Some(Basis::Route)));
        assert_eq!(
            why,
            [
                (Basis::Component, Outcome::Silent),
                (Basis::RuleRow, Outcome::UnknownUnit),
                (Basis::Route, Outcome::Chosen)
            ]
        );
        create(RouteRequest {
            unit_name: Some("水务部门".to_owned()),
            area_code: Some("310118001".to_owned()),
            ..row(RouteKind::Unit, WATER)
        });
        let view = explained(town, CATEGORY);
        let (who, basis, _) = told(&view);
        assert_eq!(
            (who, basis),
            (Some(WATER.to_string()), Some(Basis::RuleRow))
        );
        assert_eq!(view.why[1].words.as_deref(), Some("水务部门"));
        assert_eq!(view.why[1].row_id, Some(RULE));
    });
}

#[test]
fn the_maintainer_of_the_component_comes_first() {
    each_town(|town, _| {
        let mut request = report_request();
        request.open_case = Some(CaseOpenRequest {
            category_id: Some(CATEGORY),
            component_id: Some(COMPONENT),
            ..CaseOpenRequest::default()
        });
        let by = call(&centre("intake_clerk"));
        let made = wait(town.casework.report_create(&by, request)).unwrap();
        let request = RouteExplainRequest {
            case_id: Some(made.case.unwrap().id),
            ..RouteExplainRequest::default()
        };
        let view = wait(town.casework.route_explain(&dispatcher(), request)).unwrap();
        assert_eq!(view.basis, Some(Basis::Component));
        assert_eq!(view.organisation.unwrap().id, ROADS.to_string());
        assert_eq!(view.why[0].row_id, Some(COMPONENT));
        town.verify();
    });
}

#[test]
fn a_dispatch_records_whether_the_suggestion_was_followed() {
    each_town(|town, store| {
        for organisation_id in [ROADS, WATER] {
            let created = wait(
                town.casework.route_create(
                    &admin(),
                    RouteRequest {
                        category_id: Some(CATEGORY),
                        area_code: Some(
                            if organisation_id == ROADS {
                                "310118001"
                            } else {
                                "310118002"
                            }
                            .to_owned(),
                        ),
                        ..row(RouteKind::Route, organisation_id)
                    },
                ),
            );
            created.unwrap();
        }
        for (lon, followed) in [(121.1, true), (121.3, false)] {
            let mut request = report_request();
            request.place.lon = Some(lon);
            let by = call(&centre("intake_clerk"));
            let made = wait(town.casework.report_create(&by, request)).unwrap();
            let case_id = made.case.unwrap().id;
            town.file(case_id);
            town.dispatch(case_id);
            let facts = facts(store, case_id);
            let noted = facts.iter().find_map(|fact| match fact {
                CaseFact::CaseDispatched { suggested, .. } => suggested.clone(),
                _ => None,
            });
            let noted = noted.unwrap();
            assert_eq!((noted.basis, noted.followed), (Basis::Route, followed));
        }
        town.verify();
    });
}

#[test]
fn rows_are_changed_by_version_listed_and_taken_away() {
    each_town(|town, _| {
        let casework = &town.casework;
        let request = RouteRequest {
            category_id: Some(CATEGORY),
            hours: Some(Hours {
                days: vec![7, 6],
                from: "00:00".to_owned(),
                until: "24:00".to_owned(),
            }),
            ..row(RouteKind::Route, ROADS)
        };
        let once = Call {
            idempotency_key: Some("one".to_owned()),
            ..admin()
        };
        let made = wait(casework.route_create(&once, request.clone())).unwrap();
        let again = wait(casework.route_create(&once, request.clone())).unwrap();
        assert_eq!(made.id, again.id);
        let twin = wait(casework.route_create(&admin(), request.clone())).unwrap_err();
        assert!(matches!(twin, CaseworkError::RouteExists(id) if id == made.id));

        let changed = RouteRequest {
            organisation_id: WATER,
            ..request
        };
        let at_version = |version| Call {
            expected_version: Some(version),
            ..admin()
        };
        let late = wait(casework.route_update(&at_version(9), made.id, changed.clone()));
        assert!(matches!(late, Err(CaseworkError::RouteVersion(view)) if view.version == 1));
        let view = wait(casework.route_update(&at_version(1), made.id, changed)).unwrap();
        assert_eq!((view.version, view.organisation.id), (2, WATER.to_string()));

        let listed = |query: RouteQuery| casework.route_list(&query).unwrap().items.len();
        assert_eq!(listed(RouteQuery::default()), 1);
        for (query, count) in [
            (
                RouteQuery {
                    kind: Some(RouteKind::Unit),
                    ..RouteQuery::default()
                },
                0,
            ),
            (
                RouteQuery {
                    category_id: Some(CATEGORY),
                    ..RouteQuery::default()
                },
                1,
            ),
            (
                RouteQuery {
                    organisation_id: Some(ROADS),
                    ..RouteQuery::default()
                },
                0,
            ),
            (
                RouteQuery {
                    area_code: Some("310118".to_owned()),
                    ..RouteQuery::default()
                },
                0,
            ),
        ] {
            assert_eq!(listed(query), count);
        }
        wait(casework.route_delete(&admin(), made.id)).unwrap();
        assert_eq!(listed(RouteQuery::default()), 0);
        let gone = wait(casework.route_delete(&admin(), made.id)).unwrap_err();
        assert!(matches!(gone, CaseworkError::NotFound("route")));
    });
}

#[test]
fn another_node_reads_the_table_again_when_told() {
    each_town(|town, store| {
        let other = casework(&store.store);
        wait(
            town.casework
                .route_create(&admin(), row(RouteKind::Route, CENTRE)),
        )
        .unwrap();
        let known = |casework: &casework::Casework| casework.route_book().rows().len();
        assert_eq!((known(&town.casework), known(&other)), (1, 0));
        wait(other.follow("{\"part\":\"routes\"}")).unwrap();
        assert_eq!(known(&other), 1);
    });
}

#[test]
fn a_row_that_makes_no_sense_is_refused_with_every_wrong_field() {
    each_town(|town, _| {
        let wrong =
            |request: RouteRequest| match wait(town.casework.route_create(&admin(), request)) {
                Err(CaseworkError::Invalid(fields)) => {
                    let mut fields: Vec<_> =
                        fields.into_iter().map(|f| (f.field, f.code)).collect();
                    fields.sort();
                    fields
                }
                other => panic!("{other:?}"),
            };
        let field = |name: &str, code: &'static str| (name.to_owned(), code);
        assert_eq!(
            wrong(RouteRequest {
                category_id: Some(Id(5)),
                area_code: Some("999999".to_owned()),
                unit_name: Some("交通局".to_owned()),
                ..row(RouteKind::Route, Id(5))
            }),
            [
                field("area_code", "unknown_code"),
                field("category_id", "unknown_id"),
                field("organisation_id", "unknown_id"),
                field("unit_name", "not_for_kind"),
            ]
        );
        assert_eq!(
            wrong(RouteRequest {
                category_id: Some(CATEGORY),
                hours: Some(Hours {
                    days: vec![9],
                    from: "1".to_owned(),
                    until: "2".to_owned()
                }),
                ..row(RouteKind::Unit, ROADS)
            }),
            [
                field("category_id", "not_for_kind"),
                field("hours", "not_for_kind"),
                field("hours.days", "malformed"),
                field("unit_name", "required"),
            ]
        );
        let none = RouteExplainRequest::default();
        let both = RouteExplainRequest {
            case_id: Some(Id(1)),
            category_id: Some(CATEGORY),
            ..none.clone()
        };
        let unknown = RouteExplainRequest {
            component_id: Some(Id(9)),
            ..none.clone()
        };
        for request in [none, both, unknown] {
            let refused = wait(town.casework.route_explain(&dispatcher(), request));
            assert!(matches!(refused, Err(CaseworkError::Invalid(_))));
        }
        let foreign = RouteExplainRequest {
            case_id: Some(Id(77)),
            ..RouteExplainRequest::default()
        };
        let refused = wait(town.casework.route_explain(&dispatcher(), foreign));
        assert!(matches!(refused, Err(CaseworkError::NotFound("case"))));
        let clerk = call(&centre("dispatcher"));
        let denied = wait(
            town.casework
                .route_create(&clerk, row(RouteKind::Route, ROADS)),
        );
        assert!(matches!(denied, Err(CaseworkError::Denied(_))));
    });
}

#[test]
fn an_order_that_comes_back_or_is_replaced_was_not_accurate() {
    each_town(|town, _| {
        let fine = town.create().case.unwrap().id;
        town.file(fine);
        town.dispatch(fine);
        let wrong = town.create().case.unwrap().id;
        town.file(wrong);
        let state = town.dispatch(wrong);
        let returned = ReasonRequest {
            reason: "不属于本单位职责".to_owned(),
            occurred_at: None,
        };
        let roads = call(&person(ROADS, "department_clerk", None));
        wait(
            town.casework
                .task_return(&roads, state.tasks[0].id, returned),
        )
        .unwrap();
        let query = AccuracyQuery {
            from: morning(),
            until: morning().plus_seconds(3_600),
            organisation_id: None,
            category_id: None,
        };
        let count = |who: &Arc<Principal>, query| {
            let view = wait(town.casework.route_accuracy(who, query)).unwrap();
            (view.dispatched, view.accurate, view.returned, view.replaced)
        };
        let leader = centre("shift_leader");
        assert_eq!(count(&leader, query), (2, 1, 1, 0));
        let again = CaseDispatchRequest {
            lead_organisation_id: ROADS,
            // Who helps has kept its task.
            co_organisation_ids: Vec::new(),
        };
        let dispatcher = call(&centre("dispatcher"));
        wait(town.casework.case_dispatch(&dispatcher, wrong, again)).unwrap();
        assert_eq!(count(&leader, query), (3, 2, 1, 1));
        // An order taken back by whoever gave it and given once more did not stand either, though nobody returned it.
        let replaced = town.create().case.unwrap().id;
        town.file(replaced);
        let state = town.dispatch(replaced);
        for task in &state.tasks {
            let revoked = ReasonRequest {
                reason: "派错了".to_owned(),
                occurred_at: None,
            };
            wait(town.casework.task_revoke(&dispatcher, task.id, revoked)).unwrap();
        }
        assert_eq!(count(&leader, query), (4, 3, 1, 1));
        town.dispatch(replaced);
        assert_eq!(count(&leader, query), (5, 3, 1, 2));
        let of = |organisation_id, category_id| AccuracyQuery {
            organisation_id,
            category_id,
            ..query
        };
        assert_eq!(
            count(&leader, of(Some(ROADS), Some(CATEGORY))),
            (5, 3, 1, 2)
        );
        assert_eq!(count(&leader, of(Some(WATER), None)), (0, 0, 0, 0));
        assert_eq!(count(&leader, of(None, Some(FREE_CATEGORY))), (0, 0, 0, 0));
        let stranger = person(Id(900), "shift_leader", None);
        assert_eq!(count(&stranger, query), (0, 0, 0, 0));
        let later = AccuracyQuery {
            from: query.until,
            until: query.until.plus_seconds(60),
            ..query
        };
        assert_eq!(count(&leader, later), (0, 0, 0, 0));
        for wrong in [
            of(Some(Id(5)), None),
            AccuracyQuery {
                until: query.from,
                ..query
            },
            AccuracyQuery {
                until: query.from.plus_seconds(367 * 86_400),
                ..query
            },
        ] {
            let refused = wait(town.casework.route_accuracy(&leader, wrong));
            assert!(matches!(refused, Err(CaseworkError::Invalid(fields)) if fields.len() == 1));
        }
    });
}

/// Advises water for everything, with its reason.
struct Adviser(Id);

impl Suggest for Adviser {
    fn suggest(&self, _: &Question) -> Option<Advice> {
        Some(Advice {
            organisation_id: self.0,
            reason: "同类案件多由水务处置".to_owned(),
        })
    }
}

#[test]
fn another_room_advises_where_the_tables_are_silent_and_before_the_fallback() {
    for (advised, expected) in [
        (WATER, (WATER, Basis::Advice)),
        (Id(5), (CENTRE, Basis::Fallback)),
    ] {
        each_town(|town, _| {
            let fallback = FallbackSetRequest {
                area_code: "310118".to_owned(),
                organisation_id: CENTRE,
            };
            wait(
                town.casework
                    .fallback_set(&call(&centre("shift_leader")), fallback),
            )
            .unwrap();
            town.casework.advised_by(Arc::new(Adviser(advised)));
            let view = explained(town, FREE_CATEGORY);
            let (who, basis, _) = told(&view);
            assert_eq!(
                (who, basis),
                (Some(expected.0.to_string()), Some(expected.1))
            );
            let advice = view
                .why
                .iter()
                .find(|why| why.basis == Basis::Advice)
                .unwrap();
            assert_eq!(advice.words.as_deref(), Some("同类案件多由水务处置"));
            // The city's own table comes first.
            wait(
                town.casework
                    .route_create(&admin(), row(RouteKind::Route, ROADS)),
            )
            .unwrap();
            let (who, basis, _) = told(&explained(town, FREE_CATEGORY));
            assert_eq!((who, basis), (Some(ROADS.to_string()), Some(Basis::Route)));
        });
    }
}
