//! Building the crosswalk between two standards that are there.

use super::{Change, Plan};
use crate::Rulebook;
use crate::crosswalk::pair;
use crate::failure::RegistryError;
use crate::model::{Category, CategoryKind, CrosswalkRow, Relation};
use base::Id;
use serde::Serialize;
use std::collections::HashMap;

/// What pairing two standards gave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CrosswalkReport {
    /// Pairs whose code and name agree.
    pub same: usize,
    /// Pairs whose code agrees and whose name differs: for a person to confirm.
    pub renamed: usize,
    /// Pairs by name under a code the rule does not give.
    pub moved: usize,
    /// Pairs written (new, or with another relation) and removed.
    pub changed: usize,
    /// Categories of the older standard without a counterpart.
    pub unmatched: Vec<UnmatchedCategory>,
}

/// A category without a counterpart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnmatchedCategory {
    /// What it classifies.
    pub kind: CategoryKind,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// Plans what differs from the pairs there are.
pub(crate) fn plan(
    rules: &Rulebook,
    from_standard_id: Id,
    to_standard_id: Id,
) -> Result<(Plan, CrosswalkReport), RegistryError> {
    let members = |id: Id| -> Result<Vec<Category>, RegistryError> {
        rules
            .standard(id)
            .ok_or(RegistryError::NotFound("standard"))?;
        Ok(rules
            .categories(id)
            .iter()
            .map(|category| (**category).clone())
            .collect())
    };
    if from_standard_id == to_standard_id {
        return Err(RegistryError::invalid(
            "to",
            "same",
            "a standard is not paired with itself",
        ));
    }
    let (old, new) = (members(from_standard_id)?, members(to_standard_id)?);
    let pairing = pair(&old, &new);
    let mut present: HashMap<(Id, Id), CrosswalkRow> = rules
        .crosswalk()
        .iter()
        .filter(|row| {
            let standard = |id: Id| rules.category(id).map(|category| category.standard_id);
            standard(row.from_category_id) == Some(from_standard_id)
                && standard(row.to_category_id) == Some(to_standard_id)
        })
        .map(|row| ((row.from_category_id, row.to_category_id), *row))
        .collect();
    let mut changes = Vec::new();
    for row in &pairing.rows {
        if present.remove(&(row.from_category_id, row.to_category_id)) != Some(*row) {
            changes.push(Change::CrosswalkSet(*row));
        }
    }
    let mut stale: Vec<CrosswalkRow> = present.into_values().collect();
    stale.sort_by_key(|row| (row.from_category_id, row.to_category_id));
    changes.extend(stale.into_iter().map(Change::CrosswalkRemove));
    let report = CrosswalkReport {
        same: pairing.count(Relation::Same),
        renamed: pairing.count(Relation::Renamed),
        moved: pairing.count(Relation::Moved),
        changed: changes.len(),
        unmatched: pairing
            .unmatched
            .into_iter()
            .map(|category| UnmatchedCategory {
                kind: category.kind,
                code: category.code,
                name: category.name,
            })
            .collect(),
    };
    let plan = Plan {
        changes,
        ..Plan::default()
    };
    Ok((plan, report))
}
