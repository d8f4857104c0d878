//! Lists by cursor: no page numbers, no totals.

use crate::failure::FieldError;
use serde::{Deserialize, Serialize};

/// How many rows a list gives when not told.
pub const LIMIT_DEFAULT: u32 = 50;
/// How many rows a list gives at the most.
pub const LIMIT_MAX: u32 = 200;

/// `?limit=&after=` of a list.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct PageRequest {
    /// Rows wanted, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

impl PageRequest {
    /// The limit in force, or what is wrong with the one given.
    pub fn limit(&self) -> Result<u32, FieldError> {
        match self.limit {
            None => Ok(LIMIT_DEFAULT),
            Some(limit @ 1..=LIMIT_MAX) => Ok(limit),
            Some(_) => Err(FieldError::new(
                "limit",
                "out_of_range",
                format!("limit is 1 to {LIMIT_MAX}"),
            )),
        }
    }
}

/// One page of a list.
#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    /// The rows, in the list's order.
    pub items: Vec<T>,
    /// Pass as `after` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// From `limit + 1` rows asked of the store: the extra one shows that there is a next page.
    pub fn from_rows(mut rows: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> Self {
        let limit = limit as usize;
        let next = if rows.len() > limit {
            rows.truncate(limit);
            rows.last().map(cursor)
        } else {
            None
        };
        Self { items: rows, next }
    }
}
