//! Tables written from a city: what stands in them, what must not, and that registries come back from them.

use crate::handover::{Ground, block_on, days};
use access::import::ImportOptions;
use base::CoordinateSystem;
use registry::{
    AreaImport, BoundaryImport, CodeAssign, ComponentFile, ComponentImport, LayerNew, PlaceImport,
    StandardImport, StandardKey,
};
use serde_json::{Value, json};
use server::city::City;
use server::export::export_tables;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use store::Statement;
use table::testing::real_data;
use table::{Form, Table, Written};

fn quiet() -> Written {
    Arc::new(|_, _| {})
}

async fn export(city: &City, folder: &Path, form: Form, because: Option<&str>) {
    export_tables(city, folder, form, because, quiet())
        .await
        .unwrap();
}

/// Every file of a folder as text; of a workbook its cells.
fn texts(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            let bytes = fs::read(entry.path()).unwrap();
            let text = match String::from_utf8(bytes) {
                Ok(text) => text,
                Err(binary) => {
                    let table = Table::read(&binary.into_bytes(), &name).unwrap();
                    let mut text = table.header.join("\t");
                    for row in table.rows().map(Result::unwrap) {
                        for column in &table.header {
                            text.push('\t');
                            text.push_str(row.get(column).unwrap_or_default());
                        }
                        text.push('\n');
                    }
                    text
                }
            };
            (name, text)
        })
        .collect()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn count(city: &City, table: &str) -> usize {
    let all = Statement::composed(format!("SELECT count(*) FROM {table}"));
    let found = city
        .store
        .read_blocking(move |tx| tx.query_opt(&all, &[], |row| row.get::<i64>(0)));
    usize::try_from(found.unwrap().unwrap()).unwrap()
}

#[test]
fn a_masked_export_names_no_reporter_and_an_unmasked_one_says_why() {
    let ground = Ground::sqlite();
    block_on(async {
        let city = days(&ground, 4, 30.0).await;
        let open = ground.path("open");
        export(
            &city,
            &open,
            Form::Ndjson,
            Some("移交档案 call 13912345678"),
        )
        .await;
        let open = texts(&open);
        let staff: BTreeSet<String> = lines(&open["staff.ndjson"])
            .iter()
            .map(|row| row["name"].as_str().unwrap().to_owned())
            .collect();
        let reports = lines(&open["reports.ndjson"]);
        assert_eq!(reports.len(), count(&city, "report"));
        let said = |field: &str| -> BTreeSet<String> {
            let texts = reports.iter().filter_map(|row| row[field].as_str());
            texts.map(str::to_owned).collect()
        };
        let phones = said("reporter_phone");
        let names: BTreeSet<String> = said("reporter_name").difference(&staff).cloned().collect();
        assert!(
            phones.len() > 30 && names.len() > 10,
            "{phones:?} {names:?}"
        );
        assert!(phones.iter().all(|phone| phone.len() == 11));
        for form in [Form::Csv, Form::Xlsx, Form::Ndjson] {
            let folder = ground.path(form.ending());
            export(&city, &folder, form, None).await;
            for (file, text) in texts(&folder) {
                for secret in phones.iter().chain(&names) {
                    let at = text.find(secret.as_str());
                    let around = at.map(|at| text.get(at.saturating_sub(60)..at + 60));
                    assert!(at.is_none(), "{file} has {secret}: {around:?}");
                }
            }
            let reports = &texts(&folder)[&format!("reports.{}", form.ending())];
            assert!(reports.contains("****"));
        }
        // Who did it, and why; the number in the reason is nobody's business either.
        let entries = Statement::composed(
            "SELECT detail FROM audit WHERE action = 'city_export' ORDER BY lane, seq".to_owned(),
        );
        let details = city
            .store
            .read_blocking(move |tx| tx.query(&entries, &[], |row| row.get::<String>(0)))
            .unwrap();
        assert_eq!(details.len(), 4);
        let first: Value = serde_json::from_str(&details[0]).unwrap();
        assert_eq!(first["reason"], "移交档案 call 139****5678");
        assert_eq!(first["console"], true);
        assert!(
            first["fields"]
                .as_array()
                .unwrap()
                .contains(&json!("reporter_phone"))
        );
        let second: Value = serde_json::from_str(&details[1]).unwrap();
        assert_eq!(second["masked"], true);
        for reason in ["", "  ", &"x".repeat(5_000)] {
            let refused =
                export_tables(&city, &ground.path("no"), Form::Csv, Some(reason), quiet()).await;
            assert!(refused.unwrap_err().to_string().contains("--reason"));
        }
        assert!(!ground.path("no").exists());
        city.close();
    });
}

