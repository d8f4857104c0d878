//! A database with as many cases as one likes: a few are taken through the loop by command and then copied, row for row, with other
//! ids, times, places, categories, sources and organisations. What it is not: a city. Only its numbers are like one's.
//!
//! Three years that end yesterday; nearly all cases closed, 3 % cancelled or merged, the open ones mostly of the last days; streets,
//! categories and sources as uneven as in life.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "shares of small numbers, drawn for a measurement"
)]

use crate::commands::Office;
use crate::draw::Draw;
use access::{OrganisationKind, OrganisationNew, Sealer};
use anyhow::{Context, Result, bail};
use base::chance::SystemChance;
use base::{AreaLevel, Clock, Id, SystemClock, Timestamp, TreePath};
use casework::Call;
use casework::input::{
    CaseCloseRequest, CaseDispatchRequest, CaseFileRequest, CaseInspectResultRequest,
    CaseMarkRequest, CaseSuperviseRequest, ReportCreateRequest, SuspensionDecideRequest,
    SuspensionRequest, TaskAcceptRequest, TaskFinishRequest,
};
use casework::model::CaseStage;
use casework::service::CaseMark;
use casework::statistics::measures::kept;
use registry::ZoneNew;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

/// Sources with their share in a thousand.
const SOURCES: &[(&str, u64)] = &[
    ("hotline", 450),
    ("inspector", 300),
    ("citizen_app", 100),
    ("sensor", 60),
    ("camera", 40),
    ("department", 30),
    ("upper_platform", 12),
    ("leader", 5),
    ("media", 3),
];
const YEARS_SECONDS: i64 = 3 * 365 * 86_400;
const STATIONS: usize = 43;
const CATEGORIES: usize = 40;
/// The tables of a case, by the column that says of which report or case a row is.
const TABLES: &[(&str, &str)] = &[
    ("report", "id"),
    ("case_file", "id"),
    ("report_case", "case_id"),
    ("task", "case_id"),
    ("timeline", "subject_id"),
    ("obligation", "subject_id"),
];

/// What of the city the copies are spread over.
struct Spread {
    /// Each street with its villages.
    streets: Vec<(TreePath, Vec<TreePath>)>,
    categories: Vec<Id>,
    centre: (Id, TreePath),
    stations: Vec<(Id, TreePath)>,
    /// With the area each is made of.
    zones: Vec<(Id, TreePath)>,
}

/// The codes of a zone in which much lies, and of one in which little does.
pub(crate) const ZONES: [&str; 2] = ["BENCH-LARGE", "BENCH-SMALL"];

/// How many in a thousand cases are marked in one of the ways that a template is.
const MARKED: u64 = 20;

/// A case to copy: its stage, how it is marked, its report and itself.
type Subject = (CaseStage, Option<CaseMark>, Id, Id);

/// One case as it stands in the database, in some stage.
struct Template {
    stage: CaseStage,
    mark: Option<CaseMark>,
    report_id: Id,
    case_id: Id,
    accepted_at: i64,
    /// Table and its rows.
    rows: Vec<(usize, Vec<Vec<Value>>)>,
    title: String,
}

/// Fills the demo city in `folder` until it has `count` more cases. Answers the office, closed.
pub async fn fill(folder: &Path, count: usize) -> Result<()> {
    let office = crate::commands::office(folder).await?;
    let spread = spread(&office).await?;
    let subjects = templates(&office).await?;
    let city = office.city.clone();
    let numbers = (city.store.clone(), city.casework.statistics_follower());
    tokio::task::spawn_blocking(move || store::consumer::drain(&numbers.0, &numbers.1)).await??;
    tokio::task::spawn_blocking(move || city.close()).await?;
    drop(office);
    let sealer = Sealer::from_file(&folder.join("keys"), Arc::new(SystemChance))
        .context("reading the sealing keys")?;
    let mut connection = Connection::open(folder.join("chengyun.db"))?;
    connection.execute_batch(
        "PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; PRAGMA wal_autocheckpoint = 100000;",
    )?;
    let columns = columns(&connection)?;
    let templates = subjects
        .into_iter()
        .map(|subject| template(&connection, &columns, subject))
        .collect::<Result<Vec<_>>>()?;
    let indexes = drop_indexes(&connection)?;
    let first = SystemClock.now().plus_seconds(-YEARS_SECONDS - 86_400);
    let mut draw = Draw(7);
    let mut written = 0;
    while written < count {
        let until = (written + 20_000).min(count);
        let transaction = connection.transaction()?;
        for n in written..until {
            let share = n as f64 / count as f64;
            let at = first.plus_seconds((share * YEARS_SECONDS as f64) as i64);
            let age_days = (1.0 - share) * 3.0 * 365.0;
            copy(
                &transaction,
                &columns,
                &templates,
                &spread,
                &sealer,
                at,
                age_days,
                &mut draw,
            )?;
        }
        transaction.commit()?;
        written = until;
    }
    for index in indexes {
        connection.execute_batch(&index)?;
    }
    sum_up(&connection)?;
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")?;
    Ok(())
}

