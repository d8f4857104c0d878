//! The pages that come with the server besides the console: the API page, and where you land when the console was not built.
//! Static files inside the binary; no inline code.

use crate::console;
use access::{Endpoint, Needs};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::Problem;
use bytes::Bytes;
use wire::Failure;

/// Their lines in the table of endpoints.
pub const ENDPOINTS: &[Endpoint] = &[
    public("/pages/{file}", "page_file"),
    public("/api", "api_page"),
    public("/api/", "api_page_slash"),
    public("/api/ui/{file}", "api_page_file"),
    public("/api/openapi.json", "openapi_view"),
];

const fn public(path: &'static str, operation: &'static str) -> Endpoint {
    Endpoint {
        method: "GET",
        path,
        operation,
        needs: Needs::Public,
    }
}

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const CSS: HeaderValue = HeaderValue::from_static("text/css; charset=utf-8");
const SCRIPT: HeaderValue = HeaderValue::from_static("text/javascript; charset=utf-8");
const SVG: HeaderValue = HeaderValue::from_static("image/svg+xml");
const HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// The pages' routes; `openapi` is the description as JSON.
pub fn router(openapi: Bytes) -> Router {
    Router::new()
        .route("/pages/{file}", get(page_file))
        .route(
            "/api",
            get(async || page(include_str!("../pages/api.html"))),
        )
        .route("/api/", get(async || Redirect::permanent("/api")))
        .route("/api/ui/{file}", get(viewer_file))
        .route("/api/openapi.json", get(openapi_view))
        .with_state(openapi)
        .merge(console::router(include_str!("../pages/index.html")))
}

fn page(text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, HTML)], text).into_response()
}

async fn page_file(Path(file): Path<String>) -> Result<Response, Failure> {
    let (kind, text) = match file.as_str() {
        "style.css" => (CSS, include_str!("../pages/style.css")),
        "mark.svg" => (SVG, include_str!("../pages/mark.svg")),
        "api.js" => (SCRIPT, include_str!("../pages/api.js")),
        "too-old.js" => (SCRIPT, include_str!("../pages/too-old.js")),
        _ => return Err(Problem::not_found("file").into()),
    };
    Ok((
        [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, HOUR)],
        text,
    )
        .into_response())
}

/// A file of the viewer, which comes with the binary too.
async fn viewer_file(Path(file): Path<String>) -> Result<Response, Failure> {
    let kind = match file.as_str() {
        "swagger-ui.css" => CSS,
        "swagger-ui-bundle.js" => SCRIPT,
        _ => return Err(Problem::not_found("file").into()),
    };
    let config = std::sync::Arc::new(utoipa_swagger_ui::Config::from("/api/openapi.json"));
    let found = utoipa_swagger_ui::serve(&file, config).ok().flatten();
    let found = found.ok_or_else(|| Problem::not_found("file"))?;
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, HOUR)];
    Ok((headers, found.bytes.into_owned()).into_response())
}

async fn openapi_view(State(openapi): State<Bytes>) -> Response {
    let kind = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, kind)], openapi).into_response()
}
