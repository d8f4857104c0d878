//! 督办: a formal demand from above with its own deadline, answered by the organisation that holds the case then.

use super::OverlayFact;
use crate::clocks::Clock;
use crate::lifecycle::case::CaseFact;
use crate::lifecycle::{Circumstances, Event, Refusal};
use crate::model::{Actor, Case, NoteRef, OrganisationRef, Supervision};
use base::Timestamp;

/// Who has to do something about the case: the live lead, the inspection under way, or else who keeps it.
fn holder(case: &Case) -> &OrganisationRef {
    let lead = case.lead().filter(|task| task.is_open());
    lead.or_else(|| case.open_inspection())
        .map_or_else(|| case.keeper(), |task| &task.organisation)
}

fn in_force(case: &Case) -> Result<&Supervision, Refusal> {
    let supervision = case.extra.overlays.supervision.as_ref();
    supervision
        .filter(|each| each.ended_at.is_none())
        .ok_or(Refusal::NotSupervised)
}

pub(super) fn supervise(
    case: &Case,
    due_at: Option<Timestamp>,
    demand: &NoteRef,
    circumstances: &Circumstances<'_>,
) -> Result<OverlayFact, Refusal> {
    if in_force(case).is_ok() {
        return Err(Refusal::SupervisedAlready);
    }
    let at = circumstances.occurred_at;
    let clock = match due_at {
        Some(due_at) if due_at <= at => return Err(Refusal::DatePassed),
        Some(due_at) => Clock::between(at, due_at),
        None => {
            let limit = &circumstances.process.overlays.supervision.limit;
            circumstances.reckoner.clock(at, limit)
        }
    };
    Ok(OverlayFact::CaseSupervised {
        organisation: holder(case).clone(),
        by: circumstances.actor.map(Actor::organisation),
        clock,
        demand: demand.clone(),
    })
}

pub(super) fn reply(
    case: &Case,
    reply: &NoteRef,
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Event<CaseFact>>, Refusal> {
    let supervision = in_force(case)?;
    let holder = &supervision.organisation.path;
    let is_theirs = circumstances.actor.is_none_or(|actor| {
        actor.organisation_path.contains(holder) || holder.contains(&actor.organisation_path)
    });
    if !is_theirs {
        return Err(Refusal::SupervisionOfOther);
    }
    let mut events = due(case, circumstances.occurred_at, circumstances);
    let fact = OverlayFact::SupervisionReplied {
        reply: reply.clone(),
    };
    events.push(circumstances.event(CaseFact::Overlay(fact)));
    Ok(events)
}

pub(super) fn end(
    case: &Case,
    opinion: Option<&NoteRef>,
    circumstances: &Circumstances<'_>,
) -> Result<Vec<Event<CaseFact>>, Refusal> {
    in_force(case)?;
    let mut events = due(case, circumstances.occurred_at, circumstances);
    let fact = OverlayFact::SupervisionEnded {
        opinion: opinion.cloned(),
    };
    events.push(circumstances.event(CaseFact::Overlay(fact)));
    Ok(events)
}

/// The overdue fact, when by `at` nobody has answered and it is not on record yet. Of a cancelled or merged case nothing is
/// demanded any more.
pub(super) fn due(
    case: &Case,
    at: Timestamp,
    circumstances: &Circumstances<'_>,
) -> Vec<Event<CaseFact>> {
    if !case.stage.is_on_the_way() {
        return Vec::new();
    }
    let Ok(supervision) = in_force(case) else {
        return Vec::new();
    };
    let clock = supervision.clock;
    if supervision.replied_at.is_some() || supervision.overdue || !clock.is_overdue(at) {
        return Vec::new();
    }
    vec![circumstances.run_out(clock.due_at, |late| {
        CaseFact::Overlay(OverlayFact::SupervisionOverdue {
            due_at: clock.due_at,
            late,
        })
    })]
}

pub(super) fn evolve(case: &mut Case, fact: &OverlayFact, event: &Event<CaseFact>) {
    let overlays = &mut case.extra.overlays;
    if let OverlayFact::CaseSupervised {
        organisation,
        by,
        clock,
        ..
    } = fact
    {
        overlays.supervised_count += 1;
        if let Some(by) = by
            && !overlays.supervisors.contains(by)
        {
            overlays.supervisors.push(by.clone());
        }
        overlays.supervision = Some(Supervision {
            organisation: organisation.clone(),
            by: by.clone(),
            clock: *clock,
            replied_at: None,
            ended_at: None,
            overdue: false,
        });
        return;
    }
    let Some(supervision) = &mut overlays.supervision else {
        return;
    };
    match fact {
        OverlayFact::SupervisionReplied { .. } => {
            // The first answer is the one that was in time or not.
            supervision.replied_at.get_or_insert(event.occurred_at);
        }
        OverlayFact::SupervisionEnded { .. } => supervision.ended_at = Some(event.occurred_at),
        OverlayFact::SupervisionOverdue { .. } => supervision.overdue = true,
        _ => {}
    }
}
