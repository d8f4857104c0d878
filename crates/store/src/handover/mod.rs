//! A whole installation as files, and back: table by table, a row a line, in words that belong to no engine. So a city moves to
//! another machine, and from the embedded database to PostgreSQL or the other way.
//!
//! Every room says of each of its tables what becomes of it ([`Table`]). [`write`] reads all of them on one snapshot and never
//! holds more than a page; [`take`] writes all of them in one transaction, into a database where there is nothing yet, or nothing at all.
//!
//! A file is lines `{"row":[…],"check":"9f3a61c2"}`, the values in the order of the columns that the [`Manifest`] names: integers
//! and doubles as JSON numbers, truth values, texts, bytes as base64, null. `check` is the beginning of SM3 over all of the file up to and
//! with the row, so that the first line that was changed, left out or put in is known by its number; the manifest has
//! the SM3 of each whole file. Whoever vouches for the manifest vouches for all.
//!
//! What it is not: a backup that follows the city, or a table for people to read.

mod line;
mod take;
mod write;

pub use take::{Deed, take};
pub use write::write;

use crate::{Room, Statement, StoreError, Tx};
use base::Timestamp;
use serde::{Deserialize, Serialize};
use sm3::{Digest as _, Sm3};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What becomes of a table's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// They are handed over, into an empty table.
    Handed,
    /// They are handed over, and take the place of those that every installation begins with.
    Replacing,
    /// They are made anew from what was handed over.
    MadeAnew,
    /// They stay: of use only where they are.
    Stays,
}

/// A table of a room, and what becomes of it when the city is handed over.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The columns its rows are ordered by; together unique, never null, and in an index. Where rows refer to others of
    /// the same table, those come first in this order.
    pub order: &'static [&'static str],
    /// What becomes of its rows.
    pub fate: Fate,
}

impl Table {
    /// One whose rows are handed over.
    pub const fn handed(name: &'static str, order: &'static [&'static str]) -> Self {
        Self {
            name,
            order,
            fate: Fate::Handed,
        }
    }

    /// One whose rows take the place of those that every installation begins with.
    pub const fn replacing(name: &'static str, order: &'static [&'static str]) -> Self {
        Self {
            name,
            order,
            fate: Fate::Replacing,
        }
    }

    /// One whose rows are made anew.
    pub const fn made_anew(name: &'static str) -> Self {
        Self {
            name,
            order: &[],
            fate: Fate::MadeAnew,
        }
    }

    /// One whose rows stay.
    pub const fn stays(name: &'static str) -> Self {
        Self {
            name,
            order: &[],
            fate: Fate::Stays,
        }
    }

    const fn is_handed(&self) -> bool {
        matches!(self.fate, Fate::Handed | Fate::Replacing)
    }

    const fn is_replacing(&self) -> bool {
        matches!(self.fate, Fate::Replacing)
    }
}

/// The store's own tables.
pub(crate) const STORE_TABLES: &[Table] = &[
    Table::handed("outbox", &["place"]),
    // Follows the outbox; see `take`.
    Table::stays("outbox_sequence"),
    Table::handed("outbox_cursor", &["consumer"]),
    Table::handed("outbox_parked", &["consumer", "place"]),
    Table::handed("timer", &["id"]),
    Table::handed("idempotency", &["id"]),
    Table::handed("audit", &["lane", "seq"]),
    Table::handed("audit_checkpoint", &["seq"]),
    // Its last ids are in the manifest.
    Table::stays("node"),
    Table::stays("schema_migration"),
];

/// A column that only PostgreSQL has: the order in which entries were inserted, of no meaning once they have their places.
const ONLY_HERE: (&str, &str) = ("outbox", "position");

/// Why a hand-over was not written or not taken. Whatever it is, nothing was taken.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HandoverError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file as a whole.
    #[error("{file}: {reason}")]
    File {
        /// Its name.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A line of a file.
    #[error("{file}, line {line}: {reason}")]
    Line {
        /// Its name.
        file: String,
        /// Counted from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// There is a city here.
    #[error(
        "there is a city here already (the table {0} is not empty); a hand-over goes into an empty installation"
    )]
    NotEmpty(&'static str),
    /// Made by another version of the program.
    #[error(
        "the hand-over was written by another version of the program ({0}); take it over with that one, then bring the program up to date"
    )]
    OtherSchema(String),
    /// Entries of the outbox that have no place yet.
    #[error(
        "the city is being written to; stop its servers, so that the hand-over is the end of it, and try again"
    )]
    Unsettled,
}

