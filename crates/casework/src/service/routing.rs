//! The routing table: read into memory, changed with an audit, asked before every dispatch.

use super::query::Names;
use super::report::Located;
use super::{Call, Casework, answer_text, answered};
use crate::failure::CaseworkError;
use crate::input::CaseOpenRequest;
use crate::input::routing::{RouteExplainRequest, RouteRequest};
use crate::lifecycle::case::CaseOpened;
use crate::lifecycle::decide::CaseCommand;
use crate::lifecycle::{RuleFacts, Suggested};
use crate::model::{Case, CaseStage, ComponentPinned};
use crate::process::Process;
use crate::routing::{self, Answer, Question, RouteBook, RouteRow, Suggest};
use crate::store::read::{self, CaseKey};
use crate::store::routing as rows;
use crate::view::routing::{ReasonView, RouteView, SuggestionView};
use ::store::idempotency;
use ::store::{AuditEntry, OutboxEntry, StoreError, Tx};
use access::Principal;
use base::{FieldError, Id, Page, PageRequest, Timestamp};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// The outbox kind by which other nodes hear that they must read routing or processes again.
pub const CASEWORK_CHANGED: &str = "casework_changed";

/// Rows the table may have: it is kept in memory.
const ROUTES_MAX: usize = 50_000;

/// The routing table in memory, with the reading it is of.
#[derive(Default)]
pub(super) struct Routing {
    book: RwLock<(u64, Arc<RouteBook>)>,
    readings: AtomicU64,
    adviser: OnceLock<Arc<dyn Suggest>>,
}

/// What lists of the routing table are narrowed by.
#[derive(Clone, Debug, Default)]
pub struct RouteQuery {
    /// Rows of this kind.
    pub kind: Option<routing::RouteKind>,
    /// Rows of exactly this category.
    pub category_id: Option<Id>,
    /// Rows of exactly this area, by its code.
    pub area_code: Option<String>,
    /// Rows that name this organisation.
    pub organisation_id: Option<Id>,
    /// Which page.
    pub page: PageRequest,
}

pub(super) fn tell_nodes(tx: &mut Tx<'_>, part: &str, at: Timestamp) {
    tx.emit(OutboxEntry {
        key: Id(0),
        kind: CASEWORK_CHANGED,
        body: serde_json::json!({ "part": part }).to_string(),
        area_path: None,
        organisation_paths: Vec::new(),
        at,
    });
}

