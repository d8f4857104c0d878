//! Components on the wire.

use super::areas::PointView;
use super::history::ChangeEventView;
use super::{PageParams, PageView};
use crate::model::{Component, ComponentCode, ComponentState};
use crate::{ComponentChange, ComponentFilter, ComponentNew, Near, Registry};
use access::http::Caller;
use axum::extract::State;
use base::geo::{CoordinateSystem, Point, to_cgcs2000};
use base::{FieldError, Id, Page, PageRequest, Problem, TreePath};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use wire::{Answer, Created, IdempotencyKey, IfMatch, Json, Path, ProblemView, Query, Versioned};

/// Something with a name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NamedView {
    #[schema(value_type = String)]
    pub(super) id: Id,
    pub(super) name: String,
}

/// The category of a component.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ComponentCategoryView {
    #[schema(value_type = String)]
    id: Id,
    code: String,
    name: String,
}

/// A component.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ComponentView {
    #[schema(value_type = String)]
    id: Id,
    /// Identification code in force.
    #[schema(value_type = String, example = "31011801001000001")]
    code: ComponentCode,
    /// The sixteen digits it had before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    former_code: Option<ComponentCode>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<ComponentCategoryView>,
    state: ComponentState,
    /// CGCS2000.
    point: PointView,
    /// GeoJSON, where it is a line or a surface.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    geometry: Option<Value>,
    /// The deepest area known to hold it: its unit grid where there are grids.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    area_path: Option<TreePath>,
    /// That area's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    area_code: Option<String>,
    /// 主管部门
    #[serde(skip_serializing_if = "Option::is_none")]
    supervisor: Option<NamedView>,
    /// 权属单位
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<NamedView>,
    /// 养护单位
    #[serde(skip_serializing_if = "Option::is_none")]
    maintainer: Option<NamedView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    initial_on: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    changed_on: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<String>,
    #[schema(value_type = Object)]
    attributes: Map<String, Value>,
    version: i64,
}

impl ComponentView {
    fn new(component: Component, registry: &Registry) -> Self {
        let snapshot = registry.snapshot();
        let category = snapshot.rules.category(component.category_id);
        let area = component
            .area_path
            .as_ref()
            .and_then(|path| snapshot.areas.by_path(path));
        let named = |id: Option<Id>| {
            let known = registry.organisation(id?)?;
            Some(NamedView {
                id: known.id,
                name: known.name.clone(),
            })
        };
        Self {
            id: component.id,
            category: category.map(|category| ComponentCategoryView {
                id: category.id,
                code: category.code.clone(),
                name: category.name.clone(),
            }),
            area_code: area.map(|area| area.code.to_string()),
            supervisor: named(component.units.supervisor_id),
            owner: named(component.units.owner_id),
            maintainer: named(component.units.maintainer_id),
            code: component.code,
            former_code: component.former_code,
            name: component.name,
            state: component.state,
            point: PointView::from(component.point),
            geometry: component
                .shape
                .and_then(|shape| serde_json::to_value(&*shape.0).ok()),
            area_path: component.area_path,
            initial_on: component.initial_on,
            changed_on: component.changed_on,
            data_source: component.data_source,
            remark: component.remark,
            attributes: component.attributes,
            version: component.version,
        }
    }
}

/// Filters of the list of components.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ComponentListParams {
    /// With this identification code, now or formerly; no other filter holds then.
    #[param(value_type = Option<String>)]
    code: Option<ComponentCode>,
    /// In this area.
    #[param(value_type = Option<String>)]
    area_path: Option<TreePath>,
    /// Of this category, or of this class.
    #[param(value_type = Option<String>)]
    category_id: Option<Id>,
    /// In this state.
    #[param(inline)]
    state: Option<ComponentState>,
    /// That this organisation supervises; one of the three organisations at a time.
    #[param(value_type = Option<String>)]
    supervisor_id: Option<Id>,
    /// That this organisation owns.
    #[param(value_type = Option<String>)]
    owner_id: Option<Id>,
    /// That this organisation keeps in order.
    #[param(value_type = Option<String>)]
    maintainer_id: Option<Id>,
    /// Rows wanted, 1 to 200; 50 when left out.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Components by area and the order they were entered in.
#[utoipa::path(get, path = "/api/v1/components", operation_id = "component_list", tag = "registry",
    params(ComponentListParams), responses((status = 200, body = PageView<ComponentView>)))]
pub(super) async fn component_list(
    State(registry): State<Registry>,
    Query(params): Query<ComponentListParams>,
) -> Answer<Json<PageView<ComponentView>>> {
    let page = if let Some(code) = params.code {
        let found = registry.component_by_code(code).await?;
        Page {
            items: found.into_iter().collect(),
            next: None,
        }
    } else {
        let filter = ComponentFilter {
            area_path: params.area_path,
            category_ids: params.category_id.into_iter().collect(),
            state: params.state,
            supervisor_id: params.supervisor_id,
            owner_id: params.owner_id,
            maintainer_id: params.maintainer_id,
        };
        let request = PageRequest {
            limit: params.limit,
            after: params.after,
        };
        registry.component_list(filter, &request).await?
    };
    Ok(Json(PageView::of(page, |component| {
        ComponentView::new(component, &registry)
    })))
}

