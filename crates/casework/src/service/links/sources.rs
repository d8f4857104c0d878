//! Where reports come from: a table that a city keeps itself.
//!
//! What is known of it is kept in memory for a few seconds, so that receiving a report asks the database nothing. Another
//! server's change is seen after that.

use crate::failure::CaseworkError;
use crate::input::{SourceCreateRequest, SourceUpdateRequest};
use crate::model::ChannelKind;
use crate::service::{Call, Casework, answer_text, answered};
use crate::store::{SOURCE_ADD, SOURCE_MOVE, SOURCES};
use crate::view::SourceView;
use ::store::idempotency::{self, Once};
use ::store::{AuditEntry, StoreError, Tx, params};
use access::Principal;
use base::{FieldError, Id, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How long what is known of the sources is believed.
const BELIEVED_SECONDS: i64 = 5;
/// More sources than any city keeps.
const SOURCES_MAX: usize = 1_000;

/// A source as stored.
#[derive(Clone, Debug)]
struct SourceRow {
    code: String,
    version: i64,
    name_zh: String,
    name_en: String,
    channel: ChannelKind,
    is_active: bool,
}

/// What is known of the sources. One for the process, shared.
#[derive(Debug, Default)]
pub struct Sources(Mutex<Option<(Timestamp, Arc<Vec<SourceRow>>)>>);

impl Sources {
    fn believed(&self, now: Timestamp) -> Option<Arc<Vec<SourceRow>>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, rows) = known.as_ref()?;
        let fresh = *read_at <= now && now <= read_at.plus_seconds(BELIEVED_SECONDS);
        fresh.then(|| rows.clone())
    }

    fn keep(&self, now: Timestamp, rows: &Arc<Vec<SourceRow>>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((now, rows.clone()));
    }

    fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Casework {
    async fn source_rows(&self) -> Result<Arc<Vec<SourceRow>>, StoreError> {
        let now = self.now();
        if let Some(rows) = self.sources().believed(now) {
            return Ok(rows);
        }
        let rows = Arc::new(self.store().read(read_all).await?);
        self.sources().keep(now, &rows);
        Ok(rows)
    }

    /// Whether new reports may name this source.
    pub(in crate::service) async fn source_is_active(
        &self,
        code: &str,
    ) -> Result<bool, StoreError> {
        let rows = self.source_rows().await?;
        Ok(rows.iter().any(|row| row.code == code && row.is_active))
    }

    /// What sources are called, by code.
    pub(in crate::service) async fn source_names(
        &self,
    ) -> Result<HashMap<String, String>, StoreError> {
        let rows = self.source_rows().await?;
        let named = rows
            .iter()
            .map(|row| (row.code.clone(), row.name_zh.clone()));
        Ok(named.collect())
    }

    /// Every source, by code, those out of use too.
    pub async fn source_list(
        &self,
        principal: &Arc<Principal>,
    ) -> Result<Vec<SourceView>, CaseworkError> {
        principal.acting_anywhere("source_list")?;
        let rows = self.store().read(read_all).await?;
        Ok(rows.into_iter().map(|row| self.source_view(row)).collect())
    }

    fn source_view(&self, row: SourceRow) -> SourceView {
        let process = self.parts().processes.for_source(&row.code);
        SourceView {
            process: process.map(|process| process.reference.code.clone()),
            code: row.code,
            version: row.version,
            name_zh: row.name_zh,
            name_en: row.name_en,
            channel: row.channel,
            is_active: row.is_active,
        }
    }

    /// A new source, in use at once. Its reports are accepted as soon as a process serves it.
    pub async fn source_create(
        &self,
        call: &Call,
        input: SourceCreateRequest,
    ) -> Result<SourceView, CaseworkError> {
        let by = call.principal.acting_anywhere("source_create")?.account_id;
        let wrong = input.check();
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let once = self.once(call, "source_create", None, &input)?;
        let row = SourceRow {
            code: input.code,
            version: 1,
            name_zh: input.name_zh.trim().to_owned(),
            name_en: input.name_en.trim().to_owned(),
            channel: input.channel,
            is_active: true,
        };
        let (this, now) = (self.clone(), self.now());
        let created = self
            .store()
            .write(move |tx| this.source_create_in(tx, &row, once.as_ref(), by, now))
            .await;
        self.sources().forget();
        created
    }

    fn source_create_in(
        &self,
        tx: &mut Tx<'_>,
        row: &SourceRow,
        once: Option<&Once>,
        by: Id,
        now: Timestamp,
    ) -> Result<SourceView, CaseworkError> {
        if let Some(once) = once
            && let Some(answer) = idempotency::lookup(tx, once)?
        {
            return answered(&answer);
        }
        let there = read_all(tx)?;
        if there.iter().any(|each| each.code == row.code) {
            return Err(CaseworkError::Invalid(vec![FieldError::new(
                "code",
                "duplicate",
                "there is a source with this code",
            )]));
        }
        if there.len() >= SOURCES_MAX {
            return Err(CaseworkError::Invalid(vec![FieldError::new(
                "code",
                "too_many",
                format!("at most {SOURCES_MAX} sources"),
            )]));
        }
        tx.execute(
            &SOURCE_ADD,
            params![row.code, row.name_zh, row.name_en, row.channel.as_str()],
        )?;
        source_audit(tx, "source_create", &row.code, by, now)?;
        let answer = self.source_view(row.clone());
        if let Some(once) = once {
            idempotency::remember(tx, once, &answer_text(&answer))?;
        }
        Ok(answer)
    }

    /// Renames a source, or puts it in or out of use. Reports that came through it stay as they are.
    pub async fn source_update(
        &self,
        call: &Call,
        code: &str,
        input: SourceUpdateRequest,
    ) -> Result<SourceView, CaseworkError> {
        let by = call.principal.acting_anywhere("source_update")?.account_id;
        let wrong = input.check();
        if !wrong.is_empty() {
            return Err(CaseworkError::Invalid(wrong));
        }
        let (this, now, code) = (self.clone(), self.now(), code.to_owned());
        let expected = call.expected_version;
        let updated = self
            .store()
            .write(move |tx| {
                let before = read_all(tx)?
                    .into_iter()
                    .find(|row| row.code == code)
                    .ok_or(CaseworkError::NotFound("source"))?;
                if expected.is_some_and(|version| version != before.version) {
                    return Err(CaseworkError::SourceVersion(Box::new(
                        this.source_view(before),
                    )));
                }
                let after = changed(&before, &input);
                source_move(tx, &before, &after)?;
                source_audit(tx, "source_update", &after.code, by, now)?;
                Ok(this.source_view(after))
            })
            .await;
        self.sources().forget();
        updated
    }
}

