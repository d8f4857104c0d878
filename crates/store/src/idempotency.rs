//! One effect per Idempotency-Key: the answer is stored in the transaction of the effect, under the caller and the key.
//!
//! A command looks the key up first and remembers its answer last. When two requests with one key run at once, the second's
//! [`remember`] conflicts, its closure is run again, and then it finds the first one's answer.

use crate::{Statement, StoreError, Tx, params};
use base::{FailureKind, Id, Problem, Timestamp};
use sm3::{Digest, Sm3};

static LOOKUP: Statement = Statement::fixed(
    "SELECT operation, fingerprint, answer FROM idempotency WHERE caller = ?1 AND key = ?2",
);
static REMEMBER: Statement = Statement::fixed(
    "INSERT INTO idempotency (id, caller, key, operation, fingerprint, answer) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
     ON CONFLICT (caller, key) DO NOTHING",
);
static PRUNE: Statement = Statement::fixed("DELETE FROM idempotency WHERE id < ?1");

pub(crate) static STATEMENTS: &[&Statement] = &[&LOOKUP, &REMEMBER, &PRUNE];

/// How long answers are kept.
pub const KEPT_SECONDS: i64 = 48 * 3600;

/// A request that must have its effect once.
#[derive(Debug, Clone)]
pub struct Once {
    /// Row id for the answer, taken outside of the closure.
    pub id: Id,
    /// Who asks; another caller's equal key is another key.
    pub caller: Id,
    /// The `Idempotency-Key` header, at most 100 characters.
    pub key: String,
    /// The operation's name.
    pub operation: &'static str,
    /// Digest of the request's content: the same key with another content is a mistake of the caller.
    pub fingerprint: [u8; 32],
}

impl Once {
    /// A fingerprint of what was asked.
    pub fn fingerprint(content: &[u8]) -> [u8; 32] {
        Sm3::digest(content).into()
    }
}

/// Why a stored answer cannot be given.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OnceError {
    /// The key was used for something else.
    #[error("the Idempotency-Key was used before with another request")]
    Reused,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<OnceError> for Problem {
    fn from(error: OnceError) -> Self {
        match error {
            OnceError::Reused => Self::new(
                FailureKind::Invalid,
                "idempotency_key_reused",
                "This Idempotency-Key was used before with another request; use a new key for a new request.",
            ),
            OnceError::Store(error) => error.into(),
        }
    }
}

/// The answer given before, if this request was answered before.
pub fn lookup(tx: &mut Tx<'_>, once: &Once) -> Result<Option<String>, OnceError> {
    let stored = tx.query_opt(&LOOKUP, params![once.caller, once.key], |row| {
        Ok((
            row.get::<String>(0)?,
            row.get::<Vec<u8>>(1)?,
            row.get::<String>(2)?,
        ))
    })?;
    match stored {
        None => Ok(None),
        Some((operation, fingerprint, answer))
            if operation == once.operation && fingerprint == once.fingerprint =>
        {
            Ok(Some(answer))
        }
        Some(_) => Err(OnceError::Reused),
    }
}

/// Remembers `answer`; conflicts (so: runs the closure again) when another request with this key was faster.
pub fn remember(tx: &mut Tx<'_>, once: &Once, answer: &str) -> Result<(), StoreError> {
    tx.post_one(
        &REMEMBER,
        params![
            once.id,
            once.caller,
            once.key,
            once.operation,
            once.fingerprint,
            answer
        ],
    )
}

/// Forgets answers given more than [`KEPT_SECONDS`] ago. Says how many.
pub fn prune(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, StoreError> {
    tx.execute(
        &PRUNE,
        params![Id::first_at(now.plus_seconds(-KEPT_SECONDS))],
    )
}
