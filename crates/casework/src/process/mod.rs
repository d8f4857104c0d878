//! Processes (流程): which stages a kind of case goes through, who may take which step, and how long each stage may last.
//!
//! A process is a versioned document. What a step *does* is the law's affair ([`crate::lifecycle`]); a process can leave
//! steps out, bind them to roles and set their limits, and a document that makes no sense is refused when it is loaded, with
//! every place that is wrong.

mod check;
pub mod condition;
mod family;
pub mod form;
mod handling;
mod known;
mod overlays;
mod steps;

pub use check::takes_form;
pub use condition::Condition;
pub use form::FormField;
pub use handling::{
    InspectionMode, InspectionRule, ReturnsRule, SelfHandlingRule, SelfHandlingThen,
    VerificationRule,
};
pub use known::Processes;
pub use overlays::{
    AppealRule, EscalationRule, ExclusionRule, ExtensionRule, ModeRule, OverlayRules,
    ReopeningRule, SupervisionRule, SuspensionRule,
};
pub use steps::steps;

use crate::clocks::Clock;
use crate::model::{CaseStage, Level, ProcessRef};
use base::Timestamp;
use calendar::Limit;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

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
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionRule {
    /// What users read.
    pub name: String,
    /// The roles that may take it.
    pub roles: Vec<String>,
    /// What must hold of the case; see [`condition`].
    pub condition: Option<String>,
    /// What has to be filled in when it is taken; see [`form`].
    #[serde(default)]
    pub form: Vec<FormField>,
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
    #[serde(default)]
    acceptance: AcceptanceRule,
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

/// 受理时限: how long a report may wait in the pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AcceptanceRule {
    /// Until somebody has decided on it; nothing is asked when left out.
    pub limit_minutes: Option<MinutesByLevel>,
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
#[derive(Clone, Debug, PartialEq)]
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
    /// 受理时限.
    pub acceptance: AcceptanceRule,
    /// Supervision, extension, suspension and what else lies over the stages.
    pub overlays: OverlayRules,
    sources: BTreeSet<String>,
    default_sources: BTreeSet<String>,
    stages: BTreeMap<CaseStage, StageRule>,
    actions: BTreeMap<&'static str, ActionRule>,
    conditions: BTreeMap<&'static str, Condition>,
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
            acceptance: document.acceptance,
            default_sources: document.default_sources.into_iter().collect(),
            sources: document.sources.into_iter().collect(),
            stages: document
                .stages
                .into_iter()
                .filter_map(|(word, rule)| Some((CaseStage::parse(&word)?, rule)))
                .collect(),
            conditions: document
                .actions
                .iter()
                .filter_map(|(operation, rule)| {
                    let condition = Condition::parse(rule.condition.as_deref()?).ok()?;
                    Some((step(operation)?.operation, condition))
                })
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

    /// What has to be filled in when an action is taken.
    pub fn form(&self, operation: &str) -> &[FormField] {
        self.actions
            .get(operation)
            .map_or(&[], |rule| rule.form.as_slice())
    }

    /// What must hold of a case for an action to be taken.
    pub fn condition(&self, operation: &str) -> Option<&Condition> {
        self.conditions.get(operation)
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
                || (step.operation == "case_dispatch" && stage == self.dispatch_stage())
        })
    }

    /// The stage in which a case waits to be dispatched: without filing (立案) that is the one it was accepted in.
    pub fn dispatch_stage(&self) -> CaseStage {
        if self.uses(CaseStage::Filed) {
            CaseStage::Filed
        } else {
            CaseStage::Accepted
        }
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

    /// What users call the step; its own word when the process does not bind it.
    pub fn action_name<'a>(&'a self, operation: &'a str) -> &'a str {
        self.actions
            .get(operation)
            .map_or(operation, |rule| rule.name.as_str())
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

    /// The clock within which somebody must decide on a report that came in at `at`.
    pub fn acceptance_clock(&self, level: Level, at: Timestamp) -> Option<Clock> {
        let limit = self.acceptance.limit_minutes?;
        Some(Clock::over_minutes(at, limit.of(level)))
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

#[cfg(test)]
mod tests;
