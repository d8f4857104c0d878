//! Measures and rates of a window, line by line.

use super::ask::{Asked, Group, StatisticsQuery};
use super::time::{a_year_before, first_day, moment};
use crate::failure::CaseworkError;
use crate::service::Casework;
use crate::statistics::measures::{COUNT, MEASURES, OF_ROLES, measure};
use crate::statistics::rates::{RATES, ten_thousandths};
use crate::store::statistics as rows;
use crate::store::statistics::query::{self, Key, Lines, Window};
use crate::view::statistics::{
    ChangeView, ChangesView, Direction, LineView, RateValueView, StatisticsView,
};
use ::store::StoreError;
use access::{Principal, Scope};
use base::path::TreePath;
use base::{AreaLevel, Id, Timestamp};
use std::cmp::Ordering;
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
            let of_role = (asked.group == Group::Role && !key.is_empty())
                .then(|| self::shown(Some(key)))
                .filter(|_| query.role.is_none());
            let mut line = line_view(counts, of_role.as_ref().unwrap_or(&shown), &choices);
            key.clone_into(&mut line.key);
            line
        };
        let others = |now: &LineView, other: &Option<AddedUp>| {
            let lines = &other.as_ref()?.lines;
            let counts = lines.get(&now.key).map_or([0; COUNT], |counts| **counts);
            Some(Box::new(compared(now, view(&now.key, &counts))))
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
                    line.previous = others(&line, &before);
                    line.year_before = others(&line, &year_before);
                }
                line
            })
            .collect();
        let mut total = view("", &now.total);
        let other_total =
            |other: Option<AddedUp>| Some(Box::new(compared(&total, view("", &other?.total))));
        (total.previous, total.year_before) = (other_total(before), other_total(year_before));
        Ok(StatisticsView {
            from: asked.window.0,
            until: asked.window.1,
            group: asked.group,
            average: average(&now.lines, &shown),
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
        if !matches!(asked.group, Group::Zone | Group::Person | Group::Role) {
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
                    let known = key
                        .parse::<TreePath>()
                        .ok()
                        .and_then(|path| city.place_by_path(&path));
                    // What lies above the level is a line of its own.
                    known.map_or_else(String::new, |place| {
                        let path = city.area_of_level(&place.area_path, asked.level);
                        path.unwrap_or(place.area_path).to_string()
                    })
                }
                Group::Role => key.split('/').next().unwrap_or_default().to_owned(),
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

/// What a line has on the average: every measure by the number of lines, those that count nothing, too.
fn average(lines: &Lines, shown: &[usize]) -> BTreeMap<&'static str, f64> {
    let sum = sum(lines);
    let count = i64::try_from(lines.len()).unwrap_or(i64::MAX);
    shown
        .iter()
        .filter_map(|place| Some((MEASURES.get(*place)?.code, *sum.get(*place)?)))
        .filter(|(_, counted)| *counted != 0)
        .filter_map(|(code, counted)| Some((code, share(ten_thousandths(counted, count)?))))
        .collect()
}

/// The line of another window, with what has changed since.
fn compared(now: &LineView, mut other: LineView) -> LineView {
    // Counts in whole numbers, rates in ten-thousandths, so that no difference is rounded twice.
    let change = |now: i64, then: i64, unit: f64| ChangeView {
        direction: match now.cmp(&then) {
            Ordering::Less => Direction::Fall,
            Ordering::Equal => Direction::Same,
            Ordering::Greater => Direction::Rise,
        },
        difference: (now - then) as f64 / unit,
        share: signed_ten_thousandths(now - then, then).map(share),
    };
    let count = |line: &LineView, code: &str| line.measures.get(code).copied().unwrap_or(0);
    let codes = now.measures.keys().chain(other.measures.keys());
    let measures = codes
        .map(|code| (*code, change(count(now, code), count(&other, code), 1.0)))
        .collect();
    let of = |rate: &RateValueView| ten_thousandths(rate.numerator, rate.denominator);
    let rates = now
        .rates
        .iter()
        .filter_map(|(code, rate)| {
            let (now, then) = (of(rate)?, of(other.rates.get(code)?)?);
            Some((*code, change(now, then, 10_000.0)))
        })
        .collect();
    other.change = Some(ChangesView { measures, rates });
    other
}

fn signed_ten_thousandths(part: i64, whole: i64) -> Option<i64> {
    Some(ten_thousandths(part.abs(), whole)? * part.signum())
}

fn share(ten_thousandths: i64) -> f64 {
    ten_thousandths as f64 / 10_000.0
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
                share: share(ten_thousandths(part, whole)?),
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
