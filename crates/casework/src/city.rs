//! What casework knows of its city: areas, categories, rule rows, organisations. All of it is in memory, so that no command
//! asks the database for it; components alone are looked up there.

use crate::lifecycle::RuleFacts;
use crate::model::{ComponentPinned, OrganisationRef};
use crate::search::Names;
use ::store::{StoreError, Tx};
use base::path::TreePath;
use base::{AreaCode, AreaLevel, Id, Point, Timestamp};
use registry::{AreaTree, Registry};
use std::pin::Pin;

/// An area with the district and street it lies in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The area.
    pub area_path: TreePath,
    /// Its district, or itself.
    pub district_path: Option<TreePath>,
    /// Its street, or itself.
    pub street_path: Option<TreePath>,
    /// Its village, or itself.
    pub village_path: Option<TreePath>,
}

/// A category as casework needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryFacts {
    /// What users read.
    pub name: String,
    /// Whether it has rule rows in force: then filing cites one.
    pub has_rules: bool,
}

/// An organisation that tasks can be given to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganisationFacts {
    /// Its id and place in the tree.
    pub organisation: OrganisationRef,
    /// What users read.
    pub name: String,
}

/// What casework asks about its city.
pub trait City: Send + Sync {
    /// The smallest known area a point lies in.
    fn place_at(&self, point: Point) -> Option<Place>;
    /// Whether the outline of any area is known: where none is, nobody can say that a point lies outside.
    fn has_outlines(&self) -> bool {
        true
    }
    /// The area in force with this division code.
    fn place_by_code(&self, code: &str) -> Option<Place>;
    /// The area that has this division code or had it.
    fn place_by_code_ever(&self, code: &str) -> Option<Place> {
        self.place_by_code(code)
    }
    /// The area with this path, in force or not, with its district and street as they are now.
    fn place_by_path(&self, path: &TreePath) -> Option<Place>;
    /// The area in force that this path stands for now: its own, or the one that took its place there. None when that cannot be told.
    fn place_in_force(&self, path: &TreePath, _point: Option<Point>) -> Option<Place> {
        self.place_by_path(path)
    }
    /// The area of this level that an area lies in, or is; where there is none of it, the highest below that level. None when the
    /// area lies above.
    fn area_of_level(&self, path: &TreePath, level: AreaLevel) -> Option<TreePath> {
        let place = self.place_by_path(path)?;
        let levels = [
            (AreaLevel::District, place.district_path),
            (AreaLevel::Street, place.street_path),
            (AreaLevel::Village, place.village_path),
        ];
        let mut from_above = levels.into_iter().filter(|(known, _)| *known >= level);
        from_above.find_map(|(_, path)| path)
    }
    /// The areas in force down to streets, those above before those below.
    fn areas_to_streets(&self) -> Vec<TreePath> {
        Vec::new()
    }
    /// The zones that hold a place.
    fn zones_at(&self, area_path: Option<&TreePath>, point: Option<Point>) -> Vec<Id>;
    /// What users call an area.
    fn area_name(&self, path: &TreePath) -> Option<String>;
    /// What users called an area at a time.
    fn area_name_at(&self, path: &TreePath, _at: Timestamp) -> Option<String> {
        self.area_name(path)
    }
    /// A category.
    fn category(&self, id: Id) -> Option<CategoryFacts>;
    /// A rule row, superseded or not.
    fn rule_row(&self, id: Id) -> Option<RuleFacts>;
    /// An organisation.
    fn organisation(&self, id: Id) -> Option<OrganisationFacts>;
    /// The organisations a person works for; none when there is no such person. Asks the database: never inside a transaction.
    fn works_for(&self, staff_id: Id) -> Pending<'_, Vec<TreePath>>;
    /// What categories and areas are called, to know those names in what people type.
    fn names(&self) -> Names {
        Names::default()
    }
    /// A category and those above it, nearest first.
    fn category_line(&self, id: Id) -> Vec<Id> {
        vec![id]
    }
    /// The rule row in force of a category that has one only.
    fn sole_rule_row(&self, _category_id: Id) -> Option<Id> {
        None
    }
    /// The responsible units (责任主体) of a rule row, as written there.
    fn responsible_units(&self, _rule_row_id: Id) -> Vec<String> {
        Vec::new()
    }
    /// A component with who has to do with it. The one thing asked of the database: components are too many for memory.
    fn component(&self, _tx: &mut Tx<'_>, _id: Id) -> Result<Option<ComponentPinned>, StoreError> {
        Ok(None)
    }
}

/// An answer that is being waited for.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Looks up for which organisations a person works; `access` knows.
pub type PeopleLookup = dyn Fn(Id) -> Pending<'static, Vec<TreePath>> + Send + Sync;

/// Looks organisations up in memory; `access` keeps them.
pub type OrganisationLookup = dyn Fn(Id) -> Option<OrganisationFacts> + Send + Sync;

/// The city as `registry` and `access` know it.
pub struct KnownCity {
    registry: Registry,
    organisations: Box<OrganisationLookup>,
    people: Box<PeopleLookup>,
}

impl KnownCity {
    /// From the registry and lookups of organisations and people.
    pub fn new(
        registry: Registry,
        organisations: Box<OrganisationLookup>,
        people: Box<PeopleLookup>,
    ) -> Self {
        Self {
            registry,
            organisations,
            people,
        }
    }
}

