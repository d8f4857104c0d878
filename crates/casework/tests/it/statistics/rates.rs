//! The rates that the day of the other tests leaves at nothing: verification, extension, supervision, callback.

use super::*;

#[test]
fn the_rates_of_verification_extension_supervision_and_callback_worked_out_by_hand() {
    let built_in = include_str!("../../../processes/city-management.toml");
    let document = format!("{built_in}{CALLBACK}");
    each_town_with(&[&document], |town, _| {
        let (leader, dispatcher) = (centre("shift_leader"), centre("dispatcher"));
        let case = |id: &str, step: &str| format!("/api/v1/cases/{id}/{step}");
        let work = |id: &str, step: &str| format!("/api/v1/tasks/{id}/{step}");
        let cite = json!({"rule_row_id": RULE});
        let created = [(); 2].map(|()| town.receive_as(&new_case("hotline", 121.1)));
        let [first, second] = [&created[0], &created[1]].map(case_of);
        // One verification within its two hours, one after three.
        let roads = person(ROADS, "inspector", Some(district()));
        let verify = json!({"organisation_id": ROADS});
        let looks_true = json!({"is_true": true, "opinion": "属实"});
        for id in [&first, &second] {
            let state = town.done(&leader, &case(id, "verify"), &verify);
            town.done(&roads, &work(&task(&state, 0), "accept"), &json!({}));
        }
        town.minutes(30);
        town.done(&roads, &case(&first, "verify-result"), &looks_true);
        town.minutes(150);
        town.done(&roads, &case(&second, "verify-result"), &looks_true);
        // Two tasks: one extended, and answered to a supervision in time; one answered to another too late.
        for (n, id) in [&first, &second].into_iter().enumerate() {
            town.done(&leader, &case(id, "file"), &cite);
            let to_roads = json!({"lead_organisation_id": ROADS, "co_organisation_ids": []});
            let state = town.done(&dispatcher, &case(id, "dispatch"), &to_roads);
            let tasks = state["tasks"].as_array().unwrap();
            let lead = tasks.iter().find(|task| task["kind"] == "handle").unwrap();
            let lead = lead["id"].as_str().unwrap().to_owned();
            town.done(&clerk(ROADS), &work(&lead, "accept"), &json!({}));
            let soon = town.casework.store().clock().now().plus_seconds(3_600);
            let demand = json!({"demand": "今天办结", "due_at": soon});
            town.done(&leader, &case(id, "supervise"), &demand);
            if n == 0 {
                let ask = json!({"limit": "4工作时", "reason": "等配件"});
                town.done(&clerk(ROADS), &work(&lead, "extension"), &ask);
                town.done(
                    &dispatcher,
                    &work(&lead, "extension/decide"),
                    &json!({"approved": true}),
                );
            } else {
                town.minutes(90);
            }
            town.done(
                &clerk(ROADS),
                &case(id, "supervision/reply"),
                &json!({"reply": "在办"}),
            );
            town.done(
                &clerk(ROADS),
                &work(&lead, "finish"),
                &json!({"result": "好了"}),
            );
            town.done(
                &centre("inspector"),
                &case(id, "inspect-result"),
                &json!({"passed": true}),
            );
            town.done(&leader, &case(id, "close"), &cite);
        }
        // One reporter is reached at once: solved, fairly satisfied. The other after four days: neither.
        let intake = centre("intake_clerk");
        let call_back = |nth: usize, solved: bool, satisfaction: &str| {
            let path = format!("/api/v1/reports/{}/callback", report_of(&created[nth]));
            let said = json!({"reached": true, "solved": solved, "satisfaction": satisfaction});
            town.done(&intake, &path, &said);
        };
        call_back(0, true, "fairly_satisfied");
        town.minutes(4 * 24 * 60);
        call_back(1, false, "dissatisfied");
        town.minutes(24 * 60);
        let numbers = town.numbers(&centre("leader"), "from=2026-11-20T00:00:00%2B08:00");
        let rates = &numbers["total"]["rates"];
        for (code, part, whole) in [
            ("verification_on_time", 1, 2),
            ("extension", 1, 2),
            ("supervision_on_time", 1, 2),
            ("callback_on_time", 1, 2),
            ("resolution", 1, 2),
            ("satisfaction", 1, 2),
            ("closing_late", 0, 2),
            ("response", 2, 2),
        ] {
            let found = [&rates[code]["numerator"], &rates[code]["denominator"]];
            assert_eq!(found, [part, whole], "{code}");
        }
        town.verify();
    });
}
