//! Empty stores for tests, on both engines: a fresh SQLite file, and a fresh schema of a private PostgreSQL server.
//!
//! The server is started on first use (as an unprivileged user when we are root, because PostgreSQL refuses otherwise), shared
//! by all test processes, and stops by itself a minute after the last of them. `CHENGYUN_TEST_POSTGRES_URL` names another one.
//! Without PostgreSQL's programs the PostgreSQL half is left out and says so; with `CI=true` that is a failure.

use crate::pg::session::Session;
use crate::{
    Options, Room, Store, StoreError, audit, consumer, handover, idempotency, outbox, timer,
};
use base::chance::{Chance, SeededChance};
use base::{Clock, SystemClock};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A store of its own, gone when this is dropped.
pub struct TestStore {
    /// The open store.
    pub store: Store,
    /// How it was opened; open it again to see what survived.
    pub options: Options,
    place: Place,
}

enum Place {
    Folder(PathBuf),
    Schema { server_url: String, schema: String },
}

impl Drop for TestStore {
    fn drop(&mut self) {
        self.store.close();
        match &self.place {
            Place::Folder(folder) => drop(fs::remove_dir_all(folder)),
            Place::Schema { server_url, schema } => {
                let dropped = Session::connect(server_url, "BEGIN").and_then(|mut session| {
                    session.batch(&format!("DROP SCHEMA {schema} CASCADE"))
                });
                drop(dropped);
            }
        }
    }
}

/// The clock of tests that do not care.
pub fn system_clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// Chance that repeats.
pub fn seeded_chance() -> Arc<dyn Chance> {
    Arc::new(SeededChance::new(7))
}

/// Runs `test` on a fresh store of each engine.
pub fn each_engine(rooms: &[Room], test: impl Fn(&TestStore)) {
    each_engine_at(rooms, &system_clock(), test);
}

/// The same with the clock of the test.
pub fn each_engine_at(rooms: &[Room], clock: &Arc<dyn Clock>, test: impl Fn(&TestStore)) {
    test(&sqlite(rooms, clock));
    if let Some(store) = postgres(rooms, clock) {
        test(&store);
    }
}

fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!(
        "t{}_{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}

/// A fresh SQLite file.
#[expect(clippy::panic, reason = "a test without a store cannot go on")]
pub fn sqlite(rooms: &[Room], clock: &Arc<dyn Clock>) -> TestStore {
    let folder = std::env::temp_dir().join(format!("chengyun-{}", unique()));
    let _ = fs::remove_dir_all(&folder);
    let options = Options::sqlite(&folder.join("test.db"));
    match Store::open(&options, rooms, clock.clone(), seeded_chance()) {
        Ok(store) => TestStore {
            store,
            options,
            place: Place::Folder(folder),
        },
        Err(error) => panic!("no SQLite store in {}: {error}", folder.display()),
    }
}

/// A fresh PostgreSQL schema; none when there is no PostgreSQL here.
#[expect(clippy::panic, reason = "a test without a store cannot go on")]
pub fn postgres(rooms: &[Room], clock: &Arc<dyn Clock>) -> Option<TestStore> {
    let server_url = postgres_url()?;
    let schema = unique();
    let opened = (|| {
        let mut session = Session::connect(&server_url, "BEGIN")?;
        session.batch(&format!(
            "DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema};"
        ))?;
        let glue = if server_url.contains('?') { '&' } else { '?' };
        let url = format!("{server_url}{glue}options=-c%20search_path%3D{schema}");
        let options = Options {
            url,
            writers: 4,
            readers: 2,
            backup: None,
        };
        let store = Store::open(&options, rooms, clock.clone(), seeded_chance())?;
        Ok::<_, StoreError>((store, options))
    })();
    match opened {
        Ok((store, options)) => Some(TestStore {
            store,
            options,
            place: Place::Schema { server_url, schema },
        }),
        Err(error) => panic!("no PostgreSQL store: {error}"),
    }
}

/// A database of its own on the private server, gone when this is dropped.
pub struct FreshDatabase {
    /// Its address.
    pub url: String,
    server_url: String,
    name: String,
}

impl FreshDatabase {
    /// None when there is no PostgreSQL here.
    #[expect(clippy::panic, reason = "a test without a database cannot go on")]
    pub fn make() -> Option<Self> {
        let server_url = postgres_url()?;
        let name = format!("fresh_{}", unique());
        let made = Session::connect(&server_url, "BEGIN").and_then(|mut session| {
            session.batch(&format!("DROP DATABASE IF EXISTS {name}"))?;
            session.batch(&format!("CREATE DATABASE {name}"))
        });
        if let Err(error) = made {
            panic!("no database on the private server: {error}");
        }
        let (server, options) = server_url.split_once('?').unwrap_or((&server_url, ""));
        let (server, _) = server.rsplit_once('/').unwrap_or((server, ""));
        let glue = if options.is_empty() { "" } else { "?" };
        Some(Self {
            url: format!("{server}/{name}{glue}{options}"),
            server_url,
            name,
        })
    }
}

impl Drop for FreshDatabase {
    fn drop(&mut self) {
        let dropped = Session::connect(&self.server_url, "BEGIN").and_then(|mut session| {
            session.batch(&format!("DROP DATABASE {} WITH (FORCE)", self.name))
        });
        drop(dropped);
    }
}

/// Prepares every statement of every room (and of the store itself) on both engines.
#[expect(clippy::panic, reason = "this is an assertion")]
pub fn assert_every_statement_prepares(rooms: &[Room]) {
    let own = [
        audit::STATEMENTS,
        outbox::STATEMENTS,
        consumer::STATEMENTS,
        timer::STATEMENTS,
        idempotency::STATEMENTS,
        handover::STATEMENTS,
    ];
    let statements: Vec<_> = own
        .into_iter()
        .chain(rooms.iter().map(|room| room.statements))
        .flatten()
        .copied()
        .collect();
    each_engine(rooms, |test| {
        for statement in &statements {
            let statement = *statement;
            let prepared = test.store.write_blocking(move |tx| tx.prepare(statement));
            if let Err(error) = prepared {
                panic!(
                    "{} does not understand {:?}: {error}",
                    engine_name(&test.store),
                    statement.text()
                );
            }
        }
    });
}

/// For messages.
pub fn engine_name(store: &Store) -> &'static str {
    if store.is_postgres() {
        "PostgreSQL"
    } else {
        "SQLite"
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where they run"
)]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The private server's address, started if need be.
#[expect(
    clippy::panic,
    clippy::print_stderr,
    reason = "in CI a missing PostgreSQL is a failure; elsewhere the test says so"
)]
pub fn postgres_url() -> Option<String> {
    if let Some(url) = setting("CHENGYUN_TEST_POSTGRES_URL") {
        return Some(url);
    }
    match PrivateServer::locate().and_then(|server| server.ensure_running()) {
        Ok(url) => Some(url),
        Err(error) if setting("CI").as_deref() == Some("true") => {
            panic!("PostgreSQL for the tests: {error}")
        }
        Err(error) => {
            eprintln!("left out: the PostgreSQL half of this test ({error})");
            None
        }
    }
}

struct PrivateServer {
    programs: PathBuf,
    folder: PathBuf,
    /// Whom to run as; none: ourselves.
    user: Option<&'static str>,
}

