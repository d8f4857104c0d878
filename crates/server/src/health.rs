//! Is it alive, is it ready, how is it doing: `/healthz`, `/readyz`, `/metrics`.

use crate::closing::Closing;
use crate::figures::Figures;
use access::{Endpoint, Needs};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base::{FailureKind, Problem};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use store::{Store, StoreError, outbox};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wire::{Answer, Failure, Json, ProblemView};

/// Their lines in the table of endpoints.
pub const ENDPOINTS: &[Endpoint] = &[
    public("/healthz", "health_view"),
    public("/readyz", "readiness_view"),
    public("/metrics", "metrics_view"),
];

const fn public(path: &'static str, operation: &'static str) -> Endpoint {
    Endpoint {
        method: "GET",
        path,
        operation,
        needs: Needs::Public,
    }
}

/// What the handlers look at.
#[derive(Clone)]
pub struct Health {
    /// The database.
    pub store: Store,
    /// The figures.
    pub figures: Arc<Figures>,
    /// The word that the server stops.
    pub closing: Closing,
}

/// How long the database may take to say that it can write.
const WRITE_TIME_MAX: Duration = Duration::from_secs(2);
/// How long it may take to say how many outbox entries wait; Prometheus does not wait for ever either.
const READ_TIME_MAX: Duration = Duration::from_secs(2);

/// Their routes.
pub fn router(health: Health) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(health_view))
        .routes(routes!(readiness_view))
        .routes(routes!(metrics_view))
        .with_state(health)
}

/// Alive.
#[derive(Serialize, ToSchema)]
struct HealthView {
    /// Always `alive`; who cannot answer is not.
    #[schema(example = "alive")]
    status: &'static str,
    /// The program's version.
    version: &'static str,
}

/// Ready.
#[derive(Serialize, ToSchema)]
struct ReadinessView {
    /// Always `ready`; otherwise the answer is a problem.
    #[schema(example = "ready")]
    status: &'static str,
    /// Transactions waiting to be written.
    writes_waiting: usize,
    /// The highest place of the outbox.
    outbox_place: i64,
    /// Committed entries that have no place yet: how far the sequencer is behind.
    outbox_unplaced: i64,
    /// What keeps the backup up; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    backup: Option<BackupView>,
}

/// How far the backup has come. Being behind does not make the server unready.
#[derive(Serialize, ToSchema)]
struct BackupView {
    /// Seconds since everything committed could be restored; null when nothing can be yet.
    behind_seconds: Option<f64>,
    /// Whether that is more than a minute, or nothing can be restored yet.
    is_late: bool,
}

/// What is promised of a backup.
const BACKUP_SECONDS_MAX: f64 = 60.0;

impl BackupView {
    fn of(store: &Store) -> Option<Self> {
        let kept_until = store.backup_kept_until()?;
        let now = store.clock().now();
        let behind_seconds = kept_until.map(|until| (now.0 - until.0).max(0) as f64 / 1e6);
        Some(Self {
            behind_seconds,
            is_late: behind_seconds.is_none_or(|behind| behind > BACKUP_SECONDS_MAX),
        })
    }
}

/// Whether the process is alive. Restart it when it is not.
#[utoipa::path(get, path = "/healthz", operation_id = "health_view", tag = "operation",
    responses((status = 200, body = HealthView)))]
async fn health_view() -> Json<HealthView> {
    Json(HealthView {
        status: "alive",
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// Whether requests should be sent here: the database takes writes and answers reads.
#[utoipa::path(get, path = "/readyz", operation_id = "readiness_view", tag = "operation",
    responses((status = 200, body = ReadinessView), (status = 503, body = ProblemView)))]
async fn readiness_view(State(health): State<Health>) -> Answer<Json<ReadinessView>> {
    if health.closing.is_closing() {
        return Err(not_ready("The server is stopping."));
    }
    let written = health.store.write(outbox::probe);
    match tokio::time::timeout(WRITE_TIME_MAX, written).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(%error, "not ready: the database takes no writes");
            return Err(not_ready("The database takes no writes."));
        }
        Err(_) => return Err(not_ready("The database takes too long to write.")),
    }
    let read = health
        .store
        .read(|tx| Ok::<_, StoreError>((outbox::last_place(tx)?, outbox::unplaced(tx)?)));
    let (outbox_place, outbox_unplaced) = read.await?;
    Ok(Json(ReadinessView {
        status: "ready",
        writes_waiting: health.store.writes_waiting(),
        outbox_place,
        outbox_unplaced,
        backup: BackupView::of(&health.store),
    }))
}

fn not_ready(detail: &str) -> Failure {
    Problem::new(FailureKind::Busy, "not_ready", detail).into()
}

/// Figures for Prometheus. Only for who asks directly: what comes through a proxy is answered as if there were none.
#[utoipa::path(get, path = "/metrics", operation_id = "metrics_view", tag = "operation",
    responses((status = 200, content_type = "text/plain", body = String), (status = 404, body = ProblemView)))]
async fn metrics_view(State(health): State<Health>, headers: HeaderMap) -> Answer<Response> {
    let passed_on = ["forwarded", "x-forwarded-for", "via"];
    if passed_on.iter().any(|name| headers.contains_key(*name)) {
        return Err(Problem::not_found("address").into());
    }
    let places = health.store.outbox_places();
    let place = *places.borrow();
    health.figures.outbox_place.set(place as f64);
    let unplaced = tokio::time::timeout(READ_TIME_MAX, health.store.read(outbox::unplaced)).await;
    let unplaced = unplaced.ok().and_then(Result::ok);
    health
        .figures
        .outbox_unplaced
        .set(unplaced.map_or(f64::NAN, |entries| entries as f64));
    let behind = BackupView::of(&health.store).and_then(|backup| backup.behind_seconds);
    health.figures.backup_behind.set(behind.unwrap_or(f64::NAN));
    health
        .figures
        .writes_waiting
        .set(health.store.writes_waiting() as f64);
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], health.figures.render()).into_response())
}
