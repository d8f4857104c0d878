//! Which cases and reports a list shows, without I/O: an index in memory of what lists ask for. For each stage, level, source, category,
//! area, organisation there is the set of all things of which it is said; a question of any number of filters is what those sets have in
//! common, and the newest of that is a page. No combination takes longer than its largest sets, some microseconds.
//!
//! The database says what stands in the index and is always right; the index is made from it when the program starts and kept in step by
//! the outbox, see `service::listing`.

mod cases;
mod filter;
mod find;
mod index;
mod place;
mod reports;
mod terms;

pub use filter::{
    AreaFilter, Awaited, CaseFilter, CaseMark, CaseSort, Claimed, Cursor, MapBox, ReportFilter,
    ReportSort, Tie, ToDecide,
};

pub(crate) use cases::{CasesAsked, LookedUp, mark_bits};
pub(crate) use index::{DepthOf, Entry, Index, Running, Tied};
pub(crate) use place::Placed;
pub(crate) use reports::{CLAIMED, ReportsAsked, Seen};
pub(crate) use terms::TooMany;
