//! API tokens on the wire.

use super::{Caller, PageView};
use crate::service::{Access, TokenCreated, TokenNew};
use crate::store::ApiToken;
use axum::extract::State;
use axum::http::StatusCode;
use base::{Id, PageRequest, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Answer, Failure, IdempotencyKey, Json, Path, Query};

/// A new token.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenCreateRequest {
    /// What I call it.
    name: String,
    /// What it may do; all of it my own.
    permissions: Vec<String>,
    /// For how long.
    #[schema(minimum = 1, maximum = 366)]
    days: i64,
}

/// A token without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenView {
    #[schema(value_type = String)]
    id: Id,
    name: String,
    permissions: Vec<&'static str>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// When it was last used, to the minute.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
}

/// A token that was made.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenCreatedView {
    token: TokenView,
    /// To be sent as `Authorization: Bearer cy_…`. Shown this once; absent when the request was repeated.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl From<ApiToken> for TokenView {
    fn from(t: ApiToken) -> Self {
        Self {
            id: t.id,
            name: t.name,
            permissions: t.permissions.names(),
            created_at: t.created_at,
            ends_at: t.ends_at,
            seen_at: t.seen_at,
        }
    }
}

impl From<TokenCreated> for TokenCreatedView {
    fn from(created: TokenCreated) -> Self {
        Self {
            token: created.token.into(),
            secret: created.secret,
        }
    }
}

/// My tokens, newest first.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "access",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("after" = Option<String>, Query)),
    responses((status = 200, body = PageView<TokenView>)))]
pub(super) async fn token_list(
    State(access): State<Access>,
    Caller(caller): Caller,
    Query(page): Query<PageRequest>,
) -> Answer<Json<PageView<TokenView>>> {
    Ok(Json(PageView::new(
        access.token_list(&caller, &page).await?,
        TokenView::from,
    )))
}

/// Makes a token for a program that acts for me.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "access", request_body = TokenCreateRequest,
    params(("Idempotency-Key" = Option<String>, Header)), responses((status = 201, body = TokenCreatedView)))]
pub(super) async fn token_create(
    State(access): State<Access>,
    Caller(caller): Caller,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<TokenCreateRequest>,
) -> Result<(StatusCode, Json<TokenCreatedView>), Failure> {
    let once = access.once(&caller, "token_create", key, &request);
    let TokenCreateRequest {
        name,
        permissions,
        days,
    } = request;
    let made = access
        .token_create(
            &caller,
            TokenNew {
                name,
                permissions,
                days,
            },
            once,
        )
        .await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Ends a token: my own, or as security administrator anybody's.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "access", params(("id" = String, Path)),
    responses((status = 204, description = "ended"), (status = 404, description = "no such token")))]
pub(super) async fn token_revoke(
    State(access): State<Access>,
    Caller(caller): Caller,
    Path(id): Path<Id>,
) -> Answer<StatusCode> {
    access.token_revoke(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
