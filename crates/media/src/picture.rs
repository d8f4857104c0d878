//! Pictures: stripped, looked at, and made small.

use crate::exif;
use crate::kind::FileKind;
use crate::{Facts, MediaError, heic, jpeg, riff};
use image::metadata::Orientation;
use image::{DynamicImage, ImageFormat, ImageReader, Limits, Rgb, RgbImage};
use std::io::Cursor;

/// Pixels of a picture. The best phones take 50 million; more is either a mistake or meant to fill the memory of whoever opens it.
pub const PIXELS_MAX: u64 = 52_000_000;
/// Pixels of the longer edge of a thumbnail.
pub const THUMBNAIL_EDGE: u32 = 320;
/// Bytes a decoder may take besides: four for each pixel, and its own tables.
const DECODER_BYTES_MAX: u64 = PIXELS_MAX * 4 + 16 * 1024 * 1024;
const THUMBNAIL_QUALITY: u8 = 78;

/// A picture as it was sent, whole.
#[derive(Debug)]
pub struct Picture {
    pub(crate) kind: FileKind,
    pub(crate) bytes: Vec<u8>,
}

/// A picture ready to be stored.
#[derive(Debug)]
pub struct Finished {
    /// What it is.
    pub kind: FileKind,
    /// The picture without metadata.
    pub bytes: Vec<u8>,
    /// What the metadata said.
    pub facts: Facts,
    /// A JPEG whose longer edge is [`THUMBNAIL_EDGE`], the right way up; none of what cannot be opened here.
    pub thumbnail: Option<Vec<u8>>,
}

impl Picture {
    /// Reads the metadata and takes them away, opens the picture and makes a thumbnail of it. Takes some tens of milliseconds.
    ///
    /// Errors: it is damaged, or has more than [`PIXELS_MAX`] pixels.
    pub fn finish(self) -> Result<Finished, MediaError> {
        let read = exif::read(&self.bytes);
        let turn = if self.kind == FileKind::Jpeg {
            read.orientation
        } else {
            0
        };
        let bytes = match self.kind {
            FileKind::Jpeg => jpeg::stripped(&self.bytes, turn)?,
            FileKind::Png => riff::png_stripped(&self.bytes)?,
            FileKind::Webp => riff::webp_stripped(&self.bytes)?,
            _ => {
                return Ok(Finished {
                    kind: self.kind,
                    bytes: heic::emptied(&self.bytes)?,
                    facts: read.facts,
                    thumbnail: None,
                });
            }
        };
        let format = match self.kind {
            FileKind::Png => ImageFormat::Png,
            FileKind::Webp => ImageFormat::WebP,
            _ => ImageFormat::Jpeg,
        };
        let (width, height) = size(&bytes, format)?;
        let small = thumbnail(&bytes, format, turn)?;
        // Turned by a quarter, it is looked at the other way round.
        let (width, height) = if turn >= 5 {
            (height, width)
        } else {
            (width, height)
        };
        Ok(Finished {
            kind: self.kind,
            bytes,
            facts: Facts {
                width: Some(width),
                height: Some(height),
                ..read.facts
            },
            thumbnail: Some(small),
        })
    }
}

const UNREADABLE: MediaError = MediaError::Damaged("it cannot be opened");

fn size(bytes: &[u8], format: ImageFormat) -> Result<(u32, u32), MediaError> {
    let reader = ImageReader::with_format(Cursor::new(bytes), format);
    let (width, height) = reader.into_dimensions().map_err(|_| UNREADABLE)?;
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(MediaError::TooManyPixels { width, height });
    }
    Ok((width, height))
}

fn thumbnail(bytes: &[u8], format: ImageFormat, turn: u16) -> Result<Vec<u8>, MediaError> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODER_BYTES_MAX);
    reader.limits(limits);
    let whole = reader.decode().map_err(|_| UNREADABLE)?;
    let is_large = whole.width().max(whole.height()) > THUMBNAIL_EDGE;
    let mut small = if is_large {
        whole.thumbnail(THUMBNAIL_EDGE, THUMBNAIL_EDGE)
    } else {
        whole
    };
    let turn = u8::try_from(turn).ok().and_then(Orientation::from_exif);
    small.apply_orientation(turn.unwrap_or(Orientation::NoTransforms));
    let mut out = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, THUMBNAIL_QUALITY);
    on_white(small)
        .write_with_encoder(encoder)
        .map_err(|_| UNREADABLE)?;
    Ok(out)
}

/// JPEG has no transparency.
fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let seen = picture.into_rgba8();
    RgbImage::from_fn(seen.width(), seen.height(), |x, y| {
        let [red, green, blue, alpha] = seen.get_pixel(x, y).0;
        let over = |part: u8| {
            let sum = u32::from(part) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
            u8::try_from(sum / 255).unwrap_or(255)
        };
        Rgb([over(red), over(green), over(blue)])
    })
}
