//! Processes (流程): which stages a kind of case goes through, who may take which step, and how long each stage may last.
//!
//! A process is a versioned document. What a step *does* is the law's affair ([`crate::lifecycle`]); a process can leave
//! steps out, bind them to roles and set their limits, and a document that makes no sense is refused when it is loaded, with
//! every place that is wrong.

mod check;
mod handling;
mod steps;

pub use handling::{
    InspectionMode, InspectionRule, ReturnsRule, SelfHandlingRule, SelfHandlingThen,
    VerificationRule,
};
pub use steps::steps;

use crate::clocks::Clock;
use crate::model::{CaseStage, Level, ProcessRef};
use base::Timestamp;
use calendar::Limit;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// One step of the law.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The operation, e.g. `case_file`.
    pub operation: &'static str,
    /// The stages it is taken in; none when it begins a case.
    pub from: &'static [CaseStage],
    /// The stages it can lead to; none when it changes a task only.
    pub to: &'static [CaseStage],
}

impl Step {
    const fn new(
        operation: &'static str,
        from: &'static [CaseStage],
        to: &'static [CaseStage],
    ) -> Self {
        Self {
            operation,
            from,
            to,
        }
    }
}

/// One place of a document that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessFault {
    /// E.g. `actions.case_file.roles`.
    pub place: String,
    /// What is wrong there.
    pub reason: String,
}

/// Why a document was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ProcessError(pub Vec<ProcessFault>);

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the process document is refused")?;
        for fault in &self.0 {
            write!(f, "; {}: {}", fault.place, fault.reason)?;
        }
        Ok(())
    }
}

/// Minutes by level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MinutesByLevel {
    normal: u32,
    urgent: u32,
    critical: u32,
}

impl MinutesByLevel {
    /// The minutes for `level`.
    pub const fn of(&self, level: Level) -> u32 {
        match level {
            Level::Normal => self.normal,
            Level::Urgent => self.urgent,
            Level::Critical => self.critical,
        }
    }

    fn any_zero(&self) -> bool {
        self.normal == 0 || self.urgent == 0 || self.critical == 0
    }
}

/// A stage as a process uses it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageRule {
    /// What users read.
    pub name: String,
    /// How long it may last; none when nothing is asked or the tasks have the clocks.
    pub limit_minutes: Option<MinutesByLevel>,
    /// The stage whose clock runs on through this one.
    pub continues: Option<String>,
}

/// A step as a process uses it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionRule {
    /// What users read.
    pub name: String,
    /// The roles that may take it.
    pub roles: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    code: String,
    version: i64,
    name: String,
    sources: Vec<String>,
    category_required: bool,
    place_required: bool,
    record_delay_minutes_max: u32,
    late_mark_minutes: u32,
    stages: BTreeMap<String, StageRule>,
    handling: HandlingRule,
    closing: ClosingRule,
    #[serde(default)]
    returns: ReturnsRule,
    #[serde(default)]
    verification: VerificationRule,
    #[serde(default)]
    inspection: InspectionRule,
    #[serde(default)]
    self_handling: SelfHandlingRule,
    callback: Option<CallbackRule>,
    rating: Option<RatingRule>,
    actions: BTreeMap<String, ActionRule>,
}

/// Limits of handling tasks.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandlingRule {
    /// How long an organisation has to accept a task.
    pub response_minutes: MinutesByLevel,
    /// The handling limit where no rule row gives one.
    pub default_limit: Limit,
}

/// What closing asks.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosingRule {
    /// Whether closing must cite the closing condition of the pinned rule row.
    pub cites_rule_row: bool,
}

/// 回访: whom a process calls back, and how. A process without it settles a report when its last case ends.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackRule {
    /// After so many attempts that reached nobody the report is settled.
    pub attempts: u32,
    /// How long the organisation that received the report has to call.
    pub limit: Limit,
    /// How often a report is done again (重办) because its reporter says it is not solved.
    pub redo_max: u32,
}

/// 评价: until when the reporter may rate.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatingRule {
    /// So many days after the report came to its end.
    pub days: u32,
}

/// A process that has passed its checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Code and version.
    pub reference: ProcessRef,
    /// What users read.
    pub name: String,
    /// Whether a case must name a category.
    pub category_required: bool,
    /// Whether a case must lie in a known area.
    pub place_required: bool,
    /// How much later than it happened an action may be recorded.
    pub record_delay_minutes_max: u32,
    /// An overdue fact recorded more than this after the deadline is marked late.
    pub late_mark_minutes: u32,
    /// Limits of handling tasks.
    pub handling: HandlingRule,
    /// What closing asks.
    pub closing: ClosingRule,
    /// How tasks are returned.
    pub returns: ReturnsRule,
    /// How long a verification may take.
    pub verification: VerificationRule,
    /// How it is inspected.
    pub inspection: InspectionRule,
    /// What becomes of a case that its reporter handled.
    pub self_handling: SelfHandlingRule,
    /// Whether and how reporters are called back.
    pub callback: Option<CallbackRule>,
    /// Whether and how long reporters may rate.
    pub rating: Option<RatingRule>,
    sources: BTreeSet<String>,
    stages: BTreeMap<CaseStage, StageRule>,
    actions: BTreeMap<&'static str, ActionRule>,
}

