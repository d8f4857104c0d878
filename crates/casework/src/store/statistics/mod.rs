//! Rows of obligations and their sums by day. [`query`] adds up windows of them.

pub mod query;

use super::{
    CASES_FOR_NUMBERS, OBLIGATION_DROP, OBLIGATION_PUT, OBLIGATIONS_OF_SUBJECT, RATE_CHOICES,
    RATE_CHOOSE, REPORT_ZONE_ADD, REPORT_ZONE_DROP, REPORT_ZONES, ZONES_OF_REPORT_CASES,
    read::corrupt,
};
use crate::model::{CaseExtra, CaseStage, OrganisationRef};
use crate::statistics::measures::{COUNT, DIFFERENCES, KEPT, counting, kept};
use crate::statistics::{Marks, Obligation, ObligationKind, Person, Place};
use ::store::{AsParam, Param, Row, Statement, StoreError, Tx, params};
use base::{Id, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

/// Microseconds of a day.
pub const DAY: i64 = 86_400_000_000;
/// How far China's clocks are ahead of UTC; they know no summer time.
pub const AHEAD: i64 = 8 * 3_600_000_000;

/// The beginning of the local day of an instant.
pub fn day_of(at: Timestamp) -> Timestamp {
    let local = at.0 + AHEAD;
    Timestamp(local - local.rem_euclid(DAY) - AHEAD)
}

/// How many obligations each measure counts.
pub type Counts = [i64; COUNT];

/// What `obligation_day` is added up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dimension {
    /// Whose.
    Organisation,
    /// What about.
    Category,
    /// Where from.
    Source,
    /// Who.
    Person,
}

impl Dimension {
    /// The word in the column.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::Category => "category",
            Self::Source => "source",
            Self::Person => "person",
        }
    }
}

/// A row of `obligation_day`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DayKey {
    dimension: Dimension,
    day: Timestamp,
    key: String,
    place_path: String,
    organisation_path: String,
}

/// What has to be added to the sums.
pub type Sums = HashMap<DayKey, Box<Counts>>;

/// An obligation as stored, with what it shares with the others of its subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObligationRow {
    /// The obligation.
    pub obligation: Obligation,
    /// Where, what about, where from.
    pub place: Place,
}

/// Adds `by` (1 or -1) for an obligation to the sums it belongs to.
pub fn sum(sums: &mut Sums, row: &ObligationRow, by: i64) {
    let ObligationRow { obligation, place } = row;
    let counted: Vec<usize> = counting(obligation.kind, obligation.marks).collect();
    let place_path = place.street_path.as_ref().or(place.area_path.as_ref());
    let place_path = place_path.map_or_else(String::new, ToString::to_string);
    let mut add = |dimension, key: String, organisation_path: String| {
        let key = DayKey {
            dimension,
            day: day_of(obligation.at),
            key,
            place_path: place_path.clone(),
            organisation_path,
        };
        let counts = sums.entry(key).or_insert_with(|| Box::new([0; COUNT]));
        for count in &counted {
            if let Some(count) = counts.get_mut(*count) {
                *count += by;
            }
        }
    };
    let category = place
        .category_id
        .map_or_else(String::new, |id| id.to_string());
    add(
        Dimension::Organisation,
        obligation.organisation.id.to_string(),
        obligation.organisation.path.to_string(),
    );
    add(Dimension::Category, category, String::new());
    add(Dimension::Source, place.source.clone(), String::new());
    if let Some(person) = &obligation.person {
        let key = format!("{}/{}", person.role, person.staff_id);
        add(Dimension::Person, key, String::new());
    }
}

/// The columns of the measures.
fn columns() -> Vec<&'static str> {
    kept().map(|measure| measure.code).collect()
}

/// `INSERT … ON CONFLICT … DO UPDATE` of one row of sums.
static DAY_ADD: LazyLock<Statement> = LazyLock::new(|| {
    let codes = columns();
    let values: Vec<String> = (1..=codes.len() + 5).map(|n| format!("?{n}")).collect();
    let sums: Vec<String> = codes
        .iter()
        .map(|code| format!("{code} = obligation_day.{code} + excluded.{code}"))
        .collect();
    Statement::composed(format!(
        "INSERT INTO obligation_day (dimension, day, key, place_path, organisation_path, {}) VALUES ({}) \
         ON CONFLICT (dimension, day, key, place_path, organisation_path) DO UPDATE SET {}",
        codes.join(", "),
        values.join(", "),
        sums.join(", ")
    ))
});

