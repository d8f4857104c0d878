//! A small city, the people at its desks, and phones that messages reach.

use access::http::ClientAddress;
use access::{
    Access, AccessOptions, Membership, PasswordCost, Principal, RoleBook, RoleReach, Sealer,
};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use base::chance::SeededChance;
use base::{Clock, Id, ManualClock, PageRequest, Timestamp, TreePath};
use calendar::WorkCalendar;
use casework::city::{KnownCity, OrganisationFacts, Pending};
use casework::model::OrganisationRef;
use casework::{Call, Casework, Parts, Processes};
use futures_util::future::BoxFuture;
use http_body_util::BodyExt as _;
use portal::{Message, Portal, PortalParts, Sender};
use registry::Registry;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use store::testing::TestStore;
use tower::ServiceExt as _;

pub const MOBILE: &str = "13812340001";

/// What reached phones.
#[derive(Default)]
pub struct Phones(pub Mutex<Vec<Message>>);

impl Sender for Phones {
    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), String>> {
        self.0.lock().unwrap().push(message.clone());
        Box::pin(async { Ok(()) })
    }
}

pub struct City {
    pub clock: Arc<ManualClock>,
    pub casework: Casework,
    pub registry: Registry,
    pub portal: Portal,
    pub phones: Arc<Phones>,
    pub router: Router,
    pub organisations: Vec<access::Organisation>,
    roles: Arc<RoleBook>,
    keys: AtomicU64,
    /// Closed before its folders go.
    pub test: TestStore,
    _folder: tempfile::TempDir,
}

pub struct Answered {
    pub status: StatusCode,
    pub body: Value,
    pub bytes: Vec<u8>,
}

impl Answered {
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub fn text(&self, field: &str) -> String {
        self.body[field].as_str().unwrap_or_default().to_owned()
    }
}

impl City {
    pub async fn open() -> Self {
        Self::open_with(Processes::BUILT_IN).await
    }

    /// One that calls back whoever told something, whatever process it is run by.
    pub async fn open_calling_back() -> Self {
        let mut documents = Processes::BUILT_IN.to_vec();
        let first = documents
            .iter()
            .position(|text| text.contains("code = \"city-management\""))
            .unwrap();
        let calling = format!(
            "{}\n[callback]\nattempts = 2\nlimit = \"1工作日\"\nredo_max = 1\n\n[actions.report_callback]\nname = \"回访\"\nroles = [\"intake_clerk\", \"reporter\"]\n",
            documents[first]
        );
        documents[first] = &calling;
        Self::open_with(&documents).await
    }

    async fn open_with(documents: &[&str]) -> Self {
        let clock = Arc::new(ManualClock::new(
            "2026-11-20T09:00:00+08:00".parse::<Timestamp>().unwrap(),
        ));
        let of_store: Arc<dyn Clock> = clock.clone();
        let rooms = [access::ROOM, registry::ROOM, casework::ROOM, portal::ROOM];
        let test = store::testing::sqlite(&rooms, &of_store);
        let store = test.store.clone();
        let sealer = Sealer::ephemeral(Arc::new(SeededChance::new(7)));
        let options = AccessOptions {
            password_cost: PasswordCost {
                memory_kib: 64,
                passes: 1,
            },
            ..AccessOptions::default()
        };
        let access = Access::open(store.clone(), sealer.clone(), options).unwrap();
        let registry = Registry::open(store.clone()).await.unwrap();
        registry.know(access.clone());
        let roles = access.roles();
        let known = roles.clone();
        let processes =
            Processes::load(documents.iter().copied(), |role| known.get(role).is_some()).unwrap();
        let of_city = access.clone();
        let lookup = move |id: Id| {
            let known = of_city.organisation_known(id)?;
            Some(OrganisationFacts {
                organisation: OrganisationRef {
                    id: known.id,
                    path: known.path.clone(),
                },
                name: known.name.clone(),
            })
        };
        let nobody = |_: Id| -> Pending<'static, Vec<TreePath>> { Box::pin(async { Ok(vec![]) }) };
        let casework = Casework::new(Parts {
            store: store.clone(),
            sealer: sealer.clone(),
            city: Arc::new(KnownCity::new(
                registry.clone(),
                Box::new(lookup),
                Box::new(nobody),
            )),
            processes,
            reckoner: Arc::new(WorkCalendar::china().unwrap()),
            blobs: store::blobs::Blobs::in_memory(),
            number_prefix: "310118".to_owned(),
        });
        let root = TreePath::root(1).unwrap();
        let console = Principal::console(Id(0), root);
        let rooms = sim::Rooms {
            access: &access,
            registry: &registry,
            casework: &casework,
        };
        sim::seed(&rooms, &console, 5).await.unwrap();
        let all = PageRequest {
            limit: Some(200),
            after: None,
        };
        let organisations = access
            .organisation_list(&console, None, None, &all)
            .await
            .unwrap()
            .items;
        let folder = tempfile::tempdir().unwrap();
        store.follow_outbox().unwrap();
        casework.search_in(folder.path()).unwrap();
        let phones = Arc::new(Phones::default());
        let portal = Portal::new(PortalParts {
            store,
            sealer,
            access,
            registry: registry.clone(),
            casework: casework.clone(),
            desk_code: String::new(),
            city_name: "青浦".to_owned(),
            public_address: Some("https://city.example".to_owned()),
        });
        portal.send_by(phones.clone());
        let (router, _) = portal::http::router(portal.clone()).split_for_parts();
        Self {
            clock,
            casework,
            registry,
            portal,
            phones,
            router,
            organisations,
            roles,
            keys: AtomicU64::new(0),
            test,
            _folder: folder,
        }
    }

