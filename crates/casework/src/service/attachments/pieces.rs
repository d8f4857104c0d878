//! A file comes in pieces, from a phone whose line breaks. Each piece is durable when it is answered; the last one makes the file.
//!
//! The caller chooses a key. Whoever has no account is one caller with all the others, so for them the key is a secret: it is long, and
//! kept as a keyed hash.

use super::Casework;
use super::upload::waiting_max;
use crate::failure::CaseworkError;
use crate::service::Call;
use crate::store::attachments;
use crate::store::{
    UPLOAD_ADD, UPLOAD_BY_KEY, UPLOAD_DROP, UPLOAD_PIECE, UPLOAD_PIECE_ADD, UPLOAD_PIECES_DROP,
    UPLOAD_RECEIVED, UPLOAD_WHOLE, UPLOADS_OF, UPLOADS_OLD,
};
use crate::view::{AttachmentView, UploadView};
use ::store::idempotency::OnceError;
use ::store::{StoreError, Tx, params};
use access::Principal;
use base::limits::{UPLOAD_BYTES_MAX, UPLOAD_PIECE_BYTES_MAX};
use base::{FieldError, Id, Timestamp};

/// Bytes of files begun and not whole yet, of one account, or of all who have none.
const UNFINISHED_BYTES_MAX: i64 = 2 << 30;
/// Whoever does not go on for so long begins anew.
const UNFINISHED_SECONDS: i64 = 2 * 3_600;

/// Characters of a key: 128 bits in hexadecimal at the least.
const KEY_CHARACTERS: std::ops::RangeInclusive<usize> = 32..=64;
/// Old ones taken away at once.
const AT_ONCE: i64 = 500;

/// An upload as stored.
#[derive(Clone, Copy)]
struct Row {
    id: Id,
    length: i64,
    received: i64,
    attachment_id: Option<Id>,
}

/// A piece of a file.
pub struct Piece {
    /// Chosen by the caller for the whole file.
    pub key: String,
    /// Where it begins.
    pub from_byte: i64,
    /// How long the whole file is.
    pub length: i64,
    /// Itself.
    pub bytes: Vec<u8>,
}

impl Piece {
    fn check(&self) -> Result<(), CaseworkError> {
        let mut wrong = check_key(&self.key);
        let length_max = i64::try_from(UPLOAD_BYTES_MAX).unwrap_or(i64::MAX);
        if !(1..=length_max).contains(&self.length) {
            let most = format!("a file in pieces has 1 to {UPLOAD_BYTES_MAX} bytes");
            wrong.push(FieldError::new("length", "out_of_range", most));
        }
        if self.bytes.is_empty() || self.bytes.len() > UPLOAD_PIECE_BYTES_MAX {
            let most = format!("a piece has 1 to {UPLOAD_PIECE_BYTES_MAX} bytes");
            wrong.push(FieldError::new("body", "out_of_range", most));
        }
        let size = i64::try_from(self.bytes.len()).unwrap_or(i64::MAX);
        if self.from_byte < 0 || self.from_byte.saturating_add(size) > self.length {
            let within = "the piece lies within the file";
            wrong.push(FieldError::new("offset", "out_of_range", within));
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(CaseworkError::Invalid(wrong))
        }
    }
}

fn check_key(key: &str) -> Vec<FieldError> {
    let fits = KEY_CHARACTERS.contains(&key.len())
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if fits {
        return Vec::new();
    }
    let what = "a key has 32 to 64 letters, digits and hyphens, drawn at random";
    vec![FieldError::new("key", "malformed", what)]
}

fn find(tx: &mut Tx<'_>, account: Id, key: &str) -> Result<Option<Row>, StoreError> {
    tx.query_opt(&UPLOAD_BY_KEY, params![account, key], |row| {
        Ok(Row {
            id: row.get(0)?,
            length: row.get(1)?,
            received: row.get(2)?,
            attachment_id: row.get(3)?,
        })
    })
}

