//! The server from outside: a house with a small room of its own, asked over HTTP.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod command_line;
mod console;
mod contract;
mod export;
mod frame;
mod handover;
mod house;
mod listening;
mod live;
