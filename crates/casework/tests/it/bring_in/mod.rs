//! What another system did, brought in: small files by hand, wrong ones, the law over random histories, and real files.

mod later;
mod law;
mod real;
mod wrong;

use crate::town::*;
use access::Principal;
use base::Timestamp;
use casework::input::*;
use casework::model::{CaseStage, OrganisationRef, ReportStage, TaskState};
use casework::records::{Mapping, Names};
use casework::service::{BringInError, BringInOptions, BroughtInReport, CaseQuery, ReportQuery};
use casework::view::{CaseView, ReportView, TimelineView};
use serde_json::Value;
use std::sync::Arc;
use store::Statement;
use table::Table;

const CASES: &str = r#"
system = "old-311"
records = "cases"
source = "hotline"
standard = "s@1"
keep = ["ward"]

[columns]
id = "no"
title = "title"
text = "text"
longitude = "lon"
latitude = "lat"
area = "area"
category = "type"
organisation = "dept"
state = "state"
reported_at = "opened"
due_at = "due"
closed_at = "closed"
reply = "reason"
reporter_name = "name"
reporter_phone = "phone"

[values.category]
"Manhole" = "0101"
"Other" = ""

[values.organisation]
"PWD" = "ROADS"
"BWSC" = "水务局"
"none" = ""

[values.state]
"Open" = "open"
"Closed" = "closed"
"Dropped" = "cancelled"
"#;

const HEADER: &str =
    "no,title,text,lon,lat,area,type,dept,state,opened,due,closed,reason,name,phone,ward";

/// A closed in time, B closed late, C under way and late, D that nobody had, E dropped, F closed with no deadline, G in the sea.
const ROWS: &str = "\
A,井盖缺失,路口井盖没了,121.1,31.15,,Manhole,PWD,Closed,2019-03-01 08:00:00,2019-03-05 08:00:00,2019-03-04 09:30:00,已更换，13900001111,王小明,138-1234-1234,W1
B,路灯不亮,,,,310118002,Other,PWD,Closed,2019-03-01 08:00:00,2019-03-05 08:00:00,2019-03-06 09:30:00,修好了,,,W1
C,水管漏水,,121.3,31.15,,Manhole,BWSC,Open,2026-10-01 08:00:00,2026-10-05 08:00:00,,派人看过,,,W2
D,垃圾成堆,,121.1,31.15,,Manhole,none,Open,2026-11-19 08:00:00,2026-11-25 08:00:00,,,,,W2
E,重复,,,,310118001,Manhole,PWD,Dropped,2019-04-01 08:00:00,,2019-04-02 08:00:00,,,,W2
F,树倒了,,,,310118001,Other,PWD,Closed,2019-05-01 08:00:00,,2019-05-09 08:00:00,,,,W2
G,船沉了,,125.5,31.15,,Other,PWD,Closed,2019-05-01 08:00:00,2019-05-03 08:00:00,2019-05-02 08:00:00,,,,W2
";

fn names() -> Names {
    let mut names = Names::default();
    for (code, name, id) in [
        ("ROADS", "市政局", ROADS),
        ("WATER", "水务局", WATER),
        ("CENTRE", "城运中心", CENTRE),
    ] {
        let path = organisation_path(id);
        let organisation = OrganisationRef { id, path };
        names.organisation_add(code, &organisation);
        names.organisation_add(name, &organisation);
    }
    names.category_add("0101", CATEGORY);
    names.category_add("0102", FREE_CATEGORY);
    names
}

fn console() -> Principal {
    Principal::console(CENTRE, organisation_path(CENTRE))
}

fn bring(
    town: &Town,
    mapping: &str,
    rows: &str,
    dry_run: bool,
) -> Result<BroughtInReport, BringInError> {
    let mapping = Mapping::read(mapping).map_err(BringInError::Mapping)?;
    let table = Table::read(rows.as_bytes(), "rows.csv").unwrap();
    let options = BringInOptions {
        mapping: &mapping,
        names: &names(),
        dry_run,
    };
    let done = wait(
        town.casework
            .bring_in(&console(), &table, &options, &|_, _| {}),
    );
    if let Ok(done) = &done {
        assert!(done.rows.adds_up(), "{:?}", done.rows);
    }
    done
}

/// So many rows read, stored, unchanged, rejected, remarked.
fn counts(done: &BroughtInReport) -> [u64; 5] {
    let rows = &done.rows;
    [
        rows.read,
        rows.stored,
        rows.unchanged,
        rows.rejected_count(),
        rows.remarks.len() as u64,
    ]
}

impl Town {
    fn brought(&self, rows: &str) -> BroughtInReport {
        bring(self, CASES, &format!("{HEADER}\n{rows}"), false).unwrap()
    }

