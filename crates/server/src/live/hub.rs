//! Recent entries in memory, and where each reader stands.

use crate::closing::Closing;
use crate::figures::Figures;
use access::{Reach, Scope};
use base::{Timestamp, TreePath};
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::{PlacedEntry, Store, StoreError, outbox};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// How the hub behaves.
#[derive(Clone, Copy, Debug)]
pub struct HubSettings {
    /// Readers at the same time.
    pub streams_max: usize,
    /// Silence after which a comment is sent and the reader's rights are looked at again.
    pub heartbeat: Duration,
    /// Entries kept in memory.
    pub ring_entries: usize,
    /// A reader further behind than this gets a gap instead of the entries.
    pub behind_max: i64,
}

impl Default for HubSettings {
    fn default() -> Self {
        Self {
            streams_max: 2_000,
            heartbeat: Duration::from_secs(15),
            ring_entries: 4_096,
            behind_max: 10_000,
        }
    }
}

/// Wants to see every entry on every node (unlike a consumer of the store, which sees it once in the installation).
pub trait Watcher: Send + Sync + 'static {
    /// An entry was committed. It is shown again after an error.
    fn seen<'a>(&'a self, entry: &'a PlacedEntry) -> BoxFuture<'a, anyhow::Result<()>>;
}

/// Entries read from the database, and handed to a reader, at once.
const BATCH_MAX: u32 = 256;

/// An entry ready to be sent.
#[derive(Debug)]
pub struct LiveEntry {
    /// Its place.
    pub place: i64,
    area_path: Option<TreePath>,
    organisation_paths: Vec<TreePath>,
    /// The message's data, one line.
    pub data: String,
}

#[derive(Serialize)]
struct Data<'e> {
    place: i64,
    kind: &'e str,
    key: base::Id,
    at: Timestamp,
    body: &'e RawValue,
}

impl LiveEntry {
    fn new(entry: PlacedEntry) -> Result<Self, serde_json::Error> {
        let body = RawValue::from_string(entry.body)?;
        let data = Data {
            place: entry.place,
            kind: &entry.kind,
            key: entry.key,
            at: entry.at,
            body: &body,
        };
        // A raw body may be laid out over lines; a message's data is one line.
        let data = serde_json::to_string(&data)?.replace(['\n', '\r'], " ");
        // A path that cannot be read is nobody's: only who sees everything sees the entry.
        let path = |text: &String| TreePath::parse(text).ok();
        Ok(Self {
            place: entry.place,
            area_path: entry.area_path.as_ref().and_then(path),
            organisation_paths: entry.organisation_paths.iter().filter_map(path).collect(),
            data,
        })
    }

    /// Whether it is within `scope`.
    pub fn is_within(&self, scope: &Scope) -> bool {
        let reach = Reach {
            area_path: self.area_path.as_ref(),
            organisation_paths: &self.organisation_paths,
        };
        scope.covers(&reach, &[])
    }
}

struct Ring {
    /// Every entry with a higher place, up to `newest`, is in `entries` (but those that could not be read).
    from: i64,
    newest: i64,
    entries: VecDeque<Arc<LiveEntry>>,
}

/// What a reader gets next.
#[derive(Debug)]
pub enum Next {
    /// These, in order: all there are up to this place.
    Entries(Vec<Arc<LiveEntry>>, i64),
    /// Something between its cursor and this place is lost to it.
    Gap(i64),
}

/// The shared side of all live streams. Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    settings: HubSettings,
    ring: Mutex<Ring>,
    /// The highest place in the ring.
    news: watch::Sender<i64>,
    seats: Arc<Semaphore>,
    closing: Closing,
    figures: Arc<Figures>,
}

impl Hub {
    /// A hub that shows what was committed after the place `last`, and ends with `closing`.
    pub fn new(
        store: Store,
        last: i64,
        settings: HubSettings,
        figures: Arc<Figures>,
        closing: Closing,
    ) -> Self {
        let ring = Ring {
            from: last,
            newest: last,
            entries: VecDeque::new(),
        };
        Self {
            inner: Arc::new(Inner {
                store,
                settings,
                ring: Mutex::new(ring),
                news: watch::Sender::new(last),
                seats: Arc::new(Semaphore::new(settings.streams_max)),
                closing,
                figures,
            }),
        }
    }

