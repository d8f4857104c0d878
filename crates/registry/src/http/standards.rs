//! Standards, categories, rule rows and the crosswalk on the wire.

use super::{PageView, page};
use crate::model::{Category, CategoryKind, CrosswalkRow, Relation, RuleRow, Standard};
use crate::{Registry, Rulebook};
use axum::extract::State;
use base::{FieldError, Id, PageRequest, Problem, Timestamp, limits};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use wire::{Answer, Json, Path, Query};

/// A standard in one version.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StandardView {
    #[schema(value_type = String)]
    id: Id,
    code: String,
    version: String,
    name: String,
    /// First day in force, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    effective_from: Option<String>,
    /// Last day in force; absent while it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    effective_to: Option<String>,
    /// How many classes and categories it has.
    categories: usize,
}

impl StandardView {
    fn new(standard: &Standard, rules: &Rulebook) -> Self {
        Self {
            id: standard.id,
            code: standard.key.code.clone(),
            version: standard.key.version.clone(),
            name: standard.name.clone(),
            effective_from: standard.effective_from.map(|day| day.to_string()),
            effective_to: standard.effective_to.map(|day| day.to_string()),
            categories: rules.categories(standard.id).len(),
        }
    }
}

/// Standards by code and version.
#[utoipa::path(get, path = "/api/v1/standards", tag = "registry",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("after" = Option<String>, Query)),
    responses((status = 200, body = PageView<StandardView>)))]
pub(super) async fn standard_list(
    State(registry): State<Registry>,
    Query(request): Query<PageRequest>,
) -> Answer<Json<PageView<StandardView>>> {
    let rules = &registry.snapshot().rules;
    let mut standards: Vec<_> = rules.standards().iter().collect();
    standards.sort_by_key(|standard| standard.key.to_string());
    let view = |standard: &&Arc<Standard>| StandardView::new(standard, rules);
    Ok(Json(page(
        standards.into_iter(),
        &request,
        |standard| standard.key.to_string(),
        view,
    )?))
}

/// Which categories of a standard.
#[derive(Debug, Deserialize)]
pub(super) struct CategoryFilter {
    kind: Option<CategoryKind>,
    parent_id: Option<Id>,
    level: Option<u8>,
    code: Option<String>,
    name: Option<String>,
}

impl CategoryFilter {
    fn wants(&self, category: &Category) -> bool {
        self.kind.is_none_or(|kind| category.kind == kind)
            && self
                .parent_id
                .is_none_or(|parent| category.parent_id == Some(parent))
            && self.level.is_none_or(|level| category.level == level)
            && self.code.as_ref().is_none_or(|code| category.code == *code)
            && self
                .name
                .as_ref()
                .is_none_or(|name| category.name.contains(name.as_str()))
    }

    fn check(&self) -> Result<(), Problem> {
        let is_too_long = |name: &String| name.chars().count() > limits::SEARCH_CHARACTERS_MAX;
        if self.name.as_ref().is_some_and(is_too_long) {
            let message = format!("at most {} characters", limits::SEARCH_CHARACTERS_MAX);
            return Err(Problem::invalid(vec![FieldError::new(
                "name", "too_long", message,
            )]));
        }
        Ok(())
    }
}

/// A class (大类) or category (小类).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct CategoryView {
    #[schema(value_type = String)]
    id: Id,
    #[schema(value_type = String)]
    standard_id: Id,
    kind: CategoryKind,
    code: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    parent_id: Option<Id>,
    /// 1 at the top.
    level: u8,
    /// How many rule rows hold for it.
    rule_rows: usize,
}

impl CategoryView {
    fn new(category: &Category, rules: &Rulebook) -> Self {
        Self {
            id: category.id,
            standard_id: category.standard_id,
            kind: category.kind,
            code: category.code.clone(),
            name: category.name.clone(),
            parent_id: category.parent_id,
            level: category.level,
            rule_rows: rules.rule_rows_of(category.id).len(),
        }
    }
}

