//! The outline of an area: one or more polygons, with holes, in CGCS2000 degrees; and what makes an outline invalid.

use base::geo::{CoordinateSystem, Point, to_cgcs2000};
use base::limits;
use geo::line_intersection::{LineIntersection, line_intersection};
use geo::{Coord, Intersects, Line, LineString, LinesIter, MultiPolygon, Polygon, Validation};
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;
use thiserror::Error;

/// A valid outline: rings closed and simple, holes within their shell, shells apart.
///
/// Kept as it is stored, in one piece of memory that clones share: a city has 70,000 of them, and as nested vectors each would take
/// three times as much.
#[derive(Clone, PartialEq)]
pub struct Boundary {
    stored: Arc<[u8]>,
}

impl fmt::Debug for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Boundary")
            .field("shape", &self.shape())
            .finish()
    }
}

/// Why something is no outline.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum BoundaryError {
    /// Not a GeoJSON Polygon or MultiPolygon.
    #[error("the geometry is {0}; an area has a Polygon or MultiPolygon")]
    Kind(String),
    /// The JSON is not as GeoJSON demands.
    #[error("the geometry cannot be read: {0}")]
    Malformed(String),
    /// A corner that is no place in or near China.
    #[error(
        "corner {at} of the outline ({lon}, {lat}) is not in China; are longitude and latitude swapped?"
    )]
    Place {
        /// 1-based corner over all rings.
        at: usize,
        /// As given.
        lon: f64,
        /// As given.
        lat: f64,
    },
    /// More corners than are accepted.
    #[error(
        "the outline has {corners} corners; the limit is {}",
        limits::POLYGON_VERTICES_MAX
    )]
    TooManyCorners {
        /// How many.
        corners: usize,
    },
    /// No ring at all.
    #[error("the outline is empty")]
    Empty,
    /// A ring whose last corner is not its first.
    #[error("a ring of the outline is not closed: its last corner is not its first")]
    Open,
    /// Rings that cross themselves or each other, holes outside their shell, parts that overlap.
    #[error("the outline is invalid: {reason}{}", near(*.at))]
    Invalid {
        /// What is wrong.
        reason: String,
        /// Where, in CGCS2000, if it lies in one place.
        at: Option<Point>,
    },
}

fn near(at: Option<Point>) -> String {
    at.map_or_else(String::new, |at| {
        format!(", near {:.6}, {:.6} (CGCS2000)", at.lon, at.lat)
    })
}

/// The first corner of a hole that lies outside its shell, or the first place where lines cross or run upon each other.
fn place_of_fault(shape: &MultiPolygon<f64>) -> Option<Point> {
    let outside = shape.iter().find_map(|polygon| {
        let shell = Polygon::new(polygon.exterior().clone(), vec![]);
        let mut corners = polygon.interiors().iter().flat_map(|hole| hole.coords());
        corners.find(|corner| !shell.intersects(*corner)).copied()
    });
    outside.or_else(|| crossing(shape)).map(point_of)
}

fn crossing(shape: &MultiPolygon<f64>) -> Option<Coord> {
    let ends = |line: &Line<f64>| (line.start.x.min(line.end.x), line.start.x.max(line.end.x));
    let mut lines: Vec<Line<f64>> = shape.lines_iter().collect();
    lines.sort_by(|a, b| ends(a).0.total_cmp(&ends(b).0));
    for (n, line) in lines.iter().enumerate() {
        let (_, east) = ends(line);
        let beside = lines.get(n + 1..).unwrap_or_default().iter();
        for other in beside.take_while(|other| ends(other).0 <= east) {
            match line_intersection(*line, *other) {
                Some(LineIntersection::SinglePoint {
                    intersection,
                    is_proper: true,
                }) => return Some(intersection),
                Some(LineIntersection::Collinear { intersection }) => {
                    return Some(intersection.start);
                }
                _ => {}
            }
        }
    }
    None
}

/// Whether a place can be in China: within the box of its land and near waters.
pub(crate) fn is_in_china(point: Point) -> bool {
    (73.0..=136.0).contains(&point.lon) && (3.0..=54.0).contains(&point.lat)
}

impl Boundary {
    /// A polygon: its shell and its holes, each a closed ring (the last corner repeats the first) in CGCS2000.
    pub fn polygon(shell: &[Point], holes: &[Vec<Point>]) -> Result<Self, BoundaryError> {
        Self::new(MultiPolygon(vec![Polygon::new(
            ring(shell)?,
            holes
                .iter()
                .map(|hole| ring(hole))
                .collect::<Result<_, _>>()?,
        )]))
    }

