//! Places of a layer, from GeoJSON.

use super::Progress;
use super::boundaries::{FEATURE, error, property, read};
use crate::component::shape::place_of;
use crate::failure::RegistryError;
use crate::layer::LayerNew;
use crate::model::{LayerSource, Place, line, name};
use crate::service::Registry;
use crate::store::layers as sql;
use ::store::AuditEntry;
use access::{Actor, Principal};
use base::Id;
use base::geo::CoordinateSystem;
use base::limits::NAME_CHARACTERS_MAX;
use serde_json::json;
use std::collections::HashMap;
use table::{Report, RowError};

/// Places of one transaction.
const BATCH: usize = 500;

/// How places of a layer are to be read from GeoJSON points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlaceImport {
    /// Plan and report, write nothing.
    pub dry_run: bool,
    /// The system of all coordinates.
    pub coordinates: CoordinateSystem,
    /// The property that tells one place from the others. When left out `id` or `code`, and without these name and place.
    pub code: Option<String>,
    /// Makes the layer, with this name, when there is none with the code.
    pub layer_name: Option<String>,
}

impl Registry {
    /// Imports places of a layer from GeoJSON: good features go in, bad ones are in the report. A second run changes nothing.
    pub async fn place_import(
        &self,
        who: &Principal,
        layer_code: &str,
        geojson: &[u8],
        options: &PlaceImport,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<Report, RegistryError> {
        let actor = who.acting_anywhere("layer_update")?;
        let known = self.layer(layer_code);
        let (mut report, places) = drafts(geojson, options)?;
        let layer_id = match (known, &options.layer_name) {
            (Some(layer), _) if layer.source == (LayerSource::Places {}) => layer.id,
            (None, Some(name)) => self.layer_of_places(who, layer_code, name, options).await?,
            _ => {
                let message = format!("there is no layer `{layer_code}` of places");
                return Err(RegistryError::invalid("layer", "unknown_id", message));
            }
        };
        let total = places.len();
        let mut done = 0;
        progress(Progress { done, total });
        for batch in places.chunks(BATCH) {
            let (news, unchanged) = self
                .put_places(&actor, layer_id, batch.to_vec(), options.dry_run)
                .await?;
            report.stored += news;
            report.unchanged += unchanged;
            done += batch.len();
            progress(Progress { done, total });
        }
        Ok(report)
    }

    /// A new layer of places drawn as points; in a rehearsal the id of none.
    async fn layer_of_places(
        &self,
        who: &Principal,
        code: &str,
        name: &str,
        options: &PlaceImport,
    ) -> Result<Id, RegistryError> {
        let new = LayerNew::of_places(code, name);
        if options.dry_run {
            let faults = self.layer_faults(&new.into_layer(Id(0)));
            return if faults.is_empty() {
                Ok(Id(0))
            } else {
                Err(RegistryError::Invalid(faults))
            };
        }
        Ok(self.layer_create(who, new, None).await?.id)
    }

    /// Stores places that are new or changed; says how many, and how many were there just so.
    async fn put_places(
        &self,
        actor: &Actor,
        layer_id: Id,
        places: Vec<Place>,
        dry_run: bool,
    ) -> Result<(u64, u64), RegistryError> {
        let (at, account_id) = (self.store.clock().now(), actor.account_id);
        let ids: Vec<Id> = places.iter().map(|_| self.store.next_id()).collect();
        let work = move |tx: &mut ::store::Tx<'_>| {
            let (mut news, mut unchanged) = (0_u64, 0_u64);
            for (id, place) in ids.iter().zip(&places) {
                let before = sql::place_by_code(tx, layer_id, &place.code)?;
                let after = Place {
                    id: before.as_ref().map_or(*id, |before| before.id),
                    version: before.as_ref().map_or(1, |before| before.version),
                    ..place.clone()
                };
                match before {
                    Some(before) if before == after => unchanged += 1,
                    _ if dry_run => news += 1,
                    None => {
                        sql::place_add(tx, layer_id, &after)?;
                        news += 1;
                    }
                    Some(_) => {
                        let version = after.version + 1;
                        sql::place_set(tx, &Place { version, ..after })?;
                        news += 1;
                    }
                }
            }
            if news > 0 && !dry_run {
                let detail = json!({ "places": news });
                tx.audit(&AuditEntry {
                    at,
                    actor: account_id,
                    action: "layer_update",
                    object: layer_id,
                    detail: &detail.to_string(),
                })?;
            }
            Ok::<_, RegistryError>((news, unchanged))
        };
        if dry_run {
            self.store.read(work).await
        } else {
            self.store.write(work).await
        }
    }
}

/// Reads places; what is wrong with a feature is in the report.
fn drafts(bytes: &[u8], options: &PlaceImport) -> Result<(Report, Vec<Place>), RegistryError> {
    let features = read(bytes)?;
    let mut report = Report {
        read: features.len() as u64,
        ..Report::default()
    };
    let mut seen: HashMap<String, u64> = HashMap::new();
    let mut places = Vec::new();
    for (row, feature) in (1_u64..).zip(&features) {
        let feature = (feature.as_ref()).map_err(|reason| error(row, FEATURE, reason.clone()));
        let place = feature
            .and_then(|feature| draft(row, feature, options))
            .and_then(|place| match seen.insert(place.code.clone(), row) {
                Some(first) => Err(error(row, "code", format!("is feature {first} already"))),
                None => Ok(place),
            });
        match place {
            Ok(place) => places.push(place),
            Err(wrong) => report.reject(wrong),
        }
    }
    Ok((report, places))
}

fn draft(row: u64, feature: &geojson::Feature, options: &PlaceImport) -> Result<Place, RowError> {
    let named = options.code.as_deref();
    let codes: Vec<&str> = named.map_or(vec!["id", "code", "编码"], |code| vec![code]);
    let names = ["name", "名称"];
    let title = property(feature, &names)
        .ok_or_else(|| error(row, "name", "the feature has no name".to_owned()))?;
    let title = name(&title).map_err(|fault| error(row, "name", fault.to_string()))?;
    let geometry = feature.geometry.as_ref();
    let geometry =
        geometry.ok_or_else(|| error(row, "geometry", "the feature has no geometry".to_owned()))?;
    let place = place_of(geometry, options.coordinates)
        .map_err(|fault| error(row, "geometry", fault.to_string()))?;
    // What has no code of its own is told apart by its name and place.
    let code = match property(feature, &codes) {
        Some(code) => code,
        None if named.is_some() => {
            return Err(error(row, named.unwrap_or_default(), "is empty".to_owned()));
        }
        None => format!("{title}@{:.6},{:.6}", place.point.lon, place.point.lat),
    };
    let code = line(&code, 2 * NAME_CHARACTERS_MAX)
        .map_err(|fault| error(row, "code", fault.to_string()))?;
    let attributes = feature
        .properties
        .iter()
        .flatten()
        .filter(|(key, _)| !codes.contains(&key.as_str()) && !names.contains(&key.as_str()))
        .filter(|(_, value)| value.is_string() || value.is_number() || value.is_boolean())
        .filter(|(_, value)| value.as_str().is_none_or(|text| !text.is_empty()))
        .take(crate::model::ATTRIBUTES_MAX)
        .map(|(key, value)| (key.clone(), value.clone()));
    Ok(Place {
        id: Id(0),
        code,
        name: title,
        point: place.point,
        attributes: attributes.collect(),
        version: 1,
    })
}