async fn spread(office: &Office) -> Result<Spread> {
    let city = &office.city;
    let console = city.console().await?;
    let snapshot = city.registry.snapshot();
    let streets: Vec<_> = snapshot
        .areas
        .areas()
        .iter()
        .filter(|area| area.level == AreaLevel::Street)
        .map(|street| {
            let below = snapshot.areas.below(&street.path);
            (
                street.path.clone(),
                below.map(|area| area.path.clone()).collect::<Vec<_>>(),
            )
        })
        .collect();
    let categories = snapshot
        .rules
        .standards()
        .iter()
        .flat_map(|standard| snapshot.rules.categories(standard.id))
        .map(|category| category.id)
        .take(CATEGORIES)
        .collect();
    let centre = office.centre.clone();
    let mut stations = Vec::new();
    for n in 0..STATIONS {
        let new = OrganisationNew {
            code: format!("BENCH-{n}"),
            name: format!("联勤联动工作站{n}"),
            kind: OrganisationKind::Station,
            parent_id: Some(centre.0),
            home_area_path: None,
            credit_code: None,
        };
        let made = city.access.organisation_create(&console, new, None).await?;
        stations.push((made.id, made.path.clone()));
    }
    let (street, villages) = streets.first().context("no streets")?;
    let village = villages.last().unwrap_or(street);
    let mut zones = Vec::new();
    for (code, area) in ZONES.into_iter().zip([street, village]) {
        let new: ZoneNew = serde_json::from_value(json!({
            "code": code, "name": code, "kind": "bench", "area_paths": [area],
        }))?;
        let made = city.registry.zone_create(&console, new, None).await?;
        zones.push((made.id, area.clone()));
    }
    Ok(Spread {
        streets,
        categories,
        centre,
        stations,
        zones,
    })
}

/// Takes one case to every stage that commands reach, and some that are marked on the way.
async fn templates(office: &Office) -> Result<Vec<Subject>> {
    let casework = &office.city.casework;
    let mut found = Vec::new();
    let plain = CaseStage::ALL
        .iter()
        .filter(|stage| stage.is_open() || **stage == CaseStage::Closed)
        .map(|stage| (*stage, None));
    let marked = [
        (CaseStage::Handling, CaseMark::Important),
        (CaseStage::Handling, CaseMark::Supervised),
        (CaseStage::Handling, CaseMark::Suspended),
        (CaseStage::Closed, CaseMark::Important),
    ];
    let all = plain.chain(marked.map(|(stage, mark)| (stage, Some(mark))));
    for (n, (wanted, mark)) in all.enumerate() {
        let leader = Call::of(office.leader.clone());
        let body = crate::city::report(n, &office.category_id.to_string());
        let input: ReportCreateRequest = serde_json::from_value(body)?;
        let created = casework.report_create(&leader, input).await?;
        let case_id = created.case.context("no case")?.id;
        found.push((wanted, mark, created.report.id, case_id));
        if wanted == CaseStage::Accepted {
            continue;
        }
        let input = CaseFileRequest {
            rule_row_id: Some(office.rule_row_id),
        };
        casework.case_file(&leader, case_id, input).await?;
        if wanted == CaseStage::Filed {
            continue;
        }
        let input: CaseDispatchRequest = serde_json::from_value(json!({
            "lead_organisation_id": office.dispatched[0],
            "co_organisation_ids": [office.dispatched[1]],
        }))?;
        let state = casework
            .case_dispatch(&Call::of(office.dispatcher.clone()), case_id, input)
            .await?;
        let lead = state.tasks.first().context("no task")?.id;
        if let Some(mark) = mark {
            self::mark(office, case_id, lead, mark).await?;
        }
        if wanted == CaseStage::Handling {
            continue;
        }
        for (task, clerk) in state.tasks.iter().zip(&office.clerks).rev() {
            let call = Call::of(clerk.clone());
            casework
                .task_accept(&call, task.id, TaskAcceptRequest::default())
                .await?;
            let input = TaskFinishRequest::default();
            casework.task_finish(&call, task.id, input).await?;
        }
        if wanted == CaseStage::Inspecting {
            continue;
        }
        let input: CaseInspectResultRequest = serde_json::from_value(json!({ "passed": true }))?;
        casework
            .case_inspect_result(&Call::of(office.inspector.clone()), case_id, input)
            .await?;
        if wanted == CaseStage::Closing {
            continue;
        }
        let input: CaseCloseRequest =
            serde_json::from_value(json!({ "rule_row_id": office.rule_row_id }))?;
        casework.case_close(&leader, case_id, input).await?;
    }
    Ok(found)
}

