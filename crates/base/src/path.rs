//! Places in a tree (of areas, of organisations) written so that the order of bytes is the order of the tree.
//!
//! Each level is four base-36 digits: `0001` is a root, `0001000a` its tenth child. A subtree is then one half-open range of
//! strings, which any database finds by an ordinary index.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use thiserror::Error;

/// Characters a level takes.
const LEVEL_WIDTH: usize = 4;
/// The deepest level; a root has depth 1. A city needs six.
pub const DEPTH_MAX: usize = 12;
/// The largest number within a level: 36^4 - 1.
pub const NUMBER_MAX: u32 = 1_679_615;
/// Sorts after every digit of a path, so it closes the range of a subtree.
const AFTER_ALL: char = '~';

/// A place in a tree. Cheap to clone; ordered as a walk of the tree (parent, then children by number).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath(Arc<str>);

/// Why a text is no path, or a path has no such child.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TreePathError {
    /// Nothing there.
    #[error("a path has at least one level")]
    Empty,
    /// Not a whole number of levels.
    #[error("a path has four characters a level; this one has {0}")]
    Width(usize),
    /// More than twelve levels.
    #[error("a path has at most 12 levels; this one has {0}")]
    TooDeep(usize),
    /// A character that is none of `0-9a-z`.
    #[error("'{found}' at character {at} is none of 0-9 a-z")]
    Character {
        /// The offending character.
        found: char,
        /// Its place, counted from 1.
        at: usize,
    },
    /// A number that four base-36 digits cannot hold.
    #[error("{0} is above 1679615, the largest number within a level")]
    Number(u32),
}

impl TreePath {
    /// Reads a path. Errors: empty, not four characters a level, too deep, a character outside `0-9a-z`.
    pub fn parse(text: &str) -> Result<Self, TreePathError> {
        if text.is_empty() {
            return Err(TreePathError::Empty);
        }
        for (index, found) in text.chars().enumerate() {
            if !found.is_ascii_digit() && !found.is_ascii_lowercase() {
                return Err(TreePathError::Character {
                    found,
                    at: index + 1,
                });
            }
        }
        if !text.len().is_multiple_of(LEVEL_WIDTH) {
            return Err(TreePathError::Width(text.len()));
        }
        let depth = text.len() / LEVEL_WIDTH;
        if depth > DEPTH_MAX {
            return Err(TreePathError::TooDeep(depth));
        }
        Ok(Self(text.into()))
    }

    /// The root numbered `n`. Errors: `n` is above [`NUMBER_MAX`].
    pub fn root(n: u32) -> Result<Self, TreePathError> {
        level(n).map(|level| Self(level.into()))
    }

    /// The child numbered `n`. Errors: `n` is above [`NUMBER_MAX`], or this is the deepest level.
    pub fn child(&self, n: u32) -> Result<Self, TreePathError> {
        if self.depth() >= DEPTH_MAX {
            return Err(TreePathError::TooDeep(self.depth() + 1));
        }
        Ok(Self(format!("{}{}", self.0, level(n)?).into()))
    }

    /// The path one level up; none for a root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let end = self.0.len().checked_sub(LEVEL_WIDTH)?;
        self.0
            .get(..end)
            .filter(|text| !text.is_empty())
            .map(|text| Self(text.into()))
    }

    /// From the root down to this path itself; for walking up a tree without asking the store.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> + '_ {
        (1..=self.depth())
            .filter_map(|depth| self.0.get(..depth * LEVEL_WIDTH).map(|t| Self(t.into())))
    }

    /// How many levels; 1 for a root.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.0.len() / LEVEL_WIDTH
    }

    /// The number within its level.
    #[must_use]
    pub fn number(&self) -> u32 {
        let start = self.0.len().saturating_sub(LEVEL_WIDTH);
        self.0
            .get(start..)
            .and_then(|text| u32::from_str_radix(text, 36).ok())
            .unwrap_or_default()
    }

    /// Whether `other` is this place or lies below it.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(&*self.0)
    }

    /// The half-open range `from <= path < to` of all paths this one contains.
    #[must_use]
    pub fn range(&self) -> (String, String) {
        (self.0.to_string(), format!("{}{AFTER_ALL}", self.0))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Four base-36 digits.
fn level(n: u32) -> Result<String, TreePathError> {
    if n > NUMBER_MAX {
        return Err(TreePathError::Number(n));
    }
    Ok([46_656, 1_296, 36, 1]
        .into_iter()
        .filter_map(|place| char::from_digit(n / place % 36, 36))
        .collect())
}

impl Borrow<str> for TreePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for TreePath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TreePath({})", self.0)
    }
}

