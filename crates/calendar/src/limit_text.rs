//! Reading the time limits of standards. A text is either understood in every character or refused with the place and the
//! reason; there is no default limit.

use crate::limit::{Counting, Limit, TimeUnit};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Longer texts are not limits. The longest real one has nine characters.
pub const LIMIT_CHARACTERS_MAX: usize = 40;
/// Longer limits are slips of the keyboard. The longest real one has fifteen days.
pub const LIMIT_DAYS_MAX: u32 = 1_000;

/// What a standard means by `小时` and `天` without 工作 or 紧急. (`分钟` always runs around the clock.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BareUnits {
    /// `小时`.
    pub hours: Counting,
    /// `天` and `日`.
    pub days: Counting,
}

impl Default for BareUnits {
    /// As most cities mean it: `小时` is 工作时, `天` is 工作日.
    fn default() -> Self {
        Self {
            hours: Counting::Working,
            days: Counting::Working,
        }
    }
}

impl BareUnits {
    /// The other reading: the clock on the wall.
    pub const NATURAL: Self = Self {
        hours: Counting::AroundTheClock,
        days: Counting::AroundTheClock,
    };
}

/// A text that is no limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LimitError {
    /// The text, as it came (cut when far too long).
    pub text: String,
    /// The character at which it stops making sense, counted from 1.
    pub at: usize,
    /// Why.
    pub fault: LimitFault,
    /// What may have been meant; for a person to confirm, never used by itself.
    pub suggestion: Option<String>,
}

/// Why a text is no limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitFault {
    /// Nothing there.
    Empty,
    /// More than [`LIMIT_CHARACTERS_MAX`] characters.
    TooLong,
    /// No number where one should be; the text from there on.
    NoNumber(String),
    /// A number that cannot be read, e.g. `3.`, `一二`.
    BadNumber,
    /// A limit of no time.
    Zero,
    /// More than [`LIMIT_DAYS_MAX`] days.
    Absurd,
    /// A number and nothing after it.
    NoUnit,
    /// What follows the number is no unit; the text from there on.
    UnknownUnit(String),
    /// A good limit followed by something else.
    Trailing(String),
}

impl LimitFault {
    /// Stable code, translated by the UI.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "limit_empty",
            Self::TooLong => "limit_too_long",
            Self::NoNumber(_) => "limit_no_number",
            Self::BadNumber => "limit_bad_number",
            Self::Zero => "limit_zero",
            Self::Absurd => "limit_absurd",
            Self::NoUnit => "limit_no_unit",
            Self::UnknownUnit(_) => "limit_unknown_unit",
            Self::Trailing(_) => "limit_trailing_text",
        }
    }
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, at, .. } = self;
        write!(f, "`{text}` is no time limit: ")?;
        match &self.fault {
            LimitFault::Empty => write!(f, "it is empty"),
            LimitFault::TooLong => write!(f, "it has more than {LIMIT_CHARACTERS_MAX} characters"),
            LimitFault::NoNumber(found) => {
                write!(f, "at character {at} a number is missing before `{found}`")
            }
            LimitFault::BadNumber => write!(f, "the number at character {at} cannot be read"),
            LimitFault::Zero => write!(f, "the number at character {at} is zero"),
            LimitFault::Absurd => write!(
                f,
                "the number at character {at} makes it longer than {LIMIT_DAYS_MAX} days"
            ),
            LimitFault::NoUnit => write!(f, "at character {at} a unit is missing"),
            LimitFault::UnknownUnit(found) => {
                write!(f, "`{found}` at character {at} is no unit")
            }
            LimitFault::Trailing(found) => {
                write!(f, "`{found}` at character {at} does not belong to it")
            }
        }?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; perhaps `{suggestion}` is meant"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for LimitError {}

/// One character after normalising, and its place in the text (from 1).
type Character = (usize, char);

/// See [`Limit::parse`].
pub(crate) fn parse(text: &str, bare: BareUnits) -> Result<Limit, LimitError> {
    let fail = |failure: Failure| LimitError {
        text: text.chars().take(LIMIT_CHARACTERS_MAX).collect(),
        at: failure.at,
        fault: failure.fault,
        suggestion: None,
    };
    if text.chars().nth(LIMIT_CHARACTERS_MAX).is_some() {
        return Err(fail(Failure::new(
            LIMIT_CHARACTERS_MAX + 1,
            LimitFault::TooLong,
        )));
    }
    let mut characters = normalise(text);
    if characters.is_empty() {
        return Err(fail(Failure::new(1, LimitFault::Empty)));
    }
    let urgent = take_urgent(&mut characters);
    let mut reader = Reader {
        rest: &characters,
        end: text.chars().count() + 1,
    };
    reader.limit(urgent, bare).map_err(|failure| {
        let suggestion = suggest(text, &failure)
            .filter(|text| parse(text, bare).is_ok_and(|limit| limit.urgent == urgent));
        LimitError {
            suggestion,
            ..fail(failure)
        }
    })
}

