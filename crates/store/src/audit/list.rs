//! The audit chain, read by people: a page at a time, newest first.
//!
//! There is one index, by time: it costs a command 1 µs on SQLite, where one by actor and one by object cost 14 µs more, three
//! times the entry itself. So a page looks through a window of [`WINDOW`] entries for those that fit, and may hold fewer than
//! were asked for, or none, and still say where to go on.

use crate::{Row, Statement, StoreError, Tx, params};
use base::{Id, Timestamp};
use std::fmt;
use std::str::FromStr;

/// Entries looked through for one page.
pub const WINDOW: u32 = 20_000;
/// Entries asked of the database at a time.
const CHUNK: u32 = 2_000;

pub(super) static BEFORE: Statement = Statement::fixed(
    "SELECT at, lane, seq, actor, action, object, detail FROM audit
     WHERE at >= ?1 AND at <= ?2 AND (at, lane, seq) < (?2, ?3, ?4) ORDER BY at DESC, lane DESC, seq DESC LIMIT ?5",
);

/// Which entries. What is left out does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
    /// Who acted: the account; zero for the platform itself and the console.
    pub actor: Option<Id>,
    /// What was done, e.g. `case_dispatch`.
    pub action: Option<String>,
    /// What it was done to.
    pub object: Option<Id>,
}

impl AuditFilter {
    fn fits(&self, record: &AuditRecord) -> bool {
        self.actor.is_none_or(|actor| record.actor == actor)
            && self.object.is_none_or(|object| record.object == object)
            && self
                .action
                .as_ref()
                .is_none_or(|action| record.action == *action)
    }
}

/// Where an entry stands in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditPlace {
    /// When it was recorded.
    pub at: Timestamp,
    /// In which chain.
    pub lane: i64,
    /// Which entry of that chain.
    pub seq: i64,
}

impl fmt::Display for AuditPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.at.0, self.lane, self.seq)
    }
}

/// The text is not one that [`AuditPlace`] is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a place in the audit trail is three numbers joined by '-'")]
pub struct NotAPlace;

impl FromStr for AuditPlace {
    type Err = NotAPlace;
    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        let mut parts = text.split('-').map(str::parse::<i64>);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Ok(at)), Some(Ok(lane)), Some(Ok(seq)), None) => Ok(Self {
                at: Timestamp(at),
                lane,
                seq,
            }),
            _ => Err(NotAPlace),
        }
    }
}

/// An entry as it stands in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// When and where.
    pub place: AuditPlace,
    /// The account; zero for the platform itself and the console.
    pub actor: Id,
    /// The operation.
    pub action: String,
    /// What it was done to.
    pub object: Id,
    /// JSON.
    pub detail: String,
}

/// Some entries, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditPage {
    /// The newest first; `limit` at the most.
    pub items: Vec<AuditRecord>,
    /// Give it back for what is older; none when there is nothing older.
    pub next: Option<AuditPlace>,
}

/// Up to `limit` entries that fit `filter` and are older than `after`, newest first.
pub fn list(
    tx: &mut Tx<'_>,
    filter: &AuditFilter,
    after: Option<AuditPlace>,
    limit: u32,
) -> Result<AuditPage, StoreError> {
    let from = filter.from.unwrap_or(Timestamp(i64::MIN));
    // The place before all of the moment `to`; the newest of all when there is no end.
    let end = AuditPlace {
        at: filter.to.unwrap_or(Timestamp(i64::MAX)),
        lane: i64::MIN,
        seq: i64::MIN,
    };
    let mut place = after.map_or(end, |after| after.min(end));
    let mut items = Vec::new();
    let mut looked_at = 0;
    while looked_at < WINDOW {
        let found = tx.query(
            &BEFORE,
            params![from, place.at, place.lane, place.seq, CHUNK],
            read_record,
        )?;
        let count = found.len();
        for record in found {
            let before = place;
            place = record.place;
            if !filter.fits(&record) {
                continue;
            }
            if items.len() == limit as usize {
                return Ok(AuditPage {
                    items,
                    next: Some(before),
                });
            }
            items.push(record);
        }
        if count < CHUNK as usize {
            return Ok(AuditPage { items, next: None });
        }
        looked_at += CHUNK;
    }
    Ok(AuditPage {
        items,
        next: Some(place),
    })
}

fn read_record(row: &Row<'_>) -> Result<AuditRecord, StoreError> {
    Ok(AuditRecord {
        place: AuditPlace {
            at: row.get(0)?,
            lane: row.get(1)?,
            seq: row.get(2)?,
        },
        actor: row.get(3)?,
        action: row.get(4)?,
        object: row.get(5)?,
        detail: row.get(6)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn the_trail_is_read_by_its_index() {
        let test = testing::sqlite(&[], &testing::system_clock());
        let explain = Statement::composed(format!("EXPLAIN QUERY PLAN {}", BEFORE.text()));
        let plan = test.store.read_blocking(move |tx| {
            tx.query(
                &explain,
                params![0_i64, 1_i64, 1_i64, 1_i64, 1_i64],
                |row| row.get::<String>(3),
            )
        });
        let plan: String = plan.unwrap().concat();
        assert!(
            plan.contains("audit_by_time") && !plan.contains("TEMP B-TREE"),
            "{plan}"
        );
    }
}
