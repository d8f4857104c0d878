//! Rows of the routing table, of dispatches, of processes.

use super::{
    CASE_NO, DISPATCH_ADD, DISPATCH_REPLACED, DISPATCH_RETURNED, FALLBACKS, PROCESS_ADD,
    PROCESS_ADD_BUILT_IN, PROCESS_NEWEST, PROCESSES, ROUTE_ADD, ROUTE_BY_ID, ROUTE_BY_OCCASION,
    ROUTE_CHANGE, ROUTE_REMOVE, ROUTES,
};
use crate::lifecycle::Event;
use crate::lifecycle::case::CaseFact;
use crate::model::{Case, ComponentPinned, ProcessRef, TaskState};
use crate::routing::rehearsal::Order;
use crate::routing::{Question, RouteKind, RouteRow};
use crate::view::routing::AccuracyView;
use ::store::{AsParam, Row, Statement, StoreError, Tx, params};
use access::{Scope, ScopeClause, ScopeColumns, Via};
use base::path::TreePath;
use base::{Id, Timestamp};
use std::collections::HashMap;

fn route(row: &Row<'_>) -> Result<RouteRow, StoreError> {
    let (kind, hours): (String, Option<String>) = (row.get(2)?, row.get(5)?);
    Ok(RouteRow {
        id: row.get(0)?,
        version: row.get(1)?,
        kind: RouteKind::parse(&kind)
            .ok_or_else(|| StoreError::Corrupt(format!("a route of kind {kind:?}")))?,
        category_id: row.get(3)?,
        area_path: row.get(4)?,
        hours: hours
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| StoreError::Corrupt(format!("hours of a route: {error}")))?,
        unit_name: row.get(6)?,
        organisation_id: row.get(7)?,
        changed_at: row.get(8)?,
    })
}

/// The occasion a row speaks of, as its key: no two rows speak of the same.
fn occasion(row: &RouteRow) -> String {
    let area = row.area_path.as_ref().map_or("", |path| path.as_str());
    let category = row
        .category_id
        .map_or_else(String::new, |id| id.to_string());
    let unit = row.unit_name.as_deref().unwrap_or_default();
    let hours = hours_text(row).unwrap_or_default();
    format!("{}|{category}|{area}|{hours}|{unit}", row.kind)
}

fn hours_text(row: &RouteRow) -> Option<String> {
    let hours = row.hours.as_ref()?;
    serde_json::to_string(hours).ok()
}

/// The whole routing table.
pub fn routes(tx: &mut Tx<'_>) -> Result<Vec<RouteRow>, StoreError> {
    tx.query(&ROUTES, params![], route)
}

