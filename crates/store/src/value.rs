//! Values that cross the border between rooms and engines: borrowed parameters going in, typed columns coming out.

use crate::StoreError;
use base::path::TreePath;
use base::{Id, Timestamp};
use rusqlite::types::{ToSqlOutput, Value as SqliteValue, ValueRef};
use tokio_postgres::types::{IsNull, ToSql as PgToSql, Type, private::BytesMut, to_sql_checked};

/// One statement parameter. Borrowed: nothing is copied on SQLite; on PostgreSQL only deferred writes are copied.
#[derive(Debug, Clone, Copy)]
pub enum Param<'a> {
    /// SQL NULL, of whatever type the place has.
    Null,
    /// Any integer column.
    Int(i64),
    /// A double.
    Real(f64),
    /// A boolean.
    Bool(bool),
    /// A text.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

/// An owned [`Param`], kept while a deferred statement waits for the next round trip.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Real(f64),
    Bool(bool),
    Text(String),
    Blob(Vec<u8>),
}

impl From<&Param<'_>> for Value {
    fn from(param: &Param<'_>) -> Self {
        match *param {
            Param::Null => Self::Null,
            Param::Int(v) => Self::Int(v),
            Param::Real(v) => Self::Real(v),
            Param::Bool(v) => Self::Bool(v),
            Param::Text(v) => Self::Text(v.to_owned()),
            Param::Blob(v) => Self::Blob(v.to_vec()),
        }
    }
}

impl Value {
    pub(crate) fn as_param(&self) -> Param<'_> {
        match self {
            Self::Null => Param::Null,
            Self::Int(v) => Param::Int(*v),
            Self::Real(v) => Param::Real(*v),
            Self::Bool(v) => Param::Bool(*v),
            Self::Text(v) => Param::Text(v),
            Self::Blob(v) => Param::Blob(v),
        }
    }
}

/// What may stand in [`params!`]. A trait of our own, because `From<&Option<T>>` cannot be written without an endless bound.
pub trait AsParam {
    /// Borrows the value as a parameter.
    fn as_param(&self) -> Param<'_>;
}

macro_rules! as_param {
    ($($from:ty => $variant:ident($v:ident => $make:expr)),* $(,)?) => { $(
        impl AsParam for $from { fn as_param(&self) -> Param<'_> { let $v = self; Param::$variant($make) } }
    )* };
}
as_param! {
    i64 => Int(v => *v), i32 => Int(v => i64::from(*v)), u32 => Int(v => i64::from(*v)), u16 => Int(v => i64::from(*v)),
    u8 => Int(v => i64::from(*v)), Id => Int(v => v.0), Timestamp => Int(v => v.0), f64 => Real(v => *v), bool => Bool(v => *v),
    str => Text(v => v), String => Text(v => v), TreePath => Text(v => v.as_str()), [u8] => Blob(v => v), Vec<u8> => Blob(v => v),
    [u8; 32] => Blob(v => v),
}
impl AsParam for Param<'_> {
    fn as_param(&self) -> Param<'_> {
        *self
    }
}
impl<T: AsParam + ?Sized> AsParam for &T {
    fn as_param(&self) -> Param<'_> {
        (**self).as_param()
    }
}
impl<T: AsParam> AsParam for Option<T> {
    fn as_param(&self) -> Param<'_> {
        self.as_ref().map_or(Param::Null, AsParam::as_param)
    }
}

/// `params![id, title, due_at]` borrows each expression as a [`Param`].
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::AsParam::as_param(&$value)),*] };
}

impl rusqlite::ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match *self {
            Self::Null => ToSqlOutput::Owned(SqliteValue::Null),
            Self::Int(v) => ToSqlOutput::Owned(SqliteValue::Integer(v)),
            Self::Real(v) => ToSqlOutput::Owned(SqliteValue::Real(v)),
            Self::Bool(v) => ToSqlOutput::Owned(SqliteValue::Integer(i64::from(v))),
            Self::Text(v) => ToSqlOutput::Borrowed(ValueRef::Text(v.as_bytes())),
            Self::Blob(v) => ToSqlOutput::Borrowed(ValueRef::Blob(v)),
        })
    }
}

