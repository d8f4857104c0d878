//! Backups of the built program: kept while it serves under load, and brought back into a fresh place after `kill -9`.

use crate::{Place, binary};
use base::{Clock as _, SystemClock, Timestamp};
use bench::city::{City, Crew};
use bench::faults;
use bench::program::Launch;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use store::testing::FreshDatabase;

const STAGES: [&str; 6] = [
    "accepted",
    "filed",
    "handling",
    "inspecting",
    "closing",
    "closed",
];

fn rank(stage: &str) -> Option<usize> {
    STAGES.iter().position(|known| *known == stage)
}

/// A file with a passphrase, and the program that is told of it and of the folder of its backup.
struct Kept {
    folder: tempfile::TempDir,
}

impl Kept {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        write(
            &folder.path().join("passphrase"),
            "long enough for a test\n",
            0o600,
        );
        let kept = Self { folder };
        let script = format!(
            "#!/bin/sh\nexport CHENGYUN_BACKUP_DIR='{}' CHENGYUN_BACKUP_SECONDS=1 CHENGYUN_BACKUP_PASSPHRASE_FILE='{}'\nexec '{}' \"$@\"\n",
            kept.backup().display(),
            kept.passphrase().display(),
            binary().display()
        );
        write(&kept.program(), &script, 0o755);
        kept
    }

    fn backup(&self) -> PathBuf {
        self.folder.path().join("backup")
    }

    fn passphrase(&self) -> PathBuf {
        self.folder.path().join("passphrase")
    }

    fn program(&self) -> PathBuf {
        self.folder.path().join("chengyun")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(binary())
            .args(arguments)
            .arg("--backup-passphrase-file")
            .arg(self.passphrase())
            .output()
            .unwrap()
    }

    fn restore(&self, to: &Path, more: &[&str]) -> Output {
        let (from, to) = (self.backup(), to.display().to_string());
        let from = from.display().to_string();
        let mut arguments = vec!["restore", "--from", &from, "--data-dir", &to];
        arguments.extend(more);
        self.run(&arguments)
    }
}

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn done(output: &Output) -> String {
    let said = said(output);
    assert!(output.status.success(), "{said}");
    said
}

fn refused(output: &Output, why: &str) {
    let said = said(output);
    assert!(!output.status.success() && said.contains(why), "{said}");
}

