//! Points on the ground and the coordinate systems they come in.
//!
//! Everything is kept in CGCS2000; what phones, map sites and partners send is turned into it at the border. WGS-84 is taken
//! as equal (centimetres apart, below what any street data resolve). Not here: plane coordinates of a city and shapes.

use serde::{Deserialize, Serialize};
use std::f64::consts::PI;
use thiserror::Error;

/// A place in degrees; CGCS2000 unless said otherwise. Read from JSON it is always within the globe.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Degrees")]
pub struct Point {
    /// Longitude, degrees east, -180 to 180.
    pub lon: f64,
    /// Latitude, degrees north, -90 to 90.
    pub lat: f64,
}

/// Why two numbers are no place.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum PointError {
    /// Not a number, or infinite.
    #[error("longitude and latitude are finite numbers")]
    NotFinite,
    /// Beyond ±180.
    #[error("longitude {0} is outside -180 to 180")]
    Longitude(f64),
    /// Beyond ±90.
    #[error("latitude {0} is outside -90 to 90; are longitude and latitude swapped?")]
    Latitude(f64),
}

impl Point {
    /// A point on the globe. Errors: a coordinate is NaN, infinite or out of range.
    pub fn new(lon: f64, lat: f64) -> Result<Self, PointError> {
        if !lon.is_finite() || !lat.is_finite() {
            return Err(PointError::NotFinite);
        }
        if !(-180.0..=180.0).contains(&lon) {
            return Err(PointError::Longitude(lon));
        }
        if !(-90.0..=90.0).contains(&lat) {
            return Err(PointError::Latitude(lat));
        }
        Ok(Self { lon, lat })
    }
}

/// The unchecked pair a [`Point`] is read from.
#[derive(Deserialize)]
struct Degrees {
    lon: f64,
    lat: f64,
}

impl TryFrom<Degrees> for Point {
    type Error = PointError;
    fn try_from(degrees: Degrees) -> Result<Self, PointError> {
        Self::new(degrees.lon, degrees.lat)
    }
}

/// The systems coordinates arrive in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoordinateSystem {
    /// China Geodetic Coordinate System 2000: what is stored.
    #[default]
    Cgcs2000,
    /// GPS; the same as CGCS2000 here.
    Wgs84,
    /// The shifted system of AMap, Tencent and other Chinese map services.
    Gcj02,
    /// Baidu's shift on top of GCJ-02.
    Bd09,
}

/// Turns `point`, given in `system`, into CGCS2000.
///
/// GCJ-02 and BD-09 have no inverse formula; this iterates to better than 1e-9 degrees. Within about a kilometre of the
/// edge of the GCJ-02 box (in the sea or abroad) the shift jumps, so a place there may have two readings or none: what lies
/// outside the box is taken as unshifted, what lies inside as shifted.
#[must_use]
pub fn to_cgcs2000(system: CoordinateSystem, point: Point) -> Point {
    match system {
        CoordinateSystem::Cgcs2000 | CoordinateSystem::Wgs84 => point,
        CoordinateSystem::Gcj02 => gcj02_to_wgs84(point),
        CoordinateSystem::Bd09 => gcj02_to_wgs84(bd09_to_gcj02(point)),
    }
}

/// Turns `point`, given in CGCS2000, into `system`; for calls to partners and for drawing on their maps.
#[must_use]
pub fn from_cgcs2000(system: CoordinateSystem, point: Point) -> Point {
    match system {
        CoordinateSystem::Cgcs2000 | CoordinateSystem::Wgs84 => point,
        CoordinateSystem::Gcj02 => wgs84_to_gcj02(point),
        CoordinateSystem::Bd09 => gcj02_to_bd09(wgs84_to_gcj02(point)),
    }
}

/// Mean radius of the earth, metres (IUGG).
const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// Metres along the great circle (haversine on a sphere: within 0.6 % of the ellipsoid).
#[must_use]
pub fn distance_m(from: Point, to: Point) -> f64 {
    let half = |a: f64, b: f64| ((b - a).to_radians() / 2.0).sin().powi(2);
    let chord = half(from.lat, to.lat)
        + from.lat.to_radians().cos() * to.lat.to_radians().cos() * half(from.lon, to.lon);
    2.0 * EARTH_RADIUS_M * chord.sqrt().min(1.0).asin()
}

/// Krasovsky 1940, which GCJ-02 is computed on: semi-major axis in metres and first eccentricity squared.
const KRASOVSKY_A: f64 = 6_378_245.0;
const KRASOVSKY_EE: f64 = 0.006_693_421_622_965_943;
/// BD-09 counts its ripples in this.
const BD_PI: f64 = PI * 3000.0 / 180.0;
/// Both shifts contract by more than thirty-fold a step, so six steps reach the last digit; twelve leave room.
const STEPS_MAX: usize = 12;
/// Stop here: a tenth of a micrometre.
const STEP_ENOUGH: f64 = 1e-12;

