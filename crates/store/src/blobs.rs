//! Files too large for rows: photos, videos, recordings, documents. Written once, never changed, found by name.
//!
//! They lie in a folder ([`Blobs::in_folder`]). What they are and who may read them is told by rows of the room they belong to; a file is
//! written before its row, so that a row without its file is always a fault, and a file without a row is what a crash has left, which
//! the room clears away.
//!
//! ```ignore
//! let mut writer = blobs.begin(&name).await?;
//! writer.write(bytes).await?;
//! let written = writer.finish().await?;            // its SM3 and its length, for the row
//! blobs.read(&written.name, Some(0..1024)).await?;
//! ```
//!
//! A name is `<folder>/<file>`, both of letters, digits and hyphens; folders are days, so that one of them is never too long.

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path as Name;
use object_store::{GetOptions, ObjectStore, ObjectStoreExt as _, WriteMultipart};
use sm3::{Digest as _, Sm3};
use std::fmt;
use std::fs::DirBuilder;
use std::ops::Range;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Parts of one file that may be on their way at once.
const PARTS_AT_ONCE: usize = 2;

/// Why a file was not written, read or removed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BlobError {
    /// There is none of this name.
    #[error("there is no file {0}")]
    Missing(String),
    /// The place where files lie said no.
    #[error("the place of files: {0}")]
    Failed(String),
}

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { path, .. } => Self::Missing(path),
            other => Self::Failed(other.to_string()),
        }
    }
}

/// Where files lie. Cheap to clone.
#[derive(Clone)]
pub struct Blobs {
    place: Arc<dyn ObjectStore>,
    /// Of a local place.
    folder: Option<PathBuf>,
    /// Where copies are kept.
    backup: Option<Arc<Blobs>>,
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blobs({})", self.place)
    }
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// SM3 of it, in hexadecimal.
    pub digest: String,
}

/// A file in a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
}

/// A file being read.
pub struct Reading {
    /// The length of the whole file in bytes.
    pub bytes: u64,
    /// The bytes asked for, piece by piece.
    pub stream: BoxStream<'static, Result<Bytes, BlobError>>,
}

