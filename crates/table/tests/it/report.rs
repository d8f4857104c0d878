//! The report as a file.

use table::{Report, RowError};

#[test]
fn the_report_opens_in_a_spreadsheet_and_runs_nothing_there() {
    let rejected = |row: u64, column: Option<&str>, reason: &str| RowError {
        row,
        line: row + 1,
        column: column.map(str::to_owned),
        reason: reason.to_owned(),
    };
    let report = Report {
        read: 3,
        stored: 1,
        unchanged: 0,
        rejected: vec![
            rejected(
                1,
                Some("time_limit"),
                "`1紧急工作时制止` is not a time limit, \"really\"",
            ),
            rejected(2, Some("=cmd|' /C calc'!A0"), "=1+1"),
        ],
        remarks: vec![rejected(3, None, "stored under another name")],
        ..Report::default()
    };
    assert!(report.adds_up());
    let mut bytes = Vec::new();
    report.write_csv(&mut bytes).unwrap();
    assert!(bytes.starts_with(b"\xEF\xBB\xBFoutcome,"));
    let table = table::Table::read(&bytes, "report.csv").unwrap();
    let rows: Vec<_> = table.rows().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(
        rows[0].get("reason"),
        Some("`1紧急工作时制止` is not a time limit, \"really\"")
    );
    assert_eq!(rows[1].get("column"), Some("'=cmd|' /C calc'!A0"));
    assert_eq!(rows[1].get("reason"), Some("'=1+1"));
    assert_eq!(rows[2].get("outcome"), Some("remark"));
}

#[test]
fn what_is_wrong_beyond_measure_is_counted_and_no_longer_listed() {
    let mut report = Report {
        read: 10_007,
        ..Report::default()
    };
    for row in 1..=10_007 {
        report.reject(RowError {
            row,
            line: row,
            column: None,
            reason: "wrong".to_owned(),
        });
    }
    assert_eq!(
        (report.rejected.len(), report.rejected_unlisted),
        (10_000, 7)
    );
    assert!(report.adds_up());
}

#[test]
fn real_files_of_three_places_and_two_standards_are_read_whole() {
    for (file, rows) in [
        ("admin_divisions/qingpu_villages.csv", 355),
        ("admin_divisions/jiangyin_streets.csv", 21),
        ("case_standards/standards_muban.csv", 519),
        ("case_standards/standards_full_with_law.csv", 279),
        ("case_standards/gbt47678_5_catalogue.tsv", 403),
        ("appeals/taxonomy_3level.csv", 517),
        ("appeals/hot_topics.csv", 4326),
    ] {
        let Some(path) = table::testing::real_data(file) else {
            return;
        };
        let table = table::Table::read(&std::fs::read(&path).unwrap(), file).unwrap();
        assert_eq!(table.len(), rows, "{file}");
        assert_eq!(table.rows().filter(Result::is_err).count(), 0, "{file}");
    }
}
