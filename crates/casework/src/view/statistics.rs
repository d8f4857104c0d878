//! The numbers as they are answered.

use crate::service::Group;
use crate::statistics::rates::Rate;
use crate::statistics::{Measure, ObligationKind, Subject};
use crate::view::Named;
use base::{Id, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What is counted and divided.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NumbersView {
    /// Everything that is counted.
    pub measures: Vec<MeasureView>,
    /// Everything that is divided.
    pub rates: Vec<RateView>,
    /// By which measures the work of a role is judged.
    pub roles: Vec<RoleMeasuresView>,
}

/// Something that is counted.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MeasureView {
    /// Its word.
    pub code: &'static str,
    /// What users read.
    pub name_zh: &'static str,
    /// The same in English.
    pub name_en: &'static str,
    /// The kind of obligation it counts.
    pub kind: ObligationKind,
    /// What is behind it.
    pub subject: Subject,
}

impl From<&Measure> for MeasureView {
    fn from(measure: &Measure) -> Self {
        Self {
            code: measure.code,
            name_zh: measure.name_zh,
            name_en: measure.name_en,
            kind: measure.kind,
            subject: measure.subject(),
        }
    }
}

/// A rate.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RateView {
    /// Its word.
    pub code: &'static str,
    /// What users read.
    pub name_zh: &'static str,
    /// The same in English.
    pub name_en: &'static str,
    /// The measure that is divided.
    pub numerator: &'static str,
    /// The measure it is divided by here.
    pub denominator: String,
    /// What it may be divided by.
    pub denominators: Vec<&'static str>,
    /// Whether more is worse.
    pub is_bad: bool,
}

impl RateView {
    /// A rate with what a city has chosen to divide it by.
    pub fn new(rate: &Rate, chosen: Option<&str>) -> Self {
        let first = rate.denominators.first().copied().unwrap_or_default();
        Self {
            code: rate.code,
            name_zh: rate.name_zh,
            name_en: rate.name_en,
            numerator: rate.numerator,
            denominator: chosen.unwrap_or(first).to_owned(),
            denominators: rate.denominators.to_vec(),
            is_bad: rate.is_bad,
        }
    }
}

/// The measures of a role.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RoleMeasuresView {
    /// The role.
    pub role: &'static str,
    /// Codes of measures.
    pub measures: Vec<&'static str>,
}

/// What a rate is divided by.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RateChoiceView {
    /// The rate.
    pub rate: String,
    /// The measure it is divided by.
    pub denominator: String,
}

/// The numbers of a window.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StatisticsView {
    /// From when.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// Until before when.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// What there is a line for each of.
    pub group: Group,
    /// Everything together.
    pub total: LineView,
    /// What a line has on the average, by measure, of all lines there are, rounded to four decimals; what is not there is zero.
    pub average: BTreeMap<&'static str, f64>,
    /// A line each.
    pub lines: Vec<LineView>,
    /// Whether there are more lines.
    pub is_cut: bool,
}

/// The numbers of one line.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct LineView {
    /// An id, path, word, hour or date, as the group has it; pass it as `key` to see what is behind a number. Empty: of none.
    pub key: String,
    /// What users read, where we know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Counts by measure; what is not there is zero.
    pub measures: BTreeMap<&'static str, i64>,
    /// Quotients by rate; what is not there has nothing to be divided by.
    pub rates: BTreeMap<&'static str, RateValueView>,
    /// 环比: the window before, as long as this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub previous: Option<Box<LineView>>,
    /// 同比: the same window a year ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub year_before: Option<Box<LineView>>,
    /// Of the line of another window: what has changed from then to now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangesView>,
}

/// What has changed from another window to this one.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct ChangesView {
    /// By measure; what is not there is zero in both.
    pub measures: BTreeMap<&'static str, ChangeView>,
    /// By rate; what is not there has nothing to be divided by in one of them.
    pub rates: BTreeMap<&'static str, ChangeView>,
}

crate::model::words! {
    /// Which way a number went.
    Direction {
        /// More than then.
        Rise = "rise",
        /// Less.
        Fall = "fall",
        /// As much.
        Same = "same",
    }
}

/// A change of one number.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct ChangeView {
    /// Which way.
    pub direction: Direction,
    /// Now less then: a count of a measure, a difference of shares of a rate.
    pub difference: f64,
    /// 增减率: the difference by what there was then, rounded to four decimals; left out where that was nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
}

/// A quotient.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct RateValueView {
    /// What is divided.
    pub numerator: i64,
    /// By what.
    pub denominator: i64,
    /// Rounded to four decimals.
    pub share: f64,
}

/// One obligation behind a number.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ObligationView {
    /// Whether it is of a report or a case.
    pub subject: Subject,
    /// That one's id.
    #[schema(value_type = String)]
    pub id: Id,
    /// That one's number.
    pub number: String,
    /// Where that one stands.
    pub stage: String,
    /// What was to be done.
    pub kind: ObligationKind,
    /// When it was due, or happened.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Whose it was.
    pub organisation: Named,
    /// Who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub staff_id: Option<Id>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<Named>,
    /// What about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Named>,
    /// Whether it was done.
    pub is_done: bool,
    /// Whether it was done in time.
    pub is_on_time: bool,
}