/// Where the GCJ-02 shift is applied at all, as in the reference algorithm.
fn is_shifted(point: Point) -> bool {
    (72.004..=137.8347).contains(&point.lon) && (0.8293..=55.8271).contains(&point.lat)
}

/// The GCJ-02 shift at `point` in degrees (longitude, latitude), without regard to the box.
fn gcj02_shift(point: Point) -> (f64, f64) {
    let (x, y) = (point.lon - 105.0, point.lat - 35.0);
    let ripple = |a: f64, amplitude: f64, cycle: f64| amplitude * (a * PI / cycle).sin();
    let shared = 20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin();
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + 2.0 / 3.0
            * (shared
                + ripple(y, 20.0, 1.0)
                + ripple(y, 40.0, 3.0)
                + ripple(y, 160.0, 12.0)
                + ripple(y, 320.0, 30.0));
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + 2.0 / 3.0
            * (shared
                + ripple(x, 20.0, 1.0)
                + ripple(x, 40.0, 3.0)
                + ripple(x, 150.0, 12.0)
                + ripple(x, 300.0, 30.0));
    let latitude = point.lat.to_radians();
    let magic = 1.0 - KRASOVSKY_EE * latitude.sin().powi(2);
    let metres_per_degree_east = KRASOVSKY_A / magic.sqrt() * latitude.cos() * PI / 180.0;
    let metres_per_degree_north =
        KRASOVSKY_A * (1.0 - KRASOVSKY_EE) / (magic * magic.sqrt()) * PI / 180.0;
    (
        east / metres_per_degree_east,
        north / metres_per_degree_north,
    )
}

fn wgs84_to_gcj02(point: Point) -> Point {
    if !is_shifted(point) {
        return point;
    }
    let (east, north) = gcj02_shift(point);
    Point {
        lon: point.lon + east,
        lat: point.lat + north,
    }
}

/// The shift is continued beyond the box while iterating, so that the iteration cannot hop over its edge to and fro.
fn gcj02_to_wgs84(point: Point) -> Point {
    if !is_shifted(point) {
        return point;
    }
    solve(point, |guess| {
        let (east, north) = gcj02_shift(guess);
        Point {
            lon: guess.lon + east,
            lat: guess.lat + north,
        }
    })
}

/// BD-09 of a GCJ-02 point, before it is brought back onto the globe.
fn bd09_shifted(point: Point) -> Point {
    let radius = point.lon.hypot(point.lat) + 0.000_02 * (point.lat * BD_PI).sin();
    let angle = point.lat.atan2(point.lon) + 0.000_003 * (point.lon * BD_PI).cos();
    Point {
        lon: radius * angle.cos() + 0.0065,
        lat: radius * angle.sin() + 0.006,
    }
}

fn gcj02_to_bd09(point: Point) -> Point {
    onto_globe(bd09_shifted(point))
}

fn bd09_to_gcj02(point: Point) -> Point {
    onto_globe(solve(point, bd09_shifted))
}

/// The point that `shift` moves onto `target`, by fixed-point iteration. `shift` must be near the identity.
fn solve(target: Point, shift: impl Fn(Point) -> Point) -> Point {
    let mut guess = target;
    for _ in 0..STEPS_MAX {
        let reached = shift(guess);
        let (east, north) = (target.lon - reached.lon, target.lat - reached.lat);
        guess = Point {
            lon: guess.lon + east,
            lat: guess.lat + north,
        };
        if east.abs().max(north.abs()) < STEP_ENOUGH {
            break;
        }
    }
    guess
}

