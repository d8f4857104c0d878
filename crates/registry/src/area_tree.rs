//! All areas in memory: by id, code, path and place. Pure; rebuilt when areas change.

use crate::Boundary;
use crate::grid::VillageGrid;
use crate::model::Area;
use crate::spatial::SpatialIndex;
use base::geo::{Point, distance_m};
use base::{AreaCode, AreaLevel, Id, TreePath};
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The tree of areas. Those that ended are found by id, path and (where it says so) code, so that what lay in them still names them; no
/// place lies in them any more, and nothing new is given to them.
#[derive(Debug, Default)]
pub struct AreaTree {
    /// By path.
    areas: Vec<Arc<Area>>,
    /// Numbers in the order of ids, and in that of codes: a table of 70,000 grids takes a sixth of what a hash table would.
    by_id: Vec<u32>,
    by_code: Vec<u32>,
    children: HashMap<Option<Id>, Vec<u32>>,
    /// Of areas whose place others took, those.
    successors: HashMap<Id, Vec<u32>>,
    index: SpatialIndex,
    /// From the outlines of the index to areas.
    outlined: Vec<u32>,
    /// The box around each of those, rounded outwards: west, south, east, north.
    frames: Vec<[f32; 4]>,
    /// For each area, children known by their centre only.
    centred: HashMap<u32, CentredChildren>,
}

/// Where a point lies.
#[derive(Clone, Debug, PartialEq)]
pub struct AreaHit {
    /// The deepest area known to hold the point, or likely to.
    pub area: Arc<Area>,
    /// True when the last steps down were to the nearest centre, because no outlines are known there: likely, not certain.
    pub nearest_centre: bool,
    /// How far that centre is, metres.
    pub distance_m: Option<f64>,
}

/// Children of one area that have a centre and no outline.
#[derive(Debug, Default)]
struct CentredChildren {
    centres: Vec<(Point, u32)>,
    /// Whether every child has a centre or an outline.
    is_complete: bool,
}

impl CentredChildren {
    fn nearest(&self, point: Point) -> Option<(Point, u32)> {
        // Over some kilometres a plane will do for comparing.
        let shrink = point.lat.to_radians().cos();
        let square = |centre: Point| {
            let (x, y) = ((centre.lon - point.lon) * shrink, centre.lat - point.lat);
            x * x + y * y
        };
        let mut best: Option<(f64, Point, u32)> = None;
        for (centre, child) in &self.centres {
            let distance = square(*centre);
            if best.is_none_or(|(least, ..)| distance < least) {
                best = Some((distance, *centre, *child));
            }
        }
        best.map(|(_, centre, child)| (centre, child))
    }
}

/// The box around an outline in half the bits, none of it lost.
fn rounded_frame(boundary: &Boundary) -> [f32; 4] {
    /// More than rounding takes away at 180 degrees.
    const MARGIN: f64 = 2e-5;
    let [west, south, east, north] = boundary.frame().unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, reason = "the margin is wider")]
    [
        (west - MARGIN) as f32,
        (south - MARGIN) as f32,
        (east + MARGIN) as f32,
        (north + MARGIN) as f32,
    ]
}

impl AreaTree {
    /// A tree of these areas, in any order. Where outlines of one level overlap, the first by path is found.
    pub fn new(areas: Vec<Area>) -> Self {
        Self::of(areas.into_iter().map(Arc::new).collect())
    }

