//! Areas and outlines from files.

use crate::city::*;
use base::geo::{CoordinateSystem, Point, from_cgcs2000};
use base::{AreaCode, AreaLevel};
use registry::{AreaImport, BoundaryImport, Part, Registry, RegistryError};
use std::fmt::Write as _;

fn code(text: &str) -> AreaCode {
    AreaCode::parse(text).unwrap()
}

#[test]
fn the_real_areas_of_three_districts_go_in_and_a_second_run_changes_nothing() {
    on_each_engine(|fresh, registry| {
        for (place, district, name, streets, villages) in [
            ("qingpu", "310118", "青浦区", 11, 355),
            ("jiangyin", "320281", "江阴市", 21, 282),
            ("maojian", "420302", "茅箭区", 7, 84),
        ] {
            let files = [("streets", streets), ("villages", villages)];
            for (file, rows) in files {
                let Some(table) = real_table(&format!("admin_divisions/{place}_{file}.csv")) else {
                    return;
                };
                let options = under(district, name);
                let rehearsal = AreaImport {
                    dry_run: true,
                    ..options.clone()
                };
                let before = count(fresh, "SELECT COUNT(*) FROM area");
                let report = import_areas(registry, &table, &rehearsal).unwrap();
                assert_eq!(
                    counts(&report),
                    (rows, rows, 0, 0),
                    "{place} {file} {:?}",
                    report.rejected
                );
                assert_eq!(
                    count(fresh, "SELECT COUNT(*) FROM area"),
                    before,
                    "a rehearsal writes nothing"
                );
                let report = import_areas(registry, &table, &options).unwrap();
                assert_eq!(counts(&report), (rows, rows, 0, 0), "{place} {file}");
            }
            let (areas, audited) = (
                count(fresh, "SELECT COUNT(*) FROM area"),
                count(
                    fresh,
                    "SELECT COUNT(*) FROM audit WHERE action = 'area_import'",
                ),
            );
            assert_eq!(areas, audited, "each area made is audited");
            for (file, rows) in files {
                let table = real_table(&format!("admin_divisions/{place}_{file}.csv")).unwrap();
                let report = import_areas(registry, &table, &under(district, name)).unwrap();
                assert_eq!(counts(&report), (rows, 0, rows, 0));
            }
            assert_eq!(count(fresh, "SELECT COUNT(*) FROM area"), areas);
            assert_eq!(
                count(
                    fresh,
                    "SELECT COUNT(*) FROM audit WHERE action = 'area_import'"
                ),
                audited
            );
        }
        let tree = registry.snapshot().areas.clone();
        assert_eq!(tree.len(), 3 + 11 + 355 + 21 + 282 + 7 + 84);
        let village = tree.by_code(code("310118001001")).unwrap();
        assert_eq!(
            (village.name.as_str(), village.level),
            ("东盛社区居委会", AreaLevel::Village)
        );
        let line: Vec<&str> = tree
            .line(&village.path)
            .iter()
            .map(|a| a.name.as_str())
            .collect();
        assert_eq!(line, ["青浦区", "夏阳街道", "东盛社区居委会"]);

        // What another node reads is what this one has.
        let other = wait(Registry::open(fresh.store.clone())).unwrap();
        assert_eq!(other.snapshot().areas.areas(), tree.areas());
    });
}

#[test]
fn points_of_gcj02_columns_are_kept_in_cgcs2000() {
    on_each_engine(|_, registry| {
        let table = csv("code,name,lng_gcj02,lat_gcj02\n310118001,夏阳街道,121.126023,31.148256\n");
        import_areas(registry, &table, &under("310118", "青浦区")).unwrap();
        let snapshot = registry.snapshot();
        let centre = snapshot
            .areas
            .by_code(code("310118001"))
            .unwrap()
            .centre
            .unwrap();
        let back = from_cgcs2000(CoordinateSystem::Gcj02, centre);
        assert!((back.lon - 121.126_023).abs() < 1e-8 && (back.lat - 31.148_256).abs() < 1e-8);
        assert!((centre.lon - 121.126_023).abs() > 1e-3, "some 400 m apart");
    });
}

