//! The handle: opens an engine, queues closures, hands out ids.

use crate::backup::{Follow, Progress};
use crate::filling::Filling;
use crate::job::{Call, Order};
use crate::migrate::{self, Room};
use crate::{StoreError, Tx, outbox, pg, sqlite, within};
use base::chance::Chance;
use base::{Clock, Id, IdSource, Timestamp};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// How to open a store.
#[derive(Clone, Debug)]
pub struct Options {
    /// `sqlite:<path>` or a `postgres://` address.
    pub url: String,
    /// PostgreSQL connections for writing (SQLite always has one writer).
    pub writers: usize,
    /// Threads that read.
    pub readers: usize,
    /// The backup that follows; SQLite only.
    pub backup: Option<Follow>,
}

impl Options {
    /// The embedded database in the file at `path`.
    pub fn sqlite(path: &std::path::Path) -> Self {
        Self {
            url: format!("sqlite:{}", path.display()),
            writers: 1,
            readers: 2,
            backup: None,
        }
    }

    /// Whatever `url` names, with the usual number of threads.
    pub fn from_url(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            writers: 8,
            readers: 4,
            backup: None,
        }
    }

    pub(crate) fn sqlite_path(&self) -> Option<PathBuf> {
        self.url.strip_prefix("sqlite:").map(PathBuf::from)
    }
}

/// A handle to the database; cheap to clone. Call [`Store::close`] to wait until everything queued is done.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    writes: Sender<Order>,
    reads: Sender<Order>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    writers: usize,
    readers: usize,
    pub(crate) ids: IdSource,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
    pub(crate) placed: outbox::PlacedSignal,
    pub(crate) stopping: Arc<std::sync::atomic::AtomicBool>,
    tally: Arc<Tally>,
    filling: Filling,
    is_postgres: bool,
    /// How far the backup has come, if there is one.
    progress: Option<Arc<Progress>>,
}

/// Counts what was made durable since the store was opened.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    commits: AtomicU64,
    transactions: AtomicU64,
}

impl Tally {
    /// One more commit, of so many transactions.
    pub(crate) fn committed(&self, transactions: usize) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        let transactions = u64::try_from(transactions).unwrap_or(0);
        self.transactions.fetch_add(transactions, Ordering::Relaxed);
    }
}

/// What was made durable since the store was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Durable commits: on SQLite one for a group of transactions.
    pub commits: u64,
    /// Write transactions in them.
    pub transactions: u64,
}

/// What an engine's threads are given.
pub(crate) struct Seats {
    pub(crate) writes: Receiver<Order>,
    pub(crate) reads: Receiver<Order>,
    pub(crate) placed: outbox::PlacedSignal,
    pub(crate) stopping: Arc<std::sync::atomic::AtomicBool>,
    pub(crate) tally: Arc<Tally>,
    pub(crate) progress: Arc<Progress>,
}

/// What an engine answers when it runs.
pub(crate) struct Opened {
    pub(crate) threads: Vec<JoinHandle<()>>,
    pub(crate) writers: usize,
    pub(crate) readers: usize,
    /// This process's node number, its own while it runs.
    pub(crate) node: u16,
    /// No id at or below this one may be given again by this node.
    pub(crate) id_floor: Id,
}

/// Transactions that may wait before callers are told [`StoreError::Busy`].
const WAITING_MAX: usize = 4096;

impl Store {
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Opens the database, brings its schema up to date under a lock and starts the threads.
    ///
    /// Errors: [`StoreError::Unavailable`] when it cannot be reached or another process holds the SQLite file;
    /// [`StoreError::Corrupt`] when the schema is newer than this program or a past migration differs from ours.
    pub fn open(
        options: &Options,
        rooms: &[Room],
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
    ) -> Result<Self, StoreError> {
        let (writes, write_queue) = bounded(WAITING_MAX);
        let (reads, read_queue) = bounded(WAITING_MAX);
        let placed = outbox::PlacedSignal::default();
        let stopping = Arc::<std::sync::atomic::AtomicBool>::default();
        let tally = Arc::<Tally>::default();
        let progress = Arc::<Progress>::default();
        let seats = Seats {
            tally: tally.clone(),
            writes: write_queue,
            reads: read_queue,
            placed: placed.clone(),
            stopping: stopping.clone(),
            progress: progress.clone(),
        };
        let rooms = migrate::with_store_itself(rooms);
        let is_postgres = options.sqlite_path().is_none();
        if is_postgres && options.backup.is_some() {
            let why = "a backup follows the embedded database; PostgreSQL is followed by its own tools (docs/OPERATIONS.md)";
            return Err(StoreError::Unavailable(why.into()));
        }
        let opened = match options.sqlite_path() {
            Some(path) => sqlite::open(&path, options, &rooms, &clock, seats)?,
            None => pg::open(options, &rooms, &clock, &seats)?,
        };
        let ids = IdSource::new(clock.clone(), opened.node, opened.id_floor);
        let store = Self {
            shared: Arc::new(Shared {
                writes,
                reads,
                threads: Mutex::new(opened.threads),
                writers: opened.writers,
                readers: opened.readers,
                ids,
                clock,
                chance,
                placed,
                stopping,
                tally,
                filling: Filling::default(),
                is_postgres,
                progress: options.backup.as_ref().map(|_| progress),
            }),
        };
        store
            .shared
            .placed
            .publish(store.read_blocking(outbox::last_place)?);
        Ok(store)
    }

