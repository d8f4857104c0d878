//! Backups of a running city, and the way back.
//!
//! **SQLite** is followed: once a day the database file is copied as it stands (the *base*), and every few seconds all pages that were
//! committed since are taken from the log and kept (the *changes*). The base is copied while it is written to and would not be a
//! database by itself; with all changes since the beginning of the log's epoch in which the copy began, it is. A *line* is an
//! unbroken succession of changes; a new one begins when it cannot be proven that nothing was written in between.
//! **PostgreSQL** has tools of its own, which are called.
//!
//! ```ignore
//! let options = Options { backup: Some(Follow { folder, every, owner, beside }), ..options };
//! let store = Store::open(&options, ROOMS, clock, chance)?;      // follows from here on
//! store.backup_state();                                          // how far it has come
//!
//! let plan = backup::Plan::of(&folder, Some(at))?;
//! plan.build(&fresh, ROOMS, Damage::Refuse)?;
//! ```
//!
//! What it is not: a second server that takes over, or a place for keys. The caller gives what is to be laid beside, sealed.

mod base_copy;
mod follow;
mod log;
mod once;
mod piece;
pub mod postgres;
mod restore;
mod shelf;
mod tap;

pub(crate) use follow::Follower;
pub use once::{Copied, copy_once};
pub use restore::{Damage, Plan, Restored};
pub(crate) use shelf::OwnShelf;
pub(crate) use tap::{Tap, WriterTap};

use crate::StoreError;
use base::Timestamp;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How a store is followed by its backup.
#[derive(Clone, Debug)]
pub struct Follow {
    /// Where the backup is kept; made when missing.
    pub folder: PathBuf,
    /// How often changes are kept.
    pub every: Duration,
    /// For how many days one can go back, at least.
    pub days: u32,
    /// Whose backup it is; a folder that keeps another's is refused.
    pub owner: String,
    /// Files to be laid beside, by name. What is secret in them is sealed already.
    pub beside: Vec<(String, Vec<u8>)>,
}

/// Why a backup was not made or not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The system said no.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// A file of the backup is not as it was written, or is missing.
    #[error("{} is damaged: {why}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Changes were lost before they could be kept.
    #[error("the line of changes is broken: {0}")]
    Broken(String),
    /// It would do harm, or cannot be done.
    #[error("{0}")]
    Refused(String),
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BackupError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}

/// How far the backup has come; shared by its thread and the store.
#[derive(Debug, Default)]
pub(crate) struct Progress(Mutex<Option<Timestamp>>);

impl Progress {
    /// Everything committed before then can be restored.
    pub(crate) fn kept_until(&self) -> Option<Timestamp> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, until: Option<Timestamp>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}
