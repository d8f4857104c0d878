//! Time is passed in. This module is the only one that asks the system for it.

use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, Ordering};

/// Microseconds since 1970-01-01T00:00:00Z. On the wire RFC 3339 with an offset.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The instant `seconds` later (or earlier, when negative); stays within range.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// As jiff's instant. Values outside year -9999..9999 are clamped.
    pub fn to_jiff(self) -> jiff::Timestamp {
        let clamped = self.0.clamp(
            jiff::Timestamp::MIN.as_microsecond(),
            jiff::Timestamp::MAX.as_microsecond(),
        );
        jiff::Timestamp::from_microsecond(clamped).unwrap_or_default()
    }

    /// From jiff's instant, cut to the microsecond.
    pub fn from_jiff(at: jiff::Timestamp) -> Self {
        Self(at.as_microsecond())
    }

    /// RFC 3339 in `zone`, to the second when the fraction is zero, e.g. `2026-11-21T09:05:00+08:00`.
    pub fn to_rfc3339(self, zone: &TimeZone) -> String {
        let zoned = self.to_jiff().to_zoned(zone.clone());
        jiff::fmt::temporal::DateTimePrinter::new()
            .timestamp_with_offset_to_string(&self.to_jiff(), zoned.offset())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339(&china()))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;
    /// RFC 3339 with an offset or `Z`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<jiff::Timestamp>().map(Self::from_jiff)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(|_| {
            serde::de::Error::custom(
                "a time is RFC 3339 with an offset, e.g. 2026-11-21T09:05:00+08:00",
            )
        })
    }
}

/// China Standard Time, UTC+8 without summer time: the zone of every city this platform serves.
pub fn china() -> TimeZone {
    TimeZone::fixed(jiff::tz::Offset::constant(8))
}

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks the system for the time"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::from_jiff(jiff::Timestamp::now())
    }
}

/// A clock that stands still until it is set; for tests and simulation.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `at`.
    pub fn new(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.0))
    }

    /// Shows `at` from now on.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.0, Ordering::SeqCst);
    }

    /// Moves on by `seconds`.
    pub fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_the_offset_of_china_and_read_with_any() {
        let at: Timestamp = "2026-11-21T01:05:00Z".parse().unwrap();
        assert_eq!(at.to_string(), "2026-11-21T09:05:00+08:00");
        assert_eq!(
            "2026-11-21T09:05:00+08:00".parse::<Timestamp>().unwrap(),
            at
        );
        assert!(
            "2026-11-21T09:05:00".parse::<Timestamp>().is_err(),
            "a time without an offset is no instant"
        );
    }
}
