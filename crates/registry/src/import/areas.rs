//! Areas from a table: code, name, and where given parent, level and a point.

use super::{Change, Plan};
use crate::AreaTree;
use crate::boundary::is_in_china;
use crate::failure::RegistryError;
use crate::model::{Area, level_from_text, level_text};
use base::geo::{CoordinateSystem, Point, distance_m, to_cgcs2000};
use base::{AreaCode, AreaLevel, Id};
use std::collections::HashMap;
use std::sync::Arc;
use table::{Report, Row, RowError, Table};

const CODE: &[&str] = &[
    "code",
    "village_code",
    "area_code",
    "代码",
    "区划代码",
    "编码",
    "统计用区划代码",
    "网格编码",
];
const NAME: &[&str] = &[
    "name",
    "village_name",
    "area_name",
    "名称",
    "区划名称",
    "单位名称",
    "网格名称",
];
const PARENT: &[&str] = &[
    "parent_code",
    "street_code",
    "上级代码",
    "上级区划代码",
    "所属区划代码",
];
const LEVEL: &[&str] = &["level", "级别", "层级"];
/// Column names of longitude and latitude; with one of the suffixes of [`SUFFIXES`] they say their system.
const LONGITUDE: &[&str] = &["lon", "lng", "longitude", "经度"];
const LATITUDE: &[&str] = &["lat", "lat", "latitude", "纬度"];
pub(crate) const SUFFIXES: &[(&str, Option<CoordinateSystem>)] = &[
    ("_gcj02", Some(CoordinateSystem::Gcj02)),
    ("_wgs84", Some(CoordinateSystem::Wgs84)),
    ("_cgcs2000", Some(CoordinateSystem::Cgcs2000)),
    ("_bd09", Some(CoordinateSystem::Bd09)),
    ("", None),
];

/// How an area table is to be read.
#[derive(Clone, Debug, PartialEq)]
pub struct AreaImport {
    /// Plan and report, write nothing.
    pub dry_run: bool,
    /// The system of coordinate columns whose name does not say it.
    pub coordinates: CoordinateSystem,
    /// The area to put rows under that name no parent and whose code's digits lead to none.
    pub parent: Option<AreaParent>,
    /// How far a point may be from its parent, metres.
    pub distance_max_m: f64,
}

impl Default for AreaImport {
    /// For real: CGCS2000, no parent, 50 km.
    fn default() -> Self {
        Self {
            dry_run: false,
            coordinates: CoordinateSystem::Cgcs2000,
            parent: None,
            distance_max_m: 50_000.0,
        }
    }
}

/// The area above those of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AreaParent {
    /// Its code.
    pub code: AreaCode,
    /// Its name; with it the area is made when it is not there yet.
    pub name: Option<String>,
}

/// A row that can be read, before it is known where it belongs.
struct Draft<'a> {
    row: Row<'a>,
    code: AreaCode,
    name: &'a str,
    level: AreaLevel,
    parent_code: Option<AreaCode>,
    centre: Option<Point>,
}

/// Areas as they will be when the plan is carried out.
pub(super) struct Planner<'a> {
    tree: &'a AreaTree,
    planned: HashMap<AreaCode, Arc<Area>>,
    by_id: HashMap<Id, AreaCode>,
    /// The last number given under each parent.
    numbers: HashMap<Option<Id>, u32>,
    next_id: &'a mut dyn FnMut() -> Id,
    pub(super) changes: Vec<Change>,
}

