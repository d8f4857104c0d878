//! The console as the server sends it. Whether it was built or not is all the same to some of these; the rest look when it was.

use crate::house::{house, request};
use axum::http::StatusCode;
use server::console;

const PACKED: (&str, &str) = ("accept-encoding", "gzip, br");

#[tokio::test]
async fn every_page_of_the_console_is_one_and_the_same_and_no_other_address_is() {
    let house = house();
    let landing = house.get("/").await;
    assert_eq!(landing.status, StatusCode::OK);
    for page in console::PAGES {
        let answer = house.get(&page.path.replace("{id}", "1")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", page.path);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.bytes, landing.bytes, "{}", page.path);
    }
    for path in [
        "/nowhere",
        "/cases/1/2",
        "/api/nowhere",
        "/api/v1/nowhere",
        "/assets/nothing.js",
        "/assets/..%2Findex.html",
    ] {
        let answer = house.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn without_a_console_the_first_page_says_how_to_build_it() {
    let text = String::from_utf8(house().get("/").await.bytes).unwrap();
    assert_eq!(text.contains("scripts/web.sh build"), !console::is_built());
}

#[tokio::test]
async fn files_of_the_console_are_packed_kept_for_ever_and_not_sent_twice() {
    if !console::is_built() {
        return;
    }
    let house = house();
    let page = house.ask(request("GET", "/cases", &[PACKED])).await;
    assert_eq!(page.header("content-encoding"), "br");
    assert_eq!(page.header("cache-control"), "no-cache");
    let tag = page.header("etag").to_owned();
    let known = [("if-none-match", tag.as_str())];
    let again = house.ask(request("GET", "/cases", &known)).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert!(again.bytes.is_empty());

    let text = String::from_utf8(house.get("/").await.bytes).unwrap();
    let (_, after) = text.split_once("src=\"/assets/").unwrap();
    let script = format!("/assets/{}", after.split_once('"').unwrap().0);
    let plain = house.get(&script).await;
    assert_eq!(
        plain.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(
        plain.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    let packed = house.ask(request("GET", &script, &[PACKED])).await;
    assert_eq!(packed.header("content-encoding"), "br");
    assert!(packed.bytes.len() * 2 < plain.bytes.len());
}
