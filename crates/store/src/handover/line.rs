//! Lines of a file: written with their check, read against it.

use super::{HandoverError, Kind};
use crate::value::Value;
use crate::{Row, StoreError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use sm3::{Digest as _, Sm3};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};

const HEAD: &str = "{\"row\":";
const MIDDLE: &str = ",\"check\":\"";
const END: &str = "\"}";
/// Hexadecimal digits of a line's check.
const CHECK_DIGITS: usize = 8;
/// What follows the row in a line.
const TAIL_BYTES: usize = MIDDLE.len() + CHECK_DIGITS + END.len();
/// No row comes near.
const LINE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// A file while it is written.
pub(super) struct Sink {
    path: PathBuf,
    out: BufWriter<File>,
    digest: Sm3,
    pub(super) rows: u64,
    bytes: u64,
    text: String,
}

impl Sink {
    pub(super) fn create(path: PathBuf) -> Result<Self, HandoverError> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(&path)
            .map_err(|error| HandoverError::file(&path, error.to_string()))?;
        Ok(Self {
            path,
            out: BufWriter::with_capacity(1 << 16, file),
            digest: Sm3::new(),
            rows: 0,
            bytes: 0,
            text: String::new(),
        })
    }

    /// One row.
    pub(super) fn row(&mut self, row: &Row<'_>, kinds: &[Kind]) -> Result<(), StoreError> {
        self.text.clear();
        self.text.push_str(HEAD);
        self.text.push('[');
        for (index, kind) in kinds.iter().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            value_write(&mut self.text, row, index, *kind)?;
        }
        self.text.push(']');
        self.digest.update(self.text.as_bytes());
        let from = self.text.len();
        let check = check(&self.digest);
        let _ = writeln!(self.text, "{MIDDLE}{check}{END}");
        self.digest
            .update(self.text.as_bytes().get(from..).unwrap_or_default());
        self.rows += 1;
        self.bytes += self.text.len() as u64;
        self.out
            .write_all(self.text.as_bytes())
            .map_err(|error| self.failed(&error))
    }

    /// Brings it to the disk; how many bytes it has, and its SM3.
    pub(super) fn finish(mut self) -> Result<(u64, String), HandoverError> {
        let done = self
            .out
            .flush()
            .and_then(|()| self.out.get_ref().sync_all());
        done.map_err(|error| HandoverError::file(&self.path, error.to_string()))?;
        Ok((self.bytes, hex::encode(self.digest.finalize())))
    }

    fn failed(&self, error: &std::io::Error) -> StoreError {
        StoreError::Unavailable(format!("{}: {error}", self.path.display()))
    }
}

/// The beginning of the digest so far.
fn check(digest: &Sm3) -> String {
    let mut text = hex::encode(digest.clone().finalize());
    text.truncate(CHECK_DIGITS);
    text
}

fn value_write(
    text: &mut String,
    row: &Row<'_>,
    index: usize,
    kind: Kind,
) -> Result<(), StoreError> {
    let unwritten = |error: serde_json::Error| StoreError::Corrupt(error.to_string());
    let written = match kind {
        Kind::Integer => row
            .get::<Option<i64>>(index)?
            .map(|value| write!(text, "{value}")),
        Kind::Double => match row.get::<Option<f64>>(index)? {
            Some(value) if !value.is_finite() => {
                return Err(StoreError::Corrupt(format!("{value} is no number")));
            }
            // The shortest digits that read back as the same double.
            value => value.map(|value| write!(text, "{value:?}")),
        },
        Kind::Boolean => row
            .get::<Option<bool>>(index)?
            .map(|value| write!(text, "{value}")),
        Kind::Text => match row.get::<Option<String>>(index)? {
            Some(value) => {
                let json = serde_json::to_string(&value).map_err(unwritten)?;
                Some(text.write_str(&json))
            }
            None => None,
        },
        Kind::Bytes => row.get::<Option<Vec<u8>>>(index)?.map(|value| {
            text.push('"');
            STANDARD.encode_string(value, text);
            text.write_char('"')
        }),
    };
    if written.is_none() {
        text.push_str("null");
    }
    Ok(())
}

