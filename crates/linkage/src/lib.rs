//! What follows from what, on one page.
//!
//! Subjects do not call sideways: they tell the outbox what happened, and here stands what follows.
//!
//! | when | then |
//! |---|---|
//! | `case_dispatched` | each organisation with a task gets the notice `task_assigned` |
//! | `case_handled` | the organisation that filed the case gets the notice `inspection_assigned` |
//! | `case_inspected`, failed | each organisation whose task is opened again gets the notice `task_reopened` |
//! | `task_overdue` | the organisation that holds the task gets the notice `task_overdue` |
//!
//! Every consequence is written in the transaction that moves the consumer's cursor, and notices carry a key under which a
//! repeated one has no effect: a crash loses nothing and doubles nothing.

use access::{NoticeNew, notice_put};
use base::{Id, Timestamp};
use casework::lifecycle::case::CaseFact;
use casework::model::OrganisationRef;
use serde::Deserialize;
use serde_json::value::RawValue;
use store::{Consumer, PlacedEntry, Store, StoreError, Tx};

/// The consumer of the outbox that draws the consequences.
pub struct Linkage {
    store: Store,
}

/// The kinds of outbox entries that something follows from.
const KINDS: [&str; 4] = [
    "case_dispatched",
    "case_handled",
    "case_inspected",
    "task_overdue",
];

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    fact: &'a RawValue,
}

/// A consequence: somebody should know.
struct Due {
    kind: &'static str,
    task_id: Id,
    case_id: Id,
    place: i64,
    at: Timestamp,
    organisation: OrganisationRef,
}

impl Linkage {
    /// The consumer for this store.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    fn put(&self, tx: &mut Tx<'_>, due: &Due) -> Result<(), StoreError> {
        let notice = NoticeNew {
            id: self.store.next_id(),
            organisation_id: due.organisation.id,
            organisation_path: due.organisation.path.clone(),
            staff_id: None,
            kind: due.kind.to_owned(),
            subject_id: due.case_id,
            body: serde_json::json!({ "case_id": due.case_id, "task_id": due.task_id }).to_string(),
            dedupe_key: format!("{}:{}:{}", due.kind, due.task_id, due.place),
            at: due.at,
        };
        notice_put(tx, &notice).map(drop)
    }
}

impl Consumer for Linkage {
    fn name(&self) -> &'static str {
        "linkage"
    }

    fn handle(&self, tx: &mut Tx<'_>, entry: &PlacedEntry) -> Result<(), StoreError> {
        if !KINDS.contains(&entry.kind.as_str()) {
            return Ok(());
        }
        let fact = fact_of(entry)?;
        let due = |kind, task_id, organisation| Due {
            kind,
            task_id,
            case_id: entry.key,
            place: entry.place,
            at: entry.at,
            organisation,
        };
        match &fact {
            CaseFact::CaseDispatched { tasks } => {
                for task in tasks {
                    self.put(
                        tx,
                        &due("task_assigned", task.id, task.organisation.clone()),
                    )?;
                }
                Ok(())
            }
            CaseFact::CaseHandled { inspection } => self.put(
                tx,
                &due(
                    "inspection_assigned",
                    inspection.id,
                    inspection.organisation.clone(),
                ),
            ),
            CaseFact::CaseInspected { reopened, .. } => {
                for again in reopened {
                    let holder = casework::task_holder(tx, again.task_id)?;
                    self.put(tx, &due("task_reopened", again.task_id, holder))?;
                }
                Ok(())
            }
            CaseFact::TaskOverdue { task_id, .. } => {
                let holder = casework::task_holder(tx, *task_id)?;
                self.put(tx, &due("task_overdue", *task_id, holder))
            }
            _ => Ok(()),
        }
    }
}

fn fact_of(entry: &PlacedEntry) -> Result<CaseFact, StoreError> {
    let unreadable = |error: serde_json::Error| {
        StoreError::Corrupt(format!("outbox entry {}: {error}", entry.place))
    };
    let told: Told<'_> = serde_json::from_str(&entry.body).map_err(unreadable)?;
    serde_json::from_str(told.fact.get()).map_err(unreadable)
}