impl PrivateServer {
    fn locate() -> io::Result<Self> {
        let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path().join("bin"))
            .collect();
        versions.sort();
        let path = setting("PATH").unwrap_or_default();
        let programs = versions
            .into_iter()
            .rev()
            .chain(std::env::split_paths(&path));
        let programs = programs
            .into_iter()
            .find(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file());
        let programs = programs.ok_or_else(|| {
            io::Error::other("initdb is not installed (Debian: apt-get install postgresql)")
        })?;
        let is_root = Command::new("id")
            .arg("-u")
            .output()?
            .stdout
            .starts_with(b"0\n");
        let user = match is_root {
            false => None,
            true if Command::new("id")
                .arg("postgres")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()?
                .success() =>
            {
                Some("postgres")
            }
            true => Some("nobody"),
        };
        let name = format!("chengyun-test-postgres-{}", user.unwrap_or("own"));
        Ok(Self {
            programs,
            folder: std::env::temp_dir().join(name),
            user,
        })
    }

    fn url(&self) -> String {
        format!(
            "postgres://chengyun@{}/postgres",
            self.folder.display().to_string().replace('/', "%2F")
        )
    }

    /// Any number of test processes may come here at once: the first holds the lock while it starts the server.
    fn ensure_running(&self) -> io::Result<String> {
        fs::create_dir_all(&self.folder)?;
        let lock = fs::File::create(self.folder.join("lock"))?;
        lock.lock()?;
        self.beat()?;
        if !self.is_running()? {
            self.start()?;
        }
        let folder = self.folder.clone();
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_secs(10));
                let _ = fs::write(folder.join("heartbeat"), b"");
            }
        });
        Ok(self.url())
    }

    fn beat(&self) -> io::Result<()> {
        fs::write(self.folder.join("heartbeat"), b"")
    }

    fn is_running(&self) -> io::Result<bool> {
        let status = self.run("pg_ctl", &["status", "-D", &self.data()])?;
        Ok(status.0)
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    fn start(&self) -> io::Result<()> {
        let _ = fs::remove_dir_all(self.folder.join("data"));
        if let Some(user) = self.user {
            let owner = format!("{user}:");
            Command::new("chown")
                .arg(&owner)
                .arg(&self.folder)
                .status()?;
        }
        let data = self.data();
        self.must(
            "initdb",
            &[
                "-D",
                &data,
                "-U",
                "chengyun",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-sync",
            ],
        )?;
        let socket = self.folder.display();
        // The tests kill our processes, never this server: nothing here has to survive a power cut.
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories='{socket}' -c fsync=off -c max_connections=400 -c shared_buffers=64MB"
        );
        let log = self.folder.join("log").display().to_string();
        self.must(
            "pg_ctl",
            &["start", "-w", "-D", &data, "-l", &log, "-o", &options],
        )?;
        self.watch()
    }

    /// Stops the server when no test process has given a sign for a minute.
    fn watch(&self) -> io::Result<()> {
        let script = "while [ -f \"$1/heartbeat\" ] && [ $(( $(date +%s) - $(stat -c %Y \"$1/heartbeat\") )) -lt 60 ]; do sleep 5; done; \
                      \"$2/pg_ctl\" stop -m immediate -D \"$1/data\"";
        let folder = self.folder.display().to_string();
        let programs = self.programs.display().to_string();
        let mut command = self.as_user("sh");
        command.args(["-c", script, "watch", &folder, &programs]);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(drop)
    }

    fn as_user(&self, program: &str) -> Command {
        let mut command = match self.user {
            Some(user) => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", user, "--regid", user, "--clear-groups", program]);
                command
            }
            None => Command::new(program),
        };
        command.current_dir(Path::new("/"));
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) -> io::Result<(bool, String)> {
        let mut command = self.as_user(&self.programs.join(program).display().to_string());
        // The server inherits what its starter has: a pipe of ours would stay open as long as the server lives.
        let log = fs::File::create(self.folder.join(format!("{program}.out")))?;
        let status = command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .status()?;
        let said =
            fs::read_to_string(self.folder.join(format!("{program}.out"))).unwrap_or_default();
        Ok((status.success(), said))
    }

    fn must(&self, program: &str, arguments: &[&str]) -> io::Result<()> {
        match self.run(program, arguments)? {
            (true, _) => Ok(()),
            (false, said) => Err(io::Error::other(format!("{program} failed: {said}"))),
        }
    }
}
