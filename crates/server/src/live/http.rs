//! The stream on the wire.

use super::hub::{Hub, Next};
use crate::gate::Doorkeeper;
use access::{Endpoint, Needs, Principal, Scope};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::{FailureKind, Problem};
use futures_util::stream;
use serde::Deserialize;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::{Failure, ProblemView, Query};

const PERMISSION: &str = "live_view";

/// The stream's line in the table of endpoints.
pub const ENDPOINTS: &[Endpoint] = &[Endpoint {
    method: "GET",
    path: "/api/v1/live",
    operation: PERMISSION,
    needs: Needs::Permission(PERMISSION),
}];

/// What the handler needs.
#[derive(Clone)]
struct Live {
    hub: Hub,
    doorkeeper: Arc<dyn Doorkeeper>,
}

/// The stream's route.
pub fn router(hub: Hub, doorkeeper: Arc<dyn Doorkeeper>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(live_view))
        .with_state(Live { hub, doorkeeper })
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LiveFilter {
    /// Continue after this place; `Last-Event-ID` goes before it. Absent: from now on.
    #[param(minimum = 0)]
    after: Option<i64>,
}

/// Follow what happens, as server-sent events.
///
/// A message's id is its place; reconnect with `Last-Event-ID` and nothing is missed. `event: gap` means: entries in between
/// are not to be had, ask the lists anew. `event: bye` means: the server ends the stream.
#[utoipa::path(
    get,
    path = "/api/v1/live",
    operation_id = "live_view",
    tag = "live",
    params(
        LiveFilter,
        ("Last-Event-ID" = Option<i64>, Header, description = "The last place received; browsers send it by themselves"),
    ),
    responses(
        (status = 200, content_type = "text/event-stream", body = String),
        (status = 503, body = ProblemView),
    ),
)]
async fn live_view(
    State(live): State<Live>,
    Cursor(cursor): Cursor,
    axum::Extension(principal): axum::Extension<Arc<Principal>>,
    mut parts: Parts,
) -> Result<Response, Failure> {
    let seat = live.hub.seat().ok_or_else(full)?;
    parts.extensions.clear();
    let reader = Reader::new(live, parts, &principal, cursor, seat);
    let body = Body::from_stream(stream::unfold(reader, Reader::next));
    let kind = HeaderValue::from_static("text/event-stream");
    // Proxies that collect answers before passing them on would hold the stream back.
    let unbuffered = ("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(([(header::CONTENT_TYPE, kind)], [unbuffered], body).into_response())
}

fn full() -> Failure {
    Problem::new(
        FailureKind::Busy,
        "stream_limit_reached",
        "Too many live streams are open; try again later.",
    )
    .into()
}

/// Where the reader stopped.
struct Cursor(Option<i64>);

impl<S: Send + Sync> FromRequestParts<S> for Cursor {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Query(filter) = Query::<LiveFilter>::from_request_parts(parts, state).await?;
        let Some(last) = parts.headers.get("last-event-id") else {
            return Ok(Self(filter.after));
        };
        let place = last.to_str().ok().and_then(|text| text.trim().parse().ok());
        match place {
            Some(place) => Ok(Self(Some(place))),
            None => Err(Failure::with_status(
                Problem::new(
                    FailureKind::Invalid,
                    "malformed_header",
                    "Last-Event-ID is the id of a message of this stream.",
                ),
                StatusCode::BAD_REQUEST,
            )),
        }
    }
}

/// One open stream.
struct Reader {
    live: Live,
    /// The request's head, to look at its rights again.
    parts: Parts,
    scope: Scope,
    cursor: i64,
    greeted: bool,
    done: bool,
    _seat: OwnedSemaphorePermit,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.live.hub.figures().live_streams.decrement(1.0);
    }
}

type Chunk = Result<Bytes, Infallible>;

impl Reader {
    fn new(
        live: Live,
        parts: Parts,
        principal: &Principal,
        cursor: Option<i64>,
        seat: OwnedSemaphorePermit,
    ) -> Self {
        live.hub.figures().live_streams.increment(1.0);
        let head = *live.hub.news().borrow();
        Self {
            scope: principal.scope(PERMISSION),
            cursor: cursor.unwrap_or(head),
            live,
            parts,
            greeted: false,
            done: false,
            _seat: seat,
        }
    }

    /// The next piece of the body, and the reader to ask for the one after.
    async fn next(mut self) -> Option<(Chunk, Self)> {
        if self.done {
            return None;
        }
        let text = if self.greeted {
            self.message().await
        } else {
            self.greeted = true;
            // The place is given at once, so that a reader that saw nothing yet can still resume.
            format!("retry: 2000\nid: {}\n: welcome\n\n", self.cursor)
        };
        Some((Ok(Bytes::from(text)), self))
    }

    async fn message(&mut self) -> String {
        let mut news = self.live.hub.news();
        let mut closing = self.live.hub.closing();
        let heartbeat = tokio::time::sleep(self.live.hub.settings().heartbeat);
        tokio::pin!(heartbeat);
        loop {
            news.mark_unchanged();
            match self.live.hub.next_after(self.cursor).await {
                Ok(Some(next)) => {
                    let text = self.written(&next);
                    if !text.is_empty() {
                        return text;
                    }
                    continue;
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, "a live stream ends because the outbox cannot be read");
                    return self.bye("unavailable");
                }
            }
            tokio::select! {
                _ = news.changed() => {}
                () = closing.closed() => return self.bye("stopping"),
                () = &mut heartbeat => return self.heartbeat().await,
            }
        }
    }

    /// The messages of what comes next; empty when none of it is for this reader.
    fn written(&mut self, next: &Next) -> String {
        let mut text = String::new();
        match next {
            Next::Entries(entries, upto) => {
                let mut sent = 0;
                self.cursor = *upto;
                for entry in entries {
                    if entry.is_within(&self.scope) {
                        sent += 1;
                        // Writing to a string cannot fail.
                        let _ = write!(text, "id: {}\ndata: {}\n\n", entry.place, entry.data);
                    }
                }
                self.live.hub.figures().live_entries.increment(sent);
            }
            Next::Gap(head) => {
                let from = std::mem::replace(&mut self.cursor, *head);
                let _ = write!(
                    text,
                    "event: gap\nid: {head}\ndata: {{\"from\":{from},\"to\":{head}}}\n\n"
                );
            }
        }
        text
    }

    /// A sign of life, if the reader may still read. It tells the place reached, which entries for others have moved on.
    async fn heartbeat(&mut self) -> String {
        match self.live.doorkeeper.identify_again(&self.parts).await {
            Ok(Some(principal)) if principal.allows(PERMISSION) => {
                self.scope = principal.scope(PERMISSION);
                format!("id: {}\n: still here\n\n", self.cursor)
            }
            Ok(_) => self.bye("signed_out"),
            Err(problem) if problem.kind == FailureKind::Unauthenticated => self.bye("signed_out"),
            Err(_) => self.bye("unavailable"),
        }
    }

    fn bye(&mut self, reason: &str) -> String {
        self.done = true;
        format!("event: bye\ndata: {{\"reason\":\"{reason}\"}}\n\n")
    }
}
