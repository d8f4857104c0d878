//! Real sockets: requests are finished when the server stops, and it stops in time.

use crate::house::{House, house};
use server::listen::{self, ListenSettings};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

async fn listening(house: &House, connections_max: usize) -> (SocketAddr, JoinHandle<bool>) {
    let listener = listen::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    let settings = ListenSettings {
        connections_max,
        shutdown_time_max: Duration::from_secs(10),
    };
    let serving = listen::serve(
        listener,
        house.service.router.clone(),
        settings,
        house.figures.clone(),
        house.closing.clone(),
    );
    (address, tokio::spawn(serving))
}

async fn send(stream: &mut TcpStream, path: &str) {
    let head =
        format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer dispatcher\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
}

async fn read_until(stream: &mut TcpStream, mark: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !text.contains(mark) {
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "closed after {text:?}");
        text.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_is_finished_and_a_stream_ended_when_the_server_stops() {
    let house = house();
    let (address, serving) = listening(&house, 10).await;
    let mut streaming = TcpStream::connect(address).await.unwrap();
    send(&mut streaming, "/api/v1/live").await;
    read_until(&mut streaming, ": welcome").await;
    let mut waiting = TcpStream::connect(address).await.unwrap();
    send(&mut waiting, "/healthz").await;
    read_until(&mut waiting, "alive").await;
    send(&mut waiting, "/api/v1/endless").await;
    house.endless.notified().await;
    house.closer.close();
    let ended = read_until(&mut streaming, "event: bye").await;
    assert!(ended.contains("stopping"));
    // It is given up by its own time limit, and answered, before the connection is closed.
    let answer = read_until(&mut waiting, "request_timeout").await;
    assert!(answer.starts_with("HTTP/1.1 504"), "{answer}");
    assert!(serving.await.unwrap(), "everything was finished in time");
    assert!(
        TcpStream::connect(address).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn past_the_limit_a_connection_waits_for_a_seat() {
    let house = house();
    let (address, _serving) = listening(&house, 1).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    send(&mut first, "/healthz").await;
    read_until(&mut first, "alive").await;
    let mut second = TcpStream::connect(address).await.unwrap();
    send(&mut second, "/healthz").await;
    drop(first);
    read_until(&mut second, "alive").await;
}
