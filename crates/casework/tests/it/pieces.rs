//! Files that come in pieces: what does not follow on is refused with where to go on, and nothing is there twice.

use crate::town::*;
use base::Problem;
use base::limits::UPLOAD_PIECE_BYTES_MAX;
use casework::CaseworkError;
use casework::service::Piece;
use casework::view::UploadView;

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn photo() -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(64, 64, image::Rgb([9, 9, 9]));
    picture.write_to(&mut out, image::ImageFormat::Png).unwrap();
    out.into_inner()
}

impl Town {
    fn push(
        &self,
        key: &str,
        from: usize,
        length: usize,
        bytes: &[u8],
    ) -> Result<UploadView, CaseworkError> {
        let piece = Piece {
            key: key.to_owned(),
            from_byte: size(from),
            length: size(length),
            bytes: bytes.to_vec(),
        };
        wait(self.casework.upload_push(&call(&roads()), piece))
    }
}

fn size(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap()
}

fn roads() -> std::sync::Arc<access::Principal> {
    person(ROADS, "handler", None)
}

fn code(outcome: Result<UploadView, CaseworkError>) -> Problem {
    outcome.unwrap_err().into()
}

#[test]
fn pieces_follow_on_each_other_once_and_make_one_file() {
    each_town(|town, _| {
        let file = photo();
        let (half, all) = (file.len() / 2, file.len());
        let begun = town.push(KEY, 0, all, &file[..half]).unwrap();
        assert_eq!(
            (begun.received_bytes, begun.attachment.is_none()),
            (size(half), true)
        );
        // Sent again after a lost answer; too far on; of another length.
        let again = town.push(KEY, 0, all, &file[..half]);
        assert!(again.is_err() || again.unwrap().received_bytes == size(half));
        assert_eq!(
            code(town.push(KEY, half + 1, all, &file[half + 1..])).code,
            "upload_offset_wrong"
        );
        assert!(town.push(KEY, half, all + 1, &file[half..]).is_err());
        let shown = wait(town.casework.upload_view(&roads(), KEY)).unwrap();
        assert_eq!(
            (shown.received_bytes, shown.length_bytes),
            (size(half), size(all))
        );
        let other = person(WATER, "handler", None);
        assert!(
            wait(town.casework.upload_view(&other, KEY)).is_err(),
            "a key is its caller's"
        );
        let whole = town.push(KEY, half, all, &file[half..]).unwrap();
        let made = whole.attachment.unwrap();
        let twice = town.push(KEY, half, all, &file[half..]);
        let shown = wait(town.casework.upload_view(&roads(), KEY)).unwrap();
        assert_eq!(shown.attachment.unwrap().id, made.id);
        assert!(twice.is_err() || twice.unwrap().attachment.unwrap().id == made.id);
    });
}

#[test]
fn a_piece_that_cannot_be_taken_names_what_is_wrong_with_it() {
    each_town(|town, _| {
        let file = photo();
        let all = file.len();
        let fields = |outcome: Result<UploadView, CaseworkError>| match outcome.unwrap_err() {
            CaseworkError::Invalid(wrong) => wrong.into_iter().map(|each| each.field).collect(),
            other => vec![other.to_string()],
        };
        assert_eq!(fields(town.push("short", 0, all, &file)), ["key"]);
        assert_eq!(fields(town.push(KEY, 0, 0, &file)), ["length", "offset"]);
        assert_eq!(fields(town.push(KEY, 0, all, &[])), ["body"]);
        assert_eq!(fields(town.push(KEY, 1, all, &file)), ["offset"]);
        let much = vec![0; UPLOAD_PIECE_BYTES_MAX + 1];
        assert_eq!(fields(town.push(KEY, 0, much.len(), &much)), ["body"]);
        // What is no file of a kind that is taken is refused when it is whole.
        let text = b"not a picture at all";
        assert!(town.push(KEY, 0, text.len(), text).is_err());
    });
}

#[test]
fn a_last_piece_that_is_sent_many_times_at_once_makes_one_file() {
    each_town(|town, _| {
        let file = photo();
        let (half, all) = (file.len() / 2, file.len());
        town.push(KEY, 0, all, &file[..half]).unwrap();
        let outcomes = at_once(8, |_| town.push(KEY, half, all, &file[half..]));
        let mut made = Vec::new();
        for outcome in outcomes {
            match outcome {
                Ok(view) => made.push(view.attachment.unwrap().id),
                // It is being made, or another writes just now: come back.
                Err(error) => {
                    let problem = Problem::from(error);
                    assert_eq!(problem.kind, base::FailureKind::Busy, "{problem:?}");
                }
            }
        }
        let whole = town.push(KEY, half, all, &file[half..]).unwrap();
        made.push(whole.attachment.unwrap().id);
        made.dedup();
        assert_eq!(made.len(), 1);
    });
}
