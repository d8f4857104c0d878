//! The rooms put together as one program: HTTP, live stream, health and figures, command line.
//!
//! Nothing is decided here that is a room's to decide: this crate knows how requests come in and answers go out, who is let
//! through the gate, and in what order things start and stop.

pub mod assembly;
pub mod backup;
pub mod city;
pub mod cli;
pub mod closing;
pub mod console;
pub mod door;
pub mod export;
pub mod figures;
pub mod files;
pub mod frame;
pub mod gate;
pub mod handover;
pub mod health;
pub mod listen;
pub mod live;
pub mod logging;
pub mod messages;
pub mod openapi;
pub mod pages;
pub mod serve;
pub mod settings;
pub mod titles;
pub mod workers;

/// Every problem code this crate gives; each has a translation.
pub const PROBLEM_CODES: &[&str] = &[
    "method_not_allowed",
    "request_timeout",
    "bad_request",
    "stream_limit_reached",
    "not_ready",
    "unknown_parameter",
];

/// Codes of wrong fields that the server itself tells.
pub const FIELD_CODES: &[&str] = &["unknown_parameter"];
