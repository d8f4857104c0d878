//! Reading: lists by cursor within the caller's scope, details masked.

mod actions;
mod boxes;
mod case_map;
mod cases;
mod milestones;
mod reports;
mod sheets;
mod tasks;

pub use boxes::{CaseBox, ReportBox};
pub use cases::COUNT_SHOWN_MAX;
pub use sheets::Taking;
pub use tasks::TaskBox;

use super::{Casework, sealed};
use crate::city::Place;
use crate::clocks::Light;
use crate::lifecycle::{Event, Fact};
use crate::listing::{AreaFilter, CaseMark, CaseSort, ReportSort};
use crate::model::{CaseStage, Level, NoteRef, ReportStage, TaskKind, TaskState};
use crate::store::NOTE_BY_ID;
use crate::store::read::TimelineEntry;
use crate::store::task_list::TaskSort;
use crate::view::{ActorView, Named, TimelineView};
use ::store::{StoreError, Tx, params};
use access::mask;
use base::path::TreePath;
use base::{FieldError, Id, PageRequest, Timestamp};
pub(in crate::service) use cases::case_note;
pub(in crate::service) use reports::report_head;
use serde_json::value::RawValue;
use std::collections::HashMap;

/// The filters of the list of cases, as on the wire.
#[derive(Clone, Debug, Default)]
pub struct CaseQuery {
    /// In this box of the caller's.
    pub of_box: Option<CaseBox>,
    /// In this stage.
    pub stage: Option<CaseStage>,
    /// Division code of the area it lies in.
    pub area_code: Option<String>,
    /// In this zone.
    pub zone_id: Option<Id>,
    /// Lying in this box: `west,south,east,north`.
    pub within: Option<String>,
    /// So urgent.
    pub level: Option<Level>,
    /// Accepted at this time or later.
    pub accepted_from: Option<Timestamp>,
    /// Accepted before this time.
    pub accepted_to: Option<Timestamp>,
    /// Of this category.
    pub category_id: Option<Id>,
    /// That this organisation or one below it accepted, filed, holds or held.
    pub organisation_id: Option<Id>,
    /// Showing this light now.
    pub light: Option<Light>,
    /// From this source.
    pub source: Option<String>,
    /// Marked in this way now.
    pub mark: Option<CaseMark>,
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
    /// In this box.
    pub of_box: Option<TaskBox>,
    /// Only those the caller works on.
    pub mine: bool,
    /// In which order.
    pub sort: TaskSort,
    /// Which page.
    pub page: PageRequest,
}

/// Whose a report is, as somebody asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportClaim {
    /// Taken by whoever asks.
    Me,
    /// Taken by nobody: in the pool.
    Nobody,
}

/// The filters of the list of reports.
#[derive(Clone, Debug, Default)]
pub struct ReportQuery {
    /// In this box of the caller's.
    pub of_box: Option<ReportBox>,
    /// In this stage.
    pub stage: Option<ReportStage>,
    /// So urgent.
    pub level: Option<Level>,
    /// Whose it is.
    pub claimed: Option<ReportClaim>,
    /// Waiting in the pool, showing this light now; red is overdue.
    pub light: Option<Light>,
    /// About something in this area or below, by its division code.
    pub area_code: Option<String>,
    /// From this source, by its code.
    pub source: Option<String>,
    /// Received at this time or later.
    pub received_from: Option<Timestamp>,
    /// Received before this time.
    pub received_to: Option<Timestamp>,
    /// Whose number begins so.
    pub q: Option<String>,
    /// In which order.
    pub sort: ReportSort,
    /// Which page.
    pub page: PageRequest,
}

pub(in crate::service) fn limit(page: &PageRequest, wrong: &mut Vec<FieldError>) -> u32 {
    page.limit().unwrap_or_else(|error| {
        wrong.push(error);
        1
    })
}

pub(in crate::service) fn after_id(page: &PageRequest, wrong: &mut Vec<FieldError>) -> Option<Id> {
    let text = page.after.as_deref()?;
    let id = text.parse().ok();
    if id.is_none() {
        wrong.push(no_cursor());
    }
    id
}

pub(super) fn no_cursor() -> FieldError {
    FieldError::new("after", "malformed", "pass the `next` of the page before")
}

/// A number is searched by its beginning, at least to its day: whatever is shorter begins most numbers. `kind` is what stands before
/// the prefix of the installation.
fn check_number(text: Option<&str>, prefix: &str, kind: &str, wrong: &mut Vec<FieldError>) {
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
    } else if let Some(text) = text
        && text.len() < kind.len() + prefix.len() + "-20261121".len()
    {
        wrong.push(FieldError::new(
            "q",
            "too_short",
            format!("give the number at least to its day, e.g. {kind}{prefix}-20261121"),
        ));
    }
}

impl Casework {
    fn organisation_filter(&self, id: Option<Id>, wrong: &mut Vec<FieldError>) -> Option<TreePath> {
        let found = self.known_organisation("organisation_id", id?, wrong)?;
        Some(found.organisation.path)
    }

    fn area_filter(&self, code: Option<&str>, wrong: &mut Vec<FieldError>) -> Option<AreaFilter> {
        self.known_area_ever("area_code", code?, wrong)
            .map(area_filter_of)
    }

    /// An area by its path, known or not.
    pub(in crate::service) fn area_of(&self, path: &TreePath) -> AreaFilter {
        let known = self.parts().city.place_by_path(path);
        known.map_or_else(|| AreaFilter::Above(path.clone()), area_filter_of)
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
        entries: Vec<TimelineEntry>,
        events: &[Event<F>],
        note_of: fn(&F) -> Option<&NoteRef>,
        names: &mut Names<'_>,
    ) -> Result<Vec<TimelineView>, StoreError> {
        let mut views = Vec::with_capacity(entries.len());
        for (entry, event) in entries.into_iter().zip(events) {
            let fact = RawValue::from_string(entry.body)
                .map_err(|error| StoreError::Corrupt(error.to_string()))?;
            views.push(TimelineView {
                seq: entry.seq,
                kind: entry.kind,
                occurred_at: entry.occurred_at,
                recorded_at: entry.recorded_at,
                by: entry.by.map(|by| ActorView {
                    staff_id: by.staff_id,
                    organisation: names.organisation(by.organisation_id),
                    role: by.role,
                }),
                fact,
                note: self.note_shown(tx, note_of(&event.fact))?,
            });
        }
        Ok(views)
    }

    pub(in crate::service) fn names(&self) -> Names<'_> {
        Names {
            casework: self,
            areas: HashMap::new(),
            organisations: HashMap::new(),
        }
    }
}

fn area_filter_of(place: Place) -> AreaFilter {
    let area = place.area_path;
    match place.street_path {
        Some(street) if street == area => AreaFilter::Street(area),
        Some(street) => AreaFilter::Within {
            street,
            village: place.village_path,
            area,
        },
        None => AreaFilter::Above(area),
    }
}

/// Names looked up once for a page.
pub(in crate::service) struct Names<'a> {
    casework: &'a Casework,
    areas: HashMap<TreePath, Option<String>>,
    organisations: HashMap<Id, Option<String>>,
}

impl Names<'_> {
    pub(super) fn area(&mut self, path: &TreePath) -> Named {
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

    /// An area by the name it had at a time.
    pub(super) fn area_at(&self, path: &TreePath, at: Timestamp) -> Named {
        Named {
            id: path.to_string(),
            name: self.casework.parts().city.area_name_at(path, at),
        }
    }

    pub(super) fn organisation(&mut self, id: Id) -> Named {
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

    pub(super) fn category(&mut self, id: Id) -> Named {
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
