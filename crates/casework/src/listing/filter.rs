//! What lists of cases and reports may be narrowed by, in which order they are, and where a page ends.

use super::find::Word;
use crate::clocks::Light;
use crate::model::{CaseStage, Decision, Level, ReportStage, TaskState};
use base::path::TreePath;
use base::{Id, Point, Timestamp};

/// In which order cases are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseSort {
    /// The newest first.
    #[default]
    Newest,
    /// What is due first, first; only cases whose stage has a clock.
    Due,
    /// What changed last, first; only open cases.
    Updated,
}

impl CaseSort {
    /// Whether it is an order of open cases only.
    const fn is_of_open(self) -> bool {
        matches!(self, Self::Due | Self::Updated)
    }
}

/// In which order reports are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportSort {
    /// The newest first.
    #[default]
    Newest,
    /// What must be decided on first, first; only those that wait in the pool.
    Due,
}

impl ReportSort {
    /// The order of cases whose cursors look the same.
    pub(crate) const fn of_cases(self) -> CaseSort {
        match self {
            Self::Newest => CaseSort::Newest,
            Self::Due => CaseSort::Due,
        }
    }
}

/// Where the last page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Of the last row, when sorted by a time.
    pub at: Timestamp,
    /// Of the last row.
    pub id: Id,
}

impl Cursor {
    /// As text for the wire.
    pub fn to_text(self, sort: CaseSort) -> String {
        match sort {
            CaseSort::Newest => self.id.to_string(),
            CaseSort::Due | CaseSort::Updated => format!("{}-{}", self.at.0, self.id),
        }
    }

    /// From text on the wire.
    pub fn parse(text: &str, sort: CaseSort) -> Option<Self> {
        let (at, id) = match sort {
            CaseSort::Newest => (0, text),
            CaseSort::Due | CaseSort::Updated => {
                let (at, id) = text.split_once('-')?;
                (at.parse().ok()?, id)
            }
        };
        Some(Self {
            at: Timestamp(at),
            id: id.parse().ok()?,
        })
    }
}

/// An area to look in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AreaFilter {
    /// A street.
    Street(TreePath),
    /// Below a street: within that street, by path.
    Within {
        /// The street it lies in.
        street: TreePath,
        /// The village it lies in, or itself.
        village: Option<TreePath>,
        /// The area.
        area: TreePath,
    },
    /// A district or above.
    Above(TreePath),
}

impl AreaFilter {
    /// The area, in the lowest one of which the index knows what lies in it.
    pub(super) fn word(&self) -> Word {
        let (whole, area) = match self {
            Self::Street(area) | Self::Above(area) => (area, area),
            Self::Within {
                street,
                village,
                area,
            } => (village.as_ref().unwrap_or(street), area),
        };
        Word::Area {
            whole: whole.clone(),
            area: area.clone(),
        }
    }
}

/// One way by which somebody sees cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tie {
    /// All there are.
    Everything,
    /// They lie in an area.
    Area(AreaFilter),
    /// They lie in a zone.
    Zone(Id),
    /// An organisation, or one below it, has to do with them.
    Organisation(TreePath),
}

/// 重要, 督办, 挂账, 逐级提醒: what a case may be marked by now.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CaseMark {
    /// A task of it stands still.
    Suspended,
    /// A supervision is in force.
    Supervised,
    /// Somebody marked it important.
    Important,
    /// Something that somebody applied for waits for a decision: an extension, a suspension, an exclusion, an appeal, a ruling.
    Asked,
    /// A rung of the ladder was climbed on a clock that still runs.
    Escalated,
}

/// A stage in which a desk is awaited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// The stage.
    pub stage: CaseStage,
    /// Only where nobody leads.
    pub without_lead: bool,
    /// In these processes, by code.
    pub processes: Vec<String>,
}

/// A decision that is somebody's to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToDecide {
    /// Which.
    pub decision: Decision,
    /// In these processes, by code.
    pub processes: Vec<String>,
}

/// A box on the map, in degrees of CGCS2000; what lies on its border lies in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MapBox {
    /// Least longitude.
    pub west: f64,
    /// Least latitude.
    pub south: f64,
    /// Greatest longitude.
    pub east: f64,
    /// Greatest latitude.
    pub north: f64,
}

