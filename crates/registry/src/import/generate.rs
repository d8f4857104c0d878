//! Unit grids made by the platform: every village of an area is cut into grids of about a hectare, numbered in reading order. A village
//! that has grids keeps them: their codes stand in cases and on components.

use super::Plan;
use super::areas::Planner;
use super::grids::grid_name;
use crate::AreaTree;
use crate::failure::RegistryError;
use crate::grid::{CutOptions, Plane, cut};
use crate::model::Area;
use base::{AreaCode, AreaLevel, Id};
use std::sync::Arc;
use table::Report;

/// How grids are to be made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GridGenerate {
    /// Plan and report, write nothing.
    pub dry_run: bool,
    /// The size of a whole grid, square metres.
    pub cell_m2: f64,
}

impl Default for GridGenerate {
    /// For real, a hectare each.
    fn default() -> Self {
        Self {
            dry_run: false,
            cell_m2: CutOptions::default().cell_m2,
        }
    }
}

/// Smallest and largest size of a grid that can be asked for, square metres.
pub const CELL_M2: std::ops::RangeInclusive<f64> = 400.0..=1_000_000.0;

/// A village that was given grids.
#[derive(Clone, Debug, PartialEq)]
pub struct GriddedVillage {
    /// The village.
    pub village: Arc<Area>,
    /// How many grids.
    pub grids: usize,
    /// The size of a whole grid: larger than asked for where there would have been more than 999.
    pub cell_m2: f64,
    /// The smallest grid, square metres.
    pub smallest_m2: f64,
    /// The largest grid, square metres.
    pub largest_m2: f64,
}

/// Why a village was not given grids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// It has some.
    HasGrids,
    /// Its outline is not known.
    NoOutline,
    /// Its code is none that grids could be numbered under.
    Code,
    /// Its outline cannot be cut.
    Uncuttable,
}

impl Skipped {
    /// On the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HasGrids => "has_grids",
            Self::NoOutline => "no_outline",
            Self::Code => "code",
            Self::Uncuttable => "uncuttable",
        }
    }
}

/// What became of an area's villages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GridGeneration {
    /// Those with new grids.
    pub villages: Vec<GriddedVillage>,
    /// Those without, and why.
    pub skipped: Vec<(Arc<Area>, Skipped)>,
}

impl GridGeneration {
    /// How many grids were made.
    pub fn grids(&self) -> usize {
        self.villages.iter().map(|village| village.grids).sum()
    }
}

/// Plans grids for every village of an area, or for the village that it is.
pub(crate) fn plan(
    tree: &AreaTree,
    area: &Area,
    options: &GridGenerate,
    next_id: &mut dyn FnMut() -> Id,
) -> Result<(Plan, GridGeneration), RegistryError> {
    if !CELL_M2.contains(&options.cell_m2) {
        let message = format!("{} to {} m²", CELL_M2.start(), CELL_M2.end());
        return Err(RegistryError::invalid("cell_m2", "out_of_range", message));
    }
    let villages: Vec<&Arc<Area>> = villages_of(tree, area).collect();
    if villages.is_empty() {
        let message = format!("{} {} has no villages to cut", area.code, area.name);
        return Err(RegistryError::invalid("area", "no_villages", message));
    }
    let mut planner = Planner::new(tree, next_id);
    let mut generation = GridGeneration::default();
    for village in villages {
        match take(&mut planner, tree, village, options) {
            Ok(done) => generation.villages.push(done),
            Err(reason) => generation.skipped.push((village.clone(), reason)),
        }
    }
    let report = Report {
        read: generation.grids() as u64,
        stored: generation.grids() as u64,
        ..Report::default()
    };
    let changes = planner.changes;
    Ok((Plan { changes, report }, generation))
}

/// The villages of an area, itself included.
pub(crate) fn villages_of<'a>(
    tree: &'a AreaTree,
    area: &'a Area,
) -> impl Iterator<Item = &'a Arc<Area>> {
    tree.below(&area.path)
        .filter(|below| below.level == AreaLevel::Village)
}

fn take(
    planner: &mut Planner<'_>,
    tree: &AreaTree,
    village: &Arc<Area>,
    options: &GridGenerate,
) -> Result<GriddedVillage, Skipped> {
    if village.code.level() != AreaLevel::Village {
        return Err(Skipped::Code);
    }
    if tree.children(Some(village.id)).next().is_some() {
        return Err(Skipped::HasGrids);
    }
    let outline = village.boundary.as_deref().ok_or(Skipped::NoOutline)?;
    let default = CutOptions::default();
    // Codes of grids that ended are not given again.
    let codes: Vec<AreaCode> = (1..=default.grids_max)
        .filter_map(|number| AreaCode::parse(&format!("{}{number:03}", village.code)).ok())
        .filter(|code| tree.by_code_ever(*code).is_none())
        .collect();
    if codes.is_empty() {
        return Err(Skipped::Code);
    }
    let wanted = CutOptions {
        cell_m2: options.cell_m2,
        grids_max: codes.len(),
        ..default
    };
    let cut = cut(outline, &wanted).map_err(|_| Skipped::Uncuttable)?;
    let plane = Plane::of(outline);
    let (mut smallest_m2, mut largest_m2) = (f64::INFINITY, 0.0_f64);
    let grids = cut.grids.len();
    for (code, grid) in codes.into_iter().zip(cut.grids) {
        let area_m2 = plane.area_m2(&grid);
        smallest_m2 = smallest_m2.min(area_m2);
        largest_m2 = largest_m2.max(area_m2);
        let centre = grid.middle();
        planner
            .make(
                code,
                &grid_name(code),
                AreaLevel::Grid,
                Some(village),
                |made| {
                    made.centre = centre;
                    made.boundary = Some(Arc::new(grid));
                },
            )
            .map_err(|_| Skipped::Uncuttable)?;
    }
    Ok(GriddedVillage {
        village: village.clone(),
        grids,
        cell_m2: cut.cell_m2,
        smallest_m2,
        largest_m2,
    })
}