/// Writes what was added up, in a fixed order, so that two who write do not wait for each other in a ring.
pub fn sums_add(tx: &mut Tx<'_>, sums: &Sums) -> Result<(), StoreError> {
    let ordered: BTreeMap<&DayKey, &Box<Counts>> = sums
        .iter()
        .filter(|(_, counts)| counts.iter().any(|count| *count != 0))
        .collect();
    for (key, counts) in ordered {
        let dimension = key.dimension.as_str();
        let mut values: Vec<Param<'_>> = vec![
            dimension.as_param(),
            key.day.as_param(),
            key.key.as_param(),
            key.place_path.as_param(),
            key.organisation_path.as_param(),
        ];
        let kept = KEPT.iter().filter_map(|place| counts.get(*place));
        values.extend(kept.map(AsParam::as_param));
        tx.post(&DAY_ADD, &values)?;
    }
    Ok(())
}

fn obligation(row: &Row<'_>) -> Result<ObligationRow, StoreError> {
    let (word, marks): (String, i64) = (row.get(0)?, row.get(10)?);
    let (staff_id, role): (Option<Id>, Option<String>) = (row.get(4)?, row.get(5)?);
    Ok(ObligationRow {
        obligation: Obligation {
            kind: ObligationKind::parse(&word)
                .ok_or_else(|| corrupt("kind of an obligation", &word))?,
            at: row.get(1)?,
            organisation: OrganisationRef {
                id: row.get(2)?,
                path: row.get(3)?,
            },
            person: staff_id
                .zip(role)
                .map(|(staff_id, role)| Person { staff_id, role }),
            marks: Marks(marks),
        },
        place: Place {
            area_path: row.get(6)?,
            street_path: row.get(7)?,
            category_id: row.get(8)?,
            source: row.get(9)?,
        },
    })
}

/// The obligations kept of a report or case, in order.
pub fn obligations_of(tx: &mut Tx<'_>, subject_id: Id) -> Result<Vec<ObligationRow>, StoreError> {
    tx.query(&OBLIGATIONS_OF_SUBJECT, params![subject_id], obligation)
}

/// Puts `now` in the place of what is kept of a report or case, and adds the difference to `sums`.
pub fn obligations_put(
    tx: &mut Tx<'_>,
    subject_id: Id,
    now: &[ObligationRow],
    sums: &mut Sums,
) -> Result<(), StoreError> {
    let kept = obligations_of(tx, subject_id)?;
    for (seq, row) in (0_i64..).zip(now) {
        let before = usize::try_from(seq).ok().and_then(|seq| kept.get(seq));
        if before == Some(row) {
            continue;
        }
        if let Some(before) = before {
            sum(sums, before, -1);
        }
        sum(sums, row, 1);
        let ObligationRow { obligation, place } = row;
        let person = obligation.person.as_ref();
        tx.post(
            &OBLIGATION_PUT,
            params![
                subject_id,
                seq,
                obligation.kind.as_str(),
                obligation.at,
                obligation.organisation.id,
                obligation.organisation.path,
                person.map(|person| person.staff_id),
                person.map(|person| person.role.as_str()),
                place.area_path,
                place.street_path,
                place.category_id,
                place.source,
                obligation.marks.0
            ],
        )?;
    }
    if kept.len() > now.len() {
        for row in kept.iter().skip(now.len()) {
            sum(sums, row, -1);
        }
        let first = i64::try_from(now.len()).unwrap_or(i64::MAX);
        tx.post(&OBLIGATION_DROP, params![subject_id, first])?;
    }
    Ok(())
}

/// A case as the numbers of its reports need it. The lead's path is looked up by the service.
pub struct CaseNumbers {
    /// The case.
    pub case_id: Id,
    /// Where it stands.
    pub stage: CaseStage,
    /// When it was filed last.
    pub filed_at: Option<Timestamp>,
    /// Who leads.
    pub lead_organisation_id: Option<Id>,
    /// Its category.
    pub category_id: Option<Id>,
    /// What is known of it only.
    pub extra: CaseExtra,
}

