//! Sets of areas, or polygons, that cut across the tree.

use super::{TextFault, name};
use crate::Boundary;
use base::{Id, Point, TreePath};
use std::sync::Arc;

/// A development park, a river, a patrol beat.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// What it is for, a word of the city's: `park`, `river`, `duty_grid`, ….
    pub kind: String,
    /// The areas it is made of (with all below them), by path.
    pub area_paths: Vec<TreePath>,
    /// Its outline, where it has one of its own.
    pub boundary: Option<Arc<Boundary>>,
    /// Row version.
    pub version: i64,
}

impl Zone {
    /// Checks name and kind.
    pub fn check(&self) -> Result<(), TextFault> {
        name(&self.name)?;
        super::code(&self.kind)?;
        Ok(())
    }

    /// Whether a place lies in it: in one of its areas, or within its own outline.
    pub fn holds(&self, area_path: Option<&TreePath>, point: Option<Point>) -> bool {
        let in_area =
            area_path.is_some_and(|path| self.area_paths.iter().any(|top| top.contains(path)));
        in_area
            || match (&self.boundary, point) {
                (Some(boundary), Some(point)) => boundary.holds(point),
                _ => false,
            }
    }
}
