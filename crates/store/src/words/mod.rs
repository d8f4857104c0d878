//! An index of words beside the database: which things have all of these words, the newest first.
//!
//! It knows no words. What is indexed are keyed hashes of them, one set for each thing, without order and without how often: whoever
//! holds the file and not the key learns neither texts nor names (ADR 0017). It is never the source of truth: it follows the outbox
//! ([`follow`]), is made anew whenever it is missing, damaged, of another format or of another database, and whatever it finds is read
//! from the database before anybody sees it.
//!
//! One SQLite file of its own in a folder of its own, on either engine; each process keeps one.

mod follow;

pub use follow::{Batch, Subject, keep, rebuild};

use base::Id;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// How many kinds of things there are, each with an index of its own.
pub const SHELVES: u32 = 2;

/// Of this program's index files; any other is made anew.
const FORMAT: i64 = 1;
const FILE_NAME: &str = "words.db";
/// Connections kept open for those who look.
const READERS_MAX: usize = 4;

/// A keyed hash of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(pub u64);

/// Something to be found by its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Which kind of thing it is, below [`SHELVES`].
    pub shelf: u32,
    /// Whose words they are. The highest are found first.
    pub id: Id,
    /// Sorted, without doubles.
    pub words: Vec<Word>,
}

/// What somebody looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Find {
    /// Things with this word.
    Word(Word),
    /// Things that fit all of these; without any, none.
    All(Vec<Find>),
    /// Things that fit one of these; without any, none.
    Any(Vec<Find>),
}

impl Find {
    /// As the index is asked; none when nothing can fit.
    fn text(&self) -> Option<String> {
        let (parts, with): (Vec<_>, _) = match self {
            Self::Word(word) => return Some(format!("\"{:016x}\"", word.0)),
            Self::All(parts) => (
                parts.iter().map(Self::text).collect::<Option<_>>()?,
                " AND ",
            ),
            Self::Any(parts) => (parts.iter().filter_map(Self::text).collect(), " OR "),
        };
        match parts.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            many => Some(format!("({})", many.join(with))),
        }
    }
}

/// Why the index could not be asked or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// Its file is not as it should be; it is being made anew.
    #[error("the index of words is damaged: {0}")]
    Damaged(String),
    /// The disk is full, another process has it, or it is not there yet.
    #[error("the index of words cannot be reached: {0}")]
    Unavailable(String),
}

impl From<rusqlite::Error> for WordsError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{
            CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, OutOfMemory, PermissionDenied,
            ReadOnly, SystemIoFailure,
        };
        match error.sqlite_error_code() {
            Some(
                CannotOpen | DatabaseBusy | DatabaseLocked | DiskFull | OutOfMemory
                | PermissionDenied | ReadOnly | SystemIoFailure,
            ) => Self::Unavailable(error.to_string()),
            _ => Self::Damaged(error.to_string()),
        }
    }
}

/// How far the index has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    /// The last entry of the outbox that it has seen.
    place: i64,
    /// What that entry was about: by this the index knows its database again.
    key: Id,
}

/// The index, for whoever looks. Cheap to clone.
#[derive(Clone)]
pub struct WordIndex(Arc<Inner>);

struct Inner {
    path: PathBuf,
    /// Everything there is has been taken in since the index was begun.
    is_complete: AtomicBool,
    /// Somebody who looked met damage.
    is_damaged: AtomicBool,
    /// Held while the file is put away and begun anew.
    gate: RwLock<()>,
    readers: Mutex<Vec<Connection>>,
    /// Closed with the index: one process keeps a folder.
    _lock: File,
}

impl WordIndex {
    /// The index in `folder`, which is made when missing. Nothing is read yet: [`keep`] does that in the background.
    ///
    /// Errors: a folder that cannot be made, or that another process keeps.
    pub fn in_folder(folder: &Path) -> Result<Self, WordsError> {
        let unreachable = |error| WordsError::Unavailable(format!("{}: {error}", folder.display()));
        std::fs::create_dir_all(folder).map_err(unreachable)?;
        let lock = File::create(folder.join("lock")).map_err(unreachable)?;
        lock.try_lock().map_err(|_| {
            WordsError::Unavailable(format!("{} is kept by another process", folder.display()))
        })?;
        Ok(Self(Arc::new(Inner {
            path: folder.join(FILE_NAME),
            is_complete: AtomicBool::new(false),
            is_damaged: AtomicBool::new(false),
            gate: RwLock::new(()),
            readers: Mutex::default(),
            _lock: lock,
        })))
    }

