//! JPEG without what it says besides the picture. Segments are copied or left out; nothing is encoded again.

use crate::MediaError;

const TRUNCATED: MediaError = MediaError::Damaged("it ends in the middle");

/// The file without its metadata, comments, previews and whatever stands after its end. A picture that is to be turned still says so,
/// and nothing more.
pub(crate) fn stripped(bytes: &[u8], orientation: u16) -> Result<Vec<u8>, MediaError> {
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(b"\xFF\xD8");
    let mut at = 2;
    let mut turned = orientation <= 1;
    loop {
        if bytes.get(at) != Some(&0xFF) {
            return Err(if at >= bytes.len() {
                TRUNCATED
            } else {
                MediaError::Damaged("there is no marker where one belongs")
            });
        }
        let marker = *bytes.get(at + 1).ok_or(TRUNCATED)?;
        match marker {
            // Markers may be filled up.
            0xFF => at += 1,
            0xD9 => {
                out.extend_from_slice(b"\xFF\xD9");
                return Ok(out);
            }
            0x01 | 0xD0..=0xD7 => {
                out.extend_from_slice(&[0xFF, marker]);
                at += 2;
            }
            _ => {
                let segment = segment(bytes, at)?;
                if !turned && marker != 0xE0 {
                    out.extend_from_slice(&turning(orientation));
                    turned = true;
                }
                if is_kept(marker, segment.get(4..).unwrap_or_default()) {
                    out.extend_from_slice(segment);
                }
                at += segment.len();
                if marker == 0xDA {
                    let end = scan_end(bytes, at).ok_or(TRUNCATED)?;
                    out.extend_from_slice(bytes.get(at..end).unwrap_or_default());
                    at = end;
                }
            }
        }
    }
}

/// A segment with its marker.
fn segment(bytes: &[u8], at: usize) -> Result<&[u8], MediaError> {
    let length = bytes.get(at + 2..at + 4).ok_or(TRUNCATED)?;
    let length = length
        .iter()
        .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    if length < 2 {
        return Err(MediaError::Damaged("a segment is too short"));
    }
    bytes.get(at..at + 2 + length).ok_or(TRUNCATED)
}

/// What the picture cannot be shown rightly without.
fn is_kept(marker: u8, content: &[u8]) -> bool {
    match marker {
        0xE0 => content.starts_with(b"JFIF\0"),
        0xE2 => content.starts_with(b"ICC_PROFILE\0"),
        0xEE => content.starts_with(b"Adobe"),
        0xE1 | 0xE3..=0xED | 0xEF | 0xFE => false,
        _ => true,
    }
}

/// Where the marker after coded data stands.
fn scan_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == 0xFF)?;
        match bytes.get(at + 1)? {
            0x00 | 0xD0..=0xD7 => at += 2,
            0xFF => at += 1,
            _ => return Some(at),
        }
    }
}

/// Metadata that say how the picture is to be turned, alone.
fn turning(orientation: u16) -> Vec<u8> {
    let [low, high] = orientation.to_le_bytes();
    let mut out = b"\xFF\xE1\0\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    out.extend_from_slice(&[low, high, 0, 0, 0, 0, 0, 0]);
    out
}
