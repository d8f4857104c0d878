//! Consumers of the outbox: what follows from what, once in effect.
//!
//! A consumer's cursor moves in the same transaction as what its handler writes. A crash between the two is impossible; a
//! crash before means that the handler runs again; a second node that handles the same entry loses the race for the cursor and
//! is rolled back. So a handler that writes through its `Tx` has its effect exactly once, and one that does anything else must
//! bear repetition.
//!
//! An entry whose handler fails [`TRIES_MAX`] times is parked with its reason, and so is every later entry of the same key
//! (their order must hold). [`replay_parked`] tries them again.

use crate::outbox::{self, PlacedEntry};
use crate::{Statement, Store, StoreError, Tx, params};
use base::Id;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// After so many failures an entry is parked.
pub const TRIES_MAX: u32 = 5;
/// Entries handled in one transaction.
const BATCH_MAX: u32 = 128;
/// On PostgreSQL another node's commits ring no bell here: look this often.
const LOOK_EVERY: Duration = Duration::from_millis(100);

static CURSOR_READ: Statement =
    Statement::fixed("SELECT place FROM outbox_cursor WHERE consumer = ?1");
static CURSOR_BEGIN: Statement = Statement::fixed(
    "INSERT INTO outbox_cursor (consumer, place) VALUES (?1, 0) ON CONFLICT (consumer) DO NOTHING",
);
static CURSOR_MOVE: Statement =
    Statement::fixed("UPDATE outbox_cursor SET place = ?3 WHERE consumer = ?1 AND place = ?2");
static CURSOR_SKIP: Statement =
    Statement::fixed("UPDATE outbox_cursor SET place = ?2 WHERE consumer = ?1 AND place < ?2");
static PARK: Statement = Statement::fixed(
    "INSERT INTO outbox_parked (consumer, place, key, reason, parked_at) VALUES (?1, ?2, ?3, ?4, ?5)",
);
static PARKED_OF_KEY: Statement =
    Statement::fixed("SELECT place FROM outbox_parked WHERE consumer = ?1 AND key = ?2 LIMIT 1");
static PARKED_ANY: Statement =
    Statement::fixed("SELECT place FROM outbox_parked WHERE consumer = ?1 LIMIT 1");
static PARKED_LIST: Statement = Statement::fixed(
    "SELECT place, key, reason FROM outbox_parked WHERE consumer = ?1 ORDER BY place LIMIT 1000",
);
static UNPARK: Statement =
    Statement::fixed("DELETE FROM outbox_parked WHERE consumer = ?1 AND place = ?2");

pub(crate) static STATEMENTS: &[&Statement] = &[
    &CURSOR_READ,
    &CURSOR_BEGIN,
    &CURSOR_MOVE,
    &CURSOR_SKIP,
    &PARK,
    &PARKED_OF_KEY,
    &PARKED_ANY,
    &PARKED_LIST,
    &UNPARK,
];

/// Something that follows from what was committed.
pub trait Consumer: Send + Sync + 'static {
    /// Stable name; the cursor is kept under it.
    fn name(&self) -> &'static str;
    /// Handles one entry. Whatever it writes through `tx` is committed together with the cursor.
    fn handle(&self, tx: &mut Tx<'_>, entry: &PlacedEntry) -> Result<(), StoreError>;
    /// Handles the entries of one transaction, in order. For consumers that do with many at once what they would do with each.
    fn handle_all(&self, tx: &mut Tx<'_>, entries: &[&PlacedEntry]) -> Result<(), StoreError> {
        entries.iter().try_for_each(|entry| self.handle(tx, entry))
    }
}

/// An entry that its consumer could not digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// Its place in the outbox.
    pub place: i64,
    /// What it is about.
    pub key: Id,
    /// Why.
    pub reason: String,
}

impl Store {
    pub(crate) fn shared_placed(&self) -> &outbox::PlacedSignal {
        &self.shared().placed
    }

    /// Starts the thread that tells async tasks of new places (see [`Store::outbox_places`]).
    pub fn follow_outbox(&self) -> Result<thread::JoinHandle<()>, StoreError> {
        let store = self.clone();
        crate::sqlite::spawn("outbox-follower", move || {
            let mut seen = 0;
            while !store.is_closing() {
                if let Ok(place) = store.read_blocking(outbox::last_place) {
                    store.shared_placed().publish(place);
                }
                seen = store.shared_placed().wait(seen, LOOK_EVERY);
            }
        })
    }

