//! Areas that change: a name, the days they are in force, whose place they took; and what became of them. They are entered from files
//! (see `import`). An area that ended stays for what lay in it; its code is not given again.

use crate::AreaTree;
use crate::component::change::{present, today};
use crate::failure::RegistryError;
use crate::model::{Area, AreaFault, FormerName, paragraph};
use crate::service::{Part, Registry, history_page, tell_nodes};
use crate::store::areas as sql;
use crate::store::history::{self, ChangeEvent};
use crate::store::{AREA_HISTORY, AREA_HISTORY_ADD};
use ::store::{AuditEntry, StoreError, Tx};
use access::{Actor, Principal};
use base::{FieldError, Id, Page, PageRequest, Timestamp, limits};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use utoipa::ToSchema;

/// The most areas that one takes the place of.
pub const SUCCEEDS_MAX: usize = 50;
/// How many are named of what keeps an area from ending.
const IN_FORCE_NAMED_MAX: usize = 20;

/// A change: what is left out stays, what is null is taken away.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AreaChange {
    /// Its name from now on; cases of before are shown with the name of their time.
    pub name: Option<String>,
    /// First day in force, at most today; null: not known.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub effective_from: Option<Option<Date>>,
    /// Last day in force, at most today: it ends the area. Null: it has not ended after all.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub effective_to: Option<Option<Date>>,
    /// All areas it took the place of, by id.
    #[schema(value_type = Option<Vec<String>>)]
    pub succeeds: Option<Vec<Id>>,
    /// Why, for the history.
    pub reason: Option<String>,
}

impl Registry {
    /// Changes an area that is at `expected_version`, where one is given; ends it when it is given its last day. Nothing is written when
    /// nothing changes.
    pub async fn area_update(
        &self,
        who: &Principal,
        id: Id,
        expected_version: Option<i64>,
        change: AreaChange,
    ) -> Result<Arc<Area>, RegistryError> {
        let actor = who.acting_anywhere("area_update")?;
        self.reload(Part::Areas).await?;
        let areas = self.snapshot().areas.clone();
        let at = self.store.clock().now();
        let written = self.store.write(move |tx| {
            let before = sql::area_by_id(tx, id)?.ok_or(RegistryError::NotFound("area"))?;
            if expected_version.is_some_and(|expected| expected != before.version) {
                return Err(RegistryError::Stale {
                    current: json!({ "version": before.version }),
                });
            }
            let parent = match before.parent_id {
                Some(parent_id) => sql::area_by_id(tx, parent_id)?,
                None => None,
            };
            let mut after = applied(&areas, &before, parent.as_ref(), &change, today(at))?;
            if after == before {
                return Ok(());
            }
            after.version += 1;
            if before.is_in_force() && !after.is_in_force() {
                refuse_in_use(tx, &before)?;
            }
            let by = By {
                at,
                operation: "area_update",
                actor: &actor,
                reason: change.reason.clone(),
            };
            let changes = put(tx, Some(&before), &after, &by)?;
            let fields: Vec<&String> = changes.keys().collect();
            let detail = json!({ "changed": "area", "code": after.code, "version": after.version, "fields": fields });
            tx.audit(&AuditEntry {
                at,
                actor: actor.account_id,
                action: "area_update",
                object: id,
                detail: &detail.to_string(),
            })?;
            tell_nodes(tx, Part::Areas, at);
            Ok::<_, RegistryError>(())
        });
        let written = written.await;
        self.reload(Part::Areas).await?;
        written?;
        self.area(id).ok_or(RegistryError::NotFound("area"))
    }

    /// What became of an area, the newest first.
    pub async fn area_history(
        &self,
        id: Id,
        page: &PageRequest,
    ) -> Result<Page<ChangeEvent>, RegistryError> {
        self.area(id).ok_or(RegistryError::NotFound("area"))?;
        let (limit, before) = history_page(page)?;
        let events = self
            .store
            .read(move |tx| history::events(tx, &AREA_HISTORY, id, before, i64::from(limit) + 1))
            .await?;
        Ok(Page::from_rows(events, limit, |event| {
            event.version.to_string()
        }))
    }
}

