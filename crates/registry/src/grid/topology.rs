//! How well the grids of an area cover it: where two overlap, what none covers, what of them lies outside.

use super::Plane;
use crate::Boundary;
use base::{AreaCode, Id, Point};
use geo::{Area as _, BooleanOps, BoundingRect, Coord, MultiPolygon, Polygon, Rect, unary_union};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

/// Two grids in each other's way.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlap {
    /// The one that comes first.
    pub first: AreaCode,
    /// The other.
    pub second: AreaCode,
    /// How much both cover, square metres.
    pub area_m2: f64,
    /// That, as a part of the smaller of the two.
    pub share: f64,
}

/// A piece of the area that no grid covers.
#[derive(Clone, Debug, PartialEq)]
pub struct Gap {
    /// Its size, square metres.
    pub area_m2: f64,
    /// The middle of the box around it.
    pub at: Point,
    /// The grids next to it.
    pub beside: Vec<AreaCode>,
}

/// A grid that reaches beyond its area.
#[derive(Clone, Debug, PartialEq)]
pub struct Outside {
    /// Which.
    pub code: AreaCode,
    /// How much of it lies outside, square metres.
    pub area_m2: f64,
    /// That, as a part of the grid.
    pub share: f64,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GridCheck {
    /// How many grids were looked at.
    pub grids: usize,
    /// The size of the area, square metres; none when its outline is not known.
    pub area_m2: Option<f64>,
    /// What the grids cover together, square metres.
    pub covered_m2: f64,
    /// Overlaps of more than the tolerance, in the order of the grids; where asked for those with grids of other villages after them.
    pub overlaps: Vec<Overlap>,
    /// Gaps of more than the tolerance, the largest first.
    pub gaps: Vec<Gap>,
    /// Grids that reach outside by more than the tolerance, in their order.
    pub outside: Vec<Outside>,
}

impl GridCheck {
    /// Whether there is nothing to complain of.
    pub fn is_clean(&self) -> bool {
        self.overlaps.is_empty() && self.gaps.is_empty() && self.outside.is_empty()
    }

    /// All gaps together, square metres.
    pub fn gaps_m2(&self) -> f64 {
        self.gaps.iter().map(|gap| gap.area_m2).sum()
    }

    /// All overlaps together, square metres.
    pub fn overlaps_m2(&self) -> f64 {
        self.overlaps.iter().map(|overlap| overlap.area_m2).sum()
    }
}

/// How near a grid must be to a gap to stand beside it, metres.
const BESIDE_M: f64 = 0.5;

/// Checks grids against each other and, where it is known, against the outline of their area. What is smaller than `tolerance_m2` is
/// not told: drawing programs round corners.
pub fn check(
    area: Option<&Boundary>,
    grids: &[(AreaCode, &Boundary)],
    tolerance_m2: f64,
) -> GridCheck {
    let Some(plane) = area
        .or_else(|| grids.first().map(|(_, boundary)| *boundary))
        .map(Plane::of)
    else {
        return GridCheck::default();
    };
    let shapes: Vec<Shape> = grids
        .iter()
        .filter_map(|(code, boundary)| Shape::new(*code, plane.metres(&boundary.shape())))
        .collect();
    let whole = unary_union(shapes.iter().map(|shape| &shape.surface));
    let area = area.map(|area| plane.metres(&area.shape()));
    let uncovered = match &area {
        Some(area) => area.difference(&whole),
        // Without an outline only what the grids enclose can be told.
        None => whole
            .iter()
            .flat_map(Polygon::interiors)
            .map(|hole| Polygon::new(hole.clone(), Vec::new()))
            .collect(),
    };
    GridCheck {
        grids: grids.len(),
        area_m2: area.as_ref().map(MultiPolygon::unsigned_area),
        covered_m2: whole.unsigned_area(),
        overlaps: overlaps(&shapes, tolerance_m2),
        gaps: gaps(&uncovered, &shapes, &plane, tolerance_m2),
        outside: area.map_or_else(Vec::new, |area| outside(&area, &shapes, tolerance_m2)),
    }
}

/// A grid in metres with the box around it.
struct Shape {
    code: AreaCode,
    frame: Rect<f64>,
    surface: MultiPolygon<f64>,
    area_m2: f64,
}

impl Shape {
    fn new(code: AreaCode, shape: MultiPolygon<f64>) -> Option<Self> {
        Some(Self {
            code,
            frame: shape.bounding_rect()?,
            area_m2: shape.unsigned_area(),
            surface: shape,
        })
    }
}

/// Whether two boxes have more than a border in common, or come as near as `margin`.
fn meet(a: &Rect<f64>, b: &Rect<f64>, margin: f64) -> bool {
    a.min().x < b.max().x + margin
        && b.min().x < a.max().x + margin
        && a.min().y < b.max().y + margin
        && b.min().y < a.max().y + margin
}

/// The pairs of boxes that meet, each box after its first and none before `from` the second; in the order of the second ones.
fn meeting(frames: &[Rect<f64>], from: usize) -> Vec<(usize, usize)> {
    let corners = |frame: &Rect<f64>| {
        let (least, greatest) = (frame.min(), frame.max());
        ([least.x, least.y], [greatest.x, greatest.y])
    };
    let boxes = frames.iter().enumerate().map(|(number, frame)| {
        let (least, greatest) = corners(frame);
        GeomWithData::new(Rectangle::from_corners(least, greatest), number)
    });
    let boxes = RTree::bulk_load(boxes.collect());
    let mut pairs = Vec::new();
    for (second, frame) in frames.iter().enumerate().skip(from) {
        let (least, greatest) = corners(frame);
        let near = boxes.locate_in_envelope_intersecting(&AABB::from_corners(least, greatest));
        pairs.extend(
            near.map(|other| other.data)
                .filter(|first| *first < second)
                .filter(|first| frames.get(*first).is_some_and(|f| meet(f, frame, 0.0)))
                .map(|first| (first, second)),
        );
    }
    pairs.sort_unstable_by_key(|(first, second)| (*second, *first));
    pairs
}

fn overlap(first: &Shape, second: &Shape, tolerance_m2: f64) -> Option<Overlap> {
    let area_m2 = first.surface.intersection(&second.surface).unsigned_area();
    (area_m2 > tolerance_m2).then(|| Overlap {
        first: first.code,
        second: second.code,
        area_m2,
        share: area_m2 / first.area_m2.min(second.area_m2).max(f64::MIN_POSITIVE),
    })
}

fn overlaps(shapes: &[Shape], tolerance_m2: f64) -> Vec<Overlap> {
    let frames: Vec<Rect<f64>> = shapes.iter().map(|shape| shape.frame).collect();
    let pairs = meeting(&frames, 0).into_iter();
    pairs
        .filter_map(|(first, second)| {
            overlap(shapes.get(first)?, shapes.get(second)?, tolerance_m2)
        })
        .collect()
}

/// A grid among those of other villages.
#[derive(Clone, Copy, Debug)]
pub struct VillageGrid<'a> {
    /// Whose it is.
    pub village_id: Option<Id>,
    /// Its code.
    pub code: AreaCode,
    /// Its outline.
    pub boundary: &'a Boundary,
}

