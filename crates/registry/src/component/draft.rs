//! Rows of a survey as they are read, before they are held against what is stored. Columns bear the names of GB/T 47678.5 table 2, or ours.

use super::import::{CodeAssign, ComponentImport};
use super::shape::{Place, place_of};
use crate::failure::RegistryError;
use crate::import::areas::{SUFFIXES, centre};
use crate::import::boundaries::{FEATURE, error, property, read};
use crate::model::{ComponentCode, ComponentState};
use crate::service::Registry;
use base::AreaCode;
use base::geo::CoordinateSystem;
use geojson::Feature;
use jiff::civil::{Date, DateTime};
use serde_json::{Map, Value};
use std::collections::HashMap;
use table::{Report, Row, RowError, Table};

const CODE: &[&str] = &[
    "code",
    "identification_code",
    "标识码",
    "管理部件标识码",
    "部件标识码",
    "部件编码",
    "GLBJBSM",
    "ObjID",
];
const FORMER_CODE: &[&str] = &["former_code", "原标识码", "旧标识码", "原部件标识码"];
const NAME: &[&str] = &[
    "name",
    "名称",
    "管理部件名称",
    "部件名称",
    "GLBJMC",
    "ObjName",
];
const STATE: &[&str] = &[
    "state",
    "状态",
    "管理部件状态",
    "部件状态",
    "GLBJZT",
    "ObjState",
];
const SUPERVISOR: &[&str] = &[
    "supervisor_code",
    "主管部门代码",
    "ZGBMDM",
    "supervisor",
    "主管部门",
    "主管部门名称",
    "ZGBMMC",
];
const OWNER: &[&str] = &[
    "owner_code",
    "权属单位代码",
    "QSDWDM",
    "owner",
    "权属单位",
    "权属单位名称",
    "QSDWMC",
];
const MAINTAINER: &[&str] = &[
    "maintainer_code",
    "养护单位代码",
    "YHDWDM",
    "maintainer",
    "养护单位",
    "养护单位名称",
    "YHDWMC",
];
const GRID: &[&str] = &[
    "grid_code",
    "所在单元网格标识码",
    "所在单元网格",
    "SZDYWGBSM",
];
const INITIAL_ON: &[&str] = &["initial_on", "初始日期", "CSRQ"];
const CHANGED_ON: &[&str] = &["changed_on", "变更日期", "BGRQ"];
const DATA_SOURCE: &[&str] = &["data_source", "数据来源", "SJLY"];
const REMARK: &[&str] = &["remark", "备注", "BZ"];
/// What the standard has besides and the platform knows by itself.
const DERIVED: &[&str] = &[
    "SZJDDM",
    "SZJDMC",
    "SZSQDM",
    "SZSQMC",
    "所在街道代码",
    "所在街道名称",
    "所在社区代码",
    "所在社区名称",
];
const ALL: &[&[&str]] = &[
    CODE,
    FORMER_CODE,
    NAME,
    STATE,
    SUPERVISOR,
    OWNER,
    MAINTAINER,
    GRID,
    INITIAL_ON,
    CHANGED_ON,
    DATA_SOURCE,
    REMARK,
    DERIVED,
];

/// The organisations a row names, by code, credit code or name.
#[derive(Clone, Debug, Default)]
pub(super) struct Units {
    pub(super) supervisor: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) maintainer: Option<String>,
}

/// A row that can be read.
pub(super) struct Draft {
    pub(super) row: u64,
    line: u64,
    pub(super) code: ComponentCode,
    pub(super) former_code: Option<ComponentCode>,
    pub(super) name: Option<String>,
    pub(super) state: Option<ComponentState>,
    pub(super) place: Place,
    pub(super) grid_code: Option<AreaCode>,
    pub(super) units: Units,
    pub(super) initial_on: Option<Date>,
    pub(super) changed_on: Option<Date>,
    pub(super) data_source: Option<String>,
    pub(super) remark: Option<String>,
    pub(super) attributes: Map<String, Value>,
}

impl Draft {
    /// What is wrong with the row.
    pub(super) fn error(&self, column: &str, reason: String) -> RowError {
        RowError {
            line: self.line,
            ..error(self.row, column, reason)
        }
    }
}

/// What is wrong: the column and why.
type Fault = (String, String);

/// A row of either kind of file.
enum Source<'a> {
    Row(Row<'a>, &'a [String]),
    Feature(&'a Feature),
}

