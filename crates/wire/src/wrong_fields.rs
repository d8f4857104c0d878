//! All wrong fields at once, although a deserializer stops at the first.
//!
//! The first wrong field is noted and replaced by something harmless that its type takes; then the whole is read again,
//! until it fits or nothing helps. What was read this way is thrown away: only the list of wrong fields is wanted.

use base::FieldError;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use serde_path_to_error::Segment;
use std::collections::VecDeque;

/// So many wrong fields are named at the most.
const WRONG_FIELDS_MAX: usize = 50;

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
}

/// What a deserializer objects to, and where.
#[derive(Debug, PartialEq)]
struct Objection {
    place: Vec<Step>,
    code: &'static str,
    message: String,
}

/// The wrong fields of a JSON body that does not fit `T`.
pub(crate) fn json_wrong_fields<T: DeserializeOwned>(body: &[u8]) -> Vec<FieldError> {
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else {
        return Vec::new();
    };
    let mut mended: Vec<Vec<Step>> = Vec::new();
    let mut wrong = Vec::new();
    let mut objection = json_objection::<T>(&value);
    while let Some(found) = objection.take() {
        if wrong.len() >= WRONG_FIELDS_MAX || mended.len() >= 2 * WRONG_FIELDS_MAX {
            break;
        }
        if !mended.iter().any(|place| found.place.starts_with(place)) {
            wrong.push(FieldError::new(
                written(&found.place),
                found.code,
                found.message.clone(),
            ));
        }
        match mend::<T>(&mut value, &found) {
            Mended::Next(next) => objection = Some(next),
            Mended::Fits | Mended::No => break,
        }
        mended.push(found.place);
    }
    wrong
}

enum Mended {
    Fits,
    Next(Objection),
    No,
}

fn mend<T: DeserializeOwned>(value: &mut Value, found: &Objection) -> Mended {
    if found.place.is_empty() {
        return Mended::No;
    }
    let mut fillings: VecDeque<Option<Value>> = if found.code == "unknown_field" {
        VecDeque::from([None])
    } else {
        harmless().map(Some).into()
    };
    fillings.extend(expected_word(found).map(Some));
    let mut words_tried = 0;
    while let Some(filling) = fillings.pop_front() {
        put(value, &found.place, filling);
        let Some(next) = json_objection::<T>(value) else {
            return Mended::Fits;
        };
        if next.place != found.place {
            return Mended::Next(next);
        }
        if let (0, Some(word)) = (words_tried, expected_word(&next)) {
            words_tried += 1;
            fillings.push_front(Some(word));
        }
    }
    Mended::No
}

/// Values one of which most types take.
fn harmless() -> [Value; 9] {
    [
        json!(null),
        json!(""),
        json!(0),
        json!(false),
        json!([]),
        json!({}),
        json!("0"),
        json!("2000-01-01T00:00:00Z"),
        json!("2000-01-01"),
    ]
}

/// A closed list of words names its words in the objection: ``unknown variant `x`, expected `a` or `b` ``.
fn expected_word(objection: &Objection) -> Option<Value> {
    let word = objection.message.split('`').nth(3)?;
    (objection.code == "unknown_value").then(|| json!(word))
}

fn put(value: &mut Value, place: &[Step], filling: Option<Value>) {
    let Some((last, before)) = place.split_last() else {
        return;
    };
    let mut at = value;
    for step in before {
        let next = match step {
            Step::Key(key) => at.get_mut(key),
            Step::Index(index) => at.get_mut(index),
        };
        match next {
            Some(next) => at = next,
            None => return,
        }
    }
    match (last, at, filling) {
        (Step::Key(key), Value::Object(map), Some(filling)) => {
            map.insert(key.clone(), filling);
        }
        (Step::Key(key), Value::Object(map), None) => {
            map.remove(key);
        }
        (Step::Index(index), Value::Array(items), Some(filling)) => {
            if let Some(item) = items.get_mut(*index) {
                *item = filling;
            }
        }
        _ => {}
    }
}

