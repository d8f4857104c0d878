//! Layers on the wire.

use crate::component::cell::Frame;
use crate::model::{Layer, LayerGeometry, LayerSource};
use crate::{LayerChange, LayerNew, Registry};
use access::http::Caller;
use axum::extract::State;
use base::Id;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use wire::{Answer, Created, IdempotencyKey, IfMatch, Json, Path, ProblemView, Query, Versioned};

/// A layer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LayerView {
    #[schema(value_type = String)]
    id: Id,
    /// Machine name.
    code: String,
    name: String,
    geometry: LayerGeometry,
    source: LayerSource,
    #[schema(value_type = Object)]
    style: Map<String, Value>,
    /// The first zoom level it is drawn at.
    level_min: u8,
    /// The last.
    level_max: u8,
    position: i64,
    is_active: bool,
    version: i64,
}

impl From<&Layer> for LayerView {
    fn from(layer: &Layer) -> Self {
        Self {
            id: layer.id,
            code: layer.code.clone(),
            name: layer.name.clone(),
            geometry: layer.geometry,
            source: layer.source.clone(),
            style: layer.style.clone(),
            level_min: layer.level_min,
            level_max: layer.level_max,
            position: layer.position,
            is_active: layer.is_active,
            version: layer.version,
        }
    }
}

/// All layers in their order; there are at most 200.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LayersView {
    items: Vec<LayerView>,
}

/// Layers in their order.
#[utoipa::path(get, path = "/api/v1/layers", operation_id = "layer_list", tag = "registry",
    responses((status = 200, body = LayersView)))]
pub(super) async fn layer_list(State(registry): State<Registry>) -> Answer<Json<LayersView>> {
    let layers = registry.snapshot().layers.clone();
    Ok(Json(LayersView {
        items: layers
            .iter()
            .map(|layer| LayerView::from(&**layer))
            .collect(),
    }))
}

/// Makes a layer.
#[utoipa::path(post, path = "/api/v1/layers", operation_id = "layer_create", tag = "registry",
    request_body = LayerNew,
    responses((status = 201, body = LayerView), (status = 409, body = ProblemView)))]
pub(super) async fn layer_create(
    State(registry): State<Registry>,
    Caller(caller): Caller,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<LayerNew>,
) -> Answer<Created<LayerView>> {
    let once = registry.once(&caller, "layer_create", key, &request);
    let made = registry.layer_create(&caller, request, once).await?;
    Ok(Created {
        location: format!("/api/v1/layers/{}", made.id),
        version: made.version,
        view: LayerView::from(&*made),
    })
}

/// Changes a layer: what is left out stays.
#[utoipa::path(patch, path = "/api/v1/layers/{id}", operation_id = "layer_update", tag = "registry",
    params(("id" = String, Path)), request_body = LayerChange,
    responses((status = 200, body = LayerView), (status = 404, body = ProblemView), (status = 412, body = ProblemView)))]
pub(super) async fn layer_update(
    State(registry): State<Registry>,
    Caller(caller): Caller,
    IfMatch(version): IfMatch,
    Path(id): Path<Id>,
    Json(change): Json<LayerChange>,
) -> Answer<Versioned<LayerView>> {
    let layer = registry.layer_update(&caller, id, version, change).await?;
    Ok(Versioned {
        version: layer.version,
        view: LayerView::from(&*layer),
    })
}

/// What is in view.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FeatureParams {
    /// Least longitude, CGCS2000.
    west: f64,
    /// Least latitude; the box is at most half a degree high.
    south: f64,
    /// Greatest longitude.
    east: f64,
    /// Greatest latitude.
    north: f64,
    /// 1 to 5,000; 1,000 when left out.
    limit: Option<usize>,
}

/// Features in view.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FeaturesView {
    /// Always `FeatureCollection`.
    r#type: &'static str,
    #[schema(value_type = Vec<Object>)]
    features: Vec<Value>,
    /// Whether there are more than `limit`: then look closer.
    is_cut: bool,
}

/// The features of a layer within a box, as GeoJSON in CGCS2000.
#[utoipa::path(get, path = "/api/v1/layers/{id}/features", operation_id = "layer_feature_list", tag = "registry",
    params(("id" = String, Path), FeatureParams),
    responses((status = 200, body = FeaturesView), (status = 404, body = ProblemView)))]
pub(super) async fn layer_feature_list(
    State(registry): State<Registry>,
    Path(id): Path<Id>,
    Query(params): Query<FeatureParams>,
) -> Answer<Json<FeaturesView>> {
    let frame = Frame {
        west: params.west,
        south: params.south,
        east: params.east,
        north: params.north,
    };
    let limit = params.limit.unwrap_or(1_000);
    let found = registry.layer_features(id, frame, limit).await?;
    Ok(Json(FeaturesView {
        r#type: "FeatureCollection",
        features: found.features,
        is_cut: found.is_cut,
    }))
}
