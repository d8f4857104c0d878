//! Reports, cases, tasks: the closed loop.

pub mod clocks;
pub mod lifecycle;
pub mod model;
pub mod numbers;
pub mod process;
mod store;

pub use store::ROOM;
