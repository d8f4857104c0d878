//! Tasks: the list.

use super::{COUNT_SHOWN_MAX, Names, TaskQuery, limit, no_cursor};
use crate::failure::CaseworkError;
use crate::listing::Cursor;
use crate::model::TaskState;
use crate::service::{Casework, sealed};
use crate::store::task_list::{self, TaskFilter, TaskRow};
use crate::view::{TaskBoxesView, TaskCountsView, TaskListView, TaskView};
use ::store::StoreError;
use access::Principal;
use base::{FieldError, Page, Timestamp};
use serde::Deserialize;
use std::sync::Arc;

/// A box of tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskBox {
    /// 待办: to be accepted.
    Todo,
    /// 在办: being worked on.
    Doing,
    /// 已办: finished.
    Done,
    /// 退回: given back.
    Returned,
    /// 超期: open, and the clock that runs has run out.
    Overdue,
}

impl TaskBox {
    /// All of them, in order.
    pub const ALL: &'static [Self] = &[
        Self::Todo,
        Self::Doing,
        Self::Done,
        Self::Returned,
        Self::Overdue,
    ];
}

/// A filter narrowed to a box; none when nothing can be in both.
fn narrowed(mut filter: TaskFilter, of_box: Option<TaskBox>, now: Timestamp) -> Option<TaskFilter> {
    let Some(of_box) = of_box else {
        return Some(filter);
    };
    let state = match of_box {
        TaskBox::Todo => TaskState::Assigned,
        TaskBox::Doing => TaskState::Accepted,
        TaskBox::Done => TaskState::Finished,
        TaskBox::Returned => TaskState::Returned,
        TaskBox::Overdue => {
            filter.overdue_at = Some(now);
            return Some(filter);
        }
    };
    let other = filter.state.replace(state);
    other.is_none_or(|other| other == state).then_some(filter)
}

impl Casework {
    /// Tasks held by the caller's organisations and those below them.
    pub async fn task_list(
        &self,
        principal: &Arc<Principal>,
        query: TaskQuery,
    ) -> Result<Page<TaskListView>, CaseworkError> {
        let mut wrong = Vec::new();
        let limit = limit(&query.page, &mut wrong);
        let sort = query.sort;
        let filter = self.task_filter(principal, &query, &mut wrong);
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let Some(mut filter) = filter else {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        };
        filter.limit = i64::from(limit) + 1;
        let scope = principal.scope("task_list");
        let rows = self
            .store()
            .read(move |tx| task_list::tasks(tx, &filter, &scope))
            .await?;
        let page = Page::from_rows(rows, limit, |row| {
            let running = row.task.present_clock();
            sort.cursor_to_text(Cursor {
                at: running.map_or(Timestamp(0), |(_, clock)| clock.due_at),
                id: row.task.id,
            })
        });
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

    /// The filter a question means, without its limit; none when nothing can fit it.
    pub(super) fn task_filter(
        &self,
        principal: &Principal,
        query: &TaskQuery,
        wrong: &mut Vec<FieldError>,
    ) -> Option<TaskFilter> {
        let cursor = query.page.after.as_deref();
        let after = cursor.map(|text| query.sort.cursor_parse(text));
        if after.is_some_and(|cursor| cursor.is_none()) {
            wrong.push(no_cursor());
        }
        let filter = TaskFilter {
            state: query.state,
            kind: query.kind,
            organisation_path: self.organisation_filter(query.organisation_id, wrong),
            assignee: query.mine.then_some(principal.staff_id),
            sort: query.sort,
            after: after.flatten(),
            ..TaskFilter::default()
        };
        narrowed(filter, query.of_box, self.now())
    }

    /// How many tasks each box holds: of the caller's organisations, and of the caller alone.
    pub async fn task_counts(
        &self,
        principal: &Arc<Principal>,
    ) -> Result<TaskCountsView, CaseworkError> {
        let now = self.now();
        let scope = principal.scope("task_list");
        let staff_id = principal.staff_id;
        let filters: Vec<_> = [None, Some(staff_id)]
            .into_iter()
            .flat_map(|assignee| TaskBox::ALL.iter().map(move |of_box| (assignee, *of_box)))
            .filter_map(|(assignee, of_box)| {
                let filter = TaskFilter {
                    assignee,
                    limit: COUNT_SHOWN_MAX + 1,
                    ..TaskFilter::default()
                };
                narrowed(filter, Some(of_box), now)
            })
            .collect();
        let counts = self
            .store()
            .read(move |tx| {
                filters
                    .iter()
                    .map(|filter| task_list::count(tx, filter, &scope))
                    .collect::<Result<Vec<_>, StoreError>>()
            })
            .await?;
        let (ours, mine) = counts.split_at(TaskBox::ALL.len());
        Ok(TaskCountsView {
            ours: TaskBoxesView::new(ours),
            mine: TaskBoxesView::new(mine),
        })
    }

    pub(super) fn task_list_view(
        &self,
        row: &TaskRow,
        names: &mut Names<'_>,
        now: Timestamp,
    ) -> TaskListView {
        let of_case = row.case.as_ref().map(|(id, _, _)| *id);
        let of_report = row.report.as_ref().map(|(id, _)| *id);
        let subject_id = of_case.or(of_report).unwrap_or(row.task.id);
        let organisation = names.organisation(row.task.organisation.id);
        TaskListView {
            task: TaskView::new(&row.task, organisation, None, now),
            case_id: row.case.as_ref().map(|(id, _, _)| *id),
            case_no: row.case.as_ref().map(|(_, no, _)| no.clone()),
            case_stage: row.case.as_ref().map(|(_, _, stage)| *stage),
            report_id: row.report.as_ref().map(|(id, _)| *id),
            report_no: row.report.as_ref().map(|(_, no)| no.clone()),
            title: sealed::case_title_shown(&self.parts().sealer, subject_id, row.title.as_ref()),
            area: row
                .area_path
                .as_ref()
                .map(|path| names.area_at(path, row.task.opened_at)),
        }
    }
}
