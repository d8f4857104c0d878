//! Tables written, row by row, so that none is ever whole in memory: CSV and XLSX for people, NDJSON for other programs, GeoJSON
//! for maps.
//!
//! In CSV and XLSX a text that a spreadsheet would run as a formula (it begins with `=`, `+`, `-`, `@`, a tab or a carriage return) gets an
//! apostrophe before it; in NDJSON and GeoJSON every text is as it is. CSV begins with a byte order mark, its lines end in CRLF. A
//! sheet of a workbook holds 1,000,000 rows, then the next one begins; a cell holds 32,767 characters, and what is longer is cut.

use crate::report::harmless;
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

/// How tables are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For spreadsheets and people, with Chinese headers.
    Csv,
    /// The same as a workbook.
    Xlsx,
    /// One JSON object a line, with machine names.
    Ndjson,
}

impl Form {
    /// How the file's name ends.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Ndjson => "ndjson",
        }
    }
}

/// A column: its name for programs, its title for people.
#[derive(Clone, Copy, Debug)]
pub struct OutputColumn {
    /// Key in NDJSON.
    pub name: &'static str,
    /// Header in CSV and XLSX.
    pub title: &'static str,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing.
    Empty,
    /// A text.
    Text(Cow<'a, str>),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// 是 or 否.
    Truth(bool),
    /// JSON that is written already: a text in CSV and XLSX.
    Json(Cow<'a, str>),
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}
impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}
impl<'a> From<&'a String> for Cell<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}
impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}
impl From<f64> for Cell<'_> {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}
impl From<bool> for Cell<'_> {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}
impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// Why a table could not be written.
#[derive(Clone, Debug, Error)]
#[error("{file}: {reason}")]
pub struct OutputError {
    /// Which file.
    pub file: String,
    /// What is wrong.
    pub reason: String,
}

/// Is told a file and how many rows of it are written.
pub type Written = Arc<dyn Fn(&str, u64) + Send + Sync>;

/// A folder that tables are written into. Cheap to clone.
#[derive(Clone)]
pub struct OutputFolder {
    folder: PathBuf,
    form: Form,
    told: Written,
}

/// Progress is told after so many rows.
const TOLD_EVERY: u64 = 10_000;

impl OutputFolder {
    /// Into `folder`, which is there.
    pub fn new(folder: &Path, form: Form, told: Written) -> Self {
        Self {
            folder: folder.to_owned(),
            form,
            told,
        }
    }

    /// How its tables are written.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Begins the table `name`; what was there is written over.
    pub fn table(
        &self,
        name: &str,
        columns: &'static [OutputColumn],
    ) -> Result<Output, OutputError> {
        self.table_as(name, self.form, columns)
    }

    /// The same in a form of its own.
    pub fn table_as(
        &self,
        name: &str,
        form: Form,
        columns: &'static [OutputColumn],
    ) -> Result<Output, OutputError> {
        let name = format!("{name}.{}", form.ending());
        let file = Named::new(&self.folder, name, self.told.clone());
        let sink = match form {
            Form::Csv => Sink::csv(&file, columns),
            Form::Xlsx => Sink::xlsx(columns),
            Form::Ndjson => file.create().map(Sink::Ndjson).map_err(Fault::from),
        };
        let sink = sink.map_err(|fault| file.failed(&fault))?;
        Ok(Output {
            file,
            columns,
            sink,
        })
    }

    /// Begins the GeoJSON file `name`.
    pub fn features(&self, name: &str) -> Result<Features, OutputError> {
        let file = Named::new(&self.folder, format!("{name}.geojson"), self.told.clone());
        let begun = file.create().and_then(|mut out| {
            out.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[")?;
            Ok(out)
        });
        let out = begun.map_err(|error| file.failed(&Fault::Io(error)))?;
        Ok(Features { file, out })
    }
}

/// A file by its name, and how much of it there is.
struct Named {
    path: PathBuf,
    name: String,
    rows: u64,
    told: Written,
}

impl Named {
    fn new(folder: &Path, name: String, told: Written) -> Self {
        Self {
            path: folder.join(&name),
            name,
            rows: 0,
            told,
        }
    }

