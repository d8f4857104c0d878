//! Windows of obligations added up: from the sums of whole days where they tell all that is asked, else from the obligations themselves.

use super::{AHEAD, Counts, DAY, Dimension, counts};
use crate::statistics::Marks;
use crate::statistics::ObligationKind;
use crate::statistics::measures::{COUNT, Measure, counting};
use crate::store::read::corrupt;
use ::store::{AsParam, Param, Statement, StoreError, Tx};
use access::{Scope, ScopeColumns, Via};
use base::path::TreePath;
use base::{Id, Timestamp};
use std::collections::BTreeMap;

/// What the answer has a line for each of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// One line for everything.
    Nothing,
    /// The organisation whose obligation it is.
    Organisation,
    /// The smallest known area; from sums of days the street or what lies above.
    Area,
    /// Each zone that holds the place.
    Zone,
    /// The category.
    Category,
    /// The source.
    Source,
    /// `role/id` of who did it.
    Person,
    /// The role of who did it; from sums of days `role/id`.
    Role,
    /// The number of the local hour since 1970.
    Hour,
    /// The number of the local day since 1970.
    Day,
}

/// Which obligations are added up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObligationFilter {
    /// Of this organisation and those below it.
    pub organisation: Option<TreePath>,
    /// In this area.
    pub area: Option<TreePath>,
    /// In this area and in none below it; only of obligations themselves.
    pub area_itself: Option<TreePath>,
    /// With nothing in this column; only of obligations themselves.
    pub nothing_in: Option<&'static str>,
    /// Of exactly this organisation.
    pub holder_id: Option<Id>,
    /// In this zone.
    pub zone_id: Option<Id>,
    /// Of any of these categories; empty: of all.
    pub category_ids: Vec<Id>,
    /// From this source.
    pub source: Option<String>,
    /// Done by this person.
    pub staff_id: Option<Id>,
    /// Done in this role.
    pub role: Option<String>,
}

/// Half-open: `from` is in it, `until` is not.
pub type Window = (Timestamp, Timestamp);

/// Lines by key.
pub type Lines = BTreeMap<String, Box<Counts>>;

/// Conditions with their values, whose places are counted as they are added.
#[derive(Default)]
struct Conditions<'a> {
    texts: Vec<String>,
    values: Vec<Param<'a>>,
}

impl<'a> Conditions<'a> {
    /// A condition whose `?` each stand for the next value.
    fn add(&mut self, text: &str, values: impl IntoIterator<Item = Param<'a>>) {
        let mut text = text.to_owned();
        for value in values {
            self.values.push(value);
            text = text.replacen("{}", &format!("?{}", self.values.len()), 1);
        }
        self.texts.push(text);
    }

    fn within(&mut self, column: &str, (low, high): &'a (String, String)) {
        let text = format!("{column} >= {{}} AND {column} < {{}}");
        self.add(&text, [low.as_param(), high.as_param()]);
    }

    fn text(&self) -> String {
        self.texts.join(" AND ")
    }
}

/// The zones of the case or report that an obligation is of.
const ZONED: &str = "(SELECT case_id AS subject_id, zone_id FROM case_zone UNION ALL SELECT report_id, zone_id FROM report_zone) z \
                     WHERE z.subject_id = d.subject_id";

fn raw_columns() -> ScopeColumns<'static> {
    ScopeColumns {
        area: Some(Via::Column("d.area_path")),
        organisation: Some(Via::Column("d.organisation_path")),
        zone: Some(Via::Exists {
            from: ZONED,
            column: "z.zone_id",
        }),
    }
}

