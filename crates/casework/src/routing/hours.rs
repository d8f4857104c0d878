//! Hours of the week in which a row of the routing table holds, by the clock on the wall (+08:00).

use base::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const MINUTES_A_DAY: i64 = 24 * 60;

/// On these days from one time of day until another; until before from runs over midnight.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// 1 Monday to 7 Sunday: the day on which the hours begin.
    pub days: Vec<u8>,
    /// E.g. `17:30`.
    #[schema(example = "17:30")]
    pub from: String,
    /// E.g. `08:30`; itself no longer within. `24:00` is the end of the day.
    #[schema(example = "08:30")]
    pub until: String,
}

/// Why hours are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// Days out of 1 to 7, none, or one twice.
    #[error("days are 1 (Monday) to 7 (Sunday), at least one, each once")]
    Days,
    /// No time of day.
    #[error("a time of day is written 08:30")]
    From,
    /// No time of day, or the same as `from`.
    #[error("a time of day is written 08:30, and `until` is another than `from`")]
    Until,
}

fn minutes(text: &str) -> Option<i64> {
    let (hour, minute) = text.split_once(':')?;
    let two = |part: &str, max: i64| {
        let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        digits
            .then(|| part.parse().ok())
            .flatten()
            .filter(|n: &i64| *n <= max)
    };
    let minutes = two(hour, 24)? * 60 + two(minute, 59)?;
    (minutes <= MINUTES_A_DAY).then_some(minutes)
}

impl Hours {
    /// Whether they make sense.
    pub fn check(&self) -> Result<(), HoursError> {
        let mut days = self.days.clone();
        days.sort_unstable();
        days.dedup();
        let fine = !days.is_empty() && days.len() == self.days.len();
        if !fine || days.iter().any(|day| !(1..=7).contains(day)) {
            return Err(HoursError::Days);
        }
        let from = minutes(&self.from)
            .filter(|from| *from < MINUTES_A_DAY)
            .ok_or(HoursError::From)?;
        match minutes(&self.until) {
            Some(until) if until != from => Ok(()),
            _ => Err(HoursError::Until),
        }
    }

    /// Whether `at` lies within them.
    pub fn hold(&self, at: Timestamp) -> bool {
        let (Some(from), Some(until)) = (minutes(&self.from), minutes(&self.until)) else {
            return false;
        };
        let local = at.0.div_euclid(60_000_000) + 8 * 60;
        let (day, minute) = (
            local.div_euclid(MINUTES_A_DAY),
            local.rem_euclid(MINUTES_A_DAY),
        );
        // 1970-01-01 was a Thursday.
        let is_day = |day: i64| {
            let weekday = (day + 3).rem_euclid(7) + 1;
            self.days.iter().any(|each| i64::from(*each) == weekday)
        };
        if from < until {
            return is_day(day) && (from..until).contains(&minute);
        }
        (is_day(day) && minute >= from) || (is_day(day - 1) && minute < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(days: &[u8], from: &str, until: &str) -> Hours {
        Hours {
            days: days.to_vec(),
            from: from.to_owned(),
            until: until.to_owned(),
        }
    }

    #[test]
    fn hours_hold_by_the_clock_on_the_wall_and_run_over_midnight() {
        // 2026-11-20 is a Friday.
        for (days, from, until, at, expected) in [
            (
                &[5_u8][..],
                "08:30",
                "17:30",
                "2026-11-20T08:30:00+08:00",
                true,
            ),
            (&[5], "08:30", "17:30", "2026-11-20T17:30:00+08:00", false),
            (&[5], "08:30", "17:30", "2026-11-20T00:30:00Z", true),
            (&[4], "08:30", "17:30", "2026-11-20T09:00:00+08:00", false),
            (&[5], "17:30", "08:30", "2026-11-21T08:29:59+08:00", true),
            (&[5], "17:30", "08:30", "2026-11-20T08:00:00+08:00", false),
            (&[6], "00:00", "24:00", "2026-11-21T23:59:00+08:00", true),
        ] {
            let at: Timestamp = at.parse().unwrap();
            let hours = hours(days, from, until);
            assert_eq!(hours.check(), Ok(()));
            assert_eq!(hours.hold(at), expected, "{hours:?} at {at:?}");
        }
    }

    #[test]
    fn hours_that_make_no_sense_are_refused() {
        for (days, from, until, error) in [
            (&[][..], "08:30", "17:30", HoursError::Days),
            (&[0_u8], "08:30", "17:30", HoursError::Days),
            (&[8], "08:30", "17:30", HoursError::Days),
            (&[1, 1], "08:30", "17:30", HoursError::Days),
            (&[1], "8:30", "17:30", HoursError::From),
            (&[1], "24:00", "17:30", HoursError::From),
            (&[1], "08:60", "17:30", HoursError::From),
            (&[1], "08:30", "24:01", HoursError::Until),
            (&[1], "08:30", "08:30", HoursError::Until),
            (&[1], "08:30", "noon", HoursError::Until),
        ] {
            assert_eq!(hours(days, from, until).check(), Err(error));
        }
    }
}
