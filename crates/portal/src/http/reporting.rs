//! Telling something.

use super::{LinkView, PlainStatusView, failure};
use crate::error::PortalError;
use crate::limits::Act;
use crate::plain_words::Language;
use crate::service::Portal;
use crate::service::reporting::{Suggestion, Told};
use access::http::ClientAddress;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use base::{AreaLevel, Id, Timestamp};
use casework::input::PlaceRequest;
use casework::service::Piece;
use casework::view::UploadView;
use registry::http::base_map::{AreaMapParams, areas_in_view};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::{Answer, IdempotencyKey, Json, Path, ProblemView, Query};

/// A category that may be chosen.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PortalCategoryView {
    /// Its id.
    #[schema(value_type = String)]
    id: Id,
    /// Its name.
    name: String,
}

/// Categories of one class.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PortalClassView {
    /// The class.
    name: String,
    /// Its categories.
    categories: Vec<PortalCategoryView>,
}

/// What the public pages need to begin.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PortalView {
    /// What the city is called.
    city_name: String,
    /// How the public reaches the server, as codes to scan begin; absent when the installation does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    public_address: Option<String>,
    /// Whether codes can be sent to phones.
    sends_codes: bool,
    /// What may be told of.
    classes: Vec<PortalClassView>,
}

fn category((id, name): (Id, String)) -> PortalCategoryView {
    PortalCategoryView { id, name }
}

/// What the public pages need to begin: the city's name, whether codes can be sent, and what may be told of.
#[utoipa::path(get, path = "/api/v1/portal", operation_id = "portal_view", tag = "portal",
    responses((status = 200, body = PortalView), (status = 429, body = ProblemView)))]
pub(super) async fn portal_view(
    State(portal): State<Portal>,
    ClientAddress(address): ClientAddress,
) -> Answer<Json<PortalView>> {
    portal.count(Act::Look, &address).map_err(failure)?;
    let classes = portal.categories().into_iter();
    Ok(Json(PortalView {
        city_name: portal.city_name().to_owned(),
        public_address: portal.public_address().map(str::to_owned),
        sends_codes: portal.sends(),
        classes: classes
            .map(|(name, members)| PortalClassView {
                name,
                categories: members.into_iter().map(category).collect(),
            })
            .collect(),
    }))
}

/// A report as far as it is typed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PortalSuggestRequest {
    /// In their own words, at most 1,000 characters.
    words: String,
    /// The category, when it has been chosen.
    #[schema(value_type = Option<String>)]
    category_id: Option<Id>,
    /// Where.
    place: PlaceRequest,
}

/// An open case nearby.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NearbyCaseView {
    /// Its number.
    case_no: String,
    /// Its category.
    category: String,
    /// Where it stands.
    status: PlainStatusView,
    /// About how far away, in steps of 50 metres.
    distance_m: u32,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    accepted_at: Timestamp,
}

/// What may be meant.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PortalSuggestionView {
    /// Street and village of the place.
    #[serde(skip_serializing_if = "Option::is_none")]
    area: Option<String>,
    /// Whether the place is in this city; absent without a place.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_city: Option<bool>,
    /// At most three categories, the likeliest first.
    categories: Vec<PortalCategoryView>,
    /// At most three open cases nearby that may be the same; found by place and category, never by words.
    cases: Vec<NearbyCaseView>,
}

impl PortalSuggestionView {
    fn new(found: Suggestion, language: Language) -> Self {
        Self {
            area: found.area,
            in_city: found.in_city,
            categories: found.categories.into_iter().map(category).collect(),
            cases: found
                .cases
                .into_iter()
                .map(|case| NearbyCaseView {
                    case_no: case.case_no,
                    category: case.category,
                    status: PlainStatusView::new(case.status, language),
                    distance_m: case.distance_m,
                    accepted_at: case.accepted_at,
                })
                .collect(),
        }
    }
}