fn changed(before: &SourceRow, input: &SourceUpdateRequest) -> SourceRow {
    let name = |new: &Option<String>, old: &String| {
        new.as_deref()
            .map_or_else(|| old.clone(), |name| name.trim().to_owned())
    };
    SourceRow {
        code: before.code.clone(),
        version: before.version + 1,
        name_zh: name(&input.name_zh, &before.name_zh),
        name_en: name(&input.name_en, &before.name_en),
        channel: input.channel.unwrap_or(before.channel),
        is_active: input.is_active.unwrap_or(before.is_active),
    }
}

fn source_move(tx: &mut Tx<'_>, before: &SourceRow, after: &SourceRow) -> Result<(), StoreError> {
    tx.post_one(
        &SOURCE_MOVE,
        params![
            after.code,
            before.version,
            after.version,
            after.name_zh,
            after.name_en,
            after.channel.as_str(),
            after.is_active
        ],
    )
}

fn source_audit(
    tx: &mut Tx<'_>,
    action: &'static str,
    code: &str,
    by: Id,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.audit(&AuditEntry {
        at: now,
        actor: by,
        action,
        object: Id(0),
        detail: &format!("{{\"code\":\"{code}\"}}"),
    })
}

fn read_all(tx: &mut Tx<'_>) -> Result<Vec<SourceRow>, StoreError> {
    tx.query(&SOURCES, &[], |row| {
        Ok(SourceRow {
            code: row.get(0)?,
            version: row.get(1)?,
            name_zh: row.get(2)?,
            name_en: row.get(3)?,
            channel: row.get(4)?,
            is_active: row.get(5)?,
        })
    })
}
