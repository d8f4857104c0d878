//! Draws from a seed: numbers, choices, odds.

use base::chance::{Chance, SeededChance};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How often something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// What it is called.
    pub name: &'static str,
    /// In so many of a thousand cases.
    pub permille: u64,
}

/// How often a rate was drawn for, and how often it happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Draws {
    /// Draws.
    pub tries: u64,
    /// Those in which it happened.
    pub hits: u64,
}

/// Draws by the names of rates.
pub(crate) type Drawn = BTreeMap<&'static str, Draws>;

/// Dice that fall the same way for the same seed.
#[derive(Debug)]
pub(crate) struct Dice {
    chance: SeededChance,
    drawn: Mutex<Drawn>,
}

impl Dice {
    /// Decided by `seed` and by what they are for, so that one thing more to draw for changes nothing elsewhere.
    pub(crate) fn new(seed: u64, purpose: u64) -> Self {
        let mixed = SeededChance::new(seed ^ purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Self {
            chance: SeededChance::new(mixed.next_u64()),
            drawn: Mutex::default(),
        }
    }

    /// From 0 up to but not `count`; 0 when `count` is 0.
    pub(crate) fn below(&self, count: usize) -> usize {
        usize::try_from(self.chance.below(count as u64)).unwrap_or_default()
    }

    /// From `low` to `high`, both possible.
    pub(crate) fn between(&self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high - low + 1).unwrap_or(1);
        low + i64::try_from(self.chance.below(width)).unwrap_or_default()
    }

    /// From 0 to 1.
    pub(crate) fn share(&self) -> f64 {
        self.chance.below(1 << 20) as f64 / f64::from(1 << 20)
    }

    /// True in so many of a thousand cases.
    pub(crate) fn permille(&self, permille: u64) -> bool {
        self.chance.below(1_000) < permille
    }

    /// Whether it happens, as often as its rate says. Counted.
    pub(crate) fn odds(&self, rate: Rate) -> bool {
        let happens = self.permille(rate.permille);
        self.count(rate, happens);
        happens
    }

    /// One of them by one draw, or none. Counted for each.
    pub(crate) fn one_of(&self, rates: &[Rate]) -> Option<usize> {
        let fallen = self.chance.below(1_000);
        let (mut end, mut found) = (0, None);
        for (place, rate) in rates.iter().enumerate() {
            let happens = (end..end + rate.permille).contains(&fallen);
            self.count(*rate, happens);
            found = found.or(happens.then_some(place));
            end += rate.permille;
        }
        found
    }

    /// Counts what another draw decided.
    pub(crate) fn count(&self, rate: Rate, happens: bool) {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let draws = drawn.entry(rate.name).or_default();
        draws.tries += 1;
        draws.hits += u64::from(happens);
    }

    /// Adds what was counted.
    pub(crate) fn add_to(&self, all: &mut Drawn) {
        let drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, draws) in drawn.iter() {
            let sum = all.entry(name).or_default();
            sum.tries += draws.tries;
            sum.hits += draws.hits;
        }
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
        let rate = Rate {
            name: "RARE",
            permille: 50,
        };
        let hits = (0..10_000).filter(|_| dice.odds(rate)).count();
        assert!((430..570).contains(&hits), "{hits}");
        let mut drawn = Drawn::new();
        dice.add_to(&mut drawn);
        let (tries, hits) = (10_000, hits as u64);
        assert_eq!(drawn["RARE"], Draws { tries, hits });
        assert!((0..1_000).all(|_| (-2..=2).contains(&dice.between(-2, 2))));
    }

    #[test]
    fn of_several_at_most_one_comes_of_a_draw() {
        let dice = Dice::new(7, 0);
        let rate = |name, permille| Rate { name, permille };
        let rates = [rate("FIRST", 300), rate("SECOND", 200)];
        let mut counts = [0_u64; 3];
        for _ in 0..10_000 {
            counts[dice.one_of(&rates).unwrap_or(2)] += 1;
        }
        assert!((2_700..3_300).contains(&counts[0]), "{counts:?}");
        assert!((1_700..2_300).contains(&counts[1]), "{counts:?}");
        let mut drawn = Drawn::new();
        dice.add_to(&mut drawn);
        assert_eq!(drawn["SECOND"].hits, counts[1]);
    }
}
