//! The backup of the embedded database: what is restored is what was, at every point, and damage is told.

use crate::ROOM;
use base::chance::{Chance as _, SeededChance};
use base::{Clock as _, SystemClock, Timestamp};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use store::backup::{BackupError, Damage, Follow, Plan, Restored, copy_once};
use store::testing::{seeded_chance, system_clock};
use store::{Migration, Options, Room, Statement, Store, StoreError, params};

static PUT: Statement = Statement::fixed(
    "INSERT INTO ledger (id, name, amount, version, bytes) VALUES (?1, ?2, ?3, 1, ?4)
     ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, bytes = excluded.bytes",
);
static DROP: Statement = Statement::fixed("DELETE FROM ledger WHERE id = ?1");
static ALL: Statement = Statement::fixed("SELECT id, amount, bytes FROM ledger");

/// The row that counts the steps.
const COUNTER: i64 = 1;
const ROWS: u64 = 300;
/// From here on the story is another, with longer rows: a fifth of a megabyte a step.
const HEAVY: i64 = 10_000;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("city.db")
    }

    fn backup(&self) -> PathBuf {
        self.folder.path().join("backup")
    }

    fn follow(&self) -> Follow {
        Follow {
            folder: self.backup(),
            every: Duration::from_millis(100),
            days: 7,
            owner: "this city".to_owned(),
            beside: vec![("keys.sealed".to_owned(), b"sealed".to_vec())],
        }
    }

    fn open(&self) -> Store {
        self.try_open(&[ROOM]).unwrap()
    }

    fn try_open(&self, rooms: &[Room]) -> Result<Store, StoreError> {
        let options = Options {
            backup: Some(self.follow()),
            ..Options::sqlite(&self.database())
        };
        Store::open(&options, rooms, system_clock(), seeded_chance())
    }

    /// Restores into a database of its own and opens it.
    fn restore(&self, at: Option<Timestamp>, damage: Damage) -> Result<Back, BackupError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("back.db");
        let restored = Plan::of(&self.backup(), at, damage)?.build(&path, &[ROOM])?;
        let options = Options::sqlite(&path);
        let store = Store::open(&options, &[ROOM], system_clock(), seeded_chance()).unwrap();
        Ok(Back {
            restored,
            store,
            _folder: folder,
        })
    }

    fn line(&self, number: u32) -> PathBuf {
        self.backup().join(format!("line-{number:06}"))
    }

    /// The pieces of changes of a line, in order.
    fn changes(&self, line: u32) -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> = fs::read_dir(self.line(line).join("changes"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "piece"))
            .collect();
        found.sort();
        found
    }
}

struct Back {
    restored: Restored,
    store: Store,
    _folder: tempfile::TempDir,
}

impl Drop for Back {
    fn drop(&mut self) {
        self.store.close();
    }
}

/// Step `n` of a story that can be told again: some rows written and some dropped, and the counter.
fn step(n: i64) -> Vec<(i64, Option<Vec<u8>>)> {
    let chance = SeededChance::new(u64::try_from(n).unwrap());
    let mut rows = vec![(COUNTER, Some(Vec::new()))];
    for _ in 0..=chance.below(6) {
        let id = 2 + i64::try_from(chance.below(ROWS)).unwrap();
        let longest = if n > HEAVY { 120_000 } else { 20_000 };
        let length = usize::try_from(chance.below(longest)).unwrap();
        let bytes = vec![u8::try_from((n * 31 + id) % 251).unwrap(); length];
        let kept = chance.below(5) > 0;
        rows.retain(|(known, _)| *known != id);
        rows.push((id, kept.then_some(bytes)));
    }
    rows
}

fn live(store: &Store, steps: std::ops::RangeInclusive<i64>) {
    for n in steps {
        store
            .write_blocking(move |tx| {
                for (id, bytes) in step(n) {
                    match bytes {
                        Some(bytes) => {
                            tx.post(&PUT, params![id, format!("row {id}"), n, bytes])?;
                        }
                        None => tx.post(&DROP, params![id])?,
                    }
                }
                Ok::<_, StoreError>(())
            })
            .unwrap();
    }
}

