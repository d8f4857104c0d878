//! The outlines of one level under a grid of cells.

use super::shape::{Shapes, segments, small, whole};
use crate::Boundary;
use crate::boundary::RingView;
use base::Point;
use geo::Coord;

/// Cells at least; with few outlines most cells lie wholly within one.
const CELLS_MIN: usize = 1 << 16;
/// Cells at most: 16 MiB.
const CELLS_MAX: usize = 1 << 22;
/// Cells per outline where there are many.
const CELLS_PER_OUTLINE: usize = 4;
/// The bit of a cell that one outline fills.
const FILLED: u32 = 1 << 31;
/// How much wider an edge's trace is drawn, in cells: more than all rounding, less than matters.
const TRACE_MARGIN: f64 = 1e-6;

/// The outlines of one level.
#[derive(Debug)]
pub struct Layer {
    shapes: Shapes,
    grid: Grid,
    /// Zero: nothing there. With [`FILLED`]: the outline that fills the cell. Otherwise one more than the place of its list.
    cells: Vec<u32>,
    /// Lists one after another: how many, then outlines as `number << 1 | fills`, in order of precedence.
    lists: Vec<u32>,
}

/// The frame of the cells, in degrees.
#[derive(Clone, Copy, Debug, Default)]
struct Grid {
    west: f64,
    south: f64,
    east: f64,
    north: f64,
    columns: usize,
    rows: usize,
    columns_per_degree: f64,
    rows_per_degree: f64,
}

impl Grid {
    fn around(boundaries: &[&Boundary]) -> Self {
        let mut frame = Self {
            west: f64::INFINITY,
            south: f64::INFINITY,
            east: f64::NEG_INFINITY,
            north: f64::NEG_INFINITY,
            ..Self::default()
        };
        let rings = boundaries.iter().flat_map(|b| b.rings());
        for corner in rings.flat_map(RingView::corners) {
            frame.west = frame.west.min(corner.x);
            frame.east = frame.east.max(corner.x);
            frame.south = frame.south.min(corner.y);
            frame.north = frame.north.max(corner.y);
        }
        let (width, height) = (frame.east - frame.west, frame.north - frame.south);
        if !(width > 0.0 && height > 0.0) {
            return Self::default();
        }
        let wanted = boundaries
            .len()
            .saturating_mul(CELLS_PER_OUTLINE)
            .clamp(CELLS_MIN, CELLS_MAX) as f64;
        // Cells about square on the ground.
        let aspect = width * frame.south.to_radians().cos().max(0.1) / height;
        frame.columns = whole((wanted * aspect).sqrt()).clamp(1, CELLS_MIN);
        frame.rows = whole((wanted / aspect).sqrt()).clamp(1, CELLS_MIN);
        frame.columns_per_degree = frame.columns as f64 / width;
        frame.rows_per_degree = frame.rows as f64 / height;
        frame
    }

    #[inline]
    fn column(&self, lon: f64) -> usize {
        whole((lon - self.west) * self.columns_per_degree).min(self.columns.saturating_sub(1))
    }

    #[inline]
    fn row(&self, lat: f64) -> usize {
        whole((lat - self.south) * self.rows_per_degree).min(self.rows.saturating_sub(1))
    }

    #[inline]
    fn cell(&self, point: Point) -> Option<usize> {
        let within = point.lon >= self.west
            && point.lon <= self.east
            && point.lat >= self.south
            && point.lat <= self.north;
        (within && self.rows > 0)
            .then(|| self.row(point.lat) * self.columns + self.column(point.lon))
    }

    fn centre(&self, column: usize, row: usize) -> Point {
        Point {
            lon: self.west + (column as f64 + 0.5) / self.columns_per_degree,
            lat: self.south + (row as f64 + 0.5) / self.rows_per_degree,
        }
    }
}

/// The cells of the box around one outline: which its edges pass through.
struct Trace {
    columns: (usize, usize),
    rows: (usize, usize),
    width: usize,
    touched: Vec<bool>,
}

impl Trace {
    fn of(boundary: &Boundary, grid: &Grid) -> Self {
        let (mut columns, mut rows) = ((usize::MAX, 0), (usize::MAX, 0));
        for corner in boundary.rings().flat_map(RingView::corners) {
            let (column, row) = (grid.column(corner.x), grid.row(corner.y));
            // A margin of one cell on each side keeps traces drawn wider within the box.
            columns = (
                columns.0.min(column.saturating_sub(1)),
                columns.1.max(column + 1),
            );
            rows = (rows.0.min(row.saturating_sub(1)), rows.1.max(row + 1));
        }
        columns.1 = columns.1.min(grid.columns.saturating_sub(1));
        rows.1 = rows.1.min(grid.rows.saturating_sub(1));
        let width = (columns.1 + 1).saturating_sub(columns.0);
        let height = (rows.1 + 1).saturating_sub(rows.0);
        let mut trace = Self {
            columns,
            rows,
            width,
            touched: vec![false; width * height],
        };
        for (a, b) in segments(boundary) {
            trace.draw(a, b, grid);
        }
        trace
    }

