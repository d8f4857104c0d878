//! Floods: by address, by phone, by place; and what a flood costs nobody else.

use crate::city::*;
use axum::http::StatusCode;
use serde_json::json;

fn at(n: u32, phone: &str) -> serde_json::Value {
    let lon = 121.10 + f64::from(n) * 0.0015;
    json!({"words": "有个坑", "place": {"lon": lon, "lat": 31.15}, "phone": phone})
}

#[tokio::test]
async fn one_address_does_not_flood_the_desk() {
    let city = City::open().await;
    for n in 0..60 {
        let told = city
            .tell_from(
                "10.5.5.5",
                &city.key(),
                json!({"words": format!("第{n}个"), "address": format!("青松路{n}号")}),
            )
            .await;
        assert_eq!(told.status, StatusCode::CREATED, "{n}: {}", told.body);
    }
    let refused = city
        .tell_from(
            "10.5.5.5",
            &city.key(),
            json!({"words": "又一个", "address": "路口"}),
        )
        .await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::TOO_MANY_REQUESTS, "too_many_requests")
    );
    assert!(refused.body["current"]["retry_seconds"].as_i64().unwrap() <= 600);
    let other = city
        .tell_from(
            "10.5.5.6",
            &city.key(),
            json!({"words": "真有一个", "address": "路口"}),
        )
        .await;
    assert_eq!(other.status, StatusCode::CREATED);
    city.clock.advance_seconds(601);
    let later = city
        .tell_from(
            "10.5.5.5",
            &city.key(),
            json!({"words": "后来", "address": "路口"}),
        )
        .await;
    assert_eq!(later.status, StatusCode::CREATED);
}

#[tokio::test]
async fn one_phone_and_one_place_are_not_flooded_from_many_addresses() {
    let city = City::open().await;
    for n in 0..10 {
        let told = city
            .tell_from(&format!("10.6.0.{n}"), &city.key(), at(n, MOBILE))
            .await;
        assert_eq!(told.status, StatusCode::CREATED, "{}", told.body);
    }
    let phone = city
        .tell_from("10.6.1.1", &city.key(), at(99, MOBILE))
        .await;
    assert_eq!(phone.code(), "too_many_requests");
    for n in 0..30 {
        let told = city
            .tell_from(
                &format!("10.7.0.{n}"),
                &city.key(),
                at(50, &format!("139000001{n:02}")),
            )
            .await;
        assert_eq!(told.status, StatusCode::CREATED, "{n} {}", told.body);
    }
    let place = city
        .tell_from("10.7.1.1", &city.key(), at(50, "13900009999"))
        .await;
    assert_eq!(place.code(), "too_many_requests");
}

#[tokio::test]
async fn a_phone_is_not_flooded_with_codes_and_nobody_sees_that_it_was_held_back() {
    let city = City::open().await;
    let mut answers = Vec::new();
    for n in 0..12 {
        let (report_no, _) = if n % 6 == 0 {
            city.told_of_water().await
        } else {
            (format!("{n}"), String::new())
        };
        let body = json!({"report_no": report_no, "phone": MOBILE});
        let asked = city
            .ask_from(&format!("10.8.0.{n}"), post("codes", &body, &[]))
            .await;
        answers.push((asked.status, asked.bytes));
        city.clock.advance_seconds(70);
        city.portal.messages_send().await.unwrap();
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    let sent = city.phones.0.lock().unwrap().len();
    assert_eq!(
        sent, 1,
        "of two that belong to the phone the second came after five others"
    );
}

#[tokio::test]
async fn codes_are_not_tried_from_one_address_without_end() {
    let city = City::open().await;
    let body = json!({"report_no": "x", "phone": MOBILE, "code": "000000"});
    for _ in 0..40 {
        assert_eq!(
            city.ask(post("links", &body, &[])).await.code(),
            "code_wrong"
        );
    }
    assert_eq!(
        city.ask(post("links", &body, &[])).await.code(),
        "too_many_requests"
    );
}

#[tokio::test]
async fn a_place_that_is_told_in_words_only_is_not_flooded_from_many_addresses() {
    let city = City::open().await;
    let told = |n: u32, address: &str| json!({"words": format!("第{n}个"), "address": address});
    for n in 0..30 {
        let address = if n % 2 == 0 {
            "青松路8弄3号"
        } else {
            "青松路 8弄，3号"
        };
        let from = format!("10.9.0.{n}");
        let made = city.tell_from(&from, &city.key(), told(n, address)).await;
        assert_eq!(made.status, StatusCode::CREATED, "{n} {}", made.body);
    }
    let one = told(31, "青松路8弄3号");
    let refused = city.tell_from("10.9.1.1", &city.key(), one).await;
    assert_eq!(refused.code(), "too_many_requests");
    let other = told(32, "青松路9弄3号");
    let made = city.tell_from("10.9.1.1", &city.key(), other).await;
    assert_eq!(made.status, StatusCode::CREATED);
}

#[tokio::test]
async fn codes_of_components_are_not_counted_through_and_tell_no_exact_place() {
    let city = City::open().await;
    let ask = |n: u32| city.ask(get(&format!("components/3101180101{n:06}"), ""));
    for n in 0..50 {
        assert_eq!(ask(n).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(ask(61).await.code(), "too_many_requests");
    // Whoever looks at cases is not held up by that.
    let looked = city.ask(get("cases/1", "")).await;
    assert_eq!(looked.status, StatusCode::NOT_FOUND);
}
