//! All SQL of the registry; the only writer of its tables. Areas, zones and rules are read whole, for the snapshot; components are
//! asked for (see [`components`] and [`lists`]).

pub(crate) mod areas;
pub(crate) mod components;
pub(crate) mod history;
pub(crate) mod layers;
pub(crate) mod lists;
#[cfg(test)]
mod lists_tests;
pub(crate) mod zones;

use crate::Rulebook;
use crate::model::{
    Category, CategoryKind, CrosswalkRow, Relation, RuleRow, RuleText, Standard, StandardKey,
};
use base::{Id, Timestamp};
use calendar::{BareUnits, Counting, Limit};
use store::handover::Table;
use store::{Row, StoreError, Tx, params};

/// The columns of a component, in the order `components` reads them.
macro_rules! component_columns {
    () => {
        "c.id, c.code, c.former_code, c.name, c.category_id, c.state, c.lon, c.lat, c.shape, c.area_path, c.supervisor_id,
         c.owner_id, c.maintainer_id, c.initial_on, c.changed_on, c.data_source, c.remark, c.attributes, c.version"
    };
}
pub(crate) use component_columns;

/// What becomes of each table when the city is handed over.
pub(crate) const TABLES: &[Table] = &[
    Table::handed("area", &["path"]),
    Table::handed("area_former_name", &["area_id", "until"]),
    Table::handed("area_succession", &["area_id", "succeeds_id"]),
    Table::handed("area_history", &["area_id", "version"]),
    Table::handed("area_boundary", &["area_id"]),
    Table::handed("zone", &["id"]),
    Table::handed("zone_area", &["zone_id", "area_id"]),
    Table::handed("zone_staff", &["zone_id", "staff_id"]),
    Table::handed("duty_grid_area", &["area_id"]),
    Table::handed("zone_history", &["zone_id", "version"]),
    Table::handed("standard", &["id"]),
    Table::handed("category", &["level", "id"]),
    Table::handed("rule_row", &["id"]),
    Table::handed("crosswalk", &["from_category_id", "to_category_id"]),
    Table::handed("component", &["id"]),
    Table::handed("component_history", &["component_id", "version"]),
    Table::replacing("layer", &["id"]),
    Table::handed("place", &["id"]),
];