/// Marks a case by the commands that do; its lead has the task `task_id`.
async fn mark(office: &Office, case_id: Id, task_id: Id, mark: CaseMark) -> Result<()> {
    let casework = &office.city.casework;
    let leader = Call::of(office.leader.clone());
    match mark {
        CaseMark::Important => {
            let input: CaseMarkRequest = serde_json::from_value(json!({ "important": true }))?;
            casework.case_mark(&leader, case_id, input).await?;
        }
        CaseMark::Supervised => {
            let input: CaseSuperviseRequest =
                serde_json::from_value(json!({ "demand": "今日办结" }))?;
            casework.case_supervise(&leader, case_id, input).await?;
        }
        CaseMark::Suspended | CaseMark::Asked => {
            let clerk = Call::of(office.clerks[0].clone());
            let input = TaskAcceptRequest::default();
            casework.task_accept(&clerk, task_id, input).await?;
            let until = SystemClock.now().plus_seconds(3 * 86_400);
            let input: SuspensionRequest =
                serde_json::from_value(json!({ "until": until, "reason": "待产权单位" }))?;
            casework.suspension_request(&clerk, task_id, input).await?;
            if mark == CaseMark::Asked {
                return Ok(());
            }
            let input: SuspensionDecideRequest =
                serde_json::from_value(json!({ "approved": true }))?;
            casework.suspension_decide(&leader, task_id, input).await?;
        }
        CaseMark::Escalated => bail!("only a clock that runs out raises a case"),
    }
    Ok(())
}

fn columns(connection: &Connection) -> Result<Vec<Vec<String>>> {
    TABLES
        .iter()
        .map(|(table, _)| {
            let statement = connection.prepare(&format!("SELECT * FROM {table}"))?;
            Ok(statement.column_names().map(str::to_owned).collect())
        })
        .collect()
}

fn template(
    connection: &Connection,
    columns: &[Vec<String>],
    (stage, mark, report_id, case_id): Subject,
) -> Result<Template> {
    let mut rows = Vec::new();
    for (n, ((table, key), names)) in TABLES.iter().zip(columns).enumerate() {
        let subjects = match *table {
            "report" => vec![report_id],
            "timeline" | "obligation" => vec![report_id, case_id],
            _ => vec![case_id],
        };
        for subject in subjects {
            let mut statement =
                connection.prepare(&format!("SELECT * FROM {table} WHERE {key} = ?1"))?;
            let found: Vec<Vec<Value>> = statement
                .query_map([subject.0], |row| {
                    (0..names.len()).map(|n| row.get(n)).collect()
                })?
                .collect::<Result<_, _>>()?;
            rows.push((n, found));
        }
    }
    let accepted_at = connection.query_row(
        "SELECT accepted_at FROM case_file WHERE id = ?1",
        [case_id.0],
        |row| row.get(0),
    )?;
    Ok(Template {
        stage,
        mark,
        report_id,
        case_id,
        accepted_at,
        rows,
        title: "盈港路菜场门口有一堆生活垃圾".to_owned(),
    })
}

/// Indexes are made anew afterwards, which is quicker.
fn drop_indexes(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN
         ('report', 'case_file', 'report_case', 'task', 'timeline', 'case_organisation', 'obligation')",
    )?;
    let found: Vec<(String, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (name, _) in &found {
        connection.execute_batch(&format!("DROP INDEX {name}"))?;
    }
    Ok(found.into_iter().map(|(_, sql)| sql).collect())
}

