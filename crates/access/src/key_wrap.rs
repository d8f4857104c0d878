//! The key file on its way to another installation: a [`parcel`] bound to what it travels with, as text.

use crate::key_file::{self, KeyFileError};
use crate::parcel::{self, ParcelError, Passphrase};
use base::Chance;
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;

/// Why keys were not wrapped or unwrapped.
#[derive(Debug, Error)]
pub enum KeyWrapError {
    /// The key file.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// Another passphrase, or something was changed.
    #[error(transparent)]
    Parcel(#[from] ParcelError),
    /// No text.
    #[error("these are no keys of an installation: {0}")]
    Malformed(String),
    /// Another city's.
    #[error(
        "there is another key file at {0} already; it may be needed for other data, so move it away yourself"
    )]
    OtherKeys(String),
}

/// The key file at `path`, sealed under `passphrase` and bound to `context`, e.g. the digest of a manifest.
pub fn wrap(
    path: &Path,
    passphrase: &Passphrase,
    context: &str,
    source: &Arc<dyn Chance>,
) -> Result<String, KeyWrapError> {
    let text = key_file::text_of(path)?;
    let sealed = parcel::seal(passphrase, text.as_bytes(), context, &**source)?;
    Ok(hex::encode(sealed))
}

/// Opens what [`wrap`] sealed and puts it at `path`. False: the same keys were there already.
pub fn unwrap_to(
    path: &Path,
    wrapped: &str,
    passphrase: &Passphrase,
    context: &str,
    source: &Arc<dyn Chance>,
) -> Result<bool, KeyWrapError> {
    let malformed = |error: &dyn std::fmt::Display| KeyWrapError::Malformed(error.to_string());
    let sealed = hex::decode(wrapped.trim()).map_err(|error| malformed(&error))?;
    let opened = parcel::open(passphrase, &sealed, context)?;
    let text = std::str::from_utf8(&opened).map_err(|error| malformed(&error))?;
    key_file::put(path, text, &**source)?
        .ok_or_else(|| KeyWrapError::OtherKeys(path.display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sealing::Sealer;
    use base::SeededChance;
    use std::fs;

    const PHRASE: &str = "correct horse battery";

    fn phrase(text: &str) -> Passphrase {
        Passphrase::new(text).unwrap()
    }

    fn source() -> Arc<dyn Chance> {
        Arc::new(SeededChance::new(3))
    }

    #[test]
    fn keys_arrive_as_they_left_and_only_with_passphrase_and_manifest() {
        let folder = tempfile::tempdir().unwrap();
        let (here, there) = (
            folder.path().join("keys"),
            folder.path().join("new").join("keys"),
        );
        Sealer::from_file(&here, source()).unwrap();
        key_file::key_add(&here, &*source()).unwrap();
        let wrapped = wrap(&here, &phrase(PHRASE), "manifest 1", &source()).unwrap();
        let text = fs::read_to_string(&here).unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            assert!(!wrapped.contains(line.split_once(' ').unwrap().1));
        }
        let put = |text: &str, context: &str| {
            unwrap_to(&there, &wrapped, &phrase(text), context, &source())
        };
        assert!(matches!(
            put("correct horse batterY", "manifest 1"),
            Err(KeyWrapError::Parcel(ParcelError::NotAuthentic))
        ));
        assert!(matches!(
            put(PHRASE, "manifest 2"),
            Err(KeyWrapError::Parcel(ParcelError::NotAuthentic))
        ));
        assert!(!there.exists());
        assert!(put(PHRASE, "manifest 1").unwrap());
        assert_eq!(fs::read_to_string(&there).unwrap(), text);
        assert!(!put(PHRASE, "manifest 1").unwrap(), "the same are there");
        // What reads key files is content with it.
        Sealer::from_file(&there, source()).unwrap();
        fs::remove_file(&there).unwrap();
        Sealer::from_file(&there, Arc::new(SeededChance::new(9))).unwrap();
        let others = fs::read_to_string(&there).unwrap();
        assert!(matches!(
            put(PHRASE, "manifest 1"),
            Err(KeyWrapError::OtherKeys(_))
        ));
        assert_eq!(fs::read_to_string(&there).unwrap(), others);
    }
}
