//! PostgreSQL: threads that each own a connection and drive it themselves.
//!
//! - Writers run closures under READ COMMITTED with version checks, and again on a conflict, a deadlock or a connection that
//!   died before the commit was sent.
//! - Each writer holds a lane of the audit chain, by an advisory lock of its connection: the lane's end is in memory.
//! - One housekeeping thread per process holds the node number and, in one process of the installation, gives outbox entries
//!   their places.

mod housekeeping;
pub(crate) mod session;

use crate::audit::ChainEnd;
use crate::engine::{Opened, Options, Seats, Tally};
use crate::job::{Job, Order, Verdict};
use crate::migrate::{self, Room};
use crate::outbox::PlacedSignal;
use crate::sqlite::spawn;
use crate::tx::Engine;
use crate::{Param, StoreError, Tx};
use base::Clock;
use crossbeam_channel::Receiver;
use session::Session;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Attempts at one transaction before its caller is told of the conflict.
const ATTEMPTS_MAX: u32 = 12;
/// Lanes of the audit chain; more writers than this in one installation must wait for a free one.
const LANES_MAX: i64 = 256;
/// Advisory locks are (class, number); these are our classes. See [`Session::try_lock`] for what is mixed in.
const LANE_LOCK_CLASS: i32 = 0x6379_0001;
const NODE_LOCK_CLASS: i32 = 0x6379_0002;
const SEQUENCER_LOCK_CLASS: i32 = 0x6379_0003;

/// On a thread of its own: driving a connection is refused on a thread that runs async tasks, which is where servers open stores.
pub(crate) fn open(
    options: &Options,
    rooms: &[Room],
    clock: &Arc<dyn Clock>,
    seats: &Seats,
) -> Result<Opened, StoreError> {
    thread::scope(|scope| {
        scope
            .spawn(|| open_here(options, rooms, clock, seats))
            .join()
    })
    .unwrap_or_else(|_| {
        Err(StoreError::Unavailable(
            "the store could not be opened".into(),
        ))
    })
}

