//! Notices: who is told, once, and nobody else.

use crate::town::*;
use access::Principal;
use base::{Clock, Id, ManualClock};
use casework::Processes;
use casework::input::*;
use casework::view::CaseStateView;
use linkage::Linkage;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use store::consumer::drain;
use store::testing::{TestStore, each_engine_at};
use store::{Consumer, PlacedEntry, Statement, StoreError, Tx, params};

pub struct Told<'a> {
    pub town: &'a Town,
    pub store: &'a TestStore,
    pub consumer: Arc<dyn Consumer>,
    seen: std::cell::Cell<i64>,
}

/// Kind, organisation, person.
type Notice = (String, Id, Option<Id>);

/// Waits until every committed entry has its place: on PostgreSQL a sequencer gives it after the commit.
pub fn placed(store: &TestStore) {
    let lag = || store.store.read_blocking(store::outbox::unplaced).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while lag() > 0 {
        assert!(Instant::now() < until, "entries never got their places");
        std::thread::yield_now();
    }
}

impl Told<'_> {
    fn all(&self) -> Vec<Notice> {
        placed(self.store);
        drain(&self.store.store, &self.consumer).unwrap();
        let list = Statement::composed(
            "SELECT kind, organisation_id, staff_id FROM notice ORDER BY id".to_owned(),
        );
        let read = self.store.store.read_blocking(move |tx| {
            tx.query(&list, params![], |row| {
                Ok::<Notice, StoreError>((row.get(0)?, row.get(1)?, row.get(2)?))
            })
        });
        read.unwrap()
    }

    /// What came since the last look, each `(kind, organisation)`, sorted.
    fn since(&self) -> Vec<(String, Id)> {
        let all = self.all();
        let seen = usize::try_from(self.seen.get()).unwrap();
        self.seen.set(i64::try_from(all.len()).unwrap());
        let mut new: Vec<_> = all[seen..]
            .iter()
            .map(|(kind, organisation, _)| (kind.clone(), *organisation))
            .collect();
        new.sort();
        new
    }

    #[track_caller]
    fn expect(&self, expected: &[(&str, Id)]) {
        let mut expected: Vec<_> = expected
            .iter()
            .map(|(kind, organisation)| ((*kind).to_owned(), *organisation))
            .collect();
        expected.sort();
        assert_eq!(self.since(), expected);
    }
}

/// The organisations and people whom notices may be for.
fn settle(store: &TestStore) {
    let organisation = Statement::composed(
        "INSERT INTO organisation (id, code, name, kind, path, version, created_at) VALUES (?1, ?2, ?2, 'centre', ?3, 1, 0)"
            .to_owned(),
    );
    let staff = Statement::composed(
        "INSERT INTO staff (id, code, name, version, created_at) VALUES (?1, ?2, ?2, 1, 0)"
            .to_owned(),
    );
    let written = store.store.write_blocking(move |tx| {
        for id in [CENTRE, ROADS, WATER, STATION] {
            let (code, path) = (id.to_string(), organisation_path(id));
            tx.post(&organisation, params![id, code, path])?;
            for role in ["handler", "department_clerk", "inspector", "intake_clerk"] {
                let id = person(id, role, None).staff_id;
                tx.post(&staff, params![id, id.to_string()])?;
            }
        }
        Ok::<_, StoreError>(())
    });
    written.unwrap();
}

