//! Delimited text (RFC 4180 as it is met): commas, tabs or semicolons, quotes, any line ends.
//!
//! Written by hand because a row with broken quotes must not take the rest of the file with it: where a quote is not closed, or
//! something follows it, the line is given as an error and reading goes on with the next one.

use crate::row::{Record, trimmed};
use crate::{Limits, RowError, Table, TableError};

/// A line of cells, or what is wrong with it, before its number is known.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) line: u64,
    pub(crate) cells: Result<Vec<String>, CellError>,
}

/// What is wrong with a line.
#[derive(Debug)]
pub(crate) struct CellError {
    /// 0-based column, when it is one.
    pub(crate) column: Option<usize>,
    pub(crate) reason: String,
}

impl Line {
    /// Whether all cells are empty.
    pub(crate) fn is_blank(&self) -> bool {
        self.cells
            .as_ref()
            .is_ok_and(|cells| cells.iter().all(|cell| trimmed(cell).is_empty()))
    }

    /// The record of data row `number`, if it has as many cells as the header (empty ones too many are let pass).
    pub(crate) fn into_record(self, number: u64, header: &[String]) -> Result<Record, RowError> {
        let line = self.line;
        let error = |column: Option<usize>, reason: String| RowError {
            row: number,
            line,
            column: column.map(|index| match header.get(index) {
                Some(name) => name.clone(),
                None => format!("#{}", index + 1),
            }),
            reason,
        };
        let mut cells = match self.cells {
            Ok(cells) => cells,
            Err(wrong) => return Err(error(wrong.column, wrong.reason)),
        };
        let surplus_is_empty = cells
            .get(header.len()..)
            .is_none_or(|surplus| surplus.iter().all(|cell| trimmed(cell).is_empty()));
        if cells.len() < header.len() || !surplus_is_empty {
            return Err(error(
                None,
                format!(
                    "has {} cells where the header has {}",
                    cells.len(),
                    header.len()
                ),
            ));
        }
        cells.truncate(header.len());
        Ok(Record {
            number,
            line,
            cells,
        })
    }
}

/// Reads text into a table.
pub(crate) fn read(
    text: &str,
    encoding: &'static str,
    file_name: &str,
    limits: Limits,
) -> Result<Table, TableError> {
    // One kind of line end, so that lines are counted as an editor shows them.
    let unified;
    let text = if text.contains('\r') {
        unified = text.replace("\r\n", "\n").replace('\r', "\n");
        unified.as_str()
    } else {
        text
    };
    let delimiter = delimiter_of(text, file_name);
    let mut splitter = Splitter {
        text,
        at: 0,
        line: 1,
        delimiter,
        limits,
    };
    let header = loop {
        match splitter.next() {
            None => return Err(TableError::Empty),
            Some(line) if line.is_blank() => {}
            Some(line) => match line.cells {
                Ok(cells) => break cells,
                Err(wrong) => {
                    return Err(TableError::Header {
                        line: line.line,
                        reason: wrong.reason,
                    });
                }
            },
        }
    };
    let mut lines = Vec::new();
    for line in splitter.filter(|line| !line.is_blank()) {
        if lines.len() >= limits.rows {
            return Err(TableError::TooManyRows { limit: limits.rows });
        }
        lines.push(line);
    }
    Table::assemble(file_name, encoding, &header, lines, limits)
}

/// How much of a line decides on the delimiter: more than any header has.
const DECIDING_BYTES: usize = 64 * 1024;

/// A tab for `.tsv`; otherwise whichever of comma, tab and semicolon is the most frequent outside quotes in the first line that
/// is not blank; a comma when none is.
fn delimiter_of(text: &str, file_name: &str) -> u8 {
    let extension = file_name.rsplit_once('.').map(|(_, extension)| extension);
    if extension.is_some_and(|e| e.eq_ignore_ascii_case("tsv") || e.eq_ignore_ascii_case("tab")) {
        return b'\t';
    }
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let count = |wanted: u8| {
        let mut quoted = false;
        first
            .bytes()
            .take(DECIDING_BYTES)
            .filter(|byte| {
                quoted ^= *byte == b'"';
                !quoted && *byte == wanted
            })
            .count()
    };
    let (comma, tab, semicolon) = (count(b','), count(b'\t'), count(b';'));
    if tab > comma && tab >= semicolon {
        b'\t'
    } else if semicolon > comma {
        b';'
    } else {
        b','
    }
}

