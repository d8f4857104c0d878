//! Cases on a map, and cases near one.

use super::CaseListView;
use crate::clocks::Light;
use crate::model::Level;
use crate::search::Kinship;
use base::Id;
use serde::Serialize;
use utoipa::ToSchema;

/// Cases in view: each of them, or how many lie where.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CaseMapView {
    /// Each case, when they are at most 5,000.
    pub points: Vec<CasePointView>,
    /// How many lie where, when they are more.
    pub cells: Vec<CaseCellView>,
    /// How many there are.
    pub count: u64,
}

/// A case as a dot.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CasePointView {
    /// The case.
    #[schema(value_type = String)]
    pub id: Id,
    /// Degrees east, CGCS2000.
    pub lon: f64,
    /// Degrees north, CGCS2000.
    pub lat: f64,
    /// How urgent it is.
    pub level: Level,
    /// What the clock of its stage shows now; none when none runs.
    pub light: Option<Light>,
}

/// Cases that lie close to each other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CaseCellView {
    /// Their middle, degrees east, CGCS2000.
    pub lon: f64,
    /// Their middle, degrees north.
    pub lat: f64,
    /// How many.
    pub count: u32,
    /// How many of them are overdue.
    pub late: u32,
}

/// Cases near one.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CasesNearView {
    /// Of the same category first, then of its class; the nearest of each first. At most 20.
    pub items: Vec<CaseNearView>,
    /// Metres around it that were looked at.
    pub radius_m: u32,
    /// Days before and after its acceptance that were looked at.
    pub days: u32,
    /// Whether the case has a place at all; without one nothing is near it.
    pub has_place: bool,
}

/// A case near another.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CaseNearView {
    /// As in lists.
    pub case: CaseListView,
    /// Metres between them.
    pub distance_m: u32,
    /// Whether it is of the same category or class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kinship: Option<Kinship>,
}
