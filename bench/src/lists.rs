//! What reading costs when there are many cases: every combination of up to three filters, boxes with counts, one case with its
//! timeline, and the memory and start of a server on them; commands beside it, which must stay as quick as on an empty table.

use crate::choices;
use crate::commands::{self, Office, from_all};
use crate::mass;
use crate::program::{Launch, Program};
use access::Principal;
use anyhow::{Context, Result, bail};
use base::{AreaLevel, Clock, PageRequest, SystemClock};
use casework::model::CaseStage;
use casework::service::{CaseQuery, Group, StatisticsQuery};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Connections of the load.
const CONNECTIONS: usize = 16;
/// Requests of the load.
const REQUESTS: usize = 8_000;
/// How often each combination is asked; the least counts, for other work on these processors only ever adds.
const TRIES: usize = 3;
/// The same of those that seem to cost most.
const TRIES_OF_WORST: usize = 20;

/// So many sets of choices are named, the worst first.
const WORST: usize = 10;

/// Prints the figures for 10 thousand, 100 thousand, … up to `most` cases. The cities are made in `kept` and stay there, those found
/// in it are read again, and no commands are given to these; without it they are thrown away.
pub fn run(binary: &Path, most: usize, kept: Option<&Path>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    for count in [10_000, 100_000, 1_000_000] {
        if count > most {
            break;
        }
        let thrown_away = tempfile::tempdir()?;
        let folder = kept.map_or_else(
            || thrown_away.path().to_owned(),
            |kept| kept.join(count.to_string()),
        );
        let database = folder.join("chengyun.db");
        let started = Instant::now();
        let is_known = database.exists();
        if !is_known {
            fs::create_dir_all(&folder)?;
            runtime.block_on(mass::fill(&folder, count))?;
        }
        let bytes = fs::metadata(database)?.len() >> 20;
        println!(
            "{count} cases ({bytes} MiB, made in {:.0?})",
            started.elapsed()
        );
        server(binary, &folder)?;
        runtime.block_on(reading(&folder))?;
        // A city that is read again must not grow.
        if is_known {
            continue;
        }
        let ([create, dispatch], _) = runtime.block_on(commands::rates(&folder, 2_000))?;
        println!("  create {create:.0} a second, dispatch {dispatch:.0} a second");
    }
    Ok(())
}

/// One case after another, so often.
pub fn details(folder: &Path, rounds: usize) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let office = commands::office(folder).await?;
        detail(&office, rounds).await?;
        tokio::task::spawn_blocking(move || office.city.close()).await?;
        Ok(())
    })
}

/// A server of its own on these cases: how long its start takes, and what it holds when nobody asks anything. It is started twice: the
/// first time on a city new to it lists are read from the database and the index of words is made.
pub(crate) fn server(binary: &Path, data_dir: &Path) -> Result<()> {
    for start in ["first start", "start"] {
        let program = Launch {
            binary,
            command: "serve",
            data_dir,
            database_url: None,
        }
        .start()?;
        let ready_after = program.ready_after;
        let (idle_after, most) = until_idle(&program)?;
        let resident = program.resident_bytes()? >> 20;
        let stopped = program.stop()?;
        println!(
            "  {start}: ready after {ready_after:.2?} (must 2 s, aim 0.5 s), idle after {idle_after:.0?} with {resident} MiB resident (must 200, aim 100), at most {most} MiB before; stopped in {stopped:.2?}"
        );
    }
    Ok(())
}

/// Waits until a server uses next to no processor time for two seconds; says how long that took and the most that was resident.
fn until_idle(program: &Program) -> Result<(Duration, u64)> {
    const LOOKED_AFTER: Duration = Duration::from_secs(2);
    let (began, mut most) = (Instant::now(), 0);
    let mut before = program.cpu()?;
    while began.elapsed() < Duration::from_mins(30) {
        std::thread::sleep(LOOKED_AFTER);
        let spent = program.cpu()?;
        most = most.max(program.resident_bytes()? >> 20);
        if spent.saturating_sub(before) <= LOOKED_AFTER / 50 {
            return Ok((began.elapsed(), most));
        }
        before = spent;
    }
    bail!("it is still busy after half an hour")
}

/// Processor time of this process, to the nanosecond as the scheduler counts it.
fn processor_time() -> Duration {
    let tasks = fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    let nanoseconds = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum())
}

