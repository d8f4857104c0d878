//! What lists are found in, from one run to the next: a file, so that a start need not read every case and report.
//!
//! It is a copy of what the database says. It is taken only by the very program that wrote it, whole, and while the database still has the last
//! change that it knows of; whatever else it is, everything is read again.

use super::Casework;
use super::listing::State;
use ::store::{StoreError, Tx, outbox};
use flate2::{Crc, CrcWriter};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Bytes of the sum at the end.
const SUM_BYTES: usize = 4;

/// Who wrote it, and upon what.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Label {
    program: Program,
    last: Last,
}

/// Which program: another one may mean something else by the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Program {
    bytes: u64,
    made_at: u128,
}

impl Program {
    fn this() -> io::Result<Self> {
        let about = fs::metadata(std::env::current_exe()?)?;
        let made_at = about.modified()?.duration_since(UNIX_EPOCH);
        Ok(Self {
            bytes: about.len(),
            made_at: made_at.map_or(0, |since| since.as_nanos()),
        })
    }
}

/// The last change that was known.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Last {
    place: i64,
    key: i64,
    kind: String,
    at: i64,
}

impl Last {
    /// What the database has at this place, if it has anything there.
    fn at_place(tx: &mut Tx<'_>, place: i64) -> Result<Option<Self>, StoreError> {
        let entry = outbox::at_place(tx, place)?;
        Ok(entry.map(|entry| Self {
            place,
            key: entry.key.0,
            kind: entry.kind,
            at: entry.at.0,
        }))
    }
}

fn told(file: &Path, error: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!("{}: {error}", file.display()))
}

/// Writes it beside `file` and puts it in its place when it is whole.
fn write(file: &Path, label: &Label, state: &State) -> Result<(), StoreError> {
    let new = file.with_extension("new");
    let written = || -> Result<(), Box<dyn std::error::Error>> {
        let out = CrcWriter::new(BufWriter::new(File::create(&new)?));
        let out = postcard::to_io(label, out)?;
        let out = postcard::to_io(state, out)?;
        let sum = out.crc().sum();
        let mut out = out.into_inner();
        out.write_all(&sum.to_le_bytes())?;
        out.flush()?;
        fs::rename(&new, file)?;
        Ok(())
    };
    written().map_err(|error| told(file, error))
}

/// What is kept in the file, or why it is not taken.
fn read(tx: &mut Tx<'_>, file: &Path) -> Result<Result<State, String>, StoreError> {
    let bytes = match fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Err("nothing was kept".to_owned()));
        }
        Err(error) => return Err(told(file, error)),
    };
    let Some((bytes, sum)) = bytes.split_last_chunk::<SUM_BYTES>() else {
        return Ok(Err("it is cut off".to_owned()));
    };
    let mut crc = Crc::new();
    crc.update(bytes);
    if crc.sum() != u32::from_le_bytes(*sum) {
        return Ok(Err("it is damaged".to_owned()));
    }
    let (label, rest) = match postcard::take_from_bytes::<Label>(bytes) {
        Ok(found) => found,
        Err(error) => return Ok(Err(error.to_string())),
    };
    if Program::this().ok().as_ref() != Some(&label.program) {
        return Ok(Err("another program wrote it".to_owned()));
    }
    if Last::at_place(tx, label.last.place)?.as_ref() != Some(&label.last) {
        return Ok(Err("the database has gone another way".to_owned()));
    }
    Ok(postcard::from_bytes(rest).map_err(|error| error.to_string()))
}

impl Casework {
    /// From now on the lists are kept in this file. Called before anything is asked.
    pub fn lists_keep_in(&self, file: PathBuf) {
        if self.lists().file.set(file).is_err() {
            tracing::warn!("the lists have their file already");
        }
    }

    /// Writes down what the lists know now, for the next start. Without a file, or before they know anything, there is nothing to do.
    pub async fn lists_keep(&self) -> Result<(), StoreError> {
        let Some(file) = self.lists().file.get().cloned() else {
            return Ok(());
        };
        if self.lists_size().is_none() {
            return Ok(());
        }
        let program = Program::this().map_err(|error| told(&file, error))?;
        let this = self.clone();
        self.store()
            .read(move |tx| {
                let state = this.lists().read();
                let Some(last) = Last::at_place(tx, state.place())? else {
                    return Ok(());
                };
                write(&file, &Label { program, last }, &state)
            })
            .await
    }

    /// What was kept, if it still holds.
    pub(super) async fn lists_kept(&self) -> Result<Option<State>, StoreError> {
        let Some(file) = self.lists().file.get().cloned() else {
            return Ok(None);
        };
        let found = self.store().read(move |tx| read(tx, &file)).await?;
        Ok(match found {
            Ok(state) => Some(state),
            Err(reason) => {
                tracing::info!(reason, "the lists are read from the database");
                None
            }
        })
    }
}
