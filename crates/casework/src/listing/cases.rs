//! Lists of cases.

use super::filter::{Awaited, CaseFilter, CaseMark, CaseSort, Tie, ToDecide};
use super::find::{Find, Word};
use super::index::{Index, Rows, Running, Tied, Window};
use super::place::Placed;
use crate::clocks::Light;
use crate::model::CaseStage;
use base::{Id, Timestamp};

/// The mark of cases that somebody leads.
const LED: u8 = 4;
/// The first of the marks of what waits for a decision, see [`crate::model::Decision`].
const ASKED: u8 = 8;

impl CaseMark {
    /// Its bit.
    pub(crate) const fn bit(self) -> u8 {
        match self {
            Self::Suspended => 0,
            Self::Supervised => 1,
            Self::Important => 2,
            Self::Asked => 3,
            Self::Escalated => 5,
        }
    }
}

/// The marks of a case: by [`CaseMark`], whether somebody leads, and what waits for a decision.
pub(crate) fn mark_bits(marks: [(CaseMark, bool); 4], is_led: bool, asked: u8) -> u16 {
    let bit = |is_so: bool, bit: u8| u16::from(is_so) << bit;
    let waits = bit(asked > 0, CaseMark::Asked.bit()) | (u16::from(asked) << ASKED);
    let marks = marks
        .into_iter()
        .map(|(mark, is_so)| bit(is_so, mark.bit()));
    marks.fold(waits | bit(is_led, LED), |all, mark| all | mark)
}

/// What somebody asks of the cases they may see.
#[derive(Clone, Debug)]
pub(crate) struct CasesAsked {
    pub(crate) filter: CaseFilter,
    /// By any of which the caller sees cases.
    pub(crate) ties: Vec<Tie>,
    /// What the database was asked for: those whose number begins as wanted, that are watched, that have a task held, or none held.
    pub(crate) looked_up: LookedUp,
    pub(crate) now: Timestamp,
}

/// Ids that only the database knows; none where nothing was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct LookedUp {
    pub(crate) numbered: Option<Vec<Id>>,
    pub(crate) watched: Option<Vec<Id>>,
    pub(crate) held: Option<Vec<Id>>,
    pub(crate) not_held: Option<Vec<Id>>,
}

impl CasesAsked {
    /// What must have been looked up for it.
    pub(crate) fn tied(&self) -> Vec<Tied> {
        let organisations = self.ties.iter().filter_map(|tie| match tie {
            Tie::Organisation(path) => Some(Tied::Organisation(path.clone())),
            Tie::Zone(id) => Some(Tied::Zone(*id)),
            Tie::Everything | Tie::Area(_) => None,
        });
        let wanted = self.filter.organisation.clone().map(Tied::Organisation);
        let zone = self.filter.zone_id.map(Tied::Zone);
        organisations.chain(wanted).chain(zone).collect()
    }

    /// Where the page begins.
    fn window(&self) -> Window {
        let filter = &self.filter;
        let to = filter.accepted_to.map(Id::first_at);
        let after = filter.after.filter(|_| filter.sort == CaseSort::Newest);
        let ends = [to, after.map(|cursor| cursor.id)];
        Window {
            from: filter.accepted_from.map(Id::first_at),
            below: ends.into_iter().flatten().min(),
        }
    }

    fn rows(&self, index: &Index) -> Rows {
        let mut rows = index.rows(&self.find(index));
        if self.filter.sort == CaseSort::Due {
            rows = index.with_clock(&rows, |_, _| true);
        }
        let now = self.now;
        match self.filter.light {
            None => rows,
            Some(Light::Red) => index.with_clock(&rows, |_, due_at| due_at < now),
            Some(Light::Yellow) => {
                index.with_clock(&rows, |yellow_at, due_at| due_at >= now && yellow_at <= now)
            }
            Some(Light::Green) => {
                index.with_clock(&rows, |yellow_at, due_at| due_at >= now && yellow_at > now)
            }
        }
    }

