//! The ground of every map: the city's own areas, as coarse as they are looked at.

use crate::model::Area;
use crate::{AreaTree, Boundary, Registry};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::{AreaLevel, FieldError, Point, Problem};
use geo::{LineString, Simplify};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;
use wire::{Answer, Query};

/// So many areas in one answer; more are cut off, and a map then looks closer before it asks for that level.
const AREAS_MAX: usize = 3_000;
/// A view is taken for so many pixels wide: what is smaller than half of one is left out of an outline.
const PIXELS_ACROSS: f64 = 1_500.0;

/// What is in view.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AreaMapParams {
    /// `province`, `city`, `district`, `street`, `village` or `grid`.
    #[param(value_type = String)]
    pub level: AreaLevel,
    /// Least longitude, CGCS2000.
    west: f64,
    /// Least latitude.
    south: f64,
    /// Greatest longitude.
    east: f64,
    /// Greatest latitude.
    north: f64,
}

impl AreaMapParams {
    fn frame(&self) -> Result<[f64; 4], Problem> {
        let mut wrong = Vec::new();
        for (name, least, most, limit) in [
            ("east", self.west, self.east, 180.0),
            ("north", self.south, self.north, 90.0),
        ] {
            if !(least >= -limit && most <= limit && least < most) {
                let message = "a box is west < east and south < north, in degrees";
                wrong.push(FieldError::new(name, "out_of_range", message));
            }
        }
        match wrong.as_slice() {
            [] => Ok([self.west, self.south, self.east, self.north]),
            _ => Err(Problem::invalid(wrong)),
        }
    }
}

/// The areas of a level in view, in force, as GeoJSON in CGCS2000: the outline where it is known, as coarse as the view is wide, else the
/// centre as a point. At most 3,000; `is_cut` says that there are more. Carries an `ETag`: ask again with `If-None-Match`.
#[utoipa::path(get, path = "/api/v1/areas/map", tag = "registry", params(AreaMapParams),
    responses((status = 200, body = Object, description = "GeoJSON FeatureCollection with `is_cut`; properties `id`, `code`, `name`"),
        (status = 304, description = "as you have it")))]
pub(super) async fn area_map(
    State(registry): State<Registry>,
    Query(params): Query<AreaMapParams>,
    headers: HeaderMap,
) -> Answer<Response> {
    Ok(areas_in_view(&registry, &params, &headers)?)
}

/// The answer of `area_map`, for another room that shows the ground to others. Errors: the box is none.
pub fn areas_in_view(
    registry: &Registry,
    params: &AreaMapParams,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let frame = params.frame()?;
    let body = drawn(&registry.snapshot().areas, params.level, frame).to_string();
    let tag = tag_of(body.as_bytes());
    let kept = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    let is_known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|tags| tags.to_str().ok())
        .is_some_and(|tags| {
            tags.split(',')
                .any(|each| each.trim().trim_start_matches("W/") == tag)
        });
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, kept).into_response());
    }
    let kind = [(header::CONTENT_TYPE, "application/json")];
    Ok((kept, kind, body).into_response())
}

fn drawn(tree: &AreaTree, level: AreaLevel, frame: [f64; 4]) -> Value {
    let [west, south, east, north] = frame;
    let coarse = (east - west) / PIXELS_ACROSS / 2.0;
    let outlined = tree
        .outlined_within(frame)
        .filter(|area| area.level == level && area.is_in_force())
        .filter_map(|area| {
            let outline = outline(area.boundary.as_deref()?, coarse);
            Some(feature(area, &outline))
        });
    let is_in_view =
        |point: &Point| (west..=east).contains(&point.lon) && (south..=north).contains(&point.lat);
    let centred = tree
        .areas()
        .iter()
        .filter(|area| area.level == level && area.boundary.is_none() && area.is_in_force())
        .filter_map(|area| {
            let centre = area.centre.filter(is_in_view)?;
            let point = json!({ "type": "Point", "coordinates": [centre.lon, centre.lat] });
            Some(feature(area, &point))
        });
    let mut features: Vec<Value> = outlined.chain(centred).take(AREAS_MAX + 1).collect();
    let is_cut = features.len() > AREAS_MAX;
    features.truncate(AREAS_MAX);
    json!({ "type": "FeatureCollection", "features": features, "is_cut": is_cut })
}

fn feature(area: &Area, geometry: &Value) -> Value {
    let properties = json!({ "id": area.id, "code": area.code, "name": area.name });
    json!({ "type": "Feature", "geometry": geometry, "properties": properties })
}

/// An outline without what is too small to be seen. What would vanish altogether stays as it is: a map of grids has no holes.
fn outline(boundary: &Boundary, coarse: f64) -> Value {
    let ring = |ring: &LineString<f64>| -> Value {
        let coarser = ring.simplify(coarse);
        let kept = if coarser.0.len() < 4 { ring } else { &coarser };
        kept.0
            .iter()
            .map(|corner| json!([rounded(corner.x), rounded(corner.y)]))
            .collect()
    };
    let polygons: Value = boundary
        .shape()
        .iter()
        .map(|polygon| -> Value {
            std::iter::once(polygon.exterior())
                .chain(polygon.interiors())
                .map(ring)
                .collect()
        })
        .collect();
    json!({ "type": "MultiPolygon", "coordinates": polygons })
}

/// To a tenth of a metre.
fn rounded(degrees: f64) -> f64 {
    (degrees * 1e6).round() / 1e6
}

/// FNV-1a over the content: tells one answer from the next, and nothing more is asked of it.
fn tag_of(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("\"{hash:016x}\"")
}
