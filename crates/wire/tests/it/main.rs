//! The extractors and answers through a router, as the rooms use them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use base::{FailureKind, Id, PageRequest, Problem, Timestamp};
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower::ServiceExt;
use wire::{Answer, Created, Formed, IdempotencyKey, IfMatch, Json, Path, Query, Versioned};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Handle,
    Inspect,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Task {
    kind: Kind,
    organisation_id: Id,
    due_at: Option<Timestamp>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    title: String,
    urgency: u8,
    tasks: Vec<Task>,
    #[serde(default)]
    note: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Filter {
    from: Option<Timestamp>,
    area_id: Option<Id>,
    text: Option<String>,
}

fn router() -> Router {
    Router::new()
        .route(
            "/orders",
            post(|Json(order): Json<Order>| async { Json(order) }),
        )
        .route(
            "/formed",
            post(|Formed(order, beside): Formed<Order>| async move {
                Json(json!({ "order": order, "form": beside.form, "files": beside.attachment_ids }))
            }),
        )
        .route(
            "/orders/{id}",
            get(|Path(id): Path<Id>| async move {
                Versioned {
                    version: 7,
                    view: json!({ "id": id }),
                }
            }),
        )
        .route(
            "/list",
            get(
                |Query(filter): Query<Filter>, Query(page): Query<PageRequest>| async move {
                    Json(json!({ "filter": filter, "limit": page.limit, "after": page.after }))
                },
            ),
        )
        .route(
            "/headers",
            post(
                |IfMatch(version): IfMatch, IdempotencyKey(key): IdempotencyKey| async move {
                    Json(json!({ "version": version, "key": key }))
                },
            ),
        )
        .route(
            "/made",
            post(|| async {
                Created {
                    location: "/orders/5".to_owned(),
                    version: 1,
                    view: json!({}),
                }
            }),
        )
        .route(
            "/refused",
            post(|| async {
                let refusal = Problem::new(FailureKind::Refused, "order_closed", "It is closed.");
                Answer::<()>::Err(refusal.with_current(json!({ "stage": "closed" })).into())
            }),
        )
        .layer(DefaultBodyLimit::max(4_000))
}

async fn ask(request: Request<Body>) -> (Response<()>, Value) {
    let (parts, body) = router().oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    (Response::from_parts(parts, ()), body)
}

async fn post_order(body: impl Into<String>) -> (StatusCode, Value) {
    post_to("/orders", body).await
}

async fn post_to(path: &str, body: impl Into<String>) -> (StatusCode, Value) {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .body(Body::from(body.into()))
        .unwrap();
    let (response, body) = ask(request).await;
    if response.status() != StatusCode::OK {
        let kind = response.headers().get(header::CONTENT_TYPE).unwrap();
        assert_eq!(kind, "application/problem+json");
    }
    (response.status(), body)
}

async fn get_path(path: &str) -> (StatusCode, Value) {
    let (response, body) = ask(Request::get(path).body(Body::empty()).unwrap()).await;
    (response.status(), body)
}

/// `field:code` of every wrong field, in order of name.
fn fields(body: &Value) -> Vec<String> {
    let mut all: Vec<String> = body["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| {
            format!(
                "{}:{}",
                f["field"].as_str().unwrap(),
                f["code"].as_str().unwrap()
            )
        })
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn a_body_that_fits_is_taken() {
    let order = json!({
        "title": "井盖 \\u0000 as text", "urgency": 2, "note": null,
        "tasks": [{ "kind": "handle", "organisation_id": "9007199254740993", "due_at": "2026-11-21T09:05:00+08:00" }],
    });
    let (status, body) = post_order(order.to_string()).await;
    assert_eq!((status, body), (StatusCode::OK, order));
}

#[tokio::test]
async fn every_wrong_field_of_a_body_is_named_at_once() {
    let (status, body) = post_order(
        r#"{ "urgency": 300, "colour": 1, "tasks": [
            { "kind": "handle", "organisation_id": 7 },
            { "kind": "paint", "due_at": "tomorrow" },
            5 ], "note": [] }"#,
    )
    .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(body["code"], "invalid_input");
    assert_eq!(
        fields(&body),
        [
            "colour:unknown_field",
            "note:wrong_type",
            "tasks[0].organisation_id:wrong_type",
            "tasks[1].due_at:malformed",
            "tasks[1].kind:unknown_value",
            "tasks[1].organisation_id:required",
            "tasks[2]:wrong_type",
            "title:required",
            "urgency:malformed",
        ]
    );
}

