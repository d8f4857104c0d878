//! Workbooks written: one sheet, a header that stays in sight, every cell as text, so that codes keep their zeros.

use rust_xlsxwriter::{Format, Workbook, XlsxError};

/// An XLSX file of a header and rows.
pub fn workbook(header: &[&str], rows: &[&[&str]]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let text = Format::new().set_num_format("@");
    let bold = Format::new().set_num_format("@").set_bold();
    let sheet = book.add_worksheet();
    sheet.set_freeze_panes(1, 0)?;
    for (column, name) in (0..).zip(header) {
        sheet.set_column_format(column, &text)?;
        sheet.set_column_width(column, 18)?;
        sheet.write_string_with_format(0, column, *name, &bold)?;
    }
    for (line, cells) in (1..).zip(rows) {
        for (column, cell) in (0..).zip(*cells) {
            sheet.write_string_with_format(line, column, *cell, &text)?;
        }
    }
    book.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Table;

    #[test]
    fn what_is_written_reads_back_as_text() {
        let bytes = workbook(&["编码", "名称"], &[&["007", "青浦区"], &["=1+1", ""]]).unwrap();
        let table = Table::read(&bytes, "book.xlsx").unwrap();
        assert_eq!(table.header, ["编码", "名称"]);
        let rows: Vec<_> = table.rows().map(Result::unwrap).collect();
        assert_eq!(rows[0].any(&["编码"]), Some("007"));
        assert_eq!(rows[1].any(&["编码"]), Some("=1+1"));
        assert_eq!(rows[1].any(&["名称"]), None);
    }
}
