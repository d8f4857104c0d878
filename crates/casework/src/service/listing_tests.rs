//! Lists and counts against looking at every case and every report, on both engines, while these change.

use super::*;
use crate::clocks::Light;
use crate::listing::{Awaited, CaseMark, CaseSort, Cursor};
use crate::model::{CaseStage, Level, ReportStage, TaskState};
use crate::store::{CASE_ORGANISATION_ADD, CASE_ZONE_ADD, CASE_ZONE_DROP, ROOM};
use ::store::testing::{TestStore, each_engine};
use ::store::{OutboxEntry, Statement, params};
use std::cmp::Reverse;
use std::sync::{Arc, Mutex};

fn path(n: u32) -> TreePath {
    TreePath::root(n).unwrap()
}

fn street(n: u32) -> TreePath {
    path(1).child(n).unwrap()
}

/// Of the district 1 the second level are streets, the third villages; what is below lies in those.
fn depth_of(path: &TreePath) -> usize {
    path.depth().min(3)
}

fn area_filter(path: &TreePath) -> AreaFilter {
    let above: Vec<TreePath> = path.ancestors().collect();
    match above.as_slice() {
        [_] => AreaFilter::Above(path.clone()),
        [_, _] => AreaFilter::Street(path.clone()),
        [_, street, village, ..] => AreaFilter::Within {
            street: street.clone(),
            village: Some(village.clone()),
            area: path.clone(),
        },
        [] => unreachable!(),
    }
}

/// A case, or what of it is the same of a report.
#[derive(Clone, Debug, PartialEq)]
struct Made {
    id: Id,
    number: String,
    stage: CaseStage,
    report_stage: ReportStage,
    level: Level,
    source: &'static str,
    category_id: Option<Id>,
    process: &'static str,
    area: Option<TreePath>,
    organisations: Vec<TreePath>,
    zones: Vec<Id>,
    /// Important, supervised, suspended, asked; led.
    marks: [bool; 5],
    due_at: Option<Timestamp>,
    updated_at: Timestamp,
    watched: bool,
    held: Option<TaskState>,
    claimed_by: Option<Id>,
}

/// Draws, always the same.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        usize::try_from(self.0 >> 40).unwrap() % limit
    }

    fn is(&mut self) -> bool {
        self.below(2) == 0
    }
}

fn drawn(draw: &mut Draw, id: i64) -> Made {
    let village = street(1 + u32::try_from(draw.below(2)).unwrap())
        .child(1 + u32::try_from(draw.below(2)).unwrap())
        .unwrap();
    let area = match draw.below(5) {
        0 => None,
        1 => Some(village.child(3).unwrap()),
        2 => Some(street(1)),
        _ => Some(village),
    };
    let at = |draw: &mut Draw| Timestamp(i64::try_from(draw.below(20)).unwrap());
    Made {
        id: Id(id),
        number: format!("310118-2026112{}-{id:05}", id % 3),
        stage: CaseStage::ALL[draw.below(CaseStage::ALL.len())],
        report_stage: ReportStage::ALL[draw.below(ReportStage::ALL.len())],
        level: Level::ALL[draw.below(Level::ALL.len())],
        source: ["hotline", "media"][draw.below(2)],
        category_id: [None, Some(Id(1)), Some(Id(2))][draw.below(3)],
        process: ["hotline", "quick", "grid"][draw.below(3)],
        area,
        organisations: [path(3), path(4), path(5)]
            .into_iter()
            .filter(|_| draw.is())
            .collect(),
        zones: [Id(4), Id(5)].into_iter().filter(|_| draw.is()).collect(),
        marks: [(); 5].map(|()| draw.below(3) == 0),
        due_at: (draw.below(4) > 0).then(|| at(draw)),
        updated_at: at(draw),
        watched: draw.is(),
        held: [None, Some(TaskState::Assigned), Some(TaskState::Accepted)][draw.below(3)],
        claimed_by: draw.is().then_some(Id(8)),
    }
}

