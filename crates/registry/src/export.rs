//! Areas, zones, standards, components and places into tables, and as GeoJSON where they have a place. Table and GeoJSON of areas, and the
//! GeoJSON of components and places, are what their imports read.

use crate::model::{Component, ComponentCode, Place, RuleRow, Standard};
use crate::service::Registry;
use crate::store::components::components_after;
use crate::store::layers::places_after;
use crate::{Category, LayerSource, Snapshot, level_text};
use ::store::{StoreError, Tx};
use access::{ExportError, PeopleCodes, output_column as column};
use base::{Id, Point, TreePath};
use serde_json::{Map, Value, json};
use table::{Cell, OutputColumn, OutputFolder};

const AREAS: &[OutputColumn] = &[
    column("code", "区划代码"),
    column("name", "区划名称"),
    column("level", "层级"),
    column("parent_code", "上级区划代码"),
    column("lon", "经度"),
    column("lat", "纬度"),
    column("effective_from", "启用日期"),
    column("effective_to", "停用日期"),
];

const ZONES: &[OutputColumn] = &[
    column("code", "功能区编码"),
    column("name", "名称"),
    column("kind", "类型"),
    column("area_codes", "所含区划代码"),
    column("organisation_code", "责任机构编码"),
    column("staff_codes", "责任人工号"),
    column("is_active", "在用"),
];

const STANDARDS: &[OutputColumn] = &[
    column("standard", "标准编码"),
    column("edition", "标准版本"),
    column("standard_name", "标准名称"),
    column("kind", "类型"),
    column("code", "代码"),
    column("name", "名称"),
    column("parent_code", "上级代码"),
    column("filing_condition", "立案条件"),
    column("limit", "处置时限"),
    column("closing_condition", "结案条件"),
    column("responsible_units", "责任主体"),
    column("supervising_units", "监管主体"),
    column("legal_basis", "法律依据"),
    column("legal_clause", "法律条款"),
    column("collection_rule", "采集要求"),
    column("rule_version", "规则版本"),
    column("superseded_at", "停用时间"),
];

const COMPONENTS: &[OutputColumn] = &[
    column("code", "标识码"),
    column("former_code", "原标识码"),
    column("name", "名称"),
    column("category_code", "类别代码"),
    column("category", "类别名称"),
    column("state", "状态"),
    column("lon", "经度"),
    column("lat", "纬度"),
    column("area_code", "所在区划代码"),
    column("supervisor_code", "主管部门代码"),
    column("owner_code", "权属单位代码"),
    column("maintainer_code", "养护单位代码"),
    column("initial_on", "初始日期"),
    column("changed_on", "变更日期"),
    column("data_source", "数据来源"),
    column("remark", "备注"),
    column("attributes", "其他属性"),
];

const PLACES: &[OutputColumn] = &[
    column("layer", "图层编码"),
    column("layer_name", "图层名称"),
    column("code", "编码"),
    column("name", "名称"),
    column("lon", "经度"),
    column("lat", "纬度"),
    column("attributes", "其他属性"),
];

/// Rows read at a time.
const PAGE: i64 = 1_000;

impl Registry {
    /// Writes `areas`, `zones`, `standards`, `components`, `places` and, for what has a place, GeoJSON.
    pub fn export(
        &self,
        tx: &mut Tx<'_>,
        out: &OutputFolder,
        codes: &PeopleCodes,
    ) -> Result<(), ExportError> {
        let snapshot = self.snapshot();
        areas(&snapshot, out)?;
        zones(&snapshot, out, codes)?;
        standards(&snapshot, out)?;
        components(&snapshot, tx, out, codes)?;
        places(&snapshot, tx, out)
    }
}

impl Snapshot {
    /// The division code of an area.
    pub fn area_code(&self, path: &TreePath) -> Option<String> {
        self.areas.by_path(path).map(|area| area.code.to_string())
    }
}

fn areas(snapshot: &Snapshot, out: &OutputFolder) -> Result<(), ExportError> {
    let mut table = out.table("areas", AREAS)?;
    let mut features = out.features("areas")?;
    for area in snapshot.areas.areas() {
        let parent = area.parent_id.and_then(|id| snapshot.areas.by_id(id));
        let parent = parent.map(|parent| parent.code.to_string());
        let code = area.code.to_string();
        table.row(&[
            (&code).into(),
            (&area.name).into(),
            level_text(area.level).into(),
            parent.as_ref().into(),
            area.centre.map(|centre| centre.lon).into(),
            area.centre.map(|centre| centre.lat).into(),
            area.effective_from.map(|day| day.to_string()).into(),
            area.effective_to.map(|day| day.to_string()).into(),
        ])?;
        if let Some(boundary) = &area.boundary {
            let mut properties = Map::new();
            properties.insert("code".to_owned(), code.into());
            properties.insert("name".to_owned(), area.name.clone().into());
            properties.insert("level".to_owned(), level_text(area.level).into());
            properties.insert("parent_code".to_owned(), parent.into());
            if let Some(centre) = area.centre {
                properties.insert("centre".to_owned(), json!([centre.lon, centre.lat]));
            }
            features.feature(&boundary.to_geojson(), &properties)?;
        }
    }
    table.finish()?;
    features.finish()?;
    Ok(())
}

