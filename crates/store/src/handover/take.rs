//! In: every file into its table, all of them in one transaction.

use super::line::Source;
use super::{
    FORMAT, HandoverError, Kind, LANE_END, MANIFEST, Manifest, NODE_RAISE, SEQUENCE_RAISE,
    SchemaStep, Table, TableFile, Told, columns, file_of, handed, quoted, schema,
};
use crate::audit::{AuditEntry, ChainEnd};
use crate::value::Value;
use crate::{Param, Room, Statement, Store, StoreError, Tx, outbox, params};
use base::{Id, Timestamp};
use std::path::{Path, PathBuf};

/// On PostgreSQL so many rows travel together.
const BATCH: u64 = 500;
/// Progress is told after so many rows.
const TOLD_EVERY: u64 = 10_000;

/// What is written down of the taking, behind the audit entries that were handed over.
#[derive(Debug, Clone)]
pub struct Deed {
    /// The operation.
    pub action: &'static str,
    /// JSON.
    pub detail: String,
}

impl Manifest {
    /// Reads the text of a manifest; `folder` is for messages.
    pub fn read(text: &str, folder: &Path) -> Result<Self, HandoverError> {
        let path = folder.join(MANIFEST);
        let found: Self = serde_json::from_str(text)
            .map_err(|error| HandoverError::file(&path, error.to_string()))?;
        if found.format == FORMAT {
            return Ok(found);
        }
        let reason = format!("the form {:?} is not {FORMAT:?}", found.format);
        Err(HandoverError::file(&path, reason))
    }
}

/// Takes everything that `manifest` names from `folder` into `store`, which holds nothing yet: all of it, or nothing. Open the store
/// anew afterwards: what rooms remember of it is what was there before. Blocks.
pub fn take(
    store: &Store,
    rooms: &'static [Room],
    folder: &Path,
    manifest: &Manifest,
    deed: &Deed,
    told: &Told,
) -> Result<(), HandoverError> {
    let taking = Taking {
        rooms,
        folder: folder.to_owned(),
        manifest: manifest.clone(),
        deed: deed.clone(),
        now: store.clock().now(),
        told: told.clone(),
    };
    store.write_blocking(move |tx| taking.run(tx))
}

struct Taking {
    rooms: &'static [Room],
    folder: PathBuf,
    manifest: Manifest,
    deed: Deed,
    now: Timestamp,
    told: Told,
}

impl Taking {
    fn run(&self, tx: &mut Tx<'_>) -> Result<(), HandoverError> {
        self.check_schema(&schema(tx)?)?;
        let tables: Vec<Table> = handed(self.rooms).collect();
        self.check_tables(tx, &tables)?;
        for table in &tables {
            check_empty(tx, table)?;
        }
        // Those that refer to others go first.
        for table in tables.iter().rev().filter(|table| table.is_replacing()) {
            let text = format!("DELETE FROM \"{}\"", table.name);
            tx.execute(&Statement::composed(text), &[])?;
        }
        for file in &self.manifest.tables {
            self.table_take(tx, file)?;
        }
        for mark in &self.manifest.nodes {
            tx.post(&NODE_RAISE, params![mark.node, self.now, mark.last_id])?;
        }
        if tx.is_postgres() {
            let last = outbox::last_place(tx)?;
            tx.post(&SEQUENCE_RAISE, params![last])?;
        }
        Self::go_on_with_lane(tx)?;
        tx.audit(&AuditEntry {
            at: self.now,
            actor: Id(0),
            action: self.deed.action,
            object: Id(0),
            detail: &self.deed.detail,
        })?;
        Ok(())
    }