pub fn each_house(test: impl Fn(&Told<'_>)) {
    let clock = Arc::new(ManualClock::new(morning()));
    let shared: Arc<dyn Clock> = clock.clone();
    let documents: Vec<String> = Processes::BUILT_IN
        .iter()
        .map(|document| {
            if document.contains("code = \"city-management\"") {
                format!("{document}{CALLBACK}")
            } else {
                (*document).to_owned()
            }
        })
        .collect();
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    each_engine_at(
        &[access::ROOM, casework::ROOM, portal::ROOM],
        &shared,
        |store| {
            clock.set(morning());
            settle(store);
            let town = Town {
                casework: casework_with(&store.store, &documents),
                clock: clock.clone(),
            };
            test(&Told {
                town: &town,
                store,
                consumer: Arc::new(Linkage::new(store.store.clone())),
                seen: std::cell::Cell::new(0),
            });
        },
    );
}

fn desk(organisation_id: Id) -> Arc<Principal> {
    person(organisation_id, "department_clerk", None)
}

fn reason() -> ReasonRequest {
    ReasonRequest {
        reason: "不属于我单位".to_owned(),
        occurred_at: None,
    }
}

fn dispatched(told: &Told<'_>) -> CaseStateView {
    let case_id = told.town.create().case.unwrap().id;
    told.town.file(case_id);
    let state = told.town.dispatch(case_id);
    told.expect(&[("task_assigned", ROADS), ("task_assigned", WATER)]);
    state
}

/// Dispatched, and both have accepted.
fn working(told: &Told<'_>) -> CaseStateView {
    let state = dispatched(told);
    told.town.accept(ROADS, state.tasks[0].id);
    told.town.accept(WATER, state.tasks[1].id)
}

#[test]
fn of_a_dispatch_taken_back_at_once_nobody_is_told_and_later_they_are() {
    each_house(|told| {
        let dispatcher = call(&centre("dispatcher"));
        let case_id = told.town.create().case.unwrap().id;
        told.town.file(case_id);
        let kinds = |told: &Told<'_>| {
            let all = told.all();
            all.into_iter().map(|(kind, _, _)| kind).collect::<Vec<_>>()
        };
        let take_back = || {
            let nothing = CaseRecallRequest { reason: None };
            wait(
                told.town
                    .casework
                    .case_recall(&dispatcher, case_id, nothing),
            )
            .unwrap();
        };
        told.town.dispatch(case_id);
        assert_eq!(kinds(told), ["task_assigned", "task_assigned"]);
        told.town.clock.advance_seconds(7);
        take_back();
        assert!(kinds(told).is_empty());

        told.town.dispatch(case_id);
        assert_eq!(kinds(told), ["task_assigned", "task_assigned"]);
        told.town.clock.advance_seconds(9);
        take_back();
        let all = [
            "task_assigned",
            "task_assigned",
            "task_revoked",
            "task_revoked",
        ];
        assert_eq!(kinds(told), all);
    });
}

#[test]
fn whoever_gets_a_task_is_told_and_whoever_it_comes_back_to() {
    each_house(|told| {
        let work = &told.town.casework;
        let state = dispatched(told);
        let lead = state.tasks[0].id;
        wait(work.task_return(&call(&desk(ROADS)), lead, reason())).unwrap();
        told.expect(&[("task_returned", CENTRE)]);
        let to = TaskToRequest {
            organisation_id: STATION,
        };
        let dispatcher = call(&centre("dispatcher"));
        let state = wait(work.task_reroute(&dispatcher, lead, to)).unwrap();
        told.expect(&[("task_assigned", STATION)]);
        let second = state.tasks.last().unwrap().id;
        wait(work.task_revoke(&dispatcher, second, reason())).unwrap();
        told.expect(&[("task_revoked", STATION)]);
    });
}

#[test]
fn delegation_calling_in_and_a_person_given_the_task_are_told() {
    each_house(|told| {
        let work = &told.town.casework;
        let case_id = told.town.create().case.unwrap().id;
        told.town.file(case_id);
        let alone = CaseDispatchRequest {
            lead_organisation_id: ROADS,
            co_organisation_ids: Vec::new(),
        };
        let state = wait(work.case_dispatch(&call(&centre("dispatcher")), case_id, alone)).unwrap();
        told.expect(&[("task_assigned", ROADS)]);
        let lead = state.tasks[0].id;
        told.town.accept(ROADS, lead);
        told.expect(&[]);
        let to = TaskToRequest {
            organisation_id: WATER,
        };
        wait(work.task_add_co(&call(&desk(ROADS)), lead, to)).unwrap();
        told.expect(&[("task_assigned", WATER)]);
        let below = TaskDelegateRequest {
            organisation_id: STATION,
            due_at: None,
            occurred_at: None,
        };
        wait(work.task_delegate(&call(&desk(ROADS)), lead, below)).unwrap();
        told.expect(&[("task_assigned", STATION)]);
        let staff_id = person(ROADS, "handler", None).staff_id;
        let person = TaskAssignRequest { staff_id };
        wait(work.task_assign(&call(&desk(ROADS)), lead, person)).unwrap();
        let last = told.all().pop().unwrap();
        assert_eq!(last, ("task_assigned".to_owned(), ROADS, Some(staff_id)));
    });
}

