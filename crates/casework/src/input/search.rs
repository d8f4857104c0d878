//! What is being typed, to look for open cases about the same.

use super::{PlaceRequest, check_text};
use base::limits::{ADDRESS_CHARACTERS_MAX, DESCRIPTION_CHARACTERS_MAX, TITLE_CHARACTERS_MAX};
use base::{FieldError, Id};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How many alike cases are given at the most.
const LIMIT_MAX: u32 = 20;

/// `case_similar`: a report as far as it is typed. Everything may be left out; in the body, because addresses are logged.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CaseSimilarRequest {
    /// In a few words.
    pub title: String,
    /// The reporter's own words.
    pub detail: String,
    /// Where, in words.
    pub address: String,
    /// Where.
    pub place: PlaceRequest,
    /// Category of a standard.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category_id: Option<Id>,
    /// So many, 1 to 20; 5 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

impl CaseSimilarRequest {
    pub(crate) fn check(&self, wrong: &mut Vec<FieldError>) -> u32 {
        check_text("title", Some(&self.title), TITLE_CHARACTERS_MAX, wrong);
        check_text(
            "detail",
            Some(&self.detail),
            DESCRIPTION_CHARACTERS_MAX,
            wrong,
        );
        check_text(
            "address",
            Some(&self.address),
            ADDRESS_CHARACTERS_MAX,
            wrong,
        );
        let limit = self.limit.unwrap_or(5);
        if !(1..=LIMIT_MAX).contains(&limit) {
            wrong.push(FieldError::new(
                "limit",
                "out_of_range",
                format!("limit is 1 to {LIMIT_MAX}"),
            ));
        }
        limit
    }
}
