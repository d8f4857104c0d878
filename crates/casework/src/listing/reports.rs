//! Lists of reports.

use super::filter::{AreaFilter, Claimed, ReportFilter, ReportSort};
use super::find::{Find, Word};
use super::index::{Index, Rows, Running, Window};
use crate::clocks::Light;
use crate::model::ReportStage;
use base::path::TreePath;
use base::{Id, Timestamp};

/// The mark of reports that somebody has taken from the pool.
pub(crate) const CLAIMED: u8 = 0;

/// By what somebody sees reports.
#[derive(Clone, Debug)]
pub(crate) enum Seen {
    Everything,
    /// About something in one of these areas, or received by one of these organisations or one below it.
    Within(Vec<AreaFilter>, Vec<TreePath>),
}

/// What somebody asks of the reports they may see.
#[derive(Clone, Debug)]
pub(crate) struct ReportsAsked {
    pub(crate) filter: ReportFilter,
    pub(crate) seen: Seen,
    /// What the database was asked for: those whose number begins as wanted, and the caller's own.
    pub(crate) looked_up: Vec<Vec<Id>>,
    pub(crate) now: Timestamp,
}

impl ReportsAsked {
    /// Where the page begins.
    fn window(&self) -> Window {
        let filter = &self.filter;
        let to = filter.received_to.map(Id::first_at);
        let after = filter
            .after
            .filter(|_| filter.sort == ReportSort::Newest)
            .map(|cursor| cursor.id);
        Window {
            from: filter.received_from.map(Id::first_at),
            below: [to, after].into_iter().flatten().min(),
        }
    }

    fn rows(&self, index: &Index) -> Rows {
        let filter = &self.filter;
        let mut all: Vec<Find> = Vec::new();
        let word = |stage: &ReportStage| Word::Stage(*stage as u8).into();
        if filter.claimed == Some(Claimed::Nobody) {
            all.push(Find::from(Word::Mark(CLAIMED)).not());
            if filter.stages.is_empty() {
                all.push(word(&ReportStage::Received));
            }
        }
        if !filter.stages.is_empty() {
            all.push(Find::Any(filter.stages.iter().map(word).collect()));
        }
        all.extend(filter.level.map(|level| Word::Level(level as u8).into()));
        all.extend(filter.area.iter().map(|area| area.word().into()));
        all.extend(filter.source.clone().map(|code| Word::Source(code).into()));
        let looked_up = self.looked_up.iter();
        all.extend(looked_up.map(|ids| Find::Rows(index.rows_of(ids))));
        if let Seen::Within(areas, organisations) = &self.seen {
            let areas = areas.iter().map(|area| area.word().into());
            let holders = organisations.iter().cloned();
            let holders = holders.map(|path| Word::Holder(path).into());
            all.push(Find::Any(areas.chain(holders).collect()));
        }
        let rows = index.rows(&Find::All(all));
        let now = self.now;
        match filter.light {
            None => rows,
            Some(light) => index.with_clock(&rows, |yellow_at, due_at| match light {
                Light::Red => due_at < now,
                Light::Yellow => due_at >= now && yellow_at <= now,
                Light::Green => yellow_at > now,
            }),
        }
    }

    /// The ids of a page, in order.
    pub(crate) fn page(&self, index: &Index, limit: usize) -> Vec<Id> {
        let (rows, window) = (self.rows(index), self.window());
        match self.filter.sort {
            ReportSort::Newest => index.newest(&rows, window, limit),
            ReportSort::Due => {
                // Few clocks run, whatever else is said.
                let rows = index.with_clock(&rows, |_, _| true);
                let after = self.filter.after.map(|cursor| (cursor.at.0, cursor.id.0));
                let due =
                    |running: &Running, id: i64| running.clock.map(|(_, due_at)| (due_at.0, id));
                index.first(&rows, window, after, limit, due)
            }
        }
    }

    /// How many there are, up to `limit`.
    pub(crate) fn count(&self, index: &Index, limit: u64) -> u64 {
        index.count(&self.rows(index), self.window(), limit)
    }
}
