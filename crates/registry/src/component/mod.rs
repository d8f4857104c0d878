//! Components (部件): entering, changing, finding them. They stay in the database; nothing of them is held in memory.
//!
//! Who may see components sees all of them: whoever handles a case must know whose the manhole next to it is. Changing one takes a role
//! that reaches its area or one of its organisations.

pub mod cell;
pub(crate) mod change;
mod draft;
mod import;
pub mod shape;

pub use change::{ComponentChange, ComponentNew};
pub use import::{CodeAssign, ComponentFile, ComponentImport};

use crate::failure::RegistryError;
use crate::model::{Category, CategoryKind, Component, ComponentCode, ComponentUnits};
use crate::service::{Registry, history_page};
use crate::store as sql;
use crate::store::history::ChangeEvent;
use crate::store::lists::{self, ComponentCursor, ComponentFilter, Near};
use ::store::idempotency::{self, Once};
use ::store::{AuditEntry, OutboxEntry, StoreError, Tx};
use access::{Actor, Principal, Reach};
use base::{FieldError, Id, Page, PageRequest, Point, TreePath};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The farthest that nearest looks, metres.
pub const RADIUS_MAX_M: f64 = 5_000.0;
/// The most that nearest gives.
pub const NEAREST_MAX: usize = 50;

impl Registry {
    /// The component with this id; for use inside a transaction.
    pub fn component_in(&self, tx: &mut Tx<'_>, id: Id) -> Result<Option<Component>, StoreError> {
        sql::components::component_by_id(tx, id)
    }

    /// The component whose code this is, or was before a change of standards; for use inside a transaction.
    pub fn component_by_code_in(
        &self,
        tx: &mut Tx<'_>,
        code: &ComponentCode,
    ) -> Result<Option<Component>, StoreError> {
        sql::components::component_by_code(tx, code)
    }

    /// The component with this id.
    pub async fn component(&self, id: Id) -> Result<Component, RegistryError> {
        let found = self
            .store
            .read(move |tx| sql::components::component_by_id(tx, id))
            .await?;
        found.ok_or(RegistryError::NotFound("component"))
    }

    /// The component whose code this is, or was.
    pub async fn component_by_code(
        &self,
        code: ComponentCode,
    ) -> Result<Option<Component>, RegistryError> {
        let found = self
            .store
            .read(move |tx| sql::components::component_by_code(tx, &code));
        Ok(found.await?)
    }

    /// A page of components by area and id; of one organisation at a time.
    pub async fn component_list(
        &self,
        filter: ComponentFilter,
        page: &PageRequest,
    ) -> Result<Page<Component>, RegistryError> {
        let limit = page
            .limit()
            .map_err(|wrong| RegistryError::Invalid(vec![wrong]))?;
        let after = page
            .after
            .as_deref()
            .filter(|after| !after.is_empty())
            .map(|after| {
                ComponentCursor::parse(after).ok_or_else(|| {
                    RegistryError::invalid("after", "malformed", "not a `next` of this list")
                })
            })
            .transpose()?;
        let organisations = [filter.supervisor_id, filter.owner_id, filter.maintainer_id];
        if organisations.iter().flatten().count() > 1 {
            let message = "one of supervisor_id, owner_id and maintainer_id at a time";
            return Err(RegistryError::invalid("maintainer_id", "too_many", message));
        }
        let filter = self.with_leaves(filter)?;
        let rows = self
            .store
            .read(move |tx| lists::components(tx, &filter, after.as_ref(), i64::from(limit) + 1))
            .await?;
        Ok(Page::from_rows(rows, limit, |component| {
            ComponentCursor::of(component).to_string()
        }))
    }

