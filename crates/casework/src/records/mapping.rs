//! The mapping file: what is checked of it before a row is read.

use super::names::{Names, meant};
use super::times::{Times, zone};
use crate::model::Level;
use base::CoordinateSystem;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A mapping to fill in, every key explained.
pub const TEMPLATE: &str = include_str!("template.toml");

/// What stands for every word that a value map does not name.
pub(super) const ANY: &str = "*";

/// What a mapping may say besides columns and values.
const KEYS: [&str; 13] = [
    "system",
    "records",
    "source",
    "timezone",
    "time_format",
    "coordinates",
    "outside",
    "received_by",
    "process",
    "standard",
    "keep",
    "columns",
    "values",
];

/// The columns of every record.
const COLUMNS: [&str; 14] = [
    "id",
    "title",
    "text",
    "address",
    "longitude",
    "latitude",
    "area",
    "source",
    "level",
    "reported_at",
    "reply",
    "replied_at",
    "reporter_name",
    "reporter_phone",
];

/// Those of cases alone.
const COLUMNS_OF_CASES: [&str; 7] = [
    "category",
    "organisation",
    "state",
    "filed_at",
    "assigned_at",
    "due_at",
    "closed_at",
];

/// The columns whose words may be mapped.
const VALUES: [&str; 6] = [
    "area",
    "category",
    "level",
    "organisation",
    "source",
    "state",
];

/// One place of a mapping that makes no sense, or of which the file or the city knows nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingFault {
    /// E.g. `columns.title`.
    pub key: String,
    /// What is wrong there.
    pub reason: String,
}

impl fmt::Display for MappingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.reason)
    }
}

fn fault(key: impl Into<String>, reason: impl Into<String>) -> MappingFault {
    MappingFault {
        key: key.into(),
        reason: reason.into(),
    }
}

/// What a file's rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Somebody asks, and an office answers or has not yet: reports.
    Messages,
    /// Something was to be put right: reports, each with a case.
    Cases,
}

/// What becomes of a point that lies in no area of the city.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outside {
    /// The record is kept without a place, the point among its own words.
    #[default]
    Leave,
    /// The row is refused.
    Refuse,
}

#[derive(Clone, Debug, Deserialize)]
struct Document {
    system: String,
    records: Kind,
    #[serde(default = "import")]
    source: String,
    #[serde(default = "china")]
    timezone: String,
    time_format: Option<String>,
    #[serde(default)]
    coordinates: CoordinateSystem,
    #[serde(default)]
    outside: Outside,
    received_by: Option<String>,
    process: Option<String>,
    standard: Option<String>,
    #[serde(default)]
    keep: Vec<String>,
    columns: BTreeMap<String, String>,
    #[serde(default)]
    values: BTreeMap<String, BTreeMap<String, String>>,
}

fn import() -> String {
    "import".to_owned()
}

fn china() -> String {
    "+08:00".to_owned()
}

/// A mapping that makes sense by itself. Whether the file has its columns and the city its names is asked by [`Mapping::check`].
#[derive(Clone, Debug)]
pub struct Mapping {
    document: Document,
    pub(super) times: Times,
}

impl Mapping {
    /// Reads one; every place that makes no sense is told at once.
    pub fn read(text: &str) -> Result<Self, Vec<MappingFault>> {
        let table: toml::Table = text
            .parse()
            .map_err(|error: toml::de::Error| vec![fault("mapping", error.to_string())])?;
        let mut wrong = unknown_keys(&table);
        let document: Document = match toml::Value::Table(table).try_into() {
            Ok(document) => document,
            Err(error) => {
                wrong.push(fault("mapping", error.to_string().trim()));
                return Err(wrong);
            }
        };
        document.check(&mut wrong);
        let zone = zone(&document.timezone).map_err(|reason| fault("timezone", reason));
        match zone {
            Ok(zone) if wrong.is_empty() => Ok(Self {
                times: Times {
                    zone,
                    format: document.time_format.clone(),
                },
                document,
            }),
            zone => {
                wrong.extend(zone.err());
                Err(wrong)
            }
        }
    }

    /// What the rows are.
    pub fn kind(&self) -> Kind {
        self.document.records
    }

    /// The system their ids belong to.
    pub fn system(&self) -> &str {
        &self.document.system
    }

    /// The channel they came through, where no column says it.
    pub fn source(&self) -> &str {
        &self.document.source
    }

    /// The process that cases have here; none for that of their source.
    pub fn process(&self) -> Option<&str> {
        self.document.process.as_deref()
    }

    /// The standard that categories are of, as `CODE@EDITION`.
    pub fn standard(&self) -> Option<&str> {
        self.document.standard.as_deref()
    }

    /// The organisation that received the reports; none for that of whoever brings them in.
    pub fn received_by(&self) -> Option<&str> {
        self.document.received_by.as_deref()
    }

    /// The column of a field.
    pub(crate) fn column(&self, field: &str) -> Option<&str> {
        self.document.columns.get(field).map(String::as_str)
    }

    /// The words that a field maps.
    pub(super) fn values(&self, field: &str) -> Option<&BTreeMap<String, String>> {
        self.document.values.get(field)
    }

    pub(super) fn coordinates(&self) -> CoordinateSystem {
        self.document.coordinates
    }

    pub(super) fn outside(&self) -> Outside {
        self.document.outside
    }

