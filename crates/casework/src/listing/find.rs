//! What can be asked of an index: words, and what they make together.

use super::filter::MapBox;
use super::index::{Rows, Tied};
use base::Id;
use base::path::TreePath;

/// Something that is said of a case or a report.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Word {
    /// It is in this stage, as the model numbers them.
    Stage(u8),
    /// It is so urgent.
    Level(u8),
    /// It has this mark.
    Mark(u8),
    /// It is of this category.
    Category(Id),
    /// It came from there.
    Source(String),
    /// It goes by this process.
    Process(String),
    /// This organisation, or one below it, holds it.
    Holder(TreePath),
    /// It lies in an area.
    Area {
        /// The lowest area that holds `area` and of which the index knows what lies in it.
        whole: TreePath,
        /// The area.
        area: TreePath,
    },
    /// It lies in a box on the map.
    Within(MapBox),
    /// It is tied to something.
    Tied(Tied),
}

/// What is to be found.
#[derive(Clone, Debug)]
pub(crate) enum Find {
    /// Of what this is said.
    Word(Word),
    /// These.
    Rows(Rows),
    /// What all of them find; everything when there are none.
    All(Vec<Self>),
    /// What one of them finds; nothing when there are none.
    Any(Vec<Self>),
    /// What it does not find.
    Not(Box<Self>),
}

impl Find {
    /// What is not so.
    pub(crate) fn not(self) -> Self {
        Self::Not(Box::new(self))
    }
}

impl From<Word> for Find {
    fn from(word: Word) -> Self {
        Self::Word(word)
    }
}
