//! The portal before a seeded city: what the public may do, and what nobody gets out of it.
#![allow(clippy::unwrap_used, reason = "a test may fall")]

mod city;
mod following;
mod guards;
mod reporting;
mod showing;
