//! Counts attempts in memory and says when there have been too many. Bounded: it can be filled, never blown up.
//!
//! It slows down who guesses from one place. The lock that guards an account is in the database (see [`crate::service`]).

use base::Timestamp;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// At most so many attempts a window, per key.
pub struct Attempts<K> {
    allowed: u32,
    window_seconds: i64,
    keys_max: usize,
    counts: Mutex<HashMap<K, Count>>,
}

#[derive(Clone, Copy)]
struct Count {
    since: Timestamp,
    attempts: u32,
}

impl<K: Hash + Eq> Attempts<K> {
    /// `allowed` attempts per key in `window_seconds`; at most `keys_max` keys are remembered.
    pub fn new(allowed: u32, window_seconds: i64, keys_max: usize) -> Self {
        Self {
            allowed,
            window_seconds,
            keys_max,
            counts: Mutex::default(),
        }
    }

    /// Counts an attempt. `Err`: too many; the seconds until the next one is allowed.
    pub fn count(&self, key: K, now: Timestamp) -> Result<(), i64> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |count: &Count| now >= count.since.plus_seconds(self.window_seconds);
        if counts.len() >= self.keys_max && !counts.contains_key(&key) {
            counts.retain(|_, count| !is_over(count));
            if counts.len() >= self.keys_max {
                // Full of fresh keys: somebody is filling it. Forgetting all is the bound; the accounts' own locks hold.
                counts.clear();
            }
        }
        let fresh = Count {
            since: now,
            attempts: 0,
        };
        let count = counts.entry(key).or_insert(fresh);
        if is_over(count) {
            *count = fresh;
        }
        if count.attempts >= self.allowed {
            let ends = count.since.plus_seconds(self.window_seconds);
            return Err(((ends.0 - now.0) / 1_000_000).max(1));
        }
        count.attempts += 1;
        Ok(())
    }

    /// Forgets the attempts of `key`: it has succeeded.
    pub fn forgive(&self, key: &K) {
        self.counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    #[test]
    fn attempts_are_counted_per_key_and_window() {
        let attempts = Attempts::new(2, 60, 100);
        assert_eq!(attempts.count("a", at(0)), Ok(()));
        assert_eq!(attempts.count("a", at(10)), Ok(()));
        assert_eq!(attempts.count("a", at(20)), Err(40));
        assert_eq!(attempts.count("b", at(20)), Ok(()));
        assert_eq!(attempts.count("a", at(59)), Err(1));
        assert_eq!(attempts.count("a", at(60)), Ok(()), "a new window");
        attempts.count("b", at(21)).unwrap();
        attempts.forgive(&"b");
        assert_eq!(attempts.count("b", at(22)), Ok(()));
    }

    #[test]
    fn it_never_remembers_more_keys_than_it_may() {
        let attempts = Attempts::new(1, 60, 10);
        for key in 0..1_000 {
            assert_eq!(attempts.count(key, at(0)), Ok(()));
            assert!(attempts.counts.lock().unwrap().len() <= 10);
        }
        let attempts = Attempts::new(1, 60, 2);
        attempts.count("old", at(0)).unwrap();
        attempts.count("fresh", at(50)).unwrap();
        attempts.count("new", at(70)).unwrap();
        assert_eq!(
            attempts.count("fresh", at(71)),
            Err(39),
            "only what was over is forgotten"
        );
    }
}
