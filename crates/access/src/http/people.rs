//! Organisations, staff, accounts and roles on the wire.

use super::sessions::MembershipView;
use super::{Caller, PageView};
use crate::error::AccessError;
use crate::model::{
    MembershipNew, Organisation, OrganisationKind, OrganisationNew, Staff, StaffNew,
};
use crate::permission::{PermissionSet, Role};
use crate::service::{Access, AccountCreated, AccountNew};
use axum::extract::State;
use axum::http::StatusCode;
use base::{CreditCode, Id, PageRequest, TreePath};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Answer, Created, IdempotencyKey, IfMatch, Json, Path, Query, Versioned};

/// Which organisations.
#[derive(Debug, Deserialize)]
pub(super) struct OrganisationFilter {
    under: Option<Id>,
    kind: Option<OrganisationKind>,
}

/// A new organisation.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OrganisationCreateRequest {
    /// Unique code given by the city.
    code: String,
    /// Official name.
    name: String,
    kind: OrganisationKind,
    /// The one above; none for a root.
    #[schema(value_type = Option<String>)]
    parent_id: Option<Id>,
    /// The area it is at home in.
    #[schema(value_type = Option<String>, example = "00010003")]
    home_area_path: Option<TreePath>,
    /// Unified social credit code (GB 32100).
    #[schema(value_type = Option<String>, example = "91350100M000100Y43")]
    credit_code: Option<CreditCode>,
}

impl From<OrganisationCreateRequest> for OrganisationNew {
    fn from(r: OrganisationCreateRequest) -> Self {
        Self {
            code: r.code,
            name: r.name,
            kind: r.kind,
            parent_id: r.parent_id,
            home_area_path: r.home_area_path,
            credit_code: r.credit_code,
        }
    }
}

/// An organisation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrganisationView {
    #[schema(value_type = String)]
    id: Id,
    code: String,
    name: String,
    kind: OrganisationKind,
    #[schema(value_type = Option<String>)]
    parent_id: Option<Id>,
    /// Its place in the tree of organisations: four characters a level.
    #[schema(value_type = String, example = "00010003")]
    path: TreePath,
    #[schema(value_type = Option<String>)]
    home_area_path: Option<TreePath>,
    #[schema(value_type = Option<String>)]
    credit_code: Option<CreditCode>,
    version: i64,
}

impl From<&Organisation> for OrganisationView {
    fn from(o: &Organisation) -> Self {
        Self {
            id: o.id,
            code: o.code.clone(),
            name: o.name.clone(),
            kind: o.kind,
            parent_id: o.parent_id,
            path: o.path.clone(),
            home_area_path: o.home_area_path.clone(),
            credit_code: o.credit_code.clone(),
            version: o.version,
        }
    }
}

/// A new person.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StaffCreateRequest {
    /// Unique number at work.
    code: String,
    name: String,
    /// Sealed when stored; shown masked.
    phone: Option<String>,
    /// Where they work and as what; at least one.
    memberships: Vec<MembershipRequest>,
}

/// A role in an organisation.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MembershipRequest {
    #[schema(value_type = String)]
    organisation_id: Id,
    /// Code of the role, e.g. `dispatcher`.
    role: String,
    /// For roles that reach an area: which.
    #[schema(value_type = Option<String>, example = "0001")]
    area_path: Option<TreePath>,
    /// For roles that reach an area: zones besides it.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    zone_ids: Vec<Id>,
}

/// All that a person is from now on.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MembershipChangeRequest {
    /// Where they work and as what; at least one. Whatever is not named ends.
    memberships: Vec<MembershipRequest>,
}

impl From<MembershipRequest> for MembershipNew {
    fn from(m: MembershipRequest) -> Self {
        Self {
            organisation_id: m.organisation_id,
            role: m.role,
            area_path: m.area_path,
            zone_ids: m.zone_ids,
        }
    }
}

impl From<StaffCreateRequest> for StaffNew {
    fn from(r: StaffCreateRequest) -> Self {
        Self {
            code: r.code,
            name: r.name,
            phone: r.phone,
            memberships: r.memberships.into_iter().map(Into::into).collect(),
        }
    }
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StaffView {
    #[schema(value_type = String)]
    id: Id,
    code: String,
    name: String,
    /// E.g. `138****1234`.
    phone_masked: Option<String>,
    memberships: Vec<MembershipView>,
    version: i64,
}

impl From<Staff> for StaffView {
    fn from(s: Staff) -> Self {
        Self {
            id: s.id,
            memberships: s.memberships.iter().map(MembershipView::from).collect(),
            code: s.code,
            name: s.name,
            phone_masked: s.phone_masked,
            version: s.version,
        }
    }
}

/// A new account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountCreateRequest {
    /// For whom.
    #[schema(value_type = String)]
    staff_id: Id,
    /// 3 to 64 of a-z, 0-9, `.`, `_`, `-`.
    login_name: String,
}

/// An account that was opened.
#[derive(Serialize, ToSchema)]
pub(super) struct AccountCreatedView {
    #[schema(value_type = String)]
    id: Id,
    login_name: String,
    /// To be told to the person, who must change it at once. Shown this once; absent when the request was repeated.
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_password: Option<String>,
}

impl From<AccountCreated> for AccountCreatedView {
    fn from(created: AccountCreated) -> Self {
        Self {
            id: created.id,
            initial_password: created
                .initial_password
                .map(|password| password.reveal().to_owned()),
            login_name: created.login_name,
        }
    }
}

/// A role.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RoleView {
    code: String,
    name_zh: String,
    name_en: String,
    /// `organisation`, `area` or `everything`.
    reach: &'static str,
    /// `system`, `security` or `audit`: who has it has no other role.
    #[serde(skip_serializing_if = "Option::is_none")]
    exclusive_group: Option<&'static str>,
    permissions: Vec<PermissionView>,
}

