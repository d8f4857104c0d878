//! Commands given to the rooms in this process, without HTTP: as many callers as the load over HTTP has connections, each giving its
//! next command when the last was durable. Beside it the same rows inserted raw ([`crate::raw`]).

use crate::city::{CATEGORY, DISPATCHED, PASSWORD, STANDARD, report};
use crate::load::CONNECTIONS;
use crate::raw;
use access::{Password, Principal};
use anyhow::{Context, Result};
use base::chance::SystemChance;
use base::{Clock, Id, PageRequest, SystemClock, TreePath};
use casework::Call;
use casework::input::{CaseDispatchRequest, CaseFileRequest, ReportCreateRequest};
use serde_json::json;
use server::city::City;
use server::settings::Settings;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use store::Committed;

/// Rounds; each is commands and then their rows raw, so that what else the machine does meets both alike.
const ROUNDS: usize = 5;

/// Creates, files and dispatches `count` cases a round; prints the rates of creation and dispatch over the raw ones.
pub fn run(count: usize) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    println!(
        "commands in one process over the same rows written raw, SQLite, durable, {CONNECTIONS} callers, {ROUNDS} rounds of {count}"
    );
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let folder = tempfile::tempdir()?;
        let (commands, groups) = runtime.block_on(rates(folder.path(), count))?;
        let raw = raw::rates(&folder.path().join("chengyun.db"), groups)?;
        println!("  {commands:.0?} / {raw:.0?} a second, {groups:?} commands a commit");
        rounds.push((commands, raw));
    }
    for (n, name) in ["report with its case", "dispatch to two"]
        .into_iter()
        .enumerate()
    {
        let mut each: Vec<[f64; 3]> = rounds
            .iter()
            .filter_map(|(commands, raw)| {
                let (commands, raw) = (*commands.get(n)?, *raw.get(n)?);
                Some([commands / raw, commands, raw])
            })
            .collect();
        each.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let ([ratio, commands, raw], [least, ..], [most, ..]) =
            (each[ROUNDS / 2], each[0], each[ROUNDS - 1]);
        println!(
            "  {name:<22} median {ratio:.2} = {commands:.0} / {raw:.0} a second, from {least:.2} to {most:.2} (must 0.5, aim 0.8)"
        );
    }
    Ok(())
}

/// The demo city, open, with its people and what they need to know.
pub(crate) struct Office {
    pub(crate) city: City,
    pub(crate) leader: Arc<Principal>,
    pub(crate) dispatcher: Arc<Principal>,
    pub(crate) inspector: Arc<Principal>,
    /// Of the lead and of who helps.
    pub(crate) clerks: [Arc<Principal>; 2],
    pub(crate) category_id: Id,
    pub(crate) rule_row_id: Id,
    pub(crate) dispatched: [Id; 2],
    /// The organisation above all others.
    pub(crate) centre: (Id, TreePath),
}

/// Opens the city in `folder`; makes it first when there is none.
pub(crate) async fn office(folder: &Path) -> Result<Office> {
    let settings = Settings {
        data_dir: folder.to_owned(),
        ..Settings::default()
    };
    let city = City::open(&settings, Arc::new(SystemClock), Arc::new(SystemChance)).await?;
    let rooms = sim::Rooms {
        access: &city.access,
        registry: &city.registry,
        casework: &city.casework,
    };
    let console = city.console().await?;
    if city.is_empty().await? {
        sim::seed(&rooms, &console, 1).await?;
    }
    let person = async |login| {
        let password = Password::new(PASSWORD.to_owned());
        let opened = city.access.session_open(login, &password, "bench").await?;
        Ok::<_, anyhow::Error>(opened.principal)
    };
    let (leader, dispatcher) = (person("zhibanzhang").await?, person("paiqian").await?);
    let inspector = person("jianduyuan").await?;
    let clerks = [person("lvhua").await?, person("xiayang").await?];
    let snapshot = city.registry.snapshot();
    let category = snapshot
        .rules
        .standards()
        .iter()
        .filter(|standard| standard.key.code == STANDARD)
        .flat_map(|standard| snapshot.rules.categories(standard.id))
        .find(|category| category.code == CATEGORY)
        .context("no category")?;
    let rule_row_id = snapshot
        .rules
        .rule_rows_of(category.id)
        .first()
        .context("no rule row")?
        .id;
    let all = PageRequest {
        limit: Some(200),
        after: None,
    };
    let organisations = city
        .access
        .organisation_list(&console, None, None, &all)
        .await?;
    let organisation = |code| {
        let mut items = organisations.items.iter();
        let found = items.find(|each| each.code == code);
        Ok::<_, anyhow::Error>(found.context("no organisation")?.id)
    };
    let centre = organisations
        .items
        .iter()
        .min_by(|a, b| a.path.cmp(&b.path))
        .context("no organisation")?;
    Ok(Office {
        centre: (centre.id, centre.path.clone()),
        inspector,
        clerks,
        category_id: category.id,
        rule_row_id,
        dispatched: [organisation(DISPATCHED[0])?, organisation(DISPATCHED[1])?],
        leader,
        dispatcher,
        city,
    })
}

