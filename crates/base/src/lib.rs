//! What every room stands on: ids, time, chance, kinds of failure, pages, geography, official codes, tree paths, limits.
//!
//! No I/O happens here but asking the system for the time and for randomness, each behind a trait.

pub mod area_code;
pub mod chance;
pub mod clock;
pub mod credit_code;
pub mod failure;
pub mod geo;
pub mod id;
pub mod limits;
pub mod page;
pub mod path;

pub use area_code::{AreaCode, AreaLevel};
pub use chance::{Chance, SeededChance, SystemChance};
pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use credit_code::CreditCode;
pub use failure::{FailureKind, FieldError, Problem};
pub use geo::{CoordinateSystem, Point};
pub use id::{Id, IdSource};
pub use page::{Page, PageRequest};
pub use path::TreePath;
