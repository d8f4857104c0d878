//! Use cases, and the snapshot they and everyone else look things up in.

use crate::failure::RegistryError;
use crate::grid::{self, GridCheck};
use crate::import::{
    self, AreaImport, BoundaryImport, Change, CrosswalkReport, GridGenerate, GridGeneration,
    GridImport, Plan, Progress, StandardImport, TaxonomyImport,
};
use crate::model::{Area, Category, Layer, RuleRow, Standard, Zone, ZoneBook};
use crate::{AreaHit, AreaTree, Rulebook, store as sql};
use ::store::idempotency::Once;
use ::store::{AuditEntry, OutboxEntry, Store, StoreError, Tx};
use access::{Access, Actor, Organisation, Principal};
use base::{Id, PageRequest, Point, Timestamp, TreePath};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use table::{Report, Table};

/// The outbox kind by which other nodes hear that they must reload.
pub const REGISTRY_CHANGED: &str = "registry_changed";

/// Everything the registry knows, as of one moment. Cheap to hold; never changes.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Areas.
    pub areas: Arc<AreaTree>,
    /// Zones.
    pub zones: Arc<ZoneBook>,
    /// Layers, in their order.
    pub layers: Arc<[Arc<Layer>]>,
    /// Standards, categories, rule rows, crosswalk.
    pub rules: Arc<Rulebook>,
}

/// Which part of the snapshot to read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Areas.
    Areas,
    /// Zones.
    Zones,
    /// Standards, categories, rule rows, crosswalk.
    Rules,
    /// Layers.
    Layers,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Areas, Self::Zones, Self::Rules, Self::Layers];

    /// What an outbox entry of kind [`REGISTRY_CHANGED`] speaks of; `body` is the entry's.
    pub fn changed(body: &str) -> Self {
        let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        let spoken_of = Self::ALL
            .into_iter()
            .find(|part| body["part"] == part.as_str());
        spoken_of.unwrap_or(Self::Areas)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Areas => "areas",
            Self::Zones => "zones",
            Self::Rules => "rules",
            Self::Layers => "layers",
        }
    }
}

/// A part as it was read.
enum Read {
    Areas(AreaTree),
    Zones(ZoneBook),
    Rules(Rulebook),
    Layers(Vec<Layer>),
}

#[derive(Default)]
struct Shared {
    snapshot: RwLock<Kept>,
    /// Numbers the readings of each part, so that one begun earlier never replaces one begun later.
    readings: AtomicU64,
    /// Where organisations and people are known, once the house has been put together.
    access: OnceLock<Access>,
}

#[derive(Clone, Default)]
struct Kept {
    snapshot: Arc<Snapshot>,
    /// The reading that each part of [`Part::ALL`] is of.
    readings: [u64; 4],
}

/// A handle to the registry; cheap to clone.
#[derive(Clone)]
pub struct Registry {
    pub(crate) store: Store,
    shared: Arc<Shared>,
}

impl Registry {
    /// Reads everything into memory.
    pub async fn open(store: Store) -> Result<Self, RegistryError> {
        let registry = Self {
            store,
            shared: Arc::default(),
        };
        for part in Part::ALL {
            registry.reload(part).await?;
        }
        Ok(registry)
    }

    /// Tells the registry where organisations and people are known. Without it whatever names one is refused.
    pub fn know(&self, access: Access) {
        // A second telling changes nothing: there is one access in a house.
        let _ = self.shared.access.set(access);
    }

    /// Where organisations and people are known.
    pub(crate) fn access(&self) -> Option<&Access> {
        self.shared.access.get()
    }

    /// An organisation, from memory alone.
    pub(crate) fn organisation(&self, id: Id) -> Option<Arc<Organisation>> {
        self.access()?.organisation_known(id)
    }

