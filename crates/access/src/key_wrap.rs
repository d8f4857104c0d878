//! The key file on its way to another installation: sealed under a passphrase, and bound to what it travels with.
//!
//! The passphrase is stretched with Argon2id at a fixed cost (64 MiB, three passes); under the result the file is sealed as personal
//! data are ([`Sealer`]), its context being what the caller says, e.g. the digest of a manifest: changed, the keys
//! do not open.

use crate::key_file::{self, KeyFileError, Secret};
use crate::sealing::{Sealer, SealingError};
use argon2::{Algorithm, Argon2, Params, Version};
use base::{Chance, chance};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;
use zeroize::Zeroizing;

/// Fewer characters are no passphrase.
pub const PASSPHRASE_CHARACTERS_MIN: usize = 12;

const FORMAT: &str = "chengyun-keys/1";
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;

/// Why keys were not wrapped or unwrapped.
#[derive(Debug, Error)]
pub enum KeyWrapError {
    /// The key file.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// Too short.
    #[error("the passphrase has fewer than {PASSPHRASE_CHARACTERS_MIN} characters")]
    PassphraseShort,
    /// Another passphrase, or something was changed.
    #[error(
        "the keys do not open: the passphrase is another, or what they travelled with was changed"
    )]
    NotAuthentic,
    /// No wrapped keys.
    #[error("these are no keys of an installation: {0}")]
    Malformed(String),
    /// Another city's.
    #[error(
        "there is another key file at {0} already; it may be needed for other data, so move it away yourself"
    )]
    OtherKeys(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrapped {
    format: String,
    salt: String,
    sealed: String,
}

/// The key file at `path`, sealed under `passphrase` and bound to `context`.
pub fn wrap(
    path: &Path,
    passphrase: &str,
    context: &str,
    source: &Arc<dyn Chance>,
) -> Result<String, KeyWrapError> {
    let text = key_file::text_of(path)?;
    let salt: [u8; 16] = chance::bytes(&**source);
    let sealer = sealer(passphrase, &salt, source)?;
    let wrapped = Wrapped {
        format: FORMAT.to_owned(),
        salt: hex::encode(salt),
        sealed: hex::encode(sealer.seal(text.as_bytes(), context)),
    };
    let json = serde_json::to_string_pretty(&wrapped);
    json.map_err(|error| KeyWrapError::Malformed(error.to_string()))
}

/// Opens what [`wrap`] sealed and puts it at `path`. False: the same keys were there already.
pub fn unwrap_to(
    path: &Path,
    wrapped: &str,
    passphrase: &str,
    context: &str,
    source: &Arc<dyn Chance>,
) -> Result<bool, KeyWrapError> {
    let malformed = |error: &dyn std::fmt::Display| KeyWrapError::Malformed(error.to_string());
    let wrapped: Wrapped = serde_json::from_str(wrapped).map_err(|error| malformed(&error))?;
    if wrapped.format != FORMAT {
        return Err(malformed(&format!("the form {:?}", wrapped.format)));
    }
    let salt = hex::decode(&wrapped.salt).map_err(|error| malformed(&error))?;
    let sealed = hex::decode(&wrapped.sealed).map_err(|error| malformed(&error))?;
    let opened = sealer(passphrase, &salt, source)?.open(&sealed, context);
    let opened = opened.map(Zeroizing::new).map_err(|error| match error {
        SealingError::Malformed => malformed(&error),
        SealingError::UnknownKey(_) | SealingError::NotAuthentic => KeyWrapError::NotAuthentic,
    })?;
    let text = std::str::from_utf8(&opened).map_err(|error| malformed(&error))?;
    key_file::put(path, text, &**source)?
        .ok_or_else(|| KeyWrapError::OtherKeys(path.display().to_string()))
}

/// Seals under the passphrase. Its key bears the number of the first and is used for nothing else.
fn sealer(passphrase: &str, salt: &[u8], source: &Arc<dyn Chance>) -> Result<Sealer, KeyWrapError> {
    if passphrase.chars().count() < PASSPHRASE_CHARACTERS_MIN {
        return Err(KeyWrapError::PassphraseShort);
    }
    let broken = |error: &dyn std::fmt::Display| KeyWrapError::Malformed(error.to_string());
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| broken(&error))?;
    let mut stretched = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, &mut *stretched)
        .map_err(|error| broken(&error))?;
    Sealer::from_secrets(&[Secret::of(1, stretched)], source.clone())
        .ok_or_else(|| KeyWrapError::Malformed("no key".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::SeededChance;
    use std::fs;

    const PHRASE: &str = "correct horse battery";

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
        let wrapped = wrap(&here, PHRASE, "manifest 1", &source()).unwrap();
        let text = fs::read_to_string(&here).unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            assert!(!wrapped.contains(line.split_once(' ').unwrap().1));
        }
        let put =
            |phrase: &str, context: &str| unwrap_to(&there, &wrapped, phrase, context, &source());
        assert!(matches!(
            put("correct horse batterY", "manifest 1"),
            Err(KeyWrapError::NotAuthentic)
        ));
        assert!(matches!(
            put(PHRASE, "manifest 2"),
            Err(KeyWrapError::NotAuthentic)
        ));
        assert!(matches!(
            put("short", "manifest 1"),
            Err(KeyWrapError::PassphraseShort)
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
