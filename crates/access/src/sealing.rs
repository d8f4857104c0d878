//! Seals personal data before they are stored: SM4-GCM under a key from a file, bound to where the value stands.
//!
//! A sealed value is `version (1 byte) | key number (4, big-endian) | nonce (12) | ciphertext | tag (16)`. Its *context* (what
//! and whose it is, e.g. `staff.phone:42`) is authenticated with it: a value copied to another row does not open.
//! To find a sealed value without opening all, store its [`Sealer::keyed_hash`] beside it.
//!
//! Nonces are drawn at random, so one key should seal at most 2^32 values: add a key (and restart) long before. The newest key
//! seals, all open; the keyed hash stays that of the first key, so that lookups survive.

use crate::key_file::{self, KeyFileError, Secret};
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{AesGcm, KeyInit};
use base::Chance;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sm3::{Digest, Sm3};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

type Sm4Gcm = AesGcm<sm4::Sm4, aes_gcm::aead::consts::U12>;
pub(crate) type HmacSm3 = Hmac<Sm3>;

const FORMAT_VERSION: u8 = 1;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
const HEAD_BYTES: usize = 1 + 4 + NONCE_BYTES;
const SALT_BYTES: usize = 16;
/// What sealing adds to the length of a value.
pub const OVERHEAD_BYTES: usize = HEAD_BYTES + TAG_BYTES;

/// Why something could not be opened. Never says what was inside.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SealingError {
    /// The bytes are too short or of a later format.
    #[error("this is not a sealed value of a format known here")]
    Malformed,
    /// Sealed under a key that the key file does not have.
    #[error("it was sealed with key {0}, which the key file does not have")]
    UnknownKey(u32),
    /// Changed, or standing where it was not sealed for.
    #[error("the sealed value is not authentic in its place")]
    NotAuthentic,
}

struct Key {
    number: u32,
    cipher: Sm4Gcm,
    /// Says that two files hold the same key, without saying which.
    fingerprint: [u8; 32],
}

/// Seals and opens. Cheap to clone; the key schedules are computed once.
#[derive(Clone)]
pub struct Sealer {
    /// By number; never empty, the last one seals.
    keys: Arc<[Key]>,
    newest: Arc<Key>,
    hasher: HmacSm3,
    chance: Arc<dyn Chance>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer")
            .field(
                "keys",
                &self.keys.iter().map(|key| key.number).collect::<Vec<_>>(),
            )
            .finish_non_exhaustive()
    }
}

impl Sealer {
    /// From the key file at `path`, which is made with a first key when there is none.
    pub fn from_file(path: &Path, chance: Arc<dyn Chance>) -> Result<Self, KeyFileError> {
        let secrets = key_file::read_or_create(path, &*chance)?;
        Self::from_secrets(&secrets, chance).ok_or_else(|| KeyFileError::empty(path))
    }

    /// With a key drawn from `chance` and kept in no file: what it seals is lost with it. For tests and simulations.
    pub fn ephemeral(chance: Arc<dyn Chance>) -> Self {
        let secret = Secret::draw(1, &*chance);
        Self {
            keys: Arc::new([Key::derive(&secret)]),
            newest: Arc::new(Key::derive(&secret)),
            hasher: hash_key(&secret),
            chance,
        }
    }

    pub(crate) fn from_secrets(secrets: &[Secret], chance: Arc<dyn Chance>) -> Option<Self> {
        let (first, last) = (secrets.first()?, secrets.last()?);
        Some(Self {
            keys: secrets.iter().map(Key::derive).collect(),
            newest: Arc::new(Key::derive(last)),
            hasher: hash_key(first),
            chance,
        })
    }

