//! Components from files.

use super::*;
use registry::{CodeAssign, ComponentState, StandardKey};
use serde_json::{Value, json};

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
