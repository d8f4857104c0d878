//! Which cases lie in which zones, for the lists: kept in step with the zones as they are drawn now.

use super::{Casework, TASK_DEADLINE};
use crate::store::statistics::report_zones_put;
use crate::store::{
    CASE_PLACES_AFTER, CASE_ZONE_ADD, CASE_ZONE_DROP, REPORT_PLACES_AFTER, ZONES_OF_CASES,
};
use ::store::timer::Timer;
use ::store::{OutboxEntry, Row, StoreError, TimerEntry, Tx, params};
use base::path::TreePath;
use base::{Id, Point, Timestamp};
use std::collections::BTreeSet;

/// The kind of the timers that look at cases again after zones changed; their key is the last case looked at.
const ZONES_REDRAWN: &str = "zones_redrawn";

/// The same of reports without any case; those with one follow their cases.
const REPORT_ZONES_REDRAWN: &str = "report_zones_redrawn";

/// The kinds of casework's timers.
pub const TIMERS: [&str; 3] = [TASK_DEADLINE, ZONES_REDRAWN, REPORT_ZONES_REDRAWN];

/// The kind of outbox entries that say that a case lies in other zones than before; their key is the case.
pub(crate) const CASE_ZONES: &str = "case_zones";

/// By then every node has read the zones again.
const AFTER_SECONDS: i64 = 5;

/// Cases looked at in one transaction.
const BATCH: i64 = 2_000;

/// Zones changed at `at`: all cases are looked at again, a few seconds later and a batch at a time.
pub fn zones_changed(tx: &mut Tx<'_>, timer_id: Id, at: Timestamp) -> Result<(), StoreError> {
    look_again(
        tx,
        timer_id,
        (ZONES_REDRAWN, Id(0)),
        at.plus_seconds(AFTER_SECONDS),
    )
}

fn look_again(
    tx: &mut Tx<'_>,
    timer_id: Id,
    (kind, after): (&'static str, Id),
    due_at: Timestamp,
) -> Result<(), StoreError> {
    tx.schedule(&TimerEntry {
        id: timer_id,
        kind,
        key: after,
        due_at,
        body: "{}".to_owned(),
    })
}

impl Casework {
    /// Handles a due timer of one of [`TIMERS`].
    pub fn timer_due(
        &self,
        tx: &mut Tx<'_>,
        timer: &Timer,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        match timer.kind.as_str() {
            TASK_DEADLINE => self.deadline_due(tx, timer, now),
            ZONES_REDRAWN => self.zones_due(tx, timer.key, now),
            REPORT_ZONES_REDRAWN => self.report_zones_due(tx, timer.key, now),
            other => Err(StoreError::Corrupt(format!(
                "nobody handles timers of kind {other}"
            ))),
        }
    }

    /// Notes for a batch of cases in which zones they lie now; then for the next.
    fn zones_due(&self, tx: &mut Tx<'_>, after: Id, now: Timestamp) -> Result<(), StoreError> {
        let places = tx.query(&CASE_PLACES_AFTER, params![after, BATCH], place)?;
        let Some(last) = places.last().map(|(id, ..)| *id) else {
            return look_again(tx, self.next_id(), (REPORT_ZONES_REDRAWN, Id(0)), now);
        };
        let noted: BTreeSet<(Id, Id)> = tx
            .query(&ZONES_OF_CASES, params![after, last], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?
            .into_iter()
            .collect();
        let city = &self.parts().city;
        let lie = |(id, area, point): &(Id, Option<TreePath>, Option<Point>)| {
            let zones = city.zones_at(area.as_ref(), *point);
            let id = *id;
            zones.into_iter().map(move |zone| (id, zone))
        };
        let held: BTreeSet<(Id, Id)> = places.iter().flat_map(lie).collect();
        for (case_id, zone_id) in noted.difference(&held) {
            tx.post(&CASE_ZONE_DROP, params![zone_id, case_id])?;
        }
        for (case_id, zone_id) in held.difference(&noted) {
            tx.post(&CASE_ZONE_ADD, params![zone_id, case_id])?;
        }
        let moved: BTreeSet<Id> = noted
            .symmetric_difference(&held)
            .map(|(id, _)| *id)
            .collect();
        for case_id in moved {
            tx.emit(OutboxEntry {
                key: case_id,
                kind: CASE_ZONES,
                body: "{}".to_owned(),
                area_path: None,
                organisation_paths: Vec::new(),
                at: now,
            });
        }
        let next = if places.len() < usize::try_from(BATCH).unwrap_or_default() {
            (REPORT_ZONES_REDRAWN, Id(0))
        } else {
            (ZONES_REDRAWN, last)
        };
        look_again(tx, self.next_id(), next, now)
    }

    /// The same for a batch of reports without any case, which only the numbers ask about.
    fn report_zones_due(
        &self,
        tx: &mut Tx<'_>,
        after: Id,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let places = tx.query(&REPORT_PLACES_AFTER, params![after, BATCH], place)?;
        for (id, area, point) in &places {
            let zones = self.parts().city.zones_at(area.as_ref(), *point);
            report_zones_put(tx, *id, &zones.into_iter().collect())?;
        }
        match places.last() {
            Some((last, ..)) => look_again(tx, self.next_id(), (REPORT_ZONES_REDRAWN, *last), now),
            None => Ok(()),
        }
    }
}

/// Where something lies: its id, area and point.
fn place(row: &Row<'_>) -> Result<(Id, Option<TreePath>, Option<Point>), StoreError> {
    let (lon, lat): (Option<f64>, Option<f64>) = (row.get(2)?, row.get(3)?);
    let point = lon.zip(lat).map(|(lon, lat)| Point { lon, lat });
    Ok((row.get(0)?, row.get(1)?, point))
}
