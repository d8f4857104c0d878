//! Organisations: enter, find, list.

use super::{Access, Deed, audit, do_once};
use crate::error::{AccessError, AccessRefusal};
use crate::model::{
    Organisation, OrganisationChange, OrganisationKind, OrganisationNew, check_name,
};
use crate::principal::Principal;
use crate::scope::Reach;
use crate::store as rows;
use base::path::TreePathError;
use base::{CreditCode, FieldError, Id, Page, PageRequest, TreePath};
use serde_json::json;
use std::sync::Arc;
use store::idempotency::Once;
use store::{StoreError, Tx, params};

impl Access {
    /// Enters an organisation. A root needs no more than the permission; below another one it must reach that one.
    pub async fn organisation_create(
        &self,
        caller: &Principal,
        new: OrganisationNew,
        once: Option<Once>,
    ) -> Result<Arc<Organisation>, AccessError> {
        let mut wrong = new.check();
        let parent = match new.parent_id {
            None => None,
            Some(id) => self.organisation(id).await?.or_else(|| {
                wrong.push(FieldError::new(
                    "parent_id",
                    "unknown_id",
                    "there is no such organisation",
                ));
                None
            }),
        };
        if !wrong.is_empty() {
            return Err(AccessError::Invalid(wrong));
        }
        let actor = match &parent {
            None => caller.acting_anywhere("organisation_create")?,
            Some(parent) => {
                let organisation_paths = std::slice::from_ref(&parent.path);
                caller.acting(
                    "organisation_create",
                    &Reach {
                        area_path: None,
                        organisation_paths,
                    },
                )?
            }
        };
        let (id, at, caller) = (self.inner.store.next_id(), self.now(), caller.clone());
        let parent_path = parent.map(|parent| parent.path.clone());
        let written = self.inner.store.write(move |tx| {
            do_once(tx, once.as_ref(), id, |tx| {
                let organisation = placed(tx, id, &new, parent_path.as_ref())?;
                rows::organisation_add(tx, &organisation, at)?;
                let deed = Deed {
                    at,
                    caller: &caller,
                    actor: &actor,
                    operation: "organisation_create",
                    object: id,
                };
                audit(
                    tx,
                    &deed,
                    json!({ "code": new.code, "path": organisation.path }),
                )?;
                Ok(())
            })
        });
        let (id, _) = written.await?;
        self.organisation(id)
            .await?
            .ok_or(AccessError::NotFound("organisation"))
    }

    /// Says anew what an organisation is, where it stands in the tree. The caller must reach it. With `version` only upon that version.
    pub async fn organisation_update(
        &self,
        caller: &Principal,
        id: Id,
        change: OrganisationChange,
        version: Option<i64>,
    ) -> Result<Arc<Organisation>, AccessError> {
        caller.acting_anywhere("organisation_update")?;
        let missing = || AccessError::NotFound("organisation");
        let there = self.organisation(id).await?.ok_or_else(missing)?;
        let mut wrong = Vec::new();
        check_name("name", &change.name, &mut wrong);
        if !wrong.is_empty() {
            return Err(AccessError::Invalid(wrong));
        }
        let reach = Reach {
            area_path: None,
            organisation_paths: std::slice::from_ref(&there.path),
        };
        let actor = caller.acting("organisation_update", &reach)?;
        let (at, caller) = (self.now(), caller.clone());
        let written = self.inner.store.write(move |tx| {
            let read = rows::read_organisation;
            let before = tx.query_opt(&rows::ORGANISATION_BY_ID, params![id], read)?;
            let before = before.ok_or(AccessError::NotFound("organisation"))?;
            if version.is_some_and(|seen| seen != before.version) {
                let version = before.version;
                return Err(AccessRefusal::VersionMismatch { version }.into());
            }
            let credit_code = change.credit_code.as_ref().map(CreditCode::as_str);
            let changed = tx.execute(
                &rows::ORGANISATION_UPDATE,
                params![
                    id,
                    before.version,
                    change.name.trim(),
                    change.kind.as_str(),
                    change.home_area_path,
                    credit_code
                ],
            )?;
            if changed == 0 {
                let version = before.version + 1;
                return Err(AccessRefusal::VersionMismatch { version }.into());
            }
            let deed = Deed {
                at,
                caller: &caller,
                actor: &actor,
                operation: "organisation_update",
                object: id,
            };
            let was = json!({ "name": before.name, "kind": before.kind.as_str(), "home_area_path": before.home_area_path,
                "credit_code": before.credit_code.as_ref().map(CreditCode::as_str) });
            let is = json!({ "name": change.name.trim(), "kind": change.kind.as_str(), "home_area_path": change.home_area_path,
                "credit_code": credit_code });
            audit(tx, &deed, json!({ "before": was, "after": is }))?;
            Ok::<_, AccessError>(())
        });
        written.await?;
        self.inner.principals.forget_if(|_| true);
        self.organisation_anew(id).await?.ok_or_else(missing)
    }

