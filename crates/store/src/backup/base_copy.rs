//! Copies the database file, stretch by stretch, while it may be written to. What is torn in it stands whole in the changes.

use super::BackupError;
use super::log::fill;
use super::piece::{self, Head};
use super::shelf::{Base, Line, make_folder, remove_folder};
use base::Timestamp;
use std::fs::File;

/// Bytes of a stretch.
const STRETCH: usize = 4 << 20;

pub(crate) struct BaseCopy {
    base: Base,
    offset: u64,
    pieces: u64,
    previous: String,
    /// Bytes written so far.
    pub(crate) bytes: u64,
}

impl BaseCopy {
    /// A base beside the others of the line; those that were never finished are cleared away.
    pub(crate) fn begin(line: &Line) -> Result<Self, BackupError> {
        let mut number = 1;
        for base in line.bases()? {
            number = base.number + 1;
            if !base.end_path().exists() {
                remove_folder(&base.folder)?;
            }
        }
        let base = line.base(number);
        make_folder(&base.folder)?;
        Ok(Self {
            base,
            offset: 0,
            pieces: 0,
            previous: String::new(),
            bytes: 0,
        })
    }

    /// Copies the next stretch. Says whether there may be more.
    pub(crate) fn step(&mut self, database: &File) -> Result<bool, BackupError> {
        let path = self.base.piece_path(self.pieces);
        let mut stretch = vec![0; STRETCH];
        let count = fill(database, &mut stretch, self.offset)
            .map_err(|source| BackupError::io(&path, source))?;
        stretch.truncate(count);
        if count == 0 {
            return Ok(false);
        }
        let head = Head::Base {
            number: self.pieces,
            offset: self.offset,
            previous: std::mem::take(&mut self.previous),
        };
        let (digest, bytes) = piece::write(&path, &head, &stretch)?;
        self.previous = digest;
        self.bytes += bytes;
        self.offset += count as u64;
        self.pieces += 1;
        Ok(count == STRETCH)
    }

    /// Says that it is whole, given the changes that mend it.
    pub(crate) fn end(
        self,
        changes_from: u64,
        changes_to: u64,
        at: Timestamp,
    ) -> Result<(), BackupError> {
        let head = Head::BaseEnd {
            pieces: self.pieces,
            previous: self.previous,
            changes_from,
            changes_to,
            at,
        };
        piece::write(&self.base.end_path(), &head, &[]).map(drop)
    }

    /// Clears it away unfinished.
    pub(crate) fn give_up(self) -> Result<(), BackupError> {
        remove_folder(&self.base.folder)
    }
}
