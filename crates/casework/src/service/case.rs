//! Commands on cases and their tasks.

use super::{Call, Casework, Filled, answer_text, answered, process_missing, sealed};
use crate::failure::CaseworkError;
use crate::input::{
    CaseCloseRequest, CaseDispatchRequest, CaseFileRequest, CaseInspectResultRequest,
    TaskAcceptRequest, TaskFinishRequest, check_remark,
};
use crate::lifecycle::case::{self, CaseFact};
use crate::lifecycle::course;
use crate::lifecycle::decide::{self, CaseCommand, TaskNew};
use crate::lifecycle::{Circumstances, Event, RuleFacts};
use crate::model::{Actor, Case, Digest, FileRef, NoteRef, TAKE_FILES};
use crate::process::{Process, form};
use crate::store::attachments::{self, Owner};
use crate::store::read::{self, CaseKey};
use crate::store::write::{self, Concern};
use crate::view::CaseStateView;
use ::store::idempotency::{self, Once};
use ::store::{AuditEntry, StoreError, Tx};
use access::Principal;
use base::path::TreePath;
use base::{FieldError, Id, Timestamp};
use std::sync::Arc;

/// A command with all it needs, ready to be run as often as the store likes.
pub(super) struct Order {
    key: CaseKey,
    command: CaseCommand,
    /// A sealed note to store with it.
    pub(super) note: Option<(Id, Vec<u8>)>,
    pub(super) rule: Option<RuleFacts>,
    pub(super) occurred_at: Option<Timestamp>,
    expected_version: Option<i64>,
    once: Option<Once>,
    principal: Arc<Principal>,
    pub(super) form: Option<Filled>,
    pub(super) attachment_ids: Vec<Id>,
}

impl Order {
    pub(super) fn new(call: &Call, key: CaseKey, command: CaseCommand, once: Option<Once>) -> Self {
        Self {
            key,
            command,
            note: None,
            rule: None,
            occurred_at: None,
            expected_version: call.expected_version,
            once,
            principal: call.principal.clone(),
            form: call.form.clone(),
            attachment_ids: call.attachment_ids.clone(),
        }
    }
}

/// What goes with a command besides what the law asks for.
struct With {
    filled: Option<NoteRef>,
    files: Vec<FileRef>,
}

impl Casework {
    /// 立案: cites a rule row, whose version and limit are pinned.
    pub async fn case_file(
        &self,
        call: &Call,
        case_id: Id,
        input: CaseFileRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        let once = self.once(call, "case_file", Some(case_id), &input)?;
        let command = CaseCommand::File {
            rule_row_id: input.rule_row_id,
        };
        let mut order = Order::new(call, CaseKey::Case(case_id), command, once);
        order.rule = input
            .rule_row_id
            .and_then(|id| self.parts().city.rule_row(id));
        self.run(order).await
    }

    /// 派遣: one lead and any number of co-handlers, each a task with its two clocks.
    pub async fn case_dispatch(
        &self,
        call: &Call,
        case_id: Id,
        input: CaseDispatchRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        let mut wrong = input.check();
        let mut task = |field: String, id: Id| {
            let found = self.known_organisation(field, id, &mut wrong);
            found.map(|facts| TaskNew {
                id: self.next_id(),
                organisation: facts.organisation,
            })
        };
        let lead = task(
            "lead_organisation_id".to_owned(),
            input.lead_organisation_id,
        );
        let co: Vec<_> = (0_usize..)
            .zip(&input.co_organisation_ids)
            .filter_map(|(n, id)| task(format!("co_organisation_ids[{n}]"), *id))
            .collect();
        let Some(lead) = lead.filter(|_| wrong.is_empty()) else {
            return Err(CaseworkError::Invalid(wrong));
        };
        let once = self.once(call, "case_dispatch", Some(case_id), &input)?;
        let command = CaseCommand::Dispatch { lead, co };
        self.run(Order::new(call, CaseKey::Case(case_id), command, once))
            .await
    }