    fn find(&self, index: &Index) -> Find {
        let filter = &self.filter;
        let mut all: Vec<Find> = Vec::new();
        let stages = |stages: &[CaseStage]| {
            let words = stages.iter().map(|stage| Word::Stage(*stage as u8).into());
            Find::Any(words.collect())
        };
        if !filter.stages.is_empty() {
            all.push(stages(&filter.stages));
        }
        if filter.is_open() {
            let open = CaseStage::ALL.iter().copied();
            let open: Vec<CaseStage> = open.filter(|stage| stage.is_open()).collect();
            all.push(stages(&open));
        }
        all.extend(filter.level.map(|level| Word::Level(level as u8).into()));
        all.extend(filter.area.iter().map(|area| area.word().into()));
        all.extend(filter.within.map(|within| Word::Within(within).into()));
        all.extend(filter.zone_id.map(|id| Word::Tied(Tied::Zone(id)).into()));
        all.extend(filter.category_id.map(|id| Word::Category(id).into()));
        let organisation = filter.organisation.clone().map(Tied::Organisation);
        all.extend(organisation.map(|tied| Word::Tied(tied).into()));
        all.extend(filter.source.clone().map(|code| Word::Source(code).into()));
        all.extend(
            filter
                .marks
                .iter()
                .map(|mark| Word::Mark(mark.bit()).into()),
        );
        if let Some((is_there, places)) = &filter.awaited {
            let awaited = Find::Any(places.iter().map(awaited).collect());
            all.push(if *is_there { awaited } else { awaited.not() });
        }
        if let Some(places) = &filter.to_decide {
            all.push(Find::Any(places.iter().map(to_decide).collect()));
        }
        let looked_up = &self.looked_up;
        let found = [&looked_up.numbered, &looked_up.watched, &looked_up.held];
        all.extend(
            found
                .into_iter()
                .flatten()
                .map(|ids| Find::Rows(index.rows_of(ids))),
        );
        if let Some(ids) = &looked_up.not_held {
            all.push(Find::Rows(index.rows_of(ids)).not());
        }
        if !self.ties.contains(&Tie::Everything) {
            all.push(Find::Any(self.ties.iter().filter_map(seen).collect()));
        }
        Find::All(all)
    }

    /// The ids of a page, in order.
    pub(crate) fn page(&self, index: &Index, limit: usize) -> Vec<Id> {
        let (rows, window) = (self.rows(index), self.window());
        let after = self.filter.after;
        match self.filter.sort {
            CaseSort::Newest => index.newest(&rows, window, limit),
            CaseSort::Due => {
                let after = after.map(|cursor| (cursor.at.0, cursor.id.0));
                let due =
                    |running: &Running, id: i64| running.clock.map(|(_, due_at)| (due_at.0, id));
                index.first(&rows, window, after, limit, due)
            }
            CaseSort::Updated => {
                let after = after.map(|cursor| (-cursor.at.0, -cursor.id.0));
                let latest = |running: &Running, id: i64| Some((-running.updated_at.0, -id));
                index.first(&rows, window, after, limit, latest)
            }
        }
    }

    /// Shows where they lie, and how many lie anywhere.
    pub(crate) fn placed<T>(
        &self,
        index: &Index,
        show: impl FnOnce(u64, &mut dyn Iterator<Item = Placed>) -> T,
    ) -> T {
        let rows = index.in_window(self.rows(index), self.window());
        show(rows.len(), &mut index.places(&rows))
    }

    /// How many there are, up to `limit`; where a page would begin makes no difference.
    pub(crate) fn count(&self, index: &Index, limit: u64) -> u64 {
        index.count(&self.rows(index), self.window(), limit)
    }
}

fn in_one_of(processes: &[String]) -> Find {
    let processes = processes.iter().cloned();
    Find::Any(processes.map(|code| Word::Process(code).into()).collect())
}

fn to_decide(place: &ToDecide) -> Find {
    let bit = ASKED + place.decision.bit();
    Find::All(vec![Word::Mark(bit).into(), in_one_of(&place.processes)])
}

fn awaited(place: &Awaited) -> Find {
    let mut all: Vec<Find> = vec![
        Word::Stage(place.stage as u8).into(),
        in_one_of(&place.processes),
    ];
    if place.without_lead {
        all.push(Find::from(Word::Mark(LED)).not());
    }
    Find::All(all)
}

fn seen(tie: &Tie) -> Option<Find> {
    Some(match tie {
        Tie::Everything => return None,
        Tie::Area(area) => area.word().into(),
        Tie::Zone(id) => Word::Tied(Tied::Zone(*id)).into(),
        Tie::Organisation(path) => Word::Tied(Tied::Organisation(path.clone())).into(),
    })
}
