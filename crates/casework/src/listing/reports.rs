//! Lists of reports.

use super::filter::{AreaFilter, Claimed, ReportFilter};
use super::find::{Find, Word};
use super::index::{Index, Window};
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
    /// The ids of a page, the newest first.
    pub(crate) fn page(&self, index: &Index, limit: usize) -> Vec<Id> {
        let filter = &self.filter;
        let mut all: Vec<Find> = Vec::new();
        let mut stage = filter.stage;
        if filter.claimed == Some(Claimed::Nobody) {
            stage = stage.or(Some(ReportStage::Received));
            all.push(Find::from(Word::Mark(CLAIMED)).not());
        }
        all.extend(stage.map(|stage| Word::Stage(stage as u8).into()));
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
        let mut rows = index.rows(&Find::All(all));
        let now = self.now;
        if let Some(light) = filter.light {
            rows = index.with_clock(&rows, |yellow_at, due_at| match light {
                Light::Red => due_at < now,
                Light::Yellow => due_at >= now && yellow_at <= now,
                Light::Green => yellow_at > now,
            });
        }
        let window = Window {
            from: None,
            below: filter.after,
        };
        index.newest(&rows, window, limit)
    }
}
