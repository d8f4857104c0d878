//! Where things lie, for boxes on a map. The map is cut into blocks of a thousandth of a degree (about a hundred metres), a hundred of which
//! make a block ten times as wide, and so once more: what lies in a box are the things of all blocks in it, and those of the smallest
//! blocks on its border that are found one by one.

use super::filter::MapBox;
use base::{Id, Point, Timestamp};
use serde::{Deserialize, Serialize};

/// Units of a degree: about a centimetre.
const UNITS: f64 = 10_000_000.0;
/// Units across the blocks, from the smallest to the largest.
const SIDES: [i32; 3] = [SMALLEST, SMALLEST * ACROSS, LARGEST];
const SMALLEST: i32 = 10_000;
const LARGEST: i32 = SMALLEST * ACROSS * ACROSS;
/// Blocks across the next larger one.
const ACROSS: i32 = 10;

/// Where something lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    pub(crate) id: Id,
    pub(crate) point: Point,
    /// As the model numbers them.
    pub(crate) level: u8,
    /// When it is due soon and due, while its clock runs.
    pub(crate) clock: Option<(Timestamp, Timestamp)>,
}

/// Longitude and latitude in units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    lon: i32,
    lat: i32,
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "180 degrees are fewer units than an i32 holds, and a cast keeps within it"
)]
fn units(degrees: f64) -> i32 {
    (degrees * UNITS).round() as i32
}

impl Place {
    pub(super) fn of(point: Point) -> Self {
        Self {
            lon: units(point.lon),
            lat: units(point.lat),
        }
    }

    pub(super) fn point(self) -> Point {
        Point {
            lon: f64::from(self.lon) / UNITS,
            lat: f64::from(self.lat) / UNITS,
        }
    }

    /// The blocks it lies in.
    pub(super) fn blocks(self) -> impl Iterator<Item = Block> {
        SIDES.into_iter().map(move |side| Block {
            side,
            column: self.lon.div_euclid(side),
            row: self.lat.div_euclid(side),
        })
    }
}

/// A block of the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Block {
    side: i32,
    column: i32,
    row: i32,
}

impl Block {
    /// Least and greatest longitude, least and greatest latitude.
    fn borders(self) -> [i32; 4] {
        let (west, south) = (self.column * self.side, self.row * self.side);
        [west, west + (self.side - 1), south, south + (self.side - 1)]
    }

    pub(super) fn is_largest(self) -> bool {
        self.side == LARGEST
    }

    /// The next smaller blocks it is made of.
    fn parts(self) -> impl Iterator<Item = Self> {
        (0..ACROSS * ACROSS).map(move |n| Self {
            side: self.side / ACROSS,
            column: self.column * ACROSS + n % ACROSS,
            row: self.row * ACROSS + n / ACROSS,
        })
    }
}

/// What a box covers.
#[derive(Debug)]
pub(super) struct Spread {
    least: Place,
    greatest: Place,
    /// Blocks that lie in it.
    pub(super) whole: Vec<Block>,
    /// The smallest blocks that its border crosses.
    pub(super) crossed: Vec<Block>,
}

impl Spread {
    /// Of the largest blocks in which anything lies.
    pub(super) fn of(within: MapBox, blocks: &[Block]) -> Self {
        let corner = |lon: f64, lat: f64| Place::of(Point { lon, lat });
        let mut spread = Self {
            least: corner(within.west, within.south),
            greatest: corner(within.east, within.north),
            whole: Vec::new(),
            crossed: Vec::new(),
        };
        for block in blocks {
            spread.take(*block);
        }
        spread
    }

    /// Takes a block that lies in the box, or what it is made of on the border.
    fn take(&mut self, block: Block) {
        let [west, east, south, north] = block.borders();
        let (least, greatest) = (self.least, self.greatest);
        if east < least.lon || west > greatest.lon || north < least.lat || south > greatest.lat {
            return;
        }
        if west >= least.lon && east <= greatest.lon && south >= least.lat && north <= greatest.lat
        {
            self.whole.push(block);
        } else if block.side == SMALLEST {
            self.crossed.push(block);
        } else {
            for part in block.parts() {
                self.take(part);
            }
        }
    }

    pub(super) fn holds(&self, place: Place) -> bool {
        (self.least.lon..=self.greatest.lon).contains(&place.lon)
            && (self.least.lat..=self.greatest.lat).contains(&place.lat)
    }
}
