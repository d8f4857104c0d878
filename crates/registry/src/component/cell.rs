//! The lattice by which the database finds what is near: cells of 1/1024 degree, numbered row by row from the south-west, so that the
//! cells of one row are one range.

use base::Point;
use base::geo::distance_m;

/// Cells a degree.
const PER_DEGREE: f64 = 1024.0;
/// Numbers between the first cells of two rows; there are 368,641 columns.
const ROW: i64 = 1 << 20;
/// Rows of one frame, at most: about 55 km.
pub const ROWS_MAX: usize = 512;

/// A box of degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Least longitude.
    pub west: f64,
    /// Least latitude.
    pub south: f64,
    /// Greatest longitude.
    pub east: f64,
    /// Greatest latitude.
    pub north: f64,
}

fn floor(value: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, and degrees are small"
    )]
    {
        value.floor() as i64
    }
}

fn row_of(lat: f64) -> i64 {
    floor((lat + 90.0) * PER_DEGREE)
}

fn column_of(lon: f64) -> i64 {
    floor((lon + 180.0) * PER_DEGREE)
}

/// The cell of a place.
pub fn cell_of(point: Point) -> i64 {
    row_of(point.lat) * ROW + column_of(point.lon)
}

/// A frame that holds everything within `reach_m` of a place.
pub fn around(place: Point, reach_m: f64) -> Frame {
    // Metres a degree, from the distances themselves; a little more, so that rounding leaves nothing out.
    let step = 0.01;
    let moved = |lon: f64, lat: f64| Point {
        lon: place.lon + lon,
        lat: place.lat + lat,
    };
    let degrees = |metres: f64| reach_m * step / metres * 1.001;
    let lat = degrees(distance_m(place, moved(0.0, step)).max(1.0));
    let lon = degrees(distance_m(place, moved(step, 0.0)).max(1.0));
    Frame {
        west: place.lon - lon,
        south: place.lat - lat,
        east: place.lon + lon,
        north: place.lat + lat,
    }
}

impl Frame {
    /// How many rows of cells it touches.
    pub fn rows(&self) -> usize {
        usize::try_from(row_of(self.north) - row_of(self.south) + 1).unwrap_or_default()
    }

    /// The first and last cell of each row, made up with empty ranges to a power of two, so that few different statements are prepared.
    /// Rows beyond [`ROWS_MAX`] are left out.
    pub(crate) fn ranges(&self) -> Vec<(i64, i64)> {
        let (west, east) = (column_of(self.west), column_of(self.east));
        let rows = row_of(self.south)..=row_of(self.north);
        let mut ranges: Vec<(i64, i64)> = rows
            .take(ROWS_MAX)
            .map(|row| (row * ROW + west, row * ROW + east))
            .collect();
        ranges.resize(ranges.len().max(1).next_power_of_two(), (1, 0));
        ranges
    }

    /// Whether a place lies in it.
    pub fn holds(&self, point: Point) -> bool {
        (self.west..=self.east).contains(&point.lon)
            && (self.south..=self.north).contains(&point.lat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_holds_what_is_within_reach_and_its_ranges_hold_its_cells() {
        for (lon, lat) in [(121.1, 31.1), (87.6, 43.8), (110.3, 20.0), (123.4, 53.4)] {
            let place = Point { lon, lat };
            for reach_m in [1.0, 100.0, 5_000.0] {
                let frame = around(place, reach_m);
                let ranges = frame.ranges();
                assert!(ranges.len().is_power_of_two());
                for n in 0..64 {
                    let angle = f64::from(n) / 64.0 * std::f64::consts::TAU;
                    let point = Point {
                        lon: place.lon + (frame.east - place.lon) / 1.001 * angle.cos(),
                        lat: place.lat + (frame.north - place.lat) / 1.001 * angle.sin(),
                    };
                    let distance = distance_m(place, point);
                    assert!(
                        (distance / reach_m - 1.0).abs() < 0.01,
                        "{distance} {reach_m}"
                    );
                    assert!(frame.holds(point));
                    let cell = cell_of(point);
                    assert!(
                        ranges
                            .iter()
                            .any(|(from, to)| (*from..=*to).contains(&cell))
                    );
                }
            }
        }
    }
}
