//! What a transaction promises.

use crate::{ADD, NAMES, READ, ROOM, SET, count};
use base::Timestamp;
use futures_util::FutureExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use store::testing::each_engine;
use store::{AuditEntry, Store, StoreError, Tx, params};

fn add(store: &Store, name: &'static str) -> Result<(), StoreError> {
    let id = store.next_id();
    store.write_blocking(move |tx| tx.post(&ADD, params![id, name, 0_i64]))
}

#[test]
fn a_refusal_a_panic_and_a_swallowed_error_store_nothing_and_leave_the_neighbours_alone() {
    each_engine(&[ROOM], |test| {
        let store = &test.store;
        add(store, "one").unwrap();
        let waiting = store.clone();
        let has_begun = Arc::new(std::sync::atomic::AtomicBool::new(false));
        std::thread::scope(|scope| {
            // Holds SQLite's writer until some of the others wait behind it, so that they share one commit.
            let begun = has_begun.clone();
            scope.spawn(move || {
                let held = waiting.clone();
                let done = waiting.write_blocking(move |_| {
                    begun.store(true, Ordering::SeqCst);
                    while !held.is_postgres() && held.writes_waiting() < 30 {
                        std::thread::yield_now();
                    }
                    Ok::<_, StoreError>(())
                });
                done.unwrap();
            });
            while !has_begun.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
            for n in 0..40_u32 {
                scope.spawn(move || {
                    let id = store.next_id();
                    let name = format!("row {n:02}");
                    let answer = store.write_blocking(move |tx| {
                        tx.post(&ADD, params![id, name, 0_i64])?;
                        tx.audit(&AuditEntry {
                            at: Timestamp(1),
                            actor: id,
                            action: "add",
                            object: id,
                            detail: "{}",
                        })?;
                        match n % 4 {
                            0 => Ok(()),
                            1 => Err(StoreError::Busy), // a lawful no
                            2 => panic!("in a closure"),
                            _ => {
                                let _ = tx.execute(&ADD, params![id, "one", 0_i64]); // taken: dooms the transaction
                                Ok(())
                            }
                        }
                    });
                    match n % 4 {
                        0 => answer.unwrap(),
                        1 => assert!(matches!(answer, Err(StoreError::Busy))),
                        2 => assert!(matches!(answer, Err(StoreError::Panicked))),
                        _ => assert!(matches!(answer, Err(StoreError::Conflict)), "{answer:?}"),
                    }
                });
            }
        });
        assert_eq!(count(store), 11, "the first and every fourth of forty");
        let report = store::audit::verify(store, &[]).unwrap();
        assert_eq!(
            (report.entries, report.findings),
            (10, vec![]),
            "the chain has no hole where the others were"
        );
    });
}

#[test]
fn of_many_who_change_one_row_at_once_nobody_is_lost() {
    const WRITERS: i64 = 8;
    const ROUNDS: i64 = 25;
    each_engine(&[ROOM], |test| {
        let store = &test.store;
        let id = store.next_id();
        store
            .write_blocking(move |tx| tx.post(&ADD, params![id, "counter", 0_i64]))
            .unwrap();
        std::thread::scope(|scope| {
            for _ in 0..WRITERS {
                scope.spawn(move || {
                    for _ in 0..ROUNDS {
                        let change = move || {
                            store.write_blocking(move |tx| {
                                let row = tx.query_opt(&READ, params![id], |row| {
                                    Ok((row.get::<i64>(0)?, row.get::<i64>(1)?))
                                })?;
                                let (amount, version) = row.ok_or(StoreError::Busy)?;
                                tx.post_one(&SET, params![id, version, amount + 1])
                            })
                        };
                        while let Err(error) = change() {
                            assert!(matches!(error, StoreError::Conflict), "{error}");
                        }
                    }
                });
            }
        });
        let row = store.read_blocking(move |tx| {
            tx.query_opt(&READ, params![id], |row| {
                Ok((row.get::<i64>(0)?, row.get::<i64>(1)?))
            })
        });
        assert_eq!(row.unwrap(), Some((WRITERS * ROUNDS, WRITERS * ROUNDS + 1)));
    });
}

#[test]
fn a_version_that_is_not_the_present_one_is_a_conflict() {
    each_engine(&[ROOM], |test| {
        let id = test.store.next_id();
        test.store
            .write_blocking(move |tx| tx.post(&ADD, params![id, "row", 0_i64]))
            .unwrap();
        let stale = test
            .store
            .write_blocking(move |tx| tx.post_one(&SET, params![id, 7_i64, 1_i64]));
        assert!(matches!(stale, Err(StoreError::Conflict)), "{stale:?}");
    });
}

#[test]
fn a_read_cannot_write() {
    each_engine(&[ROOM], |test| {
        let id = test.store.next_id();
        let answer = test
            .store
            .read_blocking(move |tx| tx.execute(&ADD, params![id, "sneaked in", 0_i64]));
        assert!(answer.is_err());
        assert_eq!(count(&test.store), 0);
    });
}

