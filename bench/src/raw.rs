//! The reference of the write figures: the very rows that the commands wrote, inserted again by a bare loop into tables of the same
//! shape, with as many commands in a transaction as the store grouped. What a command changes in place is changed in place.

use anyhow::{Context, Result};
use rusqlite::Connection;
use rusqlite::types::Value;
use std::path::Path;
use std::time::Instant;

/// What each kind of command writes: table, and rows of it a command.
const CREATE: &[(&str, usize)] = &[
    ("report", 1),
    ("case_file", 1),
    ("report_case", 1),
    ("case_organisation", 1),
    ("timeline", 3),
    ("outbox", 2),
    ("timer", 1),
    ("audit", 1),
    ("idempotency", 1),
];
const DISPATCH: &[(&str, usize)] = &[
    ("task", 2),
    ("dispatch", 1),
    ("case_organisation", 2),
    ("timeline", 1),
    ("outbox", 1),
    ("timer", 2),
    ("audit", 1),
    ("idempotency", 1),
];
/// Commands replayed.
const COMMANDS: usize = 20_000;

/// What a dispatch changes in a case, and how the case was before.
const FINAL: &str = "SELECT id, version, stage, lead_organisation_id, started_at, yellow_at, due_at, dispatched_at FROM case_file";
const BEFORE: &str = "UPDATE case_file SET version = version - 1, stage = 'filed', lead_organisation_id = NULL,
    started_at = accepted_at, yellow_at = accepted_at + 1350000000, due_at = accepted_at + 1800000000, dispatched_at = NULL";
const CHANGE: &str = "UPDATE case_file SET version = ?2, stage = ?3, lead_organisation_id = ?4, started_at = ?5, yellow_at = ?6,
    due_at = ?7, dispatched_at = ?8 WHERE id = ?1";

/// One statement, how often a command runs it, and with which values.
struct Sheet {
    sql: String,
    each: usize,
    rows: Vec<Vec<Value>>,
}

/// Replays the rows of the database at `path`, so many commands in a transaction: creations and dispatches a second.
pub fn rates(path: &Path, [create, dispatch]: [usize; 2]) -> Result<[f64; 2]> {
    Ok([
        replay(path, CREATE, false, create)?,
        replay(path, DISPATCH, true, dispatch)?,
    ])
}

/// Makes a table of the same shape with its indexes.
fn shape(source: &Connection, target: &Connection, table: &str) -> Result<()> {
    let shapes: Vec<String> = source
        .prepare("SELECT sql FROM sqlite_master WHERE tbl_name = ?1 AND sql IS NOT NULL ORDER BY type DESC")?
        .query_map([table], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    shapes
        .iter()
        .try_for_each(|sql| target.execute_batch(sql))?;
    Ok(())
}

fn rows(source: &Connection, sql: &str) -> Result<Vec<Vec<Value>>> {
    let mut read = source.prepare(sql)?;
    let columns = read.column_count();
    Ok(read
        .query_map([], |row| {
            (0..columns).map(|n| row.get(n)).collect::<Result<_, _>>()
        })?
        .collect::<Result<_, _>>()?)
}

/// Inserts all rows of a table into its likeness.
fn insert_of(table: &str, rows: &[Vec<Value>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let marks: Vec<String> = (1..=columns).map(|n| format!("?{n}")).collect();
    format!("INSERT INTO {table} VALUES ({})", marks.join(", "))
}

fn replay(path: &Path, tables: &[(&str, usize)], changes_case: bool, group: usize) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let source = Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut target = Connection::open(folder.path().join("raw.db"))?;
    target.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000;")?;
    target.set_prepared_statement_cache_capacity(64);
    let mut sheets = Vec::new();
    for (table, each) in tables {
        shape(&source, &target, table)?;
        let limit = COMMANDS * each;
        let rows = rows(&source, &format!("SELECT * FROM {table} LIMIT {limit}"))?;
        sheets.push(Sheet {
            sql: insert_of(table, &rows),
            each: *each,
            rows,
        });
    }
    if changes_case {
        shape(&source, &target, "case_file")?;
        let cases = rows(&source, "SELECT * FROM case_file")?;
        let sql = insert_of("case_file", &cases);
        let transaction = target.transaction()?;
        for case in &cases {
            transaction
                .prepare_cached(&sql)?
                .execute(rusqlite::params_from_iter(case))?;
        }
        transaction.execute(BEFORE, [])?;
        transaction.commit()?;
        target.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")?;
        sheets.push(Sheet {
            sql: CHANGE.to_owned(),
            each: 1,
            rows: rows(&source, FINAL)?,
        });
    }
    timed(&mut target, &sheets, group)
}

fn timed(target: &mut Connection, sheets: &[Sheet], group: usize) -> Result<f64> {
    let commands = sheets.iter().map(|sheet| sheet.rows.len() / sheet.each);
    let commands = commands.min().context("no tables")?;
    let started = Instant::now();
    let mut done = 0;
    while done < commands {
        let transaction = target.transaction()?;
        for command in done..(done + group).min(commands) {
            for Sheet { sql, each, rows } in sheets {
                let mut statement = transaction.prepare_cached(sql)?;
                for row in rows
                    .get(command * each..(command + 1) * each)
                    .unwrap_or_default()
                {
                    statement.execute(rusqlite::params_from_iter(row))?;
                }
            }
        }
        transaction.commit()?;
        done += group;
    }
    Ok(commands as f64 / started.elapsed().as_secs_f64())
}