/// Runs `work` for each of `count` from so many callers; answers what they gave, in no order, and how many a second.
pub(crate) async fn from_all<T, W, F>(
    callers: usize,
    count: usize,
    work: W,
) -> Result<(Vec<T>, f64)>
where
    T: Send + 'static,
    W: Fn(usize) -> F + Clone + Send + 'static,
    F: Future<Output = Result<T>> + Send,
{
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..callers {
        let (next, work) = (next.clone(), work.clone());
        tasks.push(tokio::spawn(async move {
            let mut done = Vec::new();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= count {
                    return Ok::<_, anyhow::Error>(done);
                }
                done.push(work(n).await?);
            }
        }));
    }
    let mut all = Vec::with_capacity(count);
    for task in tasks {
        all.extend(task.await??);
    }
    Ok((all, count as f64 / started.elapsed().as_secs_f64()))
}

pub(crate) async fn rates(folder: &Path, count: usize) -> Result<([f64; 2], [usize; 2])> {
    let office = Arc::new(office(folder).await?);
    let store = office.city.store.clone();
    // A kept city has seen the keys of the run before.
    let began = SystemClock.now().0;
    let create = |first: usize| {
        let office = office.clone();
        move |n: usize| {
            let office = office.clone();
            async move {
                let body = report(first + n, &office.category_id.to_string());
                let input: ReportCreateRequest = serde_json::from_value(body)?;
                let call = call(&office.leader, &format!("{began}-create-{}", first + n));
                let created = office.city.casework.report_create(&call, input).await?;
                Ok(created.case.context("no case")?.id)
            }
        }
    };
    // The first commands meet cold caches and unprepared statements; they are not counted.
    from_all(CONNECTIONS, 500, create(0)).await?;
    let before = store.committed();
    let (mut cases, created) = from_all(CONNECTIONS, count, create(500)).await?;
    let group_created = group(before, store.committed());
    // As a dispatcher's list has them: in the order they came in.
    cases.sort_unstable();
    let cases = Arc::new(cases);
    let step = |is_dispatch: bool| {
        let (office, cases) = (office.clone(), cases.clone());
        move |n: usize| {
            let (office, cases) = (office.clone(), cases.clone());
            async move {
                let case_id = *cases.get(n).context("no case")?;
                let casework = &office.city.casework;
                if is_dispatch {
                    let body = json!({
                        "lead_organisation_id": office.dispatched[0],
                        "co_organisation_ids": [office.dispatched[1]],
                    });
                    let input: CaseDispatchRequest = serde_json::from_value(body)?;
                    let call = call(&office.dispatcher, &format!("{began}-dispatch-{n}"));
                    casework.case_dispatch(&call, case_id, input).await?;
                } else {
                    let input = CaseFileRequest {
                        rule_row_id: Some(office.rule_row_id),
                    };
                    let call = Call::of(office.leader.clone());
                    casework.case_file(&call, case_id, input).await?;
                }
                Ok(())
            }
        }
    };
    from_all(CONNECTIONS, count, step(false)).await?;
    let before = store.committed();
    let (_, dispatched) = from_all(CONNECTIONS, count, step(true)).await?;
    let group_dispatched = group(before, store.committed());
    let city = office.city.clone();
    tokio::task::spawn_blocking(move || city.close()).await?;
    Ok(([created, dispatched], [group_created, group_dispatched]))
}

/// How many transactions a commit had.
fn group(before: Committed, after: Committed) -> usize {
    let transactions = after.transactions - before.transactions;
    let commits = (after.commits - before.commits).max(1);
    usize::try_from(transactions.div_ceil(commits)).unwrap_or(1)
}

fn call(principal: &Arc<Principal>, key: &str) -> Call {
    Call {
        idempotency_key: Some(key.to_owned()),
        ..Call::of(principal.clone())
    }
}