/// Which category may be meant by the words, and which open cases nearby may be the same. Changes nothing.
#[utoipa::path(post, path = "/api/v1/portal/suggestions", operation_id = "portal_suggest", tag = "portal",
    request_body = PortalSuggestRequest,
    responses((status = 200, body = PortalSuggestionView), (status = 422, body = ProblemView), (status = 429, body = ProblemView)))]
pub(super) async fn portal_suggest(
    State(portal): State<Portal>,
    ClientAddress(address): ClientAddress,
    language: Language,
    Json(request): Json<PortalSuggestRequest>,
) -> Answer<Json<PortalSuggestionView>> {
    portal.count(Act::Look, &address).map_err(failure)?;
    let found = portal
        .suggest(&request.words, request.category_id, &request.place)
        .await?;
    Ok(Json(PortalSuggestionView::new(found, language)))
}

/// Which piece of a photo the body is.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PortalPieceParams {
    /// The byte of the photo that it begins with.
    offset: i64,
    /// How many bytes the whole photo has.
    length: i64,
}

/// Sends a piece of a photo, as `PUT /api/v1/uploads/{key}` does for people with an account. Whoever knows the key has the photo.
#[utoipa::path(put, path = "/api/v1/portal/uploads/{key}", operation_id = "portal_upload_push", tag = "portal",
    params(("key" = String, Path), PortalPieceParams),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = UploadView), (status = 409, body = ProblemView), (status = 422, body = ProblemView),
        (status = 429, body = ProblemView)))]
pub(super) async fn portal_upload_push(
    State(portal): State<Portal>,
    ClientAddress(address): ClientAddress,
    Path(key): Path<String>,
    Query(params): Query<PortalPieceParams>,
    body: Bytes,
) -> Answer<Json<UploadView>> {
    portal.count(Act::Upload, &address).map_err(failure)?;
    if params.offset == 0 {
        portal.count(Act::Photo, &address).map_err(failure)?;
    }
    let piece = Piece {
        key,
        from_byte: params.offset,
        length: params.length,
        bytes: body.to_vec(),
    };
    Ok(Json(portal.upload_push(piece).await?))
}

/// How much of a photo has arrived.
#[utoipa::path(get, path = "/api/v1/portal/uploads/{key}", operation_id = "portal_upload_view", tag = "portal",
    params(("key" = String, Path)),
    responses((status = 200, body = UploadView), (status = 404, body = ProblemView), (status = 429, body = ProblemView)))]
pub(super) async fn portal_upload_view(
    State(portal): State<Portal>,
    ClientAddress(address): ClientAddress,
    Path(key): Path<String>,
) -> Answer<Json<UploadView>> {
    portal.count(Act::Upload, &address).map_err(failure)?;
    Ok(Json(portal.upload_view(&key).await?))
}

/// The ground of a map to point at a place on: the areas of a level in view, as `GET areas/map` has them, from the province down to
/// villages. Grids are a matter of the city's own.
#[utoipa::path(get, path = "/api/v1/portal/map", operation_id = "portal_map", tag = "portal", params(AreaMapParams),
    responses((status = 200, body = Object, description = "GeoJSON FeatureCollection with `is_cut`; properties `id`, `code`, `name`"),
        (status = 304, description = "as you have it"), (status = 422, body = ProblemView), (status = 429, body = ProblemView)))]
pub(super) async fn portal_map(
    State(portal): State<Portal>,
    ClientAddress(address): ClientAddress,
    Query(params): Query<AreaMapParams>,
    headers: HeaderMap,
) -> Answer<Response> {
    portal.count(Act::Look, &address).map_err(failure)?;
    if params.level == AreaLevel::Grid {
        let what = "province, city, district, street or village";
        return Err(PortalError::field("level", "unknown_value", what).into());
    }
    Ok(areas_in_view(portal.registry(), &params, &headers)?)
}

