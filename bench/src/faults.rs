//! `kill -9` under load, and what must be there afterwards. `make test` runs three rounds, `make bench` twenty.

use crate::city::{City, Crew};
use crate::program::{Launch, Program};
use anyhow::{Context, Result, ensure};
use base::chance::{Chance, SeededChance};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Crews that work at the same time.
const CREWS: usize = 8;
/// The stages of a case in order.
const STAGES: [&str; 6] = [
    "accepted",
    "filed",
    "handling",
    "inspecting",
    "closing",
    "closed",
];

/// What the rounds saw.
#[derive(Debug, Default)]
pub struct Survey {
    /// Times the program was killed.
    pub kills: usize,
    /// Cases whose creation was acknowledged.
    pub cases: usize,
    /// Commands that were acknowledged.
    pub commands: usize,
    /// Creations that were under way when the program was killed.
    pub in_flight: usize,
    /// Notices of tasks that were there, each once.
    pub notices: usize,
}

/// What was acknowledged, by case: the stage it had reached.
type Acknowledged = Arc<Mutex<BTreeMap<String, &'static str>>>;

/// Kills the program `rounds` times under load, starts it again on the same data, and checks after each that every acknowledged
/// command is there, and at the end that consumers told every task once and that `verify` passes.
pub fn kill_rounds(launch: &Launch<'_>, rounds: usize, seed: u64) -> Result<Survey> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let chance = SeededChance::new(seed);
    let acknowledged = Acknowledged::default();
    let mut survey = Survey::default();
    let mut program = launch.start()?;
    for round in 0..rounds {
        let city = runtime.block_on(City::enter(program.address))?;
        let commands = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let crews: Vec<_> = (0..CREWS)
            .map(|crew| {
                runtime.spawn(work(
                    city.clone(),
                    round * CREWS + crew,
                    acknowledged.clone(),
                    commands.clone(),
                ))
            })
            .collect();
        std::thread::sleep(Duration::from_millis(400 + chance.below(900)));
        program.kill()?;
        survey.kills += 1;
        let mut in_flight = Vec::new();
        for crew in crews {
            in_flight.extend(runtime.block_on(crew)?);
        }
        survey.commands += commands.load(std::sync::atomic::Ordering::SeqCst);
        survey.in_flight += in_flight.len();
        program = launch
            .start()
            .with_context(|| format!("after kill {round}"))?;
        let city = City {
            address: program.address,
            ..city
        };
        runtime.block_on(all_there(&city, &acknowledged))?;
        for (n, key) in in_flight {
            runtime.block_on(repeated(&city, n, &key))?;
        }
    }
    survey.cases = acknowledged
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .len();
    let city = runtime.block_on(City::enter(program.address))?;
    survey.notices = runtime.block_on(each_task_told_once(&city, &acknowledged))?;
    program.stop()?;
    verify(launch)?;
    Ok(survey)
}

/// Works until the connection breaks; answers the creation that was under way then.
async fn work(
    city: City,
    crew: usize,
    acknowledged: Acknowledged,
    commands: Arc<std::sync::atomic::AtomicUsize>,
) -> Option<(usize, String)> {
    let mut crew_of_five = Crew::connect(&city).await.ok()?;
    for n in 0.. {
        let number = crew * 100_000 + n;
        let key = format!("kill-{number}");
        let mut is_created = false;
        let noted = crew_of_five
            .whole_loop(number, Some(&key), |case, stage| {
                is_created = true;
                commands.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                acknowledged
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(case.to_owned(), stage);
            })
            .await;
        if noted.is_err() {
            return (!is_created).then_some((number, key));
        }
    }
    None
}

fn rank(stage: &str) -> Option<usize> {
    STAGES.iter().position(|known| *known == stage)
}

/// Every case is at the stage that was acknowledged, or further.
async fn all_there(city: &City, acknowledged: &Acknowledged) -> Result<()> {
    let expected = acknowledged
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let mut client = city.leader.connect(city.address).await?;
    for (case, stage) in expected {
        let found: Value = client
            .get(&format!("/api/v1/cases/{case}"))
            .await?
            .json()
            .with_context(|| format!("case {case} is lost"))?;
        let found = found["stage"].as_str().context("no stage")?;
        ensure!(
            rank(found) >= rank(stage),
            "case {case} was acknowledged as {stage} and is {found}"
        );
    }
    Ok(())
}

/// A creation whose answer was never heard is sent again, twice: one effect, one answer.
async fn repeated(city: &City, n: usize, key: &str) -> Result<()> {
    let mut client = city.leader.connect(city.address).await?;
    let first: Value = client
        .post("/api/v1/reports", &city.report(n), Some(key))
        .await?
        .json()?;
    let second: Value = client
        .post("/api/v1/reports", &city.report(n), Some(key))
        .await?
        .json()?;
    ensure!(
        first["report"]["id"] == second["report"]["id"],
        "key {key} had two effects: {first} and {second}"
    );
    Ok(())
}

/// Each dispatched case has exactly one notice for the street's task.
async fn each_task_told_once(city: &City, acknowledged: &Acknowledged) -> Result<usize> {
    let dispatched: Vec<String> = acknowledged
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .iter()
        .filter(|(_, stage)| rank(stage) >= rank("handling"))
        .map(|(case, _)| case.clone())
        .collect();
    for _ in 0..100 {
        let told = notices(city).await?;
        if let Some((case, count)) = told.iter().find(|(_, count)| **count > 1) {
            anyhow::bail!("case {case} was told {count} times");
        }
        if dispatched.iter().all(|case| told.contains_key(case)) {
            return Ok(dispatched.len());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("some dispatched cases were not told within ten seconds")
}

async fn notices(city: &City) -> Result<HashMap<String, usize>> {
    let mut client = city.co_clerk.connect(city.address).await?;
    let mut told = HashMap::new();
    let mut after = String::new();
    loop {
        let page: Value = client
            .get(&format!("/api/v1/notices?limit=200{after}"))
            .await?
            .json()?;
        for notice in page["items"]
            .as_array()
            .context("no items")?
            .iter()
            .filter(|notice| notice["kind"] == "task_assigned")
        {
            *told
                .entry(
                    notice["subject_id"]
                        .as_str()
                        .context("no subject")?
                        .to_owned(),
                )
                .or_default() += 1;
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return Ok(told),
        }
    }
}

/// `chengyun verify` on the stopped program's data.
pub fn verify(launch: &Launch<'_>) -> Result<String> {
    let mut command = Command::new(launch.binary);
    command.arg("verify").arg("--data-dir").arg(launch.data_dir);
    if let Some(url) = launch.database_url {
        command.arg("--database-url").arg(url);
    }
    let output = command.output()?;
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    ensure!(output.status.success(), "verify found: {said}");
    Ok(said)
}

/// Starts, kills and forgets: for callers that only want a running demo.
pub fn demo<'a>(binary: &'a Path, data_dir: &'a Path, database_url: Option<&'a str>) -> Launch<'a> {
    Launch {
        binary,
        command: "demo",
        data_dir,
        database_url,
    }
}

/// Starts a demo and signs its people in.
pub fn open_demo(launch: &Launch<'_>) -> Result<(Program, City, tokio::runtime::Runtime)> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let program = launch.start()?;
    let city = runtime.block_on(City::enter(program.address))?;
    Ok((program, city, runtime))
}
