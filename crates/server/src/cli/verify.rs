//! `chengyun verify`: is what is stored what happened?

use crate::city::City;
use crate::cli::say;
use crate::handover;
use std::process::ExitCode;

/// Says what was looked at and every finding; the exit code is 1 when there is any.
pub(super) async fn run(city: &City) -> anyhow::Result<ExitCode> {
    handover::settle_numbers(city)?;
    let casework = city.casework.verify()?;
    let (files, of_files) = city.casework.attachments_verify().await?;
    let audit = store::audit::verify(&city.store, &city.audit_keys())?;
    say(&format!(
        "{} reports and {} cases replayed from {} timeline entries; {} audit entries in {} lanes and {} checkpoints walked",
        casework.reports,
        casework.cases,
        casework.entries,
        audit.entries,
        audit.lanes,
        audit.checkpoints,
    ))?;
    say(&casework.obligations.map_or_else(
        || "the numbers are behind what happened and were not compared".to_owned(),
        |obligations| format!("{obligations} obligations behind the numbers recounted"),
    ))?;
    say(&format!("{files} files read and compared"))?;
    if !casework.without_fallback.is_empty() {
        say(&format!(
            "{} areas have no fallback organisation: {}",
            casework.without_fallback.len(),
            casework.without_fallback.join(", ")
        ))?;
    }
    for finding in casework.findings.iter().chain(&of_files) {
        say(&format!(
            "{} {}: {}",
            finding.code, finding.subject_id, finding.detail
        ))?;
    }
    for finding in &audit.findings {
        say(&format!("audit: {finding}"))?;
    }
    let count = casework.findings.len() + of_files.len() + audit.findings.len();
    if count == 0 {
        say("everything is as it should be")?;
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!("{count} findings"))?;
    Ok(ExitCode::FAILURE)
}
