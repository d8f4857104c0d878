//! All SQL of this room; the only writer of its tables. Rows in, rows out: nothing here decides.

mod accounts;

pub(crate) use accounts::{account_names, account_page, login_failures_of};

use crate::model::{Membership, Organisation, OrganisationKind};
use crate::permission::{ExclusiveGroup, PermissionSet, Role, RoleBook, RoleReach};
use crate::scope::{Scope, ScopeColumns, Via};
use crate::session::SessionTimes;
use base::{CreditCode, Id, Timestamp, TreePath};
use store::handover::Table;
use store::{AsParam as _, Migration, Room, Row, Statement, StoreError, Tx, params};

/// This room, for `Store::open`.
pub const ROOM: Room = Room {
    name: "access",
    migrations: &[Migration {
        name: "0001_access",
        sql: include_str!("../migrations/0001_access.sql"),
    }],
    statements: STATEMENTS,
    tables: TABLES,
};

/// What becomes of each table when the city is handed over. Whoever is signed in stays behind, and so do failed sign-ins.
const TABLES: &[Table] = &[
    Table::handed("organisation", &["path"]),
    Table::handed("organisation_number", &["parent_path"]),
    Table::replacing("role", &["code"]),
    Table::handed("staff", &["id"]),
    Table::handed("membership", &["id"]),
    Table::handed("account", &["id"]),
    Table::handed("password_history", &["id"]),
    Table::stays("login_failure"),
    Table::stays("session"),
    Table::stays("api_token"),
    Table::handed("notice", &["id"]),
    Table::replacing("sealing_key", &["number"]),
];

