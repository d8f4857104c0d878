//! A small town around a store: areas, organisations, people with the built-in roles, one category with a rule row.

use access::{Means, Membership, Principal, RoleBook, Sealer};
use base::chance::SeededChance;
use base::path::TreePath;
use base::{Clock, Id, ManualClock, Point, Timestamp};
use calendar::{Limit, WorkCalendar};
use casework::city::{CategoryFacts, City, OrganisationFacts, Pending, Place};
use casework::input::*;
use casework::lifecycle::RuleFacts;
use casework::lifecycle::case::CaseFact;
use casework::model::{ComponentPinned, OrganisationRef};
use casework::service::STATISTICS;
use casework::view::{CaseStateView, ReportCreatedView, ReportStateView};
use casework::{Call, Casework, Parts, Processes};
use std::sync::Arc;
use store::testing::{TestStore, each_engine_at};
use store::{Statement, Store, StoreError, consumer, timer};

/// A Friday at nine: `2026-11-20T09:00:00+08:00`.
pub fn morning() -> Timestamp {
    "2026-11-20T09:00:00+08:00".parse().unwrap()
}

/// Put behind a process: its reporters are called back, twice at most within a working day, and have it done again once.
pub const CALLBACK: &str = r#"
[callback]
attempts = 2
limit = "1工作日"
redo_max = 1

[actions.report_callback]
name = "回访"
roles = ["intake_clerk", "shift_leader"]
"#;

pub const CATEGORY: Id = Id(70);
pub const FREE_CATEGORY: Id = Id(76);
pub const RULE: Id = Id(71);
pub const COMPONENT: Id = Id(60);
pub const CENTRE: Id = Id(100);
pub const ROADS: Id = Id(101);
pub const WATER: Id = Id(102);
/// Below `ROADS`.
pub const STATION: Id = Id(103);

/// District 310118, streets 310118001 and 310118002; a point west of 121.2 lies in the first, and east of 123 is the sea.
pub struct TestCity {
    /// Where the middle of zone 901 lies.
    pub zone_lon: f64,
    /// Where the second street begins.
    pub border_lon: f64,
}

impl Default for TestCity {
    fn default() -> Self {
        Self {
            zone_lon: 121.3,
            border_lon: 121.2,
        }
    }
}

pub fn district() -> TreePath {
    TreePath::root(1).unwrap()
}

pub fn street(n: u32) -> TreePath {
    district().child(n).unwrap()
}

/// An area that ends after something is reported in it, and whose place street 1 takes.
pub fn ended() -> TreePath {
    street(2).child(9).unwrap()
}

/// An area that is renamed after something is reported in it.
pub fn renamed() -> TreePath {
    street(2).child(8).unwrap()
}

pub fn organisation_path(id: Id) -> TreePath {
    let centre = TreePath::root(1).unwrap();
    match id {
        CENTRE => centre,
        ROADS => centre.child(1).unwrap(),
        WATER => centre.child(2).unwrap(),
        STATION => centre.child(1).unwrap().child(1).unwrap(),
        _ => TreePath::root(9).unwrap(),
    }
}

impl City for TestCity {
    fn place_at(&self, point: Point) -> Option<Place> {
        if point.lon > 123.0 {
            return None;
        }
        self.place_by_path(&street(if point.lon < self.border_lon { 1 } else { 2 }))
    }

    fn place_by_code(&self, code: &str) -> Option<Place> {
        match code {
            "310118" => self.place_by_path(&district()),
            "310118001" => self.place_by_path(&street(1)),
            "310118002" => self.place_by_path(&street(2)),
            "310118001001" => self.place_by_path(&street(1).child(1).unwrap()),
            "310118002008" => self.place_by_path(&renamed()),
            "310118002009" => self.place_by_path(&ended()),
            "310000" => Some(Place {
                area_path: district(),
                district_path: None,
                street_path: None,
                village_path: None,
            }),
            _ => None,
        }
    }

    /// One that ended is known besides.
    fn place_by_code_ever(&self, code: &str) -> Option<Place> {
        match code {
            "310118002007" => self.place_by_path(&street(2).child(7).unwrap()),
            _ => self.place_by_code(code),
        }
    }

    fn place_in_force(&self, path: &TreePath, _: Option<Point>) -> Option<Place> {
        match path {
            path if *path == ended() => self.place_by_path(&street(1)),
            path => self.place_by_path(path),
        }
    }

    fn place_by_path(&self, path: &TreePath) -> Option<Place> {
        Some(Place {
            area_path: path.clone(),
            district_path: Some(district()),
            street_path: path
                .ancestors()
                .chain([path.clone()])
                .find(|p| p.depth() == 2),
            village_path: path
                .ancestors()
                .chain([path.clone()])
                .find(|p| p.depth() == 3),
        })
    }

