//! Processes as data: saved and checked through the API, and run end to end with the stages they leave out.

use crate::town::*;
use base::Id;
use casework::input::processes::ProcessRequest;
use casework::input::routing::RouteRequest;
use casework::input::*;
use casework::lifecycle::Fact;
use casework::model::{CaseStage, Level, ReportStage};
use casework::routing::RouteKind;
use casework::view::CaseStateView;
use casework::{Call, CaseworkError};
use serde_json::{Value, json};
use store::testing::TestStore;

fn admin() -> Call {
    call(&person(CENTRE, "system_admin", None))
}

fn save(town: &Town, document: &Value) -> Result<String, CaseworkError> {
    let request = ProcessRequest {
        document: document.clone(),
    };
    let saved = wait(town.casework.process_save(&admin(), request))?;
    Ok(format!("{} {}", saved.head.code, saved.head.version))
}

fn faults(town: &Town, document: &Value) -> Vec<String> {
    let request = ProcessRequest {
        document: document.clone(),
    };
    let checked = town.casework.process_check(&request).unwrap();
    checked
        .faults
        .into_iter()
        .map(|fault| fault.place)
        .collect()
}

/// Leaves out 立案: accepted, given out, handled, inspected, closed.
fn fifth() -> Value {
    json!({
        "code": "supervision", "version": 1, "name": "督查任务",
        "sources": ["leader", "upper_platform"],
        "category_required": false, "place_required": false,
        "record_delay_minutes_max": 60, "late_mark_minutes": 5,
        "stages": {
            "accepted": {"name": "待交办", "limit_minutes": {"normal": 60, "urgent": 30, "critical": 10}},
            "handling": {"name": "办理中"},
            "inspecting": {"name": "待复核", "limit_minutes": {"normal": 240, "urgent": 60, "critical": 60}},
            "closing": {"name": "待销号", "limit_minutes": {"normal": 60, "urgent": 30, "critical": 30}},
            "closed": {"name": "已销号"}
        },
        "handling": {"response_minutes": {"normal": 60, "urgent": 15, "critical": 15}, "default_limit": "3工作日"},
        "closing": {"cites_rule_row": false},
        "actions": {
            "report_accept": {"name": "登记", "roles": ["shift_leader"]},
            "case_dispatch": {"name": "交办", "roles": ["dispatcher"]},
            "task_accept": {"name": "签收", "roles": ["handler"]},
            "task_finish": {"name": "反馈", "roles": ["handler"]},
            "case_inspect_result": {"name": "复核", "roles": ["inspector"]},
            "case_close": {"name": "销号", "roles": ["shift_leader"]}
        }
    })
}

fn begin(
    town: &Town,
    role: &str,
    source: &str,
    open: CaseOpenRequest,
) -> Result<CaseStateView, CaseworkError> {
    let request = ReportCreateRequest {
        source: source.to_owned(),
        open_case: Some(open),
        ..report_request()
    };
    let made = wait(town.casework.report_create(&call(&centre(role)), request))?;
    Ok(made.case.unwrap())
}

fn kinds(store: &TestStore, case_id: Id) -> Vec<String> {
    let facts = facts(store, case_id);
    facts.iter().map(|fact| fact.kind().to_owned()).collect()
}

fn close_without_rule(town: &Town, case_id: Id) -> CaseStateView {
    let by = call(&centre("shift_leader"));
    wait(
        town.casework
            .case_close(&by, case_id, CaseCloseRequest::default()),
    )
    .unwrap()
}

fn route_everything_to(town: &Town, organisation_id: Id) {
    let row = RouteRequest {
        kind: RouteKind::Route,
        category_id: None,
        area_code: None,
        hours: None,
        unit_name: None,
        organisation_id,
    };
    wait(town.casework.route_create(&admin(), row)).unwrap();
}

