//! States and events to rows. Every function here runs inside the command's one transaction.

use super::{
    CALLBACK_ADD, CALLBACK_MOVE, CASE_ADD, CASE_CORRECT, CASE_MARK, CASE_MOVE,
    CASE_ORGANISATION_ADD, CASE_TOUCH, CASE_WORDS_ADD, CASE_ZONE_ADD, CASE_ZONE_DROP, NOTE_ADD,
    REPORT_ADD, REPORT_CASE_ADD, REPORT_CASE_MOVE, REPORT_MOVE, REPORT_PLACE_CORRECT,
    REPORT_WORDS_CORRECT, TASK_ADD, TASK_MOVE, TIMELINE_ADD,
};
use crate::lifecycle::{EVENT_SCHEMA, Event, Fact};
use crate::model::{Case, Report, Task, TaskState};
use ::store::{OutboxEntry, StoreError, Tx, params};
use base::path::TreePath;
use base::{Id, Timestamp};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// What is stored of a new report besides its state.
#[derive(Clone, Debug, Default)]
pub struct ReportSecrets {
    /// {title, detail, address}.
    pub words: Vec<u8>,
    /// The title alone.
    pub title: Vec<u8>,
    /// {name, phone}.
    pub reporter: Option<Vec<u8>>,
    /// Keyed hash of the phone number.
    pub reporter_key: Option<[u8; 32]>,
    /// Whether handlers must not learn who reported.
    pub reporter_hidden: bool,
}

/// What is stored of a new case besides its state.
#[derive(Clone, Debug)]
pub struct CaseSecrets {
    /// Its own {title, detail, address} and the title alone; none when they are those of its first report.
    pub words: Option<(Vec<u8>, Vec<u8>)>,
    /// The report that opened it.
    pub first_report_id: Option<Id>,
    /// The zones that hold its place.
    pub zone_ids: Vec<Id>,
    /// When it is recorded.
    pub recorded_at: Timestamp,
}

/// A new report, in whatever stage its first events have brought it to.
pub fn report_add(
    tx: &mut Tx<'_>,
    report: &Report,
    organisation: &crate::model::OrganisationRef,
    recorded_at: Timestamp,
    secrets: &ReportSecrets,
) -> Result<(), StoreError> {
    let external = report.external.as_ref();
    tx.post(
        &REPORT_ADD,
        params![
            report.id,
            report.version,
            report.report_no,
            report.stage.as_str(),
            report.source,
            secrets.words,
            report.words.0,
            secrets.title,
            secrets.reporter,
            secrets.reporter_key,
            secrets.reporter_hidden,
            report.area_path,
            report.point.map(|point| point.lon),
            report.point.map(|point| point.lat),
            external.map(|key| key.system.as_str()),
            external.map(|key| key.id.as_str()),
            organisation.id,
            organisation.path,
            report.received_at,
            recorded_at,
            report.accepted_at,
            extra(&report.extra)?,
            report.level.as_str(),
            report.clock.map(|clock| clock.started_at),
            report.clock.map(|clock| clock.yellow_at),
            report.clock.map(|clock| clock.due_at)
        ],
    )
}

