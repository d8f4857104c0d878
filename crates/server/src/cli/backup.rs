//! `chengyun backup` and `chengyun restore`: a copy now, and the way back into a fresh place.

use crate::backup;
use crate::city::{City, ROOMS};
use crate::cli::{say, verify};
use crate::files;
use crate::settings::Settings;
use anyhow::{Context, bail};
use base::chance::SystemChance;
use base::{SystemClock, Timestamp};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use store::audit::CheckpointKey;
use store::backup::postgres::{self, DumpPlan};
use store::backup::{BackupError, Damage, Plan, copy_once};

/// Where to copy to.
#[derive(clap::Args, Debug)]
pub(super) struct Backup {
    /// The folder of the backup; made when missing. The city may be served meanwhile
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
}

/// What to bring back.
#[derive(clap::Args, Debug)]
pub(super) struct Restore {
    /// The folder of the backup
    #[arg(long, value_name = "FOLDER")]
    from: PathBuf,
    /// The last state kept by then, e.g. 2026-11-28T09:00:00+08:00 [default: the last one there is]
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// When a file of the backup is damaged, restore the last state before it instead of nothing
    #[arg(long)]
    last_good: bool,
    /// Leave out `verify`, which replays every timeline
    #[arg(long)]
    without_verify: bool,
}

pub(super) async fn copy(what: &Backup, settings: &Settings) -> anyhow::Result<ExitCode> {
    let is_there = settings.keys().is_file() && backup::audit_key(settings).is_file();
    if !is_there {
        bail!("there is no city in {}", settings.data_dir.display());
    }
    let key = CheckpointKey::load_or_create(&backup::audit_key(settings), &SystemChance)?;
    let options = backup::into(settings, what.to.clone(), &key, &SystemChance)?;
    let url = settings.database();
    let (at, bytes) = tokio::task::spawn_blocking(move || match url.strip_prefix("sqlite:") {
        Some(file) => copy_once(Path::new(file), &options, &SystemClock)
            .map(|copied| (copied.at, copied.bytes)),
        None => {
            postgres::dump(&url, &options, &SystemClock).map(|dumped| (dumped.at, dumped.bytes))
        }
    })
    .await??;
    // After the database: what its rows name was there before them.
    let blobs = files::open(&settings.without_backup())?;
    let files = files::copy_to(&blobs, &what.to).await?;
    say(&format!(
        "copied the city as of {at} to {}: {} KiB, its keys, and {} new files of {} KiB",
        what.to.display(),
        bytes / 1024,
        files.files,
        files.bytes / 1024
    ))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn restore(what: &Restore, settings: &Settings) -> anyhow::Result<ExitCode> {
    // What is restored is looked at; it is not followed into the very backup it comes from.
    let settings = settings.without_backup();
    refuse_used(&settings)?;
    let url = settings.database();
    if let Some(file) = url.strip_prefix("sqlite:") {
        restore_sqlite(what, &settings, Path::new(file)).await?;
    } else {
        restore_postgres(what, &settings, url).await?;
    }
    let files = files::copy_from(&what.from, &files::open(&settings)?).await?;
    say(&format!(
        "restored {} files of {} KiB",
        files.files,
        files.bytes / 1024
    ))?;
    if what.without_verify {
        say("not verified; run `chengyun verify`")?;
        return Ok(ExitCode::SUCCESS);
    }
    let city = City::open(&settings, Arc::new(SystemClock), Arc::new(SystemChance)).await?;
    let verified = verify::run(&city).await;
    city.close();
    verified
}

/// A restored city goes into a fresh place: nothing that is there is ever written over.
fn refuse_used(settings: &Settings) -> anyhow::Result<()> {
    let folder = &settings.data_dir;
    let is_used = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => return Err(error).with_context(|| folder.display().to_string()),
    };
    if is_used || settings.keys().exists() {
        bail!(
            "{} is not empty: a city is restored into a fresh place, named by --data-dir",
            folder.display()
        );
    }
    Ok(())
}

/// What was not restored leaves no keys either.
fn leaving_nothing<T>(built: Result<T, BackupError>, settings: &Settings) -> anyhow::Result<T> {
    if built.is_err() {
        backup::take_away_keys(settings);
        let _ = fs::remove_dir(&settings.data_dir); // unless somebody has put something into it
    }
    Ok(built?)
}

async fn restore_sqlite(what: &Restore, settings: &Settings, file: &Path) -> anyhow::Result<()> {
    let damage = if what.last_good {
        Damage::StopBefore
    } else {
        Damage::Refuse
    };
    let plan = Plan::of(&what.from, what.at, damage)?;
    let keys = backup::open_keys(settings, &plan.beside(backup::KEYS_FILE)?)?;
    settings.make_data_dir()?;
    let file = file.to_owned();
    // Keys first: a database without them would be given new ones by whoever opened it.
    backup::place_keys(settings, &keys)?;
    let built = tokio::task::spawn_blocking(move || plan.build(&file, ROOMS)).await?;
    let restored = leaving_nothing(built, settings)?;
    say(&format!(
        "restored the city as of {} to {}: {} KiB, {} pieces of changes over their base",
        restored.at,
        settings.data_dir.display(),
        restored.bytes / 1024,
        restored.changes
    ))?;
    if let Some(damaged) = restored.stopped_before {
        say(&format!(
            "{} is damaged; what came from it on is not there",
            damaged.display()
        ))?;
    }
    Ok(())
}

async fn restore_postgres(what: &Restore, settings: &Settings, url: String) -> anyhow::Result<()> {
    let plan = DumpPlan::of(&what.from, what.at)?;
    let keys = backup::open_keys(settings, &plan.beside(backup::KEYS_FILE)?)?;
    settings.make_data_dir()?;
    backup::place_keys(settings, &keys)?;
    let built = tokio::task::spawn_blocking(move || plan.build(&url, ROOMS)).await?;
    let restored = leaving_nothing(built, settings)?;
    say(&format!(
        "restored the city as of {} to the database and its keys to {}",
        restored.at,
        settings.data_dir.display()
    ))?;
    Ok(())
}
