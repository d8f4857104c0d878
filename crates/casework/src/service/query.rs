//! Reading: lists by cursor within the caller's scope, details masked.

use super::sealed::{self, Reporter};
use super::{Casework, may_see};
use crate::clocks::Light;
use crate::failure::CaseworkError;
use crate::lifecycle::case::CaseFact;
use crate::lifecycle::{Event, Fact};
use crate::model::{Case, CaseStage, NoteRef, Report, ReportStage, TaskKind, TaskState};
use crate::store::list::{
    self, AreaFilter, CaseFilter, CaseRow, CaseSort, Cursor, ReportFilter, ReportListed,
    TaskFilter, TaskRow,
};
use crate::store::read::{self, CaseKey, ReportRow, TimelineEntry};
use crate::store::{
    CASE_REPORT_WORDS, CASE_WORDS, NOTE_BY_ID, ORGANISATIONS_OF_REPORT, REPORT_SEALED,
};
use crate::view::{
    ActorView, CaseListView, CaseView, MilestoneView, Named, ReportListView, ReportView,
    ReporterView, RuleView, TaskListView, TaskView, TimelineView,
};
use ::store::{StoreError, Tx, params};
use access::{Principal, Reach, mask};
use base::path::TreePath;
use base::{FieldError, Id, Page, PageRequest, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;

/// The filters of the list of cases, as on the wire.
#[derive(Clone, Debug, Default)]
pub struct CaseQuery {
    /// In this stage.
    pub stage: Option<CaseStage>,
    /// Division code of the area it lies in.
    pub area_code: Option<String>,
    /// Of this category.
    pub category_id: Option<Id>,
    /// That this organisation or one below it accepted, filed, holds or held.
    pub organisation_id: Option<Id>,
    /// Showing this light now.
    pub light: Option<Light>,
    /// From this source.
    pub source: Option<String>,
    /// Whose number begins so.
    pub q: Option<String>,
    /// In which order.
    pub sort: CaseSort,
    /// Which page.
    pub page: PageRequest,
}

/// The filters of the list of tasks.
#[derive(Clone, Debug, Default)]
pub struct TaskQuery {
    /// In this state.
    pub state: Option<TaskState>,
    /// Asking for this.
    pub kind: Option<TaskKind>,
    /// Held by this organisation or one below it.
    pub organisation_id: Option<Id>,
    /// Which page.
    pub page: PageRequest,
}

/// The filters of the list of reports.
#[derive(Clone, Debug, Default)]
pub struct ReportQuery {
    /// In this stage.
    pub stage: Option<ReportStage>,
    /// Whose number begins so.
    pub q: Option<String>,
    /// Which page.
    pub page: PageRequest,
}

fn limit(page: &PageRequest, wrong: &mut Vec<FieldError>) -> u32 {
    page.limit().unwrap_or_else(|error| {
        wrong.push(error);
        1
    })
}

fn after_id(page: &PageRequest, wrong: &mut Vec<FieldError>) -> Option<Id> {
    let text = page.after.as_deref()?;
    let id = text.parse().ok();
    if id.is_none() {
        wrong.push(no_cursor());
    }
    id
}

fn no_cursor() -> FieldError {
    FieldError::new("after", "malformed", "pass the `next` of the page before")
}

fn check_number(text: Option<&str>, wrong: &mut Vec<FieldError>) {
    let fits = |text: &str| {
        text.len() <= base::limits::SEARCH_CHARACTERS_MAX
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if text.is_some_and(|text| !fits(text)) {
        wrong.push(FieldError::new(
            "q",
            "malformed",
            "a number is letters, digits and hyphens",
        ));
    }
}

impl Casework {
    fn organisation_filter(&self, id: Option<Id>, wrong: &mut Vec<FieldError>) -> Option<TreePath> {
        let found = self.parts().city.organisation(id?);
        if found.is_none() {
            wrong.push(FieldError::new(
                "organisation_id",
                "unknown_id",
                "there is no such organisation",
            ));
        }
        found.map(|facts| facts.organisation.path)
    }

    fn area_filter(&self, code: Option<&str>, wrong: &mut Vec<FieldError>) -> Option<AreaFilter> {
        let Some(place) = self.parts().city.place_by_code(code?) else {
            wrong.push(FieldError::new(
                "area_code",
                "unknown_code",
                "there is no area with this code",
            ));
            return None;
        };
        let area = place.area_path;
        Some(match (place.district_path, place.street_path) {
            (_, Some(street)) if street == area => AreaFilter::Street(area),
            (_, Some(street)) => AreaFilter::Within { street, area },
            (Some(district), None) if district == area => AreaFilter::District(area),
            _ => AreaFilter::Above(area),
        })
    }

    /// Cases the caller may see.
    pub async fn case_list(
        &self,
        principal: &Arc<Principal>,
        query: CaseQuery,
    ) -> Result<Page<CaseListView>, CaseworkError> {
        let mut wrong = Vec::new();
        let limit = limit(&query.page, &mut wrong);
        check_number(query.q.as_deref(), &mut wrong);
        let after = query
            .page
            .after
            .as_deref()
            .map(|text| Cursor::parse(text, query.sort));
        if after.is_some_and(|cursor| cursor.is_none()) {
            wrong.push(no_cursor());
        }
        let filter = CaseFilter {
            stage: query.stage,
            area: self.area_filter(query.area_code.as_deref(), &mut wrong),
            category_id: query.category_id,
            organisation_path: self.organisation_filter(query.organisation_id, &mut wrong),
            light: query.light,
            source: query.source,
            case_no: query.q,
            sort: query.sort,
            after: after.flatten(),
            limit: i64::from(limit) + 1,
        };
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let now = self.now();
        let composed = list::compose_cases(&filter, &principal.scope("case_list"), now);
        let rows = self
            .store()
            .read(move |tx| list::cases(tx, &composed))
            .await?;
        let sort = filter.sort;
        let page = Page::from_rows(rows, limit, |row| {
            let cursor = Cursor {
                due_at: row.case.clock.map_or(Timestamp(0), |clock| clock.due_at),
                id: row.case.id,
            };
            cursor.to_text(sort)
        });
        let mut names = self.names();
        Ok(Page {
            items: page
                .items
                .iter()
                .map(|row| self.case_list_view(row, &mut names, now))
                .collect(),
            next: page.next,
        })
    }

    fn case_list_view(&self, row: &CaseRow, names: &mut Names<'_>, now: Timestamp) -> CaseListView {
        let case = &row.case;
        let context = sealed::case_title(case.id);
        CaseListView {
            id: case.id,
            case_no: case.case_no.clone(),
            version: case.version,
            stage: case.stage,
            level: case.level,
            source: case.source.clone(),
            title: sealed::title_shown(&self.parts().sealer, row.title.as_deref(), &context),
            category: case.category_id.map(|id| names.category(id)),
            area: case.area_path.as_ref().map(|path| names.area(path)),
            lead_organisation: row.lead_organisation_id.map(|id| names.organisation(id)),
            clock: case.clock,
            light: case.clock.map(|clock| clock.light(now)),
            rework_count: case.rework_count,
            accepted_at: case.accepted_at,
        }
    }

    /// One case with its tasks, milestones and timeline.
    pub async fn case_view(
        &self,
        principal: &Arc<Principal>,
        id: Id,
    ) -> Result<CaseView, CaseworkError> {
        let (this, principal) = (self.clone(), principal.clone());
        let now = self.now();
        self.store()
            .read(move |tx| {
                let case = read::case_with_tasks(tx, CaseKey::Case(id))?
                    .filter(|case| may_see(&principal, case))
                    .ok_or(CaseworkError::NotFound("case"))?;
                Ok(this.case_view_in(tx, &case, now)?)
            })
            .await
    }

    fn case_view_in(
        &self,
        tx: &mut Tx<'_>,
        case: &Case,
        now: Timestamp,
    ) -> Result<CaseView, StoreError> {
        let mut names = self.names();
        let (own_words, title) = tx
            .query_opt(&CASE_WORDS, params![case.id], |row| {
                Ok((
                    row.get::<Option<Vec<u8>>>(0)?,
                    row.get::<Option<Vec<u8>>>(1)?,
                ))
            })?
            .unwrap_or_default();
        let words = self
            .case_words(tx, case.id, own_words)?
            .map(|words| words.masked());
        let entries = read::timeline(tx, case.id)?;
        let events = read::case_events(&entries)?;
        let row = CaseRow {
            case: case.clone(),
            title,
            lead_organisation_id: case.lead().map(|lead| lead.organisation.id),
        };
        let mut tasks = Vec::with_capacity(case.tasks.len());
        for task in &case.tasks {
            let result = self.note_shown(tx, task.result.as_ref())?;
            let organisation = names.organisation(task.organisation.id);
            tasks.push(TaskView::new(task, organisation, result, now));
        }
        let process = self.parts().processes.get(&case.process);
        Ok(CaseView {
            head: self.case_list_view(&row, &mut names, now),
            detail: words.as_ref().map(|words| words.detail.clone()),
            address: words.and_then(|words| words.address),
            lon: case.point.map(|point| point.lon),
            lat: case.point.map(|point| point.lat),
            process: format!("{} {}", case.process.code, case.process.version),
            stage_name: process.map_or_else(
                || case.stage.to_string(),
                |process| process.stage_name(case.stage).to_owned(),
            ),
            rule: case.rule.as_ref().map(|rule| RuleView {
                id: rule.id,
                version: rule.version,
                limit: rule.limit.to_string(),
            }),
            accepted_by: names.organisation(case.accepted_by.id),
            filed_by: case.filed_by.as_ref().map(|by| names.organisation(by.id)),
            report_ids: read::reports_of(tx, case.id)?,
            tasks,
            milestones: milestones(case, &events, now),
            timeline: self.timeline_view(tx, &entries, &events, case_note, &mut names)?,
        })
    }

    /// The words of a case: its own, or those of its first report; none once forgotten.
    fn case_words(
        &self,
        tx: &mut Tx<'_>,
        case_id: Id,
        own: Option<Vec<u8>>,
    ) -> Result<Option<sealed::Words>, StoreError> {
        let (sealed, context) = match own {
            Some(sealed) => (sealed, sealed::case_words(case_id)),
            None => {
                let found = tx.query_opt(&CASE_REPORT_WORDS, params![case_id], |row| {
                    Ok((row.get::<Id>(0)?, row.get::<Option<Vec<u8>>>(1)?))
                })?;
                match found {
                    Some((id, Some(sealed))) => (sealed, sealed::report_words(id)),
                    _ => return Ok(None),
                }
            }
        };
        Ok(Some(
            sealed::open_words(&self.parts().sealer, &sealed, &context)?.0,
        ))
    }

    /// A note's words, masked; none when there is none or it is forgotten.
    fn note_shown(
        &self,
        tx: &mut Tx<'_>,
        note: Option<&NoteRef>,
    ) -> Result<Option<String>, StoreError> {
        let Some(note) = note else { return Ok(None) };
        let sealed = tx
            .query_opt(&NOTE_BY_ID, params![note.id], |row| {
                row.get::<Option<Vec<u8>>>(0)
            })?
            .flatten();
        let Some(sealed) = sealed else {
            return Ok(None);
        };
        let context = sealed::note(note.id);
        let salted = self
            .parts()
            .sealer
            .open_text(&sealed, &context)
            .map_err(|error| StoreError::Corrupt(format!("{context} does not open: {error}")))?;
        Ok(Some(mask::text(&salted.text)))
    }

    fn timeline_view<F: Fact>(
        &self,
        tx: &mut Tx<'_>,
        entries: &[TimelineEntry],
        events: &[Event<F>],
        note_of: fn(&F) -> Option<&NoteRef>,
        names: &mut Names<'_>,
    ) -> Result<Vec<TimelineView>, StoreError> {
        let mut views = Vec::with_capacity(entries.len());
        for (entry, event) in entries.iter().zip(events) {
            let fact = serde_json::from_str(&entry.body)
                .map_err(|error| StoreError::Corrupt(error.to_string()))?;
            views.push(TimelineView {
                seq: entry.seq,
                kind: entry.kind.clone(),
                occurred_at: entry.occurred_at,
                recorded_at: entry.recorded_at,
                by: entry.by.as_ref().map(|by| ActorView {
                    staff_id: by.staff_id,
                    organisation: names.organisation(by.organisation_id),
                    role: by.role.clone(),
                }),
                fact,
                note: self.note_shown(tx, note_of(&event.fact))?,
            });
        }
        Ok(views)
    }

    /// Tasks held by the caller's organisations and those below them.
    pub async fn task_list(
        &self,
        principal: &Arc<Principal>,
        query: TaskQuery,
    ) -> Result<Page<TaskListView>, CaseworkError> {
        let mut wrong = Vec::new();
        let limit = limit(&query.page, &mut wrong);
        let filter = TaskFilter {
            state: query.state,
            kind: query.kind,
            organisation_path: self.organisation_filter(query.organisation_id, &mut wrong),
            after: after_id(&query.page, &mut wrong),
            limit: i64::from(limit) + 1,
        };
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let composed = list::compose_tasks(&filter, &principal.scope("task_list"));
        let rows = self
            .store()
            .read(move |tx| list::tasks(tx, &composed))
            .await?;
        let page = Page::from_rows(rows, limit, |row| row.task.id.to_string());
        let now = self.now();
        let mut names = self.names();
        Ok(Page {
            items: page
                .items
                .iter()
                .map(|row| self.task_list_view(row, &mut names, now))
                .collect(),
            next: page.next,
        })
    }

    fn task_list_view(&self, row: &TaskRow, names: &mut Names<'_>, now: Timestamp) -> TaskListView {
        let organisation = names.organisation(row.task.organisation.id);
        let context = sealed::case_title(row.case_id);
        TaskListView {
            task: TaskView::new(&row.task, organisation, None, now),
            case_id: row.case_id,
            case_no: row.case_no.clone(),
            case_stage: row.case_stage,
            title: sealed::title_shown(&self.parts().sealer, row.title.as_deref(), &context),
            area: row.area_path.as_ref().map(|path| names.area(path)),
        }
    }

    /// Reports that the caller's organisations received or that lie in the caller's area.
    pub async fn report_list(
        &self,
        principal: &Arc<Principal>,
        query: ReportQuery,
    ) -> Result<Page<ReportListView>, CaseworkError> {
        let mut wrong = Vec::new();
        let limit = limit(&query.page, &mut wrong);
        check_number(query.q.as_deref(), &mut wrong);
        let filter = ReportFilter {
            stage: query.stage,
            report_no: query.q,
            after: after_id(&query.page, &mut wrong),
            limit: i64::from(limit) + 1,
        };
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let composed = list::compose_reports(&filter, &principal.scope("report_list"));
        let rows = self
            .store()
            .read(move |tx| list::reports(tx, &composed))
            .await?;
        let page = Page::from_rows(rows, limit, |listed| listed.row.report.id.to_string());
        let mut names = self.names();
        Ok(Page {
            items: page
                .items
                .iter()
                .map(|listed| self.report_list_view(listed, &mut names))
                .collect(),
            next: page.next,
        })
    }

    /// The reports of one phone number that the caller may see, newest first; at most 200.
    pub async fn report_search(
        &self,
        principal: &Arc<Principal>,
        phone: &str,
    ) -> Result<Page<ReportListView>, CaseworkError> {
        let Some(phone) = mask::normalised_phone(phone) else {
            return Err(CaseworkError::Invalid(vec![FieldError::new(
                "phone",
                "malformed",
                "a phone number has 7 to 15 digits",
            )]));
        };
        let key = self.parts().sealer.keyed_hash(&phone);
        let scope = principal.scope("report_list");
        let found = self
            .store()
            .read(move |tx| list::reports_of_reporter(tx, &key))
            .await?;
        let mut names = self.names();
        let seen = |listed: &&ReportListed| {
            let paths = [listed.row.organisation.path.clone()];
            let reach = Reach {
                area_path: listed.row.report.area_path.as_ref(),
                organisation_paths: &paths,
            };
            scope.covers(&reach, &[])
        };
        Ok(Page {
            items: found
                .iter()
                .filter(seen)
                .map(|listed| self.report_list_view(listed, &mut names))
                .collect(),
            next: None,
        })
    }

    fn report_list_view(&self, listed: &ReportListed, names: &mut Names<'_>) -> ReportListView {
        let report = &listed.row.report;
        let context = sealed::report_title(report.id);
        ReportListView {
            id: report.id,
            report_no: report.report_no.clone(),
            version: report.version,
            stage: report.stage,
            source: report.source.clone(),
            title: sealed::title_shown(&self.parts().sealer, listed.title.as_deref(), &context),
            area: report.area_path.as_ref().map(|path| names.area(path)),
            received_at: report.received_at,
        }
    }

    /// One report, masked.
    pub async fn report_view(
        &self,
        principal: &Arc<Principal>,
        id: Id,
    ) -> Result<ReportView, CaseworkError> {
        let (this, principal) = (self.clone(), principal.clone());
        self.store()
            .read(move |tx| {
                let row = this.report_seen(tx, &principal, "report_view", id)?;
                this.report_view_in(tx, &row, true)
            })
            .await
    }

    /// A report that the caller may see with `permission`: received by their organisation, in their area, or the origin of
    /// a case that their organisation has to do with.
    pub(super) fn report_seen(
        &self,
        tx: &mut Tx<'_>,
        principal: &Principal,
        permission: &'static str,
        id: Id,
    ) -> Result<ReportRow, CaseworkError> {
        let row = read::report_with_cases(tx, id)?.ok_or(CaseworkError::NotFound("report"))?;
        let mut paths: Vec<TreePath> =
            tx.query(&ORGANISATIONS_OF_REPORT, params![id], |row| row.get(0))?;
        paths.push(row.organisation.path.clone());
        let reach = Reach {
            area_path: row.report.area_path.as_ref(),
            organisation_paths: &paths,
        };
        match principal.acting(permission, &reach) {
            Ok(_) => Ok(row),
            Err(denied) if denied.out_of_reach => Err(CaseworkError::NotFound("report")),
            Err(denied) => Err(denied.into()),
        }
    }

    pub(super) fn report_view_in(
        &self,
        tx: &mut Tx<'_>,
        row: &ReportRow,
        masked: bool,
    ) -> Result<ReportView, CaseworkError> {
        let mut names = self.names();
        let report = &row.report;
        let words = self.report_words(tx, report.id)?;
        let words = words.map(|words| if masked { words.masked() } else { words });
        let entries = read::timeline(tx, report.id)?;
        let events = read::report_events(&entries)?;
        Ok(ReportView {
            head: ReportListView {
                title: words.as_ref().map(|words| words.title.clone()),
                ..self.report_head(report, &mut names)
            },
            detail: words.as_ref().map(|words| words.detail.clone()),
            address: words.and_then(|words| words.address),
            lon: report.point.map(|point| point.lon),
            lat: report.point.map(|point| point.lat),
            reporter: self.reporter(tx, row, masked)?,
            reporter_hidden: row.reporter_hidden,
            masked,
            case_ids: report.cases.iter().map(|each| each.case_id).collect(),
            timeline: self.timeline_view(tx, &entries, &events, |_| None, &mut names)?,
        })
    }

    fn report_head(&self, report: &Report, names: &mut Names<'_>) -> ReportListView {
        ReportListView {
            id: report.id,
            report_no: report.report_no.clone(),
            version: report.version,
            stage: report.stage,
            source: report.source.clone(),
            title: None,
            area: report.area_path.as_ref().map(|path| names.area(path)),
            received_at: report.received_at,
        }
    }

    fn reporter(
        &self,
        tx: &mut Tx<'_>,
        row: &ReportRow,
        masked: bool,
    ) -> Result<Option<ReporterView>, StoreError> {
        let id = row.report.id;
        let sealed = tx
            .query_opt(&REPORT_SEALED, params![id], |found| {
                found.get::<Option<Vec<u8>>>(1)
            })?
            .flatten();
        let Some(sealed) = sealed else {
            return Ok(None);
        };
        let context = sealed::report_reporter(id);
        let plain = sealed::open_plain(&self.parts().sealer, &sealed, &context)?;
        let reporter: Reporter = serde_json::from_str(&plain)
            .map_err(|error| StoreError::Corrupt(format!("{context}: {error}")))?;
        Ok(Some(if masked {
            ReporterView {
                name: reporter.name.as_deref().map(mask::name),
                phone: reporter.phone.as_deref().map(mask::phone),
            }
        } else {
            ReporterView {
                name: reporter.name,
                phone: reporter.phone,
            }
        }))
    }

    fn names(&self) -> Names<'_> {
        Names {
            casework: self,
            areas: HashMap::new(),
            organisations: HashMap::new(),
        }
    }
}

/// Names looked up once for a page.
struct Names<'a> {
    casework: &'a Casework,
    areas: HashMap<TreePath, Option<String>>,
    organisations: HashMap<Id, Option<String>>,
}