store::statements! {
    /// One component.
    COMPONENT_BY_ID = concat!("SELECT ", component_columns!(), " FROM component c WHERE c.id = ?1");
    /// Components in order of id.
    COMPONENTS_AFTER = concat!("SELECT ", component_columns!(), " FROM component c WHERE c.id > ?1 ORDER BY c.id LIMIT ?2");
    /// The component with this code in force.
    COMPONENT_BY_CODE = concat!("SELECT ", component_columns!(), " FROM component c WHERE c.code = ?1");
    /// The component that had this code.
    COMPONENT_BY_FORMER_CODE = concat!("SELECT ", component_columns!(), " FROM component c WHERE c.former_code = ?1");
    /// A new component.
    COMPONENT_ADD = "INSERT INTO component (id, code, former_code, name, category_id, state, lon, lat, cell, shape, area_path,
        supervisor_id, owner_id, maintainer_id, initial_on, changed_on, data_source, remark, attributes, version)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)";
    /// A component, from one version to the next.
    COMPONENT_SET = "UPDATE component SET code = ?3, former_code = ?4, name = ?5, category_id = ?6, state = ?7, lon = ?8, lat = ?9,
        cell = ?10, shape = ?11, area_path = ?12, supervisor_id = ?13, owner_id = ?14, maintainer_id = ?15, initial_on = ?16,
        changed_on = ?17, data_source = ?18, remark = ?19, attributes = ?20, version = version + 1
        WHERE id = ?1 AND version = ?2";
    /// A line of a component's history.
    COMPONENT_HISTORY_ADD = "INSERT INTO component_history (component_id, version, at, operation, staff_id, organisation_id, reason,
        changes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    /// The history of a component, the newest first.
    COMPONENT_HISTORY = "SELECT version, at, operation, staff_id, organisation_id, reason, changes FROM component_history
        WHERE component_id = ?1 AND version < ?2 ORDER BY version DESC LIMIT ?3";
    /// Every area's version, parents before children.
    AREA_VERSIONS = "SELECT id, version FROM area ORDER BY path";
    /// Areas with their outlines, a piece at a time.
    AREAS_AFTER = "SELECT a.id, a.code, a.name, a.level, a.parent_id, a.path, a.lon, a.lat, a.version, b.shape, a.effective_from,
        a.effective_to FROM area a LEFT JOIN area_boundary b ON b.area_id = a.id WHERE a.path > ?1 ORDER BY a.path LIMIT ?2";
    /// One area with its outline.
    AREA_BY_ID = "SELECT a.id, a.code, a.name, a.level, a.parent_id, a.path, a.lon, a.lat, a.version, b.shape, a.effective_from,
        a.effective_to FROM area a LEFT JOIN area_boundary b ON b.area_id = a.id WHERE a.id = ?1";
    /// A new area.
    AREA_ADD = "INSERT INTO area (id, code, name, level, parent_id, path, lon, lat, effective_from, effective_to, version)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    /// What may change of an area, from one version to the next.
    AREA_SET = "UPDATE area SET name = ?3, lon = ?4, lat = ?5, effective_from = ?6, effective_to = ?7, version = version + 1
        WHERE id = ?1 AND version = ?2";
    /// The outline of an area.
    AREA_BOUNDARY_SET = "INSERT INTO area_boundary (area_id, shape) VALUES (?1, ?2)
        ON CONFLICT (area_id) DO UPDATE SET shape = excluded.shape";
    /// Which areas took the place of which.
    AREA_SUCCESSION = "SELECT area_id, succeeds_id FROM area_succession ORDER BY area_id, succeeds_id";
    /// The areas that one took the place of.
    AREA_SUCCEEDS = "SELECT succeeds_id FROM area_succession WHERE area_id = ?1 ORDER BY succeeds_id";
    /// An area that another took the place of.
    AREA_SUCCEEDS_ADD = "INSERT INTO area_succession (area_id, succeeds_id) VALUES (?1, ?2)";
    /// The areas that one took the place of, to be entered anew.
    AREA_SUCCEEDS_REMOVE = "DELETE FROM area_succession WHERE area_id = ?1";
    /// What areas were called before.
    AREA_FORMER_NAMES = "SELECT area_id, until, name FROM area_former_name ORDER BY area_id, until";
    /// What one area was called before.
    AREA_FORMER_NAMES_OF = "SELECT area_id, until, name FROM area_former_name WHERE area_id = ?1 ORDER BY until";
    /// What an area is no longer called; renamed twice at one moment, it had the first name till then.
    AREA_FORMER_NAME_ADD = "INSERT INTO area_former_name (area_id, until, name) VALUES (?1, ?2, ?3)
        ON CONFLICT (area_id, until) DO NOTHING";
    /// What is in force in the range of paths below an area.
    AREAS_IN_FORCE = "SELECT code, name FROM area WHERE path > ?1 AND path < ?2 AND effective_to IS NULL ORDER BY path LIMIT ?3";
    /// The active zones made of an area.
    ZONES_OF_AREA = "SELECT z.kind, z.name FROM zone_area m JOIN zone z ON z.id = m.zone_id WHERE m.area_id = ?1 AND z.is_active
        ORDER BY z.name LIMIT ?2";
    /// A line of an area's history.
    AREA_HISTORY_ADD = "INSERT INTO area_history (area_id, version, at, operation, staff_id, organisation_id, reason, changes)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    /// The history of an area, the newest first.
    AREA_HISTORY = "SELECT version, at, operation, staff_id, organisation_id, reason, changes FROM area_history
        WHERE area_id = ?1 AND version < ?2 ORDER BY version DESC LIMIT ?3";
    /// Every zone.
    ZONES = "SELECT id, code, name, kind, shape, organisation_id, is_active, version FROM zone ORDER BY name";
    /// The areas of every zone.
    ZONE_AREAS = "SELECT z.zone_id, a.path FROM zone_area z JOIN area a ON a.id = z.area_id ORDER BY z.zone_id, a.path";
    /// Who answers for every zone.
    ZONE_STAFF = "SELECT zone_id, staff_id FROM zone_staff ORDER BY zone_id, staff_id";
    /// A new zone.
    ZONE_ADD = "INSERT INTO zone (id, code, name, kind, shape, organisation_id, is_active, version)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    /// A zone, from one version to the next.
    ZONE_SET = "UPDATE zone SET code = ?3, name = ?4, shape = ?5, organisation_id = ?6, is_active = ?7, version = version + 1
        WHERE id = ?1 AND version = ?2";
    /// An area of a zone, by the area's path.
    ZONE_AREA_ADD = "INSERT INTO zone_area (zone_id, area_id) SELECT ?1, id FROM area WHERE path = ?2";
    /// The areas of a zone, to be entered anew.
    ZONE_AREAS_REMOVE = "DELETE FROM zone_area WHERE zone_id = ?1";
    /// Somebody who answers for a zone.
    ZONE_STAFF_ADD = "INSERT INTO zone_staff (zone_id, staff_id) VALUES (?1, ?2)";
    /// Who answers for a zone, to be entered anew.
    ZONE_STAFF_REMOVE = "DELETE FROM zone_staff WHERE zone_id = ?1";
    /// A unit grid of an active duty grid; conflicts when it is another's.
    DUTY_GRID_AREA_ADD = "INSERT INTO duty_grid_area (area_id, zone_id) SELECT id, ?1 FROM area WHERE path = ?2";
    /// The unit grids of a duty grid, to be entered anew.
    DUTY_GRID_AREAS_REMOVE = "DELETE FROM duty_grid_area WHERE zone_id = ?1";
    /// A version of a zone.
    ZONE_HISTORY_ADD = "INSERT INTO zone_history (zone_id, version, at, staff_id, organisation_id, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    /// The versions of a zone, the newest first.
    ZONE_HISTORY = "SELECT version, at, staff_id, organisation_id, body FROM zone_history WHERE zone_id = ?1 AND version < ?2
        ORDER BY version DESC LIMIT ?3";
    /// Every layer.
    LAYERS = "SELECT id, code, name, geometry, source, style, level_min, level_max, position, is_active, version FROM layer
        ORDER BY position, code";
    /// A new layer.
    LAYER_ADD = "INSERT INTO layer (id, code, name, geometry, source, style, level_min, level_max, position, is_active, version)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    /// A layer, from one version to the next.
    LAYER_SET = "UPDATE layer SET name = ?3, geometry = ?4, source = ?5, style = ?6, level_min = ?7, level_max = ?8, position = ?9,
        is_active = ?10, version = version + 1 WHERE id = ?1 AND version = ?2";
    /// The places of a layer in order of their codes.
    PLACES_AFTER = "SELECT id, code, name, lon, lat, attributes, version FROM place WHERE layer_id = ?1 AND code > ?2
        ORDER BY code LIMIT ?3";
    /// A place of a layer, by its code.
    PLACE_BY_CODE = "SELECT id, code, name, lon, lat, attributes, version FROM place WHERE layer_id = ?1 AND code = ?2";
    /// Places of layers that are offered, by a piece of the name or of what else is known of them; those whose name begins so first.
    PLACES_NAMED = "SELECT p.id, p.code, p.name, p.lon, p.lat, p.attributes, p.version, l.name FROM place p JOIN layer l ON l.id = p.layer_id
        WHERE l.is_active AND (LOWER(p.name) LIKE ?1 ESCAPE '!' OR LOWER(p.attributes) LIKE ?1 ESCAPE '!')
        ORDER BY CASE WHEN LOWER(p.name) LIKE ?2 ESCAPE '!' THEN 0 WHEN LOWER(p.name) LIKE ?1 ESCAPE '!' THEN 1 ELSE 2 END, LENGTH(p.name), p.id
        LIMIT ?3";
    /// A new place.
    PLACE_ADD = "INSERT INTO place (id, layer_id, code, name, lon, lat, cell, attributes, version)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    /// A place, from one version to the next.
    PLACE_SET = "UPDATE place SET name = ?3, lon = ?4, lat = ?5, cell = ?6, attributes = ?7, version = version + 1
        WHERE id = ?1 AND version = ?2";
    /// Every standard.
    STANDARDS = "SELECT id, code, edition, name, effective_from, effective_to, bare_hours, bare_days, version
        FROM standard ORDER BY code, edition";
    /// A new standard.
    STANDARD_ADD = "INSERT INTO standard (id, code, edition, name, effective_from, effective_to, bare_hours, bare_days, version)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    /// What may change of a standard. What bare units mean may not: limits have been read with it.
    STANDARD_SET = "UPDATE standard SET name = ?3, effective_from = ?4, effective_to = ?5, version = version + 1
        WHERE id = ?1 AND version = ?2";
    /// Every category.
    CATEGORIES = "SELECT id, standard_id, kind, code, name, parent_id, level, version FROM category ORDER BY id";
    /// A new category.
    CATEGORY_ADD = "INSERT INTO category (id, standard_id, kind, code, name, parent_id, level, version)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    /// A category's name, from one version to the next.
    CATEGORY_SET = "UPDATE category SET name = ?3, version = version + 1 WHERE id = ?1 AND version = ?2";
    /// Every rule row, past ones too.
    RULE_ROWS = "SELECT id, category_id, filing_condition, limit_text, limit_value, closing_condition, responsible_units,
        supervising_units, legal_basis, legal_clause, collection_rule, version, superseded_at FROM rule_row ORDER BY id";
    /// A new rule row.
    RULE_ROW_ADD = "INSERT INTO rule_row (id, category_id, filing_condition, limit_text, limit_value, closing_condition,
        responsible_units, supervising_units, legal_basis, legal_clause, collection_rule, version)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    /// A rule row that a newer one replaces.
    RULE_ROW_SUPERSEDE = "UPDATE rule_row SET superseded_at = ?2 WHERE id = ?1 AND superseded_at IS NULL";
    /// Every pair of the crosswalk.
    CROSSWALK = "SELECT from_category_id, to_category_id, relation FROM crosswalk ORDER BY from_category_id, to_category_id";
    /// A pair, new or with another relation.
    CROSSWALK_SET = "INSERT INTO crosswalk (from_category_id, to_category_id, relation) VALUES (?1, ?2, ?3)
        ON CONFLICT (from_category_id, to_category_id) DO UPDATE SET relation = excluded.relation";
    /// A pair that no longer holds.
    CROSSWALK_REMOVE = "DELETE FROM crosswalk WHERE from_category_id = ?1 AND to_category_id = ?2";
}

