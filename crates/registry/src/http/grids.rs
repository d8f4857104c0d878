//! Unit grids on the wire: cutting an area, and how well its grids cover it.

use super::areas::PointView;
use crate::grid::GridCheck;
use crate::model::Area;
use crate::{GridGenerate, GridGeneration, Registry};
use access::http::Caller;
use axum::extract::State;
use base::Id;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use wire::{Answer, Json, Path, ProblemView};

/// The most villages that one request cuts or checks: a street's. Whole districts are cut at the machine.
const VILLAGES_MAX: usize = 60;

/// How to cut.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GridGenerateRequest {
    /// The size of a whole grid, square metres, 400 to 1,000,000; 10,000 when left out.
    cell_m2: Option<f64>,
    /// Say what would be made and make nothing.
    #[serde(default)]
    dry_run: bool,
}

/// A village that was cut.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GriddedVillageView {
    #[schema(value_type = String)]
    area_id: Id,
    code: String,
    name: String,
    grids: usize,
    /// The size of a whole grid: larger than asked for where there would have been more than 999.
    cell_m2: f64,
    smallest_m2: f64,
    largest_m2: f64,
}

/// A village that was not cut.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SkippedVillageView {
    #[schema(value_type = String)]
    area_id: Id,
    code: String,
    name: String,
    /// `has_grids`, `no_outline`, `code` or `uncuttable`.
    reason: &'static str,
}

/// What became of the villages.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GridGenerationView {
    grids: usize,
    villages: Vec<GriddedVillageView>,
    skipped: Vec<SkippedVillageView>,
}

impl From<GridGeneration> for GridGenerationView {
    fn from(generation: GridGeneration) -> Self {
        let villages = generation.villages.iter().map(|done| GriddedVillageView {
            area_id: done.village.id,
            code: done.village.code.to_string(),
            name: done.village.name.clone(),
            grids: done.grids,
            cell_m2: done.cell_m2,
            smallest_m2: done.smallest_m2,
            largest_m2: done.largest_m2,
        });
        let skipped = generation.skipped.iter();
        Self {
            grids: generation.grids(),
            villages: villages.collect(),
            skipped: skipped
                .map(|(village, reason)| SkippedVillageView {
                    area_id: village.id,
                    code: village.code.to_string(),
                    name: village.name.clone(),
                    reason: reason.as_str(),
                })
                .collect(),
        }
    }
}

/// Cuts a village, or each village of a street, into unit grids; those that have grids keep them, so a repeated request makes nothing.
#[utoipa::path(post, path = "/api/v1/areas/{id}/grids", operation_id = "grid_generate", tag = "registry",
    params(("id" = String, Path)), request_body = GridGenerateRequest,
    responses((status = 200, body = GridGenerationView), (status = 404, body = ProblemView)))]
pub(super) async fn grid_generate(
    State(registry): State<Registry>,
    Caller(caller): Caller,
    Path(id): Path<Id>,
    Json(request): Json<GridGenerateRequest>,
) -> Answer<Json<GridGenerationView>> {
    registry.villages_counted(id, VILLAGES_MAX)?;
    let default = GridGenerate::default();
    let options = GridGenerate {
        cell_m2: request.cell_m2.unwrap_or(default.cell_m2),
        dry_run: request.dry_run,
    };
    let done = registry
        .grid_generate(&caller, id, &options, |_| ())
        .await?;
    Ok(Json(done.into()))
}

/// Two grids in each other's way, of one village or of two: then both villages have it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OverlapView {
    codes: [String; 2],
    area_m2: f64,
}

/// A piece that no grid covers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GapView {
    area_m2: f64,
    at: PointView,
    /// Codes of the grids next to it.
    beside: Vec<String>,
}

/// A grid that reaches outside its village.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OutsideView {
    code: String,
    area_m2: f64,
}

/// How well the grids of one village cover it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GridCheckView {
    #[schema(value_type = String)]
    area_id: Id,
    code: String,
    name: String,
    grids: usize,
    /// The village's size; absent when its outline is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    area_m2: Option<f64>,
    covered_m2: f64,
    /// Those with grids of other villages after the village's own.
    overlaps: Vec<OverlapView>,
    gaps: Vec<GapView>,
    outside: Vec<OutsideView>,
}

/// The villages that were checked.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GridChecksView {
    villages: Vec<GridCheckView>,
}

impl GridCheckView {
    fn new((village, found): (Arc<Area>, GridCheck)) -> Self {
        let overlaps = found.overlaps.iter().map(|overlap| OverlapView {
            codes: [overlap.first.to_string(), overlap.second.to_string()],
            area_m2: overlap.area_m2,
        });
        let gaps = found.gaps.iter().map(|gap| GapView {
            area_m2: gap.area_m2,
            at: PointView::from(gap.at),
            beside: gap.beside.iter().map(ToString::to_string).collect(),
        });
        let outside = found.outside.iter().map(|outside| OutsideView {
            code: outside.code.to_string(),
            area_m2: outside.area_m2,
        });
        Self {
            area_id: village.id,
            code: village.code.to_string(),
            name: village.name.clone(),
            grids: found.grids,
            area_m2: found.area_m2,
            covered_m2: found.covered_m2,
            overlaps: overlaps.collect(),
            gaps: gaps.collect(),
            outside: outside.collect(),
        }
    }
}

/// Overlaps and gaps of the unit grids of a village, or of each village of a street; overlaps with the grids of other villages too,
/// wherever those are. Less than a square metre is not told.
#[utoipa::path(get, path = "/api/v1/areas/{id}/grid-check", operation_id = "grid_check", tag = "registry",
    params(("id" = String, Path)),
    responses((status = 200, body = GridChecksView), (status = 404, body = ProblemView)))]
pub(super) async fn grid_check(
    State(registry): State<Registry>,
    Path(id): Path<Id>,
) -> Answer<Json<GridChecksView>> {
    let checked = registry.grid_check(id, VILLAGES_MAX)?;
    Ok(Json(GridChecksView {
        villages: checked.into_iter().map(GridCheckView::new).collect(),
    }))
}
