//! A house for tests: the server around a room that does one of everything.

use access::{Endpoint, Membership, Needs, Principal, RoleBook};
use axum::Router;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use base::chance::SeededChance;
use base::{FailureKind, Id, Problem, TreePath};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use server::assembly::{Assembly, RoomRoutes, Service};
use server::closing::{Closer, Closing, closing};
use server::figures::Figures;
use server::gate::{Doorkeeper, Identified};
use server::health::Health;
use server::live::{Hub, HubSettings};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::testing::TestStore;
use tokio::sync::Notify;
use tower::ServiceExt;
use utoipa_axum::router::OpenApiRouter;
use wire::{Failure, Json};

/// Knows people by the names in their tokens.
#[derive(Default)]
pub struct Door {
    people: Mutex<HashMap<String, Arc<Principal>>>,
}

impl Door {
    pub fn let_in(&self, token: &str, principal: Principal) {
        let mut people = self.people.lock().unwrap();
        people.insert(format!("Bearer {token}"), Arc::new(principal));
    }

    pub fn shut_out(&self, token: &str) {
        self.people
            .lock()
            .unwrap()
            .remove(&format!("Bearer {token}"));
    }
}

impl Doorkeeper for Door {
    fn identify<'a>(&'a self, parts: &'a Parts) -> Identified<'a> {
        Box::pin(async {
            let Some(token) = parts.headers.get(header::AUTHORIZATION) else {
                return Ok(None);
            };
            let people = self.people.lock().unwrap();
            match people.get(token.to_str().unwrap()) {
                Some(person) => Ok(Some(person.clone())),
                None => Err(Problem::new(
                    FailureKind::Unauthenticated,
                    "session_ended",
                    "…",
                )),
            }
        })
    }

    fn identify_again<'a>(&'a self, parts: &'a Parts) -> Identified<'a> {
        self.identify(parts)
    }
}

/// Somebody in `role` for `organisation`, over `area` where the role reaches one.
pub fn person(role: &str, organisation: &str, area: Option<&str>) -> Principal {
    let granted = RoleBook::built_in().unwrap().get(role).unwrap().clone();
    let organisation_path = TreePath::parse(organisation).unwrap();
    let mut principal = Principal::console(Id(1), organisation_path.clone());
    principal.memberships = vec![Membership {
        id: Id(1),
        organisation_id: Id(1),
        organisation_name: "x".to_owned(),
        organisation_path,
        role: role.to_owned(),
        area_path: area.map(|path| TreePath::parse(path).unwrap()),
        zone_ids: Vec::new(),
        granted,
    }];
    principal
}

const fn line(
    method: &'static str,
    path: &'static str,
    operation: &'static str,
    needs: Needs,
) -> Endpoint {
    Endpoint {
        method,
        path,
        operation,
        needs,
    }
}

const ENDPOINTS: &[Endpoint] = &[
    line(
        "GET",
        "/api/v1/things",
        "thing_list",
        Needs::Permission("case_list"),
    ),
    line(
        "POST",
        "/api/v1/things",
        "thing_create",
        Needs::Permission("task_reroute"),
    ),
    line("GET", "/api/v1/me", "me_view", Needs::SignedIn),
    line("POST", "/api/v1/panics", "panic_create", Needs::Public),
    line("GET", "/api/v1/endless", "endless_view", Needs::Public),
    line(
        "POST",
        "/api/v1/conflicts",
        "conflict_create",
        Needs::Public,
    ),
    line("GET", "/api/v1/long", "long_list", Needs::Public),
    line("POST", "/api/v1/told", "told_create", Needs::Public),
];

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Thing {
    #[expect(dead_code, reason = "only its presence matters")]
    name: String,
}

fn room(endless: Arc<Notify>) -> OpenApiRouter {
    let conflict = || {
        Problem::new(FailureKind::Conflict, "stale", "Somebody was faster.")
            .with_current(json!({ "version": 8 }))
    };
    let plain = Router::new()
        .route(
            "/api/v1/things",
            get(async || Json(json!({ "items": [] })))
                .post(async |Json(_): Json<Thing>| StatusCode::CREATED),
        )
        .route("/api/v1/me", get(async || Json(json!({}))))
        .route(
            "/api/v1/panics",
            post(async || {
                assert!(std::hint::black_box(false), "as ordered");
            }),
        )
        .route(
            "/api/v1/endless",
            get(async move || {
                endless.notify_one();
                std::future::pending::<()>().await;
            }),
        )
        .route(
            "/api/v1/conflicts",
            post(async move || Failure::from(conflict())),
        )
        .route("/api/v1/long", get(async || Json(vec!["井盖缺失"; 4_000])))
        .route(
            "/api/v1/told",
            post(async |Json(_): Json<Thing>| StatusCode::CREATED),
        )
        .route("/api/v1/unlisted", get(async || "nobody may see this"));
    OpenApiRouter::from(plain)
}

/// The house.
pub struct House {
    pub door: Arc<Door>,
    pub service: Service,
    pub test: TestStore,
    pub figures: Arc<Figures>,
    pub closer: Closer,
    pub closing: Closing,
    pub hub: Hub,
    /// Rings when the endless handler has begun.
    pub endless: Arc<Notify>,
}

pub fn house() -> House {
    house_with(HubSettings::default())
}

pub fn house_with(settings: HubSettings) -> House {
    let test = store::testing::sqlite(&[], &store::testing::system_clock());
    let figures = Arc::new(Figures::new().unwrap());
    let (closer, closing) = closing();
    let door = Arc::new(Door::default());
    let endless = Arc::new(Notify::new());
    door.let_in("dispatcher", person("dispatcher", "0001", Some("0001")));
    door.let_in("clerk", person("intake_clerk", "0001", Some("0001")));
    let hub = Hub::new(
        test.store.clone(),
        0,
        settings,
        figures.clone(),
        closing.clone(),
    );
    let service = Assembly {
        rooms: vec![RoomRoutes {
            router: room(endless.clone()),
            endpoints: ENDPOINTS,
        }],
        doorkeeper: door.clone(),
        hub: hub.clone(),
        health: Health {
            store: test.store.clone(),
            figures: figures.clone(),
            closing: closing.clone(),
        },
        request_time_max: Duration::from_millis(200),
        trusted_proxies: Vec::new(),
        chance: Arc::new(SeededChance::new(1)),
    };
    House {
        door,
        service: service.build().unwrap(),
        test,
        figures,
        closer,
        closing,
        hub,
        endless,
    }
}

/// An answer, read to its end.
pub struct Answered {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answered {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    pub fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json");
        self.json()["code"].as_str().unwrap().to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

impl House {
    pub async fn raw(&self, request: Request<Body>) -> Response {
        self.service.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn ask(&self, request: Request<Body>) -> Answered {
        let (parts, body) = self.raw(request).await.into_parts();
        Answered {
            status: parts.status,
            headers: parts.headers,
            bytes: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    pub async fn get(&self, path: &str) -> Answered {
        self.ask(request("GET", path, &[])).await
    }
}

/// A request with these headers and no body.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}
