//! A whole database as files, and back, on the same engine and on the other.

use crate::{ADD, ADD_ALL, COUNT, ROOM, count};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use store::audit::{self, CheckpointKey};
use store::handover::{self, Deed, HandoverError, Manifest, Told};
use store::testing::{TestStore, seeded_chance, system_clock};
use store::{AuditEntry, OutboxEntry, Room, Store, StoreError, TimerEntry, outbox, params};

static ROOMS: &[Room] = &[ROOM];

fn quiet() -> Told {
    Arc::new(|_, _| {})
}

fn deed() -> Deed {
    Deed {
        action: "city_take_over",
        detail: "{}".to_owned(),
    }
}

fn each_pair(test: impl Fn(&TestStore, &TestStore)) {
    let open: [fn() -> Option<TestStore>; 2] = [
        || Some(store::testing::sqlite(ROOMS, &system_clock())),
        || store::testing::postgres(ROOMS, &system_clock()),
    ];
    for from in open {
        for to in open {
            if let (Some(from), Some(to)) = (from(), to()) {
                test(&from, &to);
            }
        }
    }
}

/// Rows of every kind, more than two pages of them, with audit entries, outbox entries and a timer.
fn fill(store: &Store) {
    let odd: [(f64, &str, &[u8]); 5] = [
        (0.1 + 0.2, "\"引号\"\n换行\\", b"\x00\xff\n\""),
        (f64::MIN_POSITIVE, "", b""),
        (-121.123_456_789_012_34, "井盖\u{2028}\u{1F6B0}", b"ab"),
        (1e300, "=1+1", b"abc"),
        (123_456_789.123_456_79, "a,b", b"abcd"),
    ];
    for (n, (ratio, name, bytes)) in (1_i64..).zip(odd) {
        let (id, name, bytes) = (store.next_id(), format!("{n}{name}"), bytes.to_vec());
        store
            .write_blocking(move |tx| {
                tx.post(
                    &ADD_ALL,
                    params![id, name, i64::MAX - n, name, bytes, ratio, n % 2 == 0],
                )?;
                tx.audit(&AuditEntry {
                    at: base::Timestamp(n),
                    actor: base::Id(n),
                    action: "ledger_add",
                    object: id,
                    detail: "{}",
                })?;
                tx.emit(OutboxEntry {
                    key: id,
                    kind: "ledger_changed",
                    body: "{}".to_owned(),
                    area_path: None,
                    organisation_paths: vec!["1".to_owned()],
                    at: base::Timestamp(n),
                });
                tx.schedule(&TimerEntry {
                    id,
                    kind: "wake",
                    key: id,
                    due_at: base::Timestamp(n),
                    body: "{}".to_owned(),
                })
            })
            .unwrap();
    }
    let ids: Vec<_> = (0..2_000).map(|_| store.next_id()).collect();
    store
        .write_blocking(move |tx| {
            for id in &ids {
                tx.post(&ADD, params![id, id.to_string(), 7_i64])?;
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
    while store.read_blocking(outbox::unplaced).unwrap() > 0 {
        std::thread::yield_now();
    }
}

fn hand_out(store: &Store, folder: &Path) -> Manifest {
    fs::create_dir(folder).unwrap();
    handover::write(store, ROOMS, folder, "310118", &[], &quiet()).unwrap()
}

fn reopened(place: &TestStore) -> Store {
    place.store.close();
    Store::open(&place.options, ROOMS, system_clock(), seeded_chance()).unwrap()
}

#[test]
fn what_was_handed_over_is_the_same_on_either_engine_and_goes_on() {
    each_pair(|from, to| {
        let folder = tempfile::tempdir().unwrap();
        let key = CheckpointKey::load_or_create(&folder.path().join("key"), &*seeded_chance());
        let key = key.unwrap();
        fill(&from.store);
        audit::checkpoint(&from.store, &key).unwrap();
        let first = folder.path().join("first");
        let manifest = hand_out(&from.store, &first);
        assert_eq!(
            manifest,
            Manifest::read(
                &fs::read_to_string(first.join("manifest.json")).unwrap(),
                &first
            )
            .unwrap()
        );
        handover::take(&to.store, ROOMS, &first, &manifest, &deed(), &quiet()).unwrap();
        let store = reopened(to);
        let second = folder.path().join("second");
        let again = hand_out(&store, &second);
        for (one, other) in manifest.tables.iter().zip(&again.tables) {
            let read =
                |folder: &Path| fs::read(folder.join(format!("{}.ndjson", one.table))).unwrap();
            if one.table == "audit" {
                // The taking itself is one more.
                assert_eq!(one.rows + 1, other.rows);
            } else {
                assert!(
                    one == other && read(&first) == read(&second),
                    "{}",
                    one.table
                );
            }
        }
        assert!(
            again
                .nodes
                .iter()
                .any(|mark| mark.last_id >= manifest.nodes[0].last_id)
        );
        // The chain, and the places of the outbox, go on where they were.
        let last = store.read_blocking(outbox::last_place).unwrap();
        assert_eq!(last, 5);
        store
            .write_blocking(|tx| {
                tx.emit(OutboxEntry {
                    key: base::Id(1),
                    kind: "ledger_changed",
                    body: "{}".to_owned(),
                    area_path: None,
                    organisation_paths: Vec::new(),
                    at: base::Timestamp(1),
                });
                tx.audit(&AuditEntry {
                    at: base::Timestamp(1),
                    actor: base::Id(1),
                    action: "ledger_add",
                    object: base::Id(1),
                    detail: "{}",
                })
            })
            .unwrap();
        while store.read_blocking(outbox::unplaced).unwrap() > 0 {
            std::thread::yield_now();
        }
        assert_eq!(store.read_blocking(outbox::last_place).unwrap(), 6);
        let verified = audit::verify(&store, &[key.public()]).unwrap();
        assert_eq!((verified.entries, &verified.findings), (7, &Vec::new()));
        store.close();
    });
}

#[test]
fn a_file_that_was_touched_is_refused_with_its_line_and_nothing_is_taken() {
    let from = store::testing::sqlite(ROOMS, &system_clock());
    fill(&from.store);
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good");
    let manifest = hand_out(&from.store, &good);
    let text = fs::read_to_string(good.join("ledger.ndjson")).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let without = |n: usize| [&lines[..n], &lines[n + 1..]].concat().concat();
    let flipped = |at: usize| {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        bytes
    };
    let line_at = |at: usize| {
        let before = String::from_utf8_lossy(&text.as_bytes()[..at]);
        before.matches('\n').count() as u64 + 1
    };
    let mut swapped = lines.clone();
    swapped.swap(6, 7);
    let middle = text.len() / 2;
    let touched: Vec<(Vec<u8>, Option<u64>)> = vec![
        (flipped(middle), Some(line_at(middle))),
        (flipped(9), Some(1)),
        (flipped(text.len() - 4), Some(2_005)),
        (without(0).into_bytes(), Some(1)),
        (without(1_000).into_bytes(), Some(1_001)),
        (without(2_004).into_bytes(), Some(2_005)),
        (swapped.concat().into_bytes(), Some(7)),
        ([text.as_str(), lines[3]].concat().into_bytes(), Some(2_006)),
        (text.as_bytes()[..text.len() - 1].to_vec(), Some(2_005)),
        (text.as_bytes()[..text.len() - 30].to_vec(), Some(2_005)),
        (Vec::new(), Some(1)),
    ];
    store::testing::each_engine(ROOMS, |to| {
        let refused = |manifest: &Manifest| {
            let error = handover::take(&to.store, ROOMS, &good, manifest, &deed(), &quiet());
            assert_eq!(count(&to.store), 0);
            let entries = audit::verify(&to.store, &[]).unwrap().entries;
            assert_eq!(entries, 0, "not even the audit");
            error.unwrap_err()
        };
        for (bytes, line) in &touched {
            fs::write(good.join("ledger.ndjson"), bytes).unwrap();
            let error = refused(&manifest);
            let HandoverError::Line {
                line: found, file, ..
            } = &error
            else {
                panic!("{error}");
            };
            assert!(file.ends_with("ledger.ndjson"));
            assert_eq!(Some(*found), *line, "{error}");
        }
        fs::remove_file(good.join("ledger.ndjson")).unwrap();
        assert!(matches!(refused(&manifest), HandoverError::File { .. }));
        fs::write(good.join("ledger.ndjson"), &text).unwrap();
        let changed = |change: fn(&mut Manifest)| {
            let mut manifest = manifest.clone();
            change(&mut manifest);
            refused(&manifest).to_string()
        };
        for (change, expected) in [
            (
                (|m| m.tables.last_mut().unwrap().rows += 1) as fn(&mut Manifest),
                "line 2006: the file ends here, and the manifest counts 2006 rows",
            ),
            (
                |m| m.tables.last_mut().unwrap().rows -= 1,
                "line 2005: the manifest counts only 2004 rows",
            ),
            (
                |m| m.tables.last_mut().unwrap().sm3 = "00".repeat(32),
                "its SM3 is not what the manifest says",
            ),
            (
                |m| drop(m.tables.pop()),
                "it does not name the tables of this program",
            ),
            (
                |m| m.tables[0].table = "../../etc/passwd".to_owned(),
                "it does not name the tables of this program",
            ),
            (
                |m| m.tables.last_mut().unwrap().columns.reverse(),
                "ledger has other columns here",
            ),
            (
                |m| m.schema[0].digest = "00".repeat(32),
                "another version of the program",
            ),
            (|m| drop(m.schema.pop()), "it lacks"),
        ] {
            let said = changed(change);
            assert!(said.contains(expected), "{expected}: {said}");
        }
        // And as it was written, it is taken.
        handover::take(&to.store, ROOMS, &good, &manifest, &deed(), &quiet()).unwrap();
        assert_eq!(count(&to.store), 2_005);
        let again = handover::take(&to.store, ROOMS, &good, &manifest, &deed(), &quiet());
        assert!(
            again
                .unwrap_err()
                .to_string()
                .contains("there is a city here already")
        );
        let all = to
            .store
            .read_blocking(|tx| tx.query_opt(&COUNT, &[], |row| row.get::<i64>(0)));
        assert_eq!(all.unwrap(), Some(2_005));
    });
}

#[test]
fn every_table_of_the_store_has_its_fate() {
    store::testing::each_engine(ROOMS, |test| {
        let forgotten = test
            .store
            .read_blocking(|tx| handover::forgotten(tx, ROOMS));
        assert_eq!(forgotten.unwrap(), Vec::<String>::new());
    });
}
