//! What a person did with a case that nobody had to do by some time: it is only counted, for who did it, when it happened. Whatever
//! becomes of the case, it was done.

use super::{Marks, Obligation, ObligationKind, Person};
use crate::lifecycle::Event;
use crate::lifecycle::case::CaseFact;
use crate::lifecycle::handling::HandlingFact;
use crate::lifecycle::overlays::OverlayFact;
use crate::model::{Case, CaseStage, TaskKind, TaskRole};

/// The act that `event` tells of, which happened to `before`; none for most, and for what the platform did itself.
pub(super) fn of_event(before: &Case, event: &Event<CaseFact>) -> Option<Obligation> {
    let by = event.by.as_ref()?;
    let kind = match &event.fact {
        // Again: the first order is given to a case that is filed, or accepted where nothing is.
        CaseFact::CaseDispatched { .. } if before.stage == CaseStage::Handling => {
            ObligationKind::Transfer
        }
        CaseFact::Handling(fact) => of_handling(before, fact)?,
        CaseFact::Overlay(OverlayFact::CaseCancelled { .. }) => ObligationKind::Cancel,
        CaseFact::Overlay(OverlayFact::CaseUrged { .. }) => ObligationKind::Urge,
        CaseFact::Overlay(OverlayFact::CaseSupervised { .. }) => ObligationKind::Demand,
        _ => return None,
    };
    Some(Obligation {
        kind,
        at: event.occurred_at,
        organisation: by.organisation(),
        person: Some(Person::from(by)),
        marks: Marks::default(),
    })
}

fn of_handling(before: &Case, fact: &HandlingFact) -> Option<ObligationKind> {
    match fact {
        HandlingFact::CaseSentBack { .. } | HandlingFact::CaseRuled { task: Some(_), .. } => {
            Some(ObligationKind::Transfer)
        }
        HandlingFact::TaskRerouted { task, .. } if task.role == TaskRole::Lead => {
            Some(ObligationKind::Transfer)
        }
        HandlingFact::VerificationAsked { .. } => Some(ObligationKind::SendVerify),
        HandlingFact::TaskAssigned { task_id, .. } => {
            let task = before.task(*task_id)?;
            let is_sent = task.kind == TaskKind::Inspect && task.assignee.is_none();
            is_sent.then_some(ObligationKind::SendInspect)
        }
        _ => None,
    }
}
