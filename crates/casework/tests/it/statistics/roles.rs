//! What each person is judged by (岗位评价): a day of several persons, worked out by hand for each of them in each role.

use super::*;

const SINCE: &str = "from=2026-11-20T00:00:00%2B08:00";

/// The process of the classic loop, whose inspections are in the field and whose reporters are called back.
fn in_the_field() -> String {
    let built_in = include_str!("../../../processes/city-management.toml");
    let document = built_in.replace("mode = \"desk\"", "mode = \"field\"");
    assert_ne!(document, built_in);
    format!("{document}{CALLBACK}")
}

/// Somebody of a department who has the whole district, as those of the centre have.
fn seconded(organisation_id: Id, role: &str) -> Arc<Principal> {
    person(organisation_id, role, Some(district()))
}

fn case(id: &str, step: &str) -> String {
    format!("/api/v1/cases/{id}/{step}")
}

fn work(id: &str, step: &str) -> String {
    format!("/api/v1/tasks/{id}/{step}")
}

fn report(created: &Value, step: &str) -> String {
    format!("/api/v1/reports/{}/{step}", report_of(created))
}

/// The last task of a kind.
fn newest(state: &Value, kind: &str) -> String {
    let tasks = state["tasks"].as_array().unwrap();
    let last = tasks.iter().rfind(|task| task["kind"] == kind).unwrap();
    last["id"].as_str().unwrap().to_owned()
}

/// What each person is judged by in a role: the lines of its evaluation, without the role in the key.
fn of_role(town: &Town, role: &str) -> BTreeMap<Id, BTreeMap<String, i64>> {
    let query = format!("{SINCE}&group=person&role={role}");
    let answer = lines(&town.numbers(&centre("leader"), &query));
    let prefix = format!("{role}/");
    answer
        .into_iter()
        .filter_map(|(key, line)| Some((key.strip_prefix(&prefix)?.parse().unwrap(), line)))
        .collect()
}

fn expected<const N: usize>(measures: [(&str, i64); N]) -> BTreeMap<String, i64> {
    measures
        .map(|(code, count)| (code.to_owned(), count))
        .into()
}

