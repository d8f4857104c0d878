//! Tests of the calendar through its public face.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

mod definitions;
mod examples;
mod limit_texts;
mod properties;
mod real_texts;

use base::Timestamp;
use calendar::{BareUnits, CalendarDefinition, DayEnd, Limit, Season, WorkCalendar};

/// The built-in calendar: 08:30-12:00 and 13:30-17:30, official for 2024, 2025 and 2026.
fn china() -> WorkCalendar {
    WorkCalendar::china().unwrap()
}

/// The built-in calendar changed by `change`.
fn china_with(change: impl FnOnce(&mut CalendarDefinition)) -> WorkCalendar {
    let mut definition = china().definition().clone();
    change(&mut definition);
    WorkCalendar::new(definition).unwrap()
}

/// Whole working days last until closing time.
fn until_end_of_day() -> WorkCalendar {
    china_with(|definition| definition.working_days_end = DayEnd::UntilEndOfDay)
}

/// From 15 June to 15 September 08:00-12:00 and 15:00-18:00: seven hours instead of seven and a half.
fn with_summer() -> WorkCalendar {
    china_with(|definition| {
        definition.seasons = vec![Season {
            name: "夏季作息".to_owned(),
            from: "06-15".parse().unwrap(),
            to: "09-15".parse().unwrap(),
            working_hours: vec![
                "08:00-12:00".parse().unwrap(),
                "15:00-18:00".parse().unwrap(),
            ],
        }];
    })
}

/// A control room that never closes.
fn around_the_clock() -> WorkCalendar {
    china_with(|definition| {
        definition.working_hours = vec!["00:00-24:00".parse().unwrap()];
        definition.weekend.clear();
        definition.years.clear();
    })
}

/// `2026-11-02 09:00` or `2026-11-02 09:00:30`, on a clock in China.
fn at(text: &str) -> Timestamp {
    let seconds = if text.len() == 16 { ":00" } else { "" };
    format!("{}{seconds}+08:00", text.replace(' ', "T"))
        .parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// As the examples write instants.
fn show(at: Timestamp) -> String {
    let text = at.to_string().replace('T', " ").replace("+08:00", "");
    text.strip_suffix(":00").map_or(text.clone(), str::to_owned)
}

fn limit(text: &str) -> Limit {
    Limit::parse(text, &BareUnits::default()).unwrap()
}