#[expect(
    clippy::too_many_arguments,
    reason = "one caller, and a struct of them would be no clearer"
)]
fn copy(
    connection: &Connection,
    columns: &[Vec<String>],
    templates: &[Template],
    spread: &Spread,
    sealer: &Sealer,
    at: Timestamp,
    age_days: f64,
    draw: &mut Draw,
) -> Result<()> {
    let is_open = draw.below(1000) < ((-age_days / 4.0).exp() * 1000.0) as u64 + 1;
    let is_marked = draw.below(1000) < MARKED;
    let fitting: Vec<&Template> = templates
        .iter()
        .filter(|each| each.stage.is_open() == is_open && each.mark.is_some() == is_marked)
        .collect();
    let template = fitting
        .get(draw.below(fitting.len() as u64) as usize)
        .context("no template")?;
    let stage = match (template.stage, draw.below(1000)) {
        (CaseStage::Closed, 0..20) => CaseStage::Cancelled,
        (CaseStage::Closed, 20..30) => CaseStage::Merged,
        (stage, _) => stage,
    };
    let level = match draw.below(1000) {
        0..5 => "critical",
        5..55 => "urgent",
        _ => "normal",
    };
    let mut share = draw.below(1000);
    let source = SOURCES.iter().find(|(_, of_thousand)| {
        let found = share < *of_thousand;
        share = share.saturating_sub(*of_thousand);
        found
    });
    let source = source.map_or("hotline", |(name, _)| *name);
    let (street, villages) = draw.uneven(&spread.streets).context("no streets")?;
    let village = villages
        .get(draw.below(villages.len() as u64) as usize)
        .unwrap_or(street);
    let nth = spread.streets.iter().position(|(path, _)| path == street);
    let point = draw.point(nth.unwrap_or_default());
    let category = draw.uneven(&spread.categories).context("no categories")?;
    let lead = draw
        .uneven(&spread.stations)
        .context("no stations")?
        .clone();
    let co = draw
        .uneven(&spread.stations)
        .context("no stations")?
        .clone();
    // Old and new ids: of the report, the case, and whatever else the rows name.
    let base = Id::first_at(at).0;
    let (report_id, case_id) = (Id(base), Id(base + 1));
    let mut ids = HashMap::from([
        (template.report_id.0, report_id.0),
        (template.case_id.0, case_id.0),
    ]);
    let tasks = template
        .rows
        .iter()
        .filter(|(table, _)| TABLES.get(*table).is_some_and(|(name, _)| *name == "task"));
    for (n, row) in (2..).zip(tasks.flat_map(|(_, rows)| rows)) {
        if let Some(Value::Integer(id)) = row.first() {
            ids.insert(*id, base + n);
        }
    }
    let day = at.to_string();
    let number = format!(
        "310118-{}-{:05}",
        day.get(..10).unwrap_or_default().replace('-', ""),
        draw.below(u64::MAX) % 1_000_000_000_000
    );
    let shift = at.0 - template.accepted_at;
    let mut organisations = BTreeSet::from([spread.centre.1.clone()]);
    for (table, rows) in &template.rows {
        let (Some((name, _)), Some(names)) = (TABLES.get(*table), columns.get(*table)) else {
            continue;
        };
        let marks: Vec<String> = (1..=names.len()).map(|n| format!("?{n}")).collect();
        let mut insert = connection
            .prepare_cached(&format!("INSERT INTO {name} VALUES ({})", marks.join(", ")))?;
        let mut seen: HashMap<String, usize> = HashMap::new();
        for (n, row) in rows.iter().enumerate() {
            // Of tasks the first is the lead's; of obligations the first of each kind.
            let n = match (*name, row.get(2)) {
                ("obligation", Some(Value::Text(kind))) => {
                    let count = seen.entry(kind.clone()).or_default();
                    *count += 1;
                    *count - 1
                }
                _ => n,
            };
            let is_handlers = match row.get(2) {
                Some(Value::Text(kind)) => ["respond", "handle", "close"].contains(&kind.as_str()),
                _ => false,
            };
            let held = if n == 0 { &lead } else { &co };
            if *name == "task" {
                organisations.extend(held.1.ancestors());
            }
            let values = row.iter().zip(names).map(|(value, column)| {
                let text = |text: &str| Value::Text(text.to_owned());
                match (*name, column.as_str(), value) {
                    ("case_file", "stage", _) => text(stage.as_str()),
                    (_, "level", _) => text(level),
                    (_, "case_no", _) => text(&number),
                    (_, "report_no", _) => Value::Text(format!("SQ{number}")),
                    (_, "lon", _) => Value::Real(point.0),
                    (_, "lat", _) => Value::Real(point.1),
                    (_, "area_path", _) => text(village.as_str()),
                    (_, "street_path", _) => text(street.as_str()),
                    (_, "category_id", _) => Value::Integer(category.0),
                    (_, "title_sealed", _) => Value::Blob(sealer.seal(template.title.as_bytes(), &format!("report.title:{report_id}"))),
                    ("report", "words_sealed", _) => {
                        let words = json!({ "title": template.title, "detail": template.title, "address": null });
                        Value::Blob(sealer.seal_text(&words.to_string(), &format!("report.words:{report_id}")).sealed)
                    }
                    ("report", "reporter_sealed", _) => Value::Null,
                    (_, "lead_organisation_id", Value::Integer(_)) => Value::Integer(lead.0.0),
                    // Each organisation has one person who works on its tasks.
                    ("task", "organisation_id", _) | ("task", "assignee", Value::Integer(_)) => {
                        Value::Integer(held.0.0)
                    }
                    ("task", "organisation_path", _) => text(held.1.as_str()),
                    ("obligation", "organisation_id", _) if is_handlers => Value::Integer(held.0.0),
                    ("obligation", "organisation_path", _) if is_handlers => text(held.1.as_str()),
                    ("obligation" | "case_file" | "report", "source", _) => text(source),
                    ("obligation", "marks", other) => other.clone(),
                    ("obligation", "at", Value::Integer(moment)) => Value::Integer(moment + shift),
                    (_, column, Value::Integer(moment)) if column.ends_with("_at") => Value::Integer(moment + shift),
                    (_, _, Value::Integer(id)) => Value::Integer(ids.get(id).copied().unwrap_or(*id)),
                    (_, "body" | "extra", Value::Text(body)) => {
                        let mut body = body.clone();
                        for (old, new) in &ids {
                            body = body.replace(&old.to_string(), &new.to_string());
                        }
                        Value::Text(body)
                    }
                    (_, _, other) => other.clone(),
                }
            });
            insert.execute(params_from_iter(values))?;
        }
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO case_organisation (case_id, organisation_path) VALUES (?1, ?2)",
    )?;
    for path in organisations {
        insert.execute(rusqlite::params![case_id.0, path.as_str()])?;
    }
    for (zone, _) in spread
        .zones
        .iter()
        .filter(|(_, area)| area.contains(village))
    {
        for (of, id) in [("case", case_id), ("report", report_id)] {
            connection
                .prepare_cached(&format!(
                    "INSERT INTO {of}_zone (zone_id, {of}_id) VALUES (?1, ?2)"
                ))?
                .execute([zone.0, id.0])?;
        }
    }
    Ok(())
}

