//! Why a transaction did not happen (or, once, may have).

use base::{FailureKind, Problem};

/// Why a transaction did not happen (or, for `CommitUnknown`, may have).
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Another transaction won; the store has already retried.
    #[error("conflict with a concurrent change")]
    Conflict,
    /// The queue is full: back-pressure.
    #[error("too many transactions are waiting")]
    Busy,
    /// The closure panicked; nothing of it is stored.
    #[error("the transaction closure panicked")]
    Panicked,
    /// The closure called the store, which could wait for itself; our mistake. Nothing of its transaction is stored.
    #[error(
        "the store was called from inside a transaction, where waiting for it could last for ever"
    )]
    WithinTransaction,
    /// Disk full, I/O error, connection lost before the commit: nothing of the transaction is stored.
    #[error("storage unavailable: {0}")]
    Unavailable(String),
    /// The connection broke while committing; only the Idempotency-Key can tell what happened.
    #[error("commit outcome unknown: {0}")]
    CommitUnknown(String),
    /// A statement failed: our mistake, or a value the database refused.
    #[error("statement failed: {0}")]
    Statement(String),
    /// What is stored is not what this program can read: a foreign schema, a damaged chain, a value out of its domain.
    #[error("stored data are not as they should be: {0}")]
    Corrupt(String),
}

impl StoreError {
    pub(crate) fn is_retryable(&self) -> bool {
        matches!(self, Self::Conflict)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{ConstraintViolation, DiskFull, SystemIoFailure};
        match error.sqlite_error_code() {
            Some(DiskFull | SystemIoFailure) => Self::Unavailable(error.to_string()),
            // A unique value that somebody else took between our read and our write: run again, the read will now see it.
            Some(ConstraintViolation) if is_unique(&error) => Self::Conflict,
            _ => Self::Statement(error.to_string()),
        }
    }
}

fn is_unique(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
    error.sqlite_error().is_some_and(|e| {
        e.extended_code == SQLITE_CONSTRAINT_UNIQUE
            || e.extended_code == SQLITE_CONSTRAINT_PRIMARYKEY
    })
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState;
        const RETRY: [SqlState; 4] = [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::UNIQUE_VIOLATION,
        ];
        match error.code() {
            Some(code) if RETRY.contains(code) => Self::Conflict,
            // 53 out of resources, 57 stopped by an operator, 58 the system failed.
            Some(code)
                if ["53", "57", "58"]
                    .iter()
                    .any(|class| code.code().starts_with(class)) =>
            {
                Self::Unavailable(format!("{error:?}"))
            }
            None if error.is_closed() => Self::Unavailable(error.to_string()),
            _ => Self::Statement(format!("{error:?}")),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Self::new(
                FailureKind::Conflict,
                "concurrent_change",
                "Others were changing the same thing at the same time; ask for the present state and try again.",
            ),
            StoreError::Busy => Self::new(
                FailureKind::Busy,
                "busy",
                "Too many requests are waiting; try again shortly.",
            ),
            other => {
                tracing::error!(error = %other, "a transaction failed");
                Self::fault()
            }
        }
    }
}
