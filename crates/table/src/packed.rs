//! Files packed with gzip.

use crate::TableError;
use flate2::read::MultiGzDecoder;
use std::borrow::Cow;
use std::io::Read;

/// What every gzip file begins with.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What is packed in a gzip file; any other file as it is. No more than `limit` bytes are ever unpacked.
pub fn unpacked(bytes: &[u8], limit: usize) -> Result<Cow<'_, [u8]>, TableError> {
    if !bytes.starts_with(&MAGIC) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut found = Vec::new();
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = MultiGzDecoder::new(bytes)
        .take(one_more)
        .read_to_end(&mut found);
    if let Err(error) = read {
        return Err(TableError::Gzip {
            unpacked: found.len(),
            reason: error.to_string(),
        });
    }
    if found.len() > limit {
        return Err(TableError::UnpacksTooLarge { limit });
    }
    Ok(Cow::Owned(found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Table;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_packed_table_reads_as_the_table() {
        let text = "code,name\n310118,青浦区\n";
        let table = Table::read(&packed(text.as_bytes()), "areas.csv.gz").unwrap();
        assert_eq!((table.len(), table.encoding), (1, "UTF-8"));
        // Two packed files one after the other are one.
        let both = [packed(b"code,name\n"), packed(b"1,a\n")].concat();
        assert_eq!(Table::read(&both, "areas.csv.gz").unwrap().len(), 1);
    }

    #[test]
    fn what_is_cut_off_or_damaged_is_refused_with_how_far_it_went() {
        let text = "code,name\n".to_owned() + &"310118,青浦区\n".repeat(5_000);
        let whole = packed(text.as_bytes());
        for cut in [3, 12, whole.len() / 2, whole.len() - 1] {
            let refused = Table::read(&whole[..cut], "areas.csv.gz").unwrap_err();
            assert!(
                matches!(refused, TableError::Gzip { .. }),
                "{cut}: {refused}"
            );
        }
        let mut damaged = whole;
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0xff;
        let refused = Table::read(&damaged, "areas.csv.gz").unwrap_err();
        assert!(matches!(refused, TableError::Gzip { .. }), "{refused}");
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        // 100 MB of one letter pack to 100 kB.
        let bomb = packed(&vec![b'a'; 100_000_000]);
        assert!(bomb.len() < 200_000);
        let limits = crate::Limits {
            bytes: 1_000_000,
            ..crate::Limits::default()
        };
        let refused = Table::read_within(&bomb, "bomb.csv.gz", limits).unwrap_err();
        assert!(
            matches!(refused, TableError::UnpacksTooLarge { limit: 1_000_000 }),
            "{refused}"
        );
    }
}
