//! What a process says about returning, verifying, inspecting and self-handling; what it leaves out is as here by default.

use super::MinutesByLevel;
use serde::Deserialize;

/// 退单.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReturnsRule {
    /// How often a case may be returned to dispatch; then a ruling (裁定) may be demanded.
    pub max: i64,
    /// How long after it was given a task may be returned; as long as it may be accepted when left out.
    pub within_minutes: Option<MinutesByLevel>,
}

impl Default for ReturnsRule {
    fn default() -> Self {
        Self {
            max: 2,
            within_minutes: None,
        }
    }
}

/// 核实.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerificationRule {
    /// How long it may take.
    pub limit_minutes: MinutesByLevel,
}

impl Default for VerificationRule {
    fn default() -> Self {
        Self {
            limit_minutes: MinutesByLevel {
                normal: 120,
                urgent: 60,
                critical: 60,
            },
        }
    }
}

/// How a case is inspected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InspectionMode {
    /// At the desk, by whoever gives the result.
    #[default]
    Desk,
    /// In the field: the task is assigned and accepted first.
    Field,
}

/// 核查.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InspectionRule {
    /// At the desk or in the field.
    pub mode: InspectionMode,
    /// Why no inspection is needed, where the process has none.
    pub left_out_reason: Option<String>,
}

/// What becomes of a case that its reporter handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelfHandlingThen {
    /// It is inspected like any other.
    #[default]
    Inspecting,
    /// It is closed at once.
    Closed,
}

/// 即采即办.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SelfHandlingRule {
    /// Where the case goes.
    pub then: SelfHandlingThen,
    /// When it is closed at once: why no inspection is needed.
    pub reason: Option<String>,
    /// Whether the one who handled it may inspect it.
    pub handler_may_inspect: bool,
}
