//! Times of a file: local, in the zone that the mapping names, or with their own offset.
//!
//! Where clocks go forward an hour does not exist: a time in it is read as that much later, as the clocks went. Where they go back an
//! hour comes twice: a time in it is read as the first, unless it would then lie before what came before it, and as the second. Both
//! are told as remarks.

use base::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// How a file writes its times.
#[derive(Clone, Debug)]
pub(super) struct Times {
    pub(super) zone: TimeZone,
    /// As of `strptime`; none for the spellings that every import reads.
    pub(super) format: Option<String>,
}

/// A time read, and what is to be said of that.
pub(super) type Read = (Timestamp, Option<String>);

/// The zone of a name: `Asia/Shanghai`, `+08:00`, `UTC`.
pub(super) fn zone(name: &str) -> Result<TimeZone, String> {
    jiff::fmt::temporal::DateTimeParser::new()
        .parse_time_zone(name)
        .map_err(|_| {
            format!("there is no time zone `{name}`; write one of IANA as Asia/Shanghai, or an offset as +08:00")
        })
}

impl Times {
    /// Reads a time that cannot lie before `begun`.
    pub(super) fn read(&self, text: &str, begun: Option<Timestamp>) -> Result<Read, String> {
        // What names its own offset is an instant, whatever the zone.
        if self.format.is_none()
            && let Ok(instant) = text.parse::<jiff::Timestamp>()
        {
            return Ok((Timestamp::from_jiff(instant), None));
        }
        let local = self.local(text)?;
        let ambiguous = self.zone.to_ambiguous_zoned(local);
        let out_of_range = |_| format!("`{text}` is out of range");
        let (first, second, remark) = match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => {
                let at = ambiguous.compatible().map_err(out_of_range)?;
                return Ok((Timestamp::from_jiff(at.timestamp()), None));
            }
            AmbiguousOffset::Gap { .. } => {
                let at = ambiguous.compatible().map_err(out_of_range)?;
                let remark =
                    format!("`{text}` does not exist there, clocks went forward: read as {at}");
                return Ok((Timestamp::from_jiff(at.timestamp()), Some(remark)));
            }
            AmbiguousOffset::Fold { .. } => (
                ambiguous.clone().earlier().map_err(out_of_range)?,
                ambiguous.later().map_err(out_of_range)?,
                format!("`{text}` came twice, clocks went back: read as"),
            ),
        };
        let is_before = |begun| Timestamp::from_jiff(first.timestamp()) < begun;
        let at = if begun.is_some_and(is_before) {
            second
        } else {
            first
        };
        Ok((
            Timestamp::from_jiff(at.timestamp()),
            Some(format!("{remark} {at}")),
        ))
    }

    fn local(&self, text: &str) -> Result<DateTime, String> {
        match &self.format {
            None => table::read_date_time(text).ok_or_else(|| {
                format!("`{text}` is not a date; write 2026-11-21 or 2026-11-21 09:05:00, or give a time_format")
            }),
            Some(format) => DateTime::strptime(format, text)
                .map_err(|_| format!("`{text}` is not a time as time_format has it: {format}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(name: &str, format: Option<&str>) -> Times {
        Times {
            zone: zone(name).unwrap(),
            format: format.map(str::to_owned),
        }
    }

    #[track_caller]
    fn reads(times: &Times, text: &str, instant: &str, remarked: bool) {
        let (at, remark) = times.read(text, None).unwrap();
        assert_eq!(at, instant.parse::<Timestamp>().unwrap(), "{text}");
        assert_eq!(remark.is_some(), remarked, "{text}: {remark:?}");
    }

    #[test]
    fn local_times_are_of_the_zone_that_is_named() {
        let shanghai = times("Asia/Shanghai", None);
        reads(
            &shanghai,
            "2019/1/6 12:09:38",
            "2019-01-06T04:09:38Z",
            false,
        );
        reads(
            &times("+08:00", None),
            "20190106",
            "2019-01-05T16:00:00Z",
            false,
        );
        let boston = times("America/New_York", None);
        reads(
            &boston,
            "2011-07-01 01:32:33",
            "2011-07-01T05:32:33Z",
            false,
        );
        reads(
            &boston,
            "2011-12-01 01:32:33",
            "2011-12-01T06:32:33Z",
            false,
        );
        // With its own offset.
        reads(
            &boston,
            "2011-07-01T01:32:33Z",
            "2011-07-01T01:32:33Z",
            false,
        );
        reads(
            &boston,
            "2011-07-01T01:32:33+08:00",
            "2011-06-30T17:32:33Z",
            false,
        );
        let american = times("America/New_York", Some("%m/%d/%Y %I:%M:%S %p"));
        reads(
            &american,
            "07/01/2011 01:32:33 PM",
            "2011-07-01T17:32:33Z",
            false,
        );
        assert!(american.read("2011-07-01 01:32:33", None).is_err());
        assert!(zone("Asia/Qingpu").is_err());
    }

    #[test]
    fn an_hour_that_does_not_exist_is_read_later_and_one_that_comes_twice_as_the_first_unless_it_cannot()
     {
        let boston = times("America/New_York", None);
        reads(&boston, "2011-03-13 02:30:00", "2011-03-13T07:30:00Z", true);
        reads(&boston, "2011-11-06 01:30:00", "2011-11-06T05:30:00Z", true);
        let begun = "2011-11-06T05:40:00Z".parse().unwrap();
        let (second, _) = boston.read("2011-11-06 01:30:00", Some(begun)).unwrap();
        assert_eq!(second, "2011-11-06T06:30:00Z".parse::<Timestamp>().unwrap());
    }
}
