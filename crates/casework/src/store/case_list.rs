//! The list of cases. Keys first: the ids of a page come from one index, then only their rows are read.
//!
//! Of all conditions one *driver* is served by an index; the columns of the others stand in that index too, so that whatever does not
//! fit is passed over without touching its row. Which one drives is decided here, by what is known of cases and not of any one city:
//! nearly all are closed, so whatever speaks of open ones looks through those alone; two of street, category and source leave few;
//! critical, urgent and important ones are few. A caller who sees by several ties (an area, organisations, zones) gets the newest by each, put
//! together; so are open and ended ones, and levels, where an index keeps them apart. Conditions that shall not drive are written so that no
//! planner can use them.

use super::case_columns;
use super::case_driver::{Among, Column, Driver, Leading};
pub use super::case_filter::{
    AreaFilter, Awaited, CaseFilter, CaseMark, CaseSort, Cursor, MapBox, Tie,
};
use super::list::{Bound, Composed, Composer, SealedTitle, sealed_title, title_joins};
use super::read;
use crate::clocks::Light;
use crate::model::{Case, CaseStage, Level};
use ::store::{Statement, StoreError, Tx};
use base::path::TreePath;
use base::{Id, Point, Timestamp};
use std::cmp::Reverse;
use std::fmt::Write as _;

/// The stages of open cases, as the partial index of open cases has them.
const OPEN: &str = "c.stage <> 'closed' AND c.stage <> 'cancelled' AND c.stage <> 'merged'";
/// The stages of dropped cases, as their partial index has them.
const DROPPED: &str = "c.stage IN ('cancelled', 'merged')";

/// The list of cases that somebody sees by any of `ties`.
pub fn compose_cases(filter: &CaseFilter, ties: &[Tie], now: Timestamp) -> Composed {
    let mut composer = Composer::default();
    let keys = keys(&mut composer, filter, ties, now);
    let order = match filter.sort {
        CaseSort::Newest => "c.id DESC",
        CaseSort::Due => "c.due_at, c.id",
        CaseSort::Updated => "c.updated_at DESC, c.id DESC",
    };
    let limit = composer.place(Bound::Int(filter.limit));
    // CROSS JOIN: the keys come first, whatever a planner believes.
    let text = format!(
        "{} FROM ({keys}) k CROSS JOIN case_file c{} WHERE c.id = k.id ORDER BY {order} LIMIT {limit}",
        concat!(
            "SELECT ",
            case_columns!(),
            ", c.lead_organisation_id, w.title_sealed, c.first_report_id, p.title_sealed, c.updated_at"
        ),
        title_joins!()
    );
    Composed {
        statement: Statement::composed(text),
        values: composer.values,
    }
}

/// How many there are, up to the filter's limit.
pub fn compose_count(filter: &CaseFilter, ties: &[Tie], now: Timestamp) -> Composed {
    let mut composer = Composer::default();
    let keys = keys(&mut composer, filter, ties, now);
    let limit = composer.place(Bound::Int(filter.limit));
    Composed {
        statement: Statement::composed(format!(
            "SELECT COUNT(*) FROM (SELECT k.id FROM ({keys}) k LIMIT {limit}) n"
        )),
        values: composer.values,
    }
}

/// Where the cases of a list lie, at most the filter's limit of each tie.
pub fn compose_places(filter: &CaseFilter, ties: &[Tie], now: Timestamp) -> Composed {
    let mut composer = Composer::default();
    let keys = keys(&mut composer, filter, ties, now);
    let limit = composer.place(Bound::Int(filter.limit));
    Composed {
        statement: Statement::composed(format!(
            "SELECT c.id, c.lon, c.lat, c.level, c.stage, c.yellow_at, c.due_at FROM ({keys}) k CROSS JOIN case_file c
             WHERE c.id = k.id AND c.lon IS NOT NULL AND c.lat IS NOT NULL LIMIT {limit}"
        )),
        values: composer.values,
    }
}

