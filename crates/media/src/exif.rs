//! What a picture's Exif says of time, place and how it is to be turned.

use crate::Facts;
use base::clock::china;
use base::{Point, Timestamp};
use exif::{DateTime, Exif, In, Reader, Tag, Value};
use std::io::Cursor;

/// What was read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Read {
    pub facts: Facts,
    /// 1 to 8; 0 when it says nothing.
    pub orientation: u16,
}

/// Reads it out of JPEG, PNG, WebP or HEIC. A picture without any, or with Exif that makes no sense, says nothing.
pub(crate) fn read(bytes: &[u8]) -> Read {
    let mut reader = Reader::new();
    reader.continue_on_error(true);
    let read = reader.read_from_container(&mut Cursor::new(bytes));
    let exif = match read {
        Ok(exif) => exif,
        Err(error) => match error.distill_partial_result(|_| ()) {
            Ok(exif) => exif,
            Err(_) => return Read::default(),
        },
    };
    let orientation = exif
        .get_field(Tag::Orientation, In::PRIMARY)
        .and_then(|field| field.value.get_uint(0))
        .and_then(|said| u16::try_from(said).ok())
        .filter(|said| (1..=8).contains(said));
    Read {
        facts: Facts {
            taken_at: taken_at(&exif),
            point: point(&exif),
            ..Facts::default()
        },
        orientation: orientation.unwrap_or(0),
    }
}

fn text(exif: &Exif, tag: Tag) -> Option<&[u8]> {
    match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(lines) => lines.first().map(Vec::as_slice),
        _ => None,
    }
}

/// By the clock of the device; where it does not say which zone that is in, China's.
fn taken_at(exif: &Exif) -> Option<Timestamp> {
    let said = text(exif, Tag::DateTimeOriginal).or_else(|| text(exif, Tag::DateTime))?;
    let mut said = DateTime::from_ascii(said).ok()?;
    if let Some(offset) = text(exif, Tag::OffsetTimeOriginal) {
        let _ = said.parse_offset(offset); // an offset that is none is as good as none
    }
    let date = jiff::civil::date(
        i16::try_from(said.year).ok()?,
        i8::try_from(said.month)
            .ok()
            .filter(|month| (1..=12).contains(month))?,
        1,
    );
    let day = i8::try_from(said.day).ok()?;
    let date = date.with().day(day).build().ok()?;
    let time = jiff::civil::Time::new(
        i8::try_from(said.hour).ok()?,
        i8::try_from(said.minute).ok()?,
        i8::try_from(said.second).ok()?,
        0,
    )
    .ok()?;
    let zone = match said.offset {
        Some(minutes) => {
            jiff::tz::TimeZone::fixed(jiff::tz::Offset::from_seconds(i32::from(minutes) * 60).ok()?)
        }
        None => china(),
    };
    let at = zone.to_timestamp(date.to_datetime(time)).ok()?;
    Some(Timestamp::from_jiff(at))
}

fn point(exif: &Exif) -> Option<Point> {
    let degrees = |tag: Tag, of: Tag, negative: u8| {
        let Value::Rational(parts) = &exif.get_field(tag, In::PRIMARY)?.value else {
            return None;
        };
        let [degrees, minutes, seconds] = parts.first_chunk::<3>()?;
        let sum = degrees.to_f64() + minutes.to_f64() / 60.0 + seconds.to_f64() / 3600.0;
        let is_negative = text(exif, of)?.first()?.eq_ignore_ascii_case(&negative);
        Some(if is_negative { -sum } else { sum })
    };
    let lon = degrees(Tag::GPSLongitude, Tag::GPSLongitudeRef, b'W')?;
    let lat = degrees(Tag::GPSLatitude, Tag::GPSLatitudeRef, b'S')?;
    // A device that does not know where it is writes zeros.
    Point::new(lon, lat)
        .ok()
        .filter(|point| point.lon != 0.0 || point.lat != 0.0)
}
