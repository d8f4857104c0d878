//! What lists share: filters composed into one statement, each filter served by an index of `migrations/`. The lists themselves are
//! [`super::case_list`], [`super::task_list`] and [`super::report_list`].
//!
//! A cursor is the sort key of the last row shown. The scope of the caller is part of the condition, never a filter afterwards.

use ::store::{AsParam, Param, Row, Statement, StoreError, Tx};
use access::{Scope, ScopeColumns};
use base::Id;
use base::path::TreePath;

/// Where the title of a case lies: with its own words, or with those of its first report.
macro_rules! title_joins {
    () => {
        " LEFT JOIN case_words w ON w.case_id = c.id LEFT JOIN report p ON p.id = c.first_report_id"
    };
}
pub(super) use title_joins;

/// A statement with its values.
#[derive(Debug)]
pub struct Composed {
    /// The statement.
    pub statement: Statement,
    pub(super) values: Vec<Bound>,
}

impl Composed {
    /// The values in order.
    pub fn params(&self) -> Vec<Param<'_>> {
        self.values.iter().map(Bound::as_param).collect()
    }
}

#[derive(Debug)]
pub(super) enum Bound {
    Text(String),
    Int(i64),
    Real(f64),
}

impl Bound {
    fn as_param(&self) -> Param<'_> {
        match self {
            Self::Text(text) => text.as_param(),
            Self::Int(number) => number.as_param(),
            Self::Real(number) => number.as_param(),
        }
    }
}

#[derive(Default)]
pub(super) struct Composer {
    pub(super) conditions: Vec<String>,
    pub(super) values: Vec<Bound>,
}

impl Composer {
    pub(super) fn place(&mut self, value: Bound) -> String {
        self.values.push(value);
        format!("?{}", self.values.len())
    }

    pub(super) fn equals(&mut self, column: &str, value: Bound) {
        let place = self.place(value);
        self.conditions.push(format!("{column} = {place}"));
    }

    pub(super) fn text(&mut self, column: &str, text: &str) {
        self.equals(column, Bound::Text(text.to_owned()));
    }

    pub(super) fn within(&mut self, column: &str, path: &TreePath) {
        let condition = self.range(column, path.range());
        self.conditions.push(condition);
    }

    pub(super) fn begins(&mut self, column: &str, start: &str) {
        let condition = self.range(column, (start.to_owned(), format!("{start}~")));
        self.conditions.push(condition);
    }

    pub(super) fn range(&mut self, column: &str, (from, to): (String, String)) -> String {
        let (from, to) = (self.place(Bound::Text(from)), self.place(Bound::Text(to)));
        format!("{column} >= {from} AND {column} < {to}")
    }

    pub(super) fn scope(&mut self, scope: &Scope, columns: &ScopeColumns<'_>) {
        if scope.everything {
            return;
        }
        let clause = scope.sql(columns, self.values.len() + 1);
        for value in clause.params() {
            self.values.push(match value {
                Param::Text(text) => Bound::Text(text.to_owned()),
                Param::Int(number) => Bound::Int(number),
                // A scope speaks of paths and zone ids only.
                _ => Bound::Int(0),
            });
        }
        self.conditions.push(clause.text().to_owned());
    }

    /// All conditions together.
    pub(super) fn condition(&self) -> String {
        if self.conditions.is_empty() {
            "TRUE".to_owned()
        } else {
            self.conditions.join(" AND ")
        }
    }
}

/// The sealed title of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedTitle {
    /// The report whose title it is; none when it is the case's own.
    pub report_id: Option<Id>,
    /// Sealed.
    pub bytes: Vec<u8>,
}

/// Reads own title, first report, its title.
pub(super) fn sealed_title(row: &Row<'_>, first: usize) -> Result<Option<SealedTitle>, StoreError> {
    let own: Option<Vec<u8>> = row.get(first)?;
    if let Some(bytes) = own {
        return Ok(Some(SealedTitle {
            report_id: None,
            bytes,
        }));
    }
    let report_id: Option<Id> = row.get(first + 1)?;
    let bytes: Option<Vec<u8>> = row.get(first + 2)?;
    Ok(bytes.map(|bytes| SealedTitle { report_id, bytes }))
}

/// Runs a count.
pub fn count(tx: &mut Tx<'_>, list: &Composed) -> Result<i64, StoreError> {
    let found = tx.query_opt(&list.statement, &list.params(), |row| row.get(0))?;
    Ok(found.unwrap_or(0))
}
