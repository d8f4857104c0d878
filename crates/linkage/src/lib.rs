//! What follows from what, on one page.
//!
//! Subjects do not call sideways: they tell the outbox what happened, and here stands what follows.
//!
//! | when | then |
//! |---|---|
//! | `case_dispatched` | each organisation with a task gets the notice `task_assigned` |
//! | `case_handled` | the organisation that filed the case gets the notice `inspection_assigned` |
//! | `case_inspected`, failed | each organisation whose task is opened again gets the notice `task_reopened` |
//! | `task_delegated`, `task_called`, `task_rerouted`, `verification_asked`, `case_ruled` with a new task | who gets the task gets the notice `task_assigned` (`verification_assigned`) |
//! | `task_returned` | who has to deal with the return gets the notice `task_returned` |
//! | `task_revoked`, `case_ruled` | whose task ends by it gets the notice `task_revoked` |
//! | `case_verified` | the organisation that accepted the case gets the notice `case_verified` |
//! | `task_overdue` | the organisation that holds the task gets the notice `task_overdue` |
//! | `case_urged` | each organisation that has something to do gets the notice `case_urged` |
//! | `case_recalled` | within 8 seconds of the dispatch, its notices that nobody has read are withdrawn; else as below |
//! | `case_recalled`, `case_cancelled` | each organisation whose task was taken back gets the notice `task_revoked` |
//! | `case_reopened` | each organisation whose task is opened again gets the notice `task_reopened` |
//! | `extension_decided`, `suspension_decided`, `suspension_ended`, `appeal_reviewed` (decided) | the task's holder is told |
//! | `extension_requested`, `suspension_requested`, `appeal_filed` | who keeps the case is told |
//! | `case_supervised` | the organisation that must answer gets the notice `case_supervised` |
//! | `supervision_replied`, `supervision_overdue` | who demanded it is told; who must answer, too, when it is overdue |
//! | `task_assigned` | the person it is given to gets the notice `task_assigned` |
//! | `ruling_demanded` | who keeps the case gets the notice `ruling_demanded` |
//! | `report_calling_back` | the organisation that must call gets the notice `callback_assigned` |
//! | `report_overdue` | the organisation that received the report gets the notice `report_overdue` |
//! | `report_assigned` | the person it is given to gets the notice `report_assigned` |
//! | `report_accepted`, `report_answered`, `report_rejected`, `report_calling_back`, `report_settled` | whoever told it gets a message on the phone, if they gave one |
//! | `report_escalated` | who the rung names is told: who has it in hand, or a role of the organisation that received the report |
//! | `report_callback_overdue` | the organisation that must call gets the notice `callback_overdue` |
//! | `registry_changed`, zones | all cases are looked at again for the zones they lie in |
//! | `clock_escalated` | who the rung names is told: the holder, or who keeps the case |
//! | `stage_overdue` | who keeps the case gets the notice `stage_overdue` |
//! | `case_brought_in` | nothing, nor from what was brought in with it |
//!
//! Every consequence is written in the transaction that moves the consumer's cursor, and notices carry a key under which a
//! repeated one has no effect: a crash loses nothing and doubles nothing.

mod overlays;

use access::{NoticeNew, notice_put};
use base::{Id, Timestamp};
use casework::lifecycle::case::CaseFact;
use casework::lifecycle::handling::HandlingFact;
use casework::lifecycle::report::ReportFact;
use casework::lifecycle::{Event, Fact};
use casework::model::{LadderTarget, OrganisationRef, TaskKind};
use casework::{Told, case_told, report_told};
use portal::{MessageKind, message_put};
use registry::Part;
use store::{Consumer, PlacedEntry, Store, StoreError, Tx};

/// The consumer of the outbox that draws the consequences.
pub struct Linkage {
    store: Store,
}

/// The events of cases that something follows from, besides those of [`overlays::KINDS`].
const KINDS: [&str; 14] = [
    "case_dispatched",
    "case_handled",
    "case_inspected",
    "task_overdue",
    "task_delegated",
    "task_called",
    "task_rerouted",
    "task_assigned",
    "ruling_demanded",
    "task_returned",
    "task_revoked",
    "case_ruled",
    "verification_asked",
    "case_verified",
];

