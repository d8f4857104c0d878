//! Unit grids (单元网格) from GeoJSON: fifteen digits, of which the first twelve are the village's (GB/T 30428.1, GB/T 47678.3). A feature
//! is a row of the report; its line is its number too.
//!
//! Refused is a grid whose code, village or outline is wrong, that lies mostly outside its village, or that takes more than
//! [`GridImport::overlap_max_share`] of itself or of a grid before it, of whatever village. Told as remarks, with square metres and
//! codes, are smaller overlaps, parts outside, and what of the village no grid covers. Grids that are stored and not in the file stay,
//! and the file's are held against them.

use super::areas::Planner;
use super::boundaries::{CODE, FEATURE, NAME, code_of, error, property, read};
use super::{Change, Plan};
use crate::failure::RegistryError;
use crate::grid::{GridCheck, Overlap, VillageGrid, check, overlaps_across};
use crate::model::Area;
use crate::{AreaTree, Boundary};
use base::geo::CoordinateSystem;
use base::{AreaCode, AreaLevel, Id};
use geojson::Feature;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use table::Report;

/// Names of the property with the code, besides those of areas.
const GRID_CODE: &[&str] = &["grid_code", "单元网格标识码", "网格编码", "标识码"];
/// Names of the property with the name, besides those of areas.
const GRID_NAME: &[&str] = &["grid_name", "网格名称", "单元网格名称"];
/// Gaps of one village that are told one by one; of the others only how many and how large.
const GAPS_TOLD_MAX: usize = 20;

/// How unit grids are to be read.
#[derive(Clone, Debug, PartialEq)]
pub struct GridImport {
    /// Plan and report, write nothing.
    pub dry_run: bool,
    /// The system of all coordinates.
    pub coordinates: CoordinateSystem,
    /// The part of a grid that another may cover; above it the later one is refused.
    pub overlap_max_share: f64,
    /// The part of a grid that may lie outside its village.
    pub outside_max_share: f64,
    /// Overlaps, gaps and parts outside up to this size are not told, square metres.
    pub tolerance_m2: f64,
    /// How far a grid may be from a village whose outline is not known, metres.
    pub distance_max_m: f64,
}

impl Default for GridImport {
    /// For real: CGCS2000; a hundredth may overlap, half may lie outside, a square metre is not told; 20 km.
    fn default() -> Self {
        Self {
            dry_run: false,
            coordinates: CoordinateSystem::Cgcs2000,
            overlap_max_share: 0.01,
            outside_max_share: 0.5,
            tolerance_m2: 1.0,
            distance_max_m: 20_000.0,
        }
    }
}

/// A feature that can be read, before it is known whether it fits.
struct Draft {
    row: u64,
    code: AreaCode,
    name: Option<String>,
    boundary: Arc<Boundary>,
}

/// A village with its grids of the file, and those stored that the file has not.
struct Village<'a> {
    area: &'a Arc<Area>,
    drafts: Vec<Draft>,
    stored: Vec<(AreaCode, &'a Boundary)>,
}

impl Village<'_> {
    /// Checks all grids but the refused ones.
    fn check(&self, refused: &HashMap<AreaCode, Fault>, options: &GridImport) -> GridCheck {
        let drafts = self.drafts.iter();
        let of_file = drafts.map(|draft| (draft.code, &*draft.boundary));
        let grids: Vec<(AreaCode, &Boundary)> = self
            .stored
            .iter()
            .copied()
            .chain(of_file.filter(|(code, _)| !refused.contains_key(code)))
            .collect();
        check(self.area.boundary.as_deref(), &grids, options.tolerance_m2)
    }
}

