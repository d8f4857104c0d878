//! The audit chain shows every change made behind its back.

use crate::{CUT, FORGE, LANES, ROOM};
use base::{Id, Timestamp};
use store::audit::{self, AuditFilter, AuditPlace, CheckpointKey};
use store::testing::{TestStore, each_engine, seeded_chance};
use store::{AuditEntry, Store, StoreError, params};

fn act(store: &Store, times: i64) {
    for n in 0..times {
        store
            .write_blocking(move |tx| {
                let detail = format!("{{\"n\":{n}}}");
                tx.audit(&AuditEntry {
                    at: Timestamp(n),
                    actor: Id(1),
                    action: "act",
                    object: Id(n),
                    detail: &detail,
                })
            })
            .unwrap();
    }
}

fn key(test: &TestStore) -> CheckpointKey {
    let folder = std::env::temp_dir().join(format!("chengyun-key-{}", test.store.next_id()));
    let path = folder.join("audit.key");
    let made = CheckpointKey::load_or_create(&path, &*seeded_chance()).unwrap();
    let read = CheckpointKey::load_or_create(&path, &*seeded_chance()).unwrap();
    assert_eq!(made.key_id, read.key_id, "the key is read back");
    assert!(
        !format!("{made:?}").contains(std::fs::read_to_string(&path).unwrap().trim()),
        "the secret is not printed"
    );
    std::fs::remove_dir_all(folder).unwrap();
    made
}

fn findings(test: &TestStore, key: &CheckpointKey) -> Vec<String> {
    audit::verify(&test.store, &[key.public()])
        .unwrap()
        .findings
}

#[test]
fn an_untouched_chain_holds_and_a_checkpoint_is_written_only_when_something_happened() {
    each_engine(&[ROOM], |test| {
        let key = key(test);
        act(&test.store, 40);
        assert!(audit::checkpoint(&test.store, &key).unwrap());
        assert!(!audit::checkpoint(&test.store, &key).unwrap());
        act(&test.store, 40);
        assert!(audit::checkpoint(&test.store, &key).unwrap());
        let report = audit::verify(&test.store, &[key.public()]).unwrap();
        assert_eq!(
            (report.entries, report.checkpoints, report.findings),
            (80, 2, vec![])
        );
        let lanes = test
            .store
            .read_blocking(|tx| tx.query(&LANES, &[], |row| row.get::<i64>(0)))
            .unwrap();
        assert_eq!(report.lanes, lanes.len() as u64);
    });
}

/// An entry that lane 0 has on both engines.
fn with_lane_zero(test: &TestStore) {
    while !test
        .store
        .read_blocking(|tx| tx.query(&LANES, &[], |row| row.get::<i64>(0)))
        .unwrap()
        .contains(&0)
    {
        act(&test.store, 10);
    }
}

#[test]
fn a_changed_entry_is_found() {
    each_engine(&[ROOM], |test| {
        let key = key(test);
        act(&test.store, 20);
        with_lane_zero(test);
        test.store
            .write_blocking(|tx| tx.post(&FORGE, params![1_i64]))
            .unwrap();
        let findings = findings(test, &key);
        assert!(
            findings
                .iter()
                .any(|f| f.contains("lane 0: entry 1 (act) was changed")),
            "{findings:?}"
        );
    });
}

#[test]
fn a_lane_cut_short_is_found_by_the_checkpoint() {
    each_engine(&[ROOM], |test| {
        let key = key(test);
        act(&test.store, 20);
        with_lane_zero(test);
        audit::checkpoint(&test.store, &key).unwrap();
        assert!(findings(test, &key).is_empty());
        test.store
            .write_blocking(|tx| tx.post(&CUT, params![1_i64]))
            .unwrap();
        let findings = findings(test, &key);
        assert!(
            findings
                .iter()
                .any(|f| f.contains("lane 0") && f.contains("is gone")),
            "{findings:?}"
        );
    });
}

#[test]
fn a_forged_checkpoint_is_found() {
    static FORGE_HEADS: store::Statement =
        store::Statement::fixed("UPDATE audit_checkpoint SET heads = '[]' WHERE seq = 1");
    each_engine(&[ROOM], |test| {
        let key = key(test);
        act(&test.store, 3);
        audit::checkpoint(&test.store, &key).unwrap();
        let stranger = audit::verify(&test.store, &[]).unwrap().findings;
        assert!(
            stranger.iter().any(|f| f.contains("unknown key")),
            "{stranger:?}"
        );
        test.store
            .write_blocking(|tx| tx.post(&FORGE_HEADS, &[]))
            .unwrap();
        let findings = findings(test, &key);
        assert!(
            findings
                .iter()
                .any(|f| f.contains("checkpoint 1 was changed")),
            "{findings:?}"
        );
    });
}

