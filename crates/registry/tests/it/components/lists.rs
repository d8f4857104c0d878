//! Lists of components and what is near.

use super::*;
use base::TreePath;
use base::chance::{Chance, SeededChance};
use base::geo::{Point, distance_m};
use registry::{ComponentFilter, ComponentState, StandardKey};
use std::fmt::Write as _;

/// `count` lamps, manholes and signals about the first street.
fn strewn(registry: &Registry, access: &Access, rows: usize) -> Vec<(String, Point)> {
    let chance = SeededChance::new(1_024);
    let unit = || (chance.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    let mut text = "code,state,owner,养护单位,lon,lat\n".to_owned();
    let mut placed = Vec::new();
    for n in 0..rows {
        let category = ["01001", "01037", "02014"][n % 3];
        let code = format!("310118{category}{n:06}");
        let point = Point {
            lon: 121.1 + unit() * 0.02,
            lat: 31.1 + unit() * 0.02,
        };
        let state = if n % 10 == 0 { "破损" } else { "完好" };
        let owner = if n % 3 == 1 { "LIGHT" } else { "WATER" };
        writeln!(text, "{code},{state},{owner},,{},{}", point.lon, point.lat).unwrap();
        placed.push((code, point));
    }
    let report = import(registry, &text, &ComponentImport::default());
    assert_eq!(
        counts(&report).1,
        rows as u64,
        "{:?}",
        report.rejected.first()
    );
    assert!(unit_known(access));
    placed
}

fn unit_known(access: &Access) -> bool {
    wait(access.organisation_by_code("LIGHT"))
        .unwrap()
        .is_some()
}

#[test]
fn the_nearest_are_those_that_measuring_all_gives() {
    on_surveyed(|_, registry, access| {
        let placed = strewn(registry, access, 1_500);
        for (lon, lat, radius_m, n) in [
            (121.11, 31.11, 500.0, 10),
            (121.1, 31.1, 5_000.0, 50),
            (121.11, 31.11, 30.0, 50),
            (121.2, 31.2, 5_000.0, 5),
            (121.121, 31.105, 2_000.0, 1),
        ] {
            let place = Point { lon, lat };
            for category in [None, Some("02014")] {
                let mut expected: Vec<(f64, &str)> = placed
                    .iter()
                    .filter(|(code, _)| category.is_none_or(|c| &code[6..11] == c))
                    .map(|(code, point)| (distance_m(place, *point), code.as_str()))
                    .filter(|(distance, _)| *distance <= radius_m)
                    .collect();
                expected.sort_by(|a, b| a.0.total_cmp(&b.0));
                expected.truncate(n);
                let rules = registry.snapshot().rules.clone();
                let ids = category.map(|code| {
                    let all = rules.standards().iter().find_map(|s| {
                        rules.category_by_code(s.id, registry::CategoryKind::Component, code)
                    });
                    all.unwrap().id
                });
                let filter = ComponentFilter {
                    category_ids: ids.into_iter().collect(),
                    ..ComponentFilter::default()
                };
                let found = wait(registry.component_nearest(place, radius_m, filter, n)).unwrap();
                let found: Vec<&str> = found
                    .iter()
                    .map(|near| near.component.code.as_str())
                    .collect();
                let expected: Vec<&str> = expected.iter().map(|(_, code)| *code).collect();
                assert_eq!(found, expected, "{lon} {lat} {radius_m} {category:?}");
            }
        }
    });
}

#[test]
fn many_at_one_place_are_all_looked_through() {
    on_surveyed(|_, registry, _| {
        let mut text = "code,lon,lat\n".to_owned();
        for n in 0..4_200 {
            writeln!(text, "31011801001{n:06},121.2,31.2").unwrap();
        }
        text.push_str("31011801037000001,121.2001,31.2\n");
        assert_eq!(
            counts(&import(registry, &text, &ComponentImport::default())).3,
            0
        );
        let place = Point {
            lon: 121.2001,
            lat: 31.2,
        };
        let found =
            wait(registry.component_nearest(place, 300.0, ComponentFilter::default(), 3)).unwrap();
        assert_eq!(found[0].component.code.as_str(), "31011801037000001");
        assert!(found[1].distance_m > 9.0 && found.len() == 3);
    });
}

#[test]
fn lists_walk_every_combination_of_filters_page_by_page() {
    on_surveyed(|_, registry, access| {
        let placed = strewn(registry, access, 400);
        let snapshot = registry.snapshot();
        let new = snapshot
            .rules
            .standard_by_key(&StandardKey {
                code: "GBT47678.5".into(),
                version: "2026".into(),
            })
            .unwrap()
            .id;
        let id_of = |code: &str| {
            snapshot
                .rules
                .category_by_code(new, registry::CategoryKind::Component, code)
                .unwrap()
                .id
        };
        let light = unit(access, "LIGHT");
        let street = snapshot
            .areas
            .areas()
            .iter()
            .find(|a| a.name == "夏阳街道")
            .unwrap()
            .path
            .clone();
        let everything = wait(registry.component_list(
            ComponentFilter::default(),
            &base::PageRequest {
                limit: Some(200),
                after: None,
            },
        ))
        .unwrap();
        assert!(everything.next.is_some());
        let areas: [Option<TreePath>; 3] = [None, Some(street.parent().unwrap()), Some(street)];
        for area in &areas {
            for category in [None, Some("01"), Some("01037"), Some("02014")] {
                for state in [
                    None,
                    Some(ComponentState::Intact),
                    Some(ComponentState::Damaged),
                    Some(ComponentState::Lost),
                ] {
                    for owner in [None, Some(light)] {
                        let filter = ComponentFilter {
                            area_path: area.clone(),
                            category_ids: category.map(id_of).into_iter().collect(),
                            state,
                            owner_id: owner,
                            ..ComponentFilter::default()
                        };
                        let expected = (0..placed.len())
                            .filter(|n| {
                                let code = ["01001", "01037", "02014"][n % 3];
                                let damaged = n % 10 == 0;
                                category.is_none_or(|c| code.starts_with(c))
                                    && state.is_none_or(|s| {
                                        s == if damaged {
                                            ComponentState::Damaged
                                        } else {
                                            ComponentState::Intact
                                        }
                                    })
                                    && owner.is_none_or(|_| n % 3 == 1)
                            })
                            .count();
                        let mut walked = Vec::new();
                        let mut after = None;
                        loop {
                            let page = base::PageRequest {
                                limit: Some(60),
                                after,
                            };
                            let found =
                                wait(registry.component_list(filter.clone(), &page)).unwrap();
                            walked.extend(found.items.iter().map(|c| (c.area_path.clone(), c.id)));
                            after = found.next;
                            if after.is_none() {
                                break;
                            }
                        }
                        assert_eq!(walked.len(), expected, "{filter:?}");
                        assert!(walked.is_sorted(), "{filter:?}");
                        walked.dedup();
                        assert_eq!(walked.len(), expected, "{filter:?}");
                    }
                }
            }
        }
    });
}