store::statements! {
    /// Writes a shipped role anew.
    ROLE_PUT = "INSERT INTO role (code, name_zh, name_en, permissions, reach, exclusive_group) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
      ON CONFLICT (code) DO UPDATE SET name_zh = ?2, name_en = ?3, permissions = ?4, reach = ?5, exclusive_group = ?6";
    /// All roles.
    ROLE_LIST = "SELECT code, name_zh, name_en, permissions, reach, exclusive_group FROM role ORDER BY code";

    /// The keys that were used here.
    SEALING_KEY_LIST = "SELECT number, fingerprint FROM sealing_key ORDER BY number";
    /// A key is used here for the first time.
    SEALING_KEY_ADD = "INSERT INTO sealing_key (number, fingerprint, first_used_at) VALUES (?1, ?2, ?3) ON CONFLICT (number) DO NOTHING";

    /// The next number under a path.
    ORGANISATION_NUMBER_NEXT = "INSERT INTO organisation_number (parent_path, last_number) VALUES (?1, 1)
      ON CONFLICT (parent_path) DO UPDATE SET last_number = organisation_number.last_number + 1 RETURNING last_number";
    /// A new organisation.
    ORGANISATION_ADD = "INSERT INTO organisation (id, code, name, kind, parent_id, path, home_area_path, credit_code, version, created_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, ?9)";
    /// One organisation.
    ORGANISATION_BY_ID = "SELECT id, code, name, kind, parent_id, path, home_area_path, credit_code, version FROM organisation WHERE id = ?1";
    /// Every organisation, to be remembered.
    ORGANISATION_ALL = "SELECT id, code, name, kind, parent_id, path, home_area_path, credit_code, version FROM organisation ORDER BY id";
    /// One organisation by the city's code.
    ORGANISATION_BY_CODE = "SELECT id, code, name, kind, parent_id, path, home_area_path, credit_code, version FROM organisation WHERE code = ?1";
    /// It is another than before, in its place, unless somebody else was faster.
    ORGANISATION_UPDATE = "UPDATE organisation SET name = ?3, kind = ?4, home_area_path = ?5, credit_code = ?6, version = version + 1
      WHERE id = ?1 AND version = ?2";
    /// A page of a subtree, in the order of the tree.
    ORGANISATION_RANGE = "SELECT id, code, name, kind, parent_id, path, home_area_path, credit_code, version FROM organisation
      WHERE path >= ?1 AND path < ?2 AND path > ?3 ORDER BY path LIMIT ?4";
    /// The same of one kind.
    ORGANISATION_RANGE_OF_KIND = "SELECT id, code, name, kind, parent_id, path, home_area_path, credit_code, version FROM organisation
      WHERE kind = ?5 AND path >= ?1 AND path < ?2 AND path > ?3 ORDER BY path LIMIT ?4";

    /// A new person.
    STAFF_ADD = "INSERT INTO staff (id, code, name, phone_sealed, phone_hash, version, created_at) VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6)";
    /// One person.
    STAFF_BY_ID = "SELECT id, code, name, phone_sealed, version FROM staff WHERE id = ?1";
    /// People by id.
    STAFF_AFTER = "SELECT id, code, name, phone_sealed, version FROM staff WHERE id > ?1 ORDER BY id LIMIT ?2";
    /// Whose number at work it is.
    STAFF_BY_CODE = "SELECT id, code, name, phone_sealed, version FROM staff WHERE code = ?1";
    /// A new membership.
    MEMBERSHIP_ADD = "INSERT INTO membership (id, staff_id, organisation_id, role, area_path, zone_ids, created_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    /// It ends.
    MEMBERSHIP_END = "DELETE FROM membership WHERE id = ?1";
    /// The person is another than before, unless somebody else was faster.
    STAFF_CHANGED = "UPDATE staff SET version = version + 1 WHERE id = ?1 AND version = ?2";
    /// The person has another name.
    STAFF_NAME = "UPDATE staff SET name = ?2 WHERE id = ?1";
    /// The person has another number.
    STAFF_PHONE = "UPDATE staff SET phone_sealed = ?2, phone_hash = ?3 WHERE id = ?1";
    /// Where one person works.
    MEMBERSHIPS_OF_STAFF = "SELECT m.staff_id, m.id, m.organisation_id, o.name, o.path, m.role, m.area_path, m.zone_ids
      FROM membership m JOIN organisation o ON o.id = m.organisation_id WHERE m.staff_id = ?1 ORDER BY m.id";

    /// A new account.
    ACCOUNT_ADD = "INSERT INTO account (id, staff_id, login_name, password_hash, password_changed_at, must_change_password, is_active,
      version, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, TRUE, 1, ?5)";
    /// An account by the name typed.
    ACCOUNT_BY_LOGIN_NAME = "SELECT id, staff_id, login_name, password_hash, is_active, version
      FROM account WHERE login_name = ?1";
    /// An account.
    ACCOUNT_BY_ID = "SELECT id, staff_id, login_name, password_hash, is_active, version
      FROM account WHERE id = ?1";
    /// Whether the person has an account.
    ACCOUNT_BY_STAFF = "SELECT id, staff_id, login_name, password_hash, is_active, version
      FROM account WHERE staff_id = ?1";
    /// A new password from an administrator: it must be changed at the next sign-in.
    PASSWORD_RESET = "UPDATE account SET password_hash = ?2, password_changed_at = ?3, must_change_password = TRUE, version = version + 1
      WHERE id = ?1";
    /// Locks or unlocks, unless it is so already.
    ACCOUNT_ACTIVE_SET = "UPDATE account SET is_active = ?2, version = version + 1 WHERE id = ?1 AND is_active <> ?2";
    /// A new password, unless somebody else was faster.
    PASSWORD_SET = "UPDATE account SET password_hash = ?3, password_changed_at = ?4, must_change_password = FALSE, version = version + 1
      WHERE id = ?1 AND version = ?2";
    /// The password has grown too old.
    PASSWORD_EXPIRE = "UPDATE account SET must_change_password = TRUE WHERE id = ?1 AND password_changed_at < ?2";
    /// Remembers a password.
    PASSWORD_HISTORY_ADD = "INSERT INTO password_history (id, account_id, password_hash) VALUES (?1, ?2, ?3)";
    /// The last passwords.
    PASSWORD_HISTORY_LAST = "SELECT password_hash FROM password_history WHERE account_id = ?1 ORDER BY id DESC LIMIT ?2";

    /// Failures of a name since a time.
    LOGIN_FAILURES = "SELECT failures FROM login_failure WHERE name_hash = ?1 AND last_at > ?2";
    /// One more failure; the first when the last one is older than a time.
    LOGIN_FAILURE_COUNT = "INSERT INTO login_failure (name_hash, failures, last_at) VALUES (?1, 1, ?2)
      ON CONFLICT (name_hash) DO UPDATE SET last_at = ?2,
        failures = CASE WHEN login_failure.last_at > ?3 THEN login_failure.failures + 1 ELSE 1 END RETURNING failures";
    /// The name has succeeded.
    LOGIN_FAILURE_FORGET = "DELETE FROM login_failure WHERE name_hash = ?1";
    /// Failures too old to count.
    LOGIN_FAILURE_PRUNE = "DELETE FROM login_failure WHERE last_at <= ?1";

    /// A new session.
    SESSION_ADD = "INSERT INTO session (id, account_id, secret_hash, address, created_at, seen_at, ends_at, idle_seconds)
      VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7)";
    /// Whose session it is.
    SESSION_BY_HASH = "SELECT s.id, a.id, a.staff_id, p.name, a.must_change_password, s.seen_at, s.ends_at, s.idle_seconds
      FROM session s JOIN account a ON a.id = s.account_id JOIN staff p ON p.id = a.staff_id
      WHERE s.secret_hash = ?1 AND a.is_active = TRUE";
    /// It is in use.
    SESSION_SEEN = "UPDATE session SET seen_at = ?2 WHERE id = ?1 AND seen_at < ?2";
    /// It ends.
    SESSION_END = "DELETE FROM session WHERE id = ?1";
    /// All others of the account end.
    SESSIONS_END_OTHERS = "DELETE FROM session WHERE account_id = ?1 AND id <> ?2";
    /// All of the account end.
    SESSIONS_END = "DELETE FROM session WHERE account_id = ?1";
    /// All of the person end.
    SESSIONS_END_OF_STAFF = "DELETE FROM session WHERE account_id IN (SELECT id FROM account WHERE staff_id = ?1)";
    /// Live sessions, newest first.
    SESSION_LIST = "SELECT s.id, s.account_id, a.login_name, p.name, s.address, s.created_at, s.seen_at, s.ends_at
      FROM session s JOIN account a ON a.id = s.account_id JOIN staff p ON p.id = a.staff_id
      WHERE s.id < ?1 AND s.ends_at > ?2 AND s.seen_at + s.idle_seconds * 1000000 > ?2 ORDER BY s.id DESC LIMIT ?3";
    /// Live sessions of an account, newest first.
    SESSIONS_OF_ACCOUNT = "SELECT s.id, s.account_id, a.login_name, p.name, s.address, s.created_at, s.seen_at, s.ends_at
      FROM session s JOIN account a ON a.id = s.account_id JOIN staff p ON p.id = a.staff_id
      WHERE s.account_id = ?1 AND s.ends_at > ?2 AND s.seen_at + s.idle_seconds * 1000000 > ?2 ORDER BY s.id DESC LIMIT ?3";
    /// A session of an account ends.
    SESSION_END_OF_ACCOUNT = "DELETE FROM session WHERE id = ?1 AND account_id = ?2";
    /// Sessions that are over.
    SESSION_PRUNE = "DELETE FROM session WHERE ends_at <= ?1";

    /// A new API token.
    TOKEN_ADD = "INSERT INTO api_token (id, account_id, name, secret_hash, permissions, created_at, ends_at, seen_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?6)";
    /// Whose token it is.
    TOKEN_BY_HASH = "SELECT t.id, a.id, a.staff_id, p.name, a.must_change_password, t.seen_at, t.ends_at, t.permissions
      FROM api_token t JOIN account a ON a.id = t.account_id JOIN staff p ON p.id = a.staff_id
      WHERE t.secret_hash = ?1 AND a.is_active = TRUE";
    /// It is in use.
    TOKEN_SEEN = "UPDATE api_token SET seen_at = ?2 WHERE id = ?1 AND seen_at < ?2";
    /// One token.
    TOKEN_BY_ID = "SELECT id, account_id, name, permissions, created_at, ends_at, seen_at FROM api_token WHERE id = ?1";
    /// An account's tokens, newest first.
    TOKEN_LIST = "SELECT id, account_id, name, permissions, created_at, ends_at, seen_at FROM api_token
      WHERE account_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
    /// It ends.
    TOKEN_END = "DELETE FROM api_token WHERE id = ?1";

    /// All of the account end.
    TOKENS_END = "DELETE FROM api_token WHERE account_id = ?1";

    /// A new notice, unless the same was put before.
    NOTICE_ADD = "INSERT INTO notice (id, organisation_id, staff_id, kind, subject_id, body, dedupe_key, created_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (dedupe_key) DO NOTHING";
    /// Notices to a person, newest first.
    NOTICES_OF_STAFF = "SELECT id, organisation_id, staff_id, kind, subject_id, body, created_at, read_at FROM notice
      WHERE staff_id = ?1 AND id < ?2 AND (kind <> 'task_assigned' OR created_at <= ?4) ORDER BY id DESC LIMIT ?3";
    /// The unread ones.
    NOTICES_OF_STAFF_UNREAD = "SELECT id, organisation_id, staff_id, kind, subject_id, body, created_at, read_at FROM notice
      WHERE staff_id = ?1 AND id < ?2 AND read_at IS NULL AND (kind <> 'task_assigned' OR created_at <= ?4) ORDER BY id DESC LIMIT ?3";
    /// Notices to an organisation, newest first.
    NOTICES_OF_ORGANISATION = "SELECT id, organisation_id, staff_id, kind, subject_id, body, created_at, read_at FROM notice
      WHERE organisation_id = ?1 AND staff_id IS NULL AND id < ?2
      AND (kind <> 'task_assigned' OR created_at <= ?4) ORDER BY id DESC LIMIT ?3";
    /// The unread ones.
    NOTICES_OF_ORGANISATION_UNREAD = "SELECT id, organisation_id, staff_id, kind, subject_id, body, created_at, read_at FROM notice
      WHERE organisation_id = ?1 AND staff_id IS NULL AND id < ?2 AND read_at IS NULL
      AND (kind <> 'task_assigned' OR created_at <= ?4) ORDER BY id DESC LIMIT ?3";
    /// One notice.
    NOTICE_BY_ID = "SELECT id, organisation_id, staff_id, kind, subject_id, body, created_at, read_at FROM notice WHERE id = ?1";
    /// What nobody has read yet of a task that no longer stands.
    NOTICE_WITHDRAW = "DELETE FROM notice WHERE organisation_id = ?1 AND staff_id IS NULL AND kind = 'task_assigned' AND subject_id = ?2
      AND created_at > ?3 AND read_at IS NULL";
    /// It is read; the first reader counts.
    NOTICE_READ = "UPDATE notice SET read_at = ?2, read_by = ?3 WHERE id = ?1 AND read_at IS NULL";
}

