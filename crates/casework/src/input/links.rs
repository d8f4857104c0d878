//! What callers send about reports and how they are tied to cases, and about sources.

use super::{check_code, check_remark, check_text};
use crate::model::{ChannelKind, RejectReason};
use base::FieldError;
use base::limits::NAME_CHARACTERS_MAX;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `report_answer`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportAnswerRequest {
    /// What the reporter was told.
    pub answer: String,
}

/// `report_reject`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportRejectRequest {
    /// Why it is not accepted.
    pub reason: RejectReason,
    /// What the reporter was told.
    pub answer: String,
}

/// `report_withdraw`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportWithdrawRequest {
    /// Whether the reporter asked for it; otherwise somebody does it on the reporter's behalf.
    pub by_reporter: bool,
    /// Why, in words.
    pub reason: String,
}

/// `source_create`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceCreateRequest {
    /// Lower-case letters, digits, underscores; never changed.
    #[schema(example = "village_radio")]
    pub code: String,
    /// What users read.
    pub name_zh: String,
    /// The same in English.
    pub name_en: String,
    /// What kind of channel it is.
    pub channel: ChannelKind,
}

/// `source_update`. What is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SourceUpdateRequest {
    /// What users read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_zh: Option<String>,
    /// The same in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_en: Option<String>,
    /// What kind of channel it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelKind>,
    /// Whether new reports may name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
}

/// Checks words that must be there.
pub(crate) fn check_words(field: &str, text: &str) -> Vec<FieldError> {
    let mut wrong = check_remark(field, Some(text));
    if text.trim().is_empty() {
        wrong.push(FieldError::new(field, "required", "it is required"));
    }
    wrong
}

fn check_name(field: &str, name: &str, wrong: &mut Vec<FieldError>) {
    check_text(field, Some(name), NAME_CHARACTERS_MAX, wrong);
    if name.trim().is_empty() {
        wrong.push(FieldError::new(field, "required", "it is required"));
    }
}

impl SourceCreateRequest {
    pub(crate) fn check(&self) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        check_code("code", &self.code, &mut wrong);
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !self.code.bytes().all(fits) && wrong.is_empty() {
            wrong.push(FieldError::new(
                "code",
                "malformed",
                "a code is lower-case letters, digits and underscores",
            ));
        }
        check_name("name_zh", &self.name_zh, &mut wrong);
        check_name("name_en", &self.name_en, &mut wrong);
        wrong
    }
}

impl SourceUpdateRequest {
    pub(crate) fn check(&self) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        for (field, name) in [("name_zh", &self.name_zh), ("name_en", &self.name_en)] {
            if let Some(name) = name {
                check_name(field, name, &mut wrong);
            }
        }
        wrong
    }
}
