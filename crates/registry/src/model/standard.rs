//! Versioned catalogues.

use super::{TextFault, code, name};
use base::Id;
use calendar::BareUnits;
use jiff::civil::Date;
use std::fmt;

/// Which standard in which version, e.g. `GBT47678.5` of `2026`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StandardKey {
    /// Machine name.
    pub code: String,
    /// Edition.
    pub version: String,
}

impl fmt::Display for StandardKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.code, self.version)
    }
}

/// A catalogue of categories and rules in one version.
#[derive(Clone, Debug, PartialEq)]
pub struct Standard {
    /// Its id.
    pub id: Id,
    /// Code and edition, unique together.
    pub key: StandardKey,
    /// Title.
    pub name: String,
    /// First day in force; none when not known.
    pub effective_from: Option<Date>,
    /// Last day in force; none while it is.
    pub effective_to: Option<Date>,
    /// What `小时` and `天` mean in its limits.
    pub bare_units: BareUnits,
    /// Row version.
    pub row_version: i64,
}

impl Standard {
    /// Checks code, edition, title and dates; gives the field at fault with the reason.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let say = |field: &'static str| move |fault: TextFault| (field, fault.to_string());
        code(&self.key.code).map_err(say("code"))?;
        code(&self.key.version).map_err(say("version"))?;
        name(&self.name).map_err(say("name"))?;
        match (self.effective_from, self.effective_to) {
            (Some(from), Some(to)) if to < from => {
                Err(("effective_to", "is before effective_from".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Whether it is in force on a day.
    pub fn is_in_force_on(&self, day: Date) -> bool {
        self.effective_from.is_none_or(|from| from <= day)
            && self.effective_to.is_none_or(|to| day <= to)
    }
}
