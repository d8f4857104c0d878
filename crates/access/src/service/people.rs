//! Staff with their memberships, and accounts for them.

use super::{Access, Deed, audit, do_once};
use crate::error::{AccessError, AccessRefusal};
use crate::mask;
use crate::model::{Membership, MembershipNew, Organisation, Staff, StaffNew};
use crate::password::Password;
use crate::permission::{RoleBook, RoleError};
use crate::principal::{Means, Principal};
use crate::scope::Reach;
use crate::store::{self as rows, StaffRow};
use base::{FieldError, Id, Page, PageRequest, Timestamp, TreePath};
use serde_json::json;
use std::sync::Arc;
use store::idempotency::Once;
use store::{StoreError, Tx, params};

/// What is needed to open an account.
#[derive(Clone, Debug)]
pub struct AccountNew {
    /// For whom.
    pub staff_id: Id,
    /// 3 to 64 of a-z, 0-9, `.`, `_`, `-`; capitals are made small.
    pub login_name: String,
    /// The first password; drawn when absent.
    pub password: Option<Password>,
    /// Whether the first password must be changed at once. Always so, except from the console (a demo's accounts).
    pub must_change_password: bool,
}

/// An account that was opened.
#[derive(Clone, Debug)]
pub struct AccountCreated {
    /// Its id.
    pub id: Id,
    /// What to type at sign-in.
    pub login_name: String,
    /// The password that was drawn, to be told to the person; absent when one was given, and when the request was repeated.
    pub initial_password: Option<Password>,
}

impl Access {
    /// Enters a person with memberships. The caller must reach every organisation named.
    pub async fn staff_create(
        &self,
        caller: &Principal,
        new: StaffNew,
        once: Option<Once>,
    ) -> Result<Staff, AccessError> {
        let mut wrong = new.check();
        let organisations = self.organisations_of(&new.memberships, &mut wrong).await?;
        check_roles(&self.roles(), &new.memberships, &mut wrong);
        if !wrong.is_empty() {
            return Err(AccessError::Invalid(wrong));
        }
        let mut actor = caller.acting_anywhere("staff_create")?;
        for organisation in &organisations {
            let organisation_paths = std::slice::from_ref(&organisation.path);
            actor = caller.acting(
                "staff_create",
                &Reach {
                    area_path: None,
                    organisation_paths,
                },
            )?;
        }
        let (id, at) = (self.inner.store.next_id(), self.now());
        let member_ids: Vec<Id> = new
            .memberships
            .iter()
            .map(|_| self.inner.store.next_id())
            .collect();
        let phone = self.sealed_phone(id, new.phone.as_deref());
        let writer = caller.clone();
        let written = self.inner.store.write(move |tx| {
            do_once(tx, once.as_ref(), id, |tx| {
                if tx
                    .query_opt(&rows::STAFF_BY_CODE, params![new.code], rows::read_staff)?
                    .is_some()
                {
                    return Err(AccessRefusal::Taken { what: "code" }.into());
                }
                staff_add(tx, id, &new, phone.as_ref(), at)?;
                memberships_add(tx, id, &new.memberships, &member_ids, at)?;
                let deed = Deed {
                    at,
                    caller: &writer,
                    actor: &actor,
                    operation: "staff_create",
                    object: id,
                };
                audit(
                    tx,
                    &deed,
                    json!({ "memberships": described(&new.memberships) }),
                )?;
                Ok(())
            })
        });
        let (id, _) = written.await?;
        self.staff(id).await?.ok_or(AccessError::NotFound("staff"))
    }

    /// A number as it is stored of the person.
    pub(super) fn sealed_phone(&self, id: Id, phone: Option<&str>) -> Option<SealedPhone> {
        let phone = phone.and_then(mask::normalised_phone)?;
        Some(SealedPhone {
            sealed: self.inner.sealer.seal(phone.as_bytes(), &phone_context(id)),
            hash: self.inner.sealer.keyed_hash(&phone),
        })
    }

    /// Whether this is the number kept of the person.
    pub(crate) async fn phone_is(&self, id: Id, phone: &str) -> Result<bool, AccessError> {
        let found = self
            .inner
            .store
            .read(move |tx| tx.query_opt(&rows::STAFF_BY_ID, params![id], rows::read_staff));
        let sealed = found.await?.and_then(|row| row.phone_sealed);
        let Some(sealed) = sealed else {
            return Ok(false);
        };
        let kept = self.inner.sealer.open(&sealed, &phone_context(id))?;
        Ok(mask::normalised_phone(phone).is_some_and(|phone| phone.as_bytes() == &*kept))
    }

    /// The person with this number at work, whoever asks.
    pub async fn staff_by_code(&self, code: &str) -> Result<Option<Staff>, AccessError> {
        let code = code.to_owned();
        let found = self
            .inner
            .store
            .read(move |tx| tx.query_opt(&rows::STAFF_BY_CODE, params![code], rows::read_staff));
        match found.await? {
            None => Ok(None),
            Some(row) => self.staff(row.id).await,
        }
    }

