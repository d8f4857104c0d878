//! What everybody sees of a case, and who decides on it.

use crate::city::*;
use crate::reporting::photo;
use axum::http::StatusCode;
use base::Id;
use casework::input::{CaseOpenRequest, ReportAcceptRequest};
use casework::view::CaseStateView;
use portal::service::publication::Publish;
use serde_json::json;

async fn opened(city: &City, category: Option<Id>) -> (CaseStateView, Id) {
    let (key, photo) = (city.key(), photo());
    city.ask(put_piece(&key, 0, photo.len(), &photo)).await;
    let mut told = water();
    told["photos"] = json!([key]);
    let made = city.tell(told).await;
    let id = city.report_id(&made.text("report_no")).await;
    let accept = ReportAcceptRequest {
        open_cases: vec![CaseOpenRequest {
            category_id: category,
            process: Some("hotline".to_owned()),
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
    let seen = city
        .casework
        .case_view(&clerk.principal, case.id)
        .await
        .unwrap();
    (case, seen.attachments[0].id)
}

#[tokio::test]
async fn everybody_sees_what_it_is_and_where_it_stands_and_nothing_that_was_told() {
    let city = City::open().await;
    let (case, photo) = opened(&city, Some(city.category("道路积水"))).await;
    let path = format!("cases/{}", case.case_no);
    let shown = city.ask(get(&path, "")).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert_eq!(shown.text("category"), "道路积水");
    let text = shown.body.to_string();
    for secret in [
        "脚踝",
        "李四",
        "张三",
        "137",
        "138",
        "青松路",
        "502",
        "121.1",
        "31.15",
    ] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert_eq!(shown.body["photos"], json!([]));
    let file = format!("{path}/photos/{photo}");
    assert_eq!(city.ask(get(&file, "")).await.status, StatusCode::NOT_FOUND);

    // Somebody looks, and shows.
    let clerk = city.staff("intake_clerk", "CYZX");
    let publish = Publish {
        is_hidden: false,
        title: Some("路口积水".to_owned()),
        attachment_ids: vec![photo],
    };
    city.portal
        .case_publish(&clerk, case.id, None, publish)
        .await
        .unwrap();
    let shown = city.ask(get(&path, "")).await;
    assert_eq!(
        (shown.text("title").as_str(), &shown.body["photos"][0]["id"]),
        ("路口积水", &json!(photo.to_string()))
    );
    let bytes = city.ask(get(&file, "")).await;
    assert_eq!(
        (bytes.status, bytes.bytes.starts_with(&[0xff, 0xd8])),
        (StatusCode::OK, true)
    );
    // Whoever looked before that decides on what is no more so.
    let late = Publish {
        is_hidden: false,
        ..Publish::default()
    };
    let refused = city
        .portal
        .case_publish(&clerk, case.id, Some(0), late)
        .await
        .err()
        .unwrap();
    assert_eq!(base::Problem::from(refused).code, "publication_changed");
    // And hides.
    let hide = Publish {
        is_hidden: true,
        ..Publish::default()
    };
    city.portal
        .case_publish(&clerk, case.id, Some(1), hide)
        .await
        .unwrap();
    for path in [&path, &file] {
        assert_eq!(city.ask(get(path, "")).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn what_is_no_public_matter_is_not_there() {
    let city = City::open().await;
    let (private, _) = opened(&city, None).await;
    let hidden = city
        .ask(get(&format!("cases/{}", private.case_no), ""))
        .await;
    let none = city.ask(get("cases/310118-20261120-99999", "")).await;
    assert_eq!(
        (hidden.status, &hidden.body["detail"]),
        (StatusCode::NOT_FOUND, &none.body["detail"])
    );
}

#[tokio::test]
async fn only_pictures_of_the_case_are_shown_and_only_those_who_see_it_decide() {
    let city = City::open().await;
    let (case, _) = opened(&city, Some(city.category("道路积水"))).await;
    let (_, of_other) = opened(&city, Some(city.category("道路积水"))).await;
    let clerk = city.staff("intake_clerk", "CYZX");
    let publish = || Publish {
        is_hidden: false,
        title: None,
        attachment_ids: vec![of_other],
    };
    let refused = city
        .portal
        .case_publish(&clerk, case.id, None, publish())
        .await
        .err()
        .unwrap();
    assert_eq!(base::Problem::from(refused).fields[0].code, "not_a_picture");
    let stranger = city.staff("intake_clerk", "LHSR");
    let refused = city
        .portal
        .case_publish(&stranger, case.id, None, publish())
        .await
        .err()
        .unwrap();
    assert_eq!(base::Problem::from(refused).code, "not_found");
}

#[tokio::test]
async fn whoever_walks_through_the_numbers_is_stopped() {
    let city = City::open().await;
    let mut seen = 0;
    let mut stopped = None;
    for n in 1..=200 {
        let answer = city
            .ask_from(
                "2001:db8:9:9::1",
                get(&format!("cases/310118-20261120-{n:05}"), ""),
            )
            .await;
        if answer.code() == "too_many_requests" {
            stopped.get_or_insert(n);
        } else {
            seen += 1;
        }
    }
    assert_eq!((seen, stopped), (120, Some(121)));
    // Another address of the same household is stopped, too; a neighbour is not.
    let same = city
        .ask_from("2001:db8:9:9::ffff", get("cases/1", ""))
        .await;
    assert_eq!(same.code(), "too_many_requests");
    let neighbour = city.ask_from("2001:db8:9:a::1", get("cases/1", "")).await;
    assert_eq!(neighbour.code(), "not_found");
}
