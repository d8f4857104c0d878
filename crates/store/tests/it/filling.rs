//! What filling promises, and what it gives back.

use crate::{ADD, NAMES, ROOM, count};
use store::testing::{each_engine, seeded_chance, sqlite, system_clock};
use store::{Store, StoreError, params};

fn add(store: &Store, name: &str) -> Result<(), StoreError> {
    let (id, name) = (store.next_id(), name.to_owned());
    store.write_blocking(move |tx| tx.post(&ADD, params![id, name, 0_i64]))
}

fn names(store: &Store) -> Vec<String> {
    let read = store.read_blocking(|tx| tx.query(&NAMES, &[], |row| row.get(0)));
    read.unwrap()
}

#[test]
fn while_filling_each_sees_what_came_before_and_a_refusal_takes_nothing_else_along() {
    each_engine(&[ROOM], |test| {
        let store = &test.store;
        add(store, "before").unwrap();
        store.begin_filling().unwrap();
        // Twice is once.
        store.begin_filling().unwrap();
        add(store, "one").unwrap();
        assert_eq!(names(store), ["before", "one"]);
        let id = store.next_id();
        let refused = store.write_blocking(move |tx| {
            tx.post(&ADD, params![id, "refused", 0_i64])?;
            Err::<(), _>(StoreError::Busy)
        });
        assert!(matches!(refused, Err(StoreError::Busy)));
        let panicked = store.write_blocking(|_| -> Result<(), StoreError> { panic!("now") });
        assert!(matches!(panicked, Err(StoreError::Panicked)));
        let within = store.clone();
        let called = store.write_blocking(move |_| Ok::<_, StoreError>(count(&within)));
        assert!(called.is_err());
        // More than share a commit.
        for n in 0..1_200 {
            add(store, &format!("row {n}")).unwrap();
        }
        store.end_filling().unwrap();
        store.end_filling().unwrap();
        add(store, "after").unwrap();
        assert_eq!(count(store), 1_203);
        assert!(!names(store).contains(&"refused".to_owned()));
        store.close();
        let again = Store::open(&test.options, &[ROOM], system_clock(), seeded_chance()).unwrap();
        assert_eq!(count(&again), 1_203);
        again.close();
    });
}

#[test]
fn whoever_closes_while_filling_keeps_what_was_filled_in() {
    let test = sqlite(&[ROOM], &system_clock());
    test.store.begin_filling().unwrap();
    add(&test.store, "one").unwrap();
    test.store.close();
    assert!(add(&test.store, "two").is_err());
    let again = Store::open(&test.options, &[ROOM], system_clock(), seeded_chance()).unwrap();
    assert_eq!(names(&again), ["one"]);
    again.close();
}

#[test]
fn what_a_reading_closure_writes_while_filling_is_not_kept_in_silence() {
    let test = sqlite(&[ROOM], &system_clock());
    test.store.begin_filling().unwrap();
    let id = test.store.next_id();
    let wrote = test
        .store
        .read_blocking(move |tx| tx.post(&ADD, params![id, "row", 0_i64]));
    assert!(matches!(wrote, Err(StoreError::Corrupt(_))), "{wrote:?}");
    assert!(add(&test.store, "next").is_err());
    assert!(test.store.end_filling().is_err());
}