/// A file while it is read.
pub(super) struct Source {
    path: PathBuf,
    lines: BufReader<File>,
    digest: Sm3,
    /// Lines read.
    pub(super) line: u64,
    buffer: Vec<u8>,
}

impl Source {
    pub(super) fn open(path: PathBuf) -> Result<Self, HandoverError> {
        let file =
            File::open(&path).map_err(|error| HandoverError::file(&path, error.to_string()))?;
        Ok(Self {
            path,
            lines: BufReader::with_capacity(1 << 16, file),
            digest: Sm3::new(),
            line: 0,
            buffer: Vec::new(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The next row; none at the end.
    pub(super) fn row(&mut self, kinds: &[Kind]) -> Result<Option<Vec<Value>>, HandoverError> {
        self.buffer.clear();
        let read = (&mut self.lines)
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut self.buffer);
        read.map_err(|error| HandoverError::file(&self.path, error.to_string()))?;
        if self.buffer.is_empty() {
            return Ok(None);
        }
        self.line += 1;
        let values = checked(&self.buffer, &mut self.digest)
            .and_then(|row| values(row, kinds))
            .map_err(|reason| self.wrong(reason))?;
        Ok(Some(values))
    }

    /// SM3 of what was read.
    pub(super) fn digest(&self) -> String {
        hex::encode(self.digest.clone().finalize())
    }

    /// Of the line read last.
    pub(super) fn wrong(&self, reason: impl Into<String>) -> HandoverError {
        self.wrong_at(self.line, reason)
    }

    pub(super) fn wrong_at(&self, line: u64, reason: impl Into<String>) -> HandoverError {
        HandoverError::Line {
            file: self.path.display().to_string(),
            line,
            reason: reason.into(),
        }
    }
}

/// The row of a line whose check fits all that came before.
fn checked<'l>(line: &'l [u8], digest: &mut Sm3) -> Result<&'l str, String> {
    let changed = || "it was changed, or a line before it was left out or put in".to_owned();
    let Some(line) = line.strip_suffix(b"\n") else {
        return Err("the file ends within the line".to_owned());
    };
    let line = std::str::from_utf8(line).map_err(|_| changed())?;
    let head_bytes = line
        .len()
        .checked_sub(TAIL_BYTES)
        .filter(|at| line.is_char_boundary(*at))
        .ok_or_else(changed)?;
    let (head, tail) = line.split_at(head_bytes);
    digest.update(head.as_bytes());
    if tail != format!("{MIDDLE}{}{END}", check(digest)) {
        return Err(changed());
    }
    digest.update(tail.as_bytes());
    digest.update(b"\n");
    head.strip_prefix(HEAD).ok_or_else(changed)
}

fn values(row: &str, kinds: &[Kind]) -> Result<Vec<Value>, String> {
    let raw: Vec<&RawValue> = serde_json::from_str(row).map_err(|error| error.to_string())?;
    if raw.len() != kinds.len() {
        return Err(format!(
            "{} values, where the table has {} columns",
            raw.len(),
            kinds.len()
        ));
    }
    let each = raw.iter().zip(kinds).enumerate();
    each.map(|(index, (raw, kind))| {
        value(raw.get(), *kind).map_err(|reason| format!("value {}: {reason}", index + 1))
    })
    .collect()
}

fn value(raw: &str, kind: Kind) -> Result<Value, String> {
    if raw == "null" {
        return Ok(Value::Null);
    }
    let text = || serde_json::from_str::<String>(raw).map_err(|error| error.to_string());
    Ok(match kind {
        Kind::Integer => Value::Int(raw.parse().map_err(|_| "no whole number")?),
        // Not by way of serde_json, which may be off by the last digit.
        Kind::Double => Value::Real(raw.parse().map_err(|_| "no number")?),
        Kind::Boolean => Value::Bool(raw.parse().map_err(|_| "no truth value")?),
        Kind::Text => Value::Text(text()?),
        Kind::Bytes => {
            let bytes = STANDARD.decode(text()?);
            Value::Blob(bytes.map_err(|error| error.to_string())?)
        }
    })
}
