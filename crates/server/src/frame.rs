//! The frame around every handler, in one layer because it is walked on every request: request id, gate, time limit, panics,
//! problem+json, security headers, figures, log.

use crate::door::{Peer, client_address};
use crate::gate::{Entry, Gate};
use crate::titles::Language;
use access::Needs;
use access::http::ClientAddress;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base::chance::{self, Chance};
use base::limits::{BODY_BYTES_MAX, IMPORT_BYTES_MAX};
use base::{FailureKind, Problem};
use futures_util::FutureExt;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tracing::Instrument;
use wire::{Failure, ProblemView};

/// What the layer needs.
pub struct Frame {
    gate: Gate,
    request_time_max: Duration,
    trusted_proxies: Vec<IpAddr>,
    request_ids: RequestIds,
    slow: Duration,
}

/// The id of a request: the caller's when it sent a decent one, else ours. In the answer, in problems and in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub HeaderValue);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REQUEST_ID_LENGTH_MAX: usize = 64;
const SLOW: Duration = Duration::from_secs(1);
/// What the phone of somebody in the field sends when there are few masts.
const SLOW_LINE_BYTES_A_SECOND: usize = 128 * 1024;

/// No script, style or anything else from elsewhere or from within the page itself.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
     media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// Ids that differ between processes (by chance) and within one (by counting).
struct RequestIds {
    prefix: u32,
    count: AtomicU64,
}

impl RequestIds {
    fn of(&self, headers: &HeaderMap) -> HeaderValue {
        if let Some(given) = headers.get(REQUEST_ID) {
            let bytes = given.as_bytes();
            let decent = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
            if !bytes.is_empty() && bytes.len() <= REQUEST_ID_LENGTH_MAX && bytes.iter().all(decent)
            {
                return given.clone();
            }
        }
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let text = format!("{:08x}{count:08x}", self.prefix);
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("0"))
    }
}

impl Frame {
    /// A frame with this gate.
    pub fn new(
        gate: Gate,
        request_time_max: Duration,
        trusted_proxies: Vec<IpAddr>,
        chance: &dyn Chance,
    ) -> Self {
        let prefix = u32::from_be_bytes(chance::bytes::<4>(chance));
        Self {
            gate,
            request_time_max,
            trusted_proxies,
            request_ids: RequestIds {
                prefix,
                count: AtomicU64::new(0),
            },
            slow: SLOW,
        }
    }

    /// The table of endpoints.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// What is not in the table is refused before the router gets to see it.
    async fn handle(&self, entry: Option<&Entry>, request: Request, next: Next) -> Response {
        let Some(entry) = entry else {
            return self.refuse(&request);
        };
        let (mut parts, body) = request.into_parts();
        match self.gate.admit(entry.endpoint, &parts).await {
            Err(problem) => return Failure::from(problem).into_response(),
            Ok(Some(principal)) => drop(parts.extensions.insert(principal)),
            Ok(None) => {}
        }
        if let Err(failure) = entry.check_query(parts.uri.query().unwrap_or_default()) {
            return failure.into_response();
        }
        // Who signs in is counted by address; nobody else asks where a request comes from.
        if entry.endpoint.needs == Needs::Public
            && let Some(Peer(peer)) = parts.extensions.get()
        {
            let address = client_address(*peer, &parts.headers, &self.trusted_proxies);
            parts.extensions.insert(ClientAddress(address.to_string()));
        }
        let mut time_max = self.request_time_max;
        // Nobody whom we do not know sends more than a piece of a photo, whatever they say: a body that drips in ties nothing up for long.
        if entry.endpoint.needs != Needs::Public {
            time_max += time_for_body(&parts.headers);
        }
        let request = Request::from_parts(parts, body);
        Self::answer(time_max, request, next).await
    }

    fn refuse(&self, request: &Request) -> Response {
        let path = request.extensions().get::<MatchedPath>();
        let methods = path.map_or(String::new(), |path| self.gate.methods(path.as_str()));
        let Ok(allow) = HeaderValue::try_from(methods) else {
            return Failure::from(Problem::not_found("address")).into_response();
        };
        if allow.is_empty() {
            return Failure::from(Problem::not_found("address")).into_response();
        }
        let detail = "This address does not support the method; see `Allow`.";
        let problem = Problem::new(FailureKind::Invalid, "method_not_allowed", detail);
        let refusal = Failure::with_status(problem, StatusCode::METHOD_NOT_ALLOWED);
        ([(header::ALLOW, allow)], refusal).into_response()
    }

    /// The handler's answer, or what stands for it when it takes too long or panics.
    async fn answer(time_max: Duration, request: Request, next: Next) -> Response {
        let running = AssertUnwindSafe(next.run(request)).catch_unwind();
        match tokio::time::timeout(time_max, running).await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => {
                tracing::error!("a handler panicked");
                Failure::from(Problem::fault()).into_response()
            }
            Err(_) => {
                let detail = "The request was given up; whether it took effect its Idempotency-Key can tell.";
                let problem = Problem::new(FailureKind::Busy, "request_timeout", detail);
                Failure::with_status(problem, StatusCode::GATEWAY_TIMEOUT).into_response()
            }
        }
    }
}

