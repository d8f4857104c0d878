//! XLSX and XLS.

use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use table::{Limits, Table, TableError};

fn workbook(fill: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
    let mut book = Workbook::new();
    fill(book.add_worksheet());
    book.save_to_buffer().unwrap()
}

#[test]
fn dates_and_codes_come_out_as_people_see_them() {
    let bytes = workbook(|sheet| {
        for (column, name) in ["代码", "日期", "时间", "系数", "有效", "文本码"]
            .iter()
            .enumerate()
        {
            sheet.write_string(0, column as u16, *name).unwrap();
        }
        let date = Format::new().set_num_format("yyyy-mm-dd");
        let time = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
        sheet.write_number(1, 0, 310_118_001_001.0).unwrap();
        let day = ExcelDateTime::from_ymd(2019, 1, 6).unwrap();
        sheet.write_datetime_with_format(1, 1, day, &date).unwrap();
        let instant = ExcelDateTime::from_ymd(2019, 1, 6)
            .unwrap()
            .and_hms(12, 9, 38)
            .unwrap();
        sheet
            .write_datetime_with_format(1, 2, instant, &time)
            .unwrap();
        sheet.write_number(1, 3, 0.1).unwrap();
        sheet.write_boolean(1, 4, true).unwrap();
        sheet.write_string(1, 5, "0101").unwrap();
    });
    // The content decides, not the name.
    let table = Table::read(&bytes, "renamed.csv").unwrap();
    assert_eq!(table.encoding, "XLSX");
    let row = table.rows().next().unwrap().unwrap();
    let seen: Vec<_> = table
        .header
        .iter()
        .map(|name| row.get(name).unwrap())
        .collect();
    assert_eq!(
        seen,
        [
            "310118001001",
            "2019-01-06",
            "2019-01-06T12:09:38",
            "0.1",
            "true",
            "0101"
        ]
    );
    assert_eq!((row.number(), row.line()), (1, 2));
}

#[test]
fn a_serial_without_a_date_format_is_still_read_as_a_date_where_one_is_wanted() {
    let bytes = workbook(|sheet| {
        sheet.write_string(0, 0, "at").unwrap();
        sheet.write_number(1, 0, 43_471.506_689_814_8).unwrap();
    });
    let table = Table::read(&bytes, "x.xlsx").unwrap();
    let at = table
        .rows()
        .next()
        .unwrap()
        .unwrap()
        .date_time(&["at"])
        .unwrap()
        .unwrap();
    assert_eq!(at.to_string(), "2019-01-06T12:09:38");
}

#[test]
fn the_first_sheet_that_holds_anything_is_read_from_where_it_begins() {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("封面").unwrap();
    let sheet = book.add_worksheet();
    sheet.write_string(2, 0, "code").unwrap();
    sheet.write_string(2, 1, "name").unwrap();
    sheet.write_string(5, 0, "1").unwrap();
    sheet.write_string(7, 1, "only a name").unwrap();
    let table = Table::read(&book.save_to_buffer().unwrap(), "x.xlsx").unwrap();
    let seen: Vec<_> = table
        .rows()
        .flatten()
        .map(|row| (row.number(), row.line(), row.get("code"), row.get("name")))
        .collect();
    assert_eq!(
        seen,
        [(1, 6, Some("1"), None), (2, 8, None, Some("only a name"))]
    );
}

#[test]
fn cells_that_hold_no_value_are_errors_of_their_row() {
    let bytes = workbook(|sheet| {
        sheet.write_string(0, 0, "code").unwrap();
        sheet
            .write_formula(1, 0, Formula::new("=1/0").set_result("#DIV/0!"))
            .unwrap();
        sheet
            .write_number(2, 0, 12_345_678_901_234_567_890.0)
            .unwrap();
        sheet.write_string(3, 0, "fine").unwrap();
        sheet.write_string(4, 3, "beyond the header").unwrap();
    });
    let table = Table::read(&bytes, "x.xlsx").unwrap();
    let rows: Vec<_> = table.rows().collect();
    assert_eq!(rows.len(), 4);
    let reason = |n: usize| rows[n].as_ref().unwrap_err().clone();
    assert!(reason(0).reason.contains("#DIV/0!"), "{}", reason(0));
    assert_eq!(reason(0).column.as_deref(), Some("code"));
    assert!(reason(1).reason.contains("more digits"), "{}", reason(1));
    assert_eq!(rows[2].as_ref().unwrap().get("code"), Some("fine"));
    assert!(reason(3).reason.contains("4 cells"), "{}", reason(3));
}

#[test]
fn one_cell_in_the_last_corner_does_not_ask_for_all_memory() {
    let bytes = workbook(|sheet| {
        sheet.write_string(0, 0, "code").unwrap();
        sheet.write_string(1_048_575, 16_383, "far away").unwrap();
    });
    assert!(matches!(
        Table::read(&bytes, "x.xlsx"),
        Err(TableError::TooManyColumns { .. })
    ));
    let limits = Limits {
        rows: 2,
        ..Limits::default()
    };
    let bytes = workbook(|sheet| {
        for row in 0..4 {
            sheet.write_string(row, 0, "x").unwrap();
        }
    });
    assert!(matches!(
        Table::read_within(&bytes, "x.xlsx", limits),
        Err(TableError::TooManyRows { limit: 2 })
    ));
}

#[test]
fn an_old_workbook_is_read_too() {
    let table = Table::read(include_bytes!("data/offset_table.xls"), "offset_table.xls").unwrap();
    assert_eq!(table.encoding, "XLS");
    let seen: Vec<Vec<_>> = table
        .rows()
        .flatten()
        .map(|row| {
            ["代码", "名称", "日期", "时间"]
                .iter()
                .map(|c| row.get(c))
                .collect()
        })
        .collect();
    assert_eq!(
        seen,
        [
            vec![
                Some("310118001001"),
                Some("东盛社区居委会"),
                Some("2019-01-06"),
                Some("2019-01-06T12:09:38")
            ],
            vec![Some("0101"), Some("东方社区"), None, None],
        ]
    );
}

#[test]
fn a_torn_workbook_is_an_error() {
    let bytes = workbook(|sheet| {
        sheet.write_string(0, 0, "code").unwrap();
    });
    let torn = &bytes[..bytes.len() / 2];
    assert!(matches!(
        Table::read(torn, "x.xlsx"),
        Err(TableError::Workbook { .. })
    ));
    assert!(matches!(
        Table::read(&workbook(|_| {}), "x.xlsx"),
        Err(TableError::Empty)
    ));
}
