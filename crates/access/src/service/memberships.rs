//! Who works where and as what, changed as a whole, so that the rules about roles always see all of them.

use super::accounts::paths_of;
use super::people::{check_roles, described, memberships_add};
use super::{Access, Deed, audit};
use crate::error::{AccessError, AccessRefusal};
use crate::model::{Membership, MembershipNew, Staff, check_memberships};
use crate::principal::{Actor, Means, Principal};
use crate::scope::Reach;
use crate::store as rows;
use base::{Id, TreePath};
use serde_json::{Value, json};
use store::params;

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
        caller.acting_anywhere("membership_change")?;
        if caller.means != Means::Console && caller.staff_id == staff_id {
            return Err(AccessRefusal::OnOneself.into());
        }
        let staff = self.staff(staff_id).await?;
        let staff = staff.ok_or(AccessError::NotFound("staff"))?;
        let mut wrong = Vec::new();
        check_memberships(&wanted, &mut wrong);
        let organisations = self.organisations_of(&wanted, &mut wrong).await?;
        check_roles(&self.roles(), &wanted, &mut wrong);
        if !wrong.is_empty() {
            return Err(AccessError::Invalid(wrong));
        }
        let after = organisations.iter().map(|known| known.path.clone());
        let touched: Vec<TreePath> = paths_of(&staff).into_iter().chain(after).collect();
        let actor = reaching_all(caller, &touched)?;
        if let Some(seen) = version
            && seen != staff.version
        {
            return Err(mismatch(&staff));
        }
        let plan = self.plan(&staff, wanted);
        let (at, writer, upon) = (self.now(), caller.clone(), staff.version);
        let written = self.inner.store.write(move |tx| {
            if tx.execute(&rows::STAFF_CHANGED, params![staff_id, upon])? == 0 {
                return Ok(false);
            }
            for id in &plan.ended {
                tx.post(&rows::MEMBERSHIP_END, params![id])?;
            }
            memberships_add(tx, staff_id, &plan.begun, &plan.begun_ids, at)?;
            if plan.becomes_administrator {
                tx.post(&rows::SESSIONS_END_OF_STAFF, params![staff_id])?;
            }
            let deed = Deed {
                at,
                caller: &writer,
                actor: &actor,
                operation: "membership_change",
                object: staff_id,
            };
            let more = json!({ "before": plan.before, "after": plan.after });
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

/// In which capacity the caller may change memberships of all these organisations.
fn reaching_all(caller: &Principal, paths: &[TreePath]) -> Result<Actor, AccessError> {
    let mut actor = caller.acting_anywhere("membership_change")?;
    for path in paths {
        let reach = Reach {
            area_path: None,
            organisation_paths: std::slice::from_ref(path),
        };
        actor = caller.acting("membership_change", &reach)?;
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
