//! By which index a list of cases is looked up: see [`super::case_list`].

use super::case_filter::{AreaFilter, CaseFilter, CaseMark, CaseSort, Tie};
use crate::model::{CaseStage, Level};

/// Which condition an index serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Driver {
    Watched,
    Number,
    Marked,
    Important(Option<Column>),
    Holder,
    Open,
    /// Open ones in this order.
    Sorted(CaseSort),
    Organisation(Among),
    Level,
    Dropped(Option<Column>),
    Village,
    Pair(Column, Column),
    Zone,
    Place,
    Single(Column),
    Newest,
}

/// Which of an organisation's cases are looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Among {
    Open,
    Ended,
    /// By level.
    Dropped,
    AboveNormal,
    Important,
}

impl Among {
    /// What the index of these cases asks for, and what else must be said of them.
    pub(super) fn conditions(self, filter: &CaseFilter) -> String {
        let partial = self.partial(filter);
        // So written that it serves no index but the one that is meant.
        let is_important = filter.marks.contains(&CaseMark::Important) && self != Self::Important;
        let important = [" ", " AND COALESCE(d.is_important, FALSE)"];
        format!("{partial}{}", important[usize::from(is_important)])
    }

    /// Whether [`Self::partial`] says all there is to say of these stages.
    pub(super) fn says(self, stages: &[CaseStage]) -> bool {
        let has_all = |of: fn(CaseStage) -> bool| {
            let mut all = CaseStage::ALL.iter().filter(|stage| of(**stage));
            all.all(|stage| stages.contains(stage))
        };
        match self {
            _ if stages.is_empty() => true,
            Self::Open => has_all(CaseStage::is_open),
            Self::Ended => stages == [CaseStage::Closed] || has_all(|stage| !stage.is_open()),
            Self::Dropped => has_all(|stage| !stage.is_open() && stage != CaseStage::Closed),
            Self::AboveNormal | Self::Important => false,
        }
    }

    /// The very words of its index.
    pub(super) fn partial(self, filter: &CaseFilter) -> &'static str {
        match self {
            Self::Open => " AND d.is_open",
            Self::Ended if filter.stages == [CaseStage::Closed] => {
                " AND NOT d.is_open AND NOT d.is_dropped"
            }
            Self::Ended => " AND NOT d.is_open",
            Self::Dropped => " AND d.is_dropped",
            Self::AboveNormal => " AND d.level <> 'normal'",
            Self::Important => " AND d.is_important",
        }
    }
}

/// A column that never changes and has an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Street,
    Category,
    Source,
}

impl Driver {
    pub(super) fn of(filter: &CaseFilter, area: Option<&AreaFilter>, tie: &Tie) -> Self {
        let by_street = matches!(
            area,
            Some(AreaFilter::Street(_) | AreaFilter::Within { .. })
        );
        let by_village = matches!(
            area,
            Some(AreaFilter::Within {
                village: Some(_),
                ..
            })
        );
        let single = [
            (Column::Street, by_street),
            (Column::Category, filter.category_id.is_some()),
            (Column::Source, filter.source.is_some()),
        ];
        let mut columns = single
            .into_iter()
            .filter_map(|(column, is_there)| is_there.then_some(column));
        let (first, second) = (columns.next(), columns.next());
        let (tie_has_few, tie_is_organisation) = match tie {
            Tie::Organisation { has_few, .. } => (*has_few, true),
            _ => (false, false),
        };
        let has_few = tie_has_few || matches!(filter.organisation, Some((_, true)));
        let is_organisation = tie_is_organisation || filter.organisation.is_some();
        let is_important = filter.marks.contains(&CaseMark::Important);
        let is_zone = filter.zone_id.is_some() || matches!(tie, Tie::Zone(_));
        let is_above_normal = !matches!(filter.level, None | Some(Level::Normal));
        let has_column = filter.category_id.is_some() || filter.source.is_some();
        let few = filter.column_has_few.then_some(if filter.source_has_fewer {
            Column::Source
        } else {
            Column::Category
        });
        let among = match filter.level {
            _ if filter.is_open() => Among::Open,
            _ if filter.is_dropped() => Among::Dropped,
            _ if is_important => Among::Important,
            Some(Level::Critical) => Among::AboveNormal,
            Some(Level::Urgent) if !has_column => Among::AboveNormal,
            _ => Among::Ended,
        };
        match (first, second) {
            _ if filter.watched_by.is_some() => Self::Watched,
            _ if filter.case_no.is_some() => Self::Number,
            _ if filter.marks.iter().any(|mark| *mark != CaseMark::Important) => Self::Marked,
            _ if !filter.held_by.is_empty() => Self::Holder,
            _ if has_few => Self::Organisation(among),
            _ if filter.is_open() && filter.sort == CaseSort::Newest => Self::Open,
            _ if filter.is_open() => Self::Sorted(filter.sort),
            _ if filter.is_dropped() && few.is_some() => Self::Dropped(few),
            _ if is_organisation && (filter.is_dropped() || is_important || is_above_normal) => {
                Self::Organisation(among)
            }
            (one, _) if filter.is_dropped() => Self::Dropped(one),
            _ if filter.level == Some(Level::Critical) => Self::Level,
            (one, _) if is_important => Self::Important(one),
            _ if matches!(filter.within, Some((_, true))) => Self::Place,
            _ if by_village && !filter.column_has_few => Self::Village,
            (Some(first), Some(second)) => Self::Pair(first, second),
            (Some(Column::Category | Column::Source), None) if is_organisation => {
                Self::Organisation(among)
            }
            _ if is_zone => Self::Zone,
            (Some(one), None) => Self::Single(one),
            _ if filter.level == Some(Level::Urgent) => Self::Level,
            _ if is_organisation => Self::Organisation(among),
            _ => Self::Newest,
        }
    }

