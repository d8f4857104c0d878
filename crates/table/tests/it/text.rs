//! Delimited text: encodings, line ends, quotes, wrong rows.

use encoding_rs::GB18030;
use table::{Limits, RowError, Table, TableError};

fn read(text: &str) -> Table {
    Table::read(text.as_bytes(), "test.csv").unwrap()
}

fn values(table: &Table, column: &str) -> Vec<String> {
    table
        .rows()
        .flatten()
        .map(|row| row.get(column).unwrap_or("-").to_owned())
        .collect()
}

fn errors(table: &Table) -> Vec<RowError> {
    table.rows().filter_map(Result::err).collect()
}

const AREAS: &str = "代码,名称\n310118001,夏阳街道\n310118102,朱家角镇\n";

#[test]
fn the_same_table_is_read_from_every_encoding() {
    let utf16 = |little: bool| {
        let mut bytes = if little {
            vec![0xFF, 0xFE]
        } else {
            vec![0xFE, 0xFF]
        };
        for unit in AREAS.encode_utf16() {
            bytes.extend(if little {
                unit.to_le_bytes()
            } else {
                unit.to_be_bytes()
            });
        }
        bytes
    };
    for (bytes, encoding) in [
        (AREAS.as_bytes().to_vec(), "UTF-8"),
        ([b"\xEF\xBB\xBF", AREAS.as_bytes()].concat(), "UTF-8"),
        (utf16(true), "UTF-16LE"),
        (utf16(false), "UTF-16BE"),
        (GB18030.encode(AREAS).0.into_owned(), "GB18030"),
    ] {
        let table = Table::read(&bytes, "areas.csv").unwrap();
        assert_eq!(table.encoding, encoding);
        assert_eq!(table.header, ["代码", "名称"]);
        assert_eq!(
            values(&table, "名称"),
            ["夏阳街道", "朱家角镇"],
            "{encoding}"
        );
    }
}

#[test]
fn all_line_ends_are_read_and_lines_are_counted_as_an_editor_shows_them() {
    let table = read("code,name\r\n1,a\n2,b\r3,c\r\n\r\n4,\"two\r\nlines\"\n5,e");
    let seen: Vec<_> = table
        .rows()
        .flatten()
        .map(|row| (row.number(), row.line(), row.get("code").unwrap_or("?")))
        .collect();
    assert_eq!(
        seen,
        [
            (1, 2, "1"),
            (2, 3, "2"),
            (3, 4, "3"),
            (4, 6, "4"),
            (5, 8, "5")
        ]
    );
    assert_eq!(values(&table, "name")[3], "two\nlines");
}

#[test]
fn the_delimiter_is_taken_from_the_name_or_the_header() {
    for (name, text) in [
        ("a.csv", "code,name\n1,a;b\n"),
        ("a.csv", "code;name\n1;a,b\n"),
        ("a.txt", "code\tname\n1\ta,b\n"),
        ("a.tsv", "code\tname\n1\ta;b\n"),
        ("a.csv", "\"code\";\"na,me,x,y\"\n1;a\n"),
    ] {
        let table = Table::read(text.as_bytes(), name).unwrap();
        assert_eq!(table.header.len(), 2, "{text}");
        assert_eq!(values(&table, "code"), ["1"], "{text}");
    }
    // `.tsv` is a promise: commas in the header are part of the names.
    assert_eq!(
        Table::read(b"a,b\tc\n1\t2\n", "a.tsv").unwrap().header,
        ["a,b", "c"]
    );
    assert_eq!(read("only\n1\n").header, ["only"]);
}

#[test]
fn quotes_hold_delimiters_line_ends_and_quotes() {
    let table = read("code,name\n1,\"a,b\"\n2,\"say \"\"hi\"\"\"\n3,\"\"\n4,5\" pipe\n");
    assert_eq!(
        values(&table, "name"),
        ["a,b", "say \"hi\"", "-", "5\" pipe"]
    );
}

