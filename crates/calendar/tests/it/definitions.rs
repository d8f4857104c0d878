//! Calendars as data: the built-in one is what the notices say, and a definition that contradicts itself is refused.

use crate::{at, china, china_with, show, with_summer};
use calendar::{CalendarDefinition, CalendarError, DayKind, Period, Season, WorkCalendar};
use jiff::civil::{Date, date};

#[test]
fn the_built_in_calendar_has_the_working_days_of_each_official_year() {
    let calendar = china();
    // Counted independently of this project from the State Council's notices.
    for (year, working_days) in [(2024, 251), (2025, 248), (2026, 248)] {
        let mut day = date(year, 1, 1);
        let mut worked = 0;
        while day.year() == year {
            worked += u32::from(matches!(
                calendar.day_kind(day),
                DayKind::Working | DayKind::MakeUp
            ));
            day = day.tomorrow().unwrap();
        }
        assert_eq!(worked, working_days, "{year}");
        let (from, to) = (format!("{year}-01-01 00:00"), format!("{year}-12-31 23:59"));
        assert_eq!(
            calendar.worked_between(at(&from), at(&to)),
            i64::from(working_days) * 27_000,
            "each of them has seven and a half hours"
        );
    }
}

#[test]
fn a_day_is_known_for_what_it_is() {
    let calendar = china();
    for (day, kind) in [
        (date(2026, 11, 2), DayKind::Working),
        (date(2026, 11, 7), DayKind::Weekend),
        (date(2026, 10, 10), DayKind::MakeUp),
        (date(2026, 10, 4), DayKind::Holiday),
        (date(2027, 10, 1), DayKind::Working),
    ] {
        assert_eq!(calendar.day_kind(day), kind, "{day}");
    }
}

#[test]
fn opening_and_closing_times_are_where_they_should_be() {
    let calendar = china();
    for (instant, open, next) in [
        ("2026-11-02 08:29", false, "2026-11-02 08:30"),
        ("2026-11-02 08:30", true, "2026-11-02 08:30"),
        ("2026-11-02 11:59", true, "2026-11-02 11:59"),
        ("2026-11-02 12:00", false, "2026-11-02 13:30"),
        ("2026-11-02 17:30", false, "2026-11-03 08:30"),
        ("2026-11-06 17:30", false, "2026-11-09 08:30"),
        ("2026-10-01 00:00", false, "2026-10-08 08:30"),
        ("2026-02-14 17:30", false, "2026-02-24 08:30"),
    ] {
        assert_eq!(calendar.is_working(at(instant)), open, "{instant}");
        assert_eq!(show(calendar.next_working(at(instant))), next, "{instant}");
    }
    let hours: Vec<String> = with_summer()
        .hours_on(at("2026-07-01 00:00"))
        .iter()
        .map(Period::to_string)
        .collect();
    assert_eq!(hours, ["08:00-12:00", "15:00-18:00"]);
    assert!(calendar.hours_on(at("2026-10-01 10:00")).is_empty());
}

#[test]
fn working_seconds_are_added_and_measured() {
    let calendar = china();
    let friday = at("2026-11-06 17:00");
    assert_eq!(
        show(calendar.add_working_seconds(friday, 3_600)),
        "2026-11-09 09:00"
    );
    assert_eq!(calendar.add_working_seconds(friday, 0), friday);
    assert_eq!(
        calendar.worked_between(friday, at("2026-11-09 09:00")),
        3_600
    );
    assert_eq!(
        calendar.worked_between(at("2026-11-09 09:00"), friday),
        -3_600
    );
    assert_eq!(
        calendar.worked_between(at("2026-10-01 00:00"), at("2026-10-08 08:30")),
        0
    );
}

#[test]
fn a_calendar_survives_json_and_toml() {
    let before = with_summer().definition().clone();
    let json = serde_json::to_string(&with_summer()).unwrap();
    let after: WorkCalendar = serde_json::from_str(&json).unwrap();
    assert_eq!(after.definition(), &before);
    let text = toml::to_string(&before).unwrap();
    assert_eq!(
        WorkCalendar::from_toml(&text).unwrap().definition(),
        &before
    );
}

#[test]
fn a_calendar_in_another_zone_closes_by_its_own_clock() {
    let calendar = china_with(|definition| definition.zone_offset = "+06:00".to_owned());
    assert_eq!(
        show(calendar.next_working(at("2026-11-02 08:30"))),
        "2026-11-02 10:30",
        "08:30 at +06:00 is 10:30 in Beijing"
    );
    let west = china_with(|definition| definition.zone_offset = "-03:30".to_owned());
    assert_eq!(
        show(west.next_working(at("2026-11-02 12:00"))),
        "2026-11-02 20:00"
    );
}

