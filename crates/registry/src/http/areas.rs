//! Areas on the wire.

use super::history::ChangeEventView;
use super::{PageParams, PageView, page};
use crate::model::{Area, level_text};
use crate::{AreaChange, AreaTree, Registry};
use access::http::Caller;
use axum::extract::State;
use base::geo::{CoordinateSystem, Point, to_cgcs2000};
use base::{AreaCode, FieldError, Id, PageRequest, Problem, Timestamp, TreePath, limits};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use wire::{Answer, IfMatch, Json, Path, ProblemView, Query, Versioned};

/// Which areas: those with a code, or with a piece of a name, or the children of one; the roots when nothing is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct AreaFilter {
    parent_id: Option<Id>,
    code: Option<AreaCode>,
    name: Option<String>,
    on: Option<Date>,
    ended: Option<bool>,
}

impl AreaFilter {
    /// The areas asked for, by path. With a name `parent_id` means the whole subtree, otherwise the children only.
    fn select<'a>(
        &'a self,
        tree: &'a AreaTree,
    ) -> Result<impl Iterator<Item = &'a Arc<Area>> + 'a, Problem> {
        let above = self.parent_id.map(|id| found(tree, id)).transpose()?;
        let named: Box<dyn Iterator<Item = &'a Arc<Area>> + 'a> = match (self.code, &self.name) {
            (Some(code), _) => Box::new(tree.by_code_ever(code).into_iter()),
            (None, None) => Box::new(tree.children_ever(self.parent_id)),
            (None, Some(name)) => {
                let is_below = move |area: &Area| {
                    above
                        .as_ref()
                        .is_none_or(|above| above.path.contains(&area.path))
                };
                let areas = tree.areas().iter();
                Box::new(
                    areas.filter(move |area| area.name.contains(name.as_str()) && is_below(area)),
                )
            }
        };
        Ok(named.filter(|area| self.takes(area)))
    }

    /// Whether an area was in force when it is asked for, which is now if nothing is said.
    fn takes(&self, area: &Area) -> bool {
        let ended = self.ended.or(self.on.is_none().then_some(false));
        self.on.is_none_or(|day| area.is_in_force_on(day))
            && ended.is_none_or(|ended| ended != area.is_in_force())
    }

    fn check(&self) -> Result<(), Problem> {
        let is_too_long = |name: &String| name.chars().count() > limits::SEARCH_CHARACTERS_MAX;
        if self.name.as_ref().is_some_and(is_too_long) {
            let message = format!("at most {} characters", limits::SEARCH_CHARACTERS_MAX);
            return Err(Problem::invalid(vec![FieldError::new(
                "name", "too_long", message,
            )]));
        }
        Ok(())
    }
}

/// An area.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AreaView {
    #[schema(value_type = String)]
    id: Id,
    /// Official division code of 6, 9, 12 or 15 digits.
    #[schema(value_type = String, example = "310118001001")]
    code: AreaCode,
    name: String,
    /// `province`, `city`, `district`, `street`, `village` or `grid`.
    level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    parent_id: Option<Id>,
    /// Ancestry: four characters a level.
    #[schema(value_type = String, example = "000100030001")]
    path: TreePath,
    /// CGCS2000, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    centre: Option<PointView>,
    /// Whether its outline is known.
    has_boundary: bool,
    /// Whether areas in force lie in it.
    has_children: bool,
    /// First day in force, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    effective_from: Option<Date>,
    /// Last day in force; absent while it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    effective_to: Option<Date>,
    /// The areas it took the place of.
    #[schema(value_type = Vec<String>)]
    succeeds: Box<[Id]>,
    /// The areas that took its place.
    #[schema(value_type = Vec<String>)]
    succeeded_by: Vec<Id>,
    /// What it was called before, the oldest name first.
    former_names: Vec<FormerNameView>,
    version: i64,
}

/// A name that an area had.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FormerNameView {
    name: String,
    /// When it was renamed.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
}