    /// 签收: stops the response clock.
    pub async fn task_accept(
        &self,
        call: &Call,
        task_id: Id,
        input: TaskAcceptRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        let once = self.once(call, "task_accept", Some(task_id), &input)?;
        let command = CaseCommand::TaskAccept { task_id };
        let mut order = Order::new(call, CaseKey::Task(task_id), command, once);
        order.occurred_at = input.occurred_at;
        self.run(order).await
    }

    /// 处置反馈: the lead's, after every co-handler ended, brings the case to inspection.
    pub async fn task_finish(
        &self,
        call: &Call,
        task_id: Id,
        input: TaskFinishRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        let wrong = check_remark("result", input.result.as_deref());
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let once = self.once(call, "task_finish", Some(task_id), &input)?;
        let (result, note) = self.seal_note(input.result.as_deref());
        let command = CaseCommand::TaskFinish {
            task_id,
            result,
            inspection_id: self.next_id(),
        };
        let mut order = Order::new(call, CaseKey::Task(task_id), command, once);
        order.note = note;
        order.occurred_at = input.occurred_at;
        self.run(order).await
    }

    /// 核查: passed, or the tasks that failed and why.
    pub async fn case_inspect_result(
        &self,
        call: &Call,
        case_id: Id,
        input: CaseInspectResultRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        let wrong = check_remark("opinion", input.opinion.as_deref());
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let once = self.once(call, "case_inspect_result", Some(case_id), &input)?;
        let (opinion, note) = self.seal_note(input.opinion.as_deref());
        let command = CaseCommand::InspectResult {
            passed: input.passed,
            failed_task_ids: input.failed_task_ids,
            opinion,
        };
        let mut order = Order::new(call, CaseKey::Case(case_id), command, once);
        order.note = note;
        order.occurred_at = input.occurred_at;
        self.run(order).await
    }

    /// 结案: cites the closing condition; settles the reports whose last open case this was.
    pub async fn case_close(
        &self,
        call: &Call,
        case_id: Id,
        input: CaseCloseRequest,
    ) -> Result<CaseStateView, CaseworkError> {
        let wrong = check_remark("opinion", input.opinion.as_deref());
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let once = self.once(call, "case_close", Some(case_id), &input)?;
        let (opinion, note) = self.seal_note(input.opinion.as_deref());
        let command = CaseCommand::Close {
            rule_row_id: input.rule_row_id,
            opinion,
        };
        let mut order = Order::new(call, CaseKey::Case(case_id), command, once);
        order.note = note;
        order.rule = input
            .rule_row_id
            .and_then(|id| self.parts().city.rule_row(id));
        self.run(order).await
    }