/// A shift at the date line or a pole must not leave the globe.
fn onto_globe(point: Point) -> Point {
    Point {
        lon: point.lon.clamp(-180.0, 180.0),
        lat: point.lat.clamp(-90.0, 90.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(lon: f64, lat: f64) -> Point {
        Point::new(lon, lat).unwrap()
    }

    fn apart(a: Point, b: Point) -> f64 {
        (a.lon - b.lon).abs().max((a.lat - b.lat).abs())
    }

    /// A grid over the mainland that misses round numbers, so that no ripple is sampled at its zeros only.
    fn mainland() -> impl Iterator<Item = Point> {
        (0..90).flat_map(|i| {
            (0..75).map(move |j| point(73.5 + f64::from(i) * 0.687, 3.9 + f64::from(j) * 0.671))
        })
    }

    #[test]
    fn a_known_point_shifts_as_the_reference_algorithm_says() {
        let shifted = from_cgcs2000(CoordinateSystem::Gcj02, point(120.2843, 31.9117));
        assert!(
            apart(shifted, point(120.288_914_4, 31.909_741_5)) < 5e-8,
            "{shifted:?}"
        );
    }

    #[test]
    fn every_system_comes_back_to_where_it_started_all_over_the_mainland() {
        for system in [
            CoordinateSystem::Cgcs2000,
            CoordinateSystem::Wgs84,
            CoordinateSystem::Gcj02,
            CoordinateSystem::Bd09,
        ] {
            for start in mainland() {
                let back = to_cgcs2000(system, from_cgcs2000(system, start));
                assert!(apart(back, start) < 1e-9, "{system:?} {start:?} {back:?}");
                let there = from_cgcs2000(system, to_cgcs2000(system, start));
                assert!(apart(there, start) < 1e-9, "{system:?} {start:?} {there:?}");
            }
        }
    }

    #[test]
    fn the_shifts_are_as_large_as_they_are_known_to_be() {
        for start in mainland() {
            let gcj = distance_m(start, from_cgcs2000(CoordinateSystem::Gcj02, start));
            assert!((20.0..1500.0).contains(&gcj), "{start:?} moved {gcj} m");
            let bd = distance_m(start, from_cgcs2000(CoordinateSystem::Bd09, start));
            assert!((100.0..3000.0).contains(&bd), "{start:?} moved {bd} m");
        }
    }

    #[test]
    fn outside_the_box_gcj02_is_not_shifted_in_either_direction() {
        for abroad in [
            point(2.35, 48.86),
            point(139.7, 35.7),
            point(72.0, 40.0),
            point(100.0, 0.8),
            point(100.0, 55.9),
            point(-180.0, -90.0),
        ] {
            assert_eq!(from_cgcs2000(CoordinateSystem::Gcj02, abroad), abroad);
            assert_eq!(to_cgcs2000(CoordinateSystem::Gcj02, abroad), abroad);
        }
    }

    #[test]
    fn at_the_edge_of_the_box_the_inverse_settles_and_stays_within_the_shift() {
        for step in 0..400 {
            let along = f64::from(step) * 0.13;
            for offset in [-0.01, -1e-9, 0.0, 1e-9, 0.003, 0.01] {
                for edge in [
                    point(72.004 + offset, 1.0 + along),
                    point(137.8347 + offset, 1.0 + along),
                    point(73.0 + along, 0.8293 + offset),
                    point(73.0 + along, 55.8271 + offset),
                ] {
                    let back = to_cgcs2000(CoordinateSystem::Gcj02, edge);
                    assert!(apart(back, edge) < 0.05, "{edge:?} {back:?}");
                    if is_shifted(edge) {
                        let (east, north) = gcj02_shift(back);
                        let again = point(back.lon + east, back.lat + north);
                        assert!(apart(again, edge) < 1e-9, "{edge:?} did not settle");
                    }
                }
            }
        }
    }

    #[test]
    fn whatever_goes_in_what_comes_out_is_on_the_globe() {
        for lon in [-180.0, -90.0, -1e-3, 0.0, 90.0, 179.999, 180.0] {
            for lat in [-90.0, -45.0, 0.0, 45.0, 90.0] {
                for system in [CoordinateSystem::Gcj02, CoordinateSystem::Bd09] {
                    for out in [
                        to_cgcs2000(system, point(lon, lat)),
                        from_cgcs2000(system, point(lon, lat)),
                    ] {
                        assert_eq!(Point::new(out.lon, out.lat), Ok(out));
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_no_place_is_refused_with_the_reason() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Point::new(bad, 30.0), Err(PointError::NotFinite));
            assert_eq!(Point::new(120.0, bad), Err(PointError::NotFinite));
        }
        assert_eq!(Point::new(180.01, 0.0), Err(PointError::Longitude(180.01)));
        assert_eq!(
            Point::new(31.9, 120.28),
            Err(PointError::Latitude(120.28)),
            "swapped coordinates of China never pass"
        );
    }

    #[test]
    fn a_point_in_json_is_checked_like_any_other() {
        assert_eq!(
            serde_json::from_str::<Point>(r#"{"lon":120.5,"lat":31.5}"#).unwrap(),
            point(120.5, 31.5)
        );
        assert!(serde_json::from_str::<Point>(r#"{"lon":31.5,"lat":120.5}"#).is_err());
        assert_eq!(
            serde_json::to_string(&point(120.5, 31.5)).unwrap(),
            r#"{"lon":120.5,"lat":31.5}"#
        );
    }

    #[test]
    fn systems_have_the_names_people_write() {
        for (system, name) in [
            (CoordinateSystem::Cgcs2000, "\"cgcs2000\""),
            (CoordinateSystem::Wgs84, "\"wgs84\""),
            (CoordinateSystem::Gcj02, "\"gcj02\""),
            (CoordinateSystem::Bd09, "\"bd09\""),
        ] {
            assert_eq!(serde_json::to_string(&system).unwrap(), name);
        }
    }

    #[test]
    fn distances_agree_with_the_arc_of_a_degree_and_are_symmetric() {
        let degree = EARTH_RADIUS_M * PI / 180.0;
        let (a, b) = (point(120.0, 31.0), point(120.0, 32.0));
        assert!((distance_m(a, b) - degree).abs() < 1e-3);
        assert!((distance_m(b, a) - degree).abs() < 1e-3);
        assert!(distance_m(a, a) < 1e-9);
        let antipode = point(-60.0, -31.0);
        assert!((distance_m(a, antipode) - EARTH_RADIUS_M * PI).abs() < 1.0);
    }
}