#[test]
fn a_fifth_process_made_through_the_api_leaves_out_filing_and_runs_to_its_end() {
    each_town(|town, store| {
        wait(town.casework.recall()).unwrap();
        assert_eq!(faults(town, &fifth()), [""; 0]);
        assert_eq!(save(town, &fifth()).unwrap(), "supervision 1");
        let open = CaseOpenRequest {
            process: Some("supervision".to_owned()),
            ..CaseOpenRequest::default()
        };
        let case = begin(town, "shift_leader", "leader", open).unwrap();
        let file = CaseFileRequest { rule_row_id: None };
        let filed = wait(
            town.casework
                .case_file(&call(&centre("shift_leader")), case.id, file),
        );
        assert!(
            matches!(filed, Err(CaseworkError::CaseRefused { refusal, .. }) if refusal.code() == "role_may_not")
        );

        let state = town.dispatch(case.id);
        assert_eq!(state.stage, CaseStage::Handling);
        let (lead, co) = (state.tasks[0].id, state.tasks[1].id);
        town.accept(ROADS, lead);
        town.accept(WATER, co);
        town.finish(WATER, co);
        assert_eq!(town.finish(ROADS, lead).stage, CaseStage::Inspecting);
        assert_eq!(town.inspect(case.id, vec![]).stage, CaseStage::Closing);
        assert_eq!(close_without_rule(town, case.id).stage, CaseStage::Closed);
        assert_eq!(
            kinds(store, case.id),
            [
                "case_accepted",
                "case_dispatched",
                "task_accepted",
                "task_accepted",
                "task_finished",
                "task_finished",
                "case_handled",
                "case_inspected",
                "case_closed"
            ]
        );
        town.verify();
    });
}

#[test]
fn a_case_keeps_the_version_it_began_with_and_other_nodes_learn_of_new_ones() {
    each_town(|town, store| {
        wait(town.casework.recall()).unwrap();
        let other = casework(&store.store);
        wait(other.recall()).unwrap();
        save(town, &fifth()).unwrap();
        let open = || CaseOpenRequest {
            process: Some("supervision".to_owned()),
            ..CaseOpenRequest::default()
        };
        let old = begin(town, "shift_leader", "leader", open()).unwrap();
        let mut second = fifth();
        second["version"] = json!(2);
        second["actions"]["case_dispatch"]["roles"] = json!(["dispatcher", "shift_leader"]);
        assert_eq!(save(town, &second).unwrap(), "supervision 2");
        let new = begin(town, "shift_leader", "leader", open()).unwrap();
        let view = |id| wait(town.casework.case_view(&centre("shift_leader"), id)).unwrap();
        assert_eq!(view(old.id).process, "supervision 1");
        assert_eq!(view(new.id).process, "supervision 2");
        // Only the second version lets a shift leader dispatch.
        let leader = call(&centre("shift_leader"));
        let dispatch = || CaseDispatchRequest {
            lead_organisation_id: ROADS,
            co_organisation_ids: Vec::new(),
        };
        let refused = wait(town.casework.case_dispatch(&leader, old.id, dispatch())).unwrap_err();
        assert_eq!(base::Problem::from(refused).code, "role_may_not");
        wait(town.casework.case_dispatch(&leader, new.id, dispatch())).unwrap();
        town.dispatch(old.id);

        let unknown = wait(other.process_view("supervision".to_owned(), Some(2)));
        assert!(matches!(unknown, Err(CaseworkError::NotFound("process"))));
        wait(other.follow("{\"part\":\"processes\"}")).unwrap();
        let known = wait(other.process_view("supervision".to_owned(), None)).unwrap();
        assert_eq!(known.versions, [1, 2]);
        assert_eq!(known.document, second);
        // A third node that starts now knows every version.
        let third = casework(&store.store);
        wait(third.recall()).unwrap();
        let listed = wait(third.process_list()).unwrap();
        let codes: Vec<_> = listed.iter().map(|each| each.code.as_str()).collect();
        assert_eq!(
            codes,
            [
                "city-management",
                "hotline",
                "sensor",
                "quick",
                "supervision"
            ]
        );
        let built_in = listed.iter().filter(|each| each.is_built_in).count();
        assert_eq!(built_in, 4);
    });
}

