//! Characters: how texts are compared, cut for the index, asked for and found.

use super::{Cutter, Names, is_particle};
use std::collections::BTreeSet;

/// From here to before there, in characters.
pub type Span = (u32, u32);

/// A text as it is compared, one character for one.
pub fn plain(text: &str) -> Vec<char> {
    text.chars().map(plain_char).collect()
}

fn plain_char(c: char) -> char {
    let narrow = match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' | '\u{a0}' => ' ',
        _ => c,
    };
    let mut lower = narrow.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(only), None) => only,
        _ => narrow,
    }
}

/// What is indexed of a plain text: each letter, digit and character, and each pair of neighbours. Spaces and signs stand between.
pub fn terms(text: &[char], into: &mut BTreeSet<String>) {
    for run in text.split(|c| !c.is_alphanumeric()) {
        into.extend(run.iter().map(char::to_string));
        into.extend(run.windows(2).map(|pair| pair.iter().collect::<String>()));
    }
}

/// By which terms a run of characters is found: its pairs, or itself when it is one.
fn terms_of_run(run: &[char]) -> Vec<String> {
    match run {
        [only] => vec![only.to_string()],
        run => {
            let pairs: BTreeSet<String> =
                run.windows(2).map(|pair| pair.iter().collect()).collect();
            pairs.into_iter().collect()
        }
    }
}

/// How many last digits of a number are indexed: of its serial, and with month and day. Any others are looked for by the next fewer.
const TAILS: &[usize] = &[3, 4, 5, 9];

/// The last digits of a human number that are indexed.
pub fn tails(number: &str) -> Vec<String> {
    let digits = digits(number);
    let tail = |count: &usize| digits.get(digits.len().checked_sub(*count)?..);
    TAILS.iter().filter_map(tail).map(str::to_owned).collect()
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Something that must be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These characters, as they stand.
    Word(Vec<char>),
    /// These last digits of a number, or these characters.
    Number {
        /// Digits alone.
        digits: String,
        /// As typed, with its hyphens.
        typed: Vec<char>,
    },
}

impl Piece {
    /// By which terms it is found in texts.
    pub fn terms(&self) -> Vec<String> {
        let (Self::Word(characters)
        | Self::Number {
            typed: characters, ..
        }) = self;
        let mut all = BTreeSet::new();
        for run in characters.split(|c| !c.is_alphanumeric()) {
            if !run.is_empty() {
                all.extend(terms_of_run(run));
            }
        }
        all.into_iter().collect()
    }

    /// By which tail it is found among numbers.
    pub fn tail(&self) -> Option<String> {
        let Self::Number { digits, .. } = self else {
            return None;
        };
        let count = TAILS.iter().rev().find(|count| **count <= digits.len())?;
        digits.get(digits.len() - count..).map(str::to_owned)
    }

    /// Whether a human number ends so.
    pub fn ends(&self, number: &str) -> bool {
        matches!(self, Self::Number { digits: tail, .. } if digits(number).ends_with(tail.as_str()))
    }

    /// The characters to be found in a text.
    pub fn characters(&self) -> &[char] {
        let (Self::Word(characters)
        | Self::Number {
            typed: characters, ..
        }) = self;
        characters
    }
}

/// What somebody asks for: every piece must be found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// In the order typed.
    pub pieces: Vec<Piece>,
}

impl Asked {
    /// Whatever was typed means something; what has neither letter nor digit asks for nothing.
    pub fn parse(text: &str, cutter: &Cutter, names: impl Fn() -> Names) -> Self {
        let text = plain(text);
        let mut pieces = Vec::new();
        for part in text
            .split(|c| c.is_whitespace())
            .filter(|part| !part.is_empty())
        {
            match number(part) {
                Some(piece) => pieces.push(piece),
                None => pieces.extend(words(part, cutter, &names)),
            }
        }
        let mut asked: Vec<Piece> = Vec::new();
        for piece in pieces {
            if !asked.contains(&piece) {
                asked.push(piece);
            }
        }
        let says_something = |piece: &Piece| {
            let word: String = piece.characters().iter().collect();
            !is_particle(&word)
        };
        if asked.iter().any(says_something) {
            asked.retain(says_something);
        }
        Self { pieces: asked }
    }
}

/// Digits, with hyphens between or the letters of a report's number before: the end of a number, three digits at least.
fn number(part: &[char]) -> Option<Piece> {
    let bare = part.strip_prefix(&['s', 'q']).unwrap_or(part);
    let is_number = bare.iter().all(|c| c.is_ascii_digit() || *c == '-');
    let digits: String = bare.iter().filter(|c| c.is_ascii_digit()).collect();
    (is_number && digits.len() >= 3).then(|| Piece::Number {
        digits,
        typed: part.to_vec(),
    })
}

fn words(part: &[char], cutter: &Cutter, names: &impl Fn() -> Names) -> Vec<Piece> {
    let words = cutter.words(part, names).into_iter();
    words
        .map(|word| {
            let characters: Vec<char> = word.chars().collect();
            number(&characters).unwrap_or(Piece::Word(characters))
        })
        .collect()
}

/// Where a piece stands in a plain text, from left to right, without overlap.
pub fn find_all(text: &[char], piece: &[char]) -> Vec<Span> {
    let mut found = Vec::new();
    let (Some(first), mut at) = (piece.first(), 0) else {
        return found;
    };
    while let Some(rest) = text.get(at..).filter(|rest| rest.len() >= piece.len()) {
        if rest.first() == Some(first) && rest.starts_with(piece) {
            let from = u32::try_from(at).unwrap_or(u32::MAX);
            let length = u32::try_from(piece.len()).unwrap_or(0);
            found.push((from, from.saturating_add(length)));
            at += piece.len();
        } else {
            at += 1;
        }
    }
    found
}
