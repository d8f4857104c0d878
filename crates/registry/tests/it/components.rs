//! Components: surveys from files, changes with history, lists, what is near.

use crate::city::*;
use access::Access;
use axum::http::StatusCode;
use base::chance::{Chance, SeededChance};
use base::geo::{Point, distance_m};
use base::{Id, TreePath};
use registry::{
    AreaImport, BoundaryImport, CodeAssign, Component, ComponentCode, ComponentFile,
    ComponentFilter, ComponentImport, ComponentState, Registry, StandardKey,
};
use serde_json::{Value, json};
use std::fmt::Write as _;
use store::testing::TestStore;
use table::Report;

const SQUARE: &str = r#"{"type":"Feature","properties":{"adcode":"310118","name":"青浦区"},"geometry":
    {"type":"Polygon","coordinates":[[[121,31],[121.4,31],[121.4,31.4],[121,31.4],[121,31]]]}}"#;

/// A district with two streets by centre, the old and the new standard, three organisations.
fn surveyed(registry: &Registry, access: &Access) {
    import_boundaries(registry, SQUARE.as_bytes(), &BoundaryImport::default()).unwrap();
    let streets =
        csv("code,name,lon,lat\n310118001,夏阳街道,121.1,31.1\n310118002,盈浦街道,121.3,31.3\n");
    import_areas(registry, &streets, &AreaImport::default()).unwrap();
    let old = csv("kind,class_code,class_name,code5,name\n\
         管理部件,01,公用设施,0101,上水井盖\n\
         管理部件,01,公用设施,0102,污水井盖\n");
    import_standard(registry, &old, &standard("GBT30428.2", "2013", "旧国标")).unwrap();
    let new = csv("kind,class_code,class_name,code5,name\n\
         管理部件,01,市政公用设施,01001,供水井盖\n\
         管理部件,01,市政公用设施,01037,路灯\n\
         管理部件,02,交通设施,02014,交通信号灯\n");
    import_standard(registry, &new, &standard("GBT47678.5", "2026", "国标")).unwrap();
    let centre = organisation(access, "QP", "青浦区城运中心", None);
    organisation(access, "WATER", "青浦自来水公司", Some(centre.id));
    organisation(access, "LIGHT", "路灯管理所", Some(centre.id));
}

fn on_surveyed(test: impl Fn(&TestStore, &Registry, &Access)) {
    on_each_engine_with_access(|fresh, registry, access| {
        surveyed(registry, access);
        test(fresh, registry, access);
    });
}

fn import(registry: &Registry, text: &str, options: &ComponentImport) -> Report {
    let table = csv(text);
    let file = ComponentFile::Table(&table);
    wait(registry.component_import(&console(), file, options, |_| ())).unwrap()
}

fn find(registry: &Registry, code: &str) -> Option<Component> {
    wait(registry.component_by_code(ComponentCode::parse(code).unwrap())).unwrap()
}

fn unit(access: &Access, code: &str) -> Id {
    wait(access.organisation_by_code(code)).unwrap().unwrap().id
}

const SURVEY: &str = "GLBJBSM,GLBJMC,ZGBMMC,QSDWDM,YHDWMC,GLBJZT,CSRQ,SJLY,BZ,lon,lat,材质\n\
     31011801001000001,供水井盖,青浦区城运中心,WATER,青浦自来水公司,完好,20260701,实测,,121.1,31.1,铸铁\n\
     31011801037000001,路灯,青浦区城运中心,LIGHT,,破损,2026-07-02,,灯杆倾斜,121.1001,31.1001,\n\
     31011802014000001,交通信号灯,,,,,,,,121.3,31.3,\n";

