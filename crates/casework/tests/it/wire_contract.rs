//! Casework over HTTP: routes, headers, statuses. What stands before the handlers (sign-in, the table) is the server's.

use crate::town::*;
use access::Principal;
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use casework::http::{ENDPOINTS, router};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use store::Store;
use tower::ServiceExt;

pub struct Answer {
    pub status: StatusCode,
    tag: Option<String>,
    location: Option<String>,
    pub body: Value,
}

thread_local! {
    static APP: RefCell<Option<(*const Store, Router)>> = const { RefCell::new(None) };
}

impl Town {
    /// The routes of this town; made once, for making them means describing them all.
    fn app(&self) -> Router {
        let town = std::ptr::from_ref(self.casework.store());
        APP.with_borrow_mut(|kept| match kept {
            // What is kept keeps its town, too: no other can come to lie there.
            Some((of, app)) if *of == town => app.clone(),
            kept => {
                let app = router(self.casework.clone()).split_for_parts().0;
                kept.insert((town, app)).1.clone()
            }
        })
    }

    pub fn send(
        &self,
        who: &Arc<Principal>,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .extension(who.clone());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.ask(request, body)
    }

    /// Sends a body that need not be JSON, as JSON.
    pub fn send_text(
        &self,
        who: &Arc<Principal>,
        method: Method,
        path: &str,
        text: &str,
    ) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .extension(who.clone())
            .header(header::CONTENT_TYPE, "application/json");
        self.ask(request, Body::from(text.to_owned()))
    }

    fn ask(&self, request: axum::http::request::Builder, body: Body) -> Answer {
        wait(async {
            let response = self
                .app()
                .oneshot(request.body(body).unwrap())
                .await
                .unwrap();
            let text = |name| {
                let value = response.headers().get(name);
                value.map(|value| value.to_str().unwrap().to_owned())
            };
            let (tag, location) = (text(header::ETAG), text(header::LOCATION));
            let status = response.status();
            let bytes = response.into_body().collect().await.unwrap().to_bytes();
            Answer {
                status,
                tag,
                location,
                body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            }
        })
    }

    pub fn post(&self, who: &Arc<Principal>, path: &str, body: &Value) -> Answer {
        self.send(who, Method::POST, path, &[], Some(body))
    }

    pub fn put(&self, who: &Arc<Principal>, path: &str, body: &Value) -> Answer {
        self.send(who, Method::PUT, path, &[], Some(body))
    }

    pub fn get(&self, who: &Arc<Principal>, path: &str) -> Answer {
        self.send(who, Method::GET, path, &[], None)
    }
}

fn report_body() -> Value {
    json!({
        "source": "hotline", "title": "井盖缺失", "detail": "请打 13812341234",
        "place": {"lon": 121.1, "lat": 31.1},
        "reporter": {"name": "王小明", "phone": "13812341234"},
        "open_case": {"category_id": CATEGORY}
    })
}

#[test]
fn the_table_of_endpoints_and_the_routes_agree() {
    each_town(|town, test_store| {
        let (_, api) = router(casework(&test_store.store)).split_for_parts();
        let mut declared = BTreeSet::new();
        for (path, item) in &api.paths.paths {
            for (method, operation) in [
                ("GET", &item.get),
                ("POST", &item.post),
                ("PATCH", &item.patch),
                ("PUT", &item.put),
                ("DELETE", &item.delete),
            ] {
                if let Some(operation) = operation {
                    let id = operation.operation_id.clone().unwrap();
                    declared.insert((method.to_owned(), path.clone(), id));
                }
            }
        }
        let table: BTreeSet<_> = ENDPOINTS
            .iter()
            .map(|each| {
                (
                    each.method.to_owned(),
                    each.path.to_owned(),
                    each.operation.to_owned(),
                )
            })
            .collect();
        assert_eq!(declared, table);
        for endpoint in ENDPOINTS {
            let access::Needs::Permission(permission) = endpoint.needs else {
                panic!("{} needs a permission", endpoint.operation);
            };
            assert!(
                access::PermissionSet::all().contains(permission),
                "{permission}"
            );
        }
        drop(town.casework.clone());
    });
}