    fn report_of(&self, key: &str) -> ReportView {
        let who = centre("leader");
        let all = wait(self.casework.report_list(&who, ReportQuery::default())).unwrap();
        let views = all
            .items
            .iter()
            .map(|each| wait(self.casework.report_view(&centre("intake_clerk"), each.id)).unwrap());
        let is_meant =
            |view: &ReportView| view.brought_in.as_ref().is_some_and(|from| from.id == key);
        let mut found: Vec<ReportView> = views.filter(is_meant).collect();
        assert_eq!(found.len(), 1, "{key}");
        found.remove(0)
    }

    /// The same by its key in the database, where there are too many to look at.
    fn listed(&self, key: &str) -> ReportView {
        let sql = format!("SELECT id FROM report WHERE external_id = '{key}'");
        let statement = Statement::composed(sql);
        let read = self
            .casework
            .store()
            .read_blocking(move |tx| tx.query(&statement, &[], |row| row.get::<base::Id>(0)));
        let id = read.unwrap()[0];
        wait(self.casework.report_view(&centre("intake_clerk"), id)).unwrap()
    }

    fn case_of(&self, key: &str) -> CaseView {
        let report = self.report_of(key);
        wait(
            self.casework
                .case_view(&centre("leader"), report.case_ids[0]),
        )
        .unwrap()
    }

    /// The measures of a window of days that are not 0.
    fn measured(&self, from: &str, until: &str, query: &str) -> Vec<(String, i64)> {
        self.count();
        let midnight = "T00:00:00%2B08:00";
        let path =
            format!("/api/v1/statistics?from={from}{midnight}&until={until}{midnight}{query}");
        let answer = self.get(&centre("leader"), &path);
        assert!(answer.status.is_success(), "{}", answer.body);
        let measures = answer.body["total"]["measures"].as_object().cloned();
        let measures = measures.unwrap_or_else(|| panic!("{}", answer.body));
        measures
            .into_iter()
            .map(|(name, count)| (name, count.as_i64().unwrap()))
            .filter(|(_, count)| *count != 0)
            .collect()
    }
}

fn at(text: &str) -> Timestamp {
    format!("{text}:00+08:00").parse().unwrap()
}

fn told(timeline: &[TimelineView]) -> Vec<(&str, String)> {
    timeline
        .iter()
        .map(|entry| (entry.kind.as_str(), entry.occurred_at.to_string()))
        .collect()
}

fn kinds(timeline: &[TimelineView]) -> Vec<&str> {
    timeline.iter().map(|entry| entry.kind.as_str()).collect()
}

#[test]
fn records_come_in_with_their_own_times_and_a_second_run_changes_nothing() {
    each_town(|town, _| {
        let file = format!("{HEADER}\n{ROWS}");
        let rehearsed = bring(town, CASES, &file, true).unwrap();
        assert_eq!(town.casework.verify().unwrap().reports, 0);
        let done = bring(town, CASES, &file, false).unwrap();
        assert_eq!(
            rehearsed.rows, done.rows,
            "a rehearsal says what will happen"
        );
        // D's deadline is nobody's, G lies in the sea.
        assert_eq!(counts(&done), [7, 7, 0, 0, 2], "{:?}", done.rows);
        let again = bring(town, CASES, &file, false).unwrap();
        assert_eq!(counts(&again), [7, 0, 7, 0, 0]);
        let verified = town.casework.verify().unwrap();
        assert_eq!((verified.reports, verified.cases), (7, 7));

        let closed = town.case_of("A");
        assert_eq!(closed.head.stage, CaseStage::Closed);
        assert_eq!(
            closed.head.category.as_ref().unwrap().id,
            CATEGORY.to_string()
        );
        assert_eq!(
            told(&closed.timeline),
            [
                ("case_accepted", "2019-03-01T08:00:00+08:00"),
                ("case_dispatched", "2019-03-01T08:00:00+08:00"),
                ("task_finished", "2019-03-04T09:30:00+08:00"),
                ("inspection_left_out", "2019-03-04T09:30:00+08:00"),
                ("case_closed", "2019-03-04T09:30:00+08:00"),
                ("case_brought_in", "2026-11-20T09:00:00+08:00"),
            ]
            .map(|(kind, when)| (kind, when.to_owned()))
        );
        let (marker, history) = closed.timeline.split_last().unwrap();
        assert!(
            history.iter().all(|entry| entry.by.is_none()),
            "nobody of ours did it"
        );
        assert_eq!(marker.by.as_ref().unwrap().role, "console");
        assert_eq!(fact(marker)["system"], "old-311");
        // Its own words, sealed with the rest and masked like it.
        assert_eq!(
            marker.note.as_deref(),
            Some("state: Closed\ntype: Manhole\ndept: PWD\nward: W1")
        );
        assert_eq!(
            closed.tasks[0].result.as_deref(),
            Some("已更换，139****1111")
        );
        assert_eq!(closed.tasks[0].handling.due_at, at("2019-03-05T08:00"));
        assert!(!closed.tasks[0].handling_overdue);
        let report = town.report_of("A");
        assert_eq!(report.head.stage, ReportStage::Settled);
        assert_eq!(report.head.received_at, at("2019-03-01T08:00"));
        assert_eq!(
            kinds(&report.timeline),
            [
                "report_received",
                "report_accepted",
                "report_case_closed",
                "report_settled",
                "report_brought_in"
            ]
        );
        assert_ne!(report.reporter.unwrap().name.as_deref(), Some("王小明"));

        let late = town.case_of("B");
        assert!(late.tasks[0].handling_overdue);
        assert!(kinds(&late.timeline).contains(&"task_overdue"));
        let dropped = town.case_of("E");
        assert_eq!(dropped.head.stage, CaseStage::Cancelled);
        let sunk = town.case_of("G");
        assert!(sunk.head.area.is_none() && sunk.head.lon.is_none());
        let words = sunk.timeline.last().unwrap().note.clone().unwrap();
        assert!(words.ends_with("\n125.5 31.15"), "{words}");
        town.verify();
    });
}

