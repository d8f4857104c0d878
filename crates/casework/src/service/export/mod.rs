//! Reports, cases, tasks, notes and timelines into tables, on one snapshot and a page at a time.
//!
//! Masked as lists are: numbers in words, names and phones of reporters; beyond that the name of whoever reported is masked
//! wherever it stands in the words of that report, its cases and their notes. Timelines hold no personal text.

pub(super) mod words;

use super::Casework;
use super::sealed::{self, Reporter, Words};
use crate::clocks::Clock;
use crate::model::{Case, Satisfaction};
use crate::store::{
    CASE_NOS_OF_REPORT, EXPORT_CASES, EXPORT_NOTES, EXPORT_REPORTS, EXPORT_TASKS, EXPORT_TIMELINE,
    REPORT_NOS_OF_CASE, REPORTERS_OF_SUBJECT, SOURCES, read,
};
use ::store::{Statement, StoreError, Tx, params};
use access::{ExportError, PeopleCodes, mask, output_column as column};
use base::{Id, Point, Timestamp, TreePath};
use registry::Snapshot;
use std::collections::HashMap;
use std::sync::Arc;
use table::{Cell, Form, OutputColumn, OutputFolder};

const REPORTS: &[OutputColumn] = &[
    column("report_no", "诉求编号"),
    column("stage_code", "阶段代码"),
    column("stage", "阶段"),
    column("level_code", "等级代码"),
    column("level", "等级"),
    column("source_code", "来源代码"),
    column("source", "来源"),
    column("external_system", "外部系统"),
    column("external_id", "外部编号"),
    column("title", "标题"),
    column("detail", "内容"),
    column("address", "地址"),
    column("reporter_name", "诉求人"),
    column("reporter_phone", "联系电话"),
    column("area_code", "区划代码"),
    column("area", "区划名称"),
    column("lon", "经度"),
    column("lat", "纬度"),
    column("organisation_code", "接收机构编码"),
    column("organisation", "接收机构"),
    column("received_at", "接收时间"),
    column("accepted_at", "受理时间"),
    column("settled_at", "办结时间"),
    column("due_at", "受理截止"),
    column("is_overdue", "受理超时"),
    column("solved", "回访是否解决"),
    column("satisfaction", "满意度"),
    column("case_nos", "案卷编号"),
];

const CASES: &[OutputColumn] = &[
    column("case_no", "案卷编号"),
    column("stage_code", "阶段代码"),
    column("stage", "阶段"),
    column("level_code", "等级代码"),
    column("level", "等级"),
    column("source_code", "来源代码"),
    column("source", "来源"),
    column("category_code", "类别代码"),
    column("category", "类别名称"),
    column("title", "标题"),
    column("detail", "内容"),
    column("address", "地址"),
    column("area_code", "区划代码"),
    column("area", "区划名称"),
    column("lon", "经度"),
    column("lat", "纬度"),
    column("process", "流程"),
    column("process_version", "流程版本"),
    column("filing_condition", "立案条件"),
    column("limit", "处置时限"),
    column("accepted_by_code", "受理机构编码"),
    column("accepted_by", "受理机构"),
    column("filed_by_code", "立案机构编码"),
    column("filed_by", "立案机构"),
    column("lead_code", "主办机构编码"),
    column("lead", "主办机构"),
    column("accepted_at", "受理时间"),
    column("filed_at", "立案时间"),
    column("dispatched_at", "派遣时间"),
    column("handled_at", "处置完成时间"),
    column("inspected_at", "核查时间"),
    column("closed_at", "结案时间"),
    column("due_at", "本阶段截止"),
    column("rework_count", "返工次数"),
    column("is_important", "重要"),
    column("is_supervised", "督办"),
    column("is_suspended", "挂账"),
    column("report_nos", "诉求编号"),
];

