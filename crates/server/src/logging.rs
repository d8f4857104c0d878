//! The log: to standard error, for people or as JSON. What may stand in it: ids, codes, durations; never names, phones,
//! addresses, tokens or bodies.

use crate::settings::Settings;
use anyhow::Context;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging for the whole process. Errors: a filter that cannot be read.
pub fn start(settings: &Settings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.log_filter).context("log_filter")?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = if settings.log_is_pretty() {
        log.compact().finish().try_init()
    } else {
        log.json().flatten_event(true).finish().try_init()
    };
    started.context("starting the log")
}