#[test]
fn every_row_is_there_with_codes_names_and_true_times() {
    let (sqlite, postgres) = (Ground::sqlite(), Ground::postgres());
    for ground in [Some(&sqlite), postgres.as_ref()].into_iter().flatten() {
        block_on(async {
            let city = crate::handover::small(ground).await;
            export(&city, &ground.path("csv"), Form::Csv, None).await;
            export(&city, &ground.path("ndjson"), Form::Ndjson, None).await;
            let (csv, ndjson) = (texts(&ground.path("csv")), texts(&ground.path("ndjson")));
            for (name, table) in [
                ("reports", "report"),
                ("cases", "case_file"),
                ("tasks", "task"),
                ("notes", "note"),
                ("timeline", "timeline"),
                ("organisations", "organisation"),
                ("areas", "area"),
            ] {
                let rows = count(&city, table);
                assert!(rows > 3, "{table}");
                assert_eq!(
                    lines(&ndjson[&format!("{name}.ndjson")]).len(),
                    rows,
                    "{name}"
                );
                let read = Table::read(csv[&format!("{name}.csv")].as_bytes(), "x.csv").unwrap();
                assert_eq!(read.len(), rows, "{name}");
                assert!(read.rows().all(|row| row.is_ok()));
                assert!(
                    read.header.iter().all(|title| !title.is_ascii()),
                    "{:?}",
                    read.header
                );
            }
            assert_eq!(csv["timeline.ndjson"], ndjson["timeline.ndjson"]);
            for case in lines(&ndjson["cases.ndjson"]) {
                let text = |field: &str| case[field].as_str().unwrap_or_default().to_owned();
                assert!(text("case_no").starts_with("310118-"));
                assert!(text("accepted_at").ends_with("+08:00"), "{case}");
                assert!(!text("stage").is_empty() && !text("source").is_empty());
                assert_eq!(text("area_code").get(..6), Some("310118"));
                assert!(text("report_nos").starts_with("SQ310118-"));
                assert!(text("category_code").len() >= 2 && !text("category").is_empty());
                if text("stage_code") == "closed" {
                    assert!(text("closed_at") > text("filed_at"));
                    assert!(!text("lead_code").is_empty() && case["due_at"].is_null());
                } else {
                    assert!(!text("due_at").is_empty(), "{case}");
                }
            }
            let events = lines(&ndjson["timeline.ndjson"]);
            assert!(events.iter().all(|event| event["body"].is_object()));
            assert!(events.iter().all(|event| !event["subject_no"].is_null()));
            assert!(events.iter().any(|event| event["staff_code"].is_string()));
            city.close();
        });
    }
}

const STANDARD: &str = "kind,class_code,class_name,code5,name\n\
    管理部件,01,市政公用设施,01001,人行横道\n\
    管理部件,01,市政公用设施,01037,交通标志\n\
    管理部件,02,交通设施,02014,交通信号灯\n";

const ORGANISATIONS: &str = "机构编码,机构名称,机构类型,上级编码,区划代码,统一社会信用代码\n\
    CYZX,城运中心,城运中心,,310118,\nJGW,建管委,部门,CYZX,310118,\nXY,夏阳街道,街镇,CYZX,310118001,\n";

async fn standard_and_layer(city: &City) {
    let who = city.console().await.unwrap();
    let options = StandardImport {
        dry_run: false,
        key: StandardKey {
            code: "GBT47678.5".to_owned(),
            version: "2026".to_owned(),
        },
        name: "国标".to_owned(),
        effective_from: None,
        effective_to: None,
        bare_units: calendar::BareUnits::default(),
    };
    let table = Table::read(STANDARD.as_bytes(), "standard.csv").unwrap();
    let report = city
        .registry
        .standard_import(&who, &table, &options, |_| ())
        .await;
    assert_eq!(report.unwrap().stored, 3);
    let layer: LayerNew = serde_json::from_value(json!({
        "code": "poi", "name": "兴趣点", "geometry": "point", "source": { "kind": "places" }
    }))
    .unwrap();
    city.registry.layer_create(&who, layer, None).await.unwrap();
}

async fn organisations(city: &City, bytes: &[u8]) -> table::Report {
    let who = city.console().await.unwrap();
    let areas = city.registry.snapshot().areas.clone();
    let area = |code: &str| {
        Some(
            areas
                .by_code(base::AreaCode::parse(code).ok()?)?
                .path
                .clone(),
        )
    };
    let options = ImportOptions {
        dry_run: false,
        area: &area,
        progress: &|_, _| (),
    };
    let table = Table::read(bytes, "organisations.csv").unwrap();
    city.access
        .organisation_import(&who, &table, &options)
        .await
        .unwrap()
}

fn all_stored(report: &table::Report) -> u64 {
    assert_eq!(report.rejected, Vec::new());
    assert!(report.adds_up() && report.stored > 0);
    report.stored
}

