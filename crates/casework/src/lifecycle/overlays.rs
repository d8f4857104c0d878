//! What lies over the stages of a case: urging, supervision, extension, suspension, importance, exclusion, appeals.

use super::case::CaseFact;
use super::{Circumstances, Event, Refusal};
use crate::model::Case;
use base::Id;
use serde::{Deserialize, Serialize};

/// A thing that happened to a case. No personal text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OverlayFact {
    /// 催办: whoever holds it is reminded.
    CaseUrged {},
}

impl OverlayFact {
    /// The word of its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CaseUrged {} => "case_urged",
        }
    }
}

/// What can be asked of a case.
#[derive(Clone, Debug, PartialEq)]
pub enum OverlayCommand {
    /// 催办.
    Urge {},
}

impl OverlayCommand {
    /// The task it is about, when it is for the task's holder to give it.
    pub const fn task_id(&self) -> Option<Id> {
        match self {
            Self::Urge {} => None,
        }
    }

    /// The operation this is, as in the API, the permissions and the audit.
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::Urge {} => "case_urge",
        }
    }
}

/// What happens when `command` is given. Stage and role have been checked.
pub fn decide(
    case: &Case,
    command: &OverlayCommand,
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Event<CaseFact>>, Refusal> {
    match command {
        OverlayCommand::Urge {} => {
            circumstances.check_time(case.accepted_at)?;
            let fact = OverlayFact::CaseUrged {};
            Ok(vec![circumstances.event(CaseFact::Overlay(fact))])
        }
    }
}

/// The case after `fact`.
pub fn evolve(case: &mut Case, fact: &OverlayFact, _event: &Event<CaseFact>) {
    match fact {
        OverlayFact::CaseUrged {} => case.extra.overlays.urged_count += 1,
    }
}