    /// Starts the thread that feeds `consumer`; it ends when the store is closed.
    pub fn consume(
        &self,
        consumer: Arc<dyn Consumer>,
    ) -> Result<thread::JoinHandle<()>, StoreError> {
        let store = self.clone();
        crate::sqlite::spawn(consumer.name(), move || {
            let (mut seen, mut failures) = (0, 0);
            while !store.is_closing() {
                match step(&store, &consumer, failures) {
                    Ok(handled) => {
                        failures = 0;
                        if handled == 0 {
                            seen = store.shared_placed().wait(seen, LOOK_EVERY);
                        }
                    }
                    // Another node moved the cursor first.
                    Err(StoreError::Conflict) => thread::sleep(Duration::from_millis(5)),
                    Err(error) if store.is_closing() => {
                        tracing::debug!(%error, "consumer ends with the store");
                    }
                    Err(error) => {
                        failures += 1;
                        tracing::warn!(consumer = consumer.name(), %error, failures, "a consumer failed and will try again");
                        thread::sleep(Duration::from_millis(20 << failures.min(6)));
                    }
                }
            }
        })
    }
}

/// Handles what is there now, to the end. For tests and for commands that want the consequences before they go on.
pub fn drain(store: &Store, consumer: &Arc<dyn Consumer>) -> Result<u64, StoreError> {
    let mut total = 0;
    loop {
        match step(store, consumer, 0)? {
            0 => return Ok(total),
            handled => total += handled,
        }
    }
}

/// One batch. After a failure the entries go one by one, and the one that fails [`TRIES_MAX`] times is parked.
fn step(store: &Store, consumer: &Arc<dyn Consumer>, failures: u32) -> Result<u64, StoreError> {
    let name = consumer.name();
    let (cursor, batch) = store.read_blocking(move |tx| {
        let cursor = tx.query_opt(&CURSOR_READ, params![name], |row| row.get::<i64>(0))?;
        let size = if failures > 0 { 1 } else { BATCH_MAX };
        let batch = outbox::after(tx, cursor.unwrap_or(0), size)?;
        Ok::<_, StoreError>((cursor, batch))
    })?;
    let Some(last) = batch.last().map(|entry| entry.place) else {
        return Ok(0);
    };
    let now = store.clock().now();
    let (consumer, count) = (consumer.clone(), batch.len() as u64);
    let must_park = failures >= TRIES_MAX;
    store.write_blocking(move |tx| {
        if cursor.is_none() {
            tx.post(&CURSOR_BEGIN, params![name])?;
        }
        tx.post_one(&CURSOR_MOVE, params![name, cursor.unwrap_or(0), last])?;
        let may_be_parked = tx
            .query_opt(&PARKED_ANY, params![name], |row| row.get::<i64>(0))?
            .is_some();
        let mut digestible = Vec::with_capacity(batch.len());
        for entry in &batch {
            let behind = may_be_parked
                && tx
                    .query_opt(&PARKED_OF_KEY, params![name, entry.key], |row| {
                        row.get::<i64>(0)
                    })?
                    .is_some();
            let reason = match (behind, must_park) {
                (true, _) => "an earlier entry of the same key is parked",
                (false, true) => "its handler failed again and again; see the log",
                (false, false) => {
                    digestible.push(entry);
                    continue;
                }
            };
            tx.post(&PARK, params![name, entry.place, entry.key, reason, now])?;
        }
        consumer.handle_all(tx, &digestible)?;
        Ok::<_, StoreError>(())
    })?;
    if must_park {
        tracing::error!(consumer = name, place = last, "an outbox entry was parked");
    }
    Ok(count)
}

/// How many placed entries `consumer` has still to see.
pub fn behind(store: &Store, consumer: &'static str) -> Result<i64, StoreError> {
    store.read_blocking(move |tx| {
        let cursor = tx.query_opt(&CURSOR_READ, params![consumer], |row| row.get::<i64>(0))?;
        Ok(outbox::last_place(tx)? - cursor.unwrap_or(0))
    })
}

/// Lets `consumer` go on after `place`, because what lay before it has been taken account of in another way. Never back.
pub fn skip_to(store: &Store, consumer: &'static str, place: i64) -> Result<(), StoreError> {
    store.write_blocking(move |tx| {
        tx.post(&CURSOR_BEGIN, params![consumer])?;
        tx.post(&CURSOR_SKIP, params![consumer, place])
    })
}

/// What `consumer` could not digest, oldest first (at most 1,000).
pub fn parked(store: &Store, consumer: &'static str) -> Result<Vec<Parked>, StoreError> {
    store.read_blocking(move |tx| {
        tx.query(&PARKED_LIST, params![consumer], |row| {
            Ok(Parked {
                place: row.get(0)?,
                key: row.get(1)?,
                reason: row.get(2)?,
            })
        })
    })
}

/// Tries the parked entries again, oldest first; stops at the first that fails. Says how many went through.
pub fn replay_parked(store: &Store, consumer: &Arc<dyn Consumer>) -> Result<u64, StoreError> {
    let name = consumer.name();
    let mut done = 0;
    for item in parked(store, name)? {
        let consumer = consumer.clone();
        store.write_blocking(move |tx| {
            tx.post_one(&UNPARK, params![name, item.place])?;
            match outbox::at_place(tx, item.place)? {
                Some(entry) => consumer.handle(tx, &entry),
                None => Ok(()), // pruned: nothing is left to tell
            }
        })?;
        done += 1;
    }
    Ok(done)
}
