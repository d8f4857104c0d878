//! Following what one has told.

use super::{LinkToken, LinkView, PlainStatusView, TurnView, failure};
use crate::limits::Act;
use crate::plain_words::Language;
use crate::service::Portal;
use crate::service::following::{Followed, Said};
use access::http::ClientAddress;
use axum::extract::State;
use axum::http::StatusCode;
use base::Timestamp;
use casework::model::Satisfaction;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Answer, IdempotencyKey, Json, ProblemView};

/// Whose code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PortalCodeRequest {
    /// The number of the report.
    report_no: String,
    /// The phone it was told from.
    phone: String,
}

/// What becomes of a code.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PortalCodeView {
    /// How many seconds it can be used, if it was sent.
    expires_seconds: i64,
}

/// Sends a code to the phone that a report was told from. The answer is the same for a number or phone that is not known.
#[utoipa::path(post, path = "/api/v1/portal/codes", operation_id = "portal_code_request", tag = "portal",
    request_body = PortalCodeRequest,
    responses((status = 202, body = PortalCodeView), (status = 409, body = ProblemView), (status = 422, body = ProblemView),
        (status = 429, body = ProblemView)))]
pub(super) async fn portal_code_request(
    State(portal): State<Portal>,
    ClientAddress(address): ClientAddress,
    Json(request): Json<PortalCodeRequest>,
) -> Answer<(StatusCode, Json<PortalCodeView>)> {
    portal.count(Act::AskCode, &address).map_err(failure)?;
    let expires_seconds = portal
        .code_request(&request.report_no, &request.phone)
        .await?;
    let view = PortalCodeView { expires_seconds };
    Ok((StatusCode::ACCEPTED, Json(view)))
}

/// Number, phone and the code that was sent there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PortalRedeemRequest {
    /// The number of the report.
    report_no: String,
    /// The phone it was told from.
    phone: String,
    /// Six digits.
    code: String,
}

/// The link to a report, for number, phone and code: it lasts twelve hours. A code can be tried five times and used once.
#[utoipa::path(post, path = "/api/v1/portal/links", operation_id = "portal_code_redeem", tag = "portal",
    request_body = PortalRedeemRequest,
    responses((status = 200, body = LinkView), (status = 403, body = ProblemView), (status = 422, body = ProblemView),
        (status = 429, body = ProblemView)))]
pub(super) async fn portal_code_redeem(
    State(portal): State<Portal>,
    ClientAddress(address): ClientAddress,
    Json(request): Json<PortalRedeemRequest>,
) -> Answer<Json<LinkView>> {
    portal.count(Act::TryCode, &address).map_err(failure)?;
    let link = portal
        .code_redeem(&request.report_no, &request.phone, &request.code)
        .await?;
    Ok(Json(link.into()))
}

/// A report as its reporter sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FollowedView {
    /// Its number.
    report_no: String,
    /// When it was told.
    #[schema(value_type = String, format = DateTime)]
    told_at: Timestamp,
    /// What it is called, masked; absent once forgotten.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// What was told, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<String>,
    /// Where, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// Where it stands.
    status: PlainStatusView,
    /// Until when it should be dealt with.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_by: Option<Timestamp>,
    /// What the reporter is told, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    /// What was done, masked; once somebody has looked at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<String>,
    /// The turns it has taken, the oldest first.
    turns: Vec<TurnView>,
    /// The numbers of its cases.
    case_nos: Vec<String>,
    /// Whether the reporter is asked if it is solved.
    may_answer: bool,
    /// Whether what is not solved is then done again. Whoever joined a case (`join_case_no`) proves the phone first (`portal/links`): until
    /// then what they say is on record, and `result` is not told.
    may_redo: bool,
    /// Whether the reporter may rate.
    may_rate: bool,
    /// How the reporter rated.
    #[serde(skip_serializing_if = "Option::is_none")]
    rated: Option<Satisfaction>,
}

