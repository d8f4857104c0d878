//! Load over HTTP: so many connections, each sending its next request when the last was answered.

use crate::city::{City, Person};
use crate::program::{Program, postgres_cpu};
use anyhow::{Context, Result};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Connections that send.
pub const CONNECTIONS: usize = 64;

/// What a load cost.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Requests answered with success.
    pub requests: usize,
    /// From the first to the last.
    pub elapsed: Duration,
    /// Processor time of the server.
    pub server_cpu: Duration,
    /// Processor time of PostgreSQL; zero on the embedded database.
    pub database_cpu: Duration,
    /// Half were answered within.
    pub p50: Duration,
    /// 99 of 100 were answered within.
    pub p99: Duration,
}

impl Cost {
    /// Requests a second.
    pub fn rate(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }

    /// Milliseconds of processor time a request, server and database.
    pub fn cpu_ms(&self) -> f64 {
        (self.server_cpu + self.database_cpu).as_secs_f64() * 1e3 / self.requests as f64
    }
}

/// One request to send: path and body.
pub type Post = (String, String);

/// Sends `posts` over [`CONNECTIONS`] connections as `person`; every answer must be a success. Answers the bodies too.
pub async fn send(
    program: &Program,
    person: &Person,
    posts: Arc<Vec<Post>>,
    on_postgres: bool,
    keys: Option<&str>,
) -> Result<(Cost, Vec<Value>)> {
    let database = || {
        if on_postgres {
            postgres_cpu()
        } else {
            Ok(Duration::ZERO)
        }
    };
    let next = Arc::new(AtomicUsize::new(0));
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(person.connect(program.address).await?);
    }
    let (server_before, database_before, started) = (program.cpu()?, database()?, Instant::now());
    let mut tasks = Vec::new();
    for mut client in clients {
        let (posts, next, keys) = (posts.clone(), next.clone(), keys.map(str::to_owned));
        tasks.push(tokio::spawn(async move {
            let mut done = Vec::new();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                let Some((path, body)) = posts.get(n) else {
                    return Ok::<_, anyhow::Error>(done);
                };
                let key = keys.as_ref().map(|prefix| format!("{prefix}-{n}"));
                let sent = Instant::now();
                let reply = client.post(path, body, key.as_deref()).await?;
                let took = sent.elapsed();
                anyhow::ensure!(
                    (200..300).contains(&reply.status),
                    "{}: {}",
                    reply.status,
                    String::from_utf8_lossy(&reply.body)
                );
                done.push((took, reply.body));
            }
        }));
    }
    let mut done = Vec::with_capacity(posts.len());
    for task in tasks {
        done.extend(task.await??);
    }
    let elapsed = started.elapsed();
    let (server_cpu, database_cpu) = (
        program.cpu()?.saturating_sub(server_before),
        database()?.saturating_sub(database_before),
    );
    let mut times: Vec<Duration> = done.iter().map(|(took, _)| *took).collect();
    times.sort_unstable();
    let percentile = |percent: usize| {
        times
            .get((times.len() * percent / 100).min(times.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    };
    let cost = Cost {
        requests: done.len(),
        elapsed,
        server_cpu,
        database_cpu,
        p50: percentile(50),
        p99: percentile(99),
    };
    let bodies = done
        .iter()
        .map(|(_, body)| serde_json::from_slice(body))
        .collect::<Result<_, _>>()?;
    Ok((cost, bodies))
}

/// Creates reports with their cases, files the cases, dispatches each to two organisations; answers the cost of the first and the last.
pub async fn create_and_dispatch(
    program: &Program,
    city: &City,
    count: usize,
    on_postgres: bool,
) -> Result<[Cost; 2]> {
    let posts = |first: usize, count: usize| {
        Arc::new(
            (first..first + count)
                .map(|n| ("/api/v1/reports".to_owned(), city.report(n)))
                .collect::<Vec<_>>(),
        )
    };
    // The first requests meet cold caches and unprepared statements; they are not counted.
    send(
        program,
        &city.leader,
        posts(0, 500),
        on_postgres,
        Some("warm"),
    )
    .await?;
    let (create, created) = send(
        program,
        &city.leader,
        posts(500, count),
        on_postgres,
        Some("create"),
    )
    .await?;
    let mut cases: Vec<String> = created
        .iter()
        .map(|body| {
            body["case"]["id"]
                .as_str()
                .map(str::to_owned)
                .context("no case")
        })
        .collect::<Result<_>>()?;
    // As a dispatcher's list has them: in the order they came in.
    cases.sort_unstable();
    let each = |verb: &str, body: &str| {
        Arc::new(
            cases
                .iter()
                .map(|case| (format!("/api/v1/cases/{case}/{verb}"), body.to_owned()))
                .collect::<Vec<_>>(),
        )
    };
    send(
        program,
        &city.leader,
        each("file", &city.filing()),
        on_postgres,
        None,
    )
    .await?;
    let (dispatch, _) = send(
        program,
        &city.dispatcher,
        each("dispatch", &city.dispatch()),
        on_postgres,
        Some("dispatch"),
    )
    .await?;
    Ok([create, dispatch])
}
