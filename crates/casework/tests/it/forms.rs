//! Forms of actions, and a process made through the API only that has one, a condition, and no 立案.

use crate::town::*;
use access::{Principal, RoleBook};
use axum::http::{Method, StatusCode};
use casework::Processes;
use casework::process::Process;
use serde_json::{Value, json};
use std::sync::Arc;

const FORM: &str = r#"
[[actions.task_finish.form]]
key = "depth_cm"
label = "积水深度（厘米）"
kind = "number"
required = true
min = 0
max = 500

[[actions.task_finish.form]]
key = "cause"
label = "原因"
kind = "choice"
choices = ["堵塞", "破损"]

[[actions.task_finish.form]]
key = "who"
label = "联系人"
kind = "text"

[[actions.task_finish.form]]
key = "again_on"
label = "复查日期"
kind = "date"

[[actions.task_finish.form]]
key = "is_dry"
label = "已排空"
kind = "bool"
"#;

fn each_asking_town(test: impl Fn(&Town, &store::testing::TestStore)) {
    let built_in = include_str!("../../processes/city-management.toml");
    let document = format!("{built_in}{FORM}");
    each_town_with(&[&document], test);
}

fn clerk() -> Arc<Principal> {
    person(ROADS, "department_clerk", None)
}

/// A lead's task that somebody works on.
fn working(town: &Town) -> String {
    let id = town.create().case.unwrap().id;
    town.file(id);
    let request = json!({"lead_organisation_id": ROADS, "co_organisation_ids": []});
    let path = format!("/api/v1/cases/{id}/dispatch");
    let state = town.post(&centre("dispatcher"), &path, &request).body;
    let task = state["tasks"][0]["id"].as_str().unwrap().to_owned();
    let accept = format!("/api/v1/tasks/{task}/accept");
    assert_eq!(
        town.post(&clerk(), &accept, &json!({})).status,
        StatusCode::OK
    );
    task
}

#[test]
fn a_form_is_checked_field_by_field_sealed_and_shown_masked() {
    each_asking_town(|town, _| {
        let task = working(town);
        let finish = |form: Value| {
            let body = json!({"result": "已疏通", "form": form});
            town.post(&clerk(), &format!("/api/v1/tasks/{task}/finish"), &body)
        };
        for (form, field, code) in [
            (json!({}), "form.depth_cm", "required"),
            (json!({"depth_cm": null}), "form.depth_cm", "required"),
            (json!({"depth_cm": "12"}), "form.depth_cm", "wrong_type"),
            (json!({"depth_cm": 501}), "form.depth_cm", "out_of_range"),
            (
                json!({"depth_cm": 1, "cause": "天意"}),
                "form.cause",
                "unknown_value",
            ),
            (
                json!({"depth_cm": 1, "again_on": "2026-02-30"}),
                "form.again_on",
                "malformed",
            ),
            (
                json!({"depth_cm": 1, "again_on": "2026-12-01T08:00:00"}),
                "form.again_on",
                "malformed",
            ),
            (
                json!({"depth_cm": 1, "is_dry": "yes"}),
                "form.is_dry",
                "wrong_type",
            ),
            (
                json!({"depth_cm": 1, "who": "x".repeat(2_001)}),
                "form.who",
                "too_long",
            ),
            (
                json!({"depth_cm": 1, "colour": "red"}),
                "form.colour",
                "unknown_field",
            ),
            (json!([1]), "form", "wrong_type"),
        ] {
            let answer = finish(form.clone());
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
            let fields = answer.body["fields"].as_array().unwrap();
            let named = fields
                .iter()
                .any(|each| each["field"] == field && each["code"] == code);
            assert!(named, "{field} {code}: {fields:?}");
        }
        // Every wrong one at once.
        let answer = finish(json!({"cause": 1, "who": 2}));
        assert_eq!(answer.body["fields"].as_array().unwrap().len(), 3);

        let answer = finish(json!({
            "depth_cm": 12.5, "cause": "堵塞", "who": "王先生 13812341234", "again_on": "2026-12-01", "is_dry": true
        }));
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let case_id = answer.body["id"].as_str().unwrap();
        let view = town
            .get(&centre("leader"), &format!("/api/v1/cases/{case_id}"))
            .body;
        let timeline = view["timeline"].as_array().unwrap();
        let filled = timeline
            .iter()
            .find(|entry| entry["kind"] == "form_filled")
            .unwrap();
        assert_eq!(filled["fact"]["operation"], "task_finish");
        assert_eq!(
            filled["fact"]["filled"]["digest"].as_str().unwrap().len(),
            64
        );
        let note = filled["note"].as_str().unwrap();
        assert!(note.contains("12.5") && note.contains("堵塞"), "{note}");
        assert!(!view.to_string().contains("13812341234"));
        let order: Vec<&str> = timeline
            .iter()
            .rev()
            .take(3)
            .filter_map(|entry| entry["kind"].as_str())
            .collect();
        assert_eq!(order, ["case_handled", "task_finished", "form_filled"]);
        town.verify();
    });
}

