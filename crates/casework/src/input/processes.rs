//! What callers send of processes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `process_check`, `process_save`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcessRequest {
    /// The document: stages used, actions with their roles, limits. See `GET /api/v1/processes/city-management` for one.
    #[schema(value_type = Object)]
    pub document: serde_json::Value,
}
