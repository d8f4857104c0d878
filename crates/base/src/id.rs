//! Ids: 64 bits, ordered by time, unique over all nodes of an installation.
//!
//! From the top: one sign bit (zero), 41 bits of milliseconds since 2000-01-01 UTC (enough until 2069), 10 bits of node,
//! 12 bits of sequence. On the wire an id is a JSON string, because a JavaScript number holds only 53 bits.

use crate::clock::{Clock, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// 2000-01-01T00:00:00Z in microseconds since 1970.
const EPOCH_US: i64 = 946_684_800_000_000;
const NODE_BITS: u32 = 10;
const SEQUENCE_BITS: u32 = 12;
/// The largest node number.
pub const NODE_MAX: u16 = (1 << NODE_BITS) - 1;

/// The id of a row, whatever its table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub i64);

impl Id {
    /// When the id was made, to the millisecond.
    pub fn made_at(self) -> Timestamp {
        Timestamp(EPOCH_US + (self.0 >> (NODE_BITS + SEQUENCE_BITS)) * 1000)
    }

    /// The smallest id that can be made at `at` or later; for ranges over ids by time.
    pub fn first_at(at: Timestamp) -> Self {
        Self(((at.0 - EPOCH_US).max(0) / 1000) << (NODE_BITS + SEQUENCE_BITS))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({})", self.0)
    }
}

impl FromStr for Id {
    type Err = ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Id;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id: a string of decimal digits")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Id, E> {
                text.parse()
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

/// Makes ids for one node. Cheap to clone; clones share the sequence.
#[derive(Clone)]
pub struct IdSource {
    clock: Arc<dyn Clock>,
    node: i64,
    last: Arc<AtomicI64>,
}

impl IdSource {
    /// A source for `node` that never gives an id at or below `floor` (the last one this node is known to have given), so
    /// that a clock set back does not repeat ids.
    pub fn new(clock: Arc<dyn Clock>, node: u16, floor: Id) -> Self {
        Self {
            clock,
            node: i64::from(node.min(NODE_MAX)),
            last: Arc::new(AtomicI64::new(floor.0)),
        }
    }

    /// The next id. When 4,096 ids have been given within a millisecond the next one borrows from the future.
    pub fn next_id(&self) -> Id {
        let node = self.node << SEQUENCE_BITS;
        let fresh = Id::first_at(self.clock.now()).0 | node;
        let after = |last: i64| {
            if fresh > last {
                return fresh;
            }
            let sequence_mask = (1 << SEQUENCE_BITS) - 1;
            if last & sequence_mask < sequence_mask {
                // Same millisecond: the next in sequence; the node bits may be another's when `last` was a floor.
                let same = (last >> (NODE_BITS + SEQUENCE_BITS)) << (NODE_BITS + SEQUENCE_BITS);
                let candidate = same | node | ((last & sequence_mask) + 1);
                if candidate > last {
                    return candidate;
                }
            }
            (((last >> (NODE_BITS + SEQUENCE_BITS)) + 1) << (NODE_BITS + SEQUENCE_BITS)) | node
        };
        let mut last = self.last.load(Ordering::Relaxed);
        loop {
            let next = after(last);
            match self
                .last
                .compare_exchange_weak(last, next, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return Id(next),
                Err(seen) => last = seen,
            }
        }
    }

    /// The highest id given so far (or the floor).
    pub fn last(&self) -> Id {
        Id(self.last.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn at(ms: i64) -> Arc<ManualClock> {
        Arc::new(ManualClock::new(Timestamp(EPOCH_US + ms * 1000)))
    }

    #[test]
    fn ids_rise_within_a_millisecond_and_when_the_clock_goes_back() {
        let clock = at(5_000);
        let ids = IdSource::new(clock.clone(), 3, Id(0));
        let mut last = Id(0);
        for n in 0..10_000 {
            if n == 5_000 {
                clock.set(Timestamp(EPOCH_US));
            }
            let id = ids.next_id();
            assert!(id > last);
            assert_eq!(
                (id.0 >> SEQUENCE_BITS) & i64::from(NODE_MAX),
                3,
                "the node stays in its bits"
            );
            last = id;
        }
    }

    #[test]
    fn an_id_is_never_at_or_below_the_floor() {
        let floor = Id((7_000 << 22) | (900 << 12) | 4095);
        let ids = IdSource::new(at(1), 3, floor);
        let first = ids.next_id();
        assert!(first > floor);
        assert_eq!((first.0 >> SEQUENCE_BITS) & i64::from(NODE_MAX), 3);
    }

    #[test]
    fn an_id_knows_when_it_was_made() {
        let id = IdSource::new(at(123_456), 1, Id(0)).next_id();
        assert_eq!(id.made_at(), Timestamp(EPOCH_US + 123_456_000));
    }

    #[test]
    fn on_the_wire_an_id_is_a_string_and_nothing_else() {
        assert_eq!(
            serde_json::to_string(&Id(9_007_199_254_740_993)).unwrap(),
            "\"9007199254740993\""
        );
        assert_eq!(serde_json::from_str::<Id>("\"42\"").unwrap(), Id(42));
        assert!(serde_json::from_str::<Id>("42").is_err());
        assert!(serde_json::from_str::<Id>("\"4x\"").is_err());
    }
}