const TASKS: &[OutputColumn] = &[
    column("task_id", "工单编号"),
    column("subject_no", "案卷或诉求编号"),
    column("kind_code", "类型代码"),
    column("kind", "类型"),
    column("role_code", "分工代码"),
    column("role", "分工"),
    column("state_code", "状态代码"),
    column("state", "状态"),
    column("organisation_code", "承办机构编码"),
    column("organisation", "承办机构"),
    column("assignee_code", "经办人工号"),
    column("opened_at", "下达时间"),
    column("response_due_at", "签收截止"),
    column("accepted_at", "签收时间"),
    column("handling_due_at", "处置截止"),
    column("finished_at", "办结时间"),
    column("response_overdue", "签收超时"),
    column("handling_overdue", "处置超时"),
    column("rework_count", "返工次数"),
    column("result_note_id", "结果记录编号"),
];

const NOTES: &[OutputColumn] = &[
    column("note_id", "记录编号"),
    column("subject_no", "案卷或诉求编号"),
    column("text", "内容"),
];

const TIMELINE: &[OutputColumn] = &[
    column("subject", "对象"),
    column("subject_no", "案卷或诉求编号"),
    column("seq", "序号"),
    column("kind", "事件"),
    column("occurred_at", "发生时间"),
    column("recorded_at", "记录时间"),
    column("staff_code", "经办人工号"),
    column("organisation_code", "机构编码"),
    column("organisation", "机构"),
    column("role", "角色"),
    column("schema", "格式版本"),
    column("body", "详情"),
];

/// Rows read at a time.
const PAGE: i64 = 500;

/// What is looked up instead of ids.
struct Known<'a> {
    registry: &'a Snapshot,
    people: &'a PeopleCodes,
    sources: HashMap<String, String>,
    masked: bool,
}

impl Casework {
    /// Writes `reports`, `cases`, `tasks`, `notes` and `timeline`; the timeline as NDJSON whatever the form is.
    pub fn export(
        &self,
        tx: &mut Tx<'_>,
        out: &OutputFolder,
        registry: &Arc<Snapshot>,
        people: &PeopleCodes,
        masked: bool,
    ) -> Result<(), ExportError> {
        let sources = tx.query(&SOURCES, &[], |row| Ok((row.get(0)?, row.get(2)?)))?;
        let known = Known {
            registry,
            people,
            sources: sources.into_iter().collect(),
            masked,
        };
        self.export_reports(tx, out, &known)?;
        self.export_cases(tx, out, &known)?;
        export_tasks(tx, out, &known)?;
        self.export_notes(tx, out, &known)?;
        if out.form() != Form::Ndjson {
            export_timeline(tx, out, &known, out.form())?;
        }
        export_timeline(tx, out, &known, Form::Ndjson)
    }

    fn export_reports(
        &self,
        tx: &mut Tx<'_>,
        out: &OutputFolder,
        known: &Known<'_>,
    ) -> Result<(), ExportError> {
        let mut table = out.table("reports", REPORTS)?;
        let mut after = Id(0);
        loop {
            let page = tx.query(&EXPORT_REPORTS, params![after, PAGE], |row| {
                Ok((read::report(row)?, row.get(22)?, row.get(23)?))
            })?;
            let Some((last, ..)) = page.last() else { break };
            after = last.report.id;
            for (row, words, reporter) in page {
                let report = &row.report;
                let (words, reporter): (Option<Vec<u8>>, Option<Vec<u8>>) = (words, reporter);
                let reporter = match reporter {
                    Some(sealed) => self.opened_reporter(report.id, &sealed)?,
                    None => Reporter::default(),
                };
                let words = match words {
                    Some(sealed) => {
                        let context = sealed::report_words(report.id);
                        let words = sealed::open_words(&self.parts().sealer, &sealed, &context)?.0;
                        known.words(words, reporter.name.as_slice())
                    }
                    None => Shown::default(),
                };
                let reporter = known.reporter(reporter);
                let case_nos = numbers(tx, &CASE_NOS_OF_REPORT, report.id)?;
                let said = report.extra.called_back.as_ref();
                let rating = report
                    .extra
                    .rating
                    .as_ref()
                    .map(|rating| rating.satisfaction);
                let satisfaction = rating.or(said.map(|said| said.satisfaction));
                let (organisation_code, organisation) =
                    known.organisation(Some(row.organisation.id));
                let (area_code, area) = known.area(report.area_path.as_ref(), report.received_at);
                table.row(&[
                    (&report.report_no).into(),
                    report.stage.as_str().into(),
                    words::report_stage(report.stage).into(),
                    report.level.as_str().into(),
                    words::level(report.level).into(),
                    (&report.source).into(),
                    known.source(&report.source),
                    report.external.as_ref().map(|key| &key.system).into(),
                    report.external.as_ref().map(|key| &key.id).into(),
                    words.title.into(),
                    words.detail.into(),
                    words.address.into(),
                    reporter.name.into(),
                    reporter.phone.into(),
                    area_code,
                    area,
                    lon(report.point),
                    lat(report.point),
                    organisation_code,
                    organisation,
                    report.received_at.to_string().into(),
                    at(report.accepted_at),
                    at(report.settled_at),
                    due(report.clock),
                    report.extra.is_overdue.into(),
                    said.map(|said| said.solved).into(),
                    satisfaction.map(Satisfaction::as_str).into(),
                    case_nos.into(),
                ])?;
            }
        }
        table.finish()?;
        Ok(())
    }

