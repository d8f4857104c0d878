//! Nodes of a standard's taxonomy.

use super::{TextFault, code, name};
use base::Id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a category classifies.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CategoryKind {
    /// 部件
    Component,
    /// 事件
    Event,
    /// 诉求
    Appeal,
}

impl CategoryKind {
    /// As stored and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Component => "component",
            Self::Event => "event",
            Self::Appeal => "appeal",
        }
    }

    /// The kind written so, in the words of the platform or of the standards.
    pub fn from_text(text: &str) -> Option<Self> {
        Some(match text {
            "component" | "部件" | "管理部件" => Self::Component,
            "event" | "事件" | "事项" | "管理事项" => Self::Event,
            "appeal" | "诉求" => Self::Appeal,
            _ => return None,
        })
    }
}

/// A class (大类) or category (小类) of a standard; the key is (standard, kind, code).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Its id.
    pub id: Id,
    /// Of which standard.
    pub standard_id: Id,
    /// What it classifies.
    pub kind: CategoryKind,
    /// Code, unique within standard and kind; begins with its parent's.
    pub code: String,
    /// Name.
    pub name: String,
    /// The class it belongs to; none at the top.
    pub parent_id: Option<Id>,
    /// 1 at the top.
    pub level: u8,
    /// Row version.
    pub version: i64,
}

impl Category {
    /// Checks code and name; gives the field at fault.
    pub fn check(&self) -> Result<(), (&'static str, TextFault)> {
        code(&self.code).map_err(|fault| ("code", fault))?;
        name(&self.name).map_err(|fault| ("name", fault))?;
        Ok(())
    }
}
