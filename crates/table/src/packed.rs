//! What is packed in files: gzip, and the parts of a workbook.

use crate::TableError;
use flate2::read::MultiGzDecoder;
use std::borrow::Cow;
use std::io::{self, Cursor, Read, Write};
use zip::ZipArchive;

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

/// How each text begins in the part that holds the texts of all cells.
const TEXT_BEGINS: &[u8] = b"<si";
/// So many texts a workbook may hold: each costs memory, however short it is.
const TEXTS_MAX: usize = 4_000_000;

/// Refuses a workbook whose parts unpack to more than `limit` bytes together, whatever they say of themselves: it is read as a whole.
pub(crate) fn check_workbook(bytes: &[u8], limit: usize) -> Result<(), TableError> {
    let broken = |reason: String| TableError::Workbook { reason };
    let mut archive =
        ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(error.to_string()))?;
    let mut meter = Meter {
        left: limit,
        ..Meter::default()
    };
    for n in 0..archive.len() {
        let mut part = archive
            .by_index(n)
            .map_err(|error| broken(error.to_string()))?;
        meter.tail.clear();
        let copied = io::copy(&mut part, &mut meter);
        if meter.is_full {
            return Err(TableError::UnpacksTooLarge { limit });
        }
        copied.map_err(|error| broken(error.to_string()))?;
    }
    Ok(())
}

/// Counts what runs through it, and stops it where it becomes too much.
#[derive(Default)]
struct Meter {
    left: usize,
    texts: usize,
    /// The last bytes before, in which a text may have begun.
    tail: Vec<u8>,
    is_full: bool,
}

impl Meter {
    fn count_texts(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        let size = TEXT_BEGINS.len();
        self.texts += self
            .tail
            .windows(size)
            .filter(|window| *window == TEXT_BEGINS)
            .count();
        self.tail
            .drain(..self.tail.len().saturating_sub(size.saturating_sub(1)));
    }
}

impl Write for Meter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.count_texts(bytes);
        match self.left.checked_sub(bytes.len()) {
            Some(left) if self.texts <= TEXTS_MAX => self.left = left,
            _ => {
                self.is_full = true;
                return Err(io::ErrorKind::FileTooLarge.into());
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Table;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

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

    /// A workbook of one sheet of cells and texts, written by hand.
    fn book(sheet: &str, texts: &[&[u8]]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let mut part = |name: &str, pieces: &[&[u8]]| {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            for piece in pieces {
                zip.write_all(piece).unwrap();
            }
        };
        part(
            "[Content_Types].xml",
            &[br#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#],
        );
        part("_rels/.rels", &[br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#]);
        part("xl/workbook.xml", &[br#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>"#]);
        part("xl/_rels/workbook.xml.rels", &[br#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#]);
        part("xl/sharedStrings.xml", texts);
        let sheet = format!(
            r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{sheet}</sheetData></worksheet>"#
        );
        part("xl/worksheets/sheet1.xml", &[sheet.as_bytes()]);
        zip.finish().unwrap().into_inner()
    }

    const CELLS: &str = r#"<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2" t="s"><v>1</v></c></row>"#;

    #[test]
    fn a_workbook_that_would_unpack_beyond_the_limit_is_refused_before_it_is_read() {
        let texts: [&[u8]; 3] = [
            b"<sst><si><t>code</t></si>",
            b"<si><t>7</t></si>",
            b"</sst>",
        ];
        let table = Table::read(&book(CELLS, &texts), "a.xlsx").unwrap();
        assert_eq!(table.rows().next().unwrap().unwrap().get("code"), Some("7"));

        let limits = crate::Limits {
            bytes: 2_000_000,
            ..crate::Limits::default()
        };
        let letters = vec![b'a'; 3_000_000];
        let blanks = " ".repeat(3_000_000);
        let cell: [&[u8]; 4] = [
            b"<sst><si><t>code</t></si><si><t>",
            &letters,
            b"</t></si>",
            b"</sst>",
        ];
        for bomb in [book(CELLS, &cell), book(&blanks, &texts)] {
            assert!(bomb.len() < 100_000);
            let refused = Table::read_within(&bomb, "bomb.xlsx", limits).unwrap_err();
            assert!(
                matches!(refused, TableError::UnpacksTooLarge { limit: 2_000_000 }),
                "{refused}"
            );
        }
        // Few bytes, but more texts than anybody has.
        let many = b"<si/>".repeat(TEXTS_MAX);
        let refused = Table::read(
            &book(CELLS, &[b"<sst>", &many, b"<si/></sst>"]),
            "bomb.xlsx",
        );
        let refused = refused.unwrap_err();
        assert!(
            matches!(refused, TableError::UnpacksTooLarge { .. }),
            "{refused}"
        );
    }
}
