//! Components from a table or from GeoJSON: good rows go in, bad ones are in the report, a second run changes nothing.
//!
//! A row is the component whose code it bears, now or before a change of standards: a survey by the older standard and one by the newer
//! meet on the same component when the newer names the former code. What a row leaves empty stays as it is. Rows are read and written
//! some hundreds at a time, so a survey of a million neither fills memory nor holds others up.

use super::change::{area_of, category_of, today};
use super::draft::{Draft, Units, drafts_of_features, drafts_of_table};
use crate::Rulebook;
use crate::failure::RegistryError;
use crate::import::Progress;
use crate::model::{Component, ComponentState, ComponentUnits, StandardKey};
use crate::service::Registry;
use crate::store as sql;
use ::store::{AuditEntry, StoreError, Tx};
use access::{Actor, Principal};
use base::geo::CoordinateSystem;
use base::{AreaCode, Id, PageRequest, Timestamp, TreePath};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use table::{Report, RowError, Table};

/// Rows of one transaction.
const BATCH: usize = 500;

/// How components are to be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComponentImport {
    /// Plan and report, write nothing.
    pub dry_run: bool,
    /// The system of coordinates whose column does not say it.
    pub coordinates: CoordinateSystem,
    /// Of which standard the categories in the codes are; the latest that has them when left out.
    pub standard: Option<StandardKey>,
    /// How rows without an identification code get one.
    pub assign: Option<CodeAssign>,
    /// The supervising organisation (its code, credit code or name) of rows that name none.
    pub supervisor: Option<String>,
}

/// Codes for what bears none: the county of its place, one category, and a number of at most six digits that the file gives each thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeAssign {
    /// The category's digits: four or five.
    pub category: String,
    /// The column or property with the number.
    pub serial: String,
}

