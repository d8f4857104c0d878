//! How messages reach phones: by the gateway for SMS that the city has, asked over HTTP, or in a city that is only tried out by the log.
//!
//! The gateway is asked `POST` with JSON `{"phone", "kind", "report_no", "code", "text"}` (`code` only of a code) and says 2xx when it has
//! the message. It stands beside this machine or behind a proxy that does; TLS to the outside is its affair.

use crate::settings::Settings;
use anyhow::{Context, bail};
use futures_util::future::BoxFuture;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use portal::{Message, Sender};
use std::sync::Arc;
use std::time::Duration;

/// A gateway that takes longer is asked again later.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

type Body = http_body_util::Full<Bytes>;

/// What the settings say; none when messages are not sent at all.
pub fn sender(settings: &Settings) -> anyhow::Result<Option<Arc<dyn Sender>>> {
    if !settings.sms_gateway.is_empty() {
        let gateway = Gateway::new(settings).context("sms_gateway")?;
        return Ok(Some(Arc::new(gateway)));
    }
    if settings.sms_to_log {
        return Ok(Some(Arc::new(Log)));
    }
    Ok(None)
}

/// The log.
struct Log;

impl Sender for Log {
    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let phone = access::mask::phone(&message.phone);
            tracing::info!(
                phone,
                text = message.text,
                "a message to a phone, shown here only"
            );
            Ok(())
        })
    }
}

/// A gateway for SMS.
struct Gateway {
    client: Client<HttpConnector, Body>,
    uri: Uri,
    secret: Option<HeaderValue>,
}

impl Gateway {
    fn new(settings: &Settings) -> anyhow::Result<Self> {
        let uri: Uri = settings.sms_gateway.parse()?;
        if uri.scheme_str() != Some("http") || uri.host().is_none() {
            bail!(
                "it is http://host:port/path; a proxy beside this machine speaks TLS to the outside"
            );
        }
        let path = &settings.sms_gateway_secret_file;
        let secret = if path.as_os_str().is_empty() {
            None
        } else {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("reading {}", path.display()))?;
            let mut value = HeaderValue::try_from(text.trim())?;
            value.set_sensitive(true);
            Some(value)
        };
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            uri,
            secret,
        })
    }

    fn request(&self, message: &Message) -> Result<Request<Body>, hyper::http::Error> {
        let mut told = serde_json::json!({
            "phone": message.phone,
            "kind": message.kind.as_str(),
            "report_no": message.report_no,
            "text": message.text,
        });
        if let Some(code) = &message.code {
            told["code"] = serde_json::json!(code);
        }
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(self.uri.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(secret) = &self.secret {
            request = request.header(AUTHORIZATION, secret.clone());
        }
        request.body(Body::new(Bytes::from(told.to_string())))
    }
}

impl Sender for Gateway {
    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let request = self.request(message).map_err(|error| error.to_string())?;
            let asked = tokio::time::timeout(ANSWER_TIME_MAX, self.client.request(request));
            let answer = asked
                .await
                .map_err(|_| "the gateway does not answer".to_owned())?
                .map_err(|error| error.to_string())?;
            if answer.status().is_success() {
                return Ok(());
            }
            Err(format!("the gateway says {}", answer.status()))
        })
    }
}