impl HandoverError {
    fn file(path: &Path, reason: impl Into<String>) -> Self {
        Self::File {
            file: path.display().to_string(),
            reason: reason.into(),
        }
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A whole number.
    Integer,
    /// A double.
    Double,
    /// A truth value.
    Boolean,
    /// A text.
    Text,
    /// Bytes, as base64.
    Bytes,
}

impl Kind {
    /// From what either engine calls it.
    fn of(declared: &str) -> Option<Self> {
        Some(match declared.to_ascii_lowercase().as_str() {
            "integer" | "bigint" => Self::Integer,
            "double precision" => Self::Double,
            "boolean" => Self::Boolean,
            "text" => Self::Text,
            "blob" | "bytea" => Self::Bytes,
            _ => return None,
        })
    }
}

/// What a hand-over consists of; written last, read first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What the files are: [`FORMAT`].
    pub format: String,
    /// When the snapshot was taken.
    pub made_at: Timestamp,
    /// The city's code, what human numbers begin with.
    pub city_code: String,
    /// The public keys that checkpoints of the audit chain are signed with, hexadecimal.
    pub audit_keys: Vec<String>,
    /// The steps of the schema.
    pub schema: Vec<SchemaStep>,
    /// The last id that each node may have given: none below it is given again.
    pub nodes: Vec<NodeMark>,
    /// The tables, in the order they are taken in.
    pub tables: Vec<TableFile>,
}

/// The form of the files described here.
pub const FORMAT: &str = "chengyun-handover/1";

/// The manifest's file.
pub const MANIFEST: &str = "manifest.json";

/// A step of the schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaStep {
    /// Whose.
    pub room: String,
    /// The migration's name.
    pub name: String,
    /// SM3 of its text.
    pub digest: String,
}

/// How far a node's ids have come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeMark {
    /// Its number.
    pub node: i64,
    /// The last id.
    pub last_id: i64,
}

/// A table in its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableFile {
    /// Its name; the file is called so, with `.ndjson` behind.
    pub table: String,
    /// Name and kind of each column, in the order of the values.
    pub columns: Vec<(String, Kind)>,
    /// Rows, and lines of the file.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// SM3 of the file.
    pub sm3: String,
}

/// Is told the table and how many of its rows are done.
pub type Told = Arc<dyn Fn(&str, u64) + Send + Sync>;

/// SM3 in hexadecimal: by it whoever takes a hand-over knows its manifest.
pub fn digest_of(bytes: &[u8]) -> String {
    hex::encode(Sm3::digest(bytes))
}

fn file_of(folder: &Path, table: &str) -> PathBuf {
    folder.join(format!("{table}.ndjson"))
}

/// The tables handed over, those that others refer to first.
fn handed(rooms: &[Room]) -> impl Iterator<Item = Table> {
    crate::migrate::with_store_itself(rooms)
        .into_iter()
        .flat_map(|room| room.tables.iter().copied())
        .filter(Table::is_handed)
}

static COLUMNS_SQLITE: Statement =
    Statement::fixed("SELECT name, type FROM pragma_table_info(?1) ORDER BY cid");
