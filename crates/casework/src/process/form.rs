//! Forms of actions: what a city asks for when a step is taken, besides what the law needs. E.g. the depth of water, a choice of
//! causes, a date on which somebody comes again.
//!
//! What was filled in is sealed, for it is in people's words; the timeline holds its digest (`form_filled`).

use base::FieldError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Fields of one form at the most.
pub const FIELDS_MAX: usize = 40;
/// The longest text that fits a field, in characters.
pub const TEXT_CHARACTERS_MAX: usize = 2_000;
/// Choices of one field at the most.
const CHOICES_MAX: usize = 200;
/// The longest key, label or choice, in characters.
const WORD_CHARACTERS_MAX: usize = 100;

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Words.
    Text,
    /// A number.
    Number,
    /// One of the choices.
    Choice,
    /// Yes or no.
    Bool,
    /// A date, `2026-11-27`.
    Date,
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormField {
    /// Its word.
    pub key: String,
    /// What users read.
    pub label: String,
    /// What it takes.
    pub kind: FieldKind,
    /// Whether it must be filled in.
    #[serde(default)]
    pub required: bool,
    /// What may be chosen. Of kind `choice` only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// The least number. Of kind `number` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The greatest number. Of kind `number` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// Whether a form makes sense; each fault with its place below the form.
pub(super) fn faults(form: &[FormField]) -> Vec<(String, String)> {
    let mut faults = Vec::new();
    let mut add = |place: String, reason: &str| faults.push((place, reason.to_owned()));
    if form.len() > FIELDS_MAX {
        add(String::new(), "a form has at most 40 fields");
    }
    let mut keys = BTreeSet::new();
    for (n, field) in form.iter().enumerate() {
        let place = |part: &str| format!("[{n}].{part}");
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !is_word(&field.key) || !field.key.bytes().all(fits) {
            let reason = "a key is 1 to 100 lower-case letters, digits and underscores";
            add(place("key"), reason);
        }
        if !keys.insert(&field.key) {
            add(place("key"), "a key stands once in a form");
        }
        if !is_word(&field.label) {
            add(
                place("label"),
                "users read something, 100 characters at most",
            );
        }
        match (field.kind, field.choices.len()) {
            (FieldKind::Choice, 0) => add(place("choices"), "there is something to choose"),
            (FieldKind::Choice, count) if count > CHOICES_MAX => {
                add(place("choices"), "there are at most 200 choices");
            }
            (FieldKind::Choice, _) | (_, 0) => {}
            _ => add(place("choices"), "only a choice has them"),
        }
        if !field.choices.iter().all(|choice| is_word(choice)) {
            add(place("choices"), "a choice is 1 to 100 characters");
        }
        if BTreeSet::from_iter(&field.choices).len() < field.choices.len() {
            add(place("choices"), "a choice stands once in its field");
        }
        let has_bounds = field.min.is_some() || field.max.is_some();
        if has_bounds && field.kind != FieldKind::Number {
            add(place("min"), "only a number has bounds");
        }
        if field.min.zip(field.max).is_some_and(|(min, max)| min > max) {
            add(place("max"), "it is not below `min`");
        }
    }
    faults
}

fn is_word(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= WORD_CHARACTERS_MAX
}

/// What is wrong with what was filled in; every field at once.
pub fn wrong(form: &[FormField], filled: Option<&Map<String, Value>>) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    for field in form {
        let value = filled.and_then(|filled| filled.get(&field.key));
        let name = format!("form.{}", field.key);
        match value {
            None | Some(Value::Null) if field.required => {
                wrong.push(FieldError::new(name, "required", "it is required"));
            }
            None | Some(Value::Null) => {}
            Some(value) => {
                if let Err((code, message)) = field.takes(value) {
                    wrong.push(FieldError::new(name, code, message));
                }
            }
        }
    }
    for key in filled.into_iter().flat_map(Map::keys) {
        if !form.iter().any(|field| field.key == *key) {
            let message = "the form of this action has no such field";
            wrong.push(FieldError::new(
                format!("form.{key}"),
                "unknown_field",
                message,
            ));
        }
    }
    wrong
}

impl FormField {
    fn takes(&self, value: &Value) -> Result<(), (&'static str, String)> {
        let kind = |what: &str| Err(("wrong_type", format!("it takes {what}")));
        match (self.kind, value) {
            (FieldKind::Text, Value::String(text)) => {
                if text.trim().is_empty() && self.required {
                    Err(("required", "it is required".to_owned()))
                } else if text.chars().count() > TEXT_CHARACTERS_MAX {
                    let message = format!("at most {TEXT_CHARACTERS_MAX} characters");
                    Err(("too_long", message))
                } else {
                    Ok(())
                }
            }
            (FieldKind::Number, Value::Number(number)) => {
                let number = number.as_f64().unwrap_or(f64::NAN);
                let is_within = self.min.is_none_or(|min| number >= min)
                    && self.max.is_none_or(|max| number <= max);
                if is_within {
                    return Ok(());
                }
                let bound = |bound: Option<f64>| bound.map_or("…".to_owned(), |b| b.to_string());
                let message = format!("from {} to {}", bound(self.min), bound(self.max));
                Err(("out_of_range", message))
            }
            (FieldKind::Choice, Value::String(text)) => {
                if self.choices.contains(text) {
                    Ok(())
                } else {
                    let message = format!("one of {}", self.choices.join(", "));
                    Err(("unknown_value", message))
                }
            }
            (FieldKind::Bool, Value::Bool(_)) => Ok(()),
            (FieldKind::Date, Value::String(text)) => {
                // The parser also takes a date with a time behind it.
                let date = text.parse::<jiff::civil::Date>();
                if date.is_ok_and(|date| date.to_string() == *text) {
                    Ok(())
                } else {
                    Err(("malformed", "a date such as 2026-11-27".to_owned()))
                }
            }
            (FieldKind::Text, _) => kind("a text"),
            (FieldKind::Number, _) => kind("a number"),
            (FieldKind::Choice, _) => kind("one of its choices"),
            (FieldKind::Bool, _) => kind("true or false"),
            (FieldKind::Date, _) => kind("a date such as 2026-11-27"),
        }
    }
}
