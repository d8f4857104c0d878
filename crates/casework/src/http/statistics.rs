//! The numbers over HTTP.

use super::reports::PageParams;
use crate::service::{Casework, Group, StatisticsQuery, SubjectsQuery};
use crate::view::statistics::{NumbersView, ObligationView, RateChoiceView, StatisticsView};
use access::http::Caller;
use axum::extract::State;
use base::{AreaLevel, Id, PageRequest, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::{Answer, Json, Path, ProblemView, Query};

/// What is counted, what is divided by what, and by which measures each role is judged.
#[utoipa::path(get, path = "/api/v1/statistics/measures", operation_id = "statistics_measures", tag = "statistics",
    responses((status = 200, body = NumbersView)))]
pub(super) async fn statistics_measures(
    State(casework): State<Casework>,
    _: Caller,
) -> Answer<Json<NumbersView>> {
    Ok(Json(casework.statistics_measures().await?))
}

/// What a rate is to be divided by.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RateChooseRequest {
    /// A measure that the rate names.
    denominator: String,
}

/// Divides a rate by another of its denominators, from now on and for all windows.
#[utoipa::path(put, path = "/api/v1/statistics/rates/{code}", operation_id = "rate_choose", tag = "statistics",
    params(("code" = String, Path)), request_body = RateChooseRequest,
    responses((status = 200, body = RateChoiceView), (status = 404, body = ProblemView), (status = 422, body = ProblemView)))]
pub(super) async fn rate_choose(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Path(code): Path<String>,
    Json(request): Json<RateChooseRequest>,
) -> Answer<Json<RateChoiceView>> {
    let view = casework
        .rate_choose(&principal, code, request.denominator)
        .await?;
    Ok(Json(view))
}

/// Which numbers.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct StatisticsParams {
    /// From this instant; thirty days ago, at midnight, when left out.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Until before this instant, and never beyond now.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// A line for each of these.
    #[param(inline)]
    group: Option<Group>,
    /// Of areas: `province`, `city`, `district`, `street` (when left out), `village`, `grid`. Where a tree has no area of the level, the
    /// highest below it is the line.
    #[param(value_type = Option<String>)]
    level: Option<AreaLevel>,
    /// Obligations of this organisation and those below it.
    #[param(value_type = Option<String>)]
    organisation_id: Option<Id>,
    /// In the area with this division code.
    area_code: Option<String>,
    /// In this zone.
    #[param(value_type = Option<String>)]
    zone_id: Option<Id>,
    /// Of this category.
    #[param(value_type = Option<String>)]
    category_id: Option<Id>,
    /// From this source.
    source: Option<String>,
    /// Done by this person.
    #[param(value_type = Option<String>)]
    staff_id: Option<Id>,
    /// Done in this role; only the measures this role is judged by.
    role: Option<String>,
    /// The window before (环比) and the same window a year ago (同比), too.
    compare: bool,
    /// The lines with the most of this measure first.
    sort: Option<String>,
    /// So many lines, at most 2,000.
    limit: Option<u32>,
}

impl From<StatisticsParams> for StatisticsQuery {
    fn from(params: StatisticsParams) -> Self {
        Self {
            from: params.from,
            until: params.until,
            group: params.group,
            level: params.level,
            organisation_id: params.organisation_id,
            area_code: params.area_code,
            zone_id: params.zone_id,
            category_id: params.category_id,
            source: params.source,
            staff_id: params.staff_id,
            role: params.role,
            compare: params.compare,
            sort: params.sort,
            limit: params.limit,
        }
    }
}

/// Measures and rates of a window, by organisation, area, zone, category, source, person, role or time.
#[utoipa::path(get, path = "/api/v1/statistics", operation_id = "statistics_view", tag = "statistics",
    params(StatisticsParams),
    responses((status = 200, body = StatisticsView), (status = 422, body = ProblemView)))]
pub(super) async fn statistics_view(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Query(params): Query<StatisticsParams>,
) -> Answer<Json<StatisticsView>> {
    Ok(Json(
        casework.statistics_view(&principal, params.into()).await?,
    ))
}

/// Which line and measure.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct BehindParams {
    /// The measure.
    measure: String,
    /// The line; all lines when left out.
    key: Option<String>,
}

/// A page of obligations.
#[derive(Serialize, ToSchema)]
pub(super) struct ObligationPage {
    /// The latest first.
    items: Vec<ObligationView>,
    /// Pass as `after` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// What is behind a number: the obligations it counts with their reports or cases, the latest first. Asked with the parameters that
/// gave the number.
#[utoipa::path(get, path = "/api/v1/statistics/subjects", operation_id = "statistics_subjects", tag = "statistics",
    params(StatisticsParams, BehindParams, PageParams),
    responses((status = 200, body = ObligationPage), (status = 422, body = ProblemView)))]
pub(super) async fn statistics_subjects(
    State(casework): State<Casework>,
    Caller(principal): Caller,
    Query(params): Query<StatisticsParams>,
    Query(behind): Query<BehindParams>,
    Query(page): Query<PageRequest>,
) -> Answer<Json<ObligationPage>> {
    let query = SubjectsQuery {
        of: StatisticsQuery {
            limit: None,
            ..params.into()
        },
        key: behind.key,
        measure: behind.measure,
        page,
    };
    let page = casework.statistics_subjects(&principal, query).await?;
    Ok(Json(ObligationPage {
        items: page.items,
        next: page.next,
    }))
}
