//! Lists as files for spreadsheets.

use super::cases::CaseListParams;
use super::reports::ReportListParams;
use super::tasks::TaskListParams;
use crate::service::{Casework, Taking};
use access::http::Caller;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base::PageRequest;
use serde::Deserialize;
use table::SheetForm;
use utoipa::{IntoParams, ToSchema};
use wire::{Answer, ProblemView, Query};

/// How a list is written.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SheetFormat {
    /// A workbook.
    #[default]
    Xlsx,
    /// Comma separated, UTF-8 with a byte order mark.
    Csv,
}

/// Which file is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct SheetParams {
    /// `xlsx` when left out.
    #[param(inline)]
    format: SheetFormat,
}

impl SheetParams {
    fn taking(&self, asked: Option<String>) -> Taking {
        Taking {
            form: match self.format {
                SheetFormat::Xlsx => SheetForm::Xlsx,
                SheetFormat::Csv => SheetForm::Csv,
            },
            told: access::mask::text(&asked.unwrap_or_default()),
        }
    }
}

fn file(name: &str, form: SheetForm, (bytes, rows): (Vec<u8>, usize)) -> Response {
    let headers = [
        (header::CONTENT_TYPE, form.media_type().to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}.{}\"", form.ending()),
        ),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, [("x-row-count", rows.to_string())], bytes).into_response()
}

/// 导出: the list of cases with exactly these filters and in this order as a file for spreadsheets, masked as the list is, on one
/// snapshot. At most 20,000 cases; a longer list is refused. Who took which list is in the audit.
#[utoipa::path(get, path = "/api/v1/cases/export", operation_id = "case_export", tag = "cases",
    params(CaseListParams, SheetParams),
    responses((status = 200, description = "The file.", content_type = "application/octet-stream", body = Vec<u8>), (status = 422, body = ProblemView)))]
pub(super) async fn case_export(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    RawQuery(asked): RawQuery,
    Query(params): Query<CaseListParams>,
    Query(sheet): Query<SheetParams>,
) -> Answer<Response> {
    let taking = sheet.taking(asked);
    let (form, query) = (taking.form, params.query(PageRequest::default()));
    let taken = casework.case_sheet(&principal, query, taking).await?;
    Ok(file("cases", form, taken))
}

/// 导出: the list of reports with exactly these filters and in this order as a file for spreadsheets, masked as the list is, on one
/// snapshot. At most 20,000 reports; a longer list is refused. Who took which list is in the audit.
#[utoipa::path(get, path = "/api/v1/reports/export", operation_id = "report_export", tag = "reports",
    params(ReportListParams, SheetParams),
    responses((status = 200, description = "The file.", content_type = "application/octet-stream", body = Vec<u8>), (status = 422, body = ProblemView)))]
pub(super) async fn report_export(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    RawQuery(asked): RawQuery,
    Query(params): Query<ReportListParams>,
    Query(sheet): Query<SheetParams>,
) -> Answer<Response> {
    let taking = sheet.taking(asked);
    let (form, query) = (taking.form, params.query(PageRequest::default()));
    let taken = casework.report_sheet(&principal, query, taking).await?;
    Ok(file("reports", form, taken))
}

/// 导出: the list of tasks with exactly these filters and in this order as a file for spreadsheets, masked as the list is, on one
/// snapshot. At most 20,000 tasks; a longer list is refused. Who took which list is in the audit.
#[utoipa::path(get, path = "/api/v1/tasks/export", operation_id = "task_export", tag = "tasks",
    params(TaskListParams, SheetParams),
    responses((status = 200, description = "The file.", content_type = "application/octet-stream", body = Vec<u8>), (status = 422, body = ProblemView)))]
pub(super) async fn task_export(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    RawQuery(asked): RawQuery,
    Query(params): Query<TaskListParams>,
    Query(sheet): Query<SheetParams>,
) -> Answer<Response> {
    let taking = sheet.taking(asked);
    let (form, query) = (taking.form, params.query(PageRequest::default()));
    let taken = casework.task_sheet(&principal, query, taking).await?;
    Ok(file("tasks", form, taken))
}
