//! A code proves a phone. Asking for one does the same and answers the same whether number and phone belong together or not: a row is
//! kept and a message put in either case, and the message that nobody is to get is dropped where others are sent.

use super::Portal;
use super::following::{By, Link};
use super::messages::{self, MessageKind};
use crate::error::PortalError;
use crate::limits::Act;
use crate::store::{CODE_PUT, CODE_TRIED, CODE_USED, CODES_PRUNE, code_of};
use access::mask::{is_mobile, normalised_phone};
use base::{Id, Timestamp};
use casework::Casework;
use store::{StoreError, params};

/// How long a code can be used.
pub const CODE_SECONDS: i64 = 600;
/// How often a code may be tried.
pub const TRIES_MAX: i64 = 5;
/// Asked for again within so long, the code of before stays: who presses twice gets one message.
const AGAIN_SECONDS: i64 = 60;
/// How long a link lasts that a code was given for.
const LINK_SECONDS: i64 = 12 * 3_600;
/// Six digits.
const CODES: u64 = 1_000_000;
/// The longest report number that is looked for.
const NUMBER_BYTES_MAX: usize = 40;

/// A number and a phone, taken apart.
struct Pair {
    report_no: String,
    phone_key: [u8; 32],
    is_mobile: bool,
    subject: String,
}

impl Portal {
    /// Sends a code to the phone that the report of this number was told from. Answers how many seconds it can be used.
    pub async fn code_request(&self, report_no: &str, phone: &str) -> Result<i64, PortalError> {
        let pair = self.pair(report_no, phone)?;
        if !self.sends() {
            return Err(PortalError::CodesNotSent);
        }
        // Too often for a phone looks like any other time: whoever asks learns nothing of what others did.
        // Nor does it cost the city messages to numbers abroad or of services.
        let phone = hex::encode(pair.phone_key);
        let is_silent = !pair.is_mobile
            || self.count_by(Act::PhoneCode, &phone).is_err()
            || self.count_by(Act::PhoneCodeDay, &phone).is_err();
        let now = self.now();
        let drawn = self.store().chance().below(CODES);
        let code = format!("{drawn:06}");
        let id = self.store().next_id();
        let code_key = self.code_key(&pair.subject, &code);
        let sealed = messages::seal_code(&self.parts().sealer, id, &code);
        self.store()
            .write(move |tx| {
                tx.post(&CODES_PRUNE, params![now.plus_seconds(-CODE_SECONDS)])?;
                let found = Casework::report_of_reporter(tx, &pair.report_no, &pair.phone_key)?;
                let before = code_of(tx, &pair.subject)?;
                let stays = before.is_some_and(|row| {
                    row.tries == 0 && now < row.asked_at.plus_seconds(AGAIN_SECONDS)
                });
                if stays || is_silent {
                    return Ok::<_, StoreError>(());
                }
                let expires = now.plus_seconds(CODE_SECONDS);
                tx.post(
                    &CODE_PUT,
                    params![pair.subject, found, code_key, now, expires],
                )?;
                messages::put(
                    tx,
                    id,
                    found,
                    MessageKind::Code,
                    Some(&sealed),
                    &id.to_string(),
                    now,
                )
            })
            .await?;
        Ok(CODE_SECONDS)
    }

    /// The link to a report, for whoever knows its number, its phone and the code. A wrong code, an unknown number and one that has been
    /// tried too often are all the same.
    pub async fn code_redeem(
        &self,
        report_no: &str,
        phone: &str,
        code: &str,
    ) -> Result<Link, PortalError> {
        let pair = self.pair(report_no, phone)?;
        let now = self.now();
        let given = self.code_key(&pair.subject, code.trim());
        let subject = pair.subject;
        let proved: Option<Id> = self
            .store()
            .write(move |tx| {
                let row = code_of(tx, &subject)?;
                tx.post(&CODE_TRIED, params![subject])?;
                let Some(row) = row else {
                    return Ok::<_, StoreError>(None);
                };
                let is_open = row.tries < TRIES_MAX && now < row.expires_at;
                // Hashes of both under the city's key: how far they are alike says nothing.
                let fits = row.code_key == given;
                let proved = row.report_id.filter(|_| is_open && fits);
                if proved.is_some() {
                    tx.post(&CODE_USED, params![subject])?;
                }
                Ok(proved)
            })
            .await?;
        let report_id = proved.ok_or(PortalError::CodeWrong)?;
        Ok(self.link(report_id, now.plus_seconds(LINK_SECONDS), By::Code))
    }

    fn code_key(&self, subject: &str, code: &str) -> [u8; 32] {
        let text = format!("portal.code:{subject}:{code}");
        self.parts().sealer.keyed_hash(&text)
    }

    fn pair(&self, report_no: &str, phone: &str) -> Result<Pair, PortalError> {
        let report_no = report_no.trim().to_owned();
        let Some(phone) = normalised_phone(phone) else {
            let what = "a phone number has 7 to 15 digits";
            return Err(PortalError::field("phone", "malformed", what));
        };
        if report_no.is_empty() || report_no.len() > NUMBER_BYTES_MAX {
            let what = "the number that was given with the report";
            return Err(PortalError::field("report_no", "malformed", what));
        }
        let sealer = &self.parts().sealer;
        Ok(Pair {
            subject: hex::encode(sealer.keyed_hash(&format!("portal.pair:{report_no}:{phone}"))),
            phone_key: sealer.keyed_hash(&phone),
            is_mobile: is_mobile(&phone),
            report_no,
        })
    }
}

/// Until when a link lasts that is given with a new report.
pub(super) fn link_of_new(report_id: Id) -> Timestamp {
    const DAYS: i64 = 180;
    // Not from now: asked twice for the same report, the answer is the same.
    report_id.made_at().plus_seconds(DAYS * 86_400)
}