/// What is wrong with a feature: the property or part, and why.
type Fault = (&'static str, String);

/// Plans an import.
pub(crate) fn plan(
    tree: &AreaTree,
    bytes: &[u8],
    options: &GridImport,
    next_id: &mut dyn FnMut() -> Id,
) -> Result<Plan, RegistryError> {
    let features = read(bytes)?;
    let mut report = Report {
        read: features.len() as u64,
        ..Report::default()
    };
    let mut seen: HashMap<AreaCode, u64> = HashMap::new();
    let mut villages: BTreeMap<AreaCode, Vec<Draft>> = BTreeMap::new();
    for (row, feature) in (1_u64..).zip(features) {
        let feature = feature.map_err(|reason| (FEATURE, reason));
        let draft = feature.and_then(|feature| draft(row, &feature, options));
        let draft = draft.and_then(|(village, draft)| match seen.insert(draft.code, row) {
            Some(first) => {
                seen.insert(draft.code, first);
                let reason = format!("`{}` is feature {first} already", draft.code);
                Err(("code", reason))
            }
            None => Ok((village, draft)),
        });
        match draft {
            Ok((village, draft)) => villages.entry(village).or_default().push(draft),
            Err((column, reason)) => report.reject(error(row, column, reason)),
        }
    }
    let mut known = Vec::new();
    for (code, drafts) in villages {
        match village_of(tree, code) {
            Ok(area) => known.push(Village {
                area,
                drafts,
                stored: Vec::new(),
            }),
            Err(reason) => {
                for draft in drafts {
                    report.reject(error(draft.row, "code", reason.clone()));
                }
            }
        }
    }
    Ok(take_villages(tree, known, options, next_id, report))
}

fn draft(row: u64, feature: &Feature, options: &GridImport) -> Result<(AreaCode, Draft), Fault> {
    let code = code_of(feature, &[GRID_CODE, CODE]).map_err(|reason| ("code", reason))?;
    let village = code
        .parent_code()
        .filter(|village| code.level() == AreaLevel::Grid && village.level() == AreaLevel::Village)
        .ok_or_else(|| {
            let reason = format!(
                "`{code}` is the code of no unit grid: twelve digits of the village and three of the grid"
            );
            ("code", reason)
        })?;
    let geometry = feature
        .geometry
        .as_ref()
        .ok_or(("geometry", "the feature has no geometry".to_owned()))?;
    let boundary = Boundary::from_geojson(geometry, options.coordinates)
        .map_err(|fault| ("geometry", fault.to_string()))?;
    let draft = Draft {
        row,
        code,
        name: property(feature, GRID_NAME).or_else(|| property(feature, NAME)),
        boundary: Arc::new(boundary),
    };
    Ok((village, draft))
}

fn village_of(tree: &AreaTree, code: AreaCode) -> Result<&Arc<Area>, String> {
    match tree.by_code(code) {
        Some(area) if area.level == AreaLevel::Village => Ok(area),
        Some(area) => Err(format!(
            "`{code}` is {}, which is no village and has no unit grids",
            area.name
        )),
        None => Err(format!(
            "there is no village `{code}`; import it first, then its grids"
        )),
    }
}

/// Holds all grids against each other, then plans those that fit.
fn take_villages<'a>(
    tree: &'a AreaTree,
    mut villages: Vec<Village<'a>>,
    options: &GridImport,
    next_id: &mut dyn FnMut() -> Id,
    mut report: Report,
) -> Plan {
    let drafts = villages.iter().flat_map(|village| &village.drafts);
    let rows: HashMap<AreaCode, u64> = drafts.map(|draft| (draft.code, draft.row)).collect();
    for village in &mut villages {
        let stored = tree.children(Some(village.area.id));
        village.stored = stored
            .filter(|grid| !rows.contains_key(&grid.code))
            .filter_map(|grid| Some((grid.code, grid.boundary.as_deref()?)))
            .collect();
    }
    let found: Vec<GridCheck> = villages
        .iter()
        .map(|village| village.check(&HashMap::new(), options))
        .collect();
    let across = across(tree, &villages, &rows, options);
    let mut planner = Planner::new(tree, next_id);
    let mut faults = misfits(&found, &across, &rows, options);
    far_off(&planner, &villages, options, &mut faults);
    for (village, mut found) in villages.iter().zip(found) {
        let drafts = village.drafts.iter();
        if drafts.clone().any(|draft| faults.contains_key(&draft.code)) {
            found = village.check(&faults, options);
        }
        for draft in drafts {
            let done = match faults.get(&draft.code) {
                Some(fault) => Err(fault.clone()),
                None => take(&mut planner, village.area, draft),
            };
            match done {
                Ok(true) => report.stored += 1,
                Ok(false) => report.unchanged += 1,
                Err((column, reason)) => report.reject(error(draft.row, column, reason)),
            }
        }
        tell(&found, village.area, &rows, &mut report);
    }
    for overlap in across {
        if !faults.contains_key(&overlap.first) && !faults.contains_key(&overlap.second) {
            let row = rows.get(&overlap.second).copied().unwrap_or(1);
            tell_overlap(&overlap, row, &mut report);
        }
    }
    report.rejected.sort_by_key(|error| error.row);
    report.remarks.sort_by_key(|error| error.row);
    let changes: Vec<Change> = planner.changes;
    Plan { changes, report }
}

