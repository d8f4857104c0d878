//! Unit grids: cut from outlines, imported from files, checked against each other.

mod borders;
mod cut;

use crate::city::*;
use base::geo::{CoordinateSystem, Point, from_cgcs2000};
use base::{AreaCode, AreaLevel, Id};
use registry::{BoundaryImport, GridGenerate, GridImport, Registry, Skipped};
use serde_json::{Value, json};

const DEGREE_LAT_M: f64 = 110_860.0;
const DEGREE_LON_M: f64 = 95_500.0;

pub fn place(x_m: f64, y_m: f64) -> Point {
    Point {
        lon: 121.0 + x_m / DEGREE_LON_M,
        lat: 31.0 + y_m / DEGREE_LAT_M,
    }
}

/// Street and two villages: one with an outline of 300 m by 200 m, one with a centre only.
pub fn village_city(registry: &Registry) {
    let square = |code: &str, name: &str, x: f64, w: f64, h: f64| -> Value {
        let ring: Vec<Value> = [(x, 0.0), (x + w, 0.0), (x + w, h), (x, h), (x, 0.0)]
            .iter()
            .map(|(x, y)| {
                let p = place(*x, *y);
                json!([p.lon, p.lat])
            })
            .collect();
        json!({"type": "Feature", "properties": {"adcode": code, "name": name},
            "geometry": {"type": "Polygon", "coordinates": [ring]}})
    };
    let file = json!({"type": "FeatureCollection", "features": [
        square("310118", "青浦区", -10_000.0, 30_000.0, 20_000.0),
        square("310118001", "夏阳街道", -5_000.0, 20_000.0, 10_000.0),
        square("310118001001", "东盛社区", 0.0, 300.0, 200.0),
    ]});
    import_boundaries(
        registry,
        file.to_string().as_bytes(),
        &BoundaryImport::default(),
    )
    .unwrap();
    let table = csv("code,name,lon,lat\n310118001002,青平社区,121.01,31.0\n");
    import_areas(registry, &table, &registry::AreaImport::default()).unwrap();
}

fn code(text: &str) -> AreaCode {
    AreaCode::parse(text).unwrap()
}

fn grid(code: &str, corners: &[(f64, f64)]) -> Value {
    let ring: Vec<Value> = corners
        .iter()
        .chain(corners.first())
        .map(|(x, y)| {
            let p = place(*x, *y);
            json!([p.lon, p.lat])
        })
        .collect();
    json!({"type": "Feature", "properties": {"grid_code": code},
        "geometry": {"type": "Polygon", "coordinates": [ring]}})
}

pub fn cell(code: &str, x: f64, y: f64, w: f64, h: f64) -> Value {
    grid(code, &[(x, y), (x + w, y), (x + w, y + h), (x, y + h)])
}

pub fn collection(features: &[Value]) -> Vec<u8> {
    json!({"type": "FeatureCollection", "features": features})
        .to_string()
        .into_bytes()
}

pub fn import_grids(
    registry: &Registry,
    features: &[Value],
    options: &GridImport,
) -> table::Report {
    wait(registry.grid_import(&console(), &collection(features), options, |_| ())).unwrap()
}

#[test]
fn grids_go_in_under_the_village_whose_code_they_bear_and_a_second_run_changes_nothing() {
    on_each_engine(|fresh, registry| {
        village_city(registry);
        let file: Vec<Value> = (0..6)
            .map(|n| {
                cell(
                    &format!("31011800100100{}", n + 1),
                    f64::from(n % 3) * 100.0,
                    f64::from(1 - n / 3) * 100.0,
                    100.0,
                    100.0,
                )
            })
            .collect();
        let rehearsal = GridImport {
            dry_run: true,
            ..GridImport::default()
        };
        let before = count(fresh, "SELECT COUNT(*) FROM area");
        assert_eq!(
            counts(&import_grids(registry, &file, &rehearsal)),
            (6, 6, 0, 0)
        );
        assert_eq!(count(fresh, "SELECT COUNT(*) FROM area"), before);
        let report = import_grids(registry, &file, &GridImport::default());
        assert_eq!(counts(&report), (6, 6, 0, 0));
        assert!(report.remarks.is_empty(), "{:?}", report.remarks);
        let again = import_grids(registry, &file, &GridImport::default());
        assert_eq!(counts(&again), (6, 0, 6, 0));
        let hit = registry.area_at(place(250.0, 150.0)).unwrap();
        assert_eq!(
            (
                hit.area.code.to_string().as_str(),
                hit.area.level,
                hit.area.name.as_str()
            ),
            ("310118001001003", AreaLevel::Grid, "003网格")
        );
        assert!(!hit.nearest_centre);
        let village = registry
            .snapshot()
            .areas
            .by_code(AreaCode::parse("310118001001").unwrap())
            .unwrap()
            .id;
        let checks = registry.grid_check(village, 10).unwrap();
        assert!(checks[0].1.is_clean(), "{checks:?}");
        assert_eq!(checks[0].1.grids, 6);
        // A corner moved is one grid changed.
        let mut moved = file.clone();
        moved[0] = cell("310118001001001", 0.0, 100.0, 100.0, 99.999_9);
        assert_eq!(
            counts(&import_grids(registry, &moved, &GridImport::default())),
            (6, 1, 5, 0)
        );
    });
}