/// Nine to three. Of the desks: Lin takes the reports in and accepts two, Wang (seconded by the water department) decides on three;
/// An leads the shift, Bai (of the roads department) does, too. Two of three cases are closed, one is cancelled; a fourth is handled
/// by who found it. Limits: acceptance 30 min, filing with dispatch 30 min, verification 2 h, response 60 min, handling 2 h,
/// inspection 2 h, closing 1 h.
fn day_of_persons(town: &Town) {
    let (lin, wang) = (centre("intake_clerk"), seconded(WATER, "intake_clerk"));
    let (an, bai) = (centre("shift_leader"), seconded(ROADS, "shift_leader"));
    let dispatcher = centre("dispatcher");
    let (inspector, other) = (centre("inspector"), seconded(ROADS, "inspector"));
    let (nothing, cite) = (json!({}), json!({"rule_row_id": RULE}));
    let done = json!({"result": "好了"});
    let to_roads = json!({"lead_organisation_id": ROADS, "co_organisation_ids": []});
    let by_roads = json!({"organisation_id": ROADS});

    // 09:00
    let created = [(); 2].map(|()| town.receive_as(&new_case("hotline", 121.1)));
    let [first, second] = [&created[0], &created[1]].map(case_of);
    let [asked, silly, false_alarm] = [(); 3].map(|()| town.receive_as(&new_report()));
    town.minutes(10); // 09:10
    town.done(&wang, &report(&asked, "answer"), &json!({"answer": "九点"}));
    let open = json!({"open_cases": [{"category_id": CATEGORY}], "join_case_ids": []});
    let accepted = town.done(&wang, &report(&false_alarm, "accept"), &open);
    let third = accepted["opened"][0]["id"].as_str().unwrap().to_owned();
    for (by, id) in [(&wang, &third), (&lin, &first)] {
        let state = town.done(by, &case(id, "verify"), &by_roads);
        town.done(&other, &work(&newest(&state, "verify"), "accept"), &nothing);
    }
    town.minutes(10); // 09:20
    let looks_true = json!({"is_true": true, "opinion": "属实"});
    town.done(&other, &case(&first, "verify-result"), &looks_true);
    town.done(&an, &case(&first, "file"), &cite);
    town.done(&an, &case(&second, "file"), &cite);
    town.minutes(5); // 09:25
    let unclear = json!({"reason": "地点不清"});
    town.done(&bai, &case(&second, "send-back"), &unclear);
    let state = town.done(&dispatcher, &case(&first, "dispatch"), &to_roads);
    let first_task = newest(&state, "handle");
    town.minutes(15); // 09:40, beyond 09:30
    let reject = json!({"reason": "out_of_scope", "answer": "请找邻市"});
    town.done(&wang, &report(&silly, "reject"), &reject);
    town.minutes(20); // 10:00, beyond 09:55 for filing and dispatch
    town.done(&an, &case(&second, "file"), &cite);
    let state = town.done(&dispatcher, &case(&second, "dispatch"), &to_roads);
    let returned = newest(&state, "handle");
    town.minutes(5); // 10:05
    town.done(&clerk(ROADS), &work(&first_task, "accept"), &nothing);
    let not_ours = json!({"reason": "不归我们管"});
    town.done(&clerk(ROADS), &work(&returned, "return"), &not_ours);
    town.minutes(5); // 10:10
    let to_water = json!({"organisation_id": WATER});
    let state = town.done(&dispatcher, &work(&returned, "reroute"), &to_water);
    let second_task = newest(&state, "handle");
    town.done(&dispatcher, &case(&second, "urge"), &json!({}));
    let soon = town.casework.store().clock().now().plus_seconds(3_600);
    let demand = json!({"demand": "今天办结", "due_at": soon});
    town.done(&an, &case(&second, "supervise"), &demand);
    town.minutes(5); // 10:15
    let handler = person(ROADS, "handler", None);
    let state = town.done(&handler, &work(&first_task, "finish"), &done);
    let inspection = newest(&state, "inspect");
    let to_inspector = json!({"staff_id": inspector.staff_id});
    town.done(&an, &work(&inspection, "assign"), &to_inspector);
    // Given to the same once more: it was given out before.
    town.done(&an, &work(&inspection, "assign"), &to_inspector);
    town.done(&inspector, &work(&inspection, "accept"), &nothing);
    town.minutes(65); // 11:20, beyond 11:10 for the verification, the response and the reply
    let untrue = json!({"is_true": false, "opinion": "没有此事"});
    town.done(&other, &case(&third, "verify-result"), &untrue);
    let no_such = json!({"reason": "查无此事"});
    town.done(&bai, &case(&third, "cancel"), &no_such);
    town.done(&clerk(WATER), &work(&second_task, "accept"), &nothing);
    let reply = json!({"reply": "在办"});
    town.done(&clerk(WATER), &case(&second, "supervision/reply"), &reply);
    let passed = json!({"passed": true});
    town.done(&inspector, &case(&first, "inspect-result"), &passed);
    town.minutes(70); // 12:30, beyond 12:20 for closing, beyond 12:10 for handling
    town.done(&an, &case(&first, "close"), &cite);
    let state = town.done(&clerk(WATER), &work(&second_task, "finish"), &done);
    let of_second = newest(&state, "inspect");
    // The reporter says that it is not solved: roads do it again.
    let again = json!({"reached": true, "solved": false, "satisfaction": "dissatisfied",
        "redo": {"reopen_case_id": first}});
    town.done(&lin, &report(&created[0], "callback"), &again);
    town.minutes(20); // 12:50
    let state = town.done(&handler, &work(&first_task, "finish"), &done);
    for id in [&newest(&state, "inspect"), &of_second] {
        town.done(&inspector, &work(id, "accept"), &nothing);
    }
    let found = json!({"title": "小广告", "place": {"lon": 121.1, "lat": 31.1}, "category_id": CATEGORY,
        "rule_row_id": RULE, "result": "已当场清除"});
    town.done(&other, "/api/v1/cases/self-handle", &found);
    town.minutes(10); // 13:00
    town.done(&inspector, &case(&first, "inspect-result"), &passed);
    town.done(&an, &case(&first, "close"), &cite);
    town.minutes(110); // 14:50, beyond 14:30
    town.done(&inspector, &case(&second, "inspect-result"), &passed);
    town.minutes(5); // 14:55
    town.done(&an, &case(&second, "close"), &cite);
    town.minutes(5 * 60); // 19:55: all that was asked for is due by now, but for the callbacks of Monday.
}

