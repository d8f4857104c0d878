//! Areas that end, follow each other and change (区划调整), and what became of them.

use crate::city::*;
use crate::grids::{cell, collection, import_grids, place, village_city};
use axum::http::StatusCode;
use base::{AreaCode, Id, PageRequest, Timestamp};
use registry::{
    Area, AreaImport, BoundaryImport, GridGenerate, GridImport, Part, Registry, RegistryError,
};
use serde_json::{Value, json};
use std::sync::Arc;
use store::testing::TestStore;

const DISTRICT: &str = "310118";
const STREET: &str = "310118001";
const VILLAGE: &str = "310118001001";
const CENTRED: &str = "310118001002";
const GRID: &str = "310118001001001";

fn ever(registry: &Registry, code: &str) -> Arc<Area> {
    let code = AreaCode::parse(code).unwrap();
    registry
        .snapshot()
        .areas
        .by_code_ever(code)
        .unwrap()
        .clone()
}

fn change(registry: &Registry, code: &str, change: &Value) -> Result<Arc<Area>, RegistryError> {
    let change = serde_json::from_value(change.clone()).unwrap();
    wait(registry.area_update(&console(), ever(registry, code).id, None, change))
}

fn end(registry: &Registry, code: &str) -> Result<Arc<Area>, RegistryError> {
    change(
        registry,
        code,
        &json!({ "effective_to": "2026-11-19", "reason": "区划调整" }),
    )
}

/// A village cut into six grids and one with a centre only, on the 20th of November 2026.
fn on_gridded(test: impl Fn(&TestStore, &Registry, &access::Access)) {
    on_each_engine_with_access(|fresh, registry, access| {
        village_city(registry);
        let street = ever(registry, STREET).id;
        let done =
            wait(registry.grid_generate(&console(), street, &GridGenerate::default(), |_| ()));
        assert_eq!(done.unwrap().grids(), 6);
        test(fresh, registry, access);
    });
}

fn end_all(registry: &Registry, codes: impl IntoIterator<Item = String>) {
    for code in codes {
        end(registry, &code).unwrap();
    }
}

fn grid_codes() -> impl Iterator<Item = String> {
    (1..=6).map(|n| format!("{VILLAGE}00{n}"))
}

#[test]
fn an_area_that_ended_holds_no_place_and_gives_its_code_to_nobody_and_is_still_named() {
    on_gridded(|fresh, registry, _| {
        let inside = place(10.0, 190.0);
        let before = registry.area_at(inside).unwrap().area;
        assert_eq!(before.code.to_string(), GRID);
        let ended = end(registry, GRID).unwrap();
        assert_eq!((ended.version, ended.is_in_force()), (2, false));
        let areas = registry.snapshot().areas.clone();
        assert_eq!(
            registry.area_at(inside).unwrap().area.code.to_string(),
            VILLAGE
        );
        assert!(areas.by_code(before.code).is_none());
        let village = ever(registry, VILLAGE);
        assert_eq!(areas.children(Some(village.id)).count(), 5);
        assert_eq!(areas.below(&village.path).count(), 6);
        // What lay in it still names it, and where it was.
        assert_eq!(areas.by_path(&before.path).unwrap().name, "001网格");
        assert_eq!(areas.line(&before.path).len(), 4);
        assert_eq!(areas.by_id(before.id).unwrap().boundary, before.boundary);
        // Its code is given again by no file, and by no cutting.
        let report = import_grids(
            registry,
            &[cell(GRID, 0.0, 100.0, 100.0, 100.0)],
            &GridImport::default(),
        );
        assert!(
            rejections(&report)[0]
                .2
                .contains("was 001网格 until 2026-11-19; a code is not given again"),
            "{report:?}"
        );
        end_all(registry, grid_codes().skip(1));
        let done =
            wait(registry.grid_generate(&console(), village.id, &GridGenerate::default(), |_| ()));
        assert_eq!(done.unwrap().grids(), 6);
        let code = registry.area_at(inside).unwrap().area.code.to_string();
        assert_eq!(code, "310118001001007");
        // The same after a node has read all of it anew.
        let other = wait(Registry::open(fresh.store.clone())).unwrap();
        assert_eq!(
            other.snapshot().areas.areas(),
            registry.snapshot().areas.areas()
        );
    });
}

