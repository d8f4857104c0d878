//! The nouns of the registry. Constructors refuse nonsense; nothing here reads or writes.

mod area;
mod category;
mod component;
mod crosswalk;
mod layer;
mod rule_row;
mod standard;
mod zone;

pub use area::{Area, AreaFault, FormerName, level_from_text, level_text};
pub use category::{Category, CategoryKind};
pub use component::{
    ATTRIBUTES_MAX, Component, ComponentCode, ComponentCodeError, ComponentShape, ComponentState,
    ComponentUnits,
};
pub use crosswalk::{CrosswalkRow, Relation};
pub use layer::{LEVEL_MAX, Layer, LayerGeometry, LayerSource, Place};
pub use rule_row::{RuleRow, RuleText};
pub use standard::{Standard, StandardKey};
pub use zone::{DUTY_GRID, Zone, ZoneBook};

use base::limits;
use thiserror::Error;

/// Why a name or code is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TextFault {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// Too long.
    #[error("is longer than {0} characters")]
    TooLong(usize),
    /// Line ends and the like.
    #[error("holds a control character")]
    Control,
    /// A character a code may not have.
    #[error("may have letters, digits, `-`, `_`, `.` and `/` only; `{0}` is none of them")]
    CodeCharacter(char),
}

/// A name: one line, not empty, at most [`limits::NAME_CHARACTERS_MAX`] characters.
pub(crate) fn name(text: &str) -> Result<String, TextFault> {
    line(text, limits::NAME_CHARACTERS_MAX)
}

/// One line of text of at most `characters_max`.
pub(crate) fn line(text: &str, characters_max: usize) -> Result<String, TextFault> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(TextFault::Control);
    }
    paragraph(text, characters_max)
}

/// Text of one or more lines, at most `characters_max`.
pub(crate) fn paragraph(text: &str, characters_max: usize) -> Result<String, TextFault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(TextFault::Empty);
    }
    if text.chars().count() > characters_max {
        return Err(TextFault::TooLong(characters_max));
    }
    if text
        .chars()
        .any(|c| c.is_control() && c != '\n' && c != '\t')
    {
        return Err(TextFault::Control);
    }
    Ok(text.to_owned())
}

/// A machine name: ASCII letters, digits, `-`, `_`, `.`, `/`, at most [`limits::CODE_CHARACTERS_MAX`].
pub(crate) fn code(text: &str) -> Result<String, TextFault> {
    let text = line(text, limits::CODE_CHARACTERS_MAX)?;
    match text
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.' | '/'))
    {
        Some(c) => Err(TextFault::CodeCharacter(c)),
        None => Ok(text),
    }
}
