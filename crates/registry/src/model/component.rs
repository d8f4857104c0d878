//! Surveyed objects of the city (管理部件): manholes, lamps, trees; with the attributes of GB/T 47678.5 table 2.

use super::{TextFault, line, name, paragraph};
use base::{Id, Point, TreePath, limits};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;
use std::sync::Arc;
use thiserror::Error;
use utoipa::ToSchema;

/// What state a component is in (GLBJZT).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ComponentState {
    /// 完好
    Intact,
    /// 破损
    Damaged,
    /// 丢失
    Lost,
    /// 废弃
    Abandoned,
    /// 移除
    Removed,
}

impl ComponentState {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Intact,
        Self::Damaged,
        Self::Lost,
        Self::Abandoned,
        Self::Removed,
    ];

    /// As stored and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::Damaged => "damaged",
            Self::Lost => "lost",
            Self::Abandoned => "abandoned",
            Self::Removed => "removed",
        }
    }

    /// The state written so, in the words of the platform or of surveys.
    pub fn from_text(text: &str) -> Option<Self> {
        Some(match text {
            "intact" | "完好" | "正常" => Self::Intact,
            "damaged" | "破损" | "损坏" => Self::Damaged,
            "lost" | "丢失" | "缺失" => Self::Lost,
            "abandoned" | "废弃" | "废除" => Self::Abandoned,
            "removed" | "移除" | "拆除" => Self::Removed,
            _ => return None,
        })
    }
}

/// Identification code (管理部件标识码): six digits of the county, the category, six of the serial number. The category has four
/// digits in GB/T 30428.2-2013 (sixteen in all) and five in GB/T 47678.5-2026 (seventeen).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ComponentCode(Arc<str>);

/// Why a text is no identification code.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ComponentCodeError {
    /// Neither 16 nor 17 characters.
    #[error("an identification code has 16 or 17 digits; this one has {0} characters")]
    Length(usize),
    /// Something else than a digit.
    #[error("'{found}' at character {at} is not a digit")]
    Character {
        /// The offending character.
        found: char,
        /// Its place, counted from 1.
        at: usize,
    },
}

impl ComponentCode {
    /// Reads a code of 16 or 17 digits.
    pub fn parse(text: &str) -> Result<Self, ComponentCodeError> {
        let length = text.chars().count();
        if !matches!(length, 16 | 17) {
            return Err(ComponentCodeError::Length(length));
        }
        match text.chars().enumerate().find(|(_, c)| !c.is_ascii_digit()) {
            Some((index, found)) => Err(ComponentCodeError::Character {
                found,
                at: index + 1,
            }),
            None => Ok(Self(text.into())),
        }
    }

    /// The six digits of the county.
    pub fn county(&self) -> &str {
        self.0.get(..6).unwrap_or_default()
    }

    /// The digits of the category: four of GB/T 30428.2, five of GB/T 47678.5.
    pub fn category(&self) -> &str {
        self.0
            .get(6..self.0.len().saturating_sub(6))
            .unwrap_or_default()
    }

    /// Whether it is of the older form with sixteen digits.
    pub fn is_former(&self) -> bool {
        self.0.len() == 16
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ComponentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for ComponentCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ComponentCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The three organisations that have to do with a component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ComponentUnits {
    /// 主管部门: answers for it to the city.
    pub supervisor_id: Option<Id>,
    /// 权属单位: owns it.
    pub owner_id: Option<Id>,
    /// 养护单位: keeps it in order.
    pub maintainer_id: Option<Id>,
}

impl ComponentUnits {
    /// Those that are known, each once.
    pub fn known(&self) -> impl Iterator<Item = Id> + use<> {
        let mut ids: Vec<Id> = [self.maintainer_id, self.owner_id, self.supervisor_id]
            .into_iter()
            .flatten()
            .collect();
        ids.dedup();
        ids.into_iter()
    }
}

/// A component.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// Its id.
    pub id: Id,
    /// Identification code in force.
    pub code: ComponentCode,
    /// The code of sixteen digits it had before, where both are known.
    pub former_code: Option<ComponentCode>,
    /// Name (GLBJMC), usually its category's.
    pub name: String,
    /// Its category, of a standard of components.
    pub category_id: Id,
    /// State.
    pub state: ComponentState,
    /// Its place, CGCS2000; of a line or a surface a point on it.
    pub point: Point,
    /// Its course or extent, where it is more than a point.
    pub shape: Option<ComponentShape>,
    /// The deepest area known to hold it: its unit grid (SZDYWGBSM) where there are grids.
    pub area_path: Option<TreePath>,
    /// Who has to do with it.
    pub units: ComponentUnits,
    /// First survey (CSRQ).
    pub initial_on: Option<Date>,
    /// Last change (BGRQ); none until there is one.
    pub changed_on: Option<Date>,
    /// Where its data come from (SJLY), e.g. 实测.
    pub data_source: Option<String>,
    /// Remark (BZ).
    pub remark: Option<String>,
    /// What else its kind of component has, by name.
    pub attributes: Map<String, Value>,
    /// Row version.
    pub version: i64,
}

/// A line, or a surface, as a GeoJSON geometry in CGCS2000.
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentShape(pub Arc<geojson::Geometry>);

/// The most attributes of a component.
pub const ATTRIBUTES_MAX: usize = 50;

impl Component {
    /// Checks texts and attributes; gives the field at fault with the reason.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let say = |field: &'static str| move |fault: TextFault| (field, fault.to_string());
        name(&self.name).map_err(say("name"))?;
        if let Some(text) = &self.data_source {
            line(text, limits::NAME_CHARACTERS_MAX).map_err(say("data_source"))?;
        }
        if let Some(text) = &self.remark {
            paragraph(text, limits::REMARK_CHARACTERS_MAX).map_err(say("remark"))?;
        }
        if self.attributes.len() > ATTRIBUTES_MAX {
            let reason = format!("at most {ATTRIBUTES_MAX} attributes");
            return Err(("attributes", reason));
        }
        for (key, value) in &self.attributes {
            line(key, limits::NAME_CHARACTERS_MAX).map_err(say("attributes"))?;
            match value {
                Value::String(text) => {
                    if !text.is_empty() {
                        paragraph(text, limits::REMARK_CHARACTERS_MAX)
                            .map_err(say("attributes"))?;
                    }
                }
                Value::Number(_) | Value::Bool(_) => {}
                _ => {
                    let reason = format!("`{key}` is no text, number or truth value");
                    return Err(("attributes", reason));
                }
            }
        }
        if let (Some(initial), Some(changed)) = (self.initial_on, self.changed_on)
            && changed < initial
        {
            return Err(("changed_on", "is before the first survey".to_owned()));
        }
        Ok(())
    }
}
