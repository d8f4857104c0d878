//! Use cases: authorise, load, decide, save; nothing else.
//!
//! [`Casework`] is cheap to clone. A command runs in one transaction of the store; its closure may run again when others
//! were faster, and then decides anew on what they left: the loser is refused with the present state, nothing is lost.

mod acceptance;
mod accuracy;
mod attachments;
mod bring_in;
mod case;
mod export;
mod fallback;
mod handling;
mod import;
mod kept_lists;
mod known;
mod links;
mod listing;
mod overlays;
mod process;
mod query;
mod rehearsal;
mod report;
mod reporter;
mod routing;
mod sealed;
mod search;
mod self_handling;
mod statistics;
mod timer;
mod verify;
mod zones;

pub use crate::listing::{CaseMark, CaseSort, ReportSort};
pub use crate::store::task_list::TaskSort;
pub use accuracy::AccuracyQuery;
pub use attachments::{AttachmentFile, Piece, Tidied, Upload};
pub use bring_in::{BringInError, BringInOptions, BroughtInReport, UnknownWords};
pub use import::{ImportOptions, Progress};
pub use query::{
    COUNT_SHOWN_MAX, CaseBox, CaseQuery, ReportBox, ReportClaim, ReportQuery, Taking, TaskBox,
    TaskQuery,
};
pub use routing::{CASEWORK_CHANGED, RouteQuery};
pub use search::SearchQuery;
pub use statistics::{
    Group, STATISTICS, StatisticsFollower, StatisticsQuery, SubjectsQuery, WINDOW_DAYS_MAX,
};
use timer::TASK_DEADLINE;
pub use verify::{Finding, Verified};
pub(crate) use zones::CASE_ZONES;
pub use zones::{TIMERS, zones_changed};

use crate::city::City;
use crate::clocks::Reckoner;
use crate::failure::CaseworkError;
use crate::model::{Actor, Case};
use crate::numbers::Numbers;
use crate::process::Processes;
use crate::store::read::{self, CaseKey};
use crate::store::write;
use ::store::Store;
use ::store::blobs::Blobs;
use ::store::idempotency::{Once, OnceError};
use access::{Principal, Reach, Sealer};
use base::path::TreePath;
use base::{FieldError, Id, Point, Timestamp};
use std::sync::Arc;

/// What casework is made of.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// Seals what people write.
    pub sealer: Sealer,
    /// Areas, categories, rule rows, organisations.
    pub city: Arc<dyn City>,
    /// The processes in force, every version ever used.
    pub processes: Processes,
    /// Counts limits: the city's working calendar.
    pub reckoner: Arc<dyn Reckoner>,
    /// Where the bytes of attachments lie.
    pub blobs: Blobs,
    /// What human numbers begin with: the division code of the installation, e.g. `310118`.
    pub number_prefix: String,
}

struct Inner {
    parts: Parts,
    numbers: Numbers,
    sources: links::Sources,
    lists: listing::Lists,
    routing: routing::Routing,
    intake: attachments::Gates,
    search: search::SearchParts,
}

/// The room's service.
#[derive(Clone)]
pub struct Casework(Arc<Inner>);

/// What was filled in of a form, by key.
pub type Filled = serde_json::Map<String, serde_json::Value>;

/// Who calls, and how the call is to be taken.
#[derive(Clone)]
pub struct Call {
    /// Who asks.
    pub principal: Arc<Principal>,
    /// `Idempotency-Key`: a second call with it has no second effect and gets the first one's answer.
    pub idempotency_key: Option<String>,
    /// `If-Match`: refuse unless this is the present version.
    pub expected_version: Option<i64>,
    /// What was filled in of the form that the process asks for with the action.
    pub form: Option<Filled>,
    /// Files uploaded by the same account that go with the action.
    pub attachment_ids: Vec<Id>,
}

impl Call {
    /// A plain call.
    pub fn of(principal: Arc<Principal>) -> Self {
        Self {
            principal,
            idempotency_key: None,
            expected_version: None,
            form: None,
            attachment_ids: Vec::new(),
        }
    }
}

impl Call {
    /// The same with what was filled in of the form that goes with the action.
    #[must_use]
    pub fn with_form(self, form: Option<Filled>) -> Self {
        Self { form, ..self }
    }

    /// The same with files that go with the action.
    #[must_use]
    pub fn with_attachments(self, attachment_ids: Vec<Id>) -> Self {
        Self {
            attachment_ids,
            ..self
        }
    }

    /// The same with all that stood beside the action's own members.
    #[must_use]
    pub(crate) fn beside(self, beside: wire::Beside) -> Self {
        self.with_form(beside.form)
            .with_attachments(beside.attachment_ids)
    }
}

