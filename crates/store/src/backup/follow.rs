//! The backup's thread: keeps the changes every few seconds, and a base once a day.

use super::base_copy::BaseCopy;
use super::log::{Changes, Position};
use super::piece::{self, Head};
use super::restore::Choice;
use super::shelf::{Line, OwnShelf, remove_folder};
use super::tap::{Taken, Tap};
use super::{BackupError, Follow, Progress};
use base::{Clock, Timestamp};
use crossbeam_channel::Receiver;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A new base is made when the last one is so old: what is restored is one base and the changes since.
const BASE_SECONDS: i64 = 24 * 3_600;
/// Further behind than this is told in the log.
const BEHIND_SECONDS_MAX: i64 = 60;
/// How often it is told.
const TELL_EVERY: Duration = Duration::from_mins(1);
const DAY_SECONDS: i64 = 86_400;

pub(crate) struct Follower {
    pub(crate) options: Follow,
    /// None while the folder cannot be reached.
    pub(crate) shelf: Option<OwnShelf>,
    pub(crate) tap: Arc<Tap>,
    pub(crate) bell: Receiver<()>,
    /// Opened before SQLite has opened it and closed after: closing it sooner would give up the locks that SQLite holds on it.
    pub(crate) database: File,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) progress: Arc<Progress>,
}

/// The line that is being written.
struct Following {
    line: Line,
    /// The number of the next changes, and the digest of those before.
    next: u64,
    previous: String,
    /// The changes in which the present epoch of the log begins.
    epoch_first: u64,
    /// When its newest base was whole.
    based_at: Option<Timestamp>,
}

impl Following {
    /// Keeps the changes. On failure they are in `taken` as they were.
    fn keep(&mut self, taken: &Taken, at: Timestamp) -> Result<u64, BackupError> {
        let Some(position) = taken.position else {
            return Err(BackupError::Broken("changes from nowhere".into()));
        };
        let epoch_first = if taken.changes.begins_epoch {
            self.next
        } else {
            self.epoch_first
        };
        let path = self.line.changes_path(self.next);
        let head = changes_head(
            self.next,
            at,
            &taken.changes,
            epoch_first,
            position,
            &self.previous,
        );
        let (digest, bytes) = piece::write(&path, &head, &body(&taken.changes))?;
        self.next += 1;
        self.previous = digest;
        self.epoch_first = epoch_first;
        Ok(bytes)
    }
}

pub(crate) fn changes_head(
    number: u64,
    at: Timestamp,
    changes: &Changes,
    epoch_first: u64,
    position: Position,
    previous: &str,
) -> Head {
    Head::Changes {
        number,
        at,
        page_size: changes.page_size,
        database_pages: changes.database_pages,
        epoch_first,
        position,
        previous: previous.to_owned(),
    }
}

/// Each page behind its number.
pub(crate) fn body(changes: &Changes) -> Vec<u8> {
    let mut body = Vec::with_capacity(changes.bytes() + changes.pages.len() * 4);
    for (number, page) in &changes.pages {
        body.extend_from_slice(&number.to_be_bytes());
        body.extend_from_slice(page);
    }
    body
}

/// Lays beside the line what the caller gave.
pub(crate) fn lay_beside(line: &Line, files: &[(String, Vec<u8>)]) -> Result<(), BackupError> {
    for (name, bytes) in files {
        let path = line.folder.join(name);
        piece::put(&path, &[bytes]).map_err(|source| BackupError::io(&path, source))?;
    }
    Ok(())
}

impl Follower {
    /// Follows until the writer has ended, and keeps what it left.
    pub(crate) fn run(mut self) {
        let began = self.clock.now();
        let mut following = None;
        let mut told: Option<Instant> = None;
        loop {
            // Asked before the turn: then the turn sees all that was ever written.
            let is_last = self.tap.is_finished();
            let trouble = self.turn(&mut following).err();
            if let Some(BackupError::Broken(_)) = &trouble {
                following = None;
            }
            let behind = self.progress.kept_until().unwrap_or(began);
            let seconds = (self.clock.now().0 - behind.0) / 1_000_000;
            let is_new = told.is_none_or(|told| told.elapsed() >= TELL_EVERY);
            match &trouble {
                Some(error) if is_new => {
                    tracing::warn!(%error, behind_seconds = seconds, "the backup could not be kept up and will be tried again");
                    told = Some(Instant::now());
                }
                None if is_new && seconds > BEHIND_SECONDS_MAX => {
                    tracing::warn!(
                        behind_seconds = seconds,
                        "the backup is more than a minute behind"
                    );
                    told = Some(Instant::now());
                }
                _ => {}
            }
            if is_last {
                return;
            }
            if !self.tap.is_finished() && (trouble.is_some() || !self.tap.is_heavy()) {
                let _ = self.bell.recv_timeout(self.options.every); // woken or not
            }
        }
    }

    fn turn(&mut self, following: &mut Option<Following>) -> Result<(), BackupError> {
        let following = match following {
            Some(following) => following,
            none => none.insert(self.take_up()?),
        };
        self.ship(following)?;
        let now = self.clock.now();
        let is_old = |at: Timestamp| now >= at.plus_seconds(BASE_SECONDS);
        if following.based_at.is_none_or(is_old) && !self.tap.is_finished() {
            self.copy_base(following)?;
        }
        Ok(())
    }

