//! Unit grids: cut from outlines, imported from files, checked against each other.

use crate::city::*;
use base::chance::{Chance, SeededChance};
use base::geo::{CoordinateSystem, Point, from_cgcs2000};
use base::{AreaCode, AreaLevel, Id};
use geo::{Area as _, BooleanOps, Validation};
use registry::grid::{CutOptions, check, cut};
use registry::{Boundary, BoundaryImport, GridGenerate, GridImport, Registry, Skipped};
use serde_json::{Value, json};

const DEGREE_LAT_M: f64 = 110_860.0;
const DEGREE_LON_M: f64 = 95_500.0;

pub fn place(x_m: f64, y_m: f64) -> Point {
    Point {
        lon: 121.0 + x_m / DEGREE_LON_M,
        lat: 31.0 + y_m / DEGREE_LAT_M,
    }
}

fn outline(corners: &[(f64, f64)], holes: &[&[(f64, f64)]]) -> Boundary {
    let ring = |corners: &[(f64, f64)]| -> Vec<Point> {
        let closed = corners.iter().chain(corners.first());
        closed.map(|(x, y)| place(*x, *y)).collect()
    };
    let holes: Vec<_> = holes.iter().map(|hole| ring(hole)).collect();
    Boundary::polygon(&ring(corners), &holes).unwrap()
}

fn code(number: usize) -> AreaCode {
    AreaCode::parse(&format!("310118001001{number:03}")).unwrap()
}

