//! The portal before a seeded city: what the public may do, and what nobody gets out of it.

mod city;
mod following;
mod guards;
mod reporting;
mod showing;
