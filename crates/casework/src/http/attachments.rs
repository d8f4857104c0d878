//! Attachments over HTTP: bytes in, bytes out.

use super::call;
use crate::failure::CaseworkError;
use crate::service::{AttachmentFile, Casework};
use crate::view::AttachmentView;
use access::http::Caller;
use axum::body::{Body, HttpBody as _};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use base::limits::ATTACHMENT_BYTES_MAX;
use base::{FailureKind, FieldError, Id, Problem};
use futures_util::StreamExt as _;
use std::ops::Range;
use wire::{Answer, Created, Failure, IdempotencyKey, IfMatch, Path, ProblemView};

/// What the file is called where it comes from: UTF-8, percent-encoded. Not in the address, because addresses are logged.
const FILE_NAME: &str = "x-file-name";

/// Uploads a photo, video, recording or document: the body is the file. Its kind is told by its content; metadata are taken out of pictures
/// and videos, time and place of a photo are kept beside. It then waits a day for the action that names it in `attachment_ids`.
#[utoipa::path(post, path = "/api/v1/attachments", operation_id = "attachment_create", tag = "attachments",
    params(("X-File-Name" = Option<String>, Header, description = "What the file is called, UTF-8, percent-encoded")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = AttachmentView), (status = 409, body = ProblemView), (status = 413, body = ProblemView),
        (status = 422, body = ProblemView)))]
pub(super) async fn attachment_create(
    State(casework): State<Casework>,
    caller: Caller,
    key: IdempotencyKey,
    headers: HeaderMap,
    body: Body,
) -> Answer<Created<AttachmentView>> {
    // What says of itself that it is too large is not read at all.
    if body.size_hint().lower() > ATTACHMENT_BYTES_MAX as u64 {
        return Err(failure(CaseworkError::FileTooLarge));
    }
    let call = call(caller, key, IfMatch(None));
    let mut upload = casework
        .attachment_begin(call, file_name(&headers)?)
        .await?;
    let mut stream = body.into_data_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| unreadable())?;
        upload.push(&chunk).await.map_err(failure)?;
    }
    let view = upload.finish().await.map_err(failure)?;
    Ok(Created {
        location: format!("/api/v1/attachments/{}", view.id),
        version: 1,
        view,
    })
}

/// The file, whole or in part (`Range`), for whoever sees what it belongs to. `ETag` is its SM3.
#[utoipa::path(get, path = "/api/v1/attachments/{id}", operation_id = "attachment_view", tag = "attachments",
    params(("id" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = 206), (status = 304),
        (status = 404, body = ProblemView), (status = 416, body = ProblemView)))]
pub(super) async fn attachment_view(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Path(id): Path<Id>,
    headers: HeaderMap,
) -> Answer<Response> {
    let file = casework.attachment_open(&principal, id, false).await?;
    sent(&file, &headers).await
}

/// A JPEG of it whose longer edge is 320 pixels, the right way up; of JPEG, PNG and WebP.
#[utoipa::path(get, path = "/api/v1/attachments/{id}/thumbnail", operation_id = "attachment_thumbnail", tag = "attachments",
    params(("id" = String, Path)),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = 304), (status = 404, body = ProblemView)))]
pub(super) async fn attachment_thumbnail(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Path(id): Path<Id>,
    headers: HeaderMap,
) -> Answer<Response> {
    let file = casework.attachment_open(&principal, id, true).await?;
    sent(&file, &headers).await
}

fn failure(error: CaseworkError) -> Failure {
    let status = match &error {
        CaseworkError::FileTooLarge => Some(StatusCode::PAYLOAD_TOO_LARGE),
        _ => None,
    };
    match status {
        Some(status) => Failure::with_status(error.into(), status),
        None => error.into(),
    }
}

fn unreadable() -> Failure {
    let detail = "The body could not be read to its end.";
    let problem = Problem::new(FailureKind::Invalid, "body_unreadable", detail);
    Failure::with_status(problem, StatusCode::BAD_REQUEST)
}

fn file_name(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let Some(value) = headers.get(FILE_NAME) else {
        return Ok(None);
    };
    let decoded = decoded(value.as_bytes()).and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.map(Some).ok_or_else(|| {
        let wrong = "it is UTF-8, percent-encoded";
        Problem::invalid(vec![FieldError::new("X-File-Name", "malformed", wrong)]).into()
    })
}

fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        if *byte == b'%' {
            let (digits, after) = after.split_at_checked(2)?;
            out.push(u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after;
        } else {
            out.push(*byte);
            rest = after;
        }
    }
    Some(out)
}

