//! Lists of components, and what is near a place or in view: composed statements, each filter served by an index of the migrations.
//!
//! One filter drives, in a fixed order, and the others are put so that no engine takes them for an index (`+column`, `column || ''`): a
//! state that is seldom, then an organisation with its categories, then a category, then the area. Worst is what is rare in a seldom
//! state, e.g. the damaged ones of a rare category: all damaged ones are walked until a page is full.

use super::component_columns;
use super::components::read_component;
use crate::component::cell::{self, Frame};
use crate::model::{Component, ComponentState};
use base::{Id, Point, TreePath};
use std::fmt::Write as _;
use store::{AsParam, Param, Statement, StoreError, Tx};

/// Which components are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComponentFilter {
    /// In this area.
    pub area_path: Option<TreePath>,
    /// Of one of these categories (a class means all of its).
    pub category_ids: Vec<Id>,
    /// In this state.
    pub state: Option<ComponentState>,
    /// That this organisation supervises.
    pub supervisor_id: Option<Id>,
    /// That this organisation owns.
    pub owner_id: Option<Id>,
    /// That this organisation keeps in order.
    pub maintainer_id: Option<Id>,
}

/// A statement with its values.
#[derive(Debug)]
pub(crate) struct Composed {
    pub(crate) statement: Statement,
    values: Vec<Value>,
}

#[derive(Clone, Debug)]
enum Value {
    Text(String),
    Whole(i64),
    Decimal(f64),
}

impl Composed {
    /// The values in order.
    pub(crate) fn params(&self) -> Vec<Param<'_>> {
        self.values
            .iter()
            .map(|value| match value {
                Value::Text(text) => text.as_param(),
                Value::Whole(number) => number.as_param(),
                Value::Decimal(number) => number.as_param(),
            })
            .collect()
    }

    /// The rows.
    fn rows(&self, tx: &mut Tx<'_>) -> Result<Vec<Component>, StoreError> {
        tx.query(&self.statement, &self.params(), read_component)
    }
}

/// Where the last page ended: the area and id of its last row, as `path.id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentCursor {
    area_path: String,
    id: i64,
}

impl ComponentCursor {
    /// Of a row.
    pub fn of(component: &Component) -> Self {
        let path = component.area_path.as_ref().map_or("", TreePath::as_str);
        Self {
            area_path: path.to_owned(),
            id: component.id.0,
        }
    }

    /// From text on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        let (area_path, id) = text.rsplit_once('.')?;
        if !area_path.is_empty() {
            TreePath::parse(area_path).ok()?;
        }
        Some(Self {
            area_path: area_path.to_owned(),
            id: id.parse().ok()?,
        })
    }
}

impl std::fmt::Display for ComponentCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.area_path, self.id)
    }
}