fn clear(tx: &mut Tx<'_>, id: Id) -> Result<(), StoreError> {
    for of_case in [
        "DELETE FROM case_file WHERE id = ?1",
        "DELETE FROM report WHERE id = ?1",
        "DELETE FROM case_watch WHERE case_id = ?1",
        "DELETE FROM task WHERE case_id = ?1",
    ] {
        tx.post(&Statement::composed(of_case.to_owned()), params![id])?;
    }
    Ok(())
}

/// Writes a case and a report of the same id, new or changed, and tells of it; what was tied stays tied, as it does.
fn write(tx: &mut Tx<'_>, made: &Made, before: Option<&Made>) -> Result<(), StoreError> {
    clear(tx, made.id)?;
    let case = Statement::composed(
        "INSERT INTO case_file (id, version, case_no, stage, level, source, category_id, area_path, process_code, process_version,
         words_digest, accepted_by_id, accepted_by_path, yellow_at, due_at, rework_count, accepted_at, updated_at, is_important,
         is_supervised, is_suspended, is_asked, lead_organisation_id, extra)
         VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, '', 1, '0001', ?9, ?10, 0, ?1, ?11, ?12, ?13, ?14, ?15, ?16, '{}')"
            .to_owned(),
    );
    let [important, supervised, suspended, asked, led] = made.marks;
    let yellow_at = made.due_at.map(|at| Timestamp(at.0 - 3));
    tx.post(
        &case,
        params![
            made.id,
            made.number,
            made.stage.as_str(),
            made.level.as_str(),
            made.source,
            made.category_id,
            made.area,
            made.process,
            yellow_at,
            made.due_at,
            made.updated_at,
            important,
            supervised,
            suspended,
            asked,
            led.then_some(Id(77))
        ],
    )?;
    let report = Statement::composed(
        "INSERT INTO report (id, version, report_no, stage, source, level, claimed_by, words_digest, reporter_hidden, area_path,
         organisation_id, organisation_path, received_at, recorded_at, pool_yellow_at, pool_due_at, extra)
         VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, '', FALSE, ?7, 1, ?8, ?1, ?1, ?9, ?10, '{}')"
            .to_owned(),
    );
    tx.post(
        &report,
        params![
            made.id,
            format!("SQ{}", made.number),
            made.report_stage.as_str(),
            made.source,
            made.level.as_str(),
            made.claimed_by,
            made.area,
            made.holder(),
            yellow_at,
            made.due_at
        ],
    )?;
    for organisation in &made.organisations {
        tx.post(&CASE_ORGANISATION_ADD, params![made.id, organisation])?;
    }
    let zones_before = before.map_or(&[][..], |before| &before.zones);
    for zone in made
        .zones
        .iter()
        .filter(|zone| !zones_before.contains(zone))
    {
        tx.post(&CASE_ZONE_ADD, params![zone, made.id])?;
    }
    for zone in zones_before
        .iter()
        .filter(|zone| !made.zones.contains(zone))
    {
        tx.post(&CASE_ZONE_DROP, params![zone, made.id])?;
    }
    if made.watched {
        tx.post(
            &crate::store::CASE_WATCH_ADD,
            params![Id(1), made.id, Timestamp(0)],
        )?;
    }
    if let Some(state) = made.held {
        let task = Statement::composed(
            "INSERT INTO task (id, case_id, kind, role, organisation_id, organisation_path, state, handling_started_at,
             handling_yellow_at, handling_due_at, response_overdue, handling_overdue, opened_at, handled_by, rework_count, extra)
             VALUES (?1, ?1, 'handle', 'lead', 1, ?2, ?3, 0, 0, 0, FALSE, FALSE, 0, '[]', 0, '{}')"
                .to_owned(),
        );
        tx.post(
            &task,
            params![made.id, path(3).child(1).unwrap(), state.as_str()],
        )?;
    }
    for kind in [CaseFact::CHANGED, ReportFact::CHANGED, "something_else"] {
        tx.emit(OutboxEntry {
            key: made.id,
            kind,
            body: "{}".to_owned(),
            area_path: None,
            organisation_paths: Vec::new(),
            at: Timestamp(1),
        });
    }
    Ok(())
}

impl Made {
    /// Who received the report: below the first of its organisations.
    fn holder(&self) -> TreePath {
        self.organisations
            .first()
            .unwrap_or(&path(6))
            .child(2)
            .unwrap()
    }