/// A permission.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PermissionView {
    name: &'static str,
    name_zh: &'static str,
}

impl From<&Role> for RoleView {
    fn from(role: &Role) -> Self {
        let permission = |p: &'static crate::Permission| PermissionView {
            name: p.name,
            name_zh: p.name_zh,
        };
        Self {
            code: role.code.clone(),
            name_zh: role.name_zh.clone(),
            name_en: role.name_en.clone(),
            reach: role.reach.as_str(),
            exclusive_group: role.exclusive_group.map(crate::ExclusiveGroup::as_str),
            permissions: PermissionSet::iter(role.permissions)
                .map(permission)
                .collect(),
        }
    }
}

/// Organisations in the order of their tree.
#[utoipa::path(get, path = "/api/v1/organisations", tag = "access",
    params(("under" = Option<String>, Query, description = "id: only this one and those below it"),
        ("kind" = Option<OrganisationKind>, Query),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("after" = Option<String>, Query)),
    responses((status = 200, body = PageView<OrganisationView>)))]
pub(super) async fn organisation_list(
    State(access): State<Access>,
    Caller(caller): Caller,
    Query(filter): Query<OrganisationFilter>,
    Query(page): Query<PageRequest>,
) -> Answer<Json<PageView<OrganisationView>>> {
    let found = access
        .organisation_list(&caller, filter.under, filter.kind, &page)
        .await?;
    Ok(Json(PageView::new(found, |organisation| {
        OrganisationView::from(&organisation)
    })))
}

/// Enters an organisation.
#[utoipa::path(post, path = "/api/v1/organisations", tag = "access", request_body = OrganisationCreateRequest,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = OrganisationView), (status = 409, description = "`already_exists`, `tree_full`")))]
pub(super) async fn organisation_create(
    State(access): State<Access>,
    Caller(caller): Caller,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<OrganisationCreateRequest>,
) -> Answer<Created<OrganisationView>> {
    let once = access.once(&caller, "organisation_create", key, &request);
    let made = access
        .organisation_create(&caller, request.into(), once)
        .await?;
    let location = format!("/api/v1/organisations?under={}", made.id);
    Ok(Created {
        location,
        version: made.version,
        view: OrganisationView::from(&*made),
    })
}

/// The people who work where I may look, by id.
#[utoipa::path(get, path = "/api/v1/staff", tag = "access",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("after" = Option<String>, Query)),
    responses((status = 200, body = PageView<StaffView>)))]
pub(super) async fn staff_list(
    State(access): State<Access>,
    Caller(caller): Caller,
    Query(page): Query<PageRequest>,
) -> Answer<Json<PageView<StaffView>>> {
    Ok(Json(PageView::new(
        access.staff_list(&caller, &page).await?,
        StaffView::from,
    )))
}

/// Enters a person with memberships.
#[utoipa::path(post, path = "/api/v1/staff", tag = "access", request_body = StaffCreateRequest,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = StaffView), (status = 409, description = "`already_exists`")))]
pub(super) async fn staff_create(
    State(access): State<Access>,
    Caller(caller): Caller,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<StaffCreateRequest>,
) -> Answer<Created<StaffView>> {
    let once = access.once(&caller, "staff_create", key, &request);
    let made = access.staff_create(&caller, request.into(), once).await?;
    let location = format!("/api/v1/staff?after={}&limit=1", made.id.0 - 1);
    Ok(Created {
        location,
        version: made.version,
        view: made.into(),
    })
}

/// Says anew where somebody else works and as what. Who becomes an administrator must sign in again.
#[utoipa::path(put, path = "/api/v1/staff/{id}/memberships", tag = "access", request_body = MembershipChangeRequest,
    params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = StaffView), (status = 403, description = "`not_on_oneself`"),
        (status = 404, description = "no such person"), (status = 412, description = "`version_mismatch`")))]
pub(super) async fn membership_change(
    State(access): State<Access>,
    Caller(caller): Caller,
    Path(id): Path<Id>,
    IfMatch(version): IfMatch,
    Json(request): Json<MembershipChangeRequest>,
) -> Answer<Versioned<StaffView>> {
    let wanted = request.memberships.into_iter().map(Into::into).collect();
    let staff = access
        .membership_change(&caller, id, wanted, version)
        .await?;
    Ok(Versioned {
        version: staff.version,
        view: staff.into(),
    })
}

/// Opens an account with a first password that must be changed at the first sign-in.
#[utoipa::path(post, path = "/api/v1/accounts", tag = "access", request_body = AccountCreateRequest,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = AccountCreatedView), (status = 409, description = "`already_exists`")))]
pub(super) async fn account_create(
    State(access): State<Access>,
    Caller(caller): Caller,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<AccountCreateRequest>,
) -> Result<(StatusCode, Json<AccountCreatedView>), wire::Failure> {
    let once = access.once(&caller, "account_create", key, &request);
    let AccountCreateRequest {
        staff_id,
        login_name,
    } = request;
    let new = AccountNew {
        staff_id,
        login_name,
        password: None,
        must_change_password: true,
    };
    let made = access.account_create(&caller, new, once).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// All roles and what they allow.
#[utoipa::path(get, path = "/api/v1/roles", tag = "access", responses((status = 200, body = PageView<RoleView>)))]
pub(super) async fn role_list(
    State(access): State<Access>,
    Caller(caller): Caller,
) -> Answer<Json<PageView<RoleView>>> {
    caller
        .acting_anywhere("role_view")
        .map_err(AccessError::from)?;
    let items = access
        .roles()
        .given()
        .into_iter()
        .map(|role| RoleView::from(&**role))
        .collect();
    Ok(Json(PageView { items, next: None }))
}
