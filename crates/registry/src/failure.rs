//! What goes wrong in the registry.

use access::{AccessError, Denied};
use base::{FailureKind, FieldError, Problem};
use store::StoreError;
use store::idempotency::OnceError;
use table::TableError;
use thiserror::Error;

/// Why a use case of the registry did not happen.
#[derive(Debug, Error)]
pub enum RegistryError {
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// There is no such thing.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Options or fields that are wrong, each with its reason.
    #[error("{}", .0.iter().map(|f| format!("{}: {}", f.field, f.message)).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<FieldError>),
    /// A file that is no table, or lacks columns.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A file that is no GeoJSON.
    #[error("the file is not GeoJSON: {0}")]
    GeoJson(String),
    /// What access says when asked for organisations and people.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// An area does not end while anything in it is in force.
    #[error("still in force in it: {}{}", .in_force.join(", "), if *.is_cut { ", and more" } else { "" })]
    AreaInUse {
        /// Areas by code and name, zones by kind and name; the first of them.
        in_force: Vec<String>,
        /// Whether there are more.
        is_cut: bool,
    },
    /// The version sent is not the present one.
    #[error("it has been changed meanwhile")]
    Stale {
        /// What it is now.
        current: serde_json::Value,
    },
    /// The Idempotency-Key was used for another request.
    #[error(transparent)]
    Once(#[from] OnceError),
    /// The transaction did not happen.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RegistryError {
    /// One wrong field.
    pub(crate) fn invalid(field: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, code, message)])
    }
}

impl From<RegistryError> for Problem {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::Denied(denied) => denied.into(),
            RegistryError::NotFound(what) => Self::not_found(what),
            RegistryError::Invalid(fields) => Self::invalid(fields),
            RegistryError::Table(_) | RegistryError::GeoJson(_) => {
                Self::new(FailureKind::Invalid, "unreadable_file", error.to_string())
            }
            RegistryError::Stale { current } => Self::new(
                FailureKind::Conflict,
                "concurrent_change",
                "It has been changed since the version you sent.",
            )
            .with_current(current),
            RegistryError::AreaInUse { .. } => {
                Self::new(FailureKind::Refused, "area_in_use", error.to_string())
            }
            RegistryError::Access(access) => access.into(),
            RegistryError::Once(once) => once.into(),
            RegistryError::Store(store) => store.into(),
        }
    }
}