impl Casework {
    /// Puts it together.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            search: search::SearchParts::new(parts.sealer.clone()),
            parts,
            numbers: Numbers::default(),
            sources: links::Sources::default(),
            lists: listing::Lists::default(),
            routing: routing::Routing::default(),
            intake: attachments::Gates::default(),
        }))
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.0.parts.store
    }

    /// Where the bytes of attachments lie.
    pub fn blobs(&self) -> &Blobs {
        &self.0.parts.blobs
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0.parts
    }

    pub(crate) fn numbers(&self) -> &Numbers {
        &self.0.numbers
    }

    pub(crate) fn sources(&self) -> &links::Sources {
        &self.0.sources
    }

    fn lists(&self) -> &listing::Lists {
        &self.0.lists
    }

    fn gates(&self) -> &attachments::Gates {
        &self.0.intake
    }

    fn routing(&self) -> &routing::Routing {
        &self.0.routing
    }

    fn search_parts(&self) -> &search::SearchParts {
        &self.0.search
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.store().clock().now()
    }

    pub(crate) fn next_id(&self) -> Id {
        self.store().ids().next_id()
    }

    /// What makes the call once only; none without a key. `content` is the request, so that a key cannot be used for two.
    fn once<T: serde::Serialize>(
        &self,
        call: &Call,
        operation: &'static str,
        subject: Option<Id>,
        content: &T,
    ) -> Result<Option<Once>, CaseworkError> {
        let Some(key) = &call.idempotency_key else {
            return Ok(None);
        };
        let count = key.chars().count();
        if count == 0 || count > base::limits::IDEMPOTENCY_KEY_CHARACTERS_MAX {
            return Err(CaseworkError::Invalid(vec![FieldError::new(
                "Idempotency-Key",
                "too_long",
                format!(
                    "1 to {} characters",
                    base::limits::IDEMPOTENCY_KEY_CHARACTERS_MAX
                ),
            )]));
        }
        let body = serde_json::to_vec(&(subject, content, &call.form, &call.attachment_ids));
        let body = body.unwrap_or_default();
        Ok(Some(Once {
            id: self.next_id(),
            caller: call.principal.account_id,
            key: key.clone(),
            operation,
            fingerprint: Once::fingerprint(&body),
        }))
    }
}

/// A stored answer read back. One that cannot be read was given by another version of the program.
fn answered<T: serde::de::DeserializeOwned>(answer: &str) -> Result<T, CaseworkError> {
    serde_json::from_str(answer).map_err(|_| CaseworkError::Once(OnceError::Reused))
}

/// The answer as it is remembered.
fn answer_text<T: serde::Serialize>(answer: &T) -> String {
    serde_json::to_string(answer).unwrap_or_default()
}

/// Whether somebody holds any zone at all.
fn has_zones(principal: &Principal) -> bool {
    let mut held = principal.memberships.iter();
    held.any(|membership| !membership.zone_ids.is_empty())
}

impl Casework {
    /// In which capacity somebody may act on a case, named as `what`; secret when they may not even see it. An area given means
    /// that whoever sees the place may act, and zones are places too.
    fn acting_on_case(
        &self,
        principal: &Principal,
        permission: &'static str,
        what: &'static str,
        case: &Case,
        area_path: Option<&TreePath>,
        organisation_paths: &[TreePath],
    ) -> Result<Actor, CaseworkError> {
        let reach = Reach {
            area_path,
            organisation_paths,
        };
        let zone_ids = area_path.map_or_else(Vec::new, |_| self.zones_for(principal, case));
        match principal.acting_in_zones(permission, &reach, &zone_ids) {
            Ok(actor) => Ok(actor.into()),
            Err(denied) if denied.out_of_reach && !self.may_see(principal, case) => {
                Err(CaseworkError::NotFound(what))
            }
            Err(denied) => Err(denied.into()),
        }
    }

    /// In which capacity somebody may do with a case what another room offers: for whoever sees its place, has to do with it, or holds
    /// its zone in that very capacity.
    pub async fn case_acting(
        &self,
        principal: &Arc<Principal>,
        permission: &'static str,
        case_id: Id,
    ) -> Result<Actor, CaseworkError> {
        let (this, principal) = (self.clone(), principal.clone());
        self.store()
            .read(move |tx| {
                let case = read::case_with_tasks(tx, CaseKey::Case(case_id))?
                    .ok_or(CaseworkError::NotFound("case"))?;
                let organisations: Vec<_> = write::organisations(&case).cloned().collect();
                let area = case.area_path.clone();
                this.acting_on_case(
                    &principal,
                    permission,
                    "case",
                    &case,
                    area.as_ref(),
                    &organisations,
                )
            })
            .await
    }

    /// Whether somebody may see a case: an organisation of their subtree has to do with it, or it lies in their area or zone.
    fn may_see(&self, principal: &Principal, case: &Case) -> bool {
        let organisation_paths: Vec<_> = write::organisations(case).cloned().collect();
        let reach = Reach {
            area_path: case.area_path.as_ref(),
            organisation_paths: &organisation_paths,
        };
        principal
            .acting_in_zones("case_view", &reach, &self.zones_for(principal, case))
            .is_ok()
    }

    /// The zones that hold a case, as they are drawn now; not looked up for whoever has none.
    fn zones_for(&self, principal: &Principal, case: &Case) -> Vec<Id> {
        self.zones_held(principal, case.area_path.as_ref(), case.point)
    }

    /// The same of any place.
    fn zones_held(
        &self,
        principal: &Principal,
        area_path: Option<&TreePath>,
        point: Option<Point>,
    ) -> Vec<Id> {
        if !has_zones(principal) {
            return Vec::new();
        }
        self.parts().city.zones_at(area_path, point)
    }

    /// The zones that hold a case, as they are drawn now.
    fn zones_of(&self, case: &Case) -> Vec<Id> {
        let city = &self.parts().city;
        city.zones_at(case.area_path.as_ref(), case.point)
    }
}

/// A process that a case pinned and this installation lacks: somebody removed a document in use.
fn process_missing(case: &Case) -> CaseworkError {
    CaseworkError::Store(::store::StoreError::Corrupt(format!(
        "case {} pinned process {} version {}, which is not loaded",
        case.id, case.process.code, case.process.version
    )))
}
