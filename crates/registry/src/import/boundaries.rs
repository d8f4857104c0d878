//! Outlines from GeoJSON features, onto areas by division code. A feature is a row of the report; its line is its number too.

use super::areas::Planner;
use super::{AreaParent, Change, Plan};
use crate::failure::RegistryError;
use crate::model::Area;
use crate::{AreaTree, Boundary};
use base::geo::{CoordinateSystem, Point, to_cgcs2000};
use base::limits::IMPORT_BYTES_MAX;
use base::{AreaCode, AreaLevel, Id};
use geojson::Feature;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use table::{Report, RowError};

pub(super) const CODE: &[&str] = &["adcode", "code", "area_code", "区划代码", "代码"];
pub(super) const NAME: &[&str] = &["name", "名称", "区划名称"];
const CENTRE: &[&str] = &["center", "centre"];

/// How outlines are to be read.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundaryImport {
    /// Plan and report, write nothing.
    pub dry_run: bool,
    /// The system of all coordinates, whatever the file says of itself (map vendors say WGS-84 and mean GCJ-02).
    pub coordinates: CoordinateSystem,
    /// The area to put new areas under whose code's digits lead to none.
    pub parent: Option<AreaParent>,
    /// How far an outline's middle may be from the parent of a new area, metres.
    pub distance_max_m: f64,
}

impl Default for BoundaryImport {
    /// For real: CGCS2000, no parent, 200 km (large counties are).
    fn default() -> Self {
        Self {
            dry_run: false,
            coordinates: CoordinateSystem::Cgcs2000,
            parent: None,
            distance_max_m: 200_000.0,
        }
    }
}

/// Plans an import.
pub(crate) fn plan(
    tree: &AreaTree,
    bytes: &[u8],
    options: &BoundaryImport,
    next_id: &mut dyn FnMut() -> Id,
) -> Result<Plan, RegistryError> {
    let features = read(bytes)?;
    let mut planner = Planner::new(tree, next_id);
    let parent = options
        .parent
        .as_ref()
        .map(|parent| planner.parent(parent))
        .transpose()?;
    let mut report = Report {
        read: features.len() as u64,
        ..Report::default()
    };
    let mut seen: HashMap<AreaCode, u64> = HashMap::new();
    for (row, feature) in (1_u64..).zip(&features) {
        let feature = match feature {
            Ok(feature) => feature,
            Err(reason) => {
                report.reject(error(row, FEATURE, reason.clone()));
                continue;
            }
        };
        let code = match code_of(feature, &[CODE]) {
            Ok(code) => code,
            Err(reason) => {
                report.reject(error(row, "adcode", reason));
                continue;
            }
        };
        if let Some(first) = seen.get(&code) {
            report.reject(error(
                row,
                "adcode",
                format!("`{code}` is feature {first} already"),
            ));
            continue;
        }
        seen.insert(code, row);
        match take(&mut planner, feature, code, parent.as_ref(), options) {
            Ok(true) => report.stored += 1,
            Ok(false) => report.unchanged += 1,
            Err((column, reason)) => report.reject(error(row, column, reason)),
        }
    }
    let changes: Vec<Change> = planner.changes;
    Ok(Plan { changes, report })
}

pub(crate) fn error(row: u64, column: &str, reason: String) -> RowError {
    RowError {
        row,
        line: row,
        column: Some(column.to_owned()),
        reason,
    }
}

/// What is at fault when a feature is none at all.
pub(crate) const FEATURE: &str = "feature";

