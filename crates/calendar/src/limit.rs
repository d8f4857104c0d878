//! A time limit: how much time, in which unit, and whether the clock runs at night. Reading texts is `limit_text`'s matter,
//! adding a limit to an instant the calendar's.

use crate::limit_text::{BareUnits, LimitError};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// What a limit is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// 分钟.
    Minute,
    /// 小时, 工作时.
    Hour,
    /// 天, 工作日.
    Day,
}

/// When the clock runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counting {
    /// In working hours only.
    Working,
    /// Day and night, weekends and holidays too.
    AroundTheClock,
}

/// A time limit that has been understood.
///
/// As text (and in JSON and TOML) it is written without ambiguity: `2紧急工作时`, `4工作时`, `3工作日`, `2自然小时`, `5自然日`,
/// `30分钟`. A bare `小时` or `天` in JSON or TOML is read with the default [`BareUnits`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    pub(crate) hundredths: u32,
    pub(crate) unit: TimeUnit,
    pub(crate) counting: Counting,
    pub(crate) urgent: bool,
    pub(crate) season: Option<String>,
}

impl Limit {
    /// Reads a limit from the text of a standard; `bare` says what `小时` and `天` mean there.
    ///
    /// Errors say at which character and why; nothing is guessed.
    pub fn parse(text: &str, bare: &BareUnits) -> Result<Self, LimitError> {
        crate::limit_text::parse(text, *bare)
    }

    fn whole(number: u32, unit: TimeUnit, counting: Counting, urgent: bool) -> Self {
        Self {
            hundredths: number.saturating_mul(100),
            unit,
            counting,
            urgent,
            season: None,
        }
    }

    /// `n紧急工作时`: hours around the clock.
    pub fn urgent_hours(n: u32) -> Self {
        Self::whole(n, TimeUnit::Hour, Counting::AroundTheClock, true)
    }

    /// `n紧急工作日`: days of 24 hours.
    pub fn urgent_days(n: u32) -> Self {
        Self::whole(n, TimeUnit::Day, Counting::AroundTheClock, true)
    }

    /// `n工作时`.
    pub fn working_hours(n: u32) -> Self {
        Self::whole(n, TimeUnit::Hour, Counting::Working, false)
    }

    /// `n工作日`.
    pub fn working_days(n: u32) -> Self {
        Self::whole(n, TimeUnit::Day, Counting::Working, false)
    }

    /// `n自然小时`: hours around the clock without urgency.
    pub fn natural_hours(n: u32) -> Self {
        Self::whole(n, TimeUnit::Hour, Counting::AroundTheClock, false)
    }

    /// `n自然日`: days of 24 hours without urgency.
    pub fn natural_days(n: u32) -> Self {
        Self::whole(n, TimeUnit::Day, Counting::AroundTheClock, false)
    }

    /// `n分钟`, around the clock; desks that have minutes are manned at night.
    pub fn minutes(n: u32) -> Self {
        Self::whole(n, TimeUnit::Minute, Counting::AroundTheClock, false)
    }

    /// How many units, in hundredths: `0.5工作日` is 50.
    pub fn hundredths(&self) -> u32 {
        self.hundredths
    }

    /// The unit.
    pub fn unit(&self) -> TimeUnit {
        self.unit
    }

    /// When the clock runs.
    pub fn counting(&self) -> Counting {
        self.counting
    }

    /// Whether the text says 紧急.
    pub fn is_urgent(&self) -> bool {
        self.urgent
    }

    /// The season the limit holds in (`种植季节`), as written. The calendar does not know when that is; whoever shows the
    /// deadline shows this with it.
    pub fn season(&self) -> Option<&str> {
        self.season.as_deref()
    }

    /// Seconds of a limit whose unit has a fixed length: everything but working days.
    pub(crate) fn seconds(&self) -> i64 {
        let unit = match self.unit {
            TimeUnit::Minute => 60,
            TimeUnit::Hour => 3_600,
            TimeUnit::Day => 86_400,
        };
        // A hundredth of a minute is 0.6 s; the half second is given, not taken.
        (i64::from(self.hundredths) * unit + 99) / 100
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(season) = &self.season {
            f.write_str(season)?;
        }
        write!(f, "{}", self.hundredths / 100)?;
        match self.hundredths % 100 {
            0 => {}
            tenths if tenths % 10 == 0 => write!(f, ".{}", tenths / 10)?,
            hundredths => write!(f, ".{hundredths:02}")?,
        }
        f.write_str(match (self.urgent, self.counting, self.unit) {
            (true, _, TimeUnit::Minute) => "紧急分钟",
            (true, _, TimeUnit::Hour) => "紧急工作时",
            (true, _, TimeUnit::Day) => "紧急工作日",
            (false, Counting::Working, TimeUnit::Minute) => "工作分钟",
            (false, Counting::Working, TimeUnit::Hour) => "工作时",
            (false, Counting::Working, TimeUnit::Day) => "工作日",
            (false, Counting::AroundTheClock, TimeUnit::Minute) => "分钟",
            (false, Counting::AroundTheClock, TimeUnit::Hour) => "自然小时",
            (false, Counting::AroundTheClock, TimeUnit::Day) => "自然日",
        })
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text, &BareUnits::default()).map_err(serde::de::Error::custom)
    }
}
