//! Lists of cases and reports: found in memory ([`crate::listing`]), read from the database.
//!
//! What is in memory is made from the database when it is first needed, or from what the last run kept of it ([`super::kept_lists`]), and then
//! follows the outbox: each question first applies what was committed since, so that whoever has changed something finds it changed. A process that asks nothing keeps nothing; one that serves
//! follows all the time ([`Casework::lists_follow`]). Several processes on one database each keep their own.

use super::Casework;
use super::zones::CASE_ZONES;
use crate::failure::CaseworkError;
use crate::lifecycle::Fact;
use crate::lifecycle::case::CaseFact;
use crate::lifecycle::report::ReportFact;
use crate::listing::{
    AreaFilter, CaseFilter, CasesAsked, Claimed, DepthOf, Entry, Index, LookedUp, Placed,
    ReportFilter, ReportsAsked, Seen, Tie, Tied, TooMany,
};
use crate::store::listing::{self as rows, CaseRow, Kind, ReportListed};
use ::store::{StoreError, Tx, outbox};
use access::Principal;
use base::path::TreePath;
use base::{Id, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;
use tokio::sync::OnceCell;

/// What there are lists of.
const KINDS: [Kind; 2] = [Kind::Cases, Kind::Reports];
/// Rows read at once when all are read.
const LOADED_AT_ONCE: u32 = 1_000;
/// Entries of the outbox read at once.
const FOLLOWED_AT_ONCE: u32 = 1_000;
/// More than wait for a place at any time.
const UNPLACED_MAX: u32 = 10_000;

/// What lists are found in.
#[derive(Default)]
pub(super) struct Lists {
    loaded: OnceCell<()>,
    state: RwLock<State>,
    /// Where they are kept from one run to the next.
    pub(super) file: OnceLock<PathBuf>,
}

#[derive(Default, Serialize, Deserialize)]
pub(super) struct State {
    cases: Index,
    reports: Index,
    /// Everything that was told up to this place of the outbox is in them.
    place: i64,
}

impl Lists {
    pub(super) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<TooMany> for StoreError {
    fn from(error: TooMany) -> Self {
        Self::Corrupt(error.to_string())
    }
}

impl State {
    fn index(&mut self, kind: Kind) -> &mut Index {
        match kind {
            Kind::Cases => &mut self.cases,
            Kind::Reports => &mut self.reports,
        }
    }

    fn load(tx: &mut Tx<'_>, depth_of: &DepthOf) -> Result<Self, StoreError> {
        let mut state = Self {
            place: outbox::last_place(tx)?,
            ..Self::default()
        };
        for kind in KINDS {
            let mut after = Some(Id(i64::MIN));
            while let Some(from) = after {
                let entries = rows::entries_after(tx, kind, from, LOADED_AT_ONCE)?;
                state.put(kind, &entries, depth_of)?;
                after = entries.last().map(|last| last.id);
            }
        }
        tx.forget_pages()?;
        Ok(state)
    }

    /// Up to where everything that was told is known.
    pub(super) const fn place(&self) -> i64 {
        self.place
    }

    fn put(&mut self, kind: Kind, entries: &[Entry], depth_of: &DepthOf) -> Result<(), StoreError> {
        let index = self.index(kind);
        for entry in entries {
            index.put(entry, depth_of)?;
        }
        index.tidy();
        Ok(())
    }

    /// Applies what this transaction sees and the lists do not yet know.
    fn catch_up(&mut self, tx: &mut Tx<'_>, depth_of: &DepthOf) -> Result<(), StoreError> {
        let head = outbox::last_place(tx)?;
        if head < self.place {
            // Somebody who sees more was faster.
            return Ok(());
        }
        if head > self.place && outbox::first_place(tx)? > self.place + 1 {
            // What happened between is told no more.
            *self = Self::load(tx, depth_of)?;
            return Ok(());
        }
        loop {
            let heads = outbox::heads_after(tx, self.place, FOLLOWED_AT_ONCE)?;
            let Some((last, _)) = heads.last() else { break };
            let last = *last;
            self.follow(tx, heads.into_iter().map(|(_, head)| head), depth_of)?;
            self.place = last;
        }
        let unplaced = outbox::heads_unplaced(tx, UNPLACED_MAX)?;
        self.follow(tx, unplaced.into_iter(), depth_of)
    }

    fn follow(
        &mut self,
        tx: &mut Tx<'_>,
        heads: impl Iterator<Item = outbox::EntryHead>,
        depth_of: &DepthOf,
    ) -> Result<(), StoreError> {
        let (mut cases, mut reports) = (BTreeSet::new(), BTreeSet::new());
        for head in heads {
            match head.kind.as_str() {
                CaseFact::CHANGED | CASE_ZONES => cases.insert(head.key),
                ReportFact::CHANGED => reports.insert(head.key),
                _ => false,
            };
        }
        // In the order of their ids, so that few come late.
        for (kind, ids) in [(Kind::Cases, cases), (Kind::Reports, reports)] {
            let ids: Vec<Id> = ids.into_iter().collect();
            let mut entries = rows::entries(tx, kind, &ids)?;
            entries.sort_unstable_by_key(|entry| entry.id);
            self.put(kind, &entries, depth_of)?;
            if kind == Kind::Cases && self.cases.tied().next().is_some() {
                let ties = rows::ties_of(tx, &ids)?;
                for id in ids {
                    self.cases.put_ties_of(id, |tied| match tied {
                        Tied::Organisation(path) => {
                            (ties.organisations.get(&id)).is_some_and(|all| all.contains(path))
                        }
                        Tied::Zone(zone) => {
                            (ties.zones.get(&id)).is_some_and(|all| all.contains(zone))
                        }
                    });
                }
            }
        }
        Ok(())
    }

    fn is_behind(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        Ok(outbox::last_place(tx)? > self.place || !outbox::heads_unplaced(tx, 1)?.is_empty())
    }

    fn lacks<'a>(&self, tied: &'a [Tied]) -> impl Iterator<Item = &'a Tied> {
        tied.iter().filter(|tied| !self.cases.has_tied(tied))
    }
}

