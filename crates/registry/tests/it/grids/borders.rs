//! Grids on both sides of a border between villages: in the file, in force, and in the report.

use super::{cell, code, import_grids};
use crate::city::*;
use registry::grid::GridCheck;
use registry::{BoundaryImport, GridImport, Registry};
use serde_json::{Value, json};

/// A district of two streets: two villages of 300 m by 200 m side by side in one, a third to the north of them in the other.
fn city(registry: &Registry) {
    let outlined = |code: &str, x: f64, y: f64, w: f64, h: f64| -> Value {
        let mut feature = cell(code, x, y, w, h);
        feature["properties"] = json!({"adcode": code, "name": format!("名{code}")});
        feature
    };
    let features = [
        outlined("310118", -5_000.0, -5_000.0, 10_000.0, 10_000.0),
        outlined("310118001", 0.0, 0.0, 600.0, 200.0),
        outlined("310118002", 0.0, 200.0, 600.0, 200.0),
        outlined("310118001001", 0.0, 0.0, 300.0, 200.0),
        outlined("310118001002", 300.0, 0.0, 300.0, 200.0),
        outlined("310118002001", 0.0, 200.0, 600.0, 200.0),
    ];
    let file = super::collection(&features);
    let report = import_boundaries(registry, &file, &BoundaryImport::default()).unwrap();
    assert_eq!(report.stored, 6, "{:?}", report.rejected);
}

/// The remarks of a kind, with their rows.
fn remarks(report: &table::Report, kind: &str) -> Vec<(u64, String)> {
    let of_kind = report.remarks.iter().filter(|r| r.reason.starts_with(kind));
    of_kind.map(|r| (r.row, r.reason.clone())).collect()
}

fn checked(registry: &Registry, village: &str) -> GridCheck {
    let areas = registry.snapshot().areas.clone();
    let id = areas.by_code(code(village)).unwrap().id;
    registry.grid_check(id, 1).unwrap().remove(0).1
}

/// The overlaps of a village as pairs of codes with whole square metres.
fn overlaps(registry: &Registry, village: &str) -> Vec<(String, String, f64)> {
    let found = checked(registry, village).overlaps.into_iter();
    found
        .map(|o| (o.first.to_string(), o.second.to_string(), o.area_m2.round()))
        .collect()
}

const WEST: &str = "310118001001001";
const EAST: &str = "310118001002001";
const NORTH: &str = "310118002001001";

#[test]
fn a_strip_that_grids_of_two_villages_both_cover_is_told_with_both_codes() {
    on_each_engine(|_, registry| {
        city(registry);
        // Half a metre over the border to the east, in the file before what it lies over.
        let file = [
            cell(WEST, 200.0, 0.0, 100.5, 100.0),
            cell(EAST, 300.0, 0.0, 100.0, 100.0),
        ];
        let report = import_grids(registry, &file, &GridImport::default());
        assert_eq!(counts(&report), (2, 2, 0, 0), "{:?}", report.rejected);
        let told = remarks(&report, "overlap");
        let words = format!("overlap: `{WEST}` and `{EAST}` both cover 50.");
        assert!(
            told.len() == 1 && told[0].0 == 2 && told[0].1.starts_with(&words),
            "{told:?}"
        );
        let outside = remarks(&report, "outside");
        assert!(
            outside.len() == 1 && outside[0].0 == 1 && outside[0].1.contains(WEST),
            "it lies outside its own village too: {outside:?}"
        );
        // Both villages have it in their report, each asked alone.
        let both = |village| {
            let mut pairs = overlaps(registry, village);
            for (first, second, _) in &mut pairs {
                if first > second {
                    std::mem::swap(first, second);
                }
            }
            pairs
        };
        let pair = [(WEST.to_owned(), EAST.to_owned(), 50.0)];
        assert_eq!(both("310118001001"), pair);
        assert_eq!(both("310118001002"), pair);
        assert!(overlaps(registry, "310118002001").is_empty());
        assert!(!checked(registry, "310118001002").is_clean());
    });
}

