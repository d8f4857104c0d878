//! What callers see of the routing table.

use super::Named;
use crate::model::Basis;
use crate::routing::{Hours, Outcome, RouteKind};
use base::{Id, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// A row of the routing table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RouteView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: Id,
    /// For `If-Match`.
    pub version: i64,
    /// What it says.
    pub kind: RouteKind,
    /// For this category and those below it; every one when none.
    pub category: Option<Named>,
    /// In this area and those below it; everywhere when none.
    pub area: Option<Named>,
    /// At these hours; always when none.
    pub hours: Option<Hours>,
    /// The unit as rule rows write it.
    pub unit_name: Option<String>,
    /// Who gets it.
    pub organisation: Named,
    /// When it was last changed; by whom and what it said before is in the audit.
    #[schema(value_type = String, format = DateTime)]
    pub changed_at: Timestamp,
}

/// What one source of advice said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReasonView {
    /// Who was asked.
    pub basis: Basis,
    /// What came of it.
    pub outcome: Outcome,
    /// The component, rule row or row of the routing table it rests on.
    #[schema(value_type = Option<String>)]
    pub row_id: Option<Id>,
    /// Whom it named.
    pub organisation: Option<Named>,
    /// The unit as the rule row writes it, or the adviser's reason.
    pub words: Option<String>,
}

/// Who should get a case, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SuggestionView {
    /// Who; none when nobody is known.
    pub organisation: Option<Named>,
    /// What decided.
    pub basis: Option<Basis>,
    /// What was asked, in order.
    pub why: Vec<ReasonView>,
}

/// Orders given to leads in a window. 准确派遣率 = `accurate` / `dispatched`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct AccuracyView {
    /// All of them: the denominator.
    pub dispatched: i64,
    /// Those that never came back and that no other order replaced: the numerator.
    pub accurate: i64,
    /// Those that came back.
    pub returned: i64,
    /// Those in whose place another order was given.
    pub replaced: i64,
    /// Those for which routing named somebody.
    pub suggested: i64,
    /// Those given to whom routing named.
    pub followed: i64,
}
