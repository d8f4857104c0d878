//! Lists as files for spreadsheets: exactly what their filters show, in their order, masked as the lists are. Who took which list is
//! written into the audit first.

use super::{CaseQuery, ReportQuery, TaskQuery};
use crate::clocks::Light;
use crate::failure::CaseworkError;
use crate::model::ReportStage;
use crate::service::Casework;
use crate::service::export::words;
use crate::store::task_list;
use crate::view::{CaseListView, Named, ReportListView, TaskListView};
use ::store::{AuditEntry, StoreError};
use access::{Principal, output_column as column};
use base::{FieldError, Id, PageRequest, Timestamp};
use std::sync::Arc;
use table::{Cell, OutputColumn, Sheet, SheetForm};

/// Longer lists are refused: whoever wants the whole city has `chengyun export`.
const SHEET_ROWS_MAX: usize = 20_000;

const CASE_COLUMNS: &[OutputColumn] = &[
    column("case_no", "案卷编号"),
    column("title", "问题描述"),
    column("stage", "环节"),
    column("level", "等级"),
    column("source", "来源"),
    column("category", "类别"),
    column("area", "区域"),
    column("lead", "主办单位"),
    column("accepted_at", "受理时间"),
    column("due_at", "截止时间"),
    column("light", "时限"),
    column("rework_count", "返工次数"),
    column("updated_at", "更新时间"),
];

const REPORT_COLUMNS: &[OutputColumn] = &[
    column("report_no", "诉求编号"),
    column("title", "标题"),
    column("stage", "状态"),
    column("level", "等级"),
    column("source", "来源"),
    column("area", "区域"),
    column("received_at", "接收时间"),
    column("due_at", "截止时间"),
    column("light", "时限"),
    column("is_claimed", "已认领"),
    column("is_overdue", "受理超期"),
];

const TASK_COLUMNS: &[OutputColumn] = &[
    column("number", "案卷或诉求编号"),
    column("title", "问题描述"),
    column("kind", "工单类型"),
    column("role", "角色"),
    column("state", "状态"),
    column("organisation", "承办单位"),
    column("area", "区域"),
    column("opened_at", "派发时间"),
    column("accept_by", "签收截止"),
    column("finish_by", "处置截止"),
    column("light", "时限"),
    column("accepted_at", "签收时间"),
    column("finished_at", "办结时间"),
    column("is_overdue", "超期"),
    column("rework_count", "返工次数"),
];

/// A list that somebody takes away.
#[derive(Clone, Debug)]
pub struct Taking {
    /// As what.
    pub form: SheetForm,
    /// What was asked for, for the audit.
    pub told: String,
}

impl Casework {
    /// The list of cases as a file, and how many are in it.
    pub async fn case_sheet(
        &self,
        principal: &Arc<Principal>,
        query: CaseQuery,
        taking: Taking,
    ) -> Result<(Vec<u8>, usize), CaseworkError> {
        let query = CaseQuery {
            page: PageRequest::default(),
            ..query
        };
        let (mut wrong, now) = (Vec::new(), self.now());
        let filter = self.case_filter(principal, &query, &mut wrong);
        let may = self.sheet_begin(principal, "case_export", &taking, wrong);
        may.await?;
        let mut rows = Vec::new();
        if let Some(filter) = filter {
            let asked = self.cases_asked(principal, "case_export", filter, now);
            rows = self.cases_listed(asked, SHEET_ROWS_MAX + 1).await?;
        }
        let sources = self.source_names().await.map_err(CaseworkError::Store)?;
        let mut names = self.names();
        sheet(&taking, CASE_COLUMNS, &rows, |row| {
            let view = self.case_list_view(row, &mut names, now);
            let source = sources.get(&view.source).unwrap_or(&view.source).clone();
            case_cells(&view, source)
        })
    }

    /// The list of reports as a file, and how many are in it.
    pub async fn report_sheet(
        &self,
        principal: &Arc<Principal>,
        query: ReportQuery,
        taking: Taking,
    ) -> Result<(Vec<u8>, usize), CaseworkError> {
        let query = ReportQuery {
            page: PageRequest::default(),
            ..query
        };
        let (mut wrong, now) = (Vec::new(), self.now());
        let filter = self.report_filter(principal, query, &mut wrong);
        let may = self.sheet_begin(principal, "report_export", &taking, wrong);
        may.await?;
        let mut rows = Vec::new();
        if let Some(filter) = filter {
            let asked = self.reports_asked(principal, "report_export", filter);
            rows = self.reports_listed(asked, SHEET_ROWS_MAX + 1).await?;
        }
        let sources = self.source_names().await.map_err(CaseworkError::Store)?;
        let mut names = self.names();
        sheet(&taking, REPORT_COLUMNS, &rows, |listed| {
            let view = self.report_list_view(listed, &mut names);
            let source = sources.get(&view.source).unwrap_or(&view.source).clone();
            report_cells(&view, source, now)
        })
    }

