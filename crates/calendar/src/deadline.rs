//! Deadlines: a limit added to an instant under a calendar, what stopping the clock does to them, and their lights.

use crate::definition::DayEnd;
use crate::limit::{Counting, Limit, TimeUnit};
use crate::work_calendar::WorkCalendar;
use base::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A deadline that leads through more unofficial years than this names the first of them only.
const NOTED_YEARS_MAX: usize = 3;

/// When something is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// In time up to and including this instant. For limits in working time always a working instant or a closing time.
    pub due_at: Timestamp,
    /// Where the last quarter of the limit begins, counted in the same time as the limit. Never after `due_at`.
    pub yellow_at: Timestamp,
    /// What the reader must know to trust the deadline. Usually empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<DeadlineNote>,
}

/// Something a deadline rests on that may turn out otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum DeadlineNote {
    /// The calendar has no official arrangement of holidays for this year.
    YearNotOfficial {
        /// The year.
        year: i16,
        /// Whether nothing at all is known, so that weekends only were left out; otherwise somebody's unofficial
        /// arrangement was used.
        weekends_only: bool,
    },
    /// The limit holds in a season only, which the calendar cannot check.
    SeasonalLimit {
        /// As written in the standard, e.g. `种植季节`.
        season: String,
    },
    /// Outside the years the calendar can know; counted around the clock.
    OutsideCalendar,
}

impl fmt::Display for DeadlineNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::YearNotOfficial {
                year,
                weekends_only: true,
            } => write!(
                f,
                "there is no notice of the holidays of {year}; only weekends were left out"
            ),
            Self::YearNotOfficial { year, .. } => {
                write!(f, "the holidays of {year} are not official")
            }
            Self::SeasonalLimit { season } => write!(f, "the limit holds in {season}"),
            Self::OutsideCalendar => {
                write!(f, "outside the calendar's years; counted around the clock")
            }
        }
    }
}

/// How a deadline looks at some instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    /// More than a quarter of the limit is left.
    Green,
    /// In the last quarter.
    Yellow,
    /// Too late.
    Red,
}

impl Deadline {
    /// The light at `now`.
    pub fn light(&self, now: Timestamp) -> Light {
        if now > self.due_at {
            Light::Red
        } else if now >= self.yellow_at {
            Light::Yellow
        } else {
            Light::Green
        }
    }
}

/// A time during which a clock stood still (挂账).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// When it stopped; not before the limit began to run.
    pub from: Timestamp,
    /// When it ran again.
    pub to: Timestamp,
}

impl WorkCalendar {
    /// When `limit` runs out that begins to run at `start`.
    ///
    /// Limits around the clock are plain time (a day is 24 hours). Working hours run in working time only. Working days run
    /// from the next working instant, each day counting for its own hours; the calendar says whether whole ones last until
    /// the end of their day. A due time at a closing time stays there rather than moving to the next opening.
    pub fn deadline(&self, start: Timestamp, limit: &Limit) -> Deadline {
        let mut outside = false;
        let due_at = self.run_out(start, limit, &mut outside);
        Deadline {
            due_at,
            yellow_at: self.last_quarter(start, due_at, limit.counting),
            notes: self.notes(start, due_at, limit, outside),
        }
    }

    /// The deadline after its clock stood still during `suspended`: what was left of it then is left after it.
    ///
    /// Nothing changes when it had run out before, or when the suspension has no length. Suspensions are applied one after
    /// the other, in order. `limit` is the one the deadline was made with.
    pub fn stretch(&self, deadline: &Deadline, limit: &Limit, suspended: Suspension) -> Deadline {
        let Suspension { from, to } = suspended;
        if from >= deadline.due_at || from >= to {
            return deadline.clone();
        }
        let move_on = |at: Timestamp| {
            if at <= from {
                return at;
            }
            match limit.counting {
                Counting::AroundTheClock => add(to, at.0.saturating_sub(from.0)),
                Counting::Working => self.plus_working_us(to, self.worked_us(from, at)),
            }
        };
        let due_at = self.to_day_end(move_on(deadline.due_at), limit);
        Deadline {
            due_at,
            yellow_at: move_on(deadline.yellow_at).min(due_at),
            notes: merge(
                &deadline.notes,
                self.notes(from, due_at, limit, self.is_outside(due_at)),
            ),
        }
    }

