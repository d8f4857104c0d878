//! The real rooms behind the real table: everything that is described is listed, everything listed is described, and nobody
//! gets in without the right to.

use crate::house::{Door, person, request};
use access::{AccessOptions, Needs, Role, RoleBook, Sealer};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use base::chance::{Chance, SystemChance};
use http_body_util::BodyExt as _;
use serde_json::Value;
use server::assembly::{Assembly, Service};
use server::city::{City, ROOMS};
use server::closing::{Closer, closing};
use server::figures::Figures;
use server::health::Health;
use server::live::{Hub, HubSettings};
use server::{openapi, serve};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::audit::CheckpointKey;
use store::testing::TestStore;
use tower::ServiceExt;

struct RealHouse {
    service: Service,
    door: Arc<Door>,
    _closer: Closer,
    _test: TestStore,
}

async fn real_house() -> RealHouse {
    let test = store::testing::sqlite(ROOMS, &store::testing::system_clock());
    let chance: Arc<dyn Chance> = Arc::new(SystemChance);
    let folder = tempfile::tempdir().unwrap();
    let key = CheckpointKey::load_or_create(&folder.path().join("audit_key"), &*chance).unwrap();
    let sealer = Sealer::ephemeral(chance.clone());
    let city = City::of(
        test.store.clone(),
        sealer,
        AccessOptions::default(),
        key,
        store::blobs::Blobs::in_memory(),
        server::city::CityNames {
            code: "310118".to_owned(),
            name: "青浦".to_owned(),
            portal_organisation: String::new(),
            public_address: None,
        },
    )
    .await
    .unwrap();
    let figures = Arc::new(Figures::new().unwrap());
    let (closer, closing) = closing();
    let hub = Hub::new(
        test.store.clone(),
        0,
        HubSettings::default(),
        figures.clone(),
        closing.clone(),
    );
    let door = Arc::new(Door::default());
    let assembly = Assembly {
        rooms: serve::rooms(&city),
        doorkeeper: door.clone(),
        hub,
        health: Health {
            store: test.store.clone(),
            figures,
            closing,
        },
        request_time_max: Duration::from_secs(5),
        trusted_proxies: Vec::new(),
        chance,
    };
    RealHouse {
        service: assembly.build().unwrap(),
        door,
        _closer: closer,
        _test: test,
    }
}

impl RealHouse {
    async fn status(&self, request: Request<Body>) -> StatusCode {
        self.service
            .router
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .status()
    }
}

/// A path with something in the place of each parameter.
fn filled(path: &str) -> String {
    path.split('/')
        .map(|part| if part.starts_with('{') { "1" } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

#[tokio::test]
async fn the_description_and_the_table_of_endpoints_agree() {
    let house = real_house().await;
    let mut described = BTreeSet::new();
    let mut api = house.service.openapi.clone();
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in openapi::operations(item) {
            let id = operation.operation_id.clone().unwrap();
            described.insert((method.to_owned(), path.clone(), id));
        }
    }
    let listed: BTreeSet<_> = house
        .service
        .endpoints
        .iter()
        .filter(|endpoint| {
            let pages = [
                server::pages::ENDPOINTS,
                server::console::PAGES,
                server::console::PHONE_PAGES,
                server::console::ENDPOINTS,
            ];
            !pages.concat().contains(endpoint)
        })
        .map(|endpoint| {
            (
                endpoint.method.to_owned(),
                endpoint.path.to_owned(),
                endpoint.operation.to_owned(),
            )
        })
        .collect();
    let only_described: Vec<_> = described.difference(&listed).collect();
    let only_listed: Vec<_> = listed.difference(&described).collect();
    assert!(
        only_described.is_empty(),
        "without a line in the table: {only_described:#?}"
    );
    assert!(
        only_listed.is_empty(),
        "without a description: {only_listed:#?}"
    );
    assert!(listed.len() > 30, "the rooms are there: {}", listed.len());
}

#[tokio::test]
async fn every_answer_that_has_a_body_is_described() {
    let document = serde_json::to_value(&real_house().await.service.openapi).unwrap();
    let mut bare = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            let answer = &operation["responses"]["200"];
            if answer.is_object() && answer["content"].is_null() {
                bare.push(format!("{path} {}", operation["operationId"]));
            }
        }
    }
    assert_eq!(bare, Vec::<String>::new());
}

#[tokio::test]
async fn the_description_that_the_console_is_made_from_is_the_present_one() {
    let present = real_house().await.service.openapi.to_pretty_json().unwrap();
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/openapi/openapi.json");
    let kept = std::fs::read_to_string(kept).unwrap();
    assert!(
        kept.trim_end() == present.trim_end(),
        "the API has changed: scripts/web.sh schema"
    );
}

/// Every `$ref` in the document.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                match (key.as_str(), inner) {
                    ("$ref", Value::String(target)) => drop(found.insert(target.clone())),
                    _ => references(inner, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn every_reference_of_the_description_leads_somewhere() {
    let document = serde_json::to_value(&real_house().await.service.openapi).unwrap();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 10);
    let lost = found
        .iter()
        .filter(|target| document.pointer(target.trim_start_matches('#')).is_none());
    assert_eq!(lost.collect::<Vec<_>>(), Vec::<&String>::new());
}