impl Casework {
    /// Brings the lists up to what is committed now, reading everything if nothing was read yet. Called again and again by a process
    /// that serves, so that no question finds much to do.
    pub async fn lists_follow(&self) -> Result<(), StoreError> {
        self.lists_loaded().await?;
        let this = self.clone();
        self.store()
            .read(move |tx| this.lists_in_step(tx, &[], |_| Ok(())))
            .await
    }

    /// How many cases and reports the lists know; none before they were first needed.
    pub fn lists_size(&self) -> Option<(usize, usize)> {
        self.lists().loaded.get()?;
        let state = self.lists().read();
        Some((state.cases.len(), state.reports.len()))
    }

    async fn lists_loaded(&self) -> Result<(), StoreError> {
        let load = || async {
            let began = Instant::now();
            let kept = self.lists_kept().await?;
            let was_kept = kept.is_some();
            let state = match kept {
                Some(state) => state,
                None => self.lists_read().await?,
            };
            let (cases, reports) = (state.cases.len(), state.reports.len());
            let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(cases, reports, was_kept, duration_ms, "the lists are there");
            *self.lists().write() = state;
            Ok::<_, StoreError>(())
        };
        let loaded = &self.lists().loaded;
        loaded.get_or_try_init(load).await?;
        Ok(())
    }

    /// Everything from the database. Not in one transaction, which would stand in the way of others and of an end for as long: whatever
    /// changes meanwhile is told after the place noted first.
    async fn lists_read(&self) -> Result<State, StoreError> {
        let place = self.store().read(outbox::last_place).await?;
        let depth_of = self.depth_of();
        let mut state = State {
            place,
            ..State::default()
        };
        for kind in KINDS {
            let mut after = Some(Id(i64::MIN));
            while let Some(from) = after {
                let read = self.store().read(move |tx| {
                    let entries = rows::entries_after(tx, kind, from, LOADED_AT_ONCE)?;
                    if entries.is_empty() {
                        tx.forget_pages()?;
                    }
                    Ok::<_, StoreError>(entries)
                });
                let entries = read.await?;
                state.put(kind, &entries, &depth_of)?;
                after = entries.last().map(|last| last.id);
            }
        }
        Ok(state)
    }