/// What was answered, and when: at that time or later, the case was at that stage.
type Answered = Arc<Mutex<Vec<(Timestamp, String, &'static str)>>>;

async fn work(city: City, crew: usize, answered: Answered) {
    let Ok(mut people) = Crew::connect(&city).await else {
        return;
    };
    for n in 0.. {
        let number = crew * 100_000 + n;
        let noted = people.whole_loop(number, None, |case, stage| {
            let at = SystemClock.now();
            answered.lock().unwrap().push((at, case.to_owned(), stage));
        });
        if noted.await.is_err() {
            return;
        }
    }
}

/// How far the backup has come, as the server says when asked: everything answered before then can be restored.
async fn kept_until(city: &City) -> Option<Timestamp> {
    let asked_at = SystemClock.now();
    let mut client = city.leader.connect(city.address).await.unwrap();
    let ready: Value = client.get("/readyz").await.unwrap().json().unwrap();
    let behind = ready["backup"]["behind_seconds"].as_f64()?;
    let micros = Duration::from_secs_f64(behind).as_micros();
    Some(Timestamp(asked_at.0 - i64::try_from(micros).unwrap()))
}

async fn wait_until_kept(city: &City) {
    let now = SystemClock.now();
    let began = Instant::now();
    while kept_until(city).await.is_none_or(|until| until < now) {
        assert!(began.elapsed() < Duration::from_mins(2), "not kept");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Every case answered before `until` is at its stage or further.
async fn all_there(city: &City, answered: &Answered, until: Timestamp) -> usize {
    let mut owed = answered.lock().unwrap().clone();
    owed.retain(|(at, _, _)| *at < until);
    let mut client = city.leader.connect(city.address).await.unwrap();
    for (_, case, stage) in &owed {
        let reply = client.get(&format!("/api/v1/cases/{case}")).await.unwrap();
        let found: Value = reply.json().unwrap();
        let found = found["stage"].as_str().unwrap();
        assert!(
            rank(found) >= rank(stage),
            "case {case} was answered as {stage} and is {found}"
        );
    }
    owed.len()
}

/// The path of a file that the shift leader has uploaded.
async fn upload(city: &City, document: &str) -> String {
    let mut client = city.leader.connect(city.address).await.unwrap();
    let reply = client.post("/api/v1/attachments", document, None).await;
    let file: Value = reply.unwrap().json().unwrap();
    format!("/api/v1/attachments/{}", file["id"].as_str().unwrap())
}

async fn download(city: &City, path: &str) -> Vec<u8> {
    let mut client = city.leader.connect(city.address).await.unwrap();
    let reply = client.get(path).await.unwrap();
    assert_eq!(reply.status, 200);
    reply.body
}

#[test]
fn after_kill_9_under_load_what_was_answered_before_the_last_step_is_restored_in_a_fresh_place() {
    let (kept, place) = (Kept::new(), Place::embedded());
    let program = kept.program();
    let launch = Launch {
        binary: &program,
        ..place.launch("demo")
    };
    let (program, city, runtime) = faults::open_demo(&launch).unwrap();
    runtime.block_on(wait_until_kept(&city));
    let answered = Answered::default();
    let crews: Vec<_> = (0..6)
        .map(|crew| runtime.spawn(work(city.clone(), crew, answered.clone())))
        .collect();
    std::thread::sleep(Duration::from_secs(6));
    let promised = runtime.block_on(kept_until(&city)).unwrap();
    let now = SystemClock.now();
    program.kill().unwrap();
    for crew in crews {
        runtime.block_on(crew).unwrap();
    }
    assert!(
        now.0 - promised.0 < 60_000_000,
        "{promised} is more than a minute before {now}"
    );
    let fresh = Place::embedded();
    let output = kept.restore(fresh.folder.path(), &[]);
    assert!(done(&output).contains("everything is as it should be"));
    let restored = fresh.launch("serve").start().unwrap();
    let there = City {
        address: restored.address,
        ..city.clone()
    };
    let count = runtime.block_on(all_there(&there, &answered, promised));
    assert!(
        count > 50,
        "{count} answers of {}",
        answered.lock().unwrap().len()
    );
    restored.stop().unwrap();

    // The city itself goes on after the kill, and its backup with it, whether in the same line or another.
    let program = launch.start().unwrap();
    let city = City {
        address: program.address,
        ..city
    };
    runtime.block_on(wait_until_kept(&city));
    program.stop().unwrap();
    let fresh = Place::embedded();
    done(&kept.restore(fresh.folder.path(), &[]));
    let restored = fresh.launch("serve").start().unwrap();
    let there = City {
        address: restored.address,
        ..city
    };
    let count = runtime.block_on(all_there(&there, &answered, now));
    assert!(count > 50, "{count}");
    restored.stop().unwrap();
}

#[test]
fn a_copy_is_taken_while_the_city_is_served_and_a_restore_needs_its_passphrase_and_an_empty_place()
{
    let (kept, place) = (Kept::new(), Place::embedded());
    let (program, city, runtime) = faults::open_demo(&place.launch("demo")).unwrap();
    let answered = Answered::default();
    let document = format!("%PDF-1.7\n{}", "现场记录 ".repeat(50_000));
    let file = runtime.block_on(upload(&city, &document));
    let crew = runtime.spawn(work(city, 0, answered.clone()));
    std::thread::sleep(Duration::from_millis(500));
    let data_dir = place.folder.path().display().to_string();
    let backup = kept.backup().display().to_string();
    let before = SystemClock.now();
    let copied = done(&kept.run(&["backup", "--to", &backup, "--data-dir", &data_dir]));
    assert!(copied.contains("copied the city as of"), "{copied}");
    std::thread::sleep(Duration::from_millis(300));
    program.kill().unwrap();
    runtime.block_on(crew).unwrap();
    // Only its owner looks into it, and the keys are not to be read in it.
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&kept.backup()), 0o700);
    let sealed = kept.backup().join("line-000001/keys.sealed");
    assert_eq!(mode(&sealed), 0o600);
    let key = fs::read_to_string(place.folder.path().join("audit_key")).unwrap();
    let bytes = fs::read(&sealed).unwrap();
    assert!(
        !bytes
            .windows(16)
            .any(|some| key.as_bytes().starts_with(some))
    );

    let fresh = tempfile::tempdir().unwrap();
    let target = fresh.path().join("city");
    refused(
        &kept.restore(&target, &["--at", "2020-01-01T00:00:00+08:00"]),
        "goes not back to",
    );
    let right = fs::read_to_string(kept.passphrase()).unwrap();
    write(&kept.passphrase(), "another passphrase\n", 0o600);
    refused(&kept.restore(&target, &[]), "the keys do not open");
    write(&kept.passphrase(), &right, 0o644);
    refused(&kept.restore(&target, &[]), "open to others");
    write(&kept.passphrase(), &right, 0o600);
    assert!(!target.exists(), "a refusal leaves nothing behind");
    let restored = done(&kept.restore(&target, &[]));
    assert!(
        restored.contains("everything is as it should be"),
        "{restored}"
    );
    refused(&kept.restore(&target, &[]), "is not empty");
    let launch = Launch {
        data_dir: &target,
        ..place.launch("serve")
    };
    let program = launch.start().unwrap();
    let city = runtime.block_on(City::enter(program.address)).unwrap();
    let count = runtime.block_on(all_there(&city, &answered, before));
    assert!(count > 0);
    assert_eq!(
        runtime.block_on(download(&city, &file)),
        document.as_bytes()
    );
    program.stop().unwrap();
}

#[test]
fn without_a_passphrase_or_on_postgres_nobody_is_followed_and_that_is_said_at_the_start() {
    let place = Place::embedded();
    let run = |more: &[&str]| {
        Command::new(binary())
            .args(["recount", "--backup-dir", "somewhere", "--data-dir"])
            .arg(place.folder.path())
            .args(more)
            .output()
            .unwrap()
    };
    refused(&run(&[]), "--backup-passphrase-file");
    if let Some(postgres) = Place::postgres() {
        let kept = Kept::new();
        let passphrase = kept.passphrase().display().to_string();
        let more = [
            "--database-url",
            postgres.url().unwrap(),
            "--backup-passphrase-file",
            &passphrase,
        ];
        refused(&run(&more), "its own tools");
    }
}

#[test]
fn a_city_on_postgres_is_copied_and_restored_by_its_own_tools() {
    let Some(place) = Place::postgres() else {
        return;
    };
    let kept = Kept::new();
    let program = place.launch("demo").start().unwrap();
    let url = place.url().unwrap();
    let data_dir = place.folder.path().display().to_string();
    let backup = kept.backup().display().to_string();
    let copy = [
        "backup",
        "--to",
        &backup,
        "--data-dir",
        &data_dir,
        "--database-url",
        url,
    ];
    done(&kept.run(&copy));
    program.stop().unwrap();
    let fresh = FreshDatabase::make().unwrap();
    let target = tempfile::tempdir().unwrap();
    let target = target.path().join("city");
    let (_, options) = url.split_once('?').unwrap();
    let fresh_url = format!("{}?{options}", fresh.url);
    let restore = |url: &str| kept.restore(&target, &["--database-url", url]);
    refused(&restore(url), "is not empty");
    assert!(!target.join("keys").exists());
    let restored = done(&restore(&fresh_url));
    assert!(restored.contains("60 reports"), "{restored}");
    assert!(
        restored.contains("everything is as it should be"),
        "{restored}"
    );
    // A copy that was changed is told.
    let dump = kept.backup().join("line-000001/database.dump");
    let mut bytes = fs::read(&dump).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&dump, bytes).unwrap();
    let other = tempfile::tempdir().unwrap();
    let again = kept.restore(&other.path().join("city"), &["--database-url", &fresh_url]);
    refused(&again, "database.dump is damaged");
}