/// Conditions with their values.
struct Writer {
    /// The alias that what drives is said of.
    lead: &'static str,
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Writer {
    fn new(lead: &'static str) -> Self {
        Self {
            lead,
            conditions: Vec::new(),
            values: Vec::new(),
        }
    }

    /// How a column is written that leads, or that is only looked at.
    fn column(&self, column: &str, drives: bool) -> String {
        if drives {
            format!("{}.{column}", self.lead)
        } else {
            format!("+c.{column}")
        }
    }

    fn bind(&mut self, value: Value) -> usize {
        self.values.push(value);
        self.values.len()
    }

    /// `column = value`; `drives` says whether an index may be used for it.
    fn equals(&mut self, column: &str, id: Id, drives: bool) {
        let place = self.bind(Value::Whole(id.0));
        let column = self.column(column, drives);
        self.conditions.push(format!("{column} = ?{place}"));
    }

    fn any_of(&mut self, column: &str, ids: &[Id], drives: bool) {
        if let [only] = ids {
            self.equals(column, *only, drives);
            return;
        }
        let mut list = String::new();
        for id in ids {
            let place = self.bind(Value::Whole(id.0));
            let comma = if list.is_empty() { "" } else { ", " };
            let _ = write!(list, "{comma}?{place}");
        }
        let column = self.column(column, drives);
        self.conditions.push(format!("{column} IN ({list})"));
    }

    fn state(&mut self, state: ComponentState, drives: bool) {
        let place = self.bind(Value::Text(state.as_str().to_owned()));
        let blank = if drives { "" } else { " || ''" };
        self.conditions.push(format!("c.state{blank} = ?{place}"));
    }

    /// What of the filter does not drive.
    fn rest(&mut self, filter: &ComponentFilter, driver: Driver) {
        let organisations = [
            (Driver::Maintainer, "maintainer_id", filter.maintainer_id),
            (Driver::Owner, "owner_id", filter.owner_id),
            (Driver::Supervisor, "supervisor_id", filter.supervisor_id),
        ];
        for (own, column, id) in organisations {
            if let Some(id) = id {
                self.equals(column, id, driver == own);
            }
        }
        if let Some(state) = filter.state {
            self.state(state, driver == Driver::State);
        }
        if !filter.category_ids.is_empty() {
            let drives = matches!(driver, Driver::Category | Driver::CategoryCell)
                || driver.organisation(filter).is_some();
            self.any_of("category_id", &filter.category_ids, drives);
        }
    }
}

/// Which index leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Driver {
    Maintainer,
    Owner,
    Supervisor,
    State,
    Category,
    Area,
    Cell,
    CategoryCell,
}

impl Driver {
    fn of_list(filter: &ComponentFilter) -> Self {
        let is_seldom = filter
            .state
            .is_some_and(|state| state != ComponentState::Intact);
        if is_seldom {
            Self::State
        } else if filter.maintainer_id.is_some() {
            Self::Maintainer
        } else if filter.owner_id.is_some() {
            Self::Owner
        } else if filter.supervisor_id.is_some() {
            Self::Supervisor
        } else if !filter.category_ids.is_empty() {
            Self::Category
        } else {
            Self::Area
        }
    }

    /// The column and value of the organisation that leads, if one does.
    fn organisation(self, filter: &ComponentFilter) -> Option<(&'static str, Id)> {
        let (column, id) = match self {
            Self::Maintainer => ("maintainer_id", filter.maintainer_id),
            Self::Owner => ("owner_id", filter.owner_id),
            Self::Supervisor => ("supervisor_id", filter.supervisor_id),
            _ => return None,
        };
        Some((column, id?))
    }
}

/// A page of components, by area and id.
pub(crate) fn compose_list(
    filter: &ComponentFilter,
    after: Option<&ComponentCursor>,
    limit: i64,
) -> Composed {
    compose_page(component_columns!(), filter, after, limit)
}

/// The areas and ids of such a page, which an index alone can give.
pub(crate) fn compose_keys(
    filter: &ComponentFilter,
    after: Option<&ComponentCursor>,
    limit: i64,
) -> Composed {
    compose_page("{}.area_path, {}.id", filter, after, limit)
}

/// A page of `columns`, where `{}` stands for the alias that leads. Where an organisation leads, a row of its index alone leads and the
/// rest of the row is fetched by id: else SQLite takes the index of the category for as good.
fn compose_page(
    columns: &str,
    filter: &ComponentFilter,
    after: Option<&ComponentCursor>,
    limit: i64,
) -> Composed {
    let driver = Driver::of_list(filter);
    let (lead, from, joined) = match driver.organisation(filter) {
        Some(_) => (
            "k",
            "component k CROSS JOIN component c",
            Some("c.id = k.id"),
        ),
        None => ("c", "component c", None),
    };
    let mut writer = Writer::new(lead);
    writer.conditions.extend(joined.map(str::to_owned));
    writer.rest(filter, driver);
    let range = filter.area_path.as_ref().map(TreePath::range);
    // One lower bound, not two: an engine would take the wrong one for its index. What comes before the area is not after it.
    let after = after.filter(|after| {
        range
            .as_ref()
            .is_none_or(|(from, _)| after.area_path >= *from)
    });
    if let Some((from, to)) = range {
        let to = writer.bind(Value::Text(to));
        writer.conditions.push(format!("{lead}.area_path < ?{to}"));
        if after.is_none() {
            let from = writer.bind(Value::Text(from));
            writer
                .conditions
                .push(format!("{lead}.area_path >= ?{from}"));
        }
    }
    if let Some(after) = after {
        let path = writer.bind(Value::Text(after.area_path.clone()));
        let id = writer.bind(Value::Whole(after.id));
        writer
            .conditions
            .push(format!("({lead}.area_path, {lead}.id) > (?{path}, ?{id})"));
    }
    let limit = writer.bind(Value::Whole(limit));
    let condition = if writer.conditions.is_empty() {
        String::new()
    } else {
        format!(" WHERE {}", writer.conditions.join(" AND "))
    };
    let columns = columns.replace("{}", lead);
    let text = format!(
        "SELECT {columns} FROM {from}{condition} ORDER BY {lead}.area_path, {lead}.id LIMIT ?{limit}"
    );
    Composed {
        statement: Statement::composed(text),
        values: writer.values,
    }
}