#[test]
fn a_day_of_persons_worked_out_by_hand_judges_each_by_what_he_did() {
    each_town_with(&[&in_the_field()], |town, _| {
        day_of_persons(town);
        let id = |who: &Arc<Principal>| who.staff_id;
        let lin = expected([
            // Lin took in all five.
            ("reports", 5),
            // What Lin decided on herself, both at once; the second came back from filing.
            ("accept_due", 2),
            ("accept_done", 2),
            ("accept_on_time", 2),
            ("accept_accurate", 1),
            ("accept_wrong", 1),
            ("accept_sent_back", 1),
            ("verify_sent", 1),
        ]);
        let wang = expected([
            // Answered at 09:10, accepted at 09:10 and cancelled later, rejected at 09:40 with 09:30 as the limit.
            ("accept_due", 3),
            ("accept_done", 3),
            ("accept_on_time", 2),
            ("accept_late", 1),
            ("accept_accurate", 2),
            ("accept_wrong", 1),
            ("accept_answered", 1),
            ("accept_rejected", 1),
            ("verify_sent", 1),
        ]);
        let clerks = [
            (id(&centre("intake_clerk")), lin),
            (id(&seconded(WATER, "intake_clerk")), wang),
        ];
        assert_eq!(of_role(town, "intake_clerk"), clerks.into());

        let an = expected([
            // First and second at 09:20, the second again at 10:00 with 09:55 as the limit.
            ("file_due", 3),
            ("file_done", 3),
            ("file_on_time", 2),
            ("file_late", 1),
            ("file_accurate", 2),
            // First at 12:30 with 12:20 as the limit, again at 13:00, second at 14:55.
            ("archive_due", 3),
            ("archive_done", 3),
            ("archive_on_time", 2),
            ("archive_late", 1),
            // Of three inspections one was given out, twice to the same.
            ("inspect_sent", 1),
            ("demands", 1),
        ]);
        let bai = expected([("transfers", 1), ("cancels", 1)]);
        let leaders = [
            (id(&centre("shift_leader")), an),
            (id(&seconded(ROADS, "shift_leader")), bai),
        ];
        assert_eq!(of_role(town, "shift_leader"), leaders.into());

        let dispatcher = expected([
            // First at 09:25; second at 10:00 with 09:55 as the limit, which came back, and at 10:10.
            ("dispatch_due", 3),
            ("dispatch_done", 3),
            ("dispatch_on_time", 2),
            ("dispatch_late", 1),
            ("dispatch_accurate", 2),
            ("dispatch_wrong", 1),
            ("urges", 1),
        ]);
        let dispatchers = [(id(&centre("dispatcher")), dispatcher)];
        assert_eq!(of_role(town, "dispatcher"), dispatchers.into());

        let inspector = expected([
            // First at 11:20, which was not solved, and again at 13:00; second at 14:50 with 14:30 as the limit.
            ("inspect_due", 3),
            ("inspect_done", 3),
            ("inspect_on_time", 2),
            ("inspect_late", 1),
            ("inspect_overturned", 1),
        ]);
        let other = expected([
            ("reports", 1),
            ("reports_valid", 1),
            ("cases_self_handled", 1),
            // First at 09:20, third at 11:20 with 11:10 as the limit.
            ("verify_due", 2),
            ("verify_done", 2),
            ("verify_on_time", 1),
            ("verify_late", 1),
        ]);
        let inspectors = [
            (id(&centre("inspector")), inspector),
            (id(&seconded(ROADS, "inspector")), other),
        ];
        assert_eq!(of_role(town, "inspector"), inspectors.into());

        // Roads answered the first and gave the second back; its handler finished the first. Water answered at 11:20 with 11:10 as
        // the limit, replied then with the same limit, and finished at 12:30 with 12:10 as the limit.
        let roads = expected([
            ("respond_due", 1),
            ("respond_done", 1),
            ("respond_on_time", 1),
        ]);
        let water = expected([
            ("respond_due", 1),
            ("respond_done", 1),
            ("respond_late", 1),
            ("handle_due", 1),
            ("handle_done", 1),
            ("handle_late", 1),
            ("supervise_due", 1),
            ("supervise_done", 1),
            ("supervise_late", 1),
        ]);
        let clerks = [(id(&clerk(ROADS)), roads), (id(&clerk(WATER)), water)];
        assert_eq!(of_role(town, "department_clerk"), clerks.into());
        let handler = expected([("handle_due", 1), ("handle_done", 1), ("handle_on_time", 1)]);
        let handlers = [(id(&person(ROADS, "handler", None)), handler)];
        assert_eq!(of_role(town, "handler"), handlers.into());
        town.verify();
    });
}

#[test]
fn what_was_decided_is_whose_who_decided_and_opens_as_much_as_it_says() {
    each_town_with(&[&in_the_field()], |town, _| {
        day_of_persons(town);
        // Two days later the day is read from the sums of days.
        for minutes in [0, 2 * 24 * 60] {
            town.minutes(minutes);
            let query = format!("{SINCE}&group=organisation");
            let of = lines(&town.numbers(&centre("leader"), &query));
            let line = |id: Id, code: &str| of[&id.to_string()].get(code).copied().unwrap_or(0);
            let each = |code: &str| [CENTRE, ROADS, WATER].map(|id| line(id, code));
            assert_eq!(each("accept_answered"), [0, 0, 1]);
            assert_eq!(each("accept_rejected"), [0, 0, 1]);
            // Water accepted the case that roads' shift leader cancelled.
            assert_eq!(each("cases_cancelled"), [0, 0, 1]);
            assert_eq!(each("cancels"), [0, 1, 0]);
            // The case that was sent back, and the one that was re-routed.
            assert_eq!(each("transfers"), [1, 1, 0]);
            for (role, _) in casework::statistics::measures::OF_ROLES {
                let query = format!("{SINCE}&group=person&role={role}");
                let of_role = lines(&town.numbers(&centre("leader"), &query));
                for (key, line) in &of_role {
                    for (measure, count) in line {
                        let found = behind(town, &centre("leader"), &query, measure, key);
                        assert_eq!(found, *count, "{measure} of {key}");
                    }
                }
            }
        }
    });
}

