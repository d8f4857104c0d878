//! Notices: what an organisation or one person in it should know. Put by what follows from commands, so at least once: a
//! repeated one has no effect.

use super::Access;
use super::people::page_id;
use crate::error::AccessError;
use crate::principal::Principal;
use crate::store::{self as rows, Notice};
use base::{Id, Page, PageRequest, Timestamp, TreePath};
use serde_json::json;
use std::collections::BTreeSet;
use store::{OutboxEntry, Statement, StoreError, Tx, params};

/// A notice to be put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeNew {
    /// Its id, taken outside of the transaction.
    pub id: Id,
    /// The organisation it goes to.
    pub organisation_id: Id,
    /// That organisation's path: whose screens are told.
    pub organisation_path: TreePath,
    /// The one person it goes to; none: whoever works there.
    pub staff_id: Option<Id>,
    /// What kind, e.g. `task_assigned`.
    pub kind: String,
    /// What it is about.
    pub subject_id: Id,
    /// JSON object with ids and states; no personal text.
    pub body: String,
    /// The same for the same notice, e.g. `task_assigned:<task id>:<event number>`.
    pub dedupe_key: String,
    /// When.
    pub at: Timestamp,
}

/// For so long a given task may be taken back before anybody is told of it: its notice is not listed, and withdrawn with the task.
pub const NOTICE_GRACE_SECONDS: i64 = 8;

/// Withdraws what an organisation was to be told of a task given at most [`NOTICE_GRACE_SECONDS`] before `at`. False: there is nothing
/// that nobody has read.
pub fn notice_withdraw(
    tx: &mut Tx<'_>,
    organisation_id: Id,
    subject_id: Id,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let since = at.plus_seconds(-NOTICE_GRACE_SECONDS);
    let gone = tx.execute(
        &rows::NOTICE_WITHDRAW,
        params![organisation_id, subject_id, since],
    )?;
    Ok(gone > 0)
}

/// Puts a notice in the caller's transaction. False: it had been put before, and nothing was done.
pub fn notice_put(tx: &mut Tx<'_>, notice: &NoticeNew) -> Result<bool, StoreError> {
    let n = notice;
    let added = tx.execute(
        &rows::NOTICE_ADD,
        params![
            n.id,
            n.organisation_id,
            n.staff_id,
            n.kind,
            n.subject_id,
            n.body,
            n.dedupe_key,
            n.at
        ],
    )?;
    if added == 0 {
        return Ok(false);
    }
    tx.emit(OutboxEntry {
        key: n.organisation_id,
        kind: "notice_put",
        body: json!({ "id": n.id, "kind": n.kind, "subject_id": n.subject_id, "staff_id": n.staff_id }).to_string(),
        area_path: None,
        organisation_paths: vec![n.organisation_path.to_string()],
        at: n.at,
    });
    Ok(true)
}

impl Access {
    /// A page of the notices to the caller and to the organisations they work for, newest first.
    pub async fn notice_list(
        &self,
        caller: &Principal,
        unread_only: bool,
        page: &PageRequest,
    ) -> Result<Page<Notice>, AccessError> {
        caller.acting_anywhere("notice_list")?;
        let limit = page
            .limit()
            .map_err(|wrong| AccessError::Invalid(vec![wrong]))?;
        let before = page_id(page)?.unwrap_or(rows::AFTER_ALL);
        let (staff_id, organisations) = (caller.staff_id, organisations_of(caller));
        let told_by = self.now().plus_seconds(-NOTICE_GRACE_SECONDS);
        let found = self.inner.store.read(move |tx| {
            let (to_staff, to_organisation) = lists(unread_only);
            let mut found = tx.query(
                to_staff,
                params![staff_id, before, limit + 1, told_by],
                rows::read_notice,
            )?;
            for organisation in &organisations {
                found.extend(tx.query(
                    to_organisation,
                    params![organisation, before, limit + 1, told_by],
                    rows::read_notice,
                )?);
            }
            Ok::<_, StoreError>(found)
        });
        let mut found = found.await?;
        found.sort_unstable_by_key(|notice| std::cmp::Reverse(notice.id));
        Ok(Page::from_rows(found, limit, |notice| {
            notice.id.to_string()
        }))
    }

    /// Marks a notice as read; the first reader counts, a second changes nothing.
    pub async fn notice_read(&self, caller: &Principal, id: Id) -> Result<(), AccessError> {
        caller.acting_anywhere("notice_list")?;
        let (at, staff_id, organisations) = (self.now(), caller.staff_id, organisations_of(caller));
        let written = self.inner.store.write(move |tx| {
            let notice = tx.query_opt(&rows::NOTICE_BY_ID, params![id], rows::read_notice)?;
            let is_theirs = |notice: &Notice| match notice.staff_id {
                Some(to) => to == staff_id,
                None => organisations.contains(&notice.organisation_id),
            };
            if !notice.as_ref().is_some_and(is_theirs) {
                return Err(AccessError::NotFound("notice"));
            }
            Ok(tx.post(&rows::NOTICE_READ, params![id, at, staff_id])?)
        });
        written.await
    }
}

fn lists(unread_only: bool) -> (&'static Statement, &'static Statement) {
    if unread_only {
        (
            &rows::NOTICES_OF_STAFF_UNREAD,
            &rows::NOTICES_OF_ORGANISATION_UNREAD,
        )
    } else {
        (&rows::NOTICES_OF_STAFF, &rows::NOTICES_OF_ORGANISATION)
    }
}

fn organisations_of(caller: &Principal) -> BTreeSet<Id> {
    let holding = caller
        .memberships
        .iter()
        .filter(|m| m.granted.permissions.contains("notice_list"));
    holding
        .map(|membership| membership.organisation_id)
        .collect()
}