#[test]
fn an_action_without_a_form_takes_none_and_a_repeated_call_compares_it() {
    each_asking_town(|town, _| {
        let task = working(town);
        let path = format!("/api/v1/tasks/{task}/contact");
        let answer = town.post(&clerk(), &path, &json!({"reached": true, "form": {"a": 1}}));
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(answer.body["fields"][0]["field"], "form.a");
        let answer = town.post(&clerk(), &path, &json!({"reached": true, "form": {}}));
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);

        let finish = |depth: u32| {
            let path = format!("/api/v1/tasks/{task}/finish");
            let body = json!({"result": "已疏通", "form": {"depth_cm": depth}});
            let key = [("idempotency-key", "once")];
            town.send(&clerk(), Method::POST, &path, &key, Some(&body))
        };
        let first = finish(3);
        assert_eq!(first.status, StatusCode::OK, "{}", first.body);
        assert_eq!(finish(3).body, first.body);
        let other = finish(4);
        assert_eq!(
            other.body["code"], "idempotency_key_reused",
            "{}",
            other.body
        );
    });
}

#[test]
fn whoever_has_to_fill_in_a_form_may_read_what_it_asks_for() {
    each_asking_town(|town, _| {
        wait(town.casework.recall()).unwrap();
        let path = format!("/api/v1/cases/{}", town.create().case.unwrap().id);
        let process = town.get(&centre("leader"), &path).body["process"].clone();
        let (code, version) = process.as_str().unwrap().split_once(' ').unwrap();
        let path = format!("/api/v1/processes/{code}?version={version}");
        for role in ["handler", "inspector"] {
            let answer = town.get(&person(ROADS, role, None), &path);
            assert_eq!(answer.status, StatusCode::OK, "{role}: {}", answer.body);
        }
    });
    // Nobody who may act by a process is left without; whoever reports something is asked by pages of their own.
    let roles = RoleBook::built_in().unwrap();
    let known = Processes::load(Processes::BUILT_IN.iter().copied(), |_| true).unwrap();
    for process in known.newest() {
        for (operation, rule) in process.actions() {
            let staff = rule.roles.iter().filter(|role| *role != "reporter");
            for role in staff.filter_map(|role| roles.get(role)) {
                let may = role.permissions.contains("process_view");
                assert!(may, "{operation} {}", role.code);
            }
        }
    }
}

#[test]
fn a_form_that_makes_no_sense_is_refused_with_its_place() {
    let built_in = include_str!("../../processes/city-management.toml");
    for (action, field, place) in [
        (
            "task_finish",
            "key = \"Depth\"\nlabel = \"深\"\nkind = \"number\"",
            "form[0].key",
        ),
        (
            "task_finish",
            "key = \"a\"\nlabel = \" \"\nkind = \"bool\"",
            "form[0].label",
        ),
        (
            "task_finish",
            "key = \"a\"\nlabel = \"甲\"\nkind = \"choice\"",
            "form[0].choices",
        ),
        (
            "task_finish",
            "key = \"a\"\nlabel = \"甲\"\nkind = \"choice\"\nchoices = [\"b\", \" \"]",
            "form[0].choices",
        ),
        (
            "task_finish",
            "key = \"a\"\nlabel = \"甲\"\nkind = \"choice\"\nchoices = [\"b\", \"b\"]",
            "form[0].choices",
        ),
        (
            "task_finish",
            "key = \"a\"\nlabel = \"甲\"\nkind = \"text\"\nchoices = [\"b\"]",
            "form[0].choices",
        ),
        (
            "task_finish",
            "key = \"a\"\nlabel = \"甲\"\nkind = \"date\"\nmin = 1",
            "form[0].min",
        ),
        (
            "task_finish",
            "key = \"a\"\nlabel = \"甲\"\nkind = \"number\"\nmin = 2\nmax = 1",
            "form[0].max",
        ),
        (
            "report_join",
            "key = \"a\"\nlabel = \"甲\"\nkind = \"bool\"",
            "form",
        ),
        (
            "case_merge",
            "key = \"a\"\nlabel = \"甲\"\nkind = \"bool\"",
            "form",
        ),
    ] {
        let document = format!("{built_in}\n[[actions.{action}.form]]\n{field}\n");
        let error = Process::load(&document, |_| true).unwrap_err();
        let place = format!("actions.{action}.{place}");
        assert!(
            error.0.iter().any(|fault| fault.place == place),
            "{place}: {error}"
        );
    }
    let one = "\n[[actions.task_finish.form]]\nkey = \"a\"\nlabel = \"甲\"\nkind = \"bool\"\n";
    let error = Process::load(&format!("{built_in}{one}{one}"), |_| true).unwrap_err();
    assert_eq!(error.0[0].place, "actions.task_finish.form[1].key");
}