    fn export_cases(
        &self,
        tx: &mut Tx<'_>,
        out: &OutputFolder,
        known: &Known<'_>,
    ) -> Result<(), ExportError> {
        let mut table = out.table("cases", CASES)?;
        let mut after = Id(0);
        loop {
            let page = tx.query(&EXPORT_CASES, params![after, PAGE], |row| {
                let lead: Option<Id> = row.get(31)?;
                let marks: [bool; 3] = [row.get(32)?, row.get(33)?, row.get(34)?];
                Ok((read::case(row)?, lead, marks))
            })?;
            let Some((last, ..)) = page.last() else { break };
            after = last.id;
            for (case, lead, marks) in page {
                let words = self.words_of_case(tx, case.id, known)?;
                let report_nos = numbers(tx, &REPORT_NOS_OF_CASE, case.id)?;
                table.row(&case_cells(&case, lead, marks, words, report_nos, known))?;
            }
        }
        table.finish()?;
        Ok(())
    }

    fn words_of_case(
        &self,
        tx: &mut Tx<'_>,
        id: Id,
        known: &Known<'_>,
    ) -> Result<Shown, StoreError> {
        let Some((report_id, sealed)) = read::case_words(tx, id)? else {
            return Ok(Shown::default());
        };
        let context = report_id.map_or_else(|| sealed::case_words(id), sealed::report_words);
        let words = sealed::open_words(&self.parts().sealer, &sealed, &context)?.0;
        let mut reporters = self.reporters(tx, id, known)?;
        if let Some(report_id) = report_id {
            reporters.extend(self.reporters(tx, report_id, known)?);
        }
        Ok(known.words(words, &reporters))
    }

    fn export_notes(
        &self,
        tx: &mut Tx<'_>,
        out: &OutputFolder,
        known: &Known<'_>,
    ) -> Result<(), ExportError> {
        let mut table = out.table("notes", NOTES)?;
        let mut after = Id(0);
        loop {
            let page = tx.query(&EXPORT_NOTES, params![after, PAGE], |row| {
                let case_no: Option<String> = row.get(3)?;
                let number = case_no.map_or_else(|| row.get(4), |number| Ok(Some(number)))?;
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, number))
            })?;
            let Some((last, ..)) = page.last() else { break };
            after = *last;
            for (id, subject_id, sealed, number) in page {
                let (sealed, number): (Option<Vec<u8>>, Option<String>) = (sealed, number);
                let text = match sealed {
                    Some(sealed) => {
                        let opened = self.parts().sealer.open_text(&sealed, &sealed::note(id));
                        let opened =
                            opened.map_err(|error| StoreError::Corrupt(error.to_string()))?;
                        let reporters = self.reporters(tx, subject_id, known)?;
                        Some(known.text(&opened.text, &reporters))
                    }
                    None => None,
                };
                table.row(&[id.to_string().into(), number.into(), text.into()])?;
            }
        }
        table.finish()?;
        Ok(())
    }

    /// The names of those who reported what a case or report is about; of use for masking only.
    fn reporters(
        &self,
        tx: &mut Tx<'_>,
        subject_id: Id,
        known: &Known<'_>,
    ) -> Result<Vec<String>, StoreError> {
        if !known.masked {
            return Ok(Vec::new());
        }
        let found = tx.query(&REPORTERS_OF_SUBJECT, params![subject_id], |row| {
            Ok((row.get::<Id>(0)?, row.get::<Vec<u8>>(1)?))
        })?;
        let mut names = Vec::new();
        for (id, sealed) in found {
            names.extend(self.opened_reporter(id, &sealed)?.name);
        }
        Ok(names)
    }

    fn opened_reporter(&self, report_id: Id, sealed: &[u8]) -> Result<Reporter, StoreError> {
        let context = sealed::report_reporter(report_id);
        let plain = sealed::open_plain(&self.parts().sealer, sealed, &context)?;
        serde_json::from_str(&plain)
            .map_err(|error| StoreError::Corrupt(format!("{context}: {error}")))
    }
}