    /// Marks every cell the edge passes through, a row at a time.
    fn draw(&mut self, a: Coord<f64>, b: Coord<f64>, grid: &Grid) {
        let (low, high) = if a.y <= b.y { (a, b) } else { (b, a) };
        let margin_lat = TRACE_MARGIN / grid.rows_per_degree;
        let margin_lon = TRACE_MARGIN / grid.columns_per_degree;
        let slope = if high.y > low.y {
            (high.x - low.x) / (high.y - low.y)
        } else {
            0.0
        };
        for row in grid.row(low.y - margin_lat)..=grid.row(high.y + margin_lat) {
            let row_south = grid.south + row as f64 / grid.rows_per_degree - margin_lat;
            let row_north = grid.south + (row + 1) as f64 / grid.rows_per_degree + margin_lat;
            let (from, to) = if high.y > low.y {
                let at = |lat: f64| {
                    (low.x + (lat.clamp(low.y, high.y) - low.y) * slope)
                        .clamp(low.x.min(high.x), low.x.max(high.x))
                };
                let (x, y) = (at(row_south), at(row_north));
                (x.min(y), x.max(y))
            } else {
                (low.x.min(high.x), low.x.max(high.x))
            };
            for column in grid.column(from - margin_lon)..=grid.column(to + margin_lon) {
                self.mark(column, row);
            }
        }
    }

    fn mark(&mut self, column: usize, row: usize) {
        let place = row
            .checked_sub(self.rows.0)
            .zip(column.checked_sub(self.columns.0))
            .map(|(row, column)| row * self.width + column);
        if let Some(touched) = place.and_then(|place| self.touched.get_mut(place)) {
            *touched = true;
        }
    }

    fn is_touched(&self, column: usize, row: usize) -> bool {
        let place = (row - self.rows.0) * self.width + (column - self.columns.0);
        self.touched.get(place).copied().unwrap_or(true)
    }

    /// Every cell the outline has a part in, and whether it fills it.
    fn for_each(
        &self,
        inside: impl Fn(usize, usize) -> bool,
        mut visit: impl FnMut(usize, usize, bool),
    ) {
        for row in self.rows.0..=self.rows.1 {
            // Between two touched cells of a row all cells are alike.
            let mut run_is_inside = None;
            for column in self.columns.0..=self.columns.1 {
                if self.is_touched(column, row) {
                    run_is_inside = None;
                    visit(column, row, false);
                } else if *run_is_inside.get_or_insert_with(|| inside(column, row)) {
                    visit(column, row, true);
                }
            }
        }
    }
}

impl Layer {
    /// Builds the layer; where outlines overlap, the first wins.
    pub fn build(boundaries: &[&Boundary]) -> Self {
        let grid = Grid::around(boundaries);
        let mut shapes = Shapes::default();
        let mut parts: Vec<(u32, u32)> = Vec::new();
        for (number, boundary) in (0_u32..).zip(boundaries) {
            shapes.push(boundary);
            if grid.rows == 0 {
                continue;
            }
            let inside = |column, row| shapes.holds(number, grid.centre(column, row));
            Trace::of(boundary, &grid).for_each(inside, |column, row, fills| {
                let cell = small(row * grid.columns + column);
                parts.push((cell, number << 1 | u32::from(fills)));
            });
        }
        parts.sort_unstable();
        let mut cells = vec![0; grid.columns * grid.rows];
        let mut lists: Vec<u32> = Vec::new();
        for group in parts.chunk_by(|a, b| a.0 == b.0) {
            let Some(cell) = group
                .first()
                .and_then(|(cell, _)| cells.get_mut(*cell as usize))
            else {
                continue;
            };
            // What comes after an outline that fills the cell is never asked.
            let length = group
                .iter()
                .position(|(_, part)| part & 1 == 1)
                .map_or(group.len(), |filling| filling + 1);
            match group.first() {
                Some((_, part)) if part & 1 == 1 => *cell = FILLED | (part >> 1),
                _ => {
                    *cell = small(lists.len() + 1);
                    lists.push(small(length));
                    lists.extend(group.iter().take(length).map(|(_, part)| *part));
                }
            }
        }
        shapes.shrink();
        lists.shrink_to_fit();
        Self {
            shapes,
            grid,
            cells,
            lists,
        }
    }

    /// The first outline that holds the point.
    #[inline]
    pub fn find(&self, point: Point) -> Option<u32> {
        let cell = *self.cells.get(self.grid.cell(point)?)?;
        if cell == 0 {
            return None;
        }
        if cell & FILLED != 0 {
            return Some(cell & !FILLED);
        }
        let start = cell as usize;
        let length = *self.lists.get(start - 1)? as usize;
        self.lists
            .get(start..start + length)?
            .iter()
            .find(|part| *part & 1 == 1 || self.shapes.holds(*part >> 1, point))
            .map(|part| part >> 1)
    }
}
