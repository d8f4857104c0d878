//! The routes of this room, their line in the table of endpoints, and what other rooms' handlers need to know who calls.

mod accounts;
mod audit;
mod credential;
mod notices;
mod people;
mod sessions;
mod tokens;

pub use credential::{CSRF_HEADER, CredentialError, set_cookie};

use crate::principal::{Endpoint, Needs, Principal, unauthenticated};
use crate::service::Access;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use base::Page;
use serde::Serialize;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::Failure;

/// The caller, put into the request's extensions by `server` after it has looked at the table of endpoints.
#[derive(Clone, Debug)]
pub struct Caller(pub Arc<Principal>);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let caller = parts.extensions.get::<Arc<Principal>>().cloned();
        Ok(Self(caller.ok_or_else(unauthenticated)?))
    }
}

/// Where a request comes from: what `server` put into the extensions (it knows which proxies to believe), else the peer's
/// address, else `unknown`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub String);

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        if let Some(address) = parts.extensions.get::<Self>() {
            return Ok(address.clone());
        }
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(peer.map_or_else(
            || "unknown".to_owned(),
            |peer| peer.0.ip().to_string(),
        )))
    }
}

const fn endpoint(
    method: &'static str,
    path: &'static str,
    operation: &'static str,
    needs: Needs,
) -> Endpoint {
    Endpoint {
        method,
        path,
        operation,
        needs,
    }
}

/// This room's lines in the table of endpoints.
pub const ENDPOINTS: &[Endpoint] = &[
    endpoint("POST", "/api/v1/session", "session_open", Needs::Public),
    endpoint("GET", "/api/v1/session", "session_view", Needs::SignedIn),
    endpoint(
        "DELETE",
        "/api/v1/session",
        "session_close",
        Needs::SignedIn,
    ),
    endpoint(
        "POST",
        "/api/v1/password",
        "password_change",
        Needs::SignedIn,
    ),
    endpoint(
        "GET",
        "/api/v1/own-sessions",
        "own_session_list",
        Needs::SignedIn,
    ),
    endpoint(
        "DELETE",
        "/api/v1/own-sessions/{id}",
        "own_session_end",
        Needs::SignedIn,
    ),
    endpoint(
        "GET",
        "/api/v1/sessions",
        "session_list",
        Needs::Permission("session_list"),
    ),
    endpoint(
        "DELETE",
        "/api/v1/sessions/{id}",
        "session_revoke",
        Needs::Permission("session_revoke"),
    ),
    endpoint(
        "GET",
        "/api/v1/organisations",
        "organisation_list",
        Needs::Permission("organisation_view"),
    ),
    endpoint(
        "POST",
        "/api/v1/organisations",
        "organisation_create",
        Needs::Permission("organisation_create"),
    ),
    endpoint(
        "GET",
        "/api/v1/staff",
        "staff_list",
        Needs::Permission("staff_view"),
    ),
    endpoint(
        "POST",
        "/api/v1/staff",
        "staff_create",
        Needs::Permission("staff_create"),
    ),
    endpoint(
        "POST",
        "/api/v1/accounts",
        "account_create",
        Needs::Permission("account_create"),
    ),
    endpoint(
        "PUT",
        "/api/v1/staff/{id}/memberships",
        "membership_change",
        Needs::Permission("membership_change"),
    ),
    endpoint(
        "GET",
        "/api/v1/accounts",
        "account_list",
        Needs::Permission("account_view"),
    ),
    endpoint(
        "POST",
        "/api/v1/accounts/{id}/password",
        "account_password_set",
        Needs::Permission("account_password_set"),
    ),
    endpoint(
        "POST",
        "/api/v1/accounts/{id}/lock",
        "account_lock",
        Needs::Permission("account_lock"),
    ),
    endpoint(
        "POST",
        "/api/v1/accounts/{id}/unlock",
        "account_unlock",
        Needs::Permission("account_unlock"),
    ),
    endpoint(
        "GET",
        "/api/v1/audit-entries",
        "audit_list",
        Needs::Permission("audit_view"),
    ),
    endpoint(
        "GET",
        "/api/v1/roles",
        "role_list",
        Needs::Permission("role_view"),
    ),
    endpoint(
        "GET",
        "/api/v1/tokens",
        "token_list",
        Needs::Permission("token_create"),
    ),
    endpoint(
        "POST",
        "/api/v1/tokens",
        "token_create",
        Needs::Permission("token_create"),
    ),
    endpoint(
        "DELETE",
        "/api/v1/tokens/{id}",
        "token_revoke",
        Needs::Permission("token_revoke"),
    ),
    endpoint(
        "GET",
        "/api/v1/notices",
        "notice_list",
        Needs::Permission("notice_list"),
    ),
    endpoint(
        "POST",
        "/api/v1/notices/{id}/read",
        "notice_read",
        Needs::Permission("notice_list"),
    ),
];

/// The routes of this room.
pub fn router(access: Access) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(
            sessions::session_open,
            sessions::session_view,
            sessions::session_close
        ))
        .routes(routes!(sessions::password_change))
        .routes(routes!(sessions::own_session_list))
        .routes(routes!(sessions::own_session_end))
        .routes(routes!(sessions::session_list))
        .routes(routes!(sessions::session_revoke))
        .routes(routes!(
            people::organisation_list,
            people::organisation_create
        ))
        .routes(routes!(people::staff_list, people::staff_create))
        .routes(routes!(people::membership_change))
        .routes(routes!(accounts::account_list, people::account_create))
        .routes(routes!(accounts::account_password_set))
        .routes(routes!(accounts::account_lock))
        .routes(routes!(accounts::account_unlock))
        .routes(routes!(audit::audit_list))
        .routes(routes!(people::role_list))
        .routes(routes!(tokens::token_list, tokens::token_create))
        .routes(routes!(tokens::token_revoke))
        .routes(routes!(notices::notice_list))
        .routes(routes!(notices::notice_read))
        .with_state(access)
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PageView<T> {
    /// The rows, in the list's order.
    items: Vec<T>,
    /// Pass as `after` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl<T> PageView<T> {
    fn new<R>(page: Page<R>, view: impl Fn(R) -> T) -> Self {
        Self {
            items: page.items.into_iter().map(view).collect(),
            next: page.next,
        }
    }
}
