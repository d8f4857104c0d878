//! What comes next: acts in the order of their time, and the timers of the store between them.

use crate::founding::SeedError;
use base::{Clock, ManualClock, Timestamp};
use casework::Casework;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use store::timer::Timer;
use store::{StoreError, Tx, outbox, timer};

/// Timers read at once.
const TIMERS_AT_ONCE: u32 = 200;

/// A week of the outbox is kept.
const OUTBOX_DAYS: i64 = 7;

/// Acts to come. Those of one instant come in the order they were put down.
#[derive(Debug)]
pub(crate) struct Agenda<T> {
    acts: BinaryHeap<Reverse<(Timestamp, u64, T)>>,
    count: u64,
}

impl<T: Ord> Agenda<T> {
    pub(crate) fn new() -> Self {
        Self {
            acts: BinaryHeap::new(),
            count: 0,
        }
    }

    pub(crate) fn put(&mut self, at: Timestamp, act: T) {
        self.count += 1;
        self.acts.push(Reverse((at, self.count, act)));
    }

    pub(crate) fn next(&mut self) -> Option<(Timestamp, T)> {
        self.acts.pop().map(|Reverse((at, _, act))| (at, act))
    }
}

/// Fires the store's timers as the time passes.
pub(crate) struct Bells<'a> {
    casework: &'a Casework,
    clock: &'a ManualClock,
    quiet_seconds: i64,
    quiet_until: Timestamp,
}

impl<'a> Bells<'a> {
    /// `quiet_seconds`, one at least: no clock that a command starts runs out sooner, so that the timers need not be looked at before
    /// each act.
    pub(crate) fn new(casework: &'a Casework, clock: &'a ManualClock, quiet_seconds: i64) -> Self {
        Self {
            casework,
            clock,
            quiet_seconds,
            quiet_until: Timestamp(0),
        }
    }

    /// Moves the clock on to `at`; each timer that is due until then fires when it is due. Says how many did.
    pub(crate) fn ring_until(&mut self, at: Timestamp) -> Result<usize, SeedError> {
        let mut fired = 0;
        while at >= self.quiet_until {
            let store = self.casework.store();
            let next = timer::next_at(store)?;
            let now = self.clock.now();
            match next {
                Some(due) if due <= at => {
                    self.clock.set(due.max(now));
                    fired += timer::fire_due(store, TIMERS_AT_ONCE, bell(self.casework))?;
                }
                _ => {
                    let latest = at.plus_seconds(self.quiet_seconds);
                    self.quiet_until = next.map_or(latest, |next| next.min(latest));
                }
            }
        }
        self.clock.set(at.max(self.clock.now()));
        Ok(fired)
    }
}

/// What a timer of the store does.
pub(crate) fn bell(
    casework: &Casework,
) -> impl Fn(&mut Tx<'_>, &Timer, Timestamp) -> Result<(), StoreError> + Clone + Send + 'static {
    let casework = casework.clone();
    move |tx, due, now| match due.kind.as_str() {
        kind if casework::TIMERS.contains(&kind) => casework.timer_due(tx, due, now),
        other => Err(StoreError::Corrupt(format!(
            "nobody handles timers of kind {other}"
        ))),
    }
}

/// As every day: old entries of the outbox are put away. Nobody needs to be told now what happened long ago.
pub(crate) async fn tidy(casework: &Casework, now: Timestamp) -> Result<(), SeedError> {
    let before = now.plus_seconds(-OUTBOX_DAYS * 86_400);
    let tidied: Result<(), StoreError> = casework
        .store()
        .write(move |tx| outbox::prune(tx, before).map(drop))
        .await;
    Ok(tidied?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_come_in_the_order_of_their_time_and_then_as_they_were_put_down() {
        let mut agenda = Agenda::new();
        for (at, act) in [(3, 'd'), (1, 'z'), (1, 'a'), (2, 'c')] {
            agenda.put(Timestamp(at), act);
        }
        let order: String = std::iter::from_fn(|| agenda.next())
            .map(|(_, act)| act)
            .collect();
        assert_eq!(order, "zacd");
    }
}