    fn light(&self, now: Timestamp) -> Option<Light> {
        let due = self.due_at?;
        Some(if due < now {
            Light::Red
        } else if due.0 - 3 <= now.0 {
            Light::Yellow
        } else {
            Light::Green
        })
    }

    fn lies_in(&self, area: &TreePath) -> bool {
        self.area.as_ref().is_some_and(|own| area.contains(own))
    }

    fn is_seen_by(&self, tie: &Tie) -> bool {
        match tie {
            Tie::Everything => true,
            Tie::Area(
                AreaFilter::Street(area)
                | AreaFilter::Above(area)
                | AreaFilter::Within { area, .. },
            ) => self.lies_in(area),
            Tie::Zone(id) => self.zones.contains(id),
            Tie::Organisation(path) => self.organisations.contains(path),
        }
    }

    fn is_awaited_in(&self, place: &Awaited) -> bool {
        place.stage == self.stage
            && place.processes.iter().any(|code| code == self.process)
            && !(place.without_lead && self.marks[4])
    }
}

/// What is asked, and the area and kinds of it that a test can compare.
#[derive(Clone, Debug)]
struct Asked {
    filter: CaseFilter,
    area: Option<TreePath>,
    ties: Vec<Tie>,
}

fn asked(draw: &mut Draw) -> Asked {
    let village = street(1).child(2).unwrap();
    let areas = [
        path(1),
        street(1),
        street(2),
        village.clone(),
        village.child(3).unwrap(),
        path(9),
    ];
    let stages = [
        vec![],
        vec![],
        vec![CaseStage::Handling],
        vec![CaseStage::Closed, CaseStage::Cancelled, CaseStage::Merged],
        vec![CaseStage::Merged, CaseStage::Filed],
    ];
    let ties = [
        vec![Tie::Everything],
        vec![Tie::Area(area_filter(&street(1)))],
        vec![Tie::Area(area_filter(&village)), Tie::Organisation(path(3))],
        vec![Tie::Organisation(path(4))],
        vec![Tie::Zone(Id(4)), Tie::Organisation(path(8))],
        vec![],
    ];
    let place = |stage, without_lead| Awaited {
        stage,
        without_lead,
        processes: vec!["hotline".to_owned(), "quick".to_owned()],
    };
    let awaited = vec![
        place(CaseStage::Filed, false),
        place(CaseStage::Handling, true),
    ];
    let few = |draw: &mut Draw| draw.below(5) == 0;
    let area = few(draw).then(|| areas[draw.below(areas.len())].clone());
    let sort = [
        CaseSort::Newest,
        CaseSort::Newest,
        CaseSort::Due,
        CaseSort::Updated,
    ][draw.below(4)];
    let marks = [
        CaseMark::Important,
        CaseMark::Supervised,
        CaseMark::Suspended,
        CaseMark::Asked,
    ];
    let filter = CaseFilter {
        stages: stages[draw.below(stages.len())].clone(),
        level: few(draw).then(|| Level::ALL[draw.below(Level::ALL.len())]),
        area: area.as_ref().map(area_filter),
        zone_id: few(draw).then_some(Id(5)),
        category_id: few(draw).then(|| Id(1 + i64::try_from(draw.below(3)).unwrap())),
        organisation: few(draw).then(|| path(5)),
        light: few(draw).then(|| [Light::Green, Light::Yellow, Light::Red][draw.below(3)]),
        source: few(draw).then(|| ["hotline", "media", "nobody"][draw.below(3)].to_owned()),
        case_no: few(draw).then(|| "310118-20261121".to_owned()),
        accepted_from: None,
        accepted_to: None,
        marks: few(draw)
            .then(|| marks[draw.below(4)])
            .into_iter()
            .collect(),
        watched_by: few(draw).then_some(Id(1)),
        held_by: few(draw).then(|| path(3)).into_iter().collect(),
        not_held_by: few(draw).then(|| path(3)).into_iter().collect(),
        awaited: few(draw).then(|| (draw.is(), if few(draw) { Vec::new() } else { awaited })),
        held_state: draw.is().then_some(TaskState::Assigned),
        sort,
        after: draw.is().then(|| Cursor {
            at: Timestamp(i64::try_from(draw.below(20)).unwrap()),
            id: Id(200 + i64::try_from(draw.below(300)).unwrap()),
        }),
    };
    Asked {
        filter,
        area,
        ties: ties[draw.below(ties.len())].clone(),
    }
}

