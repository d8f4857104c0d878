//! What callers see of returns, rulings and verification.

use crate::model::CaseHandling;
use base::{Id, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// What is known of how a case is handled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct CaseHandlingView {
    /// How many returns (退单) came back to dispatch.
    pub return_count: i64,
    /// Whether a holder demands a ruling (裁定).
    pub ruling_demanded: bool,
    /// The organisation that a ruling has bound.
    #[schema(value_type = Option<String>)]
    pub ruled_organisation_id: Option<Id>,
    /// What the last verification (核实) found.
    pub verified: Option<bool>,
    /// How often it was sent back to acceptance.
    pub sent_back_count: i64,
    /// Handled by the inspector who reported it (即采即办).
    pub self_handled: bool,
    /// Why it is closed without an inspection.
    pub uninspected_because: Option<String>,
}

impl From<&CaseHandling> for CaseHandlingView {
    fn from(known: &CaseHandling) -> Self {
        Self {
            return_count: known.return_count,
            ruling_demanded: known.ruling_demanded,
            ruled_organisation_id: known.ruled.as_ref().map(|bound| bound.id),
            verified: known.verified,
            sent_back_count: known.sent_back_count,
            self_handled: known.self_handled,
            uninspected_because: known.uninspected_because.clone(),
        }
    }
}

/// An area where nobody takes what nobody else is suggested for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UncoveredAreaView {
    /// Path of the area.
    pub area_path: String,
    /// What the area is called.
    pub area_name: Option<String>,
}

/// The fallback organisation (兜底) of an area.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize, ToSchema)]
pub struct FallbackView {
    /// Path of the area.
    pub area_path: String,
    /// What the area is called; none when it is not known any more.
    pub area_name: Option<String>,
    /// Who takes what nobody else is suggested for.
    #[schema(value_type = String)]
    pub organisation_id: Id,
    /// What that one is called.
    pub organisation_name: Option<String>,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub set_at: Timestamp,
}
