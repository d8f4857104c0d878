//! Why casework did not do what it was asked.

use crate::lifecycle::Refusal;
use crate::model::Report;
use crate::view::routing::RouteView;
use crate::view::{CaseStateView, ReportStateView, SourceView};
use ::store::StoreError;
use ::store::idempotency::OnceError;
use access::Denied;
use base::{FailureKind, FieldError, Id, Problem};

/// Why casework did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CaseworkError {
    /// Some fields are wrong.
    #[error("{} wrong fields", .0.len())]
    Invalid(Vec<FieldError>),
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// There is none, or its existence is secret from the caller.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The law says no to a command on a case.
    #[error("{refusal}")]
    CaseRefused {
        /// Which rule.
        refusal: Refusal,
        /// The present state, for those who may see it.
        current: Option<Box<CaseStateView>>,
    },
    /// The law says no to a command on a report.
    #[error("{refusal}")]
    ReportRefused {
        /// Which rule.
        refusal: Refusal,
        /// The present state.
        current: Option<Box<ReportStateView>>,
    },
    /// The version sent with `If-Match` is not the present one.
    #[error("the version is another by now")]
    CaseVersion(Box<CaseStateView>),
    /// The same for a report.
    #[error("the version is another by now")]
    ReportVersion(Box<ReportStateView>),
    /// The same for a source.
    #[error("the version is another by now")]
    SourceVersion(Box<SourceView>),
    /// A report with this external key is there already.
    #[error("a report with this external key exists")]
    ReportExists(Box<ReportStateView>),
    /// A row of the routing table speaks of the same occasion already.
    #[error("route {0} speaks of the same occasion")]
    RouteExists(Id),
    /// The version sent with `If-Match` is not the present one.
    #[error("the version is another by now")]
    RouteVersion(Box<RouteView>),
    /// The Idempotency-Key was used for something else.
    #[error(transparent)]
    Once(OnceError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CaseworkError {
    /// With the report's present state, when it is a refusal about one.
    #[must_use]
    pub(crate) fn about(self, report: &Report) -> Self {
        match self {
            Self::ReportRefused { refusal, .. } => Self::ReportRefused {
                refusal,
                current: Some(Box::new(report.into())),
            },
            other => other,
        }
    }
}

impl From<OnceError> for CaseworkError {
    fn from(error: OnceError) -> Self {
        match error {
            OnceError::Store(error) => Self::Store(error),
            OnceError::Reused => Self::Once(error),
        }
    }
}

fn refused<V: serde::Serialize>(refusal: &Refusal, current: Option<&V>) -> Problem {
    let problem = Problem::new(refusal.kind(), refusal.code(), refusal.to_string());
    with_current(problem, current)
}

fn with_current<V: serde::Serialize>(problem: Problem, current: Option<&V>) -> Problem {
    match current.map(serde_json::to_value) {
        Some(Ok(current)) => problem.with_current(current),
        _ => problem,
    }
}

fn version_mismatch<V: serde::Serialize>(current: &V) -> Problem {
    let problem = Problem::new(
        FailureKind::Conflict,
        "version_mismatch",
        "Others have changed it since you read it; `current` has the present state.",
    );
    with_current(problem, Some(current))
}

impl From<CaseworkError> for Problem {
    fn from(error: CaseworkError) -> Self {
        match error {
            CaseworkError::Invalid(fields) => Self::invalid(fields),
            CaseworkError::Denied(denied) => denied.into(),
            CaseworkError::NotFound(what) => Self::not_found(what),
            CaseworkError::CaseRefused { refusal, current } => {
                refused(&refusal, current.as_deref())
            }
            CaseworkError::ReportRefused { refusal, current } => {
                refused(&refusal, current.as_deref())
            }
            CaseworkError::CaseVersion(current) => version_mismatch(&current),
            CaseworkError::ReportVersion(current) => version_mismatch(&current),
            CaseworkError::SourceVersion(current) => version_mismatch(&current),
            CaseworkError::ReportExists(current) => with_current(
                Self::new(
                    FailureKind::Refused,
                    "report_exists",
                    "A report with this external key exists already.",
                ),
                Some(&current),
            ),
            CaseworkError::RouteVersion(current) => version_mismatch(&current),
            CaseworkError::RouteExists(id) => with_current(
                Self::new(
                    FailureKind::Refused,
                    "route_exists",
                    "Another row speaks of the same occasion: change that one.",
                ),
                Some(&serde_json::json!({ "id": id })),
            ),
            CaseworkError::Once(error) => error.into(),
            CaseworkError::Store(error) => error.into(),
        }
    }
}
