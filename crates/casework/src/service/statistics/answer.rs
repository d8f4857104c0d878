//! Measures and rates of a window, line by line.

use super::ask::{Asked, Group, StatisticsQuery};
use super::time::{a_year_before, first_day, moment};
use crate::failure::CaseworkError;
use crate::service::Casework;
use crate::statistics::measures::{COUNT, MEASURES, OF_ROLES, measure};
use crate::statistics::rates::{RATES, ten_thousandths};
use crate::store::statistics as rows;
use crate::store::statistics::query::{self, Key, Lines, Window};
use crate::view::statistics::{LineView, RateValueView, StatisticsView};
use ::store::StoreError;
use access::{Principal, Scope};
use base::path::TreePath;
use base::{AreaLevel, Id, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Lines of an answer at the most.
pub(super) const LINES_MAX: usize = 2_000;

/// What a city divides its rates by, where it has chosen.
pub(super) type Choices = BTreeMap<String, String>;

/// A window added up.
struct AddedUp {
    lines: Lines,
    total: rows::Counts,
}

impl Casework {
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
        let now = self.added_up(&asked, asked.window, &scope).await?;
        let (mut before, mut year_before) = (None, None);
        if query.compare {
            let (from, until) = asked.window;
            let earlier = (Timestamp(from.0 - (until.0 - from.0)), from);
            before = Some(self.added_up(&asked, earlier, &scope).await?);
            let year_ago = (a_year_before(from), a_year_before(until));
            year_before = Some(self.added_up(&asked, year_ago, &scope).await?);
        }
        let view = |key: &str, counts: &rows::Counts| {
            let mut line = line_view(counts, &shown, &choices);
            key.clone_into(&mut line.key);
            line
        };
        let others = |other: &Option<AddedUp>, key: &str| {
            let lines = &other.as_ref()?.lines;
            let counts = lines.get(key).map_or([0; COUNT], |counts| **counts);
            Some(Box::new(view(key, &counts)))
        };
        let mut keyed: Vec<(&String, &Box<rows::Counts>)> = now.lines.iter().collect();
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
                line.name = line_name(&mut names, asked.group, key);
                // Hours and days of other windows have other names.
                if !is_of_time(asked.group) {
                    line.previous = others(&before, key);
                    line.year_before = others(&year_before, key);
                }
                line
            })
            .collect();
        let mut total = view("", &now.total);
        let other_total = |other: Option<AddedUp>| Some(Box::new(view("", &other?.total)));
        (total.previous, total.year_before) = (other_total(before), other_total(year_before));
        Ok(StatisticsView {
            from: asked.window.0,
            until: asked.window.1,
            group: asked.group,
            total,
            lines,
            is_cut,
        })
    }

    /// The lines of a window and all of them together. An obligation lies in several zones, and some were done by nobody: there the
    /// total is asked for apart.
    async fn added_up(
        &self,
        asked: &Asked,
        window: Window,
        scope: &Scope,
    ) -> Result<AddedUp, CaseworkError> {
        let lines = self.lines(asked, window, scope).await?;
        if !matches!(asked.group, Group::Zone | Group::Person) {
            return Ok(AddedUp {
                total: sum(&lines),
                lines,
            });
        }
        let whole = Asked {
            key: Key::Nothing,
            group: Group::Total,
            filter: asked.filter.clone(),
            ..*asked
        };
        let total = sum(&self.lines(&whole, window, scope).await?);
        Ok(AddedUp { lines, total })
    }

    /// Adds up a window: whole days from the sums where these tell all that is asked, the rest from the obligations.
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
            areas: scope
                .areas
                .iter()
                .filter(|path| !is_deep(path))
                .cloned()
                .collect(),
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
                Group::Hour => {
                    moment(key, rows::DAY / 24).map_or_else(String::new, |at| at.to_string())
                }
                Group::Day | Group::Week | Group::Month => {
                    moment(key, rows::DAY).map_or_else(String::new, |at| first_day(asked.group, at))
                }
                _ => key.to_owned(),
            }
        };
        let mut up = Lines::new();
        for (found, counts) in lines {
            let line = up
                .entry(key(&found))
                .or_insert_with(|| Box::new([0; COUNT]));
            add(line, &counts);
        }
        up
    }
}

fn add(sum: &mut rows::Counts, counts: &rows::Counts) {
    for (sum, count) in sum.iter_mut().zip(counts) {
        *sum += count;
    }
}

fn sum(lines: &Lines) -> rows::Counts {
    let mut sum = [0; COUNT];
    for counts in lines.values() {
        add(&mut sum, counts);
    }
    sum
}

fn line_name(
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

const fn is_of_time(group: Group) -> bool {
    matches!(group, Group::Hour | Group::Day | Group::Week | Group::Month)
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

pub(super) fn chosen<'a>(choices: &'a Choices, code: &str) -> Option<&'a str> {
    choices.get(code).map(String::as_str)
}

fn line_view(counts: &rows::Counts, shown: &[usize], choices: &Choices) -> LineView {
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