/// The events of reports that something follows from.
const REPORT_KINDS: [&str; 9] = [
    "report_assigned",
    "report_escalated",
    "report_calling_back",
    "report_callback_overdue",
    "report_overdue",
    "report_accepted",
    "report_answered",
    "report_rejected",
    "report_settled",
];

/// A consequence: somebody should know.
struct Due {
    kind: &'static str,
    task_id: Id,
    case_id: Id,
    seq: i64,
    at: Timestamp,
    organisation: OrganisationRef,
    /// Only this person of the organisation.
    staff_id: Option<Id>,
}

impl Linkage {
    /// The consumer for this store.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    fn put(&self, tx: &mut Tx<'_>, due: &Due) -> Result<(), StoreError> {
        notice_put(tx, &self.notice(due)).map(drop)
    }

    fn notice(&self, due: &Due) -> NoticeNew {
        NoticeNew {
            id: self.store.next_id(),
            organisation_id: due.organisation.id,
            organisation_path: due.organisation.path.clone(),
            staff_id: due.staff_id,
            kind: due.kind.to_owned(),
            subject_id: due.case_id,
            body: serde_json::json!({ "case_id": due.case_id, "task_id": due.task_id }).to_string(),
            dedupe_key: format!("{}:{}:{}", due.kind, due.task_id, due.seq),
            at: due.at,
        }
    }
}

impl Consumer for Linkage {
    fn name(&self) -> &'static str {
        "linkage"
    }

    fn handle(&self, tx: &mut Tx<'_>, entry: &PlacedEntry) -> Result<(), StoreError> {
        if entry.kind == registry::REGISTRY_CHANGED {
            return self.follow_registry(tx, entry);
        }
        if entry.kind != CaseFact::CHANGED && entry.kind != ReportFact::CHANGED {
            return Ok(());
        }
        let told: Told<'_> = serde_json::from_str(&entry.body).map_err(|error| {
            StoreError::Corrupt(format!("outbox entry {}: {error}", entry.place))
        })?;
        if entry.kind == ReportFact::CHANGED {
            return self.follow_report(tx, &told);
        }
        // What was done in another system is nobody's news: what goes on here lies in its boxes.
        if told.kinds.iter().any(|kind| kind == "case_brought_in") {
            return Ok(());
        }
        let matters = |kind: &str| KINDS.contains(&kind) || overlays::KINDS.contains(&kind);
        if !told.kinds.iter().any(|kind| matters(kind)) {
            return Ok(());
        }
        for (seq, event) in case_told(tx, &told)? {
            self.follow(tx, told.subject_id, seq, &event)?;
        }
        Ok(())
    }
}

/// What whoever told it is told of it.
fn message_of(fact: &ReportFact) -> Option<MessageKind> {
    Some(match fact {
        ReportFact::ReportAccepted { .. } => MessageKind::Accepted,
        ReportFact::ReportAnswered { .. } => MessageKind::Answered,
        ReportFact::ReportRejected { .. } => MessageKind::Rejected,
        ReportFact::ReportCallingBack { .. } => MessageKind::Asking,
        ReportFact::ReportSettled {} => MessageKind::Settled,
        _ => return None,
    })
}

impl Linkage {
    fn follow_registry(&self, tx: &mut Tx<'_>, entry: &PlacedEntry) -> Result<(), StoreError> {
        if Part::changed(&entry.body) == Part::Zones {
            casework::zones_changed(tx, self.store.next_id(), entry.at)?;
        }
        Ok(())
    }

