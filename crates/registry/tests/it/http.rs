//! The routes, without the server around them.

use crate::city::*;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use base::geo::CoordinateSystem;
use http_body_util::BodyExt;
use registry::http::{ENDPOINTS, router};
use registry::{AreaImport, BoundaryImport, Registry};
use serde_json::Value;
use std::collections::BTreeSet;
use store::testing::{sqlite, system_clock};
use tower::ServiceExt;

const SQUARE: &str = r#"{"type":"Feature","properties":{"adcode":"310118","name":"青浦区"},"geometry":
    {"type":"Polygon","coordinates":[[[121,31],[121.4,31],[121.4,31.4],[121,31.4],[121,31]]]}}"#;

/// A district with an outline, two streets with centres, and a standard with its successor.
fn small_city(registry: &Registry) {
    import_boundaries(registry, SQUARE.as_bytes(), &BoundaryImport::default()).unwrap();
    let streets =
        csv("code,name,lon,lat\n310118001,夏阳街道,121.1,31.1\n310118002,盈浦街道,121.3,31.3\n");
    import_areas(registry, &streets, &AreaImport::default()).unwrap();
    let rules = csv(
        "kind,big_code,big_name,small_code,small_name,filing_condition,closing_condition,time_limit\n\
         部件,01,公用设施,01,上水井盖,缺失,恢复,2紧急工作时\n\
         部件,01,公用设施,02,污水井盖,缺失,恢复,4小时\n\
         事件,01,市容环境,10,暴露垃圾,有,清理,4小时\n",
    );
    import_standard(registry, &rules, &standard("CITY", "2023", "市标准")).unwrap();
    let catalogue = csv("kind,class_code,class_name,code5,name\n\
         管理部件,01,市政公用设施,01001,供水井盖\n\
         管理部件,01,市政公用设施,01002,污水井盖\n");
    import_standard(
        registry,
        &catalogue,
        &standard("GBT47678.5", "2026", "国标"),
    )
    .unwrap();
    let rules = registry.snapshot().rules.clone();
    let [old, new] = rules.standards() else {
        panic!()
    };
    wait(registry.crosswalk_build(&console(), old.id, new.id, false)).unwrap();
}

fn ask(registry: &Registry, path: &str) -> (StatusCode, Value) {
    let app = router(registry.clone()).split_for_parts().0;
    wait(async move {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = app.oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    })
}

fn names(list: &Value, field: &str) -> Vec<String> {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item[field].as_str().unwrap().to_owned())
        .collect()
}

fn with_small_city(test: impl Fn(&Registry)) {
    let fresh = sqlite(&[registry::ROOM], &system_clock());
    let registry = wait(Registry::open(fresh.store.clone())).unwrap();
    small_city(&registry);
    test(&registry);
}

#[test]
fn every_route_stands_in_the_table_of_endpoints_and_every_line_has_its_route() {
    with_small_city(|registry| {
        let api = router(registry.clone()).split_for_parts().1;
        let json = serde_json::to_value(&api).unwrap();
        let mut routed = BTreeSet::new();
        for (path, methods) in json["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap();
                routed.insert((method.to_uppercase(), path.clone(), id.to_owned()));
            }
        }
        let listed: BTreeSet<_> = ENDPOINTS
            .iter()
            .map(|e| {
                (
                    e.method.to_owned(),
                    e.path.to_owned(),
                    e.operation.to_owned(),
                )
            })
            .collect();
        assert_eq!(routed, listed);
        for endpoint in ENDPOINTS {
            let access::Needs::Permission(permission) = endpoint.needs else {
                panic!("{endpoint:?}")
            };
            assert!(
                console().allows(permission),
                "{permission} is no permission"
            );
        }
    });
}

#[test]
fn areas_are_listed_by_parent_code_and_name() {
    with_small_city(|registry| {
        let (status, roots) = ask(registry, "/api/v1/areas");
        assert_eq!(
            (status, names(&roots, "name")),
            (StatusCode::OK, vec!["青浦区".to_owned()])
        );
        let district = roots["items"][0]["id"].as_str().unwrap();
        assert_eq!(roots["items"][0]["has_children"], true);
        let (_, first) = ask(
            registry,
            &format!("/api/v1/areas?parent_id={district}&limit=1"),
        );
        assert_eq!(names(&first, "code"), ["310118001"]);
        let next = first["next"].as_str().unwrap();
        let (_, second) = ask(
            registry,
            &format!("/api/v1/areas?parent_id={district}&limit=1&after={next}"),
        );
        assert_eq!(names(&second, "code"), ["310118002"]);
        assert_eq!(second["next"], Value::Null);
        let (_, by_code) = ask(registry, "/api/v1/areas?code=310118002");
        assert_eq!(names(&by_code, "name"), ["盈浦街道"]);
        let (_, by_name) = ask(
            registry,
            &format!("/api/v1/areas?parent_id={district}&name=%E8%A1%97%E9%81%93"),
        );
        assert_eq!(names(&by_name, "name"), ["夏阳街道", "盈浦街道"]);
        for (path, status) in [
            ("/api/v1/areas?code=12", StatusCode::UNPROCESSABLE_ENTITY),
            ("/api/v1/areas?limit=0", StatusCode::UNPROCESSABLE_ENTITY),
            ("/api/v1/areas?parent_id=7", StatusCode::NOT_FOUND),
            ("/api/v1/areas/7", StatusCode::NOT_FOUND),
            ("/api/v1/areas/x", StatusCode::UNPROCESSABLE_ENTITY),
        ] {
            assert_eq!(ask(registry, path).0, status, "{path}");
        }
        let (_, one) = ask(registry, &format!("/api/v1/areas/{district}"));
        assert_eq!(
            (&one["level"], &one["has_boundary"]),
            (&"district".into(), &true.into())
        );
        let (_, outline) = ask(registry, &format!("/api/v1/areas/{district}/boundary"));
        assert_eq!(outline["type"], "MultiPolygon");
        let street = first["items"][0]["id"].as_str().unwrap();
        assert_eq!(
            ask(registry, &format!("/api/v1/areas/{street}/boundary")).0,
            StatusCode::NOT_FOUND
        );
    });
}

