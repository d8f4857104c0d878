//! Answers that carry a version or a place.

use crate::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// 200 with the row's version as `ETag`.
#[derive(Clone, Debug)]
pub struct Versioned<T> {
    /// The row version; what the caller sends back as `If-Match`.
    pub version: i64,
    /// The body.
    pub view: T,
}

/// 201 with `Location`, and the row's version as `ETag`.
#[derive(Clone, Debug)]
pub struct Created<T> {
    /// Path of what was made, e.g. `/api/v1/cases/42`.
    pub location: String,
    /// The row version.
    pub version: i64,
    /// The body.
    pub view: T,
}

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.view).into_response();
        put_version(&mut response, self.version);
        response
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.view).into_response();
        if response.status() == StatusCode::OK {
            *response.status_mut() = StatusCode::CREATED;
            put_version(&mut response, self.version);
            if let Ok(location) = HeaderValue::try_from(self.location) {
                response.headers_mut().insert(header::LOCATION, location);
            }
        }
        response
    }
}

fn put_version(response: &mut Response, version: i64) {
    if let Ok(tag) = HeaderValue::try_from(format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
}
