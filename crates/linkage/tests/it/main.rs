//! What follows from what, seen from outside: who is told of what.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

// The town below needs them.
use calendar as _;
use tokio as _;

mod messages;
mod notices;
#[path = "../../../casework/tests/it/town.rs"]
#[allow(dead_code, reason = "casework's own tests use the rest of the town")]
mod town;
mod zones;
