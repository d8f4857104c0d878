//! Kinds of files, told by their content: what a name or a header claims is not asked.

/// A kind of file that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// A photo.
    Jpeg,
    /// A picture without loss, e.g. of a screen.
    Png,
    /// A photo.
    Webp,
    /// A photo of some phones, which browsers do not show.
    Heic,
    /// A video.
    Mp4,
    /// A video.
    Mov,
    /// A recording.
    Mp3,
    /// A recording.
    M4a,
    /// A recording of some phones, which browsers do not play.
    Amr,
    /// A recording.
    Wav,
    /// A document.
    Pdf,
    /// A document.
    Docx,
    /// A workbook.
    Xlsx,
}

/// All of them.
pub const KINDS: &[FileKind] = &[
    FileKind::Jpeg,
    FileKind::Png,
    FileKind::Webp,
    FileKind::Heic,
    FileKind::Mp4,
    FileKind::Mov,
    FileKind::Mp3,
    FileKind::M4a,
    FileKind::Amr,
    FileKind::Wav,
    FileKind::Pdf,
    FileKind::Docx,
    FileKind::Xlsx,
];

impl FileKind {
    /// As stored, on the wire, and at the end of file names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Heic => "heic",
            Self::Mp4 => "mp4",
            Self::Mov => "mov",
            Self::Mp3 => "mp3",
            Self::M4a => "m4a",
            Self::Amr => "amr",
            Self::Wav => "wav",
            Self::Pdf => "pdf",
            Self::Docx => "docx",
            Self::Xlsx => "xlsx",
        }
    }

    /// From [`FileKind::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        KINDS.iter().copied().find(|kind| kind.as_str() == text)
    }

    /// What it is sent out as.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Heic => "image/heic",
            Self::Mp4 => "video/mp4",
            Self::Mov => "video/quicktime",
            Self::Mp3 => "audio/mpeg",
            Self::M4a => "audio/mp4",
            Self::Amr => "audio/amr",
            Self::Wav => "audio/wav",
            Self::Pdf => "application/pdf",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// Whether it is read whole before it is stored.
    pub const fn is_picture(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Webp | Self::Heic)
    }

    /// Whether a browser shows it rather than saving it. Documents that may carry programs are not shown.
    pub const fn is_shown(self) -> bool {
        !matches!(self, Self::Docx | Self::Xlsx)
    }
}

/// What the beginning of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// Its kind.
    Of(FileKind),
    /// A packed folder; what is in it tells the kind.
    Packed,
    /// Of no kind that is taken.
    Other(&'static str),
}

/// Bytes of the beginning that tell the kind.
pub(crate) const BEGINNING_BYTES: usize = 512;

/// What the first bytes say, [`BEGINNING_BYTES`] of them or all there are.
pub(crate) fn beginning(head: &[u8]) -> Beginning {
    use Beginning::{Of, Other, Packed};
    let at =
        |place: usize, mark: &[u8]| head.get(place..).is_some_and(|rest| rest.starts_with(mark));
    if head.is_empty() {
        return Other("empty");
    }
    if at(0, b"\xFF\xD8\xFF") {
        return Of(FileKind::Jpeg);
    }
    if at(0, b"\x89PNG\r\n\x1a\n") {
        return Of(FileKind::Png);
    }
    if at(0, b"RIFF") && at(8, b"WEBP") {
        return Of(FileKind::Webp);
    }
    if at(0, b"RIFF") && at(8, b"WAVE") {
        return Of(FileKind::Wav);
    }
    if at(4, b"ftyp") {
        return of_brands(head);
    }
    if at(0, b"#!AMR") {
        return Of(FileKind::Amr);
    }
    if at(0, b"ID3") || is_mpeg_audio(head) {
        return Of(FileKind::Mp3);
    }
    if at(0, b"%PDF-") {
        return Of(FileKind::Pdf);
    }
    if at(0, b"PK\x03\x04") {
        return Packed;
    }
    Other(other(head))
}

/// A frame of layer III begins here.
fn is_mpeg_audio(head: &[u8]) -> bool {
    matches!(head, [0xFF, second, third, ..]
        if second & 0xE6 == 0xE2 && third & 0xF0 != 0xF0 && third & 0x0C != 0x0C)
}

