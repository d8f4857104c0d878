//! Remembers for a few seconds who a secret belongs to, so that a request costs no SQL to authenticate.
//!
//! A change made on this node empties it at once; a change made on another node is told through the outbox, and in any case
//! entries live for [`FRESH_SECONDS`] only.

use crate::principal::Principal;
use crate::session::SessionTimes;
use base::Timestamp;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// How long an answer of the database is believed.
pub const FRESH_SECONDS: i64 = 5;
/// How often the use of a session is written down.
pub const SEEN_EVERY_SECONDS: i64 = 60;
const ENTRIES_MAX: usize = 20_000;

/// Somebody who is signed in, as last read.
pub(crate) struct Known {
    pub(crate) principal: Arc<Principal>,
    times: SessionTimes,
    read_at: Timestamp,
    seen_at: AtomicI64,
    written_at: AtomicI64,
}

impl Known {
    /// As just read from the database.
    pub(crate) fn new(principal: Arc<Principal>, times: SessionTimes, now: Timestamp) -> Self {
        Self {
            principal,
            times,
            read_at: now,
            seen_at: AtomicI64::new(times.seen_at.0),
            written_at: AtomicI64::new(times.seen_at.0),
        }
    }

    /// Whether the session lives at `now`, by what is remembered.
    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        let seen_at = Timestamp(self.seen_at.load(Ordering::Relaxed));
        SessionTimes {
            seen_at,
            ..self.times
        }
        .is_live(now)
    }

    /// Notes the use at `now`; true when it is time to write that down, for one caller of many.
    pub(crate) fn see(&self, now: Timestamp) -> bool {
        self.seen_at.fetch_max(now.0, Ordering::Relaxed);
        let written = self.written_at.load(Ordering::Relaxed);
        now >= Timestamp(written).plus_seconds(SEEN_EVERY_SECONDS)
            && self
                .written_at
                .compare_exchange(written, now.0, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

/// By the hash of the secret.
#[derive(Default)]
pub(crate) struct PrincipalCache {
    known: RwLock<HashMap<[u8; 32], Arc<Known>>>,
    generation: AtomicU64,
}

impl PrincipalCache {
    /// Who is remembered under `hash`, unless that is stale.
    pub(crate) fn get(&self, hash: &[u8; 32], now: Timestamp) -> Option<Arc<Known>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let entry = known.get(hash)?;
        (now < entry.read_at.plus_seconds(FRESH_SECONDS)).then(|| entry.clone())
    }

    /// To be taken before reading the database and handed to [`PrincipalCache::put`].
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// Remembers `fresh`, unless something has changed since `generation` was taken: it may have been read before that.
    /// What a stale entry knew of the session's use is kept.
    pub(crate) fn put(&self, hash: [u8; 32], fresh: Known, generation: u64) -> Arc<Known> {
        let fresh = Arc::new(fresh);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(stale) = known.get(&hash) {
            for (to, from) in [
                (&fresh.seen_at, &stale.seen_at),
                (&fresh.written_at, &stale.written_at),
            ] {
                to.fetch_max(from.load(Ordering::Relaxed), Ordering::Relaxed);
            }
        }
        if self.generation() != generation {
            return fresh;
        }
        if known.len() >= ENTRIES_MAX {
            let now = fresh.read_at;
            known.retain(|_, entry| now < entry.read_at.plus_seconds(FRESH_SECONDS));
            if known.len() >= ENTRIES_MAX {
                known.clear();
            }
        }
        known.insert(hash, fresh.clone());
        fresh
    }

    /// Forgets what is remembered of one secret.
    pub(crate) fn forget(&self, hash: &[u8; 32]) {
        self.known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(hash);
    }

    /// Forgets those of whom `is_changed` holds, and whoever is being read at this moment.
    pub(crate) fn forget_if(&self, is_changed: impl Fn(&Principal) -> bool) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, entry| !is_changed(&entry.principal));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{Id, TreePath};

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    fn known(read_at: i64, seen_at: i64) -> Known {
        let principal = Principal::console(Id(1), TreePath::root(1).unwrap());
        let times = SessionTimes {
            seen_at: at(seen_at),
            ends_at: at(100_000),
            idle_seconds: Some(1_800),
        };
        Known::new(Arc::new(principal), times, at(read_at))
    }

    #[test]
    fn an_entry_is_believed_for_a_few_seconds() {
        let cache = PrincipalCache::default();
        cache.put([1; 32], known(100, 100), cache.generation());
        assert!(cache.get(&[1; 32], at(104)).is_some());
        assert!(cache.get(&[1; 32], at(105)).is_none());
        assert!(cache.get(&[2; 32], at(100)).is_none());
    }

    #[test]
    fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let cache = PrincipalCache::default();
        let before = cache.generation();
        cache.forget_if(|_| true);
        cache.put([1; 32], known(100, 100), before);
        assert!(cache.get(&[1; 32], at(100)).is_none());
        cache.put([1; 32], known(100, 100), cache.generation());
        assert!(cache.get(&[1; 32], at(100)).is_some());
        cache.forget_if(|_| true);
        assert!(cache.get(&[1; 32], at(100)).is_none());
    }

    #[test]
    fn only_who_has_changed_is_forgotten() {
        let cache = PrincipalCache::default();
        cache.put([1; 32], known(100, 100), cache.generation());
        cache.forget_if(|principal| principal.account_id == Id(7));
        assert!(cache.get(&[1; 32], at(100)).is_some());
        cache.forget_if(|principal| principal.account_id == Id(0));
        assert!(cache.get(&[1; 32], at(100)).is_none());
    }

    #[test]
    fn use_is_noted_at_once_and_written_down_once_a_minute_by_one_caller() {
        let entry = known(0, 0);
        assert!(!entry.see(at(59)));
        assert!(entry.see(at(60)));
        assert!(!entry.see(at(60)), "another has done it");
        assert!(!entry.see(at(119)));
        assert!(entry.see(at(120)));
        assert!(entry.is_live(at(120 + 1_799)));
        assert!(!entry.is_live(at(120 + 1_800)));
    }

    #[test]
    fn reading_again_does_not_forget_the_use_that_is_not_yet_written() {
        let cache = PrincipalCache::default();
        let first = cache.put([1; 32], known(0, 0), cache.generation());
        first.see(at(30));
        let again = cache.put([1; 32], known(40, 0), cache.generation());
        assert!(again.is_live(at(30 + 1_799)));
        assert!(
            !again.see(at(59)),
            "still not a minute since it was written"
        );
    }

    #[test]
    fn it_never_remembers_more_than_it_may() {
        let cache = PrincipalCache::default();
        for n in 0..=ENTRIES_MAX {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&n.to_le_bytes());
            cache.put(hash, known(1, 1), cache.generation());
        }
        assert!(cache.known.read().unwrap().len() <= ENTRIES_MAX);
    }
}