fn raw_conditions<'a>(
    window: &'a Window,
    filter: &'a ObligationFilter,
    ranges: &'a Ranges,
) -> Conditions<'a> {
    let mut conditions = Conditions::default();
    conditions.add(
        "d.at >= {} AND d.at < {}",
        [window.0.as_param(), window.1.as_param()],
    );
    if let Some(range) = &ranges.organisation {
        conditions.within("d.organisation_path", range);
    }
    if let Some(range) = &ranges.area {
        conditions.within("d.area_path", range);
    }
    if let Some(path) = &filter.area_itself {
        conditions.add("d.area_path = {}", [path.as_param()]);
    }
    if let Some(column) = filter.nothing_in {
        conditions.add(&format!("d.{column} IS NULL"), []);
    }
    if let Some(id) = &filter.holder_id {
        conditions.add("d.organisation_id = {}", [id.as_param()]);
    }
    if let Some(id) = &filter.zone_id {
        conditions.add(
            &format!("EXISTS (SELECT 1 FROM {ZONED} AND z.zone_id = {{}})"),
            [id.as_param()],
        );
    }
    if !filter.category_ids.is_empty() {
        let places = vec!["{}"; filter.category_ids.len()].join(", ");
        conditions.add(
            &format!("d.category_id IN ({places})"),
            filter.category_ids.iter().map(AsParam::as_param),
        );
    }
    if let Some(source) = &filter.source {
        conditions.add("d.source = {}", [source.as_param()]);
    }
    if let Some(id) = &filter.staff_id {
        conditions.add("d.staff_id = {}", [id.as_param()]);
    }
    if let Some(role) = &filter.role {
        conditions.add("d.role = {}", [role.as_param()]);
    }
    conditions
}

/// The subtrees asked for, as ranges of paths.
struct Ranges {
    organisation: Option<(String, String)>,
    area: Option<(String, String)>,
}

impl Ranges {
    fn of(filter: &ObligationFilter) -> Self {
        Self {
            organisation: filter.organisation.as_ref().map(TreePath::range),
            area: filter.area.as_ref().map(TreePath::range),
        }
    }
}

/// Adds up the obligations themselves.
pub fn add_raw(
    tx: &mut Tx<'_>,
    window: Window,
    key: Key,
    filter: &ObligationFilter,
    scope: &Scope,
    lines: &mut Lines,
) -> Result<(), StoreError> {
    // Of zones those of cases and those of reports, one after the other: an index serves each.
    let joins: &[&str] = match key {
        Key::Zone => &[
            " JOIN case_zone k ON k.case_id = d.subject_id",
            " JOIN report_zone k ON k.report_id = d.subject_id",
        ],
        _ => &[""],
    };
    for join in joins {
        add_joined(tx, window, (key, join), filter, scope, lines)?;
    }
    Ok(())
}

fn add_joined(
    tx: &mut Tx<'_>,
    window: Window,
    (key, join): (Key, &str),
    filter: &ObligationFilter,
    scope: &Scope,
    lines: &mut Lines,
) -> Result<(), StoreError> {
    let ranges = Ranges::of(filter);
    let mut conditions = raw_conditions(&window, filter, &ranges);
    let hour = DAY / 24;
    let column = match key {
        Key::Nothing => "''".to_owned(),
        Key::Organisation => "CAST(d.organisation_id AS TEXT)".to_owned(),
        Key::Area => "d.area_path".to_owned(),
        Key::Zone => "CAST(k.zone_id AS TEXT)".to_owned(),
        Key::Category => "CAST(d.category_id AS TEXT)".to_owned(),
        Key::Source => "d.source".to_owned(),
        Key::Role => "d.role".to_owned(),
        Key::Person => "d.role || '/' || CAST(d.staff_id AS TEXT)".to_owned(),
        Key::Hour => format!("CAST((d.at + {AHEAD}) / {hour} AS TEXT)"),
        Key::Day => format!("CAST((d.at + {AHEAD}) / {DAY} AS TEXT)"),
    };
    if matches!(key, Key::Person | Key::Role) {
        conditions.add("d.staff_id IS NOT NULL", []);
    }
    let clause = scope.sql(&raw_columns(), conditions.values.len() + 1);
    let text = format!(
        "SELECT {column}, d.kind, d.marks, COUNT(*) FROM obligation d{join} WHERE {} AND {} GROUP BY 1, 2, 3",
        conditions.text(),
        clause.text()
    );
    let mut values = conditions.values;
    values.extend(clause.params());
    let counted = tx.query(&Statement::composed(text), &values, |row| {
        let word: String = row.get(1)?;
        let kind =
            ObligationKind::parse(&word).ok_or_else(|| corrupt("kind of an obligation", &word))?;
        Ok((
            row.get::<Option<String>>(0)?.unwrap_or_default(),
            kind,
            Marks(row.get(2)?),
            row.get::<i64>(3)?,
        ))
    })?;
    for (key, kind, marks, count) in counted {
        let line = lines.entry(key).or_insert_with(|| Box::new([0; COUNT]));
        for place in counting(kind, marks) {
            if let Some(sum) = line.get_mut(place) {
                *sum += count;
            }
        }
    }
    Ok(())
}

