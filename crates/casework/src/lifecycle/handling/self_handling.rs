//! 即采即办 / 自行处置: who found it put it right at once. The case is filed, handled and awaits inspection, or is closed, as
//! the process says.

use super::{HandlingFact, fact};
use crate::clocks::Clock;
use crate::lifecycle::case::CaseFact;
use crate::lifecycle::decide::{file, inspection};
use crate::lifecycle::{Circumstances, Event, Refusal};
use crate::model::{Case, NoteRef, TaskKind, TaskOpened, TaskRole};
use crate::process::SelfHandlingThen;
use base::Id;

pub(super) fn self_handle(
    case: &Case,
    rule_row_id: Option<Id>,
    result: Option<&NoteRef>,
    (task_id, inspection_id): (Id, Id),
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Event<CaseFact>>, Refusal> {
    let organisation = circumstances.actor.map_or_else(
        || case.accepted_by.clone(),
        crate::model::Actor::organisation,
    );
    let result = result.cloned().ok_or(Refusal::ResultRequired)?;
    let rule = &circumstances.process.self_handling;
    let uninspected_because = match rule.then {
        SelfHandlingThen::Inspecting => None,
        SelfHandlingThen::Closed => rule.reason.clone(),
    };
    let mut events = file(case, rule_row_id, circumstances)?;
    let at = circumstances.occurred_at;
    events.push(fact(
        circumstances,
        HandlingFact::CaseSelfHandled {
            task: TaskOpened {
                id: task_id,
                kind: TaskKind::Handle,
                role: TaskRole::Lead,
                organisation,
                response: None,
                // It was put right before it was told.
                handling: Clock::between(at, at),
            },
            uninspected_because,
        },
    ));
    events.push(circumstances.event(CaseFact::TaskFinished {
        task_id,
        result: Some(result),
    }));
    events.push(circumstances.event(match rule.then {
        SelfHandlingThen::Inspecting => {
            let filed = events
                .iter()
                .fold(case.clone(), crate::lifecycle::case::evolve);
            CaseFact::CaseHandled {
                inspection: inspection(&filed, inspection_id, circumstances)?,
            }
        }
        SelfHandlingThen::Closed => CaseFact::CaseClosed {
            rule_row_id: circumstances.rule.map(|rule| rule.id),
            rule_row_version: circumstances.rule.map(|rule| rule.version),
            opinion: None,
        },
    }));
    Ok(events)
}
