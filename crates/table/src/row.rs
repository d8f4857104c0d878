//! One row and what may be wrong with it.

use crate::dates;
use serde::Serialize;
use std::fmt;

/// A row that was refused, with where and why. The reason is for the person who repairs the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowError {
    /// 1-based data row, not counting header and blank lines.
    pub row: u64,
    /// 1-based line of the file (or row of the sheet) where the row begins.
    pub line: u64,
    /// The column at fault, when it is one.
    pub column: Option<String>,
    /// What is wrong, one sentence.
    pub reason: String,
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {} (line {})", self.row, self.line)?;
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for RowError {}

/// A row's cells, as many as the header has names.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) number: u64,
    pub(crate) line: u64,
    pub(crate) cells: Vec<String>,
}

/// A good row. Values are trimmed; an empty cell and an absent column are both `None`.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    header: &'a [String],
    record: &'a Record,
}

impl<'a> Row<'a> {
    pub(crate) fn new(header: &'a [String], record: &'a Record) -> Self {
        Self { header, record }
    }

    /// 1-based data row.
    pub fn number(&self) -> u64 {
        self.record.number
    }

    /// 1-based line of the file.
    pub fn line(&self) -> u64 {
        self.record.line
    }

    /// The value in a column; `None` when it is empty or there is no such column.
    pub fn get(&self, column: &str) -> Option<&'a str> {
        let index = self.header.iter().position(|name| name == column)?;
        let value = trimmed(self.record.cells.get(index)?);
        (!value.is_empty()).then_some(value)
    }

    /// The value of the first of these columns that has one.
    pub fn any(&self, columns: &[&str]) -> Option<&'a str> {
        columns.iter().find_map(|column| self.get(column))
    }

    /// The value of the first of these columns that has one, or the error that it is missing.
    pub fn required(&self, columns: &[&str]) -> Result<&'a str, RowError> {
        self.any(columns)
            .ok_or_else(|| self.error_in(columns, "is empty"))
    }

    /// A decimal number.
    pub fn decimal(&self, columns: &[&str]) -> Result<Option<f64>, RowError> {
        let Some(text) = self.any(columns) else {
            return Ok(None);
        };
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(self.error_in(columns, &format!("`{text}` is not a number"))),
        }
    }

    /// A whole number.
    pub fn whole(&self, columns: &[&str]) -> Result<Option<i64>, RowError> {
        let Some(text) = self.any(columns) else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|_| self.error_in(columns, &format!("`{text}` is not a whole number")))
    }

    /// A local date and time: see [`crate::read_date_time`] for the spellings read.
    pub fn date_time(&self, columns: &[&str]) -> Result<Option<jiff::civil::DateTime>, RowError> {
        let Some(text) = self.any(columns) else {
            return Ok(None);
        };
        dates::read_date_time(text).map(Some).ok_or_else(|| {
            self.error_in(
                columns,
                &format!("`{text}` is not a date; write 2026-11-21 or 2026-11-21 09:05:00"),
            )
        })
    }

    /// An error about one column of this row.
    pub fn error(&self, column: &str, reason: impl Into<String>) -> RowError {
        RowError {
            row: self.record.number,
            line: self.record.line,
            column: Some(column.to_owned()),
            reason: reason.into(),
        }
    }

    /// An error about this row as a whole.
    pub fn error_overall(&self, reason: impl Into<String>) -> RowError {
        RowError {
            row: self.record.number,
            line: self.record.line,
            column: None,
            reason: reason.into(),
        }
    }

    /// An error about the first of these columns that the file has.
    pub fn error_in(&self, columns: &[&str], reason: &str) -> RowError {
        let column = columns
            .iter()
            .find(|column| self.header.iter().any(|name| name == *column))
            .or(columns.first())
            .copied()
            .unwrap_or_default();
        self.error(column, reason)
    }
}

/// Without blanks of any width, byte order marks and zero-width spaces at both ends.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}')
}
