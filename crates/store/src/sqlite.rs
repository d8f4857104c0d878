//! SQLite: one writer thread that commits in groups, and reader threads.

use crate::audit::ChainEnd;
use crate::engine::{Opened, Seats, Tally};
use crate::job::{Job, Order, Verdict};
use crate::migrate::{self, Room};
use crate::outbox::PlacedSignal;
use crate::tx::Engine;
use crate::{Options, StoreError, Tx};
use base::{Clock, Id, Timestamp};
use crossbeam_channel::Receiver;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// A group ends when the queue is empty, or at one of these limits, so that no caller waits long for its neighbours.
const GROUP_MAX: usize = 256;
const GROUP_TIME_MAX: Duration = Duration::from_millis(10);

/// How far ahead of now ids may be when they are noted: the time between two notes, and as much again.
pub(crate) const ID_NOTE_AHEAD_SECONDS: i64 = 2;

/// A connection with the settings that durability rests on.
pub(crate) fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA temp_store = MEMORY;
         PRAGMA wal_autocheckpoint = 4000; PRAGMA foreign_keys = ON;",
    )?;
    // Negative: KiB. The writer meets every index again and again; a reader's misses are served by the system's page cache.
    let cache_kib = if flags.contains(OpenFlags::SQLITE_OPEN_READ_ONLY) {
        8 * 1024
    } else {
        64 * 1024
    };
    connection.execute_batch(&format!("PRAGMA cache_size = -{cache_kib};"))?;
    // Without this SQLite prepares a cached statement anew when a bound value it might plan by has changed.
    connection.set_db_config(
        rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG,
        true,
    )?;
    connection.set_prepared_statement_cache_capacity(512);
    Ok(connection)
}

pub(crate) fn open(
    path: &Path,
    options: &Options,
    rooms: &[Room],
    clock: &Arc<dyn Clock>,
    seats: Seats,
) -> Result<Opened, StoreError> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder)
            .map_err(|error| StoreError::Unavailable(format!("{}: {error}", folder.display())))?;
    }
    let lock = lock_file(path)?;
    let mut connection = connect(path, OpenFlags::default())?;
    migrate::sqlite(&mut connection, rooms, clock.now())?;
    let id_floor: i64 = connection.query_row(
        "SELECT COALESCE(MAX(last_id), 0) FROM node WHERE node = 0",
        [],
        |row| row.get(0),
    )?;
    let chain = load_chain(&connection)?;
    let mut threads = Vec::new();
    let mut writer = Writer {
        connection,
        chain,
        placed: seats.placed.clone(),
        tally: seats.tally.clone(),
        clock: clock.clone(),
        noted_at: Timestamp(0),
        _lock: Some(lock),
    };
    let writes = seats.writes;
    threads.push(spawn("store-writer", move || writer.run(&writes))?);
    let readers = options.readers.max(1);
    for _ in 0..readers {
        let connection = connect(
            path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        let reads = seats.reads.clone();
        threads.push(spawn("store-reader", move || {
            read_loop(&connection, &reads)
        })?);
    }
    Ok(Opened {
        threads,
        writers: 1,
        readers,
        node: 0,
        id_floor: Id(id_floor),
    })
}

pub(crate) fn spawn(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> Result<thread::JoinHandle<()>, StoreError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| StoreError::Unavailable(format!("no thread: {error}")))
}

/// Two processes on one file would each believe to be the only writer: audit lane, ids and group commit rest on that.
fn lock_file(path: &Path) -> Result<File, StoreError> {
    let lock_path = path.with_extension("lock");
    let file = File::create(&lock_path)
        .map_err(|error| StoreError::Unavailable(format!("{}: {error}", lock_path.display())))?;
    file.try_lock().map_err(|_| {
        StoreError::Unavailable(format!("{} is in use by another process", path.display()))
    })?;
    Ok(file)
}

pub(crate) struct Writer {
    connection: Connection,
    chain: ChainEnd,
    placed: PlacedSignal,
    tally: Arc<Tally>,
    clock: Arc<dyn Clock>,
    noted_at: Timestamp,
    _lock: Option<File>,
}

