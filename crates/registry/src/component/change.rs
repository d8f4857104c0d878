//! What a component becomes: from what was asked for to what is stored, with every wrong field at once. Nothing is read or written here
//! but what memory knows.

use super::shape::{Place, place_of};
use crate::Rulebook;
use crate::failure::RegistryError;
use crate::model::{
    Category, CategoryKind, Component, ComponentCode, ComponentState, ComponentUnits, paragraph,
};
use crate::service::Registry;
use base::geo::CoordinateSystem;
use base::{AreaLevel, FieldError, Id, Point, Timestamp, TreePath, limits};
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::ToSchema;

/// A new component.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ComponentNew {
    /// Identification code: 17 digits of GB/T 47678.5 or 16 of GB/T 30428.2. Its category's digits must be a known category's, its
    /// county's the place's.
    #[schema(value_type = String, example = "31011801001000001")]
    pub code: ComponentCode,
    /// The 16 digits it had before, where `code` has 17.
    #[schema(value_type = Option<String>)]
    pub former_code: Option<ComponentCode>,
    /// Its category's name when left out.
    pub name: Option<String>,
    /// Intact when left out.
    pub state: Option<ComponentState>,
    /// GeoJSON: Point, LineString, MultiLineString, Polygon or MultiPolygon.
    #[schema(value_type = Object)]
    pub geometry: Value,
    /// The system of the geometry's coordinates; CGCS2000 when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "cgcs2000")]
    pub coordinates: CoordinateSystem,
    /// 主管部门
    #[schema(value_type = Option<String>)]
    pub supervisor_id: Option<Id>,
    /// 权属单位
    #[schema(value_type = Option<String>)]
    pub owner_id: Option<Id>,
    /// 养护单位
    #[schema(value_type = Option<String>)]
    pub maintainer_id: Option<Id>,
    /// Day of the first survey.
    #[schema(value_type = Option<String>, format = Date)]
    pub initial_on: Option<Date>,
    /// Where the data come from, e.g. 实测.
    pub data_source: Option<String>,
    /// Remark.
    pub remark: Option<String>,
    /// What else its kind of component has: texts, numbers and truth values by name.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub attributes: Map<String, Value>,
}

/// A change: what is left out stays, what is null is taken away.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ComponentChange {
    /// A new identification code, e.g. of the next standard.
    #[schema(value_type = Option<String>)]
    pub code: Option<ComponentCode>,
    /// The code it had before.
    #[schema(value_type = Option<String>)]
    pub former_code: Option<ComponentCode>,
    /// Name.
    pub name: Option<String>,
    /// State.
    pub state: Option<ComponentState>,
    /// GeoJSON.
    #[schema(value_type = Option<Object>)]
    pub geometry: Option<Value>,
    /// The system of the geometry's coordinates; CGCS2000 when left out.
    #[schema(value_type = Option<String>)]
    pub coordinates: CoordinateSystem,
    /// 主管部门; null: none.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub supervisor_id: Option<Option<Id>>,
    /// 权属单位; null: none.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub owner_id: Option<Option<Id>>,
    /// 养护单位; null: none.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub maintainer_id: Option<Option<Id>>,
    /// Day of the first survey.
    #[schema(value_type = Option<String>, format = Date)]
    pub initial_on: Option<Date>,
    /// Day of the change; today when left out.
    #[schema(value_type = Option<String>, format = Date)]
    pub changed_on: Option<Date>,
    /// Where the data come from.
    pub data_source: Option<String>,
    /// Remark; null: none.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub remark: Option<Option<String>>,
    /// All attributes, in place of those there are.
    #[schema(value_type = Option<Object>)]
    pub attributes: Option<Map<String, Value>>,
    /// Why, for the history.
    pub reason: Option<String>,
}

/// Tells null from absent.
#[expect(
    clippy::option_option,
    reason = "absent, null and a value are three things"
)]
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// The category that a code names: of the one standard given, or of the latest standard whose categories have such codes.
pub(crate) fn category_of(
    rules: &Rulebook,
    code: &ComponentCode,
    standard_id: Option<Id>,
) -> Result<Arc<Category>, String> {
    let of_code = rules
        .standards()
        .iter()
        .filter(|standard| standard_id.is_none_or(|id| id == standard.id))
        .filter_map(|standard| {
            let category =
                rules.category_by_code(standard.id, CategoryKind::Component, code.category())?;
            (category.level > 1).then_some((standard.effective_from, category))
        });
    of_code
        .max_by_key(|(from, _)| *from)
        .map(|(_, category)| category.clone())
        .ok_or_else(|| {
            format!(
                "its digits {} are no category of components",
                code.category()
            )
        })
}