/// Greater than every id: where lists from the newest on begin.
pub(crate) const AFTER_ALL: Id = Id(i64::MAX);

pub(crate) fn role_put(tx: &mut Tx<'_>, role: &Role) -> Result<(), StoreError> {
    let permissions = to_json(&role.permissions)?;
    let group = role.exclusive_group.map(ExclusiveGroup::as_str);
    tx.post(
        &ROLE_PUT,
        params![
            role.code,
            role.name_zh,
            role.name_en,
            permissions,
            role.reach.as_str(),
            group
        ],
    )
}

pub(crate) fn role_book(tx: &mut Tx<'_>) -> Result<RoleBook, StoreError> {
    let roles = tx.query(&ROLE_LIST, &[], |row| {
        let code: String = row.get(0)?;
        let permissions = permissions_known(&code, &row.get::<String>(3)?)?;
        let reach: RoleReach = from_json(&format!("\"{}\"", row.get::<String>(4)?))?;
        let group = row.get::<Option<String>>(5)?;
        Ok(Role {
            name_zh: row.get(1)?,
            name_en: row.get(2)?,
            permissions,
            reach,
            exclusive_group: group.map(|g| from_json(&format!("\"{g}\""))).transpose()?,
            code,
        })
    })?;
    RoleBook::from_roles(roles).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// The permissions in a stored list that this program knows; one that it does not know allows nothing here.
fn permissions_known(of: &str, json: &str) -> Result<PermissionSet, StoreError> {
    let names: Vec<String> = from_json(json)?;
    let mut known = PermissionSet::default();
    for name in &names {
        match PermissionSet::from_names([name.as_str()]) {
            Ok(one) => known = known.union(one),
            Err(error) => tracing::warn!(%error, holder = of, "a stored permission is left out"),
        }
    }
    Ok(known)
}

pub(crate) fn organisation_add(
    tx: &mut Tx<'_>,
    organisation: &Organisation,
    at: Timestamp,
) -> Result<(), StoreError> {
    let o = organisation;
    let credit_code = o.credit_code.as_ref().map(CreditCode::as_str);
    tx.post(
        &ORGANISATION_ADD,
        params![
            o.id,
            o.code,
            o.name,
            o.kind.as_str(),
            o.parent_id,
            o.path,
            o.home_area_path,
            credit_code,
            at
        ],
    )
}

pub(crate) fn organisation_number_next(
    tx: &mut Tx<'_>,
    parent: Option<&TreePath>,
) -> Result<u32, StoreError> {
    let parent = parent.map_or("", TreePath::as_str);
    let number = tx.query_opt(&ORGANISATION_NUMBER_NEXT, params![parent], |row| {
        row.get::<u32>(0)
    })?;
    number.ok_or_else(|| StoreError::Corrupt("the counter of organisations gave no number".into()))
}

pub(crate) fn read_organisation(row: &Row<'_>) -> Result<Organisation, StoreError> {
    let kind: String = row.get(3)?;
    let credit_code: Option<String> = row.get(7)?;
    Ok(Organisation {
        id: row.get(0)?,
        code: row.get(1)?,
        name: row.get(2)?,
        kind: OrganisationKind::parse(&kind)
            .ok_or_else(|| StoreError::Corrupt(format!("{kind:?} is no kind of organisation")))?,
        parent_id: row.get(4)?,
        path: row.get(5)?,
        home_area_path: row.get(6)?,
        credit_code: credit_code
            .map(|code| {
                CreditCode::parse(&code).map_err(|error| StoreError::Corrupt(error.to_string()))
            })
            .transpose()?,
        version: row.get(8)?,
    })
}

/// A person as stored.
pub(crate) struct StaffRow {
    pub(crate) id: Id,
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) phone_sealed: Option<Vec<u8>>,
    pub(crate) version: i64,
}

