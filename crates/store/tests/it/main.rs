//! The store's contract, on both engines.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_wrap,
    clippy::items_after_statements,
    clippy::needless_for_each,
    dropping_copy_types,
    reason = "these are tests"
)]

mod audit;
mod backup;
mod durability;
mod filling;
mod handover;
mod outbox;
mod timers;
mod transactions;

use store::handover::Table;
use store::{Migration, Room, Statement, params};

/// A room of the tests' own.
pub static ROOM: Room = Room {
    name: "ledger",
    migrations: MIGRATIONS,
    statements: STATEMENTS,
    tables: &[Table::handed("ledger", &["id"])],
};

static MIGRATIONS: &[Migration] = &[Migration {
    name: "0001_ledger",
    sql: "CREATE TABLE ledger (id $id, name $key NOT NULL, amount BIGINT NOT NULL, version BIGINT NOT NULL, path $key, bytes $blob, ratio DOUBLE PRECISION, is_open BOOLEAN);
          CREATE UNIQUE INDEX ledger_by_name ON ledger (name);",
}];

store::statements! {
    /// A row.
    ADD = "INSERT INTO ledger (id, name, amount, version) VALUES (?1, ?2, ?3, 1)";
    /// A row with every type.
    ADD_ALL = "INSERT INTO ledger (id, name, amount, version, path, bytes, ratio, is_open) VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7)";
    /// Every type back.
    READ_ALL = "SELECT id, name, amount, path, bytes, ratio, is_open FROM ledger WHERE id = ?1";
    /// By id.
    READ = "SELECT amount, version FROM ledger WHERE id = ?1";
    /// With a version check.
    SET = "UPDATE ledger SET amount = ?3, version = version + 1 WHERE id = ?1 AND version = ?2";
    /// How many.
    COUNT = "SELECT count(*) FROM ledger";
    /// All names.
    NAMES = "SELECT name FROM ledger ORDER BY name";
    /// A range over paths.
    IN_RANGE = "SELECT name FROM ledger WHERE path >= ?1 AND path < ?2 ORDER BY path";
    /// Lanes.
    LANES = "SELECT DISTINCT lane FROM audit ORDER BY lane";
    /// Tampering.
    FORGE = "UPDATE audit SET detail = 'forged' WHERE lane = 0 AND seq = ?1";
    /// Tampering.
    CUT = "DELETE FROM audit WHERE lane = 0 AND seq >= ?1";
    /// What is parked.
    PARKED_COUNT = "SELECT count(*) FROM outbox_parked";
}

fn count(store: &store::Store) -> i64 {
    store
        .read_blocking(|tx| tx.query_opt(&COUNT, &[], |row| row.get::<i64>(0)))
        .unwrap()
        .unwrap()
}

#[test]
fn every_statement_prepares_on_both_engines() {
    store::testing::assert_every_statement_prepares(&[ROOM]);
}

#[test]
fn a_statement_the_engine_does_not_know_is_found_out() {
    static WRONG: Statement = Statement::fixed("SELECT nothing FROM nowhere");
    static ROOMS: [Room; 1] = [Room {
        name: "wrong",
        migrations: &[],
        statements: &[&WRONG],
        tables: &[],
    }];
    let found =
        std::panic::catch_unwind(|| store::testing::assert_every_statement_prepares(&ROOMS));
    let message = *found.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("SELECT nothing FROM nowhere"), "{message}");
}

#[test]
fn values_come_back_as_they_went_in() {
    use base::{Id, path::TreePath};
    store::testing::each_engine(&[ROOM], |test| {
        let path = TreePath::root(1).unwrap().child(35).unwrap();
        let (id, given) = (test.store.next_id(), path.clone());
        test.store
            .write_blocking(move |tx| {
                tx.post(
                    &ADD_ALL,
                    params![id, "井盖", -3_i64, given, &b"\x00\xff"[..], 0.25, true],
                )
            })
            .unwrap();
        let row = test.store.read_blocking(move |tx| {
            tx.query_opt(&READ_ALL, params![id], |row| {
                let path: Option<TreePath> = row.get(3)?;
                Ok((
                    row.get::<Id>(0)?,
                    row.get::<String>(1)?,
                    row.get::<i64>(2)?,
                    path,
                    row.get::<Vec<u8>>(4)?,
                    row.get::<f64>(5)?,
                    row.get::<Option<bool>>(6)?,
                ))
            })
        });
        assert_eq!(
            row.unwrap(),
            Some((
                id,
                "井盖".to_owned(),
                -3,
                Some(path),
                vec![0, 255],
                0.25,
                Some(true)
            ))
        );
    });
}

#[test]
fn a_range_over_paths_is_the_subtree_and_nothing_else_on_both_engines() {
    use base::path::TreePath;
    store::testing::each_engine(&[ROOM], |test| {
        let root = TreePath::root(1).unwrap();
        let (a, z) = (root.child(9).unwrap(), root.child(10).unwrap());
        for path in [
            root.clone(),
            a.clone(),
            a.child(1).unwrap(),
            a.child(46_655).unwrap(),
            z,
            TreePath::root(2).unwrap(),
        ] {
            let id = test.store.next_id();
            test.store
                .write_blocking(move |tx| {
                    tx.post(
                        &ADD_ALL,
                        params![id, path.as_str(), 0_i64, path, None::<Vec<u8>>, 0.0, false],
                    )
                })
                .unwrap();
        }
        let (low, high) = a.range();
        let names = test
            .store
            .read_blocking(move |tx| {
                tx.query(&IN_RANGE, params![low, high], |row| row.get::<String>(0))
            })
            .unwrap();
        assert_eq!(
            names,
            [
                a.to_string(),
                a.child(1).unwrap().to_string(),
                a.child(46_655).unwrap().to_string()
            ]
        );
    });
}