fn open_here(
    options: &Options,
    rooms: &[Room],
    clock: &Arc<dyn Clock>,
    seats: &Seats,
) -> Result<Opened, StoreError> {
    let url = &options.url;
    let mut first = Session::connect(url, "BEGIN")?;
    migrate::postgres(&mut first, rooms, clock.now())?;
    let (node, id_floor) = housekeeping::take_node(&mut first, clock.now())?;
    let mut threads = Vec::new();
    let housekeeper = housekeeping::Housekeeper::new(
        first,
        url.clone(),
        node,
        clock.clone(),
        seats.placed.clone(),
        seats.stopping.clone(),
    );
    threads.push(spawn("store-housekeeper", move || housekeeper.run())?);
    let (writers, readers) = (options.writers.max(1), options.readers.max(1));
    for _ in 0..writers {
        let session = Session::connect(url, "BEGIN ISOLATION LEVEL READ COMMITTED")?;
        let writer = Worker::new(session, url, true, seats);
        let writes = seats.writes.clone();
        threads.push(spawn("store-writer", move || writer.run(&writes))?);
    }
    for _ in 0..readers {
        let session = Session::connect(url, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
        let reader = Worker::new(session, url, false, seats);
        let reads = seats.reads.clone();
        threads.push(spawn("store-reader", move || reader.run(&reads))?);
    }
    Ok(Opened {
        threads,
        writers,
        readers,
        node,
        id_floor,
    })
}

/// A thread's connection and what it knows.
struct Worker {
    session: Session,
    url: String,
    is_writer: bool,
    /// The end of our lane; none when it must be read (again).
    chain: Option<ChainEnd>,
    placed: PlacedSignal,
    stopping: Arc<AtomicBool>,
    tally: Arc<Tally>,
}

impl Worker {
    fn new(session: Session, url: &str, is_writer: bool, seats: &Seats) -> Self {
        Self {
            session,
            url: url.to_owned(),
            is_writer,
            chain: None,
            placed: seats.placed.clone(),
            stopping: seats.stopping.clone(),
            tally: seats.tally.clone(),
        }
    }

    fn run(mut self, queue: &Receiver<Order>) {
        while let Ok(Order::Run(mut job)) = queue.recv() {
            if job.is_abandoned() {
                continue;
            }
            let fate = self.attempts(job.as_mut());
            job.finish(fate);
            if self.session.is_closed() {
                self.reconnect();
            }
        }
    }

    fn attempts(&mut self, job: &mut dyn Job) -> Result<(), StoreError> {
        let mut fate = Err(StoreError::Conflict);
        for attempt in 0..ATTEMPTS_MAX {
            fate = self.attempt(job);
            match &fate {
                Err(error) if error.is_retryable() => {
                    thread::sleep(Duration::from_micros(200 << attempt.min(7)))
                }
                // Lost before COMMIT was sent, often while idle (nobody polls an idle connection): nothing is stored.
                Err(StoreError::Unavailable(_)) if self.session.is_closed() && attempt < 2 => {
                    self.chain = None;
                    let _ = self.session.reconnect(&self.url);
                }
                _ => break,
            }
        }
        fate
    }

    fn attempt(&mut self, job: &mut dyn Job) -> Result<(), StoreError> {
        let start = match (self.chain, self.is_writer) {
            (Some(end), _) => end,
            (None, true) => take_lane(&mut self.session)?,
            (None, false) => ChainEnd::genesis(-1),
        };
        self.chain = Some(start);
        let mut tx = Tx::new(Engine::Pg(&mut self.session), start);
        let verdict = job.run(&mut tx);
        let emitted = if verdict == Verdict::Keep {
            tx.flush().unwrap_or(false)
        } else {
            false
        };
        let (doomed, end) = (tx.doomed.take(), tx.chain);
        match (verdict, doomed) {
            (_, Some(error)) => {
                self.session.rollback();
                // An unlawful answer that came after a lost race is not an answer: the attempt is repeated.
                if error.is_retryable() || self.session.is_closed() {
                    return Err(error);
                }
                if verdict == Verdict::Keep {
                    job.refuse(error);
                }
                Ok(())
            }
            (Verdict::Discard, None) => {
                self.session.rollback();
                Ok(())
            }
            (Verdict::Keep, None) => {
                let done = self.session.commit();
                match &done {
                    Ok(()) => self.chain = Some(end),
                    // The outcome of a broken commit is unknown: the lane's end must be read again.
                    Err(_) if self.session.is_closed() => self.chain = None,
                    Err(_) => {}
                }
                if done.is_ok() && self.is_writer {
                    self.tally.committed(1);
                }
                if done.is_ok() && emitted {
                    self.placed.wake();
                }
                done
            }
        }
    }

    fn reconnect(&mut self) {
        self.chain = None;
        while !self.stopping.load(Ordering::SeqCst) {
            match self.session.reconnect(&self.url) {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(%error, "the database cannot be reached; trying again");
                    thread::sleep(Duration::from_millis(200));
                }
            }
        }
    }
}

/// Takes the first lane that no connection holds, for as long as this connection lives, and reads its end.
fn take_lane(session: &mut Session) -> Result<ChainEnd, StoreError> {
    for lane in 0..LANES_MAX {
        if session.try_lock(LANE_LOCK_CLASS, lane)? {
            let rows = session.query(
                "SELECT seq, hash FROM audit WHERE lane = ?1 ORDER BY seq DESC LIMIT 1",
                &[Param::Int(lane)],
            )?;
            let end = rows.first().map(|row| {
                let hash: Vec<u8> = row.try_get(1)?;
                let hash = hash
                    .try_into()
                    .map_err(|_| StoreError::Corrupt("an audit hash is not 32 bytes".into()))?;
                Ok::<_, StoreError>(ChainEnd {
                    lane,
                    seq: row.try_get(0)?,
                    hash,
                })
            });
            session.rollback();
            return end.unwrap_or_else(|| Ok(ChainEnd::genesis(lane)));
        }
    }
    Err(StoreError::Unavailable(format!(
        "all {LANES_MAX} audit lanes are held"
    )))
}
