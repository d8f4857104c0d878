//! SQLite's write-ahead log, read from outside: every page that has been committed since a position, and nothing beyond the last
//! commit. The format is SQLite's own (<https://www.sqlite.org/fileformat2.html#the_write_ahead_log>): a header of 32 bytes, then
//! frames of 24 bytes and a page, each with the salts of its epoch and a checksum that runs on from frame to frame.
//!
//! An *epoch* is the life of the log between two new beginnings: SQLite writes from the start again, under new salts, once all of
//! the log stands in the database file.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

const HEADER_BYTES: usize = 32;
const FRAME_HEAD_BYTES: usize = 24;
/// The last bit says in which order of bytes the checksums are computed.
const MAGIC: u32 = 0x377f_0682;
/// So many frames are read at once.
const FRAMES_AT_ONCE: usize = 256;

/// How far the log has been read: which epoch, how many frames of it, and the checksum there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    salts: [u32; 2],
    /// Frames read; the first frame is number 1.
    pub(crate) frame: u32,
    checksum: [u32; 2],
}

/// Pages as they stand at the end of what was read; of a page written twice the later one.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) pages: BTreeMap<u32, Box<[u8]>>,
    pub(crate) page_size: u32,
    /// Pages of the whole database after the last commit.
    pub(crate) database_pages: u32,
    /// Whether an epoch begins among them, so that all of it since its beginning is here.
    pub(crate) begins_epoch: bool,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    pub(crate) fn bytes(&self) -> usize {
        let each = usize::try_from(self.page_size).unwrap_or(0);
        self.pages.len() * each
    }

    /// Puts what came earlier below: a page that stands in both stays as it is here.
    pub(crate) fn come_after(&mut self, earlier: Self) {
        if self.is_empty() {
            let begins_epoch = self.begins_epoch || earlier.begins_epoch;
            *self = earlier;
            self.begins_epoch = begins_epoch;
            return;
        }
        self.begins_epoch |= earlier.begins_epoch;
        for (number, page) in earlier.pages {
            self.pages.entry(number).or_insert(page);
        }
    }
}

struct Header {
    is_big_endian: bool,
    page_size: u32,
    salts: [u32; 2],
    checksum: [u32; 2],
}

/// Adds to `changes` what was committed after `position` and moves the position there. A log that is being written to is read up to
/// its last whole commit; the rest comes next time.
pub(crate) fn read_on(
    log: &File,
    position: &mut Option<Position>,
    changes: &mut Changes,
) -> io::Result<()> {
    let Some(header) = header(log)? else {
        return Ok(());
    };
    let mut at = match *position {
        Some(known) if known.salts == header.salts => known,
        // All of the earlier epoch has been read: the log is only begun anew after a checkpoint, and each is told of before.
        _ => {
            changes.begins_epoch = true;
            Position {
                salts: header.salts,
                frame: 0,
                checksum: header.checksum,
            }
        }
    };
    *position = Some(at);
    let page_size = header.page_size as usize;
    let frame_bytes = FRAME_HEAD_BYTES + page_size;
    let mut buffer = vec![0; frame_bytes * FRAMES_AT_ONCE];
    let mut uncommitted: Vec<(u32, Box<[u8]>)> = Vec::new();
    loop {
        let offset = HEADER_BYTES as u64 + u64::from(at.frame) * frame_bytes as u64;
        let filled = fill(log, &mut buffer, offset)?;
        let whole = buffer.get(..filled).unwrap_or_default();
        let mut read = 0;
        for frame in whole.chunks_exact(frame_bytes) {
            let Some((number, size_after, page)) = frame_of(frame, &header, &mut at) else {
                return Ok(());
            };
            read += 1;
            uncommitted.push((number, page.into()));
            if size_after > 0 {
                changes.pages.extend(uncommitted.drain(..));
                changes.page_size = header.page_size;
                changes.database_pages = size_after;
                *position = Some(at);
            }
        }
        if read < FRAMES_AT_ONCE {
            return Ok(());
        }
    }
}