/// The dimension whose sums of days can answer; none when only the obligations themselves can. Areas below streets, zones, hours,
/// persons in any role and two things filtered at once are not in the sums.
pub fn dimension(key: Key, filter: &ObligationFilter) -> Option<Dimension> {
    let is_in_no_sum =
        filter.zone_id.is_some() || (filter.staff_id.is_some() && filter.role.is_none());
    if is_in_no_sum || matches!(key, Key::Zone | Key::Hour) {
        return None;
    }
    let of_filter = [
        (filter.organisation.is_some() || filter.holder_id.is_some())
            .then_some(Dimension::Organisation),
        (!filter.category_ids.is_empty()).then_some(Dimension::Category),
        filter.source.is_some().then_some(Dimension::Source),
        (filter.staff_id.is_some() || filter.role.is_some()).then_some(Dimension::Person),
    ];
    let of_key = match key {
        Key::Organisation => Some(Dimension::Organisation),
        Key::Category => Some(Dimension::Category),
        Key::Source => Some(Dimension::Source),
        Key::Person | Key::Role => Some(Dimension::Person),
        _ => None,
    };
    let mut wanted: Vec<Dimension> = of_filter.into_iter().flatten().chain(of_key).collect();
    wanted.sort_unstable();
    wanted.dedup();
    match wanted[..] {
        // By organisation, because there a scope can be asked for, too.
        [] => Some(Dimension::Organisation),
        [one] => Some(one),
        _ => None,
    }
}

const DAY_COLUMNS: ScopeColumns<'static> = ScopeColumns {
    area: Some(Via::Column("d.place_path")),
    organisation: Some(Via::Column("d.organisation_path")),
    zone: None,
};

/// Whether every obligation of these whole days is in the scope.
pub fn covers_days(tx: &mut Tx<'_>, window: Window, scope: &Scope) -> Result<bool, StoreError> {
    if scope.everything {
        return Ok(true);
    }
    let mut conditions = Conditions::default();
    conditions.add(
        "d.dimension = 'organisation' AND d.day >= {} AND d.day < {}",
        [window.0.as_param(), window.1.as_param()],
    );
    let clause = scope.sql(&DAY_COLUMNS, conditions.values.len() + 1);
    let text = format!(
        "SELECT d.day FROM obligation_day d WHERE {} AND NOT {} LIMIT 1",
        conditions.text(),
        clause.text()
    );
    let mut values = conditions.values;
    values.extend(clause.params());
    let outside = tx.query_opt(&Statement::composed(text), &values, |row| row.get::<i64>(0))?;
    Ok(outside.is_none())
}