impl FromStr for TreePath {
    type Err = TreePathError;
    fn from_str(text: &str) -> Result<Self, TreePathError> {
        Self::parse(text)
    }
}

impl Serialize for TreePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TreePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> TreePath {
        TreePath::parse(text).unwrap()
    }

    #[test]
    fn a_child_is_written_as_four_more_digits_and_knows_its_parent() {
        let root = TreePath::root(1).unwrap();
        let child = root.child(10).unwrap();
        assert_eq!(child.as_str(), "0001000a");
        assert_eq!((root.depth(), child.depth()), (1, 2));
        assert_eq!((root.number(), child.number()), (1, 10));
        assert_eq!(child.parent(), Some(root.clone()));
        assert_eq!(root.parent(), None);
        let line: Vec<_> = child
            .child(NUMBER_MAX)
            .unwrap()
            .ancestors()
            .map(|p| p.to_string())
            .collect();
        assert_eq!(line, ["0001", "0001000a", "0001000azzzz"]);
    }

    #[test]
    fn the_order_of_bytes_is_the_order_of_the_tree() {
        let root = path("0001");
        let numbers = [
            0, 1, 9, 10, 35, 36, 1_295, 1_296, 46_655, 46_656, NUMBER_MAX,
        ];
        let mut walk = vec![root.clone()];
        for n in numbers {
            let child = root.child(n).unwrap();
            walk.push(child.clone());
            walk.extend(numbers.map(|n| child.child(n).unwrap()));
        }
        walk.push(path("0002"));
        let mut sorted = walk.clone();
        sorted.sort();
        assert_eq!(sorted, walk);
    }

    #[test]
    fn the_range_of_a_path_holds_its_subtree_and_nothing_else() {
        let all = [
            "0001",
            "00010001",
            "0001zzzz",
            "0001zzzzzzzz",
            "0002",
            "0000",
            "00020001",
        ]
        .map(path);
        for top in &all {
            let (from, to) = top.range();
            for other in &all {
                let within = other.as_str() >= from.as_str() && other.as_str() < to.as_str();
                assert_eq!(top.contains(other), within, "{top} {other}");
            }
        }
        assert!(path("0001").contains(&path("0001")), "itself included");
    }

    #[test]
    fn what_is_no_path_is_refused_with_the_reason() {
        use TreePathError as E;
        for (text, error) in [
            ("", E::Empty),
            ("001", E::Width(3)),
            ("00010", E::Width(5)),
            ("000A", E::Character { found: 'A', at: 4 }),
            ("00~1", E::Character { found: '~', at: 3 }),
            ("0 01", E::Character { found: ' ', at: 2 }),
            (
                "青浦",
                E::Character {
                    found: '青', at: 1
                },
            ),
        ] {
            assert_eq!(TreePath::parse(text), Err(error), "{text:?}");
        }
        assert_eq!(TreePath::parse(&"0001".repeat(13)), Err(E::TooDeep(13)));
        let deepest = path(&"0001".repeat(12));
        assert_eq!(deepest.child(1), Err(E::TooDeep(13)));
        assert_eq!(TreePath::root(NUMBER_MAX + 1), Err(E::Number(1_679_616)));
        assert_eq!(path("0001").child(u32::MAX), Err(E::Number(u32::MAX)));
    }

    #[test]
    fn on_the_wire_a_path_is_a_checked_string() {
        assert_eq!(serde_json::to_string(&path("0001")).unwrap(), "\"0001\"");
        assert_eq!(
            serde_json::from_str::<TreePath>("\"0001\"").unwrap(),
            path("0001")
        );
        assert!(serde_json::from_str::<TreePath>("\"1\"").is_err());
    }
}