fn is_meant(case: &Made, asked: &Asked, now: Timestamp) -> bool {
    let filter = &asked.filter;
    let [important, supervised, suspended, is_asked, _] = case.marks;
    let marked = |mark: &CaseMark| match mark {
        CaseMark::Important => important,
        CaseMark::Supervised => supervised,
        CaseMark::Suspended => suspended,
        CaseMark::Asked => is_asked,
    };
    let after = |cursor: Cursor| match filter.sort {
        CaseSort::Newest => case.id < cursor.id,
        CaseSort::Due => case
            .due_at
            .is_some_and(|at| (at, case.id) > (cursor.at, cursor.id)),
        CaseSort::Updated => (case.updated_at, case.id) < (cursor.at, cursor.id),
    };
    let held = |state: TaskState| {
        let wanted = filter.held_state;
        case.held == Some(state) && wanted.is_none_or(|wanted| wanted == state)
    };
    let is_open = case.stage.is_open();
    (filter.stages.is_empty() || filter.stages.contains(&case.stage))
        && filter.level.is_none_or(|level| level == case.level)
        && asked.area.as_ref().is_none_or(|area| case.lies_in(area))
        && filter.zone_id.is_none_or(|id| case.zones.contains(&id))
        && filter
            .category_id
            .is_none_or(|id| case.category_id == Some(id))
        && (filter.organisation.as_ref()).is_none_or(|path| case.organisations.contains(path))
        && filter
            .light
            .is_none_or(|light| is_open && case.light(now) == Some(light))
        && filter
            .source
            .as_ref()
            .is_none_or(|source| source == case.source)
        && filter
            .case_no
            .as_ref()
            .is_none_or(|start| case.number.starts_with(start))
        && filter.marks.iter().all(marked)
        && (filter.watched_by.is_none() || case.watched)
        && (filter.held_by.is_empty() || held(TaskState::Assigned) || held(TaskState::Accepted))
        && (filter.not_held_by.is_empty() || case.held.is_none())
        && filter.awaited.as_ref().is_none_or(|(is_there, places)| {
            places.iter().any(|place| case.is_awaited_in(place)) == *is_there
        })
        && (!filter.is_open() || is_open)
        && (filter.sort != CaseSort::Due || case.due_at.is_some())
        && filter.after.is_none_or(after)
        && asked.ties.iter().any(|tie| case.is_seen_by(tie))
}

fn expected(made: &[Made], asked: &Asked, now: Timestamp) -> Vec<Id> {
    let mut found: Vec<&Made> = made
        .iter()
        .filter(|case| is_meant(case, asked, now))
        .collect();
    match asked.filter.sort {
        CaseSort::Newest => found.sort_by_key(|case| Reverse(case.id)),
        CaseSort::Due => found.sort_by_key(|case| (case.due_at, case.id)),
        CaseSort::Updated => found.sort_by_key(|case| Reverse((case.updated_at, case.id))),
    }
    found.into_iter().map(|case| case.id).collect()
}

