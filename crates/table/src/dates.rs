//! Dates as files write them. Local, without a zone: the importer knows where the file is from.

use jiff::civil::{Date, DateTime, Time};

/// Days from Excel's day 0 (1899-12-30, so that the non-existent 1900-02-29 is counted as Excel does) of the last date it knows, 9999-12-31.
const SERIAL_MAX: f64 = 2_958_466.0;

/// ISO text of an Excel serial of the 1900 system: `2019-01-06`, or `2019-01-06T12:09:38` when it has a time of day.
/// `None` outside 1900-03-01 to 9999-12-31 (earlier serials are ambiguous, for Excel knows a 1900-02-29).
pub fn date_from_serial(serial: f64) -> Option<String> {
    let at = from_serial(serial)?;
    Some(text(at))
}

fn from_serial(serial: f64) -> Option<DateTime> {
    if !(61.0..SERIAL_MAX).contains(&serial) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "bounded by the range above"
    )]
    let seconds = (serial * 86_400.0).round() as i64;
    Date::constant(1899, 12, 30)
        .to_datetime(Time::midnight())
        .checked_add(jiff::Span::new().try_seconds(seconds).ok()?)
        .ok()
}

/// Reads a local date and time: ISO with `T` or blank; `2019/1/6 12:09:38`, `2019-1-6`, `2019.1.6`, `2019年1月6日`, `20190106`,
/// `20190106120938`, or an Excel serial. Seconds and the time of day may be left out. Not read: day-month orders that cannot be
/// told apart, two-digit years, and times with a zone.
pub fn read_date_time(value: &str) -> Option<DateTime> {
    let value = value.trim();
    if let Ok(serial) = value.parse::<f64>() {
        return digits(value).or_else(|| from_serial(serial));
    }
    let unified = value
        .replace(['年', '月'], "-")
        .replace(['日', 'T'], " ")
        .replace(['/', '.'], "-");
    // A fraction of a second was written with a dot, which is a dash by now: cut it off behind the time.
    let mut parts = unified.split_whitespace();
    let date = parse_date(parts.next()?)?;
    let time = match parts.next() {
        None => Time::midnight(),
        Some(time) => parse_time(time)?,
    };
    parts.next().is_none().then(|| date.to_datetime(time))
}

/// `20190106` or `20190106120938`.
fn digits(value: &str) -> Option<DateTime> {
    if !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |from: usize, to: usize| value.get(from..to)?.parse::<i8>().ok();
    let date = Date::new(value.get(0..4)?.parse().ok()?, number(4, 6)?, number(6, 8)?).ok()?;
    let time = match value.len() {
        8 => Time::midnight(),
        14 => Time::new(number(8, 10)?, number(10, 12)?, number(12, 14)?, 0).ok()?,
        _ => return None,
    };
    Some(date.to_datetime(time))
}

fn parse_date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

fn parse_time(text: &str) -> Option<Time> {
    let (clock, fraction) = match text.split_once('-') {
        Some((clock, fraction)) => (clock, fraction),
        None => (text, ""),
    };
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) || fraction.len() > 9 {
        return None;
    }
    let mut parts = clock.split(':');
    let (hour, minute) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let second = parts.next().map_or(Some(0), |second| second.parse().ok())?;
    if parts.next().is_some() || (!fraction.is_empty() && clock.matches(':').count() != 2) {
        return None;
    }
    let nanoseconds = format!("{fraction:0<9}").parse().ok()?;
    Time::new(hour, minute, second, nanoseconds).ok()
}

/// ISO text of a date cell.
pub(crate) fn civil_text(
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    milli: u16,
) -> Option<String> {
    let small = |number: u8| i8::try_from(number).ok();
    let date = Date::new(i16::try_from(year).ok()?, small(month)?, small(day)?).ok()?;
    let time = Time::new(
        small(hour)?,
        small(minute)?,
        small(second)?,
        i32::from(milli) * 1_000_000,
    )
    .ok()?;
    Some(text(date.to_datetime(time)))
}

fn text(at: DateTime) -> String {
    if at.time() == Time::midnight() {
        at.date().to_string()
    } else {
        at.to_string()
    }
}

/// `36:15:00` of a duration cell.
pub(crate) fn duration_text(seconds: f64) -> String {
    let sign = if seconds < 0.0 { "-" } else { "" };
    let seconds = seconds.abs();
    let hours = (seconds / 3600.0).floor();
    let minutes = ((seconds - hours * 3600.0) / 60.0).floor();
    let rest = seconds - hours * 3600.0 - minutes * 60.0;
    format!("{sign}{hours:.0}:{minutes:02.0}:{rest:02.0}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_are_the_dates_excel_shows() {
        for (serial, shown) in [
            (61.0, Some("1900-03-01")),
            (43_471.0, Some("2019-01-06")),
            (43_471.506_689_814_8, Some("2019-01-06T12:09:38")),
            (46_347.999_988_425_9, Some("2026-11-21T23:59:59")),
            (2_958_465.0, Some("9999-12-31")),
            (60.0, None),
            (-1.0, None),
            (2_958_466.0, None),
            (f64::NAN, None),
        ] {
            assert_eq!(date_from_serial(serial).as_deref(), shown, "{serial}");
        }
    }

    #[test]
    fn the_spellings_of_a_date_are_read() {
        for (text, iso) in [
            ("2019-02-28T11:25:05", Some("2019-02-28T11:25:05")),
            ("2019-02-28 11:25:05", Some("2019-02-28T11:25:05")),
            ("2019/1/6 12:09:38", Some("2019-01-06T12:09:38")),
            ("2019/1/6 9:05", Some("2019-01-06T09:05:00")),
            ("2019.1.6", Some("2019-01-06T00:00:00")),
            ("2019年1月6日", Some("2019-01-06T00:00:00")),
            ("2019年1月6日 8:30", Some("2019-01-06T08:30:00")),
            ("20190106", Some("2019-01-06T00:00:00")),
            ("20190106120938", Some("2019-01-06T12:09:38")),
            ("43471", Some("2019-01-06T00:00:00")),
            ("2019-02-28 11:25:05.5", Some("2019-02-28T11:25:05.5")),
            ("2019-02-29", None),
            ("2019-13-01", None),
            ("20191301", None),
            ("06/01/2019", None),
            ("19-1-6", None),
            ("2019-01-06 25:00", None),
            ("2019-01-06 12:00 noon", None),
            ("昨天", None),
            ("", None),
        ] {
            assert_eq!(
                read_date_time(text).map(|at| at.to_string()).as_deref(),
                iso,
                "{text}"
            );
        }
    }

    #[test]
    fn durations_are_hours_minutes_seconds() {
        assert_eq!(duration_text(130_500.0), "36:15:00");
        assert_eq!(duration_text(-61.0), "-0:01:01");
    }
}
