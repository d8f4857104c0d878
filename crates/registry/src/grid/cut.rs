//! Cutting an area into unit grids of about a hectare (万米网格): a lattice of cells along parallels and meridians, clipped to the
//! outline, slivers joined to the neighbour they share the longest border with, in reading order (from the west to the east, from
//! the north to the south). The same outline is always cut the same way.

use super::join::{edges, join, key};
use super::split::{Line, split};
use super::{Plane, Ring, doubled_area, polygons_of, rings_of};
use crate::Boundary;
use geo::{BoundingRect, Rect};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use thiserror::Error;

/// How an area is cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CutOptions {
    /// The size of a whole cell, square metres; GB/T 30428.1 has about 10,000.
    pub cell_m2: f64,
    /// A piece smaller than this part of a whole cell is joined to a neighbour.
    pub sliver_share: f64,
    /// The most grids an area may have: three digits number them.
    pub grids_max: usize,
}

impl Default for CutOptions {
    /// A hectare; less than half of one is no grid of its own; 999 at the most.
    fn default() -> Self {
        Self {
            cell_m2: 10_000.0,
            sliver_share: 0.5,
            grids_max: 999,
        }
    }
}

/// An area, cut.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// The grids in reading order.
    pub grids: Vec<Boundary>,
    /// The size of a whole cell, square metres: larger than asked for where there would have been too many grids.
    pub cell_m2: f64,
}

/// Why an area cannot be cut.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum CutError {
    /// The lattice would have more cells than is sensible.
    #[error("the area is too large to be cut at once: {0} cells")]
    TooManyCells(usize),
    /// Its corners lie closer to each other than numbers can tell, however the lattice is laid.
    #[error("the outline has corners too close to each other to be cut")]
    TooFine,
}

/// Cells of a lattice that are worked on at once, at most.
const CELLS_MAX: usize = 4_000_000;
/// How often the lattice is shifted when its lines hit corners.
const SHIFTS_MAX: u32 = 8;
/// By how much of a cell it is then shifted: about a tenth of a millimetre.
const SHIFT: f64 = 1e-6;
/// How much larger the cells become each time when there are too many grids.
const GROWTH: f64 = 1.05;

/// Cuts an area into grids.
pub fn cut(area: &Boundary, options: &CutOptions) -> Result<Cut, CutError> {
    let mut cell_m2 = options.cell_m2.max(1.0);
    loop {
        let grids = cut_once(area, cell_m2, options.sliver_share)?;
        if grids.len() <= options.grids_max {
            return Ok(Cut { grids, cell_m2 });
        }
        cell_m2 *= (grids.len() as f64 / options.grids_max.max(1) as f64).clamp(1.01, GROWTH);
    }
}

/// The lines of a lattice over a frame.
struct Lattice {
    frame: Rect<f64>,
    columns: usize,
    rows: usize,
    cell_m2: f64,
}

impl Lattice {
    fn over(frame: Rect<f64>, plane: &Plane, cell_m2: f64) -> Self {
        let side = cell_m2.sqrt();
        let count = |span_m: f64| crate::spatial::whole((span_m / side).round()).max(1);
        let (columns, rows) = (
            count(frame.width() * plane.east_m),
            count(frame.height() * plane.north_m),
        );
        let whole_m2 = frame.width() * plane.east_m * frame.height() * plane.north_m;
        Self {
            frame,
            columns,
            rows,
            cell_m2: whole_m2 / (columns as f64 * rows as f64),
        }
    }

    /// The inner lines, in the order they are cut along: from the north to the south and from the west to the east.
    fn parallels(&self, shift: f64) -> impl Iterator<Item = Line> {
        let (north, step) = (self.frame.max().y, self.frame.height() / self.rows as f64);
        (1..self.rows).map(move |row| Line::Parallel(north - (row as f64 + shift) * step))
    }

    fn meridians(&self, shift: f64) -> impl Iterator<Item = Line> {
        let (west, step) = (self.frame.min().x, self.frame.width() / self.columns as f64);
        (1..self.columns).map(move |column| Line::Meridian(west + (column as f64 + shift) * step))
    }
}

/// What one cell has of the area, in one piece.
struct Piece {
    row: usize,
    column: usize,
    rings: Vec<Ring>,
    /// Square degrees.
    size: f64,
}

fn cut_once(area: &Boundary, cell_m2: f64, sliver_share: f64) -> Result<Vec<Boundary>, CutError> {
    let shape = area.shape();
    let Some(frame) = shape.bounding_rect() else {
        return Ok(Vec::new());
    };
    let plane = Plane::of(area);
    let lattice = Lattice::over(frame, &plane, cell_m2);
    let cells = lattice.columns.saturating_mul(lattice.rows);
    if cells > CELLS_MAX {
        return Err(CutError::TooManyCells(cells));
    }
    let sliver = sliver_share * lattice.cell_m2 / (plane.east_m * plane.north_m);
    (0..SHIFTS_MAX)
        .find_map(|attempt| {
            let shift = f64::from(attempt) * SHIFT;
            let pieces = pieces(rings_of(&shape), &lattice, shift)?;
            let groups = grouped(&pieces, sliver);
            groups
                .iter()
                .map(|members| {
                    let members = members.iter().filter_map(|number| pieces.get(*number));
                    let rings = join(members.map(|piece| &piece.rings))?;
                    Boundary::new(polygons_of(rings)).ok()
                })
                .collect::<Option<Vec<_>>>()
        })
        .ok_or(CutError::TooFine)
}

