//! What a process says of supervision, extension, suspension, reopening, exclusion, appeals, modes and the ladder of
//! escalation. Every table may be left out; then the defaults here hold, and nothing escalates.

use super::check::Faults;
use crate::clocks::Clock;
use crate::model::{LadderClock, LadderTarget, Level, REVIEWERS_MAX};
use base::Timestamp;
use calendar::Limit;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Days of a window at most: ten years.
const DAYS_MAX: u32 = 3_660;
/// Rungs of all ladders at most.
const RUNGS_MAX: usize = 32;

/// 督办.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupervisionRule {
    /// How long the supervised organisation has to answer, unless a time is given.
    pub limit: Limit,
}

/// 延期.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtensionRule {
    /// How often a task may be extended.
    pub times_max: u32,
    /// How much one extension adds at most.
    pub limit_max: Limit,
}

/// 挂账.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuspensionRule {
    /// How far ahead its end may lie, in days.
    #[serde(default = "suspension_days")]
    pub days_max: u32,
    /// Whether a task that stands still leaves 应处置 until it is due after it; else it stays where it was due before.
    #[serde(default = "leaves_due")]
    pub leaves_due: bool,
}

const fn suspension_days() -> u32 {
    90
}

const fn leaves_due() -> bool {
    true
}

/// A time after closing in which something may still be done.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReopeningRule {
    /// Days after closing.
    pub days: u32,
}

/// 剔除.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExclusionRule {
    /// Whether somebody must approve it.
    pub approval: bool,
}

/// 超时申诉.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppealRule {
    /// Days after closing.
    pub days: u32,
    /// The roles that must approve it, one after the other.
    pub reviewers: Vec<String>,
}

/// 平急: what a mode asks of a case it is applied to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModeRule {
    /// What users read.
    pub name: String,
    /// The level a case has at least.
    pub level: Level,
    /// How long handling may take at most, from then.
    pub handling_limit: Option<Limit>,
}

/// One rung of the ladder of escalation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalationRule {
    /// Which clock it hangs on.
    pub clock: LadderClock,
    /// At so much of the limit; or else `minutes_after`.
    pub at_percent: Option<u32>,
    /// So many minutes after the clock ran out.
    pub minutes_after: Option<u32>,
    /// Whom it tells.
    pub notify: LadderTarget,
    /// Whether it proposes a supervision.
    #[serde(default)]
    pub proposes_supervision: bool,
}

impl EscalationRule {
    /// When this rung of `clock` is reached.
    pub fn at(&self, clock: &Clock) -> Timestamp {
        match (self.at_percent, self.minutes_after) {
            (Some(percent), _) => clock.at_percent(percent),
            // The very instant a clock ends is still in time: what comes after it begins a microsecond later.
            (None, minutes) => Timestamp(clock.due_at.0.saturating_add(1))
                .plus_seconds(i64::from(minutes.unwrap_or_default()) * 60),
        }
    }
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverlayRules {
    /// 督办.
    pub supervision: SupervisionRule,
    /// 延期.
    pub extension: ExtensionRule,
    /// 挂账.
    pub suspension: SuspensionRule,
    /// 重新打开.
    pub reopening: ReopeningRule,
    /// 剔除.
    pub exclusion: ExclusionRule,
    /// 超时申诉.
    pub appeal: AppealRule,
    /// 平急, by word.
    pub modes: BTreeMap<String, ModeRule>,
    /// The ladder.
    pub escalation: Vec<EscalationRule>,
}

impl Default for SupervisionRule {
    fn default() -> Self {
        Self {
            limit: Limit::working_days(1),
        }
    }
}

impl Default for ExtensionRule {
    fn default() -> Self {
        Self {
            times_max: 1,
            limit_max: Limit::working_days(5),
        }
    }
}

impl Default for SuspensionRule {
    fn default() -> Self {
        Self {
            days_max: suspension_days(),
            leaves_due: leaves_due(),
        }
    }
}

impl Default for ReopeningRule {
    fn default() -> Self {
        Self { days: 30 }
    }
}

impl Default for ExclusionRule {
    fn default() -> Self {
        Self { approval: true }
    }
}

impl Default for AppealRule {
    fn default() -> Self {
        Self {
            days: 30,
            reviewers: vec!["dispatcher".to_owned(), "intake_clerk".to_owned()],
        }
    }
}

impl OverlayRules {
    /// The rungs that hang on `clock`, in the order in which they are reached.
    pub fn ladder<'a>(
        &'a self,
        on: LadderClock,
        clock: &Clock,
    ) -> Vec<(Timestamp, &'a EscalationRule)> {
        let mut rungs: Vec<_> = self
            .escalation
            .iter()
            .filter(|rung| rung.clock == on)
            .map(|rung| (rung.at(clock), rung))
            .collect();
        rungs.sort_by_key(|(at, _)| *at);
        rungs
    }

    /// Every place that makes no sense.
    pub(super) fn check(&self, role_is_known: &dyn Fn(&str) -> bool, faults: &mut Faults) {
        for (place, days) in [
            ("suspension.days_max", self.suspension.days_max),
            ("reopening.days", self.reopening.days),
            ("appeal.days", self.appeal.days),
        ] {
            if days > DAYS_MAX {
                faults.add(place, format!("at most {DAYS_MAX} days"));
            }
        }
        if self.appeal.reviewers.is_empty() {
            faults.add("appeal.reviewers", "nobody may review an appeal");
        }
        if self.appeal.reviewers.len() > REVIEWERS_MAX {
            let most = format!("at most {REVIEWERS_MAX} review an appeal");
            faults.add("appeal.reviewers", most);
        }
        for role in &self.appeal.reviewers {
            if !role_is_known(role) {
                faults.add("appeal.reviewers", format!("there is no role {role:?}"));
            }
        }
        for word in self.modes.keys() {
            if !super::check::is_code(word) {
                faults.add(
                    format!("modes.{word}"),
                    "a mode is lower-case letters, digits and hyphens",
                );
            }
        }
        if self.escalation.len() > RUNGS_MAX {
            faults.add("escalation", format!("at most {RUNGS_MAX} rungs"));
        }
        for (n, rung) in self.escalation.iter().enumerate() {
            let place = format!("escalation[{n}]");
            match (rung.at_percent, rung.minutes_after) {
                (Some(percent), None) if (1..=100).contains(&percent) => {}
                (Some(_), None) => faults.add(
                    format!("{place}.at_percent"),
                    "1 to 100 per cent of the limit",
                ),
                (None, Some(_)) => {}
                _ => faults.add(
                    &place,
                    "a rung stands either at_percent of the limit or minutes_after it",
                ),
            }
            let of_report = [LadderClock::Acceptance, LadderClock::Callback].contains(&rung.clock);
            if rung.proposes_supervision && of_report {
                faults.add(
                    format!("{place}.proposes_supervision"),
                    "a case is supervised, not a report",
                );
            }
            if rung.proposes_supervision && rung.notify == LadderTarget::Handler {
                faults.add(
                    format!("{place}.proposes_supervision"),
                    "a handler does not supervise itself",
                );
            }
        }
    }
}