async fn reading(folder: &Path) -> Result<()> {
    let office = Arc::new(commands::office(folder).await?);
    let queries = choices::combinations(&choices::of_cases(&office).await?);
    let tasks = choices::combinations(&choices::of_tasks(&office).await?);
    let seers: [(&'static str, &Arc<Principal>); 2] = [
        ("district", &office.leader),
        ("department", &office.clerks[0]),
    ];
    let reports = choices::combinations(&choices::of_reports(&office).await?);
    let casework = &office.city.casework;
    let of_cases = costs(&seers, &queries, |principal, query| {
        casework.case_list(principal, query.clone())
    });
    print("list of 50", &of_cases.await?);
    let of_tasks = costs(&seers, &tasks, |principal, query| {
        casework.task_list(principal, query.clone())
    });
    print("list of 50 tasks", &of_tasks.await?);
    let of_reports = costs(&seers, &reports, |principal, query| {
        casework.report_list(principal, query.clone())
    });
    print("list of 50 reports", &of_reports.await?);
    load(&office, &queries).await?;
    let before = processor_time();
    for _ in 0..20 {
        office.city.casework.case_counts(&office.leader).await?;
    }
    let each = processor_time().saturating_sub(before) / 20;
    println!(
        "  counts of all boxes {:.2} CPU-ms",
        each.as_secs_f64() * 1e3
    );
    let before = processor_time();
    for _ in 0..20 {
        office.city.casework.task_counts(&office.clerks[0]).await?;
    }
    let each = processor_time().saturating_sub(before) / 20;
    println!(
        "  counts of all boxes of tasks {:.2} CPU-ms",
        each.as_secs_f64() * 1e3
    );
    detail(&office, TRIES).await?;
    statistics(&office).await?;
    let city = office.city.clone();
    tokio::task::spawn_blocking(move || city.close()).await?;
    Ok(())
}

/// What each question costs each who asks it, the cheapest first. Those that seem to cost most, one in a hundred, are asked again: a
/// question that was interrupted thrice is among so many.
async fn costs<'a, Q, T, E, F>(
    seers: &'a [(&'static str, &'a Arc<Principal>); 2],
    queries: &'a [(String, Q)],
    ask: impl Fn(&'a Arc<Principal>, &'a Q) -> F,
) -> Result<Vec<(Duration, &'static str, &'a str)>>
where
    E: std::error::Error + Send + Sync + 'static,
    F: Future<Output = Result<T, E>>,
{
    let mut found = Vec::new();
    for (seer, principal) in seers {
        for (name, query) in queries {
            let cost = least(TRIES, || ask(principal, query)).await?;
            found.push((cost, *seer, name.as_str(), *principal, query));
        }
    }
    found.sort_by_key(|(cost, ..)| *cost);
    let last = found.len() - found.len() / 100;
    for (cost, _, _, principal, query) in found.iter_mut().skip(last) {
        *cost = (*cost).min(least(TRIES_OF_WORST, || ask(principal, query)).await?);
    }
    found.sort_by_key(|(cost, ..)| *cost);
    let costs = found.into_iter();
    Ok(costs
        .map(|(cost, seer, name, ..)| (cost, seer, name))
        .collect())
}

/// The processor time of what costs the least of so many times.
async fn least<T, E, F>(times: usize, ask: impl Fn() -> F) -> Result<Duration>
where
    E: std::error::Error + Send + Sync + 'static,
    F: Future<Output = Result<T, E>>,
{
    let mut least = Duration::MAX;
    for _ in 0..times {
        let before = processor_time();
        ask().await?;
        least = least.min(processor_time().saturating_sub(before));
    }
    Ok(least)
}

/// What the combinations of a list cost by whom they were asked, and the worst of each set of choices: several causes, where the worst
/// of all would often share one.
fn print(list: &str, costs: &[(Duration, &str, &str)]) {
    let cost = |place: usize| {
        let found = costs.get(place.min(costs.len() - 1));
        found.map_or(0.0, |(cost, ..)| cost.as_secs_f64() * 1e3)
    };
    println!(
        "  {list}, {} combinations of up to three filters: median {:.2} CPU-ms, 99 of 100 within {:.2}, worst {:.2} (must 2, aim 0.5)",
        costs.len(),
        cost(costs.len() / 2),
        cost(costs.len() * 99 / 100),
        cost(costs.len())
    );
    let mut kinds = BTreeSet::new();
    for (cost, seer, name) in costs.iter().rev() {
        if kinds.len() < WORST && kinds.insert((seer, choices::choices_of(name))) {
            println!("    {:.2} CPU-ms {seer}: {name}", cost.as_secs_f64() * 1e3);
        }
    }
}

