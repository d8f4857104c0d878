//! Many at once on one case: one wins, the others get 409 with the state the winner left; nobody gets a 5xx, nothing happens twice.

use crate::city::{City, won};
use crate::client::{Client, Reply};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::BTreeSet;

/// Who race.
pub const RACERS: usize = 8;

/// What the races saw.
#[derive(Debug, Default)]
pub struct Tally {
    /// Contested commands.
    pub races: usize,
    /// Losers, who were all told the new state.
    pub losers: usize,
}

/// Lets [`RACERS`] connections send the same commands to the same case, for `rounds` cases.
pub async fn run(city: &City, rounds: usize) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut leader = Vec::new();
    let mut dispatcher = Vec::new();
    let mut clerk = Vec::new();
    for _ in 0..RACERS {
        leader.push(city.leader.connect(city.address).await?);
        dispatcher.push(city.dispatcher.connect(city.address).await?);
        clerk.push(city.co_clerk.connect(city.address).await?);
    }
    for round in 0..rounds {
        let first = leader.first_mut().context("a racer")?;
        let created: Value = first
            .post("/api/v1/reports", &city.report(round), None)
            .await?
            .json()?;
        let case = created["case"]["id"]
            .as_str()
            .context("no case")?
            .to_owned();
        let filed = race(
            &mut leader,
            &format!("/api/v1/cases/{case}/file"),
            &city.filing(),
            "filed",
            &mut tally,
        )
        .await?;
        ensure!(filed["stage"] == "filed", "filing won with {filed}");
        let path = format!("/api/v1/cases/{case}/dispatch");
        let under_way = race(
            &mut dispatcher,
            &path,
            &city.dispatch(),
            "handling",
            &mut tally,
        )
        .await?;
        let tasks = under_way["tasks"].as_array().context("no tasks")?;
        ensure!(
            tasks.len() == 2,
            "two organisations got {} tasks",
            tasks.len()
        );
        let task = tasks
            .iter()
            .find(|task| task["role"] == "co")
            .context("no co task")?["id"]
            .as_str()
            .context("no id")?
            .to_owned();
        race(
            &mut clerk,
            &format!("/api/v1/tasks/{task}/accept"),
            "{}",
            "handling",
            &mut tally,
        )
        .await?;
        timeline_is_single(leader.first_mut().context("a racer")?, &case).await?;
    }
    Ok(tally)
}

/// Sends `body` from every client at once; answers what the one winner got.
async fn race(
    clients: &mut [Client],
    path: &str,
    body: &str,
    stage: &str,
    tally: &mut Tally,
) -> Result<Value> {
    let replies = together(clients, path, body, None).await?;
    let mut winners = Vec::new();
    for reply in &replies {
        if won(reply)? {
            winners.push(reply.json::<Value>()?);
            continue;
        }
        let problem: Value = serde_json::from_slice(&reply.body)?;
        ensure!(
            problem["current"]["stage"] == stage,
            "a loser was not told the new state {stage}: {problem}"
        );
        tally.losers += 1;
    }
    tally.races += 1;
    ensure!(
        winners.len() == 1,
        "{} winners of POST {path}",
        winners.len()
    );
    winners.pop().context("no winner")
}

async fn together(
    clients: &mut [Client],
    path: &str,
    body: &str,
    key: Option<&str>,
) -> Result<Vec<Reply>> {
    // All requests are written before any answer is read: they stand in the server at the same time.
    for client in clients.iter_mut() {
        client.begin_post(path, body, key).await?;
    }
    let mut replies = Vec::with_capacity(clients.len());
    for client in clients.iter_mut() {
        replies.push(client.receive().await?);
    }
    Ok(replies)
}

/// Each thing happened once.
async fn timeline_is_single(client: &mut Client, case: &str) -> Result<()> {
    let detail: Value = client.get(&format!("/api/v1/cases/{case}")).await?.json()?;
    let timeline = detail["timeline"].as_array().context("no timeline")?;
    let kinds: Vec<&str> = timeline
        .iter()
        .filter_map(|event| event["kind"].as_str())
        .collect();
    ensure!(
        kinds
            == [
                "case_accepted",
                "case_filed",
                "case_dispatched",
                "task_accepted"
            ],
        "the timeline of {case} is {kinds:?}"
    );
    Ok(())
}

/// The same creation with one Idempotency-Key from every client at once, `rounds` times: one effect, one answer.
pub async fn one_key(city: &City, rounds: usize) -> Result<usize> {
    let mut clients = Vec::new();
    for _ in 0..RACERS {
        clients.push(city.leader.connect(city.address).await?);
    }
    for round in 0..rounds {
        let key = format!("one-key-{round}");
        let mut answers = BTreeSet::new();
        for reply in together(
            &mut clients,
            "/api/v1/reports",
            &city.report(round),
            Some(&key),
        )
        .await?
        {
            answers.insert(reply.json::<Value>()?.to_string());
        }
        ensure!(
            answers.len() == 1,
            "key {key} got {} answers: {answers:?}",
            answers.len()
        );
        let first = clients.first_mut().context("a client")?;
        let other = first
            .post("/api/v1/reports", &city.report(round + 1), Some(&key))
            .await?;
        let problem: Value = serde_json::from_slice(&other.body)?;
        ensure!(
            other.status == 422 && problem["code"] == "idempotency_key_reused",
            "{}: {problem}",
            other.status
        );
    }
    Ok(rounds)
}
