//! Components and their history, row by row.

use super::{
    COMPONENT_ADD, COMPONENT_BY_CODE, COMPONENT_BY_FORMER_CODE, COMPONENT_BY_ID, COMPONENT_SET,
    COMPONENTS_AFTER, corrupt,
};
use crate::component::cell::cell_of;
use crate::model::{Component, ComponentCode, ComponentShape, ComponentState, ComponentUnits};
use base::{Id, Point, TreePath};
use serde_json::{Map, Value};
use store::{Row, StoreError, Tx, params};

pub(super) fn read_component(row: &Row<'_>) -> Result<Component, StoreError> {
    let code = |text: String| ComponentCode::parse(&text).map_err(corrupt);
    let day = |text: Option<String>| text.map(|text| text.parse()).transpose().map_err(corrupt);
    let state: String = row.get(5)?;
    let shape: Option<String> = row.get(8)?;
    let area_path: String = row.get(9)?;
    let attributes: Option<String> = row.get(17)?;
    Ok(Component {
        id: row.get(0)?,
        code: code(row.get(1)?)?,
        former_code: row.get::<Option<String>>(2)?.map(code).transpose()?,
        name: row.get(3)?,
        category_id: row.get(4)?,
        state: ComponentState::from_text(&state)
            .ok_or_else(|| corrupt(format!("{state:?} is no state of a component")))?,
        point: Point {
            lon: row.get(6)?,
            lat: row.get(7)?,
        },
        shape: shape
            .map(|text| ComponentShape::from_stored(&text))
            .transpose()
            .map_err(corrupt)?,
        area_path: match area_path.as_str() {
            "" => None,
            path => Some(TreePath::parse(path).map_err(corrupt)?),
        },
        units: ComponentUnits {
            supervisor_id: row.get(10)?,
            owner_id: row.get(11)?,
            maintainer_id: row.get(12)?,
        },
        initial_on: day(row.get(13)?)?,
        changed_on: day(row.get(14)?)?,
        data_source: row.get(15)?,
        remark: row.get(16)?,
        attributes: match attributes {
            None => Map::new(),
            Some(text) => serde_json::from_str(&text).map_err(corrupt)?,
        },
        version: row.get(18)?,
    })
}

/// The component with this id.
pub(crate) fn component_by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Component>, StoreError> {
    tx.query_opt(&COMPONENT_BY_ID, params![id], read_component)
}

/// Components in order of id.
pub(crate) fn components_after(
    tx: &mut Tx<'_>,
    after: Id,
    limit: i64,
) -> Result<Vec<Component>, StoreError> {
    tx.query(&COMPONENTS_AFTER, params![after, limit], read_component)
}

/// The component whose code this is, or was.
pub(crate) fn component_by_code(
    tx: &mut Tx<'_>,
    code: &ComponentCode,
) -> Result<Option<Component>, StoreError> {
    let found = tx.query_opt(&COMPONENT_BY_CODE, params![code.as_str()], read_component)?;
    if found.is_some() || !code.is_former() {
        return Ok(found);
    }
    tx.query_opt(
        &COMPONENT_BY_FORMER_CODE,
        params![code.as_str()],
        read_component,
    )
}

/// The columns of a component besides its id and version, as they are bound.
struct Columns {
    shape: Option<String>,
    initial_on: Option<String>,
    changed_on: Option<String>,
    attributes: Option<String>,
    cell: i64,
}

impl Columns {
    fn of(component: &Component) -> Self {
        Self {
            shape: component.shape.as_ref().map(ComponentShape::to_stored),
            initial_on: component.initial_on.map(|day| day.to_string()),
            changed_on: component.changed_on.map(|day| day.to_string()),
            attributes: (!component.attributes.is_empty())
                .then(|| Value::Object(component.attributes.clone()).to_string()),
            cell: cell_of(component.point),
        }
    }
}

/// Enters a component.
pub(crate) fn component_add(tx: &mut Tx<'_>, component: &Component) -> Result<(), StoreError> {
    let columns = Columns::of(component);
    tx.post(
        &COMPONENT_ADD,
        params![
            component.id,
            component.code.as_str(),
            component.former_code.as_ref().map(ComponentCode::as_str),
            component.name,
            component.category_id,
            component.state.as_str(),
            component.point.lon,
            component.point.lat,
            columns.cell,
            columns.shape,
            component.area_path.as_ref().map_or("", TreePath::as_str),
            component.units.supervisor_id,
            component.units.owner_id,
            component.units.maintainer_id,
            columns.initial_on,
            columns.changed_on,
            component.data_source,
            component.remark,
            columns.attributes,
            component.version
        ],
    )
}

/// Changes a component that is at the version before `component.version`.
pub(crate) fn component_set(tx: &mut Tx<'_>, component: &Component) -> Result<(), StoreError> {
    let columns = Columns::of(component);
    tx.post_one(
        &COMPONENT_SET,
        params![
            component.id,
            component.version - 1,
            component.code.as_str(),
            component.former_code.as_ref().map(ComponentCode::as_str),
            component.name,
            component.category_id,
            component.state.as_str(),
            component.point.lon,
            component.point.lat,
            columns.cell,
            columns.shape,
            component.area_path.as_ref().map_or("", TreePath::as_str),
            component.units.supervisor_id,
            component.units.owner_id,
            component.units.maintainer_id,
            columns.initial_on,
            columns.changed_on,
            component.data_source,
            component.remark,
            columns.attributes
        ],
    )
}