fn json_objection<T: DeserializeOwned>(value: &Value) -> Option<Objection> {
    let error = serde_path_to_error::deserialize::<_, T>(value).err()?;
    let place = error
        .path()
        .iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(Step::Index(*index)),
            Segment::Map { key } => Some(Step::Key(key.clone())),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect();
    Some(objection(place, error.inner().to_string()))
}

/// Reads serde's sentence: what kind of wrong it is, and whether it speaks of a field below `place`.
fn objection(mut place: Vec<Step>, message: String) -> Objection {
    let named = |place: &mut Vec<Step>| {
        let name = message.split('`').nth(1).unwrap_or_default();
        if place.last() != Some(&Step::Key(name.to_owned())) {
            place.push(Step::Key(name.to_owned()));
        }
    };
    let code = if message.starts_with("missing field") {
        named(&mut place);
        "required"
    } else if message.starts_with("unknown field") {
        named(&mut place);
        "unknown_field"
    } else if message.starts_with("unknown variant") {
        "unknown_value"
    } else if message.starts_with("invalid type") {
        "wrong_type"
    } else {
        "malformed"
    };
    Objection {
        place,
        code,
        message,
    }
}

fn written(place: &[Step]) -> String {
    let mut text = String::new();
    for step in place {
        match step {
            Step::Key(key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
            Step::Index(index) => {
                text.push('[');
                text.push_str(&index.to_string());
                text.push(']');
            }
        }
    }
    text
}

/// The wrong parameters of a query string that does not fit `T`.
pub(crate) fn query_wrong_fields<T: DeserializeOwned>(query: &str) -> Vec<FieldError> {
    let mut pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    let mut wrong: Vec<FieldError> = Vec::new();
    while wrong.len() < WRONG_FIELDS_MAX {
        let Some(found) = query_objection::<T>(&pairs) else {
            break;
        };
        let field = written(&found.place);
        let seen = wrong.iter().any(|before| before.field == field);
        if seen {
            break;
        }
        pairs.retain(|(key, _)| *key != field);
        if found.code == "required" {
            pairs.push((field.clone(), "0".to_owned()));
        }
        let nameless = field.is_empty();
        wrong.push(FieldError::new(field, found.code, found.message));
        if nameless {
            break;
        }
    }
    wrong
}

fn query_objection<T: DeserializeOwned>(pairs: &[(String, String)]) -> Option<Objection> {
    let query = serde_urlencoded::to_string(pairs).ok()?;
    if serde_urlencoded::from_str::<T>(&query).is_ok() {
        return None;
    }
    let source = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    let error = serde_path_to_error::deserialize::<_, T>(source).err()?;
    let place = error.path().iter().filter_map(|segment| match segment {
        Segment::Map { key } => Some(Step::Key(key.clone())),
        _ => None,
    });
    let mut found = objection(place.collect(), error.inner().to_string());
    if found.code == "wrong_type" {
        found.code = "malformed";
    }
    Some(found)
}

/// The strings of a JSON body that hold a NUL character.
pub(crate) fn json_control_characters(body: &[u8]) -> Vec<FieldError> {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return Vec::new();
    };
    let mut wrong = Vec::new();
    nul_strings(&value, &mut Vec::new(), &mut wrong);
    wrong
}

fn nul_strings(value: &Value, place: &mut Vec<Step>, wrong: &mut Vec<FieldError>) {
    if wrong.len() >= WRONG_FIELDS_MAX {
        return;
    }
    match value {
        Value::String(text) if text.contains('\0') => wrong.push(control_character(written(place))),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                place.push(Step::Index(index));
                nul_strings(item, place, wrong);
                place.pop();
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                place.push(Step::Key(key.clone()));
                if key.contains('\0') {
                    wrong.push(control_character(written(place)));
                }
                nul_strings(item, place, wrong);
                place.pop();
            }
        }
        _ => {}
    }
}

/// The field that holds a NUL character.
pub(crate) fn control_character(field: String) -> FieldError {
    FieldError::new(
        field,
        "control_character",
        "The NUL character cannot be kept.",
    )
}