impl FollowedView {
    fn new(found: Followed, language: Language) -> Self {
        Self {
            report_no: found.report_no,
            told_at: found.told_at,
            title: found.title,
            words: found.words,
            address: found.address,
            status: PlainStatusView::new(found.status, language),
            expected_by: found.expected_by,
            answer: found.answer,
            result: found.result,
            turns: found.turns.into_iter().map(TurnView::from).collect(),
            case_nos: found.case_nos,
            may_answer: found.may_answer,
            may_redo: found.may_redo,
            may_rate: found.may_rate,
            rated: found.rated,
        }
    }
}

/// The report of a link (`Authorization: Bearer …`).
#[utoipa::path(get, path = "/api/v1/portal/report", operation_id = "portal_follow", tag = "portal",
    responses((status = 200, body = FollowedView), (status = 401, body = ProblemView), (status = 429, body = ProblemView)))]
pub(super) async fn portal_follow(
    State(portal): State<Portal>,
    ClientAddress(address): ClientAddress,
    LinkToken(token): LinkToken,
    language: Language,
) -> Answer<Json<FollowedView>> {
    portal.count(Act::Follow, &address).map_err(failure)?;
    let found = portal.follow(&token, language).await?;
    Ok(Json(FollowedView::new(found, language)))
}

/// What the reporter says when asked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PortalAnswerRequest {
    /// Whether it is solved. What is not is done again, as often as the process allows.
    solved: bool,
    /// How satisfied the reporter is.
    satisfaction: Satisfaction,
    /// What the reporter adds.
    #[serde(default)]
    words: Option<String>,
    /// When it was said, if the phone had no network: at most seven days ago, and not before it came to that.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    occurred_at: Option<Timestamp>,
}

/// Says whether it is solved, while `may_answer`. Answers how it stands then.
#[utoipa::path(post, path = "/api/v1/portal/report/answer", operation_id = "portal_answer", tag = "portal",
    request_body = PortalAnswerRequest,
    responses((status = 200, body = FollowedView), (status = 401, body = ProblemView), (status = 409, body = ProblemView),
        (status = 422, body = ProblemView), (status = 429, body = ProblemView)))]
pub(super) async fn portal_answer(
    State(portal): State<Portal>,
    ClientAddress(address): ClientAddress,
    LinkToken(token): LinkToken,
    language: Language,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<PortalAnswerRequest>,
) -> Answer<Json<FollowedView>> {
    portal.count(Act::Follow, &address).map_err(failure)?;
    let said = Said {
        satisfaction: request.satisfaction,
        words: request.words,
        occurred_at: request.occurred_at,
    };
    portal.answer(&token, key, request.solved, said).await?;
    let found = portal.follow(&token, language).await?;
    Ok(Json(FollowedView::new(found, language)))
}

/// How the reporter rates.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PortalRateRequest {
    /// One of five.
    satisfaction: Satisfaction,
    /// What the reporter adds.
    #[serde(default)]
    words: Option<String>,
    /// When it was said, if the phone had no network: at most seven days ago, and not before it came to that.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    occurred_at: Option<Timestamp>,
}

/// Rates, while `may_rate`: once for each time it came to its end. Answers how it stands then.
#[utoipa::path(post, path = "/api/v1/portal/report/rate", operation_id = "portal_rate", tag = "portal",
    request_body = PortalRateRequest,
    responses((status = 200, body = FollowedView), (status = 401, body = ProblemView), (status = 409, body = ProblemView),
        (status = 422, body = ProblemView), (status = 429, body = ProblemView)))]
pub(super) async fn portal_rate(
    State(portal): State<Portal>,
    ClientAddress(address): ClientAddress,
    LinkToken(token): LinkToken,
    language: Language,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<PortalRateRequest>,
) -> Answer<Json<FollowedView>> {
    portal.count(Act::Follow, &address).map_err(failure)?;
    let said = Said {
        satisfaction: request.satisfaction,
        words: request.words,
        occurred_at: request.occurred_at,
    };
    portal.rate(&token, key, said).await?;
    let found = portal.follow(&token, language).await?;
    Ok(Json(FollowedView::new(found, language)))
}