/// For everybody who has a link to a report; without one they say 401 themselves.
const OF_A_LINK: [&str; 3] = ["portal_follow", "portal_answer", "portal_rate"];

#[tokio::test]
async fn without_a_token_only_the_public_endpoints_answer() {
    let house = real_house().await;
    let mut public = Vec::new();
    for endpoint in &house.service.endpoints {
        let status = house
            .status(request(endpoint.method, &filled(endpoint.path), &[]))
            .await;
        if endpoint.needs == Needs::Public {
            if !OF_A_LINK.contains(&endpoint.operation) {
                assert_ne!(status, StatusCode::UNAUTHORIZED, "{}", endpoint.operation);
            }
            public.push(endpoint.operation);
        } else {
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{}", endpoint.operation);
        }
    }
    let in_rooms = public
        .iter()
        .filter(|operation| !operation.contains("page") && !operation.ends_with("_view"));
    assert_eq!(
        in_rooms.collect::<Vec<_>>(),
        [
            // A file of the console, like its pages.
            &"phone_worker",
            &"session_open",
            &"portal_map",
            &"portal_suggest",
            &"portal_upload_push",
            &"portal_report",
            &"portal_code_request",
            &"portal_code_redeem",
            &"portal_follow",
            &"portal_answer",
            &"portal_rate",
        ],
        "whoever adds to this list has thought of floods and of who may ask"
    );
}

#[tokio::test]
async fn a_role_without_the_permission_gets_nowhere_and_each_permission_is_in_some_role() {
    let house = real_house().await;
    let book = RoleBook::built_in().unwrap();
    for role in book.sorted() {
        house
            .door
            .let_in(&role.code, person(&role.code, "0001", Some("0001")));
    }
    for endpoint in &house.service.endpoints {
        let Needs::Permission(permission) = endpoint.needs else {
            continue;
        };
        let mut holders = 0;
        for role in book.sorted() {
            if role.permissions.contains(permission) {
                holders += 1;
                continue;
            }
            let token = format!("Bearer {}", role.code);
            let asked = request(
                endpoint.method,
                &filled(endpoint.path),
                &[("authorization", &token)],
            );
            let status = house.status(asked).await;
            assert_eq!(
                status,
                StatusCode::FORBIDDEN,
                "{} as {}",
                endpoint.operation,
                role.code
            );
        }
        assert!(
            holders > 0,
            "{permission} is in no role, so {} can never be called",
            endpoint.operation
        );
    }
}

#[tokio::test]
async fn every_statement_of_every_room_prepares_on_both_engines() {
    tokio::task::spawn_blocking(|| store::testing::assert_every_statement_prepares(ROOMS))
        .await
        .unwrap();
}

#[tokio::test]
async fn no_endpoint_overlooks_a_parameter_that_it_does_not_know() {
    let house = real_house().await;
    let book = RoleBook::built_in().unwrap();
    for role in book.sorted() {
        let holder = person(&role.code, "0001", Some("0001"));
        house.door.let_in(&role.code, holder);
    }
    let mut api = house.service.openapi.clone();
    let known = openapi::query_parameters(&mut api);
    assert!(known.len() > 100, "{}", known.len());
    assert!(known.values().filter(|names| !names.is_empty()).count() > 20);
    for ((method, path), names) in known {
        let mut endpoints = house.service.endpoints.iter();
        let endpoint = endpoints.find(|known| known.method == method && known.path == path);
        let needs = endpoint.unwrap().needs;
        let may = |role: &&Arc<Role>| match needs {
            Needs::Permission(permission) => role.permissions.contains(permission),
            Needs::Public | Needs::SignedIn => true,
        };
        let token = format!(
            "Bearer {}",
            book.sorted().into_iter().find(may).unwrap().code
        );
        let ask = async |query: &str| {
            let address = format!("{}?{query}", filled(&path));
            let asked = request(method, &address, &[("authorization", &token)]);
            let router = house.service.router.clone();
            let response = router.oneshot(asked).await.unwrap();
            let status = response.status();
            // A stream has no end: only what is refused is read.
            let body = if status == StatusCode::BAD_REQUEST {
                let body = response.into_body().collect().await.unwrap().to_bytes();
                serde_json::from_slice(&body).unwrap()
            } else {
                Value::Null
            };
            (status, body)
        };
        let (status, body) = ask("limt=5&limt=6&z%00z=1").await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{method} {path}");
        assert_eq!(body["code"], "unknown_parameter", "{method} {path}: {body}");
        let told = body.to_string();
        assert_eq!(body["fields"][0]["field"], "limt", "{body}");
        assert_eq!(body["fields"][1]["field"], "zz", "{body}");
        assert!(
            names.iter().all(|name| told.contains(name.as_str())),
            "{method} {path}: {body}"
        );
        for name in names {
            let (_, body) = ask(&format!("{name}=1")).await;
            assert_ne!(body["code"], "unknown_parameter", "{method} {path}: {name}");
        }
    }
    // Of whom nothing is known, nothing is told of what an endpoint takes.
    let stranger = Request::get("/api/v1/cases?limt=5").body(Body::empty());
    assert_eq!(
        house.status(stranger.unwrap()).await,
        StatusCode::UNAUTHORIZED
    );
}
