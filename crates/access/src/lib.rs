//! Organisations, staff, accounts, roles, scopes, sealing.
pub mod attempts;
mod cache;
pub mod key_file;
pub mod mask;
pub mod model;
pub mod password;
pub mod permission;
pub mod principal;
pub mod scope;
pub mod sealing;
pub mod session;

pub use model::{
    Membership, MembershipNew, Organisation, OrganisationKind, OrganisationNew, Staff, StaffNew,
};
pub use permission::{ExclusiveGroup, Permission, PermissionSet, Role, RoleBook, RoleReach};
pub use principal::{Actor, Denied, Endpoint, Means, Needs, Principal};
pub use scope::{Reach, Scope, ScopeClause, ScopeColumns, Via};
pub use sealing::{SaltedText, SealedText, Sealer, SealingError};
