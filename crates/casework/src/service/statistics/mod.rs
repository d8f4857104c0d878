//! Keeps the numbers in step with what happens, and proves that they are what a slow recount finds.
//!
//! [`StatisticsFollower`] consumes the outbox: of every report and case that changed it makes the obligations anew from the timeline,
//! writes what differs and adds the difference to the sums by day, in the transaction that moves its cursor. Commands do not wait
//! for it; it is behind them by a batch. [`Casework::statistics_rebuild`] does the same for everything there is.

mod answer;
mod ask;
mod subjects;
mod time;

pub use ask::{Group, StatisticsQuery, SubjectsQuery, WINDOW_DAYS_MAX};

use super::verify::Verified;
use super::{CASE_ZONES, Casework};
use crate::lifecycle::Fact;
use crate::lifecycle::case::{self, CaseFact};
use crate::lifecycle::report::ReportFact;
use crate::model::CaseStage;
use crate::statistics::{CaseOfReport, Place, of_case, of_report};
use crate::store::statistics::{self as rows, ObligationRow, Sums};
use crate::store::{CASES_AFTER, REPORTS_AFTER, read};
use ::store::{Consumer, PlacedEntry, StoreError, Tx, params};
use base::Id;
use base::path::TreePath;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The name under which the follower keeps its cursor.
pub const STATISTICS: &str = "statistics";

/// Subjects looked at in one transaction.
const BATCH: i64 = 200;

/// What can happen to a case that the numbers of its reports depend on: whether it was filed, who leads, whether it counts.
const FELT_BY_REPORTS: &[&str] = &[
    "case_filed",
    "case_sent_back",
    "case_cancelled",
    "case_merged",
    "case_excluded",
    "exclusion_decided",
    "case_self_handled",
    "case_dispatched",
    "case_recalled",
    "case_reopened",
    "case_ruled",
    "task_returned",
    "task_revoked",
    "task_rerouted",
    // A later file may tell of another place.
    "case_brought_in",
];

/// The consumer of the outbox that keeps the numbers.
pub struct StatisticsFollower(Casework);

impl Consumer for StatisticsFollower {
    fn name(&self) -> &'static str {
        STATISTICS
    }

    fn handle(&self, tx: &mut Tx<'_>, entry: &PlacedEntry) -> Result<(), StoreError> {
        self.handle_all(tx, &[entry])
    }

    fn handle_all(&self, tx: &mut Tx<'_>, entries: &[&PlacedEntry]) -> Result<(), StoreError> {
        let (mut cases, mut reports) = (BTreeSet::new(), BTreeSet::new());
        for entry in entries {
            if entry.kind == ReportFact::CHANGED {
                reports.insert(entry.key);
            }
            if entry.kind == CASE_ZONES {
                reports.extend(read::reports_of(tx, entry.key)?);
            }
            if entry.kind != CaseFact::CHANGED {
                continue;
            }
            let told: crate::Told<'_> = serde_json::from_str(&entry.body).map_err(|error| {
                StoreError::Corrupt(format!("outbox entry {}: {error}", entry.place))
            })?;
            let is_felt = |kind: &str| FELT_BY_REPORTS.contains(&kind);
            cases.insert(entry.key);
            if told.kinds.iter().any(|kind| is_felt(kind)) {
                reports.extend(read::reports_of(tx, entry.key)?);
            }
        }
        let mut sums = Sums::new();
        for id in cases {
            self.0.put_case(tx, id, &mut sums)?;
        }
        for id in reports {
            self.0.put_report(tx, id, &mut sums)?;
        }
        rows::sums_add(tx, &sums)
    }
}

impl Casework {
    /// The consumer of the outbox that keeps the numbers.
    pub fn statistics_follower(&self) -> Arc<dyn Consumer> {
        Arc::new(StatisticsFollower(self.clone()))
    }

