//! Where a point lies, in memory: from a place to the deepest area whose outline holds it.
//!
//! One [`layer`](Layer) a level of the tree, asked from the deepest up. A layer is a grid of cells; a cell knows the area that fills
//! it, or the few whose outlines pass through it, so that most questions are answered by one look and the others by counting the
//! crossings of a few edges. A point on an edge shared by two areas belongs to exactly one of them: crossings are decided exactly
//! (adaptive precision) and half-open, and an edge is the same edge from both sides.
//!
//! Not here: what an area is (see `model`), and guesses for areas without an outline (see `AreaTree`).

mod layer;
mod shape;

pub use layer::Layer;
pub(crate) use shape::{holds, whole};

use crate::Boundary;
use base::{AreaLevel, Point};

/// All outlines, by level.
#[derive(Debug, Default)]
pub struct SpatialIndex {
    /// From the deepest level up.
    layers: Vec<(Layer, Vec<u32>)>,
}

impl SpatialIndex {
    /// Builds the index. `outlines` are given in order of precedence: where outlines of one level overlap, the first wins.
    /// What is found is the place in this list.
    pub fn build<'a>(outlines: impl IntoIterator<Item = (AreaLevel, &'a Boundary)>) -> Self {
        let mut by_level: std::collections::BTreeMap<AreaLevel, (Vec<&Boundary>, Vec<u32>)> =
            std::collections::BTreeMap::new();
        for (number, (level, boundary)) in (0_u32..).zip(outlines) {
            let (boundaries, numbers) = by_level.entry(level).or_default();
            boundaries.push(boundary);
            numbers.push(number);
        }
        let layers = by_level
            .into_values()
            .rev()
            .map(|(boundaries, numbers)| (Layer::build(&boundaries), numbers))
            .collect();
        Self { layers }
    }

    /// The deepest outline that holds `point`, as its place in the list the index was built from.
    pub fn find(&self, point: Point) -> Option<u32> {
        self.layers
            .iter()
            .find_map(|(layer, numbers)| numbers.get(layer.find(point)? as usize).copied())
    }
}
