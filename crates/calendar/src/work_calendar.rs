//! A working calendar ready to compute with: the definition checked as a whole and laid out day by day.

use crate::day_table::{DAY_US, DayTable, Schedule};
use crate::definition::{CalendarDefinition, MonthDay, Period, Season, Weekday};
use base::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// First year a calendar can know; earlier ones are outside.
const YEAR_FIRST: i16 = 1990;
/// Last year a calendar can know. 130 years of round-the-clock work still fit the table's 32-bit seconds.
const YEAR_LAST: i16 = 2119;
/// Seasons of one calendar. More than one a month makes no sense.
const SEASONS_MAX: usize = 12;
/// What a new city begins with.
const CHINA: &str = include_str!("../calendars/china.toml");

/// When people work, compiled from a [`CalendarDefinition`] (which it is in JSON and TOML). About 400 KiB; share it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "CalendarDefinition", into = "CalendarDefinition")]
pub struct WorkCalendar {
    definition: CalendarDefinition,
    offset_us: i64,
    days: DayTable,
    /// Whether what is known of a year is official.
    official: BTreeMap<i16, bool>,
    /// The days that are not what their day of the week says.
    exceptions: BTreeMap<Date, DayKind>,
}

/// What is wrong with a calendar's definition, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CalendarError {
    /// The text is no TOML of the expected form.
    #[error("the calendar cannot be read: {0}")]
    Unreadable(String),
    /// The zone offset.
    #[error("zone_offset `{0}` is not of the form +08:00")]
    ZoneOffset(String),
    /// Hours missing, out of order or overlapping.
    #[error("{place}: {reason}")]
    Hours {
        /// Whose hours.
        place: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// Nobody would ever work.
    #[error("weekend: every day of the week is a weekend day")]
    NoWorkingDay,
    /// More seasons than months.
    #[error("seasons: more than {SEASONS_MAX}")]
    TooManySeasons,
    /// Two seasons on one day.
    #[error("seasons: {day} is both in {first} and in {second}")]
    SeasonsOverlap {
        /// The day, `06-01`.
        day: String,
        /// One season.
        first: String,
        /// The other.
        second: String,
    },
    /// A year twice, or one the calendar cannot know.
    #[error("year {0}: given twice, or not within {YEAR_FIRST} to {YEAR_LAST}")]
    Year(i16),
    /// A date listed under the wrong year.
    #[error("year {year}: {date} is neither in that year nor in the December before")]
    DateOfOtherYear {
        /// The year it is listed under.
        year: i16,
        /// The date.
        date: Date,
    },
    /// Free and worked at once.
    #[error("year {year}: {date} is both a holiday and a make-up day")]
    HolidayAndMakeUp {
        /// The year it is listed under.
        year: i16,
        /// The date.
        date: Date,
    },
    /// A make-up day on a day that is worked anyway is a slip of the keyboard.
    #[error("year {year}: the make-up day {date} is not on a weekend")]
    MakeUpOnWorkingDay {
        /// The year it is listed under.
        year: i16,
        /// The date.
        date: Date,
    },
}

/// What a day is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// An ordinary working day.
    Working,
    /// A weekend day that is worked (调休).
    MakeUp,
    /// A free day of the week.
    Weekend,
    /// A day off by notice, on a weekend or not.
    Holiday,
}

impl WorkCalendar {
    /// Checks and compiles a definition. Errors name the place.
    pub fn new(definition: CalendarDefinition) -> Result<Self, CalendarError> {
        let offset_us = offset_us(&definition.zone_offset)?;
        let schedules = schedules(&definition)?;
        if (0..7).all(|day| definition.weekend.contains(&weekday_of(day))) {
            return Err(CalendarError::NoWorkingDay);
        }
        check_seasons(&definition.seasons)?;
        let exceptions = exceptions(&definition);
        let official = check_years(&definition, &exceptions)?;
        let (mut schedule_of, mut first_day) = (Vec::new(), 0);
        let mut day = Date::new(YEAR_FIRST, 1, 1).ok();
        while let Some(date) = day.filter(|date| date.year() <= YEAR_LAST) {
            if schedule_of.is_empty() {
                first_day = days_since_1970(date);
            }
            let works = match kind_of(&definition, &exceptions, date) {
                DayKind::Working | DayKind::MakeUp => place_of(&definition.seasons, date),
                DayKind::Weekend | DayKind::Holiday => 0,
            };
            schedule_of.push(works);
            day = date.tomorrow().ok();
        }
        Ok(Self {
            days: DayTable::new(first_day, schedule_of, schedules),
            definition,
            offset_us,
            official,
            exceptions,
        })
    }

    /// Reads a definition in TOML. Errors: not TOML, unknown or missing fields, or a definition that contradicts itself.
    pub fn from_toml(text: &str) -> Result<Self, CalendarError> {
        let definition =
            toml::from_str(text).map_err(|error| CalendarError::Unreadable(error.to_string()))?;
        Self::new(definition)
    }

    /// The calendar a new city begins with: the State Council's arrangements of the years whose notice was known when this
    /// version was made, and common office hours. The error cannot happen; a test reads it.
    pub fn china() -> Result<Self, CalendarError> {
        Self::from_toml(CHINA)
    }

