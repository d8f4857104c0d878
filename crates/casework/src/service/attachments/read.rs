//! Who may read an attachment, and what of it.

use super::{Casework, blob_name, thumbnail_name};
use crate::failure::CaseworkError;
use crate::store::attachments::{self, ATTACHED, Owner, WAITING};
use crate::store::read::{self, CaseKey};
use ::store::Tx;
use ::store::blobs::Reading;
use access::Principal;
use base::Id;
use media::FileKind;
use std::ops::Range;
use std::sync::Arc;

/// A file that the caller may read.
#[derive(Clone)]
pub struct AttachmentFile {
    casework: Casework,
    blob_name: String,
    /// What it is sent as.
    pub content_type: &'static str,
    /// Whether a browser may show it.
    pub is_shown: bool,
    /// What it may be saved as: no names of people.
    pub save_as: String,
    /// Its length.
    pub bytes: u64,
    /// SM3 of its bytes, in hexadecimal.
    pub digest: String,
}

impl Casework {
    /// An attachment, or its thumbnail, for whoever sees the report or case it belongs to, or has uploaded it and not used it yet.
    pub async fn attachment_open(
        &self,
        principal: &Arc<Principal>,
        id: Id,
        thumbnail: bool,
    ) -> Result<AttachmentFile, CaseworkError> {
        const NONE: CaseworkError = CaseworkError::NotFound("attachment");
        let (this, asking) = (self.clone(), principal.clone());
        let row = self
            .store()
            .read(move |tx| {
                let row = attachments::by_id(tx, id)?.ok_or(NONE)?;
                let is_seen = match (row.state.as_str(), row.owner) {
                    (WAITING, _) => row.uploaded_by == asking.account_id,
                    (ATTACHED, Some(Owner::Case(case_id, _))) => {
                        this.sees_case(tx, &asking, case_id)?
                    }
                    (ATTACHED, Some(Owner::Report(report_id))) => {
                        this.sees_report(tx, &asking, report_id)?
                    }
                    _ => false,
                };
                is_seen.then_some(row).ok_or(NONE)
            })
            .await?;
        let (blob_name, bytes, digest, kind) = if thumbnail {
            let (digest, bytes) = row.thumbnail.ok_or(NONE)?;
            (thumbnail_name(id), bytes, digest, FileKind::Jpeg)
        } else {
            (blob_name(id), row.size_bytes, row.digest, row.kind)
        };
        Ok(AttachmentFile {
            casework: self.clone(),
            blob_name,
            content_type: kind.content_type(),
            is_shown: kind.is_shown(),
            save_as: format!("{id}.{}", kind.as_str()),
            bytes: u64::try_from(bytes).unwrap_or(0),
            digest,
        })
    }

    fn sees_case(
        &self,
        tx: &mut Tx<'_>,
        principal: &Principal,
        id: Id,
    ) -> Result<bool, CaseworkError> {
        let case = read::case_with_tasks(tx, CaseKey::Case(id))?;
        Ok(case.is_some_and(|case| self.may_see(principal, &case)))
    }

    /// Whoever sees a case that it is about sees what was told with it.
    fn sees_report(
        &self,
        tx: &mut Tx<'_>,
        principal: &Principal,
        id: Id,
    ) -> Result<bool, CaseworkError> {
        match self.report_seen(tx, principal, "report_view", id) {
            Ok(_) => return Ok(true),
            Err(CaseworkError::NotFound(_) | CaseworkError::Denied(_)) => {}
            Err(error) => return Err(error),
        }
        for tie in read::cases_of(tx, id)? {
            if self.sees_case(tx, principal, tie.case_id)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl AttachmentFile {
    /// Its bytes, or those of a range within.
    pub async fn read(&self, range: Option<Range<u64>>) -> Result<Reading, CaseworkError> {
        let blobs = &self.casework.parts().blobs;
        Ok(blobs.read(&self.blob_name, range).await?)
    }
}
