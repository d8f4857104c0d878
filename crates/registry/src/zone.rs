//! Zones and duty grids: making, changing, finding, and who is in them.

use crate::component::change::present;
use crate::failure::RegistryError;
use crate::model::Zone;
use crate::service::{Part, Registry, history_page, tell_nodes};
use crate::store::zones as sql;
use crate::store::zones::ZoneEvent;
use crate::{AreaTree, Boundary};
use ::store::idempotency::{self, Once};
use ::store::{AuditEntry, StoreError, Tx};
use access::{Actor, Principal};
use base::geo::CoordinateSystem;
use base::{AreaLevel, FieldError, Id, Page, PageRequest, Timestamp, TreePath};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use utoipa::ToSchema;

/// The most areas of one zone.
pub const AREAS_MAX: usize = 5_000;
/// The most people who answer for one zone.
pub const STAFF_MAX: usize = 50;

/// A new zone.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneNew {
    /// The city's code for it, where it has one; unique.
    pub code: Option<String>,
    /// Unique.
    pub name: String,
    /// `duty_grid`, or a word of the city's such as `park` or `river`.
    pub kind: String,
    /// The areas it is made of, by path; of a duty grid unit grids only, none of them another duty grid's.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub area_paths: Vec<TreePath>,
    /// Its outline as GeoJSON (Polygon or MultiPolygon), where it has one of its own; duty grids have none.
    #[schema(value_type = Option<Object>)]
    pub boundary: Option<Value>,
    /// The system of the outline's coordinates; CGCS2000 when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub coordinates: CoordinateSystem,
    /// Which organisation answers for it.
    #[schema(value_type = Option<String>)]
    pub organisation_id: Option<Id>,
    /// Who answers for it: of a duty grid its inspectors. A duty grid has an organisation or somebody.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub staff_ids: Vec<Id>,
}

/// A change: what is left out stays, what is null is taken away.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ZoneChange {
    /// The city's code; null: none.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub code: Option<Option<String>>,
    /// Name.
    pub name: Option<String>,
    /// All its areas.
    #[schema(value_type = Option<Vec<String>>)]
    pub area_paths: Option<Vec<TreePath>>,
    /// Its outline; null: none.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub boundary: Option<Option<Value>>,
    /// The system of the outline's coordinates.
    #[schema(value_type = Option<String>)]
    pub coordinates: CoordinateSystem,
    /// Which organisation answers for it; null: none.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub organisation_id: Option<Option<Id>>,
    /// All who answer for it.
    #[schema(value_type = Option<Vec<String>>)]
    pub staff_ids: Option<Vec<Id>>,
    /// False gives it up; true takes it up again.
    pub is_active: Option<bool>,
}

/// Which zones are wanted.
#[derive(Clone, Debug, Default)]
pub struct ZoneFilter {
    /// Of this kind.
    pub kind: Option<String>,
    /// That this organisation answers for.
    pub organisation_id: Option<Id>,
    /// That this person answers for.
    pub staff_id: Option<Id>,
    /// With an area in this one, or around it.
    pub area_path: Option<TreePath>,
    /// Only given up ones, or only active ones.
    pub is_active: Option<bool>,
}

impl ZoneFilter {
    /// Whether a zone is wanted.
    pub(crate) fn takes(&self, zone: &Zone) -> bool {
        let meets = |wanted: &TreePath| {
            let paths = zone.area_paths.iter();
            paths
                .into_iter()
                .any(|path| path.contains(wanted) || wanted.contains(path))
        };
        self.kind.as_ref().is_none_or(|kind| *kind == zone.kind)
            && self.is_active.is_none_or(|active| active == zone.is_active)
            && (self.organisation_id.is_none() || self.organisation_id == zone.organisation_id)
            && self.staff_id.is_none_or(|id| zone.staff_ids.contains(&id))
            && self.area_path.as_ref().is_none_or(meets)
    }
}

impl Registry {
    /// Makes a zone of areas, an outline, or both.
    pub async fn zone_create(
        &self,
        who: &Principal,
        new: ZoneNew,
        once: Option<Once>,
    ) -> Result<Arc<Zone>, RegistryError> {
        let actor = who.acting_anywhere("zone_create")?;
        let mut faults = Vec::new();
        let boundary = outline(new.boundary.as_ref(), new.coordinates, &mut faults);
        let zone = Zone {
            id: self.store.next_id(),
            code: new.code,
            name: new.name,
            kind: new.kind,
            area_paths: sorted(new.area_paths),
            boundary,
            organisation_id: new.organisation_id,
            staff_ids: sorted(new.staff_ids),
            is_active: true,
            version: 1,
        };
        if once.is_none() {
            self.check_zone(&zone, faults).await?;
        } else if let Err(error) = self.check_zone(&zone, faults).await {
            // A repeated request finds its own zone in the way: then its answer counts, not the fault.
            return self.answered(once).await?.ok_or(error);
        }
        let id = self.write_zone(actor, zone, "zone_create", once).await?;
        self.zone(id).ok_or(RegistryError::NotFound("zone"))
    }

