//! What became of a file: counts, and the rows that were refused, downloadable as a file of its own.

use crate::RowError;
use base::limits::IMPORT_REJECTIONS_LISTED_MAX;
use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, Write};

/// The outcome of an import, or of a rehearsal of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Data rows of the file.
    pub read: u64,
    /// Rows that made or changed something (or would have, in a rehearsal).
    pub stored: u64,
    /// How many of these changed what was there, where an import tells the two apart.
    pub changed: u64,
    /// Rows that were there already, just so.
    pub unchanged: u64,
    /// Rows that were refused; the first [`IMPORT_REJECTIONS_LISTED_MAX`] of them.
    pub rejected: Vec<RowError>,
    /// How many more were refused than are listed.
    pub rejected_unlisted: u64,
    /// Rows that went in and deserve a look.
    pub remarks: Vec<RowError>,
    /// What became of each row that was not refused, where an import says so row by row; not more than are listed of refused ones.
    pub outcomes: Vec<RowOutcome>,
}

/// What became of a row that was not refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowOutcome {
    /// What.
    pub outcome: Outcome,
    /// Which row; of a changed one what it was before and is now.
    pub row: RowError,
}

/// New, changed or as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was not there.
    New,
    /// It was there and is another now.
    Changed,
    /// It was there, just so.
    Unchanged,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
        }
    }
}

impl Report {
    /// Notes a refused row. Past the limit of the list the file is wrong as a whole, and rows are only counted.
    pub fn reject(&mut self, error: RowError) {
        if self.rejected.len() < IMPORT_REJECTIONS_LISTED_MAX {
            self.rejected.push(error);
        } else {
            self.rejected_unlisted += 1;
        }
    }

    /// How many rows were refused.
    pub fn rejected_count(&self) -> u64 {
        self.rejected.len() as u64 + self.rejected_unlisted
    }

    /// Notes something about a row that went in. Not more are kept than of refused rows.
    pub fn remark(&mut self, remark: RowError) {
        if self.remarks.len() < IMPORT_REJECTIONS_LISTED_MAX {
            self.remarks.push(remark);
        }
    }

    /// Counts a row that was not refused, and says what became of it.
    pub fn settle(&mut self, outcome: Outcome, row: RowError) {
        match outcome {
            Outcome::New => self.stored += 1,
            Outcome::Changed => {
                self.stored += 1;
                self.changed += 1;
            }
            Outcome::Unchanged => self.unchanged += 1,
        }
        if self.outcomes.len() < IMPORT_REJECTIONS_LISTED_MAX {
            self.outcomes.push(RowOutcome { outcome, row });
        }
    }

    /// Whether every row read is accounted for: stored, unchanged or rejected.
    pub fn adds_up(&self) -> bool {
        self.read == self.stored + self.unchanged + self.rejected_count()
    }

    /// Writes refused rows, remarks and what became of the others as CSV with a byte order mark, so that spreadsheets open it as UTF-8:
    /// `outcome,row,line,column,reason`. Cells a spreadsheet would run as a formula are quoted with an apostrophe.
    pub fn write_csv(&self, out: impl Write) -> io::Result<()> {
        let mut out = out;
        out.write_all("\u{feff}".as_bytes())?;
        let mut csv = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(out);
        csv.write_record(["outcome", "row", "line", "column", "reason"])?;
        let rejected = self.rejected.iter().map(|error| ("rejected", error));
        let remarks = self.remarks.iter().map(|error| ("remark", error));
        let settled = self.outcomes.iter();
        let settled = settled.map(|settled| (settled.outcome.as_str(), &settled.row));
        for (outcome, error) in rejected.chain(remarks).chain(settled) {
            csv.write_record([
                outcome,
                &error.row.to_string(),
                &error.line.to_string(),
                &*harmless(error.column.as_deref().unwrap_or_default()),
                &*harmless(&error.reason),
            ])?;
        }
        csv.flush()
    }
}

/// Text that no spreadsheet takes for a formula.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}
