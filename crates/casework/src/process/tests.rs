//! What a process document must be like, and what the built-in ones are.

use super::*;

const BUILT_IN: &str = include_str!("../../processes/city-management.toml");

fn load(text: &str) -> Result<Process, ProcessError> {
    Process::load(text, |role| role != "stranger")
}

#[track_caller]
fn refused(from: &str, to: &str, place: &str, reason: &str) {
    let text = BUILT_IN.replace(from, to);
    assert_ne!(text, BUILT_IN, "{from:?} is in the document");
    let error = load(&text).expect_err("the changed document is refused");
    assert!(
        error
            .0
            .iter()
            .any(|fault| fault.place == place && fault.reason.contains(reason)),
        "{error}"
    );
}

#[test]
fn the_built_in_process_passes_its_checks_and_binds_every_step() {
    let process = load(BUILT_IN).unwrap();
    // It calls nobody back.
    for step in steps().filter(|step| step.operation != "report_callback") {
        assert!(
            !process.roles(step.operation).is_empty(),
            "{}",
            step.operation
        );
    }
    for stage in CaseStage::ALL.iter().filter(|stage| stage.is_on_the_way()) {
        assert!(process.uses(*stage));
    }
}

#[test]
fn a_document_that_makes_no_sense_is_refused_with_the_place() {
    refused(
        "[stages.filed]",
        "[stages.field]",
        "stages.field",
        "no such stage",
    );
    refused(
        "[actions.case_file]",
        "[actions.case_flie]",
        "actions.case_flie",
        "no such action",
    );
    refused(
        "roles = [\"dispatcher\"]",
        "roles = [\"stranger\"]",
        "actions.case_dispatch.roles",
        "no role \"stranger\"",
    );
    refused(
        "roles = [\"department_clerk\", \"handler\"]",
        "roles = []",
        "actions.task_finish.roles",
        "nobody",
    );
    refused(
        "continues = \"accepted\"",
        "continues = \"nowhere\"",
        "stages.filed.continues",
        "nowhere",
    );
    refused(
        "normal = 120",
        "normal = 0",
        "stages.inspecting.limit_minutes",
        "one minute",
    );
    refused("max = 2", "max = -1", "returns.max", "from 0");
    refused(
        "then = \"inspecting\"",
        "then = \"closed\"",
        "self_handling.reason",
        "carries the reason",
    );
    refused(
        "then = \"inspecting\"",
        "then = \"inspecting\"\nreason = \"当场处置\"",
        "self_handling.reason",
        "without an inspection",
    );
    refused(
        "mode = \"desk\"",
        "mode = \"drone\"",
        "inspection.mode",
        "drone",
    );
    refused(
        "limit_minutes = { normal = 120, urgent = 60, critical = 60 }\n\n[inspection]",
        "limit_minutes = { normal = 120, urgent = 0, critical = 60 }\n\n[inspection]",
        "verification.limit_minutes",
        "one minute",
    );
    refused(
        "[actions.case_verify_result]\nname = \"核实\"\nroles = [\"inspector\"]\n",
        "",
        "actions.case_verify",
        "nothing ends it",
    );
    refused("days = 7", "days = 0", "rating.days", "one day");
    refused("[rating]\ndays = 7", "", "actions.report_rate", "[rating]");
    refused(
        "[rating]",
        "[callback]\nattempts = 0\nlimit = \"1工作日\"\nredo_max = 1\n\n[rating]",
        "callback.attempts",
        "one attempt",
    );
    refused(
        "[rating]",
        "[callback]\nattempts = 1\nlimit = \"1工作日\"\nredo_max = 1\n\n[rating]",
        "callback",
        "actions.report_callback",
    );
    refused(
        "default_limit = \"5工作日\"",
        "default_limit = \"soon\"",
        "handling.default_limit",
        "soon",
    );
    refused("version = 1", "version = 0", "version", "from 1");
    refused("version = 1", "version = 1\ncolour = 3", "colour", "colour");
}

