//! PostgreSQL's own tools, called: `pg_dump` into a line of the backup, `pg_restore` out of it. Passwords go by the environment of the
//! called program, never on its command line.

use super::follow::lay_beside;
use super::piece::{self, Head};
use super::shelf::{DUMP_FILE, Line, OwnShelf, Shelf};
use super::{BackupError, Follow};
use crate::StoreError;
use crate::migrate::{self, Room};
use crate::params;
use crate::pg::session::Session;
use base::{Clock, Timestamp};
use sm3::{Digest as _, Sm3};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// The copy itself, beside the piece that describes it.
const COPY_FILE: &str = "database.dump";
/// Where Debian keeps the programs of each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// A copy that was made or put back.
#[derive(Clone, Copy, Debug)]
pub struct Dumped {
    /// The state it is of.
    pub at: Timestamp,
    /// What it takes.
    pub bytes: u64,
}

/// Copies the installation at `url` into a line of its own. Blocks; not on a thread that runs async tasks.
pub fn dump(url: &str, options: &Follow, clock: &dyn Clock) -> Result<Dumped, BackupError> {
    let server = Server::parse(url)?;
    let shelf = OwnShelf::open(&options.folder, &options.owner)?;
    let mut session = Session::connect(url, "BEGIN")?;
    let schema = schema(&mut session)?
        .ok_or_else(|| BackupError::Refused("there is no installation in that database".into()))?;
    let migrations = migrate::postgres_done(&mut session)?;
    drop(session);
    let at = clock.now();
    let line = shelf.begin_line(&Head::Line {
        owner: options.owner.clone(),
        at,
    })?;
    lay_beside(&line, &options.beside)?;
    let copy = line.folder.join(COPY_FILE);
    // Made here, so that nobody else may read it.
    piece::put(&copy, &[]).map_err(|source| BackupError::io(&copy, source))?;
    server.run(
        "pg_dump",
        &[
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            &format!("--schema=\"{schema}\""),
            &format!("--file={}", copy.display()),
        ],
    )?;
    let synced = File::open(&copy).and_then(|file| file.sync_all());
    synced.map_err(|source| BackupError::io(&copy, source))?;
    let (digest, bytes) = digest(&copy)?;
    let head = Head::Dump {
        at,
        schema,
        bytes,
        digest,
        migrations,
    };
    piece::write(&line.folder.join(DUMP_FILE), &head, &[])?;
    Ok(Dumped { at, bytes })
}

/// A copy that was found whole.
#[derive(Debug)]
pub struct DumpPlan {
    line: Line,
    at: Timestamp,
    schema: String,
    bytes: u64,
    migrations: Vec<(String, String, String)>,
}

impl DumpPlan {
    /// The newest copy in `folder`, or the newest that is not later than `at`. All of it is held against its digest.
    pub fn of(folder: &Path, wanted: Option<Timestamp>) -> Result<Self, BackupError> {
        let shelf = Shelf {
            folder: folder.to_owned(),
        };
        for line in shelf.lines()?.into_iter().rev() {
            let path = line.folder.join(DUMP_FILE);
            if !path.exists() {
                continue;
            }
            let Head::Dump {
                at,
                schema,
                bytes,
                digest: stated,
                migrations,
            } = piece::read(&path)?.head
            else {
                return Err(BackupError::Damaged {
                    path,
                    why: "it is another kind of piece than its name says".into(),
                });
            };
            if wanted.is_some_and(|wanted| at > wanted) {
                continue;
            }
            let copy = line.folder.join(COPY_FILE);
            if digest(&copy)? != (stated, bytes) {
                return Err(BackupError::Damaged {
                    path: copy,
                    why: "its digest is not the one that was stated".into(),
                });
            }
            return Ok(Self {
                line,
                at,
                schema,
                bytes,
                migrations,
            });
        }
        Err(BackupError::Refused(format!(
            "there is no such copy of PostgreSQL in {}",
            folder.display()
        )))
    }

    /// A file that was laid beside.
    pub fn beside(&self, name: &str) -> Result<Vec<u8>, BackupError> {
        let path = self.line.folder.join(name);
        fs::read(&path).map_err(|source| BackupError::io(&path, source))
    }