    /// Seals `plain` for the place named by `context`.
    #[expect(
        clippy::expect_used,
        reason = "GCM takes 64 GiB; no value in memory here comes near"
    )]
    pub fn seal(&self, plain: &[u8], context: &str) -> Vec<u8> {
        let mut nonce = [0; NONCE_BYTES];
        self.chance.fill(&mut nonce);
        let payload = Payload {
            msg: plain,
            aad: context.as_bytes(),
        };
        let body = self
            .newest
            .cipher
            .encrypt(&nonce.into(), payload)
            .expect("a value below 64 GiB is sealed");
        let mut sealed = Vec::with_capacity(HEAD_BYTES + body.len());
        sealed.push(FORMAT_VERSION);
        sealed.extend_from_slice(&self.newest.number.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        sealed
    }

    /// Opens what was sealed for the place named by `context`.
    pub fn open(&self, sealed: &[u8], context: &str) -> Result<Vec<u8>, SealingError> {
        let (head, body) = sealed
            .split_at_checked(HEAD_BYTES)
            .ok_or(SealingError::Malformed)?;
        let (version, head) = head.split_first().ok_or(SealingError::Malformed)?;
        let (number, nonce) = head
            .split_first_chunk::<4>()
            .ok_or(SealingError::Malformed)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| SealingError::Malformed)?;
        if *version != FORMAT_VERSION || body.len() < TAG_BYTES {
            return Err(SealingError::Malformed);
        }
        let number = u32::from_be_bytes(*number);
        let key = self
            .keys
            .iter()
            .find(|key| key.number == number)
            .ok_or(SealingError::UnknownKey(number))?;
        key.cipher
            .decrypt(
                &nonce.into(),
                Payload {
                    msg: body,
                    aad: context.as_bytes(),
                },
            )
            .map_err(|_| SealingError::NotAuthentic)
    }

    /// The same value gives the same hash, and without the key file none can be computed or guessed. Normalise first: `138 1234`
    /// and `1381234` are different texts. Different kinds of value may share a column only if their texts cannot meet.
    pub fn keyed_hash(&self, normalised: &str) -> [u8; 32] {
        self.hasher
            .clone()
            .chain_update(normalised.as_bytes())
            .finalize()
            .into_bytes()
            .into()
    }

    /// Seals `text` with a fresh salt; the digest may stand in records that outlive the text.
    pub fn seal_text(&self, text: &str, context: &str) -> SealedText {
        let mut salt = [0; SALT_BYTES];
        self.chance.fill(&mut salt);
        let salted = SaltedText {
            salt: hex::encode(salt),
            text: text.to_owned(),
        };
        // Two strings as JSON cannot fail to be written.
        let plain = Zeroizing::new(serde_json::to_vec(&salted).unwrap_or_default());
        SealedText {
            sealed: self.seal(&plain, context),
            digest: salted.digest(),
        }
    }

    /// Opens what [`Sealer::seal_text`] sealed.
    pub fn open_text(&self, sealed: &[u8], context: &str) -> Result<SaltedText, SealingError> {
        let plain = Zeroizing::new(self.open(sealed, context)?);
        serde_json::from_slice(&plain).map_err(|_| SealingError::Malformed)
    }

    /// Number and fingerprint of every key, to compare with what a database was sealed with.
    pub(crate) fn fingerprints(&self) -> impl Iterator<Item = (u32, [u8; 32])> {
        self.keys.iter().map(|key| (key.number, key.fingerprint))
    }
}

/// A text sealed, and the digest by which a record can vouch for it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedText {
    /// To be stored where it can be deleted.
    pub sealed: Vec<u8>,
    /// SM3 of salt and text: says nothing about the text once the sealed value is gone.
    pub digest: [u8; 32],
}

impl fmt::Debug for SealedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SealedText({} bytes, {})",
            self.sealed.len(),
            hex::encode(self.digest)
        )
    }
}

/// An opened text with the salt of its digest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaltedText {
    /// Hexadecimal.
    pub salt: String,
    /// What was sealed.
    pub text: String,
}

impl SaltedText {
    /// SM3 of salt and text.
    pub fn digest(&self) -> [u8; 32] {
        digest(&self.salt, &self.text)
    }
}

impl Drop for SaltedText {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}

impl fmt::Debug for SaltedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SaltedText(..)")
    }
}

/// SM3 of `salt`, then `text`.
pub fn digest(salt: &str, text: &str) -> [u8; 32] {
    Sm3::new()
        .chain_update(salt.as_bytes())
        .chain_update(text.as_bytes())
        .finalize()
        .into()
}

impl Key {
    fn derive(secret: &Secret) -> Self {
        let cipher_key = Zeroizing::new(derive(secret, "chengyun sealing"));
        let mut half = Zeroizing::new([0_u8; 16]);
        for (to, from) in half.iter_mut().zip(cipher_key.iter()) {
            *to = *from;
        }
        Self {
            number: secret.number,
            cipher: Sm4Gcm::new(&(*half).into()),
            fingerprint: derive(secret, "chengyun fingerprint"),
        }
    }
}

/// HMAC-SM3 of the purpose under the secret: keys for different purposes tell nothing about each other.
fn derive(secret: &Secret, purpose: &str) -> [u8; 32] {
    hmac_of(secret.bytes())
        .chain_update(purpose.as_bytes())
        .finalize()
        .into_bytes()
        .into()
}

fn hash_key(secret: &Secret) -> HmacSm3 {
    let key = Zeroizing::new(derive(secret, "chengyun keyed hash"));
    hmac_of(&key)
}

/// HMAC-SM3 under a key of 32 bytes; being less than SM3's block of 64 it is used as it is, padded with zeros.
pub(crate) fn hmac_of(key: &[u8; 32]) -> HmacSm3 {
    let mut block = [0_u8; 64];
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let hmac = <HmacSm3 as hmac::KeyInit>::new(&block.into());
    block.zeroize();
    hmac
}

#[cfg(test)]
#[path = "sealing_tests.rs"]
mod tests;
