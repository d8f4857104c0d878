//! What a city has, as tables for people and other systems: masked, or with a reason not; either way written into the audit chain first.

use crate::city::City;
use crate::handover::make_folder;
use access::{ExportError, Unmasking};
use anyhow::ensure;
use base::{Id, limits};
use serde_json::json;
use std::path::Path;
use store::AuditEntry;
use table::{Form, OutputFolder, Written};

/// What stands open in tables that are not masked.
const OPENED: &[&str] = &[
    "reporter_name",
    "reporter_phone",
    "words",
    "notes",
    "staff_phone",
];

/// Writes all tables into `folder`, which is made or empty, on one snapshot. With a reason personal data stand open. Blocks.
pub async fn export_tables(
    city: &City,
    folder: &Path,
    form: Form,
    unmasked_because: Option<&str>,
    told: Written,
) -> anyhow::Result<()> {
    if let Some(reason) = unmasked_because {
        let length = reason.trim().chars().count();
        let most = limits::REMARK_CHARACTERS_MAX;
        ensure!(
            (1..=most).contains(&length),
            "--reason: say why, in 1 to {most} characters"
        );
    }
    let console = city.console().await?;
    let unmasker = console.acting_anywhere("report_unmask")?;
    make_folder(folder)?;
    let at = city.store.clock().now();
    let (reason, caller) = (unmasked_because.map(str::to_owned), console.clone());
    let written = city.store.write(move |tx| match &reason {
        Some(reason) => Unmasking {
            operation: "city_export",
            object: Id(0),
            fields: OPENED,
            reason: reason.trim(),
        }
        .record(tx, at, &caller, &unmasker),
        None => tx.audit(&AuditEntry {
            at,
            actor: unmasker.account_id,
            action: "city_export",
            object: Id(0),
            detail: &access::trail::detail(&caller, &unmasker, json!({ "masked": true })),
        }),
    });
    written.await?;
    let masked = unmasked_because.is_none();
    let out = OutputFolder::new(folder, form, told);
    let (access, registry, casework) = (
        city.access.clone(),
        city.registry.clone(),
        city.casework.clone(),
    );
    let snapshot = registry.snapshot();
    let done = city.store.read(move |tx| {
        let area_code = |path: &base::TreePath| snapshot.area_code(path);
        let people = access.export(tx, &out, &area_code, masked)?;
        registry.export(tx, &out, &people)?;
        casework.export(tx, &out, &snapshot, &people, masked)?;
        Ok::<_, ExportError>(())
    });
    Ok(done.await?)
}