#[test]
fn urging_supervising_and_its_answer_reach_both_sides() {
    each_house(|told| {
        let work = &told.town.casework;
        let state = working(told);
        let urge = CaseUrgeRequest { note: None };
        wait(work.case_urge(&call(&centre("dispatcher")), state.id, urge)).unwrap();
        told.expect(&[("case_urged", ROADS), ("case_urged", WATER)]);
        let demand = CaseSuperviseRequest {
            due_at: None,
            demand: "今日办结".to_owned(),
        };
        wait(work.case_supervise(&call(&centre("leader")), state.id, demand)).unwrap();
        told.expect(&[("case_supervised", ROADS)]);
        let reply = SupervisionReplyRequest {
            reply: "正在抢修".to_owned(),
        };
        wait(work.supervision_reply(&call(&desk(ROADS)), state.id, reply)).unwrap();
        told.expect(&[("supervision_replied", CENTRE)]);
    });
}

#[test]
fn who_decides_learns_of_an_application_and_who_applied_of_the_decision() {
    each_house(|told| {
        let work = &told.town.casework;
        let state = working(told);
        let lead = state.tasks[0].id;
        let roads = call(&desk(ROADS));
        let more = ExtensionRequest {
            limit: None,
            reason: "等配件".to_owned(),
            occurred_at: None,
        };
        wait(work.extension_request(&roads, lead, more)).unwrap();
        told.expect(&[("extension_requested", CENTRE)]);
        let granted = ExtensionDecideRequest {
            approved: true,
            opinion: None,
        };
        wait(work.extension_decide(&call(&centre("dispatcher")), lead, granted)).unwrap();
        told.expect(&[("extension_decided", ROADS)]);
        let stop = SuspensionRequest {
            until: "2026-11-23T10:00:00+08:00".parse().unwrap(),
            reason: "待产权单位".to_owned(),
        };
        wait(work.suspension_request(&roads, lead, stop)).unwrap();
        told.expect(&[("suspension_requested", CENTRE)]);
        let granted = SuspensionDecideRequest {
            approved: true,
            effective_from: None,
            until: None,
            opinion: None,
        };
        wait(work.suspension_decide(&call(&centre("shift_leader")), lead, granted)).unwrap();
        told.expect(&[("suspension_decided", ROADS)]);
        let end = SuspensionEndRequest { reason: None };
        wait(work.suspension_end(&call(&centre("shift_leader")), lead, end)).unwrap();
        told.expect(&[("suspension_ended", ROADS)]);
    });
}

/// Handled three hours late.
fn handled_late(told: &Told<'_>) -> CaseStateView {
    let (town, state) = (told.town, working(told));
    town.clock.advance_seconds(3 * 3_600);
    while town.fire() > 0 {}
    let kinds = told.since();
    let count = |kind: &str, id: Id| {
        let same = |each: &&(String, Id)| each.0 == kind && each.1 == id;
        kinds.iter().filter(same).count()
    };
    assert_eq!(
        (count("task_overdue", ROADS), count("task_overdue", WATER)),
        (1, 1)
    );
    assert!(count("clock_escalated", ROADS) >= 1, "{kinds:?}");
    assert!(
        kinds
            .iter()
            .all(|(_, id)| [CENTRE, ROADS, WATER].contains(id)),
        "{kinds:?}"
    );
    town.finish(WATER, state.tasks[1].id);
    town.finish(ROADS, state.tasks[0].id);
    told.expect(&[("inspection_assigned", CENTRE)]);
    state
}

