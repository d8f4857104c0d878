//! From files to changes: each import plans, purely, what a file would change of what there is; the service writes the plan.
//!
//! A row is stored, unchanged or rejected, whole: nothing of a rejected row goes in. Running the same file again plans nothing.

pub(crate) mod areas;
pub(crate) mod boundaries;
pub(crate) mod crosswalk;
pub(crate) mod generate;
pub(crate) mod grids;
mod places;
pub(crate) mod standard;
pub(crate) mod taxonomy;

pub use areas::{AreaImport, AreaParent};
pub use boundaries::BoundaryImport;
pub use crosswalk::{CrosswalkReport, UnmatchedCategory};
pub use generate::{GridGenerate, GridGeneration, GriddedVillage, Skipped};
pub use grids::GridImport;
pub use places::PlaceImport;
pub use standard::StandardImport;
pub use taxonomy::TaxonomyImport;

use crate::area::{self, By};
use crate::model::{Area, Category, CrosswalkRow, RuleRow, Standard};
use crate::store as sql;
use ::store::{StoreError, Tx};
use access::Actor;
use base::{Id, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;
use table::Report;

/// Changes in one transaction: long enough to be quick, short enough to let others in between.
const BATCH: usize = 500;

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Changes written.
    pub done: usize,
    /// Changes to write in all.
    pub total: usize,
}

/// What a file would change, and what is said about its rows.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) changes: Vec<Change>,
    pub(crate) report: Report,
}

/// One row to write.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    AreaAdd(Area),
    /// What it is, and what it will be with the version it will have.
    AreaSet(Arc<Area>, Area),
    StandardAdd(Standard),
    StandardSet(Standard),
    CategoryAdd(Category),
    CategorySet(Category),
    RuleRowAdd(RuleRow),
    /// The old row's id and the row that takes its place.
    RuleRowReplace(Id, RuleRow),
    CrosswalkSet(CrosswalkRow),
    CrosswalkRemove(CrosswalkRow),
}

impl Change {
    /// Writes the row.
    pub(crate) fn write(
        &self,
        tx: &mut Tx<'_>,
        at: Timestamp,
        actor: &Actor,
        action: &str,
    ) -> Result<(), StoreError> {
        let by = By {
            at,
            operation: action,
            actor,
            reason: None,
        };
        match self {
            Self::AreaAdd(area) => area::put(tx, None, area, &by).map(|_| ()),
            Self::AreaSet(before, area) => area::put(tx, Some(before), area, &by).map(|_| ()),
            Self::StandardAdd(standard) => sql::standard_add(tx, standard),
            Self::StandardSet(standard) => sql::standard_set(tx, standard),
            Self::CategoryAdd(category) => sql::category_add(tx, category),
            Self::CategorySet(category) => sql::category_set(tx, category),
            Self::RuleRowAdd(rule) => sql::rule_row_add(tx, rule),
            Self::RuleRowReplace(old, rule) => {
                sql::rule_row_supersede(tx, *old, at)?;
                sql::rule_row_add(tx, rule)
            }
            Self::CrosswalkSet(pair) => sql::crosswalk_set(tx, pair),
            Self::CrosswalkRemove(pair) => sql::crosswalk_remove(tx, pair),
        }
    }

    /// What was changed and how, for the audit chain.
    pub(crate) fn audit(&self) -> (Id, Value) {
        match self {
            Self::AreaAdd(area) => (
                area.id,
                json!({ "made": "area", "code": area.code, "boundary": area.boundary.is_some() }),
            ),
            Self::AreaSet(_, area) => (
                area.id,
                json!({ "changed": "area", "code": area.code, "version": area.version }),
            ),
            Self::StandardAdd(standard) => (
                standard.id,
                json!({ "made": "standard", "key": standard.key.to_string() }),
            ),
            Self::StandardSet(standard) => (
                standard.id,
                json!({ "changed": "standard", "key": standard.key.to_string() }),
            ),
            Self::CategoryAdd(category) => (
                category.id,
                json!({ "made": "category", "kind": category.kind, "code": category.code }),
            ),
            Self::CategorySet(category) => (
                category.id,
                json!({ "changed": "category", "kind": category.kind, "code": category.code }),
            ),
            Self::RuleRowAdd(rule) => (
                rule.id,
                json!({ "made": "rule_row", "category_id": rule.category_id, "limit": rule.limit.to_string() }),
            ),
            Self::RuleRowReplace(old, rule) => (
                rule.id,
                json!({ "changed": "rule_row", "replaces": old, "limit": rule.limit.to_string() }),
            ),
            Self::CrosswalkSet(pair) => (
                pair.from_category_id,
                json!({ "made": "crosswalk", "to": pair.to_category_id, "relation": pair.relation }),
            ),
            Self::CrosswalkRemove(pair) => (
                pair.from_category_id,
                json!({ "removed": "crosswalk", "to": pair.to_category_id }),
            ),
        }
    }
}

/// Cuts a plan into transactions, in order.
pub(crate) fn batches(changes: Vec<Change>) -> impl Iterator<Item = Vec<Change>> {
    let mut rest = changes.into_iter().peekable();
    std::iter::from_fn(move || {
        rest.peek()?;
        Some(rest.by_ref().take(BATCH).collect())
    })
}