    /// An outline of geometry in CGCS2000. Errors: see [`BoundaryError`].
    #[expect(
        clippy::needless_pass_by_value,
        reason = "who makes an outline is done with the shape"
    )]
    pub fn new(shape: MultiPolygon<f64>) -> Result<Self, BoundaryError> {
        let mut corners = 0;
        for polygon in &shape {
            for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
                for corner in &ring.0 {
                    corners += 1;
                    if !is_in_china(point_of(*corner)) {
                        return Err(BoundaryError::Place {
                            at: corners,
                            lon: corner.x,
                            lat: corner.y,
                        });
                    }
                }
            }
        }
        if corners == 0 {
            return Err(BoundaryError::Empty);
        }
        if corners > limits::POLYGON_VERTICES_MAX {
            return Err(BoundaryError::TooManyCorners { corners });
        }
        shape
            .check_validation()
            .map_err(|fault| BoundaryError::Invalid {
                reason: fault.to_string(),
                at: place_of_fault(&shape),
            })?;
        Ok(Self {
            stored: stored(&shape),
        })
    }

    /// From a GeoJSON geometry whose coordinates are in `system`.
    pub fn from_geojson(
        geometry: &geojson::Geometry,
        system: CoordinateSystem,
    ) -> Result<Self, BoundaryError> {
        let polygons = match &geometry.value {
            geojson::GeometryValue::Polygon { coordinates } => {
                vec![polygon_of(coordinates, system)?]
            }
            geojson::GeometryValue::MultiPolygon { coordinates } => coordinates
                .iter()
                .map(|rings| polygon_of(rings, system))
                .collect::<Result<_, _>>()?,
            other => return Err(BoundaryError::Kind(other.type_name().to_owned())),
        };
        Self::new(MultiPolygon(polygons))
    }

    /// As it is stored, bit for bit: a format number, then counted polygons of counted rings of counted corners (32 bits each) of
    /// two doubles, all little-endian. JSON would cost exactness and five times the time to read.
    pub fn to_stored(&self) -> Vec<u8> {
        self.stored.to_vec()
    }

    /// From what [`Boundary::to_stored`] wrote. It was checked when it came in, so only its form is checked here.
    pub fn from_stored(bytes: &[u8]) -> Result<Self, BoundaryError> {
        let mut reader = StoredReader(bytes);
        if reader.skip_shape().is_some() && reader.0.is_empty() {
            Ok(Self {
                stored: bytes.into(),
            })
        } else {
            Err(BoundaryError::Malformed(format!(
                "{} stored bytes are no outline",
                bytes.len()
            )))
        }
    }

    /// A GeoJSON geometry.
    pub fn to_geojson(&self) -> Value {
        json!({ "type": "MultiPolygon", "coordinates": self.coordinates() })
    }

    /// The shape itself, made anew at each call.
    pub fn shape(&self) -> MultiPolygon<f64> {
        let mut reader = StoredReader(&self.stored);
        reader.read_shape().unwrap_or(MultiPolygon(Vec::new()))
    }

    /// Whether a point lies within, asked seldom; for many questions build a [`crate::SpatialIndex`].
    pub fn holds(&self, point: Point) -> bool {
        crate::spatial::holds(self, point)
    }

    /// The middle of the box around it; a stand-in for a centre where none is known.
    pub fn middle(&self) -> Option<Point> {
        let [west, south, east, north] = self.frame()?;
        Some(Point {
            lon: f64::midpoint(west, east),
            lat: f64::midpoint(south, north),
        })
    }

    /// The box around it: west, south, east, north.
    pub fn frame(&self) -> Option<[f64; 4]> {
        let corners = self.rings().flat_map(RingView::corners);
        corners.fold(None, |frame, corner| {
            let [west, south, east, north] =
                frame.unwrap_or([corner.x, corner.y, corner.x, corner.y]);
            Some([
                corner.x.min(west),
                corner.y.min(south),
                corner.x.max(east),
                corner.y.max(north),
            ])
        })
    }

    /// Every ring, shells and holes alike.
    pub(crate) fn rings(&self) -> impl Iterator<Item = RingView<'_>> {
        let mut reader = StoredReader(&self.stored);
        let polygons = reader.take::<1>().and_then(|_| reader.count(4));
        RingViews {
            reader,
            polygons: polygons.unwrap_or(0),
            rings: 0,
        }
    }

    fn coordinates(&self) -> Value {
        let ring = |ring: &LineString<f64>| -> Value {
            ring.0
                .iter()
                .map(|corner| json!([corner.x, corner.y]))
                .collect()
        };
        self.shape()
            .iter()
            .map(|polygon| -> Value {
                std::iter::once(polygon.exterior())
                    .chain(polygon.interiors())
                    .map(ring)
                    .collect()
            })
            .collect()
    }
}

/// A ring of an outline, the last corner repeating the first.
#[derive(Clone, Copy)]
pub(crate) struct RingView<'a>(&'a [u8]);