impl Casework {
    /// Takes a piece. The last one makes the file, which then waits a day for the action that names it.
    ///
    /// Errors: [`CaseworkError::UploadOffset`] when it does not follow on what is here; those of
    /// [`Casework::attachment_begin`] when the file is not one that is taken.
    pub async fn upload_push(
        &self,
        call: &Call,
        piece: Piece,
    ) -> Result<UploadView, CaseworkError> {
        call.principal.acting_anywhere("attachment_create")?;
        piece.check()?;
        let account = call.principal.account_id;
        let key = self.upload_key(&piece.key);
        let most = waiting_max(&call.principal);
        let (id, now, of_store) = (self.next_id(), self.now(), key.clone());
        let row = self
            .store()
            .write(move |tx| {
                let begun = match find(tx, account, &of_store)? {
                    Some(row) if row.length != piece.length => {
                        return Err(CaseworkError::Once(OnceError::Reused));
                    }
                    Some(row) => row,
                    None if piece.from_byte > 0 => return Err(CaseworkError::UploadOffset(0)),
                    None => {
                        Self::upload_begin(tx, id, account, &of_store, piece.length, most, now)?
                    }
                };
                Self::upload_add(tx, begun, piece.from_byte, &piece.bytes)
            })
            .await?;
        if row.received < row.length || row.attachment_id.is_some() {
            return self.upload_shown(row).await;
        }
        self.upload_join(call, row, &key).await
    }

    /// How much has arrived, so that whoever lost the answer goes on from there.
    pub async fn upload_view(
        &self,
        principal: &Principal,
        key: &str,
    ) -> Result<UploadView, CaseworkError> {
        principal.acting_anywhere("attachment_create")?;
        let wrong = check_key(key);
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let (account, key) = (principal.account_id, self.upload_key(key));
        let row = self
            .store()
            .read(move |tx| find(tx, account, &key))
            .await?
            .ok_or(CaseworkError::NotFound("upload"))?;
        self.upload_shown(row).await
    }

    /// The file that this key made, for the action that names it. Errors: the field, when there is none (yet).
    pub async fn upload_attachment(
        &self,
        principal: &Principal,
        field: &str,
        key: &str,
    ) -> Result<Id, CaseworkError> {
        let none = || {
            let what = "no file is whole under this key";
            CaseworkError::Invalid(vec![FieldError::new(field, "unknown_id", what)])
        };
        if !check_key(key).is_empty() {
            return Err(none());
        }
        let (account, key) = (principal.account_id, self.upload_key(key));
        let row = self.store().read(move |tx| find(tx, account, &key)).await?;
        row.and_then(|row| row.attachment_id).ok_or_else(none)
    }

    fn upload_key(&self, key: &str) -> String {
        let hash = self.parts().sealer.keyed_hash(&format!("upload:{key}"));
        hex::encode(hash)
    }

    fn upload_begin(
        tx: &mut Tx<'_>,
        id: Id,
        account: Id,
        key: &str,
        length: i64,
        most: i64,
        now: Timestamp,
    ) -> Result<Row, CaseworkError> {
        let begun = tx.query_opt(&UPLOADS_OF, params![account], |row| {
            Ok((row.get::<i64>(0)?, row.get::<i64>(1)?))
        })?;
        let (count, bytes) = begun.unwrap_or_default();
        if count >= most || bytes + length > UNFINISHED_BYTES_MAX {
            return Err(CaseworkError::TooManyWaiting);
        }
        tx.post(&UPLOAD_ADD, params![id, account, key, length, now])?;
        Ok(Row {
            id,
            length,
            received: 0,
            attachment_id: None,
        })
    }

    /// A piece that is here already was sent a second time, because its answer was lost.
    fn upload_add(
        tx: &mut Tx<'_>,
        row: Row,
        from_byte: i64,
        bytes: &[u8],
    ) -> Result<Row, CaseworkError> {
        let end = from_byte + i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        if row.attachment_id.is_some() || end <= row.received {
            return Ok(row);
        }
        if from_byte != row.received {
            return Err(CaseworkError::UploadOffset(row.received));
        }
        tx.post_one(&UPLOAD_RECEIVED, params![row.id, row.received, end])?;
        tx.post(&UPLOAD_PIECE_ADD, params![row.id, from_byte, bytes])?;
        Ok(Row {
            received: end,
            ..row
        })
    }