#[test]
fn grids_that_touch_at_a_border_or_lap_by_a_sliver_do_not_overlap() {
    on_each_engine(|_, registry| {
        city(registry);
        let file = [
            cell(WEST, 200.0, 100.0, 100.0, 100.0),
            cell(EAST, 300.0, 100.0, 100.0, 100.0),
            // By five millimetres over a hundred metres, half a square metre: what digitising leaves.
            cell(NORTH, 200.0, 199.995, 100.0, 100.0),
        ];
        let report = import_grids(registry, &file, &GridImport::default());
        assert_eq!(counts(&report), (3, 3, 0, 0), "{:?}", report.rejected);
        assert!(remarks(&report, "overlap").is_empty(), "{report:?}");
        for village in ["310118001001", "310118001002", "310118002001"] {
            assert!(overlaps(registry, village).is_empty(), "{village}");
        }
    });
}

#[test]
fn grids_are_held_against_those_in_force_in_other_villages_and_streets() {
    on_each_engine(|_, registry| {
        city(registry);
        let before = [cell(NORTH, 200.0, 200.0, 100.0, 100.0)];
        let report = import_grids(registry, &before, &GridImport::default());
        assert_eq!(counts(&report), (1, 1, 0, 0), "{:?}", report.rejected);
        // Five metres deep into the other street's grid: five hundredths of it.
        let deep = [cell(WEST, 200.0, 105.0, 100.0, 100.0)];
        let report = import_grids(registry, &deep, &GridImport::default());
        let wrong = rejections(&report);
        assert!(
            wrong.len() == 1
                && wrong[0].2.starts_with(&format!(
                    "the grid overlaps `{NORTH}` by 500 m² (5 % of the smaller one)"
                )),
            "{wrong:?}"
        );
        // Half a metre is told, row by row of the new file.
        let shallow = [
            cell("310118001001002", 0.0, 0.0, 100.0, 100.0),
            cell(WEST, 200.0, 100.5, 100.0, 100.0),
        ];
        let report = import_grids(registry, &shallow, &GridImport::default());
        assert_eq!(counts(&report), (2, 2, 0, 0), "{:?}", report.rejected);
        let told = remarks(&report, "overlap");
        let words = format!("overlap: `{NORTH}` and `{WEST}` both cover 50.");
        assert!(
            told.len() == 1 && told[0].0 == 2 && told[0].1.starts_with(&words),
            "{told:?}"
        );
        // A file with both moves the border: what it replaces is in nobody's way.
        let moved = [
            cell(WEST, 200.0, 100.0, 100.0, 110.0),
            cell(NORTH, 200.0, 210.0, 100.0, 90.0),
        ];
        let report = import_grids(registry, &moved, &GridImport::default());
        assert_eq!(counts(&report), (2, 2, 0, 0), "{:?}", report.rejected);
        assert!(remarks(&report, "overlap").is_empty(), "{report:?}");
        assert!(overlaps(registry, "310118002001").is_empty());
    });
}

#[test]
fn a_grid_refused_for_one_border_makes_no_grid_behind_another_refused() {
    on_each_engine(|_, registry| {
        city(registry);
        // The second lies over the first of another village, the third over the second of its own.
        let file = [
            cell(WEST, 200.0, 0.0, 100.0, 100.0),
            cell(EAST, 290.0, 0.0, 100.0, 100.0),
            cell("310118001002002", 380.0, 0.0, 100.0, 100.0),
        ];
        let report = import_grids(registry, &file, &GridImport::default());
        let wrong = rejections(&report);
        assert_eq!(counts(&report), (3, 2, 0, 1), "{wrong:?}");
        assert!(
            wrong[0].0 == 2
                && wrong[0]
                    .2
                    .contains(&format!("overlaps `{WEST}` by 1000 m²")),
            "{wrong:?}"
        );
        assert!(remarks(&report, "overlap").is_empty(), "{report:?}");
        // The other way round in the file it is the other that goes.
        let report = import_grids(
            registry,
            &[
                cell(EAST, 299.0, 100.0, 100.0, 100.0),
                cell("310118001001002", 210.0, 100.0, 100.0, 100.0),
            ],
            &GridImport::default(),
        );
        let wrong = rejections(&report);
        assert!(wrong.len() == 1 && wrong[0].0 == 2, "{wrong:?}");
    });
}