fn place(areas: &AreaTree, path: &TreePath) -> Place {
    let of_level = |level: AreaLevel| {
        areas
            .line(path)
            .into_iter()
            .find(|area| area.level == level)
            .map(|area| area.path.clone())
    };
    Place {
        area_path: path.clone(),
        district_path: of_level(AreaLevel::District),
        street_path: of_level(AreaLevel::Street),
        village_path: of_level(AreaLevel::Village),
    }
}

impl City for KnownCity {
    fn place_at(&self, point: Point) -> Option<Place> {
        let snapshot = self.registry.snapshot();
        let hit = snapshot.areas.area_at(point)?;
        Some(place(&snapshot.areas, &hit.area.path))
    }

    fn has_outlines(&self) -> bool {
        self.registry.snapshot().areas.has_outlines()
    }

    fn place_by_code(&self, code: &str) -> Option<Place> {
        let snapshot = self.registry.snapshot();
        let area = snapshot.areas.by_code(AreaCode::parse(code).ok()?)?;
        Some(place(&snapshot.areas, &area.path))
    }

    fn place_by_code_ever(&self, code: &str) -> Option<Place> {
        let snapshot = self.registry.snapshot();
        let area = snapshot.areas.by_code_ever(AreaCode::parse(code).ok()?)?;
        Some(place(&snapshot.areas, &area.path))
    }

    fn place_by_path(&self, path: &TreePath) -> Option<Place> {
        let snapshot = self.registry.snapshot();
        let area = snapshot.areas.by_path(path)?;
        Some(place(&snapshot.areas, &area.path))
    }

    fn area_of_level(&self, path: &TreePath, level: AreaLevel) -> Option<TreePath> {
        let snapshot = self.registry.snapshot();
        let line = snapshot.areas.line(path);
        let found = line.into_iter().find(|area| area.level >= level)?;
        Some(found.path.clone())
    }

    fn place_in_force(&self, path: &TreePath, point: Option<Point>) -> Option<Place> {
        let snapshot = self.registry.snapshot();
        let area = snapshot.areas.in_force(path, point)?;
        Some(place(&snapshot.areas, &area.path))
    }

    fn areas_to_streets(&self) -> Vec<TreePath> {
        let snapshot = self.registry.snapshot();
        let areas = snapshot.areas.areas().iter();
        let mut paths: Vec<TreePath> = areas
            .filter(|area| area.level <= AreaLevel::Street)
            .map(|area| area.path.clone())
            .collect();
        paths.sort_unstable();
        paths
    }

    fn zones_at(&self, area_path: Option<&TreePath>, point: Option<Point>) -> Vec<Id> {
        self.registry.zones_at(area_path, point)
    }

    fn area_name(&self, path: &TreePath) -> Option<String> {
        let snapshot = self.registry.snapshot();
        snapshot.areas.by_path(path).map(|area| area.name.clone())
    }

    fn area_name_at(&self, path: &TreePath, at: Timestamp) -> Option<String> {
        let snapshot = self.registry.snapshot();
        let area = snapshot.areas.by_path(path)?;
        Some(area.name_at(at).to_owned())
    }

    fn category(&self, id: Id) -> Option<CategoryFacts> {
        let snapshot = self.registry.snapshot();
        let category = snapshot.rules.category(id)?;
        Some(CategoryFacts {
            name: category.name.clone(),
            has_rules: !snapshot.rules.rule_rows_of(id).is_empty(),
        })
    }

    fn rule_row(&self, id: Id) -> Option<RuleFacts> {
        let row = self.registry.rule_row(id)?;
        Some(RuleFacts {
            id: row.id,
            version: row.version,
            category_id: row.category_id,
            limit: row.limit.clone(),
            is_superseded: row.superseded_at.is_some(),
        })
    }

    fn organisation(&self, id: Id) -> Option<OrganisationFacts> {
        (self.organisations)(id)
    }

    fn works_for(&self, staff_id: Id) -> Pending<'_, Vec<TreePath>> {
        (self.people)(staff_id)
    }

    fn category_line(&self, id: Id) -> Vec<Id> {
        let snapshot = self.registry.snapshot();
        let mut line = Vec::new();
        let mut next = Some(id);
        while let Some(category) = next.and_then(|id| snapshot.rules.category(id)) {
            if line.contains(&category.id) {
                break;
            }
            line.push(category.id);
            next = category.parent_id;
        }
        line
    }

    fn names(&self) -> Names {
        let snapshot = self.registry.snapshot();
        let standards = snapshot.rules.standards().iter();
        let categories = standards.flat_map(|standard| snapshot.rules.categories(standard.id));
        // Grids bear numbers.
        let areas = snapshot.areas.areas().iter();
        let areas = areas.filter(|area| area.level != AreaLevel::Grid);
        Names {
            kinds: categories.map(|category| category.name.clone()).collect(),
            areas: areas.map(|area| area.name.clone()).collect(),
        }
    }

    fn sole_rule_row(&self, category_id: Id) -> Option<Id> {
        match self.registry.snapshot().rules.rule_rows_of(category_id) {
            [only] => Some(only.id),
            _ => None,
        }
    }

    fn responsible_units(&self, rule_row_id: Id) -> Vec<String> {
        self.registry
            .rule_row(rule_row_id)
            .map_or_else(Vec::new, |row| {
                row.text.responsible_names().map(str::to_owned).collect()
            })
    }

    fn component(&self, tx: &mut Tx<'_>, id: Id) -> Result<Option<ComponentPinned>, StoreError> {
        let found = self.registry.component_in(tx, id)?;
        Ok(found.map(|component| ComponentPinned {
            id: component.id,
            maintainer_id: component.units.maintainer_id,
            owner_id: component.units.owner_id,
        }))
    }
}
