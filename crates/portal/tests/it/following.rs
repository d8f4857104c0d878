//! Following, answering, rating; and the code that proves a phone.

use crate::city::*;
use axum::http::StatusCode;
use base::Id;
use casework::input::{
    CaseCloseRequest, CaseDispatchRequest, CaseInspectResultRequest, CaseOpenRequest,
    ReportAcceptRequest, ReportAnswerRequest, TaskAcceptRequest, TaskFinishRequest,
};
use serde_json::json;
use store::{Statement, params};

/// Nobody can read what stands in the oldest message any more.
static SPOIL: Statement = Statement::fixed(
    "UPDATE portal_message SET code_sealed = ?1 WHERE id = (SELECT MIN(id) FROM portal_message)",
);
static LEFT: Statement = Statement::fixed("SELECT COUNT(*) FROM portal_message");

impl City {
    async fn accept(&self, report_id: Id) -> Id {
        let accept = ReportAcceptRequest {
            open_cases: vec![CaseOpenRequest {
                category_id: Some(self.category("道路积水")),
                process: Some("hotline".to_owned()),
                ..Default::default()
            }],
            join_case_ids: vec![],
        };
        let clerk = self.call("intake_clerk", "CYZX");
        let accepted = self.casework.report_accept(&clerk, report_id, accept).await;
        accepted.unwrap().opened[0].id
    }

    async fn dispatch(&self, case_id: Id) -> Id {
        let order = CaseDispatchRequest {
            lead_organisation_id: self.organisation("SWJ"),
            co_organisation_ids: vec![],
        };
        let desk = self.call("dispatcher", "CYZX");
        let given = self
            .casework
            .case_dispatch(&desk, case_id, order)
            .await
            .unwrap();
        given.tasks.last().unwrap().id
    }

    async fn work(&self, task_id: Id, words: &str) {
        let handler = self.call("department_clerk", "SWJ");
        let work = &self.casework;
        // What is done again is in hand already.
        let accept = TaskAcceptRequest::default();
        let _ = work.task_accept(&handler, task_id, accept).await;
        let finish = TaskFinishRequest {
            result: Some(words.to_owned()),
            occurred_at: None,
        };
        work.task_finish(&handler, task_id, finish).await.unwrap();
    }

    async fn inspect(&self, case_id: Id) {
        let input = CaseInspectResultRequest {
            passed: true,
            failed_task_ids: vec![],
            opinion: None,
            occurred_at: None,
        };
        let leader = self.call("shift_leader", "CYZX");
        let passed = self
            .casework
            .case_inspect_result(&leader, case_id, input)
            .await
            .unwrap();
        if passed.stage.is_open() {
            let close = CaseCloseRequest::default();
            self.casework
                .case_close(&leader, case_id, close)
                .await
                .unwrap();
        }
    }

    async fn code_for(&self, report_no: &str, phone: &str) -> Answered {
        self.ask(post(
            "codes",
            &json!({"report_no": report_no, "phone": phone}),
            &[],
        ))
        .await
    }

    async fn redeem(&self, report_no: &str, phone: &str, code: &str) -> Answered {
        let body = json!({"report_no": report_no, "phone": phone, "code": code});
        self.ask(post("links", &body, &[])).await
    }

    async fn last_code(&self) -> Option<String> {
        self.portal.messages_send().await.unwrap();
        let sent = self.phones.0.lock().unwrap();
        sent.last().and_then(|message| message.code.clone())
    }
}