/// Plans an import.
pub(crate) fn plan(
    tree: &AreaTree,
    table: &Table,
    options: &AreaImport,
    next_id: &mut dyn FnMut() -> Id,
) -> Result<Plan, RegistryError> {
    table.require(&[CODE, NAME])?;
    let mut planner = Planner::new(tree, next_id);
    let parent = options
        .parent
        .as_ref()
        .map(|parent| planner.parent(parent))
        .transpose()?;
    let mut report = Report {
        read: table.len() as u64,
        ..Report::default()
    };
    let mut drafts = Vec::new();
    let mut seen: HashMap<AreaCode, u64> = HashMap::new();
    for row in table.rows() {
        let draft = row
            .and_then(|row| draft(row, options.coordinates))
            .and_then(|draft| match seen.insert(draft.code, draft.row.number()) {
                Some(first) => {
                    seen.insert(draft.code, first);
                    Err(draft
                        .row
                        .error_in(CODE, &format!("`{}` is in row {first} already", draft.code)))
                }
                None => Ok(draft),
            });
        match draft {
            Ok(draft) => drafts.push(draft),
            Err(error) => report.reject(error),
        }
    }
    // Parents before children, whatever their order in the file.
    drafts.sort_by_key(|draft| draft.level);
    for draft in drafts {
        match planner.take(&draft, parent.as_deref(), options.distance_max_m) {
            Ok(true) => report.stored += 1,
            Ok(false) => report.unchanged += 1,
            Err(error) => report.reject(error),
        }
    }
    report.rejected.sort_by_key(|error| error.row);
    Ok(Plan {
        changes: planner.changes,
        report,
    })
}