    /// Goes on with the newest line when the log proves that nothing is missing, else begins one.
    fn take_up(&mut self) -> Result<Following, BackupError> {
        let shelf = match self.shelf.take() {
            Some(shelf) if shelf.is_there() => shelf,
            _ => OwnShelf::open(&self.options.folder, &self.options.owner)?,
        };
        let shelf = self.shelf.insert(shelf);
        if let Ok(Some(choice)) = Choice::newest(&shelf.shelf, None, true) {
            self.progress.set(choice.latest().ok());
        }
        let resumed = match shelf.shelf.lines()?.pop() {
            Some(line) => resume(&self.tap, line)?,
            None => None,
        };
        let following = if let Some(following) = resumed {
            tracing::info!(
                line = following.line.number,
                "the backup goes on where it was"
            );
            following
        } else {
            let head = Head::Line {
                owner: self.options.owner.clone(),
                at: self.clock.now(),
            };
            let line = shelf.begin_line(&head)?;
            tracing::info!(line = line.number, "the backup begins a line");
            self.tap.begin()?;
            Following {
                line,
                next: 1,
                previous: String::new(),
                epoch_first: 1,
                based_at: None,
            }
        };
        lay_beside(&following.line, &self.options.beside)?;
        Ok(following)
    }

    /// Keeps everything committed until the time it answers.
    fn ship(&self, following: &mut Following) -> Result<Timestamp, BackupError> {
        let now = self.clock.now();
        let taken = self.tap.take()?;
        if taken.changes.is_empty() {
            // Perhaps an epoch has begun, in which nothing was committed yet.
            self.tap.put_back(taken.changes);
        } else if let Err(error) = following.keep(&taken, now) {
            self.tap.put_back(taken.changes);
            return Err(error);
        }
        if following.based_at.is_some() {
            self.progress.set(Some(now));
        }
        Ok(now)
    }

    /// Copies the database file, with pauses as long as the work, and keeps the changes meanwhile.
    fn copy_base(&self, following: &mut Following) -> Result<(), BackupError> {
        let began = Instant::now();
        let changes_from = following.epoch_first;
        let mut copy = BaseCopy::begin(&following.line)?;
        let mut shipped = Instant::now();
        loop {
            let step = Instant::now();
            if !copy.step(&self.database)? {
                break;
            }
            let _ = self.bell.recv_timeout(step.elapsed());
            if self.tap.is_finished() {
                return copy.give_up();
            }
            if shipped.elapsed() >= self.options.every || self.tap.is_heavy() {
                self.ship(following)?;
                shipped = Instant::now();
            }
        }
        // What was folded into the file while it was copied has been taken before.
        let at = self.ship(following)?;
        let bytes = copy.bytes;
        copy.end(changes_from, following.next - 1, at)?;
        following.based_at = Some(at);
        self.progress.set(Some(at));
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(
            line = following.line.number,
            bytes,
            duration_ms,
            "the backup has a new base"
        );
        if let Some(shelf) = &self.shelf {
            let until = at.plus_seconds(-i64::from(self.options.days) * DAY_SECONDS);
            prune(shelf, until)?;
        }
        Ok(())
    }
}

fn resume(tap: &Tap, line: Line) -> Result<Option<Following>, BackupError> {
    let Some(last) = line.changes()?.pop() else {
        return Ok(None);
    };
    let piece = match piece::read(&line.changes_path(last)) {
        Err(BackupError::Damaged { path, why }) => {
            tracing::warn!(path = %path.display(), why, "a file of the backup is damaged");
            return Ok(None);
        }
        piece => piece?,
    };
    let Head::Changes {
        epoch_first,
        position,
        ..
    } = piece.head
    else {
        return Ok(None);
    };
    if !tap.resume(position)? {
        return Ok(None);
    }
    let mut based_at = None;
    for base in line.bases()? {
        if base.end_path().exists()
            && let Head::BaseEnd { at, .. } = piece::read(&base.end_path())?.head
        {
            based_at = Some(at);
        }
    }
    Ok(Some(Following {
        line,
        next: last + 1,
        previous: piece.digest,
        epoch_first,
        based_at,
    }))
}

/// Clears away what is not needed to go back to `until` or later: everything before the newest base that was whole by then.
fn prune(shelf: &OwnShelf, until: Timestamp) -> Result<(), BackupError> {
    let Some(oldest) = Choice::newest(&shelf.shelf, Some(until), true)? else {
        return Ok(());
    };
    for line in shelf.shelf.lines()? {
        if line.number < oldest.line.number {
            remove_folder(&line.folder)?;
        } else if line.number == oldest.line.number {
            for base in line.bases()? {
                if base.number < oldest.base.number {
                    remove_folder(&base.folder)?;
                }
            }
            for number in line.changes()? {
                if number < oldest.changes_from {
                    remove_file(&line.changes_path(number))?;
                }
            }
        }
    }
    Ok(())
}

fn remove_file(path: &Path) -> Result<(), BackupError> {
    fs::remove_file(path).map_err(|source| BackupError::io(path, source))
}
