//! Durable timers and jobs: handlers that run at a time, also after an outage, in order of when they were due.
//!
//! Two ways to run one:
//! - [`fire_due`]: the handler writes through a `Tx`; the timer's row is deleted in that same transaction, so the effect happens
//!   once, however many nodes try.
//! - [`claim`] … [`finish`]: for work outside the database (sending a message). The row is leased to one holder; if that one
//!   dies, the lease runs out and another takes it: at least once.
//!
//! A timer whose handler fails is tried again later and later, and parked after [`TRIES_MAX`] times.

use crate::{Row, Statement, Store, StoreError, Tx, params};
use base::{Id, Timestamp};

/// After so many failures a timer is parked.
pub const TRIES_MAX: i64 = 8;
/// A timer fired later than this after it was due is marked late.
pub const LATE_AFTER_SECONDS: i64 = 60;

/// A wake-up call, on its way in.
#[derive(Debug, Clone)]
pub struct TimerEntry {
    /// Its id.
    pub id: Id,
    /// Which handler.
    pub kind: &'static str,
    /// What it is about.
    pub key: Id,
    /// When.
    pub due_at: Timestamp,
    /// JSON for the handler.
    pub body: String,
}

/// A timer that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// Its id.
    pub id: Id,
    /// Which handler.
    pub kind: String,
    /// What it is about.
    pub key: Id,
    /// When it was meant.
    pub due_at: Timestamp,
    /// JSON for the handler.
    pub body: String,
    /// Failures so far.
    pub tries: i64,
}

impl Timer {
    /// Whether `now` is so long after the due time that there must have been an outage.
    pub fn is_late(&self, now: Timestamp) -> bool {
        now > self.due_at.plus_seconds(LATE_AFTER_SECONDS)
    }
}

static DUE: Statement = Statement::fixed(
    "SELECT id, kind, key, due_at, body, tries FROM timer WHERE is_parked = FALSE AND run_at <= ?1 AND lease_until <= ?1
     ORDER BY run_at, id LIMIT ?2",
);
static NEXT_AT: Statement =
    Statement::fixed("SELECT MIN(run_at) FROM timer WHERE is_parked = FALSE");
static REMOVE: Statement =
    Statement::fixed("DELETE FROM timer WHERE id = ?1 AND lease_until <= ?2");
static DELAY: Statement = Statement::fixed(
    "UPDATE timer SET tries = tries + 1, run_at = ?2, reason = ?3, is_parked = ?4, lease_until = 0 WHERE id = ?1",
);
static LEASE: Statement = Statement::fixed(
    "UPDATE timer SET holder = ?2, lease_until = ?3 WHERE id = ?1 AND lease_until <= ?4 AND is_parked = FALSE",
);
static FINISH: Statement = Statement::fixed("DELETE FROM timer WHERE id = ?1 AND holder = ?2");

pub(crate) static STATEMENTS: &[&Statement] = &[&DUE, &NEXT_AT, &REMOVE, &DELAY, &LEASE, &FINISH];

fn read_timer(row: &Row<'_>) -> Result<Timer, StoreError> {
    Ok(Timer {
        id: row.get(0)?,
        kind: row.get(1)?,
        key: row.get(2)?,
        due_at: row.get(3)?,
        body: row.get(4)?,
        tries: row.get(5)?,
    })
}

/// When the next timer wants to run, if there is one.
pub fn next_at(store: &Store) -> Result<Option<Timestamp>, StoreError> {
    store.read_blocking(|tx| {
        Ok(tx
            .query_opt(&NEXT_AT, &[], |row| row.get::<Option<Timestamp>>(0))?
            .flatten())
    })
}

/// Timers that are due until `until` and wait for nobody, oldest first.
pub fn due_until(store: &Store, until: Timestamp, limit: u32) -> Result<Vec<Timer>, StoreError> {
    store.read_blocking(move |tx| tx.query(&DUE, params![until, limit], read_timer))
}

/// Fires up to `limit` due timers, oldest first, each in a transaction of its own; says how many were due.
///
/// `handle` is given the transaction, the timer and the time; whatever it writes is committed together with the timer's removal.
pub fn fire_due<H>(store: &Store, limit: u32, handle: H) -> Result<usize, StoreError>
where
    H: Fn(&mut Tx<'_>, &Timer, Timestamp) -> Result<(), StoreError> + Clone + Send + 'static,
{
    let now = store.clock().now();
    let due = due_until(store, now, limit)?;
    let count = due.len();
    for timer in due {
        let fired = store.write_blocking(effect(timer.clone(), now, handle.clone()));
        if let Err(error) = fired {
            store.write_blocking(delay(&timer, now, &error))?;
        }
    }
    Ok(count)
}

/// Fires one timer as of `now`, as [`fire_due`] does; for whoever keeps several times at once.
pub async fn fire<H>(
    store: &Store,
    timer: Timer,
    now: Timestamp,
    handle: H,
) -> Result<(), StoreError>
where
    H: Fn(&mut Tx<'_>, &Timer, Timestamp) -> Result<(), StoreError> + Send + 'static,
{
    match store.write(effect(timer.clone(), now, handle)).await {
        Ok(()) => Ok(()),
        Err(error) => store.write(delay(&timer, now, &error)).await,
    }
}

/// What a timer does, once.
fn effect<H>(
    timer: Timer,
    now: Timestamp,
    handle: H,
) -> impl Fn(&mut Tx<'_>) -> Result<(), StoreError> + Send + 'static
where
    H: Fn(&mut Tx<'_>, &Timer, Timestamp) -> Result<(), StoreError> + Send + 'static,
{
    move |tx| {
        if tx.execute(&REMOVE, params![timer.id, now])? == 0 {
            return Ok(()); // another node was faster
        }
        handle(tx, &timer, now)
    }
}

/// Puts a failed timer off (1 s, 2 s, 4 s, … a minute), or parks it.
fn delay(
    timer: &Timer,
    now: Timestamp,
    error: &StoreError,
) -> impl Fn(&mut Tx<'_>) -> Result<(), StoreError> + Send + 'static {
    let is_parked = timer.tries + 1 >= TRIES_MAX;
    let run_at = now.plus_seconds((1_i64 << timer.tries.clamp(0, 6)).min(60));
    tracing::warn!(timer.id = %timer.id, timer.kind, %error, is_parked, "a timer failed");
    let (id, reason) = (timer.id, error.to_string());
    move |tx| tx.post(&DELAY, params![id, run_at, reason, is_parked])
}

/// Leases one due timer to `holder` for `seconds`; nobody else gets it in that time.
pub fn claim(store: &Store, holder: &str, seconds: i64) -> Result<Option<Timer>, StoreError> {
    let now = store.clock().now();
    let (holder, until) = (holder.to_owned(), now.plus_seconds(seconds));
    store.write_blocking(move |tx| {
        let Some(timer) = tx.query_opt(&DUE, params![now, 1_i64], read_timer)? else {
            return Ok(None);
        };
        let is_ours = tx.execute(&LEASE, params![timer.id, holder, until, now])? == 1;
        Ok(is_ours.then_some(timer))
    })
}

/// The claimed work is done. `false`: the lease had run out and another holder has it.
pub fn finish(store: &Store, id: Id, holder: &str) -> Result<bool, StoreError> {
    let holder = holder.to_owned();
    store.write_blocking(move |tx| Ok(tx.execute(&FINISH, params![id, holder])? == 1))
}
