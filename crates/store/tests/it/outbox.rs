//! Whoever reads the outbox misses nothing and repeats nothing in effect.

use crate::{ADD, ROOM, count};
use base::{Id, Timestamp};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::testing::each_engine;
use store::{Consumer, OutboxEntry, PlacedEntry, Store, StoreError, Tx, consumer, outbox, params};

fn entry(key: Id, n: i64) -> OutboxEntry {
    OutboxEntry {
        key,
        kind: "counted",
        body: n.to_string(),
        area_path: None,
        organisation_paths: vec!["0001".into()],
        at: Timestamp(n),
    }
}

fn emit(store: &Store, key: Id, n: i64) {
    store
        .write_blocking(move |tx| {
            tx.emit(entry(key, n));
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

/// Waits until everything committed so far has its place.
fn all_placed(store: &Store, expected: usize) -> Vec<PlacedEntry> {
    for _ in 0..500 {
        let entries = store
            .read_blocking(|tx| outbox::after(tx, 0, 100_000))
            .unwrap();
        if entries.len() >= expected {
            return entries;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("not every entry was given a place within five seconds");
}

#[test]
fn entries_of_a_refused_transaction_are_never_told() {
    each_engine(&[ROOM], |test| {
        let key = test.store.next_id();
        let refused = test.store.write_blocking(move |tx| {
            tx.emit(entry(key, 1));
            Err::<(), _>(StoreError::Busy)
        });
        assert!(refused.is_err());
        emit(&test.store, key, 2);
        let bodies: Vec<_> = all_placed(&test.store, 1)
            .into_iter()
            .map(|e| e.body)
            .collect();
        assert_eq!(bodies, ["2"]);
    });
}

/// On PostgreSQL the delayed transaction draws its number first and commits last; a cursor over numbers would pass it by.
#[test]
fn a_commit_that_comes_late_is_not_skipped() {
    each_engine(&[ROOM], |test| {
        let store = &test.store;
        let (slow, quick) = (store.next_id(), store.next_id());
        static PUT: store::Statement = store::Statement::fixed(
            "INSERT INTO outbox (key, kind, body, area_path, organisation_paths, at) VALUES (?1, 'counted', ?2, NULL, '', 0)",
        );
        let (has_drawn, may_commit) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicBool::new(false)),
        );
        std::thread::scope(|scope| {
            let (drawn, go) = (has_drawn.clone(), may_commit.clone());
            scope.spawn(move || {
                store
                    .write_blocking(move |tx| {
                        tx.execute(&PUT, params![slow, "late"])?; // draws its number now
                        drawn.store(true, Ordering::SeqCst);
                        while !go.load(Ordering::SeqCst) {
                            std::thread::sleep(Duration::from_millis(1));
                        }
                        Ok::<_, StoreError>(())
                    })
                    .unwrap();
            });
            while !has_drawn.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(1));
            }
            let mut cursor = 0;
            if store.is_postgres() {
                // Others commit, are placed, and a reader goes past them, while the first is still open.
                (0..20).for_each(|n| emit(store, quick, n));
                cursor = all_placed(store, 20).last().unwrap().place;
            }
            may_commit.store(true, Ordering::SeqCst);
            let expected = if store.is_postgres() { 21 } else { 1 };
            all_placed(store, expected);
            let seen = store
                .read_blocking(move |tx| outbox::after(tx, cursor, 100))
                .unwrap();
            assert_eq!(
                seen.iter().map(|e| e.body.as_str()).collect::<Vec<_>>(),
                ["late"]
            );
        });
    });
}

struct Tally {
    fails_at: Mutex<HashMap<String, u32>>,
    handled: AtomicU32,
}

impl Tally {
    fn new(fails_at: &[(&str, u32)]) -> Arc<Self> {
        let fails_at = fails_at
            .iter()
            .map(|(body, times)| ((*body).to_owned(), *times))
            .collect();
        Arc::new(Self {
            fails_at: Mutex::new(fails_at),
            handled: AtomicU32::new(0),
        })
    }
}

impl Consumer for Tally {
    fn name(&self) -> &'static str {
        "tally"
    }
    fn handle(&self, tx: &mut Tx<'_>, entry: &PlacedEntry) -> Result<(), StoreError> {
        self.handled.fetch_add(1, Ordering::SeqCst);
        tx.post(
            &ADD,
            params![
                Id(entry.place),
                format!("{} {}", entry.key, entry.body),
                0_i64
            ],
        )?;
        if let Some(left) = self
            .fails_at
            .lock()
            .unwrap()
            .get_mut(&entry.body)
            .filter(|left| **left > 0)
        {
            *left -= 1;
            return Err(StoreError::Statement("the handler said no".into()));
        }
        Ok(())
    }
}