#[test]
fn a_quote_never_closed_costs_its_own_line_only() {
    let table = read("code,name\n1,a\n2,\"never closed\n3,c\n4,\"d, really\"\n5,e\n");
    assert_eq!(values(&table, "code"), ["1", "3", "4", "5"]);
    let errors = errors(&table);
    assert_eq!(errors.len(), 1);
    assert_eq!((errors[0].row, errors[0].line), (2, 3));
    assert_eq!(errors[0].column.as_deref(), Some("name"));

    let at_the_end = read("code,name\n1,a\n2,\"never closed");
    assert_eq!(values(&at_the_end, "code"), ["1"]);
    assert!(
        at_the_end
            .rows()
            .last()
            .unwrap()
            .unwrap_err()
            .reason
            .contains("never closed")
    );
}

#[test]
fn text_after_a_closing_quote_is_an_error() {
    let table = read("code,name\n1,\"a\"b\n2,c\n");
    assert_eq!(values(&table, "code"), ["2"]);
    assert!(errors(&table)[0].reason.contains("after its closing quote"));
}

#[test]
fn rows_of_the_wrong_length_are_told_and_the_others_given() {
    let table = read("a,b,c\n1,2\n3,4,5\n6,7,8,9\n10,11,12,,\n");
    assert_eq!(
        values(&table, "a"),
        ["3", "10"],
        "empty cells too many are let pass"
    );
    let errors = errors(&table);
    assert_eq!(
        errors.iter().map(|e| (e.row, e.line)).collect::<Vec<_>>(),
        [(1, 2), (3, 4)]
    );
    assert_eq!(
        errors[0].to_string(),
        "row 1 (line 2): has 2 cells where the header has 3"
    );
}

#[test]
fn headers_must_name_every_column_once() {
    assert!(matches!(
        Table::read(b"a,b,a\n1,2,3\n", "x.csv"),
        Err(TableError::DuplicateColumn { name }) if name == "a"
    ));
    assert!(matches!(
        Table::read(b"a,,c\n1,2,3\n", "x.csv"),
        Err(TableError::EmptyColumn { column: 2 })
    ));
    assert_eq!(
        read(" a , b ,,\n1,2,,\n").header,
        ["a", "b"],
        "spreadsheets leave nameless columns behind"
    );
    assert!(matches!(
        Table::read(b"a,\"b\n1,2\n", "x.csv"),
        Err(TableError::Header { line: 1, .. })
    ));
}

#[test]
fn empty_files_and_files_of_blank_lines_are_refused() {
    for bytes in [&b""[..], b"\n\r\n", b"\xEF\xBB\xBF", b" , ,\n"] {
        assert!(
            matches!(Table::read(bytes, "x.csv"), Err(TableError::Empty)),
            "{bytes:?}"
        );
    }
    let header_only = read("a,b\n");
    assert!(header_only.is_empty());
}

#[test]
fn a_binary_file_is_refused() {
    assert!(matches!(
        Table::read(b"a,b\n1\0,2\n", "x.csv"),
        Err(TableError::Nul { .. })
    ));
    assert!(matches!(
        Table::read(b"a\0,\0b\0\n\0", "utf16_without_mark.csv"),
        Err(TableError::Nul { offset: 1 })
    ));
}

#[test]
fn limits_refuse_and_never_cut() {
    let limits = Limits {
        bytes: 60,
        rows: 2,
        columns: 3,
        cell_bytes: 8,
    };
    let read = |text: &str| Table::read_within(text.as_bytes(), "x.csv", limits);
    assert!(matches!(
        read(&"x".repeat(61)),
        Err(TableError::TooLarge {
            bytes: 61,
            limit: 60
        })
    ));
    assert!(matches!(
        read("a\n1\n2\n3\n"),
        Err(TableError::TooManyRows { limit: 2 })
    ));
    assert!(read("a\n1\n\n\n\n2\n\n").is_ok(), "blank lines are no rows");
    assert!(matches!(
        read("a,b,c,d\n"),
        Err(TableError::TooManyColumns { limit: 3 })
    ));
    let long = read("a\n123456789\n\"123456789\"\n").unwrap();
    assert_eq!(errors(&long).len(), 2);
    assert!(errors(&long)[0].reason.contains("longer than 8 bytes"));
}

