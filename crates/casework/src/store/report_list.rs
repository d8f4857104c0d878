//! The list of reports, newest first. As with cases ([`super::case_list`]) the ids of a page come from one index, then only their rows are
//! read, for these hold the sealed words. Nearly all reports are settled, few wait; a village has few; that decides which index leads.

use super::case_filter::AreaFilter;
use super::list::{Bound, Composed, Composer};
use super::{read, report_columns};
use crate::clocks::Light;
use crate::model::{Level, ReportStage};
use ::store::{AsParam, Statement, StoreError, Tx};
use access::{Scope, ScopeColumns, Via};
use base::{Id, Timestamp};

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
    /// In this stage.
    pub stage: Option<ReportStage>,
    /// So urgent.
    pub level: Option<Level>,
    /// About something in this area.
    pub area: Option<AreaFilter>,
    /// From there.
    pub source: Option<String>,
    /// Whether few come from there, so that looking through those is quick.
    pub source_has_few: bool,
    /// Whose it is.
    pub claimed: Option<Claimed>,
    /// In the pool, showing this light at this time.
    pub light: Option<(Light, Timestamp)>,
    /// Whose number begins so.
    pub report_no: Option<String>,
    /// After this row.
    pub after: Option<Id>,
    /// At most so many rows.
    pub limit: i64,
}

/// Which condition an index serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Driver {
    Number,
    Claimer,
    Light,
    Level,
    Stage,
    Village,
    Street,
    Source,
    Newest,
}

impl Driver {
    fn of(filter: &ReportFilter, area: Option<&AreaFilter>) -> Self {
        let stage = match filter.claimed {
            Some(Claimed::Nobody) => Some(filter.stage.unwrap_or(ReportStage::Received)),
            _ => filter.stage,
        };
        let is_waiting = matches!(
            stage,
            Some(ReportStage::Received | ReportStage::Accepted | ReportStage::CallingBack)
        );
        match area {
            _ if filter.report_no.is_some() => Self::Number,
            _ if matches!(filter.claimed, Some(Claimed::By(_))) => Self::Claimer,
            _ if filter.light.is_some() => Self::Light,
            _ if is_waiting => Self::Stage,
            _ if filter.level == Some(Level::Critical) => Self::Level,
            Some(AreaFilter::Within {
                village: Some(_), ..
            }) => Self::Village,
            _ if filter.source_has_few => Self::Source,
            _ if stage.is_some_and(|stage| stage != ReportStage::Settled) => Self::Stage,
            Some(AreaFilter::Street(_) | AreaFilter::Within { .. }) => Self::Street,
            _ if filter.level == Some(Level::Urgent) => Self::Level,
            _ if filter.source.is_some() => Self::Source,
            _ => Self::Newest,
        }
    }

    /// A text column, so written that its index serves it only when it leads.
    fn column(self, composer: &mut Composer, leads: Self, name: &str, value: &str) {
        if self == leads {
            composer.text(name, value);
        } else {
            composer.text(&format!("COALESCE({name}, '')"), value);
        }
    }
}

/// How reports are tied to what scopes speak of.
const REPORT_SCOPE: ScopeColumns<'static> = ScopeColumns {
    area: Some(Via::Column("r.area_path")),
    organisation: Some(Via::Column("r.organisation_path")),
    zone: None,
};

