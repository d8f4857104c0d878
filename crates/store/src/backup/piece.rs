//! A piece: one file of a backup. It is written whole or not at all, says what it is, and carries a digest over all of it.
//!
//! ```text
//! chengyun-backup 1 <SM3 of everything after this line, 64 hexadecimal digits>
//! {"kind":"changes","number":12,…}
//! <the body, packed by zlib>
//! ```

use super::BackupError;
use super::log::Position;
use base::Timestamp;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::{Deserialize, Serialize};
use sm3::{Digest as _, Sm3};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

const MAGIC: &str = "chengyun-backup 1 ";
/// Bodies are larger by no mistake of ours: the most that is kept in memory, and then some.
const BODY_BYTES_MAX: u64 = 1 << 30;

/// What a piece says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Head {
    /// The beginning of an unbroken line of changes.
    Line {
        /// Whose: no two cities share a folder.
        owner: String,
        at: Timestamp,
    },
    /// Pages as they were at a time, all that had changed since the piece before.
    Changes {
        number: u64,
        at: Timestamp,
        page_size: u32,
        /// Pages of the whole database then.
        database_pages: u32,
        /// The piece in which the present epoch of the log begins.
        epoch_first: u64,
        /// How far the log had been read.
        position: Position,
        /// The digest of the piece before.
        previous: String,
    },
    /// A stretch of the database file, copied while it was written to.
    Base {
        number: u64,
        offset: u64,
        previous: String,
    },
    /// The base is whole: with the changes from `changes_from` on, as far as `changes_to` at least, it is the database.
    BaseEnd {
        pieces: u64,
        previous: String,
        changes_from: u64,
        changes_to: u64,
        at: Timestamp,
    },
    /// A copy made by PostgreSQL's own tools lies beside.
    Dump {
        at: Timestamp,
        schema: String,
        bytes: u64,
        digest: String,
        /// What its schema has come through: room, name, digest.
        migrations: Vec<(String, String, String)>,
    },
}

/// A piece as read.
pub(crate) struct Piece {
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
    pub(crate) digest: String,
}

/// Writes a piece, on the disk and under its name when this returns. Answers its digest and its size.
pub(crate) fn write(path: &Path, head: &Head, body: &[u8]) -> Result<(String, u64), BackupError> {
    let failed = |source| BackupError::io(path, source);
    let mut content = serde_json::to_vec(head).map_err(|error| failed(error.into()))?;
    content.push(b'\n');
    let mut packer = ZlibEncoder::new(content, Compression::fast());
    packer.write_all(body).map_err(failed)?;
    let content = packer.finish().map_err(failed)?;
    let digest = hex::encode(Sm3::digest(&content));
    put(path, &[format!("{MAGIC}{digest}\n").as_bytes(), &content]).map_err(failed)?;
    let bytes = MAGIC.len() + digest.len() + 1 + content.len();
    Ok((digest, bytes as u64))
}

/// Reads a piece and holds its digest against it.
pub(crate) fn read(path: &Path) -> Result<Piece, BackupError> {
    let damaged = |why: &str| BackupError::Damaged {
        path: path.to_owned(),
        why: why.to_owned(),
    };
    let bytes = fs::read(path).map_err(|source| BackupError::io(path, source))?;
    let head_end = bytes.iter().position(|byte| *byte == b'\n');
    let (first, content) = head_end
        .and_then(|end| bytes.split_at_checked(end + 1))
        .ok_or_else(|| damaged("it is cut off"))?;
    let stated = std::str::from_utf8(first)
        .ok()
        .and_then(|line| line.trim_end().strip_prefix(MAGIC))
        .ok_or_else(|| damaged("it is no piece of a backup of a version known here"))?;
    let digest = hex::encode(Sm3::digest(content));
    if digest != stated {
        return Err(damaged("its digest is not the one it states"));
    }
    let end = content
        .iter()
        .position(|byte| *byte == b'\n')
        .ok_or_else(|| damaged("it has no head"))?;
    let (head, packed) = content.split_at(end);
    let head = serde_json::from_slice(head).map_err(|error| damaged(&error.to_string()))?;
    let mut body = Vec::new();
    ZlibDecoder::new(packed.get(1..).unwrap_or_default())
        .take(BODY_BYTES_MAX)
        .read_to_end(&mut body)
        .map_err(|error| damaged(&error.to_string()))?;
    Ok(Piece { head, body, digest })
}

/// A whole file on the disk under its name, readable by its owner only, or no file.
pub(crate) fn put(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let draft = path.with_extension("draft");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.sync_all()?;
    fs::rename(&draft, path)?;
    sync_folder(path)
}

/// Brings the entry of `path` in its folder to the disk.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}
