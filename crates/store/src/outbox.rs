//! The outbox: what a committed transaction tells the rest of the house.
//!
//! Entries are written in the transaction of the command and read in the order of their `place`. Every committed entry gets
//! exactly one place and is seen; entries of one `key` keep their order, because a command writes its entries after it has
//! taken the row lock of what it changes (the version check), and numbers are drawn at that moment.
//!
//! On SQLite the place is the row id. On PostgreSQL a later number may commit earlier, so a sequencer (one at a time in the
//! whole installation) gives places to committed rows; whoever commits late simply gets a later place and is never skipped.

use crate::{Row, Statement, Store, StoreError, Tx, params};
use base::{Id, Timestamp};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Something to tell, on its way in.
#[derive(Debug, Clone)]
pub struct OutboxEntry {
    /// What it is about; entries with the same key are seen in order.
    pub key: Id,
    /// What happened, e.g. `case_dispatched`.
    pub kind: &'static str,
    /// JSON object with ids and states. Never personal data.
    pub body: String,
    /// Where: who watches this area may see it.
    pub area_path: Option<String>,
    /// Whose: members of these organisations (and those above) may see it.
    pub organisation_paths: Vec<String>,
    /// When it was recorded.
    pub at: Timestamp,
}

/// An entry that has its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedEntry {
    /// Rises by commit; consumers keep it as their cursor.
    pub place: i64,
    /// What it is about.
    pub key: Id,
    /// What happened.
    pub kind: String,
    /// JSON object.
    pub body: String,
    /// Where.
    pub area_path: Option<String>,
    /// Whose.
    pub organisation_paths: Vec<String>,
    /// When it was recorded.
    pub at: Timestamp,
}

pub(crate) static LAST_PLACE: Statement = Statement::fixed("SELECT MAX(place) FROM outbox");
pub(crate) static FIRST_PLACE: Statement = Statement::fixed("SELECT MIN(place) FROM outbox");
pub(crate) static AFTER: Statement = Statement::fixed(
    "SELECT place, key, kind, body, area_path, organisation_paths, at FROM outbox WHERE place > ?1 ORDER BY place LIMIT ?2",
);
static AT_PLACE: Statement = Statement::fixed(
    "SELECT place, key, kind, body, area_path, organisation_paths, at FROM outbox WHERE place = ?1",
);
/// Without what only some readers need.
static HEADS_AFTER: Statement = Statement::fixed(
    "SELECT place, kind, key FROM outbox WHERE place > ?1 ORDER BY place LIMIT ?2",
);
static HEADS_UNPLACED: Statement =
    Statement::fixed("SELECT kind, key FROM outbox WHERE place IS NULL LIMIT ?1");
static PRUNE: Statement = Statement::fixed("DELETE FROM outbox WHERE place <= ?1 AND at < ?2");
static SLOWEST: Statement = Statement::fixed("SELECT MIN(place) FROM outbox_cursor");

static UNPLACED: Statement = Statement::fixed("SELECT COUNT(*) FROM outbox WHERE place IS NULL");
/// Changes nothing, but only where something could be changed.
static PROBE: Statement =
    Statement::fixed("UPDATE outbox_cursor SET place = place WHERE consumer = ''");

pub(crate) static STATEMENTS: &[&Statement] = &[
    &LAST_PLACE,
    &FIRST_PLACE,
    &AFTER,
    &AT_PLACE,
    &HEADS_AFTER,
    &HEADS_UNPLACED,
    &PRUNE,
    &SLOWEST,
    &UNPLACED,
    &PROBE,
];

/// The highest place given so far; zero when there is none.
pub fn last_place(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    Ok(tx
        .query_opt(&LAST_PLACE, &[], |row| row.get::<Option<i64>>(0))?
        .flatten()
        .unwrap_or(0))
}

/// The lowest place still kept; zero when there is none. A reader whose cursor lies below it has missed something.
pub fn first_place(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    Ok(tx
        .query_opt(&FIRST_PLACE, &[], |row| row.get::<Option<i64>>(0))?
        .flatten()
        .unwrap_or(0))
}

/// Committed entries that the sequencer has not placed yet: its lag. Always zero on SQLite.
pub fn unplaced(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    Ok(tx.query_opt(&UNPLACED, &[], |row| row.get(0))?.unwrap_or(0))
}