/// The list of reports that somebody sees by `scope`, newest first. `seen` is the one area they see by, where it is one.
pub fn compose_reports(
    filter: &ReportFilter,
    scope: &Scope,
    seen: Option<&AreaFilter>,
) -> Composed {
    let mut composer = Composer::default();
    let area = match (&filter.area, seen) {
        (Some(wanted), Some(seen)) => {
            let both = wanted.and(seen);
            if both.is_none() {
                composer.conditions.push("FALSE".to_owned());
            }
            both
        }
        (wanted, seen) => wanted.as_ref().or(seen),
    };
    let driver = Driver::of(filter, area);
    if let Some(report_no) = &filter.report_no {
        composer.begins("r.report_no", report_no);
    }
    let stage = match filter.claimed {
        Some(Claimed::Nobody) => {
            composer.conditions.push("r.claimed_by IS NULL".to_owned());
            Some(filter.stage.unwrap_or(ReportStage::Received))
        }
        Some(Claimed::By(staff_id)) => {
            composer.equals("r.claimed_by", Bound::Int(staff_id.0));
            filter.stage
        }
        None => filter.stage,
    };
    if let Some(stage) = stage {
        driver.column(&mut composer, Driver::Stage, "r.stage", stage.as_str());
    }
    if let Some(level) = filter.level {
        // The very words of the index of what is urgent; what is not is nearly everything.
        if driver == Driver::Level {
            composer.conditions.push("r.level <> 'normal'".to_owned());
        }
        driver.column(&mut composer, Driver::Level, "r.level", level.as_str());
    }
    if let Some(source) = &filter.source {
        driver.column(&mut composer, Driver::Source, "r.source", source);
    }
    if let Some((light, now)) = filter.light {
        let now = composer.place(Bound::Int(now.0));
        composer.conditions.push(match light {
            Light::Green => format!("r.pool_yellow_at > {now}"),
            Light::Yellow => format!("r.pool_yellow_at <= {now} AND r.pool_due_at >= {now}"),
            Light::Red => format!("r.pool_due_at < {now}"),
        });
        composer
            .conditions
            .push("r.pool_due_at IS NOT NULL".to_owned());
    }
    within(&mut composer, driver, area);
    // Few are found by these: they are sorted. `+ 0` keeps the planner from walking through all reports instead, newest first.
    let key = match driver {
        Driver::Number | Driver::Light => "r.id + 0",
        _ => "r.id",
    };
    if let Some(after) = filter.after {
        let place = composer.place(Bound::Int(after.0));
        composer.conditions.push(format!("{key} < {place}"));
    }
    if seen.is_none() {
        composer.scope(scope, &REPORT_SCOPE);
    }
    let condition = composer.condition();
    let limit = composer.place(Bound::Int(filter.limit));
    // CROSS JOIN: the keys come first, whatever a planner believes.
    Composed {
        statement: Statement::composed(format!(
            "{} FROM (SELECT r.id AS id FROM report r WHERE {condition} ORDER BY {key} DESC LIMIT {limit}) k
            CROSS JOIN report r WHERE r.id = k.id ORDER BY r.id DESC LIMIT {limit}",
            concat!("SELECT ", report_columns!(), ", r.title_sealed"),
        )),
        values: composer.values,
    }
}

/// About something in an area.
fn within(composer: &mut Composer, driver: Driver, area: Option<&AreaFilter>) {
    let Some(area) = area else {
        return;
    };
    let leading = match (driver, area) {
        (
            Driver::Village,
            AreaFilter::Within {
                village: Some(village),
                ..
            },
        ) => Some(("r.village_path", village)),
        (Driver::Street, AreaFilter::Street(street) | AreaFilter::Within { street, .. }) => {
            Some(("r.street_path", street))
        }
        _ => None,
    };
    if let Some((column, path)) = leading {
        composer.text(column, path.as_str());
        if path == area.path() {
            return;
        }
    }
    composer.within("r.area_path", area.path());
}

/// A report as listed: without its cases.
#[derive(Clone, Debug)]
pub struct ReportListed {
    /// The row.
    pub row: read::ReportRow,
    /// Its sealed title.
    pub title: Option<Vec<u8>>,
}

/// Runs the list.
pub fn reports(tx: &mut Tx<'_>, list: &Composed) -> Result<Vec<ReportListed>, StoreError> {
    tx.query(&list.statement, &list.params(), report_listed)
}

/// The reports of one phone number, newest first.
pub fn reports_of_reporter(
    tx: &mut Tx<'_>,
    reporter_key: &[u8; 32],
) -> Result<Vec<ReportListed>, StoreError> {
    tx.query(
        &super::REPORTS_BY_REPORTER,
        &[reporter_key.as_param()],
        report_listed,
    )
}

fn report_listed(row: &::store::Row<'_>) -> Result<ReportListed, StoreError> {
    Ok(ReportListed {
        row: read::report(row)?,
        title: row.get(22)?,
    })
}

#[cfg(test)]
#[path = "report_list_tests.rs"]
pub(super) mod tests;