/// Where grids of the file overlap grids of other villages, of the file or stored; in the order of the file.
fn across(
    tree: &AreaTree,
    villages: &[Village<'_>],
    rows: &HashMap<AreaCode, u64>,
    options: &GridImport,
) -> Vec<Overlap> {
    let mut drafts: Vec<(u64, VillageGrid<'_>)> = Vec::with_capacity(rows.len());
    for village in villages {
        drafts.extend(village.drafts.iter().map(|draft| {
            let grid = VillageGrid {
                village_id: Some(village.area.id),
                code: draft.code,
                boundary: &draft.boundary,
            };
            (draft.row, grid)
        }));
    }
    drafts.sort_by_key(|(row, _)| *row);
    let drafts = drafts.into_iter().map(|(_, grid)| grid);
    let mut grids: Vec<VillageGrid<'_>> = tree
        .grids_about(drafts.clone().map(|grid| grid.boundary))
        .filter(|grid| !rows.contains_key(&grid.code))
        .collect();
    let from = grids.len();
    grids.extend(drafts);
    overlaps_across(&grids, from, options.tolerance_m2)
}

/// The grids of the file that do not fit into their village or among the others, each with the reason.
fn misfits(
    found: &[GridCheck],
    across: &[Overlap],
    rows: &HashMap<AreaCode, u64>,
    options: &GridImport,
) -> HashMap<AreaCode, Fault> {
    let mut faults: HashMap<AreaCode, Fault> = HashMap::new();
    for outside in found.iter().flat_map(|found| &found.outside) {
        if outside.share > options.outside_max_share && rows.contains_key(&outside.code) {
            let reason = format!(
                "{:.0} % of the grid ({:.0} m²) lies outside its village",
                outside.share * 100.0,
                outside.area_m2
            );
            faults.insert(outside.code, ("geometry", reason));
        }
    }
    // In order of the later grid, so that what is refused itself makes no other one refused.
    let within = found.iter().flat_map(|found| &found.overlaps);
    let mut overlaps: Vec<(u64, &Overlap)> = within
        .chain(across)
        .filter(|overlap| overlap.share > options.overlap_max_share)
        .filter_map(|overlap| Some((*rows.get(&overlap.second)?, overlap)))
        .collect();
    overlaps.sort_by_key(|(row, _)| *row);
    for (_, overlap) in overlaps {
        if !faults.contains_key(&overlap.first) && !faults.contains_key(&overlap.second) {
            let reason = format!(
                "the grid overlaps `{}` by {:.0} m² ({:.0} % of the smaller one)",
                overlap.first,
                overlap.area_m2,
                overlap.share * 100.0
            );
            faults.insert(overlap.second, ("geometry", reason));
        }
    }
    faults
}

/// The grids of the file that lie far from a village whose outline is not known.
fn far_off(
    planner: &Planner<'_>,
    villages: &[Village<'_>],
    options: &GridImport,
    faults: &mut HashMap<AreaCode, Fault>,
) {
    for village in villages.iter().filter(|v| v.area.boundary.is_none()) {
        for draft in &village.drafts {
            if let Some(middle) = draft.boundary.middle()
                && let Some((distance, above)) = planner.distance_from(village.area, middle)
                && distance > options.distance_max_m
            {
                let reason = format!(
                    "the grid is {:.0} km from {} {}",
                    distance / 1000.0,
                    above.code,
                    above.name
                );
                faults.insert(draft.code, ("geometry", reason));
            }
        }
    }
}

/// Plans one grid that fits. Says whether it changes anything.
fn take(planner: &mut Planner<'_>, village: &Arc<Area>, draft: &Draft) -> Result<bool, Fault> {
    let Some(present) = planner.find(draft.code) else {
        let name = draft.name.clone().unwrap_or_else(|| grid_name(draft.code));
        let made = planner.make(draft.code, &name, AreaLevel::Grid, Some(village), |area| {
            area.centre = draft.boundary.middle();
            area.boundary = Some(draft.boundary.clone());
        });
        return made.map(|_| true).map_err(|reason| ("name", reason));
    };
    if present.parent_id != Some(village.id) || present.level != AreaLevel::Grid {
        let reason = format!("`{}` is stored as no grid of this village", draft.code);
        return Err(("code", reason));
    }
    let mut wanted = (*present).clone();
    if let Some(name) = &draft.name {
        name.clone_into(&mut wanted.name);
    }
    wanted.centre = draft.boundary.middle();
    wanted.boundary = Some(draft.boundary.clone());
    wanted
        .check(Some(village))
        .map_err(|fault| ("name", fault.to_string()))?;
    let is_news = wanted != *present;
    if is_news {
        planner.change(present, wanted);
    }
    Ok(is_news)
}

/// What a grid without a name is called: by the last three digits of its code.
pub(super) fn grid_name(code: AreaCode) -> String {
    let code = code.to_string();
    format!("{}网格", code.get(12..).unwrap_or(&code))
}

fn tell_overlap(overlap: &Overlap, row: u64, report: &mut Report) {
    let reason = format!(
        "overlap: `{}` and `{}` both cover {:.1} m²",
        overlap.first, overlap.second, overlap.area_m2
    );
    report.remark(error(row, "geometry", reason));
}

/// Remarks on what was found: on the row of the grid, or on the village's first row.
fn tell(found: &GridCheck, village: &Area, rows: &HashMap<AreaCode, u64>, report: &mut Report) {
    let first = rows.values().min().copied().unwrap_or(1);
    let row = |code: AreaCode| rows.get(&code).copied().unwrap_or(first);
    for overlap in &found.overlaps {
        tell_overlap(overlap, row(overlap.second), report);
    }
    for outside in &found.outside {
        let reason = format!(
            "outside: {:.1} m² of `{}` lie outside the village",
            outside.area_m2, outside.code
        );
        report.remark(error(row(outside.code), "geometry", reason));
    }
    for gap in found.gaps.iter().take(GAPS_TOLD_MAX) {
        let beside: Vec<String> = gap.beside.iter().map(|code| format!("`{code}`")).collect();
        let reason = format!(
            "gap: {:.1} m² of {} {} at {:.6},{:.6} are in no grid; beside: {}",
            gap.area_m2,
            village.code,
            village.name,
            gap.at.lon,
            gap.at.lat,
            beside.join(" ")
        );
        report.remark(error(first, "geometry", reason));
    }
    if found.gaps.len() > GAPS_TOLD_MAX {
        let reason = format!(
            "gap: {} gaps in {} {}, together {:.0} m²; the largest are told one by one",
            found.gaps.len(),
            village.code,
            village.name,
            found.gaps_m2()
        );
        report.remark(error(first, "geometry", reason));
    }
}
