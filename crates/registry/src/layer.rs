//! Layers: what maps draw, and their features in view.

use crate::component::cell::{Frame, ROWS_MAX};
use crate::failure::RegistryError;
use crate::model::{CategoryKind, Layer, LayerGeometry, LayerSource, Place};
use crate::service::{Part, Registry, Snapshot, tell_nodes};
use crate::store::{layers as sql, lists};
use crate::{Boundary, ComponentFilter};
use ::store::idempotency::{self, Once};
use ::store::{AuditEntry, StoreError};
use access::{Actor, Principal};
use base::{FieldError, Id, Point};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use utoipa::ToSchema;

/// The most features of one answer.
pub const FEATURES_MAX: usize = 5_000;
/// The most layers.
const LAYERS_MAX: usize = 200;

/// A new layer.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LayerNew {
    /// Machine name; unique and never changed.
    pub code: String,
    /// What users read.
    pub name: String,
    /// What kind of shapes it has.
    pub geometry: LayerGeometry,
    /// Where its features come from.
    pub source: LayerSource,
    /// How it is drawn: words with texts, numbers and truth values.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub style: Map<String, Value>,
    /// The first zoom level it is drawn at, 0 to 24.
    #[serde(default)]
    pub level_min: u8,
    /// The last; 24 when left out.
    #[serde(default = "level_max")]
    pub level_max: u8,
    /// Its place among the others, the lowest first; 100 when left out.
    #[serde(default = "position")]
    pub position: i64,
}

impl LayerNew {
    /// A layer of places drawn as points.
    pub(crate) fn of_places(code: &str, name: &str) -> Self {
        Self {
            code: code.to_owned(),
            name: name.to_owned(),
            geometry: LayerGeometry::Point,
            source: LayerSource::Places {},
            style: Map::new(),
            level_min: 0,
            level_max: level_max(),
            position: position(),
        }
    }

    pub(crate) fn into_layer(self, id: Id) -> Layer {
        Layer {
            id,
            code: self.code,
            name: self.name,
            geometry: self.geometry,
            source: self.source,
            style: self.style,
            level_min: self.level_min,
            level_max: self.level_max,
            position: self.position,
            is_active: true,
            version: 1,
        }
    }
}

fn level_max() -> u8 {
    crate::model::LEVEL_MAX
}

fn position() -> i64 {
    100
}

/// A change: what is left out stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LayerChange {
    /// What users read.
    pub name: Option<String>,
    /// What kind of shapes it has.
    pub geometry: Option<LayerGeometry>,
    /// Where its features come from.
    pub source: Option<LayerSource>,
    /// All words of its style.
    #[schema(value_type = Option<Object>)]
    pub style: Option<Map<String, Value>>,
    /// The first zoom level it is drawn at.
    pub level_min: Option<u8>,
    /// The last.
    pub level_max: Option<u8>,
    /// Its place among the others.
    pub position: Option<i64>,
    /// Whether it is offered.
    pub is_active: Option<bool>,
}

/// Features of a layer in view.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerFeatures {
    /// GeoJSON features, in no order.
    pub features: Vec<Value>,
    /// Whether there are more than were asked for: then look closer.
    pub is_cut: bool,
}

impl Registry {
    /// The layer with this code.
    pub fn layer(&self, code: &str) -> Option<Arc<Layer>> {
        let snapshot = self.snapshot();
        snapshot
            .layers
            .iter()
            .find(|layer| layer.code == code)
            .cloned()
    }

    fn layer_by_id(&self, id: Id) -> Result<Arc<Layer>, RegistryError> {
        let snapshot = self.snapshot();
        let found = snapshot.layers.iter().find(|layer| layer.id == id);
        found.cloned().ok_or(RegistryError::NotFound("layer"))
    }

    /// Makes a layer.
    pub async fn layer_create(
        &self,
        who: &Principal,
        new: LayerNew,
        once: Option<Once>,
    ) -> Result<Arc<Layer>, RegistryError> {
        let actor = who.acting_anywhere("layer_create")?;
        let layer = new.into_layer(self.store.next_id());
        let faults = self.layer_faults(&layer);
        let id = self
            .write_layer(actor, layer, faults, "layer_create", once)
            .await?;
        self.layer_by_id(id)
    }

