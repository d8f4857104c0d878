//! Cases and reports made up, what can be asked of them, and what looking at every one finds.

use super::super::*;
use crate::clocks::Light;
use crate::listing::{Awaited, CaseMark, CaseSort, Cursor, MapBox, ReportSort, ToDecide};
use crate::model::{CaseStage, Decision, Level, ReportStage, TaskState};
use crate::store::{CASE_ORGANISATION_ADD, CASE_ZONE_ADD, CASE_ZONE_DROP};
use ::store::{OutboxEntry, Statement, params};
use base::Point;
use std::cmp::Reverse;

pub(super) fn path(n: u32) -> TreePath {
    TreePath::root(n).unwrap()
}

pub(super) fn street(n: u32) -> TreePath {
    path(1).child(n).unwrap()
}

/// Of the district 1 the second level are streets, the third villages; what is below lies in those.
pub(super) fn depth_of(path: &TreePath) -> usize {
    path.depth().min(3)
}

pub(super) fn area_filter(path: &TreePath) -> AreaFilter {
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
pub(super) struct Made {
    pub(super) id: Id,
    pub(super) number: String,
    pub(super) stage: CaseStage,
    pub(super) report_stage: ReportStage,
    pub(super) level: Level,
    pub(super) source: &'static str,
    pub(super) category_id: Option<Id>,
    pub(super) process: &'static str,
    pub(super) area: Option<TreePath>,
    pub(super) point: Option<Point>,
    pub(super) organisations: Vec<TreePath>,
    pub(super) zones: Vec<Id>,
    /// Important, supervised, suspended, escalated; led.
    pub(super) marks: [bool; 5],
    /// What waits for a decision, one bit each.
    pub(super) asked: u8,
    pub(super) due_at: Option<Timestamp>,
    pub(super) updated_at: Timestamp,
    pub(super) watched: bool,
    pub(super) held: Option<TaskState>,
    pub(super) claimed_by: Option<Id>,
}

/// Draws, always the same.
pub(super) struct Draw(pub(super) u64);

impl Draw {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        usize::try_from(self.0 >> 40).unwrap() % limit
    }

    pub(super) fn is(&mut self) -> bool {
        self.below(2) == 0
    }
}

/// The id of the one so far from the beginning: each is made a millisecond after the one before.
pub(super) fn id_of(n: i64) -> Id {
    Id(n << 22)
}

/// Its place, the other way round.
pub(super) fn place_of(id: Id) -> i64 {
    id.0 >> 22
}

pub(super) fn drawn(draw: &mut Draw, n: i64) -> Made {
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
        id: id_of(n),
        number: format!("310118-2026112{}-{n:05}", n % 3),
        stage: CaseStage::ALL[draw.below(CaseStage::ALL.len())],
        report_stage: ReportStage::ALL[draw.below(ReportStage::ALL.len())],
        level: Level::ALL[draw.below(Level::ALL.len())],
        source: ["hotline", "media"][draw.below(2)],
        category_id: [None, Some(Id(1)), Some(Id(2))][draw.below(3)],
        process: ["hotline", "quick", "grid"][draw.below(3)],
        area,
        point: (draw.below(5) > 0).then(|| Point {
            lon: 121.0 + [0.0, 0.004, 0.01, 0.1, 0.123_456_7][draw.below(5)],
            lat: 31.0 + [0.0, 0.1, 0.31, 0.305, -0.2][draw.below(5)],
        }),
        organisations: [path(3), path(4), path(5)]
            .into_iter()
            .filter(|_| draw.is())
            .collect(),
        zones: [Id(4), Id(5)].into_iter().filter(|_| draw.is()).collect(),
        marks: [(); 5].map(|()| draw.below(3) == 0),
        asked: [0, 0, 1, 2, 0b1001_0000, 0b0100_1100][draw.below(6)],
        due_at: (draw.below(4) > 0).then(|| at(draw)),
        updated_at: at(draw),
        watched: draw.is(),
        held: [None, Some(TaskState::Assigned), Some(TaskState::Accepted)][draw.below(3)],
        claimed_by: draw.is().then_some(Id(8)),
    }
}