    /// The `count` components nearest to a place within `radius_m`, the nearest first. Removed ones only when asked for by state.
    pub async fn component_nearest(
        &self,
        place: Point,
        radius_m: f64,
        filter: ComponentFilter,
        count: usize,
    ) -> Result<Vec<Near>, RegistryError> {
        let mut wrong = Vec::new();
        if !(radius_m > 0.0 && radius_m <= RADIUS_MAX_M) {
            let message = format!("more than 0 and at most {RADIUS_MAX_M} m");
            wrong.push(FieldError::new("radius_m", "out_of_range", message));
        }
        if count == 0 || count > NEAREST_MAX {
            let message = format!("1 to {NEAREST_MAX}");
            wrong.push(FieldError::new("limit", "out_of_range", message));
        }
        if !wrong.is_empty() {
            return Err(RegistryError::Invalid(wrong));
        }
        let filter = self.with_leaves(filter)?;
        let near = self
            .store
            .read(move |tx| lists::nearest(tx, place, radius_m, &filter, count));
        Ok(near.await?)
    }

    /// What became of a component, the newest first; `before` a version, where one is given.
    pub async fn component_history(
        &self,
        id: Id,
        page: &PageRequest,
    ) -> Result<Page<ChangeEvent>, RegistryError> {
        let (limit, before) = history_page(page)?;
        let found = self
            .store
            .read(move |tx| {
                let known = sql::components::component_by_id(tx, id)?.is_some();
                let events = sql::history::events(
                    tx,
                    &sql::COMPONENT_HISTORY,
                    id,
                    before,
                    i64::from(limit) + 1,
                )?;
                Ok::<_, StoreError>(known.then_some(events))
            })
            .await?;
        let events = found.ok_or(RegistryError::NotFound("component"))?;
        Ok(Page::from_rows(events, limit, |event| {
            event.version.to_string()
        }))
    }

    /// Enters a component.
    pub async fn component_create(
        &self,
        who: &Principal,
        new: ComponentNew,
        once: Option<Once>,
    ) -> Result<Component, RegistryError> {
        let mut component = change::made(self, new)?;
        component.id = self.store.next_id();
        let paths = self.unit_paths(&component.units);
        let actor = who.acting(
            "component_create",
            &Reach {
                area_path: component.area_path.as_ref(),
                organisation_paths: &paths,
            },
        )?;
        let (at, id) = (self.store.clock().now(), component.id);
        let written = self.store.write(move |tx| {
            if let Some(once) = &once
                && let Some(answer) = idempotency::lookup(tx, once)?
            {
                return answer.parse().map(Id).map_err(|_| {
                    StoreError::Corrupt("a remembered answer is no id".to_owned()).into()
                });
            }
            refuse_taken_codes(tx, &component)?;
            sql::components::component_add(tx, &component)?;
            let event = event(&component, None, at, "component_create", &actor, None);
            record(tx, &component, &event, &actor, &paths)?;
            if let Some(once) = &once {
                idempotency::remember(tx, once, &id.to_string())?;
            }
            Ok::<_, RegistryError>(id)
        });
        let id = written.await?;
        self.component(id).await
    }

    /// Changes a component that is at `expected_version`, where one is given. Says what it is now; nothing is written when nothing
    /// changes.
    pub async fn component_update(
        &self,
        who: &Principal,
        id: Id,
        expected_version: Option<i64>,
        change: ComponentChange,
    ) -> Result<Component, RegistryError> {
        let (registry, who) = (self.clone(), who.clone());
        let at = self.store.clock().now();
        let written = self.store.write(move |tx| {
            let present = sql::components::component_by_id(tx, id)?
                .ok_or(RegistryError::NotFound("component"))?;
            let paths = registry.unit_paths(&present.units);
            let actor = who.acting(
                "component_update",
                &Reach {
                    area_path: present.area_path.as_ref(),
                    organisation_paths: &paths,
                },
            )?;
            if expected_version.is_some_and(|expected| expected != present.version) {
                return Err(RegistryError::Stale {
                    current: json!({ "version": present.version }),
                });
            }
            let mut wanted = change::applied(&registry, &present, &change, at)?;
            if wanted == present {
                return Ok(present);
            }
            wanted.version += 1;
            if wanted.code != present.code || wanted.former_code != present.former_code {
                refuse_taken_codes(tx, &wanted)?;
            }
            sql::components::component_set(tx, &wanted)?;
            let reason = change.reason.clone();
            let event = event(
                &wanted,
                Some(&present),
                at,
                "component_update",
                &actor,
                reason,
            );
            let mut told = paths;
            told.extend(registry.unit_paths(&wanted.units));
            told.sort();
            told.dedup();
            record(tx, &wanted, &event, &actor, &told)?;
            Ok(wanted)
        });
        written.await
    }

