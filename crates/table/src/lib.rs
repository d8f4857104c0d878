//! Tabular files read with care: CSV, TSV, XLSX and XLS as cities send them, packed with gzip or not.
//!
//! What is known of a file is told, what is wrong with a row is told apart from the rows that are right, and nothing is
//! guessed that could be guessed wrongly: a file that is neither UTF-8, UTF-16 with a mark, nor GB 18030 is refused with the
//! offset of the byte that shows it. This crate knows nothing of what the rows mean; importers do.
//!
//! ```
//! let table = table::Table::read("code,name\n310118,青浦区\n".as_bytes(), "areas.csv")?;
//! let row = table.rows().next().expect("one row")?;
//! assert_eq!(row.any(&["area_code", "code", "代码"]), Some("310118"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod dates;
mod delimited;
mod encoding;
mod output;
mod packed;
mod report;
mod row;
mod sheet;
pub mod testing;
mod workbook;

pub use answer::{Sheet, SheetForm};
pub use dates::{date_from_serial, read_date_time};
pub use encoding::text;
pub use output::{Cell, Features, Form, Output, OutputColumn, OutputError, OutputFolder, Written};
pub use packed::unpacked;
pub use report::{Outcome, Report, RowOutcome};
pub use row::{Row, RowError};
pub use workbook::workbook;

use row::Record;
use thiserror::Error;

/// How much of a file is taken in. What exceeds a limit is refused, never cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file, and of what is packed in it: with gzip, or as the parts of a workbook together.
    pub bytes: usize,
    /// Data rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Bytes of one cell as UTF-8.
    pub cell_bytes: usize,
}

impl Default for Limits {
    /// The house's limits of an import; 256 columns, 200,000 bytes a cell.
    fn default() -> Self {
        Self {
            bytes: base::limits::IMPORT_BYTES_MAX,
            rows: base::limits::IMPORT_ROWS_MAX,
            columns: 256,
            cell_bytes: 200_000,
        }
    }
}

/// Why a file cannot be read as a table at all. Wrong rows are [`RowError`]s instead.
#[derive(Debug, Error)]
pub enum TableError {
    /// The file is larger than the limit.
    #[error("the file has {bytes} bytes; the limit is {limit}")]
    TooLarge {
        /// Bytes of the file.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// What is packed in the file exceeds the limit.
    #[error("the file unpacks to more than {limit} bytes")]
    UnpacksTooLarge {
        /// Bytes allowed.
        limit: usize,
    },
    /// A gzip file that ends too early or is damaged.
    #[error("the gzip file is broken after {unpacked} bytes of what is packed in it: {reason}")]
    Gzip {
        /// Bytes that could be unpacked.
        unpacked: usize,
        /// What is wrong.
        reason: String,
    },
    /// More data rows than the limit.
    #[error("the file has more than {limit} rows")]
    TooManyRows {
        /// Rows allowed.
        limit: usize,
    },
    /// More columns than the limit.
    #[error("the file has more than {limit} columns")]
    TooManyColumns {
        /// Columns allowed.
        limit: usize,
    },
    /// Bytes that are text in none of the encodings read.
    #[error("the text is not {encoding}: the byte at offset {offset} does not belong")]
    Encoding {
        /// The encoding the file claims or most resembles.
        encoding: &'static str,
        /// Where in the file, counted in bytes from 0.
        offset: usize,
    },
    /// A NUL character: a binary file, or UTF-16 without a byte order mark.
    #[error(
        "the file holds a NUL at offset {offset}: it is not a text file, or UTF-16 without a byte order mark"
    )]
    Nul {
        /// Where in the file (in bytes; for UTF-16 in the text as UTF-8).
        offset: usize,
    },
    /// Neither a header nor a row.
    #[error("the file is empty")]
    Empty,
    /// The header line is broken, e.g. by a quote that is never closed.
    #[error("the header on line {line} cannot be read: {reason}")]
    Header {
        /// 1-based line.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// A column without a name between columns that have one.
    #[error("column {column} has no name in the header")]
    EmptyColumn {
        /// 1-based column.
        column: usize,
    },
    /// Two columns of one name.
    #[error("the header names column `{name}` twice")]
    DuplicateColumn {
        /// The name.
        name: String,
    },
    /// Columns the importer cannot do without.
    #[error("the header lacks {}; it has {}", missing.join(", "), present.join(", "))]
    MissingColumns {
        /// The names looked for; aliases are joined by `/`.
        missing: Vec<String>,
        /// The names there are.
        present: Vec<String>,
    },
    /// A workbook that cannot be opened.
    #[error("the workbook cannot be read: {reason}")]
    Workbook {
        /// What the reader said.
        reason: String,
    },
}