fn zones(snapshot: &Snapshot, out: &OutputFolder, codes: &PeopleCodes) -> Result<(), ExportError> {
    let mut table = out.table("zones", ZONES)?;
    let mut features = out.features("zones")?;
    for zone in snapshot.zones.zones() {
        let areas: Vec<String> = zone
            .area_paths
            .iter()
            .filter_map(|path| snapshot.area_code(path))
            .collect();
        let staff: Vec<&str> = zone
            .staff_ids
            .iter()
            .filter_map(|id| codes.staff(*id))
            .collect();
        table.row(&[
            zone.code.as_ref().into(),
            (&zone.name).into(),
            (&zone.kind).into(),
            areas.join("、").into(),
            organisation(codes, zone.organisation_id),
            staff.join("、").into(),
            zone.is_active.into(),
        ])?;
        if let Some(boundary) = &zone.boundary {
            let mut properties = Map::new();
            properties.insert("code".to_owned(), zone.code.clone().into());
            properties.insert("name".to_owned(), zone.name.clone().into());
            properties.insert("kind".to_owned(), zone.kind.clone().into());
            properties.insert("is_active".to_owned(), zone.is_active.into());
            features.feature(&boundary.to_geojson(), &properties)?;
        }
    }
    table.finish()?;
    features.finish()?;
    Ok(())
}

/// A row for each rule row, superseded ones too; for a category without any one row.
fn standards(snapshot: &Snapshot, out: &OutputFolder) -> Result<(), ExportError> {
    let mut table = out.table("standards", STANDARDS)?;
    for standard in snapshot.rules.standards() {
        for category in snapshot.rules.categories(standard.id) {
            let parent = category
                .parent_id
                .and_then(|id| snapshot.rules.category(id));
            let parent = parent.map(|parent| parent.code.as_str());
            let rules = snapshot.rules.rule_rows_of(category.id);
            for rule in rules {
                table.row(&rule_cells(standard, category, parent, Some(rule)))?;
            }
            if rules.is_empty() {
                table.row(&rule_cells(standard, category, parent, None))?;
            }
        }
    }
    table.finish()?;
    Ok(())
}

fn rule_cells<'a>(
    standard: &'a Standard,
    category: &'a Category,
    parent: Option<&'a str>,
    rule: Option<&'a RuleRow>,
) -> [Cell<'a>; 17] {
    let text = rule.map(|rule| &rule.text);
    [
        (&standard.key.code).into(),
        (&standard.key.version).into(),
        (&standard.name).into(),
        category.kind.as_str().into(),
        (&category.code).into(),
        (&category.name).into(),
        parent.into(),
        text.map(|text| &text.filing_condition).into(),
        text.map(|text| &text.limit_text).into(),
        text.map(|text| &text.closing_condition).into(),
        text.and_then(|text| text.responsible_units.as_ref()).into(),
        text.and_then(|text| text.supervising_units.as_ref()).into(),
        text.and_then(|text| text.legal_basis.as_ref()).into(),
        text.and_then(|text| text.legal_clause.as_ref()).into(),
        text.and_then(|text| text.collection_rule.as_ref()).into(),
        rule.map(|rule| rule.version).into(),
        rule.and_then(|rule| rule.superseded_at)
            .map(|at| at.to_string())
            .into(),
    ]
}

fn organisation(codes: &PeopleCodes, id: Option<Id>) -> Cell<'_> {
    id.and_then(|id| codes.organisation(id))
        .map(|(code, _)| code)
        .into()
}

