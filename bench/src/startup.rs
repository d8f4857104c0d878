//! How long a start takes.

use crate::program::Launch;
use anyhow::Result;
use std::path::Path;

/// An empty installation, a fresh demo city, and the demo city again; the median of five.
pub fn run(binary: &Path) -> Result<()> {
    let mut times: [Vec<f64>; 3] = Default::default();
    for _ in 0..5 {
        let (empty, demo) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let launches = [
            ("serve", empty.path()),
            ("demo", demo.path()),
            ("demo", demo.path()),
        ];
        for ((command, data_dir), times) in launches.into_iter().zip(times.iter_mut()) {
            let program = Launch {
                binary,
                command,
                data_dir,
                database_url: None,
            }
            .start()?;
            times.push(program.ready_after.as_secs_f64());
            program.stop()?;
        }
    }
    let names = [
        "empty installation (must 1 s, aim 0.2 s)",
        "demo city from nothing (must 5 s, aim 2 s)",
        "demo city again",
    ];
    for (name, times) in names.into_iter().zip(times.iter_mut()) {
        times.sort_by(f64::total_cmp);
        println!(
            "  start, {name:<44} {:.3} s",
            times.get(times.len() / 2).copied().unwrap_or_default()
        );
    }
    Ok(())
}