/// Components within a frame, in no order, removed ones only when asked for by state; a frame is as many ranges of cells as it has rows.
pub(crate) fn compose_frame(frame: &Frame, filter: &ComponentFilter, limit: i64) -> Composed {
    let mut writer = Writer::new("c");
    let mut rows = String::new();
    for (from, to) in frame.ranges() {
        let from = writer.bind(Value::Whole(from));
        let to = writer.bind(Value::Whole(to));
        let comma = if rows.is_empty() { "" } else { ", " };
        let _ = write!(
            rows,
            "{comma}(CAST(?{from} AS BIGINT), CAST(?{to} AS BIGINT))"
        );
    }
    let driver = if filter.category_ids.is_empty() {
        Driver::Cell
    } else {
        Driver::CategoryCell
    };
    writer.rest(filter, driver);
    if let Some(path) = &filter.area_path {
        let (from, to) = path.range();
        let from = writer.bind(Value::Text(from));
        let to = writer.bind(Value::Text(to));
        writer.conditions.push(format!(
            "c.area_path || '' >= ?{from} AND c.area_path || '' < ?{to}"
        ));
    }
    if filter.state.is_none() {
        writer.conditions.push("c.state <> 'removed'".to_owned());
    }
    let bounds = [
        ("lon >=", frame.west),
        ("lon <=", frame.east),
        ("lat >=", frame.south),
        ("lat <=", frame.north),
    ];
    for (comparison, bound) in bounds {
        let place = writer.bind(Value::Decimal(bound));
        writer.conditions.push(format!("c.{comparison} ?{place}"));
    }
    let limit = writer.bind(Value::Whole(limit));
    let text = format!(
        concat!(
            "WITH wanted (first, last) AS (VALUES {}) SELECT ",
            component_columns!(),
            " FROM wanted w CROSS JOIN component c WHERE c.cell >= w.first AND c.cell <= w.last AND {} LIMIT ?{}"
        ),
        rows,
        writer.conditions.join(" AND "),
        limit
    );
    Composed {
        statement: Statement::composed(text),
        values: writer.values,
    }
}

/// The categories of what an organisation has, found by leaping through its index.
pub(crate) fn compose_categories(column: &str, organisation_id: Id) -> Composed {
    let text = format!(
        "WITH RECURSIVE kinds (id) AS (
           SELECT MIN(c.category_id) FROM component c WHERE c.{column} = ?1
           UNION ALL
           SELECT (SELECT MIN(n.category_id) FROM component n WHERE n.{column} = ?1 AND n.category_id > k.id)
           FROM kinds k WHERE k.id IS NOT NULL
         ) SELECT id FROM kinds WHERE id IS NOT NULL"
    );
    Composed {
        statement: Statement::composed(text),
        values: vec![Value::Whole(organisation_id.0)],
    }
}