#[test]
fn a_document_with_faults_is_not_saved_and_every_fault_has_its_place() {
    each_town(|town, _| {
        wait(town.casework.recall()).unwrap();
        let with = |change: fn(&mut Value)| {
            let mut document = fifth();
            change(&mut document);
            document
        };
        for (document, places) in [
            (json!("text"), vec!["document"]),
            (json!({}), vec!["document"]),
            (
                with(|d| d["stages"]["handled"] = json!({"name": "x"})),
                vec!["stages.handled"],
            ),
            (
                with(|d| d["actions"]["case_close"]["roles"] = json!(["king"])),
                vec!["actions.case_close.roles"],
            ),
            (
                with(|d| d["actions"]["case_close"]["roles"] = json!(["handler"])),
                vec!["actions.case_close.roles"],
            ),
            (
                with(|d| d["actions"]["case_close"]["roles"] = json!([])),
                vec!["actions.case_close.roles"],
            ),
            (
                with(|d| d["actions"]["case_close"]["condition"] = json!("case.level")),
                vec!["actions.case_close.condition"],
            ),
            (
                with(|d| {
                    let field = json!({"key": "Depth", "label": "深", "kind": "number"});
                    d["actions"]["task_finish"]["form"] = json!([field]);
                }),
                vec!["actions.task_finish.form[0].key"],
            ),
            (
                with(|d| {
                    d["dispatch"] = json!({"at_once": true});
                    d["actions"]
                        .as_object_mut()
                        .unwrap()
                        .remove("case_dispatch");
                }),
                vec!["dispatch.at_once"],
            ),
            (
                with(|d| d["handling"]["default_limit"] = json!("soon")),
                vec!["handling.default_limit"],
            ),
            (
                with(|d| d["late_mark_minutes"] = json!("5")),
                vec!["late_mark_minutes"],
            ),
            (
                with(|d| d["default_sources"] = json!(["leader"])),
                vec!["default_sources"],
            ),
            (
                with(|d| {
                    d["actions"]
                        .as_object_mut()
                        .unwrap()
                        .remove("case_dispatch");
                }),
                vec![
                    "stages.accepted",
                    "stages.handling",
                    "stages.inspecting",
                    "stages.closing",
                    "stages.closed",
                ],
            ),
        ] {
            assert_eq!(faults(town, &document), places, "{document}");
            match save(town, &document) {
                Err(CaseworkError::Invalid(fields)) => assert_eq!(fields.len(), places.len()),
                other => panic!("{other:?}"),
            }
        }
        for version in [0, 2] {
            let mut document = fifth();
            document["version"] = json!(version);
            assert!(matches!(
                save(town, &document),
                Err(CaseworkError::Invalid(_))
            ));
        }
        let clerk = call(&centre("shift_leader"));
        let request = ProcessRequest { document: fifth() };
        let denied = wait(town.casework.process_save(&clerk, request));
        assert!(matches!(denied, Err(CaseworkError::Denied(_))));
        let listed = wait(town.casework.process_list()).unwrap();
        assert_eq!(listed.len(), 4);
    });
}

#[test]
fn a_warning_is_filed_and_given_out_as_it_is_accepted_and_closed_as_it_is_inspected() {
    each_town(|town, store| {
        route_everything_to(town, ROADS);
        let open = CaseOpenRequest {
            process: Some("sensor".to_owned()),
            category_id: Some(FREE_CATEGORY),
            ..CaseOpenRequest::default()
        };
        let case = begin(town, "intake_clerk", "sensor", open).unwrap();
        assert_eq!(case.stage, CaseStage::Handling);
        let lead = case.tasks[0].id;
        // The clocks of a task given out by itself run like any other's.
        town.clock.advance_seconds(31 * 60);
        assert_eq!(town.fire(), 1);
        town.accept(ROADS, lead);
        assert_eq!(town.finish(ROADS, lead).stage, CaseStage::Inspecting);
        assert_eq!(town.inspect(case.id, vec![]).stage, CaseStage::Closed);
        assert_eq!(
            kinds(store, case.id),
            [
                "case_accepted",
                "case_filed",
                "case_dispatched",
                "task_overdue",
                "clock_escalated",
                "task_accepted",
                "task_finished",
                "case_handled",
                "case_inspected",
                "case_closed"
            ]
        );
        town.verify();
    });
}

