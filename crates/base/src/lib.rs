//! What every room stands on: ids, time, kinds of failure, pages, geography, limits. No I/O happens here.

pub mod clock;
pub mod failure;
pub mod geo;
pub mod id;
pub mod page;

pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use failure::{FailureKind, FieldError, Problem};
pub use geo::Point;
pub use id::{Id, IdSource};
pub use page::{Page, PageRequest};
