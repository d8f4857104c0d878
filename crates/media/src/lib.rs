//! What uploaded files are: their kind by content, what they say of time and place, and the bytes without it; thumbnails. No I/O.
//!
//! A file is read once, chunk by chunk, by an [`Intake`]. What is no picture comes out again at once, to be stored as it arrives; a
//! picture is collected and finished by [`Picture::finish`], which takes a moment of computing:
//!
//! ```ignore
//! let mut intake = Intake::new();
//! while let Some(chunk) = body.next().await {
//!     store(intake.push(&chunk)?);                       // refused as soon as the kind is known to be wrong
//! }
//! match intake.end()? {
//!     Taken::Stream { kind, rest, facts } => store(rest),
//!     Taken::Picture(picture) => { let finished = picture.finish()?; store(finished.bytes) }
//! }
//! ```
//!
//! What goes out says nothing of who made it, when, where and with what: segments, chunks and boxes of metadata are left out or
//! emptied; the picture itself is never encoded again. Documents and recordings other than MP4 are kept as they are.

mod boxes;
mod exif;
mod heic;
mod intake;
mod jpeg;
mod kind;
mod picture;
mod riff;

pub use intake::{Intake, Taken};
pub use kind::{FileKind, KINDS};
pub use picture::{Finished, PIXELS_MAX, Picture, THUMBNAIL_EDGE};

use base::{Point, Timestamp};

/// Why a file is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// It is of no kind that is taken here; what it was found to be.
    #[error("it is {0}")]
    NotTaken(&'static str),
    /// It is not whole, or not what its beginning promises.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    /// It would have more pixels than are worth opening.
    #[error("it has {width} x {height} pixels")]
    TooManyPixels {
        /// As its header says.
        width: u32,
        /// As its header says.
        height: u32,
    },
}

/// What a file says of how it came about.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Facts {
    /// When it was taken.
    pub taken_at: Option<Timestamp>,
    /// Where, as the device had it: WGS 84, which CGCS2000 is the same as to a hand's breadth.
    pub point: Option<Point>,
    /// Pixels across, as it is looked at.
    pub width: Option<u32>,
    /// Pixels down.
    pub height: Option<u32>,
}
