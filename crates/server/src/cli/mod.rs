//! The command line: what an operator types. Answers go to standard output, progress and the log to standard error.

mod backup;
mod cases;
mod demo;
mod export;
mod grids;
mod handover;
mod import;
mod people;
mod replay;
mod search;
mod template;
mod user;
mod verify;

use crate::city::City;
use crate::settings::{Options, Settings};
use crate::{listen, logging, serve};
use anyhow::{Context, bail};
use base::chance::SystemChance;
use base::{Problem, SystemClock};
use clap::{Parser, Subcommand};
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

/// City operations platform: every problem of the city enters once, goes to those who must act, and is watched until it is done.
#[derive(Parser, Debug)]
#[command(name = "chengyun", version, about)]
pub struct Arguments {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Serve the city
    Serve,
    /// Make a demo city of two months when there is nothing yet, then serve it
    Demo(demo::Demo),
    /// Bring in areas, organisations, people, grids, components, standards, classes of appeals, or messages from a file
    #[command(subcommand)]
    Import(import::Import),
    /// Write what the city has into files: tables to read, or the whole of it for another installation
    #[command(subcommand)]
    Export(Export),
    /// Take in a whole city that `chengyun export handover` wrote, into an empty installation on either database
    TakeOver(handover::TakeOver),
    /// Write a table to fill in: CSV or XLSX, with the columns of an import and an example; or a mapping of columns
    Template(template::Template),
    /// Cut areas into unit grids, and check how unit grids cover their villages
    #[command(subcommand)]
    Grids(grids::Grids),
    /// Live through the records of another system in an empty city, and hold our verdicts against theirs
    Replay(replay::Replay),
    /// Check that every timeline replays to its state, the audit chain holds and references exist
    Verify,
    /// Copy the city and its keys into a folder, now; the city may be served meanwhile
    Backup(backup::Backup),
    /// Bring a city back from a backup into a fresh place, and verify it
    Restore(backup::Restore),
    /// Make the numbers anew from the timelines; needed after cases were written past the program
    Recount,
    /// The index of words that searches ask
    #[command(subcommand)]
    Search(search::Search),
    /// Print the description of the API (OpenAPI), as the console's types are made from it
    Openapi,
    /// People who may sign in
    #[command(subcommand)]
    User(user::User),
}

#[derive(Subcommand, Debug)]
enum Export {
    /// Areas, organisations, people, standards, components, places, reports, cases, tasks and timelines, for people and other systems
    Tables(export::Tables),
    /// Everything, for another installation to take over: rows as they are stored, the sealing keys under a passphrase
    Handover(handover::HandoverOut),
}

/// Reads the command line, does what it says, and answers with the exit code: 0 done, 1 not done or something is wrong.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    match start(arguments) {
        Ok(code) => code,
        Err(error) => {
            // The log may not have started; this line is for who typed the command.
            let _ = writeln!(std::io::stderr(), "chengyun: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let settings = Settings::read(&arguments.options)?;
    logging::start(&settings)?;
    SystemChance::check()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    runtime.block_on(run_command(arguments.command, &settings))
}

async fn run_command(command: Command, settings: &Settings) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve => {
            // The address first: when it is taken, nothing else should have happened.
            let listener = listen::bind(settings.listen).await?;
            let city = open(settings).await?;
            let ready = |address| say(&format!("Chengyun (城运) serves http://{address}"));
            serve::serve(city, settings, listener, ready).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Demo(demo) => demo::run(&demo, settings).await,
        Command::Import(what) => {
            with_city(settings, async |city| import::run(what, city).await).await
        }
        Command::Export(Export::Tables(what)) => {
            with_known_city(settings, async |city| export::tables(&what, city).await).await
        }
        Command::Export(Export::Handover(what)) => {
            with_known_city(settings, async |city| {
                handover::out(&what, city, settings).await
            })
            .await
        }
        Command::TakeOver(what) => handover::take(&what, settings).await,
        Command::Template(template) => template::template(&template),
        Command::Grids(what) => {
            with_city(settings, async |city| grids::run(what, city).await).await
        }
        Command::Replay(what) => replay::run(&what, settings).await,
        Command::Verify => with_known_city(settings, async |city| verify::run(city).await).await,
        Command::Backup(what) => backup::copy(&what, settings).await,
        Command::Restore(what) => backup::restore(&what, settings).await,
        Command::Recount => {
            with_city(settings, async |city| {
                let count = city.casework.statistics_rebuild()?;
                say(&format!(
                    "the numbers of {count} reports and cases are made anew"
                ))?;
                Ok(ExitCode::SUCCESS)
            })
            .await
        }
        Command::Search(what) => {
            with_known_city(settings, async |city| search::run(&what, city, settings)).await
        }
        Command::Openapi => {
            with_city(settings, async |city| {
                say(&serve::description(city, settings)?)?;
                Ok(ExitCode::SUCCESS)
            })
            .await
        }
        Command::User(what) => with_city(settings, async |city| user::run(what, city).await).await,
    }
}

async fn open(settings: &Settings) -> anyhow::Result<City> {
    City::open(settings, Arc::new(SystemClock), Arc::new(SystemChance)).await
}

/// Opens the city for one command and closes it in order, whatever the command answers.
async fn with_city(
    settings: &Settings,
    work: impl AsyncFnOnce(&City) -> anyhow::Result<ExitCode>,
) -> anyhow::Result<ExitCode> {
    let city = open(settings).await?;
    let done = work(&city).await;
    city.close();
    done
}

/// The same for what only looks into a city or mends it: where there is none, none is made, for it would be found in the best order.
async fn with_known_city(
    settings: &Settings,
    work: impl AsyncFnOnce(&City) -> anyhow::Result<ExitCode>,
) -> anyhow::Result<ExitCode> {
    if demo::is_new(settings) {
        bail!(
            "there is no city in {}; name its folder with --data-dir",
            settings.data_dir.display()
        );
    }
    with_city(settings, work).await
}

/// One piece of the answer.
fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()?;
    Ok(())
}

/// A room's refusal in words: what is wrong, and with which field.
fn refusal(problem: impl Into<Problem>) -> anyhow::Error {
    let problem = problem.into();
    let fields: Vec<String> = problem
        .fields
        .iter()
        .map(|field| format!("\n  {}: {}", field.field, field.message))
        .collect();
    anyhow::anyhow!("{}{}", problem.detail, fields.concat())
}