    /// Whose login name this is, and which login name somebody has.
    pub(crate) async fn accounts_of(
        &self,
        login_name: &str,
        staff_id: Option<Id>,
    ) -> Result<(Option<Id>, Option<String>), StoreError> {
        let login_name = login_name.to_owned();
        let found = self.inner.store.read(move |tx| {
            let by_name = params![login_name];
            let by_name =
                tx.query_opt(&rows::ACCOUNT_BY_LOGIN_NAME, by_name, rows::read_account)?;
            let by_staff = match staff_id {
                None => None,
                Some(id) => {
                    tx.query_opt(&rows::ACCOUNT_BY_STAFF, params![id], rows::read_account)?
                }
            };
            Ok::<_, StoreError>((
                by_name.map(|account| account.staff_id),
                by_staff.map(|account| account.login_name),
            ))
        });
        found.await
    }

    /// The person `id`, whoever asks: for this room's own answers and for other rooms' services.
    pub async fn staff(&self, id: Id) -> Result<Option<Staff>, AccessError> {
        let book = self.roles();
        let found = self.inner.store.read(move |tx| {
            let Some(row) = tx.query_opt(&rows::STAFF_BY_ID, params![id], rows::read_staff)? else {
                return Ok(None);
            };
            let memberships = rows::memberships_of(tx, &book, &[id])?;
            Ok::<_, StoreError>(Some((row, memberships)))
        });
        let Some((row, memberships)) = found.await? else {
            return Ok(None);
        };
        self.shown(
            row,
            memberships
                .into_iter()
                .map(|(_, membership)| membership)
                .collect(),
        )
        .map(Some)
    }

    /// A page of the people who work where the caller's permission reaches, by id.
    pub async fn staff_list(
        &self,
        caller: &Principal,
        page: &PageRequest,
    ) -> Result<Page<Staff>, AccessError> {
        caller.acting_anywhere("staff_view")?;
        let limit = page
            .limit()
            .map_err(|wrong| AccessError::Invalid(vec![wrong]))?;
        let after = page_id(page)?.unwrap_or(Id(0));
        let (scope, book) = (caller.scope("staff_view"), self.roles());
        let found = self.inner.store.read(move |tx| {
            let people = rows::staff_page(tx, &scope, after, limit + 1)?;
            let ids: Vec<Id> = people.iter().map(|row| row.id).collect();
            let memberships = rows::memberships_of(tx, &book, &ids)?;
            Ok::<_, StoreError>((people, memberships))
        });
        let (people, mut memberships) = found.await?;
        let mut shown = Vec::with_capacity(people.len());
        for row in people {
            let own = memberships.extract_if(.., |(staff_id, _)| *staff_id == row.id);
            let own = own.map(|(_, membership)| membership).collect();
            shown.push(self.shown(row, own)?);
        }
        Ok(Page::from_rows(shown, limit, |staff| staff.id.to_string()))
    }

    /// Opens an account for a person who has none.
    pub async fn account_create(
        &self,
        caller: &Principal,
        new: AccountNew,
        once: Option<Once>,
    ) -> Result<AccountCreated, AccessError> {
        let login_name = new.login_name.trim().to_ascii_lowercase();
        let drawn = new
            .password
            .is_none()
            .then(|| Password::draw(&**self.inner.store.chance()));
        let staff = self.staff(new.staff_id).await?;
        let wrong = check_account(&login_name, new.password.as_ref(), staff.is_some());
        let (Some(staff), Some(password)) = (staff, new.password.as_ref().or(drawn.as_ref()))
        else {
            return Err(AccessError::Invalid(wrong));
        };
        if !wrong.is_empty() {
            return Err(AccessError::Invalid(wrong));
        }
        let organisation_paths: Vec<TreePath> = staff
            .memberships
            .iter()
            .map(|m| m.organisation_path.clone())
            .collect();
        let reach = Reach {
            area_path: None,
            organisation_paths: &organisation_paths,
        };
        let actor = caller.acting("account_create", &reach)?;
        let must_change = new.must_change_password || caller.means != Means::Console;
        let hash = self
            .inner
            .hasher
            .hash(password, &**self.inner.store.chance())
            .await?;
        let (id, at, writer, name) = (
            self.inner.store.next_id(),
            self.now(),
            caller.clone(),
            login_name.clone(),
        );
        let written = self.inner.store.write(move |tx| {
            do_once(tx, once.as_ref(), id, |tx| {
                refuse_taken(tx, new.staff_id, &name)?;
                tx.post(
                    &rows::ACCOUNT_ADD,
                    params![id, new.staff_id, name, hash, at, must_change],
                )?;
                tx.post(&rows::PASSWORD_HISTORY_ADD, params![id, id, hash])?;
                let deed = Deed {
                    at,
                    caller: &writer,
                    actor: &actor,
                    operation: "account_create",
                    object: id,
                };
                audit(tx, &deed, json!({ "staff_id": new.staff_id }))?;
                Ok(())
            })
        });
        let (id, is_new) = written.await?;
        Ok(AccountCreated {
            id,
            login_name,
            initial_password: drawn.filter(|_| is_new),
        })
    }