    /// Readable by whoever runs this alone.
    fn create(&self) -> io::Result<BufWriter<File>> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(BufWriter::with_capacity(1 << 16, options.open(&self.path)?))
    }

    fn failed(&self, fault: &Fault) -> OutputError {
        OutputError {
            file: self.path.display().to_string(),
            reason: fault.to_string(),
        }
    }

    fn one_more(&mut self) {
        self.rows += 1;
        if self.rows.is_multiple_of(TOLD_EVERY) {
            (self.told)(&self.name, self.rows);
        }
    }
}

#[derive(Debug, Error)]
enum Fault {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Csv(#[from] csv::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Xlsx(#[from] XlsxError),
}

/// A table while it is written.
pub struct Output {
    file: Named,
    columns: &'static [OutputColumn],
    sink: Sink,
}

impl Output {
    /// One row: a cell for each column.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), OutputError> {
        self.sink
            .row(self.columns, cells, self.file.rows)
            .map_err(|fault| self.file.failed(&fault))?;
        self.file.one_more();
        Ok(())
    }

    /// Brings it to the disk. Says how many rows it has.
    pub fn finish(self) -> Result<u64, OutputError> {
        let Self { file, sink, .. } = self;
        sink.finish(&file).map_err(|fault| file.failed(&fault))?;
        (file.told)(&file.name, file.rows);
        Ok(file.rows)
    }
}

enum Sink {
    Csv(Box<csv::Writer<BufWriter<File>>>),
    Xlsx(Box<Book>),
    Ndjson(BufWriter<File>),
}

impl Sink {
    fn csv(file: &Named, columns: &[OutputColumn]) -> Result<Self, Fault> {
        let mut out = file.create()?;
        out.write_all("\u{feff}".as_bytes())?;
        let mut csv = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(out);
        csv.write_record(columns.iter().map(|column| column.title))?;
        Ok(Self::Csv(Box::new(csv)))
    }

    fn xlsx(columns: &'static [OutputColumn]) -> Result<Self, Fault> {
        Ok(Self::Xlsx(Box::new(Book::new(columns)?)))
    }

    fn row(
        &mut self,
        columns: &[OutputColumn],
        cells: &[Cell<'_>],
        before: u64,
    ) -> Result<(), Fault> {
        match self {
            Self::Csv(csv) => {
                for cell in cells {
                    csv.write_field(shown(cell).as_bytes())?;
                }
                csv.write_record(None::<&[u8]>)?;
            }
            Self::Xlsx(book) => book.row(cells, before)?,
            Self::Ndjson(out) => {
                let mut separator = "{";
                for (column, cell) in columns.iter().zip(cells) {
                    write!(out, "{separator}\"{}\":", column.name)?;
                    separator = ",";
                    match cell {
                        Cell::Empty => out.write_all(b"null")?,
                        Cell::Text(text) => serde_json::to_writer(&mut *out, text)?,
                        Cell::Integer(number) => write!(out, "{number}")?,
                        Cell::Number(number) => serde_json::to_writer(&mut *out, number)?,
                        Cell::Truth(truth) => write!(out, "{truth}")?,
                        Cell::Json(json) => out.write_all(json.as_bytes())?,
                    }
                }
                out.write_all(b"}\n")?;
            }
        }
        Ok(())
    }

    fn finish(self, file: &Named) -> Result<(), Fault> {
        match self {
            Self::Csv(csv) => {
                let out = csv.into_inner().map_err(csv::IntoInnerError::into_error)?;
                synced(out)?;
            }
            Self::Xlsx(mut book) => {
                // First ours and empty, so that nobody else may read it from the beginning.
                drop(file.create()?);
                book.workbook.save(&file.path)?;
                File::open(&file.path)?.sync_all()?;
            }
            Self::Ndjson(out) => synced(out)?,
        }
        Ok(())
    }
}

fn synced(mut out: BufWriter<File>) -> io::Result<()> {
    out.flush()?;
    out.get_ref().sync_all()
}

/// As a spreadsheet shows it.
pub(crate) fn shown<'a>(cell: &'a Cell<'_>) -> Cow<'a, str> {
    match cell {
        Cell::Empty => Cow::Borrowed(""),
        Cell::Text(text) => harmless(text),
        Cell::Integer(number) => Cow::Owned(number.to_string()),
        Cell::Number(number) => Cow::Owned(number.to_string()),
        Cell::Truth(true) => Cow::Borrowed("是"),
        Cell::Truth(false) => Cow::Borrowed("否"),
        Cell::Json(json) => Cow::Borrowed(json),
    }
}

/// A workbook whose rows go to a file of the system's as they come.
pub(crate) struct Book {
    workbook: Workbook,
    columns: &'static [OutputColumn],
    sheets: usize,
}

/// Rows of a sheet, besides its header.
const SHEET_ROWS: u64 = 1_000_000;
/// Characters of a cell.
const CELL_CHARACTERS: usize = 32_767;

impl Book {
    pub(crate) fn new(columns: &'static [OutputColumn]) -> Result<Self, XlsxError> {
        let mut book = Self {
            workbook: Workbook::new(),
            columns,
            sheets: 0,
        };
        book.sheet()?;
        Ok(book)
    }

