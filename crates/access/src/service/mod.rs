//! The use cases of this room: authorise, load, decide, save.
//!
//! [`Access`] is the room's face: other rooms ask it for organisations and for the [`Sealer`]; `server` asks it who a request
//! comes from.

mod accounts;
mod audit_trail;
mod memberships;
mod notices;
mod organisations;
pub(crate) mod people;
mod signing_in;
mod tokens;

pub use accounts::{AccountFilter, PasswordSet};
pub use audit_trail::AuditLine;
pub use notices::{NoticeNew, notice_put, notice_withdraw};
pub use people::{AccountCreated, AccountNew};
pub use signing_in::{LOCK_SECONDS, LOGIN_FAILURES_MAX, SessionOpened};
pub use tokens::{TokenCreated, TokenNew};

use crate::attempts::Attempts;
use crate::cache::PrincipalCache;
use crate::error::AccessError;
use crate::model::Organisation;
use crate::password::{PasswordCost, PasswordHasher};
use crate::permission::RoleBook;
use crate::principal::{Actor, Means, Principal};
use crate::sealing::Sealer;
use crate::{store as rows, trail};
use base::{Id, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use store::idempotency::{self, Once};
use store::{AuditEntry, OutboxEntry, Store, StoreError, Tx, params};

/// How this room is run.
#[derive(Clone, Copy, Debug)]
pub struct AccessOptions {
    /// The site is served over https: cookies are `__Host-` and `Secure`.
    pub secure_cookies: bool,
    /// What hashing a password costs.
    pub password_cost: PasswordCost,
    /// Passwords hashed at a time; each takes the memory of its cost.
    pub hashes_at_once: usize,
}

impl Default for AccessOptions {
    fn default() -> Self {
        Self {
            secure_cookies: false,
            password_cost: PasswordCost::default(),
            hashes_at_once: 4,
        }
    }
}

/// The room. Cheap to clone.
#[derive(Clone)]
pub struct Access {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    sealer: Sealer,
    options: AccessOptions,
    hasher: PasswordHasher,
    roles: RwLock<Arc<RoleBook>>,
    principals: PrincipalCache,
    organisations: RwLock<HashMap<Id, Arc<Organisation>>>,
    /// Sign-ins by address and hash of the name.
    attempts_by_name: Attempts<(String, [u8; 32])>,
    /// Sign-ins by address alone. An office of hundreds may stand behind one address.
    attempts_by_address: Attempts<String>,
}

/// The body of such an entry.
#[derive(Deserialize)]
struct Changed {
    operation: String,
    id: Id,
}

/// Kind of the outbox entries that tell other nodes to forget what they remember of this room.
pub const CHANGED: &str = "access_changed";

impl Access {
    /// Writes the shipped roles, checks that the key file is this database's, and reads what is remembered. Blocks.
    pub fn open(store: Store, sealer: Sealer, options: AccessOptions) -> Result<Self, AccessError> {
        let shipped = RoleBook::built_in()?;
        let fingerprints: Vec<(u32, [u8; 32])> = sealer.fingerprints().collect();
        let now = store.clock().now();
        let (roles, organisations) = store.write_blocking(move |tx| {
            for role in shipped.sorted() {
                rows::role_put(tx, role)?;
            }
            check_keys(tx, &fingerprints, now)?;
            let organisations = tx.query(&rows::ORGANISATION_ALL, &[], rows::read_organisation)?;
            Ok::<_, AccessError>((rows::role_book(tx)?, organisations))
        })?;
        let organisations = organisations
            .into_iter()
            .map(|known| (known.id, Arc::new(known)));
        Ok(Self {
            inner: Arc::new(Inner {
                store,
                sealer,
                options,
                hasher: PasswordHasher::new(options.password_cost, options.hashes_at_once),
                roles: RwLock::new(Arc::new(roles)),
                principals: PrincipalCache::default(),
                organisations: RwLock::new(organisations.collect()),
                attempts_by_name: Attempts::new(10, 5 * 60, 50_000),
                attempts_by_address: Attempts::new(600, 5 * 60, 50_000),
            }),
        })
    }

    /// Seals and opens personal data.
    pub fn sealer(&self) -> &Sealer {
        &self.inner.sealer
    }

    /// How this room is run.
    pub fn options(&self) -> &AccessOptions {
        &self.inner.options
    }

    /// All roles.
    pub fn roles(&self) -> Arc<RoleBook> {
        self.inner
            .roles
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The organisation `id`, from memory alone: for lookups inside a transaction, where a wait for another read could wait
    /// for itself. All organisations are remembered from the start; one entered on another node is known here as soon as
    /// the outbox has told ([`Access::follow`]).
    pub fn organisation_known(&self, id: Id) -> Option<Arc<Organisation>> {
        self.inner
            .organisations
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned()
    }

    /// The organisation `id`. Asks the database when it is not remembered.
    pub async fn organisation(&self, id: Id) -> Result<Option<Arc<Organisation>>, StoreError> {
        let known = self.organisation_known(id);
        if known.is_some() {
            return Ok(known);
        }
        self.organisation_anew(id).await
    }

    /// The organisation `id` from the database, to be remembered from now on.
    async fn organisation_anew(&self, id: Id) -> Result<Option<Arc<Organisation>>, StoreError> {
        let found = self
            .inner
            .store
            .read(move |tx| {
                tx.query_opt(
                    &rows::ORGANISATION_BY_ID,
                    params![id],
                    rows::read_organisation,
                )
            })
            .await?
            .map(Arc::new);
        if let Some(found) = &found {
            self.inner
                .organisations
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(id, found.clone());
        }
        Ok(found)
    }

    /// To be told of every outbox entry: another node may have changed what is remembered here.
    pub fn outbox_seen(&self, kind: &str, body: &str) {
        if kind != CHANGED {
            return;
        }
        match serde_json::from_str::<Changed>(body) {
            Ok(body) if body.operation.starts_with("session_") => {
                self.forget_means(Means::Session(body.id));
            }
            Ok(body) if body.operation.starts_with("token_") => {
                self.forget_means(Means::Token(body.id));
            }
            Ok(_) | Err(_) => self.forget(),
        }
    }

    /// [`Access::outbox_seen`], and remembers an organisation that was entered or changed elsewhere.
    pub async fn follow(&self, kind: &str, body: &str) -> Result<(), StoreError> {
        self.outbox_seen(kind, body);
        let changed = (kind == CHANGED)
            .then(|| serde_json::from_str::<Changed>(body).ok())
            .flatten();
        match changed {
            Some(body) if body.operation == "organisation_create" => {
                self.organisation(body.id).await?;
            }
            Some(body) if body.operation == "organisation_update" => {
                self.organisation_anew(body.id).await?;
            }
            Some(_) | None => {}
        }
        Ok(())
    }

    /// Forgets one session or token.
    fn forget_means(&self, means: Means) {
        self.inner
            .principals
            .forget_if(|principal| principal.means == means);
    }

    /// Forgets who is signed in. Organisations stay: a change of one is read anew at once.
    pub fn forget(&self) {
        self.inner.principals.forget_if(|_| true);
    }

    /// Deletes sessions that are over and failed sign-ins that no longer count. To be called every few minutes.
    pub async fn prune(&self) -> Result<u64, StoreError> {
        let now = self.now();
        self.inner
            .store
            .write(move |tx| {
                let sessions = tx.execute(&rows::SESSION_PRUNE, params![now])?;
                let failures = tx.execute(
                    &rows::LOGIN_FAILURE_PRUNE,
                    params![now.plus_seconds(-LOCK_SECONDS)],
                )?;
                Ok(sessions + failures)
            })
            .await
    }

    /// What makes a request with an Idempotency-Key have its effect once; none without a key.
    pub fn once(
        &self,
        caller: &Principal,
        operation: &'static str,
        key: Option<String>,
        request: &impl Serialize,
    ) -> Option<Once> {
        // Keyed, because a request may hold little else than a name and a number, which could be guessed from a plain digest.
        let content = serde_json::to_string(request).unwrap_or_default();
        key.map(|key| Once {
            id: self.inner.store.next_id(),
            caller: caller.account_id,
            key,
            operation,
            fingerprint: self.inner.sealer.keyed_hash(&content),
        })
    }

    fn now(&self) -> Timestamp {
        self.inner.store.clock().now()
    }
}

/// Refuses a key file that is not the one this database was sealed with; notes keys that are new.
fn check_keys(
    tx: &mut Tx<'_>,
    ours: &[(u32, [u8; 32])],
    now: Timestamp,
) -> Result<(), AccessError> {
    let used = tx.query(&rows::SEALING_KEY_LIST, &[], |row| {
        Ok((row.get::<u32>(0)?, row.get::<[u8; 32]>(1)?))
    })?;
    if let Some((number, _)) = used.iter().find(|key| !ours.contains(key)) {
        return Err(AccessError::OtherKeyFile { number: *number });
    }
    for (number, fingerprint) in ours {
        tx.post(&rows::SEALING_KEY_ADD, params![number, fingerprint, now])?;
    }
    Ok(())
}

/// Writes down what `caller` did in the capacity of `actor`. `more` holds no personal data.
fn audit(tx: &mut Tx<'_>, deed: &Deed<'_>, more: Value) -> Result<(), StoreError> {
    tx.audit(&AuditEntry {
        at: deed.at,
        actor: deed.actor.account_id,
        action: deed.operation,
        object: deed.object,
        detail: &trail::detail(deed.caller, deed.actor, more),
    })?;
    changed(tx, deed.object, deed.operation, deed.at);
    Ok(())
}

/// Who does what to what, and when.
struct Deed<'a> {
    at: Timestamp,
    caller: &'a Principal,
    actor: &'a Actor,
    operation: &'static str,
    object: Id,
}

/// Tells other nodes.
fn changed(tx: &mut Tx<'_>, key: Id, operation: &str, at: Timestamp) {
    tx.emit(OutboxEntry {
        key,
        kind: CHANGED,
        body: serde_json::json!({ "operation": operation, "id": key }).to_string(),
        area_path: None,
        organisation_paths: Vec::new(),
        at,
    });
}

/// Does `work`, which makes the thing `fresh`, unless the same request has been answered before: then its id is given.
/// True: it was done now.
fn do_once(
    tx: &mut Tx<'_>,
    once: Option<&Once>,
    fresh: Id,
    work: impl FnOnce(&mut Tx<'_>) -> Result<(), AccessError>,
) -> Result<(Id, bool), AccessError> {
    let Some(once) = once else {
        return work(tx).map(|()| (fresh, true));
    };
    if let Some(answer) = idempotency::lookup(tx, once)? {
        return Ok((rows::from_json(&answer)?, false));
    }
    work(tx)?;
    idempotency::remember(tx, once, &rows::to_json(&fresh)?)?;
    Ok((fresh, true))
}