/// The features of a file, in any encoding that tables may have. One that is no feature is told by its number, like any other bad row.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Result<Feature, String>>, RegistryError> {
    if bytes.len() > IMPORT_BYTES_MAX {
        return Err(RegistryError::GeoJson(format!(
            "it has {} bytes; {IMPORT_BYTES_MAX} is the most",
            bytes.len()
        )));
    }
    let refused = |reason: &str| RegistryError::GeoJson(reason.to_owned());
    let text = table::text(bytes).map_err(|fault| refused(&fault.to_string()))?;
    let mut file: Value =
        serde_json::from_str(&text).map_err(|fault| refused(&fault.to_string()))?;
    let features = match file.get("type").and_then(Value::as_str) {
        Some("FeatureCollection") => match file.get_mut("features").map(Value::take) {
            Some(Value::Array(features)) => features,
            _ => return Err(refused("its `features` are no list")),
        },
        Some("Feature") => vec![file],
        Some(_) if file.get("coordinates").is_some() => {
            return Err(refused(
                "a bare geometry does not say which area it bounds; wrap it in a Feature",
            ));
        }
        _ => {
            return Err(refused(
                "its `type` is neither FeatureCollection nor Feature",
            ));
        }
    };
    let features = features.into_iter();
    let read = |feature| serde_json::from_value(feature).map_err(|fault| fault.to_string());
    Ok(features.map(read).collect())
}

/// A property as text, whether it was written as text or as a number.
pub(crate) fn property(feature: &Feature, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match feature.property(name)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

pub(super) fn code_of(feature: &Feature, names: &[&[&str]]) -> Result<AreaCode, String> {
    let text = names
        .iter()
        .find_map(|names| property(feature, names))
        .ok_or("the feature has no division code")?;
    AreaCode::parse(&text).map_err(|fault| format!("`{text}`: {fault}"))
}

/// Plans a feature. Says whether it changes anything; else the property or part at fault.
fn take(
    planner: &mut Planner<'_>,
    feature: &Feature,
    code: AreaCode,
    default_parent: Option<&Arc<Area>>,
    options: &BoundaryImport,
) -> Result<bool, (&'static str, String)> {
    let geometry = feature
        .geometry
        .as_ref()
        .ok_or(("geometry", "the feature has no geometry".to_owned()))?;
    let boundary = Boundary::from_geojson(geometry, options.coordinates)
        .map_err(|fault| ("geometry", fault.to_string()))?;
    let boundary = Arc::new(boundary);
    let centre = centre_of(feature, options.coordinates);
    if let Some(present) = planner.find(code) {
        let mut wanted = (*present).clone();
        wanted.boundary = Some(boundary);
        wanted.centre = wanted.centre.or(centre);
        let is_news = wanted != *present;
        if is_news {
            planner.change(present, wanted);
        }
        return Ok(is_news);
    }
    let name = property(feature, NAME).ok_or_else(|| {
        (
            "name",
            format!("there is no area `{code}`, and the feature has no name to make it"),
        )
    })?;
    let parent = planner
        .by_digits(code)
        .or_else(|| default_parent.filter(|area| area.code != code).cloned());
    if parent.is_none() && code.level() > AreaLevel::District {
        return Err((
            "adcode",
            format!("`{code}` is the code of no known parent area, and none is given"),
        ));
    }
    if let (Some(parent), Some(middle)) = (&parent, boundary.middle())
        && let Some((distance, above)) = planner.distance_from(parent, middle)
        && distance > options.distance_max_m
    {
        let reason = format!(
            "the outline is {:.0} km from {} {}",
            distance / 1000.0,
            above.code,
            above.name
        );
        return Err(("geometry", reason));
    }
    let made = planner.make(code, &name, code.level(), parent.as_deref(), |area| {
        area.boundary = Some(boundary);
        area.centre = centre;
    });
    made.map(|_| true).map_err(|reason| ("name", reason))
}

/// `center` as `{"lng":…,"lat":…}` or `[lng, lat]`, where a feature has one; what cannot be read is none.
fn centre_of(feature: &Feature, system: CoordinateSystem) -> Option<Point> {
    let value = CENTRE.iter().find_map(|name| feature.property(name))?;
    let number = |place: usize, names: [&str; 2]| match value {
        Value::Array(numbers) => numbers.get(place)?.as_f64(),
        Value::Object(members) => names.iter().find_map(|name| members.get(*name)?.as_f64()),
        _ => None,
    };
    let given = Point::new(number(0, ["lng", "lon"])?, number(1, ["lat", "latitude"])?).ok()?;
    Some(to_cgcs2000(system, given))
}
