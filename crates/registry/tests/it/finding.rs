//! Places by what people call them: areas, places of layers, codes of components.

use crate::city::*;
use crate::components::{import, on_surveyed};
use axum::http::StatusCode;
use registry::{ComponentImport, FoundKind, PlaceImport, RegistryError};
use serde_json::{Value, json};

fn layer(registry: &registry::Registry, code: &str) -> Value {
    let layer =
        json!({"code": code, "name": "兴趣点", "geometry": "point", "source": {"kind": "places"}});
    let path = "/api/v1/layers";
    let (status, _, made) = request(registry, &console(), "POST", path, &[], Some(&layer));
    assert_eq!(status, StatusCode::CREATED, "{made}");
    made
}

fn places(registry: &registry::Registry, code: &str, spots: &[(&str, &str)]) {
    let spots: Vec<Value> = spots
        .iter()
        .map(|(name, address)| {
            json!({"type": "Feature", "properties": {"name": name, "address": address, "type": "盈港路"},
                "geometry": {"type": "Point", "coordinates": [121.1, 31.15]}})
        })
        .collect();
    let file = json!({"type": "FeatureCollection", "features": spots}).to_string();
    let options = PlaceImport::default();
    let report =
        wait(registry.place_import(&console(), code, file.as_bytes(), &options, |_| ())).unwrap();
    assert!(report.rejected.is_empty(), "{:?}", report.rejected);
}

#[test]
fn what_is_called_so_is_found_the_likeliest_first() {
    on_surveyed(|_, registry, access| {
        layer(registry, "poi");
        places(
            registry,
            "poi",
            &[
                ("夏阳街道社区事务受理中心", "青松路 53 号"),
                ("新夏阳小区", "城中东路 1 号"),
                ("百联 100%广场", "夏阳路 8 号"),
                ("中医院", "青安路 95 号"),
            ],
        );
        let found = |text: &str| wait(registry.place_find(&console(), text, 20)).unwrap();
        let names =
            |text: &str| -> Vec<String> { found(text).into_iter().map(|each| each.name).collect() };
        // Areas, then names that begin so, then those that hold it, then addresses.
        assert_eq!(
            names("夏阳"),
            [
                "夏阳街道",
                "夏阳街道社区事务受理中心",
                "新夏阳小区",
                "百联 100%广场"
            ]
        );
        let area = found("夏阳").remove(0);
        assert_eq!(area.kind, FoundKind::Area);
        assert_eq!(
            (area.about.as_str(), area.sort.as_str()),
            ("青浦区", "street")
        );
        assert_eq!(area.area_code.unwrap().to_string(), "310118001");
        assert!(area.point.is_some());
        let clinic = found("青安路 95").remove(0);
        assert_eq!(
            (clinic.kind, clinic.sort.as_str()),
            (FoundKind::Place, "兴趣点")
        );
        assert_eq!(clinic.about, "青安路 95 号");
        // What is no address is not looked in, and no letter stands for others.
        assert_eq!(names("盈港路"), [""; 0]);
        assert_eq!(names("100%"), ["百联 100%广场"]);
        assert_eq!(names("%"), ["百联 100%广场"]);
        assert_eq!(names("_"), [""; 0]);
        // A component by its code, and by the one it had.
        import(
            registry,
            "code,name,lon,lat\n31011801001000001,1号井盖,121.1,31.1\n",
            &ComponentImport::default(),
        );
        let component = found(" 31011801001000001 ").remove(0);
        assert_eq!(
            (
                component.kind,
                component.name.as_str(),
                component.sort.as_str()
            ),
            (FoundKind::Component, "1号井盖", "供水井盖")
        );
        // Each sees what their role may.
        let centre = wait(access.organisation_by_code("QP")).unwrap().unwrap();
        let clerk = member(&centre, "intake_clerk", None);
        let security = member(&centre, "security_admin", None);
        let by = |who, text: &str| wait(registry.place_find(who, text, 20)).unwrap().len();
        assert_eq!(by(&clerk, "31011801001000001"), 1);
        assert_eq!(by(&clerk, "中医院"), 1);
        assert_eq!(by(&security, "31011801001000001"), 0);
        assert_eq!(by(&security, "中医院"), 0);
    });
}

#[test]
fn places_of_a_layer_that_is_not_offered_are_not_found() {
    on_surveyed(|_, registry, _| {
        let made = layer(registry, "poi");
        places(registry, "poi", &[("中医院", "青安路 95 号")]);
        let count = || {
            wait(registry.place_find(&console(), "中医院", 20))
                .unwrap()
                .len()
        };
        assert_eq!(count(), 1);
        let path = format!("/api/v1/layers/{}", made["id"].as_str().unwrap());
        let change = json!({"is_active": false});
        let (status, _, _) = request(registry, &console(), "PATCH", &path, &[], Some(&change));
        assert_eq!(status, StatusCode::OK);
        assert_eq!(count(), 0);
    });
}

#[test]
fn a_question_that_is_none_is_refused_by_field() {
    on_surveyed(|_, registry, _| {
        let long = "长".repeat(101);
        for (text, limit, field, code) in [
            ("  ", 20, "q", "required"),
            (long.as_str(), 20, "q", "too_long"),
            ("夏阳", 0, "limit", "out_of_range"),
            ("夏阳", 51, "limit", "out_of_range"),
        ] {
            match wait(registry.place_find(&console(), text, limit)) {
                Err(RegistryError::Invalid(wrong)) => {
                    assert_eq!((wrong[0].field.as_str(), wrong[0].code), (field, code));
                }
                other => panic!("{other:?}"),
            }
        }
        let (status, _, found) = request(
            registry,
            &console(),
            "GET",
            "/api/v1/places?q=%E5%A4%8F%E9%98%B3&limit=1",
            &[],
            None,
        );
        assert_eq!(status, StatusCode::OK, "{found}");
        assert_eq!(found["items"][0]["kind"], "area");
        assert_eq!(found["items"][0]["area_code"], "310118001");
        let path = "/api/v1/places?limit=1";
        let (status, _, problem) = request(registry, &console(), "GET", path, &[], None);
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(problem["fields"][0]["field"], "q");
    });
}
