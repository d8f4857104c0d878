//! How reports and cases are tied: many to many, joined, split, merged, called back.

use serde::{Deserialize, Serialize};

/// Of a case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CaseLinks {
    /// How many reports joined it after it began.
    pub joined_count: i64,
}

/// Of a report. Kept as one JSON column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReportLinks {}
