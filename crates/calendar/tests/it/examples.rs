//! Deadlines worked out by hand, each with why. A working day of the built-in calendar has 3.5 + 4 = 7.5 hours; three
//! quarters of it are 5:37:30, which is reached at 15:37:30.

use crate::{around_the_clock, at, china, limit, show, until_end_of_day, with_summer};
use calendar::{BareUnits, DeadlineNote, Light, Limit, Suspension, WorkCalendar};

/// `start | limit | due | yellow | why`, one a line.
fn check(calendar: &WorkCalendar, bare: BareUnits, examples: &str) -> usize {
    let mut checked = 0;
    for line in examples.lines().filter(|line| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [start, text, due, yellow, why] = cells[..] else {
            panic!("five cells a line: {line}");
        };
        let limit = Limit::parse(text, &bare).unwrap();
        let deadline = calendar.deadline(at(start), &limit);
        assert_eq!(
            (show(deadline.due_at), show(deadline.yellow_at)),
            (due.to_owned(), yellow.to_owned()),
            "{start} + {text}: {why}"
        );
        assert_eq!(deadline.light(deadline.due_at), Light::Yellow, "{line}");
        assert_eq!(
            deadline.light(deadline.due_at.plus_seconds(1)),
            Light::Red,
            "{line}"
        );
        assert_eq!(
            deadline.light(deadline.yellow_at.plus_seconds(-1)),
            Light::Green,
            "{line}"
        );
        checked += 1;
    }
    checked
}

#[test]
fn working_hours_and_days_follow_the_working_day() {
    let checked = check(
        &china(),
        BareUnits::default(),
        "
        2026-11-02 09:00 | 2工作时    | 2026-11-02 11:00 | 2026-11-02 10:30    | within a morning
        2026-11-02 11:00 | 2小时      | 2026-11-02 14:30 | 2026-11-02 14:00    | crosses lunch: one hour before it, one after
        2026-11-02 10:00 | 2工作时    | 2026-11-02 12:00 | 2026-11-02 11:30    | ends where lunch begins and stays there
        2026-11-02 12:00 | 1工作时    | 2026-11-02 14:30 | 2026-11-02 14:15    | starts where lunch begins: nothing runs until 13:30
        2026-11-02 12:45 | 1工作时    | 2026-11-02 14:30 | 2026-11-02 14:15    | starts within lunch
        2026-11-02 13:30 | 4工作时    | 2026-11-02 17:30 | 2026-11-02 16:30    | a whole afternoon, from reopening to closing
        2026-11-02 08:30 | 1工作日    | 2026-11-02 17:30 | 2026-11-02 15:37:30 | starts exactly at opening: the same day
        2026-11-02 08:00 | 1工作日    | 2026-11-02 17:30 | 2026-11-02 15:37:30 | before opening is as good as at opening
        2026-11-02 17:30 | 1工作日    | 2026-11-03 17:30 | 2026-11-03 15:37:30 | starts exactly at closing: all of the next day
        2026-11-02 17:29 | 1工作时    | 2026-11-03 09:29 | 2026-11-03 09:14    | one minute today, 59 tomorrow
        2026-11-02 10:00 | 1工作日    | 2026-11-03 10:00 | 2026-11-02 17:07:30 | a day later at the same hour
        2026-11-02 23:59 | 4工作时    | 2026-11-03 14:00 | 2026-11-03 11:30    | 23:59 waits for the morning: 3.5 h, lunch, 0.5 h
        2026-11-02 00:00 | 4工作时    | 2026-11-02 14:00 | 2026-11-02 11:30    | midnight belongs to the day that begins
        2026-11-06 17:00 | 4工作时    | 2026-11-09 12:00 | 2026-11-09 11:00    | half an hour on Friday, the morning of Monday
        2026-11-06 18:00 | 3工作日    | 2026-11-11 17:30 | 2026-11-11 10:22:30 | Friday evening: Monday, Tuesday, Wednesday
        2026-11-06 16:30 | 1天        | 2026-11-09 16:30 | 2026-11-09 14:37:30 | one hour on Friday, 6.5 on Monday
        2026-11-07 10:00 | 2工作日    | 2026-11-10 17:30 | 2026-11-10 13:45    | Saturday: Monday and Tuesday; 11.25 h is yellow
        2026-11-06 17:15 | 30工作分钟 | 2026-11-09 08:45 | 2026-11-09 08:37:30 | a quarter of an hour on either side of the weekend
        2026-11-02 09:00 | 0.5工作日  | 2026-11-02 14:15 | 2026-11-02 11:48:45 | half a day is 3:45
        2026-11-02 09:00 | 半天       | 2026-11-02 14:15 | 2026-11-02 11:48:45 | the same in words
        2026-11-02 09:00 | 1.5小时    | 2026-11-02 10:30 | 2026-11-02 10:07:30 | hours may have decimals
        2026-11-02 08:30 | 15工作日   | 2026-11-20 17:30 | 2026-11-17 10:22:30 | three weeks; 84.375 h are eleven days and 1:52:30
        2026-11-02 08:30 | 种植季节15工作日 | 2026-11-20 17:30 | 2026-11-17 10:22:30 | a season is noted, the days count as usual
        ",
    );
    assert_eq!(checked, 23);
}

