//! What searching costs: making the index anew, its size, and questions by common and rare words, by numbers and by what is typed at
//! intake, for one who sees all and for one who sees a part.

use crate::commands::{self, Office};
use crate::lists;
use access::Principal;
use anyhow::{Context, Result, ensure};
use base::PageRequest;
use casework::input::{CaseSimilarRequest, PlaceRequest};
use casework::search::{Cutter, Names, plain};
use casework::service::{CaseQuery, SearchQuery};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Cases whose words are asked for.
const SAMPLE: u32 = 200;
/// How often each question is asked.
const ROUNDS: usize = 3;
/// How long a finished index may take to be opened.
const OPENING_MAX: Duration = Duration::from_mins(1);

/// Prints the figures of the city in `folder`, as `bench lists --folder` left it there (its subfolder of that many cases).
pub fn run(binary: &Path, folder: &Path) -> Result<()> {
    ensure!(
        folder.join("chengyun.db").exists(),
        "{} holds no city: make one with `bench lists --folder`, and name its subfolder",
        folder.display()
    );
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(figures(folder))?;
    // With the index and its dictionary not asked yet.
    lists::server(binary, folder)
}

async fn figures(folder: &Path) -> Result<()> {
    let office = Arc::new(commands::office(folder).await?);
    let casework = office.city.casework.clone();
    let index = folder.join("search");
    let (began, place) = (Instant::now(), index.clone());
    let made = {
        let casework = casework.clone();
        tokio::task::spawn_blocking(move || casework.search_rebuild(&place)).await??
    };
    let took = began.elapsed();
    let bytes: u64 = (fs::read_dir(&index)?.flatten())
        .filter_map(|entry| entry.metadata().ok())
        .map(|metadata| metadata.len())
        .sum();
    println!(
        "{made} cases and reports indexed in {took:.1?}: {:.0} a second, {} MiB, {} bytes each",
        made as f64 / took.as_secs_f64(),
        bytes >> 20,
        bytes / made.max(1)
    );
    casework.search_in(&index)?;
    let opening = Instant::now();
    while casework.search_is_complete() != Some(true) {
        ensure!(opening.elapsed() < OPENING_MAX, "the index does not open");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("  checked and open after {:.1?}", opening.elapsed());
    let questions = questions(&office).await?;
    for (seer, principal) in [
        ("district", &office.leader),
        ("department", &office.clerks[0]),
    ] {
        for (kind, texts) in &questions {
            ask(&office, (seer, principal), kind, texts).await?;
        }
        similar(&office, (seer, principal)).await?;
    }
    let city = office.city.clone();
    tokio::task::spawn_blocking(move || city.close()).await?;
    Ok(())
}

/// What is asked, by kind: words of real titles one by one and two by two, characters, numbers, and what nothing has.
async fn questions(office: &Office) -> Result<Vec<(&'static str, Vec<String>)>> {
    let query = CaseQuery {
        page: PageRequest {
            limit: Some(SAMPLE),
            after: None,
        },
        ..CaseQuery::default()
    };
    let page = office
        .city
        .casework
        .case_list(&office.leader, query)
        .await?;
    let cutter = Cutter::default();
    let (mut words, mut pairs, mut characters) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (mut titles, mut tails) = (BTreeSet::new(), BTreeSet::new());
    for case in &page.items {
        let title = case.title.clone().context("a case without title")?;
        let of_title = cutter.words(&plain(&title), Names::default);
        characters.extend(title.chars().map(String::from));
        for pair in of_title.windows(2) {
            pairs.insert(pair.join(" "));
        }
        words.extend(of_title);
        titles.insert(title);
        let serial = case.case_no.rsplit('-').next().context("no serial")?;
        tails.insert(serial.to_owned());
    }
    let list = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>();
    let nothing = (0..50).map(|n| format!("麒麟{n}瓷器")).collect();
    Ok(vec![
        ("one word", list(words)),
        ("two words", list(pairs)),
        ("a whole title", list(titles)),
        ("one character", list(characters)),
        ("last digits", list(tails)),
        ("what nothing has", nothing),
    ])
}

async fn ask(
    office: &Office,
    (seer, principal): (&str, &Arc<Principal>),
    kind: &str,
    texts: &[String],
) -> Result<()> {
    let (mut times, mut found) = (Vec::new(), 0);
    for _ in 0..ROUNDS {
        for text in texts {
            let query = SearchQuery {
                text: text.clone(),
                kind: None,
                page: PageRequest {
                    limit: Some(20),
                    after: None,
                },
            };
            let began = Instant::now();
            let view = office.city.casework.search(principal, query).await?;
            times.push((began.elapsed(), text));
            found += view.items.len();
        }
    }
    print(seer, kind, &mut times, found);
    Ok(())
}

fn print(seer: &str, kind: &str, times: &mut [(Duration, &String)], found: usize) {
    times.sort();
    let at = |place: usize| {
        let found = times.get(place.min(times.len().saturating_sub(1)));
        found.map_or((0.0, ""), |(time, text)| {
            (time.as_secs_f64() * 1e3, text.as_str())
        })
    };
    let (worst, text) = at(times.len());
    println!(
        "  {seer}: {kind}, {} questions, {:.1} found each: p50 {:.1} ms, p99 {:.1} ms (must 50), worst {worst:.1} ms for {text}",
        times.len(),
        found as f64 / times.len().max(1) as f64,
        at(times.len() / 2).0,
        at(times.len() * 99 / 100).0,
    );
}

/// Open cases typed in once more, at their own place.
async fn similar(office: &Office, (seer, principal): (&str, &Arc<Principal>)) -> Result<()> {
    let query = CaseQuery {
        page: PageRequest {
            limit: Some(SAMPLE),
            after: None,
        },
        ..CaseQuery::default()
    };
    let page = office.city.casework.case_list(principal, query).await?;
    let (mut times, mut found) = (Vec::new(), 0);
    for case in &page.items {
        let view = office.city.casework.case_view(principal, case.id).await?;
        let request = CaseSimilarRequest {
            title: case.title.clone().unwrap_or_default(),
            detail: view.detail.clone().unwrap_or_default(),
            address: view.address.clone().unwrap_or_default(),
            place: PlaceRequest {
                lon: view.head.lon,
                lat: view.head.lat,
                ..PlaceRequest::default()
            },
            category_id: case
                .category
                .as_ref()
                .and_then(|named| named.id.parse().ok()),
            limit: None,
        };
        let began = Instant::now();
        let alike = office
            .city
            .casework
            .case_similar(principal, request)
            .await?;
        times.push((began.elapsed(), &case.case_no));
        found += alike.items.len();
    }
    print(seer, "alike while typed", &mut times, found);
    Ok(())
}