#[test]
fn a_failed_inspection_is_told_to_those_who_must_work_again() {
    each_house(|told| {
        let town = told.town;
        let state = handled_late(told);
        let (lead, co) = (state.tasks[0].id, state.tasks[1].id);
        town.inspect(state.id, vec![co]);
        told.expect(&[("task_reopened", ROADS), ("task_reopened", WATER)]);
        town.finish(WATER, co);
        town.finish(ROADS, lead);
        told.expect(&[("inspection_assigned", CENTRE)]);
        town.inspect(state.id, vec![]);
        told.expect(&[]);
    });
}

#[test]
fn lateness_climbs_the_ladder_and_appeals_and_callbacks_are_told() {
    each_house(|told| {
        let (town, work) = (told.town, &told.town.casework);
        let state = handled_late(told);
        let lead = state.tasks[0].id;
        town.inspect(state.id, vec![]);
        town.close(state.id);
        told.expect(&[("callback_assigned", CENTRE)]);
        let appeal = AppealFileRequest {
            reason: "暴雨".to_owned(),
        };
        wait(work.appeal_file(&call(&desk(ROADS)), lead, appeal)).unwrap();
        told.expect(&[("appeal_filed", CENTRE)]);
        for (role, expected) in [
            ("dispatcher", ("appeal_filed", CENTRE)),
            ("intake_clerk", ("appeal_reviewed", ROADS)),
        ] {
            let review = AppealReviewRequest {
                approved: true,
                opinion: None,
            };
            wait(work.appeal_review(&call(&centre(role)), state.id, review)).unwrap();
            told.expect(&[expected]);
        }
        // Nobody calls the reporter in the working day they have: a reminder, and the shift leader learns of it.
        let view = wait(work.case_view(&centre("leader"), state.id)).unwrap();
        let report = view.report_ids[0];
        let assign = ReportAssignRequest {
            staff_id: centre("intake_clerk").staff_id,
        };
        wait(work.report_assign(&call(&centre("shift_leader")), report, assign)).unwrap();
        told.expect(&[("report_assigned", CENTRE)]);
        town.clock.advance_seconds(5 * 86_400);
        while town.fire() > 0 {}
        told.expect(&[
            ("callback_overdue", CENTRE),
            ("clock_escalated", CENTRE),
            ("clock_escalated", CENTRE),
        ]);
    });
}

#[test]
fn a_ruling_is_demanded_of_who_keeps_the_case_and_told_to_all_whose_task_changes() {
    each_house(|told| {
        let work = &told.town.casework;
        let dispatcher = call(&centre("dispatcher"));
        let state = dispatched(told);
        let mut task = state.tasks[0].id;
        for (from, to) in [(ROADS, STATION), (STATION, ROADS)] {
            wait(work.task_return(&call(&desk(from)), task, reason())).unwrap();
            let next = TaskToRequest {
                organisation_id: to,
            };
            let state = wait(work.task_reroute(&dispatcher, task, next)).unwrap();
            told.expect(&[("task_returned", CENTRE), ("task_assigned", to)]);
            task = state.tasks.last().unwrap().id;
        }
        wait(work.ruling_demand(&call(&desk(ROADS)), task, reason())).unwrap();
        told.expect(&[("ruling_demanded", CENTRE)]);
        let rule = CaseRuleRequest {
            organisation_id: STATION,
            reason: "由站牵头".to_owned(),
        };
        wait(work.case_rule(&call(&centre("leader")), state.id, rule)).unwrap();
        told.expect(&[("task_assigned", STATION), ("task_revoked", ROADS)]);
    });
}

/// Crashes after its work and before the commit, once at every entry; under a name of its own it begins at the beginning.
struct Crashing {
    inner: Linkage,
    name: &'static str,
    crashed_at: Mutex<HashSet<i64>>,
}

impl Crashing {
    fn of(store: &TestStore, name: &'static str) -> Arc<dyn Consumer> {
        Arc::new(Self {
            inner: Linkage::new(store.store.clone()),
            name,
            crashed_at: Mutex::default(),
        })
    }
}

