//! A working calendar as people write it: in TOML or JSON, checked only field by field. [`crate::WorkCalendar`] checks the
//! whole and computes with it.

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A working calendar as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarDefinition {
    /// For people, e.g. `中国法定工作日历`.
    pub name: String,
    /// Changes with every change of the content; deadlines already computed keep the calendar they were computed with.
    pub version: String,
    /// Offset from UTC, `+08:00`. No summer time.
    #[serde(default = "china_offset")]
    pub zone_offset: String,
    /// Days of the week on which nobody works.
    #[serde(default = "saturday_and_sunday")]
    pub weekend: Vec<Weekday>,
    /// The hours of a working day outside all seasons, in order.
    pub working_hours: Vec<Period>,
    /// Whether N working days end at the very hour or with that day.
    #[serde(default)]
    pub working_days_end: DayEnd,
    /// Parts of the year with other hours.
    #[serde(default)]
    pub seasons: Vec<Season>,
    /// What is known of each year. A year that is not here has weekends only.
    #[serde(default)]
    pub years: Vec<YearDefinition>,
}

fn china_offset() -> String {
    "+08:00".to_owned()
}

fn saturday_and_sunday() -> Vec<Weekday> {
    vec![Weekday::Saturday, Weekday::Sunday]
}

/// Where a limit of whole working days ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayEnd {
    /// After exactly that much working time: from Monday 10:00, one day ends on Tuesday at 10:00.
    #[default]
    Exact,
    /// With the closing time of that day: from Monday 10:00, one day ends on Tuesday at closing time.
    UntilEndOfDay,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say all there is to say")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl From<jiff::civil::Weekday> for Weekday {
    fn from(day: jiff::civil::Weekday) -> Self {
        use jiff::civil::Weekday as Civil;
        match day {
            Civil::Monday => Self::Monday,
            Civil::Tuesday => Self::Tuesday,
            Civil::Wednesday => Self::Wednesday,
            Civil::Thursday => Self::Thursday,
            Civil::Friday => Self::Friday,
            Civil::Saturday => Self::Saturday,
            Civil::Sunday => Self::Sunday,
        }
    }
}

/// A part of the year with its own hours, e.g. summer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Season {
    /// For people, e.g. `夏季作息`.
    pub name: String,
    /// First day, `06-01`.
    pub from: MonthDay,
    /// Last day, itself included; before `from` when the season goes over the new year.
    pub to: MonthDay,
    /// The hours of a working day in this season.
    pub working_hours: Vec<Period>,
}

/// What is known of one year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct YearDefinition {
    /// The year, e.g. 2026.
    pub year: i16,
    /// Whether this is the official arrangement. When not, every deadline that touches the year says so.
    pub official: bool,
    /// Where the arrangement is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// Days off, those on a weekend too. A notice may reach back into December of the year before.
    #[serde(default)]
    pub holidays: Vec<Date>,
    /// Weekend days that are worked (调休).
    #[serde(default)]
    pub make_up_days: Vec<Date>,
}

/// A stretch of working time within a day; written `08:30-12:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Seconds from midnight, included.
    pub from_seconds: u32,
    /// Seconds from midnight, not included; 86,400 is `24:00`.
    pub to_seconds: u32,
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |seconds: u32| (seconds / 3600, seconds / 60 % 60);
        let ((from_hour, from_minute), (to_hour, to_minute)) =
            (clock(self.from_seconds), clock(self.to_seconds));
        write!(
            f,
            "{from_hour:02}:{from_minute:02}-{to_hour:02}:{to_minute:02}"
        )
    }
}

impl FromStr for Period {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no working period; write 08:30-12:00 (a night shift is two periods, 20:00-24:00 and 00:00-04:00)"
            )
        };
        let (from, to) = text.split_once('-').ok_or_else(wrong)?;
        let clock = |text: &str| {
            let (hour, minute) = two_numbers(text, ':')?;
            (minute < 60 && hour * 60 + minute <= 24 * 60).then_some((hour * 60 + minute) * 60)
        };
        match (clock(from.trim()), clock(to.trim())) {
            (Some(from_seconds), Some(to_seconds)) if from_seconds < to_seconds => Ok(Self {
                from_seconds,
                to_seconds,
            }),
            _ => Err(wrong()),
        }
    }
}

/// A day of any year; written `06-01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MonthDay {
    /// 1 to 12.
    pub month: i8,
    /// 1 to the last of the month; 29 February is allowed.
    pub day: i8,
}

impl fmt::Display for MonthDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}-{:02}", self.month, self.day)
    }
}

impl FromStr for MonthDay {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        two_numbers(text, '-')
            .and_then(|(month, day)| Some((i8::try_from(month).ok()?, i8::try_from(day).ok()?)))
            // 2000 was a leap year, so it has every day there can be.
            .filter(|&(month, day)| Date::new(2000, month, day).is_ok())
            .map(|(month, day)| Self { month, day })
            .ok_or_else(|| format!("`{text}` is no day of the year; write 06-01"))
    }
}

/// Two numbers of one or two digits around a separator.
fn two_numbers(text: &str, separator: char) -> Option<(u32, u32)> {
    let (left, right) = text.split_once(separator)?;
    let number = |text: &str| {
        let plain = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.parse().ok()).flatten()
    };
    Some((number(left)?, number(right)?))
}

macro_rules! as_text {
    ($($name:ident),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
as_text!(Period, MonthDay);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_read_and_written_as_people_write_them() {
        let period: Period = "08:30-12:00".parse().unwrap();
        assert_eq!((period.from_seconds, period.to_seconds), (30_600, 43_200));
        assert_eq!(period.to_string(), "08:30-12:00");
        assert_eq!("0:00-24:00".parse::<Period>().unwrap().to_seconds, 86_400);
        for wrong in [
            "",
            "08:30",
            "12:00-08:30",
            "08:30-08:30",
            "08:60-12:00",
            "08:30-24:01",
            "25:00-26:00",
            "8.30-12",
            "+8:30-12:00",
            "22:00-06:00",
            "008:30-12:00",
        ] {
            assert!(wrong.parse::<Period>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn days_of_the_year_are_checked_and_the_leap_day_is_one() {
        assert_eq!("02-29".parse::<MonthDay>().unwrap().to_string(), "02-29");
        for wrong in ["", "02-30", "13-01", "00-10", "6月1日", "06/01", "0601"] {
            assert!(wrong.parse::<MonthDay>().is_err(), "{wrong}");
        }
    }
}
