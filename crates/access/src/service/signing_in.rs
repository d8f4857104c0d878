//! Sign in, be known, sign out, change the password.
//!
//! Whether a name exists cannot be told from outside: unknown names cost the same work, fail alike and are locked alike. The
//! lock (five failures, thirty minutes) is in the database and so holds on every node; a limit per address slows guessing down
//! before it comes to that.

use super::people::page_id;
use super::{Access, Deed, audit, changed};
use crate::cache::Known;
use crate::error::{AccessError, AccessRefusal};
use crate::password::{AGE_DAYS_MAX, HISTORY, Password};
use crate::permission::RoleBook;
use crate::principal::{Means, Principal};
use crate::session::{
    ADMINISTRATOR_IDLE_SECONDS_MAX, Credential, IDLE_SECONDS_MAX, SESSION_SECONDS_MAX, Secret,
};
use crate::store::{self as rows, AccountRow, BearerRow, Session};
use base::{Id, Page, PageRequest, Timestamp};
use serde_json::json;
use std::sync::Arc;
use store::{AuditEntry, StoreError, Tx, params};

/// Wrong passwords for one name until it is locked.
pub const LOGIN_FAILURES_MAX: i64 = 5;
/// How long a name is locked, and how long failures count.
pub const LOCK_SECONDS: i64 = 30 * 60;

/// Sessions of one's own that are shown, the newest.
const OWN_SHOWN_MAX: u32 = 100;

/// A session that was begun.
#[derive(Clone, Debug)]
pub struct SessionOpened {
    /// What the browser carries.
    pub secret: Secret,
    /// Who it is.
    pub principal: Arc<Principal>,
    /// When it ends, however busy.
    pub ends_at: Timestamp,
}

/// A sign-in on its way.
#[derive(Clone)]
struct Attempt {
    name_hash: [u8; 32],
    address: String,
    at: Timestamp,
}

impl Access {
    /// Begins a session. `address`: where the request came from, for limits and the audit trail.
    pub async fn session_open(
        &self,
        login_name: &str,
        password: &Password,
        address: &str,
    ) -> Result<SessionOpened, AccessError> {
        let login_name = login_name.trim().to_lowercase();
        let name_hash = self.login_name_hash(&login_name);
        let attempt = Attempt {
            name_hash,
            address: address.to_owned(),
            at: self.now(),
        };
        self.limit(&attempt)?;
        let reading = attempt.clone();
        let found = self.inner.store.read(move |tx| {
            refuse_locked(tx, &reading)?;
            let account = tx.query_opt(
                &rows::ACCOUNT_BY_LOGIN_NAME,
                params![login_name],
                rows::read_account,
            )?;
            Ok::<_, AccessError>(account.filter(|account| account.is_active))
        });
        let account = found.await?;
        let stored = account
            .as_ref()
            .map(|account| account.password_hash.as_str());
        let fits = self.inner.hasher.is_password(password, stored).await?;
        match account {
            Some(account) if fits => self.begin(account, attempt).await,
            other => {
                self.fail(other.map(|account| account.id), attempt).await?;
                Err(AccessRefusal::LoginFailed.into())
            }
        }
    }

    /// What is kept of a name that was typed (small letters): by it failures are counted, whether or not there is such an account.
    pub(super) fn login_name_hash(&self, login_name: &str) -> [u8; 32] {
        self.inner
            .sealer
            .keyed_hash(&format!("login_name:{login_name}"))
    }

    fn limit(&self, attempt: &Attempt) -> Result<(), AccessRefusal> {
        self.limit_by_name((attempt.address.clone(), attempt.name_hash), attempt.at)?;
        self.inner
            .attempts_by_address
            .count(attempt.address.clone(), attempt.at)
            .map_err(|retry_seconds| AccessRefusal::TooManyAttempts { retry_seconds })
    }

    fn limit_by_name(&self, name: (String, [u8; 32]), at: Timestamp) -> Result<(), AccessRefusal> {
        self.inner
            .attempts_by_name
            .count(name, at)
            .map_err(|retry_seconds| AccessRefusal::TooManyAttempts { retry_seconds })
    }

    async fn fail(&self, account_id: Option<Id>, attempt: Attempt) -> Result<(), AccessError> {
        let written = self.inner.store.write(move |tx| {
            let counted_from = attempt.at.plus_seconds(-LOCK_SECONDS);
            let failures = tx.query_opt(
                &rows::LOGIN_FAILURE_COUNT,
                params![attempt.name_hash, attempt.at, counted_from],
                |row| row.get::<i64>(0),
            )?;
            // What was typed as the name may have been a password; only its hash is written down.
            let detail = json!({
                "outcome": "failed",
                "address": attempt.address,
                "name_hash": hex::encode(attempt.name_hash),
                "failures": failures,
            });
            tx.audit(&AuditEntry {
                at: attempt.at,
                actor: Id(0),
                action: "session_open",
                object: account_id.unwrap_or(Id(0)),
                detail: &detail.to_string(),
            })
        });
        Ok(written.await?)
    }