/// A place in CGCS2000 degrees.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PointView {
    lon: f64,
    lat: f64,
}

impl From<Point> for PointView {
    fn from(Point { lon, lat }: Point) -> Self {
        Self { lon, lat }
    }
}

impl AreaView {
    fn new(area: &Area, tree: &AreaTree) -> Self {
        Self {
            id: area.id,
            code: area.code,
            name: area.name.clone(),
            level: level_text(area.level),
            parent_id: area.parent_id,
            path: area.path.clone(),
            centre: area.centre.map(PointView::from),
            has_boundary: area.boundary.is_some(),
            has_children: tree.children(Some(area.id)).next().is_some(),
            effective_from: area.effective_from,
            effective_to: area.effective_to,
            succeeds: area.succeeds.clone(),
            succeeded_by: tree.successors(area.id).map(|after| after.id).collect(),
            former_names: area
                .former_names
                .iter()
                .map(|former| FormerNameView {
                    name: former.name.clone(),
                    until: former.until,
                })
                .collect(),
            version: area.version,
        }
    }
}

/// Areas: the children of one, the one with a code, or those with a piece of a name; those in force, unless a day is given or those that
/// ended are asked for.
#[utoipa::path(get, path = "/api/v1/areas", tag = "registry",
    params(("parent_id" = Option<String>, Query, description = "children of this area; with `name`: anywhere below it"),
        ("code" = Option<String>, Query, description = "the area with this division code"),
        ("name" = Option<String>, Query, description = "areas whose name contains this"),
        ("on" = Option<String>, Query, description = "those in force on this day (2026-11-28), as far as the days are known"),
        ("ended" = Option<bool>, Query, description = "only those that have ended since, or only those in force still; in force when neither this nor `on` is given"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("after" = Option<String>, Query)),
    responses((status = 200, body = PageView<AreaView>)))]
pub(super) async fn area_list(
    State(registry): State<Registry>,
    Query(filter): Query<AreaFilter>,
    Query(request): Query<PageRequest>,
) -> Answer<Json<PageView<AreaView>>> {
    filter.check()?;
    let tree = &registry.snapshot().areas;
    let view = |area: &&Arc<Area>| AreaView::new(area, tree);
    Ok(Json(page(
        filter.select(tree)?,
        &request,
        |area| area.path.to_string(),
        view,
    )?))
}

fn found(tree: &AreaTree, id: Id) -> Result<Arc<Area>, Problem> {
    tree.by_id(id)
        .cloned()
        .ok_or_else(|| Problem::not_found("area"))
}

/// Where, and in which system.
#[derive(Debug, Deserialize)]
pub(super) struct Place {
    lon: f64,
    lat: f64,
    #[serde(default)]
    coordinates: CoordinateSystem,
}

impl Place {
    pub(super) fn point(&self) -> Result<Point, Problem> {
        match Point::new(self.lon, self.lat) {
            Ok(point) => Ok(to_cgcs2000(self.coordinates, point)),
            Err(fault) => Err(Problem::invalid(vec![FieldError::new(
                "lon",
                "out_of_range",
                fault.to_string(),
            )])),
        }
    }
}

/// What lies at a place.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AreaAtView {
    /// The place in CGCS2000, whichever system it was given in.
    point: PointView,
    /// From the root down to the deepest area found; empty outside the city.
    line: Vec<AreaView>,
    /// True when the last steps were to the nearest centre, because no outlines are known there: likely, not certain.
    nearest_centre: bool,
    /// How far that centre is, metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    distance_m: Option<f64>,
    /// Zones that hold the place.
    #[schema(value_type = Vec<String>)]
    zone_ids: Vec<Id>,
}

/// The areas and zones that hold a place.
#[utoipa::path(get, path = "/api/v1/areas/at", tag = "registry",
    params(("lon" = f64, Query), ("lat" = f64, Query),
        ("coordinates" = Option<String>, Query, description = "cgcs2000 (default), wgs84, gcj02 or bd09")),
    responses((status = 200, body = AreaAtView)))]