    /// The organisation with the city's code.
    pub async fn organisation_by_code(
        &self,
        code: &str,
    ) -> Result<Option<Organisation>, StoreError> {
        let code = code.to_owned();
        let found = self.inner.store.read(move |tx| {
            tx.query_opt(
                &rows::ORGANISATION_BY_CODE,
                params![code],
                rows::read_organisation,
            )
        });
        found.await
    }

    /// A page of organisations in the order of the tree: all, or the subtree of one; all kinds, or one. Whoever may see
    /// organisations sees all of them: work is sent across the tree.
    pub async fn organisation_list(
        &self,
        caller: &Principal,
        under: Option<Id>,
        kind: Option<OrganisationKind>,
        page: &PageRequest,
    ) -> Result<Page<Organisation>, AccessError> {
        caller.acting_anywhere("organisation_view")?;
        let limit = page
            .limit()
            .map_err(|wrong| AccessError::Invalid(vec![wrong]))?;
        let after = page.after.as_deref().unwrap_or_default();
        if !after.is_empty() && TreePath::parse(after).is_err() {
            return Err(AccessError::field(
                "after",
                "malformed",
                "pass the `next` of the page before",
            ));
        }
        let (from, to) = match under {
            None => (String::new(), "~".to_owned()),
            Some(id) => {
                let top = self
                    .organisation(id)
                    .await?
                    .ok_or(AccessError::NotFound("organisation"))?;
                top.path.range()
            }
        };
        let (after, wanted) = (after.to_owned(), limit + 1);
        let found = self.inner.store.read(move |tx| match kind {
            None => tx.query(
                &rows::ORGANISATION_RANGE,
                params![from, to, after, wanted],
                rows::read_organisation,
            ),
            Some(kind) => tx.query(
                &rows::ORGANISATION_RANGE_OF_KIND,
                params![from, to, after, wanted, kind.as_str()],
                rows::read_organisation,
            ),
        });
        let found: Result<_, StoreError> = found.await;
        Ok(Page::from_rows(found?, limit, |organisation| {
            organisation.path.to_string()
        }))
    }
}

/// The organisation with its place in the tree. The code is looked up first: a taken one must not use up a number.
fn placed(
    tx: &mut Tx<'_>,
    id: Id,
    new: &OrganisationNew,
    parent: Option<&TreePath>,
) -> Result<Organisation, AccessError> {
    let twin = tx.query_opt(
        &rows::ORGANISATION_BY_CODE,
        params![new.code],
        rows::read_organisation,
    )?;
    if twin.is_some() {
        return Err(AccessRefusal::Taken { what: "code" }.into());
    }
    let number = rows::organisation_number_next(tx, parent)?;
    let path = match parent {
        None => TreePath::root(number),
        Some(parent) => parent.child(number),
    };
    let full = |_: TreePathError| AccessRefusal::TreeFull;
    Ok(Organisation {
        id,
        code: new.code.clone(),
        name: new.name.trim().to_owned(),
        kind: new.kind,
        parent_id: new.parent_id,
        path: path.map_err(full)?,
        home_area_path: new.home_area_path.clone(),
        credit_code: new.credit_code.clone(),
        version: 1,
    })
}
