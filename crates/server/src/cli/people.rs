//! `chengyun import organisations` and `staff`: who there is, as a city moving in has it in a table.

use crate::city::City;
use crate::cli::import::{Common, Steps, read};
use crate::cli::{refusal, say};
use access::Password;
use access::import::{ImportError, ImportOptions, LOGIN_NAMES};
use anyhow::Context;
use base::{AreaCode, TreePath};
use clap::Args;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use table::{Report, Table};

#[derive(Args, Debug)]
pub(super) struct Organisations {
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Args, Debug)]
pub(super) struct People {
    #[command(flatten)]
    pub(super) common: Common,
    /// Where the passwords drawn for new accounts are written, readable by you alone [default: FILE-accounts.csv in the current folder]
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
}

fn area(city: &City) -> impl Fn(&str) -> Option<TreePath> + Sync + use<> {
    let snapshot = city.registry.snapshot();
    move |code: &str| {
        let code = AreaCode::parse(code).ok()?;
        snapshot.areas.by_code(code).map(|area| area.path.clone())
    }
}

fn refused(error: ImportError) -> anyhow::Error {
    match error {
        ImportError::Table(error) => error.into(),
        ImportError::Access(error) => refusal(error),
    }
}

pub(super) async fn import_organisations(
    organisations: &Organisations,
    city: &City,
) -> anyhow::Result<Report> {
    let who = city.console().await?;
    let (bytes, name) = read(&organisations.common.file)?;
    let table = Table::read(&bytes, &name).with_context(|| name.clone())?;
    let (steps, area) = (Steps::default(), area(city));
    let options = ImportOptions {
        dry_run: organisations.common.dry_run,
        area: &area,
        progress: &|done, total| steps.show(done as u64, total as u64),
    };
    let done = city
        .access
        .organisation_import(&who, &table, &options)
        .await;
    steps.end();
    done.map_err(refused)
}

pub(super) async fn import_staff(people: &People, city: &City) -> anyhow::Result<Report> {
    let who = city.console().await?;
    let (bytes, name) = read(&people.common.file)?;
    let table = Table::read(&bytes, &name).with_context(|| name.clone())?;
    let (steps, area) = (Steps::default(), area(city));
    let stem = people.common.file.file_stem().unwrap_or_default();
    let usual = || PathBuf::from(format!("{}-accounts.csv", stem.to_string_lossy()));
    let path = people.accounts.clone().unwrap_or_else(usual);
    // Before anything is made: passwords that cannot be written down would be lost. A file that opens no account needs no place for them.
    let mut file = None;
    if !people.common.dry_run && table.has_any(LOGIN_NAMES) {
        let rehearsal = ImportOptions {
            dry_run: true,
            area: &area,
            progress: &|_, _| {},
        };
        let rehearsed = city.access.staff_import(&who, &table, &rehearsal).await;
        if rehearsed.map_err(refused)?.accounts_count > 0 {
            file = Some(accounts_file(&path)?);
        }
    }
    let options = ImportOptions {
        dry_run: people.common.dry_run,
        area: &area,
        progress: &|done, total| steps.show(done as u64, total as u64),
    };
    let done = city.access.staff_import(&who, &table, &options).await;
    steps.end();
    let accounts = done.as_ref().map_or(&[][..], |done| &done.accounts);
    match file {
        Some(_) if accounts.is_empty() => fs::remove_file(&path)?,
        Some(file) => {
            write_accounts(file, accounts)
                .with_context(|| format!("writing {}", path.display()))?;
            say(&format!(
                "{} accounts opened; their first passwords, to be changed at the first sign-in: {}",
                accounts.len(),
                path.display()
            ))?;
        }
        None => {}
    }
    Ok(done.map_err(refused)?.report)
}

/// Readable by whoever runs this alone. A file that is there is not written over: its passwords may not have been handed over.
fn accounts_file(path: &Path) -> anyhow::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| {
            format!(
                "the first passwords cannot be written to {}; --accounts names another file",
                path.display()
            )
        })
}

fn write_accounts(mut file: File, accounts: &[(String, Password)]) -> std::io::Result<()> {
    writeln!(file, "\u{feff}login,password")?;
    for (login, password) in accounts {
        writeln!(file, "{login},{}", password.reveal())?;
    }
    file.sync_all()
}