    /// Changes a layer that is at `expected_version`, where one is given. Nothing is written when nothing changes.
    pub async fn layer_update(
        &self,
        who: &Principal,
        id: Id,
        expected_version: Option<i64>,
        change: LayerChange,
    ) -> Result<Arc<Layer>, RegistryError> {
        let actor = who.acting_anywhere("layer_update")?;
        let before = self.layer_by_id(id)?;
        if expected_version.is_some_and(|expected| expected != before.version) {
            return Err(RegistryError::Stale {
                current: json!({ "version": before.version }),
            });
        }
        let mut layer = (*before).clone();
        layer.name = change.name.unwrap_or(layer.name);
        layer.geometry = change.geometry.unwrap_or(layer.geometry);
        layer.source = change.source.unwrap_or(layer.source);
        layer.style = change.style.unwrap_or(layer.style);
        layer.level_min = change.level_min.unwrap_or(layer.level_min);
        layer.level_max = change.level_max.unwrap_or(layer.level_max);
        layer.position = change.position.unwrap_or(layer.position);
        layer.is_active = change.is_active.unwrap_or(layer.is_active);
        if layer == *before {
            return Ok(before);
        }
        layer.version += 1;
        let faults = self.layer_faults(&layer);
        let id = self
            .write_layer(actor, layer, faults, "layer_update", None)
            .await?;
        self.layer_by_id(id)
    }

    pub(crate) fn layer_faults(&self, layer: &Layer) -> Vec<FieldError> {
        let mut faults = Vec::new();
        if let Err((field, message)) = layer.check() {
            faults.push(FieldError::new(field, "malformed", message));
        }
        let snapshot = self.snapshot();
        let mut others = snapshot.layers.iter().filter(|other| other.id != layer.id);
        if others.any(|other| other.code == layer.code) {
            let message = "another layer has this code";
            faults.push(FieldError::new("code", "taken", message));
        }
        if snapshot.layers.len() >= LAYERS_MAX && layer.version == 1 {
            let message = format!("at most {LAYERS_MAX} layers");
            faults.push(FieldError::new("code", "too_many", message));
        }
        if let LayerSource::Components { category_ids } = &layer.source {
            let is_unknown = |id: &Id| {
                let category = snapshot.rules.category(*id);
                category.is_none_or(|category| category.kind != CategoryKind::Component)
            };
            if category_ids.iter().any(is_unknown) {
                let message = "there is no such category of components";
                faults.push(FieldError::new("source", "unknown_id", message));
            }
        }
        faults
    }

    async fn write_layer(
        &self,
        actor: Actor,
        layer: Layer,
        faults: Vec<FieldError>,
        action: &'static str,
        once: Option<Once>,
    ) -> Result<Id, RegistryError> {
        let at = self.store.clock().now();
        let written = self
            .store
            .write(move |tx| {
                if let Some(once) = &once
                    && let Some(answer) = idempotency::lookup(tx, once)?
                {
                    let wrong = |_| StoreError::Corrupt("a remembered answer is no id".to_owned());
                    return Ok(answer.parse().map(Id).map_err(wrong)?);
                }
                if !faults.is_empty() {
                    return Err(RegistryError::Invalid(faults.clone()));
                }
                if layer.version == 1 {
                    sql::layer_add(tx, &layer)?;
                } else {
                    sql::layer_set(tx, &layer)?;
                }
                let detail = json!({ "layer": layer.code, "version": layer.version });
                tx.audit(&AuditEntry {
                    at,
                    actor: actor.account_id,
                    action,
                    object: layer.id,
                    detail: &detail.to_string(),
                })?;
                tell_nodes(tx, Part::Layers, at);
                if let Some(once) = &once {
                    idempotency::remember(tx, once, &layer.id.to_string())?;
                }
                Ok(layer.id)
            })
            .await;
        self.reload(Part::Layers).await?;
        written
    }

    /// The features of a layer within a frame, at most `limit`.
    pub async fn layer_features(
        &self,
        layer_id: Id,
        frame: Frame,
        limit: usize,
    ) -> Result<LayerFeatures, RegistryError> {
        let layer = self.layer_by_id(layer_id)?;
        check_frame(&frame, limit)?;
        let mut features = match &layer.source {
            LayerSource::Areas { level } => {
                let snapshot = self.snapshot();
                let found = area_features(&snapshot, *level, &layer, &frame);
                found.take(limit + 1).collect()
            }
            LayerSource::Zones { zone_kind } => {
                self.zone_features(zone_kind, &layer, &frame, limit + 1)
            }
            LayerSource::Components { category_ids } => {
                let filter = ComponentFilter {
                    category_ids: category_ids.clone(),
                    ..ComponentFilter::default()
                };
                self.component_features(filter, &layer, frame, limit + 1)
                    .await?
            }
            LayerSource::Places {} => {
                let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
                let places = self
                    .store
                    .read(move |tx| sql::places_within(tx, layer_id, &frame, most))
                    .await?;
                places.iter().map(place_feature).collect()
            }
        };
        let is_cut = features.len() > limit;
        features.truncate(limit);
        Ok(LayerFeatures { features, is_cut })
    }

