//! `chengyun demo`: a believable small city, at once.

use crate::cli::{open, say};
use crate::settings::Settings;
use crate::{listen, serve};
use sim::{DEMO_PASSWORD, DemoCity, Rooms};
use std::fmt::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

/// The same city every time.
const SEED: u64 = 20_261_121;

pub(super) async fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    let listener = listen::bind(settings.listen).await?;
    let city = open(settings).await?;
    if city.is_empty().await? {
        tracing::info!("seeding the demo city");
        let rooms = Rooms {
            access: &city.access,
            registry: &city.registry,
            casework: &city.casework,
        };
        let seeded = sim::seed(&rooms, &city.console().await?, SEED).await?;
        tracing::info!(
            reports = seeded.reports,
            cases = seeded.cases,
            "the demo city is seeded"
        );
    } else {
        tracing::info!("the data directory has a city already; nothing was added");
    }
    serve::serve(city, settings, listener, |address| say(&welcome(address)?)).await?;
    Ok(ExitCode::SUCCESS)
}

/// Where it is and who can sign in.
fn welcome(address: SocketAddr) -> anyhow::Result<String> {
    let mut text = String::new();
    writeln!(text, "\n城运演示城市已就绪 · the demo city is ready\n")?;
    writeln!(text, "  首页 landing page   http://{address}/")?;
    writeln!(text, "  接口 API page       http://{address}/api\n")?;
    writeln!(
        text,
        "演示账号（密码都是 {DEMO_PASSWORD}）· demo accounts, all with this password:\n"
    )?;
    for account in DemoCity::built_in()?.accounts {
        writeln!(text, "  {:<14} {}", account.login, account.may)?;
    }
    write!(text, "\nCtrl-C 停止 · stops")?;
    Ok(text)
}
