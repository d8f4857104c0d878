//! The folder of a backup: lines in it, in each its base copies and its changes. Names are numbers, so that order is order of time.
//!
//! ```text
//! DIR/
//!   lock
//!   line-000001/
//!     line.piece                    whose it is, and since when
//!     keys.sealed                   what the caller gave to be laid beside
//!     base-000001/000000.piece …    stretches of the database file
//!     base-000001/end.piece         there when all of them are
//!     changes/0000000001.piece …
//! ```

use super::BackupError;
use super::piece::{self, Head};
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

pub(crate) const LINE_FILE: &str = "line.piece";
pub(crate) const END_FILE: &str = "end.piece";
pub(crate) const DUMP_FILE: &str = "dump.piece";

/// The folder as it is read.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub(crate) folder: PathBuf,
}

/// The folder, and nobody else writes to it.
#[derive(Debug)]
pub(crate) struct OwnShelf {
    pub(crate) shelf: Shelf,
    lock: File,
}

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) number: u64,
    pub(crate) folder: PathBuf,
}

/// One base copy, whole or not.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    pub(crate) number: u64,
    pub(crate) folder: PathBuf,
}

impl OwnShelf {
    /// Makes the folder when there is none, but not what it lies in: that may be a medium which is away. Errors: another process has
    /// it, or it keeps another city's backups.
    pub(crate) fn open(folder: &Path, owner: &str) -> Result<Self, BackupError> {
        if !folder.is_dir() {
            let made = DirBuilder::new().mode(0o700).create(folder);
            made.and_then(|()| piece::sync_folder(folder))
                .map_err(|source| BackupError::io(folder, source))?;
        }
        let path = folder.join("lock");
        let lock = File::create(&path).map_err(|source| BackupError::io(&path, source))?;
        lock.try_lock().map_err(|_| {
            BackupError::Refused(format!("{} is in use by another process", folder.display()))
        })?;
        let shelf = Shelf {
            folder: folder.to_owned(),
        };
        if let Some(line) = shelf.lines()?.last()
            && let Head::Line { owner: other, .. } = piece::read(&line.folder.join(LINE_FILE))?.head
            && other != owner
        {
            return Err(BackupError::Refused(format!(
                "{} keeps the backups of another city (audit key {other}, ours is {owner})",
                folder.display()
            )));
        }
        Ok(Self { shelf, lock })
    }

    /// Whether the folder is still the one that was opened.
    pub(crate) fn is_there(&self) -> bool {
        let ours = self.lock.metadata();
        let there = fs::metadata(self.shelf.folder.join("lock"));
        matches!((ours, there), (Ok(ours), Ok(there)) if (ours.dev(), ours.ino()) == (there.dev(), there.ino()))
    }

    /// The next line, empty.
    pub(crate) fn begin_line(&self, head: &Head) -> Result<Line, BackupError> {
        let number = self.shelf.lines()?.last().map_or(1, |last| last.number + 1);
        let folder = self.shelf.folder.join(format!("line-{number:06}"));
        // Under another name until it says whose it is.
        let draft = self.shelf.folder.join("draft");
        remove_folder(&draft)?;
        make_folder(&draft.join("changes"))?;
        piece::write(&draft.join(LINE_FILE), head, &[])?;
        fs::rename(&draft, &folder)
            .and_then(|()| piece::sync_folder(&folder))
            .map_err(|source| BackupError::io(&folder, source))?;
        Ok(Line { number, folder })
    }
}

impl Shelf {
    pub(crate) fn lines(&self) -> Result<Vec<Line>, BackupError> {
        let numbered = numbered(&self.folder, "line-", "")?;
        Ok(numbered
            .into_iter()
            .map(|(number, folder)| Line { number, folder })
            .collect())
    }
}

impl Line {
    pub(crate) fn changes_path(&self, number: u64) -> PathBuf {
        self.folder
            .join("changes")
            .join(format!("{number:010}.piece"))
    }

    /// The numbers of its changes, rising.
    pub(crate) fn changes(&self) -> Result<Vec<u64>, BackupError> {
        let numbered = numbered(&self.folder.join("changes"), "", ".piece")?;
        Ok(numbered.into_iter().map(|(number, _)| number).collect())
    }

    pub(crate) fn bases(&self) -> Result<Vec<Base>, BackupError> {
        let numbered = numbered(&self.folder, "base-", "")?;
        Ok(numbered
            .into_iter()
            .map(|(number, folder)| Base { number, folder })
            .collect())
    }

    pub(crate) fn base(&self, number: u64) -> Base {
        Base {
            number,
            folder: self.folder.join(format!("base-{number:06}")),
        }
    }
}

impl Base {
    pub(crate) fn piece_path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:06}.piece"))
    }

    pub(crate) fn end_path(&self) -> PathBuf {
        self.folder.join(END_FILE)
    }
}

/// What stands in `folder` under `prefix`, a number, and `suffix`; rising. Nothing when there is no such folder.
fn numbered(folder: &Path, prefix: &str, suffix: &str) -> Result<Vec<(u64, PathBuf)>, BackupError> {
    let failed = |source| BackupError::io(folder, source);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix(prefix)?.strip_suffix(suffix))
            .and_then(|digits| digits.parse().ok());
        if let Some(number) = number {
            found.push((number, entry.path()));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Makes a folder that only its owner may look into.
pub(crate) fn make_folder(folder: &Path) -> Result<(), BackupError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .and_then(|()| piece::sync_folder(folder))
        .map_err(|source| BackupError::io(folder, source))
}

pub(crate) fn remove_folder(folder: &Path) -> Result<(), BackupError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(BackupError::io(folder, error))
        }
        _ => Ok(()),
    }
}