#[test]
fn wrong_rows_are_told_with_row_column_and_reason_and_the_others_go_in() {
    on_each_engine(|_, registry| {
        let table = csv("code,name,street_code,lng_gcj02,lat_gcj02\n\
             310118001,夏阳街道,,121.126023,31.148256\n\
             310118001001,东盛社区,310118001,121.122253,31.148956\n\
             310118001001,又是东盛,310118001,,\n\
             31011800100,短码,310118001,,\n\
             310118002001,无街道,310118002,,\n\
             320281001001,别处的村,,,\n\
             310118001002,,310118001,,\n\
             310118001003,颠倒,310118001,31.148956,121.122253\n\
             310118001004,太远,310118001,122.122253,31.148956\n\
             310118001005,缺纬度,310118001,121.122253,\n\
             310118001006,非数字,310118001,东经,31.1\n\
             310118001007,巴黎,310118001,2.35,48.86\n\
             310118001008,东方社区,310118001,,\n");
        let options = AreaImport {
            parent: None,
            ..under("310118", "青浦区")
        };
        // The district is not there and not named: the street is nobody's, and so are its villages.
        let report = import_areas(registry, &table, &options).unwrap();
        assert_eq!(report.stored, 0);

        let report = import_areas(registry, &table, &under("310118", "青浦区")).unwrap();
        let expected = [
            (3, "code", "`310118001001` is in row 2 already"),
            (4, "code", "11 characters"),
            (5, "street_code", "no area `310118002`"),
            (7, "name", "is empty"),
            (8, "lng_gcj02", "swapped"),
            (
                9,
                "lng_gcj02",
                "km from 310118001 夏阳街道; 50 km is the most",
            ),
            (10, "lat_gcj02", "is empty while the longitude is not"),
            (11, "lng_gcj02", "`东经` is not a number"),
            (12, "lng_gcj02", "not in China"),
        ];
        let found = rejections(&report);
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for ((row, column, reason), (wanted_row, wanted_column, wanted)) in
            found.into_iter().zip(expected)
        {
            assert_eq!((row, column), (wanted_row, wanted_column), "{reason}");
            assert!(reason.contains(wanted), "{reason}");
        }
        assert_eq!(counts(&report), (13, 4, 0, 9));
        let tree = registry.snapshot().areas.clone();
        assert!(tree.by_code(code("310118001008")).is_some());
        let stranger = tree.by_code(code("320281001001")).unwrap();
        let above = tree.by_id(stranger.parent_id.unwrap()).unwrap();
        assert_eq!(
            above.name, "青浦区",
            "a code that leads nowhere lies under the given parent"
        );
    });
}

#[test]
fn a_changed_row_changes_its_area_and_nothing_else() {
    on_each_engine(|fresh, registry| {
        let first = csv("代码,名称\n310118001,夏阳街道\n310118002,盈浦街道\n");
        import_areas(registry, &first, &under("310118", "青浦区")).unwrap();
        let before = registry.snapshot();
        let second = csv(
            "代码,名称,经度,纬度\n310118001,夏阳街道办事处,121.12,31.14\n310118002,盈浦街道,,\n",
        );
        let report = import_areas(registry, &second, &under("310118", "青浦区")).unwrap();
        assert_eq!(counts(&report), (2, 1, 1, 0));
        let after = registry.snapshot();
        let (old, new) = (
            before.areas.by_code(code("310118001")).unwrap(),
            after.areas.by_code(code("310118001")).unwrap(),
        );
        assert_eq!((old.id, &old.path, old.version), (new.id, &new.path, 1));
        assert_eq!((new.name.as_str(), new.version), ("夏阳街道办事处", 2));
        assert_eq!(
            new.centre,
            Some(Point {
                lon: 121.12,
                lat: 31.14
            })
        );
        assert_eq!(
            count(fresh, "SELECT COUNT(*) FROM audit"),
            4,
            "district, two streets, one change"
        );

        // An area is not moved by an import.
        let moved = csv("code,name,parent_code\n310118002,盈浦街道,310118001\n");
        let report = import_areas(registry, &moved, &AreaImport::default()).unwrap();
        assert!(
            report.rejected[0]
                .reason
                .contains("lies under 310118 青浦区"),
            "{report:?}"
        );
    });
}

#[test]
fn parents_may_come_after_their_children_and_a_rejected_parent_takes_its_children_along() {
    on_each_engine(|_, registry| {
        let table = csv("code,name,parent_code,level\n\
             310118001001,东盛社区,310118001,\n\
             310118001,夏阳街道,310118,\n\
             310118,青浦区,,\n\
             310118002,,310118,\n\
             310118002001,某村,310118002,\n\
             310118003,香花桥街道,310118,区\n");
        let report = import_areas(registry, &table, &AreaImport::default()).unwrap();
        let found = rejections(&report);
        assert_eq!(
            found.iter().map(|r| r.0).collect::<Vec<_>>(),
            [4, 5, 6],
            "{found:?}"
        );
        assert!(
            found[2].2.contains("a district cannot lie in a district"),
            "{found:?}"
        );
        assert_eq!(report.stored, 3);
        assert_eq!(registry.snapshot().areas.len(), 3);
    });
}