/// Of a file of boxes, by the brands it names.
fn of_brands(head: &[u8]) -> Beginning {
    let length = head
        .first_chunk::<4>()
        .map_or(0, |length| u32::from_be_bytes(*length) as usize);
    let named = head.get(8..length.min(head.len())).unwrap_or_default();
    let mut brands = named.chunks_exact(4);
    let major = brands.next().unwrap_or_default();
    let is_heic = |brand: &[u8]| {
        [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"]
            .iter()
            .any(|known| *known == brand)
    };
    // The second word is the version of the first.
    let has_heic = is_heic(major) || brands.skip(1).any(is_heic);
    match major {
        b"avif" | b"avis" => Beginning::Other("image/avif"),
        _ if has_heic => Beginning::Of(FileKind::Heic),
        b"mif1" | b"msf1" => Beginning::Other("image/heif"),
        b"qt  " => Beginning::Of(FileKind::Mov),
        b"M4A " | b"M4B " | b"M4P " => Beginning::Of(FileKind::M4a),
        b"crx " => Beginning::Other("image/x-canon-cr3"),
        _ => Beginning::Of(FileKind::Mp4),
    }
}

/// What something is that is not taken, for whoever sent it to understand.
fn other(head: &[u8]) -> &'static str {
    const KNOWN: &[(&[u8], &str)] = &[
        (b"GIF8", "image/gif"),
        (b"BM", "image/bmp"),
        (b"II*\0", "image/tiff"),
        (b"MM\0*", "image/tiff"),
        (b"MZ", "application/x-msdownload"),
        (b"\x7FELF", "application/x-executable"),
        (b"\xD0\xCF\x11\xE0", "application/x-ole-storage"),
        (b"Rar!", "application/vnd.rar"),
        (b"7z\xBC\xAF", "application/x-7z-compressed"),
        (b"\x1F\x8B", "application/gzip"),
        (b"PK", "application/zip"),
        (b"OggS", "audio/ogg"),
        (b"fLaC", "audio/flac"),
        (b"\x1A\x45\xDF\xA3", "video/webm"),
        (b"RIFF", "video/x-msvideo"),
        (b"{\\rtf", "application/rtf"),
    ];
    if let Some((_, name)) = KNOWN.iter().find(|(mark, _)| head.starts_with(mark)) {
        return name;
    }
    let text = head
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(head)
        .trim_ascii_start();
    let begins = |mark: &str| {
        text.get(..mark.len())
            .is_some_and(|there| there.eq_ignore_ascii_case(mark.as_bytes()))
    };
    if ["<!doctype", "<html", "<head", "<body", "<script"]
        .iter()
        .any(|mark| begins(mark))
    {
        return "text/html";
    }
    if begins("<svg") {
        return "image/svg+xml";
    }
    if begins("<?xml") {
        return "application/xml";
    }
    // The last character may be cut.
    let is_text = match str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    if is_text
        && !head
            .iter()
            .any(|byte| *byte < 0x20 && !b"\t\r\n\x0c".contains(byte))
    {
        "text/plain"
    } else {
        "application/octet-stream"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_first_bytes_say() {
        let of = |head: &[u8]| beginning(head);
        for (head, kind) in [
            (b"\xFF\xD8\xFF\xE0\0\x10JFIF".as_slice(), FileKind::Jpeg),
            (b"\x89PNG\r\n\x1a\n\0\0", FileKind::Png),
            (b"RIFF\0\0\0\0WEBPVP8 ", FileKind::Webp),
            (b"RIFF\0\0\0\0WAVEfmt ", FileKind::Wav),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", FileKind::Heic),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", FileKind::Heic),
            (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", FileKind::Mov),
            (b"\0\0\0\x14ftypisom\0\0\0\0mp42", FileKind::Mp4),
            (b"\0\0\0\x14ftypM4A \0\0\0\0mp42", FileKind::M4a),
            (b"#!AMR\n\x3c", FileKind::Amr),
            (b"ID3\x04\0\0", FileKind::Mp3),
            (b"\xFF\xFB\x90\x64", FileKind::Mp3),
            (b"%PDF-1.7\n", FileKind::Pdf),
        ] {
            assert_eq!(of(head), Beginning::Of(kind), "{kind:?}");
        }
        assert_eq!(of(b"PK\x03\x04\x14\0"), Beginning::Packed);
    }

    #[test]
    fn what_is_not_taken_is_called_by_its_name() {
        for (head, name) in [
            (b"".as_slice(), "empty"),
            (b"GIF89a", "image/gif"),
            (b"  <!DOCTYPE html><html>", "text/html"),
            (b"\xEF\xBB\xBF<svg xmlns", "image/svg+xml"),
            (b"\0\0\0\x14ftypavif\0\0\0\0mif1", "image/avif"),
            (b"MZ\x90\0", "application/x-msdownload"),
            ("盈港路井盖".as_bytes(), "text/plain"),
            (b"\0\x01\x02", "application/octet-stream"),
        ] {
            assert_eq!(beginning(head), Beginning::Other(name));
        }
    }
}