    /// The deadline of something begun at `start` after `extension` has been granted on top (延期).
    pub fn extend(&self, start: Timestamp, deadline: &Deadline, extension: &Limit) -> Deadline {
        let mut outside = false;
        let due_at = self.run_out(deadline.due_at, extension, &mut outside);
        Deadline {
            due_at,
            yellow_at: self.last_quarter(start, due_at, extension.counting),
            notes: merge(
                &deadline.notes,
                self.notes(start, due_at, extension, outside),
            ),
        }
    }

    fn run_out(&self, start: Timestamp, limit: &Limit, outside: &mut bool) -> Timestamp {
        let length = limit.seconds().saturating_mul(1_000_000);
        if limit.counting == Counting::AroundTheClock || length == 0 {
            return add(start, length);
        }
        let due_at = match limit.unit {
            TimeUnit::Minute | TimeUnit::Hour => self.plus_working_us(start, length),
            TimeUnit::Day => {
                let days = self
                    .days()
                    .plus_working_days(self.local(start), limit.hundredths);
                *outside = days.is_none();
                match days {
                    Some(local) => self.to_day_end(self.instant(local), limit),
                    None => add(start, length),
                }
            }
        };
        *outside |= self.is_outside(start) || self.is_outside(due_at);
        due_at
    }

    /// Moves to closing time what the calendar lets last until the end of its day.
    fn to_day_end(&self, due_at: Timestamp, limit: &Limit) -> Timestamp {
        let whole_working_days = limit.counting == Counting::Working
            && limit.unit == TimeUnit::Day
            && limit.hundredths.is_multiple_of(100);
        if whole_working_days && self.definition().working_days_end == DayEnd::UntilEndOfDay {
            self.instant(self.days().closing(self.local(due_at)))
        } else {
            due_at
        }
    }

    fn last_quarter(&self, start: Timestamp, due_at: Timestamp, counting: Counting) -> Timestamp {
        let three_quarters = |whole: i64| whole - whole / 4;
        match counting {
            Counting::AroundTheClock => {
                add(start, three_quarters(due_at.0.saturating_sub(start.0)))
            }
            Counting::Working => {
                self.plus_working_us(start, three_quarters(self.worked_us(start, due_at)))
            }
        }
        .min(due_at)
    }

    fn notes(
        &self,
        start: Timestamp,
        due_at: Timestamp,
        limit: &Limit,
        outside: bool,
    ) -> Vec<DeadlineNote> {
        let mut notes = Vec::new();
        if limit.counting == Counting::Working {
            let years = self.unofficial_years(start, due_at);
            for (year, weekends_only) in years.take(NOTED_YEARS_MAX) {
                notes.push(DeadlineNote::YearNotOfficial {
                    year,
                    weekends_only,
                });
            }
            if outside {
                notes.push(DeadlineNote::OutsideCalendar);
            }
        }
        if let Some(season) = limit.season() {
            notes.push(DeadlineNote::SeasonalLimit {
                season: season.to_owned(),
            });
        }
        notes
    }
}

/// What was known before and what came to light.
fn merge(before: &[DeadlineNote], fresh: Vec<DeadlineNote>) -> Vec<DeadlineNote> {
    let mut notes = before.to_vec();
    notes.extend(fresh.into_iter().filter(|note| !before.contains(note)));
    notes
}

/// `microseconds` later, within range.
fn add(at: Timestamp, microseconds: i64) -> Timestamp {
    Timestamp(at.0.saturating_add(microseconds))
}