    /// Puts it into the database at `url`, in which its schema must be empty. All of it or nothing. Blocks.
    pub fn build(&self, url: &str, rooms: &[Room]) -> Result<Dumped, BackupError> {
        migrate::known(&migrate::with_store_itself(rooms), &self.migrations)?;
        let server = Server::parse(url)?;
        let mut session = Session::connect(url, "BEGIN")?;
        let count = "SELECT count(*) FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = ?1)";
        let rows = session.query(count, params![self.schema.as_str()])?;
        let relations: i64 = rows
            .first()
            .map_or(Ok(0), |row| row.try_get(0))
            .map_err(StoreError::from)?;
        if relations > 0 {
            return Err(BackupError::Refused(format!(
                "the schema {} of that database is not empty",
                self.schema
            )));
        }
        session.batch("COMMIT")?;
        session.batch(&format!("CREATE SCHEMA IF NOT EXISTS \"{}\"", self.schema))?;
        drop(session);
        let copy = self.line.folder.join(COPY_FILE);
        server.run(
            "pg_restore",
            &[
                "--exit-on-error",
                "--single-transaction",
                "--no-owner",
                "--no-privileges",
                &format!("--schema={}", self.schema),
                &format!("--dbname={}", server.database),
                &copy.display().to_string(),
            ],
        )?;
        Ok(Dumped {
            at: self.at,
            bytes: self.bytes,
        })
    }
}

/// The schema that holds the installation, if there is one.
fn schema(session: &mut Session) -> Result<Option<String>, BackupError> {
    let found = "SELECT CAST(current_schema() AS TEXT) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'schema_migration'";
    let rows = session.query(found, &[])?;
    let name = rows.first().map(|row| row.try_get(0)).transpose();
    let name: Option<String> = name.map_err(StoreError::from)?;
    match name {
        Some(name) if name.contains(['"', '\'', '*', '?']) => Err(BackupError::Refused(format!(
            "the schema {name} has a name that PostgreSQL's tools take for a pattern"
        ))),
        name => Ok(name),
    }
}

/// How the tools reach the server.
struct Server {
    variables: Vec<(&'static str, String)>,
    database: String,
}

impl Server {
    fn parse(url: &str) -> Result<Self, BackupError> {
        // What is wrong with the address is not told: the password may be in it.
        let config: Config = url
            .parse()
            .map_err(|_| BackupError::Refused("the address of the database is not one".into()))?;
        let hosts: Vec<String> = config
            .get_hosts()
            .iter()
            .map(|host| match host {
                Host::Tcp(name) => name.clone(),
                Host::Unix(folder) => folder.display().to_string(),
            })
            .collect();
        let ports: Vec<String> = config.get_ports().iter().map(u16::to_string).collect();
        let user = config.get_user().unwrap_or("postgres").to_owned();
        let database = config.get_dbname().unwrap_or(&user).to_owned();
        let password = config
            .get_password()
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let given = [
            ("PGHOST", Some(hosts.join(","))),
            ("PGPORT", Some(ports.join(","))),
            ("PGUSER", Some(user)),
            ("PGDATABASE", Some(database.clone())),
            ("PGPASSWORD", password),
        ];
        let variables = given
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)))
            .collect();
        Ok(Self {
            variables,
            database,
        })
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<(), BackupError> {
        let output = Command::new(find(program))
            .args(arguments)
            .arg("--no-password")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .output()
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => BackupError::Refused(format!(
                    "{program} is not installed (Debian: apt-get install postgresql-client)"
                )),
                _ => BackupError::io(Path::new(program), error),
            })?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(BackupError::Refused(format!(
            "{program} ended with {}: {}",
            output.status,
            said.trim()
        )))
    }
}

/// The newest version that Debian has here, else whatever the path leads to.
fn find(program: &str) -> PathBuf {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin").join(program)))
        })
        .filter(|(_, path)| path.is_file())
        .collect();
    versions.sort_unstable();
    versions
        .pop()
        .map_or_else(|| PathBuf::from(program), |(_, path)| path)
}

fn digest(path: &Path) -> Result<(String, u64), BackupError> {
    let failed = |source| BackupError::io(path, source);
    let mut file = File::open(path).map_err(failed)?;
    let mut sm3 = Sm3::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let count = file.read(&mut buffer).map_err(failed)?;
        if count == 0 {
            return Ok((hex::encode(sm3.finalize()), bytes));
        }
        sm3.update(buffer.get(..count).unwrap_or_default());
        bytes += count as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_variables_of_the_tools() {
        let url = "postgres://chengyun:s%40crét@db.example:5433/city?options=-c%20search_path%3Dx";
        let server = Server::parse(url).unwrap();
        assert_eq!(server.database, "city");
        let expected = [
            ("PGHOST", "db.example"),
            ("PGPORT", "5433"),
            ("PGUSER", "chengyun"),
            ("PGDATABASE", "city"),
            ("PGPASSWORD", "s@crét"),
        ];
        let found: Vec<(&str, &str)> = server
            .variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        assert_eq!(found, expected);
        let socket = Server::parse("postgres://me@%2Frun%2Fpg/x").unwrap();
        assert_eq!(socket.variables[0], ("PGHOST", "/run/pg".to_owned()));
    }

    #[test]
    fn what_is_wrong_with_an_address_does_not_tell_its_password() {
        let error = Server::parse("postgres://me:secret@[broken/x")
            .err()
            .unwrap();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
