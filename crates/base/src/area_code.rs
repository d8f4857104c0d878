//! Official division codes: GB/T 2260 (6 digits), GB/T 10114 (street or town, 3 more), village or community (3 more) and the
//! unit grid (3 more). Which codes are in force is the registry's matter, not this module's.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// How far down a code reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AreaLevel {
    /// Province, autonomous region or municipality: six digits ending in 0000.
    Province,
    /// Prefecture or city: six digits ending in 00.
    City,
    /// County, district or county-level city: six digits.
    District,
    /// Street, town or township: nine digits.
    Street,
    /// Community or village: twelve digits.
    Village,
    /// Unit grid: fifteen digits.
    Grid,
}

/// A division code in its shortest form.
///
/// Statistical codes are filled with zeros to twelve digits; these are taken off when reading: `310118001000` is the street
/// `310118001`, `310118000000` the district `310118`. Ordered as the tree: a division before what it contains.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AreaCode {
    /// Fifteen digits, the levels that are not there being zero. The level follows from it.
    padded: u64,
}

/// Why a text is no division code.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AreaCodeError {
    /// Not 6, 9, 12 or 15 characters.
    #[error("a division code has 6, 9, 12 or 15 digits; this one has {0} characters")]
    Length(usize),
    /// Something else than a digit.
    #[error("'{found}' at character {at} is not a digit")]
    Character {
        /// The offending character.
        found: char,
        /// Its place, counted from 1.
        at: usize,
    },
    /// No province has a code beginning with 0.
    #[error("no division code begins with 0")]
    Province,
    /// A level is zero while one below it is not.
    #[error("{upper} is all zeros, yet {lower} below it is not")]
    Gap {
        /// The digits that are zero.
        upper: &'static str,
        /// The digits below them that are not.
        lower: &'static str,
    },
}

/// The parts of a code from the top: the weight of the part's last digit, how many values the part has, its name.
const PARTS: [(AreaLevel, u64, u64, &str); 6] = [
    (
        AreaLevel::Province,
        10_000_000_000_000,
        100,
        "the province (digits 1-2)",
    ),
    (
        AreaLevel::City,
        100_000_000_000,
        100,
        "the city (digits 3-4)",
    ),
    (
        AreaLevel::District,
        1_000_000_000,
        100,
        "the district (digits 5-6)",
    ),
    (
        AreaLevel::Street,
        1_000_000,
        1_000,
        "the street (digits 7-9)",
    ),
    (
        AreaLevel::Village,
        1_000,
        1_000,
        "the village (digits 10-12)",
    ),
    (AreaLevel::Grid, 1, 1_000, "the grid (digits 13-15)"),
];

impl AreaCode {
    /// Reads a code of 6, 9, 12 or 15 digits. Errors say which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, AreaCodeError> {
        let length = text.chars().count();
        if !matches!(length, 6 | 9 | 12 | 15) {
            return Err(AreaCodeError::Length(length));
        }
        let mut padded = 0_u64;
        for (index, found) in text.chars().enumerate() {
            let digit = found.to_digit(10).ok_or(AreaCodeError::Character {
                found,
                at: index + 1,
            })?;
            padded = padded * 10 + u64::from(digit);
        }
        for _ in length..15 {
            padded *= 10;
        }
        if padded < 100_000_000_000_000 {
            return Err(AreaCodeError::Province);
        }
        check_gaps(padded)?;
        Ok(Self { padded })
    }

    /// How far down the code reaches.
    #[must_use]
    pub fn level(self) -> AreaLevel {
        PARTS
            .into_iter()
            .rev()
            .find(|(_, weight, values, _)| !(self.padded / weight).is_multiple_of(*values))
            .map_or(AreaLevel::Province, |(level, ..)| level)
    }

    /// The code one level up by its digits; none for a province. A street of a city without districts (东莞) is directly
    /// below the city.
    #[must_use]
    pub fn parent_code(self) -> Option<Self> {
        let level = self.level();
        let (_, weight, values, _) = PARTS.into_iter().find(|part| part.0 == level)?;
        let span = weight * values;
        let padded = self.padded / span * span;
        (padded != 0).then_some(Self { padded })
    }

    /// Whether `other` is this division or lies within it, by the digits.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        let level = self.level();
        PARTS
            .into_iter()
            .find(|part| part.0 == level)
            .is_some_and(|(_, weight, ..)| self.padded / weight == other.padded / weight)
    }

    /// The county-level six digits every code begins with; for component and matter codes.
    #[must_use]
    pub fn six_digits(self) -> String {
        (self.padded / 1_000_000_000).to_string()
    }
}