    /// What is known now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        let kept = self
            .shared
            .snapshot
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        kept.snapshot.clone()
    }

    /// Reads one part again. Other nodes call it (by [`Registry::follow`]) when the outbox says `registry_changed`.
    pub async fn reload(&self, part: Part) -> Result<(), RegistryError> {
        let reading = self.shared.readings.fetch_add(1, Ordering::SeqCst) + 1;
        let before = self.snapshot().areas.clone();
        let read = self
            .store
            .read(move |tx| {
                Ok::<_, StoreError>(match part {
                    Part::Areas => Read::Areas(sql::areas::load_areas(tx, &before)?),
                    Part::Zones => Read::Zones(sql::zones::load_zones(tx)?),
                    Part::Rules => Read::Rules(sql::load_rulebook(tx)?),
                    Part::Layers => Read::Layers(sql::layers::load_layers(tx)?),
                })
            })
            .await?;
        self.keep(move |kept| {
            let Some(last) = kept.readings.get_mut(part as usize) else {
                return;
            };
            if reading <= *last {
                return;
            }
            *last = reading;
            let mut snapshot = (*kept.snapshot).clone();
            match read {
                Read::Areas(areas) => snapshot.areas = Arc::new(areas),
                Read::Zones(zones) => snapshot.zones = Arc::new(zones),
                Read::Rules(rules) => snapshot.rules = Arc::new(rules),
                Read::Layers(layers) => {
                    snapshot.layers = layers.into_iter().map(Arc::new).collect();
                }
            }
            kept.snapshot = Arc::new(snapshot);
        });
        Ok(())
    }

    fn keep(&self, change: impl FnOnce(&mut Kept)) {
        change(
            &mut self
                .shared
                .snapshot
                .write()
                .unwrap_or_else(PoisonError::into_inner),
        );
    }

    /// Reloads what an outbox entry of kind [`REGISTRY_CHANGED`] speaks of; `body` is the entry's.
    pub async fn follow(&self, body: &str) -> Result<(), RegistryError> {
        self.reload(Part::changed(body)).await
    }

    /// The deepest area that holds a point.
    pub fn area_at(&self, point: Point) -> Option<AreaHit> {
        self.snapshot().areas.area_at(point)
    }

    /// The area with this id.
    pub fn area(&self, id: Id) -> Option<Arc<Area>> {
        self.snapshot().areas.by_id(id).cloned()
    }

    /// The active zones that hold a place, named by its area's path, its point, or both. With a point alone its area is looked up.
    pub fn zones_at(&self, area_path: Option<&TreePath>, point: Option<Point>) -> Vec<Id> {
        let snapshot = self.snapshot();
        let found = match (area_path, point) {
            (None, Some(point)) => snapshot.areas.area_at(point),
            _ => None,
        };
        let area_path = area_path.or(found.as_ref().map(|hit| &hit.area.path));
        let holding = snapshot.zones.at(area_path, point);
        holding.into_iter().map(|zone| zone.id).collect()
    }

    /// The zone with this id.
    pub fn zone(&self, id: Id) -> Option<Arc<Zone>> {
        self.snapshot().zones.by_id(id).cloned()
    }

    /// The active duty grid of a place: whose inspectors are asked first.
    pub fn duty_grid_at(&self, point: Point) -> Option<Arc<Zone>> {
        let snapshot = self.snapshot();
        let hit = snapshot.areas.area_at(point)?;
        snapshot.zones.duty_grid_of(&hit.area.path).cloned()
    }

    /// The standard with this id.
    pub fn standard(&self, id: Id) -> Option<Arc<Standard>> {
        self.snapshot().rules.standard(id).cloned()
    }

    /// The category with this id.
    pub fn category(&self, id: Id) -> Option<Arc<Category>> {
        self.snapshot().rules.category(id).cloned()
    }

    /// The rule row with this id, whether it still holds or not.
    pub fn rule_row(&self, id: Id) -> Option<Arc<RuleRow>> {
        self.snapshot().rules.rule_row(id).cloned()
    }

    /// The rule rows that hold for a category.
    pub fn rule_rows_of(&self, category_id: Id) -> Vec<Arc<RuleRow>> {
        self.snapshot().rules.rule_rows_of(category_id).to_vec()
    }

    /// Imports areas from a table: good rows go in, bad ones are in the report. A second run changes nothing.
    pub async fn area_import(
        &self,
        who: &Principal,
        table: &Table,
        options: &AreaImport,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<Report, RegistryError> {
        let actor = who.acting_anywhere("area_import")?;
        self.reload(Part::Areas).await?;
        let plan = import::areas::plan(&self.snapshot().areas, table, options, &mut || {
            self.store.next_id()
        })?;
        self.carry_out(
            &actor,
            "area_import",
            Part::Areas,
            plan,
            options.dry_run,
            progress,
        )
        .await
    }

    /// Imports outlines (GeoJSON) onto areas by division code; unknown codes become areas.
    pub async fn boundary_import(
        &self,
        who: &Principal,
        geojson: &[u8],
        options: &BoundaryImport,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<Report, RegistryError> {
        let actor = who.acting_anywhere("area_import")?;
        self.reload(Part::Areas).await?;
        let plan = import::boundaries::plan(&self.snapshot().areas, geojson, options, &mut || {
            self.store.next_id()
        })?;
        self.carry_out(
            &actor,
            "area_import",
            Part::Areas,
            plan,
            options.dry_run,
            progress,
        )
        .await
    }

    /// Imports unit grids (GeoJSON) under the villages whose codes they bear.
    pub async fn grid_import(
        &self,
        who: &Principal,
        geojson: &[u8],
        options: &GridImport,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<Report, RegistryError> {
        let actor = who.acting_anywhere("area_import")?;
        self.reload(Part::Areas).await?;
        let plan = import::grids::plan(&self.snapshot().areas, geojson, options, &mut || {
            self.store.next_id()
        })?;
        self.carry_out(
            &actor,
            "area_import",
            Part::Areas,
            plan,
            options.dry_run,
            progress,
        )
        .await
    }

    /// Cuts every village of an area that has no grids into unit grids of about `cell_m2`.
    pub async fn grid_generate(
        &self,
        who: &Principal,
        area_id: Id,
        options: &GridGenerate,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<GridGeneration, RegistryError> {
        let actor = who.acting_anywhere("grid_generate")?;
        self.reload(Part::Areas).await?;
        let areas = self.snapshot().areas.clone();
        let area = areas
            .by_id(area_id)
            .ok_or(RegistryError::NotFound("area"))?;
        let (plan, generation) =
            import::generate::plan(&areas, area, options, &mut || self.store.next_id())?;
        self.carry_out(
            &actor,
            "grid_generate",
            Part::Areas,
            plan,
            options.dry_run,
            progress,
        )
        .await?;
        Ok(generation)
    }

    /// Refuses an area with more villages than one request takes on.
    pub(crate) fn villages_counted(
        &self,
        area_id: Id,
        villages_max: usize,
    ) -> Result<(), RegistryError> {
        let areas = self.snapshot().areas.clone();
        let area = areas
            .by_id(area_id)
            .ok_or(RegistryError::NotFound("area"))?;
        let villages = import::generate::villages_of(&areas, area).count();
        if villages == 0 || villages > villages_max {
            let message = format!(
                "{} {} has {villages} villages; 1 to {villages_max} are taken at once",
                area.code, area.name
            );
            return Err(RegistryError::invalid("id", "no_villages", message));
        }
        Ok(())
    }

    /// What makes a request with an Idempotency-Key have its effect once.
    pub(crate) fn once(
        &self,
        caller: &Principal,
        operation: &'static str,
        key: Option<String>,
        request: &impl serde::Serialize,
    ) -> Option<Once> {
        let content = serde_json::to_vec(request).unwrap_or_default();
        key.map(|key| Once {
            id: self.store.next_id(),
            caller: caller.account_id,
            key,
            operation,
            fingerprint: Once::fingerprint(&content),
        })
    }

    /// How well the unit grids of each village of an area cover it, and where they are in the way of other villages' grids.
    /// `villages_max` bounds the work.
    pub fn grid_check(
        &self,
        area_id: Id,
        villages_max: usize,
    ) -> Result<Vec<(Arc<Area>, GridCheck)>, RegistryError> {
        self.villages_counted(area_id, villages_max)?;
        let areas = self.snapshot().areas.clone();
        let area = areas
            .by_id(area_id)
            .ok_or(RegistryError::NotFound("area"))?;
        let villages = import::generate::villages_of(&areas, area);
        let tolerance_m2 = GridImport::default().tolerance_m2;
        let checked = villages.map(|village| {
            let grids: Vec<_> = areas
                .children(Some(village.id))
                .filter_map(|grid| Some((grid.code, grid.boundary.as_deref()?)))
                .collect();
            let mut found = grid::check(village.boundary.as_deref(), &grids, tolerance_m2);
            let outlines = grids.iter().map(|(_, boundary)| *boundary);
            let (own, mut all): (Vec<_>, Vec<_>) = areas
                .grids_about(outlines)
                .partition(|grid| grid.village_id == Some(village.id));
            let from = all.len();
            all.extend(own);
            let across = grid::overlaps_across(&all, from, tolerance_m2);
            found.overlaps.extend(across);
            (village.clone(), found)
        });
        Ok(checked.collect())
    }

    /// Imports a standard: a catalogue of categories, with rule rows when the table has them.
    pub async fn standard_import(
        &self,
        who: &Principal,
        table: &Table,
        options: &StandardImport,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<Report, RegistryError> {
        let actor = who.acting_anywhere("standard_import")?;
        self.reload(Part::Rules).await?;
        let plan = import::standard::plan(&self.snapshot().rules, table, options, &mut || {
            self.store.next_id()
        })?;
        self.carry_out(
            &actor,
            "standard_import",
            Part::Rules,
            plan,
            options.dry_run,
            progress,
        )
        .await
    }

    /// Imports a taxonomy of appeals in three levels as a standard of its own.
    pub async fn taxonomy_import(
        &self,
        who: &Principal,
        table: &Table,
        options: &TaxonomyImport,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<Report, RegistryError> {
        let actor = who.acting_anywhere("standard_import")?;
        self.reload(Part::Rules).await?;
        let plan = import::taxonomy::plan(&self.snapshot().rules, table, options, &mut || {
            self.store.next_id()
        })?;
        self.carry_out(
            &actor,
            "standard_import",
            Part::Rules,
            plan,
            options.dry_run,
            progress,
        )
        .await
    }

    /// Pairs the categories of two standards and keeps the pairs; what has no counterpart is listed.
    pub async fn crosswalk_build(
        &self,
        who: &Principal,
        from_standard_id: Id,
        to_standard_id: Id,
        dry_run: bool,
    ) -> Result<CrosswalkReport, RegistryError> {
        let actor = who.acting_anywhere("standard_import")?;
        self.reload(Part::Rules).await?;
        let (plan, report) =
            import::crosswalk::plan(&self.snapshot().rules, from_standard_id, to_standard_id)?;
        self.carry_out(
            &actor,
            "standard_import",
            Part::Rules,
            plan,
            dry_run,
            |_| (),
        )
        .await?;
        Ok(report)
    }

    /// Writes a plan in bounded transactions, unless it is a rehearsal, and reads the changed part again.
    async fn carry_out(
        &self,
        actor: &Actor,
        action: &'static str,
        part: Part,
        plan: Plan,
        dry_run: bool,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<Report, RegistryError> {
        let total = plan.changes.len();
        let mut done = 0;
        progress(Progress { done, total });
        if dry_run || plan.changes.is_empty() {
            return Ok(plan.report);
        }
        let mut written = Ok(());
        for batch in import::batches(plan.changes) {
            let (at, actor, batch) = (self.store.clock().now(), actor.clone(), Arc::new(batch));
            done += batch.len();
            written = self
                .store
                .write(move |tx| write_batch(tx, &batch, at, &actor, action, part))
                .await;
            if written.is_err() {
                break;
            }
            progress(Progress { done, total });
        }
        // What was written before a failure is there, so it is read again in any case.
        self.reload(part).await?;
        written?;
        Ok(plan.report)
    }
}

/// How many lines of a history are wanted, and before which version.
pub(crate) fn history_page(page: &PageRequest) -> Result<(u32, i64), RegistryError> {
    let limit = page
        .limit()
        .map_err(|wrong| RegistryError::Invalid(vec![wrong]))?;
    let before = match page.after.as_deref().filter(|after| !after.is_empty()) {
        None => i64::MAX,
        Some(text) => text.parse().map_err(|_| {
            RegistryError::invalid("after", "malformed", "not a `next` of this list")
        })?,
    };
    Ok((limit, before))
}

/// One transaction: the rows, their audit entries, one word to the other nodes.
fn write_batch(
    tx: &mut Tx<'_>,
    batch: &[Change],
    at: Timestamp,
    actor: &Actor,
    action: &'static str,
    part: Part,
) -> Result<(), StoreError> {
    for change in batch {
        change.write(tx, at, actor, action)?;
        let (object, detail) = change.audit();
        tx.audit(&AuditEntry {
            at,
            actor: actor.account_id,
            action,
            object,
            detail: &detail.to_string(),
        })?;
    }
    tell_nodes(tx, part, at);
    Ok(())
}

/// Tells the other nodes to read a part again.
pub(crate) fn tell_nodes(tx: &mut Tx<'_>, part: Part, at: Timestamp) {
    tx.emit(OutboxEntry {
        key: Id(0),
        kind: REGISTRY_CHANGED,
        body: serde_json::json!({ "part": part.as_str() }).to_string(),
        area_path: None,
        organisation_paths: Vec::new(),
        at,
    });
}
