//! SQLite: one writer thread that commits in groups, and reader threads.

use crate::audit::ChainEnd;
use crate::backup::{BackupError, Follower, OwnShelf, Progress, Tap, WriterTap};
use crate::engine::{Opened, Seats, Tally};
use crate::job::{Job, Order, Verdict};
use crate::migrate::{self, Room};
use crate::outbox::PlacedSignal;
use crate::tx::Engine;
use crate::{Options, StoreError, Tx};
use base::{Clock, Id, Timestamp};
use crossbeam_channel::Receiver;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// A group ends when the queue is empty, or at one of these limits, so that no caller waits long for its neighbours.
const GROUP_MAX: usize = 256;
const GROUP_TIME_MAX: Duration = Duration::from_millis(10);

/// After a group that had to be undone, so many run with savepoints from the start: what had to be undone once may come again.
const CAREFUL_GROUPS: u32 = 64;

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
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
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
    let follower = follower(path, options, clock, seats.progress)?;
    let mut connection = connect(path, OpenFlags::default())?;
    migrate::sqlite(&mut connection, rooms, clock.now())?;
    let tap = follower.as_ref().map(|follower| follower.tap.clone());
    if let Some(tap) = tap.clone() {
        keep_log(&connection)?;
        // It takes the place of SQLite's own rule for when to fold the log.
        connection.wal_hook(Some(move |_: &mut _, frames| {
            tap.log_grew(u32::try_from(frames).unwrap_or(0));
            Ok(())
        }))?;
    }
    let id_floor: i64 = connection.query_row(
        "SELECT COALESCE(MAX(last_id), 0) FROM node WHERE node = 0",
        [],
        |row| row.get(0),
    )?;
    let chain = load_chain(&connection)?;
    let mut threads = Vec::new();
    let writer = Writer {
        connection,
        chain,
        placed: seats.placed.clone(),
        tally: seats.tally.clone(),
        clock: clock.clone(),
        noted_at: Timestamp(0),
        careful_groups: 0,
        tap: tap.map(WriterTap),
        _lock: Some(lock),
    };
    let writes = seats.writes;
    let is_followed = writer.tap.is_some();
    threads.push(spawn("store-writer", move || writer.run(&writes))?);
    if let Some(follower) = follower {
        threads.push(spawn("store-backup", move || follower.run())?);
    }
    let readers = options.readers.max(1);
    for _ in 0..readers {
        let connection = connect(
            path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        if is_followed {
            keep_log(&connection)?;
        }
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

/// Whoever follows the database, if it is to be followed. A folder that cannot be reached is tried again while the city is served; one
/// that is not ours is refused.
fn follower(
    path: &Path,
    options: &Options,
    clock: &Arc<dyn Clock>,
    progress: Arc<Progress>,
) -> Result<Option<Follower>, StoreError> {
    let Some(follow) = options.backup.clone() else {
        return Ok(None);
    };
    let shelf = match OwnShelf::open(&follow.folder, &follow.owner) {
        Ok(shelf) => Some(shelf),
        Err(BackupError::Refused(why)) => return Err(StoreError::Unavailable(why)),
        Err(error) => {
            tracing::error!(%error, "the backup cannot begin yet");
            None
        }
    };
    let unreachable = |error| StoreError::Unavailable(format!("{}: {error}", path.display()));
    let database = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(unreachable)?;
    let (tap, bell) = Tap::new(path);
    Ok(Some(Follower {
        options: follow,
        shelf,
        tap,
        bell,
        database,
        clock: clock.clone(),
        progress,
    }))
}

/// The log stays when the last connection is closed: it proves to the backup that nothing was written in between.
fn keep_log(connection: &Connection) -> Result<(), StoreError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(())
}

pub(crate) struct Writer {
    connection: Connection,
    chain: ChainEnd,
    placed: PlacedSignal,
    tally: Arc<Tally>,
    clock: Arc<dyn Clock>,
    noted_at: Timestamp,
    careful_groups: u32,
    /// Behind the connection, so that it is dropped after it.
    tap: Option<WriterTap>,
    _lock: Option<File>,
}

/// A group on its way to its commit.
struct GroupRun {
    /// Why the whole group is lost, if it is.
    fate: Result<(), StoreError>,
    /// The end of the audit chain before it.
    chain_before: ChainEnd,
    has_emitted: bool,
    with_savepoints: bool,
}

impl GroupRun {
    fn took(&mut self, emitted: Result<bool, StoreError>) {
        match emitted {
            Ok(emitted) => self.has_emitted |= emitted,
            Err(error) => self.fate = Err(error),
        }
    }
}

// The writer checkpoints by itself (`wal_autocheckpoint`). A checkpointer thread was tried: the log never got the quiet
// moment in which it may start over, grew to 270 MB and tripled the 99th percentile.
impl Writer {
    fn run(mut self, queue: &Receiver<Order>) {
        let mut next = queue.recv().ok();
        while let Some(order) = next.take() {
            let behind = match order {
                Order::Run(first) => self.commit_group(first, queue),
                Order::Lend(loan) => match loan.lend(self) {
                    Some(back) => {
                        self = back;
                        None
                    }
                    None => return,
                },
                Order::Stop => break,
            };
            next = behind.or_else(|| queue.recv().ok());
        }
        // A clean end leaves one file: the log is folded in. Under a backup the log stays beside, folded in as well.
        match &self.tap {
            Some(tap) => tap.0.fold(|| self.checkpoint("PASSIVE")),
            None => self.checkpoint("TRUNCATE"),
        }
    }

    fn checkpoint(&self, mode: &str) {
        let folded = self
            .connection
            .execute_batch(&format!("PRAGMA wal_checkpoint({mode});"));
        if let Err(error) = folded {
            tracing::warn!(%error, "the log could not be folded into the database");
        }
    }

    /// After each commit. Without a backup SQLite sees to it by itself.
    fn fold_when_long(&self) {
        if let Some(tap) = &self.tap {
            tap.0.fold_when_long(|| self.checkpoint("PASSIVE"));
        }
    }

    /// Runs `first` and whatever is already waiting, commits once, then answers everyone. Gives back what is no transaction.
    fn commit_group(&mut self, first: Box<dyn Job>, queue: &Receiver<Order>) -> Option<Order> {
        let mut run = GroupRun {
            fate: self.control("BEGIN IMMEDIATE"),
            chain_before: self.chain,
            has_emitted: false,
            with_savepoints: self.careful_groups > 0,
        };
        self.careful_groups = self.careful_groups.saturating_sub(1);
        let started = Instant::now();
        let mut group = Vec::with_capacity(GROUP_MAX);
        let (mut next, mut behind) = (Some(first), None);
        while let Some(job) = next.take() {
            group.push(job);
            self.run_last(&mut run, &mut group);
            let is_full = group.len() >= GROUP_MAX
                || started.elapsed() >= GROUP_TIME_MAX
                || run.fate.is_err();
            if !is_full {
                match queue.try_recv() {
                    Ok(Order::Run(job)) => next = Some(job),
                    Ok(other) => behind = Some(other),
                    Err(_) => {}
                }
            }
        }
        let fate = run
            .fate
            .and_then(|()| self.note_last_id())
            .and_then(|()| self.control("COMMIT"));
        if fate.is_err() {
            self.chain = run.chain_before;
            // A failed COMMIT may leave the transaction open, a full disk may have rolled it back already.
            if !self.connection.is_autocommit() {
                let _ = self.control("ROLLBACK");
            }
        } else {
            self.tally.committed(group.len());
        }
        let is_committed = fate.is_ok();
        for job in group {
            job.finish(fate.clone());
        }
        if is_committed && run.has_emitted {
            self.placed.wake();
        }
        self.fold_when_long();
        behind
    }

    /// Runs the job that joined the group last. When it leaves something to be undone and has no savepoint, the whole group is
    /// undone and run again, each job in a savepoint of its own.
    fn run_last(&mut self, run: &mut GroupRun, group: &mut [Box<dyn Job>]) {
        let Some((last, others)) = group.split_last_mut() else {
            return;
        };
        if run.fate.is_err() || last.is_abandoned() {
            return;
        }
        if run.with_savepoints {
            run.took(self.run_in_savepoint(last.as_mut()));
            return;
        }
        match self.run_bare(last.as_mut()) {
            Ok(Some(emitted)) => run.took(Ok(emitted)),
            Ok(None) => {
                self.careful_groups = CAREFUL_GROUPS;
                self.chain = run.chain_before;
                run.with_savepoints = true;
                run.has_emitted = false;
                run.fate = self
                    .control("ROLLBACK")
                    .and_then(|()| self.control("BEGIN IMMEDIATE"));
                for job in others.iter_mut().chain(std::iter::once(last)) {
                    if run.fate.is_ok() && !job.is_abandoned() {
                        run.took(self.run_in_savepoint(job.as_mut()));
                    }
                }
            }
            Err(error) => run.fate = Err(error),
        }
    }

    /// One closure with no savepoint: nearly all keep what they wrote or refuse before they write, and a savepoint costs a copy of
    /// every page touched. Says whether it emitted; none when it wrote something that must be undone.
    fn run_bare(&mut self, job: &mut dyn Job) -> Result<Option<bool>, StoreError> {
        let changes_before = self.connection.total_changes();
        let (verdict, emitted, doomed, chain) = self.run_job(job)?;
        match (verdict, doomed) {
            (Verdict::Keep, None) => {
                self.chain = chain;
                Ok(Some(emitted))
            }
            _ if self.connection.total_changes() != changes_before => Ok(None),
            (Verdict::Keep, Some(error)) => {
                job.refuse(error);
                Ok(Some(false))
            }
            (Verdict::Discard, _) => Ok(Some(false)),
        }
    }

    /// One closure in its savepoint; says whether it emitted. `Err` means that the whole group is lost.
    pub(crate) fn run_in_savepoint(&mut self, job: &mut dyn Job) -> Result<bool, StoreError> {
        self.control("SAVEPOINT one")?;
        let (verdict, emitted, doomed, chain) = self.run_job(job)?;
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

    /// Runs one closure: its verdict, whether it emitted, its first failed statement, the end of the audit chain after it.
    fn run_job(
        &self,
        job: &mut dyn Job,
    ) -> Result<(Verdict, bool, Option<StoreError>, ChainEnd), StoreError> {
        let mut tx = Tx::new(Engine::Sqlite(&self.connection), self.chain);
        let verdict = job.run(&mut tx);
        let emitted = verdict == Verdict::Keep && tx.flush().unwrap_or(false);
        let (doomed, chain) = (tx.doomed.take(), tx.chain);
        if self.connection.is_autocommit() {
            // SQLITE_FULL, IOERR and NOMEM roll the outer transaction back, savepoints and neighbours included.
            return Err(
                doomed.unwrap_or_else(|| StoreError::Unavailable("transaction lost".into()))
            );
        }
        Ok((verdict, emitted, doomed, chain))
    }

    pub(crate) const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// From here on the disk is not waited for.
    pub(crate) fn hasten(&self) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch("PRAGMA synchronous = OFF;")?)
    }

    /// Back from haste: the log is folded in and all of it brought to the disk.
    pub(crate) fn settle(&self) -> Result<(), StoreError> {
        self.connection
            .execute_batch("PRAGMA synchronous = FULL;")?;
        let mut folded = Ok(());
        let mut fold = || {
            folded = self
                .connection
                .execute_batch("PRAGMA wal_checkpoint(TRUNCATE);");
        };
        match &self.tap {
            Some(tap) => tap.0.fold(fold),
            None => fold(),
        }
        folded?;
        let Some(path) = self.connection.path() else {
            return Ok(());
        };
        // A checkpoint brings to the disk only what it has moved itself; earlier ones, in haste, did not.
        File::open(path)
            .and_then(|file| file.sync_all())
            .map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    /// Commits what was filled in by so many closures.
    pub(crate) fn commit_filled(&mut self, count: usize, emitted: bool) -> Result<(), StoreError> {
        self.note_last_id()?;
        self.control("COMMIT")?;
        self.tally.committed(count);
        if emitted {
            self.placed.wake();
        }
        self.fold_when_long();
        Ok(())
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

    pub(crate) fn control(&self, sql: &str) -> Result<(), StoreError> {
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