#[test]
fn a_survey_goes_in_and_a_second_run_changes_nothing() {
    on_surveyed(|fresh, registry, access| {
        let rehearsal = ComponentImport {
            dry_run: true,
            ..ComponentImport::default()
        };
        assert_eq!(counts(&import(registry, SURVEY, &rehearsal)), (3, 3, 0, 0));
        assert_eq!(count(fresh, "SELECT COUNT(*) FROM component"), 0);
        let report = import(registry, SURVEY, &ComponentImport::default());
        assert_eq!(counts(&report), (3, 3, 0, 0), "{:?}", report.rejected);
        assert_eq!(
            counts(&import(registry, SURVEY, &ComponentImport::default())),
            (3, 0, 3, 0)
        );
        assert_eq!(count(fresh, "SELECT COUNT(*) FROM component_history"), 3);
        assert_eq!(
            count(
                fresh,
                "SELECT COUNT(*) FROM audit WHERE action = 'component_import'"
            ),
            1,
            "one entry for a batch"
        );
        let manhole = find(registry, "31011801001000001").unwrap();
        assert_eq!(manhole.units.owner_id, Some(unit(access, "WATER")));
        assert_eq!(manhole.units.maintainer_id, Some(unit(access, "WATER")));
        assert_eq!(manhole.units.supervisor_id, Some(unit(access, "QP")));
        assert_eq!(manhole.initial_on.unwrap().to_string(), "2026-07-01");
        assert_eq!(
            manhole.attributes,
            *json!({"材质": "铸铁"}).as_object().unwrap()
        );
        assert_eq!(manhole.data_source.as_deref(), Some("实测"));
        let street = registry.area_at(manhole.point).unwrap();
        assert_eq!(manhole.area_path.as_ref(), Some(&street.area.path));
        let lamp = find(registry, "31011801037000001").unwrap();
        assert_eq!(
            (lamp.state, lamp.remark.as_deref()),
            (ComponentState::Damaged, Some("灯杆倾斜"))
        );
        // A later survey: one changed, and its history says what.
        let later = "code,state,变更日期,lon,lat\n31011801037000001,完好,20261001,121.1001,31.1001\n\
             31011801001000001,,,121.1,31.1\n";
        assert_eq!(
            counts(&import(registry, later, &ComponentImport::default())),
            (2, 1, 1, 0)
        );
        let lamp = find(registry, "31011801037000001").unwrap();
        assert_eq!((lamp.state, lamp.version), (ComponentState::Intact, 2));
        assert_eq!(
            lamp.remark.as_deref(),
            Some("灯杆倾斜"),
            "what a row leaves empty stays"
        );
        let page = base::PageRequest::default();
        let history = wait(registry.component_history(lamp.id, &page))
            .unwrap()
            .items;
        assert_eq!(history.len(), 2);
        assert_eq!(
            Value::Object(history[0].changes.clone()),
            json!({"state": ["damaged", "intact"], "changed_on": [null, "2026-10-01"]})
        );
        assert!(history[1].changes.is_empty());
    });
}

#[test]
fn a_component_of_the_old_standard_is_the_same_one_when_a_survey_by_the_new_names_its_former_code()
{
    on_surveyed(|fresh, registry, _| {
        let old = "code,lon,lat\n3101180101000001,121.1,31.1\n3101180102000001,121.1,31.1\n";
        assert_eq!(
            counts(&import(registry, old, &ComponentImport::default())),
            (2, 2, 0, 0)
        );
        let before = find(registry, "3101180101000001").unwrap();
        assert_eq!(before.name, "上水井盖");
        let new = "code,former_code,name,lon,lat\n31011801001000009,3101180101000001,供水井盖,121.1,31.1\n";
        assert_eq!(
            counts(&import(registry, new, &ComponentImport::default())),
            (1, 1, 0, 0)
        );
        let after = find(registry, "31011801001000009").unwrap();
        assert_eq!((after.id, after.version), (before.id, 2));
        assert_ne!(after.category_id, before.category_id);
        assert_eq!(
            find(registry, "3101180101000001").unwrap().id,
            before.id,
            "found by its old code too"
        );
        assert_eq!(
            counts(&import(registry, new, &ComponentImport::default())),
            (1, 0, 1, 0)
        );
        // The old survey once more does not take it back.
        let report = import(registry, old, &ComponentImport::default());
        assert_eq!(
            find(registry, "3101180101000001").unwrap().code.as_str(),
            "31011801001000009"
        );
        assert_eq!(counts(&report).3, 0, "{:?}", report.rejected);
        let torn = "code,former_code,lon,lat\n31011801001000009,3101180102000001,121.1,31.1\n";
        let report = import(registry, torn, &ComponentImport::default());
        assert_eq!(
            rejections(&report)[0].2,
            "its code and its former code are two components'"
        );
        assert_eq!(count(fresh, "SELECT COUNT(*) FROM component"), 2);
    });
}