/// What was copied from one place to another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copied {
    /// Files that were not there.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Blobs {
    /// Files in a folder, which is made when missing and closed to other users.
    pub fn in_folder(folder: &Path) -> Result<Self, BlobError> {
        let failed =
            |error: &dyn fmt::Display| BlobError::Failed(format!("{}: {error}", folder.display()));
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| failed(&error))?;
        let place = LocalFileSystem::new_with_prefix(folder).map_err(|error| failed(&error))?;
        Ok(Self {
            // A row that is durable has a file that is.
            place: Arc::new(place.with_fsync(true)),
            folder: Some(folder.to_owned()),
            backup: None,
        })
    }

    /// Files that are gone when nobody holds them: for tests and for cities made to be thrown away.
    pub fn in_memory() -> Self {
        Self {
            place: Arc::new(InMemory::new()),
            folder: None,
            backup: None,
        }
    }

    /// The same, with copies kept in `backup`: [`Blobs::back_up`] copies, and what is removed here is removed there.
    #[must_use]
    pub fn followed_by(self, backup: Self) -> Self {
        Self {
            backup: Some(Arc::new(backup)),
            ..self
        }
    }

    /// Copies what the backup does not have, of the folders from `since` on. Nothing without a backup.
    pub async fn back_up(&self, since: &str) -> Result<Copied, BlobError> {
        match &self.backup {
            Some(backup) => self.copy_missing(backup, since).await,
            None => Ok(Copied::default()),
        }
    }

    /// Begins a file. Nobody sees it before it is finished.
    pub async fn begin(&self, name: &str) -> Result<Writer, BlobError> {
        let upload = self.place.put_multipart(&Name::from(name)).await?;
        Ok(Writer {
            name: name.to_owned(),
            upload: WriteMultipart::new(upload),
            digest: Sm3::new(),
            bytes: 0,
        })
    }

    /// Writes a file that is in memory.
    pub async fn put(&self, name: &str, bytes: Bytes) -> Result<Written, BlobError> {
        let written = Written {
            name: name.to_owned(),
            bytes: bytes.len() as u64,
            digest: hex::encode(Sm3::digest(&bytes)),
        };
        self.place.put(&Name::from(name), bytes.into()).await?;
        Ok(written)
    }

    /// Reads a file, or a part of it that lies within.
    pub async fn read(&self, name: &str, range: Option<Range<u64>>) -> Result<Reading, BlobError> {
        let options = GetOptions {
            range: range.map(Into::into),
            ..GetOptions::default()
        };
        let found = self.place.get_opts(&Name::from(name), options).await?;
        Ok(Reading {
            bytes: found.meta.size,
            stream: found.into_stream().map_err(BlobError::from).boxed(),
        })
    }

    /// The length and the SM3 of a file as it is.
    pub async fn check(&self, name: &str) -> Result<Written, BlobError> {
        let mut reading = self.read(name, None).await?;
        let (mut digest, mut bytes) = (Sm3::new(), 0);
        while let Some(piece) = reading.stream.try_next().await? {
            digest.update(&piece);
            bytes += piece.len() as u64;
        }
        Ok(Written {
            name: name.to_owned(),
            bytes,
            digest: hex::encode(digest.finalize()),
        })
    }

    /// Removes a file, and the copy of it that is kept; one that is not there is removed already.
    pub async fn remove(&self, name: &str) -> Result<(), BlobError> {
        if let Some(backup) = &self.backup {
            backup.remove_here(name).await?;
        }
        self.remove_here(name).await
    }

    async fn remove_here(&self, name: &str) -> Result<(), BlobError> {
        match self
            .place
            .delete(&Name::from(name))
            .await
            .map_err(BlobError::from)
        {
            Err(BlobError::Missing(_)) => Ok(()),
            outcome => outcome,
        }
    }

    /// The folders there are, in order.
    pub async fn folders(&self) -> Result<Vec<String>, BlobError> {
        let found = self.place.list_with_delimiter(None).await?;
        let mut names: Vec<String> = found
            .common_prefixes
            .iter()
            .map(ToString::to_string)
            .collect();
        names.sort_unstable();
        Ok(names)
    }

    /// The files of a folder, in order.
    pub async fn list(&self, folder: &str) -> Result<Vec<Listed>, BlobError> {
        let found = self.place.list(Some(&Name::from(folder)));
        let listed = found.map_ok(|meta| Listed {
            name: meta.location.to_string(),
            bytes: meta.size,
        });
        let mut files: Vec<Listed> = listed.try_collect().await?;
        files.sort_unstable();
        Ok(files)
    }

    /// Copies what `to` does not have, of the folders from `since` on. Files never change, so what is there with the same length is the same.
    pub async fn copy_missing(&self, to: &Self, since: &str) -> Result<Copied, BlobError> {
        let mut copied = Copied::default();
        let folders = self.folders().await?;
        for folder in folders
            .into_iter()
            .filter(|folder| folder.as_str() >= since)
        {
            let there = to.list(&folder).await?;
            for file in self.list(&folder).await? {
                if there.binary_search(&file).is_ok() {
                    continue;
                }
                match self.copy(&file.name, to).await {
                    // Somebody was asked to remove it meanwhile.
                    Err(BlobError::Missing(_)) => {}
                    Err(error) => return Err(error),
                    Ok(written) => {
                        copied.files += 1;
                        copied.bytes += written.bytes;
                    }
                }
            }
        }
        Ok(copied)
    }

    async fn copy(&self, name: &str, to: &Self) -> Result<Written, BlobError> {
        let mut reading = self.read(name, None).await?;
        let mut writer = to.begin(name).await?;
        while let Some(piece) = reading.stream.try_next().await? {
            writer.write(piece).await?;
        }
        writer.finish().await
    }

    /// Removes files that were begun more than `age` ago and never finished: a crash left them. Says how many.
    pub fn remove_unfinished(&self, age: Duration) -> std::io::Result<u64> {
        let Some(folder) = &self.folder else {
            return Ok(0);
        };
        let mut removed = 0;
        for day in std::fs::read_dir(folder)? {
            let day = day?;
            if !day.file_type()?.is_dir() {
                continue;
            }
            for file in std::fs::read_dir(day.path())? {
                let file = file?;
                // So the name of a file ends that is being written.
                let is_unfinished = file.file_name().to_string_lossy().contains('#');
                let written = file.metadata().and_then(|about| about.modified());
                let is_old =
                    written.is_ok_and(|at| at.elapsed().is_ok_and(|elapsed| elapsed > age));
                if is_unfinished && is_old {
                    std::fs::remove_file(file.path())?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }
}

/// A file being written. Dropped, it leaves nothing that anybody sees.
pub struct Writer {
    name: String,
    upload: WriteMultipart,
    digest: Sm3,
    bytes: u64,
}

impl Writer {
    /// Writes more of it.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.digest.update(&bytes);
        self.bytes += bytes.len() as u64;
        self.upload.wait_for_capacity(PARTS_AT_ONCE).await?;
        self.upload.put(bytes);
        Ok(())
    }

    /// All of it is there, and stays.
    pub async fn finish(self) -> Result<Written, BlobError> {
        self.upload.finish().await?;
        Ok(Written {
            name: self.name,
            bytes: self.bytes,
            digest: hex::encode(self.digest.finalize()),
        })
    }

    /// It is not wanted after all.
    pub async fn abort(self) -> Result<(), BlobError> {
        Ok(self.upload.abort().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn filled(blobs: &Blobs, name: &str, bytes: &'static [u8]) -> Written {
        let mut writer = blobs.begin(name).await.unwrap();
        writer.write(Bytes::from_static(bytes)).await.unwrap();
        writer.finish().await.unwrap()
    }

    #[tokio::test]
    async fn a_file_is_read_as_it_was_written_whole_and_in_part() {
        let folder = tempfile::tempdir().unwrap();
        for blobs in [Blobs::in_memory(), Blobs::in_folder(folder.path()).unwrap()] {
            let written = filled(&blobs, "2026-11-28/1", b"0123456789").await;
            assert_eq!(written, blobs.check("2026-11-28/1").await.unwrap());
            let part = blobs.read("2026-11-28/1", Some(2..5)).await.unwrap();
            assert_eq!(part.bytes, 10);
            let pieces: Vec<Bytes> = part.stream.try_collect().await.unwrap();
            assert_eq!(pieces.concat(), b"234");
            blobs.remove("2026-11-28/1").await.unwrap();
            blobs.remove("2026-11-28/1").await.unwrap();
            let gone = blobs.read("2026-11-28/1", None).await;
            assert!(matches!(gone, Err(BlobError::Missing(_))));
        }
    }

    #[tokio::test]
    async fn what_is_not_finished_is_not_there_and_is_cleared_away_once_it_is_old() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::in_folder(folder.path()).unwrap();
        let mut writer = blobs.begin("2026-11-28/1").await.unwrap();
        writer.write(Bytes::from_static(b"half")).await.unwrap();
        // As a crash leaves it.
        std::mem::forget(writer);
        assert!(blobs.list("2026-11-28").await.unwrap().is_empty());
        assert_eq!(blobs.remove_unfinished(Duration::from_hours(1)).unwrap(), 0);
        assert_eq!(blobs.remove_unfinished(Duration::ZERO).unwrap(), 1);
    }

    #[tokio::test]
    async fn only_what_is_missing_is_copied() {
        let (from, to) = (Blobs::in_memory(), Blobs::in_memory());
        filled(&from, "2026-11-27/1", b"one").await;
        filled(&from, "2026-11-28/2", b"three").await;
        filled(&to, "2026-11-28/2", b"three").await;
        let copied = from.copy_missing(&to, "").await.unwrap();
        assert_eq!(copied, Copied { files: 1, bytes: 3 });
        assert_eq!(from.copy_missing(&to, "").await.unwrap(), Copied::default());
        assert_eq!(to.folders().await.unwrap(), ["2026-11-27", "2026-11-28"]);
    }

    #[tokio::test]
    async fn a_backup_gets_what_is_new_and_loses_what_is_removed() {
        let backup = Blobs::in_memory();
        let blobs = Blobs::in_memory().followed_by(backup.clone());
        filled(&blobs, "2026-11-27/1", b"old").await;
        filled(&blobs, "2026-11-28/2", b"new").await;
        let copied = blobs.back_up("2026-11-28").await.unwrap();
        assert_eq!(copied, Copied { files: 1, bytes: 3 });
        assert_eq!(backup.folders().await.unwrap(), ["2026-11-28"]);
        blobs.remove("2026-11-28/2").await.unwrap();
        assert!(backup.list("2026-11-28").await.unwrap().is_empty());
    }
}