/// Whether the log still holds, unchanged, everything up to `position`: then what follows it there follows what was read before.
pub(crate) fn holds(log: &File, position: &Position) -> io::Result<bool> {
    let Some(header) = header(log)? else {
        return Ok(false);
    };
    if header.salts != position.salts {
        return Ok(false);
    }
    let frame_bytes = FRAME_HEAD_BYTES + header.page_size as usize;
    let mut frame = vec![0; frame_bytes];
    let mut at = Position {
        salts: header.salts,
        frame: 0,
        checksum: header.checksum,
    };
    while at.frame < position.frame {
        let offset = HEADER_BYTES as u64 + u64::from(at.frame) * frame_bytes as u64;
        if fill(log, &mut frame, offset)? < frame_bytes
            || frame_of(&frame, &header, &mut at).is_none()
        {
            return Ok(false);
        }
    }
    Ok(at == *position)
}

/// Whether the log is still of the epoch of `position`; none: whether there is still no log.
pub(crate) fn is_of_now(log: &File, position: Option<&Position>) -> io::Result<bool> {
    let salts = header(log)?.map(|header| header.salts);
    Ok(salts == position.map(|position| position.salts))
}

/// None while there is no log, or its header is just being written.
fn header(log: &File) -> io::Result<Option<Header>> {
    let mut bytes = [0; HEADER_BYTES];
    if fill(log, &mut bytes, 0)? < HEADER_BYTES {
        return Ok(None);
    }
    let [magic, _, page_size, _, salt_1, salt_2, sum_1, sum_2] = words(&bytes);
    let is_big_endian = magic & 1 == 1;
    let (summed, _) = bytes.split_at(24);
    let checksum = checksum([0, 0], summed, is_big_endian);
    let is_whole = magic & !1 == MAGIC
        && checksum == [sum_1, sum_2]
        && page_size.is_power_of_two()
        && (512..=65_536).contains(&page_size);
    Ok(is_whole.then_some(Header {
        is_big_endian,
        page_size,
        salts: [salt_1, salt_2],
        checksum,
    }))
}

/// The frame after `at`: its page number, the size of the database after it when it commits (else 0), and the page. None when it
/// does not follow, which is where the log ends.
fn frame_of<'f>(
    frame: &'f [u8],
    header: &Header,
    at: &mut Position,
) -> Option<(u32, u32, &'f [u8])> {
    let (head, page) = frame.split_first_chunk::<FRAME_HEAD_BYTES>()?;
    let [number, size_after, salt_1, salt_2, sum_1, sum_2] = words(head);
    let (summed, _) = head.split_at(8);
    let sum = checksum(at.checksum, summed, header.is_big_endian);
    let sum = checksum(sum, page, header.is_big_endian);
    if [salt_1, salt_2] != header.salts || sum != [sum_1, sum_2] || number == 0 {
        return None;
    }
    at.frame += 1;
    at.checksum = sum;
    Some((number, size_after, page))
}

fn words<const BYTES: usize, const WORDS: usize>(bytes: &[u8; BYTES]) -> [u32; WORDS] {
    let mut words = [0; WORDS];
    let (chunks, _) = bytes.as_chunks::<4>();
    for (word, chunk) in words.iter_mut().zip(chunks) {
        *word = u32::from_be_bytes(*chunk);
    }
    words
}

fn checksum(mut sum: [u32; 2], bytes: &[u8], is_big_endian: bool) -> [u32; 2] {
    let word = |bytes: [u8; 4]| {
        if is_big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        }
    };
    let (pairs, _) = bytes.as_chunks::<8>();
    for [a, b, c, d, e, f, g, h] in pairs {
        let [first, second] = sum;
        let first = first
            .wrapping_add(word([*a, *b, *c, *d]))
            .wrapping_add(second);
        let second = second
            .wrapping_add(word([*e, *f, *g, *h]))
            .wrapping_add(first);
        sum = [first, second];
    }
    sum
}

/// Reads until the buffer is full or the file ends; answers how many bytes.
pub(crate) fn fill(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