    /// The same of areas that may be shared with another tree.
    pub(crate) fn of(mut areas: Vec<Arc<Area>>) -> Self {
        areas.sort_by(|a, b| a.path.cmp(&b.path));
        let numbered = || (0_u32..).zip(&areas);
        let mut children: HashMap<Option<Id>, Vec<u32>> = HashMap::new();
        let mut successors: HashMap<Id, Vec<u32>> = HashMap::new();
        for (number, area) in numbered() {
            children.entry(area.parent_id).or_default().push(number);
            for before in &area.succeeds {
                successors.entry(*before).or_default().push(number);
            }
        }
        let sorted_by = |compare: &dyn Fn(&Area, &Area) -> Ordering| {
            let mut numbers: Vec<(u32, &Arc<Area>)> = numbered().collect();
            numbers.sort_by(|a, b| compare(a.1, b.1));
            numbers
                .into_iter()
                .map(|(number, _)| number)
                .collect::<Vec<u32>>()
        };
        let by_id = sorted_by(&|a, b| a.id.cmp(&b.id));
        let by_code = sorted_by(&|a, b| a.code.cmp(&b.code));
        let number_of = |id: Id| {
            let place = by_id.binary_search_by_key(&Some(id), |number| {
                areas.get(*number as usize).map(|area| area.id)
            });
            by_id.get(place.ok()?).copied()
        };
        let with_outline = || {
            numbered()
                .filter(|(_, area)| area.is_in_force())
                .filter_map(|(number, area)| Some((number, area, area.boundary.as_deref()?)))
        };
        let index =
            SpatialIndex::build(with_outline().map(|(_, area, boundary)| (area.level, boundary)));
        let outlined = with_outline().map(|(number, ..)| number).collect();
        let frames = with_outline()
            .map(|(.., boundary)| rounded_frame(boundary))
            .collect();
        let mut centred = HashMap::new();
        for (parent, members) in &children {
            let Some(parent) = parent.and_then(number_of) else {
                continue;
            };
            let mut found = CentredChildren {
                is_complete: true,
                ..CentredChildren::default()
            };
            let known = members
                .iter()
                .filter_map(|child| Some((child, areas.get(*child as usize)?)));
            for (child, area) in known.filter(|(_, area)| area.is_in_force()) {
                match (area.boundary.is_some(), area.centre) {
                    (false, Some(centre)) => found.centres.push((centre, *child)),
                    (true, _) => {}
                    (false, None) => found.is_complete = false,
                }
            }
            if !found.centres.is_empty() {
                centred.insert(parent, found);
            }
        }
        Self {
            areas,
            by_id,
            by_code,
            children,
            successors,
            index,
            outlined,
            frames,
            centred,
        }
    }

    fn get(&self, number: Option<&u32>) -> Option<&Arc<Area>> {
        self.areas.get(*number? as usize)
    }

    /// How many areas.
    pub fn len(&self) -> usize {
        self.areas.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.areas.is_empty()
    }

    /// Whether the outline of any area is known.
    pub fn has_outlines(&self) -> bool {
        !self.outlined.is_empty()
    }

    /// The areas whose outline's box meets a box of west, south, east, north; in the order of paths.
    pub fn outlined_within(&self, frame: [f64; 4]) -> impl Iterator<Item = &Arc<Area>> {
        let [west, south, east, north] = frame;
        let near = self
            .outlined
            .iter()
            .zip(&self.frames)
            .filter(move |(_, frame)| {
                let [w, s, e, n] = frame.map(f64::from);
                w <= east && e >= west && s <= north && n >= south
            });
        near.filter_map(|(number, _)| self.get(Some(number)))
            .filter(move |area| {
                let exact = area.boundary.as_ref().and_then(|boundary| boundary.frame());
                exact.is_some_and(|[w, s, e, n]| w <= east && e >= west && s <= north && n >= south)
            })
    }

