//! Cutting outlines into grids.

use super::place;
use base::AreaCode;
use base::chance::{Chance, SeededChance};
use base::geo::{CoordinateSystem, Point};
use geo::{Area as _, BooleanOps, Validation};
use registry::Boundary;
use registry::grid::{CutOptions, check, cut};
use serde_json::Value;

use super::{DEGREE_LAT_M, DEGREE_LON_M};

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