impl Process {
    /// Reads a TOML document and checks it against the steps of the law and the known roles.
    pub fn load(text: &str, role_is_known: impl Fn(&str) -> bool) -> Result<Self, ProcessError> {
        let document: Document = toml::from_str(text).map_err(|error| {
            ProcessError(vec![ProcessFault {
                place: "document".to_owned(),
                reason: error.message().to_owned(),
            }])
        })?;
        let faults = check::check(&document, &role_is_known);
        if !faults.is_empty() {
            return Err(ProcessError(faults));
        }
        Ok(Self {
            reference: ProcessRef {
                code: document.code,
                version: document.version,
            },
            name: document.name,
            category_required: document.category_required,
            place_required: document.place_required,
            record_delay_minutes_max: document.record_delay_minutes_max,
            late_mark_minutes: document.late_mark_minutes,
            handling: document.handling,
            closing: document.closing,
            returns: document.returns,
            verification: document.verification,
            inspection: document.inspection,
            self_handling: document.self_handling,
            callback: document.callback,
            rating: document.rating,
            sources: document.sources.into_iter().collect(),
            stages: document
                .stages
                .into_iter()
                .filter_map(|(word, rule)| Some((CaseStage::parse(&word)?, rule)))
                .collect(),
            actions: document
                .actions
                .into_iter()
                .filter_map(|(operation, rule)| Some((step(&operation)?.operation, rule)))
                .collect(),
        })
    }

    /// Whether reports of this source open cases of this process.
    pub fn serves(&self, source: &str) -> bool {
        self.sources.contains(source)
    }

    /// Whether the process uses the stage.
    pub fn uses(&self, stage: CaseStage) -> bool {
        self.stages.contains_key(&stage)
    }

    /// Whether `role` may take the step.
    pub fn allows(&self, operation: &str, role: &str) -> bool {
        self.actions
            .get(operation)
            .is_some_and(|rule| rule.roles.iter().any(|each| each == role))
    }

    /// The roles that may take the step.
    pub fn roles(&self, operation: &str) -> &[String] {
        self.actions
            .get(operation)
            .map_or(&[], |rule| rule.roles.as_slice())
    }

    /// What users call the stage.
    pub fn stage_name(&self, stage: CaseStage) -> &str {
        self.stages
            .get(&stage)
            .map_or(stage.as_str(), |rule| rule.name.as_str())
    }

    /// The clock of a stage entered at `at`, given the clock of the stage before.
    pub fn stage_clock(
        &self,
        stage: CaseStage,
        level: Level,
        at: Timestamp,
        before: Option<Clock>,
    ) -> Option<Clock> {
        let rule = self.stages.get(&stage)?;
        if rule.continues.is_some() {
            return before;
        }
        let minutes = rule.limit_minutes?.of(level);
        Some(Clock::over_minutes(at, minutes))
    }

    /// The clock of a stage that is entered again at `at`: the limit of the stage whose clock runs on through it starts anew.
    pub fn fresh_clock(&self, stage: CaseStage, level: Level, at: Timestamp) -> Option<Clock> {
        let rule = self.stages.get(&stage)?;
        let minutes = match &rule.continues {
            Some(other) => self.stages.get(&CaseStage::parse(other)?)?.limit_minutes,
            None => rule.limit_minutes,
        };
        Some(Clock::over_minutes(at, minutes?.of(level)))
    }

    /// The clock within which a task opened at `at` may be returned: as long as the process says, or else as long as it may
    /// be accepted. None: it may always.
    pub fn return_clock(
        &self,
        level: Level,
        at: Timestamp,
        response: Option<Clock>,
    ) -> Option<Clock> {
        self.returns.within_minutes.map_or(response, |minutes| {
            Some(Clock::over_minutes(at, minutes.of(level)))
        })
    }

    /// The clock within which a task given at `at` must be accepted.
    pub fn response_clock(&self, level: Level, at: Timestamp) -> Clock {
        Clock::over_minutes(at, self.handling.response_minutes.of(level))
    }
}

/// The step of the law with this operation name.
pub fn step(operation: &str) -> Option<&'static Step> {
    steps().find(|step| step.operation == operation)
}

/// The processes of an installation, every version ever used.
#[derive(Clone, Debug, Default)]
pub struct Processes(Vec<Arc<Process>>);

impl Processes {
    /// The processes that come with the product.
    pub const BUILT_IN: &'static [&'static str] =
        &[include_str!("../../processes/city-management.toml")];

    /// Loads documents; see [`Process::load`].
    pub fn load<'a>(
        documents: impl IntoIterator<Item = &'a str>,
        role_is_known: impl Fn(&str) -> bool,
    ) -> Result<Self, ProcessError> {
        documents
            .into_iter()
            .map(|text| Process::load(text, &role_is_known).map(Arc::new))
            .collect::<Result<Vec<_>, _>>()
            .map(Self)
    }

    /// The process that reports of this source open cases of: the first that serves it, in its latest version.
    pub fn for_source(&self, source: &str) -> Option<&Arc<Process>> {
        let code = &self
            .0
            .iter()
            .find(|each| each.serves(source))?
            .reference
            .code;
        self.0
            .iter()
            .filter(|each| each.reference.code == *code && each.serves(source))
            .max_by_key(|each| each.reference.version)
    }

    /// The very version a case pinned.
    pub fn get(&self, reference: &ProcessRef) -> Option<&Arc<Process>> {
        self.0.iter().find(|each| each.reference == *reference)
    }

    /// Every source some process serves.
    pub fn knows_source(&self, source: &str) -> bool {
        self.0.iter().any(|each| each.serves(source))
    }
}

#[cfg(test)]
mod tests {
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
            "\"dispatcher\"",
            "\"stranger\"",
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
        refused("mode = \"desk\"", "mode = \"drone\"", "document", "drone");
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
            "must end it",
        );
        refused("5工作日", "soon", "document", "soon");
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
        refused("version = 1", "version = 0", "version", "from 1");
        refused(
            "version = 1",
            "version = 1\ncolour = 3",
            "document",
            "colour",
        );
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
}
