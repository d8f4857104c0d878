//! Bytes to text: UTF-8 with or without mark, UTF-16 with mark, GB 18030 (which contains GBK and GB 2312). Nothing else.
//!
//! Valid UTF-8 always wins. What is not, but is plainly UTF-8 with damage, is refused rather than read as GB 18030, whose
//! two-byte codes would accept nearly anything and give nonsense.

use crate::TableError;
use encoding_rs::{DecoderResult, Encoding, GB18030, UTF_16BE, UTF_16LE};
use std::borrow::Cow;

/// The text without mark, line ends as they are, and the encoding's name. What is UTF-8 already is not copied.
pub(crate) fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, &'static str), TableError> {
    let (text, name) = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => (Cow::Borrowed(utf8(rest, 3)?), "UTF-8"),
        [0xFF, 0xFE, rest @ ..] => (
            Cow::Owned(strictly(UTF_16LE, "UTF-16LE", rest, 2)?),
            "UTF-16LE",
        ),
        [0xFE, 0xFF, rest @ ..] => (
            Cow::Owned(strictly(UTF_16BE, "UTF-16BE", rest, 2)?),
            "UTF-16BE",
        ),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => (Cow::Borrowed(text), "UTF-8"),
            Err(error) if is_damaged_utf8(bytes) => {
                return Err(TableError::Encoding {
                    encoding: "UTF-8",
                    offset: error.valid_up_to(),
                });
            }
            Err(_) => {
                let text = strictly(GB18030, "UTF-8 or GB18030", bytes, 0)?;
                (Cow::Owned(text), "GB18030")
            }
        },
    };
    if let Some(offset) = text.find('\0') {
        return Err(TableError::Nul { offset });
    }
    Ok((text, name))
}

/// The text of a file that is no table, in any of the encodings of tables, without mark.
pub fn text(bytes: &[u8]) -> Result<Cow<'_, str>, TableError> {
    decode(bytes).map(|(text, _)| text)
}

fn utf8(bytes: &[u8], skipped: usize) -> Result<&str, TableError> {
    std::str::from_utf8(bytes).map_err(|error| TableError::Encoding {
        encoding: "UTF-8",
        offset: skipped + error.valid_up_to(),
    })
}

/// Decodes without replacing anything; the first sequence that does not belong is named by its offset.
fn strictly(
    encoding: &'static Encoding,
    name: &'static str,
    bytes: &[u8],
    skipped: usize,
) -> Result<String, TableError> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let room = decoder
        .max_utf8_buffer_length_without_replacement(bytes.len())
        .unwrap_or(bytes.len().saturating_mul(3));
    let mut text = String::with_capacity(room);
    let (result, read) = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
    match result {
        DecoderResult::InputEmpty => Ok(text),
        DecoderResult::OutputFull => Err(TableError::Encoding {
            encoding: name,
            offset: skipped + read,
        }),
        DecoderResult::Malformed(length, after) => Err(TableError::Encoding {
            encoding: name,
            offset: skipped + read.saturating_sub(usize::from(length) + usize::from(after)),
        }),
    }
}

/// Whether nearly all that is not ASCII are whole UTF-8 sequences of three or four bytes. Chinese in GBK seldom looks so by
/// chance (two of three bytes would have to fall into 80..BF), damaged UTF-8 always does.
fn is_damaged_utf8(bytes: &[u8]) -> bool {
    let (mut whole, mut stray) = (0_usize, 0_usize);
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        if first < 0x80 {
            rest = tail;
            continue;
        }
        let length = match first {
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => 1,
        };
        match rest.get(..length) {
            Some(sequence) if length > 1 && std::str::from_utf8(sequence).is_ok() => {
                whole += length;
                rest = rest.get(length..).unwrap_or_default();
            }
            _ => {
                stray += 1;
                rest = tail;
            }
        }
    }
    whole >= 6 && whole > stray.saturating_mul(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> Result<(String, &'static str), TableError> {
        super::decode(bytes).map(|(text, name)| (text.into_owned(), name))
    }

    fn gb18030(text: &str) -> Vec<u8> {
        GB18030.encode(text).0.into_owned()
    }

    #[test]
    fn the_shortest_files_are_told_apart() {
        for text in [
            "名",
            "村",
            "居",
            "a,联通",
            "编号,名称\n1,移动\n",
            "一",
            "鸳鸯乡",
            "𠮷",
        ] {
            assert_eq!(decode(text.as_bytes()).unwrap(), (text.to_owned(), "UTF-8"));
            let bytes = gb18030(text);
            if std::str::from_utf8(&bytes).is_err() {
                assert_eq!(
                    decode(&bytes).unwrap(),
                    (text.to_owned(), "GB18030"),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn every_common_character_in_gbk_is_read_as_itself_in_a_row_of_three() {
        // 0x4E00..0x9FA5 are the characters of GBK's main plane.
        for code in (0x4E00..0x9FA5_u32).step_by(7) {
            let c = char::from_u32(code).unwrap();
            let text = format!("名称,{c}{c}{c}镇\n");
            let bytes = gb18030(&text);
            assert_eq!(decode(&bytes).unwrap().0, text, "U+{code:X}");
        }
    }

    #[test]
    fn marks_are_taken_off() {
        assert_eq!(decode(b"\xEF\xBB\xBFa").unwrap(), ("a".to_owned(), "UTF-8"));
        assert_eq!(
            decode(b"\xFF\xFEa\0\x0D\x54").unwrap(),
            ("a名".to_owned(), "UTF-16LE")
        );
        assert_eq!(
            decode(b"\xFE\xFF\0a\x54\x0D").unwrap(),
            ("a名".to_owned(), "UTF-16BE")
        );
    }

    #[test]
    fn damaged_utf8_is_refused_by_offset_and_not_read_as_gb18030() {
        let mut bytes = "代码,名称\n310118,青浦区夏阳街道\n".as_bytes().to_vec();
        let offset = bytes.len() - 2;
        bytes.remove(offset);
        match decode(&bytes) {
            Err(TableError::Encoding {
                encoding: "UTF-8",
                offset: at,
            }) => assert_eq!(at, offset - 2, "the start of the torn character"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn bytes_of_no_encoding_are_refused_by_offset() {
        match decode(b"name\nM\xFCller\xFF\n") {
            Err(TableError::Encoding { offset, .. }) => assert!((6..=13).contains(&offset)),
            other => panic!("{other:?}"),
        }
        match decode(b"abc\xFF") {
            Err(TableError::Encoding { offset, .. }) => assert_eq!(offset, 3),
            other => panic!("{other:?}"),
        }
        assert!(matches!(
            decode(b"\xFF\xFEa\0\x00\xD8"),
            Err(TableError::Encoding {
                encoding: "UTF-16LE",
                ..
            })
        ));
    }

    #[test]
    fn nul_is_refused() {
        assert!(matches!(
            decode(b"a\0b"),
            Err(TableError::Nul { offset: 1 })
        ));
    }
}