impl Source<'_> {
    fn any(&self, names: &[&str]) -> Option<String> {
        match self {
            Self::Row(row, _) => row.any(names).map(str::to_owned),
            Self::Feature(feature) => property(feature, names),
        }
    }

    fn read<T, E: std::fmt::Display>(
        &self,
        names: &[&str],
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Fault> {
        let Some(text) = self.any(names) else {
            return Ok(None);
        };
        let column = names.iter().find(|name| self.any(&[name]).is_some());
        let fault = |e: E| {
            let column = column.copied().unwrap_or_default().to_owned();
            (column, format!("`{text}`: {e}"))
        };
        parse(&text).map(Some).map_err(fault)
    }

    fn place(&self, system: CoordinateSystem) -> Result<Place, Fault> {
        let fault = |reason: String| ("geometry".to_owned(), reason);
        match self {
            Self::Row(row, _) => {
                let point = centre(row, system)
                    .map_err(|e| (e.column.unwrap_or_default(), e.reason))?
                    .ok_or_else(|| fault("the row has no longitude and latitude".to_owned()))?;
                Ok(Place {
                    point,
                    shape: None,
                    is_flattened: false,
                })
            }
            Self::Feature(feature) => {
                let geometry = feature.geometry.as_ref();
                let geometry =
                    geometry.ok_or_else(|| fault("the feature has no geometry".to_owned()))?;
                place_of(geometry, system).map_err(|e| fault(e.to_string()))
            }
        }
    }

    /// What no column of the standard is, as attributes; lists and objects are left out.
    fn attributes(&self, assign: Option<&CodeAssign>) -> Map<String, Value> {
        let is_other = |name: &str| {
            !ALL.iter().any(|names| names.contains(&name))
                && assign.is_none_or(|assign| assign.serial != name)
        };
        match self {
            Self::Row(row, header) => header
                .iter()
                .filter(|name| is_other(name) && !is_coordinate(name))
                .filter_map(|name| Some((name.clone(), Value::from(row.get(name)?))))
                .collect(),
            Self::Feature(feature) => feature
                .properties
                .iter()
                .flatten()
                .filter(|(name, _)| is_other(name))
                .filter(|(_, value)| match value {
                    Value::String(text) => !text.trim().is_empty(),
                    Value::Number(_) | Value::Bool(_) => true,
                    _ => false,
                })
                .map(|(name, value)| {
                    let value = value
                        .as_str()
                        .map_or(value.clone(), |text| text.trim().into());
                    (name.clone(), value)
                })
                .collect(),
        }
    }
}

fn is_coordinate(name: &str) -> bool {
    let bases = ["lon", "lng", "longitude", "经度", "lat", "latitude", "纬度"];
    SUFFIXES.iter().any(|(suffix, _)| {
        name.strip_suffix(suffix)
            .is_some_and(|base| bases.contains(&base))
    })
}

fn day(text: &str) -> Result<Date, String> {
    let dashed = match text.as_bytes() {
        digits if digits.len() == 8 && digits.iter().all(u8::is_ascii_digit) => {
            let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
            format!("{}-{}-{}", part(0..4), part(4..6), part(6..8))
        }
        _ => text.to_owned(),
    };
    dashed
        .parse()
        .ok()
        .or_else(|| table::read_date_time(text).map(DateTime::date))
        .ok_or_else(|| "is no day; write 20260701 or 2026-07-01".to_owned())
}

/// Reads a table.
pub(super) fn drafts_of_table(
    registry: &Registry,
    table: &Table,
    options: &ComponentImport,
) -> Result<(Report, Vec<Draft>), RegistryError> {
    match &options.assign {
        None => table.require(&[CODE])?,
        Some(assign) => table.require(&[&[assign.serial.as_str()]])?,
    }
    let mut reader = Reader::new(registry, options, table.len() as u64);
    for row in table.rows() {
        match row {
            Ok(row) => {
                let at = (row.number(), row.line());
                reader.take(at, &Source::Row(row, &table.header));
            }
            Err(error) => reader.report.reject(error),
        }
    }
    Ok((reader.report, reader.drafts))
}