    /// A key that nobody guesses, another each time.
    pub fn key(&self) -> String {
        format!("{:032x}", self.keys.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub async fn ask(&self, request: Request<Body>) -> Answered {
        self.ask_from("10.1.1.1", request).await
    }

    pub async fn ask_from(&self, address: &str, mut request: Request<Body>) -> Answered {
        request
            .extensions_mut()
            .insert(ClientAddress(address.to_owned()));
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        Answered {
            status,
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
            bytes: bytes.to_vec(),
        }
    }

    /// What somebody tells, from an address and under a key.
    pub async fn tell_from(&self, address: &str, key: &str, told: Value) -> Answered {
        let request = post("reports", &told, &[("idempotency-key", key)]);
        self.ask_from(address, request).await
    }

    pub async fn tell(&self, told: Value) -> Answered {
        self.tell_from("10.1.1.1", &self.key(), told).await
    }

    /// Somebody tells of standing water: number and token.
    pub async fn told_of_water(&self) -> (String, String) {
        let made = self.tell(water()).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        let token = made.body["link"]["token"].as_str().unwrap().to_owned();
        (made.text("report_no"), token)
    }

    pub async fn follow(&self, token: &str) -> Answered {
        self.ask(get("report", token)).await
    }

    pub fn category(&self, name: &str) -> Id {
        let snapshot = self.registry.snapshot();
        let standards = snapshot.rules.standards().iter();
        let mut all = standards.flat_map(|standard| snapshot.rules.categories(standard.id));
        let found =
            all.find(|each| each.name == name && !snapshot.rules.rule_rows_of(each.id).is_empty());
        found.unwrap().id
    }

    /// Somebody of an organisation, in a role that reaches everything here.
    pub fn staff(&self, role: &str, code: &str) -> Arc<Principal> {
        let organisation = self
            .organisations
            .iter()
            .find(|each| each.code == code)
            .unwrap();
        let mut granted = (**self.roles.get(role).unwrap()).clone();
        if code == "CYZX" {
            granted.reach = RoleReach::Everything;
        }
        let mut who = Principal::console(organisation.id, organisation.path.clone());
        who.account_id = Id(900);
        who.staff_id = organisation.id;
        who.memberships = vec![Membership {
            role: role.to_owned(),
            granted: Arc::new(granted),
            ..who.memberships.remove(0)
        }];
        Arc::new(who)
    }

    pub fn call(&self, role: &str, code: &str) -> Call {
        Call::of(self.staff(role, code))
    }

    pub fn organisation(&self, code: &str) -> Id {
        self.organisations
            .iter()
            .find(|each| each.code == code)
            .unwrap()
            .id
    }

    /// The id of a report by its number.
    pub async fn report_id(&self, report_no: &str) -> Id {
        let query = casework::service::ReportQuery {
            q: Some(report_no.to_owned()),
            ..Default::default()
        };
        let page = self
            .casework
            .report_list(&self.staff("shift_leader", "CYZX"), query)
            .await
            .unwrap();
        page.items[0].id
    }
}

pub fn water() -> Value {
    json!({
        "words": "路口积水没过脚踝，李四家门口 13700000000",
        "address": "青松路8弄3号502室",
        "place": {"lon": 121.1201, "lat": 31.1501},
        "name": "张三", "phone": MOBILE,
    })
}

pub fn get(path: &str, token: &str) -> Request<Body> {
    Request::get(format!("/api/v1/portal/{path}"))
        .header("authorization", format!("Bearer {token}"))
        .body(Body::empty())
        .unwrap()
}

pub fn post(path: &str, body: &Value, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request =
        Request::post(format!("/api/v1/portal/{path}")).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_string())).unwrap()
}

pub fn put_piece(key: &str, offset: usize, length: usize, piece: &[u8]) -> Request<Body> {
    Request::put(format!(
        "/api/v1/portal/uploads/{key}?offset={offset}&length={length}"
    ))
    .body(Body::from(piece.to_vec()))
    .unwrap()
}
