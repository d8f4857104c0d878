//! Attachments: photos, videos, recordings and documents that go with a report or with an action on a case.
//!
//! They are uploaded first and named by the action afterwards. The bytes are written before the row, and the row belongs to the action in
//! the action's own transaction; so whatever stops in between leaves a file that nobody refers to, or a row that waits, and the
//! [clean-up](Casework::attachments_tidy) takes both away after a day. The timeline names each file with its digest: a file that was changed or
//! is missing is found by `verify`.

mod pieces;
mod read;
mod tidy;
mod upload;

pub use pieces::Piece;
pub use read::AttachmentFile;
pub use tidy::Tidied;
pub use upload::Upload;

use super::{Casework, sealed};
use crate::failure::CaseworkError;
use crate::model::FileRef;
use crate::store::attachments::{self, AttachmentRow, WAITING};
use crate::view::AttachmentView;
use ::store::{StoreError, Tx};
use access::mask;
use base::limits::ATTACHMENTS_MAX;
use base::{FieldError, Id};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// Uploads that are read at once: a picture is held in memory until it is whole.
const UPLOADS_AT_ONCE: usize = 32;
/// Pictures that are opened at once: each may need some hundred megabytes for a moment.
const PICTURES_AT_ONCE: usize = 2;

/// How many may pass.
pub(super) struct Gates {
    uploads: Arc<Semaphore>,
    pictures: Arc<Semaphore>,
    joining: Joining,
}

impl Default for Gates {
    fn default() -> Self {
        Self {
            uploads: Arc::new(Semaphore::new(UPLOADS_AT_ONCE)),
            pictures: Arc::new(Semaphore::new(PICTURES_AT_ONCE)),
            joining: Joining::default(),
        }
    }
}

/// The uploads whose pieces are being made a file just now: whoever sends the last piece again meanwhile does not make it twice.
#[derive(Clone, Default)]
struct Joining(Arc<Mutex<HashSet<Id>>>);

/// One of them, for as long as it is held.
struct Joined {
    all: Joining,
    id: Id,
}

impl Joining {
    /// Takes it in hand; none while somebody has it.
    fn begin(&self, id: Id) -> Option<Joined> {
        let is_free = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id);
        is_free.then(|| Joined {
            all: self.clone(),
            id,
        })
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&self.id);
    }
}

/// Where the bytes of an attachment lie: by day, so that no folder grows without end.
fn blob_name(id: Id) -> String {
    format!("{}/{id}", folder_of(id))
}

fn thumbnail_name(id: Id) -> String {
    format!("{}-thumbnail", blob_name(id))
}

fn folder_of(id: Id) -> String {
    id.made_at().to_jiff().strftime("%Y-%m-%d").to_string()
}

/// The attachment whose bytes have this name.
fn id_of(blob_name: &str) -> Option<Id> {
    let (_, file) = blob_name.rsplit_once('/')?;
    file.trim_end_matches("-thumbnail").parse().ok()
}

impl Casework {
    /// The files that `account` uploaded and nothing has used yet. Errors: the field of each that is none of them.
    pub(super) fn files_waiting(
        tx: &mut Tx<'_>,
        field: &str,
        ids: &[Id],
        account: Id,
    ) -> Result<Vec<FileRef>, CaseworkError> {
        Self::files_uploaded(tx, field, ids, account, false)
    }

    /// The same, and those that something has used: whoever asks a second time under one key named them before.
    pub(super) fn files_uploaded(
        tx: &mut Tx<'_>,
        field: &str,
        ids: &[Id],
        account: Id,
        even_used: bool,
    ) -> Result<Vec<FileRef>, CaseworkError> {
        let mut wrong = Vec::new();
        if ids.len() > ATTACHMENTS_MAX {
            let most = format!("at most {ATTACHMENTS_MAX} files");
            let refused = FieldError::new(field, "too_many", most);
            return Err(CaseworkError::Invalid(vec![refused]));
        }
        let mut files = Vec::with_capacity(ids.len());
        for (n, id) in ids.iter().enumerate() {
            let mut refuse = |code, message: &str| {
                let field = format!("{field}[{n}]");
                wrong.push(FieldError::new(field, code, message.to_owned()));
            };
            if ids.iter().take(n).any(|before| before == id) {
                refuse("duplicate", "it is named twice");
                continue;
            }
            // Somebody else's is as good as none: nobody learns that it is there.
            let row = attachments::by_id(tx, *id)?.filter(|row| row.uploaded_by == account);
            match row {
                Some(row) if even_used || row.state == WAITING => files.push(row.file_ref()),
                Some(_) => refuse(
                    "already_used",
                    "it goes with another action already, or is gone",
                ),
                None => refuse("unknown_id", "you have uploaded no such file"),
            }
        }
        if wrong.is_empty() {
            Ok(files)
        } else {
            Err(CaseworkError::Invalid(wrong))
        }
    }

    /// Attachments as callers see them.
    pub(super) fn attachment_views(
        &self,
        rows: &[AttachmentRow],
    ) -> Result<Vec<AttachmentView>, StoreError> {
        rows.iter()
            .map(|row| Ok(AttachmentView::new(row, self.attachment_name(row)?)))
            .collect()
    }

    fn attachment_name(&self, row: &AttachmentRow) -> Result<Option<String>, StoreError> {
        let Some(bytes) = &row.name_sealed else {
            return Ok(None);
        };
        let context = sealed::attachment_name(row.id);
        let name = sealed::open_plain(&self.parts().sealer, bytes, &context)?;
        Ok(Some(mask::text(&name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_is_made_a_file_by_one_at_a_time() {
        let all = Joining::default();
        let first = all.begin(Id(1)).unwrap();
        assert!(all.begin(Id(1)).is_none());
        assert!(all.begin(Id(2)).is_some());
        drop(first);
        assert!(all.begin(Id(1)).is_some());
    }
}