#[test]
fn wrong_rows_are_refused_with_column_and_reason() {
    on_surveyed(|_, registry, _| {
        let cases = [
            ("31011801001000001,,,,,121.1,31.1", None),
            (",,,,,121.1,31.1", Some(("code", "no identification code"))),
            (
                "3101180100100001,,,,,121.1,31.1",
                Some(("code", "its digits 0100 are no category")),
            ),
            (
                "310118010010000012,,,,,121.1,31.1",
                Some(("code", "16 or 17 digits")),
            ),
            (
                "3101180100100000X,,,,,121.1,31.1",
                Some(("code", "is not a digit")),
            ),
            (
                "31011801001000001,,,,,121.2,31.1",
                Some(("code", "is in row 1 already")),
            ),
            (
                "31011801999000001,,,,,121.1,31.1",
                Some(("code", "its digits 01999 are no category")),
            ),
            (
                "31011801001000011,,,,,31.1,121.1",
                Some(("lon", "Latitude")),
            ),
            (
                "31011801001000012,,,,,116.4,39.9",
                Some(("geometry", "outside all known areas")),
            ),
            (
                "31011801001000013,,,,,,",
                Some(("geometry", "no longitude and latitude")),
            ),
            ("31011801001000014,,,,,121.1,", Some(("lat", "is empty"))),
            (
                "31011801001000015,坏了,,,,121.1,31.1",
                Some(("state", "is no state")),
            ),
            (
                "31011801001000016,,某公司,,,121.1,31.1",
                Some(("owner", "there is no organisation `某公司`")),
            ),
            (
                "31011801001000017,,,昨天,,121.1,31.1",
                Some(("initial_on", "is no day")),
            ),
            (
                "31011801001000018,,,20261332,,121.1,31.1",
                Some(("initial_on", "is no day")),
            ),
            (
                "31011801001000019,,,,310118001001001,121.1,31.1",
                Some(("grid_code", "no unit grid")),
            ),
            (
                "31011801001000020,,,,3101180010,121.1,31.1",
                Some(("grid_code", "6, 9, 12 or 15")),
            ),
        ];
        let mut text = "code,state,owner,initial_on,grid_code,lon,lat\n".to_owned();
        for (row, _) in &cases {
            text.push_str(row);
            text.push('\n');
        }
        let report = import(registry, &text, &ComponentImport::default());
        let wrong = rejections(&report);
        assert_eq!(counts(&report), (17, 1, 0, 16), "{wrong:?}");
        let expected = (1_u64..)
            .zip(&cases)
            .filter_map(|(row, (_, fault))| Some((row, (*fault)?)));
        for ((row, column, reason), (expected_row, (expected_column, part))) in
            wrong.iter().zip(expected)
        {
            assert_eq!((*row, *column), (expected_row, expected_column), "{reason}");
            assert!(
                reason.to_lowercase().contains(&part.to_lowercase()),
                "{row}: {reason:?} has no {part:?}"
            );
        }
        for (options, why) in [
            (
                ComponentImport {
                    standard: Some(StandardKey {
                        code: "X".into(),
                        version: "1".into(),
                    }),
                    ..ComponentImport::default()
                },
                "no such standard",
            ),
            (
                ComponentImport {
                    supervisor: Some("无".into()),
                    ..ComponentImport::default()
                },
                "no such organisation",
            ),
        ] {
            let table = csv("code,lon,lat\n");
            let file = ComponentFile::Table(&table);
            assert!(
                wait(registry.component_import(&console(), file, &options, |_| ())).is_err(),
                "{why}"
            );
        }
        let no_code = csv("名字,lon,lat\n井,121.1,31.1\n");
        let file = ComponentFile::Table(&no_code);
        assert!(
            wait(registry.component_import(&console(), file, &ComponentImport::default(), |_| ()))
                .is_err()
        );
        let broken = ComponentFile::GeoJson(b"{");
        assert!(
            wait(registry.component_import(
                &console(),
                broken,
                &ComponentImport::default(),
                |_| ()
            ))
            .is_err()
        );
    });
}

