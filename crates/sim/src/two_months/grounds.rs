//! The ground of the city of two months: streets, villages and their places, unit grids and duty grids of one street, components.
//!
//! Names and codes are the public ones. Where exactly a village lies is made up: villages are laid out around the middle of
//! their street, those of the gridded street as a chequerboard.

use crate::city::{DemoCity, District};
use crate::dice::Dice;
use crate::founding::{Organisations, Rooms, SeedError, area_path, data, standard_key, whole};
use access::Principal;
use base::path::TreePath;
use base::{AreaCode, AreaLevel, Id};
use registry::{
    ComponentFile, ComponentImport, DUTY_GRID, GridGenerate, ZoneNew, import::BoundaryImport,
};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use table::Table;

/// The street whose villages have outlines and unit grids: Xiayang.
pub(super) const GRIDDED: &str = "310118001";
/// Villages in a row of the chequerboard.
const COLUMNS: usize = 8;
/// The size of its fields, degrees: some 440 by 440 metres.
const FIELD: (f64, f64) = (0.0046, 0.0040);

/// The data file of the larger city.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Qingpu {
    /// Streets and towns.
    #[serde(rename = "street")]
    pub(super) streets: Vec<Street>,
    /// Departments and companies besides those of `city.toml`.
    #[serde(rename = "organisation")]
    pub(super) organisations: Vec<crate::city::Organisation>,
}

/// A street or town.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Street {
    /// Division code.
    pub(super) area: String,
    /// Code of its centre.
    pub(super) organisation: String,
    /// How many stations it has.
    pub(super) stations: usize,
    /// Of every thousand reports.
    pub(super) share: u32,
    /// How far its villages lie around its middle, degrees.
    pub(super) spread: f64,
}

/// A village or neighbourhood.
#[derive(Debug, Clone)]
pub(super) struct Village {
    /// Division code.
    pub(super) code: String,
    /// Official name of its committee.
    pub(super) name: String,
    /// Its street, by place in [`Grounds::streets`].
    pub(super) street: usize,
    /// Its place among the villages of its street.
    pub(super) nth: usize,
    /// Its middle.
    pub(super) lon: f64,
    /// Its middle.
    pub(super) lat: f64,
}

impl Village {
    /// What people call it.
    pub(super) fn short_name(&self) -> &str {
        let name = self.name.as_str();
        name.strip_suffix("居委会")
            .or_else(|| name.strip_suffix("村委会"))
            .unwrap_or(name)
    }

    /// Whether it is in the country.
    pub(super) fn is_rural(&self) -> bool {
        self.name.ends_with("村委会")
    }
}

/// Streets and villages.
#[derive(Debug)]
pub(super) struct Grounds {
    /// Streets, with what users call them.
    pub(super) streets: Vec<(Street, String)>,
    /// Departments and companies.
    pub(super) organisations: Vec<crate::city::Organisation>,
    /// Villages, by code.
    pub(super) villages: Vec<Village>,
    /// All of it as a table of areas.
    pub(super) table: String,
}

impl Grounds {
    /// Those that come with the program.
    pub(super) fn built_in() -> Result<Self, SeedError> {
        let file: Qingpu =
            toml::from_str(include_str!("../../data/qingpu.toml")).map_err(|why| data(&why))?;
        let mut middles = BTreeMap::new();
        for line in include_str!("../../data/areas.csv").lines().skip(1) {
            let mut fields = line.split(',');
            if let (Some(code), Some(name), Some(Ok(lon)), Some(Ok(lat))) = (
                fields.next(),
                fields.next(),
                fields.next().map(str::parse::<f64>),
                fields.next().map(str::parse::<f64>),
            ) {
                middles.insert(code, (name, lon, lat));
            }
        }
        let mut grounds = Self {
            streets: Vec::new(),
            organisations: file.organisations,
            villages: Vec::new(),
            table: "code,name,lng,lat\n".to_owned(),
        };
        for street in file.streets {
            let (name, lon, lat) = middles
                .get(street.area.as_str())
                .copied()
                .ok_or_else(|| data(&street.area))?;
            let _ = writeln!(grounds.table, "{},{name},{lon},{lat}", street.area);
            grounds.villages_of(&street, (lon, lat));
            grounds.streets.push((street, name.to_owned()));
        }
        Ok(grounds)
    }

