//! Who somebody is, works where and as what; memberships are changed as a whole, so that the rules about roles always see all of them.

use super::accounts::paths_of;
use super::people::{check_roles, described, memberships_add};
use super::{Access, Deed, audit};
use crate::error::{AccessError, AccessRefusal};
use crate::model::{Membership, MembershipNew, Staff, StaffChange};
use crate::principal::{Actor, Means, Principal};
use crate::scope::Reach;
use crate::store as rows;
use base::{Id, Timestamp, TreePath};
use serde_json::{Value, json};
use store::{StoreError, Tx, params};

/// What a change comes to.
struct Plan {
    ended: Vec<Id>,
    begun: Vec<MembershipNew>,
    begun_ids: Vec<Id>,
    before: Vec<Value>,
    after: Vec<Value>,
    /// From now on this is an administrator, whose sessions have other limits.
    becomes_administrator: bool,
}

impl Plan {
    fn write(&self, tx: &mut Tx<'_>, staff_id: Id, at: Timestamp) -> Result<(), StoreError> {
        for id in &self.ended {
            tx.post(&rows::MEMBERSHIP_END, params![id])?;
        }
        memberships_add(tx, staff_id, &self.begun, &self.begun_ids, at)?;
        if self.becomes_administrator {
            tx.post(&rows::SESSIONS_END_OF_STAFF, params![staff_id])?;
        }
        Ok(())
    }
}

impl Access {
    /// Gives the person `staff_id` exactly these memberships. Those they have already go on under their ids. The caller must reach
    /// every organisation of before and after, and be somebody else. With `version` only upon that version of the person.
    pub async fn membership_change(
        &self,
        caller: &Principal,
        staff_id: Id,
        wanted: Vec<MembershipNew>,
        version: Option<i64>,
    ) -> Result<Staff, AccessError> {
        let change = StaffChange {
            memberships: Some(wanted),
            ..StaffChange::default()
        };
        self.person_change(caller, "membership_change", staff_id, change, version)
            .await
    }

    /// Gives the person `staff_id` another name, number or memberships, all of it or nothing. What is not named stays. The caller must reach
    /// every organisation of before and after, for memberships with the permission to change these, and be somebody else.
    pub async fn staff_update(
        &self,
        caller: &Principal,
        staff_id: Id,
        change: StaffChange,
        version: Option<i64>,
    ) -> Result<Staff, AccessError> {
        self.person_change(caller, "staff_update", staff_id, change, version)
            .await
    }

    async fn person_change(
        &self,
        caller: &Principal,
        operation: &'static str,
        staff_id: Id,
        change: StaffChange,
        version: Option<i64>,
    ) -> Result<Staff, AccessError> {
        caller.acting_anywhere(operation)?;
        if caller.means != Means::Console && caller.staff_id == staff_id {
            return Err(AccessRefusal::OnOneself.into());
        }
        let staff = self.staff(staff_id).await?;
        let staff = staff.ok_or(AccessError::NotFound("staff"))?;
        let mut wrong = change.check();
        let wanted = change.memberships.as_deref().unwrap_or_default();
        let organisations = self.organisations_of(wanted, &mut wrong).await?;
        check_roles(&self.roles(), wanted, &mut wrong);
        if !wrong.is_empty() {
            return Err(AccessError::Invalid(wrong));
        }
        let after = organisations.iter().map(|known| known.path.clone());
        let touched: Vec<TreePath> = paths_of(&staff).into_iter().chain(after).collect();
        let actor = reaching_all(caller, operation, &touched)?;
        if change.memberships.is_some() {
            reaching_all(caller, "membership_change", &touched)?;
        }
        if let Some(seen) = version
            && seen != staff.version
        {
            return Err(mismatch(&staff));
        }
        let phone = self.sealed_phone(staff_id, change.phone.as_deref());
        let fields = [("name", change.name.is_some()), ("phone", phone.is_some())];
        let fields = fields.into_iter().filter(|(_, changes)| *changes);
        let fields: Vec<&str> = fields.map(|(field, _)| field).collect();
        let plan = change.memberships.map(|wanted| self.plan(&staff, wanted));
        let (at, writer, upon, name) = (self.now(), caller.clone(), staff.version, change.name);
        let written = self.inner.store.write(move |tx| {
            if tx.execute(&rows::STAFF_CHANGED, params![staff_id, upon])? == 0 {
                return Ok(false);
            }
            if let Some(name) = &name {
                tx.post(&rows::STAFF_NAME, params![staff_id, name.trim()])?;
            }
            if let Some(phone) = &phone {
                tx.post(
                    &rows::STAFF_PHONE,
                    params![staff_id, phone.sealed, phone.hash],
                )?;
            }
            let mut more = json!({});
            if !fields.is_empty() {
                more["fields"] = json!(fields);
            }
            if let Some(plan) = &plan {
                plan.write(tx, staff_id, at)?;
                more["before"] = json!(plan.before);
                more["after"] = json!(plan.after);
            }
            let deed = Deed {
                at,
                caller: &writer,
                actor: &actor,
                operation,
                object: staff_id,
            };
            audit(tx, &deed, more)?;
            Ok::<_, AccessError>(true)
        });
        let is_written = written.await;
        self.inner
            .principals
            .forget_if(|principal| principal.staff_id == staff_id);
        let staff = self.staff(staff_id).await?;
        let staff = staff.ok_or(AccessError::NotFound("staff"))?;
        if is_written? {
            Ok(staff)
        } else {
            Err(mismatch(&staff))
        }
    }

    fn plan(&self, staff: &Staff, wanted: Vec<MembershipNew>) -> Plan {
        let after = described(&wanted);
        let mut begun = wanted;
        let mut ended = Vec::new();
        for held in &staff.memberships {
            match begun.iter().position(|new| *new == as_new(held)) {
                Some(place) => drop(begun.remove(place)),
                None => ended.push(held.id),
            }
        }
        let book = self.roles();
        let administers = |role: &str| {
            book.get(role)
                .is_some_and(|role| role.exclusive_group.is_some())
        };
        let was_administrator = staff.memberships.iter().any(|held| administers(&held.role));
        let becomes = begun.iter().any(|new| administers(&new.role));
        Plan {
            ended,
            begun_ids: begun.iter().map(|_| self.inner.store.next_id()).collect(),
            begun,
            before: described(&staff.memberships.iter().map(as_new).collect::<Vec<_>>()),
            after,
            becomes_administrator: becomes && !was_administrator,
        }
    }
}

/// In which capacity the caller may do this to whoever works in all these organisations.
fn reaching_all(
    caller: &Principal,
    operation: &'static str,
    paths: &[TreePath],
) -> Result<Actor, AccessError> {
    let mut actor = caller.acting_anywhere(operation)?;
    for path in paths {
        let reach = Reach {
            area_path: None,
            organisation_paths: std::slice::from_ref(path),
        };
        actor = caller.acting(operation, &reach)?;
    }
    Ok(actor)
}

fn mismatch(staff: &Staff) -> AccessError {
    let version = staff.version;
    AccessRefusal::VersionMismatch { version }.into()
}

fn as_new(held: &Membership) -> MembershipNew {
    MembershipNew {
        organisation_id: held.organisation_id,
        role: held.role.clone(),
        area_path: held.area_path.clone(),
        zone_ids: held.zone_ids.clone(),
    }
}
