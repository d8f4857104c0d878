//! The commands by which a record is lived through.

use super::town::{self, Town};
use super::{Act, Opened, Record};
use crate::founding::SeedError;
use base::{CoordinateSystem, Id};
use casework::input::{
    CaseDeadlineGiveRequest, CaseDispatchRequest, CaseOpenRequest, ExternalRequest, PlaceRequest,
    ReportCreateRequest, TaskAcceptRequest, TaskFinishRequest,
};
use casework::{Casework, CaseworkError};

/// Who acts, on what.
pub(super) struct Acts<'a> {
    pub(super) casework: &'a Casework,
    pub(super) town: &'a Town,
    pub(super) records: &'a [Record],
}

/// What an act came to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Commands carried out.
    pub(super) commands: usize,
    /// Those refused, by operation and code.
    pub(super) refused: Vec<String>,
    /// The case that the record became.
    pub(super) opened: Option<Opened>,
    /// Why its deadline was refused.
    pub(super) without_deadline: Option<String>,
}

impl Outcome {
    fn carried_out<T>(
        &mut self,
        operation: &str,
        given: Result<T, CaseworkError>,
    ) -> Result<Option<T>, SeedError> {
        match given {
            Ok(made) => {
                self.commands += 1;
                Ok(Some(made))
            }
            Err(CaseworkError::Store(error)) => Err(error.into()),
            Err(refused) => {
                self.refused
                    .push(format!("{operation} {}", code_of(&refused)));
                Ok(None)
            }
        }
    }
}

impl Acts<'_> {
    /// One act; `case` is what the record became.
    pub(super) async fn act(
        &self,
        act: Act,
        nth: usize,
        case: Option<Opened>,
    ) -> Result<Outcome, SeedError> {
        let mut outcome = Outcome::default();
        if let Some(record) = self.records.get(nth) {
            match (act, case) {
                (Act::Open, _) => self.open(record, &mut outcome).await?,
                (Act::Close, Some(case)) => self.close(record, case.task, &mut outcome).await?,
                (Act::Close, None) => {}
            }
        }
        Ok(outcome)
    }

    /// Reported, given to its department, and given its deadline.
    async fn open(&self, record: &Record, outcome: &mut Outcome) -> Result<(), SeedError> {
        let casework = self.casework;
        let (lon, lat) = record.point.unzip();
        let report = ReportCreateRequest {
            source: self.town.source(&record.source)?.to_owned(),
            level: None,
            title: record.title.clone(),
            detail: String::new(),
            address: record.address.clone(),
            place: PlaceRequest {
                lon,
                lat,
                coordinate_system: CoordinateSystem::Wgs84,
                area_code: None,
            },
            reporter: None,
            external: Some(ExternalRequest {
                system: town::SYSTEM.to_owned(),
                id: record.key.clone(),
            }),
            occurred_at: None,
            open_case: Some(CaseOpenRequest {
                process: Some(town::PROCESS.to_owned()),
                ..CaseOpenRequest::default()
            }),
        };
        let created = casework.report_create(&self.town.leader, report).await;
        let Some(created) = outcome.carried_out("report_create", created)? else {
            return Ok(());
        };
        let Some(case) = created.case else {
            return Ok(());
        };
        let dispatch = CaseDispatchRequest {
            lead_organisation_id: self.town.department(&record.department)?.id,
            co_organisation_ids: Vec::new(),
        };
        let given = casework
            .case_dispatch(&self.town.leader, case.id, dispatch)
            .await;
        let given = outcome.carried_out("case_dispatch", given)?;
        let Some(task) = given.and_then(|case| case.tasks.first().map(|task| task.id)) else {
            return Ok(());
        };
        outcome.opened = Some(Opened {
            case: case.id,
            task,
        });
        if let Some(due_at) = record.given_due_at() {
            let deadline = CaseDeadlineGiveRequest {
                task_id: Some(task),
                due_at,
                reason: None,
            };
            let given = casework
                .case_deadline_give(&self.town.leader, case.id, deadline)
                .await;
            if let Err(error) = &given {
                outcome.without_deadline = Some(code_of(error));
            }
            outcome.carried_out("case_deadline_give", given)?;
        }
        Ok(())
    }

    async fn close(
        &self,
        record: &Record,
        task: Id,
        outcome: &mut Outcome,
    ) -> Result<(), SeedError> {
        let casework = self.casework;
        let clerk = &self.town.department(&record.department)?.clerk;
        let accepted = casework
            .task_accept(clerk, task, TaskAcceptRequest::default())
            .await;
        outcome.carried_out("task_accept", accepted)?;
        let finished = casework
            .task_finish(clerk, task, TaskFinishRequest::default())
            .await;
        outcome.carried_out("task_finish", finished)?;
        Ok(())
    }
}

/// The code of a refusal; of a wrong input that of its first field.
fn code_of(error: &CaseworkError) -> String {
    match error {
        CaseworkError::Invalid(fields) => fields.first().map_or_else(
            || "invalid_input".to_owned(),
            |field| format!("{} {}", field.field, field.code),
        ),
        CaseworkError::CaseRefused { refusal, .. }
        | CaseworkError::ReportRefused { refusal, .. } => refusal.code().to_owned(),
        other => other.to_string(),
    }
}