/// What may have been meant: the part before what does not belong, or the unit written out.
fn suggest(text: &str, failure: &Failure) -> Option<String> {
    let before: String = text.chars().take(failure.at - 1).collect();
    let unit = match &failure.fault {
        LimitFault::Trailing(_) => "",
        LimitFault::UnknownUnit(found) if found == "时" => "小时",
        LimitFault::UnknownUnit(found) if found == "分" => "分钟",
        _ => return None,
    };
    Some(format!("{}{unit}", before.trim()))
}

/// Full-width forms become half-width, traditional 個 and 兩 simplified, blanks and invisible marks are dropped.
fn normalise(text: &str) -> Vec<Character> {
    (1..)
        .zip(text.chars())
        .filter(|(_, c)| !c.is_whitespace() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}'))
        .map(|(at, c)| {
            let plain = match c {
                '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
                '個' => '个',
                '兩' => '两',
                '〇' => '零',
                other => other,
            };
            (at, plain)
        })
        .collect()
}

/// Takes one `紧急`, with brackets around it if there are, from wherever it stands: it says of the whole limit that the
/// clock runs around the clock.
fn take_urgent(characters: &mut Vec<Character>) -> bool {
    for mark in [&['(', '紧', '急', ')'][..], &['紧', '急'][..]] {
        let found = characters
            .windows(mark.len())
            .position(|window| window.iter().map(|c| &c.1).eq(mark));
        if let Some(start) = found {
            characters.drain(start..start + mark.len());
            return true;
        }
    }
    false
}

/// Where reading stopped, and why.
struct Failure {
    at: usize,
    fault: LimitFault,
}

impl Failure {
    fn new(at: usize, fault: LimitFault) -> Self {
        Self { at, fault }
    }
}

/// Takes a limit apart from the left.
struct Reader<'a> {
    rest: &'a [Character],
    /// The place after the last character.
    end: usize,
}

