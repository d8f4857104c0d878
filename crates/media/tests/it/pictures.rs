//! Pictures: what they say is read and taken away, the picture itself stays.

use crate::{finish, holds, read, refusal};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ImageFormat, Rgb, RgbImage};
use media::{FileKind, MediaError, PIXELS_MAX, Taken};
use std::io::Cursor;

fn drawn(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let part = |at: u32| u8::try_from(at % 256).unwrap();
        Rgb([part(x), part(y), part(x + y)])
    })
}

fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut out = Vec::new();
    drawn(width, height)
        .write_with_encoder(JpegEncoder::new_with_quality(&mut out, 90))
        .unwrap();
    out
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    drawn(width, height)
        .write_to(&mut out, ImageFormat::Png)
        .unwrap();
    out.into_inner()
}

/// An entry of an Exif directory whose value lies at `place` or in the entry itself.
fn entry(tag: u16, kind: u16, count: u32, value: u32) -> Vec<u8> {
    [
        &tag.to_be_bytes()[..],
        &kind.to_be_bytes(),
        &count.to_be_bytes(),
        &value.to_be_bytes(),
    ]
    .concat()
}

/// Exif as a phone writes it: taken on 2026-11-21 at 08:30:05 at 31.15 N 121.124 E, to be turned by a quarter, by a maker.
fn exif() -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08".to_vec();
    // Directory: 4 entries of 12 bytes, from 8; it ends at 8 + 2 + 48 + 4 = 62.
    tiff.extend(4_u16.to_be_bytes());
    tiff.extend(entry(0x010F, 2, 8, 62));
    tiff.extend(entry(0x0112, 3, 1, 6 << 16));
    tiff.extend(entry(0x8769, 4, 1, 70));
    tiff.extend(entry(0x8825, 4, 1, 108));
    tiff.extend([0; 4]);
    tiff.extend(b"SPYCAM\0\0");
    // Exif directory at 70: one entry, then the time at 88.
    tiff.extend(1_u16.to_be_bytes());
    tiff.extend(entry(0x9003, 2, 20, 88));
    tiff.extend([0; 4]);
    tiff.extend(b"2026:11:21 08:30:05\0");
    // Place at 108: 4 entries end at 162, then two triples.
    tiff.extend(4_u16.to_be_bytes());
    tiff.extend(entry(1, 2, 2, u32::from_be_bytes(*b"N\0\0\0")));
    tiff.extend(entry(2, 5, 3, 162));
    tiff.extend(entry(3, 2, 2, u32::from_be_bytes(*b"E\0\0\0")));
    tiff.extend(entry(4, 5, 3, 186));
    tiff.extend([0; 4]);
    for (number, of) in [(31_u32, 1_u32), (9, 1), (0, 1), (121, 1), (7, 1), (264, 10)] {
        tiff.extend(number.to_be_bytes());
        tiff.extend(of.to_be_bytes());
    }
    tiff
}

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap();
    [&[0xFF, marker][..], &length.to_be_bytes(), content].concat()
}

/// A photo with all that a phone and an attacker put into it.
fn photo() -> Vec<u8> {
    let plain = jpeg(1200, 900);
    let mut out = plain[..2].to_vec();
    out.extend(segment(0xE1, &[b"Exif\0\0".as_slice(), &exif()].concat()));
    out.extend(segment(
        0xE1,
        b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>SPYCAM</x:xmpmeta>",
    ));
    out.extend(segment(0xFE, b"<script>alert(1)</script>"));
    out.extend(segment(0xED, b"Photoshop 3.0\0SPYCAM"));
    out.extend_from_slice(&plain[2..]);
    out.extend_from_slice(b"<html><script>alert(2)</script></html>");
    out
}

#[test]
fn a_photo_keeps_its_picture_and_nothing_of_what_it_said() {
    let sent = photo();
    let finished = finish(&sent).unwrap();
    assert_eq!(finished.kind, FileKind::Jpeg);
    for word in [
        b"SPYCAM".as_slice(),
        b"script",
        b"xmpmeta",
        b"2026:11:21",
        b"html",
    ] {
        assert!(holds(&sent, word));
        assert!(
            !holds(&finished.bytes, word),
            "{}",
            String::from_utf8_lossy(word)
        );
    }
    let shown = |bytes: &[u8]| image::load_from_memory(bytes).unwrap().into_rgb8();
    assert_eq!(
        shown(&finished.bytes),
        shown(&jpeg(1200, 900)),
        "encoded once only"
    );
    let facts = finished.facts;
    assert_eq!(
        facts.taken_at.unwrap().to_jiff().to_string(),
        "2026-11-21T00:30:05Z"
    );
    let point = facts.point.unwrap();
    assert!(
        (point.lon - 121.124).abs() < 1e-9 && (point.lat - 31.15).abs() < 1e-9,
        "{point:?}"
    );
    // It is looked at upright, and says so still; the thumbnail is.
    assert_eq!((facts.width, facts.height), (Some(900), Some(1200)));
    let again = finish(&finished.bytes).unwrap();
    assert_eq!(
        (again.facts.width, again.facts.taken_at, again.facts.point),
        (Some(900), None, None)
    );
    assert_eq!(
        again.bytes, finished.bytes,
        "there is nothing left to take away"
    );
    let small = image::load_from_memory(&finished.thumbnail.unwrap()).unwrap();
    assert_eq!((small.width(), small.height()), (240, 320));
}