fn keys(composer: &mut Composer, filter: &CaseFilter, ties: &[Tie], now: Timestamp) -> String {
    let mut parts: Vec<String> = Vec::new();
    for tie in ties {
        let area = match (&filter.area, tie) {
            (None, Tie::Area(of_tie)) => Some(of_tie),
            (Some(wanted), Tie::Area(of_tie)) => match wanted.and(of_tie) {
                None => continue,
                both => both,
            },
            (wanted, _) => wanted.as_ref(),
        };
        let driver = Driver::of(filter, area, tie);
        for part in driver.parts(filter) {
            let driver = driver.of_part(&part);
            parts.push(keys_by(composer, &part, (area, tie), driver, now));
        }
    }
    match parts.as_slice() {
        [] => "SELECT c.id AS id FROM case_file c WHERE FALSE".to_owned(),
        [one] => one.clone(),
        many => (0..)
            .zip(many)
            .map(|(n, part): (i32, &String)| format!("SELECT b{n}.id AS id FROM ({part}) b{n}"))
            .collect::<Vec<_>>()
            .join(" UNION "),
    }
}

/// The ids of a page, or of a part of it, by one tie.
fn keys_by(
    composer: &mut Composer,
    filter: &CaseFilter,
    (area, tie): (Option<&AreaFilter>, &Tie),
    driver: Driver,
    now: Timestamp,
) -> String {
    composer.conditions.clear();
    let from = from_of(composer, filter, (area, tie), driver);
    // What stands beside an organisation's cases was asked for there.
    let stands_beside = matches!(driver, Driver::Organisation(_));
    match area.filter(|_| !stands_beside) {
        None => {}
        Some(AreaFilter::Street(street)) => {
            column(composer, driver, Column::Street, street.as_str());
        }
        Some(AreaFilter::Within {
            village: Some(village),
            area,
            ..
        }) if driver == Driver::Village => {
            composer.text("c.village_path", village.as_str());
            if area != village {
                composer.within("c.area_path", area);
            }
        }
        Some(AreaFilter::Within { street, area, .. }) => {
            column(composer, driver, Column::Street, street.as_str());
            composer.within("c.area_path", area);
        }
        Some(AreaFilter::Above(path)) => composer.within("c.area_path", path),
    }
    if let Some(category) = filter.category_id.filter(|_| !stands_beside) {
        let name = if driver.is_by(Column::Category) {
            "c.category_id"
        } else {
            "c.category_id + 0"
        };
        composer.equals(name, Bound::Int(category.0));
    }
    if let Some(source) = filter.source.as_ref().filter(|_| !stands_beside) {
        column(composer, driver, Column::Source, source);
    }
    for mark in &filter.marks {
        let column = mark.column();
        // So written that the index of important ones, which are many, serves it only when it drives.
        let is_important = *mark == CaseMark::Important;
        if is_important && stands_beside {
            continue;
        }
        let is_beside = is_important && !matches!(driver, Driver::Important(_));
        composer.conditions.push(if is_beside {
            format!("COALESCE({column}, FALSE)")
        } else {
            column.to_owned()
        });
    }
    if let Some((within, _)) = &filter.within {
        lying_within(composer, within, driver == Driver::Place);
    }
    stages(composer, filter, driver);
    if let Some(wanted) = &filter.awaited {
        awaited(composer, wanted);
    }
    if let Some(level) = filter.level.filter(|_| !stands_beside) {
        if driver == Driver::Level {
            composer.conditions.push("c.level <> 'normal'".to_owned());
        }
        let name = match driver {
            Driver::Level | Driver::Dropped(_) => "c.level",
            _ => "COALESCE(c.level, '')",
        };
        composer.text(name, level.as_str());
    }
    if let Some(light) = filter.light {
        let place = composer.place(Bound::Int(now.0));
        composer.conditions.push(match light {
            Light::Red => format!("c.due_at < {place}"),
            Light::Yellow => format!("c.due_at >= {place} AND c.yellow_at <= {place}"),
            Light::Green => format!("c.due_at >= {place} AND c.yellow_at > {place}"),
        });
    }
    let key = match driver {
        Driver::Watched => "v.case_id",
        Driver::Organisation(_) | Driver::Zone => "d.case_id",
        // Else a time of entry beside it would be taken for the better way in, and a quarter has more cases than a day.
        Driver::Number | Driver::Holder | Driver::Place | Driver::Sorted(_) => "c.id + 0",
        _ => "c.id",
    };
    entered(composer, filter, key);
    let order = ordered(composer, filter, key, driver);
    let limit = composer.place(Bound::Int(filter.limit));
    let condition = composer.condition();
    // Most is said of the tie (`d.`) alone; then no case is read.
    let asks_case = condition.contains("c.") || order.contains("c.");
    if let (Driver::Organisation(_), false) = (driver, asks_case) {
        return format!(
            "SELECT d.case_id AS id FROM case_organisation d WHERE {condition} ORDER BY {order} LIMIT {limit}"
        );
    }
    let joined = ["", "c.id = d.case_id AND "];
    let joined = joined[usize::from(matches!(driver, Driver::Organisation(_)))];
    format!(
        "SELECT c.id AS id FROM {from} WHERE {joined}{condition} ORDER BY {order} LIMIT {limit}"
    )
}

