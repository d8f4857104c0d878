//! Cases: the list, and one with everything about it.

use super::{CaseBox, CaseQuery, Names, check_number, limit, milestones, no_cursor};
use crate::failure::CaseworkError;
use crate::lifecycle::case::CaseFact;
use crate::lifecycle::course::CourseFact;
use crate::listing::{CaseFilter, CaseSort, Cursor, MapBox};
use crate::model::{Case, CaseStage, NoteRef};
use crate::service::{Casework, sealed};
use crate::store::attachments;
use crate::store::listing::CaseRow;
use crate::store::read::{self, CaseKey};
use crate::store::{CASE_WATCH_ADD, CASE_WATCH_DROP, CASE_WATCHED};
use crate::view::{CaseCountsView, CaseListView, CaseOverlaysView, CaseView, RuleView, TaskView};
use ::store::{StoreError, Tx, params};
use access::Principal;
use base::{FieldError, Id, Page, Timestamp};
use std::sync::Arc;

/// Where a page ends after this row.
fn cursor_of(row: &CaseRow, sort: CaseSort) -> Cursor {
    let due_at = row.case.clock.map_or(Timestamp(0), |clock| clock.due_at);
    Cursor {
        at: if sort == CaseSort::Updated {
            row.updated_at
        } else {
            due_at
        },
        id: row.case.id,
    }
}

/// Boxes show at most this many; more are "999+".
pub const COUNT_SHOWN_MAX: i64 = 999;

fn map_box(text: Option<&str>, wrong: &mut Vec<FieldError>) -> Option<MapBox> {
    let within = MapBox::parse(text?);
    if within.is_none() {
        let message = "give west,south,east,north in degrees, e.g. 121.1,31.1,121.2,31.2";
        wrong.push(FieldError::new("within", "malformed", message));
    }
    within
}

impl Casework {
    /// Cases the caller may see.
    pub async fn case_list(
        &self,
        principal: &Arc<Principal>,
        query: CaseQuery,
    ) -> Result<Page<CaseListView>, CaseworkError> {
        let mut wrong = Vec::new();
        let limit = limit(&query.page, &mut wrong);
        let sort = query.sort;
        let filter = self.case_filter(principal, &query, &mut wrong);
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let Some(filter) = filter else {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        };
        let now = self.now();
        let asked = self.cases_asked(principal, "case_list", filter, now);
        let rows = self.cases_listed(asked, limit as usize + 1).await?;
        let page = Page::from_rows(rows, limit, |row| cursor_of(row, sort).to_text(sort));
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

    /// How many cases each box of the caller holds, counted up to one more than [`COUNT_SHOWN_MAX`].
    pub async fn case_counts(
        &self,
        principal: &Arc<Principal>,
    ) -> Result<CaseCountsView, CaseworkError> {
        let now = self.now();
        let asked = CaseBox::ALL.iter().map(|of_box| {
            let query = CaseQuery {
                of_box: Some(*of_box),
                ..CaseQuery::default()
            };
            let filter = self.case_filter(principal, &query, &mut Vec::new());
            filter.map(|filter| self.cases_asked(principal, "case_list", filter, now))
        });
        let counts = self
            .cases_counted(asked.collect(), COUNT_SHOWN_MAX + 1)
            .await?;
        Ok(CaseCountsView::new(
            CaseBox::ALL.iter().copied().zip(counts),
        ))
    }

    /// 关注: the caller keeps an eye on a case they may see.
    pub async fn case_watch(
        &self,
        principal: &Arc<Principal>,
        id: Id,
        watches: bool,
    ) -> Result<(), CaseworkError> {
        let (this, principal, now) = (self.clone(), principal.clone(), self.now());
        self.store()
            .write(move |tx| {
                read::case_with_tasks(tx, CaseKey::Case(id))?
                    .filter(|case| this.may_see(&principal, case))
                    .ok_or(CaseworkError::NotFound("case"))?;
                if watches {
                    tx.post(&CASE_WATCH_ADD, params![principal.account_id, id, now])?;
                } else {
                    tx.post(&CASE_WATCH_DROP, params![principal.account_id, id])?;
                }
                Ok(())
            })
            .await
    }

    /// The filter a question means; none when nothing can fit it.
    pub(super) fn case_filter(
        &self,
        principal: &Principal,
        query: &CaseQuery,
        wrong: &mut Vec<FieldError>,
    ) -> Option<CaseFilter> {
        check_number(query.q.as_deref(), &self.parts().number_prefix, "", wrong);
        let cursor = query.page.after.as_deref();
        let after = cursor.map(|text| Cursor::parse(text, query.sort));
        if after.is_some_and(|cursor| cursor.is_none()) {
            wrong.push(no_cursor());
        }
        let mut filter = CaseFilter {
            stages: query.stage.into_iter().collect(),
            level: query.level,
            area: self.area_filter(query.area_code.as_deref(), wrong),
            zone_id: query.zone_id,
            within: map_box(query.within.as_deref(), wrong),
            category_id: query.category_id,
            organisation: self.organisation_filter(query.organisation_id, wrong),
            light: query.light,
            source: query.source.clone(),
            marks: query.mark.into_iter().collect(),
            case_no: query.q.clone(),
            accepted_from: query.accepted_from,
            accepted_to: query.accepted_to,
            sort: query.sort,
            after: after.flatten(),
            ..CaseFilter::default()
        };
        let may_fit = query.of_box.is_none_or(|of_box| {
            let processes = self.parts().processes.all();
            of_box.narrow(principal, &processes, &mut filter)
        });
        (may_fit && !filter.is_impossible()).then_some(filter)
    }

    pub(in crate::service) fn case_list_view(
        &self,
        row: &CaseRow,
        names: &mut Names<'_>,
        now: Timestamp,
    ) -> CaseListView {
        let case = &row.case;
        CaseListView {
            id: case.id,
            case_no: case.case_no.clone(),
            version: case.version,
            stage: case.stage,
            level: case.level,
            source: case.source.clone(),
            title: sealed::case_title_shown(&self.parts().sealer, case.id, row.title.as_ref()),
            category: case.category_id.map(|id| names.category(id)),
            area: case
                .area_path
                .as_ref()
                .map(|path| names.area_at(path, case.accepted_at)),
            lead_organisation: row.lead_organisation_id.map(|id| names.organisation(id)),
            clock: case.clock,
            light: case.clock.map(|clock| clock.light(now)),
            lon: case.point.map(|point| point.lon),
            lat: case.point.map(|point| point.lat),
            rework_count: case.rework_count,
            awaits_dispatch: case.stage == CaseStage::Handling
                && row.lead_organisation_id.is_none(),
            accepted_at: case.accepted_at,
            updated_at: row.updated_at,
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
                    .filter(|case| this.may_see(&principal, case))
                    .ok_or(CaseworkError::NotFound("case"))?;
                Ok(this.case_view_in(tx, &principal, case, now)?)
            })
            .await
    }