#[test]
fn whoever_gives_a_case_to_another_lead_has_passed_it_on() {
    each_town(|town, _| {
        let (leader, dispatcher) = (centre("shift_leader"), centre("dispatcher"));
        let id = case_of(&town.receive_as(&new_case("hotline", 121.1)));
        let cite = json!({"rule_row_id": RULE});
        town.done(&leader, &case(&id, "file"), &cite);
        let to = |lead: Id| json!({"lead_organisation_id": lead, "co_organisation_ids": []});
        let back = json!({"reason": "不归我们管"});
        // A dispatch that is taken back was none; the first one passes nothing on.
        town.done(&dispatcher, &case(&id, "dispatch"), &to(WATER));
        let undo = json!({"reason": "点错了"});
        town.done(&dispatcher, &case(&id, "recall"), &undo);
        let mut state = town.done(&dispatcher, &case(&id, "dispatch"), &to(ROADS));
        let transfers = |role: &str| {
            let query = format!("{SINCE}&role={role}");
            behind(town, &centre("leader"), &query, "transfers", "")
        };
        town.minutes(1);
        town.count();
        assert_eq!(transfers("dispatcher"), 0);
        // Dispatched again after a return, then ruled after another.
        for lead in [ROADS, WATER] {
            let path = work(&newest(&state, "handle"), "return");
            town.done(&clerk(lead), &path, &back);
            if lead == ROADS {
                state = town.done(&dispatcher, &case(&id, "dispatch"), &to(WATER));
            }
        }
        let ruled = json!({"organisation_id": ROADS, "reason": "三定方案"});
        town.done(&leader, &case(&id, "rule"), &ruled);
        town.minutes(1);
        town.count();
        assert_eq!((transfers("dispatcher"), transfers("shift_leader")), (1, 1));
        town.verify();
    });
}

#[test]
fn a_case_opened_again_overturns_the_inspection_that_passed_it() {
    each_town(|town, _| {
        let id = town.create().case.unwrap().id;
        town.complete(id);
        let reopen = json!({"reason": "又坏了"});
        let overturned = || {
            town.count();
            behind(town, &centre("leader"), SINCE, "inspect_overturned", "")
        };
        town.minutes(3 * 60);
        assert_eq!(overturned(), 0);
        let path = case(&id.to_string(), "reopen");
        town.done(&centre("shift_leader"), &path, &reopen);
        assert_eq!(overturned(), 1);
        town.verify();
    });
}

#[test]
fn no_acceptance_is_wrong_for_what_its_reporter_took_back() {
    each_town(|town, _| {
        let created = [(); 2].map(|()| town.receive_as(&new_case("hotline", 121.1)));
        let withdraw = json!({"by_reporter": true, "reason": "看错了"});
        let lin = centre("intake_clerk");
        town.done(&lin, &report(&created[0], "withdraw"), &withdraw);
        for each in &created {
            let path = case(&case_of(each), "cancel");
            let reason = json!({"reason": "查无此事"});
            town.done(&centre("shift_leader"), &path, &reason);
        }
        town.minutes(60);
        let found = of_role(town, "intake_clerk");
        let of_lin = &found[&lin.staff_id];
        assert_eq!((of_lin["accept_accurate"], of_lin["accept_wrong"]), (1, 1));
        town.verify();
    });
}

#[test]
fn a_call_stays_with_who_called_when_another_follows() {
    each_town_with(&[&in_the_field()], |town, _| {
        day_of_persons(town);
        // Beyond the working day of every callback.
        town.minutes(4 * 24 * 60);
        let found = of_role(town, "intake_clerk");
        let of_lin = &found[&centre("intake_clerk").staff_id];
        let codes = ["callback_due", "callback_done", "callback_on_time"];
        assert_eq!(codes.map(|code| of_lin[code]), [1, 1, 1]);
        // The first reporter has to be called again, the others whose case was closed or cancelled for the first time.
        let all = measures(&town.numbers(&centre("leader"), SINCE)["total"]);
        assert_eq!(codes.map(|code| all[code]), [4, 1, 1]);
        town.verify();
    });
}