/// Words as they may be written; none of what is forgotten.
#[derive(Default)]
struct Shown {
    title: Option<String>,
    detail: Option<String>,
    address: Option<String>,
}

impl Known<'_> {
    fn words(&self, words: Words, reporters: &[String]) -> Shown {
        Shown {
            title: Some(self.text(&words.title, reporters)),
            detail: Some(self.text(&words.detail, reporters)),
            address: words.address.map(|address| self.text(&address, reporters)),
        }
    }

    /// A text with numbers and the names of reporters masked, if anything is. A name of one character would mask half the text.
    fn text(&self, text: &str, reporters: &[String]) -> String {
        if !self.masked {
            return text.to_owned();
        }
        let names = reporters.iter().map(|name| name.trim());
        names
            .filter(|name| name.chars().nth(1).is_some())
            .fold(mask::text(text), |text, name| {
                text.replace(name, &mask::name(name))
            })
    }

    fn reporter(&self, reporter: Reporter) -> Reporter {
        if !self.masked {
            return reporter;
        }
        Reporter {
            name: reporter.name.as_deref().map(mask::name),
            phone: reporter.phone.as_deref().map(mask::phone),
        }
    }

    fn organisation(&self, id: Option<Id>) -> (Cell<'_>, Cell<'_>) {
        match id.and_then(|id| self.people.organisation(id)) {
            Some((code, name)) => (code.into(), name.into()),
            None => (Cell::Empty, Cell::Empty),
        }
    }

    /// Code of an area and what it was called then.
    fn area(&self, path: Option<&TreePath>, then: Timestamp) -> (Cell<'_>, Cell<'_>) {
        match path.and_then(|path| self.registry.areas.by_path(path)) {
            Some(area) => (area.code.to_string().into(), area.name_at(then).into()),
            None => (Cell::Empty, Cell::Empty),
        }
    }

    fn source(&self, code: &str) -> Cell<'_> {
        self.sources.get(code).into()
    }
}

fn case_cells<'a>(
    case: &'a Case,
    lead: Option<Id>,
    [is_important, is_supervised, is_suspended]: [bool; 3],
    words: Shown,
    report_nos: String,
    known: &'a Known<'_>,
) -> [Cell<'a>; 38] {
    let category = case
        .category_id
        .and_then(|id| known.registry.rules.category(id));
    let rule = case.rule.as_ref();
    let rule_text = rule.and_then(|rule| known.registry.rules.rule_row(rule.id));
    let (accepted_by_code, accepted_by) = known.organisation(Some(case.accepted_by.id));
    let (filed_by_code, filed_by) = known.organisation(case.filed_by.as_ref().map(|by| by.id));
    let (lead_code, lead) = known.organisation(lead);
    let (area_code, area) = known.area(case.area_path.as_ref(), case.accepted_at);
    [
        (&case.case_no).into(),
        case.stage.as_str().into(),
        words::case_stage(case.stage).into(),
        case.level.as_str().into(),
        words::level(case.level).into(),
        (&case.source).into(),
        known.source(&case.source),
        category.map(|category| &category.code).into(),
        category.map(|category| &category.name).into(),
        words.title.into(),
        words.detail.into(),
        words.address.into(),
        area_code,
        area,
        lon(case.point),
        lat(case.point),
        (&case.process.code).into(),
        case.process.version.into(),
        rule_text.map(|rule| &rule.text.filing_condition).into(),
        rule.map(|rule| rule.limit.to_string()).into(),
        accepted_by_code,
        accepted_by,
        filed_by_code,
        filed_by,
        lead_code,
        lead,
        case.accepted_at.to_string().into(),
        at(case.filed_at),
        at(case.dispatched_at),
        at(case.handled_at),
        at(case.inspected_at),
        at(case.closed_at),
        due(case.clock),
        case.rework_count.into(),
        is_important.into(),
        is_supervised.into(),
        is_suspended.into(),
        report_nos.into(),
    ]
}

