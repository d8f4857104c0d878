//! Point to area, held against a plain search over all outlines.

use crate::shapes::{partition, star, unit};
use base::geo::CoordinateSystem;
use base::{AreaCode, AreaLevel, Id, Point, SeededChance, TreePath};
use geo::coordinate_position::{CoordPos, CoordinatePosition};
use proptest::prelude::*;
use registry::spatial::Layer;
use registry::{Area, AreaTree, Boundary, BoundaryError, SpatialIndex};
use std::sync::Arc;

fn point(lon: f64, lat: f64) -> Point {
    Point { lon, lat }
}

fn square(west: f64, south: f64, size: f64) -> Vec<Point> {
    [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]
        .map(|(x, y)| point(west + x * size, south + y * size))
        .to_vec()
}

fn position(boundary: &Boundary, at: Point) -> CoordPos {
    boundary
        .shape()
        .coordinate_position(&geo::coord! { x: at.lon, y: at.lat })
}

/// Random places around the outlines, and the hardest ones: corners and the middles of edges.
fn places(chance: &SeededChance, boundaries: &[Boundary], count: usize) -> Vec<Point> {
    let corners: Vec<Point> = boundaries
        .iter()
        .flat_map(registry::Boundary::shape)
        .flat_map(|p| p.exterior().0.clone())
        .map(|c| point(c.x, c.y))
        .collect();
    let any = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)))
    };
    let (west, east) = any(&mut corners.iter().map(|c| c.lon));
    let (south, north) = any(&mut corners.iter().map(|c| c.lat));
    let (width, height) = (east - west, north - south);
    let mut places: Vec<Point> = (0..count)
        .map(|_| {
            point(
                west - 0.05 * width + unit(chance) * 1.1 * width,
                south - 0.05 * height + unit(chance) * 1.1 * height,
            )
        })
        .collect();
    for ends in corners.windows(2).take(count) {
        places.push(ends[0]);
        places.push(point(
            f64::midpoint(ends[0].lon, ends[1].lon),
            f64::midpoint(ends[0].lat, ends[1].lat),
        ));
        places.push(point(ends[0].lon, ends[1].lat));
    }
    places
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_place_of_a_partition_lies_in_exactly_one_cell_and_the_layer_finds_it(
        seed in any::<u64>(), columns in 1_usize..9, rows in 1_usize..9, bends in 0_usize..8, scale in -4_i32..0,
    ) {
        let chance = SeededChance::new(seed);
        let size = 10_f64.powi(scale);
        let cells = partition(&chance, columns, rows, size, bends);
        let layer = Layer::build(&cells.iter().collect::<Vec<_>>());
        let (east, north) = (120.9 + columns as f64 * size, 30.9 + rows as f64 * size);
        for at in places(&chance, &cells, 200) {
            let holders: Vec<usize> = (0..cells.len()).filter(|n| cells[*n].holds(at)).collect();
            prop_assert!(holders.len() <= 1, "{at:?} is in {holders:?}");
            let strictly_within = at.lon > 120.9 && at.lon < east - 1e-12 && at.lat > 30.9 && at.lat < north - 1e-12;
            prop_assert!(!strictly_within || holders.len() == 1, "{at:?} is in no cell");
            prop_assert_eq!(layer.find(at), holders.first().map(|n| u32::try_from(*n).unwrap()));
            for (number, cell) in cells.iter().enumerate() {
                match position(cell, at) {
                    CoordPos::Inside => prop_assert!(holders.contains(&number)),
                    CoordPos::Outside => prop_assert!(!holders.contains(&number)),
                    CoordPos::OnBoundary => {}
                }
            }
        }
    }

    #[test]
    fn where_outlines_overlap_the_first_that_holds_the_place_wins(
        seed in any::<u64>(), count in 1_usize..30, corners in 3_usize..60,
    ) {
        let chance = SeededChance::new(seed);
        let stars: Vec<Boundary> = (0..count)
            .map(|_| {
                let centre = point(121.0 + unit(&chance) * 0.1, 31.0 + unit(&chance) * 0.1);
                star(&chance, centre, 0.001 + unit(&chance) * 0.05, corners)
            })
            .collect();
        let layer = Layer::build(&stars.iter().collect::<Vec<_>>());
        for at in places(&chance, &stars, 200) {
            let positions: Vec<CoordPos> = stars.iter().map(|s| position(s, at)).collect();
            if positions.contains(&CoordPos::OnBoundary) {
                continue;
            }
            let wanted = positions.iter().position(|p| *p == CoordPos::Inside);
            prop_assert_eq!(layer.find(at), wanted.map(|n| u32::try_from(n).unwrap()));
        }
    }

    #[test]
    fn an_outline_is_read_back_bit_for_bit(seed in any::<u64>(), corners in 3_usize..40) {
        let boundary = star(&SeededChance::new(seed), point(121.0, 31.0), 0.1, corners);
        let stored = boundary.to_stored();
        prop_assert_eq!(&Boundary::from_stored(&stored).unwrap(), &boundary);
        prop_assert!(Boundary::from_stored(&stored[..stored.len() - 1]).is_err());
        prop_assert!(Boundary::from_stored(&[stored.as_slice(), &[0]].concat()).is_err());
    }

    #[test]
    fn stored_bytes_of_any_kind_are_refused_or_read(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(boundary) = Boundary::from_stored(&bytes) {
            prop_assert_eq!(boundary.to_stored(), bytes);
        }
    }
}

