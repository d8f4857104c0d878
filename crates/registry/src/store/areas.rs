//! Areas with their outlines, and what became of them.

use super::{
    AREA_ADD, AREA_BOUNDARY_SET, AREA_BY_ID, AREA_FORMER_NAME_ADD, AREA_FORMER_NAMES,
    AREA_FORMER_NAMES_OF, AREA_SET, AREA_SUCCEEDS, AREA_SUCCEEDS_ADD, AREA_SUCCEEDS_REMOVE,
    AREA_SUCCESSION, AREA_VERSIONS, AREAS_AFTER, AREAS_IN_FORCE, ZONES_OF_AREA, corrupt,
};
use crate::model::{Area, FormerName, level_from_text, level_text};
use crate::{AreaTree, Boundary};
use base::{AreaCode, Id, Point};
use jiff::civil::Date;
use std::collections::HashMap;
use std::sync::Arc;
use store::{Row, StoreError, Tx, params};

/// Areas read at once.
const AREAS_PIECE: i64 = 2_000;
/// With fewer new areas than this they are read one by one.
const AREAS_SINGLY_MAX: usize = 500;

/// The tree of all areas. What is as `before` had it is shared with it, so that a change of one area costs one area.
pub(crate) fn load_areas(tx: &mut Tx<'_>, before: &AreaTree) -> Result<AreaTree, StoreError> {
    let versions = tx.query(&AREA_VERSIONS, &[], |row| {
        Ok((row.get::<Id>(0)?, row.get::<i64>(1)?))
    })?;
    let past = Past::all(tx)?;
    let kept = |id: Id, version: i64| before.by_id(id).filter(|area| area.version == version);
    let news: Vec<Id> = versions
        .iter()
        .filter(|(id, version)| kept(*id, *version).is_none())
        .map(|(id, _)| *id)
        .collect();
    let mut areas: Vec<Arc<Area>> = Vec::with_capacity(versions.len());
    if news.len() > AREAS_SINGLY_MAX {
        let mut after = String::new();
        loop {
            let piece = tx.query(&AREAS_AFTER, params![after, AREAS_PIECE], |row| {
                let (id, version) = (row.get::<Id>(0)?, row.get::<i64>(8)?);
                match kept(id, version) {
                    Some(area) => Ok(area.clone()),
                    None => read_area(row, &past).map(Arc::new),
                }
            })?;
            match piece.last() {
                Some(last) => last.path.as_str().clone_into(&mut after),
                None => break,
            }
            areas.extend(piece);
        }
    } else {
        areas.extend(
            versions
                .iter()
                .filter_map(|(id, version)| kept(*id, *version).cloned()),
        );
        for id in news {
            let area = tx.query_opt(&AREA_BY_ID, params![id], |row| read_area(row, &past))?;
            areas.extend(area.map(Arc::new));
        }
    }
    Ok(AreaTree::of(areas))
}

/// One area.
pub(crate) fn area_by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Area>, StoreError> {
    let past = Past::of(tx, id)?;
    tx.query_opt(&AREA_BY_ID, params![id], |row| read_area(row, &past))
}

/// What areas were called before, and whose place they took.
#[derive(Default)]
struct Past {
    former_names: HashMap<Id, Vec<FormerName>>,
    succeeds: HashMap<Id, Vec<Id>>,
}

impl Past {
    fn all(tx: &mut Tx<'_>) -> Result<Self, StoreError> {
        let names = tx.query(&AREA_FORMER_NAMES, &[], read_former_name)?;
        let pairs = tx.query(&AREA_SUCCESSION, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Self::new(names, pairs))
    }

    fn of(tx: &mut Tx<'_>, id: Id) -> Result<Self, StoreError> {
        let names = tx.query(&AREA_FORMER_NAMES_OF, params![id], read_former_name)?;
        let pairs = tx.query(&AREA_SUCCEEDS, params![id], |row| Ok((id, row.get(0)?)))?;
        Ok(Self::new(names, pairs))
    }

    fn new(names: Vec<(Id, FormerName)>, pairs: Vec<(Id, Id)>) -> Self {
        let mut past = Self::default();
        for (area, name) in names {
            past.former_names.entry(area).or_default().push(name);
        }
        for (area, before) in pairs {
            past.succeeds.entry(area).or_default().push(before);
        }
        past
    }
}