/// The fallback organisations (兜底) of areas.
pub fn fallbacks(tx: &mut Tx<'_>) -> Result<Vec<(TreePath, Id)>, StoreError> {
    tx.query(&FALLBACKS, params![], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// One row.
pub fn route_by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<RouteRow>, StoreError> {
    tx.query_opt(&ROUTE_BY_ID, params![id], route)
}

/// The row that speaks of the same occasion already.
pub fn route_twin(tx: &mut Tx<'_>, row: &RouteRow) -> Result<Option<Id>, StoreError> {
    let found: Option<Id> =
        tx.query_opt(&ROUTE_BY_OCCASION, params![occasion(row)], |row| row.get(0))?;
    Ok(found.filter(|id| *id != row.id))
}

/// A new row.
pub fn route_add(tx: &mut Tx<'_>, row: &RouteRow) -> Result<(), StoreError> {
    tx.post(
        &ROUTE_ADD,
        params![
            row.id,
            row.version,
            row.kind.as_str(),
            row.category_id,
            row.area_path,
            hours_text(row),
            row.unit_name,
            row.organisation_id,
            row.changed_at,
            occasion(row)
        ],
    )
}

/// A row has changed since version `before`.
pub fn route_change(tx: &mut Tx<'_>, row: &RouteRow, before: i64) -> Result<(), StoreError> {
    tx.post_one(
        &ROUTE_CHANGE,
        params![
            row.id,
            before,
            row.version,
            row.kind.as_str(),
            row.category_id,
            row.area_path,
            hours_text(row),
            row.unit_name,
            row.organisation_id,
            row.changed_at,
            occasion(row)
        ],
    )
}

/// A row is gone; what it said is in the audit.
pub fn route_remove(tx: &mut Tx<'_>, id: Id, version: i64) -> Result<(), StoreError> {
    tx.post_one(&ROUTE_REMOVE, params![id, version])
}

/// Keeps what accuracy is counted from: a row for every order to a lead, whether it came back, whether another took its place.
pub fn dispatches_kept(
    tx: &mut Tx<'_>,
    before: &Case,
    after: &Case,
    events: &[Event<CaseFact>],
) -> Result<(), StoreError> {
    let leads = |case: &Case| -> Vec<Id> {
        case.handle_tasks()
            .filter(|task| task.role == crate::model::TaskRole::Lead)
            .map(|task| task.id)
            .collect()
    };
    let had = leads(before);
    for id in &had {
        let state = |case: &Case| case.task(*id).map(|task| task.state);
        if state(after) == Some(TaskState::Returned) && state(before) != state(after) {
            let at = events.last().map(|event| event.occurred_at);
            tx.post(&DISPATCH_RETURNED, params![*id, at])?;
        }
    }
    for event in events {
        let CaseFact::CaseDispatched { tasks, suggested } = &event.fact else {
            continue;
        };
        let Some(lead) = tasks.iter().find(|task| !had.contains(&task.id)) else {
            continue;
        };
        if !had.is_empty() {
            tx.post(&DISPATCH_REPLACED, params![after.id, event.occurred_at])?;
        }
        let suggested = suggested.as_ref();
        let component = after.extra.course.component.as_ref();
        tx.post(
            &DISPATCH_ADD,
            params![
                lead.id,
                after.id,
                event.occurred_at,
                lead.organisation.id,
                lead.organisation.path,
                after.category_id,
                after.area_path,
                suggested.map(|noted| noted.organisation_id),
                suggested.map(|noted| noted.basis.as_str()),
                suggested.map(|noted| noted.followed),
                after.rule.as_ref().map(|rule| rule.id),
                component.map(|component| component.id),
                component.and_then(|component| component.maintainer_id),
                component.and_then(|component| component.owner_id)
            ],
        )?;
    }
    Ok(())
}

/// A version of a process as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessRow {
    /// Code and version.
    pub reference: ProcessRef,
    /// JSON.
    pub document: String,
    /// Whether it came with the product.
    pub is_built_in: bool,
    /// The account that saved it; none when it came with the product.
    pub saved_by: Option<Id>,
    /// When it was saved.
    pub saved_at: Timestamp,
}

/// Every version of every process, by code and version.
pub fn processes(tx: &mut Tx<'_>) -> Result<Vec<ProcessRow>, StoreError> {
    tx.query(&PROCESSES, params![], |row| {
        Ok(ProcessRow {
            reference: ProcessRef {
                code: row.get(0)?,
                version: row.get(1)?,
            },
            document: row.get(2)?,
            is_built_in: row.get(3)?,
            saved_by: row.get(4)?,
            saved_at: row.get(5)?,
        })
    })
}

/// The newest version of a process; 0 when there is none.
pub fn process_newest(tx: &mut Tx<'_>, code: &str) -> Result<i64, StoreError> {
    let newest: Option<Option<i64>> =
        tx.query_opt(&PROCESS_NEWEST, params![code], |row| row.get(0))?;
    Ok(newest.flatten().unwrap_or(0))
}

/// Keeps a version. One that came with the product and is there already stays as it is.
pub fn process_add(tx: &mut Tx<'_>, row: &ProcessRow) -> Result<(), StoreError> {
    let statement = if row.is_built_in {
        &PROCESS_ADD_BUILT_IN
    } else {
        &PROCESS_ADD
    };
    tx.post(
        statement,
        params![
            row.reference.code,
            row.reference.version,
            row.document,
            row.is_built_in,
            row.saved_by,
            row.saved_at
        ],
    )
}

const DISPATCH_COLUMNS: ScopeColumns = ScopeColumns {
    area: Some(Via::Column("d.area_path")),
    organisation: Some(Via::Column("d.organisation_path")),
    zone: None,
};

/// Counts the orders of a window: `from` itself is in it, `until` is not.
pub fn accuracy(
    tx: &mut Tx<'_>,
    (from, until): (Timestamp, Timestamp),
    organisation: Option<&TreePath>,
    category_id: Option<Id>,
    scope: &Scope,
) -> Result<AccuracyView, StoreError> {
    let range = organisation.map(TreePath::range);
    let (statement, clause) = compose_accuracy(range.is_some(), category_id.is_some(), scope);
    let mut values = params![from, until].to_vec();
    if let Some((low, high)) = &range {
        values.push(low.as_param());
        values.push(high.as_param());
    }
    values.extend(category_id.as_ref().map(AsParam::as_param));
    values.extend(clause.params());
    let counted = tx.query_opt(&statement, &values, |row| {
        Ok(AccuracyView {
            dispatched: row.get(0)?,
            accurate: row.get(1)?,
            returned: row.get(2)?,
            replaced: row.get(3)?,
            suggested: row.get(4)?,
            followed: row.get(5)?,
        })
    })?;
    Ok(counted.unwrap_or_default())
}

/// The statement of [`accuracy`], with the clause whose values come last.
pub fn compose_accuracy(
    by_organisation: bool,
    by_category: bool,
    scope: &Scope,
) -> (Statement, ScopeClause) {
    let mut conditions = vec!["d.dispatched_at >= ?1 AND d.dispatched_at < ?2".to_owned()];
    let mut next = 3;
    if by_organisation {
        conditions.push("d.organisation_path >= ?3 AND d.organisation_path < ?4".to_owned());
        next = 5;
    }
    if by_category {
        conditions.push(format!("d.category_id = ?{next}"));
        next += 1;
    }
    let clause = scope.sql(&DISPATCH_COLUMNS, next);
    conditions.push(clause.text().to_owned());
    let text = format!(
        "SELECT COUNT(*), COUNT(CASE WHEN d.returned_at IS NULL AND d.replaced_at IS NULL THEN 1 END), \
         COUNT(d.returned_at), COUNT(d.replaced_at), COUNT(d.suggested_id), COUNT(CASE WHEN d.followed THEN 1 END) \
         FROM dispatch d WHERE {}",
        conditions.join(" AND ")
    );
    (Statement::composed(text), clause)
}

/// Where a walk through orders stands: behind this one.
pub type OrderPlace = (Timestamp, Id);

fn order(row: &Row<'_>) -> Result<Order, StoreError> {
    let component_id: Option<Id> = row.get(8)?;
    let (maintainer_id, owner_id) = (row.get(9)?, row.get(10)?);
    Ok(Order {
        task_id: row.get(0)?,
        case_id: row.get(1)?,
        organisation_id: row.get(2)?,
        question: Question {
            at: row.get(3)?,
            category_id: row.get(4)?,
            area_path: row.get(5)?,
            rule_row_id: row.get(7)?,
            component: component_id.map(|id| ComponentPinned {
                id,
                maintainer_id,
                owner_id,
            }),
        },
        suggested_id: row.get(6)?,
        returned_at: row.get(11)?,
        replaced_at: row.get(12)?,
    })
}

/// Orders behind `after` and before `until`, oldest first.
pub fn orders_after(
    tx: &mut Tx<'_>,
    after: OrderPlace,
    until: Timestamp,
    limit: i64,
    scope: &Scope,
) -> Result<Vec<Order>, StoreError> {
    let (statement, clause) = compose_orders(scope);
    let mut values = params![after.0, after.1, until, limit].to_vec();
    values.extend(clause.params());
    tx.query(&statement, &values, order)
}

/// The statement of [`orders_after`], with the clause whose values come last.
pub fn compose_orders(scope: &Scope) -> (Statement, ScopeClause) {
    let clause = scope.sql(&DISPATCH_COLUMNS, 5);
    let text = format!(
        "SELECT d.task_id, d.case_id, d.organisation_id, d.dispatched_at, d.category_id, d.area_path, d.suggested_id, \
         d.rule_row_id, d.component_id, d.maintainer_id, d.owner_id, d.returned_at, d.replaced_at FROM dispatch d \
         WHERE (d.dispatched_at, d.task_id) > (?1, ?2) AND d.dispatched_at < ?3 AND {} \
         ORDER BY d.dispatched_at, d.task_id LIMIT ?4",
        clause.text()
    );
    (Statement::composed(text), clause)
}

/// Cases asked about at once.
const CASES_A_QUESTION: usize = 200;

/// Who got the orders of these cases, and whether each neither came back nor was replaced; by case.
pub fn orders_of_cases(
    tx: &mut Tx<'_>,
    case_ids: &[Id],
) -> Result<HashMap<Id, Vec<(Id, bool)>>, StoreError> {
    let mut found: HashMap<Id, Vec<(Id, bool)>> = HashMap::new();
    let statement = compose_orders_of_cases();
    for part in case_ids.chunks(CASES_A_QUESTION) {
        // One statement for every number of cases: the last one is asked about again until it is full.
        let padding = part.last().into_iter().cycle();
        let asked = part.iter().chain(padding).take(CASES_A_QUESTION);
        let values: Vec<_> = asked.map(AsParam::as_param).collect();
        let orders = tx.query(&statement, &values, |row| {
            let (returned, replaced): (Option<Timestamp>, Option<Timestamp>) =
                (row.get(2)?, row.get(3)?);
            let stood = returned.is_none() && replaced.is_none();
            Ok((row.get::<Id>(0)?, (row.get::<Id>(1)?, stood)))
        })?;
        for (case_id, order) in orders {
            found.entry(case_id).or_default().push(order);
        }
    }
    Ok(found)
}

/// The statement of [`orders_of_cases`].
pub fn compose_orders_of_cases() -> Statement {
    let places: Vec<String> = (1..=CASES_A_QUESTION).map(|n| format!("?{n}")).collect();
    Statement::composed(format!(
        "SELECT case_id, organisation_id, returned_at, replaced_at FROM dispatch WHERE case_id IN ({})",
        places.join(", ")
    ))
}

/// What users call a case.
pub fn case_no(tx: &mut Tx<'_>, case_id: Id) -> Result<String, StoreError> {
    tx.query_opt(&CASE_NO, params![case_id], |row| row.get(0))?
        .ok_or_else(|| {
            StoreError::Corrupt(format!("an order of case {case_id}, which is not there"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ROOM;
    use ::store::testing::{sqlite, system_clock};

    #[test]
    fn orders_are_walked_and_looked_up_by_their_indexes() {
        let test = sqlite(&[ROOM], &system_clock());
        let plan = |statement: Statement, count: usize| {
            let explain = Statement::composed(format!("EXPLAIN QUERY PLAN {}", statement.text()));
            let zero = Id(0);
            let steps = test.store.read_blocking(move |tx| {
                let values = vec![zero.as_param(); count];
                tx.query(&explain, &values, |row| row.get::<String>(3))
            });
            steps.unwrap().join("\n")
        };
        let walk = plan(compose_orders(&Scope::all()).0, 4);
        assert!(walk.contains("dispatch_by_time"), "{walk}");
        assert!(!walk.contains("TEMP B-TREE"), "{walk}");
        let lookup = plan(compose_orders_of_cases(), CASES_A_QUESTION);
        assert!(lookup.contains("dispatch_by_case"), "{lookup}");
    }
}