/// A text column, so written that its index serves it only when it drives.
fn column(composer: &mut Composer, driver: Driver, column: Column, value: &str) {
    let name = match (column, driver.is_by(column)) {
        (Column::Street, true) => "c.street_path",
        (Column::Street, false) => "COALESCE(c.street_path, '')",
        (_, true) => "c.source",
        (_, false) => "COALESCE(c.source, '')",
    };
    composer.text(name, value);
}

/// Lying in a box, so written that its index serves it only when it drives.
fn lying_within(composer: &mut Composer, within: &MapBox, drives: bool) {
    for (column, least, greatest) in [
        ("c.lon", within.west, within.east),
        ("c.lat", within.south, within.north),
    ] {
        let name = [format!("{column} + 0"), column.to_owned()];
        let name = &name[usize::from(drives)];
        let least = composer.place(Bound::Real(least));
        let greatest = composer.place(Bound::Real(greatest));
        composer
            .conditions
            .push(format!("{name} >= {least} AND {name} <= {greatest}"));
    }
}

/// Where to look, with the conditions of organisations, zones, watchers, holders, number.
fn from_of(
    composer: &mut Composer,
    filter: &CaseFilter,
    (area, tie): (Option<&AreaFilter>, &Tie),
    driver: Driver,
) -> &'static str {
    let mut from = "case_file c";
    let mut organisations: Vec<(&TreePath, bool)> = Vec::new();
    let mut zones: Vec<Id> = filter.zone_id.into_iter().collect();
    match tie {
        Tie::Organisation { path, has_few } => organisations.push((path, *has_few)),
        Tie::Zone(id) => zones.push(*id),
        Tie::Everything | Tie::Area(_) => {}
    }
    organisations.extend(filter.organisation.iter().map(|(path, few)| (path, *few)));
    // The one with few drives; of two, the one further down.
    organisations.sort_by_key(|(path, has_few)| (!has_few, Reverse(path.depth())));
    for (n, (path, _)) in organisations.into_iter().enumerate() {
        let place = composer.place(Bound::Text(path.to_string()));
        if let (Driver::Organisation(among), 0) = (driver, n) {
            from = "case_organisation d CROSS JOIN case_file c";
            let conditions = among.conditions(filter);
            let narrowed = narrowed(composer, filter, area, among);
            composer.conditions.push(format!(
                "d.organisation_path = {place}{conditions}{narrowed}"
            ));
            continue;
        }
        // Looked up for each case: not with EXISTS, which a planner may turn into a join and begin with.
        composer.conditions.push(format!(
            "(SELECT 1 FROM case_organisation o WHERE o.case_id = c.id AND o.organisation_path = {place}) IS NOT NULL"
        ));
    }
    for (n, zone) in zones.into_iter().enumerate() {
        let place = composer.place(Bound::Int(zone.0));
        composer.conditions.push(if (driver, n) == (Driver::Zone, 0) {
            from = "case_zone d CROSS JOIN case_file c";
            format!("d.zone_id = {place} AND c.id = d.case_id")
        } else {
            format!(
                "(SELECT 1 FROM case_zone z WHERE z.case_id = c.id AND z.zone_id = {place}) IS NOT NULL"
            )
        });
    }
    if let Some(account) = filter.watched_by {
        let place = composer.place(Bound::Int(account.0));
        from = "case_watch v CROSS JOIN case_file c";
        composer
            .conditions
            .push(format!("v.account_id = {place} AND c.id = v.case_id"));
    }
    if !filter.held_by.is_empty() {
        let ranges = held_ranges(composer, &filter.held_by);
        let state = filter.held_state.map_or_else(String::new, |state| {
            let place = composer.place(Bound::Text(state.as_str().to_owned()));
            format!(" AND t.state = {place}")
        });
        composer.conditions.push(format!(
            "c.id IN (SELECT t.case_id FROM task t WHERE t.state IN ('assigned', 'accepted'){state} AND ({ranges}))"
        ));
    }
    if !filter.not_held_by.is_empty() {
        let ranges = held_ranges(composer, &filter.not_held_by);
        composer.conditions.push(format!(
            "c.id NOT IN (SELECT t.case_id FROM task t WHERE t.state IN ('assigned', 'accepted') AND t.case_id IS NOT NULL AND ({ranges}))"
        ));
    }
    if let Some(case_no) = &filter.case_no {
        composer.begins("c.case_no", case_no);
    }
    from
}