impl Names<'_> {
    fn area(&mut self, path: &TreePath) -> Named {
        let city = &self.casework.parts().city;
        let name = self
            .areas
            .entry(path.clone())
            .or_insert_with(|| city.area_name(path));
        Named {
            id: path.to_string(),
            name: name.clone(),
        }
    }

    fn organisation(&mut self, id: Id) -> Named {
        let city = &self.casework.parts().city;
        let name = self
            .organisations
            .entry(id)
            .or_insert_with(|| city.organisation(id).map(|facts| facts.name));
        Named {
            id: id.to_string(),
            name: name.clone(),
        }
    }

    fn category(&mut self, id: Id) -> Named {
        Named {
            id: id.to_string(),
            name: self
                .casework
                .parts()
                .city
                .category(id)
                .map(|facts| facts.name),
        }
    }
}

/// The note an event of a case refers to.
fn case_note(fact: &CaseFact) -> Option<&NoteRef> {
    match fact {
        CaseFact::TaskFinished { result: note, .. }
        | CaseFact::CaseInspected { opinion: note, .. }
        | CaseFact::CaseClosed { opinion: note, .. } => note.as_ref(),
        _ => None,
    }
}

/// The steps of a case with the times they were planned for and took place.
fn milestones(case: &Case, events: &[Event<CaseFact>], now: Timestamp) -> Vec<MilestoneView> {
    let mut filing_due = None;
    let mut closing_due = None;
    for event in events {
        match &event.fact {
            CaseFact::CaseAccepted { clock, .. } => filing_due = clock.map(|clock| clock.due_at),
            CaseFact::CaseInspected { clock, .. } => closing_due = clock.map(|clock| clock.due_at),
            _ => {}
        }
    }
    let mut steps = vec![
        ("case_file", None, filing_due, case.filed_at),
        ("case_dispatch", None, filing_due, case.dispatched_at),
    ];
    for task in &case.tasks {
        let handling = Some(task.handling.due_at);
        if task.kind == TaskKind::Inspect {
            steps.push((
                "case_inspect_result",
                Some(task.id),
                handling,
                task.finished_at,
            ));
            continue;
        }
        let response = task.response.map(|clock| clock.due_at);
        steps.push(("task_accept", Some(task.id), response, task.accepted_at));
        steps.push(("task_finish", Some(task.id), handling, task.finished_at));
    }
    steps.push(("case_close", None, closing_due, case.closed_at));
    steps
        .into_iter()
        .map(|(step, task_id, planned_at, actual_at)| MilestoneView {
            step,
            task_id,
            planned_at,
            actual_at,
            overdue: planned_at.is_some_and(|planned| actual_at.unwrap_or(now) > planned),
        })
        .collect()
}
