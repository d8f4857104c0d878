//! PNG and WebP without what they say besides the picture: chunks are copied or left out.

use crate::MediaError;

const TRUNCATED: MediaError = MediaError::Damaged("it ends in the middle");

/// Chunks of PNG that the picture cannot be shown rightly without; all others are left out.
const PNG_KEPT: &[&[u8; 4]] = &[
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB",
    b"cICP", b"pHYs", b"acTL", b"fcTL", b"fdAT", b"bKGD",
];

/// Chunks of WebP that make the picture.
const WEBP_KEPT: &[&[u8; 4]] = &[
    b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP",
];

pub(crate) fn png_stripped(bytes: &[u8]) -> Result<Vec<u8>, MediaError> {
    let mut out = bytes.get(..8).ok_or(TRUNCATED)?.to_vec();
    let mut rest = bytes.get(8..).unwrap_or_default();
    loop {
        let (length, after) = rest.split_first_chunk::<4>().ok_or(TRUNCATED)?;
        let name = after.get(..4).ok_or(TRUNCATED)?;
        let length = u32::from_be_bytes(*length) as usize;
        let whole = length.checked_add(12).ok_or(TRUNCATED)?;
        let chunk = rest.get(..whole).ok_or(TRUNCATED)?;
        if PNG_KEPT.iter().any(|kept| kept.as_slice() == name) {
            out.extend_from_slice(chunk);
        }
        if name == b"IEND" {
            return Ok(out);
        }
        rest = rest.get(whole..).unwrap_or_default();
    }
}

pub(crate) fn webp_stripped(bytes: &[u8]) -> Result<Vec<u8>, MediaError> {
    let said = bytes
        .get(4..8)
        .and_then(|said| said.first_chunk::<4>())
        .ok_or(TRUNCATED)?;
    let end = (u32::from_le_bytes(*said) as usize)
        .checked_add(8)
        .ok_or(TRUNCATED)?;
    let mut rest = bytes.get(12..end).ok_or(TRUNCATED)?;
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    while !rest.is_empty() {
        let name = rest.get(..4).ok_or(TRUNCATED)?;
        let length = rest
            .get(4..8)
            .and_then(|said| said.first_chunk::<4>())
            .ok_or(TRUNCATED)?;
        let length = u32::from_le_bytes(*length) as usize;
        let whole = length
            .checked_next_multiple_of(2)
            .and_then(|even| even.checked_add(8))
            .ok_or(TRUNCATED)?;
        let chunk = rest.get(..whole).ok_or(TRUNCATED)?;
        if WEBP_KEPT.iter().any(|kept| kept.as_slice() == name) {
            let begun = out.len();
            out.extend_from_slice(chunk);
            if name == b"VP8X"
                && let Some(flags) = out.get_mut(begun + 8)
            {
                // That there are Exif and XMP, which there are no more.
                *flags &= !0b0000_1100;
            }
        }
        rest = rest.get(whole..).unwrap_or_default();
    }
    let length = u32::try_from(out.len() - 8).map_err(|_| TRUNCATED)?;
    if let Some(place) = out.get_mut(4..8) {
        place.copy_from_slice(&length.to_le_bytes());
    }
    Ok(out)
}