#[test]
fn real_outlines_make_or_complete_areas_and_points_are_found_in_them() {
    on_each_engine(|_, registry| {
        let read = |file: &str| {
            table::testing::real_data(&format!("boundaries/{file}.geojson"))
                .map(|path| std::fs::read(path).unwrap())
        };
        let options = BoundaryImport {
            coordinates: CoordinateSystem::Gcj02,
            ..BoundaryImport::default()
        };
        let Some(qingpu) = read("qingpu_county_datav") else {
            return;
        };
        let report = import_boundaries(
            registry,
            &qingpu,
            &BoundaryImport {
                dry_run: true,
                ..options.clone()
            },
        )
        .unwrap();
        assert_eq!(counts(&report), (1, 1, 0, 0));
        assert!(registry.snapshot().areas.is_empty());
        let report = import_boundaries(registry, &qingpu, &options).unwrap();
        assert_eq!(counts(&report), (1, 1, 0, 0));
        let report = import_boundaries(registry, &qingpu, &options).unwrap();
        assert_eq!(
            counts(&report),
            (1, 0, 1, 0),
            "a second run changes nothing"
        );

        let broken =
            import_boundaries(registry, &read("maojian_county_datav").unwrap(), &options).unwrap();
        assert_eq!(counts(&broken), (1, 0, 0, 1));
        let [(1, "geometry", reason)] = rejections(&broken)[..] else {
            panic!("{broken:?}")
        };
        assert!(
            reason.contains("not contained within the polygon's exterior, near 110.")
                && reason.ends_with("(CGCS2000)"),
            "{reason}"
        );
        let good =
            import_boundaries(registry, &read("maojian_county_vonng").unwrap(), &options).unwrap();
        assert_eq!(counts(&good), (1, 1, 0, 0));

        let streets = real_table("admin_divisions/qingpu_streets.csv").unwrap();
        import_areas(registry, &streets, &AreaImport::default()).unwrap();
        let tree = registry.snapshot().areas.clone();
        let mut found = 0;
        for street in tree.children(Some(tree.by_code(code("310118")).unwrap().id)) {
            let hit = registry.area_at(street.centre.unwrap()).unwrap();
            assert_eq!(hit.area.code, street.code);
            assert!(hit.nearest_centre);
            found += 1;
        }
        assert_eq!(found, 11);
        assert_eq!(
            registry.area_at(Point {
                lon: 116.4,
                lat: 39.9
            }),
            None
        );
        let maojian = registry
            .area_at(Point {
                lon: 110.81,
                lat: 32.6,
            })
            .unwrap();
        assert_eq!(
            (maojian.area.code, maojian.nearest_centre),
            (code("420302"), false)
        );
    });
}

