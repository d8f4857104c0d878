//! Why this room says no, or breaks.

use crate::key_file::KeyFileError;
use crate::password::PasswordError;
use crate::permission::RoleError;
use crate::principal::Denied;
use crate::sealing::SealingError;
use base::{FailureKind, FieldError, Problem};
use store::StoreError;
use store::idempotency::OnceError;
use thiserror::Error;

/// What the law of this room refuses.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AccessRefusal {
    /// The name or password is wrong; which, is not said.
    #[error("the name or the password is wrong")]
    LoginFailed,
    /// Too many wrong passwords for this name, or too many attempts from this address.
    #[error("too many attempts; the next is possible in {retry_seconds} s")]
    TooManyAttempts {
        /// Until then.
        retry_seconds: i64,
    },
    /// Who asks is not signed in.
    #[error("not signed in")]
    Unauthenticated,
    /// A cookie without the header that proves the page is ours.
    #[error("a cookie without X-CSRF-Token")]
    CrossSite,
    /// Only whoever is signed in with a password may do this; not a token, not the console.
    #[error("only within a session")]
    SessionOnly,
    /// The code, name or person is taken.
    #[error("{what} is taken")]
    Taken {
        /// Which field.
        what: &'static str,
    },
    /// The tree of organisations has no room here.
    #[error("no room in the tree of organisations")]
    TreeFull,
    /// Administrators do this to others, never to themselves.
    #[error("not to oneself")]
    OnOneself,
    /// Somebody has changed it since the caller read it.
    #[error("the version is {version} by now")]
    VersionMismatch {
        /// The present one.
        version: i64,
    },
}

impl AccessRefusal {
    /// The stable code of its problem.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LoginFailed => "login_failed",
            Self::TooManyAttempts { .. } => "too_many_attempts",
            Self::Unauthenticated => "unauthenticated",
            Self::CrossSite => "csrf_token_required",
            Self::SessionOnly => "session_only",
            Self::Taken { .. } => "already_exists",
            Self::TreeFull => "tree_full",
            Self::OnOneself => "not_on_oneself",
            Self::VersionMismatch { .. } => "version_mismatch",
        }
    }
}

impl From<AccessRefusal> for Problem {
    fn from(refusal: AccessRefusal) -> Self {
        let code = refusal.code();
        let (kind, detail) = match refusal {
            AccessRefusal::LoginFailed => (
                FailureKind::Unauthenticated,
                "The name or the password is wrong.".to_owned(),
            ),
            AccessRefusal::TooManyAttempts { retry_seconds } => (
                FailureKind::Busy,
                format!("There have been too many attempts; try again in {retry_seconds} seconds."),
            ),
            AccessRefusal::Unauthenticated => return crate::principal::unauthenticated(),
            AccessRefusal::CrossSite => (
                FailureKind::Forbidden,
                "With a cookie, an unsafe request must bear the X-CSRF-Token that was told at sign-in.".to_owned(),
            ),
            AccessRefusal::SessionOnly => (
                FailureKind::Forbidden,
                "This can only be done within a session begun with a password.".to_owned(),
            ),
            AccessRefusal::Taken { what } => {
                (FailureKind::Refused, format!("This {what} is taken."))
            }
            AccessRefusal::TreeFull => (
                FailureKind::Refused,
                "The tree of organisations is too deep or too wide here.".to_owned(),
            ),
            AccessRefusal::OnOneself => (
                FailureKind::Forbidden,
                "Nobody administers themselves; another administrator must do this.".to_owned(),
            ),
            AccessRefusal::VersionMismatch { version } => {
                let detail = "Others have changed it since you read it; `current` has the present version.";
                return Self::new(FailureKind::Conflict, code, detail)
                    .with_current(serde_json::json!({ "version": version }));
            }
        };
        Self::new(kind, code, detail)
    }
}

/// Why an operation of this room did not happen.
#[derive(Debug, Error)]
pub enum AccessError {
    /// The law of this room.
    #[error(transparent)]
    Refused(#[from] AccessRefusal),
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Wrong fields.
    #[error("wrong fields: {0:?}")]
    Invalid(Vec<FieldError>),
    /// There is no such thing.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The Idempotency-Key.
    #[error(transparent)]
    Once(#[from] OnceError),
    /// Hashing.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// A sealed value that does not open.
    #[error(transparent)]
    Sealing(#[from] SealingError),
    /// The shipped roles; seen at start only.
    #[error(transparent)]
    Roles(#[from] RoleError),
    /// The key file; seen at start only.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The key file is not the one this database was sealed with; seen at start only.
    #[error(
        "this database was sealed with another key {number} than the key file has; put the right key file back"
    )]
    OtherKeyFile {
        /// Number of the key.
        number: u32,
    },
}

impl AccessError {
    /// One wrong field.
    pub(crate) fn field(field: &str, code: &'static str, message: &str) -> Self {
        Self::Invalid(vec![FieldError::new(field, code, message)])
    }
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Refused(refusal) => refusal.into(),
            AccessError::Denied(denied) => denied.into(),
            AccessError::Invalid(fields) => Self::invalid(fields),
            AccessError::NotFound(what) => Self::not_found(what),
            AccessError::Store(error) => error.into(),
            AccessError::Once(error) => error.into(),
            AccessError::Password(PasswordError::Busy) => StoreError::Busy.into(),
            other => {
                tracing::error!(error = %other, "access broke");
                Self::fault()
            }
        }
    }
}
