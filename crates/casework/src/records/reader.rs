//! A row of the file as a record: what happened, when, and what the other system called it.

use super::mapping::{Kind, Mapping, Outside};
use super::names::Names;
use crate::model::{Level, OrganisationRef};
use base::limits::TITLE_CHARACTERS_MAX;
use base::{CoordinateSystem, Id, Timestamp};
use std::collections::BTreeMap;
use table::{Row, RowError};

/// How a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has not ended: it goes on here.
    Open,
    /// It ended then.
    Closed(Timestamp),
    /// It was dropped then.
    Cancelled(Timestamp),
}

/// What a row tells.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its key there.
    pub id: String,
    /// In a few words.
    pub title: String,
    /// In all words.
    pub text: String,
    /// Where, in words.
    pub address: Option<String>,
    /// Degrees east and north, and of which system.
    pub point: Option<(f64, f64, CoordinateSystem)>,
    /// The division code.
    pub area_code: Option<String>,
    /// The channel.
    pub source: String,
    /// How urgent.
    pub level: Level,
    /// Of a case: its category.
    pub category_id: Option<Id>,
    /// Of a case: who had to handle it.
    pub organisation: Option<OrganisationRef>,
    /// When it was told.
    pub reported_at: Timestamp,
    /// When it was filed.
    pub filed_at: Option<Timestamp>,
    /// When it was given to whoever had to handle it.
    pub assigned_at: Option<Timestamp>,
    /// Until when that was to be done.
    pub due_at: Option<Timestamp>,
    /// Of a case: how it stands.
    pub standing: Standing,
    /// What was replied or done.
    pub reply: Option<String>,
    /// When.
    pub replied_at: Option<Timestamp>,
    /// Who told it.
    pub reporter: (Option<String>, Option<String>),
    /// What the file calls things, a line for each.
    pub told: Vec<String>,
    /// The file's word for how it stands.
    pub state_word: Option<String>,
    /// What deserves a look.
    pub remarks: Vec<RowError>,
}

/// Why a row is no record.
#[derive(Clone, Debug)]
pub struct Unread {
    /// Where and why.
    pub error: RowError,
    /// A word that stands in no map, with its column.
    pub unknown: Option<(String, String)>,
}

impl From<RowError> for Unread {
    fn from(error: RowError) -> Self {
        Self {
            error,
            unknown: None,
        }
    }
}

/// Reads rows by a mapping that the file and the city were found to fit.
pub struct Reader<'a> {
    mapping: &'a Mapping,
    names: &'a Names,
    now: Timestamp,
    /// The row in which each id stood first.
    seen: BTreeMap<String, u64>,
}

impl<'a> Reader<'a> {
    /// For a file brought in at `now`.
    pub fn new(mapping: &'a Mapping, names: &'a Names, now: Timestamp) -> Self {
        Self {
            mapping,
            names,
            now,
            seen: BTreeMap::new(),
        }
    }

    /// Whether a point outside of the city refuses its row.
    pub fn refuses_outside(&self) -> bool {
        self.mapping.outside() == Outside::Refuse
    }

    /// An error about the column of a field.
    pub fn error(&self, row: &Row<'_>, field: &str, reason: &str) -> RowError {
        match self.mapping.column(field) {
            Some(column) => row.error(column, reason),
            None => row.error_overall(format!("{field}: {reason}")),
        }
    }