#[test]
fn under_load_consumers_miss_nothing_keep_the_order_of_each_key_and_count_once() {
    const WRITERS: i64 = 8;
    const EACH: i64 = 60;
    each_engine(&[ROOM], |test| {
        let store = &test.store;
        // Two threads of one consumer race for its cursor, as two nodes would.
        let tally = Tally::new(&[]);
        let threads = [
            store.consume(tally.clone()).unwrap(),
            store.consume(tally.clone()).unwrap(),
        ];
        std::thread::scope(|scope| {
            for _ in 0..WRITERS {
                let key = store.next_id();
                scope.spawn(move || (0..EACH).for_each(|n| emit(store, key, n)));
            }
        });
        let entries = all_placed(store, usize::try_from(WRITERS * EACH).unwrap());
        assert_eq!(entries.len() as i64, WRITERS * EACH);
        let mut last: HashMap<Id, i64> = HashMap::new();
        for entry in &entries {
            let n: i64 = entry.body.parse().unwrap();
            assert_eq!(
                n,
                last.get(&entry.key).map_or(0, |before| before + 1),
                "per key in order, none missing"
            );
            last.insert(entry.key, n);
        }
        for _ in 0..500 {
            if count(store) == WRITERS * EACH {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(
            count(store),
            WRITERS * EACH,
            "each entry had its effect once"
        );
        store.close();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_handler_that_fails_is_run_again_and_has_its_effect_once() {
    each_engine(&[ROOM], |test| {
        let key = test.store.next_id();
        (0..10).for_each(|n| emit(&test.store, key, n));
        all_placed(&test.store, 10);
        let tally = Tally::new(&[("4", 3)]);
        let thread = test.store.consume(tally.clone()).unwrap();
        for _ in 0..500 {
            if count(&test.store) == 10 {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(count(&test.store), 10);
        assert!(
            tally.handled.load(Ordering::SeqCst) > 10,
            "some ran more than once"
        );
        test.store.close();
        thread.join().unwrap();
    });
}

#[test]
fn what_fails_again_and_again_is_parked_with_its_key_and_can_be_replayed() {
    each_engine(&[ROOM], |test| {
        let store = &test.store;
        let (sick, sound) = (store.next_id(), store.next_id());
        emit(store, sick, 1);
        emit(store, sick, 2);
        emit(store, sound, 3);
        all_placed(store, 3);
        let tally = Tally::new(&[("1", consumer::TRIES_MAX + 1)]);
        let thread = store.consume(tally.clone()).unwrap();
        for _ in 0..1000 {
            if count(store) == 1 {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let parked = consumer::parked(store, "tally").unwrap();
        assert_eq!(
            parked.len(),
            2,
            "the sick one, and the one behind it with the same key: {parked:?}"
        );
        assert!(parked.iter().all(|p| p.key == sick));
        tally.fails_at.lock().unwrap().clear();
        let shared: Arc<dyn Consumer> = tally.clone();
        assert_eq!(consumer::replay_parked(store, &shared).unwrap(), 2);
        assert_eq!(count(store), 3);
        assert!(consumer::parked(store, "tally").unwrap().is_empty());
        store.close();
        thread.join().unwrap();
    });
}

#[test]
fn pruning_keeps_what_some_consumer_has_not_seen_and_the_last() {
    each_engine(&[ROOM], |test| {
        let key = test.store.next_id();
        (1..=5).for_each(|n| emit(&test.store, key, n));
        all_placed(&test.store, 5);
        let shared: Arc<dyn Consumer> = Tally::new(&[]);
        while consumer::drain(&test.store, &shared).unwrap() > 0 {}
        let gone = test
            .store
            .write_blocking(|tx| outbox::prune(tx, Timestamp(4)))
            .unwrap();
        assert_eq!(gone, 3, "1 to 3 are older than 4");
        let gone = test
            .store
            .write_blocking(|tx| outbox::prune(tx, Timestamp(100)))
            .unwrap();
        assert_eq!(
            gone, 1,
            "the newest stays, so that the last place can be read"
        );
    });
}