/// Adds up whole days. `scope` only narrows the dimension of organisations; elsewhere it is none.
pub fn add_days(
    tx: &mut Tx<'_>,
    window: Window,
    (key, dimension): (Key, Dimension),
    filter: &ObligationFilter,
    scope: Option<&Scope>,
    lines: &mut Lines,
) -> Result<(), StoreError> {
    let ranges = Ranges::of(filter);
    let mut conditions = Conditions::default();
    let word = dimension.as_str();
    conditions.add(
        "d.dimension = {} AND d.day >= {} AND d.day < {}",
        [word.as_param(), window.0.as_param(), window.1.as_param()],
    );
    if let Some(range) = &ranges.organisation {
        conditions.within("d.organisation_path", range);
    }
    if let Some(range) = &ranges.area {
        conditions.within("d.place_path", range);
    }
    let keys: Vec<String> = filter
        .category_ids
        .iter()
        .chain(&filter.holder_id)
        .map(ToString::to_string)
        .chain(filter.source.clone())
        .collect();
    if !keys.is_empty() {
        let places = vec!["{}"; keys.len()].join(", ");
        conditions.add(
            &format!("d.key IN ({places})"),
            keys.iter().map(AsParam::as_param),
        );
    }
    let of_role = filter.role.as_ref().map(|role| match filter.staff_id {
        Some(id) => (format!("{role}/{id}"), format!("{role}/{id}/")),
        // `0` follows `/`.
        None => (format!("{role}/"), format!("{role}0")),
    });
    if let Some(range) = &of_role {
        conditions.within("d.key", range);
    }
    let column = match key {
        Key::Nothing | Key::Zone | Key::Hour => "''".to_owned(),
        Key::Area => "d.place_path".to_owned(),
        Key::Day => format!("CAST((d.day + {AHEAD}) / {DAY} AS TEXT)"),
        _ => "d.key".to_owned(),
    };
    let sums: Vec<String> = super::columns()
        .iter()
        .map(|code| format!("CAST(SUM(d.{code}) AS BIGINT)"))
        .collect();
    let clause = scope.map(|scope| scope.sql(&DAY_COLUMNS, conditions.values.len() + 1));
    let of_scope = clause
        .as_ref()
        .map_or_else(String::new, |clause| format!(" AND {}", clause.text()));
    let text = format!(
        "SELECT {column}, {} FROM obligation_day d WHERE {}{of_scope} GROUP BY 1",
        sums.join(", "),
        conditions.text()
    );
    let mut values = conditions.values;
    values.extend(clause.iter().flat_map(access::ScopeClause::params));
    let counted = tx.query(&Statement::composed(text), &values, |row| {
        Ok((row.get::<String>(0)?, counts(row, 1)?))
    })?;
    for (key, counts) in counted {
        let line = lines.entry(key).or_insert_with(|| Box::new([0; COUNT]));
        for (sum, count) in line.iter_mut().zip(counts.iter()) {
            *sum += count;
        }
    }
    Ok(())
}

/// An obligation in a list, and where the next page begins.
pub struct ObligationListed {
    /// The report or case.
    pub subject_id: Id,
    /// Its place among those of its subject.
    pub seq: i64,
    /// The obligation.
    pub row: super::ObligationRow,
}

/// The obligations that a measure counts, the latest first, after `(at, subject, seq)`.
pub fn list(
    tx: &mut Tx<'_>,
    window: Window,
    measure: &Measure,
    filter: &ObligationFilter,
    scope: &Scope,
    after: Option<(Timestamp, Id, i64)>,
    limit: i64,
) -> Result<Vec<ObligationListed>, StoreError> {
    let ranges = Ranges::of(filter);
    let mut conditions = raw_conditions(&window, filter, &ranges);
    let kind = measure.kind.as_str();
    conditions.add("d.kind = {}", [kind.as_param()]);
    let (with, without) = (measure.with.0, measure.without.0);
    conditions.add(
        "(d.marks & {}) = {} AND (d.marks & {}) = 0",
        [with.as_param(), with.as_param(), without.as_param()],
    );
    if let Some((at, subject_id, seq)) = &after {
        conditions.add(
            "(d.at < {} OR (d.at = {} AND (d.subject_id < {} OR (d.subject_id = {} AND d.seq < {}))))",
            [
                at.as_param(),
                at.as_param(),
                subject_id.as_param(),
                subject_id.as_param(),
                seq.as_param(),
            ],
        );
    }
    let clause = scope.sql(&raw_columns(), conditions.values.len() + 1);
    let text = format!(
        "SELECT d.kind, d.at, d.organisation_id, d.organisation_path, d.staff_id, d.role, d.area_path, d.street_path, \
         d.category_id, d.source, d.marks, d.subject_id, d.seq FROM obligation d WHERE {} AND {} \
         ORDER BY d.at DESC, d.subject_id DESC, d.seq DESC LIMIT ?{}",
        conditions.text(),
        clause.text(),
        conditions.values.len() + clause.params_count() + 1
    );
    let mut values = conditions.values;
    values.extend(clause.params());
    values.push(limit.as_param());
    tx.query(&Statement::composed(text), &values, |row| {
        Ok(ObligationListed {
            subject_id: row.get(11)?,
            seq: row.get(12)?,
            row: super::obligation(row)?,
        })
    })
}
