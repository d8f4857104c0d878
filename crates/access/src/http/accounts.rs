//! Accounts that exist, on the wire: looked at, locked, unlocked, given another password.

use super::{Caller, PageView};
use crate::model::Account;
use crate::service::{Access, AccountFilter, PasswordSet};
use axum::extract::State;
use axum::http::StatusCode;
use base::{Id, PageRequest, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Answer, Json, Path, Query};

/// Which accounts.
#[derive(Debug, Deserialize)]
pub(super) struct AccountQuery {
    login_name: Option<String>,
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountView {
    #[schema(value_type = String)]
    id: Id,
    login_name: String,
    #[schema(value_type = String)]
    staff_id: Id,
    staff_name: String,
    /// Codes of the person's roles, each once.
    roles: Vec<String>,
    /// False: an administrator has locked it.
    is_active: bool,
    /// Until then wrong passwords keep it closed; absent when they do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    locked_until: Option<Timestamp>,
    /// The password must be changed at the next sign-in.
    must_change_password: bool,
    #[schema(value_type = String, format = DateTime)]
    password_changed_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Account> for AccountView {
    fn from(a: Account) -> Self {
        Self {
            id: a.id,
            login_name: a.login_name,
            staff_id: a.staff_id,
            staff_name: a.staff_name,
            roles: a.roles,
            is_active: a.is_active,
            locked_until: a.locked_until,
            must_change_password: a.must_change_password,
            password_changed_at: a.password_changed_at,
            created_at: a.created_at,
        }
    }
}

/// A password that was drawn.
#[derive(Serialize, ToSchema)]
pub(super) struct PasswordSetView {
    login_name: String,
    /// To be told to the person, who must change it at once. Shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

impl From<PasswordSet> for PasswordSetView {
    fn from(set: PasswordSet) -> Self {
        Self {
            login_name: set.login_name,
            password: set.drawn.map(|password| password.reveal().to_owned()),
        }
    }
}

/// The accounts of the people who work where I may look, by id.
#[utoipa::path(get, path = "/api/v1/accounts", tag = "access",
    params(("login_name" = Option<String>, Query, description = "only the account with this name"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("after" = Option<String>, Query)),
    responses((status = 200, body = PageView<AccountView>)))]
pub(super) async fn account_list(
    State(access): State<Access>,
    Caller(caller): Caller,
    Query(query): Query<AccountQuery>,
    Query(page): Query<PageRequest>,
) -> Answer<Json<PageView<AccountView>>> {
    let filter = AccountFilter {
        login_name: query.login_name,
    };
    let found = access.account_list(&caller, &filter, &page).await?;
    Ok(Json(PageView::new(found, AccountView::from)))
}

/// Draws a new password for somebody else, who must change it at the next sign-in; their sessions end.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/password", tag = "access", params(("id" = String, Path)),
    responses((status = 200, body = PasswordSetView), (status = 403, description = "`not_on_oneself`: change your own with your present one"),
        (status = 404, description = "no such account")))]
pub(super) async fn account_password_set(
    State(access): State<Access>,
    Caller(caller): Caller,
    Path(id): Path<Id>,
) -> Answer<Json<PasswordSetView>> {
    let set = access.account_password_set(&caller, id, None).await?;
    Ok(Json(set.into()))
}

/// Locks somebody else's account: nobody comes in with it; its sessions and tokens end.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/lock", tag = "access", params(("id" = String, Path)),
    responses((status = 204, description = "locked"), (status = 403, description = "`not_on_oneself`"),
        (status = 404, description = "no such account")))]
pub(super) async fn account_lock(
    State(access): State<Access>,
    Caller(caller): Caller,
    Path(id): Path<Id>,
) -> Answer<StatusCode> {
    access.account_lock(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Unlocks somebody else's account, whether an administrator or wrong passwords have locked it.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/unlock", tag = "access", params(("id" = String, Path)),
    responses((status = 204, description = "unlocked"), (status = 403, description = "`not_on_oneself`"),
        (status = 404, description = "no such account")))]
pub(super) async fn account_unlock(
    State(access): State<Access>,
    Caller(caller): Caller,
    Path(id): Path<Id>,
) -> Answer<StatusCode> {
    access.account_unlock(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
