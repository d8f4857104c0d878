//! A city's records of another system, lived through again with our commands at their own times: whoever kept them said of each
//! whether it was in time, and our verdict is held against theirs.
//!
//! The clock of the store must be the one given: it is driven from record to record, and due timers fire on the way. Organisations,
//! sources and a process of two steps (given on, handled) are founded from what the records name; everything else is what any city has.

mod boston311;
mod town;

pub use boston311::{UTC_OFFSET_HOURS, boston311};

use crate::agenda::{Bells, tidy};
use crate::founding::{Rooms, SeedError, data};
use access::Principal;
use base::{CoordinateSystem, Id, ManualClock, Timestamp};
use casework::CaseworkError;
use casework::input::{
    CaseDeadlineGiveRequest, CaseDispatchRequest, CaseOpenRequest, ExternalRequest, PlaceRequest,
    ReportCreateRequest, TaskAcceptRequest, TaskFinishRequest,
};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;
use town::{Handled, Town};

/// What a record says of one case.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its key in the system it comes from.
    pub key: String,
    /// In a few words.
    pub title: String,
    /// Where, in words.
    pub address: Option<String>,
    /// Degrees east and north, WGS84.
    pub point: Option<(f64, f64)>,
    /// Who had to handle it.
    pub department: String,
    /// From where it came.
    pub source: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Until when it had to be closed.
    pub due_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Whether whoever kept the records says that it was in time.
    pub in_time: Option<bool>,
}

impl Record {
    /// Whether their verdict can be held against ours.
    fn is_compared(&self) -> bool {
        self.in_time.is_some() && self.due_at.is_some() && self.closed_at.is_some()
    }
}

/// A record whose verdict is not ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// Its key.
    pub key: String,
    /// Whether they say that it was in time.
    pub in_time: bool,
    /// Why we say otherwise.
    pub reason: String,
}

/// What was lived through.
#[derive(Debug, Serialize)]
pub struct Replayed {
    /// Records given.
    pub rows: usize,
    /// Those that became a case.
    pub replayed: usize,
    /// Those of which they give a verdict and both dates.
    pub compared: usize,
    /// Those of them of which we say the same.
    pub agree: usize,
    /// How long the commands and timers took.
    pub seconds: f64,
    /// Commands carried out.
    pub commands: usize,
    /// Timers that fired.
    pub timers: usize,
    /// Commands refused, by operation and code.
    pub refused: BTreeMap<String, usize>,
    /// How many disagree, by reason.
    pub reasons: BTreeMap<String, usize>,
    /// What was handled, and what of it in time, by department: our numbers, as the statistics page gives them.
    pub rates: BTreeMap<String, Handled>,
    /// Each that disagrees.
    #[serde(skip)]
    pub disagreements: Vec<Disagreement>,
}

/// What happens to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Open,
    Close,
}

/// Lives through the records, as people of the departments they name. The city must be empty. `progress` is told how many acts of how
/// many are done.
pub async fn replay(
    rooms: &Rooms<'_>,
    console: &Arc<Principal>,
    clock: &ManualClock,
    records: &[Record],
    progress: impl Fn(usize, usize) + Send,
) -> Result<Replayed, SeedError> {
    let mut acts: Vec<(Timestamp, Act, usize)> = Vec::new();
    for (nth, record) in records.iter().enumerate() {
        acts.push((record.opened_at, Act::Open, nth));
        // What is closed before it was opened is closed at once.
        let closed_at = record.closed_at.map(|at| at.max(record.opened_at));
        acts.extend(closed_at.map(|at| (at, Act::Close, nth)));
    }
    acts.sort_unstable();
    let (first, last) = match (acts.first(), acts.last()) {
        (Some(first), Some(last)) => (first.0, last.0),
        _ => return Err(data("there are no records")),
    };
    clock.set(first.plus_seconds(-3_600));
    let town = Town::found(rooms, console, records).await?;
    let mut replay = Replay {
        rooms,
        town: &town,
        records,
        tasks: vec![None; records.len()],
        commands: 0,
        refused: BTreeMap::new(),
        without_deadline: HashMap::new(),
    };
    let began = Instant::now();
    let mut bells = Bells::new(rooms.casework, clock);
    let mut timers = 0;
    let mut tidy_at = first;
    for (done, (at, act, nth)) in acts.iter().enumerate() {
        timers += bells.ring_until(*at)?;
        if *at >= tidy_at {
            tidy_at = at.plus_seconds(86_400);
            tidy(rooms.casework, *at).await?;
        }
        replay.act(*act, *nth).await?;
        if done.is_multiple_of(500) || done + 1 == acts.len() {
            progress(done + 1, acts.len());
        }
    }
    timers += bells.ring_until(last)?;
    let seconds = began.elapsed().as_secs_f64();
    rooms.casework.statistics_rebuild()?;
    let late = town.late_tasks(rooms.casework).await?;
    // Numbers count a task when it is due. So they are asked for when the last deadline has passed, which may be long after the last record.
    let due = records.iter().filter_map(|record| record.due_at).max();
    let without_deadline = last.plus_seconds(town::NO_DEADLINE_DAYS * 86_400);
    let passed = due.map_or(without_deadline, |due| due.max(without_deadline));
    let passed = passed.plus_seconds(86_400);
    clock.set(passed);
    let rates = town.rates(rooms.casework, first, passed).await;
    clock.set(last.plus_seconds(1));
    let rates = rates?;
    let mut replayed = Replayed {
        rows: records.len(),
        replayed: replay.tasks.iter().flatten().count(),
        compared: 0,
        agree: 0,
        seconds,
        commands: replay.commands,
        timers,
        refused: replay.refused,
        reasons: BTreeMap::new(),
        rates,
        disagreements: Vec::new(),
    };
    for (nth, record) in records.iter().enumerate() {
        let Some(in_time) = record.in_time.filter(|_| record.is_compared()) else {
            continue;
        };
        replayed.compared += 1;
        let task = replay.tasks.get(nth).copied().flatten();
        let ours = task.and_then(|task| late.get(&task).map(|is_late| !is_late));
        if ours == Some(in_time) {
            replayed.agree += 1;
            continue;
        }
        let reason = match (ours, replay.without_deadline.get(&nth)) {
            (_, Some(code)) => format!("the deadline was refused: {code}"),
            (None, None) => "it was not handled here".to_owned(),
            (Some(true), None) => "it was closed by its deadline".to_owned(),
            (Some(false), None) => "it was closed after its deadline".to_owned(),
        };
        *replayed.reasons.entry(reason.clone()).or_default() += 1;
        replayed.disagreements.push(Disagreement {
            key: record.key.clone(),
            in_time,
            reason,
        });
    }
    Ok(replayed)
}