/// Walks over the text, a record at a time. All bytes it looks for are ASCII, so every cut is at a character's edge.
struct Splitter<'a> {
    text: &'a str,
    at: usize,
    line: u64,
    delimiter: u8,
    limits: Limits,
}

impl Iterator for Splitter<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        if self.at >= self.text.len() {
            return None;
        }
        let (start, line) = (self.at, self.line);
        let cells = self.record();
        if cells.is_err() {
            // Broken: this line only is lost.
            self.at = match self.rest(start).find('\n') {
                Some(length) => start + length + 1,
                None => self.text.len(),
            };
            self.line = line + 1;
        }
        Some(Line { line, cells })
    }
}

impl Splitter<'_> {
    fn rest(&self, from: usize) -> &str {
        self.text.get(from..).unwrap_or_default()
    }

    fn record(&mut self) -> Result<Vec<String>, CellError> {
        let mut cells = Vec::new();
        loop {
            let column = cells.len();
            let wrong = |reason: String| CellError {
                column: Some(column),
                reason,
            };
            if column >= self.limits.columns.saturating_mul(2) {
                return Err(CellError {
                    column: None,
                    reason: format!("has more than {column} cells"),
                });
            }
            let cell = if self.rest(self.at).starts_with('"') {
                self.quoted().map_err(wrong)?
            } else {
                self.plain().map_err(wrong)?
            };
            cells.push(cell);
            match self.text.as_bytes().get(self.at) {
                Some(byte) if *byte == self.delimiter => self.at += 1,
                Some(_) => {
                    self.at += 1;
                    self.line += 1;
                    return Ok(cells);
                }
                None => return Ok(cells),
            }
        }
    }

    /// A cell without quotes at its start: up to the delimiter or line end. Quotes inside are themselves.
    fn plain(&mut self) -> Result<String, String> {
        let rest = self.rest(self.at);
        // No further than a cell may reach.
        let within = rest.len().min(self.limits.cell_bytes.saturating_add(1));
        let length = rest
            .bytes()
            .take(within)
            .position(|byte| byte == self.delimiter || byte == b'\n')
            .unwrap_or(within);
        self.check_length(length)?;
        let cell = rest.get(..length).unwrap_or_default().to_owned();
        self.at += length;
        Ok(cell)
    }

    /// Refuses a cell of this many bytes before any of them is copied.
    fn check_length(&self, bytes: usize) -> Result<(), String> {
        let max = self.limits.cell_bytes;
        if bytes > max {
            return Err(format!("is longer than {max} bytes"));
        }
        Ok(())
    }

    /// A quoted cell, line ends and doubled quotes inside.
    fn quoted(&mut self) -> Result<String, String> {
        let mut cell = String::new();
        self.at += 1;
        loop {
            let rest = self.rest(self.at);
            let Some(length) = rest.find('"') else {
                return Err("has a quote that is never closed".to_owned());
            };
            self.check_length(cell.len() + length)?;
            let part = rest.get(..length).unwrap_or_default();
            let lines = part.bytes().filter(|byte| *byte == b'\n').count() as u64;
            cell.push_str(part);
            self.at += length + 1;
            self.line += lines;
            match self.text.as_bytes().get(self.at) {
                Some(b'"') => {
                    cell.push('"');
                    self.at += 1;
                }
                Some(byte) if *byte != self.delimiter && *byte != b'\n' => {
                    return Err("has text after its closing quote".to_owned());
                }
                _ => return Ok(cell),
            }
        }
    }
}
