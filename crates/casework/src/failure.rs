//! Why casework did not do what it was asked.

use crate::lifecycle::Refusal;
use crate::model::Report;
use crate::view::routing::RouteView;
use crate::view::{CaseStateView, ReportStateView, SourceView};
use ::store::StoreError;
use ::store::blobs::BlobError;
use ::store::idempotency::OnceError;
use access::Denied;
use base::limits::ATTACHMENT_BYTES_MAX;
use base::{FailureKind, FieldError, Id, Problem};
use media::MediaError;

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
    /// A file is not taken.
    #[error(transparent)]
    File(#[from] MediaError),
    /// It is larger than is taken.
    #[error("the file is too large")]
    FileTooLarge,
    /// The caller has heaped up uploads that go with nothing.
    #[error("too many files wait")]
    TooManyWaiting,
    /// A piece does not follow on what is here.
    #[error("so far {0} bytes have arrived")]
    UploadOffset(i64),
    /// The place of files said no.
    #[error(transparent)]
    Blob(#[from] BlobError),
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

/// Which kinds are taken, for whoever sent another.
const TAKEN: &str =
    "Taken are JPEG, PNG, WebP, HEIC, MP4, MOV, MP3, M4A, AMR, WAV, PDF, DOCX and XLSX.";

fn not_taken(error: &MediaError) -> Problem {
    match error {
        MediaError::NotTaken(found) => Problem::new(
            FailureKind::Invalid,
            "file_kind_not_taken",
            format!("By its content this is {found}. {TAKEN}"),
        )
        .with_current(serde_json::json!({ "found": found })),
        MediaError::Damaged(why) => Problem::new(
            FailureKind::Invalid,
            "file_damaged",
            format!("The file is damaged: {why}."),
        ),
        MediaError::TooManyPixels { width, height } => Problem::new(
            FailureKind::Invalid,
            "picture_too_large",
            format!(
                "The picture has {width} x {height} pixels; at most {} are opened.",
                media::PIXELS_MAX
            ),
        ),
    }
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
            CaseworkError::File(error) => not_taken(&error),
            CaseworkError::FileTooLarge => Self::new(
                FailureKind::Invalid,
                "body_too_large",
                format!("A file has at most {ATTACHMENT_BYTES_MAX} bytes."),
            ),
            CaseworkError::TooManyWaiting => Self::new(
                FailureKind::Refused,
                "too_many_waiting",
                "Too many of your files wait for the action they go with; they are removed a day after they came.",
            ),
            CaseworkError::UploadOffset(received_bytes) => Self::new(
                FailureKind::Refused,
                "upload_offset_wrong",
                "The piece does not follow on what has arrived; go on from `received_bytes`.",
            )
            .with_current(serde_json::json!({ "received_bytes": received_bytes })),
            CaseworkError::Blob(error) => {
                tracing::error!(%error, "a file could not be written or read");
                Self::fault()
            }
            CaseworkError::Once(error) => error.into(),
            CaseworkError::Store(error) => error.into(),
        }
    }
}
