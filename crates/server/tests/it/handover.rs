//! A city that has lived some days goes from one installation to another, and is the same.

use access::parcel::Passphrase;
use access::{Password, PasswordCost, Principal};
use base::chance::SeededChance;
use base::{Clock, ManualClock, SystemClock, Timestamp};
use casework::Call;
use server::city::{City, ROOMS};
use server::handover::{HandedOver, hand_over, take_over};
use server::settings::Settings;
use sim::Rooms;
use sim::two_months::Plan;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::handover::Told;
use store::testing::TestStore;
use store::{Row, Statement, Store, StoreError};

const PHRASE: &str = "a passphrase of the tests";

fn phrase() -> Passphrase {
    Passphrase::new(PHRASE).unwrap()
}
const CHEAP: PasswordCost = PasswordCost {
    memory_kib: 8,
    passes: 1,
};

/// A place for an installation: a data directory, and a schema where it is on PostgreSQL.
pub struct Ground {
    pub settings: Settings,
    folder: tempfile::TempDir,
    _schema: Option<TestStore>,
}

impl Ground {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            data_dir: folder.path().join("data"),
            city_code: "310118".to_owned(),
            ..Settings::default()
        };
        Self {
            settings,
            folder,
            _schema: None,
        }
    }

    pub fn postgres() -> Option<Self> {
        let schema = store::testing::postgres(&[], &store::testing::system_clock())?;
        schema.store.close();
        let Self {
            mut settings,
            folder,
            ..
        } = Self::sqlite();
        settings.database_url.clone_from(&schema.options.url);
        settings.database_writers = 3;
        Some(Self {
            settings,
            folder,
            _schema: Some(schema),
        })
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub async fn open(&self) -> City {
        // Every place draws keys of its own.
        static OPENED: AtomicU64 = AtomicU64::new(100);
        let seed = OPENED.fetch_add(1, Ordering::Relaxed);
        let chance = Arc::new(SeededChance::new(seed));
        City::open(&self.settings, Arc::new(SystemClock), chance)
            .await
            .unwrap()
    }

    pub fn hand_over(&self, city: &City, name: &str) -> HandedOver {
        hand_over(city, &self.settings, &self.path(name), &phrase(), &quiet()).unwrap()
    }

    pub async fn take(&self, folder: &Path) -> anyhow::Result<City> {
        let chance = Arc::new(SeededChance::new(12));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let taken = take_over(&self.settings, folder, &phrase(), clock, chance, &quiet()).await;
        taken.map(|(city, _)| city)
    }
}

pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(work)
}

fn quiet() -> Told {
    Arc::new(|_, _| {})
}

pub fn rooms(city: &City) -> Rooms<'_> {
    Rooms {
        access: &city.access,
        registry: &city.registry,
        casework: &city.casework,
    }
}

/// Some days of the story of the demo: most of what can happen to reports and cases does.
pub async fn days(ground: &Ground, days: i32, reports_a_day: f64) -> City {
    let until: Timestamp = "2026-11-20T15:00:00+08:00".parse().unwrap();
    let clock = Arc::new(ManualClock::default());
    let plan = Plan {
        days,
        reports_a_day,
        ..Plan::until(until, clock.clone(), 3)
    };
    clock.set(plan.begins_at());
    let chance = Arc::new(SeededChance::new(5));
    let city = City::open_at_cost(&ground.settings, clock, chance, CHEAP)
        .await
        .unwrap();
    city.store.begin_filling().unwrap();
    let console = city.console().await.unwrap();
    let lived = sim::two_months(&rooms(&city), &console, &plan, |_| {}).await;
    let lived = lived.unwrap();
    city.store.end_filling().unwrap();
    assert_eq!(lived.refusals, BTreeMap::new());
    city.close();
    ground.open().await
}

/// Rows of a table of numbers as texts, but for sums that count nothing.
fn numbers(store: &Store) -> BTreeSet<String> {
    let cell = |row: &Row<'_>, index: usize| -> Result<String, StoreError> {
        let number = row
            .get::<Option<i64>>(index)
            .map(|value| format!("{value:?}"));
        number.or_else(|_| {
            row.get::<Option<String>>(index)
                .map(|value| format!("{value:?}"))
        })
    };
    let rows = |table: &'static str, columns: usize| {
        store
            .read_blocking(move |tx| {
                let all = Statement::composed(format!("SELECT * FROM {table}"));
                tx.query(&all, &[], |row| {
                    let cells = (0..columns).map(|index| cell(row, index));
                    cells.collect::<Result<Vec<String>, StoreError>>()
                })
            })
            .unwrap()
    };
    let obligations = rows("obligation", 13);
    let days = rows("obligation_day", 66);
    assert!(obligations.len() > 100 && days.len() > 100);
    obligations
        .into_iter()
        .chain(
            days.into_iter()
                .filter(|row| row[5..].iter().any(|cell| cell != "Some(0)")),
        )
        .map(|row| row.join(" "))
        .collect()
}

