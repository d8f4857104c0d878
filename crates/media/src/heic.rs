//! HEIC with its metadata emptied. The file is kept as it is, because everything in it is found by its place; only the bytes of Exif and
//! XMP become zeros.

use crate::MediaError;

const TRUNCATED: MediaError = MediaError::Damaged("it ends in the middle");

pub(crate) fn emptied(bytes: &[u8]) -> Result<Vec<u8>, MediaError> {
    let mut out = bytes.to_vec();
    let meta = child(bytes, *b"meta").ok_or(MediaError::Damaged("it has no picture"))?;
    // Four bytes of version and flags come first.
    let meta = meta.get(4..).ok_or(TRUNCATED)?;
    let items = child(meta, *b"iinf")
        .map(metadata_items)
        .unwrap_or_default();
    let places = child(meta, *b"iloc").unwrap_or_default();
    for (start, length) in extents(places, &items).ok_or(TRUNCATED)? {
        let end = start.checked_add(length).ok_or(TRUNCATED)?;
        out.get_mut(start..end).ok_or(TRUNCATED)?.fill(0);
    }
    Ok(out)
}

/// The boxes in a stretch of bytes: name and content.
fn children(mut bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let said = u32::from_be_bytes(*bytes.first_chunk::<4>()?) as usize;
        let name = bytes.get(4..8)?;
        let (header, whole) = match said {
            0 => (8, bytes.len()),
            1 => {
                let long = u64::from_be_bytes(*bytes.get(8..)?.first_chunk::<8>()?);
                (16, usize::try_from(long).ok()?)
            }
            said => (8, said),
        };
        let content = bytes.get(header..whole)?;
        bytes = bytes.get(whole..)?;
        Some((name, content))
    })
}

fn child(bytes: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    children(bytes)
        .find(|(there, _)| **there == name)
        .map(|(_, content)| content)
}

/// The items that are Exif or XMP.
fn metadata_items(iinf: &[u8]) -> Vec<u32> {
    let count_bytes = if iinf.first() == Some(&0) { 2 } else { 4 };
    let entries = iinf.get(4 + count_bytes..).unwrap_or_default();
    let item = |entry: &[u8]| {
        let (id, name) = match entry.first()? {
            2 => (entry.get(4..6)?, entry.get(8..12)?),
            3 => (entry.get(4..8)?, entry.get(10..14)?),
            _ => return None,
        };
        (name == b"Exif" || name == b"mime").then(|| number(id))
    };
    children(entries)
        .filter(|(name, _)| name == b"infe")
        .filter_map(|(_, entry)| item(entry))
        .map(|id| u32::try_from(id).unwrap_or_default())
        .collect()
}

fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// Reads numbers one after the other.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn next(&mut self, bytes: usize) -> Option<u64> {
        let (one, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(number(one))
    }
}

/// Where in the file the items lie.
fn extents(iloc: &[u8], items: &[u32]) -> Option<Vec<(usize, usize)>> {
    let mut found = Vec::new();
    if items.is_empty() {
        return Some(found);
    }
    let mut numbers = Numbers(iloc);
    let version = numbers.next(1)?;
    numbers.next(3)?;
    let sizes = numbers.next(2)?;
    let size = |shift: u32| usize::try_from(sizes >> shift & 0xF).ok();
    let (of_offset, of_length, of_base) = (size(12)?, size(8)?, size(4)?);
    let of_index = if version == 0 { 0 } else { size(0)? };
    let of_id = if version < 2 { 2 } else { 4 };
    for _ in 0..numbers.next(of_id)? {
        let id = numbers.next(of_id)?;
        let method = if version == 0 {
            0
        } else {
            numbers.next(2)? & 0xF
        };
        numbers.next(2)?;
        let base = numbers.next(of_base)?;
        for _ in 0..numbers.next(2)? {
            numbers.next(of_index)?;
            let offset = numbers.next(of_offset)?;
            let length = numbers.next(of_length)?;
            // Other methods point into the box of data beside, where metadata of photos do not lie.
            if method == 0 && items.iter().any(|item| u64::from(*item) == id) {
                let start = usize::try_from(base.checked_add(offset)?).ok()?;
                found.push((start, usize::try_from(length).ok()?));
            }
        }
    }
    Some(found)
}
