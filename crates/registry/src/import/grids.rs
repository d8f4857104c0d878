//! Unit grids (单元网格) from GeoJSON: fifteen digits, of which the first twelve are the village's (GB/T 30428.1, GB/T 47678.3). A feature
//! is a row of the report; its line is its number too.
//!
//! Refused is a grid whose code, village or outline is wrong, that lies mostly outside its village, or that takes more than
//! [`GridImport::overlap_max_share`] of itself or of a grid before it. Told as remarks, with square metres and codes, are smaller
//! overlaps, parts outside, and what of the village no grid covers. Grids of a village that are stored and not in the file stay, and
//! the file's are held against them.

use super::areas::Planner;
use super::boundaries::{CODE, NAME, code_of, error, property, read};
use super::{Change, Plan};
use crate::failure::RegistryError;
use crate::grid::{GridCheck, check};
use crate::model::Area;
use crate::{AreaTree, Boundary};
use base::geo::CoordinateSystem;
use base::{AreaCode, AreaLevel, Id};
use geojson::Feature;
use std::collections::{BTreeMap, HashMap, HashSet};
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
        let draft = draft(row, &feature, options).and_then(|(village, draft)| {
            match seen.insert(draft.code, row) {
                Some(first) => {
                    seen.insert(draft.code, first);
                    let reason = format!("`{}` is feature {first} already", draft.code);
                    Err(("code", reason))
                }
                None => Ok((village, draft)),
            }
        });
        match draft {
            Ok((village, draft)) => villages.entry(village).or_default().push(draft),
            Err((column, reason)) => report.reject(error(row, column, reason)),
        }
    }
    let mut planner = Planner::new(tree, next_id);
    for (code, drafts) in villages {
        let village = match village_of(tree, code) {
            Ok(village) => village,
            Err(reason) => {
                for draft in drafts {
                    report.reject(error(draft.row, "code", reason.clone()));
                }
                continue;
            }
        };
        take_village(&mut planner, tree, village, drafts, options, &mut report);
    }
    report.rejected.sort_by_key(|error| error.row);
    report.remarks.sort_by_key(|error| error.row);
    let changes: Vec<Change> = planner.changes;
    Ok(Plan { changes, report })
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

fn take_village(
    planner: &mut Planner<'_>,
    tree: &AreaTree,
    village: &Arc<Area>,
    drafts: Vec<Draft>,
    options: &GridImport,
    report: &mut Report,
) {
    let in_file: HashSet<AreaCode> = drafts.iter().map(|draft| draft.code).collect();
    let stored: Vec<&Arc<Area>> = tree
        .children(Some(village.id))
        .filter(|grid| !in_file.contains(&grid.code))
        .collect();
    let of_stored = stored
        .iter()
        .filter_map(|grid| Some((grid.code, grid.boundary.as_deref()?)));
    let all: Vec<(AreaCode, &Boundary)> = of_stored
        .clone()
        .chain(drafts.iter().map(|draft| (draft.code, &*draft.boundary)))
        .collect();
    let outline = village.boundary.as_deref();
    let mut found = check(outline, &all, options.tolerance_m2);
    let mut faults = misfits(&found, &in_file, options);
    for draft in &drafts {
        if outline.is_none()
            && let Some(middle) = draft.boundary.middle()
            && let Some((distance, above)) = planner.distance_from(village, middle)
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
    if !faults.is_empty() {
        let kept = all
            .into_iter()
            .filter(|(code, _)| !faults.contains_key(code));
        found = check(outline, &kept.collect::<Vec<_>>(), options.tolerance_m2);
    }
    let rows: HashMap<AreaCode, u64> = drafts.iter().map(|draft| (draft.code, draft.row)).collect();
    for draft in drafts {
        let done = match faults.remove(&draft.code) {
            Some(fault) => Err(fault),
            None => take(planner, village, &draft),
        };
        match done {
            Ok(true) => report.stored += 1,
            Ok(false) => report.unchanged += 1,
            Err((column, reason)) => report.reject(error(draft.row, column, reason)),
        }
    }
    tell(&found, village, &rows, report);
}

/// The grids of the file that do not fit, each with the reason. Grids come in the order stored, then in the file's.
fn misfits(
    found: &GridCheck,
    in_file: &HashSet<AreaCode>,
    options: &GridImport,
) -> HashMap<AreaCode, Fault> {
    let mut faults: HashMap<AreaCode, Fault> = HashMap::new();
    for outside in &found.outside {
        if outside.share > options.outside_max_share && in_file.contains(&outside.code) {
            let reason = format!(
                "{:.0} % of the grid ({:.0} m²) lies outside its village",
                outside.share * 100.0,
                outside.area_m2
            );
            faults.insert(outside.code, ("geometry", reason));
        }
    }
    // In order of the later grid, so that what is refused itself makes no other one refused.
    for overlap in &found.overlaps {
        if overlap.share > options.overlap_max_share
            && in_file.contains(&overlap.second)
            && !faults.contains_key(&overlap.first)
            && !faults.contains_key(&overlap.second)
        {
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
        planner.change(wanted);
    }
    Ok(is_news)
}

/// What a grid without a name is called: by the last three digits of its code.
pub(super) fn grid_name(code: AreaCode) -> String {
    let code = code.to_string();
    format!("{}网格", code.get(12..).unwrap_or(&code))
}

/// Remarks on what was found: on the row of the grid, or on the village's first row.
fn tell(found: &GridCheck, village: &Area, rows: &HashMap<AreaCode, u64>, report: &mut Report) {
    let first = rows.values().min().copied().unwrap_or(1);
    let row = |code: AreaCode| rows.get(&code).copied().unwrap_or(first);
    for overlap in &found.overlaps {
        let reason = format!(
            "overlap: `{}` and `{}` both cover {:.1} m²",
            overlap.first, overlap.second, overlap.area_m2
        );
        report.remark(error(row(overlap.second), "geometry", reason));
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
