//! Keys on their way into a backup and back, or to another installation: sealed under a passphrase that is kept elsewhere, so that the
//! medium gives nothing away that the database has sealed.
//!
//! A parcel is `chengyun-keys 1\n | salt (16) | nonce (12) | ciphertext | tag (16)`: SM4-GCM under a key that Argon2id makes of
//! passphrase and salt. Everything before the ciphertext is authenticated with it, and so is the context: what the parcel travels with.

use crate::key_file::{KeyFileError, refuse_exposed};
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{AesGcm, KeyInit};
use argon2::{Algorithm, Argon2, Params, Version};
use base::{Chance, chance};
use std::fs;
use std::path::Path;
use thiserror::Error;
use zeroize::Zeroizing;

type Sm4Gcm = AesGcm<sm4::Sm4, aes_gcm::aead::consts::U12>;

const MAGIC: &[u8] = b"chengyun-keys 1\n";
const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
const KEY_BYTES: usize = 16;
/// Whoever has the medium may try for years: three times the memory of a sign-in, three passes.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
/// Who else may not read the passphrase. A group may: so systemd hands out credentials.
const EXPOSED: u32 = 0o037;
/// Characters of a passphrase, at least.
pub const PASSPHRASE_MIN: usize = 12;

/// Why a parcel was not sealed or not opened.
#[derive(Debug, Error)]
pub enum ParcelError {
    /// The file with the passphrase cannot be read, or is open to others.
    #[error("passphrase: {0}")]
    File(#[from] KeyFileError),
    /// Too easily guessed.
    #[error("a passphrase has at least {PASSPHRASE_MIN} characters")]
    TooShort,
    /// Another passphrase, or bytes that were changed.
    #[error(
        "the keys do not open: the passphrase is another, or they or what they travelled with were changed"
    )]
    NotAuthentic,
    /// No parcel of ours.
    #[error("these are no keys of a version known here")]
    Malformed,
    /// Sealing failed.
    #[error("the keys could not be sealed")]
    Broken,
}

/// What seals a parcel. Wiped when dropped.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// The first line of the file at `path`, which must be closed to others.
    pub fn from_file(path: &Path) -> Result<Self, ParcelError> {
        let text = fs::read_to_string(path).map_err(|source| KeyFileError::Unreachable {
            path: path.to_owned(),
            source,
        })?;
        let text = Zeroizing::new(text);
        refuse_exposed(path, EXPOSED)?;
        Self::new(text.lines().next().unwrap_or_default())
    }

    /// What somebody typed.
    pub fn new(text: &str) -> Result<Self, ParcelError> {
        let text = text.trim();
        if text.chars().count() < PASSPHRASE_MIN {
            return Err(ParcelError::TooShort);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    fn cipher(&self, salt: &[u8]) -> Result<Sm4Gcm, ParcelError> {
        let params = Params::new(MEMORY_KIB, PASSES, 1, Some(KEY_BYTES));
        let argon = params.map(|params| Argon2::new(Algorithm::Argon2id, Version::V0x13, params));
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        argon
            .and_then(|argon| argon.hash_password_into(self.0.as_bytes(), salt, &mut *key))
            .map_err(|_| ParcelError::Broken)?;
        Sm4Gcm::new_from_slice(&*key).map_err(|_| ParcelError::Broken)
    }
}

/// Seals `plain`, which opens with the same `context` only.
pub fn seal(
    passphrase: &Passphrase,
    plain: &[u8],
    context: &str,
    source: &dyn Chance,
) -> Result<Vec<u8>, ParcelError> {
    let salt = chance::bytes::<SALT_BYTES>(source);
    let nonce = chance::bytes::<NONCE_BYTES>(source);
    let mut parcel = [MAGIC, &salt, &nonce].concat();
    let payload = Payload {
        msg: plain,
        aad: &[parcel.as_slice(), context.as_bytes()].concat(),
    };
    let sealed = passphrase
        .cipher(&salt)?
        .encrypt(&nonce.into(), payload)
        .map_err(|_| ParcelError::Broken)?;
    parcel.extend_from_slice(&sealed);
    Ok(parcel)
}

/// Opens what [`seal`] made.
pub fn open(
    passphrase: &Passphrase,
    parcel: &[u8],
    context: &str,
) -> Result<Zeroizing<Vec<u8>>, ParcelError> {
    let head_bytes = MAGIC.len() + SALT_BYTES + NONCE_BYTES;
    let (head, sealed) = parcel
        .split_at_checked(head_bytes)
        .ok_or(ParcelError::Malformed)?;
    let rest = head.strip_prefix(MAGIC).ok_or(ParcelError::Malformed)?;
    let (salt, nonce) = rest
        .split_at_checked(SALT_BYTES)
        .ok_or(ParcelError::Malformed)?;
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| ParcelError::Malformed)?;
    let payload = Payload {
        msg: sealed,
        aad: &[head, context.as_bytes()].concat(),
    };
    let plain = passphrase
        .cipher(salt)?
        .decrypt(&nonce.into(), payload)
        .map_err(|_| ParcelError::NotAuthentic)?;
    Ok(Zeroizing::new(plain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::SeededChance;

    #[test]
    fn what_was_sealed_opens_with_its_passphrase_only_and_unchanged_only() {
        let ours = Passphrase::new("十二个字以上的备份口令，另处保存").unwrap();
        let other = Passphrase::new("correct horse battery").unwrap();
        let parcel = seal(&ours, b"keys", "", &SeededChance::new(1)).unwrap();
        assert_eq!(*open(&ours, &parcel, "").unwrap(), b"keys");
        assert!(matches!(
            open(&other, &parcel, ""),
            Err(ParcelError::NotAuthentic)
        ));
        for place in [20, 40, parcel.len() - 1] {
            let mut changed = parcel.clone();
            changed[place] ^= 1;
            assert!(matches!(
                open(&ours, &changed, ""),
                Err(ParcelError::NotAuthentic)
            ));
        }
        assert!(matches!(
            open(&ours, b"short", ""),
            Err(ParcelError::Malformed)
        ));
        assert!(matches!(
            Passphrase::new("short"),
            Err(ParcelError::TooShort)
        ));
    }

    #[cfg(unix)]
    #[test]
    fn a_passphrase_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        fs::write(&path, "correct horse battery\n").unwrap();
        let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        mode(0o644);
        assert!(Passphrase::from_file(&path).is_err());
        for closed in [0o600, 0o440] {
            mode(closed);
            assert!(Passphrase::from_file(&path).is_ok());
        }
    }
}
