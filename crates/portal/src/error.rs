//! Why the portal did not do what it was asked.

use base::{FailureKind, FieldError, Problem};
use casework::CaseworkError;
use registry::RegistryError;
use store::StoreError;

/// Why the portal did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum PortalError {
    /// Some fields are wrong.
    #[error("{} wrong fields", .0.len())]
    Invalid(Vec<FieldError>),
    /// There is none, or nobody is to know.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Number, phone or code is wrong, or it is too late: which of them is nobody's business.
    #[error("number, phone or code is wrong")]
    CodeWrong,
    /// The link is none of ours, or has expired.
    #[error("the link has expired")]
    LinkExpired,
    /// Too often; seconds until it is allowed again.
    #[error("too many requests")]
    TooMany(i64),
    /// Nothing here can reach a phone.
    #[error("no codes can be sent")]
    CodesNotSent,
    /// What everybody sees of the case was decided anew meanwhile; the version it has now.
    #[error("what is shown of the case was changed meanwhile")]
    PublicationVersion(i64),
    /// Casework says no.
    #[error(transparent)]
    Casework(#[from] CaseworkError),
    /// The registry says no.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PortalError {
    /// One wrong field.
    pub(crate) fn field(field: &str, code: &'static str, message: &str) -> Self {
        Self::Invalid(vec![FieldError::new(field, code, message)])
    }
}

impl From<PortalError> for Problem {
    fn from(error: PortalError) -> Self {
        match error {
            PortalError::Invalid(fields) => Self::invalid(fields),
            PortalError::NotFound(what) => Self::not_found(what),
            PortalError::CodeWrong => Self::new(
                FailureKind::Forbidden,
                "code_wrong",
                "The number, the phone or the code is not right, or the code has expired.",
            ),
            PortalError::LinkExpired => Self::new(
                FailureKind::Unauthenticated,
                "link_expired",
                "Send the link's token as `Authorization: Bearer …`, or prove the phone again.",
            ),
            PortalError::TooMany(seconds) => Self::new(
                FailureKind::Busy,
                "too_many_requests",
                "Too many requests; `retry_seconds` says when the next is taken.",
            )
            .with_current(serde_json::json!({ "retry_seconds": seconds })),
            PortalError::CodesNotSent => Self::new(
                FailureKind::Refused,
                "codes_not_sent",
                "No way to reach phones is set up here.",
            ),
            PortalError::PublicationVersion(version) => Self::new(
                FailureKind::Conflict,
                "publication_changed",
                "What everybody sees of this case was decided anew; look at it and decide again.",
            )
            .with_current(serde_json::json!({ "version": version })),
            // What the present state is, is for the people at the desks.
            PortalError::Casework(error) => {
                let mut problem = Self::from(error);
                if problem.code != "upload_offset_wrong" {
                    problem.current = None;
                }
                problem
            }
            PortalError::Registry(error) => error.into(),
            PortalError::Store(error) => error.into(),
        }
    }
}
