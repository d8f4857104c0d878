//! Processes (流程): which stages a kind of case goes through, who may take which step, and how long each stage may last.
//!
//! A process is a versioned document. What a step *does* is the law's affair ([`crate::lifecycle`]); a process can leave
//! steps out, bind them to roles and set their limits, and a document that makes no sense is refused when it is loaded, with
//! every place that is wrong.

mod check;
mod family;
mod handling;
mod overlays;
mod steps;

pub use handling::{
    InspectionMode, InspectionRule, ReturnsRule, SelfHandlingRule, SelfHandlingThen,
    VerificationRule,
};
pub use overlays::{
    AppealRule, EscalationRule, ExclusionRule, ExtensionRule, ModeRule, OverlayRules,
    ReopeningRule, SupervisionRule, SuspensionRule,
};
pub use steps::steps;

use crate::clocks::Clock;
use crate::model::{CaseStage, Level, ProcessRef};
use access::RoleBook;
use base::Timestamp;
use calendar::Limit;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

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

impl ProcessError {
    fn at(place: &str, reason: impl Into<String>) -> Self {
        Self(vec![ProcessFault {
            place: place.to_owned(),
            reason: reason.into(),
        }])
    }
}

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
    #[serde(default)]
    default_sources: Vec<String>,
    category_required: bool,
    place_required: bool,
    record_delay_minutes_max: u32,
    late_mark_minutes: u32,
    stages: BTreeMap<String, StageRule>,
    #[serde(default)]
    filing: FilingRule,
    #[serde(default)]
    dispatch: DispatchRule,
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
    // Overlays.
    #[serde(default)]
    supervision: SupervisionRule,
    #[serde(default)]
    extension: ExtensionRule,
    #[serde(default)]
    suspension: SuspensionRule,
    #[serde(default)]
    reopening: ReopeningRule,
    #[serde(default)]
    exclusion: ExclusionRule,
    #[serde(default)]
    appeal: AppealRule,
    #[serde(default)]
    modes: BTreeMap<String, ModeRule>,
    #[serde(default)]
    escalation: Vec<EscalationRule>,
}

impl Document {
    fn overlays(&self) -> OverlayRules {
        OverlayRules {
            supervision: self.supervision.clone(),
            extension: self.extension.clone(),
            suspension: self.suspension.clone(),
            reopening: self.reopening.clone(),
            exclusion: self.exclusion.clone(),
            appeal: self.appeal.clone(),
            modes: self.modes.clone(),
            escalation: self.escalation.clone(),
        }
    }
}

/// How a case is filed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FilingRule {
    /// Whoever accepts a case files it in the same act.
    pub on_acceptance: bool,
}

/// How a case is dispatched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DispatchRule {
    /// A case is given to whom routing names as soon as it may be dispatched; where routing knows nobody it waits.
    pub at_once: bool,
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
    /// How a case is filed.
    pub filing: FilingRule,
    /// How a case is dispatched.
    pub dispatch: DispatchRule,
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
    /// Supervision, extension, suspension and what else lies over the stages.
    pub overlays: OverlayRules,
    sources: BTreeSet<String>,
    default_sources: BTreeSet<String>,
    stages: BTreeMap<CaseStage, StageRule>,
    actions: BTreeMap<&'static str, ActionRule>,
}

impl Process {
    /// Reads a TOML document and checks it against the steps of the law and the known roles.
    pub fn load(text: &str, role_is_known: impl Fn(&str) -> bool) -> Result<Self, ProcessError> {
        Self::of_json(&json_of_toml(text)?, role_is_known)
    }

