//! What administrators do with accounts that exist: look at them, set a password, lock, unlock. Never with their own.

use super::people::page_id;
use super::signing_in::{LOCK_SECONDS, LOGIN_FAILURES_MAX};
use super::{Access, Deed, audit};
use crate::error::{AccessError, AccessRefusal};
use crate::model::{Account, Staff};
use crate::password::Password;
use crate::principal::{Actor, Means, Principal};
use crate::scope::Reach;
use crate::store::{self as rows, AccountRow};
use base::{Id, Page, PageRequest, TreePath};
use serde_json::json;
use std::collections::HashMap;
use std::fmt;
use store::{StoreError, params};

/// Which accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountFilter {
    /// Only the one with this name; capitals are made small.
    pub login_name: Option<String>,
}

/// A password that was set by an administrator.
#[derive(Clone)]
pub struct PasswordSet {
    /// Whose: what to type at sign-in.
    pub login_name: String,
    /// The password that was drawn, to be told to the person; absent when one was given.
    pub drawn: Option<Password>,
}

impl fmt::Debug for PasswordSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordSet")
            .field("login_name", &self.login_name)
            .finish_non_exhaustive()
    }
}

impl Access {
    /// A page of the accounts of people who work where the caller's permission reaches, by id.
    pub async fn account_list(
        &self,
        caller: &Principal,
        filter: &AccountFilter,
        page: &PageRequest,
    ) -> Result<Page<Account>, AccessError> {
        caller.acting_anywhere("account_view")?;
        let limit = page
            .limit()
            .map_err(|wrong| AccessError::Invalid(vec![wrong]))?;
        let after = page_id(page)?.unwrap_or(Id(0));
        let login_name = filter
            .login_name
            .as_ref()
            .map(|name| name.trim().to_ascii_lowercase());
        let (scope, book) = (caller.scope("account_view"), self.roles());
        let (reading, failed_since) = (self.clone(), self.now().plus_seconds(-LOCK_SECONDS));
        let found = self.inner.store.read(move |tx| {
            let accounts = rows::account_page(tx, &scope, login_name.as_deref(), after, limit + 1)?;
            let staff_ids: Vec<Id> = accounts.iter().map(|row| row.staff_id).collect();
            let memberships = rows::memberships_of(tx, &book, &staff_ids)?;
            let names: Vec<[u8; 32]> = accounts
                .iter()
                .map(|row| reading.login_name_hash(&row.login_name))
                .collect();
            let failures = rows::login_failures_of(tx, &names, failed_since, LOGIN_FAILURES_MAX)?;
            Ok::<_, StoreError>((accounts, memberships, names, failures))
        });
        let (accounts, memberships, names, failures) = found.await?;
        let failures: HashMap<_, _> = failures.into_iter().collect();
        let seen = accounts.into_iter().zip(names).map(|(row, name)| {
            let own = memberships.iter().filter(|(id, _)| *id == row.staff_id);
            let mut roles: Vec<String> = own.map(|(_, held)| held.role.clone()).collect();
            roles.sort_unstable();
            roles.dedup();
            let locked_until = failures.get(&name).map(|at| at.plus_seconds(LOCK_SECONDS));
            Account {
                id: row.id,
                login_name: row.login_name,
                staff_id: row.staff_id,
                staff_name: row.staff_name,
                roles,
                is_active: row.is_active,
                locked_until,
                must_change_password: row.must_change_password,
                password_changed_at: row.password_changed_at,
                created_at: row.created_at,
            }
        });
        Ok(Page::from_rows(seen.collect(), limit, |account| {
            account.id.to_string()
        }))
    }