#[test]
fn overlaps_gaps_and_parts_outside_are_told_with_codes_and_square_metres() {
    on_each_engine(|_, registry| {
        village_city(registry);
        let file = vec![
            cell("310118001001001", 0.0, 0.0, 100.0, 200.0),
            cell("310118001001002", 99.5, 0.0, 100.0, 200.0),
            cell("310118001001003", 199.5, 0.0, 110.0, 150.0),
        ];
        let report = import_grids(registry, &file, &GridImport::default());
        assert_eq!(counts(&report), (3, 3, 0, 0), "{:?}", report.rejected);
        let told: Vec<(u64, &str)> = report
            .remarks
            .iter()
            .map(|r| (r.row, r.reason.as_str()))
            .collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert_eq!(told[0].0, 1);
        assert!(
            told[0].1.starts_with("gap: 50")
                && told[0].1.contains("310118001001 东盛社区")
                && told[0]
                    .1
                    .ends_with("beside: `310118001001002` `310118001001003`"),
            "{}",
            told[0].1
        );
        assert_eq!(told[1].0, 2);
        assert!(
            told[1]
                .1
                .starts_with("overlap: `310118001001001` and `310118001001002` both cover 10")
                && told[1].1.ends_with(" m²"),
            "{}",
            told[1].1
        );
        assert_eq!(told[2].0, 3);
        assert!(
            told[2].1.starts_with("outside: 14") && told[2].1.contains("`310118001001003`"),
            "{}",
            told[2].1
        );
    });
}

#[test]
fn wrong_grids_are_refused_with_the_reason_and_the_others_go_in() {
    on_each_engine(|_, registry| {
        village_city(registry);
        let bow_tie = [(100.0, 0.0), (200.0, 100.0), (200.0, 0.0), (100.0, 100.0)];
        let mut open = cell("310118001001006", 0.0, 0.0, 10.0, 10.0);
        open["geometry"]["coordinates"][0]
            .as_array_mut()
            .unwrap()
            .pop();
        let mut line = cell("310118001001007", 0.0, 0.0, 10.0, 10.0);
        line["geometry"] =
            json!({"type": "LineString", "coordinates": [[121.0, 31.0], [121.1, 31.0]]});
        let mut nothing = cell("310118001001008", 0.0, 0.0, 10.0, 10.0);
        nothing["geometry"] = Value::Null;
        let mut swapped = cell("310118001001009", 0.0, 0.0, 10.0, 10.0);
        swapped["geometry"]["coordinates"] =
            json!([[[31.0, 121.0], [31.1, 121.0], [31.1, 121.1], [31.0, 121.0]]]);
        let cases: Vec<(Value, Option<&str>)> = vec![
            (cell("310118001001001", 0.0, 0.0, 100.0, 100.0), None),
            (
                cell("310118001001001", 100.0, 0.0, 100.0, 100.0),
                Some("is feature 1 already"),
            ),
            (
                cell("310118001001", 100.0, 0.0, 100.0, 100.0),
                Some("is the code of no unit grid"),
            ),
            (
                cell("31011800100100", 100.0, 0.0, 100.0, 100.0),
                Some("6, 9, 12 or 15 digits"),
            ),
            (
                cell("31011800100100X", 100.0, 0.0, 100.0, 100.0),
                Some("is not a digit"),
            ),
            (
                cell("310118001009001", 100.0, 0.0, 100.0, 100.0),
                Some("there is no village `310118001009`"),
            ),
            (
                cell("310118001000001", 100.0, 0.0, 100.0, 100.0),
                Some("all zeros"),
            ),
            (grid("310118001001002", &bow_tie), Some("invalid")),
            (open, Some("not closed")),
            (line, Some("LineString")),
            (nothing, Some("no geometry")),
            (swapped, Some("swapped")),
            (
                cell("310118001001010", 50.0, 0.0, 100.0, 100.0),
                Some("overlaps `310118001001001` by 500"),
            ),
            (cell("310118001001011", 140.0, 0.0, 60.0, 100.0), None),
            (
                cell("310118001001012", 290.0, 0.0, 100.0, 100.0),
                Some("90 % of the grid (9"),
            ),
            (
                cell("310118001002001", 200_000.0, 0.0, 100.0, 100.0),
                Some("km from 310118001002"),
            ),
            (cell("310118001002002", 700.0, 0.0, 100.0, 100.0), None),
            (
                json!({"type": "Feature", "properties": {}, "geometry": null}),
                Some("no division code"),
            ),
        ];
        let file: Vec<Value> = cases.iter().map(|(feature, _)| feature.clone()).collect();
        let report = import_grids(registry, &file, &GridImport::default());
        assert_eq!(counts(&report), (18, 3, 0, 15), "{:?}", report.rejected);
        let wrong = rejections(&report);
        let expected = (1_u64..)
            .zip(&cases)
            .filter_map(|(row, (_, reason))| Some((row, (*reason)?)));
        for ((row, _, reason), (expected_row, part)) in wrong.iter().zip(expected) {
            assert_eq!(*row, expected_row);
            assert!(reason.contains(part), "{row}: {reason:?} has no {part:?}");
        }
        for bad in [&b"{"[..], b"[]", br#"{"type":"Point","coordinates":[1,2]}"#] {
            assert!(
                wait(registry.grid_import(&console(), bad, &GridImport::default(), |_| ()))
                    .is_err()
            );
        }
    });
}