    /// Changes a zone that is at `expected_version`, where one is given. Nothing is written when nothing changes.
    pub async fn zone_update(
        &self,
        who: &Principal,
        id: Id,
        expected_version: Option<i64>,
        change: ZoneChange,
    ) -> Result<Arc<Zone>, RegistryError> {
        let actor = who.acting_anywhere("zone_update")?;
        let before = self.zone(id).ok_or(RegistryError::NotFound("zone"))?;
        if expected_version.is_some_and(|expected| expected != before.version) {
            return Err(RegistryError::Stale {
                current: json!({ "version": before.version }),
            });
        }
        let mut zone = (*before).clone();
        let mut faults = Vec::new();
        if let Some(given) = &change.boundary {
            zone.boundary = outline(given.as_ref(), change.coordinates, &mut faults);
        }
        zone.code = change.code.unwrap_or(zone.code);
        zone.name = change.name.unwrap_or(zone.name);
        zone.area_paths = change.area_paths.map_or(zone.area_paths, sorted);
        zone.organisation_id = change.organisation_id.unwrap_or(zone.organisation_id);
        zone.staff_ids = change.staff_ids.map_or(zone.staff_ids, sorted);
        zone.is_active = change.is_active.unwrap_or(zone.is_active);
        self.check_zone(&zone, faults).await?;
        if zone == *before {
            return Ok(before);
        }
        zone.version += 1;
        let id = self.write_zone(actor, zone, "zone_update", None).await?;
        self.zone(id).ok_or(RegistryError::NotFound("zone"))
    }

    /// The versions of a zone, the newest first.
    pub async fn zone_history(
        &self,
        id: Id,
        page: &PageRequest,
    ) -> Result<Page<ZoneEvent>, RegistryError> {
        self.zone(id).ok_or(RegistryError::NotFound("zone"))?;
        let (limit, before) = history_page(page)?;
        let events = self
            .store
            .read(move |tx| sql::events(tx, id, before, i64::from(limit) + 1))
            .await?;
        Ok(Page::from_rows(events, limit, |event| {
            event.version.to_string()
        }))
    }

    /// The outline of a zone: its own, and those of its areas joined. None where none is known.
    pub fn zone_outline(&self, zone: &Zone) -> Option<geo::MultiPolygon<f64>> {
        let areas = self.snapshot().areas.clone();
        let of_areas: Vec<Arc<Boundary>> = zone
            .area_paths
            .iter()
            .filter_map(|path| areas.by_path(path)?.boundary.clone())
            .chain(zone.boundary.clone())
            .collect();
        match of_areas.as_slice() {
            [] => None,
            [only] => Some(only.shape()),
            several => {
                let shapes: Vec<_> = several.iter().map(|boundary| boundary.shape()).collect();
                Some(geo::unary_union(&shapes))
            }
        }
    }

    /// Writes one version of a zone and reads zones again.
    async fn write_zone(
        &self,
        actor: Actor,
        zone: Zone,
        action: &'static str,
        once: Option<Once>,
    ) -> Result<Id, RegistryError> {
        let at = self.store.clock().now();
        let codes = area_codes(&self.snapshot().areas, &zone);
        let written = self
            .store
            .write(move |tx| {
                if let Some(once) = &once
                    && let Some(answer) = idempotency::lookup(tx, once)?
                {
                    return remembered(&answer);
                }
                put_zone(tx, &zone, &codes, &actor, action, at)?;
                if let Some(once) = &once {
                    idempotency::remember(tx, once, &zone.id.to_string())?;
                }
                Ok::<_, RegistryError>(zone.id)
            })
            .await;
        self.reload(Part::Zones).await?;
        written
    }

    /// The zone that a request with this key made before.
    async fn answered(&self, once: Option<Once>) -> Result<Option<Arc<Zone>>, RegistryError> {
        let Some(once) = once else { return Ok(None) };
        let answer = self
            .store
            .read(move |tx| Ok::<_, RegistryError>(idempotency::lookup(tx, &once)?))
            .await?;
        let id = answer.map(|answer| remembered(&answer)).transpose()?;
        Ok(id.and_then(|id| self.zone(id)))
    }