impl Casework {
    /// The routing table as it is now.
    pub fn route_book(&self) -> Arc<RouteBook> {
        let kept = self.routing().book.read();
        kept.unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    /// Names the room that advises where the city's own tables are silent. A second naming changes nothing.
    pub fn advised_by(&self, adviser: Arc<dyn Suggest>) {
        let _ = self.routing().adviser.set(adviser);
    }

    /// Reads the routing table again.
    pub async fn reload_routes(&self) -> Result<(), StoreError> {
        let routing = self.routing();
        let reading = routing.readings.fetch_add(1, Ordering::SeqCst) + 1;
        let (read, fallbacks) = self
            .store()
            .read(|tx| Ok::<_, StoreError>((rows::routes(tx)?, rows::fallbacks(tx)?)))
            .await?;
        let book = Arc::new(RouteBook::new(read, fallbacks));
        let mut kept = routing.book.write().unwrap_or_else(PoisonError::into_inner);
        if reading > kept.0 {
            *kept = (reading, book);
        }
        Ok(())
    }

    /// Reads again what an outbox entry of kind [`CASEWORK_CHANGED`] speaks of.
    pub async fn follow(&self, body: &str) -> Result<(), StoreError> {
        let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        match body["part"].as_str() {
            Some("processes") => self.reload_processes().await,
            _ => self.reload_routes().await,
        }
    }

    /// Who should get what the question describes, and why.
    pub(super) fn route(&self, question: &Question) -> Answer {
        let book = self.route_book();
        routing::answer(question, &book, &*self.parts().city, self.adviser())
    }

    pub(super) fn adviser(&self) -> Option<&dyn Suggest> {
        self.routing().adviser.get().map(Arc::as_ref)
    }

    /// What routing says, for commands that dispatch.
    pub(super) fn suggested_for(
        &self,
        process: &Process,
        case: &Case,
        command: &CaseCommand,
        at: Timestamp,
    ) -> Option<Suggested> {
        match command {
            CaseCommand::Dispatch { .. } => {}
            CaseCommand::File { .. } if process.dispatches_at_once() => {}
            _ => return None,
        }
        self.suggestion(&question_of(case, at))
    }

    pub(super) fn suggestion(&self, question: &Question) -> Option<Suggested> {
        let (organisation, basis) = self.route(question).organisation?;
        Some(Suggested {
            organisation,
            basis,
            // Drawn here and not outside: a run that is repeated may waste some.
            task_id: self.next_id(),
        })
    }

    /// The component with who has to do with it, as it is now.
    pub(super) async fn component_pinned(
        &self,
        id: Option<Id>,
        field: &str,
    ) -> Result<Option<ComponentPinned>, CaseworkError> {
        let Some(id) = id else { return Ok(None) };
        let city = self.parts().city.clone();
        let found = self
            .store()
            .read(move |tx| city.component(tx, id))
            .await?
            .ok_or_else(|| {
                let wrong = FieldError::new(field, "unknown_id", "there is no such component");
                CaseworkError::Invalid(vec![wrong])
            })?;
        Ok(Some(found))
    }

    /// The component a new case names, inside its transaction.
    pub(super) fn locate_component(
        &self,
        tx: &mut Tx<'_>,
        open: &CaseOpenRequest,
        located: &mut Located,
    ) -> Result<(), CaseworkError> {
        let Some(id) = open.component_id else {
            return Ok(());
        };
        located.component = self.parts().city.component(tx, id)?;
        match located.component {
            Some(_) => Ok(()),
            None => Err(one_wrong(
                "component_id",
                "unknown_id",
                "there is no such component",
            )),
        }
    }

    /// The process a new case names.
    pub(super) fn process_named(
        &self,
        open: &CaseOpenRequest,
    ) -> Result<Option<Arc<Process>>, CaseworkError> {
        let Some(code) = &open.process else {
            return Ok(None);
        };
        let found = self.parts().processes.by_code(code);
        found
            .map(Some)
            .ok_or_else(|| one_wrong("process", "unknown_code", "there is no such process"))
    }

    /// The rule row by which a new case is filed at once: the one cited, else the only one of its category.
    pub(super) fn rule_on_acceptance(
        &self,
        open: &CaseOpenRequest,
        category_id: Option<Id>,
        process: &Process,
    ) -> Result<Option<RuleFacts>, CaseworkError> {
        let city = &self.parts().city;
        match open.rule_row_id {
            Some(_) if !process.files_on_acceptance() => Err(one_wrong(
                "rule_row_id",
                "not_for_kind",
                "this process does not file on acceptance",
            )),
            Some(id) => city
                .rule_row(id)
                .map(Some)
                .ok_or_else(|| one_wrong("rule_row_id", "unknown_id", "there is no such rule row")),
            None if process.files_on_acceptance() => Ok(category_id
                .and_then(|id| city.sole_rule_row(id))
                .and_then(|id| city.rule_row(id))),
            None => Ok(None),
        }
    }

    /// What routing says of a case that may be given out as it begins.
    pub(super) fn suggested_at_once(
        &self,
        process: &Process,
        opened: &CaseOpened,
        rule: Option<&RuleFacts>,
        at: Timestamp,
    ) -> Option<Suggested> {
        let is_ready = process.files_on_acceptance() || !process.uses(CaseStage::Filed);
        if !process.dispatches_at_once() || !is_ready {
            return None;
        }
        self.suggestion(&Question {
            category_id: opened.category_id,
            area_path: opened.area_path.clone(),
            component: opened.component.clone(),
            rule_row_id: rule.map(|rule| rule.id),
            at,
        })
    }

    /// Rows of the routing table, by id.
    pub fn route_list(&self, query: &RouteQuery) -> Result<Page<RouteView>, CaseworkError> {
        let mut wrong = Vec::new();
        let limit = query.page.limit().unwrap_or_else(|error| {
            wrong.push(error);
            1
        });
        let after = super::query::after_id(&query.page, &mut wrong);
        let place = query.area_code.as_deref().map(|code| {
            let place = self.known_area_ever("area_code", code, &mut wrong);
            place.map(|place| place.area_path)
        });
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let area = place.flatten();
        let book = self.route_book();
        let mut names = self.names();
        let found: Vec<_> = book
            .rows()
            .iter()
            .filter(|row| after.is_none_or(|after| row.id > after))
            .filter(|row| query.kind.is_none_or(|kind| row.kind == kind))
            .filter(|row| query.category_id.is_none() || row.category_id == query.category_id)
            .filter(|row| area.is_none() || row.area_path == area)
            .filter(|row| {
                query
                    .organisation_id
                    .is_none_or(|id| row.organisation_id == id)
            })
            .take(limit as usize + 1)
            .map(|row| route_view(row, &mut names))
            .collect();
        Ok(Page::from_rows(found, limit, |view| view.id.to_string()))
    }

    /// Adds a row.
    pub async fn route_create(
        &self,
        call: &Call,
        input: RouteRequest,
    ) -> Result<RouteView, CaseworkError> {
        let by = call.principal.acting_anywhere("route_create")?;
        let once = self.once(call, "route_create", None, &input)?;
        let now = self.now();
        let row = self.route_of(&input, "", self.next_id(), 1, now)?;
        if self.route_book().rows().len() >= ROUTES_MAX {
            return Err(CaseworkError::Invalid(vec![FieldError::new(
                "kind",
                "too_many",
                format!("the routing table has at most {ROUTES_MAX} rows"),
            )]));
        }
        let saved: Id = self
            .store()
            .write(move |tx| {
                if let Some(once) = &once
                    && let Some(answer) = idempotency::lookup(tx, once)?
                {
                    return answered(&answer);
                }
                refuse_twin(tx, &row)?;
                rows::route_add(tx, &row)?;
                note_change(tx, by.account_id, "route_create", None, Some(&row), now)?;
                if let Some(once) = &once {
                    idempotency::remember(tx, once, &answer_text(&row.id))?;
                }
                Ok::<_, CaseworkError>(row.id)
            })
            .await?;
        self.reload_routes().await?;
        self.route_view(saved)
    }

    /// Puts another row in the place of one.
    pub async fn route_update(
        &self,
        call: &Call,
        id: Id,
        input: RouteRequest,
    ) -> Result<RouteView, CaseworkError> {
        let by = call.principal.acting_anywhere("route_update")?;
        let now = self.now();
        let (new, expected) = (
            self.route_of(&input, "", id, 1, now)?,
            call.expected_version,
        );
        let this = self.clone();
        self.store()
            .write(move |tx| {
                let before = this.route_present(tx, id, expected)?;
                let after = RouteRow {
                    version: before.version + 1,
                    ..new.clone()
                };
                refuse_twin(tx, &after)?;
                rows::route_change(tx, &after, before.version)?;
                let change = (Some(&before), Some(&after));
                note_change(tx, by.account_id, "route_update", change.0, change.1, now)?;
                Ok::<_, CaseworkError>(())
            })
            .await?;
        self.reload_routes().await?;
        self.route_view(id)
    }

    /// Takes a row away.
    pub async fn route_delete(&self, call: &Call, id: Id) -> Result<(), CaseworkError> {
        let by = call.principal.acting_anywhere("route_delete")?;
        let (now, expected, this) = (self.now(), call.expected_version, self.clone());
        self.store()
            .write(move |tx| {
                let before = this.route_present(tx, id, expected)?;
                rows::route_remove(tx, id, before.version)?;
                note_change(tx, by.account_id, "route_delete", Some(&before), None, now)?;
                Ok::<_, CaseworkError>(())
            })
            .await?;
        self.reload_routes().await?;
        Ok(())
    }

    fn route_present(
        &self,
        tx: &mut Tx<'_>,
        id: Id,
        expected: Option<i64>,
    ) -> Result<RouteRow, CaseworkError> {
        let row = rows::route_by_id(tx, id)?.ok_or(CaseworkError::NotFound("route"))?;
        if expected.is_some_and(|version| version != row.version) {
            let view = route_view(&row, &mut self.names());
            return Err(CaseworkError::RouteVersion(Box::new(view)));
        }
        Ok(row)
    }

    fn route_view(&self, id: Id) -> Result<RouteView, CaseworkError> {
        let book = self.route_book();
        let row = book.row(id).ok_or(CaseworkError::NotFound("route"))?;
        Ok(route_view(row, &mut self.names()))
    }

    /// A row as asked for; every wrong field at once, each named with `prefix`.
    pub(super) fn route_of(
        &self,
        input: &RouteRequest,
        prefix: &str,
        id: Id,
        version: i64,
        now: Timestamp,
    ) -> Result<RouteRow, CaseworkError> {
        let city = &self.parts().city;
        let mut wrong = input.check(prefix);
        let mut unknown = |field: &str, code: &'static str, what: &str| {
            let message = format!("there is no such {what}");
            wrong.push(FieldError::new(format!("{prefix}{field}"), code, message));
        };
        if city.organisation(input.organisation_id).is_none() {
            unknown("organisation_id", "unknown_id", "organisation");
        }
        if input
            .category_id
            .is_some_and(|id| city.category(id).is_none())
        {
            unknown("category_id", "unknown_id", "category");
        }
        let place = input
            .area_code
            .as_deref()
            .map(|code| city.place_by_code(code));
        if place.as_ref().is_some_and(Option::is_none) {
            unknown("area_code", "unknown_code", "area");
        }
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let mut hours = input.hours.clone();
        if let Some(hours) = &mut hours {
            hours.days.sort_unstable();
        }
        Ok(RouteRow {
            id,
            version,
            kind: input.kind,
            category_id: input.category_id,
            area_path: place.flatten().map(|place| place.area_path),
            hours,
            unit_name: input
                .unit_name
                .as_deref()
                .map(|name| name.trim().to_owned()),
            organisation_id: input.organisation_id,
            changed_at: now,
        })
    }

