//! JSON bodies, in and out.

use crate::Failure;
use crate::wrong_fields::{json_control_characters, json_wrong_fields};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::{FailureKind, FieldError, Id, Problem};
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::fmt;

/// A JSON body. As an extractor it refuses other media types (415), text that is not JSON (400), and JSON that does not fit
/// `T` (422, all wrong fields at once). Strings with the NUL character are refused: one of the databases cannot keep them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Failure;
    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        if !is_json(request.headers()) {
            return Err(Failure::with_status(
                Problem::new(
                    FailureKind::Invalid,
                    "unsupported_media_type",
                    "Send the body as application/json.",
                ),
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ));
        }
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| unreadable(rejection.status()))?;
        parse(&body).map(Self)
    }
}

/// A JSON object that fits `T`, and what any action may have besides its own members.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Formed<T>(pub T, pub Beside);

/// What stands beside the members of an action's own. Whether the action takes it is checked by whoever knows the action.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Beside {
    /// `form`: what was filled in of the form that a city asks for with the action.
    pub form: Option<Map<String, Value>>,
    /// `attachment_ids`: files uploaded before that go with the action.
    pub attachment_ids: Vec<Id>,
}

impl Beside {
    /// What was filled in for an action that takes no files. Errors: some were sent.
    pub fn form_only(self) -> Result<Option<Map<String, Value>>, Failure> {
        if !self.attachment_ids.is_empty() {
            let wrong = FieldError::new(
                "attachment_ids",
                "unknown_field",
                "there is no such field here",
            );
            return Err(Problem::invalid(vec![wrong]).into());
        }
        Ok(self.form)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Formed<T> {
    type Rejection = Failure;
    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let Json(whole) = Json::<Box<RawValue>>::from_request(request, state).await?;
        let Ok(Members(members)) = serde_json::from_str(whole.get()) else {
            let request = parse(whole.get().as_bytes())?;
            return Ok(Self(request, Beside::default()));
        };
        let is_beside = |key: &str| key == "form" || key == "attachment_ids";
        let (besides, rest): (Vec<_>, Vec<_>) =
            members.into_iter().partition(|(key, _)| is_beside(key));
        let rest = written(&rest);
        let mut beside = Beside::default();
        let mut wrong = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        for (key, value) in &besides {
            if seen.contains(&key.as_str()) {
                let field = FieldError::new(key.as_str(), "duplicate", "it is given twice");
                wrong.push(field);
            } else if key == "form" {
                beside.form = Some(members_once(value, &mut wrong));
            } else {
                beside.attachment_ids = ids(value, &mut wrong);
            }
            seen.push(key);
        }
        if wrong.is_empty() {
            return parse(rest.as_bytes()).map(|request| Self(request, beside));
        }
        wrong.extend(json_wrong_fields::<T>(rest.as_bytes()));
        Err(Problem::invalid(wrong).into())
    }
}

/// Ids in a list; what is none goes to `wrong`.
fn ids(value: &RawValue, wrong: &mut Vec<FieldError>) -> Vec<Id> {
    serde_json::from_str(value.get()).unwrap_or_else(|_| {
        let field = FieldError::new("attachment_ids", "wrong_type", "it takes a list of ids");
        wrong.push(field);
        Vec::new()
    })
}

/// The members of a JSON object in their order, a key given twice twice.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Members;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

/// The object again, without what was taken out.
fn written(members: &[(String, Box<RawValue>)]) -> String {
    let each = members
        .iter()
        .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), value.get()));
    format!("{{{}}}", each.collect::<Vec<_>>().join(","))
}

/// What was filled in of a form; what cannot be one, and keys given twice, go to `wrong`.
fn members_once(form: &RawValue, wrong: &mut Vec<FieldError>) -> Map<String, Value> {
    let mut filled = Map::new();
    let Ok(Members(members)) = serde_json::from_str(form.get()) else {
        wrong.push(FieldError::new("form", "wrong_type", "it takes an object"));
        return filled;
    };
    for (key, value) in members {
        let value = serde_json::from_str(value.get()).unwrap_or_default();
        if filled.insert(key.clone(), value).is_some() {
            let place = format!("form.{key}");
            wrong.push(FieldError::new(place, "duplicate", "it is given twice"));
        }
    }
    filled
}

/// A body that could not be read to its end: too large, or the connection broke.
fn unreadable(status: StatusCode) -> Failure {
    let (code, detail) = if status == StatusCode::PAYLOAD_TOO_LARGE {
        ("body_too_large", "The body is larger than is taken here.")
    } else {
        ("body_unreadable", "The body could not be read to its end.")
    };
    Failure::with_status(Problem::new(FailureKind::Invalid, code, detail), status)
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else {
        return false;
    };
    let Ok(kind) = kind.to_str() else {
        return false;
    };
    let essence = kind.split(';').next().unwrap_or_default().trim();
    let Some((left, right)) = essence.split_once('/') else {
        return false;
    };
    let suffix = right.rsplit_once('+').map_or("", |(_, suffix)| suffix);
    left.eq_ignore_ascii_case("application")
        && (right.eq_ignore_ascii_case("json") || suffix.eq_ignore_ascii_case("json"))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    // Only an escape can bring a control character past the parser, so bodies without a backslash need no second look.
    if body.contains(&b'\\') && body.windows(6).any(|part| part == b"\\u0000") {
        let fields = json_control_characters(body);
        if !fields.is_empty() {
            return Err(Problem::invalid(fields).into());
        }
    }
    let error = match serde_json::from_slice(body) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    // A number where a word of a list belongs is called a mistake of syntax by the parser: what is JSON shows itself as such.
    if !error.is_data() && serde_json::from_slice::<IgnoredAny>(body).is_err() {
        return Err(Failure::with_status(
            Problem::new(
                FailureKind::Invalid,
                "malformed_json",
                format!("The body is not JSON: {error}."),
            ),
            StatusCode::BAD_REQUEST,
        ));
    }
    let mut fields = json_wrong_fields::<T>(body);
    if fields.is_empty() {
        // Some shapes are wrong only as text (a key given twice); then the parser's own words must do.
        fields.push(FieldError::new("", "malformed", error.to_string()));
    }
    Err(Problem::invalid(fields).into())
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                let kind = HeaderValue::from_static("application/json");
                ([(header::CONTENT_TYPE, kind)], body).into_response()
            }
            Err(_) => Failure::from(Problem::fault()).into_response(),
        }
    }
}