#[test]
fn holes_and_parts_are_respected() {
    let ring_of =
        Boundary::polygon(&square(121.0, 31.0, 0.3), &[square(121.1, 31.1, 0.1)]).unwrap();
    let inner = Boundary::polygon(&square(121.1, 31.1, 0.1), &[]).unwrap();
    let layer = Layer::build(&[&ring_of, &inner]);
    assert_eq!(layer.find(point(121.05, 31.05)), Some(0));
    assert_eq!(
        layer.find(point(121.15, 31.15)),
        Some(1),
        "the hole is the other's"
    );
    assert_eq!(layer.find(point(121.35, 31.05)), None);
    assert_eq!(layer.find(point(0.0, 0.0)), None);
    assert_eq!(layer.find(point(f64::NAN, 31.1)), None);
}

#[test]
fn deeper_levels_are_asked_first() {
    let district = Boundary::polygon(&square(121.0, 31.0, 0.4), &[]).unwrap();
    let street = Boundary::polygon(&square(121.0, 31.0, 0.2), &[]).unwrap();
    let village = Boundary::polygon(&square(121.0, 31.0, 0.1), &[]).unwrap();
    let index = SpatialIndex::build([
        (AreaLevel::District, &district),
        (AreaLevel::Village, &village),
        (AreaLevel::Street, &street),
    ]);
    assert_eq!(index.find(point(121.05, 31.05)), Some(1));
    assert_eq!(index.find(point(121.15, 31.15)), Some(2));
    assert_eq!(index.find(point(121.35, 31.35)), Some(0));
    assert_eq!(index.find(point(121.45, 31.35)), None);
    assert_eq!(SpatialIndex::default().find(point(121.0, 31.0)), None);
}

fn area(number: u32, parent: Option<&Area>, level: AreaLevel) -> Area {
    let path = match parent {
        Some(parent) => parent.path.child(number).unwrap(),
        None => TreePath::root(number).unwrap(),
    };
    let digits = match level {
        AreaLevel::District => 310_100 + u64::from(number),
        AreaLevel::Street => 310_118_000 + u64::from(number),
        _ => 310_118_001_000 + u64::from(number),
    };
    Area {
        id: Id(i64::try_from(digits).unwrap()),
        code: AreaCode::parse(&digits.to_string()).unwrap(),
        name: format!("区划{digits}"),
        level,
        parent_id: parent.map(|p| p.id),
        path,
        centre: None,
        boundary: None,
        effective_from: None,
        effective_to: None,
        succeeds: Box::default(),
        former_names: Box::default(),
        version: 1,
    }
}

#[test]
fn where_children_have_only_centres_the_nearest_is_given_and_marked() {
    let mut district = area(18, None, AreaLevel::District);
    district.boundary = Some(Arc::new(
        Boundary::polygon(&square(121.0, 31.0, 0.4), &[]).unwrap(),
    ));
    let mut near = area(1, Some(&district), AreaLevel::Street);
    near.centre = Some(point(121.1, 31.1));
    let mut far = area(2, Some(&district), AreaLevel::Street);
    far.centre = Some(point(121.3, 31.3));
    let unplaced = area(3, Some(&district), AreaLevel::Street);
    let mut village = area(1, Some(&near), AreaLevel::Village);
    village.centre = Some(point(121.1, 31.1));
    let other_village = area(2, Some(&near), AreaLevel::Village);

    let tree = AreaTree::new(vec![
        village.clone(),
        other_village.clone(),
        unplaced,
        far.clone(),
        near.clone(),
        district.clone(),
    ]);
    let hit = tree.area_at(point(121.12, 31.1)).unwrap();
    assert_eq!(
        hit.area.id, near.id,
        "its villages are not all placed, so none is guessed"
    );
    assert!(hit.nearest_centre);
    assert!((1_850.0..1_950.0).contains(&hit.distance_m.unwrap()));
    assert_eq!(tree.area_at(point(121.35, 31.35)).unwrap().area.id, far.id);
    assert_eq!(
        tree.area_at(point(120.9, 31.1)),
        None,
        "outside the district nothing is guessed"
    );

    // Once the other village has a centre too, the guess goes down to villages.
    let mut other_village = other_village;
    other_village.centre = Some(point(121.2, 31.2));
    let tree = AreaTree::new(vec![
        district.clone(),
        near.clone(),
        far,
        village.clone(),
        other_village,
    ]);
    assert_eq!(
        tree.area_at(point(121.12, 31.1)).unwrap().area.id,
        village.id
    );

    // With an outline there is nothing to guess.
    let mut outlined = near;
    outlined.boundary = Some(Arc::new(
        Boundary::polygon(&square(121.0, 31.0, 0.2), &[]).unwrap(),
    ));
    let tree = AreaTree::new(vec![district, outlined.clone()]);
    let hit = tree.area_at(point(121.1, 31.1)).unwrap();
    assert_eq!(
        (hit.area.id, hit.nearest_centre, hit.distance_m),
        (outlined.id, false, None)
    );
}

