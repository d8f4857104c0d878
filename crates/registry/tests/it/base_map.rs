//! The ground of maps: areas in view, as coarse as they are looked at, and told apart by their tag.

use crate::city::*;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use registry::http::router;
use registry::{AreaImport, BoundaryImport, Registry};
use serde_json::Value;
use std::fmt::Write as _;
use store::testing::{sqlite, system_clock};
use tower::ServiceExt;

/// A district whose southern border has a thousand teeth of about ten metres, and two streets known by their centre.
fn toothed(registry: &Registry) {
    let mut corners = String::from("[121,31.4],[121,31]");
    for n in 1..=1_000 {
        let lat = if n % 2 == 0 { 31.0 } else { 31.000_1 };
        let _ = write!(corners, ",[{},{lat}]", 121.0 + 0.4 * f64::from(n) / 1_000.0);
    }
    let outline = format!(
        r#"{{"type":"Feature","properties":{{"adcode":"310118","name":"青浦区"}},"geometry":{{"type":"Polygon","coordinates":[[{corners},[121.4,31.4],[121,31.4]]]}}}}"#
    );
    import_boundaries(registry, outline.as_bytes(), &BoundaryImport::default()).unwrap();
    let streets =
        csv("code,name,lon,lat\n310118001,夏阳街道,121.1,31.1\n310118002,盈浦街道,121.3,31.3\n");
    import_areas(registry, &streets, &AreaImport::default()).unwrap();
}

fn ask(registry: &Registry, asked: &str, tag: Option<&str>) -> (StatusCode, String, Value) {
    let app = router(registry.clone()).split_for_parts().0;
    wait(async move {
        let mut request = Request::get(format!("/api/v1/areas/map?{asked}"));
        if let Some(tag) = tag {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        let answer = app
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        let status = answer.status();
        let tag = answer.headers().get(header::ETAG);
        let tag = tag.map_or_else(String::new, |tag| tag.to_str().unwrap().to_owned());
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (
            status,
            tag,
            serde_json::from_slice(&bytes).unwrap_or_default(),
        )
    })
}

fn corners(answer: &Value) -> usize {
    let ring = &answer["features"][0]["geometry"]["coordinates"][0][0];
    ring.as_array().unwrap().len()
}

#[test]
fn areas_in_view_are_as_coarse_as_the_view_is_wide_and_asked_again_cost_nothing() {
    let fresh = sqlite(&[registry::ROOM], &system_clock());
    let registry = wait(Registry::open(fresh.store.clone())).unwrap();
    toothed(&registry);
    let wide = "level=district&west=120&south=30&east=122&north=32";
    let (status, tag, far) = ask(&registry, wide, None);
    assert_eq!(status, StatusCode::OK);
    let (_, _, near) = ask(
        &registry,
        "level=district&west=121&south=31&east=121.02&north=31.01",
        None,
    );
    assert_eq!(far["features"][0]["properties"]["name"], "青浦区");
    assert_eq!((far["is_cut"].as_bool(), corners(&far)), (Some(false), 5));
    assert!(corners(&near) > 1_000, "{}", corners(&near));
    let (status, _, none) = ask(&registry, wide, Some(&format!("W/{tag}")));
    assert_eq!((status, none), (StatusCode::NOT_MODIFIED, Value::Null));
    let away = "level=district&west=100&south=30&east=101&north=31";
    let (status, _, empty) = ask(&registry, away, Some(&tag));
    assert_eq!(status, StatusCode::OK);
    assert_eq!(empty["features"].as_array().unwrap().len(), 0);
}

#[test]
fn an_area_without_an_outline_is_its_centre_when_that_is_in_view() {
    let fresh = sqlite(&[registry::ROOM], &system_clock());
    let registry = wait(Registry::open(fresh.store.clone())).unwrap();
    toothed(&registry);
    let (_, _, found) = ask(
        &registry,
        "level=street&west=121&south=31&east=121.2&north=31.2",
        None,
    );
    let features = found["features"].as_array().unwrap();
    assert_eq!(features.len(), 1);
    assert_eq!(features[0]["geometry"]["type"], "Point");
    assert_eq!(features[0]["properties"]["code"], "310118001");
    for wrong in [
        "level=street&west=122&south=31&east=121&north=32",
        "level=street&west=121&south=31&east=NaN&north=32",
        "level=town&west=121&south=31&east=122&north=32",
        "level=street",
    ] {
        let (status, ..) = ask(&registry, wrong, None);
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
}
