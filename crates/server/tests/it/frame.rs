//! What the frame does to every request.

use crate::house::{house, request};
use access::Needs;
use axum::body::Body;
use axum::http::{Request, StatusCode};

#[tokio::test]
async fn without_a_token_nothing_but_the_public_is_to_be_had() {
    let house = house();
    for endpoint in house
        .service
        .endpoints
        .iter()
        .filter(|endpoint| endpoint.needs != Needs::Public)
    {
        let path = endpoint.path.replace("{id}", "1");
        let answer = house.ask(request(endpoint.method, &path, &[])).await;
        assert_eq!(
            answer.status,
            StatusCode::UNAUTHORIZED,
            "{} {path}",
            endpoint.method
        );
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let answer = house
        .ask(request(
            "GET",
            "/api/v1/me",
            &[("authorization", "Bearer nobody")],
        ))
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.code(), "session_ended");
}

#[tokio::test]
async fn a_role_without_the_permission_is_refused_before_the_body_is_read() {
    let house = house();
    let as_clerk = [("authorization", "Bearer clerk")];
    assert_eq!(
        house
            .ask(request("GET", "/api/v1/things", &as_clerk))
            .await
            .status,
        StatusCode::OK
    );
    let answer = house
        .ask(request("POST", "/api/v1/things", &as_clerk))
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.code(), "forbidden");
    let as_dispatcher = [("authorization", "Bearer dispatcher")];
    let answer = house
        .ask(request("POST", "/api/v1/things", &as_dispatcher))
        .await;
    assert_eq!(
        answer.code(),
        "unsupported_media_type",
        "who is let in gets to the body"
    );
}

#[tokio::test]
async fn a_body_of_somebody_unknown_that_drips_in_is_given_up_whatever_its_length_says() {
    let house = house();
    let drip = futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>();
    let request = Request::post("/api/v1/told")
        .header("content-type", "application/json")
        .header("content-length", (128 * 1024 * 1024).to_string())
        .body(Body::from_stream(drip))
        .unwrap();
    let answer = house.ask(request);
    let answer = tokio::time::timeout(std::time::Duration::from_secs(20), answer);
    let answer = answer.await.unwrap();
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(answer.code(), "request_timeout");
}

#[tokio::test]
async fn a_route_that_is_not_in_the_table_does_not_exist() {
    let house = house();
    for path in ["/api/v1/unlisted", "/api/v1/nowhere", "/nowhere"] {
        let answer = house
            .ask(request(
                "GET",
                path,
                &[("authorization", "Bearer dispatcher")],
            ))
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.code(), "not_found");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let house = house();
    let answer = house.ask(request("DELETE", "/api/v1/things", &[])).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.code(), "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET, HEAD, POST");
}

#[tokio::test]
async fn problems_speak_the_callers_language_and_carry_the_request_id() {
    let house = house();
    let headers = [("x-request-id", "call-7"), ("accept-language", "en")];
    let answer = house.ask(request("GET", "/nowhere", &headers)).await;
    assert_eq!(answer.json()["title"], "Not found, or not visible to you");
    assert_eq!(answer.json()["request_id"], "call-7");
    assert_eq!(answer.header("x-request-id"), "call-7");
    let answer = house
        .ask(request("GET", "/nowhere", &[("x-request-id", "a b\"<")]))
        .await;
    assert_eq!(answer.json()["title"], "没有找到，或无权查看");
    let own = answer.header("x-request-id").to_owned();
    assert_eq!(own.len(), 16, "an indecent id is replaced: {own}");
    assert_ne!(house.get("/nowhere").await.header("x-request-id"), own);
}

#[tokio::test]
async fn wrong_fields_are_titled_too() {
    let house = house();
    let request = Request::post("/api/v1/things")
        .header("authorization", "Bearer dispatcher")
        .header("content-type", "application/json")
        .body(Body::from("{\"colour\":1}"))
        .unwrap();
    let answer = house.ask(request).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields = answer.json()["fields"].clone();
    assert_eq!(fields[0]["title"], "没有这个字段");
    assert_eq!(fields[1]["title"], "必填");
}