/// A page of components. Of several categories the page of each is read by its index and the pages are put together, because an
/// index has the order of lists within one category only.
pub(crate) fn components(
    tx: &mut Tx<'_>,
    filter: &ComponentFilter,
    after: Option<&ComponentCursor>,
    limit: i64,
) -> Result<Vec<Component>, StoreError> {
    let driver = Driver::of_list(filter);
    let category_ids = match driver.organisation(filter) {
        Some((column, id)) if filter.category_ids.is_empty() => {
            let found = compose_categories(column, id);
            tx.query(&found.statement, &found.params(), |row| row.get::<Id>(0))?
        }
        None if driver != Driver::Category => {
            return compose_list(filter, after, limit).rows(tx);
        }
        _ => filter.category_ids.clone(),
    };
    if let [only] = category_ids.as_slice() {
        let one = ComponentFilter {
            category_ids: vec![*only],
            ..filter.clone()
        };
        return compose_list(&one, after, limit).rows(tx);
    }
    let mut keys: Vec<(String, Id)> = Vec::new();
    for id in category_ids {
        let one = ComponentFilter {
            category_ids: vec![id],
            ..filter.clone()
        };
        let page = compose_keys(&one, after, limit);
        keys.extend(tx.query(&page.statement, &page.params(), |row| {
            Ok((row.get::<String>(0)?, row.get::<Id>(1)?))
        })?);
    }
    keys.sort_unstable();
    keys.truncate(usize::try_from(limit).unwrap_or_default());
    let mut rows = Vec::with_capacity(keys.len());
    for (_, id) in keys {
        rows.extend(super::components::component_by_id(tx, id)?);
    }
    Ok(rows)
}

/// Components within a frame, at most `limit`.
pub(crate) fn components_within(
    tx: &mut Tx<'_>,
    frame: &Frame,
    filter: &ComponentFilter,
    limit: i64,
) -> Result<Vec<Component>, StoreError> {
    compose_frame(frame, filter, limit).rows(tx)
}

/// What is near a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Near {
    /// The component.
    pub component: Component,
    /// How far its point is, metres.
    pub distance_m: f64,
}

/// The frame that nearest looks at first, metres to each side; then twice as far, until enough are found.
const FIRST_REACH_M: f64 = 100.0;
/// Rows of one look at first. Where there are more, the nearest may not be among them: then it looks less far, or takes in more.
const LOOK_ROWS: i64 = 4_000;
/// How many times as many rows are then taken in.
const LOOK_GROWTH: i64 = 8;

/// The `count` components nearest to a place within `radius_m`, the nearest first, equally far ones by id. Removed ones are left out
/// unless asked for.
pub(crate) fn nearest(
    tx: &mut Tx<'_>,
    place: Point,
    radius_m: f64,
    filter: &ComponentFilter,
    count: usize,
) -> Result<Vec<Near>, StoreError> {
    let (mut reach, mut rows_max) = (FIRST_REACH_M.min(radius_m), LOOK_ROWS);
    let mut is_shrunk = false;
    loop {
        let frame = cell::around(place, reach);
        let rows = components_within(tx, &frame, filter, rows_max)?;
        let is_cut = i64::try_from(rows.len()).is_ok_and(|found| found >= rows_max);
        if is_cut {
            if is_shrunk {
                rows_max *= LOOK_GROWTH;
            }
            (reach, is_shrunk) = (reach / 2.0, true);
            continue;
        }
        let mut near: Vec<Near> = rows
            .into_iter()
            .map(|component| Near {
                distance_m: base::geo::distance_m(place, component.point),
                component,
            })
            .filter(|near| near.distance_m <= reach)
            .collect();
        if near.len() >= count || reach >= radius_m {
            near.sort_by(|a, b| {
                a.distance_m
                    .total_cmp(&b.distance_m)
                    .then(a.component.id.cmp(&b.component.id))
            });
            near.truncate(count);
            return Ok(near);
        }
        if is_shrunk {
            // Twice as far there are more than were taken in.
            (rows_max, is_shrunk) = (rows_max * LOOK_GROWTH, false);
        }
        reach = (reach * 2.0).min(radius_m);
    }
}