pub(super) fn clear(tx: &mut Tx<'_>, id: Id) -> Result<(), StoreError> {
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
pub(super) fn write(tx: &mut Tx<'_>, made: &Made, before: Option<&Made>) -> Result<(), StoreError> {
    clear(tx, made.id)?;
    let case = Statement::composed(
        "INSERT INTO case_file (id, version, case_no, stage, level, source, category_id, area_path, process_code, process_version,
         words_digest, accepted_by_id, accepted_by_path, yellow_at, due_at, rework_count, accepted_at, updated_at, is_important,
         is_supervised, is_suspended, is_escalated, asked, lead_organisation_id, extra, lon, lat)
         VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, '', 1, '0001', ?9, ?10, 0, ?1, ?11, ?12, ?13, ?14, ?15, ?16, ?17, '{}', ?18, ?19)"
            .to_owned(),
    );
    let [important, supervised, suspended, escalated, led] = made.marks;
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
            escalated,
            i64::from(made.asked),
            led.then_some(Id(77)),
            made.point.map(|point| point.lon),
            made.point.map(|point| point.lat)
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
    pub(super) fn holder(&self) -> TreePath {
        self.organisations
            .first()
            .unwrap_or(&path(6))
            .child(2)
            .unwrap()
    }

    pub(super) fn light(&self, now: Timestamp) -> Option<Light> {
        let due = self.due_at?;
        Some(if due < now {
            Light::Red
        } else if due.0 - 3 <= now.0 {
            Light::Yellow
        } else {
            Light::Green
        })
    }

    pub(super) fn lies_in(&self, area: &TreePath) -> bool {
        self.area.as_ref().is_some_and(|own| area.contains(own))
    }

    pub(super) fn is_seen_by(&self, tie: &Tie) -> bool {
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

    pub(super) fn is_awaited_in(&self, place: &Awaited) -> bool {
        place.stage == self.stage
            && place.processes.iter().any(|code| code == self.process)
            && !(place.without_lead && self.marks[4])
    }
}

/// What is asked, and the area and kinds of it that a test can compare.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) filter: CaseFilter,
    pub(super) area: Option<TreePath>,
    pub(super) ties: Vec<Tie>,
}

pub(super) fn asked(draw: &mut Draw) -> Asked {
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
    let boxes = [
        "120,30,122,32",
        "121,31,121.004,31.1",
        "121.001,30.8,121.15,31.305",
        "121.1234567,31,121.13,31.31",
        "-180,-90,180,90",
        "119,31,120,32",
    ];
    let boxes = boxes.map(|text| MapBox::parse(text).unwrap());
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
        CaseMark::Escalated,
    ];
    let filter = CaseFilter {
        stages: stages[draw.below(stages.len())].clone(),
        level: few(draw).then(|| Level::ALL[draw.below(Level::ALL.len())]),
        area: area.as_ref().map(area_filter),
        zone_id: few(draw).then_some(Id(5)),
        within: few(draw).then(|| boxes[draw.below(boxes.len())]),
        category_id: few(draw).then(|| Id(1 + i64::try_from(draw.below(3)).unwrap())),
        organisation: few(draw).then(|| path(5)),
        light: few(draw).then(|| [Light::Green, Light::Yellow, Light::Red][draw.below(3)]),
        source: few(draw).then(|| ["hotline", "media", "nobody"][draw.below(3)].to_owned()),
        case_no: few(draw).then(|| "310118-20261121".to_owned()),
        accepted_from: few(draw).then(|| id_of(200).made_at()),
        accepted_to: few(draw).then(|| id_of(900).made_at()),
        marks: few(draw)
            .then(|| marks[draw.below(5)])
            .into_iter()
            .collect(),
        watched_by: few(draw).then_some(Id(1)),
        held_by: few(draw).then(|| path(3)).into_iter().collect(),
        not_held_by: few(draw).then(|| path(3)).into_iter().collect(),
        awaited: few(draw).then(|| (draw.is(), if few(draw) { Vec::new() } else { awaited })),
        to_decide: few(draw).then(|| {
            let decisions = [
                Decision::Extension,
                Decision::Ruling,
                Decision::Appeal { turn: 3 },
            ];
            let some = decisions.into_iter().filter(|_| draw.is());
            let place = |decision| ToDecide {
                decision,
                processes: vec!["hotline".to_owned(), "grid".to_owned()],
            };
            some.map(place).collect()
        }),
        held_state: draw.is().then_some(TaskState::Assigned),
        sort,
        after: draw.is().then(|| Cursor {
            at: Timestamp(i64::try_from(draw.below(20)).unwrap()),
            id: id_of(200 + i64::try_from(draw.below(300)).unwrap()),
        }),
    };
    Asked {
        filter,
        area,
        ties: ties[draw.below(ties.len())].clone(),
    }
}