/// Without 立案, dispatched only when urgent or marked, finished with a form.
#[test]
fn a_process_made_by_api_with_a_condition_and_a_form_and_without_filing_runs_to_its_end() {
    each_town_with(Processes::BUILT_IN, |town, _| {
        let admin = person(CENTRE, "system_admin", None);
        let limit = json!({"normal": 60, "urgent": 30, "critical": 10});
        let document = json!({
            "code": "flood-watch", "version": 1, "name": "积水排查",
            "sources": ["inspector"],
            "category_required": false, "place_required": true,
            "record_delay_minutes_max": 60, "late_mark_minutes": 5,
            "stages": {
                "accepted": {"name": "待派单", "limit_minutes": limit},
                "handling": {"name": "处置中"},
                "inspecting": {"name": "待复核", "limit_minutes": limit},
                "closing": {"name": "待销号", "limit_minutes": limit},
                "closed": {"name": "已销号"}
            },
            "handling": {"response_minutes": limit, "default_limit": "1工作日"},
            "closing": {"cites_rule_row": false},
            "actions": {
                "report_accept": {"name": "登记", "roles": ["shift_leader"]},
                "case_mark": {"name": "标记重要", "roles": ["shift_leader"]},
                "case_dispatch": {
                    "name": "派单", "roles": ["dispatcher"],
                    "condition": "case.level != 'normal' || case.is_important"
                },
                "task_accept": {"name": "签收", "roles": ["department_clerk"]},
                "task_finish": {
                    "name": "反馈", "roles": ["department_clerk"],
                    "form": [{"key": "depth_cm", "label": "积水深度", "kind": "number", "required": true, "min": 0}]
                },
                "case_inspect_result": {"name": "复核", "roles": ["inspector"]},
                "case_close": {"name": "销号", "roles": ["shift_leader"]}
            }
        });
        let saved = town.post(&admin, "/api/v1/processes", &json!({"document": document}));
        assert!(saved.status.is_success(), "{}", saved.body);

        let leader = centre("shift_leader");
        let report = json!({
            "source": "inspector", "title": "积水", "detail": "路口积水", "place": {"lon": 121.1, "lat": 31.1},
            "open_case": {"category_id": FREE_CATEGORY, "process": "flood-watch"}
        });
        let created = town.post(&leader, "/api/v1/reports", &report);
        assert!(created.status.is_success(), "{}", created.body);
        let id = created.body["case"]["id"].as_str().unwrap().to_owned();
        let case = |step: &str| format!("/api/v1/cases/{id}/{step}");
        let to_roads = json!({"lead_organisation_id": ROADS, "co_organisation_ids": []});
        let dispatcher = centre("dispatcher");
        let refused = town.post(&dispatcher, &case("dispatch"), &to_roads);
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert_eq!(refused.body["code"], "condition_not_met");
        let marked = town.post(&leader, &case("mark"), &json!({"important": true}));
        assert_eq!(marked.status, StatusCode::OK, "{}", marked.body);
        let state = town.post(&dispatcher, &case("dispatch"), &to_roads);
        assert_eq!(state.status, StatusCode::OK, "{}", state.body);
        let task = state.body["tasks"][0]["id"].as_str().unwrap().to_owned();
        let work = |step: &str, body: &Value| {
            town.post(&clerk(), &format!("/api/v1/tasks/{task}/{step}"), body)
        };
        assert_eq!(work("accept", &json!({})).status, StatusCode::OK);
        let missing = work("finish", &json!({"result": "已排空"}));
        assert_eq!(missing.body["fields"][0]["field"], "form.depth_cm");
        let filled = json!({"result": "已排空", "form": {"depth_cm": 0}});
        let state = work("finish", &filled);
        assert_eq!(state.status, StatusCode::OK, "{}", state.body);
        let passed = json!({"passed": true});
        let state = town.post(&centre("inspector"), &case("inspect-result"), &passed);
        assert_eq!(state.body["stage"], "closing", "{}", state.body);
        let state = town.post(&leader, &case("close"), &json!({}));
        assert_eq!(state.body["stage"], "closed", "{}", state.body);
        let view = town.get(&leader, &format!("/api/v1/cases/{id}")).body;
        let kinds: Vec<&str> = view["timeline"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|entry| entry["kind"].as_str())
            .collect();
        assert!(
            kinds.contains(&"condition_met") && kinds.contains(&"form_filled"),
            "{kinds:?}"
        );
        assert!(!kinds.contains(&"case_filed"), "{kinds:?}");
        town.verify();
    });
}