#[test]
fn features_that_cannot_be_used_are_told_apart() {
    on_each_engine(|_, registry| {
        let square =
            r#"{"type":"Polygon","coordinates":[[[121,31],[121.1,31],[121.1,31.1],[121,31]]]}"#;
        let feature = |properties: &str, geometry: &str| {
            format!(r#"{{"type":"Feature","properties":{properties},"geometry":{geometry}}}"#)
        };
        let features = [
            feature(r#"{"adcode":310118,"name":"青浦区"}"#, square),
            feature(r#"{"adcode":"310118","name":"又是"}"#, square),
            feature(r#"{"name":"无码"}"#, square),
            feature(r#"{"adcode":"310117"}"#, square),
            feature(
                r#"{"adcode":"310116","name":"点"}"#,
                r#"{"type":"Point","coordinates":[121,31]}"#,
            ),
            feature(r#"{"adcode":"310115","name":"无"}"#, "null"),
            feature(r#"{"adcode":"320281001","name":"孤儿"}"#, square),
            feature(
                r#"{"adcode":"310118001","name":"太远"}"#,
                &square.replace("121", "124"),
            ),
        ];
        let text = format!(
            r#"{{"type":"FeatureCollection","features":[{}]}}"#,
            features.join(",")
        );
        let report =
            import_boundaries(registry, text.as_bytes(), &BoundaryImport::default()).unwrap();
        let found = rejections(&report);
        let expected = [
            (2, "adcode", "feature 1 already"),
            (3, "adcode", "no division code"),
            (4, "name", "no name"),
            (5, "geometry", "Point"),
            (6, "geometry", "no geometry"),
            (7, "adcode", "no known parent area"),
            (8, "geometry", "km from 310118"),
        ];
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, wanted) in found.iter().zip(expected) {
            assert_eq!((found.0, found.1), (wanted.0, wanted.1));
            assert!(found.2.contains(wanted.2), "{found:?}");
        }
        assert_eq!(counts(&report), (8, 1, 0, 7));
        assert!(matches!(
            import_boundaries(registry, b"{\"type\":", &BoundaryImport::default()),
            Err(RegistryError::GeoJson(_))
        ));
    });
}

#[test]
fn a_feature_that_is_none_is_told_by_its_number_and_the_others_are_taken() {
    on_each_engine(|_, registry| {
        let square = |code: &str, ring: &str| {
            format!(
                r#"{{"type":"Feature","properties":{{"adcode":"{code}","name":"青浦区"}},"geometry":{{"type":"Polygon","coordinates":{ring}}}}}"#
            )
        };
        let good = "[[[121,31],[121.1,31],[121.1,31.1],[121,31.1],[121,31]]]";
        let bow = "[[[121,31],[121.1,31.1],[121.1,31],[121,31.1],[121,31]]]";
        let features = [
            square("310118", good),
            square("310117", "[[[]]]"),
            square("310116", bow),
            r#"{"type":"Feature","properties":null,"geometry":{"type":"Blob","coordinates":[]}}"#
                .to_owned(),
            "7".to_owned(),
        ];
        let text = format!(
            r#"{{"type":"FeatureCollection","features":[{}]}}"#,
            features.join(",")
        );
        // With a mark, as Windows writes it; and in GBK.
        let marked = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
        let report = import_boundaries(registry, &marked, &BoundaryImport::default()).unwrap();
        let found = rejections(&report);
        let places: Vec<_> = found.iter().map(|found| (found.0, found.1)).collect();
        assert_eq!(
            places,
            [
                (2, "feature"),
                (3, "geometry"),
                (4, "feature"),
                (5, "feature")
            ],
            "{found:#?}"
        );
        assert!(
            found[1]
                .2
                .ends_with("near 121.050000, 31.050000 (CGCS2000)"),
            "{found:#?}"
        );
        assert_eq!(counts(&report), (5, 1, 0, 4));
        let (gbk, _, _) = encoding_rs::GBK.encode(&text);
        let report = import_boundaries(registry, &gbk, &BoundaryImport::default()).unwrap();
        assert_eq!(counts(&report), (5, 0, 1, 4));
        assert_eq!(
            &*registry
                .snapshot()
                .areas
                .by_code(code("310118"))
                .unwrap()
                .name,
            "青浦区"
        );
    });
}

#[test]
fn who_may_not_import_is_refused_and_nothing_is_written() {
    on_each_engine(|fresh, registry| {
        let mut nobody = console();
        nobody.memberships.clear();
        let table = csv("code,name\n310118,青浦区\n");
        let refused = wait(registry.area_import(&nobody, &table, &AreaImport::default(), |_| ()));
        assert!(matches!(refused, Err(RegistryError::Denied(_))));
        assert_eq!(count(fresh, "SELECT COUNT(*) FROM area"), 0);
    });
}

#[test]
fn other_nodes_hear_of_changes_and_follow() {
    on_each_engine(|fresh, registry| {
        let other = wait(Registry::open(fresh.store.clone())).unwrap();
        import_areas(
            registry,
            &csv("code,name\n310118,青浦区\n"),
            &AreaImport::default(),
        )
        .unwrap();
        assert!(other.snapshot().areas.is_empty());
        let bodies = fresh
            .store
            .read_blocking(|tx| {
                let statement =
                    store::Statement::composed("SELECT kind, body FROM outbox".to_owned());
                tx.query(&statement, &[], |row| {
                    Ok((row.get::<String>(0)?, row.get::<String>(1)?))
                })
            })
            .unwrap();
        let [(kind, body)] = &bodies[..] else {
            panic!("{bodies:?}")
        };
        assert_eq!(kind, registry::REGISTRY_CHANGED);
        wait(other.follow(body)).unwrap();
        assert_eq!(other.snapshot().areas.len(), 1);
        wait(other.reload(Part::Rules)).unwrap();
        assert_eq!(other.snapshot().areas.len(), 1, "the other half stays");
    });
}

#[test]
fn progress_is_told_batch_by_batch() {
    on_each_engine(|_, registry| {
        let mut text = "code,name\n310118,青浦区\n310118001,夏阳街道\n".to_owned();
        for n in 1..=900 {
            writeln!(text, "310118001{n:03},第{n}村").unwrap();
        }
        let mut told = Vec::new();
        let table = csv(&text);
        let progress = |p: registry::Progress| told.push((p.done, p.total));
        let report =
            wait(registry.area_import(&console(), &table, &AreaImport::default(), progress))
                .unwrap();
        assert_eq!(report.stored, 902);
        assert_eq!(told, [(0, 902), (500, 902), (902, 902)]);
    });
}
