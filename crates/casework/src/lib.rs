//! Reports, cases, tasks: the closed loop.

pub mod city;
pub mod clocks;
pub mod failure;
pub mod input;
pub mod lifecycle;
pub mod model;
pub mod numbers;
pub mod process;
pub mod service;
mod store;
pub mod view;

pub use failure::CaseworkError;
pub use service::{Call, Casework, Parts};
pub use store::ROOM;