impl MapBox {
    /// From `west,south,east,north`; none when it is no box.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split(',').map(|number| number.trim().parse::<f64>());
        let mut next = || numbers.next()?.ok();
        let (west, south, east, north) = (next()?, next()?, next()?, next()?);
        let fits = (-180.0..=180.0).contains(&west)
            && (-90.0..=90.0).contains(&south)
            && east > west
            && east <= 180.0
            && north > south
            && north <= 90.0;
        (fits && numbers.next().is_none()).then_some(Self {
            west,
            south,
            east,
            north,
        })
    }

    /// The box of so many metres to each side of a place.
    pub fn around(place: Point, metres: f64) -> Self {
        let lat = metres / 111_000.0;
        let lon = lat / place.lat.to_radians().cos().max(0.01);
        Self {
            west: place.lon - lon,
            south: place.lat - lat,
            east: place.lon + lon,
            north: place.lat + lat,
        }
    }
}

/// What cases are wanted.
#[derive(Clone, Debug, Default)]
pub struct CaseFilter {
    /// In one of these stages; any when empty.
    pub stages: Vec<CaseStage>,
    /// So urgent.
    pub level: Option<Level>,
    /// In this area.
    pub area: Option<AreaFilter>,
    /// In this zone.
    pub zone_id: Option<Id>,
    /// Lying in this box.
    pub within: Option<MapBox>,
    /// Of this category.
    pub category_id: Option<Id>,
    /// That this organisation or one below it accepted, filed, holds or held.
    pub organisation: Option<TreePath>,
    /// Showing this light now; red is overdue.
    pub light: Option<Light>,
    /// From this source.
    pub source: Option<String>,
    /// Whose number begins so; at least to the day.
    pub case_no: Option<String>,
    /// Entered at this time or later.
    pub accepted_from: Option<Timestamp>,
    /// Entered before this time.
    pub accepted_to: Option<Timestamp>,
    /// Marked in all of these ways.
    pub marks: Vec<CaseMark>,
    /// Watched by this account.
    pub watched_by: Option<Id>,
    /// With an open task held by one of these organisations or one below it; any when empty.
    pub held_by: Vec<TreePath>,
    /// Without an open task held by one of these organisations or one below it; any when empty.
    pub not_held_by: Vec<TreePath>,
    /// Open, and standing in one of these places; or in none of them when false.
    pub awaited: Option<(bool, Vec<Awaited>)>,
    /// Waiting for one of these decisions.
    pub to_decide: Option<Vec<ToDecide>>,
    /// In which state that task is; assigned or accepted when none is given.
    pub held_state: Option<TaskState>,
    /// In which order.
    pub sort: CaseSort,
    /// After this row.
    pub after: Option<Cursor>,
}

impl CaseFilter {
    /// Whether only open cases can be meant.
    pub fn is_open(&self) -> bool {
        self.sort.is_of_open()
            || self.light.is_some()
            || !self.held_by.is_empty()
            || self.awaited.is_some()
            || (!self.stages.is_empty() && self.stages.iter().all(|stage| stage.is_open()))
    }

    /// Whether nothing can be meant: open cases among those that have ended.
    pub fn is_impossible(&self) -> bool {
        self.is_open() && self.has_ended()
    }

    fn has_ended(&self) -> bool {
        !self.stages.is_empty() && self.stages.iter().all(|stage| !stage.is_open())
    }
}

/// Whose a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// This person's.
    By(Id),
    /// Nobody's: it waits in the pool.
    Nobody,
}

/// What reports are wanted.
#[derive(Clone, Debug, Default)]
pub struct ReportFilter {
    /// In one of these stages; any when empty.
    pub stages: Vec<ReportStage>,
    /// So urgent.
    pub level: Option<Level>,
    /// About something in this area.
    pub area: Option<AreaFilter>,
    /// From there.
    pub source: Option<String>,
    /// Whose it is.
    pub claimed: Option<Claimed>,
    /// In the pool, showing this light now.
    pub light: Option<Light>,
    /// Whose number begins so.
    pub report_no: Option<String>,
    /// Entered at this time or later.
    pub received_from: Option<Timestamp>,
    /// Entered before this time.
    pub received_to: Option<Timestamp>,
    /// In which order.
    pub sort: ReportSort,
    /// After this row.
    pub after: Option<Cursor>,
}
