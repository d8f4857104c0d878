//! Layers and what of them is in view.

use crate::city::*;
use crate::grids::{place, village_city};
use axum::http::StatusCode;
use base::Point;
use base::geo::CoordinateSystem;
use registry::component::cell::Frame;
use registry::{
    ComponentFile, ComponentImport, GridGenerate, PlaceImport, Registry, RegistryError,
};
use serde_json::{Value, json};
use std::fmt::Write as _;

fn features(registry: &Registry, layer: &str, query: &str) -> (StatusCode, Value) {
    let id = registry.layer(layer).unwrap().id;
    let path = format!("/api/v1/layers/{id}/features?{query}");
    let (status, _, json) = request(registry, &console(), "GET", &path, &[], None);
    (status, json)
}

fn view(from: Point, to: Point) -> String {
    format!(
        "west={}&south={}&east={}&north={}",
        from.lon, from.lat, to.lon, to.lat
    )
}

fn names(features: &Value, property: &str) -> Vec<String> {
    let features = features["features"].as_array().unwrap();
    let mut names: Vec<String> = features
        .iter()
        .map(|f| f["properties"][property].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

fn create(registry: &Registry, body: &Value) -> (StatusCode, Value) {
    let (status, _, json) = request(
        registry,
        &console(),
        "POST",
        "/api/v1/layers",
        &[],
        Some(body),
    );
    (status, json)
}

#[test]
fn the_layers_every_city_begins_with_show_areas_and_duty_grids_in_view() {
    on_each_engine_with_access(|_, registry, access| {
        village_city(registry);
        let areas = registry.snapshot().areas.clone();
        let village = areas
            .by_code(base::AreaCode::parse("310118001001").unwrap())
            .unwrap();
        wait(registry.grid_generate(&console(), village.id, &GridGenerate::default(), |_| ()))
            .unwrap();
        let (_, _, list) = request(registry, &console(), "GET", "/api/v1/layers", &[], None);
        let codes: Vec<&str> = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|l| l["code"].as_str().unwrap())
            .collect();
        assert_eq!(
            codes,
            ["districts", "streets", "villages", "grids", "duty_grids"]
        );
        let around = view(place(-10.0, -10.0), place(110.0, 95.0));
        let (status, grids) = features(registry, "grids", &around);
        assert_eq!(status, StatusCode::OK, "{grids}");
        assert_eq!(
            names(&grids, "code"),
            ["310118001001004", "310118001001005"]
        );
        assert_eq!(grids["features"][0]["geometry"]["type"], "MultiPolygon");
        let (_, cut) = features(registry, "grids", &format!("{around}&limit=1"));
        assert_eq!(
            (
                cut["is_cut"].as_bool(),
                cut["features"].as_array().unwrap().len()
            ),
            (Some(true), 1)
        );
        assert_eq!(
            names(&features(registry, "districts", &around).1, "name"),
            ["青浦区"]
        );
        assert_eq!(
            features(
                registry,
                "villages",
                &view(place(-500.0, -500.0), place(-400.0, -400.0))
            )
            .1["features"],
            json!([])
        );
        let centre = organisation(access, "QP", "城运中心", None);
        let grid = |n: u32| {
            registry
                .snapshot()
                .areas
                .by_code(base::AreaCode::parse(&format!("31011800100100{n}")).unwrap())
                .unwrap()
                .path
                .clone()
        };
        let zone = json!({"name": "一组", "kind": "duty_grid", "area_paths": [grid(4), grid(5)], "organisation_id": centre.id});
        assert_eq!(
            request(
                registry,
                &console(),
                "POST",
                "/api/v1/zones",
                &[],
                Some(&zone)
            )
            .0,
            StatusCode::CREATED
        );
        let (_, duty) = features(registry, "duty_grids", &around);
        assert_eq!(names(&duty, "name"), ["一组"]);
        let (_, none) = features(
            registry,
            "duty_grids",
            &view(place(210.0, 110.0), place(290.0, 190.0)),
        );
        assert_eq!(none["features"], json!([]));
    });
}

#[test]
fn components_and_places_are_layers_too() {
    on_each_engine_with_access(|_, registry, _| {
        village_city(registry);
        let rules = csv(
            "kind,class_code,class_name,code5,name\n管理部件,01,市政公用设施,01001,供水井盖\n管理部件,01,市政公用设施,01037,路灯\n",
        );
        import_standard(registry, &rules, &standard("GBT47678.5", "2026", "国标")).unwrap();
        let mut survey = "code,state,lon,lat\n".to_owned();
        for n in 0..40 {
            let p = place(f64::from(n) * 7.0, 50.0);
            let category = if n % 2 == 0 { "01001" } else { "01037" };
            let state = if n == 2 { "移除" } else { "完好" };
            writeln!(survey, "310118{category}{n:06},{state},{},{}", p.lon, p.lat).unwrap();
        }
        let table = csv(&survey);
        let file = ComponentFile::Table(&table);
        let report =
            wait(registry.component_import(&console(), file, &ComponentImport::default(), |_| ()))
                .unwrap();
        assert_eq!(counts(&report).1, 40, "{:?}", report.rejected.first());
        let snapshot = registry.snapshot();
        let standard = snapshot.rules.standards()[0].id;
        let manholes = snapshot
            .rules
            .category_by_code(standard, registry::CategoryKind::Component, "01001")
            .unwrap()
            .id;
        let class = snapshot
            .rules
            .category_by_code(standard, registry::CategoryKind::Component, "01")
            .unwrap()
            .id;
        for (code, ids, expected) in [
            ("manholes", vec![manholes], 5),
            ("municipal", vec![class], 10),
            ("all", vec![], 10),
        ] {
            let body = json!({"code": code, "name": code, "geometry": "point", "level_min": 15,
                "source": {"kind": "components", "category_ids": ids}, "style": {"icon": "manhole", "size": 12}});
            let (status, made) = create(registry, &body);
            assert_eq!(status, StatusCode::CREATED, "{made}");
            // Eleven of them within 75 metres, of which one is removed.
            let (_, seen) = features(registry, code, &view(place(-1.0, 0.0), place(75.0, 100.0)));
            assert_eq!(
                seen["features"].as_array().unwrap().len(),
                expected,
                "{code}: {seen}"
            );
        }
        let (_, cut) = features(
            registry,
            "all",
            &format!("{}&limit=7", view(place(-1.0, 0.0), place(300.0, 100.0))),
        );
        assert_eq!(
            (
                cut["is_cut"].as_bool(),
                cut["features"].as_array().unwrap().len()
            ),
            (Some(true), 7)
        );

        let shelters = json!({"code": "shelters", "name": "避难场所", "geometry": "point", "source": {"kind": "places"}});
        assert_eq!(create(registry, &shelters).0, StatusCode::CREATED);
        let spot = |id: Option<&str>, name: &str, x: f64| {
            let p = place(x, 50.0);
            json!({"type": "Feature", "properties": {"id": id, "name": name, "capacity": 300},
                "geometry": {"type": "Point", "coordinates": [p.lon, p.lat]}})
        };
        let file = json!({"type": "FeatureCollection", "features": [
            spot(Some("1"), "体育馆", 10.0), spot(Some("1"), "又一个", 20.0), spot(None, "学校", 30.0), spot(Some("3"), "", 40.0)]}).to_string();
        let import = |dry_run| {
            let options = PlaceImport {
                dry_run,
                ..PlaceImport::default()
            };
            wait(registry.place_import(&console(), "shelters", file.as_bytes(), &options, |_| ()))
                .unwrap()
        };
        assert_eq!(counts(&import(true)), (4, 2, 0, 2));
        assert_eq!(counts(&import(false)), (4, 2, 0, 2));
        assert_eq!(counts(&import(false)), (4, 0, 2, 2));
        let (_, seen) = features(
            registry,
            "shelters",
            &view(place(-1.0, 0.0), place(75.0, 100.0)),
        );
        assert_eq!(names(&seen, "name"), ["体育馆", "学校"]);
        assert_eq!(
            seen["features"][0]["properties"]["attributes"]["capacity"],
            300
        );
        assert!(matches!(
            wait(registry.place_import(
                &console(),
                "grids",
                file.as_bytes(),
                &PlaceImport::default(),
                |_| ()
            )),
            Err(RegistryError::Invalid(_))
        ));
    });
}

#[test]
fn the_real_places_of_a_district_are_a_layer() {
    let Some(path) = table::testing::real_data("poi/qingpu_poi.geojson") else {
        return;
    };
    let bytes = std::fs::read(path).unwrap();
    on_each_engine_with_access(|fresh, registry, _| {
        let import = |dry_run, layer_name: Option<&str>| {
            let options = PlaceImport {
                dry_run,
                coordinates: CoordinateSystem::Gcj02,
                layer_name: layer_name.map(str::to_owned),
                ..PlaceImport::default()
            };
            wait(registry.place_import(&console(), "poi", &bytes, &options, |_| ()))
        };
        // A layer that is not there is made where its name is given, and not in a rehearsal.
        assert!(matches!(
            import(false, None),
            Err(RegistryError::Invalid(_))
        ));
        assert!(matches!(
            import(true, Some("")),
            Err(RegistryError::Invalid(_))
        ));
        let planned = import(true, Some("兴趣点")).unwrap();
        assert!(registry.layer("poi").is_none());
        let first = import(false, Some("兴趣点")).unwrap();
        assert_eq!((planned.read, planned.stored), (first.read, first.stored));
        assert_eq!(registry.layer("poi").unwrap().name, "兴趣点");
        assert!(
            first.adds_up() && first.read == 2_374 && first.stored > 2_300,
            "{} {:?}",
            first.stored,
            first.rejected.first()
        );
        let second = import(false, None).unwrap();
        assert_eq!((second.stored, second.unchanged), (0, first.stored));
        assert_eq!(
            count(fresh, "SELECT COUNT(*) FROM place").cast_unsigned(),
            first.stored
        );
        let id = registry.layer("poi").unwrap().id;
        let frame = Frame {
            west: 120.9,
            south: 30.95,
            east: 121.35,
            north: 31.3,
        };
        let all = wait(registry.layer_features(id, frame, 5_000)).unwrap();
        assert!(
            !all.is_cut && all.features.len() as u64 > first.stored * 9 / 10,
            "{}",
            all.features.len()
        );
    });
}

#[test]
fn a_layer_is_changed_with_its_version_and_bad_ones_are_refused() {
    on_each_engine_with_access(|fresh, registry, access| {
        let id = registry.layer("grids").unwrap().id;
        let path = format!("/api/v1/layers/{id}");
        let change = json!({"style": {"line": "#ff0000"}, "level_min": 16, "position": 5});
        let (status, headers, changed) = request(
            registry,
            &console(),
            "PATCH",
            &path,
            &[("if-match", "\"1\"")],
            Some(&change),
        );
        assert_eq!(
            (
                status,
                headers["etag"].to_str().unwrap(),
                &changed["level_min"]
            ),
            (StatusCode::OK, "\"2\"", &json!(16))
        );
        assert_eq!(
            request(
                registry,
                &console(),
                "PATCH",
                &path,
                &[("if-match", "\"1\"")],
                Some(&change)
            )
            .0,
            StatusCode::CONFLICT
        );
        assert_eq!(
            registry.snapshot().layers[0].code,
            "grids",
            "in the order of positions"
        );
        let other = wait(Registry::open(fresh.store.clone())).unwrap();
        assert_eq!(other.layer("grids").unwrap().level_min, 16);
        let with = |change: Value| {
            let mut body = json!({"code": "x", "name": "图层", "geometry": "point", "source": {"kind": "places"}});
            for (key, value) in change.as_object().unwrap() {
                body[key] = value.clone();
            }
            body
        };
        for (change, field) in [
            (json!({"code": "grids"}), "code"),
            (json!({"code": "图"}), "code"),
            (json!({"name": ""}), "name"),
            (json!({"geometry": "line"}), "geometry"),
            (json!({"geometry": "circle"}), "geometry"),
            (
                json!({"source": {"kind": "components", "category_ids": ["7"]}}),
                "source",
            ),
            (
                json!({"source": {"kind": "zones", "zone_kind": ""}}),
                "source",
            ),
            (json!({"level_min": 10, "level_max": 9}), "level_max"),
            (json!({"level_max": 25}), "level_max"),
            (json!({"style": {"a": {"b": 1}}}), "style"),
            (json!({"style": {"a b": 1}}), "style"),
            (json!({"style": {"a": "x".repeat(201)}}), "style"),
        ] {
            let (status, problem) = create(registry, &with(change.clone()));
            assert_eq!(
                (status, problem["fields"][0]["field"].as_str()),
                (StatusCode::UNPROCESSABLE_ENTITY, Some(field)),
                "{change} {problem}"
            );
        }
        for (query, status) in [
            ("west=121&south=31&east=121.1&north=31.1", StatusCode::OK),
            (
                "west=121&south=31&east=121.1",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "west=121.1&south=31&east=121&north=31.1",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "west=121&south=31&east=121.1&north=NaN",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "west=121&south=30&east=121.1&north=31",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "west=-200&south=31&east=121.1&north=31.1",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "west=121&south=31&east=121.1&north=31.1&limit=0",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "west=121&south=31&east=121.1&north=31.1&limit=5001",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
        ] {
            assert_eq!(features(registry, "grids", query).0, status, "{query}");
        }
        assert_eq!(
            request(
                registry,
                &console(),
                "GET",
                "/api/v1/layers/77/features?west=121&south=31&east=121.1&north=31.1",
                &[],
                None
            )
            .0,
            StatusCode::NOT_FOUND
        );
        assert_eq!(
            request(
                registry,
                &console(),
                "PATCH",
                "/api/v1/layers/77",
                &[],
                Some(&json!({}))
            )
            .0,
            StatusCode::NOT_FOUND
        );
        let centre = organisation(access, "QP", "城运中心", None);
        let inspector = member(&centre, "inspector", None);
        assert_eq!(
            request(
                registry,
                &inspector,
                "POST",
                "/api/v1/layers",
                &[],
                Some(&with(json!({})))
            )
            .0,
            StatusCode::FORBIDDEN
        );
        assert_eq!(
            request(
                registry,
                &inspector,
                "PATCH",
                &path,
                &[],
                Some(&json!({"position": 1}))
            )
            .0,
            StatusCode::FORBIDDEN
        );
    });
}