#[test]
fn values_are_found_by_any_of_their_names_and_trimmed() {
    let table = read("代码,名称,备注\n 310118 ,\u{3000}青浦区\u{a0}, \n");
    let row = table.rows().next().unwrap().unwrap();
    assert_eq!(row.any(&["code", "代码", "区划代码"]), Some("310118"));
    assert_eq!(row.get("名称"), Some("青浦区"));
    assert_eq!(row.get("备注"), None);
    assert_eq!(row.get("absent"), None);
    let error = row.required(&["remark", "备注"]).unwrap_err();
    assert_eq!(
        error.column.as_deref(),
        Some("备注"),
        "the name the file uses"
    );
}

#[test]
fn missing_columns_are_named_all_at_once() {
    let table = read("代码,名称\n1,a\n");
    assert!(table.require(&[&["code", "代码"]]).is_ok());
    let error = table
        .require(&[&["code", "代码"], &["level"], &["lon", "lng"]])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the header lacks level, lon/lng; it has 代码, 名称"
    );
}

#[test]
fn numbers_and_dates_are_read_or_their_cell_is_named() {
    let table = read("lon,count,at\n121.12,3,2019/1/6 12:09:38\nx,3.5,never\nNaN,,\n");
    let rows: Vec<_> = table.rows().map(Result::unwrap).collect();
    assert_eq!(rows[0].decimal(&["lon"]).unwrap(), Some(121.12));
    assert_eq!(rows[0].whole(&["count"]).unwrap(), Some(3));
    assert_eq!(
        rows[0]
            .date_time(&["at"])
            .unwrap()
            .map(|at| at.to_string())
            .as_deref(),
        Some("2019-01-06T12:09:38")
    );
    assert_eq!(
        rows[1].decimal(&["lon"]).unwrap_err().column.as_deref(),
        Some("lon")
    );
    assert!(rows[1].whole(&["count"]).is_err());
    assert!(rows[1].date_time(&["at"]).is_err());
    assert!(
        rows[2].decimal(&["lon"]).is_err(),
        "not a number is no number"
    );
    assert_eq!(rows[2].date_time(&["at"]).unwrap(), None);
}

proptest::proptest! {
    #[test]
    fn what_is_written_as_csv_is_read_back(
        rows in proptest::collection::vec(proptest::collection::vec("[a-z\",;\n城市 ]{0,6}", 3), 0..12),
    ) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["a", "b", "c"]).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let table = Table::read(&bytes, "x.csv").unwrap();
        let read: Vec<Vec<String>> = table
            .rows()
            .map(|row| {
                let row = row.unwrap();
                ["a", "b", "c"].iter().map(|c| row.get(c).unwrap_or_default().to_owned()).collect()
            })
            .collect();
        let written: Vec<Vec<String>> = rows
            .iter()
            .map(|row| row.iter().map(|cell| cell.trim().to_owned()).collect::<Vec<_>>())
            .filter(|row: &Vec<String>| row.iter().any(|cell| !cell.is_empty()))
            .collect();
        proptest::prop_assert_eq!(read, written);
    }

    #[test]
    fn no_bytes_make_the_reader_fall(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        if let Ok(table) = Table::read(&bytes, "x.csv") {
            proptest::prop_assert_eq!(table.rows().count(), table.len());
        }
    }

    #[test]
    fn broken_quotes_never_cost_a_line_without_quotes(
        lines in proptest::collection::vec("[a\",]{0,5}", 0..12),
    ) {
        let text = format!("h1,h2\nbefore,1\n{}\nafter,2\n", lines.join("\n"));
        let table = Table::read(text.as_bytes(), "x.csv").unwrap();
        let found = |wanted: &str| {
            table.rows().flatten().any(|row| row.get("h1") == Some(wanted))
        };
        proptest::prop_assert!(found("before"));
        proptest::prop_assert!(found("after"));
    }
}
