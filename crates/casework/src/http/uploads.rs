//! Files that come in pieces.

use super::call;
use crate::service::{Casework, Piece};
use crate::view::UploadView;
use access::http::Caller;
use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use wire::{Answer, IdempotencyKey, IfMatch, Json, Path, ProblemView, Query};

/// Which piece the body is.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PieceParams {
    /// The byte of the file that it begins with.
    pub offset: i64,
    /// How many bytes the whole file has, at most 12 MiB.
    pub length: i64,
}

/// Sends a piece of a file, for phones whose line breaks: the body is the piece, at most 512 KiB. `key` is drawn at random for the file
/// (32 to 64 letters, digits and hyphens). The piece with the last byte makes the file, which is then in `attachment`. A piece sent
/// twice changes nothing; one that does not follow is 409 `upload_offset_wrong` with `received_bytes`.
#[utoipa::path(put, path = "/api/v1/uploads/{key}", operation_id = "upload_push", tag = "attachments",
    params(("key" = String, Path), PieceParams),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = UploadView), (status = 409, body = ProblemView), (status = 422, body = ProblemView)))]
pub(super) async fn upload_push(
    State(casework): State<Casework>,
    caller: Caller,
    Path(key): Path<String>,
    Query(params): Query<PieceParams>,
    body: Bytes,
) -> Answer<Json<UploadView>> {
    let call = call(caller, IdempotencyKey(None), IfMatch(None));
    let piece = Piece {
        key,
        from_byte: params.offset,
        length: params.length,
        bytes: body.to_vec(),
    };
    Ok(Json(casework.upload_push(&call, piece).await?))
}

/// How much of a file has arrived: the next piece begins at `received_bytes`.
#[utoipa::path(get, path = "/api/v1/uploads/{key}", operation_id = "upload_view", tag = "attachments",
    params(("key" = String, Path)),
    responses((status = 200, body = UploadView), (status = 404, body = ProblemView)))]
pub(super) async fn upload_view(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Path(key): Path<String>,
) -> Answer<Json<UploadView>> {
    Ok(Json(casework.upload_view(&principal, &key).await?))
}
