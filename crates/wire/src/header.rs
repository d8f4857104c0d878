//! The headers of the contract that a request may carry.

use crate::Failure;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use base::limits::IDEMPOTENCY_KEY_CHARACTERS_MAX;
use base::{FailureKind, Problem};

/// `If-Match: "7"`: the row version the change was made upon. `None` when absent or `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfMatch(pub Option<i64>);

/// `Idempotency-Key`: 1 to 100 visible ASCII characters, with or without the quotes of a structured header. `None` when absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(pub Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            return Ok(Self(None));
        };
        let wrong = || malformed("If-Match is one ETag as it was given, e.g. \"7\", or *.");
        let text = value.to_str().map_err(|_| wrong())?.trim();
        if text == "*" {
            return Ok(Self(None));
        }
        let quoted = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
        let version = quoted.and_then(|t| t.parse().ok()).ok_or_else(wrong)?;
        Ok(Self(Some(version)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let Some(value) = parts.headers.get("idempotency-key") else {
            return Ok(Self(None));
        };
        let wrong = || malformed("Idempotency-Key is 1 to 100 visible ASCII characters.");
        let text = value.to_str().map_err(|_| wrong())?.trim();
        let quoted = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
        let key = quoted.unwrap_or(text);
        let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
        if key.is_empty() || key.len() > IDEMPOTENCY_KEY_CHARACTERS_MAX || !visible {
            return Err(wrong());
        }
        Ok(Self(Some(key.to_owned())))
    }
}

fn malformed(detail: &str) -> Failure {
    Failure::with_status(
        Problem::new(FailureKind::Invalid, "malformed_header", detail),
        StatusCode::BAD_REQUEST,
    )
}