    fn areas_to_streets(&self) -> Vec<TreePath> {
        vec![district(), street(1), street(2)]
    }

    /// Zone 900 is street 1; zone 901 a strip of a few hundred metres.
    fn zones_at(&self, area_path: Option<&TreePath>, point: Option<Point>) -> Vec<Id> {
        let in_first = area_path.is_some_and(|path| street(1).contains(path));
        let is_near = point.is_some_and(|point| (point.lon - self.zone_lon).abs() < 0.005);
        [(Id(900), in_first), (Id(901), is_near)]
            .into_iter()
            .filter_map(|(zone, holds)| holds.then_some(zone))
            .collect()
    }

    fn area_name(&self, path: &TreePath) -> Option<String> {
        Some(format!("区划{path}"))
    }

    fn area_name_at(&self, path: &TreePath, _: Timestamp) -> Option<String> {
        match path {
            path if *path == renamed() => Some("旧名".to_owned()),
            path => self.area_name(path),
        }
    }

    fn category(&self, id: Id) -> Option<CategoryFacts> {
        [CATEGORY, FREE_CATEGORY]
            .contains(&id)
            .then(|| CategoryFacts {
                name: "上水井盖".to_owned(),
                has_rules: id == CATEGORY,
            })
    }

    fn rule_row(&self, id: Id) -> Option<RuleFacts> {
        (id == RULE).then(|| RuleFacts {
            id,
            version: 1,
            category_id: CATEGORY,
            limit: Limit::urgent_hours(2),
            is_superseded: false,
        })
    }

    fn works_for(&self, staff_id: Id) -> Pending<'_, Vec<TreePath>> {
        // As `person` numbers them: the organisation is in the last three digits.
        let organisation = Id(staff_id.0 % 1_000);
        let known = [CENTRE, ROADS, WATER, STATION].contains(&organisation);
        Box::pin(async move {
            Ok(known
                .then(|| organisation_path(organisation))
                .into_iter()
                .collect())
        })
    }

    fn sole_rule_row(&self, category_id: Id) -> Option<Id> {
        (category_id == CATEGORY).then_some(RULE)
    }

    fn responsible_units(&self, rule_row_id: Id) -> Vec<String> {
        let units = (rule_row_id == RULE).then(|| "水务部门".to_owned());
        units.into_iter().collect()
    }

    fn component(
        &self,
        _: &mut store::Tx<'_>,
        id: Id,
    ) -> Result<Option<ComponentPinned>, StoreError> {
        Ok((id == COMPONENT).then_some(ComponentPinned {
            id,
            maintainer_id: Some(ROADS),
            owner_id: Some(WATER),
        }))
    }

    fn organisation(&self, id: Id) -> Option<OrganisationFacts> {
        [CENTRE, ROADS, WATER, STATION]
            .contains(&id)
            .then(|| OrganisationFacts {
                organisation: OrganisationRef {
                    id,
                    path: organisation_path(id),
                },
                name: format!("机构{id}"),
            })
    }
}

/// Somebody of an organisation in a role over an area. One person per triple.
pub fn person(organisation_id: Id, role: &str, area_path: Option<TreePath>) -> Arc<Principal> {
    let book = RoleBook::built_in().unwrap();
    let granted = book.get(role).unwrap().clone();
    let number = role.bytes().map(i64::from).sum::<i64>() * 1_000 + organisation_id.0;
    Arc::new(Principal {
        account_id: Id(number + 1_000_000),
        staff_id: Id(number),
        staff_name: role.to_owned(),
        means: Means::Session(Id(1)),
        memberships: vec![Membership {
            id: Id(number),
            organisation_id,
            organisation_name: "机构".to_owned(),
            organisation_path: organisation_path(organisation_id),
            role: role.to_owned(),
            area_path,
            zone_ids: Vec::new(),
            granted,
        }],
        narrowed_to: None,
        must_change_password: false,
    })
}

/// Somebody of the centre.
pub fn centre(role: &str) -> Arc<Principal> {
    person(CENTRE, role, Some(district()))
}

/// Who calls, plainly.
/// The fact of an entry of a timeline.
pub fn fact(entry: &casework::view::TimelineView) -> serde_json::Value {
    serde_json::from_str(entry.fact.get()).unwrap()
}

pub fn call(principal: &Arc<Principal>) -> Call {
    Call::of(principal.clone())
}

pub struct Town {
    pub casework: Casework,
    pub clock: Arc<ManualClock>,
}