#[test]
fn holidays_are_left_out_and_make_up_days_are_worked() {
    let checked = check(
        &china(),
        BareUnits::default(),
        "
        2026-09-30 16:30 | 4工作时 | 2026-10-08 11:30 | 2026-10-08 10:30    | an hour before National Day, three after it
        2026-09-30 17:30 | 1工作日 | 2026-10-08 17:30 | 2026-10-08 15:37:30 | closing time before National Day
        2026-10-03 12:00 | 3工作日 | 2026-10-10 17:30 | 2026-10-10 10:22:30 | Thu 8, Fri 9 and the make-up Saturday 10
        2026-10-09 17:00 | 1工作时 | 2026-10-10 09:00 | 2026-10-10 08:45    | Friday into the make-up Saturday
        2026-10-10 17:00 | 1工作时 | 2026-10-12 09:00 | 2026-10-12 08:45    | from the make-up Saturday over a Sunday off
        2026-09-18 17:30 | 5工作日 | 2026-09-24 17:30 | 2026-09-23 15:37:30 | make-up Sunday 20, then Mon to Thu; Fri 25 is free
        2026-09-24 16:00 | 2工作日 | 2026-09-29 16:00 | 2026-09-29 10:45    | Mid-Autumn 25 to 27 in between
        2026-02-13 16:00 | 1工作日 | 2026-02-14 16:00 | 2026-02-14 14:07:30 | the Saturday before Spring Festival is worked
        2026-02-14 16:00 | 1工作日 | 2026-02-24 16:00 | 2026-02-24 14:07:30 | then nine days off
        2026-02-17 10:00 | 2小时   | 2026-02-24 10:30 | 2026-02-24 10:00    | reported on New Year's Day of the lunar year
        2026-02-27 17:30 | 2工作日 | 2026-03-02 17:30 | 2026-03-02 13:45    | make-up Saturday 28 February, then Monday
        2025-12-31 17:00 | 1工作时 | 2026-01-04 09:00 | 2026-01-04 08:45    | year end: 1 to 3 January off, Sunday 4 worked
        2024-12-31 16:30 | 1工作日 | 2025-01-02 16:30 | 2025-01-02 14:37:30 | year end: only 1 January off
        2024-02-03 09:00 | 1工作时 | 2024-02-04 09:30 | 2024-02-04 09:15    | that Saturday is free, the Sunday after it worked
        2024-02-09 17:00 | 1工作时 | 2024-02-18 09:00 | 2024-02-18 08:45    | New Year's Eve of 2024 was a working day by the notice
        2025-01-24 17:30 | 3工作日 | 2025-02-05 17:30 | 2025-02-05 10:22:30 | Sun 26, Mon 27, then eight days off, Wed 5
        2025-02-07 17:30 | 1工作日 | 2025-02-08 17:30 | 2025-02-08 15:37:30 | make-up Saturday
        2025-09-30 13:00 | 5工作时 | 2025-10-09 09:30 | 2025-09-30 17:15    | the afternoon, eight days off, one hour
        2025-09-26 18:00 | 1工作日 | 2025-09-28 17:30 | 2025-09-28 15:37:30 | Saturday 27 free, Sunday 28 worked
        2025-10-10 17:30 | 4工作时 | 2025-10-11 14:00 | 2025-10-11 11:30    | make-up Saturday after National Day
        2025-05-30 15:30 | 4工作时 | 2025-06-03 10:30 | 2025-06-03 09:30    | Dragon Boat: Saturday to Monday
        2025-04-26 12:00 | 1工作日 | 2025-04-27 17:30 | 2025-04-27 15:37:30 | make-up Sunday before Labour Day
        2025-04-30 17:00 | 1工作时 | 2025-05-06 09:00 | 2025-05-06 08:45    | Labour Day: five days
        2024-02-28 16:30 | 1工作日 | 2024-02-29 16:30 | 2024-02-29 14:37:30 | the leap day is a Thursday like any other
        2024-02-29 17:30 | 1工作日 | 2024-03-01 17:30 | 2024-03-01 15:37:30 | out of the leap day
        ",
    );
    assert_eq!(checked, 25);
}