#[test]
fn real_signals_signs_and_crossings_of_a_road_go_in_with_codes_made_of_their_numbers() {
    on_surveyed(|fresh, registry, _| {
        let county = r#"{"type":"Feature","properties":{"adcode":"420115","name":"江夏区"},"geometry":
            {"type":"Polygon","coordinates":[[[113.9,30.3],[114.5,30.3],[114.5,30.6],[113.9,30.6],[113.9,30.3]]]}}"#;
        import_boundaries(registry, county.as_bytes(), &BoundaryImport::default()).unwrap();
        for (file, category, features) in [
            ("traffic_signals", "02014", 81_u64),
            ("traffic_signs", "01037", 290),
            ("crosswalks", "01001", 1_196),
        ] {
            let path = format!("wuhan_road_components/{file}.geojson");
            let Some(path) = table::testing::real_data(&path) else {
                return;
            };
            let bytes = std::fs::read(path).unwrap();
            let options = ComponentImport {
                coordinates: base::geo::CoordinateSystem::Wgs84,
                assign: Some(CodeAssign {
                    category: category.to_owned(),
                    serial: "featureId".to_owned(),
                }),
                ..ComponentImport::default()
            };
            let run = || {
                wait(registry.component_import(
                    &console(),
                    ComponentFile::GeoJson(&bytes),
                    &options,
                    |_| (),
                ))
                .unwrap()
            };
            let first = run();
            assert!(first.adds_up());
            assert_eq!(first.read, features);
            // Some things are in the files twice.
            assert!(
                first.rejected.len() < 10
                    && first.rejected.iter().all(|r| r.reason.contains("already")),
                "{file}: {:?}",
                first.rejected
            );
            let second = run();
            assert_eq!(
                (second.stored, second.unchanged),
                (0, first.stored),
                "{file}"
            );
        }
        let signal = find(registry, "42011502014487120");
        assert!(signal.is_some_and(|s| s.attributes["featureType"] == "TrafficSignal"));
        let shaped = count(
            fresh,
            "SELECT COUNT(*) FROM component WHERE shape IS NOT NULL",
        );
        assert!(shaped > 1_000, "{shaped}");
    });
}

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

fn body(code: &str, owner: Option<Id>) -> Value {
    json!({"code": code, "geometry": {"type": "Point", "coordinates": [121.1, 31.1]}, "owner_id": owner})
}

#[test]
fn a_component_is_entered_once_read_changed_and_remembered() {
    on_surveyed(|fresh, registry, access| {
        let water = unit(access, "WATER");
        let organisation = access.organisation_known(water).unwrap();
        let clerk = member(&organisation, "department_clerk", None);
        let new = body("31011801001000001", Some(water));
        let key = [("idempotency-key", "one")];
        let (status, headers, made) = request(
            registry,
            &clerk,
            "POST",
            "/api/v1/components",
            &key,
            Some(&new),
        );
        assert_eq!(status, StatusCode::CREATED, "{made}");
        assert_eq!(headers["etag"], "\"1\"");
        let path = headers["location"].to_str().unwrap().to_owned();
        assert_eq!(made["owner"]["name"], "青浦自来水公司");
        assert_eq!(
            (&made["name"], &made["state"], &made["area_code"]),
            (&json!("供水井盖"), &json!("intact"), &json!("310118001"))
        );
        let (again, _, same) = request(
            registry,
            &clerk,
            "POST",
            "/api/v1/components",
            &key,
            Some(&new),
        );
        assert_eq!((again, &same["id"]), (StatusCode::CREATED, &made["id"]));
        let other = body("31011801001000002", Some(water));
        let (reused, _, problem) = request(
            registry,
            &clerk,
            "POST",
            "/api/v1/components",
            &key,
            Some(&other),
        );
        assert_eq!(
            (reused, &problem["code"]),
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                &json!("idempotency_key_reused")
            )
        );
        assert_eq!(count(fresh, "SELECT COUNT(*) FROM component"), 1);

        let change = json!({"state": "damaged", "remark": "井盖开裂", "reason": "巡查发现"});
        let (status, headers, changed) = request(
            registry,
            &clerk,
            "PATCH",
            &path,
            &[("if-match", "\"1\"")],
            Some(&change),
        );
        assert_eq!(status, StatusCode::OK, "{changed}");
        assert_eq!(headers["etag"], "\"2\"");
        assert_eq!(
            (&changed["state"], &changed["changed_on"]),
            (&json!("damaged"), &json!("2026-11-20"))
        );
        let (stale, _, problem) = request(
            registry,
            &clerk,
            "PATCH",
            &path,
            &[("if-match", "\"1\"")],
            Some(&change),
        );
        assert_eq!(
            (stale, &problem["code"], &problem["current"]["version"]),
            (StatusCode::CONFLICT, &json!("concurrent_change"), &json!(2))
        );
        let (_, headers, _) = request(
            registry,
            &clerk,
            "PATCH",
            &path,
            &[],
            Some(&json!({"state": "damaged"})),
        );
        assert_eq!(
            headers["etag"], "\"2\"",
            "nothing changes, nothing is written"
        );
        let (_, _, cleared) = request(
            registry,
            &clerk,
            "PATCH",
            &path,
            &[],
            Some(&json!({"remark": null, "maintainer_id": water})),
        );
        assert_eq!(
            (&cleared["remark"], &cleared["maintainer"]["name"]),
            (&Value::Null, &json!("青浦自来水公司"))
        );

        let (_, _, history) = request(
            registry,
            &clerk,
            "GET",
            &format!("{path}/history?limit=2"),
            &[],
            None,
        );
        let items = history["items"].as_array().unwrap();
        assert_eq!(items.len(), 2);
        assert_eq!(items[1]["reason"], "巡查发现");
        assert_eq!(items[1]["changes"]["state"], json!(["intact", "damaged"]));
        let (_, _, rest) = request(
            registry,
            &clerk,
            "GET",
            &format!("{path}/history?after={}", history["next"].as_str().unwrap()),
            &[],
            None,
        );
        assert_eq!(rest["items"][0]["operation"], "component_create");
        assert_eq!(rest["items"][0]["staff_id"], "41");
        assert_eq!(
            count(
                fresh,
                "SELECT COUNT(*) FROM audit WHERE action LIKE 'component_%'"
            ),
            3
        );
        assert_eq!(
            count(
                fresh,
                "SELECT COUNT(*) FROM outbox WHERE kind = 'component_updated'"
            ),
            2
        );

        let by_id = fresh
            .store
            .read_blocking({
                let (registry, id) = (
                    registry.clone(),
                    made["id"].as_str().unwrap().parse().unwrap(),
                );
                move |tx| registry.component_in(tx, Id(id))
            })
            .unwrap()
            .unwrap();
        assert_eq!(by_id.units.maintainer_id, Some(water));
    });
}