    /// Who should get a case, or what is described, and why.
    pub async fn route_explain(
        &self,
        principal: &Arc<Principal>,
        input: RouteExplainRequest,
    ) -> Result<SuggestionView, CaseworkError> {
        let mut wrong = input.check();
        let place = input.place.clone().unwrap_or_default();
        let located = self.locate(&place, "place", &mut wrong);
        if input
            .category_id
            .is_some_and(|id| self.parts().city.category(id).is_none())
        {
            wrong.push(FieldError::new(
                "category_id",
                "unknown_id",
                "there is no such category",
            ));
        }
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let at = input.at.unwrap_or_else(|| self.now());
        let question = match input.case_id {
            Some(id) => self.question_of_case(principal, id, at).await?,
            None => Question {
                category_id: input.category_id,
                area_path: located.place.map(|place| place.area_path),
                component: self
                    .component_pinned(input.component_id, "component_id")
                    .await?,
                rule_row_id: None,
                at,
            },
        };
        let answer = self.route(&question);
        Ok(suggestion_view(&answer, &mut self.names()))
    }

    async fn question_of_case(
        &self,
        principal: &Arc<Principal>,
        id: Id,
        at: Timestamp,
    ) -> Result<Question, CaseworkError> {
        let principal = principal.clone();
        let found = self
            .store()
            .read(move |tx| read::case_with_tasks(tx, CaseKey::Case(id)))
            .await?
            .filter(|case| self.may_see(&principal, case))
            .ok_or(CaseworkError::NotFound("case"))?;
        Ok(question_of(&found, at))
    }
}

