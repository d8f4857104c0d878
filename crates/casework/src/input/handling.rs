//! What callers send to assign, return, delegate, call in, rate, rule, verify and self-handle.

use super::{CaseOpenRequest, PlaceRequest, ReportCreateRequest};
use base::{Id, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `task_assign`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskAssignRequest {
    /// A person of the holder; an organisation below it is given the task by `task_delegate`.
    #[schema(value_type = String)]
    pub staff_id: Id,
}

/// `task_contact`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskContactRequest {
    /// Whether the people concerned answered.
    pub reached: bool,
    /// What was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it happened, if the device was offline; now when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
}

/// Why: `task_return`, `task_revoke`, `ruling_demand`, `case_send_back`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonRequest {
    /// In a sentence or two.
    pub reason: String,
    /// When it happened, if the device was offline; now when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
}

/// `task_reroute`, `task_add_co`: to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskToRequest {
    /// The organisation.
    #[schema(value_type = String)]
    pub organisation_id: Id,
}

/// `task_delegate`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskDelegateRequest {
    /// An organisation below the holder.
    #[schema(value_type = String)]
    pub organisation_id: Id,
    /// Until when; never later than the deadline of the task itself, which holds when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// When it happened, if the device was offline; now when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
}

/// `task_co_rate`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskCoRateRequest {
    /// 1 to 5.
    #[schema(minimum = 1, maximum = 5)]
    pub score: i64,
    /// What the caller adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// `case_rule`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseRuleRequest {
    /// Who leads from now on and cannot return it.
    #[schema(value_type = String)]
    pub organisation_id: Id,
    /// Why.
    pub reason: String,
}

/// `case_verify`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseVerifyRequest {
    /// Whose inspectors look.
    #[schema(value_type = String)]
    pub organisation_id: Id,
    /// What to look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// `case_verify_result`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseVerifyResultRequest {
    /// Whether what was told is so.
    pub is_true: bool,
    /// What the inspector saw; required when it is not so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<String>,
    /// When it happened, if the device was offline; now when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
}

/// `case_self_handle`: what was found, and that it was put right at once.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseSelfHandleRequest {
    /// The channel; `inspector` when left out.
    #[serde(default = "inspector")]
    pub source: String,
    /// In a few words.
    pub title: String,
    /// What was found.
    #[serde(default)]
    pub detail: String,
    /// Where, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Where.
    #[serde(default)]
    pub place: PlaceRequest,
    /// Category of a standard.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category_id: Option<Id>,
    /// The rule row whose filing condition was met; required when the category has rule rows.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_row_id: Option<Id>,
    /// Code of the process; the one that serves the source by default when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// What was done, and how it looks now.
    pub result: String,
    /// Files that show what was found; those that show what was done are `attachment_ids`.
    #[schema(value_type = Vec<String>)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found_attachment_ids: Vec<Id>,
    /// When it happened, if the device was offline; now when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
}

fn inspector() -> String {
    "inspector".to_owned()
}

/// `fallback_set`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FallbackSetRequest {
    /// Division code of the area.
    #[schema(example = "310118103")]
    pub area_code: String,
    /// Who takes what nobody else is suggested for.
    #[schema(value_type = String)]
    pub organisation_id: Id,
}

impl CaseSelfHandleRequest {
    /// The report that is made of it.
    pub(crate) fn report(&self) -> ReportCreateRequest {
        ReportCreateRequest {
            source: self.source.clone(),
            title: self.title.clone(),
            detail: self.detail.clone(),
            address: self.address.clone(),
            place: self.place.clone(),
            reporter: None,
            external: None,
            level: None,
            occurred_at: self.occurred_at,
            open_case: Some(CaseOpenRequest {
                category_id: self.category_id,
                process: self.process.clone(),
                ..CaseOpenRequest::default()
            }),
        }
    }
}
