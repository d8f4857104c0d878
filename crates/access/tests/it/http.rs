//! The routes, called as `server` calls them: behind the table of endpoints, with the caller in the extensions.

use crate::city::{City, PASSWORD, each_city, member};
use access::http::{ENDPOINTS, router};
use access::{Access, Endpoint, Needs, PERMISSIONS};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tower::ServiceExt as _;
use wire::Failure;

/// As `server` does it.
fn app(access: &Access) -> Router {
    let (routes, _) = router(access.clone()).split_for_parts();
    let access = access.clone();
    routes.layer(middleware::from_fn(move |request: Request, next: Next| {
        let access = access.clone();
        async move { guard(access, request, next).await.into_response() }
    }))
}

async fn guard(access: Access, mut request: Request, next: Next) -> Result<Response, Failure> {
    let path = request.uri().path().to_owned();
    let line = ENDPOINTS
        .iter()
        .find(|e| e.method == request.method().as_str() && fits(e.path, &path))
        .unwrap();
    if line.needs != Needs::Public {
        let who = access.identify(request.method(), request.headers()).await?;
        line.check(who.as_deref())?;
        request.extensions_mut().insert(who.unwrap());
    }
    Ok(next.run(request).await)
}

fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) =
        (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern
            .iter()
            .zip(&path)
            .all(|(p, s)| p == s || p.starts_with('{'))
}

/// A browser: keeps the cookie and the CSRF token.
pub struct Browser {
    app: Router,
    cookie: String,
    csrf: String,
}

impl Browser {
    pub fn new(city: &City<'_>) -> Self {
        Self {
            app: app(&city.access),
            cookie: String::new(),
            csrf: String::new(),
        }
    }

    pub async fn call(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, HeaderMap, Value) {
        let mut request = Request::builder().method(method).uri(path);
        if !self.cookie.is_empty() {
            request = request
                .header(header::COOKIE, &self.cookie)
                .header("x-csrf-token", &self.csrf);
        }
        let body = match body {
            None => Body::empty(),
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
        };
        let response = self
            .app
            .clone()
            .oneshot(request.body(body).unwrap())
            .await
            .unwrap();
        let (head, body) = response.into_parts();
        if let Some(set) = head.headers.get(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            pair.clone_into(&mut self.cookie);
        }
        let body = body.collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if let Some(csrf) = body["csrf_token"].as_str() {
            csrf.clone_into(&mut self.csrf);
        }
        (head.status, head.headers, body)
    }

    pub async fn get(&mut self, path: &str) -> (StatusCode, Value) {
        let (status, _, body) = self.call(Method::GET, path, None).await;
        (status, body)
    }

    pub async fn post(&mut self, path: &str, body: Value) -> (StatusCode, Value) {
        let (status, _, body) = self.call(Method::POST, path, Some(body)).await;
        (status, body)
    }

    pub async fn sign_in(&mut self, name: &str, password: &str) -> (StatusCode, Value) {
        self.post(
            "/api/v1/session",
            json!({ "login_name": name, "password": password }),
        )
        .await
    }
}

#[test]
fn the_table_of_endpoints_and_the_routes_are_the_same() {
    each_city(async |city| {
        let (_, api) = router(city.access.clone()).split_for_parts();
        let api = serde_json::to_value(&api).unwrap();
        let mut described = BTreeSet::new();
        for (path, item) in api["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let name = operation["operationId"].as_str().unwrap().to_owned();
                described.insert((method.to_uppercase(), path.clone(), name));
            }
        }
        let listed = |e: &Endpoint| {
            (
                e.method.to_owned(),
                e.path.to_owned(),
                e.operation.to_owned(),
            )
        };
        let table: BTreeSet<_> = ENDPOINTS.iter().map(listed).collect();
        assert_eq!(described, table);
        for endpoint in ENDPOINTS {
            if let Needs::Permission(permission) = endpoint.needs {
                assert!(
                    PERMISSIONS.iter().any(|p| p.name == permission),
                    "{permission}"
                );
            }
        }
    });
}

