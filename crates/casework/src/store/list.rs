//! Lists: filters composed into one statement, each filter served by an index of `migrations/`.
//!
//! A cursor is the sort key of the last row shown. The scope of the caller is part of the condition, never a filter afterwards.

use super::read;
use super::{case_columns, report_columns, task_columns};
use crate::clocks::Light;
use crate::model::{Case, CaseStage, ReportStage, Task, TaskKind, TaskState};
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

/// In which order cases are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseSort {
    /// The newest first.
    #[default]
    Newest,
    /// What is due first, first; only cases whose stage has a clock.
    Due,
}

/// Where the last page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Of the last row, when sorted by it.
    pub due_at: Timestamp,
    /// Of the last row.
    pub id: Id,
}

impl Cursor {
    /// As text for the wire.
    pub fn to_text(self, sort: CaseSort) -> String {
        match sort {
            CaseSort::Newest => self.id.to_string(),
            CaseSort::Due => format!("{}-{}", self.due_at.0, self.id),
        }
    }

    /// From text on the wire.
    pub fn parse(text: &str, sort: CaseSort) -> Option<Self> {
        let (due_at, id) = match sort {
            CaseSort::Newest => (0, text),
            CaseSort::Due => {
                let (due_at, id) = text.split_once('-')?;
                (due_at.parse().ok()?, id)
            }
        };
        Some(Self {
            due_at: Timestamp(due_at),
            id: id.parse().ok()?,
        })
    }
}

/// The column that holds an area of a level, so that the commonest area filters are equalities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AreaFilter {
    /// A district.
    District(TreePath),
    /// A street.
    Street(TreePath),
    /// Below a street: within that street, by path.
    Within {
        /// The street it lies in.
        street: TreePath,
        /// The area.
        area: TreePath,
    },
    /// Above a district.
    Above(TreePath),
}

/// What cases are wanted.
#[derive(Clone, Debug, Default)]
pub struct CaseFilter {
    /// In this stage.
    pub stage: Option<CaseStage>,
    /// In this area.
    pub area: Option<AreaFilter>,
    /// Of this category.
    pub category_id: Option<Id>,
    /// That this organisation or one below it accepted, filed, holds or held.
    pub organisation_path: Option<TreePath>,
    /// Showing this light now; red is overdue.
    pub light: Option<Light>,
    /// From this source.
    pub source: Option<String>,
    /// Whose number begins so.
    pub case_no: Option<String>,
    /// In which order.
    pub sort: CaseSort,
    /// After this row.
    pub after: Option<Cursor>,
    /// At most so many rows.
    pub limit: i64,
}

/// A statement with its values.
#[derive(Debug)]
pub struct Composed {
    /// The statement.
    pub statement: Statement,
    values: Vec<Bound>,
}

impl Composed {
    /// The values in order.
    pub fn params(&self) -> Vec<Param<'_>> {
        self.values.iter().map(Bound::as_param).collect()
    }
}

#[derive(Debug)]
enum Bound {
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
struct Composer {
    conditions: Vec<String>,
    values: Vec<Bound>,
}

impl Composer {
    fn place(&mut self, value: Bound) -> String {
        self.values.push(value);
        format!("?{}", self.values.len())
    }

    fn equals(&mut self, column: &str, value: Bound) {
        let place = self.place(value);
        self.conditions.push(format!("{column} = {place}"));
    }

    fn text(&mut self, column: &str, text: &str) {
        self.equals(column, Bound::Text(text.to_owned()));
    }

    fn within(&mut self, column: &str, path: &TreePath) {
        let condition = self.range(column, path.range());
        self.conditions.push(condition);
    }

    fn begins(&mut self, column: &str, start: &str) {
        let condition = self.range(column, (start.to_owned(), format!("{start}~")));
        self.conditions.push(condition);
    }

    fn range(&mut self, column: &str, (from, to): (String, String)) -> String {
        let (from, to) = (self.place(Bound::Text(from)), self.place(Bound::Text(to)));
        format!("{column} >= {from} AND {column} < {to}")
    }

