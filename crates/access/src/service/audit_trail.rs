//! The audit trail, read by the auditor. Who may read it may not write anything else.

use super::Access;
use crate::error::AccessError;
use crate::principal::Principal;
use crate::store as rows;
use base::{FieldError, Id, Page, PageRequest, limits};
use std::collections::HashMap;
use store::StoreError;
use store::audit::{self, AuditFilter, AuditPlace, AuditRecord};

/// An entry, and who that is by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// As it stands in the chain.
    pub record: AuditRecord,
    /// The actor's login name and name; none for the platform itself and the console.
    pub actor_names: Option<(String, String)>,
}

impl Access {
    /// A page of the audit trail, newest first. Rare entries are looked for in windows: a page may hold fewer entries than were
    /// asked for, or none, and still have a next one.
    pub async fn audit_list(
        &self,
        caller: &Principal,
        filter: AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditLine>, AccessError> {
        caller.acting_anywhere("audit_view")?;
        let (limit, after) = check(&filter, page)?;
        let found = self.inner.store.read(move |tx| {
            let page = audit::list(tx, &filter, after, limit)?;
            let mut actors: Vec<Id> = page.items.iter().map(|record| record.actor).collect();
            actors.sort_unstable();
            actors.dedup();
            let names = rows::account_names(tx, &actors)?;
            Ok::<_, StoreError>((page, names))
        });
        let (page, names) = found.await?;
        let names: HashMap<Id, (String, String)> = names
            .into_iter()
            .map(|(id, login_name, staff_name)| (id, (login_name, staff_name)))
            .collect();
        let line = |record: AuditRecord| AuditLine {
            actor_names: names.get(&record.actor).cloned(),
            record,
        };
        Ok(Page {
            items: page.items.into_iter().map(line).collect(),
            next: page.next.map(|place| place.to_string()),
        })
    }
}

/// The limit and where to go on, or every wrong parameter.
fn check(
    filter: &AuditFilter,
    page: &PageRequest,
) -> Result<(u32, Option<AuditPlace>), AccessError> {
    let mut wrong = Vec::new();
    let limit = page
        .limit()
        .map_err(|error| wrong.push(error))
        .unwrap_or_default();
    let after = page.after.as_deref().map(str::parse::<AuditPlace>);
    if let Some(Err(_)) = after {
        let message = "pass the `next` of the page before";
        wrong.push(FieldError::new("after", "malformed", message));
    }
    if let (Some(from), Some(to)) = (filter.from, filter.to)
        && from >= to
    {
        wrong.push(FieldError::new(
            "to",
            "out_of_range",
            "`to` is after `from`",
        ));
    }
    let action = filter.action.as_deref().unwrap_or_default();
    if action.chars().count() > limits::CODE_CHARACTERS_MAX {
        wrong.push(crate::model::too_long(
            "action",
            limits::CODE_CHARACTERS_MAX,
        ));
    }
    if wrong.is_empty() {
        Ok((limit, after.and_then(Result::ok)))
    } else {
        Err(AccessError::Invalid(wrong))
    }
}
