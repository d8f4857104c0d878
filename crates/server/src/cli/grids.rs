//! `chengyun grids`: unit grids made of the outlines of villages, and how well they cover them.

use crate::city::City;
use crate::cli::import::Steps;
use crate::cli::{refusal, say};
use anyhow::Context;
use base::AreaCode;
use clap::{Args, Subcommand};
use registry::GridGenerate;
use std::process::ExitCode;

#[derive(Subcommand, Debug)]
pub(super) enum Grids {
    /// Cut every village of an area that has none into unit grids of about a hectare
    Generate(Generate),
    /// Say where the unit grids of an area's villages overlap, leave gaps, or reach outside
    Check(Check),
}

#[derive(Args, Debug)]
pub(super) struct Generate {
    /// Division code of the area: a village, or what villages lie in
    #[arg(long, value_name = "CODE")]
    area: AreaCode,
    /// The size of a whole grid, square metres
    #[arg(long, value_name = "M2", default_value_t = GridGenerate::default().cell_m2)]
    cell_m2: f64,
    /// Say what would happen and change nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Args, Debug)]
pub(super) struct Check {
    /// Division code of the area: a village, or what villages lie in
    #[arg(long, value_name = "CODE")]
    area: AreaCode,
}

pub(super) async fn run(what: Grids, city: &City) -> anyhow::Result<ExitCode> {
    match what {
        Grids::Generate(generate) => generate_grids(&generate, city).await,
        Grids::Check(check) => check_grids(&check, city),
    }
}

fn area_id(code: AreaCode, city: &City) -> anyhow::Result<base::Id> {
    let areas = city.registry.snapshot().areas.clone();
    let area = areas
        .by_code(code)
        .with_context(|| format!("there is no area {code}"))?;
    Ok(area.id)
}

async fn generate_grids(generate: &Generate, city: &City) -> anyhow::Result<ExitCode> {
    let who = city.console().await?;
    let options = GridGenerate {
        dry_run: generate.dry_run,
        cell_m2: generate.cell_m2,
    };
    let steps = Steps::default();
    let progress = |at: registry::Progress| steps.show(at.done as u64, at.total as u64);
    let id = area_id(generate.area, city)?;
    let done = city
        .registry
        .grid_generate(&who, id, &options, progress)
        .await;
    steps.end();
    let done = done.map_err(refusal)?;
    for village in &done.villages {
        say(&format!(
            "{} {}: {} grids of {:.0} to {:.0} m²",
            village.village.code,
            village.village.name,
            village.grids,
            village.smallest_m2,
            village.largest_m2
        ))?;
    }
    for (village, reason) in &done.skipped {
        let reason = reason.as_str();
        say(&format!(
            "{} {}: left out ({reason})",
            village.code, village.name
        ))?;
    }
    let verb = if generate.dry_run {
        "would be made"
    } else {
        "made"
    };
    say(&format!("{} grids {verb}", done.grids()))?;
    Ok(ExitCode::SUCCESS)
}

fn check_grids(check: &Check, city: &City) -> anyhow::Result<ExitCode> {
    let id = area_id(check.area, city)?;
    let checked = city.registry.grid_check(id, usize::MAX).map_err(refusal)?;
    let mut is_clean = true;
    for (village, found) in checked {
        let name = format!("{} {}", village.code, village.name);
        say(&format!("{name}: {} grids", found.grids))?;
        is_clean &= found.is_clean();
        for overlap in &found.overlaps {
            let (first, second) = (overlap.first, overlap.second);
            say(&format!(
                "  overlap of {first} and {second}: {:.1} m²",
                overlap.area_m2
            ))?;
        }
        for gap in &found.gaps {
            let beside: Vec<String> = gap.beside.iter().map(ToString::to_string).collect();
            say(&format!(
                "  gap at {:.6},{:.6}: {:.1} m² beside {}",
                gap.at.lon,
                gap.at.lat,
                gap.area_m2,
                beside.join(" ")
            ))?;
        }
        for outside in &found.outside {
            let code = outside.code;
            say(&format!(
                "  {code} reaches outside by {:.1} m²",
                outside.area_m2
            ))?;
        }
    }
    Ok(if is_clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