/// A quarter, by this and that: what comes from sums of days, and what must be added up from obligations.
async fn statistics(office: &Office) -> Result<()> {
    let until = SystemClock.now().plus_seconds(-86_400);
    let from = until.plus_seconds(-91 * 86_400);
    let street = office.city.registry.snapshot();
    let street = street
        .areas
        .areas()
        .iter()
        .find(|area| area.level == AreaLevel::Street)
        .map(|area| area.code.to_string());
    let quarter = |group, change: fn(&mut StatisticsQuery, Option<String>)| {
        let mut query = StatisticsQuery {
            from: Some(from),
            until: Some(until),
            group: Some(group),
            ..StatisticsQuery::default()
        };
        change(&mut query, street.clone());
        query
    };
    let asked: [(&str, &Arc<Principal>, StatisticsQuery); 6] = [
        (
            "by organisation",
            &office.leader,
            quarter(Group::Organisation, |_, _| ()),
        ),
        (
            "by category",
            &office.leader,
            quarter(Group::Category, |_, _| ()),
        ),
        (
            "by organisation, with 环比 and 同比",
            &office.leader,
            quarter(Group::Organisation, |query, _| query.compare = true),
        ),
        (
            "by organisation in one street",
            &office.leader,
            quarter(Group::Organisation, |query, street| {
                query.area_code = street;
            }),
        ),
        (
            "by village, from obligations",
            &office.leader,
            quarter(Group::Area, |query, _| {
                query.level = Some(AreaLevel::Village)
            }),
        ),
        (
            "by category for a department, from obligations",
            &office.clerks[0],
            quarter(Group::Category, |_, _| ()),
        ),
    ];
    for (name, principal, query) in asked {
        let (mut least, mut cost) = (Duration::MAX, Duration::MAX);
        let mut lines = 0;
        for _ in 0..TRIES {
            let (began, before) = (Instant::now(), processor_time());
            let view = office
                .city
                .casework
                .statistics_view(principal, query.clone())
                .await?;
            least = least.min(began.elapsed());
            cost = cost.min(processor_time().saturating_sub(before));
            lines = view.lines.len();
        }
        println!(
            "  numbers of a quarter {name}: {:.1} ms, {:.1} CPU-ms, {lines} lines (must 300, aim 50 by organisation)",
            least.as_secs_f64() * 1e3,
            cost.as_secs_f64() * 1e3
        );
    }
    Ok(())
}

/// Sixteen at once, each asking for the next combination.
async fn load(office: &Arc<Office>, queries: &[(String, CaseQuery)]) -> Result<()> {
    let queries = Arc::new(queries.to_vec());
    let before = processor_time();
    let work = |office: Arc<Office>, queries: Arc<Vec<(String, CaseQuery)>>| {
        move |n: usize| {
            let (office, queries) = (office.clone(), queries.clone());
            async move {
                let (_, query) = queries.get(n * 7919 % queries.len()).context("no query")?;
                let asked = Instant::now();
                office
                    .city
                    .casework
                    .case_list(&office.leader, query.clone())
                    .await?;
                Ok(asked.elapsed())
            }
        }
    };
    let (mut times, rate) = from_all(CONNECTIONS, REQUESTS, work(office.clone(), queries)).await?;
    let each = processor_time().saturating_sub(before).as_secs_f64() * 1e3 / REQUESTS as f64;
    times.sort_unstable();
    let p99 = times
        .get(times.len() * 99 / 100)
        .copied()
        .unwrap_or_default();
    println!(
        "  {CONNECTIONS} at once: {rate:.0} lists a second, {each:.2} CPU-ms each, p99 {p99:.1?} (must 20 ms, aim 8 ms)"
    );
    Ok(())
}

/// One case after another with its timeline; again, because the first time their pages come from the disk.
async fn detail(office: &Office, times: usize) -> Result<()> {
    let query = CaseQuery {
        page: PageRequest {
            limit: Some(200),
            after: None,
        },
        stage: Some(CaseStage::Closed),
        ..CaseQuery::default()
    };
    let page = office
        .city
        .casework
        .case_list(&office.leader, query)
        .await?;
    let mut rounds = Vec::new();
    for _ in 0..times {
        let before = processor_time();
        for case in &page.items {
            office
                .city
                .casework
                .case_view(&office.leader, case.id)
                .await?;
        }
        let spent = processor_time().saturating_sub(before).as_secs_f64() * 1e3;
        rounds.push(spent / page.items.len().max(1) as f64);
    }
    let first = rounds.first().copied().unwrap_or_default();
    let each = rounds.iter().copied().fold(f64::INFINITY, f64::min);
    println!(
        "  detail with timeline {each:.3} CPU-ms, {first:.3} the first time (must 0.2, aim 0.08)"
    );
    Ok(())
}