#[test]
fn who_may_change_a_component_is_who_reaches_its_area_or_its_organisations() {
    on_surveyed(|_, registry, access| {
        let (water, light) = (unit(access, "WATER"), unit(access, "LIGHT"));
        let clerk_of = |id| {
            member(
                &access.organisation_known(id).unwrap(),
                "department_clerk",
                None,
            )
        };
        let create = |who: &access::Principal, code: &str| {
            request(
                registry,
                who,
                "POST",
                "/api/v1/components",
                &[],
                Some(&body(code, Some(water))),
            )
            .0
        };
        assert_eq!(
            create(&clerk_of(light), "31011801001000001"),
            StatusCode::FORBIDDEN
        );
        assert_eq!(
            create(&clerk_of(water), "31011801001000001"),
            StatusCode::CREATED
        );
        assert_eq!(
            create(&clerk_of(unit(access, "QP")), "31011801001000002"),
            StatusCode::CREATED,
            "the centre above the water works"
        );
        let system = member(
            &access.organisation_known(unit(access, "QP")).unwrap(),
            "system_admin",
            None,
        );
        assert_eq!(create(&system, "31011801001000003"), StatusCode::CREATED);
        let inspector = member(
            &access.organisation_known(water).unwrap(),
            "inspector",
            None,
        );
        assert_eq!(
            create(&inspector, "31011801001000004"),
            StatusCode::FORBIDDEN
        );
        let id = find(registry, "31011801001000001").unwrap().id;
        let change = |who: &access::Principal| {
            request(
                registry,
                who,
                "PATCH",
                &format!("/api/v1/components/{id}"),
                &[],
                Some(&json!({"state": "lost"})),
            )
            .0
        };
        assert_eq!(change(&clerk_of(light)), StatusCode::FORBIDDEN);
        assert_eq!(change(&clerk_of(water)), StatusCode::OK);
        assert!(
            wait(registry.component_import(
                &clerk_of(water),
                ComponentFile::GeoJson(b"{}"),
                &ComponentImport::default(),
                |_| ()
            ))
            .is_err()
        );
    });
}

