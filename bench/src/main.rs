//! `make bench`: every figure in one run, each beside what it must reach. `bench points` and so on give one of them.

#![expect(clippy::print_stdout, reason = "the figures are its output")]

use anyhow::{Context, Result, bail};
use bench::{commands, faults, lists, load, points, search, startup};
use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The figures of Chengyun.
#[derive(Parser)]
struct Arguments {
    /// The binary to measure; built in release when left out.
    #[arg(long)]
    binary: Option<PathBuf>,
    #[command(subcommand)]
    figure: Option<Figure>,
}

#[derive(Subcommand, Clone)]
enum Figure {
    /// Create and dispatch over HTTP, on both databases.
    Http {
        /// Requests of each kind.
        #[arg(long, default_value_t = 20_000)]
        count: usize,
    },
    /// Create and dispatch without HTTP, beside the same rows inserted raw.
    Commands {
        /// Commands of each kind a round.
        #[arg(long, default_value_t = 10_000)]
        count: usize,
    },
    /// Lists, details, boxes, memory and start with 10 thousand, 100 thousand and a million cases.
    Lists {
        /// The largest number of cases.
        #[arg(long, default_value_t = 1_000_000)]
        most: usize,
        /// Where the cities stay, to be read again by the next run.
        #[arg(long)]
        folder: Option<PathBuf>,
    },
    /// One case after another with its timeline in a city that `lists --folder` has kept, for a profiler to look at.
    Detail {
        /// The folder of that city, e.g. `KEPT/100000`.
        #[arg(long)]
        folder: PathBuf,
        /// How often each of two hundred cases is read.
        #[arg(long, default_value_t = 50)]
        rounds: usize,
    },
    /// Searches and alike cases in a city that `lists --folder` has kept; its index is made anew.
    Search {
        /// The folder of that city, e.g. `KEPT/100000`.
        #[arg(long)]
        folder: PathBuf,
    },
    /// Point -> area.
    Points,
    /// From the start of the process to the first healthy answer.
    Startup,
    /// `kill -9` under load, twenty rounds on each database.
    Kill {
        /// Rounds.
        #[arg(long, default_value_t = 20)]
        rounds: usize,
    },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let all = [
        Figure::Points,
        Figure::Startup,
        Figure::Commands { count: 10_000 },
        Figure::Http { count: 20_000 },
        Figure::Lists {
            most: 1_000_000,
            folder: None,
        },
        Figure::Kill { rounds: 20 },
    ];
    let figures = arguments
        .figure
        .map_or_else(|| all.to_vec(), |one| vec![one]);
    let binary = match arguments.binary {
        Some(binary) => binary,
        None => build()?,
    };
    for figure in figures {
        match figure {
            Figure::Points => points::run()?,
            Figure::Commands { count } => commands::run(count)?,
            Figure::Lists { most, folder } => lists::run(&binary, most, folder.as_deref())?,
            Figure::Detail { folder, rounds } => lists::details(&folder, rounds)?,
            Figure::Search { folder } => search::run(&binary, &folder)?,
            Figure::Startup => startup::run(&binary)?,
            Figure::Http { count } => {
                http(&binary, count, None)?;
                let schema = store::testing::postgres(&[], &store::testing::system_clock())
                    .context("no PostgreSQL here")?;
                schema.store.close();
                http(&binary, count, Some(&schema.options.url))?;
            }
            Figure::Kill { rounds } => kill(&binary, rounds)?,
        }
    }
    Ok(())
}

fn build() -> Result<PathBuf> {
    let status = Command::new("cargo")
        .args(["build", "--release", "--workspace"])
        .status()?;
    if !status.success() {
        bail!("the release build failed");
    }
    Ok(std::env::current_exe()?
        .parent()
        .context("no folder")?
        .join("chengyun"))
}

fn http(binary: &Path, count: usize, url: Option<&str>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (program, city, runtime) = faults::open_demo(&faults::demo(binary, folder.path(), url))?;
    let [create, dispatch] = runtime.block_on(load::create_and_dispatch(
        &program,
        &city,
        count,
        url.is_some(),
    ))?;
    let resident = program.resident_bytes()? / (1 << 20);
    program.stop()?;
    let (engine, targets) = match url {
        None => (
            "SQLite",
            [
                ("0.35 / 0.20 CPU-ms", "3,500 / 6,000 a second"),
                ("0.45 / 0.25 CPU-ms", "3,000 / 5,000 a second"),
            ],
        ),
        Some(_) => (
            "PostgreSQL, with its server",
            [("0.90 / 0.50 CPU-ms", "-"), ("1.10 / 0.60 CPU-ms", "-")],
        ),
    };
    println!(
        "{engine}, {count} each over {} connections, durable; {resident} MiB resident at the end",
        load::CONNECTIONS
    );
    for ((name, cost), (cpu, rate)) in [
        ("report with its case", create),
        ("dispatch to two", dispatch),
    ]
    .into_iter()
    .zip(targets)
    {
        println!(
            "  {name:<22} {:.3} CPU-ms (must / aim {cpu}), {:.0} a second ({rate}), p50 {:.1} ms, p99 {:.1} ms",
            cost.cpu_ms(),
            cost.rate(),
            cost.p50.as_secs_f64() * 1e3,
            cost.p99.as_secs_f64() * 1e3
        );
    }
    Ok(())
}

fn kill(binary: &Path, rounds: usize) -> Result<()> {
    let schema = store::testing::postgres(&[], &store::testing::system_clock())
        .context("no PostgreSQL here")?;
    schema.store.close();
    for (engine, url, seed) in [
        ("SQLite", None, 11),
        ("PostgreSQL", Some(schema.options.url.as_str()), 12),
    ] {
        let folder = tempfile::tempdir()?;
        let survey = faults::kill_rounds(&faults::demo(binary, folder.path(), url), rounds, seed)?;
        println!(
            "kill -9 on {engine}: {survey:?}; every acknowledged command was there, verify passed"
        );
    }
    Ok(())
}