#[tokio::test]
async fn a_reporter_follows_says_that_it_is_not_solved_and_has_it_done_again() {
    let city = City::open().await;
    let (report_no, token) = city.told_of_water().await;
    let id = city.report_id(&report_no).await;
    let case_id = city.accept(id).await;
    let status = async || city.follow(&token).await.body["status"]["code"].clone();
    assert_eq!(status().await, "arranging");
    let task = city.dispatch(case_id).await;
    assert_eq!(status().await, "working");
    assert!(city.follow(&token).await.body["expected_by"].is_string());
    city.work(task, "已抽排，联系人 13600000000").await;
    assert_eq!(status().await, "checking");
    let followed = city.follow(&token).await;
    assert!(followed.body["result"].is_null(), "nobody has looked yet");
    assert_eq!(followed.body["may_answer"], false);
    let early = json!({"solved": true, "satisfaction": "satisfied"});
    let bearer = format!("Bearer {token}");
    let says = |path: &'static str, body: serde_json::Value| {
        let request = post(path, &body, &[("authorization", bearer.as_str())]);
        city.ask(request)
    };
    assert_eq!(
        says("report/answer", early).await.code(),
        "report_wrong_stage"
    );
    city.inspect(case_id).await;
    let asked = city.follow(&token).await;
    assert_eq!(asked.body["status"]["code"], "asking");
    assert_eq!(asked.body["may_answer"], true);
    assert_eq!(asked.text("result"), "已抽排，联系人 136****0000");

    let not = json!({"solved": false, "satisfaction": "dissatisfied", "words": "雨后又有了"});
    let redone = says("report/answer", not.clone()).await;
    assert_eq!(redone.status, StatusCode::OK, "{}", redone.body);
    assert_eq!(redone.body["status"]["code"], "working");
    let tasks = city
        .casework
        .case_view(&city.staff("shift_leader", "CYZX"), case_id)
        .await
        .unwrap()
        .tasks;
    city.work(
        tasks
            .iter()
            .find(|task| task.finished_at.is_none())
            .unwrap()
            .id,
        "已修好泵",
    )
    .await;
    city.inspect(case_id).await;
    // As often as the process allows; then it ends, with what the reporter said on record.
    let ended = says("report/answer", not).await;
    assert_eq!(ended.body["status"]["code"], "done", "{}", ended.body);
    assert_eq!(ended.body["rated"], "dissatisfied");
    assert_eq!(ended.body["may_rate"], false);
    let twice = says(
        "report/answer",
        json!({"solved": true, "satisfaction": "satisfied"}),
    )
    .await;
    assert_eq!(twice.code(), "report_wrong_stage");
    let turns: Vec<&str> = ended.body["turns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|turn| turn["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        turns
            .iter()
            .filter(|kind| **kind == "report_calling_back")
            .count(),
        2
    );
    assert!(turns.contains(&"report_redone"));
}

#[tokio::test]
async fn what_was_answered_is_rated_once_whoever_asks() {
    let city = City::open().await;
    let (report_no, token) = city.told_of_water().await;
    let id = city.report_id(&report_no).await;
    let answer = ReportAnswerRequest {
        answer: "已联系物业。".to_owned(),
    };
    let clerk = city.call("intake_clerk", "CYZX");
    city.casework
        .report_answer(&clerk, id, answer)
        .await
        .unwrap();
    let followed = city.follow(&token).await;
    assert_eq!(
        (followed.text("answer").as_str(), &followed.body["may_rate"]),
        ("已联系物业。", &json!(true))
    );
    let bearer = format!("Bearer {token}");
    let rate = |address: &'static str, key: String| {
        let body = json!({"satisfaction": "very_satisfied", "words": "很快"});
        let request = post(
            "report/rate",
            &body,
            &[("authorization", &bearer), ("idempotency-key", &key)],
        );
        city.ask_from(address, request)
    };
    let key = city.key();
    let rated = rate("10.1.1.1", key.clone()).await;
    assert_eq!(
        (rated.status, &rated.body["rated"]),
        (StatusCode::OK, &json!("very_satisfied"))
    );
    assert_eq!(rated.body["may_rate"], false);
    // The answer was lost: asked again it is the same, and counted once.
    assert_eq!(rate("10.1.1.1", key).await.status, StatusCode::OK);
    // From a hundred places with keys of their own: ballots are not stuffed.
    for n in 0..100 {
        let address = ["10.2.0.1", "10.2.0.2", "10.2.0.3", "10.2.0.4"][n % 4];
        assert_eq!(rate(address, city.key()).await.code(), "rated_already");
    }
}

#[tokio::test]
async fn a_code_proves_the_phone_and_is_used_once() {
    let city = City::open().await;
    let (report_no, _) = city.told_of_water().await;
    let asked = city.code_for(&report_no, "138 1234 0001").await;
    assert_eq!(
        (asked.status, &asked.body),
        (StatusCode::ACCEPTED, &json!({"expires_seconds": 600}))
    );
    let code = city.last_code().await.unwrap();
    assert!(!asked.bytes.windows(6).any(|part| part == code.as_bytes()));
    let message = city.phones.0.lock().unwrap()[0].clone();
    assert_eq!(
        (message.phone.as_str(), message.report_no == report_no),
        (MOBILE, true)
    );
    assert!(message.text.contains(&code));
    let link = city.redeem(&report_no, MOBILE, &code).await;
    assert_eq!(link.status, StatusCode::OK, "{}", link.body);
    assert_eq!(
        city.follow(&link.text("token")).await.text("report_no"),
        report_no
    );
    assert_eq!(
        city.redeem(&report_no, MOBILE, &code).await.code(),
        "code_wrong"
    );
    city.clock.advance_seconds(12 * 3_600);
    assert_eq!(
        city.follow(&link.text("token")).await.code(),
        "link_expired"
    );
}