/// Categories of a standard, by kind and code.
#[utoipa::path(get, path = "/api/v1/standards/{id}/categories", tag = "registry",
    params(("id" = String, Path), ("kind" = Option<CategoryKind>, Query), ("parent_id" = Option<String>, Query),
        ("level" = Option<u8>, Query), ("code" = Option<String>, Query),
        ("name" = Option<String>, Query, description = "categories whose name contains this"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("after" = Option<String>, Query)),
    responses((status = 200, body = PageView<CategoryView>), (status = 404, description = "no such standard")))]
pub(super) async fn category_list(
    State(registry): State<Registry>,
    Path(id): Path<Id>,
    Query(filter): Query<CategoryFilter>,
    Query(request): Query<PageRequest>,
) -> Answer<Json<PageView<CategoryView>>> {
    filter.check()?;
    let rules = &registry.snapshot().rules;
    rules
        .standard(id)
        .ok_or_else(|| Problem::not_found("standard"))?;
    let wanted = rules
        .categories(id)
        .iter()
        .filter(|category| filter.wants(category));
    let view = |category: &&Arc<Category>| CategoryView::new(category, rules);
    Ok(Json(page(
        wanted,
        &request,
        |category| cursor(category),
        view,
    )?))
}

/// Rises as categories are ordered: by kind, then by code.
fn cursor(category: &Category) -> String {
    format!("{}:{}", category.kind as u8, category.code)
}

/// A rule row: when a case may be filed, how long handling may take, what counts as done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RuleRowView {
    #[schema(value_type = String)]
    id: Id,
    #[schema(value_type = String)]
    category_id: Id,
    /// 1 when first entered; rises with each change.
    version: i64,
    filing_condition: String,
    /// As the standard writes it.
    limit_text: String,
    /// Written so that it means one thing only, e.g. `2紧急工作时`, `4工作时`, `5自然日`.
    #[schema(value_type = String)]
    limit: calendar::Limit,
    closing_condition: String,
    responsible_units: Option<String>,
    supervising_units: Option<String>,
    legal_basis: Option<String>,
    legal_clause: Option<String>,
    collection_rule: Option<String>,
    /// When a newer version took its place; absent while it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    superseded_at: Option<Timestamp>,
}

impl From<&RuleRow> for RuleRowView {
    fn from(rule: &RuleRow) -> Self {
        let text = rule.text.clone();
        Self {
            id: rule.id,
            category_id: rule.category_id,
            version: rule.version,
            filing_condition: text.filing_condition,
            limit_text: text.limit_text,
            limit: rule.limit.clone(),
            closing_condition: text.closing_condition,
            responsible_units: text.responsible_units,
            supervising_units: text.supervising_units,
            legal_basis: text.legal_basis,
            legal_clause: text.legal_clause,
            collection_rule: text.collection_rule,
            superseded_at: rule.superseded_at,
        }
    }
}

/// A category with its rules and its counterparts in other standards.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CategoryDetailView {
    category: CategoryView,
    /// The rules that hold.
    rule_rows: Vec<RuleRowView>,
    /// Counterparts in newer standards.
    successors: Vec<CrosswalkRowView>,
    /// Counterparts in older standards.
    predecessors: Vec<CrosswalkRowView>,
}

/// One category with its rule rows and counterparts.
#[utoipa::path(get, path = "/api/v1/categories/{id}", tag = "registry", params(("id" = String, Path)),
    responses((status = 200, body = CategoryDetailView), (status = 404, description = "no such category")))]