/// Tasks held by any of these organisations or by one below it.
fn held_ranges(composer: &mut Composer, held_by: &[TreePath]) -> String {
    let ranges: Vec<String> = (held_by.iter())
        .map(|path| format!("({})", composer.range("t.organisation_path", path.range())))
        .collect();
    ranges.join(" OR ")
}

/// Open, and standing where a desk is awaited; or elsewhere.
fn awaited(composer: &mut Composer, (is_there, places): &(bool, Vec<Awaited>)) {
    let conditions: Vec<String> = places
        .iter()
        .map(|place| {
            let mut bind = |text: &str| composer.place(Bound::Text(text.to_owned()));
            let stage = bind(place.stage.as_str());
            let codes: Vec<String> = place.processes.iter().map(|code| bind(code)).collect();
            let lead = if place.without_lead {
                " AND c.lead_organisation_id IS NULL"
            } else {
                ""
            };
            format!(
                "(c.stage = {stage}{lead} AND c.process_code IN ({}))",
                codes.join(", ")
            )
        })
        .collect();
    composer
        .conditions
        .push(match (is_there, conditions.as_slice()) {
            (true, []) => "FALSE".to_owned(),
            (false, []) => "TRUE".to_owned(),
            (true, many) => format!("({})", many.join(" OR ")),
            (false, many) => format!("NOT ({})", many.join(" OR ")),
        });
}

/// What the index of an organisation's cases knows of them: said here once more, so that no row is read that does not fit.
fn narrowed(
    composer: &mut Composer,
    filter: &CaseFilter,
    area: Option<&AreaFilter>,
    among: Among,
) -> String {
    let mut text = String::new();
    let mut add = |column: &str, bound: Bound| {
        let place = composer.place(bound);
        let _ = write!(text, " AND {column} = {place}");
    };
    let leading = Leading::of(filter, area, among);
    if let Some(category) = filter.category_id {
        let leads = leading.has(Column::Category);
        let name = ["d.category_id + 0", "d.category_id"][usize::from(leads)];
        add(name, Bound::Int(category.0));
    }
    if let Some(source) = &filter.source {
        let leads = leading.has(Column::Source);
        let name = ["COALESCE(d.source, '')", "d.source"][usize::from(leads)];
        add(name, Bound::Text(source.clone()));
    }
    if let Some(level) = filter.level {
        add("d.level", Bound::Text(level.as_str().to_owned()));
    }
    let Some(area) = area else {
        return text;
    };
    let led_by = match area {
        AreaFilter::Within {
            village: Some(village),
            ..
        } if leading == Leading::Village => Some(("d.village_path", village)),
        AreaFilter::Street(street) | AreaFilter::Within { street, .. }
            if leading.has(Column::Street) =>
        {
            Some(("d.street_path", street))
        }
        _ => None,
    };
    if let Some((column, path)) = led_by {
        add(column, Bound::Text(path.to_string()));
        if path == area.path() {
            return text;
        }
    }
    let range = composer.range("COALESCE(d.area_path, '')", area.path().range());
    let _ = write!(text, " AND {range}");
    text
}

fn stages(composer: &mut Composer, filter: &CaseFilter, driver: Driver) {
    // The very words of the partial indexes, which the planner must find in the question.
    match driver {
        _ if !filter.is_open() => {}
        Driver::Organisation(_) => {}
        Driver::Open | Driver::Sorted(_) => composer.conditions.push(OPEN.to_owned()),
        // Few are found by these, far fewer than are open: the indexes of open ones shall not serve.
        _ => {
            let open = OPEN.replace("c.stage", "COALESCE(c.stage, '')");
            composer.conditions.push(open);
        }
    }
    if let Driver::Dropped(_) = driver {
        composer.conditions.push(DROPPED.to_owned());
    }
    let is_said = match driver {
        Driver::Organisation(among) => among.says(&filter.stages),
        _ => filter.stages.is_empty(),
    };
    if is_said {
        return;
    }
    let places: Vec<String> = filter
        .stages
        .iter()
        .map(|stage| composer.place(Bound::Text(stage.as_str().to_owned())))
        .collect();
    composer.conditions.push(match places.as_slice() {
        [one] => format!("c.stage = {one}"),
        many => format!("c.stage IN ({})", many.join(", ")),
    });
}

