//! Listening: connections in, the service behind them, and an orderly end.

use crate::closing::Closing;
use crate::door::Peer;
use crate::figures::Figures;
use anyhow::Context;
use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How connections are treated.
#[derive(Clone, Copy, Debug)]
pub struct ListenSettings {
    /// Open connections; the next one waits to be accepted.
    pub connections_max: usize,
    /// Time open requests get to finish when stopping.
    pub shutdown_time_max: Duration,
}

/// A client gets this long to send the head of a request; also how long an idle connection is kept.
const HEAD_TIME_MAX: Duration = Duration::from_mins(1);
/// After a failed accept (no more file handles) this long is waited, instead of spinning.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Opens the address. Errors: it is taken or not ours.
pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listening on {address}"))
}

/// Serves until the word is said, then lets open requests finish. Answers whether all of them did in time.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: ListenSettings,
    figures: Arc<Figures>,
    mut closing: Closing,
) -> bool {
    let seats = Arc::new(Semaphore::new(settings.connections_max));
    let graceful = GracefulShutdown::new();
    loop {
        // A seat first: past the limit the system's own queue holds back who comes.
        let accepted = async {
            let seat = seats.clone().acquire_owned().await.ok()?;
            Some((listener.accept().await, seat))
        };
        tokio::select! {
            () = closing.closed() => break,
            accepted = accepted => match accepted {
                Some((Ok((stream, peer)), seat)) => {
                    attend(stream, peer, seat, router.clone(), &graceful, figures.clone());
                }
                Some((Err(error), _)) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
                None => break,
            },
        }
    }
    drop(listener);
    tokio::time::timeout(settings.shutdown_time_max, graceful.shutdown())
        .await
        .is_ok()
}

fn attend(
    stream: TcpStream,
    peer: SocketAddr,
    seat: OwnedSemaphorePermit,
    router: Router,
    graceful: &GracefulShutdown,
    figures: Arc<Figures>,
) {
    // Small answers must not wait for the acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection closed before it began");
        return;
    }
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer.ip()));
        service.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .pipeline_flush(true)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        figures.connections.increment(1.0);
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection broke");
        }
        figures.connections.decrement(1.0);
        drop(seat);
    });
}
