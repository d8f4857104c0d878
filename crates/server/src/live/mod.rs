//! The live stream: `GET /api/v1/live`, server-sent events of what was committed, filtered by the caller's scope.
//!
//! A message's `id` is the entry's place in the outbox, its data `{"place","kind","key","at","body"}`. A reader that comes back
//! with `Last-Event-ID` (or `?after=`) continues where it stopped. `event: gap` says that entries in between are no longer
//! kept or too many: ask the lists anew. `event: bye` says that the server ends the stream and why.
//!
//! There is no queue per reader to overflow: each has a cursor into one shared ring of recent entries, and into the database
//! when it falls behind the ring. A reader that does not read is simply not written to.

mod http;
mod hub;

pub use http::{ENDPOINTS, router};
pub use hub::{Hub, HubSettings, Watcher};
