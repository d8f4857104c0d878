//! What callers send: checked before anything else happens, every wrong field named at once.

mod links;

pub(crate) use links::check_words;
pub use links::{
    CaseCreateRequest, CaseMergeRequest, CaseSplitRequest, RedoRequest, ReportAcceptRequest,
    ReportAnswerRequest, ReportAssignRequest, ReportCallbackRequest, ReportForgetRequest,
    ReportJoinRequest, ReportRateRequest, ReportRejectRequest, ReportWithdrawRequest,
    SourceCreateRequest, SourceUpdateRequest,
};
mod handling;

pub use handling::*;
pub mod overlays;
pub mod processes;
pub mod routing;
mod search;

pub use overlays::*;
pub use search::CaseSimilarRequest;

use crate::model::Level;
use base::limits::{
    ADDRESS_CHARACTERS_MAX, CODE_CHARACTERS_MAX, DESCRIPTION_CHARACTERS_MAX, NAME_CHARACTERS_MAX,
    REMARK_CHARACTERS_MAX, TASKS_PER_CASE_MAX, TITLE_CHARACTERS_MAX,
};
use base::{CoordinateSystem, FieldError, Id, Point, Timestamp, geo};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where something is. Given as a point, as the code of an area, or both (then the code decides the area).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlaceRequest {
    /// Degrees east.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    /// Degrees north.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// `cgcs2000` (default), `wgs84`, `gcj02` or `bd09`.
    #[schema(value_type = String, example = "cgcs2000")]
    pub coordinate_system: CoordinateSystem,
    /// Division code, e.g. `310118103`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_code: Option<String>,
}

impl PlaceRequest {
    /// The point in CGCS2000, to 1e-7 degrees (a centimetre), which JSON carries exactly.
    pub(crate) fn point(&self, wrong: &mut Vec<FieldError>) -> Option<Point> {
        let (lon, lat) = match (self.lon, self.lat) {
            (None, None) => return None,
            (Some(lon), Some(lat)) => (lon, lat),
            (None, _) => {
                wrong.push(FieldError::new("place.lon", "required", "a point has both"));
                return None;
            }
            (_, None) => {
                wrong.push(FieldError::new("place.lat", "required", "a point has both"));
                return None;
            }
        };
        match Point::new(lon, lat) {
            Ok(point) => {
                let point = geo::to_cgcs2000(self.coordinate_system, point);
                let cut = |degrees: f64| (degrees * 1e7).round() / 1e7;
                Some(Point {
                    lon: cut(point.lon),
                    lat: cut(point.lat),
                })
            }
            Err(error) => {
                wrong.push(FieldError::new(
                    "place.lon",
                    "out_of_range",
                    error.to_string(),
                ));
                None
            }
        }
    }
}

/// Who told us. Sealed; masked in every view.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReporterRequest {
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Phone number as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Handlers must not learn who reported.
    #[serde(default)]
    pub hidden: bool,
}

/// A key in the system a report is taken from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalRequest {
    /// E.g. `hotline-12345`.
    pub system: String,
    /// The id it has there; unique with `system`.
    pub id: String,
}

/// The case to open for a report. What is left out is taken from the report.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CaseOpenRequest {
    /// Category of a standard.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category_id: Option<Id>,
    /// The report's when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// What to call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What is to be put right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Where, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceRequest>,
    /// The component it is about: its maintainer or owner is asked first.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component_id: Option<Id>,
    /// The process to run it by, by code; the source's own when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// The rule row to file it by, where the process files on acceptance; the category's only one when left out.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_row_id: Option<Id>,
}

/// `report_create`.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportCreateRequest {
    /// The channel, e.g. `hotline`, `inspector`, `citizen_app`.
    #[schema(example = "hotline")]
    pub source: String,
    /// How urgent it is; `normal` when left out. Its cases begin so unless they say otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// In a few words.
    pub title: String,
    /// The reporter's own words.
    #[serde(default)]
    pub detail: String,
    /// Where, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Where.
    #[serde(default)]
    pub place: PlaceRequest,
    /// Who told us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reporter: Option<ReporterRequest>,
    /// Its key where it was taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalRequest>,
    /// When it was told; now when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub occurred_at: Option<Timestamp>,
    /// Accept it at once and open this case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_case: Option<CaseOpenRequest>,
}

/// `case_file`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CaseFileRequest {
    /// The rule row whose filing condition is met; required when the category has rule rows.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_row_id: Option<Id>,
}

/// `case_dispatch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseDispatchRequest {
    /// 主办.
    #[schema(value_type = String)]
    pub lead_organisation_id: Id,
    /// 协办.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub co_organisation_ids: Vec<Id>,
}

/// `task_accept`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TaskAcceptRequest {
    /// When it happened, if the device was offline; now when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
}

/// `task_finish`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TaskFinishRequest {
    /// What was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// When it happened, if the device was offline; now when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
}

/// `case_inspect_result`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseInspectResultRequest {
    /// Whether it is done.
    pub passed: bool,
    /// The tasks that failed.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub failed_task_ids: Vec<Id>,
    /// What the inspector saw; the reason when it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<String>,
    /// When it happened, if the device was offline; now when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
}

