//! The way back: which base and which changes make the state of a time, and the database file made of them.

use super::BackupError;
use super::piece::{self, Head, Piece};
use super::shelf::{Base, DUMP_FILE, LINE_FILE, Line, Shelf};
use crate::migrate::{self, Room};
use crate::{StoreError, sqlite};
use base::Timestamp;
use rusqlite::OpenFlags;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// A whole base and where its changes lie.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub(crate) line: Line,
    pub(crate) base: Base,
    pub(crate) changes_from: u64,
    changes_to: u64,
    pieces: u64,
    previous: String,
    based_at: Timestamp,
}

impl Choice {
    /// The newest base that was whole at `at`. Those whose end cannot be read are passed over when the caller `is_lenient`.
    pub(crate) fn newest(
        shelf: &Shelf,
        at: Option<Timestamp>,
        is_lenient: bool,
    ) -> Result<Option<Self>, BackupError> {
        for line in shelf.lines()?.into_iter().rev() {
            for base in line.bases()?.into_iter().rev() {
                let path = base.end_path();
                if !path.exists() {
                    continue; // it was never finished
                }
                let head = match piece::read(&path) {
                    Err(BackupError::Damaged { .. }) if is_lenient => continue,
                    piece => piece?.head,
                };
                let Head::BaseEnd {
                    pieces,
                    previous,
                    changes_from,
                    changes_to,
                    at: based_at,
                } = head
                else {
                    return Err(foreign(&path));
                };
                if at.is_none_or(|at| based_at <= at) {
                    return Ok(Some(Self {
                        line,
                        base,
                        changes_from,
                        changes_to,
                        pieces,
                        previous,
                        based_at,
                    }));
                }
            }
        }
        Ok(None)
    }

    /// The last state it can be brought to.
    pub(crate) fn latest(&self) -> Result<Timestamp, BackupError> {
        match self.line.changes()?.pop() {
            Some(last) if last >= self.changes_from => {
                match piece::read(&self.line.changes_path(last))?.head {
                    Head::Changes { at, .. } => Ok(at.max(self.based_at)),
                    _ => Err(foreign(&self.line.changes_path(last))),
                }
            }
            _ => Ok(self.based_at),
        }
    }
}

fn foreign(path: &Path) -> BackupError {
    damaged(path, "it is another kind of piece than its name says")
}

fn damaged(path: &Path, why: &str) -> BackupError {
    BackupError::Damaged {
        path: path.to_owned(),
        why: why.to_owned(),
    }
}

/// What to do about a damaged file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Restore nothing and name it.
    Refuse,
    /// Restore the last state before it.
    StopBefore,
}

/// What will be restored.
#[derive(Debug)]
pub struct Plan {
    choice: Choice,
    at: Option<Timestamp>,
    damage: Damage,
}

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// Everything committed by then is there.
    pub at: Timestamp,
    /// Bytes of the database file.
    pub bytes: u64,
    /// Pieces of changes laid over the base.
    pub changes: u64,
    /// The damaged file before which it stopped.
    pub stopped_before: Option<PathBuf>,
}

impl Plan {
    /// Of the backup in `folder`: the last state there is, or the last one at `at`.
    pub fn of(folder: &Path, at: Option<Timestamp>, damage: Damage) -> Result<Self, BackupError> {
        let shelf = Shelf {
            folder: folder.to_owned(),
        };
        if !folder.is_dir() {
            return Err(BackupError::Refused(format!(
                "{} is no folder",
                folder.display()
            )));
        }
        let choice = Choice::newest(&shelf, at, damage == Damage::StopBefore)?;
        let Some(choice) = choice else {
            let has_dump = shelf
                .lines()?
                .iter()
                .any(|line| line.folder.join(DUMP_FILE).exists());
            return Err(BackupError::Refused(match (at, has_dump) {
                (_, true) => format!(
                    "{} holds a copy of PostgreSQL: give the --database-url of an empty database",
                    folder.display()
                ),
                (Some(at), _) => {
                    format!("{} goes not back to {at}", folder.display())
                }
                (None, _) => format!("there is no whole backup in {}", folder.display()),
            }));
        };
        piece::read(&choice.line.folder.join(LINE_FILE))?;
        Ok(Self { choice, at, damage })
    }

    /// A file that was laid beside.
    pub fn beside(&self, name: &str) -> Result<Vec<u8>, BackupError> {
        let path = self.choice.line.folder.join(name);
        fs::read(&path).map_err(|source| BackupError::io(&path, source))
    }

