//! Signing in and out, the password, and the sessions of all.

use super::credential::{session_secret, set_cookie};
use super::{Caller, ClientAddress, PageView};
use crate::error::{AccessError, AccessRefusal};
use crate::model::Membership;
use crate::password::Password;
use crate::principal::Principal;
use crate::service::Access;
use crate::session::{SESSION_SECONDS_MAX, Secret};
use crate::store::Session;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use base::{Id, PageRequest, Problem, Timestamp, TreePath};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use wire::{Answer, Failure, Json, Path, Query};

/// Name and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionOpenRequest {
    /// The login name.
    #[schema(example = "dispatcher.qp")]
    login_name: String,
    /// The password.
    #[schema(value_type = String, format = Password)]
    password: Password,
}

/// The old password and a new one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordChangeRequest {
    /// The present password.
    #[schema(value_type = String, format = Password)]
    current_password: Password,
    /// At least ten characters of three classes; not the login name, none of the last five.
    #[schema(value_type = String, format = Password)]
    new_password: Password,
}

/// Who I am and what I may do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WhoAmIView {
    #[schema(value_type = String)]
    account_id: Id,
    #[schema(value_type = String)]
    staff_id: Id,
    staff_name: String,
    /// Until the password is changed nothing else is allowed.
    must_change_password: bool,
    memberships: Vec<MembershipView>,
    /// Every permission held somewhere.
    permissions: Vec<&'static str>,
    /// To be sent as `X-CSRF-Token` with every unsafe request; absent for API tokens, which need none.
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf_token: Option<String>,
}

/// Where somebody works and as what.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MembershipView {
    #[schema(value_type = String)]
    id: Id,
    #[schema(value_type = String)]
    organisation_id: Id,
    organisation_name: String,
    #[schema(value_type = String, example = "00010003")]
    organisation_path: TreePath,
    role: String,
    role_name_zh: String,
    #[schema(value_type = Option<String>)]
    area_path: Option<TreePath>,
    #[schema(value_type = Vec<String>)]
    zone_ids: Vec<Id>,
}

impl From<&Membership> for MembershipView {
    fn from(m: &Membership) -> Self {
        Self {
            id: m.id,
            organisation_id: m.organisation_id,
            organisation_name: m.organisation_name.clone(),
            organisation_path: m.organisation_path.clone(),
            role: m.role.clone(),
            role_name_zh: m.granted.name_zh.clone(),
            area_path: m.area_path.clone(),
            zone_ids: m.zone_ids.clone(),
        }
    }
}

impl WhoAmIView {
    fn new(who: &Principal, secret: Option<&Secret>) -> Self {
        Self {
            account_id: who.account_id,
            staff_id: who.staff_id,
            staff_name: who.staff_name.clone(),
            must_change_password: who.must_change_password,
            memberships: who.memberships.iter().map(MembershipView::from).collect(),
            permissions: who.permissions().names(),
            csrf_token: secret.map(Secret::csrf_token),
        }
    }
}

/// A live session.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionView {
    #[schema(value_type = String)]
    id: Id,
    #[schema(value_type = String)]
    account_id: Id,
    login_name: String,
    staff_name: String,
    /// Where they signed in from.
    address: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last used, to the minute.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
    /// When it ends, however busy.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
}

impl From<Session> for SessionView {
    fn from(s: Session) -> Self {
        Self {
            id: s.id,
            account_id: s.account_id,
            login_name: s.login_name,
            staff_name: s.staff_name,
            address: s.address,
            created_at: s.created_at,
            seen_at: s.seen_at,
            ends_at: s.ends_at,
        }
    }
}

/// Signs in: sets the session cookie and says who it is. Five wrong passwords lock the name for thirty minutes.
#[utoipa::path(post, path = "/api/v1/session", tag = "access", request_body = SessionOpenRequest,
    responses((status = 200, body = WhoAmIView), (status = 401, description = "`login_failed`"),
        (status = 429, description = "`too_many_attempts`; `current.retry_seconds` says when")))]
pub(super) async fn session_open(
    State(access): State<Access>,
    ClientAddress(address): ClientAddress,
    Json(request): Json<SessionOpenRequest>,
) -> Answer<impl IntoResponse> {
    let opened = access
        .session_open(&request.login_name, &request.password, &address)
        .await
        .map_err(sign_in_failure)?;
    let cookie = set_cookie(
        Some(&opened.secret),
        SESSION_SECONDS_MAX,
        access.options().secure_cookies,
    );
    let view = WhoAmIView::new(&opened.principal, Some(&opened.secret));
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Json(view)))
}

