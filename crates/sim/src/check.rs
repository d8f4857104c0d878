//! Checks that hold over any city, however it came about: the story of the demo is believable only if they do.
//!
//! They read what users read, through the same lists and views, and trust nothing else. Whether timelines replay to their
//! states is not asked here: `verify` of casework does that.

use access::Principal;
use base::{Id, PageRequest, Timestamp};
use casework::model::{CaseStage, TaskKind};
use casework::service::CaseQuery;
use casework::view::{CaseView, TimelineView};
use casework::{Casework, CaseworkError};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Something that should not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which case.
    pub case_no: String,
    /// Which rule it breaks.
    pub rule: &'static str,
}

/// What was looked at.
#[derive(Debug, Default)]
pub struct Checked {
    /// Cases by stage.
    pub stages: BTreeMap<String, usize>,
    /// Cases.
    pub cases: usize,
    /// Facts on their timelines, by kind.
    pub facts: BTreeMap<String, usize>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// The same for the same timelines, to the instant and the id.
    pub fingerprint: u64,
}

/// Rows of one page.
const PAGE: u32 = 200;

/// Looks at every case that the principal may see.
pub async fn check(
    casework: &Casework,
    principal: &Arc<Principal>,
) -> Result<Checked, CaseworkError> {
    let mut checked = Checked::default();
    let mut hasher = DefaultHasher::new();
    let mut numbers = BTreeSet::new();
    let mut after = None;
    loop {
        let query = CaseQuery {
            page: PageRequest {
                limit: Some(PAGE),
                after,
            },
            ..CaseQuery::default()
        };
        let page = casework.case_list(principal, query).await?;
        for row in page.items {
            let case = casework.case_view(principal, row.id).await?;
            if !numbers.insert(case.head.case_no.clone()) || row.stage != case.head.stage {
                found(&mut checked, &case, "listed once, and as it is");
            }
            look(&case, &mut checked);
            serde_json::to_string(&case.timeline)
                .unwrap_or_default()
                .hash(&mut hasher);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    checked.fingerprint = hasher.finish();
    numbers_add_up(casework, principal, &mut checked).await?;
    Ok(checked)
}

fn found(checked: &mut Checked, case: &CaseView, rule: &'static str) {
    checked.findings.push(Finding {
        case_no: case.head.case_no.clone(),
        rule,
    });
}

fn look(case: &CaseView, checked: &mut Checked) {
    checked.cases += 1;
    let stage = case.head.stage.as_str().to_owned();
    *checked.stages.entry(stage).or_default() += 1;
    for entry in &case.timeline {
        *checked.facts.entry(entry.kind.clone()).or_default() += 1;
    }
    for (rule, holds) in [
        (
            "a closed case passed an inspection or says why none",
            closed_rightly(case),
        ),
        (
            "an open case has an accountable organisation",
            is_accountable(case),
        ),
        ("an overdue fact has its clock", overdue_by_a_clock(case)),
        (
            "who handled a case did not inspect it",
            inspected_by_others(case),
        ),
        ("a timeline runs forward", runs_forward(case)),
        ("a reason stands where one is required", has_reasons(case)),
    ] {
        if !holds {
            found(checked, case, rule);
        }
    }
}

fn of_kind<'a>(case: &'a CaseView, kind: &'a str) -> impl Iterator<Item = &'a TimelineView> {
    case.timeline.iter().filter(move |entry| entry.kind == kind)
}

fn closed_rightly(case: &CaseView) -> bool {
    if case.head.stage != CaseStage::Closed {
        return true;
    }
    let passed = of_kind(case, "case_inspected")
        .last()
        .is_some_and(|entry| entry.fact.get("passed") == Some(&Value::Bool(true)));
    let says_why = of_kind(case, "case_closed").last().is_some_and(|entry| {
        entry
            .fact
            .get("uninspected")
            .is_some_and(|why| !why.is_null())
    });
    passed || says_why
}

fn is_accountable(case: &CaseView) -> bool {
    match case.head.stage {
        CaseStage::Accepted => !case.accepted_by.id.is_empty(),
        CaseStage::Handling => case.tasks.iter().any(|task| task.kind == TaskKind::Handle),
        CaseStage::Filed | CaseStage::Inspecting | CaseStage::Closing => case.filed_by.is_some(),
        _ => true,
    }
}

/// Every instant named `due_at` in what happened before.
fn clocks(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(due) if name == "due_at" => {
                        into.insert(due.clone());
                    }
                    _ => clocks(field, into),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| clocks(item, into)),
        _ => {}
    }
}

fn overdue_by_a_clock(case: &CaseView) -> bool {
    let mut given = BTreeSet::new();
    case.timeline.iter().all(|entry| {
        if entry.kind == "task_overdue" {
            let due = entry.fact.get("due_at").and_then(Value::as_str);
            let due_at = due.and_then(|due| due.parse::<Timestamp>().ok());
            let is_known = due.is_some_and(|due| given.contains(due));
            return is_known && due_at.is_some_and(|due_at| entry.recorded_at > due_at);
        }
        clocks(&entry.fact, &mut given);
        true
    })
}

fn inspected_by_others(case: &CaseView) -> bool {
    if of_kind(case, "case_self_handled").next().is_some() {
        return true;
    }
    let who = |kind| -> BTreeSet<Id> {
        of_kind(case, kind)
            .filter_map(|entry| entry.by.as_ref().map(|by| by.staff_id))
            .collect()
    };
    who("case_inspected").is_disjoint(&who("task_finished"))
}

fn runs_forward(case: &CaseView) -> bool {
    let numbered = case.timeline.iter().map(|entry| entry.seq);
    let recorded: Vec<_> = case
        .timeline
        .iter()
        .map(|entry| entry.recorded_at)
        .collect();
    numbered.eq((1..).take(case.timeline.len()))
        && recorded.is_sorted()
        && case
            .timeline
            .iter()
            .all(|entry| entry.occurred_at <= entry.recorded_at)
}

/// Kinds of facts that carry a note with the reason (law 5).
const REASONED: &[&str] = &[
    "task_returned",
    "case_cancelled",
    "case_reopened",
    "case_sent_back",
    "extension_requested",
    "suspension_requested",
];

fn has_reasons(case: &CaseView) -> bool {
    case.timeline
        .iter()
        .filter(|entry| REASONED.contains(&entry.kind.as_str()))
        .all(|entry| entry.note.as_ref().is_some_and(|note| !note.is_empty()))
}

/// The lists by stage together hold every case once.
async fn numbers_add_up(
    casework: &Casework,
    principal: &Arc<Principal>,
    checked: &mut Checked,
) -> Result<(), CaseworkError> {
    for stage in CaseStage::ALL {
        let (mut counted, mut after) = (0, None);
        loop {
            let query = CaseQuery {
                stage: Some(*stage),
                page: PageRequest {
                    limit: Some(PAGE),
                    after,
                },
                ..CaseQuery::default()
            };
            let page = casework.case_list(principal, query).await?;
            counted += page.items.len();
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        if counted != checked.stages.get(stage.as_str()).copied().unwrap_or(0) {
            checked.findings.push(Finding {
                case_no: stage.as_str().to_owned(),
                rule: "the list of a stage holds the cases of that stage",
            });
        }
    }
    Ok(())
}
