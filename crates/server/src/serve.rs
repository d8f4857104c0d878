//! From an open city to a served one, and back: the order in which things start and stop.

use crate::assembly::{Assembly, RoomRoutes, Service};
use crate::city::City;
use crate::closing::{Closing, closing};
use crate::figures::Figures;
use crate::health::Health;
use crate::listen::{self, ListenSettings};
use crate::live::{Hub, HubSettings};
use crate::settings::Settings;
use crate::workers;
use anyhow::Context;
use futures_util::future::join_all;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// The service of a city.
pub struct CityService {
    /// Routes, description, table.
    pub service: Service,
    /// The live stream's shared side.
    pub hub: Hub,
    /// The figures.
    pub figures: Arc<Figures>,
}

/// Puts the city's HTTP service together.
pub fn assemble(
    city: &City,
    settings: &Settings,
    closing: &Closing,
) -> anyhow::Result<CityService> {
    let figures = Arc::new(Figures::new()?);
    let hub_settings = HubSettings {
        streams_max: settings.live_streams_max,
        ..HubSettings::default()
    };
    let hub = Hub::new(
        city.store.clone(),
        city.opened_at_place,
        hub_settings,
        figures.clone(),
        closing.clone(),
    );
    let service = Assembly {
        rooms: rooms(city),
        doorkeeper: Arc::new(city.access.clone()),
        hub: hub.clone(),
        health: Health {
            store: city.store.clone(),
            figures: figures.clone(),
            closing: closing.clone(),
        },
        request_time_max: settings.request_time_max(),
        trusted_proxies: settings.trusted_proxies.clone(),
        chance: city.store.chance().clone(),
    };
    Ok(CityService {
        service: service.build()?,
        hub,
        figures,
    })
}

/// The description of the API, as the server gives it at `/api/openapi.json`.
pub fn description(city: &City, settings: &Settings) -> anyhow::Result<String> {
    let (_closer, closing) = closing();
    let described = assemble(city, settings, &closing)?.service.openapi;
    Ok(described.to_pretty_json()?)
}

/// What each room brings along.
pub fn rooms(city: &City) -> Vec<RoomRoutes> {
    vec![
        RoomRoutes {
            router: access::http::router(city.access.clone()),
            endpoints: access::http::ENDPOINTS,
        },
        RoomRoutes {
            router: registry::http::router(city.registry.clone()),
            endpoints: registry::http::ENDPOINTS,
        },
        RoomRoutes {
            router: casework::http::router(city.casework.clone()),
            endpoints: casework::http::ENDPOINTS,
        },
        RoomRoutes {
            router: portal::http::router(city.portal.clone()),
            endpoints: portal::http::ENDPOINTS,
        },
    ]
}

/// Serves the city until it is told to stop (SIGTERM, SIGINT), then stops in order: no new connections, open requests
/// finished, streams ended, workers ended, database closed. `ready` is called when requests are taken.
pub async fn serve(
    city: City,
    settings: &Settings,
    listener: TcpListener,
    ready: impl FnOnce(SocketAddr) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let (closer, closing) = closing();
    let CityService {
        service,
        hub,
        figures,
    } = assemble(&city, settings, &closing)?;
    let workers = workers::start(
        &city,
        hub,
        figures.clone(),
        &closing,
        &settings.search_dir(),
    )?;
    let address = listener.local_addr()?;
    let listen_settings = ListenSettings {
        connections_max: settings.connections_max,
        shutdown_time_max: settings.shutdown_time_max(),
    };
    let serving = listen::serve(
        listener,
        service.router,
        listen_settings,
        figures,
        closing.clone(),
    );
    let serving = tokio::spawn(serving);
    tracing::info!(%address, postgres = city.store.is_postgres(), "serving");
    ready(address)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: open requests are finished");
    let began = Instant::now();
    closer.close();
    if !serving.await.context("listening ended unexpectedly")? {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
    let ended = tokio::time::timeout(settings.shutdown_time_max(), join_all(workers)).await;
    if ended.is_err() {
        tracing::warn!("some background work did not end in time and was left");
    }
    workers::keep_lists(city.clone()).await;
    tokio::task::spawn_blocking(move || city.close()).await?;
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(duration_ms, "stopped");
    Ok(())
}