/// Refuses a code with a hole in it, such as a village of no street. A city or its districts may be zero above a street
/// (东莞 has no districts), the province and the street above a village may not.
fn check_gaps(padded: u64) -> Result<(), AreaCodeError> {
    let part = |index: usize| {
        PARTS
            .get(index)
            .map_or((0, ""), |(_, weight, values, name)| {
                (padded / weight % values, *name)
            })
    };
    for (upper, lower) in [(1, 2), (1, 3), (3, 4), (4, 5)] {
        let ((above, upper), (below, lower)) = (part(upper), part(lower));
        if above == 0 && below != 0 {
            return Err(AreaCodeError::Gap { upper, lower });
        }
    }
    Ok(())
}

impl fmt::Display for AreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let divisor = match self.level() {
            AreaLevel::Province | AreaLevel::City | AreaLevel::District => 1_000_000_000,
            AreaLevel::Street => 1_000_000,
            AreaLevel::Village => 1_000,
            AreaLevel::Grid => 1,
        };
        write!(f, "{}", self.padded / divisor)
    }
}

impl fmt::Debug for AreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AreaCode({self})")
    }
}

impl FromStr for AreaCode {
    type Err = AreaCodeError;
    fn from_str(text: &str) -> Result<Self, AreaCodeError> {
        Self::parse(text)
    }
}

impl Serialize for AreaCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AreaCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> AreaCode {
        AreaCode::parse(text).unwrap()
    }

    #[test]
    fn codes_are_read_in_their_shortest_form_and_know_their_level() {
        for (text, shortest, level) in [
            ("310000", "310000", AreaLevel::Province),
            ("310100", "310100", AreaLevel::City),
            ("310118", "310118", AreaLevel::District),
            ("310118001", "310118001", AreaLevel::Street),
            ("310118001003", "310118001003", AreaLevel::Village),
            ("310118001003017", "310118001003017", AreaLevel::Grid),
            ("310118001000", "310118001", AreaLevel::Street),
            ("310118000000", "310118", AreaLevel::District),
            ("310118000", "310118", AreaLevel::District),
            ("310100000000", "310100", AreaLevel::City),
            ("310000000000", "310000", AreaLevel::Province),
            ("310118001003000", "310118001003", AreaLevel::Village),
            ("441900003000", "441900003", AreaLevel::Street),
        ] {
            assert_eq!(code(text).to_string(), shortest);
            assert_eq!(code(text).level(), level, "{text}");
        }
    }

    #[test]
    fn parents_lead_up_to_the_province() {
        let mut line = vec![];
        let mut next = Some(code("310118001003017"));
        while let Some(code) = next {
            line.push(code.to_string());
            next = code.parent_code();
        }
        assert_eq!(
            line,
            [
                "310118001003017",
                "310118001003",
                "310118001",
                "310118",
                "310100",
                "310000"
            ]
        );
        assert_eq!(
            code("441900003").parent_code(),
            Some(code("441900")),
            "东莞 has no districts"
        );
    }

    #[test]
    fn a_code_contains_what_lies_below_it_and_is_ordered_before_it() {
        for (upper, lower, within) in [
            ("310118", "310118", true),
            ("310118", "310118001003017", true),
            ("310000", "310118", true),
            ("310100", "310118001", true),
            ("310118", "310117001", false),
            ("310118001", "310118", false),
            ("310118001", "310118002001", false),
        ] {
            assert_eq!(code(upper).contains(code(lower)), within, "{upper} {lower}");
            if within && upper != lower {
                assert!(code(upper) < code(lower));
            }
        }
        assert_eq!(code("310118001003017").six_digits(), "310118");
    }

    #[test]
    fn what_is_no_code_is_refused_with_the_reason() {
        use AreaCodeError as E;
        for (text, error) in [
            ("", E::Length(0)),
            ("31011", E::Length(5)),
            ("3101180010", E::Length(10)),
            (
                "31011８",
                E::Character {
                    found: '８', at: 6
                },
            ),
            ("31011x", E::Character { found: 'x', at: 6 }),
            ("-31011", E::Character { found: '-', at: 1 }),
            ("010118", E::Province),
            ("000000", E::Province),
            (
                "310018",
                E::Gap {
                    upper: "the city (digits 3-4)",
                    lower: "the district (digits 5-6)",
                },
            ),
            (
                "310118000001",
                E::Gap {
                    upper: "the street (digits 7-9)",
                    lower: "the village (digits 10-12)",
                },
            ),
            (
                "310118001000001",
                E::Gap {
                    upper: "the village (digits 10-12)",
                    lower: "the grid (digits 13-15)",
                },
            ),
            (
                "310000001",
                E::Gap {
                    upper: "the city (digits 3-4)",
                    lower: "the street (digits 7-9)",
                },
            ),
        ] {
            assert_eq!(AreaCode::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn on_the_wire_a_code_is_a_checked_string() {
        assert_eq!(
            serde_json::to_string(&code("310118001000")).unwrap(),
            "\"310118001\""
        );
        assert_eq!(
            serde_json::from_str::<AreaCode>("\"310118\"").unwrap(),
            code("310118")
        );
        assert!(serde_json::from_str::<AreaCode>("\"31\"").is_err());
    }
}
