//! Where a component is: a point, a line or a surface, from GeoJSON.

use crate::boundary::is_in_china;
use crate::model::ComponentShape;
use base::geo::{CoordinateSystem, Point, to_cgcs2000};
use geo::{
    Centroid, Coord, InteriorPoint, LineString, MultiLineString, MultiPolygon, Polygon, Validation,
};
use geojson::{Geometry, GeometryValue, Position};
use std::sync::Arc;
use thiserror::Error;

/// The most corners of a component's line or surface.
pub const CORNERS_MAX: usize = 5_000;

/// Why a geometry is no place of a component.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum PlaceError {
    /// A kind that no component has.
    #[error(
        "the geometry is {0}; a component is a Point, a line or a Polygon, or several of a line or Polygon"
    )]
    Kind(String),
    /// Not as GeoJSON demands.
    #[error("the geometry cannot be read: {0}")]
    Malformed(String),
    /// Elsewhere.
    #[error("({lon}, {lat}) is not in China; are longitude and latitude swapped?")]
    Elsewhere {
        /// As given.
        lon: f64,
        /// As given.
        lat: f64,
    },
    /// Too fine.
    #[error("the geometry has {0} corners; {CORNERS_MAX} is the most")]
    TooManyCorners(usize),
    /// Nothing there.
    #[error("the geometry is empty")]
    Empty,
}

/// A place of a component.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// A point of it.
    pub point: Point,
    /// Its course or extent, where it is more.
    pub shape: Option<ComponentShape>,
    /// Whether a surface was given that is none in the plan (a sign seen from the front), so that only its middle is kept.
    pub is_flattened: bool,
}

/// Reads a geometry whose coordinates are in `system`. Heights are left out.
pub fn place_of(geometry: &Geometry, system: CoordinateSystem) -> Result<Place, PlaceError> {
    let mut reader = Reader { system, corners: 0 };
    match &geometry.value {
        GeometryValue::Point { coordinates } => {
            let corner = reader.corner(coordinates)?;
            Ok(Place {
                point: point_of(corner),
                shape: None,
                is_flattened: false,
            })
        }
        GeometryValue::LineString { coordinates } => line(vec![reader.line(coordinates)?]),
        GeometryValue::MultiLineString { coordinates } => line(
            coordinates
                .iter()
                .map(|line| reader.line(line))
                .collect::<Result<_, _>>()?,
        ),
        GeometryValue::Polygon { coordinates } => surface(vec![reader.polygon(coordinates)?]),
        GeometryValue::MultiPolygon { coordinates } => surface(
            coordinates
                .iter()
                .map(|polygon| reader.polygon(polygon))
                .collect::<Result<_, _>>()?,
        ),
        other => Err(PlaceError::Kind(other.type_name().to_owned())),
    }
}

struct Reader {
    system: CoordinateSystem,
    corners: usize,
}

impl Reader {
    fn corner(&mut self, position: &Position) -> Result<Coord<f64>, PlaceError> {
        self.corners += 1;
        if self.corners > CORNERS_MAX {
            return Err(PlaceError::TooManyCorners(self.corners));
        }
        let [lon, lat, ..] = position.as_slice() else {
            let reason = "a position has a longitude and a latitude".to_owned();
            return Err(PlaceError::Malformed(reason));
        };
        let given = Point::new(*lon, *lat).map_err(|e| PlaceError::Malformed(e.to_string()))?;
        let point = to_cgcs2000(self.system, given);
        if !is_in_china(point) {
            return Err(PlaceError::Elsewhere {
                lon: given.lon,
                lat: given.lat,
            });
        }
        Ok(Coord {
            x: point.lon,
            y: point.lat,
        })
    }

    fn line(&mut self, positions: &[Position]) -> Result<LineString<f64>, PlaceError> {
        if positions.len() < 2 {
            return Err(PlaceError::Malformed(
                "a line has at least two positions".to_owned(),
            ));
        }
        positions
            .iter()
            .map(|position| self.corner(position))
            .collect()
    }

    fn polygon(&mut self, rings: &[Vec<Position>]) -> Result<Polygon<f64>, PlaceError> {
        let mut rings = rings.iter().map(|ring| {
            let line = self.line(ring)?;
            if line.0.first() == line.0.last() && line.0.len() > 3 {
                Ok(line)
            } else {
                Err(PlaceError::Malformed(
                    "a ring is closed and has at least four positions".to_owned(),
                ))
            }
        });
        let shell = rings.next().ok_or(PlaceError::Empty)??;
        Ok(Polygon::new(shell, rings.collect::<Result<_, _>>()?))
    }
}

fn point_of(corner: Coord<f64>) -> Point {
    Point {
        lon: corner.x,
        lat: corner.y,
    }
}

/// A line stands at its middle corner.
fn line(lines: Vec<LineString<f64>>) -> Result<Place, PlaceError> {
    let longest = lines
        .iter()
        .max_by_key(|line| line.0.len())
        .ok_or(PlaceError::Empty)?;
    let middle = longest
        .0
        .get(longest.0.len() / 2)
        .ok_or(PlaceError::Empty)?;
    Ok(Place {
        point: point_of(*middle),
        shape: Some(shape_of(GeometryValue::from(&MultiLineString(lines)))),
        is_flattened: false,
    })
}

/// A surface stands at a point within it.
fn surface(polygons: Vec<Polygon<f64>>) -> Result<Place, PlaceError> {
    let polygons = MultiPolygon(polygons);
    if polygons.is_valid()
        && let Some(inner) = polygons.interior_point()
    {
        return Ok(Place {
            point: point_of(inner.0),
            shape: Some(shape_of(GeometryValue::from(&polygons))),
            is_flattened: false,
        });
    }
    let corners: geo::MultiPoint<f64> = polygons
        .iter()
        .flat_map(|polygon| polygon.exterior().points())
        .collect();
    Ok(Place {
        point: point_of(corners.centroid().ok_or(PlaceError::Empty)?.0),
        shape: None,
        is_flattened: true,
    })
}

fn shape_of(value: GeometryValue) -> ComponentShape {
    ComponentShape(Arc::new(Geometry::new(value)))
}

impl ComponentShape {
    /// As stored: GeoJSON text.
    pub fn to_stored(&self) -> String {
        self.0.to_string()
    }

    /// From what [`ComponentShape::to_stored`] wrote.
    pub fn from_stored(text: &str) -> Result<Self, String> {
        let geometry: Geometry = serde_json::from_str(text).map_err(|e| e.to_string())?;
        Ok(Self(Arc::new(geometry)))
    }
}
