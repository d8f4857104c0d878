//! Zones and duty grids: who answers for what, where.

use crate::city::*;
use crate::grids::{place, village_city};
use access::{Access, MembershipNew, StaffNew};
use axum::http::StatusCode;
use base::{Id, PageRequest, TreePath};
use registry::{GridGenerate, Registry, RegistryError, ZoneChange, ZoneNew};
use serde_json::{Value, json};
use std::fmt::Write as _;
use store::testing::TestStore;

/// A village cut into six grids, an organisation with two inspectors.
fn on_gridded(test: impl Fn(&TestStore, &Registry, &Access, &[TreePath], Id, &[Id])) {
    on_each_engine_with_access(|fresh, registry, access| {
        village_city(registry);
        let village = area(registry, "310118001001").1;
        wait(registry.grid_generate(&console(), village, &GridGenerate::default(), |_| ()))
            .unwrap();
        let grids: Vec<TreePath> = (1..=6)
            .map(|n| area(registry, &format!("31011800100100{n}")).0)
            .collect();
        let centre = organisation(access, "QP", "青浦区城运中心", None);
        let staff: Vec<Id> = ["001", "002"]
            .iter()
            .map(|code| {
                let new = StaffNew {
                    code: (*code).to_owned(),
                    name: format!("监督员{code}"),
                    phone: None,
                    memberships: vec![MembershipNew {
                        organisation_id: centre.id,
                        role: "inspector".to_owned(),
                        area_path: Some(grids[0].parent().unwrap()),
                        zone_ids: vec![],
                    }],
                };
                wait(access.staff_create(&console(), new, None)).unwrap().id
            })
            .collect();
        test(fresh, registry, access, &grids, centre.id, &staff);
    });
}

fn area(registry: &Registry, code: &str) -> (TreePath, Id) {
    let areas = registry.snapshot().areas.clone();
    let area = areas.by_code(base::AreaCode::parse(code).unwrap()).unwrap();
    (area.path.clone(), area.id)
}

fn duty_grid(name: &str, paths: &[TreePath], staff: &[Id]) -> Value {
    json!({"name": name, "kind": "duty_grid", "area_paths": paths, "staff_ids": staff})
}

fn post(registry: &Registry, body: &Value) -> (StatusCode, Value) {
    let (status, _, json) = request(
        registry,
        &console(),
        "POST",
        "/api/v1/zones",
        &[],
        Some(body),
    );
    (status, json)
}

