//! Chance is passed in. This module is the only one that asks the system for randomness.

use std::sync::atomic::{AtomicU64, Ordering};
use thiserror::Error;

/// Where unpredictable bytes come from: tokens, salts, nonces, jitter.
pub trait Chance: Send + Sync {
    /// Fills `bytes`. Never fails: see [`SystemChance`] for what happens when the system has none to give.
    fn fill(&self, bytes: &mut [u8]);

    /// Sixty-four bits.
    fn next_u64(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A number from 0 up to but not `bound`, all equally likely; 0 when `bound` is 0.
    fn below(&self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        // Numbers past the last whole multiple of `bound` would favour the small ones; they are drawn again.
        let surplus = (u64::MAX % bound + 1) % bound;
        loop {
            let drawn = self.next_u64();
            if drawn <= u64::MAX - surplus {
                return drawn % bound;
            }
        }
    }
}

/// `N` bytes of chance, e.g. a 32-byte token.
pub fn bytes<const N: usize>(chance: &dyn Chance) -> [u8; N] {
    let mut bytes = [0; N];
    chance.fill(&mut bytes);
    bytes
}

/// The system gives no randomness.
#[derive(Debug, Error)]
#[error("the system gives no random bytes: {0}")]
pub struct ChanceError(String);

/// The system's generator, fit for keys.
///
/// A running kernel does not fail to give random bytes once it has given some, so [`SystemChance::check`] is called when the
/// server starts, and [`Chance::fill`] needs no error. Should it fail after all, `fill` asks again until it succeeds: a
/// request that hangs does less harm than a token that can be guessed.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemChance;

impl SystemChance {
    /// Whether the system gives random bytes at all. Errors: it does not, and the process must not start.
    pub fn check() -> Result<(), ChanceError> {
        ask_system(&mut [0; 32]).map_err(|error| ChanceError(error.to_string()))
    }
}

impl Chance for SystemChance {
    fn fill(&self, bytes: &mut [u8]) {
        while ask_system(bytes).is_err() {
            std::thread::yield_now();
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that asks the system for randomness"
)]
fn ask_system(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
    getrandom::fill(bytes)
}

/// The same bytes for the same seed (SplitMix64); for tests, simulation and the demo city. Never for secrets.
#[derive(Debug)]
pub struct SeededChance(AtomicU64);

/// The odd constant SplitMix64 steps by: 2^64 over the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl SeededChance {
    /// Bytes decided by `seed`.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    fn draw(&self) -> u64 {
        let state = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Chance for SeededChance {
    fn fill(&self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(8) {
            for (byte, drawn) in part.iter_mut().zip(self.draw().to_le_bytes()) {
                *byte = drawn;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_published_sequence_of_splitmix64() {
        // Vigna's reference implementation, seed 1234567.
        let chance = SeededChance::new(1_234_567);
        let drawn = [(); 3].map(|()| chance.next_u64());
        assert_eq!(
            drawn,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_whatever_the_length() {
        for length in 0..40 {
            let (mut a, mut b) = (vec![0; length], vec![0; length]);
            SeededChance::new(7).fill(&mut a);
            SeededChance::new(7).fill(&mut b);
            assert_eq!(a, b);
        }
        assert_ne!(
            bytes::<16>(&SeededChance::new(7)),
            bytes::<16>(&SeededChance::new(8))
        );
    }

    #[test]
    fn the_system_gives_different_bytes_each_time() {
        SystemChance::check().unwrap();
        let (a, b) = (bytes::<32>(&SystemChance), bytes::<32>(&SystemChance));
        assert_ne!(a, b);
        assert_ne!(a, [0; 32]);
    }

    #[test]
    fn numbers_below_a_bound_are_below_it_and_reach_all_of_it() {
        let chance = SeededChance::new(1);
        let mut seen = [0_u32; 6];
        for _ in 0..6_000 {
            seen[usize::try_from(chance.below(6)).unwrap()] += 1;
        }
        assert!(seen.iter().all(|&n| (800..1_200).contains(&n)), "{seen:?}");
        assert_eq!(chance.below(0), 0);
        assert_eq!(chance.below(1), 0);
        assert!(chance.below(u64::MAX) < u64::MAX);
    }

    #[test]
    fn a_number_that_would_favour_the_small_ones_is_drawn_again() {
        struct Script(AtomicU64);
        impl Chance for Script {
            fn fill(&self, bytes: &mut [u8]) {
                let drawn = self.0.swap(5, Ordering::Relaxed);
                bytes.copy_from_slice(&drawn.to_le_bytes());
            }
        }
        // 2^64 = 3 x 6148914691236517205 + 1, so exactly one number is surplus: the largest.
        assert_eq!(Script(AtomicU64::new(u64::MAX)).below(3), 5 % 3);
        assert_eq!(
            Script(AtomicU64::new(u64::MAX - 1)).below(3),
            (u64::MAX - 1) % 3
        );
        assert_eq!(
            Script(AtomicU64::new(u64::MAX)).below(4),
            3,
            "a power of two leaves no surplus"
        );
    }
}