    /// Refuses what is no zone, with every wrong field.
    async fn check_zone(
        &self,
        zone: &Zone,
        mut faults: Vec<FieldError>,
    ) -> Result<(), RegistryError> {
        let mut wrong = |field: &str, code: &'static str, message: &str| {
            faults.push(FieldError::new(field, code, message));
        };
        if let Err((field, fault)) = zone.check() {
            wrong(field, "malformed", &fault.to_string());
        }
        let snapshot = self.snapshot();
        let others = || snapshot.zones.zones().iter().filter(|o| o.id != zone.id);
        if others().any(|other| other.name == zone.name) {
            wrong("name", "taken", "another zone has this name");
        }
        if zone.code.is_some() && others().any(|other| other.code == zone.code) {
            wrong("code", "taken", "another zone has this code");
        }
        if zone.area_paths.len() > AREAS_MAX {
            wrong(
                "area_paths",
                "too_many",
                &format!("at most {AREAS_MAX} areas"),
            );
        }
        if zone.area_paths.is_empty() && zone.boundary.is_none() {
            wrong("area_paths", "required", "a zone has areas or an outline");
        }
        let unknown = zone
            .area_paths
            .iter()
            .find(|path| snapshot.areas.by_path(path).is_none());
        if let Some(path) = unknown {
            wrong(
                "area_paths",
                "unknown_id",
                &format!("there is no area at {path}"),
            );
        }
        let mut known = zone
            .area_paths
            .iter()
            .filter_map(|path| snapshot.areas.by_path(path));
        if let Some(ended) = known.find(|area| zone.is_active && !area.is_in_force()) {
            let message = format!("{} {} has ended", ended.code, ended.name);
            wrong("area_paths", "ended", &message);
        }
        if zone.is_duty_grid() {
            self.check_duty_grid(zone, &mut wrong);
        }
        if zone
            .organisation_id
            .is_some_and(|id| self.organisation(id).is_none())
        {
            wrong(
                "organisation_id",
                "unknown_id",
                "there is no such organisation",
            );
        }
        if zone.staff_ids.len() > STAFF_MAX {
            wrong(
                "staff_ids",
                "too_many",
                &format!("at most {STAFF_MAX} people"),
            );
        } else {
            for id in &zone.staff_ids {
                let known = match self.access() {
                    Some(access) => access.staff(*id).await?.is_some(),
                    None => false,
                };
                if !known {
                    wrong(
                        "staff_ids",
                        "unknown_id",
                        &format!("there is no person {id}"),
                    );
                }
            }
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(RegistryError::Invalid(faults))
        }
    }

    /// What holds for duty grids besides: whole unit grids, each in one of them, and somebody to answer.
    fn check_duty_grid(&self, zone: &Zone, wrong: &mut impl FnMut(&str, &'static str, &str)) {
        let snapshot = self.snapshot();
        if zone.boundary.is_some() {
            let message = "a duty grid is made of unit grids and has no outline of its own";
            wrong("boundary", "not_for_duty_grids", message);
        }
        if zone.organisation_id.is_none() && zone.staff_ids.is_empty() {
            let message = "somebody answers for a duty grid: an organisation or people";
            wrong("organisation_id", "required", message);
        }
        for path in &zone.area_paths {
            let Some(area) = snapshot.areas.by_path(path) else {
                continue;
            };
            if area.level != AreaLevel::Grid {
                let message = format!("{} {} is no unit grid", area.code, area.name);
                wrong("area_paths", "no_unit_grid", &message);
                return;
            }
            let other = snapshot.zones.duty_grid_of(path);
            if let Some(other) = other.filter(|other| zone.is_active && other.id != zone.id) {
                let message = format!("{} is in duty grid {} already", area.code, other.name);
                wrong("area_paths", "taken", &message);
                return;
            }
        }
    }
}

fn remembered(answer: &str) -> Result<Id, RegistryError> {
    let wrong = || StoreError::Corrupt("a remembered answer is no id".to_owned());
    Ok(answer.parse().map(Id).map_err(|_| wrong())?)
}

/// One transaction: the rows, the version, the audit entry, a word to the other nodes.
fn put_zone(
    tx: &mut Tx<'_>,
    zone: &Zone,
    area_codes: &[String],
    actor: &Actor,
    action: &'static str,
    at: Timestamp,
) -> Result<(), StoreError> {
    if zone.version == 1 {
        sql::zone_add(tx, zone)?;
    } else {
        sql::zone_set(tx, zone)?;
    }
    sql::event_add(tx, zone, area_codes, at, actor)?;
    let detail = json!({
        "zone": zone.kind,
        "version": zone.version,
        "areas": zone.area_paths.len(),
        "organisation_id": zone.organisation_id,
        "staff_ids": zone.staff_ids,
        "is_active": zone.is_active,
    });
    tx.audit(&AuditEntry {
        at,
        actor: actor.account_id,
        action,
        object: zone.id,
        detail: &detail.to_string(),
    })?;
    tell_nodes(tx, Part::Zones, at);
    Ok(())
}

fn area_codes(areas: &AreaTree, zone: &Zone) -> Vec<String> {
    zone.area_paths
        .iter()
        .filter_map(|path| Some(areas.by_path(path)?.code.to_string()))
        .collect()
}

fn sorted<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort();
    values.dedup();
    values
}

fn outline(
    given: Option<&Value>,
    system: CoordinateSystem,
    faults: &mut Vec<FieldError>,
) -> Option<Arc<Boundary>> {
    let geometry: Result<geojson::Geometry, String> =
        serde_json::from_value(given?.clone()).map_err(|_| "is no GeoJSON geometry".to_owned());
    let read = geometry.and_then(|geometry| {
        Boundary::from_geojson(&geometry, system).map_err(|fault| fault.to_string())
    });
    match read {
        Ok(boundary) => Some(Arc::new(boundary)),
        Err(message) => {
            faults.push(FieldError::new("boundary", "malformed", message));
            None
        }
    }
}