    fn zone_features(&self, kind: &str, layer: &Layer, frame: &Frame, limit: usize) -> Vec<Value> {
        let snapshot = self.snapshot();
        let wanted = snapshot
            .zones
            .zones()
            .iter()
            .filter(|zone| zone.is_active && zone.kind == kind);
        let meeting = wanted.filter(|zone| {
            let areas = zone.area_paths.iter();
            let of_areas = areas.filter_map(|path| snapshot.areas.by_path(path)?.boundary.as_ref());
            of_areas
                .chain(&zone.boundary)
                .any(|boundary| meets(boundary, frame))
        });
        meeting
            .filter_map(|zone| {
                let shape = Boundary::new(self.zone_outline(zone)?).ok()?;
                let properties = json!({ "id": zone.id, "code": zone.code, "name": zone.name });
                Some(outlined(&shape, layer.geometry, &properties))
            })
            .take(limit)
            .collect()
    }

    async fn component_features(
        &self,
        filter: ComponentFilter,
        layer: &Layer,
        frame: Frame,
        limit: usize,
    ) -> Result<Vec<Value>, RegistryError> {
        let filter = self.with_leaves(filter)?;
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = self
            .store
            .read(move |tx| lists::components_within(tx, &frame, &filter, most))
            .await?;
        let is_point = layer.geometry == LayerGeometry::Point;
        let features = found.into_iter().map(|component| {
            let point = component.point;
            let shape = component
                .shape
                .filter(|_| !is_point)
                .and_then(|shape| serde_json::to_value(&*shape.0).ok());
            let properties = json!({
                "id": component.id,
                "code": component.code,
                "name": component.name,
                "category_id": component.category_id,
                "state": component.state,
            });
            feature(shape.unwrap_or_else(|| point_geometry(point)), &properties)
        });
        Ok(features.collect())
    }
}

/// Refuses a frame that is none, or too high to be looked through.
fn check_frame(frame: &Frame, limit: usize) -> Result<(), RegistryError> {
    let mut faults = Vec::new();
    for (low, high, field, most) in [
        (frame.west, frame.east, "east", 180.0),
        (frame.south, frame.north, "north", 90.0),
    ] {
        if !(low >= -most && low < high && high <= most) {
            let message = "west is less than east, south less than north, in degrees";
            faults.push(FieldError::new(field, "out_of_range", message));
        }
    }
    if faults.is_empty() && frame.rows() > ROWS_MAX {
        let message = "higher than half a degree; look closer";
        faults.push(FieldError::new("north", "out_of_range", message));
    }
    if limit == 0 || limit > FEATURES_MAX {
        let message = format!("1 to {FEATURES_MAX}");
        faults.push(FieldError::new("limit", "out_of_range", message));
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(RegistryError::Invalid(faults))
    }
}

fn meets(boundary: &Boundary, frame: &Frame) -> bool {
    boundary.frame().is_some_and(|[west, south, east, north]| {
        west <= frame.east && east >= frame.west && south <= frame.north && north >= frame.south
    })
}

fn area_features<'a>(
    snapshot: &'a Snapshot,
    level: base::AreaLevel,
    layer: &'a Layer,
    frame: &'a Frame,
) -> impl Iterator<Item = Value> + 'a {
    let box_of_view = [frame.west, frame.south, frame.east, frame.north];
    snapshot
        .areas
        .outlined_within(box_of_view)
        .filter(move |area| area.level == level)
        .filter_map(move |area| {
            let boundary = area.boundary.as_deref()?;
            let properties = json!({ "id": area.id, "code": area.code, "name": area.name });
            Some(outlined(boundary, layer.geometry, &properties))
        })
}

fn outlined(boundary: &Boundary, geometry: LayerGeometry, properties: &Value) -> Value {
    match (geometry, boundary.middle()) {
        (LayerGeometry::Point, Some(middle)) => feature(point_geometry(middle), properties),
        _ => feature(boundary.to_geojson(), properties),
    }
}

fn place_feature(place: &Place) -> Value {
    let properties = json!({
        "id": place.id,
        "code": place.code,
        "name": place.name,
        "attributes": place.attributes,
    });
    feature(point_geometry(place.point), &properties)
}

fn point_geometry(point: Point) -> Value {
    json!({ "type": "Point", "coordinates": [point.lon, point.lat] })
}

#[expect(clippy::needless_pass_by_value, reason = "the geometry moves in")]
fn feature(geometry: Value, properties: &Value) -> Value {
    json!({ "type": "Feature", "geometry": geometry, "properties": properties })
}