pub(super) async fn area_locate(
    State(registry): State<Registry>,
    Query(place): Query<Place>,
) -> Answer<Json<AreaAtView>> {
    Ok(Json(AreaAtView::new(&registry, place.point()?)))
}

impl AreaAtView {
    fn new(registry: &Registry, point: Point) -> Self {
        let tree = &registry.snapshot().areas;
        let hit = tree.area_at(point);
        let path = hit.as_ref().map(|hit| &hit.area.path);
        let line = path.map_or_else(Vec::new, |path| tree.line(path));
        Self {
            point: point.into(),
            line: line
                .into_iter()
                .map(|area| AreaView::new(area, tree))
                .collect(),
            nearest_centre: hit.as_ref().is_some_and(|hit| hit.nearest_centre),
            distance_m: hit.as_ref().and_then(|hit| hit.distance_m),
            zone_ids: registry.zones_at(path, Some(point)),
        }
    }
}

/// One area, in force or not.
#[utoipa::path(get, path = "/api/v1/areas/{id}", tag = "registry", params(("id" = String, Path)),
    responses((status = 200, body = AreaView), (status = 404, description = "no such area")))]
pub(super) async fn area_view(
    State(registry): State<Registry>,
    Path(id): Path<Id>,
) -> Answer<Versioned<AreaView>> {
    let tree = &registry.snapshot().areas;
    Ok(versioned(found(tree, id)?.as_ref(), tree))
}

fn versioned(area: &Area, tree: &AreaTree) -> Versioned<AreaView> {
    Versioned {
        version: area.version,
        view: AreaView::new(area, tree),
    }
}

/// Changes an area: its name, its days, whose place it took. With its last day it ends, which is refused while anything in it is in force.
#[utoipa::path(patch, path = "/api/v1/areas/{id}", operation_id = "area_update", tag = "registry",
    params(("id" = String, Path)), request_body = AreaChange,
    responses((status = 200, body = AreaView), (status = 404, body = ProblemView),
        (status = 409, body = ProblemView, description = "an area or a zone in it is in force"), (status = 412, body = ProblemView)))]
pub(super) async fn area_update(
    State(registry): State<Registry>,
    Caller(caller): Caller,
    IfMatch(version): IfMatch,
    Path(id): Path<Id>,
    Json(change): Json<AreaChange>,
) -> Answer<Versioned<AreaView>> {
    let area = registry.area_update(&caller, id, version, change).await?;
    Ok(versioned(&area, &registry.snapshot().areas))
}

/// The history of an area, the newest first.
#[utoipa::path(get, path = "/api/v1/areas/{id}/history", operation_id = "area_history_list", tag = "registry",
    params(("id" = String, Path), PageParams),
    responses((status = 200, body = PageView<ChangeEventView>), (status = 404, body = ProblemView)))]
pub(super) async fn area_history_list(
    State(registry): State<Registry>,
    Path(id): Path<Id>,
    Query(page): Query<PageRequest>,
) -> Answer<Json<PageView<ChangeEventView>>> {
    let history = registry.area_history(id, &page).await?;
    Ok(Json(PageView::of(history, ChangeEventView::from)))
}

/// The outline of an area as a GeoJSON geometry in CGCS2000.
#[utoipa::path(get, path = "/api/v1/areas/{id}/boundary", tag = "registry", params(("id" = String, Path)),
    responses((status = 200, body = Object, description = "GeoJSON MultiPolygon"),
        (status = 404, description = "no such area, or its outline is not known")))]
pub(super) async fn area_boundary_view(
    State(registry): State<Registry>,
    Path(id): Path<Id>,
) -> Answer<Json<serde_json::Value>> {
    let area = found(&registry.snapshot().areas, id)?;
    match &area.boundary {
        Some(boundary) => Ok(Json(boundary.to_geojson())),
        None => Err(Problem::not_found("outline").into()),
    }
}