/// `case_close`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CaseCloseRequest {
    /// The rule row whose closing condition is met: the one the case was filed by.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_row_id: Option<Id>,
    /// What the closer adds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opinion: Option<String>,
}

/// `report_unmask`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportUnmaskRequest {
    /// Why the words must be seen unmasked; goes into the audit.
    pub reason: UnmaskReason,
}

/// Why personal data must be seen. A code, because the audit cannot forget and must hold no free words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnmaskReason {
    /// To call the reporter back.
    Callback,
    /// To find the place with the reporter's help.
    Contact,
    /// To verify who reported.
    Verification,
    /// To answer a complaint or an inquiry of an authority.
    Inquiry,
}

impl UnmaskReason {
    /// As in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::Contact => "contact",
            Self::Verification => "verification",
            Self::Inquiry => "inquiry",
        }
    }
}

/// `report_search`: by phone number, in the body because addresses are logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportSearchRequest {
    /// Phone number as typed.
    pub phone: String,
}

fn check_text(field: &str, text: Option<&str>, characters_max: usize, wrong: &mut Vec<FieldError>) {
    let Some(text) = text else { return };
    if text.chars().count() > characters_max {
        wrong.push(FieldError::new(
            field,
            "too_long",
            format!("at most {characters_max} characters"),
        ));
    }
    if text.chars().any(|c| c == '\0') {
        wrong.push(FieldError::new(
            field,
            "malformed",
            "it holds a null character",
        ));
    }
}

fn check_code(field: &str, code: &str, wrong: &mut Vec<FieldError>) {
    check_text(field, Some(code), CODE_CHARACTERS_MAX, wrong);
    if code.trim().is_empty() {
        wrong.push(FieldError::new(field, "required", "it is required"));
    } else if code.chars().any(char::is_control) {
        wrong.push(FieldError::new(
            field,
            "malformed",
            "control characters are not taken",
        ));
    }
}

impl ReportCreateRequest {
    /// Every wrong field that can be told without the city.
    pub(crate) fn check(&self, now: Timestamp) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        check_code("source", &self.source, &mut wrong);
        if self.title.trim().is_empty() {
            wrong.push(FieldError::new("title", "required", "a report has a title"));
        }
        check_text("title", Some(&self.title), TITLE_CHARACTERS_MAX, &mut wrong);
        check_text(
            "detail",
            Some(&self.detail),
            DESCRIPTION_CHARACTERS_MAX,
            &mut wrong,
        );
        check_text(
            "address",
            self.address.as_deref(),
            ADDRESS_CHARACTERS_MAX,
            &mut wrong,
        );
        if let Some(reporter) = &self.reporter {
            check_text(
                "reporter.name",
                reporter.name.as_deref(),
                NAME_CHARACTERS_MAX,
                &mut wrong,
            );
            let phone = reporter.phone.as_deref();
            if phone.is_some_and(|phone| access::mask::normalised_phone(phone).is_none()) {
                wrong.push(FieldError::new(
                    "reporter.phone",
                    "malformed",
                    "a phone number has 7 to 15 digits",
                ));
            }
        }
        if let Some(external) = &self.external {
            check_code("external.system", &external.system, &mut wrong);
            check_code("external.id", &external.id, &mut wrong);
        }
        if self.occurred_at.is_some_and(|at| at > now) {
            wrong.push(FieldError::new(
                "occurred_at",
                "in_future",
                "what has not happened yet cannot be recorded",
            ));
        }
        if let Some(open) = &self.open_case {
            open.check("open_case.", &mut wrong);
        }
        wrong
    }
}

impl CaseOpenRequest {
    pub(crate) fn check(&self, prefix: &str, wrong: &mut Vec<FieldError>) {
        for (field, text, characters_max) in [
            ("title", &self.title, TITLE_CHARACTERS_MAX),
            ("detail", &self.detail, DESCRIPTION_CHARACTERS_MAX),
            ("address", &self.address, ADDRESS_CHARACTERS_MAX),
        ] {
            check_text(
                &format!("{prefix}{field}"),
                text.as_deref(),
                characters_max,
                wrong,
            );
        }
        if self
            .title
            .as_deref()
            .is_some_and(|title| title.trim().is_empty())
        {
            wrong.push(FieldError::new(
                format!("{prefix}title"),
                "required",
                "leave it out to use the report's",
            ));
        }
    }

    /// Whether the case has words of its own.
    pub(crate) fn has_words(&self) -> bool {
        self.title.is_some() || self.detail.is_some() || self.address.is_some()
    }
}

impl CaseDispatchRequest {
    pub(crate) fn check(&self) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        if self.co_organisation_ids.len() + 1 > TASKS_PER_CASE_MAX {
            wrong.push(FieldError::new(
                "co_organisation_ids",
                "too_many",
                format!("at most {} co-handlers", TASKS_PER_CASE_MAX - 1),
            ));
        }
        wrong
    }
}

/// Checks an opinion or a result.
pub(crate) fn check_remark(field: &str, text: Option<&str>) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    check_text(field, text, REMARK_CHARACTERS_MAX, &mut wrong);
    wrong
}
