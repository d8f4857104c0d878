//! Workbooks: the first sheet that holds anything, as a table of text. Dates become ISO text, whole numbers lose their `.0`.
//!
//! XLSX is read cell by cell, because one forgotten cell in the last corner of a sheet would otherwise ask for all memory.

use crate::delimited::{CellError, Line};
use crate::row::trimmed;
use crate::{Limits, Table, TableError, dates, packed};
use calamine::{Data, ExcelDateTime, Reader, Xls, Xlsx};
use std::collections::BTreeMap;
use std::io::Cursor;

/// Numbers from here on have lost digits in a spreadsheet (it keeps 15).
const DIGITS_LOST_FROM: f64 = 1e15;

/// Which workbook format.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Xlsx,
    Xls,
}

/// By content, whatever the name says.
pub(crate) fn kind_of(bytes: &[u8]) -> Option<Kind> {
    match bytes {
        [b'P', b'K', 3, 4, ..] => Some(Kind::Xlsx),
        [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, ..] => Some(Kind::Xls),
        _ => None,
    }
}

/// A cell as text, or why it has none.
type Cell = Result<String, String>;

/// Cells of a sheet by 0-based row and column.
#[derive(Default)]
struct Grid {
    rows: BTreeMap<u32, BTreeMap<u32, Cell>>,
}

impl Grid {
    fn put(&mut self, row: u32, column: u32, cell: Cell, limits: Limits) -> Result<(), TableError> {
        if cell.as_ref().is_ok_and(|text| trimmed(text).is_empty()) {
            return Ok(());
        }
        if column as usize >= limits.columns {
            return Err(TableError::TooManyColumns {
                limit: limits.columns,
            });
        }
        let cell = cell.and_then(|text| {
            if text.len() > limits.cell_bytes {
                Err(format!("is longer than {} bytes", limits.cell_bytes))
            } else if text.contains('\0') {
                Err("holds a NUL character".to_owned())
            } else {
                Ok(text)
            }
        });
        self.rows.entry(row).or_default().insert(column, cell);
        if self.rows.len() > limits.rows.saturating_add(1) {
            return Err(TableError::TooManyRows { limit: limits.rows });
        }
        Ok(())
    }

    fn into_table(
        mut self,
        encoding: &'static str,
        file_name: &str,
        limits: Limits,
    ) -> Result<Table, TableError> {
        let (header_row, header_cells) = self.rows.pop_first().ok_or(TableError::Empty)?;
        // Some people begin their table in column B.
        let first = header_cells.keys().next().copied().unwrap_or(0);
        let last = header_cells.keys().next_back().copied().unwrap_or(0);
        let mut header = Vec::new();
        for column in first..=last {
            match header_cells.get(&column) {
                None => header.push(String::new()),
                Some(Ok(name)) => header.push(name.clone()),
                Some(Err(reason)) => {
                    return Err(TableError::Header {
                        line: u64::from(header_row) + 1,
                        reason: reason.clone(),
                    });
                }
            }
        }
        let lines = self
            .rows
            .into_iter()
            .map(|(row, cells)| Line {
                line: u64::from(row) + 1,
                cells: dense(cells, first, last),
            })
            .collect();
        Table::assemble(file_name, encoding, &header, lines, limits)
    }
}

/// The cells from column `first` to at least column `last`, empty where the sheet has none.
fn dense(cells: BTreeMap<u32, Cell>, first: u32, last: u32) -> Result<Vec<String>, CellError> {
    let last = cells.keys().next_back().copied().unwrap_or(0).max(last);
    let mut row = vec![String::new(); (last.saturating_sub(first) + 1) as usize];
    for (column, cell) in cells {
        let Some(index) = column.checked_sub(first).map(|index| index as usize) else {
            return Err(CellError {
                column: None,
                reason: "has a cell left of the first named column".to_owned(),
            });
        };
        match cell {
            Ok(text) => {
                if let Some(place) = row.get_mut(index) {
                    *place = text;
                }
            }
            Err(reason) => {
                return Err(CellError {
                    column: Some(index),
                    reason,
                });
            }
        }
    }
    Ok(row)
}

/// Reads the first sheet that holds anything.
pub(crate) fn read(
    bytes: &[u8],
    kind: Kind,
    file_name: &str,
    limits: Limits,
) -> Result<Table, TableError> {
    let (grid, encoding) = match kind {
        Kind::Xlsx => (xlsx(bytes, limits)?, "XLSX"),
        Kind::Xls => (xls(bytes, limits)?, "XLS"),
    };
    grid.into_table(encoding, file_name, limits)
}

fn broken(error: impl std::fmt::Display) -> TableError {
    TableError::Workbook {
        reason: error.to_string(),
    }
}

fn xlsx(bytes: &[u8], limits: Limits) -> Result<Grid, TableError> {
    packed::check_workbook(bytes, limits.bytes)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(broken)?;
    for name in book.sheet_names() {
        let Ok(mut cells) = book.worksheet_cells_reader(&name) else {
            continue; // A chart sheet has no cells.
        };
        let mut grid = Grid::default();
        while let Some(cell) = cells.next_cell().map_err(broken)? {
            let (row, column) = cell.get_position();
            grid.put(
                row,
                column,
                text_of(&Data::from(cell.get_value().clone())),
                limits,
            )?;
        }
        if !grid.rows.is_empty() {
            return Ok(grid);
        }
    }
    Err(TableError::Empty)
}

fn xls(bytes: &[u8], limits: Limits) -> Result<Grid, TableError> {
    let mut book: Xls<_> = Xls::new(Cursor::new(bytes)).map_err(broken)?;
    for name in book.sheet_names() {
        let range = book.worksheet_range(&name).map_err(broken)?;
        let (first_row, first_column) = range.start().unwrap_or_default();
        let mut grid = Grid::default();
        for (row, column, data) in range.used_cells() {
            let row = first_row.saturating_add(u32::try_from(row).unwrap_or(u32::MAX));
            let column = first_column.saturating_add(u32::try_from(column).unwrap_or(u32::MAX));
            grid.put(row, column, text_of(data), limits)?;
        }
        if !grid.rows.is_empty() {
            return Ok(grid);
        }
    }
    Err(TableError::Empty)
}

fn text_of(data: &Data) -> Cell {
    match data {
        Data::Empty => Ok(String::new()),
        Data::Float(number) => number_text(*number),
        Data::DateTime(at) => date_text(at),
        Data::Error(error) => Err(format!("holds the spreadsheet error {error}")),
        Data::Int(number) => Ok(number.to_string()),
        Data::Bool(truth) => Ok(truth.to_string()),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => Ok(text.clone()),
    }
}

fn number_text(number: f64) -> Cell {
    if number.abs() >= DIGITS_LOST_FROM {
        return Err(
            "holds a number of more digits than a spreadsheet keeps; format the column as text"
                .to_owned(),
        );
    }
    Ok(number.to_string())
}

fn date_text(at: &ExcelDateTime) -> Cell {
    if at.is_duration() {
        let seconds = (at.as_f64() * 86_400.0).round();
        return Ok(dates::duration_text(seconds));
    }
    let (year, month, day, hour, minute, second, milli) = at.to_ymd_hms_milli();
    dates::civil_text(year, month, day, hour, minute, second, milli)
        .ok_or_else(|| format!("`{}` is not a date", at.as_f64()))
}
