//! Sets of areas, or polygons, that cut across the tree; and duty grids (责任网格), which are such sets of unit grids with somebody who
//! answers for them.

use super::{TextFault, name};
use crate::Boundary;
use base::{Id, Point, TreePath};
use std::collections::HashMap;
use std::sync::Arc;

/// The kind of zone that is a duty grid.
pub const DUTY_GRID: &str = "duty_grid";

/// A development park, a river, a duty grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// Its id.
    pub id: Id,
    /// The city's code for it, where it has one; unique.
    pub code: Option<String>,
    /// Its name; unique.
    pub name: String,
    /// What it is for, a word of the city's: `park`, `river`, [`DUTY_GRID`], ….
    pub kind: String,
    /// The areas it is made of (with all below them), by path; of a duty grid unit grids only.
    pub area_paths: Vec<TreePath>,
    /// Its outline, where it has one of its own.
    pub boundary: Option<Arc<Boundary>>,
    /// Which organisation answers for it.
    pub organisation_id: Option<Id>,
    /// Who answers for it: of a duty grid its inspectors (监督员).
    pub staff_ids: Vec<Id>,
    /// False once it is given up; it then holds no place.
    pub is_active: bool,
    /// Row version.
    pub version: i64,
}

impl Zone {
    /// Checks name, code and kind; gives the field at fault.
    pub fn check(&self) -> Result<(), (&'static str, TextFault)> {
        name(&self.name).map_err(|fault| ("name", fault))?;
        super::code(&self.kind).map_err(|fault| ("kind", fault))?;
        if let Some(code) = &self.code {
            super::code(code).map_err(|fault| ("code", fault))?;
        }
        Ok(())
    }

    /// Whether it is a duty grid.
    pub fn is_duty_grid(&self) -> bool {
        self.kind == DUTY_GRID
    }
}

/// All zones in memory: by id and by place. Pure; rebuilt when zones change.
#[derive(Debug, Default)]
pub struct ZoneBook {
    /// By name.
    zones: Vec<Arc<Zone>>,
    by_id: HashMap<Id, u32>,
    /// Active ones by the areas they are made of.
    by_area: HashMap<TreePath, Vec<u32>>,
    /// Active ones with an outline of their own, with the box around it: west, south, east, north.
    outlined: Vec<([f64; 4], u32)>,
}

impl ZoneBook {
    /// Of these zones, in any order.
    pub fn new(zones: Vec<Zone>) -> Self {
        let mut zones: Vec<Arc<Zone>> = zones.into_iter().map(Arc::new).collect();
        zones.sort_by(|a, b| a.name.cmp(&b.name));
        let mut book = Self::default();
        for (number, zone) in (0_u32..).zip(&zones) {
            book.by_id.insert(zone.id, number);
            if !zone.is_active {
                continue;
            }
            for path in &zone.area_paths {
                book.by_area.entry(path.clone()).or_default().push(number);
            }
            let frame = zone.boundary.as_ref().and_then(|boundary| boundary.frame());
            if let Some(frame) = frame {
                book.outlined.push((frame, number));
            }
        }
        book.zones = zones;
        book
    }

    /// All of them, by name.
    pub fn zones(&self) -> &[Arc<Zone>] {
        &self.zones
    }

    /// The zone with this id.
    pub fn by_id(&self, id: Id) -> Option<&Arc<Zone>> {
        self.get(*self.by_id.get(&id)?)
    }

    fn get(&self, number: u32) -> Option<&Arc<Zone>> {
        self.zones.get(number as usize)
    }

    /// The active duty grid that a unit grid belongs to.
    pub fn duty_grid_of(&self, grid: &TreePath) -> Option<&Arc<Zone>> {
        let numbers = self.by_area.get(grid)?;
        numbers
            .iter()
            .filter_map(|number| self.get(*number))
            .find(|zone| zone.is_duty_grid())
    }

    /// The active zones that hold a place, named by its area's path, its point, or both; by name.
    pub fn at(&self, area_path: Option<&TreePath>, point: Option<Point>) -> Vec<&Arc<Zone>> {
        let mut numbers: Vec<u32> = area_path
            .into_iter()
            .flat_map(TreePath::ancestors)
            .filter_map(|path| self.by_area.get(&path))
            .flatten()
            .copied()
            .collect();
        if let Some(point) = point {
            let holding = self.outlined.iter().filter(|(frame, number)| {
                let [west, south, east, north] = *frame;
                (west..=east).contains(&point.lon)
                    && (south..=north).contains(&point.lat)
                    && self
                        .get(*number)
                        .and_then(|zone| zone.boundary.as_ref())
                        .is_some_and(|boundary| boundary.holds(point))
            });
            numbers.extend(holding.map(|(_, number)| *number));
        }
        numbers.sort_unstable();
        numbers.dedup();
        numbers
            .into_iter()
            .filter_map(|number| self.get(number))
            .collect()
    }
}
