//! Bad input of every mutating operation, over HTTP, on both engines. The operations are taken from the table of endpoints and
//! their fields from the description, so that a new one without a row here fails.

mod matrix;
mod rows;
mod stages;

use crate::town::*;
use crate::wire_contract::Answer;
use access::Principal;
use axum::http::Method;
use base::Id;
use casework::Processes;
use casework::http::{ENDPOINTS, router};
use rows::{Late, Row, rows};
use serde_json::{Map, Value, json};
use stages::Ready;
use std::collections::BTreeSet;
use std::sync::Arc;
use store::{Statement, params};

/// Asked by POST, and nothing is changed.
const QUESTIONS: [&str; 5] = [
    "case_similar",
    "process_check",
    "report_search",
    "route_explain",
    "route_rehearse",
];

/// The built-in processes, with reporters called back.
fn full_documents() -> Vec<String> {
    let calling = |document: &&str| {
        if document.contains("[callback]") || !document.contains("code = \"city-management\"") {
            (*document).to_owned()
        } else {
            format!("{document}{CALLBACK}")
        }
    };
    Processes::BUILT_IN.iter().map(calling).collect()
}

pub fn each_full_town(test: impl Fn(&Town)) {
    let documents = full_documents();
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    each_town_with(&documents, |town, _| test(town));
}

/// The row of an operation.
pub fn row(operation: &str) -> Row {
    let mut rows = rows().into_iter();
    rows.find(|row| row.operation == operation).unwrap()
}

fn method(of: &str) -> Method {
    Method::from_bytes(of.as_bytes()).unwrap()
}

fn wrong_fields(answer: &Answer) -> BTreeSet<(String, String)> {
    let fields = answer.body["fields"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let pairs = fields
        .iter()
        .map(|each| (text(&each["field"]), text(&each["code"])));
    pairs.collect()
}

/// A value that `schema` cannot take.
fn odd(schema: &Value) -> Value {
    let text = schema.to_string();
    let takes_truth = ["\"boolean\"", "\"integer\"", "\"number\""]
        .iter()
        .any(|kind| text.contains(kind));
    if takes_truth { json!("x") } else { json!(true) }
}

#[test]
fn every_body_names_the_missing_the_mistyped_and_the_unknown_field() {
    each_town(|town, store| {
        let (_, api) = router(casework(&store.store)).split_for_parts();
        let api = serde_json::to_value(&api).unwrap();
        let mut bodies = 0;
        for endpoint in ENDPOINTS.iter().filter(|each| each.method != "GET") {
            let place = format!(
                "/paths/{}/{}/requestBody/content/application~1json/schema/$ref",
                endpoint.path.replace('/', "~1"),
                endpoint.method.to_lowercase()
            );
            let Some(Value::String(schema)) = api.pointer(&place) else {
                continue;
            };
            bodies += 1;
            let schema = api.pointer(schema.trim_start_matches('#')).unwrap();
            let properties = schema["properties"]
                .as_object()
                .cloned()
                .unwrap_or_default();
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let path = endpoint.path.replace("{id}", "5").replace("{code}", "x");
            let anybody = centre("leader");
            let send = |body: &Value| {
                let answer = town.send(&anybody, method(endpoint.method), &path, &[], Some(body));
                assert_eq!(
                    (answer.status.as_u16(), answer.body["code"].as_str()),
                    (422, Some("invalid_input")),
                    "{}: {body} gives {}",
                    endpoint.operation,
                    answer.body
                );
                wrong_fields(&answer)
            };
            let name = endpoint.operation;
            if !required.is_empty() {
                let named = send(&json!({}));
                for field in &required {
                    let missing = (field.as_str().unwrap().to_owned(), "required".to_owned());
                    assert!(named.contains(&missing), "{name}: {missing:?} in {named:?}");
                }
            }
            // What the field itself may hold is a document of its own.
            let typed = properties.iter().filter(|(field, _)| *field != "document");
            let odd: Map<String, Value> = typed
                .map(|(field, schema)| (field.clone(), odd(schema)))
                .collect();
            let mut unknown = odd.clone();
            unknown.insert("colour".to_owned(), json!(1));
            let named = send(&Value::Object(unknown));
            for field in odd.keys() {
                let found = named.iter().find(|(each, _)| each == field);
                assert!(
                    found.is_some_and(|(_, code)| code == "wrong_type" || code == "unknown_value"),
                    "{name}: {field} in {named:?}"
                );
            }
            let colour = ("colour".to_owned(), "unknown_field".to_owned());
            assert!(named.contains(&colour), "{name}: {named:?}");
            for broken in ["{\"", ""] {
                let answer = town.send_text(&anybody, method(endpoint.method), &path, broken);
                assert_eq!(answer.body["code"], "malformed_json", "{name}: {broken:?}");
            }
        }
        assert!(bodies > 50, "{bodies}");
    });
}

#[test]
fn every_changing_operation_has_a_row() {
    let changing: BTreeSet<_> = ENDPOINTS
        .iter()
        .filter(|each| each.method != "GET" && !QUESTIONS.contains(&each.operation))
        .map(|each| each.operation)
        .filter(|operation| !TAKES_BYTES.contains(operation))
        .collect();
    let rows = rows();
    let covered: BTreeSet<_> = rows.iter().map(|row| row.operation).collect();
    assert_eq!(changing, covered);
    assert_eq!(rows.len(), covered.len(), "one row for each");
}

/// What takes a file, whole or in pieces, instead of words; see `attachments`.
const TAKES_BYTES: [&str; 2] = ["attachment_create", "upload_push"];

/// How many entries all timelines have.
fn entries(town: &Town) -> i64 {
    let count = Statement::composed("SELECT COUNT(*) FROM timeline".to_owned());
    let read = town
        .casework
        .store()
        .read_blocking(move |tx| tx.query_opt(&count, params![], |row| row.get::<i64>(0)));
    read.unwrap().unwrap()
}

struct Asked<'a> {
    town: &'a Town,
    row: &'a Row,
    method: Method,
    pattern: &'static str,
}

