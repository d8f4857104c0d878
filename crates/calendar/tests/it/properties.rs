//! Laws that hold for every start and every limit, and an independent reckoning that walks minute by minute.

use crate::{china, until_end_of_day, with_summer};
use base::Timestamp;
use calendar::{BareUnits, Counting, DayKind, Limit, Suspension, TimeUnit, WorkCalendar};
use jiff::civil::Date;
use proptest::prelude::*;
use std::sync::LazyLock;

static CALENDARS: LazyLock<[WorkCalendar; 3]> =
    LazyLock::new(|| [china(), until_end_of_day(), with_summer()]);

/// 2024-01-01T00:00+08:00.
const FROM_US: i64 = 1_704_038_400_000_000;
const DAY_US: i64 = 86_400_000_000;

/// Any microsecond from 2024 to the end of 2027, which has no notice.
fn instants() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        (0..1461 * DAY_US).prop_map(|us| Timestamp(FROM_US + us)),
        // Round half hours are where opening and closing times are.
        (0..1461_i64 * 48).prop_map(|half| Timestamp(FROM_US + half * 1_800_000_000)),
    ]
}

fn limits() -> impl Strategy<Value = Limit> {
    let units = prop::sample::select(vec![
        "紧急工作时",
        "紧急工作日",
        "工作时",
        "工作日",
        "自然小时",
        "自然日",
        "分钟",
        "工作分钟",
    ]);
    let amounts = prop_oneof![
        (1..60_u32).prop_map(|n| n.to_string()),
        (1..6_000_u32).prop_map(|n| format!("{}.{:02}", n / 100, n % 100)),
    ];
    (amounts, units).prop_map(|(amount, unit)| {
        Limit::parse(&format!("{amount}{unit}"), &BareUnits::default()).unwrap()
    })
}

