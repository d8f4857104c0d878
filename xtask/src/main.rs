//! `cargo xtask tidy`: entry point.

use anyhow::{Context, bail};
use std::io::Write;
use std::path::Path;
use xtask::tidy;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["tidy"] => run_tidy(),
        _ => bail!("usage: cargo xtask tidy"),
    }
}

fn run_tidy() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask lies in the repository")?;
    let findings = tidy::check(&tidy::Tree::read(root)?);
    let mut out = std::io::stdout().lock();
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    if findings.is_empty() {
        writeln!(out, "tidy: every house rule holds")?;
        return Ok(());
    }
    bail!("{} finding(s) against the house rules", findings.len())
}
