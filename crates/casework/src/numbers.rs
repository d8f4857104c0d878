//! Human numbers: `310118-20261121-00042` for a case, the same with `SQ` before it for a report.
//!
//! Serials count from 1 each day and prefix. Each process takes them from the database in blocks, so that no command waits for
//! a counter row that others hold: 1 at first, up to 64 when many are drawn. A restart loses the rest of a block: gaps are
//! lawful, a number is never given twice. A number says when and where the thing was entered, and nothing depends on it.

use crate::store;
use ::store::{Store, StoreError};
use base::Timestamp;
use base::clock::china;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The largest block taken at once.
const BLOCK_MAX: i64 = 64;
/// How many series may have a rest in memory; then all are let go.
const SERIES_MAX: usize = 64;

/// What a number is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberKind {
    /// `SQ310118-20261121-00042` (诉求).
    Report,
    /// `310118-20261121-00042` (案卷).
    Case,
}

/// Serials fetched and not yet given, of one series.
#[derive(Debug, Default)]
struct Rest {
    /// Half-open ranges; several when callers fetched at once.
    ranges: Vec<(i64, i64)>,
    /// Size of the last block fetched.
    size: i64,
}

impl Rest {
    fn draw(&mut self) -> Option<i64> {
        let (next, end) = self.ranges.last_mut()?;
        let serial = *next;
        *next += 1;
        if next == end {
            self.ranges.pop();
        }
        Some(serial)
    }
}

/// Gives numbers. One for the process, shared.
#[derive(Debug, Default)]
pub struct Numbers {
    rests: Mutex<HashMap<String, Rest>>,
}

impl Numbers {
    /// The next number of its kind for `prefix` (a division code) on the day of `at` in China.
    pub async fn next(
        &self,
        store: &Store,
        kind: NumberKind,
        prefix: &str,
        at: Timestamp,
    ) -> Result<String, StoreError> {
        let letters = match kind {
            NumberKind::Report => "SQ",
            NumberKind::Case => "",
        };
        let day = at
            .to_jiff()
            .to_zoned(china())
            .strftime("%Y%m%d")
            .to_string();
        let series = format!("{letters}{prefix}-{day}");
        let serial = self.serial(store, &series).await?;
        Ok(format!("{series}-{serial:05}"))
    }

    async fn serial(&self, store: &Store, series: &str) -> Result<i64, StoreError> {
        let size = match self.draw(series) {
            Ok(serial) => return Ok(serial),
            Err(size) => size,
        };
        let wanted = series.to_owned();
        let end = store
            .write(move |tx| store::take_serials(tx, &wanted, size))
            .await?;
        self.keep(series, (end - size + 1, end), size);
        Ok(end - size)
    }

    /// A serial from memory, or the size of the block to fetch.
    fn draw(&self, series: &str) -> Result<i64, i64> {
        let mut rests = self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        match rests.get_mut(series) {
            Some(rest) => rest.draw().ok_or((rest.size * 2).min(BLOCK_MAX)),
            None => Err(1),
        }
    }

    /// Keeps the rest of a fetched block.
    fn keep(&self, series: &str, range: (i64, i64), size: i64) {
        let mut rests = self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        if rests.len() >= SERIES_MAX && !rests.contains_key(series) {
            rests.clear();
        }
        let rest = rests.entry(series.to_owned()).or_default();
        rest.size = rest.size.max(size);
        if range.0 < range.1 {
            rest.ranges.push(range);
        }
    }
}
