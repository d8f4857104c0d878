//! Where things lie, for boxes on a map. The map is cut into blocks of a hundredth of a degree (about a kilometre), a hundred of which make
//! a large one: what lies in a box are the things of all blocks in it, and those of the blocks on its border that are found one by one.

use super::filter::MapBox;
use base::{Id, Point, Timestamp};
use serde::{Deserialize, Serialize};

/// Units of a degree: about a centimetre.
const UNITS: f64 = 10_000_000.0;
/// Units across a small block and across a large one.
const SMALL: i32 = 100_000;
const LARGE: i32 = 1_000_000;

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
        [SMALL, LARGE].into_iter().map(move |side| Block {
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

    pub(super) fn is_large(self) -> bool {
        self.side == LARGE
    }

    /// The small blocks of a large one.
    fn parts(self) -> impl Iterator<Item = Self> {
        let across = LARGE / SMALL;
        (0..across * across).map(move |n| Self {
            side: SMALL,
            column: self.column * across + n % across,
            row: self.row * across + n / across,
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
    /// Small blocks that its border crosses.
    pub(super) crossed: Vec<Block>,
}

impl Spread {
    /// Of the large blocks in which anything lies.
    pub(super) fn of(within: MapBox, blocks: &[Block]) -> Self {
        let corner = |lon: f64, lat: f64| Place::of(Point { lon, lat });
        let mut spread = Self {
            least: corner(within.west, within.south),
            greatest: corner(within.east, within.north),
            whole: Vec::new(),
            crossed: Vec::new(),
        };
        for block in blocks {
            if !spread.take(*block) {
                for part in block.parts() {
                    spread.take(part);
                }
            }
        }
        spread
    }

    /// Takes a block that lies in the box, or a small one on its border. Whether that settles it.
    fn take(&mut self, block: Block) -> bool {
        let [west, east, south, north] = block.borders();
        let (least, greatest) = (self.least, self.greatest);
        if east < least.lon || west > greatest.lon || north < least.lat || south > greatest.lat {
            return true;
        }
        if west >= least.lon && east <= greatest.lon && south >= least.lat && north <= greatest.lat
        {
            self.whole.push(block);
            return true;
        }
        if block.side == SMALL {
            self.crossed.push(block);
        }
        block.side == SMALL
    }

    pub(super) fn holds(&self, place: Place) -> bool {
        (self.least.lon..=self.greatest.lon).contains(&place.lon)
            && (self.least.lat..=self.greatest.lat).contains(&place.lat)
    }
}