fn expected_reports(made: &[Made], asked: &ReportsAsked, area: Option<&TreePath>) -> Vec<Id> {
    let filter = &asked.filter;
    let is_meant = |report: &&Made| {
        let stage = match filter.claimed {
            Some(Claimed::Nobody) => filter.stage.or(Some(ReportStage::Received)),
            _ => filter.stage,
        };
        let claimed = match filter.claimed {
            None => true,
            Some(Claimed::Nobody) => report.claimed_by.is_none(),
            Some(Claimed::By(staff_id)) => report.claimed_by == Some(staff_id),
        };
        let seen = match &asked.seen {
            Seen::Everything => true,
            Seen::Within(areas, organisations) => {
                let mut areas = areas.iter().cloned().map(Tie::Area);
                let holder = report.holder();
                areas.any(|tie| report.is_seen_by(&tie))
                    || organisations.iter().any(|path| path.contains(&holder))
            }
        };
        stage.is_none_or(|stage| stage == report.report_stage)
            && claimed
            && seen
            && filter.level.is_none_or(|level| level == report.level)
            && area.is_none_or(|area| report.lies_in(area))
            && filter
                .source
                .as_ref()
                .is_none_or(|source| source == report.source)
            && filter
                .light
                .is_none_or(|light| report.light(asked.now) == Some(light))
            && filter.after.is_none_or(|after| report.id < after)
            && (filter.report_no.as_ref())
                .is_none_or(|start| format!("SQ{}", report.number).starts_with(start))
    };
    let mut found: Vec<Id> = made
        .iter()
        .filter(is_meant)
        .map(|report| report.id)
        .collect();
    found.sort_by_key(|id| Reverse(*id));
    found
}

fn reports_asked(draw: &mut Draw, now: Timestamp) -> (ReportsAsked, Option<TreePath>) {
    let few = |draw: &mut Draw| draw.below(4) == 0;
    let area = few(draw).then(|| [street(1), street(2).child(1).unwrap()][draw.below(2)].clone());
    let filter = ReportFilter {
        stage: few(draw).then(|| ReportStage::ALL[draw.below(ReportStage::ALL.len())]),
        level: few(draw).then(|| Level::ALL[draw.below(Level::ALL.len())]),
        area: area.as_ref().map(area_filter),
        source: few(draw).then(|| "media".to_owned()),
        claimed: few(draw).then(|| [Claimed::Nobody, Claimed::By(Id(8))][draw.below(2)]),
        light: few(draw).then(|| [Light::Green, Light::Yellow, Light::Red][draw.below(3)]),
        report_no: few(draw).then(|| "SQ310118-20261122".to_owned()),
        after: few(draw).then(|| Id(100 + i64::try_from(draw.below(300)).unwrap())),
    };
    let seen = match draw.below(3) {
        0 => Seen::Everything,
        1 => Seen::Within(vec![area_filter(&street(2))], vec![]),
        _ => Seen::Within(
            vec![area_filter(&street(1))],
            vec![path(4), path(6).child(2).unwrap()],
        ),
    };
    let asked = ReportsAsked {
        filter,
        seen,
        looked_up: Vec::new(),
        now,
    };
    (asked, area)
}

/// Asks many questions of the lists as they are now.
fn compare(
    tx: &mut Tx<'_>,
    state: &mut State,
    made: &[Made],
    round: u64,
) -> Result<(), StoreError> {
    let now = Timestamp(10);
    let mut draw = Draw(round);
    for _ in 0..500 {
        let one = asked(&mut draw);
        let list = CasesAsked {
            filter: one.filter.clone(),
            ties: one.ties.clone(),
            looked_up: LookedUp::default(),
            now,
        };
        let list = looked_up(tx, &list)?;
        for tied in list.tied() {
            if !state.cases.has_tied(&tied) {
                let ids = rows::cases_tied(tx, &tied)?;
                state.cases.put_tied(tied, &ids);
            }
        }
        let mut expected = expected(made, &one, now);
        if one.filter.sort == CaseSort::Newest {
            let count = list.count(&state.cases, 100);
            assert_eq!(count, expected.len().min(100) as u64, "{one:?}");
        }
        expected.truncate(30);
        let found = list.page(&state.cases, 30);
        assert_eq!(found, expected, "round {round}: {one:?}");
        let read: Vec<Id> = rows::cases(tx, &found)?
            .iter()
            .map(|row| row.case.id)
            .collect();
        assert_eq!(read, found);

        let (mut reports, area) = reports_asked(&mut draw, now);
        if let Some(start) = &reports.filter.report_no {
            reports
                .looked_up
                .push(rows::numbered(tx, Kind::Reports, start)?);
        }
        if let Some(Claimed::By(staff_id)) = reports.filter.claimed {
            reports.looked_up.push(rows::claimed(tx, staff_id)?);
        }
        let mut expected = expected_reports(made, &reports, area.as_ref());
        expected.truncate(30);
        let found = reports.page(&state.reports, 30);
        assert_eq!(found, expected, "round {round}: {reports:?}");
        let read = rows::reports(tx, &found)?;
        assert_eq!(read.len(), found.len());
    }
    Ok(())
}

