//! Days: is it worked, does it rain, how much is reported, and when in the day.

use crate::dice::Dice;
use crate::subject::{Hours, Subject};
use base::Timestamp;
use base::clock::china;
use calendar::WorkCalendar;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// How much it rains on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rain {
    /// Not at all.
    Dry,
    /// Some.
    Light,
    /// So that streets flood.
    Heavy,
}

impl Rain {
    /// How often a subject is reported on such a day, against a dry one.
    fn factor(self, subject: &Subject) -> f64 {
        match self {
            Self::Dry => 1.0,
            Self::Light => 1.0 + (subject.rain - 1.0) * 0.15,
            Self::Heavy => subject.rain,
        }
    }
}

/// A day of the story.
#[derive(Debug, Clone)]
pub(super) struct Day {
    /// Its midnight in China.
    pub(super) begins_at: Timestamp,
    /// How often each subject comes up on it.
    pub(super) weights: Vec<f64>,
    /// How many reports it brings.
    pub(super) reports: usize,
    /// What the sky does; its work is done in the weights.
    #[cfg(test)]
    pub(super) rain: Rain,
}

/// A dry day follows a dry one mostly, and rain comes in spells: of a hundred dry days 20 turn wet, of wet ones 55 stay so.
fn weather(before: Rain, dice: &Dice) -> Rain {
    let wet = if before == Rain::Dry { 200 } else { 550 };
    if !dice.permille(wet) {
        Rain::Dry
    } else if dice.permille(300) {
        Rain::Heavy
    } else {
        Rain::Light
    }
}

/// How much of an ordinary working day's work such a day brings: hotlines are busiest on Mondays.
fn business(calendar: &WorkCalendar, date: Date) -> f64 {
    let midday = date.at(12, 0, 0, 0).to_zoned(china());
    let is_worked = midday.is_ok_and(|at| {
        calendar.is_working(Timestamp::from_jiff(at.timestamp()).plus_seconds(-3_600))
    });
    match (is_worked, date.weekday()) {
        (true, Weekday::Monday) => 1.15,
        (true, _) => 1.0,
        (false, _) => 0.7,
    }
}

/// The days from `first` to `last`, each with its weather.
pub(super) fn days(
    (first, last): (Date, Date),
    reports_a_day: f64,
    subjects: &[Subject],
    calendar: &WorkCalendar,
    dice: &Dice,
) -> Vec<Day> {
    let mut days = Vec::new();
    let mut rain = Rain::Dry;
    let mut date = first;
    let usual: f64 = subjects
        .iter()
        .map(|subject| f64::from(subject.weight))
        .sum();
    while date <= last {
        rain = weather(rain, dice);
        let weights: Vec<f64> = subjects
            .iter()
            .map(|subject| f64::from(subject.weight) * rain.factor(subject))
            .collect();
        let amount = weights.iter().sum::<f64>() / usual.max(1.0);
        let expected =
            reports_a_day * business(calendar, date) * amount * (0.9 + 0.2 * dice.share());
        if let Ok(midnight) = date.to_zoned(china()) {
            days.push(Day {
                begins_at: Timestamp::from_jiff(midnight.timestamp()),
                weights,
                reports: whole(expected),
                #[cfg(test)]
                rain,
            });
        }
        let Ok(next) = date.checked_add(1.day()) else {
            break;
        };
        date = next;
    }
    days
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "some hundreds, never negative"
)]
fn whole(number: f64) -> usize {
    number.max(0.0).round() as usize
}

/// Of each hour of the day, how much falls into it.
fn curve(hours: Hours) -> [f64; 24] {
    match hours {
        Hours::Day => [
            0.3, 0.2, 0.1, 0.1, 0.2, 0.4, 1.0, 3.0, 6.0, 8.0, 8.5, 7.0, 4.5, 6.0, 7.5, 7.5, 7.0,
            5.5, 4.0, 3.0, 2.5, 2.0, 1.2, 0.6,
        ],
        Hours::Morning => [
            0.1, 0.1, 0.1, 0.1, 0.3, 1.5, 5.0, 9.0, 10.0, 9.0, 7.0, 5.0, 3.0, 3.0, 3.5, 3.5, 3.0,
            2.5, 2.0, 1.5, 1.0, 0.6, 0.4, 0.2,
        ],
        Hours::Evening => [
            0.5, 0.2, 0.1, 0.1, 0.1, 0.3, 0.8, 1.5, 2.0, 2.5, 3.0, 3.5, 3.0, 2.5, 2.5, 3.0, 5.0,
            8.0, 10.0, 10.0, 8.0, 5.0, 2.5, 1.0,
        ],
        Hours::Night => [
            4.0, 3.0, 2.0, 1.5, 1.0, 1.0, 1.5, 2.0, 2.0, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 2.0,
            3.0, 5.0, 8.0, 10.0, 11.0, 10.0, 7.0,
        ],
    }
}

/// A second of the day at which something of these hours is reported.
pub(super) fn second_of_day(hours: Hours, dice: &Dice) -> i64 {
    let hour = i64::try_from(dice.weighted(&curve(hours))).unwrap_or_default();
    hour * 3_600 + dice.between(0, 3_599)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn heavy_rain_brings_water_and_more_work_and_weekends_less() {
        let subjects = Subject::built_in().unwrap();
        let calendar = WorkCalendar::china().unwrap();
        let span = (date(2026, 3, 2), date(2026, 8, 30));
        let days = days(span, 400.0, &subjects, &calendar, &Dice::new(1, 1));
        let average = |rain| {
            let such: Vec<_> = days.iter().filter(|day| day.rain == rain).collect();
            assert!(such.len() > 5, "{rain:?}: {}", such.len());
            such.iter().map(|day| day.reports).sum::<usize>() / such.len()
        };
        assert!(average(Rain::Heavy) * 10 > average(Rain::Dry) * 13);
        let flooded = subjects
            .iter()
            .position(|subject| subject.code == "0506")
            .unwrap();
        let share = |day: &Day| day.weights[flooded] / day.weights.iter().sum::<f64>();
        for day in &days {
            assert_eq!(day.rain == Rain::Heavy, share(day) > 0.1, "{day:?}");
        }
        let on = |weekday| {
            let such = days.iter().filter(|day| {
                day.rain == Rain::Dry
                    && day.begins_at.to_jiff().to_zoned(china()).weekday() == weekday
            });
            let counts: Vec<_> = such.map(|day| day.reports).collect();
            counts.iter().sum::<usize>() / counts.len()
        };
        assert!(on(Weekday::Sunday) < on(Weekday::Wednesday));
        assert!(on(Weekday::Monday) > on(Weekday::Wednesday));
    }

    #[test]
    fn noise_is_reported_at_night_and_holes_by_day() {
        let dice = Dice::new(2, 2);
        let by_day = |hours| {
            (0..1_000)
                .filter(|_| (8 * 3_600..18 * 3_600).contains(&second_of_day(hours, &dice)))
                .count()
        };
        assert!(by_day(Hours::Day) > 600);
        assert!(by_day(Hours::Night) < 300);
    }
}
