//! Files that go with an action: what a timeline says of them, and which actions take any.

use super::Digest;
use base::Id;
use serde::{Deserialize, Serialize};

/// A file as the timeline names it. What it was called may be personal and is not among it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRef {
    /// Row in `attachment`.
    pub id: Id,
    /// SM3 of its bytes as they are kept.
    pub digest: Digest,
    /// What it is, by its content.
    pub kind: String,
    /// Its length.
    pub size_bytes: i64,
}

words! {
    /// What a file shows: how things were, or how they are now.
    AttachmentStage {
        /// As it was reported, or found by whoever put it right at once.
        Reported = "reported",
        /// As a verification found it.
        Verified = "verified",
        /// As it was handled.
        Handled = "handled",
        /// As an inspection found it.
        Inspected = "inspected",
        /// Something else that goes with an application, a return, a contact, a reply.
        Other = "other",
    }
}

/// The actions on a case that take files.
pub const TAKE_FILES: &[&str] = &[
    "task_finish",
    "task_contact",
    "task_return",
    "case_inspect_result",
    "case_verify_result",
    "case_self_handle",
    "extension_request",
    "suspension_request",
    "supervision_reply",
    "appeal_file",
];

impl AttachmentStage {
    /// Of what goes with an action.
    pub fn of(operation: &str) -> Self {
        match operation {
            "report_create" => Self::Reported,
            "case_verify_result" => Self::Verified,
            "task_finish" | "case_self_handle" => Self::Handled,
            "case_inspect_result" => Self::Inspected,
            _ => Self::Other,
        }
    }
}