/// Some are new, some changed, some come with an id below others.
fn go_on(store: &TestStore, made: &mut Vec<Made>, draw: &mut Draw, round: i64) {
    let mut written: Vec<(Made, Option<Made>)> = Vec::new();
    for n in 0..60 {
        // Even ones first, odd ones a round later.
        let id = match draw.below(3) {
            0 => round * 120 + n * 2,
            1 => (round - 1) * 120 + n * 2 + 1,
            _ => made
                .get(draw.below(made.len().max(1)))
                .map_or(1, |case| case.id.0),
        };
        let mut case = drawn(draw, id.max(1));
        let known = made.iter_mut().find(|known| known.id == case.id);
        if let Some(known) = known {
            // What never changes, and what is only added to.
            case.number.clone_from(&known.number);
            case.organisations.extend(known.organisations.clone());
            case.organisations.sort();
            case.organisations.dedup();
            written.push((case.clone(), Some(known.clone())));
            *known = case;
        } else {
            written.push((case.clone(), None));
            made.push(case);
        }
    }
    let written = Arc::new(written);
    let write_all = move |tx: &mut Tx<'_>| {
        for (case, before) in &*written {
            write(tx, case, before.as_ref())?;
        }
        Ok::<_, StoreError>(())
    };
    store.store.write_blocking(write_all).unwrap();
}

#[test]
fn lists_and_counts_are_what_looking_at_every_case_and_report_finds() {
    each_engine(&[ROOM], |test_store| {
        let (mut made, mut draw) = (Vec::new(), Draw(7));
        for round in 1..3 {
            go_on(test_store, &mut made, &mut draw, round);
        }
        let load = |tx: &mut Tx<'_>| State::load(tx, &depth_of);
        let state = test_store.store.read_blocking(load).unwrap();
        let state = Arc::new(Mutex::new(state));
        let rounds = if test_store.store.is_postgres() {
            6
        } else {
            12
        };
        for round in 3..rounds {
            go_on(test_store, &mut made, &mut draw, round);
            let (state, seen) = (state.clone(), made.clone());
            let asked = test_store.store.read_blocking(move |tx| {
                let mut state = state.lock().unwrap();
                state.catch_up(tx, &depth_of)?;
                assert!(state.place == outbox::last_place(tx)?);
                compare(tx, &mut state, &seen, round.unsigned_abs())
            });
            asked.unwrap();
        }
        // Read anew they say the same.
        let read = move |tx: &mut Tx<'_>| {
            let mut state = State::load(tx, &depth_of)?;
            compare(tx, &mut state, &made, 99)
        };
        test_store.store.read_blocking(read).unwrap();
    });
}

#[test]
fn what_was_told_and_is_told_no_more_makes_them_read_everything_anew() {
    each_engine(&[ROOM], |test_store| {
        let (mut made, mut draw) = (Vec::new(), Draw(3));
        go_on(test_store, &mut made, &mut draw, 1);
        let load = |tx: &mut Tx<'_>| State::load(tx, &depth_of);
        let state = test_store.store.read_blocking(load).unwrap();
        go_on(test_store, &mut made, &mut draw, 2);
        // The sequencer of PostgreSQL does not run here: places are given by hand, and what is old is forgotten.
        let is_postgres = test_store.store.is_postgres();
        let prune = move |tx: &mut Tx<'_>| {
            if is_postgres {
                let place = "UPDATE outbox SET place = position WHERE place IS NULL";
                tx.execute(&Statement::composed(place.to_owned()), &[])?;
            }
            outbox::prune(tx, Timestamp(i64::MAX))
        };
        let gone = test_store.store.write_blocking(prune).unwrap();
        assert!(gone > 0);
        let state = Arc::new(Mutex::new(state));
        let asked = test_store.store.read_blocking(move |tx| {
            let mut state = state.lock().unwrap();
            state.catch_up(tx, &depth_of)?;
            compare(tx, &mut state, &made, 1)
        });
        asked.unwrap();
    });
}