pub fn casework(store: &Store) -> Casework {
    casework_with(store, Processes::BUILT_IN)
}

/// With these processes.
pub fn casework_with(store: &Store, documents: &[&str]) -> Casework {
    casework_in(store, documents, TestCity::default())
}

/// With these processes in this city.
pub fn casework_in(store: &Store, documents: &[&str], city: TestCity) -> Casework {
    let book = RoleBook::built_in().unwrap();
    let processes =
        Processes::load(documents.iter().copied(), |role| book.get(role).is_some()).unwrap();
    Casework::new(Parts {
        store: store.clone(),
        sealer: Sealer::ephemeral(Arc::new(SeededChance::new(5))),
        city: Arc::new(city),
        processes,
        reckoner: Arc::new(WorkCalendar::china().unwrap()),
        blobs: store::blobs::Blobs::in_memory(),
        number_prefix: "310118".to_owned(),
    })
}

/// Runs `test` in a fresh town on each engine.
pub fn each_town(test: impl Fn(&Town, &TestStore)) {
    each_town_with(Processes::BUILT_IN, test);
}

/// Runs `test` in a fresh town with these processes on each engine.
pub fn each_town_with(documents: &[&str], test: impl Fn(&Town, &TestStore)) {
    let clock = Arc::new(ManualClock::new(morning()));
    let shared: Arc<dyn Clock> = clock.clone();
    each_engine_at(&[casework::ROOM], &shared, |test_store| {
        clock.set(morning());
        let town = Town {
            casework: casework_with(&test_store.store, documents),
            clock: clock.clone(),
        };
        test(&town, test_store);
    });
}

/// What happened to a case.
pub fn facts(store: &TestStore, case_id: Id) -> Vec<CaseFact> {
    let told = store.store.read_blocking(move |tx| {
        casework::case_told(
            tx,
            &casework::Told {
                subject_id: case_id,
                after: 0,
                kinds: vec!["".into(); 1_000],
            },
        )
    });
    let events = told.unwrap().into_iter();
    events.map(|(_, event)| event.fact).collect()
}

/// Waits for a future, as a caller's runtime would.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

pub fn report_request() -> ReportCreateRequest {
    ReportCreateRequest {
        source: "hotline".to_owned(),
        level: None,
        title: "井盖缺失".to_owned(),
        detail: "路口井盖没了，请联系我 13812341234".to_owned(),
        address: Some("城中路 1 号".to_owned()),
        place: PlaceRequest {
            lon: Some(121.123_456_789),
            lat: Some(31.150_000_01),
            ..PlaceRequest::default()
        },
        reporter: Some(ReporterRequest {
            name: Some("王小明".to_owned()),
            phone: Some("138-1234-1234".to_owned()),
            hidden: false,
        }),
        external: None,
        occurred_at: None,
        open_case: Some(CaseOpenRequest {
            category_id: Some(CATEGORY),
            ..CaseOpenRequest::default()
        }),
    }
}

impl Town {
    pub fn create(&self) -> ReportCreatedView {
        let by = call(&centre("intake_clerk"));
        wait(self.casework.report_create(&by, report_request())).unwrap()
    }

    /// A report that nobody has decided on.
    pub fn receive(&self) -> ReportStateView {
        let request = ReportCreateRequest {
            open_case: None,
            ..report_request()
        };
        let by = call(&centre("intake_clerk"));
        wait(self.casework.report_create(&by, request))
            .unwrap()
            .report
    }

    /// Files, dispatches, handles, inspects and closes a case.
    pub fn complete(&self, case_id: Id) -> CaseStateView {
        self.handle(case_id);
        self.inspect(case_id, vec![]);
        self.close(case_id)
    }

    pub fn file(&self, case_id: Id) -> CaseStateView {
        let request = CaseFileRequest {
            rule_row_id: Some(RULE),
        };
        wait(
            self.casework
                .case_file(&call(&centre("shift_leader")), case_id, request),
        )
        .unwrap()
    }

    pub fn dispatch(&self, case_id: Id) -> CaseStateView {
        let request = CaseDispatchRequest {
            lead_organisation_id: ROADS,
            co_organisation_ids: vec![WATER],
        };
        wait(
            self.casework
                .case_dispatch(&call(&centre("dispatcher")), case_id, request),
        )
        .unwrap()
    }

    pub fn accept(&self, organisation_id: Id, task_id: Id) -> CaseStateView {
        let by = call(&person(organisation_id, "handler", None));
        wait(
            self.casework
                .task_accept(&by, task_id, TaskAcceptRequest::default()),
        )
        .unwrap()
    }

