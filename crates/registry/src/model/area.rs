//! Nodes of the city's one tree.

use super::{TextFault, name};
use crate::Boundary;
use crate::boundary::is_in_china;
use base::{AreaCode, AreaLevel, Id, Point, Timestamp, TreePath};
use jiff::civil::Date;
use std::sync::Arc;
use thiserror::Error;

/// A node of the city's tree: city, district, street, village or grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    /// Its id.
    pub id: Id,
    /// Official division code; an attribute, not the ancestry.
    pub code: AreaCode,
    /// Official name.
    pub name: String,
    /// How far down.
    pub level: AreaLevel,
    /// The area it lies in; none for a root.
    pub parent_id: Option<Id>,
    /// Its ancestry.
    pub path: TreePath,
    /// A point that stands for it, usually its seat.
    pub centre: Option<Point>,
    /// Its outline, where known.
    pub boundary: Option<Arc<Boundary>>,
    /// First day in force; none when not known.
    pub effective_from: Option<Date>,
    /// Last day in force; none while it is.
    pub effective_to: Option<Date>,
    /// The areas it took the place of, in a renaming, division or merger (区划调整); in the order of ids.
    pub succeeds: Box<[Id]>,
    /// What it was called before, the oldest name first.
    pub former_names: Box<[FormerName]>,
    /// Row version.
    pub version: i64,
}

/// A name that an area had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormerName {
    /// When it was renamed.
    pub until: Timestamp,
    /// What it was called until then.
    pub name: String,
}

/// Why something is no area.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum AreaFault {
    /// The name is none.
    #[error("the name {0}")]
    Name(#[from] TextFault),
    /// The centre is elsewhere.
    #[error("({}, {}) is not in China; are longitude and latitude swapped?", .0.lon, .0.lat)]
    Centre(Point),
    /// It ended before it began.
    #[error("effective_to is before effective_from")]
    Days,
    /// What it lies in has ended.
    #[error("{0} has ended, and nothing new lies in it")]
    Ended(String),
    /// A district in a street.
    #[error("a {} cannot lie in a {}", level_text(*child), level_text(*parent))]
    Level {
        /// Of the area.
        child: AreaLevel,
        /// Of the area it would lie in.
        parent: AreaLevel,
    },
}

impl Area {
    /// Checks what holds for an area by itself and under its parent.
    pub fn check(&self, parent: Option<&Area>) -> Result<(), AreaFault> {
        name(&self.name)?;
        if let Some(centre) = self.centre
            && !is_in_china(centre)
        {
            return Err(AreaFault::Centre(centre));
        }
        if let (Some(from), Some(to)) = (self.effective_from, self.effective_to)
            && to < from
        {
            return Err(AreaFault::Days);
        }
        match parent {
            Some(parent) if parent.level >= self.level => Err(AreaFault::Level {
                child: self.level,
                parent: parent.level,
            }),
            Some(parent) if self.is_in_force() && !parent.is_in_force() => {
                Err(AreaFault::Ended(format!("{} {}", parent.code, parent.name)))
            }
            _ => Ok(()),
        }
    }

    /// What it was called at a time.
    pub fn name_at(&self, at: Timestamp) -> &str {
        let former = self.former_names.iter().find(|former| at < former.until);
        former.map_or(&self.name, |former| &former.name)
    }

    /// Whether it has not ended: only then anything new is placed in it.
    pub fn is_in_force(&self) -> bool {
        self.effective_to.is_none()
    }

    /// Whether it was in force on a day, as far as its days are known.
    pub fn is_in_force_on(&self, day: Date) -> bool {
        self.effective_from.is_none_or(|from| from <= day)
            && self.effective_to.is_none_or(|to| day <= to)
    }
}

/// A level as stored and on the wire.
pub fn level_text(level: AreaLevel) -> &'static str {
    match level {
        AreaLevel::Province => "province",
        AreaLevel::City => "city",
        AreaLevel::District => "district",
        AreaLevel::Street => "street",
        AreaLevel::Village => "village",
        AreaLevel::Grid => "grid",
    }
}

/// The level that is written so, in either language.
pub fn level_from_text(text: &str) -> Option<AreaLevel> {
    Some(match text {
        "province" | "省" => AreaLevel::Province,
        "city" | "市" => AreaLevel::City,
        "district" | "区" | "区县" | "县" => AreaLevel::District,
        "street" | "街镇" | "街道" | "镇" | "乡" => AreaLevel::Street,
        "village" | "村居" | "社区" | "村" => AreaLevel::Village,
        "grid" | "网格" | "单元网格" | "微网格" => AreaLevel::Grid,
        _ => return None,
    })
}