pub(super) async fn category_view(
    State(registry): State<Registry>,
    Path(id): Path<Id>,
) -> Answer<Json<CategoryDetailView>> {
    let rules = &registry.snapshot().rules;
    let category = rules
        .category(id)
        .ok_or_else(|| Problem::not_found("category"))?;
    let pairs = |rows: &[CrosswalkRow]| {
        rows.iter()
            .filter_map(|row| CrosswalkRowView::new(row, rules))
            .collect()
    };
    Ok(Json(CategoryDetailView {
        category: CategoryView::new(category, rules),
        rule_rows: rules
            .rule_rows_of(id)
            .iter()
            .map(|rule| RuleRowView::from(&**rule))
            .collect(),
        successors: pairs(rules.successors(id)),
        predecessors: pairs(rules.predecessors(id)),
    }))
}

/// One rule row, past ones too.
#[utoipa::path(get, path = "/api/v1/rule-rows/{id}", tag = "registry", params(("id" = String, Path)),
    responses((status = 200, body = RuleRowView), (status = 404, description = "no such rule row")))]
pub(super) async fn rule_row_view(
    State(registry): State<Registry>,
    Path(id): Path<Id>,
) -> Answer<Json<RuleRowView>> {
    let rule = registry
        .rule_row(id)
        .ok_or_else(|| Problem::not_found("rule row"))?;
    Ok(Json(RuleRowView::from(&*rule)))
}

/// A pair of categories that stand for each other.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct CrosswalkRowView {
    from: CategoryView,
    to: CategoryView,
    relation: Relation,
}

impl CrosswalkRowView {
    fn new(row: &CrosswalkRow, rules: &Rulebook) -> Option<Self> {
        Some(Self {
            from: CategoryView::new(rules.category(row.from_category_id)?, rules),
            to: CategoryView::new(rules.category(row.to_category_id)?, rules),
            relation: row.relation,
        })
    }
}

/// Which pairs.
#[derive(Debug, Deserialize)]
pub(super) struct CrosswalkFilter {
    to_standard_id: Option<Id>,
    relation: Option<Relation>,
}

/// The pairs from a standard's categories to those of newer ones, by kind and code.
#[utoipa::path(get, path = "/api/v1/standards/{id}/crosswalk", tag = "registry",
    params(("id" = String, Path), ("to_standard_id" = Option<String>, Query), ("relation" = Option<Relation>, Query),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("after" = Option<String>, Query)),
    responses((status = 200, body = PageView<CrosswalkRowView>), (status = 404, description = "no such standard")))]
pub(super) async fn crosswalk_list(
    State(registry): State<Registry>,
    Path(id): Path<Id>,
    Query(filter): Query<CrosswalkFilter>,
    Query(request): Query<PageRequest>,
) -> Answer<Json<PageView<CrosswalkRowView>>> {
    let rules = &registry.snapshot().rules;
    rules
        .standard(id)
        .ok_or_else(|| Problem::not_found("standard"))?;
    let pairs = filter.select(rules, id).into_iter();
    Ok(Json(page(
        pairs,
        &request,
        |pair| pair.0.clone(),
        |pair| pair.1.clone(),
    )?))
}

impl CrosswalkFilter {
    /// The pairs asked for, with their cursors, in the order of these.
    fn select(&self, rules: &Rulebook, from_standard_id: Id) -> Vec<(String, CrosswalkRowView)> {
        let is_wanted = |row: &CrosswalkRowView| {
            self.relation
                .is_none_or(|relation| row.relation == relation)
                && self
                    .to_standard_id
                    .is_none_or(|to| row.to.standard_id == to)
        };
        let mut pairs: Vec<(String, CrosswalkRowView)> = Vec::new();
        for category in rules.categories(from_standard_id) {
            let rows = rules.successors(category.id).iter();
            let views = rows.filter_map(|row| {
                Some((
                    pair_cursor(category, row),
                    CrosswalkRowView::new(row, rules)?,
                ))
            });
            pairs.extend(views.filter(|(_, view)| is_wanted(view)));
        }
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        pairs
    }
}

/// Rises as categories are ordered, then by the counterpart's id.
fn pair_cursor(category: &Category, row: &CrosswalkRow) -> String {
    format!("{}:{:020}", cursor(category), row.to_category_id.0)
}