/// A file read into memory: a header and rows, good and broken.
#[derive(Debug)]
pub struct Table {
    /// The file's name as given, for messages.
    pub file_name: String,
    /// Column names, trimmed, unique, not empty.
    pub header: Vec<String>,
    /// `UTF-8`, `UTF-16LE`, `UTF-16BE`, `GB18030`, or `XLSX`/`XLS` for workbooks.
    pub encoding: &'static str,
    records: Vec<Result<Record, RowError>>,
}

impl Table {
    /// Reads a file within the usual [`Limits`]. `file_name` decides the delimiter (`.tsv`) where the content leaves it open.
    pub fn read(bytes: &[u8], file_name: &str) -> Result<Self, TableError> {
        Self::read_within(bytes, file_name, Limits::default())
    }

    /// Reads a file within given limits.
    pub fn read_within(bytes: &[u8], file_name: &str, limits: Limits) -> Result<Self, TableError> {
        if bytes.len() > limits.bytes {
            return Err(TableError::TooLarge {
                bytes: bytes.len(),
                limit: limits.bytes,
            });
        }
        let bytes = &*packed::unpacked(bytes, limits.bytes)?;
        if let Some(kind) = sheet::kind_of(bytes) {
            return sheet::read(bytes, kind, file_name, limits);
        }
        let (text, encoding) = encoding::decode(bytes)?;
        delimited::read(&text, encoding, file_name, limits)
    }

    /// From a header and the lines under it: checks the header and the number of cells of each row.
    fn assemble(
        file_name: &str,
        encoding: &'static str,
        header: &[String],
        lines: Vec<delimited::Line>,
        limits: Limits,
    ) -> Result<Self, TableError> {
        let header = checked_header(header, limits)?;
        let mut records = Vec::with_capacity(lines.len());
        for line in lines {
            if line.is_blank() {
                continue;
            }
            if records.len() >= limits.rows {
                return Err(TableError::TooManyRows { limit: limits.rows });
            }
            let number = records.len() as u64 + 1;
            records.push(line.into_record(number, &header));
        }
        Ok(Self {
            file_name: file_name.to_owned(),
            header,
            encoding,
            records,
        })
    }

    /// Data rows, good and broken. Blank lines are no rows.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is no data row.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Every row in the file's order; a broken one as its error.
    pub fn rows(&self) -> impl Iterator<Item = Result<Row<'_>, RowError>> {
        self.records.iter().map(|record| match record {
            Ok(record) => Ok(Row::new(&self.header, record)),
            Err(error) => Err(error.clone()),
        })
    }

    /// Whether the header has one of these names.
    pub fn has_any(&self, names: &[&str]) -> bool {
        self.header
            .iter()
            .any(|name| names.contains(&name.as_str()))
    }

    /// Checks that each group of aliases has a column.
    pub fn require(&self, groups: &[&[&str]]) -> Result<(), TableError> {
        let missing: Vec<String> = groups
            .iter()
            .filter(|names| !self.has_any(names))
            .map(|names| names.join("/"))
            .collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(TableError::MissingColumns {
                missing,
                present: self.header.clone(),
            })
        }
    }
}

/// Trims names, drops nameless columns at the end (spreadsheets leave them behind), refuses the rest that are empty or double.
fn checked_header(header: &[String], limits: Limits) -> Result<Vec<String>, TableError> {
    let mut header: Vec<String> = header
        .iter()
        .map(|name| row::trimmed(name).to_owned())
        .collect();
    while header.last().is_some_and(String::is_empty) {
        header.pop();
    }
    if header.is_empty() {
        return Err(TableError::Empty);
    }
    if header.len() > limits.columns {
        return Err(TableError::TooManyColumns {
            limit: limits.columns,
        });
    }
    for (index, name) in header.iter().enumerate() {
        if name.is_empty() {
            return Err(TableError::EmptyColumn { column: index + 1 });
        }
        if header.iter().take(index).any(|other| other == name) {
            return Err(TableError::DuplicateColumn { name: name.clone() });
        }
    }
    Ok(header)
}
