//! Tables written row by row.

use std::fs;
use std::sync::{Arc, Mutex};
use table::{Cell, Form, OutputColumn, OutputFolder, Table};

const COLUMNS: &[OutputColumn] = &[
    OutputColumn {
        name: "code",
        title: "编码",
    },
    OutputColumn {
        name: "name",
        title: "名称",
    },
    OutputColumn {
        name: "count",
        title: "数量",
    },
    OutputColumn {
        name: "ratio",
        title: "比率",
    },
    OutputColumn {
        name: "is_open",
        title: "在办",
    },
    OutputColumn {
        name: "body",
        title: "内容",
    },
];

const TRAPS: [&str; 6] = ["=1+1", "+86 21", "-2", "@SUM(A1)", "\tx", "\rx"];

fn write(form: Form) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let told: Arc<Mutex<Vec<(String, u64)>>> = Arc::default();
    let tell = told.clone();
    let out = OutputFolder::new(
        folder.path(),
        form,
        Arc::new(move |file, rows| tell.lock().unwrap().push((file.to_owned(), rows))),
    );
    let mut table = out.table("things", COLUMNS).unwrap();
    for (n, trap) in (0_i64..).zip(TRAPS) {
        let cells = [
            Cell::from(format!("00{n}")),
            trap.into(),
            (-n).into(),
            (-0.5).into(),
            (n % 2 == 0).into(),
            Cell::Json("{\"a\":\"=1\"}".into()),
        ];
        table.row(&cells).unwrap();
    }
    table.row(&[const { Cell::Empty }; 6]).unwrap();
    assert_eq!(table.finish().unwrap(), 7);
    let file = format!("things.{}", form.ending());
    assert_eq!(*told.lock().unwrap(), [(file.clone(), 7)]);
    (folder, file)
}

#[test]
fn what_a_spreadsheet_would_run_is_made_harmless_in_csv_and_xlsx() {
    for form in [Form::Csv, Form::Xlsx] {
        let (folder, file) = write(form);
        let bytes = fs::read(folder.path().join(&file)).unwrap();
        let table = Table::read(&bytes, &file).unwrap();
        assert_eq!(
            table.header,
            ["编码", "名称", "数量", "比率", "在办", "内容"]
        );
        let rows: Vec<_> = table.rows().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 6, "an empty row is no row");
        for (n, (row, trap)) in rows.iter().zip(TRAPS).enumerate() {
            assert_eq!(row.any(&["编码"]), Some(format!("00{n}").as_str()));
            // The XML of a workbook knows one kind of line end.
            let name = row.any(&["名称"]).unwrap().replace('\n', "\r");
            assert_eq!(name, format!("'{trap}"));
            // Numbers are numbers, and no formula.
            let count: i64 = row.any(&["数量"]).unwrap().parse().unwrap();
            assert_eq!(count, -i64::try_from(n).unwrap());
            assert_eq!(row.any(&["比率"]), Some("-0.5"));
            let open = if n % 2 == 0 { "是" } else { "否" };
            assert_eq!(row.any(&["在办"]), Some(open));
        }
    }
}

#[test]
fn in_ndjson_every_text_is_as_it_is() {
    let (folder, file) = write(Form::Ndjson);
    let text = fs::read_to_string(folder.path().join(file)).unwrap();
    let rows: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for (n, (row, trap)) in rows.iter().zip(TRAPS).enumerate() {
        assert_eq!(row["name"], trap);
        assert_eq!(row["count"], -i64::try_from(n).unwrap());
        assert_eq!(row["body"]["a"], "=1");
    }
    assert!(rows[6]["code"].is_null());
}

#[test]
fn features_are_geojson_however_many_there_are() {
    for count in [0, 1, 3] {
        let folder = tempfile::tempdir().unwrap();
        let out = OutputFolder::new(folder.path(), Form::Csv, Arc::new(|_, _| {}));
        let mut features = out.features("places").unwrap();
        for n in 0..count {
            let geometry = serde_json::json!({ "type": "Point", "coordinates": [121.1, 31.2] });
            let properties = serde_json::json!({ "code": format!("={n}") });
            features
                .feature(&geometry, properties.as_object().unwrap())
                .unwrap();
        }
        assert_eq!(features.finish().unwrap(), count);
        let text = fs::read_to_string(folder.path().join("places.geojson")).unwrap();
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["features"].as_array().unwrap().len() as u64, count);
    }
}

#[test]
fn what_cannot_be_written_is_told_with_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let out = OutputFolder::new(
        &folder.path().join("nowhere"),
        Form::Csv,
        Arc::new(|_, _| {}),
    );
    let failed = out.table("things", COLUMNS).err().unwrap();
    assert!(failed.to_string().contains("things.csv"), "{failed}");
}