#[test]
fn what_has_not_ended_goes_on_here() {
    each_town(|town, _| {
        town.brought(ROWS);
        // Under way with water, late since October; what was said meanwhile is kept.
        let case = town.case_of("C");
        assert_eq!(
            (case.head.stage, case.tasks[0].state),
            (CaseStage::Handling, TaskState::Assigned)
        );
        assert!(case.tasks[0].handling_overdue);
        assert!(
            case.timeline
                .last()
                .unwrap()
                .note
                .as_ref()
                .unwrap()
                .contains("派人看过")
        );
        // Nobody is called for what was late before: there is nothing to wake for.
        while town.fire() > 0 {}
        let quiet = town.case_of("C");
        assert_eq!(kinds(&quiet.timeline), kinds(&case.timeline));
        let task = case.tasks[0].id;
        town.accept(WATER, task);
        town.finish(WATER, task);
        town.inspect(case.head.id, vec![]);
        let request = CaseCloseRequest {
            rule_row_id: Some(RULE),
            opinion: None,
        };
        let leader = call(&centre("shift_leader"));
        wait(town.casework.case_close(&leader, case.head.id, request)).unwrap();
        assert_eq!(town.report_of("C").head.stage, ReportStage::Settled);

        // Nobody had it: it waits for filing here, by our clock from now on.
        let waiting = town.case_of("D");
        assert_eq!(waiting.head.stage, CaseStage::Accepted);
        assert_eq!(waiting.head.clock.unwrap().started_at, morning());
        town.complete(waiting.head.id);
        town.verify();
    });
}

#[test]
fn numbers_count_what_was_asked_of_others_and_no_desk_of_ours() {
    each_town(|town, _| {
        // Without what goes on here.
        let ended = ROWS.lines().filter(|row| !row.starts_with(['C', 'D']));
        town.brought(&ended.collect::<Vec<_>>().join("\n"));
        let expected = [
            // Five reports and cases; E is cancelled. Nobody said until when F was to be done. B was late.
            ("cases", 5),
            ("cases_cancelled", 1),
            ("close_done", 3),
            ("close_due", 3),
            ("close_late", 1),
            ("close_on_time", 2),
            ("handle_done", 3),
            ("handle_due", 3),
            ("handle_late", 1),
            ("handle_on_time", 2),
            ("reports", 5),
        ];
        let expected: Vec<(String, i64)> = expected
            .map(|(name, count)| (name.to_owned(), count))
            .to_vec();
        assert_eq!(town.measured("2019-01-01", "2020-01-01", ""), expected);
        let of_water = format!("&organisation_id={WATER}");
        assert_eq!(town.measured("2019-01-01", "2020-01-01", &of_water), []);
        // Each in the days in which it was due: A and B on the fifth of March.
        let of_march = town.measured("2019-03-05", "2019-03-06", "");
        assert!(
            of_march.contains(&("handle_due".to_owned(), 2)),
            "{of_march:?}"
        );
        assert_eq!(town.measured("2026-01-01", "2026-12-01", ""), []);
        town.verify();
    });
}

const MESSAGES: &str = r#"
system = "wenzheng"
records = "messages"
source = "citizen_app"
timezone = "Asia/Shanghai"

[columns]
id = "message_id"
text = "detail"
reported_at = "created_at"
reporter_name = "user_id"
reply = "reply"
replied_at = "replied_at"
"#;