impl<'a> RingView<'a> {
    /// Its corners.
    pub(crate) fn corners(self) -> impl Iterator<Item = Coord<f64>> + Clone + 'a {
        self.0.chunks_exact(16).filter_map(|bytes| {
            let (x, y) = bytes.split_first_chunk::<8>()?;
            let (y, _) = y.split_first_chunk::<8>()?;
            Some(Coord {
                x: f64::from_le_bytes(*x),
                y: f64::from_le_bytes(*y),
            })
        })
    }
}

/// The rings of a stored outline one by one.
struct RingViews<'a> {
    reader: StoredReader<'a>,
    polygons: usize,
    rings: usize,
}

impl<'a> Iterator for RingViews<'a> {
    type Item = RingView<'a>;
    fn next(&mut self) -> Option<RingView<'a>> {
        while self.rings == 0 {
            self.polygons = self.polygons.checked_sub(1)?;
            self.rings = self.reader.count(4)?;
        }
        self.rings -= 1;
        self.reader.take_ring()
    }
}

/// An outline as it is stored.
fn stored(shape: &MultiPolygon<f64>) -> Arc<[u8]> {
    let mut bytes = vec![STORED_FORMAT];
    let count = |bytes: &mut Vec<u8>, count: usize| {
        bytes.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
    };
    count(&mut bytes, shape.0.len());
    for polygon in shape {
        count(&mut bytes, polygon.interiors().len() + 1);
        for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
            count(&mut bytes, ring.0.len());
            for corner in &ring.0 {
                bytes.extend(corner.x.to_le_bytes());
                bytes.extend(corner.y.to_le_bytes());
            }
        }
    }
    bytes.into()
}

/// The first byte of a stored outline.
const STORED_FORMAT: u8 = 1;

/// What is left to read of a stored outline.
struct StoredReader<'a>(&'a [u8]);

impl<'a> StoredReader<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    /// A count of things of at least `size` bytes each; none when there cannot be as many.
    fn count(&mut self, size: usize) -> Option<usize> {
        let count = u32::from_le_bytes(self.take()?) as usize;
        (count.checked_mul(size)? <= self.0.len()).then_some(count)
    }

    fn take_ring(&mut self) -> Option<RingView<'a>> {
        let corners = self.count(16)?;
        let (ring, rest) = self.0.split_at_checked(corners * 16)?;
        self.0 = rest;
        Some(RingView(ring))
    }

    /// Walks over a whole shape. None when it has not the form of one.
    fn skip_shape(&mut self) -> Option<()> {
        if self.take::<1>()? != [STORED_FORMAT] {
            return None;
        }
        for _ in 0..self.count(4)? {
            let rings = self.count(4)?;
            if rings == 0 {
                return None;
            }
            for _ in 0..rings {
                self.take_ring()?;
            }
        }
        Some(())
    }

    fn read_shape(&mut self) -> Option<MultiPolygon<f64>> {
        self.take::<1>()?;
        let polygons = self.count(4)?;
        (0..polygons)
            .map(|_| {
                let rings = self.count(4)?;
                let mut rings = (0..rings)
                    .map(|_| Some(self.take_ring()?.corners().collect::<LineString<f64>>()))
                    .collect::<Option<Vec<_>>>()?
                    .into_iter();
                Some(Polygon::new(rings.next()?, rings.collect()))
            })
            .collect::<Option<Vec<_>>>()
            .map(MultiPolygon)
    }
}

fn point_of(corner: Coord<f64>) -> Point {
    Point {
        lon: corner.x,
        lat: corner.y,
    }
}

fn ring(corners: &[Point]) -> Result<LineString<f64>, BoundaryError> {
    if corners.first() != corners.last() {
        return Err(BoundaryError::Open);
    }
    Ok(corners
        .iter()
        .map(|corner| Coord {
            x: corner.lon,
            y: corner.lat,
        })
        .collect())
}

fn polygon_of(
    rings: &[Vec<geojson::Position>],
    system: CoordinateSystem,
) -> Result<Polygon<f64>, BoundaryError> {
    let mut rings = rings.iter().map(|positions| {
        let corners = positions
            .iter()
            .map(|position| match position.as_slice() {
                [lon, lat, ..] => Point::new(*lon, *lat)
                    .map(|point| to_cgcs2000(system, point))
                    .map_err(|e| BoundaryError::Malformed(e.to_string())),
                _ => Err(BoundaryError::Malformed(
                    "a position has a longitude and a latitude".to_owned(),
                )),
            })
            .collect::<Result<Vec<_>, _>>()?;
        ring(&corners)
    });
    let shell = rings.next().ok_or(BoundaryError::Empty)??;
    Ok(Polygon::new(shell, rings.collect::<Result<_, _>>()?))
}