/// What the story says of step `n`, told anew.
fn told(until: i64) -> BTreeMap<i64, (i64, Vec<u8>)> {
    let mut rows = BTreeMap::new();
    let first = if until > HEAVY { HEAVY + 1 } else { 1 };
    for n in first..=until {
        for (id, bytes) in step(n) {
            match bytes {
                Some(bytes) => rows.insert(id, (n, bytes)),
                None => rows.remove(&id),
            };
        }
    }
    rows
}

fn found(store: &Store) -> BTreeMap<i64, (i64, Vec<u8>)> {
    let rows = store
        .read_blocking(|tx| {
            tx.query(&ALL, &[], |row| {
                Ok((row.get::<i64>(0)?, (row.get(1)?, row.get(2)?)))
            })
        })
        .unwrap();
    rows.into_iter().collect()
}

/// The step that a database stands at, after holding it against the story.
fn stands_at(store: &Store) -> i64 {
    let rows = found(store);
    let n = rows.get(&COUNTER).map_or(0, |(n, _)| *n);
    assert!(rows == told(n), "the rows are not those of step {n}");
    n
}

/// Waits until everything committed by now can be restored.
fn wait_until_kept(store: &Store) -> Timestamp {
    let now = SystemClock.now();
    let began = Instant::now();
    while store
        .backup_kept_until()
        .unwrap()
        .is_none_or(|until| until < now)
    {
        assert!(began.elapsed() < Duration::from_mins(1), "not kept");
        std::thread::sleep(Duration::from_millis(5));
    }
    now
}

#[test]
fn what_is_restored_is_what_was_at_every_point() {
    let place = Place::new();
    let store = place.open();
    // Some 60 MB go through the log, which is folded every 16.
    let mut acknowledged = Vec::new();
    for round in 0..30 {
        live(&store, round * 40 + 1..=round * 40 + 40);
        acknowledged.push((SystemClock.now(), round * 40 + 40));
        if round == 3 {
            wait_until_kept(&store);
        }
    }
    wait_until_kept(&store);
    store.close();
    let mut points = 0;
    let mut at = None;
    loop {
        let back = match place.restore(at, Damage::Refuse) {
            Ok(back) => back,
            Err(error) => {
                assert!(error.to_string().contains("goes not back to"), "{error}");
                break;
            }
        };
        let n = stands_at(&back.store);
        let restored = back.restored.at;
        let owed = acknowledged.iter().rfind(|(when, _)| *when <= restored);
        assert!(
            owed.is_none_or(|(_, owed)| n >= *owed),
            "{n} at {restored}, {owed:?} had been answered"
        );
        if at.is_none() {
            assert_eq!(n, 1_200);
        }
        points += 1;
        at = Some(Timestamp(restored.0 - 1));
    }
    assert!(points >= 4, "{points} points");
}

#[test]
fn a_base_that_is_copied_while_the_file_changes_under_it_is_made_whole_by_its_changes() {
    let place = Place::new();
    let options = Options::sqlite(&place.database());
    let store = Store::open(&options, &[ROOM], system_clock(), seeded_chance()).unwrap();
    let mut n = HEAVY + 120;
    live(&store, HEAVY + 1..=n);
    store.close();
    for round in 0..2 {
        let _ = fs::remove_dir_all(place.backup());
        let store = place.open();
        // The log is folded into the file every 80 steps.
        let first = n;
        while store.backup_kept_until().unwrap().is_none() || n < first + 100 {
            live(&store, n + 1..=n + 5);
            n += 5;
        }
        let based = place.restore(None, Damage::Refuse).unwrap();
        assert!(stands_at(&based.store) >= first, "round {round}");
        live(&store, n + 1..=n + 40);
        n += 40;
        wait_until_kept(&store);
        store.close();
        let back = place.restore(None, Damage::Refuse).unwrap();
        assert_eq!(stands_at(&back.store), n, "round {round}");
    }
}

