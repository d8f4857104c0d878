//! What callers send about reports and how they are tied to cases, and about sources.

use super::{CaseOpenRequest, PlaceRequest, check_code, check_remark, check_text};
use crate::model::{ChannelKind, ForgetReason, Level, RejectReason, Satisfaction};
use base::limits::NAME_CHARACTERS_MAX;
use base::{FieldError, Id, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// At most so many cases are opened or joined by one command.
const CASES_AT_ONCE_MAX: usize = 20;

/// `report_assign`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportAssignRequest {
    /// A person of the organisation that received it.
    #[schema(value_type = String)]
    pub staff_id: Id,
}

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

/// `report_forget`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportForgetRequest {
    /// Why.
    pub reason: ForgetReason,
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

/// `report_accept`: at least one case, opened or joined.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReportAcceptRequest {
    /// The cases to open: several when one report tells of several matters (拆单).
    pub open_cases: Vec<CaseOpenRequest>,
    /// The cases it joins: others have told of the same matter (并案).
    #[schema(value_type = Vec<String>)]
    pub join_case_ids: Vec<Id>,
}

/// `report_join`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportJoinRequest {
    /// The case.
    #[schema(value_type = String)]
    pub case_id: Id,
}

/// `case_create`: a case without a report, such as a work task of the supervisors or a leader's order.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseCreateRequest {
    /// Where it comes from; decides the process.
    #[schema(example = "leader")]
    pub source: String,
    /// What to call it.
    pub title: String,
    /// What is to be done.
    #[serde(default)]
    pub detail: String,
    /// Where, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Category of a standard, when the process asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub category_id: Option<Id>,
    /// `normal` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Where, when the process asks for a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceRequest>,
    /// The component it is about: its maintainer or owner is asked first.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component_id: Option<Id>,
    /// The process to run it by, by code; the source's own when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// The rule row to file it by, where the process files on acceptance; the category's only one when left out.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_row_id: Option<Id>,
}

/// `case_split`: further cases for the same reports.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseSplitRequest {
    /// Each has a title; what else is left out is taken from the case.
    pub cases: Vec<CaseOpenRequest>,
}

/// `case_merge`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseMergeRequest {
    /// The case it goes on as part of.
    #[schema(value_type = String)]
    pub into_case_id: Id,
}

fn check_count(field: &str, count: usize, wrong: &mut Vec<FieldError>) {
    if count == 0 {
        wrong.push(FieldError::new(field, "required", "at least one case"));
    } else if count > CASES_AT_ONCE_MAX {
        wrong.push(FieldError::new(
            field,
            "too_many",
            format!("at most {CASES_AT_ONCE_MAX} cases"),
        ));
    }
}

fn check_title(field: &str, case: &CaseOpenRequest, wrong: &mut Vec<FieldError>) {
    if case.title.is_none() {
        wrong.push(FieldError::new(field, "required", "it is required"));
    }
}

impl ReportAcceptRequest {
    pub(crate) fn check(&self) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        let count = self.open_cases.len() + self.join_case_ids.len();
        check_count("open_cases", count, &mut wrong);
        for (n, case) in self.open_cases.iter().enumerate() {
            case.check(&format!("open_cases[{n}]."), &mut wrong);
        }
        let mut seen = BTreeSet::new();
        for (n, id) in self.join_case_ids.iter().enumerate() {
            if !seen.insert(id) {
                wrong.push(FieldError::new(
                    format!("join_case_ids[{n}]"),
                    "duplicate",
                    "a report joins a case once",
                ));
            }
        }
        wrong
    }
}

impl CaseCreateRequest {
    pub(crate) fn check(&self) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        check_code("source", &self.source, &mut wrong);
        if self.title.trim().is_empty() {
            wrong.push(FieldError::new("title", "required", "it is required"));
        } else {
            self.opening().check("", &mut wrong);
        }
        wrong
    }

    /// The case to open.
    pub(crate) fn opening(&self) -> CaseOpenRequest {
        CaseOpenRequest {
            category_id: self.category_id,
            level: self.level,
            title: Some(self.title.clone()),
            detail: Some(self.detail.clone()),
            address: self.address.clone(),
            place: self.place.clone(),
            component_id: self.component_id,
            process: self.process.clone(),
            rule_row_id: self.rule_row_id,
        }
    }
}

impl CaseSplitRequest {
    pub(crate) fn check(&self) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        check_count("cases", self.cases.len(), &mut wrong);
        for (n, case) in self.cases.iter().enumerate() {
            check_title(&format!("cases[{n}].title"), case, &mut wrong);
            case.check(&format!("cases[{n}]."), &mut wrong);
        }
        wrong
    }
}

/// 重办: one of the two.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RedoRequest {
    /// This ended case of the report is handled again, by the same organisation.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reopen_case_id: Option<Id>,
    /// A new case is opened for the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_case: Option<CaseOpenRequest>,
}

/// `report_callback`: one attempt.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportCallbackRequest {
    /// Whether the reporter was reached.
    pub reached: bool,
    /// Whether it is solved; exactly when reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub solved: Option<bool>,
    /// How satisfied the reporter is; exactly when reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub satisfaction: Option<Satisfaction>,
    /// What the reporter said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// How what is not solved is done again; left out, the report is settled as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redo: Option<RedoRequest>,
    /// When it was said, if the device was offline; now when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
}

/// `report_rate`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportRateRequest {
    /// How satisfied the reporter is.
    pub satisfaction: Satisfaction,
    /// What the reporter adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// When it was said, if the device was offline; now when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
}

impl ReportCallbackRequest {
    pub(crate) fn check(&self) -> Vec<FieldError> {
        let mut wrong = check_remark("words", self.words.as_deref());
        let said = [
            ("solved", self.solved.is_some()),
            ("satisfaction", self.satisfaction.is_some()),
        ];
        for (field, is_said) in said {
            if self.reached && !is_said {
                wrong.push(FieldError::new(
                    field,
                    "required",
                    "a reporter who was reached says it",
                ));
            } else if is_said && !self.reached {
                wrong.push(unexpected(field, "nobody was reached"));
            }
        }
        if self.words.is_some() && !self.reached {
            wrong.push(unexpected("words", "nobody was reached"));
        }
        if let Some(redo) = &self.redo {
            match (redo.reopen_case_id, &redo.open_case) {
                (Some(_), None) => {}
                (None, Some(open)) => open.check("redo.open_case.", &mut wrong),
                (Some(_), Some(_)) => wrong.push(unexpected(
                    "redo.open_case",
                    "a case is handled again or a new one is opened",
                )),
                (None, None) => wrong.push(FieldError::new(
                    "redo",
                    "required",
                    "a case is handled again or a new one is opened",
                )),
            }
        }
        wrong
    }
}

fn unexpected(field: &str, reason: &str) -> FieldError {
    FieldError::new(field, "unexpected", reason)
}

impl ReportRateRequest {
    pub(crate) fn check(&self) -> Vec<FieldError> {
        check_remark("words", self.words.as_deref())
    }
}