    /// The list of tasks as a file, and how many are in it.
    pub async fn task_sheet(
        &self,
        principal: &Arc<Principal>,
        query: TaskQuery,
        taking: Taking,
    ) -> Result<(Vec<u8>, usize), CaseworkError> {
        let query = TaskQuery {
            page: PageRequest::default(),
            ..query
        };
        let (mut wrong, now) = (Vec::new(), self.now());
        let filter = self.task_filter(principal, &query, &mut wrong);
        let may = self.sheet_begin(principal, "task_export", &taking, wrong);
        may.await?;
        let mut rows = Vec::new();
        if let Some(mut filter) = filter {
            filter.limit = i64::try_from(SHEET_ROWS_MAX).unwrap_or(i64::MAX) + 1;
            let scope = principal.scope("task_export");
            rows = self
                .store()
                .read(move |tx| task_list::tasks(tx, &filter, &scope))
                .await?;
        }
        let mut names = self.names();
        sheet(&taking, TASK_COLUMNS, &rows, |row| {
            task_cells(self.task_list_view(row, &mut names, now))
        })
    }

    /// Refuses who may not and what is wrong, and writes down who takes which list.
    async fn sheet_begin(
        &self,
        principal: &Arc<Principal>,
        operation: &'static str,
        taking: &Taking,
        wrong: Vec<FieldError>,
    ) -> Result<(), CaseworkError> {
        let by = principal.acting_anywhere(operation)?;
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let format = taking.form.ending();
        let told = serde_json::json!({ "format": format, "filter": taking.told, "masked": true });
        let detail = access::trail::detail(principal, &by, told);
        let now = self.now();
        let audited = self.store().write(move |tx| {
            tx.audit(&AuditEntry {
                at: now,
                actor: by.account_id,
                action: operation,
                object: Id(0),
                detail: &detail,
            })
        });
        audited.await.map_err(CaseworkError::Store)
    }
}

fn sheet<T, const N: usize>(
    taking: &Taking,
    columns: &'static [OutputColumn],
    rows: &[T],
    mut cells: impl FnMut(&T) -> [Cell<'static>; N],
) -> Result<(Vec<u8>, usize), CaseworkError> {
    if rows.len() > SHEET_ROWS_MAX {
        let message = format!("more than {SHEET_ROWS_MAX} rows: ask for fewer");
        let wrong = FieldError::new("", "too_many", message);
        return Err(CaseworkError::Invalid(vec![wrong]));
    }
    let failed = |error: table::OutputError| {
        CaseworkError::Store(StoreError::Corrupt(format!("the sheet of a list: {error}")))
    };
    let mut sheet = Sheet::new(taking.form, columns).map_err(failed)?;
    for row in rows {
        sheet.row(&cells(row)).map_err(failed)?;
    }
    Ok((sheet.into_bytes().map_err(failed)?, rows.len()))
}

fn name(named: Option<Named>) -> Cell<'static> {
    named.and_then(|each| each.name).into()
}

fn time(at: Option<Timestamp>) -> Cell<'static> {
    at.map(|at| at.to_string()).into()
}

fn light(light: Option<Light>) -> Cell<'static> {
    let word = light.map(|light| match light {
        Light::Green => "按期",
        Light::Yellow => "临期",
        Light::Red => "超期",
    });
    word.into()
}

fn case_cells(view: &CaseListView, source: String) -> [Cell<'static>; 13] {
    let stage = if view.awaits_dispatch {
        "待派遣"
    } else {
        words::case_stage(view.stage)
    };
    [
        view.case_no.clone().into(),
        view.title.clone().into(),
        stage.into(),
        words::level(view.level).into(),
        source.into(),
        name(view.category.clone()),
        name(view.area.clone()),
        name(view.lead_organisation.clone()),
        time(Some(view.accepted_at)),
        time(view.clock.map(|clock| clock.due_at)),
        light(view.light),
        view.rework_count.into(),
        time(Some(view.updated_at)),
    ]
}

fn report_cells(view: &ReportListView, source: String, now: Timestamp) -> [Cell<'static>; 11] {
    // Only what waits to be decided on has a clock.
    let clock = view.clock.filter(|_| view.stage == ReportStage::Received);
    [
        view.report_no.clone().into(),
        view.title.clone().into(),
        words::report_stage(view.stage).into(),
        words::level(view.level).into(),
        source.into(),
        name(view.area.clone()),
        time(Some(view.received_at)),
        time(clock.map(|clock| clock.due_at)),
        light(clock.map(|clock| clock.light(now))),
        view.claimed_by.is_some().into(),
        view.is_overdue.into(),
    ]
}

fn task_cells(view: TaskListView) -> [Cell<'static>; 15] {
    let task = view.task;
    [
        view.case_no.or(view.report_no).into(),
        view.title.into(),
        words::task_kind(task.kind).into(),
        words::task_role(task.role).into(),
        words::task_state(task.state).into(),
        name(Some(task.organisation)),
        name(view.area),
        time(Some(task.opened_at)),
        time(task.response.map(|clock| clock.due_at)),
        time(Some(task.handling.due_at)),
        light(task.light),
        time(task.accepted_at),
        time(task.finished_at),
        (task.response_overdue || task.handling_overdue).into(),
        task.rework_count.into(),
    ]
}