    fn get<'r>(&self, row: &Row<'r>, field: &str) -> Option<&'r str> {
        row.get(self.mapping.column(field)?)
    }

    fn required<'r>(&self, row: &Row<'r>, field: &str) -> Result<&'r str, RowError> {
        self.get(row, field)
            .ok_or_else(|| self.error(row, field, "is empty"))
    }

    /// Reads a row.
    pub fn read(&mut self, row: &Row<'_>) -> Result<Record, Unread> {
        let id = self.required(row, "id")?.to_owned();
        if let Some(first) = self.seen.get(&id) {
            let reason = format!("`{id}` stands in row {first} already");
            return Err(self.error(row, "id", &reason).into());
        }
        self.seen.insert(id.clone(), row.number());
        let mut notes = Notes::default();
        let (title, text) = self.words(row)?;
        let reported_at = self.time(row, "reported_at", None, &mut notes)?;
        let reported_at =
            reported_at.ok_or_else(|| self.error(row, "reported_at", "a time is required"))?;
        let mut begun = reported_at;
        let mut next = |field: &str, notes: &mut Notes| -> Result<Option<Timestamp>, RowError> {
            let at = self.time(row, field, Some(begun), notes)?;
            if at.is_some_and(|at| at < begun) {
                return Err(self.error(row, field, "it lies before what came before it"));
            }
            begun = at.unwrap_or(begun);
            Ok(at)
        };
        let filed_at = next("filed_at", &mut notes)?;
        let assigned_at = next("assigned_at", &mut notes)?;
        let replied_at = next("replied_at", &mut notes)?;
        let closed_at = next("closed_at", &mut notes)?;
        let due_at = self.deadline(row, reported_at, &mut notes)?;
        let (standing, state_word) = self.standing(row, closed_at, &mut notes)?;
        let reply = self.get(row, "reply").map(str::to_owned);
        if self.mapping.kind() == Kind::Messages && reply.is_some() != replied_at.is_some() {
            let reason = "a reply has a text and a time: the other one is empty";
            let field = if reply.is_some() {
                "replied_at"
            } else {
                "reply"
            };
            return Err(self.error(row, field, reason).into());
        }
        let level = self.mapped(row, "level", &mut notes)?;
        let level = level.map_or(Ok(Level::Normal), |word| {
            Level::parse(&word)
                .ok_or_else(|| self.error(row, "level", "it is not normal, urgent or critical"))
        })?;
        let source = self.mapped(row, "source", &mut notes)?;
        let category_id = self.named(row, "category", &mut notes, |names, name| {
            names.category(name)
        })?;
        let organisation = self.named(row, "organisation", &mut notes, |names, name| {
            names.organisation(name)
        })?;
        let area_code = self.mapped(row, "area", &mut notes)?;
        let point = self.point(row)?;
        for column in self.mapping.kept() {
            notes.told(column, row.get(column));
        }
        if self.mapping.kind() == Kind::Cases {
            self.unplaced(row, standing, organisation.is_some(), &mut notes);
        }
        Ok(Record {
            id,
            title,
            text,
            address: self.get(row, "address").map(str::to_owned),
            point,
            area_code,
            source: source.unwrap_or_else(|| self.mapping.source().to_owned()),
            level,
            category_id,
            organisation,
            reported_at,
            filed_at,
            assigned_at,
            due_at,
            standing,
            reply,
            replied_at,
            reporter: (
                self.get(row, "reporter_name").map(str::to_owned),
                self.get(row, "reporter_phone").map(str::to_owned),
            ),
            told: notes.told,
            state_word,
            remarks: notes.remarks,
        })
    }

    /// What a case has no place for is kept in the file's own words: what was replied while it has not ended, and the deadline of
    /// nobody.
    fn unplaced(&self, row: &Row<'_>, standing: Standing, is_given: bool, notes: &mut Notes) {
        let column = |field| self.mapping.column(field).unwrap_or_default();
        if standing == Standing::Open {
            for field in ["reply", "replied_at"] {
                notes.told(column(field), self.get(row, field));
            }
        }
        if !is_given && let Some(due_at) = self.get(row, "due_at") {
            notes.told(column("due_at"), Some(due_at));
            let remark =
                "the record names nobody who had to handle it: its deadline is kept in words alone";
            notes.remarks.push(self.error(row, "due_at", remark));
        }
    }

    /// Title and text; a title that the file does not give is the beginning of the text.
    fn words(&self, row: &Row<'_>) -> Result<(String, String), RowError> {
        let text = self.get(row, "text").unwrap_or_default();
        let title = if self.mapping.column("title").is_some() {
            self.required(row, "title")?.to_owned()
        } else {
            let text = self.required(row, "text")?;
            let line = text.lines().next().unwrap_or_default().trim();
            line.chars().take(TITLE_CHARACTERS_MAX / 4).collect()
        };
        Ok((title, text.to_owned()))
    }

    fn time(
        &self,
        row: &Row<'_>,
        field: &str,
        begun: Option<Timestamp>,
        notes: &mut Notes,
    ) -> Result<Option<Timestamp>, RowError> {
        let Some(text) = self.get(row, field) else {
            return Ok(None);
        };
        let read = self.mapping.times.read(text, begun);
        let (at, remark) = read.map_err(|reason| self.error(row, field, &reason))?;
        if at > self.now && field != "due_at" {
            return Err(self.error(row, field, "what has not happened yet cannot be recorded"));
        }
        let remark = remark.map(|remark| self.error(row, field, &remark));
        notes.remarks.extend(remark);
        Ok(Some(at))
    }

    /// A deadline before the report is none: it is kept as words.
    fn deadline(
        &self,
        row: &Row<'_>,
        reported_at: Timestamp,
        notes: &mut Notes,
    ) -> Result<Option<Timestamp>, RowError> {
        let due_at = self.time(row, "due_at", Some(reported_at), notes)?;
        if due_at.is_none_or(|due_at| due_at >= reported_at) {
            return Ok(due_at);
        }
        let column = self.mapping.column("due_at").unwrap_or_default();
        notes.told(column, row.get(column));
        let remark = "it lies before the report: brought in without a deadline";
        notes.remarks.push(self.error(row, "due_at", remark));
        Ok(None)
    }

    fn standing(
        &self,
        row: &Row<'_>,
        closed_at: Option<Timestamp>,
        notes: &mut Notes,
    ) -> Result<(Standing, Option<String>), Unread> {
        let state = self.mapped(row, "state", notes)?;
        let word = self.get(row, "state").map(str::to_owned);
        let ended = |field: &str| {
            closed_at.ok_or_else(|| {
                self.error(row, field, "the record has ended, and the time is empty")
            })
        };
        let standing = match (state.as_deref(), closed_at) {
            (None, Some(at)) => Standing::Closed(at),
            (None | Some("open"), None) => Standing::Open,
            (Some("open"), Some(_)) => {
                let reason = "the record has not ended, and the time is not empty";
                return Err(self.error(row, "closed_at", reason).into());
            }
            (Some("closed"), _) => Standing::Closed(ended("closed_at")?),
            (Some("cancelled"), _) => Standing::Cancelled(ended("closed_at")?),
            (Some(_), _) => {
                let reason = "it is not open, closed or cancelled";
                return Err(self.unknown(row, "state", reason));
            }
        };
        Ok((standing, word))
    }

    /// Our word for the file's; none where the file or the map has nothing. The file's own word is kept.
    fn mapped(
        &self,
        row: &Row<'_>,
        field: &str,
        notes: &mut Notes,
    ) -> Result<Option<String>, Unread> {
        let Some(word) = self.get(row, field) else {
            return Ok(None);
        };
        notes.told(self.mapping.column(field).unwrap_or_default(), Some(word));
        let Some(values) = self.mapping.values(field) else {
            return Ok(Some(word.to_owned()));
        };
        let ours = values.get(word).or_else(|| values.get(super::mapping::ANY));
        let Some(ours) = ours else {
            let reason = format!("`{word}` stands not in values.{field}");
            return Err(self.unknown(row, field, &reason));
        };
        Ok(Some(ours.clone()).filter(|ours| !ours.is_empty()))
    }

    /// What the file's word names.
    fn named<T>(
        &self,
        row: &Row<'_>,
        field: &str,
        notes: &mut Notes,
        find: impl Fn(&Names, &str) -> Result<T, String>,
    ) -> Result<Option<T>, Unread> {
        let Some(name) = self.mapped(row, field, notes)? else {
            return Ok(None);
        };
        find(self.names, &name)
            .map(Some)
            .map_err(|reason| self.unknown(row, field, &reason))
    }

    /// A row refused for a word that nothing knows.
    pub fn unknown(&self, row: &Row<'_>, field: &str, reason: &str) -> Unread {
        let word = self.get(row, field).unwrap_or_default();
        Unread {
            error: self.error(row, field, reason),
            unknown: Some((field.to_owned(), word.to_owned())),
        }
    }

    fn point(&self, row: &Row<'_>) -> Result<Option<(f64, f64, CoordinateSystem)>, RowError> {
        let degrees = |field: &str| match self.mapping.column(field) {
            Some(column) => row.decimal(&[column]),
            None => Ok(None),
        };
        match (degrees("longitude")?, degrees("latitude")?) {
            (None, None) => Ok(None),
            (Some(lon), Some(lat)) => Ok(Some((lon, lat, self.mapping.coordinates()))),
            (Some(_), None) => Err(self.error(row, "latitude", "a point has both")),
            (None, Some(_)) => Err(self.error(row, "longitude", "a point has both")),
        }
    }
}

/// What is said of a row besides what it is.
#[derive(Default)]
struct Notes {
    told: Vec<String>,
    remarks: Vec<RowError>,
}

impl Notes {
    fn told(&mut self, column: &str, word: Option<&str>) {
        self.told
            .extend(word.map(|word| format!("{column}: {word}")));
    }
}
