//! Telling something, with photos, once.

use crate::city::*;
use axum::http::StatusCode;
use image::{ImageFormat, Rgb, RgbImage};
use serde_json::json;
use std::io::Cursor;

pub fn photo() -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_fn(400, 300, |x, y| Rgb([(x % 251) as u8, (y % 241) as u8, 90]))
        .write_to(&mut bytes, ImageFormat::Jpeg)
        .unwrap();
    bytes.into_inner()
}

#[tokio::test]
async fn a_report_sent_again_is_received_once_and_answered_the_same() {
    let city = City::open().await;
    let key = city.key();
    let first = city.tell_from("10.1.1.1", &key, water()).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    city.clock.advance_seconds(3_600);
    let again = city.tell_from("10.9.9.9", &key, water()).await;
    assert_eq!(again.body, first.body);
    let mut other = water();
    other["words"] = json!("别的事情");
    let reused = city.tell_from("10.1.1.1", &key, other).await;
    assert_eq!(reused.code(), "idempotency_key_reused");
    let without = city.ask(post("reports", &water(), &[])).await;
    assert_eq!(
        (without.status, without.code()),
        (StatusCode::UNPROCESSABLE_ENTITY, "invalid_input")
    );

    let followed = city
        .follow(first.body["link"]["token"].as_str().unwrap())
        .await;
    assert_eq!(followed.text("report_no"), first.text("report_no"));
    assert_eq!(followed.body["status"]["code"], "received");
    assert_eq!(followed.body["status"]["words"], "已收到，工作人员正在查看");
    // Numbers in the words are masked even for whoever told them.
    assert!(!followed.body.to_string().contains("13700000000"));
}

#[tokio::test]
async fn a_photo_comes_in_pieces_and_goes_on_where_it_stopped() {
    let city = City::open().await;
    let (photo, key) = (photo(), city.key());
    let half = photo.len() / 2;
    let (head, tail) = photo.split_at(half);
    let early = city.ask(put_piece(&key, half, photo.len(), tail)).await;
    assert_eq!(early.code(), "upload_offset_wrong");
    assert_eq!(early.body["current"]["received_bytes"], 0);
    for _ in 0..2 {
        // The answer to the first was lost.
        let begun = city.ask(put_piece(&key, 0, photo.len(), head)).await;
        assert_eq!(begun.body["received_bytes"], half);
    }
    let asked = city.ask(get(&format!("uploads/{key}"), "")).await;
    assert_eq!(asked.body["received_bytes"], half);
    assert!(asked.body["attachment"].is_null());
    let mut told = water();
    told["photos"] = json!([key]);
    let too_early = city.tell(told.clone()).await;
    assert_eq!(too_early.body["fields"][0]["field"], "photos[0]");
    let whole = city.ask(put_piece(&key, half, photo.len(), tail)).await;
    assert_eq!(whole.body["attachment"]["kind"], "jpeg");
    let again = city.ask(put_piece(&key, half, photo.len(), tail)).await;
    assert_eq!(
        again.body["attachment"]["id"],
        whole.body["attachment"]["id"]
    );

    let once = city.key();
    let first = city.tell_from("10.1.1.1", &once, told.clone()).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    assert_eq!(
        city.tell_from("10.1.1.1", &once, told.clone()).await.body,
        first.body
    );
    let stolen = city.tell(told).await;
    assert_eq!(stolen.body["fields"][0]["code"], "already_used");
    let id = city.report_id(&first.text("report_no")).await;
    let seen = city
        .casework
        .report_view(&city.staff("shift_leader", "CYZX"), id)
        .await
        .unwrap();
    assert_eq!(seen.attachments.len(), 1);
}