    /// The unit grids that may come in the way of any of these outlines; in the order of paths.
    pub(crate) fn grids_about<'a, 'b>(
        &'a self,
        outlines: impl Iterator<Item = &'b Boundary>,
    ) -> impl Iterator<Item = VillageGrid<'a>> {
        let frame = outlines.filter_map(Boundary::frame).reduce(|a, b| {
            let [west, south, east, north] = a;
            let [w, s, e, n] = b;
            [west.min(w), south.min(s), east.max(e), north.max(n)]
        });
        frame
            .into_iter()
            .flat_map(|frame| self.outlined_within(frame))
            .filter(|area| area.level == AreaLevel::Grid)
            .filter_map(|grid| {
                Some(VillageGrid {
                    village_id: grid.parent_id,
                    code: grid.code,
                    boundary: grid.boundary.as_deref()?,
                })
            })
    }

    /// All areas there ever were, parents before children.
    pub fn areas(&self) -> &[Arc<Area>] {
        &self.areas
    }

    /// The area with this id.
    pub fn by_id(&self, id: Id) -> Option<&Arc<Area>> {
        let place = self.by_id.binary_search_by_key(&Some(id), |number| {
            self.get(Some(number)).map(|area| area.id)
        });
        self.get(self.by_id.get(place.ok()?))
    }

    /// The area in force with this division code.
    pub fn by_code(&self, code: AreaCode) -> Option<&Arc<Area>> {
        self.by_code_ever(code).filter(|area| area.is_in_force())
    }

    /// The area that has this division code or had it: a code is given once.
    pub fn by_code_ever(&self, code: AreaCode) -> Option<&Arc<Area>> {
        let place = self.by_code.binary_search_by_key(&Some(code), |number| {
            self.get(Some(number)).map(|area| area.code)
        });
        self.get(self.by_code.get(place.ok()?))
    }

    /// The area at this path.
    pub fn by_path(&self, path: &TreePath) -> Option<&Arc<Area>> {
        let place = self
            .areas
            .binary_search_by(|area| area.path.cmp(path))
            .ok()?;
        self.areas.get(place)
    }

    /// The children in force of an area, or the roots; in the order of their paths.
    pub fn children(&self, parent_id: Option<Id>) -> impl Iterator<Item = &Arc<Area>> {
        self.children_ever(parent_id)
            .filter(|area| area.is_in_force())
    }

    /// The same with those that ended.
    pub fn children_ever(&self, parent_id: Option<Id>) -> impl Iterator<Item = &Arc<Area>> {
        self.children
            .get(&parent_id)
            .into_iter()
            .flatten()
            .filter_map(|number| self.get(Some(number)))
    }

    /// What is in force of an area's subtree, itself first; in the order of paths.
    pub fn below(&self, path: &TreePath) -> impl Iterator<Item = &Arc<Area>> {
        let from = self.areas.partition_point(|area| area.path < *path);
        let path = path.clone();
        self.areas
            .iter()
            .skip(from)
            .take_while(move |area| path.contains(&area.path))
            .filter(|area| area.is_in_force())
    }

    /// The areas that took the place of one.
    pub fn successors(&self, id: Id) -> impl Iterator<Item = &Arc<Area>> {
        let numbers = self.successors.get(&id).into_iter().flatten();
        numbers.filter_map(|number| self.get(Some(number)))
    }

    /// Whether an area is `first`, or took its place, or the place of what took it.
    pub(crate) fn came_after(&self, id: Id, first: Id) -> bool {
        let (mut next, mut seen) = (vec![id], HashSet::new());
        while let Some(id) = next.pop() {
            if id == first {
                return true;
            }
            if seen.insert(id) {
                next.extend(self.by_id(id).iter().flat_map(|area| &area.succeeds));
            }
        }
        false
    }

    /// The area in force that a path stands for now: its own; of an ended area the one in whose outline `point` lies, where a point
    /// is known, else the only one that took its place. None when that cannot be told.
    pub fn in_force(&self, path: &TreePath, point: Option<Point>) -> Option<&Arc<Area>> {
        let mut area = self.by_path(path)?;
        // What took a place may itself have ended since; nothing takes the place of itself.
        for _ in 0..self.areas.len() {
            if area.is_in_force() {
                return Some(area);
            }
            if let Some(hit) = point.and_then(|point| self.area_at(point)) {
                return self.by_id(hit.area.id);
            }
            let mut after = self.successors(area.id);
            area = after.next().filter(|_| after.next().is_none())?;
        }
        None
    }

    /// From the root down to the area itself.
    pub fn line(&self, path: &TreePath) -> Vec<&Arc<Area>> {
        path.ancestors()
            .filter_map(|path| self.by_path(&path))
            .collect()
    }

    /// The deepest area that holds a point. Where the children of that area have no outlines but centres, the one with the
    /// nearest centre is given and marked so; from there on down only where the centres of all children are known.
    pub fn area_at(&self, point: Point) -> Option<AreaHit> {
        let outline = self.index.find(point)?;
        let mut number = *self.outlined.get(outline as usize)?;
        let mut nearest = None;
        if !self.centred.is_empty() {
            while let Some(children) = self.centred.get(&number) {
                if nearest.is_some() && !children.is_complete {
                    break;
                }
                let Some((centre, child)) = children.nearest(point) else {
                    break;
                };
                nearest = Some(centre);
                number = child;
            }
        }
        Some(AreaHit {
            area: self.get(Some(&number))?.clone(),
            nearest_centre: nearest.is_some(),
            distance_m: nearest.map(|centre| distance_m(point, centre)),
        })
    }
}