    /// Whether everything there is can be found. While the index is made anew, only a part can.
    pub fn is_complete(&self) -> bool {
        self.0.is_complete.load(Ordering::SeqCst)
    }

    /// The ids of what fits on a shelf, the highest first and all below `before`.
    pub fn find(
        &self,
        shelf: u32,
        find: &Find,
        before: Option<Id>,
        limit: u32,
    ) -> Result<Vec<Id>, WordsError> {
        let Some(text) = find.text() else {
            return Ok(Vec::new());
        };
        let _gate = self.0.gate.read().unwrap_or_else(PoisonError::into_inner);
        let known = self.readers().pop();
        let connection = match known {
            Some(connection) => connection,
            None => reader(&self.0.path)?,
        };
        let found = ask(&connection, shelf, &text, before, limit);
        match found {
            Ok(ids) => {
                let mut readers = self.readers();
                if readers.len() < READERS_MAX {
                    readers.push(connection);
                }
                Ok(ids)
            }
            Err(error) => {
                let error = WordsError::from(error);
                if matches!(error, WordsError::Damaged(_)) {
                    self.0.is_complete.store(false, Ordering::SeqCst);
                    self.0.is_damaged.store(true, Ordering::SeqCst);
                }
                Err(error)
            }
        }
    }

    fn readers(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.0
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the file away, whatever it is, and begins anew.
    fn begin_anew(&self, fingerprint: &[u8; 32], head: Head) -> Result<Writer, WordsError> {
        let _gate = self.0.gate.write().unwrap_or_else(PoisonError::into_inner);
        self.0.is_complete.store(false, Ordering::SeqCst);
        self.readers().clear();
        for end in ["", "-wal", "-shm", "-journal"] {
            let mut name = self.0.path.clone().into_os_string();
            name.push(end);
            match std::fs::remove_file(&name) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(WordsError::Unavailable(error.to_string()));
                }
                _ => {}
            }
        }
        self.0.is_damaged.store(false, Ordering::SeqCst);
        let writer = Writer {
            connection: connect(&self.0.path, OpenFlags::default())?,
        };
        writer.begin(fingerprint, head)?;
        Ok(writer)
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, WordsError> {
    let connection = Connection::open_with_flags(path, flags)?;
    // What a power cut takes of it is followed again, so the disk is not waited for at each step.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -8192;",
    )?;
    Ok(connection)
}

fn reader(path: &Path) -> Result<Connection, WordsError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch("PRAGMA busy_timeout = 1000; PRAGMA cache_size = -2048;")?;
    Ok(connection)
}

fn ask(
    connection: &Connection,
    shelf: u32,
    text: &str,
    before: Option<Id>,
    limit: u32,
) -> rusqlite::Result<Vec<Id>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT rowid FROM shelf_{shelf} WHERE shelf_{shelf} MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC LIMIT ?3"
    ))?;
    let before = before.map_or(i64::MAX, |id| id.0);
    statement
        .query_map(params![text, before, limit], |row| Ok(Id(row.get(0)?)))?
        .collect()
}

/// The one that writes.
struct Writer {
    connection: Connection,
}