    /// Makes the numbers of everything there is anew; the follower then goes on after what there was when this began. Says how
    /// many reports and cases it looked at.
    pub fn statistics_rebuild(&self) -> Result<u64, StoreError> {
        let seen = self.store().read_blocking(::store::outbox::last_place)?;
        let cases = self.each_batch(&CASES_AFTER, Self::put_case)?;
        let reports = self.each_batch(&REPORTS_AFTER, Self::put_report)?;
        ::store::consumer::skip_to(self.store(), STATISTICS, seen)?;
        Ok(cases + reports)
    }

    fn each_batch(
        &self,
        statement: &'static ::store::Statement,
        put: fn(&Self, &mut Tx<'_>, Id, &mut Sums) -> Result<(), StoreError>,
    ) -> Result<u64, StoreError> {
        let (mut after, mut total) = (Id(0), 0);
        loop {
            let this = self.clone();
            let ids = self.store().write_blocking(move |tx| {
                let ids = tx.query(statement, params![after, BATCH], |row| row.get::<Id>(0))?;
                let mut sums = Sums::new();
                for id in &ids {
                    put(&this, tx, *id, &mut sums)?;
                }
                rows::sums_add(tx, &sums)?;
                Ok::<_, StoreError>(ids)
            })?;
            let Some(last) = ids.last() else {
                return Ok(total);
            };
            after = *last;
            total += ids.len() as u64;
        }
    }

    fn put_case(&self, tx: &mut Tx<'_>, id: Id, sums: &mut Sums) -> Result<(), StoreError> {
        let now = self.obligations_of_case(tx, id)?;
        rows::obligations_put(tx, id, &now, sums)
    }

    fn put_report(&self, tx: &mut Tx<'_>, id: Id, sums: &mut Sums) -> Result<(), StoreError> {
        let now = self.obligations_of_report(tx, id)?;
        let zones = self.report_counted_in(tx, id)?;
        rows::report_zones_put(tx, id, &zones)?;
        rows::obligations_put(tx, id, &now, sums)
    }

    /// The zones that a report is counted in: those of its cases, or while it has none those that hold the place told.
    fn report_counted_in(&self, tx: &mut Tx<'_>, id: Id) -> Result<BTreeSet<Id>, StoreError> {
        if !read::cases_of(tx, id)?.is_empty() {
            return rows::zones_of_its_cases(tx, id);
        }
        let found = tx.query_opt(&crate::store::REPORT_BY_ID, params![id], read::report)?;
        let zones = found.map(|row| {
            let report = row.report;
            self.parts()
                .city
                .zones_at(report.area_path.as_ref(), report.point)
        });
        Ok(zones.unwrap_or_default().into_iter().collect())
    }

    /// The obligations of a case as its timeline tells them.
    fn obligations_of_case(
        &self,
        tx: &mut Tx<'_>,
        id: Id,
    ) -> Result<Vec<ObligationRow>, StoreError> {
        let entries = read::timeline(tx, id)?;
        let events = read::case_events(&entries)?;
        let Some(case) = events.first().and_then(case::begin) else {
            return Err(StoreError::Corrupt(format!("there is no case {id}")));
        };
        let process = self
            .parts()
            .processes
            .get(&case.process)
            .ok_or_else(|| StoreError::Corrupt(format!("the process of case {id} is gone")))?;
        let place = Place {
            street_path: self.street_of(case.area_path.as_ref()),
            area_path: case.area_path,
            category_id: case.category_id,
            source: case.source,
        };
        Ok(of_case(&events, &process)
            .into_iter()
            .map(|obligation| ObligationRow {
                obligation,
                place: place.clone(),
            })
            .collect())
    }

    /// The obligations of a report as its timeline and its cases tell them.
    fn obligations_of_report(
        &self,
        tx: &mut Tx<'_>,
        id: Id,
    ) -> Result<Vec<ObligationRow>, StoreError> {
        let found = tx.query_opt(&crate::store::REPORT_BY_ID, params![id], read::report)?;
        let Some(row) = found else {
            return Err(StoreError::Corrupt(format!("there is no report {id}")));
        };
        let cases: Vec<CaseOfReport> = rows::cases_for_numbers(tx, id)?
            .into_iter()
            .map(|case| CaseOfReport {
                case_id: case.case_id,
                is_filed: case.filed_at.is_some()
                    && !matches!(case.stage, CaseStage::Accepted | CaseStage::Cancelled),
                stage: case.stage,
                is_sent_back: case.extra.handling.sent_back_count > 0,
                is_excluded: case.extra.overlays.is_excluded(),
                lead: case
                    .lead_organisation_id
                    .and_then(|id| self.parts().city.organisation(id))
                    .map(|facts| facts.organisation),
                category_id: case.category_id,
            })
            .collect();
        let events = read::report_events(&read::timeline(tx, id)?)?;
        let place = Place {
            street_path: self.street_of(row.report.area_path.as_ref()),
            area_path: row.report.area_path,
            category_id: cases.iter().find_map(|case| case.category_id),
            source: row.report.source,
        };
        Ok(of_report(&events, &row.organisation, &cases)
            .into_iter()
            .map(|obligation| ObligationRow {
                obligation,
                place: place.clone(),
            })
            .collect())
    }

    fn street_of(&self, area_path: Option<&TreePath>) -> Option<TreePath> {
        self.parts().city.place_by_path(area_path?)?.street_path
    }

    /// Compares the numbers kept with what a recount of every timeline finds. Only when the follower has seen everything: what
    /// it has not seen yet is late, not wrong.
    pub(super) fn verify_statistics(&self, verified: &mut Verified) -> Result<(), StoreError> {
        if ::store::consumer::behind(self.store(), STATISTICS)? > 0 {
            return Ok(());
        }
        let mut sums = Sums::new();
        let mut count = 0;
        for (statement, obligations) in [
            (&CASES_AFTER, Self::obligations_of_case as ObligationsOf),
            (&REPORTS_AFTER, Self::obligations_of_report),
        ] {
            let mut after = Id(0);
            loop {
                let this = self.clone();
                let compared = self.store().read_blocking(move |tx| {
                    let ids = tx.query(statement, params![after, BATCH], |row| row.get::<Id>(0))?;
                    ids.into_iter()
                        .map(|id| {
                            // Those of a report without cases follow the zones, not the timelines.
                            let zones = rows::zones_of_its_cases(tx, id)?;
                            let zones_agree =
                                zones.is_empty() || rows::report_zones(tx, id)? == zones;
                            Ok((
                                id,
                                rows::obligations_of(tx, id)?,
                                obligations(&this, tx, id)?,
                                zones_agree,
                            ))
                        })
                        .collect::<Result<Vec<_>, StoreError>>()
                })?;
                let Some((last, ..)) = compared.last() else {
                    break;
                };
                after = *last;
                for (id, kept, found, zones_agree) in compared {
                    count += kept.len() as u64;
                    if !zones_agree {
                        verified.add(id, "zones_differ", "not those of its cases".to_owned());
                    }
                    if kept != found {
                        verified.add(
                            id,
                            "obligations_differ",
                            format!("{kept:?} kept, {found:?} found"),
                        );
                    }
                    for row in &kept {
                        rows::sum(&mut sums, row, 1);
                    }
                }
            }
        }
        verified.obligations = Some(count);
        let mut kept = self.store().read_blocking(rows::sums_all)?;
        kept.retain(|_, counts| counts.iter().any(|count| *count != 0));
        sums.retain(|_, counts| counts.iter().any(|count| *count != 0));
        for (key, counts) in &sums {
            if kept.get(key) != Some(counts) {
                verified.add(Id(0), "sums_differ", format!("{key:?}"));
            }
        }
        for key in kept.keys().filter(|key| !sums.contains_key(*key)) {
            verified.add(Id(0), "sums_differ", format!("{key:?} counts nothing"));
        }
        Ok(())
    }
}

type ObligationsOf = fn(&Casework, &mut Tx<'_>, Id) -> Result<Vec<ObligationRow>, StoreError>;
