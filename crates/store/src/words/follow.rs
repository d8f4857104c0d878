//! Keeps an index of words in step with the outbox, and makes it anew where it must be.

use super::{Document, Head, SHELVES, Step, WordIndex, WordsError, Writer};
use crate::outbox::{self, PlacedEntry};
use crate::{Store, StoreError, Tx};
use base::Id;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

/// Entries of the outbox looked at in one go.
const ENTRIES: u32 = 256;
/// Things taken in in one go while the index is made anew.
const BATCH: u32 = 500;
/// On PostgreSQL another node's commits ring no bell here: look this often.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// After a failure: the disk is full, the database is away.
const PAUSE: Duration = Duration::from_secs(2);

/// What is indexed: turns what happened, and all there is, into documents.
pub trait Subject: Send + Sync + 'static {
    /// Changes with the key of the hashes and with the rules by which words are cut.
    fn fingerprint(&self) -> [u8; 32];
    /// What these entries were about, as it is now.
    fn told(&self, tx: &mut Tx<'_>, entries: &[PlacedEntry]) -> Result<Vec<Document>, StoreError>;
    /// The next things of a shelf below `before`, the highest first.
    fn below(
        &self,
        tx: &mut Tx<'_>,
        shelf: u32,
        before: Id,
        limit: u32,
    ) -> Result<Batch, StoreError>;
}

/// A part of all there is.
#[derive(Debug, Default)]
pub struct Batch {
    /// Its documents.
    pub documents: Vec<Document>,
    /// The lowest id looked at; none when there was nothing.
    pub last: Option<Id>,
}

/// Why a step was not taken.
#[derive(Debug, thiserror::Error)]
enum Halt {
    #[error(transparent)]
    Index(#[from] WordsError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Starts the thread that keeps `index`; it ends when the store is closed.
pub fn keep(
    store: &Store,
    index: &WordIndex,
    subject: Arc<dyn Subject>,
) -> Result<thread::JoinHandle<()>, StoreError> {
    let mut keeper = Keeper {
        store: store.clone(),
        index: index.clone(),
        subject,
        writer: None,
    };
    crate::sqlite::spawn("word-index", move || keeper.run())
}

/// Makes the index anew, to the end. Says how many things it looked at.
pub fn rebuild(
    store: &Store,
    index: &WordIndex,
    subject: Arc<dyn Subject>,
) -> Result<u64, StoreError> {
    let mut keeper = Keeper {
        store: store.clone(),
        index: index.clone(),
        subject,
        writer: None,
    };
    let failed = |halt: Halt| match halt {
        Halt::Store(error) => error,
        Halt::Index(error) => StoreError::Unavailable(error.to_string()),
    };
    keeper.begin_anew().map_err(failed)?;
    let mut total = 0;
    while let Some(looked_at) = keeper.scan().map_err(failed)? {
        total += looked_at;
    }
    while keeper.follow().map_err(failed)? > 0 {}
    Ok(total)
}

struct Keeper {
    store: Store,
    index: WordIndex,
    subject: Arc<dyn Subject>,
    writer: Option<Writer>,
}

impl Keeper {
    fn run(&mut self) {
        let mut seen = 0;
        while !self.store.is_closing() {
            match self.step() {
                Ok(true) => {}
                Ok(false) => seen = self.store.shared_placed().wait(seen, LOOK_EVERY),
                Err(error) if self.store.is_closing() => {
                    tracing::debug!(%error, "the index of words ends with the store");
                }
                Err(error) => {
                    if matches!(error, Halt::Index(WordsError::Damaged(_))) {
                        self.index.0.is_damaged.store(true, Ordering::SeqCst);
                    }
                    tracing::warn!(%error, "the index of words could not be kept up and will be tried again");
                    self.rest();
                }
            }
        }
    }

    fn rest(&self) {
        let mut left = PAUSE;
        while !left.is_zero() && !self.store.is_closing() {
            thread::sleep(LOOK_EVERY.min(left));
            left = left.saturating_sub(LOOK_EVERY);
        }
    }

    /// One step. False when there is nothing to do.
    fn step(&mut self) -> Result<bool, Halt> {
        if self.index.0.is_damaged.load(Ordering::SeqCst) {
            tracing::warn!("the index of words is damaged and is made anew");
            self.begin_anew()?;
        }
        if self.writer.is_none() {
            self.open()?;
        }
        // What happens now first, so that it is found while the past is still taken in.
        let followed = self.follow()?;
        let scanned = self.scan()?;
        Ok(followed > 0 || scanned.is_some())
    }

    /// The index as it was left, if it is sound and of this database; else a new one.
    fn open(&mut self) -> Result<(), Halt> {
        let known = Writer::open(&self.index.0.path, &self.subject.fingerprint());
        if let Some(writer) = known
            && self.is_of_this_database(writer.head()?)?
        {
            self.writer = Some(writer);
            return Ok(());
        }
        tracing::info!("the index of words is made from the database");
        self.begin_anew()
    }

    /// Whether the entry it saw last still stands where it stood. Entries that every consumer has seen are put away after days, the
    /// last never: an index left so far behind has missed some and is made anew, too.
    fn is_of_this_database(&self, head: Head) -> Result<bool, StoreError> {
        self.store.read_blocking(move |tx| {
            if head.place == 0 {
                return Ok(outbox::first_place(tx)? <= 1);
            }
            let last_seen = outbox::after(tx, head.place - 1, 1)?;
            Ok(last_seen
                .first()
                .is_some_and(|entry| entry.place == head.place && entry.key == head.key))
        })
    }

    fn begin_anew(&mut self) -> Result<(), Halt> {
        self.writer = None;
        let head = self.store.read_blocking(|tx| {
            let place = outbox::last_place(tx)?;
            let last = outbox::after(tx, place - 1, 1)?;
            let key = last.first().map_or(Id(0), |entry| entry.key);
            Ok::<_, StoreError>(Head { place, key })
        })?;
        let begun = self.index.begin_anew(&self.subject.fingerprint(), head)?;
        self.writer = Some(begun);
        Ok(())
    }

    fn writer(&mut self) -> Result<&mut Writer, WordsError> {
        self.writer
            .as_mut()
            .ok_or_else(|| WordsError::Unavailable("it is not open".into()))
    }

    /// What the outbox has told since; says how many entries.
    fn follow(&mut self) -> Result<usize, Halt> {
        let head = self.writer()?.head()?;
        let subject = self.subject.clone();
        let (entries, documents) = self.store.read_blocking(move |tx| {
            let entries = outbox::after(tx, head.place, ENTRIES)?;
            let documents = subject.told(tx, &entries)?;
            Ok::<_, StoreError>((entries, documents))
        })?;
        if let Some(last) = entries.last() {
            let head = Head {
                place: last.place,
                key: last.key,
            };
            self.writer()?.put(documents, &Step::Followed(head))?;
        }
        Ok(entries.len())
    }

    /// A part of what there was before; says how many things were looked at, none when all are in.
    fn scan(&mut self) -> Result<Option<u64>, Halt> {
        let Some((shelf, before)) = self.writer()?.scan()? else {
            self.index.0.is_complete.store(true, Ordering::SeqCst);
            return Ok(None);
        };
        let subject = self.subject.clone();
        let batch = if shelf < SHELVES {
            self.store
                .read_blocking(move |tx| subject.below(tx, shelf, before, BATCH))?
        } else {
            Batch::default()
        };
        let count = batch.documents.len() as u64;
        let step = Step::Scanned(shelf, batch.last);
        self.writer()?.put(batch.documents, &step)?;
        Ok(Some(count))
    }
}
