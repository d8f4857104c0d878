//! What maps draw: named layers, each of areas, zones, components or places of its own.

use super::{TextFault, code, name};
use base::{AreaLevel, Id, Point};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What kind of shapes a layer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LayerGeometry {
    /// Points; of what is more than a point its middle.
    Point,
    /// Lines.
    Line,
    /// Surfaces.
    Polygon,
}

impl LayerGeometry {
    /// As stored and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Point => "point",
            Self::Line => "line",
            Self::Polygon => "polygon",
        }
    }

    /// The kind stored so.
    pub fn from_text(text: &str) -> Option<Self> {
        Some(match text {
            "point" => Self::Point,
            "line" => Self::Line,
            "polygon" => Self::Polygon,
            _ => return None,
        })
    }
}

/// Where a layer's features come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum LayerSource {
    /// Areas of one level that have an outline.
    Areas {
        /// `district`, `street`, `village` or `grid`.
        #[schema(value_type = String, example = "grid")]
        level: AreaLevel,
    },
    /// Active zones of one kind.
    Zones {
        /// E.g. `duty_grid`.
        zone_kind: String,
    },
    /// Components of some categories or classes; of all when none is named. Removed ones are left out.
    Components {
        /// Ids of categories or classes.
        #[serde(default)]
        #[schema(value_type = Vec<String>)]
        category_ids: Vec<Id>,
    },
    /// Places that belong to this layer.
    Places {},
}

/// A layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Its id.
    pub id: Id,
    /// Machine name; unique and never changed.
    pub code: String,
    /// What users read.
    pub name: String,
    /// What kind of shapes it has.
    pub geometry: LayerGeometry,
    /// Where its features come from.
    pub source: LayerSource,
    /// How it is drawn: the map's own words (`line`, `fill`, `icon`, …), texts and numbers.
    pub style: Map<String, Value>,
    /// The first zoom level it is drawn at, 0 to 24.
    pub level_min: u8,
    /// The last.
    pub level_max: u8,
    /// Its place among the others, the lowest first.
    pub position: i64,
    /// Whether it is offered.
    pub is_active: bool,
    /// Row version.
    pub version: i64,
}

/// The most zoom levels.
pub const LEVEL_MAX: u8 = 24;
/// The most words of a style.
const STYLE_WORDS_MAX: usize = 30;

impl Layer {
    /// Checks everything that can be checked by itself; gives the field at fault with the reason.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let say = |field: &'static str| move |fault: TextFault| (field, fault.to_string());
        code(&self.code).map_err(say("code"))?;
        name(&self.name).map_err(say("name"))?;
        if self.level_min > self.level_max || self.level_max > LEVEL_MAX {
            let reason = format!("levels run from 0 to {LEVEL_MAX}, the first before the last");
            return Err(("level_max", reason));
        }
        if self.style.len() > STYLE_WORDS_MAX {
            return Err(("style", format!("at most {STYLE_WORDS_MAX} words")));
        }
        for (word, value) in &self.style {
            code(word).map_err(say("style"))?;
            let is_plain = match value {
                Value::String(text) => text.chars().count() <= 200,
                Value::Number(_) | Value::Bool(_) => true,
                _ => false,
            };
            if !is_plain {
                return Err((
                    "style",
                    format!("`{word}` is no short text, number or truth value"),
                ));
            }
        }
        match (&self.source, self.geometry) {
            (LayerSource::Zones { zone_kind }, _) => {
                code(zone_kind).map_err(say("source"))?;
            }
            (LayerSource::Places {}, LayerGeometry::Line | LayerGeometry::Polygon) => {
                return Err(("geometry", "places are points".to_owned()));
            }
            (LayerSource::Areas { .. }, LayerGeometry::Line) => {
                return Err(("geometry", "areas are surfaces or points".to_owned()));
            }
            _ => {}
        }
        Ok(())
    }
}

/// A point that belongs to a layer and nothing else: a school, a shelter.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Its id.
    pub id: Id,
    /// What tells it from the others of its layer.
    pub code: String,
    /// Its name.
    pub name: String,
    /// CGCS2000.
    pub point: Point,
    /// What else is known of it.
    pub attributes: Map<String, Value>,
    /// Row version.
    pub version: i64,
}
