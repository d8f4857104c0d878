//! The two months at a small scale: the same seed tells the same story, and what it leaves behind is in order.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod story;
mod world;