    /// Makes the database at `target`, where there must be none, and holds it against what this program knows. On failure there is
    /// still none.
    pub fn build(&self, target: &Path, rooms: &[Room]) -> Result<Restored, BackupError> {
        for suffix in ["", "-wal", "-shm"] {
            let mut path = target.as_os_str().to_owned();
            path.push(suffix);
            if Path::new(&path).exists() {
                return Err(BackupError::Refused(format!(
                    "{} is there already",
                    PathBuf::from(path).display()
                )));
            }
        }
        let draft = target.with_extension("restoring");
        let built = self
            .lay(&draft)
            .and_then(|restored| check(&draft, rooms).map(|()| restored));
        match built {
            Ok(restored) => {
                fs::rename(&draft, target)
                    .and_then(|()| piece::sync_folder(target))
                    .map_err(|source| BackupError::io(target, source))?;
                Ok(restored)
            }
            Err(error) => {
                for suffix in ["", "-wal", "-shm"] {
                    let mut path = draft.as_os_str().to_owned();
                    path.push(suffix);
                    let _ = fs::remove_file(path); // it may not be there
                }
                Err(error)
            }
        }
    }

    fn lay(&self, draft: &Path) -> Result<Restored, BackupError> {
        let failed = |source| BackupError::io(draft, source);
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(draft)
            .map_err(failed)?;
        self.lay_base(&mut file).map_err(|error| match error {
            BackupError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                damaged(&self.choice.base.folder, "a piece is missing")
            }
            other => other,
        })?;
        let restored = self.lay_changes(&file)?;
        file.sync_all().map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        Ok(Restored { bytes, ..restored })
    }

    fn lay_base(&self, file: &mut File) -> Result<(), BackupError> {
        let choice = &self.choice;
        let mut previous_digest = String::new();
        for n in 0..choice.pieces {
            let path = choice.base.piece_path(n);
            let Piece { head, body, digest } = piece::read(&path)?;
            match head {
                Head::Base {
                    number,
                    offset,
                    previous,
                } if number == n && previous == previous_digest => {
                    file.write_all_at(&body, offset)
                        .map_err(|source| BackupError::io(&path, source))?;
                }
                _ => return Err(damaged(&path, "it does not follow the piece before")),
            }
            previous_digest = digest;
        }
        if previous_digest == choice.previous {
            Ok(())
        } else {
            Err(damaged(
                &choice.base.end_path(),
                "it is the end of another base",
            ))
        }
    }

    fn lay_changes(&self, file: &File) -> Result<Restored, BackupError> {
        let choice = &self.choice;
        let mut restored = Restored {
            at: choice.based_at,
            bytes: 0,
            changes: 0,
            stopped_before: None,
        };
        let last = choice.line.changes()?.pop().unwrap_or(0);
        let mut before: Option<String> = None;
        for number in choice.changes_from..=last.max(choice.changes_to) {
            let path = choice.line.changes_path(number);
            // Those that belong to the base are laid whatever their time is: a clock may have been set back.
            let until = self.at.filter(|_| number > choice.changes_to);
            match lay_one(file, &path, number, before.as_deref(), until) {
                Ok(Some((at, digest))) => {
                    restored.at = restored.at.max(at);
                    restored.changes += 1;
                    before = Some(digest);
                }
                // Later than what is wanted.
                Ok(None) => break,
                Err(error @ BackupError::Damaged { .. })
                    if self.damage == Damage::StopBefore && number > choice.changes_to =>
                {
                    tracing::warn!(%error, "restored is the state before");
                    restored.stopped_before = Some(path);
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(restored)
    }
}

/// Lays one piece of changes over the file. None when it is later than `until`.
fn lay_one(
    file: &File,
    path: &Path,
    expected: u64,
    before: Option<&str>,
    until: Option<Timestamp>,
) -> Result<Option<(Timestamp, String)>, BackupError> {
    let Piece { head, body, digest } = match piece::read(path) {
        Err(BackupError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return Err(damaged(path, "it is missing"));
        }
        piece => piece?,
    };
    let Head::Changes {
        number,
        at,
        page_size,
        database_pages,
        previous,
        ..
    } = head
    else {
        return Err(foreign(path));
    };
    if number != expected || before.is_some_and(|before| before != previous) {
        return Err(damaged(path, "it does not follow the piece before"));
    }
    if until.is_some_and(|until| at > until) {
        return Ok(None);
    }
    let size = page_size as usize;
    let failed = |source| BackupError::io(path, source);
    for entry in body.chunks(4 + size) {
        let Some((number, page)) = entry.split_first_chunk::<4>() else {
            return Err(damaged(path, "it ends within a page"));
        };
        let number = u64::from(u32::from_be_bytes(*number));
        if page.len() != size || number == 0 {
            return Err(damaged(path, "it ends within a page"));
        }
        let offset = (number - 1) * u64::from(page_size);
        file.write_all_at(page, offset).map_err(failed)?;
    }
    let bytes = u64::from(database_pages) * u64::from(page_size);
    file.set_len(bytes).map_err(failed)?;
    Ok(Some((at, digest)))
}

/// Whether it is a whole database, of a schema that this program knows.
fn check(path: &Path, rooms: &[Room]) -> Result<(), BackupError> {
    let connection = sqlite::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(StoreError::from)?;
    if found != "ok" {
        return Err(StoreError::Corrupt(found).into());
    }
    migrate::sqlite_known(&connection, &migrate::with_store_itself(rooms))?;
    Ok(())
}
