//! A small HTTP/1.1 client that keeps its connection: enough for our own server, and cheap.

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use std::fmt::Write as _;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// The body, uncompressed (we never ask for compression).
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as `T`, if the status is a success; else an error that shows both.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        if !(200..300).contains(&self.status) {
            bail!("{}: {}", self.status, String::from_utf8_lossy(&self.body));
        }
        serde_json::from_slice(&self.body)
            .with_context(|| format!("unexpected body: {}", String::from_utf8_lossy(&self.body)))
    }
}

/// One kept connection.
pub struct Client {
    address: SocketAddr,
    stream: TcpStream,
    credentials: String,
    out: String,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects; `credentials` are header lines sent with every request, each ending in CRLF.
    pub async fn connect(address: SocketAddr, credentials: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            address,
            stream,
            credentials: credentials.to_owned(),
            out: String::new(),
            buffer: Vec::with_capacity(16 * 1024),
        })
    }

    /// GET.
    pub async fn get(&mut self, path: &str) -> Result<Reply> {
        self.send("GET", path, "", None).await
    }

    /// POST with a JSON body, and an Idempotency-Key when given.
    pub async fn post(&mut self, path: &str, body: &str, key: Option<&str>) -> Result<Reply> {
        self.send("POST", path, body, key).await
    }

    /// Sends a POST without waiting for the answer; [`Client::receive`] gets it.
    pub async fn begin_post(&mut self, path: &str, body: &str, key: Option<&str>) -> Result<()> {
        self.begin("POST", path, body, key).await
    }

    async fn send(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
        key: Option<&str>,
    ) -> Result<Reply> {
        self.begin(method, path, body, key).await?;
        self.receive().await
    }

    async fn begin(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
        key: Option<&str>,
    ) -> Result<()> {
        self.out.clear();
        let _ = write!(
            self.out,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{}",
            self.address, self.credentials
        );
        if let Some(key) = key {
            let _ = write!(self.out, "Idempotency-Key: {key}\r\n");
        }
        if method == "POST" {
            let _ = write!(
                self.out,
                "Content-Type: application/json\r\nContent-Length: {}\r\n",
                body.len()
            );
        }
        self.out.push_str("\r\n");
        self.out.push_str(body);
        Ok(self.stream.write_all(self.out.as_bytes()).await?)
    }

    /// The answer to what was begun.
    pub async fn receive(&mut self) -> Result<Reply> {
        self.buffer.clear();
        let head_end = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
            self.fill().await?;
        };
        let head =
            String::from_utf8_lossy(self.buffer.get(..head_end).unwrap_or_default()).into_owned();
        let status = head
            .get(9..12)
            .and_then(|code| code.parse().ok())
            .context("no status line")?;
        let length = header(&head, "content-length").and_then(|value| value.parse::<usize>().ok());
        if let Some(length) = length {
            while self.buffer.len() < head_end + length {
                self.fill().await?;
            }
            let body = self
                .buffer
                .get(head_end..head_end + length)
                .unwrap_or_default()
                .to_vec();
            return Ok(Reply { status, head, body });
        }
        if header(&head, "transfer-encoding")
            .is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
        {
            return self.receive_chunks(status, head, head_end).await;
        }
        Ok(Reply {
            status,
            head,
            body: Vec::new(),
        })
    }

    async fn receive_chunks(&mut self, status: u16, head: String, mut at: usize) -> Result<Reply> {
        let mut body = Vec::new();
        loop {
            let line_end = loop {
                match find(self.buffer.get(at..).unwrap_or_default(), b"\r\n") {
                    Some(offset) => break at + offset,
                    None => self.fill().await?,
                }
            };
            let size = String::from_utf8_lossy(self.buffer.get(at..line_end).unwrap_or_default())
                .trim()
                .to_owned();
            let size = usize::from_str_radix(&size, 16).context("chunk size")?;
            while self.buffer.len() < line_end + 2 + size + 2 {
                self.fill().await?;
            }
            body.extend_from_slice(
                self.buffer
                    .get(line_end + 2..line_end + 2 + size)
                    .unwrap_or_default(),
            );
            at = line_end + 2 + size + 2;
            if size == 0 {
                return Ok(Reply { status, head, body });
            }
        }
    }

    async fn fill(&mut self) -> Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

/// The value of a header.
pub fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