pub(super) fn is_meant(case: &Made, asked: &Asked, now: Timestamp) -> bool {
    let filter = &asked.filter;
    let [important, supervised, suspended, escalated, _] = case.marks;
    let marked = |mark: &CaseMark| match mark {
        CaseMark::Important => important,
        CaseMark::Supervised => supervised,
        CaseMark::Suspended => suspended,
        CaseMark::Asked => case.asked > 0,
        CaseMark::Escalated => escalated,
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
        && filter.within.is_none_or(|within| {
            case.point.is_some_and(|at| {
                (within.west..=within.east).contains(&at.lon)
                    && (within.south..=within.north).contains(&at.lat)
            })
        })
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
        && (filter.accepted_from).is_none_or(|from| case.id.made_at() >= from)
        && (filter.accepted_to).is_none_or(|to| case.id.made_at() < to)
        && filter.to_decide.as_ref().is_none_or(|places| {
            let waits = |place: &ToDecide| {
                case.asked & (1 << place.decision.bit()) != 0
                    && place.processes.iter().any(|code| code == case.process)
            };
            places.iter().any(waits)
        })
        && (!filter.is_open() || is_open)
        && (filter.sort != CaseSort::Due || case.due_at.is_some())
        && filter.after.is_none_or(after)
        && asked.ties.iter().any(|tie| case.is_seen_by(tie))
}

pub(super) fn expected(made: &[Made], asked: &Asked, now: Timestamp) -> Vec<Id> {
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

pub(super) fn expected_reports(
    made: &[Made],
    asked: &ReportsAsked,
    area: Option<&TreePath>,
) -> Vec<Id> {
    let filter = &asked.filter;
    let is_meant = |report: &&Made| {
        let stages = match filter.claimed {
            Some(Claimed::Nobody) if filter.stages.is_empty() => vec![ReportStage::Received],
            _ => filter.stages.clone(),
        };
        let after = |cursor: Cursor| match filter.sort {
            ReportSort::Newest => report.id < cursor.id,
            ReportSort::Due => report
                .due_at
                .is_some_and(|at| (at, report.id) > (cursor.at, cursor.id)),
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
        (stages.is_empty() || stages.contains(&report.report_stage))
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
            && (filter.received_from).is_none_or(|from| report.id.made_at() >= from)
            && (filter.received_to).is_none_or(|to| report.id.made_at() < to)
            && (filter.sort != ReportSort::Due || report.due_at.is_some())
            && filter.after.is_none_or(after)
            && (filter.report_no.as_ref())
                .is_none_or(|start| format!("SQ{}", report.number).starts_with(start))
    };
    let mut found: Vec<&Made> = made.iter().filter(is_meant).collect();
    match filter.sort {
        ReportSort::Newest => found.sort_by_key(|report| Reverse(report.id)),
        ReportSort::Due => found.sort_by_key(|report| (report.due_at, report.id)),
    }
    found.into_iter().map(|report| report.id).collect()
}

pub(super) fn reports_asked(draw: &mut Draw, now: Timestamp) -> (ReportsAsked, Option<TreePath>) {
    let few = |draw: &mut Draw| draw.below(4) == 0;
    let area = few(draw).then(|| [street(1), street(2).child(1).unwrap()][draw.below(2)].clone());
    let filter = ReportFilter {
        stages: (0..draw.below(3))
            .map(|_| ReportStage::ALL[draw.below(ReportStage::ALL.len())])
            .collect(),
        level: few(draw).then(|| Level::ALL[draw.below(Level::ALL.len())]),
        area: area.as_ref().map(area_filter),
        source: few(draw).then(|| "media".to_owned()),
        claimed: few(draw).then(|| [Claimed::Nobody, Claimed::By(Id(8))][draw.below(2)]),
        light: few(draw).then(|| [Light::Green, Light::Yellow, Light::Red][draw.below(3)]),
        report_no: few(draw).then(|| "SQ310118-20261122".to_owned()),
        received_from: few(draw).then(|| id_of(200).made_at()),
        received_to: few(draw).then(|| id_of(700).made_at()),
        sort: [ReportSort::Newest, ReportSort::Due][draw.below(2)],
        after: few(draw).then(|| Cursor {
            at: Timestamp(i64::try_from(draw.below(20)).unwrap()),
            id: id_of(100 + i64::try_from(draw.below(300)).unwrap()),
        }),
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