/// The deepest area of a place, if its county is the code's.
pub(crate) fn area_of(
    registry: &Registry,
    code: &ComponentCode,
    point: Point,
) -> Result<Option<TreePath>, String> {
    let Some(hit) = registry.located(point) else {
        return if registry.snapshot().areas.has_outlines() {
            Err("the place lies outside all known areas".to_owned())
        } else {
            Ok(None)
        };
    };
    // What is only likely (the nearest centre) proves nothing; the last outline on the way down does.
    let areas = registry.snapshot().areas.clone();
    let certain = areas
        .line(&hit.area.path)
        .into_iter()
        .rfind(|area| area.boundary.is_some() && area.level >= AreaLevel::District);
    if let Some(area) = certain
        && area.code.six_digits() != code.county()
    {
        return Err(format!(
            "the place lies in {} {}, the code says {}",
            area.code.six_digits(),
            area.name,
            code.county()
        ));
    }
    Ok(Some(hit.area.path.clone()))
}

/// Collects what is wrong.
#[derive(Default)]
struct Faults(Vec<FieldError>);

impl Faults {
    fn push(&mut self, field: &str, code: &'static str, message: impl Into<String>) {
        self.0.push(FieldError::new(field, code, message));
    }

    /// The value, or the fault noted.
    fn take<T>(&mut self, field: &str, code: &'static str, result: Result<T, String>) -> Option<T> {
        result
            .map_err(|message| self.push(field, code, message))
            .ok()
    }

    fn units(&mut self, registry: &Registry, units: &ComponentUnits) {
        for (field, id) in [
            ("supervisor_id", units.supervisor_id),
            ("owner_id", units.owner_id),
            ("maintainer_id", units.maintainer_id),
        ] {
            if id.is_some_and(|id| registry.organisation(id).is_none()) {
                self.push(field, "unknown_id", "there is no such organisation");
            }
        }
    }

    fn end(self) -> Result<(), RegistryError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(RegistryError::Invalid(self.0))
        }
    }
}

fn read_place(geometry: &Value, system: CoordinateSystem) -> Result<Place, String> {
    let geometry: geojson::Geometry = serde_json::from_value(geometry.clone())
        .map_err(|_| "is no GeoJSON geometry".to_owned())?;
    let place = place_of(&geometry, system).map_err(|fault| fault.to_string())?;
    if place.is_flattened {
        return Err("the outline is invalid: it crosses itself or has no extent".to_owned());
    }
    Ok(place)
}

/// Former codes have sixteen digits, and only a code of seventeen has one.
fn check_former(faults: &mut Faults, code: &ComponentCode, former: Option<&ComponentCode>) {
    if former.is_some_and(|former| !former.is_former() || code.is_former()) {
        let message = "a former code has 16 digits, and belongs to a code of 17";
        faults.push("former_code", "malformed", message);
    }
}

/// A new component, without its id.
pub(super) fn made(registry: &Registry, new: ComponentNew) -> Result<Component, RegistryError> {
    let mut faults = Faults::default();
    let rules = registry.snapshot().rules.clone();
    let category = faults.take("code", "unknown_id", category_of(&rules, &new.code, None));
    let place = faults.take(
        "geometry",
        "malformed",
        read_place(&new.geometry, new.coordinates),
    );
    let area_path = place.as_ref().and_then(|place| {
        let found = area_of(registry, &new.code, place.point);
        faults.take("geometry", "out_of_range", found)
    });
    check_former(&mut faults, &new.code, new.former_code.as_ref());
    let units = ComponentUnits {
        supervisor_id: new.supervisor_id,
        owner_id: new.owner_id,
        maintainer_id: new.maintainer_id,
    };
    faults.units(registry, &units);
    let named = new
        .name
        .clone()
        .or(category.as_ref().map(|c| c.name.clone()));
    let component = Component {
        id: Id(0),
        code: new.code,
        former_code: new.former_code,
        name: named.unwrap_or_default(),
        category_id: category.as_ref().map_or(Id(0), |category| category.id),
        state: new.state.unwrap_or(ComponentState::Intact),
        point: place
            .as_ref()
            .map_or(Point { lon: 0.0, lat: 0.0 }, |p| p.point),
        shape: place.and_then(|place| place.shape),
        area_path: area_path.flatten(),
        units,
        initial_on: new.initial_on,
        changed_on: None,
        data_source: new.data_source,
        remark: new.remark,
        attributes: new.attributes,
        version: 1,
    };
    if category.is_some()
        && let Err((field, message)) = component.check()
    {
        faults.push(field, "malformed", message);
    }
    faults.end()?;
    Ok(component)
}

