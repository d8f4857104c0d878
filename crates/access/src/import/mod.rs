//! Organisations and people from tables, as a city moving in has them. Each row goes through the same command that somebody would
//! give by hand: what the command refuses, the row's report says. What is there already becomes what the file says; what the file does
//! not mention stays. A second run of the same file changes nothing.

pub(crate) mod organisations;
mod staff;

pub use organisations::ORGANISATION_COLUMNS;
pub use staff::{LOGIN_NAMES, STAFF_COLUMNS, StaffImported};

use crate::AccessError;
use base::{FieldError, Problem, TreePath};
use table::{Outcome, Report, Row, RowError, Table, TableError};

/// One column: its names, the first as templates have it; whether a row needs it; an example.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// What it may be called.
    pub names: &'static [&'static str],
    /// Whether the file must have it.
    pub is_required: bool,
    /// What may stand in it.
    pub example: &'static str,
}

impl Column {
    /// What the file of the row calls it.
    fn of(&self, row: &Row<'_>) -> String {
        row.error_in(self.names, "").column.unwrap_or_default()
    }
}

/// What became of a row that was not refused.
struct Settled {
    outcome: Outcome,
    /// Of a changed one, what it was before and is now.
    reason: String,
}

impl Settled {
    const fn plain(outcome: Outcome) -> Self {
        Self {
            outcome,
            reason: String::new(),
        }
    }

    fn changed(words: &[String]) -> Self {
        Self {
            outcome: Outcome::Changed,
            reason: words.join("; "),
        }
    }

    fn of(&self, row: &Row<'_>, report: &mut Report) {
        report.settle(self.outcome, row.error_overall(self.reason.clone()));
    }
}

const fn column(
    names: &'static [&'static str],
    is_required: bool,
    example: &'static str,
) -> Column {
    Column {
        names,
        is_required,
        example,
    }
}

/// How a table of organisations or people is to be read.
pub struct ImportOptions<'a> {
    /// Say what would happen and change nothing.
    pub dry_run: bool,
    /// The path of the area with a division code.
    pub area: &'a (dyn Fn(&str) -> Option<TreePath> + Sync),
    /// Told how many rows of how many are done.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// Why a table could not be taken in at all.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The caller, or the store.
    #[error(transparent)]
    Access(#[from] AccessError),
}

fn require(table: &Table, columns: &[Column]) -> Result<(), TableError> {
    let needed: Vec<&[&str]> = columns
        .iter()
        .filter(|column| column.is_required)
        .map(|column| column.names)
        .collect();
    table.require(&needed)
}

/// A command's refusal as that of a row: what is wrong with the field, or the refusal itself. What is no fault of the row stays an error.
fn refused(row: &Row<'_>, error: AccessError) -> Result<RowError, AccessError> {
    match error {
        AccessError::Invalid(fields) => Ok(row.error_overall(in_words(&fields))),
        AccessError::Refused(_) | AccessError::Denied(_) => {
            Ok(row.error_overall(Problem::from(error).detail))
        }
        other => Err(other),
    }
}

fn in_words(fields: &[FieldError]) -> String {
    let words: Vec<String> = fields
        .iter()
        .map(|wrong| format!("{}: {}", wrong.field, wrong.message))
        .collect();
    words.join("; ")
}
