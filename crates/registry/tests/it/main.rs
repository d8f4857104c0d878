//! The registry through its public face.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fall")]

mod areas;
mod areas_ended;
mod base_map;
mod city;
mod components;
mod finding;
mod grids;
mod http;
mod layers;
mod shapes;
mod spatial;
mod standards;
mod statements;
mod zones;
