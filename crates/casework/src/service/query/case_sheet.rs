//! The list of cases as a file for spreadsheets: exactly what its filter shows, in its order, masked as the list is. Who took which list
//! is written into the audit first.

use super::{CaseQuery, limit};
use crate::clocks::Light;
use crate::failure::CaseworkError;
use crate::listing::Cursor;
use crate::service::export::words;
use crate::service::{CaseSort, Casework};
use crate::store::listing::CaseRow;
use crate::view::{CaseListView, Named};
use ::store::{AuditEntry, StoreError};
use access::{Principal, output_column as column};
use base::{FieldError, Id, PageRequest, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;
use table::{Cell, OutputColumn, Sheet, SheetForm};

/// Longer lists are refused: whoever wants the whole city has `chengyun export`.
const SHEET_ROWS_MAX: usize = 20_000;

const COLUMNS: &[OutputColumn] = &[
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

impl Casework {
    /// The file, and how many cases are in it. `told` is what was asked for, for the audit.
    pub async fn case_sheet(
        &self,
        principal: &Arc<Principal>,
        query: CaseQuery,
        form: SheetForm,
        told: String,
    ) -> Result<(Vec<u8>, usize), CaseworkError> {
        let by = principal.acting_anywhere("case_export")?;
        let query = CaseQuery {
            page: PageRequest::default(),
            ..query
        };
        let (mut wrong, now) = (Vec::new(), self.now());
        limit(&query.page, &mut wrong);
        let filter = self.case_filter(principal, &query, &mut wrong);
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let detail = access::trail::detail(
            principal,
            &by,
            serde_json::json!({ "format": form.ending(), "filter": told, "masked": true }),
        );
        let audited = self.store().write(move |tx| {
            tx.audit(&AuditEntry {
                at: now,
                actor: by.account_id,
                action: "case_export",
                object: Id(0),
                detail: &detail,
            })
        });
        audited.await.map_err(CaseworkError::Store)?;
        let mut rows = Vec::new();
        if let Some(filter) = filter {
            let asked = self.cases_asked(principal, "case_export", filter, now);
            rows = self.cases_listed(asked, SHEET_ROWS_MAX + 1).await?;
        }
        if rows.len() > SHEET_ROWS_MAX {
            let message = format!("more than {SHEET_ROWS_MAX} cases: ask for fewer");
            return Err(CaseworkError::Invalid(vec![FieldError::new(
                "", "too_many", message,
            )]));
        }
        let sources = self.source_names().await.map_err(CaseworkError::Store)?;
        Ok((self.case_sheet_of(&rows, &sources, form, now)?, rows.len()))
    }

    fn case_sheet_of(
        &self,
        rows: &[CaseRow],
        sources: &HashMap<String, String>,
        form: SheetForm,
        now: Timestamp,
    ) -> Result<Vec<u8>, CaseworkError> {
        let failed = |error: table::OutputError| {
            CaseworkError::Store(StoreError::Corrupt(format!("the sheet of cases: {error}")))
        };
        let mut names = self.names();
        let mut sheet = Sheet::new(form, COLUMNS).map_err(failed)?;
        for row in rows {
            let view = self.case_list_view(row, &mut names, now);
            let source = sources.get(&view.source).unwrap_or(&view.source).clone();
            sheet.row(&cells(&view, source)).map_err(failed)?;
        }
        sheet.into_bytes().map_err(failed)
    }
}

/// Where a page ends after this row.
pub(super) fn cursor_of(row: &CaseRow, sort: CaseSort) -> Cursor {
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

fn cells(view: &CaseListView, source: String) -> [Cell<'static>; 13] {
    let named = |named: &Option<Named>| named.as_ref().and_then(|each| each.name.clone());
    let stage = if view.awaits_dispatch {
        "待派遣"
    } else {
        words::case_stage(view.stage)
    };
    let light = view.light.map(|light| match light {
        Light::Green => "按期",
        Light::Yellow => "临期",
        Light::Red => "超期",
    });
    [
        view.case_no.clone().into(),
        view.title.clone().into(),
        stage.into(),
        words::level(view.level).into(),
        source.into(),
        named(&view.category).into(),
        named(&view.area).into(),
        named(&view.lead_organisation).into(),
        view.accepted_at.to_string().into(),
        view.clock.map(|clock| clock.due_at.to_string()).into(),
        light.into(),
        view.rework_count.into(),
        view.updated_at.to_string().into(),
    ]
}