/// What a request asks for of a file.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    Part(Range<u64>),
    Nothing,
}

/// One range; of several, and of what makes no sense, the whole is sent, as is allowed.
fn asked(range: Option<&str>, bytes: u64) -> Asked {
    let Some((first, last)) = range
        .and_then(|range| range.strip_prefix("bytes="))
        .and_then(|range| range.split_once('-'))
    else {
        return Asked::Whole;
    };
    let number = |text: &str| text.trim().parse::<u64>();
    let (start, end) = match (number(first), number(last)) {
        (Ok(first), Ok(last)) if first <= last => (first, last.saturating_add(1).min(bytes)),
        (Ok(first), Err(_)) if last.trim().is_empty() => (first, bytes),
        (Err(_), Ok(count)) if first.trim().is_empty() => (bytes.saturating_sub(count), bytes),
        _ => return Asked::Whole,
    };
    if start < end {
        Asked::Part(start..end)
    } else {
        Asked::Nothing
    }
}

async fn sent(file: &AttachmentFile, headers: &HeaderMap) -> Answer<Response> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let etag = format!("\"{}\"", file.digest);
    let is_known = text(header::IF_NONE_MATCH).is_some_and(|tags| {
        let mut tags = tags
            .split(',')
            .map(|tag| tag.trim().trim_start_matches("W/"));
        tags.any(|tag| tag == etag || tag == "*")
    });
    let how = if file.is_shown {
        "inline"
    } else {
        "attachment"
    };
    let mut response = Response::new(Body::empty());
    let mut put = |name: header::HeaderName, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    };
    put(header::ETAG, etag.clone());
    // Whoever may see it no more is asked again before long.
    put(header::CACHE_CONTROL, "private, max-age=600".to_owned());
    put(header::CONTENT_TYPE, file.content_type.to_owned());
    put(header::ACCEPT_RANGES, "bytes".to_owned());
    let disposition = format!("{how}; filename=\"{}\"", file.save_as);
    put(header::CONTENT_DISPOSITION, disposition);
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    // A range of another file than the one that was begun is of no use.
    let is_same = text(header::IF_RANGE).is_none_or(|tag| tag == etag);
    let range = text(header::RANGE).filter(|_| is_same);
    let (range, status, length) = match asked(range, file.bytes) {
        Asked::Whole => (None, StatusCode::OK, file.bytes),
        Asked::Part(range) => {
            let last = range.end - 1;
            put(
                header::CONTENT_RANGE,
                format!("bytes {}-{last}/{}", range.start, file.bytes),
            );
            let length = range.end - range.start;
            (Some(range), StatusCode::PARTIAL_CONTENT, length)
        }
        Asked::Nothing => {
            let detail = format!("The file has {} bytes.", file.bytes);
            let problem = Problem::new(FailureKind::Invalid, "range_not_satisfiable", detail);
            return Err(Failure::with_status(
                problem,
                StatusCode::RANGE_NOT_SATISFIABLE,
            ));
        }
    };
    put(header::CONTENT_LENGTH, length.to_string());
    let reading = file.read(range).await?;
    *response.status_mut() = status;
    *response.body_mut() = Body::from_stream(reading.stream);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_a_part_of_the_file_or_nothing() {
        for (range, wanted) in [
            (None, Asked::Whole),
            (Some("bytes=0-"), Asked::Part(0..100)),
            (Some("bytes=10-19"), Asked::Part(10..20)),
            (Some("bytes=90-200"), Asked::Part(90..100)),
            (Some("bytes=-5"), Asked::Part(95..100)),
            (Some("bytes=-500"), Asked::Part(0..100)),
            (Some("bytes=100-"), Asked::Nothing),
            (Some("bytes=-0"), Asked::Nothing),
            (Some("bytes=5-2"), Asked::Whole),
            (Some("bytes=0-1,5-6"), Asked::Whole),
            (Some("lines=0-1"), Asked::Whole),
        ] {
            assert_eq!(asked(range, 100), wanted, "{range:?}");
        }
    }

    #[test]
    fn a_name_is_read_as_it_was_encoded() {
        let name = |text: &str| {
            decoded(text.as_bytes()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        };
        assert_eq!(name("%E4%BA%95%E7%9B%96.jpg").as_deref(), Some("井盖.jpg"));
        assert_eq!(name("plain.pdf").as_deref(), Some("plain.pdf"));
        assert_eq!(name("%E4%B").as_deref(), None);
    }
}
