//! The law that nothing inside a closure waits for the store, made to fail at once.
//!
//! A closure runs on one of the store's few threads. When it asks the store for another transaction and waits, the answer may
//! have to come from the very thread that waits (the one writer, or readers that are all waiting alike): the house stands
//! still, and only under load. So every thread knows whether it is inside a closure; a call from there is refused before it
//! is queued, and the closure's transaction is lost even if the closure swallows the refusal.

use crate::StoreError;
use std::cell::Cell;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    Inside,
    /// Inside, and the closure has called the store.
    Violated,
}

thread_local! {
    static PLACE: Cell<Place> = const { Cell::new(Place::Outside) };
}

/// Runs `closure`, which must not panic, as the inside of a transaction; with it, whether it has called the store.
pub(crate) fn run<T>(closure: impl FnOnce() -> T) -> (T, bool) {
    PLACE.set(Place::Inside);
    let answer = closure();
    (answer, PLACE.replace(Place::Outside) == Place::Violated)
}

/// Refuses when the calling thread is inside a closure.
pub(crate) fn refuse() -> Result<(), StoreError> {
    if PLACE.get() == Place::Outside {
        return Ok(());
    }
    PLACE.set(Place::Violated);
    Err(StoreError::WithinTransaction)
}