fn sign_in_failure(error: AccessError) -> Failure {
    let AccessError::Refused(AccessRefusal::TooManyAttempts { retry_seconds }) = error else {
        return error.into();
    };
    let problem = Problem::from(error).with_current(json!({ "retry_seconds": retry_seconds }));
    Failure::with_status(problem, StatusCode::TOO_MANY_REQUESTS)
}

/// Who I am, what I may do, and the CSRF token for unsafe requests.
#[utoipa::path(get, path = "/api/v1/session", tag = "access", responses((status = 200, body = WhoAmIView)))]
pub(super) async fn session_view(
    Caller(caller): Caller,
    headers: HeaderMap,
) -> Answer<Json<WhoAmIView>> {
    let is_bearer = headers.contains_key(header::AUTHORIZATION);
    let secret = session_secret(&headers).filter(|_| !is_bearer);
    Ok(Json(WhoAmIView::new(&caller, secret.as_ref())))
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "access", responses((status = 204, description = "signed out")))]
pub(super) async fn session_close(
    State(access): State<Access>,
    Caller(caller): Caller,
) -> Answer<impl IntoResponse> {
    access.session_close(&caller).await?;
    let cookie = set_cookie(None, 0, access.options().secure_cookies);
    Ok((
        StatusCode::NO_CONTENT,
        AppendHeaders([(header::SET_COOKIE, cookie)]),
    ))
}

/// Changes my password; my other sessions end.
#[utoipa::path(post, path = "/api/v1/password", tag = "access", request_body = PasswordChangeRequest,
    responses((status = 204, description = "changed"), (status = 422, description = "wrong, or not acceptable; see `fields`")))]
pub(super) async fn password_change(
    State(access): State<Access>,
    Caller(caller): Caller,
    Json(request): Json<PasswordChangeRequest>,
) -> Answer<StatusCode> {
    access
        .password_change(&caller, &request.current_password, &request.new_password)
        .await
        .map_err(sign_in_failure)?;
    Ok(StatusCode::NO_CONTENT)
}

/// A session of one's own.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OwnSessionView {
    #[schema(value_type = String)]
    id: Id,
    /// Where you signed in from.
    address: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last used, to the minute.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
    /// When it ends, however busy.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// Whether it is the one that asks.
    is_present: bool,
}

/// The sessions of one's own, at most 100.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OwnSessionsView {
    /// The newest first.
    items: Vec<OwnSessionView>,
}

/// My live sessions, the newest first. Not for API tokens.
#[utoipa::path(get, path = "/api/v1/own-sessions", operation_id = "own_session_list", tag = "access",
    responses((status = 200, body = OwnSessionsView)))]
pub(super) async fn own_session_list(
    State(access): State<Access>,
    Caller(caller): Caller,
) -> Answer<Json<OwnSessionsView>> {
    let sessions = access.own_session_list(&caller).await?;
    let view = |(session, is_present): (Session, bool)| OwnSessionView {
        id: session.id,
        address: session.address,
        created_at: session.created_at,
        seen_at: session.seen_at,
        ends_at: session.ends_at,
        is_present,
    };
    Ok(Json(OwnSessionsView {
        items: sessions.into_iter().map(view).collect(),
    }))
}

/// Ends a session of mine, at whatever desk it is open. Not for API tokens.
#[utoipa::path(delete, path = "/api/v1/own-sessions/{id}", operation_id = "own_session_end", tag = "access", params(("id" = String, Path)),
    responses((status = 204, description = "ended"), (status = 404, description = "no such session of yours")))]
pub(super) async fn own_session_end(
    State(access): State<Access>,
    Caller(caller): Caller,
    Path(id): Path<Id>,
) -> Answer<StatusCode> {
    access.own_session_end(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Live sessions of all accounts, newest first.
#[utoipa::path(get, path = "/api/v1/sessions", tag = "access",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("after" = Option<String>, Query)),
    responses((status = 200, body = PageView<SessionView>)))]
pub(super) async fn session_list(
    State(access): State<Access>,
    Caller(caller): Caller,
    Query(page): Query<PageRequest>,
) -> Answer<Json<PageView<SessionView>>> {
    Ok(Json(PageView::new(
        access.session_list(&caller, &page).await?,
        SessionView::from,
    )))
}

/// Ends somebody's session.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}", tag = "access", params(("id" = String, Path)),
    responses((status = 204, description = "ended"), (status = 404, description = "no such session")))]
pub(super) async fn session_revoke(
    State(access): State<Access>,
    Caller(caller): Caller,
    Path(id): Path<Id>,
) -> Answer<StatusCode> {
    access.session_revoke(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
