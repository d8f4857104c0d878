//! Cases: the list, and one with everything about it.

use super::boxes::SizeKey;
use super::case_sheet::cursor_of;
use super::{CaseBox, CaseQuery, Names, check_number, limit, milestones, no_cursor};
use crate::failure::CaseworkError;
use crate::lifecycle::case::CaseFact;
use crate::lifecycle::course::CourseFact;
use crate::model::{Case, CaseStage, NoteRef};
use crate::service::{Casework, sealed};
use crate::store::attachments;
use crate::store::case_list::{self as list, CaseFilter, CaseRow, Cursor, MapBox, Tie};
use crate::store::list::{self as lists, Composed};
use crate::store::read::{self, CaseKey};
use crate::store::{
    CASE_WATCH_ADD, CASE_WATCH_DROP, CASE_WATCHED, CASES_OF_CATEGORY, CASES_OF_SOURCE,
    CASES_OPEN_OF_ORGANISATION, CASES_WITHIN,
};
use crate::view::{CaseCountsView, CaseListView, CaseOverlaysView, CaseView, RuleView, TaskView};
use ::store::{Row, StoreError, Tx, params};
use access::Principal;
use base::{FieldError, Id, Page, Timestamp};
use std::sync::Arc;

/// Boxes show at most this many; more are "999+".
pub const COUNT_SHOWN_MAX: i64 = 999;

/// A category or a source has few cases when they are no more than this: its index, which knows most that lists ask for, is then walked.
const FEW_MAX: i64 = 20_000;

/// An organisation has few when no more than this are open: then those are walked, and what has ended is found by the organisation's own
/// indexes. One that has more has so great a share of all that the lists of all cases find its own among the first.
const FEW_OPEN_MAX: i64 = 2_000;

