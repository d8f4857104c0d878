//! Where the files of this installation lie.

use crate::settings::Settings;
use std::path::PathBuf;
use store::blobs::{BlobError, Blobs};

/// Of files in the data directory.
pub fn folder(settings: &Settings) -> PathBuf {
    settings.data_dir.join("files")
}

/// The place that the settings name.
pub fn open(settings: &Settings) -> Result<Blobs, BlobError> {
    Blobs::in_folder(&folder(settings))
}