#[test]
fn an_area_does_not_end_while_areas_or_zones_in_it_are_in_force() {
    on_gridded(|_, registry, access| {
        let refused = |code: &str| match end(registry, code) {
            Err(RegistryError::AreaInUse { in_force, is_cut }) => (in_force, is_cut),
            other => panic!("{other:?}"),
        };
        let (in_force, is_cut) = refused(VILLAGE);
        assert_eq!((in_force.len(), is_cut), (6, false));
        assert_eq!(in_force[0], format!("{GRID} 001网格"));
        end_all(registry, grid_codes());
        let organisation = organisation(access, "QP", "青浦区城运中心", None);
        let zone = json!({"name": "园区", "kind": "park", "area_paths": [ever(registry, VILLAGE).path],
            "organisation_id": organisation.id});
        let zone = serde_json::from_value(zone).unwrap();
        let zone = wait(registry.zone_create(&console(), zone, None)).unwrap();
        assert_eq!(refused(VILLAGE), (vec!["park 园区".to_owned()], false));
        let given_up = serde_json::from_value(json!({ "is_active": false })).unwrap();
        wait(registry.zone_update(&console(), zone.id, None, given_up)).unwrap();
        end(registry, VILLAGE).unwrap();
        // Neither a zone nor anything below is made of what has ended.
        let again = serde_json::from_value(json!({ "is_active": true })).unwrap();
        let error = wait(registry.zone_update(&console(), zone.id, None, again)).unwrap_err();
        assert!(error.to_string().contains("has ended"), "{error}");
        let report = import_grids(
            registry,
            &[cell("310118001001009", 0.0, 0.0, 100.0, 100.0)],
            &GridImport::default(),
        );
        assert!(
            rejections(&report)[0].2.contains("there is no village"),
            "{report:?}"
        );
        let error = change(registry, GRID, &json!({ "effective_to": null })).unwrap_err();
        assert!(error.to_string().contains("has ended"), "{error}");
        // Ended by mistake: from above to below it is in force again.
        change(registry, VILLAGE, &json!({ "effective_to": null })).unwrap();
        change(registry, GRID, &json!({ "effective_to": null })).unwrap();
        assert_eq!(
            registry
                .area_at(place(10.0, 190.0))
                .unwrap()
                .area
                .code
                .to_string(),
            GRID
        );
    });
}

#[test]
fn areas_follow_each_other_in_a_merger_and_in_a_division() {
    on_gridded(|_, registry, _| {
        let square = |code: &str, x: f64, w: f64| -> Value {
            let mut feature = cell(code, x, 0.0, w, 200.0);
            feature["properties"] = json!({"adcode": code, "name": format!("新{code}")});
            feature
        };
        end_all(registry, grid_codes());
        let old = ever(registry, VILLAGE);
        let merged = ever(registry, CENTRED);
        end(registry, VILLAGE).unwrap();
        end(registry, CENTRED).unwrap();
        // Two of one.
        let halves = [
            square("310118001003", 0.0, 150.0),
            square("310118001004", 150.0, 150.0),
        ];
        import_boundaries(registry, &collection(&halves), &BoundaryImport::default()).unwrap();
        for half in ["310118001003", "310118001004"] {
            change(
                registry,
                half,
                &json!({ "succeeds": [old.id], "effective_from": "2026-11-20" }),
            )
            .unwrap();
        }
        let areas = registry.snapshot().areas.clone();
        let name = |area: Option<&Arc<Area>>| area.map(|area| area.code.to_string());
        assert_eq!(
            name(areas.in_force(&old.path, None)),
            None,
            "it cannot be told"
        );
        let east = Some(place(200.0, 100.0));
        assert_eq!(
            name(areas.in_force(&old.path, east)).as_deref(),
            Some("310118001004")
        );
        // One of two, one of which followed another before.
        let west = ever(registry, "310118001003").id;
        change(
            registry,
            "310118001004",
            &json!({ "succeeds": [old.id, merged.id, merged.id] }),
        )
        .unwrap();
        end(registry, "310118001003").unwrap_err();
        change(
            registry,
            "310118001003",
            &json!({ "effective_from": null, "effective_to": "2026-11-20" }),
        )
        .unwrap();
        change(
            registry,
            "310118001004",
            &json!({ "succeeds": [merged.id, west] }),
        )
        .unwrap();
        let areas = registry.snapshot().areas.clone();
        for path in [&merged.path, &old.path] {
            assert_eq!(
                name(areas.in_force(path, None)).as_deref(),
                Some("310118001004")
            );
        }
        let after: Vec<Id> = areas.successors(merged.id).map(|area| area.id).collect();
        assert_eq!(after, [ever(registry, "310118001004").id]);
        assert_eq!(&*ever(registry, "310118001004").succeeds, [merged.id, west]);
    });
}

