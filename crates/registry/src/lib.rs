//! The registry: areas and zones, standards with their categories and rule rows, and where a point lies.
mod area_tree;
mod boundary;
pub mod crosswalk;
pub mod model;
pub mod spatial;

pub use area_tree::{AreaHit, AreaTree};
pub use boundary::{Boundary, BoundaryError};
pub use model::*;
pub use spatial::SpatialIndex;
