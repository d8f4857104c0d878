//! `chengyun search rebuild`: the index of words made anew, here and now.

use crate::city::City;
use crate::cli::say;
use crate::settings::Settings;
use clap::Subcommand;
use std::process::ExitCode;
use std::time::Instant;

#[derive(Subcommand, Debug)]
pub(super) enum Search {
    /// Make the index anew from the database; the server makes it by itself when it is missing or damaged
    Rebuild,
}

pub(super) fn run(what: &Search, city: &City, settings: &Settings) -> anyhow::Result<ExitCode> {
    let Search::Rebuild = what;
    let began = Instant::now();
    let count = city.casework.search_rebuild(&settings.search_dir())?;
    say(&format!(
        "the words of {count} reports and cases are indexed, in {:.1} s",
        began.elapsed().as_secs_f64()
    ))?;
    Ok(ExitCode::SUCCESS)
}