/// Ids carry the time they were made at.
fn entered(composer: &mut Composer, filter: &CaseFilter, key: &str) {
    for (at, compare) in [(filter.accepted_from, ">="), (filter.accepted_to, "<")] {
        if let Some(at) = at {
            let place = composer.place(Bound::Int(Id::first_at(at).0));
            composer.conditions.push(format!("{key} {compare} {place}"));
        }
    }
}

fn ordered(composer: &mut Composer, filter: &CaseFilter, key: &str, driver: Driver) -> String {
    // Elsewhere few are found and sorted: the order must not tempt a planner to begin with its index.
    let last = ["c.id + 0", "c.id"][usize::from(matches!(driver, Driver::Sorted(_)))];
    match filter.sort {
        CaseSort::Newest => {
            if let Some(after) = filter.after {
                let place = composer.place(Bound::Int(after.id.0));
                composer.conditions.push(format!("{key} < {place}"));
            }
            // Few are found: they are sorted. `+ 0` keeps the planner from walking through all cases instead, newest first.
            match driver {
                Driver::Number | Driver::Holder | Driver::Place | Driver::Marked => {
                    "c.id + 0 DESC".to_owned()
                }
                _ => format!("{key} DESC"),
            }
        }
        CaseSort::Due => {
            composer.conditions.push("c.due_at IS NOT NULL".to_owned());
            if let Some(after) = filter.after {
                let due = composer.place(Bound::Int(after.at.0));
                let id = composer.place(Bound::Int(after.id.0));
                composer.conditions.push(format!(
                    "c.due_at >= {due} AND (c.due_at > {due} OR c.id > {id})"
                ));
            }
            format!("c.due_at, {last}")
        }
        CaseSort::Updated => {
            if let Some(after) = filter.after {
                let at = composer.place(Bound::Int(after.at.0));
                let id = composer.place(Bound::Int(after.id.0));
                composer.conditions.push(format!(
                    "c.updated_at <= {at} AND (c.updated_at < {at} OR c.id < {id})"
                ));
            }
            format!("c.updated_at DESC, {last} DESC")
        }
    }
}

/// A case as listed: without its tasks.
#[derive(Clone, Debug)]
pub struct CaseRow {
    /// Its state without tasks.
    pub case: Case,
    /// Its sealed title.
    pub title: Option<SealedTitle>,
    /// The lead's organisation.
    pub lead_organisation_id: Option<Id>,
    /// When it changed last.
    pub updated_at: Timestamp,
}

/// Runs the list.
pub fn cases(tx: &mut Tx<'_>, list: &Composed) -> Result<Vec<CaseRow>, StoreError> {
    tx.query(&list.statement, &list.params(), |row| {
        Ok(CaseRow {
            case: read::case(row)?,
            lead_organisation_id: row.get(31)?,
            title: sealed_title(row, 32)?,
            updated_at: row.get(35)?,
        })
    })
}

/// Where a case lies, and what its dot shows.
#[derive(Clone, Debug)]
pub struct CasePlace {
    /// The case.
    pub id: Id,
    /// Where.
    pub point: Point,
    /// How urgent.
    pub level: Level,
    /// What the clock of its stage shows; none when none runs.
    pub light: Option<Light>,
}

/// Runs [`compose_places`].
pub fn places(
    tx: &mut Tx<'_>,
    list: &Composed,
    now: Timestamp,
) -> Result<Vec<CasePlace>, StoreError> {
    tx.query(&list.statement, &list.params(), |row| {
        let clock: Option<(Timestamp, Timestamp)> =
            row.get::<Option<_>>(5)?.zip(row.get::<Option<_>>(6)?);
        let runs = row.get::<CaseStage>(4)?.is_open();
        let light = |(yellow_at, due_at)| {
            if now > due_at {
                Light::Red
            } else if now >= yellow_at {
                Light::Yellow
            } else {
                Light::Green
            }
        };
        Ok(CasePlace {
            id: row.get(0)?,
            point: Point {
                lon: row.get(1)?,
                lat: row.get(2)?,
            },
            level: row.get(3)?,
            light: clock.filter(|_| runs).map(light),
        })
    })
}

#[cfg(test)]
#[path = "case_list_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "case_list_index_tests.rs"]
mod index_tests;

#[cfg(test)]
#[path = "case_list_found_tests.rs"]
mod found_tests;
