//! Questions about the numbers: measures and rates of a window by this or that, and the duties behind one number.

use crate::failure::CaseworkError;
use crate::service::Casework;
use crate::statistics::measures::{COUNT, MEASURES, OF_ROLES, Subject, measure};
use crate::statistics::rates::{RATES, rate, ten_thousandths};
use crate::store::statistics as rows;
use crate::store::statistics::query::{self, DutyFilter, Key, Lines, Window};
use crate::store::{CASE_HEAD, REPORT_HEAD};
use crate::view::statistics::{
    DutyView, LineView, MeasureView, NumbersView, RateChoiceView, RateView, RateValueView,
    RoleMeasuresView, StatisticsView,
};
use ::store::{AuditEntry, Row, StoreError, Tx, params};
use access::{Principal, Scope};
use base::path::TreePath;
use base::{AreaLevel, FieldError, Id, Page, PageRequest, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The longest window, in days: three years and a leap day.
pub const WINDOW_DAYS_MAX: i64 = 1_096;
/// The longest window by hours, in days.
const HOURS_DAYS_MAX: i64 = 31;
/// Days of the window that holds when none is given.
const WINDOW_DAYS_DEFAULT: i64 = 30;
/// Lines of an answer at the most.
const LINES_MAX: usize = 2_000;

crate::model::words! {
    /// What the answer has a line for each of.
    Group {
        /// One line for everything.
        Total = "total",
        /// The organisation whose duty it is.
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

/// Which duties behind a number.
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
struct Asked {
    window: Window,
    key: Key,
    group: Group,
    level: AreaLevel,
    filter: DutyFilter,
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

    async fn rate_choices(&self) -> Result<BTreeMap<String, String>, CaseworkError> {
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
        let known = rate(&code).ok_or(CaseworkError::NotFound("rate"))?;
        if !known.denominators.contains(&denominator.as_str()) {
            let message = format!("one of {}", known.denominators.join(", "));
            return Err(CaseworkError::Invalid(vec![FieldError::new(
                "denominator",
                "unknown_code",
                message,
            )]));
        }
        let (now, actor) = (self.now(), principal.account_id);
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

    /// Measures and rates of a window, within the caller's scope.
    pub async fn statistics_view(
        &self,
        principal: &Arc<Principal>,
        query: StatisticsQuery,
    ) -> Result<StatisticsView, CaseworkError> {
        let asked = self.asked(&query)?;
        let choices = self.rate_choices().await?;
        let shown = shown(query.role.as_deref());
        let scope = principal.scope("statistics_view");
        let now_lines = self.lines(&asked, asked.window, &scope).await?;
        let (mut before, mut year_before) = (None, None);
        if query.compare {
            let (from, until) = asked.window;
            let length = until.0 - from.0;
            let earlier = (Timestamp(from.0 - length), from);
            before = Some(self.lines(&asked, earlier, &scope).await?);
            let year_ago = (a_year_before(from), a_year_before(until));
            year_before = Some(self.lines(&asked, year_ago, &scope).await?);
        }
        let view = |key: &str, counts: &rows::Counts| {
            let mut line = line_view(counts, &shown, &choices);
            line.key = key.to_owned();
            line
        };
        let others = |lines: &Option<Lines>, key: &str| {
            let lines = lines.as_ref()?;
            let counts = lines.get(key).map_or([0; COUNT], |counts| **counts);
            Some(Box::new(view(key, &counts)))
        };
        let mut keyed: Vec<(&String, &Box<rows::Counts>)> = now_lines.iter().collect();
        if let Some((place, _)) = query.sort.as_deref().and_then(measure) {
            let of = |counts: &rows::Counts| counts.get(place).copied().unwrap_or(0);
            keyed.sort_by(|a, b| of(b.1).cmp(&of(a.1)).then(a.0.cmp(b.0)));
        }
        let limit = query.limit.map_or(LINES_MAX, |limit| limit as usize);
        let is_cut = keyed.len() > limit;
        let mut names = self.names();
        let lines = keyed
            .into_iter()
            .take(limit)
            .map(|(key, counts)| {
                let mut line = view(key, counts);
                line.name = self.line_name(&mut names, asked.group, key);
                // Hours and days of other windows have other names.
                if !is_of_time(asked.group) {
                    line.previous = others(&before, key);
                    line.year_before = others(&year_before, key);
                }
                line
            })
            .collect();
        let sum = |lines: &Lines| {
            let mut sum = [0; COUNT];
            for counts in lines.values() {
                for (total, count) in sum.iter_mut().zip(counts.iter()) {
                    *total += count;
                }
            }
            sum
        };
        let mut total = view("", &self.total(&asked, asked.window, &scope, &now_lines, sum).await?);
        if let Some(before) = &before {
            let earlier = (
                Timestamp(asked.window.0.0 * 2 - asked.window.1.0),
                asked.window.0,
            );
            let counts = self.total(&asked, earlier, &scope, before, sum).await?;
            total.previous = Some(Box::new(view("", &counts)));
        }
        if let Some(year_before) = &year_before {
            let window = (
                a_year_before(asked.window.0),
                a_year_before(asked.window.1),
            );
            let counts = self.total(&asked, window, &scope, year_before, sum).await?;
            total.year_before = Some(Box::new(view("", &counts)));
        }
        Ok(StatisticsView {
            from: asked.window.0,
            until: asked.window.1,
            group: asked.group,
            total,
            lines,
            is_cut,
        })
    }

    /// All lines together. A duty lies in several zones, and some were done by nobody: those are added up apart.
    async fn total(
        &self,
        asked: &Asked,
        window: Window,
        scope: &Scope,
        lines: &Lines,
        sum: impl Fn(&Lines) -> rows::Counts,
    ) -> Result<rows::Counts, CaseworkError> {
        if !matches!(asked.group, Group::Zone | Group::Person) {
            return Ok(sum(lines));
        }
        let whole = Asked {
            key: Key::Nothing,
            group: Group::Total,
            filter: asked.filter.clone(),
            ..*asked
        };
        Ok(sum(&self.lines(&whole, window, scope).await?))
    }

    /// The duties that one number counts, the latest first.
    pub async fn statistics_subjects(
        &self,
        principal: &Arc<Principal>,
        query: SubjectsQuery,
    ) -> Result<Page<DutyView>, CaseworkError> {
        let mut asked = self.asked(&query.of)?;
        let mut wrong = Vec::new();
        let found = measure(&query.measure);
        if found.is_none() {
            wrong.push(FieldError::new(
                "measure",
                "unknown_code",
                "there is no such measure",
            ));
        }
        let limit = query.page.limit().unwrap_or_else(|error| {
            wrong.push(error);
            1
        });
        let after = query.page.after.as_deref().map(cursor);
        if after.is_some_and(|after| after.is_none()) {
            wrong.push(FieldError::new(
                "after",
                "wrong_form",
                "not the `next` of a page of this list",
            ));
        }
        if let Some(key) = &query.key
            && !self.narrow(&mut asked, key)
        {
            wrong.push(FieldError::new("key", "wrong_form", "not a key of this group"));
        }
        let Some((_, measure)) = found.filter(|_| wrong.is_empty()) else {
            return Err(CaseworkError::Invalid(wrong));
        };
        let scope = principal.scope("statistics_view");
        let (window, filter, after) = (asked.window, asked.filter, after.flatten());
        let found = self
            .store()
            .read(move |tx| {
                let most = i64::from(limit) + 1;
                let listed = query::list(tx, window, measure, &filter, &scope, after, most)?;
                let mut heads = Vec::with_capacity(listed.len());
                for duty in listed {
                    let head = head(tx, measure.subject(), duty.subject_id)?;
                    heads.push((duty, head));
                }
                Ok::<_, StoreError>(heads)
            })
            .await?;
        let page = Page::from_rows(found, limit, |(duty, _)| {
            format!("{}.{}.{}", duty.row.duty.at.0, duty.subject_id, duty.seq)
        });
        let mut names = self.names();
        let items = page
            .items
            .into_iter()
            .map(|(listed, (number, stage))| {
                let rows::DutyRow { duty, place } = listed.row;
                DutyView {
                    subject: measure.subject(),
                    id: listed.subject_id,
                    number,
                    stage,
                    kind: duty.kind,
                    at: duty.at,
                    organisation: names.organisation(duty.organisation.id),
                    staff_id: duty.person.map(|person| person.staff_id),
                    area: place.area_path.as_ref().map(|path| names.area(path)),
                    category: place.category_id.map(|id| names.category(id)),
                    is_done: duty.marks.has(crate::statistics::Marks::DONE),
                    is_on_time: duty.marks.has(crate::statistics::Marks::ON_TIME),
                }
            })
            .collect();
        Ok(Page {
            items,
            next: page.next,
        })
    }

    fn asked(&self, query: &StatisticsQuery) -> Result<Asked, CaseworkError> {
        let mut wrong = Vec::new();
        let now = self.now();
        let group = query.group.unwrap_or(Group::Total);
        let until = query.until.map_or(now, |until| until.min(now));
        let from = query.from.unwrap_or_else(|| {
            rows::day_of(until.plus_seconds(-WINDOW_DAYS_DEFAULT * 86_400))
        });
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
        if query.limit.is_some_and(|limit| limit == 0 || limit as usize > LINES_MAX) {
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
            let known = self.parts().city.organisation(id);
            if known.is_none() {
                wrong.push(FieldError::new(
                    "organisation_id",
                    "unknown_id",
                    "there is no such organisation",
                ));
            }
            known.map(|facts| facts.organisation.path)
        });
        let area = query.area_code.as_deref().and_then(|code| {
            let known = self.parts().city.place_by_code(code);
            if known.is_none() {
                wrong.push(FieldError::new(
                    "area_code",
                    "unknown_code",
                    "there is no area with this code",
                ));
            }
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
            filter: DutyFilter {
                organisation,
                area,
                holder_id: None,
                zone_id: query.zone_id,
                category_ids: query.category_id.into_iter().collect(),
                source: query.source.clone(),
                staff_id: query.staff_id,
                role: query.role.clone(),
            },
        })
    }

    /// Adds up a window: whole days from the sums where these tell all that is asked, the rest from the duties.
    async fn lines(
        &self,
        asked: &Asked,
        window: Window,
        scope: &Scope,
    ) -> Result<Lines, CaseworkError> {
        let (key, filter, scope) = (asked.key, asked.filter.clone(), scope.clone());
        let is_deep = |path: &TreePath| {
            let known = self.parts().city.place_by_path(path);
            known.is_none_or(|place| place.street_path.is_some_and(|street| street != *path))
        };
        let needs_villages = (key == Key::Area && asked.level > AreaLevel::Street)
            || filter.area.as_ref().is_some_and(is_deep);
        let dimension = query::dimension(key, &filter).filter(|_| !needs_villages);
        // What of the scope the sums can be asked by; less than all of it shows less than all.
        let told = Scope {
            areas: scope.areas.iter().filter(|path| !is_deep(path)).cloned().collect(),
            organisations: scope.organisations.clone(),
            zones: Vec::new(),
            everything: scope.everything,
        };
        let is_told = told == scope;
        let lines = self
            .store()
            .read(move |tx| {
                let mut lines = Lines::new();
                let days = (
                    rows::day_of(Timestamp(window.0.0 + rows::DAY - 1)),
                    rows::day_of(window.1),
                );
                let of_days = match dimension {
                    Some(dimension) if days.0 < days.1 => {
                        if query::covers_days(tx, days, &told)? {
                            Some((dimension, None))
                        } else if dimension == rows::Dimension::Organisation && is_told {
                            Some((dimension, Some(&told)))
                        } else {
                            None
                        }
                    }
                    _ => None,
                };
                match of_days {
                    None => query::add_raw(tx, window, key, &filter, &scope, &mut lines)?,
                    Some((dimension, narrowed)) => {
                        let by = (key, dimension);
                        query::add_days(tx, days, by, &filter, narrowed, &mut lines)?;
                        for edge in [(window.0, days.0), (days.1, window.1)] {
                            if edge.0 < edge.1 {
                                query::add_raw(tx, edge, key, &filter, &scope, &mut lines)?;
                            }
                        }
                    }
                }
                Ok::<_, StoreError>(lines)
            })
            .await?;
        Ok(self.rolled_up(asked, lines))
    }

    /// Areas up to the level asked for, days to weeks and months.
    fn rolled_up(&self, asked: &Asked, lines: Lines) -> Lines {
        let city = &self.parts().city;
        let key = |key: &str| -> String {
            match asked.group {
                Group::Area => {
                    let place = key
                        .parse::<TreePath>()
                        .ok()
                        .and_then(|path| city.place_by_path(&path));
                    let at_level = place.map(|place| at_level(place, asked.level));
                    at_level.map_or_else(String::new, |path| path.to_string())
                }
                Group::Hour => moment(key, rows::DAY / 24).map_or_else(String::new, |at| {
                    at.to_string()
                }),
                Group::Day | Group::Week | Group::Month => {
                    moment(key, rows::DAY).map_or_else(String::new, |at| first_day(asked.group, at))
                }
                _ => key.to_owned(),
            }
        };
        let mut up = Lines::new();
        for (found, counts) in lines {
            let line = up.entry(key(&found)).or_insert_with(|| Box::new([0; COUNT]));
            for (sum, count) in line.iter_mut().zip(counts.iter()) {
                *sum += count;
            }
        }
        up
    }

    /// Narrows a question to one of its lines; false when there can be no such line.
    fn narrow(&self, asked: &mut Asked, key: &str) -> bool {
        let id = || key.parse::<i64>().ok().map(Id);
        let filter = &mut asked.filter;
        match asked.group {
            Group::Total => key.is_empty(),
            Group::Organisation => {
                filter.holder_id = id();
                filter.holder_id.is_some()
            }
            Group::Area => {
                filter.area = key.parse().ok();
                filter.area.is_some()
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
            Group::Hour | Group::Day | Group::Week | Group::Month => {
                let Some((from, until)) = span(asked.group, key) else {
                    return false;
                };
                asked.window = (asked.window.0.max(from), asked.window.1.min(until));
                true
            }
        }
    }

    fn line_name(
        &self,
        names: &mut crate::service::query::Names<'_>,
        group: Group,
        key: &str,
    ) -> Option<String> {
        let id = || key.parse::<i64>().ok().map(Id);
        match group {
            Group::Organisation => names.organisation(id()?).name,
            Group::Area => names.area(&key.parse().ok()?).name,
            Group::Category => names.category(id()?).name,
            _ => None,
        }
    }
}

/// The area of this level that a place lies in; the place itself where it lies in none.
fn at_level(place: crate::city::Place, level: AreaLevel) -> TreePath {
    let area = place.area_path;
    let found = match (level, place.street_path) {
        (AreaLevel::Village, Some(street)) => area
            .ancestors()
            .find(|path| path.depth() == street.depth() + 1),
        (AreaLevel::Street, street) => street,
        (AreaLevel::District, _) => place.district_path,
        _ => None,
    };
    found.unwrap_or(area)
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
        Group::Hour => Key::Hour,
        Group::Day | Group::Week | Group::Month => Key::Day,
    }
}

const fn is_of_time(group: Group) -> bool {
    matches!(
        group,
        Group::Hour | Group::Day | Group::Week | Group::Month
    )
}

/// The instant that a number of local hours or days since 1970 begins at.
fn moment(number: &str, length: i64) -> Option<Timestamp> {
    let number: i64 = number.parse().ok()?;
    Some(Timestamp(number * length - rows::AHEAD))
}

fn date_of(at: Timestamp) -> jiff::civil::Date {
    at.to_jiff().to_zoned(base::clock::china()).date()
}

/// The date that a day's week or month begins with; the day itself. ISO 8601.
fn first_day(group: Group, at: Timestamp) -> String {
    let date = date_of(at);
    let first = match group {
        Group::Week => {
            let days = i64::from(date.weekday().to_monday_zero_offset());
            date.saturating_sub(jiff::Span::new().days(days))
        }
        Group::Month => date.first_of_month(),
        _ => date,
    };
    first.to_string()
}

/// From when until when a line of time is.
fn span(group: Group, key: &str) -> Option<Window> {
    if group == Group::Hour {
        let from: Timestamp = key.parse().ok()?;
        return Some((from, from.plus_seconds(3_600)));
    }
    let first: jiff::civil::Date = key.parse().ok()?;
    let length = match group {
        Group::Week => jiff::Span::new().weeks(1),
        Group::Month => jiff::Span::new().months(1),
        _ => jiff::Span::new().days(1),
    };
    let begins = |date: jiff::civil::Date| {
        let zoned = date.to_zoned(base::clock::china()).ok()?;
        Some(Timestamp::from_jiff(zoned.timestamp()))
    };
    Some((begins(first)?, begins(first.checked_add(length).ok()?)?))
}

/// The same local time of the same date a year ago; of 29 February the 28th.
fn a_year_before(at: Timestamp) -> Timestamp {
    let zoned = at.to_jiff().to_zoned(base::clock::china());
    let before = zoned.saturating_sub(jiff::Span::new().years(1));
    Timestamp::from_jiff(before.timestamp())
}

fn cursor(text: &str) -> Option<(Timestamp, Id, i64)> {
    let mut parts = text.split('.').map(|part| part.parse::<i64>().ok());
    let found = (
        Timestamp(parts.next()??),
        Id(parts.next()??),
        parts.next()??,
    );
    parts.next().is_none().then_some(found)
}

/// The places of the measures that are answered: all, or those a role is judged by.
fn shown(role: Option<&str>) -> Vec<usize> {
    let of_role = OF_ROLES.iter().find(|(known, _)| Some(*known) == role);
    match of_role {
        None => (0..COUNT).collect(),
        Some((_, codes)) => codes
            .iter()
            .filter_map(|code| measure(code))
            .map(|(place, _)| place)
            .collect(),
    }
}

fn chosen<'a>(choices: &'a BTreeMap<String, String>, code: &str) -> Option<&'a str> {
    choices.get(code).map(String::as_str)
}

fn line_view(
    counts: &rows::Counts,
    shown: &[usize],
    choices: &BTreeMap<String, String>,
) -> LineView {
    let count = |code: &str| {
        let (place, _) = measure(code)?;
        let count = counts.get(place).copied()?;
        shown.contains(&place).then_some(count)
    };
    let measures = shown
        .iter()
        .filter_map(|place| Some((MEASURES.get(*place)?.code, *counts.get(*place)?)))
        .filter(|(_, count)| *count != 0)
        .collect();
    let rates = RATES
        .iter()
        .filter_map(|rate| {
            let first = rate.denominators.first().copied();
            let denominator = chosen(choices, rate.code).or(first)?;
            let (part, whole) = (count(rate.numerator)?, count(denominator)?);
            let value = RateValueView {
                numerator: part,
                denominator: whole,
                share: ten_thousandths(part, whole)? as f64 / 10_000.0,
            };
            Some((rate.code, value))
        })
        .collect();
    LineView {
        measures,
        rates,
        ..LineView::default()
    }
}

/// Number and stage of a report or case.
fn head(tx: &mut Tx<'_>, subject: Subject, id: Id) -> Result<(String, String), StoreError> {
    let statement = match subject {
        Subject::Report => &REPORT_HEAD,
        Subject::Case => &CASE_HEAD,
    };
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let found = tx.query_opt(statement, params![id], read)?;
    found.ok_or_else(|| StoreError::Corrupt(format!("duties of {id}, which is not there")))
}
