//! Query strings and path parameters.

use crate::Failure;
use crate::wrong_fields::{control_character, query_wrong_fields};
use axum::extract::FromRequestParts;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::http::request::Parts;
use base::{FieldError, Problem};
use serde::de::DeserializeOwned;

/// The query string; 422 with all wrong parameters at once. Read filters and `base::PageRequest` with two extractors, not with
/// `#[serde(flatten)]`: flattened numbers are not read from text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Query<T>(pub T);

/// Path parameters; 422 when one does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let query = parts.uri.query().unwrap_or_default();
        if query.contains("%00") {
            let pairs: Vec<(String, String)> =
                serde_urlencoded::from_str(query).unwrap_or_default();
            let wrong = pairs
                .into_iter()
                .filter(|(key, value)| key.contains('\0') || value.contains('\0'))
                .map(|(key, _)| control_character(key.replace('\0', "")));
            return Err(Problem::invalid(wrong.collect()).into());
        }
        match serde_urlencoded::from_str(query) {
            Ok(value) => Ok(Self(value)),
            Err(error) => {
                let mut fields = query_wrong_fields::<T>(query);
                if fields.is_empty() {
                    fields.push(FieldError::new("", "malformed", error.to_string()));
                }
                Err(Problem::invalid(fields).into())
            }
        }
    }
}

/// The names in a query string, sorted, each once, without control characters.
pub fn query_names(query: &str) -> Vec<String> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    let names = pairs
        .into_iter()
        .map(|(name, _)| name.replace(char::is_control, ""));
    let mut names: Vec<String> = names.collect();
    names.sort();
    names.dedup();
    names
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        if parts.uri.path().contains("%00") {
            return Err(Problem::invalid(vec![control_character(String::new())]).into());
        }
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(rejection) => Err(path_problem(&rejection).into()),
        }
    }
}

fn path_problem(rejection: &PathRejection) -> Problem {
    let PathRejection::FailedToDeserializePathParams(failed) = rejection else {
        return Problem::fault();
    };
    let (field, message) = match failed.kind() {
        ErrorKind::ParseErrorAtKey {
            key, expected_type, ..
        } => (key.clone(), format!("not a {expected_type}")),
        ErrorKind::DeserializeError { key, message, .. } => (key.clone(), message.clone()),
        ErrorKind::InvalidUtf8InPathParam { key } => (key.clone(), "not UTF-8".to_owned()),
        other => (String::new(), other.to_string()),
    };
    Problem::invalid(vec![FieldError::new(field, "malformed", message)])
}
