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

/// What a changed routing table would have said of the orders of some days.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct RehearsalView {
    /// From when.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// Orders to leads that were looked at.
    pub dispatched: i64,
    /// Whether there are more, older ones.
    pub is_cut: bool,
    /// Of these, for how many it is known who was right: the order stood, or came back and a later one of its case stood.
    pub known: i64,
    /// Of the known ones, how many the table as it is sends to the right organisation.
    pub right_now: i64,
    /// How many the changed table would.
    pub right_then: i64,
    /// Orders of which the two tables say different things.
    pub differing: i64,
    /// Of these, how many came back or were replaced.
    pub differing_came_back: i64,
    /// The differing ones, the newest first.
    pub items: Vec<RehearsedView>,
    /// Pass as `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An order of which two tables say different things.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RehearsedView {
    /// The order: the lead's task.
    #[schema(value_type = String)]
    pub task_id: Id,
    /// Its case.
    #[schema(value_type = String)]
    pub case_id: Id,
    /// That one's number.
    pub case_no: String,
    /// When it was given.
    #[schema(value_type = String, format = DateTime)]
    pub dispatched_at: Timestamp,
    /// To whom.
    pub given_to: Named,
    /// Whether it came back, or another was given in its place.
    pub came_back: bool,
    /// Whom the table names as it is; none when nobody.
    pub now: Option<Named>,
    /// On what that rests.
    pub now_basis: Option<Basis>,
    /// Whom the changed table would name.
    pub then: Option<Named>,
    /// On what that would rest.
    pub then_basis: Option<Basis>,
}
