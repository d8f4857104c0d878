//! The HTTP contract in types: how every room reads a request and shapes an answer.
//!
//! Extractors ([`Json`], [`Query`], [`Path`], [`IfMatch`], [`IdempotencyKey`]) refuse with problem+json that names all wrong
//! fields at once; answers ([`Json`], [`Versioned`], [`Created`], [`Failure`]) carry the headers of the contract. No routes,
//! no sessions and no translations live here: routes are the rooms', the rest is `server`'s.
//!
//! ```ignore
//! async fn case_dispatch(
//!     State(cases): State<Casework>,
//!     Caller(caller): Caller,
//!     Path(id): Path<Id>,
//!     IfMatch(version): IfMatch,
//!     Json(request): Json<DispatchRequest>,
//! ) -> Answer<Versioned<CaseView>> {
//!     let case = cases.case_dispatch(&caller, id, version, request.try_into()?).await?;
//!     Ok(Versioned { version: case.version, view: case.into() })
//! }
//! ```

mod answer;
mod failure;
mod header;
mod json;
mod query;
mod wrong_fields;

pub use answer::{Created, Versioned};
pub use failure::{Answer, Failure, FieldView, ProblemView, Titles, status_of};
pub use header::{IdempotencyKey, IfMatch};
pub use json::{Beside, Formed, Json};
pub use query::{Path, Query, query_names};

/// Problem codes that any room may give: those of `base`, of `store` and of this crate; each has a translation.
pub const PROBLEM_CODES: &[&str] = &[
    "concurrent_change",
    "busy",
    "idempotency_key_reused",
    "not_found",
    "forbidden",
    "fault",
    "invalid_input",
    "malformed_json",
    "malformed_header",
    "body_too_large",
    "body_unreadable",
    "unsupported_media_type",
];

/// Codes of wrong fields that every room may use; each has a translation.
pub const FIELD_CODES: &[&str] = &[
    "too_short",
    "too_long",
    "too_many",
    "duplicate",
    "unknown_id",
    "out_of_range",
    "required",
    "unknown_field",
    "unknown_value",
    "wrong_type",
    "malformed",
    "control_character",
];
