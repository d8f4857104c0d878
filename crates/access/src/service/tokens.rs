//! API tokens: what programs carry. Everybody makes their own; nobody can act as somebody else with one.

use super::people::page_id;
use super::{Access, Deed, audit, do_once};
use crate::error::{AccessError, AccessRefusal};
use crate::model::too_long;
use crate::permission::PermissionSet;
use crate::principal::{Denied, Means, Principal};
use crate::session::{Secret, TOKEN_DAYS_MAX, TOKEN_PREFIX};
use crate::store::{self as rows, ApiToken};
use base::{FieldError, Id, Page, PageRequest, limits};
use serde_json::json;
use std::fmt;
use store::idempotency::Once;
use store::{StoreError, params};

/// What is needed to make a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenNew {
    /// What the owner calls it.
    pub name: String,
    /// What it may do; all of it the owner's own.
    pub permissions: Vec<String>,
    /// For how long, 1 to 366.
    pub days: i64,
}

/// A token that was made.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenCreated {
    /// The token without its secret.
    pub token: ApiToken,
    /// `cy_…`, shown this once; absent when the request was repeated.
    pub secret: Option<String>,
}

impl fmt::Debug for TokenCreated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCreated")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

impl TokenNew {
    /// What it would allow, or every wrong field.
    fn check(&self) -> Result<PermissionSet, AccessError> {
        let mut wrong = Vec::new();
        if self.name.trim().is_empty() {
            wrong.push(FieldError::new("name", "required", "a name is required"));
        }
        if self.name.chars().count() > limits::NAME_CHARACTERS_MAX {
            wrong.push(too_long("name", limits::NAME_CHARACTERS_MAX));
        }
        if !(1..=TOKEN_DAYS_MAX).contains(&self.days) {
            wrong.push(FieldError::new(
                "days",
                "out_of_range",
                format!("1 to {TOKEN_DAYS_MAX} days"),
            ));
        }
        let mut allowed = PermissionSet::default();
        for (index, name) in self.permissions.iter().enumerate() {
            match PermissionSet::from_names([name.as_str()]) {
                Ok(one) => allowed = allowed.union(one),
                Err(error) => {
                    wrong.push(FieldError::new(
                        format!("permissions[{index}]"),
                        "unknown_permission",
                        error.to_string(),
                    ));
                }
            }
        }
        if self.permissions.is_empty() {
            wrong.push(FieldError::new(
                "permissions",
                "required",
                "name what it may do",
            ));
        }
        if wrong.is_empty() {
            Ok(allowed)
        } else {
            Err(AccessError::Invalid(wrong))
        }
    }
}

impl Access {
    /// Makes a token for the caller's own account, narrowed to permissions the caller holds.
    pub async fn token_create(
        &self,
        caller: &Principal,
        new: TokenNew,
        once: Option<Once>,
    ) -> Result<TokenCreated, AccessError> {
        let actor = caller.acting_anywhere("token_create")?;
        if !matches!(caller.means, Means::Session(_)) {
            return Err(AccessRefusal::SessionOnly.into());
        }
        let allowed = new.check()?;
        if let Some(beyond) = allowed
            .iter()
            .find(|permission| !caller.allows(permission.name))
        {
            return Err(Denied {
                permission: beyond.name.to_owned(),
                out_of_reach: false,
            }
            .into());
        }
        let secret = Secret::draw(&**self.inner.store.chance());
        let (id, at, hash, writer) = (
            self.inner.store.next_id(),
            self.now(),
            secret.hash(),
            caller.clone(),
        );
        let ends_at = at.plus_seconds(new.days * 86_400);
        let written = self.inner.store.write(move |tx| {
            let (id, is_new) = do_once(tx, once.as_ref(), id, |tx| {
                let permissions = rows::to_json(&allowed)?;
                let name = new.name.trim();
                tx.post(
                    &rows::TOKEN_ADD,
                    params![id, writer.account_id, name, hash, permissions, at, ends_at],
                )?;
                let deed = Deed {
                    at,
                    caller: &writer,
                    actor: &actor,
                    operation: "token_create",
                    object: id,
                };
                audit(
                    tx,
                    &deed,
                    json!({ "permissions": allowed, "ends_at": ends_at }),
                )?;
                Ok(())
            })?;
            let token = tx.query_opt(&rows::TOKEN_BY_ID, params![id], rows::read_token)?;
            Ok::<_, AccessError>((token.ok_or(AccessError::NotFound("token"))?, is_new))
        });
        let (token, is_new) = written.await?;
        let secret = is_new.then(|| format!("{TOKEN_PREFIX}{}", secret.reveal()));
        Ok(TokenCreated { token, secret })
    }

    /// A page of the caller's own tokens, newest first.
    pub async fn token_list(
        &self,
        caller: &Principal,
        page: &PageRequest,
    ) -> Result<Page<ApiToken>, AccessError> {
        let limit = page
            .limit()
            .map_err(|wrong| AccessError::Invalid(vec![wrong]))?;
        let (before, account_id) = (page_id(page)?.unwrap_or(rows::AFTER_ALL), caller.account_id);
        let found = self.inner.store.read(move |tx| {
            tx.query(
                &rows::TOKEN_LIST,
                params![account_id, before, limit + 1],
                rows::read_token,
            )
        });
        let found: Result<_, StoreError> = found.await;
        Ok(Page::from_rows(found?, limit, |token| token.id.to_string()))
    }

    /// Ends a token: one's own, or as security administrator anybody's.
    pub async fn token_revoke(&self, caller: &Principal, id: Id) -> Result<(), AccessError> {
        let actor = caller.acting_anywhere("token_revoke")?;
        let anybodys = caller.scope("token_revoke").everything;
        let (at, writer) = (self.now(), caller.clone());
        let written = self.inner.store.write(move |tx| {
            let token = tx.query_opt(&rows::TOKEN_BY_ID, params![id], rows::read_token)?;
            let token = token.filter(|token| anybodys || token.account_id == writer.account_id);
            let token = token.ok_or(AccessError::NotFound("token"))?;
            tx.post(&rows::TOKEN_END, params![id])?;
            let deed = Deed {
                at,
                caller: &writer,
                actor: &actor,
                operation: "token_revoke",
                object: id,
            };
            Ok(audit(tx, &deed, json!({ "account_id": token.account_id }))?)
        });
        let written = written.await;
        self.forget_means(Means::Token(id));
        written
    }
}