    fn villages_of(&mut self, street: &Street, middle: (f64, f64)) {
        let of_street: Vec<(&str, &str)> = include_str!("../../data/villages.csv")
            .lines()
            .filter_map(|line| line.split_once(','))
            .filter(|(code, _)| code.starts_with(&street.area))
            .collect();
        for (nth, (code, name)) in of_street.iter().enumerate() {
            let (lon, lat) = if street.area == GRIDDED {
                field_middle(nth, middle)
            } else {
                sunflower(nth, of_street.len(), street.spread, middle)
            };
            let _ = writeln!(self.table, "{code},{name},{lon:.5},{lat:.5}");
            self.villages.push(Village {
                code: (*code).to_owned(),
                name: (*name).to_owned(),
                street: self.streets.len(),
                nth,
                lon,
                lat,
            });
        }
    }

    /// The code of the station that a village belongs to.
    pub(super) fn station(&self, village: &Village) -> Option<String> {
        let (street, _) = self.streets.get(village.street)?;
        Some(station_code(street, village.nth % street.stations.max(1)))
    }

    /// Somewhere in a village.
    pub(super) fn point(&self, village: &Village, dice: &Dice) -> (f64, f64) {
        let is_gridded = self
            .streets
            .get(village.street)
            .is_some_and(|(street, _)| street.area == GRIDDED);
        let reach = if is_gridded { 0.45 } else { 0.8 };
        let off = |width: f64| (dice.share() * 2.0 - 1.0) * width * reach;
        (village.lon + off(FIELD.0), village.lat + off(FIELD.1))
    }
}

/// The code of a street's `nth` station.
pub(super) fn station_code(street: &Street, nth: usize) -> String {
    format!("{}-Z{}", street.organisation, nth + 1)
}

/// The `nth` of `count` places strewn evenly over a disc.
fn sunflower(nth: usize, count: usize, spread: f64, (lon, lat): (f64, f64)) -> (f64, f64) {
    let angle = nth as f64 * 2.399_963;
    let reach = spread * ((nth as f64 + 0.5) / count.max(1) as f64).sqrt();
    (lon + reach * angle.cos() * 1.15, lat + reach * angle.sin())
}

/// The middle of the `nth` field of the chequerboard.
fn field_middle(nth: usize, (lon, lat): (f64, f64)) -> (f64, f64) {
    let (column, row) = (nth % COLUMNS, nth / COLUMNS);
    (
        lon + (column as f64 - 3.5) * FIELD.0,
        lat + (1.5 - row as f64) * FIELD.1,
    )
}

/// Outlines, unit grids, duty grids and components of the gridded street.
pub(super) async fn survey(
    rooms: &Rooms<'_>,
    console: &Principal,
    city: &DemoCity,
    grounds: &Grounds,
    organisations: &Organisations,
    inspectors: &[Id],
    dice: &Dice,
) -> Result<(), SeedError> {
    let outlines = outlines(&city.district, grounds);
    let options = BoundaryImport::default();
    whole(
        &rooms
            .registry
            .boundary_import(console, outlines.as_bytes(), &options, |_| {})
            .await?,
    )?;
    let snapshot = rooms.registry.snapshot();
    let street = AreaCode::parse(GRIDDED).map_err(|why| data(&why))?;
    let street = snapshot
        .areas
        .by_code(street)
        .ok_or_else(|| data(GRIDDED))?;
    let (street_id, options) = (street.id, GridGenerate::default());
    rooms
        .registry
        .grid_generate(console, street_id, &options, |_| {})
        .await?;
    duty_grids(rooms, console, grounds, organisations, inspectors).await?;
    components(rooms, console, city, grounds, dice).await
}

fn outlines(district: &District, grounds: &Grounds) -> String {
    let (half_lon, half_lat) = (FIELD.0 / 2.0, FIELD.1 / 2.0);
    let feature = |village: &Village| {
        let (west, east) = (village.lon - half_lon, village.lon + half_lon);
        let (south, north) = (village.lat - half_lat, village.lat + half_lat);
        let ring = [
            [west, south],
            [east, south],
            [east, north],
            [west, north],
            [west, south],
        ];
        json!({
            "type": "Feature",
            "properties": { "code": village.code, "name": village.name, "district": district.code },
            "geometry": { "type": "Polygon", "coordinates": [ring] },
        })
    };
    let features: Vec<_> = grounds
        .villages
        .iter()
        .filter(|village| village.code.starts_with(GRIDDED))
        .map(feature)
        .collect();
    json!({ "type": "FeatureCollection", "features": features }).to_string()
}

