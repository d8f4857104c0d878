//! Whether a process document makes sense.

use super::{
    Condition, Document, InspectionMode, ProcessFault, SelfHandlingThen, form, step, steps,
};
use crate::model::CaseStage;
use std::collections::BTreeSet;

pub(super) struct Faults(Vec<ProcessFault>);

impl Faults {
    pub(super) fn add(&mut self, place: impl Into<String>, reason: impl Into<String>) {
        self.0.push(ProcessFault {
            place: place.into(),
            reason: reason.into(),
        });
    }
}

/// Every place that makes no sense.
pub(super) fn check(
    document: &Document,
    role_is_known: &dyn Fn(&str) -> bool,
) -> Vec<ProcessFault> {
    let mut faults = Faults(Vec::new());
    check_head(document, &mut faults);
    check_stages(document, &mut faults);
    check_actions(document, role_is_known, &mut faults);
    check_handling(document, &mut faults);
    check_reporters(document, &mut faults);
    check_left_out(document, &mut faults);
    document.overlays().check(role_is_known, &mut faults);
    if faults.0.is_empty() {
        check_ways(document, &mut faults);
    }
    faults.0
}

/// Whether a word is fit to be a code.
pub(super) fn is_code(word: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !word.is_empty() && word.bytes().all(fits)
}

fn check_head(document: &Document, faults: &mut Faults) {
    if !is_code(&document.code) {
        faults.add("code", "a code is lower-case letters, digits and hyphens");
    }
    if document.version < 1 {
        faults.add("version", "versions count from 1");
    }
    if document.sources.is_empty() {
        faults.add("sources", "a process serves at least one source of reports");
    }
    if document.handling.response_minutes.any_zero() {
        faults.add(
            "handling.response_minutes",
            "a limit is at least one minute",
        );
    }
}

fn check_stages(document: &Document, faults: &mut Faults) {
    for (word, rule) in &document.stages {
        let place = format!("stages.{word}");
        if CaseStage::parse(word).is_none() {
            faults.add(&place, "there is no such stage");
        }
        if rule.limit_minutes.is_some_and(|limit| limit.any_zero()) {
            faults.add(
                format!("{place}.limit_minutes"),
                "a limit is at least one minute",
            );
        }
        if CaseStage::parse(word) == Some(CaseStage::Inspecting) && rule.limit_minutes.is_none() {
            faults.add(&place, "an inspection has a limit: its task has a clock");
        }
        if let Some(other) = &rule.continues {
            if rule.limit_minutes.is_some() {
                faults.add(&place, "a stage has its own limit or continues another's");
            }
            if other == word || !document.stages.contains_key(other) {
                faults.add(
                    format!("{place}.continues"),
                    format!("{other:?} is not another stage of this process"),
                );
            }
        }
    }
    for needed in [CaseStage::Accepted, CaseStage::Closed] {
        if !document.stages.contains_key(needed.as_str()) {
            faults.add(
                format!("stages.{needed}"),
                "every case begins accepted and ends closed",
            );
        }
    }
}

fn check_handling(document: &Document, faults: &mut Faults) {
    if document.returns.max < 0 {
        faults.add("returns.max", "returns count from 0");
    }
    for (place, limit) in [
        ("returns.within_minutes", document.returns.within_minutes),
        (
            "verification.limit_minutes",
            Some(document.verification.limit_minutes),
        ),
    ] {
        if limit.is_some_and(|limit| limit.any_zero()) {
            faults.add(place, "a limit is at least one minute");
        }
    }
    let rule = &document.self_handling;
    let reason = rule.reason.as_deref().map(str::trim);
    match (rule.then, reason.is_some_and(|reason| !reason.is_empty())) {
        (SelfHandlingThen::Closed, false) => faults.add(
            "self_handling.reason",
            "a case closed without an inspection carries the reason why none was needed",
        ),
        (SelfHandlingThen::Inspecting, true) => faults.add(
            "self_handling.reason",
            "a reason is for cases that are closed without an inspection",
        ),
        _ => {}
    }
    let inspects = document.stages.contains_key(CaseStage::Inspecting.as_str());
    if document.actions.contains_key("case_self_handle")
        && rule.then == SelfHandlingThen::Inspecting
        && !inspects
    {
        faults.add(
            "self_handling.then",
            "this process does not use the stage inspecting",
        );
    }
    if document.inspection.mode == InspectionMode::Field
        && !document.actions.contains_key("task_accept")
    {
        faults.add(
            "inspection.mode",
            "an inspection in the field is accepted: task_accept is needed",
        );
    }
    let has = |operation| document.actions.contains_key(operation);
    // What is begun must find somebody who ends it, or it stays begun.
    for (begun, ended) in [
        ("case_verify", "case_verify_result"),
        ("extension_request", "extension_decide"),
        ("suspension_request", "suspension_decide"),
        ("case_exclude", "exclusion_decide"),
        ("appeal_file", "appeal_review"),
        ("ruling_demand", "case_rule"),
        ("case_dispatch", "task_accept"),
    ] {
        if has(begun) && !has(ended) {
            faults.add(
                format!("actions.{begun}"),
                format!("{ended} is needed, or nothing ends it"),
            );
        }
    }
    let files = document.stages.contains_key(CaseStage::Filed.as_str());
    if files && document.filing.on_acceptance && has("case_send_back") && !has("case_file") {
        faults.add(
            "actions.case_send_back",
            "what is sent back is filed by hand: case_file is needed",
        );
    }
    let reviews = document.actions.get("appeal_review");
    for role in &document.overlays().appeal.reviewers {
        if reviews.is_some_and(|rule| !rule.roles.contains(role)) {
            faults.add(
                "appeal.reviewers",
                format!("actions.appeal_review is not given to {role}"),
            );
        }
    }
}