    /// How it behaves.
    pub fn settings(&self) -> &HubSettings {
        &self.inner.settings
    }

    /// The figures.
    pub fn figures(&self) -> &Figures {
        &self.inner.figures
    }

    /// The word that the server stops.
    pub fn closing(&self) -> Closing {
        self.inner.closing.clone()
    }

    /// The highest place seen, and whenever it rises.
    pub fn news(&self) -> watch::Receiver<i64> {
        self.inner.news.subscribe()
    }

    /// A seat for one reader, free again when dropped; none when all are taken.
    pub fn seat(&self) -> Option<OwnedSemaphorePermit> {
        self.inner.seats.clone().try_acquire_owned().ok()
    }

    /// Shows what is committed to the watchers and moves it into the ring, until the server stops. Needs [`Store::follow_outbox`].
    pub async fn follow(self, watchers: Vec<Arc<dyn Watcher>>) {
        let mut places = self.inner.store.outbox_places();
        let mut closing = self.closing();
        loop {
            if let Err(error) = self.catch_up(&watchers).await {
                tracing::warn!(%error, "the live stream cannot read the outbox and will try again");
                tokio::time::sleep(Duration::from_millis(500)).await;
                places.mark_changed();
            }
            tokio::select! {
                changed = places.changed() => if changed.is_err() { return },
                () = closing.closed() => return,
            }
        }
    }

    async fn catch_up(&self, watchers: &[Arc<dyn Watcher>]) -> anyhow::Result<()> {
        loop {
            let last = *self.inner.news.borrow();
            let rows = self.read_after(last).await?;
            let Some(newest) = rows.last().map(|row| row.place) else {
                return Ok(());
            };
            for row in &rows {
                for watcher in watchers {
                    watcher.seen(row).await?;
                }
            }
            let ready = rows.into_iter().filter_map(ready).map(Arc::new);
            let mut ring = self.ring();
            ring.entries.extend(ready);
            while ring.entries.len() > self.inner.settings.ring_entries {
                if let Some(oldest) = ring.entries.pop_front() {
                    ring.from = oldest.place;
                }
            }
            ring.newest = newest;
            drop(ring);
            self.inner.news.send_replace(newest);
        }
    }

    async fn read_after(&self, place: i64) -> Result<Vec<PlacedEntry>, StoreError> {
        let store = &self.inner.store;
        store
            .read(move |tx| outbox::after(tx, place, BATCH_MAX))
            .await
    }

    fn ring(&self) -> std::sync::MutexGuard<'_, Ring> {
        self.inner
            .ring
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What comes after `cursor`; `None` when there is nothing yet.
    pub async fn next_after(&self, cursor: i64) -> Result<Option<Next>, StoreError> {
        let head = *self.inner.news.borrow();
        if cursor == head {
            return Ok(None);
        }
        // From the future: the database was put back to an earlier day. Or from a past too long ago.
        if cursor > head || head - cursor > self.inner.settings.behind_max {
            return Ok(Some(Next::Gap(head)));
        }
        if let Some(next) = self.after_in_ring(cursor) {
            return Ok(Some(next));
        }
        let first = self.inner.store.read(outbox::first_place).await?;
        if first > cursor + 1 {
            return Ok(Some(Next::Gap(head)));
        }
        let rows = self.read_after(cursor).await?;
        let upto = rows.last().map_or(head, |row| row.place);
        let entries = rows.into_iter().filter_map(ready).map(Arc::new);
        Ok(Some(Next::Entries(entries.collect(), upto)))
    }

    fn after_in_ring(&self, cursor: i64) -> Option<Next> {
        let ring = self.ring();
        if cursor < ring.from {
            return None;
        }
        let start = ring.entries.partition_point(|entry| entry.place <= cursor);
        let rest = ring.entries.iter().skip(start);
        let entries: Vec<_> = rest.take(BATCH_MAX as usize).cloned().collect();
        let is_all = start + entries.len() == ring.entries.len();
        let last = entries.last().map_or(ring.newest, |entry| entry.place);
        Some(Next::Entries(
            entries,
            if is_all { ring.newest } else { last },
        ))
    }
}

fn ready(row: PlacedEntry) -> Option<LiveEntry> {
    let place = row.place;
    LiveEntry::new(row)
        .inspect_err(|error| tracing::error!(%error, place, "an outbox entry is not JSON"))
        .ok()
}