#[test]
fn with_one_idempotency_key_there_is_one_effect_and_one_answer() {
    use store::idempotency::{self, Once, OnceError};
    each_engine(&[ROOM], |test| {
        let store = &test.store;
        let caller = store.next_id();
        let run = |content: &'static [u8]| {
            let (row, answer_id) = (store.next_id(), store.next_id());
            let once = Once {
                id: answer_id,
                caller,
                key: "k-1".into(),
                operation: "row_create",
                fingerprint: Once::fingerprint(content),
            };
            store.write_blocking(move |tx| {
                if let Some(answer) = idempotency::lookup(tx, &once)? {
                    return Ok::<_, OnceError>(answer);
                }
                tx.post(&ADD, params![row, row.to_string(), 0_i64])?;
                idempotency::remember(tx, &once, &row.to_string())?;
                Ok(row.to_string())
            })
        };
        let answers: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| run(b"a").unwrap())).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert!(
            answers.windows(2).all(|pair| pair[0] == pair[1]),
            "{answers:?}"
        );
        assert_eq!(count(store), 1);
        assert!(
            matches!(run(b"b"), Err(OnceError::Reused)),
            "the same key for something else is a mistake"
        );
        let forgotten = store
            .write_blocking(|tx| idempotency::prune(tx, Timestamp(i64::MAX / 2)))
            .unwrap();
        assert_eq!(forgotten, 1);
    });
}

#[test]
fn after_close_what_was_queued_is_done_and_what_comes_later_is_told() {
    each_engine(&[ROOM], |test| {
        let done = Arc::new(AtomicU32::new(0));
        std::thread::scope(|scope| {
            for name in ["a", "b", "c", "d"] {
                let (store, done) = (test.store.clone(), done.clone());
                scope.spawn(move || {
                    add(&store, name).unwrap();
                    done.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        test.store.close();
        assert_eq!(done.load(Ordering::SeqCst), 4);
        assert!(matches!(
            add(&test.store, "late"),
            Err(StoreError::Unavailable(_))
        ));
        let again = Store::open(
            &test.options,
            &[ROOM],
            store::testing::system_clock(),
            store::testing::seeded_chance(),
        )
        .unwrap();
        let names = again
            .read_blocking(|tx| tx.query(&NAMES, &[], |row| row.get::<String>(0)))
            .unwrap();
        assert_eq!(names, ["a", "b", "c", "d"]);
        again.close();
    });
}

type Ask = fn(&Store) -> Result<(), StoreError>;

/// Every way of asking the store for another transaction. `now_or_never`: a future is polled once, as a closure that blocks on
/// it would begin by doing.
const ASKS: [(&str, Ask); 4] = [
    ("read_blocking", |store| store.read_blocking(nothing)),
    ("write_blocking", |store| store.write_blocking(nothing)),
    ("read", |store| {
        store.read(nothing).now_or_never().unwrap_or(Ok(()))
    }),
    ("write", |store| {
        store.write(nothing).now_or_never().unwrap_or(Ok(()))
    }),
];

fn nothing(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.query(&NAMES, &[], |_| Ok(())).map(drop)
}

#[test]
fn a_closure_that_asks_the_store_is_refused_at_once_and_loses_its_transaction_even_if_it_swallows_that()
 {
    each_engine(&[ROOM], |test| {
        let store = &test.store;
        for (name, ask) in ASKS {
            for swallows in [false, true] {
                let (id, inner) = (store.next_id(), store.clone());
                let written = store.write_blocking(move |tx| {
                    tx.post(&ADD, params![id, name, 0_i64])?;
                    let asked = ask(&inner);
                    assert!(matches!(asked, Err(StoreError::WithinTransaction)));
                    if swallows { Ok(()) } else { asked }
                });
                assert!(
                    matches!(written, Err(StoreError::WithinTransaction)),
                    "{name}: {written:?}"
                );
                let inner = store.clone();
                let read = store.read_blocking(move |_| {
                    if swallows {
                        ask(&inner).or(Ok(()))
                    } else {
                        ask(&inner)
                    }
                });
                assert!(
                    matches!(read, Err(StoreError::WithinTransaction)),
                    "{name}: {read:?}"
                );
            }
        }
        assert_eq!(count(store), 0, "nothing of them is stored");
        add(store, "afterwards").unwrap();
        assert_eq!(count(store), 1, "the threads work on");
    });
}

#[test]
fn a_closure_that_asks_the_store_and_then_panics_leaves_its_thread_as_it_was() {
    each_engine(&[ROOM], |test| {
        let (store, inner) = (&test.store, test.store.clone());
        let lost = store.write_blocking(move |_| -> Result<(), StoreError> {
            let _ = inner.read_blocking(nothing);
            panic!("in a closure")
        });
        assert!(matches!(lost, Err(StoreError::WithinTransaction)));
        for name in ["one", "two", "three", "four", "five"] {
            add(store, name).unwrap();
        }
        assert_eq!(count(store), 5);
    });
}

#[test]
fn however_many_blocking_calls_one_async_task_makes_each_is_answered() {
    each_engine(&[ROOM], |test| {
        add(&test.store, "one").unwrap();
        let (done, is_done) = std::sync::mpsc::channel();
        let store = test.store.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            // More than the budget that tokio gives to a task before it must let others run.
            let counted = runtime
                .unwrap()
                .block_on(async { (0..300).map(|_| count(&store)).sum::<i64>() });
            let _ = done.send(counted);
        });
        let counted = is_done.recv_timeout(std::time::Duration::from_mins(1));
        assert_eq!(counted, Ok(300));
    });
}