    /// Down to which level an area has its cases in the index: to its village, or its street where it has none.
    fn depth_of(&self) -> impl Fn(&TreePath) -> usize + use<> {
        let city = self.parts().city.clone();
        move |path| {
            let place = city.place_by_path(path);
            let street = place.and_then(|place| {
                let village = place.village_path;
                place.street_path.map(|street| village.unwrap_or(street))
            });
            street.map_or_else(|| path.depth(), |lowest| lowest.depth())
        }
    }

    /// Asks the lists as this transaction sees the city, or a moment later; `tied` has been looked up by then.
    fn lists_in_step<T>(
        &self,
        tx: &mut Tx<'_>,
        tied: &[Tied],
        ask: impl FnOnce(&State) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        {
            let state = self.lists().read();
            if !state.is_behind(tx)? && state.lacks(tied).next().is_none() {
                return ask(&state);
            }
        }
        let mut state = self.lists().write();
        state.catch_up(tx, &self.depth_of())?;
        let lacking: Vec<Tied> = state.lacks(tied).cloned().collect();
        for tied in lacking {
            let ids = rows::cases_tied(tx, &tied)?;
            state.cases.put_tied(tied, &ids);
        }
        ask(&state)
    }

    /// What somebody asks of the cases they may see with `permission`.
    pub(super) fn cases_asked(
        &self,
        principal: &Principal,
        permission: &str,
        filter: CaseFilter,
        now: Timestamp,
    ) -> CasesAsked {
        let scope = principal.scope(permission);
        let ties = if scope.everything {
            vec![Tie::Everything]
        } else {
            let areas = scope.areas.iter().map(|path| Tie::Area(self.area_of(path)));
            let organisations = scope.organisations.into_iter().map(Tie::Organisation);
            let zones = scope.zones.into_iter().map(Tie::Zone);
            areas.chain(organisations).chain(zones).collect()
        };
        CasesAsked {
            filter,
            ties,
            looked_up: LookedUp::default(),
            now,
        }
    }

    /// The cases asked for, in order, `limit` at most.
    pub(super) async fn cases_listed(
        &self,
        asked: CasesAsked,
        limit: usize,
    ) -> Result<Vec<CaseRow>, CaseworkError> {
        self.lists_loaded().await?;
        let this = self.clone();
        self.store()
            .read(move |tx| {
                let asked = looked_up(tx, &asked)?;
                let page = |state: &State| Ok(asked.page(&state.cases, limit));
                let ids = this.lists_in_step(tx, &asked.tied(), page)?;
                Ok(rows::cases(tx, &ids)?)
            })
            .await
    }

    /// How many there are of each, up to `limit`; of nothing asked there is nothing.
    pub(super) async fn cases_counted(
        &self,
        asked: Vec<Option<CasesAsked>>,
        limit: i64,
    ) -> Result<Vec<i64>, CaseworkError> {
        self.lists_loaded().await?;
        let this = self.clone();
        let limit = limit.unsigned_abs();
        self.store()
            .read(move |tx| {
                let count = |asked: &Option<CasesAsked>| {
                    let Some(asked) = asked else { return Ok(0) };
                    let asked = looked_up(tx, asked)?;
                    let count = |state: &State| Ok(asked.count(&state.cases, limit));
                    let count = this.lists_in_step(tx, &asked.tied(), count)?;
                    Ok(i64::try_from(count).unwrap_or(i64::MAX))
                };
                asked.iter().map(count).collect()
            })
            .await
    }