#[tokio::test]
async fn what_is_no_photo_is_refused_and_another_may_be_sent_under_the_key() {
    let city = City::open().await;
    let key = city.key();
    let page = b"<html><script>alert(1)</script>";
    let refused = city.ask(put_piece(&key, 0, page.len(), page)).await;
    assert_eq!(refused.code(), "file_kind_not_taken");
    let photo = photo();
    let taken = city.ask(put_piece(&key, 0, photo.len(), &photo)).await;
    assert_eq!(taken.body["attachment"]["kind"], "jpeg", "{}", taken.body);
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let city = City::open().await;
    let told = json!({
        "words": "坑".repeat(1_001), "category_id": "1", "component_code": "3101180101000001",
        "photos": ["a", "a", "a", "a", "a", "a", "a"], "place": {"lon": 100.0, "lat": 20.0},
    });
    let refused = city.tell(told).await;
    let fields: Vec<String> = refused.body["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| {
            format!(
                "{}:{}",
                field["field"].as_str().unwrap(),
                field["code"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        fields,
        [
            "words:too_long",
            "photos:too_many",
            "category_id:unknown_id",
            "component_code:unknown_id",
            "place:too_far"
        ]
    );
    let empty = city.tell(json!({})).await;
    assert_eq!(empty.body["fields"].as_array().unwrap().len(), 2);
    let ahead =
        json!({"words": "坑", "address": "路口", "occurred_at": "2026-11-20T12:00:00+08:00"});
    assert_eq!(
        city.tell(ahead).await.body["fields"][0]["code"],
        "in_future"
    );
}

#[tokio::test]
async fn the_words_suggest_a_category_and_the_place_what_is_known_nearby() {
    let city = City::open().await;
    let (report_no, _) = city.told_of_water().await;
    let id = city.report_id(&report_no).await;
    let category = city.category("道路积水");
    let accept = casework::input::ReportAcceptRequest {
        open_cases: vec![casework::input::CaseOpenRequest {
            category_id: Some(category),
            ..Default::default()
        }],
        join_case_ids: vec![],
    };
    let clerk = city.call("intake_clerk", "CYZX");
    let case = city
        .casework
        .report_accept(&clerk, id, accept)
        .await
        .unwrap()
        .opened
        .remove(0);
    let near = json!({"words": "路口积水好深", "place": {"lon": 121.1202, "lat": 31.1501}});
    // The index of cases follows within moments.
    let mut found = city.ask(post("suggestions", &near, &[])).await;
    for _ in 0..100 {
        if found.body["cases"]
            .as_array()
            .is_some_and(|cases| !cases.is_empty())
        {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        city.clock.advance_seconds(1);
        found = city.ask(post("suggestions", &near, &[])).await;
    }
    assert_eq!(
        found.body["categories"][0]["id"],
        category.to_string(),
        "{}",
        found.body
    );
    assert_eq!(found.body["in_city"], true);
    let area = found.body["area"].as_str().unwrap_or_default();
    assert!(area.contains("街道") || area.contains('镇'), "{area}");
    assert!(!area.contains("网格"), "{area}");
    let offered = &found.body["cases"][0];
    assert_eq!(offered["case_no"], case.case_no);
    // From the middle of the square whoever asks stands in: it lies some twenty metres away.
    assert_eq!(offered["distance_m"], 200);
    assert_eq!(
        offered.as_object().unwrap().len(),
        5,
        "nothing in the words of others: {offered}"
    );

    // 我也遇到: from nearby it joins, from far away it waits at the desk.
    let mut told = water();
    told["join_case_no"] = json!(case.case_no);
    told["phone"] = json!("13900000002");
    assert_eq!(city.tell(told.clone()).await.body["is_joined"], true);
    told["phone"] = json!("13900000003");
    told["place"] = json!({"lon": 121.2, "lat": 31.2});
    assert_eq!(city.tell(told).await.body["is_joined"], false);
    let shown = city.portal.shown(&case.case_no).await.unwrap();
    assert_eq!(shown.told_by, 2);
}

#[tokio::test]
async fn a_map_shows_everybody_areas_down_to_villages_and_no_grids() {
    let city = City::open().await;
    let ask = |level: &str| {
        let path = format!("map?level={level}&west=120.9&south=30.9&east=121.4&north=31.4");
        city.ask(get(&path, ""))
    };
    for level in ["district", "street", "village"] {
        let found = ask(level).await;
        assert_eq!(found.status, StatusCode::OK, "{level} {}", found.body);
        let features = found.body["features"].as_array().unwrap();
        assert!(!features.is_empty(), "{level}");
        assert!(features[0]["properties"]["name"].is_string());
    }
    let refused = ask("grid").await;
    assert_eq!(
        (refused.status, &refused.body["fields"][0]["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("level"))
    );
    let nowhere = city
        .ask(get(
            "map?level=street&west=121&south=31&east=120&north=32",
            "",
        ))
        .await;
    assert_eq!(nowhere.body["fields"][0]["field"], "east");
}

#[tokio::test]
async fn the_pages_learn_how_the_public_reaches_them() {
    let city = City::open().await;
    let view = city
        .ask(
            axum::http::Request::get("/api/v1/portal")
                .body(axum::body::Body::empty())
                .unwrap(),
        )
        .await;
    assert_eq!(view.text("public_address"), "https://city.example");
    assert_eq!(view.body["sends_codes"], true);
}