#[test]
fn bad_requests_are_answered_with_every_wrong_field() {
    on_surveyed(|_, registry, access| {
        let who = console();
        let water = unit(access, "WATER");
        let taken = body("31011801001000001", Some(water));
        assert_eq!(
            request(
                registry,
                &who,
                "POST",
                "/api/v1/components",
                &[],
                Some(&taken)
            )
            .0,
            StatusCode::CREATED
        );
        let with = |change: Value| {
            let mut body = body("31011801001000005", None);
            for (key, value) in change.as_object().unwrap() {
                body[key] = value.clone();
            }
            body
        };
        let many: Value = (0..51)
            .map(|n| (format!("a{n}"), json!(n)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let creates: Vec<(Value, &[&str])> = vec![
            (json!({}), &["code"]),
            (taken, &["code"]),
            (with(json!({"code": "12"})), &["code"]),
            (with(json!({"code": "31011809999000001"})), &["code"]),
            (with(json!({"code": "32010201001000001"})), &["geometry"]),
            (
                with(json!({"geometry": {"type": "Point", "coordinates": [31.1, 121.1]}})),
                &["geometry"],
            ),
            (
                with(json!({"geometry": {"type": "Point", "coordinates": [116.4, 39.9]}})),
                &["geometry"],
            ),
            (
                with(json!({"geometry": {"type": "MultiPoint", "coordinates": [[121.1, 31.1]]}})),
                &["geometry"],
            ),
            (
                with(
                    json!({"geometry": {"type": "Polygon", "coordinates": [[[121.1, 31.1], [121.2, 31.2], [121.1, 31.2], [121.2, 31.1], [121.1, 31.1]]]}}),
                ),
                &["geometry"],
            ),
            (with(json!({"geometry": "here"})), &["geometry"]),
            (
                with(json!({"former_code": "31011801001000009"})),
                &["former_code"],
            ),
            (with(json!({"name": ""})), &["name"]),
            (with(json!({"name": "井".repeat(101)})), &["name"]),
            (with(json!({"state": "fine"})), &["state"]),
            (
                with(json!({"owner_id": "7", "maintainer_id": "8"})),
                &["owner_id", "maintainer_id"],
            ),
            (with(json!({"initial_on": "yesterday"})), &["initial_on"]),
            (with(json!({"remark": "x".repeat(1001)})), &["remark"]),
            (with(json!({"attributes": {"a": [1]}})), &["attributes"]),
            (with(json!({"attributes": many})), &["attributes"]),
            (with(json!({"colour": "red"})), &["colour"]),
        ];
        for (body, fields) in creates {
            let (status, _, problem) = request(
                registry,
                &who,
                "POST",
                "/api/v1/components",
                &[],
                Some(&body),
            );
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
            let named: Vec<&str> = problem["fields"]
                .as_array()
                .unwrap()
                .iter()
                .map(|f| f["field"].as_str().unwrap())
                .collect();
            assert_eq!(named, fields, "{body}: {problem}");
        }
        let id = find(registry, "31011801001000001").unwrap().id;
        for (change, field) in [
            (json!({"state": null, "name": ""}), "name"),
            (
                json!({"geometry": {"type": "Point", "coordinates": [116.4, 39.9]}}),
                "geometry",
            ),
            (json!({"code": "31011809999000001"}), "code"),
            (json!({"owner_id": "7"}), "owner_id"),
            (
                json!({"initial_on": "2026-12-01", "changed_on": "2026-11-01"}),
                "changed_on",
            ),
            (json!({"reason": "x".repeat(1001)}), "reason"),
            (json!({"version": 3}), "version"),
        ] {
            let (status, _, problem) = request(
                registry,
                &who,
                "PATCH",
                &format!("/api/v1/components/{id}"),
                &[],
                Some(&change),
            );
            assert_eq!(
                (status, problem["fields"][0]["field"].as_str()),
                (StatusCode::UNPROCESSABLE_ENTITY, Some(field)),
                "{change} {problem}"
            );
        }
        for (path, status) in [
            ("/api/v1/components/7", StatusCode::NOT_FOUND),
            ("/api/v1/components/7/history", StatusCode::NOT_FOUND),
            ("/api/v1/components/x", StatusCode::UNPROCESSABLE_ENTITY),
            (
                "/api/v1/components?category_id=7",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "/api/v1/components?state=fine",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "/api/v1/components?area_path=1",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "/api/v1/components?after=x",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "/api/v1/components?limit=0",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            ("/api/v1/components?code=31011801001000001", StatusCode::OK),
            (
                "/api/v1/components?code=3",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "/api/v1/components/nearest?lon=121.1&lat=31.1",
                StatusCode::OK,
            ),
            (
                "/api/v1/components/nearest?lon=31.1&lat=121.1",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "/api/v1/components/nearest?lon=121.1",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "/api/v1/components/nearest?lon=121.1&lat=31.1&radius_m=5001",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "/api/v1/components/nearest?lon=121.1&lat=31.1&radius_m=NaN",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "/api/v1/components/nearest?lon=121.1&lat=31.1&limit=51",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            (
                "/api/v1/components/nearest?lon=121.1&lat=31.1&limit=0",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
        ] {
            assert_eq!(
                request(registry, &who, "GET", path, &[], None).0,
                status,
                "{path}"
            );
        }
    });
}