#[test]
fn a_small_matter_is_done_when_its_handler_says_so_for_the_reason_its_process_states() {
    each_town(|town, store| {
        route_everything_to(town, WATER);
        let open = || CaseOpenRequest {
            process: Some("quick".to_owned()),
            ..CaseOpenRequest::default()
        };
        let case = begin(town, "intake_clerk", "hotline", open()).unwrap();
        let task = case.tasks[0].id;
        town.accept(WATER, task);
        assert_eq!(town.finish(WATER, task).stage, CaseStage::Closed);
        let kinds = kinds(store, case.id);
        assert_eq!(
            kinds[kinds.len() - 3..],
            ["task_finished", "inspection_left_out", "case_closed"]
        );
        let view = wait(town.casework.case_view(&centre("shift_leader"), case.id)).unwrap();
        let left_out = view
            .timeline
            .iter()
            .find(|entry| entry.kind == "inspection_left_out");
        let document = include_str!("../../processes/quick.toml");
        let reason = fact(left_out.unwrap())["reason"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(
            document.contains(&format!("left_out_reason = \"{reason}\"")),
            "{reason}"
        );
        let reports = wait(town.casework.case_view(&centre("shift_leader"), case.id))
            .unwrap()
            .report_ids;
        let report = wait(
            town.casework
                .report_view(&centre("intake_clerk"), reports[0]),
        )
        .unwrap();
        assert_eq!(report.head.stage, ReportStage::Settled);
        town.verify();
    });
}

#[test]
fn what_is_filed_as_it_is_accepted_cites_a_rule_row_and_waits_where_routing_knows_nobody() {
    each_town(|town, _| {
        let open = |rule_row_id, process: &str| CaseOpenRequest {
            process: Some(process.to_owned()),
            category_id: Some(CATEGORY),
            rule_row_id,
            ..CaseOpenRequest::default()
        };
        let case = begin(town, "intake_clerk", "sensor", open(None, "sensor")).unwrap();
        assert_eq!(case.stage, CaseStage::Filed);
        let view = wait(town.casework.case_view(&centre("shift_leader"), case.id)).unwrap();
        assert_eq!(view.rule.unwrap().id, RULE);
        for (open, source) in [
            (open(Some(Id(9)), "sensor"), "sensor"),
            (open(Some(RULE), "quick"), "hotline"),
            (open(None, "slow"), "hotline"),
        ] {
            let refused = begin(town, "intake_clerk", source, open);
            assert!(matches!(refused, Err(CaseworkError::Invalid(fields)) if fields.len() == 1));
        }
        let refused = begin(town, "intake_clerk", "leader", open(None, "sensor"));
        assert!(
            matches!(refused, Err(CaseworkError::ReportRefused { refusal, .. }) if refusal.code() == "source_not_served")
        );
        town.verify();
    });
}

/// Given out by itself when it is urgent, and filed by itself when it has an area; else somebody does it.
#[test]
fn a_step_with_a_condition_or_a_form_is_taken_by_itself_only_as_the_process_asks() {
    each_town(|town, store| {
        wait(town.casework.recall()).unwrap();
        route_everything_to(town, ROADS);
        let mut document = wait(town.casework.process_view("sensor".to_owned(), None))
            .unwrap()
            .document;
        document["version"] = json!(2);
        document["actions"]["case_file"]["condition"] = json!("case.has_place");
        document["actions"]["case_dispatch"]["condition"] = json!("case.level != 'normal'");
        assert_eq!(save(town, &document).unwrap(), "sensor 2");
        let open = |level| CaseOpenRequest {
            process: Some("sensor".to_owned()),
            category_id: Some(FREE_CATEGORY),
            level: Some(level),
            ..CaseOpenRequest::default()
        };
        let urgent = begin(town, "intake_clerk", "sensor", open(Level::Urgent)).unwrap();
        assert_eq!(urgent.stage, CaseStage::Handling);
        assert_eq!(
            kinds(store, urgent.id),
            [
                "case_accepted",
                "condition_met",
                "case_filed",
                "condition_met",
                "case_dispatched"
            ]
        );
        let normal = begin(town, "intake_clerk", "sensor", open(Level::Normal)).unwrap();
        assert_eq!(normal.stage, CaseStage::Filed);

        document["version"] = json!(3);
        document["actions"]["case_file"]["form"] =
            json!([{"key": "seen", "label": "已核实", "kind": "bool", "required": true}]);
        assert_eq!(save(town, &document).unwrap(), "sensor 3");
        let asked = begin(town, "intake_clerk", "sensor", open(Level::Urgent)).unwrap();
        assert_eq!(asked.stage, CaseStage::Accepted);
        let mut filled = serde_json::Map::new();
        filled.insert("seen".to_owned(), json!(true));
        let by = call(&centre("shift_leader")).with_form(Some(filled));
        let file = CaseFileRequest { rule_row_id: None };
        let filed = wait(town.casework.case_file(&by, asked.id, file)).unwrap();
        assert_eq!(filed.stage, CaseStage::Handling);
        assert_eq!(
            kinds(store, asked.id),
            [
                "case_accepted",
                "form_filled",
                "condition_met",
                "case_filed",
                "condition_met",
                "case_dispatched"
            ]
        );
        town.verify();
    });
}
