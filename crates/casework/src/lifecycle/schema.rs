//! The schema of the facts on a timeline, and how older ones are read.
//!
//! A timeline is never rewritten. Whoever changes the shape of a fact adds a [`Lift`] at the end of [`LIFTS`], which turns the
//! JSON of the schema before into that of the next; the number new events are written with follows from the length of the table.

use super::Fact;
use serde_json::Value;

/// Turns the body of any fact of one schema into that of the next. Facts whose shape stayed pass as they are.
type Lift = fn(Value) -> Value;

/// The first lifts schema 1 to 2, the next 2 to 3, and so on.
const LIFTS: [Lift; 0] = [];

/// The schema number that new events are written with. Older ones are lifted when they are read ([`read_fact`]).
#[expect(
    clippy::cast_possible_wrap,
    reason = "the table is written by hand and short"
)]
pub const EVENT_SCHEMA: i64 = 1 + LIFTS.len() as i64;

/// A timeline entry that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableFact {
    /// Written by a newer version of the product, or with a number below 1, which none ever had.
    #[error("this version does not know schema {0}")]
    Schema(i64),
    /// Not the JSON of a fact.
    #[error("not a fact: {0}")]
    Json(#[from] serde_json::Error),
}

/// Reads a fact written with `schema`, lifted to the present one.
pub fn read_fact<F: Fact>(schema: i64, body: &str) -> Result<F, UnreadableFact> {
    // What is of today needs no detour over a tree of values.
    if schema == EVENT_SCHEMA {
        return Ok(serde_json::from_str(body)?);
    }
    read_lifted(&LIFTS, schema, body)
}

/// Passes the body through each lift from its schema on.
fn read_lifted<F: Fact>(lifts: &[Lift], schema: i64, body: &str) -> Result<F, UnreadableFact> {
    let first = schema.checked_sub(1).and_then(|n| usize::try_from(n).ok());
    let Some(due) = first.and_then(|first| lifts.get(first..)) else {
        return Err(UnreadableFact::Schema(schema));
    };
    let read: Value = serde_json::from_str(body)?;
    let lifted = due.iter().fold(read, |body, lift| lift(body));
    Ok(serde_json::from_value(lifted)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::case::CaseFact;
    use base::Id;
    use serde_json::json;

    /// Made up: schema 1 said `order_taken`, schema 2 `task_received`.
    fn second(mut body: Value) -> Value {
        if body["kind"] == "order_taken" {
            body["kind"] = json!("task_received");
        }
        body
    }

    /// Made up: schema 2 spoke of an `order_id` and said `task_received`.
    fn third(mut body: Value) -> Value {
        if body["kind"] == "task_received" {
            body["kind"] = json!("task_accepted");
            let id = body
                .as_object_mut()
                .and_then(|fields| fields.remove("order_id"));
            body["task_id"] = id.unwrap_or_default();
        }
        body
    }

    const MADE: [Lift; 2] = [second, third];

    fn read(schema: i64, body: &Value) -> Result<CaseFact, UnreadableFact> {
        read_lifted(&MADE, schema, &body.to_string())
    }

    #[test]
    fn an_older_event_is_lifted_step_by_step_to_the_present_schema() {
        let wanted = CaseFact::TaskAccepted { task_id: Id(7) };
        let today = serde_json::to_value(&wanted).unwrap();
        let id = &today["task_id"];
        for (schema, body) in [
            (1, json!({"kind": "order_taken", "order_id": id})),
            (2, json!({"kind": "task_received", "order_id": id})),
            (3, today.clone()),
        ] {
            assert_eq!(read(schema, &body).unwrap(), wanted, "schema {schema}");
        }
        // A number that lies about the body does not get it through.
        let lying = json!({"kind": "order_taken", "order_id": id});
        assert!(matches!(read(2, &lying), Err(UnreadableFact::Json(_))));
    }

    #[test]
    fn a_schema_nobody_knows_is_refused_and_not_guessed() {
        let body = serde_json::to_string(&CaseFact::TaskAccepted { task_id: Id(7) }).unwrap();
        for schema in [i64::MIN, -1, 0, EVENT_SCHEMA + 1, i64::MAX] {
            let answer = read_fact::<CaseFact>(schema, &body);
            assert!(matches!(answer, Err(UnreadableFact::Schema(n)) if n == schema));
        }
        assert!(read_fact::<CaseFact>(EVENT_SCHEMA, &body).is_ok());
    }
}