#[tokio::test]
async fn a_panic_is_a_fault_whose_text_stays_inside() {
    let answer = house().ask(request("POST", "/api/v1/panics", &[])).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.code(), "fault");
    assert!(!String::from_utf8_lossy(&answer.bytes).contains("as ordered"));
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let answer = house().get("/api/v1/endless").await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(answer.code(), "request_timeout");
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn a_conflict_under_if_match_is_a_failed_precondition() {
    let house = house();
    let answer = house.ask(request("POST", "/api/v1/conflicts", &[])).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert_eq!(answer.json()["current"]["version"], 8);
    let answer = house
        .ask(request(
            "POST",
            "/api/v1/conflicts",
            &[("if-match", "\"7\"")],
        ))
        .await;
    assert_eq!(answer.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(answer.json()["status"], 412);
}

#[tokio::test]
async fn large_answers_are_packed_for_who_can_unpack_them() {
    let house = house();
    let plain = house.get("/api/v1/long").await;
    assert_eq!(plain.header("content-encoding"), "");
    let packed = house
        .ask(request(
            "GET",
            "/api/v1/long",
            &[("accept-encoding", "gzip")],
        ))
        .await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert!(packed.bytes.len() * 10 < plain.bytes.len());
    let small = house
        .ask(request("GET", "/healthz", &[("accept-encoding", "gzip")]))
        .await;
    assert_eq!(small.header("content-encoding"), "");
}

#[tokio::test]
async fn every_answer_is_dressed_and_no_page_may_run_inline_scripts() {
    let house = house();
    for path in [
        "/",
        "/cases",
        "/api",
        "/healthz",
        "/nowhere",
        "/api/ui/swagger-ui-bundle.js",
        "/pages/style.css",
    ] {
        let answer = house.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let policy = answer.header("content-security-policy").to_owned();
        assert!(
            policy.contains("default-src 'none'; script-src 'self'; style-src 'self';"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        if answer.header("content-type").starts_with("text/html") {
            let text = String::from_utf8(answer.bytes).unwrap();
            assert!(
                !text.contains("<script>") && !text.contains("style=") && !text.contains("onclick")
            );
        }
    }
}

#[tokio::test]
async fn the_openapi_document_describes_what_the_table_lists() {
    let house = house();
    let document = house.get("/api/openapi.json").await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let live = &document["paths"]["/api/v1/live"]["get"];
    assert_eq!(live["operationId"], "live_view");
    assert!(
        live["description"]
            .as_str()
            .unwrap()
            .contains("`live_view`")
    );
    for status in ["401", "403", "500", "503"] {
        let content = &live["responses"][status]["content"]["application/problem+json"];
        assert_eq!(
            content["schema"]["$ref"], "#/components/schemas/ProblemView",
            "{status}"
        );
    }
    assert_eq!(
        document["paths"]["/healthz"]["get"]["security"][0],
        serde_json::json!({})
    );
    assert!(document["components"]["schemas"]["ProblemView"].is_object());
}

#[tokio::test]
async fn the_health_pages_tell_the_truth() {
    let house = house();
    assert_eq!(house.get("/healthz").await.json()["status"], "alive");
    let ready = house.get("/readyz").await;
    assert_eq!(
        (ready.status, ready.json()["status"].clone()),
        (StatusCode::OK, "ready".into())
    );
    house.closer.close();
    assert_eq!(house.get("/readyz").await.code(), "not_ready");
    assert_eq!(
        house.get("/healthz").await.status,
        StatusCode::OK,
        "who is stopping is still alive"
    );
}

#[tokio::test]
async fn a_closed_store_is_not_ready() {
    let house = house();
    house.test.store.close();
    let answer = house.get("/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let figures = house.get("/metrics").await;
    let text = String::from_utf8(figures.bytes).unwrap();
    assert!(
        text.contains("outbox_unplaced NaN"),
        "figures go on; what the database would have to say is not made up:\n{text}"
    );
}

#[tokio::test]
async fn figures_are_for_who_asks_directly() {
    let house = house();
    house.ask(request("POST", "/api/v1/conflicts", &[])).await;
    let figures = house.get("/metrics").await;
    let text = String::from_utf8(figures.bytes).unwrap();
    assert!(text.contains("http_requests_total{operation=\"conflict_create\",class=\"4xx\"} 1"));
    assert!(text.contains("store_writes_waiting 0"));
    assert!(text.contains("outbox_unplaced 0"), "{text}");
    let passed_on = house
        .ask(request(
            "GET",
            "/metrics",
            &[("x-forwarded-for", "198.51.100.7")],
        ))
        .await;
    assert_eq!(passed_on.status, StatusCode::NOT_FOUND);
}
