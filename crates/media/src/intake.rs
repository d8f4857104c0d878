//! A file as it comes in.

use crate::boxes::Boxes;
use crate::kind::{BEGINNING_BYTES, Beginning, FileKind, beginning};
use crate::picture::Picture;
use crate::{Facts, MediaError};

/// The end of a packed folder is a record of at least so many bytes, and a remark of at most 64 KiB.
const PACKED_END: &[u8; 4] = b"PK\x05\x06";
const PACKED_TAIL_BYTES: usize = 22 + 65_535;

/// Reads a file chunk by chunk.
#[derive(Debug, Default)]
pub struct Intake {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    /// Not enough is there to tell the kind.
    #[default]
    Unknown,
    Beginning(Vec<u8>),
    Picture(Picture),
    Boxes(FileKind, Boxes),
    Plain(FileKind),
    Packed(Packed),
}

/// A file that was read to its end.
#[derive(Debug)]
pub enum Taken {
    /// All of it but `rest` has come out already.
    Stream {
        /// What it is.
        kind: FileKind,
        /// The last of it.
        rest: Vec<u8>,
        /// What it said.
        facts: Facts,
    },
    /// A picture, of which nothing has come out yet.
    Picture(Picture),
}

impl Intake {
    /// Nothing was read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What may be stored of the file now. Errors: it is of a kind that is not taken, or damaged.
    pub fn push(&mut self, chunk: &[u8]) -> Result<Vec<u8>, MediaError> {
        let mut out = Vec::new();
        match &mut self.state {
            State::Unknown => {
                self.state = State::Beginning(chunk.to_vec());
                self.begin(false, &mut out)?;
            }
            State::Beginning(head) => {
                head.extend_from_slice(chunk);
                self.begin(false, &mut out)?;
            }
            State::Picture(picture) => picture.bytes.extend_from_slice(chunk),
            State::Boxes(_, boxes) => boxes.push(chunk, &mut out)?,
            State::Plain(_) => out.extend_from_slice(chunk),
            State::Packed(packed) => {
                packed.push(chunk);
                out.extend_from_slice(chunk);
            }
        }
        Ok(out)
    }

    /// Tells the kind by the beginning, when there is enough of it or no more.
    fn begin(&mut self, is_all: bool, out: &mut Vec<u8>) -> Result<(), MediaError> {
        let State::Beginning(head) = &mut self.state else {
            return Ok(());
        };
        if head.len() < BEGINNING_BYTES && !is_all {
            return Ok(());
        }
        let head = std::mem::take(head);
        let kind = match beginning(head.get(..BEGINNING_BYTES).unwrap_or(&head)) {
            Beginning::Other(name) => return Err(MediaError::NotTaken(name)),
            Beginning::Packed => {
                let mut packed = Packed::default();
                packed.push(&head);
                out.extend_from_slice(&head);
                self.state = State::Packed(packed);
                return Ok(());
            }
            Beginning::Of(kind) => kind,
        };
        self.state = match kind {
            kind if kind.is_picture() => State::Picture(Picture { kind, bytes: head }),
            FileKind::Mp4 | FileKind::Mov | FileKind::M4a => {
                let mut boxes = Boxes::new();
                boxes.push(&head, out)?;
                State::Boxes(kind, boxes)
            }
            kind => {
                out.extend_from_slice(&head);
                State::Plain(kind)
            }
        };
        Ok(())
    }

    /// Nothing comes any more. Errors: it is of a kind that is not taken, or not whole.
    pub fn end(mut self) -> Result<Taken, MediaError> {
        let mut rest = Vec::new();
        if matches!(self.state, State::Unknown) {
            self.state = State::Beginning(Vec::new());
        }
        self.begin(true, &mut rest)?;
        let (kind, facts) = match self.state {
            State::Unknown | State::Beginning(_) => return Err(MediaError::NotTaken("empty")),
            State::Picture(picture) => return Ok(Taken::Picture(picture)),
            State::Boxes(kind, boxes) => (kind, boxes.end()?),
            State::Plain(kind) => (kind, Facts::default()),
            State::Packed(packed) => (packed.kind()?, Facts::default()),
        };
        Ok(Taken::Stream { kind, rest, facts })
    }
}

/// What was seen of a packed folder going by.
#[derive(Debug, Default)]
struct Packed {
    tail: Vec<u8>,
    has_types: bool,
    has_document: bool,
    has_workbook: bool,
}

impl Packed {
    /// The names of files stand in it as they are.
    fn push(&mut self, chunk: &[u8]) {
        let begun = self.tail.len().saturating_sub(32);
        self.tail.extend_from_slice(chunk);
        let fresh = self.tail.get(begun..).unwrap_or_default();
        let has = |name: &[u8]| fresh.windows(name.len()).any(|there| there == name);
        self.has_types |= has(b"[Content_Types].xml");
        self.has_document |= has(b"word/document.xml");
        self.has_workbook |= has(b"xl/workbook.xml");
        let surplus = self.tail.len().saturating_sub(PACKED_TAIL_BYTES);
        self.tail.drain(..surplus);
    }

    fn kind(&self) -> Result<FileKind, MediaError> {
        let is_whole = self.tail.windows(4).any(|there| there == PACKED_END);
        match (self.has_types, self.has_document, self.has_workbook) {
            (true, true, false) if is_whole => Ok(FileKind::Docx),
            (true, false, true) if is_whole => Ok(FileKind::Xlsx),
            (true, true, false) | (true, false, true) => {
                Err(MediaError::Damaged("it ends in the middle"))
            }
            _ => Err(MediaError::NotTaken("application/zip")),
        }
    }
}
