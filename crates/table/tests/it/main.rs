//! Files as cities send them, read through the crate's public face.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test may fall"
)]

mod output;
mod report;
mod text;
mod workbook;
