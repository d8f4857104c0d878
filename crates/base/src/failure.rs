//! The kinds of failure, which never mix, and the shape every room's failures take on their way out.
//!
//! A room has its own error enum and one `From<RoomError> for Problem`; only `server` turns a [`Problem`] into HTTP
//! (RFC 9457 problem+json).

use serde::Serialize;

/// What went wrong, as the caller must understand it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The request is not well formed, or its values are out of bounds: 422 (400 when it cannot be read at all).
    Invalid,
    /// Who asks is not known: 401.
    Unauthenticated,
    /// Who asks may not: 403.
    Forbidden,
    /// There is no such thing, or its existence is secret from who asks: 404.
    NotFound,
    /// The law refuses it in the present state: 409.
    Refused,
    /// Somebody else was faster, or the version sent is not the present one: 409 (412 with `If-Match`).
    Conflict,
    /// Too much at once: 429 or 503; try again later.
    Busy,
    /// We broke: 500. The text stays in the log.
    Fault,
}

/// One field that is wrong, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Path of the field in the request, e.g. `tasks[1].organisation_id`.
    pub field: String,
    /// Stable code, translated by the UI, e.g. `required`, `too_long`, `unknown_id`.
    pub code: &'static str,
    /// For people who read the API: English, one sentence.
    pub message: String,
}

impl FieldError {
    /// A wrong field.
    pub fn new(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            code,
            message: message.into(),
        }
    }
}

/// A failure on its way to the caller.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Which kind; decides the status.
    pub kind: FailureKind,
    /// Stable code, e.g. `case_not_filed`; every one has a translation.
    pub code: &'static str,
    /// One English sentence. Never personal data; for a fault never the inner text.
    pub detail: String,
    /// For invalid input: every wrong field at once.
    pub fields: Vec<FieldError>,
    /// For refusals and conflicts: the present state, so that the caller need not ask again.
    pub current: Option<serde_json::Value>,
}

impl Problem {
    /// A problem of `kind`.
    pub fn new(kind: FailureKind, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind,
            code,
            detail: detail.into(),
            fields: Vec::new(),
            current: None,
        }
    }

    /// Invalid input with all its wrong fields.
    pub fn invalid(fields: Vec<FieldError>) -> Self {
        Self {
            fields,
            ..Self::new(
                FailureKind::Invalid,
                "invalid_input",
                "Some fields are wrong; see `fields`.",
            )
        }
    }

    /// No such thing.
    pub fn not_found(what: &str) -> Self {
        Self::new(
            FailureKind::NotFound,
            "not_found",
            format!("There is no such {what}, or you may not see it."),
        )
    }

    /// The caller lacks `permission`, or it does not reach this far.
    pub fn forbidden(permission: &str) -> Self {
        Self::new(
            FailureKind::Forbidden,
            "forbidden",
            format!("Your roles do not allow `{permission}` here."),
        )
    }

    /// We broke. Log the cause where this is made.
    pub fn fault() -> Self {
        Self::new(
            FailureKind::Fault,
            "fault",
            "Something broke on our side; it has been logged under this request id.",
        )
    }

    /// The same with the present state attached.
    #[must_use]
    pub fn with_current(mut self, current: serde_json::Value) -> Self {
        self.current = Some(current);
        self
    }
}