    fn follow_report(&self, tx: &mut Tx<'_>, told: &Told<'_>) -> Result<(), StoreError> {
        let matters = |kind: &str| REPORT_KINDS.contains(&kind);
        if !told.kinds.iter().any(|kind| matters(kind)) {
            return Ok(());
        }
        for (seq, event) in report_told(tx, told)? {
            if let Some(kind) = message_of(&event.fact) {
                let id = self.store.next_id();
                message_put(tx, id, told.subject_id, seq, kind, event.recorded_at)?;
            }
            let receiver = |tx: &mut Tx<'_>| casework::report_received_by(tx, told.subject_id);
            // Of no task where nobody has taken it on yet.
            let (mut staff_id, mut role) = (None, None);
            let (kind, task_id, organisation) = match event.fact {
                ReportFact::ReportOverdue { .. } => {
                    ("report_overdue", told.subject_id, receiver(tx)?)
                }
                ReportFact::ReportCallingBack {
                    task_id,
                    organisation,
                    ..
                } => ("callback_assigned", task_id, organisation),
                ReportFact::ReportCallbackOverdue { task_id, .. } => {
                    let holder = casework::task_holder(tx, task_id)?;
                    ("callback_overdue", task_id, holder)
                }
                ReportFact::ReportAssigned { staff_id: person } => {
                    staff_id = Some(person);
                    ("report_assigned", told.subject_id, receiver(tx)?)
                }
                ReportFact::ReportEscalated {
                    task_id,
                    notify,
                    staff_id: person,
                    ..
                } => {
                    match notify {
                        LadderTarget::Handler => staff_id = person,
                        _ => role = Some(notify.as_str()),
                    }
                    let task_id = task_id.unwrap_or(told.subject_id);
                    ("clock_escalated", task_id, receiver(tx)?)
                }
                _ => continue,
            };
            let mut notice = self.notice(&Due {
                kind,
                task_id,
                case_id: told.subject_id,
                seq,
                at: event.recorded_at,
                organisation,
                staff_id,
            });
            let mut body = serde_json::json!({ "report_id": told.subject_id });
            if task_id != told.subject_id {
                body["task_id"] = serde_json::json!(task_id);
            }
            if let Some(role) = role {
                body["role"] = serde_json::json!(role);
            }
            notice.body = body.to_string();
            notice_put(tx, &notice)?;
        }
        Ok(())
    }

    fn follow(
        &self,
        tx: &mut Tx<'_>,
        case_id: Id,
        seq: i64,
        event: &Event<CaseFact>,
    ) -> Result<(), StoreError> {
        let due = |kind, task_id, organisation| Due {
            kind,
            task_id,
            case_id,
            seq,
            at: event.recorded_at,
            organisation,
            staff_id: None,
        };
        match &event.fact {
            CaseFact::CaseDispatched { tasks, .. } => {
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
            CaseFact::Handling(fact) => self.follow_handling(tx, case_id, fact, &due),
            CaseFact::Overlay(fact) => {
                for notice in overlays::notices(tx, case_id, fact, event.recorded_at)? {
                    let id = self.store.next_id();
                    notice_put(tx, &notice.into_new(id, case_id, seq, event.recorded_at))?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn follow_handling(
        &self,
        tx: &mut Tx<'_>,
        case_id: Id,
        fact: &HandlingFact,
        due: &dyn Fn(&'static str, Id, OrganisationRef) -> Due,
    ) -> Result<(), StoreError> {
        if let Some(task) = fact.opened() {
            let kind = if task.kind == TaskKind::Verify {
                "verification_assigned"
            } else {
                "task_assigned"
            };
            self.put(tx, &due(kind, task.id, task.organisation.clone()))?;
        }
        match fact {
            HandlingFact::TaskAssigned { task_id, staff_id } => {
                let holder = casework::task_holder(tx, *task_id)?;
                let told = Due {
                    staff_id: Some(*staff_id),
                    ..due("task_assigned", *task_id, holder)
                };
                self.put(tx, &told)
            }
            HandlingFact::RulingDemanded { task_id, .. } => {
                let keeper = casework::case_now(tx, case_id)?.keeper().clone();
                self.put(tx, &due("ruling_demanded", *task_id, keeper))
            }
            HandlingFact::TaskReturned { task_id, to, .. } => {
                self.put(tx, &due("task_returned", *task_id, to.clone()))
            }
            HandlingFact::TaskRevoked { task_id, with, .. } => {
                self.tell_revoked(tx, std::iter::once(task_id).chain(with), due)
            }
            HandlingFact::CaseRuled { revoked, .. } => self.tell_revoked(tx, revoked.iter(), due),
            HandlingFact::CaseVerified { task_id, .. } => {
                let accepted_by = casework::case_accepted_by(tx, case_id)?;
                self.put(tx, &due("case_verified", *task_id, accepted_by))
            }
            _ => Ok(()),
        }
    }

    fn tell_revoked<'a>(
        &self,
        tx: &mut Tx<'_>,
        tasks: impl Iterator<Item = &'a Id>,
        due: &dyn Fn(&'static str, Id, OrganisationRef) -> Due,
    ) -> Result<(), StoreError> {
        for id in tasks {
            let holder = casework::task_holder(tx, *id)?;
            self.put(tx, &due("task_revoked", *id, holder))?;
        }
        Ok(())
    }
}
