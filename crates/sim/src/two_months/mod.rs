//! Two months of Qingpu (1+11+43+351+X): a district with its streets, stations and villages, its departments and some hundreds of
//! people, and every report and case of the days before today, lived through hour by hour with the commands that people use.
//!
//! The clock of the store must be the one given in [`Plan`]: it is driven from act to act, and due timers fire on the way, so
//! deadlines and overdue facts come about as they would have. One act follows the other in a fixed order, so the same seed
//! tells the same story, to the ids.

mod act;
mod afterwards;

mod attention;
mod cast;
mod command;
mod desk;
mod grounds;
mod life;
mod rates;
mod routes;
mod telling;
mod weather;
mod work;

pub use crate::dice::{Draws, Rate};
pub use rates::STATED;

use crate::city::{Account, DemoCity};
use crate::dice::Dice;
use crate::founding::{Rooms, SeedError, data, registry_seed};
use crate::subject::Subject;
use access::Principal;
use base::clock::china;
use base::{ManualClock, Timestamp};
use calendar::WorkCalendar;
use jiff::ToSpan;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What to live through.
pub struct Plan {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// The clock of the store.
    pub clock: Arc<ManualClock>,
    /// The end of the story: now.
    pub until: Timestamp,
    /// How many days before that it begins.
    pub days: i32,
    /// Reports on an ordinary working day.
    pub reports_a_day: f64,
}

impl Plan {
    /// Two months until `until`: some seven thousand reports, a quarter of what such a district has, so that it is told in a minute.
    pub fn until(until: Timestamp, clock: Arc<ManualClock>, seed: u64) -> Self {
        Self {
            seed,
            clock,
            until,
            days: 61,
            reports_a_day: 110.0,
        }
    }

    /// When the city is founded: the midnight before the first day.
    pub fn begins_at(&self) -> Timestamp {
        let today = self.until.to_jiff().to_zoned(china()).date();
        let first = today.checked_sub(self.days.days()).unwrap_or(today);
        first.to_zoned(china()).map_or(self.until, |midnight| {
            Timestamp::from_jiff(midnight.timestamp()).plus_seconds(-6 * 3_600)
        })
    }
}

/// What was lived through.
#[derive(Debug)]
pub struct Lived {
    /// The accounts that visitors are told of.
    pub accounts: Vec<Account>,
    /// Organisations.
    pub organisations: usize,
    /// People, with and without an account.
    pub staff: usize,
    /// Reports told.
    pub reports: usize,
    /// Cases opened.
    pub cases: usize,
    /// Commands that were carried out.
    pub commands: usize,
    /// What they were, by operation; a report that begins with its case counts as created.
    pub operations: BTreeSet<&'static str>,
    /// Timers that fired.
    pub timers: usize,
    /// Commands that were refused, by operation and code. None, unless the story and the law have grown apart.
    pub refusals: BTreeMap<String, usize>,
    /// What was drawn for the stated rates, by their names.
    pub drawn: BTreeMap<&'static str, Draws>,
}

/// How far the story has come.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// The time in the story.
    pub at: Timestamp,
    /// Of the whole, from 0 to 1.
    pub share: f64,
    /// Reports so far.
    pub reports: usize,
}

/// Founds the city and lives through the days, as the console's principal, and then as its people.
pub async fn two_months(
    rooms: &Rooms<'_>,
    console: &Principal,
    plan: &Plan,
    mut progress: impl FnMut(Told) + Send,
) -> Result<Lived, SeedError> {
    let city = DemoCity::built_in().map_err(|why| data(&why))?;
    let subjects = Subject::built_in().map_err(|why| data(&why))?;
    let grounds = grounds::Grounds::built_in()?;
    let calendar = WorkCalendar::china().map_err(|why| data(&why))?;
    let founded_at = plan.begins_at();
    plan.clock.set(founded_at);
    progress(Told {
        at: founded_at,
        share: 0.0,
        reports: 0,
    });
    registry_seed(rooms.registry, console, &city, grounds.table.as_bytes()).await?;
    let organisations = cast::organisations(rooms, console, &city, &grounds).await?;
    let dice = |purpose| Dice::new(plan.seed, purpose);
    let cast = cast::hire(rooms, console, &city, &grounds, &organisations, dice(1)).await?;
    let inspectors = cast.inspector_ids(0);
    let of_survey = dice(2);
    grounds::survey(
        rooms,
        console,
        &city,
        &grounds,
        &organisations,
        &inspectors,
        &of_survey,
    )
    .await?;
    let zone = china();
    let first = founded_at
        .plus_seconds(6 * 3_600)
        .to_jiff()
        .to_zoned(zone.clone());
    let last = plan.until.to_jiff().to_zoned(zone);
    let span = (first.date(), last.date());
    let days = weather::days(span, plan.reports_a_day, &subjects, &calendar, &dice(3));
    let mut town = life::Town::new(
        rooms,
        &city,
        &subjects,
        &grounds,
        &organisations,
        &cast,
        &calendar,
    );
    town.expect(&days, plan);
    town.found().await?;
    // Too large to be moved about.
    Box::pin(town.live(plan, &mut progress)).await?;
    // What followers of the outbox did not see before it was tidied, they learn from the timelines.
    rooms.casework.statistics_rebuild()?;
    cast::passwords(rooms, &cast).await?;
    let mut drawn = BTreeMap::new();
    for life in &town.lives {
        life.dice.add_to(&mut drawn);
    }
    let (told, organisations, staff) = (town.tally, organisations.len(), cast.staff);
    Ok(Lived {
        accounts: city.accounts,
        organisations,
        staff,
        reports: told.reports,
        cases: told.cases,
        commands: told.commands,
        operations: told.operations,
        timers: told.timers,
        refusals: told.refusals,
        drawn,
    })
}