#[test]
fn a_browser_signs_in_learns_who_it_is_and_signs_out() {
    each_city(async |city| {
        let centre = city.organisation("C", None).await;
        city.account("zhang", member(&centre, "dispatcher", Some("0001")))
            .await;
        let mut browser = Browser::new(&city);
        assert_eq!(
            browser.get("/api/v1/session").await.0,
            StatusCode::UNAUTHORIZED
        );
        let (status, body) = browser.sign_in("zhang", "wrong").await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::UNAUTHORIZED, &json!("login_failed"))
        );
        let (status, me) = browser.sign_in("zhang", PASSWORD).await;
        assert_eq!(status, StatusCode::OK, "{me}");
        assert_eq!(me["staff_name"], "张zhang");
        assert_eq!(me["memberships"][0]["role_name_zh"], "派遣员");
        assert_eq!(me["memberships"][0]["area_path"], "0001");
        assert!(
            me["permissions"]
                .as_array()
                .unwrap()
                .contains(&json!("case_dispatch"))
        );
        let (status, again) = browser.get("/api/v1/session").await;
        assert_eq!(
            (status, &again),
            (StatusCode::OK, &me),
            "the token is told again after a reload"
        );
        let csrf = std::mem::take(&mut browser.csrf);
        let (status, _, body) = browser.call(Method::DELETE, "/api/v1/session", None).await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::FORBIDDEN, &json!("csrf_token_required"))
        );
        browser.csrf = csrf;
        let before = browser.cookie.clone();
        let (status, headers, _) = browser.call(Method::DELETE, "/api/v1/session", None).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert!(
            headers[header::SET_COOKIE]
                .to_str()
                .unwrap()
                .ends_with("Max-Age=0")
        );
        browser.cookie = before;
        assert_eq!(
            browser.get("/api/v1/session").await.0,
            StatusCode::UNAUTHORIZED,
            "the old cookie is worth nothing"
        );
    });
}

#[test]
fn a_locked_name_is_told_when_to_come_back() {
    each_city(async |city| {
        let mut browser = Browser::new(&city);
        for _ in 0..5 {
            browser.sign_in("nobody", "x").await;
        }
        let (status, body) = browser.sign_in("nobody", "x").await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::TOO_MANY_REQUESTS, &json!("too_many_attempts"))
        );
        assert_eq!(body["current"]["retry_seconds"], 1800);
    });
}

#[test]
fn administrators_bring_a_new_person_in_together() {
    each_city(async |city| {
        let centre = city.organisation("C", None).await;
        city.account("sys.one", member(&centre, "system_admin", None))
            .await;
        city.account("sec.one", member(&centre, "security_admin", None))
            .await;
        let (mut system, mut security) = (Browser::new(&city), Browser::new(&city));
        system.sign_in("sys.one", PASSWORD).await;
        security.sign_in("sec.one", PASSWORD).await;
        let street = json!({ "code": "S1", "name": "城中街道", "kind": "street", "parent_id": centre.id, "credit_code": "91350100M000100Y43" });
        let (status, headers, street) = system
            .call(Method::POST, "/api/v1/organisations", Some(street))
            .await;
        assert_eq!(status, StatusCode::CREATED, "{street}");
        assert_eq!(
            (&street["path"], headers[header::ETAG].to_str().unwrap()),
            (&json!("00010001"), "\"1\"")
        );
        let person = json!({ "code": "p1", "name": "李四", "phone": "+86 138-1234-1234",
            "memberships": [{ "organisation_id": street["id"], "role": "handler" }] });
        assert_eq!(
            security.post("/api/v1/staff", person.clone()).await.0,
            StatusCode::FORBIDDEN
        );
        let (status, staff) = system.post("/api/v1/staff", person).await;
        assert_eq!(
            (status, &staff["phone_masked"]),
            (StatusCode::CREATED, &json!("138****1234"))
        );
        let account = json!({ "staff_id": staff["id"], "login_name": "lisi" });
        assert_eq!(
            system.post("/api/v1/accounts", account.clone()).await.0,
            StatusCode::FORBIDDEN
        );
        let (status, account) = security.post("/api/v1/accounts", account).await;
        assert_eq!(status, StatusCode::CREATED, "{account}");
        let first = account["initial_password"].as_str().unwrap().to_owned();
        let mut li = Browser::new(&city);
        let (_, me) = li.sign_in("lisi", &first).await;
        assert_eq!(
            (&me["must_change_password"], &me["permissions"]),
            (&json!(true), &json!([]))
        );
        let (status, body) = li.get("/api/v1/notices").await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::FORBIDDEN, &json!("password_change_required"))
        );
        let change = json!({ "current_password": first, "new_password": "Brand-New-99" });
        assert_eq!(
            li.post("/api/v1/password", change).await.0,
            StatusCode::NO_CONTENT
        );
        assert_eq!(
            li.get("/api/v1/notices").await,
            (StatusCode::OK, json!({ "items": [] }))
        );
    });
}