#[test]
fn lists_have_what_is_in_force_unless_asked_for_a_day_or_what_ended() {
    on_gridded(|_, registry, _| {
        change(
            registry,
            CENTRED,
            &json!({ "effective_from": "2020-01-01", "effective_to": "2026-06-30" }),
        )
        .unwrap();
        let street = ever(registry, STREET).id;
        let codes = |query: &str| {
            let path = format!("/api/v1/areas?{query}");
            let (status, _, body) = request(registry, &console(), "GET", &path, &[], None);
            assert_eq!(status, StatusCode::OK, "{query} {body}");
            let items = body["items"].as_array().unwrap().iter();
            items
                .map(|item| item["code"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let below = |query: &str| codes(&format!("parent_id={street}{query}"));
        assert_eq!(below(""), [VILLAGE]);
        assert_eq!(below("&ended=false"), [VILLAGE]);
        assert_eq!(below("&ended=true"), [CENTRED]);
        assert_eq!(below("&on=2026-06-30"), [VILLAGE, CENTRED]);
        assert_eq!(below("&on=2026-06-30&ended=true"), [CENTRED]);
        assert_eq!(below("&on=2026-07-01"), [VILLAGE]);
        assert_eq!(
            below("&on=2019-12-31"),
            [VILLAGE],
            "its first day is not known"
        );
        assert!(codes(&format!("code={CENTRED}")).is_empty());
        assert_eq!(codes(&format!("code={CENTRED}&ended=true")), [CENTRED]);
        assert!(codes("name=青平").is_empty());
        assert_eq!(codes("name=青平&on=2026-01-01"), [CENTRED]);
        let path = format!("/api/v1/areas/{}", ever(registry, CENTRED).id);
        let (status, headers, body) = request(registry, &console(), "GET", &path, &[], None);
        assert_eq!(
            (status, &headers["etag"]),
            (StatusCode::OK, &"\"2\"".parse().unwrap())
        );
        assert_eq!(
            (
                &body["name"],
                &body["effective_from"],
                &body["effective_to"]
            ),
            (
                &json!("青平社区"),
                &json!("2020-01-01"),
                &json!("2026-06-30")
            )
        );
        for wrong in ["on=2026-02-30", "on=today", "ended=maybe"] {
            let path = format!("/api/v1/areas?{wrong}");
            let (status, ..) = request(registry, &console(), "GET", &path, &[], None);
            assert!(status.is_client_error(), "{wrong} {status}");
        }
    });
}

#[test]
fn the_history_of_an_area_says_who_changed_what_and_when() {
    on_gridded(|_, registry, access| {
        let organisation = organisation(access, "QP", "青浦区城运中心", None);
        let who = member(&organisation, "system_admin", None);
        let id = ever(registry, CENTRED).id;
        let path = format!("/api/v1/areas/{id}");
        let ask = |headers: &[(&str, &str)], body: &Value| {
            let (status, _, body) = request(registry, &who, "PATCH", &path, headers, Some(body));
            (status, body)
        };
        let rename = json!({ "name": " 青平新社区 ", "reason": "更名" });
        let (status, body) = ask(&[("if-match", "\"1\"")], &rename);
        assert_eq!(
            (status, &body["version"]),
            (StatusCode::OK, &json!(2)),
            "{body}"
        );
        let (status, body) = ask(&[("if-match", "\"1\"")], &json!({ "name": "又一个" }));
        assert_eq!(status, StatusCode::CONFLICT, "{body}");
        let (status, body) = ask(&[], &rename);
        assert_eq!(
            (status, &body["version"]),
            (StatusCode::OK, &json!(2)),
            "nothing changed"
        );
        let moved = csv(&format!(
            "code,name,lon,lat\n{CENTRED},青平新社区,121.02,31.0\n"
        ));
        import_areas(registry, &moved, &AreaImport::default()).unwrap();
        let page = format!("{path}/history?limit=2");
        let (_, _, body) = request(registry, &who, "GET", &page, &[], None);
        let items = body["items"].as_array().unwrap();
        assert_eq!((items.len(), &body["next"]), (2, &json!("2")), "{body}");
        assert_eq!(items[0]["operation"], "area_import");
        assert_eq!(items[0]["changes"]["centre"][1]["lon"], 121.02);
        assert_eq!(
            items[1],
            json!({"version": 2, "at": "2026-11-20T09:00:00+08:00", "operation": "area_update", "staff_id": "41",
                "organisation_id": organisation.id, "reason": "更名", "changes": {"name": ["青平社区", "青平新社区"]}})
        );
        let (_, _, body) = request(registry, &who, "GET", &format!("{page}&after=2"), &[], None);
        assert_eq!(
            (
                &body["items"][0]["version"],
                &body["items"][0]["changes"],
                &body["next"]
            ),
            (&json!(1), &json!({}), &Value::Null)
        );
        let area = ever(registry, CENTRED);
        let renamed: Timestamp = "2026-11-20T09:00:00+08:00".parse().unwrap();
        assert_eq!(area.name_at(Timestamp(renamed.0 - 1)), "青平社区");
        assert_eq!(area.name_at(renamed), "青平新社区");
        let (_, _, body) = request(registry, &who, "GET", &path, &[], None);
        assert_eq!(
            body["former_names"],
            json!([{"name": "青平社区", "until": "2026-11-20T09:00:00+08:00"}])
        );
        // An outline that changed is there as it was.
        let mut outline = cell(VILLAGE, 0.0, 0.0, 300.0, 210.0);
        outline["properties"] = json!({ "adcode": VILLAGE, "name": "东盛社区" });
        let before = ever(registry, VILLAGE);
        import_boundaries(
            registry,
            &collection(&[outline]),
            &BoundaryImport::default(),
        )
        .unwrap();
        let history = wait(registry.area_history(before.id, &PageRequest::default())).unwrap();
        assert_eq!(
            history.items[0].changes["boundary"][0],
            before.boundary.as_ref().unwrap().to_geojson()
        );
        let none = wait(registry.area_history(Id(9), &PageRequest::default()));
        assert!(matches!(none, Err(RegistryError::NotFound("area"))));
    });
}

#[test]
fn what_is_no_change_of_an_area_is_refused_with_the_field_and_changes_nothing() {
    on_gridded(|_, registry, access| {
        let organisation = organisation(access, "QP", "青浦区城运中心", None);
        let who = member(&organisation, "system_admin", None);
        let after = ever(registry, CENTRED).id;
        change(
            registry,
            CENTRED,
            &json!({ "succeeds": [ever(registry, STREET).id] }),
        )
        .unwrap();
        let itself = ever(registry, STREET).id;
        let many: Vec<String> = (1..=51).map(|n| n.to_string()).collect();
        let path = format!("/api/v1/areas/{itself}");
        let before = ever(registry, STREET);
        for (body, status, wrong) in [
            (json!({ "name": " " }), 422, Some(("name", "malformed"))),
            (
                json!({ "name": "字".repeat(201) }),
                422,
                Some(("name", "malformed")),
            ),
            (
                json!({ "name": "夏\n阳" }),
                422,
                Some(("name", "malformed")),
            ),
            (
                json!({ "effective_to": "2026-11-21" }),
                422,
                Some(("effective_to", "out_of_range")),
            ),
            (
                json!({ "effective_from": "2026-11-21" }),
                422,
                Some(("effective_from", "out_of_range")),
            ),
            (
                json!({ "effective_from": "2026-11-20", "effective_to": "2026-11-19" }),
                422,
                Some(("effective_to", "out_of_range")),
            ),
            (json!({ "succeeds": [7] }), 422, None),
            (
                json!({ "succeeds": ["7"] }),
                422,
                Some(("succeeds", "unknown_id")),
            ),
            (
                json!({ "succeeds": [itself] }),
                422,
                Some(("succeeds", "same")),
            ),
            (
                json!({ "succeeds": [after] }),
                422,
                Some(("succeeds", "same")),
            ),
            (
                json!({ "succeeds": many }),
                422,
                Some(("succeeds", "too_many")),
            ),
            (
                json!({ "reason": "因".repeat(5_000) }),
                422,
                Some(("reason", "malformed")),
            ),
            (json!({ "effective_to": "2026-02-30" }), 422, None),
            (json!({ "effective_to": 20_261_120 }), 422, None),
            (json!({ "code": "310118009" }), 422, None),
            (json!("结束"), 422, None),
        ] {
            let (found, _, answer) = request(registry, &who, "PATCH", &path, &[], Some(&body));
            assert_eq!(found.as_u16(), status, "{body} {answer}");
            if let Some((field, code)) = wrong {
                let fields = answer["fields"].as_array().unwrap();
                assert!(
                    fields
                        .iter()
                        .any(|f| f["field"] == field && f["code"] == code),
                    "{body} {answer}"
                );
            }
        }
        let last = json!({ "effective_to": "2026-11-20" });
        let (status, _, answer) = request(registry, &who, "PATCH", &path, &[], Some(&last));
        assert_eq!(
            (status, &answer["code"]),
            (StatusCode::CONFLICT, &json!("area_in_use"))
        );
        assert!(
            answer["detail"]
                .as_str()
                .unwrap()
                .contains("310118001001 东盛社区"),
            "{answer}"
        );
        let (status, ..) = request(registry, &who, "PATCH", "/api/v1/areas/7", &[], Some(&last));
        assert_eq!(status, StatusCode::NOT_FOUND);
        let dispatcher = member(&organisation, "dispatcher", None);
        let (status, ..) = request(registry, &dispatcher, "PATCH", &path, &[], Some(&last));
        assert_eq!(status, StatusCode::FORBIDDEN);
        wait(registry.reload(Part::Areas)).unwrap();
        assert_eq!(ever(registry, STREET), before);
        assert_eq!(ever(registry, DISTRICT).version, 1);
    });
}
