//! Who people are and what they may do: organisations, staff, memberships, roles, accounts, sessions and tokens; and what
//! protects personal data: sealing, masking, the trail of who unmasked what.
//!
//! It knows areas only as paths, and nothing of cases: other rooms bring what a thing is tied to ([`Reach`]) and are told in
//! which capacity somebody may act ([`Principal::acting`]) or how far lists may look ([`Principal::scope`]).

pub mod attempts;
mod cache;
pub mod error;
pub mod export;
pub mod http;
pub mod import;
pub mod key_file;
pub mod key_wrap;
pub mod mask;
pub mod model;
pub mod parcel;
pub mod password;
pub mod permission;
pub mod principal;
pub mod scope;
pub mod sealing;
pub mod service;
pub mod session;
pub mod store;
pub mod trail;

pub use error::{AccessError, AccessRefusal};
pub use export::{ExportError, PeopleCodes, output_column};
pub use model::{
    Account, Membership, MembershipNew, Organisation, OrganisationChange, OrganisationKind,
    OrganisationNew, Staff, StaffChange, StaffNew,
};
pub use password::{Password, PasswordCost};
pub use permission::{
    ExclusiveGroup, PERMISSIONS, Permission, PermissionSet, REPORTER, Role, RoleBook, RoleReach,
};
pub use principal::{Actor, Denied, Endpoint, Means, Needs, Principal};
pub use scope::{Reach, Scope, ScopeClause, ScopeColumns, Via};
pub use sealing::{SaltedText, SealedText, Sealer, SealingError};
pub use service::{
    Access, AccessOptions, AccountCreated, AccountFilter, AccountNew, AuditLine, NoticeNew,
    PasswordSet, SessionOpened, TokenCreated, TokenNew, notice_put, notice_withdraw,
};
pub use store::{ApiToken, Notice, ROOM, Session};
pub use trail::Unmasking;

/// Every problem code this room gives, besides those of `wire` and `store`; each has a translation.
pub const PROBLEM_CODES: &[&str] = &[
    "login_failed",
    "too_many_attempts",
    "unauthenticated",
    "csrf_token_required",
    "session_only",
    "already_exists",
    "tree_full",
    "password_change_required",
    "not_on_oneself",
    "version_mismatch",
];

/// Codes of wrong fields this room gives, besides those of `wire` and `store`; each has a translation.
pub const FIELD_CODES: &[&str] = &[
    "too_plain",
    "contains_login_name",
    "used_before",
    "wrong_password",
    "unknown_role",
    "excluded_role",
    "unknown_permission",
];
