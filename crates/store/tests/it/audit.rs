//! The audit chain shows every change made behind its back.

use crate::{CUT, FORGE, LANES, ROOM};
use base::{Id, Timestamp};
use store::audit::{self, CheckpointKey};
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