    /// The places in the tree of the organisations that have to do with a component.
    pub(crate) fn unit_paths(&self, units: &ComponentUnits) -> Vec<TreePath> {
        units
            .known()
            .filter_map(|id| self.organisation(id))
            .map(|organisation| organisation.path.clone())
            .collect()
    }

    /// The deepest area that holds a place, or is likely to.
    pub(crate) fn located(&self, point: Point) -> Option<crate::AreaHit> {
        self.snapshot().areas.area_at(point)
    }

    /// The filter with classes replaced by their categories.
    pub(crate) fn with_leaves(
        &self,
        mut filter: ComponentFilter,
    ) -> Result<ComponentFilter, RegistryError> {
        let rules = self.snapshot().rules.clone();
        let mut leaves = Vec::new();
        for id in &filter.category_ids {
            let category = rules
                .category(*id)
                .filter(|category| category.kind == CategoryKind::Component)
                .ok_or_else(|| {
                    RegistryError::invalid(
                        "category_id",
                        "unknown_id",
                        "there is no such category of components",
                    )
                })?;
            let below = rules
                .categories(category.standard_id)
                .iter()
                .filter(|other| is_below(other, category));
            leaves.extend(below.map(|category| category.id));
            leaves.push(*id);
        }
        leaves.sort_unstable();
        leaves.dedup();
        filter.category_ids = leaves;
        Ok(filter)
    }
}

fn is_below(other: &Arc<Category>, class: &Category) -> bool {
    other.kind == class.kind && other.parent_id == Some(class.id)
}

/// Refuses a component whose code, now or formerly, is another's.
fn refuse_taken_codes(tx: &mut Tx<'_>, component: &Component) -> Result<(), RegistryError> {
    let codes = [
        ("code", Some(&component.code)),
        ("former_code", component.former_code.as_ref()),
    ];
    for (field, code) in codes {
        let Some(code) = code else { continue };
        let other = sql::components::component_by_code(tx, code)?;
        if other.is_some_and(|other| other.id != component.id) {
            return Err(RegistryError::invalid(
                field,
                "taken",
                format!("another component has the code {code}"),
            ));
        }
    }
    Ok(())
}

/// The line of history that a version gets.
pub(crate) fn event(
    component: &Component,
    before: Option<&Component>,
    at: base::Timestamp,
    operation: &str,
    actor: &Actor,
    reason: Option<String>,
) -> ChangeEvent {
    ChangeEvent {
        version: component.version,
        at,
        operation: operation.to_owned(),
        staff_id: actor.staff_id,
        organisation_id: actor.organisation_id,
        reason,
        changes: before.map_or_else(Map::new, |before| change::differences(before, component)),
    }
}

/// History, audit and outbox of one change.
fn record(
    tx: &mut Tx<'_>,
    component: &Component,
    event: &ChangeEvent,
    actor: &Actor,
    organisation_paths: &[TreePath],
) -> Result<(), StoreError> {
    sql::history::event_add(tx, &sql::COMPONENT_HISTORY_ADD, component.id, event)?;
    let fields: Vec<&String> = event.changes.keys().collect();
    let detail = json!({ "code": component.code, "version": component.version, "changed": fields });
    let action = match event.version {
        1 => "component_create",
        _ => "component_update",
    };
    tx.audit(&AuditEntry {
        at: event.at,
        actor: actor.account_id,
        action,
        object: component.id,
        detail: &detail.to_string(),
    })?;
    tx.emit(OutboxEntry {
        key: component.id,
        kind: match event.version {
            1 => "component_created",
            _ => "component_updated",
        },
        body: json!({ "component_id": component.id, "version": component.version }).to_string(),
        area_path: component
            .area_path
            .as_ref()
            .map(|path| path.as_str().to_owned()),
        organisation_paths: organisation_paths
            .iter()
            .map(|path| path.as_str().to_owned())
            .collect(),
        at: event.at,
    });
    Ok(())
}

/// A value of a field as history tells it.
fn told<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