fn export_tasks(tx: &mut Tx<'_>, out: &OutputFolder, known: &Known<'_>) -> Result<(), ExportError> {
    let mut table = out.table("tasks", TASKS)?;
    let mut after = Id(0);
    loop {
        let page = tx.query(&EXPORT_TASKS, params![after, PAGE], |row| {
            let case_no: Option<String> = row.get(24)?;
            let number =
                case_no.map_or_else(|| row.get::<Option<String>>(25), |no| Ok(Some(no)))?;
            Ok((read::task(row)?.1, number))
        })?;
        let Some((last, _)) = page.last() else { break };
        after = last.id;
        for (task, number) in page {
            let (organisation_code, organisation) = known.organisation(Some(task.organisation.id));
            table.row(&[
                task.id.to_string().into(),
                number.into(),
                task.kind.as_str().into(),
                words::task_kind(task.kind).into(),
                task.role.as_str().into(),
                words::task_role(task.role).into(),
                task.state.as_str().into(),
                words::task_state(task.state).into(),
                organisation_code,
                organisation,
                task.assignee.and_then(|id| known.people.staff(id)).into(),
                task.opened_at.to_string().into(),
                due(task.response),
                at(task.accepted_at),
                due(Some(task.handling)),
                at(task.finished_at),
                task.response_overdue.into(),
                task.handling_overdue.into(),
                task.rework_count.into(),
                task.result.map(|note| note.id.to_string()).into(),
            ])?;
        }
    }
    table.finish()?;
    Ok(())
}

fn export_timeline(
    tx: &mut Tx<'_>,
    out: &OutputFolder,
    known: &Known<'_>,
    form: Form,
) -> Result<(), ExportError> {
    let mut table = out.table_as("timeline", form, TIMELINE)?;
    let mut after = (Id(0), 0);
    loop {
        let page = tx.query(&EXPORT_TIMELINE, params![after.0, after.1, PAGE], |row| {
            let entry = read::timeline_entry(row)?;
            let (case_no, report_no): (Option<String>, Option<String>) =
                (row.get(12)?, row.get(13)?);
            Ok((row.get(11)?, entry, case_no, report_no))
        })?;
        let Some((subject_id, last, ..)) = page.last() else {
            break;
        };
        after = (*subject_id, last.seq);
        for (_, entry, case_no, report_no) in page {
            let subject = if case_no.is_some() { "case" } else { "report" };
            let by = entry.by.as_ref();
            let (organisation_code, organisation) =
                known.organisation(by.map(|by| by.organisation_id));
            table.row(&[
                subject.into(),
                case_no.or(report_no).into(),
                entry.seq.into(),
                entry.kind.into(),
                entry.occurred_at.to_string().into(),
                entry.recorded_at.to_string().into(),
                by.and_then(|by| known.people.staff(by.staff_id)).into(),
                organisation_code,
                organisation,
                by.map(|by| &by.role).into(),
                entry.schema.into(),
                Cell::Json(entry.body.into()),
            ])?;
        }
    }
    table.finish()?;
    Ok(())
}

/// Several numbers in one cell.
fn numbers(tx: &mut Tx<'_>, statement: &Statement, id: Id) -> Result<String, StoreError> {
    let found = tx.query(statement, params![id], |row| row.get::<String>(0))?;
    Ok(found.join("、"))
}

fn at(time: Option<Timestamp>) -> Cell<'static> {
    time.map(|time| time.to_string()).into()
}

fn due(clock: Option<Clock>) -> Cell<'static> {
    at(clock.map(|clock| clock.due_at))
}

fn lon(point: Option<Point>) -> Cell<'static> {
    point.map(|point| point.lon).into()
}

fn lat(point: Option<Point>) -> Cell<'static> {
    point.map(|point| point.lat).into()
}