#[test]
fn grids_in_another_coordinate_system_are_kept_in_cgcs2000() {
    on_each_engine(|_, registry| {
        village_city(registry);
        let shifted: Vec<Value> = [
            (0.0, 0.0),
            (100.0, 0.0),
            (100.0, 100.0),
            (0.0, 100.0),
            (0.0, 0.0),
        ]
        .iter()
        .map(|(x, y)| {
            let p = from_cgcs2000(CoordinateSystem::Gcj02, place(*x, *y));
            json!([p.lon, p.lat])
        })
        .collect();
        let feature = json!({"type": "Feature", "properties": {"网格编码": 310_118_001_001_001_u64, "网格名称": "东一"},
            "geometry": {"type": "MultiPolygon", "coordinates": [[shifted]]}});
        let options = GridImport {
            coordinates: CoordinateSystem::Gcj02,
            ..GridImport::default()
        };
        let report = import_grids(registry, &[feature], &options);
        assert_eq!(counts(&report), (1, 1, 0, 0), "{:?}", report.rejected);
        assert_eq!(
            registry.area_at(place(50.0, 50.0)).unwrap().area.name,
            "东一"
        );
    });
}

#[test]
fn a_village_is_cut_once_and_keeps_its_grids() {
    on_each_engine(|fresh, registry| {
        village_city(registry);
        let areas = registry.snapshot().areas.clone();
        let street = areas
            .by_code(AreaCode::parse("310118001").unwrap())
            .unwrap()
            .id;
        let rehearsal = GridGenerate {
            dry_run: true,
            ..GridGenerate::default()
        };
        let planned = wait(registry.grid_generate(&console(), street, &rehearsal, |_| ())).unwrap();
        assert_eq!(planned.grids(), 6);
        assert_eq!(registry.snapshot().areas.len(), areas.len());
        let done =
            wait(registry.grid_generate(&console(), street, &GridGenerate::default(), |_| ()))
                .unwrap();
        assert_eq!(done, planned);
        assert_eq!(
            done.skipped
                .iter()
                .map(|(v, why)| (v.name.as_str(), *why))
                .collect::<Vec<_>>(),
            [("青平社区", Skipped::NoOutline)]
        );
        assert!(
            (9_900.0..10_100.0).contains(&done.villages[0].smallest_m2),
            "{done:?}"
        );
        let snapshot = registry.snapshot();
        let first = snapshot
            .areas
            .by_code(AreaCode::parse("310118001001001").unwrap())
            .unwrap();
        assert_eq!(
            registry.area_at(place(10.0, 190.0)).unwrap().area.id,
            first.id,
            "the first is north-west"
        );
        assert_eq!(
            count(
                fresh,
                "SELECT COUNT(*) FROM audit WHERE action = 'grid_generate'"
            ),
            6
        );
        let again =
            wait(registry.grid_generate(&console(), street, &GridGenerate::default(), |_| ()))
                .unwrap();
        assert_eq!((again.grids(), again.skipped.len()), (0, 2));
        for wrong in [0.0, 399.0, f64::NAN, 1e9] {
            let options = GridGenerate {
                cell_m2: wrong,
                dry_run: false,
            };
            assert!(
                wait(registry.grid_generate(&console(), street, &options, |_| ())).is_err(),
                "{wrong}"
            );
        }
        assert!(
            wait(registry.grid_generate(&console(), Id(7), &GridGenerate::default(), |_| ()))
                .is_err()
        );
        assert!(
            wait(registry.grid_generate(&console(), first.id, &GridGenerate::default(), |_| ()))
                .is_err(),
            "a grid has no villages"
        );
    });
}
