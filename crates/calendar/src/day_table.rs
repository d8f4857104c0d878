//! The days of 130 years, laid out so that working time is looked up, not walked through.
//!
//! For every day the table holds the working seconds and the working days before it; both directions are then a search and
//! a few additions. Outside its years nothing is known and time counts around the clock.

use crate::definition::Period;

/// Microseconds of a day.
pub(crate) const DAY_US: i64 = 86_400_000_000;
const SECOND_US: i64 = 1_000_000;
/// Deadlines seldom reach further than this, so it is searched first; then the search stays within a cache line or two.
const NEAR_DAYS: usize = 32;

/// The working periods of a day, in order, apart from each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schedule {
    periods: Vec<Period>,
    seconds: u32,
}

impl Schedule {
    pub(crate) fn new(periods: Vec<Period>) -> Self {
        let seconds = periods
            .iter()
            .map(|period| period.to_seconds - period.from_seconds)
            .sum();
        Self { periods, seconds }
    }

    /// Working seconds of the day.
    pub(crate) fn seconds(&self) -> u32 {
        self.seconds
    }

    pub(crate) fn periods(&self) -> &[Period] {
        &self.periods
    }

    fn total_us(&self) -> i64 {
        i64::from(self.seconds) * SECOND_US
    }

    /// Working time from midnight to `within`, both in microseconds.
    fn worked(&self, within: i64) -> i64 {
        self.periods
            .iter()
            .map(|period| {
                let from = i64::from(period.from_seconds) * SECOND_US;
                let to = i64::from(period.to_seconds) * SECOND_US;
                within.clamp(from, to) - from
            })
            .sum()
    }

    /// The earliest time of day by which `worked` (above zero, up to the whole day) has been worked.
    fn time_of(&self, worked: i64) -> i64 {
        let (mut left, mut end) = (worked, 0);
        for period in &self.periods {
            let from = i64::from(period.from_seconds) * SECOND_US;
            end = i64::from(period.to_seconds) * SECOND_US;
            if left <= end - from {
                return from + left;
            }
            left -= end - from;
        }
        end
    }

    /// Whether `within` lies in a working period.
    fn is_open(&self, within: i64) -> bool {
        self.periods.iter().any(|period| {
            (i64::from(period.from_seconds) * SECOND_US..i64::from(period.to_seconds) * SECOND_US)
                .contains(&within)
        })
    }
}

/// All times in here are local: microseconds since 1970-01-01T00:00 of the calendar's zone.
#[derive(Clone, Debug)]
pub(crate) struct DayTable {
    /// Days from 1970-01-01 to the first day of the table.
    first_day: i64,
    /// For each day its place in `schedules`; 0 is a day without work.
    schedule_of: Vec<u8>,
    schedules: Vec<Schedule>,
    /// Working seconds before each day, and before the day after the last.
    seconds_before: Vec<u32>,
    /// Working days before each day, and before the day after the last.
    days_before: Vec<u32>,
}

/// A day of the table and the time within it.
struct Place<'a> {
    index: usize,
    within: i64,
    schedule: &'a Schedule,
}

impl DayTable {
    /// `schedule_of` names for each day from `first_day` on its place in `schedules`, the first of which must be empty.
    pub(crate) fn new(first_day: i64, schedule_of: Vec<u8>, schedules: Vec<Schedule>) -> Self {
        let mut table = Self {
            first_day,
            seconds_before: Vec::with_capacity(schedule_of.len() + 1),
            days_before: Vec::with_capacity(schedule_of.len() + 1),
            schedule_of,
            schedules,
        };
        let (mut seconds, mut days) = (0, 0);
        for index in 0..table.schedule_of.len() {
            table.seconds_before.push(seconds);
            table.days_before.push(days);
            let worked = table.schedule(index).map_or(0, Schedule::seconds);
            seconds += worked;
            days += u32::from(worked > 0);
        }
        table.seconds_before.push(seconds);
        table.days_before.push(days);
        table
    }

    fn first_us(&self) -> i64 {
        self.first_day * DAY_US
    }

    fn end_us(&self) -> i64 {
        let days = i64::try_from(self.schedule_of.len()).unwrap_or(i64::MAX);
        self.first_us() + days * DAY_US
    }

    fn total_us(&self) -> i64 {
        i64::from(self.seconds_before.last().copied().unwrap_or(0)) * SECOND_US
    }

    /// Whether `local` lies in the years of the table.
    pub(crate) fn covers(&self, local: i64) -> bool {
        (self.first_us()..self.end_us()).contains(&local)
    }

    fn schedule(&self, index: usize) -> Option<&Schedule> {
        let place = self.schedule_of.get(index)?;
        self.schedules.get(usize::from(*place))
    }

