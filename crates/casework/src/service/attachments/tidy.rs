//! What nobody refers to is taken away, what was forgotten is destroyed, and what is kept is compared with what it was.

use super::{Casework, blob_name, id_of, thumbnail_name};
use crate::failure::CaseworkError;
use crate::service::verify::Finding;
use crate::store::attachments::{AttachmentRow, attachment};
use crate::store::{
    ATTACHMENT_DELETE, ATTACHMENT_GONE, ATTACHMENTS_AFTER, ATTACHMENTS_DROP_WAITING,
    ATTACHMENTS_DROPPED, ATTACHMENTS_KNOWN,
};
use ::store::blobs::{BlobError, Written};
use ::store::params;
use base::{Id, Timestamp};
use std::collections::HashSet;
use std::time::Duration;

/// An upload that nothing has used after so long is taken away.
const WAITING_SECONDS_MAX: i64 = 24 * 3600;
/// Rows of one round; what is left is taken by the next.
const AT_ONCE: i64 = 500;
/// How many days back files without rows are looked for. A crash leaves them on its own day.
const DAYS_LOOKED_AT: i64 = 30;

/// What was taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Uploads that nothing used, and files of what was forgotten.
    pub dropped: u64,
    /// Files without a row.
    pub orphans: u64,
}

impl Casework {
    /// Takes away uploads that nothing has used for a day and destroys the files of what was forgotten. May be run by several at once and
    /// stopped anywhere.
    pub async fn attachments_tidy(&self) -> Result<Tidied, CaseworkError> {
        let before = self.now().plus_seconds(-WAITING_SECONDS_MAX);
        let rows = self
            .store()
            .write(move |tx| {
                // From here on nothing can use them.
                tx.execute(&ATTACHMENTS_DROP_WAITING, params![before])?;
                let rows = tx.query(&ATTACHMENTS_DROPPED, params![AT_ONCE], attachment)?;
                Ok::<_, CaseworkError>(rows)
            })
            .await?;
        self.uploads_tidy(before).await?;
        let mut tidied = Tidied::default();
        for row in rows {
            self.blobs_remove(row.id).await?;
            self.store()
                .write(move |tx| match row.owner {
                    // The timeline names it: that there was one stays known.
                    Some(_) => tx.post(&ATTACHMENT_GONE, params![row.id]),
                    None => tx.post(&ATTACHMENT_DELETE, params![row.id]),
                })
                .await?;
            tidied.dropped += 1;
        }
        Ok(tidied)
    }

    /// Takes away files without a row that are older than a day: what a crash between file and row has left.
    pub async fn attachments_sweep(&self) -> Result<Tidied, CaseworkError> {
        let blobs = &self.parts().blobs;
        let old = self.now().plus_seconds(-WAITING_SECONDS_MAX);
        let first = day_of(self.now().plus_seconds(-DAYS_LOOKED_AT * 86_400));
        let mut tidied = Tidied::default();
        let folders = blobs.folders().await?;
        for folder in folders.into_iter().filter(|folder| *folder >= first) {
            let names = blobs.list(&folder).await?.into_iter().map(|file| file.name);
            let found: Vec<(Id, String)> = names
                .filter_map(|name| Some((id_of(&name)?, name)))
                .filter(|(id, _)| id.made_at() < old)
                .collect();
            let ids = found.iter().map(|(id, _)| *id);
            let (Some(low), Some(high)) = (ids.clone().min(), ids.max()) else {
                continue;
            };
            let known: HashSet<Id> = self
                .store()
                .read(move |tx| tx.query(&ATTACHMENTS_KNOWN, params![low, high], |row| row.get(0)))
                .await?
                .into_iter()
                .collect();
            for (id, name) in found {
                if !known.contains(&id) {
                    blobs.remove(&name).await?;
                    tidied.orphans += 1;
                }
            }
        }
        let age = Duration::from_secs(WAITING_SECONDS_MAX.unsigned_abs());
        let unfinished = blobs.clone();
        let removed = tokio::task::spawn_blocking(move || unfinished.remove_unfinished(age)).await;
        match removed {
            Ok(Ok(count)) => tidied.orphans += count,
            Ok(Err(error)) => return Err(BlobError::Failed(error.to_string()).into()),
            Err(error) => return Err(BlobError::Failed(error.to_string()).into()),
        }
        Ok(tidied)
    }

    /// Reads every file there should be: how many there are, and which are missing or not as they were. All of their bytes are read.
    pub async fn attachments_verify(&self) -> Result<(u64, Vec<Finding>), CaseworkError> {
        let (mut count, mut findings, mut after) = (0, Vec::new(), Id(0));
        loop {
            let rows = self
                .store()
                .read(move |tx| tx.query(&ATTACHMENTS_AFTER, params![after, AT_ONCE], attachment))
                .await?;
            let Some(last) = rows.last() else {
                return Ok((count, findings));
            };
            after = last.id;
            for row in &rows {
                count += 1;
                self.attachment_verify(row, &mut findings).await?;
            }
        }
    }

    async fn attachment_verify(
        &self,
        row: &AttachmentRow,
        findings: &mut Vec<Finding>,
    ) -> Result<(), CaseworkError> {
        let whole = (blob_name(row.id), &row.digest, row.size_bytes);
        let small = row.thumbnail.as_ref();
        let small = small.map(|(digest, bytes)| (thumbnail_name(row.id), digest, *bytes));
        for (name, digest, bytes) in std::iter::once(whole).chain(small) {
            let finding = match self.parts().blobs.check(&name).await {
                Ok(Written {
                    digest: there,
                    bytes: length,
                    ..
                }) if there == *digest && i64::try_from(length) == Ok(bytes) => {
                    continue;
                }
                Ok(_) => (
                    "file_differs",
                    format!("{name} is not the file that was uploaded"),
                ),
                Err(BlobError::Missing(_)) => ("file_missing", format!("{name} is not there")),
                Err(error) => return Err(error.into()),
            };
            findings.push(Finding {
                subject_id: row.id,
                code: finding.0,
                detail: finding.1,
            });
        }
        Ok(())
    }
}

fn day_of(at: Timestamp) -> String {
    at.to_jiff().strftime("%Y-%m-%d").to_string()
}
