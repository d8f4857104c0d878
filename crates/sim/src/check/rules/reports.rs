//! What must hold of one report: it is settled when its cases ended and it was called back, and says why it came to nothing.

use casework::lifecycle::report::ReportFact;
use casework::model::ReportStage;
use casework::view::ReportView;

/// One entry of a report's timeline.
#[derive(Debug, Clone)]
pub(in crate::check) struct Told {
    pub(super) fact: ReportFact,
    /// Whether words stand with it.
    pub(super) has_note: bool,
}

/// A report as users see it, in types.
#[derive(Debug, Clone)]
pub(in crate::check) struct Account {
    pub(super) stage: ReportStage,
    /// Whether one of its cases is open.
    pub(super) has_open: bool,
    pub(super) entries: Vec<Told>,
}

impl Account {
    /// None when a fact cannot be read.
    pub(in crate::check) fn of(report: &ReportView, has_open: bool) -> Option<Self> {
        let entries = report.timeline.iter().map(|entry| {
            Some(Told {
                fact: serde_json::from_str(entry.fact.get()).ok()?,
                has_note: entry.note.as_ref().is_some_and(|note| !note.is_empty()),
            })
        });
        Some(Self {
            stage: report.head.stage,
            has_open,
            entries: entries.collect::<Option<_>>()?,
        })
    }

    /// The rules that do not hold. A process settles a report after so many `attempts` that reached nobody.
    pub(in crate::check) fn broken(
        &self,
        attempts: impl Fn(&str) -> u32,
    ) -> impl Iterator<Item = &'static str> {
        [
            (
                "a report is settled when its cases ended and it was called back",
                self.is_settled_rightly(attempts),
            ),
            (
                "a rejection or withdrawal carries words",
                self.has_reasons(),
            ),
        ]
        .into_iter()
        .filter_map(|(rule, holds)| (!holds).then_some(rule))
    }

    /// What came of calls back.
    pub(in crate::check) fn outcomes(&self) -> impl Iterator<Item = &'static str> {
        self.entries.iter().filter_map(|entry| match &entry.fact {
            ReportFact::ReportCalledBack { answered: None, .. } => Some("call_unreached"),
            ReportFact::ReportCalledBack {
                answered: Some(answered),
                ..
            } if answered.solved => Some("call_solved"),
            ReportFact::ReportCalledBack { .. } => Some("call_unsolved"),
            _ => None,
        })
    }

    fn has_reasons(&self) -> bool {
        let needs_reason = |fact: &ReportFact| {
            matches!(
                fact,
                ReportFact::ReportRejected { .. } | ReportFact::ReportWithdrawn { .. }
            )
        };
        self.entries
            .iter()
            .all(|entry| entry.has_note || !needs_reason(&entry.fact))
    }

    fn is_settled_rightly(&self, attempts: impl Fn(&str) -> u32) -> bool {
        let mut needed = 1;
        // How often it was called in vain, while somebody is to be reached.
        let mut in_vain = None;
        for entry in &self.entries {
            match &entry.fact {
                ReportFact::ReportAccepted {
                    process: Some(process),
                    ..
                } => needed = attempts(&process.code),
                ReportFact::ReportCallingBack { .. } => in_vain = Some(0),
                ReportFact::ReportCalledBack { answered: None, .. } => {
                    in_vain = in_vain.map(|calls| calls + 1);
                }
                ReportFact::ReportCalledBack { .. }
                | ReportFact::ReportCaseReopened { .. }
                | ReportFact::ReportRedone { .. } => in_vain = None,
                ReportFact::ReportSettled {} if in_vain.is_some_and(|calls| calls < needed) => {
                    return false;
                }
                _ => {}
            }
        }
        match self.stage {
            ReportStage::Settled => !self.has_open && in_vain.is_none_or(|calls| calls >= needed),
            // Called, and nobody was reached: it is called again.
            ReportStage::CallingBack => !self.has_open,
            ReportStage::Accepted => self.has_open,
            _ => true,
        }
    }
}