impl PgToSql for Param<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match *self {
            Self::Null => Ok(IsNull::Yes),
            // The server infers a parameter's type from its place; a 64-bit integer may meet a narrower or a real column.
            Self::Int(v) if *ty == Type::INT4 => i32::try_from(v)?.to_sql_checked(ty, out),
            Self::Int(v) if *ty == Type::FLOAT8 => (v as f64).to_sql_checked(ty, out),
            Self::Int(v) => v.to_sql_checked(ty, out),
            Self::Real(v) => v.to_sql_checked(ty, out),
            Self::Bool(v) => v.to_sql_checked(ty, out),
            Self::Text(v) => v.to_sql_checked(ty, out),
            Self::Blob(v) => v.to_sql_checked(ty, out),
        }
    }
    fn accepts(_: &Type) -> bool {
        true
    }
    to_sql_checked!();
}

/// A row while it is being read; it does not outlive the mapping closure.
pub enum Row<'a> {
    #[doc(hidden)]
    Sqlite(&'a rusqlite::Row<'a>),
    #[doc(hidden)]
    Pg(&'a tokio_postgres::Row),
}

impl Row<'_> {
    /// The column at `index`, from zero.
    pub fn get<T: Column>(&self, index: usize) -> Result<T, StoreError> {
        T::read(self, index)
    }
}

/// What a column may be read as.
pub trait Column: Sized {
    /// Reads column `index` of `row`.
    fn read(row: &Row<'_>, index: usize) -> Result<Self, StoreError>;
}

macro_rules! column {
    ($($plain:ty),*) => { $(
        impl Column for $plain {
            fn read(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
                match row {
                    Row::Sqlite(row) => row.get(index).map_err(StoreError::from),
                    Row::Pg(row) => row.try_get(index).map_err(StoreError::from),
                }
            }
        }
        impl Column for Option<$plain> {
            fn read(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
                match row {
                    Row::Sqlite(row) => row.get(index).map_err(StoreError::from),
                    Row::Pg(row) => row.try_get(index).map_err(StoreError::from),
                }
            }
        }
    )* };
}
column!(i64, f64, bool, String, Vec<u8>);

macro_rules! column_from {
    ($($own:ty, $plain:ty, $v:ident => $make:expr;)*) => { $(
        impl Column for $own {
            fn read(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
                let $v = <$plain>::read(row, index)?;
                $make
            }
        }
        impl Column for Option<$own> {
            fn read(row: &Row<'_>, index: usize) -> Result<Self, StoreError> {
                Option::<$plain>::read(row, index)?.map(|$v| $make).transpose()
            }
        }
    )* };
}
column_from! {
    Id, i64, v => Ok(Id(v));
    Timestamp, i64, v => Ok(Timestamp(v));
    u32, i64, v => u32::try_from(v).map_err(|_| StoreError::Corrupt(format!("{v} is no 32-bit count")));
    TreePath, String, v => TreePath::parse(&v).map_err(|e| StoreError::Corrupt(format!("path {v:?}: {e}")));
    [u8; 32], Vec<u8>, v => v.try_into().map_err(|_| StoreError::Corrupt("a hash of 32 bytes has another length".into()));
}

/// Rewrites `?12` to `$12` outside string literals.
pub(crate) fn to_pg(sql: &str) -> String {
    let mut quoted = false;
    sql.chars()
        .map(|c| {
            quoted ^= c == '\'';
            if c == '?' && !quoted { '$' } else { c }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_rewritten_outside_literals_only() {
        assert_eq!(
            to_pg("SELECT ?1, '?2', 'it''s ?3' WHERE a = ?12"),
            "SELECT $1, '?2', 'it''s ?3' WHERE a = $12"
        );
    }
}