#[test]
fn urgent_limits_and_minutes_run_day_and_night() {
    let checked = check(
        &china(),
        BareUnits::default(),
        "
        2026-11-06 23:00    | 2紧急工作时 | 2026-11-07 01:00    | 2026-11-07 00:30    | over midnight into a Saturday
        2026-11-06 12:00    | 1紧急工作日 | 2026-11-07 12:00    | 2026-11-07 06:00    | an urgent day is 24 hours
        2026-10-01 02:00    | 2紧急工作时 | 2026-10-01 04:00    | 2026-10-01 03:30    | on National Day at night
        2026-09-30 20:00    | 2紧急工作日 | 2026-10-02 20:00    | 2026-10-02 08:00    | into the holiday
        2025-12-31 23:59:59 | 1紧急工作时 | 2026-01-01 00:59:59 | 2026-01-01 00:44:59 | over the new year
        2024-02-28 20:00    | 2紧急工作日 | 2024-03-01 20:00    | 2024-03-01 08:00    | over the leap day
        2025-02-28 20:00    | 1紧急工作日 | 2025-03-01 20:00    | 2025-03-01 14:00    | no leap day in 2025
        2026-11-08 23:59    | 30分钟      | 2026-11-09 00:29    | 2026-11-09 00:21:30 | minutes of a manned desk
        2027-02-06 10:00    | 2紧急工作时 | 2027-02-06 12:00    | 2027-02-06 11:30    | needs no calendar at all
        ",
    );
    assert_eq!(checked, 9);
}

#[test]
fn bare_hours_and_days_may_mean_the_clock_on_the_wall() {
    let checked = check(
        &china(),
        BareUnits::NATURAL,
        "
        2026-11-06 17:00 | 4小时       | 2026-11-06 21:00 | 2026-11-06 20:00 | bare hours go on after closing
        2026-09-30 17:00 | 5天         | 2026-10-05 17:00 | 2026-10-04 11:00 | bare days go through the holiday
        2026-11-06 17:00 | 4工作时     | 2026-11-09 12:00 | 2026-11-09 11:00 | what says 工作 still means it
        2026-11-06 12:00 | 1紧急工作日 | 2026-11-07 12:00 | 2026-11-07 06:00 | and so does 紧急
        ",
    );
    assert_eq!(checked, 4);
}

#[test]
fn whole_working_days_may_last_until_closing_time() {
    let checked = check(
        &until_end_of_day(),
        BareUnits::default(),
        "
        2026-11-02 10:00 | 1工作日     | 2026-11-03 17:30 | 2026-11-03 14:07:30 | 13.5 h in all, 10.125 of them green
        2026-11-06 18:00 | 1工作日     | 2026-11-09 17:30 | 2026-11-09 15:37:30 | was closing time anyway
        2026-11-06 17:29 | 1工作日     | 2026-11-09 17:30 | 2026-11-09 15:37:15 | Monday 17:29 becomes closing time
        2026-09-30 10:00 | 1工作日     | 2026-10-08 17:30 | 2026-10-08 14:07:30 | the end of the first day after the holiday
        2026-11-02 10:00 | 2工作时     | 2026-11-02 12:00 | 2026-11-02 11:30    | hours are not rounded
        2026-11-02 09:00 | 0.5工作日   | 2026-11-02 14:15 | 2026-11-02 11:48:45 | nor are parts of days
        2026-11-06 12:00 | 1紧急工作日 | 2026-11-07 12:00 | 2026-11-07 06:00    | nor urgent days
        ",
    );
    assert_eq!(checked, 7);
}

