//! The routes of this room and their lines in the table of endpoints. Imports are made at the machine.

mod areas;
pub mod base_map;
mod components;
mod grids;
mod history;
mod layers;
mod places;
mod standards;
mod zones;

use crate::Registry;
use access::{Endpoint, Needs};
use base::{Page, PageRequest, Problem};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const fn get(path: &'static str, operation: &'static str, permission: &'static str) -> Endpoint {
    Endpoint {
        method: "GET",
        path,
        operation,
        needs: Needs::Permission(permission),
    }
}

const fn change(method: &'static str, path: &'static str, operation: &'static str) -> Endpoint {
    Endpoint {
        method,
        path,
        operation,
        needs: Needs::Permission(operation),
    }
}

/// This room's lines in the table of endpoints.
pub const ENDPOINTS: &[Endpoint] = &[
    get("/api/v1/areas", "area_list", "area_view"),
    get("/api/v1/areas/at", "area_locate", "area_view"),
    get("/api/v1/areas/map", "area_map", "area_view"),
    get("/api/v1/areas/{id}", "area_view", "area_view"),
    change("PATCH", "/api/v1/areas/{id}", "area_update"),
    get(
        "/api/v1/areas/{id}/history",
        "area_history_list",
        "area_view",
    ),
    get(
        "/api/v1/areas/{id}/boundary",
        "area_boundary_view",
        "area_view",
    ),
    get("/api/v1/zones", "zone_list", "area_view"),
    get("/api/v1/standards", "standard_list", "standard_view"),
    get(
        "/api/v1/standards/{id}/categories",
        "category_list",
        "standard_view",
    ),
    get(
        "/api/v1/standards/{id}/crosswalk",
        "crosswalk_list",
        "standard_view",
    ),
    get("/api/v1/categories/{id}", "category_view", "standard_view"),
    get("/api/v1/rule-rows/{id}", "rule_row_view", "standard_view"),
    change("POST", "/api/v1/areas/{id}/grids", "grid_generate"),
    get("/api/v1/areas/{id}/grid-check", "grid_check", "area_view"),
    get("/api/v1/components", "component_list", "component_view"),
    change("POST", "/api/v1/components", "component_create"),
    get(
        "/api/v1/components/nearest",
        "component_nearest",
        "component_view",
    ),
    get(
        "/api/v1/components/{id}",
        "component_view",
        "component_view",
    ),
    change("PATCH", "/api/v1/components/{id}", "component_update"),
    change("POST", "/api/v1/zones", "zone_create"),
    get("/api/v1/zones/at", "zone_locate", "area_view"),
    get("/api/v1/zones/{id}", "zone_view", "area_view"),
    change("PATCH", "/api/v1/zones/{id}", "zone_update"),
    get(
        "/api/v1/zones/{id}/boundary",
        "zone_boundary_view",
        "area_view",
    ),
    get(
        "/api/v1/zones/{id}/history",
        "zone_history_list",
        "area_view",
    ),
    get("/api/v1/places", "place_find", "area_view"),
    get("/api/v1/layers", "layer_list", "layer_view"),
    change("POST", "/api/v1/layers", "layer_create"),
    change("PATCH", "/api/v1/layers/{id}", "layer_update"),
    get(
        "/api/v1/layers/{id}/features",
        "layer_feature_list",
        "layer_view",
    ),
    get(
        "/api/v1/components/{id}/history",
        "component_history_list",
        "component_view",
    ),
];

/// The routes of this room.
pub fn router(registry: Registry) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(areas::area_list))
        .routes(routes!(areas::area_locate))
        .routes(routes!(base_map::area_map))
        .routes(routes!(areas::area_view, areas::area_update))
        .routes(routes!(areas::area_history_list))
        .routes(routes!(areas::area_boundary_view))
        .routes(routes!(zones::zone_list, zones::zone_create))
        .routes(routes!(zones::zone_locate))
        .routes(routes!(zones::zone_view, zones::zone_update))
        .routes(routes!(zones::zone_boundary_view))
        .routes(routes!(zones::zone_history_list))
        .routes(routes!(places::place_find))
        .routes(routes!(layers::layer_list, layers::layer_create))
        .routes(routes!(layers::layer_update))
        .routes(routes!(layers::layer_feature_list))
        .routes(routes!(standards::standard_list))
        .routes(routes!(standards::category_list))
        .routes(routes!(standards::crosswalk_list))
        .routes(routes!(standards::category_view))
        .routes(routes!(standards::rule_row_view))
        .routes(routes!(grids::grid_generate))
        .routes(routes!(grids::grid_check))
        .routes(routes!(
            components::component_list,
            components::component_create
        ))
        .routes(routes!(components::component_nearest))
        .routes(routes!(
            components::component_view,
            components::component_update
        ))
        .routes(routes!(components::component_history_list))
        .with_state(registry)
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
struct PageView<T> {
    /// The rows, in the list's order.
    items: Vec<T>,
    /// Pass as `after` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl<V> PageView<V> {
    /// A page that the service gave.
    fn of<T>(page: Page<T>, view: impl Fn(T) -> V) -> Self {
        Self {
            items: page.items.into_iter().map(view).collect(),
            next: page.next,
        }
    }
}

/// Where a page begins and how long it is.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes `PageRequest` in the API")]
struct PageParams {
    /// Rows wanted, 1 to 200; 50 when left out.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// The page of `rows` that begins after the row whose cursor was given; `rows` are in the order of their cursors.
fn page<R, V>(
    rows: impl Iterator<Item = R>,
    request: &PageRequest,
    cursor: impl Fn(&R) -> String,
    view: impl Fn(&R) -> V,
) -> Result<PageView<V>, Problem> {
    let limit = request
        .limit()
        .map_err(|field| Problem::invalid(vec![field]))? as usize;
    let after = request.after.as_deref().unwrap_or_default();
    let mut rows = rows.filter(|row| after.is_empty() || cursor(row).as_str() > after);
    let shown: Vec<R> = rows.by_ref().take(limit).collect();
    let next = rows.next().and_then(|_| shown.last().map(&cursor));
    Ok(PageView {
        items: shown.iter().map(view).collect(),
        next,
    })
}