/// The same where each of its open cases is read, for what does not stand beside it: its stage and its clock.
const FEW_READ_MAX: i64 = 500;

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
        let filter = self.case_filter(principal, &query, i64::from(limit) + 1, &mut wrong);
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let now = self.now();
        let Some(filter) = filter else {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        };
        let (filter, ties) = self.sized(principal, "case_list", filter).await?;
        let composed = list::compose_cases(&filter, &ties, now);
        let rows = self
            .store()
            .read(move |tx| list::cases(tx, &composed))
            .await?;
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
        let mut lists = Vec::new();
        for of_box in CaseBox::ALL {
            let query = CaseQuery {
                of_box: Some(*of_box),
                ..CaseQuery::default()
            };
            let filter = self.case_filter(principal, &query, COUNT_SHOWN_MAX + 1, &mut Vec::new());
            lists.push(match filter {
                None => None,
                Some(filter) => {
                    let (filter, ties) = self.sized(principal, "case_list", filter).await?;
                    Some(list::compose_count(&filter, &ties, now))
                }
            });
        }
        let counts = self
            .store()
            .read(move |tx| {
                let counted = |list: &Option<Composed>, tx: &mut Tx<'_>| match list {
                    None => Ok(0),
                    Some(list) => lists::count(tx, list),
                };
                lists
                    .iter()
                    .map(|list| counted(list, tx))
                    .collect::<Result<Vec<_>, StoreError>>()
            })
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
        limit: i64,
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
            within: map_box(query.within.as_deref(), wrong).map(|within| (within, false)),
            category_id: query.category_id,
            organisation: self
                .organisation_filter(query.organisation_id, wrong)
                .map(|path| (path, false)),
            light: query.light,
            source: query.source.clone(),
            marks: query.mark.into_iter().collect(),
            case_no: query.q.clone(),
            accepted_from: query.accepted_from,
            accepted_to: query.accepted_to,
            sort: query.sort,
            after: after.flatten(),
            limit,
            ..CaseFilter::default()
        };
        let may_fit = query.of_box.is_none_or(|of_box| {
            let processes = self.parts().processes.all();
            of_box.narrow(principal, &processes, &mut filter)
        });
        (may_fit && !filter.is_impossible()).then_some(filter)
    }

    /// By what the caller sees cases, which organisations have few, so that the list looks through those, and which of category and
    /// source has fewer.
    pub(super) async fn sized(
        &self,
        principal: &Principal,
        permission: &str,
        mut filter: CaseFilter,
    ) -> Result<(CaseFilter, Vec<Tie>), CaseworkError> {
        let most = if filter.reads_cases() {
            FEW_READ_MAX
        } else {
            FEW_OPEN_MAX
        };
        let is_few = |size: Option<i64>| size.is_some_and(|size| size <= most);
        if let Some((path, has_few)) = &mut filter.organisation {
            let key = SizeKey::Organisation(path.clone());
            *has_few = is_few(self.few(key).await?);
        }
        let scope = principal.scope(permission);
        let mut ties = Vec::new();
        if scope.everything {
            ties.push(Tie::Everything);
        } else {
            for path in &scope.areas {
                ties.push(Tie::Area(self.area_of(path)));
            }
            for path in scope.organisations {
                let key = SizeKey::Organisation(path.clone());
                let has_few = is_few(self.few(key).await?);
                ties.push(Tie::Organisation { path, has_few });
            }
            ties.extend(scope.zones.into_iter().map(Tie::Zone));
        }
        if !filter.is_open() {
            if let Some((within, has_few)) = &mut filter.within {
                *has_few = self.has_few_within(*within).await?;
            }
            let of_category = filter.category_id.map(SizeKey::Category);
            let of_source = filter.source.clone().map(SizeKey::Source);
            let mut sizes = [None, None];
            for (size, key) in sizes.iter_mut().zip([of_category, of_source]) {
                if let Some(key) = key {
                    *size = self.few(key).await?;
                }
            }
            let [of_category, of_source] = sizes.map(|size| size.unwrap_or(i64::MAX));
            filter.column_has_few = of_category.min(of_source) < i64::MAX;
            filter.source_has_fewer = of_source < of_category;
        }
        Ok((filter, ties))
    }

    /// Whether few cases lie in a box: then its index is walked.
    async fn has_few_within(&self, within: MapBox) -> Result<bool, CaseworkError> {
        let counted = self.store().read(move |tx| {
            let MapBox {
                west,
                south,
                east,
                north,
            } = within;
            let asked = params![west, east, south, north, FEW_MAX + 1];
            tx.query_opt(&CASES_WITHIN, asked, |row| row.get::<i64>(0))
        });
        Ok(counted.await?.unwrap_or(0) <= FEW_MAX)
    }

    /// How many cases something has, when they are few; looked up again every ten minutes.
    pub(super) async fn few(&self, key: SizeKey) -> Result<Option<i64>, CaseworkError> {
        let now = self.now();
        let most = match key {
            SizeKey::Organisation(_) => FEW_OPEN_MAX,
            _ => FEW_MAX,
        };
        let is_few = |size: i64| (size <= most).then_some(size);
        if let Some(size) = self.sizes().known(&key, now) {
            return Ok(is_few(size));
        }
        let asked = key.clone();
        let count = self
            .store()
            .read(move |tx| {
                let limit = most + 1;
                let count = |row: &Row<'_>| row.get::<i64>(0);
                match &asked {
                    SizeKey::Organisation(path) => {
                        tx.query_opt(&CASES_OPEN_OF_ORGANISATION, params![path, limit], count)
                    }
                    SizeKey::Category(id) => {
                        tx.query_opt(&CASES_OF_CATEGORY, params![id, limit], count)
                    }
                    SizeKey::Source(source) => {
                        tx.query_opt(&CASES_OF_SOURCE, params![source, limit], count)
                    }
                }
            })
            .await?;
        let size = count.unwrap_or(0);
        self.sizes().note(key, size, now);
        Ok(is_few(size))
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
                Ok(this.case_view_in(tx, &principal, &case, now)?)
            })
            .await
    }

    fn case_view_in(
        &self,
        tx: &mut Tx<'_>,
        principal: &Principal,
        case: &Case,
        now: Timestamp,
    ) -> Result<CaseView, StoreError> {
        let mut names = self.names();
        let words = read::case_words(tx, case.id)?;
        let words = self.case_words(case.id, words)?.map(|words| words.masked());
        let entries = read::timeline(tx, case.id)?;
        let events = read::case_events(&entries)?;
        let row = CaseRow {
            case: case.clone(),
            // The words have it, and are opened anyway.
            title: None,
            lead_organisation_id: case.lead().map(|lead| lead.organisation.id),
            updated_at: entries
                .last()
                .map_or(case.accepted_at, |entry| entry.recorded_at),
        };
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
