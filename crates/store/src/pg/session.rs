//! A connection, its statement cache, and the writes that wait for the next round trip.
//!
//! Writes without an answer are kept back and pipelined with the next read or the commit, so a command costs as many round
//! trips as it has reads, plus one.

use crate::value::{Value, to_pg};
use crate::{Param, StoreError};
use futures_util::future::{join_all, join3};
use std::collections::HashMap;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls, Statement, error::SqlState, types::ToSql};

struct Deferred {
    statement: Statement,
    values: Vec<Value>,
}

/// One connection, driven by the thread that uses it.
pub(crate) struct Session {
    runtime: Runtime,
    client: Client,
    begin_sql: &'static str,
    begun: bool,
    /// Per text: the plain statement, and the one that fails unless a row changes.
    statements: HashMap<String, [Option<Statement>; 2]>,
    deferred: Vec<Deferred>,
}

enum Last<'a> {
    Rows(&'a Statement, &'a [Param<'a>]),
    Count(&'a Statement, &'a [Param<'a>]),
    Commit,
}

enum Answer {
    Rows(Vec<tokio_postgres::Row>),
    Count(u64),
    Done,
}

impl Session {
    /// Connects. Not on a thread that runs async tasks: `block_on` panics there.
    pub(crate) fn connect(url: &str, begin_sql: &'static str) -> Result<Self, StoreError> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| StoreError::Unavailable(e.to_string()))?;
        let client = dial(&runtime, url)?;
        Ok(Self {
            runtime,
            client,
            begin_sql,
            begun: false,
            statements: HashMap::new(),
            deferred: Vec::new(),
        })
    }

    pub(crate) fn reconnect(&mut self, url: &str) -> Result<(), StoreError> {
        self.statements.clear();
        self.deferred.clear();
        self.begun = false;
        self.client = dial(&self.runtime, url)?;
        Ok(())
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Plain SQL outside of any closure's transaction.
    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        let done = self
            .runtime
            .block_on(self.client.batch_execute(sql))
            .map_err(StoreError::from);
        self.begun =
            sql.starts_with("BEGIN") || (self.begun && sql != "COMMIT" && sql != "ROLLBACK");
        done
    }

    /// An advisory lock that lives as long as the connection. `false`: another connection has it. Advisory locks are the whole
    /// database's, so the schema is mixed in: installations that share a database do not lock each other out.
    pub(crate) fn try_lock(&mut self, class: i32, number: i64) -> Result<bool, StoreError> {
        let sql =
            format!("SELECT pg_try_advisory_lock({class} # hashtext(current_schema()), {number})");
        let row = self.runtime.block_on(self.client.query_one(&sql, &[]))?;
        Ok(row.try_get(0)?)
    }

    pub(crate) fn query(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        let statement = self.prepare(sql, false)?;
        match self.round_trip(Last::Rows(&statement, params))? {
            Answer::Rows(rows) => Ok(rows),
            _ => Ok(Vec::new()),
        }
    }

    pub(crate) fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        let statement = self.prepare(sql, false)?;
        match self.round_trip(Last::Count(&statement, params))? {
            Answer::Count(count) => Ok(count),
            _ => Ok(0),
        }
    }

    pub(crate) fn post(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        must_change: bool,
    ) -> Result<(), StoreError> {
        let statement = self.prepare(sql, must_change)?;
        self.deferred.push(Deferred {
            statement,
            values: params.iter().map(Value::from).collect(),
        });
        Ok(())
    }

    /// Prepares and forgets: does the server understand it?
    pub(crate) fn try_prepare(&mut self, sql: &str) -> Result<(), StoreError> {
        Ok(self
            .runtime
            .block_on(self.client.prepare(&to_pg(sql)))
            .map(drop)?)
    }

    pub(crate) fn commit(&mut self) -> Result<(), StoreError> {
        if !self.begun && self.deferred.is_empty() {
            return Ok(());
        }
        match self.round_trip(Last::Commit) {
            Ok(_) => {
                self.begun = false;
                Ok(())
            }
            Err(StoreError::Unavailable(why)) if self.client.is_closed() => {
                self.begun = false;
                Err(StoreError::CommitUnknown(why))
            }
            Err(error) => {
                self.rollback();
                Err(error)
            }
        }
    }

    pub(crate) fn rollback(&mut self) {
        self.deferred.clear();
        if std::mem::take(&mut self.begun) {
            let _ = self.runtime.block_on(self.client.batch_execute("ROLLBACK"));
        }
    }

    /// Prepared once per connection. With `must_change` the server itself raises an error when no row changed, so that
    /// the check needs no round trip before the commit.
    fn prepare(&mut self, sql: &str, must_change: bool) -> Result<Statement, StoreError> {
        let slot = usize::from(must_change);
        if let Some(statement) = self
            .statements
            .get(sql)
            .and_then(|both| both.get(slot)?.clone())
        {
            return Ok(statement);
        }
        let mut text = to_pg(sql);
        if must_change {
            text = format!("WITH changed AS ({text} RETURNING 1) SELECT 1 / count(*) FROM changed");
        }
        // Preparing inside a transaction that has not begun is fine: it begins with the next round trip.
        let statement = self.runtime.block_on(self.client.prepare(&text))?;
        let both = self.statements.entry(sql.to_owned()).or_default();
        if let Some(place) = both.get_mut(slot) {
            *place = Some(statement.clone());
        }
        Ok(statement)
    }

    /// BEGIN if needed, the deferred writes and `last`, sent together; the first failure is the answer.
    fn round_trip(&mut self, last: Last<'_>) -> Result<Answer, StoreError> {
        let client = &self.client;
        let must_begin = !std::mem::replace(&mut self.begun, true);
        let begin_sql = self.begin_sql;
        let begin = async move {
            if must_begin {
                client.batch_execute(begin_sql).await
            } else {
                Ok(())
            }
        };
        let deferred = std::mem::take(&mut self.deferred);
        let writes = join_all(deferred.iter().map(|write| async move {
            let params: Vec<Param<'_>> = write.values.iter().map(Value::as_param).collect();
            let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|p| p as _).collect();
            client.execute(&write.statement, &params).await
        }));
        let last = async move {
            match last {
                Last::Rows(statement, params) => client
                    .query(statement, &as_sql(params))
                    .await
                    .map(Answer::Rows),
                Last::Count(statement, params) => client
                    .execute(statement, &as_sql(params))
                    .await
                    .map(Answer::Count),
                Last::Commit => client.batch_execute("COMMIT").await.map(|()| Answer::Done),
            }
        };
        // join3 and join_all poll in order, and polling is what sends: the server sees the statements in this order.
        let (begun, written, answered) = self.runtime.block_on(join3(begin, writes, last));
        begun?;
        for count in written {
            count.map_err(no_row_is_conflict)?;
        }
        Ok(answered?)
    }
}

fn no_row_is_conflict(error: tokio_postgres::Error) -> StoreError {
    if error.code() == Some(&SqlState::DIVISION_BY_ZERO) {
        StoreError::Conflict
    } else {
        error.into()
    }
}

fn as_sql<'p>(params: &'p [Param<'p>]) -> Vec<&'p (dyn ToSql + Sync)> {
    params.iter().map(|param| param as _).collect()
}

fn dial(runtime: &Runtime, url: &str) -> Result<Client, StoreError> {
    let (client, connection) = runtime
        .block_on(tokio_postgres::connect(url, NoTls))
        .map_err(|error| StoreError::Unavailable(format!("PostgreSQL: {error}")))?;
    runtime.spawn(connection); // driven by the same thread, inside block_on
    Ok(client)
}
