//! All standards in memory: categories, rule rows, crosswalk. Pure; rebuilt when they change.

use crate::model::{Category, CategoryKind, CrosswalkRow, RuleRow, Standard, StandardKey};
use base::Id;
use std::collections::HashMap;
use std::sync::Arc;

/// Standards with all that is in them.
#[derive(Debug, Default)]
pub struct Rulebook {
    /// By key.
    standards: Vec<Arc<Standard>>,
    categories: HashMap<Id, Arc<Category>>,
    /// By kind and code.
    of_standard: HashMap<Id, Vec<Arc<Category>>>,
    rule_rows: HashMap<Id, Arc<RuleRow>>,
    /// The ones that hold, as they were entered.
    of_category: HashMap<Id, Vec<Arc<RuleRow>>>,
    crosswalk: Vec<CrosswalkRow>,
    successors: HashMap<Id, Vec<CrosswalkRow>>,
    predecessors: HashMap<Id, Vec<CrosswalkRow>>,
}

impl Rulebook {
    /// From its rows, in any order.
    pub fn new(
        standards: Vec<Standard>,
        categories: Vec<Category>,
        rule_rows: Vec<RuleRow>,
        crosswalk: Vec<CrosswalkRow>,
    ) -> Self {
        let mut book = Self {
            standards: standards.into_iter().map(Arc::new).collect(),
            crosswalk,
            ..Self::default()
        };
        book.standards.sort_by(|a, b| a.key.cmp(&b.key));
        for category in categories {
            let category = Arc::new(category);
            book.categories.insert(category.id, category.clone());
            book.of_standard
                .entry(category.standard_id)
                .or_default()
                .push(category);
        }
        for members in book.of_standard.values_mut() {
            members.sort_by(|a, b| (a.kind, &a.code).cmp(&(b.kind, &b.code)));
        }
        for rule in rule_rows {
            let rule = Arc::new(rule);
            if rule.superseded_at.is_none() {
                book.of_category
                    .entry(rule.category_id)
                    .or_default()
                    .push(rule.clone());
            }
            book.rule_rows.insert(rule.id, rule);
        }
        for rules in book.of_category.values_mut() {
            rules.sort_by_key(|rule| rule.id);
        }
        for row in &book.crosswalk {
            book.successors
                .entry(row.from_category_id)
                .or_default()
                .push(*row);
            book.predecessors
                .entry(row.to_category_id)
                .or_default()
                .push(*row);
        }
        book
    }

    /// Every standard, by code and version.
    pub fn standards(&self) -> &[Arc<Standard>] {
        &self.standards
    }

    /// The standard with this id.
    pub fn standard(&self, id: Id) -> Option<&Arc<Standard>> {
        self.standards.iter().find(|standard| standard.id == id)
    }

    /// The standard of this code and version.
    pub fn standard_by_key(&self, key: &StandardKey) -> Option<&Arc<Standard>> {
        let place = self
            .standards
            .binary_search_by(|standard| standard.key.cmp(key))
            .ok()?;
        self.standards.get(place)
    }

    /// The category with this id.
    pub fn category(&self, id: Id) -> Option<&Arc<Category>> {
        self.categories.get(&id)
    }

    /// The categories of a standard, by kind and code.
    pub fn categories(&self, standard_id: Id) -> &[Arc<Category>] {
        self.of_standard
            .get(&standard_id)
            .map_or(&[], Vec::as_slice)
    }

    /// The category of this standard, kind and code.
    pub fn category_by_code(
        &self,
        standard_id: Id,
        kind: CategoryKind,
        code: &str,
    ) -> Option<&Arc<Category>> {
        let members = self.categories(standard_id);
        let place = members
            .binary_search_by(|category| (category.kind, category.code.as_str()).cmp(&(kind, code)))
            .ok()?;
        members.get(place)
    }

    /// The rule row with this id, whether it still holds or not: what a case pinned is always there.
    pub fn rule_row(&self, id: Id) -> Option<&Arc<RuleRow>> {
        self.rule_rows.get(&id)
    }

    /// The rule rows that hold for a category, as they were entered.
    pub fn rule_rows_of(&self, category_id: Id) -> &[Arc<RuleRow>] {
        self.of_category
            .get(&category_id)
            .map_or(&[], Vec::as_slice)
    }

    /// Every pair of the crosswalk.
    pub fn crosswalk(&self) -> &[CrosswalkRow] {
        &self.crosswalk
    }

    /// The pairs from a category to newer standards.
    pub fn successors(&self, category_id: Id) -> &[CrosswalkRow] {
        self.successors.get(&category_id).map_or(&[], Vec::as_slice)
    }

    /// The pairs from older standards to a category.
    pub fn predecessors(&self, category_id: Id) -> &[CrosswalkRow] {
        self.predecessors
            .get(&category_id)
            .map_or(&[], Vec::as_slice)
    }
}
