//! What is said of things, in numbers: words of the city become small numbers as they come.

use super::place::{Block, Place};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::Hash;

/// The same, as it is kept. Zero is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) place: Option<Place>,
    pub(super) area: u32,
    pub(super) category: u16,
    pub(super) source: u16,
    pub(super) process: u16,
    pub(super) holder: u16,
    pub(super) stage: u8,
    pub(super) level: u8,
    pub(super) marks: u8,
}

/// A word as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Term {
    Stage(u8),
    Level(u8),
    Mark(u8),
    Category(u16),
    Source(u16),
    Process(u16),
    /// An organisation or one above it.
    Holder(u16),
    /// An area or one above it.
    Area(u32),
    /// A block of the map.
    Block(Block),
}

/// Numbers things from 1.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound(
    serialize = "T: Serialize",
    deserialize = "T: Deserialize<'de> + Eq + Hash"
))]
pub(super) struct Numbers<T>(HashMap<T, u32>);

impl<T: Eq + Hash> Numbers<T> {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn of<Q: ?Sized + Eq + Hash + ToOwned<Owned = T>>(&mut self, thing: &Q) -> u32
    where
        T: std::borrow::Borrow<Q>,
    {
        if let Some(number) = self.0.get(thing) {
            return *number;
        }
        let next = u32::try_from(self.0.len() + 1).unwrap_or(u32::MAX);
        self.0.insert(thing.to_owned(), next);
        next
    }

    pub(super) fn known<Q: ?Sized + Eq + Hash>(&self, thing: &Q) -> Option<u32>
    where
        T: std::borrow::Borrow<Q>,
    {
        self.0.get(thing).copied()
    }
}

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

/// More kinds, sources or organisations than any city has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than 65,535 categories, sources, processes or organisations")]
pub(crate) struct TooMany;

pub(super) fn small(number: Option<u32>, term: fn(u16) -> Term) -> Option<Term> {
    narrow(number?).ok().map(term)
}

pub(super) fn narrow(number: u32) -> Result<u16, TooMany> {
    u16::try_from(number).map_err(|_| TooMany)
}
