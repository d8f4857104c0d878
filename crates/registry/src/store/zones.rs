//! Zones with their areas and people, and every version they had.

use super::{
    DUTY_GRID_AREA_ADD, DUTY_GRID_AREAS_REMOVE, ZONE_ADD, ZONE_AREA_ADD, ZONE_AREAS,
    ZONE_AREAS_REMOVE, ZONE_HISTORY, ZONE_HISTORY_ADD, ZONE_SET, ZONE_STAFF, ZONE_STAFF_ADD,
    ZONE_STAFF_REMOVE, ZONES, corrupt,
};
use crate::Boundary;
use crate::model::{Zone, ZoneBook};
use base::{Id, Timestamp, TreePath};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use store::{StoreError, Tx, params};

/// A version of a zone.
#[derive(Clone, Debug, PartialEq)]
pub struct ZoneEvent {
    /// Which.
    pub version: i64,
    /// From when on.
    pub at: Timestamp,
    /// Who made it so.
    pub staff_id: Id,
    /// For which organisation.
    pub organisation_id: Id,
    /// The zone as it was then: code, name, area codes, organisation, staff, whether active.
    pub body: Value,
}

/// Every zone.
pub(crate) fn load_zones(tx: &mut Tx<'_>) -> Result<ZoneBook, StoreError> {
    let mut paths: HashMap<Id, Vec<TreePath>> = HashMap::new();
    for (zone, path) in tx.query(&ZONE_AREAS, &[], |row| {
        Ok((row.get::<Id>(0)?, row.get::<TreePath>(1)?))
    })? {
        paths.entry(zone).or_default().push(path);
    }
    let mut staff: HashMap<Id, Vec<Id>> = HashMap::new();
    for (zone, person) in tx.query(&ZONE_STAFF, &[], |row| {
        Ok((row.get::<Id>(0)?, row.get::<Id>(1)?))
    })? {
        staff.entry(zone).or_default().push(person);
    }
    let mut zones = tx.query(&ZONES, &[], |row| {
        let shape = row.get::<Option<Vec<u8>>>(4)?;
        let boundary = shape
            .map(|bytes| Boundary::from_stored(&bytes))
            .transpose()
            .map_err(corrupt)?;
        Ok(Zone {
            id: row.get(0)?,
            code: row.get(1)?,
            name: row.get(2)?,
            kind: row.get(3)?,
            area_paths: Vec::new(),
            boundary: boundary.map(Arc::new),
            organisation_id: row.get(5)?,
            staff_ids: Vec::new(),
            is_active: row.get(6)?,
            version: row.get(7)?,
        })
    })?;
    for zone in &mut zones {
        zone.area_paths = paths.remove(&zone.id).unwrap_or_default();
        zone.staff_ids = staff.remove(&zone.id).unwrap_or_default();
    }
    Ok(ZoneBook::new(zones))
}

/// Enters a zone.
pub(crate) fn zone_add(tx: &mut Tx<'_>, zone: &Zone) -> Result<(), StoreError> {
    let shape = zone.boundary.as_ref().map(|boundary| boundary.to_stored());
    tx.post(
        &ZONE_ADD,
        params![
            zone.id,
            zone.code,
            zone.name,
            zone.kind,
            shape,
            zone.organisation_id,
            zone.is_active,
            zone.version
        ],
    )?;
    members_add(tx, zone)
}

/// Changes a zone that is at the version before `zone.version`.
pub(crate) fn zone_set(tx: &mut Tx<'_>, zone: &Zone) -> Result<(), StoreError> {
    let shape = zone.boundary.as_ref().map(|boundary| boundary.to_stored());
    tx.post_one(
        &ZONE_SET,
        params![
            zone.id,
            zone.version - 1,
            zone.code,
            zone.name,
            shape,
            zone.organisation_id,
            zone.is_active
        ],
    )?;
    for removal in [
        &ZONE_AREAS_REMOVE,
        &ZONE_STAFF_REMOVE,
        &DUTY_GRID_AREAS_REMOVE,
    ] {
        tx.post(removal, params![zone.id])?;
    }
    members_add(tx, zone)
}

fn members_add(tx: &mut Tx<'_>, zone: &Zone) -> Result<(), StoreError> {
    for path in &zone.area_paths {
        tx.post_one(&ZONE_AREA_ADD, params![zone.id, path])?;
        if zone.is_duty_grid() && zone.is_active {
            tx.post_one(&DUTY_GRID_AREA_ADD, params![zone.id, path])?;
        }
    }
    for person in &zone.staff_ids {
        tx.post(&ZONE_STAFF_ADD, params![zone.id, *person])?;
    }
    Ok(())
}

/// Notes a version; `area_codes` are those of its areas.
pub(crate) fn event_add(
    tx: &mut Tx<'_>,
    zone: &Zone,
    area_codes: &[String],
    at: Timestamp,
    actor: &access::Actor,
) -> Result<(), StoreError> {
    let body = json!({
        "code": zone.code,
        "name": zone.name,
        "kind": zone.kind,
        "area_codes": area_codes,
        "organisation_id": zone.organisation_id,
        "staff_ids": zone.staff_ids,
        "boundary": zone.boundary.as_ref().map(|boundary| boundary.to_geojson()),
        "is_active": zone.is_active,
    });
    tx.post(
        &ZONE_HISTORY_ADD,
        params![
            zone.id,
            zone.version,
            at,
            actor.staff_id,
            actor.organisation_id,
            body.to_string()
        ],
    )
}

/// The versions of a zone before one, the newest first.
pub(crate) fn events(
    tx: &mut Tx<'_>,
    zone_id: Id,
    before: i64,
    limit: i64,
) -> Result<Vec<ZoneEvent>, StoreError> {
    tx.query(&ZONE_HISTORY, params![zone_id, before, limit], |row| {
        Ok(ZoneEvent {
            version: row.get(0)?,
            at: row.get(1)?,
            staff_id: row.get(2)?,
            organisation_id: row.get(3)?,
            body: serde_json::from_str(&row.get::<String>(4)?).map_err(corrupt)?,
        })
    })
}
