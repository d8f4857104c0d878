//! Which category of one standard stands for which of another.

use base::Id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How two categories of different standards belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Code by rule and name agree.
    Same,
    /// The code agrees, the name differs: to be confirmed by a person.
    Renamed,
    /// The name agrees and is the only one so, under a code the rule does not give.
    Moved,
}

impl Relation {
    /// As stored and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Renamed => "renamed",
            Self::Moved => "moved",
        }
    }

    /// The relation stored so.
    pub fn from_text(text: &str) -> Option<Self> {
        Some(match text {
            "same" => Self::Same,
            "renamed" => Self::Renamed,
            "moved" => Self::Moved,
            _ => return None,
        })
    }
}

/// One pair of the crosswalk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrosswalkRow {
    /// Category of the older standard.
    pub from_category_id: Id,
    /// Category of the newer one.
    pub to_category_id: Id,
    /// How they belong together.
    pub relation: Relation,
}
