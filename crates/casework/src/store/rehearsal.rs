//! Orders as rehearsals ask about them.

use crate::model::{CaseExtra, ComponentPinned};
use ::store::{AsParam, Statement, StoreError, Tx, params};
use access::{Scope, ScopeClause, ScopeColumns, Via};
use base::path::TreePath;
use base::{Id, Timestamp};

/// An order to a lead, with what its case pinned.
#[derive(Clone, Debug)]
pub struct Ordered {
    /// The lead's task.
    pub task_id: Id,
    /// The case.
    pub case_id: Id,
    /// Its number.
    pub case_no: String,
    /// When it was given.
    pub dispatched_at: Timestamp,
    /// To whom.
    pub organisation_id: Id,
    /// Whether it neither came back nor was replaced.
    pub stood: bool,
    /// Of the case.
    pub category_id: Option<Id>,
    /// Of the case.
    pub area_path: Option<TreePath>,
    /// Of the case.
    pub rule_row_id: Option<Id>,
    /// Of the case.
    pub component: Option<ComponentPinned>,
}

/// The orders of a window, the newest first.
pub fn orders(
    tx: &mut Tx<'_>,
    (from, until): (Timestamp, Timestamp),
    scope: &Scope,
    limit: i64,
) -> Result<Vec<Ordered>, StoreError> {
    let (statement, clause) = compose_orders(scope);
    let mut values = params![from, until].to_vec();
    values.extend(clause.params());
    values.push(limit.as_param());
    tx.query(&statement, &values, |row| {
        let extra: String = row.get(9)?;
        // Few cases are about a component: the others' JSON is not read.
        let extra: CaseExtra = if extra.contains("\"component\"") {
            serde_json::from_str(&extra)
                .map_err(|error| StoreError::Corrupt(format!("extra of a case: {error}")))?
        } else {
            CaseExtra::default()
        };
        Ok(Ordered {
            task_id: row.get(0)?,
            case_id: row.get(1)?,
            case_no: row.get(2)?,
            dispatched_at: row.get(3)?,
            organisation_id: row.get(4)?,
            stood: row.get(5)?,
            category_id: row.get(6)?,
            area_path: row.get(7)?,
            rule_row_id: row.get(8)?,
            component: extra.course.component,
        })
    })
}

/// The statement of [`orders`], with the clause whose values come before the limit.
pub fn compose_orders(scope: &Scope) -> (Statement, ScopeClause) {
    let columns = ScopeColumns {
        area: Some(Via::Column("d.area_path")),
        organisation: Some(Via::Column("d.organisation_path")),
        zone: None,
    };
    let clause = scope.sql(&columns, 3);
    let text = format!(
        "SELECT d.task_id, d.case_id, c.case_no, d.dispatched_at, d.organisation_id, \
         d.returned_at IS NULL AND d.replaced_at IS NULL, d.category_id, d.area_path, c.rule_row_id, c.extra \
         FROM dispatch d JOIN case_file c ON c.id = d.case_id \
         WHERE d.dispatched_at >= ?1 AND d.dispatched_at < ?2 AND {} ORDER BY d.dispatched_at DESC, d.task_id DESC LIMIT ?{}",
        clause.text(),
        clause.params_count() + 3
    );
    (Statement::composed(text), clause)
}
