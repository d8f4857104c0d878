//! Clocks and lights: until when something must be done, and how near that is.
//!
//! A clock is a fact written into an event when it starts. Nothing here counts working hours: the calendar does, through the
//! [`Reckoner`] that the service passes to the law.

use base::Timestamp;
use calendar::{Limit, WorkCalendar};
use serde::{Deserialize, Serialize};

/// A running limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Clock {
    /// When it began to run.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// When its last quarter begins.
    #[schema(value_type = String, format = DateTime)]
    pub yellow_at: Timestamp,
    /// When it has run out. What happens at this very instant is still in time.
    #[schema(value_type = String, format = DateTime)]
    pub due_at: Timestamp,
}

impl Clock {
    /// A clock over natural minutes, day and night.
    pub fn over_minutes(started_at: Timestamp, minutes: u32) -> Self {
        let seconds = i64::from(minutes) * 60;
        Self {
            started_at,
            yellow_at: started_at.plus_seconds(seconds * 3 / 4),
            due_at: started_at.plus_seconds(seconds),
        }
    }

    /// A clock from one instant to another.
    pub fn between(started_at: Timestamp, due_at: Timestamp) -> Self {
        let length = (due_at.0 - started_at.0).max(0);
        Self {
            started_at,
            yellow_at: Timestamp(started_at.0 + length / 4 * 3),
            due_at,
        }
    }

    /// The light it shows.
    pub fn light(&self, now: Timestamp) -> Light {
        if self.is_overdue(now) {
            Light::Red
        } else if now >= self.yellow_at {
            Light::Yellow
        } else {
            Light::Green
        }
    }

    /// Whether it has run out.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        now > self.due_at
    }
}

/// 绿灯 黄灯 红灯.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    /// Time is left.
    Green,
    /// The last quarter of the limit.
    Yellow,
    /// Past due.
    Red,
}

impl Light {
    /// The light whose word this is.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "green" => Some(Self::Green),
            "yellow" => Some(Self::Yellow),
            "red" => Some(Self::Red),
            _ => None,
        }
    }
}

/// Adds limits to instants; in the product the working calendar of the city.
pub trait Reckoner: Send + Sync {
    /// The clock that starts at `started_at` and runs for `limit`.
    fn clock(&self, started_at: Timestamp, limit: &Limit) -> Clock;
}

impl Reckoner for WorkCalendar {
    fn clock(&self, started_at: Timestamp, limit: &Limit) -> Clock {
        let deadline = self.deadline(started_at, limit);
        Clock {
            started_at,
            yellow_at: deadline.yellow_at,
            due_at: deadline.due_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_light_is_green_then_yellow_in_the_last_quarter_then_red_after_the_limit() {
        let clock = Clock::over_minutes(Timestamp(0), 40);
        let minute = |m: i64| Timestamp(m * 60_000_000);
        for (at, light) in [
            (minute(0), Light::Green),
            (Timestamp(minute(30).0 - 1), Light::Green),
            (minute(30), Light::Yellow),
            (minute(40), Light::Yellow),
            (Timestamp(minute(40).0 + 1), Light::Red),
        ] {
            assert_eq!(clock.light(at), light, "at {at:?}");
        }
    }
}
