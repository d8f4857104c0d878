//! The transaction handle that a closure receives.

use crate::audit::{AuditEntry, ChainEnd};
use crate::outbox::OutboxEntry;
use crate::pg::session::Session;
use crate::timer::TimerEntry;
use crate::{Param, Row, Statement, StoreError, params};
use std::fmt::Write as _;

pub(crate) enum Engine<'a> {
    Sqlite(&'a rusqlite::Connection),
    Pg(&'a mut Session),
}

/// An open transaction. It cannot leave its closure: the lifetime is the worker's.
pub struct Tx<'a> {
    engine: Engine<'a>,
    /// The first failed statement. Once set, the transaction cannot commit, whatever the closure returns.
    pub(crate) doomed: Option<StoreError>,
    pub(crate) chain: ChainEnd,
    /// Written last, after the row locks of version checks are held, so that per key the outbox follows commit order.
    emitted: Vec<OutboxEntry>,
}

static OUTBOX_ADD: Statement = Statement::fixed(
    "INSERT INTO outbox (key, kind, body, area_path, organisation_paths, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
);
static TIMER_ADD: Statement = Statement::fixed(
    "INSERT INTO timer (id, kind, key, due_at, run_at, body) VALUES (?1, ?2, ?3, ?4, ?4, ?5)",
);
pub(crate) static AUDIT_ADD: Statement = Statement::fixed(
    "INSERT INTO audit (lane, seq, at, actor, action, object, detail, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
);

impl<'a> Tx<'a> {
    pub(crate) fn new(engine: Engine<'a>, chain: ChainEnd) -> Self {
        Self {
            engine,
            doomed: None,
            chain,
            emitted: Vec::new(),
        }
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self.engine, Engine::Pg(_))
    }

    /// All rows, mapped one by one.
    pub fn query<T>(
        &mut self,
        statement: &Statement,
        params: &[Param<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.guarded(|engine| match engine {
            Engine::Sqlite(connection) => {
                let mut prepared = connection.prepare_cached(statement.text())?;
                let mut rows = prepared.query(rusqlite::params_from_iter(params))?;
                let mut found = Vec::new();
                while let Some(row) = rows.next()? {
                    found.push(map(&Row::Sqlite(row))?);
                }
                Ok(found)
            }
            Engine::Pg(session) => session
                .query(statement.text(), params)?
                .iter()
                .map(|row| map(&Row::Pg(row)))
                .collect(),
        })
    }

    /// The first row, if there is one.
    pub fn query_opt<T>(
        &mut self,
        statement: &Statement,
        params: &[Param<'_>],
        map: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.guarded(|engine| match engine {
            Engine::Sqlite(connection) => {
                let mut prepared = connection.prepare_cached(statement.text())?;
                let mut rows = prepared.query(rusqlite::params_from_iter(params))?;
                let first = rows.next()?;
                first.map(|row| map(&Row::Sqlite(row))).transpose()
            }
            Engine::Pg(session) => {
                let found = session.query(statement.text(), params)?;
                found.first().map(|row| map(&Row::Pg(row))).transpose()
            }
        })
    }

    /// Executes now and says how many rows changed. Costs a round trip on PostgreSQL.
    pub fn execute(
        &mut self,
        statement: &Statement,
        params: &[Param<'_>],
    ) -> Result<u64, StoreError> {
        self.guarded(|engine| match engine {
            Engine::Sqlite(connection) => Ok(connection
                .prepare_cached(statement.text())?
                .execute(rusqlite::params_from_iter(params))?
                as u64),
            Engine::Pg(session) => session.execute(statement.text(), params),
        })
    }

    /// Executes before the next read or the commit, whichever comes first (PostgreSQL: pipelined with it).
    pub fn post(&mut self, statement: &Statement, params: &[Param<'_>]) -> Result<(), StoreError> {
        self.guarded(|engine| match engine {
            Engine::Sqlite(connection) => {
                connection
                    .prepare_cached(statement.text())?
                    .execute(rusqlite::params_from_iter(params))?;
                Ok(())
            }
            Engine::Pg(session) => session.post(statement.text(), params, false),
        })
    }

    /// Like [`Tx::post`], and [`StoreError::Conflict`] (so: a retry of the whole closure) unless some row changes.
    /// For version checks: `UPDATE … WHERE id = ?1 AND version = ?2`.
    pub fn post_one(
        &mut self,
        statement: &Statement,
        params: &[Param<'_>],
    ) -> Result<(), StoreError> {
        self.guarded(|engine| match engine {
            Engine::Sqlite(connection) => {
                match connection
                    .prepare_cached(statement.text())?
                    .execute(rusqlite::params_from_iter(params))?
                {
                    0 => Err(StoreError::Conflict),
                    _ => Ok(()),
                }
            }
            Engine::Pg(session) => session.post(statement.text(), params, true),
        })
    }

    /// Appends to the audit chain, in this transaction.
    pub fn audit(&mut self, entry: &AuditEntry<'_>) -> Result<(), StoreError> {
        let end = self.chain.extend(entry);
        self.post(
            &AUDIT_ADD,
            params![
                end.lane,
                end.seq,
                entry.at,
                entry.actor,
                entry.action,
                entry.object,
                entry.detail,
                end.hash
            ],
        )?;
        self.chain = end;
        Ok(())
    }

    /// Tells the rest of the house, once this transaction is committed. See [`crate::outbox`].
    pub fn emit(&mut self, entry: OutboxEntry) {
        self.emitted.push(entry);
    }

    /// Wakes a handler at a time, even after a restart. See [`crate::timer`].
    pub fn schedule(&mut self, timer: &TimerEntry) -> Result<(), StoreError> {
        self.post(
            &TIMER_ADD,
            params![timer.id, timer.kind, timer.key, timer.due_at, timer.body],
        )
    }

    /// Writes what was emitted; says whether there was anything. Called once the closure has agreed.
    pub(crate) fn flush(&mut self) -> Result<bool, StoreError> {
        let emitted = std::mem::take(&mut self.emitted);
        for entry in &emitted {
            let mut organisations = String::new();
            for path in &entry.organisation_paths {
                let _ = write!(organisations, "{path} ");
            }
            self.post(
                &OUTBOX_ADD,
                params![
                    entry.key,
                    entry.kind,
                    entry.body,
                    entry.area_path,
                    organisations.trim_end(),
                    entry.at
                ],
            )?;
        }
        Ok(!emitted.is_empty())
    }

    /// Gives back the memory in which this connection keeps what it has read. For whoever has read much that nobody will ask for soon.
    pub fn forget_pages(&mut self) -> Result<(), StoreError> {
        self.guarded(|engine| match engine {
            Engine::Sqlite(connection) => Ok(connection.release_memory()?),
            // Its pages are the server's.
            Engine::Pg(_) => Ok(()),
        })
    }

    /// Prepares without executing; for the test that every statement is understood.
    pub(crate) fn prepare(&mut self, statement: &Statement) -> Result<(), StoreError> {
        self.guarded(|engine| match engine {
            Engine::Sqlite(connection) => Ok(connection.prepare(statement.text()).map(drop)?),
            Engine::Pg(session) => session.try_prepare(statement.text()),
        })
    }

    fn guarded<T>(
        &mut self,
        work: impl FnOnce(&mut Engine<'a>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(doom) = &self.doomed {
            return Err(doom.clone());
        }
        let result = work(&mut self.engine);
        if let Err(error) = &result {
            self.doomed = Some(error.clone());
        }
        result
    }
}
