//! Rows of attachments; their bytes lie elsewhere.

use super::{
    ATTACHMENT_ADD, ATTACHMENT_ATTACH, ATTACHMENT_BY_ID, ATTACHMENTS_FORGET_OF_CASE,
    ATTACHMENTS_FORGET_OF_REPORT, ATTACHMENTS_OF_CASE, ATTACHMENTS_OF_REPORT,
};
use crate::model::{Digest, FileRef};
use ::store::{Row, StoreError, Tx, params};
use base::{Id, Point, Timestamp};
use media::FileKind;

/// Where an attachment stands.
pub const WAITING: &str = "waiting";
/// It goes with an action.
pub const ATTACHED: &str = "attached";

/// What an attachment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A report, as it was told.
    Report(Id),
    /// An action on a case, and on a task of it.
    Case(Id, Option<Id>),
}

/// One attachment.
#[derive(Clone, Debug)]
pub struct AttachmentRow {
    pub id: Id,
    pub state: String,
    pub kind: FileKind,
    pub size_bytes: i64,
    pub digest: String,
    pub thumbnail: Option<(String, i64)>,
    pub size: Option<(i64, i64)>,
    pub taken_at: Option<Timestamp>,
    pub point: Option<Point>,
    pub name_sealed: Option<Vec<u8>>,
    pub uploaded_by: Id,
    pub uploaded_at: Timestamp,
    pub owner: Option<Owner>,
    pub operation: Option<String>,
    pub attached_at: Option<Timestamp>,
}

impl AttachmentRow {
    /// As the timeline names it.
    pub fn file_ref(&self) -> FileRef {
        FileRef {
            id: self.id,
            digest: Digest(self.digest.clone()),
            kind: self.kind.as_str().to_owned(),
            size_bytes: self.size_bytes,
        }
    }
}

pub fn attachment(row: &Row<'_>) -> Result<AttachmentRow, StoreError> {
    let kind: String = row.get(2)?;
    let thumbnail: (Option<String>, Option<i64>) = (row.get(5)?, row.get(6)?);
    let size: (Option<i64>, Option<i64>) = (row.get(7)?, row.get(8)?);
    let place: (Option<f64>, Option<f64>) = (row.get(10)?, row.get(11)?);
    let point = match place {
        (Some(lon), Some(lat)) => {
            Some(Point::new(lon, lat).map_err(|error| StoreError::Corrupt(error.to_string()))?)
        }
        _ => None,
    };
    let owner: (Option<Id>, Option<Id>, Option<Id>) = (row.get(15)?, row.get(16)?, row.get(17)?);
    Ok(AttachmentRow {
        id: row.get(0)?,
        state: row.get(1)?,
        kind: FileKind::parse(&kind)
            .ok_or_else(|| StoreError::Corrupt(format!("an attachment is {kind:?}")))?,
        size_bytes: row.get(3)?,
        digest: row.get(4)?,
        thumbnail: thumbnail.0.zip(thumbnail.1),
        size: size.0.zip(size.1),
        taken_at: row.get(9)?,
        point,
        name_sealed: row.get(12)?,
        uploaded_by: row.get(13)?,
        uploaded_at: row.get(14)?,
        owner: match owner {
            (Some(report), ..) => Some(Owner::Report(report)),
            (_, Some(case), task) => Some(Owner::Case(case, task)),
            _ => None,
        },
        operation: row.get(18)?,
        attached_at: row.get(19)?,
    })
}

/// A new one, waiting.
pub fn add(tx: &mut Tx<'_>, new: &AttachmentRow) -> Result<(), StoreError> {
    tx.post(
        &ATTACHMENT_ADD,
        params![
            new.id,
            new.kind.as_str(),
            new.size_bytes,
            new.digest,
            new.thumbnail.as_ref().map(|(digest, _)| digest.as_str()),
            new.thumbnail.as_ref().map(|(_, bytes)| *bytes),
            new.size.map(|(width, _)| width),
            new.size.map(|(_, height)| height),
            new.taken_at,
            new.point.map(|point| point.lon),
            new.point.map(|point| point.lat),
            new.name_sealed,
            new.uploaded_by,
            new.uploaded_at
        ],
    )
}

/// One by its id.
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<AttachmentRow>, StoreError> {
    tx.query_opt(&ATTACHMENT_BY_ID, params![id], attachment)
}

/// It goes with an action from now on. Conflicts when it waits no more.
pub fn attach(
    tx: &mut Tx<'_>,
    id: Id,
    owner: Owner,
    operation: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let (report_id, case_id, task_id) = match owner {
        Owner::Report(report) => (Some(report), None, None),
        Owner::Case(case, task) => (None, Some(case), task),
    };
    tx.post_one(
        &ATTACHMENT_ATTACH,
        params![id, report_id, case_id, task_id, operation, at],
    )
}

/// All of a case and of the reports that are about it, in the order they were uploaded.
pub fn of_case(tx: &mut Tx<'_>, case_id: Id) -> Result<Vec<AttachmentRow>, StoreError> {
    let mut rows = tx.query(&ATTACHMENTS_OF_CASE, params![case_id], attachment)?;
    rows.sort_by_key(|row| row.id);
    Ok(rows)
}

/// All of a report, in the order they were uploaded.
pub fn of_report(tx: &mut Tx<'_>, report_id: Id) -> Result<Vec<AttachmentRow>, StoreError> {
    tx.query(&ATTACHMENTS_OF_REPORT, params![report_id], attachment)
}

/// What was sent with a report is to be destroyed.
pub fn forget_of_report(tx: &mut Tx<'_>, report_id: Id) -> Result<(), StoreError> {
    tx.post(&ATTACHMENTS_FORGET_OF_REPORT, params![report_id])
}

/// What was sent with the actions on a case is.
pub fn forget_of_case(tx: &mut Tx<'_>, case_id: Id) -> Result<(), StoreError> {
    tx.post(&ATTACHMENTS_FORGET_OF_CASE, params![case_id])
}