/// Asks the database for a write that changes nothing: does it take writes at all?
pub fn probe(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.execute(&PROBE, &[]).map(drop)
}

/// Up to `limit` entries after `place`, in order.
pub fn after(tx: &mut Tx<'_>, place: i64, limit: u32) -> Result<Vec<PlacedEntry>, StoreError> {
    tx.query(&AFTER, params![place, limit], read_entry)
}

/// The entry at a place, if it is still kept.
pub fn at_place(tx: &mut Tx<'_>, place: i64) -> Result<Option<PlacedEntry>, StoreError> {
    tx.query_opt(&AT_PLACE, params![place], read_entry)
}

/// What an entry is about, and what happened to that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryHead {
    /// What happened.
    pub kind: String,
    /// What it is about.
    pub key: Id,
}

/// Up to `limit` entries after `place`, in order, each with its place.
pub fn heads_after(
    tx: &mut Tx<'_>,
    place: i64,
    limit: u32,
) -> Result<Vec<(i64, EntryHead)>, StoreError> {
    tx.query(&HEADS_AFTER, params![place, limit], |row| {
        let (kind, key) = (row.get(1)?, row.get(2)?);
        Ok((row.get(0)?, EntryHead { kind, key }))
    })
}

/// Up to `limit` committed entries that have no place yet; none on SQLite. Whoever needs them in order waits for their places.
pub fn heads_unplaced(tx: &mut Tx<'_>, limit: u32) -> Result<Vec<EntryHead>, StoreError> {
    tx.query(&HEADS_UNPLACED, params![limit], |row| {
        let (kind, key) = (row.get(0)?, row.get(1)?);
        Ok(EntryHead { kind, key })
    })
}

/// Deletes what every consumer has seen and is older than `before`. Says how many.
pub fn prune(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, StoreError> {
    let slowest = tx
        .query_opt(&SLOWEST, &[], |row| row.get::<Option<i64>>(0))?
        .flatten();
    // The newest entry stays whatever its age, so that the last place can always be read.
    let last = last_place(tx)?;
    let upto = slowest.unwrap_or(last).min(last - 1);
    tx.execute(&PRUNE, params![upto, before])
}

pub(crate) fn read_entry(row: &Row<'_>) -> Result<PlacedEntry, StoreError> {
    Ok(PlacedEntry {
        place: row.get(0)?,
        key: row.get(1)?,
        kind: row.get(2)?,
        body: row.get(3)?,
        area_path: row.get(4)?,
        organisation_paths: row
            .get::<String>(5)?
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        at: row.get(6)?,
    })
}

/// Rings when there may be something new: for threads that wait, and (as a watch channel) for async tasks.
#[derive(Clone)]
pub(crate) struct PlacedSignal {
    inner: Arc<(Mutex<u64>, Condvar)>,
    watch: watch::Sender<i64>,
}

impl Default for PlacedSignal {
    fn default() -> Self {
        Self {
            inner: Arc::default(),
            watch: watch::Sender::new(0),
        }
    }
}

impl PlacedSignal {
    /// There may be something new: waiting threads look.
    pub(crate) fn wake(&self) {
        let (count, bell) = &*self.inner;
        *count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        bell.notify_all();
    }

    /// `place` is the highest now: async tasks are told.
    pub(crate) fn publish(&self, place: i64) {
        self.watch.send_if_modified(|seen| {
            let is_news = place > *seen;
            *seen = place.max(*seen);
            is_news
        });
    }

    /// Waits until the count differs from `seen` or the time is up; answers the count.
    pub(crate) fn wait(&self, seen: u64, at_most: Duration) -> u64 {
        let (count, bell) = &*self.inner;
        let guard = count.lock().unwrap_or_else(PoisonError::into_inner);
        let (guard, _) = bell
            .wait_timeout_while(guard, at_most, |now| *now == seen)
            .unwrap_or_else(PoisonError::into_inner);
        *guard
    }
}

impl Store {
    /// The highest place, whenever it rises. Needs [`Store::follow_outbox`] to run.
    pub fn outbox_places(&self) -> watch::Receiver<i64> {
        self.shared_placed().watch.subscribe()
    }
}
