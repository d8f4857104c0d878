//! A city's records of another system, lived through again with our commands at their own times: whoever kept them said of each
//! whether it was in time, and our verdict is held against theirs.
//!
//! The clock of the store must be the one given: it is driven from record to record, and due timers fire on the way; with several
//! lanes what happens to different cases goes on at once, each act and timer at its own time. Organisations,
//! sources and a process of two steps (given on, handled) are founded from what the records name; everything else is what any city has.

mod acts;
mod boston311;
mod lanes;
mod town;

pub use boston311::{UTC_OFFSET_HOURS, boston311};
pub use lanes::LaneClock;

use crate::agenda::{Bells, tidy};
use crate::founding::{Rooms, SeedError, data};
use access::Principal;
use acts::{Acts, Outcome};
use base::{Id, Timestamp};
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
    /// The deadline to give: theirs, or at once where theirs lies before the opening, for a deadline must lie ahead.
    fn given_due_at(&self) -> Option<Timestamp> {
        let at_once = Timestamp(self.opened_at.0.saturating_add(1));
        self.due_at.map(|due_at| due_at.max(at_once))
    }

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
    /// The keys of those whose deadline lies before their opening: they were given one that passed at once.
    pub due_at_once: Vec<String>,
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

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Opened {
    case: Id,
    /// The task of its department.
    task: Id,
}

/// Lives through the records, as people of the departments they name, in so many lanes at once. The city must be empty. `progress` is
/// told how many acts of how many are done.
pub async fn replay(
    rooms: &Rooms<'_>,
    console: &Arc<Principal>,
    clock: &LaneClock,
    records: &[Record],
    lanes: usize,
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
    clock.shown().set(first.plus_seconds(-3_600));
    let town = Town::found(rooms, console, records).await?;
    let mut replay = Replay {
        acts: Acts {
            casework: rooms.casework,
            town: &town,
            records,
        },
        told: vec![None; records.len()],
        commands: 0,
        refused: BTreeMap::new(),
        without_deadline: HashMap::new(),
    };
    let began = Instant::now();
    let mut timers = 0;
    let mut tidy_at = first;
    if lanes > 1 {
        let mut done = 0;
        while let Some(rest) = acts.get(done..).filter(|rest| !rest.is_empty()) {
            let start = rest.first().map_or(last, |(at, ..)| *at);
            if start >= tidy_at {
                tidy_at = start.plus_seconds(86_400);
                tidy(rooms.casework, start).await?;
            }
            let (went, fired) = lanes::window(&mut replay, clock, rest, lanes).await?;
            timers += fired;
            done += went;
            progress(done, acts.len());
        }
    } else {
        let mut bells = Bells::new(rooms.casework, clock.shown(), 1);
        for (done, (at, act, nth)) in acts.iter().enumerate() {
            timers += bells.ring_until(*at)?;
            if *at >= tidy_at {
                tidy_at = at.plus_seconds(86_400);
                tidy(rooms.casework, *at).await?;
            }
            let outcome = replay.acts.act(*act, *nth, replay.case(*nth)).await?;
            replay.take(*nth, outcome);
            if done.is_multiple_of(500) || done + 1 == acts.len() {
                progress(done + 1, acts.len());
            }
        }
        // Looked at anew: the last act may have set one that is due already.
        timers += Bells::new(rooms.casework, clock.shown(), 1).ring_until(last)?;
    }
    let seconds = began.elapsed().as_secs_f64();
    rooms.casework.statistics_rebuild()?;
    let late = town.late_tasks(rooms.casework).await?;
    // Numbers count a task when it is due. So they are asked for when the last deadline has passed, which may be long after the last record.
    let due = records.iter().filter_map(|record| record.due_at).max();
    let without_deadline = last.plus_seconds(town::NO_DEADLINE_DAYS * 86_400);
    let passed = due.map_or(without_deadline, |due| due.max(without_deadline));
    let passed = passed.plus_seconds(86_400);
    clock.shown().set(passed);
    let rates = town.rates(rooms.casework, first, passed).await;
    clock.shown().set(last.plus_seconds(1));
    let rates = rates?;
    let mut replayed = Replayed {
        rows: records.len(),
        replayed: replay.told.iter().flatten().count(),
        compared: 0,
        agree: 0,
        seconds,
        commands: replay.commands,
        timers,
        refused: std::mem::take(&mut replay.refused),
        reasons: BTreeMap::new(),
        rates,
        due_at_once: Vec::new(),
        disagreements: Vec::new(),
    };
    for (nth, record) in records.iter().enumerate() {
        if record.given_due_at() != record.due_at {
            replayed.due_at_once.push(record.key.clone());
        }
        let Some(in_time) = record.in_time.filter(|_| record.is_compared()) else {
            continue;
        };
        replayed.compared += 1;
        let ours = replay.case(nth).and_then(|case| late.get(&case.task));
        let ours = ours.map(|is_late| !is_late);
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
    acts: Acts<'a>,
    /// Of each record what became of it, once it is a case.
    told: Vec<Option<Opened>>,
    commands: usize,
    refused: BTreeMap<String, usize>,
    /// Records whose deadline was refused, and why.
    without_deadline: HashMap<usize, String>,
}

impl Replay<'_> {
    fn case(&self, nth: usize) -> Option<Opened> {
        self.told.get(nth).copied().flatten()
    }

    /// Counts what was carried out; what the law refused is counted apart.
    fn take(&mut self, nth: usize, outcome: Outcome) {
        self.commands += outcome.commands;
        for refused in outcome.refused {
            *self.refused.entry(refused).or_default() += 1;
        }
        if let Some(code) = outcome.without_deadline {
            self.without_deadline.insert(nth, code);
        }
        if let Some(place) = self.told.get_mut(nth)
            && outcome.opened.is_some()
        {
            *place = outcome.opened;
        }
    }
}
