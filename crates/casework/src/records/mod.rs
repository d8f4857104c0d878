//! Records of another system: what a file's columns mean ([`Mapping`]), and a row read by that ([`Record`]).
//!
//! A mapping is a TOML document that whoever brings a city's history in writes: which column is what, which of our words stand for the
//! file's, in which time zone and coordinates it speaks. [`TEMPLATE`] is one to fill in. What a mapping names and the file or the city
//! lacks is told before a row is read; what a row says wrongly is told of that row.

mod mapping;
mod names;
mod reader;
mod times;

pub use mapping::{Kind, Mapping, MappingFault, TEMPLATE};
pub use names::Names;
pub use reader::{Reader, Record, Standing, Unread};
