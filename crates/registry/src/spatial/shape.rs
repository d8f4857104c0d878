//! Outlines prepared for the question "is this point inside", all in a few flat arrays.

use crate::Boundary;
use base::Point;
use geo::{Coord, GeoNum, Kernel, Orientation};

/// Outlines with up to this many edges are not cut into slabs.
const EDGES_WITHOUT_SLABS: usize = 12;
/// Wanted edges in a slab.
const EDGES_PER_SLAB: usize = 4;
/// Copies of edges allowed per edge, so that a zigzag outline does not take all memory.
const COPIES_MAX: usize = 6;

/// An edge that is not horizontal, its lower end first, so that it is the same edge from both its sides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    low: Coord<f64>,
    high: Coord<f64>,
}

impl Edge {
    fn new(a: Coord<f64>, b: Coord<f64>) -> Option<Self> {
        if a.y < b.y {
            Some(Self { low: a, high: b })
        } else if b.y < a.y {
            Some(Self { low: b, high: a })
        } else {
            None
        }
    }

    /// Whether a ray from the point to the east crosses the edge. Half-open in latitude; a point on the edge is west of nothing.
    #[inline]
    fn is_crossed_from(&self, point: Coord<f64>) -> bool {
        if point.y < self.low.y || point.y >= self.high.y {
            return false;
        }
        if point.x < self.low.x.min(self.high.x) {
            return true;
        }
        if point.x > self.low.x.max(self.high.x) {
            return false;
        }
        <f64 as GeoNum>::Ker::orient2d(self.low, self.high, point) == Orientation::CounterClockwise
    }
}

/// Where one outline's edges are.
#[derive(Clone, Debug)]
enum Outline {
    /// In slabs of latitude.
    Slabs(Slabs),
    /// Where the outline itself is: it has so few that all are looked at.
    Few(Boundary),
}

/// The slabs of one outline.
#[derive(Clone, Copy, Debug)]
struct Slabs {
    south: f64,
    per_degree: f64,
    /// Index of the first slab; the slab after the last is a mark for its end.
    first: u32,
    /// How many there are, less one.
    last: u32,
}

/// Outlines of a layer.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    outlines: Vec<Outline>,
    slabs: Vec<u32>,
    edges: Vec<Edge>,
}

impl Shapes {
    /// Adds an outline; its number is one more than that of the one before.
    pub(super) fn push(&mut self, boundary: &Boundary) {
        if segments(boundary).count() <= EDGES_WITHOUT_SLABS {
            self.outlines.push(Outline::Few(boundary.clone()));
            return;
        }
        let edges: Vec<Edge> = segments(boundary)
            .filter_map(|(a, b)| Edge::new(a, b))
            .collect();
        let south = edges.iter().map(|e| e.low.y).fold(f64::INFINITY, f64::min);
        let north = edges
            .iter()
            .map(|e| e.high.y)
            .fold(f64::NEG_INFINITY, f64::max);
        let mut count = (edges.len() / EDGES_PER_SLAB).clamp(1, 4096);
        let placed = loop {
            let scale = if north > south {
                count as f64 / (north - south)
            } else {
                0.0
            };
            let span = |edge: &Edge| {
                (
                    slab_of(edge.low.y, south, scale, count),
                    slab_of(edge.high.y, south, scale, count),
                )
            };
            let copies: usize = edges.iter().map(span).map(|(from, to)| to - from + 1).sum();
            if count == 1 || copies <= edges.len() * COPIES_MAX {
                let mut slabs = vec![Vec::new(); count];
                for edge in &edges {
                    let (from, to) = span(edge);
                    for slab in slabs.iter_mut().take(to + 1).skip(from) {
                        slab.push(*edge);
                    }
                }
                break (scale, slabs);
            }
            count = (count / 2).max(1);
        };
        let (slabs_per_degree, slabs) = placed;
        self.outlines.push(Outline::Slabs(Slabs {
            south,
            per_degree: slabs_per_degree,
            first: small(self.slabs.len()),
            last: small(slabs.len().saturating_sub(1)),
        }));
        for slab in slabs {
            self.slabs.push(small(self.edges.len()));
            self.edges.extend(slab);
        }
        self.slabs.push(small(self.edges.len()));
    }

    /// Gives back what was taken in advance.
    pub(super) fn shrink(&mut self) {
        self.outlines.shrink_to_fit();
        self.slabs.shrink_to_fit();
        self.edges.shrink_to_fit();
    }

    /// Whether outline `number` holds the point.
    #[inline]
    pub(super) fn holds(&self, number: u32, point: Point) -> bool {
        let slabs = match self.outlines.get(number as usize) {
            Some(Outline::Slabs(slabs)) => slabs,
            Some(Outline::Few(boundary)) => return holds(boundary, point),
            None => return false,
        };
        let point = Coord {
            x: point.lon,
            y: point.lat,
        };
        let slab = slab_of(
            point.y,
            slabs.south,
            slabs.per_degree,
            slabs.last as usize + 1,
        ) + slabs.first as usize;
        let (Some(from), Some(to)) = (self.slabs.get(slab), self.slabs.get(slab + 1)) else {
            return false;
        };
        self.edges
            .get(*from as usize..*to as usize)
            .unwrap_or_default()
            .iter()
            .fold(false, |inside, edge| inside ^ edge.is_crossed_from(point))
    }
}

/// Whether an outline holds a point, without preparing anything: every edge is looked at.
pub(crate) fn holds(boundary: &Boundary, point: Point) -> bool {
    let point = Coord {
        x: point.lon,
        y: point.lat,
    };
    segments(boundary)
        .filter_map(|(a, b)| Edge::new(a, b))
        .fold(false, |inside, edge| inside ^ edge.is_crossed_from(point))
}

/// The slab of a latitude, the nearest one for what lies outside. Rises with the latitude, so an edge's slabs hold all its points.
#[inline]
fn slab_of(latitude: f64, south: f64, slabs_per_degree: f64, count: usize) -> usize {
    whole((latitude - south) * slabs_per_degree).min(count - 1)
}

/// Rounds down to a whole number from zero; what is negative or not a number is zero.
#[inline]
pub(crate) fn whole(value: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, which is what is wanted"
    )]
    {
        value as usize
    }
}

/// A count as 32 bits; the layers are far smaller than that.
pub(super) fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The two ends of every edge of an outline.
pub(super) fn segments(boundary: &Boundary) -> impl Iterator<Item = (Coord<f64>, Coord<f64>)> {
    boundary.rings().flat_map(|ring| {
        let corners = ring.corners();
        corners.clone().zip(corners.skip(1))
    })
}
