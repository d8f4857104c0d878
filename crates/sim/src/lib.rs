//! The demo cities: organisations, people, rules and messages, brought in through the same imports and commands that a real city
//! uses. [`seed`] makes a small one in a second; [`two_months`] lives through two months of a whole district.
//!
//! What it is not: a fixture. Nothing is written past the services, so whatever the demo shows has gone through the law, the
//! audit chain and the outbox. Every word of its messages and every name of its people is made up.

mod agenda;
pub mod check;
mod city;
mod dice;
mod founding;
mod messages;
mod pictures;
pub mod replay;
mod small;
mod subject;
pub mod two_months;

pub use city::{Account, DemoCity};
pub use founding::{DEMO_PASSWORD, Rooms, SeedError};
pub use messages::Message;
pub use small::{Seeded, seed};
pub use subject::Subject;
pub use two_months::two_months;
