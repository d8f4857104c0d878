//! Drives the built program from outside: starts it, loads it over HTTP, kills it, and reads what it cost.
//!
//! The load client is written by hand and does little, because it shares two cores with what it measures.

#![expect(clippy::print_stdout, reason = "the figures are its output")]

mod choices;
pub mod city;
pub mod client;
pub mod commands;
mod draw;
pub mod faults;
pub mod lists;
pub mod load;
pub mod mass;
pub mod points;
pub mod program;
pub mod races;
pub mod raw;
pub mod search;
pub mod startup;