    /// Seals a note and names it. Blank words are no note.
    pub(super) fn seal_note(&self, text: Option<&str>) -> (Option<NoteRef>, Option<(Id, Vec<u8>)>) {
        let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
            return (None, None);
        };
        let id = self.next_id();
        let sealed = self.parts().sealer.seal_text(text, &sealed::note(id));
        let reference = NoteRef {
            id,
            digest: Digest(hex::encode(sealed.digest)),
        };
        (Some(reference), Some((id, sealed.sealed)))
    }

    pub(super) async fn run(&self, order: Order) -> Result<CaseStateView, CaseworkError> {
        let now = self.now();
        let (this, key, principal) = (self.clone(), order.key, order.principal.clone());
        let outcome = self
            .store()
            .write(move |tx| this.run_in(tx, &order, now))
            .await;
        match outcome {
            // Others kept winning: say what they made of it, to those who may see it.
            Err(CaseworkError::Store(StoreError::Conflict)) => {
                Err(self.overtaken(key, principal).await)
            }
            outcome => outcome,
        }
    }

    async fn overtaken(&self, key: CaseKey, principal: Arc<Principal>) -> CaseworkError {
        let found = self
            .store()
            .read(move |tx| read::case_with_tasks(tx, key))
            .await;
        match found {
            Ok(Some(case)) if self.may_see(&principal, &case) => {
                CaseworkError::CaseVersion(Box::new((&case).into()))
            }
            _ => CaseworkError::Store(StoreError::Conflict),
        }
    }

    pub(super) fn run_in(
        &self,
        tx: &mut Tx<'_>,
        order: &Order,
        now: Timestamp,
    ) -> Result<CaseStateView, CaseworkError> {
        if let Some(once) = &order.once
            && let Some(answer) = idempotency::lookup(tx, once)?
        {
            return answered(&answer);
        }
        let what = match order.key {
            CaseKey::Case(_) => "case",
            CaseKey::Task(_) => "task",
        };
        let before = read::case_with_tasks(tx, order.key)?.ok_or(CaseworkError::NotFound(what))?;
        let actor = self.authorise(&order.principal, &before, &order.command)?;
        let state = |case: &Case| Box::new(CaseStateView::from(case));
        if order
            .expected_version
            .is_some_and(|version| version != before.version)
        {
            return Err(CaseworkError::CaseVersion(state(&before)));
        }
        let form = self.form_sealed(&before, order)?;
        let with = With {
            filled: form.as_ref().map(|(reference, _)| reference.clone()),
            files: Self::files_of(tx, order)?,
        };
        let task_id = order.command.task_id(&before);
        let events = self.decide(&before, order, &with, &actor, now)?;
        let after = events.iter().fold(before.clone(), case::evolve);
        self.save(tx, &before, &after, &events)?;
        if let Some((id, sealed)) = &order.note {
            write::note_add(tx, *id, after.id, sealed)?;
        }
        if let Some((reference, sealed)) = form.filter(|_| !events.is_empty()) {
            write::note_add(tx, reference.id, after.id, &sealed)?;
        }
        if !events.is_empty() {
            let (owner, operation) = (Owner::Case(after.id, task_id), order.command.operation());
            for file in &with.files {
                attachments::attach(tx, file.id, owner, operation, now)?;
            }
        }
        self.reports_follow(tx, &before, &after, &actor, now)?;
        tx.audit(&AuditEntry {
            at: now,
            actor: actor.account_id,
            action: order.command.operation(),
            object: after.id,
            detail: &format!("{{\"version\":{}}}", after.version),
        })?;
        let answer = CaseStateView::from(&after);
        if let Some(once) = &order.once {
            idempotency::remember(tx, once, &answer_text(&answer))?;
        }
        Ok(answer)
    }

    fn decide(
        &self,
        case: &Case,
        order: &Order,
        with: &With,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Vec<Event<CaseFact>>, CaseworkError> {
        let parts = self.parts();
        let process = parts
            .processes
            .get(&case.process)
            .ok_or_else(|| process_missing(case))?;
        let category = case.category_id.and_then(|id| parts.city.category(id));
        let suggested = self.suggested_for(&process, case, &order.command, now);
        let circumstances = Circumstances {
            recorded_at: now,
            occurred_at: order.occurred_at.unwrap_or(now),
            actor: Some(actor),
            process: &process,
            reckoner: &*parts.reckoner,
            rule: order.rule.as_ref(),
            category_has_rules: category.is_some_and(|facts| facts.has_rules),
            suggested: suggested.as_ref(),
        };
        let mut events =
            decide::decide(case, &order.command, &circumstances).map_err(|refusal| {
                CaseworkError::CaseRefused {
                    refusal,
                    current: Some(Box::new(case.into())),
                }
            })?;
        if events.is_empty() {
            return Ok(events);
        }
        let operation = order.command.operation();
        if !with.files.is_empty() {
            let (task_id, files) = (order.command.task_id(case), with.files.clone());
            events.insert(
                0,
                course::files_attached(operation, task_id, files, &circumstances),
            );
        }
        if let Some(filled) = &with.filled {
            events.insert(
                0,
                course::form_filled(operation, filled.clone(), &circumstances),
            );
        }
        Ok(events)
    }

    /// The files that an order names, where its action takes any.
    fn files_of(tx: &mut Tx<'_>, order: &Order) -> Result<Vec<FileRef>, CaseworkError> {
        let ids = &order.attachment_ids;
        if !ids.is_empty() && !TAKE_FILES.contains(&order.command.operation()) {
            let refused = "this action takes no files";
            return Err(CaseworkError::Invalid(vec![FieldError::new(
                "attachment_ids",
                "unexpected",
                refused,
            )]));
        }
        Self::files_waiting(tx, "attachment_ids", ids, order.principal.account_id)
    }

    /// What was filled in, checked by the form that the case's process asks for with this action, and sealed.
    fn form_sealed(
        &self,
        case: &Case,
        order: &Order,
    ) -> Result<Option<(NoteRef, Vec<u8>)>, CaseworkError> {
        let process = self.parts().processes.get(&case.process);
        let process = process.ok_or_else(|| process_missing(case))?;
        self.form_checked(&process, order.command.operation(), order.form.as_ref())
    }

    /// What was filled in, checked by the form that a process asks for with an action, and sealed.
    pub(super) fn form_checked(
        &self,
        process: &Process,
        operation: &str,
        filled: Option<&Filled>,
    ) -> Result<Option<(NoteRef, Vec<u8>)>, CaseworkError> {
        let wrong = form::wrong(process.form(operation), filled);
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let Some(filled) = filled.filter(|filled| !filled.is_empty()) else {
            return Ok(None);
        };
        let text = serde_json::Value::Object(filled.clone()).to_string();
        Ok(match self.seal_note(Some(&text)) {
            (Some(reference), Some((_, sealed))) => Some((reference, sealed)),
            _ => None,
        })
    }

    /// Writes what a command made of a case: row by version, tasks, timeline, outbox, timers.
    pub(super) fn save(
        &self,
        tx: &mut Tx<'_>,
        before: &Case,
        after: &Case,
        events: &[Event<CaseFact>],
    ) -> Result<(), StoreError> {
        let recorded_at = events
            .last()
            .map_or_else(|| self.now(), |event| event.recorded_at);
        write::case_move(tx, before, after, recorded_at)?;
        crate::store::routing::dispatches_kept(tx, before, after, events)?;
        write::timeline_add(
            tx,
            after.id,
            before.version,
            events,
            &concern_of_case(after),
        )?;
        self.schedule(tx, Some(before), after)
    }
}