    /// Gives somebody a new password, which they must change at the next sign-in: `given`, or one that is drawn. Their sessions
    /// end; their tokens do nothing until the password is changed; wrong passwords typed before are forgotten.
    pub async fn account_password_set(
        &self,
        caller: &Principal,
        id: Id,
        given: Option<Password>,
    ) -> Result<PasswordSet, AccessError> {
        let (account, actor) = self
            .administered(caller, "account_password_set", id)
            .await?;
        if let Some(given) = &given {
            let (_, history) = self.account_with_history(id).await?;
            self.refuse_new_password("password", &account.login_name, &history, given)
                .await?;
        }
        let chance = &**self.inner.store.chance();
        let drawn = given.is_none().then(|| Password::draw(chance));
        let Some(password) = given.as_ref().or(drawn.as_ref()) else {
            return Err(AccessError::NotFound("password"));
        };
        let hash = self.inner.hasher.hash(password, chance).await?;
        let (at, history_id, writer) = (self.now(), self.inner.store.next_id(), caller.clone());
        let (name_hash, was_drawn) = (self.login_name_hash(&account.login_name), drawn.is_some());
        let written = self.inner.store.write(move |tx| {
            tx.post_one(&rows::PASSWORD_RESET, params![id, hash, at])?;
            tx.post(&rows::PASSWORD_HISTORY_ADD, params![history_id, id, hash])?;
            tx.post(&rows::SESSIONS_END, params![id])?;
            tx.post(&rows::LOGIN_FAILURE_FORGET, params![name_hash])?;
            let deed = Deed {
                at,
                caller: &writer,
                actor: &actor,
                operation: "account_password_set",
                object: id,
            };
            audit(tx, &deed, json!({ "drawn": was_drawn }))
        });
        let written: Result<(), StoreError> = written.await;
        self.forget_account(id);
        written?;
        Ok(PasswordSet {
            login_name: account.login_name,
            drawn,
        })
    }

    /// Locks an account: nobody comes in with it; its sessions and tokens end. Without effect when it is locked.
    pub async fn account_lock(&self, caller: &Principal, id: Id) -> Result<(), AccessError> {
        let (_, actor) = self.administered(caller, "account_lock", id).await?;
        let (at, writer) = (self.now(), caller.clone());
        let written = self.inner.store.write(move |tx| {
            if tx.execute(&rows::ACCOUNT_ACTIVE_SET, params![id, false])? == 0 {
                return Ok(());
            }
            tx.post(&rows::SESSIONS_END, params![id])?;
            tx.post(&rows::TOKENS_END, params![id])?;
            let deed = Deed {
                at,
                caller: &writer,
                actor: &actor,
                operation: "account_lock",
                object: id,
            };
            audit(tx, &deed, json!({}))
        });
        let written: Result<(), StoreError> = written.await;
        self.forget_account(id);
        Ok(written?)
    }

    /// Unlocks an account, whether an administrator or wrong passwords have locked it.
    pub async fn account_unlock(&self, caller: &Principal, id: Id) -> Result<(), AccessError> {
        let (account, actor) = self.administered(caller, "account_unlock", id).await?;
        let (at, writer) = (self.now(), caller.clone());
        let name_hash = self.login_name_hash(&account.login_name);
        let written = self.inner.store.write(move |tx| {
            let was_locked = tx.execute(&rows::ACCOUNT_ACTIVE_SET, params![id, true])? > 0;
            let had_failures = tx.execute(&rows::LOGIN_FAILURE_FORGET, params![name_hash])? > 0;
            if !was_locked && !had_failures {
                return Ok(());
            }
            let deed = Deed {
                at,
                caller: &writer,
                actor: &actor,
                operation: "account_unlock",
                object: id,
            };
            audit(
                tx,
                &deed,
                json!({ "was_locked": was_locked, "had_failures": had_failures }),
            )
        });
        let written: Result<(), StoreError> = written.await;
        Ok(written?)
    }

    /// The account `id` and the capacity in which the caller may do `operation` to it. Not to their own.
    async fn administered(
        &self,
        caller: &Principal,
        operation: &'static str,
        id: Id,
    ) -> Result<(AccountRow, Actor), AccessError> {
        caller.acting_anywhere(operation)?;
        if caller.means != Means::Console && caller.account_id == id {
            return Err(AccessRefusal::OnOneself.into());
        }
        let found = self
            .inner
            .store
            .read(move |tx| tx.query_opt(&rows::ACCOUNT_BY_ID, params![id], rows::read_account));
        let found: Result<_, StoreError> = found.await;
        let account = found?.ok_or(AccessError::NotFound("account"))?;
        let staff = self.staff(account.staff_id).await?;
        let organisation_paths = staff.map(|staff| paths_of(&staff)).unwrap_or_default();
        let reach = Reach {
            area_path: None,
            organisation_paths: &organisation_paths,
        };
        let actor = caller.acting(operation, &reach)?;
        Ok((account, actor))
    }

    fn forget_account(&self, id: Id) {
        self.inner
            .principals
            .forget_if(|principal| principal.account_id == id);
    }
}

/// The organisations somebody works for.
pub(super) fn paths_of(staff: &Staff) -> Vec<TreePath> {
    staff
        .memberships
        .iter()
        .map(|membership| membership.organisation_path.clone())
        .collect()
}
