//! Places by name on the wire.

use super::areas::PointView;
use crate::Registry;
use crate::finding::{FoundKind, PlaceFound};
use access::http::Caller;
use axum::extract::State;
use base::AreaCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::{Answer, Json, ProblemView, Query};

const LIMIT: usize = 20;

/// What to find.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FindParams {
    /// A name or a piece of one, an address, or the code of a component.
    q: String,
    /// 1 to 50; 20 when left out.
    limit: Option<usize>,
}

/// What somebody may mean.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundView {
    kind: FoundKind,
    name: String,
    /// Where or what it is: the areas an area lies in, the address of a place, the code of a component; may be empty.
    about: String,
    /// What of its kind: the level of an area, the name of the layer of a place, the category of a component.
    sort: String,
    /// CGCS2000; an area may have no centre.
    #[serde(skip_serializing_if = "Option::is_none")]
    point: Option<PointView>,
    /// Division code of an area.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    area_code: Option<AreaCode>,
}

impl From<PlaceFound> for FoundView {
    fn from(found: PlaceFound) -> Self {
        Self {
            kind: found.kind,
            name: found.name,
            about: found.about,
            sort: found.sort,
            point: found.point.map(PointView::from),
            area_code: found.area_code,
        }
    }
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundPlacesView {
    /// The likeliest first.
    items: Vec<FoundView>,
}

/// What places are called so: the component with this code, areas in force by name, then places of layers by name or address.
#[utoipa::path(get, path = "/api/v1/places", operation_id = "place_find", tag = "registry",
    params(FindParams), responses((status = 200, body = FoundPlacesView), (status = 422, body = ProblemView)))]
pub(super) async fn place_find(
    State(registry): State<Registry>,
    Caller(caller): Caller,
    Query(params): Query<FindParams>,
) -> Answer<Json<FoundPlacesView>> {
    let limit = params.limit.unwrap_or(LIMIT);
    let found = registry.place_find(&caller, &params.q, limit).await?;
    Ok(Json(FoundPlacesView {
        items: found.into_iter().map(FoundView::from).collect(),
    }))
}
