//! What is stored as it arrives: recordings and documents, in whatever pieces they come.

use crate::{holds, read, refusal};
use media::{Facts, FileKind, MediaError, Taken};

fn boxed(name: &[u8], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap();
    [&length.to_be_bytes()[..], name, content].concat()
}

/// A video of a phone: its header says when, a box beside it where and by whom.
fn video() -> Vec<u8> {
    // 2026-11-21T00:30:05Z, counted from 1904.
    let made = 1_795_221_005_u32 + 2_082_844_800;
    let mvhd = boxed(
        b"mvhd",
        &[&[0; 4][..], &made.to_be_bytes(), &[0; 92]].concat(),
    );
    let place = boxed(b"\xa9xyz", b"\0\x12\x15\xc7+31.1500+121.1240+004.5/");
    let udta = boxed(
        b"udta",
        &[place, boxed(b"\xa9mak", b"\0\x06\0\0SPYCAM")].concat(),
    );
    let trak = boxed(
        b"trak",
        &[boxed(b"tkhd", &[7; 84]), boxed(b"meta", b"SPYCAM")].concat(),
    );
    let moov = boxed(b"moov", &[mvhd, udta, trak].concat());
    let long = [b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x14".as_slice(), b"DATA"].concat();
    [
        boxed(b"ftyp", b"isom\0\0\0\0mp42"),
        long,
        moov,
        boxed(b"mdat", &[5; 900]),
    ]
    .concat()
}

fn streamed(bytes: &[u8], size: usize) -> (Vec<u8>, FileKind, Facts) {
    match read(bytes, size).unwrap() {
        (mut out, Taken::Stream { kind, rest, facts }) => {
            out.extend(rest);
            (out, kind, facts)
        }
        (_, Taken::Picture(_)) => panic!("it is no picture"),
    }
}

#[test]
fn a_video_goes_through_in_pieces_without_what_it_said() {
    let sent = video();
    let (whole, kind, facts) = streamed(&sent, sent.len());
    assert_eq!(kind, FileKind::Mp4);
    assert_eq!(whole.len(), sent.len(), "everything keeps its place");
    assert!(holds(&whole, b"DATA") && holds(&whole, &[5; 900]) && holds(&whole, &[7; 84]));
    assert!(!holds(&whole, b"SPYCAM") && !holds(&whole, b"121.1240") && !holds(&whole, b"udta"));
    assert_eq!(
        facts.taken_at.unwrap().to_jiff().to_string(),
        "2026-11-21T00:30:05Z"
    );
    let point = facts.point.unwrap();
    assert!((point.lon - 121.124).abs() < 1e-9 && (point.lat - 31.15).abs() < 1e-9);
    for size in [1, 3, 7, 100, 513] {
        assert_eq!(
            streamed(&sent, size),
            (whole.clone(), kind, facts),
            "in pieces of {size}"
        );
    }
}

#[test]
fn a_video_that_ends_in_the_middle_is_refused() {
    let whole = video();
    for part in [30, 600, whole.len() - 1] {
        let outcome = refusal(read(&whole[..part], 64));
        assert!(
            matches!(outcome, MediaError::Damaged(_)),
            "{part}: {outcome:?}"
        );
    }
    let empty = [
        boxed(b"ftyp", b"isom\0\0\0\0mp42"),
        boxed(b"mdat", &[1; 600]),
    ]
    .concat();
    assert!(matches!(refusal(read(&empty, 64)), MediaError::Damaged(_)));
    let short = [
        boxed(b"ftyp", b"isom\0\0\0\0mp42"),
        b"\0\0\0\x04moov".to_vec(),
        vec![0; 600],
    ]
    .concat();
    assert!(matches!(refusal(read(&short, 64)), MediaError::Damaged(_)));
}

#[test]
fn recordings_and_documents_go_through_as_they_are() {
    let rest = [9; 2_000];
    for (head, kind) in [
        (b"ID3\x04\0\0\0\0\0\0".as_slice(), FileKind::Mp3),
        (b"#!AMR\n", FileKind::Amr),
        (b"RIFF\0\0\0\0WAVEfmt ", FileKind::Wav),
        (b"%PDF-1.7\n", FileKind::Pdf),
    ] {
        let sent = [head, &rest].concat();
        for size in [5, 512, 5_000] {
            assert_eq!(
                streamed(&sent, size),
                (sent.clone(), kind, Facts::default())
            );
        }
    }
}

#[test]
fn a_packed_folder_is_a_document_by_what_is_in_it() {
    let file = |name: &str| {
        [
            b"PK\x03\x04".as_slice(),
            &[0; 26],
            name.as_bytes(),
            &[3; 700],
        ]
        .concat()
    };
    let end = [b"PK\x05\x06".as_slice(), &[0; 18]].concat();
    let packed = |names: &[&str]| {
        let mut all: Vec<u8> = names.iter().flat_map(|name| file(name)).collect();
        all.extend_from_slice(&end);
        all
    };
    for (names, kind) in [
        (["[Content_Types].xml", "word/document.xml"], FileKind::Docx),
        (["[Content_Types].xml", "xl/workbook.xml"], FileKind::Xlsx),
    ] {
        let sent = packed(&names);
        for size in [1, 700, 9_000] {
            assert_eq!(streamed(&sent, size).1, kind);
        }
        let cut = refusal(read(&sent[..sent.len() - 22], 700));
        assert!(matches!(cut, MediaError::Damaged(_)));
    }
    for names in [["a.jpg", "b.jpg"], ["[Content_Types].xml", "evil.exe"]] {
        let outcome = refusal(read(&packed(&names), 700));
        assert_eq!(outcome, MediaError::NotTaken("application/zip"));
    }
}