impl Writer {
    /// An index that is there and sound; none when it must be made anew.
    fn open(path: &Path, fingerprint: &[u8; 32]) -> Option<Self> {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).ok()?;
        let is_sound = connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
            .is_ok_and(|said| said == "ok");
        let known = connection.query_row("SELECT format, fingerprint FROM head", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
        });
        let fits = known.is_ok_and(|(format, found)| format == FORMAT && found == fingerprint);
        (is_sound && fits).then_some(Self { connection })
    }

    fn begin(&self, fingerprint: &[u8; 32], head: Head) -> Result<(), WordsError> {
        self.connection.execute_batch(
            "BEGIN;
             CREATE TABLE head (format INTEGER NOT NULL, fingerprint BLOB NOT NULL, place INTEGER NOT NULL, key INTEGER NOT NULL);
             CREATE TABLE scan (shelf INTEGER PRIMARY KEY, before INTEGER NOT NULL);
             CREATE TABLE document (id INTEGER PRIMARY KEY, digest INTEGER NOT NULL);",
        )?;
        for shelf in 0..SHELVES {
            // A set of words: no positions, no counts, and no word of its own is kept.
            self.connection.execute_batch(&format!(
                "CREATE VIRTUAL TABLE shelf_{shelf} USING fts5(words, content='', contentless_delete=1, detail=none, tokenize='ascii');
                 INSERT INTO scan (shelf, before) VALUES ({shelf}, {});",
                i64::MAX
            ))?;
        }
        self.connection.execute(
            "INSERT INTO head (format, fingerprint, place, key) VALUES (?1, ?2, ?3, ?4)",
            params![FORMAT, fingerprint, head.place, head.key.0],
        )?;
        Ok(self.connection.execute_batch("COMMIT;")?)
    }

    fn head(&self) -> Result<Head, WordsError> {
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Head {
                place: row.get(0)?,
                key: Id(row.get(1)?),
            })
        };
        Ok(self
            .connection
            .query_row("SELECT place, key FROM head", [], read)?)
    }

    /// The shelf still to be taken in, and below which id; none when all are.
    fn scan(&self) -> Result<Option<(u32, Id)>, WordsError> {
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, Id(row.get(1)?)));
        let first = "SELECT shelf, before FROM scan ORDER BY shelf LIMIT 1";
        Ok(self.connection.query_row(first, [], read).optional()?)
    }

    /// Takes in documents together with how far that brings the index.
    fn put(&mut self, mut documents: Vec<Document>, step: &Step) -> Result<(), WordsError> {
        // In rising order, as the index gathers them; of one told twice the last counts.
        documents.sort_by_key(|document| document.id);
        let transaction = self.connection.transaction()?;
        for document in &documents {
            put_one(&transaction, document)?;
        }
        match step {
            Step::Followed(head) => transaction.execute(
                "UPDATE head SET place = ?1, key = ?2",
                params![head.place, head.key.0],
            )?,
            Step::Scanned(shelf, Some(before)) => transaction.execute(
                "UPDATE scan SET before = ?2 WHERE shelf = ?1",
                params![shelf, before.0],
            )?,
            Step::Scanned(shelf, None) => {
                transaction.execute("DELETE FROM scan WHERE shelf = ?1", params![shelf])?
            }
        };
        Ok(transaction.commit()?)
    }
}

/// How far something brought the index.
enum Step {
    /// Up to this entry of the outbox.
    Followed(Head),
    /// A shelf down to this id; or to its end.
    Scanned(u32, Option<Id>),
}

/// Most steps of a case change none of its words; then nothing is written.
fn put_one(connection: &Connection, document: &Document) -> Result<(), WordsError> {
    let digest = digest(&document.words);
    let known: Option<i64> = connection
        .prepare_cached("SELECT digest FROM document WHERE id = ?1")?
        .query_row([document.id.0], |row| row.get(0))
        .optional()?;
    if known == Some(digest) {
        return Ok(());
    }
    let mut text = String::with_capacity(document.words.len() * 17);
    for word in &document.words {
        // To a string nothing can fail to be written.
        let _ = write!(text, "{:016x} ", word.0);
    }
    let shelf = document.shelf;
    connection
        .prepare_cached(&format!(
            "INSERT OR REPLACE INTO shelf_{shelf} (rowid, words) VALUES (?1, ?2)"
        ))?
        .execute(params![document.id.0, text])?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO document (id, digest) VALUES (?1, ?2)")?
        .execute(params![document.id.0, digest])?;
    Ok(())
}

/// Says whether a set of words has changed. They are hashes already: this need not be one that withstands anybody.
fn digest(words: &[Word]) -> i64 {
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    for word in words {
        sum = (sum ^ word.0)
            .wrapping_mul(0x0000_0100_0000_01b3)
            .rotate_left(29);
    }
    sum.cast_signed()
}