/// Real streets, villages, an outline, road furniture and points of interest.
async fn real_registry(city: &City) -> Option<()> {
    let files = [
        "admin_divisions/qingpu_streets.csv",
        "admin_divisions/qingpu_villages.csv",
        "boundaries/qingpu_county_datav.geojson",
        "poi/qingpu_poi.geojson",
    ];
    let mut read = Vec::new();
    for file in files {
        read.push(fs::read(real_data(file)?).unwrap());
    }
    let who = city.console().await.unwrap();
    let registry = &city.registry;
    let districts = "code,name\n310118,青浦区\n420115,江夏区\n";
    for (bytes, name) in [
        (districts.as_bytes(), "districts.csv"),
        (&read[0], files[0]),
        (&read[1], files[1]),
    ] {
        let table = Table::read(bytes, name).unwrap();
        let options = AreaImport {
            coordinates: CoordinateSystem::Gcj02,
            ..AreaImport::default()
        };
        all_stored(
            &registry
                .area_import(&who, &table, &options, |_| ())
                .await
                .unwrap(),
        );
    }
    let options = BoundaryImport {
        coordinates: CoordinateSystem::Gcj02,
        ..BoundaryImport::default()
    };
    all_stored(
        &registry
            .boundary_import(&who, &read[2], &options, |_| ())
            .await
            .unwrap(),
    );
    let county = r#"{"type":"Feature","properties":{"adcode":"420115","name":"江夏区"},"geometry":
        {"type":"Polygon","coordinates":[[[113.9,30.3],[114.5,30.3],[114.5,30.6],[113.9,30.6],[113.9,30.3]]]}}"#;
    let county = county.as_bytes();
    let options = BoundaryImport::default();
    all_stored(
        &registry
            .boundary_import(&who, county, &options, |_| ())
            .await
            .unwrap(),
    );
    organisations(city, ORGANISATIONS.as_bytes()).await;
    standard_and_layer(city).await;
    for (file, category) in [
        ("traffic_signals", "02014"),
        ("traffic_signs", "01037"),
        ("crosswalks", "01001"),
    ] {
        let bytes = fs::read(real_data(&format!("wuhan_road_components/{file}.geojson"))?).unwrap();
        let options = ComponentImport {
            coordinates: CoordinateSystem::Wgs84,
            assign: Some(CodeAssign {
                category: category.to_owned(),
                serial: "featureId".to_owned(),
            }),
            supervisor: Some("JGW".to_owned()),
            ..ComponentImport::default()
        };
        let file = ComponentFile::GeoJson(&bytes);
        let report = registry
            .component_import(&who, file, &options, |_| ())
            .await;
        assert!(report.unwrap().stored > 50);
    }
    let options = PlaceImport {
        coordinates: CoordinateSystem::Gcj02,
        ..PlaceImport::default()
    };
    let report = registry
        .place_import(&who, "poi", &read[3], &options, |_| ())
        .await;
    assert!(report.unwrap().stored > 2_000);
    Some(())
}

/// What the tables say, taken in by another city, row for row.
async fn taken_from(city: &City, folder: &Path) {
    let file = |name: &str| fs::read(folder.join(name)).unwrap();
    let who = city.console().await.unwrap();
    let registry = &city.registry;
    let table = Table::read(&file("areas.csv"), "areas.csv").unwrap();
    let options = AreaImport::default();
    let areas = registry
        .area_import(&who, &table, &options, |_| ())
        .await
        .unwrap();
    assert_eq!(all_stored(&areas), 368);
    let outlines = file("areas.geojson");
    let options = BoundaryImport::default();
    let outlines = registry
        .boundary_import(&who, &outlines, &options, |_| ())
        .await
        .unwrap();
    assert_eq!(all_stored(&outlines), 2);
    all_stored(&organisations(city, &file("organisations.csv")).await);
    standard_and_layer(city).await;
    let bytes = file("components.geojson");
    let components = ComponentFile::GeoJson(&bytes);
    let options = ComponentImport::default();
    let components = registry
        .component_import(&who, components, &options, |_| ())
        .await;
    assert!(all_stored(&components.unwrap()) > 1_500);
    let places = file("places-poi.geojson");
    let options = PlaceImport::default();
    let places = registry
        .place_import(&who, "poi", &places, &options, |_| ())
        .await;
    assert!(all_stored(&places.unwrap()) > 2_000);
}

#[test]
fn real_areas_components_and_places_come_back_from_their_tables() {
    let (here, there) = (Ground::sqlite(), Ground::sqlite());
    block_on(async {
        let city = here.open().await;
        if real_registry(&city).await.is_none() {
            return;
        }
        export(&city, &here.path("first"), Form::Csv, None).await;
        city.close();
        let city = there.open().await;
        taken_from(&city, &here.path("first")).await;
        export(&city, &there.path("second"), Form::Csv, None).await;
        city.close();
        let (first, second) = (texts(&here.path("first")), texts(&there.path("second")));
        let names: Vec<&String> = first.keys().collect();
        assert_eq!(names, second.keys().collect::<Vec<_>>());
        let sorted = |text: &str| -> Vec<String> {
            let mut lines: Vec<String> = text
                .lines()
                .map(|line| line.trim_end_matches(',').to_owned())
                .collect();
            lines.sort();
            lines
        };
        for (name, text) in &first {
            // Numbers in the tree follow the order of entry; so lines may stand in another.
            let (one, other) = (sorted(text), sorted(&second[name]));
            let differs = one.iter().zip(&other).find(|(one, other)| one != other);
            assert!(
                differs.is_none() && one.len() == other.len(),
                "{name}: {differs:?}"
            );
        }
    });
}
