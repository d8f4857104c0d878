//! A file comes in.

use super::{Casework, blob_name, thumbnail_name};
use crate::failure::CaseworkError;
use crate::service::{Call, answer_text, answered, sealed};
use crate::store::ATTACHMENTS_WAITING_OF;
use crate::store::attachments::{self, AttachmentRow, WAITING};
use crate::view::AttachmentView;
use ::store::blobs::{BlobError, Writer, Written};
use ::store::idempotency::{self, Once};
use ::store::{AuditEntry, StoreError, Tx, params};
use access::{Means, Principal};
use base::limits::{ATTACHMENT_BYTES_MAX, TITLE_CHARACTERS_MAX};
use base::{FieldError, Id, Timestamp};
use media::{Facts, FileKind, Intake, Picture, Taken};

/// Files of one account that may wait for their action; more are being heaped up.
const WAITING_MAX: i64 = 200;
/// The same of all who have no account together; each of them is held in bounds by the portal.
const WAITING_OF_PUBLIC_MAX: i64 = 5_000;

/// How many may wait for whoever calls.
pub(super) fn waiting_max(principal: &Principal) -> i64 {
    match principal.means {
        Means::Portal => WAITING_OF_PUBLIC_MAX,
        _ => WAITING_MAX,
    }
}

/// A file being uploaded. Nothing of it is known to anybody until [`Upload::finish`].
pub struct Upload {
    casework: Casework,
    call: Call,
    id: Id,
    name: Option<String>,
    intake: Intake,
    read_bytes: usize,
    writer: Option<Writer>,
    _gate: tokio::sync::OwnedSemaphorePermit,
}

/// The bytes are where they belong.
struct Kept {
    kind: FileKind,
    facts: Facts,
    written: Written,
    thumbnail: Option<Written>,
}

impl Casework {
    /// Begins an upload. `name` is what the file is called where it comes from.
    ///
    /// Errors: the caller may not, or has too many files waiting.
    pub async fn attachment_begin(
        &self,
        call: Call,
        name: Option<String>,
    ) -> Result<Upload, CaseworkError> {
        call.principal.acting_anywhere("attachment_create")?;
        let name = name
            .map(|name| file_name(&name))
            .filter(|name| !name.is_empty());
        if name
            .as_deref()
            .is_some_and(|name| name.chars().count() > TITLE_CHARACTERS_MAX)
        {
            let most = format!("at most {TITLE_CHARACTERS_MAX} characters");
            return Err(CaseworkError::Invalid(vec![FieldError::new(
                "name", "too_long", most,
            )]));
        }
        let account = call.principal.account_id;
        let most = waiting_max(&call.principal);
        let waiting = self
            .store()
            .read(move |tx| {
                tx.query_opt(&ATTACHMENTS_WAITING_OF, params![account, most], |row| {
                    row.get::<i64>(0)
                })
            })
            .await?;
        if waiting.is_some_and(|count| count >= most) {
            return Err(CaseworkError::TooManyWaiting);
        }
        let gate = self.gates().uploads.clone().acquire_owned().await;
        let gate = gate.map_err(|_| StoreError::Busy)?;
        Ok(Upload {
            casework: self.clone(),
            id: self.next_id(),
            call,
            name,
            intake: Intake::new(),
            read_bytes: 0,
            writer: None,
            _gate: gate,
        })
    }
}

/// The last part of a path, without what cannot be shown.
fn file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars()
        .filter(|c| !c.is_control())
        .collect::<String>()
        .trim()
        .to_owned()
}

impl Upload {
    /// More of the file. Errors: it is too large, of a kind that is not taken, or damaged; then the rest need not be read.
    pub async fn push(&mut self, chunk: &[u8]) -> Result<(), CaseworkError> {
        self.read_bytes += chunk.len();
        if self.read_bytes > ATTACHMENT_BYTES_MAX {
            self.abort().await;
            return Err(CaseworkError::FileTooLarge);
        }
        match self.intake.push(chunk) {
            Ok(out) => self.write(out).await,
            Err(error) => {
                self.abort().await;
                Err(error.into())
            }
        }
    }

    /// What was written of it so far is not wanted.
    async fn abort(&mut self) {
        if let Some(writer) = self.writer.take()
            && let Err(error) = writer.abort().await
        {
            tracing::warn!(%error, "an upload that was refused may have left a part of itself");
        }
    }

    async fn write(&mut self, bytes: Vec<u8>) -> Result<(), CaseworkError> {
        if bytes.is_empty() {
            return Ok(());
        }
        let mut writer = match self.writer.take() {
            Some(writer) => writer,
            None => {
                self.casework
                    .parts()
                    .blobs
                    .begin(&blob_name(self.id))
                    .await?
            }
        };
        writer.write(bytes.into()).await?;
        self.writer = Some(writer);
        Ok(())
    }

