//! What the lists of cases and of tasks can be narrowed by, with common and rare values, and every combination of up to three.

use crate::commands::Office;
use crate::mass::ZONES;
use anyhow::{Context, Result};
use base::{AreaLevel, Id, PageRequest, Timestamp};
use casework::clocks::Light;
use casework::model::{CaseStage, Level, ReportStage, TaskKind, TaskState};
use casework::service::{
    CaseBox, CaseMark, CaseQuery, CaseSort, ReportBox, ReportClaim, ReportQuery, ReportSort,
    TaskBox, TaskQuery,
};
use std::sync::Arc;

type Set<Q> = Arc<dyn Fn(&mut Q) + Send + Sync>;

/// One choice a list offers: its name, and what each of its values sets.
pub type Choice<Q> = (&'static str, Vec<(String, Set<Q>)>);

/// A choice by the names of its values.
fn one<Q: 'static, V: Clone + Send + Sync + 'static>(
    values: &[(&str, V)],
    set: fn(&mut Q, V),
) -> Vec<(String, Set<Q>)> {
    values
        .iter()
        .map(|(name, value)| {
            let value = value.clone();
            let set: Set<Q> = Arc::new(move |query: &mut Q| set(query, value.clone()));
            ((*name).to_owned(), set)
        })
        .collect()
}

/// A large and a small street, and a village.
fn areas(office: &Office) -> Result<[(&'static str, String); 3]> {
    let snapshot = office.city.registry.snapshot();
    let streets: Vec<_> = snapshot
        .areas
        .areas()
        .iter()
        .filter(|area| area.level == AreaLevel::Street)
        .collect();
    let first = streets.first().context("no streets")?;
    let village = snapshot.areas.below(&first.path).last();
    let last = streets.last().context("no streets")?;
    Ok([
        ("large street", first.code.to_string()),
        ("small street", last.code.to_string()),
        ("village", village.context("no village")?.code.to_string()),
    ])
}

/// The one in which much lies, and the one in which little does.
fn zones(office: &Office) -> Result<Vec<(&'static str, Id)>> {
    let snapshot = office.city.registry.snapshot();
    let of = |(name, code): (&'static str, &str)| {
        let mut all = snapshot.zones.zones().iter();
        let zone = all.find(|zone| zone.code.as_deref() == Some(code));
        Some((name, zone?.id))
    };
    let found = ["large", "small"].into_iter().zip(ZONES).map(of);
    found.collect::<Option<_>>().context("no zones")
}

fn sources() -> [(&'static str, String); 3] {
    [
        ("common", "hotline".to_owned()),
        ("rare", "media".to_owned()),
        ("unknown", "nobody".to_owned()),
    ]
}

/// The day of the newest case, as its number has it.
async fn day(office: &Office) -> Result<(String, Timestamp)> {
    let casework = &office.city.casework;
    let newest = casework
        .case_list(&office.leader, CaseQuery::default())
        .await?;
    let newest = newest.items.first().context("no cases")?;
    let number = newest.case_no.get(..15).unwrap_or_default().to_owned();
    Ok((number, newest.accepted_at))
}

/// What the list of cases offers.
pub(crate) async fn of_cases(office: &Office) -> Result<Vec<Choice<CaseQuery>>> {
    let snapshot = office.city.registry.snapshot();
    let categories: Vec<Id> = snapshot
        .rules
        .standards()
        .iter()
        .flat_map(|standard| snapshot.rules.categories(standard.id))
        .map(|category| category.id)
        .take(40)
        .collect();
    let category = |n: usize| categories.get(n).copied().context("no category");
    let organisations = organisations(office).await?;
    let (number, newest_at) = day(office).await?;
    let stages = CaseStage::ALL.iter().map(|stage| (stage.as_str(), *stage));
    let quarter: fn(Timestamp) -> Timestamp = |at| at.plus_seconds(-90 * 86_400);
    Ok(vec![
        (
            "box",
            one(
                &[
                    ("todo", CaseBox::Todo),
                    ("doing", CaseBox::Doing),
                    ("done", CaseBox::Done),
                    ("overdue", CaseBox::Overdue),
                    ("supervised", CaseBox::Supervised),
                    ("suspended", CaseBox::Suspended),
                    ("to_decide", CaseBox::ToDecide),
                    ("escalated", CaseBox::Escalated),
                    ("watched", CaseBox::Watched),
                ],
                |query, value| query.of_box = Some(value),
            ),
        ),
        (
            "stage",
            one(
                &stages.collect::<Vec<_>>(),
                |query: &mut CaseQuery, value| query.stage = Some(value),
            ),
        ),
        (
            "level",
            one(
                &[
                    ("normal", Level::Normal),
                    ("urgent", Level::Urgent),
                    ("critical", Level::Critical),
                ],
                |query, value| query.level = Some(value),
            ),
        ),
        (
            "area",
            one(&areas(office)?, |query, value| {
                query.area_code = Some(value)
            }),
        ),
        (
            "zone",
            one(&zones(office)?, |query: &mut CaseQuery, value| {
                query.zone_id = Some(value)
            }),
        ),
        (
            "within",
            one(
                &[
                    ("all", "120.9,30.9,121.4,31.4".to_owned()),
                    ("a street", "120.99,30.99,121.01,31.01".to_owned()),
                    ("a corner", "121.0,31.0,121.001,31.001".to_owned()),
                ],
                |query, value| query.within = Some(value),
            ),
        ),
        (
            "category",
            one(
                &[
                    ("common", category(0)?),
                    ("rare", category(categories.len().saturating_sub(1))?),
                ],
                |query, value| query.category_id = Some(value),
            ),
        ),
        (
            "organisation",
            one(&organisations, |query, value| {
                query.organisation_id = Some(value)
            }),
        ),
        (
            "source",
            one(&sources(), |query, value| query.source = Some(value)),
        ),
        (
            "light",
            one(
                &[("red", Light::Red), ("green", Light::Green)],
                |query, value| query.light = Some(value),
            ),
        ),
        (
            "mark",
            one(
                &[
                    ("important", CaseMark::Important),
                    ("supervised", CaseMark::Supervised),
                    ("suspended", CaseMark::Suspended),
                    ("asked", CaseMark::Asked),
                    ("escalated", CaseMark::Escalated),
                ],
                |query, value| query.mark = Some(value),
            ),
        ),
        (
            "accepted",
            one(
                &[
                    ("last quarter", (quarter(newest_at), newest_at)),
                    (
                        "a year ago",
                        (
                            newest_at.plus_seconds(-400 * 86_400),
                            newest_at.plus_seconds(-370 * 86_400),
                        ),
                    ),
                ],
                |query, (from, to)| {
                    (query.accepted_from, query.accepted_to) = (Some(from), Some(to))
                },
            ),
        ),
        (
            "number",
            one(&[("of a day", number)], |query, value| {
                query.q = Some(value)
            }),
        ),
        (
            "sort",
            one(
                &[("due", CaseSort::Due), ("updated", CaseSort::Updated)],
                |query, value| query.sort = value,
            ),
        ),
    ])
}

/// One that holds everything, one that holds much and one that holds little.
async fn organisations(office: &Office) -> Result<[(&'static str, Id); 3]> {
    let console = office.city.console().await?;
    let all = PageRequest {
        limit: Some(200),
        after: None,
    };
    let known = office
        .city
        .access
        .organisation_list(&console, None, None, &all)
        .await?;
    let station = |code: &str| {
        let found = known.items.iter().find(|each| each.code == code);
        found.map(|each| each.id).context("no organisation")
    };
    Ok([
        ("centre", office.centre.0),
        ("large", station("BENCH-0")?),
        ("small", station("BENCH-42")?),
    ])
}

/// What the list of tasks offers.
pub(crate) async fn of_tasks(office: &Office) -> Result<Vec<Choice<TaskQuery>>> {
    let states = TaskState::ALL.iter().map(|state| (state.as_str(), *state));
    let kinds = TaskKind::ALL.iter().map(|kind| (kind.as_str(), *kind));
    Ok(vec![
        (
            "state",
            one(
                &states.collect::<Vec<_>>(),
                |query: &mut TaskQuery, value| {
                    query.state = Some(value);
                },
            ),
        ),
        (
            "kind",
            one(
                &kinds.collect::<Vec<_>>(),
                |query: &mut TaskQuery, value| {
                    query.kind = Some(value);
                },
            ),
        ),
        (
            "organisation",
            one(
                &organisations(office).await?,
                |query: &mut TaskQuery, value| {
                    query.organisation_id = Some(value);
                },
            ),
        ),
        (
            "box",
            one(
                &[
                    ("todo", TaskBox::Todo),
                    ("doing", TaskBox::Doing),
                    ("done", TaskBox::Done),
                    ("returned", TaskBox::Returned),
                    ("overdue", TaskBox::Overdue),
                ],
                |query: &mut TaskQuery, value| query.of_box = Some(value),
            ),
        ),
        (
            "mine",
            one(&[("yes", true)], |query: &mut TaskQuery, value| {
                query.mine = value
            }),
        ),
    ])
}

/// What the list of reports offers.
pub(crate) async fn of_reports(office: &Office) -> Result<Vec<Choice<ReportQuery>>> {
    let stages = ReportStage::ALL
        .iter()
        .map(|stage| (stage.as_str(), *stage));
    let levels = Level::ALL.iter().map(|level| (level.as_str(), *level));
    let (number, newest_at) = day(office).await?;
    let quarter_ago = newest_at.plus_seconds(-90 * 86_400);
    Ok(vec![
        (
            "box",
            one(
                &[
                    ("pool", ReportBox::Pool),
                    ("mine", ReportBox::Mine),
                    ("overdue", ReportBox::Overdue),
                    ("callback", ReportBox::Callback),
                    ("doing", ReportBox::Doing),
                    ("done", ReportBox::Done),
                ],
                |query: &mut ReportQuery, value| query.of_box = Some(value),
            ),
        ),
        (
            "received",
            one(
                &[("last quarter", (quarter_ago, newest_at))],
                |query: &mut ReportQuery, (from, to)| {
                    (query.received_from, query.received_to) = (Some(from), Some(to));
                },
            ),
        ),
        (
            "sort",
            one(
                &[("due", ReportSort::Due)],
                |query: &mut ReportQuery, value| query.sort = value,
            ),
        ),
        (
            "stage",
            one(
                &stages.collect::<Vec<_>>(),
                |query: &mut ReportQuery, value| query.stage = Some(value),
            ),
        ),
        (
            "level",
            one(
                &levels.collect::<Vec<_>>(),
                |query: &mut ReportQuery, value| query.level = Some(value),
            ),
        ),
        (
            "area",
            one(&areas(office)?, |query: &mut ReportQuery, value| {
                query.area_code = Some(value);
            }),
        ),
        (
            "source",
            one(&sources(), |query: &mut ReportQuery, value| {
                query.source = Some(value);
            }),
        ),
        (
            "claimed",
            one(
                &[("me", ReportClaim::Me), ("nobody", ReportClaim::Nobody)],
                |query: &mut ReportQuery, value| query.claimed = Some(value),
            ),
        ),
        (
            "light",
            one(
                &[("red", Light::Red), ("green", Light::Green)],
                |query: &mut ReportQuery, value| query.light = Some(value),
            ),
        ),
        (
            "number",
            one(
                &[("of a day", format!("SQ{number}"))],
                |query: &mut ReportQuery, value| query.q = Some(value),
            ),
        ),
    ])
}

/// What is chosen in a combination, without the values.
pub fn choices_of(name: &str) -> Vec<String> {
    let before_values = name.match_indices('=').map(|(at, _)| name.get(..at));
    let last_words = before_values.filter_map(|before| before?.rsplit(' ').next());
    last_words.map(str::to_owned).collect()
}

/// None, each one, each two and each three of the choices, in every value.
pub fn combinations<Q: Clone + Default>(choices: &[Choice<Q>]) -> Vec<(String, Q)> {
    let mut found = vec![(String::new(), 0, 0, Q::default())];
    let mut at = 0;
    while let Some((name, next, chosen, query)) = found.get(at).cloned() {
        at += 1;
        if chosen == 3 {
            continue;
        }
        for (n, (choice, values)) in choices.iter().enumerate().skip(next) {
            for (value, set) in values {
                let mut query = query.clone();
                set(&mut query);
                found.push((format!("{name} {choice}={value}"), n + 1, chosen + 1, query));
            }
        }
    }
    found
        .into_iter()
        .map(|(name, _, _, query)| (name, query))
        .collect()
}
