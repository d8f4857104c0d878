//! Zones and duty grids on the wire.

use super::areas::Place;
use super::components::NamedView;
use super::{PageParams, PageView, page};
use crate::model::Zone;
use crate::{Registry, ZoneChange, ZoneEvent, ZoneFilter, ZoneNew};
use access::http::Caller;
use axum::extract::State;
use base::{Id, PageRequest, Problem, Timestamp, TreePath};
use geo::Area as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use wire::{Answer, Created, IdempotencyKey, IfMatch, Json, Path, ProblemView, Query, Versioned};

/// A zone in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ZoneListView {
    #[schema(value_type = String)]
    id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    name: String,
    /// `duty_grid`, or a word of the city's.
    kind: String,
    /// How many areas it is made of; of a duty grid its unit grids.
    areas: usize,
    /// Whether it has an outline of its own.
    has_boundary: bool,
    /// Which organisation answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    organisation: Option<NamedView>,
    /// Who answers for it.
    #[schema(value_type = Vec<String>)]
    staff_ids: Vec<Id>,
    /// False once it is given up.
    is_active: bool,
    version: i64,
}

impl ZoneListView {
    fn new(zone: &Zone, registry: &Registry) -> Self {
        let organisation = zone
            .organisation_id
            .and_then(|id| registry.organisation(id));
        Self {
            id: zone.id,
            code: zone.code.clone(),
            name: zone.name.clone(),
            kind: zone.kind.clone(),
            areas: zone.area_paths.len(),
            has_boundary: zone.boundary.is_some(),
            organisation: organisation.map(|known| NamedView {
                id: known.id,
                name: known.name.clone(),
            }),
            staff_ids: zone.staff_ids.clone(),
            is_active: zone.is_active,
            version: zone.version,
        }
    }
}

/// An area of a zone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ZoneAreaView {
    #[schema(value_type = String)]
    id: Id,
    code: String,
    name: String,
    #[schema(value_type = String)]
    path: TreePath,
}

/// A zone with its areas and people.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ZoneView {
    zone: ZoneListView,
    /// The areas it is made of.
    area_list: Vec<ZoneAreaView>,
    /// Who answers for it.
    staff: Vec<NamedView>,
}

impl ZoneView {
    async fn new(zone: &Zone, registry: &Registry) -> Result<Self, Problem> {
        let areas = registry.snapshot().areas.clone();
        let known = zone
            .area_paths
            .iter()
            .filter_map(|path| areas.by_path(path));
        let mut staff = Vec::new();
        for id in &zone.staff_ids {
            let person = match registry.access() {
                Some(access) => access.staff(*id).await?,
                None => None,
            };
            staff.extend(person.map(|person| NamedView {
                id: person.id,
                name: person.name,
            }));
        }
        Ok(Self {
            zone: ZoneListView::new(zone, registry),
            area_list: known
                .map(|area| ZoneAreaView {
                    id: area.id,
                    code: area.code.to_string(),
                    name: area.name.clone(),
                    path: area.path.clone(),
                })
                .collect(),
            staff,
        })
    }
}

/// Filters of the list of zones.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct ZoneListParams {
    /// Of this kind, e.g. `duty_grid`.
    kind: Option<String>,
    /// That this organisation answers for.
    #[param(value_type = Option<String>)]
    organisation_id: Option<Id>,
    /// That this person answers for.
    #[param(value_type = Option<String>)]
    staff_id: Option<Id>,
    /// With an area in this one, or around it.
    #[param(value_type = Option<String>)]
    area_path: Option<TreePath>,
    /// Only active ones, or only given up ones.
    is_active: Option<bool>,
}

/// Zones by name.
#[utoipa::path(get, path = "/api/v1/zones", operation_id = "zone_list", tag = "registry",
    params(ZoneListParams, PageParams), responses((status = 200, body = PageView<ZoneListView>)))]
pub(super) async fn zone_list(
    State(registry): State<Registry>,
    Query(params): Query<ZoneListParams>,
    Query(request): Query<PageRequest>,
) -> Answer<Json<PageView<ZoneListView>>> {
    let filter = ZoneFilter {
        kind: params.kind,
        organisation_id: params.organisation_id,
        staff_id: params.staff_id,
        area_path: params.area_path,
        is_active: params.is_active,
    };
    let zones = registry.snapshot().zones.clone();
    Ok(Json(page(
        zones.zones().iter().filter(|zone| filter.takes(zone)),
        &request,
        |zone| zone.name.clone(),
        |zone| ZoneListView::new(zone, &registry),
    )?))
}

/// Zones that hold a place.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ZonesAtView {
    items: Vec<ZoneListView>,
    /// The duty grid among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    duty_grid_id: Option<Id>,
}

/// The active zones that hold a place.
#[utoipa::path(get, path = "/api/v1/zones/at", operation_id = "zone_locate", tag = "registry",
    params(("lon" = f64, Query), ("lat" = f64, Query),
        ("coordinates" = Option<String>, Query, description = "cgcs2000 (default), wgs84, gcj02 or bd09")),
    responses((status = 200, body = ZonesAtView)))]
