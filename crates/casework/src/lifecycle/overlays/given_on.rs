//! What was given on (转派, 吹哨) follows whoever gave it: no child is due after its parent, and none runs while its parent stands
//! still.
//!
//! - A child that is due when its parent is stays so when the parent's deadline moves. Any other child keeps its deadline, unless
//!   the parent's comes to lie before it: then it is cut to that.
//! - When a parent is suspended, its open children are suspended with it, for as long; when that is ended early, so are they.
//!
//! This is decided after every command, from the state before and after it, so no command has to think of it.

use super::waiting::{resumed, stretched};
use super::{OverlayFact, SuspensionGranted, TaskClock};
use crate::clocks::Clock;
use crate::lifecycle::case::{self, CaseFact};
use crate::lifecycle::{Circumstances, Event};
use crate::model::{Case, ClockKind, Task, TaskSuspension};
use base::Id;
use std::collections::BTreeMap;

/// Adds to `events` what follows from them for tasks that were given on.
pub(in crate::lifecycle) fn follow(
    before: &Case,
    events: &mut Vec<Event<CaseFact>>,
    circumstances: &Circumstances<'_>,
) {
    if !before.tasks.iter().any(|task| task.giver_id().is_some()) {
        return;
    }
    let after = events.iter().fold(before.clone(), case::evolve);
    let suspensions = suspensions(before, &after, circumstances);
    let after = suspensions.iter().fold(after, case::evolve);
    events.extend(suspensions);
    let tasks = clocks(before, &after);
    if !tasks.is_empty() {
        let followed = OverlayFact::ClocksFollowed { tasks };
        events.push(circumstances.event(CaseFact::Overlay(followed)));
    }
}

fn suspension(case: &Case, id: Id) -> Option<&TaskSuspension> {
    case.task(id)?.extra.overlays.suspension.as_ref()
}

/// The open tasks given on from `id`, at any depth, without itself.
fn below(case: &Case, id: Id) -> impl Iterator<Item = &Task> {
    let line = case.open_line(id);
    line.into_iter()
        .filter(move |each| *each != id)
        .filter_map(|each| case.task(each))
}

fn suspensions(
    before: &Case,
    after: &Case,
    circumstances: &Circumstances<'_>,
) -> Vec<Event<CaseFact>> {
    let mut facts: BTreeMap<Id, OverlayFact> = BTreeMap::new();
    for task in after.tasks.iter().filter(|task| task.is_open()) {
        match (suspension(before, task.id), suspension(after, task.id)) {
            (None, Some(begun)) => {
                for child in below(after, task.id) {
                    if child.is_suspended() || begun.from >= child.handling.due_at {
                        continue;
                    }
                    let (from, until) = (begun.from, begun.until);
                    let handling = stretched(after, &child.handling, (from, until), circumstances);
                    let granted = Some(SuspensionGranted {
                        from,
                        until,
                        handling,
                    });
                    facts
                        .entry(child.id)
                        .or_insert(OverlayFact::SuspensionDecided {
                            task_id: child.id,
                            granted,
                            opinion: None,
                        });
                }
            }
            (Some(ended), None) => {
                for child in below(after, task.id) {
                    let own = suspension(after, child.id)
                        .filter(|own| (own.from, own.until) == (ended.from, ended.until));
                    let Some(own) = own else { continue };
                    let handling = resumed(after, own, circumstances.occurred_at, circumstances);
                    facts
                        .entry(child.id)
                        .or_insert(OverlayFact::SuspensionEnded {
                            task_id: child.id,
                            handling,
                            expired: false,
                            reason: None,
                        });
                }
            }
            _ => {}
        }
    }
    facts
        .into_values()
        .map(|fact| circumstances.event(CaseFact::Overlay(fact)))
        .collect()
}

/// The clocks of children that have to change, parents before children.
fn clocks(before: &Case, after: &Case) -> Vec<TaskClock> {
    let mut handling: BTreeMap<Id, Clock> = BTreeMap::new();
    let mut changed = Vec::new();
    for child in after.tasks.iter().filter(|task| task.is_open()) {
        let own = child.handling;
        let parent = child
            .giver_id()
            .and_then(|id| after.task(id))
            .filter(|parent| parent.is_open());
        let Some(parent) = parent else { continue };
        let due_at = handling
            .get(&parent.id)
            .map_or(parent.handling.due_at, |clock| clock.due_at);
        let was_due_with = before
            .task(child.id)
            .zip(before.task(parent.id))
            .is_some_and(|(then, parent)| {
                then.handling.due_at == parent.handling.due_at && then.handling.due_at == own.due_at
            });
        let mut now = own;
        if own.due_at > due_at || (was_due_with && own.due_at < due_at) {
            now = Clock::between(own.started_at.min(due_at), due_at);
            handling.insert(child.id, now);
            changed.push(TaskClock {
                task_id: child.id,
                kind: ClockKind::Handling,
                clock: now,
            });
        }
        if child
            .response
            .is_some_and(|response| response.due_at > now.due_at)
        {
            changed.push(TaskClock {
                task_id: child.id,
                kind: ClockKind::Response,
                clock: now,
            });
        }
    }
    changed
}
