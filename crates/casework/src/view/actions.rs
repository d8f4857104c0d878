//! What a caller may do next.

use base::Id;
use serde::Serialize;
use utoipa::ToSchema;

/// A command that the caller may give now: the permission is held, the process gives it to a role of theirs, and the law has
/// nothing against it. What is filled in with it is judged when it is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ActionView {
    /// The operation, as in the API.
    #[schema(example = "case_dispatch")]
    pub operation: &'static str,
    /// What the process calls it.
    pub name: String,
    /// The task it is about; none when it is about the case.
    #[schema(value_type = Option<String>)]
    pub task_id: Option<Id>,
    /// What stands in its way for the time being, as a problem code: others must act first. None when it may be given now.
    #[schema(example = "co_tasks_open")]
    pub blocked_by: Option<&'static str>,
}