struct Replay<'a> {
    rooms: &'a Rooms<'a>,
    town: &'a Town,
    records: &'a [Record],
    /// Of each record the task of its department, once it is a case.
    tasks: Vec<Option<Id>>,
    commands: usize,
    refused: BTreeMap<String, usize>,
    /// Records whose deadline was refused, and why.
    without_deadline: HashMap<usize, String>,
}

impl Replay<'_> {
    async fn act(&mut self, act: Act, nth: usize) -> Result<(), SeedError> {
        let Some(record) = self.records.get(nth) else {
            return Ok(());
        };
        match act {
            Act::Open => {
                let task = self.open(record, nth).await?;
                if let Some(place) = self.tasks.get_mut(nth) {
                    *place = task;
                }
            }
            Act::Close => {
                if let Some(task) = self.tasks.get(nth).copied().flatten() {
                    self.close(record, task).await?;
                }
            }
        }
        Ok(())
    }

    /// Reported, given to its department, and given its deadline.
    async fn open(&mut self, record: &Record, nth: usize) -> Result<Option<Id>, SeedError> {
        let casework = self.rooms.casework;
        let (lon, lat) = record.point.unzip();
        let report = ReportCreateRequest {
            source: self.town.source(&record.source)?.to_owned(),
            level: None,
            title: record.title.clone(),
            detail: String::new(),
            address: record.address.clone(),
            place: PlaceRequest {
                lon,
                lat,
                coordinate_system: CoordinateSystem::Wgs84,
                area_code: None,
            },
            reporter: None,
            external: Some(ExternalRequest {
                system: town::SYSTEM.to_owned(),
                id: record.key.clone(),
            }),
            occurred_at: None,
            open_case: Some(CaseOpenRequest {
                process: Some(town::PROCESS.to_owned()),
                ..CaseOpenRequest::default()
            }),
        };
        let created = casework.report_create(&self.town.leader, report).await;
        let Some(created) = self.carried_out("report_create", created)? else {
            return Ok(None);
        };
        let Some(case) = created.case else {
            return Ok(None);
        };
        let dispatch = CaseDispatchRequest {
            lead_organisation_id: self.town.department(&record.department)?.id,
            co_organisation_ids: Vec::new(),
        };
        let given = casework
            .case_dispatch(&self.town.leader, case.id, dispatch)
            .await;
        let given = self.carried_out("case_dispatch", given)?;
        let Some(task) = given.and_then(|case| case.tasks.first().map(|task| task.id)) else {
            return Ok(None);
        };
        if let Some(due_at) = record.due_at {
            let deadline = CaseDeadlineGiveRequest {
                task_id: Some(task),
                due_at,
                reason: None,
            };
            let given = casework
                .case_deadline_give(&self.town.leader, case.id, deadline)
                .await;
            if let Err(error) = &given {
                let code = code_of(error);
                self.without_deadline.insert(nth, code);
            }
            self.carried_out("case_deadline_give", given)?;
        }
        Ok(Some(task))
    }

    async fn close(&mut self, record: &Record, task: Id) -> Result<(), SeedError> {
        let casework = self.rooms.casework;
        let clerk = &self.town.department(&record.department)?.clerk;
        let accepted = casework
            .task_accept(clerk, task, TaskAcceptRequest::default())
            .await;
        self.carried_out("task_accept", accepted)?;
        let finished = casework
            .task_finish(clerk, task, TaskFinishRequest::default())
            .await;
        self.carried_out("task_finish", finished)?;
        Ok(())
    }

    /// Counts a command; one that the law refuses is counted apart.
    fn carried_out<T>(
        &mut self,
        operation: &str,
        given: Result<T, CaseworkError>,
    ) -> Result<Option<T>, SeedError> {
        match given {
            Ok(made) => {
                self.commands += 1;
                Ok(Some(made))
            }
            Err(CaseworkError::Store(error)) => Err(error.into()),
            Err(refused) => {
                let counted = format!("{operation} {}", code_of(&refused));
                *self.refused.entry(counted).or_default() += 1;
                Ok(None)
            }
        }
    }
}

/// The code of a refusal; of a wrong input that of its first field.
fn code_of(error: &CaseworkError) -> String {
    match error {
        CaseworkError::Invalid(fields) => fields.first().map_or_else(
            || "invalid_input".to_owned(),
            |field| format!("{} {}", field.field, field.code),
        ),
        CaseworkError::CaseRefused { refusal, .. }
        | CaseworkError::ReportRefused { refusal, .. } => refusal.code().to_owned(),
        other => other.to_string(),
    }
}
