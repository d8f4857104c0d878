//! Clocks and lights: until when something must be done, and how near that is.
//!
//! A clock is a fact written into an event when it starts. Nothing here counts working hours: the calendar does, through the
//! [`Reckoner`] that the service passes to the law.

use base::Timestamp;
use calendar::{Deadline, Limit, Suspension, WorkCalendar};
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

    /// When `percent` of it is over. Three quarters are over when its light turns yellow, which the calendar has counted;
    /// between that, the beginning and the end, in plain time.
    pub fn at_percent(&self, percent: u32) -> Timestamp {
        let percent = i64::from(percent.min(100));
        let between = |from: Timestamp, to: Timestamp, part: i64, of: i64| {
            let length = i128::from(to.0.saturating_sub(from.0));
            let share = length * i128::from(part) / i128::from(of);
            Timestamp(from.0.saturating_add(i64::try_from(share).unwrap_or(0)))
        };
        if percent <= 75 {
            between(self.started_at, self.yellow_at, percent, 75)
        } else {
            between(self.yellow_at, self.due_at, percent - 75, 25)
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

    /// The clock after `extension` was granted on top of it.
    fn extended(&self, clock: &Clock, extension: &Limit) -> Clock;

    /// The clock of `limit` after it stood still from `from` to `to`: what was left of it then is left after it. Nothing
    /// changes when it had run out before.
    fn stretched(&self, clock: &Clock, limit: &Limit, from: Timestamp, to: Timestamp) -> Clock;
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

    fn extended(&self, clock: &Clock, extension: &Limit) -> Clock {
        let deadline = self.extend(clock.started_at, &deadline_of(clock), extension);
        Clock {
            started_at: clock.started_at,
            yellow_at: deadline.yellow_at,
            due_at: deadline.due_at,
        }
    }

    fn stretched(&self, clock: &Clock, limit: &Limit, from: Timestamp, to: Timestamp) -> Clock {
        let deadline = self.stretch(&deadline_of(clock), limit, Suspension { from, to });
        Clock {
            started_at: clock.started_at,
            yellow_at: deadline.yellow_at,
            due_at: deadline.due_at,
        }
    }
}

fn deadline_of(clock: &Clock) -> Deadline {
    Deadline {
        due_at: clock.due_at,
        yellow_at: clock.yellow_at,
        notes: Vec::new(),
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
