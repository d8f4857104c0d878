//! What lies over the stages: urging, supervision, extension, suspension, exclusion, appeals.

use serde::{Deserialize, Serialize};

/// Of a case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CaseOverlays {
    /// How often it was urged.
    pub urged_count: i64,
}

/// Of a task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskOverlays {}