    /// What it was made from.
    pub fn definition(&self) -> &CalendarDefinition {
        &self.definition
    }

    /// What `date` is.
    pub fn day_kind(&self, date: Date) -> DayKind {
        kind_of(&self.definition, &self.exceptions, date)
    }

    /// The working hours of the day `at` lies in; empty on a free day and outside the calendar's years.
    pub fn hours_on(&self, at: Timestamp) -> &[Period] {
        self.days
            .schedule_at(self.local(at))
            .map_or(&[], Schedule::periods)
    }

    /// Whether somebody works at `at`. At an opening time yes, at a closing time no.
    pub fn is_working(&self, at: Timestamp) -> bool {
        self.days.is_open(self.local(at))
    }

    /// The first working instant at or after `at`.
    pub fn next_working(&self, at: Timestamp) -> Timestamp {
        self.instant(self.days.next_open(self.local(at)))
    }

    /// Whole seconds of working time from `from` to `to`; negative when `to` is earlier.
    pub fn worked_between(&self, from: Timestamp, to: Timestamp) -> i64 {
        self.worked_us(from, to) / 1_000_000
    }

    /// The earliest instant by which `seconds` of working time have passed since `start`; `start` itself for none.
    pub fn add_working_seconds(&self, start: Timestamp, seconds: u32) -> Timestamp {
        self.plus_working_us(start, i64::from(seconds) * 1_000_000)
    }

    pub(crate) fn plus_working_us(&self, start: Timestamp, microseconds: i64) -> Timestamp {
        if microseconds <= 0 {
            return start;
        }
        let local = self.local(start);
        let target = self.days.worked(local).saturating_add(microseconds);
        self.instant(self.days.earliest(target, local))
    }

    pub(crate) fn worked_us(&self, from: Timestamp, to: Timestamp) -> i64 {
        let worked = |at| self.days.worked(self.local(at));
        worked(to) - worked(from)
    }

    pub(crate) fn days(&self) -> &DayTable {
        &self.days
    }

    /// The wall clock of the calendar's zone. Clamped to a few thousand years around, so that sums stay in range.
    pub(crate) fn local(&self, at: Timestamp) -> i64 {
        at.0.clamp(i64::MIN / 8, i64::MAX / 8) + self.offset_us
    }

    pub(crate) fn instant(&self, local: i64) -> Timestamp {
        Timestamp(local - self.offset_us)
    }

    pub(crate) fn is_outside(&self, at: Timestamp) -> bool {
        !self.days.covers(self.local(at))
    }

    /// The years from `start` to `end` whose arrangement is not official, each with whether nothing at all is known of it.
    pub(crate) fn unofficial_years(
        &self,
        start: Timestamp,
        end: Timestamp,
    ) -> impl Iterator<Item = (i16, bool)> + '_ {
        let year = |at| year_of_day(self.local(at).div_euclid(DAY_US));
        (year(start)..=year(end)).filter_map(|year| match self.official.get(&year) {
            Some(true) => None,
            known => Some((year, known.is_none())),
        })
    }
}

impl TryFrom<CalendarDefinition> for WorkCalendar {
    type Error = CalendarError;
    fn try_from(definition: CalendarDefinition) -> Result<Self, CalendarError> {
        Self::new(definition)
    }
}

impl From<WorkCalendar> for CalendarDefinition {
    fn from(calendar: WorkCalendar) -> Self {
        calendar.definition
    }
}

fn offset_us(text: &str) -> Result<i64, CalendarError> {
    let wrong = || CalendarError::ZoneOffset(text.to_owned());
    let sign = match text.get(..1) {
        Some("+") => 1,
        Some("-") => -1,
        _ => return Err(wrong()),
    };
    let number = |range: std::ops::Range<usize>| {
        let digits = text.get(range)?;
        let plain = digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse::<i64>().ok()).flatten()
    };
    match (number(1..3), text.get(3..4), number(4..6)) {
        (Some(hours @ 0..=14), Some(":"), Some(minutes @ 0..=59)) if text.len() == 6 => {
            Ok(sign * (hours * 60 + minutes) * 60_000_000)
        }
        _ => Err(wrong()),
    }
}

/// No work, the ordinary hours, and those of each season; the places `place_of` gives.
fn schedules(definition: &CalendarDefinition) -> Result<Vec<Schedule>, CalendarError> {
    if definition.seasons.len() > SEASONS_MAX {
        return Err(CalendarError::TooManySeasons);
    }
    let ordinary = ("working_hours".to_owned(), &definition.working_hours);
    let seasonal = definition
        .seasons
        .iter()
        .map(|season| (format!("season {}", season.name), &season.working_hours));
    let mut schedules = vec![Schedule::default()];
    for (place, hours) in std::iter::once(ordinary).chain(seasonal) {
        let wrong = |reason| CalendarError::Hours {
            place: place.clone(),
            reason,
        };
        if hours.is_empty() {
            return Err(wrong("there are no hours"));
        }
        let whole_minutes = |period: &Period| {
            period.from_seconds < period.to_seconds
                && period.to_seconds <= 86_400
                && period.from_seconds.is_multiple_of(60)
                && period.to_seconds.is_multiple_of(60)
        };
        if !hours.iter().all(whole_minutes) {
            return Err(wrong(
                "a period must have a length, whole minutes, and lie within the day",
            ));
        }
        let apart = |(before, after): (&Period, &Period)| before.to_seconds <= after.from_seconds;
        if !hours.iter().zip(hours.iter().skip(1)).all(apart) {
            return Err(wrong("the hours overlap or are out of order"));
        }
        schedules.push(Schedule::new(hours.clone()));
    }
    Ok(schedules)
}

