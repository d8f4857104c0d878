//! Where the files of this installation lie, and where their copies do.

use crate::settings::Settings;
use std::path::{Path, PathBuf};
use store::blobs::{BlobError, Blobs, Copied};

/// Files among others: in the data directory, in a backup, in a hand-over.
const FOLDER: &str = "files";

/// Of files in `folder`.
pub fn folder_in(folder: &Path) -> PathBuf {
    folder.join(FOLDER)
}

/// The place that the settings name.
pub fn open(settings: &Settings) -> Result<Blobs, BlobError> {
    let blobs = Blobs::in_folder(&folder_in(&settings.data_dir))?;
    // A backup that is not there is on a medium that is away.
    if settings.backup_dir.is_dir() {
        let backup = Blobs::in_folder(&folder_in(&settings.backup_dir))?;
        return Ok(blobs.followed_by(backup));
    }
    Ok(blobs)
}

/// Copies what is not there yet to the files in `folder`.
pub async fn copy_to(from: &Blobs, folder: &Path) -> Result<Copied, BlobError> {
    from.copy_missing(&Blobs::in_folder(&folder_in(folder))?, "")
        .await
}

/// Copies the files in `folder`, if there are any.
pub async fn copy_from(folder: &Path, to: &Blobs) -> Result<Copied, BlobError> {
    let folder = folder_in(folder);
    if folder.is_dir() {
        Blobs::in_folder(&folder)?.copy_missing(to, "").await
    } else {
        Ok(Copied::default())
    }
}