/// A file of components.
#[derive(Clone, Copy, Debug)]
pub enum ComponentFile<'a> {
    /// Rows with a point each.
    Table(&'a Table),
    /// Features: points, lines or surfaces.
    GeoJson(&'a [u8]),
}

/// What became of a row.
enum Outcome {
    Stored,
    Unchanged,
    Rejected(RowError),
}

/// What rows are held against, all of it in memory.
struct Known {
    registry: Registry,
    rules: Arc<Rulebook>,
    standard_id: Option<Id>,
    organisations: Directory,
    supervisor_id: Option<Id>,
    actor: Actor,
    at: Timestamp,
}

/// Organisations by code, credit code and name; none where several have the name.
type Directory = HashMap<String, Option<Id>>;

impl Registry {
    /// Imports components: good rows go in, bad ones are in the report. A second run changes nothing.
    pub async fn component_import(
        &self,
        who: &Principal,
        file: ComponentFile<'_>,
        options: &ComponentImport,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<Report, RegistryError> {
        let actor = who.acting_anywhere("component_import")?;
        let known = Arc::new(self.known(who, actor, options).await?);
        let (mut report, drafts) = match file {
            ComponentFile::Table(table) => drafts_of_table(self, table, options)?,
            ComponentFile::GeoJson(bytes) => drafts_of_features(self, bytes, options)?,
        };
        let total = drafts.len();
        let mut done = 0;
        progress(Progress { done, total });
        let mut drafts = drafts.into_iter();
        loop {
            let batch: Vec<Draft> = drafts.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                break;
            }
            done += batch.len();
            for outcome in self.take_batch(&known, batch, options.dry_run).await? {
                match outcome {
                    Outcome::Stored => report.stored += 1,
                    Outcome::Unchanged => report.unchanged += 1,
                    Outcome::Rejected(error) => report.reject(error),
                }
            }
            progress(Progress { done, total });
        }
        report.rejected.sort_by_key(|error| error.row);
        Ok(report)
    }

    async fn take_batch(
        &self,
        known: &Arc<Known>,
        batch: Vec<Draft>,
        dry_run: bool,
    ) -> Result<Vec<Outcome>, RegistryError> {
        let (known, ids): (_, Vec<Id>) = (
            known.clone(),
            batch.iter().map(|_| self.store.next_id()).collect(),
        );
        let outcomes = if dry_run {
            self.store
                .read(move |tx| {
                    let rows = ids.iter().zip(&batch);
                    let planned = rows.map(|(id, draft)| Ok(known.plan(tx, *id, draft)?.outcome()));
                    planned.collect::<Result<Vec<_>, StoreError>>()
                })
                .await?
        } else {
            self.store
                .write(move |tx| known.write(tx, &ids, &batch))
                .await?
        };
        Ok(outcomes)
    }

    async fn known(
        &self,
        who: &Principal,
        actor: Actor,
        options: &ComponentImport,
    ) -> Result<Known, RegistryError> {
        let rules = self.snapshot().rules.clone();
        let standard_id = match &options.standard {
            None => None,
            Some(key) => Some(rules.standard_by_key(key).map(|s| s.id).ok_or_else(|| {
                let message = format!("there is no standard {key}");
                RegistryError::invalid("standard", "unknown_id", message)
            })?),
        };
        let organisations = self.directory(who).await?;
        let supervisor_id =
            match &options.supervisor {
                None => None,
                Some(text) => Some(look_up(&organisations, text).map_err(|message| {
                    RegistryError::invalid("supervisor", "unknown_id", message)
                })?),
            };
        Ok(Known {
            registry: self.clone(),
            rules,
            standard_id,
            organisations,
            supervisor_id,
            actor,
            at: self.store.clock().now(),
        })
    }

    /// Every organisation that the caller may name.
    async fn directory(&self, who: &Principal) -> Result<Directory, RegistryError> {
        let mut directory = Directory::new();
        let Some(access) = self.access() else {
            return Ok(directory);
        };
        let mut page = PageRequest {
            limit: Some(base::page::LIMIT_MAX),
            after: None,
        };
        loop {
            let found = access.organisation_list(who, None, None, &page).await?;
            for organisation in found.items {
                let id = organisation.id;
                directory
                    .entry(organisation.name)
                    .and_modify(|same| *same = None)
                    .or_insert(Some(id));
                directory.insert(organisation.code, Some(id));
                if let Some(code) = organisation.credit_code {
                    directory.insert(code.as_str().to_owned(), Some(id));
                }
            }
            match found.next {
                Some(next) => page.after = Some(next),
                None => return Ok(directory),
            }
        }
    }
}

fn look_up(directory: &Directory, text: &str) -> Result<Id, String> {
    match directory.get(text) {
        Some(Some(id)) => Ok(*id),
        Some(None) => Err(format!("several organisations are called `{text}`")),
        None => Err(format!("there is no organisation `{text}`; enter it first")),
    }
}

/// What a row comes to.
enum Planned {
    Made(Box<Component>),
    /// As it is and as it will be, both at the version it is at.
    Changed(Box<(Component, Component)>),
    Unchanged,
    Rejected(RowError),
}

impl Planned {
    fn outcome(self) -> Outcome {
        match self {
            Self::Made(_) | Self::Changed(_) => Outcome::Stored,
            Self::Unchanged => Outcome::Unchanged,
            Self::Rejected(error) => Outcome::Rejected(error),
        }
    }
}

impl Known {
    /// Writes a batch: rows, their history, one entry of the audit chain.
    fn write(
        &self,
        tx: &mut Tx<'_>,
        ids: &[Id],
        batch: &[Draft],
    ) -> Result<Vec<Outcome>, StoreError> {
        let (mut made, mut changed, mut outcomes) = (0_u64, 0_u64, Vec::with_capacity(batch.len()));
        for (id, draft) in ids.iter().zip(batch) {
            let planned = self.plan(tx, *id, draft)?;
            let history = |tx: &mut Tx<'_>, after: &Component, before: Option<&Component>| {
                let line = super::event(
                    after,
                    before,
                    self.at,
                    "component_import",
                    &self.actor,
                    None,
                );
                sql::history::event_add(tx, &sql::COMPONENT_HISTORY_ADD, after.id, &line)
            };
            match &planned {
                Planned::Made(component) => {
                    made += 1;
                    sql::components::component_add(tx, component)?;
                    history(tx, component, None)?;
                }
                Planned::Changed(both) => {
                    changed += 1;
                    let (before, mut after) = (&both.0, both.1.clone());
                    after.version += 1;
                    sql::components::component_set(tx, &after)?;
                    history(tx, &after, Some(before))?;
                }
                Planned::Unchanged | Planned::Rejected(_) => {}
            }
            outcomes.push(planned.outcome());
        }
        if made + changed > 0 {
            let rows = (batch.first().map(|d| d.row), batch.last().map(|d| d.row));
            let detail = json!({ "made": made, "changed": changed, "rows": [rows.0, rows.1] });
            tx.audit(&AuditEntry {
                at: self.at,
                actor: self.actor.account_id,
                action: "component_import",
                object: ids.first().copied().unwrap_or(Id(0)),
                detail: &detail.to_string(),
            })?;
        }
        Ok(outcomes)
    }

    fn plan(&self, tx: &mut Tx<'_>, id: Id, draft: &Draft) -> Result<Planned, StoreError> {
        let by_code = sql::components::component_by_code(tx, &draft.code)?;
        let by_former = match &draft.former_code {
            Some(former) => sql::components::component_by_code(tx, former)?,
            None => None,
        };
        if let (Some(one), Some(other)) = (&by_code, &by_former)
            && one.id != other.id
        {
            let reason = "its code and its former code are two components'".to_owned();
            return Ok(Planned::Rejected(draft.error("former_code", reason)));
        }
        let before = by_code.or(by_former);
        Ok(match self.merged(id, draft, before.as_ref()) {
            Err((column, reason)) => Planned::Rejected(draft.error(column, reason)),
            Ok(after) => match before {
                None => Planned::Made(Box::new(after)),
                Some(before) if before == after => Planned::Unchanged,
                Some(before) => {
                    let changed_on = draft.changed_on.or(Some(today(self.at)));
                    let after = Component {
                        changed_on,
                        ..after
                    };
                    Planned::Changed(Box::new((before, after)))
                }
            },
        })
    }

    /// The component as the row would have it; what the row leaves empty as it is.
    fn merged(
        &self,
        id: Id,
        draft: &Draft,
        before: Option<&Component>,
    ) -> Result<Component, (&'static str, String)> {
        let is_older = before.is_some_and(|b| b.former_code.as_ref() == Some(&draft.code));
        let (code, former_code) = match before {
            Some(before) if is_older => (before.code.clone(), before.former_code.clone()),
            Some(before) => {
                let outgoing = (before.code.is_former() && !draft.code.is_former())
                    .then(|| before.code.clone());
                let former = draft.former_code.clone().or(outgoing);
                (draft.code.clone(), former.or(before.former_code.clone()))
            }
            None => (draft.code.clone(), draft.former_code.clone()),
        };
        let category = match before {
            Some(before) if is_older || before.code == code => before.category_id,
            _ => {
                let found = category_of(&self.rules, &code, self.standard_id);
                found.map_err(|reason| ("code", reason))?.id
            }
        };
        let name = match (&draft.name, before) {
            (Some(name), _) => name.clone(),
            (None, Some(before)) => before.name.clone(),
            (None, None) => self
                .rules
                .category(category)
                .map_or(String::new(), |c| c.name.clone()),
        };
        let attributes = match before {
            Some(before) if draft.attributes.is_empty() => before.attributes.clone(),
            _ => draft.attributes.clone(),
        };
        let component = Component {
            id: before.map_or(id, |before| before.id),
            area_path: self.area(&code, draft)?,
            code,
            former_code,
            name,
            category_id: category,
            state: draft
                .state
                .or(before.map(|before| before.state))
                .unwrap_or(ComponentState::Intact),
            point: draft.place.point,
            shape: draft.place.shape.clone(),
            units: self.units(&draft.units, before.map(|before| before.units))?,
            initial_on: draft.initial_on.or(before.and_then(|b| b.initial_on)),
            changed_on: draft.changed_on.or(before.and_then(|b| b.changed_on)),
            data_source: draft
                .data_source
                .clone()
                .or(before.and_then(|b| b.data_source.clone())),
            remark: draft
                .remark
                .clone()
                .or(before.and_then(|b| b.remark.clone())),
            attributes,
            version: before.map_or(1, |before| before.version),
        };
        component.check()?;
        Ok(component)
    }

    /// Where the row lies: the unit grid it names if that holds it or no grid is known to, else the deepest area found.
    fn area(
        &self,
        code: &crate::model::ComponentCode,
        draft: &Draft,
    ) -> Result<Option<TreePath>, (&'static str, String)> {
        let found = area_of(&self.registry, code, draft.place.point)
            .map_err(|reason| ("geometry", reason))?;
        let Some(grid_code) = draft.grid_code else {
            return Ok(found);
        };
        let areas = self.registry.snapshot().areas.clone();
        let Some(grid) = areas.by_code(grid_code) else {
            let reason = format!("there is no unit grid `{grid_code}`");
            return Err(("grid_code", reason));
        };
        let is_elsewhere = found.as_ref().is_some_and(|found| {
            let code_of = |path: &TreePath| areas.by_path(path).map(|area| area.code);
            !found.contains(&grid.path)
                && code_of(found).map(AreaCode::level) == Some(base::AreaLevel::Grid)
        });
        if is_elsewhere {
            let found = found.and_then(|path| areas.by_path(&path).map(|area| area.code));
            let found = found.map_or(String::new(), |code| code.to_string());
            let reason = format!("the place lies in unit grid `{found}`, not in `{grid_code}`");
            return Err(("grid_code", reason));
        }
        Ok(Some(grid.path.clone()))
    }

    fn units(
        &self,
        given: &Units,
        before: Option<ComponentUnits>,
    ) -> Result<ComponentUnits, (&'static str, String)> {
        let before = before.unwrap_or_default();
        let resolve = |column: &'static str, text: &Option<String>, old: Option<Id>| match text {
            None => Ok(old),
            Some(text) => look_up(&self.organisations, text)
                .map(Some)
                .map_err(|reason| (column, reason)),
        };
        Ok(ComponentUnits {
            supervisor_id: resolve(
                "supervisor",
                &given.supervisor,
                before.supervisor_id.or(self.supervisor_id),
            )?,
            owner_id: resolve("owner", &given.owner, before.owner_id)?,
            maintainer_id: resolve("maintainer", &given.maintainer, before.maintainer_id)?,
        })
    }
}