/// Reads GeoJSON; a feature is a row.
pub(super) fn drafts_of_features(
    registry: &Registry,
    bytes: &[u8],
    options: &ComponentImport,
) -> Result<(Report, Vec<Draft>), RegistryError> {
    let features = read(bytes)?;
    let mut reader = Reader::new(registry, options, features.len() as u64);
    for (row, feature) in (1_u64..).zip(&features) {
        match feature {
            Ok(feature) => reader.take((row, row), &Source::Feature(feature)),
            Err(reason) => reader.report.reject(error(row, FEATURE, reason.clone())),
        }
    }
    Ok((reader.report, reader.drafts))
}

struct Reader<'a> {
    registry: &'a Registry,
    options: &'a ComponentImport,
    report: Report,
    drafts: Vec<Draft>,
    /// By code and by former code: the row that has it.
    seen: HashMap<ComponentCode, u64>,
}

impl<'a> Reader<'a> {
    fn new(registry: &'a Registry, options: &'a ComponentImport, rows: u64) -> Self {
        Self {
            registry,
            options,
            report: Report {
                read: rows,
                ..Report::default()
            },
            drafts: Vec::new(),
            seen: HashMap::new(),
        }
    }

    fn take(&mut self, at: (u64, u64), source: &Source<'_>) {
        let taken = self.draft(at, source).and_then(|draft| {
            for code in std::iter::once(&draft.code).chain(&draft.former_code) {
                if let Some(first) = self.seen.get(code) {
                    return Err((
                        "code".to_owned(),
                        format!("`{code}` is in row {first} already"),
                    ));
                }
            }
            Ok(draft)
        });
        match taken {
            Ok(draft) => {
                for code in std::iter::once(&draft.code).chain(&draft.former_code) {
                    self.seen.insert(code.clone(), at.0);
                }
                if draft.place.is_flattened {
                    let reason = "the outline is no surface in the plan; only its middle is kept";
                    self.report
                        .remark(draft.error("geometry", reason.to_owned()));
                }
                self.drafts.push(draft);
            }
            Err((column, reason)) => self.report.reject(RowError {
                line: at.1,
                ..error(at.0, &column, reason)
            }),
        }
    }

    fn draft(&self, (row, line): (u64, u64), source: &Source<'_>) -> Result<Draft, Fault> {
        let place = source.place(self.options.coordinates)?;
        let code = match source.read(CODE, ComponentCode::parse)? {
            Some(code) => code,
            None => self.assigned(source, &place)?,
        };
        let former_code = source.read(FORMER_CODE, ComponentCode::parse)?;
        if former_code
            .as_ref()
            .is_some_and(|former| !former.is_former() || code.is_former())
        {
            let reason = "a former code has 16 digits, and belongs to a code of 17".to_owned();
            return Err(("former_code".to_owned(), reason));
        }
        Ok(Draft {
            row,
            line,
            code,
            former_code,
            name: source.any(NAME),
            state: source.read(STATE, |text| {
                ComponentState::from_text(text).ok_or("is no state of a component")
            })?,
            place,
            grid_code: source.read(GRID, AreaCode::parse)?,
            units: Units {
                supervisor: source.any(SUPERVISOR),
                owner: source.any(OWNER),
                maintainer: source.any(MAINTAINER),
            },
            initial_on: source.read(INITIAL_ON, day)?,
            changed_on: source.read(CHANGED_ON, day)?,
            data_source: source.any(DATA_SOURCE),
            remark: source.any(REMARK),
            attributes: source.attributes(self.options.assign.as_ref()),
        })
    }

    /// The code of a thing that bears none.
    fn assigned(&self, source: &Source<'_>, place: &Place) -> Result<ComponentCode, Fault> {
        let Some(assign) = &self.options.assign else {
            let reason = "the row has no identification code".to_owned();
            return Err(("code".to_owned(), reason));
        };
        let fault = |reason: String| (assign.serial.clone(), reason);
        let serial = source
            .any(&[&assign.serial])
            .ok_or_else(|| fault("the row has no number to make a code of".to_owned()))?;
        if serial.len() > 6 || !serial.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(fault(format!(
                "`{serial}` is no number of at most six digits"
            )));
        }
        let hit = self.registry.located(place.point);
        let county = hit.map(|hit| hit.area.code.six_digits()).ok_or_else(|| {
            let reason = "the place lies outside all known areas".to_owned();
            ("geometry".to_owned(), reason)
        })?;
        ComponentCode::parse(&format!("{county}{}{serial:0>6}", assign.category))
            .map_err(|e| fault(e.to_string()))
    }
}
