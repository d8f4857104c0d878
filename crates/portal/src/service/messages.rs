//! Messages to phones. They are put in the transaction of what they tell of, and sent by whatever the installation has: a gateway for
//! SMS, or in the demo city the server's own log. A row names a report and no phone, which is looked up at the last moment; it is gone when the message
//! is.

use super::Portal;
use crate::error::PortalError;
use crate::limits::Act;
use crate::store::{MESSAGE_ADD, MESSAGE_GONE, MESSAGE_TAKE, MessageRow, messages_due};
use access::Sealer;
use access::mask::{is_mobile, normalised_phone};
use base::{Id, Timestamp};
use futures_util::future::BoxFuture;
use store::{StoreError, Tx, params};

/// Messages sent before others get a turn.
const AT_ONCE: i64 = 50;
/// Tried so often in vain, a message is given up.
const TRIES_MAX: i64 = 6;
/// A node that has taken a message has so long to send it; doubled with every try.
const SEND_SECONDS: i64 = 30;
/// A message that is older tells nothing any more.
const MESSAGE_SECONDS: i64 = 6 * 3_600;

/// What a message tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// A code.
    Code,
    /// It was accepted.
    Accepted,
    /// It was answered at once.
    Answered,
    /// It was not taken up.
    Rejected,
    /// It is done; is it?
    Asking,
    /// It came to its end, and may be rated.
    Settled,
}

impl MessageKind {
    const ALL: [Self; 6] = [
        Self::Code,
        Self::Accepted,
        Self::Answered,
        Self::Rejected,
        Self::Asking,
        Self::Settled,
    ];

    /// As stored and sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Accepted => "accepted",
            Self::Answered => "answered",
            Self::Rejected => "rejected",
            Self::Asking => "asking",
            Self::Settled => "settled",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    fn text(self, city: &str, number: &str, code: &str) -> String {
        let what = match self {
            Self::Code => {
                format!("验证码{code}，10分钟内有效，用于查询{number}的办理情况。请勿告诉他人。")
            }
            Self::Accepted => format!("您反映的{number}已受理，办理情况可随时查询。"),
            Self::Answered => format!("您反映的{number}已答复，请查询。"),
            Self::Rejected => format!("您反映的{number}未予受理，原因请查询。"),
            Self::Asking => format!("您反映的{number}已办完，请确认是否解决。"),
            Self::Settled => format!("您反映的{number}已办结，请您评价。"),
        };
        format!("【{city}】{what}")
    }
}

/// A message on its way.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The phone, digits only.
    pub phone: String,
    /// What it tells.
    pub kind: MessageKind,
    /// The number of the report.
    pub report_no: String,
    /// The code, if it is one.
    pub code: Option<String>,
    /// In words.
    pub text: String,
}

/// What carries messages to phones.
pub trait Sender: Send + Sync + 'static {
    /// Sends one. Errors: why it did not go, without phone or text; it is tried again.
    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), String>>;
}

fn context(id: Id) -> String {
    format!("portal.code:{id}")
}

pub(super) fn seal_code(sealer: &Sealer, id: Id, code: &str) -> Vec<u8> {
    sealer.seal(code.as_bytes(), &context(id))
}

pub(super) fn put(
    tx: &mut Tx<'_>,
    id: Id,
    report_id: Option<Id>,
    kind: MessageKind,
    code_sealed: Option<&[u8]>,
    dedupe_key: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.post(
        &MESSAGE_ADD,
        params![id, report_id, kind.as_str(), code_sealed, dedupe_key, now],
    )
}

/// Tells whoever told a report of a turn it has taken (entry `seq` of its timeline); once.
pub fn message_put(
    tx: &mut Tx<'_>,
    id: Id,
    report_id: Id,
    seq: i64,
    kind: MessageKind,
    now: Timestamp,
) -> Result<(), StoreError> {
    let key = format!("{}:{report_id}:{seq}", kind.as_str());
    put(tx, id, Some(report_id), kind, None, &key, now)
}

impl Portal {
    /// Sends what is due. Several nodes may do so at once: each message is taken by one.
    pub async fn messages_send(&self) -> Result<usize, PortalError> {
        let now = self.now();
        let due = self
            .store()
            .read(move |tx| messages_due(tx, now, AT_ONCE))
            .await?;
        let count = due.len();
        for row in due {
            let (id, tries) = (row.id, row.tries);
            // What cannot be made out is tried again later and given up in the end; those behind it go on.
            if let Err(error) = self.message_send(row, now).await {
                tracing::warn!(message.id = %id, message.tries = tries, %error, "a message could not be made out");
            }
        }
        Ok(count)
    }

    async fn message_send(&self, row: MessageRow, now: Timestamp) -> Result<(), PortalError> {
        let is_old = now > row.put_at.plus_seconds(MESSAGE_SECONDS);
        let Some(sender) = self.sender().filter(|_| !is_old) else {
            return Ok(self.message_gone(row.id).await?);
        };
        if row.tries >= TRIES_MAX {
            tracing::error!(message.id = %row.id, message.kind = row.kind, "a message was given up");
            return Ok(self.message_gone(row.id).await?);
        }
        let wait = SEND_SECONDS << row.tries.clamp(0, 10);
        let taken = self
            .store()
            .write(move |tx| {
                tx.execute(
                    &MESSAGE_TAKE,
                    params![row.id, row.send_at, now.plus_seconds(wait)],
                )
            })
            .await?;
        if taken == 0 {
            return Ok(());
        }
        let Some(message) = self.message(&row).await? else {
            return Ok(self.message_gone(row.id).await?);
        };
        if !is_mobile(&message.phone) {
            // Nor abroad or to services, which cost whoever sends.
            return Ok(self.message_gone(row.id).await?);
        }
        let key = hex::encode(self.parts().sealer.keyed_hash(&message.phone));
        if message.kind != MessageKind::Code && self.count_by(Act::PhoneMessage, &key).is_err() {
            tracing::info!("a phone has had its messages of the day");
            return Ok(self.message_gone(row.id).await?);
        }
        match sender.send(&message).await {
            Ok(()) => self.message_gone(row.id).await?,
            Err(error) => tracing::warn!(message.id = %row.id, error, "a message was not sent"),
        }
        Ok(())
    }

    async fn message_gone(&self, id: Id) -> Result<(), StoreError> {
        self.store()
            .write(move |tx| tx.post(&MESSAGE_GONE, params![id]))
            .await
    }

    /// The message with its phone; none when there is nobody to tell.
    async fn message(&self, row: &MessageRow) -> Result<Option<Message>, PortalError> {
        let (Some(report_id), Some(kind)) = (row.report_id, MessageKind::parse(&row.kind)) else {
            return Ok(None);
        };
        let casework = self.casework().clone();
        let phone = self
            .store()
            .read(move |tx| casework.reporter_phone(tx, report_id))
            .await?;
        let Some(phone) = phone.as_deref().and_then(normalised_phone) else {
            return Ok(None);
        };
        let code = match &row.code_sealed {
            None => None,
            Some(sealed) => {
                let opened = self.parts().sealer.open(sealed, &context(row.id));
                let opened = opened.map_err(|error| StoreError::Corrupt(error.to_string()))?;
                Some(String::from_utf8_lossy(&opened).into_owned())
            }
        };
        let principal = self.reporter().await?;
        let report = self.casework().report_view(&principal, report_id).await?;
        let number = report.head.report_no;
        let text = kind.text(
            self.city_name(),
            &number,
            code.as_deref().unwrap_or_default(),
        );
        Ok(Some(Message {
            phone,
            kind,
            report_no: number,
            code,
            text,
        }))
    }
}
