//! The routes of the portal and their lines in the table of endpoints. All are for everybody but the two that decide what everybody sees.

mod following;
mod publication;
mod reporting;

use crate::error::PortalError;
use crate::plain_words::{Language, PlainStatus};
use crate::service::Portal;
use crate::service::following::{Link, Turn};
use access::{Endpoint, Needs};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use base::Timestamp;
use serde::Serialize;
use std::convert::Infallible;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::Failure;

const fn public(method: &'static str, path: &'static str, operation: &'static str) -> Endpoint {
    Endpoint {
        method,
        path,
        operation,
        needs: Needs::Public,
    }
}

const fn staff(method: &'static str, path: &'static str, operation: &'static str) -> Endpoint {
    Endpoint {
        method,
        path,
        operation,
        needs: Needs::Permission("case_publish"),
    }
}

/// This room's lines in the table of endpoints.
#[rustfmt::skip]
pub const ENDPOINTS: &[Endpoint] = &[
    public("GET", "/api/v1/portal", "portal_view"),
    public("GET", "/api/v1/portal/map", "portal_map"),
    public("POST", "/api/v1/portal/suggestions", "portal_suggest"),
    public("PUT", "/api/v1/portal/uploads/{key}", "portal_upload_push"),
    public("GET", "/api/v1/portal/uploads/{key}", "portal_upload_view"),
    public("GET", "/api/v1/portal/components/{code}", "portal_component_view"),
    public("POST", "/api/v1/portal/reports", "portal_report"),
    public("POST", "/api/v1/portal/codes", "portal_code_request"),
    public("POST", "/api/v1/portal/links", "portal_code_redeem"),
    public("GET", "/api/v1/portal/report", "portal_follow"),
    public("POST", "/api/v1/portal/report/answer", "portal_answer"),
    public("POST", "/api/v1/portal/report/rate", "portal_rate"),
    public("GET", "/api/v1/portal/cases/{case_no}", "portal_case_view"),
    public("GET", "/api/v1/portal/cases/{case_no}/photos/{id}", "portal_photo_view"),
    staff("GET", "/api/v1/cases/{id}/publication", "case_publication_view"),
    staff("PUT", "/api/v1/cases/{id}/publication", "case_publish"),
];

/// The routes of this room.
pub fn router(portal: Portal) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(reporting::portal_view))
        .routes(routes!(reporting::portal_map))
        .routes(routes!(reporting::portal_suggest))
        .routes(routes!(
            reporting::portal_upload_push,
            reporting::portal_upload_view
        ))
        .routes(routes!(reporting::portal_component_view))
        .routes(routes!(reporting::portal_report))
        .routes(routes!(following::portal_code_request))
        .routes(routes!(following::portal_code_redeem))
        .routes(routes!(following::portal_follow))
        .routes(routes!(following::portal_answer))
        .routes(routes!(following::portal_rate))
        .routes(routes!(publication::portal_case_view))
        .routes(routes!(publication::portal_photo_view))
        .routes(routes!(
            publication::case_publication_view,
            publication::case_publish
        ))
        .with_state(portal)
}

fn failure(error: PortalError) -> Failure {
    match error {
        PortalError::TooMany(_) => {
            Failure::with_status(error.into(), StatusCode::TOO_MANY_REQUESTS)
        }
        error => error.into(),
    }
}

/// The language the caller prefers: Chinese unless English comes first.
impl<S: Send + Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let wanted = parts
            .headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        Ok(
            if wanted.trim_start().to_ascii_lowercase().starts_with("en") {
                Self::English
            } else {
                Self::Chinese
            },
        )
    }
}

/// The token of `Authorization: Bearer …`; empty when there is none.
struct LinkToken(String);

impl<S: Send + Sync> FromRequestParts<S> for LinkToken {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let text = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let token = text
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        Ok(Self(
            token
                .map(|(_, token)| token.trim().to_owned())
                .unwrap_or_default(),
        ))
    }
}

/// Where something stands.
#[derive(Debug, Serialize, ToSchema)]
struct PlainStatusView {
    /// `received`, `arranging`, `working`, `checking`, `asking`, `done`, `answered`, `not_taken`, `withdrawn` or `dropped`.
    code: &'static str,
    /// In plain words, in the caller's language.
    words: &'static str,
}

impl PlainStatusView {
    const fn new(status: PlainStatus, language: Language) -> Self {
        Self {
            code: status.code(),
            words: status.words(language),
        }
    }
}

/// A turn that something has taken.
#[derive(Debug, Serialize, ToSchema)]
struct TurnView {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What, for programs: `report_received`, `case_dispatched`, …
    kind: String,
    /// In plain words, in the caller's language.
    words: &'static str,
}

impl From<Turn> for TurnView {
    fn from(turn: Turn) -> Self {
        Self {
            at: turn.at,
            kind: turn.kind,
            words: turn.words,
        }
    }
}

/// The secret to follow a report by.
#[derive(Debug, Serialize, ToSchema)]
struct LinkView {
    /// Sent as `Authorization: Bearer …`.
    token: String,
    /// Until when it can be used.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl From<Link> for LinkView {
    fn from(link: Link) -> Self {
        Self {
            token: link.token,
            expires_at: link.expires_at,
        }
    }
}
