//! What is sealed of reports and cases, and under which context.

use crate::store::list::SealedTitle;
use ::store::StoreError;
use access::{Sealer, mask};
use base::Id;
use serde::{Deserialize, Serialize};

/// The free words of a report or a case.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Words {
    pub title: String,
    pub detail: String,
    pub address: Option<String>,
}

/// Who told us.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reporter {
    pub name: Option<String>,
    pub phone: Option<String>,
}

impl Words {
    /// With the numbers and addresses in running text masked.
    pub fn masked(&self) -> Self {
        Self {
            title: mask::text(&self.title),
            detail: mask::text(&self.detail),
            address: self.address.as_deref().map(mask::text),
        }
    }
}

pub(crate) fn report_words(id: Id) -> String {
    format!("report.words:{id}")
}

pub(crate) fn report_title(id: Id) -> String {
    format!("report.title:{id}")
}

pub(crate) fn report_reporter(id: Id) -> String {
    format!("report.reporter:{id}")
}

pub(crate) fn case_words(id: Id) -> String {
    format!("case.words:{id}")
}

pub(crate) fn case_title(id: Id) -> String {
    format!("case.title:{id}")
}

pub(crate) fn attachment_name(id: Id) -> String {
    format!("attachment.name:{id}")
}

pub(crate) fn note(id: Id) -> String {
    format!("note:{id}")
}

/// Seals words; the digest goes into the event.
pub(crate) fn seal_words(sealer: &Sealer, words: &Words, context: &str) -> access::SealedText {
    // Three strings as JSON cannot fail to be written.
    sealer.seal_text(&serde_json::to_string(words).unwrap_or_default(), context)
}

fn unopened(context: &str, error: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("{context} does not open: {error}"))
}

/// Opens sealed words and says their digest.
pub(crate) fn open_words(
    sealer: &Sealer,
    bytes: &[u8],
    context: &str,
) -> Result<(Words, [u8; 32]), StoreError> {
    let salted = sealer
        .open_text(bytes, context)
        .map_err(|error| unopened(context, error))?;
    let words = serde_json::from_str(&salted.text).map_err(|error| unopened(context, error))?;
    Ok((words, salted.digest()))
}

/// Opens a sealed plain text.
pub(crate) fn open_plain(
    sealer: &Sealer,
    bytes: &[u8],
    context: &str,
) -> Result<String, StoreError> {
    let plain = sealer
        .open(bytes, context)
        .map_err(|error| unopened(context, error))?;
    String::from_utf8(plain).map_err(|error| unopened(context, error))
}

/// The title of a case for a list.
pub(crate) fn case_title_shown(
    sealer: &Sealer,
    case_id: Id,
    title: Option<&SealedTitle>,
) -> Option<String> {
    let title = title?;
    let context = title
        .report_id
        .map_or_else(|| case_title(case_id), report_title);
    title_shown(sealer, Some(&title.bytes), &context)
}

/// A title for a list, masked. One that does not open is shown as missing and logged: a list must not fail for one row.
pub(crate) fn title_shown(sealer: &Sealer, bytes: Option<&[u8]>, context: &str) -> Option<String> {
    match open_plain(sealer, bytes?, context) {
        Ok(title) => Some(mask::text(&title)),
        Err(error) => {
            tracing::error!(%error, "a sealed title does not open");
            None
        }
    }
}