#[tokio::test]
async fn a_body_of_the_wrong_shape_altogether_is_refused_once() {
    for body in ["[]", "5", "\"x\"", "null"] {
        let (status, answer) = post_order(body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert!(!fields(&answer).is_empty(), "{body}");
    }
    let (status, answer) = post_order(r#"{"title":"a","title":"b","urgency":1,"tasks":[]}"#).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        fields(&answer),
        [":malformed"],
        "a key given twice is wrong only as text"
    );
}

#[tokio::test]
async fn a_form_beside_the_fields_is_taken_for_itself() {
    let order = json!({ "title": "井盖", "urgency": 2, "note": null, "tasks": [] });
    let (status, body) = post_to("/formed", order.to_string()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body, json!({ "order": order, "form": null, "files": [] }));
    let mut whole = order.clone();
    whole["form"] = json!({ "depth_cm": 12.5, "cause": ["a"] });
    let (status, body) = post_to("/formed", whole.to_string()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        body,
        json!({ "order": order, "form": whole["form"], "files": [] })
    );
    whole["attachment_ids"] = json!(["7", "8"]);
    let (_, body) = post_to("/formed", whole.to_string()).await;
    assert_eq!(body["files"], json!(["7", "8"]));
    // Elsewhere it is a field like any other.
    let (_, body) = post_order(whole.to_string()).await;
    assert_eq!(
        fields(&body),
        ["attachment_ids:unknown_field", "form:unknown_field"]
    );
}

#[tokio::test]
async fn what_is_wrong_beside_a_form_is_named_as_ever_and_nothing_is_given_twice() {
    let order = r#""title":"a","urgency":1,"tasks":[]"#;
    for (body, wrong) in [
        (
            r#"{"urgency":1,"tasks":[],"form":{}}"#.to_owned(),
            vec!["title:required"],
        ),
        (
            r#"{"urgency":1,"tasks":[],"form":5}"#.to_owned(),
            vec!["form:wrong_type", "title:required"],
        ),
        (
            format!(r#"{{{order},"form":null}}"#),
            vec!["form:wrong_type"],
        ),
        (
            format!(r#"{{{order},"title":"b","form":{{}}}}"#),
            vec![":malformed"],
        ),
        (
            format!(r#"{{{order},"form":{{"a":1}},"form":{{}}}}"#),
            vec!["form:duplicate"],
        ),
        (
            format!(r#"{{{order},"form":{{"a":1,"a":2}}}}"#),
            vec!["form.a:duplicate"],
        ),
        (
            format!(r#"{{{order},"form":{{"a":"\u0000"}}}}"#),
            vec!["form.a:control_character"],
        ),
        (
            format!(r#"{{{order},"attachment_ids":["a"]}}"#),
            vec!["attachment_ids:wrong_type"],
        ),
        (
            format!(r#"{{{order},"attachment_ids":[],"attachment_ids":[]}}"#),
            vec!["attachment_ids:duplicate"],
        ),
        ("[]".to_owned(), vec![":malformed"]),
    ] {
        let (status, answer) = post_to("/formed", body.as_str()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(fields(&answer), wrong, "{body}");
    }
    for body in ["", "{", r#"{"form":{}"#] {
        let (status, answer) = post_to("/formed", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body:?}");
        assert_eq!(answer["code"], "malformed_json");
    }
}

#[tokio::test]
async fn text_that_is_not_json_is_a_bad_request() {
    for body in [
        "",
        "{",
        "{\"title\": }",
        "\u{feff}{}",
        "{\"title\":\"a\0b\"}",
    ] {
        let (status, answer) = post_order(body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body:?}");
        assert_eq!(answer["code"], "malformed_json");
    }
}

#[tokio::test]
async fn a_nul_character_is_refused_wherever_it_hides() {
    let (status, body) =
        post_order(r#"{"title":"a\u0000","urgency":1,"tasks":[],"note":"\u0000"}"#).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        fields(&body),
        ["note:control_character", "title:control_character"]
    );
    let (status, body) = get_path("/list?text=a%00b").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(fields(&body), ["text:control_character"]);
    assert_eq!(
        get_path("/orders/a%00b").await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn other_media_types_and_large_bodies_have_their_own_status() {
    let plain = Request::post("/orders").body(Body::from("{}")).unwrap();
    let (response, body) = ask(plain).await;
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(body["code"], "unsupported_media_type");
    let (status, body) = post_order(format!("{{\"title\":\"{}\"}}", "x".repeat(5_000))).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(body["code"], "body_too_large");
}

#[tokio::test]
async fn filters_and_page_are_read_from_one_query_string() {
    let (status, body) = get_path(
        "/list?from=2026-11-21T09:05:00%2B08:00&area_id=7&limit=20&after=x&text=%E4%BA%95",
    )
    .await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["limit"], 20);
    assert_eq!(body["filter"]["area_id"], "7");
    assert_eq!(body["filter"]["text"], "井");
}

#[tokio::test]
async fn every_wrong_parameter_is_named_at_once() {
    let (status, body) = get_path("/list?from=yesterday&area_id=x&text=fine").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(fields(&body), ["area_id:malformed", "from:malformed"]);
}

#[tokio::test]
async fn a_path_parameter_that_does_not_fit_is_refused() {
    let (status, body) = get_path("/orders/12x").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(body["code"], "invalid_input");
    assert_eq!(body["fields"][0]["code"], "malformed");
}

#[tokio::test]
async fn a_versioned_answer_carries_its_etag_and_a_created_one_its_place() {
    let (response, body) = ask(Request::get("/orders/5").body(Body::empty()).unwrap()).await;
    assert_eq!(response.headers()[header::ETAG], "\"7\"");
    assert_eq!(body, json!({ "id": "5" }));
    let (response, _) = ask(Request::post("/made").body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(response.headers()[header::LOCATION], "/orders/5");
    assert_eq!(response.headers()[header::ETAG], "\"1\"");
}

#[tokio::test]
async fn the_headers_of_the_contract_are_read_with_care() {
    let with = |name: &'static str, value: &'static str| {
        let request = Request::post("/headers").header(name, value);
        ask(request.body(Body::empty()).unwrap())
    };
    assert_eq!(with("if-match", "\"12\"").await.1["version"], 12);
    assert_eq!(with("if-match", "*").await.1["version"], Value::Null);
    assert_eq!(with("idempotency-key", "\"a-1\"").await.1["key"], "a-1");
    assert_eq!(with("idempotency-key", "a-1").await.1["key"], "a-1");
    for (name, value) in [
        ("if-match", "12"),
        ("if-match", "W/\"12\""),
        ("if-match", "\"1\", \"2\""),
        ("idempotency-key", ""),
        ("idempotency-key", "\"\""),
        ("idempotency-key", "a b"),
    ] {
        let (response, body) = with(name, value).await;
        assert_eq!(
            response.status(),
            StatusCode::BAD_REQUEST,
            "{name}: {value}"
        );
        assert_eq!(body["code"], "malformed_header");
    }
}

#[tokio::test]
async fn a_refusal_shows_the_present_state() {
    let (response, body) = ask(Request::post("/refused").body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::CONFLICT);
    assert_eq!(body["type"], "urn:chengyun:problem:order_closed");
    assert_eq!(body["current"]["stage"], "closed");
    assert!(
        response
            .extensions()
            .get::<std::sync::Arc<Problem>>()
            .is_some()
    );
}
