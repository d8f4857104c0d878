//! Several acts at once, each at its own time: where a command waits for round trips and flushes, as on PostgreSQL, others go on.

use super::acts::Outcome;
use super::{Act, Opened, Replay};
use crate::agenda::bell;
use crate::founding::SeedError;
use base::{Clock, Id, ManualClock, Timestamp};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use std::collections::BTreeMap;
use store::timer::{self, Timer};

/// Acts looked at together. More would seldom fit: a window ends where a case's own time could not be kept.
const WINDOW_ACTS_MAX: usize = 256;
/// Timers looked at together.
const WINDOW_TIMERS_MAX: u32 = 2_000;

tokio::task_local! {
    static LANE: Timestamp;
}

/// A clock that shows each lane the time of its act, and everybody else the time it was set to.
#[derive(Debug, Default)]
pub struct LaneClock {
    shown: ManualClock,
}

impl LaneClock {
    /// What it shows outside the lanes.
    pub fn shown(&self) -> &ManualClock {
        &self.shown
    }
}

impl Clock for LaneClock {
    fn now(&self) -> Timestamp {
        LANE.try_with(|at| *at).unwrap_or_else(|_| self.shown.now())
    }
}

/// The first of `acts`, as many as can go on at once; then the timers that are due by then. Says how many acts and timers it was.
///
/// Whatever happens to one case happens in its order. All timers due before the window have fired; what a command of the window sets
/// fires after it. So the window ends before a case would be closed that has a timer in the window, or whose deadline passes between
/// its opening and its closing in the window: no other clock of this process runs out.
pub(super) async fn window(
    replay: &mut Replay<'_>,
    clock: &LaneClock,
    acts: &[(Timestamp, Act, usize)],
    lanes: usize,
) -> Result<(usize, usize), SeedError> {
    let Some((start, ..)) = acts.first() else {
        return Ok((0, 0));
    };
    let mut fired = fire_until(replay, clock, *start, lanes).await?;
    let acts = acts.get(..WINDOW_ACTS_MAX).unwrap_or(acts);
    let horizon = acts.last().map_or(*start, |(at, ..)| *at);
    let store = replay.acts.casework.store();
    let due = timer::due_until(store, horizon, WINDOW_TIMERS_MAX)?;
    // Past the last timer that was read there may be others.
    let known = if due.len() < WINDOW_TIMERS_MAX as usize {
        horizon
    } else {
        due.last().map_or(*start, |timer| timer.due_at)
    };
    let mut waiting: BTreeMap<Id, Timestamp> = BTreeMap::new();
    for timer in due {
        waiting.entry(timer.key).or_insert(timer.due_at);
    }
    let mut of_records: BTreeMap<usize, Vec<(Timestamp, Act)>> = BTreeMap::new();
    let mut went = 0;
    let mut end = *start;
    for (at, act, nth) in acts {
        let is_first = went == 0;
        if !is_first && *at > known {
            break;
        }
        let opened = replay.case(*nth);
        let rings = opened.and_then(|case| waiting.get(&case.case));
        let record = replay.acts.records.get(*nth);
        let passes = of_records.contains_key(nth)
            && record
                .and_then(|record| record.due_at)
                .is_some_and(|due| due <= *at);
        if !is_first && (rings.is_some_and(|rings| rings <= at) || passes) {
            break;
        }
        of_records.entry(*nth).or_default().push((*at, *act));
        went += 1;
        end = *at;
    }
    let (all, told) = (&replay.acts, &replay.told);
    let lanes_of = of_records.into_iter().map(|(nth, acts)| async move {
        let mut opened: Option<Opened> = told.get(nth).copied().flatten();
        let mut outcomes = Vec::new();
        for (at, act) in acts {
            let outcome: Outcome = LANE.scope(at, all.act(act, nth, opened)).await?;
            opened = outcome.opened.or(opened);
            outcomes.push((nth, outcome));
        }
        Ok::<_, SeedError>(outcomes)
    });
    let outcomes: Vec<Vec<(usize, Outcome)>> = stream::iter(lanes_of)
        .buffer_unordered(lanes)
        .try_collect()
        .await?;
    for (nth, outcome) in outcomes.into_iter().flatten() {
        replay.take(nth, outcome);
    }
    fired += fire_until(replay, clock, end, lanes).await?;
    Ok((went, fired))
}

/// Fires what is due until then, each at its own time, those of one case one after the other; and what they set, if it is due too.
async fn fire_until(
    replay: &Replay<'_>,
    clock: &LaneClock,
    until: Timestamp,
    lanes: usize,
) -> Result<usize, SeedError> {
    let casework = replay.acts.casework;
    let store = casework.store();
    let mut fired = 0;
    loop {
        let due = timer::due_until(store, until, WINDOW_TIMERS_MAX)?;
        if due.is_empty() {
            break;
        }
        fired += due.len();
        let mut of_keys: BTreeMap<Id, Vec<Timer>> = BTreeMap::new();
        for timer in due {
            of_keys.entry(timer.key).or_default().push(timer);
        }
        let lanes_of = of_keys.into_values().map(|timers| async move {
            for timer in timers {
                let at = timer.due_at;
                let firing = timer::fire(store, timer, at, bell(casework));
                LANE.scope(at, firing).await?;
            }
            Ok::<_, SeedError>(())
        });
        stream::iter(lanes_of)
            .buffer_unordered(lanes)
            .try_collect::<()>()
            .await?;
    }
    clock.shown().set(until.max(clock.shown().now()));
    Ok(fired)
}
