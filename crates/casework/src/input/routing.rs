//! What callers send to the routing table.

use super::{PlaceRequest, check_text};
use crate::routing::{Hours, HoursError, RouteKind};
use base::limits::NAME_CHARACTERS_MAX;
use base::{FieldError, Id, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A row of the routing table, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteRequest {
    /// `route`: cases of a category in an area at certain hours; `unit`: the unit that rule rows write so.
    pub kind: RouteKind,
    /// For this category and those below it; every one when left out. Of kind `route` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub category_id: Option<Id>,
    /// Division code: in this area and those below it; everywhere when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area_code: Option<String>,
    /// At these hours; always when left out. Of kind `route` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// The unit as rule rows write it. Of kind `unit` only, and required there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_name: Option<String>,
    /// Who gets it.
    #[schema(value_type = String)]
    pub organisation_id: Id,
}

impl RouteRequest {
    pub(crate) fn check(&self, prefix: &str) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        let field = |name: &str| format!("{prefix}{name}");
        let mut foreign = |name: &str, is_given: bool, kind: RouteKind| {
            if is_given && self.kind != kind {
                let message = format!("only rows of kind `{kind}` have it");
                wrong.push(FieldError::new(field(name), "not_for_kind", message));
            }
        };
        foreign("category_id", self.category_id.is_some(), RouteKind::Route);
        foreign("hours", self.hours.is_some(), RouteKind::Route);
        foreign("unit_name", self.unit_name.is_some(), RouteKind::Unit);
        let unit = self.unit_name.as_deref().map(str::trim);
        if self.kind == RouteKind::Unit && unit.is_none_or(str::is_empty) {
            let message = "the unit as rule rows write it";
            wrong.push(FieldError::new(field("unit_name"), "required", message));
        }
        check_text(&field("unit_name"), unit, NAME_CHARACTERS_MAX, &mut wrong);
        if let Some(Err(error)) = self.hours.as_ref().map(Hours::check) {
            let place = match error {
                HoursError::Days => "hours.days",
                HoursError::From => "hours.from",
                HoursError::Until => "hours.until",
            };
            wrong.push(FieldError::new(
                field(place),
                "malformed",
                error.to_string(),
            ));
        }
        wrong
    }
}

/// `route_explain`: a case, or what would make one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RouteExplainRequest {
    /// A case: then its own category, place and component count.
    #[schema(value_type = Option<String>)]
    pub case_id: Option<Id>,
    /// A category.
    #[schema(value_type = Option<String>)]
    pub category_id: Option<Id>,
    /// A place.
    pub place: Option<PlaceRequest>,
    /// A component.
    #[schema(value_type = Option<String>)]
    pub component_id: Option<Id>,
    /// When; now when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
}

impl RouteExplainRequest {
    pub(crate) fn check(&self) -> Vec<FieldError> {
        let described =
            self.category_id.is_some() || self.place.is_some() || self.component_id.is_some();
        match (self.case_id, described) {
            (Some(_), true) => vec![FieldError::new(
                "case_id",
                "not_for_kind",
                "either a case, or a category, place and component",
            )],
            (None, false) => vec![FieldError::new(
                "case_id",
                "required",
                "a case, or a category, place or component",
            )],
            _ => Vec::new(),
        }
    }
}

/// `route_rehearse`: which orders, and what would be different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteRehearseRequest {
    /// The orders of the last so many days of 24 hours, 1 to 92.
    #[schema(minimum = 1, maximum = 92)]
    pub days: u32,
    /// What would be different. Without any the answer says how the table as it is fared.
    #[serde(default)]
    pub changes: RouteChangesRequest,
}

/// Changes of the routing table that are not made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RouteChangesRequest {
    /// New rows.
    pub add: Vec<RouteRequest>,
    /// Rows in whose place another is put.
    pub replace: Vec<RouteReplaceRequest>,
    /// Ids of rows taken away.
    #[schema(value_type = Vec<String>)]
    pub remove: Vec<Id>,
    /// Fallback organisations (兜底) of areas.
    pub fallbacks: Vec<FallbackChangeRequest>,
}

/// A row in whose place another is put.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteReplaceRequest {
    /// The row.
    #[schema(value_type = String)]
    pub id: Id,
    /// What it would say, whole.
    pub row: RouteRequest,
}

/// Another fallback organisation for an area.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FallbackChangeRequest {
    /// Division code.
    pub area_code: String,
    /// The organisation; none takes the line of this area away.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub organisation_id: Option<Id>,
}
