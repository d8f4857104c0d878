//! Unit grids (单元网格) as shapes: cutting an area into them, and checking how well a set of them covers their area.
//!
//! Pure geometry in degrees of CGCS2000, measured in square metres on the plane that touches the ellipsoid at the area's
//! middle: over the ten kilometres of a large village it is off by less than one part in a thousand. What a grid is called and who
//! may change it are elsewhere.

mod cut;
mod join;
mod split;
mod topology;

pub use cut::{Cut, CutError, CutOptions, cut};
pub use topology::{Gap, GridCheck, Outside, Overlap, VillageGrid, check, overlaps_across};

use crate::Boundary;
use geo::{Area as _, Coord, MapCoords, MultiPolygon};

/// A ring without the repeated last corner: shells run counter-clockwise, holes clockwise.
type Ring = Vec<Coord<f64>>;

/// Metres a degree, at one latitude of the CGCS2000 ellipsoid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Plane {
    /// A place of the plane; the others are measured from it.
    origin: Coord<f64>,
    /// Metres a degree of longitude.
    pub(crate) east_m: f64,
    /// Metres a degree of latitude.
    pub(crate) north_m: f64,
}

impl Plane {
    /// The plane that touches at `origin`.
    pub(crate) fn at(origin: Coord<f64>) -> Self {
        const SEMI_MAJOR_M: f64 = 6_378_137.0;
        const ECCENTRICITY_SQUARED: f64 = 0.006_694_380_022_9;
        let sine = origin.y.to_radians().sin();
        let narrowing = 1.0 - ECCENTRICITY_SQUARED * sine * sine;
        let prime_vertical = SEMI_MAJOR_M / narrowing.sqrt();
        let meridian = prime_vertical * (1.0 - ECCENTRICITY_SQUARED) / narrowing;
        Self {
            origin,
            east_m: (prime_vertical * origin.y.to_radians().cos()).to_radians(),
            north_m: meridian.to_radians(),
        }
    }

    /// The plane that touches at the middle of an outline.
    pub(crate) fn of(boundary: &Boundary) -> Self {
        let middle = boundary.middle().map_or((0.0, 0.0), |m| (m.lon, m.lat));
        Self::at(Coord::from(middle))
    }

    /// A shape in metres from the origin.
    fn metres(&self, shape: &MultiPolygon<f64>) -> MultiPolygon<f64> {
        shape.map_coords(|corner| Coord {
            x: (corner.x - self.origin.x) * self.east_m,
            y: (corner.y - self.origin.y) * self.north_m,
        })
    }

    /// A place given in metres from the origin.
    fn degrees(&self, place: Coord<f64>) -> Coord<f64> {
        Coord {
            x: self.origin.x + place.x / self.east_m,
            y: self.origin.y + place.y / self.north_m,
        }
    }

    /// Square metres of an outline.
    pub(crate) fn area_m2(&self, boundary: &Boundary) -> f64 {
        boundary.shape().unsigned_area() * self.east_m * self.north_m
    }
}

/// Twice the signed area of a ring: positive when it runs counter-clockwise. Reckoned from its first corner, so that what is far
/// from the origin loses nothing.
fn doubled_area(ring: &[Coord<f64>]) -> f64 {
    let Some(first) = ring.first().copied() else {
        return 0.0;
    };
    ring.windows(2)
        .filter_map(|ends| match ends {
            [a, b] => Some((*a - first).x * (*b - first).y - (*b - first).x * (*a - first).y),
            _ => None,
        })
        .sum()
}

/// The rings of a shape, shells counter-clockwise and holes clockwise.
fn rings_of(shape: &MultiPolygon<f64>) -> Vec<Ring> {
    let open = |ring: &geo::LineString<f64>, is_shell: bool| {
        let mut ring: Ring = ring.0.clone();
        ring.pop();
        if (doubled_area(&ring) > 0.0) != is_shell {
            ring.reverse();
        }
        ring
    };
    shape
        .iter()
        .flat_map(|polygon| {
            std::iter::once(open(polygon.exterior(), true)).chain(
                polygon
                    .interiors()
                    .iter()
                    .map(move |hole| open(hole, false)),
            )
        })
        .collect()
}

/// Rings put together: each hole in the smallest shell that holds it.
fn polygons_of(rings: Vec<Ring>) -> MultiPolygon<f64> {
    let (shells, holes): (Vec<Ring>, Vec<Ring>) =
        rings.into_iter().partition(|ring| doubled_area(ring) > 0.0);
    let mut polygons: Vec<(f64, Ring, Vec<Ring>)> = shells
        .into_iter()
        .map(|shell| (doubled_area(&shell), shell, Vec::new()))
        .collect();
    polygons.sort_by(|a, b| a.0.total_cmp(&b.0));
    for hole in holes {
        let home = polygons
            .iter_mut()
            .find(|(_, shell, _)| hole.iter().any(|corner| is_within(*corner, shell)));
        if let Some((.., inside)) = home {
            inside.push(hole);
        }
    }
    let close = |ring: Ring| {
        let mut line = geo::LineString::from(ring);
        line.close();
        line
    };
    polygons
        .into_iter()
        .map(|(_, shell, holes)| {
            geo::Polygon::new(close(shell), holes.into_iter().map(close).collect())
        })
        .collect()
}

/// Whether a place lies strictly within a ring, by the crossings to its east; corners of the ring do not.
fn is_within(place: Coord<f64>, ring: &[Coord<f64>]) -> bool {
    if ring.contains(&place) {
        return false;
    }
    let ends = ring.iter().zip(ring.iter().cycle().skip(1));
    ends.fold(false, |inside, (a, b)| {
        let crosses = (a.y > place.y) != (b.y > place.y)
            && place.x < a.x + (place.y - a.y) / (b.y - a.y) * (b.x - a.x);
        inside ^ crosses
    })
}
