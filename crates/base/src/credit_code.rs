//! The unified social credit code of an organisation (统一社会信用代码, GB 32100-2015).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// The 31 characters, each standing for its place; I, O, S, V and Z are left out.
const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// A credit code whose check character is right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CreditCode(String);

/// Why a text is no credit code.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CreditCodeError {
    /// Not 18 characters.
    #[error("a credit code has 18 characters; this one has {0}")]
    Length(usize),
    /// A character the code does not use.
    #[error("'{found}' at character {at} is not used in credit codes (I, O, S, V and Z are not)")]
    Character {
        /// The offending character.
        found: char,
        /// Its place, counted from 1.
        at: usize,
    },
    /// Characters 3 to 8 are a division code.
    #[error("'{found}' at character {at} is not a digit; characters 3 to 8 are a division code")]
    Division {
        /// The offending character.
        found: char,
        /// Its place, counted from 1.
        at: usize,
    },
    /// The last character does not follow from the others.
    #[error("the check character is '{found}', but '{expected}' follows from the others")]
    Check {
        /// The one given.
        found: char,
        /// The one computed.
        expected: char,
    },
}

impl CreditCode {
    /// Reads a code; lower case is raised, blanks around it are dropped. Errors say which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, CreditCodeError> {
        let text = text.trim().to_ascii_uppercase();
        let length = text.chars().count();
        if length != 18 {
            return Err(CreditCodeError::Length(length));
        }
        let (mut sum, mut weight, mut last) = (0, 1, ('0', 0));
        for (at, found) in (1..).zip(text.chars()) {
            let value = ALPHABET
                .iter()
                .position(|&known| char::from(known) == found)
                .ok_or(CreditCodeError::Character { found, at })?;
            if (3..=8).contains(&at) && value > 9 {
                return Err(CreditCodeError::Division { found, at });
            }
            if at < 18 {
                sum = (sum + value * weight) % 31;
                weight = weight * 3 % 31;
            } else {
                last = (found, value);
            }
        }
        let check = (31 - sum) % 31;
        if last.1 != check {
            return Err(CreditCodeError::Check {
                found: last.0,
                expected: ALPHABET.get(check).copied().map_or('?', char::from),
            });
        }
        Ok(Self(text))
    }

    /// As text, upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for CreditCode {
    type Err = CreditCodeError;
    fn from_str(text: &str) -> Result<Self, CreditCodeError> {
        Self::parse(text)
    }
}

impl Serialize for CreditCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for CreditCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sample printed in the standard.
    const SAMPLE: &str = "91350100M000100Y43";

    #[test]
    fn the_sample_of_the_standard_is_right_however_it_is_typed() {
        assert_eq!(CreditCode::parse(SAMPLE).unwrap().as_str(), SAMPLE);
        assert_eq!(
            CreditCode::parse(" 91350100m000100y43 ").unwrap().as_str(),
            SAMPLE
        );
    }

    #[test]
    fn any_single_wrong_character_is_found() {
        for place in 0..18 {
            for &other in ALPHABET {
                let mut bytes = SAMPLE.as_bytes().to_vec();
                if bytes[place] == other {
                    continue;
                }
                bytes[place] = other;
                let text = String::from_utf8(bytes).unwrap();
                assert!(CreditCode::parse(&text).is_err(), "{text}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        use CreditCodeError as E;
        for (text, error) in [
            ("", E::Length(0)),
            ("91350100M000100Y4", E::Length(17)),
            ("91350100I000100Y43", E::Character { found: 'I', at: 9 }),
            ("9135A100M000100Y43", E::Division { found: 'A', at: 5 }),
            (
                "91350100M000100Y44",
                E::Check {
                    found: '4',
                    expected: '3',
                },
            ),
        ] {
            assert_eq!(CreditCode::parse(text), Err(error), "{text:?}");
        }
    }
}
