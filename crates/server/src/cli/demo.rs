//! `chengyun demo`: a believable city. Two months of a whole district, or a small one at once.

use crate::city::City;
use crate::cli::{open, say};
use crate::settings::Settings;
use crate::{listen, serve};
use access::PasswordCost;
use anyhow::bail;
use base::chance::SystemChance;
use base::{Clock, ManualClock, SystemClock, Timestamp};
use sim::two_months::{Plan, Told};
use sim::{Account, DEMO_PASSWORD, DemoCity, Rooms};
use std::fmt::Write as _;
use std::fs;
use std::io::{IsTerminal, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// What decides unless another seed is given.
const SEED: u64 = 20_261_121;

/// Of some five hundred accounts: their one password is printed for everybody, so that nobody has to work for it. What visitors
/// choose later costs as anywhere.
const CHEAP: PasswordCost = PasswordCost {
    memory_kib: 64,
    passes: 1,
};

/// What kind of demo.
#[derive(clap::Args, Debug)]
pub(super) struct Demo {
    /// Only eight organisations and sixty messages, made in a second
    #[arg(long)]
    small: bool,
    /// Reports on an ordinary working day of the two months; the release build makes these two months in some 20 seconds
    #[arg(long, default_value_t = 110, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    reports_a_day: u32,
    /// Decides everything that is left to chance: with the same --until and --reports-a-day, the same two months
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// When the two months end, e.g. 2026-11-20T15:00:00+08:00; now when left out
    #[arg(long, value_name = "RFC 3339", conflicts_with = "small")]
    until: Option<Timestamp>,
}

pub(super) async fn run(demo: &Demo, settings: &Settings) -> anyhow::Result<ExitCode> {
    if let Some(until) = demo.until.filter(|until| *until > SystemClock.now()) {
        bail!("--until: the two months cannot end in the future, at {until}");
    }
    let settings = &as_demo(settings);
    let listener = listen::bind(settings.listen).await?;
    let unfinished = settings.data_dir.join("demo-unfinished");
    if unfinished.exists() {
        forget_unfinished(settings)?;
    }
    if !demo.small && is_new(settings) {
        settings.make_data_dir()?;
        fs::write(&unfinished, "")?;
        live_two_months(settings, demo).await?;
        fs::remove_file(&unfinished)?;
    }
    let mut city = open(settings).await?;
    if city.is_empty().await? {
        fs::write(&unfinished, "")?;
        if demo.small {
            seed_small(&city, demo.seed).await?;
        } else {
            city.close();
            live_two_months(settings, demo).await?;
            city = open(settings).await?;
        }
        fs::remove_file(&unfinished)?;
    }
    let known = DemoCity::built_in()?;
    let is_demo = match known.organisations.first() {
        Some(first) => city
            .access
            .organisation_by_code(&first.code)
            .await?
            .is_some(),
        None => false,
    };
    let accounts = if is_demo { known.accounts } else { Vec::new() };
    let ready = |address| say(&welcome(address, &accounts)?);
    serve::serve(city, settings, listener, ready).await?;
    Ok(ExitCode::SUCCESS)
}

/// Whoever plays a citizen reads in the log what would be sent to the phone.
fn as_demo(settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    settings.sms_to_log = settings.sms_gateway.is_empty();
    if settings.city_name == Settings::default().city_name {
        "青浦城运（演示）".clone_into(&mut settings.city_name);
    }
    settings
}

/// Whether there is no database yet. One that was opened before, if only to look into it, gives no ids older than that; those of
/// the two months would all be of today.
pub(super) fn is_new(settings: &Settings) -> bool {
    let url = settings.database();
    url.strip_prefix("sqlite:")
        .is_some_and(|file| !Path::new(file).exists())
}

/// A city that was only half made (the machine went down meanwhile) would puzzle more than it shows. It began in an empty
/// directory, so nothing but the demo is lost.
fn forget_unfinished(settings: &Settings) -> anyhow::Result<()> {
    let url = settings.database();
    let Some(file) = url.strip_prefix("sqlite:") else {
        bail!("the demo city in {url} was left half made; empty that database and start again");
    };
    tracing::info!("the demo city was left half made; it is made anew");
    for suffix in ["", "-wal", "-shm"] {
        match fs::remove_file(format!("{file}{suffix}")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

fn rooms(city: &City) -> Rooms<'_> {
    Rooms {
        access: &city.access,
        registry: &city.registry,
        casework: &city.casework,
    }
}

async fn seed_small(city: &City, seed: u64) -> anyhow::Result<()> {
    tracing::info!("seeding the small demo city");
    let seeded = sim::seed(&rooms(city), &city.console().await?, seed).await?;
    tracing::info!(
        reports = seeded.reports,
        cases = seeded.cases,
        "the small demo city is seeded"
    );
    Ok(())
}

/// Opens the city with a clock of its own, which runs through the two months, and closes it when they end.
async fn live_two_months(settings: &Settings, demo: &Demo) -> anyhow::Result<()> {
    let until = demo.until.unwrap_or_else(|| SystemClock.now());
    let clock = Arc::new(ManualClock::default());
    let plan = Plan {
        reports_a_day: f64::from(demo.reports_a_day),
        ..Plan::until(until, clock.clone(), demo.seed)
    };
    clock.set(plan.begins_at());
    let chance = Arc::new(SystemChance);
    // The backup follows the city of today.
    let settings = settings.without_backup();
    let city = City::open_at_cost(&settings, clock, chance, CHEAP).await?;
    city.store.begin_filling()?;
    let mut bar = Bar::default();
    let console = city.console().await?;
    let lived = sim::two_months(&rooms(&city), &console, &plan, |told| bar.show(told)).await?;
    city.store.end_filling()?;
    city.close();
    for (what, count) in &lived.refusals {
        tracing::warn!(what, count, "commands of the story were refused");
    }
    tracing::info!(
        organisations = lived.organisations,
        staff = lived.staff,
        reports = lived.reports,
        cases = lived.cases,
        commands = lived.commands,
        timers = lived.timers,
        "the demo city has lived through two months"
    );
    Ok(())
}

/// Tells whoever waits how far the story has come: a line that moves on a terminal, some lines elsewhere.
#[derive(Default)]
struct Bar {
    tenths: i64,
}

/// Characters of the bar.
const BAR_WIDTH: usize = 30;

impl Bar {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share from 0 to 1"
    )]
    fn show(&mut self, told: Told) {
        let mut out = std::io::stderr().lock();
        let day = told.at.to_string();
        let day = day.get(..10).unwrap_or(&day);
        let percent = (told.share * 100.0) as i64;
        let text = format!("{percent:>3}%  {day}  {} 件 reports", told.reports);
        // Whoever does not see it misses nothing but the wait.
        let _ = if out.is_terminal() {
            let full = (told.share * BAR_WIDTH as f64) as usize;
            let bar = "█".repeat(full) + &"░".repeat(BAR_WIDTH.saturating_sub(full));
            let end = if percent >= 100 { "\n" } else { "" };
            write!(
                out,
                "\r正在生成演示城市 · building the city  {bar} {text}{end}"
            )
            .and_then(|()| out.flush())
        } else if percent / 10 != self.tenths || told.reports == 0 {
            self.tenths = percent / 10;
            writeln!(out, "正在生成演示城市 · building the city  {text}")
        } else {
            Ok(())
        };
    }
}

/// Where it is and who can sign in.
fn welcome(address: SocketAddr, accounts: &[Account]) -> anyhow::Result<String> {
    let mut text = String::new();
    writeln!(text, "\n城运已就绪 · Chengyun is ready\n")?;
    writeln!(text, "  工作台 console     http://{address}/")?;
    writeln!(text, "  随手拍 citizens    http://{address}/m")?;
    writeln!(text, "  外勤 field staff   http://{address}/m/i")?;
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