/// Which of the schedules a working day has: 1 for the ordinary one, 2 for the first season.
fn place_of(seasons: &[Season], date: Date) -> u8 {
    seasons
        .iter()
        .position(|season| is_in(season, date))
        .and_then(|index| u8::try_from(index + 2).ok())
        .unwrap_or(1)
}

fn is_in(season: &Season, date: Date) -> bool {
    let day = MonthDay {
        month: date.month(),
        day: date.day(),
    };
    if season.from <= season.to {
        (season.from..=season.to).contains(&day)
    } else {
        day >= season.from || day <= season.to
    }
}

fn check_seasons(seasons: &[Season]) -> Result<(), CalendarError> {
    // A leap year has every day a season can have.
    let mut day = Date::new(2000, 1, 1).ok();
    while let Some(date) = day.filter(|date| date.year() == 2000) {
        let mut here = seasons.iter().filter(|season| is_in(season, date));
        if let (Some(first), Some(second)) = (here.next(), here.next()) {
            return Err(CalendarError::SeasonsOverlap {
                day: date.strftime("%m-%d").to_string(),
                first: first.name.clone(),
                second: second.name.clone(),
            });
        }
        day = date.tomorrow().ok();
    }
    Ok(())
}

fn check_years(
    definition: &CalendarDefinition,
    exceptions: &BTreeMap<Date, DayKind>,
) -> Result<BTreeMap<i16, bool>, CalendarError> {
    let mut official = BTreeMap::new();
    for known in &definition.years {
        let year = known.year;
        let possible = (YEAR_FIRST..=YEAR_LAST).contains(&year);
        if !possible || official.insert(year, known.official).is_some() {
            return Err(CalendarError::Year(year));
        }
        for &date in known.holidays.iter().chain(&known.make_up_days) {
            let december_before = date.year() == year - 1 && date.month() == 12;
            if date.year() != year && !december_before {
                return Err(CalendarError::DateOfOtherYear { year, date });
            }
        }
    }
    for known in &definition.years {
        let year = known.year;
        for &date in &known.make_up_days {
            if exceptions.get(&date) == Some(&DayKind::Holiday) {
                return Err(CalendarError::HolidayAndMakeUp { year, date });
            }
            if !definition.weekend.contains(&date.weekday().into()) {
                return Err(CalendarError::MakeUpOnWorkingDay { year, date });
            }
        }
    }
    Ok(official)
}

/// The days that are not what their day of the week says. Of a contradiction the holiday is kept, which `check_years` finds.
fn exceptions(definition: &CalendarDefinition) -> BTreeMap<Date, DayKind> {
    let make_up = definition.years.iter().flat_map(|year| {
        year.make_up_days
            .iter()
            .map(|&date| (date, DayKind::MakeUp))
    });
    let holidays = definition
        .years
        .iter()
        .flat_map(|year| year.holidays.iter().map(|&date| (date, DayKind::Holiday)));
    make_up.chain(holidays).collect()
}

fn kind_of(
    definition: &CalendarDefinition,
    exceptions: &BTreeMap<Date, DayKind>,
    date: Date,
) -> DayKind {
    match exceptions.get(&date) {
        Some(&kind) => kind,
        None if definition.weekend.contains(&date.weekday().into()) => DayKind::Weekend,
        None => DayKind::Working,
    }
}

fn weekday_of(monday_zero_offset: i8) -> Weekday {
    jiff::civil::Weekday::from_monday_zero_offset(monday_zero_offset)
        .unwrap_or(jiff::civil::Weekday::Monday)
        .into()
}

fn days_since_1970(date: Date) -> i64 {
    date.to_zoned(jiff::tz::TimeZone::UTC)
        .map_or(0, |midnight| midnight.timestamp().as_second() / 86_400)
}

/// The year of a day counted from 1970-01-01 (Hinnant's civil_from_days, the year only); clamped to what an `i16` holds.
fn year_of_day(day: i64) -> i16 {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // The shifted year begins in March; January and February belong to the next one.
    let year = era * 400 + year_of_era + i64::from(day_of_year >= 306);
    i16::try_from(year.clamp(-9_999, 9_999)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_of_a_day_agrees_with_the_calendar_on_every_day_of_two_centuries() {
        let mut date = Date::new(1950, 1, 1).unwrap();
        while date.year() < 2150 {
            assert_eq!(year_of_day(days_since_1970(date)), date.year(), "{date}");
            date = date.tomorrow().unwrap();
        }
    }
}
