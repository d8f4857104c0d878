//! What lists are found in, from one run to the next: taken when it holds, read anew when it does not.

use crate::town::*;
use base::Id;
use casework::Casework;
use casework::model::Level;
use casework::service::CaseQuery;
use std::fs;
use std::path::Path;
use store::testing::TestStore;
use store::{Statement, StoreError, params};

/// The cases of a level, for a new start that keeps its lists in this file.
fn started(store: &TestStore, file: &Path) -> Casework {
    let casework = casework(&store.store);
    casework.lists_keep_in(file.to_owned());
    casework
}

fn of_level(casework: &Casework, level: Level) -> usize {
    let query = CaseQuery {
        level: Some(level),
        ..CaseQuery::default()
    };
    let list = wait(casework.case_list(&centre("leader"), query)).unwrap();
    list.items.len()
}

/// Changes a case behind everybody's back: only what is read from the database shows it.
fn raise_in_secret(store: &TestStore, case_id: Id) {
    let raise =
        Statement::composed("UPDATE case_file SET level = 'critical' WHERE id = ?1".to_owned());
    let written = store.store.write_blocking(move |tx| {
        tx.execute(&raise, params![case_id])?;
        Ok::<_, StoreError>(())
    });
    written.unwrap();
}

#[test]
fn lists_are_taken_from_their_file_and_catch_up_with_what_came_since() {
    each_town(|town, store| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lists");
        let first = town.create().case.unwrap().id;
        town.create();
        let before = started(store, &file);
        // Before they know anything there is nothing to keep.
        wait(before.lists_keep()).unwrap();
        assert!(!file.exists());
        assert_eq!(of_level(&before, Level::Normal), 2);
        wait(before.lists_keep()).unwrap();
        town.create();
        raise_in_secret(store, first);
        let after = started(store, &file);
        assert_eq!(of_level(&after, Level::Normal), 3);
        assert_eq!(of_level(&after, Level::Critical), 0);
        assert_eq!(after.lists_size(), Some((3, 3)));
    });
}

#[test]
fn a_file_that_does_not_hold_is_read_past() {
    each_town(|town, store| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lists");
        let first = town.create().case.unwrap().id;
        town.create();
        let before = started(store, &file);
        assert_eq!(of_level(&before, Level::Normal), 2);
        wait(before.lists_keep()).unwrap();
        raise_in_secret(store, first);
        let whole = fs::read(&file).unwrap();
        let mut damaged = whole.clone();
        damaged[whole.len() / 2] ^= 1;
        for bytes in [&damaged[..], &whole[..whole.len() / 2], &[]] {
            fs::write(&file, bytes).unwrap();
            assert_eq!(of_level(&started(store, &file), Level::Critical), 1);
        }
        // Whole again, but of a database that has gone another way since, as one brought back from a backup has.
        fs::write(&file, &whole).unwrap();
        assert_eq!(of_level(&started(store, &file), Level::Critical), 0);
        let other = Statement::composed(
            "UPDATE outbox SET at = at + 1 WHERE place = (SELECT MAX(place) FROM outbox)"
                .to_owned(),
        );
        let written = store.store.write_blocking(move |tx| {
            tx.execute(&other, params![])?;
            Ok::<_, StoreError>(())
        });
        written.unwrap();
        assert_eq!(of_level(&started(store, &file), Level::Critical), 1);
    });
}
