//! The reference of the write figures: the very rows that the commands wrote, inserted again by a bare loop into tables of the same
//! shape, with as many commands in a transaction as there were connections.

use crate::load::CONNECTIONS;
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
    ("outbox", 3),
    ("audit", 1),
    ("idempotency", 1),
];
const DISPATCH: &[(&str, usize)] = &[
    ("task", 2),
    ("case_organisation", 2),
    ("timeline", 1),
    ("outbox", 1),
    ("timer", 2),
    ("audit", 1),
    ("idempotency", 1),
];
/// Commands replayed.
const COMMANDS: usize = 20_000;

/// Replays the rows of the database at `path` and prints `rates` (commands a second over HTTP) over the raw rates.
pub fn run(path: &Path, rates: [f64; 2]) -> Result<()> {
    for ((name, tables), rate) in [
        ("report with its case", CREATE),
        ("dispatch to two", DISPATCH),
    ]
    .into_iter()
    .zip(rates)
    {
        let raw = replay(path, tables)?;
        println!(
            "  {name:<22} over the same rows inserted raw, {CONNECTIONS} commands a commit: {rate:.0} / {raw:.0} = {:.2} (must 0.5, aim 0.8)",
            rate / raw
        );
    }
    Ok(())
}

fn replay(path: &Path, tables: &[(&str, usize)]) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let source = Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut target = Connection::open(folder.path().join("raw.db"))?;
    target.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000;")?;
    target.set_prepared_statement_cache_capacity(64);
    let mut sheets = Vec::new();
    for (table, each) in tables {
        let shapes = "SELECT sql FROM sqlite_master WHERE tbl_name = ?1 AND sql IS NOT NULL ORDER BY type DESC";
        let shapes: Vec<String> = source
            .prepare(shapes)?
            .query_map([table], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        shapes
            .iter()
            .try_for_each(|sql| target.execute_batch(sql))?;
        let mut read =
            source.prepare(&format!("SELECT * FROM {table} LIMIT {}", COMMANDS * each))?;
        let columns = read.column_count();
        let rows: Vec<Vec<Value>> = read
            .query_map([], |row| {
                (0..columns).map(|n| row.get(n)).collect::<Result<_, _>>()
            })?
            .collect::<Result<_, _>>()?;
        let marks = (1..=columns)
            .map(|n| format!("?{n}"))
            .collect::<Vec<_>>()
            .join(", ");
        sheets.push((format!("INSERT INTO {table} VALUES ({marks})"), *each, rows));
    }
    let commands = sheets
        .iter()
        .map(|(_, each, rows)| rows.len() / each)
        .min()
        .context("no tables")?;
    let started = Instant::now();
    let mut done = 0;
    while done < commands {
        let transaction = target.transaction()?;
        for command in done..(done + CONNECTIONS).min(commands) {
            for (sql, each, rows) in &sheets {
                let mut insert = transaction.prepare_cached(sql)?;
                for row in rows
                    .get(command * each..(command + 1) * each)
                    .unwrap_or_default()
                {
                    insert.execute(rusqlite::params_from_iter(row))?;
                }
            }
        }
        transaction.commit()?;
        done += CONNECTIONS;
    }
    Ok(commands as f64 / started.elapsed().as_secs_f64())
}