    async fn upload_shown(&self, row: Row) -> Result<UploadView, CaseworkError> {
        let this = self.clone();
        let attachment = self
            .store()
            .read(move |tx| {
                let Some(id) = row.attachment_id else {
                    return Ok(None);
                };
                let found = attachments::by_id(tx, id)?;
                found
                    .map(|found| Ok(AttachmentView::new(&found, this.attachment_name(&found)?)))
                    .transpose()
            })
            .await
            .map_err(|error: StoreError| CaseworkError::Store(error))?;
        Ok(UploadView {
            received_bytes: row.received,
            length_bytes: row.length,
            attachment,
        })
    }

    /// All pieces are here. Stopped in between, it is done again by whoever sends the last piece again; while it is being done, they are
    /// told to come back. No more of it is in memory than one piece and what a picture needs.
    async fn upload_join(
        &self,
        call: &Call,
        row: Row,
        key: &str,
    ) -> Result<UploadView, CaseworkError> {
        let _joined = self.gates().joining.begin(row.id).ok_or(StoreError::Busy)?;
        let (account, of_store) = (call.principal.account_id, key.to_owned());
        let found = self.store().read(move |tx| find(tx, account, &of_store));
        let latest = found.await?.ok_or(CaseworkError::UploadOffset(0))?;
        if latest.attachment_id.is_some() {
            return self.upload_shown(latest).await;
        }
        let once = Call {
            idempotency_key: Some(format!("upload:{key}")),
            ..call.clone()
        };
        let made = self.upload_make(once, row).await;
        if let Err(CaseworkError::File(_)) = &made {
            // Whatever is sent again under this key is as bad; another file begins anew.
            self.store()
                .write(move |tx| {
                    tx.post(&UPLOAD_PIECES_DROP, params![row.id])?;
                    tx.post(&UPLOAD_DROP, params![row.id])
                })
                .await?;
        }
        let made = made?;
        let attachment_id = made.id;
        self.store()
            .write(move |tx| {
                tx.post(&UPLOAD_WHOLE, params![row.id, attachment_id])?;
                tx.post(&UPLOAD_PIECES_DROP, params![row.id])
            })
            .await?;
        Ok(UploadView {
            received_bytes: row.received,
            length_bytes: row.length,
            attachment: Some(made),
        })
    }

    async fn upload_make(&self, call: Call, row: Row) -> Result<AttachmentView, CaseworkError> {
        let mut upload = self.attachment_begin(call, None).await?;
        let mut from_byte = 0;
        while from_byte < row.length {
            let piece: Vec<u8> = self
                .store()
                .read(move |tx| {
                    let piece =
                        tx.query_opt(&UPLOAD_PIECE, params![row.id, from_byte], |found| {
                            found.get(0)
                        })?;
                    let piece = piece.filter(|bytes: &Vec<u8>| !bytes.is_empty());
                    piece.ok_or_else(|| StoreError::Corrupt(format!("upload {} has a gap", row.id)))
                })
                .await?;
            from_byte += i64::try_from(piece.len()).unwrap_or(i64::MAX);
            upload.push(&piece).await?;
        }
        upload.finish().await
    }

    /// Takes away what nobody went on with, and what has long been a file.
    pub(super) async fn uploads_tidy(&self, before: Timestamp) -> Result<(), StoreError> {
        let unfinished = self.now().plus_seconds(-UNFINISHED_SECONDS);
        self.store()
            .write(move |tx| {
                let old: Vec<Id> =
                    tx.query(&UPLOADS_OLD, params![before, unfinished, AT_ONCE], |row| {
                        row.get(0)
                    })?;
                for id in old {
                    tx.post(&UPLOAD_PIECES_DROP, params![id])?;
                    tx.post(&UPLOAD_DROP, params![id])?;
                }
                Ok(())
            })
            .await
    }
}
