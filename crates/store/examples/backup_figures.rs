//! What following costs, and how long a base and a restore take:
//! `cargo run --release --package store --example backup_figures [MEGABYTES]`.
//!
//! Sixteen callers write rows of a kilobyte with an index in no order, eight to a transaction: some 20 KB of log each, as a creation of a case.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program that measures, not a part of the product"
)]
#![allow(missing_docs, reason = "a program")]

use base::{Clock as _, SystemClock};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::backup::{Damage, Follow, Plan, copy_once};
use store::testing::seeded_chance;
use store::{Migration, Options, Room, Store, StoreError, params};

const CALLERS: i64 = 16;
const EACH: i64 = 400;
const ROUNDS: usize = 5;

store::statements! {
    /// A row.
    ADD = "INSERT INTO row (id, name, bytes) VALUES (?1, ?2, ?3)";
}

static ROOM: Room = Room {
    name: "figures",
    migrations: &[Migration {
        name: "0001_row",
        sql: "CREATE TABLE row (id $id, name $key NOT NULL, bytes $blob); CREATE INDEX row_by_name ON row (name);",
    }],
    statements: STATEMENTS,
    tables: &[],
};

fn open(folder: &Path, follow: Option<&Follow>) -> Store {
    let options = Options {
        backup: follow.cloned(),
        ..Options::sqlite(&folder.join("city.db"))
    };
    Store::open(&options, &[ROOM], Arc::new(SystemClock), seeded_chance()).unwrap()
}

fn write(store: &Store, callers: i64, each: i64) {
    std::thread::scope(|scope| {
        for _ in 0..callers {
            scope.spawn(|| {
                for _ in 0..each {
                    let ids: Vec<i64> = (0..8).map(|_| store.next_id().0).collect();
                    store
                        .write_blocking(move |tx| {
                            for id in &ids {
                                let mixed =
                                    id.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64.cast_signed());
                                let bytes = format!("{mixed:x} 沿街商铺占道经营{id}，").repeat(20);
                                tx.post(&ADD, params![*id, format!("{mixed:x}"), bytes])?;
                            }
                            Ok::<_, StoreError>(())
                        })
                        .unwrap();
                }
            });
        }
    });
}

/// Processor time of this process so far.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let fields: Vec<u64> = (after_name.split(' ').skip(11).take(2))
        .map(|field| field.parse().unwrap())
        .collect();
    Duration::from_millis(fields.iter().sum::<u64>() * 10)
}

fn wait_until_kept(store: &Store) {
    let now = SystemClock.now();
    while store
        .backup_kept_until()
        .flatten()
        .is_none_or(|until| until < now)
    {
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap());
    entries
        .map(|entry| match entry.metadata().unwrap() {
            meta if meta.is_dir() => size(&entry.path()),
            meta => meta.len(),
        })
        .sum()
}

fn main() {
    let megabytes: i64 = std::env::args()
        .nth(1)
        .map_or(100, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let follow = |name: &str| Follow {
        folder: folder.path().join(name),
        every: Duration::from_secs(2),
        days: 7,
        owner: "figures".to_owned(),
        beside: Vec::new(),
    };
    let count = u32::try_from(CALLERS * EACH).unwrap();
    for round in 0..ROUNDS {
        let mut costs = Vec::new();
        for is_followed in [false, true] {
            let place = folder.path().join(format!("{round}-{is_followed}"));
            let kept = follow(&format!("{round}-kept"));
            let store = open(&place, is_followed.then_some(&kept));
            if is_followed {
                wait_until_kept(&store);
            }
            let (before, began) = (cpu(), Instant::now());
            write(&store, CALLERS, EACH);
            let seconds = began.elapsed().as_secs_f64();
            if is_followed {
                wait_until_kept(&store);
            }
            let spent = cpu().saturating_sub(before).as_secs_f64() * 1e3 / f64::from(count);
            store.close();
            costs.push((f64::from(count) / seconds, spent));
            if is_followed {
                println!(
                    "  kept {} KiB of {} KiB",
                    size(&kept.folder) >> 10,
                    size(&place) >> 10
                );
            }
        }
        let [(plain, plain_cpu), (followed, followed_cpu)] = costs[..] else {
            return;
        };
        println!(
            "followed / plain: {followed:.0} / {plain:.0} a second = {:.2}; {followed_cpu:.3} / {plain_cpu:.3} CPU-ms = {:.2}",
            followed / plain,
            followed_cpu / plain_cpu
        );
    }
    let place = folder.path().join("large");
    let store = open(&place, None);
    store.begin_filling().unwrap();
    write(&store, 1, megabytes * 1_000 / 8);
    store.end_filling().unwrap();
    store.close();
    let began = Instant::now();
    copy_once(&place.join("city.db"), &follow("copy"), &SystemClock).unwrap();
    let copied = began.elapsed().as_secs_f64();
    let began = Instant::now();
    let plan = Plan::of(&folder.path().join("copy"), None, Damage::Refuse).unwrap();
    let restored = plan.build(&folder.path().join("back.db"), &[ROOM]).unwrap();
    println!(
        "{} MiB copied in {copied:.1} s to {} MiB, restored and checked in {:.1} s",
        restored.bytes >> 20,
        size(&folder.path().join("copy")) >> 20,
        began.elapsed().as_secs_f64()
    );
}
