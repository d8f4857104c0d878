//! Documents that come with the product and say only in what they differ from another: written out in full when they are read.
//! What is saved through the API is always the whole document.

use super::{ProcessError, step};
use crate::model::CaseStage;
use serde_json::{Map, Value};

/// The document whole: what it does not say is as in the one it is `based_on`, less what it is `without`. Actions that none
/// of its stages allows are left out.
pub(super) fn whole(mut document: Value, known: &[Value]) -> Result<Value, ProcessError> {
    let Some(fields) = document.as_object_mut() else {
        return Ok(document);
    };
    let Some(code) = fields.remove("based_on") else {
        return Ok(document);
    };
    let without = fields.remove("without");
    let base = known
        .iter()
        .find(|each| each["code"] == code)
        .ok_or_else(|| ProcessError::at("based_on", format!("there is no process {code}")))?;
    let mut whole = base.clone();
    let places = without.iter().filter_map(Value::as_array).flatten();
    for place in places.filter_map(Value::as_str) {
        if !take_away(&mut whole, place) {
            let reason = format!("{place:?} is nothing of {code}");
            return Err(ProcessError::at("without", reason));
        }
    }
    lay_over(&mut whole, document);
    drop_impossible(&mut whole);
    Ok(whole)
}

/// Takes `a.b.c` away; false when it is not there.
fn take_away(document: &mut Value, place: &str) -> bool {
    let (way, last) = place.rsplit_once('.').unwrap_or(("", place));
    let mut here = document;
    for part in way.split('.').filter(|part| !part.is_empty()) {
        match here.get_mut(part) {
            Some(next) => here = next,
            None => return false,
        }
    }
    here.as_object_mut()
        .is_some_and(|fields| fields.remove(last).is_some())
}

/// Lays `over` upon `under`: objects field by field, everything else whole. A stage and an action are whole, too.
fn lay_over(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            let is_leaf = over.contains_key("name") && !over.contains_key("code");
            if is_leaf {
                *under = over;
                return;
            }
            for (key, value) in over {
                lay_over(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}

fn drop_impossible(document: &mut Value) {
    let stages = document["stages"].as_object().cloned().unwrap_or_default();
    let uses = |stage: &CaseStage| stages.contains_key(stage.as_str());
    let Some(actions) = document.get_mut("actions").and_then(Value::as_object_mut) else {
        return;
    };
    let possible = |operation: &String| match step(operation) {
        Some(step) if operation != "case_dispatch" => {
            step.from.is_empty() || step.from.iter().any(uses)
        }
        _ => true,
    };
    let kept: Map<String, Value> = std::mem::take(actions)
        .into_iter()
        .filter(|(operation, _)| possible(operation))
        .collect();
    *actions = kept;
}