/// The time a large body gets besides, for as long as a slow line needs to send it.
fn time_for_body(headers: &HeaderMap) -> Duration {
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    let length = length
        .and_then(|length| length.parse::<usize>().ok())
        .unwrap_or(0);
    let beyond = length.min(IMPORT_BYTES_MAX).saturating_sub(BODY_BYTES_MAX);
    Duration::from_secs((beyond / SLOW_LINE_BYTES_A_SECOND) as u64)
}

/// What of a request is still needed when its answer is there.
struct Asked {
    id: HeaderValue,
    method: Method,
    language: Option<HeaderValue>,
    if_match: bool,
}

/// The layer: `axum::middleware::from_fn_with_state(frame, frame::layer)`.
pub async fn layer(State(frame): State<Arc<Frame>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let headers = request.headers();
    let asked = Asked {
        id: frame.request_ids.of(headers),
        method: request.method().clone(),
        language: headers.get(header::ACCEPT_LANGUAGE).cloned(),
        if_match: headers.contains_key(header::IF_MATCH),
    };
    request.extensions_mut().insert(RequestId(asked.id.clone()));
    let path = request.extensions().get::<MatchedPath>().cloned();
    let entry = path
        .as_ref()
        .and_then(|path| frame.gate.entry(&asked.method, path.as_str()));
    let operation = entry.map_or("", |entry| entry.endpoint.operation);
    let id = asked.id.to_str().unwrap_or_default();
    let span = tracing::error_span!("request", id, operation);
    let response = frame.handle(entry, request, next).instrument(span).await;
    let mut response = written(response, &asked);
    dress(response.headers_mut(), &asked.id);
    let (status, took) = (response.status().as_u16(), started.elapsed());
    if let Some(entry) = entry {
        entry.figures.count(status, took);
    }
    note(&asked, operation, status, took, frame.slow);
    response
}

/// Turns failures into problem+json in the caller's language; whatever else is left untouched.
fn written(response: Response, asked: &Asked) -> Response {
    let mut status = response.status();
    let problem = match response.extensions().get::<Arc<Problem>>() {
        Some(problem) => problem.clone(),
        None if status.is_client_error() || status.is_server_error() => Arc::new(bare(status)),
        None => return response,
    };
    if problem.kind == FailureKind::Conflict && asked.if_match {
        status = StatusCode::PRECONDITION_FAILED;
    }
    if problem.code == "rate_limited" {
        status = StatusCode::TOO_MANY_REQUESTS;
    }
    let mut language = HeaderMap::new();
    if let Some(value) = &asked.language {
        language.insert(header::ACCEPT_LANGUAGE, value.clone());
    }
    let titles = Language::of(&language).titles();
    let view = ProblemView::new(&problem, status, titles, asked.id.to_str().ok());
    let mut written = view.into_response();
    // What else the handler said (Allow, Set-Cookie, Retry-After) stays said.
    for (name, value) in response.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            written.headers_mut().append(name.clone(), value.clone());
        }
    }
    if status == StatusCode::UNAUTHORIZED {
        written
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if problem.kind == FailureKind::Busy {
        let headers = written.headers_mut();
        headers
            .entry(header::RETRY_AFTER)
            .or_insert(HeaderValue::from_static("1"));
    }
    written
}

/// A problem for a refusal that axum made without one.
fn bare(status: StatusCode) -> Problem {
    match status {
        StatusCode::NOT_FOUND => Problem::not_found("address"),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            FailureKind::Invalid,
            "body_too_large",
            "The body is larger than is taken here.",
        ),
        status if status.is_client_error() => Problem::new(
            FailureKind::Invalid,
            "bad_request",
            "The request cannot be handled.",
        ),
        _ => Problem::fault(),
    }
}

fn dress(headers: &mut HeaderMap, id: &HeaderValue) {
    headers.insert(REQUEST_ID, id.clone());
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(CONTENT_SECURITY_POLICY);
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
}

fn note(asked: &Asked, operation: &str, status: u16, took: Duration, slow: Duration) {
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let request_id = || asked.id.to_str().unwrap_or_default();
    if status >= 500 {
        tracing::warn!(
            request_id = request_id(),
            operation,
            status,
            duration_ms,
            "a request failed"
        );
    } else if took >= slow {
        tracing::warn!(
            request_id = request_id(),
            operation,
            status,
            duration_ms,
            "a request was slow"
        );
    } else {
        tracing::debug!(
            request_id = request_id(),
            operation,
            status,
            duration_ms,
            "a request was answered"
        );
    }
}