pub(super) async fn zone_locate(
    State(registry): State<Registry>,
    Query(place): Query<Place>,
) -> Answer<Json<ZonesAtView>> {
    let point = place.point()?;
    let zones = registry.zones_at(None, Some(point)).into_iter();
    let found = zones.filter_map(|id| registry.zone(id));
    Ok(Json(ZonesAtView {
        items: found
            .map(|zone| ZoneListView::new(&zone, &registry))
            .collect(),
        duty_grid_id: registry.duty_grid_at(point).map(|zone| zone.id),
    }))
}

fn found(registry: &Registry, id: Id) -> Result<Arc<Zone>, Problem> {
    registry.zone(id).ok_or_else(|| Problem::not_found("zone"))
}

/// Makes a zone or a duty grid.
#[utoipa::path(post, path = "/api/v1/zones", operation_id = "zone_create", tag = "registry",
    request_body = ZoneNew,
    responses((status = 201, body = ZoneView), (status = 409, body = ProblemView)))]
pub(super) async fn zone_create(
    State(registry): State<Registry>,
    Caller(caller): Caller,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<ZoneNew>,
) -> Answer<Created<ZoneView>> {
    let once = registry.once(&caller, "zone_create", key, &request);
    let made = registry.zone_create(&caller, request, once).await?;
    Ok(Created {
        location: format!("/api/v1/zones/{}", made.id),
        version: made.version,
        view: ZoneView::new(&made, &registry).await?,
    })
}

/// One zone with its areas and who answers for it.
#[utoipa::path(get, path = "/api/v1/zones/{id}", operation_id = "zone_view", tag = "registry",
    params(("id" = String, Path)),
    responses((status = 200, body = ZoneView), (status = 404, body = ProblemView)))]
pub(super) async fn zone_view(
    State(registry): State<Registry>,
    Path(id): Path<Id>,
) -> Answer<Versioned<ZoneView>> {
    let zone = found(&registry, id)?;
    Ok(Versioned {
        version: zone.version,
        view: ZoneView::new(&zone, &registry).await?,
    })
}

/// Changes a zone: what is left out stays, what is null is taken away.
#[utoipa::path(patch, path = "/api/v1/zones/{id}", operation_id = "zone_update", tag = "registry",
    params(("id" = String, Path)), request_body = ZoneChange,
    responses((status = 200, body = ZoneView), (status = 404, body = ProblemView), (status = 412, body = ProblemView)))]
pub(super) async fn zone_update(
    State(registry): State<Registry>,
    Caller(caller): Caller,
    IfMatch(version): IfMatch,
    Path(id): Path<Id>,
    Json(change): Json<ZoneChange>,
) -> Answer<Versioned<ZoneView>> {
    let zone = registry.zone_update(&caller, id, version, change).await?;
    Ok(Versioned {
        version: zone.version,
        view: ZoneView::new(&zone, &registry).await?,
    })
}

/// The outline of a zone as a GeoJSON geometry in CGCS2000: its own, and its areas' joined.
#[utoipa::path(get, path = "/api/v1/zones/{id}/boundary", operation_id = "zone_boundary_view", tag = "registry",
    params(("id" = String, Path)),
    responses((status = 200, body = Object, description = "GeoJSON MultiPolygon"),
        (status = 404, description = "no such zone, or its outline is not known")))]
pub(super) async fn zone_boundary_view(
    State(registry): State<Registry>,
    Path(id): Path<Id>,
) -> Answer<Json<Value>> {
    let zone = found(&registry, id)?;
    let outline = registry
        .zone_outline(&zone)
        .filter(|shape| shape.unsigned_area() > 0.0)
        .ok_or_else(|| Problem::not_found("outline"))?;
    let geometry = geojson::GeometryValue::from(&outline);
    Ok(Json(json!(geojson::Geometry::new(geometry))))
}

/// A version of a zone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ZoneEventView {
    version: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[schema(value_type = String)]
    staff_id: Id,
    #[schema(value_type = String)]
    organisation_id: Id,
    /// The zone as it was from then on.
    #[schema(value_type = Object)]
    body: Value,
}

impl From<ZoneEvent> for ZoneEventView {
    fn from(event: ZoneEvent) -> Self {
        Self {
            version: event.version,
            at: event.at,
            staff_id: event.staff_id,
            organisation_id: event.organisation_id,
            body: event.body,
        }
    }
}

/// The versions of a zone, the newest first.
#[utoipa::path(get, path = "/api/v1/zones/{id}/history", operation_id = "zone_history_list", tag = "registry",
    params(("id" = String, Path), PageParams),
    responses((status = 200, body = PageView<ZoneEventView>), (status = 404, body = ProblemView)))]
pub(super) async fn zone_history_list(
    State(registry): State<Registry>,
    Path(id): Path<Id>,
    Query(page): Query<PageRequest>,
) -> Answer<Json<PageView<ZoneEventView>>> {
    let history = registry.zone_history(id, &page).await?;
    Ok(Json(PageView::of(history, ZoneEventView::from)))
}