/// A duty grid for every gridded village, with an inspector each.
async fn duty_grids(
    rooms: &Rooms<'_>,
    console: &Principal,
    grounds: &Grounds,
    organisations: &Organisations,
    inspectors: &[Id],
) -> Result<(), SeedError> {
    let snapshot = rooms.registry.snapshot();
    let of_street = |village: &&Village| village.code.starts_with(GRIDDED);
    for village in grounds.villages.iter().filter(of_street) {
        let path = area_path(rooms.registry, &village.code)?;
        let area_paths: Vec<TreePath> = snapshot
            .areas
            .below(&path)
            .filter(|area| area.level == AreaLevel::Grid)
            .map(|area| area.path.clone())
            .collect();
        let inspector = inspectors
            .get(village.nth % inspectors.len().max(1))
            .copied();
        let station = grounds.station(village).unwrap_or_default();
        let new = ZoneNew {
            code: Some(format!("ZR{}", village.code)),
            name: format!("{}责任网格", village.short_name()),
            kind: DUTY_GRID.to_owned(),
            area_paths,
            boundary: None,
            coordinates: base::CoordinateSystem::Cgcs2000,
            organisation_id: organisations.get(&station).map(|station| station.id),
            staff_ids: inspector.into_iter().collect(),
        };
        rooms.registry.zone_create(console, new, None).await?;
    }
    Ok(())
}

/// What stands in each gridded village: category, name, owner, how many.
const COMPONENTS: &[(&str, &str, &str, usize)] = &[
    ("0102", "污水井盖", "SWJ", 12),
    ("0103", "雨水箅子", "SWJ", 14),
    ("0104", "路灯", "JGW", 12),
    ("0107", "通信井盖", "TXGX", 6),
    ("0305", "垃圾箱", "LHSR", 6),
    ("0402", "行道树", "LHSR", 14),
    ("0204", "公交站", "JTW", 1),
    ("0214", "交通信号灯", "GAFJ", 1),
];

async fn components(
    rooms: &Rooms<'_>,
    console: &Principal,
    city: &DemoCity,
    grounds: &Grounds,
    dice: &Dice,
) -> Result<(), SeedError> {
    let mut text = "code,name,lng,lat,owner_code,supervisor_code\n".to_owned();
    let mut serials = BTreeMap::new();
    let of_street = |village: &&Village| village.code.starts_with(GRIDDED);
    for village in grounds.villages.iter().filter(of_street) {
        for (category, name, owner, count) in COMPONENTS {
            for _ in 0..*count {
                let serial: &mut u32 = serials.entry(*category).or_default();
                *serial += 1;
                let (lon, lat) = grounds.point(village, dice);
                let _ = writeln!(
                    text,
                    "{}{category}{serial:06},{name},{lon:.6},{lat:.6},{owner},CYZX",
                    city.district.code
                );
            }
        }
    }
    let table = Table::read(text.as_bytes(), "components.csv").map_err(|why| data(&why))?;
    let options = ComponentImport {
        standard: Some(standard_key(city)),
        ..ComponentImport::default()
    };
    let file = ComponentFile::Table(&table);
    whole(
        &rooms
            .registry
            .component_import(console, file, &options, |_| {})
            .await?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_city_is_one_and_eleven_and_forty_three_and_its_villages() {
        let grounds = Grounds::built_in().unwrap();
        assert_eq!(grounds.streets.len(), 11);
        let stations: usize = grounds
            .streets
            .iter()
            .map(|(street, _)| street.stations)
            .sum();
        assert_eq!(stations, 43);
        let share: u32 = grounds.streets.iter().map(|(street, _)| street.share).sum();
        assert_eq!(share, 1_000);
        // The public list of mid-2023; the slogan counts 351 workstations.
        assert_eq!(grounds.villages.len(), 355);
        let district = DemoCity::built_in().unwrap().district;
        let (west, south) = (district.outline[0][0], district.outline[0][1]);
        let (east, north) = (district.outline[2][0], district.outline[2][1]);
        for village in &grounds.villages {
            assert!((west..east).contains(&village.lon), "{village:?}");
            assert!((south..north).contains(&village.lat), "{village:?}");
            assert!(!village.short_name().contains("委会"), "{village:?}");
        }
    }
}
