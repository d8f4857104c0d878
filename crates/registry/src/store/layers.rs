//! Layers and the places that belong to one.

use super::{
    LAYER_ADD, LAYER_SET, LAYERS, PLACE_ADD, PLACE_BY_CODE, PLACE_SET, PLACES_AFTER, PLACES_NAMED,
    corrupt,
};
use crate::component::cell::{Frame, cell_of};
use crate::model::{Layer, LayerGeometry, Place};
use base::{Id, Point};
use serde_json::{Map, Value};
use std::fmt::Write as _;
use store::{AsParam, Param, Row, Statement, StoreError, Tx, params};

/// Every layer, in the order of their places.
pub(crate) fn load_layers(tx: &mut Tx<'_>) -> Result<Vec<Layer>, StoreError> {
    tx.query(&LAYERS, &[], |row| {
        let geometry: String = row.get(3)?;
        let level = |at: usize| u8::try_from(row.get::<i64>(at)?).map_err(corrupt);
        Ok(Layer {
            id: row.get(0)?,
            code: row.get(1)?,
            name: row.get(2)?,
            geometry: LayerGeometry::from_text(&geometry)
                .ok_or_else(|| corrupt(format!("{geometry:?} is no kind of geometry")))?,
            source: serde_json::from_str(&row.get::<String>(4)?).map_err(corrupt)?,
            style: serde_json::from_str(&row.get::<String>(5)?).map_err(corrupt)?,
            level_min: level(6)?,
            level_max: level(7)?,
            position: row.get(8)?,
            is_active: row.get(9)?,
            version: row.get(10)?,
        })
    })
}

fn json_text(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(corrupt)
}

/// Enters a layer.
pub(crate) fn layer_add(tx: &mut Tx<'_>, layer: &Layer) -> Result<(), StoreError> {
    tx.post(
        &LAYER_ADD,
        params![
            layer.id,
            layer.code,
            layer.name,
            layer.geometry.as_str(),
            json_text(&layer.source)?,
            json_text(&layer.style)?,
            i64::from(layer.level_min),
            i64::from(layer.level_max),
            layer.position,
            layer.is_active,
            layer.version
        ],
    )
}

/// Changes a layer that is at the version before `layer.version`.
pub(crate) fn layer_set(tx: &mut Tx<'_>, layer: &Layer) -> Result<(), StoreError> {
    tx.post_one(
        &LAYER_SET,
        params![
            layer.id,
            layer.version - 1,
            layer.name,
            layer.geometry.as_str(),
            json_text(&layer.source)?,
            json_text(&layer.style)?,
            i64::from(layer.level_min),
            i64::from(layer.level_max),
            layer.position,
            layer.is_active
        ],
    )
}

fn read_place(row: &Row<'_>) -> Result<Place, StoreError> {
    let attributes: Option<String> = row.get(5)?;
    Ok(Place {
        id: row.get(0)?,
        code: row.get(1)?,
        name: row.get(2)?,
        point: Point {
            lon: row.get(3)?,
            lat: row.get(4)?,
        },
        attributes: match attributes {
            None => Map::new(),
            Some(text) => serde_json::from_str(&text).map_err(corrupt)?,
        },
        version: row.get(6)?,
    })
}

/// The places of a layer in order of their codes.
pub(crate) fn places_after(
    tx: &mut Tx<'_>,
    layer_id: Id,
    after: &str,
    limit: i64,
) -> Result<Vec<Place>, StoreError> {
    tx.query(&PLACES_AFTER, params![layer_id, after, limit], read_place)
}

/// Places with this piece of a text in their name or in what else is known of them, each with the name of its layer.
pub(crate) fn places_named(
    tx: &mut Tx<'_>,
    text: &str,
    limit: i64,
) -> Result<Vec<(Place, String)>, StoreError> {
    let mut piece = String::with_capacity(text.len() + 2);
    for letter in text.to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '!') {
            piece.push('!');
        }
        piece.push(letter);
    }
    let (anywhere, at_first) = (format!("%{piece}%"), format!("{piece}%"));
    tx.query(&PLACES_NAMED, params![anywhere, at_first, limit], |row| {
        Ok((read_place(row)?, row.get(7)?))
    })
}

/// The place of a layer with this code.
pub(crate) fn place_by_code(
    tx: &mut Tx<'_>,
    layer_id: Id,
    code: &str,
) -> Result<Option<Place>, StoreError> {
    tx.query_opt(&PLACE_BY_CODE, params![layer_id, code], read_place)
}

fn attributes_text(place: &Place) -> Option<String> {
    (!place.attributes.is_empty()).then(|| Value::Object(place.attributes.clone()).to_string())
}

/// Enters a place.
pub(crate) fn place_add(tx: &mut Tx<'_>, layer_id: Id, place: &Place) -> Result<(), StoreError> {
    tx.post(
        &PLACE_ADD,
        params![
            place.id,
            layer_id,
            place.code,
            place.name,
            place.point.lon,
            place.point.lat,
            cell_of(place.point),
            attributes_text(place),
            place.version
        ],
    )
}

/// Changes a place that is at the version before `place.version`.
pub(crate) fn place_set(tx: &mut Tx<'_>, place: &Place) -> Result<(), StoreError> {
    tx.post_one(
        &PLACE_SET,
        params![
            place.id,
            place.version - 1,
            place.name,
            place.point.lon,
            place.point.lat,
            cell_of(place.point),
            attributes_text(place)
        ],
    )
}

/// The places of a layer within a frame, at most `limit`.
pub(crate) fn places_within(
    tx: &mut Tx<'_>,
    layer_id: Id,
    frame: &Frame,
    limit: i64,
) -> Result<Vec<Place>, StoreError> {
    let ranges = frame.ranges();
    let mut rows = String::new();
    let mut values: Vec<Param<'_>> = vec![layer_id.as_param()];
    for (number, (from, to)) in ranges.iter().enumerate() {
        let comma = if number == 0 { "" } else { ", " };
        let place = 2 * number + 2;
        let _ = write!(
            rows,
            "{comma}(CAST(?{place} AS BIGINT), CAST(?{} AS BIGINT))",
            place + 1
        );
        values.extend([from.as_param(), to.as_param()]);
    }
    let first = values.len() + 1;
    values.extend([
        frame.west.as_param(),
        frame.east.as_param(),
        frame.south.as_param(),
        frame.north.as_param(),
        limit.as_param(),
    ]);
    let text = format!(
        "WITH wanted (first, last) AS (VALUES {rows})
         SELECT p.id, p.code, p.name, p.lon, p.lat, p.attributes, p.version FROM wanted w CROSS JOIN place p
         WHERE p.layer_id = ?1 AND p.cell >= w.first AND p.cell <= w.last
         AND p.lon >= ?{first} AND p.lon <= ?{} AND p.lat >= ?{} AND p.lat <= ?{} LIMIT ?{}",
        first + 1,
        first + 2,
        first + 3,
        first + 4
    );
    tx.query(&Statement::composed(text), &values, read_place)
}
