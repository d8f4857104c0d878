//! What is known of cases and tasks that are verified, delegated, handled jointly, returned.

use serde::{Deserialize, Serialize};

/// Of a case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CaseHandling {}

/// Of a task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskHandling {}