fn draft(row: Row<'_>, coordinates: CoordinateSystem) -> Result<Draft<'_>, RowError> {
    let read_code = |columns: &[&str], text: &str| {
        AreaCode::parse(text).map_err(|fault| row.error_in(columns, &format!("`{text}`: {fault}")))
    };
    let code = read_code(CODE, row.required(CODE)?)?;
    let level = match row.any(LEVEL) {
        None => code.level(),
        Some(text) => level_from_text(text)
            .ok_or_else(|| row.error_in(LEVEL, &format!("`{text}` is no level of area")))?,
    };
    Ok(Draft {
        row,
        code,
        name: row.required(NAME)?,
        level,
        parent_code: row
            .any(PARENT)
            .map(|text| read_code(PARENT, text))
            .transpose()?,
        centre: centre(&row, coordinates)?,
    })
}

/// The point of a row, in CGCS2000; both coordinates or neither.
pub(crate) fn centre(row: &Row<'_>, default: CoordinateSystem) -> Result<Option<Point>, RowError> {
    for (suffix, system) in SUFFIXES {
        let named = |bases: &[&str]| {
            bases
                .iter()
                .map(|base| format!("{base}{suffix}"))
                .collect::<Vec<_>>()
        };
        let (lon_names, lat_names) = (named(LONGITUDE), named(LATITUDE));
        let lon_names: Vec<&str> = lon_names.iter().map(String::as_str).collect();
        let lat_names: Vec<&str> = lat_names.iter().map(String::as_str).collect();
        match (row.decimal(&lon_names)?, row.decimal(&lat_names)?) {
            (None, None) => {}
            (Some(_), None) => {
                return Err(row.error_in(&lat_names, "is empty while the longitude is not"));
            }
            (None, Some(_)) => {
                return Err(row.error_in(&lon_names, "is empty while the latitude is not"));
            }
            (Some(lon), Some(lat)) => {
                let given = Point::new(lon, lat)
                    .map_err(|fault| row.error_in(&lon_names, &fault.to_string()))?;
                let point = to_cgcs2000(system.unwrap_or(default), given);
                if !is_in_china(point) {
                    let reason = format!(
                        "({lon}, {lat}) is not in China; are longitude and latitude swapped?"
                    );
                    return Err(row.error_in(&lon_names, &reason));
                }
                return Ok(Some(point));
            }
        }
    }
    Ok(None)
}

impl<'a> Planner<'a> {
    pub(super) fn new(tree: &'a AreaTree, next_id: &'a mut dyn FnMut() -> Id) -> Self {
        Self {
            tree,
            planned: HashMap::new(),
            by_id: HashMap::new(),
            numbers: HashMap::new(),
            next_id,
            changes: Vec::new(),
        }
    }

    /// An area in force as it will be.
    pub(super) fn find(&self, code: AreaCode) -> Option<Arc<Area>> {
        self.planned
            .get(&code)
            .or_else(|| self.tree.by_code(code))
            .cloned()
    }

    fn find_by_id(&self, id: Id) -> Option<Arc<Area>> {
        match self.by_id.get(&id) {
            Some(code) => self.find(*code),
            None => self.tree.by_id(id).cloned(),
        }
    }

    /// The parent that the options name, made if it is named and not there.
    pub(super) fn parent(&mut self, parent: &AreaParent) -> Result<Arc<Area>, RegistryError> {
        if let Some(area) = self.find(parent.code) {
            return Ok(area);
        }
        let Some(name) = &parent.name else {
            return Err(RegistryError::invalid(
                "parent_code",
                "unknown_id",
                format!(
                    "there is no area {}; give its name too and it will be made",
                    parent.code
                ),
            ));
        };
        let above = self.by_digits(parent.code);
        self.make(
            parent.code,
            name,
            parent.code.level(),
            above.as_deref(),
            |_| (),
        )
        .map_err(|reason| RegistryError::invalid("parent_name", "malformed", reason))
    }

    /// The nearest area above a code by its digits, if there is one.
    pub(super) fn by_digits(&self, code: AreaCode) -> Option<Arc<Area>> {
        let mut above = code.parent_code();
        while let Some(code) = above {
            if let Some(area) = self.find(code) {
                return Some(area);
            }
            above = code.parent_code();
        }
        None
    }

    /// Plans a new area under `parent`; `complete` adds what else is known of it.
    pub(super) fn make(
        &mut self,
        code: AreaCode,
        name: &str,
        level: AreaLevel,
        parent: Option<&Area>,
        complete: impl FnOnce(&mut Area),
    ) -> Result<Arc<Area>, String> {
        let parent_id = parent.map(|parent| parent.id);
        let tree = self.tree;
        if let Some(ended) = tree.by_code_ever(code).filter(|area| !area.is_in_force()) {
            let day = ended.effective_to.map(|day| day.to_string());
            return Err(format!(
                "`{code}` was {} until {}; a code is not given again",
                ended.name,
                day.unwrap_or_default()
            ));
        }
        let last = self.numbers.entry(parent_id).or_insert_with(|| {
            tree.children_ever(parent_id)
                .map(|child| child.path.number())
                .max()
                .unwrap_or(0)
        });
        let number = *last + 1;
        let path = match parent {
            Some(parent) => parent.path.child(number),
            None => base::TreePath::root(number),
        };
        let mut area = Area {
            id: Id(0),
            code,
            name: name.to_owned(),
            level,
            parent_id,
            path: path.map_err(|fault| fault.to_string())?,
            centre: None,
            boundary: None,
            effective_from: None,
            effective_to: None,
            succeeds: Box::default(),
            former_names: Box::default(),
            version: 1,
        };
        complete(&mut area);
        area.check(parent).map_err(|fault| fault.to_string())?;
        area.id = (self.next_id)();
        *last = number;
        self.changes.push(Change::AreaAdd(area.clone()));
        Ok(self.remember(area))
    }

    /// Plans a change of an area that is there; `area` has the new values and the old version.
    pub(super) fn change(&mut self, before: Arc<Area>, mut area: Area) {
        area.version += 1;
        self.changes.push(Change::AreaSet(before, area.clone()));
        self.remember(area);
    }

    fn remember(&mut self, area: Area) -> Arc<Area> {
        let area = Arc::new(area);
        self.by_id.insert(area.id, area.code);
        self.planned.insert(area.code, area.clone());
        area
    }

    /// How far a point is from the nearest area above that has a place; zero within its outline.
    pub(super) fn distance_from(&self, parent: &Area, point: Point) -> Option<(f64, Arc<Area>)> {
        let mut above = Some(Arc::new(parent.clone()));
        while let Some(area) = above {
            if let Some(boundary) = &area.boundary
                && boundary.holds(point)
            {
                return Some((0.0, area));
            }
            let place = area.centre.or_else(|| area.boundary.as_ref()?.middle());
            if let Some(place) = place {
                return Some((distance_m(place, point), area));
            }
            above = area.parent_id.and_then(|id| self.find_by_id(id));
        }
        None
    }

    /// Plans a row. Says whether it changes anything.
    fn take(
        &mut self,
        draft: &Draft<'_>,
        default_parent: Option<&Area>,
        distance_max_m: f64,
    ) -> Result<bool, RowError> {
        let row = &draft.row;
        let parent = self.parent_of(draft, default_parent)?;
        let present = self.find(draft.code);
        if let Some(present) = &present
            && present.parent_id != parent.as_ref().map(|parent| parent.id)
        {
            let there = present.parent_id.and_then(|id| self.find_by_id(id));
            let there = there.map_or("the top".to_owned(), |area| {
                format!("{} {}", area.code, area.name)
            });
            return Err(row.error_in(
                PARENT,
                &format!(
                    "`{}` lies under {there}; an import does not move it",
                    draft.code
                ),
            ));
        }
        if let (Some(point), Some(parent)) = (draft.centre, &parent)
            && let Some((distance, above)) = self.distance_from(parent, point)
            && distance > distance_max_m
        {
            let reason = format!(
                "the point is {:.0} km from {} {}; {:.0} km is the most",
                distance / 1000.0,
                above.code,
                above.name,
                distance_max_m / 1000.0
            );
            let columns: Vec<String> = SUFFIXES
                .iter()
                .flat_map(|(suffix, _)| LONGITUDE.iter().map(move |base| format!("{base}{suffix}")))
                .collect();
            return Err(row.error_in(
                &columns.iter().map(String::as_str).collect::<Vec<_>>(),
                &reason,
            ));
        }
        let Some(present) = present else {
            let made = self.make(
                draft.code,
                draft.name,
                draft.level,
                parent.as_deref(),
                |area| {
                    area.centre = draft.centre;
                },
            );
            return made
                .map(|_| true)
                .map_err(|reason| row.error_in(CODE, &reason));
        };
        let mut wanted = (*present).clone();
        draft.name.clone_into(&mut wanted.name);
        wanted.centre = draft.centre.or(wanted.centre);
        if present.level != draft.level {
            let reason = format!(
                "is a {}, not a {}",
                level_text(present.level),
                level_text(draft.level)
            );
            return Err(row.error_in(LEVEL, &reason));
        }
        wanted
            .check(parent.as_deref())
            .map_err(|fault| row.error_in(NAME, &fault.to_string()))?;
        let is_news = wanted != *present;
        if is_news {
            self.change(present, wanted);
        }
        Ok(is_news)
    }

    /// Where a row belongs: under the parent it names; else by the digits of its code; else where the options say; else at the
    /// top, if it is a district or larger.
    fn parent_of(
        &self,
        draft: &Draft<'_>,
        default: Option<&Area>,
    ) -> Result<Option<Arc<Area>>, RowError> {
        if let Some(code) = draft.parent_code {
            return match self.find(code) {
                Some(area) => Ok(Some(area)),
                None => Err(draft.row.error_in(
                    PARENT,
                    &format!("there is no area `{code}` to put it under"),
                )),
            };
        }
        if let Some(direct) = draft.code.parent_code().and_then(|code| self.find(code)) {
            return Ok(Some(direct));
        }
        if let Some(default) = default.filter(|area| area.code != draft.code) {
            return Ok(Some(Arc::new(default.clone())));
        }
        if draft.level <= AreaLevel::District {
            return Ok(self.by_digits(draft.code));
        }
        let reason = format!(
            "`{}` is the code of no known parent area, and none is given",
            draft.code
        );
        Err(draft.row.error_in(CODE, &reason))
    }
}