    /// As others see the person: with the phone number masked.
    fn shown(&self, row: StaffRow, memberships: Vec<Membership>) -> Result<Staff, AccessError> {
        let phone_masked = match &row.phone_sealed {
            None => None,
            Some(sealed) => {
                let phone = self.inner.sealer.open(sealed, &phone_context(row.id))?;
                Some(mask::phone(&String::from_utf8_lossy(&phone)))
            }
        };
        Ok(Staff {
            id: row.id,
            code: row.code,
            name: row.name,
            phone_masked,
            memberships,
            version: row.version,
        })
    }

    /// The organisations named, each once a membership; the unknown are wrong fields.
    pub(super) async fn organisations_of(
        &self,
        memberships: &[MembershipNew],
        wrong: &mut Vec<FieldError>,
    ) -> Result<Vec<Arc<Organisation>>, AccessError> {
        let mut found = Vec::with_capacity(memberships.len());
        for (index, membership) in memberships.iter().enumerate() {
            match self.organisation(membership.organisation_id).await? {
                Some(organisation) => found.push(organisation),
                None => wrong.push(FieldError::new(
                    format!("memberships[{index}].organisation_id"),
                    "unknown_id",
                    "there is no such organisation",
                )),
            }
        }
        Ok(found)
    }
}

pub(super) struct SealedPhone {
    pub(super) sealed: Vec<u8>,
    pub(super) hash: [u8; 32],
}

/// Where a person's sealed phone number stands.
pub(crate) fn phone_context(staff_id: Id) -> String {
    format!("staff.phone:{staff_id}")
}

/// The `after` of a list by id.
pub(super) fn page_id(page: &PageRequest) -> Result<Option<Id>, AccessError> {
    let parse = |text: &str| {
        text.parse().map_err(|_| {
            AccessError::field("after", "malformed", "pass the `next` of the page before")
        })
    };
    page.after.as_deref().map(parse).transpose()
}

pub(crate) fn check_roles(
    book: &RoleBook,
    memberships: &[MembershipNew],
    wrong: &mut Vec<FieldError>,
) {
    for (index, membership) in memberships.iter().enumerate() {
        if book.get(&membership.role).is_none() {
            wrong.push(FieldError::new(
                format!("memberships[{index}].role"),
                "unknown_role",
                "there is no such role",
            ));
        }
    }
    if let Err(error @ RoleError::Excluded { .. }) =
        book.check_person(memberships.iter().map(|m| m.role.as_str()))
    {
        wrong.push(FieldError::new(
            "memberships",
            "excluded_role",
            error.to_string(),
        ));
    }
}

pub(crate) fn check_account(
    login_name: &str,
    password: Option<&Password>,
    has_staff: bool,
) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    let fits =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    if !(3..=64).contains(&login_name.len()) || !login_name.chars().all(fits) {
        wrong.push(FieldError::new(
            "login_name",
            "malformed",
            "3 to 64 of a-z, 0-9, '.', '_' and '-'",
        ));
    }
    if let Some(password) = password {
        wrong.extend(password.check("password", login_name));
    }
    if !has_staff {
        wrong.push(FieldError::new(
            "staff_id",
            "unknown_id",
            "there is no such person",
        ));
    }
    wrong
}

fn staff_add(
    tx: &mut Tx<'_>,
    id: Id,
    new: &StaffNew,
    phone: Option<&SealedPhone>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let (sealed, hash) = (phone.map(|p| &p.sealed), phone.map(|p| &p.hash));
    tx.post(
        &rows::STAFF_ADD,
        params![id, new.code, new.name.trim(), sealed, hash, at],
    )
}

pub(super) fn memberships_add(
    tx: &mut Tx<'_>,
    staff_id: Id,
    memberships: &[MembershipNew],
    ids: &[Id],
    at: Timestamp,
) -> Result<(), StoreError> {
    for (membership, id) in memberships.iter().zip(ids) {
        let zones = rows::to_json(&membership.zone_ids)?;
        let m = membership;
        tx.post(
            &rows::MEMBERSHIP_ADD,
            params![
                id,
                staff_id,
                m.organisation_id,
                m.role,
                m.area_path,
                zones,
                at
            ],
        )?;
    }
    Ok(())
}

/// What an audit entry says of memberships.
pub(super) fn described(memberships: &[MembershipNew]) -> Vec<serde_json::Value> {
    let one = |m: &MembershipNew| json!({ "organisation_id": m.organisation_id, "role": m.role, "area_path": m.area_path, "zone_ids": m.zone_ids });
    memberships.iter().map(one).collect()
}

fn refuse_taken(tx: &mut Tx<'_>, staff_id: Id, login_name: &str) -> Result<(), AccessError> {
    let by_name = tx.query_opt(
        &rows::ACCOUNT_BY_LOGIN_NAME,
        params![login_name],
        rows::read_account,
    )?;
    if by_name.is_some() {
        return Err(AccessRefusal::Taken { what: "login_name" }.into());
    }
    let by_staff = tx.query_opt(
        &rows::ACCOUNT_BY_STAFF,
        params![staff_id],
        rows::read_account,
    )?;
    if by_staff.is_some() {
        return Err(AccessRefusal::Taken { what: "staff_id" }.into());
    }
    Ok(())
}