#[test]
fn lists_are_paged_and_a_session_is_ended_from_its_list() {
    each_city(async |city| {
        let centre = city.organisation("C", None).await;
        city.organisation("S1", Some(&centre)).await;
        for (name, role) in [
            ("sys.one", "system_admin"),
            ("sec.one", "security_admin"),
            ("lisi", "handler"),
        ] {
            city.account(name, member(&centre, role, None)).await;
        }
        let mut browsers = [(); 3].map(|()| Browser::new(&city));
        let [system, security, li] = &mut browsers;
        system.sign_in("sys.one", PASSWORD).await;
        security.sign_in("sec.one", PASSWORD).await;
        li.sign_in("lisi", PASSWORD).await;
        let (_, listed) = system
            .get("/api/v1/organisations?kind=street&limit=1")
            .await;
        assert_eq!(listed["items"][0]["code"], "S1");
        let (_, people) = system.get("/api/v1/staff?limit=2").await;
        assert_eq!(people["items"].as_array().unwrap().len(), 2);
        let (_, rest) = system
            .get(&format!(
                "/api/v1/staff?after={}",
                people["next"].as_str().unwrap()
            ))
            .await;
        assert_eq!(rest["items"][0]["name"], "张lisi");
        let (_, roles) = security.get("/api/v1/roles").await;
        assert_eq!(roles["items"].as_array().unwrap().len(), 10);
        let (_, sessions) = security.get("/api/v1/sessions").await;
        let id = sessions["items"][0]["id"].as_str().unwrap();
        let (status, _, _) = security
            .call(Method::DELETE, &format!("/api/v1/sessions/{id}"), None)
            .await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert_eq!(li.get("/api/v1/notices").await.0, StatusCode::UNAUTHORIZED);
    });
}

#[test]
fn a_program_carries_a_token_and_needs_no_csrf_token() {
    each_city(async |city| {
        let centre = city.organisation("C", None).await;
        city.account("zhang", member(&centre, "dispatcher", None))
            .await;
        let mut browser = Browser::new(&city);
        browser.sign_in("zhang", PASSWORD).await;
        let wanted = json!({ "name": "接口", "permissions": ["organisation_view", "notice_list"], "days": 30 });
        let (status, made) = browser.post("/api/v1/tokens", wanted).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        let call = async |method: Method, path: &str| {
            let bearer = format!("Bearer {}", made["secret"].as_str().unwrap());
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header(header::AUTHORIZATION, bearer);
            app(&city.access)
                .oneshot(request.body(Body::empty()).unwrap())
                .await
                .unwrap()
        };
        assert_eq!(
            call(Method::GET, "/api/v1/organisations").await.status(),
            StatusCode::OK
        );
        assert_eq!(
            call(Method::GET, "/api/v1/staff").await.status(),
            StatusCode::FORBIDDEN
        );
        assert_eq!(
            call(Method::POST, "/api/v1/notices/1/read").await.status(),
            StatusCode::NOT_FOUND
        );
        let me = call(Method::GET, "/api/v1/session")
            .await
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes();
        let me: Value = serde_json::from_slice(&me).unwrap();
        assert_eq!(
            (&me["staff_name"], &me["csrf_token"]),
            (&json!("张zhang"), &Value::Null)
        );
        let id = made["token"]["id"].as_str().unwrap();
        let (status, _, _) = browser
            .call(Method::DELETE, &format!("/api/v1/tokens/{id}"), None)
            .await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert_eq!(
            call(Method::GET, "/api/v1/organisations").await.status(),
            StatusCode::UNAUTHORIZED
        );
    });
}

#[test]
fn all_wrong_fields_are_told_at_once() {
    each_city(async |city| {
        let centre = city.organisation("C", None).await;
        city.account("sys.one", member(&centre, "system_admin", None))
            .await;
        let mut system = Browser::new(&city);
        system.sign_in("sys.one", PASSWORD).await;
        let person = json!({ "code": "工号", "name": "", "phone": "12", "memberships": [{ "organisation_id": "4", "role": "king" }] });
        let (status, body) = system.post("/api/v1/staff", person).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        let fields: Vec<_> = body["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f["field"].as_str().unwrap())
            .collect();
        assert_eq!(
            fields,
            [
                "code",
                "name",
                "phone",
                "memberships[0].organisation_id",
                "memberships[0].role"
            ]
        );
    });
}
