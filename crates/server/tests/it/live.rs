//! The live stream: order, scope, resume, gaps, and its end.

use crate::house::{House, house_with, person, request};
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use base::Id;
use http_body_util::BodyExt;
use server::live::HubSettings;
use std::time::Duration;
use store::{OutboxEntry, StoreError};

const PATIENCE: Duration = Duration::from_secs(10);

fn settings() -> HubSettings {
    HubSettings {
        heartbeat: Duration::from_mins(1),
        ..HubSettings::default()
    }
}

fn started(settings: HubSettings) -> House {
    let house = house_with(settings);
    house.test.store.follow_outbox().unwrap();
    tokio::spawn(house.hub.clone().follow(Vec::new()));
    house
}

/// Commits one entry; `area` and `organisation` are its scope keys.
async fn tell(
    house: &House,
    kind: &'static str,
    area: Option<&'static str>,
    organisation: Option<&'static str>,
) {
    let store = house.test.store.clone();
    let at = store.clock().now();
    let entry = OutboxEntry {
        key: Id(7),
        kind,
        body: "{\n\"n\": 1}".to_owned(),
        area_path: area.map(str::to_owned),
        organisation_paths: organisation.map(str::to_owned).into_iter().collect(),
        at,
    };
    store
        .write(move |tx| {
            tx.emit(entry.clone());
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

struct Stream {
    body: Body,
    read: String,
}

async fn open(house: &House, headers: &[(&str, &str)]) -> Stream {
    open_at(house, "/api/v1/live", headers).await
}

async fn open_at(house: &House, path: &str, headers: &[(&str, &str)]) -> Stream {
    let mut all = vec![("authorization", "Bearer dispatcher")];
    all.extend(headers);
    let response: Response = house.raw(request("GET", path, &all)).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert!(response.headers().get("content-encoding").is_none());
    let mut stream = Stream {
        body: response.into_body(),
        read: String::new(),
    };
    let welcome = stream.until(": welcome").await;
    assert!(welcome.contains("id: "), "{welcome}");
    stream
}

impl Stream {
    /// Reads until `mark` has come, and answers what was read up to the end of that message.
    async fn until(&mut self, mark: &str) -> String {
        loop {
            let end = self.read.find(mark).and_then(|at| {
                let rest = self.read.get(at..)?;
                rest.find("\n\n").map(|found| at + found + 2)
            });
            if let Some(end) = end {
                let rest = self.read.split_off(end);
                return std::mem::replace(&mut self.read, rest);
            }
            match self.piece().await {
                Some(text) => self.read.push_str(&text),
                None => panic!("the stream ended before {mark:?}; so far: {}", self.read),
            }
        }
    }

    async fn piece(&mut self) -> Option<String> {
        let frame = tokio::time::timeout(PATIENCE, self.body.frame())
            .await
            .unwrap()?;
        let bytes = frame.unwrap().into_data().unwrap();
        Some(String::from_utf8(bytes.to_vec()).unwrap())
    }
}

/// The place of the last message in `text`.
fn last_id(text: &str) -> String {
    let line = text
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("id: "));
    line.unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_arrives_in_order_and_only_within_scope() {
    let house = started(settings());
    let mut stream = open(&house, &[]).await;
    tell(&house, "first", Some("00010002"), None).await;
    tell(&house, "elsewhere", Some("0002"), Some("0009")).await;
    tell(&house, "nowhere", None, None).await;
    tell(&house, "second", None, Some("00010001")).await;
    tell(&house, "last", Some("0001"), None).await;
    let text = stream.until("\"last\"").await;
    let at = |word: &str| text.find(&format!("\"kind\":\"{word}\""));
    assert!(at("first").unwrap() < at("second").unwrap(), "{text}");
    assert!(at("second").unwrap() < at("last").unwrap(), "{text}");
    assert_eq!((at("elsewhere"), at("nowhere")), (None, None));
    let data = text
        .lines()
        .find_map(|line| line.strip_prefix("data: "))
        .unwrap();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["key"], "7");
    assert_eq!(data["body"]["n"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_comes_back_misses_nothing() {
    let house = started(settings());
    let mut stream = open(&house, &[]).await;
    tell(&house, "seen", Some("0001"), None).await;
    let last = last_id(&stream.until("\"seen\"").await);
    drop(stream);
    for _ in 0..3 {
        tell(&house, "missed", Some("0001"), None).await;
    }
    tell(&house, "newest", Some("0001"), None).await;
    let mut stream = open(&house, &[("last-event-id", &last)]).await;
    let text = stream.until("\"newest\"").await;
    assert_eq!(text.matches("\"missed\"").count(), 3);
    let mut stream = open_at(&house, &format!("/api/v1/live?after={last}"), &[]).await;
    assert_eq!(
        stream
            .until("\"newest\"")
            .await
            .matches("\"missed\"")
            .count(),
        3
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_behind_the_ring_is_served_from_the_database() {
    let house = started(HubSettings {
        ring_entries: 2,
        ..settings()
    });
    for _ in 0..600 {
        tell(&house, "old", Some("0001"), None).await;
    }
    tell(&house, "newest", Some("0001"), None).await;
    let mut stream = open(&house, &[("last-event-id", "0")]).await;
    let text = stream.until("\"newest\"").await;
    assert_eq!(text.matches("\"old\"").count(), 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_too_far_behind_or_from_the_future_is_told_of_a_gap() {
    let house = started(HubSettings {
        behind_max: 5,
        ..settings()
    });
    for _ in 0..10 {
        tell(&house, "old", Some("0001"), None).await;
    }
    let mut fresh = open(&house, &[]).await;
    tell(&house, "newest", Some("0001"), None).await;
    fresh.until("\"newest\"").await;
    for place in ["0", "999999"] {
        let mut stream = open(&house, &[("last-event-id", place)]).await;
        let gap = stream.until("event: gap").await;
        assert!(gap.contains(&format!("\"from\":{place},")), "{gap}");
        assert!(!gap.contains("\"old\""));
        tell(&house, "after", Some("0001"), None).await;
        stream.until("\"after\"").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_loses_the_right_is_sent_away_and_one_with_new_rights_sees_more() {
    let house = started(HubSettings {
        heartbeat: Duration::from_millis(20),
        ..settings()
    });
    let mut stream = open(&house, &[]).await;
    stream.until(": still here").await;
    house
        .door
        .let_in("dispatcher", person("dispatcher", "0005", Some("0005")));
    stream.until(": still here").await;
    stream.until(": still here").await;
    tell(&house, "moved", Some("0005"), None).await;
    stream.until("\"moved\"").await;
    house.door.shut_out("dispatcher");
    stream.until("{\"reason\":\"signed_out\"}").await;
    assert_eq!(stream.piece().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_with_the_server() {
    let house = started(settings());
    let mut stream = open(&house, &[]).await;
    house.closer.close();
    stream.until("{\"reason\":\"stopping\"}").await;
    assert_eq!(stream.piece().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn past_the_limit_a_reader_is_told_to_come_back_and_a_seat_is_freed_by_leaving() {
    let house = started(HubSettings {
        streams_max: 1,
        ..settings()
    });
    let first = open(&house, &[]).await;
    let refused = house
        .ask(request(
            "GET",
            "/api/v1/live",
            &[("authorization", "Bearer dispatcher")],
        ))
        .await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.code(), "stream_limit_reached");
    assert!(house.figures.render().contains("live_streams 1"));
    drop(first);
    open(&house, &[]).await;
}

#[tokio::test]
async fn a_place_that_is_none_is_refused() {
    let house = started(settings());
    let headers = [
        ("authorization", "Bearer dispatcher"),
        ("last-event-id", "x"),
    ];
    let answer = house.ask(request("GET", "/api/v1/live", &headers)).await;
    assert_eq!(answer.code(), "malformed_header");
}