    /// The file has come to its end: it is there, and waits for the action it goes with.
    pub async fn finish(mut self) -> Result<AttachmentView, CaseworkError> {
        let taken = match std::mem::take(&mut self.intake).end() {
            Ok(taken) => taken,
            Err(error) => {
                self.abort().await;
                return Err(error.into());
            }
        };
        let kept = match taken {
            Taken::Picture(picture) => self.casework.clone().picture_keep(self.id, picture).await?,
            // Whoever has no account shows what is the matter; documents come by people of the city.
            Taken::Stream { .. } if self.call.principal.means == Means::Portal => {
                self.abort().await;
                return Err(media::MediaError::NotTaken("no picture").into());
            }
            Taken::Stream { kind, rest, facts } => {
                self.write(rest).await?;
                let Some(writer) = self.writer.take() else {
                    return Err(StoreError::Statement("a file without bytes".to_owned()).into());
                };
                Kept {
                    kind,
                    facts,
                    written: writer.finish().await?,
                    thumbnail: None,
                }
            }
        };
        let row = self.row(&kept)?;
        let casework = self.casework.clone();
        let once = casework.once(
            &self.call,
            "attachment_create",
            None,
            &(&kept.written.digest, &self.name),
        )?;
        let (this, id, account) = (casework.clone(), self.id, self.call.principal.account_id);
        let view = casework
            .store()
            .write(move |tx| this.attachment_add(tx, &row, once.as_ref(), account))
            .await;
        // What was uploaded before under the same key, and what could not be stored, needs no second copy.
        if !view.as_ref().is_ok_and(|view| view.id == id)
            && !matches!(
                view,
                Err(CaseworkError::Store(StoreError::CommitUnknown(_)))
            )
        {
            // What stays is found by the clean-up.
            if let Err(error) = casework.blobs_remove(id).await {
                tracing::warn!(%error, "an upload that is not kept could not be removed");
            }
        }
        view
    }

    fn row(&self, kept: &Kept) -> Result<AttachmentRow, CaseworkError> {
        let length = |written: &Written| {
            i64::try_from(written.bytes).map_err(|_| CaseworkError::FileTooLarge)
        };
        let thumbnail = match &kept.thumbnail {
            Some(written) => Some((written.digest.clone(), length(written)?)),
            None => None,
        };
        let sealer = &self.casework.parts().sealer;
        let facts = &kept.facts;
        Ok(AttachmentRow {
            id: self.id,
            state: WAITING.to_owned(),
            kind: kept.kind,
            size_bytes: length(&kept.written)?,
            digest: kept.written.digest.clone(),
            thumbnail,
            size: facts
                .width
                .zip(facts.height)
                .map(|(w, h)| (i64::from(w), i64::from(h))),
            taken_at: facts.taken_at,
            point: facts.point,
            name_sealed: self
                .name
                .as_ref()
                .map(|name| sealer.seal(name.as_bytes(), &sealed::attachment_name(self.id))),
            uploaded_by: self.call.principal.account_id,
            uploaded_at: self.casework.now(),
            owner: None,
            operation: None,
            attached_at: None,
        })
    }
}

impl Casework {
    /// Opens a picture, and keeps it and its thumbnail.
    async fn picture_keep(&self, id: Id, picture: Picture) -> Result<Kept, CaseworkError> {
        let gate = self.gates().pictures.acquire().await;
        let _gate = gate.map_err(|_| StoreError::Busy)?;
        let finished = tokio::task::spawn_blocking(move || picture.finish())
            .await
            .map_err(|error| StoreError::Statement(error.to_string()))??;
        let blobs = &self.parts().blobs;
        let written = blobs.put(&blob_name(id), finished.bytes.into()).await?;
        let thumbnail = match finished.thumbnail {
            Some(bytes) => Some(blobs.put(&thumbnail_name(id), bytes.into()).await?),
            None => None,
        };
        Ok(Kept {
            kind: finished.kind,
            facts: finished.facts,
            written,
            thumbnail,
        })
    }

    fn attachment_add(
        &self,
        tx: &mut Tx<'_>,
        row: &AttachmentRow,
        once: Option<&Once>,
        account: Id,
    ) -> Result<AttachmentView, CaseworkError> {
        if let Some(once) = once
            && let Some(answer) = idempotency::lookup(tx, once)?
        {
            return answered(&answer);
        }
        attachments::add(tx, row)?;
        let at: Timestamp = row.uploaded_at;
        tx.audit(&AuditEntry {
            at,
            actor: account,
            action: "attachment_create",
            object: row.id,
            detail: &format!("{{\"digest\":\"{}\"}}", row.digest),
        })?;
        let answer = AttachmentView::new(row, self.attachment_name(row)?);
        if let Some(once) = once {
            // Without its name, which is sealed where it is kept.
            let remembered = AttachmentView {
                name: None,
                ..answer.clone()
            };
            idempotency::remember(tx, once, &answer_text(&remembered))?;
        }
        Ok(answer)
    }

    /// Destroys the bytes of an attachment.
    pub(super) async fn blobs_remove(&self, id: Id) -> Result<(), BlobError> {
        let blobs = &self.parts().blobs;
        blobs.remove(&thumbnail_name(id)).await?;
        blobs.remove(&blob_name(id)).await
    }
}