    async fn begin(
        &self,
        account: AccountRow,
        attempt: Attempt,
    ) -> Result<SessionOpened, AccessError> {
        let secret = Secret::draw(&**self.inner.store.chance());
        let (id, hash, book) = (self.inner.store.next_id(), secret.hash(), self.roles());
        let by_name = (attempt.address.clone(), attempt.name_hash);
        let (at, ends_at) = (attempt.at, attempt.at.plus_seconds(SESSION_SECONDS_MAX));
        let written = self.inner.store.write(move |tx| {
            // Guesses that ran beside each other, or a password changed meanwhile: what was compared must still hold.
            refuse_locked(tx, &attempt)?;
            let present = tx.query_opt(
                &rows::ACCOUNT_BY_ID,
                params![account.id],
                rows::read_account,
            )?;
            if present.is_none_or(|present| {
                !present.is_active || present.password_hash != account.password_hash
            }) {
                return Err(AccessRefusal::LoginFailed.into());
            }
            let password_age_max = at.plus_seconds(-AGE_DAYS_MAX * 86_400);
            tx.post(
                &rows::PASSWORD_EXPIRE,
                params![account.id, password_age_max],
            )?;
            tx.post(&rows::LOGIN_FAILURE_FORGET, params![attempt.name_hash])?;
            let memberships = rows::memberships_of(tx, &book, &[account.staff_id])?;
            let is_administrator = memberships
                .iter()
                .any(|(_, m)| m.granted.exclusive_group.is_some());
            let idle = if is_administrator {
                ADMINISTRATOR_IDLE_SECONDS_MAX
            } else {
                IDLE_SECONDS_MAX
            };
            tx.post(
                &rows::SESSION_ADD,
                params![id, account.id, hash, attempt.address, at, ends_at, idle],
            )?;
            let detail = json!({ "outcome": "done", "address": attempt.address, "session_id": id });
            tx.audit(&AuditEntry {
                at,
                actor: account.id,
                action: "session_open",
                object: account.id,
                detail: &detail.to_string(),
            })?;
            let bearer = rows::session_bearer(tx, &hash)?.ok_or(AccessRefusal::LoginFailed)?;
            principal_of(tx, &book, bearer, Means::Session(id)).map_err(AccessError::from)
        });
        let principal = Arc::new(written.await?.0);
        self.inner.attempts_by_name.forgive(&by_name);
        Ok(SessionOpened {
            secret,
            principal,
            ends_at,
        })
    }

    /// Whose `credential` it is, while it lives. `is_use`: somebody did something, so the idle time begins anew.
    pub(crate) async fn known_by(
        &self,
        credential: &Credential,
        is_use: bool,
    ) -> Result<Arc<Principal>, AccessError> {
        let now = self.now();
        let hash = credential.secret().hash();
        let known = match self.inner.principals.get(&hash, now) {
            Some(known) => known,
            None => self
                .look_up(credential, hash, now)
                .await?
                .ok_or(AccessRefusal::Unauthenticated)?,
        };
        if !known.is_live(now) {
            return Err(AccessRefusal::Unauthenticated.into());
        }
        if is_use && known.see(now) {
            self.write_seen(known.principal.means, now).await;
        }
        Ok(known.principal.clone())
    }

