//! How a [`Problem`] becomes an answer.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::{FailureKind, Problem};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What a handler gives.
pub type Answer<T> = Result<T, Failure>;

/// A problem on its way out, with its status. Any error that becomes a [`Problem`] becomes this by `?`.
///
/// The answer is complete as it stands; the problem also travels in the response's extensions (as `Arc<Problem>`), from
/// which `server` writes the title in the caller's language and the request id.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// What is wrong.
    pub problem: Problem,
    /// The status; of the problem's kind unless HTTP has a narrower one.
    pub status: StatusCode,
}

impl Failure {
    /// A failure whose status is narrower than its kind says, e.g. 415.
    pub fn with_status(problem: Problem, status: StatusCode) -> Self {
        Self { problem, status }
    }
}

impl<E: Into<Problem>> From<E> for Failure {
    fn from(error: E) -> Self {
        let problem = error.into();
        Self {
            status: status_of(problem.kind),
            problem,
        }
    }
}

/// The status of a kind of failure.
pub fn status_of(kind: FailureKind) -> StatusCode {
    match kind {
        FailureKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        FailureKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        FailureKind::Forbidden => StatusCode::FORBIDDEN,
        FailureKind::NotFound => StatusCode::NOT_FOUND,
        FailureKind::Refused | FailureKind::Conflict => StatusCode::CONFLICT,
        FailureKind::Busy => StatusCode::SERVICE_UNAVAILABLE,
        FailureKind::Fault => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let view = ProblemView::new(&self.problem, self.status, &Untitled, None);
        let mut response = view.into_response();
        response.extensions_mut().insert(Arc::new(self.problem));
        response
    }
}

/// Words for codes, in one language.
pub trait Titles {
    /// The title of a problem's code; the code itself when there is none.
    fn of_problem<'t>(&'t self, code: &'t str) -> &'t str;
    /// The title of a field's code; the code itself when there is none.
    fn of_field<'t>(&'t self, code: &'t str) -> &'t str;
}

/// Codes speak for themselves.
struct Untitled;

impl Titles for Untitled {
    fn of_problem<'t>(&'t self, code: &'t str) -> &'t str {
        code
    }
    fn of_field<'t>(&'t self, code: &'t str) -> &'t str {
        code
    }
}

/// A failure as the caller sees it: RFC 9457 problem+json.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemView {
    /// `urn:chengyun:problem:<code>`.
    pub r#type: String,
    /// The code in the caller's language.
    pub title: String,
    /// The HTTP status again.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// Stable; what programs decide by, e.g. `case_not_filed`.
    pub code: String,
    /// One English sentence for who reads the API.
    pub detail: String,
    /// Quote it when asking for help: the log knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Every wrong field of an invalid request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldView>,
    /// The present state, when the request was refused because of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub current: Option<serde_json::Value>,
}

/// A wrong field as the caller sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldView {
    /// Path of the field in the request, e.g. `tasks[1].organisation_id`.
    pub field: String,
    /// Stable, e.g. `required`.
    pub code: String,
    /// The code in the caller's language.
    pub title: String,
    /// One English sentence.
    pub message: String,
}

impl ProblemView {
    /// The view of `problem`; `titles` gives the words for a problem's and for a field's code.
    pub fn new(
        problem: &Problem,
        status: StatusCode,
        titles: &dyn Titles,
        request_id: Option<&str>,
    ) -> Self {
        Self {
            r#type: format!("urn:chengyun:problem:{}", problem.code),
            title: titles.of_problem(problem.code).to_owned(),
            status: status.as_u16(),
            code: problem.code.to_owned(),
            detail: problem.detail.clone(),
            request_id: request_id.map(str::to_owned),
            fields: problem
                .fields
                .iter()
                .map(|field| FieldView {
                    field: field.field.clone(),
                    code: field.code.to_owned(),
                    title: titles.of_field(field.code).to_owned(),
                    message: field.message.clone(),
                })
                .collect(),
            current: problem.current.clone(),
        }
    }
}

impl IntoResponse for ProblemView {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // A view is strings, numbers and JSON values: writing it cannot fail, and an empty body is the honest answer if it does.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let kind = HeaderValue::from_static("application/problem+json");
        (status, [(header::CONTENT_TYPE, kind)], body).into_response()
    }
}