/// The sums by day, as the follower would have kept them.
fn sum_up(connection: &Connection) -> Result<()> {
    let day = 86_400_000_000_i64;
    let ahead = day / 3;
    let columns: Vec<&str> = kept().map(|measure| measure.code).collect();
    let sums: Vec<String> = kept()
        .map(|measure| {
            let (kind, with) = (measure.kind, measure.with.0);
            format!("SUM(kind = '{kind}' AND (marks & {with}) = {with})")
        })
        .collect();
    connection.execute_batch("DELETE FROM obligation_day")?;
    for (dimension, key, path, condition) in [
        (
            "organisation",
            "CAST(organisation_id AS TEXT)",
            "organisation_path",
            "TRUE",
        ),
        (
            "category",
            "COALESCE(CAST(category_id AS TEXT), '')",
            "''",
            "TRUE",
        ),
        ("source", "source", "''", "TRUE"),
        (
            "person",
            "role || '/' || staff_id",
            "''",
            "staff_id IS NOT NULL",
        ),
    ] {
        connection.execute_batch(&format!(
            "INSERT INTO obligation_day (dimension, day, key, place_path, organisation_path, {})
             SELECT '{dimension}', (at + {ahead}) / {day} * {day} - {ahead}, {key}, COALESCE(street_path, area_path, ''), {path}, {}
             FROM obligation WHERE {condition} GROUP BY 2, 3, 4, 5",
            columns.join(", "),
            sums.join(", ")
        ))?;
    }
    Ok(())
}
