//! What the records name, founded: their departments with a clerk each, their sources, and a process of two steps.

use super::Record;
use crate::founding::{Person, Rooms, SeedError, data, person_enter};
use access::{OrganisationKind, OrganisationNew, Principal};
use base::{Id, PageRequest, Timestamp};
use casework::input::SourceCreateRequest;
use casework::input::processes::ProcessRequest;
use casework::model::{ChannelKind, TaskState};
use casework::service::{Group, StatisticsQuery, TaskQuery, WINDOW_DAYS_MAX};
use casework::{Call, Casework};
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The process that records go through, and the one it is made of.
pub(super) const PROCESS: &str = "replayed";
const BASE: &str = "quick";
/// What the keys of the records are keys of.
pub(super) const SYSTEM: &str = "replay";
/// The longest limit a process may have: records end sooner, so that what has no deadline is never late.
pub(super) const NO_DEADLINE_DAYS: i64 = 1_000;
/// The same in minutes: the records do not say when a case was accepted.
const NO_HURRY: i64 = NO_DEADLINE_DAYS * 1_440;

/// What was handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Handled {
    /// Tasks finished.
    pub handled: i64,
    /// Those finished in time.
    pub in_time: i64,
}

/// Who handles a department's cases.
pub(super) struct Department {
    pub(super) id: Id,
    pub(super) clerk: Call,
}

pub(super) struct Town {
    /// Who takes the reports, gives them on and sets deadlines.
    pub(super) leader: Call,
    departments: HashMap<String, Department>,
    /// Our codes of their sources.
    sources: HashMap<String, String>,
}

impl Town {
    pub(super) async fn found(
        rooms: &Rooms<'_>,
        console: &Arc<Principal>,
        records: &[Record],
    ) -> Result<Self, SeedError> {
        let organisation = |code: String, name: String, parent_id: Option<Id>| OrganisationNew {
            code,
            name,
            kind: if parent_id.is_some() {
                OrganisationKind::Department
            } else {
                OrganisationKind::Centre
            },
            parent_id,
            home_area_path: None,
            credit_code: None,
        };
        let access = rooms.access;
        let centre = organisation("CENTRE".to_owned(), "Centre".to_owned(), None);
        let centre = access.organisation_create(console, centre, None).await?;
        let person = |login: String, organisation_id, role: &str| Person {
            name: login.clone(),
            login,
            organisation_id,
            role: role.to_owned(),
            area_path: None,
            password: None,
        };
        let leader = person("leader".to_owned(), centre.id, "shift_leader");
        let leader = Call::of(person_enter(access, console, leader).await?);
        let mut departments = HashMap::new();
        let names: BTreeSet<&str> = records
            .iter()
            .map(|each| each.department.as_str())
            .collect();
        for (n, name) in (1..).zip(names) {
            let new = organisation(format!("DEPARTMENT-{n}"), name.to_owned(), Some(centre.id));
            let made = access.organisation_create(console, new, None).await?;
            let clerk = person(format!("clerk-{n}"), made.id, "department_clerk");
            let clerk = Call::of(person_enter(access, console, clerk).await?);
            let department = Department { id: made.id, clerk };
            departments.insert(name.to_owned(), department);
        }
        let admin = Call::of(console.clone());
        let mut sources = HashMap::new();
        let names: BTreeSet<&str> = records.iter().map(|each| each.source.as_str()).collect();
        for (n, name) in (1..).zip(names) {
            let code = format!("replayed_{n}");
            let source = SourceCreateRequest {
                code: code.clone(),
                name_zh: name.to_owned(),
                name_en: name.to_owned(),
                channel: ChannelKind::Online,
            };
            rooms.casework.source_create(&admin, source).await?;
            sources.insert(name.to_owned(), code);
        }
        process_save(rooms.casework, &admin, &sources).await?;
        Ok(Self {
            leader,
            departments,
            sources,
        })
    }

    pub(super) fn department(&self, name: &str) -> Result<&Department, SeedError> {
        self.departments.get(name).ok_or_else(|| data(name))
    }

    pub(super) fn source(&self, name: &str) -> Result<&str, SeedError> {
        let code = self.sources.get(name).ok_or_else(|| data(name))?;
        Ok(code)
    }

    /// Of every task that was finished, whether it was late: read page by page, as a clerk's list has them.
    pub(super) async fn late_tasks(
        &self,
        casework: &Casework,
    ) -> Result<HashMap<Id, bool>, SeedError> {
        let mut found = HashMap::new();
        let mut after = None;
        loop {
            let query = TaskQuery {
                state: Some(TaskState::Finished),
                page: PageRequest {
                    limit: Some(200),
                    after,
                },
                ..TaskQuery::default()
            };
            let page = casework.task_list(&self.leader.principal, query).await?;
            let tasks = page.items.iter().map(|listed| &listed.task);
            found.extend(tasks.map(|task| (task.id, task.handling_overdue)));
            after = page.next;
            if after.is_none() {
                return Ok(found);
            }
        }
    }

    /// What each department handled, and what of it in time, added up over windows as long as the statistics answer.
    pub(super) async fn rates(
        &self,
        casework: &Casework,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<BTreeMap<String, Handled>, SeedError> {
        let mut found: BTreeMap<String, Handled> = BTreeMap::new();
        let mut begin = from;
        while begin < until {
            let end = begin.plus_seconds(WINDOW_DAYS_MAX * 86_400).min(until);
            let query = StatisticsQuery {
                from: Some(begin),
                until: Some(end),
                group: Some(Group::Organisation),
                ..StatisticsQuery::default()
            };
            let view = casework
                .statistics_view(&self.leader.principal, query)
                .await?;
            for line in view.lines {
                let of = |measure: &str| line.measures.get(measure).copied().unwrap_or(0);
                let name = line.name.clone().unwrap_or_default();
                if self.departments.contains_key(&name) {
                    let sums = found.entry(name).or_default();
                    sums.handled += of("handle_done");
                    sums.in_time += of("handle_on_time");
                }
            }
            begin = end;
        }
        Ok(found)
    }
}

/// A process of two steps: given on by the centre, done when the department says so, late when the records' deadline has passed.
async fn process_save(
    casework: &Casework,
    admin: &Call,
    sources: &HashMap<String, String>,
) -> Result<(), SeedError> {
    let base = casework.process_view(BASE.to_owned(), None).await?;
    let mut document = base.document;
    let sources: BTreeSet<&String> = sources.values().collect();
    document["code"] = json!(PROCESS);
    document["version"] = json!(1);
    document["name"] = json!("Replayed");
    document["sources"] = json!(sources);
    document["dispatch"] = json!({ "at_once": false });
    let minutes = json!({ "normal": NO_HURRY, "urgent": NO_HURRY, "critical": NO_HURRY });
    document["handling"] = json!({ "default_limit": format!("{NO_DEADLINE_DAYS}自然日"), "response_minutes": minutes });
    document["escalation"] = json!([]);
    casework
        .process_save(admin, ProcessRequest { document })
        .await?;
    Ok(())
}
