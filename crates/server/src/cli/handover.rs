//! `chengyun export handover` and `chengyun take-over`: a whole city into files, and from files into an empty installation.

use crate::city::City;
use crate::cli::{say, verify};
use crate::files;
use crate::handover::{HandedOver, hand_over, take_over};
use crate::settings::Settings;
use access::parcel::Passphrase;
use anyhow::ensure;
use base::SystemClock;
use base::chance::SystemChance;
use clap::Args;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use store::handover::Told;

/// What is handed over, and under which passphrase.
#[derive(Args, Debug)]
pub(super) struct HandoverOut {
    /// The folder to write: a new one, or an empty one
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseFile,
}

/// What is taken over.
#[derive(Args, Debug)]
pub(super) struct TakeOver {
    /// The folder that `chengyun export handover` wrote
    folder: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseFile,
}

#[derive(Args, Debug)]
struct PassphraseFile {
    /// A file that only you may read, whose first line is the passphrase of the sealing keys, twelve characters at least. It never
    /// stands on the command line, where other users of the machine could read it
    #[arg(long, value_name = "FILE")]
    passphrase_file: PathBuf,
}

pub(super) async fn out(
    what: &HandoverOut,
    city: &City,
    settings: &Settings,
) -> anyhow::Result<ExitCode> {
    let passphrase = Passphrase::from_file(&what.passphrase.passphrase_file)?;
    let (told, end) = progress();
    let done = hand_over(city, settings, &what.to, &passphrase, &told);
    end();
    say(&summary("handed over", &what.to, &done?))?;
    let copied = files::copy_to(&city.blobs, &what.to).await?;
    say(&format!("{} files of {} bytes", copied.files, copied.bytes))?;
    say("Keep the passphrase apart from the folder; `chengyun take-over` needs both.")?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn take(what: &TakeOver, settings: &Settings) -> anyhow::Result<ExitCode> {
    ensure!(
        what.folder.is_dir(),
        "{} is no folder",
        what.folder.display()
    );
    let passphrase = Passphrase::from_file(&what.passphrase.passphrase_file)?;
    let (told, end) = progress();
    let (clock, chance) = (Arc::new(SystemClock), Arc::new(SystemChance));
    let done = take_over(settings, &what.folder, &passphrase, clock, chance, &told).await;
    end();
    let (city, taken) = done?;
    say(&summary("taken over", &what.folder, &taken))?;
    let theirs = &taken.manifest.city_code;
    if *theirs != settings.city_code {
        say(&format!(
            "its numbers began with {theirs}; set city_code (CHENGYUN_CITY_CODE) to go on so, here it is {}",
            settings.city_code
        ))?;
    }
    let verified = verify::run(&city).await;
    city.close();
    verified
}

fn summary(done: &str, folder: &Path, what: &HandedOver) -> String {
    let tables = &what.manifest.tables;
    let rows: u64 = tables.iter().map(|table| table.rows).sum();
    let bytes: u64 = tables.iter().map(|table| table.bytes).sum();
    format!(
        "{rows} rows of {} tables, {bytes} bytes, {done}: {}\nSM3 of the manifest: {}",
        tables.len(),
        folder.display(),
        what.digest
    )
}

/// Progress on standard error: one line that moves at a terminal, a line for each table with rows elsewhere. And what ends it.
pub(super) fn progress() -> (Told, impl FnOnce()) {
    let is_terminal = std::io::stderr().is_terminal();
    let last: Arc<std::sync::Mutex<(String, u64)>> = Arc::default();
    let shown = last.clone();
    let told: Told = Arc::new(move |table, rows| {
        let mut last = shown
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut out = std::io::stderr().lock();
        // Progress that cannot be shown is no reason to stop.
        if is_terminal {
            let _ = write!(out, "\r{table}: {rows} rows\x1b[K").and_then(|()| out.flush());
        } else if last.0 != table && last.1 > 0 {
            let _ = writeln!(out, "{}: {} rows", last.0, last.1);
        }
        *last = (table.to_owned(), rows);
    });
    let end = move || {
        let last = last
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if is_terminal {
            let _ = writeln!(std::io::stderr());
        } else if last.1 > 0 {
            let _ = writeln!(std::io::stderr(), "{}: {} rows", last.0, last.1);
        }
    };
    (told, end)
}
