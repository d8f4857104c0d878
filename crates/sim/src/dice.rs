//! Draws from a seed: numbers, choices, odds.

use base::chance::{Chance, SeededChance};

/// Dice that fall the same way for the same seed.
#[derive(Debug)]
pub(crate) struct Dice(SeededChance);

impl Dice {
    /// Decided by `seed` and by what they are for, so that one thing more to draw for changes nothing elsewhere.
    pub(crate) fn new(seed: u64, purpose: u64) -> Self {
        let mixed = SeededChance::new(seed ^ purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Self(SeededChance::new(mixed.next_u64()))
    }

    /// From 0 up to but not `count`; 0 when `count` is 0.
    pub(crate) fn below(&self, count: usize) -> usize {
        usize::try_from(self.0.below(count as u64)).unwrap_or_default()
    }

    /// From `low` to `high`, both possible.
    pub(crate) fn between(&self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high - low + 1).unwrap_or(1);
        low + i64::try_from(self.0.below(width)).unwrap_or_default()
    }

    /// From 0 to 1.
    pub(crate) fn share(&self) -> f64 {
        self.0.below(1 << 20) as f64 / f64::from(1 << 20)
    }

    /// True in so many of a thousand cases.
    pub(crate) fn odds(&self, permille: u64) -> bool {
        self.0.below(1_000) < permille
    }

    /// One of them, all equally likely; none of none.
    pub(crate) fn pick<'a, T>(&self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    /// The place of one of them, each as likely as its weight.
    pub(crate) fn weighted(&self, weights: &[f64]) -> usize {
        let mut rest = self.share() * weights.iter().sum::<f64>();
        for (place, weight) in weights.iter().enumerate() {
            rest -= weight;
            if rest < 0.0 {
                return place;
            }
        }
        weights.len().saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_of_one_seed_and_purpose_fall_alike_and_others_differ() {
        let fall = |seed, purpose| {
            let dice = Dice::new(seed, purpose);
            (0..20).map(|_| dice.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(fall(1, 1), fall(1, 1));
        assert_ne!(fall(1, 1), fall(1, 2));
        assert_ne!(fall(1, 1), fall(2, 1));
    }

    #[test]
    fn weights_and_odds_hold_on_the_average() {
        let dice = Dice::new(7, 0);
        let mut counts = [0; 3];
        for _ in 0..10_000 {
            counts[dice.weighted(&[1.0, 0.0, 3.0])] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((2_300..2_700).contains(&counts[0]), "{counts:?}");
        let hits = (0..10_000).filter(|_| dice.odds(50)).count();
        assert!((430..570).contains(&hits), "{hits}");
        assert!((0..1_000).all(|_| (-2..=2).contains(&dice.between(-2, 2))));
    }
}
