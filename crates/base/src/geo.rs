//! Points on the ground and the coordinate systems they come in.

use serde::{Deserialize, Serialize};

/// A place in CGCS2000 degrees (equal to WGS-84 at city accuracy).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Longitude, degrees east.
    pub lon: f64,
    /// Latitude, degrees north.
    pub lat: f64,
}
