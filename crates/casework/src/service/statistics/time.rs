//! Lines of time: local hours, days, weeks and months.

use super::ask::Group;
use crate::store::statistics::AHEAD;
use crate::store::statistics::query::Window;
use base::Timestamp;

/// The instant that a number of local hours or days since 1970 begins at.
pub(super) fn moment(number: &str, length: i64) -> Option<Timestamp> {
    let number: i64 = number.parse().ok()?;
    Some(Timestamp(number * length - AHEAD))
}

fn date_of(at: Timestamp) -> jiff::civil::Date {
    at.to_jiff().to_zoned(base::clock::china()).date()
}

/// The date that a day's week or month begins with; the day itself. ISO 8601.
pub(super) fn first_day(group: Group, at: Timestamp) -> String {
    let date = date_of(at);
    let first = match group {
        Group::Week => {
            let days = i64::from(date.weekday().to_monday_zero_offset());
            date.saturating_sub(jiff::Span::new().days(days))
        }
        Group::Month => date.first_of_month(),
        _ => date,
    };
    first.to_string()
}

/// From when until when a line of time is.
pub(super) fn span(group: Group, key: &str) -> Option<Window> {
    if group == Group::Hour {
        let from: Timestamp = key.parse().ok()?;
        return Some((from, from.plus_seconds(3_600)));
    }
    let first: jiff::civil::Date = key.parse().ok()?;
    let length = match group {
        Group::Week => jiff::Span::new().weeks(1),
        Group::Month => jiff::Span::new().months(1),
        _ => jiff::Span::new().days(1),
    };
    let begins = |date: jiff::civil::Date| {
        let zoned = date.to_zoned(base::clock::china()).ok()?;
        Some(Timestamp::from_jiff(zoned.timestamp()))
    };
    Some((begins(first)?, begins(first.checked_add(length).ok()?)?))
}

/// The same local time of the same date a year ago; of 29 February the 28th.
pub(super) fn a_year_before(at: Timestamp) -> Timestamp {
    let zoned = at.to_jiff().to_zoned(base::clock::china());
    let before = zoned.saturating_sub(jiff::Span::new().years(1));
    Timestamp::from_jiff(before.timestamp())
}