#[test]
fn a_season_has_its_own_hours_and_each_day_counts_for_its_own() {
    let checked = check(
        &with_summer(),
        BareUnits::default(),
        "
        2026-06-12 16:30 | 4工作时 | 2026-06-15 11:00 | 2026-06-15 10:00    | Friday closes at 17:30, Monday opens at 08:00
        2026-06-12 17:30 | 1工作日 | 2026-06-15 18:00 | 2026-06-15 16:15    | the first summer day, seven hours long
        2026-06-12 13:30 | 1工作日 | 2026-06-15 11:16 | 2026-06-15 09:27    | 7/15 of Friday are gone, so 7/15 of Monday's seven hours
        2026-06-15 13:00 | 1工作时 | 2026-06-15 16:00 | 2026-06-15 15:45    | summer lunch lasts until 15:00
        2026-09-15 17:00 | 2工作时 | 2026-09-16 09:30 | 2026-09-16 09:00    | the last summer day closes at 18:00
        ",
    );
    assert_eq!(checked, 5);
    let checked = check(
        &around_the_clock(),
        BareUnits::default(),
        "
        2026-11-07 22:00 | 4工作时 | 2026-11-08 02:00 | 2026-11-08 01:00 | a control room that never closes
        2026-11-07 22:00 | 2工作日 | 2026-11-09 22:00 | 2026-11-09 10:00 | its days have 24 hours
        ",
    );
    assert_eq!(checked, 2);
}

#[test]
fn a_year_without_a_notice_has_weekends_only_and_the_deadline_says_so() {
    let calendar = china();
    let checked = check(
        &calendar,
        BareUnits::default(),
        "
        2027-10-01 09:00 | 1工作时 | 2027-10-01 10:00 | 2027-10-01 09:45    | a Friday, as far as is known
        2026-12-31 17:00 | 1工作时 | 2027-01-01 09:00 | 2027-01-01 08:45    | leads into the unknown year
        2027-02-06 10:00 | 1工作日 | 2027-02-08 17:30 | 2027-02-08 15:37:30 | Spring Festival 2027 is not known yet, the weekend is
        2023-05-04 17:00 | 1工作时 | 2023-05-05 09:00 | 2023-05-05 08:45    | nor are years long past
        ",
    );
    assert_eq!(checked, 4);
    let notes = |start: &str, text: &str| calendar.deadline(at(start), &limit(text)).notes;
    let unknown = |year| DeadlineNote::YearNotOfficial {
        year,
        weekends_only: true,
    };
    assert_eq!(notes("2026-12-31 17:00", "1工作时"), [unknown(2027)]);
    assert_eq!(notes("2026-12-31 16:00", "1工作时"), []);
    assert_eq!(notes("2023-12-29 16:00", "3工作日"), [unknown(2023)]);
    assert_eq!(
        notes("2027-02-06 10:00", "2紧急工作时"),
        [],
        "an urgent limit does not depend on the calendar"
    );
    assert_eq!(
        notes("2026-11-02 09:00", "种植季节15工作日"),
        [DeadlineNote::SeasonalLimit {
            season: "种植季节".to_owned()
        }]
    );
}

#[test]
fn an_unofficial_arrangement_is_used_and_named() {
    let calendar = crate::china_with(|definition| {
        definition.years[2].official = false;
    });
    let deadline = calendar.deadline(at("2026-09-30 16:30"), &limit("4工作时"));
    assert_eq!(show(deadline.due_at), "2026-10-08 11:30");
    assert_eq!(
        deadline.notes,
        [DeadlineNote::YearNotOfficial {
            year: 2026,
            weekends_only: false
        }]
    );
}

#[test]
fn outside_the_calendar_time_counts_around_the_clock_and_the_deadline_says_so() {
    for (start, text, due) in [
        ("1989-12-30 10:00", "4工作时", "1989-12-30 14:00"),
        ("1985-03-01 10:00", "2工作日", "1985-03-03 10:00"),
        ("2119-12-31 17:00", "1工作日", "2120-01-01 17:00"),
        ("2200-01-01 10:00", "1小时", "2200-01-01 11:00"),
    ] {
        let deadline = china().deadline(at(start), &limit(text));
        assert_eq!(show(deadline.due_at), due, "{start} + {text}");
        assert!(
            deadline.notes.contains(&DeadlineNote::OutsideCalendar),
            "{start} + {text}: {:?}",
            deadline.notes
        );
    }
}