/// Working minutes between two whole minutes, one by one, knowing days only by `day_kind`.
fn minutes_one_by_one(calendar: &WorkCalendar, from: i64, to: i64) -> i64 {
    let zone = base::clock::china();
    let mut cached: Option<(Date, bool)> = None;
    let mut worked = 0;
    for minute in from..to {
        let local = Timestamp(minute * 60_000_000)
            .to_jiff()
            .to_zoned(zone.clone());
        let works = match cached {
            Some((date, works)) if date == local.date() => works,
            _ => {
                let kind = calendar.day_kind(local.date());
                matches!(kind, DayKind::Working | DayKind::MakeUp)
            }
        };
        cached = Some((local.date(), works));
        let of_day = i32::from(local.hour()) * 60 + i32::from(local.minute());
        let open = (510..720).contains(&of_day) || (810..1050).contains(&of_day);
        worked += i64::from(works && open);
    }
    worked
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_deadline_never_comes_earlier_for_a_later_start(
        a in instants(), b in instants(), limit in limits()
    ) {
        for calendar in CALENDARS.iter() {
            let (early, late) = (calendar.deadline(a.min(b), &limit), calendar.deadline(a.max(b), &limit));
            prop_assert!(early.due_at <= late.due_at);
            if limit.unit() != TimeUnit::Day || limit.counting() == Counting::AroundTheClock {
                prop_assert!(early.yellow_at <= late.yellow_at);
            }
        }
    }

    #[test]
    fn a_deadline_never_comes_earlier_for_a_longer_limit(
        start in instants(), a in 1..200_u32, b in 1..200_u32
    ) {
        for calendar in CALENDARS.iter() {
            for make in [Limit::working_hours, Limit::working_days, Limit::urgent_hours, Limit::natural_days] {
                let (short, long) = (make(a.min(b)), make(a.max(b)));
                prop_assert!(
                    calendar.deadline(start, &short).due_at <= calendar.deadline(start, &long).due_at
                );
            }
        }
    }

    #[test]
    fn yellow_lies_between_the_start_and_the_due_time(start in instants(), limit in limits()) {
        for calendar in CALENDARS.iter() {
            let deadline = calendar.deadline(start, &limit);
            prop_assert!(start <= deadline.yellow_at);
            prop_assert!(deadline.yellow_at <= deadline.due_at);
            if limit.counting() == Counting::Working {
                let (all, last) = (
                    calendar.worked_between(start, deadline.due_at),
                    calendar.worked_between(deadline.yellow_at, deadline.due_at),
                );
                prop_assert!((all - last * 4).abs() <= 4, "a quarter of {all} s is not {last} s");
            }
        }
    }

    #[test]
    fn what_is_due_in_working_time_is_due_at_work_or_at_closing_time(
        start in instants(), limit in limits()
    ) {
        for calendar in CALENDARS.iter().filter(|_| limit.counting() == Counting::Working) {
            let due = calendar.deadline(start, &limit).due_at;
            let just_before = Timestamp(due.0 - 1);
            prop_assert!(calendar.is_working(due) || calendar.is_working(just_before), "{due}");
        }
    }

    #[test]
    fn around_the_clock_means_the_clock_on_the_wall(start in instants(), n in 1..1_000_u32) {
        let hours = i64::from(n) * 3_600;
        for calendar in CALENDARS.iter() {
            for (limit, seconds) in [
                (Limit::urgent_hours(n), hours),
                (Limit::natural_hours(n), hours),
                (Limit::urgent_days(n), hours * 24),
                (Limit::natural_days(n), hours * 24),
                (Limit::minutes(n), hours / 60),
            ] {
                let deadline = calendar.deadline(start, &limit);
                prop_assert_eq!(deadline.due_at, start.plus_seconds(seconds));
                prop_assert_eq!(deadline.yellow_at.0, start.0 + seconds * 750_000);
                prop_assert!(deadline.notes.is_empty());
            }
        }
    }

    #[test]
    fn exactly_the_limit_is_worked_until_it_is_due(start in instants(), n in 1..300_u32) {
        for calendar in CALENDARS.iter() {
            let due = calendar.deadline(start, &Limit::working_hours(n)).due_at;
            prop_assert_eq!(calendar.worked_between(start, due), i64::from(n) * 3_600);
        }
        let due = CALENDARS[0].deadline(start, &Limit::working_days(n)).due_at;
        prop_assert_eq!(
            CALENDARS[0].worked_between(start, due),
            i64::from(n) * 27_000,
            "where all days are alike, N days are N times the hours of a day"
        );
    }

    #[test]
    fn seconds_may_be_added_at_once_or_in_parts(start in instants(), a in 1..500_000_u32, b in 1..500_000_u32) {
        for calendar in CALENDARS.iter() {
            let parts = calendar.add_working_seconds(calendar.add_working_seconds(start, a), b);
            prop_assert_eq!(parts, calendar.add_working_seconds(start, a + b));
        }
    }

    #[test]
    fn the_next_working_instant_is_one_and_nothing_is_worked_before_it(start in instants()) {
        for calendar in CALENDARS.iter() {
            let next = calendar.next_working(start);
            prop_assert!(next >= start);
            prop_assert!(calendar.is_working(next));
            prop_assert_eq!(calendar.worked_between(start, next), 0);
            prop_assert!(next == start || !calendar.is_working(Timestamp(next.0 - 1)));
        }
    }

    #[test]
    fn a_suspension_adds_just_the_time_it_took(
        start in instants(), n in 1..100_u32, after_s in 0..2_000_000_i64, length_s in 1..2_000_000_i64
    ) {
        let suspension = Suspension {
            from: start.plus_seconds(after_s),
            to: start.plus_seconds(after_s + length_s),
        };
        for calendar in CALENDARS.iter() {
            for limit in [Limit::working_hours(n), Limit::urgent_hours(n)] {
                let before = calendar.deadline(start, &limit);
                let after = calendar.stretch(&before, &limit, suspension);
                prop_assert!(after.due_at >= before.due_at);
                prop_assert!(after.yellow_at <= after.due_at);
                if suspension.from >= before.due_at {
                    prop_assert_eq!(after, before);
                    continue;
                }
                prop_assert!(after.due_at >= suspension.to);
                let run = match limit.counting() {
                    Counting::Working => calendar.worked_between(start, suspension.from)
                        + calendar.worked_between(suspension.to, after.due_at),
                    Counting::AroundTheClock => after_s + (after.due_at.0 - suspension.to.0) / 1_000_000,
                };
                // Each of the two measures is cut to the second.
                prop_assert!((i64::from(n) * 3_600 - run).abs() <= 1);
            }
        }
    }

    #[test]
    fn a_limit_reads_back_from_its_own_text(limit in limits(), season in prop::bool::ANY) {
        let text = format!("{}{limit}", if season { "种植季节" } else { "" });
        for bare in [BareUnits::default(), BareUnits::NATURAL] {
            let read = Limit::parse(&text, &bare).unwrap();
            prop_assert_eq!(read.to_string(), text.clone());
            prop_assert_eq!(read.season(), season.then_some("种植季节"));
        }
    }

    #[test]
    fn no_text_is_too_strange_to_be_refused_at_a_place_within_it(
        text in "[0-9一二两三十百千零半个紧急工作自然时小天日分钟内季节（）()。. a\u{feff}]{0,45}"
    ) {
        if let Err(error) = Limit::parse(&text, &BareUnits::default()) {
            prop_assert!((1..=text.chars().count() + 1).contains(&error.at), "{error}");
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn no_instant_is_too_far_away(at in any::<i64>(), limit in limits()) {
        for calendar in CALENDARS.iter() {
            let start = Timestamp(at);
            let deadline = calendar.deadline(start, &limit);
            prop_assert!(deadline.yellow_at <= deadline.due_at);
            let suspension = Suspension { from: start, to: Timestamp(i64::MAX) };
            prop_assert!(calendar.stretch(&deadline, &limit, suspension).notes.len() < 10);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn walking_minute_by_minute_comes_to_the_same(
        start in 0..1461_i64 * 1440, length in 0..20_000_i64
    ) {
        let from = FROM_US / 60_000_000 + start;
        let (a, b) = (Timestamp(from * 60_000_000), Timestamp((from + length) * 60_000_000));
        prop_assert_eq!(
            CALENDARS[0].worked_between(a, b),
            minutes_one_by_one(&CALENDARS[0], from, from + length) * 60
        );
    }
}