/// A component, as everybody may see it who stands before it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PortalComponentView {
    /// The code in force.
    code: String,
    /// What it is.
    name: String,
    /// Its category.
    #[schema(value_type = String)]
    category_id: Id,
    /// Where it lies: street and village. Nothing nearer: codes can be counted through, and whoever has scanned one stands before it.
    area: String,
}

/// A component by the code on it (QR).
#[utoipa::path(get, path = "/api/v1/portal/components/{code}", operation_id = "portal_component_view", tag = "portal",
    params(("code" = String, Path)),
    responses((status = 200, body = PortalComponentView), (status = 404, body = ProblemView), (status = 429, body = ProblemView)))]
pub(super) async fn portal_component_view(
    State(portal): State<Portal>,
    ClientAddress(address): ClientAddress,
    Path(code): Path<String>,
) -> Answer<Json<PortalComponentView>> {
    portal.count(Act::Component, &address).map_err(failure)?;
    let (found, area) = portal.component(&code).await?;
    Ok(Json(PortalComponentView {
        code: found.code.to_string(),
        name: found.name,
        category_id: found.category_id,
        area,
    }))
}

/// What somebody tells. At least words, a category or a photo; and a point, a component or an address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PortalReportRequest {
    /// In their own words, at most 1,000 characters.
    #[serde(default)]
    words: String,
    /// The category they chose.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    category_id: Option<Id>,
    /// Where, in words.
    #[serde(default)]
    address: Option<String>,
    /// Where, as a point.
    #[serde(default)]
    place: PlaceRequest,
    /// The code of the component it is about.
    #[serde(default)]
    component_code: Option<String>,
    /// Who tells it.
    #[serde(default)]
    name: Option<String>,
    /// How they are reached: then they are told of every turn, and may follow it from anywhere.
    #[serde(default)]
    phone: Option<String>,
    /// Whoever handles it does not learn who told it.
    #[serde(default)]
    is_hidden: bool,
    /// Keys of photos that have arrived, at most six.
    #[serde(default)]
    photos: Vec<String>,
    /// 我也遇到: the number of a case nearby (within 1,000 metres) that it joins.
    #[serde(default)]
    join_case_no: Option<String>,
    /// When it was told, if the phone had no network.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    occurred_at: Option<Timestamp>,
}

/// A report that is here.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PortalReportedView {
    /// Its number.
    report_no: String,
    /// The link to follow it by, for the browser that told it; the same when it is sent again.
    link: LinkView,
    /// Whether it joined the case that was named. If not (it ended meanwhile), the report waits at the desk.
    is_joined: bool,
}

/// Receives what somebody tells. `Idempotency-Key` is needed: 32 characters or more, drawn at random. Sent again with the same key it is
/// received once and answered the same.
#[utoipa::path(post, path = "/api/v1/portal/reports", operation_id = "portal_report", tag = "portal",
    request_body = PortalReportRequest,
    responses((status = 201, body = PortalReportedView), (status = 422, body = ProblemView), (status = 429, body = ProblemView)))]
pub(super) async fn portal_report(
    State(portal): State<Portal>,
    ClientAddress(address): ClientAddress,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<PortalReportRequest>,
) -> Answer<(StatusCode, Json<PortalReportedView>)> {
    portal.count(Act::Report, &address).map_err(failure)?;
    if let Some(case_no) = &request.join_case_no {
        portal
            .count_join(&address, case_no.trim())
            .map_err(failure)?;
    }
    let told = Told {
        words: request.words,
        category_id: request.category_id,
        address: request.address,
        place: request.place,
        component_code: request.component_code,
        name: request.name,
        phone: request.phone,
        is_hidden: request.is_hidden,
        photos: request.photos,
        join_case_no: request.join_case_no,
        occurred_at: request.occurred_at,
    };
    let made = portal.report(key, told).await.map_err(failure)?;
    let view = PortalReportedView {
        report_no: made.report_no,
        link: made.link.into(),
        is_joined: made.is_joined,
    };
    Ok((StatusCode::CREATED, Json(view)))
}