#[test]
fn a_place_is_located_in_any_coordinate_system() {
    with_small_city(|registry| {
        let (status, at) = ask(registry, "/api/v1/areas/at?lon=121.12&lat=31.1");
        assert_eq!(status, StatusCode::OK);
        let line: Vec<_> = at["line"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| a["name"].clone())
            .collect();
        assert_eq!(line, ["青浦区", "夏阳街道"]);
        assert_eq!(at["nearest_centre"], true);
        assert!((1_800.0..2_000.0).contains(&at["distance_m"].as_f64().unwrap()));
        // Just west of the border, and in GCJ-02 some 400 m further west.
        let place = base::geo::from_cgcs2000(
            CoordinateSystem::Gcj02,
            base::Point {
                lon: 121.001,
                lat: 31.2,
            },
        );
        let shifted = format!(
            "/api/v1/areas/at?lon={}&lat={}&coordinates=",
            place.lon, place.lat
        );
        assert_eq!(
            ask(registry, &format!("{shifted}gcj02")).1["line"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
        let (status, outside) = ask(registry, "/api/v1/areas/at?lon=116.4&lat=39.9");
        assert_eq!(
            (status, outside["line"].as_array().unwrap().len()),
            (StatusCode::OK, 0)
        );
        for wrong in [
            "lon=31.1&lat=121.1",
            "lon=121",
            "lon=121&lat=31&coordinates=utm",
        ] {
            assert_eq!(
                ask(registry, &format!("/api/v1/areas/at?{wrong}")).0,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{wrong}"
            );
        }
    });
}

#[test]
fn standards_categories_rules_and_counterparts_are_listed() {
    with_small_city(|registry| {
        let (_, standards) = ask(registry, "/api/v1/standards");
        assert_eq!(names(&standards, "code"), ["CITY", "GBT47678.5"]);
        let city = standards["items"][0]["id"].as_str().unwrap();
        let categories = format!("/api/v1/standards/{city}/categories");
        let (_, all) = ask(registry, &categories);
        assert_eq!(
            names(&all, "code"),
            ["01", "0101", "0102", "01", "0110"],
            "components, then events"
        );
        let mut walked = Vec::new();
        let mut after = String::new();
        loop {
            let (_, part) = ask(registry, &format!("{categories}?limit=2{after}"));
            walked.extend(names(&part, "id"));
            match part["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(walked, names(&all, "id"), "a walk by pages sees each once");
        let (_, events) = ask(registry, &format!("{categories}?kind=event&level=2"));
        assert_eq!(names(&events, "name"), ["暴露垃圾"]);
        let manhole = all["items"][1]["id"].as_str().unwrap();
        let (_, detail) = ask(registry, &format!("/api/v1/categories/{manhole}"));
        assert_eq!(detail["rule_rows"][0]["limit"], "2紧急工作时");
        assert_eq!(detail["successors"][0]["relation"], "renamed");
        assert_eq!(detail["successors"][0]["to"]["name"], "供水井盖");
        let rule = detail["rule_rows"][0]["id"].as_str().unwrap();
        assert_eq!(
            ask(registry, &format!("/api/v1/rule-rows/{rule}")).1["filing_condition"],
            "缺失"
        );
        let (_, pairs) = ask(registry, &format!("/api/v1/standards/{city}/crosswalk"));
        let relations: Vec<_> = pairs["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p["relation"].clone())
            .collect();
        assert_eq!(relations, ["renamed", "same"]);
        let (_, same) = ask(
            registry,
            &format!("/api/v1/standards/{city}/crosswalk?relation=same"),
        );
        assert_eq!(same["items"].as_array().unwrap().len(), 1);
        for path in [
            "/api/v1/standards/7/categories",
            "/api/v1/categories/7",
            "/api/v1/rule-rows/7",
        ] {
            assert_eq!(ask(registry, path).0, StatusCode::NOT_FOUND, "{path}");
        }
    });
}