#[test]
fn a_store_that_is_opened_again_goes_on_with_its_line_and_one_written_past_the_backup_begins_another()
 {
    let place = Place::new();
    let store = place.open();
    live(&store, 1..=50);
    wait_until_kept(&store);
    store.close();
    let store = place.open();
    live(&store, 51..=100);
    wait_until_kept(&store);
    store.close();
    assert!(!place.line(2).exists());
    assert_eq!(
        stands_at(&place.restore(None, Damage::Refuse).unwrap().store),
        100
    );
    // Somebody writes whom nobody follows.
    let options = Options::sqlite(&place.database());
    let past = Store::open(&options, &[ROOM], system_clock(), seeded_chance()).unwrap();
    live(&past, 101..=120);
    past.close();
    let store = place.open();
    live(&store, 121..=130);
    wait_until_kept(&store);
    store.close();
    assert!(place.line(2).exists());
    assert_eq!(
        stands_at(&place.restore(None, Damage::Refuse).unwrap().store),
        130
    );
}

#[test]
fn what_is_filled_in_haste_is_kept_too() {
    let place = Place::new();
    let store = place.open();
    wait_until_kept(&store);
    store.begin_filling().unwrap();
    live(&store, 1..=900);
    store.end_filling().unwrap();
    live(&store, 901..=910);
    wait_until_kept(&store);
    store.close();
    assert_eq!(
        stands_at(&place.restore(None, Damage::Refuse).unwrap().store),
        910
    );
}

#[test]
fn one_copy_is_taken_while_another_process_writes() {
    // Within one process the locks of SQLite are not what they are between two; here the writer is done, its log still there.
    let place = Place::new();
    let store = place.open();
    live(&store, 1..=200);
    wait_until_kept(&store);
    store.close();
    let elsewhere = Follow {
        folder: place.folder.path().join("once"),
        ..place.follow()
    };
    let copied = copy_once(&place.database(), &elsewhere, &SystemClock).unwrap();
    assert!(copied.bytes > 0);
    let target = place.folder.path().join("back.db");
    let plan = Plan::of(&elsewhere.folder, None, Damage::Refuse).unwrap();
    assert_eq!(plan.beside("keys.sealed").unwrap(), b"sealed");
    plan.build(&target, &[ROOM]).unwrap();
    let options = Options::sqlite(&target);
    let back = Store::open(&options, &[ROOM], system_clock(), seeded_chance()).unwrap();
    assert_eq!(stands_at(&back), 200);
    back.close();
    let again = plan.build(&target, &[ROOM]).unwrap_err().to_string();
    assert!(again.contains("is there already"), "{again}");
}

/// A backup of some pieces: steps 1 to 60, a base, and ten steps a piece.
fn some_pieces() -> Place {
    let place = Place::new();
    let store = place.open();
    live(&store, 1..=60);
    wait_until_kept(&store);
    for tens in 6..10 {
        live(&store, tens * 10 + 1..=tens * 10 + 10);
        wait_until_kept(&store);
    }
    store.close();
    assert!(place.changes(1).len() >= 5);
    place
}

fn assert_refused(place: &Place, damaged: &Path, why: &str) {
    let error = place.restore(None, Damage::Refuse).err().unwrap();
    let said = error.to_string();
    assert!(
        said.contains(&damaged.display().to_string()) && said.contains(why),
        "{said}"
    );
}

#[test]
fn a_damaged_piece_is_named_and_what_came_before_it_is_restored_only_when_asked() {
    let place = some_pieces();
    let pieces = place.changes(1);
    let last = pieces.last().unwrap();
    let whole = fs::read(last).unwrap();
    let cut = &whole[..whole.len() - 7];
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x10;
    for broken in [cut, &flipped[..], &whole[..20], b""] {
        fs::write(last, broken).unwrap();
        assert_refused(&place, last, "is damaged");
        let back = place.restore(None, Damage::StopBefore).unwrap();
        let n = stands_at(&back.store);
        assert!((60..100).contains(&n), "{n}");
        assert_eq!(back.restored.stopped_before.as_ref(), Some(last));
    }
    // A last piece that never came is a backup that ends sooner.
    fs::remove_file(last).unwrap();
    let back = place.restore(None, Damage::Refuse).unwrap();
    assert!(stands_at(&back.store) < 100);
    // One that is missing in between is told.
    let missing = &pieces[pieces.len() - 3];
    let taken_away = fs::read(missing).unwrap();
    fs::remove_file(missing).unwrap();
    assert_refused(&place, missing, "it is missing");
    // And so is one that stands where another belongs.
    fs::write(missing, fs::read(&pieces[pieces.len() - 2]).unwrap()).unwrap();
    assert_refused(&place, missing, "does not follow");
    fs::write(missing, taken_away).unwrap();
    place.restore(None, Damage::Refuse).unwrap();
    // Without its base there is nothing to lay changes over.
    let base = place.line(1).join("base-000001/000000.piece");
    let mut bytes = fs::read(&base).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&base, bytes).unwrap();
    assert_refused(&place, &base, "digest");
    assert!(place.restore(None, Damage::StopBefore).is_err());
}