fn corrupt(what: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(what.to_string())
}

/// Standards, categories, rule rows, crosswalk.
pub(crate) fn load_rulebook(tx: &mut Tx<'_>) -> Result<Rulebook, StoreError> {
    let standards = tx.query(&STANDARDS, &[], read_standard)?;
    let categories = tx.query(&CATEGORIES, &[], read_category)?;
    let rule_rows = tx.query(&RULE_ROWS, &[], read_rule_row)?;
    let crosswalk = tx.query(&CROSSWALK, &[], |row| {
        let relation: String = row.get(2)?;
        Ok(CrosswalkRow {
            from_category_id: row.get(0)?,
            to_category_id: row.get(1)?,
            relation: Relation::from_text(&relation)
                .ok_or_else(|| corrupt(format!("{relation:?} is no relation")))?,
        })
    })?;
    Ok(Rulebook::new(standards, categories, rule_rows, crosswalk))
}

fn counting_text(counting: Counting) -> &'static str {
    match counting {
        Counting::Working => "working",
        Counting::AroundTheClock => "around_the_clock",
    }
}

fn counting_from(text: &str) -> Result<Counting, StoreError> {
    match text {
        "working" => Ok(Counting::Working),
        "around_the_clock" => Ok(Counting::AroundTheClock),
        other => Err(corrupt(format!("{other:?} is no way of counting"))),
    }
}

