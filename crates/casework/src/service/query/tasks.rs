//! Tasks: the list.

use super::{Names, TaskQuery, after_id, limit};
use crate::failure::CaseworkError;
use crate::service::{Casework, sealed};
use crate::store::list::{self, TaskFilter, TaskRow};
use crate::view::{TaskListView, TaskView};
use access::Principal;
use base::{Page, Timestamp};
use std::sync::Arc;

impl Casework {
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
            area: row.area_path.as_ref().map(|path| names.area(path)),
        }
    }
}