/// A star of random reach: a simple ring of `corners` corners around a place.
fn blob(chance: &dyn Chance, corners: usize, reach_m: f64) -> Vec<(f64, f64)> {
    (0..corners)
        .map(|n| {
            let angle = n as f64 / corners as f64 * std::f64::consts::TAU;
            let unit = (chance.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
            let reach = reach_m * (0.35 + 0.65 * unit);
            (reach_m + reach * angle.cos(), reach_m + reach * angle.sin())
        })
        .collect()
}

/// What must hold of any cut: exactly the area, nothing twice, valid shapes, the order of reading.
fn assert_well_cut(area: &Boundary, options: &CutOptions, what: &str) -> Vec<Boundary> {
    let done = cut(area, options).unwrap();
    assert_eq!(done, cut(area, options).unwrap(), "{what}: always the same");
    let whole = area.shape().unsigned_area();
    let parts: f64 = done.grids.iter().map(|g| g.shape().unsigned_area()).sum();
    assert!(
        (parts / whole - 1.0).abs() < 1e-9,
        "{what}: the parts are {parts}, the whole is {whole}"
    );
    for grid in &done.grids {
        assert!(grid.shape().is_valid(), "{what}");
        assert_eq!(
            Boundary::from_stored(&grid.to_stored()).unwrap(),
            *grid,
            "{what}"
        );
    }
    if done.grids.len() < 1000 {
        let coded: Vec<_> = done
            .grids
            .iter()
            .enumerate()
            .map(|(n, g)| (code(n + 1), g))
            .collect();
        let found = check(Some(area), &coded, 0.01);
        assert!(found.is_clean(), "{what}: {found:?}");
    }
    done.grids
}

#[test]
fn a_square_of_three_hundred_metres_is_nine_grids_in_reading_order() {
    let area = outline(
        &[(0.0, 0.0), (300.0, 0.0), (300.0, 300.0), (0.0, 300.0)],
        &[],
    );
    let grids = assert_well_cut(&area, &CutOptions::default(), "square");
    assert_eq!(grids.len(), 9);
    let middles: Vec<Point> = grids.iter().map(|g| g.middle().unwrap()).collect();
    for (n, middle) in middles.iter().enumerate() {
        let (row, column) = (n / 3, n % 3);
        let expected = place(50.0 + 100.0 * column as f64, 250.0 - 100.0 * row as f64);
        assert!((middle.lon - expected.lon).abs() < 1e-7, "{n}");
        assert!((middle.lat - expected.lat).abs() < 1e-7, "{n}");
    }
    assert!(grids.iter().all(|g| g.shape().0[0].exterior().0.len() == 5));
}

#[test]
fn shapes_with_corners_on_the_lattice_holes_and_several_parts_are_covered_exactly() {
    let long = CutOptions::default();
    let shapes: Vec<(&str, Boundary)> = vec![
        (
            "an L whose inner corner is on a line",
            outline(
                &[
                    (0.0, 0.0),
                    (400.0, 0.0),
                    (400.0, 200.0),
                    (200.0, 200.0),
                    (200.0, 400.0),
                    (0.0, 400.0),
                ],
                &[],
            ),
        ),
        (
            "a diamond through the nodes",
            outline(
                &[(400.0, 0.0), (800.0, 400.0), (400.0, 800.0), (0.0, 400.0)],
                &[],
            ),
        ),
        (
            "a hole over four cells",
            outline(
                &[(0.0, 0.0), (600.0, 0.0), (600.0, 600.0), (0.0, 600.0)],
                &[&[
                    (150.0, 150.0),
                    (150.0, 450.0),
                    (450.0, 450.0),
                    (450.0, 150.0),
                ]],
            ),
        ),
        (
            "a hole within one cell",
            outline(
                &[(0.0, 0.0), (300.0, 0.0), (300.0, 300.0), (0.0, 300.0)],
                &[&[
                    (140.0, 140.0),
                    (140.0, 160.0),
                    (160.0, 160.0),
                    (160.0, 140.0),
                ]],
            ),
        ),
        (
            "a strip thinner than a cell",
            outline(
                &[(0.0, 0.0), (2000.0, 300.0), (2000.0, 320.0), (0.0, 20.0)],
                &[],
            ),
        ),
        (
            "a comb",
            outline(
                &[
                    (0.0, 0.0),
                    (700.0, 0.0),
                    (700.0, 500.0),
                    (630.0, 500.0),
                    (630.0, 60.0),
                    (360.0, 60.0),
                    (360.0, 500.0),
                    (330.0, 500.0),
                    (330.0, 60.0),
                    (40.0, 60.0),
                    (40.0, 500.0),
                    (0.0, 500.0),
                ],
                &[],
            ),
        ),
        (
            "smaller than a cell",
            outline(&[(0.0, 0.0), (30.0, 0.0), (10.0, 40.0)], &[]),
        ),
    ];
    for (what, area) in &shapes {
        assert_well_cut(area, &long, what);
    }
    let islands = Boundary::new(geo::MultiPolygon(
        [
            &shapes[0].1,
            &outline(
                &[(3000.0, 0.0), (3020.0, 0.0), (3020.0, 20.0), (3000.0, 20.0)],
                &[],
            ),
        ]
        .iter()
        .flat_map(|b| b.shape().0.clone())
        .collect(),
    ))
    .unwrap();
    let grids = assert_well_cut(&islands, &long, "an islet");
    assert!(
        grids
            .iter()
            .any(|g| g.shape().unsigned_area() * DEGREE_LAT_M * DEGREE_LON_M < 500.0),
        "the islet stays alone"
    );
}

#[test]
fn random_outlines_are_cut_without_overlap_gap_or_sliver() {
    let chance = SeededChance::new(30_428);
    for round in 0..60 {
        let corners = 5 + round * 3;
        let area = outline(&blob(&chance, corners, 700.0), &[]);
        let options = CutOptions::default();
        let grids = assert_well_cut(&area, &options, &format!("seed 30428, round {round}"));
        let plane_m2 = DEGREE_LAT_M * DEGREE_LON_M;
        if area.shape().unsigned_area() * plane_m2 > 50_000.0 {
            for grid in &grids {
                let m2 = grid.shape().unsigned_area() * plane_m2;
                assert!(
                    m2 > 3_000.0 && m2 < 40_000.0,
                    "round {round}: a grid of {m2} m²"
                );
            }
        }
    }
}

#[test]
fn an_area_with_more_than_999_hectares_is_cut_into_larger_grids() {
    let area = outline(
        &[(0.0, 0.0), (5000.0, 0.0), (5000.0, 4000.0), (0.0, 4000.0)],
        &[],
    );
    let done = cut(&area, &CutOptions::default()).unwrap();
    assert!(
        (700..=999).contains(&done.grids.len()),
        "{}",
        done.grids.len()
    );
    assert!(
        (19_000.0..25_000.0).contains(&done.cell_m2),
        "{}",
        done.cell_m2
    );
}

#[test]
fn the_real_outlines_of_counties_are_covered_exactly() {
    for county in [
        "qingpu_county_vonng",
        "jiangyin_county_vonng",
        "qingpu_county_datav",
    ] {
        let Some(path) = table::testing::real_data(&format!("boundaries/{county}.geojson")) else {
            return;
        };
        let text: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let geometry = match &text["features"] {
            Value::Array(features) => features[0]["geometry"].clone(),
            _ => text["geometry"].clone(),
        };
        let geometry: geojson::Geometry = serde_json::from_value(geometry).unwrap();
        let area = Boundary::from_geojson(&geometry, CoordinateSystem::Gcj02).unwrap();
        let options = CutOptions {
            cell_m2: 250_000.0,
            grids_max: usize::MAX,
            ..CutOptions::default()
        };
        let grids = assert_well_cut(&area, &options, county);
        assert!(grids.len() > 1_000, "{county}: {}", grids.len());
        // Neighbours overlap nowhere: by pairs of those whose boxes meet.
        for pair in grids.windows(2) {
            let both = pair[0]
                .shape()
                .intersection(&pair[1].shape())
                .unsigned_area();
            assert!(both < 1e-14, "{county}: {both}");
        }
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

fn cell(code: &str, x: f64, y: f64, w: f64, h: f64) -> Value {
    grid(code, &[(x, y), (x + w, y), (x + w, y + h), (x, y + h)])
}

fn collection(features: &[Value]) -> Vec<u8> {
    json!({"type": "FeatureCollection", "features": features})
        .to_string()
        .into_bytes()
}

fn import_grids(registry: &Registry, features: &[Value], options: &GridImport) -> table::Report {
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