fn read_standard(row: &Row<'_>) -> Result<Standard, StoreError> {
    let day = |text: Option<String>| text.map(|text| text.parse()).transpose().map_err(corrupt);
    Ok(Standard {
        id: row.get(0)?,
        key: StandardKey {
            code: row.get(1)?,
            version: row.get(2)?,
        },
        name: row.get(3)?,
        effective_from: day(row.get(4)?)?,
        effective_to: day(row.get(5)?)?,
        bare_units: BareUnits {
            hours: counting_from(&row.get::<String>(6)?)?,
            days: counting_from(&row.get::<String>(7)?)?,
        },
        row_version: row.get(8)?,
    })
}

/// Enters a standard.
pub(crate) fn standard_add(tx: &mut Tx<'_>, standard: &Standard) -> Result<(), StoreError> {
    tx.post(
        &STANDARD_ADD,
        params![
            standard.id,
            standard.key.code,
            standard.key.version,
            standard.name,
            standard.effective_from.map(|day| day.to_string()),
            standard.effective_to.map(|day| day.to_string()),
            counting_text(standard.bare_units.hours),
            counting_text(standard.bare_units.days),
            standard.row_version
        ],
    )
}

/// Changes title and dates of a standard that is at the version before `standard.row_version`.
pub(crate) fn standard_set(tx: &mut Tx<'_>, standard: &Standard) -> Result<(), StoreError> {
    tx.post_one(
        &STANDARD_SET,
        params![
            standard.id,
            standard.row_version - 1,
            standard.name,
            standard.effective_from.map(|day| day.to_string()),
            standard.effective_to.map(|day| day.to_string())
        ],
    )
}