// The writer checkpoints by itself (`wal_autocheckpoint`). A checkpointer thread was tried: the log never got the quiet
// moment in which it may start over, grew to 270 MB and tripled the 99th percentile.
impl Writer {
    fn run(&mut self, queue: &Receiver<Order>) {
        while let Ok(Order::Run(first)) = queue.recv() {
            if self.commit_group(first, queue) {
                break;
            }
        }
        // A clean end leaves one file: the log is folded in.
        let _ = self
            .connection
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE);");
    }

    /// Runs `first` and whatever is already waiting, commits once, then answers everyone. Says whether to stop.
    pub(crate) fn commit_group(&mut self, first: Box<dyn Job>, queue: &Receiver<Order>) -> bool {
        let mut fate = self.control("BEGIN IMMEDIATE");
        let chain_before = self.chain;
        let started = Instant::now();
        let mut group = Vec::with_capacity(GROUP_MAX);
        let (mut next, mut must_stop, mut has_emitted) = (Some(first), false, false);
        while let Some(mut job) = next.take() {
            if fate.is_ok() && !job.is_abandoned() {
                fate = self
                    .run_one(job.as_mut())
                    .map(|emitted| has_emitted |= emitted);
            }
            group.push(job);
            let is_full =
                group.len() >= GROUP_MAX || started.elapsed() >= GROUP_TIME_MAX || fate.is_err();
            if !is_full {
                match queue.try_recv() {
                    Ok(Order::Run(job)) => next = Some(job),
                    Ok(Order::Stop) => must_stop = true,
                    Err(_) => {}
                }
            }
        }
        let fate = fate
            .and_then(|()| self.note_last_id())
            .and_then(|()| self.control("COMMIT"));
        if fate.is_err() {
            self.chain = chain_before;
            // A failed COMMIT may leave the transaction open, a full disk may have rolled it back already.
            if !self.connection.is_autocommit() {
                let _ = self.control("ROLLBACK");
            }
        }
        let is_committed = fate.is_ok();
        if is_committed {
            self.tally.committed(group.len());
        }
        for job in group {
            job.finish(fate.clone());
        }
        if is_committed && has_emitted {
            self.placed.wake();
        }
        must_stop
    }

    /// One closure in its savepoint; says whether it emitted. `Err` means that the whole group is lost.
    fn run_one(&mut self, job: &mut dyn Job) -> Result<bool, StoreError> {
        self.control("SAVEPOINT one")?;
        let mut tx = Tx::new(Engine::Sqlite(&self.connection), self.chain);
        let verdict = job.run(&mut tx);
        let emitted = if verdict == Verdict::Keep {
            tx.flush().unwrap_or(false)
        } else {
            false
        };
        let (doomed, chain) = (tx.doomed.take(), tx.chain);
        if self.connection.is_autocommit() {
            // SQLITE_FULL, IOERR and NOMEM roll the outer transaction back, savepoints and neighbours included.
            return Err(
                doomed.unwrap_or_else(|| StoreError::Unavailable("transaction lost".into()))
            );
        }
        let kept = match (verdict, doomed) {
            (Verdict::Keep, None) => {
                self.chain = chain;
                emitted
            }
            (Verdict::Keep, Some(error)) => {
                job.refuse(error);
                self.control("ROLLBACK TO one")?;
                false
            }
            (Verdict::Discard, _) => {
                self.control("ROLLBACK TO one")?;
                false
            }
        };
        self.control("RELEASE one")?;
        Ok(kept)
    }

    /// Once a second, so that after a crash and a clock set back no id is given twice: ids carry their millisecond.
    fn note_last_id(&mut self) -> Result<(), StoreError> {
        let now = self.clock.now();
        if now < self.noted_at.plus_seconds(1) && now >= self.noted_at {
            return Ok(());
        }
        let ahead = Id::first_at(now.plus_seconds(ID_NOTE_AHEAD_SECONDS));
        let noted = self.connection.prepare_cached(
            "INSERT INTO node (node, holder, seen_at, last_id) VALUES (0, 'this process', ?1, ?2) ON CONFLICT (node) DO UPDATE
             SET seen_at = excluded.seen_at, last_id = MAX(node.last_id, excluded.last_id)",
        );
        noted.and_then(|mut statement| statement.execute([now.0, ahead.0]))?;
        self.noted_at = now;
        Ok(())
    }

    fn control(&self, sql: &str) -> Result<(), StoreError> {
        let done = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]));
        done.map(drop)
            .map_err(|error| StoreError::Unavailable(error.to_string()))
    }
}

fn load_chain(connection: &Connection) -> Result<ChainEnd, StoreError> {
    let end = connection
        .query_row(
            "SELECT seq, hash FROM audit WHERE lane = 0 ORDER BY seq DESC LIMIT 1",
            [],
            |row| {
                Ok(ChainEnd {
                    lane: 0,
                    seq: row.get(0)?,
                    hash: row.get(1)?,
                })
            },
        )
        .optional()?;
    Ok(end.unwrap_or_else(|| ChainEnd::genesis(0)))
}

fn read_loop(connection: &Connection, queue: &Receiver<Order>) {
    let control = |sql: &str| {
        connection
            .prepare_cached(sql)
            .and_then(|mut s| s.execute([]))
            .map(drop)
    };
    while let Ok(Order::Run(mut job)) = queue.recv() {
        if job.is_abandoned() {
            continue;
        }
        let fate = control("BEGIN").map_err(StoreError::from);
        if fate.is_ok() {
            let mut tx = Tx::new(Engine::Sqlite(connection), ChainEnd::genesis(0));
            let verdict = job.run(&mut tx);
            if let (Verdict::Keep, Some(error)) = (verdict, tx.doomed.take()) {
                job.refuse(error);
            }
            let _ = control("COMMIT");
        }
        job.finish(fate);
    }
}
