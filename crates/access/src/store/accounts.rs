//! Accounts as administrators look at them.

use crate::scope::Scope;
use base::{Id, Timestamp};
use store::{AsParam as _, Statement, StoreError, Tx};

/// An account as administrators see it, without what other tables know.
pub(crate) struct AccountSeen {
    pub(crate) id: Id,
    pub(crate) login_name: String,
    pub(crate) staff_id: Id,
    pub(crate) staff_name: String,
    pub(crate) is_active: bool,
    pub(crate) must_change_password: bool,
    pub(crate) password_changed_at: Timestamp,
    pub(crate) created_at: Timestamp,
}

/// A page of the accounts of the people in `scope`, by id; with a name only that one.
pub(crate) fn account_page(
    tx: &mut Tx<'_>,
    scope: &Scope,
    login_name: Option<&str>,
    after: Id,
    limit: u32,
) -> Result<Vec<AccountSeen>, StoreError> {
    let (named, first) = match login_name {
        Some(_) => ("AND a.login_name = ?3", 4),
        None => ("", 3),
    };
    let clause = scope.sql(&super::STAFF_COLUMNS, first);
    let text = format!(
        "SELECT a.id, a.login_name, a.staff_id, s.name, a.is_active, a.must_change_password, a.password_changed_at, a.created_at
         FROM account a JOIN staff s ON s.id = a.staff_id WHERE a.id > ?1 {named} AND {} ORDER BY a.id LIMIT ?2",
        clause.text()
    );
    let params: Vec<_> = [after.as_param(), limit.as_param()]
        .into_iter()
        .chain(login_name.as_ref().map(store::AsParam::as_param))
        .chain(clause.params())
        .collect();
    tx.query(&Statement::composed(text), &params, |row| {
        Ok(AccountSeen {
            id: row.get(0)?,
            login_name: row.get(1)?,
            staff_id: row.get(2)?,
            staff_name: row.get(3)?,
            is_active: row.get(4)?,
            must_change_password: row.get(5)?,
            password_changed_at: row.get(6)?,
            created_at: row.get(7)?,
        })
    })
}

/// Login and staff names of accounts, by id.
pub(crate) fn account_names(
    tx: &mut Tx<'_>,
    account_ids: &[Id],
) -> Result<Vec<(Id, String, String)>, StoreError> {
    if account_ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT a.id, a.login_name, s.name FROM account a JOIN staff s ON s.id = a.staff_id WHERE a.id IN ({})",
        places(1, account_ids.len())
    );
    let params: Vec<_> = account_ids.iter().map(store::AsParam::as_param).collect();
    tx.query(&Statement::composed(text), &params, |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })
}

/// Those of `names` (by hash) that have failed `failures_min` times or more since `since`, with the time of the last failure.
pub(crate) fn login_failures_of(
    tx: &mut Tx<'_>,
    names: &[[u8; 32]],
    since: Timestamp,
    failures_min: i64,
) -> Result<Vec<([u8; 32], Timestamp)>, StoreError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT name_hash, last_at FROM login_failure WHERE last_at > ?1 AND failures >= ?2 AND name_hash IN ({})",
        places(3, names.len())
    );
    let params: Vec<_> = [since.as_param(), failures_min.as_param()]
        .into_iter()
        .chain(names.iter().map(store::AsParam::as_param))
        .collect();
    tx.query(&Statement::composed(text), &params, |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

/// `?3, ?4, ?5` for `first` 3 and `count` 3.
pub(super) fn places(first: usize, count: usize) -> String {
    let places: Vec<String> = (first..first + count).map(|n| format!("?{n}")).collect();
    places.join(", ")
}