#[test]
fn a_truncated_photo_is_refused_wherever_it_ends() {
    let whole = jpeg(640, 480);
    for part in [600, whole.len() / 2, whole.len() - 2, whole.len() - 1] {
        let outcome = refusal(finish(&whole[..part]));
        assert!(
            matches!(outcome, MediaError::Damaged(_)),
            "{part}: {outcome:?}"
        );
    }
    let png = png(64, 64);
    assert!(matches!(
        refusal(finish(&png[..png.len() - 12])),
        MediaError::Damaged(_)
    ));
    // Whole by its marks, and nothing to be seen in it.
    let hollow = refusal(finish(b"\xFF\xD8\xFF\xD9"));
    assert!(matches!(hollow, MediaError::Damaged(_)));
}

#[test]
fn a_picture_that_would_fill_the_memory_is_not_opened() {
    let mut bomb = png(8, 8);
    bomb[16..20].copy_from_slice(&50_000_u32.to_be_bytes());
    bomb[20..24].copy_from_slice(&50_000_u32.to_be_bytes());
    let checked = crc32(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&checked.to_be_bytes());
    const { assert!(PIXELS_MAX < 50_000 * 50_000) };
    let outcome = refusal(finish(&bomb));
    assert_eq!(
        outcome,
        MediaError::TooManyPixels {
            width: 50_000,
            height: 50_000
        }
    );
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 {
                sum >> 1 ^ 0xEDB8_8320
            } else {
                sum >> 1
            }
        })
    })
}

#[test]
fn texts_in_png_and_webp_are_left_out() {
    let plain = png(400, 200);
    let text = b"tEXtComment\0SPYCAM";
    let mut chunk = u32::try_from(text.len() - 4)
        .unwrap()
        .to_be_bytes()
        .to_vec();
    chunk.extend_from_slice(text);
    chunk.extend(crc32(text).to_be_bytes());
    let mut sent = plain.clone();
    sent.splice(33..33, chunk);
    let finished = finish(&sent).unwrap();
    assert_eq!(finished.bytes, plain);
    assert_eq!(
        (finished.facts.width, finished.facts.height),
        (Some(400), Some(200))
    );

    let mut plain = Vec::new();
    drawn(400, 200)
        .write_with_encoder(WebPEncoder::new_lossless(&mut plain))
        .unwrap();
    let mut sent = plain.clone();
    sent.extend_from_slice(b"XMP \x06\0\0\0SPYCAM");
    let length = u32::try_from(sent.len() - 8).unwrap().to_le_bytes();
    sent[4..8].copy_from_slice(&length);
    let finished = finish(&sent).unwrap();
    assert_eq!(finished.bytes, plain);
    assert!(finished.thumbnail.is_some());
}

/// A box of a file of boxes.
fn boxed(name: &[u8], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap();
    [&length.to_be_bytes()[..], name, content].concat()
}

#[test]
fn a_heic_is_kept_and_its_metadata_emptied() {
    let ftyp = boxed(b"ftyp", b"heic\0\0\0\0mif1heic");
    let item = |id: u8, name: &[u8; 4]| {
        boxed(
            b"infe",
            &[b"\x02\0\0\0\0".as_slice(), &[id, 0, 0], name, b"\0"].concat(),
        )
    };
    let iinf = boxed(
        b"iinf",
        &[
            b"\0\0\0\0\0\x02".as_slice(),
            &item(1, b"hvc1"),
            &item(2, b"Exif"),
        ]
        .concat(),
    );
    let payload = b"PICTUREBYTES\0\0\0\0SPYCAM-EXIF";
    let meta = |offset: u32| {
        let place = |id: u8, from: u32, length: u32| {
            [
                &[0, id, 0, 0, 0, 1][..],
                &from.to_be_bytes(),
                &length.to_be_bytes(),
            ]
            .concat()
        };
        let iloc = [
            b"\0\0\0\0\x44\0\0\x02".as_slice(),
            &place(1, offset, 12),
            &place(2, offset + 12, 15),
        ]
        .concat();
        boxed(
            b"meta",
            &[b"\0\0\0\0".as_slice(), &iinf, &boxed(b"iloc", &iloc)].concat(),
        )
    };
    let offset = u32::try_from(ftyp.len() + meta(0).len() + 8).unwrap();
    let sent = [ftyp, meta(offset), boxed(b"mdat", payload)].concat();
    let finished = finish(&sent).unwrap();
    assert_eq!(finished.kind, FileKind::Heic);
    assert!(finished.thumbnail.is_none());
    assert_eq!(finished.bytes.len(), sent.len());
    assert!(holds(&finished.bytes, b"PICTUREBYTES") && !holds(&finished.bytes, b"SPYCAM"));
}

#[test]
fn what_calls_itself_a_photo_and_is_something_else_is_refused_by_what_it_is() {
    let packed = [b"PK\x03\x04".as_slice(), &[0; 40], b"photo.jpg", &[0; 600]].concat();
    for (bytes, found) in [
        (
            b"<!DOCTYPE html><script>alert(1)</script>".as_slice(),
            "text/html",
        ),
        (b"GIF89a and so on", "image/gif"),
        (b"MZ\x90\0", "application/x-msdownload"),
        (&packed, "application/zip"),
        (b"", "empty"),
    ] {
        assert_eq!(refusal(read(bytes, 7)), MediaError::NotTaken(found));
    }
    assert!(matches!(read(&jpeg(8, 8), 1), Ok((out, Taken::Picture(_))) if out.is_empty()));
}