#[test]
fn a_day_by_http() {
    each_town(|town, _| {
        let clerk = centre("intake_clerk");
        let created = town.post(&clerk, "/api/v1/reports", &report_body());
        assert_eq!(created.status, StatusCode::CREATED, "{}", created.body);
        assert_eq!(created.tag.as_deref(), Some("\"2\""));
        let report_path = created.location.unwrap();
        assert_eq!(
            report_path,
            format!(
                "/api/v1/reports/{}",
                created.body["report"]["id"].as_str().unwrap()
            )
        );
        let case_path = format!(
            "/api/v1/cases/{}",
            created.body["case"]["id"].as_str().unwrap()
        );

        let filed = town.post(
            &centre("shift_leader"),
            &format!("{case_path}/file"),
            &json!({"rule_row_id": RULE}),
        );
        assert_eq!(
            (filed.status, filed.tag.as_deref()),
            (StatusCode::OK, Some("\"2\""))
        );
        let order = json!({"lead_organisation_id": ROADS, "co_organisation_ids": [WATER]});
        let dispatcher = centre("dispatcher");
        let dispatch_path = format!("{case_path}/dispatch");
        let stale = town.send(
            &dispatcher,
            Method::POST,
            &dispatch_path,
            &[("if-match", "\"1\"")],
            Some(&order),
        );
        assert_eq!(
            (stale.status, stale.body["code"].as_str()),
            (StatusCode::CONFLICT, Some("version_mismatch"))
        );
        assert_eq!(stale.body["current"]["version"], 2);
        let sent = town.send(
            &dispatcher,
            Method::POST,
            &dispatch_path,
            &[("if-match", "\"2\"")],
            Some(&order),
        );
        assert_eq!(sent.status, StatusCode::OK);

        for (organisation, n) in [(WATER, 1), (ROADS, 0)] {
            let task = sent.body["tasks"][n]["id"].as_str().unwrap();
            let handler = person(organisation, "handler", None);
            let accepted = town.post(
                &handler,
                &format!("/api/v1/tasks/{task}/accept"),
                &json!({}),
            );
            assert_eq!(accepted.status, StatusCode::OK, "{}", accepted.body);
            let finished = town.post(
                &handler,
                &format!("/api/v1/tasks/{task}/finish"),
                &json!({"result": "好了"}),
            );
            assert_eq!(finished.status, StatusCode::OK, "{}", finished.body);
        }
        let tasks = town.get(
            &person(ROADS, "handler", None),
            "/api/v1/tasks?state=finished&limit=5",
        );
        assert_eq!(tasks.body["items"].as_array().unwrap().len(), 1);
        let passed = town.post(
            &centre("inspector"),
            &format!("{case_path}/inspect-result"),
            &json!({"passed": true}),
        );
        assert_eq!(passed.body["stage"], "closing");
        let closed = town.post(
            &centre("shift_leader"),
            &format!("{case_path}/close"),
            &json!({"rule_row_id": RULE}),
        );
        assert_eq!(closed.body["stage"], "closed");

        let case = town.get(&centre("leader"), &case_path);
        assert_eq!(case.tag.unwrap(), format!("\"{}\"", case.body["version"]));
        assert_eq!(case.body["timeline"].as_array().unwrap().len(), 10);
        let list = town.get(
            &centre("leader"),
            "/api/v1/cases?stage=closed&area_code=310118&limit=1",
        );
        assert_eq!(list.body["items"][0]["title"], "井盖缺失");
        let report = town.get(&clerk, &report_path);
        assert_eq!(report.body["reporter"]["name"], "王*");
        assert_eq!(report.body["stage"], "settled");
        let plain = town.post(
            &clerk,
            &format!("{report_path}/unmask"),
            &json!({"reason": "callback"}),
        );
        assert_eq!(plain.body["reporter"]["name"], "王小明");
        let found = town.post(
            &clerk,
            "/api/v1/reports/search",
            &json!({"phone": "13812341234"}),
        );
        assert_eq!(found.body["items"].as_array().unwrap().len(), 1);
        town.verify();
    });
}

#[test]
fn failures_have_their_status_and_code() {
    each_town(|town, _| {
        let clerk = centre("intake_clerk");
        let refused = |answer: Answer, status: u16, code: &str| {
            assert_eq!(
                (answer.status.as_u16(), answer.body["code"].as_str()),
                (status, Some(code)),
                "{}",
                answer.body
            );
        };
        refused(
            town.post(
                &clerk,
                "/api/v1/reports",
                &json!({"source": 5, "colour": 1}),
            ),
            422,
            "invalid_input",
        );
        refused(town.get(&clerk, "/api/v1/cases/abc"), 422, "invalid_input");
        refused(town.get(&clerk, "/api/v1/cases/5"), 404, "not_found");
        refused(
            town.get(&clerk, "/api/v1/cases?light=blue"),
            422,
            "invalid_input",
        );
        refused(
            town.post(&centre("leader"), "/api/v1/reports", &report_body()),
            403,
            "forbidden",
        );
        let created = town.post(&clerk, "/api/v1/reports", &report_body());
        let id = created.body["case"]["id"].as_str().unwrap();
        let path = format!("/api/v1/cases/{id}/file");
        refused(
            town.post(&centre("shift_leader"), &path, &json!({})),
            409,
            "rule_row_required",
        );
        let key = [("idempotency-key", "same")];
        let first = town.send(
            &clerk,
            Method::POST,
            "/api/v1/reports",
            &key,
            Some(&report_body()),
        );
        let again = town.send(
            &clerk,
            Method::POST,
            "/api/v1/reports",
            &key,
            Some(&report_body()),
        );
        assert_eq!((first.status, &first.body), (again.status, &again.body));
        let mut other = report_body();
        other["title"] = json!("别的");
        let second = town.send(&clerk, Method::POST, "/api/v1/reports", &key, Some(&other));
        refused(second, 422, "idempotency_key_reused");
    });
}
