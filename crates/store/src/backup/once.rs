//! One copy, now, of a SQLite database that another process may be serving meanwhile.
//!
//! A reader's transaction is held open until the copy is whole: while it is, SQLite neither begins the log anew nor folds more of it
//! than that reader has seen. So the file as it is copied, with all of the log at the end laid over it, is the database at that end.

use super::base_copy::BaseCopy;
use super::follow::{body, changes_head, lay_beside};
use super::piece::{self, Head};
use super::shelf::OwnShelf;
use super::tap::Tap;
use super::{BackupError, Follow};
use crate::sqlite;
use base::{Clock, Timestamp};
use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;
use std::fs::File;
use std::path::Path;

/// What was copied.
#[derive(Clone, Copy, Debug)]
pub struct Copied {
    /// The state it is of.
    pub at: Timestamp,
    /// What it takes.
    pub bytes: u64,
}

/// Copies the SQLite database at `path` into a line of its own.
pub fn copy_once(path: &Path, options: &Follow, clock: &dyn Clock) -> Result<Copied, BackupError> {
    // Before the connection, and so closed after it: closing gives up the locks of the whole process.
    let database = File::open(path).map_err(|source| BackupError::io(path, source))?;
    let shelf = OwnShelf::open(&options.folder, &options.owner)?;
    let connection = sqlite::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .and_then(|_| connection.execute_batch("BEGIN"))
        .and_then(|()| {
            let count = "SELECT count(*) FROM schema_migration";
            connection.query_row(count, [], |row| row.get::<_, i64>(0))
        })
        .map_err(crate::StoreError::from)?;
    let line = shelf.begin_line(&Head::Line {
        owner: options.owner.clone(),
        at: clock.now(),
    })?;
    lay_beside(&line, &options.beside)?;
    let mut copy = BaseCopy::begin(&line)?;
    while copy.step(&database)? {}
    let at = clock.now();
    let (tap, _) = Tap::new(path);
    tap.begin()?;
    let taken = tap.take()?;
    let mut bytes = copy.bytes;
    let last = match taken.position {
        Some(position) if !taken.changes.is_empty() => {
            let head = changes_head(1, at, &taken.changes, 1, position, "");
            bytes += piece::write(&line.changes_path(1), &head, &body(&taken.changes))?.1;
            1
        }
        _ => 0,
    };
    copy.end(1, last, at)?;
    drop(connection);
    Ok(Copied { at, bytes })
}
