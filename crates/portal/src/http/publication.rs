//! What everybody may see of a case, and who decides on it.

use super::{PlainStatusView, TurnView, failure};
use crate::limits::Act;
use crate::plain_words::Language;
use crate::service::Portal;
use crate::service::publication::{Publish, Published, Shown};
use access::http::{Caller, ClientAddress};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use base::{Id, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::{Answer, IfMatch, Json, Path, ProblemView, Query, Versioned};

/// A photo that everybody may see.
#[derive(Debug, Serialize, ToSchema)]
struct PortalPhotoView {
    /// Its id.
    #[schema(value_type = String)]
    id: Id,
    /// What it shows: `reported`, `before`, `after`, …
    stage: Option<casework::model::AttachmentStage>,
}

/// A case as everybody may see it: no names, no exact place, nothing in the words of whoever told it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PortalCaseView {
    /// Its number.
    case_no: String,
    /// Its category.
    category: String,
    /// District and street.
    #[serde(skip_serializing_if = "Option::is_none")]
    area: Option<String>,
    /// A title that the city wrote for everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// Where it stands.
    status: PlainStatusView,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    accepted_at: Timestamp,
    /// Until when it should be dealt with.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_by: Option<Timestamp>,
    /// How many told of it.
    told_by: i64,
    /// The turns it has taken.
    turns: Vec<TurnView>,
    /// Photos that somebody of the city has looked at; at `cases/{case_no}/photos/{id}`.
    photos: Vec<PortalPhotoView>,
}

impl PortalCaseView {
    fn new(shown: Shown, language: Language) -> Self {
        let turns = shown.turns(language).into_iter();
        Self {
            turns: turns.map(TurnView::from).collect(),
            case_no: shown.case_no,
            category: shown.category,
            area: shown.area,
            title: shown.title,
            status: PlainStatusView::new(shown.status, language),
            accepted_at: shown.accepted_at,
            expected_by: shown.expected_by,
            told_by: shown.told_by,
            photos: shown
                .photos
                .into_iter()
                .map(|photo| PortalPhotoView {
                    id: photo.id,
                    stage: photo.stage,
                })
                .collect(),
        }
    }
}

/// A case that everybody may see. What is not there, is not a public matter or is hidden is all the same.
#[utoipa::path(get, path = "/api/v1/portal/cases/{case_no}", operation_id = "portal_case_view", tag = "portal",
    params(("case_no" = String, Path)),
    responses((status = 200, body = PortalCaseView), (status = 404, body = ProblemView), (status = 429, body = ProblemView)))]
pub(super) async fn portal_case_view(
    State(portal): State<Portal>,
    ClientAddress(address): ClientAddress,
    language: Language,
    Path(case_no): Path<String>,
) -> Answer<Json<PortalCaseView>> {
    portal.count(Act::Look, &address).map_err(failure)?;
    let shown = portal.shown(&case_no).await?;
    Ok(Json(PortalCaseView::new(shown, language)))
}

/// Which form of a photo.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PortalPhotoParams {
    /// Small: 320 pixels.
    thumbnail: bool,
}

/// A photo that everybody may see.
#[utoipa::path(get, path = "/api/v1/portal/cases/{case_no}/photos/{id}", operation_id = "portal_photo_view", tag = "portal",
    params(("case_no" = String, Path), ("id" = String, Path), PortalPhotoParams),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = 404, body = ProblemView),
        (status = 429, body = ProblemView)))]
pub(super) async fn portal_photo_view(
    State(portal): State<Portal>,
    ClientAddress(address): ClientAddress,
    Path((case_no, id)): Path<(String, Id)>,
    Query(params): Query<PortalPhotoParams>,
) -> Answer<Response> {
    portal.count(Act::Look, &address).map_err(failure)?;
    let file = portal.photo(&case_no, id, params.thumbnail).await?;
    let reading = file.read(None).await?;
    let mut response = Response::new(Body::from_stream(reading.stream));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(file.content_type),
    );
    // Hidden again, it is gone before long.
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, max-age=300"),
    );
    Ok(response)
}

/// What everybody sees of a case, besides what every public matter shows.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PublicationView {
    /// Whether it is a public matter (a component or an event): others are not shown.
    is_public_matter: bool,
    /// Not shown at all.
    is_hidden: bool,
    /// Its title for everybody.
    title: Option<String>,
    /// Photos for everybody.
    #[schema(value_type = Vec<String>)]
    attachment_ids: Vec<Id>,
}

/// What everybody is to see of a case.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PublishRequest {
    /// Nothing at all.
    #[serde(default)]
    is_hidden: bool,
    /// A title for everybody: without names, numbers and exact places.
    #[serde(default)]
    title: Option<String>,
    /// Photos for everybody, at most ten pictures of this case: without faces, number plates and door numbers.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    attachment_ids: Vec<Id>,
}

impl From<Published> for Versioned<PublicationView> {
    fn from(found: Published) -> Self {
        Self {
            version: found.version,
            view: PublicationView {
                is_public_matter: found.is_public_matter,
                is_hidden: found.decided.is_hidden,
                title: found.decided.title,
                attachment_ids: found.decided.attachment_ids,
            },
        }
    }
}

/// What everybody sees of a case.
#[utoipa::path(get, path = "/api/v1/cases/{id}/publication", operation_id = "case_publication_view", tag = "portal",
    params(("id" = String, Path)),
    responses((status = 200, body = PublicationView), (status = 404, body = ProblemView)))]
pub(super) async fn case_publication_view(
    State(portal): State<Portal>,
    Caller(principal): Caller,
    Path(id): Path<Id>,
) -> Answer<Versioned<PublicationView>> {
    Ok(portal.case_publication(&principal, id).await?.into())
}

/// 公开案卷: what everybody sees of a case from now on. Whoever decides has looked at title and photos. `If-Match` with the `ETag` of what they
/// looked at keeps them from undoing what somebody else decided meanwhile.
#[utoipa::path(put, path = "/api/v1/cases/{id}/publication", operation_id = "case_publish", tag = "portal",
    params(("id" = String, Path)), request_body = PublishRequest,
    responses((status = 200, body = PublicationView), (status = 404, body = ProblemView), (status = 412, body = ProblemView),
        (status = 422, body = ProblemView)))]
pub(super) async fn case_publish(
    State(portal): State<Portal>,
    Caller(principal): Caller,
    Path(id): Path<Id>,
    IfMatch(version): IfMatch,
    Json(request): Json<PublishRequest>,
) -> Answer<Versioned<PublicationView>> {
    let input = Publish {
        is_hidden: request.is_hidden,
        title: request.title,
        attachment_ids: request.attachment_ids,
    };
    Ok(portal
        .case_publish(&principal, id, version, input)
        .await?
        .into())
}
