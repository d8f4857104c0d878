//! What lies over the stages, in the numbers: appeals, exclusion, suspension, contact, self-handling, doing again.

use super::*;

const SINCE: &str = "from=2026-11-20T00:00:00%2B08:00";

/// The measures of all since that Friday, of these codes.
#[track_caller]
fn counted<const N: usize>(town: &Town, codes: [&str; N]) -> [i64; N] {
    let found = measures(&town.numbers(&centre("leader"), SINCE)["total"]);
    codes.map(|code| found.get(code).copied().unwrap_or(0))
}

/// A case filed and given to roads alone at nine. Limits: response 60 min, handling 2 h, closing 3 h after that.
fn dispatched(town: &Town) -> (Value, String, String) {
    let created = town.receive_as(&new_case("hotline", 121.1));
    let id = case_of(&created);
    let file = json!({"rule_row_id": RULE});
    town.done(
        &centre("shift_leader"),
        &format!("/api/v1/cases/{id}/file"),
        &file,
    );
    let to_roads = json!({"lead_organisation_id": ROADS, "co_organisation_ids": []});
    let path = format!("/api/v1/cases/{id}/dispatch");
    let state = town.done(&centre("dispatcher"), &path, &to_roads);
    (created, id, task(&state, 0))
}

fn step(town: &Town, task_id: &str, step: &str, body: &Value) {
    town.done(
        &clerk(ROADS),
        &format!("/api/v1/tasks/{task_id}/{step}"),
        body,
    );
}

fn ended(town: &Town, id: &str) {
    let path = |step: &str| format!("/api/v1/cases/{id}/{step}");
    let passed = json!({"passed": true});
    town.done(&centre("inspector"), &path("inspect-result"), &passed);
    let cited = json!({"rule_row_id": RULE});
    town.done(&centre("shift_leader"), &path("close"), &cited);
}

fn appealed(town: &Town, id: &str, task_id: &str) {
    step(town, task_id, "appeal", &json!({"reason": "暴雨"}));
    for role in ["dispatcher", "intake_clerk"] {
        let path = format!("/api/v1/cases/{id}/appeal/review");
        town.done(&centre(role), &path, &json!({"approved": true}));
    }
}

const LATE: [&str; 7] = [
    "respond_on_time",
    "handle_due",
    "handle_on_time",
    "handle_exempt",
    "close_due",
    "close_on_time",
    "close_late",
];

#[test]
fn an_approved_appeal_takes_out_the_lateness_it_was_about() {
    each_town(|town, _| {
        // The first is answered and handled late, the second answered late only; both are closed late.
        let (_, first, first_task) = dispatched(town);
        let (_, second, second_task) = dispatched(town);
        town.minutes(90);
        step(town, &first_task, "accept", &json!({}));
        step(town, &second_task, "accept", &json!({}));
        town.minutes(20);
        step(town, &second_task, "finish", &json!({"result": "好了"}));
        town.minutes(70);
        step(town, &first_task, "finish", &json!({"result": "好了"}));
        town.minutes(180);
        ended(town, &first);
        ended(town, &second);
        assert_eq!(counted(town, LATE), [0, 2, 1, 0, 2, 0, 2]);
        let rates = town.numbers(&centre("leader"), SINCE)["total"]["rates"].clone();
        assert_eq!(rates["closing_late"]["numerator"], 2);
        // A late response excuses no late closing.
        appealed(town, &second, &second_task);
        assert_eq!(counted(town, LATE), [1, 2, 1, 1, 2, 0, 2]);
        appealed(town, &first, &first_task);
        assert_eq!(counted(town, LATE), [2, 2, 2, 2, 2, 1, 1]);
        town.verify();
    });
}

#[test]
fn an_excluded_case_and_its_report_leave_the_numbers() {
    each_town(|town, _| {
        let codes = ["reports", "cases", "file_due", "handle_due", "close_due"];
        let (_, id, task_id) = dispatched(town);
        step(town, &task_id, "accept", &json!({}));
        step(town, &task_id, "finish", &json!({"result": "好了"}));
        ended(town, &id);
        town.receive_as(&new_report());
        town.minutes(6 * 60);
        assert_eq!(counted(town, codes), [2, 1, 1, 1, 1]);
        let path = |step: &str| format!("/api/v1/cases/{id}/{step}");
        let reason = json!({"reason": "超出范围"});
        town.done(&centre("dispatcher"), &path("exclude"), &reason);
        assert_eq!(counted(town, codes), [2, 1, 1, 1, 1], "asked for only");
        let approved = json!({"approved": true});
        town.done(
            &centre("shift_leader"),
            &path("exclusion/decide"),
            &approved,
        );
        assert_eq!(counted(town, codes), [1, 0, 0, 0, 0]);
        town.verify();
    });
}