/// What each of these asks for: its own word.
fn asking(operation: &str) -> String {
    format!(
        "\n[[actions.{operation}.form]]\nkey = \"{operation}\"\nlabel = \"核对\"\nkind = \"text\"\nrequired = true\n"
    )
}

#[test]
fn actions_on_reports_and_self_handling_ask_for_what_the_process_says() {
    let operations = [
        "report_accept",
        "report_answer",
        "report_reject",
        "report_callback",
        "case_self_handle",
    ];
    let built_in = include_str!("../../processes/city-management.toml");
    let forms: String = operations.map(asking).concat();
    let document = format!("{built_in}{CALLBACK}{forms}");
    each_town_with(&[&document], |town, _| {
        let intake = centre("intake_clerk");
        let place = json!({"lon": 121.1, "lat": 31.1});
        let new =
            json!({"source": "hotline", "title": "井盖缺失", "detail": "路口", "place": place});
        let receive = || {
            let made = town.post(&intake, "/api/v1/reports", &new);
            assert!(made.status.is_success(), "{}", made.body);
            made.body["report"]["id"].as_str().unwrap().to_owned()
        };
        // Without, with what is not asked for, with files where none are taken; then as asked for.
        let ask = |who: &Arc<Principal>, path: &str, operation: &str, body: &Value| {
            let field = format!("form.{operation}");
            for (form, field, code) in [
                (json!(null), field.as_str(), "required"),
                (json!({operation: 7}), field.as_str(), "wrong_type"),
                (
                    json!({operation: "是", "more": 1}),
                    "form.more",
                    "unknown_field",
                ),
            ] {
                let mut body = body.clone();
                if !form.is_null() {
                    body["form"] = form;
                }
                let refused = town.post(who, path, &body);
                assert_eq!(
                    refused.status,
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "{operation}: {}",
                    refused.body
                );
                assert_eq!(refused.body["fields"][0]["field"], field, "{operation}");
                assert_eq!(refused.body["fields"][0]["code"], code, "{operation}");
            }
            let mut body = body.clone();
            body["form"] = json!({operation: "刘某某已核对"});
            let done = town.post(who, path, &body);
            assert!(done.status.is_success(), "{operation}: {}", done.body);
            done.body
        };
        let on = |report: &str, step: &str| format!("/api/v1/reports/{report}/{step}");
        let stands = |report: &str, operation: &str| {
            let told = town.get(&intake, &format!("/api/v1/reports/{report}")).body;
            let timeline = told["timeline"].as_array().unwrap();
            let of = |entry: &&Value| {
                entry["kind"] == "report_form_filled" && entry["fact"]["operation"] == operation
            };
            assert_eq!(timeline.iter().filter(of).count(), 1, "{operation}: {told}");
        };
        let answered = receive();
        ask(
            &intake,
            &on(&answered, "answer"),
            "report_answer",
            &json!({"answer": "九点"}),
        );
        stands(&answered, "report_answer");
        let rejected = receive();
        let reject = json!({"reason": "out_of_scope", "answer": "请找邻市"});
        ask(&intake, &on(&rejected, "reject"), "report_reject", &reject);
        stands(&rejected, "report_reject");
        // Accepted later, and at once.
        let accepted = receive();
        let open = json!({"open_cases": [{"category_id": CATEGORY}]});
        let opened = ask(&intake, &on(&accepted, "accept"), "report_accept", &open);
        stands(&accepted, "report_accept");
        let mut at_once = new.clone();
        at_once["open_case"] = json!({"category_id": CATEGORY});
        let made = ask(&intake, "/api/v1/reports", "report_accept", &at_once);
        stands(made["report"]["id"].as_str().unwrap(), "report_accept");
        let mut lone = new.clone();
        lone["form"] = json!({"report_accept": "是"});
        let refused = town.post(&intake, "/api/v1/reports", &lone);
        assert_eq!(
            refused.body["fields"][0]["field"], "form",
            "{}",
            refused.body
        );
        // Its case ends, and its reporter is called back.
        let case_id = base::Id(opened["opened"][0]["id"].as_str().unwrap().parse().unwrap());
        town.complete(case_id);
        let called = json!({"reached": true, "solved": true, "satisfaction": "satisfied"});
        ask(
            &intake,
            &on(&accepted, "callback"),
            "report_callback",
            &called,
        );
        stands(&accepted, "report_callback");
        // Found and put right at once: on the case.
        let found = json!({"title": "小广告", "place": place, "category_id": CATEGORY, "rule_row_id": RULE,
            "result": "已当场清除"});
        let path = "/api/v1/cases/self-handle";
        let handled = ask(&centre("inspector"), path, "case_self_handle", &found);
        let id = base::Id(handled["id"].as_str().unwrap().parse().unwrap());
        let kinds = town.kinds(id);
        assert!(kinds.iter().any(|kind| kind == "form_filled"), "{kinds:?}");
        town.verify();
    });
}
