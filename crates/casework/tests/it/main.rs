//! Tests of casework through its public face.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fall")]

mod bad_input;
mod boxes;
mod callbacks;
mod conditions;
mod forms;
mod given_on;
mod handling;
mod imports;
mod law;
mod law_clocks;
mod law_ended;
mod law_handling;
mod law_handling_rules;
mod law_handling_table;
mod law_reports;
mod law_table;
mod law_ties;
mod lists;
mod loop_closed;
mod overlay_clocks;
mod overlay_law;
mod overlay_moves;
mod overlay_service;
mod pool;
mod processes;
mod races;
mod random_days;
mod rehearsal;
mod routing;
mod statistics;
mod ties;
mod town;
mod visibility;
mod wire_contract;
mod world;
