//! Use cases of the public side.

pub mod codes;
pub mod following;
pub mod messages;
pub mod publication;
pub mod reporting;

use crate::error::PortalError;
use crate::limits::{Act, Limits};
use crate::suggest::Candidate;
use access::{Access, AccessError, Principal, Sealer};
use base::{AreaLevel, Id, PageRequest, Timestamp, TreePath};
use casework::{Call, Casework};
use messages::Sender;
use registry::{CategoryKind, Registry};
use std::sync::{Arc, Mutex, PoisonError};
use store::{Store, StoreError};

/// How long it is believed which organisation receives what the public tells.
const DESK_BELIEVED_SECONDS: i64 = 60;

/// What the portal is made of.
pub struct PortalParts {
    /// The database.
    pub store: Store,
    /// Hashes and seals.
    pub sealer: Sealer,
    /// Organisations and roles.
    pub access: Access,
    /// Areas, categories, components.
    pub registry: Registry,
    /// Reports and cases.
    pub casework: Casework,
    /// Code of the organisation that receives what the public tells; empty for the topmost.
    pub desk_code: String,
    /// What the public pages call the city.
    pub city_name: String,
    /// How the public reaches the server, if the installation says so.
    pub public_address: Option<String>,
}

struct Inner {
    parts: PortalParts,
    limits: Limits,
    desk: Mutex<Option<(Timestamp, Arc<Principal>)>>,
    sender: Mutex<Option<Arc<dyn Sender>>>,
}

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct Portal(Arc<Inner>);

impl Portal {
    /// The names of the areas of these levels that an area lies in, the largest first.
    fn area_names(&self, path: &TreePath, levels: [AreaLevel; 2]) -> Option<String> {
        let areas = self.parts().registry.snapshot().areas.clone();
        let line = areas.line(path).into_iter();
        let names = line.filter(|area| levels.contains(&area.level));
        let text: String = names.map(|area| area.name.as_str()).collect();
        Some(text).filter(|text| !text.is_empty())
    }

    /// What people call a place: street and village, or the district where no street is known. Grids are a matter of the city's own.
    fn spoken(&self, path: &TreePath) -> Option<String> {
        self.area_names(path, [AreaLevel::Street, AreaLevel::Village])
            .or_else(|| self.area_names(path, [AreaLevel::City, AreaLevel::District]))
    }

    /// Puts it together.
    pub fn new(parts: PortalParts) -> Self {
        Self(Arc::new(Inner {
            parts,
            limits: Limits::default(),
            desk: Mutex::default(),
            sender: Mutex::default(),
        }))
    }

    fn parts(&self) -> &PortalParts {
        &self.0.parts
    }

    fn store(&self) -> &Store {
        &self.0.parts.store
    }

    fn casework(&self) -> &Casework {
        &self.0.parts.casework
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.parts().registry
    }

    fn now(&self) -> Timestamp {
        self.store().clock().now()
    }

    /// How messages reach phones from now on.
    pub fn send_by(&self, sender: Arc<dyn Sender>) {
        *self.0.sender.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
    }

    fn sender(&self) -> Option<Arc<dyn Sender>> {
        self.0
            .sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether phones can be reached at all.
    pub fn sends(&self) -> bool {
        self.sender().is_some()
    }

    /// What the city is called.
    pub fn city_name(&self) -> &str {
        &self.0.parts.city_name
    }

    /// How the public reaches the server, if the installation says so.
    pub fn public_address(&self) -> Option<&str> {
        self.0.parts.public_address.as_deref()
    }

    /// Counts an act of an address.
    pub fn count(&self, act: Act, address: &str) -> Result<(), PortalError> {
        self.0.limits.count_address(act, address, "", self.now())
    }

    /// Counts one more who joins a case from an address.
    pub fn count_join(&self, address: &str, case_no: &str) -> Result<(), PortalError> {
        self.0
            .limits
            .count_address(Act::Join, address, case_no, self.now())
    }

    fn count_by(&self, act: Act, key: &str) -> Result<(), PortalError> {
        self.0.limits.count(act, key, self.now())
    }

    /// Whoever tells something, to the organisation that receives it.
    async fn reporter(&self) -> Result<Arc<Principal>, PortalError> {
        let now = self.now();
        let believed = {
            let desk = self.0.desk.lock().unwrap_or_else(PoisonError::into_inner);
            desk.clone()
        };
        if let Some((since, principal)) = believed
            && since <= now
            && now < since.plus_seconds(DESK_BELIEVED_SECONDS)
        {
            return Ok(principal);
        }
        let (id, path) = self.desk().await?;
        let roles = self.parts().access.roles();
        let role = roles
            .get(access::REPORTER)
            .ok_or_else(|| StoreError::Corrupt("the role of reporters is missing".to_owned()))?;
        let principal = Arc::new(Principal::reporter(role, id, path));
        let kept = Some((now, principal.clone()));
        *self.0.desk.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        Ok(principal)
    }

    async fn desk(&self) -> Result<(Id, TreePath), PortalError> {
        let access = &self.parts().access;
        let none = || StoreError::Unavailable("no organisation receives reports".to_owned());
        if !self.parts().desk_code.is_empty() {
            let found = access.organisation_by_code(&self.parts().desk_code).await?;
            let found = found.ok_or_else(none)?;
            return Ok((found.id, found.path));
        }
        let root = TreePath::root(1).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let nobody = Principal::console(Id(0), root);
        let all = PageRequest {
            limit: Some(base::page::LIMIT_MAX),
            after: None,
        };
        let known = access
            .organisation_list(&nobody, None, None, &all)
            .await
            .map_err(|error| match error {
                AccessError::Store(error) => error,
                other => StoreError::Corrupt(other.to_string()),
            })?;
        let top = known
            .items
            .into_iter()
            .min_by(|a, b| a.path.as_str().cmp(b.path.as_str()));
        let top = top.ok_or_else(none)?;
        Ok((top.id, top.path))
    }

    async fn call(&self, idempotency_key: Option<String>) -> Result<Call, PortalError> {
        let mut call = Call::of(self.reporter().await?);
        call.idempotency_key = idempotency_key;
        Ok(call)
    }

    /// What the city takes care of in public: components and events of its standards, the ones with a rule.
    fn candidates(&self) -> Vec<Candidate> {
        let snapshot = self.parts().registry.snapshot();
        let rules = &snapshot.rules;
        let mut found = Vec::new();
        for standard in rules.standards() {
            for category in rules.categories(standard.id) {
                let rows = rules.rule_rows_of(category.id);
                if category.kind == CategoryKind::Appeal || rows.is_empty() {
                    continue;
                }
                found.push(Candidate {
                    id: category.id,
                    name: category.name.clone(),
                    conditions: rows
                        .iter()
                        .map(|row| row.text.filing_condition.clone())
                        .collect(),
                });
            }
        }
        found
    }
}