fn assert_verifies(city: &City) {
    let found = city.casework.verify().unwrap();
    assert!(found.findings.is_empty(), "{:?}", found.findings);
    assert!(
        found.obligations.is_some_and(|count| count > 100),
        "the numbers were compared"
    );
    let audit = store::audit::verify(&city.store, &city.audit_keys()).unwrap();
    assert_eq!(audit.findings, Vec::<String>::new());
    assert!(audit.checkpoints > 0);
}

/// Every file of two hand-overs is the same, byte for byte, but for the audit chain, which has grown.
fn assert_same(one: (&Path, &HandedOver), other: (&Path, &HandedOver)) {
    let read = |folder: &Path, table: &str| {
        fs::read_to_string(folder.join(format!("{table}.ndjson"))).unwrap()
    };
    let tables = |of: &HandedOver| of.manifest.tables.clone();
    assert_eq!(tables(one.1).len(), tables(other.1).len());
    for table in tables(one.1) {
        let (before, after) = (read(one.0, &table.table), read(other.0, &table.table));
        if table.table.starts_with("audit") {
            let rows = |text: &str| -> BTreeSet<String> {
                let row = |line: &str| line.split(",\"check\"").next().unwrap().to_owned();
                text.lines().map(row).collect()
            };
            assert!(rows(&before).is_subset(&rows(&after)), "{}", table.table);
        } else {
            assert!(before == after, "{} differs", table.table);
        }
    }
}

#[test]
fn a_city_goes_from_engine_to_engine_and_back_and_stays_the_same() {
    let (here, there, back) = (Ground::sqlite(), Ground::postgres(), Ground::sqlite());
    block_on(async {
        let city = days(&here, 9, 34.0).await;
        upload(&city).await;
        let first = here.hand_over(&city, "first");
        let copy = async |city: &City, folder: &Path| {
            let copied = server::files::copy_to(&city.blobs, folder).await.unwrap();
            assert!(copied.files > 0);
        };
        copy(&city, &here.path("first")).await;
        let rows = |name: &str| {
            let found = first
                .manifest
                .tables
                .iter()
                .find(|table| table.table == name);
            found.unwrap().rows
        };
        for table in [
            "case_file",
            "report",
            "task",
            "timeline",
            "note",
            "component",
            "zone",
            "route",
            "timer",
            "outbox",
            "account",
            "attachment",
            "membership",
            "case_zone",
            "dispatch",
            "report_case",
            "organisation",
        ] {
            assert!(rows(table) > 0, "{table} is empty");
        }
        let counted = numbers(&city.store);
        assert_verifies(&city);
        let kinds = |city: &City| {
            let kinds =
                Statement::composed("SELECT DISTINCT kind FROM timeline ORDER BY kind".to_owned());
            city.store
                .read_blocking(move |tx| tx.query(&kinds, &[], |row| row.get::<String>(0)))
                .unwrap()
        };
        let lived = kinds(&city);
        for kind in [
            "task_returned",
            "suspension_decided",
            "report_joined",
            "case_split",
            "case_closed",
        ] {
            assert!(
                lived.iter().any(|each| each == kind),
                "{kind} is not among {lived:?}"
            );
        }
        city.close();
        let Some(there) = &there else {
            return;
        };
        let folder = here.path("first");
        let city = there.take(&folder).await.unwrap();
        assert_verifies(&city);
        assert_eq!(numbers(&city.store), counted);
        let second = there.hand_over(&city, "second");
        copy(&city, &there.path("second")).await;
        assert_same((&folder, &first), (&there.path("second"), &second));
        city.close();
        let city = back.take(&there.path("second")).await.unwrap();
        assert_verifies(&city);
        assert_eq!(numbers(&city.store), counted);
        assert_eq!(city.former_audit_keys.len(), 2);
        let (files, of_files) = city.casework.attachments_verify().await.unwrap();
        assert!(files > 0 && of_files.is_empty(), "{files} {of_files:?}");
        let third = back.hand_over(&city, "third");
        assert_same((&folder, &first), (&back.path("third"), &third));
        // It goes on: somebody signs in, and the chain still holds.
        leader(&city).await;
        assert_verifies(&city);
        city.close();
    });
}

async fn leader(city: &City) -> Arc<Principal> {
    let password = Password::new(sim::DEMO_PASSWORD.to_owned());
    let opened = city
        .access
        .session_open("zhibanzhang", &password, "127.0.0.1");
    opened.await.unwrap().principal
}

/// Somebody uploads a file.
async fn upload(city: &City) {
    let call = Call::of(leader(city).await);
    let mut upload = city.casework.attachment_begin(call, None).await.unwrap();
    upload.push(b"%PDF-1.7\nof the scene").await.unwrap();
    upload.finish().await.unwrap();
}

/// The small demo city.
pub async fn small(ground: &Ground) -> City {
    let city = ground.open().await;
    let console = city.console().await.unwrap();
    sim::seed(&rooms(&city), &console, 7).await.unwrap();
    city
}

