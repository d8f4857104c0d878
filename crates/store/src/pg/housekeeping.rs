//! What one process does for itself (its node number, its last id) and one process does for all (places in the outbox).

use super::session::Session;
use super::{NODE_LOCK_CLASS, SEQUENCER_LOCK_CLASS};
use crate::outbox::PlacedSignal;
use crate::sqlite::ID_NOTE_AHEAD_SECONDS;
use crate::{Param, StoreError, params};
use base::id::NODE_MAX;
use base::{Clock, Id, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Entries placed in one pass.
const PASS_MAX: i64 = 1000;
/// Without a bell (another node's commits): look this often.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// After a bell: let a few more commits gather, so that a pass under load places many.
const GATHER: Duration = Duration::from_millis(2);

const SEQUENCE: &str = "SELECT place FROM outbox_sequence WHERE id = 0 FOR UPDATE";
/// `position` is drawn when the entry is inserted, after the row lock of what it is about: per key it follows commit order.
const PLACE: &str = "UPDATE outbox SET place = ?1 + fresh.n FROM
  (SELECT position, row_number() OVER (ORDER BY position) AS n FROM
     (SELECT position FROM outbox WHERE place IS NULL ORDER BY position LIMIT ?2) AS bare) AS fresh
  WHERE outbox.position = fresh.position";
const SEQUENCE_SET: &str = "UPDATE outbox_sequence SET place = ?1 WHERE id = 0";
const NODE_SEEN: &str = "INSERT INTO node (node, holder, seen_at, last_id) VALUES (?1, ?2, ?3, ?4)
  ON CONFLICT (node) DO UPDATE SET holder = excluded.holder, seen_at = excluded.seen_at,
  last_id = GREATEST(node.last_id, excluded.last_id)";
const NODE_READ: &str = "SELECT last_id FROM node WHERE node = ?1";

/// Takes the first node number that no connection holds. Answers it with the last id it is known to have given.
pub(super) fn take_node(session: &mut Session, now: Timestamp) -> Result<(u16, Id), StoreError> {
    for node in 0..=NODE_MAX {
        if session.try_lock(NODE_LOCK_CLASS, i64::from(node))? {
            let rows = session.query(NODE_READ, params![node])?;
            let last_id: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
            session.post(NODE_SEEN, params![node, holder(), now, last_id], false)?;
            session.commit()?;
            return Ok((node, Id(last_id)));
        }
    }
    Err(StoreError::Unavailable("all node numbers are held".into()))
}

fn holder() -> String {
    format!("process {}", std::process::id())
}

pub(super) struct Housekeeper {
    session: Session,
    url: String,
    node: u16,
    clock: Arc<dyn Clock>,
    placed: PlacedSignal,
    stopping: Arc<AtomicBool>,
    is_sequencer: bool,
    noted_at: Timestamp,
}

impl Housekeeper {
    pub(super) fn new(
        session: Session,
        url: String,
        node: u16,
        clock: Arc<dyn Clock>,
        placed: PlacedSignal,
        stopping: Arc<AtomicBool>,
    ) -> Self {
        Self {
            session,
            url,
            node,
            clock,
            placed,
            stopping,
            is_sequencer: false,
            noted_at: Timestamp(0),
        }
    }

    pub(super) fn run(mut self) {
        let mut seen = 0;
        while !self.stopping.load(Ordering::SeqCst) {
            match self.turn() {
                Ok(placed) if placed < PASS_MAX => {
                    let before = seen;
                    seen = self.placed.wait(seen, LOOK_EVERY);
                    if seen != before {
                        std::thread::sleep(GATHER);
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "housekeeping failed and will try again");
                    self.session.rollback();
                    std::thread::sleep(Duration::from_millis(200));
                    if self.session.is_closed() {
                        self.reconnect();
                    }
                }
            }
        }
        // What was committed before the end gets its place before the end, if the place is ours to give.
        let _ = self.turn();
    }

    fn turn(&mut self) -> Result<i64, StoreError> {
        self.note_last_id()?;
        if !self.is_sequencer {
            self.is_sequencer = self.session.try_lock(SEQUENCER_LOCK_CLASS, 0)?;
        }
        if !self.is_sequencer {
            return Ok(0);
        }
        let placed = place(&mut self.session)?;
        if placed > 0 {
            self.placed.wake();
        }
        Ok(placed)
    }

    /// Every second, so that after a crash and a clock set back no id is given twice: ids carry their millisecond.
    fn note_last_id(&mut self) -> Result<(), StoreError> {
        let now = self.clock.now();
        if now < self.noted_at.plus_seconds(1) && now >= self.noted_at {
            return Ok(());
        }
        let ahead = Id::first_at(now.plus_seconds(ID_NOTE_AHEAD_SECONDS));
        self.session
            .post(NODE_SEEN, params![self.node, holder(), now, ahead], false)?;
        self.session.commit()?;
        self.noted_at = now;
        Ok(())
    }

    /// A new connection holds no locks: the node number must be taken again, and if another process has it by now we must not
    /// go on giving ids under it.
    fn reconnect(&mut self) {
        self.is_sequencer = false;
        if let Err(error) = self.session.reconnect(&self.url) {
            tracing::warn!(%error, "the database cannot be reached; trying again");
            return;
        }
        match self.session.try_lock(NODE_LOCK_CLASS, i64::from(self.node)) {
            Ok(true) => {}
            Ok(false) | Err(_) => {
                tracing::error!(node = self.node, "another process holds our node number")
            }
        }
    }
}

/// Gives places to committed entries that have none; says how many. Only committed rows are visible, and the row of the
/// sequence is locked, so even two sequencers at once could not give one place twice.
fn place(session: &mut Session) -> Result<i64, StoreError> {
    let rows = session.query(SEQUENCE, &[])?;
    let last: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
    let placed = i64::try_from(session.execute(PLACE, &[Param::Int(last), Param::Int(PASS_MAX)])?)
        .unwrap_or(0);
    if placed == 0 {
        session.rollback();
        return Ok(0);
    }
    session.post(SEQUENCE_SET, params![last + placed], false)?;
    session.commit()?;
    Ok(placed)
}