impl Asked<'_> {
    fn path(&self, ready: &Ready) -> String {
        let id = match self.pattern.split('/').nth(3).unwrap() {
            "reports" => ready.report,
            "tasks" => ready.task,
            "routes" => ready.route,
            _ => ready.case,
        };
        self.pattern
            .replace("{id}", &id.to_string())
            .replace("{code}", self.row.code)
    }

    fn send(&self, who: &Arc<Principal>, ready: &Ready, headers: &[(&str, &str)]) -> Answer {
        self.send_to(who, &self.path(ready), headers, &(self.row.body)(ready))
    }

    fn send_to(
        &self,
        who: &Arc<Principal>,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let body = (!body.is_null()).then_some(body);
        self.town
            .send(who, self.method.clone(), path, headers, body)
    }

    #[track_caller]
    fn refused(&self, answer: &Answer, status: &[u16], codes: &[&str], when: &str) {
        let (found, code) = (answer.status.as_u16(), answer.body["code"].as_str());
        assert!(
            status.contains(&found) && code.is_some_and(|code| codes.contains(&code)),
            "{} {when}: {found} {}",
            self.row.operation,
            answer.body
        );
        let words = answer.body["title"].as_str().unwrap_or_default();
        let detail = answer.body["detail"].as_str().unwrap_or_default();
        assert!(!words.is_empty() || !detail.is_empty(), "{}", answer.body);
    }

    fn foreign(&self, ready: &Ready) {
        let row = self.row;
        let before = entries(self.town);
        // Whoever begins something anew does so for their own organisation.
        if self.pattern.contains("{id}") {
            let stranger = person(Id(900), row.stranger, None);
            let answer = self.send(&stranger, ready, &[]);
            let codes = ["forbidden", "not_found"];
            self.refused(&answer, &[403, 404], &codes, "by a stranger");
        }
        let without = person(CENTRE, "security_admin", Some(district()));
        let answer = self.send(&without, ready, &[]);
        self.refused(
            &answer,
            &[403, 404],
            &["forbidden", "not_found"],
            "without the right",
        );
        if self.pattern.contains("{id}") {
            let nowhere = self.pattern.replace("{id}", "5");
            let answer = self.send_to(&row.who, &nowhere, &[], &(row.body)(ready));
            self.refused(&answer, &[404], &["not_found"], "of nothing");
            let text = self.pattern.replace("{id}", "abc");
            let answer = self.send_to(&row.who, &text, &[], &(row.body)(ready));
            self.refused(&answer, &[422], &["invalid_input"], "of no id");
        }
        assert_eq!(entries(self.town), before, "{}", row.operation);
    }

    fn stale(&self, ready: &Ready) {
        if !self.row.versioned {
            return;
        }
        let answer = self.send(&self.row.who, ready, &[("if-match", "\"99\"")]);
        // The server's frame makes it 412.
        self.refused(&answer, &[409], &["version_mismatch"], "of another version");
        assert!(
            answer.body["current"]["version"].is_i64(),
            "{}",
            answer.body
        );
    }

    fn repeated(&self, ready: &Ready) {
        let row = self.row;
        let entries = || entries(self.town);
        let key = format!("key-{}", row.operation);
        let headers: &[(&str, &str)] = if row.keyed {
            &[("idempotency-key", &key)]
        } else {
            &[]
        };
        let before = entries();
        let first = self.send(&row.who, ready, headers);
        assert!(
            first.status.is_success(),
            "{}: {} {}",
            row.operation,
            first.status,
            first.body
        );
        let after = entries();
        if row.tells {
            assert!(after > before, "{} tells nothing", row.operation);
        }
        if !row.keyed {
            return;
        }
        let again = self.send(&row.who, ready, headers);
        assert_eq!(
            (first.status, &first.body),
            (again.status, &again.body),
            "{}",
            row.operation
        );
        assert_eq!(entries(), after, "{}: one effect", row.operation);
        let other = if self.pattern.contains("{id}") {
            let path = self.pattern.replace("{id}", "77");
            self.send_to(&row.who, &path, headers, &(row.body)(ready))
        } else {
            let body = row.other.clone().unwrap();
            self.send_to(&row.who, self.pattern, headers, &body)
        };
        self.refused(
            &other,
            &[404, 409, 422],
            &["idempotency_key_reused", "not_found"],
            "another content under one key",
        );
        let mut body = (row.body)(ready);
        if let Some((field, value)) = &row.altered {
            body[*field] = value.clone();
            let other = self.send_to(&row.who, &self.path(ready), headers, &body);
            self.refused(
                &other,
                &[422],
                &["idempotency_key_reused"],
                "other words under one key",
            );
        }
        assert_eq!(entries(), after, "{}", row.operation);
    }

    fn late(&self, ready: &Ready) {
        let row = self.row;
        let (again, code) = match row.late {
            Late::Never => return,
            Late::Again(code) => (self.send(&row.who, ready, &[]), code),
            Late::Ended(code) => {
                let ready = (row.ready)(self.town);
                stages::end(self.town, &ready);
                (self.send(&row.who, &ready, &[]), code)
            }
            Late::Withdrawn(code) => {
                let ready = (row.ready)(self.town);
                stages::withdraw(self.town, &ready);
                (self.send(&row.who, &ready, &[]), code)
            }
        };
        self.refused(&again, &[403, 404, 409, 422], &[code], "late");
        if again.status.as_u16() == 409 && row.tells {
            assert!(again.body["current"]["stage"].is_string(), "{}", again.body);
        }
    }
}

#[test]
fn every_command_answers_strangers_the_late_and_the_repeated_clearly() {
    each_full_town(|town| {
        let mut failed = Vec::new();
        for row in rows() {
            let endpoint = ENDPOINTS
                .iter()
                .find(|each| each.operation == row.operation)
                .unwrap();
            let asked = Asked {
                town,
                row: &row,
                method: method(endpoint.method),
                pattern: endpoint.path,
            };
            town.clock.set(morning());
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let ready = (row.ready)(town);
                asked.foreign(&ready);
                asked.stale(&ready);
                asked.repeated(&ready);
                asked.late(&ready);
            }));
            if let Err(why) = outcome {
                failed.push((row.operation, why.downcast_ref::<String>().cloned()));
            }
        }
        assert_eq!(failed, []);
        town.verify();
    });
}