    /// The list in parts that its index keeps apart; itself where it keeps them together.
    pub(super) fn parts(self, filter: &CaseFilter) -> Vec<CaseFilter> {
        match self {
            Self::Dropped(_) | Self::Organisation(Among::Dropped) if filter.level.is_none() => {
                let with_level = |level: &Level| CaseFilter {
                    level: Some(*level),
                    ..filter.clone()
                };
                Level::ALL.iter().map(with_level).collect()
            }
            Self::Organisation(Among::Ended) if !filter.has_ended() => {
                let stages = match filter.stages.as_slice() {
                    [] => CaseStage::ALL,
                    some => some,
                };
                let (open, ended) = stages.iter().partition(|stage| stage.is_open());
                let with_stages = |stages| CaseFilter {
                    stages,
                    ..filter.clone()
                };
                vec![with_stages(open), with_stages(ended)]
            }
            _ => vec![filter.clone()],
        }
    }

    /// Of one part.
    pub(super) fn of_part(self, part: &CaseFilter) -> Self {
        match self {
            Self::Organisation(Among::Ended) if part.is_open() => Self::Organisation(Among::Open),
            whole => whole,
        }
    }

    pub(super) fn is_by(self, column: Column) -> bool {
        match self {
            Self::Pair(first, second) => first == column || second == column,
            Self::Single(one) | Self::Important(Some(one)) | Self::Dropped(Some(one)) => {
                one == column
            }
            _ => false,
        }
    }
}

/// What leads among an organisation's ended cases: of several that have an index one is so written that it serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leading {
    Nothing,
    Village,
    Columns(Column, Option<Column>),
}

impl Leading {
    pub(super) fn of(filter: &CaseFilter, area: Option<&AreaFilter>, among: Among) -> Self {
        if among != Among::Ended {
            // Their indexes have nothing to begin with.
            return Self::Nothing;
        }
        let by_street = match area {
            Some(AreaFilter::Within {
                village: Some(_), ..
            }) => return Self::Village,
            Some(AreaFilter::Street(_) | AreaFilter::Within { .. }) => true,
            Some(AreaFilter::Above(_)) | None => false,
        };
        let mut columns = [
            (Column::Street, by_street),
            (Column::Category, filter.category_id.is_some()),
            (Column::Source, filter.source.is_some()),
        ]
        .into_iter()
        .filter_map(|(column, is_there)| is_there.then_some(column));
        // Of all three the two that leave less.
        match (columns.next(), columns.next(), columns.next()) {
            (None, ..) => Self::Nothing,
            (Some(_), _, Some(_)) if filter.source_has_fewer => {
                Self::Columns(Column::Street, Some(Column::Source))
            }
            (Some(first), second, _) => Self::Columns(first, second),
        }
    }

    pub(super) fn has(self, column: Column) -> bool {
        match self {
            Self::Columns(first, second) => first == column || second == Some(column),
            Self::Nothing | Self::Village => false,
        }
    }
}
