//! Areas that ended or were renamed (区划调整): what old cases are called by, and what new ones are given.

use crate::town::*;
use access::Principal;
use base::{Clock, Id, ManualClock, Point, Problem, Timestamp, TreePath};
use casework::city::{City, KnownCity};
use casework::input::routing::RouteRequest;
use casework::input::*;
use casework::routing::RouteKind;
use casework::service::{CaseQuery, TaskQuery};
use registry::{AreaImport, Registry};
use serde_json::json;
use std::sync::Arc;
use store::testing::each_engine_at;
use table::Table;

fn report_in(code: &str) -> ReportCreateRequest {
    ReportCreateRequest {
        place: PlaceRequest {
            area_code: Some(code.to_owned()),
            ..PlaceRequest::default()
        },
        open_case: None,
        ..report_request()
    }
}

#[test]
fn a_case_is_opened_in_what_took_the_place_of_the_area_its_report_names() {
    each_town(|town, _| {
        let by = call(&centre("intake_clerk"));
        let report = wait(town.casework.report_create(&by, report_in("310118002009")));
        let report = report.unwrap().report;
        let accept = ReportAcceptRequest {
            open_cases: vec![CaseOpenRequest {
                category_id: Some(CATEGORY),
                ..CaseOpenRequest::default()
            }],
            join_case_ids: vec![],
        };
        let case = wait(town.casework.report_accept(&by, report.id, accept))
            .unwrap()
            .opened
            .remove(0);
        let view = wait(town.casework.case_view(&centre("leader"), case.id)).unwrap();
        assert_eq!(view.head.area.unwrap().id, street(1).to_string());
        let told = wait(
            town.casework
                .report_view(&centre("intake_clerk"), report.id),
        )
        .unwrap();
        assert_eq!(told.head.area.unwrap().id, ended().to_string());
        town.verify();
    });
}

#[test]
fn what_lay_in_an_area_is_shown_with_the_name_it_had_then() {
    each_town(|town, _| {
        let by = call(&centre("intake_clerk"));
        let request = ReportCreateRequest {
            open_case: report_request().open_case,
            ..report_in("310118002008")
        };
        let made = wait(town.casework.report_create(&by, request)).unwrap();
        let case = made.case.unwrap().id;
        let leader = centre("leader");
        let named = |area: Option<casework::view::Named>| area.unwrap().name.unwrap();
        let view = wait(town.casework.case_view(&leader, case)).unwrap();
        assert_eq!(named(view.head.area), "旧名");
        let view = wait(town.casework.report_view(&leader, made.report.id)).unwrap();
        assert_eq!(named(view.head.area), "旧名");
        let query = CaseQuery {
            area_code: Some("310118002".to_owned()),
            ..CaseQuery::default()
        };
        let mut page = wait(town.casework.case_list(&leader, query)).unwrap();
        assert_eq!(named(page.items.remove(0).area), "旧名");
        town.handle(case);
        let mut tasks = wait(town.casework.task_list(&leader, TaskQuery::default())).unwrap();
        assert_eq!(named(tasks.items.remove(0).area), "旧名");
    });
}

#[test]
fn the_code_of_an_area_that_ended_is_asked_by_and_not_given() {
    each_town(|town, _| {
        let code = || Some("310118002007".to_owned());
        let query = CaseQuery {
            area_code: code(),
            ..CaseQuery::default()
        };
        assert!(wait(town.casework.case_list(&centre("leader"), query)).is_ok());
        let wrong = |problem: Problem| {
            let fields = problem.fields.into_iter();
            fields
                .map(|each| (each.field, each.code))
                .collect::<Vec<_>>()
        };
        let by = call(&centre("intake_clerk"));
        let error = wait(town.casework.report_create(&by, report_in("310118002007")));
        assert_eq!(
            wrong(error.unwrap_err().into()),
            [("place.area_code".to_owned(), "unknown_code")]
        );
        let admin = call(&person(CENTRE, "system_admin", None));
        let route = RouteRequest {
            kind: RouteKind::Route,
            category_id: Some(CATEGORY),
            area_code: code(),
            hours: None,
            unit_name: None,
            organisation_id: ROADS,
        };
        let error = wait(town.casework.route_create(&admin, route));
        assert_eq!(
            wrong(error.unwrap_err().into()),
            [("area_code".to_owned(), "unknown_code")]
        );
    });
}

#[test]
fn the_city_tells_areas_in_force_from_those_that_ended_and_their_names_by_time() {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(morning()));
    each_engine_at(&[registry::ROOM], &clock, |fresh| {
        let registry = wait(Registry::open(fresh.store.clone())).unwrap();
        let console = Principal::console(Id(1), TreePath::root(1).unwrap());
        let rows =
            "code,name\n310118,青浦区\n310118001,夏阳街道\n310118002,盈浦街道\n310118001001,东盛\n";
        let table = Table::read(rows.as_bytes(), "areas.csv").unwrap();
        let options = AreaImport::default();
        wait(registry.area_import(&console, &table, &options, |_| ())).unwrap();
        let area = |code: &str| {
            let areas = registry.snapshot().areas.clone();
            areas
                .by_code_ever(code.parse().unwrap())
                .map(|area| (area.id, area.path.clone()))
                .unwrap()
        };
        let change = |code: &str, change: serde_json::Value| {
            let change = serde_json::from_value(change).unwrap();
            wait(registry.area_update(&console, area(code).0, None, change)).unwrap();
        };
        change("310118001001", json!({ "effective_to": "2026-11-19" }));
        change("310118001", json!({ "effective_to": "2026-11-19" }));
        change(
            "310118002",
            json!({ "name": "青盈街道", "succeeds": [area("310118001").0] }),
        );
        let city = KnownCity::new(
            registry.clone(),
            Box::new(|_| None),
            Box::new(|_| Box::pin(async { Ok(vec![]) })),
        );
        let (old, after) = (area("310118001").1, area("310118002").1);
        assert!(city.place_by_code("310118001").is_none());
        let ever = city.place_by_code_ever("310118001").unwrap();
        assert_eq!(
            (&ever.area_path, ever.street_path.as_ref()),
            (&old, Some(&old))
        );
        assert_eq!(city.place_by_path(&old).unwrap(), ever);
        let now = city.place_in_force(&old, None).unwrap();
        assert_eq!(
            (&now.area_path, now.street_path.as_ref()),
            (&after, Some(&after))
        );
        let nowhere = Some(Point {
            lon: 100.0,
            lat: 30.0,
        });
        assert_eq!(city.place_in_force(&old, nowhere), Some(now));
        assert!(
            city.place_in_force(&area("310118001001").1, None).is_none(),
            "nothing took its place"
        );
        assert_eq!(city.area_name(&old).as_deref(), Some("夏阳街道"));
        let name = |at: Timestamp| city.area_name_at(&after, at).unwrap();
        assert_eq!(name(morning().plus_seconds(-1)), "盈浦街道");
        assert_eq!(name(morning()), "青盈街道");
        assert_eq!(city.area_name(&after).as_deref(), Some("青盈街道"));
    });
}
