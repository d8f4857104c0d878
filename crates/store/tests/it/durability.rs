//! What survives, and who may open.

use crate::{ADD, ROOM, count};
use base::{Clock, Id, ManualClock, Timestamp};
use std::sync::Arc;
use store::testing::{seeded_chance, sqlite, system_clock};
use store::{Store, params};

#[test]
fn a_second_process_on_one_sqlite_file_is_refused() {
    let test = sqlite(&[ROOM], &system_clock());
    let second = Store::open(&test.options, &[ROOM], system_clock(), seeded_chance());
    let why = second.err().unwrap().to_string();
    assert!(why.contains("in use by another process"), "{why}");
}

#[test]
fn ids_go_on_above_the_last_even_when_the_clock_was_set_back() {
    let noon: Timestamp = "2026-11-21T12:00:00+08:00".parse().unwrap();
    let clock = Arc::new(ManualClock::new(noon));
    let shared: Arc<dyn Clock> = clock.clone();
    store::testing::each_engine_at(&[ROOM], &shared, |test| {
        clock.set(noon);
        let last = (0..100).map(|_| test.store.next_id()).max().unwrap();
        test.store
            .write_blocking(move |tx| tx.post(&ADD, params![last, "row", 0_i64]))
            .unwrap();
        if test.store.is_postgres() {
            // The housekeeper notes the time once a second; it noted when it began.
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
        test.store.close();
        clock.set(Timestamp(noon.0 - 3_600_000_000));
        let again = Store::open(&test.options, &[ROOM], shared.clone(), seeded_chance()).unwrap();
        let next: Id = again.next_id();
        assert!(next > last, "{next:?} after {last:?}");
        assert_eq!(count(&again), 1);
        again.close();
    });
}

#[test]
fn a_full_disk_fails_its_callers_and_the_writer_goes_on() {
    // A page limit is what a full disk looks like to SQLite (SQLITE_FULL), without needing a file system of our own.
    let test = sqlite(&[ROOM], &system_clock());
    static LIMIT: store::Statement = store::Statement::fixed("PRAGMA max_page_count = 120");
    static LIFT: store::Statement = store::Statement::fixed("PRAGMA max_page_count = 1000000");
    test.store
        .write_blocking(|tx| tx.query(&LIMIT, &[], |_| Ok(())))
        .unwrap();
    let mut stored = 0;
    let mut failure = None;
    while failure.is_none() && stored < 5_000 {
        let id = test.store.next_id();
        let name = format!("{stored:06}{}", "x".repeat(800));
        match test
            .store
            .write_blocking(move |tx| tx.post(&ADD, params![id, name, 0_i64]))
        {
            Ok(()) => stored += 1,
            Err(error) => failure = Some(error),
        }
    }
    assert!(
        matches!(failure, Some(store::StoreError::Unavailable(_))),
        "{failure:?}"
    );
    assert_eq!(
        count(&test.store),
        stored,
        "every acknowledged row is there and no other"
    );
    test.store
        .write_blocking(|tx| tx.query(&LIFT, &[], |_| Ok(())))
        .unwrap();
    let id = test.store.next_id();
    test.store
        .write_blocking(move |tx| tx.post(&ADD, params![id, "after", 0_i64]))
        .unwrap();
}