    /// Shows where the cases asked for lie, and how many they are: all of them that lie anywhere.
    pub(super) async fn cases_placed<T: Send + 'static>(
        &self,
        asked: CasesAsked,
        show: impl Fn(u64, &mut dyn Iterator<Item = Placed>) -> T + Send + 'static,
    ) -> Result<T, CaseworkError> {
        self.lists_loaded().await?;
        let this = self.clone();
        self.store()
            .read(move |tx| {
                let asked = looked_up(tx, &asked)?;
                let placed = |state: &State| Ok(asked.placed(&state.cases, &show));
                Ok(this.lists_in_step(tx, &asked.tied(), placed)?)
            })
            .await
    }

    /// What somebody asks of the reports they may see with `permission`.
    pub(super) fn reports_asked(
        &self,
        principal: &Principal,
        permission: &str,
        filter: ReportFilter,
    ) -> ReportsAsked {
        let scope = principal.scope(permission);
        let seen = if scope.everything {
            Seen::Everything
        } else {
            let areas = scope.areas.iter().map(|path| self.area_of(path));
            Seen::Within(areas.collect::<Vec<AreaFilter>>(), scope.organisations)
        };
        ReportsAsked {
            filter,
            seen,
            looked_up: Vec::new(),
            now: self.now(),
        }
    }

    /// The reports asked for, in order, `limit` at most.
    pub(super) async fn reports_listed(
        &self,
        asked: ReportsAsked,
        limit: usize,
    ) -> Result<Vec<ReportListed>, CaseworkError> {
        self.lists_loaded().await?;
        let this = self.clone();
        self.store()
            .read(move |tx| {
                let asked = reports_looked_up(tx, &asked)?;
                let page = |state: &State| Ok(asked.page(&state.reports, limit));
                let ids = this.lists_in_step(tx, &[], page)?;
                Ok(rows::reports(tx, &ids)?)
            })
            .await
    }

    /// How many reports there are of each, up to `limit`; of nothing asked there is nothing.
    pub(super) async fn reports_counted(
        &self,
        asked: Vec<Option<ReportsAsked>>,
        limit: i64,
    ) -> Result<Vec<i64>, CaseworkError> {
        self.lists_loaded().await?;
        let this = self.clone();
        let limit = limit.unsigned_abs();
        self.store()
            .read(move |tx| {
                let count = |asked: &Option<ReportsAsked>| {
                    let Some(asked) = asked else { return Ok(0) };
                    let asked = reports_looked_up(tx, asked)?;
                    let count = |state: &State| Ok(asked.count(&state.reports, limit));
                    let count = this.lists_in_step(tx, &[], count)?;
                    Ok(i64::try_from(count).unwrap_or(i64::MAX))
                };
                asked.iter().map(count).collect()
            })
            .await
    }
}

/// The same with what only the database knows: those whose number begins as wanted, and the caller's own.
fn reports_looked_up(tx: &mut Tx<'_>, asked: &ReportsAsked) -> Result<ReportsAsked, StoreError> {
    let filter = &asked.filter;
    let mut looked_up = Vec::new();
    if let Some(start) = &filter.report_no {
        looked_up.push(rows::numbered(tx, Kind::Reports, start)?);
    }
    if let Some(Claimed::By(staff_id)) = filter.claimed {
        looked_up.push(rows::claimed(tx, staff_id)?);
    }
    Ok(ReportsAsked {
        looked_up,
        ..asked.clone()
    })
}

/// The same with what only the database knows.
fn looked_up(tx: &mut Tx<'_>, asked: &CasesAsked) -> Result<CasesAsked, StoreError> {
    let filter = &asked.filter;
    let mut looked_up = LookedUp::default();
    if let Some(start) = &filter.case_no {
        looked_up.numbered = Some(rows::numbered(tx, Kind::Cases, start)?);
    }
    if let Some(account_id) = filter.watched_by {
        looked_up.watched = Some(rows::watched(tx, account_id)?);
    }
    if !filter.held_by.is_empty() {
        looked_up.held = Some(rows::held(tx, &filter.held_by, filter.held_state)?);
    }
    if !filter.not_held_by.is_empty() {
        looked_up.not_held = Some(rows::held(tx, &filter.not_held_by, None)?);
    }
    Ok(CasesAsked {
        looked_up,
        ..asked.clone()
    })
}

#[cfg(test)]
#[path = "listing_tests.rs"]
mod tests;
