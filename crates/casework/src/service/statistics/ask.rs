//! Questions about the numbers, and whether they make sense.

use super::answer::{Choices, LINES_MAX, chosen};
use super::time::span;
use crate::failure::CaseworkError;
use crate::service::Casework;
use crate::statistics::measures::{MEASURES, OF_ROLES, measure};
use crate::statistics::rates::{RATES, rate};
use crate::store::statistics as rows;
use crate::store::statistics::query::{Key, ObligationFilter, Window};
use crate::view::statistics::{
    MeasureView, NumbersView, RateChoiceView, RateView, RoleMeasuresView,
};
use ::store::AuditEntry;
use access::Principal;
use base::path::TreePath;
use base::{AreaLevel, FieldError, Id, PageRequest, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The longest window, in days: three years and a leap day.
pub const WINDOW_DAYS_MAX: i64 = 1_096;
/// The longest window by hours, in days.
const HOURS_DAYS_MAX: i64 = 31;
/// Days of the window that holds when none is given.
const WINDOW_DAYS_DEFAULT: i64 = 30;

crate::model::words! {
    /// What the answer has a line for each of.
    Group {
        /// One line for everything.
        Total = "total",
        /// The organisation whose obligation it is.
        Organisation = "organisation",
        /// The area, of the level asked for.
        Area = "area",
        /// The zone.
        Zone = "zone",
        /// The category.
        Category = "category",
        /// The source.
        Source = "source",
        /// The person, in the role acted in.
        Person = "person",
        /// The role acted in, each with what it is judged by.
        Role = "role",
        /// The local hour.
        Hour = "hour",
        /// The local day.
        Day = "day",
        /// The week, from Monday.
        Week = "week",
        /// The month.
        Month = "month",
    }
}

/// Which numbers.
#[derive(Clone, Debug, Default)]
pub struct StatisticsQuery {
    /// From this instant; thirty days ago, at midnight, when left out.
    pub from: Option<Timestamp>,
    /// Until before this instant; now at the latest.
    pub until: Option<Timestamp>,
    /// A line for each of these; one line when left out.
    pub group: Option<Group>,
    /// Of areas; streets when left out.
    pub level: Option<AreaLevel>,
    /// Of this organisation and those below it.
    pub organisation_id: Option<Id>,
    /// In this area.
    pub area_code: Option<String>,
    /// In this zone.
    pub zone_id: Option<Id>,
    /// Of this category.
    pub category_id: Option<Id>,
    /// From this source.
    pub source: Option<String>,
    /// Done by this person.
    pub staff_id: Option<Id>,
    /// Done in this role: only the measures this role is judged by are answered.
    pub role: Option<String>,
    /// 环比 and 同比 too.
    pub compare: bool,
    /// Lines with the most of this measure first.
    pub sort: Option<String>,
    /// So many lines.
    pub limit: Option<u32>,
}

/// Which obligations behind a number.
#[derive(Clone, Debug, Default)]
pub struct SubjectsQuery {
    /// The same question that gave the number.
    pub of: StatisticsQuery,
    /// The line, as the answer named it.
    pub key: Option<String>,
    /// The measure.
    pub measure: String,
    /// Which page.
    pub page: PageRequest,
}

/// A question understood.
pub(super) struct Asked {
    pub(super) window: Window,
    pub(super) key: Key,
    pub(super) group: Group,
    pub(super) level: AreaLevel,
    pub(super) filter: ObligationFilter,
}

impl Casework {
    /// What is counted, what is divided by what, and by which measures each role is judged.
    pub async fn statistics_measures(&self) -> Result<NumbersView, CaseworkError> {
        let choices = self.rate_choices().await?;
        Ok(NumbersView {
            measures: MEASURES.iter().map(MeasureView::from).collect(),
            rates: RATES
                .iter()
                .map(|rate| RateView::new(rate, chosen(&choices, rate.code)))
                .collect(),
            roles: OF_ROLES
                .iter()
                .map(|(role, measures)| RoleMeasuresView {
                    role,
                    measures: measures.to_vec(),
                })
                .collect(),
        })
    }

    pub(super) async fn rate_choices(&self) -> Result<Choices, CaseworkError> {
        let choices = self.store().read(rows::rate_choices).await?;
        Ok(choices.into_iter().collect())
    }

    /// A city divides a rate by another of its denominators.
    pub async fn rate_choose(
        &self,
        principal: &Arc<Principal>,
        code: String,
        denominator: String,
    ) -> Result<RateChoiceView, CaseworkError> {
        let actor = principal.acting_anywhere("rate_choose")?.account_id;
        let known = rate(&code).ok_or(CaseworkError::NotFound("rate"))?;
        if !known.denominators.contains(&denominator.as_str()) {
            let message = format!("one of {}", known.denominators.join(", "));
            return Err(CaseworkError::Invalid(vec![FieldError::new(
                "denominator",
                "unknown_code",
                message,
            )]));
        }
        let now = self.now();
        let view = RateChoiceView {
            rate: code,
            denominator,
        };
        let stored = view.clone();
        self.store()
            .write(move |tx| {
                rows::rate_choose(tx, &stored.rate, &stored.denominator, now)?;
                tx.audit(&AuditEntry {
                    at: now,
                    actor,
                    action: "rate_choose",
                    object: Id(0),
                    detail: &serde_json::json!({
                        "rate": stored.rate, "denominator": stored.denominator
                    })
                    .to_string(),
                })
            })
            .await
            .map_err(CaseworkError::Store)?;
        Ok(view)
    }

    pub(super) fn asked(&self, query: &StatisticsQuery) -> Result<Asked, CaseworkError> {
        let mut wrong = Vec::new();
        let now = self.now();
        let group = query.group.unwrap_or(Group::Total);
        let until = query.until.map_or(now, |until| until.min(now));
        let from = query
            .from
            .unwrap_or_else(|| rows::day_of(until.plus_seconds(-WINDOW_DAYS_DEFAULT * 86_400)));
        let days_max = if group == Group::Hour {
            HOURS_DAYS_MAX
        } else {
            WINDOW_DAYS_MAX
        };
        if from > until {
            wrong.push(FieldError::new(
                "from",
                "out_of_range",
                "begins before `until` and before now",
            ));
        } else if until > from.plus_seconds(days_max * 86_400) {
            let message = format!("at most {days_max} days after `from`");
            wrong.push(FieldError::new("until", "out_of_range", message));
        }
        if let Some(code) = &query.sort
            && measure(code).is_none()
        {
            wrong.push(FieldError::new(
                "sort",
                "unknown_code",
                "there is no such measure",
            ));
        }
        if query
            .limit
            .is_some_and(|limit| limit == 0 || limit as usize > LINES_MAX)
        {
            let message = format!("1 to {LINES_MAX}");
            wrong.push(FieldError::new("limit", "out_of_range", message));
        }
        if let Some(role) = &query.role
            && !OF_ROLES.iter().any(|(known, _)| known == role)
        {
            let known: Vec<&str> = OF_ROLES.iter().map(|(role, _)| *role).collect();
            wrong.push(FieldError::new(
                "role",
                "unknown_code",
                format!("one of {}", known.join(", ")),
            ));
        }
        let organisation = query.organisation_id.and_then(|id| {
            let known = self.known_organisation("organisation_id", id, &mut wrong);
            known.map(|facts| facts.organisation.path)
        });
        let area = query.area_code.as_deref().and_then(|code| {
            let known = self.known_area_ever("area_code", code, &mut wrong);
            known.map(|place| place.area_path)
        });
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        Ok(Asked {
            window: (from, until),
            key: key_of(group),
            group,
            level: query.level.unwrap_or(AreaLevel::Street),
            filter: ObligationFilter {
                organisation,
                area,
                zone_id: query.zone_id,
                category_ids: query.category_id.into_iter().collect(),
                source: query.source.clone(),
                staff_id: query.staff_id,
                role: query.role.clone(),
                ..ObligationFilter::default()
            },
        })
    }

    /// Narrows a question to one of its lines; false when there can be no such line.
    pub(super) fn narrow(&self, asked: &mut Asked, key: &str) -> bool {
        let id = || key.parse::<i64>().ok().map(Id);
        let filter = &mut asked.filter;
        if key.is_empty() {
            // The line of what has none.
            filter.nothing_in = match asked.group {
                Group::Area => Some("area_path"),
                Group::Category => Some("category_id"),
                Group::Total => None,
                _ => return false,
            };
            return true;
        }
        match asked.group {
            Group::Total => false,
            Group::Organisation => {
                filter.holder_id = id();
                filter.holder_id.is_some()
            }
            Group::Area => {
                let Ok(path) = key.parse::<TreePath>() else {
                    return false;
                };
                // What lies above the level asked for is in the line of where it does lie.
                if self
                    .parts()
                    .city
                    .area_of_level(&path, asked.level)
                    .is_none()
                {
                    filter.area_itself = Some(path);
                } else {
                    filter.area = Some(path);
                }
                true
            }
            Group::Zone => {
                filter.zone_id = id();
                filter.zone_id.is_some()
            }
            Group::Category => {
                filter.category_ids = id().into_iter().collect();
                !filter.category_ids.is_empty()
            }
            Group::Source => {
                filter.source = Some(key.to_owned());
                true
            }
            Group::Person => {
                let Some((role, staff)) = key.split_once('/') else {
                    return false;
                };
                filter.role = Some(role.to_owned());
                filter.staff_id = staff.parse::<i64>().ok().map(Id);
                filter.staff_id.is_some()
            }
            Group::Role => {
                filter.role = Some(key.to_owned());
                true
            }
            Group::Hour | Group::Day | Group::Week | Group::Month => {
                let Some((from, until)) = span(asked.group, key) else {
                    return false;
                };
                asked.window = (asked.window.0.max(from), asked.window.1.min(until));
                true
            }
        }
    }
}

const fn key_of(group: Group) -> Key {
    match group {
        Group::Total => Key::Nothing,
        Group::Organisation => Key::Organisation,
        Group::Area => Key::Area,
        Group::Zone => Key::Zone,
        Group::Category => Key::Category,
        Group::Source => Key::Source,
        Group::Person => Key::Person,
        Group::Role => Key::Role,
        Group::Hour => Key::Hour,
        Group::Day | Group::Week | Group::Month => Key::Day,
    }
}
