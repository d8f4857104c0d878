//! All SQL of the portal: the only writer and reader of its tables.

use base::{Id, Timestamp};
use store::handover::Table;
use store::{Migration, Room, StoreError, Tx, params, statements};

/// The portal as the store sees it.
pub const ROOM: Room = Room {
    name: "portal",
    migrations: &[Migration {
        name: "0001_portal",
        sql: include_str!("../migrations/0001_portal.sql"),
    }],
    statements: STATEMENTS,
    tables: &[
        // Codes and messages live for minutes.
        Table::stays("portal_code"),
        Table::stays("portal_message"),
        Table::handed("publication", &["case_id"]),
    ],
};

statements! {
    /// The code of a pair of number and phone.
    CODE_OF = "SELECT report_id, code_key, tries, asked_at, expires_at FROM portal_code WHERE subject = ?1";
    /// A code, in place of the one before.
    CODE_PUT = "INSERT INTO portal_code (subject, report_id, code_key, tries, asked_at, expires_at) VALUES (?1, ?2, ?3, 0, ?4, ?5)
        ON CONFLICT (subject) DO UPDATE SET report_id = excluded.report_id, code_key = excluded.code_key, tries = 0,
        asked_at = excluded.asked_at, expires_at = excluded.expires_at";
    /// One more try of it.
    CODE_TRIED = "UPDATE portal_code SET tries = tries + 1 WHERE subject = ?1";
    /// It has done its work.
    CODE_USED = "DELETE FROM portal_code WHERE subject = ?1";
    /// Long expired.
    CODES_PRUNE = "DELETE FROM portal_code WHERE expires_at < ?1";
    /// A message, once.
    MESSAGE_ADD = "INSERT INTO portal_message (id, report_id, kind, code_sealed, dedupe_key, tries, send_at, put_at)
        VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?6) ON CONFLICT (dedupe_key) DO NOTHING";
    /// Those to be sent.
    MESSAGES_DUE = "SELECT id, report_id, kind, code_sealed, tries, send_at, put_at FROM portal_message WHERE send_at <= ?1
        ORDER BY send_at, id LIMIT ?2";
    /// One is taken to be sent; should that fail it is due again.
    MESSAGE_TAKE = "UPDATE portal_message SET send_at = ?3, tries = tries + 1 WHERE id = ?1 AND send_at = ?2";
    /// It is sent, or given up.
    MESSAGE_GONE = "DELETE FROM portal_message WHERE id = ?1";
    /// What is shown of a case.
    PUBLICATION = "SELECT version, is_hidden, title, attachment_ids, changed_at FROM publication WHERE case_id = ?1";
    /// What is shown of it from now on.
    PUBLICATION_PUT = "INSERT INTO publication (case_id, version, is_hidden, title, attachment_ids, changed_by, changed_at)
        VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (case_id) DO UPDATE SET version = publication.version + 1, is_hidden = excluded.is_hidden,
        title = excluded.title, attachment_ids = excluded.attachment_ids, changed_by = excluded.changed_by,
        changed_at = excluded.changed_at";
}

/// A code as stored.
pub(crate) struct CodeRow {
    pub report_id: Option<Id>,
    pub code_key: Vec<u8>,
    pub tries: i64,
    pub asked_at: Timestamp,
    pub expires_at: Timestamp,
}

pub(crate) fn code_of(tx: &mut Tx<'_>, subject: &str) -> Result<Option<CodeRow>, StoreError> {
    tx.query_opt(&CODE_OF, params![subject], |row| {
        Ok(CodeRow {
            report_id: row.get(0)?,
            code_key: row.get(1)?,
            tries: row.get(2)?,
            asked_at: row.get(3)?,
            expires_at: row.get(4)?,
        })
    })
}

/// A message as stored.
pub(crate) struct MessageRow {
    pub id: Id,
    pub report_id: Option<Id>,
    pub kind: String,
    pub code_sealed: Option<Vec<u8>>,
    pub tries: i64,
    pub send_at: Timestamp,
    pub put_at: Timestamp,
}

pub(crate) fn messages_due(
    tx: &mut Tx<'_>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<MessageRow>, StoreError> {
    tx.query(&MESSAGES_DUE, params![now, limit], |row| {
        Ok(MessageRow {
            id: row.get(0)?,
            report_id: row.get(1)?,
            kind: row.get(2)?,
            code_sealed: row.get(3)?,
            tries: row.get(4)?,
            send_at: row.get(5)?,
            put_at: row.get(6)?,
        })
    })
}

/// What is shown of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Publication {
    pub version: i64,
    pub is_hidden: bool,
    pub title: Option<String>,
    pub attachment_ids: Vec<Id>,
}

pub(crate) fn publication(tx: &mut Tx<'_>, case_id: Id) -> Result<Option<Publication>, StoreError> {
    tx.query_opt(&PUBLICATION, params![case_id], |row| {
        let ids: String = row.get(3)?;
        Ok(Publication {
            version: row.get(0)?,
            is_hidden: row.get(1)?,
            title: row.get(2)?,
            attachment_ids: serde_json::from_str(&ids)
                .map_err(|error| StoreError::Corrupt(format!("publication {case_id}: {error}")))?,
        })
    })
}