    /// [`Process::load`] of a document in JSON.
    pub fn of_json(
        document: &Value,
        role_is_known: impl Fn(&str) -> bool,
    ) -> Result<Self, ProcessError> {
        let document: Document = serde_path_to_error::deserialize(document).map_err(|error| {
            let place = error.path().to_string();
            let place = if place == "." {
                "document".to_owned()
            } else {
                place
            };
            ProcessError::at(&place, error.into_inner().to_string())
        })?;
        let faults = check::check(&document, &role_is_known);
        if !faults.is_empty() {
            return Err(ProcessError(faults));
        }
        Ok(Self {
            overlays: document.overlays(),
            reference: ProcessRef {
                code: document.code,
                version: document.version,
            },
            name: document.name,
            category_required: document.category_required,
            place_required: document.place_required,
            record_delay_minutes_max: document.record_delay_minutes_max,
            late_mark_minutes: document.late_mark_minutes,
            filing: document.filing,
            dispatch: document.dispatch,
            handling: document.handling,
            closing: document.closing,
            returns: document.returns,
            verification: document.verification,
            inspection: document.inspection,
            self_handling: document.self_handling,
            callback: document.callback,
            rating: document.rating,
            default_sources: document.default_sources.into_iter().collect(),
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

    /// Whether reports of this source open cases of this process when nobody names another.
    pub fn serves_by_default(&self, source: &str) -> bool {
        self.default_sources.contains(source)
    }

    /// The sources it serves.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(String::as_str)
    }

    /// The stages it uses, in their order.
    pub fn stages(&self) -> impl Iterator<Item = (CaseStage, &StageRule)> {
        self.stages.iter().map(|(stage, rule)| (*stage, rule))
    }

    /// The actions it binds.
    pub fn actions(&self) -> impl Iterator<Item = (&'static str, &ActionRule)> {
        self.actions
            .iter()
            .map(|(operation, rule)| (*operation, rule))
    }

    /// Whether accepting a case files it.
    pub fn files_on_acceptance(&self) -> bool {
        self.filing.on_acceptance
    }

    /// Whether a case is given to whom routing names, without a dispatcher.
    pub fn dispatches_at_once(&self) -> bool {
        self.dispatch.at_once
    }

    /// Why results are not inspected; none where they are.
    pub fn inspection_left_out(&self) -> Option<&str> {
        if self.uses(CaseStage::Inspecting) {
            return None;
        }
        self.inspection.left_out_reason.as_deref()
    }

    /// Whether anything happens in it without a command of its own.
    pub fn goes_on_by_itself(&self) -> bool {
        self.files_on_acceptance() || self.dispatches_at_once() || !self.uses(CaseStage::Closing)
    }

    /// Whether the law knows the step in this stage, given the stages the process leaves out: without filing (立案) a case is
    /// dispatched as it was accepted.
    pub fn may_in(&self, operation: &str, stage: CaseStage) -> bool {
        step(operation).is_some_and(|step| {
            step.from.contains(&stage)
                || (stage == CaseStage::Accepted
                    && !self.uses(CaseStage::Filed)
                    && step.operation == "case_dispatch")
        })
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

    /// The minutes a stage may last at `level`: its own limit, or that of the stage whose clock runs on through it.
    pub fn stage_minutes(&self, stage: CaseStage, level: Level) -> Option<u32> {
        let rule = self.stages.get(&stage)?;
        let own = match &rule.continues {
            Some(other) => self.stages.get(&CaseStage::parse(other)?)?,
            None => rule,
        };
        own.limit_minutes.map(|limit| limit.of(level))
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

fn json_of_toml(text: &str) -> Result<Value, ProcessError> {
    let table: toml::Table =
        toml::from_str(text).map_err(|error| ProcessError::at("document", error.message()))?;
    serde_json::to_value(table).map_err(|error| ProcessError::at("document", error.to_string()))
}

/// The documents that come with the product, as JSON: code, version, text.
pub fn built_in() -> Result<Vec<(ProcessRef, Value)>, ProcessError> {
    Processes::BUILT_IN
        .iter()
        .try_fold(Vec::new(), |mut known, text| {
            known.push(family::whole(json_of_toml(text)?, &known)?);
            Ok(known)
        })?
        .into_iter()
        .map(|document| Ok((Process::of_json(&document, |_| true)?.reference, document)))
        .collect()
}

/// The processes of an installation, every version ever used. Clones share what they know.
#[derive(Clone, Debug, Default)]
pub struct Processes {
    known: Arc<RwLock<Arc<[Arc<Process>]>>>,
    roles: Arc<OnceLock<Arc<RoleBook>>>,
}

impl Processes {
    /// The processes that come with the product.
    pub const BUILT_IN: &'static [&'static str] = &[
        include_str!("../../processes/city-management.toml"),
        include_str!("../../processes/hotline.toml"),
        include_str!("../../processes/sensor.toml"),
        include_str!("../../processes/quick.toml"),
    ];

    /// Loads documents; see [`Process::load`].
    pub fn load<'a>(
        documents: impl IntoIterator<Item = &'a str>,
        role_is_known: impl Fn(&str) -> bool,
    ) -> Result<Self, ProcessError> {
        let mut known: Vec<Value> = Vec::new();
        let mut loaded = Vec::new();
        for text in documents {
            let document = family::whole(json_of_toml(text)?, &known)?;
            loaded.push(Arc::new(Process::of_json(&document, &role_is_known)?));
            known.push(document);
        }
        let processes = Self::default();
        processes.replace(loaded);
        Ok(processes)
    }

    /// Names the roles that documents saved from now on may bind. A second naming changes nothing.
    pub fn bound_to(&self, roles: Arc<RoleBook>) {
        let _ = self.roles.set(roles);
    }

    /// The roles documents may bind: those named, else the built-in ones.
    pub fn roles(&self) -> Arc<RoleBook> {
        let built_in = || Arc::new(RoleBook::built_in().unwrap_or_default());
        self.roles.get_or_init(built_in).clone()
    }

    /// All of them, every version.
    pub fn all(&self) -> Arc<[Arc<Process>]> {
        self.known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Takes the place of what was known.
    pub fn replace(&self, processes: Vec<Arc<Process>>) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = processes.into();
    }

    /// The newest version of each, in the order in which they were loaded.
    pub fn newest(&self) -> Vec<Arc<Process>> {
        let mut newest: Vec<Arc<Process>> = Vec::new();
        for each in self.all().iter() {
            let same = newest
                .iter_mut()
                .find(|other| other.reference.code == each.reference.code);
            match same {
                None => newest.push(each.clone()),
                Some(other) if other.reference.version < each.reference.version => {
                    *other = each.clone();
                }
                Some(_) => {}
            }
        }
        newest
    }

    /// The process that reports of this source open cases of when nobody names one: the one that serves it by default, else
    /// the first that serves it; in its newest version.
    pub fn for_source(&self, source: &str) -> Option<Arc<Process>> {
        let newest = self.newest();
        let by_default = newest.iter().find(|each| each.serves_by_default(source));
        by_default
            .or_else(|| newest.iter().find(|each| each.serves(source)))
            .cloned()
    }

    /// The newest version of the process with this code.
    pub fn by_code(&self, code: &str) -> Option<Arc<Process>> {
        self.newest()
            .into_iter()
            .find(|each| each.reference.code == code)
    }

    /// The very version a case pinned.
    pub fn get(&self, reference: &ProcessRef) -> Option<Arc<Process>> {
        self.all()
            .iter()
            .find(|each| each.reference == *reference)
            .cloned()
    }

    /// Whether some process serves this source.
    pub fn knows_source(&self, source: &str) -> bool {
        self.all().iter().any(|each| each.serves(source))
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
            "must end it",
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