    /// Columns that are kept in their own words.
    pub(super) fn kept(&self) -> &[String] {
        &self.document.keep
    }

    /// The channels that records may be said to have come through.
    pub fn sources(&self) -> BTreeSet<&str> {
        let mapped = self.values("source").into_iter().flatten();
        std::iter::once(self.source())
            .chain(mapped.map(|(_, code)| code.as_str()))
            .filter(|code| !code.is_empty())
            .collect()
    }

    /// What the mapping names and the file or the city lacks.
    pub fn check(&self, header: &[String], names: &Names) -> Vec<MappingFault> {
        let mut wrong = Vec::new();
        let columns = self.document.columns.iter();
        let named = columns
            .map(|(field, column)| (format!("columns.{field}"), column))
            .chain(self.kept().iter().map(|column| ("keep".to_owned(), column)));
        for (key, column) in named {
            if !header.contains(column) {
                let known = header.iter().map(String::as_str);
                let reason = format!("the file has no column `{column}`{}", meant(column, known));
                wrong.push(fault(key, reason));
            }
        }
        let targets = |field| self.values(field).into_iter().flatten();
        for (word, name) in targets("organisation").filter(|(_, name)| !name.is_empty()) {
            if let Err(reason) = names.organisation(name) {
                wrong.push(fault(format!("values.organisation.\"{word}\""), reason));
            }
        }
        for (word, name) in targets("category").filter(|(_, name)| !name.is_empty()) {
            if let Err(reason) = names.category(name) {
                wrong.push(fault(format!("values.category.\"{word}\""), reason));
            }
        }
        if let Some(Err(reason)) = self.received_by().map(|name| names.organisation(name)) {
            wrong.push(fault("received_by", reason));
        }
        wrong
    }
}

/// Keys that mean nothing, with what may have been meant.
fn unknown_keys(table: &toml::Table) -> Vec<MappingFault> {
    let columns = || COLUMNS.into_iter().chain(COLUMNS_OF_CASES);
    let mut wrong = Vec::new();
    let mut look = |prefix: &str, table: &toml::Table, known: &[&str]| {
        for key in table.keys().filter(|key| !known.contains(&key.as_str())) {
            let meant = meant(key, known.iter().copied());
            let place = format!("{prefix}{key}");
            wrong.push(fault(place, format!("there is no such key{meant}")));
        }
    };
    look("", table, &KEYS);
    if let Some(toml::Value::Table(named)) = table.get("columns") {
        look("columns.", named, &columns().collect::<Vec<_>>());
    }
    if let Some(toml::Value::Table(named)) = table.get("values") {
        look("values.", named, &VALUES);
    }
    wrong
}

impl Document {
    fn check(&self, wrong: &mut Vec<MappingFault>) {
        let has = |field: &str| self.columns.contains_key(field);
        for (key, text) in [("system", &self.system), ("source", &self.source)] {
            let fits = (1..=base::limits::CODE_CHARACTERS_MAX).contains(&text.chars().count());
            if text.trim().is_empty() || !fits || text.chars().any(char::is_control) {
                let max = base::limits::CODE_CHARACTERS_MAX;
                wrong.push(fault(key, format!("it has 1 to {max} characters")));
            }
        }
        for field in ["id", "reported_at"] {
            if !has(field) {
                wrong.push(fault(format!("columns.{field}"), "it is required"));
            }
        }
        if !has("title") && !has("text") {
            wrong.push(fault("columns.title", "a title or a text is required"));
        }
        for (one, other) in [("longitude", "latitude"), ("latitude", "longitude")] {
            if has(one) && !has(other) {
                wrong.push(fault(format!("columns.{other}"), "a point has both"));
            }
        }
        if has("replied_at") && !has("reply") {
            wrong.push(fault("columns.reply", "what was replied is required, too"));
        }
        match self.records {
            Kind::Messages => {
                for field in COLUMNS_OF_CASES.into_iter().filter(|field| has(field)) {
                    let reason = "a message has none: name its column under keep, or say records = \"cases\"";
                    wrong.push(fault(format!("columns.{field}"), reason));
                }
                if has("reply") && !has("replied_at") {
                    wrong.push(fault(
                        "columns.replied_at",
                        "when it was replied is required, too",
                    ));
                }
            }
            Kind::Cases => {
                if !has("closed_at") {
                    wrong.push(fault("columns.closed_at", "it is required"));
                }
                if has("category") && self.standard.is_none() {
                    let reason = "categories are of a standard: CODE@EDITION";
                    wrong.push(fault("standard", reason));
                }
            }
        }
        for (field, words) in &self.values {
            let key = |word: &str| format!("values.{field}.\"{word}\"");
            if VALUES.contains(&field.as_str()) && !has(field) {
                let reason = format!("there is no columns.{field} to read");
                wrong.push(fault(format!("values.{field}"), reason));
            }
            for (word, ours) in words {
                match field.as_str() {
                    "level" if !ours.is_empty() && Level::parse(ours).is_none() => {
                        wrong.push(fault(key(word), "it is normal, urgent or critical"));
                    }
                    "state" if !["open", "closed", "cancelled"].contains(&ours.as_str()) => {
                        wrong.push(fault(key(word), "it is open, closed or cancelled"));
                    }
                    _ => {}
                }
            }
        }
    }
}