impl Consumer for Crashing {
    fn name(&self) -> &'static str {
        self.name
    }

    fn handle(&self, tx: &mut Tx<'_>, entry: &PlacedEntry) -> Result<(), StoreError> {
        self.inner.handle(tx, entry)?;
        if self.crashed_at.lock().unwrap().insert(entry.place) {
            return Err(StoreError::Statement("the lights went out".to_owned()));
        }
        Ok(())
    }
}

#[test]
fn a_crash_between_work_and_commit_tells_nobody_twice_and_forgets_nobody() {
    each_house(|told| {
        let state = {
            let case_id = told.town.create().case.unwrap().id;
            told.town.handle(case_id)
        };
        told.town.inspect(state.id, vec![state.tasks[1].id]);
        placed(told.store);
        let crashing = Crashing::of(told.store, "linkage");
        let mut crashes = 0;
        while drain(&told.store.store, &crashing).is_err() {
            crashes += 1;
            assert!(crashes < 1_000);
        }
        assert!(crashes > 5, "{crashes}");
        let once = [
            ("inspection_assigned", CENTRE),
            ("task_assigned", ROADS),
            ("task_assigned", WATER),
            ("task_reopened", ROADS),
            ("task_reopened", WATER),
        ];
        told.expect(&once);
        // From the very beginning again: each notice has a key.
        let again = Crashing::of(told.store, "linkage_again");
        while drain(&told.store.store, &again).is_err() {}
        told.expect(&[]);
    });
}

#[test]
fn whoever_received_a_report_is_told_when_nobody_decided_on_it_in_time() {
    each_house(|told| {
        let town = told.town;
        town.receive();
        town.clock.advance_seconds(29 * 60);
        while town.fire() > 0 {}
        told.expect(&[]);
        town.clock.advance_seconds(2 * 60);
        while town.fire() > 0 {}
        told.expect(&[("clock_escalated", CENTRE), ("report_overdue", CENTRE)]);
    });
}

/// An open one, late by weeks, and one that has ended.
const BROUGHT: &str = "\
no,title,opened,due,closed,dept
1,井盖缺失,2026-10-01 08:00,2026-10-02 08:00,,R
2,井盖缺失,2026-10-01 08:00,2026-10-02 08:00,2026-10-05 08:00,R
";

const MAPPING: &str = r#"
system = "old"
records = "cases"
source = "hotline"
process = "quick"
[columns]
id = "no"
title = "title"
reported_at = "opened"
due_at = "due"
closed_at = "closed"
organisation = "dept"
"#;

#[test]
fn nobody_is_told_of_what_was_brought_in_until_something_happens_to_it_here() {
    each_house(|told| {
        let path = organisation_path(CENTRE);
        let console = Principal::console(CENTRE, path);
        let mut names = casework::records::Names::default();
        let roads = casework::model::OrganisationRef {
            id: ROADS,
            path: organisation_path(ROADS),
        };
        names.organisation_add("R", &roads);
        let options = casework::service::BringInOptions {
            mapping: &casework::records::Mapping::read(MAPPING).unwrap(),
            names: &names,
            dry_run: false,
        };
        let table = table::Table::read(BROUGHT.as_bytes(), "brought.csv").unwrap();
        let casework = &told.town.casework;
        let done = wait(casework.bring_in(&console, &table, &options, &|_, _| {})).unwrap();
        assert_eq!(done.rows.stored, 2, "{:?}", done.rows);
        told.town.fire();
        told.expect(&[]);
        let query = casework::service::TaskQuery::default();
        let open = wait(casework.task_list(&desk(ROADS), query)).unwrap();
        let task = open
            .items
            .iter()
            .find(|each| each.task.finished_at.is_none());
        let task = task.unwrap().task.id;
        let urge = call(&centre("shift_leader"));
        let case_id = open
            .items
            .iter()
            .find_map(|each| each.case_id.filter(|_| each.task.id == task));
        let note = CaseUrgeRequest { note: None };
        wait(casework.case_urge(&urge, case_id.unwrap(), note)).unwrap();
        told.expect(&[("case_urged", ROADS)]);
    });
}