/// What the cells have of an area, in reading order. None when a line hits it badly.
fn pieces(area: Vec<Ring>, lattice: &Lattice, shift: f64) -> Option<Vec<Piece>> {
    let corners: BTreeSet<(u64, u64)> = area
        .iter()
        .flatten()
        .map(|corner| (corner.x.to_bits(), corner.y.to_bits()))
        .collect();
    let longitudes: BTreeSet<u64> = corners.iter().map(|corner| corner.0).collect();
    let latitudes: BTreeSet<u64> = corners.iter().map(|corner| corner.1).collect();
    let hits = |line: &Line| match line {
        Line::Parallel(at) => latitudes.contains(&at.to_bits()),
        Line::Meridian(at) => longitudes.contains(&at.to_bits()),
    };
    let parallels: Vec<Line> = lattice.parallels(shift).collect();
    let meridians: Vec<Line> = lattice.meridians(shift).collect();
    if parallels.iter().chain(&meridians).any(hits) {
        return None;
    }
    let mut found = Vec::new();
    let mut rest = area;
    for row in 0..lattice.rows {
        let mut strip = match parallels.get(row) {
            Some(line) => {
                let (south, north) = split(rest, *line)?;
                rest = south;
                north
            }
            None => std::mem::take(&mut rest),
        };
        for column in 0..lattice.columns {
            let cell = match meridians.get(column) {
                Some(line) => {
                    let (west, east) = split(strip, *line)?;
                    strip = east;
                    west
                }
                None => std::mem::take(&mut strip),
            };
            found.extend(parted(cell).map(|(rings, size)| Piece {
                row,
                column,
                rings,
                size,
            }));
            if strip.is_empty() {
                break;
            }
        }
    }
    Some(found)
}

/// The separate parts of what a cell has, with their size in square degrees.
fn parted(rings: Vec<Ring>) -> impl Iterator<Item = (Vec<Ring>, f64)> {
    let shells = rings.iter().filter(|ring| doubled_area(ring) > 0.0).count();
    let parts: Vec<Vec<Ring>> = if shells < 2 {
        vec![rings]
    } else {
        polygons_of(rings)
            .into_iter()
            .map(|polygon| rings_of(&geo::MultiPolygon(vec![polygon])))
            .collect()
    };
    parts.into_iter().filter_map(|rings| {
        let size: f64 = rings.iter().map(|ring| doubled_area(ring) / 2.0).sum();
        (size > 0.0).then_some((rings, size))
    })
}

/// Which pieces make one grid: a sliver goes to the neighbour it shares the longest border with, the smallest sliver first. Groups are
/// in reading order of their largest pieces; a sliver without neighbours (an islet) stays alone.
fn grouped(pieces: &[Piece], sliver: f64) -> Vec<Vec<usize>> {
    let mut sizes: Vec<f64> = pieces.iter().map(|piece| piece.size).collect();
    let mut members: Vec<Vec<usize>> = (0..pieces.len()).map(|number| vec![number]).collect();
    let mut borders = borders(pieces);
    let mut slivers: BTreeSet<(u64, usize)> = (0..)
        .zip(&sizes)
        .filter(|(_, size)| **size < sliver)
        .map(|(number, size)| (size.to_bits(), number))
        .collect();
    while let Some((_, small)) = slivers.pop_first() {
        let taken = borders
            .get_mut(small)
            .map(std::mem::take)
            .unwrap_or_default();
        let Some(home) = taken
            .iter()
            .max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(a.0)))
            .map(|(home, _)| *home)
        else {
            continue;
        };
        for (other, length) in taken {
            if let Some(theirs) = borders.get_mut(other) {
                theirs.remove(&small);
                if other != home {
                    *theirs.entry(home).or_default() += length;
                }
            }
            if other != home
                && let Some(ours) = borders.get_mut(home)
            {
                *ours.entry(other).or_default() += length;
            }
        }
        let moved = members
            .get_mut(small)
            .map(std::mem::take)
            .unwrap_or_default();
        let size = sizes.get(small).copied().unwrap_or_default();
        if let (Some(home_size), Some(home_members)) = (sizes.get_mut(home), members.get_mut(home))
        {
            let was_sliver = slivers.remove(&(home_size.to_bits(), home));
            *home_size += size;
            home_members.extend(moved);
            if was_sliver && *home_size < sliver {
                slivers.insert((home_size.to_bits(), home));
            }
        }
    }
    let mut groups: Vec<(usize, usize, Vec<usize>)> = members
        .into_iter()
        .filter_map(|group| {
            let largest = group
                .iter()
                .filter_map(|number| pieces.get(*number))
                .max_by(|a, b| a.size.total_cmp(&b.size))?;
            Some((largest.row, largest.column, group))
        })
        .collect();
    groups.sort_by(|a, b| (a.0, a.1, a.2.first()).cmp(&(b.0, b.1, b.2.first())));
    groups.into_iter().map(|(.., group)| group).collect()
}

/// For every piece its neighbours and how long the border with each is, in degrees.
fn borders(pieces: &[Piece]) -> Vec<BTreeMap<usize, f64>> {
    let all = || {
        (0..)
            .zip(pieces)
            .flat_map(|(number, piece)| piece.rings.iter().map(move |ring| (number, ring)))
    };
    let owners: HashMap<_, usize> = all()
        .flat_map(|(number, ring)| edges(ring).map(move |(a, b)| ((key(a), key(b)), number)))
        .collect();
    let mut borders = vec![BTreeMap::new(); pieces.len()];
    for (number, ring) in all() {
        for (a, b) in edges(ring) {
            let Some(neighbour) = owners
                .get(&(key(b), key(a)))
                .filter(|other| **other != number)
            else {
                continue;
            };
            let length = (b.x - a.x).hypot(b.y - a.y);
            if let Some(ours) = borders.get_mut(number) {
                *ours.entry(*neighbour).or_default() += length;
            }
        }
    }
    borders
}