#[test]
fn a_notice_may_reach_back_into_the_december_before() {
    let calendar = china_with(|definition| {
        definition.years[1].holidays.push(date(2024, 12, 31));
    });
    assert_eq!(
        show(calendar.next_working(at("2024-12-30 17:30"))),
        "2025-01-02 08:30"
    );
}

/// A season that wraps over the new year.
#[test]
fn winter_goes_over_the_new_year() {
    let calendar = china_with(|definition| {
        definition.seasons = vec![season("冬季作息", "11-01", "02-29", "09:00-16:00")];
    });
    for (day, hours) in [
        ("2025-10-31 00:00", 2),
        ("2025-11-03 00:00", 1),
        ("2026-01-05 00:00", 1),
        ("2026-02-28 00:00", 1),
        ("2026-03-02 00:00", 2),
    ] {
        assert_eq!(calendar.hours_on(at(day)).len(), hours, "{day}");
    }
}

fn season(name: &str, from: &str, to: &str, hours: &str) -> Season {
    Season {
        name: name.to_owned(),
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
        working_hours: hours
            .split_whitespace()
            .map(|period| period.parse().unwrap())
            .collect(),
    }
}

#[test]
fn a_definition_that_contradicts_itself_is_refused_with_the_place() {
    fn refusal(change: impl FnOnce(&mut CalendarDefinition)) -> CalendarError {
        let mut definition = china().definition().clone();
        change(&mut definition);
        WorkCalendar::new(definition).unwrap_err()
    }
    let holiday = |day: Date| move |d: &mut CalendarDefinition| d.years[2].holidays.push(day);
    let make_up = |day: Date| move |d: &mut CalendarDefinition| d.years[2].make_up_days.push(day);

    for offset in [
        "",
        "8",
        "08:00",
        "+8:00",
        "+08:60",
        "+15:00",
        "+08:00:00",
        "+0é:00",
    ] {
        let error = refusal(|d| d.zone_offset = offset.to_owned());
        assert_eq!(error, CalendarError::ZoneOffset(offset.to_owned()));
    }
    assert!(matches!(
        refusal(|d| d.working_hours.clear()),
        CalendarError::Hours { place, .. } if place == "working_hours"
    ));
    assert!(matches!(
        refusal(|d| d.working_hours.reverse()),
        CalendarError::Hours { .. }
    ));
    assert!(matches!(
        refusal(|d| d.working_hours[0].to_seconds = 0),
        CalendarError::Hours { .. }
    ));
    assert!(matches!(
        refusal(|d| d.working_hours[1].to_seconds = 86_460),
        CalendarError::Hours { .. }
    ));
    assert!(matches!(
        refusal(|d| d.seasons = vec![season("夏", "06-01", "09-01", "")]),
        CalendarError::Hours { place, .. } if place == "season 夏"
    ));
    let weekdays: Vec<_> = (0..7)
        .map(|offset| {
            jiff::civil::Weekday::from_monday_zero_offset(offset)
                .unwrap()
                .into()
        })
        .collect();
    assert_eq!(
        refusal(|d| d.weekend = weekdays),
        CalendarError::NoWorkingDay
    );
    assert_eq!(
        refusal(|d| d.seasons = vec![
            season("夏", "06-01", "09-01", "08:00-12:00"),
            season("秋", "09-01", "10-01", "08:00-12:00"),
        ]),
        CalendarError::SeasonsOverlap {
            day: "09-01".to_owned(),
            first: "夏".to_owned(),
            second: "秋".to_owned(),
        }
    );
    assert_eq!(
        refusal(|d| d.seasons = vec![season("夏", "06-01", "06-02", "08:00-12:00"); 13]),
        CalendarError::TooManySeasons
    );
    assert_eq!(
        refusal(|d| d.years[2].year = 2025),
        CalendarError::Year(2025)
    );
    assert_eq!(
        refusal(|d| d.years[2].year = 1900),
        CalendarError::Year(1900)
    );
    assert_eq!(
        refusal(holiday(date(2025, 11, 30))),
        CalendarError::DateOfOtherYear {
            year: 2026,
            date: date(2025, 11, 30)
        }
    );
    assert_eq!(
        refusal(holiday(date(2026, 10, 10))),
        CalendarError::HolidayAndMakeUp {
            year: 2026,
            date: date(2026, 10, 10)
        }
    );
    assert_eq!(
        refusal(make_up(date(2026, 11, 2))),
        CalendarError::MakeUpOnWorkingDay {
            year: 2026,
            date: date(2026, 11, 2)
        }
    );
    for text in [
        "",
        "name = 1",
        "name = 'x'\nversion = '1'\nworking_hours = ['25:00-26:00']",
        "name = 'x'\nversion = '1'\nworking_hours = ['08:00-12:00']\nholidays = []",
    ] {
        assert!(
            matches!(
                WorkCalendar::from_toml(text),
                Err(CalendarError::Unreadable(_))
            ),
            "{text}"
        );
    }
}