/// An area as a change makes it, at the version it has, with every wrong field at once.
fn applied(
    areas: &AreaTree,
    before: &Area,
    parent: Option<&Area>,
    change: &AreaChange,
    today: Date,
) -> Result<Area, RegistryError> {
    let mut faults = Vec::new();
    let mut wrong = |field: &str, code: &'static str, message: String| {
        faults.push(FieldError::new(field, code, message));
    };
    let mut after = before.clone();
    if let Some(name) = &change.name {
        name.trim().clone_into(&mut after.name);
    }
    after.effective_from = change.effective_from.unwrap_or(after.effective_from);
    after.effective_to = change.effective_to.unwrap_or(after.effective_to);
    let days = [
        ("effective_from", change.effective_from.flatten()),
        ("effective_to", change.effective_to.flatten()),
    ];
    for (field, day) in days {
        if day.is_some_and(|day| day > today) {
            let message = format!("at most today, {today}: it is so from when it is entered");
            wrong(field, "out_of_range", message);
        }
    }
    if let Some(succeeds) = &change.succeeds {
        let mut succeeds = succeeds.clone();
        succeeds.sort_unstable();
        succeeds.dedup();
        if succeeds.len() > SUCCEEDS_MAX {
            wrong(
                "succeeds",
                "too_many",
                format!("at most {SUCCEEDS_MAX} areas"),
            );
        }
        for id in &succeeds {
            if areas.by_id(*id).is_none() {
                wrong("succeeds", "unknown_id", format!("there is no area {id}"));
            } else if areas.came_after(*id, before.id) {
                let message = format!("{id} is the area itself or took its place");
                wrong("succeeds", "same", message);
            }
        }
        after.succeeds = succeeds.into();
    }
    if let Some(reason) = &change.reason
        && let Err(fault) = paragraph(reason, limits::REMARK_CHARACTERS_MAX)
    {
        wrong("reason", "malformed", fault.to_string());
    }
    if let Err(fault) = after.check(parent) {
        let (field, code) = match &fault {
            AreaFault::Name(_) => ("name", "malformed"),
            AreaFault::Days => ("effective_to", "out_of_range"),
            AreaFault::Ended(_) => ("effective_to", "ended"),
            AreaFault::Centre(_) | AreaFault::Level { .. } => ("id", "malformed"),
        };
        wrong(field, code, fault.to_string());
    }
    if faults.is_empty() {
        Ok(after)
    } else {
        Err(RegistryError::Invalid(faults))
    }
}

/// Refuses to end an area while an area or zone in it is in force. Asked in the transaction, so that none comes in between.
fn refuse_in_use(tx: &mut Tx<'_>, area: &Area) -> Result<(), RegistryError> {
    let mut in_force = sql::in_force_in(tx, area, IN_FORCE_NAMED_MAX + 1)?;
    if in_force.is_empty() {
        return Ok(());
    }
    let is_cut = in_force.len() > IN_FORCE_NAMED_MAX;
    in_force.truncate(IN_FORCE_NAMED_MAX);
    Err(RegistryError::AreaInUse { in_force, is_cut })
}

/// Who makes a version of an area, when and how.
pub(crate) struct By<'a> {
    pub(crate) at: Timestamp,
    pub(crate) operation: &'a str,
    pub(crate) actor: &'a Actor,
    pub(crate) reason: Option<String>,
}

/// Writes a version of an area and its line of history. Says what it changed.
pub(crate) fn put(
    tx: &mut Tx<'_>,
    before: Option<&Area>,
    area: &Area,
    by: &By<'_>,
) -> Result<Map<String, Value>, StoreError> {
    let changes = match before {
        None => {
            sql::area_add(tx, area)?;
            Map::new()
        }
        Some(before) if before.name != area.name => {
            let mut renamed = area.clone();
            let former = FormerName {
                until: by.at,
                name: before.name.clone(),
            };
            renamed.former_names = [&*area.former_names, &[former]].concat().into();
            sql::area_set(tx, before, &renamed)?;
            differences(before, area)
        }
        Some(before) => {
            sql::area_set(tx, before, area)?;
            differences(before, area)
        }
    };
    let event = ChangeEvent {
        version: area.version,
        at: by.at,
        operation: by.operation.to_owned(),
        staff_id: by.actor.staff_id,
        organisation_id: by.actor.organisation_id,
        reason: by.reason.clone(),
        changes,
    };
    history::event_add(tx, &AREA_HISTORY_ADD, area.id, &event)?;
    Ok(event.changes)
}

/// For each field that differs what it was and what it is.
fn differences(before: &Area, after: &Area) -> Map<String, Value> {
    let mut changes = Map::new();
    let mut note = |field: &str, of: &dyn Fn(&Area) -> Value| {
        let (old, new) = (of(before), of(after));
        if old != new {
            changes.insert(field.to_owned(), json!([old, new]));
        }
    };
    note("name", &|area| json!(area.name));
    note("centre", &|area| json!(area.centre));
    note("effective_from", &|area| json!(area.effective_from));
    note("effective_to", &|area| json!(area.effective_to));
    note("succeeds", &|area| json!(area.succeeds));
    if before.boundary != after.boundary {
        note("boundary", &|area| {
            json!(area.boundary.as_ref().map(|outline| outline.to_geojson()))
        });
    }
    changes
}