    pub fn finish(&self, organisation_id: Id, task_id: Id) -> CaseStateView {
        let by = call(&person(organisation_id, "handler", None));
        let request = TaskFinishRequest {
            result: Some("已更换井盖，电话 13900001111".to_owned()),
            occurred_at: None,
        };
        wait(self.casework.task_finish(&by, task_id, request)).unwrap()
    }

    pub fn inspect(&self, case_id: Id, failed_task_ids: Vec<Id>) -> CaseStateView {
        let request = CaseInspectResultRequest {
            passed: failed_task_ids.is_empty(),
            failed_task_ids,
            opinion: Some("现场核查".to_owned()),
            occurred_at: None,
        };
        let by = call(&centre("inspector"));
        wait(self.casework.case_inspect_result(&by, case_id, request)).unwrap()
    }

    pub fn close(&self, case_id: Id) -> CaseStateView {
        let request = CaseCloseRequest {
            rule_row_id: Some(RULE),
            opinion: None,
        };
        wait(
            self.casework
                .case_close(&call(&centre("shift_leader")), case_id, request),
        )
        .unwrap()
    }

    /// Files, dispatches and handles a case, up to inspection.
    pub fn handle(&self, case_id: Id) -> CaseStateView {
        self.file(case_id);
        let state = self.dispatch(case_id);
        let (lead, co) = (state.tasks[0].id, state.tasks[1].id);
        self.accept(ROADS, lead);
        self.accept(WATER, co);
        self.finish(WATER, co);
        self.finish(ROADS, lead)
    }

    /// Fires what is due; says how many timers.
    pub fn fire(&self) -> usize {
        let casework = self.casework.clone();
        timer::fire_due(self.casework.store(), 1_000, move |tx, timer, now| {
            casework.timer_due(tx, timer, now)
        })
        .unwrap()
    }

    /// The numbers are brought up to what has happened.
    pub fn count(&self) {
        let store = self.casework.store();
        let follower = self.casework.statistics_follower();
        // On PostgreSQL entries get their places a moment after the commit.
        let late = || store.read_blocking(store::outbox::unplaced).unwrap();
        while late() + consumer::behind(store, STATISTICS).unwrap() > 0 {
            consumer::drain(store, &follower).unwrap();
        }
    }

    /// Everything stored is as it must be, and the numbers are what a recount of all timelines finds.
    #[track_caller]
    pub fn verify(&self) {
        self.count();
        let verified = self.casework.verify().unwrap();
        assert_eq!(verified.findings, []);
        assert!(verified.entries > 0 && verified.obligations.is_some());
        self.tells_no_words();
    }

    /// Law 9: no word that people say stands in an event.
    #[track_caller]
    fn tells_no_words(&self) {
        let all = Statement::composed("SELECT kind, body FROM timeline".to_owned());
        let read = self.casework.store().read_blocking(move |tx| {
            tx.query(&all, &[], |row| {
                Ok((row.get::<String>(0)?, row.get::<String>(1)?))
            })
        });
        for (kind, body) in read.unwrap() {
            let fact: serde_json::Value = serde_json::from_str(&body).unwrap();
            tells_no_word(&kind, "", &fact);
        }
    }
}

/// Runs `work` so many times, all beginning at the same moment.
pub fn at_once<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = std::sync::Barrier::new(count);
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..count)
            .map(|n| {
                let (work, barrier) = (&work, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    work(n)
                })
            })
            .collect();
        handles
            .into_iter()
            .map(|handle| handle.join().unwrap())
            .collect()
    })
}

/// What processes and standards say, not people: limits, the text of a condition, the reason a process states.
const OF_PROCESSES: [&str; 4] = ["limit", "condition", "reason", "uninspected_because"];

/// Fails on Chinese, on a phone and on a phone with hyphens anywhere in a fact.
#[track_caller]
fn tells_no_word(kind: &str, field: &str, value: &serde_json::Value) {
    match value {
        serde_json::Value::String(text) => {
            let digits: String = text.chars().filter(|c| *c != '-').collect();
            let is_phone = digits.len() == 11
                && digits.starts_with('1')
                && digits.bytes().all(|b| b.is_ascii_digit());
            let is_word = text.chars().any(|c| c >= '\u{2E80}');
            assert!(!is_phone, "{kind}: {field} {text}");
            assert!(
                !is_word || OF_PROCESSES.contains(&field),
                "{kind}: {field} {text}"
            );
        }
        serde_json::Value::Array(items) => {
            for item in items {
                tells_no_word(kind, field, item);
            }
        }
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                tells_no_word(kind, name, value);
            }
        }
        _ => {}
    }
}
