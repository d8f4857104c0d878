//! The console: the pages people work with, built from `web/` and taken into the binary. One HTML file for every address that is a
//! page of it, and files whose names change with their content. Whatever else is asked for is not found.

use access::{Endpoint, Needs};
use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base::Problem;
use wire::Failure;

/// The addresses that are pages of the console. `web/src/router.ts` has the same; a test compares them.
pub const PAGES: &[Endpoint] = &[
    page("/", "landing_page"),
    page("/sign-in", "sign_in_page"),
    page("/cases", "cases_page"),
    page("/cases/{id}", "case_page"),
    page("/inbox", "inbox_page"),
    page("/intake", "intake_page"),
    page("/reports", "reports_page"),
    page("/reports/{id}", "report_page"),
    page("/supervise", "supervise_page"),
    page("/notices", "notices_page"),
    page("/print/filing/{id}", "filing_sheet_page"),
    page("/print/dispatch/{id}", "dispatch_sheet_page"),
    page("/print/inspection/{id}", "inspection_sheet_page"),
    page("/print/supervision/{id}", "supervision_sheet_page"),
    page("/print/components", "component_labels_page"),
    page("/account", "account_page"),
];

/// The addresses of the pages for phones: of whoever reports something, and of whoever works in the field. Where one is within them stands
/// behind the `#`, which no server sees.
pub const PHONE_PAGES: &[Endpoint] = &[page("/m", "phone_page"), page("/m/i", "field_page")];

/// The lines in the table of endpoints besides the pages.
pub const ENDPOINTS: &[Endpoint] = &[
    page("/assets/{file}", "page_asset"),
    page("/m/sw.js", "phone_worker"),
];

const fn page(path: &'static str, operation: &'static str) -> Endpoint {
    Endpoint {
        method: "GET",
        path,
        operation,
        needs: Needs::Public,
    }
}

/// A file of the console, as it is and packed.
struct ConsoleFile {
    name: &'static str,
    /// Tells one content from the next.
    tag: &'static str,
    plain: &'static [u8],
    br: Option<&'static [u8]>,
    gz: Option<&'static [u8]>,
}

const FILES: &[ConsoleFile] = include!(concat!(env!("OUT_DIR"), "/console_files.rs"));

/// The page itself is asked for anew each time, and answered with 304 while it has not changed.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// The name changes with the content.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Whether the console was there when the binary was built.
pub fn is_built() -> bool {
    found("index.html").is_some()
}

/// The console's routes. Without a console its pages answer with `missing`, which says how to build it.
pub fn router(missing: &'static str) -> Router {
    let page = move |name: &'static str, headers: HeaderMap| async move {
        match found(name) {
            Some(file) => send(file, &headers, ASK_AGAIN),
            None => ([(header::CONTENT_TYPE, kind_of("index.html"))], missing).into_response(),
        }
    };
    let console = PAGES.iter().map(|each| (each.path, "index.html"));
    let phone = PHONE_PAGES.iter().map(|each| (each.path, "h5.html"));
    let pages = console
        .chain(phone)
        .fold(Router::new(), |router, (path, name)| {
            router.route(path, get(move |headers| page(name, headers)))
        });
    pages
        .route("/assets/{file}", get(asset))
        .route("/m/sw.js", get(worker))
}

/// It may serve the pages for phones only; its name does not change, so it is asked for anew.
async fn worker(headers: HeaderMap) -> Result<Response, Failure> {
    let file = found("sw.js").ok_or_else(|| Problem::not_found("file"))?;
    let reach = [("service-worker-allowed", HeaderValue::from_static("/m"))];
    Ok((reach, send(file, &headers, ASK_AGAIN)).into_response())
}

async fn asset(Path(file): Path<String>, headers: HeaderMap) -> Result<Response, Failure> {
    let file = found(&format!("assets/{file}")).ok_or_else(|| Problem::not_found("file"))?;
    Ok(send(file, &headers, FOR_EVER))
}

fn found(name: &str) -> Option<&'static ConsoleFile> {
    FILES.iter().find(|file| file.name == name)
}

/// The file in the best form that the caller takes, or 304 when the caller has it.
fn send(file: &'static ConsoleFile, headers: &HeaderMap, keep: HeaderValue) -> Response {
    let tag = HeaderValue::from_static(file.tag);
    let common = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, keep),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    if headers.get(header::IF_NONE_MATCH) == Some(&tag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let kind = [(header::CONTENT_TYPE, kind_of(file.name))];
    for (form, bytes) in [("br", file.br), ("gzip", file.gz)] {
        if let Some(bytes) = bytes.filter(|_| takes(headers, form)) {
            let packing = [(header::CONTENT_ENCODING, HeaderValue::from_static(form))];
            return (common, kind, packing, bytes).into_response();
        }
    }
    (common, kind, file.plain).into_response()
}

fn takes(headers: &HeaderMap, form: &str) -> bool {
    let wanted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    wanted.split(',').any(|each| {
        let mut pieces = each.split(';').map(str::trim);
        pieces.next() == Some(form) && pieces.next() != Some("q=0")
    })
}

fn kind_of(name: &str) -> HeaderValue {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    HeaderValue::from_static(match ending {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "json" => "application/json",
        _ => "application/octet-stream",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_sent_to_who_takes_it() {
        let mut headers = HeaderMap::new();
        assert!(!takes(&headers, "br"));
        headers.insert(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static("gzip;q=1, deflate, br;q=0"),
        );
        assert!(takes(&headers, "gzip"));
        assert!(!takes(&headers, "br"));
    }

    #[test]
    fn the_console_has_its_page_when_it_is_built_and_names_its_files_for_ever() {
        assert_eq!(is_built(), !FILES.is_empty());
        for file in FILES.iter().filter(|file| file.name.starts_with("assets/")) {
            // What is made of the contents may have a hyphen of its own.
            let (stem, _) = file.name.rsplit_once('.').unwrap();
            let (_, of_contents) = stem.split_once('-').unwrap();
            assert!(of_contents.len() >= 8, "{}", file.name);
        }
    }

    #[test]
    fn the_router_of_the_console_knows_the_same_pages() {
        let source = include_str!("../../../web/src/router.ts");
        for page in PAGES.iter().filter(|page| page.path != "/") {
            let path = page.path.replace("{id}", ":id");
            assert!(source.contains(&format!("'{path}'")), "{path}");
        }
    }
}