#[test]
fn a_clock_that_stood_still_has_left_what_it_had_left() {
    let (exact, to_day_end) = (china(), until_end_of_day());
    // start, limit, suspended from, to, due, yellow, why
    for (calendar, start, text, from, to, due, yellow, why) in [
        (
            &exact,
            "2026-09-29 08:30",
            "3工作日",
            "2026-09-30 08:30",
            "2026-10-09 08:30",
            "2026-10-10 17:30",
            "2026-10-10 10:22:30",
            "two days were left: Friday and the make-up Saturday",
        ),
        (
            &exact,
            "2026-09-29 08:30",
            "3工作日",
            "2026-09-30 17:30",
            "2026-10-08 08:30",
            "2026-10-08 17:30",
            "2026-10-08 10:22:30",
            "a suspension of just the holiday costs no working time",
        ),
        (
            &exact,
            "2026-11-02 09:00",
            "4工作时",
            "2026-11-02 11:00",
            "2026-11-02 15:00",
            "2026-11-02 17:00",
            "2026-11-02 16:00",
            "two hours were left",
        ),
        (
            &exact,
            "2026-11-06 22:00",
            "2紧急工作时",
            "2026-11-06 23:00",
            "2026-11-07 05:00",
            "2026-11-07 06:00",
            "2026-11-07 05:30",
            "an urgent clock moves by six hours",
        ),
        (
            &exact,
            "2026-11-02 09:00",
            "2工作时",
            "2026-11-02 12:00",
            "2026-11-02 15:00",
            "2026-11-02 11:00",
            "2026-11-02 10:30",
            "it had run out before",
        ),
        (
            &exact,
            "2026-11-02 09:00",
            "2工作时",
            "2026-11-02 10:45",
            "2026-11-03 10:45",
            "2026-11-03 11:00",
            "2026-11-02 10:30",
            "what was yellow stays yellow",
        ),
        (
            &exact,
            "2026-11-02 09:00",
            "2工作时",
            "2026-11-02 10:30",
            "2026-11-02 15:00",
            "2026-11-02 15:30",
            "2026-11-02 10:30",
            "what was just turning yellow stays yellow too",
        ),
        (
            &exact,
            "2026-11-02 09:00",
            "2工作时",
            "2026-11-02 10:00",
            "2026-11-02 10:00",
            "2026-11-02 11:00",
            "2026-11-02 10:30",
            "a suspension of no length",
        ),
        (
            &exact,
            "2026-11-02 09:00",
            "2工作时",
            "2026-11-02 10:00",
            "2026-11-02 09:30",
            "2026-11-02 11:00",
            "2026-11-02 10:30",
            "a suspension that ends before it begins",
        ),
        (
            &exact,
            "2026-11-06 16:30",
            "2工作时",
            "2026-11-07 10:00",
            "2026-11-08 20:00",
            "2026-11-09 09:30",
            "2026-11-09 09:00",
            "within a weekend nothing runs anyway",
        ),
        (
            &to_day_end,
            "2026-11-02 10:00",
            "1工作日",
            "2026-11-02 14:00",
            "2026-11-04 11:00",
            "2026-11-05 17:30",
            "2026-11-05 11:07:30",
            "eleven hours were left: Thursday 16:00, so the end of Thursday",
        ),
    ] {
        let limit = limit(text);
        let before = calendar.deadline(at(start), &limit);
        let suspension = Suspension {
            from: at(from),
            to: at(to),
        };
        let after = calendar.stretch(&before, &limit, suspension);
        assert_eq!(
            (show(after.due_at), show(after.yellow_at)),
            (due.to_owned(), yellow.to_owned()),
            "{why}"
        );
    }
}

#[test]
fn a_suspension_into_an_unknown_year_is_noted() {
    let calendar = china();
    let limit = limit("2工作日");
    let before = calendar.deadline(at("2026-12-28 08:30"), &limit);
    assert_eq!(before.notes, []);
    let suspension = Suspension {
        from: at("2026-12-28 12:00"),
        to: at("2027-03-01 08:30"),
    };
    let after = calendar.stretch(&before, &limit, suspension);
    assert_eq!(show(after.due_at), "2027-03-02 14:00");
    let note = DeadlineNote::YearNotOfficial {
        year: 2027,
        weekends_only: true,
    };
    assert_eq!(after.notes, [note]);
}

#[test]
fn an_extension_adds_to_what_there_was() {
    let calendar = china();
    let start = at("2026-11-02 09:00");
    let before = calendar.deadline(start, &limit("4工作时"));
    assert_eq!(show(before.due_at), "2026-11-02 14:30");
    let after = calendar.extend(start, &before, &limit("1工作日"));
    assert_eq!(show(after.due_at), "2026-11-03 14:30");
    // 11.5 hours in all; three quarters of them are 8.625: seven on Monday, 1:37:30 on Tuesday.
    assert_eq!(show(after.yellow_at), "2026-11-03 10:07:30");
}