    pub(crate) fn into_bytes(mut self) -> Result<Vec<u8>, XlsxError> {
        self.workbook.save_to_buffer()
    }

    fn sheet(&mut self) -> Result<(), XlsxError> {
        let bold = Format::new().set_bold();
        let sheet = self.workbook.add_worksheet_with_constant_memory()?;
        self.sheets += 1;
        sheet.set_freeze_panes(1, 0)?;
        for (column, name) in (0..).zip(self.columns) {
            sheet.set_column_width(column, 18)?;
            sheet.write_string_with_format(0, column, name.title, &bold)?;
        }
        Ok(())
    }

    pub(crate) fn row(&mut self, cells: &[Cell<'_>], before: u64) -> Result<(), XlsxError> {
        if before > 0 && before.is_multiple_of(SHEET_ROWS) {
            self.sheet()?;
        }
        let line = u32::try_from(before % SHEET_ROWS).unwrap_or(0) + 1;
        let sheet = self.workbook.worksheet_from_index(self.sheets - 1)?;
        for (column, cell) in (0..).zip(cells) {
            match cell {
                Cell::Empty => {}
                // A number of more digits than a double holds is better as a text.
                Cell::Integer(number) if number.unsigned_abs() < 1 << 53 => {
                    sheet.write_number(line, column, *number as f64)?;
                }
                Cell::Number(number) if number.is_finite() => {
                    sheet.write_number(line, column, *number)?;
                }
                other => {
                    let text = shown(other);
                    let end = text.char_indices().nth(CELL_CHARACTERS);
                    let text = end.map_or(&*text, |(end, _)| text.get(..end).unwrap_or_default());
                    sheet.write_string(line, column, text)?;
                }
            }
        }
        Ok(())
    }
}

/// A GeoJSON file while it is written, a feature a line.
pub struct Features {
    file: Named,
    out: BufWriter<File>,
}

impl Features {
    /// One feature.
    pub fn feature(
        &mut self,
        geometry: &serde_json::Value,
        properties: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<(), OutputError> {
        let comma = if self.file.rows == 0 { "\n" } else { ",\n" };
        let mut write = || {
            self.out.write_all(comma.as_bytes())?;
            self.out.write_all(b"{\"type\":\"Feature\",\"geometry\":")?;
            serde_json::to_writer(&mut self.out, geometry)?;
            self.out.write_all(b",\"properties\":")?;
            serde_json::to_writer(&mut self.out, properties)?;
            Ok(self.out.write_all(b"}")?)
        };
        write().map_err(|fault: Fault| self.file.failed(&fault))?;
        self.file.one_more();
        Ok(())
    }

    /// Ends it. Says how many features it has.
    pub fn finish(mut self) -> Result<u64, OutputError> {
        let done = self
            .out
            .write_all(b"\n]}\n")
            .and_then(|()| synced(self.out));
        done.map_err(|error| self.file.failed(&Fault::Io(error)))?;
        (self.file.told)(&self.file.name, self.file.rows);
        Ok(self.file.rows)
    }
}