/// What routing goes by for a case.
pub(super) fn question_of(case: &Case, at: Timestamp) -> Question {
    Question {
        category_id: case.category_id,
        area_path: case.area_path.clone(),
        component: case.extra.course.component.clone(),
        rule_row_id: case.rule.as_ref().map(|rule| rule.id),
        at,
    }
}

fn refuse_twin(tx: &mut Tx<'_>, row: &RouteRow) -> Result<(), CaseworkError> {
    match rows::route_twin(tx, row)? {
        Some(id) => Err(CaseworkError::RouteExists(id)),
        None => Ok(()),
    }
}

/// What a row said and says, for the audit: the table has no other memory.
fn note_change(
    tx: &mut Tx<'_>,
    actor: Id,
    action: &'static str,
    before: Option<&RouteRow>,
    after: Option<&RouteRow>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let told = |row: &RouteRow| {
        serde_json::json!({
            "version": row.version, "kind": row.kind, "category_id": row.category_id, "area_path": row.area_path,
            "hours": row.hours, "unit_name": row.unit_name, "organisation_id": row.organisation_id,
        })
    };
    let detail = serde_json::json!({ "before": before.map(told), "after": after.map(told) });
    let object = after.or(before).map_or(Id(0), |row| row.id);
    tx.audit(&AuditEntry {
        at,
        actor,
        action,
        object,
        detail: &detail.to_string(),
    })?;
    tell_nodes(tx, "routes", at);
    Ok(())
}

fn route_view(row: &RouteRow, names: &mut Names<'_>) -> RouteView {
    RouteView {
        id: row.id,
        version: row.version,
        kind: row.kind,
        category: row.category_id.map(|id| names.category(id)),
        area: row.area_path.as_ref().map(|path| names.area(path)),
        hours: row.hours.clone(),
        unit_name: row.unit_name.clone(),
        organisation: names.organisation(row.organisation_id),
        changed_at: row.changed_at,
    }
}

pub(super) fn suggestion_view(answer: &Answer, names: &mut Names<'_>) -> SuggestionView {
    let chosen = answer.organisation.as_ref();
    SuggestionView {
        organisation: chosen.map(|(organisation, _)| names.organisation(organisation.id)),
        basis: chosen.map(|(_, basis)| *basis),
        why: answer
            .why
            .iter()
            .map(|reason| ReasonView {
                basis: reason.basis,
                outcome: reason.outcome,
                row_id: reason.row_id,
                organisation: reason.organisation_id.map(|id| names.organisation(id)),
                words: reason.words.clone(),
            })
            .collect(),
    }
}

fn one_wrong(field: &str, code: &'static str, message: &str) -> CaseworkError {
    CaseworkError::Invalid(vec![FieldError::new(field, code, message)])
}
