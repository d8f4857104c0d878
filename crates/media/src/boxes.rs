//! MP4, MOV and M4A as they stream by, without what they say besides the recording.
//!
//! Such a file is boxes in boxes, and what is found in it is found by its place in the file; so a box of metadata stays where it is, as a
//! `free` one full of zeros.

use crate::{Facts, MediaError};
use base::{Point, Timestamp};

/// Bytes of a box of metadata that are looked at for a place.
const LOOKED_AT_MAX: usize = 64 * 1024;
/// Bytes of the header of a movie that hold the time it was made.
const MOVIE_HEADER_BYTES: usize = 12;
/// From 1904-01-01, which these files count from, to 1970-01-01.
const SECONDS_1904: i64 = 2_082_844_800;

#[derive(Debug)]
enum Where {
    /// Before a box: so much of its header is there.
    Header(Vec<u8>),
    /// In a box: so many bytes are left, or all to the end of the file.
    Content { left: Option<u64>, what: What },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Kept,
    MovieHeader,
    Emptied,
}

/// Lets a file through.
#[derive(Debug)]
pub(crate) struct Boxes {
    place: Where,
    looked_at: Vec<u8>,
    has_movie: bool,
    pub(crate) facts: Facts,
}

impl Boxes {
    pub(crate) fn new() -> Self {
        Self {
            place: Where::Header(Vec::new()),
            looked_at: Vec::new(),
            has_movie: false,
            facts: Facts::default(),
        }
    }

    pub(crate) fn push(&mut self, mut chunk: &[u8], out: &mut Vec<u8>) -> Result<(), MediaError> {
        while !chunk.is_empty() {
            match &mut self.place {
                Where::Header(header) => {
                    let wanted = header_bytes(header);
                    let (some, rest) = chunk.split_at(chunk.len().min(wanted - header.len()));
                    header.extend_from_slice(some);
                    chunk = rest;
                    if header.len() == header_bytes(header) {
                        let header = std::mem::take(header);
                        self.enter(header, out)?;
                    }
                }
                Where::Content { left, what } => {
                    let most = left.map_or(usize::MAX, |left| {
                        usize::try_from(left).unwrap_or(usize::MAX)
                    });
                    let (some, rest) = chunk.split_at(chunk.len().min(most));
                    if *what == What::Emptied {
                        out.resize(out.len() + some.len(), 0);
                    } else {
                        out.extend_from_slice(some);
                    }
                    let most = match what {
                        What::Kept => 0,
                        What::MovieHeader => MOVIE_HEADER_BYTES,
                        What::Emptied => LOOKED_AT_MAX,
                    };
                    let room = most.saturating_sub(self.looked_at.len()).min(some.len());
                    self.looked_at
                        .extend_from_slice(some.get(..room).unwrap_or_default());
                    chunk = rest;
                    if let Some(left) = left {
                        *left -= some.len() as u64;
                        if *left == 0 {
                            let what = *what;
                            self.leave(what);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn enter(&mut self, mut header: Vec<u8>, out: &mut Vec<u8>) -> Result<(), MediaError> {
        let name: [u8; 4] = header
            .get(4..8)
            .and_then(|name| name.first_chunk())
            .copied()
            .unwrap_or_default();
        let said = header
            .first_chunk::<4>()
            .map_or(0, |said| u32::from_be_bytes(*said));
        let whole = match said {
            0 => None,
            1 => header
                .get(8..16)
                .and_then(|said| said.first_chunk::<8>())
                .map(|said| u64::from_be_bytes(*said)),
            said => Some(u64::from(said)),
        };
        let header_bytes = header.len() as u64;
        let left = match whole {
            None => None,
            Some(whole) => Some(
                whole
                    .checked_sub(header_bytes)
                    .ok_or(MediaError::Damaged("a box is too short"))?,
            ),
        };
        self.has_movie |= &name == b"moov";
        let what = match &name {
            b"moov" | b"trak" => {
                // Its content is boxes again.
                out.extend_from_slice(&header);
                self.place = Where::Header(Vec::new());
                return Ok(());
            }
            b"mvhd" => What::MovieHeader,
            b"udta" | b"meta" | b"uuid" => {
                if let Some(name) = header.get_mut(4..8) {
                    name.copy_from_slice(b"free");
                }
                What::Emptied
            }
            _ => What::Kept,
        };
        out.extend_from_slice(&header);
        self.place = Where::Content { left, what };
        if left == Some(0) {
            self.leave(what);
        }
        Ok(())
    }

    fn leave(&mut self, what: What) {
        let seen = std::mem::take(&mut self.looked_at);
        match what {
            What::Kept => {}
            What::MovieHeader => self.facts.taken_at = made_at(&seen),
            What::Emptied => self.facts.point = self.facts.point.or_else(|| place_in(&seen)),
        }
        self.place = Where::Header(Vec::new());
    }

    /// The file has ended.
    pub(crate) fn end(self) -> Result<Facts, MediaError> {
        let is_whole = match &self.place {
            Where::Header(header) => header.is_empty(),
            Where::Content { left, .. } => left.is_none(),
        };
        if !is_whole {
            return Err(MediaError::Damaged("it ends in the middle"));
        }
        if !self.has_movie {
            return Err(MediaError::Damaged("it holds no recording"));
        }
        Ok(self.facts)
    }
}

fn header_bytes(header: &[u8]) -> usize {
    if header.starts_with(&[0, 0, 0, 1]) {
        16
    } else {
        8
    }
}

/// When the movie was made, by its header; none where the device left it out.
fn made_at(header: &[u8]) -> Option<Timestamp> {
    let seconds = if header.first() == Some(&0) {
        i64::from(u32::from_be_bytes(*header.get(4..8)?.first_chunk()?))
    } else {
        i64::try_from(u64::from_be_bytes(*header.get(4..12)?.first_chunk()?)).ok()?
    };
    let since_1970 = seconds
        .checked_sub(SECONDS_1904)
        .filter(|since| *since > 0)?;
    let at = jiff::Timestamp::from_second(since_1970).ok()?;
    Some(Timestamp::from_jiff(at))
}

/// A place as ISO 6709 writes it, e.g. `+31.1502+121.1240+004.5/`, wherever it stands.
fn place_in(bytes: &[u8]) -> Option<Point> {
    let is_sign = |byte: &u8| matches!(byte, b'+' | b'-');
    (0..bytes.len())
        .filter(|at| bytes.get(*at).is_some_and(is_sign))
        .find_map(|at| {
            let text = bytes.get(at..)?;
            let end = text
                .iter()
                .position(|byte| !(is_sign(byte) || byte.is_ascii_digit() || *byte == b'.'))?;
            let text = str::from_utf8(text.get(..end)?).ok()?;
            let second = text.get(1..)?.find(['+', '-'])? + 1;
            let (lat, rest) = text.split_at(second);
            let third = rest
                .get(1..)?
                .find(['+', '-'])
                .map_or(rest.len(), |third| third + 1);
            let lon = rest.get(..third)?;
            if !lat.contains('.') || !lon.contains('.') {
                return None;
            }
            Point::new(lon.parse().ok()?, lat.parse().ok()?).ok()
        })
}