static COLUMNS_POSTGRES: Statement = Statement::fixed(
    "SELECT column_name::text, data_type::text FROM information_schema.columns
     WHERE table_schema = current_schema() AND table_name = ?1 ORDER BY ordinal_position",
);
static TABLES_SQLITE: Statement = Statement::fixed(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
);
static TABLES_POSTGRES: Statement = Statement::fixed(
    "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY 1",
);
static SCHEMA: Statement = Statement::fixed("SELECT room, name, digest FROM schema_migration");
static NODES: Statement = Statement::fixed("SELECT node, last_id FROM node ORDER BY node");
static NODE_RAISE: Statement = Statement::fixed(
    "INSERT INTO node (node, holder, seen_at, last_id) VALUES (?1, 'handed over', ?2, ?3) ON CONFLICT (node) DO UPDATE
     SET last_id = CASE WHEN excluded.last_id > node.last_id THEN excluded.last_id ELSE node.last_id END",
);
static LANE_END: Statement =
    Statement::fixed("SELECT seq, hash FROM audit WHERE lane = ?1 ORDER BY seq DESC LIMIT 1");
static SEQUENCE_RAISE: Statement =
    Statement::fixed("UPDATE outbox_sequence SET place = ?1 WHERE id = 0");

pub(crate) static STATEMENTS: &[&Statement] = &[&SCHEMA, &NODES, &NODE_RAISE, &LANE_END];

/// Name and kind of every column, from the database itself.
fn columns(tx: &mut Tx<'_>, table: &str) -> Result<Vec<(String, Kind)>, StoreError> {
    let statement = if tx.is_postgres() {
        &COLUMNS_POSTGRES
    } else {
        &COLUMNS_SQLITE
    };
    let mut found = tx.query(statement, crate::params![table], |row| {
        let (name, declared): (String, String) = (row.get(0)?, row.get(1)?);
        let kind = Kind::of(&declared).ok_or_else(|| {
            StoreError::Corrupt(format!("{table}.{name} is of the unknown type {declared}"))
        })?;
        Ok((name, kind))
    })?;
    found.retain(|(name, _)| (table, name.as_str()) != ONLY_HERE);
    if found.is_empty() {
        return Err(StoreError::Corrupt(format!("there is no table {table}")));
    }
    Ok(found)
}

/// The steps of the schema, in order of room and name.
fn schema(tx: &mut Tx<'_>) -> Result<Vec<SchemaStep>, StoreError> {
    let mut steps = tx.query(&SCHEMA, &[], |row| {
        Ok(SchemaStep {
            room: row.get(0)?,
            name: row.get(1)?,
            digest: row.get(2)?,
        })
    })?;
    steps.sort_unstable();
    Ok(steps)
}

/// Tables of the database of which no room says what becomes of them, and tables spoken of that are not there; for the test
/// that none is forgotten.
pub fn forgotten(tx: &mut Tx<'_>, rooms: &[Room]) -> Result<Vec<String>, StoreError> {
    let statement = if tx.is_postgres() {
        &TABLES_POSTGRES
    } else {
        &TABLES_SQLITE
    };
    let there = tx.query(statement, &[], |row| row.get::<String>(0))?;
    let rooms = crate::migrate::with_store_itself(rooms);
    let spoken_of: Vec<&Table> = rooms.iter().flat_map(|room| room.tables).collect();
    // The sequence of places is PostgreSQL's alone.
    let elsewhere = |name: &str| name == "outbox_sequence" && !tx.is_postgres();
    let lost = spoken_of
        .iter()
        .filter(|table| !there.iter().any(|name| name == table.name) && !elsewhere(table.name))
        .map(|table| table.name.to_owned());
    let unknown = there
        .iter()
        .filter(|name| !spoken_of.iter().any(|table| table.name == **name))
        .cloned();
    Ok(lost.chain(unknown).collect())
}

/// An identifier in a statement.
fn quoted(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let names: Vec<String> = names
        .into_iter()
        .map(|name| format!("\"{}\"", name.as_ref()))
        .collect();
    names.join(", ")
}