/// Where grids from `from` on overlap grids of other villages before them, by more than the tolerance; in the order of the later
/// ones. The work grows with the grids and with the borders of villages, whatever their number.
pub fn overlaps_across(grids: &[VillageGrid<'_>], from: usize, tolerance_m2: f64) -> Vec<Overlap> {
    let frame = |grid: &VillageGrid<'_>| {
        let [west, south, east, north] = grid.boundary.frame().unwrap_or_default();
        Rect::new((west, south), (east, north))
    };
    let frames: Vec<Rect<f64>> = grids.iter().map(frame).collect();
    let pairs = meeting(&frames, from).into_iter();
    pairs
        .filter_map(|(first, second)| {
            let (first, second) = (grids.get(first)?, grids.get(second)?);
            if first.village_id == second.village_id {
                return None;
            }
            let plane = Plane::of(second.boundary);
            let shape = |grid: &VillageGrid<'_>| {
                Shape::new(grid.code, plane.metres(&grid.boundary.shape()))
            };
            overlap(&shape(first)?, &shape(second)?, tolerance_m2)
        })
        .collect()
}

fn gaps(
    uncovered: &MultiPolygon<f64>,
    shapes: &[Shape],
    plane: &Plane,
    tolerance_m2: f64,
) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = uncovered
        .iter()
        .filter_map(|gap| {
            let (area_m2, frame) = (gap.unsigned_area(), gap.bounding_rect()?);
            let beside = shapes.iter().filter(|shape| {
                meet(&shape.frame, &frame, BESIDE_M) && is_beside(&shape.surface, gap)
            });
            let at: Coord<f64> = plane.degrees(frame.center());
            (area_m2 > tolerance_m2).then(|| Gap {
                area_m2,
                at: Point {
                    lon: at.x,
                    lat: at.y,
                },
                beside: beside.map(|shape| shape.code).collect(),
            })
        })
        .collect();
    gaps.sort_by(|a, b| b.area_m2.total_cmp(&a.area_m2));
    gaps
}

/// Whether a grid comes within [`BESIDE_M`] of a gap.
fn is_beside(shape: &MultiPolygon<f64>, gap: &Polygon<f64>) -> bool {
    use geo::{Distance, Euclidean};
    Euclidean.distance(shape, gap) <= BESIDE_M
}

fn outside(area: &MultiPolygon<f64>, shapes: &[Shape], tolerance_m2: f64) -> Vec<Outside> {
    shapes
        .iter()
        .filter_map(|shape| {
            let area_m2 = shape.surface.difference(area).unsigned_area();
            (area_m2 > tolerance_m2).then(|| Outside {
                code: shape.code,
                area_m2,
                share: area_m2 / shape.area_m2.max(f64::MIN_POSITIVE),
            })
        })
        .collect()
}