#[test]
fn a_message_with_a_reply_is_a_report_answered_then_and_one_without_is_to_be_decided_on() {
    each_town(|town, _| {
        let rows = "message_id,user_id,detail,created_at,reply,replied_at\n\
            1,A1,几点开门？电话 13812341234,2019-04-25T09:32:09,九点,2019-05-10T14:56:53\n\
            2,A2,路太窄,2019-04-26T09:32:09,,\n\
            3,A3,没有时间,2019-04-26T09:32:09,好,\n\
            4,A4,先答后问,2019-04-26T09:32:09,好,2019-04-26T09:32:08\n";
        let done = bring(town, MESSAGES, rows, false).unwrap();
        assert_eq!(counts(&done), [4, 2, 0, 2, 0]);
        let columns: Vec<_> = done
            .rows
            .rejected
            .iter()
            .map(|error| error.column.clone())
            .collect();
        assert_eq!(
            columns,
            [Some("replied_at".to_owned()), Some("replied_at".to_owned())]
        );
        let answered = town.report_of("1");
        assert_eq!(answered.head.stage, ReportStage::Answered);
        assert_eq!(answered.answer.as_deref(), Some("九点"));
        assert_eq!(
            answered.head.title.as_deref(),
            Some("几点开门？电话 138****1234")
        );
        let replied_at = answered.timeline[1].occurred_at;
        assert_eq!(replied_at, "2019-05-10T14:56:53+08:00".parse().unwrap());
        // What was decided elsewhere nobody had to decide here; the other is to be decided on since now.
        let named = |name: &str, count| (name.to_owned(), count);
        assert_eq!(
            town.measured("2019-01-01", "2020-01-01", ""),
            [named("reports", 2), named("reports_open", 1)]
        );
        town.clock.advance_seconds(60);
        assert_eq!(
            town.measured("2026-11-20", "2026-11-21", ""),
            [named("accept_due", 1)]
        );
        let waiting = town.report_of("2");
        let answer = ReportAnswerRequest {
            answer: "会改".to_owned(),
        };
        let clerk = call(&centre("intake_clerk"));
        wait(town.casework.report_answer(&clerk, waiting.head.id, answer)).unwrap();
        let measured = town.measured("2026-11-20", "2026-11-21", "");
        assert!(
            measured.contains(&named("accept_answered", 1)),
            "{measured:?}"
        );
        town.verify();
    });
}

#[test]
fn what_is_brought_in_is_audited_listed_and_can_be_forgotten() {
    each_town(|town, _| {
        town.brought(ROWS);
        let all =
            Statement::composed("SELECT detail FROM audit WHERE action = 'case_import'".to_owned());
        let read = town
            .casework
            .store()
            .read_blocking(move |tx| tx.query(&all, &[], |row| row.get::<String>(0)));
        let details = read.unwrap();
        assert_eq!(details.len(), 7);
        let detail: Value = serde_json::from_str(&details[0]).unwrap();
        assert_eq!(detail["system"], "old-311");
        assert!(detail["case_id"].is_string() || detail["case_id"].is_number());
        // Whoever handled it sees it among what has ended, whoever had nothing to do with it does not.
        let ended = |who: &Arc<Principal>| {
            let query = CaseQuery {
                stage: Some(CaseStage::Closed),
                ..CaseQuery::default()
            };
            wait(town.casework.case_list(who, query))
                .unwrap()
                .items
                .len()
        };
        assert_eq!(ended(&person(ROADS, "department_clerk", None)), 4);
        assert_eq!(ended(&person(WATER, "department_clerk", None)), 0);
        let report = town.report_of("A");
        let request = ReportForgetRequest {
            reason: casework::model::ForgetReason::Asked,
        };
        let leader = call(&centre("shift_leader"));
        wait(
            town.casework
                .report_forget(&leader, report.head.id, request),
        )
        .unwrap();
        let forgotten = town.case_of("A");
        assert!(forgotten.head.title.is_none());
        assert!(forgotten.timeline.iter().all(|entry| entry.note.is_none()));
        town.verify();
    });
}

#[test]
fn whoever_may_not_do_all_that_was_done_may_not_bring_it_in() {
    each_town(|town, _| {
        let mapping = Mapping::read(CASES).unwrap();
        let table = Table::read(format!("{HEADER}\n{ROWS}").as_bytes(), "rows.csv").unwrap();
        let options = BringInOptions {
            mapping: &mapping,
            names: &names(),
            dry_run: false,
        };
        let clerk = centre("intake_clerk");
        let denied = wait(town.casework.bring_in(&clerk, &table, &options, &|_, _| {}));
        assert!(
            matches!(
                &denied,
                Err(BringInError::Casework(casework::CaseworkError::Denied(_)))
            ),
            "{denied:?}"
        );
        assert_eq!(town.casework.verify().unwrap().reports, 0);
    });
}
