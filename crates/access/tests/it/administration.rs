//! The three administrators at work over HTTP.

use crate::city::{PASSWORD, each_city, member};
use crate::http::Browser;
use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};

#[test]
fn administrators_lock_reset_and_move_others_and_the_auditor_sees_it() {
    each_city(async |city| {
        let centre = city.organisation("C", None).await;
        for (name, role) in [
            ("sys.one", "system_admin"),
            ("sec.one", "security_admin"),
            ("audit.one", "audit_admin"),
            ("lisi", "handler"),
        ] {
            city.account(name, member(&centre, role, None)).await;
            city.clock.advance_seconds(1);
        }
        let mut browsers = [(); 4].map(|()| Browser::new(&city));
        let [system, security, auditor, li] = &mut browsers;
        for (browser, name) in [
            (&mut *system, "sys.one"),
            (&mut *security, "sec.one"),
            (&mut *auditor, "audit.one"),
            (&mut *li, "lisi"),
        ] {
            browser.sign_in(name, PASSWORD).await;
        }
        let (status, found) = security.get("/api/v1/accounts?login_name=lisi").await;
        assert_eq!(status, StatusCode::OK, "{found}");
        let account = &found["items"][0];
        assert_eq!(
            (
                &account["roles"],
                &account["is_active"],
                &account["locked_until"]
            ),
            (&json!(["handler"]), &json!(true), &Value::Null)
        );
        let path = |what: &str| {
            format!(
                "/api/v1/accounts/{}/{what}",
                account["id"].as_str().unwrap()
            )
        };
        city.clock.advance_seconds(1);
        let (status, set) = security.post(&path("password"), Value::Null).await;
        assert_eq!(
            (status, &set["login_name"]),
            (StatusCode::OK, &json!("lisi"))
        );
        assert_eq!(li.get("/api/v1/session").await.0, StatusCode::UNAUTHORIZED);
        let (_, me) = li.sign_in("lisi", set["password"].as_str().unwrap()).await;
        assert_eq!(me["must_change_password"], true);
        city.clock.advance_seconds(1);
        let (status, _) = security.post(&path("lock"), Value::Null).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        let (status, _) = security.post(&path("unlock"), Value::Null).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        city.clock.advance_seconds(1);
        let staff = format!(
            "/api/v1/staff/{}/memberships",
            account["staff_id"].as_str().unwrap()
        );
        let wanted = json!({ "memberships": [{ "organisation_id": centre.id, "role": "leader" }] });
        let (status, headers, changed) =
            system.call(Method::PUT, &staff, Some(wanted.clone())).await;
        assert_eq!(status, StatusCode::OK, "{changed}");
        assert_eq!(
            (
                headers[header::ETAG].to_str().unwrap(),
                &changed["memberships"][0]["role"]
            ),
            ("\"2\"", &json!("leader"))
        );
        let (status, _, _) = security.call(Method::PUT, &staff, Some(wanted)).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        let (status, trail) = auditor.get("/api/v1/audit-entries?limit=1").await;
        assert_eq!(status, StatusCode::OK, "{trail}");
        let newest = &trail["items"][0];
        assert_eq!(
            (
                &newest["action"],
                &newest["actor_login_name"],
                &newest["detail"]["after"][0]["role"]
            ),
            (
                &json!("membership_change"),
                &json!("sys.one"),
                &json!("leader")
            )
        );
        let account_id = account["id"].as_str().unwrap();
        let (_, about) = auditor
            .get(&format!("/api/v1/audit-entries?object_id={account_id}"))
            .await;
        let actions: Vec<_> = about["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["action"].as_str().unwrap())
            .collect();
        assert!(
            actions.contains(&"account_lock") && actions.contains(&"account_password_set"),
            "{actions:?}"
        );
        assert!(
            !about
                .to_string()
                .contains(set["password"].as_str().unwrap())
        );
    });
}

#[test]
fn bad_input_is_told_field_by_field() {
    each_city(async |city| {
        let centre = city.organisation("C", None).await;
        for (name, role) in [
            ("sys.one", "system_admin"),
            ("sec.one", "security_admin"),
            ("audit.one", "audit_admin"),
        ] {
            city.account(name, member(&centre, role, None)).await;
        }
        let mut browsers = [(); 3].map(|()| Browser::new(&city));
        let [system, security, auditor] = &mut browsers;
        system.sign_in("sys.one", PASSWORD).await;
        security.sign_in("sec.one", PASSWORD).await;
        auditor.sign_in("audit.one", PASSWORD).await;
        let fields = |body: &Value| -> Vec<String> {
            let fields = body["fields"].as_array().cloned().unwrap_or_default();
            fields
                .iter()
                .map(|f| {
                    format!(
                        "{} {}",
                        f["field"].as_str().unwrap(),
                        f["code"].as_str().unwrap()
                    )
                })
                .collect()
        };
        let (status, body) = auditor
            .get("/api/v1/audit-entries?from=yesterday&actor_id=x&colour=red&limit=0")
            .await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        let told = fields(&body);
        for expected in ["from ", "actor_id "] {
            assert!(
                told.iter().any(|field| field.starts_with(expected)),
                "{expected} in {told:?}"
            );
        }
        let (status, body) = security.get("/api/v1/accounts?after=x").await;
        assert_eq!(
            (status, fields(&body)),
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                vec!["after malformed".to_owned()]
            )
        );
        for what in ["password", "lock", "unlock"] {
            let (status, body) = security
                .post(&format!("/api/v1/accounts/x/{what}"), Value::Null)
                .await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
            let (status, body) = security
                .post(&format!("/api/v1/accounts/4/{what}"), Value::Null)
                .await;
            assert_eq!(
                (status, &body["code"]),
                (StatusCode::NOT_FOUND, &json!("not_found"))
            );
            let (status, _) = system
                .post(&format!("/api/v1/accounts/4/{what}"), Value::Null)
                .await;
            assert_eq!(status, StatusCode::FORBIDDEN);
        }
        let (_, own) = security.get("/api/v1/accounts?login_name=sec.one").await;
        let own = own["items"][0]["id"].as_str().unwrap();
        let (status, body) = security
            .post(&format!("/api/v1/accounts/{own}/lock"), Value::Null)
            .await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::FORBIDDEN, &json!("not_on_oneself"))
        );
        let change = json!({ "memberships": [{ "organisation_id": "4", "role": "king", "rank": 1 }], "name": "x" });
        let (status, _, body) = system
            .call(Method::PUT, "/api/v1/staff/4/memberships", Some(change))
            .await;
        assert_eq!(
            (status, fields(&body)),
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                vec![
                    "memberships[0].rank unknown_field".to_owned(),
                    "name unknown_field".to_owned()
                ]
            )
        );
    });
}