pub(crate) fn read_staff(row: &Row<'_>) -> Result<StaffRow, StoreError> {
    Ok(StaffRow {
        id: row.get(0)?,
        code: row.get(1)?,
        name: row.get(2)?,
        phone_sealed: row.get(3)?,
        version: row.get(4)?,
    })
}

/// A page of the people in `scope`, by id.
pub(crate) fn staff_page(
    tx: &mut Tx<'_>,
    scope: &Scope,
    after: Id,
    limit: u32,
) -> Result<Vec<StaffRow>, StoreError> {
    let clause = scope.sql(&STAFF_COLUMNS, 3);
    let text = format!(
        "SELECT s.id, s.code, s.name, s.phone_sealed, s.version FROM staff s WHERE s.id > ?1 AND {} ORDER BY s.id LIMIT ?2",
        clause.text()
    );
    let params: Vec<_> = [after.as_param(), limit.as_param()]
        .into_iter()
        .chain(clause.params())
        .collect();
    tx.query(&Statement::composed(text), &params, read_staff)
}

const STAFF_COLUMNS: ScopeColumns<'static> = ScopeColumns {
    area: None,
    organisation: Some(Via::Exists {
        from: "membership m JOIN organisation o ON o.id = m.organisation_id WHERE m.staff_id = s.id",
        column: "o.path",
    }),
    zone: None,
};