#[test]
fn a_kill_while_a_piece_is_written_leaves_a_backup_that_goes_on() {
    let place = some_pieces();
    // What a kill leaves: a draft beside the pieces, a base without its end, a line without its name.
    fs::write(place.line(1).join("changes/0000009999.draft"), b"half").unwrap();
    let unfinished = place.line(1).join("base-000002");
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("000000.piece"), b"half").unwrap();
    fs::create_dir(place.backup().join("draft")).unwrap();
    assert_eq!(
        stands_at(&place.restore(None, Damage::Refuse).unwrap().store),
        100
    );
    let store = place.open();
    live(&store, 101..=110);
    wait_until_kept(&store);
    store.close();
    assert_eq!(
        stands_at(&place.restore(None, Damage::Refuse).unwrap().store),
        110
    );
    // A last piece that came to grief: what follows it would not follow, so a line begins.
    let last = place.changes(1).pop().unwrap();
    fs::write(&last, b"half").unwrap();
    let store = place.open();
    wait_until_kept(&store);
    store.close();
    assert!(place.line(2).exists());
    assert_eq!(
        stands_at(&place.restore(None, Damage::Refuse).unwrap().store),
        110
    );
}

#[test]
fn another_citys_folder_is_refused_and_so_is_one_in_use_and_a_schema_of_tomorrow() {
    static TOMORROW: &[Migration] = &[
        Migration {
            name: "0001_ledger",
            sql: ROOM.migrations[0].sql,
        },
        Migration {
            name: "0002_more",
            sql: "CREATE TABLE more (id $id);",
        },
    ];
    let place = Place::new();
    let room = Room {
        migrations: TOMORROW,
        ..ROOM
    };
    let store = place.try_open(&[room]).unwrap();
    wait_until_kept(&store);
    let used = copy_once(&place.database(), &place.follow(), &SystemClock).unwrap_err();
    assert!(used.to_string().contains("in use"), "{used}");
    store.close();
    let newer = place.restore(None, Damage::Refuse).err().unwrap();
    assert!(
        newer.to_string().contains("newer than this program"),
        "{newer}"
    );
    let other = Follow {
        owner: "another city".to_owned(),
        ..place.follow()
    };
    let refused = copy_once(&place.database(), &other, &SystemClock).unwrap_err();
    assert!(refused.to_string().contains("another city"), "{refused}");
}

#[test]
fn a_folder_that_cannot_be_reached_does_not_stop_the_city_and_is_taken_up_later() {
    let place = Place::new();
    // A file stands where the folder should be.
    fs::write(place.backup(), b"").unwrap();
    let store = place.open();
    live(&store, 1..=30);
    assert_eq!(store.backup_kept_until(), Some(None));
    fs::remove_file(place.backup()).unwrap();
    wait_until_kept(&store);
    // It goes away once more, and what was taken meanwhile is not lost.
    let away = place.folder.path().join("away");
    fs::rename(place.backup(), &away).unwrap();
    live(&store, 31..=60);
    std::thread::sleep(Duration::from_millis(100));
    fs::rename(&away, place.backup()).unwrap();
    live(&store, 61..=70);
    wait_until_kept(&store);
    store.close();
    assert_eq!(
        stands_at(&place.restore(None, Damage::Refuse).unwrap().store),
        70
    );
}