/// A component as a change makes it, at the version it has. The same as before when nothing changes.
pub(super) fn applied(
    registry: &Registry,
    before: &Component,
    change: &ComponentChange,
    at: Timestamp,
) -> Result<Component, RegistryError> {
    let mut faults = Faults::default();
    let mut after = before.clone();
    if let Some(code) = &change.code {
        after.code = code.clone();
        let rules = registry.snapshot().rules.clone();
        if let Some(category) = faults.take("code", "unknown_id", category_of(&rules, code, None)) {
            after.category_id = category.id;
        }
        if code != &before.code && before.code.is_former() && !code.is_former() {
            after.former_code = Some(before.code.clone());
        }
    }
    if let Some(former) = &change.former_code {
        after.former_code = Some(former.clone());
    }
    check_former(&mut faults, &after.code, after.former_code.as_ref());
    if let Some(geometry) = &change.geometry
        && let Some(place) = faults.take(
            "geometry",
            "malformed",
            read_place(geometry, change.coordinates),
        )
    {
        (after.point, after.shape) = (place.point, place.shape);
    }
    if change.code.is_some() || change.geometry.is_some() {
        let found = area_of(registry, &after.code, after.point);
        if let Some(path) = faults.take("geometry", "out_of_range", found) {
            after.area_path = path;
        }
    }
    set(&mut after.name, change.name.as_ref());
    set(&mut after.state, change.state.as_ref());
    set(
        &mut after.units.supervisor_id,
        change.supervisor_id.as_ref(),
    );
    set(&mut after.units.owner_id, change.owner_id.as_ref());
    set(
        &mut after.units.maintainer_id,
        change.maintainer_id.as_ref(),
    );
    set(&mut after.remark, change.remark.as_ref());
    set(&mut after.attributes, change.attributes.as_ref());
    after.initial_on = change.initial_on.or(after.initial_on);
    after.data_source = change.data_source.clone().or(after.data_source);
    if after.units != before.units {
        faults.units(registry, &after.units);
    }
    if after != *before || change.changed_on.is_some() {
        after.changed_on = change.changed_on.or(Some(today(at)));
    }
    if let Err((field, message)) = after.check() {
        faults.push(field, "malformed", message);
    }
    if let Some(reason) = &change.reason
        && let Err(fault) = paragraph(reason, limits::REMARK_CHARACTERS_MAX)
    {
        faults.push("reason", "malformed", fault.to_string());
    }
    faults.end()?;
    Ok(after)
}

fn set<T: Clone>(field: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        field.clone_from(value);
    }
}

/// The day of a moment in China.
pub(crate) fn today(at: Timestamp) -> Date {
    at.to_jiff().to_zoned(base::clock::china()).date()
}

/// For each field that differs what it was and what it is.
pub(super) fn differences(before: &Component, after: &Component) -> Map<String, Value> {
    let mut changes = Map::new();
    let (mut old, mut new) = (fields(before).into_iter(), fields(after).into_iter());
    while let (Some((name, old)), Some((_, new))) = (old.next(), new.next()) {
        if old != new {
            changes.insert(name.to_owned(), Value::Array(vec![old, new]));
        }
    }
    changes
}

fn fields(component: &Component) -> [(&'static str, Value); 16] {
    use super::told;
    let shape = component.shape.as_ref().map(|shape| &*shape.0);
    [
        ("code", told(&component.code)),
        ("former_code", told(&component.former_code)),
        ("name", told(&component.name)),
        ("category_id", told(&component.category_id)),
        ("state", told(&component.state)),
        ("point", told(&component.point)),
        ("shape", told(&shape)),
        ("area_path", told(&component.area_path)),
        ("supervisor_id", told(&component.units.supervisor_id)),
        ("owner_id", told(&component.units.owner_id)),
        ("maintainer_id", told(&component.units.maintainer_id)),
        ("initial_on", told(&component.initial_on)),
        ("changed_on", told(&component.changed_on)),
        ("data_source", told(&component.data_source)),
        ("remark", told(&component.remark)),
        ("attributes", told(&component.attributes)),
    ]
}
