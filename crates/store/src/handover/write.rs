//! Out: every table into its file, on one snapshot.

use super::line::Sink;
use super::{
    FORMAT, HandoverError, Kind, MANIFEST, Manifest, NODES, NodeMark, Table, TableFile, Told,
    columns, file_of, handed, quoted, schema,
};
use crate::value::Value;
use crate::{Param, Room, Row, Statement, Store, StoreError, Tx, outbox};
use std::path::Path;

/// Rows read at a time.
const PAGE: usize = 1_000;

/// Writes all that is handed over into `folder`, which is there and empty, and the manifest last. Blocks.
///
/// Errors: [`HandoverError::Unsettled`] when somebody else is writing (PostgreSQL); whatever the files or the database say.
pub fn write(
    store: &Store,
    rooms: &'static [Room],
    folder: &Path,
    city_code: &str,
    audit_keys: &[String],
    told: &Told,
) -> Result<Manifest, HandoverError> {
    let (folder, told) = (folder.to_owned(), told.clone());
    let beginning = Manifest {
        format: FORMAT.to_owned(),
        made_at: store.clock().now(),
        city_code: city_code.to_owned(),
        audit_keys: audit_keys.to_vec(),
        schema: Vec::new(),
        nodes: Vec::new(),
        tables: Vec::new(),
    };
    store.read_blocking(move |tx| write_in(tx, rooms, &folder, beginning.clone(), &told))
}

fn write_in(
    tx: &mut Tx<'_>,
    rooms: &[Room],
    folder: &Path,
    mut manifest: Manifest,
    told: &Told,
) -> Result<Manifest, HandoverError> {
    if outbox::unplaced(tx)? > 0 {
        return Err(HandoverError::Unsettled);
    }
    manifest.schema = schema(tx)?;
    manifest.nodes = tx.query(&NODES, &[], |row| {
        Ok(NodeMark {
            node: row.get(0)?,
            last_id: row.get(1)?,
        })
    })?;
    for table in handed(rooms) {
        manifest.tables.push(table_write(tx, &table, folder, told)?);
    }
    let path = folder.join(MANIFEST);
    let text = serde_json::to_string_pretty(&manifest)
        .map_err(|error| HandoverError::file(&path, error.to_string()))?;
    std::fs::write(&path, text + "\n")
        .map_err(|error| HandoverError::file(&path, error.to_string()))?;
    Ok(manifest)
}

fn table_write(
    tx: &mut Tx<'_>,
    table: &Table,
    folder: &Path,
    told: &Told,
) -> Result<TableFile, HandoverError> {
    let columns = columns(tx, table.name)?;
    let kinds: Vec<Kind> = columns.iter().map(|(_, kind)| *kind).collect();
    let order: Vec<(usize, Kind)> = table
        .order
        .iter()
        .map(|name| {
            let place = columns.iter().position(|(column, _)| column == name);
            place
                .and_then(|place| Some((place, *kinds.get(place)?)))
                .ok_or_else(|| StoreError::Corrupt(format!("{} has no {name}", table.name)))
        })
        .collect::<Result<_, _>>()?;
    let first = Statement::composed(page_text(table, &columns, ">="));
    let further = Statement::composed(page_text(table, &columns, ">"));
    let mut page = &first;
    let mut sink = Sink::create(file_of(folder, table.name))?;
    let mut after = beginning(&order);
    loop {
        let before = sink.rows;
        let mut last = None;
        let params: Vec<Param<'_>> = after.iter().map(Value::as_param).collect();
        tx.query(page, &params, |row| {
            sink.row(row, &kinds)?;
            last = Some(key_of(row, &order)?);
            Ok(())
        })?;
        told(table.name, sink.rows);
        let Some(last) = last.filter(|_| sink.rows - before == PAGE as u64) else {
            break;
        };
        after = last;
        page = &further;
    }
    let rows = sink.rows;
    let (bytes, sm3) = sink.finish()?;
    Ok(TableFile {
        table: table.name.to_owned(),
        columns,
        rows,
        bytes,
        sm3,
    })
}

/// A page from or after a key. A null is neither.
fn page_text(table: &Table, columns: &[(String, Kind)], than: &str) -> String {
    let order = quoted(table.order);
    let places: Vec<String> = (1..=table.order.len()).map(|n| format!("?{n}")).collect();
    format!(
        "SELECT {} FROM \"{}\" WHERE ({order}) {than} ({}) ORDER BY {order} LIMIT {PAGE}",
        quoted(columns.iter().map(|(name, _)| name)),
        table.name,
        places.join(", "),
    )
}

/// No key is less.
fn beginning(order: &[(usize, Kind)]) -> Vec<Value> {
    order
        .iter()
        .map(|(_, kind)| match kind {
            Kind::Text => Value::Text(String::new()),
            _ => Value::Int(i64::MIN),
        })
        .collect()
}

fn key_of(row: &Row<'_>, order: &[(usize, Kind)]) -> Result<Vec<Value>, StoreError> {
    order
        .iter()
        .map(|(place, kind)| {
            Ok(match kind {
                Kind::Integer => Value::Int(row.get(*place)?),
                Kind::Text => Value::Text(row.get(*place)?),
                _ => return Err(StoreError::Corrupt("a key is a number or a text".into())),
            })
        })
        .collect()
}