    /// Runs `work` in a write transaction; `Ok` is durable when this returns. Never from inside a closure, like all that waits
    /// for the store: see [`StoreError::WithinTransaction`].
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        answered(self.submit(&self.shared.writes, true, work)?.await)
    }

    /// Runs `work` on one snapshot; writing fails.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        answered(self.submit(&self.shared.reads, false, work)?.await)
    }

    /// [`Store::write`] for plain threads: it blocks the thread it is called on.
    pub fn write_blocking<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        answered(wait(self.submit(&self.shared.writes, true, work)?))
    }

    /// [`Store::read`] for plain threads and for start-up.
    pub fn read_blocking<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        answered(wait(self.submit(&self.shared.reads, false, work)?))
    }

    fn submit<T, E, F>(
        &self,
        queue: &Sender<Order>,
        writes: bool,
        work: F,
    ) -> Result<Reply<T, E>, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        within::refuse()?;
        let (call, answer) = Call::new(work);
        let Some(call) = self.shared.filling.run(Box::new(call), writes) else {
            return Ok(answer);
        };
        match queue.try_send(Order::Run(call)) {
            Ok(()) => Ok(answer),
            Err(TrySendError::Full(_)) => Err(StoreError::Busy.into()),
            Err(TrySendError::Disconnected(_)) => {
                Err(StoreError::Unavailable("the store is closed".into()).into())
            }
        }
    }

    /// The next id.
    pub fn next_id(&self) -> Id {
        self.shared.ids.next_id()
    }

    /// Where ids come from.
    pub fn ids(&self) -> &IdSource {
        &self.shared.ids
    }

    /// Where the time comes from.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    /// Where chance comes from.
    pub fn chance(&self) -> &Arc<dyn Chance> {
        &self.shared.chance
    }

    /// Whether this is PostgreSQL (for figures and tests; rooms write the same SQL for both).
    pub fn is_postgres(&self) -> bool {
        self.shared.is_postgres
    }

    /// Whether [`Store::close`] has been called: background threads end when they see it.
    pub fn is_closing(&self) -> bool {
        self.shared
            .stopping
            .load(std::sync::atomic::Ordering::SeqCst)
    }

    /// Whether a backup follows; and if one does, until when everything committed can be restored from it (none: nothing can yet).
    pub fn backup_kept_until(&self) -> Option<Option<Timestamp>> {
        self.shared
            .progress
            .as_ref()
            .map(|progress| progress.kept_until())
    }

    /// How many transactions are waiting to be written.
    pub fn writes_waiting(&self) -> usize {
        self.shared.writes.len()
    }

    /// What was made durable since the store was opened.
    pub fn committed(&self) -> Committed {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Committed {
            commits: count(&self.shared.tally.commits),
            transactions: count(&self.shared.tally.transactions),
        }
    }

    /// From here on SQLite waits neither for the disk nor for its threads: for filling an empty database by one maker who starts anew
    /// when interrupted. Closures run on the thread that calls. Until [`Store::end_filling`] has answered, what was answered may
    /// be lost, and a power cut may leave a file that cannot be read. Without effect on PostgreSQL.
    pub fn begin_filling(&self) -> Result<(), StoreError> {
        if self.shared.is_postgres {
            return Ok(());
        }
        let ask = |loan| self.shared.writes.send(Order::Lend(loan)).is_ok();
        self.shared.filling.begin(ask)
    }

    /// Makes all that was written durable, and every commit from here on. Blocks.
    pub fn end_filling(&self) -> Result<(), StoreError> {
        self.shared.filling.end()
    }

    /// Finishes what is queued and ends the threads; later calls get [`StoreError::Unavailable`].
    pub fn close(&self) {
        if let Err(error) = self.end_filling() {
            tracing::error!(%error, "what was filled in is lost");
        }
        self.shared
            .stopping
            .store(true, std::sync::atomic::Ordering::SeqCst);
        self.shared.placed.wake();
        let threads = std::mem::take(
            &mut *self
                .shared
                .threads
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        if threads.is_empty() {
            return;
        }
        for (queue, count) in [
            (&self.shared.writes, self.shared.writers),
            (&self.shared.reads, self.shared.readers),
        ] {
            for _ in 0..count {
                let _ = queue.send(Order::Stop);
            }
        }
        for thread in threads {
            let _ = thread.join();
        }
    }
}

type Reply<T, E> = oneshot::Receiver<Result<T, E>>;

fn answered<T, E: From<StoreError>>(
    answer: Result<Result<T, E>, oneshot::error::RecvError>,
) -> Result<T, E> {
    answer.unwrap_or_else(|_| Err(StoreError::Unavailable("the store is closed".into()).into()))
}

/// `blocking_recv` refuses to run where async tasks run, which is where servers open their stores: so, polled by hand. Without the
/// task's budget: once that was spent, each poll would say "later" and wake us at once, for ever.
fn wait<T, E>(reply: Reply<T, E>) -> Result<Result<T, E>, oneshot::error::RecvError> {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut context = std::task::Context::from_waker(&waker);
    let mut reply = std::pin::pin!(tokio::task::coop::unconstrained(reply));
    loop {
        match reply.as_mut().poll(&mut context) {
            std::task::Poll::Ready(answer) => return answer,
            std::task::Poll::Pending => std::thread::park(),
        }
    }
}