    fn check_schema(&self, ours: &[SchemaStep]) -> Result<(), HandoverError> {
        let theirs = &self.manifest.schema;
        let differs = |a: &[SchemaStep], b: &[SchemaStep]| {
            let found = a.iter().find(|step| !b.contains(step));
            found.map(|step| format!("{}/{}", step.room, step.name))
        };
        let step = differs(theirs, ours).map(|step| format!("it has {step}, which this one lacks"));
        let step = step
            .or_else(|| differs(ours, theirs).map(|step| format!("it lacks {step} of this one")));
        step.map_or(Ok(()), |step| Err(HandoverError::OtherSchema(step)))
    }

    /// The manifest names our tables with our columns, in our order.
    fn check_tables(&self, tx: &mut Tx<'_>, tables: &[Table]) -> Result<(), HandoverError> {
        let path = self.folder.join(MANIFEST);
        let names = self.manifest.tables.iter().map(|file| file.table.as_str());
        if !names.eq(tables.iter().map(|table| table.name)) {
            let reason = "it does not name the tables of this program, in their order";
            return Err(HandoverError::file(&path, reason));
        }
        for file in &self.manifest.tables {
            if file.columns != columns(tx, &file.table)? {
                let reason = format!("{} has other columns here", file.table);
                return Err(HandoverError::file(&path, reason));
            }
        }
        Ok(())
    }

    fn table_take(&self, tx: &mut Tx<'_>, file: &TableFile) -> Result<(), HandoverError> {
        let places: Vec<String> = (1..=file.columns.len()).map(|n| format!("?{n}")).collect();
        let insert = Statement::composed(format!(
            "INSERT INTO \"{}\" ({}) VALUES ({})",
            file.table,
            quoted(file.columns.iter().map(|(name, _)| name)),
            places.join(", "),
        ));
        let kinds: Vec<Kind> = file.columns.iter().map(|(_, kind)| *kind).collect();
        let mut source = Source::open(file_of(&self.folder, &file.table))?;
        let mut rows = 0;
        while let Some(values) = source.row(&kinds)? {
            rows += 1;
            if rows > file.rows {
                let reason = format!("the manifest counts only {} rows", file.rows);
                return Err(source.wrong(reason));
            }
            let row: Vec<Param<'_>> = values.iter().map(Value::as_param).collect();
            let put = if rows % BATCH == 0 {
                tx.execute(&insert, &row).map(drop)
            } else {
                tx.post(&insert, &row)
            };
            put.map_err(|error| refused(error, &source))?;
            if rows % TOLD_EVERY == 0 {
                (self.told)(&file.table, rows);
            }
        }
        if rows < file.rows {
            let reason = format!(
                "the file ends here, and the manifest counts {} rows",
                file.rows
            );
            return Err(source.wrong_at(rows + 1, reason));
        }
        if source.digest() != file.sm3 {
            let reason = "its SM3 is not what the manifest says";
            return Err(HandoverError::file(source.path(), reason));
        }
        (self.told)(&file.table, rows);
        Ok(())
    }

    /// Entries that follow are linked to the last one handed over of the lane that this connection writes.
    fn go_on_with_lane(tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let lane = tx.chain.lane;
        let end = tx.query_opt(&LANE_END, params![lane], |row| {
            Ok(ChainEnd {
                lane,
                seq: row.get(0)?,
                hash: row.get(1)?,
            })
        })?;
        if let Some(end) = end {
            tx.chain = end;
        }
        Ok(())
    }
}

/// A row that the database does not take is the file's fault, not a lost race to be run again.
fn refused(error: StoreError, source: &Source) -> HandoverError {
    match error {
        StoreError::Conflict => source.wrong("a row with this key was there already"),
        StoreError::Statement(reason) => source.wrong(reason),
        other => other.into(),
    }
}

fn check_empty(tx: &mut Tx<'_>, table: &Table) -> Result<(), HandoverError> {
    if table.is_replacing() {
        return Ok(());
    }
    let any = Statement::composed(format!("SELECT 1 FROM \"{}\" LIMIT 1", table.name));
    match tx.query_opt(&any, &[], |_| Ok(()))? {
        Some(()) => Err(HandoverError::NotEmpty(table.name)),
        None => Ok(()),
    }
}