    fn case_view_in(
        &self,
        tx: &mut Tx<'_>,
        principal: &Principal,
        case: Case,
        now: Timestamp,
    ) -> Result<CaseView, StoreError> {
        let mut names = self.names();
        let words = read::case_words(tx, case.id)?;
        let words = self.case_words(case.id, words)?.map(|words| words.masked());
        let entries = read::timeline(tx, case.id)?;
        let events = read::case_events(&entries)?;
        let row = CaseRow {
            // The words have it, and are opened anyway.
            title: None,
            lead_organisation_id: case.lead().map(|lead| lead.organisation.id),
            updated_at: entries
                .last()
                .map_or(case.accepted_at, |entry| entry.recorded_at),
            case,
        };
        let case = &row.case;
        let mut tasks = Vec::with_capacity(case.tasks.len());
        for task in &case.tasks {
            let result = self.note_shown(tx, task.result.as_ref())?;
            let organisation = names.organisation(task.organisation.id);
            tasks.push(TaskView::new(task, organisation, result, now));
        }
        let process = self.parts().processes.get(&case.process);
        let shown = match &process {
            Some(process) if case.awaits_dispatch() => process.dispatch_stage(),
            _ => case.stage,
        };
        let actions = process.as_ref().map_or_else(Vec::new, |process| {
            self.actions(principal, case, process, now)
        });
        let files = attachments::of_case(tx, case.id)?;
        let watched = params![principal.account_id, case.id];
        let is_watched = tx.query_opt(&CASE_WATCHED, watched, |_| Ok(()))?.is_some();
        Ok(CaseView {
            head: CaseListView {
                title: words.as_ref().map(|words| words.title.clone()),
                ..self.case_list_view(&row, &mut names, now)
            },
            detail: words.as_ref().map(|words| words.detail.clone()),
            address: words.and_then(|words| words.address),
            process: format!("{} {}", case.process.code, case.process.version),
            stage_name: process.map_or_else(
                || shown.to_string(),
                |process| process.stage_name(shown).to_owned(),
            ),
            rule: case.rule.as_ref().map(|rule| RuleView {
                id: rule.id,
                version: rule.version,
                limit: rule.limit.to_string(),
            }),
            accepted_by: names.organisation(case.accepted_by.id),
            accountable: names.organisation(case.accountable().id),
            handling: (&case.extra.handling).into(),
            filed_by: case.filed_by.as_ref().map(|by| names.organisation(by.id)),
            overlays: CaseOverlaysView::new(case, |id| names.organisation(id)),
            report_ids: read::reports_of(tx, case.id)?,
            merged_into: case.extra.links.merged_into,
            absorbed_case_ids: case.extra.links.absorbed.clone(),
            split_from: case.extra.links.split_from,
            split_case_ids: case.extra.links.split_into.clone(),
            brought_in: case.extra.links.brought_in.clone(),
            tasks,
            attachments: self.attachment_views(&files)?,
            is_watched,
            actions,
            milestones: milestones::of_case(case, &events, now),
            timeline: self.timeline_view(tx, entries, &events, case_note, &mut names)?,
        })
    }

    /// The words of a case: its own, or those of its first report; none once forgotten.
    pub(in crate::service) fn case_words(
        &self,
        case_id: Id,
        words: Option<(Option<Id>, Vec<u8>)>,
    ) -> Result<Option<sealed::Words>, StoreError> {
        let Some((report_id, sealed)) = words else {
            return Ok(None);
        };
        let context = report_id.map_or_else(|| sealed::case_words(case_id), sealed::report_words);
        Ok(Some(
            sealed::open_words(&self.parts().sealer, &sealed, &context)?.0,
        ))
    }
}

/// The note an event of a case refers to.
pub(in crate::service) fn case_note(fact: &CaseFact) -> Option<&NoteRef> {
    match fact {
        CaseFact::TaskFinished { result: note, .. }
        | CaseFact::CaseInspected { opinion: note, .. }
        | CaseFact::CaseClosed { opinion: note, .. } => note.as_ref(),
        CaseFact::Handling(fact) => fact.note(),
        CaseFact::Overlay(fact) => fact.note(),
        CaseFact::Link(fact) => fact.note(),
        CaseFact::Course(CourseFact::FormFilled { filled, .. }) => Some(filled),
        _ => None,
    }
}