/// Where to look, how far, for what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct NearestParams {
    lon: f64,
    lat: f64,
    /// `cgcs2000` (default), `wgs84`, `gcj02` or `bd09`.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    coordinates: CoordinateSystem,
    /// Metres, at most 5,000; 500 when left out.
    radius_m: Option<f64>,
    /// 1 to 50; 10 when left out.
    limit: Option<usize>,
    /// Of this category, or of this class.
    #[param(value_type = Option<String>)]
    category_id: Option<Id>,
    /// In this state; when left out all but removed ones.
    #[param(inline)]
    state: Option<ComponentState>,
}

/// A component and how far it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NearView {
    distance_m: f64,
    component: ComponentView,
}

/// What is near, the nearest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NearestView {
    items: Vec<NearView>,
}

/// The components nearest to a place.
#[utoipa::path(get, path = "/api/v1/components/nearest", operation_id = "component_nearest", tag = "registry",
    params(NearestParams), responses((status = 200, body = NearestView)))]
pub(super) async fn component_nearest(
    State(registry): State<Registry>,
    Query(params): Query<NearestParams>,
) -> Answer<Json<NearestView>> {
    let given = Point::new(params.lon, params.lat).map_err(|fault| {
        Problem::invalid(vec![FieldError::new(
            "lon",
            "out_of_range",
            fault.to_string(),
        )])
    })?;
    let filter = ComponentFilter {
        category_ids: params.category_id.into_iter().collect(),
        state: params.state,
        ..ComponentFilter::default()
    };
    let place = to_cgcs2000(params.coordinates, given);
    let (radius_m, count) = (params.radius_m.unwrap_or(500.0), params.limit.unwrap_or(10));
    let near = registry
        .component_nearest(place, radius_m, filter, count)
        .await?;
    let view = |near: Near| NearView {
        distance_m: near.distance_m,
        component: ComponentView::new(near.component, &registry),
    };
    Ok(Json(NearestView {
        items: near.into_iter().map(view).collect(),
    }))
}

/// Enters a component, in the reach of your role: its area, or an organisation of yours that has to do with it.
#[utoipa::path(post, path = "/api/v1/components", operation_id = "component_create", tag = "registry",
    request_body = ComponentNew,
    responses((status = 201, body = ComponentView), (status = 409, body = ProblemView)))]
pub(super) async fn component_create(
    State(registry): State<Registry>,
    Caller(caller): Caller,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<ComponentNew>,
) -> Answer<Created<ComponentView>> {
    let once = registry.once(&caller, "component_create", key, &request);
    let made = registry.component_create(&caller, request, once).await?;
    Ok(Created {
        location: format!("/api/v1/components/{}", made.id),
        version: made.version,
        view: ComponentView::new(made, &registry),
    })
}

/// One component.
#[utoipa::path(get, path = "/api/v1/components/{id}", operation_id = "component_view", tag = "registry",
    params(("id" = String, Path)),
    responses((status = 200, body = ComponentView), (status = 404, body = ProblemView)))]
pub(super) async fn component_view(
    State(registry): State<Registry>,
    Path(id): Path<Id>,
) -> Answer<Versioned<ComponentView>> {
    let component = registry.component(id).await?;
    Ok(Versioned {
        version: component.version,
        view: ComponentView::new(component, &registry),
    })
}

/// Changes a component: what is left out stays, what is null is taken away.
#[utoipa::path(patch, path = "/api/v1/components/{id}", operation_id = "component_update", tag = "registry",
    params(("id" = String, Path)), request_body = ComponentChange,
    responses((status = 200, body = ComponentView), (status = 404, body = ProblemView), (status = 412, body = ProblemView)))]
pub(super) async fn component_update(
    State(registry): State<Registry>,
    Caller(caller): Caller,
    IfMatch(version): IfMatch,
    Path(id): Path<Id>,
    Json(change): Json<ComponentChange>,
) -> Answer<Versioned<ComponentView>> {
    let component = registry
        .component_update(&caller, id, version, change)
        .await?;
    Ok(Versioned {
        version: component.version,
        view: ComponentView::new(component, &registry),
    })
}

/// The history of a component, the newest first.
#[utoipa::path(get, path = "/api/v1/components/{id}/history", operation_id = "component_history_list", tag = "registry",
    params(("id" = String, Path), PageParams),
    responses((status = 200, body = PageView<ChangeEventView>), (status = 404, body = ProblemView)))]
pub(super) async fn component_history_list(
    State(registry): State<Registry>,
    Path(id): Path<Id>,
    Query(page): Query<PageRequest>,
) -> Answer<Json<PageView<ChangeEventView>>> {
    let history = registry.component_history(id, &page).await?;
    Ok(Json(PageView::of(history, ChangeEventView::from)))
}