/// Every file in a folder, by name.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

#[test]
fn the_small_city_leaves_postgres_for_a_file() {
    let (Some(here), there) = (Ground::postgres(), Ground::sqlite()) else {
        return;
    };
    block_on(async {
        let city = small(&here).await;
        let first = here.hand_over(&city, "first");
        let counted = numbers(&city.store);
        city.close();
        // It was opened before, and nothing was done in it: that is empty.
        there.open().await.close();
        for file in ["keys", "audit_key"] {
            assert!(there.settings.data_dir.join(file).exists());
        }
        let refused = there.take(&here.path("first")).await.err().unwrap();
        assert!(
            refused.to_string().contains("another key file"),
            "{refused}"
        );
        fs::remove_file(there.settings.data_dir.join("keys")).unwrap();
        let city = there.take(&here.path("first")).await.unwrap();
        assert_verifies(&city);
        assert_eq!(numbers(&city.store), counted);
        let second = there.hand_over(&city, "second");
        assert_same(
            (&here.path("first"), &first),
            (&there.path("second"), &second),
        );
        city.close();
    });
}

#[test]
fn what_was_touched_is_refused_and_leaves_nothing_behind() {
    let (here, there) = (Ground::sqlite(), Ground::sqlite());
    block_on(async {
        let city = small(&here).await;
        here.hand_over(&city, "good");
        let folder = here.path("good");
        let again = hand_over(&city, &here.settings, &folder, &phrase(), &quiet());
        assert!(again.unwrap_err().to_string().contains("is not empty"));
        city.close();
        let good = files(&folder);
        let keys =
            String::from_utf8(fs::read(here.settings.data_dir.join("keys")).unwrap()).unwrap();
        let secret = keys.lines().last().unwrap().split_once(' ').unwrap().1;
        for (name, bytes) in &good {
            let text = String::from_utf8_lossy(bytes);
            assert!(!text.contains(secret) && !text.contains(PHRASE), "{name}");
        }
        let timeline = String::from_utf8(good["timeline.ndjson"].clone()).unwrap();
        let manifest = String::from_utf8(good["manifest.json"].clone()).unwrap();
        let lines: Vec<&str> = timeline.split_inclusive('\n').collect();
        let dropped = [&lines[..40], &lines[41..]].concat().concat();
        let touched = [
            (
                "timeline.ndjson",
                timeline.replacen("case_filed", "case_failed", 1),
                "timeline.ndjson, line ",
            ),
            (
                "timeline.ndjson",
                dropped,
                "timeline.ndjson, line 41: it was changed",
            ),
            // Whoever mends the manifest to fit cannot seal the keys to it.
            (
                "manifest.json",
                manifest.replacen("\"rows\": 60", "\"rows\": 61", 1),
                "the keys do not open",
            ),
            (
                "keys.sealed",
                String::from_utf8(good["keys.sealed"].clone())
                    .unwrap()
                    .replacen('a', "b", 1),
                "",
            ),
        ];
        for (name, text, expected) in touched {
            assert_ne!(text.as_bytes(), good[name], "{name}");
            fs::write(folder.join(name), text).unwrap();
            let refused = there.take(&folder).await.err().unwrap().to_string();
            assert!(refused.contains(expected), "{expected}: {refused}");
            let left = files(&there.settings.data_dir).into_keys();
            assert!(left.into_iter().all(|file| file.starts_with("chengyun.")));
            fs::write(folder.join(name), &good[name]).unwrap();
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let chance = Arc::new(SeededChance::new(1));
        let other = take_over(
            &there.settings,
            &folder,
            &Passphrase::new("another passphrase").unwrap(),
            clock,
            chance,
            &quiet(),
        )
        .await;
        assert!(
            other
                .err()
                .unwrap()
                .to_string()
                .contains("the keys do not open")
        );
        let city = there.take(&folder).await.unwrap();
        assert_verifies(&city);
        city.close();
        let before = files(&there.settings.data_dir);
        let refused = there.take(&folder).await.err().unwrap().to_string();
        assert!(
            refused.contains("there is a city here already"),
            "{refused}"
        );
        let after = files(&there.settings.data_dir);
        // What the database lays beside itself comes and goes with whoever has it open.
        let names = |files: &BTreeMap<String, Vec<u8>>| {
            let kept = files
                .keys()
                .filter(|name| !name.starts_with("chengyun.db-"));
            kept.cloned().collect::<Vec<_>>()
        };
        assert_eq!(names(&before), names(&after));
        for name in ["keys", "audit_key", "audit_keys_before"] {
            assert_eq!(before[name], after[name]);
        }
    });
}

#[test]
fn every_table_of_every_room_has_its_fate() {
    store::testing::each_engine(ROOMS, |test| {
        let forgotten = test
            .store
            .read_blocking(|tx| store::handover::forgotten(tx, ROOMS));
        assert_eq!(forgotten.unwrap(), Vec::<String>::new());
    });
}
