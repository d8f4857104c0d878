//! The HTTP service put together: the rooms' routes and the server's own, behind one table and in one frame.

use crate::figures::Figures;
use crate::frame::{self, Frame};
use crate::gate::{Doorkeeper, Gate};
use crate::health::{self, Health};
use crate::live::{self, Hub};
use crate::{console, openapi, pages};
use access::Endpoint;
use anyhow::Context;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::ACCEPT_RANGES;
use axum::http::{Extensions, HeaderMap, StatusCode, Version};
use base::chance::Chance;
use base::limits::BODY_BYTES_MAX;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate, SizeAbove};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

/// Smaller answers go out as they are: packing them costs more than it saves.
const COMPRESSED_BYTES_MIN: u64 = 4 * 1024;

/// What a room brings along.
pub struct RoomRoutes {
    /// Its routes, with their state.
    pub router: OpenApiRouter,
    /// Its lines in the table.
    pub endpoints: &'static [Endpoint],
}

/// What the service is made of.
pub struct Assembly {
    /// The rooms.
    pub rooms: Vec<RoomRoutes>,
    /// Finds out who asks.
    pub doorkeeper: Arc<dyn Doorkeeper>,
    /// The live stream's shared side.
    pub hub: Hub,
    /// What the health pages look at.
    pub health: Health,
    /// How long a request may take.
    pub request_time_max: Duration,
    /// Proxies whose word about addresses is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// For request ids.
    pub chance: Arc<dyn Chance>,
}

/// The service, ready to be listened with.
pub struct Service {
    /// Every route, in its frame.
    pub router: Router,
    /// The description of the API.
    pub openapi: OpenApi,
    /// The table.
    pub endpoints: Vec<&'static Endpoint>,
}

impl Assembly {
    /// Puts it together. Errors: an endpoint or operation that stands twice in the table.
    pub fn build(self) -> anyhow::Result<Service> {
        let figures: Arc<Figures> = self.health.figures.clone();
        let mut tables = vec![
            health::ENDPOINTS,
            live::ENDPOINTS,
            pages::ENDPOINTS,
            console::PAGES,
            console::PHONE_PAGES,
            console::ENDPOINTS,
        ];
        let mut routes = OpenApiRouter::new()
            .merge(health::router(self.health))
            .merge(live::router(self.hub, self.doorkeeper.clone()));
        for room in self.rooms {
            routes = routes.merge(room.router);
            tables.push(room.endpoints);
        }
        let endpoints: Vec<&'static Endpoint> = tables.into_iter().flatten().collect();
        let (described_routes, mut api) = routes.split_for_parts();
        openapi::complete(&mut api, endpoints.iter().copied());
        let described = serde_json::to_vec(&api).context("describing the API")?;
        let gate = Gate::new(endpoints.iter().copied(), &figures, self.doorkeeper)?
            .with_parameters(openapi::query_parameters(&mut api));
        let frame = Arc::new(Frame::new(
            gate,
            self.request_time_max,
            self.trusted_proxies,
            &*self.chance,
        ));
        // What is sent in parts is packed by its nature, and the parts are counted in its own bytes.
        let is_whole = |_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions| {
            !headers.contains_key(ACCEPT_RANGES)
        };
        let worth_packing = DefaultPredicate::new()
            .and(SizeAbove::new(COMPRESSED_BYTES_MIN))
            .and(is_whole);
        let framed = described_routes
            .merge(pages::router(described.into()))
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .layer(axum::middleware::from_fn_with_state(frame, frame::layer))
            .layer(
                CompressionLayer::new()
                    .gzip(true)
                    .br(true)
                    .compress_when(worth_packing),
            );
        Ok(Service {
            router: framed,
            openapi: api,
            endpoints,
        })
    }
}
