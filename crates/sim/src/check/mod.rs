//! Checks that hold over any city, however it came about: the story of the demo is believable only if they do.
//!
//! They read what users read, through the same lists and views, and trust nothing else. Whether timelines replay to their
//! states is not asked here: `verify` of casework does that.

mod rules;

use access::Principal;
use base::{Id, PageRequest, Timestamp};
use casework::model::CaseStage;
use casework::service::{CaseQuery, ReportQuery};
use casework::view::CaseView;
use casework::{Casework, CaseworkError, Processes};
use rules::{Account, Tale};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Something that should not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The number of which case or report; the stage, when its list is wrong.
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
    /// Reports by stage.
    pub report_stages: BTreeMap<String, usize>,
    /// Reports.
    pub reports: usize,
    /// Facts on their timelines, by kind.
    pub facts: BTreeMap<String, usize>,
    /// How often things went which way: dispatched and returned cases, inspections and calls back and their results.
    pub outcomes: BTreeMap<&'static str, usize>,
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
    let now = casework.store().clock().now();
    let mut checked = Checked::default();
    let mut hasher = DefaultHasher::new();
    let mut numbers = BTreeSet::new();
    let mut ended = BTreeMap::new();
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
            look(&case, now, &mut checked);
            ended.insert(row.id, !case.head.stage.is_open());
            serde_json::to_string(&case.timeline)
                .unwrap_or_default()
                .hash(&mut hasher);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    reports(casework, principal, &ended, &mut checked, &mut hasher).await?;
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

fn look(case: &CaseView, now: Timestamp, checked: &mut Checked) {
    checked.cases += 1;
    let stage = case.head.stage.as_str().to_owned();
    *checked.stages.entry(stage).or_default() += 1;
    for entry in &case.timeline {
        *checked.facts.entry(entry.kind.clone()).or_default() += 1;
    }
    match Tale::of(case, now) {
        Some(tale) => {
            for what in tale.outcomes() {
                *checked.outcomes.entry(what).or_default() += 1;
            }
            for rule in tale.broken() {
                found(checked, case, rule);
            }
        }
        None => found(checked, case, "every fact on a timeline can be read"),
    }
}

/// Looks at every report: it is settled when all its cases have ended, and called back where that was asked.
async fn reports(
    casework: &Casework,
    principal: &Arc<Principal>,
    ended: &BTreeMap<Id, bool>,
    checked: &mut Checked,
    hasher: &mut DefaultHasher,
) -> Result<(), CaseworkError> {
    let processes = Processes::load(Processes::BUILT_IN.iter().copied(), |_| true);
    let attempts = |code: &str| {
        let process = processes.as_ref().ok().and_then(|all| all.by_code(code));
        let rule = process.and_then(|process| process.callback.clone());
        rule.map_or(1, |rule| rule.attempts)
    };
    let mut after = None;
    loop {
        let query = ReportQuery {
            page: PageRequest {
                limit: Some(PAGE),
                after,
            },
            ..ReportQuery::default()
        };
        let page = casework.report_list(principal, query).await?;
        for row in page.items {
            let report = casework.report_view(principal, row.id).await?;
            checked.reports += 1;
            let stage = report.head.stage.as_str().to_owned();
            *checked.report_stages.entry(stage).or_default() += 1;
            for entry in &report.timeline {
                *checked.facts.entry(entry.kind.clone()).or_default() += 1;
            }
            let open = report
                .case_ids
                .iter()
                .any(|id| ended.get(id) == Some(&false));
            let mut broken = Vec::new();
            match Account::of(&report, open) {
                Some(account) => {
                    for what in account.outcomes() {
                        *checked.outcomes.entry(what).or_default() += 1;
                    }
                    broken.extend(account.broken(attempts));
                }
                None => broken.push("every fact on a timeline can be read"),
            }
            checked
                .findings
                .extend(broken.into_iter().map(|rule| Finding {
                    case_no: report.head.report_no.clone(),
                    rule,
                }));
            serde_json::to_string(&report.timeline)
                .unwrap_or_default()
                .hash(hasher);
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
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
