//! What callers see of attachments; the bytes are at `/api/v1/attachments/{id}`.

use crate::model::AttachmentStage;
use crate::store::attachments::{AttachmentRow, Owner};
use base::{Id, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A file that goes with a report or with an action on a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AttachmentView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: Id,
    /// By its content: `jpeg`, `png`, `webp`, `heic`, `mp4`, `mov`, `mp3`, `m4a`, `amr`, `wav`, `pdf`, `docx`, `xlsx`.
    pub kind: String,
    /// What it is sent as.
    pub content_type: String,
    /// Its length.
    pub size_bytes: i64,
    /// SM3 of its bytes in hexadecimal, as on the timeline.
    pub digest: String,
    /// What it was called, masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether there is a thumbnail.
    pub has_thumbnail: bool,
    /// Pixels across, as it is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<i64>,
    /// Pixels down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<i64>,
    /// When it was taken, by the clock of the device.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<Timestamp>,
    /// Where it was taken, degrees east.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    /// Degrees north.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// When it came in.
    #[schema(value_type = String, format = DateTime)]
    pub uploaded_at: Timestamp,
    /// What it shows; none while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<AttachmentStage>,
    /// The action it goes with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The report it was told with.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_id: Option<Id>,
    /// The task it goes with.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<Id>,
    /// When that was recorded.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attached_at: Option<Timestamp>,
}

/// How much of a file that comes in pieces is here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UploadView {
    /// The next piece begins here.
    pub received_bytes: i64,
    /// All there will be.
    pub length_bytes: i64,
    /// The file, once it is whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment: Option<AttachmentView>,
}

impl AttachmentView {
    /// From the row, with the name that is sealed in it.
    pub(crate) fn new(row: &AttachmentRow, name: Option<String>) -> Self {
        let (report_id, task_id) = match row.owner {
            Some(Owner::Report(report)) => (Some(report), None),
            Some(Owner::Case(_, task)) => (None, task),
            None => (None, None),
        };
        Self {
            id: row.id,
            kind: row.kind.as_str().to_owned(),
            content_type: row.kind.content_type().to_owned(),
            size_bytes: row.size_bytes,
            digest: row.digest.clone(),
            name,
            has_thumbnail: row.thumbnail.is_some(),
            width: row.size.map(|(width, _)| width),
            height: row.size.map(|(_, height)| height),
            taken_at: row.taken_at,
            lon: row.point.map(|point| point.lon),
            lat: row.point.map(|point| point.lat),
            uploaded_at: row.uploaded_at,
            stage: row.operation.as_deref().map(AttachmentStage::of),
            operation: row.operation.clone(),
            report_id,
            task_id,
            attached_at: row.attached_at,
        }
    }
}
