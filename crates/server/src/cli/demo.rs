//! `chengyun demo`: a believable small city, at once.

use crate::cli::{open, say};
use crate::settings::Settings;
use crate::{listen, serve};
use anyhow::bail;
use sim::{Account, DEMO_PASSWORD, DemoCity, Rooms};
use std::fmt::Write;
use std::fs;
use std::net::SocketAddr;
use std::process::ExitCode;

/// The same city every time.
const SEED: u64 = 20_261_121;

pub(super) async fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    let listener = listen::bind(settings.listen).await?;
    let city = open(settings).await?;
    // A city that was only half made (the machine went down meanwhile) would puzzle more than it shows.
    let unfinished = settings.data_dir.join("demo-unfinished");
    if unfinished.exists() {
        let folder = settings.data_dir.display();
        bail!("the demo city in {folder} was left half made; delete that folder and start again");
    }
    if city.is_empty().await? {
        tracing::info!("seeding the demo city");
        fs::write(&unfinished, "")?;
        let rooms = Rooms {
            access: &city.access,
            registry: &city.registry,
            casework: &city.casework,
        };
        let seeded = sim::seed(&rooms, &city.console().await?, SEED).await?;
        fs::remove_file(&unfinished)?;
        tracing::info!(
            reports = seeded.reports,
            cases = seeded.cases,
            "the demo city is seeded"
        );
    } else {
        tracing::info!("the data directory has a city already; nothing was added");
    }
    let demo = DemoCity::built_in()?;
    let is_demo = match demo.organisations.first() {
        Some(first) => city
            .access
            .organisation_by_code(&first.code)
            .await?
            .is_some(),
        None => false,
    };
    let accounts = if is_demo { demo.accounts } else { Vec::new() };
    let ready = |address| say(&welcome(address, &accounts)?);
    serve::serve(city, settings, listener, ready).await?;
    Ok(ExitCode::SUCCESS)
}

/// Where it is and who can sign in.
fn welcome(address: SocketAddr, accounts: &[Account]) -> anyhow::Result<String> {
    let mut text = String::new();
    writeln!(text, "\n城运已就绪 · Chengyun is ready\n")?;
    writeln!(text, "  首页 landing page   http://{address}/")?;
    writeln!(text, "  接口 API page       http://{address}/api\n")?;
    if accounts.is_empty() {
        writeln!(
            text,
            "这里不是演示城市，没有演示账号 · this is another city: no demo accounts"
        )?;
    } else {
        writeln!(
            text,
            "演示账号（密码都是 {DEMO_PASSWORD}）· demo accounts, all with this password:\n"
        )?;
    }
    for account in accounts {
        writeln!(text, "  {:<14} {}", account.login, account.may)?;
    }
    write!(text, "\nCtrl-C 停止 · stops")?;
    Ok(text)
}
