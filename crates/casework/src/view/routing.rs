//! What callers see of the routing table.

use super::Named;
use crate::model::Basis;
use crate::routing::rehearsal::Outlook;
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

/// What a rehearsal sums up. An order *stood* when it neither came back nor was replaced; else it *failed*. An order *differs* when
/// the changed table names another organisation for it than the table as it is, both asked as of the order's own instant.
///
/// How a differing order would have fared is known only when whom the changed table names had an order of the case: this one or
/// another. It is right when one of theirs stood, wrong when none did. Orders that do not differ fared as they did. Hence
/// `known` = `orders` - `unknown_failed` - `unknown_stood`, and over these known orders
/// 准确派遣率 then = `known_accurate` / `known`, as rehearsed = `rehearsed_accurate` / `known`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct RehearsalSumsView {
    /// Orders looked at.
    pub orders: i64,
    /// Of these, those that stood: 准确派遣率 of the window is `accurate` / `orders`.
    pub accurate: i64,
    /// Orders that would go to another.
    pub differing: i64,
    /// Of the differing ones, those that failed.
    pub differing_failed: i64,
    /// They failed, and would have been right.
    pub helped: i64,
    /// They stood, and would have been wrong.
    pub hurt: i64,
    /// They failed, and would have gone to who never had an order of the case, or to nobody.
    pub unknown_failed: i64,
    /// They stood, and would have gone to who never had an order of the case, or to nobody: what the change puts at risk.
    pub unknown_stood: i64,
    /// Orders of which it is known how they would have fared: the denominator of the two below.
    pub known: i64,
    /// Of the known ones, those that stood.
    pub known_accurate: i64,
    /// Of the known ones, those that would have stood: `known_accurate` + `helped` - `hurt`.
    pub rehearsed_accurate: i64,
}

/// An order that would go to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RehearsedOrderView {
    /// The case.
    #[schema(value_type = String)]
    pub case_id: Id,
    /// What users call it.
    pub case_no: String,
    /// The lead's task.
    #[schema(value_type = String)]
    pub task_id: Id,
    /// When the order was given.
    #[schema(value_type = String, format = DateTime)]
    pub dispatched_at: Timestamp,
    /// Who got it.
    pub given_to: Named,
    /// Whom routing named then; none when nobody.
    pub suggested: Option<Named>,
    /// When it came back.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub returned_at: Option<Timestamp>,
    /// When another order took its place.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub replaced_at: Option<Timestamp>,
    /// What the table as it is says, and why.
    pub present: SuggestionView,
    /// What the changed table says, and why. A reason that rests on a row of `changes.add` has no `row_id`.
    pub rehearsed: SuggestionView,
    /// Place in `changes.add`, from 0, of the row that decided, if one of them did.
    pub added_row: Option<usize>,
    /// How it would have fared.
    pub outlook: Outlook,
}

/// What a rehearsal shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RehearsalView {
    /// Orders given at this instant or later were looked at.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// And before this instant.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// The sums; with the first page only.
    pub sums: Option<RehearsalSumsView>,
    /// Differing orders, oldest first.
    pub items: Vec<RehearsedOrderView>,
    /// Pass as `after`, with the same body, for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