fn fields(problem: &Value) -> Vec<(String, String)> {
    let fields = problem["fields"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    fields
        .iter()
        .map(|f| (text(&f["field"]), text(&f["code"])))
        .collect()
}

#[test]
fn a_duty_grid_is_made_of_unit_grids_and_answers_for_the_places_in_them() {
    on_gridded(|fresh, registry, _, grids, centre, staff| {
        let mut new = duty_grid("东盛一组", &grids[..3], staff);
        new["organisation_id"] = json!(centre);
        new["code"] = json!("ZR01");
        let key = [("idempotency-key", "z1")];
        let (status, headers, made) = request(
            registry,
            &console(),
            "POST",
            "/api/v1/zones",
            &key,
            Some(&new),
        );
        assert_eq!(status, StatusCode::CREATED, "{made}");
        assert_eq!(
            (&made["zone"]["areas"], &made["staff"][1]["name"]),
            (&json!(3), &json!("监督员002"))
        );
        assert_eq!(made["area_list"][0]["code"], "310118001001001");
        let (again, _, same) = request(
            registry,
            &console(),
            "POST",
            "/api/v1/zones",
            &key,
            Some(&new),
        );
        assert_eq!(
            (again, &same["zone"]["id"]),
            (StatusCode::CREATED, &made["zone"]["id"])
        );
        let path = headers["location"].to_str().unwrap().to_owned();
        let id: Id = made["zone"]["id"]
            .as_str()
            .unwrap()
            .parse()
            .map(Id)
            .unwrap();

        // The first row of grids is the northern one.
        let inside = place(150.0, 150.0);
        assert_eq!(registry.duty_grid_at(inside).unwrap().id, id);
        assert_eq!(registry.zones_at(None, Some(inside)), [id]);
        assert_eq!(registry.zones_at(Some(&grids[1]), None), [id]);
        assert!(registry.duty_grid_at(place(150.0, 50.0)).is_none());
        let at = format!("/api/v1/zones/at?lon={}&lat={}", inside.lon, inside.lat);
        let (_, _, located) = request(registry, &console(), "GET", &at, &[], None);
        assert_eq!(located["duty_grid_id"], made["zone"]["id"]);
        assert_eq!(
            located["items"][0]["organisation"]["name"],
            "青浦区城运中心"
        );

        let (_, _, outline) = request(
            registry,
            &console(),
            "GET",
            &format!("{path}/boundary"),
            &[],
            None,
        );
        let rings = outline["coordinates"][0].as_array().unwrap();
        assert_eq!(
            (outline["type"].as_str(), rings.len()),
            (Some("MultiPolygon"), 1)
        );

        // A second one may not take a grid of the first; the rest it may.
        let (status, problem) = post(registry, &duty_grid("东盛二组", &grids[2..4], staff));
        assert_eq!(
            (status, fields(&problem)),
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                vec![("area_paths".into(), "taken".into())]
            )
        );
        assert_eq!(
            post(registry, &duty_grid("东盛二组", &grids[3..], &staff[..1])).0,
            StatusCode::CREATED
        );
        // The first gives one up, with its version; the history keeps what it was.
        let change = json!({"area_paths": &grids[..2], "staff_ids": [staff[0]]});
        let (status, headers, _) = request(
            registry,
            &console(),
            "PATCH",
            &path,
            &[("if-match", "\"1\"")],
            Some(&change),
        );
        assert_eq!(
            (status, headers["etag"].to_str().unwrap()),
            (StatusCode::OK, "\"2\"")
        );
        let (stale, _, _) = request(
            registry,
            &console(),
            "PATCH",
            &path,
            &[("if-match", "\"1\"")],
            Some(&change),
        );
        assert_eq!(stale, StatusCode::CONFLICT);
        let (_, headers, _) = request(registry, &console(), "PATCH", &path, &[], Some(&change));
        assert_eq!(
            headers["etag"], "\"2\"",
            "nothing changes, nothing is written"
        );
        assert!(registry.duty_grid_at(place(250.0, 150.0)).is_none());
        let (_, _, history) = request(
            registry,
            &console(),
            "GET",
            &format!("{path}/history"),
            &[],
            None,
        );
        assert_eq!(
            history["items"][0]["body"]["area_codes"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
        assert_eq!(
            history["items"][1]["body"]["area_codes"]
                .as_array()
                .unwrap()
                .len(),
            3
        );
        // Given up, it holds nothing, and its grids are free.
        let (status, _, _) = request(
            registry,
            &console(),
            "PATCH",
            &path,
            &[],
            Some(&json!({"is_active": false})),
        );
        assert_eq!(status, StatusCode::OK);
        assert!(registry.zones_at(None, Some(inside)).is_empty());
        assert_eq!(
            post(registry, &duty_grid("东盛三组", &grids[..3], staff)).0,
            StatusCode::CREATED
        );
        let (taken, _, _) = request(
            registry,
            &console(),
            "PATCH",
            &path,
            &[],
            Some(&json!({"is_active": true})),
        );
        assert_eq!(taken, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(count(fresh, "SELECT COUNT(*) FROM zone_history"), 5);
        assert_eq!(
            count(
                fresh,
                "SELECT COUNT(*) FROM audit WHERE action LIKE 'zone_%'"
            ),
            5
        );

        // What another node reads is what this one has.
        let other = wait(Registry::open(fresh.store.clone())).unwrap();
        assert_eq!(
            other.snapshot().zones.zones(),
            registry.snapshot().zones.zones()
        );
    });
}

#[test]
fn zones_are_listed_by_kind_organisation_person_area_and_state() {
    on_gridded(|_, registry, _, grids, centre, staff| {
        assert_eq!(
            post(registry, &duty_grid("一组", &grids[..2], &staff[..1])).0,
            StatusCode::CREATED
        );
        let mut second = duty_grid("二组", &grids[2..3], &[]);
        second["organisation_id"] = json!(centre);
        assert_eq!(post(registry, &second).0, StatusCode::CREATED);
        let street = area(registry, "310118001").0;
        let park = json!({"name": "示范区", "kind": "park", "area_paths": [street]});
        assert_eq!(post(registry, &park).0, StatusCode::CREATED);
        let river = json!({"name": "淀浦河", "kind": "river", "coordinates": "wgs84",
            "boundary": {"type": "Polygon", "coordinates": [[[121.0, 31.0], [121.002, 31.0], [121.002, 31.001], [121.0, 31.001], [121.0, 31.0]]]}});
        assert_eq!(post(registry, &river).0, StatusCode::CREATED);
        let names = |query: &str| -> Vec<String> {
            let (status, _, list) = request(
                registry,
                &console(),
                "GET",
                &format!("/api/v1/zones{query}"),
                &[],
                None,
            );
            assert_eq!(status, StatusCode::OK, "{query}");
            list["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|z| z["name"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(names("").len(), 4);
        assert_eq!(names("?kind=duty_grid"), ["一组", "二组"]);
        assert_eq!(names(&format!("?staff_id={}", staff[0])), ["一组"]);
        assert_eq!(names(&format!("?organisation_id={centre}")), ["二组"]);
        assert_eq!(
            names(&format!("?kind=duty_grid&area_path={}", grids[2])),
            ["二组"]
        );
        assert_eq!(names(&format!("?area_path={}", grids[5])), ["示范区"]);
        assert_eq!(names("?is_active=false"), Vec::<String>::new());
        let all = names("");
        let (_, _, first) = request(
            registry,
            &console(),
            "GET",
            "/api/v1/zones?limit=3",
            &[],
            None,
        );
        let next = first["next"].as_str().unwrap();
        let encoded = next.bytes().fold(String::new(), |mut text, b| {
            write!(text, "%{b:02X}").unwrap();
            text
        });
        assert_eq!(names(&format!("?limit=3&after={encoded}")), all[3..]);
        // A place in the river, in the park and in a duty grid.
        let held = registry.zones_at(None, Some(place(50.0, 50.0)));
        let held: Vec<String> = held
            .iter()
            .map(|id| registry.zone(*id).unwrap().name.clone())
            .collect();
        assert_eq!(held, ["淀浦河", "示范区"]);
        assert_eq!(
            registry.zones_at(None, Some(place(50.0, 150.0))).len(),
            2,
            "park and duty grid"
        );
    });
}

#[test]
fn what_is_no_zone_is_refused_with_every_wrong_field() {
    on_gridded(|_, registry, _, grids, centre, staff| {
        assert_eq!(post(registry, &json!({"name": "一组", "kind": "duty_grid", "code": "Z1", "area_paths": &grids[..1], "organisation_id": centre})).0, StatusCode::CREATED);
        let village = area(registry, "310118001001").0;
        let square = json!({"type": "Polygon", "coordinates": [[[121.0, 31.0], [121.1, 31.0], [121.1, 31.1], [121.0, 31.0]]]});
        let cases: Vec<(Value, Vec<(&str, &str)>)> = vec![
            (json!({}), vec![("name", "required"), ("kind", "required")]),
            (
                json!({"name": "二组", "kind": "park"}),
                vec![("area_paths", "required")],
            ),
            (
                json!({"name": "一组", "kind": "park", "area_paths": [village]}),
                vec![("name", "taken")],
            ),
            (
                json!({"name": "二组", "code": "Z1", "kind": "park", "area_paths": [village]}),
                vec![("code", "taken")],
            ),
            (
                json!({"name": "", "kind": "park", "area_paths": [village]}),
                vec![("name", "malformed")],
            ),
            (
                json!({"name": "二组", "kind": "河", "area_paths": [village]}),
                vec![("kind", "malformed")],
            ),
            (
                json!({"name": "二组", "kind": "park", "area_paths": ["zzzz"]}),
                vec![("area_paths", "unknown_id")],
            ),
            (
                duty_grid("二组", &[village], staff),
                vec![("area_paths", "no_unit_grid")],
            ),
            (
                duty_grid("二组", &grids[1..2], &[]),
                vec![("organisation_id", "required")],
            ),
            (
                duty_grid("二组", &grids[1..2], &[Id(7)]),
                vec![("staff_ids", "unknown_id")],
            ),
            (
                json!({"name": "二组", "kind": "duty_grid", "area_paths": &grids[1..2], "staff_ids": staff, "boundary": square}),
                vec![("boundary", "not_for_duty_grids")],
            ),
            (
                json!({"name": "二组", "kind": "park", "area_paths": &grids[1..2], "organisation_id": "7"}),
                vec![("organisation_id", "unknown_id")],
            ),
            (
                json!({"name": "二组", "kind": "park", "boundary": {"type": "Point", "coordinates": [121, 31]}}),
                vec![("boundary", "malformed"), ("area_paths", "required")],
            ),
        ];
        for (body, expected) in cases {
            let (status, problem) = post(registry, &body);
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
            let expected: Vec<(String, String)> = expected
                .into_iter()
                .map(|(f, c)| (f.into(), c.into()))
                .collect();
            assert_eq!(fields(&problem), expected, "{body}");
        }
        for (path, status) in [
            ("/api/v1/zones/7", StatusCode::NOT_FOUND),
            ("/api/v1/zones/7/boundary", StatusCode::NOT_FOUND),
            ("/api/v1/zones/7/history", StatusCode::NOT_FOUND),
            ("/api/v1/zones/at?lon=121", StatusCode::UNPROCESSABLE_ENTITY),
            (
                "/api/v1/zones?area_path=x",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
        ] {
            assert_eq!(
                request(registry, &console(), "GET", path, &[], None).0,
                status,
                "{path}"
            );
        }
        let inspector = member(&wait_for_organisation(registry, centre), "inspector", None);
        assert!(matches!(
            wait(registry.zone_create(
                &inspector,
                serde_json::from_value::<ZoneNew>(duty_grid("二组", &grids[1..2], staff)).unwrap(),
                None
            )),
            Err(RegistryError::Denied(_))
        ));
        let id = registry.snapshot().zones.zones()[0].id;
        assert!(matches!(
            wait(registry.zone_update(&inspector, id, None, ZoneChange::default())),
            Err(RegistryError::Denied(_))
        ));
        assert!(
            wait(registry.zone_history(
                id,
                &PageRequest {
                    limit: None,
                    after: Some("x".into())
                }
            ))
            .is_err()
        );
    });
}

fn wait_for_organisation(registry: &Registry, id: Id) -> access::Organisation {
    let zone = registry.snapshot().zones.zones()[0].clone();
    assert_eq!(zone.organisation_id, Some(id));
    access::Organisation {
        id,
        code: "QP".into(),
        name: "青浦区城运中心".into(),
        kind: access::OrganisationKind::Centre,
        parent_id: None,
        path: TreePath::root(1).unwrap(),
        home_area_path: None,
        credit_code: None,
        version: 1,
    }
}

#[test]
fn two_who_take_one_grid_at_once_do_not_both_get_it() {
    on_gridded(|fresh, registry, access, grids, _, staff| {
        // Another node that has not heard of the first duty grid.
        let other = wait(Registry::open(fresh.store.clone())).unwrap();
        other.know(access.clone());
        let new =
            |name| serde_json::from_value::<ZoneNew>(duty_grid(name, &grids[..1], staff)).unwrap();
        wait(registry.zone_create(&console(), new("一组"), None)).unwrap();
        let late = wait(other.zone_create(&console(), new("二组"), None));
        assert!(late.is_err());
        assert_eq!(count(fresh, "SELECT COUNT(*) FROM zone"), 1);
    });
}