/// A report has moved on from `before` to `after`.
pub fn report_move(tx: &mut Tx<'_>, before: &Report, after: &Report) -> Result<(), StoreError> {
    tx.post_one(
        &REPORT_MOVE,
        params![
            after.id,
            before.version,
            after.version,
            after.stage.as_str(),
            after.accepted_at,
            after.settled_at,
            extra(&after.extra)?,
            after.extra.claim.as_ref().map(|claim| claim.staff_id),
            after.clock.map(|clock| clock.started_at),
            after.clock.map(|clock| clock.yellow_at),
            after.clock.map(|clock| clock.due_at)
        ],
    )?;
    callback_move(tx, before, after)?;
    for case in &after.cases {
        match before
            .cases
            .iter()
            .find(|each| each.case_id == case.case_id)
        {
            None => tx.post(&REPORT_CASE_ADD, params![after.id, case.case_id])?,
            Some(then) if then.closed != case.closed => {
                tx.post(
                    &REPORT_CASE_MOVE,
                    params![after.id, case.case_id, case.closed],
                )?;
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// The task to call a reporter back, new or moved on.
fn callback_move(tx: &mut Tx<'_>, before: &Report, after: &Report) -> Result<(), StoreError> {
    let (then, now) = (&before.extra.callback, &after.extra.callback);
    let is_moved = then != now || before.extra.claim != after.extra.claim;
    let Some(task) = now.as_ref().filter(|_| is_moved) else {
        return Ok(());
    };
    if then.as_ref().is_none_or(|then| then.id != task.id) {
        tx.post(
            &CALLBACK_ADD,
            params![
                task.id,
                after.id,
                task.organisation.id,
                task.organisation.path,
                task.state.as_str(),
                task.clock.started_at,
                task.clock.yellow_at,
                task.clock.due_at,
                task.opened_at
            ],
        )?;
    }
    tx.post(
        &CALLBACK_MOVE,
        params![
            task.id,
            task.state.as_str(),
            task.is_overdue,
            task.finished_at,
            after
                .extra
                .claim
                .as_ref()
                .map_or(task.called_by, |claim| Some(claim.staff_id))
        ],
    )
}

/// The cases that a new report opened.
pub fn report_cases_add(tx: &mut Tx<'_>, report: &Report) -> Result<(), StoreError> {
    for case in &report.cases {
        tx.post(&REPORT_CASE_ADD, params![report.id, case.case_id])?;
    }
    Ok(())
}

/// A new case.
pub fn case_add(tx: &mut Tx<'_>, case: &Case, secrets: &CaseSecrets) -> Result<(), StoreError> {
    tx.post(
        &CASE_ADD,
        params![
            case.id,
            case.version,
            case.case_no,
            case.stage.as_str(),
            case.level.as_str(),
            case.source,
            case.category_id,
            case.area_path,
            case.point.map(|point| point.lon),
            case.point.map(|point| point.lat),
            case.process.code,
            case.process.version,
            case.words.0,
            secrets.first_report_id,
            case.accepted_by.id,
            case.accepted_by.path,
            case.clock.map(|clock| clock.started_at),
            case.clock.map(|clock| clock.yellow_at),
            case.clock.map(|clock| clock.due_at),
            case.accepted_at,
            extra(&case.extra)?,
            secrets.recorded_at
        ],
    )?;
    if let Some((words, title)) = &secrets.words {
        tx.post(&CASE_WORDS_ADD, params![case.id, words, title])?;
    }
    for zone_id in &secrets.zone_ids {
        tx.post(&CASE_ZONE_ADD, params![zone_id, case.id])?;
    }
    for path in organisations_seeing(case) {
        tx.post(&CASE_ORGANISATION_ADD, params![case.id, path])?;
    }
    Ok(())
}

/// A case has moved on from `before` to `after`: its row by version, the tasks that changed, the organisations that joined.
pub fn case_move(
    tx: &mut Tx<'_>,
    before: &Case,
    after: &Case,
    recorded_at: Timestamp,
) -> Result<(), StoreError> {
    if is_touched_only(before, after) {
        tx.post_one(
            &CASE_TOUCH,
            params![after.id, before.version, after.version, recorded_at],
        )?;
    } else {
        case_row_move(tx, before, after, recorded_at)?;
    }
    for task in &after.tasks {
        match before.task(task.id) {
            None => {
                task_add(tx, after.id, task)?;
                if task.state != TaskState::Assigned || task.handling_overdue {
                    // Opened and more in one command.
                    task_move(tx, task)?;
                }
            }
            Some(then) if then != task => task_move(tx, task)?,
            Some(_) => {}
        }
    }
    let seen_before = organisations_seeing(before);
    for path in organisations_seeing(after).difference(&seen_before) {
        tx.post(&CASE_ORGANISATION_ADD, params![after.id, path])?;
    }
    Ok(())
}

/// Whether only tasks changed, so that no index of the case's row need be touched.
fn is_touched_only(before: &Case, after: &Case) -> bool {
    before.stage == after.stage
        && before.clock == after.clock
        && before.level == after.level
        && before.extra == after.extra
        && before.is_suspended() == after.is_suspended()
        && before.is_escalated() == after.is_escalated()
        && before.asked_bits() == after.asked_bits()
        && before.lead().map(|lead| lead.id) == after.lead().map(|lead| lead.id)
}

/// The organisations that reported, accepted, filed or supervise a case, hold or held a task of it.
pub(crate) fn organisations(case: &Case) -> impl Iterator<Item = &TreePath> {
    std::iter::once(&case.accepted_by)
        .chain(&case.filed_by)
        .chain(&case.extra.links.reported_by)
        .chain(&case.extra.overlays.supervisors)
        .chain(case.tasks.iter().map(|task| &task.organisation))
        .map(|organisation| &organisation.path)
}

/// Those organisations and every one above them: whoever stands above sees what is done below.
pub(crate) fn organisations_seeing(case: &Case) -> BTreeSet<TreePath> {
    organisations(case)
        .flat_map(|path| path.ancestors().chain([path.clone()]))
        .collect()
}

fn case_row_move(
    tx: &mut Tx<'_>,
    before: &Case,
    after: &Case,
    recorded_at: Timestamp,
) -> Result<(), StoreError> {
    let rule = after.rule.as_ref();
    let filed_by = after.filed_by.as_ref();
    tx.post_one(
        &CASE_MOVE,
        params![
            after.id,
            before.version,
            after.version,
            after.stage.as_str(),
            rule.map(|rule| rule.id),
            rule.map(|rule| rule.version),
            rule.map(|rule| rule.limit.to_string()),
            filed_by.map(|organisation| organisation.id),
            filed_by.map(|organisation| organisation.path.clone()),
            after.lead().map(|lead| lead.organisation.id),
            after.clock.map(|clock| clock.started_at),
            after.clock.map(|clock| clock.yellow_at),
            after.clock.map(|clock| clock.due_at),
            after.rework_count,
            after.filed_at,
            after.dispatched_at,
            after.handled_at,
            after.inspected_at,
            after.closed_at,
            extra(&after.extra)?,
            recorded_at
        ],
    )?;
    let marks = |case: &Case| {
        let overlays = &case.extra.overlays;
        let (important, supervised) = (overlays.important, case.is_supervised());
        (
            case.level,
            important,
            supervised,
            case.is_suspended(),
            case.is_escalated(),
            i64::from(case.asked_bits()),
        )
    };
    if marks(before) == marks(after) {
        return Ok(());
    }
    let (level, important, supervised, suspended, escalated, asked) = marks(after);
    tx.post(
        &CASE_MARK,
        params![
            after.id,
            level.as_str(),
            important,
            supervised,
            suspended,
            escalated,
            asked
        ],
    )
}

/// What is known of some only, as JSON.
fn extra<T: Serialize>(extra: &T) -> Result<String, StoreError> {
    serde_json::to_string(extra)
        .map_err(|error| StoreError::Statement(format!("extras are no JSON: {error}")))
}

fn handled_by(task: &Task) -> String {
    serde_json::to_string(&task.handled_by).unwrap_or_else(|_| "[]".to_owned())
}

fn task_add(tx: &mut Tx<'_>, case_id: Id, task: &Task) -> Result<(), StoreError> {
    tx.post(
        &TASK_ADD,
        params![
            task.id,
            case_id,
            task.kind.as_str(),
            task.role.as_str(),
            task.organisation.id,
            task.organisation.path,
            task.state.as_str(),
            task.response.map(|clock| clock.started_at),
            task.response.map(|clock| clock.yellow_at),
            task.response.map(|clock| clock.due_at),
            task.handling.started_at,
            task.handling.yellow_at,
            task.handling.due_at,
            task.opened_at,
            handled_by(task),
            extra(&task.extra)?
        ],
    )
}

fn task_move(tx: &mut Tx<'_>, task: &Task) -> Result<(), StoreError> {
    let result = task.result.as_ref();
    tx.post(
        &TASK_MOVE,
        params![
            task.id,
            task.state.as_str(),
            task.handling.started_at,
            task.handling.yellow_at,
            task.handling.due_at,
            task.response_overdue,
            task.handling_overdue,
            task.opened_at,
            task.accepted_at,
            task.finished_at,
            task.assignee,
            handled_by(task),
            result.map(|note| note.id),
            result.map(|note| note.digest.0.as_str()),
            task.rework_count,
            extra(&task.extra)?,
            task.response.map(|clock| clock.started_at),
            task.response.map(|clock| clock.yellow_at),
            task.response.map(|clock| clock.due_at)
        ],
    )
}

/// What a later file tells otherwise of a report; `words` are {title, detail, address} and the title alone, sealed.
pub fn report_correct(
    tx: &mut Tx<'_>,
    before: &Report,
    after: &Report,
    words: Option<&(Vec<u8>, Vec<u8>)>,
) -> Result<(), StoreError> {
    if let Some((words, title)) = words {
        tx.post(
            &REPORT_WORDS_CORRECT,
            params![after.id, words, after.words.0, title],
        )?;
    }
    if (&before.area_path, before.point) != (&after.area_path, after.point) {
        tx.post(
            &REPORT_PLACE_CORRECT,
            params![
                after.id,
                after.area_path,
                after.point.map(|point| point.lon),
                after.point.map(|point| point.lat)
            ],
        )?;
    }
    Ok(())
}

/// What a later file tells otherwise of a case, and the zones it lies in before and after.
pub fn case_correct(
    tx: &mut Tx<'_>,
    after: &Case,
    zones: (&BTreeSet<Id>, &BTreeSet<Id>),
) -> Result<(), StoreError> {
    tx.post(
        &CASE_CORRECT,
        params![
            after.id,
            after.category_id,
            after.words.0,
            after.area_path,
            after.point.map(|point| point.lon),
            after.point.map(|point| point.lat)
        ],
    )?;
    for zone_id in zones.0.difference(zones.1) {
        tx.post(&CASE_ZONE_DROP, params![zone_id, after.id])?;
    }
    for zone_id in zones.1.difference(zones.0) {
        tx.post(&CASE_ZONE_ADD, params![zone_id, after.id])?;
    }
    Ok(())
}

/// A sealed note.
pub fn note_add(tx: &mut Tx<'_>, id: Id, subject_id: Id, sealed: &[u8]) -> Result<(), StoreError> {
    tx.post(&NOTE_ADD, params![id, subject_id, sealed])
}

/// Whom an event concerns, for the outbox.
#[derive(Clone, Debug, Default)]
pub struct Concern {
    /// Where.
    pub area_path: Option<String>,
    /// Whose.
    pub organisation_paths: Vec<String>,
}

/// What the outbox tells of a command on one report or case: which entries its timeline grew by. What they say is read there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told<'a> {
    /// The report or case.
    pub subject_id: Id,
    /// Its version before: the new entries are numbered from the next.
    pub after: i64,
    /// The kinds of the new entries, in order.
    #[serde(borrow)]
    pub kinds: Vec<Cow<'a, str>>,
}

/// Appends events after entry `last_seq` of a timeline and tells the house.
pub fn timeline_add<F: Fact>(
    tx: &mut Tx<'_>,
    subject_id: Id,
    last_seq: i64,
    events: &[Event<F>],
    concern: &Concern,
) -> Result<(), StoreError> {
    let Some(last) = events.last() else {
        return Ok(());
    };
    for (seq, event) in (last_seq + 1..).zip(events) {
        let body = serde_json::to_string(&event.fact)
            .map_err(|error| StoreError::Statement(format!("an event is no JSON: {error}")))?;
        let by = event.by.as_ref();
        tx.post(
            &TIMELINE_ADD,
            params![
                subject_id,
                seq,
                event.fact.kind(),
                event.occurred_at,
                event.recorded_at,
                by.map(|by| by.account_id),
                by.map(|by| by.staff_id),
                by.map(|by| by.organisation_id),
                by.map(|by| by.organisation_path.clone()),
                by.map(|by| by.role.as_str()),
                EVENT_SCHEMA,
                body
            ],
        )?;
    }
    let told = Told {
        subject_id,
        after: last_seq,
        kinds: events
            .iter()
            .map(|event| event.fact.kind().into())
            .collect(),
    };
    tx.emit(OutboxEntry {
        key: subject_id,
        kind: F::CHANGED,
        body: serde_json::to_string(&told)
            .map_err(|error| StoreError::Statement(format!("an entry is no JSON: {error}")))?,
        area_path: concern.area_path.clone(),
        organisation_paths: concern.organisation_paths.clone(),
        at: last.recorded_at,
    });
    Ok(())
}