#[test]
fn an_audit_entry_exists_exactly_when_its_transaction_does() {
    each_engine(&[ROOM], |test| {
        act(&test.store, 2);
        let refused = test.store.write_blocking(|tx| {
            tx.audit(&AuditEntry {
                at: Timestamp(0),
                actor: Id(0),
                action: "refused",
                object: Id(0),
                detail: "{}",
            })?;
            Err::<(), _>(StoreError::Busy)
        });
        assert!(refused.is_err());
        let report = audit::verify(&test.store, &[]).unwrap();
        assert_eq!((report.entries, report.findings), (2, vec![]));
    });
}

/// Pages of `limit` until there is no next: their sizes and all objects, in order.
fn pages(test: &TestStore, filter: &AuditFilter, limit: u32) -> (Vec<usize>, Vec<i64>) {
    let (mut sizes, mut objects, mut after) = (Vec::new(), Vec::new(), None);
    loop {
        let filter = filter.clone();
        let page = test
            .store
            .read_blocking(move |tx| audit::list(tx, &filter, after, limit))
            .unwrap();
        sizes.push(page.items.len());
        objects.extend(page.items.iter().map(|record| record.object.0));
        after = page.next;
        if after.is_none() {
            return (sizes, objects);
        }
    }
}

#[test]
fn the_trail_is_read_newest_first_page_by_page_and_each_entry_once() {
    each_engine(&[ROOM], |test| {
        act(&test.store, 25);
        let (sizes, objects) = pages(test, &AuditFilter::default(), 10);
        assert_eq!(sizes, [10, 10, 5]);
        assert_eq!(objects, (0..25).rev().collect::<Vec<_>>());
        assert_eq!(pages(test, &AuditFilter::default(), 25).0, [25]);
        let between = AuditFilter {
            from: Some(Timestamp(5)),
            to: Some(Timestamp(8)),
            ..AuditFilter::default()
        };
        assert_eq!(pages(test, &between, 2).1, [7, 6, 5]);
        let one = |change: fn(&mut AuditFilter)| {
            let mut filter = AuditFilter::default();
            change(&mut filter);
            pages(test, &filter, 50).1.len()
        };
        assert_eq!(one(|filter| filter.object = Some(Id(7))), 1);
        assert_eq!(one(|filter| filter.actor = Some(Id(1))), 25);
        assert_eq!(one(|filter| filter.actor = Some(Id(2))), 0);
        assert_eq!(one(|filter| filter.action = Some("act".into())), 25);
        assert_eq!(one(|filter| filter.action = Some("ac".into())), 0);
    });
}

#[test]
fn entries_of_one_moment_are_told_apart() {
    each_engine(&[ROOM], |test| {
        test.store
            .write_blocking(|tx| {
                for n in 0..7 {
                    tx.audit(&AuditEntry {
                        at: Timestamp(9),
                        actor: Id(1),
                        action: "act",
                        object: Id(n),
                        detail: "{}",
                    })?;
                }
                Ok::<_, StoreError>(())
            })
            .unwrap();
        let (sizes, objects) = pages(test, &AuditFilter::default(), 3);
        assert_eq!((sizes, objects), (vec![3, 3, 1], (0..7).rev().collect()));
    });
}

#[test]
fn a_rare_entry_is_found_window_by_window() {
    each_engine(&[ROOM], |test| {
        let many = i64::from(audit::WINDOW) * 3 / 2;
        test.store
            .write_blocking(move |tx| {
                for n in 0..many {
                    tx.audit(&AuditEntry {
                        at: Timestamp(n),
                        actor: Id(1),
                        action: "act",
                        object: Id(n),
                        detail: "{}",
                    })?;
                }
                Ok::<_, StoreError>(())
            })
            .unwrap();
        let oldest = AuditFilter {
            object: Some(Id(0)),
            ..AuditFilter::default()
        };
        let (sizes, objects) = pages(test, &oldest, 10);
        assert_eq!((sizes, objects), (vec![0, 1], vec![0]));
    });
}

#[test]
fn a_place_is_read_as_it_is_written() {
    let place = AuditPlace {
        at: Timestamp(1_795_395_600_000_000),
        lane: 3,
        seq: 41,
    };
    assert_eq!(place.to_string().parse(), Ok(place));
    for wrong in [
        "",
        "1",
        "1-2",
        "1-2-3-4",
        "1-2-x",
        "-1-2-3",
        "1--2-3",
        "9999999999999999999-1-1",
    ] {
        assert!(wrong.parse::<AuditPlace>().is_err(), "{wrong:?}");
    }
}