fn check_actions(document: &Document, role_is_known: &dyn Fn(&str) -> bool, faults: &mut Faults) {
    for (operation, rule) in &document.actions {
        let place = format!("actions.{operation}");
        if step(operation).is_none() {
            faults.add(&place, "there is no such action");
        }
        let uses = |stage: &CaseStage| document.stages.contains_key(stage.as_str());
        let allowed = step(operation).is_none_or(|step| {
            step.from.is_empty()
                || step.from.iter().any(uses)
                || (step.operation == "case_dispatch" && !uses(&CaseStage::Filed))
        });
        if !allowed {
            faults.add(&place, "no stage of this process allows it");
        }
        if let Some(text) = &rule.condition {
            let place = format!("{place}.condition");
            if step(operation).is_some() && !is_on_case(operation) {
                faults.add(
                    &place,
                    "there is no case yet that a condition could speak of",
                );
            }
            if let Err(reason) = Condition::parse(text) {
                faults.add(&place, reason);
            }
        }
        if !rule.form.is_empty() && !takes_form(operation) {
            faults.add(format!("{place}.form"), "this action takes no form");
        }
        for (below, reason) in form::faults(&rule.form) {
            faults.add(format!("{place}.form{below}"), reason);
        }
        if rule.roles.is_empty() {
            faults.add(format!("{place}.roles"), "nobody may take this action");
        }
        for role in &rule.roles {
            if !role_is_known(role) {
                faults.add(
                    format!("{place}.roles"),
                    format!("there is no role {role:?}"),
                );
            }
        }
    }
}

/// Whether an action is one on a case that there is: neither on a report nor one that begins a case.
fn is_on_case(operation: &str) -> bool {
    !operation.starts_with("report_") && step(operation).is_some_and(|step| !step.from.is_empty())
}

/// Actions on reports that may have a form, and that which begins a case and ends it at once.
const WITH_FORM: [&str; 5] = [
    "report_accept",
    "report_answer",
    "report_reject",
    "report_callback",
    "case_self_handle",
];

/// Whether an action may have a form: it is one on a case that there is, taken for itself, or one of those named.
pub fn takes_form(operation: &str) -> bool {
    let for_itself = !["case_split", "case_merge"].contains(&operation);
    WITH_FORM.contains(&operation) || (for_itself && is_on_case(operation))
}

/// Callback and rating have their rule and their action, or neither.
fn check_reporters(document: &Document, faults: &mut Faults) {
    let pairs = [
        ("callback", document.callback.is_some(), "report_callback"),
        ("rating", document.rating.is_some(), "report_rate"),
    ];
    for (table, has_rule, operation) in pairs {
        match (has_rule, document.actions.contains_key(operation)) {
            (true, false) => faults.add(
                table,
                format!("nobody may do it: actions.{operation} is missing"),
            ),
            (false, true) => faults.add(
                format!("actions.{operation}"),
                format!("it needs the table [{table}]"),
            ),
            _ => {}
        }
    }
    if document
        .callback
        .as_ref()
        .is_some_and(|rule| rule.attempts == 0)
    {
        faults.add("callback.attempts", "at least one attempt is made");
    }
    if document
        .acceptance
        .limit_minutes
        .is_some_and(|limit| limit.any_zero())
    {
        faults.add("acceptance.limit_minutes", "a limit is at least one minute");
    }
    if document.rating.as_ref().is_some_and(|rule| rule.days == 0) {
        faults.add("rating.days", "a reporter has at least one day");
    }
}