/// Whom an event of a case concerns.
pub(super) fn concern_of_case(case: &Case) -> Concern {
    let mut paths: Vec<&TreePath> = write::organisations(case).collect();
    paths.sort_unstable();
    paths.dedup();
    Concern {
        area_path: case.area_path.as_ref().map(ToString::to_string),
        organisation_paths: paths.into_iter().map(ToString::to_string).collect(),
    }
}

/// Whom an event of a report concerns.
pub(super) fn concern_of_report(area_path: Option<&TreePath>, organisation: &TreePath) -> Concern {
    Concern {
        area_path: area_path.map(ToString::to_string),
        organisation_paths: vec![organisation.to_string()],
    }
}

impl Casework {
    /// A task is worked on for its holder; everything else for the organisation that accepted or filed, or in its area.
    pub(super) fn authorise(
        &self,
        principal: &Principal,
        case: &Case,
        command: &CaseCommand,
    ) -> Result<Actor, CaseworkError> {
        let operation = command.operation();
        if let CaseCommand::Overlay(command) = command
            && let Some(organisation) = command.answers_for(case)
        {
            let paths = [organisation.path.clone()];
            return self.acting_on_case(principal, operation, "case", case, None, &paths);
        }
        if let Some(task_id) = command.holder_task_id(case) {
            let task = case.task(task_id).ok_or(CaseworkError::NotFound("task"))?;
            let paths = [task.organisation.path.clone()];
            return self.acting_on_case(principal, operation, "task", case, None, &paths);
        }
        let paths: Vec<TreePath> = std::iter::once(&case.accepted_by)
            .chain(&case.filed_by)
            .map(|organisation| organisation.path.clone())
            .collect();
        let area_path = case.area_path.as_ref();
        self.acting_on_case(principal, operation, "case", case, area_path, &paths)
    }
}