/// The cases of a report, by id.
pub fn cases_for_numbers(tx: &mut Tx<'_>, report_id: Id) -> Result<Vec<CaseNumbers>, StoreError> {
    tx.query(&CASES_FOR_NUMBERS, params![report_id], |row| {
        Ok(CaseNumbers {
            case_id: row.get(0)?,
            stage: row.get(1)?,
            filed_at: row.get(2)?,
            lead_organisation_id: row.get(3)?,
            category_id: row.get(4)?,
            extra: crate::store::read::extra(row, 5)?,
        })
    })
}

/// The zones that a report is counted in.
pub fn report_zones(tx: &mut Tx<'_>, report_id: Id) -> Result<BTreeSet<Id>, StoreError> {
    let zones = tx.query(&REPORT_ZONES, params![report_id], |row| row.get(0))?;
    Ok(zones.into_iter().collect())
}

/// The zones that the cases of a report lie in.
pub fn zones_of_its_cases(tx: &mut Tx<'_>, report_id: Id) -> Result<BTreeSet<Id>, StoreError> {
    let zones = tx.query(&ZONES_OF_REPORT_CASES, params![report_id], |row| row.get(0))?;
    Ok(zones.into_iter().collect())
}

/// Puts `now` in the place of the zones kept of a report.
pub fn report_zones_put(
    tx: &mut Tx<'_>,
    report_id: Id,
    now: &BTreeSet<Id>,
) -> Result<(), StoreError> {
    let kept = report_zones(tx, report_id)?;
    for zone_id in kept.difference(now) {
        tx.post(&REPORT_ZONE_DROP, params![report_id, zone_id])?;
    }
    for zone_id in now.difference(&kept) {
        tx.post(&REPORT_ZONE_ADD, params![report_id, zone_id])?;
    }
    Ok(())
}

/// Rates that a city divides by something else than the first.
pub fn rate_choices(tx: &mut Tx<'_>) -> Result<Vec<(String, String)>, StoreError> {
    tx.query(&RATE_CHOICES, params![], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

/// A city chooses what a rate is divided by.
pub fn rate_choose(
    tx: &mut Tx<'_>,
    rate: &str,
    denominator: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.post(&RATE_CHOOSE, params![rate, denominator, at])
}

/// All the sums there are, for the verifier.
pub fn sums_all(tx: &mut Tx<'_>) -> Result<Sums, StoreError> {
    let rows = tx.query(&SUMS_ALL, params![], |row| {
        let word: String = row.get(0)?;
        let dimension = [
            Dimension::Organisation,
            Dimension::Category,
            Dimension::Source,
            Dimension::Person,
        ]
        .into_iter()
        .find(|each| each.as_str() == word)
        .ok_or_else(|| corrupt("dimension", &word))?;
        let key = DayKey {
            dimension,
            day: row.get(1)?,
            key: row.get(2)?,
            place_path: row.get(3)?,
            organisation_path: row.get(4)?,
        };
        Ok((key, counts(row, 5)?))
    })?;
    Ok(rows.into_iter().collect())
}

static SUMS_ALL: LazyLock<Statement> = LazyLock::new(|| {
    Statement::composed(format!(
        "SELECT dimension, day, key, place_path, organisation_path, {} FROM obligation_day",
        columns().join(", ")
    ))
});

/// The measures of a row whose columns of measures begin at `first`.
fn counts(row: &Row<'_>, first: usize) -> Result<Box<Counts>, StoreError> {
    let mut counts = Box::new([0; COUNT]);
    for (column, place) in (first..).zip(KEPT.iter()) {
        if let Some(count) = counts.get_mut(*place) {
            *count = row.get(column)?;
        }
    }
    for [place, whole, part] in DIFFERENCES.iter() {
        let of = |place: &usize| counts.get(*place).copied().unwrap_or_default();
        let difference = of(whole) - of(part);
        if let Some(count) = counts.get_mut(*place) {
            *count = difference;
        }
    }
    Ok(counts)
}
