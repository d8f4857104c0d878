//! The demo city: a small district with its organisations, people, rules and messages, brought in through the same imports and
//! commands that a real city uses.
//!
//! What it is not: a fixture. Nothing is written past the services, so whatever the demo shows has gone through the law, the
//! audit chain and the outbox. Every word of its messages and every name of its people is made up.

mod city;
mod messages;
mod seed;

pub use city::{Account, DemoCity};
pub use messages::{Message, SUBJECTS, draw};
pub use seed::{DEMO_PASSWORD, Rooms, SeedError, Seeded, seed};
