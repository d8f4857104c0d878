//! Lists of reports, and what lists share: filters composed into one statement, each filter served by an index of `migrations/`.
//! Cases and tasks, which can be asked for in many more ways, have [`super::case_list`] and [`super::task_list`].
//!
//! A cursor is the sort key of the last row shown. The scope of the caller is part of the condition, never a filter afterwards.

use super::read;
use super::report_columns;
use crate::clocks::Light;
use crate::model::{Level, ReportStage};
use ::store::{AsParam, Param, Row, Statement, StoreError, Tx};
use access::{Scope, ScopeColumns, Via};
use base::path::TreePath;
use base::{Id, Timestamp};

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
}

impl Bound {
    fn as_param(&self) -> Param<'_> {
        match self {
            Self::Text(text) => text.as_param(),
            Self::Int(number) => number.as_param(),
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

    pub(super) fn finish(mut self, select: &str, order: &str, limit: i64) -> Composed {
        let place = self.place(Bound::Int(limit));
        let condition = self.condition();
        Composed {
            statement: Statement::composed(format!(
                "{select} WHERE {condition} ORDER BY {order} LIMIT {place}"
            )),
            values: self.values,
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

/// Whose a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// This person's.
    By(Id),
    /// Nobody's: it waits in the pool.
    Nobody,
}

/// What reports are wanted.
#[derive(Clone, Debug, Default)]
pub struct ReportFilter {
    /// In this stage.
    pub stage: Option<ReportStage>,
    /// So urgent.
    pub level: Option<Level>,
    /// Whose it is.
    pub claimed: Option<Claimed>,
    /// In the pool, showing this light at this time.
    pub light: Option<(Light, Timestamp)>,
    /// Whose number begins so.
    pub report_no: Option<String>,
    /// After this row.
    pub after: Option<Id>,
    /// At most so many rows.
    pub limit: i64,
}

/// How reports are tied to what scopes speak of.
const REPORT_SCOPE: ScopeColumns<'static> = ScopeColumns {
    area: Some(Via::Column("r.area_path")),
    organisation: Some(Via::Column("r.organisation_path")),
    zone: None,
};

/// The list of reports, newest first.
pub fn compose_reports(filter: &ReportFilter, scope: &Scope) -> Composed {
    let mut composer = Composer::default();
    if let Some(stage) = filter.stage {
        composer.text("r.stage", stage.as_str());
    }
    match filter.claimed {
        None => {}
        Some(Claimed::By(staff_id)) => composer.equals("r.claimed_by", Bound::Int(staff_id.0)),
        Some(Claimed::Nobody) => {
            if filter.stage.is_none() {
                composer.text("r.stage", ReportStage::Received.as_str());
            }
            composer.conditions.push("r.claimed_by IS NULL".to_owned());
        }
    }
    if let Some(level) = filter.level {
        // The very words of the index of what is urgent; what is not is nearly everything.
        if level != Level::Normal {
            composer.conditions.push("r.level <> 'normal'".to_owned());
        }
        composer.text("r.level", level.as_str());
    }
    if let Some(report_no) = &filter.report_no {
        composer.begins("r.report_no", report_no);
    }
    if let Some((light, now)) = filter.light {
        let now = composer.place(Bound::Int(now.0));
        composer.conditions.push(match light {
            Light::Green => format!("r.pool_yellow_at > {now}"),
            Light::Yellow => format!("r.pool_yellow_at <= {now} AND r.pool_due_at >= {now}"),
            Light::Red => format!("r.pool_due_at < {now}"),
        });
        composer
            .conditions
            .push("r.pool_due_at IS NOT NULL".to_owned());
    }
    if let Some(after) = filter.after {
        let place = composer.place(Bound::Int(after.0));
        composer.conditions.push(format!("r.id < {place}"));
    }
    composer.scope(scope, &REPORT_SCOPE);
    composer.finish(
        concat!(
            "SELECT ",
            report_columns!(),
            ", r.title_sealed FROM report r"
        ),
        "r.id DESC",
        filter.limit,
    )
}

/// A report as listed: without its cases.
#[derive(Clone, Debug)]
pub struct ReportListed {
    /// The row.
    pub row: read::ReportRow,
    /// Its sealed title.
    pub title: Option<Vec<u8>>,
}

/// Runs the list.
pub fn reports(tx: &mut Tx<'_>, list: &Composed) -> Result<Vec<ReportListed>, StoreError> {
    tx.query(&list.statement, &list.params(), report_listed)
}

/// The reports of one phone number, newest first.
pub fn reports_of_reporter(
    tx: &mut Tx<'_>,
    reporter_key: &[u8; 32],
) -> Result<Vec<ReportListed>, StoreError> {
    tx.query(
        &super::REPORTS_BY_REPORTER,
        &[reporter_key.as_param()],
        report_listed,
    )
}

fn report_listed(row: &::store::Row<'_>) -> Result<ReportListed, StoreError> {
    Ok(ReportListed {
        row: read::report(row)?,
        title: row.get(22)?,
    })
}

#[cfg(test)]
#[path = "list_tests.rs"]
pub(super) mod tests;
