//! A short table as the bytes of a file, for an answer over the wire. Long ones are written into a folder instead.

use crate::output::{Book, Cell, OutputColumn, OutputError, shown};

/// For spreadsheets and people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SheetForm {
    /// Comma separated, with a byte order mark.
    Csv,
    /// A workbook.
    Xlsx,
}

impl SheetForm {
    /// How the file's name ends.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }

    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

enum Sink {
    Csv(Box<csv::Writer<Vec<u8>>>),
    Xlsx(Box<Book>),
}

/// A table while it is written into memory.
pub struct Sheet {
    sink: Sink,
    rows: u64,
}

fn failed(reason: &dyn std::fmt::Display) -> OutputError {
    OutputError {
        file: "answer".to_owned(),
        reason: reason.to_string(),
    }
}

impl Sheet {
    /// Begins with the titles of the columns.
    pub fn new(form: SheetForm, columns: &'static [OutputColumn]) -> Result<Self, OutputError> {
        let sink = match form {
            SheetForm::Csv => {
                let mut csv = csv::WriterBuilder::new()
                    .terminator(csv::Terminator::CRLF)
                    .from_writer("\u{feff}".as_bytes().to_vec());
                csv.write_record(columns.iter().map(|column| column.title))
                    .map_err(|error| failed(&error))?;
                Sink::Csv(Box::new(csv))
            }
            SheetForm::Xlsx => Sink::Xlsx(Box::new(
                Book::new(columns).map_err(|error| failed(&error))?,
            )),
        };
        Ok(Self { sink, rows: 0 })
    }

    /// One row: a cell for each column.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), OutputError> {
        match &mut self.sink {
            Sink::Csv(csv) => {
                let fields = cells.iter().map(shown);
                csv.write_record(fields.map(|text| text.as_bytes().to_vec()))
                    .map_err(|error| failed(&error))?;
            }
            Sink::Xlsx(book) => book.row(cells, self.rows).map_err(|error| failed(&error))?,
        }
        self.rows += 1;
        Ok(())
    }

    /// The file.
    pub fn into_bytes(self) -> Result<Vec<u8>, OutputError> {
        match self.sink {
            Sink::Csv(csv) => csv.into_inner().map_err(|error| failed(&error)),
            Sink::Xlsx(book) => book.into_bytes().map_err(|error| failed(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[OutputColumn] = &[
        OutputColumn {
            name: "case_no",
            title: "案卷编号",
        },
        OutputColumn {
            name: "title",
            title: "问题描述",
        },
    ];

    #[test]
    fn a_sheet_is_the_same_table_in_both_forms_and_runs_no_formula() {
        for form in [SheetForm::Csv, SheetForm::Xlsx] {
            let mut sheet = Sheet::new(form, COLUMNS).unwrap();
            sheet
                .row(&["310118-20261121-0001".into(), "=1+1, \"引号\"".into()])
                .unwrap();
            sheet
                .row(&["310118-20261121-0002".into(), Cell::Empty])
                .unwrap();
            let bytes = sheet.into_bytes().unwrap();
            let name = format!("cases.{}", form.ending());
            let table = crate::Table::read(&bytes, &name).unwrap();
            let rows: Vec<_> = table.rows().map(Result::unwrap).collect();
            assert_eq!(rows.len(), 2, "{form:?}");
            assert_eq!(rows[0].any(&["案卷编号"]), Some("310118-20261121-0001"));
            assert_eq!(rows[0].any(&["问题描述"]), Some("'=1+1, \"引号\""));
        }
    }
}