    fn place(&self, local: i64) -> Option<Place<'_>> {
        let index = usize::try_from(local.div_euclid(DAY_US) - self.first_day).ok()?;
        Some(Place {
            index,
            within: local.rem_euclid(DAY_US),
            schedule: self.schedule(index)?,
        })
    }

    fn local(&self, index: usize, within: i64) -> i64 {
        let days = i64::try_from(index).unwrap_or(i64::MAX / DAY_US / 2);
        (self.first_day + days) * DAY_US + within
    }

    /// The schedule of the day `local` lies in; none outside the table.
    pub(crate) fn schedule_at(&self, local: i64) -> Option<&Schedule> {
        self.place(local).map(|place| place.schedule)
    }

    /// Whether somebody works at `local`; outside the table always.
    pub(crate) fn is_open(&self, local: i64) -> bool {
        self.place(local)
            .is_none_or(|place| place.schedule.is_open(place.within))
    }

    /// Working microseconds from the table's first day to `local`; never falls as `local` rises.
    pub(crate) fn worked(&self, local: i64) -> i64 {
        match self.place(local) {
            Some(place) => {
                let before = self.seconds_before.get(place.index).copied().unwrap_or(0);
                i64::from(before) * SECOND_US + place.schedule.worked(place.within)
            }
            None if local < self.first_us() => local - self.first_us(),
            None => self.total_us() + (local - self.end_us()),
        }
    }

    /// The earliest instant at which [`DayTable::worked`] is `worked`; `near` is an instant at or before it to begin the
    /// search from.
    pub(crate) fn earliest(&self, worked: i64, near: i64) -> i64 {
        if worked <= 0 {
            return self.first_us() + worked;
        }
        if worked > self.total_us() {
            return self.end_us() + (worked - self.total_us());
        }
        let seconds = u32::try_from((worked + SECOND_US - 1) / SECOND_US).unwrap_or(u32::MAX);
        let index = self.last_below(&self.seconds_before, seconds, near);
        let before = self.seconds_before.get(index).copied().unwrap_or(0);
        let left = worked - i64::from(before) * SECOND_US;
        let within = self.schedule(index).map_or(0, |day| day.time_of(left));
        self.local(index, within)
    }

    /// The instant of the next work at or after `local`: itself when somebody works then.
    pub(crate) fn next_open(&self, local: i64) -> i64 {
        if self.is_open(local) {
            return local;
        }
        // One microsecond of work further, less that microsecond.
        self.earliest(self.worked(local) + 1, local) - 1
    }

    /// The instant by which `hundredths` of working days have passed since `local`, each day counting for its own hours:
    /// from three quarters of one day to three quarters of another is one day. None when that leaves the table.
    pub(crate) fn plus_working_days(&self, local: i64, hundredths: u32) -> Option<i64> {
        let place = self.place(local)?;
        let before = i64::from(self.days_before.get(place.index).copied()?);
        let total = place.schedule.total_us();
        let worked = place.schedule.worked(place.within);
        // Days passed since the table began, as `days` whole ones and `part` of `whole`.
        let (days, part, whole) = match total {
            0 => (before, 0, 1),
            _ => (before, worked, total),
        };
        let hundred = i64::from(hundredths);
        let part = part * 100 + (hundred % 100) * whole;
        let whole = whole * 100;
        let days = days + hundred / 100 + part / whole;
        let part = part % whole;
        // A whole number of days ends when the last of them closes; a part of one within the next.
        let ordinal = if part == 0 { days } else { days + 1 };
        let index = self.last_below(&self.days_before, u32::try_from(ordinal).ok()?, local);
        let schedule = self.schedule(index).filter(|day| day.seconds() > 0)?;
        if self.days_before.get(index + 1).copied() != u32::try_from(ordinal).ok() {
            return None;
        }
        let reached = if part == 0 {
            schedule.total_us()
        } else {
            let scaled = i128::from(part) * i128::from(schedule.total_us());
            let whole = i128::from(whole);
            i64::try_from((scaled + whole - 1) / whole).ok()?
        };
        Some(self.local(index, schedule.time_of(reached)))
    }

    /// Closing time of the day `local` lies in; `local` itself when nobody works that day.
    pub(crate) fn closing(&self, local: i64) -> i64 {
        self.place(local)
            .and_then(|place| {
                let last = place.schedule.periods().last()?;
                Some(self.local(place.index, i64::from(last.to_seconds) * SECOND_US))
            })
            .unwrap_or(local)
    }

    /// The last day before which the count is below `target`: the day on which it is reached. Days near `near` are tried
    /// first.
    fn last_below(&self, counts: &[u32], target: u32, near: i64) -> usize {
        let from = usize::try_from(near.div_euclid(DAY_US) - self.first_day).unwrap_or(0);
        let window = counts.get(from..(from + NEAR_DAYS).min(counts.len()));
        let reached = match window {
            Some(days)
                if days.first().is_some_and(|&count| count < target)
                    && days.last().is_some_and(|&count| count >= target) =>
            {
                from + days.partition_point(|&count| count < target)
            }
            _ => counts.partition_point(|&count| count < target),
        };
        reached.saturating_sub(1)
    }
}