#[test]
fn what_stands_still_is_not_due_meanwhile_and_counted_as_suspended_once_due() {
    each_town(|town, _| {
        let codes = ["handle_due", "handle_suspended", "handle_pending"];
        let (_, _, task_id) = dispatched(town);
        step(town, &task_id, "accept", &json!({}));
        let ask = json!({"until": "2026-11-23T10:00:00+08:00", "reason": "待产权单位"});
        step(town, &task_id, "suspension", &ask);
        let path = format!("/api/v1/tasks/{task_id}/suspension/decide");
        town.done(&centre("shift_leader"), &path, &json!({"approved": true}));
        town.minutes(24 * 60);
        assert_eq!(counted(town, codes), [0, 0, 0]);
        // On Monday at ten it goes on with the two hours it had left.
        town.minutes(2 * 24 * 60 + 60);
        assert_eq!(counted(town, codes), [0, 0, 0]);
        town.minutes(2 * 60 + 1);
        assert_eq!(counted(town, codes), [1, 1, 1]);
        town.verify();
    });
}

#[test]
fn where_the_process_says_so_what_stands_still_stays_where_it_was_due() {
    let documents: Vec<String> = casework::Processes::BUILT_IN
        .iter()
        .map(|document| document.replace("leaves_due = true", "leaves_due = false"))
        .collect();
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    each_town_with(&documents, |town, _| {
        let codes = [
            "handle_due",
            "handle_suspended",
            "handle_pending",
            "handle_done",
            "handle_on_time",
            "close_due",
        ];
        let of_day = |day: &str| {
            let query =
                format!("from=2026-11-{day}T00:00:00%2B08:00&until=2026-11-{day}T23:59:59%2B08:00");
            let found = measures(&town.numbers(&centre("leader"), &query)["total"]);
            codes.map(|code| found.get(code).copied().unwrap_or(0))
        };
        let (_, id, task_id) = dispatched(town);
        step(town, &task_id, "accept", &json!({}));
        let ask = json!({"until": "2026-11-23T10:00:00+08:00", "reason": "待产权单位"});
        step(town, &task_id, "suspension", &ask);
        let path = format!("/api/v1/tasks/{task_id}/suspension/decide");
        town.done(&centre("shift_leader"), &path, &json!({"approved": true}));
        // Due at eleven on Friday, and its case three hours later, whatever stands still.
        town.minutes(24 * 60);
        assert_eq!(of_day("20"), [1, 1, 1, 0, 0, 1]);
        // On Monday at eleven, an hour before it runs out: in time, and on Friday's account.
        town.minutes(2 * 24 * 60 + 2 * 60);
        step(town, &task_id, "finish", &json!({"result": "好了"}));
        assert_eq!(of_day("20"), [1, 1, 0, 1, 1, 1]);
        assert_eq!(of_day("23"), [0; 6]);
        // Another round is due when it is due.
        let failed = json!({"passed": false, "failed_task_ids": [task_id], "opinion": "没好"});
        let path = format!("/api/v1/cases/{id}/inspect-result");
        town.done(&centre("inspector"), &path, &failed);
        town.minutes(6 * 60);
        assert_eq!(of_day("20"), [0; 6]);
        assert_eq!(of_day("23"), [1, 1, 1, 0, 0, 1]);
        town.verify();
    });
}

#[test]
fn whoever_calls_the_citizen_in_time_has_responded() {
    each_town(|town, _| {
        let (_, _, first) = dispatched(town);
        let (_, _, second) = dispatched(town);
        town.minutes(20);
        step(town, &first, "contact", &json!({"reached": true}));
        town.minutes(70);
        step(town, &first, "accept", &json!({}));
        step(town, &second, "accept", &json!({}));
        let codes = ["respond_due", "respond_done", "respond_on_time"];
        assert_eq!(counted(town, codes), [2, 2, 1]);
        town.verify();
    });
}

#[test]
fn what_an_inspector_handles_at_once_is_counted_apart() {
    each_town(|town, _| {
        let found = json!({"title": "小广告", "place": {"lon": 121.1, "lat": 31.1}, "category_id": CATEGORY,
            "rule_row_id": RULE, "result": "已当场清除"});
        let path = "/api/v1/cases/self-handle";
        town.done(&centre("inspector"), path, &found);
        dispatched(town);
        let codes = ["cases", "cases_self_handled", "handle_done"];
        town.minutes(3 * 60);
        assert_eq!(counted(town, codes), [2, 1, 1]);
        town.verify();
    });
}
