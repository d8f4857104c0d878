//! `chengyun replay`: the records of another system, lived through by our commands at their own times, and our verdicts against theirs.

use crate::city::City;
use crate::cli::demo::is_new;
use crate::cli::import::{Steps, read};
use crate::cli::{refusal, say};
use crate::settings::Settings;
use anyhow::{Context, bail};
use base::chance::SystemChance;
use clap::ValueEnum;
use serde_json::{Value, json};
use sim::replay::{LaneClock, Record, UTC_OFFSET_HOURS, boston311, replay};
use sim::{Rooms, SeedError};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use table::Table;

/// What to live through.
#[derive(clap::Args, Debug)]
pub(super) struct Replay {
    /// The file: CSV, packed with gzip or not
    file: PathBuf,
    /// Whose records they are
    #[arg(long, value_enum)]
    format: Format,
    /// Only so many records, from the first
    #[arg(long, value_name = "ROWS")]
    limit: Option<usize>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Boston's 311, as the city opens it: local times without a zone are read as of UTC-04:00
    Boston311,
}

/// Cases that go on at once on PostgreSQL: twice its writers, so that none waits for the next command.
const LANES: usize = 16;

/// So many rows that disagree, and so many that cannot be read, are told one by one.
const SHOWN_MAX: usize = 200;

pub(super) async fn run(what: &Replay, settings: &Settings) -> anyhow::Result<ExitCode> {
    let (bytes, name) = read(&what.file)?;
    let table = Table::read(&bytes, &name).with_context(|| name.clone())?;
    let Format::Boston311 = what.format;
    let rows = boston311(&table).with_context(|| name.clone())?;
    let given = rows.len();
    let mut records: Vec<Record> = Vec::new();
    let mut broken = 0;
    for row in rows.into_iter().take(what.limit.unwrap_or(usize::MAX)) {
        match row {
            Ok(record) => records.push(record),
            Err(error) => {
                broken += 1;
                if broken <= SHOWN_MAX {
                    tell(&format!("{name}: {error}"));
                }
            }
        }
    }
    let first = records.iter().map(|record| record.opened_at).min();
    let Some(first) = first else {
        bail!("{name} has no record that can be read ({given} rows, {broken} broken)");
    };
    if settings.database().starts_with("sqlite:") && !is_new(settings) {
        bail!(
            "there is a city in {} already; a replay begins in an empty one: name another with --data-dir",
            settings.data_dir.display()
        );
    }
    settings.make_data_dir()?;
    let clock = Arc::new(LaneClock::default());
    clock.shown().set(first.plus_seconds(-7_200));
    // Its times are not of today, and it is made anew sooner than restored.
    let settings = settings.without_backup();
    let city = City::open(&settings, clock.clone(), Arc::new(SystemChance)).await?;
    if !city.is_empty().await? {
        city.close();
        bail!("there is a city in the database already; a replay begins in an empty one");
    }
    city.store.begin_filling()?;
    let rooms = Rooms {
        access: &city.access,
        registry: &city.registry,
        casework: &city.casework,
    };
    let console = Arc::new(city.console().await?);
    let steps = Steps::default();
    let progress = |done, of| steps.show(done as u64, of as u64);
    // The embedded database is lent to one writer; over a network many wait at once.
    let lanes = if city.store.is_postgres() { LANES } else { 1 };
    let replayed = replay(&rooms, &console, &clock, &records, lanes, progress).await;
    steps.end();
    let replayed = replayed.map_err(|error| match error {
        SeedError::Casework(error) => refusal(error),
        other => other.into(),
    })?;
    city.store.end_filling()?;
    city.close();
    for row in replayed.disagreements.iter().take(SHOWN_MAX) {
        let theirs = if row.in_time { "in time" } else { "late" };
        tell(&format!(
            "{}: they say {theirs}; here {}",
            row.key, row.reason
        ));
    }
    for key in replayed.due_at_once.iter().take(SHOWN_MAX) {
        tell(&format!(
            "{key}: its deadline lies before its opening; it was due at once"
        ));
    }
    let mut answer = serde_json::to_value(&replayed)?;
    let seconds = replayed.seconds.max(f64::MIN_POSITIVE);
    let rate = (replayed.commands as f64 / seconds).round();
    if let Value::Object(fields) = &mut answer {
        fields.insert("broken".to_owned(), json!(broken));
        fields.insert("commands_a_second".to_owned(), json!(rate));
        fields.insert("utc_offset_hours".to_owned(), json!(UTC_OFFSET_HOURS));
    }
    say(&answer.to_string())?;
    Ok(if replayed.disagreements.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// For whoever waits, not for whoever reads the answer.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