/// Every stage used is reached from the first one, and the end is reached from every stage.
fn check_ways(document: &Document, faults: &mut Faults) {
    let uses = |stage: &CaseStage| document.stages.contains_key(stage.as_str());
    let ways = ways(document);
    if !document.actions.contains_key("report_accept") {
        faults.add("actions.report_accept", "no case can begin without it");
    }
    let forward = spread(CaseStage::Accepted, &ways);
    let backward: Vec<_> = ways.iter().map(|(from, to)| (*to, *from)).collect();
    let ending = spread(CaseStage::Closed, &backward);
    for stage in CaseStage::ALL.iter().filter(|stage| uses(stage)) {
        if !forward.contains(stage) {
            faults.add(format!("stages.{stage}"), "no action leads to this stage");
        } else if !ending.contains(stage) {
            faults.add(
                format!("stages.{stage}"),
                "no way leads from here to an end",
            );
        }
    }
}

/// The ways between the stages used, by command or by themselves.
fn ways(document: &Document) -> Vec<(CaseStage, CaseStage)> {
    let uses = |stage: CaseStage| document.stages.contains_key(stage.as_str());
    // Where a case lands that was to come into a stage the process leaves out.
    let landing = |stage: CaseStage| match stage {
        CaseStage::Inspecting | CaseStage::Closing if uses(stage) => stage,
        CaseStage::Inspecting if uses(CaseStage::Closing) => CaseStage::Closing,
        CaseStage::Inspecting | CaseStage::Closing => CaseStage::Closed,
        other => other,
    };
    let mut ways = Vec::new();
    for step in steps() {
        if !document.actions.contains_key(step.operation) {
            continue;
        }
        let skips_filing = step.operation == "case_dispatch" && !uses(CaseStage::Filed);
        let early = skips_filing.then_some(CaseStage::Accepted);
        for from in step
            .from
            .iter()
            .copied()
            .chain(early)
            .filter(|stage| uses(*stage))
        {
            for to in step
                .to
                .iter()
                .copied()
                .map(landing)
                .filter(|stage| uses(*stage))
            {
                ways.push((from, to));
            }
        }
    }
    if document.filing.on_acceptance {
        ways.push((CaseStage::Accepted, CaseStage::Filed));
    }
    if document.dispatch.at_once {
        let from = if uses(CaseStage::Filed) {
            CaseStage::Filed
        } else {
            CaseStage::Accepted
        };
        ways.push((from, CaseStage::Handling));
    }
    ways
}

/// What is left out is left out on purpose.
fn check_left_out(document: &Document, faults: &mut Faults) {
    let uses = |stage: CaseStage| document.stages.contains_key(stage.as_str());
    let reason = document.inspection.left_out_reason.as_deref();
    match (uses(CaseStage::Inspecting), reason) {
        (true, Some(_)) => faults.add(
            "inspection.left_out_reason",
            "this process inspects: there is nothing to give a reason for",
        ),
        (false, None) => faults.add(
            "inspection.left_out_reason",
            "a process that leaves inspection out states why none is needed",
        ),
        (false, Some(reason)) if reason.trim().is_empty() || reason.chars().count() > 200 => {
            faults.add("inspection.left_out_reason", "1 to 200 characters");
        }
        _ => {}
    }
    if document.filing.on_acceptance && !uses(CaseStage::Filed) {
        faults.add(
            "filing.on_acceptance",
            "there is no stage `filed` to come into",
        );
    }
    if document.dispatch.at_once && !document.actions.contains_key("case_dispatch") {
        faults.add(
            "dispatch.at_once",
            "where routing names nobody somebody dispatches: actions.case_dispatch is missing",
        );
    }
    if document.closing.cites_rule_row && !uses(CaseStage::Filed) && !uses(CaseStage::Closing) {
        faults.add(
            "closing.cites_rule_row",
            "without filing and without a stage `closing` nobody can cite a rule row",
        );
    }
    for source in &document.default_sources {
        if !document.sources.contains(source) {
            faults.add(
                "default_sources",
                format!("{source:?} is not among `sources`"),
            );
        }
    }
}

fn spread(start: CaseStage, ways: &[(CaseStage, CaseStage)]) -> BTreeSet<CaseStage> {
    let mut seen = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(stage) = open.pop() {
        for (from, to) in ways {
            if *from == stage && seen.insert(*to) {
                open.push(*to);
            }
        }
    }
    seen
}