impl Reader<'_> {
    fn limit(&mut self, urgent: bool, bare: BareUnits) -> Result<Limit, Failure> {
        let mut season = self.season_before()?;
        let number_at = self.at();
        let (mut hundredths, mut half) = self.amount()?;
        let (unit, counting) = self.unit(bare)?;
        if !half {
            half = self.take("半");
        }
        if half {
            hundredths = hundredths.saturating_add(50);
        }
        let _ = self.take("以内") || self.take("之内") || self.take("内");
        if season.is_none() {
            season = self.season_after();
        }
        self.take("。");
        if !self.rest.is_empty() {
            return Err(Failure::new(self.at(), LimitFault::Trailing(self.text())));
        }
        if hundredths == 0 {
            return Err(Failure::new(number_at, LimitFault::Zero));
        }
        let hundredths_a_day = match unit {
            TimeUnit::Minute => 24 * 60 * 100,
            TimeUnit::Hour => 24 * 100,
            TimeUnit::Day => 100,
        };
        if hundredths > LIMIT_DAYS_MAX * hundredths_a_day {
            return Err(Failure::new(number_at, LimitFault::Absurd));
        }
        Ok(Limit {
            hundredths,
            unit,
            counting: if urgent {
                Counting::AroundTheClock
            } else {
                counting
            },
            urgent,
            season,
        })
    }

    /// The place of the next character.
    fn at(&self) -> usize {
        self.rest.first().map_or(self.end, |c| c.0)
    }

    fn peek(&self) -> Option<char> {
        self.rest.first().map(|c| c.1)
    }

    fn text(&self) -> String {
        self.rest.iter().map(|c| c.1).collect()
    }

    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    /// Takes `word` if it comes next.
    fn take(&mut self, word: &str) -> bool {
        let length = word.chars().count();
        let next = self.rest.get(..length).unwrap_or_default();
        let found = next.iter().map(|c| c.1).eq(word.chars());
        if found {
            self.skip(length);
        }
        found
    }

    /// `种植季节` before the number, with `内` or a colon after it. Anything else before the number is refused.
    fn season_before(&mut self) -> Result<Option<String>, Failure> {
        let no_number =
            |reader: &Self| Failure::new(reader.at(), LimitFault::NoNumber(reader.text()));
        let length = self
            .rest
            .iter()
            .position(|c| begins_number(c.1))
            .ok_or_else(|| no_number(self))?;
        if length == 0 {
            return Ok(None);
        }
        let before: String = self.rest.iter().take(length).map(|c| c.1).collect();
        let season = before.trim_end_matches(['内', '中', ':', ',']);
        if !is_season(season) {
            return Err(no_number(self));
        }
        let season = season.to_owned();
        self.skip(length);
        Ok(Some(season))
    }

    /// `(种植季节)` after the unit.
    fn season_after(&mut self) -> Option<String> {
        let text = self.text();
        let (inner, _) = text.strip_prefix('(')?.split_once(')')?;
        let season = inner.to_owned();
        is_season(&season).then(|| {
            self.skip(season.chars().count() + 2);
            season
        })
    }

    /// A number in hundredths and whether a half comes on top: `3`, `两个`, `半个`, `一个半`. (`两半天` could be one day or two
    /// and a half, so it is not read.)
    fn amount(&mut self) -> Result<(u32, bool), Failure> {
        if self.take("半") {
            self.take("个");
            return Ok((0, true));
        }
        let hundredths = self.number()?;
        let half = self.take("个") && self.take("半");
        Ok((hundredths, half))
    }

    /// A number in hundredths: digits with up to two decimals, or Chinese numerals below ten thousand.
    fn number(&mut self) -> Result<u32, Failure> {
        let at = self.at();
        let bad = || Failure::new(at, LimitFault::BadNumber);
        if self.peek().is_some_and(|c| c.is_ascii_digit()) {
            let digits = self.digits().ok_or_else(bad)?;
            return digits.map_err(|()| Failure::new(at, LimitFault::Absurd));
        }
        self.numerals().ok_or_else(bad)
    }

    /// None: malformed. Err: too large to hold.
    fn digits(&mut self) -> Option<Result<u32, ()>> {
        let text = self.text();
        let length = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let number = text.get(..length)?;
        self.skip(length);
        let (whole, decimals) = match number.split_once('.') {
            None => (number, 0),
            Some((whole, decimals)) => {
                let value: u32 = decimals.parse().ok()?;
                match decimals.len() {
                    1 => (whole, value * 10),
                    2 => (whole, value),
                    _ => return None,
                }
            }
        };
        let hundredths = whole
            .parse::<u32>()
            .ok()
            .and_then(|whole| whole.checked_mul(100)?.checked_add(decimals));
        Some(hundredths.ok_or(()))
    }

    /// 三, 十五, 二十四, 一百零五; the places must fall and no digit may follow a digit. 一百五 is not read: people mean 150 by
    /// it, though it is written as 105.
    fn numerals(&mut self) -> Option<u32> {
        let (mut total, mut digit, mut smallest) = (0_u32, None, 10_000);
        let mut after_zero = false;
        while let Some(c) = self.peek() {
            if let Some(value) = numeral(c) {
                if digit.is_some_and(|d| d != 0) {
                    return None;
                }
                after_zero = digit == Some(0);
                digit = Some(value);
            } else if let Some(place) = place(c) {
                let count = match digit {
                    Some(0) => return None,
                    Some(count) => count,
                    None if total == 0 && place == 10 => 1,
                    None => return None,
                };
                if place >= smallest {
                    return None;
                }
                (total, digit, smallest) = (total + count * place, None, place);
            } else {
                break;
            }
            self.skip(1);
        }
        let ones = digit.unwrap_or(0);
        let colloquial = ones != 0 && !after_zero && (100..10_000).contains(&smallest);
        (!colloquial).then_some((total + ones) * 100)
    }

    fn unit(&mut self, bare: BareUnits) -> Result<(TimeUnit, Counting), Failure> {
        let at = self.at();
        let found = self.text();
        if self.rest.is_empty() {
            return Err(Failure::new(at, LimitFault::NoUnit));
        }
        let stated = if self.take("工作") {
            Some(Counting::Working)
        } else if self.take("自然") || self.take("日历") {
            Some(Counting::AroundTheClock)
        } else {
            None
        };
        if self.take("分钟") {
            return Ok((TimeUnit::Minute, stated.unwrap_or(Counting::AroundTheClock)));
        }
        if self.take("小时") || (stated.is_some() && self.take("时")) {
            return Ok((TimeUnit::Hour, stated.unwrap_or(bare.hours)));
        }
        if self.take("天") || self.take("日") {
            return Ok((TimeUnit::Day, stated.unwrap_or(bare.days)));
        }
        Err(Failure::new(at, LimitFault::UnknownUnit(found)))
    }
}

fn begins_number(c: char) -> bool {
    c.is_ascii_digit() || c == '半' || numeral(c).is_some() || place(c).is_some()
}

/// Whether a text names a part of the year or of an undertaking, such as 种植季节, 冬季, 汛期, 施工期间.
fn is_season(text: &str) -> bool {
    let ends_so = ["季节", "季", "汛期", "期间"]
        .iter()
        .any(|ending| text.ends_with(ending) && text != *ending);
    (ends_so || text == "汛期") && text.chars().all(char::is_alphabetic)
}

fn numeral(c: char) -> Option<u32> {
    Some(match c {
        '零' => 0,
        '一' => 1,
        '二' | '两' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        _ => return None,
    })
}

fn place(c: char) -> Option<u32> {
    Some(match c {
        '十' => 10,
        '百' => 100,
        '千' => 1_000,
        _ => return None,
    })
}