#[test]
fn overlay_rules_that_make_no_sense_are_refused_with_the_place() {
    let reviewers = "reviewers = [\"dispatcher\", \"intake_clerk\"]";
    refused(reviewers, "reviewers = []", "appeal.reviewers", "nobody");
    refused(
        reviewers,
        "reviewers = [\"stranger\"]",
        "appeal.reviewers",
        "no role",
    );
    refused(
        "days_max = 90",
        "days_max = 99999",
        "suspension.days_max",
        "days",
    );
    refused(
        "at_percent = 75",
        "at_percent = 175",
        "escalation[1].at_percent",
        "100",
    );
    refused(
        "at_percent = 75",
        "at_percent = 75\nminutes_after = 3",
        "escalation[1]",
        "either",
    );
    refused(
        "at_percent = 75",
        "at_percent = 75\nproposes_supervision = true",
        "escalation[1].proposes_supervision",
        "itself",
    );
    refused(
        "[modes.emergency]",
        "[modes.\"E M\"]",
        "modes.E M",
        "lower-case",
    );
    refused("1工作日", "at once", "supervision.limit", "no time limit");
}

#[test]
fn tables_left_out_have_sensible_defaults_and_nothing_escalates() {
    let mut table: toml::Table = toml::from_str(BUILT_IN).unwrap();
    for name in [
        "supervision",
        "extension",
        "suspension",
        "reopening",
        "exclusion",
        "appeal",
        "modes",
        "escalation",
    ] {
        table.remove(name).unwrap();
    }
    let process = load(&toml::to_string(&table).unwrap()).unwrap();
    let built_in = load(BUILT_IN).unwrap().overlays;
    let defaults = process.overlays;
    assert_eq!(defaults.extension, built_in.extension);
    assert_eq!(defaults.appeal, built_in.appeal);
    assert!(defaults.exclusion.approval);
    assert!(defaults.escalation.is_empty() && defaults.modes.is_empty());
}

#[test]
fn a_stage_nobody_can_reach_or_leave_is_refused() {
    let without = |operation: &str| {
        let mut table: toml::Table = toml::from_str(BUILT_IN).unwrap();
        let actions = table["actions"].as_table_mut().unwrap();
        // It is a way of its own.
        actions.remove("case_self_handle").unwrap();
        actions.remove(operation).unwrap();
        load(&toml::to_string(&table).unwrap()).unwrap_err().0
    };
    let places = |faults: Vec<ProcessFault>| {
        faults
            .into_iter()
            .map(|fault| fault.place)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        places(without("case_dispatch")),
        [
            "stages.accepted",
            "stages.filed",
            "stages.handling",
            "stages.inspecting",
            "stages.closing",
            "stages.closed"
        ]
    );
    assert_eq!(places(without("report_accept")), ["actions.report_accept"]);
}

#[test]
fn every_built_in_process_is_whole_and_passes_its_checks() {
    let known = Processes::load(Processes::BUILT_IN.iter().copied(), |_| true).unwrap();
    let stages = |code: &str| -> Vec<&str> {
        let process = known.by_code(code).unwrap();
        let stages: Vec<_> = process.stages().map(|(stage, _)| stage.as_str()).collect();
        stages
    };
    let classic = [
        "accepted",
        "filed",
        "handling",
        "inspecting",
        "closing",
        "closed",
    ];
    assert_eq!(stages("city-management"), classic);
    assert_eq!(
        stages("hotline"),
        ["accepted", "handling", "inspecting", "closed"]
    );
    assert_eq!(
        stages("sensor"),
        ["accepted", "filed", "handling", "inspecting", "closed"]
    );
    assert_eq!(stages("quick"), ["accepted", "handling", "closed"]);
    assert_eq!(built_in().unwrap().len(), Processes::BUILT_IN.len());
    let hotline = known.by_code("hotline").unwrap();
    assert_eq!(hotline.stage_name(CaseStage::Inspecting), "待审核");
    assert!(!hotline.roles("task_finish").is_empty());
    assert!(hotline.roles("case_file").is_empty());
    let (sensor, hot) = (known.for_source("sensor"), known.for_source("hotline"));
    assert_eq!(sensor.unwrap().reference.code, "city-management");
    assert_eq!(hot.unwrap().reference.code, "city-management");
}