/// The memberships of all `staff_ids`, each with whose it is. A role that no longer exists gives nothing.
pub(crate) fn memberships_of(
    tx: &mut Tx<'_>,
    book: &RoleBook,
    staff_ids: &[Id],
) -> Result<Vec<(Id, Membership)>, StoreError> {
    let read = |row: &Row<'_>| read_membership(row, book);
    let found = match staff_ids {
        [] => Vec::new(),
        [one] => tx.query(&MEMBERSHIPS_OF_STAFF, params![one], read)?,
        many => {
            let text = format!(
                "SELECT m.staff_id, m.id, m.organisation_id, o.name, o.path, m.role, m.area_path, m.zone_ids
                 FROM membership m JOIN organisation o ON o.id = m.organisation_id WHERE m.staff_id IN ({}) ORDER BY m.id",
                accounts::places(1, many.len())
            );
            let params: Vec<_> = many.iter().map(store::AsParam::as_param).collect();
            tx.query(&Statement::composed(text), &params, read)?
        }
    };
    Ok(found.into_iter().flatten().collect())
}

fn read_membership(row: &Row<'_>, book: &RoleBook) -> Result<Option<(Id, Membership)>, StoreError> {
    let role: String = row.get(5)?;
    let Some(granted) = book.get(&role) else {
        tracing::warn!(
            role,
            "a membership has a role that does not exist; it gives nothing"
        );
        return Ok(None);
    };
    let membership = Membership {
        id: row.get(1)?,
        organisation_id: row.get(2)?,
        organisation_name: row.get(3)?,
        organisation_path: row.get(4)?,
        area_path: row.get(6)?,
        zone_ids: from_json(&row.get::<String>(7)?)?,
        granted: granted.clone(),
        role,
    };
    Ok(Some((row.get(0)?, membership)))
}

/// An account as stored.
pub(crate) struct AccountRow {
    pub(crate) id: Id,
    pub(crate) staff_id: Id,
    pub(crate) login_name: String,
    pub(crate) password_hash: String,
    pub(crate) is_active: bool,
    pub(crate) version: i64,
}