    async fn look_up(
        &self,
        credential: &Credential,
        hash: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<Arc<Known>>, AccessError> {
        let generation = self.inner.principals.generation();
        let book = self.roles();
        let is_session = matches!(credential, Credential::Session(_));
        let found = self.inner.store.read(move |tx| {
            let bearer = if is_session {
                rows::session_bearer(tx, &hash)?
            } else {
                rows::token_bearer(tx, &hash)?
            };
            let Some(bearer) = bearer else {
                return Ok(None);
            };
            let means = if is_session {
                Means::Session(bearer.id)
            } else {
                Means::Token(bearer.id)
            };
            principal_of(tx, &book, bearer, means).map(Some)
        });
        let found: Option<(Principal, _)> = found
            .await
            .map_err(|error: StoreError| AccessError::from(error))?;
        let Some((principal, times)) = found else {
            self.inner.principals.forget(&hash);
            return Ok(None);
        };
        let known = Known::new(Arc::new(principal), times, now);
        Ok(Some(self.inner.principals.put(hash, known, generation)))
    }

    /// Losing this costs a user at most a minute of idleness; it is no reason to refuse the request.
    async fn write_seen(&self, means: Means, now: Timestamp) {
        let written = self.inner.store.write(move |tx| match means {
            Means::Session(id) => tx.post(&rows::SESSION_SEEN, params![id, now]),
            Means::Token(id) => tx.post(&rows::TOKEN_SEEN, params![id, now]),
            Means::Console | Means::Portal => Ok(()),
        });
        let written: Result<(), StoreError> = written.await;
        if let Err(error) = written {
            tracing::warn!(%error, "the use of a session could not be written down");
        }
    }

    /// Ends the session that asks; one that has ended meanwhile is as good.
    pub async fn session_close(&self, caller: &Principal) -> Result<(), AccessError> {
        match self.end_own(caller, None, "session_close").await {
            Err(AccessError::NotFound(_)) => Ok(()),
            ended => ended,
        }
    }

    /// A page of live sessions, newest first.
    pub async fn session_list(
        &self,
        caller: &Principal,
        page: &PageRequest,
    ) -> Result<Page<Session>, AccessError> {
        caller.acting_anywhere("session_list")?;
        let limit = page
            .limit()
            .map_err(|wrong| AccessError::Invalid(vec![wrong]))?;
        let before = page_id(page)?.unwrap_or(rows::AFTER_ALL);
        let now = self.now();
        let found = self.inner.store.read(move |tx| {
            tx.query(
                &rows::SESSION_LIST,
                params![before, now, limit + 1],
                rows::read_session,
            )
        });
        let found: Result<_, StoreError> = found.await;
        Ok(Page::from_rows(found?, limit, |session| {
            session.id.to_string()
        }))
    }

    /// Ends anybody's session.
    pub async fn session_revoke(&self, caller: &Principal, id: Id) -> Result<(), AccessError> {
        let actor = caller.acting_anywhere("session_revoke")?;
        let (at, writer) = (self.now(), caller.clone());
        let written = self.inner.store.write(move |tx| {
            if tx.execute(&rows::SESSION_END, params![id])? == 0 {
                return Err(AccessError::NotFound("session"));
            }
            let deed = Deed {
                at,
                caller: &writer,
                actor: &actor,
                operation: "session_revoke",
                object: id,
            };
            Ok(audit(tx, &deed, json!({}))?)
        });
        let written = written.await;
        self.forget_means(Means::Session(id));
        written
    }

    /// The caller's own live sessions, newest first; whether each is the one that asks.
    pub async fn own_session_list(
        &self,
        caller: &Principal,
    ) -> Result<Vec<(Session, bool)>, AccessError> {
        let Means::Session(present) = caller.means else {
            return Err(AccessRefusal::SessionOnly.into());
        };
        let (account_id, now) = (caller.account_id, self.now());
        let found = self.inner.store.read(move |tx| {
            tx.query(
                &rows::SESSIONS_OF_ACCOUNT,
                params![account_id, now, OWN_SHOWN_MAX],
                rows::read_session,
            )
        });
        let found: Result<Vec<Session>, StoreError> = found.await;
        let told = found?.into_iter().map(|session| {
            let is_present = session.id == present;
            (session, is_present)
        });
        Ok(told.collect())
    }

    /// Ends a session of the caller's own, at whatever desk it is open.
    pub async fn own_session_end(&self, caller: &Principal, id: Id) -> Result<(), AccessError> {
        self.end_own(caller, Some(id), "own_session_end").await
    }

    /// Ends a session of the caller's own: the one that asks where none is named.
    async fn end_own(
        &self,
        caller: &Principal,
        id: Option<Id>,
        action: &'static str,
    ) -> Result<(), AccessError> {
        let Means::Session(present) = caller.means else {
            return Err(AccessRefusal::SessionOnly.into());
        };
        let (id, at, account_id) = (id.unwrap_or(present), self.now(), caller.account_id);
        let written = self.inner.store.write(move |tx| {
            if tx.execute(&rows::SESSION_END_OF_ACCOUNT, params![id, account_id])? == 0 {
                return Err(AccessError::NotFound("session"));
            }
            changed(tx, id, action, at);
            let entry = AuditEntry {
                at,
                actor: account_id,
                action,
                object: id,
                detail: "{}",
            };
            Ok(tx.audit(&entry)?)
        });
        let written = written.await;
        self.forget_means(Means::Session(id));
        written
    }

    /// Changes the caller's own password; the account's other sessions end.
    pub async fn password_change(
        &self,
        caller: &Principal,
        current: &Password,
        new: &Password,
    ) -> Result<(), AccessError> {
        let Means::Session(session_id) = caller.means else {
            return Err(AccessRefusal::SessionOnly.into());
        };
        let (account, history) = self.account_with_history(caller.account_id).await?;
        let (at, history_id) = (self.now(), self.inner.store.next_id());
        self.refuse_password(&account, &history, current, new, at)
            .await?;
        let hash = self
            .inner
            .hasher
            .hash(new, &**self.inner.store.chance())
            .await?;
        let written = self.inner.store.write(move |tx| {
            if tx.execute(
                &rows::PASSWORD_SET,
                params![account.id, account.version, hash, at],
            )? == 0
            {
                return Err(AccessError::field(
                    "current_password",
                    "wrong_password",
                    "it was changed meanwhile",
                ));
            }
            tx.post(
                &rows::PASSWORD_HISTORY_ADD,
                params![history_id, account.id, hash],
            )?;
            tx.post(&rows::SESSIONS_END_OTHERS, params![account.id, session_id])?;
            changed(tx, account.id, "password_change", at);
            let entry = AuditEntry {
                at,
                actor: account.id,
                action: "password_change",
                object: account.id,
                detail: "{}",
            };
            Ok(tx.audit(&entry)?)
        });
        let written = written.await;
        let account_id = caller.account_id;
        self.inner
            .principals
            .forget_if(|principal| principal.account_id == account_id);
        written
    }

    /// Refuses unless `current` is the password and `new` may follow it.
    async fn refuse_password(
        &self,
        account: &AccountRow,
        history: &[String],
        current: &Password,
        new: &Password,
        at: Timestamp,
    ) -> Result<(), AccessError> {
        let name_hash = self
            .inner
            .sealer
            .keyed_hash(&format!("password_change:{}", account.id));
        self.limit_by_name((String::new(), name_hash), at)?;
        if !self
            .inner
            .hasher
            .is_password(current, Some(&account.password_hash))
            .await?
        {
            return Err(AccessError::field(
                "current_password",
                "wrong_password",
                "this is not your password",
            ));
        }
        self.refuse_new_password("new_password", &account.login_name, history, new)
            .await
    }

    /// Refuses unless `new` may be the next password of `login_name`; wrong fields are called `field`.
    pub(super) async fn refuse_new_password(
        &self,
        field: &str,
        login_name: &str,
        history: &[String],
        new: &Password,
    ) -> Result<(), AccessError> {
        let wrong = new.check(field, login_name);
        if !wrong.is_empty() {
            return Err(AccessError::Invalid(wrong));
        }
        for past in history {
            if self.inner.hasher.is_password(new, Some(past)).await? {
                return Err(AccessError::field(
                    field,
                    "used_before",
                    "it was one of the last five",
                ));
            }
        }
        Ok(())
    }

    pub(super) async fn account_with_history(
        &self,
        account_id: Id,
    ) -> Result<(AccountRow, Vec<String>), AccessError> {
        let found = self.inner.store.read(move |tx| {
            let account = tx.query_opt(
                &rows::ACCOUNT_BY_ID,
                params![account_id],
                rows::read_account,
            )?;
            let account = account.ok_or(AccessError::NotFound("account"))?;
            let history = tx.query(
                &rows::PASSWORD_HISTORY_LAST,
                params![account_id, HISTORY],
                |row| row.get(0),
            )?;
            Ok::<_, AccessError>((account, history))
        });
        found.await
    }
}

fn refuse_locked(tx: &mut Tx<'_>, attempt: &Attempt) -> Result<(), AccessError> {
    let counted_from = attempt.at.plus_seconds(-LOCK_SECONDS);
    let failures = tx.query_opt(
        &rows::LOGIN_FAILURES,
        params![attempt.name_hash, counted_from],
        |row| row.get::<i64>(0),
    )?;
    if failures.unwrap_or_default() >= LOGIN_FAILURES_MAX {
        return Err(AccessRefusal::TooManyAttempts {
            retry_seconds: LOCK_SECONDS,
        }
        .into());
    }
    Ok(())
}

/// Who `bearer` is, with memberships, and how long.
fn principal_of(
    tx: &mut Tx<'_>,
    book: &RoleBook,
    bearer: BearerRow,
    means: Means,
) -> Result<(Principal, crate::session::SessionTimes), StoreError> {
    let memberships = rows::memberships_of(tx, book, &[bearer.staff_id])?;
    let principal = Principal {
        account_id: bearer.account_id,
        staff_id: bearer.staff_id,
        staff_name: bearer.staff_name,
        means,
        memberships: memberships
            .into_iter()
            .map(|(_, membership)| membership)
            .collect(),
        narrowed_to: bearer.narrowed_to,
        must_change_password: bearer.must_change_password,
    };
    Ok((principal, bearer.times))
}
