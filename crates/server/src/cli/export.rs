//! `chengyun export tables`: what the city has, for people and other systems.

use super::handover::progress;
use crate::city::City;
use crate::cli::say;
use crate::export::export_tables;
use clap::{Args, ValueEnum};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use table::Form;

/// Which tables, and how.
#[derive(Args, Debug)]
pub(super) struct Tables {
    /// The folder to write: a new one, or an empty one
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// How tables are written; timelines come as NDJSON besides, what has a place as GeoJSON
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// Write names, phone numbers and words as they are; goes into the audit with the reason
    #[arg(long, requires = "reason")]
    unmask: bool,
    /// Why personal data are needed
    #[arg(long, value_name = "TEXT", requires = "unmask")]
    reason: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Csv,
    Xlsx,
    Ndjson,
}

impl From<Format> for Form {
    fn from(format: Format) -> Self {
        match format {
            Format::Csv => Self::Csv,
            Format::Xlsx => Self::Xlsx,
            Format::Ndjson => Self::Ndjson,
        }
    }
}

pub(super) async fn tables(what: &Tables, city: &City) -> anyhow::Result<ExitCode> {
    let (told, end) = progress();
    let reason = what.reason.as_deref();
    let done = export_tables(city, &what.to, what.format.into(), reason, told).await;
    end();
    done?;
    let mut names: Vec<String> = fs::read_dir(&what.to)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<std::io::Result<_>>()?;
    names.sort();
    let how = if what.unmask { "unmasked" } else { "masked" };
    say(&format!(
        "written, {how}: {}: {}",
        what.to.display(),
        names.join(" ")
    ))?;
    Ok(ExitCode::SUCCESS)
}