    fn scope(&mut self, scope: &Scope, columns: &ScopeColumns<'_>) {
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

    fn finish(mut self, select: &str, order: &str, limit: i64) -> Composed {
        let place = self.place(Bound::Int(limit));
        let condition = if self.conditions.is_empty() {
            "TRUE".to_owned()
        } else {
            self.conditions.join(" AND ")
        };
        Composed {
            statement: Statement::composed(format!(
                "{select} WHERE {condition} ORDER BY {order} LIMIT {place}"
            )),
            values: self.values,
        }
    }
}

/// How cases are tied to what scopes speak of.
pub const CASE_SCOPE: ScopeColumns<'static> = ScopeColumns {
    area: Some(Via::Column("c.area_path")),
    organisation: Some(Via::Exists {
        from: "case_organisation o WHERE o.case_id = c.id",
        column: "o.organisation_path",
    }),
    zone: None,
};

/// The list of cases.
pub fn compose_cases(filter: &CaseFilter, scope: &Scope, now: Timestamp) -> Composed {
    let mut composer = Composer::default();
    if let Some(stage) = filter.stage {
        composer.text("c.stage", stage.as_str());
    }
    match &filter.area {
        None => {}
        Some(AreaFilter::District(path)) => composer.text("c.district_path", path.as_str()),
        Some(AreaFilter::Street(path)) => composer.text("c.street_path", path.as_str()),
        Some(AreaFilter::Within { street, area }) => {
            composer.text("c.street_path", street.as_str());
            composer.within("c.area_path", area);
        }
        Some(AreaFilter::Above(path)) => composer.within("c.district_path", path),
    }
    if let Some(category) = filter.category_id {
        composer.equals("c.category_id", Bound::Int(category.0));
    }
    if let Some(source) = &filter.source {
        composer.text("c.source", source);
    }
    if let Some(case_no) = &filter.case_no {
        composer.begins("c.case_no", case_no);
    }
    if let Some(path) = &filter.organisation_path {
        let range = composer.range("f.organisation_path", path.range());
        composer.conditions.push(format!(
            "c.id IN (SELECT f.case_id FROM case_organisation f WHERE {range})"
        ));
    }
    if let Some(light) = filter.light {
        let place = composer.place(Bound::Int(now.0));
        composer.conditions.push(match light {
            Light::Red => format!("c.due_at < {place}"),
            Light::Yellow => format!("c.due_at >= {place} AND c.yellow_at <= {place}"),
            Light::Green => format!("c.due_at >= {place} AND c.yellow_at > {place}"),
        });
    }
    composer.scope(scope, &CASE_SCOPE);
    let order = match filter.sort {
        CaseSort::Newest => {
            if let Some(after) = filter.after {
                let place = composer.place(Bound::Int(after.id.0));
                composer.conditions.push(format!("c.id < {place}"));
            }
            if filter.light.is_some() {
                // Few cases run late: find those by their clock and sort them. `+ 0` keeps the planner from walking through
                // all cases, newest first, in the hope of meeting a page of late ones.
                "c.id + 0 DESC"
            } else {
                "c.id DESC"
            }
        }
        CaseSort::Due => {
            composer.conditions.push("c.due_at IS NOT NULL".to_owned());
            if let Some(after) = filter.after {
                let due = composer.place(Bound::Int(after.due_at.0));
                let id = composer.place(Bound::Int(after.id.0));
                composer.conditions.push(format!(
                    "c.due_at >= {due} AND (c.due_at > {due} OR c.id > {id})"
                ));
            }
            "c.due_at, c.id"
        }
    };
    composer.finish(
        concat!(
            "SELECT ",
            case_columns!(),
            ", c.lead_organisation_id, w.title_sealed, c.first_report_id, p.title_sealed FROM case_file c",
            title_joins!()
        ),
        order,
        filter.limit,
    )
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
fn sealed_title(row: &Row<'_>, first: usize) -> Result<Option<SealedTitle>, StoreError> {
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

/// A case as listed: without its tasks.
#[derive(Clone, Debug)]
pub struct CaseRow {
    /// Its state without tasks.
    pub case: Case,
    /// Its sealed title.
    pub title: Option<SealedTitle>,
    /// The lead's organisation.
    pub lead_organisation_id: Option<Id>,
}

/// Runs the list.
pub fn cases(tx: &mut Tx<'_>, list: &Composed) -> Result<Vec<CaseRow>, StoreError> {
    tx.query(&list.statement, &list.params(), |row| {
        Ok(CaseRow {
            case: read::case(row)?,
            lead_organisation_id: row.get(31)?,
            title: sealed_title(row, 32)?,
        })
    })
}

/// What tasks are wanted.
#[derive(Clone, Debug, Default)]
pub struct TaskFilter {
    /// In this state.
    pub state: Option<TaskState>,
    /// Asking for this.
    pub kind: Option<TaskKind>,
    /// Held by this organisation or one below it.
    pub organisation_path: Option<TreePath>,
    /// After this row.
    pub after: Option<Id>,
    /// At most so many rows.
    pub limit: i64,
}

/// The list of tasks, newest first. A scope reaches tasks by who holds them only.
pub fn compose_tasks(filter: &TaskFilter, scope: &Scope) -> Composed {
    let mut composer = Composer::default();
    if let Some(path) = &filter.organisation_path {
        composer.within("t.organisation_path", path);
    }
    if let Some(state) = filter.state {
        composer.text("t.state", state.as_str());
    }
    if let Some(kind) = filter.kind {
        composer.text("t.kind", kind.as_str());
    }
    if let Some(after) = filter.after {
        let place = composer.place(Bound::Int(after.0));
        composer.conditions.push(format!("t.id < {place}"));
    }
    let columns = ScopeColumns {
        organisation: Some(Via::Column("t.organisation_path")),
        ..ScopeColumns::default()
    };
    composer.scope(scope, &columns);
    composer.finish(
        concat!(
            "SELECT ",
            task_columns!(),
            ", c.case_no, c.stage, c.area_path, w.title_sealed, c.first_report_id, p.title_sealed
             FROM task t JOIN case_file c ON c.id = t.case_id",
            title_joins!()
        ),
        "t.id DESC",
        filter.limit,
    )
}

/// A task as listed.
#[derive(Clone, Debug)]
pub struct TaskRow {
    /// The task.
    pub task: Task,
    /// Its case.
    pub case_id: Id,
    /// The number of its case.
    pub case_no: String,
    /// The stage of its case.
    pub case_stage: CaseStage,
    /// The sealed title of its case.
    pub title: Option<SealedTitle>,
    /// The area of its case.
    pub area_path: Option<TreePath>,
}

/// Runs the list.
pub fn tasks(tx: &mut Tx<'_>, list: &Composed) -> Result<Vec<TaskRow>, StoreError> {
    tx.query(&list.statement, &list.params(), |row| {
        let (case_id, task) = read::task(row)?;
        Ok(TaskRow {
            task,
            case_id,
            case_no: row.get(24)?,
            case_stage: row.get(25)?,
            area_path: row.get(26)?,
            title: sealed_title(row, 27)?,
        })
    })
}

/// What reports are wanted.
#[derive(Clone, Debug, Default)]
pub struct ReportFilter {
    /// In this stage.
    pub stage: Option<ReportStage>,
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
    if let Some(report_no) = &filter.report_no {
        composer.begins("r.report_no", report_no);
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
        title: row.get(19)?,
    })
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