#[tokio::test]
async fn a_code_expires_and_is_tried_five_times() {
    let city = City::open().await;
    let (report_no, _) = city.told_of_water().await;
    city.code_for(&report_no, MOBILE).await;
    let code = city.last_code().await.unwrap();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert_eq!(
            city.redeem(&report_no, MOBILE, wrong).await.code(),
            "code_wrong"
        );
    }
    assert_eq!(
        city.redeem(&report_no, MOBILE, &code).await.code(),
        "code_wrong",
        "tried too often"
    );
    city.clock.advance_seconds(61);
    city.code_for(&report_no, MOBILE).await;
    let second = city.last_code().await.unwrap();
    city.clock.advance_seconds(600);
    assert_eq!(
        city.redeem(&report_no, MOBILE, &second).await.code(),
        "code_wrong",
        "too late"
    );
    city.clock.advance_seconds(1);
    city.code_for(&report_no, MOBILE).await;
    let third = city.last_code().await.unwrap();
    assert_eq!(
        city.redeem(&report_no, MOBILE, &third).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn nobody_learns_which_numbers_and_phones_there_are() {
    let city = City::open().await;
    let (report_no, _) = city.told_of_water().await;
    let known = city.code_for(&report_no, MOBILE).await;
    city.portal.messages_send().await.unwrap();
    assert_eq!(city.phones.0.lock().unwrap().len(), 1);
    for (number, phone) in [
        (report_no.as_str(), "13899999999"),
        ("SQ310118-20261120-99999", MOBILE),
        ("x", "13899999998"),
    ] {
        let unknown = city.code_for(number, phone).await;
        assert_eq!(
            (unknown.status, &unknown.bytes),
            (known.status, &known.bytes)
        );
        let refused = city.redeem(number, phone, "123456").await;
        let wrong = city.redeem(&report_no, MOBILE, "abcdef").await;
        assert_eq!(
            (refused.status, &refused.body["code"]),
            (wrong.status, &wrong.body["code"])
        );
        assert_eq!(refused.body["detail"], wrong.body["detail"]);
    }
    city.portal.messages_send().await.unwrap();
    assert_eq!(
        city.phones.0.lock().unwrap().len(),
        1,
        "nobody else got a message"
    );
    // A pair that does not belong together has a row like any other: as much is done for it.
    let mut tries = 0;
    for code in ["111111", "222222"] {
        tries += usize::from(city.redeem("x", "13899999998", code).await.code() == "code_wrong");
    }
    assert_eq!(tries, 2);
}

#[tokio::test]
async fn a_link_cannot_be_made_up_or_lent_to_another_report() {
    let city = City::open().await;
    let (_, token) = city.told_of_water().await;
    let (_, other) = city.told_of_water().await;
    let pieces: Vec<&str> = token.split('.').collect();
    let of_other: Vec<&str> = other.split('.').collect();
    for forged in [
        String::new(),
        "1.2.3".to_owned(),
        format!("{}.{}.{}", of_other[0], pieces[1], pieces[2]),
        format!("{}.99999999999.{}", pieces[0], pieces[2]),
        format!("{}.{}.{}", pieces[0], pieces[1], "00".repeat(32)),
        format!("{}.{}.", pieces[0], pieces[1]),
    ] {
        let answer = city.follow(&forged).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::UNAUTHORIZED, "link_expired"),
            "{forged}"
        );
    }
    assert_eq!(city.follow(&token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn whoever_joined_reads_no_result_and_sends_nobody_out_again_until_the_phone_is_proved() {
    let city = City::open_calling_back().await;
    let (first_no, _) = city.told_of_water().await;
    let case_id = city.accept(city.report_id(&first_no).await).await;
    let task = city.dispatch(case_id).await;
    let leader = city.staff("shift_leader", "CYZX");
    let case_no = city
        .casework
        .case_view(&leader, case_id)
        .await
        .unwrap()
        .head
        .case_no;
    let mut links = Vec::new();
    for phone in ["13900000021", "13900000022"] {
        let mut told = water();
        told["join_case_no"] = json!(case_no);
        told["phone"] = json!(phone);
        let made = city.tell(told).await;
        assert_eq!(made.body["is_joined"], true, "{}", made.body);
        let token = made.body["link"]["token"].as_str().unwrap().to_owned();
        links.push((phone, made.text("report_no"), token));
    }
    city.work(task, "已抽排，业主王五在场").await;
    city.inspect(case_id).await;
    let not = json!({"solved": false, "satisfaction": "dissatisfied"});
    let answer = |token: String| {
        let bearer = format!("Bearer {token}");
        city.ask(post("report/answer", &not, &[("authorization", &bearer)]))
    };

    let (_, _, unproved) = &links[0];
    let seen = city.follow(unproved).await;
    assert_eq!(
        (&seen.body["may_answer"], &seen.body["may_redo"]),
        (&json!(true), &json!(false))
    );
    assert!(seen.body["result"].is_null(), "{}", seen.body);
    let said = answer(unproved.clone()).await;
    assert_eq!(said.body["status"]["code"], "done", "{}", said.body);
    assert_eq!(said.body["rated"], "dissatisfied");
    let stage = async || {
        let case = city.casework.case_view(&leader, case_id).await.unwrap();
        case.head.stage.is_open()
    };
    assert!(!stage().await, "what anybody says sends nobody out again");
    // A link says how it was come by, and cannot be made to say otherwise.
    let forged = links[1].2.replacen(".t.", ".c.", 1);
    assert_eq!(city.follow(&forged).await.code(), "link_expired");

    let (phone, report_no, _) = &links[1];
    city.code_for(report_no, phone).await;
    let code = city.last_code().await.unwrap();
    let proved = city.redeem(report_no, phone, &code).await.text("token");
    let seen = city.follow(&proved).await;
    assert_eq!(seen.body["may_redo"], true);
    assert_eq!(seen.text("result"), "已抽排，业主王五在场");
    let said = answer(proved).await;
    assert_eq!(said.body["status"]["code"], "working", "{}", said.body);
    assert!(stage().await);
}

#[tokio::test]
async fn a_message_that_cannot_be_made_out_holds_up_no_other_and_is_given_up() {
    let city = City::open().await;
    let (first, _) = city.told_of_water().await;
    let (second, _) = city.told_of_water().await;
    city.code_for(&first, MOBILE).await;
    city.clock.advance_seconds(1);
    city.code_for(&second, MOBILE).await;
    let store = &city.test.store;
    let spoilt = vec![0_u8; 40];
    store
        .write(move |tx| tx.execute(&SPOIL, params![spoilt]))
        .await
        .unwrap();
    let left = async || {
        let count = store.read(|tx| tx.query_opt(&LEFT, params![], |row| row.get::<i64>(0)));
        count.await.unwrap().unwrap()
    };
    assert_eq!(left().await, 2);
    city.portal.messages_send().await.unwrap();
    let sent = city.phones.0.lock().unwrap().clone();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].report_no, second);
    assert_eq!(left().await, 1);
    for _ in 0..8 {
        city.clock.advance_seconds(3_000);
        city.portal.messages_send().await.unwrap();
    }
    assert_eq!(left().await, 0);
    assert_eq!(city.phones.0.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_reporter_says_without_network_has_the_time_it_was_said() {
    let city = City::open().await;
    let (report_no, token) = city.told_of_water().await;
    let case_id = city.accept(city.report_id(&report_no).await).await;
    let task = city.dispatch(case_id).await;
    city.work(task, "已抽排").await;
    city.clock.advance_seconds(60);
    city.inspect(case_id).await;
    city.clock.advance_seconds(3_600);
    let bearer = format!("Bearer {token}");
    let answer = |at: &str| {
        let said = json!({"solved": true, "satisfaction": "satisfied", "occurred_at": at});
        city.ask(post("report/answer", &said, &[("authorization", &bearer)]))
    };
    for (at, code) in [
        ("2026-11-20T09:00:59+08:00", "occurred_too_early"),
        ("2026-11-20T10:01:01+08:00", "occurred_in_future"),
    ] {
        assert_eq!(answer(at).await.code(), code);
    }
    let said = answer("2026-11-20T09:30:00+08:00").await;
    assert_eq!(said.body["status"]["code"], "done", "{}", said.body);
    let id = city.report_id(&report_no).await;
    let leader = city.staff("shift_leader", "CYZX");
    let view = city.casework.report_view(&leader, id).await.unwrap();
    let entry = view
        .timeline
        .iter()
        .find(|entry| entry.kind == "report_called_back")
        .unwrap();
    let times = [entry.occurred_at, entry.recorded_at].map(|at| at.to_string());
    assert!(times[0].contains("09:30:00"), "{times:?}");
    assert!(times[1].contains("10:01:00"), "{times:?}");
}