fn components(
    snapshot: &Snapshot,
    tx: &mut Tx<'_>,
    out: &OutputFolder,
    codes: &PeopleCodes,
) -> Result<(), ExportError> {
    let mut table = out.table("components", COMPONENTS)?;
    let mut features = out.features("components")?;
    let mut after = Id(0);
    loop {
        let page = components_after(tx, after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for component in &page {
            let category = snapshot.rules.category(component.category_id);
            let area_code = component
                .area_path
                .as_ref()
                .and_then(|path| snapshot.area_code(path));
            let attributes = (!component.attributes.is_empty())
                .then(|| Value::Object(component.attributes.clone()).to_string());
            table.row(&[
                component.code.as_str().into(),
                component
                    .former_code
                    .as_ref()
                    .map(ComponentCode::as_str)
                    .into(),
                (&component.name).into(),
                category.map(|category| &category.code).into(),
                category.map(|category| &category.name).into(),
                component.state.as_str().into(),
                component.point.lon.into(),
                component.point.lat.into(),
                area_code.as_ref().into(),
                organisation(codes, component.units.supervisor_id),
                organisation(codes, component.units.owner_id),
                organisation(codes, component.units.maintainer_id),
                component.initial_on.map(|day| day.to_string()).into(),
                component.changed_on.map(|day| day.to_string()).into(),
                component.data_source.as_ref().into(),
                component.remark.as_ref().into(),
                attributes.map_or(Cell::Empty, |json| Cell::Json(json.into())),
            ])?;
            component_feature(&mut features, snapshot, component, codes)?;
        }
    }
    table.finish()?;
    features.finish()?;
    Ok(())
}

/// With the properties that the import reads; the grid only where it is one, because that is what its column means.
fn component_feature(
    features: &mut table::Features,
    snapshot: &Snapshot,
    component: &Component,
    codes: &PeopleCodes,
) -> Result<(), ExportError> {
    let mut properties = component.attributes.clone();
    let grid = component
        .area_path
        .as_ref()
        .and_then(|path| snapshot.areas.by_path(path))
        .filter(|area| area.level == base::AreaLevel::Grid)
        .map(|area| area.code.to_string());
    let unit = |id: Option<Id>| {
        let found = id.and_then(|id| codes.organisation(id));
        found.map(|(code, _)| code.to_owned())
    };
    let known = [
        ("code", Some(component.code.to_string())),
        (
            "former_code",
            component.former_code.as_ref().map(ToString::to_string),
        ),
        ("name", Some(component.name.clone())),
        ("state", Some(component.state.as_str().to_owned())),
        ("grid_code", grid),
        ("supervisor_code", unit(component.units.supervisor_id)),
        ("owner_code", unit(component.units.owner_id)),
        ("maintainer_code", unit(component.units.maintainer_id)),
        (
            "initial_on",
            component.initial_on.map(|day| day.to_string()),
        ),
        (
            "changed_on",
            component.changed_on.map(|day| day.to_string()),
        ),
        ("data_source", component.data_source.clone()),
        ("remark", component.remark.clone()),
    ];
    for (name, value) in known {
        if let Some(value) = value {
            properties.insert(name.to_owned(), value.into());
        }
    }
    let geometry = match &component.shape {
        Some(shape) => serde_json::to_value(&*shape.0)
            .map_err(|error| StoreError::Corrupt(error.to_string()))?,
        None => point_geometry(component.point),
    };
    Ok(features.feature(&geometry, &properties)?)
}

fn point_geometry(point: Point) -> Value {
    json!({ "type": "Point", "coordinates": [point.lon, point.lat] })
}

/// A table of all layers; a GeoJSON file for each, because an import is of one layer.
fn places(snapshot: &Snapshot, tx: &mut Tx<'_>, out: &OutputFolder) -> Result<(), ExportError> {
    let mut table = out.table("places", PLACES)?;
    for layer in snapshot.layers.iter() {
        if !matches!(layer.source, LayerSource::Places {}) {
            continue;
        }
        let mut features = out.features(&format!("places-{}", layer.code))?;
        let mut after = String::new();
        loop {
            let page = places_after(tx, layer.id, &after, PAGE)?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.code);
            for place in &page {
                let attributes = (!place.attributes.is_empty())
                    .then(|| Value::Object(place.attributes.clone()).to_string());
                table.row(&[
                    (&layer.code).into(),
                    (&layer.name).into(),
                    (&place.code).into(),
                    (&place.name).into(),
                    place.point.lon.into(),
                    place.point.lat.into(),
                    attributes.map_or(Cell::Empty, |json| Cell::Json(json.into())),
                ])?;
                place_feature(&mut features, place)?;
            }
        }
        features.finish()?;
    }
    table.finish()?;
    Ok(())
}

fn place_feature(features: &mut table::Features, place: &Place) -> Result<(), ExportError> {
    let mut properties = place.attributes.clone();
    properties.insert("code".to_owned(), place.code.clone().into());
    properties.insert("name".to_owned(), place.name.clone().into());
    Ok(features.feature(&point_geometry(place.point), &properties)?)
}