fn read_former_name(row: &Row<'_>) -> Result<(Id, FormerName), StoreError> {
    let (until, name) = (row.get(1)?, row.get(2)?);
    Ok((row.get(0)?, FormerName { until, name }))
}

fn read_area(row: &Row<'_>, past: &Past) -> Result<Area, StoreError> {
    let id = row.get(0)?;
    let day = |text: Option<String>| text.map(|text| text.parse()).transpose().map_err(corrupt);
    let level: String = row.get(3)?;
    let centre = row.get::<Option<f64>>(6)?.zip(row.get::<Option<f64>>(7)?);
    Ok(Area {
        id,
        code: AreaCode::parse(&row.get::<String>(1)?).map_err(corrupt)?,
        name: row.get(2)?,
        level: level_from_text(&level).ok_or_else(|| corrupt(format!("{level:?} is no level")))?,
        parent_id: row.get(4)?,
        path: row.get(5)?,
        centre: centre.map(|(lon, lat)| Point { lon, lat }),
        boundary: row
            .get::<Option<Vec<u8>>>(9)?
            .map(|bytes| Boundary::from_stored(&bytes).map(Arc::new))
            .transpose()
            .map_err(corrupt)?,
        effective_from: day(row.get(10)?)?,
        effective_to: day(row.get(11)?)?,
        succeeds: past.succeeds.get(&id).cloned().unwrap_or_default().into(),
        former_names: past
            .former_names
            .get(&id)
            .cloned()
            .unwrap_or_default()
            .into(),
        version: row.get(8)?,
    })
}

fn written(day: Option<Date>) -> Option<String> {
    day.map(|day| day.to_string())
}

/// Enters an area with its outline.
pub(crate) fn area_add(tx: &mut Tx<'_>, area: &Area) -> Result<(), StoreError> {
    let centre = area.centre;
    tx.post(
        &AREA_ADD,
        params![
            area.id,
            area.code.to_string(),
            area.name,
            level_text(area.level),
            area.parent_id,
            area.path,
            centre.map(|c| c.lon),
            centre.map(|c| c.lat),
            written(area.effective_from),
            written(area.effective_to),
            area.version
        ],
    )?;
    succeeds_add(tx, area)?;
    boundary_set(tx, area)
}

/// Changes an area from what it was, at the version before `area.version`. Of former names only one that came to it is entered.
pub(crate) fn area_set(tx: &mut Tx<'_>, before: &Area, area: &Area) -> Result<(), StoreError> {
    let centre = area.centre;
    tx.post_one(
        &AREA_SET,
        params![
            area.id,
            area.version - 1,
            area.name,
            centre.map(|c| c.lon),
            centre.map(|c| c.lat),
            written(area.effective_from),
            written(area.effective_to)
        ],
    )?;
    if let Some(former) = area.former_names.get(before.former_names.len()..) {
        for FormerName { until, name } in former {
            tx.post(&AREA_FORMER_NAME_ADD, params![area.id, *until, name])?;
        }
    }
    if before.succeeds != area.succeeds {
        tx.post(&AREA_SUCCEEDS_REMOVE, params![area.id])?;
        succeeds_add(tx, area)?;
    }
    if before.boundary == area.boundary {
        return Ok(());
    }
    boundary_set(tx, area)
}

fn succeeds_add(tx: &mut Tx<'_>, area: &Area) -> Result<(), StoreError> {
    for before in &area.succeeds {
        tx.post(&AREA_SUCCEEDS_ADD, params![area.id, *before])?;
    }
    Ok(())
}

fn boundary_set(tx: &mut Tx<'_>, area: &Area) -> Result<(), StoreError> {
    match &area.boundary {
        Some(boundary) => tx.post(&AREA_BOUNDARY_SET, params![area.id, boundary.to_stored()]),
        None => Ok(()),
    }
}

/// What is in force in an area, its own zones included: what keeps it from ending. At most `limit` of each.
pub(crate) fn in_force_in(
    tx: &mut Tx<'_>,
    area: &Area,
    limit: usize,
) -> Result<Vec<String>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (from, until) = area.path.range();
    let name = |row: &Row<'_>| {
        Ok(format!(
            "{} {}",
            row.get::<String>(0)?,
            row.get::<String>(1)?
        ))
    };
    let mut found = tx.query(&AREAS_IN_FORCE, params![from, until, limit], name)?;
    found.extend(tx.query(&ZONES_OF_AREA, params![area.id, limit], name)?);
    Ok(found)
}
