//! The database behind one transaction type: SQLite embedded by default, PostgreSQL when one machine is not enough.
//!
//! A transaction is a plain synchronous closure that runs on a thread owned by the store:
//!
//! ```ignore
//! let case_no = store.write(move |tx| {
//!     let case = load(tx, id)?;
//!     tx.post_one(&CASE_STAGE_SET, params![id, case.version, stage])?;
//!     tx.audit(&AuditEntry { at, actor, action: "case_file", object: id, detail: "{}" })?;
//!     tx.emit(OutboxEntry::new(id, "case_filed", body));
//!     Ok::<_, Failure>(case.case_no)
//! }).await?;
//! ```
//!
//! Laws, the same on both engines:
//! - The closure is `Fn`: it may run more than once, so it owns its inputs and consumes nothing. Ids and the time are taken outside.
//! - A statement that fails dooms its transaction, even if the closure swallows the error.
//! - The caller hears nothing, not even a refusal, before the commit that its reads depended on is durable.
//! - Nothing inside a closure waits for the store: [`StoreError::WithinTransaction`] at once instead of standing still for ever.
//! - A panic or refusal in one closure is that caller's answer and touches nobody else's.
//! - When the outcome of a commit is unknown ([`StoreError::CommitUnknown`]) only the Idempotency-Key can tell.
//!
//! What it is not: an object mapper, or a place for any subject's words. Every room writes its own SQL, in the subset that both
//! engines speak, and declares it with [`statements!`] so that a test can prepare all of it on both.

pub mod audit;
pub mod backup;
pub mod blobs;
pub mod consumer;
mod engine;
mod error;
mod filling;
pub mod handover;
pub mod idempotency;
mod job;
mod migrate;
pub mod outbox;
mod pg;
mod sqlite;
mod statement;
pub mod testing;
pub mod timer;
mod tx;
mod value;
mod within;
pub mod words;

pub use audit::AuditEntry;
pub use consumer::Consumer;
pub use engine::{Committed, Options, Store};
pub use error::StoreError;
pub use migrate::{Migration, Room};
pub use outbox::{OutboxEntry, PlacedEntry};
pub use statement::Statement;
pub use timer::TimerEntry;
pub use tx::Tx;
pub use value::{AsParam, Column, Param, Row};