#[test]
fn what_is_left_out_is_left_out_on_purpose() {
    let changed = |change: fn(&mut toml::Table)| {
        let mut table: toml::Table = toml::from_str(BUILT_IN).unwrap();
        change(&mut table);
        let faults = load(&toml::to_string(&table).unwrap()).unwrap_err().0;
        faults
            .into_iter()
            .map(|fault| fault.place)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        changed(|table| {
            table["stages"].as_table_mut().unwrap().remove("inspecting");
            table["actions"]
                .as_table_mut()
                .unwrap()
                .remove("case_inspect_result");
        }),
        ["self_handling.then", "inspection.left_out_reason"]
    );
    assert_eq!(
        changed(|table| {
            table["stages"].as_table_mut().unwrap().remove("inspecting");
        }),
        [
            "actions.case_inspect_result",
            "self_handling.then",
            "inspection.left_out_reason"
        ]
    );
    assert_eq!(
        changed(|table| {
            table["stages"].as_table_mut().unwrap().remove("filed");
            table["actions"].as_table_mut().unwrap().remove("case_file");
            table.insert(
                "filing".to_owned(),
                toml::toml! { on_acceptance = true }.into(),
            );
        }),
        ["filing.on_acceptance"]
    );
    assert_eq!(
        changed(|table| {
            table.insert("default_sources".to_owned(), vec!["radio"].into());
        }),
        ["default_sources"]
    );
}

/// Who asks must find somebody who decides, and what is given out somebody who may accept it.
#[test]
fn what_is_begun_can_be_ended() {
    let without = |operation: &str| {
        let mut table: toml::Table = toml::from_str(BUILT_IN).unwrap();
        table["actions"]
            .as_table_mut()
            .unwrap()
            .remove(operation)
            .unwrap();
        let faults = load(&toml::to_string(&table).unwrap()).unwrap_err().0;
        faults
            .into_iter()
            .map(|fault| fault.place)
            .collect::<Vec<_>>()
    };
    for (ended, begun) in [
        ("case_verify_result", "case_verify"),
        ("extension_decide", "extension_request"),
        ("suspension_decide", "suspension_request"),
        ("exclusion_decide", "case_exclude"),
        ("appeal_review", "appeal_file"),
        ("case_rule", "ruling_demand"),
        ("task_accept", "case_dispatch"),
    ] {
        assert_eq!(without(ended), [format!("actions.{begun}")], "{ended}");
    }
    let mut table: toml::Table = toml::from_str(BUILT_IN).unwrap();
    table["actions"]["appeal_review"]["roles"] = vec!["dispatcher"].into();
    let faults = load(&toml::to_string(&table).unwrap()).unwrap_err().0;
    assert_eq!(faults[0].place, "appeal.reviewers");
}

#[test]
fn filing_and_dispatch_share_one_limit() {
    let process = load(BUILT_IN).unwrap();
    let at = Timestamp(1_000_000);
    let first = process.stage_clock(CaseStage::Accepted, Level::Normal, at, None);
    assert_eq!(first, Some(Clock::over_minutes(at, 30)));
    assert_eq!(
        process.stage_clock(CaseStage::Filed, Level::Normal, at.plus_seconds(600), first),
        first
    );
    assert_eq!(
        process.stage_clock(CaseStage::Accepted, Level::Urgent, at, None),
        Some(Clock::over_minutes(at, 10))
    );
}