#[test]
fn the_tree_is_found_by_id_code_path_and_children() {
    let district = area(18, None, AreaLevel::District);
    let street = area(1, Some(&district), AreaLevel::Street);
    let village = area(5, Some(&street), AreaLevel::Village);
    let tree = AreaTree::new(vec![village.clone(), street.clone(), district.clone()]);
    assert_eq!(tree.len(), 3);
    assert_eq!(**tree.by_id(street.id).unwrap(), street);
    assert_eq!(**tree.by_code(village.code).unwrap(), village);
    assert_eq!(**tree.by_path(&village.path).unwrap(), village);
    assert!(tree.by_path(&village.path.child(1).unwrap()).is_none());
    let names = |parent| tree.children(parent).map(|a| a.id).collect::<Vec<_>>();
    assert_eq!(names(None), [district.id]);
    assert_eq!(names(Some(district.id)), [street.id]);
    assert_eq!(names(Some(village.id)), []);
    let line: Vec<_> = tree.line(&village.path).iter().map(|a| a.id).collect();
    assert_eq!(line, [district.id, street.id, village.id]);
}

#[test]
fn invalid_outlines_are_refused_with_the_reason() {
    let bow_tie = [
        point(121.0, 31.0),
        point(121.1, 31.1),
        point(121.1, 31.0),
        point(121.0, 31.1),
        point(121.0, 31.0),
    ];
    let open = &square(121.0, 31.0, 0.1)[..4];
    let hole_outside = Boundary::polygon(&square(121.0, 31.0, 0.1), &[square(122.0, 31.0, 0.1)]);
    let swapped: Vec<Point> = square(121.0, 31.0, 0.1)
        .iter()
        .map(|p| point(p.lat, p.lon))
        .collect();
    let why = |result: Result<Boundary, BoundaryError>| result.unwrap_err().to_string();
    assert!(why(Boundary::polygon(&bow_tie, &[])).contains("self-intersection"));
    assert!(why(hole_outside).contains("not contained"));
    assert_eq!(Boundary::polygon(open, &[]), Err(BoundaryError::Open));
    assert!(matches!(
        Boundary::polygon(&swapped, &[]),
        Err(BoundaryError::Place { at: 1, .. })
    ));
    assert_eq!(Boundary::polygon(&[], &[]), Err(BoundaryError::Empty));
}

#[test]
fn real_boundaries_are_told_valid_from_invalid() {
    for (file, fault) in [
        ("qingpu_county_datav", None),
        ("qingpu_county_vonng", None),
        ("jiangyin_county_datav", None),
        ("jiangyin_county_vonng", None),
        ("maojian_county_vonng", None),
        (
            "maojian_county_datav",
            Some("not contained within the polygon's exterior"),
        ),
    ] {
        let Some(path) = table::testing::real_data(&format!("boundaries/{file}.geojson")) else {
            return;
        };
        let text = std::fs::read_to_string(path).unwrap();
        let collection: geojson::FeatureCollection = text.parse().unwrap();
        let geometry = collection.features[0].geometry.as_ref().unwrap();
        let read = Boundary::from_geojson(geometry, CoordinateSystem::Gcj02);
        match fault {
            None => assert!(read.is_ok(), "{file}: {read:?}"),
            Some(fault) => {
                let reason = read.unwrap_err().to_string();
                assert!(reason.contains(fault), "{file}: {reason}");
            }
        }
    }
}

#[test]
fn a_zigzag_outline_does_not_take_all_memory_and_is_still_right() {
    // Every edge spans nearly the whole height.
    let chance = SeededChance::new(11);
    let teeth = 4_000;
    let mut ring: Vec<Point> = (0..teeth)
        .map(|n| {
            point(
                121.0 + f64::from(n) * 1e-5,
                if n % 2 == 0 { 31.001 } else { 31.1 },
            )
        })
        .collect();
    ring.push(point(121.0 + f64::from(teeth) * 1e-5, 31.0));
    ring.push(point(121.0, 31.0));
    ring.push(ring[0]);
    let boundary = Boundary::polygon(&ring, &[]).unwrap();
    let layer = Layer::build(&[&boundary]);
    for _ in 0..500 {
        let at = point(121.0 + unit(&chance) * 0.04, 31.0 + unit(&chance) * 0.1);
        let inside = position(&boundary, at) == CoordPos::Inside;
        assert_eq!(layer.find(at).is_some(), inside, "{at:?}");
    }
}