pub(crate) fn read_account(row: &Row<'_>) -> Result<AccountRow, StoreError> {
    Ok(AccountRow {
        id: row.get(0)?,
        staff_id: row.get(1)?,
        login_name: row.get(2)?,
        password_hash: row.get(3)?,
        is_active: row.get(4)?,
        version: row.get(5)?,
    })
}

/// Who a session or token belongs to, as stored.
pub(crate) struct BearerRow {
    pub(crate) id: Id,
    pub(crate) account_id: Id,
    pub(crate) staff_id: Id,
    pub(crate) staff_name: String,
    pub(crate) must_change_password: bool,
    pub(crate) times: SessionTimes,
    pub(crate) narrowed_to: Option<PermissionSet>,
}

fn read_bearer(
    row: &Row<'_>,
    idle_seconds: Option<i64>,
    narrowed_to: Option<PermissionSet>,
) -> Result<BearerRow, StoreError> {
    Ok(BearerRow {
        id: row.get(0)?,
        account_id: row.get(1)?,
        staff_id: row.get(2)?,
        staff_name: row.get(3)?,
        must_change_password: row.get(4)?,
        times: SessionTimes {
            seen_at: row.get(5)?,
            ends_at: row.get(6)?,
            idle_seconds,
        },
        narrowed_to,
    })
}

pub(crate) fn session_bearer(
    tx: &mut Tx<'_>,
    hash: &[u8; 32],
) -> Result<Option<BearerRow>, StoreError> {
    tx.query_opt(&SESSION_BY_HASH, params![hash], |row| {
        read_bearer(row, Some(row.get(7)?), None)
    })
}

pub(crate) fn token_bearer(
    tx: &mut Tx<'_>,
    hash: &[u8; 32],
) -> Result<Option<BearerRow>, StoreError> {
    tx.query_opt(&TOKEN_BY_HASH, params![hash], |row| {
        let permissions = permissions_known("api_token", &row.get::<String>(7)?)?;
        read_bearer(row, None, Some(permissions))
    })
}

/// An API token without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub id: Id,
    /// Whose it is.
    pub account_id: Id,
    /// What the owner calls it.
    pub name: String,
    /// What it allows, as far as the owner may.
    pub permissions: PermissionSet,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
}

pub(crate) fn read_token(row: &Row<'_>) -> Result<ApiToken, StoreError> {
    Ok(ApiToken {
        id: row.get(0)?,
        account_id: row.get(1)?,
        name: row.get(2)?,
        permissions: permissions_known("api_token", &row.get::<String>(3)?)?,
        created_at: row.get(4)?,
        ends_at: row.get(5)?,
        seen_at: row.get(6)?,
    })
}

/// A live session, as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: Id,
    /// Whose it is.
    pub account_id: Id,
    /// The account's login name.
    pub login_name: String,
    /// The person's name.
    pub staff_name: String,
    /// Where they signed in from.
    pub address: String,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// When it ends, however busy.
    pub ends_at: Timestamp,
}

pub(crate) fn read_session(row: &Row<'_>) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.get(0)?,
        account_id: row.get(1)?,
        login_name: row.get(2)?,
        staff_name: row.get(3)?,
        address: row.get(4)?,
        created_at: row.get(5)?,
        seen_at: row.get(6)?,
        ends_at: row.get(7)?,
    })
}

/// Something that somebody should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its id; rises with time.
    pub id: Id,
    /// The organisation it goes to.
    pub organisation_id: Id,
    /// The one person it goes to; none: whoever works there.
    pub staff_id: Option<Id>,
    /// What kind, e.g. `task_assigned`.
    pub kind: String,
    /// What it is about.
    pub subject_id: Id,
    /// JSON object without personal text.
    pub body: String,
    /// When it was put.
    pub created_at: Timestamp,
    /// When somebody first read it.
    pub read_at: Option<Timestamp>,
}

pub(crate) fn read_notice(row: &Row<'_>) -> Result<Notice, StoreError> {
    Ok(Notice {
        id: row.get(0)?,
        organisation_id: row.get(1)?,
        staff_id: row.get(2)?,
        kind: row.get(3)?,
        subject_id: row.get(4)?,
        body: row.get(5)?,
        created_at: row.get(6)?,
        read_at: row.get(7)?,
    })
}

pub(crate) fn to_json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Statement(error.to_string()))
}

pub(crate) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(error.to_string()))
}