fn read_category(row: &Row<'_>) -> Result<Category, StoreError> {
    let kind: String = row.get(2)?;
    let level: i64 = row.get(6)?;
    Ok(Category {
        id: row.get(0)?,
        standard_id: row.get(1)?,
        kind: CategoryKind::from_text(&kind)
            .ok_or_else(|| corrupt(format!("{kind:?} is no kind")))?,
        code: row.get(3)?,
        name: row.get(4)?,
        parent_id: row.get(5)?,
        level: u8::try_from(level).map_err(corrupt)?,
        version: row.get(7)?,
    })
}

/// Enters a category.
pub(crate) fn category_add(tx: &mut Tx<'_>, category: &Category) -> Result<(), StoreError> {
    tx.post(
        &CATEGORY_ADD,
        params![
            category.id,
            category.standard_id,
            category.kind.as_str(),
            category.code,
            category.name,
            category.parent_id,
            category.level,
            category.version
        ],
    )
}

/// Renames a category that is at the version before `category.version`.
pub(crate) fn category_set(tx: &mut Tx<'_>, category: &Category) -> Result<(), StoreError> {
    tx.post_one(
        &CATEGORY_SET,
        params![category.id, category.version - 1, category.name],
    )
}

fn read_rule_row(row: &Row<'_>) -> Result<RuleRow, StoreError> {
    let limit: String = row.get(4)?;
    Ok(RuleRow {
        id: row.get(0)?,
        category_id: row.get(1)?,
        text: RuleText {
            filing_condition: row.get(2)?,
            limit_text: row.get(3)?,
            closing_condition: row.get(5)?,
            responsible_units: row.get(6)?,
            supervising_units: row.get(7)?,
            legal_basis: row.get(8)?,
            legal_clause: row.get(9)?,
            collection_rule: row.get(10)?,
        },
        // Written by the limit itself, so it says what it means without the standard's bare units.
        limit: Limit::parse(&limit, &BareUnits::default())
            .map_err(|_| corrupt(format!("{limit:?} is no limit")))?,
        version: row.get(11)?,
        superseded_at: row.get(12)?,
    })
}

/// Enters a rule row.
pub(crate) fn rule_row_add(tx: &mut Tx<'_>, rule: &RuleRow) -> Result<(), StoreError> {
    let text = &rule.text;
    tx.post(
        &RULE_ROW_ADD,
        params![
            rule.id,
            rule.category_id,
            text.filing_condition,
            text.limit_text,
            rule.limit.to_string(),
            text.closing_condition,
            text.responsible_units,
            text.supervising_units,
            text.legal_basis,
            text.legal_clause,
            text.collection_rule,
            rule.version
        ],
    )
}

/// Marks a rule row as replaced.
pub(crate) fn rule_row_supersede(tx: &mut Tx<'_>, id: Id, at: Timestamp) -> Result<(), StoreError> {
    tx.post_one(&RULE_ROW_SUPERSEDE, params![id, at])
}

/// Enters a pair of the crosswalk, or gives it its relation.
pub(crate) fn crosswalk_set(tx: &mut Tx<'_>, pair: &CrosswalkRow) -> Result<(), StoreError> {
    tx.post(
        &CROSSWALK_SET,
        params![
            pair.from_category_id,
            pair.to_category_id,
            pair.relation.as_str()
        ],
    )
}

/// Removes a pair of the crosswalk.
pub(crate) fn crosswalk_remove(tx: &mut Tx<'_>, pair: &CrosswalkRow) -> Result<(), StoreError> {
    tx.post(
        &CROSSWALK_REMOVE,
        params![pair.from_category_id, pair.to_category_id],
    )
}
