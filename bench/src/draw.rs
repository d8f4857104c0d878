//! Chance for the cities that are measured: the same each time.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "shares of small numbers, drawn for a measurement"
)]

/// Small numbers of a known sequence.
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// Degrees east and north: somewhere about the middle of the nth street, two kilometres across.
    pub(crate) fn point(&mut self, street: usize) -> (f64, f64) {
        let mut off = || (self.below(10_000) + self.below(10_000)) as f64 / 1e6 - 0.01;
        let (column, row) = (street % 4, street / 4);
        (
            121.0 + column as f64 * 0.05 + off(),
            31.0 + row as f64 * 0.05 + off(),
        )
    }

    /// One of a slice; the first ones come up more often.
    pub(crate) fn uneven<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let unit = self.below(1 << 20) as f64 / f64::from(1 << 20);
        from.get((unit * unit.sqrt() * from.len() as f64) as usize)
    }
}
